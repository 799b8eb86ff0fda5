"""`taizhang backup` and `taizhang restore`: the embedded database with its keys and policy folders, as one folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.cli.stores import reading_store
from service.clock import utc_now
from service.database import backup as backups, migrate
from service.database.database import Database, open_database
from service.database.embedded import EmbeddedServer, default_folder
from service.exit_codes import CommandFailed
from service.log.signed_note import Checkpoint, Note, NoteInvalid
from service.log.signing_keys import SigningKeys, folder_of, known_keys, log_problems
from service.log.tree import load_tree
from service.paper.places import PaperFolder, PaperPlace
from service.paper.settled import place_of
from service.settings import Settings
from service.terminal import Terminal
from service.version import installed_version

app = typer.Typer(
    help="Back up the embedded database, its keys and policy folders; the service may be running."
)
restoring = typer.Typer(help="Put a backup into a data folder that has no database, and verify it.")

SERVER: Final = (
    "TAIZHANG_DATABASE_URL names a server: it is backed up and restored with PostgreSQL's own tools"
    " (docs/operations.md); what belongs to it beside are the keys in {keys}."
)


@app.command()
def backup(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder to be made; another disk than the data's.")],
    *,
    papers: Annotated[bool, typer.Option("--papers", help="Copy the document store too.")] = False,
) -> None:
    """Copy everything into a new folder, with a digest of each file; what is printed last is the digest of it all."""
    terminal: Terminal = ctx.obj
    made, heads = terminal.run(_backup(terminal, folder, papers=papers))
    said = {"folder": str(made.folder), "digest": made.digest, "files": len(made.files), "logs": heads}
    terminal.emit(
        said,
        lambda console: console.print(
            f"{made.folder}: {len(made.files)} files, "
            + ", ".join(f"{one['county']} with {one['position']} events" for one in heads)
            + f"\ndigest {made.digest}",
            soft_wrap=True,
        ),
    )


@restoring.command()
def restore(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder that `taizhang backup` made.")],
    *,
    digest: Annotated[str | None, typer.Option(help="The digest that the backup was made with.")] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            help="A checkpoint that was exported or witnessed; the log is compared with it. Repeatable."
        ),
    ] = None,
) -> None:
    """Restore and verify: every file's digest, then every log from its stored bytes against what was signed of it.

    Nothing is put over a database that is there, and keys and checkpoints that are there stay. A log that is older than
    what was signed of it is restored, and not served before `taizhang checkpoint epoch`.
    """
    terminal: Terminal = ctx.obj
    settings = terminal.settings
    _require_embedded(settings)
    with _bar(terminal) as progress:
        found = backups.read(folder, progress)
        if digest is not None and digest != found.digest:
            raise CommandFailed(
                f"{folder} is another backup: its digest is {found.digest}; nothing was restored."
            )
        server = EmbeddedServer(settings.data or default_folder(), announce=terminal.note)
        keys = settings.keys or server.folder / "keys"
        policy = settings.policy_dir or server.folder / "policy"
        put_away = frozenset(path.name for path in keys.glob("epoch-*/*"))
        beside = {"keys": keys, "policy": policy, "papers": _papers_of(settings, server)}
        others = backups.restore(found, server, beside, progress, leave=put_away)
    for other in others:
        _settle(terminal, found.folder, keys, policy, other)
    try:
        said = terminal.run(_verified(terminal, found, checkpoint or []))
    except CommandFailed as failed:
        aside = server.put_aside("not-verified") if server.cluster.is_dir() else None
        raise CommandFailed(
            f"The restored database is not what was backed up: {failed.sentence} It is now {aside}.",
            failed.exit_code,
        ) from failed
    if (found.folder / "policy").is_dir() and settings.policy_dir is None:
        terminal.note(f"The counties' policy folders are in {policy}: set TAIZHANG_POLICY_DIR to it.")
    for problem in said["olderThanSigned"]:
        terminal.note(
            f"{problem}. It is not served, and nothing of it is signed, until it has them again (a newer backup) or"
            " goes on without them: taizhang checkpoint epoch --reason …"
        )
    terminal.emit(
        {"folder": str(server.folder), "digest": found.digest, **said},
        lambda console: console.print(
            f"{server.folder}: restored and verified: "
            + ", ".join(f"{county} with {one['position']} events" for county, one in said["logs"].items()),
            soft_wrap=True,
        ),
    )


def _require_embedded(settings: Settings) -> None:
    if settings.database_url is not None:
        keys = settings.keys or (settings.data or default_folder()).with_name("taizhang-keys")
        raise CommandFailed(SERVER.format(keys=keys))


async def _backup(
    terminal: Terminal, folder: Path, *, papers: bool
) -> tuple[backups.Backup, list[dict[str, Any]]]:
    settings = terminal.settings
    _require_embedded(settings)
    async with open_database(settings, announce=terminal.note) as database:
        await migrate.check(database.url)
        heads = await _heads(database)
        about = {
            "madeAt": utc_now().isoformat(),
            "taizhang": installed_version(),
            "postgresql": database.server_version,
            "schema": migrate.head(),
            "logs": heads,
        }
        keys = folder_of(settings, database)
        beside = {"keys": keys, "policy": settings.policy_dir}
        if papers:
            beside["papers"] = _folder_of_papers(place_of(settings, database, keys))
        assert database.data_folder is not None  # noqa: S101 - it is the embedded one
        server = EmbeddedServer(database.data_folder)
        with _bar(terminal) as progress:
            return await asyncio.to_thread(_copied, server, folder, beside, about, progress), heads


def _folder_of_papers(place: PaperPlace) -> Path:
    """The folder of the document store; `CommandFailed` where it lies in none."""
    if isinstance(place, PaperFolder):
        return place.folder
    raise CommandFailed(f"The papers lie in {place.described}: copy them with that store's own means.")


def _papers_of(settings: Settings, server: EmbeddedServer) -> Path | None:
    """Where papers of a backup go; None where the settings say that they lie in no folder."""
    if settings.papers is None:
        return server.folder / "papers"
    return None if "://" in settings.papers else Path(settings.papers)


def _copied(server: EmbeddedServer, *what: Any) -> backups.Backup:
    with server:  # as one more of its users
        return backups.make(server, *what)


async def _heads(database: Database) -> list[dict[str, Any]]:
    rows = await database.pool.fetch("SELECT county, position, root FROM log_head ORDER BY county")
    return [{"county": row["county"], "position": row["position"], "root": row["root"].hex()} for row in rows]


def _settle(terminal: Terminal, folder: Path, keys: Path, policy: Path, other: Path) -> None:
    """A file was there and is another than the backup's: of two checkpoints the larger stays, else what was there."""
    ours, theirs = keys / other, folder / "keys" / other
    if other.suffix == ".checkpoint" and theirs.is_file():
        if Checkpoint.parse(theirs.read_text("utf-8")).size > Checkpoint.parse(ours.read_text("utf-8")).size:
            ours.write_bytes(theirs.read_bytes())
        return
    place = ours if theirs.is_file() else policy / other
    terminal.note(f"{place} was there and stays as it is; the backup has another in {folder}.")


