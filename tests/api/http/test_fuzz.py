"""Requests made up from the description of the interface, against a real server: whatever comes, never a 5xx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.process import served


def fuzz(database_url: str, tmp_path: Path, *, examples: int, seconds: int) -> None:
    """Fails if a server error was found, or nothing was asked. The seed is fixed, so a failure comes again."""
    with served(database_url) as (url, token):
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{url}/openapi.json"),
            *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(examples), "--max-time", str(seconds), "--seed", "20210617"),
            *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"),
            *("--no-shrink", "--continue-on-failure", "--no-color", "--workers", "1"),
            *("-H", f"Authorization: Bearer {token}", "--generation-with-security-parameters", "false"),
        ]
        httpx.get(f"{url}/openapi.json", timeout=90)  # made at the first request, longer than the tool waits
        run = subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=seconds + 120,
            env={**os.environ, "CI": "1"},
        )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    asked = re.search(r"([0-9]+) generated", run.stdout)
    assert asked is not None and int(asked[1]) > 300, run.stdout[-2000:]


def test_no_made_up_request_ends_in_a_server_error(database_url: str, tmp_path: Path) -> None:
    fuzz(database_url, tmp_path, examples=2, seconds=20)


@pytest.mark.soak
def test_no_made_up_request_ends_in_a_server_error_for_long(database_url: str, tmp_path: Path) -> None:
    fuzz(database_url, tmp_path, examples=200, seconds=900)
