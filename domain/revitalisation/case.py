"""Revitalisation cases (盘活事项, C4.11-04 … -06): opened on what was found, planned, carried out, closed with proof, verified.

A status report does not close a case, and a closing is believed only as far as the log shows it: the contract, the income
under it, the renewed use, the disposal.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.asset.asset import Asset
from domain.bounds import FactDay, NotBefore
from domain.order import there
from domain.refusals import refuse
from domain.revitalisation.detection import Cause, DetectedCause
from domain.values import AssetCode, BusinessDate, Code, Listed, Name, PaperSha256, PersonCode, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation.rows import Term

CaseState = Literal["OPEN", "PLANNED", "CLOSED", "VERIFIED"]
Outcome = Annotated[Code, Listed("revitalisation-outcomes")]
"""How an asset is revitalised."""


class RevitalisationDeclaration(Value):
    """A unit says itself that an asset is to be revitalised."""

    asset: AssetCode = Field(title="资产编号")
    reason: Text = Field(title="盘活理由")
    declared_on: FactDay = Field(title="提出日期")


class RevitalisationPlan(Value):
    """Plan for an idle asset: measure, deadline and the person who sees to it."""

    outcome: Outcome = Field(title="盘活方式")
    outcome_name: Name | None = Field(default=None, title="其他盘活方式名称")
    measures: Text = Field(title="盘活措施")
    person: PersonCode = Field(title="责任人")
    deadline: Annotated[BusinessDate, NotBefore("occurred_on")] = Field(title="完成期限")
    document_no: Name | None = Field(default=None, title="文号")


class DeadlineExtension(Value):
    """A later deadline, and why."""

    deadline: Annotated[BusinessDate, NotBefore("its.plan.deadline", days=1)] = Field(
        title="延长后的完成期限"
    )
    reason: Text = Field(title="延期理由")
    document_no: Name = Field(title="批准文号")


class RevitalisationClosing(Value):
    """Closing of a case as it is told. What proves it stands in the log and is named here; a photograph or paper
    comes with its digest.
    """

    outcome: Outcome = Field(title="盘活方式")
    outcome_name: Name | None = Field(default=None, title="其他盘活方式名称")
    closed_on: Annotated[FactDay, NotBefore("start")] = Field(title="办结日期")
    result: Text = Field(title="盘活结果")
    evidence_sha256: PaperSha256 | None = Field(default=None, title="盘活后照片或凭证摘要")
    contract: Code | None = Field(default=None, title="合同编号")
    disposal: Code | None = Field(default=None, title="处置编号")
    document_no: Name | None = Field(default=None, title="文号")


class RevitalisationVerification(Value):
    """The township has looked whether it is so."""

    verified_on: Annotated[FactDay, NotBefore("its.closing.closed_on")] = Field(title="核实日期")
    verified_by: PersonCode = Field(title="核实人")
    confirmed: bool = Field(title="是否属实", description="不属实的，事项重新办理", strict=True)
    note: Text | None = Field(default=None, title="说明")


class RevitalisationCase(DomainAggregate):
    """One case of one asset, until the township has seen that the asset is revived or gone."""

    TOPIC: ClassVar[str] = "revitalisation_case"
    KIND: ClassVar[str] = "revitalisation_case"

    asset: Annotated[str, Field(title="资产编号")]
    detected: Annotated[DetectedCause, Field(title="盘活原因与数据")]
    reason: Annotated[str | None, Field(title="盘活理由")]
    opened_on: Annotated[date, Field(title="立项日期")]
    state: Annotated[CaseState, Field(title="事项状态", description="已立项 / 有方案 / 已办结 / 已核实")]
    plan: Annotated[RevitalisationPlan | None, Field(title="盘活方案")]
    closing: Annotated[RevitalisationClosing | None, Field(title="办结情况")]
    closed_by: Annotated[str | None, Field(title="办结单位")]
    verification: Annotated[RevitalisationVerification | None, Field(title="核实情况")]

    @property
    def begun_on(self) -> date:
        """The day on which it was opened."""
        return self.opened_on

    @property
    def over(self) -> bool:
        """Whether nothing is to be done in it any more, so that the asset may have a new one."""
        return self.state == "VERIFIED"

    @property
    def excepted_as(self) -> str:
        """An exception is granted for the asset, not for the case."""
        return Asset.stream_of(self.asset)

    class Event(DomainAggregate.Event):
        """Root of the case's events."""

    class Opened(Event, CreatedEvent):
        """An asset is to be revitalised: found by the county's limits, or declared by a unit."""

        TOPIC: ClassVar[str] = "revitalisation_case.opened"
        TITLE: ClassVar[str] = "盘活立项"
        asset: AssetCode = Field(title="资产编号")
        detected: DetectedCause = Field(title="盘活原因与数据")
        reason: Text | None = Field(default=None, title="盘活理由")

    @classmethod
    def open(cls, code: str, asset: Asset, found: DetectedCause, at: Occasion) -> RevitalisationCase:
        """Open a case for what was found on the day (C4.11-04). ASSET_DISPOSED for an asset that is gone."""
        at.cite("C4.11-04")
        _must_be_there(asset, at)
        return cls.begin(cls.Opened, code, at, asset=asset.id, detected=found)

    @classmethod
    def declare(
        cls, code: str, asset: Asset, declared: RevitalisationDeclaration, at: Occasion
    ) -> RevitalisationCase:
        """Open a case because a unit says so (C4.11-04). ASSET_DISPOSED for an asset that is gone."""
        at.cite("C4.11-04")
        _must_be_there(asset, at)
        cause: Cause = "DECLARED"
        return cls.begin(
            cls.Opened, code, at, asset=asset.id, detected=DetectedCause(cause=cause), reason=declared.reason
        )

    @event(Opened)
    def __init__(self, asset: str, detected: DetectedCause, occurred_on: date, reason: str | None) -> None:
        self.asset, self.detected, self.reason = asset, detected, reason
        self.opened_on = occurred_on
        self.state = "OPEN"
        self.plan = self.closing = self.closed_by = self.verification = None

    class PlanFiled(Event):
        """Plan for the asset filed; a new plan takes the place of the one before."""

        TOPIC: ClassVar[str] = "revitalisation_case.plan_filed"
        TITLE: ClassVar[str] = "报送盘活方案"
        asset: AssetCode = Field(title="资产编号")
        plan: RevitalisationPlan = Field(title="盘活方案")

    def file_plan(self, plan: RevitalisationPlan, asset: Asset, at: Occasion) -> None:
        """File the plan, with outcome, deadline and person (C4.11-04).

        Refused: STEP_OUT_OF_ORDER once it is closed; OUTCOME_NOT_ALLOWED_FOR_CLASS (C4.11-05, overridable);
        CODE_UNKNOWN; FIELD_REQUIRED for another outcome without its name.
        """
        at.cite("C4.11-04")
        self._must_be(("OPEN", "PLANNED"), "plan", at)
        self._allowed(plan.outcome, plan.outcome_name, asset, at)
        if plan != self.plan:
            self.record(self.PlanFiled, at, asset=self.asset, plan=plan)

    @event(PlanFiled)
    def _plan_filed(self, plan: RevitalisationPlan) -> None:
        self.plan = plan
        self.state = "PLANNED"

    class Extended(Event):
        """The deadline of the plan is put off."""

        TOPIC: ClassVar[str] = "revitalisation_case.extended"
        TITLE: ClassVar[str] = "盘活延期"
        asset: AssetCode = Field(title="资产编号")
        extension: DeadlineExtension = Field(title="延期情况")

    def extend_deadline(self, extension: DeadlineExtension, at: Occasion) -> None:
        """Put the plan's deadline off, by a document (C4.11-04). STEP_OUT_OF_ORDER without a plan."""
        at.cite("C4.11-04")
        self._must_be(("PLANNED",), "extension", at)
        self.record(self.Extended, at, asset=self.asset, extension=extension)

    @event(Extended)
    def _extended(self, extension: DeadlineExtension) -> None:
        self.plan = there(self.plan).model_copy(update={"deadline": extension.deadline})

    class Closed(Event):
        """Case closed, as far as whoever sees to it says and the log shows."""

        TOPIC: ClassVar[str] = "revitalisation_case.closed"
        TITLE: ClassVar[str] = "盘活办结"
        asset: AssetCode = Field(title="资产编号")
        closing: RevitalisationClosing = Field(title="办结情况")
        closed_by: Code = Field(title="办结单位")

    def close(
        self,
        closing: RevitalisationClosing,
        asset: Asset,
        *,
        received: frozenset[str],
        unit: str,
        at: Occasion,
    ) -> None:
        """Close the case with its result (C4.11-04 … -06).

        `asset`: as the log has it; `received`: contracts of it under which income came in; `unit`: who closes.
        Refused: STEP_OUT_OF_ORDER without a plan or once closed; OUTCOME_NOT_ALLOWED_FOR_CLASS, CODE_UNKNOWN,
        FIELD_REQUIRED as for a plan; CONTRACT_REQUIRED without a running contract in the outcome's mode that was signed since the case was opened;
        EVIDENCE_REQUIRED without proof: a digest of what was seen, renewed use, income under the contract, the
        disposal carried out, the document.
        """
        at.cite("C4.11-04")
        self._must_be(("PLANNED",), "closing", at)
        term = self._allowed(closing.outcome, closing.outcome_name, asset, at)
        _must_be_shown(term, closing, asset, received, self.opened_on, at)
        self.record(self.Closed, at, asset=self.asset, closing=closing, closed_by=unit)

    @event(Closed)
    def _closed(self, closing: RevitalisationClosing, closed_by: str) -> None:
        self.closing, self.closed_by = closing, closed_by
        self.state = "CLOSED"

    class Verified(Event):
        """The township looked: it is so, or the case goes on."""

        TOPIC: ClassVar[str] = "revitalisation_case.verified"
        TITLE: ClassVar[str] = "盘活核实"
        asset: AssetCode = Field(title="资产编号")
        verification: RevitalisationVerification = Field(title="核实情况")

    def verify(self, verification: RevitalisationVerification, unit: str, at: Occasion) -> None:
        """Record what the township saw (C4.11-04); what is not so goes on with its plan.

        Refused: STEP_OUT_OF_ORDER before it is closed; SEGREGATION_OF_DUTIES for the unit that closed it.
        """
        at.cite("C4.11-04")
        self._must_be(("CLOSED",), "verification", at)
        at.require(unit != self.closed_by, "SEGREGATION_OF_DUTIES", clause="C4.11-04", organization=unit)
        self.record(self.Verified, at, asset=self.asset, verification=verification)

    @event(Verified)
    def _verified(self, verification: RevitalisationVerification) -> None:
        there(self.closing)
        self.verification = verification
        self.state = "VERIFIED" if verification.confirmed else "PLANNED"

    class Reopened(Event):
        """Case opened again because what was verified did not last: the asset lies idle again."""

        TOPIC: ClassVar[str] = "revitalisation_case.reopened"
        TITLE: ClassVar[str] = "盘活事项重新办理"
        asset: AssetCode = Field(title="资产编号")
        reason: Text = Field(title="重新办理的理由")

    def reopen(self, reason: str, at: Occasion) -> None:
        """Go on with a case that was over (C4.11-04). STEP_OUT_OF_ORDER unless it was closed or verified."""
        at.cite("C4.11-04")
        self._must_be(("CLOSED", "VERIFIED"), "reopening", at)
        self.record(self.Reopened, at, asset=self.asset, reason=reason)

    @event(Reopened)
    def _reopened(self) -> None:
        self.state = "OPEN"
        self.plan = self.closing = self.closed_by = self.verification = None

    def _must_be(self, states: tuple[CaseState, ...], step: str, at: Occasion) -> None:
        at.require(self.state in states, "STEP_OUT_OF_ORDER", clause="C4.11-04", step=step, state=self.state)

    @staticmethod
    def _allowed(outcome: str, name: str | None, asset: Asset, at: Occasion) -> Term:
        term = next((one for one in at.rules.terms("REVITALISATION_OUTCOME") if one.code == outcome), None)
        if term is None:
            raise refuse("CODE_UNKNOWN", clause="C4.11-06", field="outcome", value=outcome)
        at.cite(term.article)
        at.require(
            f"CLASS_{asset.card.asset_class}" in term.flags,
            "OUTCOME_NOT_ALLOWED_FOR_CLASS",
            assetClass=asset.card.asset_class,
            outcome=outcome,
        )
        if "NEEDS_NAME" in term.flags and name is None:
            raise refuse("FIELD_REQUIRED", clause="C4.11-06", field="outcomeName", missing=["outcomeName"])
        return term


