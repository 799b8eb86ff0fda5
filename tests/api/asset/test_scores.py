"""The eight goals of every asset (C2-01), and whether value is kept (C2-04), from the events of assets over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from projections.asset.value_preservation import preservation
from projections.oversight.scorecards import _card
from service.ledgers.questions.scorecards import Scorecard
from service.ledgers.tables import shown
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, custody, terms
from tests.api.contracts import decided
from tests.api.service import Service, new_code, running

ALL = ["BASE", "OWNERSHIP", "CATEGORY", "RESPONSIBLE_UNIT", "OPERATION", "INCOME", "LOSS", "CUSTODY"]


def village_line(**changes: Any) -> dict[str, Any]:
    """A production line that the village built itself."""
    return card(implementer=VILLAGE, implementerKind="VILLAGE", fundsPaidTo="VILLAGE", **changes)


async def steps(service: Service, asset: str, version: int, *made: tuple[str, dict[str, Any], str]) -> int:
    for noun, body, who in made:
        answer = await service.write(f"/v1/assets/{asset}/{noun}", body, who, version=version)
        version = answer["version"]
    return version


@pytest.mark.clause("C2-01")
async def test_the_score_follows_from_what_was_recorded(service: Service) -> None:
    """Reads eight goals of every managed asset off its events, names what is missing, and rolls them up per unit."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": village_line(), "occurredOn": "2021-07-15"})

    async def row(**when: str) -> dict[str, Any]:
        head = await service.head()
        found = await service.read(
            "/v1/ledgers/completeness", asset=asset, **when, **({} if when else {"min_position": head})
        )
        return dict(found["rows"][0])

    first = await row()
    assert (first["score"], first["missing"]) == (
        2,
        ["BASE", "OWNERSHIP", "RESPONSIBLE_UNIT", "OPERATION", "INCOME", "CUSTODY"],
    )
    manager = await service.person(VILLAGE)
    booking = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记-1", "bookedOn": "2021-08-12"}
    version = await steps(
        service, asset, 1,
        ("ownership-confirmations", {"confirmation": confirmation(), "occurredOn": "2021-08-10"}, "office"),
        ("bookings", {"booking": booking}, "clerk"),
        ("use", {"inUseSince": "2021-08-15"}, "clerk"),
        ("custody", {"custody": custody(manager), "occurredOn": "2021-08-16"}, "clerk"),
    )  # fmt: skip
    await steps(
        service, asset, version,
        ("leases", await decided(service, asset, terms()), "clerk"),
        ("status-reports", {"report": {"state": "IN_USE", "reportedOn": "2021-09-30"}}, "clerk"),
    )  # fmt: skip
    assert ((await row())["score"], (await row())["missing"]) == (8, [])
    then = await row(as_of="2021-08-12")
    assert then["missing"] == ["RESPONSIBLE_UNIT", "OPERATION", "INCOME", "CUSTODY"]

    other = new_code()
    await service.write("/v1/assets", {"asset": other, "card": village_line(), "occurredOn": "2021-07-15"})
    head = await service.head()
    lacking = await service.read(
        "/v1/ledgers/completeness", asset=[asset, other], missing="OWNERSHIP", min_position=head
    )
    assert [one["asset"] for one in lacking["rows"]] == [other]
    units = await service.read("/v1/ledgers/completeness/units", by="village", min_position=head)
    (unit,) = [one for one in units if one["unit"] == VILLAGE]
    assert (unit["assets"], unit["complete"], unit["average"]) == (2, 1, "5.00")
    assert unit["met"]["CATEGORY"] == 2
    assert unit["met"]["OWNERSHIP"] == 1


@pytest.mark.clause("C2-01")
async def test_nobody_writes_a_score(service: Service) -> None:
    """Answers 405 to whoever tries to write a score."""
    answer = await service.post("/v1/ledgers/completeness", {"asset": "A-1", "score": 8})
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.clause("C2-04")
def test_the_worked_example() -> None:
    """Computes a year's preservation rate per owner and for the county from the register at both ends of the year."""

    def figures(original: int, net: int, depreciation: int, proceeds: int) -> dict[str, Decimal]:
        found = {
            "original": original,
            "net": net,
            "depreciation": depreciation,
            "proceeds": proceeds,
            "income": 0,
        }
        return {name: Decimal(yuan) * 100 for name, yuan in found.items()}

    row = preservation(
        None, figures(1_000_000, 1_000_000, 0, 0), figures(1_200_000, 1_070_000, 80_000, 30_000)
    )
    assert (row["opening_net_value"], row["additions"]) == (1_000_000_00, 200_000_00)
    assert (row["depreciation"], row["proceeds"]) == (80_000_00, 30_000_00)
    assert row["preservation_rate"] == "98.00"
    assert preservation("V", None, figures(5, 5, 0, 0))["preservation_rate"] is None


