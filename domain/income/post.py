"""A public-welfare post (公益岗位, C4.9-06): work for the village that a household is appointed to, assessed by the month, and paid by that.

Pay for work is no cash to households, so the rule against equal amounts leaves it out (C4.9-07). A wage in a plan of income therefore
names the post and the months: no more is paid than was assessed, and no month twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT
from domain.income.account import Month, first_day, month_of, next_month
from domain.order import there
from domain.refusals import refuse
from domain.values import (
    BusinessDate,
    Code,
    Fen,
    Name,
    OrganizationCode,
    PersonalPaperSha256,
    Text,
    Value,
    total,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion


class PostContent(Value):
    """A post as it was created: what there is to do, and what a month of it is worth."""

    village: OrganizationCode = Field(title="村集体")
    name: Annotated[Name, UNIT] = Field(title="岗位名称", examples=["保洁员"])
    duties: Annotated[Text, UNIT] = Field(title="岗位职责")
    monthly_wage: Fen = Field(title="岗位月工资")
    created_on: FactDay = Field(title="岗位设立日期")
    document_no: Annotated[Name, UNIT] = Field(title="岗位设立文号")


class HolderAppointment(Value):
    """A household's agreement to do the work of a post: from when to when, and for what wage."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    since: Annotated[BusinessDate, NotBefore("its.content.created_on")] = Field(title="上岗日期")
    until: Annotated[BusinessDate, NotBefore("since")] = Field(title="约定到岗截止日期（含当日）")
    wage: Fen = Field(title="约定月工资")
    announced_on: FactDay = Field(title="聘用公示日期")
    agreement_sha256: PersonalPaperSha256 = Field(title="岗位协议摘要")


class HolderRelease(Value):
    """The end of a household's work before the agreed day."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    last_day: FactDay = Field(title="在岗最后一日")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="离岗原因")


class MonthAssessment(Value):
    """The village's judgment of a month's work, and the wage that it earned."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    month: Annotated[Month, UNIT] = Field(title="考核月份")
    result: Literal["PASSED", "FAILED"] = Field(title="考核结果", description="合格 / 不合格")
    wage: Fen = Field(title="应发工资", description="不超过约定月工资；不合格为零")
    assessed_on: FactDay = Field(title="考核日期")
    remarks: Annotated[Text | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="考核意见")


class WelfarePostHolder(HolderAppointment):
    """A household on a post, with its last day where it left before the agreed one."""

    last_day: Annotated[BusinessDate | None, NotBefore("since")] = Field(default=None, title="在岗最后一日")

    def worked_in(self, month: str) -> bool:
        """Whether it was on the post on any day of a month."""
        return month_of(self.since) <= month <= month_of(self.last_day or self.until)

    def meets(self, since: date, until: date) -> bool:
        """Whether it is on the post on any day between two."""
        return self.since <= until and since <= (self.last_day or self.until)


class AssessedMonth(MonthAssessment):
    """A month as it was assessed, and what of its wage is paid."""

    paid: Fen = Field(title="已发工资")


