"""`taizhang ledger`: a ledger as it was on a day and as it was known at a moment, and what changed between two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final, get_origin

import typer
import xlsxwriter
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.table import Table

from domain.refusals import Refusal
from projections.engine.meaning import PLAIN
from projections.engine.reading import MAX_PAGE
from service.cli.refused import refused
from service.cli.stores import reading_store
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.county_source import CountySource
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.ledgers.catalogue import LEDGERS
from service.ledgers.differences import changes_of
from service.ledgers.filters import ChangesQuery, LedgerQuery
from service.ledgers.ledger import Ledger
from service.ledgers.masking import must_not_choose_by_hidden, rows_shown_to
from service.ledgers.moments import Moments
from service.ledgers.queries import read_page, totals_shown
from service.ledgers.tables import field_meaning, rows_shown
from service.ledgers.words import Words
from service.ledgers.workbook import write_workbook
from service.terminal import Terminal

app = typer.Typer(
    help="A ledger as it was on a day and as it was known at a moment, and what changed between two moments.",
    no_args_is_help=True,
)


_COMPARED: Final = [name for name, one in LEDGERS.items() if one.changes is not None]
Name = Annotated[str, typer.Argument(help=f"Which ledger: {', '.join(LEDGERS)}.", metavar="LEDGER")]
Compared = Annotated[str, typer.Argument(help=f"Which ledger: {', '.join(_COMPARED)}.", metavar="LEDGER")]
Unit = Annotated[
    str | None,
    typer.Option(help="One unit: owner of assets or income, household assets' village, holder of a duty."),
]
Asset = Annotated[str | None, typer.Option(help="One asset.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="A filter of the HTTP API, e.g. township=653022201000; may be given several times."),
]
_HEAD: Final = "SELECT position FROM log_head WHERE county = $1"
_DAY = "Business date, YYYY-MM-DD: what had happened by then; today's ledger without it."
_MOMENT = "Moment with offset, RFC 3339: what was recorded by then; everything without it."


@app.command("list")
def list_ledgers(ctx: typer.Context) -> None:
    """Every ledger, the filters it takes with --where, and whether two moments of it can be compared."""
    terminal: Terminal = ctx.obj
    found: list[dict[str, Any]] = [
        {
            "name": one.name,
            "title": one.title,
            "about": one.about,
            "path": one.path,
            "filters": {name: field.title for name, field in one.own_filters().items()},
            "dated": one.filters.DATED,
            "compared": one.changes is not None,
        }
        for one in LEDGERS.values()
    ]
    table = Table("台账", "名称", "筛选条件（--where）", "时点", "比较")
    for one in found:
        filters = "，".join(f"{name} {title}" for name, title in one["filters"].items())
        table.add_row(
            one["name"], one["title"], filters, *("是" if one[it] else "否" for it in ("dated", "compared"))
        )
    terminal.emit(found, lambda console: _print_whole(console, table))


@app.command()
def show(
    ctx: typer.Context,
    ledger: Name,
    *,
    as_of: Annotated[str | None, typer.Option(help=_DAY)] = None,
    known_at: Annotated[str | None, typer.Option(help=_MOMENT)] = None,
    unit: Unit = None,
    asset: Asset = None,
    where: Where = None,
    limit: Annotated[int, typer.Option(help="Most rows on the terminal.", min=1, max=MAX_PAGE)] = 100,
    out: Annotated[Path | None, typer.Option(help="All rows to a spreadsheet, e.g. ledger.xlsx.")] = None,
) -> None:
    """Rows and sums of a ledger at a moment. With --out all of it as a spreadsheet, ready to print."""
    terminal: Terminal = ctx.obj
    which = _ledger(ledger)
    if out is not None and not out.absolute().parent.is_dir():
        raise CommandFailed(f"There is no folder {out.absolute().parent}.", ExitCode.USAGE)
    asked = _filters(which, unit, asset, where) | {"as_of": as_of, "known_at": known_at, "limit": limit}
    query = _question(terminal, which.query, asked)
    if out is not None:
        said = terminal.run(_written(terminal, which, query, out))
        terminal.emit({"file": str(out), **said}, lambda console: console.out(f"{out}: {_moment_line(said)}"))
        return
    found = terminal.run(_shown(terminal, which, query))
    words = Words(load_regulation(terminal.settings))
    terminal.emit(found, lambda console: _print_rows(console, which, found, words))


@app.command()
def diff(
    ctx: typer.Context,
    ledger: Compared,
    *,
    from_as_of: Annotated[str | None, typer.Option(help=f"The earlier side. {_DAY}")] = None,
    from_known_at: Annotated[str | None, typer.Option(help=f"The earlier side. {_MOMENT}")] = None,
    to_as_of: Annotated[str | None, typer.Option(help=f"The later side. {_DAY}")] = None,
    to_known_at: Annotated[str | None, typer.Option(help=f"The later side. {_MOMENT}")] = None,
    unit: Unit = None,
    asset: Asset = None,
    where: Where = None,
    limit: Annotated[int, typer.Option(help="Most rows shown; all are counted.", min=1, max=MAX_PAGE)] = 100,
    out: Annotated[Path | None, typer.Option(help="All changes to a spreadsheet, e.g. changes.xlsx.")] = None,
) -> None:
    """What differs between two moments of a ledger: rows added, removed and changed, and both sides' sums."""
    terminal: Terminal = ctx.obj
    which = _ledger(ledger)
    if which.changes is None:
        raise CommandFailed(
            f"Two moments of {ledger} cannot be compared; of {', '.join(_COMPARED)} they can (不能比较).",
            ExitCode.USAGE,
        )
    if out is not None and not out.absolute().parent.is_dir():
        raise CommandFailed(f"There is no folder {out.absolute().parent}.", ExitCode.USAGE)
    asked = _filters(which, unit, asset, where) | {
        "from_as_of": from_as_of,
        "from_known_at": from_known_at,
        "to_as_of": to_as_of,
        "to_known_at": to_known_at,
        "limit": limit,
    }
    query = _question(terminal, which.changes, asked)
    words = Words(load_regulation(terminal.settings))
    if out is not None:
        whole = terminal.run(_every_change(terminal, which, query.model_copy(update={"limit": MAX_PAGE})))
        write_changes(out, which, whole, words)
        told = {name: whole[name] for name in ("added", "removed", "changed", "before", "after")}
        terminal.emit({"file": str(out), **told}, lambda console: console.out(f"{out}: {_counted(whole)}"))
        return
    found = terminal.run(_differing(terminal, which, query))
    terminal.emit(found, lambda console: _print_changes(console, which, found, words))


