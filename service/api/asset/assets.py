"""Assets over HTTP: every write records a fact under the asset it belongs to."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.booking import Booking
from domain.asset.facts.card import Correction, Document, RegisterCard
from domain.asset.facts.contract import ContractTerms
from domain.asset.facts.custody import Custody, Supervision
from domain.asset.facts.days import ContractEndDay, HoldoverDay, ProceedsDay, UseDay
from domain.asset.facts.disposal import Appraisal, Approval, DisposalProposal, DisposalSale, Publication
from domain.asset.facts.income import IncomeReceipt
from domain.asset.facts.upkeep import Maintenance, StatusReport
from domain.occasion import Occasion
from domain.refusals import Refusal, refuse
from domain.values import BusinessDate, Code, Fen, Listed, Name, NamedProcedure, Text
from service.api.asset.decisions import AssetPath, assets_on, owners_of
from service.api.asset.views import UnplacedEvent
from service.api.http.reading import LogReading, Reading, get, routes
from service.api.http.writing import Circumstances, Excepting, Executing, Writing
from service.clock import county_day
from service.commands import disposal_series, proceeds
from service.commands.answering import Answering, AnsweringReader
from service.commands.authorization import Resource, authorize
from service.commands.commands import Work
from service.commands.executing import decided_by, shown_of, take_disposal_steps
from service.commands.history import AssetView, asset_at, asset_history, shown_at
from service.commands.joint_reviews import require_approved
from service.commands.places import resource_of
from service.commands.proceeds import rest_on_allocations
from service.commands.selecting import selected_for
from service.income.posting import post_income
from service.ledgers.parameters import Moment
from service.ledgers.questions.departure import cases_listing
from service.log.appending import Idempotency

router = routes("/v1/assets", "assets 资产")

ContractCode = Annotated[Code, Path(title="合同编号")]
DisposalCode = Annotated[Code, Path(title="处置编号")]
RiskKind = Annotated[Code, Path(title="风险类型")]


class RegisterAsset(Circumstances):
    """Registration of one asset. Without `asset` the service gives it a code from place and year."""

    asset: Code | None = Field(default=None, title="资产编号", description="不填由系统编号")
    card: RegisterCard = Field(title="登记卡")


class CorrectRegistration(Circumstances):
    """Correction of named fields of the register card."""

    correction: Correction = Field(title="更正内容")


class ArchiveDocument(Circumstances):
    """A document for the asset's file."""

    document: Document = Field(title="资料")


class BookAsset(Circumstances):
    """Entry in an owner's accounts."""

    booking: Booking = Field(title="入账")


class AssignCustody(Circumstances):
    """Request body: assign the custody of an asset."""

    custody: Custody = Field(title="管护")


class AssignSupervision(Circumstances):
    """Request body: assign the supervision of a custodian."""

    supervision: tuple[Supervision, ...] = Field(title="监管", max_length=200)


class PutIntoUse(Circumstances):
    """Request body: put an asset into use."""

    in_use_since: UseDay = Field(title="投入使用日期")


class ReportStatus(Circumstances):
    """Request body: report an asset's state of use."""

    report: StatusReport = Field(title="使用状况报告")


class FlagRisk(Circumstances):
    """Request body: flag a risk."""

    kind: Annotated[Code, Listed("risk-kinds")] = Field(title="风险类型")
    reason: Text = Field(title="说明")


class ClearRisk(Circumstances):
    """Request body: clear a risk."""

    reason: Text = Field(title="说明")


class MaintainAsset(Circumstances):
    """Request body: record maintenance done."""

    maintenance: Maintenance = Field(title="养护")


class PostDepreciation(Circumstances):
    """A year's depreciation; the amount follows from cost, life and regime."""

    year: int = Field(title="年度", ge=2000, le=2200, strict=True)


