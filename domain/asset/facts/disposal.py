"""Disposal of an asset: proposal, appraisal, publication, level-by-level forwarding, approval (四(十二), chain A14)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from domain.asset.facts.preemption import DisposalConsent, OfferedPreemption
from domain.bounds import FactDay, NotBefore
from domain.procedure.notice import period_from
from domain.refusals import refuse
from domain.values import Code, DisposalSeriesCode, Fen, Listed, Name, PaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

DisposalState = Literal[
    "PROPOSED", "APPRAISED", "PUBLISHED", "FORWARDED", "APPROVED", "DISPOSED", "REJECTED", "WITHDRAWN"
]


class DisposalProposal(Value):
    """Proposal of a disposal by the owner: kind and reason. A typed `decision_document` decides nothing since the regulation."""

    disposal: Code = Field(title="处置编号")
    kind: str = Field(title="处置方式", pattern="^(AUCTION|TRANSFER|SCRAP|OTHER)$")
    kind_name: Name | None = Field(default=None, title="其他处置方式名称")
    reason: Text = Field(title="处置理由")
    decision_document: Name | None = Field(
        default=None, title="民主决策文号", description="仅作记载，决策以程序为准"
    )
    batch: DisposalSeriesCode | None = Field(
        default=None, title="处置批次", description="同一批次的处置合并计算（P03）"
    )


class Appraiser(Value):
    """One signer of an in-house appraisal."""

    person: Code = Field(title="评估人")
    outside_owner_unit: bool = Field(title="是否外单位人员", strict=True)


class Appraisal(Value):
    """The appraised value in fen, by a licensed agency or in-house by at least three signers (P05)."""

    method: Literal["AGENCY", "IN_HOUSE"] = Field(title="评估方式")
    value: Fen = Field(title="评估价值")
    base_date: Annotated[FactDay, NotBefore("start")] = Field(title="评估基准日")
    report_no: Name = Field(title="评估报告编号")
    agency: Name | None = Field(default=None, title="评估机构")
    agency_licence: Name | None = Field(default=None, title="评估机构资质编号")
    signers: tuple[Appraiser, ...] = Field(default=(), title="评估人员", max_length=50)


class Publication(Value):
    """Publication of the appraisal result: place, day and evidence (C4.12-03)."""

    published_on: Annotated[
        FactDay, NotBefore("its.disposals[disposal].appraisal.base_date", clause="C4.12-03")
    ] = Field(title="公开日期")
    channel: str = Field(title="公开方式", pattern="^(BULLETIN_BOARD|WEBSITE|OTHER)$")
    place: Code = Field(title="公开地点", description="资产归属地的行政区划代码")
    evidence_sha256: PaperSha256 = Field(title="公开凭证摘要")


class Approval(Value):
    """The approver's reply. `lowest_price`, fen: what it may be sold for when that is less than the appraised value."""

    approver: Code = Field(title="批准单位")
    approver_level: Annotated[Code, Listed("disposal-routes", closed=False)] = Field(title="批准层级")
    document_no: Name = Field(title="批准文号")
    approved_on: Annotated[
        FactDay, NotBefore("its.disposals[disposal].publication.published_on", clause="C4.12-03")
    ] = Field(title="批准日期")
    lowest_price: Fen | None = Field(default=None, title="批准的最低成交价", description="低于评估价时填写")


class DisposalSale(Value):
    """End of a disposal: price in fen, 0 for scrap without value."""

    disposed_on: Annotated[
        FactDay, NotBefore("its.disposals[disposal].approval.approved_on", clause="C4.12-05")
    ] = Field(title="处置日期")
    price: Fen = Field(title="处置价款")
    buyer: Name | None = Field(default=None, title="受让人")
    document_no: Name = Field(title="处置凭证号")


class Disposal(Value):
    """A disposal procedure and how far it has come. `proceeds`: fen received so far, by voucher.

    `approved_by`: levels that have approved since the last appraisal; `approved`: with it, all that have to.
    """

    proposal: DisposalProposal = Field(title="处置方案")
    procedure: Code | None = Field(default=None, title="所依据的程序")
    chain: Code | None = Field(default=None, title="流程")
    state: DisposalState = Field(default="PROPOSED", title="处置状态")
    appraisal: Appraisal | None = Field(default=None, title="评估结果")
    publication: Publication | None = Field(default=None, title="评估结果公开情况")
    forwarded: tuple[Code, ...] = Field(default=(), title="已上报的层级")
    approval: Approval | None = Field(default=None, title="处置批准")
    approved_by: tuple[Code, ...] = Field(default=(), title="已批准的层级")
    approved: bool = Field(default=False, title="是否已获批准")
    sale: DisposalSale | None = Field(default=None, title="处置结果")
    proceeds: dict[Name, Fen] = Field(default_factory=dict, title="各凭证到账金额")
    consents: tuple[DisposalConsent, ...] = Field(default=(), title="共有人同意处置")
    offers: dict[str, OfferedPreemption] = Field(default_factory=dict, title="优先购买通知及答复")

    @property
    def open(self) -> bool:
        """Whether it is under way: blocks new contracts and new shares (T11)."""
        return self.state in {"PROPOSED", "APPRAISED", "PUBLISHED", "FORWARDED", "APPROVED"}

    @property
    def lowest_price(self) -> Fen:
        """What it has to fetch, fen: the appraised value, or less where the approver agreed to less."""
        if self.approval is not None and self.approval.lowest_price is not None:
            return self.approval.lowest_price
        return self.appraisal.value if self.appraisal is not None else Fen(0)

    def value(self, *, original_value: int, net_book_value: int, at: Occasion) -> Fen:
        """The disposal value that thresholds look at, fen (P02)."""
        appraised = self.appraisal.value if self.appraisal is not None else Fen(0)
        return at.rules.disposal_value(
            appraised=appraised,
            net_book_value=net_book_value,
            original_value=original_value,
            expected_price=self.lowest_price,
        )


