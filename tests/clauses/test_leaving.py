"""Leaving office: the audit of who answered, the handover of who managed, and nobody goes before it is whole (四(十)¶4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.departure.case import DepartureCase
from domain.departure.papers import LeavingReason
from domain.organization.person import Clearance, Formality, LeavingFact, Person
from tests.domain.saying import recorded, refused
from tests.examples import (
    CARE,
    CASE,
    MANAGER,
    SUCCESSOR,
    TOWNSHIP,
    VILLAGE,
    audit,
    case,
    case_signed,
    compared,
    finding,
    interim,
    notice,
    occasion,
    person,
    signature,
)

MANY = {f"653022202208-2019-{number:06d}": 3 for number in range(1, 313)}
"""312 assets, each at its version."""
LAST_DAY = date(2021, 10, 31)


def signed_by(of: DepartureCase, role: str, superior: str | None = TOWNSHIP, **changes: Any) -> None:
    of.sign(signature(of, role, **changes), superior=superior, at=occasion(LAST_DAY))


def certificate(**changes: Any) -> Clearance:
    given: dict[str, Any] = {
        "certificate_no": "QZ-1",
        "issued_on": date(2021, 11, 5),
        "issued_by": "COUNTY_GOV",
        "position": 120,
        "cases": (CASE,),
    }
    return Clearance(**(given | changes))


def transferred() -> Formality:
    return Formality(
        kind="TRANSFER",
        carried_out_on=date(2021, 11, 8),
        document_no="调〔2021〕1号",
        certificate_no="QZ-1",
    )


def left_open(*cases: DepartureCase) -> tuple[str, ...]:
    return tuple(f"case:{one.id}:{point}" for one in cases for point in one.open_points())


@pytest.mark.clause("C4.10-09")
def test_who_answered_for_assets_is_audited_before_the_case_is_done() -> None:
    """Opens a case when the responsible person changes, and completes it only after an independent audit up to the departure."""
    leaving = case_signed(kind="RESPONSIBLE")
    with refused("AUDIT_REQUIRED", leaving, missing=["audit"]):
        leaving.complete(CARE, occasion())
    with refused("HANDOVER_INCOMPLETE", missing=["case:K-1:audit"]):
        person().issue_clearance(certificate(), left_open(leaving), occasion())
    leaving.complete_audit(audit(cut_off=LAST_DAY), occasion(date(2021, 11, 5)))
    assert recorded(leaving, DepartureCase.AuditCompleted).audit.cut_off == LAST_DAY
    leaving.complete(CARE, occasion())
    recorded(leaving, DepartureCase.Completed)


@pytest.mark.clause("C4.10-09")
def test_an_auditor_of_the_same_unit_is_refused() -> None:
    """Refuses an auditor, and an order to audit, from the leaver's own unit, and the leaver as auditor."""
    leaving = case(kind="RESPONSIBLE")
    with refused("AUDITOR_NOT_INDEPENDENT", leaving):
        leaving.order_audit(VILLAGE, "审委1号", occasion())
    with refused("AUDITOR_NOT_INDEPENDENT", leaving):
        leaving.complete_audit(audit(auditor_organization=VILLAGE), occasion(date(2021, 11, 5)))
    with refused("AUDITOR_NOT_INDEPENDENT", leaving):
        leaving.complete_audit(audit(auditor=MANAGER), occasion(date(2021, 11, 5)))


@pytest.mark.clause("C4.10-09")
@pytest.mark.parametrize(
    ("cut_off", "delta", "stale"),
    [
        (date(2021, 8, 1), "补审1号", True),  # 91 days before
        (date(2021, 8, 2), None, True),  # 90 days, but nothing about the days since
        (date(2021, 8, 2), "补审1号", False),
        (LAST_DAY, None, False),
    ],
)
def test_a_stale_audit_is_refused(cut_off: date, delta: str | None, stale: bool) -> None:
    """Refuses an audit that ended more than P20 before the departure, or earlier than it without a report for the rest."""
    leaving = case(kind="RESPONSIBLE")
    report = audit(cut_off=cut_off, delta_report_no=delta)
    if stale:
        with refused("AUDIT_STALE", leaving):
            leaving.complete_audit(report, occasion(date(2021, 11, 5)))
        return
    leaving.complete_audit(report, occasion(date(2021, 11, 5)))
    recorded(leaving, DepartureCase.AuditCompleted)


