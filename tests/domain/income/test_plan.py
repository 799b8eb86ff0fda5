"""Income plans (C4.9-03): proposed, amended, paid in parts, published; and where every fen of a payment comes from."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from domain.asset.asset import Asset
from domain.income.content import IncomePlanContent, LineBasis, PlanLine, PlanSource, PriorityOmission
from domain.income.payments import PaidLine, PaymentReturn, PlanPayment, ReturnedLine, UseNotice
from domain.income.plan import IncomePlan
from domain.occasion import Occasion
from domain.procedure.procedure import ProcedureInstance
from domain.values import Fen
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import ASSET, OTHER_VILLAGE, SHA, VILLAGE, disposed, earning, occasion, yuan
from tests.procedures import by, opening

TODAY = date(2026, 10, 1)


def on(day: date) -> Occasion:
    """A decision of that day, looked at later."""
    return occasion(day, today=TODAY)


PROPOSED, PAID = on(date(2022, 12, 1)), date(2022, 12, 20)


def line(amount: str, use: str = "COLLECTIVE_ECONOMY", **facts: Any) -> PlanLine:
    return PlanLine(use=use, amount=yuan(amount), **facts)


def content(*lines: PlanLine, **changes: Any) -> IncomePlanContent:
    lines = lines or (line("6000.00"),)
    given: dict[str, Any] = {
        "village": VILLAGE,
        "year": 2022,
        "sources": (PlanSource(asset=ASSET, amount=Fen(sum(one.amount for one in lines))),),
        "lines": lines,
        "purpose_statement": "壮大集体经济",
    }
    return IncomePlanContent(**(given | changes))


def propose(text: IncomePlanContent, asset: Asset | None = None, balance: str = "12000.00") -> IncomePlan:
    return IncomePlan.propose(
        "IP-1", text, {ASSET: asset or earning()}, yuan(balance), frozenset(), on(date(2022, 12, 1))
    )


def proposed(*lines: PlanLine) -> IncomePlan:
    plan = propose(content(*lines))
    plan.collect_events()
    return plan


def over(plan: IncomePlan, procedure: str = "PR-1") -> ProcedureInstance:
    """A procedure over the plan's text of now."""
    return ProcedureInstance.open(
        procedure, opening("A8", subject=plan.content.subject(plan.id)), by(VILLAGE), PROPOSED
    )


def paid(*amounts: tuple[int, str], **changes: Any) -> PlanPayment:
    given: dict[str, Any] = {
        "payment": "P-1",
        "amount": Fen(sum(yuan(amount) for _, amount in amounts)),
        "paid_on": PAID,
        "voucher_no": "付1",
        "list_sha256": SHA,
        "lines": tuple(PaidLine(line=number, amount=yuan(amount)) for number, amount in amounts),
    }
    return PlanPayment(**(given | changes))


def test_plan_says_what_goes_to_the_village_and_what_to_households() -> None:
    basis = LineBasis(criterion="困难程度", score=5)
    plan = propose(content(line("1000.00", "AID_NO_LABOUR", household="H-1", basis=basis), line("5000.00")))
    event = recorded(plan, IncomePlan.Proposed)
    assert (event.household_share, event.village_share) == (yuan("1000.00"), yuan("5000.00"))
    assert event.sha256 == plan.content.subject("IP-1").sha256


def test_text_of_the_procedure_names_no_household() -> None:
    basis = LineBasis(criterion="困难程度", score=5)
    text = content(
        line("1000.00", "AID_NO_LABOUR", household="H-SECRET", basis=basis),
        omissions=(PriorityOmission(household="H-OTHER", reason="已迁出"),),
    )
    assert "H-SECRET" not in str(text.subject("IP-1").content)
    assert "H-OTHER" not in str(text.subject("IP-1").content)


@pytest.mark.parametrize(
    "changes",
    [
        {"year": 2023},
        {"purpose_statement": "壮大集体经济。"},
        {"purpose_statement": None},
        {"lines": (line("5999.99"), line("0.01", "PUBLIC_WELFARE"))},
        {"lines": (line("6000.00", household="H-1"),)},
        {"omissions": (PriorityOmission(household="H-1", reason="已迁出"),)},
    ],
)
def test_another_text_has_another_digest(changes: dict[str, Any]) -> None:
    other = content().model_copy(update=changes)
    assert other.subject("IP-1").sha256 != content().subject("IP-1").sha256
    assert content().subject("IP-2").sha256 != content().subject("IP-1").sha256


