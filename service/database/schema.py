"""The schema as this version expects it, fact by fact, and in what a real database differs from it.

A revision number says what was run; facts say what is there. A fact is a line of `migrations/schema.txt`: what it is
about, and PostgreSQL's own words for it.

    column event.body: bytea NOT NULL
    trigger event.event_no_truncate: CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event … (ALWAYS)

`taizhang migrations record` writes the file from a freshly migrated database. Comments, the order of columns and the
storage of tables are not facts; indexes an operator adds for questions of his own are his.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from time import monotonic
from typing import Any, Final

import structlog

from projections.catalogue import CATALOGUE

log = structlog.get_logger(__name__)

WRITER_ROLE: Final = "taizhang_writer"
"""Role that may add to the log and nothing else. Absent where the migrating user may not create roles."""

FILE: Final = "schema.txt"
"""In the package `migrations`."""

LOOK_EVERY_SECONDS: Final = 5.0
"""A look costs the database some 20 ms; health is asked for by several monitors a second."""

SHOWN: Final = 10
"""Differences that a sentence names; the rest it counts."""

_FACTS: Final = r"""
WITH ours AS (
    SELECT oid, relname AS name, relkind, relpersistence, relrowsecurity
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = ANY($1::text[])
)
SELECT 'table ' || name,
    CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' ELSE 'of kind ' || relkind::text END
    || CASE relpersistence WHEN 'u' THEN ', unlogged' ELSE '' END
    || CASE WHEN relrowsecurity THEN ', with row security' ELSE '' END
FROM ours
UNION ALL
SELECT 'column ' || name || '.' || attname,
    format_type(atttypid, atttypmod)
    || CASE WHEN attcollation <> typcollation THEN ' COLLATE "' || collname || '"' ELSE '' END
    || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce(CASE attgenerated WHEN '' THEN ' DEFAULT ' ELSE ' GENERATED AS ' END || pg_get_expr(adbin, adrelid), '')
    || CASE attidentity WHEN '' THEN '' ELSE ' GENERATED AS IDENTITY' END
FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
JOIN pg_type t ON t.oid = atttypid LEFT JOIN pg_collation c ON c.oid = attcollation
LEFT JOIN pg_attrdef ON adrelid = ours.oid AND adnum = attnum
UNION ALL
SELECT 'constraint ' || name || '.' || conname, pg_get_constraintdef(c.oid, true)
FROM ours JOIN pg_constraint c ON conrelid = ours.oid AND contype IN ('p', 'u', 'f', 'c', 'x')
UNION ALL
SELECT 'index ' || name || '.' || relname,
    pg_get_indexdef(indexrelid, 0, true) || CASE WHEN indisvalid THEN '' ELSE ' (INVALID)' END
FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class i ON i.oid = indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'trigger ' || name || '.' || tgname, pg_get_triggerdef(t.oid, true)
    || CASE tgenabled WHEN 'A' THEN ' (ALWAYS)' WHEN 'D' THEN ' (DISABLED)' WHEN 'R' THEN ' (REPLICA ONLY)' ELSE '' END
FROM ours JOIN pg_trigger t ON tgrelid = ours.oid AND NOT tgisinternal
UNION ALL
SELECT DISTINCT 'function ' || proname, btrim(regexp_replace(prosrc, '\s+', ' ', 'g'))
FROM ours JOIN pg_trigger ON tgrelid = ours.oid AND NOT tgisinternal JOIN pg_proc p ON p.oid = tgfoid
UNION ALL
SELECT 'rule ' || name || '.' || rulename, pg_get_ruledef(r.oid, true)
FROM ours JOIN pg_rewrite r ON ev_class = ours.oid AND rulename <> '_RETURN'
UNION ALL
SELECT 'role ' || rolname, 'role' FROM pg_roles WHERE rolname = $2::text
UNION ALL
SELECT 'grant ' || name || '.' || rolname, string_agg(allowed, ', ' ORDER BY place)
FROM ours JOIN pg_roles r ON rolname = $2::text,
    unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) WITH ORDINALITY AS one (allowed, place)
