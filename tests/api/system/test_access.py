"""Who may do what: the matrix of routes, jurisdiction, read-only roles, keys and the bootstrap token."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx
import pytest

from service.api.http.reading import ACTION
from service.clock import utc_now
from service.commands.authorization import ACTIONS, READ_ONLY, Role
from service.commands.credentials import Credentials
from tests import contract
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, card, road, transfer
from tests.api.matrix import PUBLIC, ROUTES
from tests.api.service import COUNTY, KEYS, Service, new_code, running


def routes(service: Service) -> dict[tuple[str, str], dict[str, Any]]:
    paths = contract.document()["paths"]
    return {
        (method.upper(), path): one
        for path, operations in paths.items()
        for method, one in operations.items()
    }


async def test_every_route_is_in_the_matrix(service: Service) -> None:
    declared = {route: one.get(ACTION) for route, one in routes(service).items()}
    assert declared == dict.fromkeys(PUBLIC) | ROUTES


async def test_every_action_is_used_and_every_route_says_what_it_needs(service: Service) -> None:
    assert set(ROUTES.values()) == set(ACTIONS)
    for route, one in routes(service).items():
        assert one["security"] == ([] if route in PUBLIC else [{"key": []}]), route


async def test_without_a_credential_only_public_routes_answer(service: Service) -> None:
    for method, path in ROUTES:
        answer = await service.http.request(method, path.replace("{", "").replace("}", ""))
        assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_REQUIRED"), (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_role_that_may_not_is_refused_before_anything_is_read(service: Service) -> None:
    """With every role in turn, every route is refused exactly when the table says so."""
    for who, role in (("operator", Role.OPERATOR), ("reader", Role.READER), ("admin", Role.ADMIN)):
        kind = KEYS[who][1]
        for (method, path), action in ROUTES.items():
            answer = await service.http.request(
                method, path.replace("{", "").replace("}", ""), headers=service.headers(who)
            )
            allowed = role in ACTIONS[action].roles and ACTIONS[action].counts(role, kind)
            forbidden = answer.status_code == 403 and answer.json()["code"] in {
                "ROLE_NOT_ALLOWED",
                "ROLE_READ_ONLY",
            }
            assert forbidden != allowed, (who, method, path, answer.text)


async def test_read_only_roles_never_write_asset_data() -> None:
    others = {
        "departure.audit",
        "checkpoint.make",
        "audit.pack",
        "oversight.inspect",
        "violation.report",
        "violation.decide",
        "webhook.manage",
        "feed.manage",
        "document.upload",
        "personal_data.read",
        "personal_data.look_up",
        "personal_data.hold",
    }
    writes = {action for route, action in ROUTES.items() if route[0] == "POST" and action not in others}
    assert all(not ACTIONS[action].roles & READ_ONLY for action in writes)


async def test_a_township_cannot_write_another_townships_asset(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    report = {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}}
    answer = await service.post(f"/v1/assets/{asset}/status-reports", report, "neighbour", version=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
    assert answer.json()["clause"] == "C4.3-12"
    theirs = await service.post("/v1/assets", {"card": road()}, "neighbour")
    assert theirs.status_code == 403
    own = road(location=OTHER_VILLAGE, implementer=OTHER_TOWNSHIP)
    assert (await service.post("/v1/assets", {"card": own}, "neighbour")).status_code == 201


async def test_a_level_of_an_approval_chain_speaks_for_itself_only(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": card()})
    path = f"/v1/assets/{asset}/disposals/D1"
    approval = {
        "approver": TOWNSHIP,
        "approverLevel": "COUNTY_GOV",
        "documentNo": "x",
        "approvedOn": "2022-01-01",
    }
    for body in (approval, approval | {"approver": "COUNTY_GOV"}):
        answer = await service.post(f"{path}/approval", {"approval": body}, "approver", version=1)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), body
    forwarding = {"level": "AGRICULTURE", "opinion": "同意"}
    answer = await service.post(f"{path}/forwardings", forwarding, "approver", version=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def key_body(**changes: Any) -> dict[str, Any]:
    return {
        "label": "试用",
        "organization": TOWNSHIP,
        "organizationKind": "TOWNSHIP",
        "roles": ["READER"],
        "divisions": [TOWNSHIP],
    } | changes


async def make_key(service: Service, who: str = "admin", **changes: Any) -> httpx.Response:
    return await service.http.post("/v1/keys", json=key_body(**changes), headers=service.headers(who))


async def test_a_key_s_kind_of_unit_is_looked_up_and_not_believed(service: Service) -> None:
    """A township that calls itself the asset office, a unit that nobody defined, a household that would write."""
    for changes, code in (
        ({"organizationKind": "ASSET_OFFICE", "roles": ["OFFICE"]}, "FIELD_INVALID"),
        ({"organization": "ASSET_OFFICE"}, "FIELD_INVALID"),
        ({"organization": "NOBODY"}, "CODE_UNKNOWN"),
        ({"organization": "NOBODY", "organizationKind": None}, "CODE_UNKNOWN"),
        ({"organization": "H-1", "organizationKind": "HOUSEHOLD", "roles": ["REGISTRAR"]}, "FIELD_INVALID"),
        (
            {"organization": "H-1", "organizationKind": "HOUSEHOLD", "roles": ["READER", "AUDITOR"]},
            "FIELD_INVALID",
        ),
        ({"organizationKind": "HOUSEHOLD"}, "FIELD_INVALID"),
    ):
        answer = await make_key(service, **changes)
        assert (answer.status_code, answer.json()["code"]) == (422, code), changes
    made = (await make_key(service, organizationKind=None, label="类型查得")).json()
    listed = {one["id"]: one for one in await service.read("/v1/keys", "admin")}
    assert listed[made["id"]]["organizationKind"] == "TOWNSHIP"
    household = await make_key(service, organization="H-1", organizationKind="HOUSEHOLD", divisions=[])
    assert household.status_code == 201


async def test_an_offer_says_nothing_for_the_receiver(service: Service) -> None:
    """Acceptance, refusal and state of a transfer are not the deliverer's to send (C4.5-20)."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": card()})
    words = {"item": "1", "result": "ACCEPTED"}
    for field, value in (
        ("state", "COMPLETED"),
        ("accepted", {"1": words}),
        ("refusal", "不要"),
        ("conditions", "无"),
    ):
        body = {"transfer": transfer() | {field: value}}
        answer = await service.post(f"/v1/assets/{asset}/transfers", body, "commerce", version=1)
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_UNKNOWN"), field
    assert (await service.read(f"/v1/assets/{asset}"))["version"] == 1


