"""Democratic decisions, public notices, objections and the chains of title and income (三(二)、三(五)、四(五)、四(七)、四(九))."""

from __future__ import annotations

from datetime import date

import pytest

from domain.procedure.plan import ProcedureCase
from domain.procedure.procedure import ProcedureInstance
from tests.domain.saying import refused
from tests.examples import TOWNSHIP, VILLAGE
from tests.procedures import (
    COUNTY_GOV,
    PROCEDURE,
    by,
    carry_out,
    county_matter,
    elected,
    filed,
    hung,
    income_plan,
    joint_title,
    on,
    opening,
    posted,
    posting,
    ready_to_distribute,
    representatives,
    reviewed,
    settled,
    sha,
    voted,
)


@pytest.mark.clause("C3-02")
def test_democratic_decisions() -> None:
    """Records a meeting's roll, votes and minutes as a decision and judges quorum and majority by the law of its day."""
    plan = income_plan()
    for code, counts in (("NO_QUORUM", {"present": 23, "against": 10}), ("NOT_PASSED", {"in_favour": 12})):
        with refused(code, plan, clause="C3-02"):
            meeting = representatives(date(2022, 3, 2), **counts)
            plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), meeting, on(2022, 3, 2), rolls=elected())
    meeting = representatives(date(2022, 3, 2))
    assert (meeting.members, meeting.present, meeting.in_favour) == (35, 24, 13)
    plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), meeting, on(2022, 3, 2), rolls=elected())
    assert "DECISION" in plan.completed_steps


@pytest.mark.clause("C3-04", "C4.9-03")
def test_no_distribution_without_a_completed_notice() -> None:
    """Makes the income plan's notice a condition of its distribution, and asks for evidence of every posting."""
    plan = filed()
    plan.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), sha(plan), "ACCEPTED", on(2022, 3, 16))
    settled(plan)
    with refused("NOTICE_NOT_COMPLETED", plan):
        carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    with refused("NOTICE_EVIDENCE_MISSING", plan, clause="C3-04"):
        bare = posting("OWNER_LOCATION", VILLAGE, date(2022, 3, 17), location=None)
        plan.post_notice("NOTICE", by(VILLAGE), sha(plan), bare, on(2022, 3, 17))


@pytest.mark.clause("C3-05")
def test_an_objection_of_the_ninth_day_keeps_the_notice_open() -> None:
    """Keeps a notice open after its last day until every objection is answered."""
    plan = posted()
    plan.file_objection("NOTICE", "份额不对", None, on(2021, 7, 10))
    settled(plan)
    with refused("OBJECTION_OPEN", plan, clause="C3-05"):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    plan.resolve_objection("NOTICE", 1, by(TOWNSHIP), "DISMISSED", "核对无误", on(2021, 7, 14))
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 14))


@pytest.mark.clause("C4.5-06")
def test_the_joint_title_s_five_steps() -> None:
    """Orders shares, special meeting, ten days at both places, certificates and filing of a joint village title strictly."""
    plan = posted()
    with refused("NOTICE_PERIOD_RUNNING", plan, clause="C4.5-06"):
        carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 12))
    with refused("NOTICE_PLACE_MISSING", missing=["TOWNSHIP"]):
        half = posted(everywhere=False)
        carry_out(half, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13))
    early = joint_title()
    with refused("STEP_OUT_OF_ORDER", early):
        carry_out(early, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13))
    plan = hung()
    with refused("STEP_OUT_OF_ORDER", plan, missing=["CERTIFICATES"]):
        plan.submit_filing("FILING", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13))
    plan.submit_filing("FILING", by(TOWNSHIP), sha(plan), on(2021, 7, 14))
    assert plan.state == "COMPLETED"


@pytest.mark.clause("C4.5-07", "C4.5-16")
@pytest.mark.parametrize("chain", ["A6", "A7"])
def test_the_county_government_determines_title(chain: str) -> None:
    """Takes a decision on title from the county government only, with a document number and reasons."""
    matter = county_matter(chain)
    with refused("COUNTY_DECISION_REQUIRED", matter):
        matter.decide("DECISION", by(TOWNSHIP), sha(matter), "乡1号", "同意", on(2021, 8, 20))
    with refused("DOC_NO_REQUIRED", matter):
        matter.decide("DECISION", by(COUNTY_GOV), sha(matter), None, "同意", on(2021, 8, 20))
    matter.decide("DECISION", by(COUNTY_GOV), sha(matter), "县批8号", "按项目实际", on(2021, 8, 20))
    assert matter.proof().document_no == "县批8号"


@pytest.mark.clause("C4.7-06")
def test_single_village_income_plans_are_filed_with_the_line_department() -> None:
    """Files a plan with the asset type's line department of record, and once only where that is the agriculture bureau."""
    plan = reviewed()
    filings = {step.code: step.filing.addressee for step in plan.steps if step.filing is not None}
    assert filings == {"LINE_FILING": "COMMERCE", "RECHECK": "AGRICULTURE"}
    base = ProcedureCase(owner_kind="VILLAGE", project_scope="SINGLE_VILLAGE", asset_type="INDUSTRY_BASE")
    one = ProcedureInstance.open(PROCEDURE, opening("A8", case=base), by(VILLAGE), on(2022, 3, 1))
    assert [step.code for step in one.steps if step.filing is not None] == ["RECHECK"]
    unvoted = income_plan()
    with refused("STEP_OUT_OF_ORDER", unvoted):
        unvoted.review("REVIEW", by(TOWNSHIP), sha(unvoted), "APPROVED", on(2022, 3, 2))


@pytest.mark.clause("C4.9-03")
def test_an_income_plan_is_ready_when_nothing_is_missing() -> None:
    """Names everything a plan still lacks before distribution, and refuses another text than the one voted and filed."""
    plan = voted()
    with refused("INCOME_PLAN_NOT_READY", plan, missing=["NOTICE", "REVIEW", "LINE_FILING", "RECHECK"]):
        carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    ready = ready_to_distribute()
    with refused("PLAN_HASH_MISMATCH", ready, clause="C4.9-03"):
        carry_out(ready, "DISTRIBUTE", VILLAGE, on(2022, 3, 31), "cd" * 32)
    carry_out(ready, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))


@pytest.mark.clause("C4.9-04")
def test_the_re_check_is_accepted_or_returned_never_assumed() -> None:
    """Blocks distribution while the agriculture bureau's re-check is pending or returned; silence never accepts it."""
    plan = ready_to_distribute()
    again = filed()
    again.answer_filing(
        "RECHECK", VILLAGE, by("AGRICULTURE"), sha(again), "RETURNED", on(2022, 3, 9), reasons="缺附件"
    )
    with refused("INCOME_PLAN_NOT_READY"):
        carry_out(again, "DISTRIBUTE", VILLAGE, on(2023, 3, 31))
    again.submit_filing("RECHECK", by(VILLAGE), sha(again), on(2022, 3, 10))
    sheet = posting("OWNER_LOCATION", VILLAGE, date(2022, 3, 10))
    again.post_notice("NOTICE", by(VILLAGE), sha(again), sheet, on(2022, 3, 10))
    again.complete_notice("NOTICE", by(VILLAGE), sha(again), on(2022, 3, 22))
    with refused("FILING_NOT_ACCEPTED", clause="C4.9-04"):
        carry_out(again, "DISTRIBUTE", VILLAGE, on(2023, 3, 31))
    again.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), sha(again), "ACCEPTED", on(2022, 3, 24))
    carry_out(again, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    assert {plan.state, again.state} == {"OPEN", "COMPLETED"}
