"""A question about some assets of a past day folds a part of the log, and is answered as by all of it."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
import pytest

from domain.recorded import RecordedEvent
from domain.regulation import Regulation
from projections.catalogue import CATALOGUE
from projections.engine.part import About
from service.clock import utc_now
from service.commands.commands import CommandContext
from service.commands.county_source import CountySource
from service.ledgers import moments as kept_moments
from service.ledgers.catalogue import LEDGERS
from service.ledgers.moments import Moments
from service.ledgers.queries import read_page
from service.log.event_store import EventStore
from tests.projections.folding import of_recorded
from tests.projections.history import COUNTY, FIRST_DAY, VILLAGES, RandomHistory, fill_log

STEADY_DAYS: Final = 60
"""Events of a business day where they come in order."""


def mostly_in_order() -> list[RecordedEvent]:
    """A random history in which three of four assets are recorded day by day, the others as it comes."""
    events = RandomHistory(23, alive=60).take(6000)
    steady = {one.stream for one in events if zlib.crc32(one.stream.encode()) % 4}
    days = [FIRST_DAY + timedelta(days=one.position // STEADY_DAYS) for one in events]
    return [
        replace(one, occurred_on=day) if one.stream in steady else one
        for one, day in zip(events, days, strict=True)
    ]


EVENTS: Final = mostly_in_order()
LATE: Final = """
INSERT INTO late_event (county, position, stream)
SELECT county, position, stream FROM (
    SELECT county, position, stream, version, occurred_on, max(occurred_on) FILTER (WHERE version > 1)
        OVER (PARTITION BY county, stream ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
    FROM event) AS told
WHERE version > 1 AND occurred_on < newest"""
"""What an append lists with its events, which a log of tests is filled without."""
DAYS: Final = (FIRST_DAY + timedelta(days=12), FIRST_DAY + timedelta(days=70))
BY_PART: Final = [
    ("asset-register", "asset", "asset"),
    ("asset-register", "owner", "owner"),
    ("asset-register", "village", "village"),
    ("completeness", "asset", "asset"),
    ("completeness", "owner", "owner"),
    ("completeness", "village", "village"),
    ("income-ledger", "asset", "asset"),
    ("income-ledger", "holder", "owner"),
    ("custody-ledger", "asset", "asset"),
    ("custody-ledger", "person", "person"),
    ("custody-ledger", "unit", "village"),
]
"""(ledger, filter, which of the history's values it is asked with)"""


@asynccontextmanager
async def filled(pool: asyncpg.Pool) -> AsyncIterator[CountySource]:
    await fill_log(pool, EVENTS)
    await pool.execute(LATE)
    async with EventStore(pool) as store, aclosing(Moments(pool, store)) as moments:
        context = CommandContext(store, {COUNTY: Regulation.load(county=COUNTY)}, utc_now)
        yield CountySource(COUNTY, pool, moments, context)


@pytest.fixture(autouse=True)
def _every_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_moments, "FEW", 10)
    monkeypatch.setattr(kept_moments, "MOST_OF_LOG", 1.0)


def values() -> dict[str, list[str]]:
    """What the history's events name."""
    assets = sorted({one.stream.removeprefix("asset-") for one in EVENTS if one.stream.startswith("asset-")})
    persons = sorted(
        {
            duty["person"]
            for one in EVENTS
            if one.type == "asset.custody_assigned"
            for duty in one.data["custody"]["duties"]
        }
    )
    return {
        "asset": assets[::150],
        "owner": [VILLAGES[0]],
        "village": [VILLAGES[1]],
        "person": persons[:1],
    }


def test_events_touch_rows_of_their_own_aggregate_where_a_ledger_has_parts() -> None:
    events = [of_recorded(one) for one in EVENTS]
    with_parts = [one for one in CATALOGUE.values() if one.aggregate is not None]
    assert {one.name for one in with_parts} == {"asset_register", "custody_ledger", "income_ledger"}
    for projection in with_parts:
        own = [one for one in events if one.type in set(projection.handlers) - projection.foreign_types]
        assert {one.stream.partition("-")[0] for one in own} == {projection.aggregate}
        assert {group == one.id for one in own for _, group in projection.keys(one)} <= {True}
        assert set(projection.foreign_types) <= set(projection.handlers)


@pytest.mark.parametrize("on", DAYS)
async def test_answer_from_a_part_is_the_one_from_all(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, on: date
) -> None:
    """Rows, sums, place and what has no place, of every ledger and filter that a part is folded for."""
    known = EVENTS[4000].recorded_at.isoformat()
    asked = [
        (ledger, {name: value, "as_of": on.isoformat()} | more)
        for ledger, name, of in BY_PART
        for value in values()[of]
        for more in ({}, {"known_at": known})[: 1 + (name == "asset")]
    ]
    async with filled(pool) as source:
        parts = [await _answer(source, *one) for one in asked]
        assert {key[-1] is not None for key in source.moments._kept} == {True}, "nothing was folded whole"
        await source.moments.aclose()
        monkeypatch.setattr(kept_moments, "MOST_OF_LOG", -1.0)
        whole = [await _answer(source, *one) for one in asked]
    for one, part, all_of_it in zip(asked, parts, whole, strict=True):
        assert part == all_of_it, one
    assert sum(bool(one.page.rows) for one in whole) > len(whole) // 3


@pytest.mark.parametrize("name", ["asset_register", "custody_ledger"])
async def test_part_is_smaller_than_all(pool: asyncpg.Pool, name: str) -> None:
    asset = values()["asset"][1]
    async with filled(pool) as source:
        rows = []
        for about in (About((asset,)), About(named=(VILLAGES[0],)), None):
            async with source.moments.at(COUNTY, [name], DAYS[1], None, about) as past:
                rows.append(await past.connection.fetchval(f"SELECT count(*) FROM {name}"))
    of_asset, of_village, of_all = rows
    assert 0 < of_asset < of_village < of_all
    assert of_asset < of_all / 2


async def test_question_about_an_asset_takes_all_where_it_is_there(pool: asyncpg.Pool) -> None:
    asset = values()["asset"][1]
    async with filled(pool) as source:
        for about in (None, About((asset,))):
            async with source.moments.at(COUNTY, ["asset_register"], DAYS[1], None, about):
                pass
        assert len(source.moments._kept) == 1


async def _answer(source: CountySource, ledger: str, given: dict[str, Any]) -> Any:
    query = LEDGERS[ledger].query
    several = {name: (value,) for name, value in given.items() if name not in {"as_of", "known_at"}}
    return await read_page(source, query.model_validate(given | several))
