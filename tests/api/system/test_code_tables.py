"""The county's tables over HTTP: every list that a request's code stands in, and the link from a refusal to it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.regulation.code_tables import CODE_TABLES
from domain.regulation.tables import TABLES
from domain.values import Listed
from service.api.openapi import documents
from service.api.system.tables import BODIES
from tests.api.bodies import road
from tests.api.plausible import Place, body_of, first_code, first_version, listed_fields, write_routes
from tests.api.service import COUNTY, KEYS, Service, running
from tests.examples import regulation_where

ON = "2021-08-10"
OUTSIDE = "NO_SUCH_CODE"

FIELDS = [
    pytest.param(path, model, place, mark, id=f"{path} {'.'.join(map(str, place))}")
    for path, model, _ in write_routes()
    for place, mark in listed_fields(model)
    if mark.closed
]
"""Every field of a request whose code has to stand in a table."""


async def table(service: Service, name: str, **query: Any) -> dict[str, Any]:
    answer = await service.get(f"/v1/regulation/tables/{name}", None, **query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def codes_of(service: Service, name: str, **query: Any) -> set[str]:
    body = await table(service, name, **query)
    return {row[body["key"]] for row in body["rows"]}


async def sent(service: Service, path: str, model: Any, place: Place, code: str) -> httpx.Response:
    """The request by the first credential whose role may make it, on things that there are not."""
    dated = "on" if "on" in model.model_fields else "occurredOn"
    body = body_of(model, place, code) | {dated: ON}
    target = re.sub(r"\{[^}]+\}", "X-1", path)
    for who in KEYS:
        answer = await service.post(target, body, who, version=first_version(path))
        if answer.json().get("code") not in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}:
            return answer
    raise AssertionError(path)


def spelled(place: Place) -> str:
    """A place as refusals write it: `card.fundingLines[0].source`."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place)[1:]


async def founded(service: Service) -> None:
    """The person and the asset that made-up bodies name."""
    card = {"name": "张三", "organization": "653022202000"}
    await service.post("/v1/persons", {"person": "P-1", "card": card}, "personnel")
    await service.post("/v1/assets", {"asset": "A-1", "card": road()})


@pytest.mark.parametrize(("path", "model", "place", "mark"), FIELDS)
async def test_code_outside_its_table_is_refused_with_a_link_to_the_table(
    service: Service, path: str, model: Any, place: Place, mark: Listed
) -> None:
    await founded(service)
    before = await service.head()
    answer = await sent(service, path, model, place, OUTSIDE)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, CODE_TABLES[mark.table].refusal), answer.text
    assert OUTSIDE in problem["detail"]
    link = f"/v1/regulation/tables/{mark.table}?county={COUNTY}&on={ON}"
    assert problem["table"] == link
    linked = await service.http.get(link)
    assert linked.status_code == 200
    assert OUTSIDE not in {row[linked.json()["key"]] for row in linked.json()["rows"]}
    assert await service.head() == before


@pytest.mark.parametrize(("path", "model", "place", "mark"), FIELDS)
async def test_code_of_its_table_is_not_refused_for_the_table(
    service: Service, path: str, model: Any, place: Place, mark: Listed
) -> None:
    await founded(service)
    codes = sorted(await codes_of(service, mark.table, on=ON))
    for code in (codes[0], codes[-1]):
        answer = await sent(service, path, model, place, code)
        assert "table" not in answer.json(), answer.text


def test_walk_finds_the_fields_that_have_a_table() -> None:
    found = {spelled(param.values[2]) for param in FIELDS}  # type: ignore[arg-type]  # values are in this order
    assert {
        "card.assetClass",
        "card.subclass",
        "card.assetType",
        "card.unitOfMeasure",
        "card.fundingLines[0].source",
        "terms.mode",
        "entry.system",
        "kind",
        "herdChange.kind",
        "distribution.lines[0].use",
        "violation.kind",
        "rule.topic",
        "opening.chain",
        "opening.case.assetType",
        "opening.case.projectScope",
    } <= found


