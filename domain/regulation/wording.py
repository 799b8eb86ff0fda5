"""A county's wording of what the service decides: its own sentences for codes, its own articles behind clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from domain.refusals import Article, CodeEntry, Refusal, RegulationWarning, catalogue, warn_by
from domain.regulation.telling import Tell, Telling


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one county.

    `articles`: clause key → the article of its document that answers the clause; `telling`: what parameters are called.
    """

    codes: Mapping[str, CodeEntry]
    articles: Mapping[str, Article] = field(default_factory=dict)
    telling: Telling = field(default_factory=Telling)

    def entry(self, code: str) -> CodeEntry:
        """A code as the county words it. `LookupError` for one that neither it nor the service has."""
        found = self.codes.get(code)
        if found is None:
            msg = f"{code} is not in the catalogue of codes"
            raise LookupError(msg)
        return found

    def ruled_by(self, in_principle_clauses: Iterable[str]) -> Wording:
        """The same words, with what can be lifted as P25 has it."""
        clauses = frozenset(in_principle_clauses)
        codes = {code: entry.ruled_by(clauses) for code, entry in self.codes.items()}
        return replace(self, codes=codes)

    def liftable(self, code: str) -> bool:
        """Whether a document can lift this refusal, under one of its clauses at least."""
        entry = self.codes.get(code)
        return entry is not None and entry.kind == "overridable"

    def article(self, clause: str | None) -> Article | None:
        """The county's article behind a clause; None where its document has none."""
        return None if clause is None else self.articles.get(clause)

    def warning(self, code: str, *, clause: str | None = None, **params: Any) -> RegulationWarning:
        """A warning in the county's words."""
        return warn_by(self.entry(code), clause=clause, tell=self._tell({}), **params)

    def said(self, refusal: Refusal, request: Mapping[str, Tell] = MappingProxyType({})) -> Refusal:
        """A refusal in the county's words. `request`: words of the request that is answered, such as its fields' titles."""
        return refusal.said_by(self.codes, self.articles, self._tell(request))

    def _tell(
        self, request: Mapping[str, Tell]
    ) -> Callable[[CodeEntry, Mapping[str, Any]], Mapping[str, Any]]:
        return lambda entry, params: self.telling.told(entry.tells, params, request)


SERVICE: Final = Wording(catalogue())
"""The service's own sentences, without a county's articles: for whoever has no county yet."""
