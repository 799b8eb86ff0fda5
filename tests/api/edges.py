"""What careless and hostile senders put into a parameter, a header, a field of a body: the ends of each type, and what is
of no type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, unquote

Schema = dict[str, Any]

OF_NO_TYPE: Final = ("", "%20", "a%00b", "%ED%A0%80", "x" * 3000)
"""Empty, blank, with a NUL, a lone surrogate, too long."""
DAYS: Final = (
    *("0001-01-01", "9999-12-31", "1899-12-31", "1900-01-01", "2999-12-31", "3000-01-01"),
    *("0000-01-01", "2021-02-29", "2021-1-1", "２０２１-０１-０１", "2021-01-01T00:00:00Z", "10000-01-01"),
)
MOMENTS: Final = (
    *("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00-14:00", "0001-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999+14:00", "9999-12-31T23:59:59.999999-14:00", "9999-12-31T23:59:59Z"),
    *("1900-01-01T00:00:00Z", "1900-01-01T00:00:00+14:00", "2999-12-31T00:00:00Z"),
    *("2021-01-01T00:00:00", "2021-01-01T00:00:00+25:00", "2021-01-01T24:00:00Z", "1609459200"),
)
NUMBERS: Final = (
    *("-1", "0", "1", "-0", "1.5", "1e3", "NaN", "１", "%201"),
    *(str(2**power + more) for power in (31, 53, 62, 63, 64) for more in (-1, 0)),
    "9" * 400,
)
CODES: Final = ("x" * 64, "x" * 65, "资产", "-1", "a'--", "%E2%80%AE", str(2**64))
CURSORS: Final = ("0", "W10", "W10=", "WzFd", "WyJhIl0", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ", "WzFlOTldXQ", "e30", "bnVsbA",
    "WyJhc3NldCIsZmFsc2UsImEiXQ", "WyJhc3NldCIsZmFsc2UsIlx1MDAwMCJd", "WzE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ", "_w", "A" * 2001)  # fmt: skip
"""Base64 of JSON that no page ends in: of other parts, with a NUL, with a number beyond every column; of no JSON."""
HEADERS: Final = (
    "",
    " ",
    ",",
    '"',
    '""',
    "*",
    "W/",
    '"1',
    '"-1"',
    '"1.5"',
    '"99999999999"',
    '"1", "2"',
    "\xff",
    "x" * 3000,
)
"""Values of headers that HTTP lets through: no version, several, half of one."""
JSON: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**53, 2**63, 10**30),
    *([], [None], [[]], {}, {"": None}, {"x": {}}),
    *("", " ", "a\x00b", "\ud800", "\u202e", "x" * 3000, "10000-01-01"),
)
"""Of every type of JSON something: in a field at most one of them is right."""
AMOUNTS: Final = (
    "0.00",
    "0.01",
    "-0.01",
    "92233720368547758.07",
    "92233720368547758.08",
    "1e3",
    "0.001",
    "9" * 400,
)


def sent_for(name: str, schema: Schema) -> Iterator[str]:
    """Values for a parameter of this name and schema, already quoted; its own ends are among them."""
    yield from OF_NO_TYPE
    inner = schema.get("items", schema)
    match inner.get("type"), inner.get("format"):
        case "string", "date":
            yield from DAYS
        case "string", "date-time":
            yield from map(quote, MOMENTS)
        case (("integer" | "number"), _):
            yield from NUMBERS
            yield from (str(inner[end]) for end in ("minimum", "maximum") if end in inner)
        case _:
            yield from CURSORS if name == "cursor" else CODES
            yield from inner.get("enum", ())
    yield "7"


def put_for(schema: Schema) -> Iterator[Any]:
    """Values for a field of a JSON body; its own ends are among them."""
    yield from JSON
    match schema.get("type"), schema.get("format"):
        case "string", "date":
            yield from DAYS
        case "string", "date-time":
            yield from MOMENTS
        case (("integer" | "number"), _):
            yield from (
                schema[end] + more for end in ("minimum", "maximum") if end in schema for more in (-1, 0, 1)
            )
        case "string", _:
            yield from AMOUNTS if "[1-9][0-9]*)" in schema.get("pattern", "") else map(unquote, CODES)
            yield from ("长" * (schema["maxLength"] + more) for more in (0, 1) if "maxLength" in schema)
            yield from schema.get("enum", ())
        case "array", _:
            yield from ([7] * schema.get("maxItems", 0), [7] * (min(schema.get("maxItems", 0), 10_000) + 1))
