"""Maintenance expenses over HTTP (A12): split by value, decided on, paid with a voucher from the village's own income."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asset.test_care_by_table import let_across_villages
from tests.api.asset.test_titles import SECOND
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.income.decided import Decided, account, money, open_account, village_key
from tests.api.income.incomes import earning, villages
from tests.api.service import Service

VILLAGES = villages()
PAID = "2022-10-10"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def works(village: str, asset: str, *amounts: str, **facts: Any) -> dict[str, Any]:
    """Works on an asset, a line for each amount."""
    lines = [{"work": "更换设备轴承", "amount": amount} for amount in amounts]
    return {
        "expense": {"village": village, "asset": asset, "lines": lines} | facts,
        "occurredOn": "2022-09-02",
    }


def paid(number: str, amount: str, on: str = PAID, **facts: Any) -> dict[str, Any]:
    return {"payment": number, "amount": amount, "paidOn": on, "voucherNo": f"付-{number}"} | facts


class Upkeep(Decided):
    """An expense's procedure (A12): proposed by the two committees, voted on, filed with the township and accepted."""

    def __init__(self, service: Service, village: str, told: dict[str, Any]) -> None:
        super().__init__(service, village, told)
        self.plan = f"/v1/maintenance-expenses/{told['id']}"

    async def open(self, scope: str = "SINGLE_VILLAGE", **changes: Any) -> None:
        roles = (("TWO_COMMITTEES", self.village), ("VILLAGE", self.village), ("TOWNSHIP", TOWNSHIP))
        parties = [{"role": role, "organization": unit} for role, unit in roles]
        await super().open(scope, **({"chain": "A12", "title": "维修维护方案", "parties": parties} | changes))

    async def township_filed(self) -> None:
        await self.act("filings", "REVIEW", self.village, self.village, "2022-09-08")

    async def township_accepted(self) -> None:
        answer = {"filedBy": self.village, "answer": "ACCEPTED"}
        await self.act("filing-answers", "REVIEW", TOWNSHIP, "approver", "2022-09-09", **answer)

    async def through(self, **opening: Any) -> None:
        await self.open(**opening)
        for step in (self.voted, self.township_filed, self.township_accepted):
            await step()


async def code(service: Service, path: str, body: object, who: str = "clerk") -> tuple[int, str, list[str]]:
    answer = await service.post(path, body, who)
    told = answer.json()
    return answer.status_code, told.get("code"), told.get("missing", [])


async def proposed(service: Service, village: str, *amounts: str, earned: str = "10000.00") -> Upkeep:
    """A village that earned in 2022, and works on what earned it."""
    life = await earning(service, village)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", earned, "2022-09-01"))
    body = works(village, life.path.rpartition("/")[2], *amounts)
    return Upkeep(service, village, await service.write("/v1/maintenance-expenses", body))


