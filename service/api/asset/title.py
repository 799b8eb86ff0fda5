"""The title of assets over HTTP: transfers between units, what leads to a title, the confirmation, certificates, rights."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.certificates import OwnershipCertificate, PropertyRegistration, TitleCertificate
from domain.asset.facts.days import CertificateAnswerDay, FilingDay
from domain.asset.facts.ownership import (
    CountyDecision,
    OwnershipConfirmation,
    TitleDispute,
    TitleHolder,
    check_parties_of,
)
from domain.asset.facts.rights import RightAssignment
from domain.asset.facts.title_plan import JointProposal, QuantificationPlan
from domain.asset.facts.transfer import ItemAcceptance, TransferOffer
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.proof import ProcedureProof
from domain.refusals import refuse
from domain.values import Code, Name, Text
from service.api.asset.decisions import AssetPath, assets_on
from service.api.http.reading import routes
from service.api.http.writing import Circumstances, Excepting, Executing, Scope, Write, Writing
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.income.posting import post_income
from service.inventory.verification_basis import check_basis

router = routes("/v1/assets", "assets 资产")

TransferCode = Annotated[Code, Path(title="移交编号")]
CertificateCode = Annotated[Code, Path(title="办证编号")]


class ConfirmOwnership(Excepting):
    """Confirmation of ownership."""

    confirmation: OwnershipConfirmation = Field(title="确权")


class InitiateTransfer(Circumstances):
    """Offer of an asset to another unit."""

    transfer: TransferOffer = Field(title="移交")


class AcceptTransfer(Circumstances):
    """Request body: accept or refuse items of a transfer."""

    receiver: Code = Field(title="接收单位")
    items: tuple[ItemAcceptance, ...] = Field(title="接收情况", min_length=1, max_length=5000)
    conditions: Text | None = Field(default=None, title="接收条件")


class RefuseTransfer(Circumstances):
    """Request body: refuse a transfer as a whole."""

    receiver: Code = Field(title="接收单位")
    reason: Text = Field(title="拒收理由")


class ProposeJointShares(Circumstances):
    """Request body: propose the shares of joint villages."""

    proposal: JointProposal = Field(title="联建份额方案")


class ProposeQuantification(Circumstances):
    """Request body: propose a quantification plan."""

    plan: QuantificationPlan = Field(title="量化方案")


class EnterOwnershipProcedure(Circumstances):
    """The procedure the title goes through; its subject is the asset's title."""

    procedure: Code = Field(title="程序编号")


class IssueCountyDecision(Circumstances):
    """The county government's decision."""

    decision: CountyDecision = Field(title="县人民政府决定")


class OpenTitleDispute(Circumstances):
    """Request body: open a title dispute."""

    dispute: TitleDispute = Field(title="产权不明晰情况")


class IssueOwnershipCertificate(Executing):
    """A joint village's certificate, by the procedure that led to it."""

    certificate: OwnershipCertificate = Field(title="确权书")
    procedure: Code = Field(title="程序编号")


class FileOwnership(Circumstances):
    """The filing, by the procedure it belongs to."""

    procedure: Code = Field(title="程序编号")
    filed_on: FilingDay = Field(title="备案日期")
    document_no: Name | None = Field(default=None, title="备案文号")


class ApplyForTitleCertificate(Circumstances):
    """An application to the natural-resources bureau."""

    certificate: TitleCertificate = Field(title="办证申请")


class IssueTitleCertificate(Circumstances):
    """The certificate that was issued."""

    number: Name = Field(title="证书编号")
    issued_on: CertificateAnswerDay = Field(title="发证日期")


class FindCertificateIneligible(Circumstances):
    """Request body: record that a certificate cannot be issued, with the reason."""

    reason: Text = Field(title="不符合条件的理由")
    decided_on: CertificateAnswerDay = Field(title="答复日期")


class RegisterProperty(Circumstances):
    """An entry in the register of property."""

    registration: PropertyRegistration = Field(title="产权登记")


