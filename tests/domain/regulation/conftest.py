"""What the tests of the regulation share: the packaged regulation, and a copy of its data that may be spoiled."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

import domain
from domain.regulation import Regulation, Rules

DATA = Path(domain.__file__).parent / "regulation" / "data"
FIRST_DAY = date(2021, 6, 17)


@pytest.fixture(scope="session")
def regulation() -> Regulation:
    return Regulation.load()


@pytest.fixture(scope="session")
def rules(regulation: Regulation) -> Rules:
    return regulation.on(FIRST_DAY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A search folder with a copy of the packaged county."""
    shutil.copytree(DATA / "653022", tmp_path / "653022")
    return tmp_path


@pytest.fixture
def spoil(folder: Path) -> Callable[[str, str, str], None]:
    """Replace the first occurrence of a text in a file of the copy."""

    def replace(file: str, old: str, new: str) -> None:
        path = folder / "653022" / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return replace
