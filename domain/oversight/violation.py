"""Violations (违规问题, 五(四), C5.4-02): reported, established, and who has to answer for it.

Who is responsible is who was responsible on the day it happened, whoever holds the post now: the ledgers of care are
asked about that day when the report comes in, and what they say is kept with it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_ANSWERABLE
from domain.refusals import refuse
from domain.values import (
    AssetCode,
    Code,
    Fen,
    FormerOrganizationCode,
    FormerPersonCode,
    Listed,
    Name,
    Text,
    Value,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion


CollateralKind = Literal["MORTGAGE", "PLEDGE", "GUARANTEE"]
COLLATERAL: Final[dict[CollateralKind, str]] = {"MORTGAGE": "抵押", "PLEDGE": "质押", "GUARANTEE": "担保"}
"""Ways to let an asset answer for a debt, in the words of 四(十二); the regulation forbids every one."""


class Violation(Value):
    """Violation as it is reported."""

    kind: Annotated[Code, Listed("violations")] = Field(
        title="违规类别", description="八类之一，如 FALSE_CLAIM 虚报冒领"
    )
    happened_on: FactDay = Field(title="发生日期")
    unit: FormerOrganizationCode = Field(title="涉及单位")
    assets: tuple[AssetCode, ...] = Field(default=(), title="涉及资产", max_length=1000)
    amount: Fen | None = Field(default=None, title="涉及金额")
    text: Annotated[Text, PERSONAL_OF_ANSWERABLE] = Field(title="情况")
    source: Annotated[Name | None, PERSONAL_OF_ANSWERABLE] = Field(default=None, title="线索来源")


class AnswerablePerson(Value):
    """Somebody who was responsible on the day, for an asset by name or by post, or for the unit by post."""

    person: Annotated[Code, PERSONAL_OF_ANSWERABLE] = Field(title="人员编号")
    duty: Code = Field(title="职责")
    asset: Code | None = Field(default=None, title="资产编号")
    organization: Code | None = Field(default=None, title="职务所在单位")
    post: Code | None = Field(default=None, title="职务")


class ViolationEstablishment(Value):
    """The organ's decision on what happened."""

    upheld: bool = Field(title="是否属实", strict=True)
    decided_by: Code = Field(title="认定单位")
    decided_on: Annotated[FactDay, NotBefore("its.violation.happened_on")] = Field(title="认定日期")
    document_no: Annotated[Name, PERSONAL_OF_ANSWERABLE] = Field(title="文号")
    amount: Fen | None = Field(default=None, title="认定金额")
    facts: Annotated[Text, PERSONAL_OF_ANSWERABLE] = Field(title="认定事实")


class Accountability(Value):
    """Consequence of a violation for one person."""

    person: Annotated[FormerPersonCode, PERSONAL_OF_ANSWERABLE] = Field(title="被追责人")
    measure: Annotated[Name, PERSONAL_OF_ANSWERABLE] = Field(title="处理措施")
    decided_by: Code = Field(title="决定机关", description="按干部管理权限")
    decided_on: Annotated[FactDay, NotBefore("its.establishment.decided_on")] = Field(title="决定日期")
    document_no: Annotated[Name, PERSONAL_OF_ANSWERABLE] = Field(title="文号")


