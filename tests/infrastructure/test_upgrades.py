"""Counties that earlier versions wrote go on under the present code, whatever their migrations looked like then."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from projections.catalogue import CATALOGUE
from service.cli.doctor import DURABLE, examine
from service.cli.migrations import TABLES, table_differences
from service.commands.founding import activate
from service.database import migrate, schema
from service.database.database import open_database
from service.identity import tables as identity_tables
from service.ledgers.rebuild.workers import rebuild
from service.log import reading_tables
from service.paper import tables as paper_tables
from service.personal import tables as personal_tables
from service.settings import Settings
from tests.api.bodies import TOWNSHIP
from tests.api.departure.departing import departure
from tests.api.service import COUNTY, Service, running
from tests.infrastructure.upgrades import COUNTIES, restore
from tests.projections.contents import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WRITTEN_TO = {name for name in COUNTIES if not name.startswith(("0001", "0002"))}
"""Those whose version could start: its evaluator of the regulation came with the third revision."""
LATE_OF_ALL = importlib.import_module("migrations.versions.0031_business_time_of_all")
LATE_EVENTS = importlib.import_module("migrations.versions.0022_late_events")
YOUNGER = {
    "revitalisation": ("revitalisation_case",),
    "paper_namings": ("paper_naming",),
    "income_sub_accounts": ("income_posting",),
    "income_plans": ("income_plan",),
    "maintenance_expenses": ("maintenance_expense",),
    "cost_guarantees": ("cost_guarantee",),
    "incentives": ("annual_result",),
    "proceeds_pool": ("proceeds_receipt", "proceeds_allocation"),
    "relief_plans": ("relief_plan",),
    "public_welfare_posts": ("public_welfare_post",),
    "on_behalf": ("on_behalf_record", "on_behalf_confirmation"),
    "risk_covers": ("risk_cover",),
}
"""Ledgers that were made after 0013, with their tables."""
AS_LINES = f"""
CREATE TEMPORARY TABLE mention AS SELECT * FROM asset_mention;
CREATE TEMPORARY TABLE reached AS SELECT * FROM projection_checkpoint WHERE projection = 'asset_timeline';
{importlib.import_module("migrations.versions.0035_asset_mentions").BEFORE}
INSERT INTO asset_timeline
SELECT e.county, n.asset, e.stream, e.version, e.type, e.occurred_on, e.recorded_at, '', NULL, 0,
    jsonb_array_length(convert_from(e.body, 'UTF8')::jsonb -> 'basis' -> 'findings'), e.position
FROM event e JOIN (SELECT county, position, substr(stream, strpos(stream, '-') + 1) AS asset FROM event
    WHERE stream ~ '^(household_)?asset-' UNION ALL SELECT county, position, asset FROM mention) n USING (county, position);
INSERT INTO projection_checkpoint SELECT * FROM reached;
UPDATE projection_checkpoint SET version = 1 WHERE projection = 'asset_timeline'"""
"""The timeline as it was until 0035: a line per event of an asset."""
HALTED = "0012-914b162-a76205a"
"""The county whose ledgers stood still: it had run the first form of 0002."""

FILLED_AGAIN = {
    "asset_register", "custody_ledger", "external_entries", "fund_ledger", "household_register", "income_ledger", "notice_board",
    "unit_duties",
}  # fmt: skip
"""Ledgers that a revision after 0013 empties: they fill themselves again."""


async def log_of(connection: asyncpg.Connection) -> list[Any]:
    """Every stored event, byte for byte."""
    rows = await connection.fetch(
        "SELECT position, recorded_at, body, leaf FROM event ORDER BY county, position"
    )
    return [tuple(row) for row in rows]


@pytest.fixture
async def connection(empty_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to this test's database."""
    opened = await asyncpg.connect(empty_database_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize("name", COUNTIES)
async def test_county_of_an_earlier_version_goes_on(
    name: str, empty_database_url: str, connection: asyncpg.Connection
) -> None:
    url = empty_database_url
    await restore(url, name)
    before = await log_of(connection)
    assert bool(before) == (name in WRITTEN_TO)
    assert await migrate.upgrade(url) == (name[:4], migrate.head())
    assert await migrate.upgrade(url) == (migrate.head(), migrate.head())
    assert await structure(url) == []
    async with running(url) as service:
        await activate(service.app.state.context, COUNTY)
        await follow(service)
        assert (await log_of(connection))[: len(before)] == before
        await sound(service)
        await ledgers_equal(url)
        await in_order(url)
        await goes_on(service)
        await sound(service)
        await ledgers_equal(url)


async def test_ledgers_that_stood_still_had_the_cause_that_is_mended(
    empty_database_url: str, connection: asyncpg.Connection
) -> None:
    """The fixture holds the fault, or the test above shows nothing."""
    await restore(empty_database_url, HALTED)
    head = await connection.fetchval("SELECT position FROM log_head")
    positions = await connection.fetch("SELECT position FROM projection_checkpoint")
    assert len(positions) == len(CATALOGUE) - len(YOUNGER)
    assert {row["position"] for row in positions} == {head - 1}
    columns = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'person'::regclass AND attnum > 0"
    )
    assert "clearance" not in {row["attname"] for row in columns}