@pytest.mark.clause("C2-04")
async def test_a_year_from_its_events(database_url: str) -> None:
    """Gives the same figures from the events of the year whenever it is asked, also after later years have passed."""
    async with running(database_url) as service:
        kept, sold, bought = new_code(), new_code(), new_code()
        for asset, value, day in ((kept, "900000.00", "2021-07-15"), (sold, "100000.00", "2021-07-15")):
            made = village_line(
                originalValue=value,
                fundingLines=[{"source": "FISCAL_DEV", "amount": value, "allocatedOn": "2020-12-01"}],
            )
            await service.write("/v1/assets", {"asset": asset, "card": made, "occurredOn": day})
            title = {"confirmation": confirmation(value), "occurredOn": "2021-08-10"}
            await service.write(f"/v1/assets/{asset}/ownership-confirmations", title, "office", version=1)
        value = "200000.00"
        made = village_line(
            originalValue=value,
            fundingLines=[{"source": "FISCAL_DEV", "amount": value, "allocatedOn": "2020-12-01"}],
        )
        await service.write("/v1/assets", {"asset": bought, "card": made, "occurredOn": "2022-03-01"})
        title = {"confirmation": confirmation(value), "occurredOn": "2022-04-01"}
        await service.write(f"/v1/assets/{bought}/ownership-confirmations", title, "office", version=1)
        await steps(service, kept, 2, ("use", {"inUseSince": "2021-08-15"}, "clerk"))
        receipt = {"receipt": "R1", "amount": "27000.00", "receivedOn": "2022-09-01", "voucherNo": "收-1"}
        answer = await service.post(f"/v1/assets/{kept}/income-receipts", {"receipt": receipt}, version=3)
        assert answer.status_code == 201, answer.text

        found = await service.read("/v1/ledgers/value-preservation", year=2022)
        rows = {one["unit"]: one for one in found["rows"]}
        assert set(rows) == {None, VILLAGE}
        for row in rows.values():
            assert (row["openingNetValue"], row["additions"]) == ("1000000.00", "200000.00")
            assert (row["closingNetValue"], row["income"]) == ("1200000.00", "27000.00")
            assert (row["preservationRate"], row["incomeYield"]) == ("100.00", "2.70")
        assert found["formula"] == "C2-04/1"
        before = await service.read("/v1/ledgers/value-preservation", year=2021)
        assert {one["preservationRate"] for one in before["rows"]} == {None}
        again = await service.read("/v1/ledgers/value-preservation", year=2022, unit=VILLAGE)
        assert [one["unit"] for one in again["rows"]] == [VILLAGE]
        assert TOWNSHIP not in rows
        refused = await service.get("/v1/ledgers/value-preservation", year=2150)
        assert refused.json()["code"] == "DATE_IN_FUTURE"


def test_a_scorecard_shows_income_in_yuan_and_counts_as_numbers() -> None:
    """Of 100.00 yuan promised 25.00 came in, of 3 assets 2 are confirmed: (25 + 66.67) / 2."""
    made = _card("U1", {"COVERAGE": (2, 3), "INCOME": (2500, 10000)})
    assert shown(made, Scorecard) == {
        "unit": "U1",
        "score": "45.83",
        "items": [
            {
                "item": "COVERAGE",
                "name": "确权覆盖",
                "part": 2,
                "whole": 3,
                "partAmount": None,
                "wholeAmount": None,
                "percent": "66.67",
            },
            {
                "item": "INCOME",
                "name": "合同收益实现",
                "part": None,
                "whole": None,
                "partAmount": "25.00",
                "wholeAmount": "100.00",
                "percent": "25.00",
            },
        ],
    }
