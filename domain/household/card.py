"""Facts of a household asset: its card, inspections, losses, entrustment (四(二), 四(三), 四(六)3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue

from domain.asset.facts.card import FundingLine, check_funding_sum, settle_funding
from domain.asset.facts.correction import with_changes
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD, SEALED_OF_HOUSEHOLD, UNIT
from domain.refusals import refuse
from domain.sealed import ChangesOf, SealedField, SealedForm
from domain.values import (
    AssetTypeCode,
    BusinessDate,
    Code,
    DivisionCode,
    Fen,
    Name,
    PersonalPaperSha256,
    Quantity,
    Text,
    UnitOfMeasureName,
    Value,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import Rules


class HouseholdAssetCard(Value):
    """Register card of an asset that belongs to a household. `household` is a code, never a name."""

    asset_name: Annotated[Name, UNIT] = Field(title="资产名称")
    asset_content: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="资产内容")
    asset_type: AssetTypeCode = Field(title="类型")
    household: Annotated[Code | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="户编号")
    householder: Annotated[Name | None, SEALED_OF_HOUSEHOLD, SealedField(SealedForm.NAME, of="household")] = (
        Field(default=None, title="户主姓名")
    )
    location: DivisionCode = Field(title="所在村")
    completion_date: FactDay = Field(title="建设（购置）时间")
    quantity: Quantity = Field(title="数量")
    unit_of_measure: UnitOfMeasureName = Field(title="单位")
    original_value: Fen = Field(title="原始价值")
    funding_lines: tuple[FundingLine, ...] = Field(default=(), title="资金来源构成", max_length=50)
    project_code: Code | None = Field(default=None, title="项目编号")
    loan_ref: Annotated[Name | None, SEALED_OF_HOUSEHOLD, SealedField(SealedForm.PAPER, of="household")] = (
        Field(default=None, title="小额信贷合同号")
    )


class HouseholdCorrection(Value):
    """Correction of a household asset's card: only the named fields, with the reason and the document behind it."""

    changes: Annotated[dict[str, JsonValue], PERSONAL_OF_HOUSEHOLD, ChangesOf(HouseholdAssetCard)] = Field(
        title="更正内容", description="字段名及新值 / field names and new values"
    )
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="更正理由")
    document_no: Annotated[Name, UNIT] = Field(title="更正依据文号")

    def applied_to(self, card: HouseholdAssetCard) -> HouseholdAssetCard:
        """The card with the changes; a field that does not exist or a value that does not fit is refused."""
        return with_changes(card, self.changes)


class HouseholdConfirmation(Value):
    """The paper by which the asset is the household's."""

    confirmed_on: Annotated[FactDay, NotBefore("start")] = Field(title="确权日期")
    document_no: Annotated[Name, UNIT] = Field(title="确权文号")


class HouseholdInspection(Value):
    """A yearly look at the asset (C4.3-17, C4.5-21), and the half-yearly one while it is entrusted (C4.6-10)."""

    inspected_on: Annotated[FactDay, NotBefore("start")] = Field(title="检查日期")
    present: bool = Field(title="资产是否在", strict=True)
    condition: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="状况")
    cooperated: bool = Field(default=True, title="农户是否配合", strict=True)
    reason: Annotated[Name | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="不在的原因")
    inspector: Code | None = Field(default=None, title="检查单位")


class Loss(Value):
    """The asset, or `quantity` of it, is gone."""

    kind: Literal["SOLD", "DIED", "STOLEN", "DISASTER", "DAMAGED", "OTHER"] = Field(title="灭失原因")
    lost_on: Annotated[FactDay, NotBefore("start")] = Field(title="灭失日期")
    quantity: Quantity | None = Field(default=None, title="灭失数量", description="全部灭失时不填")
    evidence_sha256: PersonalPaperSha256 | None = Field(default=None, title="证明材料摘要")
    note: Annotated[Text | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="说明")


class Entrustment(Value):
    """In an operator's hands under an agreement, with what the household gets of it every year (C4.6-10)."""

    entrustment: Code = Field(title="委托编号")
    operator: Code = Field(title="受托经营主体编号")
    operator_name: Annotated[Name, UNIT] = Field(title="受托经营主体名称")
    agreement_no: Annotated[Name, UNIT] = Field(title="委托协议编号")
    starts_on: Annotated[FactDay, NotBefore("start")] = Field(title="委托起始日期")
    ends_on: Annotated[BusinessDate, NotBefore("starts_on", days=1, clause="C4.6-10")] = Field(
        title="委托终止日期"
    )
    yearly_return: Fen = Field(title="年收益")
    consent_document: Annotated[Name | None, PERSONAL_OF_HOUSEHOLD] = Field(
        default=None, title="农户同意书编号"
    )
    inspecting_department: Code | None = Field(default=None, title="监督检查部门")


EntrustmentEndDay = Annotated[FactDay, NotBefore("its.entrustment.starts_on", clause="C4.6-10")]
"""The household has its asset back: not before it gave it."""


class HouseholdAssetClosing(Value):
    """The end of a row in the register."""

    closed_on: Annotated[FactDay, NotBefore("start")] = Field(title="注销日期")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="注销原因")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号")


def inspecting_department(asset_type: str, rules: Rules) -> str | None:
    """Who inspects such an asset while it is entrusted (C4.6-10): the first supervisor that T4 has for it, if any."""
    supervisors = rules.regime("HOUSEHOLD", "HOUSEHOLD", entrusted=True).supervisors
    named = (rules.line_department(asset_type) if one == "LINE_DEPARTMENT" else one for one in supervisors)
    return next(named, None)


def check_household_card(card: HouseholdAssetCard, at: Occasion) -> HouseholdAssetCard:
    """Judge a card by the rules of the day and give it as it is stored (C4.2-05, C4.1-01).

    Refused: CODE_UNKNOWN, TYPE_CLASS_MISMATCH, SUBCLASS_REQUIRED, HOUSEHOLD_REQUIRED, LOAN_REF_REQUIRED,
    QUANTITY_NOT_POSITIVE, AMOUNT_NOT_POSITIVE, FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN,
    DONATION_PATH_REQUIRED, FIELD_REQUIRED, FUNDING_REQUIRED, FUNDING_SUM_MISMATCH.
    """
    asset_type = at.rules.classify("HOUSEHOLD", None, card.asset_type)
    if card.household is None:
        raise refuse("HOUSEHOLD_REQUIRED", missing=["household"])
    if asset_type.needs_loan_ref and card.loan_ref is None:
        raise refuse("LOAN_REF_REQUIRED", missing=["loanRef"])
    if card.quantity <= 0:
        raise refuse("QUANTITY_NOT_POSITIVE", quantity=str(card.quantity))
    at.rules.unit_of_measure(card.unit_of_measure, card.asset_type)
    card = card.model_copy(update={"funding_lines": settle_funding(card.funding_lines, at)})
    check_funding_sum(card.funding_lines, card.original_value)
    return card


def must_be_stated_anew(before: HouseholdAssetCard, after: HouseholdAssetCard) -> None:
    """FIELD_REQUIRED for a sealed value that goes over to another household as it is: it is sealed as that of the first."""
    if before.household == after.household:
        return
    kept = {
        "householder": after.householder is not None and after.householder == before.householder,
        "loanRef": after.loan_ref is not None and after.loan_ref == before.loan_ref,
    }
    if missing := [f"changes.{name}" for name, stays in kept.items() if stays]:
        raise refuse("FIELD_REQUIRED", field=missing[0], missing=missing)
