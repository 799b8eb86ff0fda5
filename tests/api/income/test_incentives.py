"""Rewards over HTTP (C4.7-07): by pilot villages, by the procedure for uses of income, within a fifth of the year's profit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.income.decided import Decided, account, line, money, open_account, plan, village_key
from tests.api.income.incomes import earning, villages
from tests.api.oversight.test_policy_overrides import granted
from tests.api.service import Service

VILLAGES = villages()
PAID = "2022-10-10"
SEEN = "d" * 64


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


async def code(service: Service, path: str, body: object, who: str = "clerk") -> tuple[int, str]:
    answer = await service.post(path, body, who)
    return answer.status_code, answer.json().get("code", "")


def reward(village: str, asset: str, person: str, amount: str, **changes: Any) -> dict[str, Any]:
    lines = [{"person": person, "amount": amount, "ground": "租金按时收缴，资产增收"}]
    told = {"village": village, "year": 2021, "asset": asset, "lines": lines}
    return {"plan": told | changes, "occurredOn": "2022-09-02"}


def profit(amount: str, year: int = 2021, on: str = "2022-01-20") -> dict[str, Any]:
    told = {"year": year, "netProfit": amount, "determinedOn": on}
    return {"statement": told | {"documentNo": "村账〔2022〕3号", "documentSha256": SEEN}}


def restated(amount: str, on: str = "2022-11-01") -> dict[str, Any]:
    told = {"netProfit": amount, "restatedOn": on, "reason": "审计调减收入"}
    return {"restatement": told | {"documentNo": "陶审〔2022〕9号", "documentSha256": SEEN}}


def paid(number: str, amount: str, on: str = PAID, **facts: Any) -> dict[str, Any]:
    return {"payment": number, "amount": amount, "paidOn": on, "voucherNo": f"付-{number}"} | facts


def results(village: str) -> str:
    return f"/v1/organizations/{village}/annual-results"


async def version_of(service: Service, unit: str) -> int:
    return int((await service.read(unit))["version"])


async def in_post(service: Service, village: str) -> str:
    """Somebody who manages the village's assets since 2021."""
    unit, person = f"/v1/organizations/{village}", await service.person(village)
    post = {"position": "ASSET_MANAGER", "person": person, "since": "2021-06-20", "documentNo": "任1号"}
    await service.write(f"{unit}/appointments", post, "personnel", version=await version_of(service, unit))
    return person


async def pilot(service: Service, village: str, on: str = "2022-01-05") -> None:
    """The village has its own rule on rewards, and begins the pilot."""
    unit = f"/v1/organizations/{village}"
    rule = {
        "kind": "SUPPORTING_RULE",
        "topic": "SMALL_ASSET_INCENTIVE",
        "title": "激励办法",
        "documentNo": "村规1号",
        "effectiveFrom": "2022-01-01",
    }
    for path, body in (("rules", {"rule": rule}), ("incentive-pilot", {"documentNo": "陶试1号"})):
        version = await version_of(service, unit)
        await service.write(f"{unit}/{path}", body | {"occurredOn": on}, version=version)


class Rewarded(Decided):
    """A plan of rewards, and its procedure (A8)."""

    def __init__(self, service: Service, village: str, told: dict[str, Any]) -> None:
        super().__init__(service, village, told)
        self.plan = f"/v1/incentive-plans/{told['id']}"


class Village:
    """A pilot village with income, a profit of 85,000.00 of 2021, and somebody to reward."""

    def __init__(self, service: Service, code: str, asset: str, person: str) -> None:
        self.service, self.code, self.asset, self.person = service, code, asset, person

    async def plan(self, amount: str, **changes: Any) -> Rewarded:
        body = reward(self.code, self.asset, self.person, amount, **changes)
        return Rewarded(self.service, self.code, await self.service.write("/v1/incentive-plans", body))

    async def decided(self, amount: str) -> Rewarded:
        it = await self.plan(amount)
        await it.through()
        return it

    async def row(self) -> dict[str, Any]:
        asked = {"village": self.code, "min_position": await self.service.head()}
        (row,) = (await self.service.read("/v1/ledgers/incentives", **asked))["rows"]
        return dict(row)


