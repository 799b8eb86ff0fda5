"""Folders for embedded servers of their own, and the command line as a process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These tests break servers on purpose: never with the checkout as the current folder, and whatever they do, the
    current folder survives."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "precious").write_text("must survive")
    monkeypatch.chdir(here)
    yield
    assert (here / "precious").read_text() == "must survive"
    assert (ROOT / "pyproject.toml").exists()


@pytest.fixture
def place() -> Iterator[Path]:
    """A temporary folder that the server's user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="taizhang-place-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def environment(place: Path) -> dict[str, str]:
    """Environment of a `taizhang` process with its data under `place`."""
    return {**os.environ, "TAIZHANG_DATA": str(place / "data"), "PYTHONPATH": str(ROOT)}


def taizhang(
    *arguments: str, environment: dict[str, str], **options: object
) -> subprocess.CompletedProcess[str]:
    """Run `taizhang` to its end."""
    command = [sys.executable, "-c", "from service.cli.main import main; main()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, **options)


def python(code: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """A Python process with our packages, its stdout piped."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a condition, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)
