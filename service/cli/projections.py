"""`taizhang projections`: how far the ledgers are, rebuild them from the log, compare them with the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from projections.catalogue import UnknownProjection, chosen
from projections.engine.events import Undecodable
from projections.engine.projection import PoisonEvent, Projection
from service.cli.sample import Rate
from service.cli.stores import reading_store
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.ledgers.projector import Projector
from service.ledgers.rebuild.plan import (
    RebuildFailed,
    RebuildImpossible,
    RebuildOutcome,
    RebuildProgress,
    RebuildUnderWay,
)
from service.ledgers.rebuild.workers import rebuild as rebuild_ledgers
from service.terminal import Terminal

PROCESSES: Final = 2

app = typer.Typer(no_args_is_help=True, help="The ledgers: status, rebuild, verify.")

Name = Annotated[str | None, typer.Argument(help="Name of a ledger; without it, all of them.")]
County = Annotated[str | None, typer.Option(help="Only this county's rows, e.g. 653022.")]
Processes = Annotated[int, typer.Option(min=1, max=16, help="Processes that share the work.")]


@app.callback()
def _group() -> None:
    """The ledgers: status, rebuild, verify."""


@app.command()
def status(ctx: typer.Context) -> None:
    """How far every ledger is behind the log, and whether it is well. Exit code 1 if one is halted or outdated."""
    terminal: Terminal = ctx.obj
    rows = terminal.run(_status(terminal))
    table = Table("县 county", "台账 ledger", "位置 position", "落后 behind", "状态 state", "")
    for row in rows:
        error = row["error"]
        note = f"{error['position']} {error['type']}: {error['reason']}" if error else ""
        table.add_row(
            row["county"],
            f"{row['title']} {row['projection']}",
            str(row["position"]),
            str(row["behind"]),
            row["state"],
            note,
        )
    terminal.emit(rows, lambda console: console.print(table))
    stuck = [row["projection"] for row in rows if row["state"] in {"HALTED", "OUTDATED"}]
    if stuck:
        raise CommandFailed(f"Not up to date without help: {', '.join(sorted(set(stuck)))}.")


async def _status(terminal: Terminal) -> list[dict[str, Any]]:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        return await Projector(database.pool, reading_store(database)).health()


@app.command()
def rebuild(
    ctx: typer.Context,
    name: Name = None,
    *,
    county: County = None,
    accept_difference: Annotated[
        bool, typer.Option(help="Let the rebuilt rows take over although they differ from the live ones.")
    ] = False,
    processes: Processes = PROCESSES,
) -> None:
    """Build ledgers anew from the log and let them take the place of the live ones; the old ones are kept for some
    days (TAIZHANG_REPLACED_LEDGERS_DAYS), at most until the next time. Goes on where a killed one
    stopped. Exit code 1 if rows differ: then the live ones stay.
    """
    terminal: Terminal = ctx.obj
    outcomes = _run(terminal, name, county, processes, swap=True, accept_difference=accept_difference)
    kept = [one.projection for one in outcomes if not one.swapped]
    if kept:
        raise CommandFailed(
            f"Not swapped, rebuilt rows differ from the live ones: {', '.join(kept)}. See the differences; "
            "--accept-difference takes the rebuilt ones."
        )


@app.command()
def verify(
    ctx: typer.Context, name: Name = None, *, county: County = None, processes: Processes = PROCESSES
) -> None:
    """Build ledgers anew beside the live ones and compare, changing nothing. Exit code 1 if rows differ."""
    terminal: Terminal = ctx.obj
    outcomes = _run(terminal, name, county, processes, swap=False, accept_difference=False)
    wrong = [one.projection for one in outcomes if one.equal is not True]
    if wrong:
        raise CommandFailed(f"Not what the log says, or built by another version: {', '.join(wrong)}.")


def _run(
    terminal: Terminal,
    name: str | None,
    county: str | None,
    processes: int,
    *,
    swap: bool,
    accept_difference: bool,
) -> list[RebuildOutcome]:
    try:
        projections = chosen(None if name is None else [name])
        outcomes = terminal.run(_rebuild(terminal, projections, county, processes, swap, accept_difference))
    except UnknownProjection as error:
        raise CommandFailed(f"There is {error}.", ExitCode.USAGE) from error
    except (
        RebuildUnderWay,
        RebuildImpossible,
        RebuildFailed,
        PoisonEvent,
        Undecodable,
    ) as error:
        raise CommandFailed(str(error)) from error
    rows = [
        {
            "projection": one.projection,
            "positions": one.positions,
            "rows": one.rows,
            "digests": one.digests,
            "equal": one.equal,
            "differences": one.differences,
            "swapped": one.swapped,
            "events": one.events,
            "replaySeconds": round(one.replay_seconds, 3),
            "seconds": round(one.seconds, 3),
        }
        for one in outcomes
    ]
    table = Table("台账 ledger", "行数 rows", "摘要 digest", "与现行比较 live", "替换 swapped", "秒 s")
    for one in outcomes:
        live = {True: "相同 equal", False: "不同 differs", None: "—"}[one.equal]
        digest = " ".join(f"{county} {digest[:12]}" for county, digest in one.digests.items())
        table.add_row(
            one.projection,
            str(one.rows),
            digest,
            live,
            "是 yes" if one.swapped else "否 no",
            f"{one.seconds:.1f}",
        )
    terminal.emit(rows, lambda console: console.print(table))
    for one in outcomes:
        for line in one.differences:
            terminal.note(line)
    return outcomes


async def _rebuild(
    terminal: Terminal,
    projections: list[Projection],
    county: str | None,
    processes: int,
    swap: bool,
    accept_difference: bool,
) -> list[RebuildOutcome]:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        shown, report = _bar(terminal)
        with shown:
            return await rebuild_ledgers(
                database.url,
                projections,
                county=county,
                swap=swap,
                accept_difference=accept_difference,
                progress=report,
                processes=processes,
            )


def _bar(
    terminal: Terminal,
) -> tuple[AbstractContextManager[Any], Callable[[RebuildProgress], None] | None]:
    """A progress bar with rate and time left, on stderr."""
    if terminal.json:
        return nullcontext(), None
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=terminal.progress,
    )
    task = bar.add_task("replaying", total=None)

    def report(progress: RebuildProgress) -> None:
        bar.update(task, description=progress.phase, completed=progress.done, total=progress.total or None)

    return bar, report