class AssignRight(Circumstances):
    """A right given by a document."""

    assignment: RightAssignment = Field(title="权利安排内容")


titles = assets_on(router)


# ---- transfers -----------------------------------------------------------------------------------------------------


@titles.post("/{asset}/transfers", "发起资产移交", "asset.transfer")
async def initiate_transfer(asset: AssetPath, body: InitiateTransfer, write: Writing) -> Response:
    """Offer the asset and its papers to another unit (C4.5-20)."""
    return await write.decide(
        titles,
        asset,
        body,
        lambda it, at: it.initiate_transfer(body.transfer, at),
        on=body.transfer.initiated_on,
    )


async def _stand_in(it: Asset, transfer: str, at: Occasion, work: Work) -> None:
    """A transfer on its way to a unit that has been merged goes on to the unit that carries on its duties."""
    if transfer in it.transfers:
        await work.stand(at, [it.transfers[transfer].receiver])


def _receiver_of(transfer: str) -> Scope[Asset]:
    def receiver(it: Asset, _: Write) -> Resource:
        units = (it.transfers[transfer].receiver,) if transfer in it.transfers else ()
        return Resource(divisions=units, organizations=units)

    return receiver


@titles.post("/{asset}/transfers/{transfer}/acceptances", "接收移交项", "asset.transfer")
async def accept_transfer(
    asset: AssetPath, transfer: TransferCode, body: AcceptTransfer, write: Writing
) -> Response:
    """Accept or refuse items as the receiving unit (C4.5-20)."""

    async def accept(it: Asset, at: Occasion, work: Work) -> None:
        await _stand_in(it, transfer, at, work)
        it.accept_transfer(transfer, body.receiver, body.items, at, conditions=body.conditions)

    return await write.carry_out(titles, asset, body, accept, scope=_receiver_of(transfer))


@titles.post("/{asset}/transfers/{transfer}/refusal", "拒收资产移交", "asset.transfer")
async def refuse_transfer(
    asset: AssetPath, transfer: TransferCode, body: RefuseTransfer, write: Writing
) -> Response:
    """Refuse the whole transfer as the receiving unit (C4.5-20)."""

    async def turn_down(it: Asset, at: Occasion, work: Work) -> None:
        await _stand_in(it, transfer, at, work)
        it.refuse_transfer(transfer, body.receiver, body.reason, at)

    return await write.carry_out(titles, asset, body, turn_down, scope=_receiver_of(transfer))


@titles.post("/{asset}/transfers/{transfer}/completion", "完成资产移交", "asset.transfer")
async def complete_transfer(
    asset: AssetPath, transfer: TransferCode, body: Circumstances, write: Writing
) -> Response:
    """Close a transfer whose items are all accepted (C4.5-20)."""

    async def complete(it: Asset, at: Occasion, work: Work) -> None:
        await _stand_in(it, transfer, at, work)
        it.complete_transfer(transfer, at)

    return await write.carry_out(titles, asset, body, complete)


# ---- what leads to a title -----------------------------------------------------------------------------------------


@titles.post("/{asset}/joint-shares", "界定联建份额", "asset.propose_title")
async def propose_joint_shares(asset: AssetPath, body: ProposeJointShares, write: Writing) -> Response:
    """Work the joint villages' shares out of the funding lines (C4.5-06)."""
    return await write.decide(titles, asset, body, lambda it, at: it.propose_joint_shares(body.proposal, at))


@titles.post("/{asset}/quantification-plans", "提出量化方案", "asset.propose_title")
async def propose_quantification(asset: AssetPath, body: ProposeQuantification, write: Writing) -> Response:
    """Propose the villages' parts of a cross-village asset (C4.5-16): the implementer speaks for itself."""
    return await write.decide(
        titles,
        asset,
        body,
        lambda it, at: it.propose_quantification(body.plan, at),
        unit=body.plan.proposed_by,
    )


