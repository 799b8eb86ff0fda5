"""Corrections of a card: a card with some fields changed, and in what it then differs from what it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from domain.refusals import Refusal, catalogue, refuse
from domain.schema_faults import in_words
from domain.sealed import tokens_again
from domain.values import LOG, Value

_Card = TypeVar("_Card", bound=Value)


def with_changes(card: _Card, changes: Mapping[str, JsonValue]) -> _Card:
    """The card with the changes: FIELD_UNKNOWN for a field that does not exist; the code of a value that does not fit."""
    known = {field.alias or name for name, field in type(card).model_fields.items()}
    unknown = sorted(set(changes) - known)
    if unknown:
        raise refuse("FIELD_UNKNOWN", clause="C4.6-02", field="、".join(unknown))
    before = tokens_again(card.model_dump(mode="json", by_alias=True))
    try:
        return type(card).model_validate({**before, **changes})
    except ValidationError as error:
        raise _refusal_of(error) from error


def _refusal_of(error: ValidationError) -> Refusal:
    """The first thing wrong with a value that a correction made, as a refusal."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    code = "FIELD_REQUIRED" if first["type"] == "missing" else first["type"]
    code = code if code in catalogue() else "FIELD_INVALID"
    told = {"reason": in_words(first)} if code == "FIELD_INVALID" else {}
    return refuse(code, field=field, **told)


@dataclass(frozen=True, slots=True)
class CardDifference:
    """In which fields a card differs from what it was, as the log keeps it."""

    changed: tuple[str, ...]
    old: dict[str, JsonValue]
    """What stood in them; money in fen."""
    absent_before: tuple[str, ...] | None
    """Fields in which nothing stood; None: there are none."""


def difference_of(before: Value, after: Value) -> CardDifference:
    """In which fields a corrected card differs."""
    was, now = (
        one.model_dump(mode="json", by_alias=True, context=LOG, exclude_none=True) for one in (before, after)
    )
    changed = tuple(name for name in sorted({*was, *now}) if now.get(name) != was.get(name))
    return CardDifference(
        changed=changed,
        old={name: was[name] for name in changed if name in was},
        absent_before=tuple(name for name in changed if name not in was) or None,
    )
