"""Ledgers as of a business day and as known at a moment, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.api.bodies import TOWNSHIP, road
from tests.api.service import Service, new_code


async def test_a_ledger_as_of_a_day_and_as_known_at_a_moment(service: Service) -> None:
    early, late = new_code(), new_code()
    await service.write("/v1/assets", {"asset": early, "card": road(), "occurredOn": "2021-07-01"})
    before = datetime.now(UTC).isoformat()
    await service.write("/v1/assets", {"asset": late, "card": road(), "occurredOn": "2021-08-01"})
    correction = {
        "correction": {
            "changes": {"assetName": "更名后的村道"}, "reason": "笔误", "documentNo": "更正1号",
        },
        "occurredOn": "2021-07-02",
    }  # fmt: skip
    path = f"/v1/assets/{early}/registration-corrections"
    done = await service.write(path, correction, version=1)
    both = {"asset": [early, late], "sort": "asset"}
    ledger = "/v1/ledgers/asset-register"

    async def names(**when: str) -> dict[str, str]:
        rows = (await service.read(ledger, **both, **when))["rows"]
        return {row["asset"]: row["assetName"] for row in rows}

    assert await names(as_of="2021-06-30") == {}
    assert await names(as_of="2021-07-31") == {early: "更名后的村道"}
    assert await names(as_of="2021-07-31", known_at=before) == {early: "村道"}
    assert await names(known_at=before) == {early: "村道"}
    assert await names(as_of="2021-08-01") == {early: "更名后的村道", late: "村道"}
    page = await service.read(ledger, as_of="2021-07-31", known_at=before, limit=1)
    assert (page["asOf"], page["position"]) == ("2021-07-31", done["position"] - 2)
    assert page["totals"]["originalValue"] == "450000.00"


async def test_every_dated_ledger_and_its_totals_can_be_asked_about_a_day(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(), "occurredOn": "2021-09-01"})
    for name in ("asset-register", "household-register", "income-ledger", "custody-ledger"):
        page = await service.read(f"/v1/ledgers/{name}", as_of="2021-08-31", limit=1000)
        assert asset not in [row.get("asset") for row in page["rows"]]
    totals = "/v1/ledgers/asset-register/totals"
    was, now = [await service.read(totals, as_of=day) for day in ("2021-08-31", "2021-09-01")]
    assert now["managed"]["assets"] == was["managed"]["assets"] + 1
    by_township = await service.read(
        "/v1/ledgers/asset-register/categories", by="township", as_of="2021-09-01"
    )
    assert sum(row["assets"] for row in by_township) == now["managed"]["assets"]
    assert TOWNSHIP in [row["category"] for row in by_township]
    assert await service.read("/v1/ledgers/asset-register/owners", as_of="2013-01-01") == []
    assert await service.read("/v1/ledgers/income-ledger/holders", as_of="2013-01-01") == []


async def test_a_past_ledger_is_exported_with_its_moment(service: Service) -> None:
    headers = service.headers("reader", Accept="application/x-ndjson")
    answer = await service.http.get("/v1/ledgers/asset-register?as_of=2013-01-01", headers=headers)
    assert answer.status_code == 200
    assert '"asOf":"2013-01-01"' in answer.text.splitlines()[-1]
