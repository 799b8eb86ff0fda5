"""The index of a log at a size: a sorted list of entries that anyone can recompute, committed to in the checkpoint.

A Merkle root over events proves that what is shown is in the log, not that nothing was left out. The index closes
that: `stream/…` says how many events a stream has, `person/…` in which streams a person is named with a duty or a
departure, `post/…` which streams name a post, `unit/…` which units were merged into one, `asset/…` which procedures
are about it. Its Merkle root stands in
the signed checkpoint, so everybody is shown the same index, and whoever holds the log can recompute it.

An entry is the canonical JSON of [key, value]; entries are sorted by the bytes of their keys.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from service.algorithms.digests import SHA256, Digest, digest_of
from service.log.merkle import Tree

NAMING_TYPES: Final = (
    "asset.custody_assigned",
    "asset.handed_over",
    "asset.supervision_assigned",
    "departure_case.interim_custodian_appointed",
    "departure_case.lines_reassigned",
    "departure_case.opened",
    "departure_case.successor_named",
    "organization.defined",
    "organization.position_appointed",
    "organization.succeeded",
    "person.registered",
    "procedure.opened",
)
"""Events that name persons, posts, units, and the asset a procedure is about."""

_HEADS_NOW: Final = "SELECT stream, version, position FROM stream WHERE county = $1"
_HEADS_THEN: Final = """
SELECT stream, max(version) AS version, max(position) AS position FROM event
WHERE county = $1 AND position <= $2 GROUP BY stream"""
_NAMING: Final = """
SELECT stream, body FROM event WHERE county = $1 AND type = ANY($2::text[]) AND position <= $3"""


def names_in(event_type: str, stream: str, data: dict[str, Any]) -> Iterator[str]:
    """Keys under which an event's stream stands in the index."""
    if event_type == "asset.custody_assigned":
        custody = data["custody"]
        for duty in custody.get("duties", ()):
            yield f"person/{duty['person']}"
        if "firstResponsible" in custody:
            yield _post(custody["firstResponsible"])
    elif event_type == "asset.supervision_assigned":
        for one in data["supervision"]:
            if "firstSupervisor" in one:
                yield _post(one["firstSupervisor"])
    elif event_type == "asset.handed_over":
        yield f"person/{data['outgoing']}"
        yield f"person/{data['incoming']}"
    elif event_type == "departure_case.opened":
        yield f"person/{data['notice']['person']}"
        if "successor" in data["notice"]:
            yield f"person/{data['notice']['successor']}"
    elif event_type == "departure_case.successor_named":
        yield f"person/{data['successor']}"
    elif event_type == "departure_case.lines_reassigned":
        yield f"person/{data['incoming']}"
    elif event_type == "departure_case.interim_custodian_appointed":
        yield f"person/{data['interim']['person']}"
    elif event_type == "procedure.opened":
        yield f"asset/{data['subject']['id']}"
    else:
        own = stream.partition("-")[2]
        if event_type == "organization.position_appointed":
            yield f"person/{data['person']}"
            yield f"post/{own}/{data['position']}"
        elif event_type == "organization.succeeded":
            yield f"unit/{data['successor']}"
        elif event_type == "organization.defined":
            yield f"unit/{own}"
        elif event_type == "person.registered":
            yield f"person/{own}"


def _post(post: dict[str, Any]) -> str:
    return f"post/{post['organization']}/{post['position']}"


@dataclass(frozen=True, slots=True)
class LogIndex:
    """All entries of one size, sorted."""

    keys: tuple[bytes, ...]
    entries: tuple[bytes, ...]
    values: dict[str, Any]
    digest: Digest = SHA256

    @property
    def root(self) -> bytes:
        """Merkle root over the entries."""
        return self.tree().root()

    def tree(self) -> Tree:
        """The tree over the entries, for proofs."""
        return Tree(map(self.digest.leaf, self.entries), self.digest)

    def place(self, key: str) -> int:
        """Where an entry stands, from 0; `KeyError` if there is none."""
        wanted = key.encode()
        place = bisect_left(self.keys, wanted)
        if place == len(self.keys) or self.keys[place] != wanted:
            raise KeyError(key)
        return place


def index_of(
    heads: Sequence[tuple[str, int, int]], named: dict[str, set[str]], digest: Digest = SHA256
) -> LogIndex:
    """The index of these streams (name, events, position of the last) and names."""
    values: dict[str, Any] = {
        f"stream/{stream}": {"position": position, "version": version} for stream, version, position in heads
    }
    values |= {key: sorted(streams) for key, streams in named.items()}
    ordered = sorted((key.encode(), key) for key in values)
    return LogIndex(
        tuple(raw for raw, _ in ordered),
        tuple(orjson.dumps([key, values[key]], option=orjson.OPT_SORT_KEYS) for _, key in ordered),
        values,
        digest,
    )


async def load_index(connection: Any, county: str, size: int) -> LogIndex:
    """The index of the first `size` events. Call inside a transaction that sees one snapshot."""
    head = await connection.fetchval("SELECT position FROM log_head WHERE county = $1", county)
    heads = (
        await connection.fetch(_HEADS_NOW, county)
        if size == head
        else await connection.fetch(_HEADS_THEN, county, size)
    )
    named: dict[str, set[str]] = {}
    async for row in connection.cursor(_NAMING, county, list(NAMING_TYPES), size, prefetch=2_000):
        body = orjson.loads(row["body"])
        for key in names_in(body["type"], row["stream"], body["data"]):
            named.setdefault(key, set()).add(row["stream"])
    digest = await digest_of(connection, county)
    return await asyncio.to_thread(index_of, [tuple(row) for row in heads], named, digest)
