"""`taizhang projections` as an operator calls it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import asyncpg
import orjson

from projections.catalogue import CATALOGUE
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, RandomHistory, append_all


async def taizhang(url: str, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, the JSON on stdout (None if there is none), stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.program",
        "projections",
        *arguments,
        "--json",
        env={**os.environ, "TAIZHANG_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, orjson.loads(out) if out else None, err.decode()


async def test_status_verify_and_rebuild(pool: asyncpg.Pool, store: EventStore, database_url: str) -> None:
    async with Projector(pool, store) as projector:
        last = await append_all(store, RandomHistory(81).take(1000))
        await projector.wait_for(COUNTY, None, last, 20)
        code, rows, _ = await taizhang(database_url, "status")
        assert code == 0
        assert {row["projection"]: row["behind"] for row in rows} == dict.fromkeys(CATALOGUE, 0)
    code, rows, _ = await taizhang(database_url, "verify")
    assert (code, {row["equal"] for row in rows}, {row["swapped"] for row in rows}) == (0, {True}, {False})
    await pool.execute("UPDATE tenure SET reason = '?' WHERE until IS NOT NULL")
    code, rows, err = await taizhang(database_url, "verify", "directory")
    assert (code, rows[0]["equal"]) == (1, False)
    assert "reason" in rows[0]["differences"][0]
    assert "directory" in err
    code, rows, err = await taizhang(database_url, "rebuild", "directory")
    assert (code, rows[0]["swapped"]) == (1, False)
    assert "--accept-difference" in err
    code, rows, _ = await taizhang(
        database_url, "rebuild", "directory", "--accept-difference", "--county", COUNTY
    )
    assert (code, rows[0]["swapped"]) == (0, True)
    code, _, _ = await taizhang(database_url, "verify", "directory")
    assert code == 0
    code, _, err = await taizhang(database_url, "rebuild", "nothing")
    assert (code, "no projection 'nothing'" in err) == (2, True)


async def test_a_halted_ledger_is_a_failed_check(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    async with Projector(pool, store) as projector:
        last = await append_all(store, RandomHistory(82).take(100))
        await projector.wait_for(COUNTY, None, last, 20)
    await pool.execute(
        "UPDATE projection_checkpoint SET state = 'HALTED', error = $1 WHERE projection = 'departures'",
        '{"position": 5, "type": "departure_case.opened", "reason": "?"}',
    )
    code, rows, err = await taizhang(database_url, "status")
    assert code == 1
    assert "departures" in err
    assert [row["error"]["position"] for row in rows if row["state"] == "HALTED"] == [5]
