"""`taizhang papers`: the document store on the database itself: its condition, what is lacking, what may be removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table

from service.clock import utc_now
from service.database.database import open_database
from service.database.migrate import check as require_schema
from service.exit_codes import CommandFailed
from service.log.signing_keys import folder_of
from service.paper.archive import PaperArchive
from service.paper.checking import condition_of, lacking, look_at, papers_of
from service.paper.clearing import LedgerBehind, clear, due
from service.paper.settled import bounds_of, place_of
from service.personal.keys import masters_of
from service.terminal import Terminal

app = typer.Typer(
    help="The document store: condition, check, what is missing, what may be removed.", no_args_is_help=True
)
T = TypeVar("T")

BEHIND = "The ledger of papers is behind the log: let a service run, or taizhang projections rebuild paper_namings."


def _on_archive(terminal: Terminal, work: Callable[[PaperArchive], Awaitable[T]]) -> T:
    async def run() -> T:
        settings = terminal.settings
        async with open_database(settings, announce=terminal.note) as database:
            await require_schema(database.url)
            keys = folder_of(settings, database)
            place = place_of(settings, database, keys)
            masters = masters_of(settings, keys)
            return await work(
                PaperArchive(database.pool, place, masters, utc_now, bounds_of(settings), settings.sealing)
            )

    return terminal.run(run())


@app.command()
def status(ctx: typer.Context) -> None:
    """How many papers there are, where they lie, and what was found of them when they were read last."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(archive: PaperArchive) -> dict[str, Any]:
        return {"place": archive.place.described, **asdict(await condition_of(archive, county))}

    said = _on_archive(terminal, found)
    terminal.emit(
        said,
        lambda console: console.print(
            f"{said['place']}: {said['papers']} papers, {said['bytes']} bytes; {said['missing']} lost,"
            f" {said['altered']} altered; {said['forgotten']} forgotten with their persons; {said['not_kept']} named and never uploaded",
            soft_wrap=True,
        ),
    )


@app.command()
def check(ctx: typer.Context) -> None:
    """Read every paper and compare it with its digest; exit 1 where one is lost, altered, or cannot be opened."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(archive: PaperArchive) -> tuple[int, list[dict[str, Any]]]:
        read, wrong = 0, []
        async for paper in papers_of(archive, county):
            state, reason = await look_at(archive, paper)
            read += 1
            if state != "INTACT":
                wrong.append(
                    {"sha256": paper.sha256, "state": state, "object": paper.object, "reason": reason}
                )
        return read, wrong

    read, wrong = _on_archive(terminal, found)
    terminal.emit(
        {"read": read, "wrong": wrong},
        lambda console: console.print(
            "\n".join(f"{one['sha256']}  {one['state'] or 'NO KEY'}  {one['reason']}" for one in wrong)
            or f"{read} papers are what they were.",
            soft_wrap=True,
        ),
    )
    if wrong:
        raise CommandFailed(f"{len(wrong)} of {read} papers are not as they were kept.")


@app.command()
def missing(ctx: typer.Context) -> None:
    """Papers that events name and that are not there: never uploaded, lost or altered; with whoever recorded the event."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(archive: PaperArchive) -> list[dict[str, Any]]:
        return [one async for one in lacking(archive, county)]

    rows = _on_archive(terminal, found)
    table = Table()
    for heading in ("摘要 sha256", "状况 state", "单位 unit", "事件 event", "事件流 stream", "日期 since"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        state = row["state"] or "NEVER UPLOADED"
        table.add_row(row["sha256"], state, row["unit"], row["type"], row["stream"], str(row["since"]))
    terminal.emit(rows, lambda console: console.print(table))


@app.command()
def purge(
    ctx: typer.Context,
    *,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Remove; without it is only said what would be.")
    ] = False,
) -> None:
    """Papers that no event names and that are older than they are kept for, and what was left behind. A named paper stays."""
    terminal: Terminal = ctx.obj
    county = terminal.settings.county

    async def found(archive: PaperArchive) -> dict[str, Any]:
        try:
            one = await (clear if confirm else due)(archive, county)
        except LedgerBehind:
            raise CommandFailed(BEHIND) from None
        return {
            "removed": confirm,
            "papers": [{"sha256": paper.sha256, "size": paper.size} for paper in one.papers],
            "objects": [lying.name for lying in one.objects],
            "files": one.files,
        }

    said = _on_archive(terminal, found)
    verb = "removed" if confirm else "would be removed (--confirm)"
    terminal.emit(
        said,
        lambda console: console.print(
            f"{len(said['papers'])} papers, {len(said['objects'])} objects without a paper,"
            f" {said['files']} unfinished files {verb}",
            soft_wrap=True,
        ),
    )