class SignContract(Executing, Excepting):  # type: ignore[misc]  # the plugin: each has a constructor
    """An operating contract, by the procedure that decided on it."""

    terms: ContractTerms = Field(title="合同")


class ChangeContract(Executing, Excepting):  # type: ignore[misc]  # the plugin: each has a constructor
    """New terms of a running contract, by the procedure in which the owners decided on them."""

    terms: ContractTerms = Field(title="合同")


class EndContract(Circumstances):
    """Request body: end a contract."""

    ended_on: ContractEndDay = Field(title="终止日期")
    outcome: Literal["EXPIRED", "TERMINATED"] = Field(title="终止方式")
    reason: Text = Field(title="终止原因")


class StartHoldover(Circumstances):
    """Request body: record a holdover: the operator stays after the term."""

    since: HoldoverDay = Field(title="开始日期")


class ReceiveIncome(Circumstances):
    """Request body: record income received."""

    receipt: IncomeReceipt = Field(title="收款")


class ProposeDisposal(Excepting):
    """A proposal to dispose, by the procedure that is over this very proposal."""

    proposal: DisposalProposal = Field(title="处置方案")
    procedure: NamedProcedure | None = Field(
        default=None,
        title="所依据的程序",
        description="处置程序（A14、A14s）编号，其内容须与本方案一致 / the procedure over this proposal",
    )


class RecordAppraisal(Circumstances):
    """Request body: record an appraisal."""

    appraisal: Appraisal = Field(title="评估")


class PublishAppraisal(Circumstances):
    """Publication of the appraisal result."""

    publication: Publication = Field(title="公开")


class ForwardDisposal(Circumstances):
    """Request body: forward a disposal to the next level."""

    level: Annotated[Code, Listed("disposal-routes", closed=False)] = Field(title="上报层级")
    opinion: Text = Field(title="上报意见")


class ApproveDisposal(Circumstances):
    """Request body: approve a disposal."""

    approval: Approval = Field(title="批准")


class CloseDisposal(Circumstances):
    """Request body: reject or withdraw a disposal."""

    outcome: Literal["REJECTED", "WITHDRAWN"] = Field(title="处置终止方式")
    reason: Text = Field(title="终止原因")


class DisposeAsset(Circumstances):
    """Request body: carry out an approved disposal."""

    sale: DisposalSale = Field(title="处置结果")


class ReceiveProceeds(Circumstances):
    """Proceeds of the disposal."""

    amount: Fen = Field(title="金额")
    received_on: ProceedsDay = Field(title="到账日期")
    voucher_no: Name = Field(title="凭证号")


assets = assets_on(router)


@assets.post("", "登记资产", "asset.register")
async def register_asset(body: RegisterAsset, write: Writing) -> Response:
    """Enter a completed and accepted asset in the register (C4.3-01, C4.6-02)."""
    code = body.asset or code_for(body.card, write.idempotency)

    async def register(at: Occasion, work: Work) -> Asset:
        await stand_guiding(body.card, at, work)
        await require_approved(work, body.card, at)
        made = Asset.register(code, body.card, at)
        await rest_on_allocations(work, made.id, body.card, at)
        return made

    return await write.create(assets, body, register, scope=place_of(body.card))


async def stand_guiding(card: RegisterCard, at: Occasion, work: Work) -> None:
    """Who carries on the departments that guide by the money (T1): the table names them as they were."""
    with suppress(Refusal):  # the decision says it
        found = at.rules.guiding_departments(card.funding_lines, card.implementer_kind)
        await work.stand(at, [found.lead, *found.co])


def place_of(card: RegisterCard) -> Resource:
    """Where an asset will lie and who made it, for authorisation before it exists."""
    return Resource(divisions=(card.location,), organizations=(card.implementer,))


def code_for(card: RegisterCard, request: Idempotency) -> str:
    """A code for an asset that came without one: place, year of completion, and a digest of who asked by which key.

    A request that is sent again finds the code it got the first time; another request with the same card is another asset.
    """
    digest = hashlib.sha256(f"{request.scope}\n{request.key}".encode()).hexdigest()
    return f"{card.location}-{card.completion_date.year}-{digest[:10]}"


