"""Procedures: steps in their order, by their own units, over one text (T5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.execution import Execution
from domain.organization.roll import roll_on
from domain.procedure.notice import MAX_OPEN_OBJECTIONS, notice_days
from domain.procedure.plan import ProcedureCase, ProcedureParty
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.records import ProcedureOpening
from domain.procedure.subject import MAX_BYTES, Subject
from domain.refusals import Refusal
from domain.regulation.legal_clock import Reckoning
from tests.domain.saying import found as noted, nothing, recorded, refused, warned
from tests.examples import OTHER_VILLAGE, SHA, TOWNSHIP, VILLAGE, regulation, yuan
from tests.procedures import (
    COUNTY_GOV,
    PROCEDURE,
    after_meeting,
    assembled,
    by,
    carry_out,
    county_matter,
    elected,
    filed,
    hung,
    income_plan,
    inventory,
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
    subject,
    subject_of,
    township_meeting,
    village_parties,
    voted,
)

OTHER_TEXT = "cd" * 32


def open_it(given: ProcedureOpening, organization: str = VILLAGE) -> ProcedureInstance:
    return ProcedureInstance.open(PROCEDURE, given, by(organization), on(2022, 3, 1))


# ---- opening ---------------------------------------------------------------------------------------------------------


def test_a_procedure_is_opened_with_its_steps_laid_out() -> None:
    procedure = open_it(opening("A8"))
    event = recorded(procedure, ProcedureInstance.Opened)
    assert [step.code for step in event.steps] == [
        "PROPOSE", "DECISION", "NOTICE", "REVIEW", "LINE_FILING", "RECHECK", "DISTRIBUTE", "PUBLISH_USE",
    ]  # fmt: skip
    assert procedure.step("LINE_FILING").filing is not None
    assert procedure.step("DISTRIBUTE").needs == ("NOTICE", "LINE_FILING", "RECHECK")
    assert (procedure.unit, procedure.state, procedure.completed_steps) == (VILLAGE, "OPEN", frozenset())
    assert "C4.9-03" in event.basis.clauses


def test_a_chain_s_steps_that_do_not_apply_are_left_out_and_what_they_need_is_not() -> None:
    single = open_it(opening("A8", case=ProcedureCase(project_scope="CROSS_VILLAGE", asset_type="WORKSHOP")))
    assert "LINE_FILING" not in {step.code for step in single.steps}
    assert single.step("DISTRIBUTE").needs == ("NOTICE", "REVIEW", "RECHECK")
    parties = village_parties()
    townships = ProcedureCase(owner_kind="TOWNSHIP", disposal_value=yuan("200000.00"))
    owner = (*parties[::2], ProcedureParty(role="OWNER", organization=TOWNSHIP))
    disposal = ProcedureInstance.open(
        PROCEDURE, opening("A14", case=townships, parties=owner), by(TOWNSHIP), on(2022, 3, 1)
    )
    assert disposal.step("APPROVE").needs == ("PROPOSE", "PUBLISH", "FORWARD")
    assert disposal.step("FORWARD").actors == ("FINANCE",)


def test_who_takes_part_has_to_be_known() -> None:
    with refused("CODE_UNKNOWN"):
        open_it(opening("A99"))
    with refused("FIELD_REQUIRED", missing=["parties.TOWNSHIP"]):
        open_it(opening("A8", parties=village_parties()[:2]))
    with refused("FIELD_REQUIRED", missing=["case.projectScope"]):
        open_it(opening("A8", case=ProcedureCase(asset_type="WORKSHOP")))
    with refused("FIELD_REQUIRED", missing=["case.ownerKind"]):
        open_it(opening("A14", case=ProcedureCase()))
    with refused("FIELD_REQUIRED", missing=["case.disposalValue"]):
        open_it(opening("A14", case=ProcedureCase(owner_kind="VILLAGE")))
    with refused("FORBIDDEN"):
        open_it(opening("A8"), OTHER_VILLAGE)
    with refused("FIELD_INVALID"):
        open_it(
            opening(
                "A11", parties=village_parties(ProcedureParty(role="TOWNSHIP", organization="653022203000"))
            )
        )


def test_the_text_is_what_its_digest_says() -> None:
    genuine = subject()
    with refused("PLAN_HASH_MISMATCH"):
        open_it(opening("A8", subject=genuine.model_copy(update={"sha256": OTHER_TEXT})))
    swapped = genuine.model_copy(update={"content": genuine.content | {"asset": "A-2"}})
    with refused("PLAN_HASH_MISMATCH"):
        open_it(opening("A8", subject=swapped))


@pytest.mark.parametrize(
    "content",
    [{"a": 0.5}, {"a": 2**53}, {"é": 1}, {"a": "\x00"}, {"a": "\ud800"}, {"a": "x" * MAX_BYTES}],
    ids=["fraction", "big", "key", "nul", "surrogate", "long"],
)
def test_a_text_has_one_digest_on_every_machine_or_is_not_admitted(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Subject(kind="k", id="i", sha256=SHA, content=content)


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    one = subject_of("k", "i", {"a": 1, "b": [True, None, {"d": "文", "c": "x"}]})
    two = subject_of("k", "i", {"b": [True, None, {"c": "x", "d": "文"}], "a": 1})
    assert one.sha256 == two.sha256
    assert list(two.content) == ["a", "b"], "a state that is kept equals one that is made from the log"
    assert one.model_dump_json() == two.model_dump_json()
    nested: Any = 1
    for _ in range(30):
        nested = [nested]
    with pytest.raises(ValidationError):
        subject_of("k", "i", {"a": nested})


# ---- order, units, persons -------------------------------------------------------------------------------------------


def test_a_step_is_taken_in_its_order_by_its_own_unit_for_the_same_text() -> None:
    plan = joint_title()
    with refused("STEP_OUT_OF_ORDER", plan, missing=["SHARES"], clause="C4.5-06"):
        plan.hold_meeting(
            "MEETING", by(TOWNSHIP), sha(plan), township_meeting(date(2021, 6, 29)), on(2021, 6, 29)
        )
    with refused("STEP_OUT_OF_ORDER", plan, missing=["SHARES", "MEETING", "NOTICE"]):
        carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 6, 29))
    with refused("FORBIDDEN", plan):
        plan.complete_step("SHARES", by("653022203000"), sha(plan), on(2021, 6, 29))
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.complete_step("SHARES", by(TOWNSHIP), OTHER_TEXT, on(2021, 6, 29))
    with refused("NOT_FOUND", plan):
        plan.complete_step("DISTRIBUTE", by(TOWNSHIP), sha(plan), on(2021, 6, 29))
    with refused("FIELD_INVALID", plan):
        plan.complete_step("MEETING", by(TOWNSHIP), sha(plan), on(2021, 6, 29))
    plan.complete_step(
        "SHARES", by(TOWNSHIP), sha(plan), on(2021, 6, 29), document_no="乡报1号", note="按投资比例"
    )
    event = recorded(plan, ProcedureInstance.StepCompleted)
    assert (event.step, event.document_no, event.note) == ("SHARES", "乡报1号", "按投资比例")
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.complete_step("SHARES", by(TOWNSHIP), sha(plan), on(2021, 6, 29))
    with refused("DATE_ORDER", plan):
        plan.hold_meeting(
            "MEETING", by(TOWNSHIP), sha(plan), township_meeting(date(2021, 6, 28)), on(2021, 6, 28)
        )


def test_who_compiled_neither_reviews_nor_determines() -> None:
    parties = (ProcedureParty(role="DEPARTMENT", organization="WATER"),)
    lists = ProcedureInstance.open(PROCEDURE, opening("A2", parties=parties), by("WATER"), on(2021, 8, 2))
    lists.complete_step("COMPILE", by("WATER"), sha(lists), on(2021, 8, 2))
    settled(lists)
    with refused("SEGREGATION_OF_DUTIES", lists):
        lists.review("REVIEW", by("WATER"), sha(lists), "APPROVED", on(2021, 8, 3))
    lists.review("REVIEW", by("WATER", "P-2"), sha(lists), "APPROVED", on(2021, 8, 3))
    assert recorded(lists, ProcedureInstance.Reviewed).verdict == "APPROVED"


def test_four_departments_determine_in_any_order_and_one_of_them_its_own_list_by_another_person() -> None:
    lists = inventory("AGRICULTURE")
    for person in ("P-1", "P-2"):
        with refused("SEGREGATION_OF_DUTIES", lists):
            lists.determine("DETERMINE", by("AGRICULTURE", person), sha(lists), "APPROVED", on(2021, 8, 4))
    lists.determine("DETERMINE", by("AGRICULTURE", "P-3"), sha(lists), "APPROVED", on(2021, 8, 4))
    assert recorded(lists, ProcedureInstance.Determined).own_matter
    for unit in ("RURAL_REVITALIZATION", "DRC"):
        lists.determine("DETERMINE", by(unit, f"P-{unit}"), sha(lists), "APPROVED", on(2021, 8, 5))
    settled(lists)
    with refused("DETERMINATION_INCOMPLETE", lists, missing=["FINANCE"]):
        lists.complete_step("AGGREGATE", by("ASSET_OFFICE", "P-9"), sha(lists), on(2021, 8, 6))
    with refused("STEP_OUT_OF_ORDER", lists):
        lists.determine("DETERMINE", by("DRC", "P-8"), sha(lists), "APPROVED", on(2021, 8, 6))
    lists.determine("DETERMINE", by("FINANCE", "P-7"), sha(lists), "APPROVED", on(2021, 8, 6))
    assert not recorded(lists, ProcedureInstance.Determined).own_matter
    lists.complete_step("AGGREGATE", by("ASSET_OFFICE", "P-9"), sha(lists), on(2021, 8, 6))
    assert lists.state == "COMPLETED"


def test_one_department_s_return_undoes_what_rests_on_the_list() -> None:
    lists = inventory("WATER")
    lists.determine("DETERMINE", by("DRC", "P-5"), sha(lists), "APPROVED", on(2021, 8, 4))
    settled(lists)
    with refused("FIELD_REQUIRED", lists, missing=["reasons"]):
        lists.determine("DETERMINE", by("FINANCE", "P-6"), sha(lists), "RETURNED", on(2021, 8, 5))
    lists.determine(
        "DETERMINE", by("FINANCE", "P-6"), sha(lists), "RETURNED", on(2021, 8, 5), reasons="缺合同"
    )
    assert recorded(lists, ProcedureInstance.Determined).reopened == ("COMPILE", "DETERMINE", "AGGREGATE")
    assert lists.completed_steps == {"REVIEW"}
    assert lists.last_return is not None
    assert lists.last_return.reasons == "缺合同"
    with refused("STEP_OUT_OF_ORDER", lists, missing=["COMPILE"]):
        lists.determine("DETERMINE", by("FINANCE", "P-6"), sha(lists), "APPROVED", on(2021, 8, 6))
    lists.complete_step("COMPILE", by("WATER"), sha(lists), on(2021, 8, 6))
    for unit in ("AGRICULTURE", "FINANCE", "DRC", "RURAL_REVITALIZATION"):
        lists.determine("DETERMINE", by(unit, f"P-{unit}"), sha(lists), "APPROVED", on(2021, 8, 9))
    assert "DETERMINE" in lists.completed_steps


def test_an_amended_text_starts_over() -> None:
    plan = hung()
    with refused("FORBIDDEN", plan):
        plan.amend(subject(more="x"), by(VILLAGE), "更正", on(2021, 7, 14))
    with refused("FIELD_INVALID", plan):
        plan.amend(subject_of("ownership-plan", "A-2", {}), by(TOWNSHIP), "更正", on(2021, 7, 14))
    with refused("PLAN_HASH_MISMATCH", plan):
        fake = subject(more="x").model_copy(update={"sha256": sha(plan)})
        plan.amend(fake, by(TOWNSHIP), "更正", on(2021, 7, 14))
    plan.amend(subject(), by(TOWNSHIP), "更正", on(2021, 7, 14))
    nothing(plan)
    before = sha(plan)
    plan.amend(subject(more="x"), by(TOWNSHIP), "更正", on(2021, 7, 14))
    assert recorded(plan, ProcedureInstance.Amended).subject == subject(more="x")
    assert (plan.completed_steps, plan.postings, plan.meetings) == (frozenset(), {}, {})
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.complete_step("SHARES", by(TOWNSHIP), before, on(2021, 7, 14))


def test_a_matter_is_withdrawn_before_it_is_completed() -> None:
    plan = hung()
    with refused("FORBIDDEN", plan):
        plan.withdraw(by(VILLAGE), "不办了", on(2021, 7, 14))
    plan.withdraw(by(TOWNSHIP), "不办了", on(2021, 7, 14))
    assert recorded(plan, ProcedureInstance.Withdrawn).reason == "不办了"
    assert plan.state == "WITHDRAWN"
    with refused("STEP_OUT_OF_ORDER", plan):
        carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 14))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.withdraw(by(TOWNSHIP), "不办了", on(2021, 7, 14))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.proof()


# ---- meetings --------------------------------------------------------------------------------------------------------


def vote(procedure: ProcedureInstance, day: tuple[int, int, int], **changes: Any) -> None:
    held_on = date(*day)
    meeting = representatives(held_on, **changes)
    rolls = (*elected(), *assembled(meeting.members or 300, meeting.households or 90))
    procedure.hold_meeting("DECISION", by(VILLAGE), sha(procedure), meeting, on(*day), rolls=rolls)


def test_a_meeting_decides_with_a_quorum_and_a_majority() -> None:
    plan = income_plan()
    with refused("NO_QUORUM", plan):
        vote(plan, (2022, 3, 2), present=23, against=10)
    with refused("NOT_PASSED", plan):
        vote(plan, (2022, 3, 2), in_favour=12, against=12)
    vote(plan, (2022, 3, 2))
    assert recorded(plan, ProcedureInstance.MeetingHeld).meeting.in_favour == 13
    assert plan.meetings["DECISION"].present == 24


def test_a_meeting_is_judged_by_the_law_of_its_own_day() -> None:
    plan = income_plan()
    with refused("NOT_PASSED", plan):
        vote(plan, (2025, 5, 6))
    vote(plan, (2025, 4, 30))
    newer = income_plan()
    vote(newer, (2025, 5, 6), present=24, in_favour=24, against=0)
    assembly = {
        "kind": "VILLAGER_ASSEMBLY", "members": 300, "present": 210, "in_favour": 200, "against": 0,
        "called_on": date(2025, 4, 28),
    }  # fmt: skip
    late = income_plan()
    with refused("MEETING_CALLED_LATE", late):
        vote(late, (2025, 5, 6), **assembly)
    with refused("MEETING_CALLED_LATE", late, missing=["meeting.calledOn"]):
        vote(late, (2025, 5, 6), **(assembly | {"called_on": None}))
    vote(late, (2025, 5, 8), **assembly)


def test_an_assembly_may_stand_in_for_the_representatives_and_nobody_else() -> None:
    plan = income_plan()
    vote(plan, (2022, 3, 2), kind="VILLAGER_ASSEMBLY", households=60, households_present=40)
    settled(plan)
    another = income_plan()
    with refused("MEETING_KIND_NOT_ALLOWED", another):
        vote(another, (2022, 3, 2), kind="TOWNSHIP_MEETING", concluded=True)
    titles = joint_title()
    titles.complete_step("SHARES", by(TOWNSHIP), sha(titles), on(2021, 6, 29))
    settled(titles)
    day = date(2021, 6, 30)
    for code, meeting in (
        ("MEETING_KIND_NOT_ALLOWED", representatives(day)),
        ("NOT_PASSED", township_meeting(day, concluded=False)),
        ("FIELD_REQUIRED", township_meeting(day, concluded=None)),
        ("NO_QUORUM", township_meeting(day, present=0, in_favour=0)),
    ):
        with refused(code, titles):
            titles.hold_meeting("MEETING", by(TOWNSHIP), sha(titles), meeting, on(2021, 6, 30))


@pytest.mark.parametrize(
    "counts",
    [
        {"present": 36},
        {"in_favour": 14},
        {"households_present": 1},
        {"called_on": date(2022, 3, 3)},
        {"held_on": date(2022, 3, 1)},
    ],
    ids=lambda counts: str(next(iter(counts))),
)
def test_counts_that_cannot_be_are_refused_for_history_too(counts: dict[str, Any]) -> None:
    plan = income_plan()
    meeting = representatives(date(2022, 3, 2)).model_copy(update=counts)
    for provenance in (None, "档案"):
        with refused("FIELD_INVALID", plan):
            plan.hold_meeting(
                "DECISION",
                by(VILLAGE),
                sha(plan),
                meeting,
                on(2022, 3, 2, provenance=provenance),
                rolls=elected(),
            )


def test_imported_history_keeps_a_meeting_that_was_too_small_as_a_finding() -> None:
    plan = income_plan()
    meeting = representatives(date(2022, 3, 2), present=23, against=10)
    plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), meeting, on(2022, 3, 2, provenance="档案"))
    held = recorded(plan, ProcedureInstance.MeetingHeld)
    assert noted(held, "NO_QUORUM")["required"] == 24
    assert noted(held, "ROLL_NOT_RECORDED")["missing"] == ["REPRESENTATIVES"]
    assert (held.meeting.members, held.roll) == (35, None)


def test_meeting_without_a_recorded_roll_of_its_day_decides_nothing() -> None:
    day = date(2022, 3, 2)
    for rolls in (
        (),
        elected(since=date(2022, 3, 3)),
        elected(until=date(2022, 3, 1)),
        assembled(35, 20),
    ):
        plan = income_plan()
        with refused("ROLL_NOT_RECORDED", plan, missing=["REPRESENTATIVES"]):
            plan.hold_meeting(
                "DECISION", by(VILLAGE), sha(plan), representatives(day), on(2022, 3, 2), rolls=rolls
            )
    for rolls in (elected(since=day), elected(until=day)):
        plan = income_plan()
        plan.hold_meeting(
            "DECISION", by(VILLAGE), sha(plan), representatives(day), on(2022, 3, 2), rolls=rolls
        )
        assert recorded(plan, ProcedureInstance.MeetingHeld).roll == rolls[0]


def test_meeting_takes_its_roll_from_the_record_and_not_from_itself() -> None:
    """13 of 24 agree: a quorum of 35, none of 37 (24 of 37 are fewer than 25)."""
    plan = income_plan()
    said = representatives(date(2022, 3, 2), members=None)
    with refused("NO_QUORUM", plan):
        plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), said, on(2022, 3, 2), rolls=elected(37))
    with refused("ROLL_MISMATCH", plan):
        plan.hold_meeting(
            "DECISION",
            by(VILLAGE),
            sha(plan),
            representatives(date(2022, 3, 2), members=30),
            on(2022, 3, 2),
            rolls=elected(35),
        )
    with refused("ROLL_MISMATCH", plan):
        other = representatives(
            date(2022, 3, 2), kind="VILLAGER_ASSEMBLY", members=None, households=59, households_present=40
        )
        plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), other, on(2022, 3, 2), rolls=assembled(300, 60))
    plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), said, on(2022, 3, 2), rolls=elected(35))
    assert recorded(plan, ProcedureInstance.MeetingHeld).meeting.members == 35


def test_newest_roll_of_the_day_counts() -> None:
    older, newer = elected(35), elected(41, since=date(2021, 1, 1))
    assert roll_on((*newer, *older), "REPRESENTATIVES", date(2022, 3, 2)) == newer[0]
    assert roll_on((*older, *newer), "REPRESENTATIVES", date(2020, 12, 31)) == older[0]
    corrected = elected(36)
    assert roll_on((*older, *corrected), "REPRESENTATIVES", date(2020, 1, 1)) == corrected[0]


def test_matter_of_a_meeting_follows_from_its_chain() -> None:
    """From 1 May 2025 a plan of the collective's income needs two thirds of all; nobody makes it another matter."""
    plan = income_plan()
    day = date(2025, 5, 6)
    with refused("FIELD_INVALID", plan):
        plan.hold_meeting(
            "DECISION",
            by(VILLAGE),
            sha(plan),
            representatives(day, matter="OTHER"),
            on(2025, 5, 6),
            rolls=elected(),
        )
    with refused("NOT_PASSED", plan):
        plan.hold_meeting(
            "DECISION", by(VILLAGE), sha(plan), representatives(day), on(2025, 5, 6), rolls=elected()
        )


