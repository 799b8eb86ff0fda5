"""What is said when a rule or the input stands in the way: code, clause, the clause's own words, two languages.

The catalogue of codes and the clauses are packaged data (`domain/regulation/data`) and the same for all counties.
Refusals know nothing of HTTP; `nature` is what a border translates: input (the content cannot be used), rule (a rule
of the regulation forbids it), access (who asks may not), absent, exists, stale (based on an old version), limit
(too much or too early), fault (our trouble).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from domain.values import Fen, Value

Kind = Literal["hard", "overridable", "warning"]
"""hard: refused. overridable: refused unless the document that lifts it is given. warning: done and reported."""

Nature = Literal["input", "rule", "access", "absent", "exists", "stale", "limit", "fault"]
"""What sort of trouble a code is."""

REFERENCE_COUNTY: Final = "653022"
"""The county whose packaged `clauses.toml` refusals quote."""

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")
_MISSING: Final = "missing"


class ClauseEntry(Value):
    """A clause of the regulation: its id in the clause matrix, where it stands, and a quotation of its words."""

    id: str
    section: str
    kind: str
    title: str
    quote: str


class Lift(Value):
    """A kind of document that lifts an overridable refusal."""

    code: str
    zh: str
    en: str


class CodeEntry(Value):
    """A refusal or warning code. `clauses`: what it can stand for, the usual one first.

    `overridable_at`: clauses under which an overridable code can be lifted; empty means under all of its clauses.
    `origin` "service": the regulation does not know it, this service needs it.
    """

    code: str
    kind: Kind
    nature: Nature
    origin: Literal["regulation", "service"] = "regulation"
    clauses: tuple[str, ...] = ()
    overridable_at: tuple[str, ...] = ()
    lifted_by: str | None = None
    zh: str
    en: str

    def kind_under(self, clause: str | None) -> Kind:
        """The kind when the code stands for `clause`: overridable only where the regulation says 原则上 (P25)."""
        if self.kind == "overridable" and self.overridable_at and clause not in self.overridable_at:
            return "hard"
        return self.kind


class CodesFile(Value):
    """A codes.toml: `[[lift]]` and `[[code]]` blocks."""

    lift: tuple[Lift, ...] = ()
    code: tuple[CodeEntry, ...] = ()


class ClausesFile(Value):
    """A clauses.toml: `[[clause]]` blocks."""

    clause: tuple[ClauseEntry, ...]


class RegulationWarning(Value):
    """A warning or finding: the command was done, and this is stored with its event and reported."""

    code: str
    clause: str | None
    detail_zh: str
    detail_en: str
    params: dict[str, Any]


class Refusal(Exception):  # noqa: N818 - what happened is a refusal; it is an answer, not a malfunction
    """A command was refused. Made by `refuse`; `lifted_by` names the document that would lift an overridable one."""

    def __init__(
        self,
        *,
        code: str,
        kind: Kind,
        nature: Nature,
        clause: str | None,
        quote: str | None,
        detail_zh: str,
        detail_en: str,
        params: Mapping[str, Any],
        missing: tuple[str, ...],
        lifted_by: str | None,
    ) -> None:
        """Keep what is said. `params` are JSON values, amounts in it are yuan strings."""
        super().__init__(f"{code}: {detail_zh}")
        self.code = code
        self.kind = kind
        self.nature = nature
        self.clause = clause
        self.quote = quote
        self.detail_zh = detail_zh
        self.detail_en = detail_en
        self.params = dict(params)
        self.missing = missing
        self.lifted_by = lifted_by

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
def clauses() -> Mapping[str, ClauseEntry]:
    """Every clause of the reference county's regulation, by id. Read once."""
    file = ClausesFile.model_validate(_packaged(REFERENCE_COUNTY, "clauses.toml"))
    return MappingProxyType({entry.id: entry for entry in file.clause})


def _packaged(*path: str) -> dict[str, Any]:
    source = resources.files("domain").joinpath("regulation", "data", *path)
    return tomllib.loads(source.read_text("utf-8"))


def refuse(code: str, *, clause: str | None = None, missing: Iterable[str] = (), **params: Any) -> Refusal:
    """Build a refusal; the caller raises it. `clause` defaults to the code's first.

    An unknown code or clause (`LookupError`) and a warning code (`ValueError`) are mistakes of the program.
    """
    entry = _entry(code)
    if entry.kind == "warning":
        msg = f"{code} is a warning and cannot refuse"
        raise ValueError(msg)
    clause = _clause_of(entry, clause)
    absent = tuple(missing)
    told = _json_params(params)
    kind = entry.kind_under(clause)
    return Refusal(
        code=code,
        kind=kind,
        nature=entry.nature,
        clause=clause,
        quote=clauses()[clause].quote if clause is not None else None,
        detail_zh=render(entry.zh, told, "、".join(absent)),
        detail_en=render(entry.en, told, ", ".join(absent), separator=", "),
        params=told,
        missing=absent,
        lifted_by=entry.lifted_by if kind == "overridable" else None,
    )


def warning(code: str, *, clause: str | None = None, **params: Any) -> RegulationWarning:
    """Build a warning. `clause` defaults to the code's first. Only warning codes (`ValueError` else)."""
    entry = _entry(code)
    if entry.kind != "warning":
        msg = f"{code} refuses and is no warning"
        raise ValueError(msg)
    told = _json_params(params)
    return RegulationWarning(
        code=code,
        clause=_clause_of(entry, clause),
        detail_zh=render(entry.zh, told, ""),
        detail_en=render(entry.en, told, "", separator=", "),
        params=told,
    )


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
        msg = f"{clause} is not a clause of the regulation"
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
