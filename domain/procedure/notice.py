"""Public notices: where and since when something is posted, with evidence, and what people say against it (三(五)).

A notice with a period binds at every required place; its period is that of the latest posting (P07). Objections may
come from anybody, unnamed too; an open one keeps the notice open (P09).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_OBJECTOR, PUBLIC, SEALED_OF_OBJECTOR
from domain.refusals import refuse
from domain.regulation.legal_clock import Period, Reckoning
from domain.sealed import SealedField, SealedForm
from domain.values import BusinessDate, Code, Name, PaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import Rules


MAX_OPEN_OBJECTIONS: Final = 1000
"""More than so many unanswered objections to one matter are no longer taken in."""


class NoticePlace(Value):
    """Place where a notice has to hang: the role of the place in the chain, and which unit's place it is."""

    role: Code = Field(title="地点类型", description="PROJECT_VILLAGE 项目所在村 / TOWNSHIP 乡（镇） / …")
    organization: Code = Field(title="所在单位")


class Posting(Value):
    """A notice on a board, a page or in a paper. Without a place and a picture or copy of it there is no evidence."""

    place: NoticePlace = Field(title="公示地点")
    location: Annotated[Text | None, PUBLIC] = Field(
        default=None, title="具体位置", description="公示栏、网址等"
    )
    posted_on: Annotated[FactDay, NotBefore("start")] = Field(title="张贴日期")
    evidence: tuple[PaperSha256, ...] = Field(
        default=(), title="凭证摘要", description="照片、网页存档等的 SHA-256", max_length=50
    )
    text: Annotated[Text, PUBLIC] = Field(title="公示内容", description="公开发布，不得含个人信息")

    @property
    def at(self) -> tuple[str, str]:
        """The place, as role and unit."""
        return self.place.role, self.place.organization

    def check(self, at: Occasion) -> None:
        """Its day is the occasion's. Refused: NOTICE_EVIDENCE_MISSING, DATE_IN_FUTURE, FIELD_INVALID."""
        if self.posted_on != at.on:
            raise refuse("FIELD_INVALID", field="posting.postedOn", value=self.posted_on)
        missing = [
            name for name, given in (("location", self.location), ("evidence", self.evidence)) if not given
        ]
        at.require(not missing, "NOTICE_EVIDENCE_MISSING", missing=missing)


class Posted(Value):
    """A posting on record: the days it has to hang by the rules of its own day, and when they end as then known."""

    posting: Posting = Field(title="张贴情况")
    days: int = Field(title="公示天数")
    ends_on: BusinessDate | None = Field(default=None, title="公示届满日")
    provisional: Reckoning | None = Field(default=None, title="暂定届满日的计算依据")


Outcome = Literal["UPHELD", "DISMISSED", "WITHDRAWN"]


class Objection(Value):
    """Objection to a posted text. `late`: after the notice was completed, so it no longer holds it up."""

    number: int = Field(title="异议序号")
    text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="异议内容")
    contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
        default=None, title="联系方式", description="可不填；不公开"
    )
    filed_on: BusinessDate = Field(title="提出日期")
    due_on: BusinessDate | None = Field(default=None, title="答复期限")
    late: bool = Field(default=False, title="公示结束后提出")
    outcome: Outcome | None = Field(default=None, title="处理结果")
    answer: Annotated[Text | None, PUBLIC] = Field(default=None, title="答复", description="公开发布")
    resolved_on: BusinessDate | None = Field(default=None, title="处理日期")

    @property
    def open(self) -> bool:
        """Whether nobody has answered it yet."""
        return self.outcome is None


Objections = Mapping[str, Objection]
"""Objections to one matter by their numbers."""


def next_objection(
    filed: Objections, text: str, contact: str | None, at: Occasion, *, late: bool = False
) -> Objection:
    """An objection that comes in now, with the day by which it is to be answered (C3-05).

    TOO_MANY_ITEMS while `MAX_OPEN_OBJECTIONS` wait for their answer.
    """
    if sum(one.open for one in filed.values()) >= MAX_OPEN_OBJECTIONS:
        raise refuse("TOO_MANY_ITEMS", limit=MAX_OPEN_OBJECTIONS)
    return Objection(
        number=len(filed) + 1,
        text=text,
        contact=contact,
        filed_on=at.on,
        due_on=at.on + timedelta(days=at.rules.within("OBJECTION").days),
        late=late,
    )


