"""The data-quality board over HTTP: a gap is there until it is mended, and every default of a rule gap is on it."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from service.ledgers.sheets import MEDIA_TYPE
from tests.api.asset.test_asset_life import Life
from tests.api.bodies import TOWNSHIP, VILLAGE, card
from tests.api.organization.test_duties import asset_of, confirmed, registered
from tests.api.service import Service

BOARD = "/v1/ledgers/data-quality"


async def gaps(service: Service, life: Life, **asked: Any) -> dict[str, dict[str, Any]]:
    """The asset's gaps by kind, in pages of one: none is lost on the way."""
    found: dict[str, dict[str, Any]] = {}
    head, cursor = await service.head(), None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        page = await service.read(BOARD, asset=asset_of(life), limit=1, min_position=head, **asked, **more)
        for row in page["rows"]:
            assert row["kind"] not in found
            found[row["kind"]] = row
        cursor = page["nextCursor"]
        if cursor is None:
            return found


@pytest.mark.clause("C4.1-07")
async def test_a_default_that_filled_a_rule_gap_is_never_silent(service: Service) -> None:
    """Shows every asset whose guiding department is a default on the data-quality board, until its money is corrected."""
    money = [{"source": "SELF_RAISED", "amount": "1000000.00", "allocatedOn": "2020-12-01"}]
    life = await registered(service, card(fundingLines=money, implementer="WATER"))
    gap = (await gaps(service, life))["GUIDANCE_GAP"]
    assert (gap["item"], gap["clause"], gap["units"]) == ("FINANCE", "C4.1-07", ["WATER"])
    assert (gap["since"], gap["holding"], gap["village"]) == ("2021-07-15", "ASSET", VILLAGE)
    named = [{"source": "FISCAL_DEV", "amount": "1000000.00", "allocatedOn": "2020-12-01"}]
    correction = {"changes": {"fundingLines": named}, "reason": "资金来源登记有误", "documentNo": "更正1号"}
    await life.step("registration-corrections", {"correction": correction, "occurredOn": "2021-07-20"})
    assert "GUIDANCE_GAP" not in await gaps(service, life)
    assert "GUIDANCE_GAP" in await gaps(service, life, as_of="2021-07-19")


@pytest.mark.clause("C4.5-02")
async def test_what_waits_for_a_title_ages_until_it_is_confirmed(service: Service) -> None:
    """Lists what has no title yet with the days it waits, from its registration to its confirmation."""
    life = await confirmed(service, on="2021-08-10")
    before = await gaps(service, life, as_of="2021-08-09")
    assert (before["UNCONFIRMED"]["days"], before["UNCONFIRMED"]["clause"]) == (25, "C4.5-02")
    assert before["NO_DOCUMENT"]["clause"] == "C4.6-03"
    assert set(await gaps(service, life, as_of="2021-07-14")) == set()
    assert "UNCONFIRMED" not in await gaps(service, life, as_of="2021-08-10")


@pytest.mark.clause("C4.5-15", "C4.3-06")
async def test_bookings_and_entries_are_gaps_once_they_are_late(service: Service) -> None:
    """Shows what was not booked or entered outside by its day, with that day, until it is done."""
    life = await confirmed(service, on="2021-08-10")
    for day, late in (("2021-09-09", set()), ("2021-09-10", {"BOOKING_OVERDUE", "ENTRY_OVERDUE"})):
        found = {
            kind: row
            for kind, row in (await gaps(service, life, as_of=day, kind=["BOOKING_OVERDUE"])).items()
            if kind in {"BOOKING_OVERDUE", "ENTRY_OVERDUE"}
        }
        assert set(found) == late & {"BOOKING_OVERDUE"}
    assert found["BOOKING_OVERDUE"]["dueOn"] == "2021-09-09"
    head = await service.head()
    asked = {"asset": asset_of(life), "as_of": "2021-09-10", "kind": "ENTRY_OVERDUE", "min_position": head}
    entries = (await service.read(BOARD, **asked))["rows"]
    assert [row["item"] for row in entries] == ["SYS_RURAL_COLLECTIVE", "SYS_SANZI"]
    assert {row["dueOn"] for row in entries} == {"2021-09-09"}
    assert "BOOKING_OVERDUE" in await gaps(service, life, kind=["BOOKING_OVERDUE"])
    booking = {
        "booking": {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记1号", "bookedOn": "2021-09-20"}
    }
    await life.step("bookings", booking, "village")
    assert await gaps(service, life, kind=["BOOKING_OVERDUE"]) == {}


async def test_the_counts_are_the_lines_and_whose_they_are(service: Service) -> None:
    """Every place and unit is told what it has to mend; the county's counts are the lines of the board."""
    await registered(service, card())
    head = await service.head()
    lines = (await service.read(BOARD, limit=1000, min_position=head))["rows"]
    counted = await service.read(f"{BOARD}/counts", min_position=head)
    assert {row["kind"]: row["gaps"] for row in counted} == {
        kind: sum(line["kind"] == kind for line in lines) for kind in {line["kind"] for line in lines}
    }
    assert all(row["place"] == "653022" for row in counted)
    for by, of in (("township", "township"), ("village", "village")):
        places = await service.read(f"{BOARD}/counts", by=by)
        assert sum(row["gaps"] for row in places) == len(lines)
        mine = next(
            row for row in places if row["place"] in {TOWNSHIP, VILLAGE} and row["kind"] == "UNCONFIRMED"
        )
        same = [line for line in lines if line[of] == mine["place"] and line["kind"] == "UNCONFIRMED"]
        assert (mine["gaps"], mine["oldestSince"]) == (len(same), min(line["since"] for line in same))
    units = await service.read(f"{BOARD}/counts", by="unit")
    commerce = {row["kind"]: row["gaps"] for row in units if row["place"] == "COMMERCE"}
    mended = (await service.read(BOARD, unit="COMMERCE", limit=1000))["rows"]
    assert commerce == {
        kind: sum(line["kind"] == kind for line in mended) for kind in {line["kind"] for line in mended}
    }
    refused = await service.get(BOARD, kind="NOTHING")
    assert refused.status_code == 422


async def test_the_board_can_be_printed(service: Service) -> None:
    life = await registered(service, card())
    headers = service.headers("reader", Accept=MEDIA_TYPE)
    asked = {"asset": asset_of(life), "kind": "UNCONFIRMED", "min_position": await service.head()}
    answer = await service.http.get(BOARD, headers=headers, params=asked)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    line = dict(zip(rows[2], rows[3], strict=True))
    assert (rows[0][0], line["缺陷种类"], line["条款"]) == ("数据质量看板", "未确权", "C4.5-02")
    assert line["责任单位"].startswith("县商信局")
    assert line["资产类别"] == "扶贫资产"
    assert line["所在村"].endswith(f"（{VILLAGE}）")
