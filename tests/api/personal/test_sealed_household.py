"""A householder's name over HTTP: sealed before it is recorded, masked in answers, in no table."""

from __future__ import annotations

import asyncio
import hashlib

import orjson
import pytest

from domain.sealed import parts_of
from service.clock import utc_now
from service.personal.keys import KeyTaken
from tests.api.household.test_household_life import cow
from tests.api.personal.plaintext import tables_with
from tests.api.service import COUNTY, Service, new_code

NAME = "买买提江·阿卜杜拉"


async def registered(service: Service, **changes: str) -> str:
    asset = new_code("H")
    body = {
        "asset": asset,
        "card": cow(new_code("HH"), householder=NAME, **changes),
        "occurredOn": "2021-07-15",
    }
    answer = await service.write("/v1/household-assets", body)
    assert answer["resource"]["card"]["householder"] == "买**"
    return asset


async def test_a_householders_name_is_a_token_in_event_and_row_and_a_mask_in_answers(
    service: Service,
) -> None:
    asset = await registered(service)
    stored = await service.pool.fetchval(
        "SELECT body FROM event WHERE stream = $1", f"household_asset-{asset}"
    )
    token = orjson.loads(stored)["data"]["card"]["householder"]
    assert parts_of(token) is not None
    shown = await service.read(f"/v1/household-assets/{asset}", "clerk")
    assert shown["resource"]["card"]["householder"] == "买**"
    page = await service.read(
        "/v1/ledgers/household-register", "clerk", asset=asset, min_position=await service.head()
    )
    assert [row["householder"] for row in page["rows"]] == ["买**"]
    row = await service.pool.fetchval("SELECT householder FROM household_register WHERE asset = $1", asset)
    assert row == token
    assert await tables_with(service.pool, NAME) == []


