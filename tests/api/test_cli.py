"""`taizhang keys`, `history` and `openapi` on a database of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.api.bodies import TOWNSHIP, road
from tests.api.service import running


def taizhang(database_url: str, *arguments: str) -> tuple[int, Any, str]:
    """Exit code, what came on stdout as JSON, what came on stderr."""
    program = Path(sys.executable).parent / "taizhang"
    run = subprocess.run(
        [str(program), "--json", *arguments],
        env={**os.environ, "TAIZHANG_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return run.returncode, json.loads(run.stdout) if run.stdout.strip() else None, run.stderr


async def test_keys_made_at_the_terminal_open_the_service(database_url: str) -> None:
    options = ("--organization", TOWNSHIP, "--kind", "TOWNSHIP", "--role", "READER", "--role", "REGISTRAR")
    code, made, _ = taizhang(
        database_url, "keys", "create", "经办", *options, "--division", TOWNSHIP, "--days", "1"
    )
    assert code == 0
    async with running(database_url) as service:
        assert (await service.get("/v1/divisions", made["token"])).status_code == 200
    _, listed, _ = taizhang(database_url, "keys", "list")
    assert made["id"] in {one["id"] for one in listed}
    assert made["token"] not in json.dumps(listed)
    assert taizhang(database_url, "keys", "revoke", made["id"])[0] == 0
    async with running(database_url) as service:
        assert (await service.get("/v1/divisions", made["token"])).status_code == 401
    code, _, said = taizhang(database_url, "keys", "revoke", "tzk_none")
    assert (code, "Traceback" in said) == (1, False)
    assert taizhang(database_url, "keys", "bootstrap")[1] == {"bootstrapPending": False}


async def test_history_is_read_from_the_log(database_url: str) -> None:
    async with running(database_url) as service:
        await service.write("/v1/assets", {"asset": "A-1", "card": road(), "occurredOn": "2021-01-01"})
        await service.write("/v1/assets/A-1/use", {"inUseSince": "2022-01-01"}, version=1)
    code, events, _ = taizhang(database_url, "history", "A-1")
    assert (code, [one["type"] for one in events]) == (0, ["asset.registered", "asset.put_into_use"])
    _, then, said = taizhang(database_url, "history", "A-1", "--as-of", "2021-06-01")
    assert then is not None, said
    assert (then["version"], then["resource"]["operation"]) == (1, "NOT_IN_USE")
    _, known, _ = taizhang(database_url, "history", "A-1", "--known-at", datetime.now(UTC).isoformat())
    assert known["resource"]["operation"] == "IN_USE"
    for arguments, code in (
        (("A-2",), 1),
        (("A-1", "--as-of", "soon"), 2),
        (("A-1", "--known-at", "2021-01-01"), 2),
    ):
        ended, _, said = taizhang(database_url, "history", *arguments)
        assert (ended, "Traceback" in said) == (code, False), arguments


def test_openapi_is_checked_at_the_terminal(database_url: str) -> None:
    assert taizhang(database_url, "openapi", "--check")[0] == 0
