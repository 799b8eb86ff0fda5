"""A request header that the service reads is declared: nobody has to find it in the source."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import service
from service.api.openapi import FOLDER

OF_HTTP = {
    "accept": "the media types of an answer say it; OpenAPI has no parameter of this name",
    "accept-language": "any request may carry it: the document's description",
    "authorization": "the document's security scheme",
    "content-length": "the transport's",
    "content-type": "the media types of a body say it",
    "transfer-encoding": "the transport's",
}
"""Headers that are told otherwise than as a parameter."""


def read_headers(source: str) -> Iterator[str]:
    """Names of request headers that a module looks up: `….headers.get("name")`, `"name" in ….headers`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="headers"), attr="get"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name.lower()
            case ast.Compare(
                left=ast.Constant(value=str(name)),
                ops=[ast.In()],
                comparators=[ast.Attribute(attr="headers")],
            ):
                yield name.lower()


def test_every_header_that_is_read_is_declared() -> None:
    document = json.loads((FOLDER / "http-api.json").read_text("utf-8"))
    declared = {
        one["name"].lower()
        for methods in document["paths"].values()
        for operation in methods.values()
        for one in operation.get("parameters", ())
        if one["in"] == "header"
    }
    rooms = [Path(str(service.__file__)).parent / room for room in ("api", "commands")]
    read = {
        name for room in rooms for one in room.rglob("*.py") for name in read_headers(one.read_text("utf-8"))
    }
    assert read >= {"if-match", "idempotency-key", "x-correlation-id", "range", "accept"}
    assert read - declared == set(OF_HTTP)
    assert declared & set(OF_HTTP) == set()
