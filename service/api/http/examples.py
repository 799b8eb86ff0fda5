"""Examples of request bodies, each made of the examples of its fields: what has to be given, and nothing more.

A field's own example stands where its type does (`Fen`, `BusinessDate`); a code's is one of the table it stands in or of
what it names; a text's is the title of its field. So every example has the form that its operation asks for, whatever
is added to a body later, and where the county knows the codes it may be sent as it is.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

LISTED: Final = {
    "archive-kinds": "ACCEPTANCE",
    "asset-classes": "OPERATING",
    "asset-subclasses": "INFRASTRUCTURE",
    "asset-types": "PROCESSING",
    "chains": "A5",
    "disposal-routes": "VILLAGE",
    "external-systems": "SYS_STATE_ASSET",
    "fund-sources": "FISCAL_DEV",
    "herd-changes": "BIRTH",
    "income-uses": "PUBLIC_WELFARE",
    "operation-modes": "LEASED",
    "positions": "VILLAGE_PARTY_SECRETARY",
    "project-scopes": "SINGLE_VILLAGE",
    "risk-kinds": "IDLE",
    "revitalisation-outcomes": "REACTIVATE",
    "subjects": "INCOME_PLAN",
    "unit-rule-topics": "USE",
    "units-of-measure": "套",
    "violations": "DAMAGE",
}
"""Table → a code that it lists."""
NAMED: Final = {
    "asset": "A-0001",
    "division": "653022202208",
    "organization": "653022202000",
    "person": "P-0001",
    "policy_override": "EX-0001",
}
"""Kind of what a code names → the code of one that the examples speak of."""

_BY_FORM: Final = {
    ("date", None): "2021-08-10",
    ("date-time", None): "2021-08-10T09:00:00+08:00",
    (None, "^[0-9]{6}$"): "653022",
    (None, "^[0-9a-f]{64}$"): "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    (None, "^N[0-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"): "N2653022MF12345676",
}


def give_examples(document: Schema) -> None:
    """Give every JSON body of the document an example, in place."""
    schemas = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                content["example"] = example_of(content["schema"], schemas)


def example_of(schema: Schema, schemas: dict[str, Schema], title: str = "") -> Any:
    """An example of what a schema describes; `title`: of the field that it describes."""
    title = schema.get("title", title)
    if "examples" in schema:
        return schema["examples"][0]
    if "x-table" in schema:
        return LISTED[schema["x-table"]]
    if "x-refers" in schema:
        return NAMED[schema["x-refers"]]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, title)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    alternatives = [
        one for key in ("anyOf", "oneOf") for one in schema.get(key, ()) if one.get("type") != "null"
    ]
    if alternatives:
        return example_of(alternatives[0], schemas, title)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {name: example_of(fields[name], schemas) for name in schema.get("required", ())}
        case "array":
            return [example_of(schema["items"], schemas, title)] * max(1, schema.get("minItems", 1))
        case "string":
            return _text(schema, title)
        case "integer" | "number":
            return int(max(1, schema.get("minimum", 1)))
        case "boolean":
            return False
        case _:
            return title


def _text(schema: Schema, title: str) -> str:
    pattern = schema.get("pattern")
    form = _BY_FORM.get((schema.get("format"), pattern))
    if form is not None:
        return form
    if pattern is None:
        return title
    if pattern.startswith("^("):
        return str(pattern[2:].partition("|")[0])
    return "X-0001"
