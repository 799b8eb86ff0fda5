"""Refusals by a rule or of the input: code, clause, what is missing, two languages.

Codes and clause keys are packaged data (`domain/regulation/data`) and the same for all counties; they are what clients
and events rely on. The words are a county's: its own sentence for a code, its own article behind a clause. A refusal
carries the service's sentence until `said_by` gives it the county's (`domain.regulation.wording`).
Refusals know nothing of HTTP; `nature` is what a border translates: input (the content cannot be used), rule (a rule
of the regulation forbids it), access (who asks may not), absent, exists, stale (based on an old version), limit
(too much or too early), fault (our trouble).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from domain.values import Fen, Value

Kind = Literal["hard", "overridable", "warning"]
"""hard: refused. overridable: refused unless the document that lifts it is given. warning: done and reported."""

Nature = Literal["input", "rule", "access", "absent", "exists", "stale", "limit", "fault"]
"""What sort of trouble a code is."""

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")
_MISSING: Final = "missing"
_BOTH: Final = " / "
"""Between the Chinese and the English of a reason."""


class Clause(Value):
    """A point that a regulation settles. `key` is stable: it stands in events, refusals and ledgers of every county."""

    key: str
    title: str


class Article(Value):
    """An article of a county's document: its number there, where it stands, its words, and the clauses it answers."""

    id: str
    section: str
    kind: str | None = None
    title: str
    quote: str
    answers: tuple[str, ...] = ()


class Lift(Value):
    """A kind of document that lifts an overridable refusal."""

    code: str
    zh: str
    en: str


class CodeEntry(Value):
    """A refusal or warning code. `clauses`: what it can stand for, the usual one first.

    `overridable_at`: clauses under which an overridable code can be lifted; empty means under all of its clauses.
    `in_principle`: it can be lifted because the text says 原则上; under which of its clauses, the county says (P25).
    `origin` "service": the regulation does not know it, this service needs it.
    `tells`: what each parameter of the sentences is, and with it how it is told in Chinese: `domain.regulation.telling`.
    """

    code: str
    kind: Kind
    nature: Nature
    origin: Literal["regulation", "service"] = "regulation"
    clauses: tuple[str, ...] = ()
    overridable_at: tuple[str, ...] = ()
    in_principle: bool = False
    lifted_by: str | None = None
    zh: str
    en: str
    tells: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("tells", mode="before")
    @classmethod
    def _one_or_several(cls, tells: Any) -> Any:
        if not isinstance(tells, Mapping):
            return tells
        return {name: (kind,) if isinstance(kind, str) else kind for name, kind in tells.items()}

    def ruled_by(self, in_principle_clauses: Iterable[str]) -> CodeEntry:
        """The code as a county's P25 has it: what is so in principle can be lifted under these clauses and no other."""
        if not self.in_principle:
            return self
        at = tuple(clause for clause in self.clauses if clause in set(in_principle_clauses))
        return self.model_copy(update={"overridable_at": at, "kind": "overridable" if at else "hard"})

    def kind_under(self, clause: str | None) -> Kind:
        """The kind when the code stands for `clause`: overridable only where it can be lifted."""
        if self.kind == "overridable" and self.overridable_at and clause not in self.overridable_at:
            return "hard"
        return self.kind


class CodesFile(Value):
    """A codes.toml, the packaged one or a county's: `[[lift]]` and `[[code]]` blocks."""

    lift: tuple[Lift, ...] = ()
    code: tuple[CodeEntry, ...] = ()


class ClausesFile(Value):
    """The packaged clauses.toml: `[[clause]]` blocks."""

    clause: tuple[Clause, ...]


class RegulationWarning(Value):
    """A warning or finding: the command was done, and this is stored with its event and reported."""

    code: str
    clause: str | None
    detail_zh: str
    detail_en: str
    params: dict[str, Any]


