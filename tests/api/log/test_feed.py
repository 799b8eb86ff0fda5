"""The feed: by position, filtered, waited for; as a page, as lines, as a stream that is resumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.api.log import feed
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, road
from tests.api.service import Service, new_code


async def registered(service: Service) -> tuple[str, int]:
    """A new asset, and the position of its event."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    return asset, await service.head()


async def events(service: Service, **params: Any) -> dict[str, Any]:
    return dict(await service.read("/v1/events", "auditor", **params))


def positions(page: dict[str, Any]) -> list[int]:
    return [one["position"] for one in page["events"]]


async def test_filters_all_fit_and_the_next_page_goes_on_behind_what_was_looked_through(
    service: Service,
) -> None:
    before = await service.head()
    asset, first = await registered(service)
    report = {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}}
    await service.write(f"/v1/assets/{asset}/status-reports", report, version=1)
    elsewhere = road(location=OTHER_VILLAGE, implementer=OTHER_TOWNSHIP, fundsPaidTo="TOWNSHIP")
    await service.write("/v1/assets", {"card": elsewhere}, "neighbour")
    head = await service.head()
    assert head == first + 2
    for params, expected in (
        ({}, [first, first + 1, head]),
        ({"types": "asset.*"}, [first, first + 1, head]),
        ({"types": ["asset.operation_status_reported", "person.*"]}, [first + 1]),
        ({"assets": asset}, [first, first + 1]),
        ({"assets": asset, "types": "asset.registered"}, [first]),
        ({"divisions": OTHER_TOWNSHIP}, [head]),
        ({"organizations": OTHER_TOWNSHIP}, [head]),
        ({"asset_classes": "PUBLIC_WELFARE", "divisions": "653022202"}, [first, first + 1]),
        ({"asset_classes": "OPERATING"}, []),
    ):
        page = await events(service, after=before, **params)
        assert positions(page) == expected, params
        assert (page["nextAfter"], page["head"]) == (head, head), params
    page = await events(service, after=before, assets=asset, limit=1)
    assert (positions(page), page["nextAfter"]) == ([first], first)
    page = await events(service, after=page["nextAfter"], assets=asset, limit=1)
    assert positions(page) == [first + 1]


async def test_unknown_type_is_refused(service: Service) -> None:
    for name in ("asset.nonsense", "nonsense.*", "*"):
        answer = await service.get("/v1/events", "auditor", types=name)
        assert (answer.status_code, answer.json()["code"]) == (422, "CODE_UNKNOWN"), name


async def test_wait_ends_with_the_first_event_or_with_the_time(service: Service) -> None:
    after = await service.head()
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert positions(await events(service, after=after, wait=0.3)) == []
    assert loop.time() - began >= 0.3
    waiting = asyncio.create_task(events(service, after=after, wait=20))
    await asyncio.sleep(0.1)
    _, position = await registered(service)
    assert positions(await asyncio.wait_for(waiting, 5)) == [position]
    for wait in (-1, 30.5):
        assert (await service.get("/v1/events", "auditor", wait=wait)).status_code == 422


async def test_thin_form_is_what_webhooks_send(service: Service) -> None:
    asset, position = await registered(service)
    (one,) = (await events(service, after=position - 1, form="thin"))["events"]
    assert set(one) == {"type", "timestamp", "data"}
    assert (one["data"]["asset"], one["data"]["position"], one["data"]["version"]) == (asset, position, 1)
    assert "村道" not in json.dumps(one, ensure_ascii=False)
    linked = await service.http.get(one["data"]["link"], headers=service.headers("auditor"))
    assert positions(linked.json()) == [position]


async def test_lines_hold_the_same_events_as_the_page(service: Service) -> None:
    _, position = await registered(service)
    page = await events(service, after=position - 3)
    headers = service.headers("auditor", Accept="application/x-ndjson")
    answer = await service.http.get("/v1/events", params={"after": position - 3}, headers=headers)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == page["events"]
    assert answer.headers["taizhang-next-after"] == str(position)
    refused = await service.http.get("/v1/events", headers=service.headers("auditor", Accept="text/html"))
    assert (refused.status_code, refused.json()["code"]) == (406, "NOT_ACCEPTABLE")


class Stream:
    """A stream being read: the application called directly, for a client that never gets to the end."""

    def __init__(self) -> None:
        self.status = 0
        self.text = ""
        self.news = asyncio.Event()

    async def until(self, mark: str, seconds: float = 8) -> None:
        async with asyncio.timeout(seconds):
            while mark not in self.text:
                self.news.clear()
                await self.news.wait()

    @property
    def ids(self) -> list[int]:
        return [int(line[4:]) for line in self.text.splitlines() if line.startswith("id: ")]


@asynccontextmanager
async def streamed(service: Service, who: str, query: str, **headers: str) -> AsyncIterator[Stream]:
    stream, gone = Stream(), asyncio.Event()
    sent = service.headers(who, Accept="text/event-stream", Host="taizhang", **headers)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), text.encode()) for name, text in sent.items()],
        "client": ("127.0.0.1", 1),
        "server": ("taizhang", 80),
    }

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
        else:
            stream.text += message.get("body", b"").decode()
        stream.news.set()

    task = asyncio.create_task(service.app(scope, receive, send))
    try:
        yield stream
    finally:
        gone.set()
        await asyncio.wait((task,), timeout=5)
        task.cancel()


async def test_stream_goes_on_and_is_resumed_after_the_last_id(service: Service) -> None:
    _, first = await registered(service)
    async with streamed(service, "auditor", f"after={first - 1}&types=asset.registered&form=thin") as stream:
        await stream.until(f"id: {first}\n")
        _, second = await registered(service)
        await stream.until(f"id: {second}\n")
        assert stream.ids == [first, second]
        assert "event: asset.registered" in stream.text
    _, third = await registered(service)
    async with streamed(service, "auditor", "after=0&types=asset.*", Last_Event_ID=str(second)) as stream:
        await stream.until(f"id: {third}\n")
        assert stream.ids == [third]
    answer = await service.http.get("/v1/events", headers=service.headers("auditor", Last_Event_ID="x"))
    assert answer.status_code == 422


async def test_key_has_four_streams_at_most_and_a_closed_one_makes_room(service: Service) -> None:
    after = await service.head()
    query = f"after={after}"
    async with (
        streamed(service, "office", query) as one,
        streamed(service, "office", query) as two,
        streamed(service, "office", query) as three,
    ):
        async with streamed(service, "office", query) as four:
            _, position = await registered(service)
            for stream in (one, two, three, four):
                await stream.until(f"id: {position}\n")
            headers = service.headers("office", Accept="text/event-stream")
            refused = await service.http.get("/v1/events", params={"after": after}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
        async with streamed(service, "office", query) as again:
            await again.until(f"id: {position}\n")


async def test_stream_of_a_key_that_is_revoked_ends(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "BEAT_SECONDS", 0.2)
    body = {"label": "流", "organization": "AUDIT", "organizationKind": "DEPARTMENT", "roles": ["AUDITOR"]}
    made = await service.http.post("/v1/keys", json=body, headers=service.headers("admin"))
    after = await service.head()
    async with streamed(service, made.json()["token"], f"after={after}") as stream:
        await stream.until(": ")
        path = f"/v1/keys/{made.json()['id']}"
        await service.http.delete(path, headers=service.headers("admin"))
        await stream.until("event: closed")
        assert "CREDENTIAL_INVALID" in stream.text
