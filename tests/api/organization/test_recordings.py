"""What one unit records for another is listed for who is above it, and confirmed by the village's secretary himself."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from service.identity.grants import GrantSpec
from tests.api.asset.test_titles import confirmed, write
from tests.api.bodies import TOWNSHIP, VILLAGE, terms
from tests.api.contracts import decided
from tests.api.service import COUNTY, Service

SECRETARY = "VILLAGE_PARTY_SECRETARY"
CONFIRMATIONS = f"/v1/organizations/{VILLAGE}/recording-confirmations"


async def signed_in(service: Service, person: str, unit: str) -> str:
    """The token of a person who signed in for a unit, with its place."""
    identities, now = service.app.state.identities, service.app.state.context.clock()
    spec = GrantSpec(COUNTY, person, unit, ["REGISTRAR"], [unit], "〔2022〕1号")
    await identities.grants.give(spec, "tests", now)
    _, token = await identities.sessions.begin(COUNTY, person, unit, way="PASSWORD", address="-", now=now)
    return str(token)


async def secretary(service: Service, home: str = VILLAGE, since: str = "2022-02-01") -> str:
    """The village's Party secretary from a day on, the only one at a time."""
    village = (await service.read(f"/v1/organizations/{VILLAGE}"))["resource"]
    for one in village["tenures"]:
        if one["position"] == SECRETARY and one.get("until") is None:
            path = f"/v1/organizations/{VILLAGE}/appointments/{SECRETARY}/{one['person']}/ending"
            await service.write(
                path,
                {"until": str(date.fromisoformat(since) - timedelta(days=1)), "reason": "换届"},
                "personnel",
            )
    person = await service.person(home)
    post = {"position": SECRETARY, "person": person, "since": since, "documentNo": "任2号"}
    await service.write(f"/v1/organizations/{VILLAGE}/appointments", post, "personnel")
    return person


async def listed(service: Service, **filters: Any) -> dict[int, dict[str, Any]]:
    """The ledger by place in the log."""
    page = await service.read(
        "/v1/ledgers/on-behalf-records", min_position=await service.head(), limit=1000, **filters
    )
    return {row["position"]: row for row in page["rows"]}


@pytest.mark.clause("C4.7-04", "C3-02")
async def test_a_village_s_secretary_confirms_what_the_township_recorded(service: Service) -> None:
    """Lists what the township recorded for a village; refuses its confirmation by a key, a clerk, another village, twice."""
    asset = await confirmed(service)
    signed = await write(service, asset, "leases", await decided(service, asset, terms()), "clerk")
    entry = signed["events"][0]["position"]
    row = (await listed(service, township=TOWNSHIP, confirmed="false"))[entry]
    assert (row["unit"], row["recorder"], row["type"]) == (VILLAGE, TOWNSHIP, "asset.leased")
    assert entry not in await listed(service, township="653022201000")
    assert entry not in await listed(service, confirmed="true")
    clerk = await signed_in(service, await service.person(VILLAGE), VILLAGE)
    head = await signed_in(service, await secretary(service), VILLAGE)
    body = {"entry": entry}
    for who, code in (
        ("village", "CONFIRMER_NOT_SECRETARY"),
        (clerk, "CONFIRMER_NOT_SECRETARY"),
        ("quiet_village", "FORBIDDEN"),
    ):
        answer = await service.post(CONFIRMATIONS, body, who)
        assert (answer.status_code, answer.json()["code"]) == (403, code), who
    unmarked = (await service.read(f"/v1/assets/{asset}/events"))["events"][0]["position"]
    for nothing in (unmarked, await service.head() + 1000):
        answer = await service.post(CONFIRMATIONS, {"entry": nothing}, head)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    await service.write(CONFIRMATIONS, body, head)
    again = await service.post(CONFIRMATIONS, body, head)
    assert (again.status_code, again.json()["code"]) == (409, "VALUE_TAKEN")
    row = (await listed(service, unit=VILLAGE, confirmed="true"))[entry]
    assert row["confirmedOn"] is not None and row["confirmedBy"] is not None


@pytest.mark.clause("C4.7-04")
async def test_one_person_does_not_confirm_what_he_recorded(service: Service) -> None:
    """Refuses a secretary who recorded the matter himself at the township."""
    person = await secretary(service, TOWNSHIP, "2023-02-01")
    asset = await confirmed(service)
    township = await signed_in(service, person, TOWNSHIP)
    signed = await write(service, asset, "leases", await decided(service, asset, terms()), township)
    entry = signed["events"][0]["position"]
    village = await signed_in(service, person, VILLAGE)
    answer = await service.post(CONFIRMATIONS, {"entry": entry}, village)
    assert (answer.status_code, answer.json()["code"]) == (409, "SAME_PERSON")
