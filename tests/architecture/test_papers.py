"""The papers agree with the code: the glossary's words, the tables and silences that the code cites, the paths they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for layer in ("domain", "projections", "service") for path in (ROOT / layer).rglob("*.py")]
DOCUMENTS = "".join((ROOT / "openapi" / name).read_text("utf-8") for name in ("http-api.json", "events.json"))
TABLES = "".join(path.read_text("utf-8") for path in (ROOT / "domain/regulation/data").rglob("*.t*"))
GLOSSARY = re.findall(
    r"^\| (\S+) \| `([^`]+)` \|", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE
)
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")
PATH = re.compile(r"`((?:domain|projections|service|tests|migrations|docs)/[a-z0-9_./]+?\.(?:py|toml|md))`")


@pytest.mark.parametrize(("chinese", "word"), GLOSSARY, ids=[word for _, word in GLOSSARY])
def test_word_of_the_glossary_is_the_one_in_use(chinese: str, word: str) -> None:
    said = DOCUMENTS + TABLES
    assert chinese in said
    assert re.search(rf"(?<![A-Za-z]){re.escape(word)}", said)


def test_glossary_has_one_word_per_term() -> None:
    terms = [chinese for chinese, _ in GLOSSARY]
    words = [word for _, word in GLOSSARY]
    assert len(terms) > 60
    assert len(set(terms)) == len(terms)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("pattern", [r"\bT\d{1,2}\b", r"\((?:D\d+)(?:, D\d+)*\)", r"\bAMB-\d\d\b"])
def test_table_decision_or_silence_that_the_code_cites_is_explained(pattern: str) -> None:
    found = {match for path in SOURCES for match in re.findall(pattern, path.read_text("utf-8"))}
    cited = {name for one in found for name in re.findall(r"[A-Z]+-?\d+", one)}
    assert cited
    explained = set(re.findall(r"^\| ([A-Z]+-?\d+) \|", ARCHITECTURE, re.MULTILINE))
    assert cited - explained == set()


@pytest.mark.parametrize(
    "paper", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"]
)
def test_file_that_a_paper_names_exists(paper: str) -> None:
    named = PATH.findall((ROOT / paper).read_text("utf-8"))
    assert [one for one in named if not (ROOT / one).exists()] == []


def test_architecture_names_every_room() -> None:
    for layer in ("domain", "service"):
        rooms = {path.parent.name for path in (ROOT / layer).glob("*/__init__.py")}
        assert [room for room in sorted(rooms) if f"`{room}" not in ARCHITECTURE] == [], layer


def test_paragraphs_of_the_papers_end_their_sentence() -> None:
    """A paragraph that an edit cut off breaks off in the middle."""
    broken = []
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
        for paragraph in re.split(r"\n\s*\n", text):
            last = paragraph.rstrip().rpartition("\n")[2]
            prose = not last.startswith(("#", "|", "<", "    ", "Status:", "- ")) and last
            if prose and not re.search(r"[.:;!?。：；！？)）>`\"”*|]$", last):
                broken.append((path.name, last))
    assert [one for one in broken if one[1][-5:] != " then"] == []  # a list of commands follows
