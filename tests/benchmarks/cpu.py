"""Processor time of a measured stretch, user and system: of the measuring processes, and of a server on this machine.

Beside other programs at work wall time says little; this says what the stretch costs.
"""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

import asyncpg

_TICKS: Final = os.sysconf("SC_CLK_TCK")


async def postmaster_of(url: str) -> int:
    """The process of a server on this machine from which its backends come."""
    connection = await asyncpg.connect(url)
    try:
        return _numbers(await connection.fetchval("SELECT pg_backend_pid()"))[0]
    finally:
        await connection.close()


def seconds_of(pid: int) -> float:
    """Processor time of one process so far."""
    return _numbers(pid)[1] / _TICKS


class ProcessorTime:
    """Seconds since it was made: `client` of this process and its children that ended, `server` of all backends."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster
        self._began = self._client(), self._server()

    @property
    def client(self) -> float:
        """Of the processes that rebuild, verify or ask."""
        return self._client() - self._began[0]

    @property
    def server(self) -> float:
        """Of the server: what it has reaped, and what still lives."""
        return self._server() - self._began[1]

    @staticmethod
    def _client() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    def _server(self) -> float:
        _, own, reaped = _numbers(self._postmaster)
        living = [_numbers(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        ticks = own + reaped + sum(used for parent, used, _ in living if parent == self._postmaster)
        return ticks / _TICKS


def _numbers(pid: int) -> tuple[int, int, int]:
    """A process's parent, its own ticks, and those of its children that ended; nothing of one that has just gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0, 0
    parent, user, system, children_user, children_system = (int(fields[n]) for n in (1, 11, 12, 13, 14))
    return parent, user + system, children_user + children_system
