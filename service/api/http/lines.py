"""Bodies of many requests: newline-delimited JSON, or a JSON array. What their lines are is for the route to say."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from fastapi import Request

from domain.refusals import refuse
from domain.values import Value
from service.api.http.intake import LINES, MAX_BODY_BYTES, bodies_of, media_type
from service.api.http.strict_json import parse

_Body = TypeVar("_Body", bound=Value)

MAX_ITEMS: Final = 20_000
"""Most lines of one request."""
MAX_LINE_ENDS: Final = 2 * MAX_ITEMS
"""Most line ends of one request, those of empty lines among them."""


def lines_body(model: type[Value], title: str) -> dict[str, Any]:
    """The request body of a bulk route, as the OpenAPI document has it: requests of a schema, as array or as lines."""
    line = {"$ref": f"#/components/schemas/{model.__name__}"}
    lines = {
        "type": "string",
        "format": "binary",
        "title": title,
        "description": f"{model.__name__}, one per line",
    }
    return {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": line, "minItems": 1, "maxItems": MAX_ITEMS}
            },
            "application/x-ndjson": {"schema": lines},
        },
    }


@dataclass(frozen=True, slots=True)
class BulkLine:
    """One line of a bulk request."""

    number: int
    view: memoryview
    """The line's own bytes, where the body holds them; of an array's item its re-serialised form."""

    def body(self, model: type[_Body]) -> _Body:
        """The request on this line; refused like a single request would be."""
        if len(self.view) > MAX_BODY_BYTES:
            raise refuse("BODY_TOO_LARGE", limit=MAX_BODY_BYTES)
        return model.model_validate(parse(bytes(self.view)))

    def digest(self) -> bytes:
        """SHA-256 of the line."""
        return hashlib.sha256(self.view).digest()


async def lines_of(request: Request) -> list[BulkLine]:
    """The lines of an NDJSON body or the items of a JSON array, numbered from 1.

    BODY_REQUIRED without any, TOO_MANY_ITEMS, BODY_MALFORMED.
    """
    body = await request.body()
    if media_type(request) in LINES:
        lines = await asyncio.to_thread(_split, body)
    else:
        lines = await _items(request, body)
    if not lines:
        raise refuse("BODY_REQUIRED")
    if len(lines) > MAX_ITEMS:
        raise refuse("TOO_MANY_ITEMS", limit=MAX_ITEMS)
    return lines


def _split(body: bytes) -> list[BulkLine]:
    if body.count(b"\n") > MAX_LINE_ENDS:
        raise refuse("TOO_MANY_ITEMS", limit=MAX_ITEMS)
    return [
        BulkLine(number, memoryview(body)[start:end])
        for number, (start, end) in enumerate(_spans(body), start=1)
        if end - start > MAX_BODY_BYTES or body[start:end].strip()
    ]


def _spans(body: bytes) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends."""
    start = 0
    while (end := body.find(b"\n", start)) >= 0:
        yield start, end
        start = end + 1
    yield start, len(body)


async def _items(request: Request, body: bytes) -> list[BulkLine]:
    if not body:
        return []
    items = await bodies_of(request).parsed(body)
    if not isinstance(items, list):
        raise refuse("BODY_MALFORMED", reason="应为数组 / an array is expected")
    if len(items) > MAX_ITEMS:
        raise refuse("TOO_MANY_ITEMS", limit=MAX_ITEMS)
    return [BulkLine(number, memoryview(orjson.dumps(item))) for number, item in enumerate(items, start=1)]
