"""The articles of a county's document, numbered as the document numbers them, and the clauses they answer.

A clause is a point that the service asks any county's document for; its key is the same everywhere (`data/clauses.toml`).
An article is where a county's document settles it. The tables of a county's folder name either; inside the service a
row carries the clause, and words and numbers are looked up in the county's articles when they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from domain.refusals import Article, clauses
from domain.regulation.fault_words import faults_in
from domain.values import Value

ARTICLES: Final = "clauses.toml"
"""The file of a county's folder that holds its articles."""


class ArticlesFile(Value):
    """A county's clauses.toml: `[[clause]]` blocks, and the clauses that its document does not have."""

    clause: tuple[Article, ...] = ()
    not_in_document: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Articles:
    """A county's articles by their number, and by the clause each answers."""

    by_number: Mapping[str, Article] = field(default_factory=dict)
    by_clause: Mapping[str, Article] = field(default_factory=dict)
    not_in_document: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[str, ...]:
        """Clauses of which the county has not said whether its document has them."""
        said = {*self.by_clause, *self.not_in_document}
        return tuple(key for key in clauses() if key not in said)

    def clause_of(self, named: str) -> str:
        """The clause that a table means: by an article's number the first it answers; by its own key that clause.

        A name that is neither, and an article that answers nothing, stay as they are: they are told as unknown.
        """
        article = self.by_number.get(named)
        answered = () if article is None else answered_by(article)
        return answered[0] if answered else named


def answered_by(article: Article) -> tuple[str, ...]:
    """The clauses an article answers: those it names; naming none, the clause of its own number, if there is one."""
    if article.answers:
        return article.answers
    return (article.id,) if article.id in clauses() else ()


def read_articles(content: Mapping[str, Any], faults: list[str]) -> Articles:
    """The articles of a clauses.toml; whatever is wrong with them is told in `faults`."""
    try:
        file = ArticlesFile.model_validate(content, by_alias=False, by_name=True)
    except ValidationError as error:
        faults.extend(f"{ARTICLES}：{fault}" for fault in faults_in(error))
        return Articles()
    _check(file, faults)
    by_number = {article.id: article for article in file.clause}
    by_clause = {key: article for article in file.clause for key in answered_by(article)}
    return Articles(by_number, by_clause, file.not_in_document)


def _check(file: ArticlesFile, faults: list[str]) -> None:
    answers = [key for article in file.clause for key in answered_by(article)]
    both = sorted({*answers} & {*file.not_in_document})
    unknown = [key for key in (*answers, *file.not_in_document) if key not in clauses()]
    numbers = _repeated(article.id for article in file.clause)
    faults.extend(f"{ARTICLES}（{number}）：条款编号重复" for number in numbers)
    faults.extend(
        f"{ARTICLES}：{key} 只能对应一条条文，现有多条的 answers 写了它" for key in _repeated(answers)
    )
    faults.extend(f"{ARTICLES}：没有 {key} 这项要求（answers、not_in_document）" for key in unknown)
    faults.extend(f"{ARTICLES}：{key} 已有条文对应，不得再写在 not_in_document 中" for key in both)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