@pytest.mark.clause("C4.10-10")
def test_two_disputes_among_312_assets() -> None:
    """Reconciles and hands over every asset, line by line, under three signatures; one open dispute stops all."""
    leaving = case(MANY)
    disputed = sorted(MANY)[7], sorted(MANY)[200]
    leaving.reconcile([compared(asset) for asset in sorted(MANY)], occasion())
    leaving.complete_reconciliation(occasion())
    for asset in disputed:
        leaving.dispute(asset, SUCCESSOR, "未见实物", occasion())
    leaving.accept(None, SUCCESSOR, occasion())
    assert sum(line.state == "ACCEPTED" for line in leaving.lines.values()) == 310
    with refused("HANDOVER_DISPUTE_OPEN", missing=list(disputed)):
        leaving.seal(MANY, occasion())
    leaving.resolve_dispute(disputed[0], "按短缺报告处理", "短1号", occasion())
    leaving.accept((disputed[0],), SUCCESSOR, occasion())
    with refused("HANDOVER_DISPUTE_OPEN", missing=[disputed[1]]):
        leaving.seal(MANY, occasion())
    leaving.resolve_dispute(disputed[1], "按短缺报告处理", "短2号", occasion())
    leaving.accept(None, SUCCESSOR, occasion())
    leaving.seal(MANY, occasion())
    for role in ("OUTGOING", "INCOMING", "SUPERVISOR"):
        signed_by(leaving, role)
    leaving.complete(MANY, occasion())
    assert (leaving.state, len(leaving.lines)) == ("COMPLETED", 312)


@pytest.mark.clause("C4.10-10")
def test_a_supervisor_of_the_same_village_is_refused() -> None:
    """Takes the supervisor's signature only from the superior unit, and nobody signs twice."""
    leaving = case_signed()
    leaving.seal(CARE, occasion())
    with refused("SUPERVISOR_NOT_SUPERIOR", leaving):
        signed_by(leaving, "SUPERVISOR", organization=VILLAGE)
    with refused("SAME_PERSON", leaving):
        signed_by(leaving, "SUPERVISOR", person=SUCCESSOR)


@pytest.mark.clause("C4.10-10")
def test_nobody_hands_over_to_himself() -> None:
    """Refuses a successor who is the leaver, when the case opens and later."""
    with refused("SAME_PERSON"):
        case(successor=MANAGER)
    with refused("SAME_PERSON"):
        case().name_successor(MANAGER, occasion())


@pytest.mark.clause("C4.10-10")
def test_an_asset_of_the_last_day_is_on_the_list() -> None:
    """Refuses to complete while an asset registered, or corrected, after the seal is not on the list as it is now."""
    leaving = case_signed()
    new = "653022202208-2021-000099"
    first = min(CARE)
    for now in ({**CARE, new: 1}, {**CARE, first: CARE[first] + 1}):
        absent = [asset for asset in now if now[asset] != CARE.get(asset)]
        with refused("HANDOVER_LIST_INCOMPLETE", leaving, missing=absent):
            leaving.complete(now, occasion(LAST_DAY))
    now = {**CARE, new: 1}
    leaving.add_lines(now, occasion(LAST_DAY))
    assert (leaving.lines[new].addendum, leaving.sealed, leaving.signatures) == (True, None, {})
    leaving.reconcile([compared(new)], occasion(LAST_DAY))
    leaving.complete_reconciliation(occasion(LAST_DAY))
    leaving.accept(None, SUCCESSOR, occasion(LAST_DAY))
    leaving.seal(now, occasion(LAST_DAY))
    for role in ("OUTGOING", "INCOMING", "SUPERVISOR"):
        signed_by(leaving, role)
    leaving.complete(now, occasion(LAST_DAY))
    assert leaving.state == "COMPLETED"


