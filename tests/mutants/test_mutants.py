"""The kept list of planted bugs stays usable: every one can still be planted, and its tests are there."""

from __future__ import annotations

import pytest

from tests.mutants.__main__ import REPORT, kept, written
from tests.mutants.plan import ROOT, Mutant, mutants

LISTED = mutants()


@pytest.mark.parametrize("mutant", LISTED, ids=[one.name for one in LISTED])
def test_each_bug_can_be_planted_in_one_place_and_names_tests_that_are_there(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text("utf-8")
    assert mutant.planted_in(text) != text
    assert mutant.tests and all((ROOT / one.partition("::")[0]).exists() for one in mutant.tests)


def test_the_list_has_no_bug_twice() -> None:
    names = [one.name for one in LISTED]
    places = [(one.file, one.find, one.replace) for one in LISTED]
    assert len(set(names)) == len(names) >= 60
    assert len(set(places)) == len(places)


def test_a_bug_that_is_not_there_once_is_not_planted() -> None:
    mutant = Mutant("x", "x", "x", "a", "b", ())
    assert mutant.planted_in("cad") == "cbd"
    for text in ("", "aa"):
        with pytest.raises(ValueError, match="found"):
            mutant.planted_in(text)


def test_the_report_keeps_the_last_result_of_every_bug_of_the_list() -> None:
    """docs/mutants.md names each bug once, and what was not run keeps its day; a bug that left the list leaves the report."""
    document = REPORT.read_text("utf-8")
    known = kept(document)
    assert set(known) <= {(one.kind, one.name) for one in LISTED}
    assert written(LISTED, known) == document
    one = Mutant("a bug", "a kind", "a/file.py", "a", "b", ())
    again = written([one], known | {("a kind", "a bug"): ("survived", "2021-06-17")})
    assert kept(again) == {("a kind", "a bug"): ("survived", "2021-06-17")}
    assert "1 bugs, 1 run, 0 caught, 1 survived" in again
