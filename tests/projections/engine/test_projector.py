"""The live runner: every event once, whatever is killed, whoever else runs, and loudly when it cannot go on."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from projections.catalogue import CATALOGUE, UnknownProjection
from projections.engine.projection import Projection
from service.database import schema
from service.ledgers.projector import ProjectionHalted, Projector, _moving
from service.ledgers.rebuild.workers import rebuild
from service.log.event_store import EventStore
from tests.projections.contents import digests, folded_rows, positions, stored_rows, until
from tests.projections.history import COUNTY, OTHER_COUNTY, RandomHistory, append_all, card

RAISING = "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$"


def broken(name: str, at: int, exception: Exception | None = None) -> list[Projection]:
    """The catalogue, one projection of which cannot apply the event at a position."""

    def guarded(handler: Any) -> Any:
        def apply(event: Any, rows: Any) -> None:
            if event.position == at:
                raise exception or ValueError("cannot be")
            handler(event, rows)

        return apply

    return [
        replace(one, handlers={kind: guarded(handler) for kind, handler in one.handlers.items()})
        if one.name == name
        else one
        for one in CATALOGUE.values()
    ]


async def killed(projector: Projector) -> None:
    """End its tasks wherever they are, without a goodbye: the leases stay until they run out."""
    tasks = [task for task in (projector._watch, *projector._tasks.values()) if task is not None]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_live_rows_are_what_a_pure_fold_makes(pool: asyncpg.Pool, store: EventStore) -> None:
    events = RandomHistory(21).take(4000)
    async with Projector(pool, store, batch=97) as projector:
        last = await append_all(store, events)
        await projector.wait_for(COUNTY, None, last, 30)
        for projection in CATALOGUE.values():
            assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_a_reader_who_waits_sees_its_own_write(pool: asyncpg.Pool, store: EventStore) -> None:
    async with Projector(pool, store) as projector:
        for event in RandomHistory(22).take(150):
            position = await append_all(store, [event])
            await projector.wait_for(COUNTY, None, position, 5)
            shown = await pool.fetchval("SELECT max(position) FROM projection_checkpoint")
            assert shown >= position


async def test_commits_of_another_process_are_noticed(pool: asyncpg.Pool, store: EventStore) -> None:
    async with EventStore(pool) as elsewhere, Projector(pool, store) as projector:
        last = await append_all(elsewhere, RandomHistory(23).take(300))
        await projector.wait_for(COUNTY, ["asset_register"], last, 5)


async def test_waiting_for_what_does_not_come_ends_with_where_it_stands(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    async with Projector(pool, store) as projector:
        last = await append_all(store, RandomHistory(24).take(100))
        await projector.wait_for(COUNTY, None, last, 5)
        with pytest.raises(TimeoutError, match=f"is at {last}, not yet at {last + 1}"):
            await projector.wait_for(COUNTY, None, last + 1, 0.1)
        with pytest.raises(UnknownProjection, match="no projection 'nothing'"):
            await projector.wait_for(COUNTY, ["nothing"], 1, 0.1)


async def test_another_county_is_not_touched(pool: asyncpg.Pool, store: EventStore) -> None:
    async with Projector(pool, store) as projector:
        first = await append_all(store, RandomHistory(25).take(1000))
        await projector.wait_for(COUNTY, None, first, 10)
        before = await digests(pool, COUNTY)
        second = await append_all(store, RandomHistory(26, OTHER_COUNTY).take(1000))
        await projector.wait_for(OTHER_COUNTY, None, second, 10)
        assert await digests(pool, COUNTY) == before
        assert await digests(pool, OTHER_COUNTY) != before
        assert await positions(pool, COUNTY) == dict.fromkeys(CATALOGUE, first)


async def test_a_runner_killed_at_random_points_loses_and_repeats_nothing(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """Tasks cancelled wherever they are, connections cut by the server: in the end the rows of a clean fold."""
    events = RandomHistory(27).take(3000)
    last = await append_all(store, events)
    chance = random.Random(27)
    for attempt in range(60):
        async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as connections:
            projector = Projector(connections, EventStore(connections), batch=53, lease_seconds=0.2)
            await projector.start()
            await asyncio.sleep(chance.uniform(0.0, 0.25))
            if attempt % 2:
                await pool.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND query LIKE '%projection_checkpoint%'"
                )
                await asyncio.sleep(chance.uniform(0.0, 0.1))
            await killed(projector)
        if min((await positions(pool, COUNTY)).values(), default=0) == last:
            break
    async with Projector(pool, store, lease_seconds=0.2) as projector:
        await projector.wait_for(COUNTY, None, last, 20)
    for projection in CATALOGUE.values():
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_two_runners_apply_every_event_once(
    pool: asyncpg.Pool, store: EventStore, database_url: str
) -> None:
    """Leases so short that the two take each other's ledgers over all the time: only the fence keeps them apart."""
    events = RandomHistory(28).take(3000)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as connections:
        other = EventStore(connections)
        first = Projector(pool, store, batch=41, lease_seconds=0.001)
        second = Projector(connections, other, batch=37, lease_seconds=0.001)
        async with first, second:
            last = await append_all(store, events)
            await first.wait_for(COUNTY, None, last, 30)
    epochs = await pool.fetchval("SELECT max(epoch) FROM projection_checkpoint")
    assert epochs > 2
    for projection in CATALOGUE.values():
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


