"""Whose an endpoint is, what it may want, and what is shown of its keys."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from service.identity.grants import GrantSpec
from service.webhooks.signing import SignatureWrong, verify
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE, road
from tests.api.service import COUNTY, new_code
from tests.api.webhooks.conftest import ENDPOINTS, Hooked
from tests.receivers import Received, Receiver, answer as write_answer, receiving, until


def body(**changes: Any) -> dict[str, Any]:
    return {"url": "https://receiver.test/hook", "label": "试"} | changes


@pytest.mark.parametrize("who", ["clerk", "reader", "personnel", "village", "household", "finance"])
async def test_key_that_may_not_read_the_log_makes_no_endpoint(hooked: Hooked, who: str) -> None:
    answer = await hooked.service.post(ENDPOINTS, body(), who)
    assert answer.status_code == 403
    assert answer.json()["code"] in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}


async def test_person_who_signed_in_answers_for_no_endpoint(hooked: Hooked) -> None:
    """Not at making, verifying and enabling one of the unit's: a key answers for it."""
    service = hooked.service
    person = await service.person("ASSET_OFFICE")
    identities, now = service.app.state.identities, service.app.state.context.clock()
    spec = GrantSpec(COUNTY, person, "ASSET_OFFICE", ["OFFICE"], [], "〔2026〕1号")
    await identities.grants.give(spec, "tests", now)
    _, token = await identities.sessions.begin(
        COUNTY, person, "ASSET_OFFICE", way="PASSWORD", address="-", now=now
    )
    code = (await service.post(ENDPOINTS, body(), "office")).json()["endpoint"]["endpoint"]
    for path, sent in (
        (ENDPOINTS, body()),
        *((f"{ENDPOINTS}/{code}/{act}", {}) for act in ("verification", "enabling")),
    ):
        answer = await service.post(path, sent, token)
        assert (answer.status_code, answer.json()["code"]) == (403, "KEY_REQUIRED"), path


async def test_endpoint_is_its_units_own(hooked: Hooked) -> None:
    code = (await hooked.service.post(ENDPOINTS, body(), "auditor")).json()["endpoint"]["endpoint"]
    service = hooked.service
    assert code in [one["endpoint"] for one in await service.read(ENDPOINTS, "auditor")]
    assert code not in [one["endpoint"] for one in await service.read(ENDPOINTS, "office")]
    for path in ("", "/deliveries", "/deliveries/1"):
        answer = await service.get(f"{ENDPOINTS}/{code}{path}", "office")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
    replay = {"which": "ALL", "first": 1, "last": 2}
    for path, sent in (
        *(("verification", {}), ("tests", {}), ("enabling", {}), ("disabling", {})),
        *(("secrets", {"kind": "HMAC"}), ("replays", replay), ("changes", {"label": "别的"})),
    ):
        answer = await service.post(f"{ENDPOINTS}/{code}/{path}", sent, "office")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path
    gone = await service.http.delete(f"{ENDPOINTS}/{code}", headers=service.headers("office"))
    assert gone.status_code == 404
    gone = await service.http.delete(f"{ENDPOINTS}/{code}", headers=service.headers("auditor"))
    assert gone.status_code == 204
    assert (await service.get(f"{ENDPOINTS}/{code}", "auditor")).status_code == 404
    left = await service.pool.fetchval("SELECT count(*) FROM webhook_secret WHERE endpoint = $1", code)
    assert left == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"url": "ftp://receiver.test/"}, "FIELD_INVALID"),
        ({"url": "https://user:secret@receiver.test/"}, "FIELD_INVALID"),
        ({"filters": {"types": ["asset.nonsense"]}}, "CODE_UNKNOWN"),
        ({"filters": {"types": ["nonsense.*"]}}, "CODE_UNKNOWN"),
        ({"filters": {"divisions": ["110101"]}}, "FIELD_INVALID"),
        ({"after": 2**40}, "POSITION_UNKNOWN"),
        ({"concurrency": 0}, "FIELD_INVALID"),
        ({"concurrency": 17}, "FIELD_INVALID"),
        ({"ordering": "SOMEHOW"}, "FIELD_INVALID"),
    ],
)
async def test_endpoint_that_cannot_be_is_refused(hooked: Hooked, changes: dict[str, Any], code: str) -> None:
    answer = await hooked.service.post(ENDPOINTS, body(**changes), "auditor")
    assert answer.json()["code"] == code, answer.text
    assert 400 <= answer.status_code < 500