# ---- notices ---------------------------------------------------------------------------------------------------------


def test_a_notice_hangs_at_both_places_for_its_whole_period() -> None:
    plan = after_meeting()
    day = date(2021, 7, 1)
    with refused("NOTICE_EVIDENCE_MISSING", plan, missing=["location", "evidence"]):
        bare = posting("TOWNSHIP", TOWNSHIP, day, location=None, evidence=())
        plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), bare, on(2021, 7, 1))
    with refused("FIELD_INVALID", plan):
        plan.post_notice(
            "NOTICE", by(TOWNSHIP), sha(plan), posting("TOWNSHIP", TOWNSHIP, day), on(2021, 7, 2)
        )
    with refused("NOTICE_PLACE_MISSING", plan, missing=["PROJECT_VILLAGE", "TOWNSHIP"]):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    plan.post_notice(
        "NOTICE", by(TOWNSHIP), sha(plan), posting("PROJECT_VILLAGE", VILLAGE, day), on(2021, 7, 1)
    )
    event = recorded(plan, ProcedureInstance.NoticePosted)
    assert (event.posted.days, event.posted.ends_on, event.completes) == (10, date(2021, 7, 12), False)
    assert warned(event, "CALENDAR_YEAR_UNCONFIRMED") == {"year": 2021}
    actions: list[Callable[[], None]] = [
        lambda: plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13)),
        lambda: carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13)),
    ]
    for action in actions:
        with refused("NOTICE_PLACE_MISSING", plan, missing=["TOWNSHIP"]):
            action()
    later = posting("TOWNSHIP", TOWNSHIP, date(2021, 7, 2))
    plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), later, on(2021, 7, 2))
    settled(plan)
    with refused("NOTICE_PERIOD_RUNNING", plan):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 12))


