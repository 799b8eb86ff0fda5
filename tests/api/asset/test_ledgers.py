"""Ledgers over HTTP: live, complete, in stable pages, exported with a trailer that proves it."""

from __future__ import annotations

import asyncio
import hashlib
from decimal import Decimal
from typing import Any, get_args

import orjson
import pytest
import pytest_asyncio

from projections.asset.register_questions import DIMENSIONS
from service.ledgers.questions.asset.register import Dimension
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE, road
from tests.api.service import Service, new_code

COUNT = 57


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def registered(service: Service) -> dict[str, dict[str, Any]]:
    """Assets of many values in two townships, by code."""
    cards: dict[str, dict[str, Any]] = {}
    for number in range(COUNT):
        value = f"{(number * 7919 % 100 + 1) * 1000}.{number % 100:02d}"
        place = (VILLAGE, TOWNSHIP) if number % 3 else (OTHER_VILLAGE, OTHER_TOWNSHIP)
        lines = [{"source": "FISCAL_DEV", "amount": value, "allocatedOn": "2019-03-01"}]
        cards[new_code(f"L{number:03d}")] = road(
            assetName=f"村道 {number}",
            originalValue=value,
            fundingLines=lines,
            location=place[0],
            implementer=place[1],
        )
    bodies = [{"asset": code, "card": card} for code, card in cards.items()]
    answer = await service.post("/v1/assets/bulk", bodies, "office")
    assert answer.json()["created"] == COUNT, answer.text[:800]
    return cards