async def rewarding(
    service: Service, village: str, amount: str = "85000.00", earned: str = "90000.00", **facts: Any
) -> Village:
    life = await earning(service, village, **facts)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", earned, "2022-09-01"))
    await pilot(service, village)
    await service.write(results(village), profit(amount))
    return Village(service, village, life.path.rpartition("/")[2], await in_post(service, village))


@pytest.mark.clause("C4.7-07")
async def test_rewards_of_a_year_are_a_fifth_of_its_profit_at_most(service: Service, village: str) -> None:
    """Of 85,000.00 earned and 10,000.00 paid takes 7,000.00 more and refuses 7,000.01, whatever plans they are of."""
    it = await rewarding(service, village)
    first, second = await it.decided("10000.00"), await it.decided("7000.01")
    told = await service.write(f"{first.plan}/payments", first.paid(paid("P1", "10000.00")))
    assert {one["type"] for one in told["events"]} == {
        "incentive_plan.paid",
        "procedure.step_taken_by_fact",
        "annual_result.incentive_counted",
        "income_sub_account.posted",
    }
    path = f"{second.plan}/payments"
    answer = await service.post(path, second.paid(paid("P2", "7000.01")))
    refusal = answer.json()
    assert (answer.status_code, refusal["code"], refusal["clause"]) == (
        409,
        "INCENTIVE_CAP_EXCEEDED",
        "C4.7-07",
    )
    assert "17000.00" in refusal["detail"] and "17000.01" in refusal["detail"]
    assert refusal["liftedBy"] == "POLICY_OVERRIDE"
    await service.write(path, second.paid(paid("P2", "6999.99")))
    await service.write(path, second.paid(paid("P3", "0.01")))
    assert await code(service, path, second.paid(paid("P4", "0.01"))) == (409, "INCENTIVE_CAP_EXCEEDED")
    row = await it.row()
    assert (row["cap"], row["used"], row["room"]) == ("17000.00", "17000.00", "0.00")
    assert (await service.read(account(village)))["resource"]["balance"] == "73000.00"
    again = await service.post(path, second.paid(paid("P3", "0.01")))
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    asked = {"organization": village, "min_position": await service.head()}
    rows = (await service.read("/v1/ledgers/income-sub-accounts", **asked))["rows"]
    assert [one["amount"] for one in rows if one["cause"] == "INCENTIVE"] == [
        "-10000.00",
        "-6999.99",
        "-0.01",
    ]


@pytest.mark.clause("C4.7-07")
async def test_in_a_year_of_loss_nobody_is_rewarded(service: Service, village: str) -> None:
    """Refuses a fen of reward out of a loss of one yuan, and a result of a year that has not ended or of another unit."""
    it = await rewarding(service, village, "-1.00")
    plan_ = await it.decided("0.01")
    assert await code(service, f"{plan_.plan}/payments", plan_.paid(paid("P1", "0.01"))) == (
        409,
        "INCENTIVE_CAP_EXCEEDED",
    )
    early = profit("1.00", 2022, "2022-12-31")
    assert await code(service, results(village), early) == (422, "DATE_IN_FUTURE")
    assert (await code(service, results(village), profit("1.00")))[1] == "ALREADY_EXISTS"
    of_township = results("653022202000")
    assert await code(service, of_township, profit("1.00")) == (409, "ACCOUNT_NOT_COLLECTIVE")
    other = await it.plan("0.01", year=2022)
    await other.through()
    body = other.paid(paid("P1", "0.01"))
    assert await code(service, f"{other.plan}/payments", body) == (404, "NOT_FOUND")


@pytest.mark.clause("C4.7-07")
async def test_village_outside_of_the_pilot_proposes_no_rewards(service: Service, village: str) -> None:
    """Refuses rewards in a village that is not in the pilot, or was not yet on the day, with INCENTIVE_NOT_PILOT."""
    life = await earning(service, village)
    asset, person = life.path.rpartition("/")[2], await in_post(service, village)
    body = reward(village, asset, person, "1.00")
    answer = await service.post("/v1/incentive-plans", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "INCENTIVE_NOT_PILOT")
    assert answer.json()["clause"] == "C4.7-07"
    await pilot(service, village, "2022-09-03")
    assert await code(service, "/v1/incentive-plans", body) == (409, "INCENTIVE_NOT_PILOT")
    assert await code(service, "/v1/incentive-plans", body | {"occurredOn": "2022-09-03"}) == (201, "")


