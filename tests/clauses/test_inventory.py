"""四(四)1–2 and 二: inventories imported, determined and aggregated, and the county's stock taken."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign
from tests.api.service import Service, running
from tests.domain.saying import all_recorded, recorded, refused
from tests.examples import MANAGER, OVERSEER, SUCCESSOR, TOWNSHIP, occasion, settled
from tests.inventory_examples import (
    ASSETS,
    BATCH,
    DEPARTMENTS,
    an_import,
    campaign,
    compiled,
    determined,
    line,
    opinion,
    reviewed,
    surplus,
)
from tests.workbooks import ledger, row


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str) -> AsyncIterator[Service]:
    """One service for the module."""
    async with running(module_database_url) as one:
        yield one


async def outcome(service: Service, content: bytes, **options: Any) -> dict[str, Any]:
    """The operation of an imported file after its end."""
    person = await service.person(TOWNSHIP)
    headers = service.headers("clerk", Idempotency_Key=uuid.uuid4().hex) | {"Content-Type": "text/csv"}
    answer = await service.http.post(
        "/v1/imports",
        params={"unit": TOWNSHIP, "compiled_by": person} | options,
        content=content,
        headers=headers,
    )
    assert answer.status_code == 202, answer.text
    return dict(await service.read(answer.headers["Location"], "clerk", wait=30))


@pytest.mark.clause("C4.4-00")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_ledger_of_a_thousand_rows_is_checked_row_by_row(service: Service) -> None:
    """A clerk's ledger is imported as a batch: every row judged, dry runs store nothing, one bad row keeps all out."""
    rows = [row(number) for number in range(1, 1001)]
    for number in (10, 20, 30, 40, 50, 60, 70):
        rows[number]["资产类型"] = "飞船"
    content = ledger(rows)
    dry = await outcome(service, content, dry_run=True)
    head = await service.head()
    assert (dry["result"]["ok"], dry["result"]["rejected"]) == (993, 7)
    assert [one["row"] for one in dry["result"]["refused"]] == [12, 22, 32, 42, 52, 62, 72]
    assert {one["reasons"][0]["code"] for one in dry["result"]["refused"]} == {"CODE_UNKNOWN"}
    whole = await outcome(service, content)
    assert whole["result"]["registered"] == 0
    assert await service.head() == head + 1  # the person who compiled it, nothing of the file
    assert (await outcome(service, content, partial=True))["result"]["registered"] == 993


@pytest.mark.clause("C4.4-00")
@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_ledger_is_imported_once(service: Service) -> None:
    """The same file a second time is refused, whoever sends it and however it is named."""
    content = ledger([row(1, 项目名称="一次")])
    assert (await outcome(service, content))["result"]["registered"] == 1
    again = await outcome(service, content, file_name="另一个名字.xlsx")
    assert again["problem"]["code"] == "BATCH_ALREADY_IMPORTED"
    assert again["problem"]["clause"] == "C4.4-00"


@pytest.mark.clause("C4.4-01")
def test_an_inventory_goes_up_from_the_village_to_the_asset_office() -> None:
    """A township reviews, four departments determine side by side, and only then the asset office aggregates."""
    batch = determined(*DEPARTMENTS[:3])
    with refused("DETERMINATION_INCOMPLETE", batch, missing=["RURAL_REVITALIZATION"], clause="C4.4-01"):
        batch.aggregate(SUCCESSOR, occasion())
    batch.determine(opinion("RURAL_REVITALIZATION"), occasion())
    batch.collect_events()
    batch.aggregate(SUCCESSOR, occasion())
    assert recorded(batch, InventoryBatch.Aggregated).person == SUCCESSOR


@pytest.mark.clause("C4.4-01")
def test_the_township_is_not_skipped() -> None:
    """Departments cannot determine what the township has not reviewed."""
    batch = compiled()
    batch.submit(MANAGER, occasion())
    with refused("STEP_OUT_OF_ORDER", settled(batch), clause="C4.4-01"):
        batch.determine(opinion("FINANCE"), occasion())


@pytest.mark.clause("C4.4-01")
def test_a_return_goes_back_with_its_reasons() -> None:
    """A return by any department sends the batch back with its reasons, and it goes up again from there."""
    batch = determined("DRC")
    batch.determine(opinion("FINANCE", decision="RETURN", reasons="与资金台账不符"), occasion())
    _, back = all_recorded(batch, InventoryBatch.Determined, InventoryBatch.Returned)
    assert back.opinion.reasons == "与资金台账不符"
    with refused("STEP_OUT_OF_ORDER"):
        batch.determine(opinion("AGRICULTURE"), occasion())
    batch.submit(MANAGER, occasion())
    batch.give_review(opinion(TOWNSHIP), TOWNSHIP, occasion())
    for department in DEPARTMENTS:
        batch.determine(opinion(department), occasion())
    assert batch.is_determined(occasion())


