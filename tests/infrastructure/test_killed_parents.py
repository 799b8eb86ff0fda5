"""Commands that are killed while processes work for them: those end with them, whatever they wait for."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from service.log.event_store import EventStore
from tests.infrastructure.conftest import ROOT
from tests.projections.history import RandomHistory, append_all

REBUILD = """
import asyncio
from projections.catalogue import CATALOGUE
from service.ledgers.rebuild.plan import RebuildLimits
from service.ledgers.rebuild.workers import rebuild
if __name__ == "__main__":
    asyncio.run(rebuild({url!r}, list(CATALOGUE.values()), limits=RebuildLimits(shared=0), processes=3))
"""
VERIFY = """
import asyncio, asyncpg
from service.log.verification import SideBySide, verify_log
async def run():
    connection = await asyncpg.connect({url!r})
    await verify_log(connection, "653022", beside=SideBySide({url!r}, 2, part=100, worth_from=1))
if __name__ == "__main__":
    asyncio.run(run())
"""


def children(pid: int) -> set[int]:
    """Processes below this one that run Python."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | children(child)
    return {one for one in found if b"resource_tracker" not in _command(one)}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b"resource_tracker"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("program", [REBUILD, VERIFY], ids=["rebuild", "verify"])
async def test_killed_command_leaves_no_workers(database_url: str, tmp_path: Path, program: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
        await append_all(store, RandomHistory(61).take(400))
    script = tmp_path / "program.py"
    script.write_text(program.format(url=database_url))
    block = await asyncpg.connect(database_url)
    held = block.transaction()
    await held.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'event'::regclass"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )
    try:
        workers: set[int] = set()
        async with asyncio.timeout(60):
            while len(workers) < 2:
                await asyncio.sleep(0.02)
                workers = children(parent.pid)
            await block.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
            for _ in range(1000):
                if await block.fetchval(waiting) >= 1:
                    break
                await asyncio.sleep(0.02)
        assert all(map(alive, workers))
    finally:
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
    try:
        for _ in range(500):
            if not any(map(alive, workers)):
                break
            await asyncio.sleep(0.02)
        assert not any(map(alive, workers))
    finally:
        await held.rollback()
        await block.close()
