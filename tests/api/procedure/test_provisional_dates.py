"""Deadlines in a year without a calendar say that they are provisional, and are definite once the county enters the year.

On Monday, 7 March 2050: fifteen weekdays end on 28 March, ten on the 21st, ten days on the 17th. Then the county enters the
year, and 17 to 25 March are off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from domain.regulation import Regulation
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.departure.departing import Departure, departure
from tests.api.procedure.test_procedures import Running, elected, posting, representatives
from tests.api.service import COUNTY, Service, running

pytestmark = pytest.mark.parametrize("today", [date(2050, 3, 7)], indirect=True, scope="module")

ENTERED = """
[[year]]
year = 2050
national = true
local = true
article = "C4.5-06"
in_force_from = 2021-06-17
"""


def holiday(first: str, last: str) -> str:
    return (
        f'\n[[holiday]]\nfirst_day = {first}\nlast_day = {last}\nzh = "放假"\n'
        'article = "C4.5-06"\nin_force_from = 2021-06-17\n'
    )


def entered(folder: Path) -> Regulation:
    """The county's regulation after it has entered 2050."""
    days = [("2050-01-01", "2050-01-01"), ("2050-03-17", "2050-03-25"), ("2050-05-01", "2050-05-02"), ("2050-10-01", "2050-10-03")]  # fmt: skip
    (folder / COUNTY).mkdir()
    file = folder / COUNTY / "calendar-2050.toml"
    file.write_text(ENTERED + "".join(holiday(*one) for one in days), "utf-8")
    return Regulation.load(folder, COUNTY)


