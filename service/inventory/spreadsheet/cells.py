"""One cell, one value: amounts, days, quantities, years, texts as clerks write them. Nothing is guessed.

Every function gives None for an empty cell and raises a refusal for what it cannot read, or can read in two ways. A
month without a day is its first day (and is told); a year alone is a day only where a year is enough.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from domain.refusals import Refusal, refuse
from domain.values import MAX_FEN, Fen
from service.inventory.spreadsheet.container import Shown
from service.inventory.spreadsheet.grid import Cell

Precision = Literal["DAY", "SERIAL", "MONTH", "YEAR"]
"""How exactly a day was written. SERIAL: a bare spreadsheet day number."""

_BLANK: Final = frozenset({"", "-", "--", "—", "——", "/", "\\", "无"})
_ERROR: Final = re.compile(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NULL!|NUM!|CALC!|SPILL!|#+)", re.ASCII)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_GROUPED_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", re.ASCII)
_FULL_DAY: Final = re.compile(r"([0-9]{4})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})[日号]?", re.ASCII)
_MONTH: Final = re.compile(r"([0-9]{4})(?:[-./]([0-9]{1,2})|年([0-9]{1,2})月?)", re.ASCII)
_DIGITS_DAY: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
_DIGITS_MONTH: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})", re.ASCII)
_YEAR: Final = re.compile(r"((?:19|20)[0-9]{2})(?:年度?)?", re.ASCII)
_TIME: Final = re.compile(r"[ T]0{1,2}:00(:00(\.0+)?)?$", re.ASCII)
_SERIAL_DAYS: Final = range(20_000, 80_000)
"""Day numbers from 1954 to 2119; smaller and larger numbers are nothing a ledger of assets would hold."""
_SERIAL_ZERO: Final = date(1899, 12, 30)
_SERIAL_ZERO_1904: Final = date(1904, 1, 1)


def text_of(cell: Cell) -> str | None:
    """A text. Whole numbers are written without a fraction, as codes and document numbers are meant."""
    if isinstance(cell, str):
        stripped = cell.strip()
        if _ERROR.fullmatch(stripped):
            raise refuse("FIELD_INVALID", reason="公式出错 / the formula failed")
        return stripped or None
    if isinstance(cell, bool | timedelta):
        raise refuse("FIELD_INVALID", reason="不是文本 / not a text")
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int | float):
        number = _decimal(cell)
        if abs(number) >= 10**15:
            raise refuse(
                "FIELD_INVALID", reason="超过 15 位的数字已失真，请设为文本 / over 15 digits, make it a text"
            )
        return format(number.quantize(Decimal(1)) if number == number.to_integral_value() else number, "f")
    raise refuse("FIELD_INVALID", reason="不是文本 / not a text")


def _decimal(number: float) -> Decimal:
    """A number as spreadsheets show it: 15 significant digits, so that 0.1 + 0.2 is 0.3."""
    return Decimal(format(number, ".15g")) if isinstance(number, float) else Decimal(number)


def _folded(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip()
    if _ERROR.fullmatch(text):
        raise refuse("FIELD_INVALID", reason="公式出错 / the formula failed")
    return text


def number_of(cell: Cell) -> Decimal | None:
    """A number: digits may be full-width and grouped by thousands. AMOUNT_MALFORMED, CELL_AMBIGUOUS."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise refuse("AMOUNT_MALFORMED")
    if not isinstance(cell, str):
        try:
            return _decimal(cell)
        except InvalidOperation as error:
            raise refuse("AMOUNT_MALFORMED") from error
    text = _folded(cell).replace(" ", "")
    if text in _BLANK:
        return None
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text)
    if _GROUPED_NUMBER.fullmatch(text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(r"[+-]?[0-9.,]+", text, re.ASCII) and text.strip("+-.,"):
        raise refuse("CELL_AMBIGUOUS", reason="逗号、小数点的用法不明 / unclear commas or points")
    raise refuse("AMOUNT_MALFORMED")


_MONEY_UNIT: Final = re.compile(r"^(?:[¥￥]|人民币)?(.*?)(百万元|万元|千元|万|元)?(?:人民币|整)?$")
_UNIT_FEN: Final = {"元": 100, "千元": 100_000, "万": 1_000_000, "万元": 1_000_000, "百万元": 100_000_000}


def money_of(cell: Cell, unit: int, shown: Shown | None = None) -> Fen | None:
    """An amount in a column whose numbers count `unit` fen. A unit in the cell has to be the column's, whether it was
    typed or is `shown` by the cell's format; a format that shows another number than was saved can be read both ways.

    AMOUNT_MALFORMED, AMOUNT_PRECISION (a fraction of a fen), AMOUNT_OUT_OF_RANGE, CELL_AMBIGUOUS.
    """
    if isinstance(cell, str):
        text = _folded(cell).replace(" ", "")
        match = _MONEY_UNIT.match(text)
        if match is not None and match.group(2):
            if _UNIT_FEN[match.group(2)] != unit:
                raise refuse("CELL_AMBIGUOUS", reason="单位与表头不一致 / its unit is not the column's")
            text = match.group(1)
        elif match is not None:
            text = match.group(1)
        cell = text
    elif shown == "SCALED":
        reason = "显示的数与保存的数不同，请清除单元格格式 / its format shows another number, clear it"
        raise refuse("CELL_AMBIGUOUS", reason=reason)
    elif shown is not None and _UNIT_FEN[shown] != unit:
        raise refuse("CELL_AMBIGUOUS", reason=f"{shown}：单位与表头不一致 / its unit is not the column's")
    number = number_of(cell)
    if number is None:
        return None
    fen = number * unit
    if abs(fen) > MAX_FEN:
        raise refuse("AMOUNT_OUT_OF_RANGE")
    if fen != fen.to_integral_value():
        raise refuse("AMOUNT_PRECISION")
    return Fen(int(fen))


_QUANTITY: Final = re.compile(r"([+-]?[0-9][0-9.,]*)([^0-9.,+-].*)")


def quantity_of(cell: Cell) -> tuple[Decimal, str | None] | None:
    """How many, and the unit that stands in the same cell (35只); at most three decimals (judged with the card)."""
    unit = None
    if isinstance(cell, str) and (match := _QUANTITY.fullmatch(_folded(cell).replace(" ", ""))):
        cell, unit = match.groups()
    try:
        number = number_of(cell)
    except Refusal as refusal:
        raise refuse("QUANTITY_MALFORMED") if refusal.code == "AMOUNT_MALFORMED" else refusal from None
    return None if number is None else (number.normalize() + 0, unit)


def years_of(cell: Cell) -> int | None:
    """Whole years: 10, "10年"."""
    if isinstance(cell, str):
        cell = _folded(cell).removesuffix("年").strip()
    number = number_of(cell)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise refuse("USEFUL_LIFE_INVALID", value=str(number))
    return int(number)


def day_of(cell: Cell, *, typed: bool, since_1904: bool = False) -> tuple[date, Precision] | None:
    """A day and how exactly it was written. `typed`: the file tells texts from numbers (delimited text does not);
    `since_1904`: its day numbers do not count from 1900.

    DATE_MALFORMED; CELL_AMBIGUOUS for the number 2019.1, which is January as well as October written 2019.10.
    """
    if isinstance(cell, datetime):
        return cell.date(), "DAY"
    if isinstance(cell, date):
        return cell, "DAY"
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise refuse("DATE_MALFORMED")
    if isinstance(cell, str):
        text = _TIME.sub("", _folded(cell)).replace(" ", "")
        return None if text in _BLANK else _day_of_text(text, a_number=not typed)
    number = _decimal(cell)
    whole = int(number)
    if number == whole and whole in _SERIAL_DAYS:
        return (_SERIAL_ZERO_1904 if since_1904 else _SERIAL_ZERO) + timedelta(days=whole), "SERIAL"
    return _day_of_text(format(number, "f").removesuffix(".0"), a_number=True)


def _day_of_text(text: str, *, a_number: bool) -> tuple[date, Precision]:
    if match := _FULL_DAY.fullmatch(text) or _DIGITS_DAY.fullmatch(text):
        return _day(match[1], match[2], match[3]), "DAY"
    if match := _MONTH.fullmatch(text):
        if a_number and re.fullmatch(r"[0-9]{4}\.1", text, re.ASCII):
            raise refuse("CELL_AMBIGUOUS", reason=f"{text}：1 月还是 10 月 / January or October")
        return _day(match[1], match[2] or match[3], "1"), "MONTH"
    if match := _DIGITS_MONTH.fullmatch(text):
        return _day(match[1], match[2], "1"), "MONTH"
    if match := _YEAR.fullmatch(text):
        return _day(match[1], "1", "1"), "YEAR"
    raise refuse("DATE_MALFORMED")


def _day(year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise refuse("DATE_MALFORMED") from error


def year_alone() -> Refusal:
    """A year where a month is needed."""
    return refuse("CELL_AMBIGUOUS", reason="只有年份，须写到月 / a year alone, the month is needed")
