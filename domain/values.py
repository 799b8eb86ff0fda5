"""Values that events, commands and ledgers share: money, quantities, dates, texts, exact splits.

Money is integer fen (1 yuan = 100 fen) everywhere inside, in the log and in the ledgers. At the border it is a
decimal string in yuan ("1000000.00"): a bare JSON number is refused there, because nobody can tell whether it
means yuan, fen or 万元.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LOG: Final[dict[str, bool]] = {"log": True}
"""Pydantic context of the log: money is read and written as integer fen instead of yuan strings."""

MAX_FEN: Final = 9_000_000_000_000_000
"""Largest amount the log can carry (90 trillion yuan): integers stay exact in every JSON reader below 2^53."""

_YUAN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)


class Value(BaseModel):
    """A fact without identity: frozen, compared by content, camelCase outside, unknown fields refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        ser_json_inf_nan="null",
        allow_inf_nan=False,
    )


class Fen(int):
    """An amount of money in fen. Python arithmetic gives plain `int`; wrap the result again: `Fen(a + b)`.

    Read from a string it is yuan with at most two decimals; read from an integer it is fen, and only inside the
    log (context `LOG`). Errors: AMOUNT_MALFORMED (not a plain decimal), AMOUNT_PRECISION (a fraction of a fen),
    AMOUNT_OUT_OF_RANGE (beyond `MAX_FEN`).
    """

    __slots__ = ()

    @classmethod
    def from_yuan(cls, text: object) -> Self:
        """Read "1234.50" (yuan). Only ASCII digits, no sign of thousands, no unit, at most 2 decimals."""
        if not isinstance(text, str) or not (match := _YUAN.fullmatch(text)):
            raise PydanticCustomError(
                "AMOUNT_MALFORMED",
                '金额须为以元为单位的十进制字符串，如 "1000000.00" / money is a decimal string in yuan',
            )
        fraction = (match.group(2) or ".")[1:]
        if len(fraction) > 2:
            raise PydanticCustomError(
                "AMOUNT_PRECISION", "金额最多两位小数（精确到分） / at most two decimals (fen)"
            )
        if len(text) > 24:
            raise PydanticCustomError("AMOUNT_OUT_OF_RANGE", "金额超出范围 / amount out of range")
        sign = -1 if text.startswith("-") else 1
        whole = abs(int(text.split(".", 1)[0]))
        return cls._in_range(sign * (whole * 100 + int(fraction.ljust(2, "0") or "0")))

    @classmethod
    def _in_range(cls, fen: int) -> Self:
        if abs(fen) > MAX_FEN:
            raise PydanticCustomError("AMOUNT_OUT_OF_RANGE", "金额超出范围 / amount out of range")
        return cls(fen)

    def yuan(self) -> str:
        """The amount as people and the API write it: yuan with exactly two decimals."""
        whole, fraction = divmod(abs(int(self)), 100)
        return f"{'-' if self < 0 else ''}{whole}.{fraction:02d}"

    @classmethod
    def _validate(cls, value: Any, info: core_schema.ValidationInfo) -> Fen:
        if type(value) is Fen:
            return cls._in_range(value)
        if type(value) is int and info.context is not None and info.context.get("log"):
            return cls._in_range(value)
        return cls.from_yuan(value)

    @staticmethod
    def _serialise(value: int, info: core_schema.SerializationInfo[Any]) -> int | str:
        if info.context is not None and info.context.get("log"):
            return int(value)
        return Fen(value).yuan()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                cls._serialise, info_arg=True, when_used="json-unless-none"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,2})?$",
            "description": "金额，元，两位小数 / yuan with two decimals",
            "examples": ["1000000.00"],
        }


FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
"""The days that may be stated. Between them every deadline, term and moment can be counted in any time zone."""


def _business_date(value: Any, info: ValidationInfo) -> date:
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None  # the calendar has no such day
        if day is not None:
            if not FIRST_DAY <= day <= LAST_DAY and not (info.context or {}).get("log"):
                raise PydanticCustomError(
                    "DATE_OUT_OF_RANGE",
                    "日期须在 {first} 与 {last} 之间 / a date lies between {first} and {last}",
                    {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()},
                )
            return day
    raise PydanticCustomError(
        "DATE_MALFORMED", "日期须为 YYYY-MM-DD 且真实存在 / a date is YYYY-MM-DD and exists in the calendar"
    )


