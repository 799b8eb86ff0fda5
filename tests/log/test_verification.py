"""Somebody with all privileges, triggers switched off, changes one thing: verification names the place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from service.algorithms.digests import SHA256
from service.log.checkpoints import Checkpoints
from service.log.event_store import Claim, EventStore
from service.log.merkle import Frontier
from service.log.verification import SideBySide
from tests.log.commands import CODEC, COUNTY, command, noted, stream_append

SWAP = """
UPDATE event SET position = position + 1000 WHERE position IN ({0}, {1});
UPDATE event SET position = CASE position WHEN 1000 + {0} THEN {1} ELSE {0} END WHERE position > 1000;
"""


@pytest.fixture
async def filled(pool: asyncpg.Pool) -> AsyncIterator[EventStore]:
    """Ten streams of three events, two claims; all in one moment, so that no clock betrays an exchange."""
    async with EventStore(pool, clock=lambda: datetime(2024, 5, 1, tzinfo=UTC), codec=CODEC) as store:
        await fill(store)
        yield store


async def fill(store: EventStore) -> None:
    """Ten streams of three events, two claims."""
    for number in range(10):
        claims = [Claim("certificate", str(number))] if number in (2, 7) else []
        await store.append(
            COUNTY, command(stream_append(f"thing-{number}", 0), claims=claims, key=f"k-{number}")
        )
    for version in (1, 2):
        for number in range(10):
            await store.append(COUNTY, command(stream_append(f"thing-{number}", version, noted(version))))


async def tamper(url: str, statements: str) -> None:
    """Change the tables behind everybody's back."""
    connection = await asyncpg.connect(url)
    for table in ("event", "claim", "log_head", "stream"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    await connection.execute(statements)
    for table in ("event", "claim", "log_head", "stream"):
        await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    await connection.close()


async def test_an_untouched_log_is_sound(filled: EventStore) -> None:
    seen: list[tuple[int, int]] = []
    verification = await filled.verify(COUNTY, progress=lambda position, last: seen.append((position, last)))
    assert verification.problem is None
    assert verification.position == 30
    assert verification.root == verification.head_root == (await filled.head(COUNTY)).root
    assert seen[-1] == (30, 30)


@pytest.mark.parametrize(
    ("statements", "kind", "position", "stream"),
    [
        pytest.param(
            "UPDATE event SET body = set_byte(body, 100, get_byte(body, 100) # 1) WHERE position = 17",
            "leaf", 17, "thing-6", id="a flipped bit",
        ),
        pytest.param(
            "UPDATE event SET leaf = set_byte(leaf, 3, get_byte(leaf, 3) # 1) WHERE position = 4",
            "leaf", 4, "thing-3", id="a flipped bit of a leaf",
        ),
        pytest.param(
            "UPDATE event a SET body = b.body, leaf = b.leaf FROM event b "
            "WHERE (a.position = 11 AND b.position = 12) OR (a.position = 12 AND b.position = 11)",
            "column", 11, "thing-0", id="two events' bytes exchanged",
        ),
        pytest.param(SWAP.format(1, 11), "version", 1, "thing-0", id="two events of a stream exchanged"),
        pytest.param(SWAP.format(25, 26), "stream", 25, "thing-5", id="two streams' last events exchanged"),
        pytest.param("DELETE FROM event WHERE position = 20", "gap", 20, None, id="a deleted event"),
        pytest.param("DELETE FROM event WHERE position > 28", "head", 29, None, id="a deleted tail"),
        pytest.param("DELETE FROM event", "head", 1, None, id="everything deleted"),
        pytest.param("UPDATE log_head SET position = 29", "head", 30, None, id="a head set back"),
        pytest.param("DELETE FROM log_head", "head", None, None, id="no head"),
        pytest.param("UPDATE log_head SET root = leaf FROM event", "root", None, None, id="another root"),
        pytest.param("UPDATE event SET version = 9 WHERE position = 30", "column", 30, "thing-9", id="another version"),
        pytest.param(
            "UPDATE event SET occurred_on = '2020-01-01' WHERE position = 8", "column", 8, "thing-7", id="another day"
        ),
        pytest.param(
            "UPDATE event SET type = 'thing.ended' WHERE position = 8", "column", 8, "thing-7", id="another type"
        ),
        pytest.param(
            "UPDATE stream SET version = 2 WHERE stream = 'thing-4'", "stream", 25, "thing-4", id="a stream set back"
        ),
        pytest.param("DELETE FROM stream WHERE stream = 'thing-4'", "stream", 25, "thing-4", id="a stream's row gone"),
        pytest.param(
            "INSERT INTO stream VALUES ('653022', 'thing-x', 1, 1, now(), NULL, '')",
            "stream", None, "thing-x", id="a stream without events",
        ),
        pytest.param(
            "UPDATE claim SET stream = 'thing-1', position = 2 WHERE key = '7'",
            "claim", 8, "thing-7", id="a stolen claim",
        ),
        pytest.param("DELETE FROM claim WHERE key = '2'", "claim", 3, "thing-2", id="a claim gone"),
        pytest.param(
            "INSERT INTO claim VALUES ('653022', 'certificate', '9', 'thing-9', 10)",
            "claim", 10, "thing-9", id="an invented claim",
        ),
        pytest.param(
            "UPDATE idempotency SET last_position = 31 WHERE key = 'k-3'", "answer", 4, None, id="an invented answer"
        ),
    ],
)  # fmt: skip
async def test_a_change_is_found_and_named(
    filled: EventStore,
    database_url: str,
    statements: str,
    kind: str,
    position: int | None,
    stream: str | None,
) -> None:
    await tamper(database_url, statements)
    for thorough in (False, True):
        problem = (await filled.verify(COUNTY, thorough=thorough)).problem
        assert problem is not None, "not found"
        assert (problem.kind, problem.position, problem.stream) == (kind, position, stream), problem


async def test_events_exchanged_betray_themselves_by_their_moments(
    store: EventStore, database_url: str
) -> None:
    await fill(store)
    await tamper(database_url, SWAP.format(25, 26))
    problem = (await store.verify(COUNTY)).problem
    assert problem is not None
    assert (problem.kind, problem.position) == ("column", 26)


async def test_a_rewritten_event_with_its_leaf_changes_the_root(
    filled: EventStore, database_url: str
) -> None:
    """The careful forger: bytes, leaf and columns agree. The tree does not."""
    connection = await asyncpg.connect(database_url)
    body = await connection.fetchval("SELECT body FROM event WHERE position = 5")
    await connection.close()
    forged = body.replace("温室大棚".encode(), "温室小棚".encode())
    assert forged != body
    await tamper(
        database_url,
        f"UPDATE event SET body = '\\x{forged.hex()}', leaf = '\\x{SHA256.leaf(forged).hex()}' WHERE position = 5",
    )
    verification = await filled.verify(COUNTY)
    assert verification.problem is not None
    assert verification.problem.kind == "root"
    assert verification.root != verification.head_root


async def test_a_forger_of_everything_is_left_to_signed_checkpoints(
    filled: EventStore, database_url: str
) -> None:
    """The limit, honestly: who rewrites event, leaf and head makes them agree; a root given away before does not."""
    before = (await filled.head(COUNTY)).root
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT position, body FROM event ORDER BY position")
    await connection.close()
    bodies = [row["body"].replace("温室大棚".encode(), "温室小棚".encode()) for row in rows]
    frontier = Frontier().extended(SHA256.leaf(body) for body in bodies)
    await tamper(
        database_url,
        "".join(
            f"UPDATE event SET body = '\\x{body.hex()}', leaf = '\\x{SHA256.leaf(body).hex()}' WHERE position = {place};"
            for place, body in enumerate(bodies, 1)
        )
        + f"UPDATE log_head SET root = '\\x{frontier.root().hex()}', frontier = '\\x{frontier.to_bytes().hex()}';",
    )
    verification = await filled.verify(COUNTY)
    assert verification.problem is None
    assert verification.root != before


FLIP = "UPDATE event SET body = set_byte(body, 100, get_byte(body, 100) # 1) WHERE position = 17"
EARLIER = "UPDATE event SET recorded_at = recorded_at - interval '1 s' WHERE position = 15"


@pytest.mark.parametrize(
    ("change", "kind", "position"),
    [
        ("SELECT 1", None, None),
        (FLIP, "leaf", 17),
        (EARLIER, "column", 15),
        (SWAP.format(25, 26), "stream", 25),
        ("DELETE FROM event WHERE position = 22", "gap", 22),
        ("DELETE FROM event WHERE position > 28", "head", 29),
    ],
)
async def test_processes_side_by_side_find_the_same(
    filled: EventStore, database_url: str, change: str, kind: str | None, position: int | None
) -> None:
    """A long log is read in parts; the tree, the order and the first bad place are those of the whole."""
    await tamper(database_url, change)
    beside = SideBySide(database_url, 2, part=7, worth_from=1)
    found = await filled.verify(COUNTY, beside=beside)
    if kind is None:
        assert found.problem is None
        assert found.root == (await filled.head(COUNTY)).root
    else:
        assert found.problem is not None
        assert (found.problem.kind, found.problem.position) == (kind, position), found.problem


async def test_bytes_that_are_not_canonical_are_found_when_looked_for(
    filled: EventStore, database_url: str
) -> None:
    """Another spelling of the same event, with its leaf: the tree betrays it, and the thorough reading says why."""
    connection = await asyncpg.connect(database_url)
    body = await connection.fetchval("SELECT body FROM event WHERE position = 5")
    await connection.close()
    spelled = body.replace(b'"number":', b'"number": ', 1)
    assert spelled != body
    await tamper(
        database_url,
        f"UPDATE event SET body = '\\x{spelled.hex()}', leaf = '\\x{SHA256.leaf(spelled).hex()}' WHERE position = 5",
    )
    quick, thorough = await filled.verify(COUNTY), await filled.verify(COUNTY, thorough=True)
    assert quick.problem is not None
    assert quick.problem.kind == "root"
    assert thorough.problem is not None
    assert (thorough.problem.kind, thorough.problem.position) == ("bytes", 5)


async def test_a_log_that_is_not_what_was_signed_is_found(
    filled: EventStore, pool: asyncpg.Pool, database_url: str, tmp_path: Path
) -> None:
    """Even when bytes, leaf, head and frontier were all made to agree: the checkpoint of then does not."""
    checkpoints = Checkpoints(pool, tmp_path, lambda: datetime(2024, 5, 2, tzinfo=UTC))
    for size in (4, 20, 30):
        await checkpoints.make(COUNTY, size)
    assert (await filled.verify(COUNTY)).problem is None
    rows = await pool.fetch("SELECT position, body FROM event ORDER BY position")
    bodies = [row["body"] for row in rows]
    bodies[9] = bodies[9].replace("温室大棚".encode(), "温室小棚".encode())
    frontier = Frontier().extended(SHA256.leaf(body) for body in bodies)
    forged = f"body = '\\x{bodies[9].hex()}', leaf = '\\x{SHA256.leaf(bodies[9]).hex()}'"
    head = f"root = '\\x{frontier.root().hex()}', frontier = '\\x{frontier.to_bytes().hex()}'"
    await tamper(database_url, f"UPDATE event SET {forged} WHERE position = 10; UPDATE log_head SET {head}")
    problem = (await filled.verify(COUNTY)).problem
    assert problem is not None
    assert (problem.kind, problem.position) == ("checkpoint", 20)
