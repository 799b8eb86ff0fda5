"""The first words of docstrings: a noun of the field, or what a function does; never a question or a pronoun.

"Whose a duty is" hides the thing from whoever searches for it; "One holder of a duty" does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RIDDLES = re.compile(r"(Who|Whose|What|How|Where|When|Whether|That|It|They|Nobody|Nothing)\b")
"""First words of a module or a class that do not say what it is."""
OF_FUNCTIONS = re.compile(r"(Whose|That|It|They|Nobody|Nothing)\b")
"""Of a function "Whether …", "What …" and "How many …" name its value."""


def riddles(source: str) -> Iterator[str]:
    """Names of what a module holds, itself included, whose docstring begins with a riddle."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if (OF_FUNCTIONS if function else RIDDLES).match(ast.get_docstring(node) or ""):
                yield getattr(node, "name", "the module")


def test_docstrings_begin_with_what_the_thing_is() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for layer in ("domain", "projections", "service")
        for path in sorted((ROOT / layer).rglob("*.py"))
        for name in riddles(path.read_text("utf-8"))
    }
    assert not found


def test_a_riddle_is_found() -> None:
    source = '"""What is due."""\nclass A:\n    """Duty of a unit."""\n    def b(self):\n        """Whose it is."""\n'
    assert list(riddles(source)) == ["the module", "b"]
    assert not list(riddles('def c():\n    """Whether a unit has it, and what it lacks."""\n'))