def test_the_period_runs_to_monday_midnight() -> None:
    plan = posted()
    actions: list[Callable[[], None]] = [
        lambda: plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 12)),
        lambda: carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 12)),
    ]
    for action in actions:
        with refused("NOTICE_PERIOD_RUNNING", plan):
            action()
    with refused("NOTICE_NOT_COMPLETED", plan):
        carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13))
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    event = recorded(plan, ProcedureInstance.NoticeCompleted)
    assert event.period is not None
    assert event.period.ends_on == date(2021, 7, 12)
    carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 13))


def test_every_village_where_the_project_stands_is_a_place() -> None:
    parties = (
        ProcedureParty(role="TOWNSHIP", organization=TOWNSHIP),
        ProcedureParty(role="VILLAGE", organization=VILLAGE),
        ProcedureParty(role="VILLAGE", organization=OTHER_VILLAGE),
    )
    plan = ProcedureInstance.open(PROCEDURE, opening("A5", parties=parties), by(TOWNSHIP), on(2021, 6, 28))
    plan.complete_step("SHARES", by(TOWNSHIP), sha(plan), on(2021, 6, 29))
    meeting = township_meeting(date(2021, 6, 30))
    plan.hold_meeting("MEETING", by(TOWNSHIP), sha(plan), meeting, on(2021, 6, 30))
    first = posting("PROJECT_VILLAGE", VILLAGE, date(2021, 7, 1))
    plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), first, on(2021, 7, 1))
    settled(plan)
    with refused("NOTICE_PLACE_MISSING", plan, missing=[f"PROJECT_VILLAGE:{OTHER_VILLAGE}", "TOWNSHIP"]):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))


