"""`taizhang doctor`: is the database reachable, durable, in the right schema; exit 1 if a check fails."""

from __future__ import annotations

import platform
import shutil
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import typer
from asyncpg import Connection
from asyncpg.pool import PoolConnectionProxy
from rich.console import Console
from rich.table import Table

from domain.regulation import Regulation, RegulationInvalid
from domain.regulation.legal_clock import announced_year
from service.algorithms.chosen import ChosenAlgorithms
from service.cli.stores import reading_store
from service.clock import MOST_BEHIND_SECONDS, county_day, utc_now
from service.commands.commands import CommandContext
from service.commands.key_units import kept_contradictions
from service.commands.policy_data import counties_of, read_county
from service.database import migrate, schema
from service.database.database import Database, open_database
from service.database.row_security import condition as condition_of_rows
from service.exit_codes import CommandFailed
from service.identity.oidc.issuer import Issuer
from service.identity.oidc.provider import Provider
from service.identity.oidc.trouble import ProviderTrouble
from service.ledgers.clearing_up import KeptFor
from service.ledgers.projector import Projector
from service.ledgers.rebuild.previous import kept_tables
from service.log.ends import ends_of
from service.log.late_events import late_event_that_differs
from service.log.signing_keys import SigningKeys, folder_of, log_problems
from service.paper.archive import PaperArchive
from service.paper.checking import condition_of, lost
from service.paper.settled import bounds_of, place_of
from service.personal.condition import condition
from service.personal.keys import masters_of
from service.settings import Settings
from service.shares import DEFAULT_CONNECTIONS, LEAST_CONNECTIONS, LEFT_FOR_TOOLS, shared_out
from service.terminal import Terminal
from service.version import installed_version

Session: TypeAlias = "Connection[Any] | PoolConnectionProxy[Any]"

app = typer.Typer(help="Check database, settings and migrations.")

MOST_SKEW_SECONDS = 5.0
LEAST_FREE_BYTES = 1 << 30
OVERDUE = timedelta(days=7)
"""How long replaced ledgers may wait for a service to remove them."""
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check."""

    check: str
    ok: bool
    found: str


@app.callback(invoke_without_command=True)
def doctor(ctx: typer.Context) -> None:
    """Check database, settings and migrations; change nothing (an embedded database is started for it)."""
    terminal: Terminal = ctx.obj
    findings = terminal.run(_examine(terminal))
    bad = [finding.check for finding in findings if not finding.ok]
    terminal.emit(
        {"ok": not bad, "checks": [asdict(finding) for finding in findings]}, lambda to: _show(to, findings)
    )
    if bad:
        raise CommandFailed(f"Not in order: {', '.join(bad)}.")


async def _examine(terminal: Terminal) -> list[CheckResult]:
    async with open_database(terminal.settings, announce=terminal.note) as database:
        keys = folder_of(terminal.settings, database)
        connections = terminal.settings.database_connections
        chosen = terminal.settings.chosen_algorithms
        masters = masters_of(terminal.settings, keys)
        kept = KeptFor.from_settings(terminal.settings)
        served = counties_of(terminal.settings)
        examined = examine(database, keys, connections, chosen, masters, kept, served)
        found = [finding async for finding in examined]
        if await _readable(database):
            found += await papers(database, terminal.settings, keys)
        return found + policies(terminal.settings) + await identity_provider(terminal.settings)


async def papers(database: Database, settings: Settings, keys: Path) -> list[CheckResult]:
    """Per county, whether the papers of the document store lie there and were intact when they were read last."""
    place = place_of(settings, database, keys)
    archive = PaperArchive(database.pool, place, masters_of(settings, keys), utc_now, bounds_of(settings))
    results = []
    for county in await reading_store(database).counties():
        there = await condition_of(archive, county)
        gone = {one.sha256 for one in await lost(archive, county)}
        told = f"{there.papers} papers, {there.bytes >> 20} MB in {place.described}; {there.not_kept} named and never uploaded"
        if there.forgotten:
            told = f"{told}; {there.forgotten} forgotten with their persons"
        if gone or there.missing or there.altered:
            told = f"{max(len(gone), there.missing)} lost, {there.altered} altered of {told}: taizhang papers missing"
        results.append(CheckResult(f"papers {county}", not (gone or there.missing or there.altered), told))
    return results


async def identity_provider(settings: Settings) -> list[CheckResult]:
    """Whether the identity provider answers, and what it says can be used; nothing where the settings name none."""
    issuer = Issuer.from_settings(settings)
    if issuer is None:
        return []
    try:
        await Provider(issuer).metadata()
    except ProviderTrouble as trouble:
        return [CheckResult("identity provider", ok=False, found=str(trouble))]
    found = f"{issuer.issuer} answers, and its keys can be used"
    return [CheckResult("identity provider", ok=True, found=found)]


def policies(settings: Settings) -> list[CheckResult]:
    """Whether each county's policy data can be used; one that cannot stops that county only."""
    findings = []
    for county in counties_of(settings):
        try:
            regulation, _ = read_county(settings.policy_dir, county)
        except RegulationInvalid as invalid:
            told = f"{len(invalid.faults)} faults, see taizhang policy check: {invalid.faults[0]}"
            findings.append(CheckResult(f"policy {county}", ok=False, found=told))
        else:
            newest = regulation.versions[-1]
            told = f"{regulation.name}, version {newest.number} since {newest.in_force_from}"
            findings.append(CheckResult(f"policy {county}", ok=True, found=told))
            findings.append(_calendar(regulation))
    return findings


