"""`taizhang webhooks`: what operators see and do on the database; a receiver that verifies."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx

from service.clock import utc_now
from service.webhooks.signing import SigningKey, headers_of
from tests.api.webhooks.conftest import Hooked, hooking
from tests.receivers import Received, Receiver, answer, receiving, take, until


async def taizhang(hooked: Hooked, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, what came on stdout as JSON, what came on stderr; the service goes on meanwhile."""
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.program", "--json", "webhooks", *arguments),
        env={**os.environ, "TAIZHANG_DATABASE_URL": hooked.url, "TAIZHANG_KEYS": str(hooked.keys)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await run.communicate()
    return run.returncode or 0, json.loads(out) if out.strip() else None, error.decode()


async def test_operator_sees_sends_again_and_seals_anew(database_url: str, tmp_path: Path) -> None:
    failing = True

    async def moody(request: Received, writer: asyncio.StreamWriter) -> None:
        if failing:
            await answer(writer, 500, b"out of order")
        else:
            await take(request, writer)

    receiver = Receiver(behave=moody)
    async with hooking(database_url, tmp_path) as hooked, receiving(receiver):
        code = await hooked.endpoint(receiver)
        await hooked.asset()
        position = await hooked.service.head()
        await until(lambda: len(receiver.events) == 1)
        await hooked.until_state(code, "PENDING", position)
        exit_code, listed, said = await taizhang(hooked, "list")
        assert exit_code == 0, said
        assert [(one["endpoint"], one["organization"], one["state"]) for one in listed] == [
            (code, "AUDIT", "ACTIVE")
        ]
        _, tries, _ = await taizhang(hooked, "deliveries", code, "--position", str(position))
        assert (tries[0]["number"], tries[0]["status"], tries[0]["answer"]) == (1, 500, "out of order")
        await hooked.service.pool.execute("UPDATE webhook_delivery SET state = 'DEAD', next_at = NULL")
        _, gaps, _ = await taizhang(hooked, "deliveries", code, "--state", "DEAD")
        assert [one["position"] for one in gaps] == [position]
        failing = False
        exit_code, sealed, said = await taizhang(hooked, "reseal")
        assert (exit_code, sealed) == (0, {"sealingKey": "653022-webhooks-0002", "secrets": 2}), said
        (hooked.keys / "653022-webhooks-0001.key").unlink()
        exit_code, again, _ = await taizhang(hooked, "replay", code, "1", str(position), "--which", "FAILED")
        assert (exit_code, again) == (0, {"endpoint": code, "deliveries": 1})
        await hooked.until_state(code, "DELIVERED", position)
        exit_code, came, _ = await taizhang(hooked, "test", code)
        assert (exit_code, came["outcome"]) == (1, "UNRESOLVED")  # the name is known to the tests alone
        exit_code, _, said = await taizhang(hooked, "deliveries", "W-none")
        assert (exit_code, "Traceback" in said) == (1, False)


async def test_listener_takes_what_verifies_and_says_challenges_back() -> None:
    key, other = SigningKey.fresh("HMAC"), SigningKey.fresh("ED25519")
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.program", "--json", "webhooks", "listen"),
        *(key.shown, other.shown, "--port", "0", "--count", "2"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert run.stderr is not None
    url = (await run.stderr.readline()).decode().split()[-1]
    body = b'{"type": "webhook.verification", "data": {"challenge": "say this"}}'
    async with httpx.AsyncClient(trust_env=False) as http:
        wrong = await http.post(
            url, content=body, headers=headers_of("msg_1", utc_now(), body, [SigningKey.fresh("HMAC")])
        )
        changed = await http.post(
            url, content=body + b" ", headers=headers_of("msg_1", utc_now(), body, [key])
        )
        assert [one.status_code for one in (wrong, changed)] == [401, 401]
        for one in (key, other):
            said = await http.post(url, content=body, headers=headers_of("msg_1", utc_now(), body, [one]))
            assert (said.status_code, said.json()) == (200, {"challenge": "say this"})
    out, _ = await asyncio.wait_for(run.communicate(), 10)
    assert run.returncode == 0
    assert out.decode().count('"signature": "v1"') == out.decode().count('"signature": "v1a"') == 1


async def test_listener_without_a_key_of_the_standard_is_refused() -> None:
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.program", "webhooks", "listen", "secret"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await run.communicate()
    assert (run.returncode, b"whsec_" in said) == (2, True)
