"""The JSON schema of what a ledger keeps as JSON: lists and objects with named members, made from the column's meaning.

It describes and does not check: rows come from our own handlers, and what they show is held against the document
by every test that asks (`tests/contract.py`).
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter, WithJsonSchema
from sqlalchemy import Column

from domain.values import Fen
from projections.engine.meaning import Bare, ByKey, Each, Meaning, Member, Money, OneOf, Parts
from projections.engine.tables import meaning_of, title_of

Schema = dict[str, Any]

WHOLE_NAME: Final = "x-name"
"""Under which the HTTP document looks for the name of an object's schema, where the object does not take its owner's."""
_MONEY: Final[Schema] = TypeAdapter(Fen).json_schema(mode="serialization")
_NULL: Final[Schema] = {"type": "null"}
_BARE: Final[dict[str, Schema]] = {
    "day": {"type": "string", "format": "date"},
    "whole": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
}


def described(column: Column[Any]) -> WithJsonSchema:
    """What a field says of a JSON column that it shows."""
    schema = schema_of(meaning_of(column), title_of(column))
    return WithJsonSchema({"anyOf": [schema, _NULL]} if column.nullable else schema)


def schema_of(meaning: Meaning, title: str) -> Schema:
    """The schema of a value inside JSON; `title`: what it is called in Chinese."""
    match meaning:
        case Money():
            return _MONEY
        case Bare():
            return _BARE[meaning.of]
        case Each(of):
            return {"type": "array", "items": schema_of(of, title)}
        case ByKey(_, of):
            return {"type": "object", "additionalProperties": schema_of(of, title), "description": title}
        case Parts(of, name):
            return ({} if name is None else {WHOLE_NAME: name}) | {
                "type": "object",
                "properties": {field: _of_member(member) for field, member in of},
                "required": [field for field, member in of if not member.optional],
                "additionalProperties": False,
                "description": title if name is None else "、".join(member.title for _, member in of),
            }
        case OneOf(of):
            kinds = [schema_of(one, title) for one in of]
            different = [one for number, one in enumerate(kinds) if one not in kinds[:number]]
            return different[0] if len(different) == 1 else {"anyOf": different}
    return {"type": "string"}


def _of_member(member: Member) -> Schema:
    schema = schema_of(member.of, member.title)
    return ({"anyOf": [schema, _NULL]} if member.optional else schema) | {"title": member.title}
