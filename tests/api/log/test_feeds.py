"""Feeds that keep their place: the same until it is acknowledged, nothing twice after it, each its unit's own."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from service.webhooks import feeds as kept_feeds
from tests.api.bodies import road
from tests.api.service import Service, new_code

FEEDS = "/v1/feeds"


async def acknowledged(service: Service, name: str, position: int) -> dict[str, Any]:
    """The feed after an acknowledgement."""
    answer = await service.post(f"{FEEDS}/{name}/acknowledgements", {"position": position}, "auditor")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def made(service: Service, role: str = "auditor", **more: Any) -> str:
    """A new feed, from the log's present end unless said otherwise."""
    name = f"feed-{uuid.uuid4().hex[:12]}"
    await service.write(FEEDS, {"feed": name, "label": "县财政一体化"} | more, role)
    return name


async def registered(service: Service) -> str:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    return asset


async def test_feed_gives_the_same_until_it_is_acknowledged_and_then_what_is_new(service: Service) -> None:
    before = await service.head()
    name = await made(service)
    first, second = await registered(service), await registered(service)
    for _ in range(2):
        page = await service.read(f"{FEEDS}/{name}/events", "auditor")
        assert [one["stream"] for one in page["events"]] == [
            f"asset-{first}",
            f"asset-{second}",
        ]
        assert (page["nextAfter"], page["head"]) == (before + 2, before + 2)
    await acknowledged(service, name, before + 1)
    page = await service.read(f"{FEEDS}/{name}/events", "auditor")
    assert [one["stream"] for one in page["events"]] == [f"asset-{second}"]
    await acknowledged(service, name, before + 2)
    assert (await service.read(f"{FEEDS}/{name}/events", "auditor"))["events"] == []


async def test_feed_shows_how_far_behind_it_is_and_since_when(service: Service) -> None:
    before = await service.head()
    name = await made(service)
    shown = await service.read(f"{FEEDS}/{name}", "auditor")
    assert (shown["position"], shown["behind"]) == (before, 0)
    assert not {"waitingSince", "readAt", "acknowledgedAt"} & {key for key, value in shown.items() if value}
    await registered(service)
    await registered(service)
    (event,) = (await service.read(f"{FEEDS}/{name}/events", "auditor", limit=1))["events"]
    shown = await service.read(f"{FEEDS}/{name}", "auditor")
    assert (shown["position"], shown["head"], shown["behind"]) == (before, before + 2, 2)
    assert shown["waitingSince"] == event["recordedAt"]
    assert shown["readAt"]
    shown = await acknowledged(service, name, before + 1)
    assert (shown["behind"], bool(shown["acknowledgedAt"])) == (1, True)
    listed = await service.read(FEEDS, "auditor")
    assert [(one["position"], one["behind"]) for one in listed if one["feed"] == name] == [(before + 1, 1)]


async def test_late_acknowledgement_of_an_older_position_changes_nothing(service: Service) -> None:
    name = await made(service)
    await registered(service)
    head = await service.head()
    for position in (head, head - 1, 0):
        shown = await acknowledged(service, name, position)
        assert shown["position"] == head


async def test_position_behind_the_end_of_the_log_is_refused(service: Service) -> None:
    name = await made(service)
    head = await service.head()
    for path, body in (
        (f"{FEEDS}/{name}/acknowledgements", {"position": head + 1}),
        (FEEDS, {"feed": "ahead", "label": "县财政一体化", "after": head + 1}),
    ):
        answer = await service.post(path, body, "auditor")
        assert (answer.status_code, answer.json()["code"]) == (422, "POSITION_UNKNOWN"), path
    assert (await service.read(f"{FEEDS}/{name}", "auditor"))["position"] == head


async def test_filter_of_a_feed_is_kept_and_its_place_moves_on_over_what_it_does_not_want(
    service: Service,
) -> None:
    name = await made(service, filters={"types": ["asset.operation_status_reported"]})
    asset = await registered(service)
    report = {"report": {"state": "IDLE", "reportedOn": "2022-01-01"}}
    await service.write(f"/v1/assets/{asset}/status-reports", report, version=1)
    await registered(service)
    page = await service.read(f"{FEEDS}/{name}/events", "auditor")
    assert [one["type"] for one in page["events"]] == ["asset.operation_status_reported"]
    assert page["nextAfter"] == page["head"]


async def test_wait_ends_with_the_first_event(service: Service) -> None:
    name = await made(service)
    waiting = asyncio.create_task(service.read(f"{FEEDS}/{name}/events", "auditor", wait=20))
    await asyncio.sleep(0.1)
    asset = await registered(service)
    page = await asyncio.wait_for(waiting, 5)
    assert [one["stream"] for one in page["events"]] == [f"asset-{asset}"]


async def test_same_feed_again_is_the_one_there_is_and_another_of_its_name_is_refused(
    service: Service,
) -> None:
    name = await made(service)
    position = (await service.read(f"{FEEDS}/{name}", "auditor"))["position"]
    await registered(service)
    again = await service.write(FEEDS, {"feed": name, "label": "县财政一体化"}, "auditor")
    assert again["position"] == position
    for other in ({"label": "别的用途"}, {"filters": {"types": ["asset.*"]}}):
        answer = await service.post(FEEDS, {"feed": name, "label": "县财政一体化"} | other, "auditor")
        assert (answer.status_code, answer.json()["code"]) == (409, "FEED_EXISTS"), other


async def test_feed_is_its_units_own(service: Service) -> None:
    name = await made(service)
    for answer in (
        await service.get(f"{FEEDS}/{name}", "office"),
        await service.get(f"{FEEDS}/{name}/events", "office"),
        await service.post(f"{FEEDS}/{name}/acknowledgements", {"position": 0}, "office"),
        await service.http.delete(f"{FEEDS}/{name}", headers=service.headers("office")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert name not in {one["feed"] for one in await service.read(FEEDS, "office")}


async def test_removed_feed_is_gone_and_begins_anew(service: Service) -> None:
    name = await made(service, after=0)
    answer = await service.http.delete(f"{FEEDS}/{name}", headers=service.headers("auditor"))
    assert answer.status_code == 204
    assert (await service.get(f"{FEEDS}/{name}/events", "auditor")).status_code == 404
    shown = await service.write(FEEDS, {"feed": name, "label": "县财政一体化"}, "auditor")
    assert shown["position"] == await service.head()


async def test_unit_has_so_many_feeds_and_no_more(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await made(service)
    monkeypatch.setattr(kept_feeds, "MOST_FEEDS", len(await service.read(FEEDS, "auditor")) + 1)
    await made(service)
    answer = await service.post(FEEDS, {"feed": "one-more", "label": "县财政一体化"}, "auditor")
    assert (answer.status_code, answer.json()["code"]) == (409, "FEED_TOO_MANY")


async def test_name_that_is_none_is_refused(service: Service) -> None:
    for name in ("", "-a", "A", "a_b", "a" * 64, "财政"):
        answer = await service.post(FEEDS, {"feed": name, "label": "县财政一体化"}, "auditor")
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID"), name
    longest = "a" * 63
    assert (await service.write(FEEDS, {"feed": longest, "label": "县财政一体化"}, "auditor"))[
        "feed"
    ] == longest
