"""What careless and hostile senders put into a parameter: the ends of each type, and what is of no type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

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


def sent_for(schema: dict[str, Any]) -> Iterator[str]:
    """Values for a parameter of this schema, already quoted; its own ends are among them."""
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
            yield from CODES
            yield from inner.get("enum", ())
    yield "7"
