"""四(四)3–4: the money of every unit, source and year against the assets made from it, and projects against assets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.service import Service, new_code, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str) -> AsyncIterator[Service]:
    """One service for the module; every test uses a year of its own."""
    async with running(module_database_url) as one:
        yield one


def allocation(amount: str, year: int, **changes: Any) -> dict[str, Any]:
    """Development money for the township."""
    return {
        "unit": TOWNSHIP,
        "source": "FISCAL_DEV",
        "allocatedOn": f"{year}-03-01",
        "amount": amount,
        "documentNo": f"陶财扶〔{year}〕3号",
    } | changes


def training(amount: str) -> list[dict[str, Any]]:
    """Spend that forms no asset."""
    return [{"amount": amount, "reason": "实用技术培训", "documentNo": "陶扶〔2019〕7号"}]


async def allocate(service: Service, card: dict[str, Any]) -> str:
    answer = await service.write("/v1/fund-allocations", {"card": card}, "finance")
    return str(answer["id"])


async def build(service: Service, amount: str, year: int, **changes: Any) -> str:
    """A road the township built from development money of that year."""
    lines = [{"source": "FISCAL_DEV", "amount": amount, "allocatedOn": f"{year}-04-01"}]
    card = road(originalValue=amount, fundingLines=lines) | changes
    code = new_code()
    await service.write("/v1/assets", {"asset": code, "card": card})
    return code


async def compare(service: Service, year: int, unit: str = TOWNSHIP) -> dict[str, Any]:
    path = f"/v1/fund-reconciliations/{unit}/{year}/comparisons"
    return dict((await service.write(path, {}, "finance"))["resource"])


@pytest.mark.clause("C4.4-03")
async def test_assets_and_documented_spend_explain_the_money(service: Service) -> None:
    """Allocations are compared with asset funding lines per unit, source and year; documented non-asset spend counts."""
    await allocate(service, allocation("1000000.00", 2013, nonAsset=training("20000.00")))
    await build(service, "980000.00", 2013)
    found = await compare(service, 2013)
    assert found["result"] == "RECONCILED"
    assert found["lines"] == [
        {
            "source": "FISCAL_DEV",
            "allocated": "1000000.00",
            "nonAsset": "20000.00",
            "formed": "980000.00",
            "difference": "0.00",
            "comparison": "MATCHED",
        }
    ]


@pytest.mark.clause("C4.4-03")
async def test_an_agreed_ledger_is_pushed_reported_and_acknowledged_by_its_digest(service: Service) -> None:
    """The reconciled fund ledger is pushed to the unit, reported to the office and acknowledged by its digest."""
    await allocate(service, allocation("980000.00", 2014))
    await build(service, "980000.00", 2014)
    path = f"/v1/fund-reconciliations/{TOWNSHIP}/2014"
    digest = (await compare(service, 2014))["ledgerSha256"]
    pushed = await service.write(f"{path}/push", {}, "finance")
    assert pushed["resource"]["pushed"] == digest
    await service.write(f"{path}/report", {"documentNo": "陶财函〔2022〕1号"}, "finance")
    wrong = {"ledgerSha256": "ab" * 32, "person": "P-1"}
    refused = await service.post(f"{path}/acknowledgement", wrong, "clerk")
    assert refused.json()["code"] == "LEDGER_HASH_MISMATCH"
    mine = {"ledgerSha256": digest, "person": "P-1"}
    assert (await service.post(f"{path}/acknowledgement", mine, "neighbour")).status_code == 403
    done = await service.write(f"{path}/acknowledgement", mine, "clerk")
    assert done["resource"]["acknowledgedBy"] == "P-1"
    page = await service.read(
        "/v1/ledgers/fund-reconciliations", unit=TOWNSHIP, year=2014, min_position=done["position"]
    )
    assert [row["acknowledgedBy"] for row in page["rows"]] == ["P-1"]


async def test_what_is_pushed_and_reported_is_read_from_the_log(service: Service) -> None:
    """Somebody with the database edits the rows between comparison and push: digest and lines are those of the events."""
    await allocate(service, allocation("640000.00", 2022))
    await build(service, "640000.00", 2022)
    path = f"/v1/fund-reconciliations/{TOWNSHIP}/2022"
    digest = (await compare(service, 2022))["ledgerSha256"]
    edit = "UPDATE fund_allocation SET amount = amount {} 100 WHERE amount BETWEEN 63999000 AND 64001000"
    assert await service.pool.execute(edit.format("+")) == "UPDATE 1"
    try:
        assert (await compare(service, 2022))["ledgerSha256"] != digest, "a look takes the rows as they stand"
        pushed = await service.write(f"{path}/push", {}, "finance")
        reported = await service.write(f"{path}/report", {"documentNo": "陶财函〔2022〕2号"}, "finance")
    finally:
        await service.pool.execute(edit.format("-"))
    assert (pushed["resource"]["pushed"], reported["resource"]["reported"]) == (digest, digest)


@pytest.mark.clause("C4.4-03")
async def test_a_difference_is_not_pushed(service: Service) -> None:
    """While money and assets of a unit's year differ by a fen, its ledger is not pushed: RECONCILIATION_OPEN."""
    await allocate(service, allocation("500000.01", 2015))
    await build(service, "500000.00", 2015)
    found = await compare(service, 2015)
    assert (found["result"], found["lines"][0]["comparison"]) == ("OPEN", "AMOUNT_DIFFERS")
    path = f"/v1/fund-reconciliations/{TOWNSHIP}/2015"
    refused = await service.post(f"{path}/push", {}, "finance")
    assert (refused.status_code, refused.json()["code"]) == (409, "RECONCILIATION_OPEN")
    assert "0.01" in refused.json()["detail"]


