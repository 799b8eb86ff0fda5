"""`taizhang audit examine`: history judged again by the rules of each event's own day, or by a draft of the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import xlsxwriter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from domain.regulation import Regulation
from service.audit.examination import SOURCES, ExaminationScope, Examiner, Report, draft_rules
from service.cli.stores import reading_store
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.terminal import Terminal


def examine(
    ctx: typer.Context,
    *,
    asset: Annotated[str | None, typer.Option(help="One asset with the procedures it names.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="Assets and procedures whose events name this unit.")
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Assets and procedures whose events name this person.")
    ] = None,
    county: Annotated[bool, typer.Option("--county", help="The whole county.")] = False,
    policy: Annotated[
        str | None,
        typer.Option(help="Draft folder, or number of a version: what it would have refused that was not."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write a spreadsheet, e.g. findings.xlsx.")] = None,
) -> None:
    """Judge history again, imported history included, and list findings per clause with the events behind them.

    Exit code 0 whether or not anything was found: findings are the answer. 1: no such asset, or a draft that cannot
    be read; 2: not exactly one of --asset, --unit, --person, --county, or no such folder or version.
    """
    terminal: Terminal = ctx.obj
    if sum([asset is not None, unit is not None, person is not None, county]) != 1:
        message = "Name one of --asset, --unit, --person, --county (请指定其一)."
        raise CommandFailed(message, ExitCode.USAGE)
    if out is not None and not out.absolute().parent.is_dir():
        raise CommandFailed(f"There is no folder {out.absolute().parent}.", ExitCode.USAGE)
    data = load_regulation(terminal.settings)
    report = terminal.run(_examine(terminal, ExaminationScope(asset, unit or person), policy, data))
    if out is not None:
        write_findings(out, report)
    terminal.emit(report.shown(), lambda console: _show(console, report))


async def _examine(
    terminal: Terminal, scope: ExaminationScope, policy: str | None, data: Regulation
) -> Report:
    draft = None if policy is None else draft_rules(policy, data)
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with reading_store(database) as store:
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                console=terminal.progress,
                disable=terminal.json,
            ) as bar:
                task = bar.add_task("重审 examine", total=None)

                def progress(done: int, total: int) -> None:
                    bar.update(task, completed=done, total=total)

                examiner = Examiner(store, database.pool, data.county, data, draft, progress)
                return await examiner.run(scope)


def _show(console: Console, report: Report) -> None:
    title = "各条款发现" if report.draft is None else f"按草案 {report.draft} 会被拒绝的"
    counts = Table("条款", "本县条文", "标题", "代码", "件数", title=title)
    for line in report.by_clause():
        named = (line[name] or "" for name in ("clause", "article", "title", "code"))
        counts.add_row(*named, str(line["findings"]))
    console.print(counts)
    findings = Table(
        "位置", "业务日期", "事件流", "事件", "条款", "代码", "说明", "来源", "解除文号", title="发现"
    )
    for row in _rows(report):
        findings.add_row(*map(str, row))
    console.print(findings)
    console.out(
        f"{report.own.events} events examined (条事件已重审), {len(report.findings)} findings (项发现)"
    )
    for one in report.own.unjudged:
        console.out(f"not judged (未判定): {one.position} {one.type}: {one.reason}")
    for kind, number in report.not_examined.items():
        console.out(f"not examined (不在重审范围): {kind}, {number} events")


def _rows(report: Report) -> list[list[Any]]:
    return [
        [
            one.position,
            one.occurred_on.isoformat(),
            one.stream,
            one.title,
            one.clause or "",
            one.code,
            one.detail_zh,
            SOURCES[one.source],
            one.lifted_by or "",
        ]
        for one in report.findings
    ]


def write_findings(path: Path, report: Report) -> None:
    """The report as a spreadsheet: per clause, the findings, and what was not judged."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    sheets: list[tuple[str, list[str], list[list[Any]]]] = [
        (
            "各条款",
            ["条款", "本县条文", "标题", "代码", "件数", "条文原文"],
            [
                [one[name] for name in ("clause", "article", "title", "code", "findings", "quote")]
                for one in report.by_clause()
            ],
        ),
        (
            "发现",
            ["日志位置", "业务日期", "事件流", "事件", "条款", "代码", "说明", "来源", "解除文号"],
            _rows(report),
        ),
        (
            "未判定",
            ["日志位置", "事件流", "事件类型", "原因"],
            [[one.position, one.stream, one.type, one.reason] for one in report.own.unjudged]
            + [
                ["", kind, "", f"不在重审范围：{number} 条事件"]
                for kind, number in report.not_examined.items()
            ],
        ),
    ]
    bold = book.add_format({"bold": True})
    for name, header, rows in sheets:
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, header, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            sheet.write_row(number, 0, row)
    book.close()
