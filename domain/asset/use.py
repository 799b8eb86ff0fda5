"""The use and condition of an asset (三(四), 四(三)): used, looked at, at risk, kept up, counted, verified, entered elsewhere."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar, get_args

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.days import UseDay
from domain.asset.facts.external_entry import ExternalEntry, Stocktaking, check_entry
from domain.asset.facts.upkeep import (
    HerdChange,
    Maintenance,
    MaintenancePlan,
    ManagementRule,
    OperationState,
    StatusReport,
    check_herd_change,
)
from domain.asset.state import TITLE_UNCLEAR, AssetState
from domain.refusals import refuse
from domain.values import BusinessDate, Fen, PartyShare, Quantity, Text, divided

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetUse(AssetState):
    """The part of `Asset` that knows how it is used and what shape it is in."""

    class PutIntoUse(AssetState.Event):
        """Delivered and in use."""

        TOPIC: ClassVar[str] = "asset.put_into_use"
        TITLE: ClassVar[str] = "投入使用"
        FACT: ClassVar[bool] = True
        in_use_since: UseDay = Field(title="投入使用日期")

    def put_into_use(self, in_use_since: date, at: Occasion) -> None:
        """Put into use, not before the acceptance (C4.3-01).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; STEP_OUT_OF_ORDER when it is in
        use since another day.
        """
        at.cite("C4.3-01")
        self._allow("STATUS_REPORT", at)
        if in_use_since == self.in_use_since:
            return
        at.require(
            self.in_use_since is None,
            "STEP_OUT_OF_ORDER",
            clause="C4.3-01",
            step="putIntoUse",
            state=self.operation,
        )
        self.record(self.PutIntoUse, at, in_use_since=in_use_since)

    @event(PutIntoUse)
    def _put_into_use(self, in_use_since: BusinessDate) -> None:
        self.operation = "IN_USE"
        self.in_use_since = in_use_since

    class OperationStatusReported(AssetState.Event):
        """Somebody looked at the asset and said how it is."""

        TOPIC: ClassVar[str] = "asset.operation_status_reported"
        TITLE: ClassVar[str] = "使用状况报告"
        FACT: ClassVar[bool] = True
        report: StatusReport = Field(title="使用状况报告")
        opened_risks: tuple[str, ...] = Field(title="标记的风险")
        cleared_risks: tuple[str, ...] = Field(title="解除的风险")
        status_risks: tuple[str, ...] | None = Field(
            default=None,
            title="使用状况所能标记的风险",
            description="按当日规则；补录时据以重新判断标记和解除，较早的事件没有",
        )

    def report_status(self, report: StatusReport, at: Occasion) -> None:
        """Report the condition: a fact, refused only for an asset that is gone. Opens and clears risks (C3-08, C0-01).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C3-08", "C0-01")
        self._allow("STATUS_REPORT", at)
        if report == self.last_report:
            return
        seen = sorted(at.rules.risk_kinds.intersection(get_args(OperationState)))
        self.record(
            self.OperationStatusReported,
            at,
            report=report,
            opened_risks=tuple(kind for kind in seen if kind == report.state and kind not in self.risks),
            cleared_risks=tuple(kind for kind in seen if kind != report.state and kind in self.risks),
            status_risks=tuple(seen),
        )

    @event(OperationStatusReported)
    def _operation_status_reported(
        self,
        report: StatusReport,
        opened_risks: tuple[str, ...],
        cleared_risks: tuple[str, ...],
        status_risks: tuple[str, ...] | None,
    ) -> None:
        if status_risks is not None:  # what it opens and clears where other reports have come before it since
            opened_risks = tuple(
                kind for kind in status_risks if kind == report.state and kind not in self.risks
            )
            cleared_risks = tuple(kind for kind in status_risks if kind != report.state)
        self.operation = report.state
        self.last_report = report
        if self.in_use_since is None and report.state in {"IN_USE", "PARTLY_USED"}:
            self.in_use_since = report.reported_on
        kept = {kind: day for kind, day in self.risks.items() if kind not in cleared_risks}
        self.risks = kept | dict.fromkeys(opened_risks, report.reported_on)

    class RiskFlagged(AssetState.Event):
        """One of the five losses the regulation wants avoided is suspected."""

        TOPIC: ClassVar[str] = "asset.risk_flagged"
        TITLE: ClassVar[str] = "风险标记"
        FACT: ClassVar[bool] = True
        kind: str = Field(title="风险种类")
        reason: Text = Field(title="标记原因")

    def flag_risk(self, kind: str, reason: str, at: Occasion) -> None:
        """Open a risk flag, at most one per kind (C0-01). TITLE_UNCLEAR opens the title again (C4.5-07).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; UNKNOWN_RISK_KIND for one the
        county's table does not have; RISK_ALREADY_OPEN while a flag of the kind stands.
        """
        at.cite("C0-01")
        self._allow("RISK", at)
        if kind not in at.rules.risk_kinds:
            raise refuse("UNKNOWN_RISK_KIND", kind=kind)
        if kind in self.risks:
            raise refuse("RISK_ALREADY_OPEN", kind=kind, since=self.risks[kind])
        self.record(self.RiskFlagged, at, kind=kind, reason=reason)

    @event(RiskFlagged)
    def _risk_flagged(self, kind: str, occurred_on: date) -> None:
        self.risks = {**self.risks, kind: occurred_on}
        if kind == TITLE_UNCLEAR and self.title == "CONFIRMED":
            self.title = "DISPUTED"

    class RiskCleared(AssetState.Event):
        """A suspected loss was dealt with."""

        TOPIC: ClassVar[str] = "asset.risk_cleared"
        TITLE: ClassVar[str] = "风险解除"
        kind: str = Field(title="风险种类")
        reason: Text = Field(title="解除原因")

    def clear_risk(self, kind: str, reason: str, at: Occasion) -> None:
        """Close an open risk flag (C0-01); an unclear title is settled by a confirmation and nothing else (C4.5-07).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND when no flag of the kind
        stands; COUNTY_DECISION_REQUIRED for an unclear title.
        """
        at.cite("C0-01")
        self._allow("RISK", at)
        if kind not in self.risks:
            raise refuse("NOT_FOUND", what=kind)
        if kind == TITLE_UNCLEAR:
            raise refuse("COUNTY_DECISION_REQUIRED", clause="C4.5-07", missing=["ownershipConfirmation"])
        self.record(self.RiskCleared, at, kind=kind, reason=reason)

    @event(RiskCleared)
    def _risk_cleared(self, kind: str) -> None:
        self.risks = {name: day for name, day in self.risks.items() if name != kind}

    class MaintenancePlanned(AssetState.Event):
        """A plan of upkeep set."""

        TOPIC: ClassVar[str] = "asset.maintenance_planned"
        TITLE: ClassVar[str] = "养护计划"
        plan: MaintenancePlan = Field(title="养护计划")

    def plan_maintenance(self, plan: MaintenancePlan, at: Occasion) -> None:
        """Set the interval of upkeep (C4.3-14); a new plan replaces the one before.

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C4.3-14")
        self._allow("MAINTENANCE", at)
        if plan != self.maintenance_plan:
            self.record(self.MaintenancePlanned, at, plan=plan)

    @event(MaintenancePlanned)
    def _maintenance_planned(self, plan: MaintenancePlan) -> None:
        self.maintenance_plan = plan

    class MaintenanceDone(AssetState.Event):
        """Upkeep was done."""

        TOPIC: ClassVar[str] = "asset.maintenance_done"
        TITLE: ClassVar[str] = "养护维修"
        FACT: ClassVar[bool] = True
        maintenance: Maintenance = Field(title="养护记录")
        cost_shares: tuple[PartyShare, ...] = Field(title="费用分摊")

    def maintain(self, maintenance: Maintenance, at: Occasion) -> None:
        """Record upkeep; its cost is borne by the owners in proportion to their shares (C4.3-14, C4.7-09).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; AMOUNT_NOT_POSITIVE for a cost
        below zero; VOUCHER_REQUIRED when it cost something.
        """
        at.cite("C4.3-14", "C4.7-09")
        self._allow("MAINTENANCE", at)
        if maintenance == self.last_maintenance:
            return
        if maintenance.cost < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-09", field="cost")
        at.require(
            maintenance.cost == 0 or maintenance.voucher_no is not None,
            "VOUCHER_REQUIRED",
            missing=["voucherNo"],
        )
        self.record(
            self.MaintenanceDone,
            at,
            maintenance=maintenance,
            cost_shares=divided(maintenance.cost, self.owners),
        )

    def cost_shares(self, cost: Fen, at: Occasion) -> tuple[PartyShare, ...]:
        """What each owner bears of a cost of upkeep, by the confirmed value of the day, exact to the fen (C4.7-09).

        Refused: by the life-cycle table ASSET_DISPOSED; OWNERSHIP_NOT_CONFIRMED before anybody owns it.
        """
        self._allow("MAINTENANCE", at)
        at.require(self.owners, "OWNERSHIP_NOT_CONFIRMED", missing=["ownershipConfirmation"])
        return divided(cost, self.owners)

    @event(MaintenanceDone)
    def _maintenance_done(self, maintenance: Maintenance) -> None:
        self.last_maintenance = maintenance

    class HerdCountChanged(AssetState.Event):
        """Animals were born, bought, sold, culled or died; `quantity` is how many there are now."""

        TOPIC: ClassVar[str] = "asset.herd_count_changed"
        TITLE: ClassVar[str] = "存栏变动"
        FACT: ClassVar[bool] = True
        herd_change: HerdChange = Field(title="存栏变动")
        quantity: Quantity = Field(title="变动后数量")

    def change_herd_count(self, change: HerdChange, at: Occasion) -> None:
        """Record that a herd grew or shrank: a fact (C4.2-04).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; FIELD_INVALID for an asset that is
        no herd and for a number that does not fit the kind of change; CODE_UNKNOWN for a kind the county's list
        does not have; EVIDENCE_REQUIRED where that list asks for it; QUANTITY_NEGATIVE when fewer than none would
        be left.
        """
        self._allow("STATUS_REPORT", at)
        check_herd_change(change, self.card.asset_type, self.quantity, at)
        self.record(self.HerdCountChanged, at, herd_change=change, quantity=self.quantity + change.change)

    @event(HerdCountChanged)
    def _herd_count_changed(self, herd_change: HerdChange) -> None:
        self.quantity = self.quantity + herd_change.change

    class ManagementRuleAdopted(AssetState.Event):
        """An owner has a rule document of its own for this asset."""

        TOPIC: ClassVar[str] = "asset.management_rule_adopted"
        TITLE: ClassVar[str] = "制定资产管理制度"
        management_rule: ManagementRule = Field(title="资产管理制度内容")

    def adopt_management_rule(self, management_rule: ManagementRule, at: Occasion) -> None:
        """Record the owner's rule for the asset (C5.3-01); a newer one of the same owner takes its place.

        OWNERSHIP_NOT_CONFIRMED before anybody owns it, RULE_OWNER_MISMATCH for a document of somebody else.

        Refused also: ASSET_DISPOSED.
        """
        at.cite("C5.3-01")
        self._allow("ARCHIVE", at)
        at.require(self.confirmed_on, "OWNERSHIP_NOT_CONFIRMED", missing=["ownershipConfirmation"])
        owners = self.accountable_parties
        at.require(
            not owners or management_rule.owner in owners, "RULE_OWNER_MISMATCH", owner=management_rule.owner
        )
        if self.management_rules.get(management_rule.owner) != management_rule:
            self.record(self.ManagementRuleAdopted, at, management_rule=management_rule)

    @event(ManagementRuleAdopted)
    def _management_rule_adopted(self, management_rule: ManagementRule) -> None:
        self.management_rules = {**self.management_rules, management_rule.owner: management_rule}

    class StocktakeRecorded(AssetState.Event):
        """The asset was verified in a stocktake (清产核资)."""

        TOPIC: ClassVar[str] = "asset.stocktake_recorded"
        TITLE: ClassVar[str] = "清产核资"
        FACT: ClassVar[bool] = True
        stocktaking: Stocktaking = Field(title="清产核资记录")

    def record_stocktake(self, stocktaking: Stocktaking, at: Occasion) -> None:
        """Record that a stocktake found and verified the asset: a fact (C4.5-12).

        Refused: ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED.
        """
        at.cite("C4.5-12")
        self._allow("STATUS_REPORT", at)
        if stocktaking == self.stocktaking:
            return
        self.record(self.StocktakeRecorded, at, stocktaking=stocktaking)

    @event(StocktakeRecorded)
    def _stocktake_recorded(self, stocktaking: Stocktaking) -> None:
        self.stocktaking = stocktaking

    class ExternalEntryRecorded(AssetState.Event):
        """The asset was entered in a system outside, under its reference number."""

        TOPIC: ClassVar[str] = "asset.external_entry_recorded"
        TITLE: ClassVar[str] = "外部系统录入"
        FACT: ClassVar[bool] = True
        entry: ExternalEntry = Field(title="外部系统录入记录")

    def record_external_entry(
        self, entry: ExternalEntry, at: Occasion, *, stocktake_stands: bool = True
    ) -> None:
        """Record the entry in one system; obligations open with the confirmation (C4.3-06, C4.3-07, C4.5-12, T10).

        `stocktake_stands`: whether the stocktake that is on record of the asset is one of the log, complete, and saw it.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, and the latter before the title is
        confirmed; REF_REQUIRED, CODE_UNKNOWN for the entry itself; EXTERNAL_SYSTEM_NOT_APPLICABLE for a system it
        does not go into; EXTERNAL_ENTRY_PER_SYSTEM when one number stands for two systems; ALREADY_EXISTS when the
        system has it under another number; STOCKTAKE_REQUIRED before a stocktake has verified it.
        """
        self._allow("EXTERNAL_ENTRY", at)
        at.require(self.confirmed_on, "OWNERSHIP_NOT_CONFIRMED", missing=["ownershipConfirmation"])
        verified = self.stocktaking is not None and stocktake_stands
        if check_entry(entry, self.external_duties, self.external_entries, verified=verified, at=at):
            self.record(self.ExternalEntryRecorded, at, entry=entry)

    @event(ExternalEntryRecorded)
    def _external_entry_recorded(self, entry: ExternalEntry) -> None:
        self.external_entries = {**self.external_entries, entry.system: entry}
