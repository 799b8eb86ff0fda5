"""Bookkeeping agents over HTTP (四(七)): who may have one, by procurement; it enters data for its principal and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_titles import confirmed, refused, write
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.service import Service, new_code

OTHER = "653022202201"


async def company(service: Service) -> str:
    """A company with a key of its own that reaches the township."""
    code = new_code("JZ")
    card = {"name": "某财务公司", "kind": "COMPANY", "validFrom": "2015-01-01"}
    await service.write("/v1/organizations", {"organization": code, "card": card}, "admin")
    body = {
        "label": "代理记账",
        "organization": code,
        "organizationKind": "COMPANY",
        "roles": ["REGISTRAR"],
        "divisions": [TOWNSHIP],
        "expiresAt": "2027-06-30T00:00:00+08:00",
    }
    made = await service.write("/v1/keys", body, "admin")
    service.tokens[code] = made["resource"]["token"] if "resource" in made else made["token"]
    return code


def engagement(agent: str, **changes: Any) -> dict[str, Any]:
    told = {
        "agent": agent,
        "principalKind": "VILLAGE_COLLECTIVE",
        "since": "2022-01-01",
        "until": "2099-12-31",
        "procurementNo": "采购〔2022〕1号",
    }
    return {"engagement": {name: one for name, one in (told | changes).items() if one is not None}}


def path(unit: str = VILLAGE) -> str:
    return f"/v1/organizations/{unit}/bookkeeping-agent"


async def tried(service: Service, unit: str, body: dict[str, Any], who: str) -> tuple[int, str, str | None]:
    answer = await service.post(path(unit), body, who)
    told = answer.json()
    return answer.status_code, told.get("code", ""), told.get("clause")


@pytest.mark.clause("C4.7-14")
async def test_only_collectives_cooperatives_and_state_investors_have_an_agent(service: Service) -> None:
    """Refuses an agent to a department and a township, whatever they call themselves, and takes a village collective's."""
    agent = await company(service)
    for unit, who, kind in (
        ("COMMERCE", "commerce", "DEPARTMENT"),
        ("COMMERCE", "commerce", "VILLAGE_COLLECTIVE"),
        (TOWNSHIP, "clerk", "COOPERATIVE"),
        (VILLAGE, "village", "STATE_INVESTMENT_COMPANY"),
    ):
        assert await tried(service, unit, engagement(agent, principalKind=kind), who) == (
            409,
            "AGENT_PRINCIPAL_NOT_ALLOWED",
            "C4.7-14",
        )
    own = engagement((await company(service)), principalKind="COOPERATIVE")
    assert (await tried(service, agent, own, agent))[0] == 201
    await ended(service)
    assert (await tried(service, VILLAGE, engagement(agent), "village"))[0] == 201
    await ended(service)


async def ended(service: Service) -> None:
    """No agent keeps the village's books from today on."""
    now = (await service.read(f"/v1/organizations/{VILLAGE}"))["resource"]
    for code, one in now["bookkeepers"].items():
        if one["until"] == "2099-12-31":
            body = {"agent": code, "lastDay": one["since"], "reason": "合同终止"}
            await service.write(f"{path()}/dismissal", body, "village")


@pytest.mark.clause("C4.7-04", "C4.7-14")
async def test_an_agent_is_procured_and_enters_data_for_its_principal_alone(service: Service) -> None:
    """Refuses an appointment without procurement or by another unit; an agent books for its village, marked, until its last day, and approves nothing."""
    agent = await company(service)
    given = engagement(agent, since="2022-01-02")
    bare = engagement(agent, procurementNo=None)
    assert await tried(service, VILLAGE, bare, "village") == (409, "PROCUREMENT_REQUIRED", "C4.7-04")
    assert (await tried(service, VILLAGE, engagement("COMMERCE"), "village"))[:2] == (422, "FIELD_INVALID")
    for who in ("second_village", "clerk", agent):
        assert (await tried(service, VILLAGE, given, who))[0] == 403, who
    asset = await confirmed(service)
    booking = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记-1", "bookedOn": "2022-02-01"}
    body = {"booking": booking}
    assert (await refused(service, asset, "bookings", body, agent))[:2] == (403, "FORBIDDEN")
    await service.write(path(), given, "village")
    second = engagement(await company(service), since="2022-06-01")
    assert (await tried(service, VILLAGE, second, "village"))[:2] == (409, "ALREADY_EXISTS")
    answer = await write(service, asset, "bookings", body, agent)
    assert "RECORDED_ON_BEHALF" in {one["code"] for one in answer["warnings"]}
    approval = {
        "approval": {
            "approver": agent, "approverLevel": agent, "documentNo": "批1号", "approvedOn": "2022-03-01",
        }
    }  # fmt: skip
    assert (await refused(service, asset, "disposals/D1/approval", approval, agent))[0] == 403
    await ended(service)
    other = await confirmed(service)
    assert (await refused(service, other, "bookings", body, agent))[:2] == (403, "FORBIDDEN")
