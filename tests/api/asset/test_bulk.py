"""Bulk registration: every line on its own, or all or nothing; as often as one likes."""

from __future__ import annotations

import orjson

from service.api.http.lines import MAX_ITEMS
from tests.api.bodies import OTHER_VILLAGE, road
from tests.api.service import Service, new_code


async def send(service: Service, lines: list[bytes], key: str, atomicity: str = "item") -> tuple[int, dict]:  # type: ignore[type-arg]
    headers = service.headers("clerk", Idempotency_Key=key, Content_Type="application/x-ndjson")
    answer = await service.http.post(
        f"/v1/assets/bulk?atomicity={atomicity}", content=b"\n".join(lines), headers=headers
    )
    return answer.status_code, answer.json()


def mixed() -> list[bytes]:
    """Three good lines, one bad amount, one that is no JSON, one elsewhere, an empty one."""
    good = [orjson.dumps({"asset": new_code("N"), "card": road()}) for _ in range(3)]
    bad = orjson.dumps({"asset": new_code("N"), "card": road(originalValue="1万")})
    elsewhere = orjson.dumps(
        {"asset": new_code("N"), "card": road(location=OTHER_VILLAGE, implementer="COMMERCE")}
    )
    return [good[0], bad, good[1], b"{oops", b"", elsewhere, good[2]]


async def test_every_line_succeeds_or_fails_on_its_own(service: Service) -> None:
    before = await service.head()
    status, answer = await send(service, mixed(), new_code("key"))
    assert (status, answer["created"], answer["refused"]) == (200, 3, 3)
    by_line = {item["line"]: item for item in answer["items"]}
    assert sorted(by_line) == [1, 2, 3, 4, 6, 7]
    assert [by_line[line]["status"] for line in sorted(by_line)] == [201, 422, 201, 400, 403, 201]
    assert by_line[2]["problem"]["code"] == "AMOUNT_MALFORMED"
    assert by_line[6]["problem"]["clause"] == "C4.3-12"
    assert await service.head() == before + 3 == answer["position"]


async def test_all_or_nothing_stores_nothing_when_one_line_is_bad(service: Service) -> None:
    before = await service.head()
    status, problem = await send(service, mixed(), new_code("key"), "all")
    assert (status, problem["code"]) == (409, "BATCH_ROLLED_BACK")
    assert [item["line"] for item in problem["items"]] == [2, 4, 6]
    assert await service.head() == before


async def test_all_or_nothing_is_one_append(service: Service) -> None:
    lines = [orjson.dumps({"asset": new_code("N"), "card": road()}) for _ in range(60)]
    key = new_code("key")
    before = await service.head()
    status, answer = await send(service, lines, key, "all")
    assert (status, answer["created"]) == (200, 60)
    assert [item["position"] for item in answer["items"]] == list(range(before + 1, before + 61))
    command = await service.read("/v1/events", "auditor", after=before, limit=100)
    assert len({event["commandId"] for event in command["events"]}) == 1
    assert (await send(service, lines, key, "all"))[1] == answer
    assert await service.head() == before + 60
    status, problem = await send(service, lines[:-1], key, "all")
    assert (status, problem["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_a_repeated_request_adds_only_what_was_missing(service: Service) -> None:
    lines = [orjson.dumps({"asset": new_code("N"), "card": road()}) for _ in range(40)]
    key = new_code("key")
    before = await service.head()
    _, half = await send(service, lines[:20], key)
    _, whole = await send(service, lines, key)
    assert whole["items"][:20] == half["items"]
    assert await service.head() == before + 40
    _, again = await send(service, lines, key)
    assert again == whole
    assert await service.head() == before + 40


async def test_an_asset_twice_in_one_request(service: Service) -> None:
    line = orjson.dumps({"asset": new_code("N"), "card": road()})
    _, answer = await send(service, [line, line], new_code("key"))
    assert sorted(item["status"] for item in answer["items"]) == [201, 409]
    line = orjson.dumps({"asset": new_code("N"), "card": road()})
    status, problem = await send(service, [line, line], new_code("key"), "all")
    assert (status, problem["items"][0]["problem"]["code"]) == (409, "BATCH_ITEM_DUPLICATE")


async def test_an_existing_asset_rolls_the_whole_back(service: Service) -> None:
    asset = new_code("N")
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    before = await service.head()
    lines = [orjson.dumps({"asset": code, "card": road()}) for code in (new_code("N"), asset)]
    status, problem = await send(service, lines, new_code("key"), "all")
    assert (status, problem["code"]) == (409, "ALREADY_EXISTS")
    assert asset in problem["detail"]
    assert await service.head() == before


async def test_what_is_no_batch_is_refused(service: Service) -> None:
    for body, code in (({"asset": "x"}, "BODY_MALFORMED"), ([], "BODY_REQUIRED")):
        answer = await service.post("/v1/assets/bulk", body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    status, problem = await send(service, [b"{}"] * (MAX_ITEMS + 1), new_code("key"))
    assert (status, problem["code"]) == (413, "TOO_MANY_ITEMS")
    assert (await service.post("/v1/assets/bulk?atomicity=some", [{}])).status_code == 422
