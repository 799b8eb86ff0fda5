"""JSON as this service takes it: bounded nesting, and no name twice in one object.

The text may be hostile and its sender unknown: time and memory grow with its length and with nothing else. orjson
decides what is JSON. It keeps the last of two members with one name, so fewer members than colons are a reason to look
again; strings hold colons too, so a second parser, of the standard library, then says which name it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson

from domain.refusals import refuse
from domain.schema_faults import unread

MAX_DEPTH: Final = 24
"""Deepest nesting of objects and arrays."""

_CONTAINERS: Final = frozenset({dict, list})


def parse(text: bytes) -> Any:
    """The value that a JSON text stands for; BODY_MALFORMED or BODY_TOO_DEEP."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "depth limit" in str(error):
            raise refuse("BODY_TOO_DEEP", limit=MAX_DEPTH) from error
        raise refuse("BODY_MALFORMED", reason=unread(error)) from error
    if members_of(value) != text.count(b":"):
        _refuse_repeated_names(text)
    return value


def members_of(value: Any) -> int:
    """How many members all objects in a value have; BODY_TOO_DEEP. Level by level, so that depth costs no stack."""
    count, level = 0, [value]
    for _ in range(MAX_DEPTH + 1):
        level = [one for one in level if type(one) in _CONTAINERS]
        if not level:
            return count
        below: list[Any] = []
        for one in level:
            if type(one) is dict:
                count += len(one)
                below.extend(one.values())
            else:
                below.extend(one)
        level = below
    raise refuse("BODY_TOO_DEEP", limit=MAX_DEPTH)


def _refuse_repeated_names(text: bytes) -> None:
    """BODY_MALFORMED when an object has two members of one name. The text is JSON, and not nested too deeply."""
    json.loads(text.decode(), object_pairs_hook=_pass_distinct_names, parse_int=_unread, parse_float=_unread)


def _pass_distinct_names(pairs: Sequence[tuple[str, Any]]) -> None:
    """Let an object pass whose names are different; nothing of it is kept."""
    if len(dict(pairs)) != len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise refuse(
            "BODY_MALFORMED",
            reason=f"同一对象中有两个“{twice[:60]}” / the name {twice[:60]!r} stands twice in one object",
        )


def _unread(_digits: str) -> None:
    """Numbers are of no interest here, and a long one would take its time."""
