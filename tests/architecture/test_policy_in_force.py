"""What judges asks for the rules as the log has changed them, never for the data files alone."""

from __future__ import annotations

import ast
from pathlib import Path

SERVICE = Path(__file__).parents[2] / "service"
DATA_AS_LOADED = {
    "service/commands/founding.py": "founds the county and puts versions to use: before there is any change",
    "service/api/system/policy.py": "a change is made to the data, which the policy itself amends",
    "service/api/asset/views.py": "the examination amends the data event by event",
    "service/audit/work.py": "so does the examination in a pack",
    "service/api/system/regulation.py": "clauses, divisions and texts do not change",
    "service/api/app.py": "begins with it",
    "service/commands/commands.py": "hands the data to what follows the log",
}
"""Rooms that take the data as it was loaded, and why."""


def test_nobody_else_judges_by_the_data_as_it_was_loaded() -> None:
    found = {
        str(path.relative_to(SERVICE.parent))
        for path in SERVICE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "regulations"
    }
    assert found == set(DATA_AS_LOADED)
