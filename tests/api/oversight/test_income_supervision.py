"""The supervision board of income over HTTP: who reads it, and that it agrees with dues, receipts and sub-accounts (C4.9-01)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import TOWNSHIP, terms
from tests.api.contracts import decided
from tests.api.income.decided import Decided, account, line, money, open_account, payment, plan
from tests.api.income.incomes import earning, interest, villages
from tests.api.service import Service

BOARD = "/v1/ledgers/income-supervision"
VILLAGES = villages()


@pytest.fixture
def village() -> str:
    """A village that no other test here has."""
    return next(VILLAGES)


def code_of(life: Life) -> str:
    return life.path.rpartition("/")[2]


async def board(service: Service, who: str = "agriculture", **asked: Any) -> dict[str, Any]:
    head = await service.head()
    return dict(await service.read(BOARD, who, min_position=head, limit=1000, **asked))


async def row(service: Service, subject: str, who: str = "agriculture", **asked: Any) -> dict[str, Any]:
    (found,) = [one for one in (await board(service, who, **asked))["rows"] if one["subject"] == subject]
    return dict(found)


async def let(service: Service, village: str, starts: str = "2021-12-31") -> Life:
    """A production line, let at 30,000 yuan a year."""
    life = await earning(service, village)
    lease = terms(startsOn=starts, endsOn="2024-12-30", signedOn="2021-12-01", signer=village)
    await life.step("leases", await decided(service, life.path, lease))
    return life


@pytest.mark.clause("C4.9-01")
async def test_rent_that_did_not_come_in_is_flagged_to_the_bureau_the_day_after(
    service: Service, village: str
) -> None:
    """Shows the bureau rent due on 31 December as overdue on 1 January, to the last fen; more than is due is a warning."""
    life = await let(service, village)
    asset = code_of(life)
    asked = {"by": "asset", "asset": asset}
    on_the_day = await row(service, asset, as_of="2021-12-31", **asked)
    assert (on_the_day["due"], on_the_day["overdue"]) == ("30000.00", "0.00")
    assert on_the_day["overdueSince"] is None
    after = await row(service, asset, as_of="2022-01-01", **asked)
    assert (after["overdue"], after["overdueSince"]) == ("30000.00", "2021-12-31")
    flagged = await board(service, as_of="2022-01-01", overdue=True, **asked)
    assert [one["subject"] for one in flagged["rows"]] == [asset]

    async def paid(receipt: str, amount: str) -> tuple[str, bool]:
        told = await life.step("income-receipts", money(receipt, amount, "2022-01-05", contract="L1"))
        warned = "INCOME_EXCEEDS_DUE" in {one["code"] for one in told["warnings"]}
        return (await row(service, asset, as_of="2022-01-05", **asked))["overdue"], warned

    assert await paid("R1", "29999.99") == ("0.01", False)
    assert await paid("R2", "0.01") == ("0.00", False)
    assert await paid("R3", "0.01") == ("0.00", True)
    assert (await row(service, asset, as_of="2022-01-01", **asked))["overdue"] == "30000.00"
    assert (await board(service, as_of="2022-01-05", overdue=True, **asked))["rows"] == []


@pytest.mark.clause("C4.9-01", "C5.1-03")
async def test_the_bureau_reads_the_county_and_a_line_department_its_types(
    service: Service, village: str
) -> None:
    """Refuses the board to villages, townships and departments without such assets; a line department sees its types alone."""
    mill = code_of(await earning(service, village))
    shed = code_of(await earning(service, village, assetType="INDUSTRY_BASE", unitOfMeasure="亩"))
    both = {"by": "asset", "village": village}
    for who in ("agriculture", "auditor", "office"):
        seen = await board(service, who, **both)
        assert {one["subject"] for one in seen["rows"]} == {mill, shed}
        assert seen["department"] is None
        narrowed = await board(service, who, department="COMMERCE", **both)
        assert [one["subject"] for one in narrowed["rows"]] == [mill]
    own = await board(service, "commerce", **both)
    assert ([one["subject"] for one in own["rows"]], own["department"]) == ([mill], "COMMERCE")
    other = await service.get(BOARD, "commerce", department="AGRICULTURE")
    assert (other.status_code, other.json()["code"]) == (403, "FORBIDDEN")
    key = {
        "label": "商信局内审",
        "organization": "COMMERCE",
        "organizationKind": "DEPARTMENT",
        "roles": ["AUDITOR"],
        "divisions": ["653022"],
    }
    made = await service.write("/v1/keys", key, "admin")
    service.tokens["commerce auditor"] = made["token"]
    assert await board(service, "commerce auditor", **both) == own
    nothing = await service.get(BOARD, "finance")
    assert (nothing.status_code, nothing.json()["code"]) == (403, "FORBIDDEN")
    for who in ("village", "clerk", "approver", "county", "reader"):
        refused = await service.get(BOARD, who)
        assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_NOT_ALLOWED"), who


@pytest.mark.clause("C4.9-01", "C4.9-05")
async def test_a_village_s_money_on_the_board_is_what_lies_on_its_sub_account(
    service: Service, village: str
) -> None:
    """Shows due, received, distributed, planned and unplanned money to the fen as contract, account and plan have them."""
    life = await let(service, village, "2022-01-01")
    await open_account(service, village, "500.00")
    await life.step("income-receipts", money("R1", "20000.00", "2022-09-01", contract="L1"))
    await service.write(f"{account(village)}/postings", interest("I1", "3.21", "2022-09-01"))
    it = Decided(
        service,
        village,
        await service.write("/v1/income-plans", plan(village, code_of(life), line("12000.00"))),
    )
    await it.through()
    await service.write(f"{it.plan}/execution", it.paid(payment("P1", "2022-10-10", (1, "7000.01"))))
    for day, received, distributed, planned, unplanned, balance in (
        ("2022-08-31", "0.00", "0.00", "0.00", "500.00", "500.00"),
        ("2022-09-01", "20000.00", "0.00", "0.00", "20503.21", "20503.21"),
        ("2022-09-02", "20000.00", "0.00", "12000.00", "8503.21", "20503.21"),
        ("2022-10-10", "20000.00", "7000.01", "4999.99", "8503.21", "13503.20"),
    ):
        shown = await row(service, village, as_of=day, unit=village)
        assert (shown["due"], shown["received"]) == ("30000.00", received)
        assert shown["overdue"] == f"{30000 - int(received[:-3])}.00"
        assert (shown["distributed"], shown["planned"]) == (distributed, planned)
        assert (shown["unplanned"], shown["balance"]) == (unplanned, balance)
        assert (shown["plannedIdle"], shown["unplannedIdle"]) == (None, None)  # the county has set no days
    stands = await service.read(account(village))
    assert stands["resource"]["balance"] == "13503.20"
    of_asset = await row(service, code_of(life), by="asset", as_of="2022-10-10")
    assert (of_asset["planned"], of_asset["unplanned"], of_asset["balance"]) == ("4999.99", "8000.00", None)
    own = await row(service, village, "commerce", as_of="2022-10-10")
    assert (own["received"], own["unplanned"], own["balance"]) == ("20000.00", "8000.00", None)


async def test_pages_of_the_board_are_the_board_and_their_sums_are_of_all(
    service: Service, village: str
) -> None:
    for _ in range(3):
        await let(service, village)
    asked = {"by": "asset", "village": village, "as_of": "2022-01-02"}
    whole = await board(service, **asked)
    assert whole["totals"]["due"] == "90000.00"
    assert (whole["totals"]["lines"], whole["nextCursor"]) == (3, None)
    rows, cursor = [], {}
    while True:
        page = await service.read(BOARD, "agriculture", limit=2, **asked, **cursor)
        assert page["totals"] == whole["totals"]
        rows += page["rows"]
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert rows == whole["rows"]
    assert (await board(service, township=TOWNSHIP, **asked))["totals"]["lines"] == 3
