"""Whose request it is, and what is remembered of it: keys of requests, keys of senders, states that other code wrote."""

from __future__ import annotations

from typing import Any

import pytest

from domain.refusals import Refusal
from service.clock import utc_now
from service.commands import credentials as kept
from service.commands.credentials import Credentials, KeySpec
from tests.api.bodies import TOWNSHIP, road
from tests.api.service import COUNTY, Service, new_code

REASON = {"reason": "台账不全"}


async def registered(service: Service) -> str:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    return asset


async def test_one_key_and_body_on_another_path_is_another_request(service: Service) -> None:
    """The path says what is done to what: the same words elsewhere are not the request that was answered."""
    first, second, key = await registered(service), await registered(service), new_code("key")
    body = {"kind": "DAMAGED", **REASON}
    done = await service.post(f"/v1/assets/{first}/risks", body, version=1, key=key)
    assert done.status_code == 201
    before = await service.head()
    again = await service.post(f"/v1/assets/{second}/risks", body, version=1, key=key)
    assert (again.status_code, again.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await service.head() == before


async def test_two_keys_of_one_unit_are_two_senders(service: Service) -> None:
    """The same idempotency key from two credentials of a township: two requests, and both are carried out."""
    tokens = []
    for label in ("甲", "乙"):
        spec = KeySpec(COUNTY, label, TOWNSHIP, "TOWNSHIP", ["REGISTRAR"], [TOWNSHIP])
        tokens.append((await Credentials(service.pool).create(spec, utc_now())).token)
    key, body = new_code("key"), {"card": road()}
    answers = [
        await service.post("/v1/assets", body | {"asset": new_code()}, token, key=key) for token in tokens
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_a_state_that_other_code_wrote_is_not_read(service: Service) -> None:
    """An asset is folded from its events when the state beside them is of another version of the domain."""
    asset = await registered(service)
    await service.write(f"/v1/assets/{asset}/risks", {"kind": "DAMAGED", **REASON}, version=1)
    context: Any = service.app.state.context
    stream = f"asset-{asset}"
    spoilt = await service.pool.execute(
        "UPDATE stream SET state_code = 'other', state = state || ' '::bytea WHERE county = $1 AND stream = $2",
        COUNTY,
        stream,
    )
    assert spoilt == "UPDATE 1"
    await service.pool.execute(
        "UPDATE stream SET state = '\\x7b7d' WHERE county = $1 AND stream = $2", COUNTY, stream
    )
    from domain.asset.asset import Asset

    one = await context.load(Asset, COUNTY, asset)
    assert (one.version, sorted(one.risks)) == (2, ["DAMAGED"])
    answer = await service.post(f"/v1/assets/{asset}/risks", {"kind": "IDLE", **REASON}, version=2)
    assert answer.status_code == 201, answer.text
    assert sorted(answer.json()["resource"]["risks"]) == ["DAMAGED", "IDLE"]


async def test_a_revoked_key_is_dead_elsewhere_within_its_seconds(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process trusts what it looked up for five seconds and not for one more."""
    now = [1_000.0]
    monkeypatch.setattr(kept, "monotonic", lambda: now[0])
    here, elsewhere = Credentials(service.pool), Credentials(service.pool)
    spec = KeySpec(COUNTY, "离职", TOWNSHIP, "TOWNSHIP", ["READER"], [TOWNSHIP])
    made = await here.create(spec, utc_now())
    assert (await elsewhere.identify(made.token, utc_now())).id == made.id
    assert (await here.identify(made.token, utc_now())).id == made.id
    await here.revoke(COUNTY, made.id, utc_now())
    with pytest.raises(Refusal) as told:
        await here.identify(made.token, utc_now())
    assert told.value.code == "CREDENTIAL_INVALID"
    now[0] += 4.9
    assert (await elsewhere.identify(made.token, utc_now())).id == made.id
    now[0] += 0.1
    with pytest.raises(Refusal) as told:
        await elsewhere.identify(made.token, utc_now())
    assert told.value.code == "CREDENTIAL_INVALID"
