"""A county's regulation: its folder read once, checked whole, and cut into the stretches of days that share rules.

A folder holds the table files, `clauses.toml`, `regulation.txt`, `divisions.csv` and, where the county words codes in
its own way, `codes.toml`, and a `calendar-2027.toml` for each year whose holidays the county entered; `docs/policy` has a page for each. With `based_on` in its policy.toml it needs only what
differs (`domain.regulation.folder`).
"""

from __future__ import annotations

import hashlib
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic import ValidationError

from domain.refusals import CodeEntry, CodesFile, catalogue
from domain.regulation import rows
from domain.regulation.amendments import Amendment, amended_rows
from domain.regulation.articles import Articles
from domain.regulation.consistency import Book, check
from domain.regulation.divisions import DivisionRow, read_divisions
from domain.regulation.fault_words import faults_in
from domain.regulation.folder import CODES, Folder, packaged, read_folder
from domain.regulation.rows import Row
from domain.regulation.rules import Rules
from domain.regulation.tables import TABLES, check_days, read_rows
from domain.regulation.telling import OWN_KINDS, Telling
from domain.regulation.wording import Wording

PACKAGED_COUNTY: Final = "653022"
"""The county whose folder comes with the service."""
_PARAMETER_TABLE: Final = "parameters.parameter"


class RegulationInvalid(Exception):  # noqa: N818 - says what the regulation is, not what went wrong in the program
    """The data of a county cannot be used. `faults`: everything that is wrong with it."""

    def __init__(self, county: str, faults: list[str]) -> None:
        """Keep the faults in the order they were found."""
        super().__init__("\n".join([f"县 {county} 的政策数据有 {len(faults)} 处错误：", *faults]))
        self.county = county
        self.faults = tuple(faults)


class Regulation:
    """Everything a county's rules are made of, over all days. Immutable; read once at the start of the process."""

    read_over: tuple[str, ...] = ()
    """What the county's folder says that never ruled anything and is no longer asked for."""

    def __init__(
        self,
        *,
        county: str,
        name: str,
        tables: Mapping[str, tuple[Row, ...]],
        articles: Articles,
        codes: Mapping[str, CodeEntry],
        lifts: frozenset[str],
        text: str,
        digest: str,
        divisions: tuple[DivisionRow, ...] = (),
        amendments: tuple[Amendment, ...] = (),
    ) -> None:
        """Check the tables as a whole and cut the days. Raises `RegulationInvalid`."""
        faults: list[str] = []
        for table_name, table in tables.items():
            check_days(table_name, table, faults)
        book = Book(tables=tables, articles=articles, codes=codes, lifts=lifts, text=text)
        check(book, cuts_of(tables), faults)
        if faults:
            raise RegulationInvalid(county, faults)
        self.county = county
        self.name = name
        self.rows = MappingProxyType(dict(tables))
        self.articles = articles
        self.wording = Wording(codes, articles.by_clause, Telling(tables, divisions))
        self.text = text
        self.digest = digest
        self.divisions = divisions
        self.amendments = amendments
        self._lifts = lifts
        self.versions = tuple(
            sorted(
                (row for row in tables["policy.version"] if isinstance(row, rows.PolicyVersion)),
                key=lambda row: row.in_force_from,
            )
        )
        self.first_day = self.versions[0].in_force_from
        self._starts = cuts_of(tables)
        ends = [start - timedelta(days=1) for start in self._starts[1:]]
        self.intervals: tuple[tuple[date, date | None], ...] = tuple(
            zip(self._starts, [*ends, None], strict=True)
        )
        self._rules: dict[int, Rules] = {}

    @classmethod
    def load(cls, path: Path | None = None, county: str = PACKAGED_COUNTY) -> Self:
        """Read the county's folder under `path`, else the packaged one. `RegulationInvalid` tells everything wrong."""
        faults: list[str] = []
        roots: list[Traversable] = [] if path is None else [path]
        folder = read_folder(county, [*roots, packaged()], faults)
        tables = {
            name: read_rows(name, folder.tables[name], faults) if name in folder.tables else ()
            for name in TABLES
        }
        codes, lifts = _read_codes(folder, faults)
        divisions: tuple[DivisionRow, ...] = ()
        if folder.divisions is not None:
            divisions = read_divisions(county, folder.divisions, faults)
        if faults:
            for table_name, table in tables.items():
                check_days(table_name, table, faults)
            raise RegulationInvalid(county, faults)
        found = cls(
            county=county,
            name=folder.name,
            tables=tables,
            articles=folder.articles,
            codes=codes,
            lifts=lifts,
            text=folder.text or "",
            divisions=divisions,
            digest=_digest(folder.sources),
        )
        found.read_over = tuple(folder.read_over)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """For a process beside this one: made anew there from the same parts."""
        parts = {
            "county": self.county,
            "name": self.name,
            "tables": dict(self.rows),
            "articles": self.articles,
            "codes": dict(self.wording.codes),
            "lifts": self._lifts,
            "text": self.text,
            "digest": self.digest,
            "divisions": self.divisions,
            "amendments": self.amendments,
        }
        return _made_anew, (type(self), parts)

    def __repr__(self) -> str:
        """For people reading a log."""
        return f"<Regulation {self.county} {self.digest[:12]}>"

    def article_id(self, clause: str) -> str | None:
        """The number of the county's article behind a clause; None where its document has none."""
        article = self.articles.by_clause.get(clause)
        return None if article is None else article.id

    def on(self, day: date) -> Rules:
        """The rules in force on a business day. A day before the first version is judged by the first version."""
        place = bisect_right(self._starts, day) - 1
        rules = self._rules.get(place)
        if rules is None:
            rules = self._rules[place] = self._rules_of(place)
        return rules

    def _rules_of(self, place: int) -> Rules:
        since, until = self.intervals[max(place, 0)]
        retroactive = place < 0
        return Rules(
            county=self.county,
            first_day=self.first_day,
            since=since,
            until=since - timedelta(days=1) if retroactive else until,
            retroactive=retroactive,
            tables=self.rows,
            wording=self.wording,
            amendment=max((one.number for one in self.amendments if one.in_force_from <= since), default=0),
        )

    def amended(self, amendments: Sequence[Amendment]) -> Regulation:
        """The regulation with further parameter changes of the county, in their order.

        Whether a change may begin on its day is judged where it is decided (`domain.policy`), never here: what the log
        holds was judged once. Raises `RegulationInvalid` when a value names what no table has.
        """
        if not amendments:
            return self
        told = "\n".join(
            f"{one.number} {one.parameter} {one.in_force_from} {one.value!r} {one.document}"
            for one in amendments
        )
        return Regulation(
            county=self.county,
            name=self.name,
            tables={
                **self.rows,
                _PARAMETER_TABLE: amended_rows(self.rows[_PARAMETER_TABLE], amendments),
            },
            articles=self.articles,
            codes=self.wording.codes,
            lifts=self._lifts,
            text=self.text,
            divisions=self.divisions,
            digest=_digest({"before": self.digest.encode(), "amendments": told.encode()}),
            amendments=(*self.amendments, *amendments),
        )


