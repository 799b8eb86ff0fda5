"""Disposals over HTTP rest on their procedure: over this very proposal, decided by the owners, each step in the chain's order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from domain.regulation import Regulation
from tests.api.asset.test_disposal_rules import appraisal, in_house, publication
from tests.api.asset.test_parties import shared
from tests.api.asset.test_titles import SECOND, confirmed, refused, registered, write
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, transfer
from tests.api.disposals import Parting, parting
from tests.api.service import COUNTY, Service, running
from tests.examples import regulation_where

ON = "2023-05-01"
PROPOSAL = {"disposal": "D1", "kind": "AUCTION", "reason": "长期闲置"}


def forwarding(level: str = "TOWNSHIP") -> dict[str, Any]:
    return {"level": level, "opinion": "同意", "occurredOn": "2023-05-16"}


def approval(level: str = "COUNTY_GOV", unit: str | None = None) -> dict[str, Any]:
    told = {
        "approver": unit or level,
        "approverLevel": level,
        "documentNo": "批1号",
        "approvedOn": "2023-05-20",
    }
    return {"approval": told}


SALE = {
    "sale": {"disposedOn": "2023-07-01", "price": "150000.00", "buyer": "买受人", "documentNo": "成交1号"}
}
PROCEEDS = {"amount": "150000.00", "receivedOn": "2023-07-05", "voucherNo": "收-9"}


async def small(service: Service, worth: str = "50000.00") -> str:
    """A village's asset of little book value."""
    lines = [{"source": "FISCAL_DEV", "amount": worth, "allocatedOn": "2020-12-01"}]
    asset = await registered(service, card(originalValue=worth, fundingLines=lines))
    await write(service, asset, "transfers", {"transfer": transfer()}, "clerk")
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    taken = {"receiver": VILLAGE, "items": items, "occurredOn": "2021-08-02"}
    await write(service, asset, "transfers/T1/acceptances", taken, "clerk")
    await write(service, asset, "transfers/T1/completion", {"occurredOn": "2021-08-03"}, "clerk")
    owned = {"confirmation": confirmation(worth), "occurredOn": "2021-08-10"}
    await write(service, asset, "ownership-confirmations", owned, "office")
    return asset


async def put(service: Service, asset: str, chain: str = "A14", *, vote: bool = True, **case: str) -> Parting:
    """Proposed by its procedure."""
    it = await parting(service, asset, PROPOSAL, ON, chain, **case)
    await write(service, asset, "disposals", it.body, "clerk")
    if vote:
        await it.take("DECISION")
    return it


async def shown(service: Service, asset: str, value: str = "150000.00") -> None:
    """Appraised, and published at the village."""
    await write(service, asset, "disposals/D1/appraisals", appraisal(value), "clerk")
    await write(service, asset, "disposals/D1/publications", publication(), "clerk")


@pytest.mark.clause("C4.12-02")
async def test_a_typed_number_is_no_decision_on_a_disposal(service: Service) -> None:
    """Refuses a proposal without its procedure, whatever document number is typed; takes it by the procedure over it."""
    asset = await confirmed(service)
    typed = {"proposal": PROPOSAL | {"decisionDocument": "村代会〔2023〕3号"}, "occurredOn": ON}
    lacking = (409, "DECISION_REQUIRED", ["procedure"])
    assert await refused(service, asset, "disposals", typed, "clerk") == lacking
    it = await parting(service, asset, PROPOSAL, ON)
    answer = await write(service, asset, "disposals", it.body, "clerk")
    assert [one["type"] for one in answer["events"]] == [
        "asset.disposal_proposed",
        "procedure.step_taken_by_fact",
    ]
    now = answer["resource"]["disposals"]["D1"]
    assert (now["procedure"], now["chain"], now["state"]) == (it.code, "A14", "PROPOSED")


