"""`taizhang import` for spreadsheets: the same import as over HTTP, by the operator, with a progress bar and a rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.cli.stores import writing_store
from service.clock import county_day, utc_now
from service.commands.commands import CommandContext
from service.commands.founding import found, system_actor
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import upgrade
from service.inventory.importing import Importer, ImportOptions, ImportOutcome
from service.inventory.spreadsheet.report import template
from service.inventory.spreadsheet.words import columns_by_field
from service.ledgers.projector import Projector
from service.terminal import Terminal

SHOWN: Final = 50
"""Most rejected rows on the terminal; the report has all of them."""


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """A spreadsheet and how it is to be imported; `report`: where the rejected rows go as a workbook."""

    content: bytes
    options: ImportOptions
    report: Path | None


def write_template(terminal: Terminal, target: Path) -> None:
    """Write the spreadsheet that clerks fill in."""
    rules = load_regulation(terminal.settings).on(county_day(utc_now()))
    target.write_bytes(template(rules))
    terminal.emit({"template": str(target)}, lambda console: console.print(f"{target}"))


async def import_sheet(terminal: Terminal, given: SheetOptions) -> int:
    """Import a spreadsheet; gives how many rows were rejected. What cannot be read at all is one sentence."""
    settings = terminal.settings
    county = settings.county
    async with open_database(settings) as database:
        await upgrade(database.url)
        async with (
            writing_store(settings, database) as store,
            Projector(database.pool, store) as projector,
        ):
            context = CommandContext(
                store=store, regulations={county: load_regulation(settings)}, clock=utc_now
            )
            if not given.options.dry_run:
                await found(context, county)
            await context.in_force.catch_up(county)
            importer = Importer(context, database.pool, projector)
            outcome = await _run(terminal, importer, county, given)
    if given.report is not None and outcome.report is not None:
        given.report.write_bytes(outcome.report)
    terminal.emit(outcome.result, lambda console: _show(console, outcome.result, importer))
    return int(outcome.result["rejected"])


async def _run(terminal: Terminal, importer: Importer, county: str, given: SheetOptions) -> ImportOutcome:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=terminal.progress,
        disable=terminal.json,
    )
    with bar:
        task = bar.add_task("检查 checking", total=None, rate="")

        async def progress(done: int, total: int | None) -> None:
            seconds = bar.tasks[task].elapsed or 0
            rate = f"{done / seconds:,.0f} 行/秒" if seconds else ""
            bar.update(task, completed=done, total=total, rate=rate)

        return await importer.run(system_actor(county, "import"), given.options, given.content, progress)


def _show(console: Console, result: dict[str, Any], importer: Importer) -> None:
    """For people: what became of the rows, and everything that was not read or was read with less."""
    table = Table("行 row", "列 column", "内容 value", "代码 code", "说明")
    for row in result.get("refused", [])[:SHOWN]:
        for reason in row["reasons"]:
            column = f"{reason['column'] or ''} {reason['heading'] or ''}".strip()
            table.add_row(str(row["row"]), column, reason["value"], reason["code"], reason["detailZh"])
    if table.row_count:
        console.print(table)
    unread = "、".join(_unread(one) for one in result.get("unreadColumns", []))
    words = [
        f"{one['heading']}“{one['word']}”{one['rows']} 行"
        + (f"，是否为 {'、'.join(one['suggested'])}" if one["suggested"] else "")
        for one in result.get("unresolvedWords", [])
    ]
    skipped = [f"{one['row']} {one['kind']}" for one in result.get("skipped", [])]
    differ = [str(one["row"]) for one in result.get("totalsThatDiffer", [])]
    same = "、".join(f"{one['row']} = {one['of']}" for one in result.get("possibleDuplicates", [])[:20])
    lines = [
        (
            f"{result['rows']} rows: {result['ok']} good, {result['rejected']} rejected,"
            f" {result['registered']} registered{' (dry run)' if result['dryRun'] else ''}"
        ),
        f"batch {result['batch']}" if result.get("batch") else "nothing was recorded",
        f"layout {result['layout']}" if result.get("layout") else "",
        f"columns not read: {unread}" if unread else "",
        *[f"not understood: {one}" for one in words[:20]],
        f"rows that are no assets: {', '.join(skipped[:20])}" if skipped else "",
        f"totals that differ from the sum: rows {', '.join(differ)}" if differ else "",
        f"dates read with less than a day: {result['remarkCount']}" if result.get("remarkCount") else "",
        f"possibly the same by another name: {same}" if same else "",
        _rate("read", result["rows"], importer.stages.read),
        _rate("judged", result["rows"], importer.stages.judge),
        _rate("stored", result["registered"], importer.stages.append),
    ]
    for line in filter(None, lines):
        console.print(line, markup=False)


def _unread(one: dict[str, Any]) -> str:
    """A column that was not read, with what may be done about it."""
    field = columns_by_field().get(one["suggested"] or "")
    told = (
        f"，可能是“{field.zh}”" if field is not None else f"，{one['belongsTo']}" if one["belongsTo"] else ""
    )
    return f"{one['column']} {one['heading']}{told}"


def _rate(what: str, rows: int, seconds: float) -> str:
    return f"{what} at {rows / seconds:,.0f} rows/s" if seconds and rows else ""
