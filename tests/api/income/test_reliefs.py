"""Relief plans over HTTP (A11): help with its cause, decided on, paid from the village's own income, made public without names."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.bodies import TOWNSHIP
from tests.api.income.decided import SEEN, account, open_account, payment, village_key
from tests.api.income.incomes import statement, villages
from tests.api.income.test_maintenance import Upkeep, code
from tests.api.service import Service

VILLAGES = villages()
PAID = "2022-10-10"
PATH = "/v1/relief-plans"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def hardship(amount: str, household: str = "H-77001", **facts: Any) -> dict[str, Any]:
    told = {"household": household, "cause": "ILLNESS", "circumstances": "重病住院", "amount": amount}
    return told | {"evidenceSha256": SEEN} | facts


def helping(village: str, *lines: dict[str, Any]) -> dict[str, Any]:
    return {"plan": {"village": village, "lines": list(lines)}, "occurredOn": "2022-09-02"}


class Relief(Upkeep):
    """A relief plan's procedure: proposed by the two committees, voted on, reviewed and filed by the township."""

    def __init__(self, service: Service, village: str, told: dict[str, Any]) -> None:
        super().__init__(service, village, told)
        self.plan = f"{PATH}/{told['id']}"

    async def open(self, scope: str = "SINGLE_VILLAGE", **changes: Any) -> None:
        await super().open(scope, **({"chain": "A11", "title": "困难家庭帮扶方案"} | changes))


async def proposed(service: Service, village: str, *lines: dict[str, Any], on: str = "9000.00") -> Relief:
    """A village with money on its account, and its plan of help."""
    if (await service.get(account(village))).status_code == 404:
        await open_account(service, village, balance=on)
    return Relief(service, village, await service.write(PATH, helping(village, *lines)))


