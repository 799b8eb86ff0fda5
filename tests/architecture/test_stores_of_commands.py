"""A command of the terminal has its store from `service/cli/stores.py`: one that appends looks at the log first, one that
only reads cannot append.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_command_makes_a_store_of_its_own() -> None:
    modules = sorted((ROOT / "service" / "cli").rglob("*.py"))
    assert len(modules) > 25
    makes = {path.name for path in modules if re.search(r"\bEventStore\(", path.read_text("utf-8"))}
    assert makes == {"stores.py"}