@assets.post("/{asset}/registration-corrections", "更正登记", "asset.correct")
async def correct_registration(asset: AssetPath, body: CorrectRegistration, write: Writing) -> Response:
    """Correct named fields; the old values stay in the history (C4.6-02)."""

    async def correct(it: Asset, at: Occasion, work: Work) -> None:
        with suppress(Refusal):  # the decision says it
            await stand_guiding(body.correction.applied_to(it.card), at, work)
        before = it.card
        it.correct_registration(body.correction, at)
        await rest_on_allocations(work, it.id, it.card, at, before=before)
        await work.require_named(it.card, "card")
        if "acceptance" in body.correction.changes:
            await require_approved(work, it.card, at)

    return await write.carry_out(assets, asset, body, correct)


@assets.post("/{asset}/documents", "资料存档", "asset.archive_document")
async def archive_document(asset: AssetPath, body: ArchiveDocument, write: Writing) -> Response:
    """Add a document to the asset's file by its digest (C4.6-03)."""
    return await write.decide(assets, asset, body, lambda it, at: it.archive_document(body.document, at))


@assets.post("/{asset}/bookings", "入账", "asset.book")
async def book_asset(asset: AssetPath, body: BookAsset, write: Writing) -> Response:
    """Book the confirmed share, or the original value (C4.3-13, C4.5-17)."""
    return await write.decide(
        assets, asset, body, lambda it, at: it.book(body.booking, at), on=body.booking.booked_on
    )


@assets.post("/{asset}/custody", "落实管护", "asset.assign_custody")
async def assign_custody(asset: AssetPath, body: AssignCustody, write: Writing) -> Response:
    """Assign custody with named persons (C4.10-02)."""
    return await write.decide(assets, asset, body, lambda it, at: it.assign_custody(body.custody, at))


@assets.post("/{asset}/supervision", "落实监管", "asset.assign_custody")
async def assign_supervision(asset: AssetPath, body: AssignSupervision, write: Writing) -> Response:
    """Assign the supervising units (C4.3-02)."""
    return await write.decide(assets, asset, body, lambda it, at: it.assign_supervision(body.supervision, at))


@assets.post("/{asset}/use", "投入使用", "asset.report_status")
async def put_into_use(asset: AssetPath, body: PutIntoUse, write: Writing) -> Response:
    """Deliver into use (C4.3-01)."""
    return await write.decide(
        assets, asset, body, lambda it, at: it.put_into_use(body.in_use_since, at), on=body.in_use_since
    )


@assets.post("/{asset}/status-reports", "报告使用状况", "asset.report_status")
async def report_status(asset: AssetPath, body: ReportStatus, write: Writing) -> Response:
    """Say how the asset is (C3-08): in use, idle, damaged, lost."""
    return await write.decide(
        assets, asset, body, lambda it, at: it.report_status(body.report, at), on=body.report.reported_on
    )


@assets.post("/{asset}/risks", "标记风险", "asset.report_status")
async def flag_risk(asset: AssetPath, body: FlagRisk, write: Writing) -> Response:
    """Open a risk flag (C0-01)."""
    return await write.decide(assets, asset, body, lambda it, at: it.flag_risk(body.kind, body.reason, at))


@assets.post("/{asset}/risks/{kind}/clearance", "解除风险", "asset.report_status")
async def clear_risk(asset: AssetPath, kind: RiskKind, body: ClearRisk, write: Writing) -> Response:
    """Close a risk flag (C0-01)."""
    return await write.decide(assets, asset, body, lambda it, at: it.clear_risk(kind, body.reason, at))