async def test_secret_is_shown_once_and_nowhere_kept_in_the_open(hooked: Hooked) -> None:
    service = hooked.service
    first = await service.post(ENDPOINTS, body(), "auditor", key="shown-once")
    again = await service.post(ENDPOINTS, body(), "auditor", key="shown-once")
    assert (first.status_code, again.status_code) == (201, 201)
    secret, code = first.json()["secret"], first.json()["endpoint"]["endpoint"]
    assert secret.startswith("whsec_") and first.json()["publicKey"].startswith("whpk_")
    assert (again.json()["endpoint"]["endpoint"], again.json()["secret"]) == (code, None)
    shown = await service.get(f"{ENDPOINTS}/{code}", "auditor")
    assert secret not in shown.text and secret.removeprefix("whsec_") not in shown.text
    private = base64.b64decode(secret.removeprefix("whsec_"))
    rows = await service.pool.fetch("SELECT sealed FROM webhook_secret WHERE endpoint = $1", code)
    assert len(rows) == 2 and all(private not in row["sealed"] for row in rows)
    assert first.json()["publicKey"] in shown.text


async def test_rotated_key_signs_beside_the_one_before_until_that_ends(hooked: Hooked) -> None:
    receiver = Receiver()
    async with receiving(receiver):
        made = await hooked.made(receiver)
        code, old = made["endpoint"]["endpoint"], made["secret"]
        path = f"{ENDPOINTS}/{code}"
        turned = await hooked.service.post(
            f"{path}/secrets", {"kind": "HMAC", "overlapHours": 2}, "auditor", key="turn"
        )
        new = turned.json()["key"]
        repeated = await hooked.service.post(
            f"{path}/secrets", {"kind": "HMAC", "overlapHours": 2}, "auditor", key="turn"
        )
        assert repeated.json()["key"] is None
        assert [one["kind"] for one in turned.json()["secrets"]].count("HMAC") == 2

        async def sent() -> Received:
            await hooked.service.post(f"{path}/tests", {}, "auditor")
            return receiver.got[-1]

        one = await sent()
        for known in (old, new):
            assert verify(one.headers, one.body, [known], hooked.now()) == "v1"
        hooked.ahead += timedelta(hours=2, seconds=1)
        one = await sent()
        assert verify(one.headers, one.body, [new], hooked.now()) == "v1"
        with pytest.raises(SignatureWrong):
            verify(one.headers, one.body, [old], hooked.now())


async def test_filters_let_through_what_fits_all_of_them(hooked: Hooked) -> None:
    places, kinds, assets, units = Receiver(), Receiver(), Receiver(), Receiver()
    async with receiving(places, kinds, assets, units):
        mine = new_code()
        await hooked.endpoint(
            places, filters={"divisions": [OTHER_TOWNSHIP], "assetClasses": ["PUBLIC_WELFARE"]}
        )
        await hooked.endpoint(kinds, filters={"types": ["asset.operation_status_reported", "person.*"]})
        await hooked.endpoint(assets, filters={"assets": [mine]})
        await hooked.endpoint(units, filters={"organizations": [OTHER_TOWNSHIP]})
        service = hooked.service
        await service.write("/v1/assets", {"asset": mine, "card": road()})
        registered = await service.head()
        reported = await hooked.report(mine, 1)
        elsewhere = road(location=OTHER_VILLAGE, implementer=OTHER_TOWNSHIP, fundsPaidTo="TOWNSHIP")
        await service.write("/v1/assets", {"asset": new_code(), "card": elsewhere}, "neighbour")
        theirs = await service.head()
        await service.person(TOWNSHIP)
        person = await service.head()
        for receiver, expected in (
            (places, [theirs]),
            (kinds, [reported, person]),
            (assets, [registered, reported]),
            (units, [theirs]),
        ):
            await until(lambda receiver=receiver, expected=expected: receiver.positions == expected)
        told = kinds.events[-1].json["data"]
        assert (told["kind"], told["subject"]) == ("person", None)
        assert VILLAGE not in kinds.events[-1].body.decode()


async def test_replay_sends_what_was_before_and_what_is_missing(hooked: Hooked) -> None:
    receiver = Receiver()
    async with receiving(receiver):
        asset = await hooked.asset()
        first = await hooked.service.head()
        second = await hooked.report(asset, 1)
        code = await hooked.endpoint(receiver, filters={"assets": [asset]})
        third = await hooked.report(asset, 2)
        await until(lambda: receiver.positions == [third])
        path = f"{ENDPOINTS}/{code}/replays"
        missing = {"which": "MISSING", "first": 1, "last": third}
        asked = await hooked.service.post(path, missing, "auditor")
        done = await hooked.service.read(f"/v1/operations/{asked.json()['operation']}", "auditor", wait=10)
        assert done["result"] == {"endpoint": code, "deliveries": 2}
        await until(lambda: receiver.positions == [third, first, second])
        again = {"which": "ALL", "first": second, "last": third}
        await hooked.service.post(path, again, "auditor")
        await until(lambda: receiver.positions == [third, first, second, second, third])
        assert len({one.id for one in receiver.events if one.position == third}) == 1
        wrong = await hooked.service.post(path, again | {"last": second - 1}, "auditor")
        assert (wrong.status_code, wrong.json()["code"]) == (422, "FIELD_INVALID")


