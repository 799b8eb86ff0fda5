"""The Asset aggregate: one public asset from registration to disposal.

Its state is kept in orthogonal regions (T11): registration, title, operation, contracts, custody, disposal; what one
region forbids in another stands in the dated life-cycle table (`_allow`). Public methods decide and raise, the
`@event` methods below them only assign. A command that repeats what is already so records nothing. Household assets
are not here: they are register-only and have an aggregate of their own (C4.2-06).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent
from domain.asset.care_advice import CareAdvice, advise_care
from domain.asset.facts.card import Correction, Document, RegisterCard, check_card
from domain.asset.facts.contract import Contract, ContractTerms, check_terms
from domain.asset.facts.custody import Custody, Duty, Supervision, check_duties
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
from domain.asset.facts.income import (
    IncomeDistribution,
    IncomeReceipt,
    check_distribution,
    check_receipt,
    credited,
    digest_of,
)
from domain.asset.facts.ownership import title_rests_on
from domain.asset.facts.upkeep import must_not_be_negative
from domain.asset.guidance import Guidance, guidance_of
from domain.asset.use import AssetUse
from domain.refusals import Refusal, refuse
from domain.regulation.depreciation import DepreciationBasis
from domain.values import (
    LOG,
    BusinessDate,
    Code,
    Fen,
    Name,
    PartyShare,
    Text,
    Value,
    divided,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion


class Booking(Value):
    """Entry in an owner's accounts: the confirmed share, or the original value before confirmation (C4.3-13)."""

    party: Code = Field(title="入账单位")
    amount: Fen = Field(title="入账金额")
    voucher_no: Name = Field(title="记账凭证号")
    booked_on: BusinessDate = Field(title="入账日期")