@pytest.mark.clause("C4.4-03")
async def test_what_came_after_the_comparison_is_compared_again_before_the_push(service: Service) -> None:
    """A push compares once more: money recorded since the last comparison reopens the reconciliation."""
    await build(service, "70000.00", 2016)
    await allocate(service, allocation("70000.00", 2016))
    assert (await compare(service, 2016))["result"] == "RECONCILED"
    extra = await allocate(service, allocation("1.00", 2016))
    path = f"/v1/fund-reconciliations/{TOWNSHIP}/2016"
    assert (await service.post(f"{path}/push", {}, "finance")).json()["code"] == "RECONCILIATION_OPEN"
    withdrawal = {"reason": "重复登记", "documentNo": "陶财函〔2022〕3号"}
    await service.write(f"/v1/fund-allocations/{extra}/withdrawal", withdrawal, "finance", version=1)
    await service.write(f"{path}/push", {}, "finance")


@pytest.mark.clause("C4.4-03")
async def test_every_kind_of_difference_is_listed(service: Service) -> None:
    """The comparison lists money without an asset and assets without money; sources outside finance are not missed."""
    await allocate(service, allocation("30000.00", 2017, source="AID_XJ"))
    own = [
        {"source": "GOV_BOND", "amount": "10000.00", "allocatedOn": "2017-04-01"},
        {"source": "SELF_RAISED", "amount": "5000.00", "allocatedOn": "2017-04-01"},
    ]
    await service.write("/v1/assets", {"card": road(originalValue="15000.00", fundingLines=own)})
    rows = await service.read(
        "/v1/ledgers/fund-ledger/comparison", unit=TOWNSHIP, year=2017, min_position=await service.head()
    )
    assert [(row["source"], row["comparison"], row["difference"]) for row in rows] == [
        ("AID_XJ", "FUND_WITHOUT_ASSET", "30000.00"),
        ("GOV_BOND", "ASSET_WITHOUT_FUND", "-10000.00"),
    ]


@pytest.mark.clause("C4.4-03")
async def test_only_finance_keeps_the_fund_ledger(service: Service) -> None:
    """Allocations are recorded by the finance department alone, one by one or a year in one request."""
    card = allocation("10.00", 2018)
    for who, code in (("clerk", "ROLE_NOT_ALLOWED"), ("commerce", "FORBIDDEN_JURISDICTION")):
        refused = await service.post("/v1/fund-allocations", {"card": card}, who)
        assert (refused.status_code, refused.json()["code"]) == (403, code), who
    bad = allocation("10.00", 2018, source="LOTTERY")
    lines = [{"card": card}, {"card": bad}]
    assert (await service.post("/v1/fund-allocations/bulk", lines, "clerk")).status_code == 403
    rolled = await service.post("/v1/fund-allocations/bulk", lines, "finance")
    assert (rolled.status_code, rolled.json()["code"]) == (409, "BATCH_ROLLED_BACK")
    good = [{"allocation": new_code("F"), "card": card} for _ in range(40)]
    answer = await service.write("/v1/fund-allocations/bulk", good, "finance")
    assert answer["resource"] == {"created": 40, "amount": "400.00"}
    page = await service.read("/v1/ledgers/fund-ledger", year=2018, min_position=answer["position"], limit=1)
    assert page["totals"] == {"allocations": 40, "amount": "400.00", "nonAssetAmount": "0.00"}


@pytest.mark.clause("C4.4-05")
async def test_projects_are_set_against_assets(service: Service) -> None:
    """The project ledger shows each project's assets, what share of its money became assets, and what does not fit."""
    whole, half, idle, planless = (new_code("X") for _ in range(4))
    await allocate(service, allocation("100.00", 2020, projectCode=whole, nonAsset=training("100.00")))
    await allocate(service, allocation("1000.00", 2020, projectCode=half, unit=OTHER_TOWNSHIP))
    await allocate(service, allocation("300000.00", 2020, projectCode=idle))
    await build(service, "750.00", 2020, projectCode=half)
    await build(service, "900.00", 2020, projectCode=planless)
    rows = await service.read(
        "/v1/ledgers/projects", year=2020, min_position=await service.head(), limit=1000
    )
    found = {row["projectCode"]: (row["exception"], row["ratioBasisPoints"], row["assets"]) for row in rows}
    assert found == {
        whole: (None, 0, 0),
        half: (None, 7500, 1),
        idle: ("PROJECT_WITHOUT_ASSET", 0, 0),
        planless: ("ASSET_WITHOUT_PROJECT", None, 1),
    }


@pytest.mark.clause("C4.4-03")
async def test_an_asset_counts_for_the_unit_its_project_was_paid_to(service: Service) -> None:
    """An asset that another unit built with a project's money is compared with the unit that got the money."""
    project = new_code("X")
    money = allocation("5000.00", 2012, unit=OTHER_TOWNSHIP, projectCode=project)
    await allocate(service, money | {"allocatedOn": "2021-02-01"})
    await build(service, "5000.00", 2021, projectCode=project, location=VILLAGE)
    assert (await compare(service, 2021, OTHER_TOWNSHIP))["result"] == "RECONCILED"