async def test_the_same_request_again_gets_the_answer_of_the_first(service: Service) -> None:
    body = {"card": cow(new_code("HH"), householder=NAME), "occurredOn": "2021-07-15"}
    first, again = [await service.post("/v1/household-assets", body, key="sealed-twice") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    other = body | {"card": body["card"] | {"householder": "王五"}}
    refused = await service.post("/v1/household-assets", other, key="sealed-twice")
    assert refused.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_householder_is_corrected_and_the_old_name_is_a_token_too(service: Service) -> None:
    asset = await registered(service)
    correction = {"changes": {"householder": "艾力"}, "reason": "登记有误", "documentNo": "更1"}
    answer = await service.write(
        f"/v1/household-assets/{asset}/registration-corrections", {"correction": correction}, version=1
    )
    assert answer["resource"]["card"]["householder"] == "艾**"
    event = await service.pool.fetchval(
        "SELECT body FROM event WHERE stream = $1 AND version = 2", f"household_asset-{asset}"
    )
    old = orjson.loads(event)["data"]["old"]["householder"]
    assert parts_of(old) is not None
    assert await tables_with(service.pool, "艾力") == []


async def test_a_text_that_looks_like_a_sealed_value_is_refused(service: Service) -> None:
    body = {"card": cow(householder="sealed:1:aes256gcm:NAME:" + "0" * 20 + ":AAAA")}
    answer = await service.post("/v1/household-assets", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID")


async def test_a_refused_request_leaves_no_key(service: Service) -> None:
    household = new_code("HH")
    answer = await service.post(
        "/v1/household-assets", {"card": cow(household, householder=NAME, quantity="0")}
    )
    assert answer.json()["code"] == "QUANTITY_NOT_POSITIVE"
    kept = "SELECT count(*) FROM personal_key WHERE county = $1 AND subject = $2"
    assert await service.pool.fetchval(kept, COUNTY, f"household.{household}") == 0


async def test_a_name_does_not_go_over_to_another_household_as_it_is(service: Service) -> None:
    """It is sealed as that of the first: forgetting the second would not reach it."""
    asset = await registered(service)
    path = f"/v1/household-assets/{asset}/registration-corrections"
    correction = {"changes": {"household": "HH-OTHER"}, "reason": "登记有误", "documentNo": "更1"}
    answer = await service.post(path, {"correction": correction}, version=1)
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_REQUIRED")
    assert answer.json()["missing"] == ["changes.householder"]
    restated = correction | {"changes": {"household": "HH-OTHER", "householder": NAME}}
    moved = await service.write(path, {"correction": restated}, version=1)
    token = await service.pool.fetchval("SELECT key FROM personal_key WHERE subject = 'household.HH-OTHER'")
    event = await service.pool.fetchval("SELECT body FROM event WHERE position = $1", moved["position"])
    assert token in orjson.loads(event)["data"]["card"]["householder"]


async def test_first_values_of_one_household_at_once_are_all_sealed_under_one_key(service: Service) -> None:
    household = new_code("HH")
    bodies = [{"card": cow(household, householder=f"{NAME}{number}")} for number in range(8)]
    answers = await asyncio.gather(*(service.post("/v1/household-assets", one) for one in bodies))
    assert {one.status_code for one in answers} <= {201, 503}
    assert sum(one.status_code == 201 for one in answers) >= 3
    keys = "SELECT count(*) FROM personal_key WHERE subject = $1"
    assert await service.pool.fetchval(keys, f"household.{household}") == 1
    shown = [one.json()["resource"]["card"]["householder"] for one in answers if one.status_code == 201]
    assert set(shown) == {"买**"}


async def test_keeping_keys_twice_is_once_and_another_key_of_the_person_is_refused(service: Service) -> None:
    """A command that is tried again after a conflict keeps them again."""
    keys = service.app.state.sealer.keys
    subject = f"household.{new_code()}"
    first, second = keys.fresh(subject), keys.fresh(subject)
    for _ in range(2):
        await keys.keep(COUNTY, [], [first], [(first.name, "household_asset-X")], [], utc_now())
    with pytest.raises(KeyTaken):
        await keys.keep(COUNTY, [], [second], [], [], utc_now())
    assert (await keys.of_subjects(COUNTY, [subject]))[subject].name == first.name


async def test_a_value_is_not_sealed_under_a_key_that_was_destroyed_meanwhile(service: Service) -> None:
    """A forgetting between the sealing of a request and its append: nothing is kept for a key that is gone."""
    keys = service.app.state.sealer.keys
    gone = keys.fresh(f"household.{new_code()}")
    with pytest.raises(KeyTaken):
        await keys.keep(COUNTY, [gone], [], [(gone.name, "household_asset-X")], [], utc_now())
    places = "SELECT count(*) FROM personal_place WHERE key = $1"
    assert await service.pool.fetchval(places, gone.name) == 0


async def test_no_digest_that_is_kept_is_found_by_trying_values(service: Service) -> None:
    """The digest by which a repeated request is known again is one over tokens."""
    path, sent = "/v1/household-assets", new_code("digest")
    body = {"card": cow(new_code("HH"), householder=NAME), "occurredOn": "2021-07-15"}
    answer = await service.post(path, body, key=sent)
    assert answer.status_code == 201, answer.text
    kept = await service.pool.fetchval("SELECT body_sha256 FROM idempotency WHERE key = $1", sent)
    told = answer.request.content
    tried = [hashlib.sha256(f"POST {target}\n".encode() + told).digest() for target in (path, f"{path}?")]
    assert kept not in tried
    plain = {"card": cow(new_code("HH")), "occurredOn": "2021-07-15"}
    unsealed = await service.post(path, plain, key=f"{sent}-plain")
    kept = await service.pool.fetchval("SELECT body_sha256 FROM idempotency WHERE key = $1", f"{sent}-plain")
    told = unsealed.request.content
    tried = [hashlib.sha256(f"POST {target}\n".encode() + told).digest() for target in (path, f"{path}?")]
    assert kept in tried, "this is how it would be found"
