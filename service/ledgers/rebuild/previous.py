"""Tables that a rebuild replaced: they are kept for a while, each saying in its comment since when, and then dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from projections.engine.tables import PREVIOUS

_SINCE: Final = "replaced at "

_KEPT: Final = """
SELECT relname, coalesce(obj_description(oid, 'pg_class'), '') AS said, pg_total_relation_size(oid) AS bytes,
    clock_timestamp() AS now
FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' AND ($2::text IS NULL OR relname = $2)
ORDER BY relname"""


@dataclass(frozen=True, slots=True)
class KeptTable:
    """One table that was replaced."""

    name: str
    bytes: int
    age: timedelta | None
    """None: it does not say; an earlier version replaced it."""


async def kept_tables(connection: Any, name: str | None = None) -> Sequence[KeptTable]:
    """All that are kept, or the one of this name."""
    rows = await connection.fetch(_KEPT, PREVIOUS, name)
    return [KeptTable(row["relname"], row["bytes"], _age(row["said"], row["now"])) for row in rows]


def _age(said: str, now: datetime) -> timedelta | None:
    return now - datetime.fromisoformat(said.removeprefix(_SINCE)) if said.startswith(_SINCE) else None


async def say_since_when(connection: Any, name: str) -> None:
    """Write into a kept table that it is kept from now on."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    await connection.execute(f"COMMENT ON TABLE {PREVIOUS}.\"{name}\" IS '{_SINCE}{now.isoformat()}'")


async def remove_due(connection: Any, keep: timedelta) -> list[str]:
    """Drop what was replaced longer ago, and give the names. One that does not say since when is kept from now on."""
    removed = []
    for table in await kept_tables(connection):
        if table.age is None:
            await say_since_when(connection, table.name)
        elif table.age > keep and await _removed(connection, table.name, keep):
            removed.append(table.name)
    return removed


async def _removed(connection: Any, name: str, keep: timedelta) -> bool:
    """Drop one, unless a rebuild has put another in its place meanwhile."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '1s'")
        try:
            await connection.execute(f'LOCK TABLE {PREVIOUS}."{name}" IN ACCESS EXCLUSIVE MODE')
        except asyncpg.UndefinedTableError:
            return False  # somebody else has just dropped it
        for table in await kept_tables(connection, name):
            if table.age is not None and table.age > keep:
                await connection.execute(f'DROP TABLE {PREVIOUS}."{name}"')
                return True
    return False
