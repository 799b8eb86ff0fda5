"""Selections of operators over HTTP (C4.7-05): in the open, with a reason; a contract is with the one who was selected."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_titles import confirmed, refused, write
from tests.api.bodies import VILLAGE, terms
from tests.api.contracts import Choice, decided
from tests.api.service import Service

SELECTIONS = "/v1/operator-selections"
OTHER = {"operator": "OP-2", "name": "杏干合作社"}


async def told(
    service: Service, path: str, body: dict[str, Any], who: str = "village"
) -> tuple[int, str, list[str]]:
    """What a write is answered: status, code, missing."""
    answer = await service.post(path, body, who)
    said = answer.json()
    return answer.status_code, said.get("code", ""), said.get("missing", [])


async def chosen(service: Service, asset: str, **changes: Any) -> Choice:
    """A village's choice, before anything of it is done."""
    it = Choice(service, asset, terms(**changes))
    it.owners = [VILLAGE]
    return it


@pytest.mark.clause("C4.7-05")
async def test_the_selected_one_signs_and_nobody_else(service: Service) -> None:
    """Refuses a contract of another operator than the one selected, and a procedure over such a text; signs the selected one's."""
    asset = await confirmed(service)
    it = await chosen(service, asset)
    it.terms["selection"] = await it.select()
    other = Choice(service, asset, it.terms | {"operator": OTHER})
    draft = {key: value for key, value in other.terms.items() if key not in {"signedOn", "decisionDocument"}}
    digest = {"kind": "operating_contract", "id": "L1", "content": {"asset": asset, "terms": draft}}
    subject = (await service.post("/v1/procedures/subjects/digest", digest, "village")).json()["subject"]
    opening = {
        "chain": "A9", "title": "选定经营主体", "subject": subject,
        "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE"},
        "parties": [{"role": "OWNER", "organization": VILLAGE}],
    }  # fmt: skip
    body = {"opening": opening, "by": await it.by(VILLAGE), "occurredOn": it.day}
    not_selected = (409, "OPERATOR_NOT_SELECTED", ["terms.operator"])
    assert await told(service, "/v1/procedures", body) == not_selected
    await it.open()
    await it.through()
    sold_on = {"terms": it.terms | {"operator": OTHER}, "procedure": it.code}
    assert await refused(service, asset, "leases", sold_on, "village") == not_selected
    unnamed = {"terms": terms(), "procedure": it.code}
    tried = await refused(service, asset, "leases", unnamed, "village")
    assert tried == (409, "OPERATOR_NOT_SELECTED", ["terms.selection"])
    unknown = {"terms": terms(selection="OS-nobody"), "procedure": it.code}
    assert (await refused(service, asset, "leases", unknown, "village"))[:2] == (422, "CODE_UNKNOWN")
    signed = await write(service, asset, "leases", {"terms": it.terms, "procedure": it.code}, "village")
    assert signed["resource"]["contracts"]["L1"]["terms"]["selection"] == it.terms["selection"]
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]["data"]
    assert stored["selected"]["operator"] == "OP-1"


@pytest.mark.clause("C4.7-05")
async def test_the_village_votes_once_the_operator_is_selected(service: Service) -> None:
    """Refuses the vote over a text that names no selection, and the step of choosing by anybody's word; the result takes it."""
    asset = await confirmed(service)
    it = Choice(service, asset, terms())
    await it.open("A9", selected=False)
    step = {"step": "SELECT", "by": await it.by(VILLAGE), "subjectSha256": it.sha256, "occurredOn": it.day}
    assert await told(service, f"/v1/procedures/{it.code}/steps", step) == (409, "STEP_TAKEN_BY_FACT", [])
    vote = step | {"step": "MEETING", "meeting": it.meeting()}
    vote.pop("occurredOn")
    tried = await told(service, f"/v1/procedures/{it.code}/meetings", vote)
    assert tried == (409, "OPERATOR_NOT_SELECTED", [VILLAGE])
    it.terms["selection"] = await it.select()
    amended = {
        "subject": await it.subject(),
        "by": await it.by(VILLAGE),
        "reason": "补选定",
        "occurredOn": it.day,
    }
    answer = await service.write(f"/v1/procedures/{it.code}/amendments", amended, "village")
    assert [one["type"] for one in answer["events"]] == ["procedure.amended", "procedure.step_taken_by_fact"]
    it.sha256 = amended["subject"]["sha256"]
    await it.take("MEETING")
    await write(service, asset, "leases", {"terms": it.terms, "procedure": it.code}, "village")


@pytest.mark.clause("C4.7-05")
async def test_one_candidate_is_enough_and_a_choice_is_among_those_who_came(service: Service) -> None:
    """Refuses a choice without a reason, of nobody who came, or a second one; shows what was published."""
    asset = await confirmed(service)
    it = await chosen(service, asset)
    code = await it.announce()
    path = f"{SELECTIONS}/{code}"
    result = {
        "bid": "B1", "reason": "唯一报名，条件符合公告", "publishedOn": it.day, "evidenceSha256": "d" * 64,
    }  # fmt: skip
    assert (await told(service, f"{path}/result", {"choice": result}))[:2] == (404, "NOT_FOUND")
    await it.bid(code, "B1", it.terms["operator"])
    unreasoned = {key: value for key, value in result.items() if key != "reason"}
    assert (await told(service, f"{path}/result", {"choice": unreasoned}))[:2] == (422, "FIELD_REQUIRED")
    await service.write(f"{path}/result", {"choice": result}, "village")
    late = {"bid": "B2", "bidder": OTHER, "receivedOn": "2021-09-03", "documentSha256": "e" * 64}
    await service.write(f"{path}/bids", {"bid": late}, "village")
    second = {"choice": result | {"bid": "B2", "publishedOn": "2021-09-03"}}
    assert (await told(service, f"{path}/result", second))[:2] == (409, "STEP_OUT_OF_ORDER")
    shown = (await service.read(path))["resource"]
    assert (shown["state"], shown["choice"]["reason"]) == ("SELECTED", "唯一报名，条件符合公告")
    assert sorted(shown["bids"]) == ["B1", "B2"]


