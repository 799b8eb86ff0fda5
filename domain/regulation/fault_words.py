"""Faults of values in a county's folder, in the words of whoever wrote them there."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

_WORDS: Final = {
    "missing": "缺少",
    "extra_forbidden": "没有这个字段",
    "string_type": "须为文字（加引号）",
    "string_too_short": "不得为空",
    "bool_type": "须为 true 或 false",
    "bool_parsing": "须为 true 或 false",
    "int_type": "须为整数",
    "int_parsing": "须为整数",
    "int_from_float": "须为整数",
    "date_type": "须为日期，如 2021-08-01（不加引号）",
    "date_parsing": "须为日期，如 2021-08-01（不加引号）",
    "date_from_datetime_parsing": "须为日期，如 2021-08-01（不加引号）",
    "date_from_datetime_inexact": "须为日期，不带时间",
    "tuple_type": "须为列表 […]",
    "list_type": "须为列表 […]",
    "frozen_set_type": "须为列表 […]",
    "dict_type": "须为内联表 {{…}}",
    "model_type": "须为内联表 {{…}}",
    "model_attributes_type": "须为内联表 {{…}}",
    "too_short": "至少 {min_length} 项",
    "literal_error": "只能是 {expected}",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "须不小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "须不大于 {le}",
}
"""Pydantic's kinds of error, the numbers of their context in braces."""


def faults_in(error: ValidationError) -> list[str]:
    """Each thing that is wrong: the field by its name in the file, and what it has to be."""
    return [_fault(one) for one in error.errors(include_url=False)]


def _fault(one: ErrorDetails) -> str:
    field = ".".join(to_snake(part) if isinstance(part, str) else str(part + 1) for part in one["loc"])
    words = _WORDS.get(one["type"])
    said = one["msg"].removeprefix("Value error, ") if words is None else words.format(**one.get("ctx", {}))
    return f"{field} {said}".strip()
