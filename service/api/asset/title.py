"""The title of assets over HTTP: transfers between units, what leads to a title, the confirmation, certificates, rights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.certificates import OwnershipCertificate, PropertyRegistration, TitleCertificate
from domain.asset.facts.ownership import (
    CountyDecision,
    OwnershipConfirmation,
    TitleDispute,
    TitleHolder,
    check_parties_of,
)
from domain.asset.facts.rights import RightAssignment
from domain.asset.facts.title_plan import JointProposal, QuantificationPlan
from domain.asset.facts.transfer import AssetTransfer, ItemAcceptance
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.proof import ProcedureProof
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Text
from service.api.asset.assets import must_speak_for
from service.api.asset.decisions import AssetCode, AssetView, decide, resource_of
from service.api.http.reading import Endpoint, routes
from service.api.http.writing import Circumstances, Writing, post
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.history import view_of
from service.inventory.verification_basis import check_basis

router = routes("/v1/assets", "assets 资产")

TransferCode = Annotated[Code, Path(title="移交编号")]
CertificateCode = Annotated[Code, Path(title="办证编号")]


class ConfirmOwnership(Circumstances):
    """Confirmation of ownership."""

    confirmation: OwnershipConfirmation = Field(title="确权")


class InitiateTransfer(Circumstances):
    """Offer of an asset to another unit."""

    transfer: AssetTransfer = Field(title="移交")


class AcceptTransfer(Circumstances):
    """The receiving unit's word on items."""

    receiver: Code = Field(title="接收单位")
    items: tuple[ItemAcceptance, ...] = Field(title="接收情况", min_length=1, max_length=5000)
    conditions: Text | None = Field(default=None, title="接收条件")


class RefuseTransfer(Circumstances):
    """The receiving unit takes nothing of what is offered."""

    receiver: Code = Field(title="接收单位")
    reason: Text = Field(title="拒收理由")


class ProposeJointShares(Circumstances):
    """The villages that built together."""

    proposal: JointProposal = Field(title="联建份额方案")


class ProposeQuantification(Circumstances):
    """The implementer's plan."""

    plan: QuantificationPlan = Field(title="量化方案")


class EnterOwnershipProcedure(Circumstances):
    """The procedure the title goes through; its subject is the asset's title."""

    procedure: Code = Field(title="程序编号")


class IssueCountyDecision(Circumstances):
    """The county government's decision."""

    decision: CountyDecision = Field(title="县人民政府决定")


class OpenTitleDispute(Circumstances):
    """A title that is not clear."""

    dispute: TitleDispute = Field(title="产权不明晰情况")


class IssueOwnershipCertificate(Circumstances):
    """A joint village's certificate, by the procedure that led to it."""

    certificate: OwnershipCertificate = Field(title="确权书")
    procedure: Code = Field(title="程序编号")


class FileOwnership(Circumstances):
    """The filing, by the procedure it belongs to."""

    procedure: Code = Field(title="程序编号")
    filed_on: BusinessDate = Field(title="备案日期")
    document_no: Name | None = Field(default=None, title="备案文号")


class ApplyForTitleCertificate(Circumstances):
    """An application to the natural-resources bureau."""

    certificate: TitleCertificate = Field(title="办证申请")


class IssueTitleCertificate(Circumstances):
    """The certificate that was issued."""

    number: Name = Field(title="证书编号")
    issued_on: BusinessDate = Field(title="发证日期")


class FindCertificateIneligible(Circumstances):
    """No certificate, and why."""

    reason: Text = Field(title="不符合条件的理由")
    decided_on: BusinessDate = Field(title="答复日期")


class RegisterProperty(Circumstances):
    """An entry in the register of property."""

    registration: PropertyRegistration = Field(title="产权登记")


class AssignRight(Circumstances):
    """A right given by a document."""

    assignment: RightAssignment = Field(title="权利安排内容")


def _post(path: str, summary: str, action: str) -> Callable[[Endpoint], Endpoint]:
    return post(router, path, summary, action, AssetView, versioned=True)


# ---- transfers -----------------------------------------------------------------------------------------------------


@_post("/{asset}/transfers", "发起资产移交", "asset.transfer")
async def initiate_transfer(asset: AssetCode, body: InitiateTransfer, write: Writing) -> Response:
    """Offer the asset and its papers to another unit (C4.5-20)."""
    return await decide(
        write, asset, body, body.transfer.initiated_on, lambda it, at: it.initiate_transfer(body.transfer, at)
    )


def _receiver_of(transfer: str) -> Callable[[Asset], Resource]:
    def receiver(it: Asset) -> Resource:
        units = (it.transfers[transfer].receiver,) if transfer in it.transfers else ()
        return Resource(divisions=units, organizations=units)

    return receiver


