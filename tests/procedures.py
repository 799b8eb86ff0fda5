"""Procedures that tests build on: a joint village title (A5), an income plan (A8), an inventory (A2), decisions (A6, A7)."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from domain.execution import Execution
from domain.occasion import Occasion
from domain.organization.roll import VillageRoll
from domain.procedure.meeting import Meeting
from domain.procedure.notice import NoticePlace, Posting
from domain.procedure.plan import ProcedureCase, ProcedureParty
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.records import ProcedureOpening, Signer
from domain.procedure.subject import Subject, digest_of
from tests.examples import OTHER_VILLAGE, SHA, TOWNSHIP, VILLAGE, occasion

PROCEDURE: Final = "PR-1"
COUNTY_GOV: Final = "COUNTY_GOV"
TODAY: Final = date(2026, 11, 1)


def on(year: int, month: int, day: int, **changes: Any) -> Occasion:
    """A decision of that day, looked at from late 2026."""
    return occasion(date(year, month, day), **({"today": TODAY} | changes))


def by(organization: str, person: str = "P-1") -> Signer:
    """Somebody of a unit."""
    return Signer(organization=organization, person=person)


def subject_of(kind: str, code: str, content: dict[str, Any]) -> Subject:
    """A subject with its digest worked out."""
    return Subject(kind=kind, id=code, sha256=digest_of(content), content=content)


def subject(kind: str = "ownership-plan", **changes: Any) -> Subject:
    """A plan."""
    return subject_of(
        kind, "A-1", {"asset": "A-1", "shares": {VILLAGE: "600.00", OTHER_VILLAGE: "400.00"}} | changes
    )


def village_parties(*more: ProcedureParty) -> tuple[ProcedureParty, ...]:
    """A village, which owns, and its township."""
    return (
        ProcedureParty(role="VILLAGE", organization=VILLAGE),
        ProcedureParty(role="OWNER", organization=VILLAGE),
        ProcedureParty(role="TOWNSHIP", organization=TOWNSHIP),
        *more,
    )


def township_meeting(held_on: date, **changes: Any) -> Meeting:
    """The township's special meeting agrees."""
    given: dict[str, Any] = {
        "kind": "TOWNSHIP_MEETING", "held_on": held_on, "place": "乡政府会议室", "members": 9, "present": 8,
        "in_favour": 8, "concluded": True, "minutes_sha256": SHA,
    }  # fmt: skip
    return Meeting(**(given | changes))


def representatives(held_on: date, **changes: Any) -> Meeting:
    """24 of 35 representatives meet, 13 agree."""
    given: dict[str, Any] = {
        "kind": "REPRESENTATIVE_MEETING", "held_on": held_on, "place": "村委会", "members": 35, "present": 24,
        "in_favour": 13, "against": 11, "minutes_sha256": SHA,
    }  # fmt: skip
    return Meeting(**(given | changes))


def elected(count: int = 35, **changes: Any) -> tuple[VillageRoll, ...]:
    """The village has elected so many representatives."""
    given: dict[str, Any] = {
        "body": "REPRESENTATIVES", "count": count, "since": date(2018, 1, 1), "until": date(2050, 12, 31),
        "document_no": "选举结果1号", "document_sha256": SHA,
    }  # fmt: skip
    return (VillageRoll(**(given | changes)),)


def assembled(count: int, households: int) -> tuple[VillageRoll, ...]:
    """The village has so many members in so many households."""
    return elected(count, body="MEMBERS", households=households)


def posting(role: str, organization: str, posted_on: date, **changes: Any) -> Posting:
    """A sheet on a board, with a photo."""
    given: dict[str, Any] = {
        "place": NoticePlace(role=role, organization=organization), "location": "公示栏", "posted_on": posted_on,
        "evidence": (SHA,), "text": "拟确权方案",
    }  # fmt: skip
    return Posting(**(given | changes))


def opening(chain: str, **changes: Any) -> ProcedureOpening:
    """What a procedure of that chain is opened with."""
    given: dict[str, Any] = {
        "chain": chain, "title": "扶贫车间", "subject": subject(), "parties": village_parties(),
        "case": ProcedureCase(owner_kind="VILLAGE", project_scope="SINGLE_VILLAGE", asset_type="WORKSHOP"),
    }  # fmt: skip
    return ProcedureOpening(**(given | changes))


def settled(procedure: ProcedureInstance) -> ProcedureInstance:
    """The same with its events collected."""
    procedure.collect_events()
    return procedure


def sha(procedure: ProcedureInstance) -> str:
    """The digest of its text."""
    return procedure.subject.sha256


def carry_out(
    procedure: ProcedureInstance, step: str, unit: str, at: Occasion, sha256: str | None = None
) -> None:
    """What takes the step by the county's table has happened, by the text of the procedure or another one."""
    row = next(one for one in at.rules.chain(procedure.chain).steps if one.code == step)
    about = procedure.subject
    execution = Execution(unit, about.kind, about.id, (sha256 or about.sha256,))
    procedure.take_by_fact(row.facts[0], "asset-A-1", 7, execution, at)


# ---- a joint village title, A5 -------------------------------------------------------------------------------------


