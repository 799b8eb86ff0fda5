"""Disposal of an asset: proposed, appraised, published, approved, carried out, its proceeds (四(十二), A14).

Which of these steps there are, in which order and by whom, the rows of the chain say by which its procedure goes.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.days import ProceedsDay
from domain.asset.facts.disposal import (
    Appraisal,
    Approval,
    Disposal,
    DisposalProposal,
    DisposalSale,
    Publication,
    check_appraisal,
    check_approval,
    check_proposal,
    check_publication,
    check_sale,
)
from domain.asset.facts.preemption import check_preemption
from domain.asset.facts.texts import disposal_carried_out
from domain.execution import Execution
from domain.refusals import refuse
from domain.values import MAX_FEN, Code, Fen, Name, OrganizationCode, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.proof import ProcedureProof
    from domain.regulation.rows import Chain, ChainStep
from domain.asset.state import OWNERS, AssetState

NOTHING: Final = Fen(0)
"""What counts beside a disposal that is alone in its series."""


class AssetDisposals(AssetState):
    """The part of `Asset` that knows how its life ends."""

    class DisposalProposed(AssetState.Event):
        """The owner proposes to auction, sell or scrap the asset."""

        TOPIC: ClassVar[str] = "asset.disposal_proposed"
        TITLE: ClassVar[str] = "提出处置"
        proposal: DisposalProposal = Field(title="处置方案")
        procedure: Code | None = Field(default=None, title="所依据的程序")
        chain: Code | None = Field(default=None, title="流程")

        def carries_out(self, it: AssetState) -> Execution:
            """A step of the disposal that is decided on."""
            return _carried_out(it, self.proposal.disposal)

    def propose_disposal(
        self, proposal: DisposalProposal, at: Occasion, *, proof: ProcedureProof | None = None
    ) -> None:
        """Propose a disposal (C4.12-01): as a rule not of an asset that runs well (P23).

        `proof`: of the procedure over this very proposal; without it only imported history is taken in.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS;
        ALREADY_EXISTS; FIELD_REQUIRED for another kind without its name; DECISION_REQUIRED without a procedure or by
        another chain than such a disposal goes; PLAN_HASH_MISMATCH for another text than the procedure's; STEP_OUT_OF_ORDER
        or the code of a row for a step that the chain has before; CO_OWNER_CONSENT_REQUIRED when owners with too small a part
        decided; CODE_UNKNOWN when the chain is no more; RULE_GAP when no route covers the owner and value;
        WELL_OPERATING_NOT_DISPOSABLE for an asset that runs well.
        """
        self._allow("PROPOSE_DISPOSAL", at)
        if proposal.disposal in self.disposals:
            raise refuse("ALREADY_EXISTS", what=proposal.disposal)
        check_proposal(proposal, at)
        good = at.rules.parameters["P23"]
        runs_well = self.operation in good.operation_states and not self.risks.keys() & set(
            good.without_flags
        )
        at.require(not runs_well, "WELL_OPERATING_NOT_DISPOSABLE", state=self.operation)
        self._must_be_its_procedure(proposal, proof, at)
        procedure, chain = (None, None) if proof is None else (proof.procedure, proof.chain)
        begun = Disposal(proposal=proposal, procedure=procedure, chain=chain)
        self._must_be_led_to(self.DisposalProposed, begun, self._disposal_value(begun, at), proof, at)
        self.record(self.DisposalProposed, at, proposal=proposal, procedure=procedure, chain=chain)

    def _must_be_its_procedure(
        self, proposal: DisposalProposal, proof: ProcedureProof | None, at: Occasion
    ) -> None:
        """The procedure is over this very proposal, and goes by a chain for such an owner's asset of such a value."""
        at.cite("C4.12-02")
        if proof is None:
            at.refuse("DECISION_REQUIRED", clause="C4.12-02", missing=["procedure"])
            return
        decided = disposal_carried_out(self.id, proposal, "")
        at.require(
            proof.subject_sha256 in decided.digests,
            "PLAN_HASH_MISMATCH",
            clause="C4.12-05",
            missing=["procedure"],
        )
        begun = Disposal(proposal=proposal, chain=proof.chain)
        self._must_be_open_to(begun, self._disposal_value(begun, at), at)

    @event(DisposalProposed)
    def _disposal_proposed(
        self, proposal: DisposalProposal, procedure: Code | None, chain: Code | None
    ) -> None:
        begun = Disposal(proposal=proposal, procedure=procedure, chain=chain)
        self.disposals = {**self.disposals, proposal.disposal: begun}

    class AppraisalRecorded(AssetState.Event):
        """The asset was appraised for the disposal."""

        TOPIC: ClassVar[str] = "asset.appraisal_recorded"
        TITLE: ClassVar[str] = "资产评估"
        disposal: Code = Field(title="处置编号")
        appraisal: Appraisal = Field(title="评估结果")
        net_book_value: Fen = Field(title="账面净值")

        def carries_out(self, it: AssetState) -> Execution:
            """A step of the disposal that was decided on."""
            return _carried_out(it, self.disposal)

    def record_appraisal(
        self,
        disposal: str,
        appraisal: Appraisal,
        at: Occasion,
        *,
        beside: Fen = NOTHING,
        proof: ProcedureProof | None = None,
    ) -> None:
        """Record the appraisal; from 10万元 on by a licensed agency (C4.12-04). A new one starts the way anew.

        `beside`, fen: what counts with it in its series (P03).
        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        DECISION_REQUIRED without a procedure; STEP_OUT_OF_ORDER when the disposal is closed, that or the code of a row for a step
        that the chain has before; CO_OWNER_CONSENT_REQUIRED, CODE_UNKNOWN, RULE_GAP (`propose_disposal`); AMOUNT_NOT_POSITIVE;
        AGENCY_APPRAISAL_REQUIRED from the threshold on without an agency, and for an agency without its licence;
        APPRAISAL_REQUIRED below it with too few signers; AMOUNT_OUT_OF_RANGE.
        """
        current = self._under_way(disposal, at)
        if current.appraisal == appraisal:
            return
        known = self._disposal_value(
            current.model_copy(update={"appraisal": appraisal, "approval": None}), at
        )
        value = at.in_range(known + beside, "value")
        self._must_be_led_to(self.AppraisalRecorded, current, value, proof, at)
        check_appraisal(appraisal, value=value, major=self._is_major(value, at), at=at)
        self.record(
            self.AppraisalRecorded,
            at,
            disposal=disposal,
            appraisal=appraisal,
            net_book_value=self.net_book_value,
        )

    @event(AppraisalRecorded)
    def _appraisal_recorded(self, disposal: Code, appraisal: Appraisal) -> None:
        self._advance(
            disposal,
            "APPRAISED",
            appraisal=appraisal,
            publication=None,
            forwarded=(),
            approval=None,
            approved_by=(),
            approved=False,
        )

    class AppraisalPublished(AssetState.Event):
        """The result was made public where the asset belongs."""

        TOPIC: ClassVar[str] = "asset.appraisal_published"
        TITLE: ClassVar[str] = "评估结果公开"
        disposal: Code = Field(title="处置编号")
        publication: Publication = Field(title="评估结果公开情况")

        def carries_out(self, it: AssetState) -> Execution:
            """A step of the disposal that was decided on."""
            return _carried_out(it, self.disposal)

    def publish_appraisal(
        self,
        disposal: str,
        publication: Publication,
        at: Occasion,
        *,
        proof: ProcedureProof | None = None,
    ) -> None:
        """Publish the appraisal result at the owner's place (C4.12-03).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        DECISION_REQUIRED without a procedure; STEP_OUT_OF_ORDER when it was forwarded already or the disposal is closed, that or
        the code of a row for a step that the chain has before; CO_OWNER_CONSENT_REQUIRED, CODE_UNKNOWN, RULE_GAP
        (`propose_disposal`); NOTICE_PLACE_MISSING when it does not hang at the owner's place.
        """
        current = self._under_way(disposal, at)
        if current.publication == publication:
            return
        self._must_be_led_to(self.AppraisalPublished, current, self._disposal_value(current, at), proof, at)
        at.require(
            current.state in {"PROPOSED", "APPRAISED", "PUBLISHED"},
            "STEP_OUT_OF_ORDER",
            clause="C4.12-05",
            step="publication",
            state=current.state,
        )
        kind = self.owner_kind or ""
        places = self._owner_parties | {self.card.location}
        if kind in {"TOWNSHIP", "FARM"}:
            places |= {self.card.location[:9], f"{self.card.location[:9]}000"}
        check_publication(publication, owner_kind=kind, places=places, at=at)
        self.record(self.AppraisalPublished, at, disposal=disposal, publication=publication)

    @event(AppraisalPublished)
    def _appraisal_published(self, disposal: Code, publication: Publication) -> None:
        self._advance(disposal, "PUBLISHED", publication=publication)

    class DisposalForwarded(AssetState.Event):
        """Passed on one level up (逐级上报)."""

        TOPIC: ClassVar[str] = "asset.disposal_forwarded"
        TITLE: ClassVar[str] = "逐级上报"
        disposal: Code = Field(title="处置编号")
        level: Code = Field(title="上报层级")
        opinion: Text = Field(title="上报意见")
        unit: OrganizationCode | None = Field(default=None, title="上报单位")

        def carries_out(self, it: AssetState) -> Execution:
            """The level's part of the disposal that was decided on."""
            return _carried_out(it, self.disposal, self.unit or self.level)

    def forward_disposal(
        self,
        disposal: str,
        level: str,
        opinion: str,
        at: Occasion,
        *,
        beside: Fen = NOTHING,
        proof: ProcedureProof | None = None,
        unit: str | None = None,
    ) -> None:
        """Pass the proposal to the next level of the route, never skipping one (C4.12-05, A14). `unit`: of that level.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        DECISION_REQUIRED without a procedure, or by the chain of smaller disposals; STEP_OUT_OF_ORDER when another level
        is due or the disposal is closed; the code of a row for a step that the chain has before; CO_OWNER_CONSENT_REQUIRED; RULE_GAP
        when no route covers the owner and value; CODE_UNKNOWN for a level that is not on the route; AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.12-05")
        current = self._under_way(disposal, at)
        value = at.in_range(self._disposal_value(current, at) + beside, "value")
        self._must_be_led_to(self.DisposalForwarded, current, value, proof, at)
        step = self._step_of(self.DisposalForwarded, current, value, at)
        if self.owner_kind is not None:  # without an owner, in imported history, nobody knows the route
            levels = self._takers_of(step, value, at)
            if level not in levels:
                raise refuse(
                    "CODE_UNKNOWN", clause="C4.12-05", listed_in="disposal-routes", field="level", value=level
                )
            ahead = [one for one in levels if one not in current.forwarded]
            due = ahead if step is not None and step.all_of else ahead[:1]
            at.require(
                level in due,
                "STEP_OUT_OF_ORDER",
                clause="C4.12-05",
                step=level,
                state=current.state,
                missing=due,
            )
        self._must_be_open_to(current, value, at)
        self.record(self.DisposalForwarded, at, disposal=disposal, level=level, opinion=opinion, unit=unit)

    @event(DisposalForwarded)
    def _disposal_forwarded(self, disposal: Code, level: Code) -> None:
        forwarded = (*self.disposals[disposal].forwarded, level)
        self._advance(disposal, "FORWARDED", forwarded=forwarded)

    class DisposalApproved(AssetState.Event):
        """The competent level approved."""

        TOPIC: ClassVar[str] = "asset.disposal_approved"
        TITLE: ClassVar[str] = "批准处置"
        disposal: Code = Field(title="处置编号")
        approval: Approval = Field(title="处置批准")
        value: Fen = Field(title="处置价值")
        awaiting: Literal[True] | None = Field(default=None, title="尚待其他批准单位批准")

        def carries_out(self, it: AssetState) -> Execution:
            """The approver's part of the disposal that was decided on."""
            return _carried_out(it, self.disposal, self.approval.approver)

    def approve_disposal(
        self,
        disposal: str,
        approval: Approval,
        at: Occasion,
        *,
        beside: Fen = NOTHING,
        proof: ProcedureProof | None = None,
    ) -> None:
        """Approve: by the county government from 10万元 on, else by the approver of P04, by all that the chain names (C4.12-05).

        An approved disposal may be approved again at a lower price, e.g. after an auction without a bidder.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        DECISION_REQUIRED without a procedure, before the owner's own decision, or by the chain of smaller disposals;
        CO_OWNER_CONSENT_REQUIRED when owners with too small a part decided (P34); STEP_OUT_OF_ORDER when a level of the
        route was left out or the disposal is closed; the code of a row for a step that the chain has before; CODE_UNKNOWN when the
        chain is no more; APPRAISAL_EXPIRED by the day of the approval (P35); AGENCY_APPRAISAL_REQUIRED and
        APPRAISAL_REQUIRED when the series has grown beyond the appraiser since; NOTICE_PERIOD_RUNNING;
        AMOUNT_NOT_POSITIVE; RULE_GAP when no route covers the owner and value; APPROVAL_LEVEL_TOO_LOW for an
        approver below the competent one; AMOUNT_OUT_OF_RANGE.
        """
        current = self._under_way(disposal, at)
        if current.approval == approval:
            return
        value = at.in_range(self._disposal_value(current, at) + beside, "value")
        check_approval(approval, current, value=value, major=self._is_major(value, at), at=at)
        self._must_be_led_to(self.DisposalApproved, current, value, proof, at)
        if len(self.owners) > 1:  # who owns it alone has proposed it
            self._must_be_agreed(self._agreed(current, proof, at), at)
        complete = self._must_be_competent(approval.approver_level, current, value, at)
        self._must_be_open_to(current, value, at)
        awaiting = None if complete else True
        self.record(
            self.DisposalApproved, at, disposal=disposal, approval=approval, value=value, awaiting=awaiting
        )

    def _must_be_competent(self, level: str, current: Disposal, value: Fen, at: Occasion) -> bool:
        """Whether with this level everybody has approved who has to; the highest suffices where one approver decides.

        Without an owner (imported history only) nobody knows the route; that the title is missing was found before.
        """
        if self.owner_kind is None:
            return True
        step = self._step_of(self.DisposalApproved, current, value, at)
        units = self._takers_of(step, value, at)
        highest = at.rules.disposal_route(self.owner_kind, MAX_FEN, self.card.asset_class).approver
        alone = step is None or not step.all_of
        at.require(
            level in units or (alone and level == highest),
            "APPROVAL_LEVEL_TOO_LOW",
            level=level,
            required="、".join(units),
            value=value,
        )
        return alone or {*units} <= {*current.approved_by, level}

    @event(DisposalApproved)
    def _disposal_approved(self, disposal: Code, approval: Approval, awaiting: Literal[True] | None) -> None:
        current = self.disposals[disposal]
        self._advance(
            disposal,
            current.state if awaiting else "APPROVED",
            approval=approval,
            approved_by=(*current.approved_by, approval.approver_level),
            approved=not awaiting,
        )

    class DisposalClosed(AssetState.Event):
        """The proposal was rejected by an approver or withdrawn by the owner."""

        TOPIC: ClassVar[str] = "asset.disposal_closed"
        TITLE: ClassVar[str] = "终止处置"
        disposal: Code = Field(title="处置编号")
        outcome: Literal["REJECTED", "WITHDRAWN"] = Field(title="处置终止方式")
        reason: Text = Field(title="终止原因")

    def close_disposal(
        self, disposal: str, outcome: Literal["REJECTED", "WITHDRAWN"], reason: str, at: Occasion
    ) -> None:
        """Reject or withdraw an open disposal.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when it is closed already.
        """
        at.cite("C4.12-02")
        self._open_disposal(disposal, at, "CLOSE_DISPOSAL")
        self.record(self.DisposalClosed, at, disposal=disposal, outcome=outcome, reason=reason)

    @event(DisposalClosed)
    def _disposal_closed(self, disposal: Code, outcome: Literal["REJECTED", "WITHDRAWN"]) -> None:
        self._advance(disposal, outcome)

    class Disposed(AssetState.Event):
        """Auctioned, sold or scrapped: the asset's life ends here."""

        TOPIC: ClassVar[str] = "asset.disposed"
        TITLE: ClassVar[str] = "处置"
        disposal: Code = Field(title="处置编号")
        kind: Code = Field(title="处置方式")
        sale: DisposalSale = Field(title="处置结果")
        net_book_value: Fen = Field(title="账面净值")
        ended_contracts: tuple[Code, ...] = Field(title="随之终止的合同")

        def carries_out(self, it: AssetState) -> Execution:
            """A step of the disposal that was decided on."""
            return _carried_out(it, self.disposal)

    def dispose(
        self, disposal: str, sale: DisposalSale, at: Occasion, *, proof: ProcedureProof | None = None
    ) -> None:
        """Carry out an approved disposal, not below what was approved (C4.12-05, C4.12-06). Open contracts end with it.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        DECISION_REQUIRED without a procedure; STEP_OUT_OF_ORDER when the disposal is closed, that or the code of a row for a step
        that the chain has before; CO_OWNER_CONSENT_REQUIRED, CODE_UNKNOWN, RULE_GAP (`propose_disposal`); AMOUNT_NOT_POSITIVE;
        APPRAISAL_EXPIRED by the day of the sale (P35); PRICE_BELOW_APPRAISAL for less than was approved, but for scrap that
        nobody buys; LESSEE_PREEMPTION_PENDING for a house whose lessee was not asked first, or may still answer.
        """
        current = self._under_way(disposal, at)
        if sale.price < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-05", field="price")
        self._must_be_led_to(self.Disposed, current, self._disposal_value(current, at), proof, at)
        check_sale(sale, current, at)
        if at.rules.asset_type(self.card.asset_type).real_estate:
            check_preemption(current, sale, self.contracts, at)
        self.record(
            self.Disposed,
            at,
            disposal=disposal,
            kind=current.proposal.kind,
            sale=sale,
            net_book_value=self.net_book_value,
            ended_contracts=tuple(code for code, contract in sorted(self.contracts.items()) if contract.open),
        )

    @event(Disposed)
    def _disposed(self, disposal: Code, sale: DisposalSale, ended_contracts: tuple[Code, ...]) -> None:
        self._advance(disposal, "DISPOSED", sale=sale)
        self.disposed_on = sale.disposed_on
        self.risks = {}
        ended = {"state": "TERMINATED", "ended_on": sale.disposed_on}
        self.contracts = self.contracts | {
            code: self.contracts[code].model_copy(update=ended) for code in ended_contracts
        }

    class DisposalProceedsReceived(AssetState.Event):
        """The price came in; 0.00 is recorded as such for scrap without value (C4.12-07)."""

        TOPIC: ClassVar[str] = "asset.disposal_proceeds_received"
        TITLE: ClassVar[str] = "处置收入入账"
        FACT: ClassVar[bool] = True
        disposal: Code = Field(title="处置编号")
        amount: Fen = Field(title="到账金额")
        received_on: ProceedsDay = Field(title="到账日期")
        voucher_no: Name = Field(title="记账凭证号")

        def carries_out(self, it: AssetState) -> Execution:
            """A step of the disposal that was decided on."""
            return _carried_out(it, self.disposal)

    def receive_proceeds(
        self, disposal: str, amount: Fen, received_on: date, voucher_no: str, at: Occasion
    ) -> None:
        """Record proceeds of a disposal: a fact (C4.12-07).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER
        before it is disposed of; AMOUNT_NOT_POSITIVE for less than zero; ALREADY_EXISTS when the voucher stands for
        another amount; AMOUNT_OUT_OF_RANGE when the sum is more than the log can carry.
        """
        at.cite("C4.12-07")
        self._allow("PROCEEDS", at)
        current = self.disposals.get(disposal)
        if current is None:
            raise refuse("NOT_FOUND", what=disposal)
        if current.state != "DISPOSED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.12-05", step="disposalProceeds", state=current.state)
        if amount < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-07", field="amount")
        if voucher_no in current.proceeds:
            if current.proceeds[voucher_no] == amount:
                return
            raise refuse("ALREADY_EXISTS", what=voucher_no)
        at.in_range(sum(current.proceeds.values()) + amount, "amount")
        self.record(
            self.DisposalProceedsReceived,
            at,
            disposal=disposal,
            amount=amount,
            received_on=received_on,
            voucher_no=voucher_no,
        )

    @event(DisposalProceedsReceived)
    def _disposal_proceeds_received(self, disposal: Code, amount: Fen, voucher_no: Name) -> None:
        current = self.disposals[disposal]
        self._advance(disposal, current.state, proceeds={**current.proceeds, voucher_no: amount})

    def disposal_value(self, disposal: str, at: Occasion) -> Fen:
        """What a disposal counts for in its series, fen: as it is appraised now, whatever it was approved to fetch (P02)."""
        counted = self.disposals[disposal].model_copy(update={"approval": None})
        return self._disposal_value(counted, at)

    # ---- what the chain says -----------------------------------------------------------------------------------

    def _under_way(self, disposal: str, at: Occasion) -> Disposal:
        """An open disposal that goes by a procedure; one of before needs none where it is imported history."""
        current = self._open_disposal(disposal, at)
        at.require(
            current.procedure is not None, "DECISION_REQUIRED", clause="C4.12-02", missing=["procedure"]
        )
        return current

    def _is_major(self, value: Fen, at: Occasion) -> bool:
        return at.rules.is_major_disposal(value, self.owner_kind, self.card.asset_class)

    def _chains(self, value: Fen, at: Occasion) -> tuple[Chain, ...]:
        """The chains by which a disposal of that value goes, fen."""
        return at.rules.disposal_chains(
            self.owner_kind,
            self.card.project_scope,
            self.card.asset_class,
            value,
            to_be_revived=self.to_be_revived,
        )

    def _must_be_open_to(self, current: Disposal, value: Fen, at: Occasion) -> None:
        """Its chain is one for a disposal of that value: what was opened as a small one stays small."""
        if current.chain is None:
            return
        codes = [one.code for one in self._chains(value, at)]
        at.require(current.chain in codes, "DECISION_REQUIRED", clause="C4.12-05", missing=codes)

    def _chain_of(self, current: Disposal, value: Fen, at: Occasion) -> Chain | None:
        """The chain it goes by; of imported history, without a procedure, the one that such a disposal would have gone."""
        if current.chain is None:
            return next(iter(self._chains(value, at)), None)
        return at.rules.chain(current.chain)

    def _step_of(
        self, fact: type[AssetState.Event], current: Disposal, value: Fen, at: Occasion
    ) -> ChainStep | None:
        chain = self._chain_of(current, value, at)
        return None if chain is None else chain.taken_by(fact.TOPIC)

    def _takers_of(self, step: ChainStep | None, value: Fen, at: Occasion) -> tuple[str, ...]:
        """Those who take a step, in their order: the levels and the approver of the route, or whom the row names."""
        if step is None:
            return ()
        route = at.rules.disposal_route(self.owner_kind or "", value, self.card.asset_class)
        at.cite(route.article)
        roles = step.all_of or (() if step.by is None else (step.by,))
        known = {"ROUTE": route.levels, "APPROVER": (route.approver,)}
        return tuple(unit for role in roles for unit in known.get(role, (role,)))

    def _must_be_led_to(
        self,
        fact: type[AssetState.Event],
        current: Disposal,
        value: Fen,
        proof: ProcedureProof | None,
        at: Occasion,
    ) -> None:
        """Every step that the chain has before this fact is done: by the asset's own facts, or shown by the procedure."""
        chain = self._chain_of(current, value, at)
        if chain is None:
            return
        kind, scope = self.owner_kind, self.card.project_scope
        waiting: list[tuple[ChainStep, list[str]]] = []
        settled: set[str] = set()
        for step in reversed(chain.leading_to(fact.TOPIC, kind, scope)):
            if step.optional or step.code in settled:
                continue
            lacking = self._lacking(step, current, value, proof, at)
            if lacking:
                waiting.insert(0, (step, lacking))
            elif any(_is_there(current, name) for name in step.facts):  # what came before it was asked then
                settled |= {one.code for name in step.facts for one in chain.leading_to(name, kind, scope)}
            elif step.decides and step.by in OWNERS:
                self._must_be_agreed(self._agreed(current, proof, at), at)
        for step, lacking in sorted(waiting, key=lambda one: one[0].refusal_when != "LACKING"):
            code = step.refusal if step.refusal_when == "LACKING" else None
            told = {} if code else {"step": step.code, "state": current.state}
            clause = "C4.12-05" if code in {None, "DECISION_REQUIRED"} else None
            at.refuse(code or "STEP_OUT_OF_ORDER", clause=clause, missing=lacking, **told)

    def _lacking(
        self, step: ChainStep, current: Disposal, value: Fen, proof: ProcedureProof | None, at: Occasion
    ) -> list[str]:
        """What of a step is not done."""
        taken = next((_RECORDED[name] for name in step.facts if name in _RECORDED), None)
        match taken:
            case None:
                done = proof is not None and proof.done_by(step.code, at.on)
                return [] if done else [step.code]
            case "proposal":
                return []
            case "forwarded":
                units = self._takers_of(step, value, at) if self.owner_kind is not None else ()
                return [one for one in units if one not in current.forwarded]
            case "approval":
                return [] if current.approved else ["approval"]
            case _:
                return [] if getattr(current, taken) is not None else [taken]

    def _agreed(self, current: Disposal, proof: ProcedureProof | None, at: Occasion) -> frozenset[str]:
        """Owners that voted for it in the procedure, and those that do not vote and agreed by that day."""
        units = {} if proof is None else proof.units
        voted = {unit for step in self._votes_of(current, at) for unit in units.get(step.code, ())}
        return frozenset(voted) | {one.owner for one in current.consents if one.consented_on <= at.on}

    def _must_be_agreed(self, agreed: frozenset[str], at: Occasion) -> None:
        """Owners with the part of the shares that P34 wants have decided on it (民法典 301)."""
        part, whole = at.rules.parameters["P34"].disposal_or_major_change
        share = sum(one.amount for one in self.owners if one.party in agreed)
        absent = sorted(self._owner_parties - set(agreed))
        at.require(
            share * whole >= self.card.original_value * part,
            "CO_OWNER_CONSENT_REQUIRED",
            clause="C4.12-05",
            missing=absent,
            owners=absent,
        )

    def _advance(self, disposal: str, state: str, **facts: Any) -> None:
        moved = self.disposals[disposal].model_copy(update={"state": state, **facts})
        self.disposals = {**self.disposals, disposal: moved}

    def _disposal_value(self, disposal: Disposal, at: Occasion) -> Fen:
        return disposal.value(
            original_value=self.card.original_value, net_book_value=self.net_book_value, at=at
        )


_RECORDED: Final = {
    AssetDisposals.DisposalProposed.TOPIC: "proposal",
    AssetDisposals.AppraisalRecorded.TOPIC: "appraisal",
    AssetDisposals.AppraisalPublished.TOPIC: "publication",
    AssetDisposals.DisposalForwarded.TOPIC: "forwarded",
    AssetDisposals.DisposalApproved.TOPIC: "approval",
    AssetDisposals.Disposed.TOPIC: "sale",
}
"""Facts of a disposal that the asset keeps → where."""


def _is_there(current: Disposal, fact: str) -> bool:
    """Whether the asset has recorded it; a step that nobody has to take is done without it."""
    kept = _RECORDED.get(fact)
    return kept is not None and bool(current.approved if kept == "approval" else getattr(current, kept))


def _carried_out(it: AssetState, disposal: str, unit: str | None = None) -> Execution:
    """The disposal is its first owner's, who proposes it for all; `unit`: another unit's part in it."""
    owner = it.owners[0].party if it.owners else ""
    return disposal_carried_out(it.id, it.disposals[disposal].proposal, unit or owner)