@assets.post("/{asset}/maintenance", "登记养护", "asset.maintain")
async def maintain_asset(asset: AssetPath, body: MaintainAsset, write: Writing) -> Response:
    """Record upkeep and split its cost by shares (C4.3-14, C4.7-09)."""
    return await write.decide(
        assets, asset, body, lambda it, at: it.maintain(body.maintenance, at), on=body.maintenance.done_on
    )


@assets.post("/{asset}/depreciation", "计提折旧", "asset.depreciate")
async def post_depreciation(asset: AssetPath, body: PostDepreciation, write: Writing) -> Response:
    """Post a year's depreciation by the regime's method (C4.7-10)."""
    on = min(date(body.year, 12, 31), write.context.today())
    return await write.decide(assets, asset, body, lambda it, at: it.post_depreciation(body.year, at), on=on)


@assets.post("/{asset}/leases", "签订经营合同", "asset.sign_contract")
async def sign_contract(asset: AssetPath, body: SignContract, write: Writing) -> Response:
    """Sign an operating contract; mode LEASED records Leased (C4.7-03, C4.11-02)."""

    async def sign(it: Asset, at: Occasion, work: Work) -> None:
        proof = None if body.procedure is None else await decided_by(work, it, body.procedure, at)
        it.sign_contract(body.terms, at, proof=proof, selected=await selected_for(work, body.terms))

    return await write.carry_out(
        assets,
        asset,
        body,
        sign,
        on=body.terms.signed_on,
        party=lambda _: (body.terms.signer,),
    )


@assets.post("/{asset}/leases/{contract}/changes", "变更经营合同", "asset.sign_contract")
async def change_contract(
    asset: AssetPath, contract: ContractCode, body: ChangeContract, write: Writing
) -> Response:
    """Change operator, mode or terms by the procedure in which the owners decided on them (C4.11-03)."""
    if body.terms.contract != contract:
        raise refuse("FIELD_INVALID", field="terms.contract", value=body.terms.contract)

    async def change(it: Asset, at: Occasion, work: Work) -> None:
        procedure = (
            body.procedure
        )  # consent that came after the change is one of its own (CONSENT_AFTER_FACT)
        proof = None if procedure is None else await decided_by(work, it, procedure, at, since=True)
        it.change_contract(body.terms, at, proof=proof, selected=await selected_for(work, body.terms))

    return await write.carry_out(assets, asset, body, change, party=lambda _: (body.terms.signer,))


@assets.post("/{asset}/leases/{contract}/ending", "终止经营合同", "asset.sign_contract")
async def end_contract(
    asset: AssetPath, contract: ContractCode, body: EndContract, write: Writing
) -> Response:
    """End a contract (C4.3-15)."""
    return await write.decide(
        assets,
        asset,
        body,
        lambda it, at: it.end_contract(contract, body.ended_on, body.outcome, body.reason, at),
        on=body.ended_on,
        party=lambda it: it.enders_of(contract, body.ended_on),
    )


@assets.post("/{asset}/leases/{contract}/holdover", "到期继续使用", "asset.sign_contract")
async def start_holdover(
    asset: AssetPath, contract: ContractCode, body: StartHoldover, write: Writing
) -> Response:
    """Record that the operator stayed after the term (C4.3-15, 民法典 734)."""
    return await write.decide(
        assets,
        asset,
        body,
        lambda it, at: it.start_holdover(contract, body.since, at),
        on=body.since,
        party=lambda it: it.enders_of(contract, body.since),
    )


@assets.post("/{asset}/income-receipts", "收益入账", "asset.income")
async def receive_income(asset: AssetPath, body: ReceiveIncome, write: Writing) -> Response:
    """Record income, attributed to the income-right holders and posted on their sub-accounts (C4.9-01, C4.9-02, C4.9-05)."""

    async def receive(it: Asset, at: Occasion, work: Work) -> None:
        it.receive_income(body.receipt, at)
        await post_income(work, it, at)

    return await write.carry_out(assets, asset, body, receive, on=body.receipt.received_on)


