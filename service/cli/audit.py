"""`taizhang audit`: packs about what was in a person's care, that anyone can verify offline; history judged again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from service.algorithms.digests import SHA256, SM3
from service.audit.pack import Packed, PackRequest, build, verifier_source
from service.cli.days import day_if_given, moment_if_given
from service.cli.examine import examine
from service.cli.stores import reading_store
from service.clock import utc_now
from service.commands.policy_data import load_regulation
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.log.checkpoints import Checkpoints, CheckpointWrong, NoCheckpoint
from service.log.signing_keys import folder_of
from service.log.tree import LogTreeWrong
from service.terminal import Terminal

app = typer.Typer(
    help="Audit packs that anyone can verify offline; history judged again.", no_args_is_help=True
)
app.command()(examine)


@app.command()
def pack(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help="Code of the person whose care is audited.")],
    *,
    out: Annotated[Path, typer.Option(help="File to write, e.g. pack.zip.")],
    unit: Annotated[str | None, typer.Option(help="Only what this unit is responsible for.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day, YYYY-MM-DD; the start of the care if not given.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day, YYYY-MM-DD; the end of the care if not given.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Moment with offset, RFC 3339: only what was recorded by then.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Who asked for it, as the pack says in its own words.")
    ] = None,
) -> None:
    """Pack what was in a person's care: ledgers, every event, proofs, spreadsheet, page and verifier."""
    terminal: Terminal = ctx.obj
    request = PackRequest(
        person,
        unit,
        day_if_given("--from", first),
        day_if_given("--to", last),
        moment_if_given("--known-at", known_at),
        by,
    )
    if request.first and request.last and request.first > request.last:
        raise CommandFailed("--from lies after --to (起始日期晚于截止日期).", ExitCode.USAGE)
    if not out.absolute().parent.is_dir():
        raise CommandFailed(f"There is no folder {out.absolute().parent}.", ExitCode.USAGE)
    packed = terminal.run(_pack(terminal, request, out.absolute()))
    data = {
        "file": str(packed.path),
        "sha256": packed.sha256,
        "size": packed.size,
        "events": packed.events,
        "assets": packed.assets,
        "from": packed.first.isoformat(),
        "to": packed.last.isoformat(),
    }
    terminal.emit(
        data,
        lambda console: console.out(
            f"{packed.path}: {packed.assets} assets (项资产), {packed.events} events (条事件),"
            f" {packed.first} – {packed.last}\nsha256 {packed.sha256}"
        ),
    )


@app.command()
def verifier(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Argument(help="File to write; - for stdout.")] = None,
    *,
    digest: Annotated[
        bool, typer.Option("--digest", help="Say its digest, as sha256sum does, and write nothing.")
    ] = False,
) -> None:
    """Write the verifier: one Python file that needs nothing, to be handed over apart from any pack."""
    terminal: Terminal = ctx.obj
    source = verifier_source()
    if digest:
        terminal.emit(
            {"sha256": SHA256.of(source).hex(), "sm3": SM3.of(source).hex(), "bytes": len(source)},
            lambda console: console.out(f"{SHA256.of(source).hex()}  verify.py"),
        )
        return
    if out is None:
        raise CommandFailed(
            "A file to write, or --digest, is needed (须给出文件名或 --digest).", ExitCode.USAGE
        )
    if str(out) == "-":
        typer.echo(source.decode(), nl=False)
        return
    out.write_bytes(source)
    terminal.emit(
        {"file": str(out), "sha256": SHA256.of(source).hex()},
        lambda console: console.out(f"{out}\nsha256 {SHA256.of(source).hex()}"),
    )


async def _pack(terminal: Terminal, request: PackRequest, out: Path) -> Packed:
    county = terminal.settings.county
    async with open_database(terminal.settings) as database:
        await check(database.url)
        async with reading_store(database) as store:
            checkpoints = Checkpoints(
                database.pool,
                folder_of(terminal.settings, database),
                utc_now,
                terminal.settings.chosen_algorithms,
            )
            with _Bar(terminal) as bar:
                try:
                    return await build(
                        store,
                        database.pool,
                        checkpoints,
                        load_regulation(terminal.settings),
                        county,
                        request,
                        out,
                        bar,
                    )
                except (CheckpointWrong, NoCheckpoint, LogTreeWrong) as error:
                    sentence = str(error)
                    raise CommandFailed(f"{sentence[:1].upper()}{sentence[1:]}.") from error


class _Bar:
    """The phases of a pack as a progress bar on stderr."""

    def __init__(self, terminal: Terminal) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=terminal.progress,
            disable=terminal.json,
        )
        self._task: Any = None

    def __enter__(self) -> Self:
        """Show the bar."""
        self._progress.start()
        self._task = self._progress.add_task("审计包 pack", total=None)
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Show how far a phase is."""
        self._progress.update(self._task, description=phase, completed=done, total=total)
