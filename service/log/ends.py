"""End of a log, by everything that says so: head, events, streams, kept answers, ledgers, signed checkpoints.

They are written together, so they agree. One that says something else was changed by other hands, or comes from another
backup: then the service does not start, nothing is appended and nothing is signed. Looking costs a few index look-ups
and one pass over the streams; whether every event is what it was is `verify_log`'s question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.algorithms.digests import DigestUnknown, digest_named
from service.log.merkle import Frontier
from service.log.signed_note import Checkpoint

_ENDS: Final = """
WITH RECURSIVE logged AS (
    SELECT min(county) AS county FROM event
    UNION ALL SELECT (SELECT min(county) FROM event WHERE county > logged.county) FROM logged WHERE county IS NOT NULL),
known AS (
    SELECT county FROM logged WHERE county IS NOT NULL
    UNION SELECT county FROM log_head UNION SELECT county FROM checkpoint UNION SELECT county FROM projection_checkpoint)
SELECT county, h.position AS head, h.root, h.frontier, h.digest,
    (SELECT max(position) FROM event WHERE event.county = known.county) AS events,
    (SELECT max(position) FROM stream WHERE stream.county = known.county) AS streams,
    (SELECT max(last_position) FROM idempotency WHERE idempotency.county = known.county) AS answered,
    (SELECT max(position) FROM projection_checkpoint p WHERE p.county = known.county) AS shown,
    (SELECT text FROM checkpoint c WHERE c.county = known.county ORDER BY size DESC LIMIT 1) AS signed
FROM known LEFT JOIN log_head h USING (county) WHERE $1::text IS NULL OR county = $1 ORDER BY county"""


@dataclass(frozen=True, slots=True)
class LogEnds:
    """End of a county's log by each table; None where it says nothing."""

    county: str
    head: int | None
    events: int | None
    streams: int | None
    answered: int | None
    shown: int | None
    signed: Checkpoint | None
    head_makes_its_root: bool
    digest: str | None = None
    """The digest that the head names."""

    @property
    def problem(self) -> str | None:
        """What does not fit together, in one sentence; None: everything does."""
        if self.head is None:
            return f"its head row is missing, while {self._others()}"
        if self.signed is not None and self.signed.size and self.signed.digest.name != self.digest:
            return f"its head names the digest {self.digest}, but a checkpoint of {self.signed.digest.name} was signed"
        if not self.head_makes_its_root:
            return f"its head says {self.head}, but its tree is another one"
        for what, end in (("its events end at", self.events), ("its streams end at", self.streams)):
            if (end or 0) != self.head:
                return f"its head says {self.head}, but {what} {end or 0}"
        for what, end in (
            ("a checkpoint was signed of", self.signed.size if self.signed else 0),
            ("an answer was kept about", self.answered or 0),
            ("a ledger shows", self.shown or 0),
        ):
            if end > self.head:
                return f"its head says {self.head}, but {what} {end} events"
        return None

    def _others(self) -> str:
        ends = {
            "events": self.events,
            "streams": self.streams,
            "ledgers": self.shown,
            "checkpoints": self.signed and self.signed.size,
        }
        told = [f"{what} reach {end}" for what, end in ends.items() if end]
        return " and ".join(told) or "other tables know of it"


async def ends_of(connection: Any, county: str | None = None) -> Sequence[LogEnds]:
    """The ends of every county's log that any table knows of, or of one county's; empty: there is no log at all."""
    rows = await connection.fetch(_ENDS, county)
    return [
        LogEnds(
            row["county"],
            row["head"],
            row["events"],
            row["streams"],
            row["answered"],
            row["shown"],
            None if row["signed"] is None else Checkpoint.parse(row["signed"]),
            _fits(row["head"], row["frontier"], row["root"], row["digest"]),
            row["digest"],
        )
        for row in rows
    ]


def _fits(head: int | None, frontier: bytes | None, root: bytes | None, digest: str | None) -> bool:
    """Whether the head's frontier is of its size and makes its root."""
    if frontier is None or digest is None:
        return True
    try:
        tree = Frontier.from_bytes(frontier, digest_named(digest))
    except (DigestUnknown, ValueError):
        return False
    return tree.size == head and tree.root() == root
