"""`taizhang verify`: whether the log is what its head says it is, or an audit pack or a certificate what it claims."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from service.audit import verify as verifier
from service.cli.sample import Rate
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.log.event_store import EventStore, Verification
from service.log.signed_note import Checkpoint, NoteInvalid, VerifierKey
from service.log.signing_keys import SigningKeys, folder_of
from service.log.verification import SideBySide
from service.sealing.clearance_certificate import looks_like_certificate, verify_certificate
from service.terminal import Terminal

app = typer.Typer(
    help="Recompute the log's tree from the stored bytes and compare with its head; or verify an audit pack or a"
    " handover certificate."
)


@app.command()
def verify(
    ctx: typer.Context,
    pack: Annotated[
        Path | None, typer.Argument(help="Audit pack or handover certificate; the log if none.")
    ] = None,
    *,
    key: Annotated[
        str | None, typer.Option(help="The log's verifier key or fingerprint, or a file that holds it.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option(help="Key of a witness that must have signed; may be repeated.")
    ] = None,
    thorough: Annotated[
        bool, typer.Option(help="Also read every event of the log as JSON and look whether it is canonical.")
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

    A pack is verified without any database, by the same single file that lies inside it; so is a certificate, with
    the log's verifier key.
    """
    terminal: Terminal = ctx.obj
    if pack is not None:
        if _is_certificate(pack):
            _verify_certificate(terminal, pack, key)
            return
        _verify_pack(terminal, pack, key, witness or [])
        return
    bad = terminal.run(_verify(terminal, thorough, processes or max(1, (os.cpu_count() or 1) - 1)))
    if bad is not None:
        msg = f"The log is not what its head says: {bad}."
        raise CommandFailed(msg)


def _is_certificate(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return looks_like_certificate(opened.read(200))
    except OSError:
        return False  # the pack's verifier says what is wrong with it


def _verify_certificate(terminal: Terminal, file: Path, key: str | None) -> None:
    try:
        pinned = VerifierKey.parse(verifier.key_from(key or ""))
    except (OSError, ValueError) as error:
        msg = "A certificate is verified with the log's whole verifier key, name+id+base64: --key KEY."
        raise CommandFailed(msg, ExitCode.USAGE) from error
    try:
        found = verify_certificate(file.read_bytes(), pinned)
    except NoteInvalid as error:
        raise CommandFailed(f"BAD 核验不通过: {error}.", ExitCode.REFUSED) from error
    except OSError as error:
        raise CommandFailed(f"Cannot verify (无法核验): {error}.", ExitCode.USAGE) from error
    said = {"good": True, "log": pinned.name, **found.model_dump(mode="json", by_alias=True)}
    terminal.emit(
        said,
        lambda console: console.out(
            f"GOOD 核验通过: {found.certificate_no}，{found.name}（{found.person}），{found.issued_by}"
            f" {found.issued_on} 签发; {pinned.name} at {found.position}\n"
            "Whether it was revoked since, only the service knows (是否已撤销须在线核验):"
            f" GET /v1/clearance-certificates/{found.certificate_no}"
        ),
    )


def _verify_pack(terminal: Terminal, pack: Path, key: str | None, witnesses: list[str]) -> None:
    try:
        pinned = None if key is None else verifier.key_from(key)
        result = verifier.verify(pack, pinned, [verifier.key_from(one) for one in witnesses])
    except verifier.Bad as bad:
        raise CommandFailed(
            f"BAD 核验不通过: {bad}.", ExitCode.USAGE if bad.kind == "pack" else ExitCode.REFUSED
        ) from bad
    except (OSError, ValueError) as error:
        raise CommandFailed(f"Cannot verify (无法核验): {error}.", ExitCode.USAGE) from error
    terminal.emit(result, lambda console: console.out(verifier.report(result)))


async def _verify(terminal: Terminal, thorough: bool, processes: int) -> str | None:
    async with open_database(terminal.settings) as database:
        await check(database.url)
        keys = SigningKeys(folder_of(terminal.settings, database))
        async with EventStore(database.pool) as store:
            beside = SideBySide(database.url, processes) if processes > 1 else None
            results = []
            for county in await store.counties():
                async with database.pool.acquire() as connection:
                    signed = await keys.largest_signed(connection, county)
                results.append(await _one(terminal, store, county, thorough, beside, signed))
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
    if not data:
        return "there is no log, so nothing was verified"
    return next((row["problem"] for row in data if row["problem"] is not None), None)


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