def test_money_of_a_plan_is_there_is_the_villages_and_adds_up() -> None:
    with refused("PLAN_EXCEEDS_INCOME"):
        propose(content(line("12000.01")), balance="99999.00")
    with refused("PLAN_EXCEEDS_INCOME"):
        propose(content(line("6000.01")), balance="6000.00")
    assert propose(content(line("12000.00")))
    with refused("NOT_INCOME_HOLDER"):
        propose(content(village=OTHER_VILLAGE))
    with refused("ATTRIBUTION_SUM_MISMATCH"):
        propose(content(sources=(PlanSource(asset=ASSET, amount=yuan("6000.01")),)))
    with refused("AMOUNT_NOT_POSITIVE"):
        propose(content(line("0.00"), line("6000.00")))
    twice = (PlanSource(asset=ASSET, amount=yuan("3000.00")),) * 2
    with refused("FIELD_INVALID"):
        propose(content(sources=twice))
    with refused("ASSET_DISPOSED"):
        propose(content(), asset=disposed())


def test_plan_is_amended_and_withdrawn_until_something_is_paid() -> None:
    plan, assets = proposed(), {ASSET: earning()}
    plan.amend(content(), "无改动", assets, yuan("12000.00"), frozenset(), PROPOSED)
    nothing(plan)
    with refused("FIELD_INVALID", plan):
        plan.amend(content(village=OTHER_VILLAGE), "错村", assets, yuan("12000.00"), frozenset(), PROPOSED)
    plan.amend(content(line("7000.00")), "增加", assets, yuan("12000.00"), frozenset(), PROPOSED)
    assert recorded(plan, IncomePlan.Amended).sha256 == plan.sha256
    plan.execute(paid((1, "1.00")), over(plan), on(PAID))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.amend(content(), "再改", assets, yuan("12000.00"), frozenset(), PROPOSED)
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.withdraw("不办了", PROPOSED)
    gone = proposed()
    gone.withdraw("不办了", PROPOSED)
    recorded(gone, IncomePlan.Withdrawn)
    with refused("STEP_OUT_OF_ORDER", gone):
        gone.execute(paid((1, "1.00")), over(gone), on(PAID))


def test_plan_is_paid_by_the_procedure_over_its_text() -> None:
    plan = proposed()
    before = over(plan)
    plan.amend(
        content(line("6000.00", "PUBLIC_WELFARE")),
        "改用途",
        {ASSET: earning()},
        yuan("12000.00"),
        frozenset(),
        PROPOSED,
    )
    plan.collect_events()
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.execute(paid((1, "6000.00")), before, on(PAID))
    assert plan.execute(paid((1, "1000.00")), over(plan), on(PAID))
    assert recorded(plan, IncomePlan.Executed).procedure == "PR-1"
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.execute(paid((1, "1000.00"), payment="P-2"), over(plan, "PR-2"), on(PAID))


def test_instalment_is_recorded_once_and_never_more_than_its_lines() -> None:
    plan = proposed(line("4000.00"), line("2000.00", "PUBLIC_WELFARE"))
    procedure = over(plan)
    for amounts, changes, code in (
        (((1, "0.00"),), {}, "AMOUNT_NOT_POSITIVE"),
        (((3, "1.00"),), {}, "FIELD_INVALID"),
        (((1, "1.00"), (1, "1.00")), {}, "FIELD_INVALID"),
        (((1, "1.00"),), {"amount": yuan("1.01")}, "ATTRIBUTION_SUM_MISMATCH"),
        (((1, "4000.01"),), {}, "PLAN_AMOUNT_EXCEEDED"),
    ):
        with refused(code, plan):
            plan.execute(paid(*amounts, **changes), procedure, on(PAID))
    assert plan.execute(paid((1, "4000.00")), procedure, on(PAID))
    assert plan.state == "PAYING"
    plan.collect_events()
    assert not plan.execute(paid((1, "4000.00")), procedure, on(PAID))
    nothing(plan)
    with refused("ALREADY_EXISTS", plan):
        plan.execute(paid((2, "1.00")), procedure, on(PAID))
    assert plan.execute(paid((2, "2000.00"), payment="P-2"), procedure, on(PAID))
    assert plan.state == "PAID"


def test_use_is_made_public_once_something_is_paid() -> None:
    plan = proposed()
    notice = UseNotice(published_on=date(2022, 12, 25), place="公示栏", evidence_sha256=SHA)
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.publish_use(notice, on(date(2022, 12, 25)))
    plan.execute(paid((1, "6000.00")), over(plan), on(PAID))
    plan.collect_events()
    plan.publish_use(notice, on(date(2022, 12, 25)))
    assert recorded(plan, IncomePlan.UsePublished).notice == notice


def test_what_reviewers_have_to_look_at_is_said() -> None:
    plan = propose(content(line("6000.00", "OTHER", purpose="村史馆"), purpose_statement=None))
    event = recorded(plan, IncomePlan.Proposed)
    assert warned(event, "USE_OTHER") == {"purpose": "村史馆"}
    assert warned(event, "PURPOSE_REQUIRED") == {}


