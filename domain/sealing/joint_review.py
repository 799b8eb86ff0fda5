"""Joint review (联合审查, chain A4): projects set against assets, signed by seventeen departments, then sealed.

Finance and rural revitalisation open it together. What does not fit (a project without an asset and not documented as
forming none, an asset without a project) is raised from the ledgers as an exception; each is settled with its reason or
disappears once the facts are corrected. With one open nobody signs (C4.4-05); when all departments have signed, the
county's master and categorised ledgers can be sealed (C4.4-04).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotAfter, NotBefore
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Fen, Name, PersonCode, Sha256, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.occasion import Occasion

ExceptionKind = Literal["PROJECT_WITHOUT_ASSET", "ASSET_WITHOUT_PROJECT"]


class ReviewSignature(Value):
    """One department's word, by the person who signs for it."""

    department: Code = Field(title="部门")
    person: PersonCode = Field(title="签字人")
    signed_on: Annotated[FactDay, NotBefore("its.as_of")] = Field(title="签字日期")


class ReviewException(Value):
    """Something that does not fit. `subject` is the project, or the asset that has none."""

    kind: ExceptionKind = Field(title="疑点类型")
    subject: Code = Field(title="项目或资产编号")
    amount: Fen = Field(title="金额")

    @property
    def name(self) -> str:
        """How it is referred to."""
        return f"{self.kind}:{self.subject}"


class ExceptionSettlement(Value):
    """Why an exception is none."""

    reason: Text = Field(title="说明")
    document_no: Name = Field(title="依据文号")


