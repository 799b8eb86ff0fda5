"""Decision records: one number each, a status and a date, all of them in the index, and none cited that is not there."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
INDEX = (FOLDER / "README.md").read_text("utf-8")
HEAD = re.compile(
    r"# (?P<number>\d{4}): (?P<title>\S.*)\n\n"
    r"Status: (?P<status>in force|replaced by \d{4}|withdrawn)(?:, amended (?P<amended>[\d-]{10}))? · (?P<date>[\d-]{10})\n\n"
)
CITED = re.compile(r"[Dd]ecisions? (\d{4})(?:, (\d{4}))*(?: and (\d{4}))?")


def head_of(path: Path) -> dict[str, str | None]:
    found = HEAD.match(path.read_text("utf-8"))
    assert found, f"{path.name}: a record begins with its number, title, status and date"
    return found.groupdict()


def test_every_record_has_number_title_status_and_date() -> None:
    assert len(RECORDS) > 15
    for path in RECORDS:
        head = head_of(path)
        assert path.name.startswith(f"{head['number']}-"), path.name
        begun = date.fromisoformat(head["date"])
        assert head["amended"] is None or date.fromisoformat(head["amended"]) >= begun, path.name


def test_a_number_is_given_once_and_the_jumped_ones_are_named() -> None:
    numbers = [int(path.name[:4]) for path in RECORDS]
    assert len(numbers) == len(set(numbers)), "two records have one number"
    jumped = set(range(1, max(numbers))) - set(numbers)
    (note,) = re.findall(r"^Never given: (.*?)\.$", INDEX, re.MULTILINE)
    assert {int(one) for one in note.split(", ")} == jumped


def test_the_index_lists_every_record() -> None:
    rows = [
        "| [{number}]({name}) | {title} | {status} | {date} |".format(name=path.name, **head_of(path))
        for path in RECORDS
    ]
    assert [line for line in INDEX.splitlines() if line.startswith("| [")] == rows


def test_a_record_that_is_cited_exists() -> None:
    known = {path.name[:4] for path in RECORDS}
    cited = set()
    for pattern in ("domain/**/*.py", "projections/**/*.py", "service/**/*.py", "docs/**/*.md", "*.md"):
        for path in ROOT.glob(pattern):
            for match in CITED.finditer(path.read_text("utf-8")):
                cited.update(number for number in match.groups() if number)
    assert cited
    assert cited <= known