LISTS_BY_HAND = {
    "risk-kinds": {"IDLE", "WASTED", "LOST", "DAMAGED", "TITLE_UNCLEAR"},
    "asset-classes": {"PUBLIC_WELFARE", "OPERATING", "HOUSEHOLD"},
    "project-scopes": {"SINGLE_VILLAGE", "JOINT_VILLAGE", "CROSS_VILLAGE", "OTHER"},
    "herd-changes": {"BIRTH", "DEATH", "SALE", "PURCHASE", "CULL"},
    "chains": {f"A{number}" for number in range(1, 20)} | {"A14s"},
    "violations": {
        "FALSE_CLAIM", "WITHHOLD_SPLIT", "EMBEZZLE_MISUSE", "OCCUPY_EXTRACT",
        "DAMAGE", "SQUANDER", "ILLEGAL_OCCUPATION", "ILLEGAL_DISPOSAL",
    },
    "roles": {"ADMIN", "REGISTRAR", "APPROVER", "PERSONNEL", "LOG_AUDITOR", "OFFICE", "AUDITOR", "OPERATOR", "READER"},
    "subjects": {"asset_title", "operating_contract", "asset_disposal", "proceeds_allocation"},
}  # fmt: skip
"""Codes as the regulation and this service's documents count them."""


@pytest.mark.parametrize("name", sorted(LISTS_BY_HAND))
async def test_table_has_the_codes_of_the_document(service: Service, name: str) -> None:
    assert await codes_of(service, name) == LISTS_BY_HAND[name]


async def test_every_table_of_the_county_is_listed_and_can_be_read(service: Service) -> None:
    index = await service.read("/v1/regulation/tables", None, on=ON)
    listed = {one["table"]: one for one in index["tables"]}
    assert set(listed) == {*BODIES, "parameters"}
    assert {one.source for one in CODE_TABLES.values()} | {"parameters.parameter"} == set(TABLES)
    for name, one in listed.items():
        answer = await service.http.get(one["href"])
        assert answer.status_code == 200, answer.text
        rows = answer.json()["parameters" if name == "parameters" else "rows"]
        assert len(rows) == one["rows"]


async def test_unknown_table_is_not_found(service: Service) -> None:
    answer = await service.get("/v1/regulation/tables/no-such-table", None)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_chain_steps_name_the_operations_that_take_them(service: Service) -> None:
    (chain,) = [row for row in (await table(service, "chains"))["rows"] if row["code"] == "A5"]
    steps = {step["code"]: (step["kind"], step["operations"]) for step in chain["steps"]}
    assert steps["NOTICE"] == ("NOTICE", ["post_notice", "complete_notice"])
    assert ("MEETING", ["hold_meeting"]) in steps.values()
    described = json.loads(documents()["http-api.json"])
    actions = {
        operation["operationId"]: operation.get("x-action")
        for operations in described["paths"].values()
        for operation in operations.values()
    }
    assert steps["CERTIFICATES"] == ("FACT", ["issue_ownership_certificate"])
    taken = {one for kind, operations in steps.values() if kind != "FACT" for one in operations}
    assert {actions[one] for one in taken} == {"procedure.act"}
    assert actions["issue_ownership_certificate"] == "asset.certify_share"


async def test_what_no_decision_reads_yet_is_said_at_its_table(service: Service) -> None:
    guards = await table(service, "life-cycle-guards")
    assert {one["column"] for one in guards["notInEffect"]} == {"actions"}
    assert (await table(service, "disposal-routes"))["notInEffect"] == []
    assert (await table(service, "risk-kinds"))["notInEffect"] == []
    assert (await table(service, "pv-income-uses"))["notInEffect"] == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other_rules(module_database_url: str) -> AsyncIterator[Service]:
    """A county that calls PROCESSING otherwise."""
    regulations = {COUNTY: regulation_where("asset_types.type", ("PROCESSING",), zh="食品加工")}
    async with running(module_database_url, regulations=regulations) as service:
        yield service


async def test_rows_are_those_of_the_county_at_hand(other_rules: Service) -> None:
    rows = {row["code"]: row["zh"] for row in (await table(other_rules, "asset-types"))["rows"]}
    assert rows["PROCESSING"] == "食品加工"


async def test_chain_table_of_a_day_before_the_first_version_is_that_of_the_first(service: Service) -> None:
    early = await table(service, "chains", on="2016-01-01")
    assert early["rows"] == (await table(service, "chains", on="2021-06-17"))["rows"]


def test_first_code_stands_for_a_table() -> None:
    assert first_code("risk-kinds") == "IDLE"
