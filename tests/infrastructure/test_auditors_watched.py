"""What auditors read of the service as it is really started and configured is on record, and its loss is found."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.infrastructure.conftest import ROOT
from tests.infrastructure.test_watching import watched


@pytest.mark.clause("C5.4-01")
def test_the_delivered_service_keeps_what_auditors_read_and_verify_finds_its_loss(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """With a log level that tells nothing; the record is signed with a checkpoint, and a row taken out is found."""
    quiet = environment | {"TAIZHANG_LOG_LEVEL": "error"}
    with watched(database_url, tmp_path, quiet) as service:
        service.token = service.key("ADMIN")
        auditor, watcher = service.key("AUDITOR"), service.key("LOG_AUDITOR")
        for path in (
            "/v1/ledgers/asset-register?village=653022202208",
            "/v1/organizations/FINANCE",
            "/v1/events",
        ):
            assert httpx.get(f"{service.url}{path}", headers=service.bearer(auditor)).status_code == 200
        made = httpx.post(
            f"{service.url}/v1/checkpoints",
            json={},
            headers=service.bearer(auditor, **{"Idempotency-Key": "k"}),
        )
        assert made.status_code == 201, made.text
        kept = httpx.get(f"{service.url}/v1/readings", headers=service.bearer(watcher)).json()["readings"]
        assert [(one["operation"], one["query"]) for one in kept] == [
            ("read_asset_register", "village=653022202208"),
            ("read_organization", ""),
            ("read_events", ""),
        ]
    settings = quiet | {"TAIZHANG_DATABASE_URL": database_url, "TAIZHANG_KEYS": str(tmp_path / "keys")}
    verify = [sys.executable, "-m", "tests.program", "verify"]
    good = subprocess.run(verify, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120)
    assert good.returncode == 0, good.stderr
    asyncio.run(_cut_off(database_url))
    bad = subprocess.run(verify, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120)
    assert bad.returncode != 0
    assert "readings: 2 are left of 3" in bad.stderr


async def _cut_off(url: str) -> None:
    """The last reading is taken out, and what is signed in the database with it."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "DELETE FROM reading WHERE number = 3; DELETE FROM reading_statement;"
        " UPDATE reading_head SET number = 2, hash = (SELECT hash FROM reading WHERE number = 2)"
    )
    await connection.close()
