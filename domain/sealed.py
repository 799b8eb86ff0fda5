"""Personal values as the log keeps them: tokens, which only the service's keys open (D11).

    householder: Annotated[Name | None, SealedField(SealedForm.NAME, of="household")] = Field(title="户主姓名")

A token is `sealed:1:<algorithm>:<form>:<key>:<base64url>`; what it says of itself is how its value is masked and under
which key it stands, and nothing of whom it is about. The domain carries tokens as they are. Two tokens of one person
are equal if and only if their values are, so a decision may compare them; of two persons they never are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MARKER: Final = "sealed:1:"
"""How every token begins, and nothing that a request may say."""
TOKEN: Final = re.compile(r"sealed:1:([a-z0-9]{1,16}):([A-Z_]{1,16}):([0-9a-f]{20}):([A-Za-z0-9_-]{1,20000})")


HIDDEN: Final = "***"
"""What stands in a token's place where nothing of its value is shown."""


class SealedForm(StrEnum):
    """Kind of a sealed value: how it is masked, and whether it can be looked up."""

    NAME = "NAME"
    """姓名"""
    PHONE = "PHONE"
    """电话"""
    ID_NUMBER = "ID_NUMBER"
    """公民身份号码"""
    ACCOUNT = "ACCOUNT"
    """银行账号"""
    CONTACT = "CONTACT"
    """联系方式: a telephone number, or anything else by which somebody is reached."""
    PAPER = "PAPER"
    """文号、合同号"""
    TEXT = "TEXT"
    """其他"""


class Token(str):
    """A sealed value. A text that only looks like one is no token: only the service and the log make them."""

    __slots__ = ()


class TokenParts(NamedTuple):
    """Parts of a token that it says of itself."""

    algorithm: str
    form: str
    key: str
    content: str


def parts_of(token: str) -> TokenParts | None:
    """The parts of a token; None for any other text."""
    found = TOKEN.fullmatch(token) if token.startswith(MARKER) else None
    return None if found is None else TokenParts(*found.groups())


@dataclass(frozen=True, slots=True)
class SealedField:
    """Mark of a field whose value is sealed before anything is decided.

    `of`: the field that names whose value it is, beside it, in a form around it, in the path, or on the card of the
    aggregate that the request is about; None: somebody who has no code, by a key of his own for each request.
    """

    form: SealedForm
    of: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """What the type takes, or a token in its place."""
        return core_schema.with_info_wrap_validator_function(_token_or_value, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The field's schema, with the form of what is sealed."""
        return {**handler(schema), "x-sealed": self.form.value}


@dataclass(frozen=True, slots=True)
class ChangesOf:
    """Mark of an object that names fields of a form with new values: they are sealed as there."""

    form: type[BaseModel]


def _token_or_value(value: Any, judge: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """A token as it is; in the log a text that is one; from outside never: FIELD_INVALID."""
    if type(value) is Token:
        return value
    if isinstance(value, str) and value.startswith(MARKER):
        if info.context is not None and info.context.get("log"):
            return Token(value)
        raise PydanticCustomError(
            "FIELD_INVALID", "不得以“sealed:1:”开头 / must not begin like a sealed value"
        )
    return judge(value)


def tokens_again(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form that was dumped, with its own tokens as tokens."""
    return {
        name: Token(value) if isinstance(value, str) and parts_of(value) is not None else value
        for name, value in form.items()
    }


def hidden(text: str) -> str:
    """A text with every token hidden, for where no key is at hand."""
    return TOKEN.sub(HIDDEN, text) if MARKER in text else text
