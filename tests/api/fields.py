"""The fields of a request body as the document describes it, to be walked and filled one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.rights.bodies import smallest

Schema = dict[str, Any]
Place = tuple[str | int, ...]
"""Where a field stands in a body: names, and 0 for a list's item."""


def fields_of(
    schema: Schema, schemas: dict[str, Schema], above: tuple[str, ...] = ()
) -> Iterator[tuple[Place, Schema]]:
    """Everything below a schema, the whole first: where it stands, and its own schema."""
    for one in _alternatives(schema, schemas, above):
        yield (), one
        for step, inner, names in _below(one, above):
            for place, found in fields_of(inner, schemas, names):
                yield (step, *place), found


def _alternatives(schema: Schema, schemas: dict[str, Schema], above: tuple[str, ...]) -> Iterator[Schema]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in above:  # a form that holds its own kind is gone into once
            yield from _alternatives(schemas[name] | {"x-name": name}, schemas, above)
        return
    either = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
    for one in either or [schema]:
        if either:
            yield from _alternatives(one, schemas, above)
        elif one.get("type") != "null":
            yield one


def _below(schema: Schema, above: tuple[str, ...]) -> Iterator[tuple[str | int, Schema, tuple[str, ...]]]:
    names = (*above, schema["x-name"]) if "x-name" in schema else above
    for name, inner in schema.get("properties", {}).items():
        yield name, inner, names
    if isinstance(schema.get("items"), dict):
        yield 0, schema["items"], names
    if isinstance(schema.get("additionalProperties"), dict):
        yield "x", schema["additionalProperties"], names


def body_with(schema: Schema, schemas: dict[str, Schema], place: Place, value: Any, name: str = "") -> Any:
    """The smallest body with that value at a place."""
    if not place:
        return value
    step, *rest = place
    for one in _alternatives(schema, schemas, ()):
        for at, inner, _ in _below(one, ()):
            if at == step:
                put = body_with(inner, schemas, tuple(rest), value, name if step == 0 else str(step))
                return [put] if step == 0 else smallest(one, schemas, name) | {step: put}
    raise KeyError(step)
