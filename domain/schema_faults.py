"""Faults against a schema, in both languages: the library's errors by their type."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecodeError
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "missing": "缺少必填内容",
    "extra_forbidden": "没有这个字段",
    "string_type": "应填文字",
    "string_sub_type": "应填文字",
    "string_unicode": "应填文字",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "格式不符合规定",
    "bool_type": "应填是（true）或否（false）",
    "bool_parsing": "应填是（true）或否（false）",
    "int_type": "应填整数",
    "int_parsing": "应填整数",
    "int_parsing_size": "数字过大",
    "int_from_float": "应填整数",
    "float_type": "应填数字",
    "float_parsing": "应填数字",
    "decimal_type": "应填数字",
    "decimal_parsing": "应填数字",
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "最多 {decimal_places} 位小数",
    "decimal_whole_digits": "最多 {whole_digits} 位整数",
    "finite_number": "应填有限的数字",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "须不小于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "须不大于 {le}",
    "multiple_of": "须为 {multiple_of} 的倍数",
    "literal_error": "请从规定的选项中选填",
    "enum": "请从规定的选项中选填",
    "union_tag_invalid": "种类不在规定的选项中",
    "union_tag_not_found": "缺少种类",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "set_type": "应为列表",
    "frozen_set_type": "应为列表",
    "dict_type": "应为对象",
    "mapping_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "dataclass_type": "应为对象",
    "none_required": "须留空",
    "date_type": "应填日期",
    "date_parsing": "应填日期",
    "date_from_datetime_parsing": "应填日期",
    "date_from_datetime_inexact": "应填日期，不带时间",
    "datetime_type": "应填时刻",
    "datetime_parsing": "应填时刻",
    "datetime_from_date_parsing": "应填时刻",
    "timezone_aware": "时刻须带时区",
    "url_type": "应填网址",
    "url_parsing": "网址格式不对",
    "url_scheme": "网址的协议不可用",
    "url_too_long": "网址过长",
    "uuid_type": "编号格式不对",
    "uuid_parsing": "编号格式不对",
    "json_invalid": "内容不是有效的 JSON",
    "json_type": "内容不是有效的 JSON",
}
"""Pydantic's kinds of error, the figures of their context in braces. Its own words are the English."""
_OTHERWISE: Final = "内容不符合要求"
_OF_VALIDATORS: Final = "Value error, "
BOTH: Final = " / "
"""Between the two languages of what is said in both."""


def in_words(error: Mapping[str, Any]) -> str:
    """What is wrong with a value, in both languages; a validator of ours says both itself."""
    said = str(error["msg"]).removeprefix(_OF_VALIDATORS)
    if BOTH in said:
        return said
    words = _WORDS.get(error["type"], _OTHERWISE)
    if said and not said.isascii():
        words = said
    try:
        return words.format_map(error.get("ctx", {})) + BOTH + said
    except KeyError:  # asked without its context
        return _OTHERWISE + BOTH + said


def unread(error: JSONDecodeError) -> str:
    """Why a text is no JSON, in both languages; the parser's own words are the English."""
    return f"第 {error.lineno} 行第 {error.colno} 列无法读取" + BOTH + str(error)
