"""Disposal of an asset: proposed, appraised, published, approved, carried out, its proceeds (四(十二), A14)."""

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
from domain.asset.facts.texts import disposal_carried_out
from domain.execution import Execution
from domain.refusals import refuse
from domain.values import Code, Fen, Name, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation.rows import Action
from domain.asset.state import AssetState

NOTHING: Final = Fen(0)
"""What counts beside a disposal that is alone in its series."""


class AssetDisposals(AssetState):
    """The part of `Asset` that knows how its life ends."""

    class DisposalProposed(AssetState.Event):
        """The owner proposes to auction, sell or scrap the asset."""

        TOPIC: ClassVar[str] = "asset.disposal_proposed"
        TITLE: ClassVar[str] = "提出处置"
        proposal: DisposalProposal = Field(title="处置方案")

    def propose_disposal(self, proposal: DisposalProposal, at: Occasion) -> None:
        """Propose a disposal (C4.12-01): as a rule not of an asset that runs well (P23).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS;
        ALREADY_EXISTS; FIELD_REQUIRED for another kind without its name; DECISION_REQUIRED without a document where
        the owner's village has to decide; CODE_UNKNOWN when the county has no such chain;
        WELL_OPERATING_NOT_DISPOSABLE for an asset that runs well.
        """
        self._allow("PROPOSE_DISPOSAL", at)
        if proposal.disposal in self.disposals:
            raise refuse("ALREADY_EXISTS", what=proposal.disposal)
        check_proposal(proposal, owner_kind=self.owner_kind or "", at=at)
        good = at.rules.parameters["P23"]
        runs_well = self.operation in good.operation_states and not self.risks.keys() & set(
            good.without_flags
        )
        at.require(not runs_well, "WELL_OPERATING_NOT_DISPOSABLE", state=self.operation)
        self.record(self.DisposalProposed, at, proposal=proposal)

    @event(DisposalProposed)
    def _disposal_proposed(self, proposal: DisposalProposal) -> None:
        self.disposals = {**self.disposals, proposal.disposal: Disposal(proposal=proposal)}

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
        self, disposal: str, appraisal: Appraisal, at: Occasion, *, beside: Fen = NOTHING
    ) -> None:
        """Record the appraisal; from 10万元 on by a licensed agency (C4.12-04). A new one starts the way anew.

        `beside`, fen: what counts with it in its series (P03).
        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the disposal is closed; AMOUNT_NOT_POSITIVE; AGENCY_APPRAISAL_REQUIRED from the
        threshold on without an agency, and for an agency without its licence; APPRAISAL_REQUIRED below it with too
        few signers; AMOUNT_OUT_OF_RANGE.
        """
        current = self._open_disposal(disposal, at)
        if current.appraisal == appraisal:
            return
        value = self._disposal_value(
            current.model_copy(update={"appraisal": appraisal, "approval": None}), at
        )
        check_appraisal(appraisal, value=at.in_range(value + beside, "value"), at=at)
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
            disposal, "APPRAISED", appraisal=appraisal, publication=None, forwarded=(), approval=None
        )

    class AppraisalPublished(AssetState.Event):
        """The result was made public where the asset belongs."""

        TOPIC: ClassVar[str] = "asset.appraisal_published"
        TITLE: ClassVar[str] = "评估结果公开"
        disposal: Code = Field(title="处置编号")
        publication: Publication = Field(title="评估结果公开情况")

    def publish_appraisal(self, disposal: str, publication: Publication, at: Occasion) -> None:
        """Publish the appraisal result at the owner's place (C4.12-03).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when it was forwarded already or the disposal is closed; APPRAISAL_REQUIRED before there
        is one; NOTICE_PLACE_MISSING when it does not hang at the owner's place.
        """
        current = self._open_disposal(disposal, at)
        if current.publication == publication:
            return
        at.require(current.appraisal, "APPRAISAL_REQUIRED", missing=["appraisal"])
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

    def forward_disposal(
        self, disposal: str, level: str, opinion: str, at: Occasion, *, beside: Fen = NOTHING
    ) -> None:
        """Pass the proposal to the next level of the route, never skipping one (C4.12-05, A14).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when another level is due or the disposal is closed; APPRAISAL_NOT_PUBLISHED; RULE_GAP
        when no route covers the owner and value; CODE_UNKNOWN for a level that is not on the route;
        AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.12-05")
        current = self._open_disposal(disposal, at)
        at.require(current.publication, "APPRAISAL_NOT_PUBLISHED", missing=["publication"])
        if self.owner_kind is not None:  # without an owner, in imported history, nobody knows the route
            route = at.rules.disposal_route(
                self.owner_kind, at.in_range(self._disposal_value(current, at) + beside, "value")
            )
            if level not in route.levels:
                raise refuse(
                    "CODE_UNKNOWN", clause="C4.12-05", listed_in="disposal-routes", field="level", value=level
                )
            due = [step for step in route.levels if step not in current.forwarded][:1]
            at.require(
                due == [level],
                "STEP_OUT_OF_ORDER",
                clause="C4.12-05",
                step=level,
                state=current.state,
                missing=due,
            )
        self.record(self.DisposalForwarded, at, disposal=disposal, level=level, opinion=opinion)

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

    def approve_disposal(
        self, disposal: str, approval: Approval, at: Occasion, *, beside: Fen = NOTHING
    ) -> None:
        """Approve: by the county government from 10万元 on, else by the approver of P04 (C4.12-05).

        An approved disposal may be approved again at a lower price, e.g. after an auction without a bidder.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when a level of the route was left out or the disposal is closed; APPRAISAL_REQUIRED;
        APPRAISAL_EXPIRED by the day of the approval (P35); AGENCY_APPRAISAL_REQUIRED and APPRAISAL_REQUIRED when the
        series has grown beyond the appraiser since; APPRAISAL_NOT_PUBLISHED; NOTICE_PERIOD_RUNNING;
        AMOUNT_NOT_POSITIVE; RULE_GAP when no route covers the owner and value; APPROVAL_LEVEL_TOO_LOW for an
        approver below the competent one; AMOUNT_OUT_OF_RANGE.
        """
        current = self._open_disposal(disposal, at)
        if current.approval == approval:
            return
        value = at.in_range(self._disposal_value(current, at) + beside, "value")
        check_approval(approval, current, value=value, owner_kind=self.owner_kind, at=at)
        self.record(self.DisposalApproved, at, disposal=disposal, approval=approval, value=value)

    @event(DisposalApproved)
    def _disposal_approved(self, disposal: Code, approval: Approval) -> None:
        self._advance(disposal, "APPROVED", approval=approval)

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

    def dispose(self, disposal: str, sale: DisposalSale, at: Occasion) -> None:
        """Carry out an approved disposal, not below what was approved (C4.12-05, C4.12-06). Open contracts end with it.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; NOT_FOUND;
        STEP_OUT_OF_ORDER when the disposal is closed; AMOUNT_NOT_POSITIVE; APPRAISAL_REQUIRED; APPROVAL_REQUIRED
        before it is approved; APPRAISAL_EXPIRED by the day of the sale (P35); PRICE_BELOW_APPRAISAL for less than
        was approved, but for scrap that nobody buys.
        """
        current = self._open_disposal(disposal, at)
        check_sale(sale, current, at)
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

    def _advance(self, disposal: str, state: str, **facts: Any) -> None:
        moved = self.disposals[disposal].model_copy(update={"state": state, **facts})
        self.disposals = {**self.disposals, disposal: moved}

    def _open_disposal(self, disposal: str, at: Occasion, action: Action = "DISPOSE") -> Disposal:
        self._allow(action, at)
        current = self.disposals.get(disposal)
        if current is None:
            raise refuse("NOT_FOUND", what=disposal)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.12-05", step="disposal", state=current.state)
        return current

    def _disposal_value(self, disposal: Disposal, at: Occasion) -> Fen:
        return disposal.value(
            original_value=self.card.original_value, net_book_value=self.net_book_value, at=at
        )


def _carried_out(it: AssetState, disposal: str) -> Execution:
    """The disposal is its first owner's, who proposes it for all."""
    return disposal_carried_out(
        it.id, it.disposals[disposal].proposal, it.owners[0].party if it.owners else ""
    )