def must_be_open(filed: Objections, number: int, matter: str) -> None:
    """NOT_FOUND for an objection that was never filed or is answered."""
    objection = filed.get(str(number))
    if objection is None or not objection.open:
        raise refuse("NOT_FOUND", what=f"{matter} {number}")


def with_answer(
    filed: Objections, number: int, outcome: Outcome, answer: str, on: date
) -> dict[str, Objection]:
    """The objections once one of them is answered."""
    settled = {"outcome": outcome, "answer": answer, "resolved_on": on}
    return {**filed, str(number): filed[str(number)].model_copy(update=settled)}


def notice_days(rules: Rules, period: str | None, force: Literal["HARD", "SOFT"]) -> int:
    """How many days a notice hangs by the parameter its chain names; 0: publication with evidence is enough (P06, P08).

    Without a parameter a notice that later steps wait for is the publication of an appraisal, any other one a soft one.
    """
    match period:
        case None:
            defaults = rules.parameters["P08"]
            return defaults.appraisal_result_days if force == "HARD" else defaults.soft_notice_days
        case "P06":
            return int(rules.parameters["P06"].days)
        case "P08":
            return int(rules.parameters["P08"].income_plan_days)
        case _:
            raise refuse("RULE_GAP", clause="C3-04", table="T5", facts=period)


def period_from(posted_on: date, days: int, at: Occasion) -> Period | None:
    """The period of so many days that a posting begins, by the calendar as it is known now; None when there is none to
    wait for. What the calendar lacks is reported.
    """
    if days == 0:
        return None
    rule = at.rules.parameters["P06"]
    found = at.rules.clock.period(posted_on, rule, days)
    at.note_calendar(found.first_day if rule.counting == "WORKING_DAYS" else found.last_day, found.ends_on)
    return found


def posted_for(posting: Posting, days: int, at: Occasion) -> Posted:
    """A posting with the end of its days as known now."""
    period = period_from(posting.posted_on, days, at)
    if period is None:
        return Posted(posting=posting, days=days)
    return Posted(posting=posting, days=days, ends_on=period.ends_on, provisional=period.provisional)


def posted_last(postings: Iterable[Posted]) -> dict[tuple[str, str], date]:
    """Place → the day it was last posted there."""
    found: dict[tuple[str, str], date] = {}
    for one in (entry.posting for entry in postings):
        found[one.at] = max(one.posted_on, found.get(one.at, one.posted_on))
    return found


def running_period(postings: Sequence[Posted], heard_on: date | None, at: Occasion) -> Period | None:
    """The period that the postings began, None when there is none to wait for; not before `heard_on`, if given (P09).

    By P07 it is that of the latest posting and the longest days, or each place has its own and the last one to end counts.
    """
    last = posted_last(postings)
    begun = [(max(last.values()), max(one.days for one in postings))]
    if at.rules.parameters["P07"] == "EACH_SEPARATELY":
        begun = [
            (
                day,
                max(one.days for one in postings if one.posting.at == place and one.posting.posted_on == day),
            )
            for place, day in last.items()
        ]
    periods = (period_from(max(day, heard_on or day), days, at) for day, days in begun)
    return max((one for one in periods if one is not None), key=lambda one: one.ends_on, default=None)


def missing_places(required: Iterable[NoticePlace], postings: Iterable[Posted]) -> list[str]:
    """Required places without a posting: the role, with the unit where several units' places have that role."""
    places = tuple(required)
    posted = posted_last(postings)
    several = {one.role for one in places if sum(other.role == one.role for other in places) > 1}
    return [
        f"{one.role}:{one.organization}" if one.role in several else one.role
        for one in places
        if (one.role, one.organization) not in posted
    ]


def first_open(objections: Mapping[str, Objection]) -> Objection | None:
    """The oldest objection that holds the notice up."""
    return next((one for one in objections.values() if one.open and not one.late), None)
