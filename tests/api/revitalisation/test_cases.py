"""Revitalisation over HTTP (四(十一)): found, planned, closed with what the log shows, verified by the township."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import TOWNSHIP, VILLAGE, road, terms
from tests.api.contracts import decided
from tests.api.disposals import put_forward
from tests.api.organization.test_duties import asset_of, confirmed, registered
from tests.api.oversight.test_policy_overrides import grant
from tests.api.service import Service

CASES = "/v1/revitalisation-cases"
SEEN = "b" * 64


async def idle(service: Service, since: str = "2022-01-01") -> Life:
    """A village's production line that was used and lies idle."""
    life = await confirmed(service)
    await life.step("use", {"inUseSince": "2021-08-15"})
    await life.step("status-reports", {"report": {"state": "IDLE", "reportedOn": since}})
    return life


async def idle_road(service: Service) -> Life:
    life = await registered(service, road())
    await life.step("status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}})
    return life


async def declared(service: Service, life: Life, who: str = "village") -> str:
    body = {"declared": {"asset": asset_of(life), "reason": "停产多时", "declaredOn": "2022-06-01"}}
    return str((await service.write(CASES, body, who))["id"])


def plan(person: str, outcome: str = "BUSINESS_ENTRUST", **changes: Any) -> dict[str, Any]:
    written = {
        "outcome": outcome,
        "measures": "重新招商",
        "person": person,
        "deadline": "2022-12-31",
    }
    return {"plan": written | changes, "occurredOn": "2022-06-10"}


async def planned(service: Service, life: Life, outcome: str = "BUSINESS_ENTRUST", **changes: Any) -> str:
    code = await declared(service, life)
    person = await service.person(VILLAGE)
    await service.write(f"{CASES}/{code}/plan", plan(person, outcome, **changes), "village")
    return code


def closing(outcome: str = "BUSINESS_ENTRUST", **changes: Any) -> dict[str, Any]:
    told = {"outcome": outcome, "closedOn": "2022-10-01", "result": "已盘活", "evidenceSha256": SEEN}
    return {"closing": {name: value for name, value in (told | changes).items() if value is not None}}


async def refused(service: Service, path: str, body: Any, who: str = "village") -> tuple[int, str, list[str]]:
    answer = await service.post(path, body, who)
    told = answer.json()
    return answer.status_code, told.get("code"), told.get("missing", [])


async def let(service: Service, life: Life, *, mode: str, paid: bool) -> None:
    paper = terms(mode=mode, signedOn="2022-07-01", startsOn="2022-07-02")
    await life.step("leases", await decided(service, life.path, paper))
    if paid:
        money = {
            "receipt": "R1",
            "amount": "9000.00",
            "receivedOn": "2022-09-01",
            "contract": "L1",
            "voucherNo": "收1",
        }
        await life.step("income-receipts", {"receipt": money})


async def detect(service: Service, on: str, who: str = "clerk", **more: Any) -> dict[str, Any]:
    answer = await service.post("/v1/revitalisation-detections", {"on": on} | more, who)
    assert answer.status_code == 202, answer.text
    operation = answer.json()["operation"]
    assert answer.headers["Location"] == f"/v1/operations/{operation}"
    ended = await service.read(f"/v1/operations/{operation}", who, wait=20)
    assert ended["state"] == "SUCCEEDED", ended
    return dict(ended["result"])


def case_in(result: dict[str, Any], life: Life) -> dict[str, Any] | None:
    return next((one for one in result["assets"] if one["asset"] == asset_of(life)), None)


@pytest.mark.clause("C4.11-04")
async def test_an_idle_asset_is_found_on_the_180th_day_and_only_once(service: Service) -> None:
    """Opens a case for what P13 calls idle, low-yield or loss-making, one at a time; closes it on proof alone."""
    life = await idle(service)
    assert case_in(await detect(service, "2022-06-29"), life) is None
    tried = case_in(await detect(service, "2022-06-30", dryRun=True), life)
    assert tried is not None and "case" not in tried
    assert await service.read(CASES, asset=asset_of(life)) == []
    found = case_in(await detect(service, "2022-06-30"), life)
    assert found is not None and (found["cause"], found["idleDays"]) == ("IDLE", 180)
    again = await detect(service, "2022-07-31")
    assert case_in(again, life) is None and again["alreadyOpen"] >= 1
    (case,) = await service.read(CASES, asset=asset_of(life))
    assert (case["revitalisationCase"], case["state"], case["openedOn"]) == (
        found["case"],
        "OPEN",
        "2022-06-30",
    )
    body = {"declared": {"asset": asset_of(life), "reason": "再报一次", "declaredOn": "2022-07-01"}}
    assert (await refused(service, CASES, body))[:2] == (409, "ALREADY_EXISTS")


async def test_whoever_detects_finds_what_lies_in_the_own_jurisdiction(service: Service) -> None:
    life = await idle(service)
    assert case_in(await detect(service, "2022-08-01", "neighbour"), life) is None
    assert case_in(await detect(service, "2022-08-01", "village"), life) is not None


async def test_a_day_ahead_is_not_looked_at(service: Service) -> None:
    answer = await service.post("/v1/revitalisation-detections", {"on": "2999-01-01"}, "clerk")
    assert (answer.status_code, answer.json()["code"]) == (422, "DATE_IN_FUTURE")


@pytest.mark.clause("C4.11-05")
async def test_a_public_asset_is_reactivated_scrapped_or_auctioned_and_nothing_else(service: Service) -> None:
    """Lets public-welfare assets be reactivated, scrapped or auctioned; anything else takes the county's exception."""
    life = await idle_road(service)
    code = await declared(service, life, "clerk")
    person = await service.person(TOWNSHIP)
    path = f"{CASES}/{code}/plan"
    for outcome in ("EQUITY_COOP", "BUSINESS_ENTRUST", "JOINT_OPERATION", "RESTRUCTURE"):
        assert (await refused(service, path, plan(person, outcome), "clerk"))[:2] == (
            409,
            "OUTCOME_NOT_ALLOWED_FOR_CLASS",
        )
    for outcome in ("SCRAP", "AUCTION", "REACTIVATE"):
        await service.write(path, plan(person, outcome), "clerk")
    code_of = "OUTCOME_NOT_ALLOWED_FOR_CLASS"
    exception = grant(asset_of(life), code=code_of)
    number = (await service.write("/v1/policy-overrides", exception, "county"))["id"]
    other = grant(asset_of(await idle_road(service)), code=code_of)
    wrong = (await service.write("/v1/policy-overrides", other, "county"))["id"]
    body = plan(person, "JOINT_OPERATION")
    assert (await refused(service, path, body | {"overrides": [wrong]}, "clerk"))[
        1
    ] == "OVERRIDE_OTHER_SUBJECT"
    await service.write(path, body | {"overrides": [number]}, "clerk")


async def test_another_outcome_is_named_and_an_unknown_one_refused(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await declared(service, life)}/plan"
    person = await service.person(VILLAGE)
    assert await refused(service, path, plan(person, "OTHER")) == (422, "FIELD_REQUIRED", ["outcomeName"])
    assert (await refused(service, path, plan(person, "NONE")))[:2] == (422, "CODE_UNKNOWN")
    await service.write(path, plan(person, "OTHER", outcomeName="村集体自营"), "village")


@pytest.mark.clause("C4.11-06")
@pytest.mark.parametrize(
    ("outcome", "mode", "other"),
    [
        ("EQUITY_COOP", "EQUITY", "LEASED"),
        ("BUSINESS_ENTRUST", "ENTRUSTED", "JOINT_OPERATION"),
        ("JOINT_OPERATION", "JOINT_OPERATION", "ENTRUSTED"),
    ],
)
async def test_cooperation_is_closed_by_its_contract_and_its_first_income(
    service: Service, outcome: str, mode: str, other: str
) -> None:
    """Closes shareholding, entrusting and joint operation only with a running contract of that mode that has paid."""
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life, outcome)}/closing"
    assert await refused(service, path, closing(outcome)) == (409, "CONTRACT_REQUIRED", ["contract"])
    assert await refused(service, path, closing(outcome, contract="L1")) == (
        409,
        "CONTRACT_REQUIRED",
        ["contract"],
    )
    await let(service, life, mode=mode, paid=False)
    assert await refused(service, path, closing(outcome, contract="L1")) == (
        409,
        "EVIDENCE_REQUIRED",
        ["incomeReceipts"],
    )
    second = await idle(service)
    wrong = f"{CASES}/{await planned(service, second, outcome)}/closing"
    await let(service, second, mode=other, paid=True)
    assert (await refused(service, wrong, closing(outcome, contract="L1")))[1] == "CONTRACT_REQUIRED"
    money = {
        "receipt": "R1",
        "amount": "9000.00",
        "receivedOn": "2022-09-01",
        "contract": "L1",
        "voucherNo": "收1",
    }
    await life.step("income-receipts", {"receipt": money})
    assert await refused(service, path, closing(outcome, contract="L1", evidenceSha256=None)) == (
        409,
        "EVIDENCE_REQUIRED",
        ["evidenceSha256"],
    )
    closed = await service.write(path, closing(outcome, contract="L1"), "village")
    assert (closed["resource"]["state"], closed["resource"]["closedBy"]) == ("CLOSED", VILLAGE)


