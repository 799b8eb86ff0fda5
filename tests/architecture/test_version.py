"""One version: of the package, of what is installed, of the API, and of the change log."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from importlib.metadata import metadata
from pathlib import Path

from packaging.version import Version

from service.api.app import create_app

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
UNRELEASED = "Unreleased"
RELEASE = re.compile(r"(?P<version>\d+\.\d+\.\d+) \((?P<day>\d{4}-\d{2}-\d{2})\)")


def headings() -> list[str]:
    return re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def releases() -> list[tuple[Version, date]]:
    """Version and day of every released heading, as they stand; a heading of another form fails."""
    found = [RELEASE.fullmatch(one) for one in headings() if one != UNRELEASED]
    assert all(found), headings()
    return [(Version(one["version"]), date.fromisoformat(one["day"])) for one in found if one]


def test_change_log_names_releases_newest_first() -> None:
    assert releases()
    assert releases() == sorted(releases(), reverse=True)
    assert len({version for version, _ in releases()}) == len(releases())


def test_package_is_the_newest_release_or_on_the_way_to_the_next() -> None:
    version, newest = Version(PROJECT["version"]), releases()[0][0]
    if version.is_devrelease:
        assert headings()[0] == UNRELEASED
        assert newest < Version(version.base_version)
    else:
        assert UNRELEASED not in headings()
        assert version == newest


def test_what_is_installed_and_described_has_the_package_s_version() -> None:
    documented = json.loads((ROOT / "openapi/http-api.json").read_text("utf-8"))["info"]["version"]
    assert metadata("taizhang")["Version"] == PROJECT["version"] == create_app().version == documented


def test_licence_is_delivered_with_the_package() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert metadata("taizhang")["License-Expression"] == "Apache-2.0"
    assert metadata("taizhang").get_all("License-File") == ["LICENSE"]
