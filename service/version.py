"""The version of the installed package: the one in pyproject.toml, in CHANGELOG.md and in the description of the API."""

from __future__ import annotations

from importlib.metadata import version


def installed_version() -> str:
    """Version of the distribution this code was installed as, by PEP 440: `0.1.0`, or `0.2.0.dev0` before a release."""
    return version("taizhang")
