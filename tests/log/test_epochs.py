"""A log that is older than what was signed of it: noticed wherever that is known, and continued only in a new epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from service.log import epochs
from service.log.checkpoints import Checkpoints, CheckpointWrong
from service.log.event_store import EventStore
from service.log.signed_note import Checkpoint, Note, NoteInvalid, VerifierKey
from service.log.signing_keys import log_problems
from tests.log.commands import command, stream_append
from tests.log.test_ends import earlier
from tests.log.test_verification import tamper
from tests.projections.history import COUNTY, RandomHistory, append_all

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVENTS, EARLIER = 400, 300
OLDER = f"it has {EARLIER} events, but {EVENTS} were signed"
ANOTHER = f"its first {EVENTS} events are not those that were signed"
FORGET_KEY = "DELETE FROM log_key WHERE retired_at IS NULL; UPDATE log_key SET retired_at = NULL"
"""What an older database knows of a rotation: nothing."""


@pytest.fixture
async def log(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Checkpoints]:
    async with EventStore(pool) as store:
        await append_all(store, RandomHistory(5).take(EVENTS))
    yield Checkpoints(pool, tmp_path / "keys", lambda: NOW)


async def problems(log: Checkpoints, pool: asyncpg.Pool) -> str | None:
    async with pool.acquire() as connection:
        return (await log_problems(connection, log.keys)).get(COUNTY)


async def begin(log: Checkpoints, pool: asyncpg.Pool, reason: str = "硬盘损坏，恢复备份") -> epochs.Epoch:
    async with pool.acquire() as connection:
        return epochs.Epoch.parse((await epochs.begin(connection, log.keys, COUNTY, reason, NOW)).text)


async def grow(pool: asyncpg.Pool, events: int) -> None:
    async with EventStore(pool) as store:
        for number in range(events):
            await store.append(COUNTY, command(stream_append(f"other-{number}", 0)))


async def test_older_log_that_went_on_is_noticed_at_the_start(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    await log.make(COUNTY)
    assert await problems(log, pool) is None
    await tamper(database_url, await earlier(pool, EARLIER))
    assert await problems(log, pool) == OLDER
    await grow(pool, EVENTS - EARLIER - 1)
    assert await problems(log, pool) == f"it has {EVENTS - 1} events, but {EVENTS} were signed"
    await grow(pool, 0)
    async with EventStore(pool) as store:
        await store.append(COUNTY, command(stream_append("last", 0)))
    assert await problems(log, pool) == ANOTHER


async def test_key_that_came_after_the_backup_is_noticed(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """The restored database knows only the key before; what the next one signed lies beside it."""
    await log.make(COUNTY, 200)
    for _ in range(2):
        await log.rotate(COUNTY)
    await log.make(COUNTY)
    await tamper(database_url, await earlier(pool, EARLIER))
    first = await pool.fetchval("SELECT key_id FROM log_key ORDER BY made_at, retired_at IS NULL LIMIT 1")
    keys = sorted(log.keys.folder.glob("*.successor"))
    assert len(keys) == 2
    ids = {path.name.split("-")[1].split(".")[0] for path in log.keys.folder.glob("*.successor")}
    assert first.hex() in ids
    await tamper(database_url, f"DELETE FROM log_key WHERE key_id <> '\\x{await _first_key(log, pool)}'::bytea;"
                 " UPDATE log_key SET retired_at = NULL")  # fmt: skip
    assert await problems(log, pool) == OLDER
    with pytest.raises(CheckpointWrong, match=f"{EVENTS} were signed"):
        await log.make(COUNTY)


@pytest.mark.parametrize("events", [EARLIER, 0])
async def test_database_from_before_the_first_key_is_noticed(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str, events: int
) -> None:
    """A backup from before anything was signed, or a database emptied: it knows of no key, and makes no other one."""
    key = (await log.make(COUNTY)).signer.verifier
    await tamper(database_url, await earlier(pool, EARLIER))
    await tamper(database_url, "DELETE FROM log_key")
    if not events:
        await tamper(database_url, "DELETE FROM event; DELETE FROM stream; DELETE FROM log_head")
    told = f"it has {events} events, but {EVENTS} were signed"
    async with pool.acquire() as connection:
        assert await log_problems(connection, log.keys, served=(COUNTY,)) == {COUNTY: told}
        assert not events or await log_problems(connection, log.keys) == {COUNTY: told}
        assert await log_problems(connection, log.keys, served=("653023",)) == (
            {COUNTY: told} if events else {}
        )
    before = sorted(log.keys.folder.iterdir())
    with pytest.raises(CheckpointWrong, match=f"{EVENTS} were signed"):
        await log.make(COUNTY)
    assert sorted(log.keys.folder.iterdir()) == before
    assert (await begin(log, pool)).kept[0] == events
    (note,) = epochs.notes_of(log.keys, COUNTY)
    assert note.signed_by(key)
    assert await problems(log, pool) is None


async def _first_key(log: Checkpoints, pool: asyncpg.Pool) -> str:
    """The id of the key that no other was followed by."""
    after = {VerifierKey.parse(path.read_text()).key_id.hex() for path in log.keys.folder.glob("*.successor")}
    known = {row["key_id"].hex() for row in await pool.fetch("SELECT key_id FROM log_key WHERE kind = 'LOG'")}
    (first,) = known - after
    return str(first)


async def test_exported_checkpoint_is_compared_with_once_it_is_laid_beside_the_key(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """The folder of the keys was restored with the database: only who was given the checkpoint knows."""
    note = (await log.make(COUNTY)).note
    await tamper(database_url, await earlier(pool, EARLIER))
    (memory,) = log.keys.folder.glob("*.checkpoint")
    memory.unlink()
    assert await problems(log, pool) is None
    key = (await log.known_keys(COUNTY))[0].verifier
    with pytest.raises(NoteInvalid):
        log.keys.keep(
            COUNTY, Note(note.text.replace(f"\n{EVENTS}\n", f"\n{EVENTS + 1}\n"), note.signatures), key
        )
    with pytest.raises(NoteInvalid):
        log.keys.keep("653024", note, key)
    kept = log.keys.keep(COUNTY, note, key)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert await problems(log, pool) == OLDER
    with pytest.raises(CheckpointWrong, match=f"{EVENTS} were signed"):
        await log.make(COUNTY)


async def test_new_epoch_says_what_was_lost_and_signs_with_another_key(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    signed = await log.make(COUNTY)
    old = signed.signer.verifier
    await tamper(database_url, await earlier(pool, EARLIER))
    epoch = await begin(log, pool, "硬盘损坏，\n恢复备份")
    root = await pool.fetchval("SELECT root FROM log_head")
    assert (epoch.number, epoch.kept, epoch.reason) == (2, (EARLIER, root), "硬盘损坏， 恢复备份")
    assert epoch.lost == ((EVENTS, signed.checkpoint.root),)
    (note,) = epochs.notes_of(log.keys, COUNTY)
    assert note.signed_by(old)
    assert note.signed_by(epoch.key)
    assert epochs.lost_in([note], EVENTS, signed.checkpoint.root) == 2
    assert epochs.lost_in([note], EVENTS, root) is None
    assert await problems(log, pool) is None
    await grow(pool, EVENTS - EARLIER)
    after = await log.make(COUNTY)
    assert (after.checkpoint.size, after.signer.verifier) == (EVENTS, epoch.key)
    assert after.checkpoint.root != signed.checkpoint.root
    assert not after.note.signed_by(old)
    with pytest.raises(CheckpointWrong):  # who holds the lost checkpoint sees it
        await log.consistent(COUNTY, signed.checkpoint)
    assert {path.suffix for path in (log.keys.folder / "epoch-1").iterdir()} == {".pem", ".checkpoint"}
    assert [path.name for path in log.keys.folder.glob("*.pem")] == [f"{COUNTY}-{epoch.key.key_id.hex()}.pem"]


async def test_older_log_of_an_earlier_epoch_is_noticed(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """A backup from before the epoch, restored after it: its key was put away and signs nothing."""
    await log.make(COUNTY, 100)
    before = await pool.fetch("SELECT * FROM log_key")
    await log.make(COUNTY)
    await tamper(database_url, await earlier(pool, EARLIER))
    await begin(log, pool)
    await grow(pool, 1)
    await log.make(COUNTY)
    await tamper(database_url, await earlier(pool, EARLIER - 10))
    await tamper(database_url, f"DELETE FROM log_key WHERE key_id <> '\\x{before[0]['key_id'].hex()}';"
                 " UPDATE log_key SET retired_at = NULL")  # fmt: skip
    assert await problems(log, pool) == f"it has {EARLIER - 10} events, but {EARLIER + 1} were signed"
    assert (await begin(log, pool)).number == 3


@pytest.mark.parametrize("reason", ["whole", "damaged"])
async def test_no_epoch_is_begun_for_a_log_that_needs_none(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str, reason: str
) -> None:
    await log.make(COUNTY)
    if reason == "damaged":
        await tamper(database_url, "DELETE FROM stream WHERE position = (SELECT max(position) FROM stream)")
    before = sorted(log.keys.folder.iterdir())
    with pytest.raises(epochs.NoEpochNeeded):
        await begin(log, pool)
    assert sorted(log.keys.folder.iterdir()) == before
    assert len(await log.known_keys(COUNTY)) == 1


def test_note_of_an_epoch_has_one_spelling() -> None:
    key = VerifierKey("taizhang/653022", bytes(32))
    epoch = epochs.Epoch("taizhang/653022", 2, NOW, (3, b"a" * 32), ((5, b"b" * 32),), "why", key)
    assert epochs.Epoch.parse(epoch.text) == epoch
    for text in (
        epoch.text + "more\n",
        epoch.text.replace("lost 5", "lost five"),
        Checkpoint("o", 1, b"", 0, b"").text,
    ):
        with pytest.raises(NoteInvalid):
            epochs.Epoch.parse(text)
