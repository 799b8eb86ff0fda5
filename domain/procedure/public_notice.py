"""A notice that no procedure waits for: what 三(五) wants made public at every stage (C3-04, soft).

A title confirmed, a contract signed, income used: the unit posts it with evidence, anybody may object or suggest, the
answer is published. Nothing is held up; until it is posted the matter is an open task.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.classification import PERSONAL_OF_OBJECTOR, PUBLIC, SEALED_OF_OBJECTOR
from domain.procedure.notice import Objection, Outcome, Posting, must_be_open, next_objection, with_answer
from domain.procedure.records import Signer
from domain.refusals import refuse
from domain.sealed import SealedField, SealedForm
from domain.values import Code, Name, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

Stage = Literal["OWNERSHIP", "CONTRACT", "INCOME_USE", "PAYMENT", "DISPOSAL", "AUDIT", "OTHER"]
"""What is made public: a title, a contract, the use of income, a payment, a disposal, an audit's result, something else."""


class Announcement(Value):
    """Matter of a public notice. With asset, stage and reference it does the task that the fact opened."""

    stage: Stage = Field(title="环节")
    asset: Code | None = Field(default=None, title="资产编号")
    reference: Code | None = Field(default=None, title="合同或分配方案编号")
    title: Annotated[Name, PUBLIC] = Field(title="标题", description="公开发布，不得含个人信息")


class PublicNotice(DomainAggregate):
    """One announcement at one place or more."""

    TOPIC: ClassVar[str] = "public_notice"
    KIND: ClassVar[str] = "public_notice"

    announcement: Annotated[Announcement, Field(title="公布内容")]
    unit: Annotated[str, Field(title="公布单位")]
    postings: Annotated[tuple[Posting, ...], Field(title="各处张贴情况")]
    objections: Annotated[dict[str, Objection], Field(title="异议")]

    class Event(DomainAggregate.Event):
        """Root of the notice's events."""

    class Posted(Event, CreatedEvent):
        """Notice posted at its first place."""

        TOPIC: ClassVar[str] = "public_notice.posted"
        TITLE: ClassVar[str] = "公布"
        announcement: Announcement = Field(title="公布内容")
        posting: Posting = Field(title="张贴情况")
        by: Signer = Field(title="办理人")

    @classmethod
    def post(
        cls, notice: str, announcement: Announcement, posting: Posting, by: Signer, at: Occasion
    ) -> PublicNotice:
        """Post it. Refused: NOTICE_EVIDENCE_MISSING, FIELD_INVALID."""
        at.cite("C3-04")
        posting.check(at)
        return cls.begin(cls.Posted, notice, at, announcement=announcement, posting=posting, by=by)

    @event(Posted)
    def __init__(self, announcement: Announcement, posting: Posting, by: Signer) -> None:
        self.announcement = announcement
        self.unit = by.organization
        self.postings = (posting,)
        self.objections = {}

    class PlaceAdded(Event):
        """Notice posted at one more place."""

        TOPIC: ClassVar[str] = "public_notice.place_added"
        TITLE: ClassVar[str] = "增加公布地点"
        posting: Posting = Field(title="张贴情况")
        by: Signer = Field(title="办理人")

    def add_place(self, posting: Posting, by: Signer, at: Occasion) -> None:
        """Post it at one more place. Only the unit whose notice it is.

        Refused: FORBIDDEN, FIELD_INVALID, NOTICE_EVIDENCE_MISSING.
        """
        at.cite("C3-04")
        self._must_be_its_own(by)
        posting.check(at)
        if posting not in self.postings:
            self.record(self.PlaceAdded, at, posting=posting, by=by)

    @event(PlaceAdded)
    def _place_added(self, posting: Posting) -> None:
        self.postings = (*self.postings, posting)

    class ObjectionFiled(Event):
        """Somebody, named or not, has something against it."""

        TOPIC: ClassVar[str] = "public_notice.objection_filed"
        TITLE: ClassVar[str] = "提出异议"
        FACT: ClassVar[bool] = True
        objection: Objection = Field(title="异议")

    def file_objection(self, text: str, contact: str | None, at: Occasion) -> None:
        """Take an objection in (C3-05): a fact, from anybody. Refused: TOO_MANY_ITEMS."""
        at.cite("C3-05")
        objection = next_objection(self.now.objections, text, contact, at)
        self.record(self.ObjectionFiled, at, objection=objection)

    @event(ObjectionFiled)
    def _objection_filed(self, objection: Objection) -> None:
        self.objections = self.objections | {str(objection.number): objection}

    class SuggestionFiled(Event):
        """Somebody, named or not, has a suggestion."""

        TOPIC: ClassVar[str] = "public_notice.suggestion_filed"
        TITLE: ClassVar[str] = "提出意见建议"
        FACT: ClassVar[bool] = True
        text: Annotated[Text, PERSONAL_OF_OBJECTOR] = Field(title="意见建议")
        contact: Annotated[Name | None, SEALED_OF_OBJECTOR, SealedField(SealedForm.CONTACT)] = Field(
            default=None, title="联系方式"
        )

    def file_suggestion(self, text: str, contact: str | None, at: Occasion) -> None:
        """Take a suggestion in (C3-05): a fact, from anybody."""
        at.cite("C3-05")
        self.record(self.SuggestionFiled, at, text=text, contact=contact)

    @event(SuggestionFiled)
    def _suggestion_filed(self) -> None:
        """Kept in the log and shown from there."""

    class ObjectionResolved(Event):
        """An objection is answered; the answer is published."""

        TOPIC: ClassVar[str] = "public_notice.objection_resolved"
        TITLE: ClassVar[str] = "处理异议"
        number: int = Field(title="异议序号")
        by: Signer = Field(title="办理人")
        outcome: Outcome = Field(title="异议处理结果")
        answer: Annotated[Text, PUBLIC] = Field(title="答复")

    def resolve_objection(self, number: int, by: Signer, outcome: Outcome, answer: str, at: Occasion) -> None:
        """Answer an objection. Only the unit whose notice it is. Refused: FORBIDDEN, NOT_FOUND."""
        at.cite("C3-05")
        self._must_be_its_own(by)
        must_be_open(self.objections, number, self.id)
        self.record(self.ObjectionResolved, at, number=number, by=by, outcome=outcome, answer=answer)

    @event(ObjectionResolved)
    def _objection_resolved(self, number: int, outcome: Outcome, answer: Text, occurred_on: date) -> None:
        self.objections = with_answer(self.objections, number, outcome, answer, occurred_on)

    def _must_be_its_own(self, by: Signer) -> None:
        if by.organization != self.unit:
            raise refuse("FORBIDDEN", action=self.announcement.title)
