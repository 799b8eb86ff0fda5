"""The edges of each type in every parameter, header and body field of every operation, in a county that has one of everything.

Never our fault, always an answer that is declared: status, headers and body are compared with the document (`tests/contract.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema_rs
import pytest
import pytest_asyncio

from tests import contract
from tests.api.edges import HEADERS, put_for, sent_for
from tests.api.fields import body_with, fields_of
from tests.api.operations import CODE_OF, Operation, operations
from tests.api.service import Service
from tests.rights.bodies import smallest
from tests.rights.county import codes_in, filled


@dataclass(frozen=True, slots=True)
class Sent:
    """A request with an edge in it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


Edges = Callable[[Operation, int], Iterator[Sent]]
LEFT: Final = {
    ("POST", "/v1/sessions"): "attempts from one address are slowed down: tests/api/http/test_wrong_keys.py",
}
"""Operations that are not asked so often, with the reason."""
OF_LINES: Final = {"/v1/assets/bulk": "each line has an answer of its own, and the whole is 200"}
"""Operations that take what the document forbids, with the reason."""

_turn = count()
"""With which edge the next parameter begins, so that parameters of one type together see every edge of it."""


def some(values: Iterator[Any], stride: int) -> Iterator[Any]:
    """Every `stride`-th of them."""
    return islice(values, next(_turn) % stride, None, stride)


def in_paths(operation: Operation, stride: int) -> Iterator[Sent]:
    """Edges in each part of the path, one at a time, where the rest is known."""
    for name, schema in operation.parameters("path").items():
        for value in some(sent_for(name, schema), stride):
            yield Sent(address(operation, **{name: value}), body=usual_body(operation))


def in_queries(operation: Operation, stride: int) -> Iterator[Sent]:
    """Edges in each query parameter, one at a time, of what is known and of what is not."""
    for name, schema in operation.parameters("query").items():
        rest = "".join(f"&{one}={value}" for one, value in needed(operation).items() if one != name)
        for value in some(sent_for(name, schema), 1 if name == "cursor" else stride):
            yield Sent(f"{known(operation)}?{name}={value}{rest}")
            if operation.parameters("path") and next(_turn) % 4 == 0:
                yield Sent(f"{operation.url()}?{name}={value}{rest}")


def in_headers(operation: Operation, stride: int) -> Iterator[Sent]:
    """Edges in each header that the operation reads."""
    for name in operation.parameters("header"):
        for value in some(iter(HEADERS), stride):
            yield Sent(address(operation), {name: value}, usual_body(operation))


def in_bodies(operation: Operation, stride: int) -> Iterator[Sent]:
    """Edges in each field of the body, the body itself among them."""
    if (schema := body_schema(operation)) is not None:
        for place, inner in fields_of(schema, operation.schemas):
            for value in some(put_for(inner), stride):
                yield Sent(address(operation), body=body_with(schema, operation.schemas, place, value))


def address(operation: Operation, /, **values: str) -> str:
    """A path to what the county has, with the query that has to be given."""
    query = "&".join(f"{name}={value}" for name, value in needed(operation).items())
    return f"{known(operation, **values)}?{query}".rstrip("?")


def known(operation: Operation, /, **values: str) -> str:
    """A path to what the county has."""
    has = {
        name: str(value)
        for name, value in codes_in(operation.path).items()
        if name not in CODE_OF or name == "year"
    }
    return operation.url(**has | values)


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


def body_schema(operation: Operation) -> dict[str, Any] | None:
    """The schema of the operation's JSON."""
    content = operation.spec.get("requestBody", {}).get("content", {})
    found: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return found


def usual_body(operation: Operation) -> Any:
    """The smallest body that the operation takes."""
    schema = body_schema(operation)
    return None if schema is None else smallest(schema, operation.schemas)