def cash(household: str, amount: str, score: int | None = None) -> PlanLine:
    basis = None if score is None else LineBasis(criterion="困难程度", score=score)
    return line(amount, "AID_NO_LABOUR", household=household, basis=basis)


def test_households_are_told_apart_by_their_bases() -> None:
    with refused("EQUAL_DISTRIBUTION_PROHIBITED"):
        propose(content(cash("H-1", "1000.00", 5), cash("H-2", "1000.00", 3)))
    with refused("EQUAL_DISTRIBUTION_PROHIBITED"):
        propose(content(cash("H-1", "1000.00"), cash("H-2", "1000.01")))
    with refused("DISTRIBUTION_BASIS_REQUIRED"):
        propose(content(cash("H-1", "1000.00", 5), cash("H-2", "2000.00")))
    assert propose(content(cash("H-1", "1000.00", 5), cash("H-2", "1000.00", 5)))


def test_photovoltaic_income_has_uses_of_its_own() -> None:
    plant = earning()
    plant.card = plant.card.model_copy(update={"asset_type": "PV_PLANT"})
    with refused("PV_RULESET_REQUIRED"):
        propose(content(line("6000.00", "PUBLIC_POST")), asset=plant)
    with refused("USE_NOT_ALLOWED"):
        propose(content(cash("H-1", "6000.00", 5), ruleset="PV"), asset=plant)
    with refused("FIELD_INVALID"):
        propose(content(line("6000.00", "PUBLIC_POST"), ruleset="PV"))
    low = content(line("4799.99", "PUBLIC_POST"), line("1200.01", "SMALL_WORKS"), ruleset="PV")
    assert warned(recorded(propose(low, asset=plant), IncomePlan.Proposed), "PV_SHARE_LOW") == {
        "share": "79.99%"
    }
    enough = content(line("4800.00", "PUBLIC_POST"), line("1200.00", "SMALL_WORKS"), ruleset="PV")
    event = recorded(propose(enough, asset=plant), IncomePlan.Proposed)
    assert "PV_SHARE_LOW" not in {one.code for one in event.basis.warnings}


def test_line_is_never_overpaid() -> None:
    plan = proposed(line("4000.00"))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.execute(paid((1, "4000.01")), over(plan), on(PAID))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=5),
    st.lists(st.integers(1, 400), min_size=1, max_size=4),
    st.data(),
)
def test_every_fen_of_a_payment_comes_from_one_source(sources: list[int], cuts: list[int], data: Any) -> None:
    """Whatever the sources and however it is paid in parts: no source gives more than planned, all of it together gives all."""
    whole = sum(sources)
    lines = [whole]
    for cut in cuts:
        if lines[-1] > cut:
            lines[-1:] = [cut, lines[-1] - cut]
    text = content(
        *(PlanLine(use="COLLECTIVE_ECONOMY", amount=Fen(one)) for one in lines),
        sources=tuple(PlanSource(asset=f"A-{n}", amount=Fen(one)) for n, one in enumerate(sources)),
    )
    plan = IncomePlan.begin(
        IncomePlan.Proposed,
        "IP-1",
        PROPOSED,
        content=text,
        sha256=text.subject("IP-1").sha256,
        village_share=text.village_share,
        household_share=text.household_share,
    )
    procedure = over(plan)
    left, drawn = dict(enumerate(lines, 1)), dict.fromkeys(range(len(sources)), 0)
    number = 0
    while any(left.values()):
        number += 1
        chosen = data.draw(st.sampled_from([n for n, amount in left.items() if amount]))
        amount = data.draw(st.integers(1, left[chosen]))
        left[chosen] -= amount
        part = paid(
            (chosen, f"{amount // 100}.{amount % 100:02d}"), payment=f"P-{number}", voucher_no=f"付{number}"
        )
        parts = plan.execute(part, procedure, on(PAID))
        assert parts is not None
        assert sum(one.amount for one in parts.values()) == amount
        assert all(sum(use.amount for use in one.lines) == one.amount for one in parts.values())
        for asset, one in parts.items():
            drawn[int(asset.removeprefix("A-"))] += one.amount
        if data.draw(st.integers(0, 3)) == 0:
            back = data.draw(st.integers(1, amount))
            assert plan.take_back(returned((chosen, back), payment=f"P-{number}"), on(PAID))
            sent_back = paid(
                (chosen, f"{back // 100}.{back % 100:02d}"), payment=f"A-{number}", voucher_no=f"再{number}"
            )
            assert plan.execute(sent_back, procedure, on(PAID)) == {}
    assert drawn == dict(enumerate(sources)) and plan.state == "PAID"
    assert plan.to_pay_again == {}