async def test_a_commit_of_an_old_term_is_undone(pool: asyncpg.Pool, store: EventStore) -> None:
    """A runner is held up inside its batch; its lease runs out, another takes over and finishes; the first wakes up."""
    events = RandomHistory(29).take(600)
    last = await append_all(store, events)
    asleep = Projector(pool, store, batch=200, lease_seconds=0.3)
    store_batch = type_of_county()._store
    held_up, go_on = asyncio.Event(), asyncio.Event()

    async def held(self: Any, *arguments: Any) -> None:
        if self.projector is asleep and not held_up.is_set():
            held_up.set()
            await go_on.wait()
        await store_batch(self, *arguments)

    type_of_county()._store = held
    try:
        async with asleep:
            await asyncio.wait_for(held_up.wait(), 5)
            async with Projector(pool, store, lease_seconds=0.3) as awake:
                await awake.wait_for(COUNTY, None, last, 10)
                go_on.set()
                await asyncio.sleep(0.3)
    finally:
        type_of_county()._store = store_batch
    assert await positions(pool, COUNTY) == dict.fromkeys(CATALOGUE, last)
    for projection in CATALOGUE.values():
        assert await stored_rows(pool, COUNTY, projection) == folded_rows(events, COUNTY, projection)


def type_of_county() -> Any:
    """The class that follows one county."""
    from service.ledgers import projector

    return projector._CountyFollower