class Asset(AssetUse):
    """A managed public asset (扶贫资产)."""

    TOPIC: ClassVar[str] = "asset"
    KIND: ClassVar[str] = "asset"

    card: Annotated[RegisterCard, Field(title="登记卡")]
    scope: Annotated[Literal["IN", "OUT"], Field(title="管理范围")]
    guidance: Annotated[Guidance | None, Field(title="指导部门")]
    documents: Annotated[dict[str, Document], Field(title="存档资料")]
    booked: Annotated[dict[str, Fen], Field(title="各单位入账金额")]
    contracts: Annotated[dict[str, Contract], Field(title="各经营合同")]
    income_received: Annotated[Fen, Field(title="累计到账收益")]
    income_distributed: Annotated[Fen, Field(title="累计分配收益")]
    income_by_holder: Annotated[dict[str, Fen], Field(title="各收益权人结余")]
    receipts: Annotated[dict[str, str], Field(title="各收款单内容摘要")]
    payments: Annotated[dict[str, str], Field(title="各次分配内容摘要")]
    accumulated_depreciation: Annotated[Fen, Field(title="累计折旧")]
    depreciated_through: Annotated[int | None, Field(title="折旧计提至年度")]
    custody: Annotated[Custody | None, Field(title="管护安排")]
    supervision: Annotated[tuple[Supervision, ...], Field(title="监管安排")]
    disposals: Annotated[dict[str, Disposal], Field(title="处置程序")]
    disposed_on: Annotated[date | None, Field(title="处置日期")]

    # ---- registration ------------------------------------------------------------------------------------------

    class Registered(AssetUse.Event, CreatedEvent):
        """Entered in the register with items 1–9 of the card."""

        TOPIC: ClassVar[str] = "asset.registered"
        TITLE: ClassVar[str] = "登记"
        card: RegisterCard = Field(title="登记卡")
        scope: Literal["IN", "OUT"] = Field(title="管理范围")
        guidance: Guidance | None = Field(default=None, title="指导部门")

    @classmethod
    def register(cls, asset: str, card: RegisterCard, at: Occasion) -> Asset:
        """Register a completed and accepted asset (C4.3-01, C4.6-02)."""
        card, scope = check_card(card, at)
        guidance = guidance_of(card, at)
        return cls.begin(cls.Registered, asset, at, card=card.without_filed(), scope=scope, guidance=guidance)

    @event(Registered)
    def __init__(
        self, card: RegisterCard, scope: Literal["IN", "OUT"], guidance: Guidance | None = None
    ) -> None:
        self.card = card
        self.scope = scope
        self.guidance = guidance
        self.documents = {}
        self.booked = {}
        self._begin_rights()
        self._begin_use()
        self.contracts = {}
        self.income_received = self.income_distributed = Fen(0)
        self.income_by_holder = {}
        self.receipts = {}
        self.payments = {}
        self.accumulated_depreciation = Fen(0)
        self.depreciated_through = None
        self.custody = None
        self.supervision = ()
        self.disposals = {}
        self.disposed_on = None

    class RegistrationCorrected(AssetUse.Event):
        """A wrong fact on the card was put right; the old value stays in the history."""

        TOPIC: ClassVar[str] = "asset.registration_corrected"
        TITLE: ClassVar[str] = "登记更正"
        card: RegisterCard = Field(title="登记卡")
        scope: Literal["IN", "OUT"] = Field(title="管理范围")
        changed: tuple[str, ...] = Field(title="变更的字段")
        old: dict[str, Any] = Field(title="变更前的值")
        absent_before: tuple[str, ...] | None = Field(default=None, title="变更前没有值的字段")
        """Those of `changed` that had no value; they are not in `old`, because the log keeps no empty values."""
        reason: Text = Field(title="更正原因")
        document_no: Name = Field(title="更正依据文号")
        county_document_no: Name | None = Field(default=None, title="县级批准文号")
        guidance: Guidance | None = Field(default=None, title="指导部门")

    def correct_registration(self, correction: Correction, at: Occasion) -> None:
        """Correct fields of the card (C4.6-02). A correction that changes nothing records nothing."""
        at.cite("C4.6-02")
        if self.disposed_on is not None:
            at.require(
                correction.county_document_no,
                "ASSET_DISPOSED",
                missing=["countyDocumentNo"],
                disposedOn=self.disposed_on,
            )
        card = correction.applied_to(self.card)
        if card == self.card:
            return
        card, scope = check_card(card, at)
        guidance = guidance_of(card, at)
        card = card.without_filed()
        if card == self.card:
            return
        self._must_keep_confirmation(card, at)
        if card.original_value < self.accumulated_depreciation:
            raise refuse("FIELD_INVALID", field="originalValue", value=card.original_value)
        must_not_be_negative(self.quantity, card.quantity - self.card.quantity)
        before, after = (
            one.model_dump(mode="json", by_alias=True, context=LOG, exclude_none=True)
            for one in (self.card, card)
        )
        changed = tuple(name for name in sorted({*before, *after}) if after.get(name) != before.get(name))
        self.record(
            self.RegistrationCorrected,
            at,
            card=card,
            scope=scope,
            changed=changed,
            old={name: before[name] for name in changed if name in before},
            absent_before=tuple(name for name in changed if name not in before) or None,
            reason=correction.reason,
            document_no=correction.document_no,
            county_document_no=correction.county_document_no,
            guidance=guidance,
        )

    def _must_keep_confirmation(self, card: RegisterCard, at: Occasion) -> None:
        """What a confirmation rests on (value, class, the facts of its rule) is changed only while the title is open."""
        if self.title == "CONFIRMED" and title_rests_on(card, at.rules) != title_rests_on(
            self.card, at.rules
        ):
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause="C4.5-02",
                missing=["ownershipConfirmation"],
                step="registrationCorrection",
                state=self.title,
            )

    @event(RegistrationCorrected)
    def _registration_corrected(
        self, card: RegisterCard, scope: Literal["IN", "OUT"], guidance: Guidance | None
    ) -> None:
        self.quantity = self.quantity + card.quantity - self.card.quantity
        self.card = card
        self.scope = scope
        self.guidance = guidance or self.guidance

    class DocumentArchived(AssetUse.Event):
        """A document joined the asset's file."""

        TOPIC: ClassVar[str] = "asset.document_archived"
        TITLE: ClassVar[str] = "资料存档"
        document: Document = Field(title="存档文件")

    def archive_document(self, document: Document, at: Occasion) -> None:
        """Archive a document by its digest (C4.6-03). The same document again records nothing."""
        at.cite("C4.6-03")
        self._allow("ARCHIVE", at)
        known = self.documents.get(document.document)
        if known == document:
            return
        if known is not None and known.sha256 != document.sha256:
            raise refuse("DOCUMENT_IMMUTABLE", document=document.document)
        self.record(self.DocumentArchived, at, document=document)

    @event(DocumentArchived)
    def _document_archived(self, document: Document) -> None:
        self.documents = {**self.documents, document.document: document}

    class Booked(AssetUse.Event):
        """Entered in an owner's accounts."""

        TOPIC: ClassVar[str] = "asset.booked"
        TITLE: ClassVar[str] = "入账"
        booking: Booking = Field(title="入账记录")

    def book(self, booking: Booking, at: Occasion) -> None:
        """Book the confirmed share, or the original value before confirmation (C4.3-13, C4.5-17)."""
        at.cite("C4.3-13", "C4.5-17")
        self._allow("BOOK", at)
        if booking.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", field="amount")
        at.not_in_future(booking.booked_on, "bookedOn")
        shares = {share.party: share.amount for share in self.owners}
        expected = shares.get(booking.party) if shares else self.card.original_value
        at.require(
            expected == booking.amount,
            "BOOKED_AMOUNT_MISMATCH",
            given=booking.amount,
            expected=expected or Fen(0),
        )
        if self.booked.get(booking.party) == booking.amount:
            return
        self.record(self.Booked, at, booking=booking)

    @event(Booked)
    def _booked(self, booking: Booking) -> None:
        self.booked = {**self.booked, booking.party: booking.amount}

    # ---- custody, supervision, persons -------------------------------------------------------------------------

    class CustodyAssigned(AssetUse.Event):
        """Who looks after the asset: custodian, the post first responsible, named persons."""

        TOPIC: ClassVar[str] = "asset.custody_assigned"
        TITLE: ClassVar[str] = "落实管护"
        custody: Custody = Field(title="管护安排")

    def assign_custody(self, custody: Custody, at: Occasion) -> None:
        """Assign custody with a named person (C4.10-02); before confirmation only provisionally."""
        at.cite("C4.10-02", "C4.10-05")
        self._allow("PROVISIONAL_CUSTODY" if custody.provisional else "CUSTODY", at)
        if custody == self.custody:
            return
        check_duties(self.custody, custody, at)
        first = custody.first_responsible
        if first is not None and self.card.asset_class == "PUBLIC_WELFARE":
            at.require(
                first.position in at.rules.principal_positions,
                "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL",
                position=first.position,
            )
        if any(one.supervisor == custody.custodian for one in self.supervision):
            at.warn("SUPERVISOR_IS_CUSTODIAN", supervisor=custody.custodian)
        if not custody.provisional:
            at.require(self._supervised(at), "SUPERVISOR_REQUIRED", missing=["supervision"])
            self._warn_of_late_custody(at)
        self.record(self.CustodyAssigned, at, custody=custody)

    def _supervised(self, at: Occasion) -> bool:
        """Whether a unit supervises, or at least one follows from the custody table (C4.3-02)."""
        if self.supervision:
            return True
        try:
            return bool(self.care_advice(at).supervisors)
        except Refusal:
            return False  # no row of the table covers it

    def _warn_of_late_custody(self, at: Occasion) -> None:
        """The first custody is due some days after the confirmation (P32)."""
        first = self.custody is None or self.custody.provisional
        if first and self.confirmed_on is not None:
            due = self.confirmed_on + timedelta(days=at.rules.parameters["P32"])
            if at.on > due:
                at.warn("CUSTODY_OVERDUE", due=due)

    def care_advice(self, at: Occasion) -> CareAdvice:
        """Who would keep and who would supervise it by the custody table (T7). RULE_GAP when no row covers it."""
        running = [one.terms for one in self.contracts.values() if one.open]
        modes = {one.mode: at.rules.operation_mode(one.mode) for one in running}
        own = {mode for mode, row in modes.items() if row is not None and row.custodian_required}
        return advise_care(
            self.card,
            owner_kind=self.owner_kind or "",
            owners=tuple(share.party for share in self.owners),
            operator=next((one.operator.operator for one in running if one.mode not in own), None),
            self_operated=bool(own),
            guidance=self.guidance,
            at=at,
        )

    @event(CustodyAssigned)
    def _custody_assigned(self, custody: Custody) -> None:
        self.custody = custody

    class SupervisionAssigned(AssetUse.Event):
        """Who supervises the custodian: a set, each with a first supervisor by post."""

        TOPIC: ClassVar[str] = "asset.supervision_assigned"
        TITLE: ClassVar[str] = "落实监管"
        supervision: tuple[Supervision, ...] = Field(title="监管安排")

    def assign_supervision(self, supervision: tuple[Supervision, ...], at: Occasion) -> None:
        """Assign the supervising units (C4.3-02, C4.10-06, C4.10-07)."""
        at.cite("C4.3-02", "C4.10-06")
        self._allow("SUPERVISION", at)
        at.require(supervision, "SUPERVISOR_REQUIRED", missing=["supervision"])
        if supervision == self.supervision:
            return
        if self.custody is not None and any(one.supervisor == self.custody.custodian for one in supervision):
            at.warn("SUPERVISOR_IS_CUSTODIAN", supervisor=self.custody.custodian)
        self.record(self.SupervisionAssigned, at, supervision=supervision)

    @event(SupervisionAssigned)
    def _supervision_assigned(self, supervision: tuple[Supervision, ...]) -> None:
        self.supervision = supervision

    class HandedOver(AssetUse.Event):
        """A person's duty for the asset passed to the successor, by a completed departure case and nothing else."""

        TOPIC: ClassVar[str] = "asset.handed_over"
        TITLE: ClassVar[str] = "人员交接"
        case: Code = Field(title="交接编号")
        duty: Code = Field(title="交接的职责")
        outgoing: Code = Field(title="移交人")
        incoming: Code = Field(title="接任人")
        supervisor: Code = Field(title="监交人")

    def hand_over(
        self, *, case: str, duty: str, outgoing: str, incoming: str, supervisor: str, at: Occasion
    ) -> None:
        """Pass a duty from one person to another (C4.10-09, C4.10-10). Called by the completion of a departure case.

        `duty`: MANAGER or RESPONSIBLE of a named person, or FIRST_RESPONSIBLE, which goes with a post: the post decides
        who has it on a day, and the event says that what was in its care was handed over.
        """
        at.cite("C4.10-10", "C4.10-11")
        if outgoing == incoming:
            raise refuse("SAME_PERSON", person=incoming)
        if self.disposed_on is not None:
            return  # nobody's care any more: a case opened before the disposal completes without it
        at.require(
            self.in_care_of(outgoing, duty),
            "STEP_OUT_OF_ORDER",
            clause="C4.10-10",
            step="handover",
            state="ASSIGNED" if self.custody is not None else "NONE",
        )
        self.record(
            self.HandedOver,
            at,
            case=case,
            duty=duty,
            outgoing=outgoing,
            incoming=incoming,
            supervisor=supervisor,
        )

    def in_care_of(self, person: str, duty: str) -> bool:
        """Whether the asset has this duty for that person; a post's duty is anybody's who held the post."""
        if self.disposed_on is not None or self.custody is None:
            return False
        if duty == "FIRST_RESPONSIBLE":
            return self.custody.first_responsible is not None
        return any((one.person, one.duty) == (person, duty) for one in self.custody.duties)

    @event(HandedOver)
    def _handed_over(self, duty: Code, outgoing: Code, incoming: Code) -> None:
        if self.custody is None or duty == "FIRST_RESPONSIBLE":
            return
        kept = [one for one in self.custody.duties if (one.person, one.duty) != (outgoing, duty)]
        successor = Duty(person=incoming, duty=duty)
        if successor not in kept:
            kept.append(successor)
        self.custody = self.custody.model_copy(update={"duties": tuple(kept)})

    # ---- depreciation ------------------------------------------------------------------------------------------

    class DepreciationPosted(AssetUse.Event):
        """A year's depreciation, in fen: whose it is by shares, and the accumulated amount after it."""

        TOPIC: ClassVar[str] = "asset.depreciation_posted"
        TITLE: ClassVar[str] = "计提折旧"
        year: int = Field(title="年度")
        amount: Fen = Field(title="本年计提折旧")
        accumulated: Fen = Field(title="计提后累计折旧")
        shares: tuple[PartyShare, ...] = Field(title="各所有权人应摊折旧")

    def post_depreciation(self, year: int, at: Occasion) -> None:
        """Post one year's depreciation (C4.7-10, P14). A year posted before, or nothing left to post, records nothing."""
        at.cite("C4.7-10")
        if self.depreciated_through is not None and year <= self.depreciated_through:
            return
        self._allow("DEPRECIATE", at)
        if year > at.today.year:
            raise refuse("DATE_IN_FUTURE", clause="C4.3-14", field="year", date=str(year), today=at.today)
        basis = self._depreciation_basis(at)
        accumulated = basis.accumulated_by_end_of(year)
        amount = accumulated - self.accumulated_depreciation
        if amount <= 0:
            return
        gap = basis.first_gap(
            posted_through=self.depreciated_through, year=year, accumulated=self.accumulated_depreciation
        )
        at.require(gap is None, "DEPRECIATION_YEAR_GAP", missing=[str(gap)], year=year)
        self.record(
            self.DepreciationPosted,
            at,
            year=year,
            amount=Fen(amount),
            accumulated=Fen(accumulated),
            shares=divided(amount, self.owners),
        )

    def _depreciation_basis(self, at: Occasion) -> DepreciationBasis:
        asset_type = at.rules.asset_type(self.card.asset_type)
        if not asset_type.depreciable or self.card.useful_life_years is None:
            raise refuse("FIELD_INVALID", clause="C4.7-10", field="assetType", value=self.card.asset_type)
        if self.in_use_since is None or self.regime is None:
            raise refuse(
                "STEP_OUT_OF_ORDER",
                clause="C4.7-10",
                missing=["putIntoUse" if self.regime is not None else "ownershipConfirmation"],
                step="depreciation",
                state=self.operation,
            )
        return DepreciationBasis(
            cost=self.card.original_value,
            life_years=self.card.useful_life_years,
            in_use_since=self.in_use_since,
            method=at.rules.depreciation(self.regime),
        )

    @event(DepreciationPosted)
    def _depreciation_posted(self, year: int, accumulated: Fen) -> None:
        self.accumulated_depreciation = accumulated
        self.depreciated_through = year

    @property
    def net_book_value(self) -> Fen:
        """Original value less accumulated depreciation, fen."""
        return Fen(self.card.original_value - self.accumulated_depreciation)

    # ---- operation and income ----------------------------------------------------------------------------------

    class Leased(AssetUse.Event):
        """Let to an operator (租赁)."""

        TOPIC: ClassVar[str] = "asset.leased"
        TITLE: ClassVar[str] = "出租"
        terms: ContractTerms = Field(title="合同内容")

    class OperatingContractSigned(AssetUse.Event):
        """An operating contract of another mode than lease: contracted, entrusted, joint operation, equity …"""

        TOPIC: ClassVar[str] = "asset.operating_contract_signed"
        TITLE: ClassVar[str] = "签订经营合同"
        terms: ContractTerms = Field(title="合同内容")

    def sign_contract(self, terms: ContractTerms, at: Occasion) -> None:
        """Put the asset into an operator's hands: `Leased` for mode LEASED, else `OperatingContractSigned` (T6)."""
        self._allow("CONTRACT", at)
        known = self.contracts.get(terms.contract)
        if known is not None:
            if known.terms == terms:
                return
            raise refuse("ALREADY_EXISTS", what=terms.contract)
        check_terms(terms, self.card, owners=self._owner_parties, existing=self.contracts.values(), at=at)
        self._must_have_custodian(terms.mode, at)
        if any(one.right == "USE" and one.meets(terms.starts_on, terms.ends_on) for one in self.rights):
            raise refuse("RIGHT_OVERLAP", field="USE")
        at.warn("NOTICE_MISSING", step="operatingContract")
        self.record(self.Leased if terms.mode == "LEASED" else self.OperatingContractSigned, at, terms=terms)

    def _must_have_custodian(self, mode: str, at: Occasion) -> None:
        """Own operation needs a person who keeps the asset from day to day (C4.3-16)."""
        row = at.rules.operation_mode(mode)
        if row is not None and row.custodian_required:
            at.cite("C4.3-16")
            named = self.custody is not None and self.custody.duties
            at.require(named, "CUSTODIAN_REQUIRED", missing=["custody.duties"])

    @event(Leased)
    def _leased(self, terms: ContractTerms) -> None:
        self.contracts = {**self.contracts, terms.contract: Contract(terms=terms)}
        self.user_right_holder = terms.operator.operator

    @event(OperatingContractSigned)
    def _operating_contract_signed(self, terms: ContractTerms) -> None:
        self.contracts = {**self.contracts, terms.contract: Contract(terms=terms)}
        self.user_right_holder = terms.operator.operator

    class OperatingContractChanged(AssetUse.Event):
        """Operator, mode or terms of a running contract changed with the owner's consent."""

        TOPIC: ClassVar[str] = "asset.operating_contract_changed"
        TITLE: ClassVar[str] = "变更经营合同"
        terms: ContractTerms = Field(title="变更后合同内容")
        consent_document: Name = Field(title="所有权人同意文号")
        consented_on: BusinessDate = Field(title="所有权人同意日期")
        consented_by: tuple[Code, ...] = Field(title="同意的所有权人")

    def change_contract(
        self,
        terms: ContractTerms,
        *,
        consent_document: str | None,
        consented_on: date | None,
        consented_by: tuple[str, ...],
        at: Occasion,
    ) -> None:
        """Change a running contract; operator and mode never without the owners' consent (C4.11-03, P34)."""
        at.cite("C4.11-03")
        self._allow("CHANGE_CONTRACT", at)
        contract = self._open_contract(terms.contract)
        if terms == contract.terms:
            return
        if consent_document is None or consented_on is None:
            raise refuse("OWNER_CONSENT_REQUIRED", missing=["consentDocument", "consentedOn"])
        at.not_in_future(consented_on, "consentedOn")
        at.require(consented_on <= at.on, "CONSENT_AFTER_FACT", consentedOn=consented_on)
        absent = sorted(self._owner_parties - set(consented_by))
        at.require(
            self._consented(consented_by, at), "CO_OWNER_CONSENT_REQUIRED", missing=absent, owners=absent
        )
        others = [one for code, one in self.contracts.items() if code != terms.contract]
        check_terms(terms, self.card, owners=self._owner_parties, existing=others, at=at)
        self.record(
            self.OperatingContractChanged,
            at,
            terms=terms,
            consent_document=consent_document,
            consented_on=consented_on,
            consented_by=tuple(sorted(set(consented_by))),
        )

    def _consented(self, parties: tuple[str, ...], at: Occasion) -> bool:
        """Whether owners with the part of the shares that P34 wants have agreed."""
        part, whole = at.rules.parameters["P34"].operator_or_mode_change
        agreed = sum(share.amount for share in self.owners if share.party in parties)
        enough: bool = agreed * whole >= self.card.original_value * part
        return enough

    @event(OperatingContractChanged)
    def _operating_contract_changed(self, terms: ContractTerms) -> None:
        changed = self.contracts[terms.contract].model_copy(update={"terms": terms})
        self.contracts = {**self.contracts, terms.contract: changed}
        self.user_right_holder = terms.operator.operator

    class OperatingContractEnded(AssetUse.Event):
        """A contract ran out or was terminated."""

        TOPIC: ClassVar[str] = "asset.operating_contract_ended"
        TITLE: ClassVar[str] = "经营合同终止"
        contract: Code = Field(title="合同编号")
        ended_on: BusinessDate = Field(title="合同终止日期")
        outcome: Literal["EXPIRED", "TERMINATED"] = Field(title="合同终止方式")
        reason: Text = Field(title="终止原因")

    def end_contract(
        self,
        contract: str,
        ended_on: date,
        outcome: Literal["EXPIRED", "TERMINATED"],
        reason: str,
        at: Occasion,
    ) -> None:
        """End a contract: a fact, dated not before its start and not in the future."""
        at.cite("C4.3-15")
        self._allow("END_CONTRACT", at)
        current = self._open_contract(contract)
        at.not_in_future(ended_on, "endedOn")
        if ended_on < current.terms.starts_on:
            raise refuse("DATE_ORDER", clause="C4.3-15", earlier="startsOn", later="endedOn")
        if outcome == "EXPIRED" and ended_on < current.terms.ends_on:
            raise refuse("DATE_ORDER", clause="C4.3-15", earlier="endsOn", later="endedOn")
        self.record(
            self.OperatingContractEnded,
            at,
            contract=contract,
            ended_on=ended_on,
            outcome=outcome,
            reason=reason,
        )

    @event(OperatingContractEnded)
    def _operating_contract_ended(
        self, contract: Code, ended_on: BusinessDate, outcome: Literal["EXPIRED", "TERMINATED"]
    ) -> None:
        ended = self.contracts[contract].model_copy(update={"state": outcome, "ended_on": ended_on})
        self.contracts = {**self.contracts, contract: ended}
        if not self._operated:
            self.user_right_holder = self.owners[0].party if self.owners else None

    class HoldoverStarted(AssetUse.Event):
        """The term ran out, the operator stayed and the owner did not object (民法典 734)."""

        TOPIC: ClassVar[str] = "asset.holdover_started"
        TITLE: ClassVar[str] = "合同到期继续使用"
        contract: Code = Field(title="合同编号")
        since: BusinessDate = Field(title="继续使用起始日期")

    def start_holdover(self, contract: str, since: date, at: Occasion) -> None:
        """Record that an operator holds over after the end of the term: a fact."""
        at.cite("C4.3-15")
        self._allow("END_CONTRACT", at)
        current = self._open_contract(contract)
        if current.state == "HOLDOVER":
            return
        at.not_in_future(since, "since")
        if since <= current.terms.ends_on:
            raise refuse("DATE_ORDER", clause="C4.3-15", earlier="endsOn", later="since")
        self.record(self.HoldoverStarted, at, contract=contract, since=since)

    @event(HoldoverStarted)
    def _holdover_started(self, contract: Code) -> None:
        held = self.contracts[contract].model_copy(update={"state": "HOLDOVER"})
        self.contracts = {**self.contracts, contract: held}

    @property
    def _operated(self) -> bool:
        """Whether an operator runs it under a contract."""
        return any(contract.open for contract in self.contracts.values())

    @property
    def _owner_parties(self) -> frozenset[str]:
        return frozenset(share.party for share in self.owners)

    def _open_contract(self, contract: str) -> Contract:
        current = self.contracts.get(contract)
        if current is None:
            raise refuse("NOT_FOUND", what=contract)
        if not current.open:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.3-15", step="operatingContract", state=current.state)
        return current

    class IncomeReceived(AssetUse.Event):
        """Money came in, and whose it is by income right, exact to the fen."""

        TOPIC: ClassVar[str] = "asset.income_received"
        TITLE: ClassVar[str] = "收益入账"
        receipt: IncomeReceipt = Field(title="收款记录")
        attributions: tuple[PartyShare, ...] = Field(title="收益归属")

    def receive_income(self, receipt: IncomeReceipt, at: Occasion) -> None:
        """Record income, a fact: attributed to the income-right holders by their shares (C4.9-01, C4.9-02).

        What comes in before the confirmation waits for it: `OwnershipConfirmed` attributes it.
        """
        self._allow("INCOME", at)
        digest = digest_of(receipt)
        if receipt.receipt in self.receipts:
            if self.receipts[receipt.receipt] == digest:
                return
            raise refuse("ALREADY_EXISTS", what=receipt.receipt)
        contract = self.contracts.get(receipt.contract) if receipt.contract is not None else None
        if receipt.contract is not None and contract is None:
            raise refuse("NOT_FOUND", what=receipt.contract)
        check_receipt(receipt, due=contract.terms.annual_income if contract is not None else None, at=at)
        at.in_range(self.income_received + receipt.amount, "amount")
        holders = self.income_right_holders or self.owners
        self.record(self.IncomeReceived, at, receipt=receipt, attributions=divided(receipt.amount, holders))

    @event(IncomeReceived)
    def _income_received(self, receipt: IncomeReceipt, attributions: tuple[PartyShare, ...]) -> None:
        self.receipts = {**self.receipts, receipt.receipt: digest_of(receipt)}
        self.income_received = Fen(self.income_received + receipt.amount)
        self.income_by_holder = credited(self.income_by_holder, attributions)

    class IncomeDistributed(AssetUse.Event):
        """An approved plan was paid out."""

        TOPIC: ClassVar[str] = "asset.income_distributed"
        TITLE: ClassVar[str] = "收益分配"
        distribution: IncomeDistribution = Field(title="收益分配方案")

    def distribute_income(self, distribution: IncomeDistribution, at: Occasion) -> None:
        """Pay out an approved plan from one holder's income of this asset (C4.9-03, C4.9-05, C4.9-06)."""
        self._allow("DISTRIBUTE", at)
        key, digest = _payment_key(distribution), digest_of(distribution)
        if key in self.payments:
            if self.payments[key] == digest:
                return
            raise refuse("ALREADY_EXISTS", what=distribution.voucher_no)
        if distribution.holder not in self.income_by_holder:
            raise refuse("NOT_INCOME_HOLDER", holder=distribution.holder)
        check_distribution(distribution, balance=self.income_by_holder[distribution.holder], at=at)
        at.in_range(self.income_distributed + distribution.amount, "amount")
        self.record(self.IncomeDistributed, at, distribution=distribution)

    @event(IncomeDistributed)
    def _income_distributed(self, distribution: IncomeDistribution) -> None:
        self.payments = {**self.payments, _payment_key(distribution): digest_of(distribution)}
        self.income_distributed = Fen(self.income_distributed + distribution.amount)
        left = Fen(self.income_by_holder[distribution.holder] - distribution.amount)
        self.income_by_holder = {**self.income_by_holder, distribution.holder: left}

    # ---- disposal ----------------------------------------------------------------------------------------------

    class DisposalProposed(AssetUse.Event):
        """The owner proposes to auction, sell or scrap the asset."""

        TOPIC: ClassVar[str] = "asset.disposal_proposed"
        TITLE: ClassVar[str] = "提出处置"
        proposal: DisposalProposal = Field(title="处置方案")

    def propose_disposal(self, proposal: DisposalProposal, at: Occasion) -> None:
        """Propose a disposal (C4.12-01): as a rule not of an asset that runs well (P23)."""
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

    class AppraisalRecorded(AssetUse.Event):
        """The asset was appraised for the disposal."""

        TOPIC: ClassVar[str] = "asset.appraisal_recorded"
        TITLE: ClassVar[str] = "资产评估"
        disposal: Code = Field(title="处置编号")
        appraisal: Appraisal = Field(title="评估结果")
        net_book_value: Fen = Field(title="账面净值")

    def record_appraisal(self, disposal: str, appraisal: Appraisal, at: Occasion) -> None:
        """Record the appraisal; from 10万元 on by a licensed agency (C4.12-04). A new one starts the way anew."""
        current = self._open_disposal(disposal, at)
        if current.appraisal == appraisal:
            return
        value = self._disposal_value(
            current.model_copy(update={"appraisal": appraisal, "approval": None}), at
        )
        check_appraisal(appraisal, value=value, at=at)
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

    class AppraisalPublished(AssetUse.Event):
        """The result was made public where the asset belongs."""

        TOPIC: ClassVar[str] = "asset.appraisal_published"
        TITLE: ClassVar[str] = "评估结果公开"
        disposal: Code = Field(title="处置编号")
        publication: Publication = Field(title="评估结果公开情况")

    def publish_appraisal(self, disposal: str, publication: Publication, at: Occasion) -> None:
        """Publish the appraisal result at the owner's place (C4.12-03)."""
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

    class DisposalForwarded(AssetUse.Event):
        """Passed on one level up (逐级上报)."""

        TOPIC: ClassVar[str] = "asset.disposal_forwarded"
        TITLE: ClassVar[str] = "逐级上报"
        disposal: Code = Field(title="处置编号")
        level: Code = Field(title="上报层级")
        opinion: Text = Field(title="上报意见")

    def forward_disposal(self, disposal: str, level: str, opinion: str, at: Occasion) -> None:
        """Pass the proposal to the next level of the route, never skipping one (C4.12-05, A14)."""
        at.cite("C4.12-05")
        current = self._open_disposal(disposal, at)
        at.require(current.publication, "APPRAISAL_NOT_PUBLISHED", missing=["publication"])
        if self.owner_kind is not None:  # without an owner, in imported history, nobody knows the route
            route = at.rules.disposal_route(self.owner_kind, self._disposal_value(current, at))
            if level not in route.levels:
                raise refuse("CODE_UNKNOWN", clause="C4.12-05", field="level", value=level)
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

    class DisposalApproved(AssetUse.Event):
        """The competent level approved."""

        TOPIC: ClassVar[str] = "asset.disposal_approved"
        TITLE: ClassVar[str] = "批准处置"
        disposal: Code = Field(title="处置编号")
        approval: Approval = Field(title="处置批准")
        value: Fen = Field(title="处置价值")

    def approve_disposal(self, disposal: str, approval: Approval, at: Occasion) -> None:
        """Approve: by the county government from 10万元 on, else by the approver of P04 (C4.12-05).

        An approved disposal may be approved again at a lower price, e.g. after an auction without a bidder.
        """
        current = self._open_disposal(disposal, at)
        if current.approval == approval:
            return
        value = self._disposal_value(current, at)
        check_approval(approval, current, value=value, owner_kind=self.owner_kind, at=at)
        self.record(self.DisposalApproved, at, disposal=disposal, approval=approval, value=value)

    @event(DisposalApproved)
    def _disposal_approved(self, disposal: Code, approval: Approval) -> None:
        self._advance(disposal, "APPROVED", approval=approval)

    class DisposalClosed(AssetUse.Event):
        """The proposal was rejected by an approver or withdrawn by the owner."""

        TOPIC: ClassVar[str] = "asset.disposal_closed"
        TITLE: ClassVar[str] = "终止处置"
        disposal: Code = Field(title="处置编号")
        outcome: Literal["REJECTED", "WITHDRAWN"] = Field(title="处置终止方式")
        reason: Text = Field(title="终止原因")

    def close_disposal(
        self, disposal: str, outcome: Literal["REJECTED", "WITHDRAWN"], reason: str, at: Occasion
    ) -> None:
        """Reject or withdraw an open disposal."""
        at.cite("C4.12-02")
        self._open_disposal(disposal, at, "CLOSE_DISPOSAL")
        self.record(self.DisposalClosed, at, disposal=disposal, outcome=outcome, reason=reason)

    @event(DisposalClosed)
    def _disposal_closed(self, disposal: Code, outcome: Literal["REJECTED", "WITHDRAWN"]) -> None:
        self._advance(disposal, outcome)

    class Disposed(AssetUse.Event):
        """Auctioned, sold or scrapped: the asset's life ends here."""

        TOPIC: ClassVar[str] = "asset.disposed"
        TITLE: ClassVar[str] = "处置"
        disposal: Code = Field(title="处置编号")
        kind: Code = Field(title="处置方式")
        sale: DisposalSale = Field(title="处置结果")
        net_book_value: Fen = Field(title="账面净值")
        ended_contracts: tuple[Code, ...] = Field(title="随之终止的合同")

    def dispose(self, disposal: str, sale: DisposalSale, at: Occasion) -> None:
        """Carry out an approved disposal, not below what was approved (C4.12-05, C4.12-06). Open contracts end with it."""
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

    class DisposalProceedsReceived(AssetUse.Event):
        """The price came in; 0.00 is recorded as such for scrap without value (C4.12-07)."""

        TOPIC: ClassVar[str] = "asset.disposal_proceeds_received"
        TITLE: ClassVar[str] = "处置收入入账"
        disposal: Code = Field(title="处置编号")
        amount: Fen = Field(title="到账金额")
        received_on: BusinessDate = Field(title="到账日期")
        voucher_no: Name = Field(title="记账凭证号")

    def receive_proceeds(
        self, disposal: str, amount: Fen, received_on: date, voucher_no: str, at: Occasion
    ) -> None:
        """Record proceeds of a disposal: a fact (C4.12-07)."""
        at.cite("C4.12-07")
        current = self.disposals.get(disposal)
        if current is None:
            raise refuse("NOT_FOUND", what=disposal)
        if current.state != "DISPOSED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.12-05", step="disposalProceeds", state=current.state)
        if amount < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-07", field="amount")
        at.not_in_future(received_on, "receivedOn")
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

    def _advance(self, disposal: str, state: str, **facts: Any) -> None:
        moved = self.disposals[disposal].model_copy(update={"state": state, **facts})
        self.disposals = {**self.disposals, disposal: moved}

    def _open_disposal(self, disposal: str, at: Occasion, action: str = "DISPOSE") -> Disposal:
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

    def _allow(self, action: str, at: Occasion) -> None:
        """Refuse an action that the state of another region forbids (T11)."""
        guard = at.rules.guard(action, self.regions())
        if guard is None:
            return
        if guard.refusal == "ASSET_DISPOSED":
            at.refuse(guard.refusal, clause=guard.article, disposedOn=self.disposed_on)
        elif guard.refusal == "OWNERSHIP_NOT_CONFIRMED":
            at.refuse(guard.refusal, clause=guard.article, missing=["ownershipConfirmation"])
        else:
            at.refuse(guard.refusal, clause=guard.article, state=self.regions()[guard.region], step=action)


def _payment_key(distribution: IncomeDistribution) -> str:
    """A plan is paid from several holders' income, and in instalments: each under a voucher of its own."""
    return f"{distribution.plan}/{distribution.holder}/{distribution.voucher_no}"
