"""`taizhang checkpoint`: signed statements of what the log is; made, exported, counter-signed, compared."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from service.algorithms.signers import ED25519
from service.audit.verify import LOG_FORMAT
from service.cli.backup import keep_checkpoint
from service.clock import utc_now
from service.database.database import open_database
from service.database.migrate import check
from service.exit_codes import CommandFailed, ExitCode
from service.log import epochs
from service.log.checkpoints import Checkpoints, CheckpointWrong, NoCheckpoint
from service.log.signed_note import Checkpoint, Note, NoteInvalid, SignerKey, VerifierKey
from service.log.signing_keys import SigningKeys, folder_of, read_private, write_private
from service.log.tree import LogTreeWrong
from service.terminal import Terminal

app = typer.Typer(
    help="Signed statements of what the log is (C2SP checkpoints): show, export, witness, compare.",
    no_args_is_help=True,
)
T = TypeVar("T")


@app.command()
def show(
    ctx: typer.Context,
    size: Annotated[int | None, typer.Argument(min=0, help="Events; the whole log if not given.")] = None,
) -> None:
    """Sign a checkpoint of the log as it is now, or at a size, and print it."""
    terminal: Terminal = ctx.obj
    note = _on_log(terminal, lambda log, county: _made(log, county, size))
    terminal.emit(_as_data(note), lambda console: console.out(str(note), end=""))


@app.command()
def export(
    ctx: typer.Context, out: Annotated[Path, typer.Argument(help="File to write; - for stdout.")]
) -> None:
    """Write the checkpoint of the log as it is now to a file, to be given to another party."""
    terminal: Terminal = ctx.obj
    note = _on_log(terminal, lambda log, county: _made(log, county, None))
    if str(out) == "-":
        typer.echo(str(note), nl=False)
        return
    out.write_text(str(note), "utf-8")
    terminal.note(f"{out}: checkpoint of {Checkpoint.parse(note.text).size} events.")


@app.command("export-log")
def export_log(ctx: typer.Context, out: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write the whole log, byte for byte, with its checkpoint: a witness recomputes tree and index with verify.py alone."""
    terminal: Terminal = ctx.obj

    async def write(log: Checkpoints, county: str) -> int:
        made = await log.make(county)
        known = [str(one.verifier) for one in await log.known_keys(county)]
        with out.open("wb") as file:
            file.write(b"%b\n%b" % (LOG_FORMAT, str(made.note).encode()))
            file.write("".join(f"key {key}\n" for key in known).encode())
            file.write(b"events %d\n" % made.checkpoint.size)
            async for position, body in log.bodies(county, made.checkpoint.size):
                file.write(b"%d %b\n" % (position, body))
        return made.checkpoint.size

    size = _on_log(terminal, write)
    terminal.emit(
        {"file": str(out), "events": size}, lambda console: console.out(f"{out}: {size} events (条事件)")
    )


@app.command()
def keys(ctx: typer.Context) -> None:
    """List the public keys of the log and of its witnesses, retired ones too."""
    terminal: Terminal = ctx.obj
    known = _on_log(terminal, lambda log, county: log.known_keys(county))
    rows = [
        {
            "kind": one.kind,
            "key": str(one.verifier),
            "fingerprint": one.verifier.fingerprint,
            "madeAt": one.made_at.isoformat(),
            "retiredAt": one.retired_at.isoformat() if one.retired_at else None,
        }
        for one in known
    ]
    lines = "\n".join(f"{row['kind']} {row['key']}\n  fingerprint {row['fingerprint']}" for row in rows)
    terminal.emit(rows, lambda console: console.out(lines))


@app.command()
def rotate(ctx: typer.Context) -> None:
    """Make a new signing key; what the old one signed stays verifiable."""
    terminal: Terminal = ctx.obj
    key = _on_log(terminal, lambda log, county: log.rotate(county))
    terminal.emit({"key": str(key), "fingerprint": key.fingerprint}, lambda console: console.out(str(key)))


@app.command()
def keep(
    ctx: typer.Context,
    note: Annotated[Path, typer.Argument(help="A checkpoint of this log that was exported, or witnessed.")],
) -> None:
    """Lay a checkpoint that was given away into the folder of the keys: the log is compared with it at every start."""
    terminal: Terminal = ctx.obj

    async def run() -> Path:
        async with open_database(terminal.settings) as database:
            await check(database.url)
            return await keep_checkpoint(database, SigningKeys(folder_of(terminal.settings, database)), note)

    kept = terminal.run(run())
    terminal.emit({"kept": str(kept)})


@app.command()
def epoch(
    ctx: typer.Context,
    *,
    reason: Annotated[str, typer.Option(help="What happened, for those who hold what was signed.")],
) -> None:
    """Go on with a log that lost events which were signed (an older backup): a new key, and a signed note that says so."""
    terminal: Terminal = ctx.obj
    if not reason.split():
        raise CommandFailed("A new epoch needs its reason.", ExitCode.USAGE)

    async def run() -> Note:
        async with open_database(terminal.settings, exclusive=True) as database:
            await check(database.url)
            keys = SigningKeys(folder_of(terminal.settings, database), terminal.settings.chosen_algorithms)
            async with database.pool.acquire() as connection:
                try:
                    return await epochs.begin(connection, keys, terminal.settings.county, reason, utc_now())
                except (epochs.NoEpochNeeded, LogTreeWrong) as error:
                    sentence = str(error)
                    raise CommandFailed(f"{sentence[:1].upper()}{sentence[1:]}.") from error

    note = terminal.run(run())
    terminal.emit(epochs.described(note), lambda console: console.out(str(note), end=""))