async def test_a_contract_that_has_ended_revives_nothing(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life)}/closing"
    await let(service, life, mode="ENTRUSTED", paid=True)
    await life.step("leases/L1/ending", {"endedOn": "2022-09-15", "outcome": "TERMINATED", "reason": "违约"})
    assert (await refused(service, path, closing(contract="L1")))[1] == "CONTRACT_REQUIRED"


async def test_what_ran_before_the_case_revives_nothing(service: Service) -> None:
    life = await idle(service)
    paper = terms(mode="ENTRUSTED", signedOn="2022-05-31", startsOn="2022-06-01")
    await life.step("leases", await decided(service, life.path, paper))
    money = {
        "receipt": "R1",
        "amount": "9000.00",
        "receivedOn": "2022-09-01",
        "contract": "L1",
        "voucherNo": "收1",
    }
    await life.step("income-receipts", {"receipt": money})
    path = f"{CASES}/{await planned(service, life)}/closing"  # opened on 1 June
    assert (await refused(service, path, closing(contract="L1")))[1] == "CONTRACT_REQUIRED"


async def test_income_of_after_the_closing_proves_nothing_on_its_day(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life)}/closing"
    await let(service, life, mode="ENTRUSTED", paid=True)  # on 1 September
    early = closing(contract="L1", closedOn="2022-08-31")
    assert await refused(service, path, early) == (409, "EVIDENCE_REQUIRED", ["incomeReceipts"])
    await service.write(path, closing(contract="L1", closedOn="2022-09-01"), "village")


