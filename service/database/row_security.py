"""Row security: the floor under the read tables. Whoever asks a question of them sees the rows of one county.

Every question says in its SQL whose rows it is about. Under it lies this: the question is asked as a role of its own,
for which the database itself leaves out what is another county's, whatever the SQL says. The service's own role is not
that role: it owns the tables, follows all counties' logs and is bound by nothing.

    async with rows_of(pool, county) as connection:
        await connection.fetch("SELECT asset FROM asset_register")   # this county's

It is laid under every table of the projections and what is read beside them, by `laying`: after a migration, under the
tables of a rebuild, and at the start where something is missing. Where the role is not there nothing is left out, and
`condition` says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import asyncpg
import structlog

from projections.catalogue import CATALOGUE

if TYPE_CHECKING:
    from projections.engine.writing import Connection

READER_ROLE: Final = "taizhang_reader"
"""Role that questions are asked as. Absent where the migrating user may not create roles."""
COUNTY: Final = "taizhang.county"
"""Setting of a transaction: whose rows its questions see."""
BESIDE: Final = ("event", "paper", "paper_upload", "projection_checkpoint")
"""Tables that questions look at beside the ledgers."""
_WITH_SET: Final = 16
"""First PostgreSQL in which being a member of a role and being allowed to become it are two things."""
_LOCK_SECONDS: Final = 10

log = structlog.get_logger(__name__)


def read_tables() -> list[str]:
    """Every table that questions are asked of."""
    return [*BESIDE, *sorted(ledger.name for one in CATALOGUE.values() for ledger in one.tables)]


def laying(tables: Sequence[str]) -> str:
    """The statement that lays the floor under tables; those that are not there are passed, what lies is left alone."""
    listed = ", ".join(f"'{one}'" for one in tables)
    return f"""
DO $$
DECLARE
    one text;
    place regclass;
    asked boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER_ROLE}');
BEGIN
    FOREACH one IN ARRAY ARRAY[{listed}] LOOP
        place := to_regclass(one);
        CONTINUE WHEN place IS NULL;
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = place AND polname = 'everybody') THEN
            EXECUTE format('CREATE POLICY everybody ON %s USING (true)', place);
        END IF;
        IF asked AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = place AND polname = 'one_county') THEN
            EXECUTE format('CREATE POLICY one_county ON %s AS RESTRICTIVE FOR SELECT TO {READER_ROLE}'
                ' USING (county = current_setting(''{COUNTY}'', true))', place);
        END IF;
        IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = place) THEN
            EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', place);
        END IF;
        IF asked THEN
            EXECUTE format('GRANT SELECT ON %s TO {READER_ROLE}', place);
        END IF;
    END LOOP;
    IF asked AND NOT has_schema_privilege('{READER_ROLE}', current_schema(), 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO {READER_ROLE}', current_schema());
    END IF;
END $$"""


def _becoming(allowed: Literal["MEMBER", "SET"]) -> str:
    """The statement that takes the role for the rest of a transaction, where it is ours and the floor is laid."""
    return (
        f"SELECT set_config('{COUNTY}', $1, true), set_config('role', rolname, true) FROM pg_roles"
        f" WHERE rolname = '{READER_ROLE}' AND pg_has_role(oid, '{allowed}')"
        " AND has_table_privilege(oid, 'projection_checkpoint', 'SELECT')"
    )


_ALLOWED: Final = {False: _becoming("MEMBER"), True: _becoming("SET")}


@asynccontextmanager
async def rows_of(
    pool: asyncpg.Pool,
    county: str,
    isolation: Literal["read_committed", "repeatable_read"] = "read_committed",
) -> AsyncIterator[Connection]:
    """A connection for questions about one county, in one transaction that only reads."""
    async with pool.acquire() as connection, connection.transaction(isolation=isolation, readonly=True):
        await connection.fetchrow(_ALLOWED[connection.get_server_version().major >= _WITH_SET], county)
        yield connection


# ---- whether it lies -------------------------------------------------------------------------------------------------

_ROLE: Final = """
SELECT current_user AS service, r.rolname IS NOT NULL AS there, r.rolsuper OR r.rolbypassrls AS unbound,
    coalesce(pg_has_role(r.oid, '{allowed}'), false) AS ours
FROM (VALUES (0)) AS one LEFT JOIN pg_roles r ON r.rolname = '{role}'"""
_BARE: Final = f"""
SELECT c.relname FROM pg_class c WHERE c.oid = ANY (
    SELECT to_regclass(name) FROM unnest($1::text[]) AS name)
AND NOT (c.relrowsecurity
    AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'everybody')
    AND ($2::boolean IS NOT TRUE OR EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'one_county'
            AND NOT polpermissive)
        AND has_table_privilege((SELECT oid FROM pg_roles WHERE rolname = '{READER_ROLE}'), c.oid, 'SELECT')))
ORDER BY c.relname"""


@dataclass(frozen=True, slots=True)
class RowSecurity:
    """Condition of the floor: whose role asks, and under which read tables it does not lie."""

    service: str
    there: bool
    """Whether the role exists."""
    ours: bool
    """Whether the service may become it."""
    unbound: bool
    """Whether row security does not bind it."""
    bare: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it lies as far as it can here: without the role there is none, and the service works all the same."""
        return not self.bare and not self.unbound

    def in_words(self) -> str:
        """One sentence."""
        if self.bare:
            shown = ", ".join(self.bare[:5])
            return f"does not lie under {len(self.bare)} tables ({shown} …): start the service, as the owner of the tables"
        if self.unbound:
            return f"does not bind {READER_ROLE}: ALTER ROLE {READER_ROLE} NOSUPERUSER NOBYPASSRLS"
        if self.there and self.ours:
            return f"questions are asked as {READER_ROLE}, which sees one county's rows"
        make = "" if self.there else f"CREATE ROLE {READER_ROLE} NOLOGIN; "
        return (
            f"none, {self.service} may not create roles: a superuser runs {make}"
            f'GRANT {READER_ROLE} TO "{self.service}", then start the service again'
        )


async def condition(connection: Any) -> RowSecurity:
    """In what condition the floor is. `connection` as asyncpg opens it."""
    allowed = "SET" if connection.get_server_version().major >= _WITH_SET else "MEMBER"
    row = await connection.fetchrow(_ROLE.format(allowed=allowed, role=READER_ROLE))
    bare = await connection.fetch(_BARE, read_tables(), row["there"])
    return RowSecurity(
        row["service"], row["there"], row["ours"], bool(row["unbound"]), tuple(one["relname"] for one in bare)
    )


async def lay_what_is_missing(pool: asyncpg.Pool) -> None:
    """Lay the floor where it does not lie: the role was made after the tables, or they were restored without it."""
    async with pool.acquire() as connection:
        found = await condition(connection)
        if found.bare:
            try:
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
                    await connection.execute(laying(found.bare))
            except (asyncpg.InsufficientPrivilegeError, asyncpg.LockNotAvailableError) as error:
                log.warning("row_security_not_laid", tables=len(found.bare), reason=str(error))
                return
            log.info("row_security_laid", tables=len(found.bare))
