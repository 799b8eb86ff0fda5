"""Rebuilt ledgers beside the live ones: digests of both, and the first differences in words."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final

from projections.engine.projection import Projection
from projections.engine.tables import LedgerTable
from service.database import schema
from service.ledgers.rebuild.plan import SHOWN_DIFFERENCES
from service.ledgers.rebuild.shadow_tables import shadow_name

_SEEDS: Final = ((1, 2), (3, 4))
"""Of the two sums that a digest rests on, each with the one of a row's hash and that of its second hash."""


async def digest_of(connection: Any, projection: Projection, place: str, county: str) -> tuple[str, int]:
    """Digest of all rows, table after table, and their count: SHA-256 over each table's name, count and two keyed sums of
    row hashes, in whatever order the rows lie. It finds mistakes; against somebody who makes collisions it proves nothing,
    and nothing is signed by it.

    PostgreSQL's hash of a row is a sum over its columns, so that a sum of such hashes would often not see two rows that
    have exchanged a value: every hash is hashed once more. Lists and objects count by their text, of which every place counts;
    columns in the order of the code, for that of the table depends on which migrations made it.
    """
    sums = ", ".join(
        f"coalesce(sum(hashint8extended(hash_record_extended(one, {seed}), {again})), 0)::text"
        for seed, again in _SEEDS
    )
    digest, count = hashlib.sha256(), 0
    for ledger in projection.tables:
        columns = ", ".join(
            f"{name}::text" if name in ledger.json_columns else name for name in ledger.columns
        )
        rows, *summed = await connection.fetchrow(
            f"SELECT count(*), {sums} FROM"
            f" (SELECT ROW({columns}) AS one FROM {place}.{ledger.name} WHERE county = $1 OFFSET 0) AS rows",
            county,
        )
        digest.update(" ".join((ledger.name, str(rows), *summed)).encode() + b"\n")
        count += rows
    return digest.hexdigest(), count


async def misshapen(connection: Any, projection: Projection) -> bool:
    """Whether live tables or columns of it are missing or others than the code's: nothing to compare with then."""
    names = [ledger.name for ledger in projection.tables]
    kinds = {f"{kind} {name}" for kind in ("table", "column") for name in names}
    expected = {
        subject: fact
        for subject, fact in schema.expected_facts().items()
        if subject.partition(".")[0] in kinds
    }
    found = await schema.facts_of(connection, names)
    return any(found.get(subject) != fact for subject, fact in expected.items())


async def differences_of(
    work: Any, live: Any, projection: Projection, live_schema: str, county: str
) -> list[str]:
    """The first differences of a county's rows, each in a sentence."""
    found: list[str] = []
    async with work.transaction():
        for ledger in projection.tables:
            query = f"SELECT {', '.join(ledger.columns)} FROM {{}} WHERE county = $1 ORDER BY {', '.join(ledger.key)}"
            mine = work.cursor(query.format(shadow_name(ledger)), county, prefetch=500)
            theirs = live.cursor(query.format(f"{live_schema}.{ledger.name}"), county, prefetch=500)
            async for line in _merged(ledger, mine, theirs):
                found.append(line)
                if len(found) >= SHOWN_DIFFERENCES:
                    return found
    return found


async def _merged(ledger: LedgerTable, mine: Any, theirs: Any) -> AsyncIterator[str]:
    """Differences between two ordered runs of rows, in words."""
    left, right = aiter(mine), aiter(theirs)
    a, b = await anext(left, None), await anext(right, None)
    while a is not None or b is not None:
        first = None if a is None else tuple(a[name] for name in ledger.key)
        second = None if b is None else tuple(b[name] for name in ledger.key)
        if second is None or (first is not None and first < second):
            yield f"{ledger.name} {_named(ledger, a)}: only in the rebuilt ledger"
            a = await anext(left, None)
        elif b is not None and (first is None or second < first):
            yield f"{ledger.name} {_named(ledger, b)}: only in the live ledger"
            b = await anext(right, None)
        elif a is not None and b is not None:
            changed = [f"{name} {b[name]!r} → {a[name]!r}" for name in ledger.columns if a[name] != b[name]]
            if changed:
                yield f"{ledger.name} {_named(ledger, a)}: {', '.join(changed)}"
            a, b = await anext(left, None), await anext(right, None)


def _named(ledger: LedgerTable, row: Any) -> str:
    return "/".join(str(row[name]) for name in ledger.key)