@pytest.mark.clause("C4.12-05")
async def test_a_disposal_is_the_one_that_its_procedure_is_over(service: Service) -> None:
    """Refuses another text by a word, another asset's procedure, one that is withdrawn, and one that there is not."""
    asset, other = await confirmed(service), await confirmed(service)
    it, elsewhere = await parting(service, asset, PROPOSAL, ON), await parting(service, other, PROPOSAL, ON)
    for body in (
        it.body | {"proposal": PROPOSAL | {"reason": "长期闲置。"}},
        it.body | {"proposal": PROPOSAL | {"kind": "SCRAP"}},
        it.body | {"procedure": elsewhere.code},
    ):
        tried = await refused(service, asset, "disposals", body, "clerk")
        assert tried == (409, "PLAN_HASH_MISMATCH", ["procedure"])
    tried = await refused(service, asset, "disposals", it.body | {"procedure": "PR-NONE"}, "clerk")
    assert tried[:2] == (422, "CODE_UNKNOWN")
    gone = {"by": await it.by(VILLAGE), "reason": "不办了", "occurredOn": ON}
    await service.write(f"/v1/procedures/{it.code}/withdrawal", gone, "village")
    tried = await refused(service, asset, "disposals", it.body, "clerk")
    assert tried[:2] == (409, "STEP_OUT_OF_ORDER")


@pytest.mark.clause("C4.12-05")
async def test_a_village_votes_before_its_disposal_is_approved(service: Service) -> None:
    """Refuses the approval before the village has voted, and the procedure of a department, which asks for no vote."""
    asset = await confirmed(service)
    it = await put(service, asset, vote=False)
    await shown(service, asset)
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(service, asset, "disposals/D1/forwardings", forwarding(level), who)
    lacking = (409, "DECISION_REQUIRED", ["DECISION"])
    assert await refused(service, asset, "disposals/D1/approval", approval(), "county") == lacking
    await it.take("DECISION")
    await write(service, asset, "disposals/D1/approval", approval(), "county")
    disguised = await confirmed(service)
    await put(service, disguised, vote=False, ownerKind="DEPARTMENT")
    await shown(service, disguised)
    assert (await refused(service, disguised, "disposals/D1/approval", approval(), "county"))[:2] == lacking[
        :2
    ]


@pytest.mark.clause("C4.12-05")
async def test_a_disposal_goes_level_by_level_and_each_fact_takes_its_step(service: Service) -> None:
    """Refuses what is sent straight to the county, and an approval by the township; every fact stands in the procedure."""
    asset = await confirmed(service)
    it = await put(service, asset)
    tried = await refused(service, asset, "disposals/D1/execution", SALE, "clerk")
    assert tried == (409, "APPRAISAL_REQUIRED", ["appraisal"])
    await shown(service, asset)
    tried = await refused(service, asset, "disposals/D1/approval", approval(), "county")
    assert tried == (409, "STEP_OUT_OF_ORDER", ["TOWNSHIP", "AGRICULTURE"])
    tried = await refused(
        service, asset, "disposals/D1/forwardings", forwarding("AGRICULTURE"), "agriculture"
    )
    assert tried == (409, "STEP_OUT_OF_ORDER", ["TOWNSHIP"])
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(service, asset, "disposals/D1/forwardings", forwarding(level), who)
    too_low = approval("TOWNSHIP", TOWNSHIP)
    tried = await refused(service, asset, "disposals/D1/approval", too_low, "approver")
    assert tried[:2] == (409, "APPROVAL_LEVEL_TOO_LOW")
    tried = await refused(service, asset, "disposals/D1/execution", SALE, "clerk")
    assert tried == (409, "APPROVAL_REQUIRED", ["approval"])
    await write(service, asset, "disposals/D1/approval", approval(), "county")
    below = {"sale": SALE["sale"] | {"price": "149999.99"}}
    tried = await refused(service, asset, "disposals/D1/execution", below, "clerk")
    assert tried[:2] == (409, "PRICE_BELOW_APPRAISAL")
    await write(service, asset, "disposals/D1/execution", SALE, "clerk")
    await write(service, asset, "disposals/D1/proceeds", PROCEEDS, "clerk")
    procedure = (await service.read(f"/v1/procedures/{it.code}"))["resource"]
    assert procedure["state"] == "COMPLETED"
    assert {
        step: {unit: one["fact"] for unit, one in units.items()}
        for step, units in procedure["done"].items()
        if step != "DECISION"
    } == {
        "PROPOSE": {VILLAGE: "asset.disposal_proposed"},
        "APPRAISE": {VILLAGE: "asset.appraisal_recorded"},
        "PUBLISH": {VILLAGE: "asset.appraisal_published"},
        "FORWARD": {TOWNSHIP: "asset.disposal_forwarded", "AGRICULTURE": "asset.disposal_forwarded"},
        "APPROVE": {"COUNTY_GOV": "asset.disposal_approved"},
        "DISPOSE": {VILLAGE: "asset.disposed"},
        "PROCEEDS": {VILLAGE: "asset.disposal_proceeds_received"},
    }


