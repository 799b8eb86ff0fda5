"""`taizhang policy`: the rules a county works by; a folder of rules checked before it is used; two sets compared."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from domain.policy import Policy
from domain.refusals import clauses
from domain.regulation import Regulation, RegulationInvalid, Rules
from domain.regulation.amendments import shown_value
from domain.regulation.comparison import RuleChange, compared
from domain.regulation.folder import Folder, packaged, read_folder
from domain.regulation.loading import PACKAGED_COUNTY
from domain.regulation.not_in_effect import waiting, waiting_of
from domain.regulation.parameters import TYPES
from domain.regulation.tables import POLICY
from domain.regulation.template import Beginning, template
from service.cli.calendar import known_years
from service.cli.days import day_of
from service.cli.stores import reading_store
from service.clock import county_day, utc_now
from service.commands.policy_data import counties_in, is_county, load_regulation, read_county
from service.database.database import open_database
from service.database.migrate import check as check_schema
from service.exit_codes import CommandFailed, ExitCode
from service.terminal import Terminal

app = typer.Typer(
    help="The rules a county works by: shown, checked before they are used, compared.", no_args_is_help=True
)
County = Annotated[str | None, typer.Option(help="Six-digit code; the settings' county if not given.")]
_CHANGE: Final = {"ADDED": "增加", "REMOVED": "删除", "CHANGED": "变更"}


@app.command()
def show(
    ctx: typer.Context,
    parameter: Annotated[
        str | None, typer.Argument(help="One parameter, e.g. P06; all if not given.")
    ] = None,
    *,
    on: Annotated[str | None, typer.Option(help="Business date, YYYY-MM-DD; today if not given.")] = None,
    county: County = None,
    data: Annotated[
        bool,
        typer.Option(
            "--data", help="Only what the data files say, without the county's own changes in the log."
        ),
    ] = False,
) -> None:
    """The parameters in force on a day, with the clause or document each rests on."""
    terminal: Terminal = ctx.obj
    day = _day(on)
    if parameter is not None and parameter not in TYPES:
        raise CommandFailed(f"There is no parameter {parameter}; P01 to P37 (没有该参数).", ExitCode.USAGE)
    regulation = load_regulation(terminal.settings, county)
    if not data:
        regulation = terminal.run(_changed(terminal, regulation))
    rules = regulation.on(day)
    wanted = TYPES if parameter is None else [parameter]
    found = {
        "county": regulation.county,
        "name": regulation.name,
        "policy": rules.policy,
        "on": day.isoformat(),
        "retroactive": rules.retroactive,
        "digest": regulation.digest,
        "parameters": [
            {
                "id": row.id,
                "title": row.zh,
                "value": shown_value(row.id, row.value),
                "unit": row.unit,
                "inEffect": all(one.field is not None for one in waiting_of(row.id)),
                "notInEffect": [{"part": one.part, "reason": one.zh} for one in waiting_of(row.id)],
                "anchor": row.anchor,
                "clause": row.article,
                "article": regulation.article_id(row.article),
                "inForceFrom": row.in_force_from.isoformat(),
                "inForceUntil": row.in_force_until and row.in_force_until.isoformat(),
            }
            for row in map(rules.parameter_row, wanted)
        ],
    }
    terminal.emit(found, lambda console: _print_parameters(console, found))


@app.command()
def check(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A county's folder, or a folder of counties' folders.")],
) -> None:
    """Read a folder of rules as the service would, try it dry, and tell everything that is wrong. Exit code 1 if anything is.

    Beside the faults: steps that the county's rules refuse in the trial, and clauses without an article of the document.
    What no decision reads yet, what the folder says that is no longer asked for, and how far its calendar reaches, is told
    as well.
    """
    terminal: Terminal = ctx.obj
    root, counties = _counties(folder)
    found: list[dict[str, Any]] = []
    for county in counties:
        try:
            regulation, trial = read_county(root, county)
        except RegulationInvalid as invalid:
            found.append({"county": county, "valid": False, "faults": list(invalid.faults)})
            continue
        titles = clauses()
        found.append(
            {
                "county": county,
                "valid": True,
                "name": regulation.name,
                "digest": regulation.digest,
                "versions": [
                    {
                        "number": one.number,
                        "documentNo": one.document_no,
                        "inForceFrom": one.in_force_from.isoformat(),
                    }
                    for one in regulation.versions
                ],
                "divisions": len(regulation.divisions),
                "notInEffect": [{"place": one.place, "reason": one.zh} for one in waiting()],
                "readOver": list(regulation.read_over),
                "calendar": known_years(regulation, county_day(utc_now())),
                "faults": [],
                "triedSteps": trial.steps,
                "refusedInTrial": [
                    {"place": one.place, "code": one.code, "detail": one.detail} for one in trial.refusals
                ],
                "openClauses": [
                    {"clause": key, "title": titles[key].title} for key in regulation.articles.open
                ],
            }
        )
    terminal.emit(found, lambda console: _print_check(console, found))
    if not all(one["valid"] for one in found):
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the county's folder is made; TAIZHANG_POLICY_DIR.")],
    *,
    county: Annotated[str, typer.Option(help="Six-digit code.")],
    name: Annotated[str, typer.Option(help="The county's name.")],
    document: Annotated[str, typer.Option(help="Number of the county's document (文号).")],
    title: Annotated[str, typer.Option(help="Title of the county's document.")],
    since: Annotated[str, typer.Option("--from", help="Day on which its rules begin, YYYY-MM-DD.")],
    based_on: Annotated[
        str | None,
        typer.Option(
            help="Code of a county whose tables are inherited; every table is written out if not given."
        ),
    ] = None,
) -> None:
    """Make a county's folder to begin from: every file with what it means as a comment, all rows from the county's own day.

    It can be used as it is, and quotes nothing: articles, words and divisions are for the county to write down.
    """
    terminal: Terminal = ctx.obj
    if not is_county(county):
        raise CommandFailed(f"--county {county}: six digits are wanted (须为六位代码).", ExitCode.USAGE)
    place = folder / county
    if place.exists():
        raise CommandFailed(f"{place} is there already (文件夹已存在).", ExitCode.USAGE)
    beginning = Beginning(county, name, document, title, _day(since, "--from"), based_on)
    files = template(beginning, _base(terminal, based_on or PACKAGED_COUNTY))
    place.mkdir(parents=True)
    for file, text in files.items():
        (place / file).write_text(text, "utf-8")
    terminal.emit(
        {"folder": str(place), "files": sorted(files)},
        lambda console: console.out(
            f"{place}: {len(files)} files；接下来 next: taizhang policy check {place}"
        ),
    )


def _base(terminal: Terminal, county: str) -> Folder:
    """The folder of the county that tables are taken over from."""
    own = terminal.settings.policy_dir
    faults: list[str] = []
    found = read_folder(county, [*([] if own is None else [own]), packaged()], faults)
    if faults:
        raise CommandFailed("\n".join(faults), ExitCode.USAGE)
    return found


@app.command()
def diff(
    ctx: typer.Context,
    before: Annotated[str, typer.Argument(help="A version's number, or a folder of rules.")],
    after: Annotated[str, typer.Argument(help="A version's number, or a folder of rules.")],
    *,
    county: County = None,
) -> None:
    """What differs between two versions of the rules, or between them and a draft: parameters and rows of every table."""
    terminal: Terminal = ctx.obj
    known = load_regulation(terminal.settings, county)
    sides = [_rules(one, known) for one in (before, after)]
    changes = compared(*sides)
    found = {
        "county": known.county,
        "before": sides[0].policy,
        "after": sides[1].policy,
        "changes": [one.model_dump(mode="json", by_alias=True) for one in changes],
    }
    terminal.emit(found, lambda console: _print_changes(console, sides, changes))


async def _changed(terminal: Terminal, regulation: Regulation) -> Regulation:
    """The county's data with what its log has changed."""
    async with open_database(terminal.settings) as database:
        await check_schema(database.url)
        async with reading_store(database) as store:
            state: Any = None
            for recorded in await store.read_stream(regulation.county, Policy.stream_of(regulation.county)):
                state = store.codec.domain_event(recorded).mutate(state)
    return regulation if state is None else state.amend(regulation)


