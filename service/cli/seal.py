"""`taizhang seal`: the ledgers of a year that every unit keeps, sealed at once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from domain.sealing.seal import LedgerSeal
from service.cli.days import day_if_given
from service.cli.stores import writing_store
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.founding import system_actor
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed
from service.ledgers.moments import Moments
from service.log.appending import VersionConflict
from service.sealing.sealing import Sealing
from service.sealing.year_end import YearSealed, seal_year
from service.terminal import Terminal

app = typer.Typer(help="Seal the ledgers of a year that units keep.")


@app.command()
def seal(
    ctx: typer.Context,
    year: Annotated[int, typer.Argument(min=2013, max=2200, help="The ledgers' year.")],
    *,
    unit: Annotated[
        list[str] | None, typer.Option(help="One unit; may be given several times. All without it.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Cut-off day, YYYY-MM-DD; 31 December without it.")
    ] = None,
) -> None:
    """Seal every unit's ledgers of a year: position, tree root, digest and sums of each, all or none.

    What is sealed already stays as it is, so the command may be given again: exit code 0 then too.
    """
    terminal: Terminal = ctx.obj
    on = day_if_given("--as-of", as_of)
    done = terminal.run(_seal(terminal, year, tuple(unit or ()), on))
    shown: dict[str, Any] = {
        "year": year,
        "asOf": done.as_of.isoformat(),
        "made": [one.model_dump(mode="json", by_alias=True) for one in done.made],
        "existing": list(done.existing),
    }
    terminal.emit(shown, lambda console: _print(console, done, shown["made"]))


async def _seal(terminal: Terminal, year: int, units: tuple[str, ...], on: date | None) -> YearSealed:
    county = terminal.settings.county
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with writing_store(terminal.settings, database) as store:
            context = CommandContext(
                store=store, regulations={county: load_regulation(terminal.settings)}, clock=utc_now
            )
            await context.in_force.catch_up(county)
            moments = Moments(database.pool, store)
            sealing = Sealing(database.pool, moments, context.in_force.known(county), county)
            bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                console=terminal.progress,
                disable=terminal.json,
            )
            try:
                with bar:
                    task = bar.add_task("封存 seal", total=None)

                    def progress(done: int, total: int) -> None:
                        bar.update(task, completed=done, total=total)

                    actor = system_actor(county, "seal")
                    return await seal_year(
                        context, sealing, actor, year, units=units, as_of=on, progress=progress
                    )
            except VersionConflict as conflict:
                raise CommandFailed(
                    "Somebody else seals this year's ledgers; try again (他人正在封存)."
                ) from conflict
            finally:
                await moments.aclose()


def _print(console: Console, done: YearSealed, made: list[dict[str, Any]]) -> None:
    table = Table("封存 seal", "行 rows", "原值 original value", "净值 net value", "摘要 digest")
    for one, view in zip(done.made, made, strict=True):
        code = LedgerSeal.id_of(one.kind, one.unit, one.year)
        table.add_row(
            code, str(one.rows), view["originalValue"], view["netBookValue"], one.root_hash[:16] + "…"
        )
    for column in table.columns:
        column.overflow = "fold"
    if made:
        console.print(table)
    console.out(f"{len(made)} sealed (已封存), {len(done.existing)} were sealed before (原已封存)")