class ViolationCase(DomainAggregate):
    """One case."""

    TOPIC: ClassVar[str] = "violation_case"
    KIND: ClassVar[str] = "violation_case"

    violation: Annotated[Violation, Field(title="违规问题")]
    answerable: Annotated[tuple[AnswerablePerson, ...], Field(title="发生当日的责任人")]
    establishment: Annotated[ViolationEstablishment | None, Field(title="认定结果")]
    accountabilities: Annotated[dict[str, Accountability], Field(title="责任追究")]
    state: Annotated[Literal["REPORTED", "ESTABLISHED", "UNFOUNDED"], Field(title="案件状态")]

    @property
    def begun_on(self) -> date:
        """The day it is said to have happened."""
        return self.violation.happened_on

    class Event(DomainAggregate.Event):
        """Root of the case's events."""

    class Reported(Event, CreatedEvent):
        """Somebody reported it; who was responsible that day is kept with it."""

        TOPIC: ClassVar[str] = "violation_case.reported"
        TITLE: ClassVar[str] = "违规问题登记"
        violation: Violation = Field(title="违规问题")
        answerable: tuple[AnswerablePerson, ...] = Field(title="发生当日的责任人")

    @classmethod
    def report(
        cls, code: str, violation: Violation, answerable: tuple[AnswerablePerson, ...], at: Occasion
    ) -> ViolationCase:
        """Take a report in: a fact. VIOLATION_CODE_UNKNOWN for a kind that is none of the eight (C5.4-02)."""
        at.cite("C5.4-02")
        if violation.kind not in at.rules.codes("VIOLATION"):
            raise refuse("VIOLATION_CODE_UNKNOWN", kind=violation.kind)
        return cls.begin(cls.Reported, code, at, violation=violation, answerable=answerable)

    @classmethod
    def suspect_collateral(
        cls, code: str, *, asset: str, unit: str, who: str, kind: CollateralKind, words: str, at: Occasion
    ) -> ViolationCase:
        """A case opened by the service itself: somebody asked to let an asset secure a debt, and was refused (C4.12-06).

        `who`: the sender, `unit`: for which unit. It is a suspicion like any report: an organ establishes it, or does not.
        """
        at.cite("C4.12-06")
        violation = Violation(
            kind="ILLEGAL_DISPOSAL",
            happened_on=at.on,
            unit=unit,
            assets=(asset,),
            text=f"{who} 代 {unit} 申请以资产 {asset} 提供{COLLATERAL[kind]}，已拒绝：{words}",
            source=f"系统拒绝的申请：{who}",
        )
        return cls.report(code, violation, (), at)

    @event(Reported)
    def __init__(self, violation: Violation, answerable: tuple[AnswerablePerson, ...]) -> None:
        self.violation = violation
        self.answerable = answerable
        self.establishment = None
        self.accountabilities = {}
        self.state = "REPORTED"

    class Established(Event):
        """Violation found true, or unfounded."""

        TOPIC: ClassVar[str] = "violation_case.established"
        TITLE: ClassVar[str] = "违规问题认定"
        establishment: ViolationEstablishment = Field(title="认定结果")

    def establish(self, establishment: ViolationEstablishment, at: Occasion) -> None:
        """Decide whether it is true; once. Refused: STEP_OUT_OF_ORDER."""
        at.cite("C5.4-02")
        if self.establishment == establishment:
            return
        if self.state != "REPORTED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C5.4-02", step="establishment", state=self.state)
        self.record(self.Established, at, establishment=establishment)

    @event(Established)
    def _established(self, establishment: ViolationEstablishment) -> None:
        self.establishment = establishment
        self.state = "ESTABLISHED" if establishment.upheld else "UNFOUNDED"

    class AccountabilityDecided(Event):
        """One person was held to account."""

        TOPIC: ClassVar[str] = "violation_case.accountability_decided"
        TITLE: ClassVar[str] = "责任追究"
        accountability: Accountability = Field(title="责任追究内容")

    def hold_to_account(self, accountability: Accountability, at: Occasion) -> None:
        """Record what follows for a person: only of what was established; a later decision takes the earlier one's place.

        Refused: STEP_OUT_OF_ORDER.
        """
        at.cite("C5.4-02")
        if self.state != "ESTABLISHED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C5.4-02", step="accountability", state=self.state)
        if self.accountabilities.get(accountability.person) != accountability:
            self.record(self.AccountabilityDecided, at, accountability=accountability)

    @event(AccountabilityDecided)
    def _accountability_decided(self, accountability: Accountability) -> None:
        self.accountabilities = {**self.accountabilities, accountability.person: accountability}
