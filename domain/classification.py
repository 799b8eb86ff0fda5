"""Classification of what is recorded: how far a field's values may be seen, declared beside the field.

    household: Annotated[Code | None, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")

A mark stands at the field; codes, amounts, days and states without one say nothing of a person, and are a unit's. Free
words and names have none by themselves: a test finds those that nothing is said of, but in the modules that it lists.
Who may see what is a table of the service (`service/commands/visibility.py`); here stands only what the values are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from domain.values import Archived, Code, Fen, Listed, Quantity, Refers, Sha256, Uscc

MASK: Final = "***"
"""What stands where a value is not shown."""


class Classification(StrEnum):
    """Classification of a value: how far it may be seen."""

    PUBLIC = "PUBLIC"
    """公开: public record, for everybody."""
    UNIT = "UNIT"
    """单位: the county's units see one another's (三(五), 四(三)); nobody outside does."""
    PERSONAL = "PERSONAL"
    """个人: of one person or household; seen by itself, and by those who need it for what the regulation asks of them."""
    SEALED = "SEALED"
    """密封: personal, and kept encrypted; masked even for those who see personal data, until they say why."""


class DataSubject(StrEnum):
    """Whom personal data are about."""

    HOUSEHOLD = "HOUSEHOLD"
    """农户: its assets, benefits, papers."""
    OBJECTOR = "OBJECTOR"
    """异议人: who objects or suggests, named or not (三(五))."""
    LEAVER = "LEAVER"
    """离任人员: why and how an official left, detention among it (四(十)3)."""
    ANSWERABLE = "ANSWERABLE"
    """被追责人员: what is said against somebody, and what followed (五(四))."""
    PAYER = "PAYER"
    """付款人: who paid rent or a price, maybe a private person."""


@dataclass(frozen=True, slots=True)
class Classified:
    """Mark of a field: its level and, where it is personal, whom it is about."""

    level: Classification
    subject: DataSubject | None = None
    words: bool = False
    """Whether it is what somebody wrote for others to answer: shown without the numbers by which a person is known."""

    def __post_init__(self) -> None:
        if (self.subject is not None) != self.guarded:
            raise TypeError("personal data are about somebody, and nothing else is")

    @property
    def guarded(self) -> bool:
        """Whether not everybody with a credential sees it."""
        return self.level in {Classification.PERSONAL, Classification.SEALED}

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema with its classification; what is personal may be shown as a mask."""
        made = handler(schema)
        if not self.guarded:
            return made
        fits = self.words or made in ({}, {"type": "string"})
        masked = made if fits else {"anyOf": [made, {"const": MASK}]}
        return {**masked, "x-classification": self.level.value}


PUBLIC: Final = Classified(Classification.PUBLIC)
UNIT: Final = Classified(Classification.UNIT)
PERSONAL_OF_HOUSEHOLD: Final = Classified(Classification.PERSONAL, DataSubject.HOUSEHOLD)
SEALED_OF_HOUSEHOLD: Final = Classified(Classification.SEALED, DataSubject.HOUSEHOLD)
PERSONAL_OF_OBJECTOR: Final = Classified(Classification.PERSONAL, DataSubject.OBJECTOR, words=True)
SEALED_OF_OBJECTOR: Final = Classified(Classification.SEALED, DataSubject.OBJECTOR)
PERSONAL_OF_LEAVER: Final = Classified(Classification.PERSONAL, DataSubject.LEAVER)
SEALED_OF_LEAVER: Final = Classified(Classification.SEALED, DataSubject.LEAVER)
PERSONAL_OF_ANSWERABLE: Final = Classified(Classification.PERSONAL, DataSubject.ANSWERABLE)
PERSONAL_OF_PAYER: Final = Classified(Classification.PERSONAL, DataSubject.PAYER)

GUARDED: Final = frozenset(
    Classified(level, subject)
    for level in (Classification.PERSONAL, Classification.SEALED)
    for subject in DataSubject
)
"""What not everybody may see."""


def classified(field: FieldInfo) -> Classified | None:
    """How a field is classified: by its own mark, else by its type; None for words of which nothing is said."""
    for mark in _marks(field.metadata, field.annotation):
        return mark
    return UNIT if _speaks_for_itself(field.annotation, field.metadata) else None


def _marks(metadata: Any, hint: Any) -> Iterator[Classified]:
    """The marks of a field, the outermost first; those within its forms are not its own."""
    yield from (one for one in metadata if isinstance(one, Classified))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _marks(arguments[1:], arguments[0])
    elif origin in {Union, UnionType, tuple, list}:
        for one in arguments:
            yield from _marks((), one)


_SPEAKING: Final = (bool, int, Decimal, date, datetime, Enum, NoneType, BaseModel)
"""Types of values that say nothing of a person by themselves: amounts, days, states, and forms that have fields of their own."""
_NAMED: Final = tuple(get_args(one)[1:] for one in (Code, Sha256, Uscc, Quantity))


def _speaks_for_itself(hint: Any, marks: Any = ()) -> bool:
    """Whether a type holds values of things only: a code, a digest, an amount, a day. A code that is a person's has a mark."""
    if any(isinstance(one, Archived | Refers | Listed) for one in marks) or tuple(marks) in _NAMED:
        return True
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _speaks_for_itself(arguments[0], arguments[1:])
    if origin is Literal or hint in {Fen, Ellipsis}:
        return True
    if origin in {Union, UnionType, tuple, list}:
        return all(_speaks_for_itself(one) for one in arguments)
    return isinstance(hint, type) and issubclass(hint, _SPEAKING)