@pytest.mark.clause("C4.7-07")
@pytest.mark.parametrize(
    ("value", "large"), [("499999.99", False), ("500000.00", False), ("500000.01", True)]
)
async def test_asset_that_is_not_small_is_warned_of(
    service: Service, village: str, value: str, large: bool
) -> None:
    """P30: rewards for an asset of 500,000.00 go without a word, and for one of 500,000.01 with ASSET_NOT_SMALL."""
    funds = [{"source": "FISCAL_DEV", "amount": value, "allocatedOn": "2020-12-01"}]
    it = await rewarding(service, village, originalValue=value, fundingLines=funds)
    body = reward(village, it.asset, it.person, "1.00")
    told = await service.write("/v1/incentive-plans", body)
    assert ("ASSET_NOT_SMALL" in {one["code"] for one in told["warnings"]}) is large


@pytest.mark.clause("C4.7-07")
async def test_rewards_go_to_who_was_in_post_for_an_asset_of_the_village(
    service: Service, village: str
) -> None:
    """Refuses a reward to somebody without a post, for another village's asset, by another village's key, and as a use of an income plan."""
    it = await rewarding(service, village)
    nobody = await service.person(village)
    path = "/v1/incentive-plans"
    assert await code(service, path, reward(village, it.asset, nobody, "1.00")) == (422, "FIELD_INVALID")
    other = next(VILLAGES)
    foreign = (await earning(service, other)).path.rpartition("/")[2]
    assert await code(service, path, reward(village, foreign, it.person, "1.00")) == (422, "FIELD_INVALID")
    await village_key(service, other)
    body = reward(village, it.asset, it.person, "1.00")
    assert (await code(service, path, body, other))[0] == 403
    assert (await code(service, results(village), profit("900000.00", 2020), other))[0] == 403
    use = plan(village, it.asset, line("1.00", "INCENTIVE"))
    answer = await service.post("/v1/income-plans", use)
    assert answer.json()["code"] == "USE_NOT_ALLOWED" and "/v1/incentive-plans" in answer.json()["detail"]


@pytest.mark.clause("C4.7-07", "C4.9-04")
async def test_rewards_are_paid_by_the_procedure_that_decided_on_them_alone(
    service: Service, village: str
) -> None:
    """Refuses payment before the review is accepted, by a procedure over another plan, without a voucher and above the plan."""
    it = await rewarding(service, village)
    plan_ = await it.plan("1000.00")
    path = f"{plan_.plan}/payments"
    await plan_.open()
    body = plan_.paid(paid("P1", "1000.00"))
    assert (await code(service, path, body))[0] == 409
    for step in (plan_.voted, plan_.noticed, plan_.reviewed, plan_.line_filed, plan_.filed):
        await step()
    assert (await code(service, path, body))[0] == 409
    await plan_.accepted()
    twin = await it.plan("1000.00")
    assert await code(service, f"{twin.plan}/payments", body) == (409, "PLAN_HASH_MISMATCH")
    bare = paid("P1", "1000.00")
    del bare["voucherNo"]
    assert await code(service, path, plan_.paid(bare)) == (409, "VOUCHER_REQUIRED")
    assert await code(service, path, plan_.paid(paid("P1", "1000.01"))) == (409, "PLAN_AMOUNT_EXCEEDED")
    await service.write(path, body)
    assert (await service.read(plan_.plan))["resource"]["state"] == "PAID"


@pytest.mark.clause("C4.7-07")
async def test_asset_that_another_department_guides_is_filed_with_it_before_rewards_are_paid(
    service: Service, village: str
) -> None:
    """Refuses a payment by a procedure that left the line department out, whatever it was opened for (C4.7-06)."""
    it = await rewarding(service, village)
    plan_ = await it.plan("1000.00")
    await plan_.open("CROSS_VILLAGE")
    for step in (plan_.voted, plan_.noticed, plan_.reviewed, plan_.filed, plan_.accepted):
        await step()
    body = plan_.paid(paid("P1", "1000.00"))
    assert await code(service, f"{plan_.plan}/payments", body) == (409, "INCOME_PLAN_NOT_READY")