@pytest.mark.clause("C4.10-11")
def test_no_certificate_and_no_formality_while_anything_is_open() -> None:
    """Issues the certificate and carries formalities out only when nothing is in care and no case is open."""
    leaver = person()
    with refused("HANDOVER_INCOMPLETE", leaver, missing=["line:K-1:A-7:OPEN"]):
        leaver.issue_clearance(certificate(), ("line:K-1:A-7:OPEN",), occasion())
    with refused("PERSON_HOLDS_ASSETS", leaver, missing=["asset:A-7"]):
        leaver.carry_out(transferred(), ("asset:A-7",), 1, occasion(date(2021, 11, 8)))
    with refused("CLEARANCE_REQUIRED", leaver, missing=["certificateNo"]):
        leaver.carry_out(transferred(), (), 0, occasion(date(2021, 11, 8)))
    leaver.issue_clearance(certificate(), (), occasion())
    recorded(leaver, Person.ClearanceIssued)
    leaver.carry_out(transferred(), (), 0, occasion(date(2021, 11, 8)))
    recorded(leaver, Person.FormalityCarriedOut)


@pytest.mark.clause("C4.10-11")
def test_three_posts_in_two_villages_are_three_handovers() -> None:
    """Refuses the certificate until every case of the person is completed, in whatever unit and for whatever duty."""
    cases = [case_signed(), case_signed(), case_signed(kind="RESPONSIBLE", organization="653022202209")]
    cases[2].complete_audit(audit(), occasion(date(2021, 11, 5)))
    leaver = person()
    for one in cases:
        # all is signed and still not completed: that alone is in the way
        assert one.open_points() == ["completion"]
        with refused("HANDOVER_INCOMPLETE", leaver):
            leaver.issue_clearance(certificate(), left_open(*cases), occasion())
        one.complete(CARE, occasion())
    assert left_open(*cases) == ()
    leaver.issue_clearance(certificate(), left_open(*cases), occasion())
    recorded(leaver, Person.ClearanceIssued)


@pytest.mark.clause("C4.10-11")
@pytest.mark.parametrize("reason", ["DEATH", "DETENTION"])
def test_a_fact_is_recorded_and_releases_nobody(reason: LeavingReason) -> None:
    """Records death, removal and detention whatever is open; an interim custodian looks after things for at most P37."""
    leaver = person()
    fact = LeavingFact.model_validate({"kind": reason, "happened_on": LAST_DAY})
    leaver.record_leaving(fact, occasion(LAST_DAY))
    assert recorded(leaver, Person.LeavingRecorded).fact.kind == reason
    opened = DepartureCase.open(CASE, notice(reason=reason, successor=None), CARE, occasion(LAST_DAY))
    assert recorded(opened, DepartureCase.Opened).notice.reason == reason
    on = occasion(date(2021, 11, 1))
    with refused("INTERIM_TOO_LONG", opened):
        opened.appoint_interim(interim(until=date(2021, 12, 31)), superior=TOWNSHIP, at=on)
    opened.appoint_interim(interim(), superior=TOWNSHIP, at=on)
    with refused("HANDOVER_INCOMPLETE", leaver):
        leaver.issue_clearance(certificate(), left_open(opened), on)


@pytest.mark.clause("C4.10-11")
def test_a_finding_after_the_clearance_revokes_it() -> None:
    """Reopens the case when an auditor finds something later, and revokes the certificate that rests on it."""
    done = case_signed()
    done.complete(CARE, occasion())
    leaver = person()
    leaver.issue_clearance(certificate(), left_open(done), occasion())
    leaver.collect_events()
    later = occasion(date(2022, 3, 1))
    done.raise_finding(finding(), "AUDIT", later)
    leaver.revoke_clearances("K-1：账外收入", later)
    recorded(leaver, Person.ClearanceRevoked)
    assert (done.state, leaver.valid_clearances()) == ("OPEN", ())
    assert leaver.clearances[0].revoked_on == date(2022, 3, 1)
    with refused("CLEARANCE_REQUIRED", leaver):
        leaver.carry_out(transferred(), (), 0, occasion(date(2022, 3, 2)))
