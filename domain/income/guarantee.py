"""A cost guarantee (管护费用保障, A18): a village or township that cannot bear its part of an asset's upkeep, and the county pays.

The unit declares it, the township verifies what a village declared, the county's finance bureau approves an amount in the
budget of a year and pays it. What the unit has itself is looked at first.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import AssetCode, Code, Fen, Name, OrganizationCode, PaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.asset.asset import Asset
    from domain.occasion import Occasion

CHAIN: Final = "A18"
"""The chain whose first step says who may declare."""

GuaranteeState = Literal["DECLARED", "VERIFIED", "APPROVED", "COVERED"]
"""已申报、已核实、已批准、已支付。"""


class InabilityDeclaration(Value):
    """A unit says that it cannot bear its part of the upkeep of an asset it owns."""

    unit: OrganizationCode = Field(title="申报单位")
    asset: AssetCode = Field(title="资产编号")
    year: int = Field(title="年度", ge=2013, le=2999, strict=True)
    cost: Fen = Field(title="维护管理费用总额")
    reason: Annotated[Text, UNIT] = Field(title="无力承担的原因")
    evidence_sha256: PaperSha256 = Field(title="证明材料摘要")


class InabilityVerification(Value):
    """Finding of the township."""

    verified_on: Annotated[FactDay, NotBefore("its.declared_on", clause="C4.7-11")] = Field(title="核实日期")
    finding: Annotated[Text, UNIT] = Field(title="核实意见")


class GuaranteeApproval(Value):
    """The finance bureau's decision: an amount in the budget of a year."""

    approved_on: Annotated[FactDay, NotBefore("its.verified_on", clause="C4.7-11")] = Field(title="批准日期")
    amount: Fen = Field(title="保障金额")
    budget_year: int = Field(title="列入预算的年度", ge=2013, le=2999, strict=True)
    document_no: Annotated[Name, UNIT] = Field(title="批准文号")


class GuaranteePayment(Value):
    """Payment of the county."""

    payment: Code = Field(title="支付编号")
    amount: Fen = Field(title="支付金额")
    paid_on: Annotated[FactDay, NotBefore("its.approval.approved_on", clause="C4.7-11")] = Field(
        title="支付日期"
    )
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")