@titles.post("/{asset}/ownership-procedures", "启动确权程序", "asset.propose_title")
async def enter_ownership_procedure(
    asset: AssetPath, body: EnterOwnershipProcedure, write: Writing
) -> Response:
    """Put the title under a procedure over it (T11: IN_PROCEDURE)."""

    async def enter(it: Asset, at: Occasion, work: Work) -> None:
        it.start_ownership_procedure(await shown(work, it, body.procedure), at)

    return await write.carry_out(titles, asset, body, enter)


@titles.post("/{asset}/county-decisions", "县人民政府确定权属", "asset.decide_title")
async def issue_county_decision(asset: AssetPath, body: IssueCountyDecision, write: Writing) -> Response:
    """Record the county government's decision on the title (C4.5-05, C4.5-07, C4.5-16): it speaks for itself."""
    return await write.decide(
        titles,
        asset,
        body,
        lambda it, at: it.issue_county_decision(body.decision, at),
        on=body.decision.decided_on,
        unit="COUNTY_GOV",
    )


@titles.post("/{asset}/title-disputes", "产权不明晰", "asset.dispute_title")
async def open_title_dispute(asset: AssetPath, body: OpenTitleDispute, write: Writing) -> Response:
    """Declare the title unclear; the county government decides it (C4.5-07)."""
    return await write.decide(
        titles, asset, body, lambda it, at: it.open_title_dispute(body.dispute, at), on=body.dispute.opened_on
    )


@titles.post("/{asset}/ownership-certificates", "发放确权书", "asset.certify_share")
async def issue_ownership_certificate(
    asset: AssetPath, body: IssueOwnershipCertificate, write: Writing
) -> Response:
    """Give a joint village the certificate of its share (C4.5-06): the asset's township speaks for itself."""

    async def issue(it: Asset, at: Occasion, work: Work) -> None:
        it.issue_ownership_certificate(body.certificate, await shown(work, it, body.procedure), at)
        _claim_number(it, work, body.certificate.number)

    return await write.carry_out(
        titles,
        asset,
        body,
        issue,
        on=body.certificate.issued_on,
        unit=lambda it: f"{it.card.location[:9]}000",
    )


@titles.post("/{asset}/ownership-confirmations", "确权", "asset.confirm_ownership")
async def confirm_ownership(asset: AssetPath, body: ConfirmOwnership, write: Writing) -> Response:
    """Confirm ownership by the decision table of the day (C4.5-02), with what the named procedure shows."""
    confirmation = body.confirmation

    async def confirm(it: Asset, at: Occasion, work: Work) -> None:
        holders = await title_holders(work, confirmation, at.on)
        await check_basis(work, it.id, confirmation.verification_basis, at)
        proof = None
        if confirmation.procedure is not None:
            proof = await shown(work, it, confirmation.procedure)
        it.confirm_ownership(confirmation, at, proof=proof, holders=holders)
        await post_income(work, it, at)

    return await write.carry_out(titles, asset, body, confirm)


@titles.post("/{asset}/ownership-filings", "确权备案", "asset.propose_title")
async def file_ownership(asset: AssetPath, body: FileOwnership, write: Writing) -> Response:
    """Record that the joint title was filed in its procedure (C4.5-06)."""

    async def file(it: Asset, at: Occasion, work: Work) -> None:
        it.file_ownership(body.filed_on, body.document_no, await shown(work, it, body.procedure), at)

    return await write.carry_out(titles, asset, body, file, on=body.filed_on)


async def shown(work: Work, asset: Asset, procedure: str) -> ProcedureProof:
    """What a procedure shows of an asset's title so far; NOT_FOUND, NOTICE_PLACE_MISSING when it is another place's."""
    found = await work.get(ProcedureInstance, procedure)
    check_parties_of(found.parties, asset.card)
    return found.proof()


