"""Nothing hashes with an algorithm of its own choice: who names one stands in a list, with the reason."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTED = tomllib.loads(Path(__file__).with_name("digests_by_name.toml").read_text("utf-8"))["module"]
_HASHES = {"hashlib", "cryptography.hazmat.primitives.hashes"}


def names_a_digest(source: str) -> bool:
    """Whether a module takes hash functions by name from a library."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and {one.name for one in node.names} & _HASHES:
            return True
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            named = {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
            if named & _HASHES:
                return True
    return False


def test_modules_that_name_a_digest_are_listed_with_the_reason() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("domain", "projections", "service", "migrations")
        for path in (ROOT / package).rglob("*.py")
        if names_a_digest(path.read_text("utf-8"))
    }
    assert found == set(LISTED)
    assert all(len(reason) > 20 for reason in LISTED.values())


def test_a_module_that_names_one_is_found() -> None:
    assert names_a_digest("from hashlib import sha256")
    assert names_a_digest("from cryptography.hazmat.primitives import hashes")
    assert not names_a_digest("from service.algorithms.digests import SHA256")
