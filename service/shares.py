"""Shares of a service's connections: purpose, number, and how long anything of each may take.

Commands, questions, past moments, exports, long work, ledgers, papers, health and credentials each have connections of their
own. Whoever asks for a connection gets one of the share it works for (`working`), which a request learns at the front
door and a task where it is started; so no room of the code has to know whose errand it is on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Share(StrEnum):
    """Share of connections, by purpose."""

    COMMANDS = "commands"
    """Commands, and whoever commits them."""
    QUESTIONS = "questions"
    """Answers of a page."""
    PAST = "past"
    """Ledgers at past moments: a kept moment keeps its connection."""
    EXPORTS = "exports"
    """Whole ledgers, while they are written to their file."""
    WORK = "work"
    """Imports, audit packs, examinations."""
    LEDGERS = "ledgers"
    """Whoever keeps the ledgers up with the log."""
    PAPERS = "papers"
    """The document store, while papers are taken in, sent, looked after."""
    HEALTH = "health"
    CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True)
class Terms:
    """One share: its connections, and how long anything of it may take, in seconds."""

    least: int
    """Connections without which it stands still: some work needs several at once."""
    more: int
    """Its part of the connections that are left when every share has its least."""
    wait: float
    """For a free connection."""
    lock: float
    statement: float


TERMS: Final[Mapping[Share, Terms]] = {
    Share.COMMANDS: Terms(least=2, more=4, wait=5, lock=5, statement=30),
    Share.QUESTIONS: Terms(least=2, more=4, wait=5, lock=5, statement=30),
    Share.PAST: Terms(least=3, more=3, wait=10, lock=5, statement=60),
    Share.EXPORTS: Terms(least=1, more=2, wait=10, lock=5, statement=60),
    Share.WORK: Terms(least=3, more=2, wait=60, lock=30, statement=300),
    Share.LEDGERS: Terms(least=1, more=2, wait=10, lock=30, statement=300),
    Share.PAPERS: Terms(least=1, more=1, wait=10, lock=10, statement=60),
    Share.HEALTH: Terms(least=1, more=0, wait=2, lock=5, statement=10),
    Share.CREDENTIALS: Terms(least=1, more=1, wait=3, lock=3, statement=5),
}
LEAST_CONNECTIONS: Final = sum(terms.least for terms in TERMS.values())
DEFAULT_CONNECTIONS: Final = sum(terms.least + terms.more for terms in TERMS.values())
LEFT_FOR_TOOLS: Final = 5
"""Connections of the server that a service leaves to the tools, to backups and to whoever looks after it."""


def shared_out(connections: int) -> dict[Share, int]:
    """How many of the connections each share gets: its least, and its part of the rest. ValueError for too few."""
    rest = connections - LEAST_CONNECTIONS
    if rest < 0:
        raise ValueError(f"{connections} connections are not enough for {len(TERMS)} shares")
    parts = sum(terms.more for terms in TERMS.values())
    sizes = {share: terms.least + rest * terms.more // parts for share, terms in TERMS.items()}
    left = connections - sum(sizes.values())
    for share, terms in TERMS.items():
        if left and terms.more:
            sizes[share] += 1
            left -= 1
    return sizes


_working: ContextVar[Share] = ContextVar("share", default=Share.COMMANDS)


@contextmanager
def working(share: Share) -> Iterator[None]:
    """Whatever is done here, and in tasks begun here, takes its connections from this share."""
    token = _working.set(share)
    try:
        yield
    finally:
        _working.reset(token)


def at_work() -> Share:
    """The share that this is done for; commands' where nobody said."""
    return _working.get()
