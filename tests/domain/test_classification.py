"""The classification of fields: where a mark may stand, what a type says by itself, and which fields have none."""

from __future__ import annotations

from typing import Annotated, ClassVar

import pytest
from pydantic import BaseModel, Field

from domain.classification import (
    PERSONAL_OF_HOUSEHOLD,
    PUBLIC,
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


class _Public(_Form):
    CLASSIFIED: ClassVar[Classified] = PUBLIC


@pytest.mark.parametrize(("field", "alone", "in_class"), [
    ("marked", PERSONAL_OF_HOUSEHOLD, PERSONAL_OF_HOUSEHOLD),
    ("each", PERSONAL_OF_HOUSEHOLD, PERSONAL_OF_HOUSEHOLD),
    ("place", UNIT, UNIT),
    ("amount", UNIT, UNIT),
    ("digest", UNIT, UNIT),
    ("name", None, PUBLIC),
    ("words", None, PUBLIC),
])  # fmt: skip
def test_a_mark_goes_before_the_type_and_the_type_before_the_class(
    field: str, alone: Classified | None, in_class: Classified
) -> None:
    """Finds a name and free words without a mark to have no classification unless their class says one."""
    assert classified(_Form.model_fields[field], _Form) == alone
    assert classified(_Public.model_fields[field], _Public) == in_class


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