def _must_be_there(asset: Asset, at: Occasion) -> None:
    at.require(asset.disposed_on is None, "ASSET_DISPOSED", clause="C4.11-04", disposedOn=asset.disposed_on)


def _must_be_shown(
    term: Term,
    closing: RevitalisationClosing,
    asset: Asset,
    received: frozenset[str],
    opened_on: date,
    at: Occasion,
) -> None:
    """CONTRACT_REQUIRED, EVIDENCE_REQUIRED: what an outcome has to have left in the log, by the outcome's flags."""
    at.require(
        closing.evidence_sha256 is not None or "DISPOSAL" in term.flags,
        "EVIDENCE_REQUIRED",
        clause="C4.11-04",
        missing=["evidenceSha256"],
        what=term.zh,
    )
    if "CONTRACT" in term.flags or closing.contract is not None:
        contract = None if closing.contract is None else asset.contracts.get(closing.contract)
        modes = {flag.removeprefix("MODE_") for flag in term.flags if flag.startswith("MODE_")}
        fits = (
            contract is not None
            and contract.open
            and contract.terms.signed_on >= opened_on  # what ran before revived nothing
            and (not modes or contract.terms.mode in modes)
        )
        at.require(fits, "CONTRACT_REQUIRED", missing=["contract"], contract=closing.contract)
        at.require(
            closing.contract in received,
            "EVIDENCE_REQUIRED",
            clause="C4.11-06",
            missing=["incomeReceipts"],
            what=f"{term.zh}（{closing.contract}）的首笔收益",
        )
    elif "DOCUMENT" in term.flags:
        at.require(
            closing.document_no,
            "EVIDENCE_REQUIRED",
            clause="C4.11-06",
            missing=["documentNo"],
            what=f"{term.zh}的合同或文件",
        )
    elif "DISPOSAL" in term.flags:
        disposal = None if closing.disposal is None else asset.disposals.get(closing.disposal)
        at.require(
            disposal is not None and disposal.state == "DISPOSED",
            "EVIDENCE_REQUIRED",
            clause="C4.11-05",
            missing=["disposal"],
            what=f"{term.zh}的处置结果",
        )
    else:
        seen = asset.last_report
        at.require(
            seen is not None and seen.state == "IN_USE" and seen.reported_on >= opened_on,
            "EVIDENCE_REQUIRED",
            clause="C4.11-05",
            missing=["statusReports"],
            what=f"{term.zh}后的使用状况报告",
        )