class WagePayment(Value):
    """Wages of a household that a plan of income paid, for months of its post."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    plan: Code = Field(title="收益分配方案编号")
    line: int = Field(title="明细序号", ge=1, le=5000, strict=True)
    payment: Code = Field(title="支付编号")
    amount: Fen = Field(title="所发工资")
    months: Annotated[tuple[Month, ...], UNIT] = Field(title="所属月份")


class PublicWelfarePost(DomainAggregate):
    """One post of one village."""

    TOPIC: ClassVar[str] = "public_welfare_post"
    KIND: ClassVar[str] = "public_welfare_post"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    content: Annotated[PostContent, Field(title="岗位情况")]
    holders: Annotated[tuple[WelfarePostHolder, ...], Field(title="在岗人员所在户")]
    assessed: Annotated[tuple[AssessedMonth, ...], Field(title="各月考核")]

    class Event(DomainAggregate.Event):
        """Root of the post's events."""

    class PostCreated(Event, CreatedEvent):
        """A village has created a post."""

        TOPIC: ClassVar[str] = "public_welfare_post.created"
        TITLE: ClassVar[str] = "设立公益岗位"
        content: PostContent = Field(title="岗位情况")

    @classmethod
    def create(cls, post: str, content: PostContent, kind: str, at: Occasion) -> PublicWelfarePost:
        """Create a post (C4.9-06). `kind`: of the unit.

        Refused: ACCOUNT_NOT_COLLECTIVE for a unit that is no village; AMOUNT_NOT_POSITIVE.
        """
        at.cite("C4.9-06")
        at.require(kind == "VILLAGE", "ACCOUNT_NOT_COLLECTIVE", clause="C4.9-06", account=kind)
        if content.monthly_wage <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-06", field="post.monthlyWage")
        return cls.begin(cls.PostCreated, post, at, content=content)

    @event(PostCreated)
    def __init__(self, content: PostContent) -> None:
        self.content = content
        self.holders = ()
        self.assessed = ()

    @property
    def begun_on(self) -> date:
        """The day on which it was created."""
        return self.content.created_on

    class HolderAppointed(Event):
        """A household was appointed to the post."""

        TOPIC: ClassVar[str] = "public_welfare_post.holder_appointed"
        TITLE: ClassVar[str] = "聘用公益岗位人员"
        holder: HolderAppointment = Field(title="聘用情况")

    def appoint(self, holder: HolderAppointment, at: Occasion) -> None:
        """Appoint a household (C4.9-06). The same again records nothing.

        Refused: AMOUNT_NOT_POSITIVE; PLAN_AMOUNT_EXCEEDED for a wage above the post's; ALREADY_EXISTS while the household holds the post.
        """
        at.cite("C4.9-06")
        if any(
            one == WelfarePostHolder(**holder.model_dump(), last_day=one.last_day) for one in self.holders
        ):
            return
        if holder.wage <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-06", field="holder.wage")
        at.require(
            holder.wage <= self.content.monthly_wage,
            "PLAN_AMOUNT_EXCEEDED",
            clause="C4.9-06",
            planned=self.content.monthly_wage,
            amount=holder.wage,
        )
        if any(
            one.household == holder.household and one.meets(holder.since, holder.until)
            for one in self.holders
        ):
            raise refuse("ALREADY_EXISTS", what=f"{self.id} {holder.since.isoformat()}")
        self.record(self.HolderAppointed, at, holder=holder)

    @event(HolderAppointed)
    def _holder_appointed(self, holder: HolderAppointment) -> None:
        self.holders = (*self.holders, WelfarePostHolder(**holder.model_dump()))

    class HolderReleased(Event):
        """A household left the post before the agreed day."""

        TOPIC: ClassVar[str] = "public_welfare_post.holder_released"
        TITLE: ClassVar[str] = "公益岗位人员离岗"
        FACT: ClassVar[bool] = True
        release: HolderRelease = Field(title="离岗情况")

    def release(self, release: HolderRelease, at: Occasion) -> None:
        """Record that a household left (C4.9-06): a fact. NOT_FOUND for one that is not on the post on that day."""
        at.cite("C4.9-06")
        known = self._on_post(release.household, release.last_day)
        if known is None:
            raise refuse("NOT_FOUND", what=self.id)
        if known.last_day != release.last_day:
            self.record(self.HolderReleased, at, release=release)

    @event(HolderReleased)
    def _holder_released(self, release: HolderRelease) -> None:
        left = there(self._on_post(release.household, release.last_day))
        self.holders = tuple(
            one.model_copy(update={"last_day": release.last_day}) if one is left else one
            for one in self.holders
        )

    class MonthAssessed(Event):
        """A month of a household's work was assessed."""

        TOPIC: ClassVar[str] = "public_welfare_post.month_assessed"
        TITLE: ClassVar[str] = "公益岗位月度考核"
        assessment: MonthAssessment = Field(title="考核情况")

    def assess(self, assessment: MonthAssessment, at: Occasion) -> None:
        """Assess a month of a household's work once it is over (C4.9-06, C4.9-07). The same again records nothing.

        Refused: NOT_FOUND for a household that was not on the post that month; DATE_IN_FUTURE before the month has ended;
        ALREADY_EXISTS for a month that was assessed otherwise; AMOUNT_NOT_POSITIVE below zero; PLAN_AMOUNT_EXCEEDED for a
        wage above the agreed one, and for any where the work did not pass.
        """
        at.cite("C4.9-06", "C4.9-07")
        known = self._assessed(assessment.household, assessment.month)
        if known is not None:
            if known == AssessedMonth(**assessment.model_dump(), paid=known.paid):
                return
            raise refuse("ALREADY_EXISTS", what=f"{self.id} {assessment.month}")
        holders = [one for one in self.holders if one.household == assessment.household]
        holder = next((one for one in holders if one.worked_in(assessment.month)), None)
        if holder is None:
            raise refuse("NOT_FOUND", what=f"{self.id} {assessment.month}")
        if first_day(next_month(assessment.month)) > assessment.assessed_on:
            raise refuse(
                "DATE_IN_FUTURE",
                field="assessment.month",
                date=assessment.month,
                today=assessment.assessed_on.isoformat(),
            )
        if assessment.wage < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-06", field="assessment.wage")
        most = holder.wage if assessment.result == "PASSED" else Fen(0)
        at.require(
            assessment.wage <= most,
            "PLAN_AMOUNT_EXCEEDED",
            clause="C4.9-06",
            planned=most,
            amount=assessment.wage,
        )
        self.record(self.MonthAssessed, at, assessment=assessment)

    @event(MonthAssessed)
    def _month_assessed(self, assessment: MonthAssessment) -> None:
        self.assessed = (*self.assessed, AssessedMonth(**assessment.model_dump(), paid=Fen(0)))

    # ---- wages ---------------------------------------------------------------------------------------------------

    def must_owe(
        self, village: str, household: str, months: Collection[str], amount: Fen, at: Occasion
    ) -> None:
        """Refuse a wage that the months do not bear: not assessed, not passed, paid already, of another village (C4.9-07).

        Refused: WAGE_NOT_ASSESSED.
        """
        at.cite("C4.9-07")
        owed = total(
            Fen(one.wage - one.paid)
            for one in self.assessed
            if one.household == household and one.month in months
        )
        at.require(
            self.content.village == village and amount <= owed,
            "WAGE_NOT_ASSESSED",
            clause="C4.9-07",
            assessed=owed if self.content.village == village else Fen(0),
            amount=amount,
        )

    class WagePaid(Event):
        """A plan of income paid wages of the post."""

        TOPIC: ClassVar[str] = "public_welfare_post.wage_paid"
        TITLE: ClassVar[str] = "发放公益岗位工资"
        FACT: ClassVar[bool] = True
        wage: WagePayment = Field(title="工资发放情况")

    def pay_wage(self, village: str, wage: WagePayment, at: Occasion) -> None:
        """Count a wage that a plan pays, month by month (C4.9-07). WAGE_NOT_ASSESSED, as `must_owe`."""
        self.must_owe(village, wage.household, wage.months, wage.amount, at)
        self.record(self.WagePaid, at, wage=wage)

    @event(WagePaid)
    def _wage_paid(self, wage: WagePayment) -> None:
        left, counted = int(wage.amount), []
        for one in self.assessed:
            part = 0
            if one.household == wage.household and one.month in wage.months:
                part = min(left, one.wage - one.paid)
                left -= part
            counted.append(one.model_copy(update={"paid": Fen(one.paid + part)}) if part else one)
        self.assessed = tuple(counted)

    def _on_post(self, household: str, day: date) -> WelfarePostHolder | None:
        found = [one for one in self.holders if one.household == household and one.since <= day]
        return next((one for one in found if day <= (one.last_day or one.until)), None)

    def _assessed(self, household: str, month: str) -> AssessedMonth | None:
        found = [one for one in self.assessed if (one.household, one.month) == (household, month)]
        return found[0] if found else None
