"""Supervision of income against a second, plain model over whole stories, and its bounds day by day (C4.9-01)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from domain.recorded import RecordedEvent
from projections.income.supervision import IdleBounds, WatchedAssets, income_of_assets, income_of_units
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.projections.history import (
    COUNTY,
    VILLAGES,
    Log,
    RandomHistory,
    append_all,
    card,
    confirmation,
    receipt,
    terms,
)
from tests.projections.plain.asset import contracts
from tests.projections.plain.lively import LivelyHistory
from tests.projections.plain.story import streams

ON = date(2024, 6, 30)
NOTHING = IdleBounds()


def anniversary(start: date, years: int) -> date:
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 2, 28)


def owed(contract: dict[str, Any], on: date) -> list[tuple[date, int]]:
    """Rent of each contract year that has begun by a day, counted day by day; the last year owes its days."""
    starts, ends = date.fromisoformat(contract["startsOn"]), date.fromisoformat(contract["endsOn"])
    ended = contract["endedOn"] and date.fromisoformat(contract["endedOn"])
    runs = {
        "ACTIVE": ends,
        "HOLDOVER": date(2099, 12, 31),
        "EXPIRED": ended,
        "TERMINATED": ended and ended - timedelta(days=1),
    }[contract["state"]]
    found = []
    for years in range(80):
        begins, next_one = anniversary(starts, years), anniversary(starts, years + 1)
        if begins > min(on, runs):
            break
        days = [begins + timedelta(days=one) for one in range((next_one - begins).days)]
        part = Fraction(contract["annualIncome"] * sum(one <= runs for one in days), len(days))
        found.append((begins, int(part + Fraction(1, 2))))
    return found


CARDS = {"asset.registered", "asset.registration_corrected", "asset.final_settlement_recorded"}


def operating(events: Iterable[RecordedEvent]) -> dict[str, list[RecordedEvent]]:
    """The stories of operating assets that are managed, by the card and scope of their last word."""
    found = {}
    for code, story in streams(events, "asset").items():
        said: Any = {}
        for one in story:
            if one.type in CARDS:
                said = said | {key: one.data[key] for key in ("card", "scope") if key in one.data}
        if said and said["card"]["assetClass"] == "OPERATING" and said["scope"] == "IN":
            found[code] = story
    return found


def of_asset(story: list[RecordedEvent], on: date) -> dict[str, int]:
    """What an asset is owed, what came in and what was paid out."""
    receipts = [one.data["receipt"] for one in story if one.type == "asset.income_received"]
    paid = [one.data["distribution"]["amount"] for one in story if one.type == "asset.income_distributed"]
    due = overdue = 0
    for code, contract in contracts(story).items():
        came = sum(one["amount"] for one in receipts if one.get("contract") == code)
        rents = owed(contract, on)
        due += sum(rent for _, rent in rents)
        overdue += max(0, sum(rent for begins, rent in rents if begins < on) - came)
    return {
        "due": due,
        "overdue": overdue,
        "received": sum(one["amount"] for one in receipts),
        "distributed": sum(paid),
    }


async def told(pool: asyncpg.Pool, store: EventStore, events: list[RecordedEvent]) -> None:
    async with Projector(pool, store) as projector:
        last = await append_all(store, events)
        await projector.wait_for(COUNTY, None, last, 60)


@pytest.mark.parametrize("seed", [0, 1, 2])
async def test_the_board_has_what_the_plain_model_has(
    pool: asyncpg.Pool, store: EventStore, seed: int
) -> None:
    """Due, overdue, received and distributed of every asset, to the fen; the units' parts of it add up to the same."""
    events = (RandomHistory(seed, alive=12, departures=0.0) if seed % 2 == 0 else LivelyHistory(seed)).take(
        2500
    )
    await told(pool, store, events)
    plain = {code: of_asset(story, ON) for code, story in operating(events).items()}
    async with pool.acquire() as connection:
        lines = await income_of_assets(connection, COUNTY, ON, WatchedAssets(), NOTHING)
        units = await income_of_units(connection, COUNTY, ON, WatchedAssets(), NOTHING)
    shown = {one["subject"]: {name: one[name] for name in plain[one["subject"]]} for one in lines}
    assert shown == plain
    assert sum(one["due"] for one in plain.values()) > 0
    assert any(one["overdue"] for one in plain.values())
    assert any(one["distributed"] for one in plain.values())
    held = Counter[str]()
    for code, story in operating(events).items():
        if any(one.type == "asset.ownership_confirmed" for one in story):
            held.update({name: plain[code][name] for name in ("due", "overdue", "distributed")})
    for name in ("due", "overdue", "distributed"):
        assert sum(one[name] for one in units) == held[name]


