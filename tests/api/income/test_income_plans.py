"""Income plans over HTTP (A8): judged when they are proposed, paid as they were decided and as nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import card, confirmation, transfer
from tests.api.income.decided import SEEN, Decided, account, aid, line, money, open_account, payment, plan
from tests.api.income.incomes import earning, planned, villages
from tests.api.income.welfare import post_of
from tests.api.service import Service, new_code

VILLAGES = villages()
PAID = "2022-10-10"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


async def code(service: Service, path: str, body: object, who: str = "clerk") -> tuple[int, str, list[str]]:
    answer = await service.post(path, body, who)
    told = answer.json()
    return answer.status_code, told.get("code"), told.get("missing", [])


async def proposed(service: Service, village: str, *lines: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """What a proposal over 15,000 yuan of one asset comes to."""
    life = await earning(service, village, **facts.pop("card", {}))
    if (await service.get(account(village))).status_code == 404:
        await open_account(service, village)
    await life.step("income-receipts", money("R1", "15000.00", "2022-09-01"))
    body = plan(village, life.path.rpartition("/")[2], *lines, **facts)
    answer = await service.post("/v1/income-plans", body)
    return dict(answer.json()) | {"status": answer.status_code}


def warnings(told: dict[str, Any]) -> set[str]:
    return {one["code"] for one in told["warnings"]}


@pytest.mark.clause("C4.9-03", "C4.9-04", "C4.7-06")
async def test_nothing_is_paid_before_its_whole_procedure_is_through(service: Service, village: str) -> None:
    """Pays a plan only when vote, notice, review, filing and re-check are there, and names what is missing."""
    it = await planned(service, village, line("20000.00"))
    path, body = f"{it.plan}/execution", payment("P1", PAID, (1, "20000.00"))
    assert (await code(service, path, it.paid(body) | {"procedure": "决议001"}))[0] == 422
    typed = await code(service, path, {"payment": body, "procedure": "PR-NONE"})
    assert typed[:2] == (422, "CODE_UNKNOWN")
    await it.open()
    not_ready = (409, "INCOME_PLAN_NOT_READY")
    everything = ["PROPOSE", "DECISION", "NOTICE", "REVIEW", "LINE_FILING", "RECHECK"]
    assert await code(service, path, it.paid(body)) == (*not_ready, everything)
    await it.voted()
    assert await code(service, path, it.paid(body)) == (*not_ready, everything[2:])
    await it.reviewed()
    await it.filed()
    assert await code(service, path, it.paid(body)) == (*not_ready, ["NOTICE", "LINE_FILING", "RECHECK"])
    await it.line_filed()
    await it.noticed()
    assert (await code(service, path, it.paid(body)))[:2] == (409, "FILING_NOT_ACCEPTED")
    await it.accepted()
    answer = await service.write(path, it.paid(body))
    assert {one["type"] for one in answer["events"]} == {
        "income_plan.executed",
        "procedure.step_taken_by_fact",
        "asset.income_distributed",
        "income_sub_account.posted",
    }
    assert answer["resource"]["state"] == "PAID"
    assert (await service.read(account(village)))["resource"]["balance"] == "10000.00"


@pytest.mark.clause("C4.9-03")
async def test_another_text_than_the_one_decided_is_not_paid(service: Service, village: str) -> None:
    """Refuses to pay a plan that differs from the voted text, if only by a fen moved or a name changed."""
    it = await planned(service, village, line("20000.00"), line("1.00", "PUBLIC_WELFARE"))
    await it.through()
    asset = it.subject["content"]["sources"][0]["asset"]
    other = plan(village, asset, line("20000.00"), line("1.00", "COLLECTIVE_ECONOMY"))
    await service.write(f"{it.plan}/amendments", other | {"reason": "改用途"})
    body = it.paid(payment("P1", PAID, (1, "20000.00")))
    assert (await code(service, f"{it.plan}/execution", body))[:2] == (409, "PLAN_HASH_MISMATCH")
    back = plan(village, asset, line("20000.00"), line("1.00", "PUBLIC_WELFARE"))
    await service.write(f"{it.plan}/amendments", back | {"reason": "改回"})
    again = await service.write("/v1/income-plans", back)
    twin = await code(service, f"/v1/income-plans/{again['id']}/execution", body)
    assert twin[:2] == (409, "PLAN_HASH_MISMATCH")
    await service.write(f"{it.plan}/execution", body)


async def waiting(service: Service, it: Decided, on: str) -> list[tuple[str, str, list[str]]]:
    """What waits of a plan on a day."""
    asked = {"on": on, "subject": it.plan.rpartition("/")[2], "min_position": await service.head()}
    page = await service.read("/v1/ledgers/worklist", **asked)
    return [(one["task"], one["dueOn"], one["units"]) for one in page["tasks"]]


async def test_plan_is_paid_in_instalments_never_a_fen_more_than_a_line(
    service: Service, village: str
) -> None:
    it = await planned(service, village, line("20000.00"), line("5000.00", "PUBLIC_WELFARE"))
    await it.through()
    path = f"{it.plan}/execution"
    first = payment("P1", PAID, (1, "12000.00"), (2, "5000.00"))
    assert (await service.write(path, it.paid(first)))["resource"]["state"] == "PAYING"
    more = await code(service, path, it.paid(payment("P2", PAID, (1, "8000.01"))))
    assert more[:2] == (409, "PLAN_AMOUNT_EXCEEDED")
    short = payment("P2", PAID, (1, "8000.00")) | {"amount": "8000.01"}
    assert (await code(service, path, it.paid(short)))[:2] == (422, "ATTRIBUTION_SUM_MISMATCH")
    assert (await code(service, path, it.paid(payment("P1", PAID, (1, "1.00")))))[:2] == (
        409,
        "ALREADY_EXISTS",
    )
    assert (await code(service, path, it.paid(payment("P2", PAID, (3, "1.00")))))[:2] == (
        422,
        "FIELD_INVALID",
    )
    again = await service.post(path, it.paid(first), "clerk")
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    done = await service.write(path, it.paid(payment("P2", "2022-11-01", (1, "8000.00"))))
    assert (done["resource"]["state"], done["resource"]["paid"]) == ("PAID", "25000.00")
    for gone in ("amendments", "withdrawal"):
        body: dict[str, Any] = {"reason": "改主意"}
        if gone == "amendments":
            body |= plan(village, it.subject["content"]["sources"][0]["asset"], line("25000.00"))
            body |= {"occurredOn": "2022-11-02"}
        assert (await code(service, f"{it.plan}/{gone}", body))[:2] == (409, "STEP_OUT_OF_ORDER")
    assert await waiting(service, it, "2022-11-01") == []
    assert await waiting(service, it, "2022-11-02") == [("USE_UNPUBLISHED", "2022-11-01", [village])]
    notice = {"publishedOn": "2022-11-02", "place": "村公示栏", "evidenceSha256": SEEN}
    shown = await service.write(f"{it.plan}/use-notices", {"notice": notice})
    assert shown["resource"]["published"]["publishedOn"] == "2022-11-02"
    assert await waiting(service, it, "2023-11-02") == []
    page = await service.read("/v1/ledgers/income-plans", village=village, min_position=await service.head())
    (row,) = page["rows"]
    assert (row["state"], row["amount"], row["paid"], row["payments"]) == ("PAID", "25000.00", "25000.00", 2)
    income = await service.read(
        "/v1/ledgers/income-ledger", holder=village, min_position=await service.head()
    )
    assert income["totals"]["balance"] == "5000.00"


@pytest.mark.clause("C4.9-05")
async def test_two_payments_at_once_never_take_a_fen_too_much(service: Service, village: str) -> None:
    """Gives the last of a village's income to one of two plans that are paid at once, and refuses the other."""
    one = await planned(service, village, line("30000.00"))
    asset = one.subject["content"]["sources"][0]["asset"]
    told = await service.write("/v1/income-plans", plan(village, asset, line("30000.00")))
    other = Decided(service, village, told)
    await one.through()
    await other.through()
    answers = await asyncio.gather(
        *(
            service.post(f"{it.plan}/execution", it.paid(payment("P1", PAID, (1, "30000.00"))))
            for it in (one, other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refusal,) = (answer.json()["code"] for answer in answers if answer.status_code == 409)
    assert refusal == "INSUFFICIENT_INCOME_BALANCE"
    assert (await service.read(account(village)))["resource"]["balance"] == "0.00"


@pytest.mark.clause("C4.9-02")
async def test_nobody_pays_another_villages_income(service: Service, village: str) -> None:
    """Refuses a plan by a village, or over income, that is another's."""
    it = await planned(service, village, line("20000.00"))
    await it.through()
    body = it.paid(payment("P1", PAID, (1, "20000.00")))
    for path, sent in (
        (f"{it.plan}/execution", body),
        (f"{it.plan}/withdrawal", {"reason": "代撤"}),
        ("/v1/income-plans", plan(village, it.subject["content"]["sources"][0]["asset"], line("1.00"))),
    ):
        assert (await code(service, path, sent, "village"))[:2] == (403, "FORBIDDEN_JURISDICTION")
    await open_account(service, "653022202208", on="2022-01-01")
    foreign = plan("653022202208", it.subject["content"]["sources"][0]["asset"], line("1.00"))
    assert (await code(service, "/v1/income-plans", foreign))[:2] == (409, "NOT_INCOME_HOLDER")


@pytest.mark.clause("C4.7-06")
async def test_filing_with_the_line_department_is_not_left_out_by_a_word(
    service: Service, village: str
) -> None:
    """Asks for the line department's filing by what the assets are, whatever the procedure was opened for."""
    it = await planned(service, village, line("20000.00"))
    await it.open(scope="JOINT_VILLAGE")
    for step in (it.voted, it.noticed, it.reviewed, it.filed, it.accepted):
        await step()
    body = it.paid(payment("P1", PAID, (1, "20000.00")))
    refusal = await code(service, f"{it.plan}/execution", body)
    assert refusal == (409, "INCOME_PLAN_NOT_READY", ["COMMERCE"])


@pytest.mark.clause("C4.9-06")
async def test_use_is_one_of_the_list_and_not_one_with_a_plan_of_its_own(
    service: Service, village: str
) -> None:
    """Refuses uses that the list does not have, and those that have a plan of their own."""
    for use, refusal in (
        ("OFFICE_EXPENSES", "USE_NOT_ALLOWED"),
        ("INCENTIVE", "USE_NOT_ALLOWED"),
        ("MAINTENANCE", "USE_NOT_ALLOWED"),
        ("HARDSHIP_RELIEF", "USE_NOT_ALLOWED"),
        ("OTHER", "FIELD_REQUIRED"),
        ("AID_NO_LABOUR", "FIELD_REQUIRED"),
    ):
        told = await proposed(service, village, line("15000.00", use))
        assert told["code"] == refusal, use


@pytest.mark.clause("C4.9-06", "C4.9-11")
async def test_sum_of_a_plan_is_at_most_what_was_earned(service: Service, village: str) -> None:
    """Accepts a plan of exactly the income and refuses one of a fen more; asks for its purpose, and says which use is another."""
    life = await earning(service, village)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", "15000.00", "2022-09-01"))
    asset = life.path.rpartition("/")[2]
    more = plan(village, asset, line("8000.00"), line("7000.01"))
    assert (await code(service, "/v1/income-plans", more))[:2] == (409, "PLAN_EXCEEDS_INCOME")
    short = plan(village, asset, line("8000.00")) | {}
    short["plan"]["sources"][0]["amount"] = "8000.01"
    assert (await code(service, "/v1/income-plans", short))[:2] == (422, "ATTRIBUTION_SUM_MISMATCH")
    other = line("7000.00", "OTHER", purpose="村史馆")
    silent = plan(village, asset, line("8000.00"), other, purposeStatement=None)
    told = await service.write("/v1/income-plans", silent)
    assert warnings(told) >= {"PURPOSE_REQUIRED", "USE_OTHER"}
    spoken = await service.write("/v1/income-plans", plan(village, asset, line("15000.00")))
    assert not warnings(spoken) & {"PURPOSE_REQUIRED", "USE_OTHER"}


@pytest.mark.clause("C4.9-07")
async def test_households_are_not_paid_alike_without_the_same_reason(service: Service, village: str) -> None:
    """Refuses equal and almost equal amounts to households without the same basis, and unequal ones where a basis is missing."""
    life = await earning(service, village)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", "30000.00", "2022-09-01"))
    asset = life.path.rpartition("/")[2]

    async def tried(*lines: dict[str, Any]) -> str:
        answer = await service.post("/v1/income-plans", plan(village, asset, *lines))
        return str(answer.json().get("code", answer.status_code))

    ten = [aid(f"H-{number}", "1000.00") for number in range(10)]
    assert await tried(*ten) == "EQUAL_DISTRIBUTION_PROHIBITED"
    assert await tried(*ten[:9], aid("H-9", "1000.01")) == "EQUAL_DISTRIBUTION_PROHIBITED"
    scored = [aid(f"H-{number}", "1000.00", number) for number in range(10)]
    assert await tried(*scored) == "EQUAL_DISTRIBUTION_PROHIBITED"
    assert await tried(*(aid(f"H-{number}", "1000.00", 5) for number in range(10))) == "201"
    assert await tried(aid("H-1", "1000.00")) == "DISTRIBUTION_BASIS_REQUIRED"
    assert await tried(aid("H-1", "5000.00", 5), aid("H-2", "3000.00")) == "DISTRIBUTION_BASIS_REQUIRED"
    three = (aid("H-1", "5000.00", 5), aid("H-2", "3000.00", 3), aid("H-3", "2000.00", 2))
    assert await tried(*three) == "201"
    # two households: the coefficient of variation is their difference over their sum, 1 % at 101 to 99
    assert await tried(aid("H-1", "1009.99", 5), aid("H-2", "990.01", 3)) == "EQUAL_DISTRIBUTION_PROHIBITED"
    assert await tried(aid("H-1", "1010.00", 5), aid("H-2", "990.00", 3)) == "201"
    post = await post_of(service, village, "H-0", "H-1", "H-2", months=("2022-07",))
    named: dict[str, Any] = {"post": post, "months": ["2022-07"]}
    wages = (line("1000.00", "PUBLIC_POST", household=f"H-{number}", **named) for number in range(3))
    assert await tried(*wages) == "201"
    split = (aid("H-1", "400.00", 5), aid("H-1", "600.00", 5), aid("H-2", "1000.00", 3))
    assert await tried(*split) == "EQUAL_DISTRIBUTION_PROHIBITED"


@pytest.mark.clause("C4.9-10")
async def test_photovoltaic_income_follows_its_own_rules(service: Service, village: str) -> None:
    """Asks photovoltaic plants for their own rule set, without cash to households, and warns below 80 % for work."""
    plant = {
        "card": {"assetType": "PV_PLANT", "unitOfMeasure": "千瓦", "quantity": "100", "usefulLifeYears": 20}
    }
    wages = line("15000.00", "PUBLIC_POST")
    general = await proposed(service, village, wages, **plant)
    assert general["code"] == "PV_RULESET_REQUIRED"
    cash = await proposed(service, village, aid("H-1", "15000.00", 5), ruleset="PV", **plant)
    assert cash["code"] == "USE_NOT_ALLOWED"
    lines = line("12000.00", "PUBLIC_POST"), line("3000.00", "SMALL_WORKS")
    enough = await proposed(service, village, *lines, ruleset="PV", **plant)
    assert (enough["status"], "PV_SHARE_LOW" in warnings(enough)) == (201, False)
    less = line("11999.99", "PUBLIC_POST"), line("3000.01", "SMALL_WORKS")
    low = await proposed(service, village, *less, ruleset="PV", **plant)
    assert (low["status"], "PV_SHARE_LOW" in warnings(low)) == (201, True)
    wrong = await proposed(service, village, wages, ruleset="PV")
    assert wrong["code"] == "FIELD_INVALID"


@pytest.mark.clause("C4.9-03")
async def test_distribution_of_one_asset_is_recorded_of_before_the_regulation_alone(
    service: Service, village: str
) -> None:
    """Refuses a payment with typed numbers since the regulation's first day, and takes what was before as imported history."""
    lines = [
        {"source": "FISCAL_DEV", "amount": "600000.00", "allocatedOn": "2019-12-01"},
        {"source": "AID_XJ", "amount": "400000.00", "allocatedOn": "2019-12-01"},
    ]
    acceptance = {"result": "PASSED", "acceptedOn": "2020-07-10", "documentNo": "验字001"}
    old = card(location=village, completionDate="2020-06-30", fundingLines=lines, acceptance=acceptance)
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": old, "occurredOn": "2020-07-15"})
    life = Life(service, asset)
    offered = transfer() | {"receiver": village, "initiatedOn": "2020-08-01"}
    await life.step("transfers", {"transfer": offered})
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    accepted = {"receiver": village, "items": items, "occurredOn": "2020-08-02"}
    await life.step("transfers/T1/acceptances", accepted)
    await life.step("transfers/T1/completion", {"occurredOn": "2020-08-03"})
    owned = {"confirmation": confirmation(owner=village), "occurredOn": "2020-08-10"}
    await life.step("ownership-confirmations", owned, "office")
    await life.step("income-receipts", money("R1", "30000.00", "2020-09-01"))

    def paid(on: str) -> dict[str, Any]:
        told = {
            "plan": "OLD-1",
            "holder": village,
            "amount": "100.00",
            "paidOn": on,
            "voucherNo": f"付{on}",
            "lines": [{"use": "COLLECTIVE_ECONOMY", "amount": "100.00"}],
            "decisionDocument": "村代会〔2021〕1号",
            "noticeDocument": "公示001",
            "townshipReview": "审001",
            "filingDocument": "备001",
        }
        return {"distribution": told, "provenance": "2013—2021年村级账簿"}

    path = f"{life.path}/income-distributions"
    for on in ("2021-06-17", "2022-10-01"):
        answer = await service.post(path, paid(on), "office", version=life.version)
        assert (answer.status_code, answer.json()["code"]) == (409, "INCOME_PLAN_NOT_READY"), on
    await life.step("income-distributions", paid("2021-06-16"), "office")
    (event,) = (
        one
        for one in (await service.read(f"{life.path}/events"))["events"]
        if one["type"] == "asset.income_distributed"
    )
    assert event["basis"]["provenance"] == "2013—2021年村级账簿"
    asset, position = life.path.rpartition("/")[2], await service.head()
    lines = (await service.read("/v1/ledgers/income-ledger", asset=asset, min_position=position))["rows"]
    marked = {one["reference"]: one["importedFrom"] for one in lines if one["entry"] != "ATTRIBUTION"}
    assert marked == {"R1": None, "OLD-1": "2013—2021年村级账簿"}
