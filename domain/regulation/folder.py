"""A county's folder as it is read: its files, what it inherits from the county it is based on, and what it cannot.

Inherited are the wording of codes and tables: a table of its own replaces the other's, parameter by parameter for the
parameters. A county's own are its name, its versions and documents (policy.toml), its articles and their words,
its divisions. What is inherited counts from the heir's own first day on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from domain.regulation import withdrawn
from domain.regulation.articles import ARTICLES, Articles, read_articles
from domain.regulation.calendar_years import enter_year, year_of
from domain.regulation.divisions import DIVISIONS
from domain.regulation.tables import FILES, POLICY, POLICY_FIELDS, TABLES

CODES: Final = "codes.toml"
TEXT: Final = "regulation.txt"
_PARAMETERS: Final = "parameters.toml"
_PARAMETER_TABLE: Final = "parameters.parameter"
_VERSION_TABLE: Final = "policy.version"
_CLAUSES_OF_PARAMETER: Final = "in_principle_clauses"
"""The part of a parameter's value (P25) that names clauses."""


@dataclass(slots=True)
class Folder:
    """The effective content of a county's folder, not yet trusted. `sources` are bytes for the digest."""

    county: str = ""
    name: str = ""
    tables: dict[str, Any] = field(default_factory=dict)
    articles: Articles = field(default_factory=Articles)
    codes: list[dict[str, Any]] = field(default_factory=list)
    text: str | None = None
    divisions: str | None = None
    sources: dict[str, bytes] = field(default_factory=dict)
    read_over: list[str] = field(default_factory=list)
    """What the folder itself says that never ruled anything and is no longer asked for (`withdrawn`)."""

    @property
    def first_day(self) -> date | None:
        """The day its first version begins; None while that cannot be told."""
        days = [_day(block, "in_force_from") for block in _blocks(self.tables.get(_VERSION_TABLE))]
        return min((day for day in days if day is not None), default=None)


def packaged() -> Traversable:
    """The folder of packaged data."""
    return resources.files("domain").joinpath("regulation", "data")


def read_folder(
    county: str, roots: list[Traversable], faults: list[str], heirs: tuple[str, ...] = ()
) -> Folder:
    """The county's folder under the first root that has one, on top of what it is based on."""
    places = [place for root in roots if (place := root / county).is_dir()]
    if not places:
        faults.append(f"没有县 {county} 的政策数据")
        return Folder()
    place = next((place for place in places if not _has_years_only(place)), places[0])
    return _FolderReader(county, place, faults).read(roots, heirs)


def _has_years_only(place: Traversable) -> bool:
    """Whether a folder only adds years to the calendar of a county whose tables lie elsewhere."""
    return all(year_of(file.name) is not None for file in place.iterdir())