def test_a_notice_in_a_year_without_calendar_ends_on_a_provisional_date() -> None:
    """Ten days from Thursday, 20 January 2050 end on a Sunday; that the Monday is worked is not known yet."""
    plan = after_meeting()
    day, today = date(2050, 1, 20), date(2050, 3, 1)
    for role, unit in (("PROJECT_VILLAGE", VILLAGE), ("TOWNSHIP", TOWNSHIP)):
        plan.post_notice(
            "NOTICE", by(TOWNSHIP), sha(plan), posting(role, unit, day), on(2050, 1, 20, today=today)
        )
        event = recorded(plan, ProcedureInstance.NoticePosted)
        assert event.posted.ends_on == date(2050, 1, 31)
        assert event.posted.provisional == Reckoning(counted_from=day, days=10, counting="CALENDAR_DAYS")
        assert warned(event, "DATE_PROVISIONAL") == {"date": "2050-01-31", "year": 2050}
    with pytest.raises(Refusal, match="至 2050-01-31 24:00 止（暂定，2050 年放假安排尚未录入）") as early:
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2050, 1, 31, today=today))
    assert early.value.code == "NOTICE_PERIOD_RUNNING"
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2050, 2, 1, today=today))
    done = recorded(plan, ProcedureInstance.NoticeCompleted)
    assert done.period is not None and done.period.provisional is not None
    assert warned(done, "DATE_PROVISIONAL") == {"date": "2050-01-31", "year": 2050}


