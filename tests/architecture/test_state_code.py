"""A cached state is used only by the code that wrote it: the code's digest covers everything below `domain/`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import domain
from service.commands.commands import source_digest, state_code

SOURCE = Path(domain.__file__).parent


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The domain's files in a folder of the test's own, without compiled ones."""
    return shutil.copytree(SOURCE, tmp_path / "domain", ignore=shutil.ignore_patterns("__pycache__"))


FILES = sorted(
    path.relative_to(SOURCE)
    for path in SOURCE.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
)


def test_state_code_is_the_digest_of_the_domain(copied: Path) -> None:
    assert state_code() == source_digest(copied)
    assert len(state_code()) == 16


def test_state_code_changes_with_every_file_of_the_domain(copied: Path) -> None:
    assert any(len(name.parts) > 1 and name.suffix == ".py" for name in FILES)
    assert any(name.suffix == ".toml" for name in FILES)
    unseen = []
    before = source_digest(copied)
    for name in FILES:
        path = copied / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n")
        if source_digest(copied) == before:
            unseen.append(name.as_posix())
        path.write_bytes(content)
    assert unseen == []
    assert source_digest(copied) == before


def test_state_code_changes_with_a_file_added_moved_or_removed_below_a_folder(copied: Path) -> None:
    module = copied / "regulation" / "rules.py"
    codes = {source_digest(copied)}
    moved = module.rename(copied / "rules.py")
    codes.add(source_digest(copied))
    moved.unlink()
    codes.add(source_digest(copied))
    (copied / "regulation" / "deeper").mkdir()
    (copied / "regulation" / "deeper" / "added.py").write_bytes(b"")
    codes.add(source_digest(copied))
    assert len(codes) == 4


def test_state_code_stays_with_files_outside_and_compiled_ones(copied: Path) -> None:
    before = source_digest(copied)
    (copied.parent / "projections.py").write_bytes(b"ANYTHING = 1\n")
    (copied / "regulation" / "__pycache__").mkdir()
    (copied / "regulation" / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"\0")
    assert source_digest(copied) == before
