"""The ledger of disposal proceeds over HTTP (T9, C4.12-07): what is left of which money, how old it is, what became of each use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.asset.test_disposal_rules import allocate, allocation, received, sold
from tests.api.bodies import VILLAGE, card
from tests.api.organization.test_duties import asset_of
from tests.api.service import Service, new_code


async def listed(service: Service, **asked: Any) -> dict[str, Any]:
    told = {"min_position": await service.head(), "limit": 1000} | asked
    return dict(await service.read("/v1/ledgers/proceeds-pool", **told))


async def uses(service: Service, **asked: Any) -> dict[str, Any]:
    told = {"min_position": await service.head(), "limit": 1000} | asked
    page = await service.read("/v1/ledgers/proceeds-allocations", **told)
    return {one["allocation"]: one for one in page["rows"]}


async def paid(service: Service, day: str, amount: str, voucher: str, life: Life | None = None) -> Life:
    """Money for a village's asset that was sold on 2023-07-01."""
    life = life or await sold(service)
    body = {"amount": amount, "receivedOn": day, "voucherNo": voucher}
    await life.step("disposals/D1/proceeds", body)
    return life


@pytest.mark.clause("C4.12-07")
async def test_the_oldest_money_is_allocated_first_and_what_is_left_grows_old(service: Service) -> None:
    """Shows what is left of each receipt by days of age: 90 and 91, 180 and 181, 365 and 366 days after it came in."""
    life = await paid(service, "2023-07-05", "100000.00", "收-1")
    await paid(service, "2023-07-20", "50000.00", "收-2", life)
    asset = asset_of(life)
    first = (await listed(service, asset=asset))["rows"]
    assert [(one["voucherNo"], one["remaining"]) for one in first] == [
        ("收-1", "100000.00"),
        ("收-2", "50000.00"),
    ]
    used = allocation("120000.00", projectCode="X20230011")
    assert (await allocate(service, used))[0] == 201
    told = await listed(service, asset=asset)
    assert [one["remaining"] for one in told["rows"]] == ["0.00", "30000.00"]
    assert (told["totals"]["received"], told["totals"]["allocated"], told["totals"]["balance"]) == (
        "150000.00",
        "120000.00",
        "30000.00",
    )
    assert told["totals"]["oldest"] == "2023-07-20"
    assert told["rows"][0]["legalOwners"] == [{"party": VILLAGE, "amount": "100000.00"}]
    for day, age, over in (
        ("2023-10-18", "UP_TO_90", "0.00"),
        ("2023-10-19", "UP_TO_180", "0.00"),
        ("2024-01-16", "UP_TO_180", "0.00"),
        ("2024-01-17", "UP_TO_365", "0.00"),
        ("2024-07-19", "UP_TO_365", "0.00"),
        ("2024-07-20", "OVER_365", "30000.00"),
    ):
        then = await listed(service, asset=asset, as_of=day, remains=True)
        (row,) = then["rows"]
        assert (row["age"], then["totals"]["overAYear"]) == (age, over), day
        assert [one["voucherNo"] for one in (await listed(service, as_of=day, age=age, asset=asset))["rows"]][
            -1:
        ] == ["收-2"]
    before = await listed(service, asset=asset, as_of="2023-07-19")
    assert [(one["voucherNo"], one["remaining"]) for one in before["rows"]] == [("收-1", "100000.00")]
    assert [one["voucherNo"] for one in (await listed(service, asset=asset, remains=False))["rows"]] == [
        "收-1"
    ]
    assert (await listed(service, asset=asset, owner="653022202201"))["rows"] == []


@pytest.mark.clause("C4.12-07")
async def test_an_allocation_shows_what_was_made_of_it_and_what_came_back(service: Service) -> None:
    """Of 100,000.00: 60,000.00 became an asset, 30,000.00 came back into the pool, 10,000.00 are unused."""
    life = await sold(service)
    await received(service, life)
    code = new_code("PA")
    status, answer = await allocate(service, allocation("100000.00", code))
    assert status == 201, answer
    line = {"source": "DISPOSAL_PROCEEDS", "amount": "60000.00", "allocatedOn": "2023-08-02"}
    line |= {"fromAsset": asset_of(life), "allocation": code}
    made = new_code()
    told = card(
        originalValue="60000.00",
        fundingLines=[line],
        completionDate="2023-10-01",
        acceptance={"result": "PASSED", "acceptedOn": "2023-10-02", "documentNo": "验字009"},
    )
    await service.write("/v1/assets", {"asset": made, "card": told, "occurredOn": "2023-10-05"})
    back = {"returned": "R1", "amount": "30000.00", "returnedOn": "2023-11-01", "reason": "结余"}
    path = f"/v1/proceeds/allocations/{code}/returns"
    await service.write(path, {"back": back | {"documentNo": "结算1号"}}, "leading")
    row = (await uses(service))[code]
    assert (row["amount"], row["formed"], row["returned"], row["unused"]) == (
        "100000.00",
        "60000.00",
        "30000.00",
        "10000.00",
    )
    assert (row["assets"], row["allocator"]) == ({made: "60000.00"}, "LEADING_GROUP")
    assert row["procedure"] is not None
    assert list(await uses(service, asset=made)) == [code]
    assert code in await uses(service, unused=True) and code not in await uses(service, unused=False)
    assert (await uses(service, as_of="2023-10-31"))[code]["returned"] == "0.00"


async def test_the_ledger_of_the_table_says_where_it_is_read(service: Service) -> None:
    (entry,) = [one for one in await service.read("/v1/ledgers") if one["code"] == "PROCEEDS_POOL"]
    assert entry["path"] == "/v1/ledgers/proceeds-pool"