@pytest.mark.clause("C4.12-05", "C4.12-02")
async def test_a_small_disposal_is_no_way_for_a_large_one(service: Service) -> None:
    """Refuses A14s from 100,000.00 yuan on, by net value at once and by the appraisal before it goes on; takes 99,999.99."""
    large = await confirmed(service)
    it = await parting(service, large, PROPOSAL, ON, "A14s")
    tried = await refused(service, large, "disposals", it.body, "clerk")
    assert tried == (409, "DECISION_REQUIRED", ["A14"])
    for value, enough in (("99999.99", True), ("100000.00", False), ("100000.01", False)):
        asset = await small(service)
        await put(service, asset, "A14s")
        unseen = approval("TOWNSHIP", TOWNSHIP)
        tried = await refused(service, asset, "disposals/D1/approval", unseen, "approver")
        assert tried == (409, "APPRAISAL_REQUIRED", ["appraisal"])
        await shown(service, asset, value)
        reply = approval("TOWNSHIP", TOWNSHIP)
        if enough:
            await write(service, asset, "disposals/D1/approval", reply, "approver")
            continue
        tried = await refused(service, asset, "disposals/D1/forwardings", forwarding(), "approver")
        assert tried == (409, "DECISION_REQUIRED", ["A14"])
        tried = await refused(service, asset, "disposals/D1/approval", reply, "approver")
        assert tried[:2] == (409, "STEP_OUT_OF_ORDER")


@pytest.mark.clause("C4.12-02")
async def test_a_small_disposal_is_filed_after_its_approval(service: Service) -> None:
    """Below the limit the township approves and the village files it with the agriculture bureau: refuses the filing before, and is not through without it."""
    asset = await small(service)
    it = await put(service, asset, "A14s")
    await shown(service, asset, "60000.00")
    filing = {
        "step": "FILE",
        "by": await it.by(VILLAGE),
        "subjectSha256": it.sha256,
        "occurredOn": "2023-05-21",
    }
    path = f"/v1/procedures/{it.code}"
    answer = await service.post(f"{path}/filings", filing, "village")
    assert (answer.status_code, answer.json()["code"]) == (409, "APPROVAL_REQUIRED")
    await write(service, asset, "disposals/D1/approval", approval("TOWNSHIP", TOWNSHIP), "approver")
    await write(service, asset, "disposals/D1/execution", SALE, "clerk")
    await write(service, asset, "disposals/D1/proceeds", PROCEEDS, "clerk")
    now = (await service.read(path))["resource"]
    assert (now["state"], [(one["step"], one["units"]) for one in now["due"]]) == (
        "OPEN",
        [("FILE", [VILLAGE])],
    )
    await service.write(f"{path}/filings", filing, "village")
    now = (await service.read(path))["resource"]
    assert (now["state"], now["filings"]["FILE"][VILLAGE]["addressee"]) == ("COMPLETED", "AGRICULTURE")


