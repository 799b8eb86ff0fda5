"""Nobody asks the machine what time it is but the clock: the suite can run on any day, and a day is the county's."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ASKED = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
}
"""(module or class, function) that gives the present moment or day."""

MAY_ASK = {
    "service/clock.py": "the clock",
    "service/cli/doctor.py": "compares the machine's clock with the database's",
    "tests/clock.py": "the tests' clock",
    "tests/clients/life.py": "a generated client beside a real service: it has no clock but the machine's",
}
"""Who may, and why. This list only gets shorter."""

SQL_DAY = re.compile(r"\bcurrent_date\b|\blocaltimestamp\b|\bnow\(\)\s*::\s*date", re.IGNORECASE)

MAYBE = re.compile(rf"\b(now|today|utcnow|time)\b|{SQL_DAY.pattern}", re.IGNORECASE)
"""What every way of asking holds: most files hold none and need not be parsed."""


def sources() -> Iterator[Path]:
    for folder in ("domain", "projections", "service", "migrations", "tests"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def asking(source: str) -> list[int]:
    """Lines that ask for the present moment or day, in Python or of the database."""
    if not MAYBE.search(source):
        return []
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in ASKED:
                found.append(node.lineno)
        elif (
            isinstance(node, ast.Constant) and id(node) not in docstrings and SQL_DAY.search(str(node.value))
        ):
            found.append(node.lineno)
    return found


def test_only_the_clock_asks_what_time_it_is() -> None:
    told = {
        str(path.relative_to(ROOT)): asking(path.read_text("utf-8"))
        for path in sources()
        if path != Path(__file__)
    }
    assert {path: lines for path, lines in told.items() if lines and path not in MAY_ASK} == {}
    assert {path for path in MAY_ASK if told[path]} == set(MAY_ASK), "an exception that is no longer needed"


def test_only_the_calendar_asks_the_library_for_days_off() -> None:
    """Whoever else did would not know the years that a county entered, nor say that a date is provisional."""
    asks = [
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"^\s*(import|from) chinese_calendar", path.read_text("utf-8"), re.MULTILINE)
        and path.parts[len(ROOT.parts)] != "tests"
    ]
    assert asks == ["domain/regulation/legal_clock.py"]


@pytest.mark.parametrize(
    "line",
    ["datetime.now(UTC)", "date.today()", "time.time()", "datetime.datetime.utcnow()", "q('SELECT CURRENT_DATE')",
     "q('WHERE due_on < now()::date')", "field(default_factory=date.today)"],
)  # fmt: skip
def test_every_way_of_asking_is_seen(line: str) -> None:
    assert asking(line) == [1]


def test_what_measures_a_span_asks_for_no_day() -> None:
    assert asking("time.monotonic(); q('lease_until < now()')") == []
