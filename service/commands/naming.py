"""Codes of a request that name divisions, units, persons and assets (`Refers`) or stand in a table (`Listed`).

They are found by the types of the body's fields before anything is decided, so that a new field only says what it names
or where it is listed, and no endpoint has to remember the question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from domain.regulation import Rules
from domain.regulation.code_tables import CODE_TABLES, admits
from domain.values import Listed, Refers

Reader = Callable[[str, Any], "Iterator[NamedCode | ListedCode]"]
"""Finds the marked codes in a value that stands at a path."""


@dataclass(frozen=True, slots=True)
class NamedCode:
    """One code of a body: where it stands (`notice.person`, `custody.duties[0].person`), what it names, itself."""

    path: str
    kind: str
    code: str
    ended: bool = False
    """Whether it may have ended by the business day."""


@dataclass(frozen=True, slots=True)
class ListedCode:
    """One code of a body that has to stand in a table: where it stands in the body, the table, itself."""

    path: str
    table: str
    code: str


def named_in(body: BaseModel, path: str = "") -> Iterator[NamedCode]:
    """Every code in a body whose field says what it names, in the order of the fields. `path`: where the body stands."""
    return (one for one in _in_model(path, body) if isinstance(one, NamedCode))


def listed_in(body: BaseModel) -> Iterator[ListedCode]:
    """Every code in a body whose field says in which closed table it stands, in the order of the fields."""
    return (one for one in _in_model("", body) if isinstance(one, ListedCode))


def require_listed(body: BaseModel, rules: Rules) -> None:
    """Every code in a body that has to stand in a table is in it on that day; else the table's refusal (CODE_UNKNOWN …)."""
    for listed in listed_in(body):
        table = CODE_TABLES[listed.table]
        if not admits(table, listed.code, rules):
            raise table.refused(listed.path, listed.code)


def _in_model(path: str, value: BaseModel) -> Iterator[NamedCode | ListedCode]:
    for alias, attribute, reader in _fields(type(value)):
        yield from reader(f"{path}.{alias}" if path else alias, getattr(value, attribute))


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str, Reader], ...]:
    """The fields of a model that can hold a name: alias, attribute, reader."""
    found = []
    for attribute, field in model.model_fields.items():
        reader = _marked(field.metadata) or _reader(field.annotation)
        if reader is not None:
            found.append((field.alias or attribute, attribute, reader))
    return tuple(found)


def _reader(hint: Any) -> Reader | None:
    """What finds names in values of a type; None where there cannot be any."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _marked(arguments[1:]) or _reader(arguments[0])
    if origin in {Union, UnionType}:
        return _any_of([reader for reader in map(_reader, arguments) if reader is not None])
    if origin in {tuple, list}:
        return _in_sequence(_reader(arguments[0]))
    if origin is dict:
        return _in_mapping(_reader(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, BaseModel) and _fields(hint):
        return _of_model(hint)
    return None


def _marked(marks: Iterable[Any]) -> Reader | None:
    """What reads a code by the first mark that its type carries; None without one."""
    for mark in marks:
        if isinstance(mark, Refers):
            return _named(mark)
        if isinstance(mark, Listed) and mark.closed:
            return _listed(mark.table)
    return None


def _listed(table: str) -> Reader:
    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        if isinstance(value, str):
            yield ListedCode(path, table, value)

    return read


def _named(mark: Refers) -> Reader:
    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        if isinstance(value, str):
            yield NamedCode(path, mark.kind, value, mark.ended)

    return read


def _of_model(model: type[BaseModel]) -> Reader:
    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        if isinstance(value, model):
            yield from _in_model(path, value)

    return read


def _any_of(readers: list[Reader]) -> Reader | None:
    """The members of a union tell by the value's type whether it is theirs."""

    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        for reader in readers:
            yield from reader(path, value)

    return read if readers else None


def _in_sequence(item: Reader | None) -> Reader | None:
    if item is None:
        return None

    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        for index, one in enumerate(value or ()):
            yield from item(f"{path}[{index}]", one)

    return read


def _in_mapping(item: Reader | None) -> Reader | None:
    if item is None:
        return None

    def read(path: str, value: Any) -> Iterator[NamedCode | ListedCode]:
        for key, one in (value or {}).items():
            yield from item(f"{path}.{key}", one)

    return read