def _calendar(regulation: Regulation) -> CheckResult:
    """Until when a county's holidays are known. Beyond that dates are provisional, which is nothing to fail for."""
    today = county_day(utc_now())
    since = regulation.on(today).clock.provisional_from(today)
    told = (
        f"dates from {since} on are provisional until {announced_year(since)} is entered (taizhang calendar)"
    )
    return CheckResult(f"calendar {regulation.county}", ok=True, found=told)


async def examine(
    database: Database,
    keys: Path | None = None,
    connections: int = DEFAULT_CONNECTIONS,
    chosen: ChosenAlgorithms | None = None,
    masters: Path | None = None,
    kept: KeptFor | None = None,
    served: Collection[str] = (),
) -> AsyncIterator[CheckResult]:
    """Every check on an open database; `keys`: the folder of the keys that sign checkpoints; `connections` of a service;
    `chosen`: what the settings say of digests; `masters`: the folder of the master keys of personal data; `kept`:
    how long what a rebuild replaced is kept; `served`: counties whose signed checkpoints are looked for though the
    database has no log of them.
    """
    yield CheckResult("taizhang", ok=True, found=f"{installed_version()}, Python {platform.python_version()}")
    yield CheckResult("database", ok=True, found=f"{database.origin}: {database.described}")
    yield CheckResult("version", ok=True, found=f"PostgreSQL {database.server_version}")
    async with database.pool.acquire() as connection:
        for name in DURABLE:
            value = await connection.fetchval("SELECT current_setting($1)", name)
            yield CheckResult(name, value not in {"off", "local"}, value)
        level = await connection.fetchval("SELECT current_setting('wal_level')")
        yield CheckResult("wal_level", level in {"replica", "logical"}, level)
        place = await connection.fetchrow(
            "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, pg_database_size(oid) AS size,"
            " has_database_privilege(oid, 'CREATE') AS may_create"
            " FROM pg_database WHERE datname = current_database()"
        )
        assert place is not None  # noqa: S101 - we are connected to it
        yield CheckResult("encoding", place["encoding"] == "UTF8", place["encoding"])
        yield CheckResult("collation", ok=True, found=place["datcollate"])
        yield CheckResult("size", ok=True, found=f"{place['size'] >> 20} MB")
        yield await _connections(connection, connections)
        yield await _clock(connection)
        yield await _role(connection, may_create=place["may_create"])
        if await connection.fetchval("SELECT to_regclass('projection_checkpoint')") is not None:
            floor = await condition_of_rows(connection)
            yield CheckResult("row security", floor.ok, floor.in_words())
    for result in await _schema(database):
        yield result
    if await _readable(database):
        for result in await _ledgers(database):
            yield result
        for result in await _keys(database):
            yield result
        for result in await _late(database):
            yield result
        for result in await _personal(database, masters):
            yield result
        yield await _replaced(database, kept)
        if keys is not None:
            async with database.pool.acquire() as connection:
                for result in await _logs(connection, keys, chosen, served):
                    yield result
    if database.data_folder is not None:
        free = shutil.disk_usage(database.data_folder).free
        yield CheckResult(
            "disk", free >= LEAST_FREE_BYTES, f"{free >> 20} MB free under {database.data_folder}"
        )


