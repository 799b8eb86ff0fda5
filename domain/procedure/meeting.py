"""Meetings that decide: roll, quorum, votes, minutes – judged by the law of the meeting's own day (P10, P29)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotAfter, NotBefore
from domain.organization.roll import RollBody, VillageRoll, roll_on
from domain.refusals import refuse
from domain.regulation.quorum import Turnout, judge
from domain.values import BusinessDate, PaperSha256, PersonalPaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

MeetingKind = Literal["REPRESENTATIVE_MEETING", "VILLAGER_ASSEMBLY", "TOWNSHIP_MEETING"]


class Meeting(Value):
    """A meeting and its vote. Counts are heads; households only where an assembly counts them.

    A township's special meeting (专题会议) has no quorum in the text: its minutes say what it concluded.
    """

    kind: MeetingKind = Field(title="会议类型")
    matter: Literal["COLLECTIVE", "OTHER"] | None = Field(
        default=None, title="事项性质", description="由流程确定，可不填 / follows from the chain"
    )
    held_on: Annotated[FactDay, NotBefore("start")] = Field(title="召开日期")
    called_on: Annotated[BusinessDate, NotAfter("held_on")] | None = Field(default=None, title="通知日期")
    place: Text = Field(title="地点")
    members: int | None = Field(
        default=None,
        title="应到人数",
        ge=1,
        le=1_000_000,
        description="村级会议按登记的代表或成员人数，可不填；乡（镇）专题会议必填",
        strict=True,
    )
    present: int = Field(title="实到人数", ge=0, le=1_000_000, strict=True)
    in_favour: int = Field(title="同意", ge=0, le=1_000_000, strict=True)
    against: int = Field(default=0, title="反对", ge=0, le=1_000_000, strict=True)
    abstained: int = Field(default=0, title="弃权", ge=0, le=1_000_000, strict=True)
    households: int | None = Field(
        default=None, title="总户数", ge=0, le=1_000_000, description="按登记的户数，可不填", strict=True
    )
    households_present: int = Field(default=0, title="到会户数", ge=0, le=1_000_000, strict=True)
    concluded: bool | None = Field(
        default=None, title="专题会议是否同意", description="仅乡（镇）专题会议", strict=True
    )
    minutes_sha256: PaperSha256 = Field(title="会议记录摘要")
    roll_sha256: PersonalPaperSha256 | None = Field(default=None, title="签到册摘要")
    photos: tuple[PaperSha256, ...] = Field(default=(), title="照片摘要", max_length=50)


Body = Literal["REPRESENTATIVES", "TOWNSHIP"]
Matter = Literal["COLLECTIVE", "OTHER"]


def as_called(
    meeting: Meeting, wanted: Body, matter: Matter, rolls: Iterable[VillageRoll], at: Occasion
) -> tuple[Meeting, VillageRoll | None]:
    """The meeting of the right body (MEETING_KIND_NOT_ALLOWED) with what it does not say of itself: the matter by its chain, the roll by the village's record.

    ROLL_NOT_RECORDED without a roll of its day; FIELD_INVALID for another matter, ROLL_MISMATCH for other numbers.
    A township's special meeting has no roll. Imported history keeps the numbers it has.
    """
    at.cite("C3-02")
    _check_body(meeting, wanted, at)
    if meeting.kind == "TOWNSHIP_MEETING":
        return meeting.model_copy(update={"matter": meeting.matter or matter}), None
    if meeting.matter not in {None, matter}:
        raise refuse("FIELD_INVALID", field="meeting.matter", value=meeting.matter)
    body: RollBody = "REPRESENTATIVES" if meeting.kind == "REPRESENTATIVE_MEETING" else "MEMBERS"
    roll = roll_on(rolls, body, meeting.held_on)
    if roll is None:
        at.refuse("ROLL_NOT_RECORDED", missing=[body], date=meeting.held_on.isoformat())
        return meeting.model_copy(update={"matter": matter}), None
    counts = {"members": roll.count} | ({} if roll.households is None else {"households": roll.households})
    for field, recorded in counts.items():
        given = getattr(meeting, field)
        at.require(given in {None, recorded}, "ROLL_MISMATCH", field=field, given=given, recorded=recorded)
    return meeting.model_copy(update={"matter": matter} | counts), roll


def check_meeting(meeting: Meeting, at: Occasion) -> None:
    """Enough people met, and agreed; by the rules of its own day, which is the occasion's.

    Refused: FIELD_REQUIRED, FIELD_INVALID (counts that lack or cannot be), MEETING_CALLED_LATE, NO_QUORUM, NOT_PASSED.

    Refused also: RULE_GAP.
    """
    members, households = _counts(meeting, at)
    if meeting.kind == "TOWNSHIP_MEETING":
        if meeting.concluded is None:
            raise refuse("FIELD_REQUIRED", missing=["meeting.concluded"])
        at.require(meeting.present > 0, "NO_QUORUM", members=members, present=0, required=1)
        at.require(meeting.concluded, "NOT_PASSED")
        return
    rule = at.rules.quorum(meeting.kind, meeting.matter or "COLLECTIVE")
    if rule.notice_days:
        called = meeting.called_on
        at.require(
            called is not None and (meeting.held_on - called).days >= rule.notice_days,
            "MEETING_CALLED_LATE",
            missing=[] if called is not None else ["meeting.calledOn"],
            days=rule.notice_days,
        )
    outcome = judge(
        rule,
        Turnout(
            members=members,
            present=meeting.present,
            in_favour=meeting.in_favour,
            households=households,
            households_present=meeting.households_present,
        ),
    )
    at.require(
        outcome.quorate,
        "NO_QUORUM",
        members=members,
        present=meeting.present,
        required=outcome.required_present,
    )
    at.require(
        outcome.passed or not outcome.quorate,
        "NOT_PASSED",
        inFavour=meeting.in_favour,
        required=outcome.required_in_favour,
    )


def _counts(meeting: Meeting, at: Occasion) -> tuple[int, int]:
    """How many could come, heads and households; counts that contradict one another are an input error, always."""
    if meeting.members is None:
        raise refuse("FIELD_REQUIRED", field="meeting.members", missing=["meeting.members"])
    members, households = meeting.members, meeting.households or 0
    impossible = {
        "present": meeting.present > members,
        "inFavour": meeting.in_favour + meeting.against + meeting.abstained > meeting.present,
        "householdsPresent": meeting.households_present > households,
        "calledOn": meeting.called_on is not None and meeting.called_on > meeting.held_on,
        "heldOn": meeting.held_on != at.on,
    }
    for field, wrong in impossible.items():
        if wrong:
            raise refuse("FIELD_INVALID", field=f"meeting.{field}")
    return members, households


def _check_body(meeting: Meeting, wanted: Body, at: Occasion) -> None:
    """An assembly may stand in for the representatives, the township's meeting for nobody (P29)."""
    if wanted == "TOWNSHIP":
        allowed = {"TOWNSHIP_MEETING"}
    else:
        allowed = {"REPRESENTATIVE_MEETING"}
        if at.rules.parameters["P29"].assembly_replaces_representatives:
            allowed.add("VILLAGER_ASSEMBLY")
    at.require(
        meeting.kind in allowed, "MEETING_KIND_NOT_ALLOWED", given=meeting.kind, expected=sorted(allowed)
    )
