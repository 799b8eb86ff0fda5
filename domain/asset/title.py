"""The title of an asset (确权, 四(五)): whose it is, by which rule, and what is still due after it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.days import FilingDay
from domain.asset.facts.external_entry import ExternalEntryDuty, duties_of
from domain.asset.facts.income import credited
from domain.asset.facts.ownership import OwnershipConfirmation, TitleEvidence, TitleHolder, check_confirmation
from domain.asset.facts.title_plan import title_digests
from domain.asset.state import TITLE_UNCLEAR, AssetState
from domain.procedure.proof import ProcedureProof
from domain.refusals import refuse
from domain.values import Code, Name, PartyShare, divided

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetTitle(AssetState):
    """The part of `Asset` that knows who owns it."""

    def title_evidence(self, proof: ProcedureProof | None = None) -> TitleEvidence:
        """What the asset, and the procedure if there is one, show of the steps before a confirmation."""
        return TitleEvidence(
            asset=self.id,
            transfers=tuple(self.transfers.values()),
            planned=self.planned_shares,
            decision=self._valid_decision,
            certificates=self.ownership_certificates,
            proof=proof,
        )

    class OwnershipConfirmed(AssetState.Event):
        """Title confirmed: owners, shares and the rule behind them; the accounting regime; the owners of earlier
        income.

        `holders`: who in law holds each owner's share. `filing_due`: to whom it has still to be filed.
        """

        TOPIC: ClassVar[str] = "asset.ownership_confirmed"
        TITLE: ClassVar[str] = "确权"
        confirmation: OwnershipConfirmation = Field(title="确权内容")
        rule: str = Field(title="确权依据规则")
        regime: str = Field(title="会计制度")
        attributions: tuple[PartyShare, ...] = Field(title="收益归属")
        external_duties: tuple[ExternalEntryDuty, ...] | None = Field(default=None, title="应录入的外部系统")
        """The systems outside it has to be entered in; none where an older confirmation does not say."""
        holders: tuple[TitleHolder, ...] | None = Field(default=None, title="权利主体")
        filing_due: Code | None = Field(default=None, title="待备案机关")

    def confirm_ownership(
        self,
        confirmation: OwnershipConfirmation,
        at: Occasion,
        *,
        proof: ProcedureProof | None = None,
        holders: tuple[TitleHolder, ...] = (),
    ) -> None:
        """Confirm ownership by the decision table of the day (四(五), T3, T4).

        `proof`: of the procedure the confirmation names. `holders`: who in law holds the owners' shares (C3-06).

        Refused: ASSET_DISPOSED, DISPOSAL_IN_PROGRESS, OWNERSHIP_NOT_CONFIRMED, STEP_OUT_OF_ORDER, RULE_GAP,
        OWNER_TYPE_NOT_ALLOWED, RIGHT_OVERLAP, AMOUNT_NOT_POSITIVE, SHARES_NOT_100, ACCOUNTABLE_IS_OWNER,
        OWNER_RULE_CONFLICT, PLAN_HASH_MISMATCH, CODE_UNKNOWN, FIELD_REQUIRED, INCOME_RIGHT_BASIS_REQUIRED,
        USEFUL_LIFE_INVALID, REGIME_MISMATCH, the code of a row (`OwnershipStep.refusal`, `CardItem.refusal`).
        """
        self._title_must_be_open("ownershipConfirmation", at)
        advice, regime = check_confirmation(
            confirmation,
            self.card,
            self.title_evidence(proof),
            title_unclear=self.title_unclear,
            at=at,
        )
        at.warn("NOTICE_MISSING", step="ownershipConfirmation")
        unattributed = self.income_received - self.income_distributed - sum(self.income_by_holder.values())
        filing = [step for step in advice.step_rows if step.after_confirmation and step.code == "FILING"]
        self.record(
            self.OwnershipConfirmed,
            at,
            confirmation=confirmation.model_copy(update={"regime": None, "accountable_party": None}),
            rule=advice.rule,
            regime=regime,
            attributions=divided(unattributed, confirmation.income_right_holders or confirmation.owners),
            external_duties=duties_of(
                self.card.asset_class,
                confirmation.owner_kind,
                self.card.asset_type,
                owners=tuple(share.party for share in confirmation.owners),
                location=self.card.location,
                at=at,
            ),
            holders=holders or None,
            filing_due=self._filing_addressee(advice.chain, at) if filing else None,
        )

    @staticmethod
    def _filing_addressee(chain: str | None, at: Occasion) -> str | None:
        steps = at.rules.chain(chain).steps if chain is not None else ()
        return next((step.filing.addressee for step in steps if step.filing is not None), None)

    @event(OwnershipConfirmed)
    def _ownership_confirmed(
        self,
        confirmation: OwnershipConfirmation,
        rule: str,
        regime: str,
        attributions: tuple[PartyShare, ...],
        external_duties: tuple[ExternalEntryDuty, ...] | None,
        occurred_on: date,
        holders: tuple[TitleHolder, ...] | None,
        filing_due: Code | None,
    ) -> None:
        self.title = "CONFIRMED"
        self.confirmed_on = occurred_on
        self.external_duties = external_duties or ()
        self.owners = confirmation.owners
        self.owner_kind = confirmation.owner_kind
        self.title_holders = holders or ()
        self.ownership_rule = rule
        self.regime = regime
        if not self._operated:
            self.user_right_holder = confirmation.user_right_holder or self._using_owner
        self.income_right_holders = confirmation.income_right_holders
        self.income_by_holder = credited(self.income_by_holder, attributions)
        self.filing_due = filing_due
        self.risks = {kind: day for kind, day in self.risks.items() if kind != TITLE_UNCLEAR}

    class OwnershipFiled(AssetState.Event):
        """The title of joint villages was filed at the county's agriculture bureau."""

        TOPIC: ClassVar[str] = "asset.ownership_filed"
        TITLE: ClassVar[str] = "确权备案"
        addressee: Code = Field(title="备案机关")
        procedure: Code = Field(title="程序编号")
        filed_on: FilingDay = Field(title="备案日期")
        document_no: Name | None = Field(default=None, title="备案文号")

    def file_ownership(
        self, filed_on: date, document_no: str | None, proof: ProcedureProof, at: Occasion
    ) -> None:
        """Record that the title was filed as the chain wants it (C4.5-06): after the last certificate, in its procedure.

        Refused: STEP_OUT_OF_ORDER before the confirmation or before the procedure's own filing, PLAN_HASH_MISMATCH,
        ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C4.5-06")
        self._allow("TITLE_DECISION", at)
        if self.title == "CONFIRMED" and self.filing_due is None:
            return
        at.require(
            self.title == "CONFIRMED",
            "STEP_OUT_OF_ORDER",
            clause="C4.5-06",
            step="ownershipFiling",
            state=self.title,
            missing=["ownershipConfirmation"],
        )
        if proof.subject_sha256 not in title_digests(self.id, self.owner_kind or "", self.owners):
            raise refuse("PLAN_HASH_MISMATCH", clause="C4.5-06", missing=["procedure"])
        at.require(proof.done_by("FILING", at.on), "STEP_OUT_OF_ORDER", clause="C4.5-06", missing=["FILING"])
        self.record(
            self.OwnershipFiled,
            at,
            addressee=self.filing_due,
            procedure=proof.procedure,
            filed_on=filed_on,
            document_no=document_no,
        )

    @event(OwnershipFiled)
    def _ownership_filed(self) -> None:
        self.filing_due = None
