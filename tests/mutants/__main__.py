"""`make mutants`: plant each bug of the kept list in a copy of the tree, run the tests that should see it, and report.

    make mutants                     all of them, some minutes
    make mutants ARGS="-k rights"    those whose name, kind or file contains the words
    make mutants ARGS=--not-run      those without a result in docs/mutants.md
    make mutants ARGS="-n 2"         two at a time, in a copy each
    make mutants ARGS=--write        and write each result to docs/mutants.md as it comes; of bugs that were not run the last
                                     ones stay

The exit code is the number of survivors, 99 at most. It is no part of the suite: the suite only checks that each bug can
still be planted (`test_mutants.py`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

from service.clock import county_day, utc_now
from tests.mutants.plan import ROOT, Mutant, mutants

REPORT = ROOT / "docs" / "mutants.md"
PASSED, FAILED, INTERRUPTED = 0, 1, 2
"""Exit codes of pytest: every test passed, one failed, one could not even be collected. Anything else is no verdict."""
VERDICTS = {PASSED: "survived", FAILED: "caught", INTERRUPTED: "caught"}


def copy_of_the_tree(into: Path) -> Path:
    """What git knows of the tree, as it stands, so that nothing planted touches it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (source := ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, into / name)
    return into


def run_tests(tree: Path, tests: tuple[str, ...]) -> int:
    """The exit code of pytest over some test files, stopped at the first failure."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    if done.returncode not in VERDICTS:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    return done.returncode


def verdict(tree: Path, mutant: Mutant) -> str:
    """What the tests say of one planted bug; the file is put back afterwards."""
    place = tree / mutant.file
    text = place.read_text("utf-8")
    place.write_text(mutant.planted_in(text), "utf-8")
    try:
        return VERDICTS.get(run_tests(tree, mutant.tests), "no verdict")
    finally:
        place.write_text(text, "utf-8")


Results = dict[tuple[str, str], tuple[str, str]]
"""(kind, name) → what the tests said of it last, and on which day."""


def kept(document: str) -> Results:
    """The results that a report holds."""
    found: Results = {}
    for line in document.splitlines():
        cells = [one.strip() for one in line.strip("|").split("|")]
        if len(cells) == COLUMNS and cells[3] in {*VERDICTS.values(), "no verdict"}:
            found[cells[0], cells[1]] = cells[3], cells[4]
    return found


COLUMNS: Final = 5


def written(listed: list[Mutant], results: Results) -> str:
    """The report as a document: every bug of the list with its last result and the day of it."""
    told = [(one, *results.get((one.kind, one.name), ("not run", ""))) for one in listed]
    caught = sum(word == "caught" for _, word, _ in told)
    run = sum(word != "not run" for _, word, _ in told)
    rows = [f"| {one.kind} | {one.name} | `{one.file}` | {word} | {day} |" for one, word, day in told]
    return "\n".join(
        [
            "# Planted bugs",
            "",
            "What `make mutants` reported last: each bug of `tests/mutants/mutants.toml` planted alone in a copy of the",
            "tree, the test files that it names run. A bug that survives says which test is missing.",
            "",
            f"{len(told)} bugs, {run} run, {caught} caught, {run - caught} survived or without a verdict.",
            "",
            "| kind | bug | file | result | on |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> int:
    """Plant, run, report."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "-k",
        dest="words",
        action="append",
        help="only those whose name, kind or file contains this; may be given several times",
    )
    parser.add_argument("--write", action="store_true", help="write the results to docs/mutants.md")
    parser.add_argument(
        "--not-run", action="store_true", help="only those without a result in docs/mutants.md"
    )
    parser.add_argument("-n", dest="at_once", type=int, default=1, help="so many at a time, in a copy each")
    asked = parser.parse_args()
    chosen = [one for one in mutants() if asked.words is None or any(map(one.matches, asked.words))]
    if asked.not_run:
        known = kept(REPORT.read_text("utf-8"))
        chosen = [one for one in chosen if (one.kind, one.name) not in known]
    results: list[tuple[Mutant, str]] = []
    with ThreadPoolExecutor(asked.at_once) as pool:
        shares = [list(run_of) for _, run_of in groupby(chosen, lambda one: one.tests)]
        for told in as_completed([pool.submit(tried, share, asked.write) for share in shares]):
            results += told.result()
    survivors = sum(word != "caught" for _, word in results)
    print(
        f"{len(results)} planted, {len(results) - survivors} caught, {survivors} survived or without a verdict"
    )
    return min(survivors, 99)


def tried(share: list[Mutant], write: bool) -> list[tuple[Mutant, str]]:
    """Plant bugs that the same tests are to see, in a copy of the tree of their own."""
    results: list[tuple[Mutant, str]] = []
    with tempfile.TemporaryDirectory(prefix="taizhang-mutants-") as folder:
        tree = copy_of_the_tree(Path(folder))
        sound = run_tests(tree, share[0].tests) == PASSED
        for one in share:
            began = monotonic()
            word = verdict(tree, one) if sound else "no verdict"
            why = f"{monotonic() - began:.0f} s" if sound else "its tests fail without it"
            print(f"{word:10} {one.kind}: {one.name} ({why})", flush=True)
            results.append((one, word))
            if write:
                keep(one, word)
    return results


_KEEPING: Final = Lock()


def keep(one: Mutant, word: str) -> None:
    """Write a result to the report."""
    with _KEEPING:
        known = kept(REPORT.read_text("utf-8"))
        known[one.kind, one.name] = word, f"{county_day(utc_now()):%Y-%m-%d}"
        REPORT.write_text(written(mutants(), known), "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
