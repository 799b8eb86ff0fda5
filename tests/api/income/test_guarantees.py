"""Cost guarantees over HTTP (A18): declared, verified by the township, approved and paid by the county's finance bureau."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_care_by_table import departments_road, let_across_villages, townships_road
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.income.decided import SEEN, open_account
from tests.api.income.incomes import earning, villages
from tests.api.income.test_maintenance import code
from tests.api.service import Service

VILLAGES = villages()
PATH = "/v1/cost-guarantees"


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def declared(unit: str, asset: str, cost: str, **facts: Any) -> dict[str, Any]:
    told = {
        "unit": unit,
        "asset": asset,
        "year": 2021,
        "cost": cost,
        "reason": "收益不足",
        "evidenceSha256": SEEN,
    }
    return {"declaration": told | facts, "occurredOn": "2021-10-08"}


def verified(on: str = "2021-10-09") -> dict[str, Any]:
    return {"verification": {"verifiedOn": on, "finding": "经查账，村账户不足以支付"}}


def approved(amount: str, year: int = 2022, on: str = "2021-10-20") -> dict[str, Any]:
    told = {"approvedOn": on, "amount": amount, "budgetYear": year, "documentNo": "陶财〔2021〕88号"}
    return {"approval": told}


def covered(number: str, amount: str, on: str = "2022-02-01") -> dict[str, Any]:
    return {"payment": {"payment": number, "amount": amount, "paidOn": on, "voucherNo": f"财-{number}"}}


async def refused(service: Service, path: str, body: object, who: str) -> tuple[int, str]:
    return (await code(service, path, body, who))[:2]


@pytest.mark.clause("C4.7-11")
async def test_county_pays_what_the_village_s_own_account_leaves_of_its_share(
    service: Service, village: str
) -> None:
    """Asks for the township's verification, stands in for the share less what the village has, and for no fen more."""
    life = await earning(service, village)
    await open_account(service, village, "500.00")
    asset = life.path.rpartition("/")[2]
    told = await service.write(PATH, declared(village, asset, "3333.33"), "clerk")
    assert told["resource"]["share"] == "3333.33"
    path = f"{PATH}/{told['id']}"
    early = (409, "STEP_OUT_OF_ORDER")
    assert await refused(service, f"{path}/approval", approved("2833.33"), "finance") == early
    assert await refused(service, f"{path}/payments", covered("C1", "2833.33"), "finance") == early
    assert await refused(service, f"{path}/verification", verified(), "neighbour") == (403, "FORBIDDEN")
    assert await refused(service, f"{path}/verification", verified(), "county") == (403, "ROLE_NOT_ALLOWED")
    await service.write(f"{path}/verification", verified(), "approver")
    assert await refused(service, f"{path}/verification", verified("2021-10-10"), "approver") == early
    for who in ("agriculture", "approver"):
        answer = await refused(service, f"{path}/approval", approved("2833.33"), who)
        assert answer[0] == 403, who
    assert await refused(service, f"{path}/payments", covered("C1", "2833.33"), "finance") == early
    over = (409, "GUARANTEE_EXCEEDS_SHARE")
    assert await refused(service, f"{path}/approval", approved("2833.34"), "finance") == over
    assert await refused(service, f"{path}/approval", approved("3333.33"), "finance") == over
    assert await refused(service, f"{path}/approval", approved("0.00"), "finance") == (
        422,
        "AMOUNT_NOT_POSITIVE",
    )
    await service.write(f"{path}/approval", approved("2833.33"), "finance")
    assert await refused(service, f"{path}/payments", covered("C1", "2833.34"), "finance") == over
    await service.write(f"{path}/payments", covered("C1", "2833.32"), "finance")
    assert await refused(service, f"{path}/payments", covered("C2", "0.02"), "finance") == over
    assert await refused(service, f"{path}/payments", covered("C1", "0.01"), "finance") == (
        409,
        "ALREADY_EXISTS",
    )
    done = await service.write(f"{path}/payments", covered("C2", "0.01"), "finance")
    assert (done["resource"]["state"], done["resource"]["covered"]) == ("COVERED", "2833.33")
    assert (await service.post(PATH, declared(village, asset, "1.00"), "clerk")).json()[
        "code"
    ] == "ALREADY_EXISTS"


@pytest.mark.clause("C4.10-08")
async def test_township_s_road_is_a_line_of_next_year_s_budget_once_it_is_approved(service: Service) -> None:
    """Takes a township's declaration into the budget of the year that finance approves it for; before that there is no line."""
    asset = await townships_road(service)
    told = await service.write(PATH, declared(TOWNSHIP, asset, "200000.00"), "clerk")
    path = f"{PATH}/{told['id']}"

    async def budget(year: int) -> list[dict[str, Any]]:
        asked = {"asset": asset, "budget_year": year, "min_position": await service.head()}
        return list((await service.read("/v1/ledgers/cost-guarantees", **asked))["rows"])

    assert await budget(2022) == []
    assert await refused(service, f"{path}/verification", verified(), "approver") == (
        409,
        "STEP_OUT_OF_ORDER",
    )
    over = (409, "GUARANTEE_EXCEEDS_SHARE")
    assert await refused(service, f"{path}/approval", approved("200000.01"), "finance") == over
    await service.write(f"{path}/approval", approved("200000.00"), "finance")
    (line,) = await budget(2022)
    assert (line["unit"], line["approved"], line["state"]) == (TOWNSHIP, "200000.00", "APPROVED")
    assert await budget(2021) == []


@pytest.mark.clause("C4.10-08")
async def test_departments_and_who_owns_nothing_of_it_are_not_stood_in_for(service: Service) -> None:
    """Refuses a declaration by a department, and by a village or township that has no part of the asset."""
    road = await townships_road(service)
    wrong = (409, "NOT_ELIGIBLE_FOR_GUARANTEE")
    assert await refused(service, PATH, declared("COMMERCE", road, "1000.00"), "commerce") == wrong
    assert await refused(service, PATH, declared(VILLAGE, road, "1000.00"), "village") == wrong
    bureaus = await departments_road(service, "COMMERCE")
    assert await refused(service, PATH, declared("COMMERCE", bureaus, "1000.00"), "commerce") == wrong
    shared = await let_across_villages(service)
    assert await refused(service, PATH, declared(TOWNSHIP, shared, "1000.00"), "clerk") == wrong
    told = await service.write(PATH, declared(VILLAGE, shared, "10000.01"), "village")
    assert told["resource"]["share"] == "6000.01"