async def test_money_is_idle_after_the_days_of_the_county_and_not_a_day_before(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    """100.00 of 1 March and 50.00 of 11 March, of which a plan of 5 March has 120.00 and paid 30.00 on 20 March."""
    log, village = Log(), VILLAGES[0]
    stream = "asset-idle"
    log.add(stream, "asset.registered", {"card": card(200_000_00, village), "scope": "IN"})
    log.add(stream, "asset.ownership_confirmed", confirmation({village: 200_000_00}), date(2021, 8, 1))
    for number, amount, day in (("R1", 100_00, "2022-03-01"), ("R2", 50_00, "2022-03-11")):
        log.add(stream, "asset.income_received", receipt(number, amount, {village: amount}, day))
    lines = [{"use": "COLLECTIVE_ECONOMY", "amount": 120_00}]
    content = {
        "village": village,
        "year": 2022,
        "sources": [{"asset": "idle", "amount": 120_00}],
        "lines": lines,
        "ruleset": "GENERAL",
        "omissions": [],
    }
    text = {"content": content, "sha256": "0" * 64, "villageShare": 120_00, "householdShare": 0}
    log.add("income_plan-IP-9", "income_plan.proposed", text, date(2022, 3, 5))
    paid = {
        "plan": "IP-9",
        "holder": village,
        "amount": 30_00,
        "paidOn": "2022-03-20",
        "voucherNo": "付-1",
        "lines": [{"use": "COLLECTIVE_ECONOMY", "amount": 30_00}],
    }
    log.add(stream, "asset.income_distributed", {"distribution": paid}, date(2022, 3, 20))
    await told(pool, store, log.events)
    seen = {}
    async with pool.acquire() as connection:
        for on in (date(2022, 4, 10), date(2022, 4, 11), date(2022, 4, 4), date(2022, 4, 5)):
            for ask in (income_of_assets, income_of_units):
                (line,) = await ask(connection, COUNTY, on, WatchedAssets(asset="idle"), IdleBounds(30, 30))
                assert (line["received"], line["distributed"], line["planned"]) == (150_00, 30_00, 90_00)
                assert (line["unplanned"], line["unplanned_since"]) == (30_00, date(2022, 3, 11))
                assert line["planned_since"] == date(2022, 3, 5)
                seen[on] = line["unplanned_idle"], line["planned_idle"]
        (line,) = await income_of_assets(connection, COUNTY, ON, WatchedAssets(asset="idle"), NOTHING)
    assert seen[date(2022, 4, 10)] == (0, 90_00)  # the thirtieth day
    assert seen[date(2022, 4, 11)] == (30_00, 90_00)
    assert seen[date(2022, 4, 4)] == (0, 0)
    assert seen[date(2022, 4, 5)] == (0, 90_00)
    assert (line["unplanned_idle"], line["planned_idle"]) == (None, None)


async def test_rent_is_overdue_the_day_after_it_was_due(pool: asyncpg.Pool, store: EventStore) -> None:
    log, village = Log(), VILLAGES[0]
    stream = "asset-let"
    log.add(stream, "asset.registered", {"card": card(200_000_00, village), "scope": "IN"})
    log.add(stream, "asset.ownership_confirmed", confirmation({village: 200_000_00}), date(2021, 8, 1))
    log.add(stream, "asset.leased", terms("L-1", "2021-12-31", "2023-06-30", annualIncome=36_500_00))
    await told(pool, store, log.events)
    seen = []
    async with pool.acquire() as connection:
        for on in (date(2021, 12, 30), date(2021, 12, 31), date(2022, 1, 1), date(2023, 1, 1)):
            (line,) = await income_of_assets(connection, COUNTY, on, WatchedAssets(), NOTHING)
            seen.append((line["due"], line["overdue"], line["overdue_since"]))
    second = 36_500_00 * 182 // 365  # 31 December 2022 to 30 June 2023
    assert seen == [
        (0, 0, None),
        (36_500_00, 0, None),
        (36_500_00, 36_500_00, date(2021, 12, 31)),
        (36_500_00 + second, 36_500_00 + second, date(2021, 12, 31)),
    ]


async def test_what_one_contract_paid_too_much_settles_no_other_rent(
    pool: asyncpg.Pool, store: EventStore
) -> None:
    log, village = Log(), VILLAGES[0]
    stream = "asset-two"
    log.add(stream, "asset.registered", {"card": card(200_000_00, village), "scope": "IN"})
    log.add(stream, "asset.ownership_confirmed", confirmation({village: 200_000_00}), date(2021, 8, 1))
    for contract, part in (("L-1", "东厢"), ("L-2", "西厢")):
        let = terms(contract, "2022-01-01", "2022-12-31", annualIncome=100_00, part=part)
        log.add(stream, "asset.leased", let)
    paid = receipt("R1", 150_00, {village: 150_00}, "2022-01-02")
    paid["receipt"]["contract"] = "L-1"
    log.add(stream, "asset.income_received", paid)
    await told(pool, store, log.events)
    async with pool.acquire() as connection:
        (line,) = await income_of_assets(connection, COUNTY, ON, WatchedAssets(), NOTHING)
    assert (line["due"], line["received"], line["overdue"]) == (200_00, 150_00, 100_00)
