"""Money against assets: allocations, their reconciliation with each unit, and the joint review (C4.4-03 … C4.4-05)."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.funds.allocation import FundAllocation, FundAllocationCard, NonAssetSpend
from domain.funds.reconciliation import FundReconciliation, FundReconciliationLine
from domain.sealing.joint_review import ExceptionSettlement, JointReview, ReviewException, ReviewSignature
from tests.domain.saying import nothing, recorded, refused
from tests.examples import DAY, SHA, TOWNSHIP, occasion, regulation, settled, yuan

DIGEST = "cd" * 32


def allocation(**changes: Any) -> FundAllocationCard:
    """A million for the township, of which 20 000 went into training."""
    training = NonAssetSpend(amount=yuan("20000.00"), reason="实用技术培训", document_no="陶扶〔2019〕7号")
    given: dict[str, Any] = {
        "unit": TOWNSHIP,
        "source": "FISCAL_DEV",
        "allocated_on": date(2019, 3, 1),
        "amount": yuan("1000000.00"),
        "document_no": "陶财扶〔2019〕3号",
        "project_code": "X20190012",
        "non_asset": (training,),
    }
    return FundAllocationCard(**(given | changes))


def entered(**changes: Any) -> FundAllocation:
    return settled(FundAllocation.enter("F-1", allocation(**changes), occasion()))


class TestAllocation:
    def test_an_allocation_is_recorded(self) -> None:
        one = FundAllocation.enter("F-1", allocation(), occasion())
        event = recorded(one, FundAllocation.Recorded)
        assert event.card.amount == yuan("1000000.00")
        assert event.basis.clauses == ("C4.4-03",)

    def test_what_cannot_be_an_allocation_is_refused(self) -> None:
        with refused("FUND_SOURCE_UNKNOWN"):
            entered(source="LOTTERY")
        with refused("AMOUNT_NOT_POSITIVE"):
            entered(amount=yuan("0.00"))
        with refused("DATE_IN_FUTURE"):
            entered(allocated_on=date(2030, 1, 1))
        spend = allocation().non_asset[0]
        with refused("AMOUNT_NOT_POSITIVE"):
            entered(non_asset=(spend.model_copy(update={"amount": yuan("-1.00")}),))
        with refused("FIELD_INVALID"):
            entered(amount=yuan("19999.99"))

    def test_a_correction_puts_the_right_facts_in_place(self) -> None:
        one = entered()
        right = allocation(amount=yuan("900000.00"))
        one.correct(right, "金额录错", "陶财函〔2021〕9号", occasion())
        assert recorded(one, FundAllocation.Corrected).card == right
        one.correct(right, "金额录错", "陶财函〔2021〕9号", occasion())
        nothing(one)

    def test_a_correction_is_judged_like_the_first_record(self) -> None:
        one = entered()
        with refused("FUND_SOURCE_UNKNOWN", one):
            one.correct(allocation(source="LOTTERY"), "来源录错", "陶财函〔2021〕9号", occasion())

    def test_a_withdrawn_one_can_come_back(self) -> None:
        one = entered()
        one.withdraw("重复登记", "陶财函〔2021〕10号", occasion())
        recorded(one, FundAllocation.Withdrawn)
        one.withdraw("重复登记", "陶财函〔2021〕10号", occasion())
        nothing(one)
        one.correct(allocation(), "并非重复", "陶财函〔2021〕11号", occasion())
        recorded(one, FundAllocation.Corrected)
        assert one.state == "RECORDED"


def line(allocated: str, non_asset: str, assets: str, source: str = "FISCAL_DEV") -> FundReconciliationLine:
    return FundReconciliationLine(
        source=source, allocated=yuan(allocated), non_asset=yuan(non_asset), formed=yuan(assets)
    )


AGREED = (line("1000000.00", "20000.00", "980000.00"),)


def reconciled(lines: tuple[FundReconciliationLine, ...] = AGREED) -> FundReconciliation:
    one = FundReconciliation.compile(TOWNSHIP, 2019, occasion())
    one.reconcile(lines, DIGEST, 12, occasion())
    return settled(one)


class TestReconciliation:
    def test_every_way_two_sides_stand_to_each_other(self) -> None:
        assert AGREED[0].comparison == "MATCHED"
        assert line("100.00", "0.00", "0.00").comparison == "FUND_WITHOUT_ASSET"
        assert line("0.00", "0.00", "100.00").comparison == "ASSET_WITHOUT_FUND"
        assert line("100.00", "0.00", "99.99").comparison == "AMOUNT_DIFFERS"
        assert line("100.00", "0.00", "99.99").difference == yuan("0.01")

    def test_what_agrees_is_reconciled(self) -> None:
        one = FundReconciliation.compile(TOWNSHIP, 2019, occasion())
        recorded(one, FundReconciliation.Compiled)
        one.reconcile(AGREED, DIGEST, 12, occasion())
        assert recorded(one, FundReconciliation.Reconciled).result == "RECONCILED"
        one.reconcile(AGREED, DIGEST, 13, occasion())
        nothing(one)

    def test_a_cent_too_much_for_one_source_and_too_little_for_another_stay_open(self) -> None:
        one = reconciled((line("100.00", "0.00", "99.99"), line("100.00", "0.00", "100.01", "AID_XJ")))
        assert one.result == "OPEN"
        with refused("RECONCILIATION_OPEN", one):
            one.push(occasion())
        with refused("RECONCILIATION_OPEN", one):
            one.report("陶财函〔2021〕12号", occasion())

    def test_what_agrees_is_pushed_reported_and_acknowledged(self) -> None:
        one = reconciled()
        one.push(occasion())
        assert recorded(one, FundReconciliation.Pushed).ledger_sha256 == DIGEST
        one.report("陶财函〔2021〕12号", occasion())
        recorded(one, FundReconciliation.Reported)
        one.acknowledge(DIGEST, "P-1", occasion())
        recorded(one, FundReconciliation.Acknowledged)
        one.push(occasion())
        one.report("陶财函〔2021〕12号", occasion())
        one.acknowledge(DIGEST, "P-1", occasion())
        nothing(one)

    def test_only_what_was_pushed_can_be_acknowledged(self) -> None:
        one = reconciled()
        with refused("STEP_OUT_OF_ORDER", one, missing=["push"], clause="C4.4-03"):
            one.acknowledge(DIGEST, "P-1", occasion())
        one.push(occasion())
        settled(one)
        with refused("LEDGER_HASH_MISMATCH", one, clause="C4.4-03"):
            one.acknowledge(SHA, "P-1", occasion())

    def test_a_new_comparison_takes_back_what_rested_on_the_old_one(self) -> None:
        one = reconciled()
        one.push(occasion())
        one.reconcile((line("1.00", "0.00", "0.00"),), SHA, 20, occasion())
        settled(one)
        assert (one.result, one.pushed) == ("OPEN", None)
        with refused("RECONCILIATION_OPEN", one):
            one.push(occasion())


JOINING = next(step.all_of for step in regulation().on(DAY).chain("A4").steps if step.code == "SIGN")
ORPHAN = ReviewException(kind="PROJECT_WITHOUT_ASSET", subject="P2019", amount=yuan("300000.00"))
SETTLED = ExceptionSettlement(reason="项目未实施，资金已收回", document_no="陶财函〔2021〕20号")


def signature(department: str, person: str | None = None) -> ReviewSignature:
    return ReviewSignature(department=department, person=person or f"P-{department}", signed_on=DAY)


LEADS = (signature("FINANCE"), signature("RURAL_REVITALIZATION"))


def opened(*exceptions: ReviewException) -> JointReview:
    one = JointReview.open("2021", 2021, DAY, LEADS, occasion())
    one.check(exceptions, 40, occasion())
    return settled(one)


def signed() -> JointReview:
    one = opened()
    for department in JOINING:
        one.sign(signature(department), occasion())
    return settled(one)


class TestJointReview:
    def test_both_leads_open_it(self) -> None:
        one = JointReview.open("2021", 2021, DAY, LEADS, occasion())
        recorded(one, JointReview.Opened)
        with refused("STEP_OUT_OF_ORDER", missing=["RURAL_REVITALIZATION"], clause="C4.4-04"):
            JointReview.open("2021", 2021, DAY, LEADS[:1], occasion())
        with refused("ROLE_NOT_ALLOWED", clause="C4.4-04"):
            JointReview.open("2021", 2021, DAY, (*LEADS, signature("WATER")), occasion())
        with refused("SEGREGATION_OF_DUTIES", clause="C4.4-04"):
            same = tuple(signature(one.department, "P-1") for one in LEADS)
            JointReview.open("2021", 2021, DAY, same, occasion())
        with refused("DATE_IN_FUTURE"):
            JointReview.open("2021", 2021, date(2030, 1, 1), LEADS, occasion())

    def test_what_does_not_fit_is_raised_once_and_clears_when_it_fits(self) -> None:
        one = JointReview.open("2021", 2021, DAY, LEADS, occasion())
        settled(one)
        one.check((ORPHAN,), 40, occasion())
        assert recorded(one, JointReview.ExceptionsRaised).raised == (ORPHAN,)
        one.check((ORPHAN,), 41, occasion())
        nothing(one)
        one.check((), 42, occasion())
        assert recorded(one, JointReview.ExceptionsRaised).cleared == (ORPHAN.name,)
        assert one.open_exceptions() == ()

    def test_nobody_signs_over_an_open_exception(self) -> None:
        one = opened(ORPHAN)
        with refused("REVIEW_EXCEPTION_OPEN", one):
            one.sign(signature("WATER"), occasion())
        one.settle(ORPHAN.name, SETTLED, occasion())
        recorded(one, JointReview.ExceptionSettled)
        one.settle(ORPHAN.name, SETTLED, occasion())
        nothing(one)
        one.sign(signature("WATER"), occasion())
        assert recorded(one, JointReview.Signed).last is False

    def test_an_exception_whose_amount_changed_is_open_again(self) -> None:
        one = opened(ORPHAN)
        one.settle(ORPHAN.name, SETTLED, occasion())
        one.check((ORPHAN.model_copy(update={"amount": yuan("1.00")}),), 50, occasion())
        assert one.open_exceptions() == (ORPHAN.name,)

    def test_an_exception_nobody_raised_cannot_be_settled(self) -> None:
        one = opened()
        with refused("NOT_FOUND", one):
            one.settle(ORPHAN.name, SETTLED, occasion())

    def test_nobody_signs_before_projects_were_set_against_assets(self) -> None:
        one = settled(JointReview.open("2021", 2021, DAY, LEADS, occasion()))
        with refused("STEP_OUT_OF_ORDER", one, missing=["exceptionChecks"], clause="C4.4-05"):
            one.sign(signature("WATER"), occasion())

    def test_a_department_signs_once_and_by_a_person_of_its_own(self) -> None:
        one = opened()
        one.sign(signature("WATER"), occasion())
        settled(one)
        one.sign(signature("WATER"), occasion())
        nothing(one)
        with refused("ALREADY_EXISTS", one):
            one.sign(signature("WATER", "P-9"), occasion())
        with refused("SEGREGATION_OF_DUTIES", one):
            one.sign(signature("DRC", "P-WATER"), occasion())
        with refused("ROLE_NOT_ALLOWED", one):
            one.sign(signature("FINANCE"), occasion())
        with refused("DATE_IN_FUTURE", one):
            late = signature("DRC").model_copy(update={"signed_on": date(2030, 1, 1)})
            one.sign(late, occasion())

    def test_seventeen_signatures_make_it_signed(self) -> None:
        assert len(JOINING) == 17
        assert signed().state == "SIGNED"

    def test_it_is_sealed_after_the_last_signature_and_then_closed(self) -> None:
        one = opened()
        for department in JOINING[:-1]:
            one.sign(signature(department), occasion())
        settled(one)
        with refused("STEP_OUT_OF_ORDER", one, missing=[JOINING[-1]], clause="C4.4-04"):
            one.seal(("COUNTY_MASTER:653022:2021",), SHA, occasion())
        one.sign(signature(JOINING[-1]), occasion())
        settled(one)
        one.seal(("COUNTY_MASTER:653022:2021",), SHA, occasion())
        recorded(one, JointReview.LedgersSealed)
        with refused("STEP_OUT_OF_ORDER", one, clause="C4.4-04"):
            one.check((), 60, occasion())