def joint_title() -> ProcedureInstance:
    """Opened by the township over the shares of two villages; the project stands in the first."""
    parties = (
        ProcedureParty(role="TOWNSHIP", organization=TOWNSHIP),
        ProcedureParty(role="VILLAGE", organization=VILLAGE),
        ProcedureParty(role="VILLAGE", organization=OTHER_VILLAGE),
        ProcedureParty(role="PROJECT_VILLAGE", organization=VILLAGE),
    )
    opened = ProcedureInstance.open(PROCEDURE, opening("A5", parties=parties), by(TOWNSHIP), on(2021, 6, 28))
    return settled(opened)


def after_meeting() -> ProcedureInstance:
    """Shares proposed, special meeting held on 30 June 2021."""
    found = joint_title()
    found.complete_step("SHARES", by(TOWNSHIP), sha(found), on(2021, 6, 29))
    found.hold_meeting(
        "MEETING", by(TOWNSHIP), sha(found), township_meeting(date(2021, 6, 30)), on(2021, 6, 30)
    )
    return settled(found)


def posted(*, everywhere: bool = True) -> ProcedureInstance:
    """Posted on Thursday, 1 July 2021, at the village and (`everywhere`) at the township."""
    found = after_meeting()
    day = date(2021, 7, 1)
    found.post_notice(
        "NOTICE", by(TOWNSHIP), sha(found), posting("PROJECT_VILLAGE", VILLAGE, day), on(2021, 7, 1)
    )
    if everywhere:
        found.post_notice(
            "NOTICE", by(TOWNSHIP), sha(found), posting("TOWNSHIP", TOWNSHIP, day), on(2021, 7, 1)
        )
    return settled(found)


def hung() -> ProcedureInstance:
    """The notice is through."""
    found = posted()
    found.complete_notice("NOTICE", by(TOWNSHIP), sha(found), on(2021, 7, 13))
    return settled(found)


# ---- an income plan, A8 --------------------------------------------------------------------------------------------


def income_plan(**case: Any) -> ProcedureInstance:
    """Proposed by the village on 1 March 2022, for a workshop of one village."""
    given = {"owner_kind": "VILLAGE", "project_scope": "SINGLE_VILLAGE", "asset_type": "WORKSHOP"} | case
    found = ProcedureInstance.open(
        PROCEDURE,
        opening("A8", subject=subject("income-plan"), case=ProcedureCase(**given)),
        by(VILLAGE),
        on(2022, 3, 1),
    )
    found.complete_step("PROPOSE", by(VILLAGE), sha(found), on(2022, 3, 1))
    return settled(found)


def voted(**case: Any) -> ProcedureInstance:
    """Voted on 2 March 2022."""
    found = income_plan(**case)
    meeting = representatives(date(2022, 3, 2))
    found.hold_meeting("DECISION", by(VILLAGE), sha(found), meeting, on(2022, 3, 2), rolls=elected())
    return settled(found)


def reviewed(**case: Any) -> ProcedureInstance:
    """Approved by the township on 4 March 2022."""
    found = voted(**case)
    found.review("REVIEW", by(TOWNSHIP, "P-2"), sha(found), "APPROVED", on(2022, 3, 4))
    return settled(found)


def filed(**case: Any) -> ProcedureInstance:
    """Filed with both offices on Monday, 7 March 2022; the re-check is pending."""
    found = reviewed(**case)
    for step in ("LINE_FILING", "RECHECK"):
        if any(one.code == step for one in found.steps):
            found.submit_filing(step, by(VILLAGE), sha(found), on(2022, 3, 7))
    return settled(found)


def ready_to_distribute(**case: Any) -> ProcedureInstance:
    """Posted, through, accepted."""
    found = filed(**case)
    day = date(2022, 3, 3)
    found.post_notice(
        "NOTICE", by(VILLAGE), sha(found), posting("OWNER_LOCATION", VILLAGE, day), on(2022, 3, 3)
    )
    found.complete_notice("NOTICE", by(VILLAGE), sha(found), on(2022, 3, 15))
    found.answer_filing("RECHECK", VILLAGE, by("AGRICULTURE", "P-3"), sha(found), "ACCEPTED", on(2022, 3, 16))
    return settled(found)


# ---- an inventory of a department, A2, and decisions of the county, A6 and A7 ----------------------------------------


def inventory(department: str = "AGRICULTURE") -> ProcedureInstance:
    """Compiled by P-1 and reviewed by P-2 of one department."""
    parties = (ProcedureParty(role="DEPARTMENT", organization=department),)
    found = ProcedureInstance.open(PROCEDURE, opening("A2", parties=parties), by(department), on(2021, 8, 2))
    found.complete_step("COMPILE", by(department), sha(found), on(2021, 8, 2))
    found.review("REVIEW", by(department, "P-2"), sha(found), "APPROVED", on(2021, 8, 3))
    return settled(found)


def county_matter(chain: str = "A7") -> ProcedureInstance:
    """A title for the county government to decide, brought up by the implementing township."""
    parties = village_parties(ProcedureParty(role="IMPLEMENTER", organization=TOWNSHIP))
    found = ProcedureInstance.open(PROCEDURE, opening(chain, parties=parties), by(TOWNSHIP), on(2021, 8, 2))
    if chain == "A6":
        found.complete_step("PLAN", by(TOWNSHIP), sha(found), on(2021, 8, 2))
    return settled(found)