def returned(*amounts: tuple[int, int], payment: str = "P-1", **changes: Any) -> PaymentReturn:
    """What the bank sent back of a payment, fen by line."""
    lines = tuple(ReturnedLine(line=number, amount=Fen(amount)) for number, amount in amounts)
    given: dict[str, Any] = {
        "returned": f"T-{payment}",
        "payment": payment,
        "amount": Fen(sum(amount for _, amount in amounts)),
        "returned_on": PAID,
        "voucher_no": "退1",
        "reason": "账户已销户",
        "lines": lines,
    }
    return PaymentReturn(**(given | changes))


def test_bank_sends_back_no_more_than_was_paid_and_each_line_is_paid_again() -> None:
    """Of 4,000.00 and 1,000.00 paid, the 1,000.00 comes back: it is paid again to its line, and taken from no asset again."""
    plan = proposed(line("4000.00"), line("2000.00", "PUBLIC_WELFARE"))
    procedure = over(plan)
    plan.execute(paid((1, "4000.00"), (2, "1000.00")), procedure, on(PAID))
    plan.collect_events()
    for code, amounts, changes in (
        ("RETURN_EXCEEDS_PAYMENT", [(2, 1000_01)], {}),
        ("RETURN_EXCEEDS_PAYMENT", [(3, 1)], {}),
        ("NOT_FOUND", [(2, 1)], {"payment": "P-2"}),
        ("AMOUNT_NOT_POSITIVE", [(2, 0)], {}),
        ("FIELD_INVALID", [(2, 1), (2, 1)], {}),
        ("ATTRIBUTION_SUM_MISMATCH", [(2, 1)], {"amount": Fen(2)}),
    ):
        with refused(code, plan):
            plan.take_back(returned(*amounts, **changes), on(PAID))
    with refused("RETURN_EXCEEDS_PAYMENT", clause="C4.9-05"):
        plan.take_back(returned((2, 1000_01)), on(PAID))
    assert plan.take_back(returned((2, 999_99)), on(PAID))
    assert recorded(plan, IncomePlan.PaymentReturned).back.amount == yuan("999.99")
    assert not plan.take_back(returned((2, 999_99)), on(PAID))
    nothing(plan)
    with refused("ALREADY_EXISTS", plan):
        plan.take_back(returned((2, 1)), on(PAID))
    with refused("RETURN_EXCEEDS_PAYMENT", plan):
        plan.take_back(returned((2, 2), returned="T-2"), on(PAID))
    assert plan.take_back(returned((2, 1), returned="T-2"), on(PAID))
    assert (plan.paid, plan.state, plan.to_pay_again) == (yuan("4000.00"), "PAYING", {2: yuan("1000.00")})
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.execute(paid((1, "0.01"), payment="P-2"), procedure, on(PAID))
    with refused("PLAN_AMOUNT_EXCEEDED", plan):
        plan.execute(paid((2, "2000.01"), payment="P-2"), procedure, on(PAID))
    plan.collect_events()
    pieces = plan.execute(paid((2, "1500.00"), payment="P-2"), procedure, on(PAID))
    assert {asset: one.amount for asset, one in (pieces or {}).items()} == {ASSET: yuan("500.00")}
    assert recorded(plan, IncomePlan.Executed).paid_again == yuan("1000.00")
    assert plan.execute(paid((2, "500.00"), payment="P-3"), procedure, on(PAID)) is not None
    assert (plan.state, plan.paid, plan.to_pay_again) == ("PAID", yuan("6000.00"), {})
    assert recorded(plan, IncomePlan.Executed).paid_again is None


def test_priority_households_are_those_who_get_something_or_stand_with_a_reason() -> None:
    """One left out is warned of; whoever is given to, or left out for a stated reason, is not."""
    basis = LineBasis(criterion="困难程度", score=5)
    given = line("1000.00", "AID_NO_LABOUR", household="H-1", basis=basis)
    excused = (PriorityOmission(household="H-2", reason="已由低保兜底"),)

    def told(*priority: str) -> IncomePlan:
        text = content(given, line("5000.00"), omissions=excused)
        return IncomePlan.propose(
            "IP-1", text, {ASSET: earning()}, yuan("12000.00"), frozenset(priority), on(date(2022, 12, 1))
        )

    assert "PRIORITY_HOUSEHOLD_OMITTED" not in told("H-1", "H-2").warned
    left_out = told("H-1", "H-2", "H-3", "H-4")
    assert "PRIORITY_HOUSEHOLD_OMITTED" in left_out.warned
    event = recorded(left_out, IncomePlan.Proposed)
    assert warned(event, "PRIORITY_HOUSEHOLD_OMITTED") == {"households": 2}