WHERE has_table_privilege(r.oid, ours.oid, allowed) GROUP BY name, rolname
"""

_ROLE: Final = f"role {WRITER_ROLE}"
_PLAIN_INDEX: Final = "CREATE INDEX "


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """One fact that is otherwise in the database than this version expects."""

    subject: str
    """`column person.clearance`"""
    expected: str | None
    """None: the database has something that should not be there."""
    found: str | None
    """None: it is missing."""

    @property
    def table(self) -> str:
        """The table it is about; of a function, the function."""
        return self.subject.partition(" ")[2].partition(".")[0]

    @property
    def ledger(self) -> str | None:
        """The projection whose table it is about; None for the log and what lies beside it."""
        return _ledgers().get(self.table)

    @property
    def guards_the_log(self) -> bool:
        """Whether it is one of the triggers that keep the log append-only, or what they call."""
        return self.expected is not None and self.subject.startswith(("trigger ", "function "))

    def __str__(self) -> str:
        if self.found is None and self.subject.startswith("table "):
            return f"{self.subject} is missing"
        if self.found is None:
            return f"{self.subject} is missing ({self.expected})"
        if self.expected is None:
            return f"{self.subject} does not belong there ({self.found})"
        return f"{self.subject} is {self.found}, not {self.expected}"


@cache
def expected_facts() -> Mapping[str, str]:
    """The facts of `migrations/schema.txt`, by subject."""
    return parse((resources.files("migrations") / FILE).read_text("utf-8"))


def parse(text: str) -> dict[str, str]:
    """Facts from the lines of a file."""
    lines = (line.partition(": ") for line in text.splitlines())
    return {subject: definition for subject, _, definition in lines}


def written(facts: Mapping[str, str]) -> str:
    """Facts as lines, table by table in a fixed order."""
    return "".join(f"{subject}: {definition}\n" for subject, definition in sorted(facts.items(), key=_place))


async def facts_of(connection: Any, tables: Iterable[str]) -> dict[str, str]:
    """What the database knows of these tables. `connection` as asyncpg opens it, or a pool."""
    rows = await connection.fetch(_FACTS, list(tables), WRITER_ROLE)
    return dict(rows)


async def differences(connection: Any) -> list[SchemaDifference]:
    """In what the database at the other end differs from what this version expects; empty if in nothing."""
    expected = expected_facts()
    return compared(expected, await facts_of(connection, tables_of(expected)))


def tables_of(facts: Mapping[str, str]) -> list[str]:
    """The tables that facts are about."""
    return [subject.removeprefix("table ") for subject in facts if subject.startswith("table ")]


def compared(expected: Mapping[str, str], found: Mapping[str, str]) -> list[SchemaDifference]:
    """What differs, in the order of the file. Of a missing table only that it is missing."""
    missing = {name for name in tables_of(expected) if f"table {name}" not in found}
    differing = [
        SchemaDifference(subject, expected.get(subject), found.get(subject))
        for subject in expected.keys() | found.keys()
        if expected.get(subject) != found.get(subject)
    ]
    told = [one for one in differing if _matters(one, missing, role=_ROLE in found)]
    return sorted(told, key=lambda one: _place((one.subject, "")))


def _matters(one: SchemaDifference, missing: set[str], *, role: bool) -> bool:
    kind = one.subject.partition(" ")[0]
    if kind == "role":
        return False  # of the server, not of this database
    if kind == "grant" and not role:
        return False
    if kind == "index" and one.expected is None:
        return one.found is not None and not one.found.startswith(_PLAIN_INDEX)
    return kind == "table" or one.table not in missing


@cache
def _ledgers() -> Mapping[str, str]:
    """Table → projection."""
    return {ledger.name: name for name, one in CATALOGUE.items() for ledger in one.tables}


def remedy(differing: Iterable[SchemaDifference]) -> str:
    """What whoever runs the service can do about differences, in one or two sentences."""
    names = {one.ledger for one in differing}
    ledgers = sorted(name for name in names if name is not None)
    told = []
    if ledgers:
        commands = ", ".join(f"`taizhang projections rebuild {name}`" for name in ledgers)
        told.append(f"Ledgers are made anew from the log: {commands}.")
    if None in names:
        told.append(
            "What is no ledger the owner of the tables puts back as it is told here (the statements are in migrations/),"
            " or a backup is restored."
        )
    return " ".join(told)


def sentence(differing: Sequence[SchemaDifference]) -> str:
    """What differs, and what to do about it."""
    told = [str(one) for one in differing[:SHOWN]]
    if len(differing) > SHOWN:
        told.append(f"and {len(differing) - SHOWN} more")
    return f"The database is not what this version expects: {'; '.join(told)}. {remedy(differing)}"


class SchemaWatch:
    """Looks at a running service's database again and again: what it was once it need not be for ever."""

    def __init__(self, pool: Any, seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._pool = pool
        self._seconds = seconds
        self._next = 0.0
        self._found: list[SchemaDifference] = []

    async def differences(self) -> list[SchemaDifference]:
        """In what the database differed when it was last looked at; changes are logged."""
        if monotonic() >= self._next:
            found = await differences(self._pool)
            if found != self._found:
                log.error(
                    "schema_differs" if found else "schema_mended", reason=sentence(found) if found else None
                )
            self._found, self._next = found, monotonic() + self._seconds
        return self._found


_KINDS: Final = ("table", "column", "constraint", "index", "trigger", "rule", "grant", "role", "function")


def _place(fact: tuple[str, str]) -> tuple[bool, str, int, str]:
    kind, _, name = fact[0].partition(" ")
    return kind in {"function", "role"}, name.partition(".")[0], _KINDS.index(kind), name
