"""Public-welfare posts (C4.9-06, C4.9-07): held, assessed by the month; a wage is what was assessed, once, and no cash besides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.income.content import IncomePlanContent, PlanLine
from domain.income.plan import IncomePlan
from domain.income.post import (
    HolderAppointment,
    HolderRelease,
    MonthAssessment,
    PostContent,
    PublicWelfarePost,
    WagePayment,
)
from tests.domain.income.test_account import on
from tests.domain.income.test_plan import content, line
from tests.domain.saying import nothing, recorded, refused
from tests.examples import ASSET, OTHER_VILLAGE, SHA, VILLAGE, earning, settled, yuan

CREATED, ANNOUNCED = date(2022, 1, 5), date(2022, 1, 8)


def cleaning(wage: str = "1000.00", **changes: Any) -> PostContent:
    fields: dict[str, Any] = {
        "village": VILLAGE,
        "name": "保洁员",
        "duties": "村道保洁",
        "monthly_wage": yuan(wage),
        "created_on": CREATED,
        "document_no": "村岗1号",
    }
    return PostContent(**(fields | changes))


def holder(household: str = "H-1", wage: str = "1000.00", **changes: Any) -> HolderAppointment:
    fields: dict[str, Any] = {
        "household": household,
        "since": date(2022, 2, 1),
        "until": date(2022, 12, 31),
        "wage": yuan(wage),
        "announced_on": ANNOUNCED,
        "agreement_sha256": SHA,
    }
    return HolderAppointment(**(fields | changes))


def month(name: str, wage: str = "1000.00", household: str = "H-1", **changes: Any) -> MonthAssessment:
    fields = {"result": "PASSED", "assessed_on": date(2022, 10, 1)}
    return MonthAssessment(**({"household": household, "month": name, "wage": yuan(wage)} | fields | changes))


def held(*households: str, post: str = "GY-1", village: str = VILLAGE) -> PublicWelfarePost:
    it = PublicWelfarePost.create(post, cleaning(village=village), "VILLAGE", on(CREATED))
    for one in households or ("H-1",):
        it.appoint(holder(one), on(ANNOUNCED))
    return settled(it)


def assess(it: PublicWelfarePost, assessment: MonthAssessment) -> None:
    it.assess(assessment, on(assessment.assessed_on))


def test_post_is_a_village_s_and_is_worth_something() -> None:
    it = PublicWelfarePost.create("GY-1", cleaning(), "VILLAGE", on(CREATED))
    assert recorded(it, PublicWelfarePost.PostCreated).content.monthly_wage == yuan("1000.00")
    with refused("ACCOUNT_NOT_COLLECTIVE", clause="C4.9-06"):
        PublicWelfarePost.create("GY-1", cleaning(), "TOWNSHIP", on(CREATED))
    with refused("AMOUNT_NOT_POSITIVE"):
        PublicWelfarePost.create("GY-1", cleaning("0.00"), "VILLAGE", on(CREATED))


def test_household_holds_a_post_once_at_a_time_for_no_more_than_it_is_worth() -> None:
    it = settled(PublicWelfarePost.create("GY-1", cleaning(), "VILLAGE", on(CREATED)))
    with refused("PLAN_AMOUNT_EXCEEDED", it):
        it.appoint(holder(wage="1000.01"), on(ANNOUNCED))
    with refused("AMOUNT_NOT_POSITIVE", it):
        it.appoint(holder(wage="0.00"), on(ANNOUNCED))
    it.appoint(holder(), on(ANNOUNCED))
    assert recorded(it, PublicWelfarePost.HolderAppointed).holder == holder()
    it.appoint(holder(), on(ANNOUNCED))
    nothing(it)
    with refused("ALREADY_EXISTS", it):
        it.appoint(holder(since=date(2022, 12, 31), until=date(2023, 12, 30)), on(ANNOUNCED))
    left = HolderRelease(household="H-1", last_day=date(2022, 11, 30), reason="外出务工")
    it.release(left, on(date(2022, 11, 30)))
    assert recorded(it, PublicWelfarePost.HolderReleased).release == left
    it.release(left, on(date(2022, 11, 30)))
    nothing(it)
    with refused("NOT_FOUND", it):
        it.release(left.model_copy(update={"last_day": date(2022, 12, 1)}), on(date(2022, 12, 1)))
    it.appoint(holder(since=date(2022, 12, 1), until=date(2023, 11, 30)), on(date(2022, 11, 30)))


def test_month_is_assessed_once_when_it_is_over_and_work_that_failed_earns_nothing() -> None:
    it = held()
    with refused("DATE_IN_FUTURE", it):
        assess(it, month("2022-09", assessed_on=date(2022, 9, 30)))
    for other in ("2022-01", "2023-01"):
        with refused("NOT_FOUND", it):
            assess(it, month(other, assessed_on=date(2023, 2, 1)))
    with refused("NOT_FOUND", it):
        assess(it, month("2022-09", household="H-2"))
    with refused("PLAN_AMOUNT_EXCEEDED", it):
        assess(it, month("2022-09", "1000.01"))
    with refused("PLAN_AMOUNT_EXCEEDED", it):
        assess(it, month("2022-09", "0.01", result="FAILED"))
    with refused("AMOUNT_NOT_POSITIVE", it):
        assess(it, month("2022-09", "-0.01"))
    assess(it, month("2022-09"))
    assert recorded(it, PublicWelfarePost.MonthAssessed).assessment == month("2022-09")
    assess(it, month("2022-09"))
    nothing(it)
    with refused("ALREADY_EXISTS", it):
        assess(it, month("2022-09", "999.99"))
    assess(it, month("2022-08", "0.00", result="FAILED"))


def wages(*lines: PlanLine) -> IncomePlanContent:
    return content(*lines)


def wage(amount: str, household: str = "H-1", *months: str, post: str = "GY-1") -> PlanLine:
    return line(
        amount, "PUBLIC_POST", household=household, post=post, months=months or ("2022-08", "2022-09")
    )


def propose(text: IncomePlanContent, *posts: PublicWelfarePost) -> IncomePlan:
    there = {one.id: one for one in posts}
    at = on(date(2022, 12, 1))
    return IncomePlan.propose(
        "IP-1", text, {ASSET: earning()}, yuan("12000.00"), frozenset(), at, posts=there
    )


def test_wage_of_a_household_names_its_post_and_assessed_months() -> None:
    it = held("H-1", "H-2")
    for one in ("H-1", "H-2"):
        assess(it, month("2022-08", household=one))
    assess(it, month("2022-09", "500.00"))
    bare = line("1000.00", "PUBLIC_POST", household="H-1")
    with refused("WAGE_NOT_ASSESSED", missing=["lines[0].post", "lines[0].months"], clause="C4.9-07"):
        propose(wages(bare), it)
    with refused("WAGE_NOT_ASSESSED", missing=["lines[0].months"]):
        propose(wages(line("1000.00", "PUBLIC_POST", household="H-1", post="GY-1")), it)
    with refused("WAGE_NOT_ASSESSED"):
        propose(wages(wage("1500.01")), it)
    with refused("WAGE_NOT_ASSESSED"):
        propose(wages(wage("1000.01", "H-2")), it)
    with refused("WAGE_NOT_ASSESSED"):
        propose(wages(wage("0.01", "H-1", "2022-07")), it)
    with refused("WAGE_NOT_ASSESSED"):
        propose(wages(wage("1000.00", "H-1", "2022-08"), wage("500.01")), it)
    with refused("WAGE_NOT_ASSESSED"):
        propose(wages(wage("1000.00")), held(village=OTHER_VILLAGE))
    with refused("FIELD_INVALID"):
        propose(wages(line("1000.00", "COLLECTIVE_ECONOMY", post="GY-1")), it)
    assert propose(wages(wage("1500.00"), wage("1000.00", "H-2", "2022-08")), it)
    assert propose(wages(line("6000.00", "PUBLIC_POST")), it)


def test_month_is_paid_once() -> None:
    it = held()
    for name in ("2022-08", "2022-09"):
        assess(it, month(name))
    it.collect_events()

    def paying(amount: str, *months: str) -> None:
        paid = WagePayment(
            household="H-1", plan="IP-1", line=1, payment="P-1", amount=yuan(amount), months=months
        )
        it.pay_wage(VILLAGE, paid, on(date(2022, 12, 20)))

    with refused("WAGE_NOT_ASSESSED", it):
        paying("1000.01", "2022-08")
    paying("1500.00", "2022-08", "2022-09")
    assert recorded(it, PublicWelfarePost.WagePaid).wage.amount == yuan("1500.00")
    assert [one.paid for one in it.assessed] == [yuan("1000.00"), yuan("500.00")]
    with refused("WAGE_NOT_ASSESSED", it):
        paying("0.01", "2022-08")
    with refused("WAGE_NOT_ASSESSED", it):
        paying("500.01", "2022-08", "2022-09")
    paying("500.00", "2022-09")
    with refused("WAGE_NOT_ASSESSED", it):
        paying("0.01", "2022-08", "2022-09")


@pytest.mark.parametrize("amount", ["1000.00", "0.01"])
def test_plan_says_which_wages_a_payment_pays(amount: str) -> None:
    from tests.domain.income.test_plan import paid

    it = held()
    assess(it, month("2022-08"))
    plan = propose(wages(wage("1000.00", "H-1", "2022-08"), line("2000.00")), it)
    ((post, counted),) = plan.wages_in(paid((1, amount), (2, "1.00")))
    assert (post, counted.household, counted.amount) == ("GY-1", "H-1", yuan(amount))
