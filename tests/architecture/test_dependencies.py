"""What the packages import is what an installation gets: declared in pyproject.toml, pinned in the locks, and no more."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("domain", "projections", "service", "migrations")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOADED_BY_NAME = tomllib.loads(Path(__file__).with_name("loaded_by_name.toml").read_text("utf-8"))[
    "distribution"
]

GENERATED = {"taizhang-client"}
"""Made by bin/clients, which runs what imports it (tests/clients/life.py) in an environment of its own."""


def normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    """Distributions that requirements ask for: `SQLAlchemy[asyncio]>=2` asks for `sqlalchemy`."""
    return {normal(re.match(r"[\w.-]+", one)[0]) for one in requirements}


def imported_by(source: str) -> set[str]:
    """Top-level names a module imports absolutely, wherever in it: inside functions and TYPE_CHECKING too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@cache
def foreign(*packages: str) -> dict[str, set[str]]:
    """Imported name that is neither ours nor Python's → the files that import it."""
    found: dict[str, set[str]] = {}
    for package in packages:
        for path in (ROOT / package).rglob("*.py"):
            for name in imported_by(path.read_text("utf-8")) - {*OURS, "tests"} - sys.stdlib_module_names:
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


@cache
def distributions_of(name: str) -> frozenset[str]:
    """Distributions that install an import name; the name itself if none does here."""
    return frozenset(normal(one) for one in packages_distributions().get(name, [name]))


def undeclared(used: dict[str, set[str]], declared: set[str]) -> dict[str, list[str]]:
    return {name: sorted(files) for name, files in used.items() if not distributions_of(name) & declared}


def pins(lock: str) -> dict[str, str]:
    """Distribution → version of a lock file."""
    return {
        normal(name): version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    }


DECLARED = named(PROJECT["dependencies"])


def test_every_import_is_a_declared_runtime_dependency() -> None:
    assert undeclared(foreign(*OURS), DECLARED) == {}


def test_every_runtime_dependency_is_imported_or_loaded_by_name() -> None:
    used = {one for name in foreign(*OURS) for one in distributions_of(name)}
    assert DECLARED - used == set(LOADED_BY_NAME)
    assert all(reason.strip() for reason in LOADED_BY_NAME.values())


def test_every_import_of_the_tests_is_a_declared_dependency() -> None:
    everything = DECLARED | named(PROJECT["optional-dependencies"]["dev"]) | GENERATED
    assert undeclared(foreign("tests"), everything) == {}


def test_no_runtime_dependency_is_declared_again_for_development() -> None:
    assert named(PROJECT["optional-dependencies"]["dev"]) & DECLARED == set()


def test_the_locks_pin_what_is_declared() -> None:
    assert DECLARED - pins("requirements.lock").keys() == set()
    assert named(PROJECT["optional-dependencies"]["dev"]) - pins("requirements-dev.lock").keys() == set()


def test_development_runs_on_the_versions_that_are_delivered() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec.json",
        "from msgspec import Struct",
        "def late():\n    import msgspec",
        "import os, msgspec",
    ],
)
def test_an_import_is_found_wherever_it_stands(source: str) -> None:
    assert "msgspec" in imported_by(source)
    assert undeclared({"msgspec": {"a.py"}}, DECLARED - {"msgspec"}) == {"msgspec": ["a.py"]}


def test_an_import_name_leads_to_its_distribution() -> None:
    assert distributions_of("chinese_calendar") == {"chinesecalendar"}
    assert distributions_of("sqlalchemy") == {"sqlalchemy"}
    assert named(["sqlalchemy[asyncio]>=2.1", "python-multipart>=0.0.34", "PyYAML"]) == {
        "sqlalchemy",
        "python-multipart",
        "pyyaml",
    }
