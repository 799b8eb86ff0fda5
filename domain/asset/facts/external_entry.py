"""Entries in systems outside (四(三), 四(五)¶1, T10): an obligation per system, closed by its own reference number.

No system outside has a known interface, so an entry is a fact that somebody made it, with the number that proves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from domain.bounds import FactDay, NotBefore
from domain.refusals import refuse
from domain.values import Code, Listed, Name, PaperSha256, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import rows

STOCKTAKE = "STOCKTAKE"
"""What an obligation may require first: the asset was verified in a stocktake (C4.5-12)."""


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


class ExternalEntryDuty(Value):
    """An asset has to be entered in a system. `entered_by`: the units that may do it, owners first."""

    system: Annotated[Code, Listed("external-systems")] = Field(title="系统")
    entered_by: tuple[Code, ...] = Field(title="录入单位")
    after_stocktake: bool = Field(default=False, title="须先清产核资")
    rule_gap: bool = Field(default=False, title="文件未明确")


class ExternalEntry(Value):
    """The entry was made: reference number of the system, and the day."""

    system: Annotated[Code, Listed("external-systems")] = Field(title="系统")
    ref_no: Annotated[Name | None, BeforeValidator(_blank_is_none)] = Field(default=None, title="回执编号")
    entered_on: Annotated[FactDay, NotBefore("start")] = Field(title="录入日期")
    evidence_sha256: PaperSha256 | None = Field(default=None, title="截图或导出文件摘要")


class Stocktaking(Value):
    """The asset was seen and verified in a stocktake (清产核资)."""

    stocktake: Code = Field(title="清产核资编号")
    verified_on: Annotated[FactDay, NotBefore("start")] = Field(title="核实日期")
    document_no: Name | None = Field(default=None, title="清产核资文号")


def duties_of(
    asset_class: str,
    owner_kind: str,
    asset_type: str,
    *,
    owners: tuple[str, ...],
    location: str,
    at: Occasion,
) -> tuple[ExternalEntryDuty, ...]:
    """The systems such an asset has to be entered in by the rules of the day, in the order of T10.

    Refused: CODE_UNKNOWN.
    """
    obligations = at.rules.external_systems(asset_class, owner_kind, asset_type)
    return tuple(_duty(row, owners, location, at) for row in obligations)


def _duty(
    row: rows.ExternalObligation, owners: tuple[str, ...], location: str, at: Occasion
) -> ExternalEntryDuty:
    units: dict[str, None] = {}
    for role in at.rules.external_system(row.system).entered_by:
        named = {"OWNER": owners, "TOWNSHIP": (f"{location[:9]}000",)}.get(role, (role,))
        units.update(dict.fromkeys(named))
    return ExternalEntryDuty(
        system=row.system,
        entered_by=tuple(units),
        after_stocktake=STOCKTAKE in row.requires,
        rule_gap=row.rule_gap,
    )


def check_entry(
    entry: ExternalEntry,
    duties: tuple[ExternalEntryDuty, ...],
    known: Mapping[str, ExternalEntry],
    *,
    verified: bool,
    at: Occasion,
) -> bool:
    """Judge an entry against the asset's obligations. False when this very entry is known already.

    Refused: REF_REQUIRED, CODE_UNKNOWN, EXTERNAL_SYSTEM_NOT_APPLICABLE, EXTERNAL_ENTRY_PER_SYSTEM (one reference
    number for two systems), STOCKTAKE_REQUIRED, ALREADY_EXISTS (another entry in the same system).
    """
    at.cite("C4.3-06")
    if entry.ref_no is None:
        raise refuse("REF_REQUIRED", missing=["refNo"])
    system = at.rules.external_system(entry.system)
    earlier = known.get(entry.system)
    if earlier is not None:
        if earlier == entry:
            return False
        raise refuse("ALREADY_EXISTS", what=f"{entry.system} {earlier.ref_no}")
    if any(one.ref_no == entry.ref_no for one in known.values()):
        raise refuse("EXTERNAL_ENTRY_PER_SYSTEM", missing=["refNo"])
    duty = next((one for one in duties if one.system == entry.system), None)
    at.require(
        duty is not None,
        "EXTERNAL_SYSTEM_NOT_APPLICABLE",
        system=system.zh,
        expected=[one.system for one in duties] or None,
    )
    if duty is not None and duty.after_stocktake:
        at.cite("C4.5-12")
        at.require(verified, "STOCKTAKE_REQUIRED", missing=["stocktake"])
    return True
