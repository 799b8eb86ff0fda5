"""Ledgers as of a business day and as known at a moment, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from service.clock import utc_now
from tests.api.bodies import TOWNSHIP, road
from tests.api.service import Service, new_code


async def test_a_ledger_as_of_a_day_and_as_known_at_a_moment(service: Service) -> None:
    early, late = new_code(), new_code()
    await service.write("/v1/assets", {"asset": early, "card": road(), "occurredOn": "2021-07-01"})
    before = utc_now().isoformat()
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


class TwoMoments:
    """One road registered on 1 July and renamed by a correction recorded afterwards; another of 1 August."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.early, self.late = new_code(), new_code()
        self.before = ""

    async def happen(self) -> TwoMoments:
        write = self.service.write
        await write("/v1/assets", {"asset": self.early, "card": road(), "occurredOn": "2021-07-01"})
        self.before = utc_now().isoformat()
        await write("/v1/assets", {"asset": self.late, "card": road(), "occurredOn": "2021-08-01"})
        correction = {"changes": {"assetName": "更名后的村道"}, "reason": "笔误", "documentNo": "更正1号"}
        path = f"/v1/assets/{self.early}/registration-corrections"
        await write(path, {"correction": correction, "occurredOn": "2021-07-02"}, version=1)
        return self

    async def changes(self, ledger: str = "asset-register", **given: object) -> dict[str, Any]:
        asked = {"asset": [self.early, self.late], **given}
        return await self.service.read(f"/v1/ledgers/{ledger}/changes", **asked)


async def test_what_a_later_correction_changed_about_a_day(service: Service) -> None:
    """As it was on 31 July: as known before the correction, and as known now."""
    life = await TwoMoments(service).happen()
    found = await life.changes(from_as_of="2021-07-31", from_known_at=life.before, to_as_of="2021-07-31")
    assert (found["added"], found["removed"], found["changed"]) == (0, 0, 1)
    (row,) = found["rows"]
    assert (row["change"], row["key"]) == ("CHANGED", {"asset": life.early})
    assert (row["before"]["assetName"], row["after"]["assetName"]) == ("村道", "更名后的村道")
    assert set(row["fields"]) == set(row["before"]) == set(row["after"]) >= {"assetName", "corrections"}
    assert found["before"]["knownAt"] is not None
    assert found["after"]["knownAt"] is None
    assert found["before"]["position"] < found["after"]["position"]
    back = await life.changes(to_as_of="2021-07-31", to_known_at=life.before, from_as_of="2021-07-31")
    assert back["rows"][0]["before"] == row["after"]


async def test_what_came_between_two_days(service: Service) -> None:
    life = await TwoMoments(service).happen()
    found = await life.changes(from_as_of="2021-07-31", to_as_of="2021-08-31")
    assert (found["added"], found["removed"], found["changed"]) == (1, 0, 0)
    (row,) = found["rows"]
    assert (row["change"], row["key"], row["before"]) == ("ADDED", {"asset": life.late}, None)
    assert row["after"]["assetName"] == "村道"
    sides = [found[side]["totals"] for side in ("before", "after")]
    assert [(one["assets"], one["originalValue"]) for one in sides] == [(1, "450000.00"), (2, "900000.00")]
    gone = await life.changes(from_as_of="2021-08-31", to_as_of="2021-06-30")
    assert (gone["removed"], gone["added"], gone["rows"][0]["after"]) == (2, 0, None)


async def test_now_against_a_day_and_page_by_page(service: Service) -> None:
    """The live ledger is one of the sides; a page goes on where the last one ended, the counts stay."""
    life = await TwoMoments(service).happen()
    head = await service.head()
    await service.read("/v1/ledgers/asset-register", min_position=head, limit=1)
    whole = await life.changes(from_as_of="2021-06-30")
    assert whole["after"]["asOf"] is None
    assert {row["key"]["asset"] for row in whole["rows"]} == {life.early, life.late}
    first = await life.changes(from_as_of="2021-06-30", limit=1)
    second = await life.changes(from_as_of="2021-06-30", limit=1, cursor=first["nextCursor"])
    assert first["rows"] + second["rows"] == whole["rows"]
    assert first["added"] == second["added"] == whole["added"] == 2


async def test_opposite_questions_do_not_wait_for_each_other(service: Service) -> None:
    """Each needs both moments; both take them in one order."""
    life = await TwoMoments(service).happen()
    one, other = {"as_of": "2021-07-15"}, {"as_of": "2021-08-15"}
    asked = [
        {f"from_{name}": day for name, day in was.items()} | {f"to_{name}": day for name, day in now.items()}
        for was, now in 3 * [(one, other), (other, one)]
    ]
    found = await asyncio.wait_for(asyncio.gather(*(life.changes(**each) for each in asked)), 60)
    assert [(each["added"], each["removed"]) for each in found] == 3 * [(1, 0), (0, 1)]


async def test_every_dated_ledger_tells_its_changes(service: Service) -> None:
    life = await TwoMoments(service).happen()
    for name in ("household-register", "income-ledger", "custody-ledger"):
        found = await life.changes(name, from_as_of="2021-06-30", to_as_of="2021-12-31")
        assert (found["ledger"], found["rows"]) == (name.replace("-", "_"), [])


async def test_changes_refuse_missing_start_forged_cursor_and_sort(service: Service) -> None:
    path = "/v1/ledgers/asset-register/changes"
    for given, code in (
        ({}, "FIELD_REQUIRED"),
        ({"from_as_of": "2021-06-30", "cursor": "WzFd"}, "CURSOR_INVALID"),
        ({"from_as_of": "2021-06-30", "cursor": "x"}, "CURSOR_INVALID"),
        ({"from_as_of": "2021-06-30", "sort": "asset"}, "FIELD_UNKNOWN"),
    ):
        answer = await service.get(path, **given)
        assert answer.json()["code"] == code