# ---- questions -----------------------------------------------------------------------------------------------------


def _ledger(name: str) -> Ledger:
    known = LEDGERS.get(name)
    if known is None:
        raise CommandFailed(f"{name} is no ledger; one of {', '.join(LEDGERS)} (没有该台账).", ExitCode.USAGE)
    return known


def _filters(which: Ledger, unit: str | None, asset: str | None, where: list[str] | None) -> dict[str, Any]:
    """The filters given, by the names of the HTTP API; those that may be several are collected."""
    given: dict[str, list[str]] = {}
    for one in where or ():
        name, equals, value = one.partition("=")
        if not equals:
            raise CommandFailed(f"--where {one}: name=value is wanted.", ExitCode.USAGE)
        given.setdefault(name, []).append(value)
    if unit is not None:
        if which.unit is None:
            raise CommandFailed(f"Rows of {which.name} are of no unit (该台账不按单位筛选).", ExitCode.USAGE)
        given.setdefault(which.unit, []).append(unit)
    if asset is not None:
        given.setdefault("asset", []).append(asset)
    several = {
        name for name, field in which.query.model_fields.items() if get_origin(field.annotation) is tuple
    }
    return {name: values if name in several else values[-1] for name, values in given.items()}


def _question(terminal: Terminal, query: type[Any], asked: dict[str, Any]) -> Any:
    """The question as the HTTP API would take it."""
    try:
        return query.model_validate({name: value for name, value in asked.items() if value is not None})
    except ValidationError as invalid:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))} {one['input']}: {one['msg']}" for one in invalid.errors()
        )
        raise CommandFailed(f"{wrong}.", ExitCode.USAGE) from invalid
    except Refusal as refusal:
        raise refused(terminal.settings, refusal, ExitCode.USAGE) from refusal


@asynccontextmanager
async def _source(terminal: Terminal) -> AsyncIterator[CountySource]:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with reading_store(database) as store:
            moments = Moments(database.pool, store)
            county = terminal.settings.county
            context = CommandContext(store, {county: load_regulation(terminal.settings)}, utc_now)
            try:
                yield CountySource(county, database.pool, moments, context)
            finally:
                await moments.aclose()


async def _shown(terminal: Terminal, which: Ledger, query: LedgerQuery) -> dict[str, Any]:
    async with _source(terminal) as source:
        query = await query.settled(source)
        must_not_choose_by_hidden(source, query, which.row)
        found = await read_page(source, query)
        head = await source.pool.fetchval(_HEAD, source.county) or 0
    said = found.said
    if said["position"] < head and "knownAt" not in said:
        terminal.note(f"The ledger is {head - said['position']} events behind the log (台账落后于日志).")
    return {
        "ledger": query.PROJECTION,
        "rows": rows_shown(rows_shown_to(source.sees, found.page.rows, which.row), which.row),
        "more": found.page.next_cursor is not None,
        "totals": totals_shown(query, found.totals),
        **said,
    }


async def _written(terminal: Terminal, which: Ledger, query: LedgerQuery, out: Path) -> dict[str, Any]:
    words = Words(load_regulation(terminal.settings))
    terminal.note(f"{which.title} → {out}")
    half = out.with_name(f"{out.name}.part")
    try:
        async with _source(terminal) as source:
            query = await query.settled(source)
            must_not_choose_by_hidden(source, query, which.row)
            title = await query.heading(source) or which.title
            with half.open("w+b") as file:
                said, _ = await write_workbook(source, query, file, title, which.row, words)
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return said


async def _differing(terminal: Terminal, which: Ledger, query: ChangesQuery) -> dict[str, Any]:
    async with _source(terminal) as source:
        return await changes_of(source, query, which.row)


