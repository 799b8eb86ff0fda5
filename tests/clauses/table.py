"""`python -m tests.clauses.table`: docs/clauses.md, what the service does for each clause and which tests show it.

Written from the clauses, the marked tests' docstrings and `beyond_software.toml`. `--check` changes nothing and fails
if the file is not in step or a mark is wrong; `--complete` also fails while a clause of the sections in `DUE`
has neither test nor reason, or a code of the catalogue is raised by nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.refusals import Article, catalogue
from domain.regulation import Regulation
from domain.values import Value
from tests.clauses.marked_tests import TESTS, MarkedTest, marked_tests
from tests.clauses.raised_codes import unraised_codes

FILE: Final = TESTS.parent / "docs" / "clauses.md"
BEYOND: Final = Path(__file__).with_name("beyond_software.toml")

DUE: Final = (
    "C0-", "C1-", "C2-", "C3-", "C4.1-", "C4.2-", "C4.3-", "C4.4-", "C4.5-", "C4.6-", "C4.10-09", "C4.10-10", "C4.10-11", "C5.",
)  # fmt: skip
"""What the ids of clauses start with that `--complete` asks for: 前言, 一, 二, 三, 四(一) to 四(六), leaving office, 五."""

QUOTED: Final = 36
"""Characters of a clause that are enough to find it."""

CHAPTER: Final = re.compile(r"[一二三四五](?:\([一二三四五六七八九十]+\))?")
"""How a clause's section begins: with its chapter."""

COLUMNS: Final = (
    "| id | 条款 | the clause | what the service does | tests (under `tests/`) | state |",
    "|---|---|---|---|---|---|",
)

STATES: Final = ("working", "partly", "beyond software", "not yet")

HEAD: Final = """# The regulation, clause by clause

What the service does for each clause of 陶政办发〔2021〕15号, and the tests that show it. Made by
`python -m tests.clauses.table` from the tests' docstrings and `tests/clauses/beyond_software.toml`: do not edit.

*working*: tests show it. *partly*: tests show a part, the reason tells what software cannot do. *beyond software*:
the clause asks for what only people can do. *not yet*: neither.
"""


class BeyondClause(Value):
    """A clause, or the part of it, that software cannot do."""

    id: str
    part: str | None = None
    reason: str


class BeyondCode(Value):
    """A code that nothing raises on purpose."""

    code: str
    reason: str


class BeyondSoftware(Value):
    """The content of beyond_software.toml."""

    clause: tuple[BeyondClause, ...] = ()
    code: tuple[BeyondCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A clause with its tests and its limits."""

    clause: Article
    tests: tuple[MarkedTest, ...]
    beyond: tuple[BeyondClause, ...]

    @property
    def chapter(self) -> str:
        """The chapter of the document that it stands in: 前言, 三, 四(五) …"""
        first = self.clause.id.partition("-")[0]
        return {"C0": "前言与发文", "C3": "三", "C5.5": "五末段"}.get(first) or CHAPTER.match(
            self.clause.section
        )[0]  # type: ignore[index]

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if self.tests:
            return "partly" if self.beyond else "working"
        return "beyond software" if any(one.part is None for one in self.beyond) else "not yet"

    def markdown(self) -> str:
        """The row of the table."""
        quote = self.clause.quote
        short = quote if len(quote) <= QUOTED else f"{quote[: QUOTED - 1]}…"
        limits = [one.reason if one.part is None else f"{one.part}: {one.reason}" for one in self.beyond]
        cells = [
            self.clause.id,
            self.clause.section,
            f"{self.clause.title}：「{short}」",
            "<br>".join(dict.fromkeys(test.says for test in self.tests)),
            "<br>".join(f"`{test.place.removeprefix('tests/')}`" for test in self.tests),
            f"{self.state}. {' '.join(limits)}" if limits else self.state,
        ]
        return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


@dataclass(frozen=True, slots=True)
class Table:
    """All clauses. `faults`: wrong marks and reasons; `gaps`: what `--complete` still asks for."""

    rows: tuple[Row, ...]
    faults: tuple[str, ...]
    gaps: tuple[str, ...]

    def counts(self) -> str:
        """How many clauses are in which state, in one sentence."""
        counted = Counter(row.state for row in self.rows)
        return f"{len(self.rows)} clauses: {', '.join(f'{counted[state]} {state}' for state in STATES)}."

    def markdown(self) -> str:
        """The whole file."""
        chapters: dict[str, list[Row]] = {}
        for row in self.rows:
            chapters.setdefault(row.chapter, []).append(row)
        lines = [HEAD, self.counts(), ""]
        for chapter, rows in chapters.items():
            lines += [f"## {chapter}", "", Table(tuple(rows), (), ()).counts(), "", *COLUMNS]
            lines += [*(row.markdown() for row in rows), ""]
        return "\n".join(lines)


def table(tests_folder: Path = TESTS, beyond_file: Path = BEYOND) -> Table:
    """The clauses with what the tests in a folder show of them."""
    tests, faults = marked_tests(tests_folder)
    beyond = BeyondSoftware.model_validate(tomllib.loads(beyond_file.read_text("utf-8")))
    known = Regulation.load().articles.by_number
    for test in tests:
        faults.extend(f"{test.place}: there is no clause {one}" for one in test.clauses if one not in known)
    faults.extend(
        f"{beyond_file.name}: there is no clause {one.id}" for one in beyond.clause if one.id not in known
    )
    rows = tuple(
        Row(
            clause,
            tuple(test for test in tests if clause.id in test.clauses),
            tuple(one for one in beyond.clause if one.id == clause.id),
        )
        for clause in known.values()
    )
    faults.extend(
        f"{beyond_file.name}: {row.clause.id} has tests; say which part of it software cannot do"
        for row in rows
        if row.tests and any(one.part is None for one in row.beyond)
    )
    unraised = unraised_codes()
    excused = {one.code for one in beyond.code}
    faults.extend(
        f"{beyond_file.name}: {code} is {'raised' if code in catalogue() else 'no code'}"
        for code in sorted(excused - set(unraised))
    )
    gaps = [
        f"{row.clause.id} {row.clause.section} {row.clause.title}: no test and no reason"
        for row in rows
        if row.state == "not yet" and row.clause.id.startswith(DUE)
    ]
    gaps += [f"{code}: nothing raises it" for code in unraised if code not in excused and _is_due(code)]
    return Table(rows, tuple(faults), tuple(gaps))


def _is_due(code: str) -> bool:
    """Whether a code stands for a clause that `--complete` asks for, or is the service's own."""
    stands_for = catalogue()[code].clauses
    return not stands_for or any(clause.startswith(DUE) for clause in stands_for)


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.clauses.table", description="Write docs/clauses.md."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it is not in step")
    parser.add_argument("--complete", action="store_true", help="1 while a clause or code is left over")
    options = parser.parse_args(arguments)
    made = table()
    failures = list(made.faults)
    if options.complete:
        failures += made.gaps
    text = made.markdown()
    if options.check:
        if not FILE.is_file() or FILE.read_text("utf-8") != text:
            failures.append(f"docs/{FILE.name} is not in step with the tests; run: make clauses")
    elif not made.faults:
        FILE.write_text(text, "utf-8")
    print(f"{made.counts()} Clauses and codes that are left to do: {len(made.gaps)}.")
    print(*failures, sep="\n", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