async def pages(service: Service, limit: int, **filters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    head = await service.head()
    page = await service.read("/v1/ledgers/asset-register", limit=limit, min_position=head, **filters)
    while True:
        rows += page["rows"]
        if page["nextCursor"] is None:
            return rows
        page = await service.read(
            "/v1/ledgers/asset-register", limit=limit, cursor=page["nextCursor"], **filters
        )


async def test_a_client_sees_its_own_write(service: Service) -> None:
    for _ in range(20):
        asset = new_code("W")
        answer = await service.write("/v1/assets", {"asset": asset, "card": road()})
        page = await service.read("/v1/ledgers/asset-register", asset=asset, min_position=answer["position"])
        assert [row["asset"] for row in page["rows"]] == [asset]
        assert page["position"] >= answer["position"]


async def test_a_position_the_log_does_not_have_is_refused(service: Service) -> None:
    answer = await service.get("/v1/ledgers/asset-register", min_position=await service.head() + 1)
    assert (answer.status_code, answer.json()["code"]) == (422, "POSITION_UNKNOWN")


async def test_a_ledger_that_does_not_get_there_in_time_says_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledgers.source.LEDGER_SECONDS", 0.3)
    async with service.pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("SELECT FROM projection_checkpoint FOR UPDATE")  # nobody can move a ledger on
        made = await service.write("/v1/assets", {"asset": new_code("S"), "card": road()})
        answer = await service.get("/v1/ledgers/asset-register", min_position=made["position"])
        assert (answer.status_code, answer.json()["code"]) == (503, "POSITION_NOT_REACHED")
        assert answer.headers["retry-after"] == "1"
    monkeypatch.undo()
    await service.read("/v1/ledgers/asset-register", min_position=made["position"])


async def test_pages_are_complete_and_stable(service: Service, registered: dict[str, Any]) -> None:
    by_code = await pages(service, 10, township=TOWNSHIP, name="村道")
    assert [row["asset"] for row in by_code] == sorted(row["asset"] for row in by_code)
    mine = {code for code, card in registered.items() if card["implementer"] == TOWNSHIP}
    assert mine <= {row["asset"] for row in by_code}
    for sort in ("originalValue", "-original_value", "-completionDate", "usefulLifeYears"):
        rows = await pages(service, 7, sort=sort, name="村道")
        codes = [row["asset"] for row in rows]
        assert len(codes) == len(set(codes))
        assert set(registered) <= set(codes)
        if "riginal" in sort:
            values = [float(row["originalValue"]) for row in rows]
            assert values == sorted(values, reverse=sort.startswith("-"))


async def test_pages_skip_nothing_that_was_there_while_others_write(
    service: Service, registered: dict[str, Any]
) -> None:
    async def write_on() -> None:
        for _ in range(30):
            await service.write("/v1/assets", {"asset": new_code("X"), "card": road()})

    rows, _ = await asyncio.gather(pages(service, 5, sort="-originalValue"), write_on())
    codes = [row["asset"] for row in rows]
    assert len(codes) == len(set(codes))
    assert set(registered) <= set(codes)


async def export(service: Service, **params: Any) -> tuple[list[bytes], dict[str, Any]]:
    """The lines of an export and its trailer."""
    headers = service.headers("reader", Accept="application/x-ndjson")
    answer = await service.http.get("/v1/ledgers/asset-register", params=params, headers=headers)
    assert answer.headers["content-type"] == "application/x-ndjson"
    *lines, last = answer.content.splitlines(keepends=True)
    return lines, orjson.loads(last)["trailer"]


async def test_an_export_ends_with_a_trailer_that_verifies(
    service: Service, registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledgers.queries.PAGE", 20)  # several pages of one snapshot
    head = await service.head()
    lines, trailer = await export(service, min_position=head, sort="-originalValue")
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    assert trailer == {"count": len(lines), "sha256": digest, "position": head}
    rows = [orjson.loads(line) for line in lines]
    assert set(registered) <= {row["asset"] for row in rows}
    assert rows == await pages(service, 13, sort="-originalValue")


async def test_an_export_shows_one_moment_while_others_write(
    service: Service, registered: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledgers.queries.PAGE", 5)

    async def write_on() -> None:
        for _ in range(30):
            await service.write("/v1/assets", {"asset": new_code("Z"), "card": road()})

    (lines, trailer), _ = await asyncio.gather(export(service), write_on())
    rows = [orjson.loads(line) for line in lines]
    assert set(registered) <= {row["asset"] for row in rows}
    assert max(row["position"] for row in rows) <= trailer["position"]
    assert await service.head() > trailer["position"]


async def test_only_what_can_be_answered_is_accepted(service: Service) -> None:
    headers = service.headers("reader", Accept="text/csv")
    answer = await service.http.get("/v1/ledgers/asset-register", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")


async def test_totals_count_every_asset_once(service: Service, registered: dict[str, Any]) -> None:
    head = await service.head()
    totals = await service.read("/v1/ledgers/asset-register/totals", min_position=head)
    rows = await pages(service, 1000, scope="IN")
    assert totals["managed"]["assets"] == len(rows)
    assert Decimal(totals["managed"]["originalValue"]) == sum(Decimal(row["originalValue"]) for row in rows)
    page = await service.read("/v1/ledgers/asset-register", limit=1)
    assert page["totals"]["originalValue"] == totals["managed"]["originalValue"]
    by = await service.read("/v1/ledgers/asset-register/categories", by="township")
    assert sum(one["assets"] for one in by) == totals["managed"]["assets"]
    assert {TOWNSHIP, OTHER_TOWNSHIP} <= {one["category"] for one in by}
    assert len(registered) == COUNT
    for path in (
        "asset-register/owners",
        "income-ledger/holders",
        "household-register",
        "custody-ledger",
        "departures",
    ):
        await service.read(f"/v1/ledgers/{path}")


async def test_household_assets_stand_apart(service: Service) -> None:
    before = await service.read("/v1/ledgers/asset-register/totals", min_position=await service.head())
    card = {
        "assetName": "庭院改造",
        "assetContent": "一户",
        "assetType": "COURTYARD",
        "household": "H-1",
        "location": VILLAGE,
        "completionDate": "2020-05-01",
        "quantity": "1",
        "unitOfMeasure": "处",
        "originalValue": "12000.00",
        "fundingLines": [{"source": "FISCAL_DEV", "amount": "12000.00", "allocatedOn": "2020-03-01"}],
    }
    made = await service.write("/v1/household-assets", {"card": card})
    after = await service.read("/v1/ledgers/asset-register/totals", min_position=made["position"])
    assert after["managed"] == before["managed"]
    assert after["household"]["assets"] == before["household"]["assets"] + 1
    inspection = {"inspection": {"inspectedOn": "2022-05-01", "present": True, "condition": "良好"}}
    seen = await service.write(f"/v1/household-assets/{made['id']}/inspections", inspection, version=1)
    assert (await service.read(f"/v1/household-assets/{made['id']}"))["version"] == seen["version"] == 2


async def test_events_are_read_by_position_without_gaps(service: Service, registered: dict[str, Any]) -> None:
    positions: list[int] = []
    after = 0
    while True:
        page = await service.read("/v1/events", "auditor", after=after, limit=50)
        positions += [event["position"] for event in page["events"]]
        if page["nextAfter"] >= page["head"] and len(page["events"]) < 50:
            break
        after = page["nextAfter"]
    assert positions == list(range(1, len(positions) + 1))
    only = await service.read("/v1/events", "auditor", types="asset.registered", limit=1000)
    assert {event["type"] for event in only["events"]} == {"asset.registered"}
    assert len(only["events"]) >= len(registered)
    unknown = await service.get("/v1/events", "auditor", types="asset.exploded")
    assert unknown.status_code == 422


def test_the_dimensions_of_the_interface_are_the_ledgers() -> None:
    assert set(get_args(Dimension)) == {*DIMENSIONS, "fund_source"}


async def test_health_says_where_every_ledger_stands(service: Service) -> None:
    assert (await service.http.get("/health/live")).json() == {"status": "ok"}
    await service.read("/v1/ledgers/asset-register", min_position=await service.head())
    ready = await service.http.get("/health/ready")
    assert ready.status_code == 200, ready.text
    assert ready.json()["version"] == service.app.version
    assert {one["projection"] for one in ready.json()["checks"]["projections"]} >= {
        "asset_register",
        "departures",
    }