@app.command(name="epochs")
def show_epochs(ctx: typer.Context) -> None:
    """List the epochs of the log: when each began, what it kept, what was lost, why."""
    terminal: Terminal = ctx.obj

    async def run() -> list[Note]:
        async with open_database(terminal.settings) as database:
            return epochs.notes_of(
                SigningKeys(folder_of(terminal.settings, database)), terminal.settings.county
            )

    notes = terminal.run(run())
    terminal.emit(
        [epochs.described(one) for one in notes],
        lambda console: console.out("\n".join(map(str, notes)) or "one epoch, the first", end=""),
    )


@app.command()
def cosign(
    ctx: typer.Context,
    note: Annotated[Path, typer.Argument(help="Checkpoint that was given to you.")],
    *,
    key: Annotated[Path, typer.Option(help="Your private key; made if the file is not there.")],
    name: Annotated[str, typer.Option(help="Your name, without spaces, e.g. audit.example/653022.")],
    log_key: Annotated[str, typer.Option(help="The log's verifier key, as its owner told you.")],
    out: Annotated[Path, typer.Option(help="File for the counter-signed checkpoint.")],
) -> None:
    """As a witness: sign another log's checkpoint with your own key. Needs no database."""
    terminal: Terminal = ctx.obj
    try:
        shown = Note.parse(note.read_text("utf-8"))
        Checkpoint.parse(shown.text)
        signed = shown.signed_by(VerifierKey.parse(log_key))
    except (OSError, NoteInvalid) as error:
        raise CommandFailed(f"{note}: {error}.", ExitCode.USAGE) from error
    if not signed:
        raise CommandFailed(f"{note} is not signed by the log's key (签名不符).")
    if not key.exists():
        write_private(key, ED25519.generate())
    signer = SignerKey(name, read_private(key), witness=True)
    moment = int(utc_now().timestamp())
    whole = Note(shown.text, (*shown.signatures, signer.cosign(shown.text, moment)))
    out.write_text(str(whole), "utf-8")
    terminal.emit(
        {"witness": str(signer.verifier), "time": moment}, lambda console: console.out(str(signer.verifier))
    )


@app.command()
def witness(
    ctx: typer.Context,
    note: Annotated[Path, typer.Argument(help="Counter-signed checkpoint from the witness.")],
    *,
    key: Annotated[str, typer.Option(help="The witness's verifier key, as the witness told you.")],
) -> None:
    """Keep a witness's counter-signature beside the checkpoint; packs carry it from then on."""
    terminal: Terminal = ctx.obj
    shown, verifier = _read(note), _key(key)
    size = _on_log(terminal, lambda log, county: log.witness(county, shown, verifier))
    terminal.emit({"size": size, "witness": verifier.name})


@app.command()
def consistency(
    ctx: typer.Context, note: Annotated[Path, typer.Argument(help="A checkpoint kept from earlier.")]
) -> None:
    """Prove that the log still begins with what an earlier checkpoint tells of; exit code 1 if not."""
    terminal: Terminal = ctx.obj
    old = Checkpoint.parse(_read(note).text)
    latest, proof = _on_log(terminal, lambda log, county: _consistent(log, county, old))
    terminal.emit(
        {
            "oldSize": old.size,
            "size": latest.size,
            "consistent": True,
            "proof": [base64.b64encode(one).decode() for one in proof],
        },
        lambda console: console.print(f"{old.size} → {latest.size}: consistent (前后一致)"),
    )


async def _consistent(log: Checkpoints, county: str, old: Checkpoint) -> tuple[Checkpoint, list[bytes]]:
    given_up = epochs.lost_in(epochs.notes_of(log.keys, county), old.size, old.root)
    if given_up is not None:
        raise CheckpointWrong(
            f"what this checkpoint tells of was lost; the log went on without it in epoch {given_up}:"
            " taizhang checkpoint epochs"
        )
    return await log.consistent(county, old)


async def _made(log: Checkpoints, county: str, size: int | None) -> Note:
    return (await log.make(county, size)).note


def _as_data(note: Note) -> dict[str, Any]:
    checkpoint = Checkpoint.parse(note.text)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "indexRoot": checkpoint.index_root.hex(),
        "note": str(note),
    }


def _read(path: Path) -> Note:
    try:
        note = Note.parse(path.read_text("utf-8"))
        Checkpoint.parse(note.text)
    except (OSError, NoteInvalid, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path}: {error}.", ExitCode.USAGE) from error
    return note


def _key(line: str) -> VerifierKey:
    try:
        return VerifierKey.parse(line)
    except NoteInvalid as error:
        raise CommandFailed(f"{line}: {error}.", ExitCode.USAGE) from error


def _on_log(terminal: Terminal, work: Callable[[Checkpoints, str], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_database(terminal.settings) as database:
            await check(database.url)
            log = Checkpoints(
                database.pool,
                folder_of(terminal.settings, database),
                utc_now,
                terminal.settings.chosen_algorithms,
            )
            try:
                return await work(log, terminal.settings.county)
            except (CheckpointWrong, NoCheckpoint, NoteInvalid, LogTreeWrong) as error:
                sentence = str(error)
                raise CommandFailed(f"{sentence[:1].upper()}{sentence[1:]}.") from error

    return terminal.run(run())
