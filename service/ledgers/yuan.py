"""Fen into yuan: JSON of the log and of the ledgers holds integer fen, the API shows decimal yuan strings.

Which members of an event are money is read off the event's own class, where money has the type `Fen`. A name that is
money in one member of a class and another integer in another would be ambiguous; that is a programming error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from domain.aggregate import ENVELOPE_FIELDS
from domain.catalogue import EVENT_TYPES
from domain.values import Fen


@cache
def money_names(event_type: str) -> frozenset[str]:
    """Names (camelCase) whose integers are fen in events of a type, alone or as the values of an object."""
    money: set[str] = set()
    other: set[str] = set()
    for name, hint in _members(EVENT_TYPES[event_type], set()):
        leaves = _leaves(hint)
        if Fen in leaves:
            money.add(name)
        elif int in leaves:
            other.add(name)
    if money & other:
        msg = f"names that are money here and not there in {event_type}: {sorted(money & other)}"
        raise TypeError(msg)
    return frozenset(money)


def _members(model: type[BaseModel], seen: set[type]) -> Iterator[tuple[str, Any]]:
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        if name in ENVELOPE_FIELDS:
            continue
        yield field.alias or name, field.annotation
        for leaf in _leaves(field.annotation):
            if isinstance(leaf, type) and issubclass(leaf, BaseModel):
                yield from _members(leaf, seen)


def _leaves(hint: Any) -> list[Any]:
    arguments = get_args(hint)
    return [leaf for argument in arguments for leaf in _leaves(argument)] if arguments else [hint]


def in_yuan(event_type: str, data: dict[str, Any]) -> Any:
    """An event's data, its money as yuan strings."""
    return _in_yuan(data, money_names(event_type))


def _in_yuan(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: yuan_of(item) if name in names else _in_yuan(item, names) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_in_yuan(item, names) for item in value]
    return value


def yuan_of(value: Any) -> Any:
    """Fen as yuan: one amount, or every integer of an object or list of amounts."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Fen(value).yuan()
    if isinstance(value, dict):
        return {name: yuan_of(item) for name, item in value.items()}
    return [yuan_of(item) for item in value] if isinstance(value, list | tuple) else value
