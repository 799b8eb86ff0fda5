"""A log that lost its head, its end or its past: nobody says that it is well, nothing is appended, nothing is signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from projections.catalogue import chosen
from service.algorithms.digests import SHA256
from service.api.serving import running
from service.cli.doctor import examine
from service.database.database import open_database
from service.exit_codes import CommandFailed
from service.ledgers.rebuild.plan import RebuildImpossible
from service.ledgers.rebuild.workers import rebuild
from service.log.appending import LogDamaged
from service.log.checkpoints import Checkpoints, CheckpointWrong
from service.log.ends import ends_of
from service.log.event_store import EventStore
from service.log.merkle import Frontier
from service.log.signed_note import Checkpoint
from service.log.signing_keys import SigningKeyMissing, log_problems
from service.log.tree import LogTreeWrong
from service.settings import Settings
from tests.log.commands import command, stream_append
from tests.log.test_verification import tamper
from tests.projections.history import COUNTY, RandomHistory, append_all

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVENTS = 700
EARLIER = 600
"""Where an older backup ends; between two complete blocks of the tree."""


@pytest.fixture
async def log(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Checkpoints]:
    """A log of which everything was signed."""
    async with EventStore(pool) as store:
        await append_all(store, RandomHistory(3).take(EVENTS))
    log = Checkpoints(pool, tmp_path / "keys", lambda: NOW)
    await log.make(COUNTY)
    yield log


async def signatures(pool: asyncpg.Pool) -> list[tuple[int, str]]:
    return [tuple(row) for row in await pool.fetch("SELECT size, text FROM checkpoint ORDER BY size")]


async def earlier(pool: asyncpg.Pool, size: int) -> str:
    """SQL that makes the log what it was at a size, every table of it: an older backup."""
    leaves = [
        row["leaf"] for row in await pool.fetch("SELECT leaf FROM event ORDER BY position LIMIT $1", size)
    ]
    frontier = Frontier().extended(leaves)
    return f"""
        DELETE FROM event WHERE position > {size};
        DELETE FROM claim WHERE position > {size};
        DELETE FROM idempotency WHERE last_position > {size};
        DELETE FROM stream;
        INSERT INTO stream SELECT DISTINCT ON (stream) county, stream, version, position, recorded_at, NULL, ''
            FROM event ORDER BY stream, position DESC;
        DELETE FROM log_block;
        DELETE FROM checkpoint_signature; DELETE FROM checkpoint;
        UPDATE log_head SET position = {size}, root = '\\x{frontier.root().hex()}',
            frontier = '\\x{frontier.to_bytes().hex()}',
            recorded_at = (SELECT recorded_at FROM event WHERE position = {size})"""


EMPTIED = f"UPDATE log_head SET position = 0, root = '\\x{SHA256.empty_root.hex()}', frontier = '\\x{Frontier().to_bytes().hex()}'"
DAMAGE = [
    pytest.param("DELETE FROM log_head", "head row is missing", id="the head row deleted"),
    pytest.param("DELETE FROM log_head; DELETE FROM event; DELETE FROM stream", "head row is missing", id="all but what was signed deleted"),
    pytest.param(EMPTIED, "its events end at 700", id="the head set to the beginning"),
    pytest.param(f"{EMPTIED}; DELETE FROM event; DELETE FROM stream", "a checkpoint was signed of 700", id="begun anew"),
    pytest.param("UPDATE log_head SET position = 699", "its tree is another", id="the head set back by one"),
    pytest.param("UPDATE log_head SET root = leaf FROM event WHERE event.position = 1", "its tree is another", id="another root"),
    pytest.param("UPDATE log_head SET frontier = ''", "its tree is another", id="no frontier"),
    pytest.param("DELETE FROM event WHERE position = 700", "its events end at 699", id="the last event deleted"),
    pytest.param("DELETE FROM stream WHERE position = 700", "its streams end at", id="the last stream's row deleted"),
    pytest.param("UPDATE stream SET position = 701 WHERE position = 700", "its streams end at 701", id="a stream set forward"),
    pytest.param("INSERT INTO checkpoint SELECT county, 701, replace(text, E'\\n700\\n', E'\\n701\\n') FROM checkpoint", "a checkpoint was signed of 701", id="a larger checkpoint"),
    pytest.param("INSERT INTO projection_checkpoint (county, projection, version, position, epoch, state, updated_at) VALUES ('653022', 'directory', 1, 701, 1, 'LIVE', now())", "a ledger shows 701", id="a ledger ahead of the log"),
    pytest.param("INSERT INTO idempotency VALUES ('653022', 's', 'k', '', NULL, 1, 701, now())", "an answer was kept about 701", id="an answer ahead of the log"),
]  # fmt: skip


async def test_log_that_was_left_alone_is_whole(log: Checkpoints, pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        (ends,) = await ends_of(connection)
        assert (ends.head, ends.events, ends.streams, ends.signed and ends.signed.size) == (EVENTS,) * 4
        assert ends.problem is None
        assert await log_problems(connection, log.keys) == {}
    async with EventStore(pool) as store:
        assert (await store.verify(COUNTY)).problem is None


@pytest.mark.parametrize(("statements", "told"), DAMAGE)
async def test_damaged_log_is_told_of_and_not_signed(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str, statements: str, told: str
) -> None:
    before = await signatures(pool)
    await tamper(database_url, statements)
    async with pool.acquire() as connection:
        problems = await log_problems(connection, log.keys)
    assert told in problems[COUNTY]
    tampered = await signatures(pool)
    for size in (None, 0, 300, EVENTS):
        with pytest.raises(CheckpointWrong):
            await log.make(COUNTY, size)
    assert await signatures(pool) == tampered
    assert tampered[: len(before)] == before
    if "projection_checkpoint" not in statements:  # the ledgers are no part of the log that is verified
        async with EventStore(pool) as store:
            assert COUNTY in await store.counties()
            assert (await store.verify(COUNTY)).problem is not None


async def test_head_that_is_missing_is_not_made_anew_by_a_command(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """Neither by a service that starts, nor by one that was running; once it is back, commands are stored again."""
    head = await pool.fetchrow("SELECT * FROM log_head")
    async with EventStore(pool) as store:
        await store.append(COUNTY, command(stream_append("thing-1", 0)))
        head = await pool.fetchrow("SELECT * FROM log_head")
        await tamper(database_url, "DELETE FROM log_head")
        with pytest.raises(LogDamaged):
            await store.append(COUNTY, command(stream_append("thing-2", 0)))
        async with EventStore(pool) as other:
            with pytest.raises(LogDamaged):
                await other.append(COUNTY, command(stream_append("thing-3", 0)))
        assert await pool.fetchval("SELECT count(*) FROM log_head") == 0
        await pool.execute("INSERT INTO log_head VALUES ($1, $2, $3, $4, $5, $6)", *head)
        await store.append(COUNTY, command(stream_append("thing-4", 0)))
    assert await pool.fetchval("SELECT max(position) FROM event") == EVENTS + 2


async def test_older_backup_gets_no_signature(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """Every table of it agrees, and it forgot what was signed; beside the key it stands, also after a rotation."""
    await tamper(database_url, await earlier(pool, EARLIER))
    async with pool.acquire() as connection:
        (ends,) = await ends_of(connection)
        assert ends.problem is None
        assert (await log_problems(connection, log.keys))[COUNTY] == "it has 600 events, but 700 were signed"
        signed = log.keys.largest_signed(COUNTY)
    async with EventStore(pool) as store:
        assert (await store.verify(COUNTY)).problem is None
        told = await store.verify(COUNTY, signed=signed)
        assert told.problem is not None
        assert told.problem.kind == "checkpoint"
    for _ in ("the same key", "the next key"):
        for size in (None, 300):
            with pytest.raises(CheckpointWrong, match="700 were signed"):
                await log.make(COUNTY, size)
        await log.rotate(COUNTY)
    assert await signatures(pool) == []


async def test_older_backup_that_went_on_differently_gets_no_signature(
    log: Checkpoints, pool: asyncpg.Pool, database_url: str
) -> None:
    """More events than were signed, but not those: nothing is signed that contradicts a signature."""
    await tamper(database_url, await earlier(pool, EARLIER))
    async with EventStore(pool) as store:
        for number in range(EVENTS - EARLIER + 5):
            await store.append(COUNTY, command(stream_append(f"other-{number}", 0)))
    with pytest.raises(CheckpointWrong, match="first 700 events are not those"):
        await log.make(COUNTY)
    with pytest.raises(CheckpointWrong, match="first 700 events are not those"):
        await log.make(COUNTY, EARLIER)
    assert await signatures(pool) == []


async def test_sizes_below_what_was_signed_are_signed_of_the_same_log(
    log: Checkpoints, pool: asyncpg.Pool
) -> None:
    for size in (1, 256, 300, EVENTS):
        assert (await log.make(COUNTY, size)).checkpoint.size == size
    async with EventStore(pool) as store:
        await store.append(COUNTY, command(stream_append("thing-1", 0)))
    await log.make(COUNTY)
    signed = log.keys.largest_signed(COUNTY)
    assert signed is not None
    assert signed.size == EVENTS + 1
    assert [size for size, _ in await signatures(pool)] == [1, 256, 300, EVENTS, EVENTS + 1]


async def test_what_was_signed_is_kept_beside_the_key_for_its_owner(
    log: Checkpoints, pool: asyncpg.Pool
) -> None:
    (kept,) = log.keys.folder.glob("*.checkpoint")
    assert Checkpoint.parse(kept.read_text()).size == EVENTS
    assert kept.stat().st_mode & 0o777 == 0o600
    kept.write_text("nonsense")
    with pytest.raises(SigningKeyMissing, match="cannot be read"):
        await log.make(COUNTY)


# ---- consistency is recomputed ---------------------------------------------------------------------------------------

_FORGED = "set_byte(body, 100, get_byte(body, 100) # 1)"


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        pytest.param(f"UPDATE event SET body = {_FORGED} WHERE position = 10", LogTreeWrong, id="an event"),
        pytest.param(
            f"UPDATE event SET body = {_FORGED}, leaf = sha256('\\x00'::bytea || {_FORGED}) WHERE position = 10",
            LogTreeWrong, id="an event with its hash",
        ),
        pytest.param(
            f"UPDATE event SET body = {_FORGED}, leaf = sha256('\\x00'::bytea || {_FORGED}) WHERE position = 10;"
            " DELETE FROM log_block",
            LogTreeWrong, id="an event with its hash and all kept roots",
        ),
        pytest.param("UPDATE log_block SET root = sha256('x') WHERE block = 1", LogTreeWrong, id="a kept root"),
    ],
)  # fmt: skip
async def test_changed_log_is_not_called_consistent(
    log: Checkpoints, database_url: str, statements: str, error: type[Exception]
) -> None:
    """With roots of blocks that were kept before the change, all of which still fit what was signed."""
    old = (await log.make(COUNTY, 300)).checkpoint
    latest, _ = await log.consistent(COUNTY, old)
    assert latest.size == EVENTS
    await tamper(database_url, statements)
    with pytest.raises(error):
        await log.consistent(COUNTY, old)


# ---- those who are asked ---------------------------------------------------------------------------------------------


async def test_service_does_not_start_on_a_damaged_log(database_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr(database_url), keys=tmp_path / "keys", data=tmp_path / "data")
    async with running(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        await Checkpoints(service.database.pool, tmp_path / "keys", lambda: NOW).make(COUNTY)
    async with running(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        assert service.url
    await tamper(database_url, "DELETE FROM log_head")
    with pytest.raises(CommandFailed, match="The log of 653022 is not whole: its head row is missing"):
        async with running(settings, host="127.0.0.1", port=0, county=COUNTY):
            raise AssertionError("it serves")


async def test_service_founds_no_county_whose_log_was_signed(
    database_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """An empty database in the place of one that was lost: start and doctor say what was signed."""
    settings = Settings(database_url=SecretStr(database_url), keys=tmp_path / "keys", data=tmp_path / "data")
    async with running(settings, host="127.0.0.1", port=0, county=COUNTY) as service:
        size = (
            await Checkpoints(service.database.pool, tmp_path / "keys", lambda: NOW).make(COUNTY)
        ).checkpoint.size
    empty = settings.model_copy(update={"database_url": SecretStr(empty_database_url)})
    told = f"The log of {COUNTY} is not whole: it has 0 events, but {size} were signed"
    with pytest.raises(CommandFailed, match=told):
        async with running(empty, host="127.0.0.1", port=0, county=COUNTY):
            raise AssertionError("it serves")
    async with open_database(empty) as database:
        found = {one.check: one async for one in examine(database, tmp_path / "keys", served=(COUNTY,))}
    assert not found[f"log {COUNTY}"].ok
    assert f"{size} were signed" in found[f"log {COUNTY}"].found


async def test_nothing_is_compared_with_nothing(pool: asyncpg.Pool, database_url: str) -> None:
    projections = chosen(["directory"])
    with pytest.raises(RebuildImpossible, match="There is no log"):
        await rebuild(database_url, projections, swap=False)
    async with EventStore(pool) as store:
        await append_all(store, RandomHistory(3).take(50))
        with pytest.raises(RebuildImpossible, match="There is no log"):
            await rebuild(database_url, projections, swap=False, county="653023")
        await tamper(database_url, "DELETE FROM log_head")
        for swap in (False, True):
            with pytest.raises(RebuildImpossible, match="head row is missing"):
                await rebuild(database_url, projections, swap=swap)
        assert (await store.verify("653023")).problem is not None