class JointReview(DomainAggregate):
    """The joint review of one year."""

    TOPIC: ClassVar[str] = "joint_review"
    KIND: ClassVar[str] = "joint_review"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    year: Annotated[int, Field(title="年度")]
    as_of: Annotated[BusinessDate, Field(title="台账基准日")]
    leads: Annotated[tuple[ReviewSignature, ...], Field(title="牵头单位")]
    checked_at: Annotated[int | None, Field(title="比对时的日志位置")]
    exceptions: Annotated[dict[str, ReviewException], Field(title="疑点")]
    settlements: Annotated[dict[str, ExceptionSettlement], Field(title="各疑点处理")]
    signatures: Annotated[dict[str, ReviewSignature], Field(title="各单位会签")]
    seals: Annotated[tuple[Code, ...], Field(title="封存编号")]
    state: Annotated[Literal["OPEN", "SIGNED", "SEALED"], Field(title="联合审查状态")]

    @property
    def begun_on(self) -> date:
        """The day whose ledgers are reviewed."""
        return self.as_of

    class Event(DomainAggregate.Event):
        """Root of the review's events."""

    class Opened(Event, CreatedEvent):
        """The two leading departments opened it."""

        TOPIC: ClassVar[str] = "joint_review.opened"
        TITLE: ClassVar[str] = "启动联合审查"
        year: int = Field(title="年度")
        as_of: Annotated[BusinessDate, NotAfter("today")] = Field(title="台账基准日")
        leads: tuple[ReviewSignature, ...] = Field(title="牵头单位")

    @classmethod
    def open(
        cls, review: str, year: int, as_of: BusinessDate, leads: tuple[ReviewSignature, ...], at: Occasion
    ) -> JointReview:
        """Open the review of a year's ledgers as of a day; both leading departments have to.

        Refused: CODE_UNKNOWN, ROLE_NOT_ALLOWED, STEP_OUT_OF_ORDER, SEGREGATION_OF_DUTIES.
        """
        at.cite("C4.4-04")
        wanted = _departments(at, "OPEN")
        named = [lead.department for lead in leads]
        _must_belong(named, wanted)
        absent = [one for one in wanted if one not in named]
        if absent:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-04", step="jointReview", state="NONE", missing=absent
            )
        _must_be_different(lead.person for lead in leads)
        return cls.begin(cls.Opened, review, at, year=year, as_of=as_of, leads=leads)

    @event(Opened)
    def __init__(self, year: int, as_of: BusinessDate, leads: tuple[ReviewSignature, ...]) -> None:
        self.year = year
        self.as_of = as_of
        self.leads = leads
        self.checked_at = None
        self.exceptions = {}
        self.settlements = {}
        self.signatures = {}
        self.seals = ()
        self.state = "OPEN"

    class ExceptionsRaised(Event):
        """Projects were set against assets: what is new, and what does not show any more."""

        TOPIC: ClassVar[str] = "joint_review.exceptions_raised"
        TITLE: ClassVar[str] = "项目与资产比对"
        raised: tuple[ReviewException, ...] = Field(title="新增疑点")
        cleared: tuple[Name, ...] = Field(title="已排除的疑点")
        position: int = Field(title="比对时的日志位置")

    def check(self, found: tuple[ReviewException, ...], position: int, at: Occasion) -> None:
        """Set projects against assets as the ledgers have them at `position`; every new exception is raised.

        Refused: STEP_OUT_OF_ORDER.
        """
        at.cite("C4.4-05")
        self._must_not_be_sealed()
        present = {one.name: one for one in found}
        raised = tuple(one for name, one in sorted(present.items()) if self.exceptions.get(name) != one)
        cleared = tuple(sorted(set(self.exceptions) - set(present)))
        if raised or cleared or self.checked_at is None:
            self.record(self.ExceptionsRaised, at, raised=raised, cleared=cleared, position=position)

    @event(ExceptionsRaised)
    def _exceptions_raised(
        self, raised: tuple[ReviewException, ...], cleared: tuple[Name, ...], position: int
    ) -> None:
        new = {one.name: one for one in raised}
        gone = {*cleared, *new}
        self.exceptions = {name: one for name, one in self.exceptions.items() if name not in cleared} | new
        self.settlements = {name: one for name, one in self.settlements.items() if name not in gone}
        self.checked_at = position

    class ExceptionSettled(Event):
        """The reason and document that settle an exception."""

        TOPIC: ClassVar[str] = "joint_review.exception_settled"
        TITLE: ClassVar[str] = "疑点处理"
        exception: Name = Field(title="疑点编号")
        settlement: ExceptionSettlement = Field(title="疑点处理")

    def settle(self, exception: str, settlement: ExceptionSettlement, at: Occasion) -> None:
        """Settle an exception; NOT_FOUND when there is none of that name. Refused also: STEP_OUT_OF_ORDER."""
        at.cite("C4.4-05")
        self._must_not_be_sealed()
        if exception not in self.exceptions:
            raise refuse("NOT_FOUND", what=exception)
        if self.settlements.get(exception) != settlement:
            self.record(self.ExceptionSettled, at, exception=exception, settlement=settlement)

    @event(ExceptionSettled)
    def _exception_settled(self, exception: Name, settlement: ExceptionSettlement) -> None:
        self.settlements = {**self.settlements, exception: settlement}

    def open_exceptions(self) -> tuple[str, ...]:
        """What nobody has settled yet."""
        return tuple(sorted(set(self.exceptions) - set(self.settlements)))

    class Signed(Event):
        """A department agrees. With the last one the review is signed."""

        TOPIC: ClassVar[str] = "joint_review.signed"
        TITLE: ClassVar[str] = "联合审查会签"
        signature: ReviewSignature = Field(title="会签")
        last: bool = Field(title="是否最后一个会签")

    def sign(self, signature: ReviewSignature, at: Occasion) -> None:
        """Sign for one of the joining departments, once each, with no exception open (C4.4-05).

        Refused: STEP_OUT_OF_ORDER, CODE_UNKNOWN, ROLE_NOT_ALLOWED, REVIEW_EXCEPTION_OPEN,
        ALREADY_EXISTS, SEGREGATION_OF_DUTIES.
        """
        at.cite("C4.4-04")
        self._must_not_be_sealed()
        joining = _departments(at, "SIGN")
        _must_belong([signature.department], joining)
        self._must_be_clear(at)
        known = self.signatures.get(signature.department)
        if known is not None:
            if known.person != signature.person:
                raise refuse("ALREADY_EXISTS", what=signature.department)
            return
        _must_be_different([*(one.person for one in self.signatures.values()), signature.person])
        last = set(joining) == {*self.signatures, signature.department}
        self.record(self.Signed, at, signature=signature, last=last)

    @event(Signed)
    def _signed(self, signature: ReviewSignature, last: bool) -> None:
        self.signatures = {**self.signatures, signature.department: signature}
        if last:
            self.state = "SIGNED"

    class LedgersSealed(Event):
        """The county's ledgers were sealed on this review."""

        TOPIC: ClassVar[str] = "joint_review.ledgers_sealed"
        TITLE: ClassVar[str] = "封存总台账和分类台账"
        seals: tuple[Code, ...] = Field(title="封存编号")
        root_hash: Sha256 = Field(title="总台账摘要")

    def seal(self, seals: tuple[str, ...], root_hash: str, at: Occasion) -> None:
        """Close the review by the seals made on it: after every signature (STEP_OUT_OF_ORDER names who is missing).

        Refused also: REVIEW_EXCEPTION_OPEN, CODE_UNKNOWN.
        """
        at.cite("C4.4-04")
        self._must_not_be_sealed()
        self._must_be_clear(at)
        unsigned = [one for one in _departments(at, "SIGN") if one not in self.signatures]
        if unsigned:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-04", step="seal", state=self.state, missing=unsigned
            )
        self.record(self.LedgersSealed, at, seals=seals, root_hash=root_hash)

    @event(LedgersSealed)
    def _ledgers_sealed(self, seals: tuple[Code, ...]) -> None:
        self.seals = seals
        self.state = "SEALED"

    def _must_not_be_sealed(self) -> None:
        if self.state == "SEALED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.4-04", step="jointReview", state="SEALED")

    def _must_be_clear(self, at: Occasion) -> None:
        if self.checked_at is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-05", step="sign", state="OPEN", missing=["exceptionChecks"]
            )
        unsettled = self.open_exceptions()
        at.require(not unsettled, "REVIEW_EXCEPTION_OPEN", exceptions=unsettled[:20])


def _departments(at: Occasion, step: str) -> tuple[str, ...]:
    """Who has to take a step of the review, as the regulation lists them."""
    return next(one.all_of for one in at.rules.chain("A4").steps if one.code == step)


def _must_belong(named: Iterable[str], departments: tuple[str, ...]) -> None:
    for one in named:
        if one not in departments:
            raise refuse("ROLE_NOT_ALLOWED", clause="C4.4-04", role=one)


def _must_be_different(persons: Iterable[str]) -> None:
    seen: set[str] = set()
    for person in persons:
        if person in seen:
            raise refuse("SEGREGATION_OF_DUTIES", clause="C4.4-04", person=person)
        seen.add(person)