BusinessDate = Annotated[
    date,
    BeforeValidator(_business_date),
    WithJsonSchema(
        {"type": "string", "format": "date", "pattern": "^(19|2[0-9])", "examples": ["2021-06-17"]}
    ),
]
"""A day on which something happened or takes effect (Asia/Shanghai), never a moment, from 1900 to 2999.

DATE_MALFORMED, DATE_OUT_OF_RANGE; what the log holds was judged when it came in.
"""


_ZERO_WIDTH_JOINERS = (
    "\u200c\u200d"  # part of correct Uyghur and emoji, unlike the other invisible characters
)
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


def _clean_text(value: str) -> str:
    if value.isprintable():  # nothing of the categories below, in one step
        return value
    for char in value:
        if (
            char not in "\n\t"
            and char not in _ZERO_WIDTH_JOINERS
            and unicodedata.category(char) in _UNPRINTABLE
        ):
            raise PydanticCustomError(
                "FIELD_INVALID", "含有不可见的控制字符 / contains a control or invisible character"
            )
    return value


def _composed(value: Any) -> Any:
    return unicodedata.normalize("NFC", value) if type(value) is str else value


def _judged_once(value: Any, judge: ValidatorFunctionWrapHandler, info: ValidationInfo) -> str:
    """What the log holds was judged when it came in: a limit tightened later must not make history unreadable."""
    if type(value) is str and info.context is not None and info.context.get("log"):
        return value
    return cast("str", judge(value))


Text = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_clean_text),
    BeforeValidator(_composed),
    WrapValidator(_judged_once),
]
"""Free text that a person wrote: 1–2000 characters, NFC, nothing invisible but line breaks and tabs."""

Name = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(_clean_text),
    BeforeValidator(_composed),
    WrapValidator(_judged_once),
]
"""A name or document number: 1–120 characters."""

Code = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", max_length=64)
]
"""An identifier or code: ASCII letters, digits, `_ . : -`, at most 64 characters."""


_CODE_LENGTH: Final = 64
_DIGEST_LENGTH: Final = 20


def composed_code(*parts: str) -> str:
    """A code of several codes: as they are where together they are short enough, else their beginning and a digest of all.

    Different parts never give the same code, however long they are.
    """
    whole = "-".join(parts)
    if len(whole) <= _CODE_LENGTH:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{whole[: _CODE_LENGTH - _DIGEST_LENGTH - 1]}-{digest}"


@dataclass(frozen=True, slots=True)
class Refers:
    """Mark of a code that refers to something: before a request is decided, the log is asked whether it exists.

    `kind` is the kind of the aggregate it names, the part of a stream's name before the first hyphen. It has to exist on
    the business day (NOT_IN_EXISTENCE), but where what is said is about the past: then it may have `ended` by that day.
    """

    kind: str
    ended: bool = False

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The code's schema, with the kind of what it names."""
        return {**handler(schema), "x-refers": self.kind}


@dataclass(frozen=True, slots=True)
class Listed:
    """Mark of a code that stands in a table of the county (`domain.regulation.code_tables`), by the table's name.

    Before a request is decided, the rules of its day are asked whether they list it. Not `closed`: the table says what
    the regulation knows, and what else may stand there the decision says.
    """

    table: str
    closed: bool = True

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The code's schema, with the table that a form offers."""
        return {**handler(schema), "x-table": self.table}


DivisionCode = Annotated[Code, Refers("division")]
"""A division of the county: 6, 9 or 12 digits (GB/T 2260)."""

OrganizationCode = Annotated[Code, Refers("organization")]
"""A unit of the county."""

FormerOrganizationCode = Annotated[Code, Refers("organization", ended=True)]
"""A unit of the county, of today or of the past: what is said of it may be about a time when there still was one."""

FormerPersonCode = Annotated[Code, Refers("person", ended=True)]
"""A person, alive or not."""

PersonCode = Annotated[Code, Refers("person")]
"""A person who holds or held a post, or has a duty for an asset."""

AssetCode = Annotated[Code, Refers("asset")]
"""A managed asset."""

AssetTypeCode = Annotated[Code, Listed("asset-types")]
"""A type of asset (T2)."""

FundSourceCode = Annotated[Code, Listed("fund-sources")]
"""A source of funds (T1)."""

UnitOfMeasureName = Annotated[Name, Listed("units-of-measure")]
"""A unit of measure."""

PostCode = Annotated[Code, Listed("positions", closed=False)]
"""A post: one of those the regulation gives a duty to, or any other."""

NamedProcedure = Annotated[Code, Refers("procedure")]
"""The procedure that what is recorded carries out."""