async def test_leases_are_given_back_so_that_the_next_process_need_not_wait(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    events = RandomHistory(30).take(400)
    async with Projector(pool, store, lease_seconds=60) as projector:
        last = await append_all(store, events[:200])
        await projector.wait_for(COUNTY, None, last, 5)
    async with Projector(pool, store, lease_seconds=60) as projector:
        last = await append_all(store, events[200:])
        await projector.wait_for(COUNTY, None, last, 5)


async def test_a_lease_that_ran_out_is_taken_over(pool: asyncpg.Pool, store: EventStore) -> None:
    events = RandomHistory(31).take(400)
    last = await append_all(store, events[:200])
    dead = Projector(pool, store, lease_seconds=0.3)
    await dead.start()
    await dead.wait_for(COUNTY, None, last, 5)
    await killed(dead)
    async with Projector(pool, store, lease_seconds=0.3) as projector:
        last = await append_all(store, events[200:])
        await projector.wait_for(COUNTY, None, last, 5)


async def test_a_poison_event_halts_one_ledger_loudly_and_the_others_go_on(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    events = RandomHistory(32).take(900)
    poisoned = next(
        event.position for event in events if event.type == "asset.income_received" and event.position > 300
    )
    async with Projector(pool, store, projections=broken("income_ledger", poisoned), batch=100) as projector:
        last = await append_all(store, events)
        await projector.wait_for(COUNTY, [name for name in CATALOGUE if name != "income_ledger"], last, 10)
        with pytest.raises(ProjectionHalted, match="cannot be") as halted:
            await projector.wait_for(COUNTY, ["income_ledger"], last, 10)
        assert halted.value.position == poisoned - 1
        (health,) = [one for one in await projector.health() if one["projection"] == "income_ledger"]
        assert (health["state"], health["healthy"], health["error"]["position"], health["error"]["type"]) == (
            "HALTED", False, poisoned, "asset.income_received",
        )  # fmt: skip
    shown = await stored_rows(pool, COUNTY, CATALOGUE["income_ledger"])
    assert shown == folded_rows(events[: poisoned - 1], COUNTY, CATALOGUE["income_ledger"])
    async with Projector(pool, store) as repaired:  # the code is right again: nothing was skipped
        await repaired.wait_for(COUNTY, None, last, 10)

        async def well() -> bool:
            return all(one["healthy"] for one in await repaired.health())

        await until(well)
    assert await stored_rows(pool, COUNTY, CATALOGUE["income_ledger"]) == folded_rows(
        events, COUNTY, CATALOGUE["income_ledger"]
    )


async def test_rows_the_database_will_not_store_halt_the_ledger_at_their_event(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    """The poison is found by halves: nothing before it is lost."""
    events = RandomHistory(33).take(500)
    register = CATALOGUE["asset_register"]
    corrected = {event.stream for event in events if event.type == "asset.registration_corrected"}
    target = next(
        event.position
        for event in events
        if event.type == "asset.registered" and event.position > 250 and event.stream not in corrected
    )

    def too_big(event: Any, rows: Any) -> None:
        register.handlers["asset.registered"](event, rows)
        if event.position == target:
            rows.edit(register.tables[0], event.id)["original_value"] = 2**63

    projections = [
        replace(one, handlers={**one.handlers, "asset.registered": too_big}) if one is register else one
        for one in CATALOGUE.values()
    ]
    async with Projector(pool, store, projections=projections, batch=200) as projector:
        last = await append_all(store, events)
        with pytest.raises(ProjectionHalted) as halted:
            await projector.wait_for(COUNTY, ["asset_register"], last, 10)
        assert halted.value.position == target - 1
        await projector.wait_for(COUNTY, [name for name in CATALOGUE if name != "asset_register"], last, 10)
    assert await stored_rows(pool, COUNTY, register) == folded_rows(events[: target - 1], COUNTY, register)


@pytest.mark.parametrize(
    ("body", "halted"),
    [
        (b"{not json", set(CATALOGUE)),
        (b'{"type":"asset.booked","stream":5}', {"asset_register", "asset_timeline", "on_behalf"}),
        (b'{"type":"asset.teleported","stream":"asset-1"}', set(CATALOGUE)),
    ],
    ids=["not JSON", "a known type's", "an unknown type's"],
)
async def test_bytes_that_cannot_be_read_halt_who_reads_that_type(
    pool: asyncpg.Pool, store: EventStore, body: bytes, halted: set[str]
) -> None:
    await append_all(store, RandomHistory(34).take(100))
    await pool.execute(
        "INSERT INTO event SELECT county, 101, stream, 99, type, schema, occurred_on, recorded_at, $1, leaf"
        " FROM event WHERE position = 100",
        body,
    )
    await pool.execute("UPDATE log_head SET position = 101")
    async with Projector(pool, store, batch=30) as projector:

        async def settled() -> bool:
            states = {one["projection"]: one["state"] for one in await projector.health()}
            done = await positions(pool, COUNTY)
            return all(
                states[name] == "HALTED" if name in halted else done.get(name) == 101 for name in CATALOGUE
            )

        await until(settled)
        assert {one["projection"] for one in await projector.health() if one["state"] == "HALTED"} == halted


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("directory", "ALTER TABLE person DROP COLUMN name", "UndefinedColumnError"),
        ("asset_timeline", "ALTER TABLE asset_backdated_entry DROP COLUMN days", "UndefinedColumnError"),
        ("income_ledger", "DROP TABLE income_ledger", "UndefinedTableError"),
        ("asset_register", "ALTER TABLE asset_register ALTER title TYPE date USING NULL", "DatatypeMismatch"),
        (
            "custody_ledger",
            "CREATE TRIGGER mine BEFORE INSERT ON custody_ledger FOR EACH ROW EXECUTE FUNCTION log_refuse_change()",
            "InsufficientPrivilegeError",
        ),
        (
            "asset_duties",
            f"{RAISING}; CREATE TRIGGER mine BEFORE INSERT ON asset_duty FOR EACH ROW EXECUTE FUNCTION mine()",
            "RaiseError",
        ),
    ],
)
async def test_tables_that_are_not_as_they_should_be_halt_their_ledger_and_no_other(
    pool: asyncpg.Pool, store: EventStore, database_url: str, name: str, damage: str, reason: str
) -> None:
    """A rebuild makes the tables anew, and the same runner goes on."""
    events = RandomHistory(38).take(400)
    async with Projector(pool, store) as projector:
        await projector.wait_for(COUNTY, None, await append_all(store, events[:20]), 10)
        await pool.execute(damage)
        last = await append_all(store, events[20:])
        with pytest.raises(ProjectionHalted, match=reason):
            await projector.wait_for(COUNTY, [name], last, 10)
        await projector.wait_for(COUNTY, [one for one in CATALOGUE if one != name], last, 10)
        told = {one["projection"]: one for one in await projector.health()}
        assert (told[name]["state"], told[name]["healthy"]) == ("HALTED", False)
        assert reason in told[name]["error"]["reason"]
        assert {one["healthy"] for other, one in told.items() if other != name} == {True}
        (outcome,) = await rebuild(database_url, [CATALOGUE[name]], accept_difference=True)
        assert outcome.swapped
        assert await schema.differences(pool) == []
        await projector.wait_for(COUNTY, None, last, 10)
    assert await stored_rows(pool, COUNTY, CATALOGUE[name]) == folded_rows(events, COUNTY, CATALOGUE[name])


@pytest.mark.parametrize(
    ("still", "waiting", "moving"),
    [
        (9.9, 9.9, True),
        (10.0, 10.0, False),
        (3600.0, 0.1, True),  # idle for an hour, and now an event
        (0.1, 3600.0, True),  # long behind, and moving
        (9.9, None, True),
        (10.0, None, False),  # the log has no next event: a gap
        (10.0, -3600.0, False),  # the next event is from the future
    ],
)
def test_ledger_that_is_behind_is_moving_or_not(still: float, waiting: float | None, moving: bool) -> None:
    assert _moving(still, waiting) is moving


async def test_health_compares_with_the_head_and_knows_the_dead(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    projector = Projector(pool, store, lease_seconds=0.2)
    assert await projector.health() == []
    last = await append_all(store, RandomHistory(35).take(100))
    assert {one["state"] for one in await projector.health()} == {"MISSING"}
    async with projector:
        await projector.wait_for(COUNTY, None, last, 5)
        assert all(
            one["healthy"] and one["behind"] == 0 and one["head"] == last for one in await projector.health()
        )
    assert not any(one["healthy"] for one in await projector.health())  # nobody runs them now
    await pool.execute("UPDATE projection_checkpoint SET version = 0")
    assert {one["state"] for one in await projector.health()} == {"OUTDATED"}


async def test_a_ledger_built_by_another_version_is_left_alone(pool: asyncpg.Pool, store: EventStore) -> None:
    events = RandomHistory(36).take(200)
    async with Projector(pool, store) as projector:
        last = await append_all(store, events[:100])
        await projector.wait_for(COUNTY, None, last, 5)
    newer = [replace(one, version=2) if one.name == "departures" else one for one in CATALOGUE.values()]
    async with Projector(pool, store, projections=newer) as projector:
        last = await append_all(store, events[100:])
        await projector.wait_for(COUNTY, [name for name in CATALOGUE if name != "departures"], last, 5)
        assert (await positions(pool, COUNTY))["departures"] == 100


async def test_a_hole_in_the_log_is_never_stepped_over(pool: asyncpg.Pool, store: EventStore) -> None:
    await append_all(store, RandomHistory(37).take(100))
    await pool.execute("UPDATE log_head SET position = 120")
    async with Projector(pool, store, batch=60) as projector:
        await projector.wait_for(COUNTY, None, 60, 5)
        with pytest.raises(TimeoutError):
            await projector.wait_for(COUNTY, None, 110, 0.5)
        assert max((await positions(pool, COUNTY)).values()) <= 100


async def test_one_event_over_five_thousand_assets(pool: asyncpg.Pool, store: EventStore) -> None:
    """A case that lists them all is one event and touches them all."""
    history = RandomHistory(38)
    assets = [f"653022201201-{n:06d}" for n in range(5000)]
    events = [
        history.log.add(f"asset-{asset}", "asset.registered", {"card": card(100_00), "scope": "IN"})
        for asset in assets
    ]
    opened = {
        "notice": {
            "person": "P",
            "kind": "MANAGER",
            "organization": "U",
            "reason": "TRANSFER",
            "departsOn": "2022-01-01",
        }
    }
    events.append(history.log.add("departure_case-D1", "departure_case.opened", opened | {"assets": assets}))
    async with Projector(pool, store) as projector:
        last = await append_all(store, events)
        await projector.wait_for(COUNTY, None, last, 30)
        assert (
            await pool.fetchval("SELECT count(*) FROM asset_register WHERE custody = 'IN_HANDOVER'") == 5000
        )
        assert await pool.fetchval("SELECT open_lines FROM departure_case") == 5000
