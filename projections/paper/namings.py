"""Papers by the events that name them (资料引用): a row per digest, event and asset.

A paper that no row names is nobody's evidence; a row without a paper in the document store is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Index

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.household.asset import HouseholdAsset
from domain.papers import paper_fields, papers_named
from projections.engine.events import LedgerEvent
from projections.engine.projection import Handler, Projection
from projections.engine.rows import Rows
from projections.engine.tables import (
    LedgerTable,
    day_column,
    ledger_table,
    moment_column,
    text_column,
    whole_column,
)

PAPER_NAMING: Final = ledger_table(
    "paper_naming",
    whole_column("ordinal", "事件内序号"),
    text_column("sha256", "资料摘要"),
    text_column("stream", "事件流"),
    text_column("type", "事件类型"),
    text_column("field", "事件中的字段"),
    text_column("asset", "资产编号", null=True),
    text_column("unit", "登记单位", null=True),
    day_column("occurred_on", "业务日期"),
    moment_column("recorded_at", "记录时间"),
    key=("position", "ordinal"),
    group=None,
    comment="资料引用：每个事件提到的每份资料一行",
    indexes=(
        Index("paper_naming_sha256_idx", "county", "sha256", "position"),
        Index("paper_naming_asset_idx", "county", "asset", "position"),
    ),
)

_ITSELF: Final = frozenset({Asset.KIND, HouseholdAsset.KIND})
"""Kinds whose events are about the asset that their stream is."""


def _names(event: LedgerEvent, rows: Rows) -> None:
    itself = event.id if event.stream.partition("-")[0] in _ITSELF else None
    for ordinal, naming in enumerate(papers_named(EVENT_TYPES[event.type], event.data)):
        rows.append(
            PAPER_NAMING,
            ordinal,
            naming.sha256,
            event.stream,
            event.type,
            naming.field.name,
            itself or naming.asset,
            event.actor.organization,
            event.day,
            event.moment,
            event.position,
        )


HANDLERS: Final[Mapping[str, Handler]] = {
    name: _names for name, event in sorted(EVENT_TYPES.items()) if paper_fields(event)
}


def _keys(_event: LedgerEvent) -> tuple[tuple[LedgerTable, str], ...]:
    return ()


PROJECTION: Final = Projection(
    name="paper_namings",
    title="资料引用",
    version=1,
    tables=(PAPER_NAMING,),
    handlers=HANDLERS,
    keys=_keys,
)
