"""A person or household whose data the county keeps (个人信息主体): restriction, legal hold, forgetting (D11).

Nothing personal stands here: a code, days, reasons and documents. What is forgotten is the key under which the values
were sealed; that it was, by whom and why is in the log for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import Code, Name, PersonalPaperSha256, Sha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class PersonalOrder(Value):
    """The decision behind a restriction, its end or a forgetting: its day, reason and document."""

    decided_on: FactDay = Field(title="决定日期")
    reason: Annotated[Text, UNIT] = Field(title="理由", description="不得含个人信息")
    document_no: Annotated[Name, UNIT] = Field(title="决定文号")
    document_sha256: PersonalPaperSha256 | None = Field(default=None, title="决定文件摘要")


class LegalHold(Value):
    """An organ's order to keep the data: audit, discipline, court."""

    hold: Code = Field(title="保全编号")
    placed_on: FactDay = Field(title="保全日期")
    reason: Annotated[Text, UNIT] = Field(title="保全理由", description="不得含个人信息")
    document_no: Annotated[Name, UNIT] = Field(title="保全文号")


class Forgetting(Value):
    """A forgetting that was carried out, and what it could not reach."""

    order: PersonalOrder = Field(title="遗忘决定")
    plaintext_events: int = Field(title="无法遗忘的事件数", description="密封启用前以明文记入日志的事件")
    key: Code | None = Field(
        default=None, title="所销毁的密钥编号", description="密文中引用的编号；没有密文时为空"
    )
    papers: tuple[Sha256, ...] | None = Field(
        default=None,
        title="所销毁内容的资料摘要",
        description="只与该主体有关、事件所引用的个人资料；没有时为空",
    )


