"""Every parameter and every field of a request body is of a type that has limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from tests import contract
from tests.api.plausible import body_of, leaves, write_routes

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Schema:
    return contract.document()


class Walk:
    """Everything a sender may write, by where it stands."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        self.seen: set[str] = set()

    def parameters(self) -> Iterator[tuple[str, Schema]]:
        for methods in self.document["paths"].values():
            for operation in methods.values():
                for one in operation.get("parameters", ()):
                    yield from self.leaves(f"{operation['operationId']}?{one['name']}", one["schema"])

    def bodies(self) -> Iterator[tuple[str, Schema]]:
        for methods in self.document["paths"].values():
            for operation in methods.values():
                for content in operation.get("requestBody", {}).get("content", {}).values():
                    yield from self.leaves(operation["operationId"], content.get("schema", {}))

    def leaves(self, where: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """What a schema consists of; components once."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            named = self.schemas[name]
            if named.get("type") != "object":
                yield from self.leaves(where, named)
            elif name not in self.seen:
                self.seen.add(name)
                yield from self.leaves(name, named)
            return
        yield where, schema
        for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self.leaves(where, inner)
        if isinstance(schema.get("items"), dict):
            yield from self.leaves(where, schema["items"])
        if isinstance(schema.get("additionalProperties"), dict):
            yield from self.leaves(where, schema["additionalProperties"])
        for name, field in schema.get("properties", {}).items():
            yield from self.leaves(f"{where}.{name}", field)


def unlimited(schema: Schema) -> bool:
    """Whether a value of this schema may be of any length or size."""
    match schema.get("type"):
        case "string":
            return not {"enum", "const", "pattern", "maxLength"} & schema.keys()
        case "integer" | "number":
            low = {"minimum", "exclusiveMinimum"} & schema.keys()
            return not (low and {"maximum", "exclusiveMaximum"} & schema.keys())
        case "array":
            return "maxItems" not in schema
        case _:
            return False


def test_every_parameter_has_limits(document: Schema) -> None:
    found = list(Walk(document).parameters())
    assert len(found) > 900
    assert {where for where, schema in found if unlimited(schema)} == set()


def test_every_field_of_a_body_has_limits(document: Schema) -> None:
    found = list(Walk(document).bodies())
    assert len(found) > 600
    assert {where for where, schema in found if unlimited(schema) and "binary" not in str(schema)} == set()


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (kind, wrong)
        for kind, every in ((bool, (0, 1, "true", "是")), (int, (True, "7", 1.5)))
        for wrong in every
    ],
)
def test_what_only_stands_for_a_number_or_for_yes_is_none(kind: type, wrong: Any) -> None:
    """A body's number is a number of JSON and its yes is `true`: not "7", not `true` votes, not 1 for yes."""
    taken = set()
    seen = 0
    for path, model, _ in write_routes():
        for at, hint, _ in leaves(model):
            if hint is kind:
                seen += 1
                try:
                    model.model_validate(body_of(model, at, wrong))
                except ValidationError:
                    continue
                taken.add((path, at))
    assert (seen > 15, taken) == (True, set())
