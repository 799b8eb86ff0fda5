"""Where a thing that was made is read: the answer says it, and it is there."""

from __future__ import annotations

import json
import re
from typing import Any

from service.api.openapi import FOLDER
from tests.api.bodies import VILLAGE
from tests.api.service import Service, new_code


def declared_locations() -> dict[str, bool]:
    """Path of a POST that answers 201 → whether it declares where what it made is read."""
    paths: dict[str, Any] = json.loads((FOLDER / "http-api.json").read_bytes())["paths"]
    return {
        path: "Location" in methods["post"]["responses"]["201"].get("headers", {})
        for path, methods in paths.items()
        if "post" in methods and "201" in methods["post"]["responses"]
    }


def test_what_is_made_at_a_path_and_read_under_it_says_where() -> None:
    """Every other test that makes one is told so (`tests/contract.py`)."""
    paths = json.loads((FOLDER / "http-api.json").read_bytes())["paths"]
    read = {re.sub(r"/\{[^/]+\}$", "", path) for path, methods in paths.items() if "get" in methods}
    one_of = {
        path for path in read if any(re.fullmatch(re.escape(path) + r"/\{[^/]+\}", one) for one in paths)
    }
    declared = declared_locations()
    assert {path for path, said in declared.items() if said} <= one_of
    assert {"/v1/assets", "/v1/procedures", "/v1/persons", "/v1/checkpoints"} <= {
        path for path, said in declared.items() if said
    }
    assert not declared["/v1/keys"] and not declared["/v1/assets/{asset}/leases"]


async def test_what_was_made_is_read_where_its_answer_says_also_when_it_is_sent_again(
    service: Service,
) -> None:
    code, key = new_code("P"), new_code("K")
    body = {"person": code, "card": {"name": "张三", "organization": VILLAGE}}
    for _ in range(2):
        answer = await service.post("/v1/persons", body, "personnel", key=key)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"] == f"/v1/persons/{code}"
    found = await service.get(answer.headers["Location"])
    assert (found.status_code, found.json()["id"]) == (200, code)


async def test_a_command_on_what_is_there_makes_nothing_to_be_read_elsewhere(service: Service) -> None:
    code = await service.person(VILLAGE)
    fact = {"fact": {"kind": "REMOVED", "happenedOn": "2022-03-01"}}
    answer = await service.post(f"/v1/persons/{code}/leaving-facts", fact, "personnel", version=1)
    assert answer.status_code == 201, answer.text
    assert "Location" not in answer.headers
