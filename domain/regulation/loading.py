"""A county's regulation: its folder read once, checked whole, and cut into the stretches of days that share rules.

A folder holds the table files, `clauses.toml`, `regulation.txt`, `divisions.csv` and, where the county words codes in its own way,
`codes.toml`. With `based_on` in its policy.toml it needs only what differs: missing files are those of the other
county, and its parameters replace the other's parameter by parameter.
"""

from __future__ import annotations

import hashlib
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from pydantic import ValidationError

from domain.refusals import (
    REFERENCE_COUNTY,
    ClauseEntry,
    ClausesFile,
    CodeEntry,
    CodesFile,
    catalogue,
)
from domain.regulation import rows
from domain.regulation.amendments import Amendment, amended_rows
from domain.regulation.consistency import Book, check
from domain.regulation.divisions import DIVISIONS, DivisionRow, read_divisions
from domain.regulation.rows import Row
from domain.regulation.rules import Rules
from domain.regulation.tables import FILES, POLICY, POLICY_FIELDS, TABLES, check_days, read_rows

CLAUSES: Final = "clauses.toml"
CODES: Final = "codes.toml"
TEXT: Final = "regulation.txt"
_PARAMETERS: Final = "parameters.toml"
_PARAMETER_TABLE: Final = "parameters.parameter"


class RegulationInvalid(Exception):  # noqa: N818 - says what the regulation is, not what went wrong in the program
    """The data of a county cannot be used. `faults`: everything that is wrong with it."""

    def __init__(self, county: str, faults: list[str]) -> None:
        """Keep the faults in the order they were found."""
        super().__init__("\n".join([f"县 {county} 的政策数据有 {len(faults)} 处错误：", *faults]))
        self.county = county
        self.faults = tuple(faults)


@dataclass(slots=True)
class _Folder:
    """The effective content of a county's folder, after what it inherits. `sources` are bytes for the digest."""

    name: str = ""
    tables: dict[str, Any] = field(default_factory=dict)
    clauses: dict[str, Any] = field(default_factory=dict)
    codes: list[dict[str, Any]] = field(default_factory=list)
    text: str | None = None
    divisions: str | None = None
    """Never inherited: every county has its own."""
    sources: dict[str, bytes] = field(default_factory=dict)


