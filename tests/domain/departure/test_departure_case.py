"""A person leaves a duty and hands over what was in care."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.departure.case import DepartureCase
from domain.departure.papers import HandoverLine, SigningRefusal
from domain.regulation.legal_clock import Reckoning
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    CARE,
    CASE,
    MANAGER,
    OVERSEER,
    SHA,
    SUCCESSOR,
    TOWNSHIP,
    VILLAGE,
    audit,
    case,
    case_accepted,
    case_reconciled,
    case_sealed,
    case_signed,
    compared,
    finding,
    interim,
    notice,
    occasion,
    signature,
)

FIRST, SECOND = sorted(CARE)
NEW = "653022202208-2020-000009"
ANOTHER = "P-9"


def states(of: DepartureCase) -> list[str]:
    return [line.state for _, line in sorted(of.lines.items())]


def test_a_case_lists_what_is_in_care_as_it_stands() -> None:
    opened = DepartureCase.open(CASE, notice(), {SECOND: 7, FIRST: 3}, occasion())
    event = recorded(opened, DepartureCase.Opened)
    assert (event.assets, event.versions) == ((FIRST, SECOND), (3, 7))
    assert opened.lines == {
        FIRST: HandoverLine(state="OPEN", asset_version=3),
        SECOND: HandoverLine(state="OPEN", asset_version=7),
    }


def test_nobody_follows_himself() -> None:
    with refused("SAME_PERSON"):
        case(successor=MANAGER)
    opened = case()
    with refused("SAME_PERSON", opened):
        opened.name_successor(MANAGER, occasion())
    with refused("SAME_PERSON", opened):
        opened.reassign([FIRST], MANAGER, occasion())


def test_a_new_successor_starts_from_the_beginning() -> None:
    sealed = case_sealed()
    sealed.name_successor(SUCCESSOR, occasion())
    nothing(sealed)
    sealed.name_successor(ANOTHER, occasion())
    assert recorded(sealed, DepartureCase.SuccessorNamed).successor == ANOTHER
    assert (set(states(sealed)), sealed.sealed, sealed.signatures) == ({"OPEN"}, None, {})


def test_lines_are_accepted_one_by_one_or_all_together() -> None:
    opened = case()
    opened.accept((FIRST,), SUCCESSOR, occasion())
    assert recorded(opened, DepartureCase.LinesAccepted).assets == (FIRST,)
    opened.accept(None, SUCCESSOR, occasion())
    assert recorded(opened, DepartureCase.LinesAccepted).assets == (SECOND,)
    opened.accept((FIRST, SECOND), SUCCESSOR, occasion())
    opened.accept(None, SUCCESSOR, occasion())
    nothing(opened)


def test_only_who_takes_over_accepts_and_disputes_what_is_on_the_list() -> None:
    opened = case()
    with refused("SAME_PERSON", opened):
        opened.accept(None, MANAGER, occasion())
    with refused("FORBIDDEN", opened):
        opened.accept(None, OVERSEER, occasion())
    with refused("NOT_FOUND", opened):
        opened.accept((NEW,), SUCCESSOR, occasion())
    with refused("NOT_FOUND", opened):
        opened.dispute(NEW, SUCCESSOR, "没有", occasion())
    with refused("FORBIDDEN", opened):
        opened.dispute(FIRST, OVERSEER, "没有", occasion())
    nobody = case(successor=None)
    with refused("STEP_OUT_OF_ORDER", nobody, missing=["successor"]):
        nobody.accept(None, SUCCESSOR, occasion())


def test_several_successors_each_accept_and_sign_their_own() -> None:
    opened = case_reconciled()
    opened.reassign([SECOND], ANOTHER, occasion())
    assert recorded(opened, DepartureCase.LinesReassigned).incoming == ANOTHER
    opened.reassign([SECOND], ANOTHER, occasion())
    nothing(opened)
    with refused("FORBIDDEN", opened):
        opened.accept((SECOND,), SUCCESSOR, occasion())
    with refused("FORBIDDEN", opened):
        opened.accept((FIRST, SECOND), ANOTHER, occasion())
    opened.accept(None, SUCCESSOR, occasion())
    assert recorded(opened, DepartureCase.LinesAccepted).assets == (FIRST,)
    with refused("HANDOVER_INCOMPLETE", opened, missing=[SECOND]):
        opened.seal(CARE, occasion())
    opened.accept(None, ANOTHER, occasion())
    opened.seal(CARE, occasion())
    opened.collect_events()
    for role in ("OUTGOING", "INCOMING", "SUPERVISOR"):
        sign(opened, role)
    with refused("HANDOVER_INCOMPLETE", opened, missing=[f"signature:INCOMING:{ANOTHER}"]):
        opened.complete(CARE, occasion())
    with refused("SAME_PERSON", opened):
        sign(opened, "SUPERVISOR", person=ANOTHER)
    sign(opened, "INCOMING", person=ANOTHER)
    opened.complete(CARE, occasion())
    assert (opened.incoming_of(FIRST), opened.incoming_of(SECOND)) == (SUCCESSOR, ANOTHER)


def test_a_case_without_a_successor_can_be_shared_out() -> None:
    opened = case(successor=None)
    opened.reassign([FIRST], SUCCESSOR, occasion())
    assert "successor" in opened.open_points()
    opened.reassign([SECOND], ANOTHER, occasion())
    assert "successor" not in opened.open_points()


def test_reassigning_undoes_the_acceptance_and_the_seal() -> None:
    sealed = case_sealed()
    sealed.reassign([FIRST], ANOTHER, occasion())
    assert (states(sealed), sealed.sealed) == (["OPEN", "ACCEPTED"], None)
    with refused("NOT_FOUND", sealed):
        sealed.reassign([NEW], ANOTHER, occasion())


def test_a_dispute_stands_until_it_is_resolved() -> None:
    taken = case_accepted()
    taken.dispute(FIRST, SUCCESSOR, "少一台", occasion())
    assert recorded(taken, DepartureCase.LineDisputed).reason == "少一台"
    taken.dispute(FIRST, SUCCESSOR, "仍少一台", occasion())
    nothing(taken)
    with refused("HANDOVER_DISPUTE_OPEN", taken, missing=[FIRST]):
        taken.accept((FIRST,), SUCCESSOR, occasion())
    with refused("HANDOVER_DISPUTE_OPEN", taken):
        taken.seal(CARE, occasion())
    with refused("NOT_FOUND", taken):
        taken.resolve_dispute(SECOND, "补足", "补1号", occasion())
    taken.resolve_dispute(FIRST, "补足", "补1号", occasion())
    assert recorded(taken, DepartureCase.DisputeResolved).document_no == "补1号"
    assert taken.lines[FIRST].state == "OPEN"


def test_what_comes_into_care_meanwhile_is_an_addendum() -> None:
    sealed = case_sealed()
    grown = {**CARE, NEW: 1}
    with refused("HANDOVER_LIST_INCOMPLETE", sealed, missing=[NEW]):
        sealed.seal(grown, occasion())
    sealed.add_lines({FIRST: CARE[FIRST]}, occasion())
    nothing(sealed)
    sealed.add_lines(grown, occasion())
    event = recorded(sealed, DepartureCase.LinesAdded)
    assert (event.assets, event.versions) == ((NEW,), (1,))
    assert (sealed.sealed, sealed.reconciled) == (None, False)
    assert sealed.lines[NEW] == HandoverLine(state="OPEN", asset_version=1, addendum=True)


def test_what_happens_to_an_asset_on_the_list_is_accepted_anew() -> None:
    signed = case_signed()
    moved = {**CARE, FIRST: CARE[FIRST] + 1}
    with refused("HANDOVER_LIST_INCOMPLETE", signed, missing=[FIRST]):
        signed.complete(moved, occasion())
    signed.add_lines(moved, occasion())
    signed.collect_events()
    assert (states(signed), signed.sealed, signed.signatures) == (["OPEN", "ACCEPTED"], None, {})
    assert signed.reconciled
    with refused("HANDOVER_INCOMPLETE", signed, missing=[FIRST]):
        signed.seal(moved, occasion())
    signed.accept(None, SUCCESSOR, occasion())
    signed.seal(moved, occasion())
    assert signed.sealed == signed.list_digest()


# ---- reconciliation ------------------------------------------------------------------------------------------------


def test_a_manager_s_assets_are_reconciled_before_the_seal() -> None:
    opened = case()
    opened.accept(None, SUCCESSOR, occasion())
    opened.collect_events()
    with refused("HANDOVER_INCOMPLETE", opened, missing=["reconciliation"]):
        opened.seal(CARE, occasion())
    with refused("HANDOVER_INCOMPLETE", opened, missing=[FIRST, SECOND]):
        opened.complete_reconciliation(occasion())
    opened.reconcile([compared(FIRST), compared(SECOND, physical="MISSING", note="未见实物")], occasion())
    assert len(recorded(opened, DepartureCase.ReconciliationRecorded).lines) == 2
    with refused("HANDOVER_INCOMPLETE", opened, missing=[SECOND]):
        opened.complete_reconciliation(occasion())
    with refused("NOT_FOUND", opened):
        opened.resolve_difference(FIRST, "补账", "账1号", occasion())
    opened.resolve_difference(SECOND, "按短缺报告处理", "短1号", occasion())
    assert recorded(opened, DepartureCase.DifferenceResolved).document_no == "短1号"
    opened.complete_reconciliation(occasion())
    event = recorded(opened, DepartureCase.ReconciliationCompleted)
    assert (event.count, event.differences) == (2, 1)
    opened.complete_reconciliation(occasion())
    nothing(opened)
    opened.seal(CARE, occasion())
    assert opened.sealed is not None


def test_a_difference_says_what_it_is() -> None:
    opened = case()
    with refused("FIELD_REQUIRED", opened, missing=[f"note:{FIRST}"]):
        opened.reconcile([compared(FIRST, book="DIFFERS")], occasion())
    with refused("FIELD_INVALID", opened):
        opened.reconcile([compared(FIRST), compared(FIRST)], occasion())
    with refused("NOT_FOUND", opened):
        opened.reconcile([compared(NEW)], occasion())


# ---- seal and signatures -------------------------------------------------------------------------------------------


def test_the_list_is_sealed_when_every_line_is_accepted() -> None:
    opened = case_reconciled()
    with refused("HANDOVER_INCOMPLETE", opened, missing=[FIRST, SECOND]):
        opened.seal(CARE, occasion())
    taken = case_accepted()
    taken.seal(CARE, occasion())
    event = recorded(taken, DepartureCase.ListSealed)
    assert (event.count, event.list_sha256) == (2, taken.list_digest())
    taken.seal(CARE, occasion())
    nothing(taken)


def test_the_seal_covers_person_duty_unit_successors_assets_and_their_versions() -> None:
    shared = case()
    shared.reassign([FIRST], ANOTHER, occasion())
    digests = {
        one.list_digest()
        for one in (
            case(),
            case(person="P-7"),
            case(kind="RESPONSIBLE"),
            case(successor="P-8"),
            case(organization=TOWNSHIP),
            case({FIRST: CARE[FIRST]}),
            case({**CARE, FIRST: 99}),
            shared,
        )
    }
    assert len(digests) == 8


def sign(of: DepartureCase, role: str, superior: str | None = TOWNSHIP, **changes: Any) -> None:
    of.sign(signature(of, role, **changes), superior=superior, at=occasion(date(2021, 10, 31)))


def test_three_sign_the_sealed_list() -> None:
    sealed = case_sealed()
    sign(sealed, "OUTGOING")
    assert recorded(sealed, DepartureCase.Signed).signature.person == MANAGER
    sign(sealed, "OUTGOING")
    nothing(sealed)
    with refused("PLAN_HASH_MISMATCH", sealed):
        sign(sealed, "INCOMING", list_sha256=SHA)
    with refused("DATE_IN_FUTURE", sealed):
        sign(sealed, "INCOMING", signed_on=date(2031, 1, 1))


def test_what_is_not_sealed_is_not_signed() -> None:
    taken = case_accepted()
    with refused("STEP_OUT_OF_ORDER", taken, missing=["seal"]):
        sign(taken, "OUTGOING", list_sha256=SHA)


def test_each_signs_in_a_role_of_his_own() -> None:
    sealed = case_sealed()
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person=OVERSEER)
    with refused("FORBIDDEN", sealed):
        sign(sealed, "INCOMING", person=OVERSEER)
    with refused("SAME_PERSON", sealed):
        sign(sealed, "SUPERVISOR", person=MANAGER)
    with refused("SAME_PERSON", sealed):
        sign(sealed, "SUPERVISOR", person=SUCCESSOR)


def test_the_supervisor_is_of_the_superior_unit() -> None:
    sealed = case_sealed()
    with refused("SUPERVISOR_NOT_SUPERIOR", sealed):
        sign(sealed, "SUPERVISOR", organization=VILLAGE)
    with refused("SUPERVISOR_NOT_SUPERIOR", sealed):
        sign(sealed, "SUPERVISOR", superior=None)
    sign(sealed, "SUPERVISOR")
    recorded(sealed, DepartureCase.Signed)


@pytest.mark.parametrize("reason", ["DEATH", "DETENTION"])
def test_somebody_of_the_unit_signs_for_who_cannot(reason: str) -> None:
    sealed = case_sealed(reason=reason)
    for nobody in (MANAGER, SUCCESSOR):
        with refused("FORBIDDEN", sealed):
            sign(sealed, "OUTGOING", person=nobody)
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person="P-7", organization=TOWNSHIP)
    sign(sealed, "OUTGOING", person="P-7")
    recorded(sealed, DepartureCase.Signed)


def declined(of: DepartureCase, superior: str | None = TOWNSHIP, **changes: Any) -> None:
    given: dict[str, Any] = {
        "supervisor": OVERSEER,
        "organization": TOWNSHIP,
        "refused_on": date(2021, 10, 31),
        "reason": "拒不到场",
        "list_sha256": of.sealed or SHA,
    }
    refusal = SigningRefusal(**(given | changes))
    of.record_signing_refusal(refusal, superior=superior, at=occasion(date(2021, 10, 31)))


def test_the_unit_signs_for_who_refuses_once_the_supervisor_says_so() -> None:
    taken = case_accepted()
    with refused("STEP_OUT_OF_ORDER", taken, missing=["seal"]):
        declined(taken)
    sealed = case_sealed()
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person="P-7")
    with refused("SUPERVISOR_NOT_SUPERIOR", sealed):
        declined(sealed, organization=VILLAGE)
    with refused("SUPERVISOR_NOT_SUPERIOR", sealed):
        declined(sealed, superior=None)
    with refused("PLAN_HASH_MISMATCH", sealed):
        declined(sealed, list_sha256=SHA)
    for party in (MANAGER, SUCCESSOR):
        with refused("SAME_PERSON", sealed):
            declined(sealed, supervisor=party)
    declined(sealed)
    assert recorded(sealed, DepartureCase.SigningRefused).refusal.reason == "拒不到场"
    declined(sealed)
    nothing(sealed)
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person=SUCCESSOR)
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person="P-7", organization=TOWNSHIP)
    sign(sealed, "OUTGOING", person="P-7")
    recorded(sealed, DepartureCase.Signed)
    with refused("STEP_OUT_OF_ORDER", sealed):
        declined(sealed, reason="又拒")


# ---- interim custody -----------------------------------------------------------------------------------------------


def test_interim_custodians_in_turn_count_together() -> None:
    """Sixty days in all (P37), whoever has them: thirty and thirty, not thirty and thirty-one; a shared day counts once."""
    opened = case(reason="DEATH")
    at = occasion(date(2021, 11, 1))
    opened.appoint_interim(interim(until=date(2021, 11, 30)), superior=TOWNSHIP, at=at)
    recorded(opened, DepartureCase.InterimCustodianAppointed)
    for since, until in ((date(2021, 12, 1), date(2021, 12, 31)), (date(2021, 11, 30), date(2021, 12, 31))):
        with refused("INTERIM_TOO_LONG", opened):
            following = interim(person="P-1010", since=since, until=until)
            opened.appoint_interim(following, superior=TOWNSHIP, at=at)
    following = interim(person="P-1010", since=date(2021, 11, 30), until=date(2021, 12, 30))
    opened.appoint_interim(following, superior=TOWNSHIP, at=at)
    recorded(opened, DepartureCase.InterimCustodianAppointed)


def test_the_superior_unit_appoints_an_interim_custodian_who_signs_but_releases_nobody() -> None:
    sealed = case_sealed(reason="DEATH")
    sealed.appoint_interim(interim(), superior=TOWNSHIP, at=occasion(date(2021, 11, 1)))
    assert recorded(sealed, DepartureCase.InterimCustodianAppointed).interim.person == "P-1009"
    sealed.appoint_interim(interim(), superior=TOWNSHIP, at=occasion(date(2021, 11, 1)))
    nothing(sealed)
    assert sealed.open_points() != []
    sign(sealed, "OUTGOING", person="P-1009", organization=TOWNSHIP)
    assert sealed.signatures["OUTGOING"].person == "P-1009"


def test_interim_custody_has_its_limits() -> None:
    opened = case(reason="DETENTION")
    at = occasion(date(2021, 11, 1))
    with refused("SAME_PERSON", opened):
        opened.appoint_interim(interim(person=MANAGER), superior=TOWNSHIP, at=at)
    with refused("SUPERVISOR_NOT_SUPERIOR", opened):
        opened.appoint_interim(interim(appointed_by=VILLAGE), superior=TOWNSHIP, at=at)
    with refused("DATE_ORDER", opened):
        opened.appoint_interim(interim(until=date(2021, 10, 31)), superior=TOWNSHIP, at=at)
    with refused("INTERIM_TOO_LONG", opened):
        opened.appoint_interim(interim(until=date(2021, 12, 31)), superior=TOWNSHIP, at=at)


# ---- audit ---------------------------------------------------------------------------------------------------------


def test_the_audit_is_independent_and_reaches_the_departure() -> None:
    opened = case()
    with refused("AUDITOR_NOT_INDEPENDENT", opened):
        opened.complete_audit(audit(auditor_organization=VILLAGE), occasion(date(2021, 11, 5)))
    with refused("AUDITOR_NOT_INDEPENDENT", opened):
        opened.complete_audit(audit(auditor=MANAGER), occasion(date(2021, 11, 5)))
    with refused("AUDIT_STALE", opened, missing=["deltaReportNo"]):
        opened.complete_audit(audit(cut_off=date(2021, 10, 30)), occasion(date(2021, 11, 5)))
    with refused("AUDIT_STALE", opened, missing=[]):
        old = audit(cut_off=date(2021, 8, 1), delta_report_no="补审1号")
        opened.complete_audit(old, occasion())
    with refused("DATE_IN_FUTURE", opened):
        opened.complete_audit(
            audit(cut_off=date(2021, 11, 1)), occasion(date(2021, 10, 31), today=date(2021, 10, 31))
        )
    near = audit(cut_off=date(2021, 8, 2), delta_report_no="补审1号")
    opened.complete_audit(near, occasion(date(2021, 11, 5)))
    assert recorded(opened, DepartureCase.AuditCompleted).audit == near
    opened.complete_audit(near, occasion(date(2021, 11, 5)))
    nothing(opened)


def test_the_audit_covers_the_whole_tenure() -> None:
    opened = case(kind="RESPONSIBLE")
    since = date(2019, 5, 1)
    with refused("AUDIT_REQUIRED", opened, missing=["coversFrom:2019-05-01"]):
        opened.complete_audit(
            audit(covers_from=date(2019, 5, 2)), occasion(date(2021, 11, 5)), in_duty_since=since
        )
    with refused("DATE_ORDER", opened):
        opened.complete_audit(audit(covers_from=date(2021, 11, 1)), occasion(date(2021, 11, 5)))
    opened.complete_audit(audit(covers_from=since), occasion(date(2021, 11, 5)), in_duty_since=since)
    recorded(opened, DepartureCase.AuditCompleted)


def test_an_audit_is_ordered_from_another_unit() -> None:
    opened = case(kind="RESPONSIBLE")
    with refused("AUDITOR_NOT_INDEPENDENT", opened):
        opened.order_audit(VILLAGE, "审委1号", occasion())
    opened.order_audit("AUDIT", "审委1号", occasion())
    assert recorded(opened, DepartureCase.AuditOrdered).auditor_organization == "AUDIT"
    opened.order_audit("AUDIT", "审委1号", occasion())
    nothing(opened)


def test_an_open_finding_stands_in_the_way() -> None:
    signed = case_signed(kind="RESPONSIBLE")
    signed.complete_audit(audit(), occasion(date(2021, 11, 5)))
    with refused("AUDITOR_NOT_INDEPENDENT", signed):
        signed.raise_finding(finding(), VILLAGE, occasion())
    signed.raise_finding(finding(), "AUDIT", occasion())
    signed.collect_events()
    with refused("ALREADY_EXISTS", signed):
        signed.raise_finding(finding(), "AUDIT", occasion())
    with refused("HANDOVER_INCOMPLETE", signed, missing=["finding:F-1"]):
        signed.complete(CARE, occasion())
    with refused("NOT_FOUND", signed):
        signed.resolve_finding("F-2", "已整改", "改1号", occasion())
    signed.resolve_finding("F-1", "已整改", "改1号", occasion())
    assert recorded(signed, DepartureCase.FindingResolved).document_no == "改1号"
    signed.complete(CARE, occasion())
    assert signed.state == "COMPLETED"


def test_a_finding_years_later_reopens_the_case() -> None:
    done = case_signed()
    done.complete(CARE, occasion())
    done.collect_events()
    done.raise_finding(finding(), "AUDIT", occasion())
    recorded(done, DepartureCase.FindingRaised)
    assert (done.state, done.reopened, done.open_points()) == ("OPEN", 1, ["finding:F-1"])
    done.resolve_finding("F-1", "已追回", "改2号", occasion())
    done.collect_events()
    done.complete({}, occasion())
    recorded(done, DepartureCase.Completed)
    assert done.open_points() == []


# ---- completion ----------------------------------------------------------------------------------------------------


def test_the_case_is_completed_when_everything_is_done() -> None:
    sealed = case_sealed()
    waiting = ["signature:OUTGOING", f"signature:INCOMING:{SUCCESSOR}", "signature:SUPERVISOR"]
    with refused("HANDOVER_INCOMPLETE", sealed, missing=waiting):
        sealed.complete(CARE, occasion())
    signed = case_signed()
    with refused("HANDOVER_LIST_INCOMPLETE", signed):
        signed.complete({**CARE, NEW: 1}, occasion())
    signed.complete(CARE, occasion())
    event = recorded(signed, DepartureCase.Completed)
    assert (event.successor, event.supervisor) == (SUCCESSOR, OVERSEER)
    assert signed.open_points() == []
    with refused("STEP_OUT_OF_ORDER", signed):
        signed.complete(CARE, occasion())
    unsealed = case_accepted()
    with refused("STEP_OUT_OF_ORDER", unsealed, missing=["seal"]):
        unsealed.complete(CARE, occasion())


def test_who_answers_for_an_asset_is_audited_first() -> None:
    signed = case_signed(kind="RESPONSIBLE")
    with refused("AUDIT_REQUIRED", signed, missing=["audit"]):
        signed.complete(CARE, occasion())
    signed.complete_audit(audit(), occasion(date(2021, 11, 5)))
    signed.complete(CARE, occasion())
    assert signed.state == "COMPLETED"


def test_a_completed_case_stands() -> None:
    done = case_signed()
    done.complete(CARE, occasion())
    done.collect_events()
    acts: list[Callable[[], None]] = [
        lambda: done.name_successor(ANOTHER, occasion()),
        lambda: done.add_lines({NEW: 1}, occasion()),
        lambda: done.reassign([FIRST], ANOTHER, occasion()),
        lambda: done.accept(None, SUCCESSOR, occasion()),
        lambda: done.dispute(FIRST, SUCCESSOR, "少", occasion()),
        lambda: done.resolve_dispute(FIRST, "补", "补1号", occasion()),
        lambda: done.reconcile([compared(FIRST)], occasion()),
        lambda: done.resolve_difference(FIRST, "补", "补1号", occasion()),
        lambda: done.complete_reconciliation(occasion()),
        lambda: done.order_audit("AUDIT", "审委1号", occasion()),
        lambda: done.complete_audit(audit(), occasion(date(2021, 11, 5))),
        lambda: done.resolve_finding("F-1", "补", "补1号", occasion()),
        lambda: done.appoint_interim(interim(), superior=TOWNSHIP, at=occasion()),
        lambda: done.seal(CARE, occasion()),
        lambda: sign(done, "OUTGOING"),
    ]
    for act in acts:
        with refused("STEP_OUT_OF_ORDER", done):
            act()


def test_open_points_say_what_is_left() -> None:
    lines = [f"line:{FIRST}", f"line:{SECOND}"]
    signatures = ["seal", "signature:OUTGOING", "signature:INCOMING", "signature:SUPERVISOR"]
    responsible = case(kind="RESPONSIBLE", successor=None)
    assert responsible.open_points() == [*lines, "successor", "audit", *signatures]
    manager = case()
    assert manager.open_points() == [
        *lines,
        "reconciliation",
        "seal",
        "signature:OUTGOING",
        f"signature:INCOMING:{SUCCESSOR}",
        "signature:SUPERVISOR",
    ]


# ---- by when (P19) -------------------------------------------------------------------------------------------------


def test_a_handover_is_due_fifteen_working_days_after_the_notice() -> None:
    """27 September 2021 and 15 working days: the National Day week is off, 26 September and 9 October are worked."""
    opened = DepartureCase.open(CASE, notice(), CARE, occasion(date(2021, 9, 27)))
    assert recorded(opened, DepartureCase.Opened).due_on == opened.due_on == date(2021, 10, 22)


def test_a_handover_into_a_year_without_calendar_is_due_on_a_provisional_date() -> None:
    """Monday, 7 March 2050, and fifteen weekdays: nobody knows yet which of them are days off."""
    day = date(2050, 3, 7)
    opened = DepartureCase.open(CASE, notice(), CARE, occasion(day, today=day))
    event = recorded(opened, DepartureCase.Opened)
    assert event.due_on == opened.due_on == date(2050, 3, 28)
    counted = Reckoning(counted_from=day, days=15, counting="WORKING_DAYS")
    assert event.provisional == opened.provisional == counted
    assert warned(event, "DATE_PROVISIONAL") == {"date": "2050-03-28", "year": 2050}


def test_a_handover_within_a_known_year_is_due_on_a_definite_date() -> None:
    opened = DepartureCase.open(CASE, notice(), CARE, occasion(date(2021, 9, 27)))
    event = recorded(opened, DepartureCase.Opened)
    assert event.provisional is None
    assert [one.code for one in event.basis.warnings] == ["CALENDAR_YEAR_UNCONFIRMED"]


def test_a_reopened_case_is_due_anew() -> None:
    done = case_signed()
    done.complete(CARE, occasion())
    done.collect_events()
    done.raise_finding(finding(), "AUDIT", occasion(date(2022, 3, 1)))
    assert recorded(done, DepartureCase.FindingRaised).due_on == done.due_on == date(2022, 3, 22)
    assert done.provisional is None


def test_a_case_reopened_in_a_year_without_calendar_is_due_on_a_provisional_date() -> None:
    done = case_signed()
    done.complete(CARE, occasion())
    done.collect_events()
    day = date(2050, 3, 7)
    done.raise_finding(finding(), "AUDIT", occasion(day, today=day))
    event = recorded(done, DepartureCase.FindingRaised)
    assert (event.due_on, event.provisional) == (done.due_on, done.provisional)
    assert done.provisional == Reckoning(counted_from=day, days=15, counting="WORKING_DAYS")