@_post("/{asset}/transfers/{transfer}/acceptances", "接收移交项", "asset.transfer")
async def accept_transfer(
    asset: AssetCode, transfer: TransferCode, body: AcceptTransfer, write: Writing
) -> Response:
    """Accept or refuse items as the receiving unit (C4.5-20)."""

    def accept(it: Asset, at: Occasion) -> None:
        it.accept_transfer(transfer, body.receiver, body.items, at, conditions=body.conditions)

    return await decide(write, asset, body, None, accept, resource=_receiver_of(transfer))


@_post("/{asset}/transfers/{transfer}/refusal", "拒收资产移交", "asset.transfer")
async def refuse_transfer(
    asset: AssetCode, transfer: TransferCode, body: RefuseTransfer, write: Writing
) -> Response:
    """Refuse the whole transfer as the receiving unit (C4.5-20)."""

    def turn_down(it: Asset, at: Occasion) -> None:
        it.refuse_transfer(transfer, body.receiver, body.reason, at)

    return await decide(write, asset, body, None, turn_down, resource=_receiver_of(transfer))


@_post("/{asset}/transfers/{transfer}/completion", "完成资产移交", "asset.transfer")
async def complete_transfer(
    asset: AssetCode, transfer: TransferCode, body: Circumstances, write: Writing
) -> Response:
    """Close a transfer whose items are all accepted (C4.5-20)."""
    return await decide(write, asset, body, None, lambda it, at: it.complete_transfer(transfer, at))


# ---- what leads to a title -----------------------------------------------------------------------------------------


@_post("/{asset}/joint-shares", "界定联建份额", "asset.propose_title")
async def propose_joint_shares(asset: AssetCode, body: ProposeJointShares, write: Writing) -> Response:
    """Work the joint villages' shares out of the funding lines (C4.5-06)."""
    return await decide(write, asset, body, None, lambda it, at: it.propose_joint_shares(body.proposal, at))


@_post("/{asset}/quantification-plans", "提出量化方案", "asset.propose_title")
async def propose_quantification(asset: AssetCode, body: ProposeQuantification, write: Writing) -> Response:
    """Propose the villages' parts of a cross-village asset (C4.5-16): the implementer speaks for itself."""
    must_speak_for(write.actor, body.plan.proposed_by, kind_counts=False)
    return await decide(write, asset, body, None, lambda it, at: it.propose_quantification(body.plan, at))


@_post("/{asset}/ownership-procedures", "启动确权程序", "asset.propose_title")
async def enter_ownership_procedure(
    asset: AssetCode, body: EnterOwnershipProcedure, write: Writing
) -> Response:
    """Put the title under a procedure over it (T11: IN_PROCEDURE)."""

    async def enter(it: Asset, work: Work) -> Occasion:
        at = write.occasion(body)
        it.start_ownership_procedure(await shown(work, it, body.procedure), at)
        return at

    return await write.on(Asset, asset, enter, resource=resource_of, view=view_of, versioned=True)


@_post("/{asset}/county-decisions", "县人民政府确定权属", "asset.decide_title")
async def issue_county_decision(asset: AssetCode, body: IssueCountyDecision, write: Writing) -> Response:
    """Record the county government's decision on the title (C4.5-05, C4.5-07, C4.5-16): it speaks for itself."""
    must_speak_for(write.actor, "COUNTY_GOV", kind_counts=False)
    return await decide(
        write,
        asset,
        body,
        body.decision.decided_on,
        lambda it, at: it.issue_county_decision(body.decision, at),
    )


@_post("/{asset}/title-disputes", "产权不明晰", "asset.dispute_title")
async def open_title_dispute(asset: AssetCode, body: OpenTitleDispute, write: Writing) -> Response:
    """Declare the title unclear; the county government decides it (C4.5-07)."""
    return await decide(
        write, asset, body, body.dispute.opened_on, lambda it, at: it.open_title_dispute(body.dispute, at)
    )


@_post("/{asset}/ownership-certificates", "发放确权书", "asset.decide_title")
async def issue_ownership_certificate(
    asset: AssetCode, body: IssueOwnershipCertificate, write: Writing
) -> Response:
    """Give a joint village the certificate of its share (C4.5-06): the asset's township speaks for itself."""

    async def issue(it: Asset, work: Work) -> Occasion:
        must_speak_for(write.actor, f"{it.card.location[:9]}000", kind_counts=False)
        at = write.occasion(body, body.certificate.issued_on)
        it.issue_ownership_certificate(body.certificate, await shown(work, it, body.procedure), at)
        _claim_number(it, work, body.certificate.number)
        return at

    return await write.on(Asset, asset, issue, resource=resource_of, view=view_of, versioned=True)