async def title_holders(work: Work, confirmation: OwnershipConfirmation, on: date) -> tuple[TitleHolder, ...]:
    """Who in law holds the owners' shares on that day (C3-06): the village's collective, its committee where there is none.

    Refused: OWNER_TYPE_NOT_ALLOWED for a unit of another kind.
    """
    units = await work.context.load_many(
        Organization, work.county, [share.party for share in confirmation.owners]
    )
    holders = []
    for share in confirmation.owners:
        unit = units[share.party]
        if unit.card.kind != confirmation.owner_kind:
            raise refuse("OWNER_TYPE_NOT_ALLOWED", kind=unit.card.kind)
        holders.append(_holder(unit, confirmation.owner_kind, on))
    return tuple(holders)


def _holder(unit: Organization, kind: str, on: date) -> TitleHolder:
    if kind != "VILLAGE":
        return TitleHolder(party=unit.id, kind=kind, name=unit.card.name)
    collective = unit.collective_on(on)
    if collective is None:
        return TitleHolder(party=unit.id, kind="VILLAGE_COMMITTEE", name=unit.card.name)
    return TitleHolder(party=unit.id, kind="COLLECTIVE", uscc=collective.uscc, name=collective.name)


def _claim_number(asset: Asset, work: Work, number: str) -> None:
    """A certificate's number is given once in the county; one that was recorded before is this asset's already."""
    if asset.pending_events:
        work.claim("certificate", number)


# ---- certificates and rights ---------------------------------------------------------------------------------------


@titles.post("/{asset}/title-certificates", "申请办理产权证", "asset.certify_title")
async def apply_for_title_certificate(
    asset: AssetPath, body: ApplyForTitleCertificate, write: Writing
) -> Response:
    """Apply for an owner's title or real-estate certificate (C4.3-09)."""
    return await write.decide(
        titles,
        asset,
        body,
        lambda it, at: it.apply_for_certificate(body.certificate, at),
        on=body.certificate.applied_on,
    )


@titles.post("/{asset}/title-certificates/{certificate}/issue", "颁发产权证", "asset.certify_title")
async def issue_title_certificate(
    asset: AssetPath, certificate: CertificateCode, body: IssueTitleCertificate, write: Writing
) -> Response:
    """Record the certificate that was issued; its number is the county's only one (C4.3-09)."""

    async def issue(it: Asset, at: Occasion, work: Work) -> None:
        it.issue_title_certificate(certificate, body.number, body.issued_on, at)
        _claim_number(it, work, body.number)

    return await write.carry_out(titles, asset, body, issue, on=body.issued_on)


@titles.post(
    "/{asset}/title-certificates/{certificate}/ineligibility", "不符合办证条件", "asset.certify_title"
)
async def find_certificate_ineligible(
    asset: AssetPath, certificate: CertificateCode, body: FindCertificateIneligible, write: Writing
) -> Response:
    """Record that no certificate is issued, and why (C4.3-09)."""

    def answer(it: Asset, at: Occasion) -> None:
        it.find_certificate_ineligible(certificate, body.reason, body.decided_on, at)

    return await write.decide(titles, asset, body, answer, on=body.decided_on)


@titles.post("/{asset}/property-registrations", "办理产权登记", "asset.certify_title")
async def register_property(asset: AssetPath, body: RegisterProperty, write: Writing) -> Response:
    """Record an owner's entry in the register of property (C4.5-17)."""
    entry = body.registration
    return await write.decide(
        titles, asset, body, lambda it, at: it.register_property(entry, at), on=entry.registered_on
    )


@titles.post("/{asset}/rights", "明确权利", "asset.assign_right")
async def assign_right(asset: AssetPath, body: AssignRight, write: Writing) -> Response:
    """Give a right to a holder by a document, for a time (C2-02). An owner gives it; supervision also who is above it."""

    async def give(it: Asset, at: Occasion, work: Work) -> None:
        await work.stand(at, [share.party for share in it.owners])
        it.assign_right(body.assignment, at)
        owners = {at.stands(share.party) for share in it.owners}
        if body.assignment.right != "SUPERVISION" and write.actor.organization not in owners:
            raise refuse("FORBIDDEN", action=body.assignment.right)

    return await write.carry_out(titles, asset, body, give)