@pytest.mark.clause("C4.12-05")
async def test_owners_of_two_thirds_decide_on_a_shared_asset(service: Service) -> None:
    """Refuses the approval of what one owner of six tenths decided on alone; takes it once both have voted."""
    asset = await shared(service)
    alone = await parting(service, asset, PROPOSAL, ON)
    alone.owners = [VILLAGE]
    await alone.open(owners=[VILLAGE])
    await write(service, asset, "disposals", alone.body, "clerk")
    await alone.take("DECISION")
    await shown(service, asset)
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(service, asset, "disposals/D1/forwardings", forwarding(level), who)
    tried = await refused(service, asset, "disposals/D1/approval", approval(), "county")
    assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", [SECOND])
    withdrawn = {"outcome": "WITHDRAWN", "reason": "改由两村决定", "occurredOn": "2023-05-20"}
    await write(service, asset, "disposals/D1/closing", withdrawn, "clerk")
    again = PROPOSAL | {"disposal": "D2"}
    both = await parting(service, asset, again, "2023-05-20")
    await write(service, asset, "disposals", both.body, "clerk")
    await both.take("DECISION")
    later = {name: one for name, one in publication().items() if name != "publication"}
    hung = publication()["publication"] | {"publishedOn": "2023-05-21"}
    told = appraisal()["appraisal"]
    await write(
        service,
        asset,
        "disposals/D2/appraisals",
        {"appraisal": told, "occurredOn": "2023-05-20"},
        "clerk",
    )
    await write(service, asset, "disposals/D2/publications", later | {"publication": hung}, "clerk")
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        body = forwarding(level) | {"occurredOn": "2023-05-22"}
        await write(service, asset, "disposals/D2/forwardings", body, who)
    reply = approval()["approval"] | {"approvedOn": "2023-05-23"}
    await write(service, asset, "disposals/D2/approval", {"approval": reply}, "county")


async def test_a_disposal_of_before_the_regulation_comes_in_by_the_door_of_history(service: Service) -> None:
    """Carried out on the last day before it: by the asset office alone, what it lacked as findings; from the first day on by procedure."""
    asset = await confirmed(service)

    def sold(on: str) -> dict[str, Any]:
        told = {"proposal": PROPOSAL, "sale": SALE["sale"] | {"disposedOn": on}}
        return told | {"provenance": "村级档案"}

    noun = "historical-disposals"
    tried = await refused(service, asset, noun, sold("2021-06-17"), "office")
    assert tried == (409, "DECISION_REQUIRED", ["procedure"])
    assert (await refused(service, asset, noun, sold("2021-06-16"), "clerk"))[0] == 403
    await write(service, asset, noun, sold("2021-06-16"), "office")
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"]
    (event,) = [one for one in stored if one["type"] == "asset.disposed"]
    assert event["basis"]["provenance"] == "村级档案"
    assert {one["code"] for one in event["basis"]["findings"]} >= {
        "DECISION_REQUIRED",
        "APPRAISAL_REQUIRED",
        "APPRAISAL_NOT_PUBLISHED",
        "APPROVAL_REQUIRED",
    }


# ---- the rows decide: another county's A14 -----------------------------------------------------------------------------


def steps(**changes: dict[str, Any] | None) -> Regulation:
    """The county with other steps in its A14: a step's row said otherwise, or left out."""
    (row,) = [
        one for one in regulation_where("chains.chain", ("A14",)).rows["chains.chain"] if one.code == "A14"
    ]
    made = []
    for step in row.model_dump(by_alias=False)["steps"]:
        change = changes.get(step["code"], {})
        if change is not None:
            needs = tuple(one for one in step["needs"] if changes.get(one, {}) is not None)
            made.append(step | {"needs": needs} | change)
    return regulation_where("chains.chain", ("A14",), steps=tuple(made))


