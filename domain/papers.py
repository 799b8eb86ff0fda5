"""Papers: the documents, photographs and vouchers that events name by the digest of their content.

The log keeps the digest; the paper is kept in the document store. Which fields are digests of papers is said by their
type (`domain.values.PaperSha256`); here they are found in event classes and in events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from domain.aggregate import DomainEvent
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT, Classified
from domain.values import Archived

OF_HOUSEHOLDS: Final = frozenset({"household_asset", "household_ledger"})
"""Kinds of aggregates that are about a household: so are their papers."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperField:
    """A field of an event that holds the digest of a paper, or several."""

    path: Path
    """Names of the log, from the event's own field inwards; lists are passed through."""
    title: str
    """What the innermost field is called."""
    holds: Classified
    """How far the paper may be seen: what it shows may be personal where its digest is not."""

    @property
    def name(self) -> str:
        """The path as one word."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Naming:
    """An event's mention of a paper."""

    sha256: str
    field: PaperField
    asset: str | None
    """The asset that the form around it names; None where it names none."""


@cache
def paper_fields(event: type[DomainEvent]) -> tuple[PaperField, ...]:
    """The fields of an event that hold digests of papers."""
    personal = event.TOPIC.partition(".")[0] in OF_HOUSEHOLDS
    return tuple(_fields(event, (), personal=personal))


def papers_named(event: type[DomainEvent], data: Mapping[str, Any]) -> list[Naming]:
    """The papers that an event names, in the order of its fields; one that a list names twice for the same asset once."""
    found = [one for field in paper_fields(event) for one in _named(field, field.path, data, None)]
    return list(dict.fromkeys(found))


def _named(field: PaperField, path: Path, value: Any, asset: str | None) -> Iterator[Naming]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _named(field, path, one, asset)
    elif isinstance(value, Mapping):
        around = value.get("asset")
        inner = value.get(path[0])
        yield from _named(field, path[1:], inner, around if isinstance(around, str) else asset)
    elif isinstance(value, str) and not path:
        yield Naming(value, field, asset)


def _fields(
    model: type[BaseModel], outer: tuple[type[BaseModel], ...], *, personal: bool
) -> Iterator[PaperField]:
    for name, field in model.model_fields.items():
        alias = field.alias or name
        mark = _archived(field.metadata, field.annotation)
        if mark is not None:
            holds = PERSONAL_OF_HOUSEHOLD if personal or mark.personal else UNIT
            yield PaperField((alias,), field.title or alias, holds)
            continue
        for form in _forms(field.annotation):
            if form not in (*outer, model):  # a form within itself would have no end
                for one in _fields(form, (*outer, model), personal=personal):
                    yield PaperField((alias, *one.path), one.title, one.holds)


def _archived(marks: Any, hint: Any) -> Archived | None:
    """The mark of a field whose values, or the members of whose list, are digests of papers."""
    for mark in marks:
        if isinstance(mark, Archived):
            return mark
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _archived(arguments[1:], arguments[0])
    if origin in {Union, UnionType, tuple, list}:
        return next((one for one in (_archived((), inner) for inner in arguments) if one is not None), None)
    return None


def _forms(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for one in get_args(hint):
        yield from _forms(one)
