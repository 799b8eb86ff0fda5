"""An import whose process is killed midway: all of it or nothing is in the log, and the next process ends it once."""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

import asyncpg
import httpx

from tests.api.bodies import TOWNSHIP
from tests.api.process import killable
from tests.workbooks import ledger, row

ROWS: Final = 3_000
PATIENCE_SECONDS: Final = 60.0
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STORED: Final = "SELECT count(*) FROM event WHERE type = 'asset.registered'"
_TIME_PASSES: Final = "UPDATE operation SET lease_until = now() - interval '1 s' WHERE state = 'RUNNING'"


def client(url: str, token: str) -> httpx.Client:
    """Somebody who may do everything."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30, transport=httpx.HTTPTransport(retries=1))


def posted(http: httpx.Client, path: str, **request: Any) -> httpx.Response:
    """A write that has to be taken."""
    headers = {"Idempotency-Key": uuid.uuid4().hex} | request.pop("headers", {})
    answer = http.post(path, headers=headers, **request)
    assert answer.is_success, answer.text
    return answer


def seen(http: httpx.Client, operation: str, *, judged: float) -> dict[str, Any]:
    """The operation once that part of the rows is judged, or it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = http.get(operation).json()
        if found["state"] in {"SUCCEEDED", "FAILED"} or (found["done"] or 0) >= judged * ROWS:
            return found
    raise AssertionError(f"{operation} came to nothing")


async def test_a_killed_import_is_ended_once_by_the_next_process(module_database_url: str) -> None:
    content = ledger([row(number, 项目名称="中断") for number in range(1, ROWS + 1)])
    outside = await asyncpg.connect(module_database_url)
    try:
        operation = ""
        for judged in (0.1, 1.0):  # among the rows, and at the append
            with killable(module_database_url) as (url, token, process), client(url, token) as http:
                if not operation:
                    person = {"person": "P-kill", "card": {"name": "张三", "organization": TOWNSHIP}}
                    posted(http, "/v1/persons", json=person)
                    options = {"unit": TOWNSHIP, "compiled_by": "P-kill", "batch": "B-kill"}
                    sent = posted(
                        http, "/v1/imports", params=options, content=content, headers={"Content-Type": XLSX}
                    )
                    operation = sent.headers["Location"]
                seen(http, operation, judged=judged)
                process.kill()
                process.wait()
            assert await outside.fetchval(_STORED) in {0, ROWS}
            await outside.execute(_TIME_PASSES)
        with killable(module_database_url) as (url, token, _), client(url, token) as http:
            done = seen(http, operation, judged=2)
            assert (done["state"], done["result"]["registered"]) == ("SUCCEEDED", ROWS), done
            again = posted(
                http,
                "/v1/imports",
                params=options | {"batch": "B-again"},
                content=content,
                headers={"Content-Type": XLSX},
            )
            refused = seen(http, again.headers["Location"], judged=2)
            assert refused["problem"]["code"] == "BATCH_ALREADY_IMPORTED"
        assert await outside.fetchval(_STORED) == ROWS
        assert (
            await outside.fetchval("SELECT count(DISTINCT stream) FROM event WHERE type LIKE 'inventory%'")
            == 1
        )
    finally:
        await outside.close()