def test_a_chain_that_names_no_notice_period_parameter_is_a_gap() -> None:
    with refused("RULE_GAP"):
        notice_days(regulation().on(date(2021, 7, 1)), "P19", "HARD")


def test_a_notice_in_a_year_without_local_holidays_is_reported() -> None:
    plan = after_meeting()
    sheet = posting("TOWNSHIP", TOWNSHIP, date(2024, 1, 18))
    plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), sheet, on(2024, 1, 18, today=date(2024, 2, 1)))
    event = recorded(plan, ProcedureInstance.NoticePosted)
    assert (event.posted.ends_on, event.posted.provisional) == (date(2024, 1, 29), None)
    assert warned(event, "CALENDAR_YEAR_UNCONFIRMED") == {"year": 2024}


def test_a_disposal_goes_level_by_level_and_each_fact_takes_its_step() -> None:
    case = ProcedureCase(owner_kind="VILLAGE", disposal_value=yuan("200000.00"))
    sale = ProcedureInstance.open(PROCEDURE, opening("A14", case=case), by(VILLAGE), on(2022, 3, 1))
    carry_out(sale, "PROPOSE", VILLAGE, on(2022, 3, 1))
    carry_out(sale, "APPRAISE", VILLAGE, on(2022, 3, 2))
    settled(sale)
    with refused("APPRAISAL_NOT_PUBLISHED", sale):
        carry_out(sale, "FORWARD", TOWNSHIP, on(2022, 3, 3))
    with refused("STEP_TAKEN_BY_FACT", sale):
        sheet = posting("OWNER_LOCATION", VILLAGE, date(2022, 3, 3))
        sale.post_notice("PUBLISH", by(VILLAGE), sha(sale), sheet, on(2022, 3, 3))
    carry_out(sale, "PUBLISH", VILLAGE, on(2022, 3, 3))
    settled(sale)
    with refused("STEP_OUT_OF_ORDER", sale, missing=[TOWNSHIP]):
        carry_out(sale, "FORWARD", "AGRICULTURE", on(2022, 3, 3))
    carry_out(sale, "FORWARD", TOWNSHIP, on(2022, 3, 3))
    carry_out(sale, "FORWARD", "AGRICULTURE", on(2022, 3, 4))
    settled(sale)
    with refused("DECISION_REQUIRED", sale):
        carry_out(sale, "APPROVE", COUNTY_GOV, on(2022, 3, 7))


