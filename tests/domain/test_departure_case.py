"""A person leaves a duty and hands over what was in care."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from domain.departure_case import DepartureCase
from tests.domain.saying import nothing, recorded, refused
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
    case_sealed,
    case_signed,
    notice,
    occasion,
    signature,
)

FIRST, SECOND = sorted(CARE)
NEW = "653022202208-2020-000009"


def test_a_case_lists_what_is_in_care() -> None:
    opened = DepartureCase.open(CASE, notice(), (SECOND, FIRST, FIRST), occasion())
    event = recorded(opened, DepartureCase.Opened)
    assert event.assets == (FIRST, SECOND)
    assert opened.lines == {FIRST: "OPEN", SECOND: "OPEN"}


def test_nobody_follows_himself() -> None:
    with refused("SAME_PERSON"):
        case(successor=MANAGER)
    opened = case()
    with refused("SAME_PERSON", opened):
        opened.name_successor(MANAGER, occasion())


def test_a_new_successor_starts_from_the_beginning() -> None:
    sealed = case_sealed()
    sealed.name_successor(SUCCESSOR, occasion())
    nothing(sealed)
    sealed.name_successor("P-9", occasion())
    assert recorded(sealed, DepartureCase.SuccessorNamed).successor == "P-9"
    assert (set(sealed.lines.values()), sealed.sealed, sealed.signatures) == ({"OPEN"}, None, {})


def test_lines_are_accepted_one_by_one_or_all_together() -> None:
    opened = case()
    opened.accept((FIRST,), SUCCESSOR, occasion())
    assert recorded(opened, DepartureCase.LinesAccepted).assets == (FIRST,)
    opened.accept(None, SUCCESSOR, occasion())
    assert recorded(opened, DepartureCase.LinesAccepted).assets == (SECOND,)
    opened.accept((FIRST, SECOND), SUCCESSOR, occasion())
    opened.accept(None, SUCCESSOR, occasion())
    nothing(opened)


def test_only_the_successor_accepts_and_disputes_what_is_on_the_list() -> None:
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
    assert taken.lines[FIRST] == "OPEN"


def test_what_comes_into_care_meanwhile_is_added() -> None:
    sealed = case_sealed()
    with refused("HANDOVER_LIST_INCOMPLETE", sealed, missing=[NEW]):
        sealed.seal(CARE | {NEW}, occasion())
    sealed.add_lines((FIRST,), occasion())
    nothing(sealed)
    sealed.add_lines((NEW, FIRST), occasion())
    assert recorded(sealed, DepartureCase.LinesAdded).assets == (NEW,)
    assert sealed.sealed is None


def test_the_list_is_sealed_when_every_line_is_accepted() -> None:
    opened = case()
    with refused("HANDOVER_INCOMPLETE", opened, missing=[FIRST, SECOND]):
        opened.seal(CARE, occasion())
    taken = case_accepted()
    taken.seal(CARE, occasion())
    event = recorded(taken, DepartureCase.ListSealed)
    assert (event.count, event.list_sha256) == (2, taken.list_digest())
    taken.seal(CARE, occasion())
    nothing(taken)


def test_the_seal_covers_person_duty_successor_and_assets() -> None:
    digests = {
        one.list_digest()
        for one in (
            case(),
            case(person="P-7"),
            case(kind="RESPONSIBLE"),
            case(successor="P-8"),
            case(organization=TOWNSHIP),
            case(frozenset({FIRST})),
        )
    }
    assert len(digests) == 6


def sign(of: DepartureCase, role: str, superior: str | None = TOWNSHIP, **changes: Any) -> None:
    of.sign(signature(of, role, **changes), superior=superior, at=occasion())


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
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person=SUCCESSOR)
    with refused("FORBIDDEN", sealed):
        sign(sealed, "OUTGOING", person="P-7", organization=TOWNSHIP)
    sign(sealed, "OUTGOING", person="P-7")
    recorded(sealed, DepartureCase.Signed)


def test_the_audit_is_independent_and_reaches_the_departure() -> None:
    opened = case()
    with refused("AUDITOR_NOT_INDEPENDENT", opened):
        opened.complete_audit(audit(auditor_organization=VILLAGE), occasion())
    with refused("AUDITOR_NOT_INDEPENDENT", opened):
        opened.complete_audit(audit(auditor=MANAGER), occasion())
    with refused("AUDIT_STALE", opened, missing=["deltaReportNo"]):
        opened.complete_audit(audit(cut_off=date(2021, 10, 30)), occasion())
    with refused("AUDIT_STALE", opened, missing=[]):
        old = audit(cut_off=date(2021, 8, 1), delta_report_no="补审1号")
        opened.complete_audit(old, occasion())
    with refused("DATE_IN_FUTURE", opened):
        opened.complete_audit(audit(cut_off=date(2031, 1, 1)), occasion())
    near = audit(cut_off=date(2021, 8, 2), delta_report_no="补审1号")
    opened.complete_audit(near, occasion())
    assert recorded(opened, DepartureCase.AuditCompleted).audit == near
    opened.complete_audit(near, occasion())
    nothing(opened)


def test_the_case_is_completed_when_everything_is_done() -> None:
    sealed = case_sealed()
    with refused("HANDOVER_INCOMPLETE", sealed, missing=["OUTGOING", "INCOMING", "SUPERVISOR"]):
        sealed.complete(CARE, occasion())
    signed = case_signed()
    with refused("HANDOVER_LIST_INCOMPLETE", signed):
        signed.complete(CARE | {NEW}, occasion())
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
    signed.complete_audit(audit(), occasion())
    signed.complete(CARE, occasion())
    assert signed.state == "COMPLETED"


def test_a_completed_case_stands() -> None:
    done = case_signed()
    done.complete(CARE, occasion())
    done.collect_events()
    acts: list[Callable[[], None]] = [
        lambda: done.name_successor("P-9", occasion()),
        lambda: done.add_lines((NEW,), occasion()),
        lambda: done.accept(None, SUCCESSOR, occasion()),
        lambda: done.dispute(FIRST, SUCCESSOR, "少", occasion()),
        lambda: done.resolve_dispute(FIRST, "补", "补1号", occasion()),
        lambda: done.complete_audit(audit(), occasion()),
        lambda: done.seal(CARE, occasion()),
        lambda: sign(done, "OUTGOING"),
    ]
    for act in acts:
        with refused("STEP_OUT_OF_ORDER", done):
            act()


def test_open_points_say_what_is_left() -> None:
    assert case(kind="RESPONSIBLE", successor=None).open_points() == [
        f"line:{FIRST}",
        f"line:{SECOND}",
        "successor",
        "audit",
        "seal",
        "signature:OUTGOING",
        "signature:INCOMING",
        "signature:SUPERVISOR",
    ]