def check_proposal(proposal: DisposalProposal, at: Occasion) -> None:
    """A proposal of another kind says which. Refused: FIELD_REQUIRED."""
    at.cite("C4.12-01", "C4.12-02")
    if proposal.kind == "OTHER" and proposal.kind_name is None:
        raise refuse("FIELD_REQUIRED", clause="C4.12-02", missing=["kindName"], field="kindName")


def check_appraisal(appraisal: Appraisal, *, value: Fen, major: bool, at: Occasion) -> None:
    """From 10万元 on, inclusive, by a licensed agency (C4.12-02, C4.12-04, P01, P05). `major`: the value is so high.

    Refused: AMOUNT_NOT_POSITIVE, AGENCY_APPRAISAL_REQUIRED, APPRAISAL_REQUIRED.
    """
    at.cite("C4.12-02", "C4.12-04")
    if appraisal.value < 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-02", field="value")
    check_appraiser(appraisal, value=value, major=major, at=at)


def check_appraiser(appraisal: Appraisal, *, value: Fen, major: bool, at: Occasion) -> None:
    """A licensed agency from 10万元 on, below it at least three signers of the unit and from outside (P01, P05).

    Asked at the appraisal and again at the approval, by the sum of the series as it is then (P03).

    Refused: AGENCY_APPRAISAL_REQUIRED, APPRAISAL_REQUIRED.
    """
    in_house = at.rules.parameters["P05"]
    if appraisal.method == "AGENCY":
        missing = [
            name
            for name, given in (("agency", appraisal.agency), ("agencyLicence", appraisal.agency_licence))
            if given is None
        ]
        at.require(not missing, "AGENCY_APPRAISAL_REQUIRED", missing=missing, value=value)
        return
    at.require(
        in_house.allowed_below_threshold and not major,
        "AGENCY_APPRAISAL_REQUIRED",
        missing=["agency", "agencyLicence"],
        value=value,
    )
    signers = {signer.person for signer in appraisal.signers}
    outside = {signer.person for signer in appraisal.signers if signer.outside_owner_unit}
    missing = []
    if len(signers) < in_house.min_signers:
        missing.append(f"signers>={in_house.min_signers}")
    if len(outside) < in_house.min_outside:
        missing.append("signers[].outsideOwnerUnit")
    at.require(not missing, "APPRAISAL_REQUIRED", missing=missing)


def check_publication(
    publication: Publication, *, owner_kind: str, places: frozenset[str], at: Occasion
) -> None:
    """The result is published where the asset belongs; a department belongs to the whole county (C4.12-03).

    Refused: NOTICE_PLACE_MISSING.
    """
    at.cite("C4.12-03")
    at.require(
        publication.place in places or owner_kind == "DEPARTMENT",
        "NOTICE_PLACE_MISSING",
        clause="C4.12-03",
        missing=["OWNER_LOCATION"],
        places=sorted(places),
    )


def check_approval(approval: Approval, disposal: Disposal, *, value: Fen, major: bool, at: Occasion) -> None:
    """Approved on a valid appraisal by the right appraiser that was public as long as the county asks (C4.12-05).

    Refused: APPRAISAL_EXPIRED, AGENCY_APPRAISAL_REQUIRED, APPRAISAL_REQUIRED, NOTICE_PERIOD_RUNNING, AMOUNT_NOT_POSITIVE.
    """
    at.cite("C4.12-05")
    if disposal.appraisal is not None:
        check_not_expired(disposal.appraisal, approval.approved_on, at)
        check_appraiser(disposal.appraisal, value=value, major=major, at=at)
    if disposal.publication is not None:
        _must_have_been_public(disposal.publication.published_on, approval.approved_on, at)
    if approval.lowest_price is not None and approval.lowest_price < 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-05", field="lowestPrice")


def _must_have_been_public(published_on: date, approved_on: date, at: Occasion) -> None:
    """The result is public for the days that a county asks for before it is approved; the text asks for none (P08)."""
    period = period_from(published_on, at.rules.parameters["P08"].appraisal_result_days, at)
    if period is not None:
        at.require(
            approved_on >= period.possible_from,
            "NOTICE_PERIOD_RUNNING",
            clause="C4.12-03",
            until=period.ends_on,
        )


def check_sale(sale: DisposalSale, disposal: Disposal, at: Occasion) -> None:
    """Sold on a valid appraisal and not below what was approved, but for scrap that nobody buys (C4.12-05, C4.12-06).

    Refused: APPRAISAL_EXPIRED, PRICE_BELOW_APPRAISAL.
    """
    at.cite("C4.12-05", "C4.12-06")
    if disposal.appraisal is not None:
        check_not_expired(disposal.appraisal, sale.disposed_on, at)
    at.require(
        sale.price >= disposal.lowest_price or (disposal.proposal.kind == "SCRAP" and sale.buyer is None),
        "PRICE_BELOW_APPRAISAL",
        price=sale.price,
        appraised=disposal.lowest_price,
    )


def check_not_expired(appraisal: Appraisal, on: date, at: Occasion) -> None:
    """An appraisal holds for a year from its base date (P35).

    Refused: APPRAISAL_EXPIRED.
    """
    valid = on - appraisal.base_date <= timedelta(days=at.rules.parameters["P35"])
    at.require(valid, "APPRAISAL_EXPIRED", baseDate=appraisal.base_date)