def test_a_fact_takes_its_step_and_nobody_ticks_it_off() -> None:
    plan = ready_to_distribute()
    with refused("STEP_TAKEN_BY_FACT", plan, clause="C4.9-03"):
        plan.complete_step("DISTRIBUTE", by(VILLAGE), sha(plan), on(2022, 3, 31))
    with refused("STEP_TAKEN_BY_FACT", plan):
        plan.review("DISTRIBUTE", by(VILLAGE), sha(plan), "APPROVED", on(2022, 3, 31))
    about = plan.subject
    paid = ("income_plan.executed", "asset-A-1", 7)
    for unit, kind, subject_id, sha256, code in (
        (VILLAGE, about.kind, "A-2", about.sha256, "PLAN_HASH_MISMATCH"),
        (VILLAGE, "asset_title", about.id, about.sha256, "PLAN_HASH_MISMATCH"),
        (VILLAGE, about.kind, about.id, OTHER_TEXT, "PLAN_HASH_MISMATCH"),
        (TOWNSHIP, about.kind, about.id, about.sha256, "FORBIDDEN"),
    ):
        with refused(code, plan):
            plan.take_by_fact(*paid, Execution(unit, kind, subject_id, (sha256,)), on(2022, 3, 31))
    with refused("PLAN_HASH_MISMATCH", plan):  # a contract takes no step of this chain
        done = Execution(VILLAGE, about.kind, about.id, (about.sha256,))
        plan.take_by_fact("asset.leased", "asset-A-1", 7, done, on(2022, 3, 31))
    carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    event = recorded(plan, ProcedureInstance.StepTakenByFact)
    assert (event.step, event.fact, event.stream, event.fact_version) == ("DISTRIBUTE", *paid)
    assert plan.done["DISTRIBUTE"][VILLAGE].fact == "income_plan.executed"
    settled(plan)
    carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 4, 1))  # another instalment
    nothing(plan)


def test_what_is_led_in_a_record_of_its_own_opens_no_procedure() -> None:
    for chain, clause in (
        ("A3", "C4.4-03"),
        ("A4", "C4.4-04"),
        ("A15", "C4.10-09"),
        ("A16", "C4.10-10"),
        ("A18", "C4.10-08"),
        ("A19", "C4.7-04"),
    ):
        with refused("CHAIN_HAS_OWN_RECORD", clause=clause):
            open_it(opening(chain))


def test_a_step_that_was_laid_out_before_as_done_by_hand_is_a_fact_all_the_same() -> None:
    """A county's running procedure keeps its steps; who takes them is asked of the table of the day."""
    plan = ready_to_distribute()
    plan.steps = tuple(
        one.model_copy(update={"act": "DO"}) if one.code == "DISTRIBUTE" else one for one in plan.steps
    )
    with refused("STEP_TAKEN_BY_FACT", plan):
        plan.complete_step("DISTRIBUTE", by(VILLAGE), sha(plan), on(2022, 3, 31))
    carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    assert plan.state == "COMPLETED"


def test_what_was_withdrawn_is_not_carried_out() -> None:
    plan = ready_to_distribute()
    plan.withdraw(by(VILLAGE), "不办了", on(2022, 3, 30))
    settled(plan)
    with refused("STEP_OUT_OF_ORDER", plan, clause="C4.9-03"):
        carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))


def test_a_small_disposal_passes_no_level_before_its_approver() -> None:
    """Below 100,000 yuan the township approves (P04), so that there is no level to pass."""
    case = ProcedureCase(owner_kind="VILLAGE", disposal_value=yuan("50000.00"))
    sale = ProcedureInstance.open(PROCEDURE, opening("A14s", case=case), by(VILLAGE), on(2022, 3, 1))
    carry_out(sale, "PROPOSE", VILLAGE, on(2022, 3, 1))
    meeting = representatives(date(2022, 3, 2))
    sale.hold_meeting("DECISION", by(VILLAGE), sha(sale), meeting, on(2022, 3, 2), rolls=elected())
    carry_out(sale, "APPRAISE", VILLAGE, on(2022, 3, 3))
    carry_out(sale, "PUBLISH", VILLAGE, on(2022, 3, 4))
    carry_out(sale, "APPROVE", TOWNSHIP, on(2022, 3, 7))
    assert sale.proof().done_by("APPROVE", date(2022, 3, 7))


def test_a_soft_notice_is_optional_and_done_by_posting() -> None:
    plan = ready_to_distribute()
    with refused("STEP_OUT_OF_ORDER", plan):
        sheet = posting("OWNER_LOCATION", VILLAGE, date(2022, 4, 1))
        plan.post_notice("PUBLISH_USE", by(VILLAGE), sha(plan), sheet, on(2022, 4, 1))
    carry_out(plan, "DISTRIBUTE", VILLAGE, on(2022, 3, 31))
    assert plan.state == "COMPLETED"
    sheet = posting("OWNER_LOCATION", VILLAGE, date(2022, 4, 1))
    plan.post_notice("PUBLISH_USE", by(VILLAGE), sha(plan), sheet, on(2022, 4, 1))
    assert "PUBLISH_USE" in plan.completed_steps


# ---- objections ------------------------------------------------------------------------------------------------------


def object_to(procedure: ProcedureInstance, day: tuple[int, int, int] = (2021, 7, 11)) -> None:
    procedure.file_objection("NOTICE", "份额不对", None, on(*day))


def test_an_open_objection_keeps_the_notice_open() -> None:
    plan = posted()
    object_to(plan)
    event = recorded(plan, ProcedureInstance.ObjectionFiled)
    assert (event.objection.number, event.objection.late, event.objection.contact) == (1, False, None)
    with refused("OBJECTION_OPEN", plan):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    with refused("FORBIDDEN", plan):
        plan.resolve_objection("NOTICE", 1, by(VILLAGE), "DISMISSED", "核对无误", on(2021, 7, 12))
    with refused("NOT_FOUND", plan):
        plan.resolve_objection("NOTICE", 2, by(TOWNSHIP), "DISMISSED", "核对无误", on(2021, 7, 12))
    plan.resolve_objection("NOTICE", 1, by(TOWNSHIP), "DISMISSED", "核对无误", on(2021, 7, 12))
    assert recorded(plan, ProcedureInstance.ObjectionResolved).reopened == ()
    with refused("NOT_FOUND", plan):
        plan.resolve_objection("NOTICE", 1, by(TOWNSHIP), "DISMISSED", "再答", on(2021, 7, 12))
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))