class PersonalSubject(DomainAggregate):
    """One subject; its id is `<kind>.<code>`: household.H-0012, person.P-7, objector.<mark>."""

    TOPIC: ClassVar[str] = "personal_subject"
    KIND: ClassVar[str] = "personal_subject"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    restriction: Annotated[PersonalOrder | None, Field(title="限制处理")]
    holds: Annotated[tuple[LegalHold, ...], Field(title="法律保全")]
    released: Annotated[dict[str, PersonalOrder], Field(title="已解除的保全")]
    forgettings: Annotated[tuple[Forgetting, ...], Field(title="已执行的遗忘")]

    class Event(DomainAggregate.Event):
        """Root of the subject's events."""

    class Opened(Event, CreatedEvent):
        """Something is decided about the subject's data for the first time."""

        TOPIC: ClassVar[str] = "personal_subject.opened"
        TITLE: ClassVar[str] = "个人信息主体立项"

    @classmethod
    def open(cls, subject: str, at: Occasion) -> PersonalSubject:
        """Begin a subject, about which nothing was decided so far (C3-07)."""
        at.cite("C3-07")
        return cls.begin(cls.Opened, subject, at)

    @event(Opened)
    def __init__(self) -> None:
        self.restriction = None
        self.holds = ()
        self.released = {}
        self.forgettings = ()

    @property
    def destroyed(self) -> frozenset[str]:
        """Keys whose destruction was decided: none of them may be left anywhere."""
        return frozenset(one.key for one in self.forgettings if one.key is not None)

    @property
    def papers_destroyed(self) -> frozenset[str]:
        """Papers the destruction of whose content was decided."""
        return frozenset(paper for one in self.forgettings for paper in one.papers or ())

    @property
    def hold(self) -> LegalHold | None:
        """The oldest hold that is in force."""
        return next((one for one in self.holds if one.hold not in self.released), None)

    class Restricted(Event):
        """The data are kept and nothing else is done with them."""

        TOPIC: ClassVar[str] = "personal_subject.restricted"
        TITLE: ClassVar[str] = "限制处理个人信息"
        order: PersonalOrder = Field(title="限制决定")

    def restrict(self, order: PersonalOrder, at: Occasion) -> None:
        """Restrict: from now on values are neither read nor looked up (C3-07). Refused: ALREADY_EXISTS."""
        at.cite("C3-07")
        if self.restriction == order:
            return
        if self.restriction is not None:
            raise refuse("ALREADY_EXISTS", what=self.id)
        self.record(self.Restricted, at, order=order)

    @event(Restricted)
    def _restricted(self, order: PersonalOrder) -> None:
        self.restriction = order

    class RestrictionLifted(Event):
        """The data may be read again."""

        TOPIC: ClassVar[str] = "personal_subject.restriction_lifted"
        TITLE: ClassVar[str] = "解除限制处理"
        order: PersonalOrder = Field(title="解除决定")

    def lift_restriction(self, order: PersonalOrder, at: Occasion) -> None:
        """End the restriction (C3-07). Refused: NOT_FOUND without one."""
        at.cite("C3-07")
        if self.restriction is None:
            raise refuse("NOT_FOUND", what=self.id)
        self.record(self.RestrictionLifted, at, order=order)

    @event(RestrictionLifted)
    def _restriction_lifted(self) -> None:
        self.restriction = None

    class HoldPlaced(Event):
        """An organ ordered the data kept."""

        TOPIC: ClassVar[str] = "personal_subject.hold_placed"
        TITLE: ClassVar[str] = "法律保全"
        hold: LegalHold = Field(title="法律保全内容")

    def place_hold(self, hold: LegalHold, at: Occasion) -> None:
        """Hold: nobody forgets the data until it is released (C5.4-01). Refused: ALREADY_EXISTS."""
        at.cite("C5.4-01")
        known = next((one for one in self.holds if one.hold == hold.hold), None)
        if known == hold:
            return
        if known is not None:
            raise refuse("ALREADY_EXISTS", what=hold.hold)
        self.record(self.HoldPlaced, at, hold=hold)

    @event(HoldPlaced)
    def _hold_placed(self, hold: LegalHold) -> None:
        self.holds = (*self.holds, hold)

    class HoldReleased(Event):
        """The order to keep the data has ended."""

        TOPIC: ClassVar[str] = "personal_subject.hold_released"
        TITLE: ClassVar[str] = "解除法律保全"
        hold: Code = Field(title="保全编号")
        order: PersonalOrder = Field(title="解除决定")

    def release_hold(self, hold: str, order: PersonalOrder, at: Occasion) -> None:
        """Release a hold (C5.4-01). Refused: NOT_FOUND for one that is not in force."""
        at.cite("C5.4-01")
        if hold in self.released or hold not in {one.hold for one in self.holds}:
            raise refuse("NOT_FOUND", what=hold)
        self.record(self.HoldReleased, at, hold=hold, order=order)

    @event(HoldReleased)
    def _hold_released(self, hold: Code, order: PersonalOrder) -> None:
        self.released = self.released | {hold: order}

    class Erased(Event):
        """The subject's key is destroyed: what was sealed under it is opened by nobody."""

        TOPIC: ClassVar[str] = "personal_subject.erased"
        TITLE: ClassVar[str] = "遗忘个人信息"
        forgetting: Forgetting = Field(title="遗忘情况")

    def forget(self, forgetting: Forgetting, running: tuple[str, ...], at: Occasion) -> None:
        """Forget the subject (C3-07). `running`: matters that still need its data.

        Refused: PERSONAL_DATA_ON_HOLD, PERSONAL_DATA_IN_USE.
        """
        at.cite("C3-07")
        if self.hold is not None:
            raise at.refusal("PERSONAL_DATA_ON_HOLD", hold=self.hold.hold, document=self.hold.document_no)
        if running:
            raise at.refusal("PERSONAL_DATA_IN_USE", missing=list(running))
        if forgetting not in self.forgettings:
            self.record(self.Erased, at, forgetting=forgetting)

    @event(Erased)
    def _erased(self, forgetting: Forgetting) -> None:
        self.forgettings = (*self.forgettings, forgetting)