DisposalSeriesCode = Annotated[Code, Refers("disposal_series")]
"""A code of a batch of disposals."""

PublicWelfarePostCode = Annotated[Code, Refers("public_welfare_post")]
"""A public-welfare post of a village."""

OperatorSelectionCode = Annotated[Code, Refers("operator_selection")]
"""A selection of an operator."""

PolicyOverrideCode = Annotated[Code, Refers("policy_override")]
"""An exception that the county government granted (P25)."""

JointReviewCode = Annotated[Code, Refers("joint_review")]
"""A joint review of the county's ledgers."""

_USCC_DIGITS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Letters that cannot be taken for a digit (GB 32100)."""


def _checked_uscc(value: str) -> str:
    weighted = sum(_USCC_DIGITS.index(char) * pow(3, place, 31) for place, char in enumerate(value[:17]))
    if _USCC_DIGITS.index(value[17]) != -weighted % 31:
        raise PydanticCustomError(
            "FIELD_INVALID", "统一社会信用代码校验位不符 / the check character does not fit"
        )
    return value


Uscc = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^N[0-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"),
    AfterValidator(_checked_uscc),
]
"""A collective's unified social credit code (GB 32100): N for registration by agriculture, with its check character."""

Sha256 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of a document's bytes, lower-case hexadecimal."""


@dataclass(frozen=True, slots=True)
class Archived:
    """Mark of a digest that is a paper's: the document store keeps its content under it (四(六)).

    `personal`: the paper shows households or names their members, whatever the event that names it is about.
    """

    personal: bool = False


PaperSha256 = Annotated[Sha256, Archived()]
"""The digest of a paper: a document, a photograph, a voucher."""
PersonalPaperSha256 = Annotated[Sha256, Archived(personal=True)]
"""The digest of a paper that names households, as a roll of members does."""

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]{1,3})?", re.ASCII)


def _quantity(value: object) -> Decimal:
    text: object = value
    if type(value) is Decimal:
        text = format(value, "f")
    elif type(value) is int:
        text = str(value)
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text) or len(text.split(".")[0].lstrip("-")) > 11:
        raise PydanticCustomError(
            "FIELD_INVALID", "数量最多 11 位整数、3 位小数 / at most 11 digits and 3 decimals"
        )
    return Decimal(text)


Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(lambda value: format(value.normalize(), "f"), return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,3})?$"},
                {"type": "integer", "minimum": -99_999_999_999, "maximum": 99_999_999_999},
            ],
            "examples": ["60", "12.5"],
        }
    ),
]
"""How many or how much, at most 3 decimals (register card item 6)."""


def split_exactly(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split `total` fen in proportion to integer weights; the parts always sum to `total`.

    Largest remainder; equal remainders go to the lower code first (parameter P15). Weights are not negative and
    not all zero, else `ValueError`. A negative total is split like its absolute value.
    """
    whole = sum(weights.values())
    if whole <= 0 or any(weight < 0 for weight in weights.values()):
        msg = "weights must be non-negative and not all zero"
        raise ValueError(msg)
    sign, amount = (-1, -total) if total < 0 else (1, total)
    parts = {code: amount * weight // whole for code, weight in weights.items()}
    rest = amount - sum(parts.values())
    by_remainder = sorted(weights, key=lambda code: (-(amount * weights[code] % whole), code))
    for code in by_remainder[:rest]:
        parts[code] += 1
    return {code: sign * part for code, part in parts.items()}


class PartyShare(Value):
    """One party's part of an asset, in fen of its original value. The parts of an asset sum to that value exactly."""

    party: OrganizationCode = Field(title="单位编号")
    amount: Fen = Field(title="份额金额")


def shares_by_ratio(original_value: int, ratio: Mapping[str, int]) -> tuple[PartyShare, ...]:
    """Shares of an asset by investment ratio (C4.5-06), exact to the fen, in order of party code."""
    parts = split_exactly(original_value, ratio)
    return tuple(PartyShare(party=code, amount=Fen(parts[code])) for code in sorted(parts))


def total(amounts: Iterable[int]) -> Fen:
    """Sum of amounts as `Fen`; may lie beyond `MAX_FEN`, which only a decision can refuse (`Occasion.in_range`)."""
    return Fen(sum(amounts))


def divided(amount: int, shares: tuple[PartyShare, ...]) -> tuple[PartyShare, ...]:
    """An amount in fen divided by shares, exact to the fen, in order of party code; () where nothing is to divide."""
    if not shares or amount == 0:
        return ()
    return shares_by_ratio(amount, {share.party: share.amount for share in shares})
