"""Every body of the document has an example, and the example is of its form."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs

from domain.regulation.code_tables import CODE_TABLES
from service.api.http.examples import LISTED, give_examples
from tests import contract
from tests.api.operations import Operation, operations
from tests.api.plausible import DAY, write_routes
from tests.examples import regulation


def with_bodies() -> list[tuple[Operation, Any]]:
    """Operations that take JSON, with their examples."""
    found = []
    for operation in operations():
        content = operation.spec.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            found.append((operation, content["example"]))
    return found


def test_every_example_is_of_the_schema_it_stands_beside() -> None:
    document = contract.document()
    registry = jsonschema_rs.Registry([("urn:contract", document)])
    seen = 0
    for operation, example in with_bodies():
        schema = operation.spec["requestBody"]["content"]["application/json"]["schema"]
        whole = json.loads(json.dumps(schema).replace('"#/', '"urn:contract#/'))
        validator = jsonschema_rs.Draft202012Validator(whole, registry=registry, validate_formats=True)
        assert [one.message for one in validator.iter_errors(example)] == [], str(operation)
        seen += 1
    assert seen > 160


def test_every_example_is_taken_by_the_body_it_stands_for() -> None:
    """What no schema says (a check character, a day that exists) holds too."""
    paths = contract.document()["paths"]
    bodies = list(write_routes())
    assert len(bodies) > 160
    for path, model, _ in bodies:
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        model.model_validate(example)


def test_codes_of_examples_are_those_of_the_tables() -> None:
    rules = regulation().on(DAY)
    for table, code in LISTED.items():
        known = CODE_TABLES.get(table)
        assert known is None or not known.key or code in known.codes(rules), table


def test_a_field_s_own_example_goes_into_the_body() -> None:
    lamp = {
        "type": "object",
        "required": ["built", "kind", "parts", "owner"],
        "properties": {
            "built": {"type": "string", "format": "date", "examples": ["2020-01-01"], "title": "日期"},
            "kind": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/Kind"}], "title": "种类"},
            "parts": {
                "type": "array",
                "minItems": 2,
                "items": {"type": "integer", "minimum": 7},
                "title": "件",
            },
            "owner": {"type": "string", "maxLength": 20, "title": "所有人"},
            "colour": {"type": "string", "maxLength": 20, "title": "颜色"},
        },
    }
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Lamp"}}
    document = {
        "paths": {"/lamps": {"post": {"requestBody": {"content": {"application/json": content}}}}},
        "components": {"schemas": {"Lamp": lamp, "Kind": {"type": "string", "enum": ["OIL", "GAS"]}}},
    }
    give_examples(document)
    assert content["example"] == {"built": "2020-01-01", "kind": "OIL", "parts": [7, 7], "owner": "所有人"}