def cuts_of(tables: Mapping[str, tuple[Row, ...]]) -> list[date]:
    """The days on which anything begins or has ended, from the first version on; none without a version."""
    versions = tables["policy.version"]
    if not versions:
        return []
    first_day = min(row.in_force_from for row in versions)
    days = {first_day}
    for table in tables.values():
        for row in table:
            days.add(row.in_force_from)
            if row.in_force_until is not None:
                days.add(row.in_force_until + timedelta(days=1))
    return sorted(day for day in days if day >= first_day)


def _digest(sources: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\0{len(sources[name])}\0".encode())
        digest.update(sources[name])
    return digest.hexdigest()


def _read_codes(folder: Folder, faults: list[str]) -> tuple[dict[str, CodeEntry], frozenset[str]]:
    """The packaged catalogue with the county's own words and additional codes; what a code is never changes."""
    folder.sources[CODES], packaged_lifts = _packaged_codes()
    codes = dict(catalogue())
    lifts = set(packaged_lifts)
    for content in folder.codes:
        try:
            own = CodesFile.model_validate(_completed(content), by_alias=False, by_name=True)
        except ValidationError as error:
            faults.extend(f"{CODES}：{fault}" for fault in faults_in(error))
            continue
        lifts |= {lift.code for lift in own.lift}
        for entry in own.code:
            known = catalogue().get(entry.code)
            if known is not None and (known.kind, known.nature) != (entry.kind, entry.nature):
                faults.append(f"{CODES}（{entry.code}）：不得改变代码的 kind 和 nature")
            codes[entry.code] = entry if known is None else _worded(entry, known)
            faults.extend(f"{CODES}（{entry.code}）：tells 没有 {kind} 这一种" for kind in _unknown(entry))
    return codes, frozenset(lifts)


def _unknown(entry: CodeEntry) -> list[str]:
    """Kinds of parameters that nothing tells: neither a kind of the service, nor a table; lists of terms are the county's."""
    kinds = {kind for several in entry.tells.values() for kind in several}
    return sorted(kind for kind in kinds - OWN_KINDS - TABLES.keys() if not kind.isupper())


@cache
def _packaged_codes() -> tuple[bytes, frozenset[str]]:
    """The bytes of the service's catalogue, and the documents that lift its codes. Read once."""
    source = (packaged() / CODES).read_bytes()
    file = CodesFile.model_validate(tomllib.loads(source.decode("utf-8")))
    return source, frozenset(lift.code for lift in file.lift)


def _worded(entry: CodeEntry, known: CodeEntry) -> CodeEntry:
    """A code of the service in a county's words; when it can be lifted is not a matter of words."""
    kept = {
        "in_principle": known.in_principle,
        "overridable_at": entry.overridable_at or known.overridable_at,
    }
    return entry.model_copy(update=kept)


def _completed(content: dict[str, Any]) -> dict[str, Any]:
    """A codes.toml in which a code of the service says only what differs, usually its words."""
    entries = content.get("code")
    if not isinstance(entries, list):
        return content
    return {**content, "code": [_with_known(one) if isinstance(one, dict) else one for one in entries]}


def _with_known(entry: dict[str, Any]) -> dict[str, Any]:
    known = catalogue().get(str(entry.get("code")))
    return entry if known is None else {**known.model_dump(by_alias=False), **entry}


def _made_anew(of: type[Regulation], parts: dict[str, Any]) -> Regulation:
    return of(**parts)
