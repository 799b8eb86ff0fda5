"""The packaged OpenAPI document, whole and by tag: made at build, read once, never made by the running service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

import service

FOLDER: Final = Path(service.__file__).resolve().parents[1] / "openapi"
"""Where the documents are kept: in a checkout of this project, and beside the packages where it is installed."""
HTTP_API: Final = "http-api.json"
WEBHOOKS: Final = "webhooks"
"""The tag whose page also tells what the service sends."""

_REFERENCE: Final = re.compile(rb'"#/components/([A-Za-z]+)/([^"]+)"')


@dataclass(frozen=True, slots=True)
class PageOfDocs:
    """A tag of the document, which has a page of its own."""

    name: str
    title: str
    operations: int


@cache
def whole() -> bytes:
    """The document as it was written at build."""
    return (FOLDER / HTTP_API).read_bytes()


@cache
def subjects() -> tuple[PageOfDocs, ...]:
    """The tags of the document, with how many operations each has."""
    document = orjson.loads(whole())
    tags = [tag for one in _operations(document) for tag in one["tags"]]
    return tuple(
        PageOfDocs(one["name"], one["description"], tags.count(one["name"])) for one in document["tags"]
    )


@cache
def part(subject: str) -> bytes:
    """The document of one tag: its operations and the components they refer to."""
    document = orjson.loads(whole())
    paths: dict[str, Any] = {}
    for path, methods in document["paths"].items():
        kept = {method: one for method, one in methods.items() if subject in one["tags"]}
        if kept:
            paths[path] = kept
    if subject != WEBHOOKS:
        document.pop("webhooks", None)
    components = document["components"]
    used = {"securitySchemes": components["securitySchemes"]}
    waiting = [paths, document.get("webhooks", {})]
    while waiting:
        for kind, name in set(_references(waiting.pop())):
            group = used.setdefault(kind, {})
            if name not in group:
                group[name] = components[kind][name]
                waiting.append(group[name])
    tags = [one for one in document["tags"] if one["name"] == subject]
    return orjson.dumps(document | {"paths": paths, "components": used, "tags": tags})


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _references(part_of_document: Any) -> Iterator[tuple[str, str]]:
    for kind, name in _REFERENCE.findall(orjson.dumps(part_of_document)):
        yield kind.decode(), name.decode()
