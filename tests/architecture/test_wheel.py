"""The wheel holds what the packages hold: every tracked file below them, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "projections", "service", "migrations", "openapi")


def tracked() -> set[str]:
    """Files below the packages that Git tracks, or would if they were added."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PACKAGES]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in names if name and (ROOT / name).exists()}


def delivered(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run([ROOT / "bin/wheel", folder], capture_output=True, text=True, check=True)
    return Path(built.stdout.strip())


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    assert delivered(wheel) == tracked()
    assert "openapi/http-api.json" in delivered(wheel)  # what `/openapi.json` serves
    assert {Path(name).suffix for name in delivered(wheel)} >= {".py", ".toml", ".csv", ".txt", ".mako"}
