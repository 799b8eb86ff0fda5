"""Every object of the document names its fields; those that cannot stand in `open_objects.toml`, each with its reason."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.api.openapi import FOLDER

Schema = dict[str, Any]

FILE = tomllib.loads(Path(__file__).with_name("open_objects.toml").read_text("utf-8"))
LISTED = FILE["open"]


def open_parts(where: str, schema: Schema) -> Iterator[str]:
    """Where a schema takes any object or any value."""
    more = schema.get("additionalProperties")
    described = {"type", "anyOf", "oneOf", "allOf", "$ref", "enum", "const"} & schema.keys()
    map_of = "patternProperties" in schema and more is False
    unnamed = schema.get("type") == "object" and "properties" not in schema and not isinstance(more, dict)
    unnamed = unnamed and not map_of
    if not described or unnamed or more is True:
        yield where
    for name, field in schema.get("properties", {}).items():
        yield from open_parts(f"{where}.{name}", field)
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from open_parts(where, inner)
    for inner in schema.get("patternProperties", {}).values():
        yield from open_parts(where, inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from open_parts(where, schema[key])


def test_an_object_names_its_fields_or_is_listed_with_a_reason() -> None:
    schemas = json.loads((FOLDER / "http-api.json").read_text("utf-8"))["components"]["schemas"]
    found = {where for name, schema in schemas.items() for where in open_parts(name, schema)}
    listed = [name for group in LISTED for name in group["schemas"]]
    assert all(group["reason"] for group in LISTED)
    assert len(listed) == len(set(listed))
    assert found == set(listed)
    assert len(listed) == FILE["most"]


def test_an_open_object_is_found() -> None:
    free = {"type": "object", "additionalProperties": True}
    closed = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    assert list(open_parts("A", {"type": "object", "properties": {"x": free, "y": closed, "z": {}}})) == [
        "A.x",
        "A.z",
    ]
    assert list(open_parts("B", {"type": "object", "additionalProperties": {"type": "string"}})) == []
