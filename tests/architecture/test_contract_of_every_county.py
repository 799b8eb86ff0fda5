"""The published documents are every county's: no county's name, document, section numbers or sentences stand in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from domain.regulation import Regulation

OPENAPI: Final = Path(__file__).resolve().parents[2] / "openapi"
MARKS: Final = re.compile(r"阿克陶|陶政|〔20\d\d〕|10万|2013|十七个|[一二三四五]\([一二三四五六七八九十]+\)")
"""Names and figures of the packaged county, and the way its document numbers its sections."""
SENTENCE: Final = 12
"""Characters in a row that no two people write alike: shorter runs are the field's own terms."""
KNOWN: Final = {
    "应公开事项：每项一行，公布前为待办（三(五)）": "the comment of a released table, which a migration would have to change",
}
"""What stands there all the same, and why; may only shrink."""


def texts(value: Any) -> Iterator[str]:
    """Every text of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def published() -> set[str]:
    """Every text of the published documents."""
    return {text for file in OPENAPI.glob("*.json") for text in texts(json.loads(file.read_text("utf-8")))}


@pytest.fixture(scope="module")
def documents() -> set[str]:
    found = published()
    assert len(found) > 3000
    return found


def test_documents_name_no_county_and_no_section_of_its_document(documents: set[str]) -> None:
    assert {text for text in documents if MARKS.search(text)} == set(KNOWN)


def test_documents_quote_no_county_s_sentences(documents: set[str]) -> None:
    words = re.sub(r"\s", "", Regulation.load().text)
    known = {words[start : start + SENTENCE] for start in range(len(words) - SENTENCE + 1)}
    quoted = [
        text
        for text in documents
        for bare in [re.sub(r"\s", "", text)]
        for start in range(len(bare) - SENTENCE + 1)
        if bare[start : start + SENTENCE] in known
        and re.search(r"[\u4e00-\u9fff]{6}", bare[start : start + SENTENCE])
    ]
    assert quoted == []
