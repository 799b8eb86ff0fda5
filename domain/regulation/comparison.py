"""Difference between two sets of rules: rows added, removed and changed, by table and key."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from domain.regulation.amendments import shown_value
from domain.regulation.parameters import Parameter
from domain.regulation.rows import Row
from domain.regulation.rules import Rules
from domain.regulation.tables import TABLES
from domain.values import Value

_CIRCUMSTANCES: Final = frozenset({"in_force_from", "in_force_until", "anchor"})
"""Since when a row counts, and by what reason, is not what it says."""


class RuleChange(Value):
    """A row of a table that is not the same on both sides. `fields`: what changed → before, after."""

    table: str = Field(title="表")
    key: str = Field(title="行")
    change: Literal["ADDED", "REMOVED", "CHANGED"] = Field(title="变化")
    clause: str = Field(title="条款")
    fields: dict[str, tuple[Any, Any]] = Field(title="字段", description="变更的字段：原值、新值")


def compared(before: Rules, after: Rules) -> list[RuleChange]:
    """What differs, in the order of the tables; rows without a key are told as a whole."""
    found: list[RuleChange] = []
    for table in TABLES:
        was, now = _rows(before, table), _rows(after, table)
        for key in dict.fromkeys((*was, *now)):
            old, new = was.get(key), now.get(key)
            if old is None and new is not None:
                found.append(_change(table, key, "ADDED", new, {}))
            elif new is None and old is not None:
                found.append(_change(table, key, "REMOVED", old, {}))
            elif old is not None and new is not None:
                differing = [
                    name
                    for name in type(old).model_fields
                    if name not in _CIRCUMSTANCES and getattr(old, name) != getattr(new, name)
                ]
                left, right = _content(old), _content(new)
                fields = {name: (left[name], right[name]) for name in differing}
                if fields:
                    found.append(_change(table, key, "CHANGED", new, fields))
    return found


def _rows(rules: Rules, table: str) -> dict[str, Row]:
    return {_key(row): row for row in rules.table(table, Row)}


def _key(row: Row) -> str:
    parts = row.key or tuple(_content(row).values())
    return " ".join(str(part) for part in parts if part is not None)


def _content(row: Row) -> dict[str, Any]:
    content = row.model_dump(mode="json", exclude=set(_CIRCUMSTANCES))
    if isinstance(row, Parameter):
        content["value"] = shown_value(row.id, row.value)
    return content


def _change(
    table: str,
    key: str,
    change: Literal["ADDED", "REMOVED", "CHANGED"],
    row: Row,
    fields: dict[str, tuple[Any, Any]],
) -> RuleChange:
    return RuleChange(table=table, key=key, change=change, clause=row.article, fields=fields)