async def test_restructuring_takes_a_document(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life, 'RESTRUCTURE')}/closing"
    assert await refused(service, path, closing("RESTRUCTURE")) == (409, "EVIDENCE_REQUIRED", ["documentNo"])
    await service.write(path, closing("RESTRUCTURE", documentNo="陶政函〔2022〕31号"), "village")


async def test_reactivation_is_closed_by_a_report_that_came_after_the_case(service: Service) -> None:
    life = await idle(service, "2022-02-01")
    path = f"{CASES}/{await planned(service, life, 'REACTIVATE')}/closing"
    lacking = (409, "EVIDENCE_REQUIRED", ["statusReports"])
    assert await refused(service, path, closing("REACTIVATE")) == lacking
    await life.step("status-reports", {"report": {"state": "PARTLY_USED", "reportedOn": "2022-09-01"}})
    assert await refused(service, path, closing("REACTIVATE")) == lacking
    await life.step("status-reports", {"report": {"state": "IN_USE", "reportedOn": "2022-09-02"}})
    await service.write(path, closing("REACTIVATE"), "village")


async def test_scrapping_is_closed_by_the_disposal_that_was_carried_out(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life, 'SCRAP')}/closing"
    lacking = (409, "EVIDENCE_REQUIRED", ["disposal"])
    assert await refused(service, path, closing("SCRAP", disposal="D1")) == lacking
    proposal = {"disposal": "D1", "kind": "SCRAP", "reason": "报废", "decisionDocument": "村代会〔2022〕9号"}
    await put_forward(service, life, proposal, "2022-07-01")
    assert await refused(service, path, closing("SCRAP", disposal="D1")) == lacking