@_post("/{asset}/ownership-confirmations", "确权", "asset.confirm_ownership")
async def confirm_ownership(asset: AssetCode, body: ConfirmOwnership, write: Writing) -> Response:
    """Confirm ownership by the decision table of the day (四(五)), with what the named procedure shows."""
    confirmation = body.confirmation

    async def confirm(it: Asset, work: Work) -> Occasion:
        at = write.occasion(body)
        holders = await title_holders(work, confirmation, at.on)
        await check_basis(work, it.id, confirmation.verification_basis, at)
        proof = None
        if confirmation.procedure is not None:
            proof = await shown(work, it, confirmation.procedure)
        it.confirm_ownership(confirmation, at, proof=proof, holders=holders)
        return at

    return await write.on(Asset, asset, confirm, resource=resource_of, view=view_of, versioned=True)


@_post("/{asset}/ownership-filings", "确权备案", "asset.propose_title")
async def file_ownership(asset: AssetCode, body: FileOwnership, write: Writing) -> Response:
    """Record that the joint title was filed in its procedure (C4.5-06)."""

    async def file(it: Asset, work: Work) -> Occasion:
        at = write.occasion(body, body.filed_on)
        it.file_ownership(body.filed_on, body.document_no, await shown(work, it, body.procedure), at)
        return at

    return await write.on(Asset, asset, file, resource=resource_of, view=view_of, versioned=True)


async def shown(work: Work, asset: Asset, procedure: str) -> ProcedureProof:
    """What a procedure shows of an asset's title so far; NOT_FOUND, NOTICE_PLACE_MISSING when it is another place's."""
    found = await work.get(ProcedureInstance, procedure)
    check_parties_of(found.parties, asset.card)
    return found.proof()


async def title_holders(work: Work, confirmation: OwnershipConfirmation, on: date) -> tuple[TitleHolder, ...]:
    """Who in law holds the owners' shares on that day (C3-06): the village's collective, its committee where there is none.

    Refused: CODE_UNKNOWN for a unit nobody has entered, OWNER_TYPE_NOT_ALLOWED for one of another kind.
    """
    await work.require_known(
        Organization,
        {
            f"confirmation.incomeRightHolders[{index}].party": share.party
            for index, share in enumerate(confirmation.income_right_holders)
        },
    )
    units = await work.context.load_many(
        Organization, work.county, [share.party for share in confirmation.owners]
    )
    holders = []
    for index, share in enumerate(confirmation.owners):
        unit = units.get(share.party)
        if unit is None:
            raise refuse("CODE_UNKNOWN", field=f"confirmation.owners[{index}].party", value=share.party)
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


@_post("/{asset}/title-certificates", "申请办理产权证", "asset.certify_title")
async def apply_for_title_certificate(
    asset: AssetCode, body: ApplyForTitleCertificate, write: Writing
) -> Response:
    """Apply for an owner's title or real-estate certificate (C4.3-09)."""
    return await decide(
        write,
        asset,
        body,
        body.certificate.applied_on,
        lambda it, at: it.apply_for_certificate(body.certificate, at),
    )


@_post("/{asset}/title-certificates/{certificate}/issue", "颁发产权证", "asset.certify_title")
async def issue_title_certificate(
    asset: AssetCode, certificate: CertificateCode, body: IssueTitleCertificate, write: Writing
) -> Response:
    """Record the certificate that was issued; its number is the county's only one (C4.3-09)."""

    async def issue(it: Asset, work: Work) -> Occasion:
        at = write.occasion(body, body.issued_on)
        it.issue_title_certificate(certificate, body.number, body.issued_on, at)
        _claim_number(it, work, body.number)
        return at

    return await write.on(Asset, asset, issue, resource=resource_of, view=view_of, versioned=True)


@_post("/{asset}/title-certificates/{certificate}/ineligibility", "不符合办证条件", "asset.certify_title")
async def find_certificate_ineligible(
    asset: AssetCode, certificate: CertificateCode, body: FindCertificateIneligible, write: Writing
) -> Response:
    """Record that no certificate is issued, and why (C4.3-09)."""

    def answer(it: Asset, at: Occasion) -> None:
        it.find_certificate_ineligible(certificate, body.reason, body.decided_on, at)

    return await decide(write, asset, body, body.decided_on, answer)


@_post("/{asset}/property-registrations", "办理产权登记", "asset.certify_title")
async def register_property(asset: AssetCode, body: RegisterProperty, write: Writing) -> Response:
    """Record an owner's entry in the register of property (C4.5-17)."""
    entry = body.registration
    return await decide(
        write, asset, body, entry.registered_on, lambda it, at: it.register_property(entry, at)
    )


@_post("/{asset}/rights", "明确权利", "asset.assign_right")
async def assign_right(asset: AssetCode, body: AssignRight, write: Writing) -> Response:
    """Give a right to a holder by a document, for a time (C2-02)."""
    return await decide(write, asset, body, None, lambda it, at: it.assign_right(body.assignment, at))