@pytest.mark.clause("C4.7-05")
async def test_a_selection_is_given_up_and_used_once(service: Service) -> None:
    """Refuses a contract on a selection that was cancelled, and a renewal on the one of the contract before."""
    asset = await confirmed(service)
    it = await chosen(service, asset)
    it.terms["selection"] = dropped = await it.select()
    await it.open()
    await it.through()
    gone = {"reason": "中选主体放弃", "occurredOn": it.day}
    await service.write(f"{SELECTIONS}/{dropped}/cancellation", gone, "village")
    body = {"terms": it.terms, "procedure": it.code}
    tried = await refused(service, asset, "leases", body, "village")
    assert tried == (409, "OPERATOR_NOT_SELECTED", ["terms.selection"])
    first = await decided(service, asset, terms())
    await write(service, asset, "leases", first, "village")
    later = {"signedOn": "2024-08-20", "startsOn": "2024-09-02", "endsOn": "2025-09-01"}
    renewal = terms("L2", **later, selection=first["terms"]["selection"])
    tried = await refused(service, asset, "leases", await decided(service, asset, renewal), "village")
    assert tried == (409, "OPERATOR_NOT_SELECTED", ["terms.selection"])
    await write(service, asset, "leases", await decided(service, asset, terms("L2", **later)), "village")


@pytest.mark.clause("C4.7-05")
async def test_a_cadre_s_relative_is_warned_of_unless_the_cadre_keeps_out(service: Service) -> None:
    """Warns of a candidate that holds a post of the village, or declared a relative who does, unless that person was recused."""
    asset = await confirmed(service)
    it = await chosen(service, asset)
    cadre = await it.in_post(VILLAGE, "VILLAGE_DIRECTOR")
    clerk = await service.person(VILLAGE)

    async def warned_of(related: str, *recused: str) -> set[bool]:
        warned = set()
        for bidder, relatives in (
            (it.terms["operator"], [related]),
            ({"operator": related, "name": "核桃合作社"}, []),
        ):
            code = await it.announce()
            await it.bid(code, "B1", bidder, relatives=relatives)
            answer = await it.result(code, "B1", recused=list(recused))
            warned.add("CONFLICT_OF_INTEREST" in {one["code"] for one in answer["warnings"]})
        return warned

    assert await warned_of(cadre) == {True}
    assert await warned_of(cadre, clerk) == {True}
    assert await warned_of(cadre, cadre) == {False}
    assert await warned_of(clerk) == {False}
    post = f"/v1/organizations/{VILLAGE}/appointments/VILLAGE_DIRECTOR/{cadre}/ending"
    await service.write(post, {"until": "2021-08-31", "reason": "换届"}, "personnel")
    assert await warned_of(cadre) == {False}


@pytest.mark.clause("C4.7-05")
async def test_a_selection_is_the_owner_s_own(service: Service) -> None:
    """Refuses a selection by who does not own the asset, and another village's key at this one's."""
    asset = await confirmed(service)
    it = await chosen(service, asset)
    stranger = {"announcement": it.announcement(owner="653022202201")}
    assert await told(service, SELECTIONS, stranger, "second_village") == (409, "SIGNER_NOT_OWNER", [])
    code = await it.announce()
    bid = {"bid": "B1", "bidder": OTHER, "receivedOn": it.day, "documentSha256": "e" * 64}
    path = f"{SELECTIONS}/{code}/bids"
    assert (await told(service, path, {"bid": bid}, "second_village"))[1].startswith("FORBIDDEN")


@pytest.mark.clause("C4.7-05")
async def test_contract_brings_no_less_than_the_chosen_bid_offered(service: Service) -> None:
    """Of a bid of 30,000.00 a year a procedure over 29,999.99 is refused, and a change of the contract to that; 30,000.00 is signed."""
    asset = await confirmed(service)
    it = await chosen(service, asset, annualIncome="29999.99")
    code = await it.announce()
    await it.bid(code, "B1", it.terms["operator"], annualIncome="30000.00")
    await it.result(code, "B1")
    it.terms["selection"] = code
    subject = await it.subject()
    opening = {
        "chain": "A9", "title": "选定经营主体", "subject": subject,
        "case": {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE"},
        "parties": [{"role": "OWNER", "organization": VILLAGE}],
    }  # fmt: skip
    body = {"opening": opening, "by": await it.by(VILLAGE), "occurredOn": it.day}
    below = (409, "RENT_BELOW_BID", ["terms.annualIncome"])
    assert await told(service, "/v1/procedures", body) == below
    good = Choice(service, asset, it.terms | {"annualIncome": "30000.00"})
    await good.open()
    await good.through()
    signed = await write(service, asset, "leases", {"terms": good.terms, "procedure": good.code}, "village")
    (event,) = [one for one in signed["events"] if one["type"] == "asset.leased"]
    assert event
    (contract,) = signed["resource"]["contracts"].values()
    assert contract["terms"]["annualIncome"] == "30000.00"