async def undeclared(service: Service, edges: Edges, *, stride: int) -> list[str]:
    """Send all edges, the keys that are let in taking turns.

    Gives the answers that are not as declared, and the bodies that were taken though the document forbids them.
    """
    wrong = []
    registry = jsonschema_rs.Registry([("urn:contract", contract.document())])
    versions: dict[str, str] = {}
    transport = httpx.ASGITransport(app=service.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
        for operation in operations():
            if (operation.method, operation.path) in LEFT:
                continue
            keys = islice(cycle(operation.admitted()), next(_turn) % 7, None)
            form = form_of(operation, registry)
            for sent in edges(operation, stride):
                place = "/".join(sent.url.split("/")[:4])
                headers = service.headers(
                    next(keys), Idempotency_Key=f"k-{next(_turn)}", Content_Type="application/json"
                )
                if "If-Match" in operation.parameters("header"):
                    headers["If-Match"] = versions.get(place, '"1"')
                raw = httpx.Headers(
                    {name: value.encode("latin-1") for name, value in (headers | sent.headers).items()}
                )
                content = None if sent.body is None else json.dumps(sent.body).encode()
                answer = await http.request(operation.method, sent.url, headers=raw, content=content)
                versions[place] = answer.headers.get("etag", versions.get(place, '"1"'))
                declared = str(answer.status_code) in operation.spec["responses"]
                if answer.status_code >= 500 or not (declared or nowhere(answer)):
                    wrong.append(
                        f"{answer.status_code} {operation.method} {sent}"[:300] + f" {answer.text[:200]}"
                    )
                elif (
                    answer.status_code < 400 and operation.path not in OF_LINES and forbidden(form, sent.body)
                ):
                    wrong.append(f"taken: {operation.method} {sent}"[:400])
    return wrong


def form_of(
    operation: Operation, registry: jsonschema_rs.Registry
) -> jsonschema_rs.Draft202012Validator | None:
    """What the document says of the operation's body."""
    schema = body_schema(operation)
    if schema is None:
        return None
    whole = json.loads(json.dumps(schema).replace('"#/', '"urn:contract#/'))
    return jsonschema_rs.Draft202012Validator(whole, registry=registry, validate_formats=True)


def forbidden(form: jsonschema_rs.Draft202012Validator | None, body: Any) -> bool:
    """Whether the document forbids that body; text that no JSON can hold is forbidden everywhere."""
    try:
        return form is not None and not form.is_valid(body)
    except ValueError:
        return True


def nowhere(answer: httpx.Response) -> bool:
    """Whether the path with that value is none of this operation: `..`, an empty part, a slash."""
    return answer.status_code in {404, 405}


@pytest.fixture(scope="module")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without keys that sign, proofs and checkpoints are not available."""
    return tmp_path_factory.mktemp("keys")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(service: Service) -> Service:
    """The service with one of everything in its log."""
    await filled(service)
    return service


@pytest.mark.parametrize("edges", [in_paths, in_queries, in_headers, in_bodies])
async def test_edges_are_answered_as_declared(county: Service, edges: Edges) -> None:
    assert await undeclared(county, edges, stride=8) == []


@pytest.mark.soak
@pytest.mark.parametrize("edges", [in_paths, in_queries, in_headers, in_bodies])
async def test_every_edge_is_answered_as_declared(county: Service, edges: Edges) -> None:
    for _ in range(3):  # the keys that are let in take turns, each time another one begins
        assert await undeclared(county, edges, stride=1) == []


def test_every_field_of_every_body_is_walked() -> None:
    """A form inside a list inside a choice is found, and filled where it stands."""
    schemas: dict[str, Any] = {
        "Lamp": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"type": "string", "enum": ["OIL"]},
                "parts": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/c/Lamp"}}]},
                "notes": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
        }
    }
    lamp = {"$ref": "#/c/Lamp"}
    places = [place for place, _ in fields_of({"type": "array", "items": lamp}, schemas)]
    assert places == [(), (0,), (0, "kind"), (0, "parts"), (0, "notes"), (0, "notes", "x")]
    assert body_with(lamp, schemas, ("parts", 0, "kind"), 7) == {"kind": "OIL", "parts": [{"kind": 7}]}