def _counties(folder: Path) -> tuple[Path, list[str]]:
    """Where the counties' folders lie, and which are to be read."""
    if (folder / POLICY).is_file():
        return folder.parent, [folder.name]
    if not folder.is_dir():
        raise CommandFailed(f"There is no folder {folder} (没有该文件夹).", ExitCode.USAGE)
    found = counties_in(folder)
    if not found:
        message = f"{folder} holds no {POLICY} and no folder of a county that does (没有政策数据)."
        raise CommandFailed(message, ExitCode.USAGE)
    return folder, found


def _rules(named: str, known: Regulation) -> Rules:
    """The newest rules of a version, laws that changed meanwhile included; or the newest of a folder."""
    if named.isdecimal() and not Path(named).is_dir():
        for version in known.versions:
            if version.number == int(named):
                first, last = version.in_force_from, version.in_force_until or date.max
                return known.on(max(since for since, _ in known.intervals if first <= since <= last))
        numbers = "、".join(str(version.number) for version in known.versions)
        raise CommandFailed(
            f"There is no version {named}; known: {numbers} (没有该政策版本).", ExitCode.USAGE
        )
    root, counties = _counties(Path(named))
    county = known.county if known.county in counties else counties[0]
    try:
        draft = Regulation.load(root, county)
    except RegulationInvalid as invalid:
        raise CommandFailed(str(invalid)) from invalid
    return draft.on(draft.intervals[-1][0])


