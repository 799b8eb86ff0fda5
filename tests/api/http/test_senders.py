"""Whose request it is, and what is remembered of it: keys of requests, keys of senders, states that other code wrote."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, cast

import asyncpg
import pytest

from domain.refusals import Refusal
from service.clock import utc_now
from service.commands import credentials as kept
from service.commands.actor import Actor
from service.commands.credentials import Credentials, KeySpec, NewCredential
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


class PausedPool:
    """A pool that counts what is looked up, and tells nobody what was found until it may."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self.asked = 0
        self.found, self.may = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def fetchrow(self, *arguments: Any) -> Any:
        self.asked += 1
        row = await self._pool.fetchrow(*arguments)
        self.found.set()
        await self.may.wait()
        return row


async def a_key(service: Service) -> NewCredential:
    spec = KeySpec(COUNTY, "并发", TOWNSHIP, "TOWNSHIP", ["READER"], [TOWNSHIP])
    return await Credentials(service.pool).create(spec, utc_now())


async def test_a_token_shown_by_many_at_once_is_looked_up_once(service: Service) -> None:
    made, pool = await a_key(service), PausedPool(service.pool)
    credentials = Credentials(cast("asyncpg.Pool", pool))
    asking = [asyncio.ensure_future(credentials.identify(made.token, utc_now())) for _ in range(64)]
    await pool.found.wait()
    asking[0].cancel()  # whoever asked first and went away takes the answer from nobody
    pool.may.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert {one.id for one in answers[1:] if isinstance(one, Actor)} == {made.id}
    assert pool.asked == 1
    used = "SELECT last_used_at FROM credential WHERE id = $1"
    assert await service.pool.fetchval(used, made.id) is not None


async def test_a_key_revoked_while_it_is_looked_up_is_not_trusted_afterwards(service: Service) -> None:
    made, pool = await a_key(service), PausedPool(service.pool)
    credentials = Credentials(cast("asyncpg.Pool", pool))
    asking = asyncio.ensure_future(credentials.identify(made.token, utc_now()))
    await pool.found.wait()
    await credentials.revoke(COUNTY, made.id, utc_now())
    pool.may.set()
    assert (await asking).id == made.id  # it was good when it was asked about
    with pytest.raises(Refusal) as told:
        await credentials.identify(made.token, utc_now())
    assert told.value.code == "CREDENTIAL_INVALID"


async def test_use_of_a_key_is_kept_once_a_minute(service: Service) -> None:
    made, credentials = await a_key(service), Credentials(service.pool)
    first = utc_now()
    used = "SELECT last_used_at FROM credential WHERE id = $1"
    for later, kept_at in ((0, 0), (59, 0), (60, 60), (119, 60), (120, 120)):
        await credentials.identify(made.token, first + timedelta(seconds=later))
        assert await service.pool.fetchval(used, made.id) == first + timedelta(seconds=kept_at)
