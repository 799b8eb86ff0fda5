"""`taizhang import FILE`: register assets from a spreadsheet (.xlsx, .xls, .ods, .csv) or from NDJSON, as the API takes them.

Every row is checked before anything is recorded. Without `--partial` one bad row keeps all out. History that broke a
rule comes in with `--provenance` as it happened, its breaches noted as findings (D6). The same file twice is refused.
A spreadsheet becomes an inventory batch of the unit that compiled it; `--template` writes one to fill in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import Field, ValidationError
from rich.progress import track
from rich.table import Table

from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.refusals import Refusal, refuse
from domain.regulation.wording import Wording
from domain.schema_faults import unread
from domain.values import BusinessDate, Code, Value
from service.cli.import_sheet import SheetOptions, import_sheet, write_template
from service.cli.stores import writing_store
from service.clock import utc_now
from service.commands.commands import CommandContext, stream_append
from service.commands.founding import found, system_actor
from service.commands.history_door import through_door
from service.commands.policy_data import load_regulation
from service.commands.problems import from_pydantic
from service.database.database import open_database
from service.database.migrate import upgrade
from service.exit_codes import CommandFailed, ExitCode
from service.inventory.importing import ImportOptions
from service.inventory.spreadsheet.mapping import ColumnMapping
from service.log.appending import Append, Claim, ClaimTaken
from service.terminal import Terminal

CHUNK = 2_000
"""Assets per append when bad lines are left out; without `--partial` the file is one append."""

LINES = frozenset({".ndjson", ".jsonl"})
"""File names that end so hold a registration a line; all others are spreadsheets."""

app = typer.Typer(help="Register assets from a spreadsheet or an NDJSON file.", add_completion=False)


class ImportLine(Value):
    """One registration."""

    asset: Code = Field(title="资产编号")
    card: RegisterCard = Field(title="登记卡")
    occurred_on: BusinessDate | None = Field(default=None, title="业务日期")


@dataclass(slots=True)
class FileCheck:
    """Result of checking a file."""

    assets: list[Asset] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    findings: int = 0


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """Request for an import from the terminal."""

    dry_run: bool
    partial: bool
    provenance: str | None


@app.command()
def import_file(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help=".xlsx, .xls, .ods, .csv, or NDJSON: {asset, card, occurredOn?} a line.",
        ),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, record nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Register the good rows although others are bad.")
    ] = False,
    provenance: Annotated[
        str | None, typer.Option(help="Where this history comes from; broken rules become findings.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Spreadsheet: the unit that compiled it.")] = None,
    compiled_by: Annotated[str | None, typer.Option(help="Spreadsheet: the person who compiled it.")] = None,
    batch: Annotated[str | None, typer.Option(help="Spreadsheet: the batch's code.")] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Spreadsheet: the sheet, if several hold a ledger.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Spreadsheet: write the rejected rows with their reasons here.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Spreadsheet: what its columns and words mean, as JSON (docs/imports.md).",
        ),
    ] = None,
    template: Annotated[Path | None, typer.Option(help="Write an empty spreadsheet to fill in.")] = None,
) -> None:
    """Register assets from a file, all of them or (--partial) the good ones; the same file only once."""
    terminal: Terminal = ctx.obj
    if template is not None:
        write_template(terminal, template)
        return
    if file is None:
        msg = "A file is needed, or --template."
        raise CommandFailed(msg, ExitCode.USAGE)
    content = file.read_bytes()
    if file.suffix.lower() in LINES:
        refused = terminal.run(
            _import(terminal, file.name, content, HistoryOptions(dry_run, partial, provenance))
        )
        what = "lines"
    else:
        if not dry_run and (unit is None or compiled_by is None):
            msg = "A spreadsheet needs --unit and --compiled-by, except with --dry-run."
            raise CommandFailed(msg, ExitCode.USAGE)
        try:
            options = ImportOptions(
                batch=batch or f"B-{hashlib.sha256(content + (sheet or '').encode()).hexdigest()[:16]}",
                file_name=file.name[:120],
                unit=unit,
                compiled_by=compiled_by,
                dry_run=dry_run,
                partial=partial,
                provenance=provenance,
                sheet=sheet,
                mapping=_mapping(mapping) if mapping is not None else None,
            )
        except ValidationError as error:
            raise from_pydantic(error)[0] from error
        refused = terminal.run(import_sheet(terminal, SheetOptions(content, options, report)))
        what = "rows"
    if refused:
        msg = f"{refused} {what} were refused."
        raise CommandFailed(msg)


def _mapping(file: Path) -> ColumnMapping:
    """A mapping from its file; one that is no mapping is told by the field that is wrong."""
    try:
        return ColumnMapping.model_validate(orjson.loads(file.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise refuse("BODY_MALFORMED", reason=unread(error)) from error
    except ValidationError as error:
        raise from_pydantic(error)[0] from error


async def _import(terminal: Terminal, name: str, content: bytes, options: HistoryOptions) -> int:
    settings = terminal.settings
    county = settings.county
    registered = 0
    async with open_database(settings) as database:
        await upgrade(database.url)
        async with writing_store(settings, database) as store:
            context = CommandContext(
                store=store, regulations={county: load_regulation(terminal.settings)}, clock=utc_now
            )
            await context.in_force.catch_up(county)
            if options.provenance is not None:
                at = context.occasion(county, None)
                await through_door(context, system_actor(county, "import"), options.provenance, at)
            checked = _check(terminal, context, county, content, options.provenance)
            await _refuse_known(context, county, checked)
            if not options.dry_run and checked.assets and (options.partial or not checked.refused):
                await found(context, county)
                registered = await _register(
                    context, county, content, checked.assets, whole=not options.partial
                )
    result = {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "checked": len(checked.assets) + len(checked.refused),
        "registered": registered,
        "refused": checked.refused,
        "findings": checked.findings,
        "dryRun": options.dry_run,
    }
    terminal.emit(result, lambda console: console.print(_table(result)))
    return len(checked.refused)


def _check(
    terminal: Terminal, context: CommandContext, county: str, content: bytes, provenance: str | None
) -> FileCheck:
    checked = FileCheck()
    row = partial(_row, context.in_force.wording(county))
    seen: set[str] = set()
    lines = track(content.split(b"\n"), "检查 checking", console=terminal.progress, disable=terminal.json)
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            line = ImportLine.model_validate(orjson.loads(raw))
            if line.asset in seen:
                raise refuse("ALREADY_EXISTS", what=line.asset)
            at = context.occasion(county, line.occurred_on)
            if provenance is not None:
                at.take_as_history(provenance)
            asset = Asset.register(line.asset, line.card, at)
        except orjson.JSONDecodeError as error:
            checked.refused.append(row(number, refuse("BODY_MALFORMED", reason=unread(error))))
        except ValidationError as error:
            refusal, errors = from_pydantic(error)
            checked.refused.append(row(number, refusal) | {"errors": errors})
        except Refusal as refusal:
            checked.refused.append(row(number, refusal))
        else:
            seen.add(line.asset)
            checked.assets.append(asset)
            checked.findings += len(at.findings)
    return checked


def _row(wording: Wording, number: int | None, refusal: Refusal) -> dict[str, Any]:
    refusal = wording.said(refusal)
    return {
        "line": number,
        "code": refusal.code,
        "clause": refusal.clause,
        "detail": refusal.detail_zh,
        "missing": list(refusal.missing),
    }


async def _refuse_known(context: CommandContext, county: str, checked: FileCheck) -> None:
    there = await context.store.load_many(county, [asset.stream for asset in checked.assets])
    for asset in [asset for asset in checked.assets if asset.stream in there]:
        checked.assets.remove(asset)
        refusal = refuse("ALREADY_EXISTS", what=asset.id)
        checked.refused.append(_row(context.in_force.wording(county), None, refusal))


async def _register(
    context: CommandContext, county: str, content: bytes, assets: list[Asset], *, whole: bool
) -> int:
    digest = hashlib.sha256(content).hexdigest()
    size = len(assets) if whole else CHUNK
    claims: tuple[Claim, ...] = (Claim("import", digest),)
    for start in range(0, len(assets), size):
        try:
            await context.store.append(
                county,
                Append(
                    command_id=f"import-{digest[:16]}-{start}",
                    actor=system_actor(county, "import").envelope(),
                    correlation_id=f"import-{digest[:16]}",
                    causation_id=None,
                    streams=[stream_append(context, asset) for asset in assets[start : start + size]],
                    claims=claims,
                ),
            )
        except ClaimTaken:
            raise refuse("BATCH_ALREADY_IMPORTED", batch=f"sha256 {digest[:16]}…") from None
        claims = ()
    return len(assets)


def _table(result: dict[str, Any]) -> Table:
    table = Table(
        "行 line", "代码 code", "条款", "说明", title=f"{result['file']}: {result['registered']} registered"
    )
    for row in result["refused"][:50]:
        table.add_row(str(row["line"] or ""), row["code"], row["clause"] or "", row["detail"])
    table.caption = (
        f"{result['checked']} checked, {len(result['refused'])} refused, {result['findings']} findings"
    )
    return table
