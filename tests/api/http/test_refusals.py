"""Every refusal is a problem with code, clause, the clause's words and what is missing, in Chinese or English."""

from __future__ import annotations

import pytest

from service.commands.problems import MEDIA_TYPE
from tests.api.bodies import card, road, terms
from tests.api.service import Service, new_code


async def test_a_broken_rule_is_answered_with_its_clause(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": card()})
    before = await service.head()
    answer = await service.post(f"/v1/assets/{asset}/leases", {"terms": terms()}, version=1)
    problem = answer.json()
    assert answer.status_code == 409
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["content-language"] == "zh-CN"
    assert problem["code"] == "OWNERSHIP_NOT_CONFIRMED"
    assert problem["clause"].startswith("C4.5")
    assert problem["quote"]
    assert problem["missing"] == ["ownershipConfirmation"]
    assert problem["instance"] == f"/v1/assets/{asset}/leases"
    assert problem["type"] == "urn:taizhang:problem:OWNERSHIP_NOT_CONFIRMED"
    assert await service.head() == before


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en", "en"),
        ("zh-CN,en;q=0.5", "zh-CN"),
        ("en-GB;q=0.9, zh;q=0.1", "en"),
        ("fr", "zh-CN"),
        ("en;q=x", "zh-CN"),
    ],
)
async def test_the_client_chooses_the_language(service: Service, accepted: str, language: str) -> None:
    short = card() | {
        "fundingLines": [{"source": "FISCAL_DEV", "amount": "1.00", "allocatedOn": "2020-01-01"}]
    }
    answer = await service.post("/v1/assets", {"card": short}, Accept_Language=accepted)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "FUNDING_SUM_MISMATCH")
    assert answer.headers["content-language"] == language
    assert ("1000000.00" in problem["detail"]) and (problem["detail"] != problem["title"])
    assert problem["detail"].isascii() == (language == "en")


async def test_missing_fields_are_all_named(service: Service) -> None:
    body = {"card": {name: value for name, value in road().items() if name not in {"quantity", "location"}}}
    problem = (await service.post("/v1/assets", body)).json()
    assert problem["code"] == "FIELD_REQUIRED"
    assert set(problem["missing"]) == {"card.quantity", "card.location"}
    assert {error["field"] for error in problem["errors"]} == {"card.quantity", "card.location"}


async def test_an_unknown_field_is_refused(service: Service) -> None:
    problem = (await service.post("/v1/assets", {"card": road(colour="red")})).json()
    assert (problem["code"], problem["errors"][0]["field"]) == ("FIELD_UNKNOWN", "card.colour")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "NOT_FOUND"),
        ("GET", "/v1/assets/none", 404, "NOT_FOUND"),
        ("GET", "/v1/assets/", 404, "NOT_FOUND"),
        ("PUT", "/v1/assets/none", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/v1/events", 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_unknown_routes_are_problems_too(
    service: Service, method: str, path: str, status: int, code: str
) -> None:
    answer = await service.http.request(method, path, headers=service.headers("reader"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_head_and_options_say_what_get_would(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    headers = service.headers("reader")
    head = await service.http.head(f"/v1/assets/{asset}", headers=headers)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", '"1"')
    options = await service.http.options("/v1/assets", headers=headers)
    assert (options.status_code, options.headers["allow"]) == (204, "OPTIONS, POST")


async def test_a_place_nobody_knows_is_refused(service: Service) -> None:
    problem = (await service.post("/v1/assets", {"card": road(location="653022202999")})).json()
    assert (problem["code"], problem["status"]) == ("CODE_UNKNOWN", 422)


async def test_codes_clauses_and_parameters_are_public(service: Service) -> None:
    codes = await service.get("/v1/regulation/codes", who=None)
    assert "FUNDING_SUM_MISMATCH" in {one["code"] for one in codes.json()["codes"]}
    clauses = await service.get("/v1/regulation/clauses", who=None)
    assert len(clauses.json()["clauses"]) == 154
    parameters = await service.get("/v1/policy/parameters", who=None, on="2022-01-01")
    values = {one["id"]: one["value"] for one in parameters.json()["parameters"]}
    assert values["P01"] == "100000.00"
    assert (await service.get("/v1/regulation/codes", who=None, county="110101")).status_code == 404
