"""Stocktakes over HTTP: a baseline from the register, lines, completion with its consequences (C2-03)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, road
from tests.api.service import Service, new_code

SHA = "ab" * 32


def line(asset: str, result: str = "FOUND", **changes: Any) -> dict[str, Any]:
    said = {"asset": asset, "result": result, "seenOn": "2022-01-05"}
    if result != "FOUND":
        said["evidenceSha256"] = SHA
    return said | changes


def surplus(location: str, code: str = "X-1") -> dict[str, Any]:
    return {
        "surplus": {
            "surplus": code,
            "name": "水泵",
            "location": location,
            "quantity": "1台",
            "seenOn": "2022-01-05",
            "evidenceSha256": SHA,
        }
    }


async def fresh_village(service: Service) -> str:
    """A village nobody else registers anything in."""
    village = f"653022202{uuid.uuid4().int % 100 + 800:03d}"
    while (await service.get(f"/v1/divisions/{village}")).status_code == 200:
        village = f"653022202{uuid.uuid4().int % 100 + 800:03d}"
    card = {"name": f"新村{village[-3:]}", "level": "village", "parent": TOWNSHIP, "validFrom": "2013-01-01"}
    await service.write("/v1/divisions", {"division": village, "card": card}, "admin")
    return village


async def roads(service: Service, village: str, count: int) -> list[str]:
    """So many roads in a village, by code."""
    codes = sorted(new_code("A") for _ in range(count))
    for number, asset in enumerate(codes):
        card = road(location=village, assetName=f"村道{number}号")
        await service.write("/v1/assets", {"asset": asset, "card": card})
    return codes


async def opened(service: Service, village: str, **changes: Any) -> str:
    """A stocktake of the village."""
    body = {"campaign": new_code("S"), "title": "清查", "scope": {"kind": "DIVISION", "code": village}}
    answer = await service.write("/v1/stocktakes", body | changes)
    return str(answer["id"])


async def test_a_stocktake_shows_what_was_found_missing_moved_and_surplus(service: Service) -> None:
    village = await fresh_village(service)
    found, missing, moved = await roads(service, village, 3)
    campaign = await opened(service, village)
    path = f"/v1/stocktakes/{campaign}"
    start = await service.read(path)
    assert start["resource"]["baseline"]["assets"] == 3
    assert start["resource"]["results"]["unseen"] == 3
    lines = [line(found), line(missing, "MISSING"), line(moved, "MOVED", location=OTHER_VILLAGE)]
    await service.write(f"{path}/lines", {"lines": lines[:1]})
    early = await service.post(f"{path}/completion", {}, "approver")
    assert early.json()["code"] == "STOCKTAKE_INCOMPLETE"
    assert early.json()["missing"] == [missing, moved]
    await service.write(f"{path}/lines", {"lines": lines[1:]})
    await service.write(f"{path}/surpluses", surplus(village))
    done = await service.write(f"{path}/completion", {}, "approver")
    view = done["resource"]
    assert view["results"] == {
        "baseline": 3,
        "unseen": 0,
        "found": 1,
        "missing": 1,
        "moved": 1,
        "damaged": 0,
        "surplus": 1,
    }
    assert (view["lost"], view["registrationTasks"]) == ([missing], ["X-1"])
    assert view["correctionProposals"] == [{"asset": moved, "location": OTHER_VILLAGE}]
    noted = {event["stream"]: event["type"] for event in done["events"][1:]}
    assert noted == {
        f"asset-{found}": "asset.stocktake_recorded",
        f"asset-{missing}": "asset.risk_flagged",
        f"asset-{moved}": "asset.stocktake_recorded",
    }
    lost = (await service.read(f"/v1/assets/{missing}"))["resource"]
    assert ("LOST" in lost["risks"], lost.get("stocktaking")) == (True, None)
    there = (await service.read(f"/v1/assets/{found}"))["resource"]
    assert there["risks"] == {}
    assert there["stocktaking"] == {"stocktake": campaign, "verifiedOn": "2022-01-05"}
    page = await service.read(f"{path}/lines", min_position=done["position"], result="MISSING")
    assert [row["asset"] for row in page["rows"]] == [missing]
    listed = await service.read(
        "/v1/stocktakes", min_position=done["position"], state="COMPLETED", limit=1000
    )
    assert campaign in [row["campaign"] for row in listed["rows"]]


async def test_a_later_verification_is_not_overwritten_by_an_older_stocktake(service: Service) -> None:
    village = await fresh_village(service)
    (asset,) = await roads(service, village, 1)
    campaign = await opened(service, village)
    path = f"/v1/stocktakes/{campaign}"
    await service.write(f"{path}/lines", {"lines": [line(asset)]})
    later = {"stocktake": "QC-2022", "verifiedOn": "2022-01-06"}
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    await service.write(f"/v1/assets/{asset}/stocktakes", {"stocktaking": later}, version=version)
    done = await service.write(f"{path}/completion", {}, "approver")
    assert [event["type"] for event in done["events"]] == ["stocktake.completed"]
    kept = (await service.read(f"/v1/assets/{asset}"))["resource"]["stocktaking"]
    assert kept["stocktake"] == "QC-2022"


async def test_a_registration_task_ends_with_a_registered_asset(service: Service) -> None:
    village = await fresh_village(service)
    campaign = await opened(service, village)
    path = f"/v1/stocktakes/{campaign}"
    await service.write(f"{path}/surpluses", surplus(village))
    await service.write(f"{path}/completion", {}, "approver")
    registration = f"{path}/surpluses/X-1/registration"
    assert (await service.post(registration, {"asset": new_code("A")})).status_code == 404
    (asset,) = await roads(service, village, 1)
    answer = await service.write(registration, {"asset": asset})
    assert answer["resource"]["registrationTasks"] == []


async def test_the_baseline_may_be_what_a_batch_brought_in(service: Service) -> None:
    unknown = {"title": "清查", "scope": {"kind": "DIVISION", "code": TOWNSHIP}, "batches": ["B-none"]}
    assert (await service.post("/v1/stocktakes", unknown)).status_code == 404


async def test_a_stocktake_is_done_where_one_is_responsible(service: Service) -> None:
    village = await fresh_village(service)
    (asset,) = await roads(service, village, 1)
    campaign = await opened(service, village)
    foreign = {"title": "清查", "scope": {"kind": "DIVISION", "code": village}}
    assert (await service.post("/v1/stocktakes", foreign, "neighbour")).status_code == 403
    county = {"title": "清查", "scope": {"kind": "COUNTY"}}
    assert (await service.post("/v1/stocktakes", county)).status_code == 403
    path = f"/v1/stocktakes/{campaign}"
    refused = await service.post(f"{path}/lines", {"lines": [line(asset)]}, "neighbour")
    assert refused.json()["code"] == "FORBIDDEN_JURISDICTION"
    assert (await service.post(f"{path}/surpluses", surplus(village), "neighbour")).status_code == 403
    assert (await service.post(f"{path}/completion", {}, "neighbour")).status_code == 403
    own = {"title": "清查", "scope": {"kind": "UNIT", "code": OTHER_TOWNSHIP}}
    answer = await service.write("/v1/stocktakes", own, "neighbour")
    assert answer["resource"]["baseline"]["position"] > 0


async def test_the_whole_county_is_a_scope_for_the_office(service: Service) -> None:
    village = await fresh_village(service)
    (asset,) = await roads(service, village, 1)
    body = {"title": "全县清查", "scope": {"kind": "COUNTY"}}
    answer = await service.write("/v1/stocktakes", body, "office")
    page = await service.read(
        f"/v1/stocktakes/{answer['id']}/lines", min_position=answer["position"], limit=1000
    )
    assert asset in [row["asset"] for row in page["rows"]]


# ---- what a confirmation of ownership rests on -----------------------------------------------------------------------


async def test_a_confirmation_that_names_a_stocktake_is_checked_against_it(service: Service) -> None:
    village = await fresh_village(service)
    seen, missing, early = await roads(service, village, 3)
    open_one, done = await opened(service, village), await opened(service, village)
    (later,) = await roads(service, village, 1)
    lines = [line(seen), line(missing, "MISSING"), line(early)]
    await service.write(f"/v1/stocktakes/{done}/lines", {"lines": lines})
    await service.write(f"/v1/stocktakes/{done}/completion", {}, "approver")
    assert await confirmed(service, seen, f"stocktake:{done}") == []
    assert await confirmed(service, missing, f"stocktake:{done}") == ["STOCKTAKE_BASIS_MISSING"]
    assert await confirmed(service, later, f"stocktake:{done}") == ["STOCKTAKE_BASIS_MISSING"]
    assert await confirmed(service, early, f"stocktake:{open_one}") == ["STOCKTAKE_BASIS_MISSING"]
    paper, fresh = await roads(service, village, 2)
    assert await confirmed(service, paper, "竣工验收") == []
    answer = await confirmation_of(service, fresh, "inventory_batch:none")
    assert (answer.status_code, answer.json()["code"]) == (422, "CODE_UNKNOWN")


async def confirmed(service: Service, asset: str, basis: str) -> list[str]:
    """Codes that a confirmation resting on this warns of."""
    answer = await confirmation_of(service, asset, basis)
    assert answer.status_code == 201, answer.text
    return [one["code"] for one in answer.json()["warnings"] if one["code"].startswith("STOCKTAKE")]


async def confirmation_of(service: Service, asset: str, basis: str) -> Any:
    """The township's own road is confirmed to be the township's."""
    state = await service.read(f"/v1/assets/{asset}")
    decision = {"documentNo": "陶政函〔2021〕8号", "decidedOn": "2021-08-01", "reasons": "按实施单位"}
    decided = await service.write(
        f"/v1/assets/{asset}/county-decisions", {"decision": decision}, "county", version=state["version"]
    )
    share = [{"party": TOWNSHIP, "amount": "450000.00"}]
    confirmation = {
        "owners": share,
        "ownerKind": "TOWNSHIP",
        "verificationBasis": basis,
    }
    path = f"/v1/assets/{asset}/ownership-confirmations"
    return await service.post(path, {"confirmation": confirmation}, "approver", version=decided["version"])


async def test_a_baseline_is_read_from_the_log(service: Service) -> None:
    """Nobody looks for what a baseline leaves out: a row taken out of the register by hand is in it all the same."""
    village = await fresh_village(service)
    codes = await roads(service, village, 2)
    hide = "UPDATE asset_register SET disposed_on = $2 WHERE asset = $1"
    await service.pool.execute(hide, codes[0], date(2021, 1, 1))
    try:
        campaign = await opened(service, village)
    finally:
        await service.pool.execute(hide, codes[0], None)
    listed = (await service.read(f"/v1/stocktakes/{campaign}"))["resource"]
    assert (listed["baseline"]["assets"], listed["results"]["unseen"]) == (2, 2)


async def test_who_may_record_lines_is_asked_of_the_log_and_not_of_a_ledger_that_is_behind(
    service: Service,
) -> None:
    village = await fresh_village(service)
    (asset,) = await roads(service, village, 1)
    campaign = await opened(service, village)
    await service.read("/v1/ledgers/asset-register", min_position=await service.head())
    await service.pool.execute("DELETE FROM asset_register WHERE asset = $1", asset)
    refused = await service.post(f"/v1/stocktakes/{campaign}/lines", {"lines": [line(asset)]}, "neighbour")
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