async def _connections(connection: Session, wanted: int) -> CheckResult:
    """Whether the server takes a service's connections, and leaves some to the tools."""
    allowed = await connection.fetchval(
        "SELECT least(current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
        " - coalesce(current_setting('reserved_connections', true)::int, 0),"
        " (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),"
        " (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user))"
    )
    parts = shared_out(wanted) if wanted >= LEAST_CONNECTIONS else {}
    shares = ", ".join(f"{share} {size}" for share, size in parts.items()) or "too few to be shared out"
    told = f"{wanted} of {allowed} for a service ({shares})"
    if wanted + LEFT_FOR_TOOLS <= allowed:
        return CheckResult("connections", ok=True, found=f"{told}, {allowed - wanted} left for tools")
    need = f"fewer than {LEFT_FOR_TOOLS} would be left for tools: lower TAIZHANG_DATABASE_CONNECTIONS"
    return CheckResult("connections", ok=False, found=f"{told}; {need}, or raise max_connections")


async def _clock(connection: Session) -> CheckResult:
    before = datetime.now(UTC)
    there = await connection.fetchval("SELECT clock_timestamp()")
    after = datetime.now(UTC)
    skew = (there - before - (after - before) / 2).total_seconds()
    return CheckResult("clock", abs(skew) <= MOST_SKEW_SECONDS, f"the server's is {skew:+.3f} s from ours")