@dataclass
class Matters:
    """A handover and an income plan whose dates rest on 2050."""

    leaving: Departure
    opened: dict[str, Any]
    plan: Running
    filed: dict[str, Any]
    restarted: Callable[[], Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matters(
    service: Service, module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Matters:
    leaving = await departure(service, 1)
    opened = await leaving.open()
    agreed = representatives("2050-03-02", inFavour=24, against=0)
    plan = Running(service, "A8")
    await plan.open(VILLAGE, "village", "2050-03-01")
    await plan.act("steps", "PROPOSE", VILLAGE, "village", "2050-03-01")
    await elected(service)
    await plan.act("meetings", "DECISION", VILLAGE, "village", None, meeting=agreed)
    await plan.act("reviews", "REVIEW", TOWNSHIP, "approver", "2050-03-04", verdict="APPROVED")
    sheet = posting("OWNER_LOCATION", VILLAGE, "2050-03-07")
    await plan.act("notices", "NOTICE", VILLAGE, "village", None, posting=sheet)
    filed = await plan.act("filings", "RECHECK", VILLAGE, "village", "2050-03-07")
    regulation = entered(tmp_path_factory.mktemp("policy"))

    @asynccontextmanager
    async def restarted() -> AsyncIterator[Service]:
        """The service after the county has entered the year."""
        async with running(module_database_url, regulations={COUNTY: regulation}) as again:
            yield again

    return Matters(leaving, opened, plan, filed, restarted)


async def dates(matters: Matters, service: Service) -> dict[str, tuple[str, bool]]:
    """Every place that shows a date of the two matters: (date, whether it is said to be provisional)."""
    at = {"min_position": await service.head()}
    case, person = matters.leaving.path.rpartition("/")[2], matters.leaving.outgoing
    procedure = matters.plan.path.rpartition("/")[2]
    handover = (await service.read(matters.leaving.path))["resource"]
    course = (await service.read(matters.plan.path))["resource"]
    clearance = await service.read(f"/v1/clearances/{person}", "personnel")
    hindrance = next(one for one in clearance["items"] if one["kind"] == "CASE")
    (row,) = (await service.read("/v1/ledgers/departures", person=person, **at))["rows"]
    asked = {"on": "2050-12-01", "task": "DEPARTURE", **at}
    tasks = (await service.read(f"/v1/organizations/{VILLAGE}/worklist", **asked))["tasks"]
    (duty,) = (one for one in tasks if one["subject"] == case)
    waiting = await service.read("/v1/ledgers/procedure-tasks", on="2050-12-01", procedure=procedure, **at)
    answer = next(one for one in waiting["rows"] if one["act"] == "ANSWER")
    notice = next(one for one in waiting["rows"] if one["step"] == "NOTICE")
    board = await service.read(f"/v1/notices/procedure-{procedure}:NOTICE", None, county=COUNTY)
    (posted,) = course["postings"]["NOTICE"]
    filing = course["filings"]["RECHECK"][VILLAGE]
    return {
        "case": (handover["dueOn"], "provisional" in handover),
        "clearance": (clearance["openCases"][0]["dueOn"], clearance["openCases"][0]["provisional"]),
        "hindrance": (hindrance["dueOn"], hindrance["provisional"]),
        "ledger": (row["dueOn"], row["provisional"]),
        "worklist": (duty["dueOn"], duty["provisional"]),
        "filing": (filing["dueOn"], "provisional" in filing),
        "answer": (answer["dueOn"], answer["provisional"]),
        "posting": (posted["endsOn"], "provisional" in posted),
        "notice task": (notice["readyOn"], notice["provisional"]),
        "board": (board["endsOn"], board["provisional"]),
    }


async def test_a_date_in_a_year_without_calendar_is_shown_as_provisional(
    matters: Matters, service: Service
) -> None:
    handover, plan, end = "2050-03-28", "2050-03-21", "2050-03-17"
    assert await dates(matters, service) == {
        "case": (handover, True), "clearance": (handover, True), "hindrance": (handover, True),
        "ledger": (handover, True), "worklist": (handover, True),
        "filing": (plan, True), "answer": (plan, True),
        "posting": (end, True), "notice task": ("2050-03-18", True), "board": (end, True),
    }  # fmt: skip


async def test_what_made_a_date_provisional_is_told_with_the_answer(matters: Matters) -> None:
    for answer, due in ((matters.opened, "2050-03-28"), (matters.filed, "2050-03-21")):
        (told,) = (one for one in answer["warnings"] if one["code"] == "DATE_PROVISIONAL")
        assert told["params"] == {"date": due, "year": 2050}
        assert "暂定" in told["detailZh"]
    assert matters.opened["resource"]["provisional"] == {
        "countedFrom": "2050-03-07", "days": 15, "counting": "WORKING_DAYS",
    }  # fmt: skip


async def test_a_provisional_date_is_definite_once_the_year_is_entered(matters: Matters) -> None:
    handover, plan, end = "2050-04-06", "2050-03-30", "2050-03-28"
    async with matters.restarted() as service:
        assert await dates(matters, service) == {
            "case": (handover, False), "clearance": (handover, False), "hindrance": (handover, False),
            "ledger": (handover, False), "worklist": (handover, False),
            "filing": (plan, False), "answer": (plan, False),
            "posting": (end, False), "notice task": ("2050-03-29", False), "board": (end, False),
        }  # fmt: skip


async def test_what_is_overdue_is_judged_by_the_date_that_is_shown(
    matters: Matters, service: Service
) -> None:
    """Ledgers choose by the same dates that they show: on 29 March only the provisional ones are past."""

    async def overdue(one: Service, on: str) -> tuple[bool, bool, bool]:
        asked = {"on": on, "overdue": "true", "min_position": await one.head()}
        cases = await one.read("/v1/ledgers/departures", person=matters.leaving.outgoing, **asked)
        tasks = await one.read(
            "/v1/ledgers/procedure-tasks", procedure=matters.plan.path.rpartition("/")[2], **asked
        )
        unit = f"/v1/organizations/{VILLAGE}/worklist"
        duties = (await one.read(unit, on=on, task="DEPARTURE"))["tasks"]
        mine = [duty for duty in duties if duty["subject"] == matters.leaving.path.rpartition("/")[2]]
        return bool(cases["rows"]), bool(tasks["rows"]), bool(mine)

    assert await overdue(service, "2050-03-29") == (True, True, True)
    async with matters.restarted() as again:
        assert await overdue(again, "2050-03-29") == (False, False, False)
        assert await overdue(again, "2050-03-31") == (False, True, False)
        assert await overdue(again, "2050-04-06") == (False, True, False)
        assert await overdue(again, "2050-04-07") == (True, True, True)


async def test_a_new_date_in_an_entered_year_is_definite(matters: Matters) -> None:
    async with matters.restarted() as service:
        leaving = await departure(service, 1)
        opened = await leaving.open()
        assert opened["resource"]["dueOn"] == "2050-04-06"
        assert "provisional" not in opened["resource"]
        assert "DATE_PROVISIONAL" not in {one["code"] for one in opened["warnings"]}
