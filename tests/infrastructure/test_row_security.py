"""The floor under the read tables: what is another county's is left out by the database, whatever a question's SQL says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from projections.catalogue import CATALOGUE
from service.database import row_security
from service.database.migrate import upgrade
from service.database.row_security import READER_ROLE, condition, lay_what_is_missing, rows_of
from service.ledgers.rebuild import shadow_tables

LEDGERS = {ledger.name for one in CATALOGUE.values() for ledger in one.tables}
BESIDE = {"event", "paper", "paper_upload", "projection_checkpoint"}
OURS, OTHER = "653022", "653023"


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_floor_lies_under_every_table_of_the_projections(owner: asyncpg.Connection) -> None:
    """Every table that has a county and is a ledger's: found in the database, not in the list that lays it."""
    rows = await owner.fetch(
        "SELECT c.relname, c.relrowsecurity, has_table_privilege($1, c.oid, 'SELECT') AS asked,"
        " (SELECT array_agg(polname::text ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies,"
        " (SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = c.oid AND NOT polpermissive"
        "    AND polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = $1)]) AS floor"
        " FROM pg_class c WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
        READER_ROLE,
    )
    found = {row["relname"]: row for row in rows}
    assert found.keys() >= LEDGERS | BESIDE
    for name in LEDGERS | BESIDE:
        row = found[name]
        assert row["relrowsecurity"], name
        assert row["asked"], name
        assert row["policies"] == ["everybody", "one_county"], name
        assert row["floor"].count("taizhang.county") == 1, name
        assert "county" in row["floor"].partition("=")[0], name
    others = {name for name, row in found.items() if row["asked"]} - LEDGERS - BESIDE
    assert others == set(), "and it reads nothing else"
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = $1", READER_ROLE)
    assert role is not None
    assert not any((role["rolsuper"], role["rolbypassrls"], role["rolcanlogin"]))


async def test_question_without_its_predicate_sees_one_county_alone(
    pool: asyncpg.Pool, owner: asyncpg.Connection
) -> None:
    """In every ledger: the WHERE clause is gone, and the rows of the other county do not come."""
    await a_row_in_each(owner)
    for county in (OURS, OTHER):
        async with rows_of(pool, county) as connection:
            for name in sorted(LEDGERS | BESIDE):
                seen = await connection.fetch(f"SELECT DISTINCT county FROM {name}")
                assert [row["county"] for row in seen] == [county], name
    for name in sorted(LEDGERS | BESIDE):
        assert await owner.fetchval(f"SELECT count(DISTINCT county) FROM {name}") == 2, name


async def test_question_changes_nothing_and_a_connection_forgets_whose_it_was(
    pool: asyncpg.Pool, owner: asyncpg.Connection
) -> None:
    await a_row_in_each(owner)
    async with rows_of(pool, OURS) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute("SELECT count(*) FROM personal_key")
    async with asyncpg.create_pool(dsn_of(pool), min_size=1, max_size=1) as one:
        async with rows_of(one, OURS) as connection:
            assert await connection.fetchval("SELECT current_user") == READER_ROLE
        assert await one.fetchval("SELECT current_user") != READER_ROLE
        assert await one.fetchval("SELECT count(DISTINCT county) FROM asset_register") == 2
        async with rows_of(one, OTHER) as connection:
            assert await connection.fetchval("SELECT min(county) FROM asset_register") == OTHER
        async with one.acquire() as connection, connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {READER_ROLE}")
            assert await connection.fetchval("SELECT count(*) FROM asset_register") == 0, "of no county, none"


async def test_tables_of_a_rebuild_have_the_floor_before_they_take_their_place(
    owner: asyncpg.Connection,
) -> None:
    projection = CATALOGUE["household_register"]
    await shadow_tables.create(owner, projection)
    for ledger in projection.tables:
        policies = await owner.fetch(
            "SELECT polname FROM pg_policy WHERE polrelid = $1::text::regclass ORDER BY polname",
            f"ledger_shadow.{ledger.name}",
        )
        assert [row["polname"] for row in policies] == ["everybody", "one_county"]
        assert await owner.fetchval(
            "SELECT has_table_privilege($1, $2::text, 'SELECT')", READER_ROLE, f"ledger_shadow.{ledger.name}"
        )


