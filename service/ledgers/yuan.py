"""Fen into yuan: JSON of the log and of the ledgers holds integer fen, the API shows decimal yuan strings.

Which members are money is not guessed by name lists: it is read off the event classes, where money has the type `Fen`.
A name that is money in one event and another integer elsewhere would be ambiguous; that is a programming error.
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
def money_names() -> frozenset[str]:
    """Names (camelCase) whose integers are fen, alone or as the values of an object."""
    money: set[str] = set()
    other: set[str] = set()
    seen: set[type] = set()
    for event_class in EVENT_TYPES.values():
        for name, hint in _members(event_class, seen):
            leaves = _leaves(hint)
            if Fen in leaves:
                money.add(name)
            elif int in leaves:
                other.add(name)
    if money & other:
        msg = f"names that are money here and not there: {sorted(money & other)}"
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


def in_yuan(value: Any) -> Any:
    """A JSON value of the log, its money as yuan strings."""
    if isinstance(value, dict):
        names = money_names()
        return {name: yuan_of(item) if name in names else in_yuan(item) for name, item in value.items()}
    if isinstance(value, list):
        return [in_yuan(item) for item in value]
    return value


def yuan_of(value: Any) -> Any:
    """Fen as yuan: one amount, or every integer of an object or list of amounts."""
    if type(value) is int:
        return Fen(value).yuan()
    if isinstance(value, dict):
        return {name: yuan_of(item) for name, item in value.items()}
    return [yuan_of(item) for item in value] if isinstance(value, list) else value