@pytest.mark.clause("C4.10-04")
async def test_upkeep_is_paid_only_when_the_township_has_accepted_it(service: Service, village: str) -> None:
    """Refuses payment before the vote and the township's acceptance, of more than the plan, and without a voucher; then pays."""
    it = await proposed(service, village, "2000.00", "1000.00")
    path = f"{it.plan}/payments"
    typed = {"payment": paid("P1", "3000.00"), "procedure": "PR-NONE"}
    assert (await code(service, path, typed))[:2] == (422, "CODE_UNKNOWN")
    await it.open()
    early = (409, "STEP_OUT_OF_ORDER")
    assert (await code(service, path, it.paid(paid("P1", "3000.00"))))[:2] == early
    await it.voted()
    assert (await code(service, path, it.paid(paid("P1", "3000.00"))))[:2] == early
    await it.township_filed()
    assert (await code(service, path, it.paid(paid("P1", "3000.00"))))[:2] == early
    await it.township_accepted()
    bare = paid("P1", "3000.00")
    del bare["voucherNo"]
    assert await code(service, path, it.paid(bare)) == (409, "VOUCHER_REQUIRED", ["payment.voucherNo"])
    over = (409, "PLAN_AMOUNT_EXCEEDED")
    assert (await code(service, path, it.paid(paid("P1", "3000.01"))))[:2] == over
    for amount in ("0.00", "-1.00"):
        assert (await code(service, path, it.paid(paid("P1", amount))))[:2] == (422, "AMOUNT_NOT_POSITIVE")
    first = await service.write(path, it.paid(paid("P1", "2999.99")))
    assert {one["type"] for one in first["events"]} == {
        "maintenance_expense.paid",
        "procedure.step_taken_by_fact",
        "income_sub_account.posted",
    }
    assert first["resource"]["state"] == "PAYING"
    assert (await code(service, path, it.paid(paid("P2", "0.02"))))[:2] == over
    assert (await code(service, path, it.paid(paid("P1", "0.01"))))[:2] == (409, "ALREADY_EXISTS")
    again = await service.post(path, it.paid(paid("P1", "2999.99")), "clerk")
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    done = await service.write(path, it.paid(paid("P2", "0.01")))
    assert (done["resource"]["state"], done["resource"]["paid"]) == ("PAID", "3000.00")
    assert (await service.read(account(village)))["resource"]["balance"] == "7000.00"
    asked = {"village": village, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/maintenance", **asked))["rows"]
    assert (row["state"], row["share"], row["paid"], row["payments"]) == ("PAID", "3000.00", "3000.00", 2)
    (posting, _) = (
        one
        for one in (
            await service.read(
                "/v1/ledgers/income-sub-accounts", organization=village, min_position=await service.head()
            )
        )["rows"]
        if one["cause"] == "MAINTENANCE"
    )
    assert (posting["amount"], posting["asset"]) == ("-2999.99", it.subject["content"]["asset"])


@pytest.mark.clause("C4.10-04")
async def test_procedure_over_another_expense_pays_nothing(service: Service, village: str) -> None:
    """Refuses a procedure that decided on other works, if only on the same amounts again."""
    it = await proposed(service, village, "1000.00")
    await it.through()
    body = works(village, it.subject["content"]["asset"], "1000.00")
    twin = await service.write("/v1/maintenance-expenses", body)
    path = f"/v1/maintenance-expenses/{twin['id']}/payments"
    assert (await code(service, path, it.paid(paid("P1", "1000.00"))))[:2] == (409, "PLAN_HASH_MISMATCH")


@pytest.mark.clause("C4.10-04")
async def test_rest_is_paid_by_the_procedure_that_the_first_part_was_paid_by(
    service: Service, village: str
) -> None:
    """Refuses the rest by a second procedure over the same works."""
    it = await proposed(service, village, "1000.00")
    await it.through()
    await service.write(f"{it.plan}/payments", it.paid(paid("P1", "400.00")))
    second = Upkeep(service, village, {"id": it.plan.rpartition("/")[2], "resource": {"subject": it.subject}})
    await second.through()
    told = await code(service, f"{it.plan}/payments", second.paid(paid("P2", "600.00")))
    assert told[:2] == (409, "PLAN_HASH_MISMATCH")
    await service.write(f"{it.plan}/payments", it.paid(paid("P2", "600.00")))


@pytest.mark.clause("C4.10-03")
@pytest.mark.parametrize(("amount", "high"), [("2999.99", False), ("3000.00", False), ("3000.01", True)])
async def test_upkeep_above_three_tenths_of_the_year_s_income_is_warned_of(
    service: Service, village: str, amount: str, high: bool
) -> None:
    """P33: of 10,000.00 a year up to 3,000.00 goes to upkeep without a word, and 3,000.01 with MAINTENANCE_SHARE_HIGH."""
    it = await proposed(service, village, amount)
    await it.through()
    told = await service.write(f"{it.plan}/payments", it.paid(paid("P1", amount)))
    assert ("MAINTENANCE_SHARE_HIGH" in {one["code"] for one in told["warnings"]}) is high


@pytest.mark.clause("C4.10-12")
async def test_every_line_names_the_document_it_rests_on(service: Service, village: str) -> None:
    """Writes the document and the clause that let income be spent on upkeep on every line, and shows them when it is read."""
    it = await proposed(service, village, "2000.00", "1000.00")
    lines = (await service.read(it.plan))["resource"]["lines"]
    basis = [(one["amount"], one["legalBasis"], one["clause"]) for one in lines]
    rests = ("陶党办明发〔2019〕17号", "C4.10-03")
    assert basis == [("2000.00", *rests), ("1000.00", *rests)]
    asked = {"village": village, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/maintenance", **asked))["rows"]
    assert row["legalBasis"] == "陶党办明发〔2019〕17号"


@pytest.mark.clause("C4.7-09")
async def test_cost_is_split_by_confirmed_value_and_another_split_is_refused(service: Service) -> None:
    """Splits a cost by the villages' confirmed values to the fen, refuses a split that is a fen off, and takes only the own part."""
    asset = await let_across_villages(service)
    path = "/v1/maintenance-expenses"
    split = {VILLAGE: "6000.01", SECOND: "4000.00"}  # of 10,000.01: 6,000.006 and 4,000.004

    def given(**changes: str) -> dict[str, Any]:
        told = split | {key.removeprefix("v"): amount for key, amount in changes.items()}
        shares = [{"party": party, "amount": amount} for party, amount in told.items()]
        return works(VILLAGE, asset, "10000.00", "0.01", shares=shares)

    off = {f"v{VILLAGE}": "6000.00", f"v{SECOND}": "4000.01"}
    for wrong in (off, {f"v{VILLAGE}": "6000.02"}, {f"v{SECOND}": "3999.99"}, {"v653022202210": "0.01"}):
        assert (await code(service, path, given(**wrong)))[:2] == (422, "COST_SHARE_MISMATCH"), wrong
    half = given()
    half["expense"]["shares"].pop()
    assert (await code(service, path, half))[:2] == (422, "COST_SHARE_MISMATCH")
    told = (await service.write(path, given()))["resource"]
    assert (told["cost"], told["share"]) == ("10000.01", "6000.01")
    own = (await service.write(path, works(VILLAGE, asset, "10000.00", "0.01")))["resource"]
    assert {one["party"]: one["amount"] for one in own["shares"]} == split
    stranger = works("653022202210", asset, "10000.00")
    assert (await code(service, path, stranger))[:2] == (422, "FIELD_INVALID")
    await village_key(service, SECOND)
    assert (await code(service, path, given(), SECOND))[1] in {"FORBIDDEN", "FORBIDDEN_JURISDICTION"}


@pytest.mark.clause("C4.9-05")
async def test_two_expenses_paid_at_once_never_take_a_fen_too_much(service: Service, village: str) -> None:
    """Gives the last of a village's income to one of two expenses that are paid at once, and refuses the other."""
    one = await proposed(service, village, "10000.00")
    body = works(village, one.subject["content"]["asset"], "10000.00")
    other = Upkeep(service, village, await service.write("/v1/maintenance-expenses", body))
    await one.through()
    await other.through()
    answers = await asyncio.gather(
        *(service.post(f"{it.plan}/payments", it.paid(paid("P1", "10000.00"))) for it in (one, other))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refusal,) = (answer.json()["code"] for answer in answers if answer.status_code == 409)
    assert refusal == "INSUFFICIENT_INCOME_BALANCE"
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"