def _day(text: str | None, option: str = "--on") -> date:
    return county_day(utc_now()) if text is None else day_of(option, text)


# ---- for people ----------------------------------------------------------------------------------------------------


def _print_parameters(console: Console, found: dict[str, Any]) -> None:
    title = f"{found['name']} {found['policy']}，{found['on']}"
    table = Table("参数", "名称", "值", "依据", "条款", "施行", "废止", title=title)
    for one in found["parameters"]:
        days = one["inForceFrom"], one["inForceUntil"] or ""
        table.add_row(one["id"], one["title"], _text(one["value"]), one["anchor"], one["clause"], *days)
    console.print(table)
    for one in found["parameters"]:
        for wait in one["notInEffect"]:
            place = " ".join(filter(None, (one["id"], wait["part"])))
            console.out(f"{place} 尚未生效 (not in effect)：{wait['reason']}")
    if found["retroactive"]:
        console.out("该日早于首个版本，按首个版本判断 (before the first version: judged by it)")


def _print_check(console: Console, found: list[dict[str, Any]]) -> None:
    for one in found:
        if one["valid"]:
            versions = "、".join(
                f"#{version['number']} {version['inForceFrom']}" for version in one["versions"]
            )
            console.out(
                f"{one['county']} {one['name']}: 可用 valid；版本 {versions}；区划 {one['divisions']}；"
                f"试办 {one['triedSteps']} 步"
            )
            for refused in one["refusedInTrial"]:
                console.out(
                    f"  本县规定将拒绝 refused in trial: {refused['place']} {refused['code']} {refused['detail']}"
                )
            for clause in one["openClauses"]:
                console.out(f"  没有对应条文 no article: {clause['clause']} {clause['title']}")
            waits = "、".join(entry["place"] for entry in one["notInEffect"])
            console.out(f"  尚未生效 not in effect（修改后不影响业务）：{waits}")
            console.out(f"  {_calendar(one['calendar'])}")
            if one["readOver"]:
                console.out(f"  不再使用 no longer asked for：{'、'.join(one['readOver'])}")
            continue
        console.out(f"{one['county']}: {len(one['faults'])} 处错误 (faults)")
        for fault in one["faults"]:
            console.out(f"  {fault}")


def _calendar(known: dict[str, Any]) -> str:
    """Which years' holidays the folder lacks, and from which day on dates are provisional for it."""
    lacking = {
        "未录入放假安排 holidays unknown": [one["year"] for one in known["years"] if not one["announced"]],
        "未录入地方节假日 region's own unknown": [one["year"] for one in known["years"] if not one["local"]],
    }
    told = [f"{what}: {'、'.join(map(str, years))}" for what, years in lacking.items() if years]
    return "；".join([f"日历 calendar：{known['provisionalFrom']} 起的期限为暂定 provisional", *told])


def _print_changes(console: Console, sides: list[Rules], changes: list[RuleChange]) -> None:
    table = Table(
        "表", "行", "变化", "条款", "字段", "原值", "新值", title=f"{sides[0].policy} → {sides[1].policy}"
    )
    for one in changes:
        fields = one.fields or {"": ("", "")}
        for name, (was, now) in fields.items():
            table.add_row(one.table, one.key, _CHANGE[one.change], one.clause, name, _text(was), _text(now))
    console.print(table)
    console.out(f"{len(changes)} 处不同 (differences)")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
