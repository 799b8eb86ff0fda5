"""Every key that a ledger's handler reads of an event, or a line of the timeline, is one that the event's class has.

Handlers read mappings (`event.data["report"]["state"]`), which mypy cannot see: a field that is renamed in an event would
only be missed where its key is looked up. Here each key that is looked up, at any depth, is held against the event's schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from domain.recorded import RecordedEvent
from projections.asset.summaries import summary
from projections.catalogue import CATALOGUE
from service.api.openapi import FOLDER
from tests.projections.folding import fold
from tests.projections.history import COUNTY, RandomHistory

Schema = dict[str, Any]

DOCUMENT: Schema = json.loads((FOLDER / "events.json").read_bytes())


class Watched(dict[str, Any]):
    """An object of an event that notes each key that is looked up and that no shape of its schema has."""

    def __init__(self, value: dict[str, Any], schema: Schema, place: str, noted: set[str]) -> None:
        self.objects = [one for one in shapes(schema) if one["type"] == "object"]
        self.place, self.noted = place, noted
        super().__init__(
            {name: watched(one, self.field(name), f"{place}.{name}", noted) for name, one in value.items()}
        )

    def field(self, name: str) -> Schema:
        """The schema of what stands under a name; empty where any object may stand."""
        inner = [
            one.get("properties", {}).get(name, one.get("additionalProperties", {})) for one in self.objects
        ]
        return {"anyOf": [one for one in inner if isinstance(one, dict)]}

    def look(self, name: str) -> None:
        """Note the key, unless a shape has it or is a map of any keys."""
        known = (name in one.get("properties", {name: {}}) for one in self.objects)
        if not any(known):
            self.noted.add(f"{self.place}.{name}")

    def __getitem__(self, name: str) -> Any:
        self.look(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As a dictionary's."""
        self.look(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.look(str(name))
        return super().__contains__(name)


def shapes(schema: Schema) -> Iterator[Schema]:
    """Each shape that a value may have: the schema without references and alternatives."""
    if "$ref" in schema:
        yield from shapes(DOCUMENT["$defs"][schema["$ref"].rpartition("/")[2]])
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from shapes(inner)
    if "type" in schema:
        yield schema


def watched(value: Any, schema: Schema, place: str, noted: set[str]) -> Any:
    """A value of an event with every object in it watched."""
    if isinstance(value, dict):
        return Watched(value, schema, place, noted)
    if isinstance(value, list | tuple):
        items = {"anyOf": [one["items"] for one in shapes(schema) if "items" in one]}
        return [watched(one, items, place, noted) for one in value]
    return value


NOTED: set[str] = set()
ASKED_OF_ANY = {"paper_namings": {"asset"}}
"""Ledger → keys that it asks of whatever form is around a paper: one that names an asset says whose the paper is."""


@cache
def history() -> list[RecordedEvent]:
    """A history as the domain could have recorded it, with every type of event (`test_history`), watched."""
    return [
        replace(one, data=watched(one.data, DOCUMENT["events"][one.type], one.type, NOTED))
        for one in RandomHistory(2).take(20_000)
    ]


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_ledger_reads_keys_that_the_events_class_has(name: str) -> None:
    events, projection = history(), CATALOGUE[name]
    NOTED.clear()
    fold(projection, events, projection.rows(COUNTY))
    assert not {one for one in NOTED if one.rpartition(".")[2] not in ASKED_OF_ANY.get(name, ())}


def test_lines_of_a_timeline_read_keys_that_the_events_class_has() -> None:
    events = history()
    NOTED.clear()
    for one in events:
        summary(one.type, one.data, lambda _, code: code)
    assert not NOTED


def test_a_key_that_no_class_has_is_found() -> None:
    event = next(one for one in RandomHistory(2).take(6_000) if one.type == "asset.booked")
    noted: set[str] = set()
    data = watched(event.data, DOCUMENT["events"][event.type], event.type, noted)
    assert data["booking"].get("amount") and not noted
    data["booking"].get("sum")
    assert "lines" not in data
    assert noted == {"asset.booked.booking.sum", "asset.booked.lines"}
