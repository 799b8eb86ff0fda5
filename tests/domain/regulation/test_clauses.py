"""The clauses and the regulation's own words."""

from __future__ import annotations

from domain.refusals import clauses
from domain.regulation import Regulation


def test_all_154_clauses_are_there(regulation: Regulation) -> None:
    assert len(regulation.clauses) == 154
    assert regulation.clauses == clauses()


def test_every_quote_stands_in_the_text(regulation: Regulation) -> None:
    text = "".join(regulation.text.split())
    invented = [clause.id for clause in clauses().values() if "".join(clause.quote.split()) not in text]
    assert invented == []


def test_every_clause_has_a_section_a_title_and_a_quote_worth_reading() -> None:
    for clause in clauses().values():
        assert clause.section
        assert clause.title
        assert len(clause.quote) >= 4


def test_every_row_of_every_table_names_its_clause(regulation: Regulation) -> None:
    for table in regulation.rows.values():
        assert table
        assert all(set(row.articles) <= set(regulation.clauses) for row in table)