def test_an_objection_that_is_upheld_returns_the_matter_to_the_decision_and_a_whole_new_notice() -> None:
    plan = posted()
    object_to(plan)
    plan.collect_events()
    plan.resolve_objection("NOTICE", 1, by(TOWNSHIP), "UPHELD", "份额确有误", on(2021, 7, 12))
    event = recorded(plan, ProcedureInstance.ObjectionResolved)
    assert event.reopened == ("MEETING", "NOTICE", "CERTIFICATES", "FILING")
    assert (plan.completed_steps, plan.postings) == (frozenset({"SHARES"}), {})
    with refused("STEP_OUT_OF_ORDER", plan, missing=["MEETING"]):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    plan.hold_meeting(
        "MEETING", by(TOWNSHIP), sha(plan), township_meeting(date(2021, 7, 14)), on(2021, 7, 14)
    )
    for role, unit in (("PROJECT_VILLAGE", VILLAGE), ("TOWNSHIP", TOWNSHIP)):
        sheet = posting(role, unit, date(2021, 7, 15))
        plan.post_notice("NOTICE", by(TOWNSHIP), sha(plan), sheet, on(2021, 7, 15))
    settled(plan)
    with refused("NOTICE_PERIOD_RUNNING", plan):
        plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 20))


def test_who_objects_may_withdraw_and_who_comes_late_is_heard_all_the_same() -> None:
    plan = posted()
    object_to(plan)
    plan.resolve_objection("NOTICE", 1, by(TOWNSHIP), "WITHDRAWN", "本人撤回", on(2021, 7, 12))
    plan.complete_notice("NOTICE", by(TOWNSHIP), sha(plan), on(2021, 7, 13))
    settled(plan)
    object_to(plan, (2021, 7, 14))
    assert recorded(plan, ProcedureInstance.ObjectionFiled).objection.late
    carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 15))
    with refused("NOT_FOUND", plan):
        plan.file_objection("SHARES", "x", None, on(2021, 7, 15))


def test_suggestions_hold_nothing_up_and_a_flood_of_objections_is_dammed() -> None:
    plan = posted()
    plan.file_suggestion("多听听群众意见", "乡亲", on(2021, 7, 5))
    assert recorded(plan, ProcedureInstance.SuggestionFiled).contact == "乡亲"
    object_to(plan)
    first = plan.objections["1"]
    plan.objections = {
        str(n): first.model_copy(update={"number": n}) for n in range(1, MAX_OPEN_OBJECTIONS + 1)
    }
    settled(plan)
    with refused("TOO_MANY_ITEMS", plan):
        object_to(plan)


# ---- filings ---------------------------------------------------------------------------------------------------------


def test_a_filing_of_record_is_done_when_submitted_and_reopened_when_returned() -> None:
    plan = hung()
    with refused("STEP_OUT_OF_ORDER", plan, missing=["CERTIFICATES"]):
        plan.submit_filing("FILING", by(TOWNSHIP), sha(plan), on(2021, 7, 14))
    carry_out(plan, "CERTIFICATES", TOWNSHIP, on(2021, 7, 14))
    settled(plan)
    plan.submit_filing("FILING", by(TOWNSHIP), sha(plan), on(2021, 7, 14))
    event = recorded(plan, ProcedureInstance.FilingSubmitted)
    assert (event.addressee, event.completes, event.due_on) == ("AGRICULTURE", True, None)
    states: list[str] = [plan.state]
    plan.answer_filing(
        "FILING", TOWNSHIP, by("AGRICULTURE", "P-3"), sha(plan), "RETURNED", on(2021, 7, 16), reasons="缺附件"
    )
    assert recorded(plan, ProcedureInstance.FilingReturned).reopened == ("FILING",)
    states.append(plan.state)
    plan.submit_filing("FILING", by(TOWNSHIP), sha(plan), on(2021, 7, 19))
    assert [*states, plan.state] == ["COMPLETED", "OPEN", "COMPLETED"]


def test_a_re_check_has_to_be_accepted_and_silence_is_no_answer() -> None:
    plan = reviewed()
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), sha(plan), "ACCEPTED", on(2022, 3, 7))
    plan = filed()
    filing = plan.filings["RECHECK"][VILLAGE]
    assert (filing.state, filing.due_on) == ("PENDING", date(2022, 3, 21))
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.submit_filing("RECHECK", by(VILLAGE), sha(plan), on(2022, 3, 8))
    with refused("FORBIDDEN", plan):
        plan.answer_filing("RECHECK", VILLAGE, by(TOWNSHIP), sha(plan), "ACCEPTED", on(2022, 3, 8))
    with refused("PLAN_HASH_MISMATCH", plan):
        plan.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), OTHER_TEXT, "ACCEPTED", on(2022, 3, 8))
    plan.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), sha(plan), "ACCEPTED", on(2022, 3, 8))
    assert recorded(plan, ProcedureInstance.FilingAccepted).filed_by == VILLAGE
    with refused("STEP_OUT_OF_ORDER", plan):
        plan.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE"), sha(plan), "ACCEPTED", on(2022, 3, 9))


def test_what_is_missing_before_a_distribution_is_named() -> None:
    plan = ready_to_distribute()
    plan.answer_filing(
        "LINE_FILING", VILLAGE, by("COMMERCE"), sha(plan), "RETURNED", on(2022, 3, 17), reasons="金额有误"
    )
    settled(plan)
    proof = plan.proof()
    assert [proof.done_by(step, date(2022, 4, 1)) for step in ("NOTICE", "LINE_FILING")] == [True, False]
    pending = filed()
    day = date(2022, 3, 3)
    pending.post_notice(
        "NOTICE", by(VILLAGE), sha(pending), posting("OWNER_LOCATION", VILLAGE, day), on(2022, 3, 3)
    )
    settled(pending)
    with refused("INCOME_PLAN_NOT_READY", pending, missing=["NOTICE", "RECHECK"]):
        carry_out(pending, "DISTRIBUTE", VILLAGE, on(2022, 4, 1))
    pending.complete_notice("NOTICE", by(VILLAGE), sha(pending), on(2022, 3, 15))
    settled(pending)
    with refused("FILING_NOT_ACCEPTED", pending):
        carry_out(pending, "DISTRIBUTE", VILLAGE, on(2022, 4, 1))