async def _role(connection: Session, *, may_create: bool) -> CheckResult:
    row = await connection.fetchrow(
        "SELECT current_user AS name, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    assert row is not None  # noqa: S101 - everybody sees its own role
    kind = "superuser" if row["rolsuper"] else "ordinary role"
    return CheckResult(
        "role", may_create, f"{row['name']}, {kind}, {'may' if may_create else 'may not'} create tables"
    )


async def _logs(
    connection: Session, keys: Path, chosen: ChosenAlgorithms | None, served: Collection[str]
) -> list[CheckResult]:
    """Whether head, events, streams, ledgers and checkpoints of every log say that it ends at the same place."""
    if await connection.fetchval("SELECT to_regclass('checkpoint')") is None:
        return []
    wrong = await log_problems(connection, SigningKeys(keys), chosen, served)
    heads = {one.county: one.head or 0 for one in await ends_of(connection)}
    results = [
        CheckResult(f"log {county}", county not in wrong, wrong.get(county, f"{heads.get(county, 0)} events"))
        for county in sorted({*heads, *wrong})
    ]
    for row in await connection.fetch("SELECT county, recorded_at FROM log_head ORDER BY county"):
        ahead = (row["recorded_at"] - utc_now()).total_seconds()
        told = "the log's last moment is past"
        if ahead > MOST_BEHIND_SECONDS:
            told = (
                f"the log's last moment is {ahead:.0f} s ahead of our clock, and what follows gets the same"
            )
        results.append(CheckResult(f"clock {row['county']}", ahead <= MOST_BEHIND_SECONDS, told))
    return results


async def _schema(database: Database) -> list[CheckResult]:
    """The revision says what was run, the comparison what is there."""
    found, known = await migrate.current(database.url), migrate.head()
    if found is None:
        return [
            CheckResult("schema", ok=True, found=f"not migrated yet; the first start does it (to {known})")
        ]
    if found != known:
        return [CheckResult("schema", ok=False, found=f"database {found}, code {known}")]
    differing = await schema.differences(database.pool)
    unguarded = [one for one in differing if one.guards_the_log]
    told = (
        schema.sentence(differing) if differing else f"{known}, all {len(schema.expected_facts())} facts hold"
    )
    kept = "; ".join(map(str, unguarded)) or "its triggers refuse changes, whatever the role's privileges"
    return [
        CheckResult("schema", not differing, told),
        CheckResult("append-only log", not unguarded, kept),
    ]


async def _readable(database: Database) -> bool:
    """Whether log and checkpoints are there with their columns: else what is read from them would only fail."""
    if await migrate.current(database.url) != migrate.head():
        return False
    differing = await schema.differences(database.pool)
    lost = [one for one in differing if one.found is None and one.subject.startswith(("table ", "column "))]
    return all(one.ledger is not None for one in lost)


async def _ledgers(database: Database) -> list[CheckResult]:
    """Per county, whether ledgers follow the log: a service can answer while none of them moves."""
    results = []
    counties: dict[str, list[dict[str, Any]]] = {}
    for one in await Projector(database.pool, reading_store(database)).health():
        counties.setdefault(one["county"], []).append(one)
    for county, ledgers in counties.items():
        bad = [_in_words(one) for one in ledgers if not one["healthy"] and _stuck(one, ledgers)]
        head = ledgers[0]["head"]
        behind = max(one["behind"] for one in ledgers)
        at_work = "" if any(one["leased"] for one in ledgers) else "; no service is at work here"
        told = "; ".join(bad) or f"{len(ledgers)}, {behind} behind the log's {head} events{at_work}"
        results.append(CheckResult(f"ledgers {county}", not bad, told))
    return results


async def _keys(database: Database) -> list[CheckResult]:
    """Per county, whether every key in use acts as what its unit is: rights hang on the kind."""
    store = reading_store(database)
    context = CommandContext(store=store, regulations={}, clock=utc_now)
    results = []
    for county in await store.counties():
        wrong = await kept_contradictions(database.pool, context, county)
        told = "every key in use acts as what its unit is"
        if wrong:
            told = f"{'; '.join(wrong)}: taizhang keys revoke, and make them anew"
        results.append(CheckResult(f"keys {county}", not wrong, told))
    return results


async def _late(database: Database) -> list[CheckResult]:
    """Per county, whether the list of late events, which its ledgers go by, is what the log says."""
    results = []
    for county in await reading_store(database).counties():
        wrong = await late_event_that_differs(database.pool, county)
        told = "late events are listed as the log has them"
        if wrong is not None:
            told = f"event {wrong} is not listed as the log has it: ledgers may be wrong, restore late_event and rebuild them"
        results.append(CheckResult(f"late events {county}", wrong is None, told))
    return results


async def _personal(database: Database, masters: Path | None) -> list[CheckResult]:
    """Per county, whether sealed personal data can be opened, and how much is from before they were sealed."""
    context = CommandContext(store=reading_store(database), regulations={}, clock=utc_now)
    results = []
    for county in await context.store.counties():
        found = await condition(database.pool, context, county, masters)
        results.append(CheckResult(f"personal data {county}", found.wrong is None, found.in_words()))
    return results


async def _replaced(database: Database, kept: KeptFor | None) -> CheckResult:
    """What rebuilds replaced, and whether anybody removes it when its time is over."""
    keep = (kept or KeptFor()).replaced
    async with database.pool.acquire() as connection:
        tables = await kept_tables(connection)
    overdue = [one.name for one in tables if one.age is not None and one.age > keep + OVERDUE]
    told = f"{len(tables)} tables, {sum(one.bytes for one in tables) >> 20} MB, kept for {keep.days} days"
    if overdue:
        told = f"{told}; overdue: {', '.join(overdue)}. A service that logs in as their owner removes them"
    return CheckResult("replaced ledgers", not overdue, told)


def _stuck(one: dict[str, Any], ledgers: list[dict[str, Any]]) -> bool:
    """Whether waiting is in vain: not just that no service runs, or that it began a moment ago."""
    if one["state"] in {"HALTED", "OUTDATED"}:
        return True
    return bool(one["behind"]) and any(other["leased"] for other in ledgers)


def _in_words(one: dict[str, Any]) -> str:
    name = one["projection"]
    if one["state"] == "HALTED":
        error = one["error"] or {}
        return (
            f"{name} is halted at event {error.get('position')} ({error.get('type')}): {error.get('reason')}"
        )
    if one["state"] == "OUTDATED":
        return f"{name} was built by another version: `taizhang projections rebuild {name}`"
    return f"{name} stands still at {one['position']} of {one['head']}"


def _show(console: Console, findings: list[CheckResult]) -> None:
    table = Table("", "check", "found", box=None)
    for finding in findings:
        table.add_row("[green]ok[/]" if finding.ok else "[bold red]NO[/]", finding.check, finding.found)
    console.print(table)