async def _every_change(terminal: Terminal, which: Ledger, query: ChangesQuery) -> dict[str, Any]:
    """All pages as one answer."""
    async with _source(terminal) as source:
        found = await changes_of(source, query, which.row)
        rows, cursor = list(found["rows"]), found["nextCursor"]
        while cursor is not None:
            following = await changes_of(source, query.model_copy(update={"cursor": cursor}), which.row)
            rows, cursor = [*rows, *following["rows"]], following["nextCursor"]
    return found | {"rows": rows, "nextCursor": None}


def write_changes(path: Path, which: Ledger, found: dict[str, Any], words: Words) -> None:
    """What differs as a spreadsheet to print: a line per changed field, one for a row that came or went."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "border": 1, "bg_color": "#E8EEF4"})
    cell = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(f"{which.title}变动")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(4)
    sheet.freeze_panes(5, 0)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    for place, width in enumerate((8, 34, 22, 40, 40)):
        sheet.set_column(place, place, width)
    sheet.write_string(0, 0, f"{which.title}变动", book.add_format({"bold": True, "font_size": 16}))
    for row, side, title in ((1, "before", "前"), (2, "after", "后")):
        sheet.write_string(row, 0, f"{title}：{_moment_line(found[side])}")
    sheet.write_string(3, 0, _counted(found))
    for place, title in enumerate(("变化", "行", "字段", "变更前", "变更后")):
        sheet.write_string(4, place, title, bold)
    for number, line in enumerate(_lines(which, found, words), 5):
        for place, text in enumerate(line):
            sheet.write_string(number, place, text, cell)
    book.close()


# ---- for people ----------------------------------------------------------------------------------------------------


def _moment_line(said: dict[str, Any]) -> str:
    day, known = said.get("asOf") or "当前", said.get("knownAt") or "现在"
    return f"业务日期 {day}，知悉时间 {known}，日志位置 {said['position']}"


def _print_rows(console: Console, which: Ledger, found: dict[str, Any], words: Words) -> None:
    brief = [column for column in which.columns if column.name in which.brief]
    names = {to_camel(column.name): column for column in brief}
    table = Table(*(column.title for column in brief), title=which.title)
    for row in found["rows"]:
        table.add_row(*(words.tell(row[name], column.meaning, {}) for name, column in names.items()))
    _print_whole(console, table)
    if found["more"]:
        console.out("… 还有更多行：--limit、--out FILE.xlsx 或 --json")
    if found["totals"] is not None:
        console.out("合计 " + "，".join(_sums(which, found["totals"], words)))
    console.out(_moment_line(found))


def _sums(which: Ledger, totals: dict[str, Any], words: Words) -> Iterator[str]:
    """Sums by what they are; those of each kind of something under the kind's Chinese name."""
    fields = which.filters.TOTALS.model_fields if which.filters.TOTALS is not None else {}
    for name, field in fields.items():
        told = words.tell(totals[to_camel(name)], field_meaning(field), {})
        yield told if isinstance(totals[to_camel(name)], dict) else f"{field.title} {told}"


def _print_whole(console: Console, table: Table) -> None:
    """Long codes are broken over lines instead of being cut off."""
    for column in table.columns:
        column.overflow = "fold"
    console.print(table)


_CHANGE: Final = {"ADDED": "增加", "REMOVED": "减少", "CHANGED": "变更"}


def _lines(which: Ledger, found: dict[str, Any], words: Words) -> Iterator[tuple[str, ...]]:
    """Changes as lines: kind, row, field, before, after. Of a row that came or went its first columns are told."""
    columns = {to_camel(column.name): column for column in which.columns}
    brief = [name for name, column in columns.items() if column.name in which.brief]
    for row in found["rows"]:
        key = " ".join(map(str, row["key"].values()))
        change = _CHANGE[row["change"]]
        for name in row["fields"]:
            column = columns.get(name)
            title, meaning = (column.title, column.meaning) if column is not None else (name, PLAIN)
            both = [words.tell(row[side][name], meaning, {}) for side in ("before", "after")]
            yield change, key, title, *both
        if not row["fields"]:
            sides = [
                "；".join(
                    words.tell(row[side][name], columns[name].meaning, {})
                    for name in brief
                    if name in row[side]
                )
                if row[side] is not None
                else ""
                for side in ("before", "after")
            ]
            yield change, key, "", *sides


def _counted(found: dict[str, Any]) -> str:
    return f"增加 {found['added']} 行，减少 {found['removed']} 行，变更 {found['changed']} 行"


def _print_changes(console: Console, which: Ledger, found: dict[str, Any], words: Words) -> None:
    table = Table("变化", "行", "字段", "变更前", "变更后", title=f"{which.title}变动")
    for line in _lines(which, found, words):
        table.add_row(*line)
    _print_whole(console, table)
    console.out(_counted(found))
    for side, title in (("before", "前"), ("after", "后")):
        console.out(f"{title}：{_moment_line(found[side])}")
    if found["nextCursor"] is not None:
        console.out("… 还有更多变动：--limit")