@dataclass(frozen=True, slots=True)
class _FolderReader:
    """One county's folder being read; whatever is wrong with it is told in `faults`."""

    county: str
    place: Traversable
    faults: list[str]

    def _say(self, fault: str) -> None:
        self.faults.append(f"{self.county}：{fault}")

    def read(self, roots: list[Traversable], heirs: tuple[str, ...]) -> Folder:
        """Everything of the folder, on top of what it inherits. `heirs`: counties that are based on this one."""
        policy, source = self._toml(POLICY)
        if policy is None:
            self._say(f"缺少文件 {POLICY}")
            policy = {}
        own = Folder(self.county, self._named(policy), sources={f"{self.county}/{POLICY}": source})
        base = self._base(policy, heirs)
        self._read_articles(own, needed=base is None)
        self._take(own, POLICY, {name: one for name, one in policy.items() if name not in POLICY_FIELDS})
        inherited = None
        if base is not None:
            inherited = read_folder(base, roots, self.faults, (*heirs, self.county))
            self._inherit(own, inherited)
        for file in FILES:
            if file != POLICY:
                self._read_tables(own, file, needed=base is None)
        self._read_years(own, [root / self.county for root in reversed(roots)])
        self._read_codes(own)
        self._read_divisions(own)
        own.read_over += [file for file in sorted(withdrawn.FILES) if (self.place / file).is_file()]
        return own

    def _named(self, policy: Mapping[str, Any]) -> str:
        if policy.get("county") != self.county:
            self._say(f"{POLICY} 的 county 是 {policy.get('county')}")
        name = policy.get("name")
        if not isinstance(name, str) or not name:
            self._say(f"{POLICY} 缺少 name")
            return ""
        return name

    def _base(self, policy: Mapping[str, Any], heirs: tuple[str, ...]) -> str | None:
        base = policy.get("based_on")
        if base is None:
            return None
        if not isinstance(base, str):
            self._say(f"{POLICY} 的 based_on 须是县级区划代码，现为 {base}")
            return None
        if base in (*heirs, self.county):
            self._say(f"based_on 循环引用 {base}")
            return None
        return base

    # ---- what is inherited -------------------------------------------------------------------------------------

    def _inherit(self, own: Folder, base: Folder) -> None:
        """Tables and codes of the other county, from the heir's first day on."""
        own.tables |= taken_over(base, own.first_day)
        own.codes = list(base.codes)
        own.sources |= base.sources

    # ---- the files ---------------------------------------------------------------------------------------------

    def _read_articles(self, own: Folder, *, needed: bool) -> None:
        content, source = self._toml(ARTICLES)
        text = self._text(TEXT, own)
        if content is None:
            if needed:
                self._say(f"缺少文件 {ARTICLES}")
        else:
            own.sources[f"{self.county}/{ARTICLES}"] = source
            own.articles = read_articles(content, self.faults)
        if text is None and (needed or content is not None):
            self._say(f"缺少文件 {TEXT}")
        own.text = text

    def _read_tables(self, own: Folder, file: str, *, needed: bool) -> None:
        content, source = self._toml(file)
        if content is None:
            if needed:
                self._say(f"缺少文件 {file}")
            return
        own.sources[f"{self.county}/{file}"] = source
        if file == _PARAMETERS and isinstance(content.get("parameter"), list):
            replaced = {str(block.get("id")) for block in _blocks(content["parameter"])}
            inherited = _blocks(own.tables.get(_PARAMETER_TABLE))
            kept = [block for block in inherited if str(block.get("id")) not in replaced]
            self._take(own, file, content)
            own.tables[_PARAMETER_TABLE] = [*kept, *own.tables[_PARAMETER_TABLE]]
            return
        self._take(own, file, content)

    def _read_years(self, own: Folder, places: list[Traversable]) -> None:
        """The years that were entered beside the tables, the operator's own instead of packaged ones."""
        found = {file.name: place for place in places if place.is_dir() for file in place.iterdir()}
        for name in sorted(found):
            year = year_of(name)
            if year is not None:
                content, source = replace(self, place=found[name])._toml(name)  # noqa: SLF001  another self
                own.sources[f"{self.county}/{name}"] = source
                blocks = {kind: _resolved(block, own.articles) for kind, block in (content or {}).items()}
                enter_year(own.tables, year, blocks, self.faults)

    def _take(self, own: Folder, file: str, content: Mapping[str, Any]) -> None:
        stem = file.removesuffix(".toml")
        for name, blocks in content.items():
            table = f"{stem}.{name}"
            kept, told = withdrawn.without(table, blocks)
            own.read_over += told
            if table in TABLES:
                own.tables[table] = _resolved(kept, own.articles)
            elif kept is not None:
                self._say(f"{file} 中没有 [[{name}]] 这种块")

    def _read_codes(self, own: Folder) -> None:
        content, source = self._toml(CODES)
        if content is not None:
            own.sources[f"{self.county}/{CODES}"] = source
            own.codes.append(_resolved_codes(content, own.articles))

    def _read_divisions(self, own: Folder) -> None:
        own.divisions = self._text(DIVISIONS, own)
        if own.divisions is None:
            self._say(f"缺少文件 {DIVISIONS}")

    def _text(self, name: str, own: Folder) -> str | None:
        """A text file; None when there is none. One that is no UTF-8 counts as empty, and is told."""
        source = self._bytes(name)
        if source is None:
            return None
        own.sources[f"{self.county}/{name}"] = source
        try:
            return source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._say(f"{name} 无法读取：{error}")
            return ""

    def _bytes(self, name: str) -> bytes | None:
        """A file's bytes; None when there is none. One that the system does not let us read counts as empty."""
        file = self.place / name
        try:
            return file.read_bytes() if file.is_file() else None
        except OSError as error:
            self._say(f"{name} 无法读取：{error.strerror}")
            return b""

    def _toml(self, name: str) -> tuple[dict[str, Any] | None, bytes]:
        """A file's content and bytes; None when there is none. What cannot be read counts as empty, and is told."""
        source = self._bytes(name)
        if source is None:
            return None, b""
        try:
            return tomllib.loads(source.decode("utf-8-sig")), source
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._say(f"{name} 无法读取：{error}")
            return {}, source