async def test_steps_are_taken_in_order_and_the_deadline_only_moves_on(service: Service) -> None:
    life = await idle(service)
    code = await declared(service, life)
    path = f"{CASES}/{code}"
    out_of_order = (409, "STEP_OUT_OF_ORDER")
    later = {
        "extension": {"deadline": "2023-03-31", "reason": "冬季停工", "documentNo": "延1号"},
        "occurredOn": "2022-09-01",
    }
    look = {
        "verification": {
            "verifiedOn": "2022-10-10",
            "verifiedBy": await service.person(TOWNSHIP),
            "confirmed": True,
        }
    }
    assert (await refused(service, f"{path}/extensions", later))[:2] == out_of_order
    assert (await refused(service, f"{path}/closing", closing("REACTIVATE")))[:2] == out_of_order
    assert (await refused(service, f"{path}/verification", look, "approver"))[:2] == out_of_order
    assert (await refused(service, f"{path}/reopening", {"reason": "再办"}, "approver"))[:2] == out_of_order
    person = await service.person(VILLAGE)
    await service.write(f"{path}/plan", plan(person, "RESTRUCTURE"), "village")
    same = {"extension": later["extension"] | {"deadline": "2022-12-31"}}
    assert (await refused(service, f"{path}/extensions", same))[1] == "DATE_ORDER"
    extended = await service.write(f"{path}/extensions", later, "village")
    assert extended["resource"]["plan"]["deadline"] == "2023-03-31"
    await service.write(f"{path}/closing", closing("RESTRUCTURE", documentNo="改1号"), "village")
    again = plan(person, "RESTRUCTURE") | {"occurredOn": "2022-10-02"}
    assert (await refused(service, f"{path}/plan", again))[:2] == out_of_order


async def test_the_township_verifies_and_never_what_it_closed_itself(service: Service) -> None:
    life = await idle(service)
    path = f"{CASES}/{await planned(service, life, 'RESTRUCTURE')}"
    done = closing("RESTRUCTURE", documentNo="改1号")
    look = {
        "verification": {
            "verifiedOn": "2022-10-01",
            "verifiedBy": await service.person(TOWNSHIP),
            "confirmed": False,
        }
    }
    await service.write(f"{path}/closing", done, "clerk")
    assert (await refused(service, f"{path}/verification", look, "village"))[:2] == (403, "ROLE_NOT_ALLOWED")
    assert (await refused(service, f"{path}/verification", look, "neighbour"))[:2] == (
        403,
        "FORBIDDEN_JURISDICTION",
    )
    assert (await refused(service, f"{path}/verification", look, "approver"))[:2] == (
        409,
        "SEGREGATION_OF_DUTIES",
    )
    await service.write(f"{path}/reopening", {"reason": "由村里办结", "occurredOn": "2022-10-01"}, "approver")
    anew = plan(await service.person(VILLAGE), "RESTRUCTURE") | {"occurredOn": "2022-10-01"}
    await service.write(f"{path}/plan", anew, "village")
    await service.write(f"{path}/closing", done, "village")
    once_more = {"declared": {"asset": asset_of(life), "reason": "再报", "declaredOn": "2022-10-02"}}
    assert (await refused(service, CASES, once_more))[:2] == (409, "ALREADY_EXISTS")
    on = await service.write(f"{path}/verification", look, "approver")
    assert on["resource"]["state"] == "PLANNED"
    await service.write(f"{path}/closing", done, "village")
    look["verification"] |= {"confirmed": True, "verifiedOn": "2022-10-10"}
    over = await service.write(f"{path}/verification", look, "approver")
    assert over["resource"]["state"] == "VERIFIED"
    assert case_in(await detect(service, "2022-11-01"), life) is None  # closed on 1 October, 31 days ago
    found = case_in(await detect(service, "2023-03-30"), life)  # the 180th day
    assert found is not None
    assert (await refused(service, f"{path}/reopening", {"reason": "又停产"}, "approver"))[
        1
    ] == "ALREADY_EXISTS"


