"""Names for what the document would describe in place: every enum and every object is a component of its own.

A generator of clients invents a name for an enum or an object that has none: by a number (`AssetViewContractsType0`), or
after its Chinese title (`Contract状态`). Here it gets the name of its owner and its field (`ContractState`).
"""

from __future__ import annotations

from typing import Any, Final

from service.ledgers.shapes import WHOLE_NAME

Schema = dict[str, Any]

_OF_THE_FIELD: Final = ("title", "description", "default", "examples", "deprecated")
"""What is said of a field and stays with it when the field's type gets a name."""


def name_inline(document: dict[str, Any]) -> None:
    """Move every inline enum and object of the document to its components, in place.

    ValueError if two schemas that are not the same would have one name.
    """
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for name, schema in sorted(schemas.items()):
        _name_parts(schema, name, schemas)
    for path in document["paths"].values():
        for operation in path.values():
            owner = pascal(operation["operationId"])
            for parameter in operation.get("parameters", ()):
                name = owner + pascal(parameter["name"])
                parameter["schema"] = _named(parameter["schema"], name, schemas)


def pascal(name: str) -> str:
    """`list_batches` and `listBatches` as `ListBatches`."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace("-", "_").split("_"))


def _name_parts(schema: Schema, name: str, schemas: dict[str, Schema]) -> None:
    """Name what stands inside the schema of this name: its fields, its items, the values of a map, its alternatives."""
    fields = schema.get("properties", {})
    for field, part in fields.items():
        fields[field] = _named(part, name + pascal(field), schemas)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = _named(schema[key], f"{name}Item", schemas)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            schema[key] = [_named(part, name, schemas, schema.get("title", "")) for part in schema[key]]


def _named(schema: Schema, name: str, schemas: dict[str, Schema], title: str = "") -> Schema:
    """The schema as it is to stand at its place: a reference if it is an enum or an object; `title` is its field's."""
    name = schema.pop(WHOLE_NAME, name)
    _name_parts(schema, name, schemas)
    if not _has_no_name(schema):
        return schema
    type_ = {key: value for key, value in schema.items() if key not in _OF_THE_FIELD}
    meaning = schema.get("description") or schema.get("title") or title or name
    type_ |= {"title": name, "description": meaning}  # generators name the class by the title
    if schemas.setdefault(name, type_) != type_:
        msg = f"two schemas want the name {name}"
        raise ValueError(msg)
    said = {key: schema[key] for key in _OF_THE_FIELD if key in schema}
    return {"$ref": f"#/components/schemas/{name}"} | said


def _has_no_name(schema: Schema) -> bool:
    return "enum" in schema or schema.get("type") == "object"
