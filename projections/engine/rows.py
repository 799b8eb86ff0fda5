"""The rows one run of events works on: read from groups that were loaded before, changed in memory, written after.

A projection gets rows only from here, so the same code runs on a batch of one event behind a commit, on a million
events of a rebuild, and on a list of events in a test. A row can only be had for reading or for changing; what was
had for changing is written. What was not loaded and might exist raises `NotLoaded`: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from projections.engine.tables import LedgerTable

Row = dict[str, Any]
"""Column → value as the database driver takes it; JSON columns hold lists and objects."""

_NOTHING: Mapping[Any, Row] = MappingProxyType({})


class NotLoaded(Exception):  # noqa: N818  names a state, like its siblings
    """A projection looked at a group that its `keys` did not announce: an error in the projection."""

    def __init__(self, table: str, group: str) -> None:
        super().__init__(f"{table}: group {group!r} was not announced by keys() and is not loaded")


class TableRows:
    """One table's rows in memory. `groups`: group → key within the group → row."""

    __slots__ = ("_rest", "appended", "changed", "complete", "county", "groups", "ledger", "new")

    def __init__(self, ledger: LedgerTable, county: str) -> None:
        self.ledger = ledger
        self.county = county
        self.groups: dict[str, dict[Any, Row]] = {}
        self.changed: dict[tuple[str, Any], Row | None] = {}
        """Rows to be written, None: to be deleted."""
        self.new: set[tuple[str, Any]] = set()
        """Those of `changed` that the table cannot hold yet."""
        self.appended: list[tuple[Any, ...]] = []
        """Rows to be added, in the order of the table's columns."""
        self.complete = True
        """Whether memory holds every row there is: then a group that is not here does not exist."""
        self._rest = ledger.rest

    def sub_key(self, row: Mapping[str, Any]) -> Any:
        """What tells this row from the others of its group."""
        rest = self._rest
        if not rest:
            return None
        return row[rest[0]] if len(rest) == 1 else tuple(row[name] for name in rest)

    def forget(self) -> None:
        """Drop everything; from now on groups have to be loaded."""
        self.groups = {}
        self.changed = {}
        self.new = set()
        self.appended = []
        self.complete = False


class Rows:
    """The rows of one county that a run of events may read and change."""

    __slots__ = ("_of", "county", "tables")

    def __init__(self, county: str, ledgers: Iterable[LedgerTable]) -> None:
        self.county = county
        self._of = {ledger: TableRows(ledger, county) for ledger in ledgers}
        self.tables = {ledger.name: rows for ledger, rows in self._of.items()}

    def find(self, ledger: LedgerTable, group: str) -> Mapping[str, Any] | None:
        """The only row of a group, for reading; None if there is none."""
        row = self._group(ledger, group).get(None)
        return None if row is None else MappingProxyType(row)

    def group(self, ledger: LedgerTable, group: str) -> list[Mapping[str, Any]]:
        """A group's rows, for reading."""
        return [MappingProxyType(row) for row in self._group(ledger, group).values()]

    def edit(self, ledger: LedgerTable, group: str, sub: Any = None) -> Row:
        """A row, to be changed in place; KeyError if there is none."""
        found = self._of[ledger]
        try:
            row = found.groups[group][sub]
        except KeyError:
            self._group(ledger, group)  # raises if it might exist all the same
            what = group if sub is None else f"{group} / {sub}"
            raise KeyError(f"{ledger.name} has no row {what}") from None
        found.changed[group, sub] = row
        return row

    def put(self, ledger: LedgerTable, row: Row) -> Row:
        """Add a row, or replace the one with the same key."""
        found = self._of[ledger]
        row["county"] = self.county
        group, sub = row[ledger.group or ""], found.sub_key(row)
        self._group(ledger, group)
        rows = found.groups.setdefault(group, {})
        key = (group, sub)
        if sub not in rows and key not in found.changed:  # one deleted in memory only is stored all the same
            found.new.add(key)
        rows[sub] = found.changed[key] = row
        return row

    def delete(self, ledger: LedgerTable, group: str, sub: Any = None) -> None:
        """Remove a row; KeyError if there is none."""
        found = self._of[ledger]
        if sub not in self._group(ledger, group):
            raise KeyError(f"{ledger.name} has no row {group} / {sub}")
        del found.groups[group][sub]
        key = (group, sub)
        if key in found.new:
            found.new.discard(key)
            del found.changed[key]
        else:
            found.changed[key] = None

    def append(self, ledger: LedgerTable, *values: Any) -> None:
        """Add a row to a table that is only added to: its values after `county`, in the order of its columns."""
        self._of[ledger].appended.append((self.county, *values))

    def _group(self, ledger: LedgerTable, group: str) -> Mapping[Any, Row]:
        found = self._of[ledger]
        rows = found.groups.get(group)
        if rows is not None:
            return rows
        if not found.complete:
            raise NotLoaded(ledger.name, group)
        return _NOTHING
