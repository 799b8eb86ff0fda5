"""Types of what stands in paths, queries and headers, each with its limits: a parameter is declared by one of these.

Codes, names and days are those of the domain (`domain.values`): what a body may say, a parameter may say.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.values import FIRST_DAY, LAST_DAY

MAX_EXACT: Final = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly."""

_ENDS: Final = tuple(datetime.combine(day, datetime.min.time(), UTC) for day in (FIRST_DAY, LAST_DAY))


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(
                value.replace(" ", "+")
            )  # an unescaped + of an offset arrives as a space
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            if not _ENDS[0] <= moment < _ENDS[1]:
                raise PydanticCustomError(
                    "DATE_OUT_OF_RANGE",
                    "时刻须在 {first} 与 {last} 之间 / a moment lies between {first} and {last}",
                    {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()},
                )
            return moment.astimezone(UTC)
    raise PydanticCustomError(
        "FIELD_INVALID", "须为带时区的 RFC 3339 时刻 / an RFC 3339 moment with its offset"
    )


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "^(19|2[0-9])",
            "examples": ["2026-01-02T03:04:05+08:00"],
        }
    ),
]
"""A moment with its offset between the ends of the calendar (`FIRST_DAY`, `LAST_DAY`), kept in UTC. DATE_OUT_OF_RANGE."""

_INTEGER: Final = re.compile(r"-?[0-9]+", re.ASCII)


def _integer(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not _INTEGER.fullmatch(value)):
        raise PydanticCustomError("FIELD_INVALID", "须为整数 / an integer in plain digits")
    return value


_PLAIN: Final = BeforeValidator(_integer)
"""A whole number in plain digits: no blank, no decimal point, no full-width digit."""

CountyCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
"""A county, by its six digits (GB/T 2260)."""

Position = Annotated[int, Field(ge=0, le=MAX_EXACT), _PLAIN]
"""A position in the log, or how many events it holds."""

Place = Annotated[int, Field(ge=1, le=MAX_EXACT), _PLAIN]
"""The position of an event, or the number of events of a log that holds any."""

YearNumber = Annotated[int, Field(ge=1900, le=2200), _PLAIN]
"""A calendar year."""

Limit = Annotated[int, Field(ge=1, le=1000), _PLAIN]
"""Most rows of a page."""

SortField = Annotated[str, StringConstraints(pattern=r"^-?[A-Za-z][A-Za-z0-9_]{0,59}$")]
"""The name of a column, with a hyphen before it in descending order."""

EventTypeName = Annotated[str, StringConstraints(pattern=r"^[a-z_.*]{1,100}$")]
"""An event type: its aggregate's kind, a dot, what happened; `asset.*` is every type of the kind."""


_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,2000}", re.ASCII)


def _cursor(value: str) -> str:
    if not _CURSOR.fullmatch(value):
        raise PydanticCustomError("CURSOR_INVALID", "须为上一页的 nextCursor / the nextCursor of a page")
    return value


Cursor = Annotated[
    str, AfterValidator(_cursor), WithJsonSchema({"type": "string", "pattern": f"^{_CURSOR.pattern}$"})
]
"""Where a page ended (`nextCursor`), base64url. CURSOR_INVALID."""
