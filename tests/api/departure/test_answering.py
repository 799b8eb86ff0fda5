"""Who answers for an asset on a day: named in its past, a vacant post said as such, and in the way of an interim custodian's leaving."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.bodies import TOWNSHIP, VILLAGE, custody, road
from tests.api.departure.departing import TOWNSHIP_KEEPS, TOWNSHIP_OWNS, Departure
from tests.api.service import Service, new_code

_LEADER = {"position": "PRINCIPAL", "documentNo": "任1号"}


async def kept(service: Service, person: str) -> str:
    """A township's road that a person has looked after since 2022, on the books since 2021."""
    asset = new_code()
    path = f"/v1/assets/{asset}"
    await service.write("/v1/assets", {"asset": asset, "card": road(), "occurredOn": "2021-12-30"})
    confirmed = {"confirmation": TOWNSHIP_OWNS, "occurredOn": "2021-12-31"}
    await service.write(f"{path}/ownership-confirmations", confirmed, "office", version=1)
    care = custody(person, "MANAGER") | TOWNSHIP_KEEPS | {"responsibleUnit": VILLAGE}
    await service.write(f"{path}/custody", {"custody": care, "occurredOn": "2022-01-01"}, version=2)
    return asset


async def left(service: Service) -> Departure:
    """Somebody who left at the end of January 2023, with one asset."""
    outgoing, incoming = await service.person(VILLAGE), await service.person(VILLAGE)
    asset = await kept(service, outgoing)
    it = Departure(service, [asset], outgoing, incoming, await service.person(TOWNSHIP))
    await it.open()
    return it


async def told(service: Service, asset: str, **moment: Any) -> dict[str, Any]:
    found = await service.read(f"/v1/assets/{asset}", **moment)
    return dict(found["answering"])


async def meanwhile(service: Service, it: Departure, since: str, until: str) -> str:
    """An interim custodian of the case."""
    person = await service.person(TOWNSHIP)
    interim = {
        "person": person, "appointedBy": TOWNSHIP, "since": since, "until": until, "inventoryNo": f"盘〔2023〕{since}",
    }  # fmt: skip
    await service.write(f"{it.path}/interim-custodian", {"interim": interim})
    return person


@pytest.mark.clause("C4.10-02")
async def test_past_of_an_asset_names_who_held_the_post_that_day_and_says_that_it_was_vacant(
    service: Service,
) -> None:
    """Names in an asset's past who had its care by name and by post on that very day; a post that nobody held is vacant."""
    keeper, leader = await service.person(VILLAGE), await service.person(TOWNSHIP)
    asset = await kept(service, keeper)
    moment = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]["recordedAt"]
    appointment = _LEADER | {"person": leader, "since": "2022-03-01"}
    await service.write(f"/v1/organizations/{TOWNSHIP}/appointments", appointment, "personnel")
    ending = {"until": "2022-06-30", "reason": "调任"}
    path = f"/v1/organizations/{TOWNSHIP}/appointments/PRINCIPAL/{leader}/ending"
    await service.write(path, ending, "personnel")
    for day, holders in (
        ("2022-02-28", []),
        ("2022-03-01", [leader]),
        ("2022-06-30", [leader]),
        ("2022-07-01", []),
    ):
        found = await told(service, asset, as_of=day)
        post = found["firstResponsible"]
        assert [one["person"] for one in post["holders"]] == holders, day
        assert post["vacant"] == (not holders), day
        assert [(one["person"], one["duty"]) for one in found["persons"]] == [(keeper, "MANAGER")]
        assert found["on"] == day
        asked = await service.read(
            f"/v1/assets/{asset}/responsible", on=day, min_position=await service.head()
        )
        assert (asked["firstResponsible"], asked["supervisors"]) == (post, found["supervisors"])
    unknown = await told(service, asset, as_of="2022-03-01", known_at=moment)
    assert unknown["firstResponsible"]["vacant"]
    assert (await told(service, asset, as_of="2021-12-31"))["persons"] == []
    assert "answering" not in await service.read(f"/v1/assets/{asset}")


@pytest.mark.clause("C4.10-02", "C4.10-11")
async def test_past_of_an_asset_names_the_interim_custodian_until_it_was_taken_over(service: Service) -> None:
    """Names the interim custodian of the day in an asset's past: each of several in turn, on its own days, and nobody once it was taken over."""
    it = await left(service)
    (asset,) = it.assets
    moment = (await service.read(f"{it.path}"))["version"]
    assert moment == 1
    first = await meanwhile(service, it, "2023-02-01", "2023-02-20")
    second = await meanwhile(service, it, "2023-02-21", "2023-03-10")
    for day, named in (
        ("2023-01-31", []),
        ("2023-02-01", [first]),
        ("2023-02-20", [first]),
        ("2023-02-21", [second]),
        ("2023-03-10", [second]),
        ("2023-03-11", []),
    ):
        found = await told(service, asset, as_of=day)
        assert [one["person"] for one in found["interim"]] == named, day
    early = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]["recordedAt"]
    assert (await told(service, asset, as_of="2023-02-01", known_at=early))["interim"] == []
    await it.reconcile()
    await it.accept()
    it.day = "2023-02-25"
    await it.seal()
    await it.all_signatures()
    await service.write(f"{it.path}/completion", {"occurredOn": "2023-02-26"})
    assert [one["person"] for one in (await told(service, asset, as_of="2023-02-25"))["interim"]] == [second]
    after = await told(service, asset, as_of="2023-02-26")
    assert (after["interim"], [one["person"] for one in after["persons"]]) == ([], [it.incoming])


@pytest.mark.clause("C4.10-11")
async def test_interim_custodian_is_not_cleared_on_a_day_of_the_interim(service: Service) -> None:
    """Refuses a certificate to whoever looks after a leaver's things meanwhile, up to the last day of it and until they are taken over."""
    today = service.app.state.context.today()
    it = await left(service)
    since, day_before = (today - timedelta(days=9)).isoformat(), (today - timedelta(days=1)).isoformat()
    over = await meanwhile(service, it, since, day_before)
    assert (await service.read(f"/v1/clearances/{over}", "personnel"))["clear"]
    keeping = await meanwhile(service, it, today.isoformat(), today.isoformat())
    found = await service.read(f"/v1/clearances/{keeping}", "personnel")
    case = it.path.rsplit("/", 1)[1]
    assert (found["clear"], found["missing"]) == (False, [f"interim:{case}"])
    assert found["items"] == [
        {"kind": "INTERIM", "case": case, "organization": VILLAGE, "until": today.isoformat()}
    ]
    path, body = f"/v1/clearances/{keeping}", {"issuedBy": "COUNTY_GOV"}
    refused = await service.post(path, body, "personnel")
    assert (refused.status_code, refused.json()["code"]) == (409, "HANDOVER_INCOMPLETE")
    await it.hand_over()
    assert (await service.read(f"/v1/clearances/{keeping}", "personnel"))["clear"]
    await service.write(path, body, "personnel")