def _blocks(value: Any) -> list[dict[str, Any]]:
    """The blocks of a table; none while it is something else, which reading the rows tells."""
    return [block for block in value if isinstance(block, dict)] if isinstance(value, list) else []


def _day(block: Mapping[str, Any], name: str) -> date | None:
    """A day of a block; None for anything else, which reading the rows tells."""
    day = block.get(name)
    return day if isinstance(day, date) and not isinstance(day, datetime) else None


def taken_over(base: Folder, first: date | None) -> dict[str, Any]:
    """The tables of a county as another takes them over whose rules begin on `first`.

    What the county had from its beginning, the heir has from its own; what came later there (a law of a later day)
    keeps its day. Rows that had ended before the heir began are left out. What a row was anchored in there is said
    to be taken over: another county's words are nobody's reason here. policy.toml's tables are never taken over.
    """
    own = POLICY.removesuffix(".toml")
    return {
        name: _taken(blocks, base, first)
        for name, blocks in base.tables.items()
        if name.partition(".")[0] != own
    }


def _taken(blocks: Any, base: Folder, first: date | None) -> Any:
    if not isinstance(blocks, list):
        return blocks
    since, anchor = base.first_day, f"沿用{base.name}（{base.county}）"
    taken = []
    for block in blocks:
        if not isinstance(block, dict):
            taken.append(block)
        elif first is None or not _ended(block, first):
            begun = block if since is None or first is None else _begun(block, since, first)
            taken.append({**begun, "anchor": anchor} if "anchor" in begun else begun)
    return taken


def _ended(block: Mapping[str, Any], first: date) -> bool:
    until = _day(block, "in_force_until")
    return until is not None and until < first


def _begun(block: dict[str, Any], since: date, first: date) -> dict[str, Any]:
    begins = _day(block, "in_force_from")
    if begins is None:
        return block
    return {**block, "in_force_from": first if begins <= since else max(begins, first)}


def _resolved(blocks: Any, articles: Articles) -> Any:
    """The blocks with the clauses that the county's article numbers stand for."""
    if not isinstance(blocks, list):
        return blocks
    return [_of_clauses(block, articles) if isinstance(block, dict) else block for block in blocks]


def _of_clauses(block: dict[str, Any], articles: Articles) -> dict[str, Any]:
    resolved = dict(block)
    if isinstance(block.get("article"), str):
        resolved["article"] = articles.clause_of(block["article"])
    if isinstance(block.get("also"), list):
        resolved["also"] = _each(block["also"], articles)
    value = block.get("value")
    if isinstance(value, dict) and isinstance(value.get(_CLAUSES_OF_PARAMETER), list):
        resolved["value"] = {**value, _CLAUSES_OF_PARAMETER: _each(value[_CLAUSES_OF_PARAMETER], articles)}
    return resolved


def _each(names: Iterable[Any], articles: Articles) -> list[Any]:
    return [articles.clause_of(name) if isinstance(name, str) else name for name in names]


def _resolved_codes(content: dict[str, Any], articles: Articles) -> dict[str, Any]:
    entries = content.get("code")
    if not isinstance(entries, list):
        return content
    named = ("clauses", "overridable_at")
    resolved = [
        entry | {name: _each(entry[name], articles) for name in named if isinstance(entry.get(name), list)}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]
    return {**content, "code": resolved}
