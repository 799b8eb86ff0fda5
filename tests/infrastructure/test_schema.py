"""A database that is not what the code expects is told so, fact by fact, wherever somebody asks how it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from service.cli import migrations as commands
from service.cli.doctor import CheckResult, examine
from service.database import schema
from service.database.database import open_database
from service.exit_codes import ExitCode
from service.ledgers.projector import ProjectionHalted
from service.settings import Settings
from tests.api.service import running
from tests.infrastructure.conftest import taizhang

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXPECTED = schema.expected_facts()
TABLES = schema.tables_of(EXPECTED)
BREAKING = {
    "table": "DROP TABLE {table} CASCADE",
    "column": "ALTER TABLE {table} DROP COLUMN {name} CASCADE",
    "constraint": "ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE",
    "index": "DROP INDEX {name}",
    "trigger": "DROP TRIGGER {name} ON {table}",
    "grant": "REVOKE ALL ON {table} FROM {name}",
}
ALTERED = [
    ("ALTER TABLE event ALTER body DROP NOT NULL", "column event.body", "is bytea, not bytea NOT NULL"),
    ("ALTER TABLE person ALTER left_on SET NOT NULL", "column person.left_on", "is date NOT NULL, not date"),
    ("ALTER TABLE person ALTER left_on TYPE timestamptz", "column person.left_on", "not date"),
    (
        "ALTER TABLE asset_register ALTER quantity TYPE numeric(14, 2)",
        "column asset_register.quantity",
        "14,3",
    ),
    (
        'ALTER TABLE person ALTER name TYPE varchar COLLATE "POSIX"',
        "column person.name",
        'COLLATE "POSIX" NOT NULL, not',
    ),
    (
        "ALTER TABLE projection_checkpoint ALTER rate DROP DEFAULT",
        "column projection_checkpoint.rate",
        "DEFAULT 0",
    ),
    ("ALTER TABLE event DISABLE TRIGGER event_no_change", "trigger event.event_no_change", "(DISABLED)"),
    ("ALTER TABLE claim ENABLE TRIGGER claim_no_change", "trigger claim.claim_no_change", "(ALWAYS)"),
    (
        "CREATE OR REPLACE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN OLD; END$$",
        "function log_refuse_change",
        "RETURN OLD",
    ),
    (
        "ALTER TABLE unit_rule DROP CONSTRAINT unit_rule_pkey, ADD CONSTRAINT unit_rule_pkey PRIMARY KEY (county, kind)",
        "constraint unit_rule.unit_rule_pkey",
        "is PRIMARY KEY (county, kind), not PRIMARY KEY (county, organization, kind, topic, effective_from)",
    ),
    ("ALTER TABLE asset_duty SET UNLOGGED", "table asset_duty", "unlogged"),
    ("ALTER TABLE log_head ENABLE ROW LEVEL SECURITY", "table log_head", "row security"),
    (f"GRANT DELETE ON event TO {schema.WRITER_ROLE}", f"grant event.{schema.WRITER_ROLE}", "DELETE"),
    ("GRANT UPDATE ON event TO PUBLIC", f"grant event.{schema.WRITER_ROLE}", "UPDATE"),
]
ADDED = [
    ("ALTER TABLE person ADD age integer NOT NULL", "column person.age"),
    ("ALTER TABLE person ADD CHECK (name <> '')", "constraint person.person_name_check"),
    ("CREATE UNIQUE INDEX one_name ON person (name)", "index person.one_name"),
    (
        "CREATE TRIGGER mine BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION log_refuse_change()",
        "trigger event.mine",
    ),
    ("CREATE RULE lost AS ON INSERT TO event DO INSTEAD NOTHING", "rule event.lost"),
]
HARMLESS = [
    "CREATE INDEX my_question ON person (name)",
    "COMMENT ON COLUMN person.name IS 'anything'",
    "ALTER TABLE person SET (fillfactor = 70)",
    "CREATE TABLE of_somebody_else (id integer)",
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a fresh migrated database."""
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def shared(module_database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The same for tests that take back what they do."""
    opened = await asyncpg.connect(module_database_url)
    transaction = opened.transaction()
    await transaction.start()
    yield opened
    await transaction.rollback()
    await opened.close()


async def about(connection: asyncpg.Connection, table: str) -> list[schema.SchemaDifference]:
    """What differs in one table."""
    expected = {subject: fact for subject, fact in EXPECTED.items() if table_of(subject) == table}
    return schema.compared(expected, await schema.facts_of(connection, [table]))


def table_of(subject: str) -> str:
    return subject.partition(" ")[2].partition(".")[0]


async def test_migrated_database_is_as_expected(connection: asyncpg.Connection) -> None:
    assert await schema.differences(connection) == []
    assert len(TABLES) > 40
    assert {kind.partition(" ")[0] for kind in EXPECTED} == {*BREAKING, "function", "role"}


@pytest.mark.parametrize("table", TABLES)
async def test_whatever_is_missing_is_named(shared: asyncpg.Connection, table: str) -> None:
    """Every fact of every table, taken away one at a time."""
    facts = [subject for subject in EXPECTED if table_of(subject) == table]
    assert len(facts) > 2
    for subject in facts:
        kind, _, rest = subject.partition(" ")
        statement = BREAKING[kind].format(table=table, name=rest.partition(".")[2])
        change = shared.transaction()
        await change.start()
        await shared.execute(statement)
        found = {one.subject: one for one in await about(shared, table)}
        assert subject in found, statement
        assert (found[subject].expected, found[subject].found) == (EXPECTED[subject], None)
        assert str(found[subject]).startswith(f"{subject} is missing")
        assert kind != "table" or list(found) == [subject]  # not every column of it as well
        await change.rollback()


@pytest.mark.parametrize(("statement", "subject", "words"), ALTERED)
async def test_whatever_is_altered_is_named(
    shared: asyncpg.Connection, statement: str, subject: str, words: str
) -> None:
    await shared.execute(statement)
    (found,) = await schema.differences(shared)
    assert found.subject == subject
    assert words in str(found)


@pytest.mark.parametrize(("statement", "subject"), ADDED)
async def test_what_does_not_belong_there_is_named(
    shared: asyncpg.Connection, statement: str, subject: str
) -> None:
    await shared.execute(statement)
    (found,) = await schema.differences(shared)
    assert (found.subject, found.expected) == (subject, None)
    assert "does not belong there" in str(found)


@pytest.mark.parametrize("statement", HARMLESS)
async def test_what_is_the_operators_own_is_left_alone(shared: asyncpg.Connection, statement: str) -> None:
    await shared.execute(statement)
    assert await schema.differences(shared) == []


def test_grants_are_not_asked_for_where_there_is_no_role() -> None:
    without = {
        subject: fact for subject, fact in EXPECTED.items() if not subject.startswith(("role", "grant"))
    }
    assert schema.compared(EXPECTED, without) == []
    assert len(schema.compared(EXPECTED, without | {f"role {schema.WRITER_ROLE}": "role"})) > 30


def test_remedy_is_a_rebuild_for_a_ledger_and_the_owner_for_the_rest() -> None:
    ledger = schema.SchemaDifference("column person.left_on", "date", None)
    other = schema.SchemaDifference("trigger event.event_no_change", "CREATE TRIGGER …", None)
    assert schema.remedy([]) == ""
    assert "taizhang projections rebuild directory" in schema.remedy([ledger])
    assert "owner" not in schema.remedy([ledger])
    assert "owner of the tables" in schema.remedy([other])
    assert "rebuild" not in schema.remedy([other])
    assert "and 2 more" in schema.sentence([ledger] * 12)


async def examined(url: str) -> dict[str, CheckResult]:
    """What `taizhang doctor` finds."""
    async with open_database(Settings(database_url=url)) as database:
        return {result.check: result async for result in examine(database)}


async def test_readiness_names_the_difference_until_it_is_mended(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with running(database_url) as service:
        await service.app.state.projector.wait_for("653022", None, await service.head(), 30)
        service.app.state.schema = schema.SchemaWatch(service.pool, seconds=0)
        assert (await service.get("/health/ready", None)).status_code == 200
        await connection.execute("DROP INDEX event_type_position_idx")
        answer = await service.get("/health/ready", None)
        assert answer.status_code == 503
        told: dict[str, Any] = answer.json()
        assert told["status"] == "unavailable"
        (difference,) = told["checks"]["schema"]["differences"]
        assert "index event.event_type_position_idx is missing" in difference
        assert "owner of the tables" in told["checks"]["schema"]["remedy"]
        await connection.execute("CREATE INDEX event_type_position_idx ON event (county, type, position)")
        assert (await service.get("/health/ready", None)).status_code == 200


async def test_halted_ledger_is_told_by_readiness_and_doctor(
    database_url: str, connection: asyncpg.Connection
) -> None:
    """Answering requests is not enough: a ledger that does not fill is no service."""
    async with running(database_url) as service:
        projector = service.app.state.projector
        await projector.wait_for("653022", None, await service.head(), 30)
        service.app.state.schema = schema.SchemaWatch(service.pool, seconds=0)
        await connection.execute("ALTER TABLE person DROP COLUMN left_on")
        await service.person("COUNTY_GOV")
        with pytest.raises(ProjectionHalted):
            await projector.wait_for("653022", ["directory"], await service.head(), 30)
        answer = await service.get("/health/ready", None)
        assert answer.status_code == 503
        (directory,) = [one for one in answer.json()["checks"]["projections"] if not one["healthy"]]
        assert (directory["projection"], directory["state"]) == ("directory", "HALTED")
        checks = await examined(database_url)
        assert not checks["ledgers 653022"].ok
        assert "directory is halted at event" in checks["ledgers 653022"].found
        assert 'column "left_on" does not exist' in checks["ledgers 653022"].found
        await connection.execute("ALTER TABLE person ADD COLUMN left_on date")
        assert (await service.get("/health/ready", None)).status_code == 503  # it is halted all the same
        checks = await examined(database_url)
        assert checks["schema"].ok
        assert not checks["ledgers 653022"].ok


async def test_doctor_tells_ledgers_that_stand_still_from_a_service_that_does_not_run(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with running(database_url) as service:
        await service.app.state.projector.wait_for("653022", None, await service.head(), 30)
        assert (await examined(database_url))["ledgers 653022"].ok
    await connection.execute("UPDATE projection_checkpoint SET position = position - 1")
    told = (await examined(database_url))["ledgers 653022"]
    assert (told.ok, "no service is at work" in told.found) == (True, True)
    await connection.execute(
        "UPDATE projection_checkpoint SET lease_until = now() + interval '5 seconds', holder = 'somebody',"
        " updated_at = now() - interval '1 minute'"
    )
    await connection.execute(
        "ALTER TABLE event DISABLE TRIGGER USER; UPDATE event SET recorded_at = now() - interval '1 minute';"
        "ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_change"
    )
    told = (await examined(database_url))["ledgers 653022"]
    assert not told.ok
    assert "asset_register stands still at" in told.found


async def test_watch_looks_at_the_database_again_after_its_time_only(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(schema, "monotonic", lambda: now)
    watch = schema.SchemaWatch(pool, seconds=5)
    assert await watch.differences() == []
    await pool.execute("ALTER TABLE person ADD age integer")
    now = 104.9
    assert await watch.differences() == []
    now = 105.0
    assert [one.subject for one in await watch.differences()] == ["column person.age"]


async def test_commands_name_the_difference(
    database_url: str, connection: asyncpg.Connection, environment: dict[str, str]
) -> None:
    environment = {**environment, "TAIZHANG_DATABASE_URL": database_url}
    await connection.execute("DROP TRIGGER event_no_change ON event; ALTER TABLE person DROP COLUMN left_on")
    for command in (["migrations", "check"], ["migrations", "upgrade"]):
        done = taizhang(*command, environment=environment)
        assert done.returncode == ExitCode.REFUSED
        assert done.stderr.count("\n") == 1
        assert "column person.left_on is missing (date)" in done.stderr
        assert "trigger event.event_no_change is missing (CREATE TRIGGER" in done.stderr
        assert "taizhang projections rebuild directory" in done.stderr
    assert taizhang("migrations", "check", "--code", environment=environment).returncode == ExitCode.OK
    told = taizhang("doctor", "--json", environment=environment)
    checks = {check["check"]: check for check in json.loads(told.stdout)["checks"]}
    assert not checks["schema"]["ok"]
    assert "column person.left_on is missing" in checks["schema"]["found"]
    assert not checks["append-only log"]["ok"]
    assert "event_no_change" in checks["append-only log"]["found"]


async def test_file_that_lags_behind_the_migrations_is_found(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a migration without `taizhang migrations record` leaves behind; and a migration edited afterwards."""
    lagging = {
        subject: fact for subject, fact in EXPECTED.items() if subject != "column departure_case.due_on"
    }
    monkeypatch.setattr(schema, "expected_facts", lambda: lagging)
    (found,) = await commands.code_differences(empty_database_url)
    assert "column departure_case.due_on does not belong there" in found
    assert "taizhang migrations record" in found


def test_file_is_read_as_it_was_written() -> None:
    assert schema.parse(schema.written(EXPECTED)) == EXPECTED
