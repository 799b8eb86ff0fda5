"""The committed description of the interface is what the code says, and reads well in Chinese."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from domain.catalogue import EVENT_TYPES
from service.api.description import CHINESE, properties
from service.openapi import FOLDER, differences, documents, event_schemas, write
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