@pytest.mark.clause("C4.7-07")
async def test_exception_of_the_county_lifts_the_cap_for_its_asset(service: Service, village: str) -> None:
    """Pays a fen above the cap under an exception granted for that asset, and refuses it under another's."""
    it = await rewarding(service, village)
    plan_ = await it.decided("17000.01")
    body = plan_.paid(paid("P1", "17000.01"))
    changes = {"code": "INCENTIVE_CAP_EXCEEDED", "grantedOn": "2022-10-01"}
    strange = (await earning(service, next(VILLAGES))).path.rpartition("/")[2]
    other = await granted(service, strange, **changes)
    path = f"{plan_.plan}/payments"
    assert (await code(service, path, body | {"overrides": [other]}))[1] == "OVERRIDE_OTHER_SUBJECT"
    own = await granted(service, it.asset, **changes)
    await service.write(path, body | {"overrides": [own]})
    assert (await it.row())["used"] == "17000.01"


@pytest.mark.clause("C4.7-07")
async def test_smaller_profit_leaves_what_recipients_have_to_give_back(
    service: Service, village: str
) -> None:
    """After a restatement from 85,000.00 to 80,000.00 claims 1,000.00 of 17,000.00 back, and shows what still is due."""
    it = await rewarding(service, village)
    plan_ = await it.decided("17000.00")
    await service.write(f"{plan_.plan}/payments", plan_.paid(paid("P1", "17000.00")))
    path = f"{results(village)}/2021/restatements"
    told = await service.write(path, restated("80000.00"))
    assert {one["type"] for one in told["events"]} == {
        "annual_result.restated",
        "incentive_plan.clawback_required",
    }
    assert (told["resource"]["cap"], told["resource"]["dueBack"]) == ("16000.00", "1000.00")
    assert (await service.read(plan_.plan))["resource"]["dueBack"] == "1000.00"
    asked = {"village": village, "due_back": True, "min_position": await service.head()}
    assert len((await service.read("/v1/ledgers/incentives", **asked))["rows"]) == 1
    back = {"receipt": {"receipt": "Z1", "amount": "400.00", "receivedOn": "2022-11-20", "voucherNo": "收1"}}
    told = await service.write(f"{plan_.plan}/clawbacks", back)
    assert {one["type"] for one in told["events"]} == {
        "incentive_plan.clawback_received",
        "annual_result.incentive_returned",
        "income_sub_account.posted",
    }
    row = await it.row()
    assert (row["used"], row["dueBack"], row["room"]) == ("16600.00", "600.00", "0.00")
    assert (await service.read(account(village)))["resource"]["balance"] == "73400.00"
    again = await service.post(f"{plan_.plan}/clawbacks", back)
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    rest = {"receipt": back["receipt"] | {"receipt": "Z2", "amount": "600.01"}}
    told = await service.write(f"{plan_.plan}/clawbacks", rest)
    assert "INCOME_EXCEEDS_DUE" in {one["code"] for one in told["warnings"]}
    assert (await it.row())["dueBack"] == "0.00"
    await service.write(path, restated("80000.01", "2022-12-01"))
    assert (await service.read(f"{results(village)}/2021"))["resource"]["dueBack"] == "0.00"
    assert await code(service, path, restated("1.00", "2022-11-30")) == (422, "DATE_ORDER")


@pytest.mark.clause("C4.7-07")
async def test_two_rewards_paid_at_once_never_take_a_fen_too_much(service: Service, village: str) -> None:
    """Gives the rest of the cap to one of two plans that are paid at once, and refuses the other."""
    it = await rewarding(service, village)
    plans = [await it.decided("8500.01"), await it.decided("8500.00")]
    answers = await asyncio.gather(
        *(
            service.post(
                f"{one.plan}/payments", one.paid(paid(f"P{number}", one.subject["content"]["amount"]))
            )
            for number, one in enumerate(plans)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refusal,) = (answer.json()["code"] for answer in answers if answer.status_code == 409)
    assert refusal == "INCENTIVE_CAP_EXCEEDED"
