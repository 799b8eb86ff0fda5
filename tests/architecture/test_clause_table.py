"""The table of clauses tells the truth about the tests: marks are read as pytest reads them, and mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clauses.marked_tests import marked_tests
from tests.clauses.raised_codes import raised_codes
from tests.clauses.table import Table, table

MARKED = '''
import pytest

@pytest.mark.clause("C4.1-01", "C4.1-02")
async def test_a():
    """Says this. And more.

    And a second paragraph.
    """

@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.clause("C4.1-03"))])
def test_b(x):
    """Says that | and more."""

@pytest.mark.clause("C4.1-04")
class TestThem:
    """Not counted."""

    @pytest.mark.clause("C4.1-05")
    def test_c(self):
        """Says the third thing."""

def test_d():
    """Has no mark."""
'''


def made(tmp_path: Path, source: str, beyond: str = "") -> Table:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_some.py").write_text(source, "utf-8")
    reasons = tmp_path / "beyond.toml"
    reasons.write_text(beyond, "utf-8")
    return table(tests, reasons)


def states(shown: Table) -> dict[str, str]:
    return {row.clause.id: row.state for row in shown.rows}


def test_the_marks_of_this_repository_are_sound() -> None:
    assert table().faults == ()


def test_every_way_to_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(MARKED, "utf-8")
    found, faults = marked_tests(tmp_path)
    assert faults == []
    assert [(one.name, one.clauses, one.says) for one in found] == [
        ("test_a", ("C4.1-01", "C4.1-02"), "Says this. And more."),
        ("test_b", ("C4.1-03",), "Says that | and more."),
        ("TestThem::test_c", ("C4.1-04", "C4.1-05"), "Says the third thing."),
    ]


def test_a_module_wide_mark_counts_for_its_tests(tmp_path: Path) -> None:
    source = 'import pytest\npytestmark = pytest.mark.clause("C1-01")\ndef test_a():\n    """Says."""\n'
    assert states(made(tmp_path, source))["C1-01"] == "working"


def test_tests_and_reasons_make_the_state(tmp_path: Path) -> None:
    beyond = """
[[clause]]
id = "C4.1-02"
part = "the visit"
reason = "Somebody has to go there."
[[clause]]
id = "C4.3-01"
reason = "Only people can."
"""
    shown = made(tmp_path, MARKED, beyond)
    state = states(shown)
    assert (state["C4.1-01"], state["C4.1-02"], state["C4.3-01"], state["C4.4-01"]) == (
        "working",
        "partly",
        "beyond software",
        "not yet",
    )
    assert any(gap.startswith("C4.4-01 ") for gap in shown.gaps)
    assert not any(gap.startswith(("C4.1-02 ", "C4.3-01 ")) for gap in shown.gaps)
    text = shown.markdown()
    assert "partly. the visit: Somebody has to go there." in text
    assert "Says that &#124; and more." in text
    rows = [line for line in text.splitlines() if line.startswith("| C")]
    assert len(rows) == len(shown.rows)
    assert {row.count("|") for row in rows} == {7}


def test_a_part_alone_is_no_reason_for_the_whole(tmp_path: Path) -> None:
    beyond = '[[clause]]\nid = "C2-01"\npart = "some"\nreason = "Why."\n'
    assert states(made(tmp_path, "", beyond))["C2-01"] == "not yet"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('@pytest.mark.clause("C4.1-99")\ndef test_a():\n    """Says."""\n', "there is no clause C4.1-99"),
        ('@pytest.mark.clause("C4.1-01")\ndef test_a(): ...\n', "no docstring"),
        ('@pytest.mark.clause()\ndef test_a():\n    """Says."""\n', "names no clause"),
        ('@pytest.mark.clause(CLAUSE)\ndef test_a():\n    """Says."""\n', "not a clause id written out"),
        (
            '@pytest.mark.skip\n@pytest.mark.clause("C4.1-01")\ndef test_a():\n    """Says."""\n',
            "shows nothing",
        ),
    ],
)
def test_a_mark_that_shows_nothing_is_told(tmp_path: Path, source: str, told: str) -> None:
    assert any(told in fault for fault in made(tmp_path, source).faults)


@pytest.mark.parametrize(
    ("beyond", "told"),
    [
        ('[[clause]]\nid = "C9-01"\nreason = "Why."\n', "there is no clause C9-01"),
        ('[[clause]]\nid = "C4.1-01"\nreason = "Why."\n', "say which part"),
        ('[[code]]\ncode = "NOT_FOUND"\nreason = "Why."\n', "NOT_FOUND is raised"),
        ('[[code]]\ncode = "NO_SUCH"\nreason = "Why."\n', "NO_SUCH is no code"),
    ],
)
def test_a_reason_that_is_none_is_told(tmp_path: Path, beyond: str, told: str) -> None:
    assert any(told in fault for fault in made(tmp_path, MARKED, beyond).faults)


def test_codes_that_only_a_table_raises_are_known() -> None:
    """A guard of the life cycle names this refusal in data; the source never says it."""
    assert {"NOT_FOUND", "DISPOSAL_IN_PROGRESS"} <= raised_codes()