@pytest_asyncio.fixture(loop_scope="module")
async def otherwise(module_database_url: str, service: Service) -> AsyncIterator[Any]:
    """Opens the same county under other rules."""
    async with AsyncExitStack() as stack:

        async def under(rules: Regulation) -> Service:
            return await stack.enter_async_context(running(module_database_url, regulations={COUNTY: rules}))

        yield under


@pytest.mark.clause("C4.12-05")
async def test_a_county_that_asks_for_no_appraisal_is_followed(service: Service, otherwise: Any) -> None:
    """Without appraisal and publication in its A14 a disposal goes from the vote to the levels; with them it does not."""
    there = await otherwise(steps(APPRAISE=None, PUBLISH=None))
    for where, free in ((service, False), (there, True)):
        asset = await confirmed(where)
        await put(where, asset)
        if not free:
            tried = await refused(where, asset, "disposals/D1/forwardings", forwarding(), "approver")
            assert tried[:2] == (409, "APPRAISAL_REQUIRED")
            continue
        for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
            await write(where, asset, "disposals/D1/forwardings", forwarding(level), who)
        await write(where, asset, "disposals/D1/approval", approval(), "county")
        await write(where, asset, "disposals/D1/execution", SALE, "clerk")


@pytest.mark.clause("C4.12-05")
async def test_a_county_where_two_offices_approve_is_followed(otherwise: Any) -> None:
    """Both have to approve, in any order: refuses the sale after the first, and another approver, the county government too."""
    both = {"by": None, "all_of": ("AGRICULTURE", "FINANCE")}
    there = await otherwise(steps(APPROVE=both))
    asset = await confirmed(there)
    await put(there, asset)
    await shown(there, asset)
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(there, asset, "disposals/D1/forwardings", forwarding(level), who)
    tried = await refused(there, asset, "disposals/D1/approval", approval(), "county")
    assert tried[:2] == (409, "APPROVAL_LEVEL_TOO_LOW")
    first = await write(there, asset, "disposals/D1/approval", approval("FINANCE"), "finance")
    assert first["resource"]["disposals"]["D1"]["state"] == "FORWARDED"
    tried = await refused(there, asset, "disposals/D1/execution", SALE, "clerk")
    assert tried == (409, "APPROVAL_REQUIRED", ["approval"])
    second = await write(there, asset, "disposals/D1/approval", approval("AGRICULTURE"), "agriculture")
    assert second["resource"]["disposals"]["D1"]["state"] == "APPROVED"
    await write(there, asset, "disposals/D1/execution", SALE, "clerk")


@pytest.mark.clause("C4.12-05")
async def test_a_county_that_names_another_approver_is_followed(otherwise: Any) -> None:
    """Where finance alone approves, finance's approval is enough."""
    there = await otherwise(steps(APPROVE={"by": "FINANCE"}))
    asset = await confirmed(there)
    await put(there, asset)
    await shown(there, asset)
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(there, asset, "disposals/D1/forwardings", forwarding(level), who)
    await write(there, asset, "disposals/D1/approval", approval("FINANCE"), "finance")
    await write(there, asset, "disposals/D1/execution", SALE, "clerk")


@pytest.mark.clause("C4.12-04")
@pytest.mark.parametrize(("value", "enough"), [("79999.99", True), ("80000.00", False), ("80000.01", False)])
async def test_a_limit_of_its_own_for_villages_is_followed(
    otherwise: Any, value: str, *, enough: bool
) -> None:
    """A county whose villages go the long way from 80,000.00 yuan on wants an agency from there."""
    there = await otherwise(regulation_where("chains.disposal_route", ("VILLAGE", None), limit="80000.00"))
    asset = await small(there)
    await put(there, asset, "A14s")
    if enough:
        await write(there, asset, "disposals/D1/appraisals", in_house(value), "clerk")
        return
    tried = await refused(there, asset, "disposals/D1/appraisals", in_house(value), "clerk")
    assert tried[:2] == (409, "AGENCY_APPRAISAL_REQUIRED")
