"""`taizhang calendar`: which years' holidays are known, and a year entered before the library has it."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from domain.regulation import Regulation, RegulationInvalid
from domain.regulation.calendar_years import file_of
from service.clock import county_day, utc_now
from service.commands.policy_data import load_regulation
from service.exit_codes import CommandFailed, ExitCode
from service.terminal import Terminal

app = typer.Typer(
    help="Which years' holidays are known; a year entered before the library has it.", no_args_is_help=True
)
County = Annotated[str | None, typer.Option(help="Six-digit code; the settings' county if not given.")]


@app.command()
def show(ctx: typer.Context, *, county: County = None) -> None:
    """Every year from the regulation's first to the next one: whether its holidays are known, and the region's own."""
    terminal: Terminal = ctx.obj
    regulation = load_regulation(terminal.settings, county)
    found = {"county": regulation.county, **known_years(regulation, county_day(utc_now()))}
    terminal.emit(found, lambda console: _print_years(console, found))


def known_years(regulation: Regulation, today: date) -> dict[str, Any]:
    """Of every year from the regulation's first to the next one, whether its holidays are known; until when dates are definite."""
    calendar = regulation.on(today).clock
    return {
        "years": [
            {
                "year": year,
                "announced": calendar.has_year(year),
                "local": not calendar.unconfirmed(date(year, 1, 1), date(year, 1, 1)),
            }
            for year in range(regulation.first_day.year, today.year + 2)
        ],
        "provisionalFrom": calendar.provisional_from(today).isoformat(),
    }


@app.command()
def enter(
    ctx: typer.Context,
    year: Annotated[int, typer.Argument(help="The year, e.g. 2027.", min=2000, max=2199)],
    *,
    document: Annotated[str, typer.Option(help="The announcement, e.g. 国办发明电〔2026〕7号.")],
    off: Annotated[
        list[str], typer.Option(help="Days off, FIRST..LAST=NAME or DAY=NAME; once for each holiday.")
    ],
    worked: Annotated[
        list[str] | None, typer.Option(help="Make-up days on a weekend, DAY=NAME; once for each.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="The region's own holidays (肉孜节、古尔邦节) are among them.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Instead of what was entered before.")] = False,
    county: County = None,
) -> None:
    """Write a year's holidays and make-up days to the county's folder under TAIZHANG_POLICY_DIR, checked as a whole."""
    terminal: Terminal = ctx.obj
    root = terminal.settings.policy_dir
    if root is None:
        raise CommandFailed(
            "TAIZHANG_POLICY_DIR is not set: it names the folder that holds the county's own data"
            " (未设置政策数据文件夹).",
            ExitCode.USAGE,
        )
    known = load_regulation(terminal.settings, county)
    file = root / known.county / file_of(year)
    if file.exists() and not replace:
        raise CommandFailed(f"{file} is there already; --replace writes it anew (已录入).", ExitCode.USAGE)
    rests, works = ([_days(one) for one in days] for days in (off, worked or []))
    text = _file(known, year, document, rests, works, local=local)
    entered = _tried(root, known.county, file.name, text)
    file.parent.mkdir(exist_ok=True)
    half = file.with_name(f"{file.name}.part")
    half.write_text(text, "utf-8")
    half.replace(file)
    found = {
        "county": known.county,
        "year": year,
        "file": str(file),
        "off": sum((last - first).days + 1 for first, last, _ in rests),
        "worked": sum((last - first).days + 1 for first, last, _ in works),
        "digest": entered.digest,
    }
    terminal.emit(found, lambda console: _print_entered(console, found))


def _days(text: str) -> tuple[date, date, str]:
    """FIRST..LAST=NAME, or DAY=NAME."""
    span, _, name = text.partition("=")
    first, _, last = span.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as wrong:
        raise _unreadable(text) from wrong
    if not name:
        raise _unreadable(text)
    return *days, name


def _unreadable(text: str) -> CommandFailed:
    return CommandFailed(
        f"{text}: wanted is 2027-01-01..2027-01-03=元旦 or 2027-01-01=元旦 (日期不对).", ExitCode.USAGE
    )


Days = list[tuple[date, date, str]]


def _file(known: Regulation, year: int, document: str, rests: Days, works: Days, *, local: bool) -> str:
    """The year's file: blocks of calendar.toml that rest on the clause of the calendar (P26), in force from the first."""
    since = known.first_day
    article = known.on(since).parameter_row("P26").article
    rest_on = f'article = "{article}"\nin_force_from = {since}\n'
    blocks = [
        f"[[year]]\nyear = {year}\nnational = true\nlocal = {json.dumps(local)}\nnote = {_quoted(document)}\n{rest_on}"
    ]
    for kind, days in (("REST", rests), ("WORK", works)):
        for first, last, name in days:
            blocks.append(
                f'[[holiday]]\nfirst_day = {first}\nlast_day = {last}\nzh = {_quoted(name)}\nkind = "{kind}"\n{rest_on}'
            )
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _tried(root: Path, county: str, name: str, text: str) -> Regulation:
    """The county's regulation with the file, read in a place apart; `CommandFailed` tells everything that is wrong."""
    with tempfile.TemporaryDirectory(prefix="taizhang-calendar-") as folder:
        apart = Path(folder) / "data"
        shutil.copytree(root, apart)
        (apart / county).mkdir(exist_ok=True)
        (apart / county / name).write_text(text, "utf-8")
        try:
            return Regulation.load(apart, county)
        except RegulationInvalid as invalid:
            raise CommandFailed(str(invalid)) from invalid


# ---- for people ----------------------------------------------------------------------------------------------------


def _print_years(console: Console, found: dict[str, Any]) -> None:
    table = Table("年份", "放假安排", "地方节假日", title=f"{found['county']} 工作日历")
    for one in found["years"]:
        table.add_row(
            str(one["year"]),
            "已有" if one["announced"] else "[red]未录入",
            "已录入" if one["local"] else "未录入",
        )
    console.print(table)
    console.out(f"{found['provisionalFrom']} 起的期限为暂定 (dates from then on are provisional)")


def _print_entered(console: Console, found: dict[str, Any]) -> None:
    console.out(
        f"{found['file']}: {found['year']} 年放假 {found['off']} 天，调休上班 {found['worked']} 天。"
        "重启服务后生效 (restart the service)"
    )
