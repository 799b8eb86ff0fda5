"""What tests of income share: a village of its own for each test, an asset that earns for it, its sub-account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import card, confirmation, transfer
from tests.api.income.decided import Decided, money, open_account, plan
from tests.api.service import Service, new_code


def villages() -> Iterator[str]:
    """Villages of the township whose keys the tests have, one for each test."""
    yield from (f"6530222022{number:02d}" for number in (*range(1, 8), *range(9, 19)))


async def earning(service: Service, village: str, on: str = "2021-08-10", **facts: Any) -> Life:
    """A production line whose ownership is confirmed to one village."""
    asset = new_code()
    body = {"asset": asset, "card": card(location=village, **facts), "occurredOn": "2021-07-15"}
    await service.write("/v1/assets", body)
    life = Life(service, asset)
    await life.step("transfers", {"transfer": transfer() | {"receiver": village}})
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    accepted = {"receiver": village, "items": items, "occurredOn": "2021-08-02"}
    await life.step("transfers/T1/acceptances", accepted)
    await life.step("transfers/T1/completion", {"occurredOn": "2021-08-03"})
    owned = confirmation(str(facts.get("originalValue", "1000000.00")), village)
    await life.step("ownership-confirmations", {"confirmation": owned, "occurredOn": on}, "office")
    return life


def interest(posting: str, amount: str, on: str, cause: str = "INTEREST") -> dict[str, Any]:
    told = {
        "posting": posting,
        "cause": cause,
        "amount": amount,
        "postedOn": on,
        "voucherNo": f"息-{posting}",
    }
    return {"posting": told}


async def statement(service: Service, village: str, **filters: Any) -> dict[str, Any]:
    """The village's statement once the ledger has everything."""
    filters = {"organization": village, "min_position": await service.head(), "limit": 1000} | filters
    return dict(await service.read("/v1/ledgers/income-sub-accounts", **filters))


async def planned(
    service: Service, village: str, *lines: dict[str, Any], earned: str = "30000.00"
) -> Decided:
    """A village that earned, and its plan over that."""
    life = await earning(service, village)
    await open_account(service, village)
    await life.step("income-receipts", money("R1", earned, "2022-09-01"))
    asset = life.path.rpartition("/")[2]
    return Decided(service, village, await service.write("/v1/income-plans", plan(village, asset, *lines)))