class Refusal(Exception):  # noqa: N818 - what happened is a refusal; it is an answer, not a malfunction
    """A command was refused. Made by `refuse`; `params` are JSON values, amounts in it are yuan strings.

    `article`: the county's article behind the clause; None until a county says the refusal, or where its document has
    no such article. `listed_in`: the table whose codes would have done (`domain.regulation.code_tables`).
    """

    def __init__(
        self,
        entry: CodeEntry,
        *,
        clause: str | None,
        params: Mapping[str, Any],
        missing: tuple[str, ...],
        article: Article | None = None,
        listed_in: str | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep what is said. `told`: `params` and what is missing as the Chinese sentence has them."""
        super().__init__(entry.code)
        self.entry = entry
        self.clause = clause
        self.params = dict(params)
        self.missing = missing
        self.article = article
        self.listed_in = listed_in
        self.told = {**self.params, _MISSING: list(missing)} if told is None else dict(told)

    def __str__(self) -> str:
        """For people reading a log."""
        return f"{self.code}: {self.detail_zh}"

    @property
    def code(self) -> str:
        """The code: what clients tell refusals apart by."""
        return self.entry.code

    @property
    def kind(self) -> Kind:
        """Whether a document could lift it, under its clause."""
        return self.entry.kind_under(self.clause)

    @property
    def nature(self) -> Nature:
        """What sort of trouble it is."""
        return self.entry.nature

    @property
    def lifted_by(self) -> str | None:
        """The document that would lift it, where one can."""
        return self.entry.lifted_by if self.kind == "overridable" else None

    @property
    def quote(self) -> str | None:
        """The words of the county's article behind it."""
        return None if self.article is None else self.article.quote

    @property
    def detail_zh(self) -> str:
        """What happened and what to do next, in Chinese."""
        params = {name: value for name, value in self.told.items() if name != _MISSING}
        return render(self.entry.zh, params, "、".join(dict.fromkeys(map(str, self.told[_MISSING]))))

    @property
    def detail_en(self) -> str:
        """What happened and what to do next, in English."""
        return render(
            self.entry.en, english(self.entry, self.params), ", ".join(self.missing), separator=", "
        )

    def said_by(
        self,
        codes: Mapping[str, CodeEntry],
        articles: Mapping[str, Article],
        tell: Callable[[CodeEntry, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> Refusal:
        """The same refusal with a county's sentence for its code and the county's article behind its clause.

        `tell`: the Chinese of the parameters that a code's sentence names.
        """
        said = codes.get(self.code, self.entry)
        return Refusal(
            self.entry.model_copy(update={"zh": said.zh, "en": said.en}),
            clause=self.clause,
            params=self.params,
            missing=self.missing,
            article=None if self.clause is None else articles.get(self.clause),
            listed_in=self.listed_in,
            told=None if tell is None else tell(said, {**self.params, _MISSING: list(self.missing)}),
        )

    def fresh(self) -> Refusal:
        """The same refusal to be raised anew: one that is kept would hold what every raise of it went through."""
        return Refusal(
            self.entry,
            clause=self.clause,
            params=self.params,
            missing=self.missing,
            article=self.article,
            listed_in=self.listed_in,
            told=self.told,
        )

    def as_warning(self) -> RegulationWarning:
        """The same as a finding, for facts and imported history that are recorded as they happened."""
        told = {_MISSING: list(self.missing)} if self.missing else {}
        return RegulationWarning(
            code=self.code,
            clause=self.clause,
            detail_zh=self.detail_zh,
            detail_en=self.detail_en,
            params={**self.params, **told},
        )


@cache
def catalogue() -> Mapping[str, CodeEntry]:
    """Every packaged code. Read once."""
    file = CodesFile.model_validate(_packaged("codes.toml"))
    entries = {entry.code: entry for entry in file.code}
    if len(entries) != len(file.code):
        msg = "codes.toml holds a code twice"
        raise ValueError(msg)
    return MappingProxyType(entries)


@cache
def clauses() -> Mapping[str, Clause]:
    """Every clause that the service knows, by key. Read once."""
    file = ClausesFile.model_validate(_packaged("clauses.toml"))
    return MappingProxyType({entry.key: entry for entry in file.clause})


def _packaged(*path: str) -> dict[str, Any]:
    source = resources.files("domain").joinpath("regulation", "data", *path)
    return tomllib.loads(source.read_text("utf-8"))


def refuse(
    code: str,
    *,
    clause: str | None = None,
    missing: Iterable[str] = (),
    listed_in: str | None = None,
    **params: Any,
) -> Refusal:
    """Build a refusal by a code of the service; the caller raises it. `clause` defaults to the code's first.

    `listed_in`: the name of the table whose codes would have done.

    An unknown code or clause (`LookupError`) and a warning code (`ValueError`) are mistakes of the program.
    """
    return refuse_by(_entry(code), clause=clause, missing=missing, listed_in=listed_in, **params)


def refuse_by(
    entry: CodeEntry,
    *,
    clause: str | None = None,
    missing: Iterable[str] = (),
    listed_in: str | None = None,
    **params: Any,
) -> Refusal:
    """`refuse` by an entry of a county's own codes."""
    if entry.kind == "warning":
        msg = f"{entry.code} is a warning and cannot refuse"
        raise ValueError(msg)
    return Refusal(
        entry,
        clause=_clause_of(entry, clause),
        params=_json_params(params),
        missing=tuple(missing),
        listed_in=listed_in,
    )


def warning(code: str, *, clause: str | None = None, **params: Any) -> RegulationWarning:
    """Build a warning by a code of the service. `clause` defaults to the code's first. Only warning codes."""
    return warn_by(_entry(code), clause=clause, **params)


def warn_by(
    entry: CodeEntry,
    *,
    clause: str | None = None,
    tell: Callable[[CodeEntry, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    **params: Any,
) -> RegulationWarning:
    """`warning` by an entry of a county's own codes; `ValueError` for one that refuses."""
    if entry.kind != "warning":
        msg = f"{entry.code} refuses and is no warning"
        raise ValueError(msg)
    told = _json_params(params)
    return RegulationWarning(
        code=entry.code,
        clause=_clause_of(entry, clause),
        detail_zh=render(entry.zh, told if tell is None else tell(entry, told), ""),
        detail_en=render(entry.en, english(entry, told), "", separator=", "),
        params=told,
    )


def chinese_of(said: str) -> str:
    """The Chinese half of what is said in both languages; what is said in one, as it is."""
    return said.partition(_BOTH)[0]


def english_of(said: str) -> str:
    """The English half of what is said in both languages; what is said in one, as it is."""
    return said.partition(_BOTH)[2] or said


def english(entry: CodeEntry, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters as the English sentence has them: of a reason that is said in both languages its second half."""
    reasons = {
        name: english_of(params[name])
        for name, kinds in entry.tells.items()
        if "reason" in kinds and isinstance(params.get(name), str)
    }
    return {**params, **reasons} if reasons else params


def render(sentence: str, params: Mapping[str, Any], missing: str, *, separator: str = "、") -> str:
    """A catalogue sentence with its [optional parts], each said only when all of its {names} were given.

    `missing` is the missing list already joined, "" when there is none; other lists are joined by `separator`.
    """
    given_all = {**params, _MISSING: missing} if missing else params
    said = []
    for fixed, part, names in _parts(sentence):
        said.append(fixed)
        if part and all(name in given_all for name in names):
            for text, name in zip(part, (*names, None), strict=True):
                said.append(text)
                if name is not None:
                    value = given_all[name]
                    said.append(separator.join(map(str, value)) if isinstance(value, list) else str(value))
    return "".join(said)


@cache
def _parts(sentence: str) -> list[tuple[str, list[str], list[str]]]:
    """Fixed text and the optional part after it, that part as texts and the names between them."""
    cut = _OPTIONAL.split(sentence)
    optional = [_NAME.split(part) for part in cut[1::2]]
    return [(fixed, part[::2], part[1::2]) for fixed, part in zip(cut[::2], [*optional, []], strict=True)]


def _entry(code: str) -> CodeEntry:
    entry = catalogue().get(code)
    if entry is None:
        msg = f"{code} is not in the catalogue of codes"
        raise LookupError(msg)
    return entry


def _clause_of(entry: CodeEntry, clause: str | None) -> str | None:
    if clause is None:
        return entry.clauses[0] if entry.clauses else None
    if clause not in clauses():
        msg = f"{clause} is not a clause that the service knows"
        raise LookupError(msg)
    return clause


def _json_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON values; one that is None counts as not given."""
    return {name: _json_value(value) for name, value in params.items() if value is not None}


def _json_value(value: Any) -> Any:
    match value:
        case Enum():
            return _json_value(value.value)
        case Fen():
            return value.yuan()
        case bool() | int() | str():
            return value
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case set() | frozenset():
            return [_json_value(one) for one in sorted(value)]
        case Mapping():
            return {str(name): _json_value(one) for name, one in value.items()}
        case Iterable():
            return [_json_value(one) for one in value]
        case _:
            msg = f"{type(value).__name__} cannot be said in a refusal"
            raise TypeError(msg)
