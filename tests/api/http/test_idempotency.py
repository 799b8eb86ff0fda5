"""A request may be sent as often as one likes: one effect, one answer. And no change is lost to another one."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.bodies import VILLAGE, card, road, terms
from tests.api.service import Service, new_code


async def test_fifty_at_once_have_one_effect_and_equal_answers(service: Service) -> None:
    body, key = {"asset": new_code(), "card": road()}, new_code("key")
    before = await service.head()
    answers = await asyncio.gather(*(service.post("/v1/assets", body, key=key) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await service.head() == before + 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 49


async def test_the_same_key_for_another_request_is_refused(service: Service) -> None:
    key = new_code("key")
    assert (
        await service.post("/v1/assets", {"asset": new_code(), "card": road()}, key=key)
    ).status_code == 201
    before = await service.head()
    other = await service.post("/v1/assets", {"asset": new_code(), "card": road()}, key=key)
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await service.head() == before


async def test_keys_of_other_senders_are_other_keys(service: Service) -> None:
    key = new_code("key")
    first = await service.post("/v1/assets", {"asset": new_code(), "card": road()}, key=key)
    second = await service.post("/v1/assets", {"asset": new_code(), "card": road()}, "office", key=key)
    assert (first.status_code, second.status_code) == (201, 201)


async def test_a_retry_gets_its_first_answer_after_the_state_has_moved_on(service: Service) -> None:
    asset, key = new_code(), new_code("key")
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    use = {"inUseSince": "2021-01-01"}
    first = await service.post(f"/v1/assets/{asset}/use", use, version=1, key=key)
    assert first.status_code == 201
    report = {"report": {"state": "DAMAGED", "reportedOn": "2022-01-01"}}
    await service.write(f"/v1/assets/{asset}/status-reports", report, version=2)
    again = await service.post(f"/v1/assets/{asset}/use", use, version=1, key=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["etag"] == '"2"'
    refused = await service.post(f"/v1/assets/{asset}/use", {"inUseSince": "2021-02-01"}, version=3)
    assert refused.status_code == 409


async def test_a_fact_that_is_known_already_records_nothing(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    await service.write(f"/v1/assets/{asset}/use", {"inUseSince": "2021-01-01"}, version=1)
    before = await service.head()
    again = await service.post(f"/v1/assets/{asset}/use", {"inUseSince": "2021-01-01"}, version=2)
    assert (again.status_code, again.json()["events"]) == (200, [])
    assert await service.head() == before


async def test_a_write_without_key_or_with_a_broken_one_is_refused(service: Service) -> None:
    body = {"asset": new_code(), "card": road()}
    bare = await service.http.post("/v1/assets", json=body, headers=service.headers("clerk"))
    assert (bare.status_code, bare.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    for key in ("", "two words", "x" * 129):
        headers = service.headers("clerk", Idempotency_Key=key)
        broken = await service.http.post("/v1/assets", json=body, headers=headers)
        assert (broken.status_code, broken.json()["code"]) == (400, "IDEMPOTENCY_KEY_MALFORMED"), key


async def test_a_decision_names_the_version_it_rests_on(service: Service) -> None:
    asset = new_code()
    created = await service.post("/v1/assets", {"asset": asset, "card": road()})
    assert created.headers["etag"] == '"1"'
    path, body = (
        f"/v1/assets/{asset}/status-reports",
        {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}},
    )
    missing = await service.post(path, body)
    assert (missing.status_code, missing.json()["code"]) == (428, "VERSION_REQUIRED")
    assert (await service.post(path, body, version=1)).headers["etag"] == '"2"'
    stale = await service.post(path, body, version=1)
    assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_STALE")
    assert "2" in stale.json()["detail"]
    nonsense = await service.post(path, body, If_Match='"abc"')
    assert nonsense.status_code == 412
    rule = await service.post(f"/v1/assets/{asset}/leases", {"terms": terms()}, version=2)
    assert (rule.status_code, rule.json()["code"]) == (409, "OWNERSHIP_NOT_CONFIRMED")


async def test_of_many_who_saw_the_same_version_one_wins(service: Service) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": card()})
    bodies = [{"report": {"state": "IDLE", "reportedOn": f"2022-01-{day:02d}"}} for day in range(1, 21)]
    path = f"/v1/assets/{asset}/status-reports"
    answers = await asyncio.gather(*(service.post(path, body, version=1) for body in bodies))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(412)) == (1, 19)
    assert (await service.read(f"/v1/assets/{asset}"))["version"] == 2


async def test_a_version_named_where_a_write_rests_on_none_is_refused(service: Service) -> None:
    """Who sends If-Match must not think that it was heeded: creations and commands on several aggregates know none."""
    body = {"asset": new_code(), "card": road()}
    line = [{"card": {"unit": VILLAGE}}]
    for path, sent, who in (("/v1/assets", body, "clerk"), ("/v1/fund-allocations/bulk", line, "finance")):
        refused = await service.post(path, sent, who, version=1)
        assert (refused.status_code, refused.json()["code"]) == (422, "FIELD_UNKNOWN"), path
        assert "If-Match" in refused.json()["detail"]
    assert (await service.post("/v1/assets", body)).status_code == 201


@pytest.mark.parametrize(
    ("known", "status"),
    [
        *(('"1"', 304), ('W/"1"', 304), ('"7", "1"', 304), ("*", 304), ('"2"', 200), ("{}", 200), ("1", 200)),
        *(('"1"'.rjust(16_384, ","), 304), ('"1"'.rjust(16_385, ","), 431)),
    ],
    ids=lambda value: str(value)[-9:],
)
async def test_who_knows_the_version_needs_no_body(service: Service, known: str, status: int) -> None:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    headers = service.headers("reader", If_None_Match=known)
    assert (await service.http.get(f"/v1/assets/{asset}", headers=headers)).status_code == status


async def test_appointments_made_side_by_side_are_all_kept(service: Service) -> None:
    people = [await service.person(VILLAGE) for _ in range(8)]
    bodies = [
        {"position": "ASSET_MANAGER", "person": person, "since": "2022-01-01", "documentNo": "任001"}
        for person in people
    ]
    path = f"/v1/organizations/{VILLAGE}/appointments"
    answers = await asyncio.gather(*(service.post(path, body, "personnel") for body in bodies))
    assert {answer.status_code for answer in answers} == {201}
    held = {
        one["person"] for one in (await service.read(f"/v1/organizations/{VILLAGE}"))["resource"]["tenures"]
    }
    assert set(people) <= held


async def test_an_asset_registered_twice_is_refused(service: Service) -> None:
    body = {"asset": new_code(), "card": road()}
    await service.write("/v1/assets", body)
    again = await service.post("/v1/assets", body)
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_EXISTS")