async def test_a_revoked_key_stops_working_at_once(service: Service) -> None:
    made = (await make_key(service)).json()
    assert (await service.get("/v1/divisions", made["token"])).status_code == 200
    revoked = await service.http.delete(f"/v1/keys/{made['id']}", headers=service.headers("admin"))
    assert revoked.status_code == 204
    answer = await service.get("/v1/divisions", made["token"])
    assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_INVALID")
    listed = {one["id"]: one for one in await service.read("/v1/keys", "admin")}
    assert listed[made["id"]]["revokedAt"] is not None
    assert made["token"] not in str(listed)


async def test_an_expired_key_stops_working(service: Service) -> None:
    ends = utc_now() + timedelta(seconds=0.5)
    token = (await make_key(service, expiresAt=ends.isoformat())).json()["token"]
    deadline = monotonic() + 10
    while (answer := await service.get("/v1/divisions", token)).status_code == 200:
        assert monotonic() < deadline
        await asyncio.sleep(0.05)
    assert answer.json()["code"] == "CREDENTIAL_EXPIRED"
    assert utc_now() >= ends


@pytest.mark.parametrize("token", ["nonsense", "tzk_0123.abc", "tzk_\u0000.x", "é" * 10])
async def test_a_made_up_token_is_refused(service: Service, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    answer = await service.http.get("/v1/divisions", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "CREDENTIAL_INVALID")


async def test_keys_stay_in_their_county_and_expire_in_the_future(service: Service) -> None:
    for division, code in (("110101", "FIELD_INVALID"), ("653022202999", "CODE_UNKNOWN")):
        answer = await make_key(service, divisions=[division])
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await make_key(service, expiresAt="2020-01-01T00:00:00Z")).status_code == 422
    assert (await make_key(service, expiresAt=4102444800)).status_code == 422
    assert (await make_key(service, roles=[])).status_code == 422
    assert (await make_key(service, roles=["KING"])).status_code == 422
    assert (await make_key(service, "clerk")).status_code == 403


async def test_the_bootstrap_token_opens_one_door_once_and_from_here_only(database_url: str) -> None:
    async with running(database_url) as service:
        await service.pool.execute("DELETE FROM credential")
        credentials: Credentials = service.app.state.credentials
        now = utc_now()
        bootstrap = await credentials.bootstrap(COUNTY, now)
        assert bootstrap is not None
        assert await credentials.bootstrap(COUNTY, now) is None
        stored = await service.pool.fetchval("SELECT secret_sha256 FROM credential")
        assert bootstrap.token.encode() not in stored
        service.tokens = {"boot": bootstrap.token}
        service.http.base_url = "http://localhost"

        far = httpx.ASGITransport(app=service.app, client=("10.1.2.3", 4711))
        async with httpx.AsyncClient(transport=far, base_url="http://taizhang") as abroad:
            answer = await abroad.post(
                "/v1/keys", json=key_body(roles=["ADMIN"]), headers=service.headers("boot")
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "BOOTSTRAP_LOOPBACK_ONLY")

            other = await service.get("/v1/divisions", "boot")
            assert (other.status_code, other.json()["code"]) == (403, "FORBIDDEN")
            assert (await make_key(service, "boot")).status_code == 422  # the first key is an administrator's
            attempts = await asyncio.gather(*(make_key(service, "boot", roles=["ADMIN"]) for _ in range(5)))
            assert sorted(one.status_code for one in attempts) == [201, 401, 401, 401, 401]
            assert await service.pool.fetchval("SELECT count(*) FROM credential WHERE kind = 'api_key'") == 1

            (admin,) = (one.json()["token"] for one in attempts if one.status_code == 201)
            opened = await abroad.get("/v1/keys", headers=service.headers(admin))
            assert opened.status_code == 200
