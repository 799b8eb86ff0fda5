"""A whole ledger as a workbook: its rows page by page from one snapshot, its sums, and what it speaks of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import IO, Any

from pydantic import BaseModel

from projections.engine.rows import Row
from projections.organization import directory
from service.ledgers.filters import LedgerQuery
from service.ledgers.masking import rows_shown_to
from service.ledgers.queries import all_pages, in_pieces, moment_of
from service.ledgers.sheets import LedgerSheet, columns_of
from service.ledgers.source import Source
from service.ledgers.words import Names, Words


async def write_workbook(
    source: Source,
    query: LedgerQuery,
    file: IO[bytes],
    title: str,
    model: type[BaseModel],
    words: Words,
) -> tuple[dict[str, Any], int]:
    """Write a whole ledger as a spreadsheet; gives what there is to say of its moment, and how many rows it has."""
    async with moment_of(source, query) as (at, said), aclosing(all_pages(at, query)) as pages:
        found = await anext(pages)  # a wrong question is refused before
        names = await directory.names(at.connection, source.county)
        sheet = LedgerSheet(file, title, _notes(source.county, query, said), columns_of(model), words)
        try:
            await _add(sheet, rows_shown_to(source.sees, found.rows, model), names)
            async for following in pages:
                await _add(sheet, rows_shown_to(source.sees, following.rows, model), names)
            totals = await query.totals(at)
        except BaseException:
            sheet.close()  # or the library's own files stay behind
            raise
        await asyncio.to_thread(sheet.close, totals)
    return said, sheet.rows


async def _add(sheet: LedgerSheet, rows: Sequence[Row], names: Names) -> None:
    async for some in in_pieces(rows):  # not in a thread: it would take turns with the loop for Python
        sheet.add(some, names)


def _notes(county: str, query: LedgerQuery, said: Mapping[str, Any]) -> list[str]:
    """Of which county, moment and rows a spreadsheet speaks."""
    notes = [f"县：{county}", f"业务日期：{said.get('asOf', '当前')}", f"日志位置：{said['position']}"]
    if "knownAt" in said:
        notes.append(f"知悉时间：{said['knownAt']}")
    if said.get("unplaced"):
        notes.append(f"无法归位的事件数：{said['unplaced']}")
    fields = type(query).model_fields
    for name, value in query.filters().items():
        if value != fields[name].default:
            given = "、".join(map(str, value)) if isinstance(value, list) else value
            notes.append(f"{fields[name].title}：{given}")
    return notes