@assets.post("/{asset}/disposals", "提出处置", "asset.propose_disposal")
async def propose_disposal(asset: AssetPath, body: ProposeDisposal, write: Writing) -> Response:
    """Propose a disposal (C4.12-01); it counts in the series of its owner's project and batch (C4.12-04, P03)."""

    async def propose(it: Asset, at: Occasion, work: Work) -> None:
        proof = None if body.procedure is None else await decided_by(work, it, body.procedure, at)
        it.propose_disposal(body.proposal, at, proof=proof)
        await disposal_series.count(work, it, body.proposal.disposal, at)
        await take_disposal_steps(work, it, body.proposal.disposal)

    return await write.carry_out(assets, asset, body, propose)


@assets.post("/{asset}/disposals/{disposal}/appraisals", "资产评估", "asset.propose_disposal")
async def record_appraisal(
    asset: AssetPath, disposal: DisposalCode, body: RecordAppraisal, write: Writing
) -> Response:
    """Record the appraisal (C4.12-02, C4.12-04); by an agency where the series comes to the threshold (P03)."""

    async def record(it: Asset, at: Occasion, work: Work) -> None:
        beside = await disposal_series.beside(work, it, disposal, at)
        proof = await shown_of(work, it, disposal, at)
        it.record_appraisal(disposal, body.appraisal, at, beside=beside, proof=proof)
        await disposal_series.count(work, it, disposal, at)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(assets, asset, body, record)


@assets.post("/{asset}/disposals/{disposal}/publications", "公开评估结果", "asset.propose_disposal")
async def publish_appraisal(
    asset: AssetPath, disposal: DisposalCode, body: PublishAppraisal, write: Writing
) -> Response:
    """Publish the appraisal result at the owner's place (C4.12-03)."""

    async def publish(it: Asset, at: Occasion, work: Work) -> None:
        proof = await shown_of(work, it, disposal, at)
        it.publish_appraisal(disposal, body.publication, at, proof=proof)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(assets, asset, body, publish, on=body.publication.published_on)


@assets.post("/{asset}/disposals/{disposal}/forwardings", "逐级上报", "asset.forward_disposal")
async def forward_disposal(
    asset: AssetPath, disposal: DisposalCode, body: ForwardDisposal, write: Writing
) -> Response:
    """Pass the proposal one level up (C4.12-05): each level speaks for itself."""

    async def forward(it: Asset, at: Occasion, work: Work) -> None:
        beside = await disposal_series.beside(work, it, disposal, at)
        proof = await shown_of(work, it, disposal, at)
        unit = write.actor.organization
        it.forward_disposal(disposal, body.level, body.opinion, at, beside=beside, proof=proof, unit=unit)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(assets, asset, body, forward, level=body.level)


@assets.post("/{asset}/disposals/{disposal}/approval", "批准处置", "asset.approve_disposal")
async def approve_disposal(
    asset: AssetPath, disposal: DisposalCode, body: ApproveDisposal, write: Writing
) -> Response:
    """Approve at the level the value demands (C4.12-05): the approver speaks for itself."""
    approval = body.approval

    async def approve(it: Asset, at: Occasion, work: Work) -> None:
        beside = await disposal_series.beside(work, it, disposal, at)
        proof = await shown_of(work, it, disposal, at)
        it.approve_disposal(disposal, approval, at, beside=beside, proof=proof)
        await disposal_series.count(work, it, disposal, at)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(
        assets,
        asset,
        body,
        approve,
        on=approval.approved_on,
        unit=approval.approver,
        level=approval.approver_level,
    )


