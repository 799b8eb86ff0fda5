"""`taizhang sample`: load the sample county into an empty log."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Annotated, Any, Self

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from service.cli.stores import writing_store
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import upgrade
from service.exit_codes import CommandFailed
from service.sample.loading import SampleRefused, load_sample
from service.terminal import Terminal

DEFAULT_ASSETS = 5_000
DEFAULT_SEED = 7

app = typer.Typer(help="Load a sample county: real divisions, invented people and assets.")


class Rate(ProgressColumn):
    """Rate per second."""

    def render(self, task: Task) -> Text:
        """Blank until it is known."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s", style="progress.data.speed")


class LoadBar(AbstractContextManager["LoadBar"]):
    """A progress bar on stderr with rate and time left."""

    def __init__(self, terminal: Terminal) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            TimeRemainingColumn(),
            console=terminal.progress,
            disable=terminal.json,
        )
        self._task: Any = None

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show `done` of `total` assets."""
        if self._task is None:
            self._task = self._progress.add_task("加载样例县 sample county", total=total)
        self._progress.update(self._task, completed=done)


@app.callback(invoke_without_command=True)
def sample(
    ctx: typer.Context,
    *,
    assets: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Assets of all classes together.")
    ] = DEFAULT_ASSETS,
    seed: Annotated[int, typer.Option(help="The same seed gives the same county.")] = DEFAULT_SEED,
) -> None:
    """Load a sample county: real divisions of 阿克陶县, everything else invented. Only into an empty log."""
    terminal: Terminal = ctx.obj
    terminal.run(_sample(terminal, assets, seed))


async def _sample(terminal: Terminal, assets: int, seed: int) -> None:
    settings = terminal.settings
    county = settings.county
    async with open_database(settings) as database:
        await upgrade(database.url)
        async with writing_store(settings, database) as store:
            context = CommandContext(
                store=store, regulations={county: load_regulation(terminal.settings)}, clock=utc_now
            )
            try:
                with LoadBar(terminal) as bar:
                    loaded = await load_sample(context, county, assets, seed, bar)
            except SampleRefused as refused:
                msg = f"{refused}."
                raise CommandFailed(msg) from None
            head = await store.head(county)
    result = {"county": county, "assets": assets, "seed": seed, "loaded": loaded, "events": head.position}
    table = Table("县 county", "资产 assets", "种子 seed", "事件 events", "")
    outcome = "已加载 loaded" if loaded else "早已加载 was there"
    table.add_row(county, str(assets), str(seed), str(head.position), outcome)
    terminal.emit(result, lambda console: console.print(table))
