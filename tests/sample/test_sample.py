"""The sample county: the same for the same seed, resumable, and never in a log that holds something else."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import asyncpg
import pytest

from domain.asset.asset import Asset
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.refusals import Refusal
from domain.regulation import Regulation
from service.commands.actor import Actor
from service.commands.commands import CommandContext, Result, Work, transact
from service.commands.founding import found
from service.database.migrate import upgrade
from service.log.event_store import EventStore
from service.sample.loading import SampleRefused, load_sample
from tests.examples import workshop_card

COUNTY = "653022"
NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)


def context_on(store: EventStore) -> CommandContext:
    return CommandContext(store=store, regulations={COUNTY: Regulation.load()}, clock=lambda: NOW)


async def facts(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    """Every event's stream and data in order, without what differs between two loads: the moments of recording."""
    rows = await pool.fetch(
        "SELECT stream, convert_from(body, 'UTF8')::jsonb->>'data' AS data FROM event ORDER BY position"
    )
    return [(row["stream"], row["data"]) for row in rows]


async def test_a_founded_county_has_its_divisions_and_the_twenty_one_organisations(
    pool: asyncpg.Pool,
) -> None:
    async with EventStore(pool) as store:
        context = context_on(store)
        assert await found(context, COUNTY)
        assert not await found(context, COUNTY)
        divisions = [
            event async for batch in store.read(COUNTY, types=["division.defined"]) for event in batch
        ]
        levels = Counter(event.data["card"]["level"] for event in divisions)
        assert levels == {
            "county": 1, "township": 12, "state_farm": 5, "village": 118, "community": 19, "farm_team": 11,
        }  # fmt: skip
        units = [
            event async for batch in store.read(COUNTY, types=["organization.defined"]) for event in batch
        ]
        named = {row.code for row in context.regulations[COUNTY].on(NOW.date()).organizations()}
        assert named <= {event.stream.removeprefix("organization-") for event in units}
        assert sum(event.data["card"]["kind"] == "VILLAGE" for event in units) == 118
        village = await context.load(Organization, COUNTY, "653022202208")
        assert village is not None
        assert village.card.superior == "653022202000"
        assert await context.load(Division, COUNTY, "653022104000") is not None


async def test_the_same_seed_gives_the_same_events(database_url: str, empty_database_url: str) -> None:
    await upgrade(empty_database_url)
    seen = []
    for url in (database_url, empty_database_url):
        async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
            assert await load_sample(context_on(store), COUNTY, 60, 7)
            seen.append(await facts(pool))
    assert seen[0] == seen[1]


async def test_a_second_load_adds_nothing(pool: asyncpg.Pool) -> None:
    async with EventStore(pool) as store:
        context = context_on(store)
        assert await load_sample(context, COUNTY, 40, 7)
        before = (await store.head(COUNTY)).root
        assert not await load_sample(context, COUNTY, 40, 7)
        assert (await store.head(COUNTY)).root == before


async def test_an_interrupted_load_goes_on_where_it_stopped(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.sample.loading.CHUNK", 10)

    def interrupt(done: int, total: int) -> None:
        if done >= 20:
            raise InterruptedError

    async with EventStore(pool) as store:
        context = context_on(store)
        with pytest.raises(InterruptedError):
            await load_sample(context, COUNTY, 50, 7, interrupt)
        assert await load_sample(context, COUNTY, 50, 7)
        streams = await pool.fetchval(
            "SELECT count(*) FROM stream WHERE stream LIKE 'asset-%' OR stream LIKE 'household_asset-%'"
        )
        assert streams == 50
        assert (await store.verify(COUNTY)).problem is None


async def test_the_sample_stays_out_of_a_county_with_data_of_its_own(pool: asyncpg.Pool) -> None:
    async with EventStore(pool) as store:
        context = context_on(store)
        await found(context, COUNTY)
        actor = Actor(
            "k", "api_key", COUNTY, "ASSET_OFFICE", "ASSET_OFFICE", frozenset({"OFFICE"}), (COUNTY,)
        )

        async def register(work: Work) -> Result:
            asset = Asset.register("A1", workshop_card(), context.occasion(COUNTY, None))
            work.add(asset)
            return Result(asset.id, asset.version, {})

        await transact(context, actor, register)
        with pytest.raises(SampleRefused):
            await load_sample(context, COUNTY, 40, 7)


async def test_another_sample_is_refused(pool: asyncpg.Pool) -> None:
    async with EventStore(pool) as store:
        context = context_on(store)
        await load_sample(context, COUNTY, 20, 7)
        with pytest.raises(SampleRefused):
            await load_sample(context, COUNTY, 20, 8)


async def test_a_day_in_the_future_is_refused(pool: asyncpg.Pool) -> None:
    context = context_on(EventStore(pool))
    with pytest.raises(Refusal) as refusal:
        context.occasion(COUNTY, NOW.date().replace(year=2030))
    assert refusal.value.code == "DATE_IN_FUTURE"