@pytest.mark.clause("C4.9-09")
async def test_help_is_paid_only_when_the_township_has_accepted_it(service: Service, village: str) -> None:
    """Refuses help without its cause, its payment before vote and township, and of more than the account holds; then pays 5,000.00."""
    await open_account(service, village, balance="5000.00")
    bare = helping(village, {key: one for key, one in hardship("5000.00").items() if key != "cause"})
    lacking = await code(service, PATH, bare)
    assert lacking == (422, "CAUSE_REQUIRED", ["plan.lines[0].cause"])
    assert (await code(service, PATH, helping(village, hardship("1.00", cause="WEDDING"))))[:2] == (
        422,
        "CODE_UNKNOWN",
    )
    it = await proposed(service, village, hardship("5000.00"), hardship("0.01", "H-77002"))
    path = f"{it.plan}/payments"
    full = payment("P1", PAID, (1, "5000.00"))
    assert (await code(service, path, {"payment": full, "procedure": "PR-NONE"}))[:2] == (422, "CODE_UNKNOWN")
    await it.open()
    early = (409, "STEP_OUT_OF_ORDER")
    assert (await code(service, path, it.paid(full)))[:2] == early
    await it.voted()
    assert (await code(service, path, it.paid(full)))[:2] == early
    await it.township_filed()
    assert (await code(service, path, it.paid(full)))[:2] == early
    await it.township_accepted()
    assert (await code(service, f"{it.plan}/use-notices", noticed()))[:2] == early
    both = payment("P1", PAID, (1, "5000.00"), (2, "0.01"))
    assert (await code(service, path, it.paid(both)))[:2] == (409, "INSUFFICIENT_INCOME_BALANCE")
    over = payment("P1", PAID, (1, "5000.01"))
    assert (await code(service, path, it.paid(over)))[:2] == (409, "PLAN_AMOUNT_EXCEEDED")
    first = await service.write(path, it.paid(full))
    assert {one["type"] for one in first["events"]} == {
        "relief_plan.paid",
        "procedure.step_taken_by_fact",
        "income_sub_account.posted",
    }
    again = await service.post(path, it.paid(full), "clerk")
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    other = payment("P1", PAID, (1, "1.00"))
    assert (await code(service, path, it.paid(other)))[:2] == (409, "ALREADY_EXISTS")
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"
    (posted,) = [one for one in (await statement(service, village))["rows"] if one["cause"] == "RELIEF"]
    assert (posted["amount"], posted["voucherNo"]) == ("-5000.00", "付-P1")
    asked = {"village": village, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/relief-plans", **asked, unpublished="true"))["rows"]
    assert (row["state"], row["amount"], row["paid"], row["households"]) == (
        "PAYING",
        "5000.01",
        "5000.00",
        2,
    )
    shown = await service.write(f"{it.plan}/use-notices", noticed())
    assert shown["resource"]["published"]["publishedOn"] == "2022-10-12"
    asked["min_position"] = await service.head()
    assert (await service.read("/v1/ledgers/relief-plans", **asked, unpublished="true"))["rows"] == []


def noticed() -> dict[str, Any]:
    return {"notice": {"publishedOn": "2022-10-12", "place": "村公示栏", "evidenceSha256": SEEN}}


@pytest.mark.clause("C4.9-09")
async def test_procedure_over_another_plan_of_help_pays_nothing(service: Service, village: str) -> None:
    """Refuses a procedure that decided on other help, if only on the same amount for another household."""
    it = await proposed(service, village, hardship("1000.00"))
    await it.through()
    twin = await proposed(service, village, hardship("1000.00", "H-77002"))
    paid = it.paid(payment("P1", PAID, (1, "1000.00")))
    assert (await code(service, f"{twin.plan}/payments", paid))[:2] == (409, "PLAN_HASH_MISMATCH")
    await service.write(f"{it.plan}/withdrawal", {"reason": "另有救助", "occurredOn": PAID})
    assert (await code(service, f"{it.plan}/payments", paid))[:2] == (409, "STEP_OUT_OF_ORDER")


async def test_help_for_households_is_a_village_s_own(service: Service, village: str) -> None:
    """Refuses another village's key, and a township as the one that helps out of income."""
    it = await proposed(service, village, hardship("1000.00"))
    stranger = next(VILLAGES)
    await village_key(service, stranger)
    forbidden = {"FORBIDDEN", "FORBIDDEN_JURISDICTION"}
    assert (await code(service, PATH, helping(village, hardship("1.00")), stranger))[1] in forbidden
    gone = {"reason": "另有救助", "occurredOn": PAID}
    assert (await code(service, f"{it.plan}/withdrawal", gone, stranger))[1] in forbidden
    township = await code(service, PATH, helping(TOWNSHIP, hardship("1.00")))
    assert township[:2] == (409, "ACCOUNT_NOT_COLLECTIVE")


async def test_names_of_helped_households_go_nowhere_but_to_the_plan(service: Service, village: str) -> None:
    """Shows household, circumstances and evidence to nobody who has no need of them; the procedure, the statement and the ledger hold none."""
    it = await proposed(service, village, hardship("1000.00", "H-77123", circumstances="尿毒症透析"))
    await it.through()
    await service.write(f"{it.plan}/payments", it.paid(payment("P1", PAID, (1, "1000.00"))))
    seen = (await service.read(it.plan, "clerk"))["resource"]["content"]["lines"]
    assert [(one["household"], one["circumstances"]) for one in seen] == [("H-77123", "尿毒症透析")]
    masked = (await service.read(it.plan, "finance"))["resource"]["content"]["lines"]
    assert [(one["household"], one["circumstances"]) for one in masked] == [("***", "***")]
    for told in (
        await service.read(it.path),
        await statement(service, village),
        await service.read("/v1/ledgers/relief-plans", village=village, min_position=await service.head()),
    ):
        assert "H-77123" not in str(told)
        assert "透析" not in str(told)


@pytest.mark.clause("C4.9-05")
async def test_two_plans_of_help_paid_at_once_never_take_a_fen_too_much(
    service: Service, village: str
) -> None:
    """Gives the last of a village's income to one of two plans that are paid at once, and refuses the other."""
    one = await proposed(service, village, hardship("9000.00"))
    other = await proposed(service, village, hardship("9000.00", "H-77002"))
    await one.through()
    await other.through()
    answers = await asyncio.gather(
        *(
            service.post(f"{it.plan}/payments", it.paid(payment("P1", PAID, (1, "9000.00"))))
            for it in (one, other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refusal,) = (answer.json()["code"] for answer in answers if answer.status_code == 409)
    assert refusal == "INSUFFICIENT_INCOME_BALANCE"
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"