def test_a_re_check_in_a_year_without_calendar_is_due_on_a_provisional_date() -> None:
    """Monday, 7 March 2050, and ten weekdays."""
    plan = reviewed()
    day = date(2050, 3, 7)
    plan.submit_filing("RECHECK", by(VILLAGE), sha(plan), on(2050, 3, 7, today=day))
    event = recorded(plan, ProcedureInstance.FilingSubmitted)
    assert event.due_on == date(2050, 3, 21)
    assert event.provisional == Reckoning(counted_from=day, days=10, counting="WORKING_DAYS")
    assert plan.filings["RECHECK"][VILLAGE].provisional == event.provisional
    assert warned(event, "DATE_PROVISIONAL") == {"date": "2050-03-21", "year": 2050}


# ---- decisions, proofs -----------------------------------------------------------------------------------------------


def test_the_county_decides_by_a_numbered_document() -> None:
    matter = county_matter("A6")
    with refused("COUNTY_DECISION_REQUIRED", matter):
        matter.decide("DECISION", by(TOWNSHIP), sha(matter), "乡字1号", "同意", on(2021, 8, 20))
    with refused("DOC_NO_REQUIRED", matter):
        matter.decide("DECISION", by(COUNTY_GOV), sha(matter), None, "同意", on(2021, 8, 20))
    with refused("COUNTY_DECISION_REQUIRED", matter):
        matter.complete_step("REGISTER", by(VILLAGE), sha(matter), on(2021, 8, 20))
    matter.decide("DECISION", by(COUNTY_GOV), sha(matter), "县批〔2021〕8号", "按方案", on(2021, 8, 20))
    assert recorded(matter, ProcedureInstance.DecisionIssued).document_no == "县批〔2021〕8号"
    assert matter.proof().document_no == "县批〔2021〕8号"


def test_the_county_may_send_a_plan_back() -> None:
    matter = county_matter("A6")
    matter.review("DECISION", by(COUNTY_GOV), sha(matter), "RETURNED", on(2021, 8, 20), reasons="重新量化")
    assert recorded(matter, ProcedureInstance.Reviewed).reopened[0] == "PLAN"
    with refused("STEP_OUT_OF_ORDER", matter, missing=["PLAN"]):
        matter.decide("DECISION", by(COUNTY_GOV), sha(matter), "县批1号", "同意", on(2021, 8, 21))


def test_a_proof_says_which_steps_are_done_for_which_text() -> None:
    plan = hung()
    proof = plan.proof(sha(plan))
    assert (proof.chain, proof.completed, proof.subject) == ("A5", ("SHARES", "MEETING", "NOTICE"), "A-1")
    assert proof.completed_on["NOTICE"] == date(2021, 7, 13)
    with refused("PLAN_HASH_MISMATCH"):
        plan.proof(OTHER_TEXT)
    assert [proof.done_by(step, date(2021, 7, 13)) for step in ("SHARES", "MEETING", "NOTICE")] == [True] * 3
    assert not proof.done_by("NOTICE", date(2021, 7, 12))
    assert not proof.done_by("CERTIFICATES", date(2021, 7, 13))


def test_a_vote_can_be_taken_only_once_and_the_review_comes_after_it() -> None:
    plan = income_plan()
    with refused("STEP_OUT_OF_ORDER", plan, missing=["DECISION"]):
        plan.review("REVIEW", by(TOWNSHIP), sha(plan), "APPROVED", on(2022, 3, 2))
    plan = voted()
    with refused("STEP_OUT_OF_ORDER", plan):
        vote(plan, (2022, 3, 3))
    plan.review("REVIEW", by(TOWNSHIP), sha(plan), "RETURNED", on(2022, 3, 4), reasons="没有名单")
    assert plan.completed_steps == {"DECISION"}


# ---- proposers by their posts (A10) ----------------------------------------------------------------------------------


def test_a_plan_across_villages_is_signed_by_every_filled_post() -> None:
    across = ProcedureCase(owner_kind="VILLAGE", project_scope="CROSS_VILLAGE", asset_type="WORKSHOP")
    plan = open_it(opening("A10", case=across))
    posts = {"FIRST_SECRETARY": ("P-1",), "RESIDENT_TEAM_LEADER": ("P-3",)}
    with refused("PROPOSER_MISSING", plan, missing=["RESIDENT_TEAM_LEADER"]):
        plan.complete_step("PROPOSE", by(VILLAGE), sha(plan), on(2022, 3, 1), signed_by=["P-1"], posts=posts)
    with refused("FIELD_INVALID", plan):
        plan.complete_step(
            "PROPOSE", by(VILLAGE), sha(plan), on(2022, 3, 1), signed_by=["P-1", "P-9"], posts=posts
        )
    settled(plan)
    plan.complete_step(
        "PROPOSE", by(VILLAGE), sha(plan), on(2022, 3, 1), signed_by=["P-1", "P-3"], posts=posts
    )
    signed = recorded(plan, ProcedureInstance.StepCompleted).proposers
    assert [(one.post, one.person) for one in signed] == [
        ("FIRST_SECRETARY", "P-1"), ("RESIDENT_TEAM_LEADER", "P-3"),
    ]  # fmt: skip
