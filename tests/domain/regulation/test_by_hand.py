"""The county's tables against the paper: every row and cell as somebody read it from 陶政办发〔2021〕15号 (`by_hand/*.toml`).

The parameters have a list of their own (`test_written_by_hand.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any, Final

import pytest

from domain.regulation import Regulation
from domain.regulation.tables import TABLES
from tests.domain.regulation.by_hand.paper import WORDS, Plain, by_hand, differences

ELSEWHERE: Final = frozenset({"parameters.parameter"})
PAPER: Final = by_hand()


def loaded(regulation: Regulation, table: str) -> list[Plain]:
    """The rows that the service judges by."""
    return [row.model_dump(by_alias=False) for row in regulation.rows[table]]


def test_every_table_that_the_service_loads_is_written_down_by_hand() -> None:
    assert set(PAPER) == set(TABLES) - ELSEWHERE


@pytest.mark.parametrize("table", sorted(PAPER))
def test_a_table_is_loaded_row_by_row_and_cell_by_cell_as_the_paper_has_it(
    table: str, regulation: Regulation
) -> None:
    assert differences(PAPER[table], loaded(regulation, table)) == []


# ---- the comparison can fail: nothing may be taken away, added or moved by one ---------------------------------------


def moved(value: Any) -> Iterator[Any]:
    """A value with one thing in it changed, once for each thing: a day, a number, a word, a list's member."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value - 1, value + 1)
        case date():
            yield from (value - timedelta(days=1), value + timedelta(days=1))
        case str():
            yield value + "X"
        case dict():
            for name, one in value.items():
                if name not in WORDS:
                    yield from (value | {name: other} for other in moved(one))
        case list() | tuple() | frozenset():
            members = sorted(value, key=repr) if isinstance(value, frozenset) else list(value)
            yield [*members, "X"]
            for place, one in enumerate(members):
                yield members[:place] + members[place + 1 :]
                yield from ([*members[:place], other, *members[place + 1 :]] for other in moved(one))
        case None:
            yield from ("X", 1, ISSUED_LATER)


ISSUED_LATER: Final = date(2021, 6, 18)


@pytest.mark.parametrize("table", sorted(PAPER))
def test_a_row_less_or_twice_or_moved_by_one_is_a_difference(table: str, regulation: Regulation) -> None:
    """Each row removed, doubled, and each of its cells changed by a day, a unit, a letter or a member of its list."""
    paper, rows = PAPER[table], loaded(regulation, table)
    tried = 0
    for place, row in enumerate(rows):
        # compared with the paper's rows of the same beginning alone: the others are the same on both sides
        theirs = [one for one in paper if not differences([one], [row])]
        assert len(theirs) == 1, (table, row)
        assert differences(paper, rows[:place] + rows[place + 1 :])
        assert differences(paper, [*rows, row])
        for other in moved(row):
            tried += 1
            assert differences(theirs, [other]), (table, row, other)
    assert tried > 3 * len(rows)


def test_what_is_moved_is_everything_that_a_row_says() -> None:
    """The walk itself: every leaf once or twice, words for people left alone."""
    row = {"days": 10, "from": date(2021, 6, 17), "steps": ({"by": "A"},), "en": "x", "until": None}
    assert len(list(moved(row))) == 2 + 2 + (1 + 1 + 1) + 3
    assert list(chain.from_iterable(moved(one) for one in (True, "A"))) == [False, "AX"]
