"""Endpoints over HTTP: registered, verified, sent to in order, tried again, visible."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from service.api.openapi import event_schemas
from service.webhooks.messages import WebhookMessage
from service.webhooks.signing import SignatureWrong, verify
from tests import contract
from tests.api.webhooks.conftest import ENDPOINTS, Hooked
from tests.receivers import Received, Receiver, answer, receiving, take, until


def version_of(request: Received) -> tuple[str, int]:
    data = request.json["data"]
    return data["subject"], data["version"]


async def test_endpoint_gets_signed_events_of_an_asset_in_order(hooked: Hooked) -> None:
    receiver = Receiver()
    async with receiving(receiver):
        made = await hooked.made(receiver)
        code = made["endpoint"]["endpoint"]
        asset = await hooked.asset()
        assert (made["endpoint"]["state"], receiver.connections) == ("UNVERIFIED", 0)
        answered = await hooked.service.post(f"{ENDPOINTS}/{code}/verification", {}, "auditor")
        assert answered.json()["state"] == "ACTIVE"
        for version in (1, 2, 3):
            last = await hooked.report(asset, version)
        await hooked.until_state(code, "DELIVERED", last)
        sent = [one for one in receiver.events if one.json["data"]["asset"] == asset]
        assert [version_of(one) for one in sent] == [(asset, 1), (asset, 2), (asset, 3), (asset, 4)]
        assert sent[0].json["type"] == "asset.registered"
        assert sent[0].id == f"msg_653022_{sent[0].position}"
        assert "card" in sent[0].json["data"]["changed"]
        for one in receiver.events:
            WebhookMessage.model_validate(one.json)  # what the documents declare
        assert "村道" not in sent[0].body.decode() and len(sent[0].body) < 20_000
        for known in ([made["secret"]], [made["publicKey"]]):
            for one in receiver.got:
                assert verify(one.headers, one.body, known, hooked.now())
        attempts = await hooked.attempts(code, last)
        assert [(one["outcome"], one["status"], one["address"]) for one in attempts] == [
            ("DELIVERED", 200, hooked.net.names[made["endpoint"]["url"].split("/")[2]][0])
        ]


async def test_what_was_changed_or_is_old_does_not_verify(hooked: Hooked) -> None:
    receiver = Receiver()
    async with receiving(receiver):
        made = await hooked.made(receiver)
        await hooked.service.post(f"{ENDPOINTS}/{made['endpoint']['endpoint']}/tests", {}, "auditor")
    (one,) = receiver.got
    known = [made["secret"], made["publicKey"]]
    now = hooked.now()
    assert verify(one.headers, one.body, known, now) in {"v1", "v1a"}
    wrong = [
        (one.headers, one.body + b" ", now),
        (one.headers | {"webhook-id": "msg_other"}, one.body, now),
        (one.headers | {"webhook-timestamp": str(int(now.timestamp()) - 301)}, one.body, now),
        ({name: text for name, text in one.headers.items() if name != "webhook-id"}, one.body, now),
        (one.headers | {"webhook-signature": "v1,AAAA v1a,AAAA"}, one.body, now),
    ]
    for headers, body, moment in wrong:
        for keys in ([known[0]], [known[1]]):
            try:
                fits = verify(headers, body, keys, moment)
            except SignatureWrong:
                continue
            raise AssertionError(f"{headers} verified by {fits}")


async def test_delivery_that_fails_is_tried_again_and_holds_up_its_own_asset_only(hooked: Hooked) -> None:
    failing: set[str] = set()

    async def behave(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.json["data"]["subject"] in failing:
            await answer(writer, 500, b"broken")
        else:
            await take(request, writer)

    receiver = Receiver(behave=behave)
    async with receiving(receiver):
        code = await hooked.endpoint(receiver)
        stuck, other = await hooked.asset(), await hooked.asset()
        await hooked.report(stuck, 1)
        await until(lambda: len(receiver.events) == 3)
        failing.add(stuck)
        first = await hooked.report(stuck, 2)
        second = await hooked.report(stuck, 3)
        last = await hooked.report(other, 1)
        await hooked.until_state(code, "DELIVERED", last)
        held = {one["position"]: one for one in await hooked.deliveries(code, state="PENDING")}
        assert (held[first]["tries"], held[first]["lastStatus"]) == (1, 500)
        assert (held[second]["tries"], held[second].get("nextAt")) == (0, None)
        failing.clear()
        hooked.ahead += timedelta(seconds=7)
        await hooked.until_state(code, "DELIVERED", second)
        of_stuck = [version_of(one)[1] for one in receiver.events if version_of(one)[0] == stuck]
        assert of_stuck == [1, 2, 3, 3, 4]
        ids = [one.id for one in receiver.events if one.position == first]
        assert len(ids) == 2 and len(set(ids)) == 1
        tried = await hooked.attempts(code, first)
        assert [(one["number"], one["status"], one["answer"]) for one in tried] == [
            (1, 500, "broken"),
            (2, 200, "ok"),
        ]


async def test_documents_declare_what_is_sent(hooked: Hooked) -> None:
    document = contract.document()
    assert {one["post"]["operationId"] for one in document["webhooks"].values()} == {
        *("receive_event", "receive_question")
    }
    for one in document["webhooks"].values():
        needed = {header["name"] for header in one["post"]["parameters"] if header["required"]}
        assert needed == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    message = event_schemas()["message"]
    assert set(message["properties"]) == {"type", "timestamp", "data"}
    declared = event_schemas()["$defs"]["MessageData"]["properties"]
    assert set(declared) == {
        *(
            "county",
            "position",
            "kind",
            "subject",
            "asset",
            "version",
            "title",
            "occurredOn",
            "changed",
            "link",
        )
    }
