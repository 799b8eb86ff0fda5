"""A service killed while papers are on their way: what it was told is kept whole or not at all (C4.6-03)."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests import papers
from tests.infrastructure.conftest import ROOT

COUNTY = "653022"


@contextmanager
def served(
    url: str, place: Path, environment: dict[str, str], port: int = 0
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service of its own process, and its first line: what it said at its very first start, "" later. Killed at the end."""
    settings = environment | {
        "TAIZHANG_DATABASE_URL": url,
        "TAIZHANG_KEYS": str(place / "keys"),
        "TAIZHANG_PAPERS": str(place / "papers"),
    }
    command = [sys.executable, "-m", "tests.program", "--json", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            told = ""
            while port == 0 and not told.rstrip().endswith("}"):
                line = process.stdout.readline()
                assert line, told
                told += line
            yield process, told
        finally:
            process.kill()


def clerk_of(said: dict[str, str]) -> str:
    """A township's clerk."""
    spec = {
        "label": "t",
        "organization": "653022202000",
        "organizationKind": "TOWNSHIP",
        "divisions": [COUNTY],
    }
    admin = httpx.post(
        f"{said['url']}/v1/keys",
        json={
            "label": "a",
            "organization": "COUNTY_GOV",
            "organizationKind": "COUNTY_GOV",
            "roles": ["ADMIN"],
            "divisions": [COUNTY],
        },
        headers={"Authorization": f"Bearer {said['bootstrapToken']}"},
    ).json()["token"]
    made = httpx.post(
        f"{said['url']}/v1/keys",
        json=spec | {"roles": ["REGISTRAR"]},
        headers={"Authorization": f"Bearer {admin}"},
    )
    return str(made.json()["token"])


def half_sent(url: str, token: str, content: bytes, folder: Path) -> socket.socket:
    """A connection over which half of a paper was sent, and has come to the disk."""
    place = urlsplit(url)
    connection = socket.create_connection((place.hostname, place.port), timeout=30)
    head = (
        f"POST /v1/documents HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/pdf\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    connection.sendall(head.encode() + content[: len(content) // 2])
    for _ in range(200):
        if any(path.stat().st_size > 65_536 for path in folder.glob("incoming/*")):
            return connection
        time.sleep(0.05)
    raise AssertionError("nothing came to the disk")


def test_service_killed_in_the_middle_of_an_upload_serves_no_half_paper(
    database_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    content = papers.pdf("写到一半", padding=2_000_000)
    digest, folder = papers.sha256(content), tmp_path / "papers"
    with served(database_url, tmp_path, environment) as (process, told):
        said = json.loads(told)
        token = clerk_of(said)
        with half_sent(said["url"], token, content, folder):
            process.kill()
            process.wait(30)
    assert len(list(folder.glob("incoming/*"))) == 1
    assert list(folder.glob(f"{COUNTY}/*/*")) == []
    url, port = said["url"], urlsplit(said["url"]).port or 0
    with served(database_url, tmp_path, environment, port):
        until_it_answers(url)
        bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        assert httpx.get(f"{url}/v1/documents/{digest}/content", headers=bearer).status_code == 404
        assert httpx.post(f"{url}/v1/documents", content=content, headers=bearer).status_code == 201
        assert httpx.get(f"{url}/v1/documents/{digest}/content", headers=bearer).content == content
    assert len(list(folder.glob(f"{COUNTY}/*/*"))) == 1


def until_it_answers(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/health/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")
