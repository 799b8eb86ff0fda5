"""Keys of systems: where they are good from, two at once while one is changed, when they were used, how long they audit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from service.clock import utc_now
from tests.api.service import Service
from tests.api.system.test_access import make_key


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def listed(service: Service, key: str) -> dict[str, Any]:
    return next(one for one in await service.read("/v1/keys", "admin") if one["id"] == key)


async def ask(service: Service, token: str, address: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=service.app, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://taizhang") as http:
        return await http.get("/v1/divisions", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("addresses", "good", "bad"),
    [
        (["10.1.2.0/24"], ["10.1.2.0", "10.1.2.255"], ["10.1.1.255", "10.1.3.0", "::1"]),
        (["10.1.2.3", "2001:db8::/64"], ["10.1.2.3", "2001:db8::ffff"], ["10.1.2.4", "2001:db8:0:1::1"]),
    ],
)
async def test_a_key_bound_to_addresses_is_good_from_them_alone(
    service: Service, addresses: list[str], good: list[str], bad: list[str]
) -> None:
    token = (await make_key(service, addresses=addresses)).json()["token"]
    for address in good * 2:
        assert (await ask(service, token, address)).status_code == 200, address
    for address in bad * 2:  # also when the key is known already
        assert refused(await ask(service, token, address)) == (403, "CREDENTIAL_ELSEWHERE"), address


@pytest.mark.parametrize("address", ["10.1.2.300", "10.1.2.3/8", "localhost", ""])
async def test_what_is_no_address_is_refused(service: Service, address: str) -> None:
    assert refused(await make_key(service, addresses=[address])) == (422, "FIELD_INVALID")


async def rotate(service: Service, key: str, **body: Any) -> httpx.Response:
    return await service.http.post(f"/v1/keys/{key}/rotation", json=body, headers=service.headers("admin"))


async def test_two_keys_live_while_one_is_changed(service: Service) -> None:
    old = (await make_key(service, addresses=["127.0.0.1"])).json()
    changed = await rotate(service, old["id"], overlapHours=2)
    assert changed.status_code == 201
    new = changed.json()
    for key in (old, new):
        assert (await service.get("/v1/divisions", key["token"])).status_code == 200
    before, after = await listed(service, old["id"]), await listed(service, new["id"])
    assert after["replaces"] == old["id"]
    for field in ("label", "organization", "organizationKind", "roles", "divisions", "addresses"):
        assert after[field] == before[field], field
    ends = datetime.fromisoformat(before["expiresAt"])
    assert timedelta(hours=1, minutes=59) < ends - utc_now() <= timedelta(hours=2)
    assert after["expiresAt"] is None
    assert refused(await rotate(service, old["id"])) == (409, "STEP_OUT_OF_ORDER")
    assert (await rotate(service, new["id"], overlapHours=0)).status_code == 201
    assert refused(await service.get("/v1/divisions", new["token"])) == (401, "CREDENTIAL_EXPIRED")
    assert refused(await rotate(service, new["id"])) == (404, "NOT_FOUND")  # it lives no more


async def test_a_rotation_never_makes_a_key_live_longer(service: Service) -> None:
    ends = (utc_now() + timedelta(hours=1)).isoformat()
    old = (await make_key(service, expiresAt=ends)).json()
    await rotate(service, old["id"], overlapHours=24)
    assert datetime.fromisoformat((await listed(service, old["id"]))["expiresAt"]) == datetime.fromisoformat(
        ends
    )


async def test_it_is_kept_when_and_from_where_a_key_was_used(service: Service) -> None:
    key = (await make_key(service)).json()
    assert (await listed(service, key["id"]))["lastUsedAt"] is None
    began = utc_now()
    await ask(service, key["token"], "10.9.8.7")
    used = await listed(service, key["id"])
    assert began <= datetime.fromisoformat(used["lastUsedAt"]) <= utc_now()
    assert used["lastUsedFrom"] == "10.9.8.7"


async def test_a_key_that_audits_ends(service: Service) -> None:
    auditor = {"organization": "AUDIT", "organizationKind": None, "roles": ["AUDITOR"], "divisions": []}
    made = (await make_key(service, **auditor)).json()
    ends = datetime.fromisoformat((await listed(service, made["id"]))["expiresAt"])
    assert timedelta(days=179, hours=23) < ends - utc_now() <= timedelta(days=180)
    for days, status in ((180, 422), (179, 201)):
        asked = (utc_now() + timedelta(days=days, hours=1)).isoformat()
        assert (await make_key(service, **auditor, expiresAt=asked)).status_code == status, days
    clerk = (await make_key(service)).json()
    assert (await listed(service, clerk["id"]))["expiresAt"] is None


async def test_a_denial_names_the_grant_that_is_missing(service: Service) -> None:
    """And nothing of what there is: the same for an asset that exists and for one that does not."""
    answer = await service.post(
        "/v1/assets/none/disposals/none/approval", {"approval": {}}, "clerk", version=1
    )
    assert refused(answer) == (403, "ROLE_NOT_ALLOWED")
    assert answer.json()["missing"] == ["APPROVER（COUNTY_GOV、DEPARTMENT、TOWNSHIP）"]
    answer = await service.post("/v1/assets", {}, "reader")
    assert refused(answer) == (403, "ROLE_READ_ONLY")
    assert answer.json()["missing"] == [
        "OFFICE（ASSET_OFFICE）",
        "REGISTRAR（COMPANY、DEPARTMENT、FARM、TOWNSHIP、VILLAGE）",
    ]


async def test_the_matrix_is_told_to_everybody_who_is_known(service: Service) -> None:
    rights = await service.read("/v1/access/matrix", "household")
    approving = [one for one in rights if one["action"] == "asset.approve_disposal"]
    assert approving == [
        {
            "action": "asset.approve_disposal",
            "role": "APPROVER",
            "organizationKinds": ["COUNTY_GOV", "DEPARTMENT", "TOWNSHIP"],
            "scope": "JURISDICTION",
        }
    ]
    assert {
        "action": "ledger.read",
        "role": "OFFICE",
        "organizationKinds": ["ASSET_OFFICE"],
        "scope": "COUNTY",
    } in rights
