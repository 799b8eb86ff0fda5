"""`taizhang demo`: a sample county and the walk through it; the service then keeps running."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import httpx
import typer

from service.api.serving import running, until_ledgers_follow
from service.cli.sample import DEFAULT_ASSETS, DEFAULT_SEED, LoadBar
from service.database.embedded import default_folder
from service.exit_codes import CommandFailed, ExitCode
from service.sample.demonstration import LEAST_ASSETS, MOST_ASSETS, Demonstration
from service.sample.loading import SampleRefused, load_sample
from service.sample.walk import DemoFailed
from service.settings import Settings
from service.terminal import Terminal

app = typer.Typer(help="Sample county, one asset's whole life, one handover; then keep serving.")


@app.callback(invoke_without_command=True)
def demo(
    ctx: typer.Context,
    *,
    stop: Annotated[bool, typer.Option("--exit", help="Stop when the walk is done.")] = False,
    assets: Annotated[
        int, typer.Option(help=f"Assets of the sample county, {LEAST_ASSETS} to {MOST_ASSETS}.")
    ] = DEFAULT_ASSETS,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one [TAIZHANG_PORT].")] = None,
) -> None:
    """Load the sample county (once), walk it over HTTP, print what happened; then serve until interrupted.

    Interrupted once the walk is done it exits with 0, before with 130.
    """
    terminal: Terminal = ctx.obj
    if not LEAST_ASSETS <= assets <= MOST_ASSETS:
        raise CommandFailed(
            f"--assets {assets}: the demonstration works with {LEAST_ASSETS} to {MOST_ASSETS} assets (样例规模).",
            ExitCode.USAGE,
        )
    terminal.serve(lambda serving: _demo(terminal, serving, stop=stop, assets=assets, port=port))


def _demo_settings(settings: Settings) -> Settings:
    """The demonstration keeps its embedded data apart from a real installation's."""
    if settings.database_url is not None:
        return settings
    folder: Path = settings.data or default_folder()
    return settings.model_copy(update={"data": folder.with_name(folder.name + "-demo")})


async def _demo(
    terminal: Terminal, serving: asyncio.Event, *, stop: bool, assets: int, port: int | None
) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the table tells what was sent
    settings = _demo_settings(terminal.settings)
    listening = settings.port if port is None else port
    async with running(settings, host=settings.host, port=listening, county=settings.county) as service:
        terminal.note(f"数据 data      {service.database.data_folder or service.database.described}")
        try:
            with LoadBar(terminal) as bar:
                await load_sample(service.app.state.context, settings.county, assets, DEFAULT_SEED, bar)
        except SampleRefused as refused:
            msg = f"{refused}."
            raise CommandFailed(msg) from None
        await until_ledgers_follow(service.app)
        async with httpx.AsyncClient(base_url=service.url, timeout=60) as http:
            try:
                await Demonstration(service, terminal.progress, settings.county, http).run()
            except DemoFailed as failed:
                msg = f"The walk stopped: {failed}"
                raise CommandFailed(msg) from None
        if stop:
            return
        serving.set()
        terminal.note("服务继续运行，Ctrl-C 停止。The service keeps running; Ctrl-C stops it.")
        await service.stopped()
