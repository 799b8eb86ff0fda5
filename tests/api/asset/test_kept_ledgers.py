"""The ledgers of T9 under their own names, over HTTP."""

from __future__ import annotations

import io

import openpyxl
import pytest

from domain.regulation import rows
from service.ledgers.sheets import MEDIA_TYPE
from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.service import REGULATION, Service, new_code


@pytest.mark.clause("C4.5-01", "C4.3-11")
async def test_every_ledger_of_the_regulation_says_where_it_is_read(service: Service) -> None:
    """Lists all ledgers with keeper, period and clause, and where each is read."""
    found = await service.read("/v1/ledgers")
    known = REGULATION.on(REGULATION.first_day).table("ledgers.ledger", rows.LedgerRow)
    assert [one["code"] for one in found] == [row.code for row in known]
    assert [one["code"] for one in found if one["path"] is None] == []
    for one in found:
        if one["path"] is not None:
            path, _, query = one["path"].replace("{organization}", TOWNSHIP).partition("?")
            asked = dict([query.replace("{dimension}", "asset_class").split("=")]) if query else {}
            answer = await service.get(path, "auditor", **asked)
            assert answer.status_code == 200 or answer.json()["code"] == "LEDGER_KIND_NOT_ALLOWED", path


@pytest.mark.clause("C4.5-01", "C4.5-12", "C4.3-12")
async def test_a_unit_s_ledgers_by_its_kind(service: Service) -> None:
    """Gives a village and a township the ledgers they keep; a road in the village is in both as territorial."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(), "occurredOn": "2021-07-01"})
    asked = {"min_position": await service.head()}
    village = await service.read(f"/v1/ledgers/kept/{VILLAGE}", **asked)
    assert [one["code"] for one in village] == [
        "VILLAGE_REGISTER", "VILLAGE_PUBLIC_WELFARE", "VILLAGE_OPERATING", "VILLAGE_HOUSEHOLD", "VILLAGE_INCOME",
        "HOUSEHOLD_FUND_ASSET", "UNIT_MASTER",
    ]  # fmt: skip
    register = village[0]
    listed = await service.read(register["path"], limit=1000)
    (row,) = (row for row in listed["rows"] if row["asset"] == asset)
    assert (row["owned"], row["territorial"], row["shareValue"]) == (False, True, None)
    assert listed["totals"] == register["totals"]
    township = await service.read(
        f"/v1/ledgers/kept/{TOWNSHIP}/TOWNSHIP_ASSET", limit=1000, relation="TERRITORIAL"
    )
    assert asset in {row["asset"] for row in township["rows"]}
    owned = await service.read(f"/v1/ledgers/kept/{TOWNSHIP}/TOWNSHIP_ASSET", limit=1000, relation="OWNED")
    assert asset not in {row["asset"] for row in owned["rows"]}
    before = await service.read(
        f"/v1/ledgers/kept/{VILLAGE}/VILLAGE_REGISTER", as_of="2021-06-30", limit=1000
    )
    assert asset not in {row["asset"] for row in before["rows"]}


async def test_a_ledger_that_the_unit_does_not_keep(service: Service) -> None:
    answer = await service.get(f"/v1/ledgers/kept/{VILLAGE}/TOWNSHIP_ASSET")
    assert (answer.status_code, answer.json()["code"]) == (409, "LEDGER_KIND_NOT_ALLOWED")
    assert "乡（镇）资产台账" in answer.json()["detail"]
    assert (await service.get("/v1/ledgers/kept/nobody")).json()["code"] == "NOT_FOUND"
    assert (await service.get(f"/v1/ledgers/kept/{VILLAGE}/NOTHING")).status_code == 422


async def test_it_is_printed_under_its_name(service: Service) -> None:
    headers = service.headers("reader", Accept=MEDIA_TYPE)
    answer = await service.http.get(f"/v1/ledgers/kept/{VILLAGE}/VILLAGE_REGISTER", headers=headers)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert sheet["A1"].value.startswith("村级资产登记簿 ")
    assert "本单位份额" in [cell.value for cell in sheet[3]]
