"""The state of an asset: everything its events lead to, declared once, and what follows from it (T11)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field

from domain.aggregate import DomainAggregate
from domain.asset.facts.card import Document, RegisterCard
from domain.asset.facts.certificates import OwnershipCertificate, PropertyRegistration, TitleCertificate
from domain.asset.facts.consents import OwnerConsent, Sublease
from domain.asset.facts.contract import Contract
from domain.asset.facts.custody import Custody, Supervision
from domain.asset.facts.disposal import Disposal
from domain.asset.facts.external_entry import ExternalEntry, ExternalEntryDuty, Stocktaking
from domain.asset.facts.history import ImportedHistory
from domain.asset.facts.ownership import CountyDecision, TitleDispute, TitleHolder
from domain.asset.facts.platforms import PlatformAuthorisation
from domain.asset.facts.rights import RightAssignment
from domain.asset.facts.risk_cover import HeldCover
from domain.asset.facts.settlement import SettledValue
from domain.asset.facts.title_plan import JointShares, QuantificationPlan
from domain.asset.facts.transfer import AssetTransfer
from domain.asset.facts.upkeep import (
    Maintenance,
    MaintenancePlan,
    ManagementRule,
    OperationState,
    StatusReport,
)
from domain.asset.guidance import Guidance
from domain.refusals import refuse
from domain.values import Code, Fen, PartyShare, Quantity, Sha256, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation.rows import Action, ChainStep

OWNERS: Final = frozenset({"OWNER", "VILLAGE"})
"""Roles of a chain in which owners decide for themselves."""

TITLE_UNCLEAR: Final = "TITLE_UNCLEAR"
"""The risk that opens a title (权属不清): while it is flagged, a confirmed title counts as disputed."""


class TitleProcedure(Value):
    """The procedure a title is in: over which text by its digest."""

    procedure: Code = Field(title="程序编号")
    chain: Code = Field(title="流程代码")
    subject_sha256: Sha256 = Field(title="事项内容摘要")


class AssetState(DomainAggregate):
    """State that the parts of `Asset` share: its attributes by subject, and the questions that more than one part
    asks.
    """

    # registration
    card: Annotated[RegisterCard, Field(title="登记卡")]
    scope: Annotated[Literal["IN", "OUT"], Field(title="管理范围")]
    guidance: Annotated[Guidance | None, Field(title="指导部门")]
    documents: Annotated[dict[str, Document], Field(title="存档资料")]
    booked: Annotated[dict[str, Fen], Field(title="各单位入账金额")]

    settled_value: Annotated[SettledValue | None, Field(title="竣工决算价值")]

    imported_history: Annotated[tuple[ImportedHistory, ...], Field(title="补录的历史事项")]

    # transfers between units
    transfers: Annotated[dict[str, AssetTransfer], Field(title="资产移交")]

    # title
    title: Annotated[Literal["UNCONFIRMED", "IN_PROCEDURE", "CONFIRMED", "DISPUTED"], Field(title="权属状态")]
    joint_shares: Annotated[JointShares | None, Field(title="联建份额")]
    quantification_plan: Annotated[QuantificationPlan | None, Field(title="量化方案")]
    title_procedure: Annotated[TitleProcedure | None, Field(title="确权程序")]
    county_decision: Annotated[CountyDecision | None, Field(title="县人民政府决定")]
    title_dispute: Annotated[TitleDispute | None, Field(title="产权不明晰情况")]
    ownership_certificates: Annotated[dict[str, OwnershipCertificate], Field(title="确权书")]
    owners: Annotated[tuple[PartyShare, ...], Field(title="所有权人份额")]
    owner_kind: Annotated[str | None, Field(title="所有权人类型")]
    confirmed_on: Annotated[date | None, Field(title="确权日期")]
    external_duties: Annotated[tuple[ExternalEntryDuty, ...], Field(title="应录入的外部系统")]
    title_holders: Annotated[tuple[TitleHolder, ...], Field(title="权利主体")]
    ownership_rule: Annotated[str | None, Field(title="确权依据规则")]
    regime: Annotated[str | None, Field(title="会计制度")]
    user_right_holder: Annotated[
        str | None,
        Field(title="使用权人", description="共有资产无经营主体又未指定的为空：由全体所有权人按份额享有"),
    ]
    income_right_holders: Annotated[tuple[PartyShare, ...], Field(title="收益权人份额")]
    filing_due: Annotated[str | None, Field(title="待备案机关")]

    # rights
    rights: Annotated[tuple[RightAssignment, ...], Field(title="权利安排")]
    platforms: Annotated[tuple[PlatformAuthorisation, ...], Field(title="平台授权")]
    title_certificates: Annotated[dict[str, TitleCertificate], Field(title="产权证")]
    property_registrations: Annotated[dict[str, PropertyRegistration], Field(title="产权登记")]

    # use and condition
    operation: Annotated[OperationState, Field(title="使用状态")]
    in_use_since: Annotated[date | None, Field(title="投入使用日期")]
    last_report: Annotated[StatusReport | None, Field(title="最近使用状况报告")]
    risks: Annotated[dict[str, date], Field(title="未解除的风险")]
    maintenance_plan: Annotated[MaintenancePlan | None, Field(title="养护计划")]
    last_maintenance: Annotated[Maintenance | None, Field(title="最近养护")]
    quantity: Annotated[Quantity, Field(title="现有数量")]
    stocktaking: Annotated[Stocktaking | None, Field(title="最近清产核资")]
    external_entries: Annotated[dict[str, ExternalEntry], Field(title="外部系统录入")]
    management_rules: Annotated[dict[str, ManagementRule], Field(title="资产管理制度")]

    # contracts
    contracts: Annotated[dict[str, Contract], Field(title="各经营合同")]
    risk_covers: Annotated[dict[str, HeldCover], Field(title="各项风险保障")]
    consents: Annotated[tuple[OwnerConsent, ...], Field(title="所有权人各项意见")]
    subleases: Annotated[dict[str, Sublease], Field(title="各项转租")]

    # income
    income_received: Annotated[Fen, Field(title="累计到账收益")]
    income_distributed: Annotated[Fen, Field(title="累计分配收益")]
    income_by_holder: Annotated[dict[str, Fen], Field(title="各收益权人结余")]
    received_by_contract: Annotated[dict[str, Fen], Field(title="各合同累计收款")]
    receipts: Annotated[dict[str, str], Field(title="各收款单内容摘要")]
    payments: Annotated[dict[str, str], Field(title="各次分配内容摘要")]

    # depreciation
    accumulated_depreciation: Annotated[Fen, Field(title="累计折旧")]
    depreciated_through: Annotated[int | None, Field(title="折旧计提至年度")]

    # custody
    custody: Annotated[Custody | None, Field(title="管护安排")]
    supervision: Annotated[tuple[Supervision, ...], Field(title="监管安排")]

    # disposal
    disposals: Annotated[dict[str, Disposal], Field(title="处置程序")]
    disposed_on: Annotated[date | None, Field(title="处置日期")]

    class Event(DomainAggregate.Event):
        """Root of the events of all parts. What came in as imported history marks the asset, whatever it says."""

        def mutate(self, aggregate: Any) -> Any:
            """Assign, and mark the asset where this is imported history."""
            changed: Any = super().mutate(aggregate)
            source = self.basis.provenance
            if source is not None:
                part = ImportedHistory(event=self.TOPIC, occurred_on=self.occurred_on, source=source)
                changed.imported_history = (*changed.imported_history, part)
            return changed

    def _enough(self, parties: Collection[str], at: Occasion) -> bool:
        """Whether these owners have the part of the shares that P34 wants for an operator or a mode."""
        part, whole = at.rules.parameters["P34"].operator_or_mode_change
        agreed = sum(share.amount for share in self.owners if share.party in parties)
        enough: bool = agreed * whole >= self.card.original_value * part
        return enough

    @property
    def begun_on(self) -> date:
        """The first day it can be about: money was paid for it, or the works began, or at the latest they were done."""
        card = self.card
        known = [card.completion_date, *(line.allocated_on for line in card.funding_lines)]
        return min([*known, card.construction_start] if card.construction_start is not None else known)

    def _begin(self, card: RegisterCard, scope: Literal["IN", "OUT"], guidance: Guidance | None) -> None:
        """An asset that is registered and no more."""
        self.card, self.scope, self.guidance = card, scope, guidance
        self.documents = {}
        self.settled_value = None
        self.consents = ()
        self.subleases = {}
        self.imported_history = ()
        self.booked = {}
        self.transfers = {}
        self.title = "UNCONFIRMED"
        self.joint_shares = self.quantification_plan = None
        self.title_procedure = self.county_decision = self.title_dispute = None
        self.ownership_certificates = {}
        self.owners = self.title_holders = self.income_right_holders = self.external_duties = ()
        self.owner_kind = self.ownership_rule = self.regime = self.user_right_holder = self.filing_due = None
        self.confirmed_on = None
        self.rights = ()
        self.platforms = ()
        self.title_certificates = {}
        self.property_registrations = {}
        self.operation = "NOT_IN_USE"
        self.in_use_since = self.last_report = self.maintenance_plan = self.last_maintenance = None
        self.risks = {}
        self.quantity = card.quantity
        self.stocktaking = None
        self.external_entries = {}
        self.management_rules = {}
        self.contracts = {}
        self.risk_covers = {}
        self.income_received = self.income_distributed = Fen(0)
        self.income_by_holder = {}
        self.received_by_contract = {}
        self.receipts = {}
        self.payments = {}
        self.accumulated_depreciation = Fen(0)
        self.depreciated_through = None
        self.custody = None
        self.supervision = ()
        self.disposals = {}
        self.disposed_on = None

    # ---- guards across regions (T11) ---------------------------------------------------------------------------

    def regions(self) -> dict[str, str]:
        """The state of every region, by its code in the life-cycle table."""
        contracts = [contract.state for contract in self.contracts.values()]
        disposals = [disposal.state for disposal in self.disposals.values()]
        running = next((state for state in ("ACTIVE", "HOLDOVER") if state in contracts), None)
        return {
            "REGISTRATION": "BOOKED" if self.booked else "REGISTERED",
            "TITLE": self.title,
            "OPERATION": self.operation,
            "CONTRACT": running or (contracts[-1] if contracts else "NONE"),
            "CUSTODY": "NONE" if self.custody is None else "ASSIGNED",
            "DISPOSAL": disposals[-1] if disposals else "NONE",
        }

    def _allow(self, action: Action, at: Occasion) -> None:
        """Refuse an action that the state of another region forbids (T11, the life-cycle table).

        ASSET_DISPOSED once it is disposed of, OWNERSHIP_NOT_CONFIRMED before the title is, DISPOSAL_IN_PROGRESS while a
        disposal is under way: each only for the actions for which the county's table says so on that day.
        """
        guard = at.rules.guard(action, self.regions())
        if guard is None:
            return
        if guard.refusal == "ASSET_DISPOSED":
            at.refuse(guard.refusal, clause=guard.article, disposedOn=self.disposed_on)
        elif guard.refusal == "OWNERSHIP_NOT_CONFIRMED":
            at.refuse(guard.refusal, clause=guard.article, missing=["ownershipConfirmation"])
        else:
            at.refuse(guard.refusal, clause=guard.article, state=self.regions()[guard.region], step=action)

    def _open_disposal(self, disposal: str, at: Occasion, action: Action = "DISPOSE") -> Disposal:
        self._allow(action, at)
        current = self.disposals.get(disposal)
        if current is None:
            raise refuse("NOT_FOUND", what=disposal)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.12-05", step="disposal", state=current.state)
        return current

    def _votes_of(self, current: Disposal, at: Occasion) -> tuple[ChainStep, ...]:
        """The steps of a disposal's chain in which owners decide for themselves; none of one without a procedure."""
        if current.chain is None:
            return ()
        kind, scope = self.owner_kind, self.card.project_scope
        steps = at.rules.chain(current.chain).steps
        return tuple(one for one in steps if one.decides and one.by in OWNERS and one.applies(kind, scope))

    def _title_must_be_open(self, step: str, at: Occasion) -> None:
        """Refuse a step towards a title that is already confirmed."""
        self._allow("CONFIRM_OWNERSHIP", at)
        at.require(
            self.title != "CONFIRMED", "STEP_OUT_OF_ORDER", clause="C4.5-02", step=step, state=self.title
        )

    # ---- what follows from the state ---------------------------------------------------------------------------

    @property
    def title_unclear(self) -> bool:
        """Whether somebody declared the title unclear and the county has not decided yet."""
        return TITLE_UNCLEAR in self.risks

    @property
    def planned_shares(self) -> tuple[PartyShare, ...]:
        """Who shall own how much by the plan that fits the project's scope; none where there is no plan."""
        if self.card.project_scope == "JOINT_VILLAGE":
            return self.joint_shares.shares if self.joint_shares is not None else ()
        return self.quantification_plan.shares if self.quantification_plan is not None else ()

    @property
    def _valid_decision(self) -> CountyDecision | None:
        """The county's decision, unless the title became unclear after it."""
        decision, unclear_since = self.county_decision, self.risks.get(TITLE_UNCLEAR)
        if decision is None or (unclear_since is not None and decision.decided_on < unclear_since):
            return None
        return decision

    @property
    def accountable_parties(self) -> tuple[str, ...]:
        """Who answers for operation and upkeep: the owners, whoever operates or keeps the asset (C4.5-08)."""
        return tuple(share.party for share in self.owners)

    @property
    def sanzi(self) -> bool:
        """Whether it is under the rural three-capitals management: every asset of villages is (C4.5-03)."""
        return self.owner_kind == "VILLAGE"

    @property
    def units_concerned(self) -> tuple[str, ...]:
        """Who made it, who owns it, who is responsible for its care."""
        keepers = () if self.custody is None else (self.custody.responsible_unit,)
        return (self.card.implementer, *self.accountable_parties, *keepers)

    @property
    def _owner_parties(self) -> frozenset[str]:
        return frozenset(share.party for share in self.owners)

    @property
    def to_be_revived(self) -> bool:
        """Whether it lies idle, wholly or in part, or is flagged as idle or wasted (四(十一), C4.11-04)."""
        return self.operation in {"IDLE", "PARTLY_USED"} or not self.risks.keys().isdisjoint(
            {"IDLE", "WASTED"}
        )

    @property
    def _using_owner(self) -> str | None:
        """The owner that uses it while nobody operates it and nobody is named; of several none has that right before the others."""
        return self.owners[0].party if len(self.owners) == 1 else None

    @property
    def _operated(self) -> bool:
        """Whether an operator runs it under a contract."""
        return any(contract.open for contract in self.contracts.values())

    @property
    def net_book_value(self) -> Fen:
        """Original value less accumulated depreciation, fen."""
        return Fen(self.card.original_value - self.accumulated_depreciation)
