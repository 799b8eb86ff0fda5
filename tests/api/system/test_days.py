"""What depends on the day it is: on the tests' day, a month and a year ahead, and on a leap day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chinese_calendar.constants import holidays

from tests.api.bodies import TOWNSHIP, VILLAGE, road
from tests.api.departure.departing import SECOND_VILLAGE, departure
from tests.api.procedure.test_procedures import Running, elected, posting, representatives
from tests.api.service import Service, new_code
from tests.clock import on_every_day

pytestmark = on_every_day

PROVISIONAL_FROM = date(max(holidays).year, 12, 29)
"""The end of the last year that the library knows."""


def weekdays_after(day: date, count: int) -> date:
    """The last of so many days from Monday to Friday after a day."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


async def test_the_service_lives_on_the_tests_day(service: Service, today: date) -> None:
    assert service.app.state.context.today() == today
    registered = await service.write("/v1/assets", {"asset": new_code(), "card": road()})
    (event,) = (await service.read("/v1/events", "auditor", after=registered["position"] - 1))["events"]
    assert (event["occurredOn"], event["recordedAt"][:10]) == (today.isoformat(), today.isoformat())


async def test_an_overdue_handover_waits_on_the_worklists_of_its_unit_and_township(service: Service) -> None:
    """From the day after its deadline (P19) until it is completed, with the person's name."""
    leaving = await departure(service, 1)
    case = (await leaving.open())["id"]
    due = date.fromisoformat((await service.read(leaving.path))["resource"]["dueOn"])

    async def waiting(unit: str, on: date) -> list[dict[str, Any]]:
        asked = {"on": on.isoformat(), "task": "DEPARTURE", "min_position": await service.head()}
        found = await service.read(f"/v1/organizations/{unit}/worklist", **asked)
        return [task for task in found["tasks"] if task["subject"] == case]

    late = due + timedelta(days=1)
    assert await waiting(VILLAGE, due) == []
    for unit in (VILLAGE, TOWNSHIP):
        (task,) = await waiting(unit, late)
        assert (task["clause"], task["name"], task["dueOn"]) == ("C4.10-10", "张三", due.isoformat())
        assert (task["overdue"], task["village"], task["township"]) == (True, VILLAGE, TOWNSHIP)
    assert await waiting(SECOND_VILLAGE, late) == []
    await leaving.hand_over()
    assert await waiting(VILLAGE, late) == []


async def test_a_handover_has_a_deadline_on_every_day(service: Service, today: date) -> None:
    """Fifteen working days (P19): never before so many weekdays, and said to be provisional where no calendar is."""
    leaving = await departure(service, 1)
    opened = (await leaving.open())["resource"]
    due = date.fromisoformat(opened["dueOn"])
    assert due == weekdays_after(today, 15) or due < PROVISIONAL_FROM
    assert due >= weekdays_after(today, 15)
    assert ("provisional" in opened) == (due >= PROVISIONAL_FROM)


async def test_a_notice_and_a_re_check_of_today_have_an_end(service: Service, today: date) -> None:
    """Ten days (P06) and ten working days (P27) from today; the notice cannot be completed on the day itself."""
    plan = Running(service, "A8")
    agreed = representatives(today.isoformat(), inFavour=24, against=0)
    await plan.open(VILLAGE, "village", today.isoformat())
    await plan.act("steps", "PROPOSE", VILLAGE, "village", None)
    await elected(service)
    await plan.act("meetings", "DECISION", VILLAGE, "village", None, meeting=agreed)
    await plan.act("reviews", "REVIEW", TOWNSHIP, "approver", None, verdict="APPROVED")
    sheet = posting("OWNER_LOCATION", VILLAGE, today.isoformat())
    posted = await plan.act("notices", "NOTICE", VILLAGE, "village", None, posting=sheet)
    filed = await plan.act("filings", "RECHECK", VILLAGE, "village", None)
    (notice,) = posted["resource"]["postings"]["NOTICE"]
    assert date.fromisoformat(notice["endsOn"]) >= today + timedelta(days=10)
    filing = filed["resource"]["filings"]["RECHECK"][VILLAGE]
    assert date.fromisoformat(filing["dueOn"]) >= weekdays_after(today, 10)
    early = await plan.tried("notice-completions", "NOTICE", VILLAGE, "village", None)
    assert early == (409, "NOTICE_PERIOD_RUNNING")


async def test_a_parameter_changes_from_today_and_not_from_yesterday(service: Service, today: date) -> None:
    def change(begins: date) -> dict[str, Any]:
        given = {
            "parameter": "P19",
            "value": 20,
            "document": "县政办1号",
            "effectiveFrom": begins.isoformat(),
        }
        return {"change": given}

    path = "/v1/policy/parameter-changes"
    late = await service.post(path, change(today - timedelta(days=1)), "office")
    assert (late.status_code, late.json()["code"]) == (409, "PARAMETER_RETROACTIVE")
    await service.write(path, change(today + timedelta(days=1)), "office")


async def test_tomorrow_s_facts_are_refused_and_today_s_are_not(service: Service, today: date) -> None:
    for day, status in ((today + timedelta(days=1), 422), (today, 201), (today - timedelta(days=1), 201)):
        body = {"asset": new_code(), "card": road(), "occurredOn": day.isoformat()}
        answer = await service.post("/v1/assets", body)
        assert answer.status_code == status, answer.text
        assert status == 201 or answer.json()["code"] == "DATE_IN_FUTURE"