async def test_mending_a_mended_county_changes_nothing(
    empty_database_url: str, connection: asyncpg.Connection
) -> None:
    """Whoever put the columns there by hand, and whoever runs it twice, keeps rows and checkpoints."""
    await restore(empty_database_url, HALTED)
    await migrate.upgrade(empty_database_url)
    async with running(empty_database_url) as service:
        await follow(service)
    later = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        " AND (tablename LIKE 'webhook%' OR tablename = ANY($1::text[]))",
        [
            *identity_tables.metadata.tables,
            *reading_tables.metadata.tables,
            *personal_tables.metadata.tables,
            *paper_tables.metadata.tables,
            "late_event",
            "event_feed",
            "projection_rebuild_range",
            *itertools.chain(*YOUNGER.values()),
        ],
    )
    await connection.execute("DELETE FROM projection_checkpoint WHERE projection = ANY($1)", list(YOUNGER))
    older = set(CATALOGUE) - set(YOUNGER)
    filled = await rows_of(connection, older)
    await connection.execute(AS_LINES)
    for row in later:
        await connection.execute(f"DROP TABLE {row['tablename']} CASCADE")
    await connection.execute("ALTER TABLE log_head DROP COLUMN digest")
    await connection.execute("ALTER TABLE household_register DROP COLUMN householder")
    await connection.execute("ALTER TABLE asset_register DROP COLUMN imported_history")
    await connection.execute("ALTER TABLE asset_register DROP COLUMN settled_on")
    await connection.execute("ALTER TABLE income_ledger DROP COLUMN imported_from")
    for column in ("addresses", "replaces", "last_used_at", "last_used_from"):
        await connection.execute(f"ALTER TABLE credential DROP COLUMN {column}")
    await connection.execute("UPDATE alembic_version SET version_num = '0013'")
    assert await migrate.upgrade(empty_database_url) == ("0013", migrate.head())
    kept = await connection.fetch("SELECT projection FROM projection_checkpoint")
    late = await connection.fetchval("SELECT count(*) FROM late_event WHERE stream LIKE 'asset-%'")
    again = set(FILLED_AGAIN)  # and those of 0022 and 0031 where something is late
    again |= set(LATE_EVENTS.LEDGERS) if late else set()
    others = await connection.fetchval("SELECT count(*) FROM late_event WHERE stream NOT LIKE 'asset-%'")
    again |= set(LATE_OF_ALL.LEDGERS) if others else set()
    assert {row["projection"] for row in kept} == older - again
    there = await rows_of(connection, older)
    assert {name: there[name] for name in older - again} == {name: filled[name] for name in older - again}
    assert sum(there[name] for name in older - again) > 100
    assert await structure(empty_database_url) == []


async def rows_of(connection: asyncpg.Connection, projections: Iterable[str]) -> dict[str, int]:
    """How many rows each ledger has."""
    return {
        name: sum(
            [await connection.fetchval(f"SELECT count(*) FROM {one.name}") for one in CATALOGUE[name].tables]
        )
        for name in projections
    }


async def structure(url: str) -> list[str]:
    """How the tables differ from what the code expects, and from a fresh database; comments too."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        found = await connection.run_sync(table_differences, TABLES)
    await engine.dispose()
    opened = await asyncpg.connect(url)
    found += map(str, await schema.differences(opened))
    await opened.close()
    return found


async def follow(service: Service) -> None:
    """Every ledger shows the whole log."""
    await service.app.state.projector.wait_for(COUNTY, None, await service.head(), 60)


async def sound(service: Service) -> None:
    """`taizhang verify --thorough`."""
    verified = await service.app.state.context.store.verify(COUNTY, thorough=True)
    assert verified.problem is None
    assert verified.position == await service.head()


async def ledgers_equal(url: str) -> None:
    """`taizhang projections verify`."""
    outcomes = await rebuild(url, list(CATALOGUE.values()), swap=False, processes=1)
    assert [one.differences for one in outcomes if not one.equal] == []


async def in_order(url: str) -> None:
    """`taizhang doctor`, but for the durability that the test server does without."""
    async with open_database(Settings(database_url=url)) as database:
        findings = [finding async for finding in examine(database)]
    assert [one for one in findings if not one.ok and one.check not in DURABLE] == []


async def goes_on(service: Service) -> None:
    """New commands on new and old aggregates are accepted, and the mended ledgers show them."""
    leaving = await departure(service, 1)
    case = await leaving.open()
    rule = {"topic": "USE", "title": "使用办法", "documentNo": "乡〔2021〕1号", "effectiveFrom": "2021-08-01"}
    await service.write(f"/v1/organizations/{TOWNSHIP}/rules", {"rule": rule}, "clerk")
    await follow(service)
    shown = await service.read(f"/v1/departures/{case['id']}", "personnel")
    assert shown["resource"]["progress"]["lines"] == 1
    await until(lambda: ready(service))  # a busy machine may be late to renew a lease


async def ready(service: Service) -> bool:
    """What a load balancer is told."""
    return (await service.get("/health/ready", None)).status_code == 200
