"""Posts and units in business time: what is entered late takes its place, and undoes nothing that came after it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.organization.organization import Organization
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.api.refolded import agrees
from tests.api.service import Service, new_code


async def unit(service: Service) -> str:
    """A company of the village, of 2015."""
    code = new_code("ORG")
    card = {
        "name": "合作社", "kind": "COMPANY", "division": VILLAGE, "superior": TOWNSHIP, "validFrom": "2015-01-01",
    }  # fmt: skip
    body = {"organization": code, "card": card, "occurredOn": "2015-01-01"}
    await service.write("/v1/organizations", body, "admin")
    return code


def taking(person: str, since: str, position: str = "FIRST_SECRETARY") -> dict[str, Any]:
    return {"position": position, "person": person, "since": since, "documentNo": "任001"}


async def conflict(service: Service, path: str, body: Any, who: str) -> str:
    """The detail of a refusal that names a later step; nothing was recorded."""
    before = await service.head()
    answer = await service.post(path, body, who)
    assert (answer.status_code, answer.json()["code"]) == (409, "LATER_FACT_CONFLICT"), answer.text
    assert await service.head() == before
    return str(answer.json()["detail"])


async def test_appointment_that_runs_into_a_later_one_names_it(service: Service) -> None:
    code = await unit(service)
    first, second = await service.person(VILLAGE), await service.person(VILLAGE)
    path = f"/v1/organizations/{code}/appointments"
    later = await service.write(path, taking(first, "2022-01-01"), "personnel")
    detail = await conflict(service, path, taking(second, "2021-12-31"), "personnel")
    for told in (
        "organization.position_appointed",
        "2022-01-01",
        f"日志位置 {later['position']}",
        "TENURE_OVERLAP",
    ):
        assert told in detail
    for day in ("2022-01-01", "2022-01-02"):
        answer = await service.post(path, taking(second, day), "personnel")
        assert answer.json()["code"] == "TENURE_OVERLAP", day
    await agrees(service, Organization, code, "organization", "directory")


async def test_order_of_entry_of_posts_makes_no_difference(service: Service) -> None:
    """Of three holders in turn the newest was entered first; the end of each waits for nothing but its beginning."""
    code = await unit(service)
    path = f"/v1/organizations/{code}/appointments"
    people = [await service.person(VILLAGE) for _ in range(3)]
    for person, since, until in (
        (people[2], "2024-01-01", None),
        (people[0], "2018-01-01", "2019-12-31"),
        (people[1], "2020-01-01", "2023-12-31"),
    ):
        await service.write(path, taking(person, since, "ASSET_MANAGER"), "personnel")
        if until is not None:
            ending = {"until": until, "reason": "轮换"}
            await service.write(f"{path}/ASSET_MANAGER/{person}/ending", ending, "personnel")
    shown = (await service.read(f"/v1/organizations/{code}"))["resource"]["tenures"]
    assert [(one["person"], one["since"], one.get("until")) for one in shown] == [
        (people[0], "2018-01-01", "2019-12-31"),
        (people[1], "2020-01-01", "2023-12-31"),
        (people[2], "2024-01-01", None),
    ]
    await agrees(service, Organization, code, "organization", "directory")


@pytest.mark.parametrize("last", ["2022-01-01", "2022-01-02"])
async def test_unit_does_not_end_before_what_is_on_record_of_it(service: Service, last: str) -> None:
    """Somebody was appointed on 1 January 2022: it was there on the day before, and can end from that day on."""
    code, following = await unit(service), await unit(service)
    path = f"/v1/organizations/{code}"
    person = await service.person(VILLAGE)
    await service.write(f"{path}/appointments", taking(person, "2022-01-01", "ASSET_MANAGER"), "personnel")
    ending = {"successor": following, "closedOn": "2021-12-31", "documentNo": "撤1号"}
    detail = await conflict(service, f"{path}/successor", ending, "admin")
    assert "organization.position_appointed" in detail
    assert "NOT_IN_EXISTENCE" in detail
    done = await service.write(f"{path}/successor", ending | {"closedOn": last}, "admin")
    assert done["resource"]["closedOn"] == last
    await agrees(service, Organization, code, "organization", "directory")
