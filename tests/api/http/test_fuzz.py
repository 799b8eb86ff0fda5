"""Requests made up from the description of the interface, against a real server: whatever comes, it is answered as declared.

All checks and all phases of schemathesis, with the keys of a county that has one of everything (`tests/fuzzing`). The ear
of the contract (`tests/contract.py`) hears the same answers, those that the tool does not look at among them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests import fuzzing
from tests.api.process import served
from tests.api.service import running
from tests.rights.county import filled

CONFIG = Path(str(fuzzing.__file__)).with_name("schemathesis.toml")
PARTS = {
    "assets": ("^/v1/assets", 240),
    "all but assets": ("^/(?!v1/assets)", 1260),
}
"""Parts of the interface, asked side by side: paths, and how many requests are made up at the least, 1,500 in all."""


async def county(database_url: str, keys: Path) -> dict[str, str]:
    """Found a county that has one of everything; gives its keys."""
    async with running(database_url, keys) as service:
        await filled(service)
        return dict(service.tokens)


def fuzz(
    database_url: str,
    tokens: dict[str, str],
    folder: Path,
    phases: str,
    examples: int,
    seconds: int | None = None,
    paths: str = "^/",
) -> int:
    """Fails if anything was found; gives how many requests were made up. The seed is fixed: a failure comes again.

    `examples` of every operation, again and again for so many `seconds`, or once.
    """
    with served(database_url) as (url, _):
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG)),
            *("run", f"{url}/openapi.json", "--checks", "all", "--phases", phases),
            *("--include-path-regex", paths, "--max-examples", str(examples), "--seed", "20210617"),
            *(() if seconds is None else ("--max-time", str(seconds))),
            *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"),
            *(
                "--no-shrink",
                "--continue-on-failure",
                "--no-color",
                "--workers",
                "1",
                "--request-timeout",
                "20",
            ),
        ]
        httpx.get(f"{url}/openapi.json", timeout=90)  # made at the first request, longer than the tool waits
        told = {
            "SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks",
            "TAIZHANG_TEST_TOKENS": json.dumps(tokens),
            "CI": "1",
        }
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=2 * (seconds or 300) + 240,
            env={**os.environ, **told, "PYTHONPATH": os.pathsep.join(["", *sys.path]).strip(os.pathsep)},
            cwd=folder,
        )
    assert run.returncode == 0, run.stdout[-12000:] + run.stderr[-2000:]
    asked = re.search(r"([0-9]+) generated", run.stdout)
    assert asked is not None, run.stdout[-2000:]
    return int(asked[1])


@pytest.mark.parametrize("part", PARTS)
async def test_what_is_made_up_is_answered_as_declared(part: str, database_url: str, tmp_path: Path) -> None:
    paths, least = PARTS[part]
    tokens = await county(database_url, tmp_path)
    asked = fuzz(database_url, tokens, tmp_path, "examples,fuzzing", examples=4, paths=paths)
    assert asked >= least, asked


async def test_edges_of_a_few_paths_are_answered_as_declared(database_url: str, tmp_path: Path) -> None:
    """The phase that goes through the edges of every parameter takes a quarter of an hour for all paths (`make soak`)."""
    tokens = await county(database_url, tmp_path)
    assert fuzz(database_url, tokens, tmp_path, "coverage", examples=4, paths="^/v1/(feeds|policy)") > 500


async def test_what_follows_from_answers_is_answered_as_declared(database_url: str, tmp_path: Path) -> None:
    tokens = await county(database_url, tmp_path)
    assert fuzz(database_url, tokens, tmp_path, "stateful", examples=20) >= 100


@pytest.mark.soak
async def test_what_is_made_up_is_answered_as_declared_for_long(database_url: str, tmp_path: Path) -> None:
    tokens = await county(database_url, tmp_path)
    phases = "examples,coverage,fuzzing,stateful"
    assert fuzz(database_url, tokens, tmp_path, phases, examples=20, seconds=1800) > 30_000
