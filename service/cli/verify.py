"""`taizhang verify`: whether the log is what its head says it is, or an audit pack or a certificate what it claims."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from projections.catalogue import chosen
from service.audit import verify as verifier
from service.cli.sample import Rate
from service.cli.stores import reading_store
from service.commands.kept_states import state_that_differs
from service.database.database import Database, open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.ledgers.rebuild.workers import rebuild as rebuild_ledgers
from service.log.event_store import EventStore, Verification
from service.log.late_events import late_event_that_differs
from service.log.readings import problem_of
from service.log.signed_note import Checkpoint
from service.log.signing_keys import SigningKeys, folder_of, known_keys, origin_of
from service.log.verification import SideBySide
from service.terminal import Terminal

app = typer.Typer(
    help="Recompute the log's tree from the stored bytes and compare with its head; or verify an audit pack or a"
    " handover certificate."
)


@app.command()
def verify(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="Audit pack, handover certificate or exported log; this county's log if none."),
    ] = None,
    *,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key or fingerprint, or a file that holds it.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="Key of a witness that must have signed; may be repeated.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint kept from earlier (or later): one history with it.")
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option(help="JSON of GET /v1/log/proofs/consistency, for --since; an exported log needs none."),
    ] = None,
    papers: Annotated[
        Path | None, typer.Option(help="The archive of papers that came with the audit pack.")
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option(
            help="Also read every event of the log as JSON, look whether it is canonical, and compare what is kept of"
            " streams and ledgers with it."
        ),
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes that read a long log; if not given one less than processors: the database needs one.",
        ),
    ] = None,
) -> None:
    """Recompute everything from the stored bytes; the first bad place is named, exit code 1.

    A file is verified without any database, by the same single program that lies inside a pack.
    """
    terminal: Terminal = ctx.obj
    if file is not None:
        _verify_file(terminal, file, key, witness or [], since, proof, papers)
        return
    bad = terminal.run(_verify(terminal, thorough, processes or max(1, (os.cpu_count() or 1) - 1)))
    if bad is not None:
        msg = f"The log is not what its head says: {bad}."
        raise CommandFailed(msg)


def _verify_file(
    terminal: Terminal,
    file: Path,
    key: str | None,
    witnesses: list[str],
    since: Path | None,
    proof: Path | None,
    papers: Path | None,
) -> None:
    pinned: str | None = None

    def say(stage: str) -> None:
        if stage == verifier.PROVEN and pinned is not None:
            terminal.note(verifier.PROVEN_WORDS)

    try:
        pinned = None if key is None else verifier.key_from(key)
        earlier = None
        if since is not None:
            shown = None if proof is None else verifier.small_file(str(proof))
            earlier = verifier.Since(verifier.small_file(str(since)), shown)
        result = verifier.verify_file(
            file, pinned, [verifier.key_from(one) for one in witnesses], earlier, papers, say
        )
    except verifier.Bad as bad:
        raise CommandFailed(f"BAD 核验不通过: {bad}.", ExitCode(verifier.code_of(bad))) from bad
    except (OSError, ValueError) as error:
        raise CommandFailed(f"Cannot verify (无法核验): {error}.", ExitCode.USAGE) from error
    terminal.emit(result, lambda console: console.out(verifier.report(result)))
    if not result["good"]:
        raise CommandFailed(
            "No key was named, so nobody has said whose signature this is: --key KEY (未指定公钥，签名人未经确认).",
            ExitCode.SIGNER_UNKNOWN,
        )


async def _verify(terminal: Terminal, thorough: bool, processes: int) -> str | None:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        keys = SigningKeys(folder_of(terminal.settings, database))
        async with reading_store(database) as store:
            beside = SideBySide(database.url, processes) if processes > 1 else None
            results = []
            readings: dict[str, str | None] = {}
            for county in await store.counties():
                async with database.pool.acquire() as connection:
                    signed = keys.largest_signed(county)
                    known = [one.verifier for one in await known_keys(connection, county, "LOG")]
                    beside_keys = keys.remembered_readings(county)
                    readings[county] = await problem_of(
                        connection, county, origin_of(county), known, beside_keys
                    )
                results.append(await _one(terminal, store, county, thorough, beside, signed))
            kept = await _kept(database, store, processes) if thorough and _all_good(results) else None
    data: list[dict[str, Any]] = [
        {
            "county": one.county,
            "position": one.position,
            "root": one.root.hex(),
            "headRoot": None if one.head_root is None else one.head_root.hex(),
            "problem": readings[one.county] if one.problem is None else str(one.problem),
        }
        for one in results
    ]
    table = Table("县 county", "位置 position", "根 root", "")
    for row in data:
        table.add_row(row["county"], str(row["position"]), row["root"], row["problem"] or "ok")
    terminal.emit(data, lambda console: console.print(table))
    if not data:
        return "there is no log, so nothing was verified"
    if kept is not None:
        return kept
    return next((row["problem"] for row in data if row["problem"] is not None), None)


def _all_good(results: list[Verification]) -> bool:
    return all(one.problem is None for one in results)


async def _kept(database: Database, store: EventStore, processes: int) -> str | None:
    """What is kept beside the events, states and ledgers, and is not what they make; None if everything is."""
    for county in await store.counties():
        stream = await state_that_differs(database.pool, store, county)
        if stream is not None:
            return f"the state kept of {stream} in {county} is not what its events make"
        late = await late_event_that_differs(database.pool, county)
        if late is not None:
            return f"the list of late events in {county} is not what the log says of event {late}"
    outcomes = await rebuild_ledgers(database.url, chosen(None), swap=False, processes=processes)
    wrong = [one.projection for one in outcomes if one.equal is False]
    return f"the ledgers {', '.join(wrong)} are not what the events make" if wrong else None


async def _one(
    terminal: Terminal,
    store: EventStore,
    county: str,
    thorough: bool,
    beside: SideBySide | None,
    signed: Checkpoint | None,
) -> Verification:
    with Progress(
        TextColumn(county),
        BarColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=terminal.progress,
        disable=terminal.json,
    ) as progress:
        task = progress.add_task("verify", total=(await store.head(county)).position)
        return await store.verify(
            county,
            lambda position, _: progress.update(task, completed=position),
            thorough=thorough,
            beside=beside,
            signed=signed,
        )
