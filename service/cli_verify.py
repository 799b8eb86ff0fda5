"""`taizhang verify`: whether the log is what its head says it is."""

from __future__ import annotations

from typing import Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from service.cli_sample import Rate
from service.database import open_database
from service.event_store import EventStore, Verification
from service.exit_codes import CommandFailed
from service.migrate import check
from service.terminal import Terminal

app = typer.Typer(help="Recompute the log's tree from the stored bytes and compare with its head.")


@app.callback(invoke_without_command=True)
def verify(ctx: typer.Context) -> None:
    """Recompute every leaf and root from the stored bytes; the first bad place is named, exit code 1."""
    terminal: Terminal = ctx.obj
    bad = terminal.run(_verify(terminal))
    if bad is not None:
        msg = f"The log is not what its head says: {bad}."
        raise CommandFailed(msg)


async def _verify(terminal: Terminal) -> str | None:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with EventStore(database.pool) as store:
            results = [await _one(terminal, store, county) for county in await store.counties()]
    data: list[dict[str, Any]] = [
        {
            "county": one.county,
            "position": one.position,
            "root": one.root.hex(),
            "headRoot": None if one.head_root is None else one.head_root.hex(),
            "problem": None if one.problem is None else str(one.problem),
        }
        for one in results
    ]
    table = Table("县 county", "位置 position", "根 root", "")
    for row in data:
        table.add_row(row["county"], str(row["position"]), row["root"], row["problem"] or "ok")
    terminal.emit(data, lambda console: console.print(table))
    return next((row["problem"] for row in data if row["problem"] is not None), None)


async def _one(terminal: Terminal, store: EventStore, county: str) -> Verification:
    with Progress(
        TextColumn(county),
        BarColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=terminal.progress,
        disable=terminal.json,
    ) as progress:
        task = progress.add_task("verify", total=(await store.head(county)).position)
        return await store.verify(county, lambda position, _: progress.update(task, completed=position))
