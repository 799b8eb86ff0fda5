"""The kept list of planted bugs stays usable: every one can still be planted, and its tests are there."""

from __future__ import annotations

import pytest

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