async def test_floor_that_is_gone_is_told_and_laid_again_at_the_start(
    pool: asyncpg.Pool, owner: asyncpg.Connection
) -> None:
    assert (await condition(owner)).ok
    assert (
        await condition(owner)
    ).in_words() == f"questions are asked as {READER_ROLE}, which sees one county's rows"
    await owner.execute("DROP POLICY one_county ON asset_register")
    await owner.execute("ALTER TABLE household_register DISABLE ROW LEVEL SECURITY")
    found = await condition(owner)
    assert (found.ok, found.bare) == (False, ("asset_register", "household_register"))
    assert "does not lie under 2 tables" in found.in_words()
    await lay_what_is_missing(pool)
    assert (await condition(owner)).ok


async def test_role_that_may_not_create_roles_is_served_without_a_floor_and_told_how_to_get_one(
    empty_database_url: str, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another name of the role: that of the other tests is the server's, and there already."""
    reader, service = f"reader_{name_of(empty_database_url)}", f"service_{name_of(empty_database_url)}"
    monkeypatch.setattr(row_security, "READER_ROLE", reader)
    words = ((False, "MEMBER"), (True, "SET"))
    monkeypatch.setattr(row_security, "_ALLOWED", {one: row_security._becoming(word) for one, word in words})
    monkeypatch.setattr(row_security, "_BARE", row_security._BARE.replace(READER_ROLE, reader))
    await owner.execute(f'CREATE ROLE "{service}" LOGIN')
    await owner.execute(f'ALTER DATABASE "{name_of(empty_database_url)}" OWNER TO "{service}"')
    url = empty_database_url.replace("postgres@", f"{service}@")
    assert service in url
    try:
        await upgrade(url)
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            await a_row_in_each(pool)
            async with pool.acquire() as connection:
                told = await condition(connection)
            assert told.ok
            statement = f'CREATE ROLE {reader} NOLOGIN; GRANT {reader} TO "{service}"'
            assert statement in told.in_words()
            async with rows_of(pool, OURS) as connection:
                assert await connection.fetchval("SELECT current_user") == service
                assert (
                    await connection.fetchval("SELECT count(*) FROM asset_register WHERE county = $1", OURS)
                    == 1
                )
            await owner.execute(statement)
            async with rows_of(pool, OURS) as connection:
                assert await connection.fetchval("SELECT current_user") == service, "it is not laid yet"
            await lay_what_is_missing(pool)
            async with rows_of(pool, OURS) as connection:
                assert await connection.fetchval("SELECT current_user") == reader
                assert await connection.fetchval("SELECT count(*) FROM asset_register") == 1
            async with pool.acquire() as connection:
                assert (await condition(connection)).in_words().startswith("questions are asked as")
            assert await pool.fetchval("SELECT count(*) FROM asset_register") == 2, (
                "the owner writes as before"
            )
    finally:
        async with asyncpg.create_pool(empty_database_url, min_size=1, max_size=1) as theirs:
            await theirs.execute(f'REASSIGN OWNED BY "{service}" TO postgres; DROP OWNED BY "{service}"')
            if await theirs.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", reader):
                await theirs.execute(f"DROP OWNED BY {reader}; DROP ROLE {reader}")
            await theirs.execute(f'DROP ROLE "{service}"')


async def a_row_in_each(connection: asyncpg.Connection | asyncpg.Pool) -> None:
    """A row of two counties in every table that questions are asked of, whatever stands in it."""
    for name in sorted(LEDGERS | BESIDE, key=lambda one: (one == "paper_upload", one)):
        columns = await connection.fetch(
            "SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute"
            " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull",
            name,
        )
        for county in (OURS, OTHER):
            values = ", ".join(
                f"'{county}'" if one["attname"] == "county" else ANY_VALUE[one["type"]] for one in columns
            )
            names = ", ".join(one["attname"] for one in columns)
            await connection.execute(f"INSERT INTO {name} ({names}) VALUES ({values})")


ANY_VALUE = {
    "character varying": "'x'",
    "text": "'x'",
    "text[]": "'{}'",
    "bigint": "1",
    "integer": "1",
    "numeric": "1",
    "boolean": "true",
    "date": "DATE '2021-01-01'",
    "timestamp with time zone": "TIMESTAMPTZ '2021-01-01'",
    "jsonb": "'[]'",
    "bytea": "decode(repeat('00', 32), 'hex')",
}


def name_of(url: str) -> str:
    return urlsplit(url).path.strip("/")


def dsn_of(pool: asyncpg.Pool) -> str:
    return str(pool._connect_args[0])
