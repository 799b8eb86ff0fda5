"""The clauses that the service knows, and the packaged county's own words for them."""

from __future__ import annotations

from domain.refusals import clauses
from domain.regulation import Regulation


def test_all_154_clauses_are_there(regulation: Regulation) -> None:
    """The packaged county's document has an article for each, by the clause's own key."""
    assert len(clauses()) == 154
    assert list(regulation.articles.by_number) == list(regulation.articles.by_clause) == list(clauses())
    assert regulation.articles.open == regulation.articles.not_in_document == ()


def test_every_clause_has_a_title_of_no_county() -> None:
    titles = {clause.title for clause in clauses().values()}
    assert len(titles) == 154
    assert not [
        title for title in titles if any(word in title for word in ("阿克陶", "2013", "10万", "五类"))
    ]


def test_every_quote_stands_in_the_text(regulation: Regulation) -> None:
    text = "".join(regulation.text.split())
    articles = regulation.articles.by_number.values()
    assert [one.id for one in articles if "".join(one.quote.split()) not in text] == []


def test_every_article_has_a_section_a_title_and_a_quote_worth_reading(regulation: Regulation) -> None:
    for article in regulation.articles.by_number.values():
        assert article.section
        assert article.title
        assert len(article.quote) >= 4


def test_every_row_of_every_table_names_its_clause(regulation: Regulation) -> None:
    for table in regulation.rows.values():
        assert table
        assert all(set(row.articles) <= set(clauses()) for row in table)
