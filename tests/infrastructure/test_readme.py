"""What the README tells to type works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service.cli.main import COMMANDS
from tests.infrastructure.conftest import ROOT, taizhang

README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPED = [
    *re.findall(r"```console\n(.*?)```", README, re.DOTALL),
    *(line for line in re.findall(r"`([^`\n]+)`", README)),
]
"""Console blocks, and everything in backticks."""
ROOMS = sorted(
    {
        match[1]
        for typed in TYPED
        for match in re.finditer(r"\btaizhang ([a-z]+)", typed.replace(" / `", " "))
        if not typed.startswith("make")
    }
)
ELSEWHERE = {"demo": "make installed", "test": "make test"}
"""make targets that are too much for a test, and the step of .ci/run that does what they do."""


def test_every_make_target_named_is_there() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"demo", "test", "run", "help", "bench"} <= named
    for target in named:
        assert f"make {target} " in listed
        subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=True)
    run = (ROOT / ".ci/run").read_text()
    for step in ELSEWHERE.values():
        assert f"step {step}\n" in run


@pytest.mark.parametrize("name", ROOMS)
def test_every_command_named_is_there(name: str, environment: dict[str, str]) -> None:
    assert name in COMMANDS
    assert taizhang(name, "--help", environment=environment).returncode == 0


def test_every_option_and_word_named_with_a_command_is_known(environment: dict[str, str]) -> None:
    """`taizhang audit pack PERSON --out FILE`: the subcommand and the option are in the help of that command."""
    seen = 0
    for typed in TYPED:
        if not typed.startswith("taizhang "):
            continue
        words = shlex.split(typed)[1:]
        path = [word for word in words if re.fullmatch("[a-z]+", word)]
        if not path:
            continue
        told = taizhang(*path, "--help", environment=environment)
        assert told.returncode == 0, (typed, told.stderr)
        for option in (word for word in words if word.startswith("--") and word != "--help"):
            assert option in told.stdout, (typed, option)
            seen += 1
    assert seen >= 2


def test_commands_are_all_named() -> None:
    """A command nobody reads of is not there for a newcomer."""
    assert {"doctor", "projections", "verify", "history", "import", "keys", "audit"} <= set(ROOMS)


def test_every_path_named_is_in_the_interface() -> None:
    interface = json.loads((ROOT / "openapi/http-api.json").read_text())["paths"]
    templates = [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$") for path in interface]
    named = {match.partition("?")[0] for typed in TYPED for match in re.findall(r"/v1/[^\s`'\"]+", typed)}
    assert named
    for path in named:
        assert any(template.match(path) for template in templates), path


def test_the_first_key_is_made_as_the_readme_says(environment: dict[str, str], place: Path) -> None:
    """`taizhang serve` on an empty folder prints one token; the README's curl makes a key with it."""
    code = "import sys; sys.argv = ['taizhang', '--json', 'serve', '--port', '0']; from service.cli.main import main; main()"
    serving = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert serving.stdout is not None
    try:
        said = ""
        while not said.endswith("}\n"):
            line = serving.stdout.readline()
            assert line, f"the service ended: {serving.wait(10)}"
            said += line
        told = json.loads(said)
        (block,) = (typed for typed in TYPED if typed.startswith("curl"))
        words = shlex.split(block.replace("\\\n", " "))
        headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
        headers["Authorization"] = headers["Authorization"].replace("$TOKEN", told["bootstrapToken"])
        url = next(word for word in words if word.startswith("localhost:8080"))
        answer = httpx.post(
            told["url"] + url.removeprefix("localhost:8080"),
            content=words[words.index("-d") + 1].encode(),
            headers=headers,
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        again = httpx.get(
            told["url"] + "/v1/keys", headers={"Authorization": f"Bearer {answer.json()['token']}"}
        )
        assert again.status_code == 200
    finally:
        serving.send_signal(signal.SIGINT)
        serving.wait(30)
        serving.stdout.close()