async def _verified(terminal: Terminal, found: backups.Backup, notes: list[Path]) -> dict[str, Any]:
    """What every log is, recomputed; `CommandFailed` where one is not what was backed up."""
    async with open_database(terminal.settings, exclusive=True, announce=terminal.note) as database:
        await migrate.upgrade(database.url)
        keys = SigningKeys(folder_of(terminal.settings, database))
        for path in notes:
            await keep_checkpoint(database, keys, path)
        logs: dict[str, Any] = {}
        with _bar(terminal) as progress:
            async with reading_store(database) as store, database.pool.acquire() as connection:
                for head in found.about["logs"]:
                    county, position = head["county"], head["position"]
                    one = await store.verify(county, lambda at, last: progress("verifying", at, last))
                    if one.problem is not None:
                        raise CommandFailed(f"the log of {county} is not whole: {one.problem.detail}.")
                    if one.position < position:
                        raise CommandFailed(f"the log of {county} has {one.position} of {position} events.")
                    if (
                        position
                        and (await load_tree(connection, county, position)).root().hex() != head["root"]
                    ):
                        raise CommandFailed(
                            f"the first {position} events of {county} are not those backed up."
                        )
                    logs[county] = {"position": one.position, "root": one.root.hex()}
                wrong = await log_problems(connection, keys)
        older = [
            f"The log of {county} is older than what was signed of it: {told}"
            for county, told in wrong.items()
        ]
        return {"logs": logs, "olderThanSigned": older}


async def keep_checkpoint(database: Database, keys: SigningKeys, path: Path) -> Path:
    """Lay an exported checkpoint into the folder of the keys, if a key of its log has signed it; `CommandFailed`."""
    county, note = _read_note(path)
    async with database.pool.acquire() as connection:
        known = [one.verifier for one in await known_keys(connection, county, "LOG")]
    known += keys.successors(county, known)
    key = next((one for one in known if note.signed_by(one)), None)
    if key is None:
        raise CommandFailed(f"The checkpoint {path} was signed by no key of the log of {county}.")
    return keys.keep(county, note, key)


def _read_note(path: Path) -> tuple[str, Note]:
    """A checkpoint's county, and the checkpoint with its signatures; `CommandFailed`."""
    try:
        note = Note.parse(path.read_text("utf-8"))
        return Checkpoint.parse(note.text).origin.rpartition("/")[2], note
    except (OSError, UnicodeDecodeError, NoteInvalid) as error:
        raise CommandFailed(f"{path} is no checkpoint: {error}.") from error


@contextmanager
def _bar(terminal: Terminal) -> Iterator[backups.Progress]:
    """A bar on stderr for each thing that is under way."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=terminal.progress,
        disable=terminal.json,
    ) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=min(done, total), total=total)

        yield report