@assets.post("/{asset}/disposals/{disposal}/closing", "终止处置", "asset.close_disposal")
async def close_disposal(
    asset: AssetPath, disposal: DisposalCode, body: CloseDisposal, write: Writing
) -> Response:
    """Reject a disposal as an approver, or withdraw it as the owner (C4.12-02)."""
    action = "asset.approve_disposal" if body.outcome == "REJECTED" else "asset.propose_disposal"

    async def close(it: Asset, at: Occasion, work: Work) -> None:
        authorize(write.actor, action, resource_of(it))
        it.close_disposal(disposal, body.outcome, body.reason, at)
        await disposal_series.count(work, it, disposal, at)

    withdrawn = body.outcome == "WITHDRAWN"
    return await write.carry_out(assets, asset, body, close, party=owners_of if withdrawn else None)


@assets.post("/{asset}/disposals/{disposal}/execution", "处置", "asset.dispose")
async def dispose_asset(
    asset: AssetPath, disposal: DisposalCode, body: DisposeAsset, write: Writing
) -> Response:
    """Carry out an approved disposal (C4.12-05, C4.12-06)."""

    async def dispose(it: Asset, at: Occasion, work: Work) -> None:
        proof = await shown_of(work, it, disposal, at)
        it.dispose(disposal, body.sale, at, proof=proof)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(assets, asset, body, dispose, on=body.sale.disposed_on)


@assets.post("/{asset}/disposals/{disposal}/proceeds", "处置收入入账", "asset.dispose")
async def receive_proceeds(
    asset: AssetPath, disposal: DisposalCode, body: ReceiveProceeds, write: Writing
) -> Response:
    """Record proceeds: they are in the county's pool with the same commit (C4.12-07)."""

    async def receive(it: Asset, at: Occasion, work: Work) -> None:
        it.receive_proceeds(disposal, body.amount, body.received_on, body.voucher_no, at)
        await proceeds.receive(work, it, disposal, body.amount, body.received_on, body.voucher_no, at)
        await take_disposal_steps(work, it, disposal)

    return await write.carry_out(assets, asset, body, receive, on=body.received_on)


class AssetReading(LogReading[AssetView]):  # type: ignore[valid-type]  # made at run time from the aggregate
    """An asset as a read shows it."""

    as_of: date | None = Field(default=None, title="业务日期")
    known_at: datetime | None = Field(default=None, title="已知时刻")
    unplaced: tuple[UnplacedEvent, ...] = Field(
        default=(), title="无法归位的事件", description="业务日期早于其所依据事实的事件"
    )
    answering: Answering | None = Field(
        default=None,
        title="当日责任人",
        description="回看时给出：具体责任人、临时管护人、职务任职人，空缺的注明",
    )


@get(router, "/{asset}", "查询资产", "asset.read", response_model=AssetReading)
async def read_asset(
    asset: AssetPath,
    read: Reading,
    as_of: Annotated[BusinessDate | None, Query(title="业务日期", description="按业务日期回看")] = None,
    known_at: Annotated[
        Moment | None, Query(title="已知时刻", description="按当时已知回看（RFC 3339 时刻）")
    ] = None,
) -> Response:
    """The asset from the log: now, as it was on a day, or as it was known at a moment (D7); of the past with the persons who
    answered for it (C4.10-02).
    """
    if as_of is None and known_at is None:
        body = await asset_history(read.context, read.county, asset)
        return read.answer(body, version=body["version"])
    past = await asset_at(read.context, read.county, asset, as_of, known_at)
    body = shown_at(asset, past, as_of, known_at)
    reader = AnsweringReader(read.context, read.county, known_at)
    day = as_of or (read.today if known_at is None else county_day(known_at))
    taken_over = {one.data["case"] for one in past.events if one.type == Asset.HandedOver.TOPIC}
    head = await read.context.store.head(read.county)
    listing = await cases_listing(
        read, asset, head.position
    )  # an interim is not missed because a ledger is behind
    cases = [one for one in listing if one not in taken_over]
    found = await reader.answering(past.known, day, cases)
    return read.answer(body | {"answering": found.model_dump(mode="json", by_alias=True)})
