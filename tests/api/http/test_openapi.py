"""The committed description of the interface is what the code says, and reads well in Chinese."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_pascal

from domain.catalogue import EVENT_TYPES
from service.api.http.description import CHINESE, properties
from service.api.openapi import FOLDER, differences, documents, event_schemas, write
from service.api.routers import ROUTERS
from tests.api.service import Service


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(documents()["http-api.json"]))


def test_the_committed_files_are_in_step() -> None:
    assert differences() == [], "run: make openapi"


def test_writing_them_twice_changes_nothing(tmp_path: Any) -> None:
    assert sorted(write(tmp_path)) == ["events.json", "http-api.json"]
    assert write(tmp_path) == []
    (tmp_path / "events.json").write_text("{}")
    assert differences(tmp_path) == ["events.json"]
    assert FOLDER.name == "openapi"


def test_every_field_has_a_chinese_title(document: dict[str, Any]) -> None:
    events = event_schemas()
    for schemas in (document["components"]["schemas"], events["events"], events["$defs"]):
        bare = {name for name, field in properties(schemas) if not CHINESE.search(field.get("title", ""))}
        assert bare == set()


def test_every_parameter_and_operation_has_a_chinese_title(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert CHINESE.search(operation["summary"]), (method, path)
            for parameter in operation.get("parameters", ()):
                assert CHINESE.search(parameter["schema"].get("title", "")), (method, path, parameter["name"])


def test_names_follow_the_convention(document: dict[str, Any]) -> None:
    """Fields are camelCase, query parameters snake_case."""
    for name, _ in properties(document["components"]["schemas"]):
        assert "_" not in name, name
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    assert parameter["name"] == parameter["name"].lower(), parameter["name"]


SCHEMA_NAME = re.compile(r"[A-Z][A-Za-z]*[a-z]")
OPERATION_NAME = re.compile(r"[a-z]+(_[a-z]+)+")
SHARED_BODIES = {
    "AcceptHandover": "one line of a handover list is accepted as the whole list is",
    "Circumstances": "the operation has no facts of its own",
    "GiveBatchOpinion": "a batch is reviewed and determined in the same words",
    "JudgeProcedure": "a procedure is reviewed and determined in the same words",
    "ProcedureAct": "a step that has no facts of its own",
    "PublicStatement": "an objection and a suggestion of the public are said in the same words",
    "RecordResolution": "a dispute, a difference and a finding end with the same record",
    "RecordSuccession": "divisions and organizations are succeeded alike",
}
"""Request bodies that serve several operations, with the reason; every other is named as its operation is."""


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation of the document."""
    return [one for methods in document["paths"].values() for one in methods.values()]


def test_schema_names_are_words_of_the_field(document: dict[str, Any]) -> None:
    """No module path (`a__b`), no `-Input` or `-Output`, no type parameter (`Page_Row_`), no number."""
    for name in (*document["components"]["schemas"], *event_schemas()["$defs"]):
        assert SCHEMA_NAME.fullmatch(name), name
        assert not name.endswith(("Input", "Output")), name


def test_both_documents_mean_one_schema_by_one_name(document: dict[str, Any]) -> None:
    """A schema of the events is the one of the same name over HTTP, field by field."""
    schemas = document["components"]["schemas"]
    definitions = event_schemas()["$defs"]
    shared = definitions.keys() & schemas.keys()
    assert len(shared) > 80
    for name in shared:
        fields = [set(one.get("properties", ())) for one in (schemas[name], definitions[name])]
        assert fields[0] == fields[1], name


def test_operation_ids_are_function_names_and_unique(document: dict[str, Any]) -> None:
    """An operation is called what the function that answers it is called: a verb and a noun, once in the contract."""
    names = [one.get("operationId", "") for one in operations(document)]
    assert len(names) > 260
    assert [name for name in names if not OPERATION_NAME.fullmatch(name)] == []
    assert [name for name in names if len(name) > 40] == []
    assert [name for name, times in Counter(names).items() if times > 1] == []
    endpoints = {route.name for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)}
    assert set(names) == endpoints


def test_request_bodies_are_named_as_their_operations(document: dict[str, Any]) -> None:
    shared: dict[str, int] = Counter()
    for operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if body in SHARED_BODIES:
            shared[body] += 1
        elif body:
            assert body == to_pascal(operation["operationId"]), operation["operationId"]
    assert {body for body, times in shared.items() if times > 1} == set(SHARED_BODIES)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"], name


def test_every_write_asks_for_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        post = operations.get("post")
        if post is not None and path not in {"/v1/keys", "/v1/ownership-advice"}:
            required = {
                one["name"] for one in post["parameters"] if one["in"] == "header" and one["required"]
            }
            assert "Idempotency-Key" in required, path
            versioned = ("/v1/assets/{", "/v1/household-assets/{", "/v1/fund-allocations/{")
            assert ("If-Match" in required) == path.startswith(versioned), path


def test_every_event_type_is_described(document: dict[str, Any]) -> None:
    events = event_schemas()["events"]
    assert set(events) == set(EVENT_TYPES)
    leased = events["asset.leased"]
    assert (leased["title"], leased["x-schema"], leased["x-aggregate"]) == ("出租", 1, "asset")
    assert "basis" not in leased["properties"]
    assert "AssetView" in document["components"]["schemas"]


async def test_the_page_to_read_it_on_loads_nothing_from_elsewhere(service: Service) -> None:
    page = await service.http.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert len(loaded) >= 3
    assert "//" not in page.text.replace(
        "<!-- `SwaggerUIBundle` is now available on the page -->", ""
    ).replace("window.location.origin", ""), page.text
    for path in [*loaded, "/openapi.json"]:
        answer = await service.http.get(path)
        assert (answer.status_code, len(answer.content) > 1000) == (200, True), path