async def test_receiver_that_does_not_say_the_challenge_back_gets_nothing(hooked: Hooked) -> None:
    receiver = Receiver()
    async with receiving(receiver):
        made = await hooked.made(receiver)
        code = made["endpoint"]["endpoint"]
        hooked.net.detour.receivers.clear()
        refused = await hooked.service.post(f"{ENDPOINTS}/{code}/verification", {}, "auditor")
        assert (refused.status_code, refused.json()["code"]) == (409, "WEBHOOK_NOT_VERIFIED")
        assert (await hooked.state(code))["state"] == "UNVERIFIED"
        replay = {"which": "ALL", "first": 1, "last": 2}
        refused = await hooked.service.post(f"{ENDPOINTS}/{code}/replays", replay, "auditor")
        assert (refused.status_code, refused.json()["code"]) == (409, "WEBHOOK_NOT_ACTIVE")
        refused = await hooked.service.post(f"{ENDPOINTS}/{code}/enabling", {}, "auditor")
        assert refused.json()["code"] == "WEBHOOK_NOT_ACTIVE"
        tried = await hooked.attempts(code, 0)
        assert [one["outcome"] for one in tried] == ["UNREACHABLE"]


async def test_receiver_that_answers_something_else_is_not_verified(hooked: Hooked) -> None:
    class Deaf(Receiver):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await write_answer(writer, 200, b'{"challenge": "something else"}')
            writer.close()

    receiver = Deaf()
    async with receiving(receiver):
        made = await hooked.made(receiver)
        refused = await hooked.service.post(
            f"{ENDPOINTS}/{made['endpoint']['endpoint']}/verification", {}, "auditor"
        )
        assert refused.json()["code"] == "WEBHOOK_NOT_VERIFIED"


async def test_unit_has_fifty_endpoints_at_most(hooked: Hooked) -> None:
    service = hooked.service
    held = len(await service.read(ENDPOINTS, "operator"))
    for _ in range(50 - held):
        assert (await service.post(ENDPOINTS, body(), "operator")).status_code == 201
    answer = await service.post(ENDPOINTS, body(), "operator")
    assert (answer.status_code, answer.json()["code"]) == (409, "WEBHOOK_TOO_MANY")
    one = (await service.read(ENDPOINTS, "operator"))[0]["endpoint"]
    await service.http.delete(f"{ENDPOINTS}/{one}", headers=service.headers("operator"))
    assert (await service.post(ENDPOINTS, body(), "operator")).status_code == 201


async def test_key_folder_that_is_open_to_others_makes_no_endpoint(hooked: Hooked) -> None:
    (key,) = hooked.keys.glob("653022-webhooks-*.key")
    key.chmod(0o644)
    try:
        answer = await hooked.service.post(ENDPOINTS, body(), "auditor")
        assert (answer.status_code, answer.json()["code"]) == (503, "WEBHOOK_KEY_UNAVAILABLE")
    finally:
        key.chmod(0o600)


async def test_changed_url_is_verified_anew_and_a_changed_filter_counts_at_once(hooked: Hooked) -> None:
    receiver, other = Receiver(), Receiver()
    async with receiving(receiver, other):
        code = await hooked.endpoint(receiver)
        path, service = f"{ENDPOINTS}/{code}", hooked.service
        changed = await service.post(f"{path}/changes", {"filters": {"types": ["person.*"]}}, "auditor")
        assert (changed.status_code, changed.json()["state"]) == (200, "ACTIVE")
        await hooked.asset()
        await service.person(TOWNSHIP)
        person = await service.head()
        await until(lambda: receiver.positions == [person])
        moved = await service.post(f"{path}/changes", {"url": hooked.net.put(other)}, "auditor")
        assert (moved.json()["state"], moved.json()["filters"]["types"]) == ("UNVERIFIED", ["person.*"])
        await service.person(TOWNSHIP)
        await asyncio.sleep(0.4)
        assert (receiver.positions, other.got) == ([person], [])
        assert (await service.post(f"{path}/verification", {}, "auditor")).json()["state"] == "ACTIVE"
        await until(lambda: other.positions == [person + 1])
        assert [one["act"] for one in (await hooked.state(code))["history"]] == [
            *("CREATED", "VERIFIED", "CHANGED", "CHANGED", "VERIFIED")
        ]
        for wrong in ({"url": "ftp://x/"}, {"filters": {"types": ["x.*"]}}, {"concurrency": 17}):
            assert (await service.post(f"{path}/changes", wrong, "auditor")).status_code == 422, wrong
