"""Smallest bodies that an operation's schema takes, about what the county has: enough to come to the question of rights."""

from __future__ import annotations

from typing import Any

from tests.examples import MANAGER, VILLAGE
from tests.rights.county import CODES

KNOWN: dict[str, Any] = {
    "asset": CODES["asset"],
    "assets": [CODES["asset"]],
    "person": MANAGER,
    "location": VILLAGE,
    "village": VILLAGE,
    "villages": [VILLAGE],
    "township": f"{VILLAGE[:9]}000",
    "organization": VILLAGE,
    "unit": VILLAGE,
    "implementer": "COMMERCE",
    "implementerKind": "DEPARTMENT",
    "fundsPaidTo": "DEPARTMENT",
    "assetClass": "OPERATING",
    "assetType": "PROCESSING",
    "unitOfMeasure": "套",
    "source": "FISCAL_DEV",
    "chain": "A8",
    "ownerKind": "VILLAGE",
    "members": ["FINANCE"],
    "uscc": "N2653022MF12345676",
    "organKind": "VILLAGE",
    "deliverer": "COMMERCE",
    "note": "note",
    "month": "2021-09",
}
"""Values of fields by their names, where a schema alone does not tell what there is."""
IN_TABLE: dict[str, str] = {
    "agent-principals": "VILLAGE_COLLECTIVE",
    "platform-scopes": "OPERATE",
    "asset-classes": "OPERATING",
    "asset-types": "PROCESSING",
    "chains": "A8",
    "disposal-routes": "TOWNSHIP",
    "external-systems": "SYS_RURAL_COLLECTIVE",
    "fund-sources": "FISCAL_DEV",
    "herd-changes": "BIRTH",
    "income-uses": "AID_NO_LABOUR",
    "operation-modes": "LEASED",
    "positions": "ASSET_MANAGER",
    "posting-rules": "INTEREST",
    "priority-households": "SUDDEN_HARDSHIP",
    "project-scopes": "SINGLE_VILLAGE",
    "revitalisation-outcomes": "REACTIVATE",
    "risk-kinds": "IDLE",
    "unit-rule-topics": "OWNERSHIP",
    "units-of-measure": "套",
    "violations": "FALSE_CLAIM",
}
"""A code of each table that a field takes its codes from."""
NAMES_A_PERSON = frozenset(
    {
        "acceptedBy",
        "auditor",
        "disputedBy",
        "incoming",
        "inspector",
        "outgoing",
        "successor",
        "verifiedBy",
        "supervisorPerson",
        "compiledBy",
    }
)
NAMES_A_UNIT = frozenset(
    {
        "approver",
        "auditorOrganization",
        "agent",
        "appointedBy",
        "beneficiary",
        "company",
        "custodian",
        "decidedBy",
        "department",
        "filedBy",
        "guided",
        "holder",
        "issuedBy",
        "organ",
        "owner",
        "party",
        "proposedBy",
        "receiver",
        "responsibleUnit",
        "signer",
        "supervisor",
    }
)


def smallest(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A value of a schema with nothing in it that may be left out."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if (table := schema.get("x-table")) in IN_TABLE:
        return IN_TABLE[table]
    if name in NAMES_A_PERSON and schema.get("type") == "string":
        return MANAGER
    if name in NAMES_A_UNIT and schema.get("type") == "string":
        return VILLAGE
    if name in KNOWN and schema.get("type") in {"string", "array"} and "enum" not in schema:
        known = KNOWN[name]
        if isinstance(known, list) == (schema["type"] == "array"):
            return known
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for either in ("anyOf", "oneOf"):
        if either in schema:
            return smallest(schema[either][0], schemas, name)
    return _of_type(schema, schemas, name)


def _of_type(schema: dict[str, Any], schemas: dict[str, Any], name: str) -> Any:
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            fields = schema.get("properties", {})
            return {one: smallest(fields[one], schemas, one) for one in needed}
        case "array":
            return [smallest(schema["items"], schemas, name)] * schema.get("minItems", 0)
        case "integer":
            return max(int(schema.get("minimum", 1)), 1)
        case "boolean":
            return True
        case "string":
            return _text(schema)
        case _:
            return 1


def _text(schema: dict[str, Any]) -> str:
    pattern = schema.get("pattern", "")
    if schema.get("format") == "date":
        after = any("+ P1D" in one for one in schema.get("x-not-before", ()))
        return "2021-09-21" if after else "2021-09-20"
    if pattern.startswith("^(") and "[" not in pattern:
        return pattern.strip("^()$").partition("|")[0]
    if pattern.endswith("{64}$"):
        return "0" * 64
    if "[1-9][0-9]*)" in pattern:
        return "1.00"
    if pattern.startswith("^[0-9]"):
        return VILLAGE
    return "X1"


def put(body: Any, path: str, value: Any) -> None:
    """Set a field of a body: "approval.approver"."""
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[last] = value
