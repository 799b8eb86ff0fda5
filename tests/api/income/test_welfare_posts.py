"""Public-welfare posts over HTTP (C4.9-06, C4.9-07): a wage is what was assessed, paid once, and no door for cash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.bodies import TOWNSHIP
from tests.api.income.decided import Decided, line, payment, plan, village_key
from tests.api.income.incomes import planned, villages
from tests.api.income.test_maintenance import code
from tests.api.income.welfare import POSTS, cleaning, holding, post_of, worked
from tests.api.service import Service

VILLAGES = villages()
PAID = "2022-10-10"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def wage(amount: str, post: str, household: str, *months: str) -> dict[str, Any]:
    return line(amount, "PUBLIC_POST", household=household, post=post, months=list(months))


async def test_post_is_held_and_assessed_as_it_was_agreed(service: Service, village: str) -> None:
    """Refuses a township's post, a wage above the post's or the agreed one, a month that is not over or not held, and two words on a month."""
    assert (await code(service, POSTS, cleaning(TOWNSHIP)))[:2] == (409, "ACCOUNT_NOT_COLLECTIVE")
    assert (await code(service, POSTS, cleaning(village, "0.00")))[:2] == (422, "AMOUNT_NOT_POSITIVE")
    post = f"{POSTS}/{await post_of(service, village)}"
    over = (409, "PLAN_AMOUNT_EXCEEDED")
    assert (await code(service, f"{post}/holders", holding("H-1", "1000.01")))[:2] == over
    await service.write(f"{post}/holders", holding("H-1", "900.00"))
    overlap = holding("H-1", since="2022-08-31", until="2022-12-31")
    assert (await code(service, f"{post}/holders", overlap))[:2] == (409, "ALREADY_EXISTS")
    path = f"{post}/assessments"
    assert (await code(service, path, worked("H-1", "2022-07", "900.01")))[:2] == over
    assert (await code(service, path, worked("H-1", "2022-07", "0.01", result="FAILED")))[:2] == over
    assert (await code(service, path, worked("H-2", "2022-07")))[:2] == (404, "NOT_FOUND")
    assert (await code(service, path, worked("H-1", "2022-09", assessedOn="2022-10-01")))[:2] == (
        404,
        "NOT_FOUND",
    )
    early = worked("H-1", "2022-08", "900.00", assessedOn="2022-08-31")
    assert (await code(service, path, early))[:2] == (422, "DATE_IN_FUTURE")
    await service.write(path, worked("H-1", "2022-07", "900.00"))
    assert (await code(service, path, worked("H-1", "2022-07", "899.99")))[:2] == (409, "ALREADY_EXISTS")
    again = await service.post(path, worked("H-1", "2022-07", "900.00"), "clerk")
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    left = {"release": {"household": "H-1", "lastDay": "2022-07-31", "reason": "外出务工"}}
    await service.write(f"{post}/releases", left)
    late = {"release": left["release"] | {"lastDay": "2022-08-01"}}
    assert (await code(service, f"{post}/releases", late))[:2] == (404, "NOT_FOUND")
    assert (await code(service, path, worked("H-1", "2022-08", "900.00")))[:2] == (404, "NOT_FOUND")
    stranger = next(VILLAGES)
    await village_key(service, stranger)
    forbidden = {"FORBIDDEN", "FORBIDDEN_JURISDICTION"}
    assert (await code(service, path, worked("H-1", "2022-06", "900.00"), stranger))[1] in forbidden
    masked = (await service.read(post, "finance"))["resource"]
    assert {one["household"] for one in (*masked["holders"], *masked["assessed"])} == {"***"}


@pytest.mark.clause("C4.9-07")
async def test_exemption_of_wages_is_no_door_for_cash(service: Service, village: str) -> None:
    """Refuses equal wages of households without post and assessed months, of months that failed, of more than was earned, of another village's post."""
    it = await planned(service, village, line("20000.00"))
    asset = it.subject["content"]["sources"][0]["asset"]

    async def tried(*lines: dict[str, Any]) -> str:
        answer = await service.post("/v1/income-plans", plan(village, asset, *lines))
        return str(answer.json().get("code", answer.status_code))

    post = await post_of(service, village, "H-1", "H-2", months=("2022-07", "2022-08"))
    await service.write(f"{POSTS}/{post}/assessments", worked("H-1", "2022-06", "0.00", result="FAILED"))
    cash = [line("1000.00", "PUBLIC_POST", household=f"H-{number}") for number in range(3)]
    assert await tried(*cash) == "WAGE_NOT_ASSESSED"
    assert await tried(line("1000.00", "PUBLIC_POST", household="H-1", post=post)) == "WAGE_NOT_ASSESSED"
    assert await tried(wage("1000.00", "GY-NONE", "H-1", "2022-07")) == "CODE_UNKNOWN"
    assert await tried(wage("0.01", post, "H-1", "2022-06")) == "WAGE_NOT_ASSESSED"
    assert await tried(wage("1000.01", post, "H-1", "2022-07")) == "WAGE_NOT_ASSESSED"
    assert await tried(wage("1000.00", post, "H-3", "2022-07")) == "WAGE_NOT_ASSESSED"
    twice = wage("1000.00", post, "H-1", "2022-07"), wage("0.01", post, "H-1", "2022-07")
    assert await tried(*twice) == "WAGE_NOT_ASSESSED"
    foreign = await post_of(service, next(VILLAGES), "H-1", months=("2022-07",))
    assert await tried(wage("1000.00", foreign, "H-1", "2022-07")) == "WAGE_NOT_ASSESSED"
    assert await tried(line("1000.00", post=post)) == "FIELD_INVALID"
    alike = (
        wage("2000.00", post, "H-1", "2022-07", "2022-08"),
        wage("2000.00", post, "H-2", "2022-07", "2022-08"),
    )
    assert await tried(*alike) == "201"


