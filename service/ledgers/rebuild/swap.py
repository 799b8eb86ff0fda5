"""Shadow tables take the places of the live ones, which are kept; in a transaction that the caller began."""

from __future__ import annotations

from typing import Any, Final

from projections.engine.projection import Projection
from projections.engine.tables import PREVIOUS, LedgerTable
from service.ledgers.rebuild.previous import kept_tables, say_since_when
from service.ledgers.rebuild.shadow_tables import shadow_name

_SWAPPED: Final = """
INSERT INTO projection_checkpoint AS c
    (county, projection, version, position, epoch, holder, lease_until, state, error, updated_at)
SELECT at.county, $1, $2, at.position, 1, NULL, NULL, 'RUNNING', NULL, clock_timestamp()
FROM unnest($3::text[], $4::bigint[]) AS at (county, position)
ON CONFLICT (county, projection) DO UPDATE SET version = excluded.version, position = excluded.position,
    epoch = c.epoch + 1, holder = NULL, lease_until = NULL, state = 'RUNNING', error = NULL,
    updated_at = excluded.updated_at"""


async def hold_checkpoints(work: Any, projection: Projection) -> None:
    """Lock the projection's checkpoints, so that nobody moves the live tables on."""
    await work.execute(
        "SELECT FROM projection_checkpoint WHERE projection = $1 ORDER BY county FOR UPDATE",
        projection.name,
    )


async def take_place(
    work: Any, projection: Projection, schema: str, positions: dict[str, int], county: str | None
) -> None:
    """Exchange the tables, or one county's rows, and say in the checkpoints how far the new ones are."""
    for ledger in projection.tables:
        if county is None:
            await _move(work, schema, ledger)
        else:
            await _exchange(work, schema, ledger, county)
        if await kept_tables(work, ledger.name):  # not where there was no live table
            await say_since_when(work, ledger.name)
    await work.execute(
        _SWAPPED, projection.name, projection.version, list(positions), list(positions.values())
    )
    await work.execute("DELETE FROM projection_rebuild WHERE projection = $1", projection.name)


async def analyze(work: Any, projection: Projection, schema: str) -> None:
    """Tell the planner of the new tables, once they are in use: their places are taken no later for it.

    What JSON holds no question asks by; to unpack it for statistics is most of their cost.
    """
    for ledger in projection.tables:
        columns = ", ".join(name for name in ledger.columns if name not in ledger.json_columns)
        await work.execute(f"ANALYZE {schema}.{ledger.name} ({columns})")


async def _move(work: Any, schema: str, ledger: LedgerTable) -> None:
    await work.execute(f"DROP TABLE IF EXISTS {PREVIOUS}.{ledger.name}")
    await work.execute(f"ALTER TABLE IF EXISTS {schema}.{ledger.name} SET SCHEMA {PREVIOUS}")
    await work.execute(f"ALTER TABLE {shadow_name(ledger)} SET SCHEMA {schema}")


async def _exchange(work: Any, schema: str, ledger: LedgerTable, county: str) -> None:
    """One county's rows only: the table stays, its rows are exchanged."""
    live = f"{schema}.{ledger.name}"
    columns = ", ".join(ledger.columns)
    await work.execute(f"DROP TABLE IF EXISTS {PREVIOUS}.{ledger.name}")
    await work.execute(f"CREATE TABLE {PREVIOUS}.{ledger.name} (LIKE {live} INCLUDING ALL)")
    await work.execute(
        f"WITH old AS (DELETE FROM {live} WHERE county = $1 RETURNING {columns})"
        f" INSERT INTO {PREVIOUS}.{ledger.name} ({columns}) SELECT {columns} FROM old",
        county,
    )
    await work.execute(f"INSERT INTO {live} ({columns}) SELECT {columns} FROM {shadow_name(ledger)}")
    await work.execute(f"DROP TABLE {shadow_name(ledger)}")
