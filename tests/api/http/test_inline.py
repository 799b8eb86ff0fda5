"""Enums and objects of the document have names, so that no generator of clients has to invent one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from service.api.http.inline import name_inline
from service.api.openapi import FOLDER

STATE = {"type": "string", "enum": ["ON", "OFF"], "title": "状态", "default": "ON"}


def document(**schemas: Any) -> dict[str, Any]:
    lamps = {
        "operationId": "list_lamps",
        "parameters": [
            {"name": "lamp_state", "in": "query", "schema": {"anyOf": [dict(STATE), {"type": "null"}]}}
        ],
    }
    return {"paths": {"/lamps": {"get": lamps}}, "components": {"schemas": json.loads(json.dumps(schemas))}}


def named(**schemas: Any) -> dict[str, Any]:
    made = document(**schemas)
    name_inline(made)
    return made["components"]["schemas"]


def lamp(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "title": "Lamp", "properties": fields}


def test_enum_of_a_field_is_named_by_owner_and_field_and_its_field_keeps_what_is_said_of_it() -> None:
    made = named(Lamp=lamp(lampState=STATE))
    assert made["Lamp"]["properties"]["lampState"] == {
        "$ref": "#/components/schemas/LampLampState",
        "title": "状态",
        "default": "ON",
    }
    assert made["LampLampState"] == {
        "type": "string",
        "enum": ["ON", "OFF"],
        "title": "LampLampState",
        "description": "状态",
    }


def test_object_that_may_be_absent_is_named_and_described_by_its_field() -> None:
    made = named(Lamp=lamp(parts={"title": "部件", "anyOf": [{"type": "object"}, {"type": "null"}]}))
    assert made["Lamp"]["properties"]["parts"]["anyOf"] == [
        {"$ref": "#/components/schemas/LampParts"},
        {"type": "null"},
    ]
    assert made["LampParts"] == {"type": "object", "title": "LampParts", "description": "部件"}


def test_items_and_values_of_maps_are_named() -> None:
    bulb = {"type": "object", "properties": {"state": STATE}}
    made = named(
        Lamp=lamp(
            bulbs={"anyOf": [{"type": "array", "items": bulb}, {"type": "null"}]},
            byRoom={"type": "object", "additionalProperties": bulb},
        )
    )
    assert made.keys() == {
        "Lamp",
        "LampBulbsItem",
        "LampBulbsItemState",
        "LampByRoom",
        "LampByRoomItem",
        "LampByRoomItemState",
        "ListLampsLampState",
    }


def test_enum_of_a_parameter_is_named_by_operation_and_parameter() -> None:
    made = document()
    name_inline(made)
    (parameter,) = made["paths"]["/lamps"]["get"]["parameters"]
    assert parameter["schema"]["anyOf"][0]["$ref"] == "#/components/schemas/ListLampsLampState"
    assert made["components"]["schemas"]["ListLampsLampState"]["enum"] == ["ON", "OFF"]


def test_what_has_a_name_keeps_it() -> None:
    reference = {"$ref": "#/components/schemas/Switch", "title": "开关"}
    made = named(Lamp=lamp(switch=reference), Switch={"type": "string", "enum": ["UP"]})
    assert made["Lamp"]["properties"]["switch"] == reference
    assert made["Switch"] == {"type": "string", "enum": ["UP"]}


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two schemas want the name LampState"):
        named(Lamp=lamp(state=STATE), LampState={"type": "object"})


def inline(schema: Any, place: str) -> Iterator[str]:
    """Places of enums and objects inside this schema, itself left out."""
    if isinstance(schema, dict):
        for key, inner in schema.items():
            parts = inner.items() if key in {"properties", "patternProperties"} else [(key, inner)]
            for name, part in parts:
                if isinstance(part, dict) and ("enum" in part or part.get("type") == "object"):
                    yield f"{place}/{name}"
                yield from inline(part, f"{place}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            if isinstance(part, dict) and ("enum" in part or part.get("type") == "object"):
                yield f"{place}/{number}"
            yield from inline(part, f"{place}/{number}")


def test_nothing_of_the_committed_document_is_without_a_name() -> None:
    committed = json.loads((FOLDER / "http-api.json").read_text("utf-8"))
    assert {
        place for name, one in committed["components"]["schemas"].items() for place in inline(one, name)
    } == set()
    parameters = [
        (f"{operation['operationId']} {parameter['name']}", parameter["schema"])
        for path in committed["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
    ]
    assert {place for name, one in parameters for place in inline({"schema": one}, name)} == set()
    titles = {name: one.get("title", name) for name, one in committed["components"]["schemas"].items()}
    assert {name: title for name, title in titles.items() if name != title} == {}
