"""The classification of fields: where a mark may stand, what a type says by itself, and which fields have none."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from domain.classification import (
    PERSONAL_OF_HOUSEHOLD,
    UNIT,
    Classification,
    Classified,
    DataSubject,
    classified,
)
from domain.values import Code, DivisionCode, Fen, Name, Sha256, Text


class _Form(BaseModel):
    marked: Annotated[Name | None, PERSONAL_OF_HOUSEHOLD] = None
    each: tuple[Annotated[Code, PERSONAL_OF_HOUSEHOLD], ...] = Field(default=())
    place: DivisionCode | None = None
    amount: Fen = Fen(0)
    digest: Sha256 | None = None
    name: Name = "某"
    words: Text | None = None


@pytest.mark.parametrize(("field", "expected"), [
    ("marked", PERSONAL_OF_HOUSEHOLD),
    ("each", PERSONAL_OF_HOUSEHOLD),
    ("place", UNIT),
    ("amount", UNIT),
    ("digest", UNIT),
    ("name", None),
    ("words", None),
])  # fmt: skip
def test_a_mark_goes_before_the_type(field: str, expected: Classified | None) -> None:
    """Finds a name and free words without a mark to have no classification."""
    assert classified(_Form.model_fields[field]) == expected


@pytest.mark.parametrize(("level", "subject"), [
    (Classification.PERSONAL, None),
    (Classification.SEALED, None),
    (Classification.UNIT, DataSubject.HOUSEHOLD),
])  # fmt: skip
def test_personal_data_are_about_somebody_and_nothing_else_is(
    level: Classification, subject: DataSubject | None
) -> None:
    """Refuses a mark that names nobody, and one that names somebody for no reason."""
    with pytest.raises(TypeError):
        Classified(level, subject)
