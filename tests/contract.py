"""The contract held against every answer: what any test is told over HTTP is what `openapi/http-api.json` declares.

In every process of a run the application's front door is one that also listens: the operation's status, media type,
headers and body are compared with the document, and what is not declared is written to the run's file. The test during
which it was written fails (`tests/conftest.py`), also where the service ran in a process that the test started.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import jsonschema_rs
from starlette.types import Message, Receive, Scope, Send

from service.api.http import door
from service.api.http.document import FOLDER, HTTP_API
from service.api.http.door import SAFE_HEADERS, FrontDoor
from tests import chinese

FILE: Final = "TAIZHANG_TEST_CONTRACT"
"""Where the processes of a test write what is not as declared."""
BODIES: Final = 25
"""So many bodies of each answer of an operation are compared whole, and of the others one in as many."""
OF_THE_TRANSPORT: Final = frozenset(
    {"connection", "content-length", "content-type", "date", "keep-alive", "server", "transfer-encoding"}
)
OF_EVERY_ANSWER: Final = frozenset(name.decode() for name, _ in SAFE_HEADERS)
"""Told once, in the document's own description."""

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request was answered."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes | None
    """None: not kept."""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Contract:
    """A document, and how an answer departs from it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._registry = jsonschema_rs.Registry([("urn:contract", document)])
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        paths = sorted(document["paths"], key=lambda path: (path.count("{"), path))
        self._patterns = [
            (re.compile(re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(one))), one) for one in paths
        ]

    def operation(self, method: str, template: str | None, path: str) -> str | None:
        """Where the operation that was asked stands in the document; None for what is none of its operations."""
        asked = "get" if method == "HEAD" else method.lower()
        if template is None:
            template = next((one for pattern, one in self._patterns if pattern.fullmatch(path)), None)
        if template is None or asked not in self._document["paths"].get(template, {}):
            return None
        return f"/paths/{_escaped(template)}/{asked}"

    def departures(self, operation: str, answer: Answer) -> Iterator[str]:
        """What of an answer is not declared."""
        responses = self._at(f"{operation}/responses")
        if str(answer.status) not in responses:
            yield f"status {answer.status} is not declared: {(answer.body or b'')[:300]!r}"
            return
        where = f"{operation}/responses/{answer.status}"
        declared = self._at(where)
        while "$ref" in declared:
            where = declared["$ref"].removeprefix("#")
            declared = self._at(where)
        names = {name.lower(): name for name in declared.get("headers", {})}
        for name in answer.headers.keys() - names.keys() - OF_THE_TRANSPORT - OF_EVERY_ANSWER:
            yield f"header {name} of {answer.status} is not declared"
        if answer.status == 201 and "location" in names.keys() - answer.headers.keys():
            yield "header Location of 201 is declared and missing"
        for name in answer.headers.keys() & names.keys():
            yield from self._header(f"{where}/headers/{_escaped(names[name])}", name, answer.headers[name])
        yield from self._body(where, declared.get("content", {}), answer)

    def _header(self, where: str, name: str, value: str) -> Iterator[str]:
        described = self._at(where)
        if "$ref" in described:
            where = described["$ref"].removeprefix("#")
            described = self._at(where)
        number = described["schema"].get("type") == "integer" and value.isdigit()
        for error in self._validator(f"{where}/schema").iter_errors(int(value) if number else value):
            yield f"header {name}: {value!r}: {error.message}"

    def _body(self, where: str, content: Mapping[str, Any], answer: Answer) -> Iterator[str]:
        if not content or not answer.media_type:
            if answer.body or (content and answer.method != "HEAD"):
                yield f"a body of type {answer.media_type or 'none'} where {sorted(content) or 'none'} is declared"
            return
        if answer.media_type not in content:
            yield f"media type {answer.media_type} of {answer.status} is not declared"
        elif answer.body and answer.media_type.endswith("json") and "schema" in content[answer.media_type]:
            value = json.loads(answer.body)
            if answer.status == 200 and isinstance(value, dict) and value.get("eventCount") == 0:
                said = {one["code"] for one in value["warnings"]}
                if "NOTHING_RECORDED" not in said:
                    yield "a command from which no event came, and that does not say why"
            validator = self._validator(f"{where}/content/{_escaped(answer.media_type)}/schema")
            for error in list(validator.iter_errors(value))[:3]:
                place = "/".join(map(str, error.instance_path))
                yield f"body of {answer.status} at {place or 'its root'}: {_cut(error.message)}"

    def _at(self, pointer: str) -> Any:
        found: Any = self._document
        for part in pointer.split("/")[1:]:
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def _validator(self, pointer: str) -> jsonschema_rs.Draft202012Validator:
        if pointer not in self._validators:
            schema = {"$ref": f"urn:contract#{quote(pointer, safe='/~')}"}
            self._validators[pointer] = jsonschema_rs.Draft202012Validator(
                schema, registry=self._registry, validate_formats=True
            )
        return self._validators[pointer]


def _cut(message: str) -> str:
    """A message without the middle of the value that it begins with."""
    return message if len(message) <= 400 else f"{message[:150]} … {message[-250:]}"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def document() -> dict[str, Any]:
    """The document as it was written at build, which is what the code describes (`test_openapi`). Made from the code it
    takes seconds.
    """
    found: dict[str, Any] = json.loads((FOLDER / HTTP_API).read_bytes())
    return found


@cache
def contract() -> Contract:
    """The contract as it was written at build."""
    return Contract(document())


# ---- listening ------------------------------------------------------------------------------------------------------

_heard: Counter[tuple[str, int]] = Counter()


@dataclass(slots=True)
class _Heard:
    """An answer on its way."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    whole: bool = False
    gone: bool = False
    """The client left before it was answered: what is said then, nobody hears."""


