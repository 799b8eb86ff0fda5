"""Relief plans (A11): help for households in hardship, each with its cause, paid as it was decided, then made public."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.income.payments import PaidLine, PlanPayment, UseNotice
from domain.income.relief import ReliefContent, ReliefLine, ReliefPlan
from domain.procedure.procedure import ProcedureInstance
from domain.values import total
from tests.domain.income.test_account import on
from tests.domain.saying import nothing, recorded, refused
from tests.examples import SHA, VILLAGE, organization, yuan
from tests.procedures import by, opening

DAY, PAID = date(2022, 9, 2), date(2022, 10, 10)


def line(amount: str, household: str = "H-1", **changes: Any) -> ReliefLine:
    fields = {"cause": "ILLNESS", "circumstances": "重病住院", "evidence_sha256": SHA}
    return ReliefLine(**({"household": household, "amount": yuan(amount)} | fields | changes))


def help_for(*lines: ReliefLine) -> ReliefContent:
    return ReliefContent(village=VILLAGE, lines=lines or (line("5000.00"),))


def proposed(*lines: ReliefLine, plan: str = "BF-1") -> ReliefPlan:
    it = ReliefPlan.propose(plan, help_for(*lines), organization(), on(DAY))
    it.collect_events()
    return it


def over(plan: ReliefPlan, procedure: str = "PR-1") -> ProcedureInstance:
    return ProcedureInstance.open(procedure, opening("A11", subject=plan.subject), by(VILLAGE), on(DAY))


def payment(number: str, *amounts: tuple[int, str], whole: str | None = None) -> PlanPayment:
    parts = tuple(PaidLine(line=one, amount=yuan(amount)) for one, amount in amounts)
    amount = total(one.amount for one in parts) if whole is None else yuan(whole)
    return PlanPayment(
        payment=number, amount=amount, paid_on=PAID, voucher_no="付1", list_sha256=SHA, lines=parts
    )


@pytest.mark.parametrize("cause", ["ILLNESS", "DISASTER", "SCHOOLING", "ACCIDENT", "OTHER"])
def test_help_for_each_cause_of_the_clause_is_proposed(cause: str) -> None:
    plan = ReliefPlan.propose("BF-1", help_for(line("5000.00", cause=cause)), organization(), on(DAY))
    event = recorded(plan, ReliefPlan.Proposed)
    assert event.sha256 == plan.subject.sha256
    assert plan.subject.content["causes"] == {cause: "5000.00"}
    assert "H-1" not in str(plan.subject.content)


def test_help_without_cause_or_for_another_one_is_refused() -> None:
    lacking = help_for(line("5000.00"), line("1.00", cause=None))
    with refused("CAUSE_REQUIRED", missing=["plan.lines[1].cause"], clause="C4.9-09"):
        ReliefPlan.propose("BF-1", lacking, organization(), on(DAY))
    with refused("CODE_UNKNOWN", clause="C4.9-09"):
        ReliefPlan.propose("BF-1", help_for(line("5000.00", cause="WEDDING")), organization(), on(DAY))
    for amount in ("0.00", "-0.01"):
        with refused("AMOUNT_NOT_POSITIVE"):
            ReliefPlan.propose("BF-1", help_for(line(amount)), organization(), on(DAY))


def test_unit_that_is_no_village_helps_nobody_out_of_income() -> None:
    township = organization()
    township.card = township.card.model_copy(update={"kind": "TOWNSHIP"})
    with refused("ACCOUNT_NOT_COLLECTIVE", clause="C4.9-09"):
        ReliefPlan.propose("BF-1", help_for(), township, on(DAY))


def test_help_is_paid_line_by_line_and_no_fen_more() -> None:
    plan = proposed(line("5000.00"), line("300.00", "H-2", cause="SCHOOLING"))
    decided = over(plan)
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.pay(payment("P-1", (1, "5000.01")), decided, on(PAID))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.pay(payment("P-1", (1, "1.00"), (2, "300.01")), decided, on(PAID))
    with refused("FIELD_INVALID", plan):
        plan.pay(payment("P-1", (3, "1.00")), decided, on(PAID))
    with refused("FIELD_INVALID", plan):
        plan.pay(payment("P-1", (1, "1.00"), (1, "1.00")), decided, on(PAID))
    with refused("ATTRIBUTION_SUM_MISMATCH", plan):
        plan.pay(payment("P-1", (1, "1.00"), whole="1.01"), decided, on(PAID))
    with refused("AMOUNT_NOT_POSITIVE", plan):
        plan.pay(payment("P-1", (1, "0.00")), decided, on(PAID))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.publish_use(notice(), on(PAID))
    assert plan.pay(payment("P-1", (1, "4999.99"), (2, "300.00")), decided, on(PAID))
    assert recorded(plan, ReliefPlan.Paid).procedure == "PR-1"
    assert (plan.unpaid_to("H-1"), plan.unpaid_to("H-2")) == (yuan("0.01"), yuan("0.00"))
    assert not plan.pay(payment("P-1", (1, "4999.99"), (2, "300.00")), decided, on(PAID))
    nothing(plan)
    with refused("ALREADY_EXISTS", plan):
        plan.pay(payment("P-1", (1, "0.01")), decided, on(PAID))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.pay(payment("P-2", (1, "0.02")), decided, on(PAID))
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.pay(payment("P-2", (1, "0.01")), over(plan, "PR-2"), on(PAID))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.withdraw("另有救助", on(PAID))
    assert plan.pay(payment("P-2", (1, "0.01")), decided, on(PAID))
    assert (plan.state, plan.paid) == ("PAID", yuan("5300.00"))
    plan.collect_events()
    plan.publish_use(notice(), on(PAID))
    assert recorded(plan, ReliefPlan.UsePublished).notice == plan.published
    plan.publish_use(notice(), on(PAID))
    nothing(plan)


def notice() -> UseNotice:
    return UseNotice(published_on=PAID, place="村公示栏", evidence_sha256=SHA)


def test_procedure_over_other_help_pays_nothing() -> None:
    plan = proposed()
    for other in (proposed(line("5000.01")), proposed(line("5000.00", "H-2")), proposed(plan="BF-2")):
        with refused("PLAN_HASH_MISMATCH", plan):
            plan.pay(payment("P-1", (1, "1.00")), over(other), on(PAID))


def test_withdrawn_plan_is_paid_no_more() -> None:
    plan = proposed()
    decided = over(plan)
    plan.withdraw("另有救助", on(PAID))
    recorded(plan, ReliefPlan.Withdrawn)
    assert plan.unpaid_to("H-1") == 0
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.pay(payment("P-1", (1, "1.00")), decided, on(PAID))
