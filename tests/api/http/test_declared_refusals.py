"""The status of every refusal that an operation names or raises itself is declared for it."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute

from domain.refusals import catalogue, refuse
from service.api.openapi import FOLDER
from service.api.routers import ROUTERS
from service.commands.problems import status_of

CODE = re.compile(r"\b[A-Z][A-Z_]{3,}\b")


def codes_of(endpoint: Any) -> Iterator[str]:
    """The codes that an endpoint's words name, and those that its own lines refuse with."""
    yield from CODE.findall(endpoint.__doc__ or "")
    try:
        source = inspect.getsource(inspect.unwrap(endpoint))
    except OSError:
        return
    for node in ast.walk(ast.parse(textwrap.dedent(source))):
        match node:
            case ast.Call(func=ast.Name(id="refuse"), args=[ast.Constant(value=str(code)), *_]):
                yield code


def undeclared(routes: Iterator[Any], paths: dict[str, Any]) -> set[str]:
    """Operations with a code whose status they do not declare."""
    found = set()
    for route in routes:
        if isinstance(route, APIRoute) and route.path in paths:
            for method in route.methods:
                declared = paths[route.path][method.lower()]["responses"]
                for code in codes_of(route.endpoint):
                    if code in catalogue() and str(status_of(refuse(code))) not in declared:
                        found.add(f"{method} {route.path} {code}")
    return found


def test_every_refusal_of_an_operation_is_declared() -> None:
    paths = json.loads((FOLDER / "http-api.json").read_text("utf-8"))["paths"]
    routes = [route for router in ROUTERS for route in router.routes]
    named = {code for route in routes for code in codes_of(route.endpoint)} & catalogue().keys()  # type: ignore[attr-defined]
    assert len(named) > 20
    assert undeclared(iter(routes), paths) == set()


def test_a_refusal_that_is_not_declared_is_found() -> None:
    async def read_lamp() -> None:
        """A lamp; NOT_FOUND."""
        raise refuse("CLEARANCE_REVOKED", certificate="7", reason="")

    route = APIRoute("/lamps", read_lamp, methods=["GET"])
    paths = {"/lamps": {"get": {"responses": {"404": {}}}}}
    assert undeclared(iter([route]), paths) == {"GET /lamps CLEARANCE_REVOKED"}