class ListeningDoor(FrontDoor):
    """The front door that compares what leaves through it with the contract."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        heard = _Heard()

        async def listened(message: Message) -> None:
            if message["type"] == "http.response.start":
                heard.status = message["status"]
                heard.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
                if heard.headers.get("content-type", "").partition(";")[0].endswith("json"):
                    heard.pieces = []
            elif message["type"] == "http.response.body":
                if heard.pieces is not None:
                    heard.pieces.append(message.get("body", b""))
                heard.whole = not message.get("more_body")
            await send(message)

        async def received() -> Message:
            message = await receive()
            heard.gone |= message["type"] == "http.disconnect" and not heard.status
            return message

        try:
            await super().__call__(scope, received, listened)
        finally:
            if heard.whole and not heard.gone:
                note(list(_judged(scope, heard)))


def _judged(scope: Scope, heard: _Heard) -> Iterable[str]:
    method, route = scope["method"], scope.get("route")
    operation = contract().operation(method, getattr(route, "path_format", None), scope["path"])
    if operation is None:
        return
    told = (operation, heard.status)
    _heard[told] += 1
    times = _heard[told]
    ndjson = heard.headers.get("content-type", "").endswith("ndjson")
    kept = heard.pieces is not None and not ndjson and (times <= BODIES or times % BODIES == 0)
    body = b"".join(heard.pieces or ()) if kept else None
    answer = Answer(method, scope["path"], heard.status, heard.headers, body)
    for one in contract().departures(operation, answer):
        yield f"{method} {scope['path'][:200]}: {one}"


def note(departures: Iterable[str]) -> None:
    """Write what is not as declared to the run's file."""
    if departures and (name := os.environ.get(FILE)):
        with Path(name).open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(one, ensure_ascii=False)}\n" for one in departures)


def take_noted() -> list[str]:
    """What was noted since it was last asked; each once."""
    file = Path(os.environ[FILE])
    if not file.exists() or not file.stat().st_size:
        return []
    lines = file.read_text("utf-8").splitlines()
    file.write_bytes(b"")
    return list(dict.fromkeys(json.loads(line) for line in lines))


def install() -> None:
    """Have every application of this process listened to from now on.

    A command of the command line that serves nothing is not made to import the whole interface for it, which takes seconds.
    """
    chinese.install(note)
    door.FrontDoor = ListeningDoor  # type: ignore[misc]  # what the application will import
    app = sys.modules.get("service.api.app")
    if app is not None:
        app.FrontDoor = ListeningDoor  # type: ignore[attr-defined]  # the one place that makes it
