"""Nothing is kept that nobody uses, and nothing that only the tests use."""

from __future__ import annotations

import tomllib
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parents[2]
OURS = ("domain", "projections", "service")
USED_BY_OTHERS = tomllib.loads(Path(__file__).with_name("unused_names.toml").read_text("utf-8"))["name"]
CALLED_BY_FRAMEWORKS = [
    *("@get", "@post", "@_post", "@*.get", "@*.post", "@*.delete"),  # FastAPI, by our decorators or its own
    *("@*.command", "@*.callback"),  # typer
    *("@event", "@field_validator", "@model_validator", "@field_serializer"),  # eventsourcing, Pydantic
]
PARAMETERS = "P[0-3][0-9]"
"""Fields of the county's parameters, which are read by their names in a table."""


def unused(*paths: Path) -> set[tuple[str, str]]:
    """(file, name) of the functions, methods, classes and constants that no code in these paths names."""
    found = Vulture(ignore_decorators=CALLED_BY_FRAMEWORKS, ignore_names=[PARAMETERS])
    found.scavenge([str(path) for path in paths])
    return {
        (item.filename.resolve().relative_to(paths[0].parent.resolve()).as_posix(), item.name)
        for item in found.get_unused_code()
        if item.typ in {"class", "function", "method", "property"}
        or (item.typ == "variable" and item.name.isupper())
    }


def test_every_name_is_used_outside_the_tests() -> None:
    excepted = {(one["file"], one["name"]) for one in USED_BY_OTHERS}
    assert all(one["used_by"] for one in USED_BY_OTHERS)
    found = unused(*(ROOT / package for package in OURS), ROOT / "migrations")
    assert {one for one in found if not one[0].startswith("migrations/")} == excepted


def test_an_unused_name_is_found(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text(
        "MOST = 3\n"
        "LEAST = 1\n"
        "class Page:\n"
        "    def rows(self):\n"
        "        return LEAST\n"
        "    def row(self):\n"
        "        return self.rows()\n"
        "@get('/pages')\n"
        "def read_pages():\n"
        "    return Page()\n"
        "async def wants_lines():\n"
        "    return True\n"
    )
    assert unused(package) == {
        ("package/module.py", "MOST"),
        ("package/module.py", "row"),
        ("package/module.py", "wants_lines"),
    }
