"""Packs whose history is judged in processes beside: the same bytes, whatever becomes of those processes."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from domain.regulation import Amendment
from domain.regulation.amendments import read_value, shown_value
from service.audit import examiners
from service.memory import collecting_paused
from tests.audit.packs import REGULATION, Log, log_with

FOREVER = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from domain.regulation import Regulation
from service.audit import examiners
if __name__ == "__main__":
    pool = ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=examiners._begin, initargs=(Regulation.load(), [])
    )
    print(pool.submit(os.getpid).result(), flush=True)
    sys.stdin.read()
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def log(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Log]:
    """One log for the module."""
    async with log_with(module_database_url, tmp_path_factory.mktemp("packs"), events=900) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_who_judges_changes_no_byte(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here, or in a process beside this one."""
    monkeypatch.setattr("service.audit.pack._STREAMS_AT_ONCE", 5)
    here = await log.pack("here.zip")
    judged = _count_chunks(monkeypatch)
    monkeypatch.setattr(examiners, "WORTH_FROM", 1)
    monkeypatch.setattr(examiners, "_PROCESSES", 1)
    beside = await log.pack("beside.zip")
    assert here.assets > 5
    assert judged
    assert beside.sha256 == here.sha256


@pytest.mark.asyncio(loop_scope="module")
async def test_a_process_that_is_killed_costs_only_time(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had was judged again here."""
    monkeypatch.setattr("service.audit.pack._STREAMS_AT_ONCE", 5)
    here = await log.pack("here.zip")
    monkeypatch.setattr(examiners, "WORTH_FROM", 1)
    monkeypatch.setattr(examiners, "_PROCESSES", 1)
    monkeypatch.setattr(examiners, "_judge", _killed)
    assert (await log.pack("killed.zip")).sha256 == here.sha256


def _count_chunks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    submitted: list[int] = []
    submit = examiners.ProcessPoolExecutor.submit

    def counted(self: object, *given: object) -> object:
        submitted.append(1)
        return submit(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(examiners.ProcessPoolExecutor, "submit", counted)
    return submitted


def _killed(_chunk: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_ends_with_the_one_that_began_it(tmp_path: Path) -> None:
    """Killed without a word, it leaves nobody behind."""
    script = tmp_path / "forever.py"
    script.write_text(FOREVER)
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {
            "PYTHONPATH": str(Path(__file__).parents[2])
        },
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        ended = threading.Event()
        for _ in range(600):
            if not _runs(child):
                break
            ended.wait(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_regulation_is_the_same_in_another_process() -> None:
    """With every change of its parameters."""
    day = date(2022, 1, 1)
    now = shown_value("P06", REGULATION.on(day).parameters["P06"])
    longer = read_value("P06", now | {"days": 15})
    changed = REGULATION.amended([Amendment(1, "P06", longer, day, "县政办〔2021〕9号")])
    for one in (REGULATION, changed):
        other = pickle.loads(pickle.dumps(one))
        assert (other.digest, other.intervals, other.amendments) == (
            one.digest,
            one.intervals,
            one.amendments,
        )
        assert other.rows == one.rows


def test_pauses_of_the_collector_may_overlap() -> None:
    """It looks again when the last one ends, however that one ended."""
    assert gc.isenabled()
    first, second = collecting_paused(), collecting_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collecting_paused():
        raise ZeroDivisionError
    assert gc.isenabled()