class CostGuarantee(DomainAggregate):
    """One unit's part of one asset's upkeep of a year that the county stands in for."""

    TOPIC: ClassVar[str] = "cost_guarantee"
    KIND: ClassVar[str] = "cost_guarantee"

    declaration: Annotated[InabilityDeclaration, Field(title="申报情况")]
    unit_kind: Annotated[str, Field(title="申报单位类型")]
    share: Annotated[Fen, Field(title="该单位应承担金额")]
    declared_on: Annotated[date, Field(title="申报日期")]
    state: Annotated[GuaranteeState, Field(title="管护费用保障状态")]
    verification: Annotated[InabilityVerification | None, Field(title="无力承担核实情况")]
    verified_on: Annotated[date | None, Field(title="核实日期")]
    approval: Annotated[GuaranteeApproval | None, Field(title="批准情况")]
    covered: Annotated[Fen, Field(title="县财政已支付金额")]
    payments: Annotated[dict[str, GuaranteePayment], Field(title="各次支付")]

    class Event(DomainAggregate.Event):
        """Root of the guarantee's events."""

    class InabilityDeclared(Event, CreatedEvent):
        """A unit said that it cannot bear its part."""

        TOPIC: ClassVar[str] = "cost_guarantee.inability_declared"
        TITLE: ClassVar[str] = "申报无力承担管护费用"
        declaration: InabilityDeclaration = Field(title="申报情况")
        unit_kind: Code = Field(title="申报单位类型")
        share: Fen = Field(title="该单位应承担金额")

    @classmethod
    def declare(
        cls, guarantee: str, declaration: InabilityDeclaration, kind: str, asset: Asset, at: Occasion
    ) -> CostGuarantee:
        """Declare that a village or township cannot bear its part of an asset's upkeep (C4.7-11, C4.10-08).

        `kind`: of the unit. Refused: AMOUNT_NOT_POSITIVE; NOT_ELIGIBLE_FOR_GUARANTEE for another kind of unit, and for
        one that owns nothing of the asset; by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; CODE_UNKNOWN
        in a county without the chain.
        """
        at.cite("C4.7-11", "C4.10-08")
        if declaration.cost <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-11", field="declaration.cost")
        eligible = at.rules.chain(CHAIN).steps[0].only_for
        at.require(kind in eligible, "NOT_ELIGIBLE_FOR_GUARANTEE", clause="C4.10-08", unit=declaration.unit)
        shares = {one.party: one.amount for one in asset.cost_shares(declaration.cost, at)}
        share = shares.get(declaration.unit)
        if share is None:
            raise at.refusal("NOT_ELIGIBLE_FOR_GUARANTEE", clause="C4.10-08", unit=declaration.unit)
        return cls.begin(
            cls.InabilityDeclared, guarantee, at, declaration=declaration, unit_kind=kind, share=share
        )

    @event(InabilityDeclared)
    def __init__(
        self, declaration: InabilityDeclaration, unit_kind: Code, share: Fen, occurred_on: date
    ) -> None:
        self.declaration, self.unit_kind, self.share = declaration, unit_kind, share
        self.declared_on = occurred_on
        self.state = "DECLARED"
        self.verification = self.verified_on = self.approval = None
        self.covered = Fen(0)
        self.payments = {}

    class Verified(Event):
        """The township looked at what a village declared."""

        TOPIC: ClassVar[str] = "cost_guarantee.verified"
        TITLE: ClassVar[str] = "乡（镇）核实无力承担情况"
        verification: InabilityVerification = Field(title="无力承担核实情况")
        township: Code = Field(title="核实单位")

    def verify(self, verification: InabilityVerification, township: str, at: Occasion) -> None:
        """Record what the township found (C4.7-11). STEP_OUT_OF_ORDER once verified, and for a township's own declaration."""
        at.cite("C4.7-11")
        if verification == self.verification:
            return
        self._must_be("DECLARED", "verification", at)
        at.require(
            self.unit_kind == "VILLAGE",
            "STEP_OUT_OF_ORDER",
            clause="C4.7-11",
            step="verification",
            state=self.unit_kind,
        )
        self.record(self.Verified, at, verification=verification, township=township)

    @event(Verified)
    def _verified(self, verification: InabilityVerification) -> None:
        self.verification, self.verified_on = verification, verification.verified_on
        self.state = "VERIFIED"

    class FinanceGuaranteeApproved(Event):
        """The county's finance bureau stands in, in the budget of a year."""

        TOPIC: ClassVar[str] = "cost_guarantee.finance_guarantee_approved"
        TITLE: ClassVar[str] = "县财政批准保障管护费用"
        approval: GuaranteeApproval = Field(title="批准情况")
        own_means: Fen = Field(title="该单位自有收益资金")

    def approve(self, approval: GuaranteeApproval, own_means: Fen, at: Occasion) -> None:
        """Approve what the unit's own means leave of its share (C4.7-11, C4.10-08). `own_means`: what lies on its account.

        Refused: STEP_OUT_OF_ORDER before the township verified what a village declared; AMOUNT_NOT_POSITIVE;
        GUARANTEE_EXCEEDS_SHARE for more than the share less the unit's own means.
        """
        at.cite("C4.7-11", "C4.10-08")
        if approval == self.approval:
            return
        self._must_be("VERIFIED" if self.unit_kind == "VILLAGE" else "DECLARED", "approval", at)
        if approval.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-11", field="approval.amount")
        left = Fen(max(0, self.share - max(0, own_means)))
        at.require(approval.amount <= left, "GUARANTEE_EXCEEDS_SHARE", clause="C4.7-11", share=left)
        self.record(self.FinanceGuaranteeApproved, at, approval=approval, own_means=own_means)

    @event(FinanceGuaranteeApproved)
    def _approved(self, approval: GuaranteeApproval) -> None:
        self.approval = approval
        self.state = "APPROVED"

    class CountyCostCovered(Event):
        """The county paid of what was approved."""

        TOPIC: ClassVar[str] = "cost_guarantee.county_cost_covered"
        TITLE: ClassVar[str] = "县财政支付管护费用"
        payment: GuaranteePayment = Field(title="支付情况")

    def cover(self, payment: GuaranteePayment, at: Occasion) -> None:
        """Pay of what was approved (C4.7-11).

        Refused: STEP_OUT_OF_ORDER before the approval; ALREADY_EXISTS when the number stands for another payment;
        AMOUNT_NOT_POSITIVE; GUARANTEE_EXCEEDS_SHARE for more than was approved.
        """
        at.cite("C4.7-11")
        known = self.payments.get(payment.payment)
        if known is not None:
            if known == payment:
                return
            raise refuse("ALREADY_EXISTS", what=payment.payment)
        approved = self.approval.amount if self.approval is not None else Fen(0)
        if self.state != "COVERED":
            self._must_be("APPROVED", "payment", at)
        if payment.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-11", field="payment.amount")
        at.require(
            self.covered + payment.amount <= approved,
            "GUARANTEE_EXCEEDS_SHARE",
            clause="C4.7-11",
            share=approved,
        )
        self.record(self.CountyCostCovered, at, payment=payment)

    @event(CountyCostCovered)
    def _covered(self, payment: GuaranteePayment) -> None:
        self.payments = {**self.payments, payment.payment: payment}
        self.covered = Fen(self.covered + payment.amount)
        if self.approval is not None and self.covered == self.approval.amount:
            self.state = "COVERED"

    def _must_be(self, state: GuaranteeState, step: str, at: Occasion) -> None:
        at.require(self.state == state, "STEP_OUT_OF_ORDER", clause="C4.7-11", step=step, state=self.state)