@pytest.mark.clause("C4.4-02")
def test_a_department_s_inventory_is_reviewed_by_another_person() -> None:
    """A department reviews its own inventory by another person, and votes on it by a third."""
    batch = InventoryBatch.compile(
        BATCH, an_import(unit="FINANCE", unit_kind="DEPARTMENT"), ASSETS, occasion()
    )
    batch.submit(MANAGER, occasion())
    with refused("SEGREGATION_OF_DUTIES", settled(batch), clause="C4.4-02"):
        batch.give_review(opinion("FINANCE", MANAGER), None, occasion())
    batch = reviewed(unit="FINANCE", unit_kind="DEPARTMENT")
    for person in (MANAGER, OVERSEER):
        with refused("SEGREGATION_OF_DUTIES", batch):
            batch.determine(opinion("FINANCE", person), occasion())
    for department in DEPARTMENTS:
        batch.determine(opinion(department, SUCCESSOR), occasion())
    batch.aggregate(SUCCESSOR, occasion())
    assert batch.state == "AGGREGATED"


def a_hundred() -> StocktakeCampaign:
    """A stocktake of a hundred assets."""
    return campaign(tuple(f"A-{number:03d}" for number in range(100)))


@pytest.mark.clause("C2-03")
def test_a_stocktake_shows_exactly_what_was_found() -> None:
    """A stocktake of a fixed baseline records what is found, missing, moved and surplus, and what follows from it."""
    one = a_hundred()
    lines = [line(f"A-{number:03d}") for number in range(97)]
    lines += [line("A-097", "MISSING"), line("A-098", "MISSING"), line("A-099", "MOVED")]
    one.record_lines(lines, occasion())
    one.find_surplus(surplus(), occasion())
    one.collect_events()
    one.complete(occasion())
    event = recorded(one, StocktakeCampaign.Completed)
    assert (event.found, event.missing, len(event.moved)) == (97, ("A-097", "A-098"), 1)
    assert one.tasks() == ["X-1"]


@pytest.mark.clause("C2-03")
def test_a_stocktake_with_unseen_assets_is_not_complete() -> None:
    """A stocktake ends only when every asset of its baseline was looked at."""
    one = a_hundred()
    one.record_lines([line(f"A-{number:03d}") for number in range(99)], occasion())
    with refused("STOCKTAKE_INCOMPLETE", settled(one), missing=["A-099"], clause="C2-03"):
        one.complete(occasion())


@pytest.mark.clause("C2-03")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_missing_asset_carries_the_risk_that_it_is_lost(service: Service) -> None:
    """Every missing asset carries the risk LOST from the commit that completes the stocktake; batches may be baseline."""
    done = await outcome(service, ledger([row(number, 项目名称="盘亏") for number in range(1, 4)]))
    body = {
        "title": "2021年清查",
        "scope": {"kind": "DIVISION", "code": TOWNSHIP},
        "batches": [done["result"]["batch"]],
    }
    opened = await service.write("/v1/stocktakes", body)
    path = f"/v1/stocktakes/{opened['id']}"
    listed = await service.read(f"{path}/lines", min_position=opened["position"])
    first, *others = [one["asset"] for one in listed["rows"]]
    assert len(others) == 2
    said = {"seenOn": "2021-09-01", "evidenceSha256": "ab" * 32}
    lines = [{"asset": first, "result": "FOUND"} | said]
    lines += [{"asset": asset, "result": "MISSING"} | said for asset in others]
    await service.write(f"{path}/lines", {"lines": lines})
    answer = await service.write(f"{path}/completion", {}, "approver")
    kinds = sorted(event["type"] for event in answer["events"])
    missing = ["asset.risk_flagged", "asset.risk_flagged"]
    assert kinds == [*missing, "asset.stocktake_recorded", "stocktake.completed"]
    for asset in others:
        assert "LOST" in (await service.read(f"/v1/assets/{asset}"))["resource"]["risks"]


@pytest.mark.clause("C4.5-12")
@pytest.mark.asyncio(loop_scope="module")
async def test_whether_a_village_s_asset_was_verified_can_be_asked(service: Service) -> None:
    """A confirmation that names a batch or a stocktake is checked against it: it has to cover the asset."""
    done = await outcome(service, ledger([row(1, 项目名称="核实")]))
    batch = done["result"]["batch"]
    (asset,) = (await service.read(f"/v1/imports/{batch}/rows"))["registered"]
    share = [{"party": TOWNSHIP, "amount": "450000.00"}]
    confirmation = {
        "owners": share,
        "ownerKind": "TOWNSHIP",
        "countyDecision": "陶政函〔2021〕8号",
        "verificationBasis": f"inventory_batch:{batch}",
    }
    decision = {"documentNo": "陶政函〔2021〕8号", "decidedOn": "2021-08-01", "reasons": "按实施单位"}
    path = f"/v1/assets/{asset}"
    await service.write(f"{path}/county-decisions", {"decision": decision}, "county", version=1)
    answer = await service.write(
        f"{path}/ownership-confirmations", {"confirmation": confirmation}, "approver", version=2
    )
    assert "STOCKTAKE_BASIS_MISSING" in [one["code"] for one in answer["warnings"]]
