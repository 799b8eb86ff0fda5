"""Codes by which a request names divisions, units, persons and assets, found by the types of its fields (`Refers`).

Every command's body is walked before anything is decided, so that a new field only says what it names, and no
endpoint has to remember the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from domain.values import Refers

Reader = Callable[[str, Any], "Iterator[NamedCode]"]
"""Finds the named codes in a value that stands at a path."""


@dataclass(frozen=True, slots=True)
class NamedCode:
    """One code of a body: where it stands (`notice.person`, `custody.duties[0].person`), what it names, itself."""

    path: str
    kind: str
    code: str


def named_in(body: BaseModel, path: str = "") -> Iterator[NamedCode]:
    """Every code in a body whose field says what it names, in the order of the fields. `path`: where the body stands."""
    return _in_model(path, body)


def _in_model(path: str, value: BaseModel) -> Iterator[NamedCode]:
    for alias, attribute, reader in _fields(type(value)):
        yield from reader(f"{path}.{alias}" if path else alias, getattr(value, attribute))


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str, Reader], ...]:
    """The fields of a model that can hold a name: alias, attribute, reader."""
    found = []
    for attribute, field in model.model_fields.items():
        marks = [mark for mark in field.metadata if isinstance(mark, Refers)]
        reader = _code(marks[0].kind) if marks else _reader(field.annotation)
        if reader is not None:
            found.append((field.alias or attribute, attribute, reader))
    return tuple(found)


def _reader(hint: Any) -> Reader | None:
    """What finds names in values of a type; None where there cannot be any."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        marks = [mark for mark in arguments[1:] if isinstance(mark, Refers)]
        return _code(marks[0].kind) if marks else _reader(arguments[0])
    if origin in {Union, UnionType}:
        return _any_of([reader for reader in map(_reader, arguments) if reader is not None])
    if origin in {tuple, list}:
        return _in_sequence(_reader(arguments[0]))
    if origin is dict:
        return _in_mapping(_reader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, BaseModel) and _fields(hint):
        return _of_model(hint)
    return None


def _code(kind: str) -> Reader:
    def read(path: str, value: Any) -> Iterator[NamedCode]:
        if isinstance(value, str):
            yield NamedCode(path, kind, value)

    return read


def _of_model(model: type[BaseModel]) -> Reader:
    def read(path: str, value: Any) -> Iterator[NamedCode]:
        if isinstance(value, model):
            yield from _in_model(path, value)

    return read


def _any_of(readers: list[Reader]) -> Reader | None:
    """The members of a union tell by the value's type whether it is theirs."""

    def read(path: str, value: Any) -> Iterator[NamedCode]:
        for reader in readers:
            yield from reader(path, value)

    return read if readers else None


def _in_sequence(item: Reader | None) -> Reader | None:
    if item is None:
        return None

    def read(path: str, value: Any) -> Iterator[NamedCode]:
        for index, one in enumerate(value or ()):
            yield from item(f"{path}[{index}]", one)

    return read


def _in_mapping(item: Reader | None) -> Reader | None:
    if item is None:
        return None

    def read(path: str, value: Any) -> Iterator[NamedCode]:
        for key, one in (value or {}).items():
            yield from item(f"{path}.{key}", one)

    return read
