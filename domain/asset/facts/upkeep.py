"""Looking after an asset that is in use: upkeep done and planned, herds counted, the file complete (四(二), 四(三), 四(六))."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Fen, Listed, Name, PaperSha256, Quantity, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import Rules


OperationState = Literal["NOT_IN_USE", "IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST"]


class StatusReport(Value):
    """Report on the state of an asset (C3-08): state, day, evidence, position."""

    state: Literal["IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST"] = Field(title="使用状况")
    reported_on: Annotated[FactDay, NotBefore("start")] = Field(title="报告日期")
    evidence_sha256: PaperSha256 | None = Field(default=None, title="照片或凭证摘要")
    position: Name | None = Field(default=None, title="位置")
    note: Text | None = Field(default=None, title="说明")


class Maintenance(Value):
    """Upkeep done on the asset (C4.3-14)."""

    done_on: Annotated[FactDay, NotBefore("start")] = Field(title="养护日期")
    content: Text = Field(title="养护内容")
    cost: Fen = Field(default=Fen(0), title="费用")
    voucher_no: Name | None = Field(default=None, title="凭证号")


class MaintenancePlan(Value):
    """Plan of upkeep: an interval counted from the last upkeep, at first from `starts_on` (C4.3-14)."""

    interval_days: int = Field(title="养护间隔（天）", strict=True, ge=1, le=3660)
    starts_on: Annotated[BusinessDate, NotBefore("start")] = Field(title="计划起始日期")
    content: Text = Field(title="养护内容")
    document_no: Name | None = Field(default=None, title="管护制度文号")


class HerdChange(Value):
    """Animals that came or went (C4.2-04). `change` is positive for those that came."""

    kind: Annotated[Code, Listed("herd-changes")] = Field(
        title="变动原因", description="HERD_CHANGE：繁殖、死亡、出售、购入、淘汰"
    )
    change: Quantity = Field(title="变动数量", description="增加为正，减少为负")
    happened_on: Annotated[FactDay, NotBefore("start")] = Field(title="变动日期")
    evidence_sha256: PaperSha256 | None = Field(
        default=None, title="证明材料摘要", description="兽医证明、照片、村级说明或保险记录；死亡、淘汰必填"
    )
    note: Text | None = Field(default=None, title="说明")


def check_herd_change(change: HerdChange, asset_type: str, quantity: Decimal, at: Occasion) -> None:
    """Judge a change of a herd of `quantity` animals.

    Refused: FIELD_INVALID (not a herd, not a whole number, a birth that takes away), CODE_UNKNOWN,
    EVIDENCE_REQUIRED (a death nobody can show), QUANTITY_NEGATIVE.
    """
    at.cite("C4.2-04")
    if not at.rules.asset_type(asset_type).biological:
        raise refuse("FIELD_INVALID", clause="C4.2-04", field="assetType", value=asset_type)
    term = next((one for one in at.rules.terms("HERD_CHANGE") if one.code == change.kind), None)
    if term is None:
        raise refuse("CODE_UNKNOWN", clause="C4.2-04", field="kind", value=change.kind)
    amount = change.change
    if amount == 0 or amount != int(amount) or (amount > 0) != ("COMES" in term.flags):
        raise refuse("FIELD_INVALID", clause="C4.2-04", field="change", value=str(amount))
    if "EVIDENCE" in term.flags:
        at.require(change.evidence_sha256, "EVIDENCE_REQUIRED", missing=["evidenceSha256"], what=term.zh)
    must_not_be_negative(quantity, amount)


def must_not_be_negative(quantity: Decimal, change: Decimal) -> None:
    """QUANTITY_NEGATIVE when more would go than there is: the count itself is wrong, whoever says so."""
    if quantity + change < 0:
        raise refuse("QUANTITY_NEGATIVE", quantity=format(quantity, "f"), change=format(change, "f"))


@dataclass(frozen=True, slots=True)
class Checklist:
    """Checklist of an asset's file: papers it should hold and papers it lacks (C4.6-03). `percent` is rounded down."""

    required: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def percent(self) -> int:
        """How complete the file is; 100 where nothing is asked for."""
        whole = len(self.required)
        return 100 if whole == 0 else (whole - len(self.missing)) * 100 // whole


def checklist(asset_class: str, archived: Iterable[str], rules: Rules) -> Checklist:
    """The checklist of a class against the kinds of documents that are archived."""
    there = frozenset(archived)
    required = tuple(
        term.code for term in rules.terms("ARCHIVE_KIND") if f"CLASS_{asset_class}" in term.flags
    )
    return Checklist(required, tuple(kind for kind in required if kind not in there))


class ManagementRule(Value):
    """The owner's own rule document for one asset or its project (C5.3-01)."""

    owner: Code = Field(title="制定单位", description="资产的产权人")
    title: Name = Field(title="制度名称")
    document_no: Name = Field(title="文号")
    effective_from: BusinessDate = Field(title="施行日期")
    sha256: PaperSha256 | None = Field(default=None, title="文件摘要")
