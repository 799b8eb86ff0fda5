"""Steps to a title: plans of shares, the procedure over them, the county's decision, disputes, 确权书 (四(五), T5 A5–A7)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.certificates import OwnershipCertificate
from domain.asset.facts.ownership import CountyDecision, TitleDispute
from domain.asset.facts.title_plan import (
    SUBJECT_KIND,
    JointProposal,
    JointShares,
    QuantificationPlan,
    check_shares,
    joint_shares,
    settled_plan,
    title_digests,
)
from domain.asset.state import TITLE_UNCLEAR, AssetState, TitleProcedure
from domain.execution import Execution
from domain.procedure.proof import ProcedureProof
from domain.refusals import refuse
from domain.values import Code, Sha256

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import OwnershipAdvice


PLANNED_KIND: Final = "VILLAGE"
"""Joint and quantified shares are villages'."""

_BEFORE_CERTIFICATES: Final = ("SHARES", "MEETING", "NOTICE")
"""Steps of A5 before a certificate may be issued."""


class AssetTitleSteps(AssetState):
    """The part of `Asset` that knows how its title is being established."""

    def ownership_advice(self, at: Occasion) -> OwnershipAdvice:
        """The row of T3 that decides over the asset on that day. Refused: RULE_GAP."""
        return at.rules.ownership_of(self.card, title_unclear=self.title_unclear)

    # ---- plans -------------------------------------------------------------------------------------------------

    class JointSharesProposed(AssetState.Event):
        """The joint villages' shares by what each invested."""

        TOPIC: ClassVar[str] = "asset.joint_shares_proposed"
        TITLE: ClassVar[str] = "界定联建份额"
        plan: JointShares = Field(title="联建份额")

    def propose_joint_shares(self, proposal: JointProposal, at: Occasion) -> None:
        """Work the shares of the joint villages out of the funding lines (C4.5-06). The same shares again record nothing.

        Refused: ASSET_DISPOSED, DISPOSAL_IN_PROGRESS, OWNERSHIP_NOT_CONFIRMED, STEP_OUT_OF_ORDER, RULE_GAP,
        INVESTMENT_BASIS_MISSING, RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100, OWNER_RULE_CONFLICT.
        """
        self._must_plan("INVESTMENT_SHARES", at)
        plan = joint_shares(proposal, self.card, at)
        if plan != self.joint_shares:
            self.record(self.JointSharesProposed, at, plan=plan)

    @event(JointSharesProposed)
    def _joint_shares_proposed(self, plan: JointShares) -> None:
        self.joint_shares = plan

    class QuantificationPlanProposed(AssetState.Event):
        """The implementer proposes how the asset is quantified to villages."""

        TOPIC: ClassVar[str] = "asset.quantification_plan_proposed"
        TITLE: ClassVar[str] = "提出量化方案"
        plan: QuantificationPlan = Field(title="量化方案")

    def propose_quantification(self, plan: QuantificationPlan, at: Occasion) -> None:
        """Propose the parts of the villages a cross-village project covers (C4.5-16).

        Refused: ASSET_DISPOSED, DISPOSAL_IN_PROGRESS, OWNERSHIP_NOT_CONFIRMED, STEP_OUT_OF_ORDER, RULE_GAP,
        ROLE_NOT_ALLOWED, FIELD_INVALID, FIELD_REQUIRED, RIGHT_OVERLAP, INVESTMENT_BASIS_MISSING, AMOUNT_NOT_POSITIVE,
        SHARES_NOT_100.
        """
        self._must_plan("QUANTIFICATION_PLAN", at)
        settled = settled_plan(plan, self.card, at)
        if settled != self.quantification_plan:
            self.record(self.QuantificationPlanProposed, at, plan=settled)

    @event(QuantificationPlanProposed)
    def _quantification_plan_proposed(self, plan: QuantificationPlan) -> None:
        self.quantification_plan = plan

    def _must_plan(self, step: str, at: Occasion) -> None:
        """The title is open and the row of the asset asks for such a plan. STEP_OUT_OF_ORDER."""
        self._title_must_be_open(step, at)
        advice = self.ownership_advice(at)
        at.require(
            step in advice.steps, "STEP_OUT_OF_ORDER", clause=advice.article, step=step, state=advice.rule
        )

    # ---- procedure, decision, dispute --------------------------------------------------------------------------

    class OwnershipProcedureStarted(AssetState.Event):
        """The title is in procedure: under which chain, over which text."""

        TOPIC: ClassVar[str] = "asset.ownership_procedure_started"
        TITLE: ClassVar[str] = "启动确权程序"
        procedure: Code = Field(title="程序编号")
        chain: Code = Field(title="流程代码")
        subject_sha256: Sha256 = Field(title="事项内容摘要")

    def start_ownership_procedure(self, proof: ProcedureProof, at: Occasion) -> None:
        """Enter the procedure of the row's chain over this asset's title (T11: IN_PROCEDURE).

        Refused: PLAN_HASH_MISMATCH when it is over another asset, another chain, or other shares than the plan's,
        ASSET_DISPOSED, DISPOSAL_IN_PROGRESS, OWNERSHIP_NOT_CONFIRMED, STEP_OUT_OF_ORDER, RULE_GAP.
        """
        self._title_must_be_open("ownershipProcedure", at)
        advice = self.ownership_advice(at)
        at.cite(advice.article)
        shown = (proof.chain, proof.subject_kind, proof.subject)
        planned = self.planned_shares
        other_text = planned and proof.subject_sha256 not in title_digests(self.id, PLANNED_KIND, planned)
        if shown != (advice.chain, SUBJECT_KIND, self.id) or other_text:
            raise refuse("PLAN_HASH_MISMATCH", clause=advice.article, missing=["procedure"])
        entered = TitleProcedure(
            procedure=proof.procedure, chain=proof.chain, subject_sha256=proof.subject_sha256
        )
        if (entered, "IN_PROCEDURE") == (self.title_procedure, self.title):
            return
        self.record(
            self.OwnershipProcedureStarted,
            at,
            procedure=entered.procedure,
            chain=entered.chain,
            subject_sha256=entered.subject_sha256,
        )

    @event(OwnershipProcedureStarted)
    def _ownership_procedure_started(self, procedure: Code, chain: Code, subject_sha256: Sha256) -> None:
        self.title = "IN_PROCEDURE"
        self.title_procedure = TitleProcedure(procedure=procedure, chain=chain, subject_sha256=subject_sha256)

    class CountyDecisionIssued(AssetState.Event):
        """The county government decided on the title."""

        TOPIC: ClassVar[str] = "asset.county_decision_issued"
        TITLE: ClassVar[str] = "县人民政府确定权属"
        decision: CountyDecision = Field(title="县人民政府决定")

    def issue_county_decision(self, decision: CountyDecision, at: Occasion) -> None:
        """Record the county's decision with its number and reasons (C4.5-05, C4.5-07, C4.5-16): a fact.

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DOC_NO_REQUIRED, FIELD_REQUIRED,
        RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100.
        """
        at.cite("C4.5-07")
        self._allow("TITLE_DECISION", at)
        if decision == self.county_decision:
            return
        at.require(decision.document_no, "DOC_NO_REQUIRED", missing=["documentNo"])
        if decision.owners:
            if decision.owner_kind is None:
                raise refuse("FIELD_REQUIRED", field="ownerKind", missing=["ownerKind"])
            check_shares(decision.owners, self.card.original_value, "owners")
        self.record(self.CountyDecisionIssued, at, decision=decision)

    @event(CountyDecisionIssued)
    def _county_decision_issued(self, decision: CountyDecision) -> None:
        self.county_decision = decision

    class TitleDisputeOpened(AssetState.Event):
        """The title is not clear: only the county's decision settles it."""

        TOPIC: ClassVar[str] = "asset.title_dispute_opened"
        TITLE: ClassVar[str] = "产权不明晰"
        dispute: TitleDispute = Field(title="产权不明晰情况")

    def open_title_dispute(self, dispute: TitleDispute, at: Occasion) -> None:
        """Declare the title unclear (C4.5-07): a fact, whatever state the title was in. One at a time.

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, RISK_ALREADY_OPEN.
        """
        at.cite("C4.5-07")
        self._allow("RISK", at)
        if dispute == self.title_dispute and self.title == "DISPUTED":
            return
        if TITLE_UNCLEAR in self.risks:
            raise refuse("RISK_ALREADY_OPEN", kind=TITLE_UNCLEAR, since=self.risks[TITLE_UNCLEAR])
        self.record(self.TitleDisputeOpened, at, dispute=dispute)

    @event(TitleDisputeOpened)
    def _title_dispute_opened(self, dispute: TitleDispute) -> None:
        self.title = "DISPUTED"
        self.title_dispute = dispute
        self.risks = {**self.risks, TITLE_UNCLEAR: dispute.opened_on}

    # ---- 确权书 ------------------------------------------------------------------------------------------------

    class OwnershipCertificateIssued(AssetState.Event):
        """The township gave a joint village the certificate of its share."""

        TOPIC: ClassVar[str] = "asset.ownership_certificate_issued"
        TITLE: ClassVar[str] = "发放确权书"
        certificate: OwnershipCertificate = Field(title="确权书内容")
        procedure: Code | None = Field(default=None, title="程序编号")

        def carries_out(self, it: AssetState) -> Execution | None:
            """The title of the villages, once each of them has its certificate (C4.5-06)."""
            if any(share.party not in it.ownership_certificates for share in it.planned_shares):
                return None
            digests = title_digests(it.id, PLANNED_KIND, it.planned_shares)
            return Execution(f"{it.card.location[:9]}000", SUBJECT_KIND, it.id, digests)

    def issue_ownership_certificate(
        self, certificate: OwnershipCertificate, proof: ProcedureProof | None, at: Occasion
    ) -> None:
        """Issue a joint village's certificate, after meeting and notice and not before (C4.5-06, A5).

        Refused: STEP_OUT_OF_ORDER without the shares, the procedure or its meeting, NOTICE_PERIOD_RUNNING before both
        notices ran out, PLAN_HASH_MISMATCH over other shares, CERT_NO_DUPLICATE for a number given before,
        ASSET_DISPOSED, DISPOSAL_IN_PROGRESS, OWNERSHIP_NOT_CONFIRMED, RULE_GAP.
        """
        at.cite("C4.5-06")
        self._title_must_be_open("ownershipCertificate", at)
        known = self.ownership_certificates.get(certificate.village)
        if known == certificate:
            return
        planned = {share.party: share.amount for share in self.planned_shares}
        at.require(planned, "STEP_OUT_OF_ORDER", clause="C4.5-06", missing=["jointShares"])
        if planned and planned.get(certificate.village) != certificate.amount:
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.5-06", missing=["certificate.amount"])
        self._must_be_due(certificate.issued_on, proof, at)
        if any(one.number == certificate.number for one in self.ownership_certificates.values()):
            raise refuse("CERT_NO_DUPLICATE", number=certificate.number)
        self.record(
            self.OwnershipCertificateIssued,
            at,
            certificate=certificate,
            procedure=proof.procedure if proof is not None else None,
        )

    def _must_be_due(self, day: date, proof: ProcedureProof | None, at: Occasion) -> None:
        """The procedure is over these shares, and every step before the certificates was done by that day."""
        if proof is None:
            at.refuse("STEP_OUT_OF_ORDER", clause="C4.5-06", missing=["procedure"])
            return
        shown = (proof.chain, proof.subject_kind, proof.subject)
        digests = title_digests(self.id, PLANNED_KIND, self.planned_shares)
        wanted = (self.ownership_advice(at).chain, SUBJECT_KIND, self.id)
        if shown != wanted or proof.subject_sha256 not in digests:
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.5-06", missing=["procedure"])
        for step in _BEFORE_CERTIFICATES:
            code = "NOTICE_PERIOD_RUNNING" if step == "NOTICE" else "STEP_OUT_OF_ORDER"
            at.require(proof.done_by(step, min(day, at.on)), code, clause="C4.5-06", missing=[step])

    @event(OwnershipCertificateIssued)
    def _ownership_certificate_issued(self, certificate: OwnershipCertificate) -> None:
        self.ownership_certificates = {**self.ownership_certificates, certificate.village: certificate}