@pytest.mark.clause("C4.9-07", "C4.9-06")
async def test_month_is_paid_once_also_by_two_plans_at_once(service: Service, village: str) -> None:
    """Pays an assessed month by one of two plans that are paid at once, and refuses the other; what comes back from the bank is paid again."""
    post = await post_of(service, village, "H-1", months=("2022-07", "2022-08"))
    months = wage("2000.00", post, "H-1", "2022-07", "2022-08")
    one = await planned(service, village, months)
    asset = one.subject["content"]["sources"][0]["asset"]
    told = await service.write("/v1/income-plans", plan(village, asset, months))
    other = Decided(service, village, told)
    await one.through()
    await other.through()
    answers = await asyncio.gather(
        *(
            service.post(f"{it.plan}/execution", it.paid(payment("P1", PAID, (1, "2000.00"))))
            for it in (one, other)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refusal,) = (answer.json()["code"] for answer in answers if answer.status_code == 409)
    assert refusal == "WAGE_NOT_ASSESSED"
    (done,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert "public_welfare_post.wage_paid" in {event["type"] for event in done["events"]}
    shown = (await service.read(f"{POSTS}/{post}"))["resource"]["assessed"]
    assert [(it["month"], it["paid"]) for it in shown] == [("2022-07", "1000.00"), ("2022-08", "1000.00")]
    asked = {"village": village, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/public-welfare-posts", **asked))["rows"]
    assert (row["months"], row["earned"], row["paid"]) == (2, "2000.00", "2000.00")
    paid_by = one if done["id"] == one.plan.rpartition("/")[2] else other
    kept = {"payment": "P1", "amount": "2000.00", "lines": [{"line": 1, "amount": "2000.00"}]}
    sent = kept | {"returned": "T1", "returnedOn": "2022-10-12", "voucherNo": "退1", "reason": "账户已销户"}
    await service.write(f"{paid_by.plan}/payment-returns", {"back": sent})
    again = paid_by.paid(payment("P2", "2022-10-20", (1, "2000.00")))
    await service.write(f"{paid_by.plan}/execution", again)
    assert (await service.read(f"{POSTS}/{post}"))["resource"]["assessed"] == shown
