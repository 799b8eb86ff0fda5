"""Comparison of the states kept of streams with those that their events make: a cache is never a source."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from domain.aggregate import DomainAggregate, fold_stream
from domain.catalogue import AGGREGATE_KINDS
from service.commands.commands import state_code
from service.log.event_store import EventStore

_AT_ONCE: Final = 500
_KEPT: Final = """
SELECT stream, version, state FROM stream WHERE county = $1 AND stream > $2 AND state_code = $3 AND state IS NOT NULL
ORDER BY stream LIMIT $4"""


async def state_that_differs(pool: asyncpg.Pool, store: EventStore, county: str) -> str | None:
    """The first stream whose kept state its events do not make; None if all are right. States of other code are not read
    by anybody, and not looked at.
    """
    last = ""
    while rows := await pool.fetch(_KEPT, county, last, state_code(), _AT_ONCE):
        streams = await store.read_streams(county, [row["stream"] for row in rows])
        for row in rows:
            told = streams.get(row["stream"], ())[: row["version"]]
            aggregate: Any = fold_stream(map(store.codec.domain_event, told)).aggregate
            kind, _, code = row["stream"].partition("-")
            cls: type[DomainAggregate] = AGGREGATE_KINDS[kind]
            if aggregate is None or not _equals_kept(cls, code, row, aggregate):
                return str(row["stream"])
        last = rows[-1]["stream"]
    return None


def _equals_kept(cls: type[DomainAggregate], code: str, row: Any, made: DomainAggregate) -> bool:
    try:
        kept = cls.load_state(code, row["version"], row["state"])
    except ValueError:
        return False
    return kept.version == made.version and kept.dump_state() == made.dump_state()
