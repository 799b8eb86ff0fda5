"""Worklists over HTTP: every page of them, and each filter held to what the lines show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.organization.test_duties import confirmed, registered
from tests.api.service import Service

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
