"""Chains that are led in a record of their own: each step is taken by that record's event, and no procedure stands beside it.

Money reconciled, ledgers sealed on a joint review, an official who leaves, a cost guarantee, a bookkeeping agent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from domain.procedure.subject import digest_of
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.departing import Departure, departure, kept_asset
from tests.api.income.decided import open_account
from tests.api.income.incomes import earning
from tests.api.income.test_guarantees import PATH as GUARANTEES, approved, covered, declared, verified
from tests.api.organization.test_bookkeeping import company, engagement, path as agent_path
from tests.api.procedure.test_facts import BY_HAND, KEYS, OWN_RECORDS, ROLES, chains
from tests.api.service import Service, new_code
from tests.clauses.test_funds import allocate, allocation, build, compare
from tests.clauses.test_seals import DEPARTMENTS, Reviewing, owned
from tests.contract import contract, document

Heard = list[tuple[str, list[str]]]
"""What was written, in its order: the operation, and the types of the events that it recorded."""


@asynccontextmanager
async def heard(service: Service) -> AsyncIterator[Heard]:
    """Everything that is written through the service meanwhile."""
    found: Heard = []

    async def listen(response: httpx.Response) -> None:
        if response.request.method != "POST" or response.status_code != 201:
            return
        await response.aread()
        events = [one["type"] for one in response.json().get("events", ())]
        found.append((operation_of(response.request.url.path), events))

    hooks = service.http.event_hooks
    service.http.event_hooks = {**hooks, "response": [*hooks["response"], listen]}
    try:
        yield found
    finally:
        service.http.event_hooks = hooks


def operation_of(path: str) -> str:
    """The operation that a path was sent to."""
    pointer = contract().operation("POST", None, path)
    assert pointer is not None, path
    _, _, template, method = pointer.split("/")
    return str(document()["paths"][template.replace("~1", "/").replace("~0", "~")][method]["operationId"])


# ---- the matters, from their beginning to their end -------------------------------------------------------------------


async def funds_agree(service: Service) -> None:
    await allocate(service, allocation("880000.00", 2014))
    await build(service, "880000.00", 2014)
    path = f"/v1/fund-reconciliations/{TOWNSHIP}/2014"
    await compare(service, 2014)
    await service.write(f"{path}/push", {}, "finance")
    await service.write(f"{path}/report", {"documentNo": "陶财函〔2022〕1号"}, "finance")


async def county_is_reviewed(service: Service) -> None:
    await owned(service)
    review = Reviewing(service, 2021)
    await review.open()
    await review.settle_all((await review.check())["openExceptions"])
    for department in DEPARTMENTS:
        assert (await review.sign(department)).status_code == 201
    await service.write(f"{review.path}/seal", {}, "office")


async def cleared(service: Service, leaving: Departure) -> None:
    path = f"/v1/clearances/{leaving.outgoing}"
    await service.write(path, {"issuedBy": "COUNTY_GOV"}, "personnel")


async def responsible_person_leaves(service: Service) -> None:
    leaving = await departure(service, 0)
    leaving.assets = [await kept_asset(service, leaving.outgoing, "RESPONSIBLE")]
    await leaving.open("RESPONSIBLE")
    ordered = {"auditorOrganization": "AUDIT", "documentNo": "审委1号"}
    await service.write(f"{leaving.path}/audit-order", ordered, "personnel")
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    audit = {
        "auditor": await service.person("AUDIT"), "auditorOrganization": "AUDIT", "cutOff": "2023-01-31",
        "opinion": "无保留意见", "reportNo": "审〔2023〕1号",
    }  # fmt: skip
    await service.write(f"{leaving.path}/audit", {"audit": audit}, "auditor")
    await service.write(f"{leaving.path}/completion", {})
    await cleared(service, leaving)


async def manager_leaves(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.hand_over()
    await cleared(service, leaving)


async def county_stands_in(service: Service) -> None:
    village = "653022202205"
    life = await earning(service, village)
    await open_account(service, village, "500.00")
    asset = life.path.rpartition("/")[2]
    told = await service.write(GUARANTEES, declared(village, asset, "3333.33"), "clerk")
    path = f"{GUARANTEES}/{told['id']}"
    await service.write(f"{path}/verification", verified(), "approver")
    await service.write(f"{path}/approval", approved("2833.33"), "finance")
    await service.write(f"{path}/payments", covered("C1", "2833.33"), "finance")


async def agent_is_appointed(service: Service) -> None:
    agent = await company(service)
    await service.write(agent_path(), engagement(agent), "village")


MATTERS: dict[str, Callable[[Service], Awaitable[None]]] = {
    "A3": funds_agree,
    "A4": county_is_reviewed,
    "A15": responsible_person_leaves,
    "A16": manager_leaves,
    "A18": county_stands_in,
    "A19": agent_is_appointed,
}


@pytest.mark.clause("C4.4-03", "C4.4-04", "C4.10-09", "C4.10-10", "C4.10-08", "C4.7-04")
@pytest.mark.parametrize("chain", OWN_RECORDS)
async def test_every_fact_of_a_chain_with_its_own_record_is_taken_by_the_operation_that_the_table_names(
    service: Service, chain: str
) -> None:
    """Takes each step of what has a record of its own by that record's event and its operation, in the chain's order, and by nothing else."""
    steps = (await chains(service))[chain]
    facts = {code: step for code, step in steps.items() if step["kind"] == "FACT"}
    assert tuple(facts) == BY_HAND[chain]
    async with heard(service) as written:
        await MATTERS[chain](service)
    taken: dict[str, int] = {}
    for number, (operation, events) in enumerate(written):
        for code, step in facts.items():
            if set(step["facts"]) & set(events):
                assert operation in step["operations"], (code, operation)
                taken.setdefault(code, number)
    assert set(taken) == set(facts)
    for code, step in facts.items():
        for needed in step["needs"]:
            assert taken.get(needed, -1) <= taken[code], (code, needed)


@pytest.mark.clause("C4.4-03", "C4.4-04", "C4.10-09", "C4.10-10", "C4.10-08", "C4.7-04")
@pytest.mark.parametrize("chain", OWN_RECORDS)
async def test_no_procedure_is_opened_beside_a_record_of_its_own(service: Service, chain: str) -> None:
    """Refuses a procedure over what has a record of its own, whoever opens it: its steps would be a second truth."""
    rows = (await service.read("/v1/regulation/tables/chains"))["rows"]
    assert {one["code"]: one["ownRecord"] for one in rows if one.get("ownRecord")} == OWN_RECORDS
    content = {"plan": new_code()}
    opening: dict[str, Any] = {
        "chain": chain,
        "title": "另行办理",
        "subject": {"kind": "plan", "id": "A-1", "sha256": digest_of(content), "content": content},
        "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE", "assetType": "WORKSHOP"},
        "parties": [{"role": role, "organization": one} for role, one in ROLES],
    }
    for unit in (VILLAGE, TOWNSHIP, "FINANCE", "AGRICULTURE"):
        by = {"organization": unit, "person": await service.person(unit)}
        body = {"opening": opening, "by": by, "occurredOn": "2022-03-01"}
        answer = await service.post("/v1/procedures", body, KEYS[unit])
        told = answer.json()
        assert (answer.status_code, told["code"]) == (409, "CHAIN_HAS_OWN_RECORD"), unit
        assert told["clause"] in {"C4.4-03", "C4.4-04", "C4.10-09", "C4.10-10", "C4.10-08", "C4.7-04"}
