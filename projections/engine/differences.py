"""The difference between two moments of a ledger: rows added, removed and changed, with the fields that changed.

Both sides are read in the order of the ledger's key, as digests only; whole rows are fetched for what differs. So the
difference of two large ledgers costs two passes and no memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from projections.engine.reading import Conditions
from projections.engine.rows import Row
from projections.engine.tables import LedgerTable
from projections.engine.writing import Connection, of_record

PREFETCH: Final = 2000

Change = Literal["ADDED", "REMOVED", "CHANGED"]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Rows of a ledger, asked in the same words at any moment."""

    sql: str
    """A query whose output has `key` and `compared`."""
    parameters: tuple[Any, ...]
    key: tuple[str, ...]
    compared: tuple[str, ...]
    """What is compared; the rest (positions, versions) only says how the ledger came to it."""
    json_columns: frozenset[str]
    texts: frozenset[str]
    """Columns of the key that are text: they are ordered by their bytes, as Python orders them."""

    @property
    def order(self) -> str:
        """The order of the key."""
        return ", ".join(f'q.{name} COLLATE "C"' if name in self.texts else f"q.{name}" for name in self.key)


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that is not the same at both moments."""

    change: Change
    key: Key
    before: Row | None
    after: Row | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that differ; none for a row that is there at one moment only."""
        if self.before is None or self.after is None:
            return ()
        after = self.after
        return tuple(name for name, value in self.before.items() if value != after[name])


@dataclass(frozen=True, slots=True)
class Difference:
    """Some of what differs, in order of the key, and how much differs altogether."""

    changes: list[RowChange]
    added: int
    removed: int
    changed: int


_BOOKKEEPING: Final = frozenset({"county", "position", "first_position", "version", "last_occurred_on"})


def selection(
    ledger: LedgerTable, alias: str, conditions: Conditions, *, leave_out: frozenset[str] = frozenset()
) -> RowSelection:
    """The rows of one ledger that meet the conditions."""
    compared = tuple(
        name for name in ledger.columns if name not in _BOOKKEEPING | set(ledger.key[1:]) | leave_out
    )
    key = tuple(
        str(name) for name in ledger.key[1:]
    )  # a column's name knows how to be quoted, and is no plain text
    named = ", ".join(f"{alias}.{name}" for name in (*key, *compared))
    types = {name: ledger.table.columns[name].type.python_type for name in key}
    return RowSelection(
        f"SELECT {named} FROM {ledger.name} {alias} WHERE {conditions.where}",
        tuple(conditions.parameters),
        key,
        compared,
        ledger.json_columns & set(compared),
        frozenset(name for name, kind in types.items() if kind is str),
    )


async def difference(
    before: Connection, after: Connection, what: RowSelection, *, start: Key | None = None, limit: int = 1000
) -> Difference:
    """What differs between two connections' moments; rows are given for at most `limit` keys beyond `start`."""
    found: list[tuple[Change, Key]] = []
    counts: dict[Change, int] = {"ADDED": 0, "REMOVED": 0, "CHANGED": 0}
    async with before.transaction(readonly=True), after.transaction(readonly=True):
        async for change, key in _merged(_digests(before, what), _digests(after, what)):
            counts[change] += 1
            if len(found) < limit and (start is None or key > start):
                found.append((change, key))
    was = await _rows(before, what, [key for change, key in found if change != "ADDED"])
    now = await _rows(after, what, [key for change, key in found if change != "REMOVED"])
    changes = [RowChange(change, key, was.get(key), now.get(key)) for change, key in found]
    return Difference(changes, counts["ADDED"], counts["REMOVED"], counts["CHANGED"])


async def _digests(connection: Connection, what: RowSelection) -> AsyncIterator[tuple[Key, str]]:
    compared = ", ".join(f"q.{name}" for name in what.compared)
    key = ", ".join(f"q.{name}" for name in what.key)
    query = f"SELECT {key}, md5(ROW({compared})::text) FROM ({what.sql}) AS q ORDER BY {what.order}"
    size = len(what.key)
    async for record in connection.cursor(query, *what.parameters, prefetch=PREFETCH):
        yield tuple(islice(record.values(), size)), record[size]


async def _merged(
    before: AsyncIterator[tuple[Key, str]], after: AsyncIterator[tuple[Key, str]]
) -> AsyncIterator[tuple[Change, Key]]:
    """Two runs in order of their key, side by side."""
    was, now = await anext(before, None), await anext(after, None)
    while was is not None or now is not None:
        if was is not None and (now is None or was[0] < now[0]):
            yield "REMOVED", was[0]
            was = await anext(before, None)
        elif now is not None and (was is None or now[0] < was[0]):
            yield "ADDED", now[0]
            now = await anext(after, None)
        elif was is not None and now is not None:
            if was[1] != now[1]:
                yield "CHANGED", was[0]
            was, now = await anext(before, None), await anext(after, None)


async def _rows(connection: Connection, what: RowSelection, keys: Sequence[Key]) -> dict[Key, Row]:
    """Whole rows of some keys."""
    if not keys:
        return {}
    count = len(what.parameters)
    arrays = ", ".join(
        f"${count + place}::{'text' if name in what.texts else 'bigint'}[]"
        for place, name in enumerate(what.key, start=1)
    )
    columns = ", ".join(f"q.{name}" for name in what.key)
    records = await connection.fetch(
        f"SELECT q.* FROM ({what.sql}) AS q WHERE ({columns}) IN (SELECT * FROM unnest({arrays}))",
        *what.parameters,
        *(list(column) for column in zip(*keys, strict=True)),
    )
    return {
        tuple(record[name] for name in what.key): of_record(record, what.json_columns) for record in records
    }
