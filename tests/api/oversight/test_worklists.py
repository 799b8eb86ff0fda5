"""Worklists over HTTP: every page of them, and each filter held to what the lines show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.api.asset.test_asset_life import Life
from tests.api.asset.test_disposal_rules import allocate, allocation, leased, received, sold
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.organization.test_duties import asset_of, confirmed, registered
from tests.api.service import COUNTY as REGULATED, Service, new_code, running
from tests.examples import regulation_where

ON = "2022-07-22"
COUNTY = "/v1/ledgers/worklist"
OF_UNIT = f"/v1/organizations/{TOWNSHIP}/worklist"


async def three_assets(service: Service) -> list[Life]:
    """Two production lines and a road: reports, bookings, custody and entries are overdue."""
    return [await confirmed(service), await confirmed(service), await registered(service, road())]


async def whole(service: Service, path: str, limit: int, **asked: Any) -> list[dict[str, Any]]:
    """All lines, a page at a time; every page says how many there are in all."""
    head = await service.head()
    lines: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    waiting = set()
    while True:
        page = await service.read(path, limit=limit, min_position=head, **asked, **cursor)
        assert len(page["tasks"]) == limit or page["nextCursor"] is None
        lines += page["tasks"]
        waiting.add(page["waiting"])
        assert len(lines) <= page["waiting"], "a page comes twice"
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}
    assert waiting == {len(lines)}
    return lines


@pytest.mark.parametrize("path", [COUNTY, OF_UNIT])
async def test_pages_of_a_worklist_are_the_worklist(service: Service, path: str) -> None:
    """Every duty that waits stands on one page, whatever the length of a page, in one order."""
    await three_assets(service)
    all_lines = await whole(service, path, 1000, on=ON)
    assert len(all_lines) >= 11
    places = [(one["dueOn"], one["task"], one["subject"]) for one in all_lines]
    assert places == sorted(places)
    for limit in (1, len(all_lines) - 1, len(all_lines), len(all_lines) + 1):
        assert await whole(service, path, limit, on=ON) == all_lines


async def test_a_page_stands_where_it_was_although_what_is_before_it_is_done(service: Service) -> None:
    """A line that is no more moves nothing: the next page begins after the last one that was shown."""
    first, *_ = await three_assets(service)
    before = await service.read(COUNTY, on=ON, limit=1000, min_position=await service.head())
    page = await service.read(COUNTY, on=ON, limit=3)
    booking = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记-001", "bookedOn": "2021-09-12"}
    await first.step("bookings", {"booking": booking})
    head = await service.head()
    rest = await service.read(COUNTY, on=ON, limit=1000, cursor=page["nextCursor"], min_position=head)
    done = {("BOOKING", first.path.rpartition("/")[2])}
    expected = [one for one in before["tasks"][3:] if (one["task"], one["subject"]) not in done]
    assert rest["tasks"] == expected


async def test_a_cursor_of_something_else_is_refused(service: Service) -> None:
    for cursor in ("xx", "WyIyMDIxLTA5LTA5Il0", "WyJ4IiwiQSIsIkIiLDFd"):  # a day alone; "x" for a day
        answer = await service.get(COUNTY, "auditor", cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "CURSOR_INVALID"), cursor


Shown = Callable[[dict[str, Any]], bool]
FILTERS: list[tuple[dict[str, Any], Shown]] = [
    ({"task": "EXTERNAL_ENTRY"}, lambda one: one["task"].startswith("EXTERNAL_ENTRY:")),
    ({"task": "EXTERNAL_ENTRY:SYS_SANZI"}, lambda one: one["task"] == "EXTERNAL_ENTRY:SYS_SANZI"),
    ({"task": ["BOOKING", "CUSTODY"]}, lambda one: one["task"] in {"BOOKING", "CUSTODY"}),
    ({"clause": "C3-08"}, lambda one: one["clause"] == "C3-08"),
    ({"village": VILLAGE}, lambda one: one["village"] == VILLAGE),
    ({"township": TOWNSHIP}, lambda one: one["township"] == TOWNSHIP),
    ({"responsible": VILLAGE}, lambda one: VILLAGE in one["units"]),
    ({"escalated_to": TOWNSHIP}, lambda one: TOWNSHIP in one["escalatedTo"]),
    ({"since": "2021-09-10"}, lambda one: one["dueOn"] >= "2021-09-10"),
    ({"until": "2022-01-01"}, lambda one: one["dueOn"] < "2022-01-01"),
    ({"until": "2023-07-01", "overdue": False}, lambda one: not one["overdue"]),
    ({"until": "2023-07-01", "overdue": True}, lambda one: one["overdue"]),
    ({"provisional": False}, lambda one: not one["provisional"]),
    ({"provisional": True}, lambda one: one["provisional"]),
]


async def test_filters_choose_what_the_lines_show(service: Service) -> None:
    """Each filter gives exactly those lines of the whole list that show what it asks for."""
    await three_assets(service)
    reported = await confirmed(service)
    await reported.step("status-reports", {"report": {"state": "IN_USE", "reportedOn": "2022-07-20"}})
    head = await service.head()
    everything = await service.read(COUNTY, on=ON, until="2023-07-01", limit=1000, min_position=head)
    assert everything["nextCursor"] is None
    for asked, shows in FILTERS:
        within = asked.get("until", ON)
        expected = [one for one in everything["tasks"] if one["dueOn"] < within and shows(one)]
        found = await service.read(COUNTY, on=ON, limit=1000, min_position=head, **asked)
        assert found["tasks"] == expected, asked
        assert found["waiting"] == len(expected)
    subject = reported.path.rpartition("/")[2]
    found = await service.read(COUNTY, on=ON, subject=subject, limit=1000)
    assert found["tasks"] and {one["subject"] for one in found["tasks"]} == {subject}
    nothing = await service.read(COUNTY, on=ON, township=OTHER_TOWNSHIP, task="CUSTODY", clause="C3-08")
    assert (nothing["tasks"], nothing["waiting"], nothing["nextCursor"]) == ([], 0, None)


# ---- contracts, plans and proceeds --------------------------------------------------------------------------------------


async def waits(service: Service, task: str, on: str, subject: str) -> list[tuple[str, str, bool, list[str]]]:
    """What waits of one kind for one asset, plan or allocation on a day: task, day, whether it is overdue, who answers."""
    asked = {"task": task, "on": on, "subject": subject, "min_position": await service.head()}
    page = await service.read(COUNTY, **asked)
    return [(one["task"], one["dueOn"], one["overdue"], one["units"]) for one in page["tasks"]]


@pytest.mark.clause("C4.7-03")
async def test_a_contract_that_ends_is_shown_ninety_days_before_and_until_it_has_ended(
    service: Service,
) -> None:
    """P21: not on the 91st day before its last day, 1 September 2024; from the 90th on, overdue from the day after until it is ended."""
    asset = asset_of(await leased(service))
    ending = ("CONTRACT_ENDING:L1", "2024-09-01")
    assert await waits(service, "CONTRACT_ENDING", "2024-06-02", asset) == []
    for on, overdue in (("2024-06-03", False), ("2024-09-01", False), ("2024-09-02", True)):
        assert await waits(service, "CONTRACT_ENDING", on, asset) == [(*ending, overdue, [VILLAGE])], on
    assert await waits(service, "CONTRACT_ENDING:L1", "2024-09-02", asset) != []
    body = {"endedOn": "2024-09-01", "outcome": "EXPIRED", "reason": "期满"}
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    await service.write(f"/v1/assets/{asset}/leases/L1/ending", body, "village", version=version)
    assert await waits(service, "CONTRACT_ENDING", "2024-09-02", asset) == []


@pytest_asyncio.fixture(loop_scope="module")
async def strict(module_database_url: str, service: Service) -> AsyncIterator[Service]:
    """Opens the same county with days for the use of an allocation, or for the payment of a plan."""
    rules = regulation_where(
        "intervals.interval", ("LESSEE_AUCTION_NOTICE",), code="ALLOCATION_UNUSED", days=180
    )
    async with running(module_database_url, regulations={REGULATED: rules}) as there:
        yield there


@pytest.mark.clause("C4.12-07")
async def test_an_allocation_that_is_not_used_waits_for_who_decided_on_it(
    service: Service, strict: Service
) -> None:
    """Of 1 August 2023: 180 days later, on 28 January 2024, it is due; a county without such days is told nothing."""
    life = await sold(service)
    await received(service, life)
    code = new_code("PA")
    assert (await allocate(service, allocation("1000.00", code)))[0] == 201
    due = ("ALLOCATION_UNUSED", "2024-01-28", True, ["LEADING_GROUP"])
    assert await waits(strict, "ALLOCATION_UNUSED", "2024-01-28", code) == []
    assert await waits(strict, "ALLOCATION_UNUSED", "2024-01-29", code) == [due]
    assert await waits(service, "ALLOCATION_UNUSED", "2026-01-01", code) == []
    back = {"returned": "R1", "amount": "999.99", "returnedOn": "2023-11-01", "reason": "结余"}
    back |= {"documentNo": "结算1号"}
    path = f"/v1/proceeds/allocations/{code}/returns"
    await service.write(path, {"back": back}, "leading")
    assert await waits(strict, "ALLOCATION_UNUSED", "2024-01-29", code) == [due]
    await service.write(path, {"back": back | {"returned": "R2", "amount": "0.01"}}, "leading")
    assert await waits(strict, "ALLOCATION_UNUSED", "2024-01-29", code) == []
