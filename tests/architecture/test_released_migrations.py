"""Migrations that databases have run stay as they are: a changed one would be run by new databases only."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from alembic.script import ScriptDirectory

import migrations

VERSIONS: Final = Path(migrations.__file__).parent / "versions"
DIGESTS: Final = Path(__file__).with_name("released_migrations.sha256")
"""As `sha256sum` writes it, so that `sha256sum --check` reads it. Lines are added, never changed."""


def released() -> dict[str, str]:
    """File name → digest."""
    lines = (line.split() for line in DIGESTS.read_text("utf-8").splitlines())
    return {name: digest for digest, name in lines}


def test_released_migrations_are_as_they_were() -> None:
    for name, digest in released().items():
        file = VERSIONS / name
        assert file.is_file(), (
            f"{name} is gone: databases are at this revision and could not be upgraded any more"
        )
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, (
            f"{name} was changed: databases have run it and will not run it again, so they would lack what fresh ones"
            " have. Take the change back and write a new revision"
        )


def test_every_migration_is_frozen() -> None:
    missing = sorted({file.name for file in VERSIONS.glob("*.py")} - released().keys())
    assert missing == [], (
        f"new: {', '.join(missing)}. When it is finished: cd migrations/versions;"
        f" sha256sum {' '.join(missing)} >> ../../tests/architecture/{DIGESTS.name}"
    )


def test_revisions_are_one_row_of_numbers() -> None:
    """Two branches that take the same number meet here, not in a county whose Alembic finds two heads."""
    numbers = [file.name[:4] for file in sorted(VERSIONS.glob("*.py"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    scripts = ScriptDirectory(str(VERSIONS.parent))
    found = {script.revision: script for script in scripts.walk_revisions()}
    assert sorted(found) == numbers
    assert [found[one].down_revision for one in numbers] == [None, *numbers[:-1]]
    assert all(Path(script.path).name.startswith(f"{revision}_") for revision, script in found.items())
