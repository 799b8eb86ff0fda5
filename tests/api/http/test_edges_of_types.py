"""The edges of each type in every parameter of every operation: never our fault, always an answer that is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.edges import sent_for
from tests.api.operations import Operation, operations
from tests.api.service import Service

Edges = Callable[[Operation, int], Iterator[str]]

_turn = count()
"""With which edge the next parameter begins, so that parameters of one type together see every edge of it."""


def in_paths(operation: Operation, stride: int) -> Iterator[str]:
    """The operation's address with edges in each part of its path, one at a time: every `stride`-th of them."""
    query = "&".join(f"{name}={value}" for name, value in needed(operation).items())
    for name, schema in operation.parameters("path").items():
        for value in islice(sent_for(schema), next(_turn) % stride, None, stride):
            yield f"{operation.url(**{name: value})}?{query}".rstrip("?")


def in_queries(operation: Operation, stride: int) -> Iterator[str]:
    """The operation's address with edges in each query parameter, one at a time: every `stride`-th of them."""
    for name, schema in operation.parameters("query").items():
        rest = "".join(f"&{one}={value}" for one, value in needed(operation).items() if one != name)
        for value in islice(sent_for(schema), next(_turn) % stride, None, stride):
            yield f"{operation.url()}?{name}={value}{rest}"


def needed(operation: Operation) -> dict[str, str]:
    """The query parameters that have to be given, with a value each."""
    return {name: usual(operation.parameters("query")[name]) for name in operation.required("query")}


def usual(schema: dict[str, Any]) -> str:
    """A value that the parameter takes."""
    if schema.get("format") == "date":
        return "2021-06-17"
    if schema.get("type") == "integer":
        return str(max(1, schema.get("minimum", 1)))
    return str(schema.get("enum", ["none"])[0])


async def undeclared(service: Service, edges: Edges, *, stride: int) -> list[str]:
    """Send all edges, the keys that are let in taking turns; gives the answers that are not as declared."""
    wrong = []
    transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
        for operation in operations():
            keys = islice(cycle(operation.admitted()), next(_turn) % 7, None)
            for url in edges(operation, stride):
                headers = service.headers(next(keys), Idempotency_Key="k", If_Match='"1"')
                answer = await http.request(operation.method, url, headers=headers)
                declared = str(answer.status_code) in operation.spec["responses"]
                if answer.status_code >= 500 or not (declared or nowhere(answer)):
                    wrong.append(f"{answer.status_code} {operation.method} {url[:150]} {answer.text[:150]}")
    return wrong


def nowhere(answer: httpx.Response) -> bool:
    """Whether the path with that value is none of this operation: `..`, an empty part, a slash."""
    return answer.status_code in {404, 405}


@pytest.fixture(scope="module")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without keys that sign, proofs and checkpoints are not available."""
    return tmp_path_factory.mktemp("keys")


async def test_edges_in_every_path_are_answered_as_declared(service: Service) -> None:
    assert await undeclared(service, in_paths, stride=4) == []


async def test_edges_in_every_query_are_answered_as_declared(service: Service) -> None:
    assert await undeclared(service, in_queries, stride=4) == []


@pytest.mark.soak
async def test_every_edge_in_every_parameter_is_answered_as_declared(service: Service) -> None:
    for _ in range(3):  # the keys that are let in take turns, each time another one begins
        assert await undeclared(service, in_paths, stride=1) == []
        assert await undeclared(service, in_queries, stride=1) == []