async def test_the_ledger_shows_cause_plan_and_what_is_overdue(service: Service) -> None:
    life = await idle(service)
    code = await planned(service, life, "RESTRUCTURE")

    async def row(**more: Any) -> dict[str, Any] | None:
        page = await service.read(
            "/v1/ledgers/revitalisation-cases",
            min_position=await service.head(),
            asset=asset_of(life),
            **more,
        )
        return next(iter(page["rows"]), None)

    shown = await row(on="2022-12-31")
    assert shown is not None
    assert {
        name: shown.get(name) for name in ("revitalisationCase", "cause", "state", "outcome", "deadline")
    } == {
        "revitalisationCase": code,
        "cause": "DECLARED",
        "state": "PLANNED",
        "outcome": "RESTRUCTURE",
        "deadline": "2022-12-31",
    }
    assert (shown["overdue"], shown["village"], shown["assetName"]) == (False, VILLAGE, "核桃加工生产线")
    late = await row(on="2023-01-01", overdue=True)
    assert late is not None and late["overdue"] is True
    assert await row(on="2022-12-31", overdue=True) is None
    body = closing("RESTRUCTURE", documentNo="改1号")
    await service.write(f"{CASES}/{code}/closing", body, "village")
    closed = await row(on="2023-01-01")
    assert closed is not None
    assert (closed["state"], closed["overdue"], closed["closedBy"]) == ("CLOSED", False, VILLAGE)


async def test_every_step_stands_in_the_assets_history(service: Service) -> None:
    life = await idle(service)
    await planned(service, life, "RESTRUCTURE")
    position = await service.head()
    page = await service.read(f"{life.path}/timeline", min_position=position)
    told = [row["title"] for row in page["entries"]][-2:]
    assert told == ["盘活立项", "报送盘活方案"]


async def test_two_openings_at_once_make_one_case(service: Service) -> None:
    life = await idle(service)
    body = {"declared": {"asset": asset_of(life), "reason": "停产", "declaredOn": "2022-06-01"}}
    answers = await asyncio.gather(*(service.post(CASES, body, "village") for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409, 409, 409]
    assert len(await service.read(CASES, asset=asset_of(life))) == 1


async def test_what_waits_in_a_case_stands_on_the_worklist_of_whoever_is_to_act(service: Service) -> None:
    life = await idle(service)
    code = await declared(service, life)

    async def waits(unit: str, on: str) -> dict[str, str]:
        found = await service.read(
            f"/v1/organizations/{unit}/worklist", on=on, limit=1000, min_position=await service.head()
        )
        return {
            one["task"]: one["dueOn"]
            for one in found["tasks"]
            if one["subject"] == code and unit in one["units"]
        }

    assert await waits(VILLAGE, "2022-06-02") == {"REVITALISATION_PLAN": "2022-06-01"}
    person = await service.person(VILLAGE)
    await service.write(f"{CASES}/{code}/plan", plan(person, "RESTRUCTURE"), "village")
    assert await waits(VILLAGE, "2022-12-31") == {}
    assert await waits(VILLAGE, "2023-01-01") == {"REVITALISATION": "2022-12-31"}
    await service.write(f"{CASES}/{code}/closing", closing("RESTRUCTURE", documentNo="改1号"), "village")
    assert await waits(VILLAGE, "2023-01-01") == {}
    assert await waits(TOWNSHIP, "2022-10-02") == {"REVITALISATION_VERIFICATION": "2022-10-01"}
    look = {"verifiedOn": "2022-10-10", "verifiedBy": await service.person(TOWNSHIP), "confirmed": True}
    await service.write(f"{CASES}/{code}/verification", {"verification": look}, "approver")
    assert await waits(TOWNSHIP, "2023-01-01") == {}
