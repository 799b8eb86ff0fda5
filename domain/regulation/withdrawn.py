"""Withdrawn entries that folders of rules written for earlier versions may still have: they never ruled anything, so
they are read over.

`policy check` tells what it read over; a folder keeps working with it. Nothing is added here but what is taken out of the
tables, and nothing is ever taken out of here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic.alias_generators import to_snake

FILES: Final = frozenset({"labels.toml"})
"""Whole files."""

TABLES: Final = frozenset({"lifecycle.region", "lifecycle.transition"})
"""Whole tables."""

FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "asset_types.class": frozenset({"managed", "income_right"}),
    "departments.organization": frozenset({"determines"}),
    "external_systems.obligation": frozenset({"opened_by"}),
    "fund_sources.source": frozenset({"listed", "parent"}),
}
"""Table → fields of its rows."""

PARAMETERS: Final = frozenset({"P15", "P17"})
"""Parameters that could have one value only."""

PARTS: Final[Mapping[str, frozenset[str]]] = {
    "P09": frozenset({"upheld"}),
    "P18": frozenset({"lead"}),
    "P26": frozenset({"time_zone"}),
    "P27": frozenset({"silence"}),
    "P29": frozenset({"representatives_replace_assembly"}),
}
"""Parameter → parts of its value."""

ACTIONS: Final = frozenset({"REGISTER"})
"""Actions of the life-cycle table that no guard can stop."""

_PARAMETER: Final = "parameters.parameter"


def without(table: str, blocks: Any) -> tuple[Any, list[str]]:
    """The blocks of a table without what is withdrawn, None when all of it is; and the names of what was read over."""
    if table in TABLES:
        return None, [f"[[{table}]]"]
    if not isinstance(blocks, list):
        return blocks, []
    told: list[str] = []
    kept = [_row(table, block, told) if isinstance(block, dict) else block for block in blocks]
    return [block for block in kept if block is not None], list(dict.fromkeys(told))


def value_without(parameter: str, value: Any) -> Any:
    """A parameter's value without withdrawn parts, whether it is named as in the files or as in the API."""
    gone = PARTS.get(parameter, frozenset())
    if not isinstance(value, dict):
        return value
    return {name: part for name, part in value.items() if to_snake(str(name)) not in gone}


def _row(table: str, block: dict[str, Any], told: list[str]) -> dict[str, Any] | None:
    if table == _PARAMETER and str(block.get("id")) in PARAMETERS:
        told.append(str(block["id"]))
        return None
    kept = dict(_fields(table, block, told))
    if table == _PARAMETER and "value" in kept:
        value = value_without(str(kept.get("id")), kept["value"])
        if value != kept["value"]:
            told.extend(f"{kept.get('id')} {name}" for name in kept["value"] if name not in value)
        kept["value"] = value
    return kept


def _fields(table: str, block: dict[str, Any], told: list[str]) -> Iterator[tuple[str, Any]]:
    for name, value in block.items():
        if name in FIELDS.get(table, ()):
            told.append(f"{table} {name}")
        elif table == "lifecycle.guard" and name in {"actions", "allowed"} and isinstance(value, list):
            told.extend(f"{table} {name} {one}" for one in value if one in ACTIONS)
            yield name, [one for one in value if one not in ACTIONS]
        else:
            yield name, value