class Regulation:
    """Everything a county's rules are made of, over all days. Immutable; read once at the start of the process."""

    def __init__(
        self,
        *,
        county: str,
        name: str,
        tables: Mapping[str, tuple[Row, ...]],
        clauses: Mapping[str, ClauseEntry],
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
        check(Book(tables=tables, clauses=clauses, codes=codes, lifts=lifts, text=text), faults)
        if faults:
            raise RegulationInvalid(county, faults)
        self.county = county
        self.name = name
        self.rows = MappingProxyType(dict(tables))
        self.clauses = MappingProxyType(dict(clauses))
        self.codes = MappingProxyType(dict(codes))
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
        self._starts = self._cuts()
        ends = [start - timedelta(days=1) for start in self._starts[1:]]
        self.intervals: tuple[tuple[date, date | None], ...] = tuple(
            zip(self._starts, [*ends, None], strict=True)
        )
        self._rules: dict[int, Rules] = {}

    @classmethod
    def load(cls, path: Path | None = None, county: str = REFERENCE_COUNTY) -> Self:
        """Read the county's folder under `path`, else the packaged one. `RegulationInvalid` tells everything wrong."""
        faults: list[str] = []
        roots: list[Traversable] = [] if path is None else [path]
        folder = _read_folder(county, [*roots, _packaged()], faults, ())
        tables = {
            name: read_rows(name, folder.tables[name], faults) if name in folder.tables else ()
            for name in TABLES
        }
        clauses = _read_clauses(folder, faults)
        codes, lifts = _read_codes(folder, faults)
        if folder.text is None:
            faults.append(f"缺少文件 {TEXT}")
        divisions: tuple[DivisionRow, ...] = ()
        if folder.divisions is not None:
            divisions = read_divisions(county, folder.divisions, faults)
        elif folder.tables:
            faults.append(f"{county}：缺少文件 {DIVISIONS}")
        if faults:
            for table_name, table in tables.items():
                check_days(table_name, table, faults)
            raise RegulationInvalid(county, faults)
        return cls(
            county=county,
            name=folder.name,
            tables=tables,
            clauses=clauses,
            codes=codes,
            lifts=lifts,
            text=folder.text or "",
            divisions=divisions,
            digest=_digest(folder.sources),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """For a process beside this one: made anew there from the same parts."""
        parts = {
            "county": self.county,
            "name": self.name,
            "tables": dict(self.rows),
            "clauses": dict(self.clauses),
            "codes": dict(self.codes),
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
            amendment=max((one.number for one in self.amendments if one.in_force_from <= since), default=0),
        )

    def _cuts(self) -> list[date]:
        """The days on which anything begins or has ended, from the first version on."""
        days = {self.first_day}
        for table in self.rows.values():
            for row in table:
                days.add(row.in_force_from)
                if row.in_force_until is not None:
                    days.add(row.in_force_until + timedelta(days=1))
        return sorted(day for day in days if day >= self.first_day)

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
            clauses=self.clauses,
            codes=self.codes,
            lifts=self._lifts,
            text=self.text,
            divisions=self.divisions,
            digest=_digest({"before": self.digest.encode(), "amendments": told.encode()}),
            amendments=(*self.amendments, *amendments),
        )


def _packaged() -> Traversable:
    return resources.files("domain").joinpath("regulation", "data")


def _digest(sources: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\0{len(sources[name])}\0".encode())
        digest.update(sources[name])
    return digest.hexdigest()


def _read_folder(county: str, roots: list[Traversable], faults: list[str], heirs: tuple[str, ...]) -> _Folder:
    """The county's folder under the first root that has one, on top of what it is based on."""
    place = next((root / county for root in roots if (root / county).is_dir()), None)
    if place is None:
        faults.append(f"没有县 {county} 的政策数据")
        return _Folder()
    policy, policy_bytes = _toml(place / POLICY, county, faults)
    if policy is None:
        faults.append(f"{county}：缺少文件 {POLICY}")
        policy = {}
    base = policy.get("based_on")
    if isinstance(base, str) and base in (*heirs, county):
        faults.append(f"{county}：based_on 循环引用 {base}")
        base = None
    folder = _read_folder(base, roots, faults, (*heirs, county)) if isinstance(base, str) else _Folder()
    if policy.get("county") != county:
        faults.append(f"{county}：{POLICY} 的 county 是 {policy.get('county')}")
    folder.name = str(policy.get("name", ""))
    if not folder.name:
        faults.append(f"{county}：{POLICY} 缺少 name")
    folder.sources[f"{county}/{POLICY}"] = policy_bytes
    blocks = {name: value for name, value in policy.items() if name not in POLICY_FIELDS}
    _take(folder, POLICY, blocks, county, faults)
    for file in FILES:
        if file != POLICY:
            _read_tables(folder, place, file, county, faults, inherits=isinstance(base, str))
    _read_rest(folder, place, county, faults)
    return folder


def _read_tables(
    folder: _Folder, place: Traversable, file: str, county: str, faults: list[str], *, inherits: bool
) -> None:
    content, source = _toml(place / file, county, faults)
    if content is None:
        if not inherits:
            faults.append(f"{county}：缺少文件 {file}")
        return
    folder.sources[f"{county}/{file}"] = source
    if file == _PARAMETERS:
        own = content.get("parameter", [])
        replaced = {block.get("id") for block in own if isinstance(block, dict)}
        inherited = folder.tables.get(_PARAMETER_TABLE, [])
        kept = [block for block in inherited if block.get("id") not in replaced]
        content = {**content, "parameter": [*kept, *own]}
    _take(folder, file, content, county, faults)


def _take(folder: _Folder, file: str, content: Mapping[str, Any], county: str, faults: list[str]) -> None:
    stem = file.removesuffix(".toml")
    for name, value in content.items():
        table = f"{stem}.{name}"
        if table in TABLES:
            folder.tables[table] = value
        else:
            faults.append(f"{county}：{file} 中没有 [[{name}]] 这种块")


def _read_rest(folder: _Folder, place: Traversable, county: str, faults: list[str]) -> None:
    clauses, source = _toml(place / CLAUSES, county, faults)
    if clauses is not None:
        folder.clauses = clauses
        folder.sources[f"{county}/{CLAUSES}"] = source
    codes, source = _toml(place / CODES, county, faults)
    if codes is not None:
        folder.codes.append(codes)
        folder.sources[f"{county}/{CODES}"] = source
    text = place / TEXT
    if text.is_file():
        folder.sources[f"{county}/{TEXT}"] = text.read_bytes()
        folder.text = folder.sources[f"{county}/{TEXT}"].decode("utf-8")
    divisions = place / DIVISIONS
    folder.divisions = None
    if divisions.is_file():
        folder.sources[f"{county}/{DIVISIONS}"] = divisions.read_bytes()
        folder.divisions = folder.sources[f"{county}/{DIVISIONS}"].decode("utf-8-sig")


def _toml(file: Traversable, county: str, faults: list[str]) -> tuple[dict[str, Any] | None, bytes]:
    """A file's content and bytes; None when there is no such file. What cannot be read counts as empty, and is told."""
    if not file.is_file():
        return None, b""
    source = file.read_bytes()
    try:
        return tomllib.loads(source.decode("utf-8")), source
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{county}：{file.name} 无法读取：{error}")
        return {}, source


def _read_clauses(folder: _Folder, faults: list[str]) -> dict[str, ClauseEntry]:
    try:
        entries = ClausesFile.model_validate(folder.clauses).clause
    except ValidationError as error:
        faults.extend(f"{CLAUSES}：{one['loc']} {one['msg']}" for one in error.errors(include_url=False))
        return {}
    clauses = {entry.id: entry for entry in entries}
    if len(clauses) != len(entries):
        faults.append(f"{CLAUSES}：条款编号重复")
    return clauses


def _read_codes(folder: _Folder, faults: list[str]) -> tuple[dict[str, CodeEntry], frozenset[str]]:
    """The packaged catalogue with the county's own words and additional codes; what a code is never changes."""
    packaged = _packaged() / CODES
    folder.sources[CODES] = packaged.read_bytes()
    file = CodesFile.model_validate(tomllib.loads(folder.sources[CODES].decode("utf-8")))
    codes = dict(catalogue())
    lifts = {lift.code for lift in file.lift}
    for content in folder.codes:
        try:
            own = CodesFile.model_validate(content)
        except ValidationError as error:
            faults.extend(f"{CODES}：{one['loc']} {one['msg']}" for one in error.errors(include_url=False))
            continue
        lifts |= {lift.code for lift in own.lift}
        for entry in own.code:
            known = codes.get(entry.code)
            if known is not None and (known.kind, known.nature) != (entry.kind, entry.nature):
                faults.append(f"{CODES}（{entry.code}）：不得改变代码的 kind 和 nature")
            codes[entry.code] = entry
    return codes, frozenset(lifts)


def _made_anew(of: type[Regulation], parts: dict[str, Any]) -> Regulation:
    return of(**parts)
