"""Reading the tables of a county's folder: TOML blocks become typed rows, and whatever is wrong is told at once.

A table's name is its file and its block, e.g. "fund_sources.source" for `[[source]]` in fund_sources.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from pydantic import ValidationError

from domain.regulation import parameters, rows
from domain.regulation.fault_words import faults_in
from domain.regulation.rows import Row

TABLES: Final[Mapping[str, type[Row]]] = {
    "policy.version": rows.PolicyVersion,
    "policy.document": rows.PolicyDocument,
    "fund_sources.source": rows.FundSource,
    "fund_sources.parent": rows.FundParent,
    "fund_sources.guidance": rows.GuidanceRule,
    "asset_types.class": rows.AssetClass,
    "asset_types.subclass": rows.Subclass,
    "asset_types.type": rows.AssetType,
    "asset_types.line_department": rows.LineDepartment,
    "units_of_measure.unit": rows.UnitOfMeasure,
    "ownership_rules.rule": rows.OwnershipRule,
    "regimes.regime": rows.RegimeRow,
    "regimes.accounting_system": rows.AccountingSystem,
    "regimes.posting": rows.PostingRule,
    "chains.chain": rows.Chain,
    "chains.disposal_route": rows.DisposalRoute,
    "operation_modes.mode": rows.OperationMode,
    "operation_modes.clause": rows.ContractClause,
    "custody.rule": rows.CustodyRule,
    "register_card.item": rows.CardItem,
    "ledgers.ledger": rows.LedgerRow,
    "intervals.interval": rows.Interval,
    "external_systems.system": rows.ExternalSystem,
    "external_systems.obligation": rows.ExternalObligation,
    "lifecycle.guard": rows.Guard,
    "departments.organization": rows.NamedOrganization,
    "vocabularies.term": rows.Term,
    "calendar.holiday": rows.Holiday,
    "calendar.year": rows.CalendarYear,
    "parameters.parameter": parameters.Parameter,
}
"""Every table and the class of its rows."""

FILES: Final = tuple(dict.fromkeys(f"{name.split('.')[0]}.toml" for name in TABLES))
"""The files of a county's folder that hold tables."""

POLICY: Final = "policy.toml"
POLICY_FIELDS: Final = frozenset({"county", "name", "based_on"})
"""What policy.toml says besides its tables."""


def read_rows(name: str, blocks: Any, faults: list[str]) -> tuple[Row, ...]:
    """The rows of one table, in file order; blocks that cannot be rows are told in `faults`."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        faults.append(f"{name}：不是 [[{name.split('.')[1]}]] 块")
        return ()
    read = [_row(name, number, raw, faults) for number, raw in enumerate(blocks, 1)]
    return tuple(row for row in read if row is not None)


def _row(name: str, number: int, raw: Mapping[str, Any], faults: list[str]) -> Row | None:
    row_class = TABLES[name]
    told = "、".join(str(raw[field]) for field in row_class.KEY if field in raw)
    place = f"{name} 第 {number} 行" + (f"（{told}）" if told else "")
    if not raw.get("article"):
        faults.append(f"{place}：缺少依据条款 article")
        return None
    try:
        row = row_class.model_validate(raw, by_alias=False, by_name=True)
        if isinstance(row, parameters.Parameter):
            row = row.model_copy(update={"value": parameters.typed(row.id, row.value)})
    except ValidationError as error:
        faults.extend(f"{place}：{fault}" for fault in faults_in(error))
        return None
    except KeyError:
        faults.append(f"{place}：没有这个参数")
        return None
    return row


def check_days(name: str, table: Iterable[Row], faults: list[str]) -> None:
    """Rows with one key follow each other day by day: no overlap, no gap, no row that ends before it begins."""
    by_key: dict[tuple[Any, ...], list[Row]] = {}
    for row in table:
        by_key.setdefault(row.key, []).append(row)
    for key, stretches in by_key.items():
        told = "、".join(str(part) for part in key) or "全表"
        faults.extend(f"{name}（{told}）：{fault}" for fault in _day_faults(stretches))


def _day_faults(stretches: list[Row]) -> Iterator[str]:
    stretches = sorted(stretches, key=lambda row: row.in_force_from)
    for row in stretches:
        if row.in_force_until is not None and row.in_force_until < row.in_force_from:
            yield f"失效日 {row.in_force_until} 早于生效日 {row.in_force_from}"
    for earlier, later in pairwise(stretches):
        if earlier.in_force_until is None or earlier.in_force_until >= later.in_force_from:
            yield f"有效期重叠：{earlier.in_force_from} 起的一行未在 {later.in_force_from} 之前失效"
        elif earlier.in_force_until + timedelta(days=1) != later.in_force_from:
            yield f"有效期有空档：{earlier.in_force_until} 之后至 {later.in_force_from} 之前没有规定"
