"""The register card: the items that 四(六)¶2 wants on every asset (matrix T8), and the money behind it.

Items 1–9 are typed here at registration; owner, user and income-right holder come with the confirmation of
ownership; income history and disposal are derived from events and never typed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue
from pydantic.alias_generators import to_snake

from domain.asset.facts.correction import with_changes
from domain.bounds import FactDay, NotAfter, NotBefore
from domain.refusals import refuse
from domain.values import (
    AssetTypeCode,
    BusinessDate,
    Code,
    DivisionCode,
    Fen,
    FormerOrganizationCode,
    FundSourceCode,
    JointReviewCode,
    Listed,
    Name,
    PaperSha256,
    Quantity,
    Text,
    UnitOfMeasureName,
    Value,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain.occasion import Occasion
    from domain.regulation.rows import CardItem

_snake = cache(to_snake)


class FundingLine(Value):
    """One source of the money an asset was made from. Amount in fen, allocation date decides the scope (P16)."""

    source: FundSourceCode = Field(title="资金来源", description="资金来源代码（T1） / fund source code")
    amount: Fen = Field(title="金额")
    allocated_on: FactDay = Field(title="拨付日期")
    direct_to_village: bool | None = Field(
        default=None, title="是否直接投入到村", description="社会捐助资金必填", strict=True
    )
    village: Code | None = Field(default=None, title="对应村", description="联建项目按投资比例确权时使用")
    document_no: Name | None = Field(default=None, title="资金文号")
    from_asset: Code | None = Field(default=None, title="来源资产", description="处置所得再安排时的原资产")
    allocation: Code | None = Field(
        default=None, title="处置所得安排编号", description="处置所得再安排时必填：县乡村振兴领导小组的安排"
    )


class Acceptance(Value):
    """Completion acceptance (C4.3-01): registration needs a passed one; stock completed before the regulation may say
    LEGACY.
    """

    result: str = Field(title="验收结论", pattern="^(PASSED|FAILED|LEGACY)$")
    accepted_on: Annotated[FactDay, NotBefore("construction_start")] | None = Field(
        default=None, title="验收日期"
    )
    document_no: Name | None = Field(default=None, title="验收文号")
    reason: Text | None = Field(default=None, title="历史资产无验收资料的说明")
    joint_review: JointReviewCode | None = Field(
        default=None,
        title="联合审查编号",
        description="LEGACY 必填：同意按历史资产登记、已全部会签的联合审查",
    )
    joint_review_document: Name | None = Field(default=None, title="联合审查意见文号")


class RegisterCard(Value):
    """Register card: the asset as it is known when it is entered in the register."""

    asset_name: Name = Field(title="资产名称")
    asset_content: Text = Field(title="资产内容")
    asset_class: Annotated[Code, Listed("asset-classes")] = Field(
        title="类别", description="PUBLIC_WELFARE 公益类 / OPERATING 经营类"
    )
    subclass: Annotated[Code, Listed("asset-subclasses")] | None = Field(
        default=None, title="子类", description="公益类必填：INFRASTRUCTURE / PUBLIC_SERVICE"
    )
    asset_type: AssetTypeCode = Field(title="类型")
    construction_start: Annotated[BusinessDate, NotAfter("completion_date")] | None = Field(
        default=None, title="开工时间"
    )
    completion_date: FactDay = Field(title="建设时间（完工时间）")
    useful_life_years: int | None = Field(
        default=None, title="预计使用年限（年）", strict=True, ge=-1000, le=1000
    )
    quantity: Quantity = Field(title="数量")
    unit_of_measure: UnitOfMeasureName = Field(title="单位")
    items: tuple[Name, ...] = Field(
        default=(), title="清单", description="单位为“批”时逐项列出", max_length=5000
    )
    original_value: Fen = Field(title="原始价值")
    funding_lines: tuple[FundingLine, ...] = Field(default=(), title="资金来源构成", max_length=200)
    location: DivisionCode = Field(title="所在地", description="村或乡（镇）的行政区划代码")
    project_code: Code | None = Field(default=None, title="项目编号")
    project_name: Name | None = Field(default=None, title="项目名称")
    project_scope: str = Field(
        default="SINGLE_VILLAGE",
        title="项目范围",
        pattern="^(SINGLE_VILLAGE|JOINT_VILLAGE|CROSS_VILLAGE|OTHER)$",
    )
    implementer: FormerOrganizationCode = Field(title="项目实施单位")
    implementer_kind: str = Field(title="实施单位类型", pattern="^(DEPARTMENT|TOWNSHIP|VILLAGE|FARM)$")
    funds_paid_to: str | None = Field(
        default=None, title="资金拨付到", pattern="^(DEPARTMENT|TOWNSHIP|VILLAGE|FARM)$"
    )
    village_use: bool = Field(default=False, title="是否村级使用", strict=True)
    equity_investment: bool = Field(default=False, title="是否入股形成", strict=True)
    acceptance: Acceptance | None = Field(default=None, title="竣工验收")
    nominal_value_reason: Text | None = Field(
        default=None, title="按名义金额登记的说明", description="受捐赠且无价值凭据、按名义金额登记的资产必填"
    )
    scope: Literal["IN", "OUT"] | None = Field(
        default=None, title="填报的管理范围", description="可不填；系统按资金拨付日期推导，不一致时拒绝"
    )
    guiding_department: Code | None = Field(
        default=None, title="填报的管理指导部门", description="可不填；系统按资金来源推导，不一致时拒绝"
    )
    remarks: Text | None = Field(default=None, title="备注")

    def holds(self, item: str) -> bool:
        """Whether an item of the card, by its name in the API, is filled in."""
        return getattr(self, _snake(item)) not in (None, ())

    def without_filed(self) -> RegisterCard:
        """The card as it is stored: what was filed only to be compared with what is derived is left out."""
        if self.scope is None and self.guiding_department is None:
            return self
        return self.model_copy(update={"scope": None, "guiding_department": None})


class Correction(Value):
    """Correction of a card: only the named fields, with the reason and the document behind it.

    An asset that was disposed of is corrected only with a document of the county (T11).
    """

    changes: dict[str, JsonValue] = Field(
        title="更正内容", description="字段名及新值 / field names and new values"
    )
    reason: Text = Field(title="更正理由")
    document_no: Name = Field(title="更正依据文号")
    county_document_no: Name | None = Field(default=None, title="县级文件文号", description="已处置资产必填")

    def applied_to(self, card: RegisterCard) -> RegisterCard:
        """The card with the changes; a field that does not exist or a value that does not fit is refused."""
        return with_changes(card, self.changes)


class Document(Value):
    """An archived document: the log keeps its digest, the archive keeps its bytes."""

    kind: Annotated[Code, Listed("archive-kinds", closed=False)] = Field(title="资料种类")
    document: Code = Field(title="资料编号")
    sha256: PaperSha256 = Field(title="资料摘要")
    title: Name | None = Field(default=None, title="资料标题")

    def joins(self, file: Mapping[str, Document]) -> bool:
        """Whether it is new in a file; DOCUMENT_IMMUTABLE when another content has its number."""
        known = file.get(self.document)
        if known is not None and known.sha256 != self.sha256:
            raise refuse("DOCUMENT_IMMUTABLE", document=self.document)
        return known != self


def check_card(card: RegisterCard, at: Occasion) -> tuple[RegisterCard, str]:
    """Judge a card by the rules of the day; gives the card as it is stored and its scope, "IN" or "OUT" (P16).

    Input that cannot be a card is refused even for imported history; rules of procedure become findings there.

    Refused: CODE_UNKNOWN, AssetClass.forbidden_code, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, CardItem.refusal,
    FIELD_REQUIRED, QUANTITY_NOT_POSITIVE, FIELD_INVALID, ITEM_LIST_REQUIRED, USEFUL_LIFE_INVALID,
    ACCEPTANCE_REQUIRED, AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN,
    DONATION_PATH_REQUIRED, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH, FUNDING_BEFORE_SCOPE_START.
    """
    rules = at.rules
    at.cite("C4.6-02", "C4.1-01")
    with at.judging():
        asset_class = rules.asset_class(card.asset_class)
        if asset_class.forbidden_code is not None:
            raise refuse(asset_class.forbidden_code)
        rules.classify(card.asset_class, card.subclass, card.asset_type)
    items: Iterable[CardItem] = ()
    with at.judging():
        items = rules.card_items("REGISTRATION", card.asset_type)
    for item in items:
        with at.judging():
            if not card.holds(item.field):
                raise refuse(item.refusal or "FIELD_REQUIRED", missing=[item.field], field=item.field)
    with at.judging():
        _check_quantity(card, at)
    with at.judging():
        if card.useful_life_years is not None and card.useful_life_years <= 0:
            raise refuse("USEFUL_LIFE_INVALID", value=card.useful_life_years)
    _check_acceptance(card, at)
    card = card.model_copy(update={"funding_lines": settle_funding(card.funding_lines, at)})
    with at.judging():
        check_funding_sum(card.funding_lines, card.original_value)
    with at.judging():
        _check_nominal_value(card, at)
    scope = "IN"
    with at.judging():
        scope = _scope_of(card, at)
    return card, scope


def _check_quantity(card: RegisterCard, at: Occasion) -> None:
    """More than none, whole where its unit is counted in pieces, with a list where the unit asks for one."""
    if card.quantity <= 0:
        raise refuse("QUANTITY_NOT_POSITIVE", quantity=str(card.quantity))
    unit = at.rules.unit_of_measure(card.unit_of_measure, card.asset_type)
    if unit.whole and card.quantity != int(card.quantity):
        raise refuse("FIELD_INVALID", clause="C4.6-02", field="quantity", value=str(card.quantity))
    if unit.needs_items:
        at.require(card.items, "ITEM_LIST_REQUIRED", missing=["items"])


def check_useful_life(card: RegisterCard, regime: str, at: Occasion) -> None:
    """USEFUL_LIFE_INVALID for years outside those that the regime has for the type (T8 5, P14), both ends included.

    Refused also: CODE_UNKNOWN.
    """
    years = card.useful_life_years
    least, most = at.rules.useful_life(card.asset_type, regime)
    fits = years is None or ((least is None or years >= least) and (most is None or years <= most))
    at.require(fits, "USEFUL_LIFE_INVALID", value=years, least=least, most=most, missing=["usefulLifeYears"])


def _scope_of(card: RegisterCard, at: Occasion) -> str:
    """IN when any money was allocated since the scope began (C1-01, P16); what was filed must be the same."""
    at.cite("C1-01")
    start = at.rules.parameters["P16"]
    scope = "IN" if any(line.allocated_on >= start for line in card.funding_lines) else "OUT"
    if card.scope == "IN" and scope == "OUT":
        at.refuse("FUNDING_BEFORE_SCOPE_START", start=start)
    if card.scope == "OUT" and scope == "IN":
        raise refuse("FIELD_INVALID", clause="C1-01", field="scope", value=card.scope)
    return scope


def _check_nominal_value(card: RegisterCard, at: Occasion) -> None:
    """A gift without any evidence of its value is entered at the nominal amount with a reason, as one line (T8)."""
    nominal = at.rules.nominal_value
    given = all(line.source in at.rules.donated_sources for line in card.funding_lines)
    if card.nominal_value_reason is None:
        if given and card.original_value == nominal:
            raise refuse("FIELD_REQUIRED", missing=["nominalValueReason"], field="nominalValueReason")
        return
    if not given or card.original_value != nominal or len(card.funding_lines) != 1:
        raise refuse("FIELD_INVALID", clause="C4.6-02", field="nominalValueReason")


def _check_acceptance(card: RegisterCard, at: Occasion) -> None:
    """A passed acceptance with its paper; what was completed before the regulation may say LEGACY, with a reason and
    the joint review that approved it (C4.3-01). Whoever finished later had the papers to make.
    """
    at.cite("C4.3-01")
    acceptance = card.acceptance
    if acceptance is None or acceptance.result == "FAILED":
        at.refuse("ACCEPTANCE_REQUIRED", missing=["acceptance"])
        return
    needed: dict[str, object] = {
        "acceptance.acceptedOn": acceptance.accepted_on,
        "acceptance.documentNo": acceptance.document_no,
    }
    if acceptance.result == "LEGACY" and card.completion_date < at.rules.first_day:
        needed = {
            "acceptance.reason": acceptance.reason,
            "acceptance.jointReview": acceptance.joint_review,
        }
    missing = [name for name, value in needed.items() if value is None]
    at.require(not missing, "ACCEPTANCE_REQUIRED", missing=missing)


def settle_funding(lines: tuple[FundingLine, ...], at: Occasion) -> tuple[FundingLine, ...]:
    """Judge every line by its source and give it as it is stored: a donation not paid to the village is SOCIAL_AID.

    Refused: AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED,
    FIELD_REQUIRED.
    """
    settled = list(lines)
    for index, line in enumerate(lines):
        with at.judging():
            if line.amount <= 0:
                raise refuse("AMOUNT_NOT_POSITIVE", field=f"fundingLines[{index}].amount")
            source = at.rules.check_fund_line(line, index)
            if source.code != line.source:
                settled[index] = line.model_copy(update={"source": source.code})
    return tuple(settled)


def check_funding_sum(lines: tuple[FundingLine, ...], original_value: Fen) -> None:
    """Every asset has funding lines, and they sum to its original value to the fen (C4.1-01)."""
    if original_value <= 0:
        raise refuse("AMOUNT_NOT_POSITIVE", field="originalValue")
    if not lines:
        raise refuse("FUNDING_REQUIRED", missing=["fundingLines"])
    funded = total(line.amount for line in lines)
    if funded != original_value:
        raise refuse("FUNDING_SUM_MISMATCH", funded=funded.yuan(), originalValue=original_value.yuan())
