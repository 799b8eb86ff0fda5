"""What an operator sees of the service as it is really started: metrics, the security log, and one line per outage."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import asyncpg
import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from projections.catalogue import CATALOGUE
from service import security_log
from service.log.event_store import EventStore, VersionConflict
from tests.infrastructure.conftest import ROOT
from tests.log.commands import command, stream_append

COUNTY = "653022"
NAME = "阿依古丽·买买提"


@dataclass
class Watched:
    """A service in a process of its own, and everything that it says."""

    url: str
    token: str
    security: Path
    said: list[str] = field(default_factory=list)

    def key(self, *roles: str) -> str:
        """A new key of the county's government."""
        body = {
            "label": "k", "organization": "COUNTY_GOV", "organizationKind": "COUNTY_GOV", "roles": list(roles),
            "divisions": [COUNTY],
        }  # fmt: skip
        answer = httpx.post(f"{self.url}/v1/keys", json=body, headers=self.bearer(self.token))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def bearer(self, token: str, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en", **more}

    def metrics(self, token: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """(name, labels) → value"""
        answer = httpx.get(f"{self.url}/metrics", headers=self.bearer(token))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=")
        return {
            (one.name, tuple(sorted(one.labels.items()))): one.value
            for family in text_string_to_metric_families(answer.text)
            for one in family.samples
        }

    def lines(self) -> list[dict[str, Any]]:
        """The security log."""
        return [json.loads(line) for line in (self.security / "security.jsonl").read_text().splitlines()]


@contextmanager
def watched(url: str, place: Path, environment: dict[str, str]) -> Iterator[Watched]:
    settings = environment | {
        "TAIZHANG_DATABASE_URL": url,
        "TAIZHANG_KEYS": str(place / "keys"),
        "TAIZHANG_SECURITY_LOG": str(place / "security"),
        "TAIZHANG_DATABASE_PATIENCE": "3",
    }
    command_line = [sys.executable, "-m", "tests.program", "--json", "serve", "--port", "0"]
    process = subprocess.Popen(
        command_line, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[str] = []
    errors = process.stderr
    listener = Thread(target=lambda: said.extend(errors), daemon=True)
    listener.start()
    try:
        answer = ""
        while not answer.rstrip().endswith("}"):
            line = process.stdout.readline()
            assert line, said
            answer += line
        started = json.loads(answer)
        yield Watched(started["url"], started["bootstrapToken"], place / "security", said)
    finally:
        process.terminate()
        assert process.wait(40) == 0
        listener.join(10)
        process.stdout.close()
        errors.close()


def test_metrics_and_security_log_of_a_service_that_works(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    with watched(database_url, tmp_path, environment) as service:
        admin = service.key("ADMIN", "PERSONNEL")
        service.token = admin
        operator, reader = service.key("OPERATOR"), service.key("READER")
        for token, status in ((operator, 200), (admin, 200), (reader, 403), ("k_none.x", 401)):
            assert httpx.get(f"{service.url}/metrics", headers=service.bearer(token)).status_code == status
        assert httpx.get(f"{service.url}/metrics").status_code == 401

        body = {"person": "P-1", "card": {"name": NAME, "organization": "COUNTY_GOV"}}
        for expected in (201, 409):
            headers = service.bearer(admin, **{"Idempotency-Key": f"k-{expected}"})
            answer = httpx.post(f"{service.url}/v1/persons", json=body, headers=headers)
            assert answer.status_code == expected, answer.text
        export = httpx.get(
            f"{service.url}/v1/ledgers/asset-register",
            headers=service.bearer(reader, Accept="application/x-ndjson"),
        )
        assert export.status_code == 200

        with psycopg.connect(database_url) as connection:
            row = connection.execute("SELECT position FROM log_head").fetchone()
        assert row is not None
        head = row[0]
        found: dict[Any, float] = {}
        for _ in range(100):
            found = service.metrics(operator)
            lags = [value for (name, _), value in found.items() if name == "taizhang_ledger_lag_events"]
            if not any(lags):
                break
            time.sleep(0.1)
        county = (("county", COUNTY),)
        assert found["taizhang_log_position", county] == head
        assert found["taizhang_events_total", county] == head
        assert found["taizhang_append_seconds_count", county] == 2  # the founding and the person
        assert found["taizhang_append_batch_commands_count", county] == 2
        assert len(lags) == len(CATALOGUE)
        allowed = {
            dict(labels)["share"]: most
            for (name, labels), most in found.items()
            if name == "taizhang_pool_most"
        }
        assert allowed == {
            "commands": 6, "questions": 6, "past": 6, "exports": 3, "work": 5, "ledgers": 3, "papers": 2, "health": 1,
            "credentials": 2,
        }  # fmt: skip
        assert {value for (name, _), value in found.items() if name == "taizhang_ledger_frozen"} == {0}
        refused = {
            dict(labels)["code"]: value
            for (name, labels), value in found.items()
            if name == "taizhang_refusals_total"
        }
        assert refused == {
            "ROLE_NOT_ALLOWED": 1,
            "CREDENTIAL_INVALID": 1,
            "CREDENTIAL_REQUIRED": 1,
            "ALREADY_EXISTS": 1,
        }
        assert found["taizhang_exports_total", (("format", "ndjson"),)] == 1
        assert found["taizhang_responses_total", (("method", "POST"), ("status", "201"))] == 4
        pools = {dict(labels)["share"] for (name, labels), _ in found.items() if name == "taizhang_pool_most"}
        assert pools
        assert abs(found["taizhang_clock_gained_seconds", ()]) < 5

        httpx.delete(f"{service.url}/v1/keys/{reader.split('.')[0]}", headers=service.bearer(admin))
        told = service.lines()
        granted = [one for one in told if one["event"] == "key_granted"]
        assert [one["roles"] for one in granted] == [["ADMIN", "PERSONNEL"], ["OPERATOR"], ["READER"]]
        assert {one["actor"] for one in told if one["event"] == "sign_in"} >= {one["key"] for one in granted}
        assert {one["code"] for one in told if one["event"] == "denied"} == {
            "ROLE_NOT_ALLOWED",
            "CREDENTIAL_INVALID",
        }
        forbidden = next(one for one in told if one.get("code") == "ROLE_NOT_ALLOWED")
        assert (forbidden["actor"], forbidden["route"]) == (reader.split(".")[0], "/metrics")
        assert [one["key"] for one in told if one["event"] == "key_revoked"] == [reader.split(".")[0]]
        written = (service.security / "security.jsonl").read_text()
        for secret in (NAME, operator, admin, reader.split(".")[1], "P-1"):
            assert secret not in written
        assert (service.security / "security.jsonl").stat().st_mode & 0o777 == 0o600
    assert NAME not in "".join(service.said)


async def test_outage_is_one_line_and_its_end_another(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """The service's role is not let in for some seconds, and everybody who asks is told so."""
    role = f"r_{database_url.rpartition('/')[2].partition('?')[0]}"
    outside = await asyncpg.connect(database_url)
    await outside.execute(f"CREATE ROLE {role} LOGIN; GRANT postgres TO {role}")
    with watched(database_url.replace("postgres@", f"{role}@"), tmp_path, environment) as service:
        key = service.key("ADMIN", "READER")
        quiet = len(service.said)
        await outside.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        await outside.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)
        async with httpx.AsyncClient(base_url=service.url, headers=service.bearer(key), timeout=30) as http:
            for _ in range(5):
                answers = await asyncio.gather(*(http.get("/v1/organizations") for _ in range(10)))
                assert {one.status_code for one in answers} == {503}
                await asyncio.sleep(0.5)
            await outside.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
            for _ in range(100):
                if (
                    await http.get("/v1/organizations")
                ).status_code == 200 and "database_back" in service.said[-1]:
                    break
                await asyncio.sleep(0.1)
        told = service.said[quiet:]
    await outside.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await outside.close()
    assert ["database_lost" in line for line in told].count(True) == 1, told
    assert ["database_back" in line for line in told].count(True) == 1, told
    assert len("".join(told)) < 5_000, told
    assert "Traceback" not in "".join(told)


def content(path: Path) -> bytes:
    return path.read_bytes()


async def test_conflict_does_not_write_its_statement_into_the_servers_log(
    postgres_server: Any, pool: asyncpg.Pool
) -> None:
    log: Path = postgres_server.folder / "server.log"
    before = len(content(log))
    async with EventStore(pool) as store:
        await store.append(COUNTY, command(stream_append("thing-1", 0)))
        for _ in range(3):
            with pytest.raises(VersionConflict):
                await store.append(COUNTY, command(stream_append("thing-1", 0)))
    assert b"WITH moved AS" not in content(log)[before:]


def test_security_log_is_kept_for_180_days(tmp_path: Path) -> None:
    for day in range(200):
        (tmp_path / f"security.jsonl.2025-{day // 28 + 1:02d}-{day % 28 + 1:02d}").touch()
    security_log.keep_in(tmp_path)
    try:
        security_log.record("denied", code="FORBIDDEN")
        (handler,) = logging.getLogger("taizhang.security").handlers
        handler.doRollover()  # type: ignore[attr-defined]  # the class is known
        security_log.record("denied", code="FORBIDDEN")
    finally:
        security_log.stop()
    kept = sorted(path.name for path in tmp_path.glob("security.jsonl.*"))
    assert len(kept) == 180
    assert kept[-1] > "security.jsonl.2025-08"
    assert len((tmp_path / "security.jsonl").read_text().splitlines()) == 1
