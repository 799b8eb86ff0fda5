"""Subject of a procedure: a text or plan as canonical content under its digest, so that it cannot be swapped.

The digest of the content is named by every vote, review, filing, decision and execution; another digest is another
text (PLAN_HASH_MISMATCH).
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from domain.refusals import refuse
from domain.values import Code, Sha256, Value

MAX_DEPTH: Final = 20
MAX_BYTES: Final = 262_144
"""Longest canonical content: 256 KiB. Longer texts are kept outside and named by their own digest."""


def canonical_content(content: dict[str, Any]) -> bytes:
    """The content's bytes, the same on every machine: sorted ASCII keys, no spaces, UTF-8, no fractions (RFC 8785)."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical content, lower-case hexadecimal."""
    return hashlib.sha256(canonical_content(content)).hexdigest()


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """The content in canonical order, whatever order it was typed in: a state that is kept equals one made from the log."""
    if not _admitted(content, MAX_DEPTH) or len(canonical_content(content)) > MAX_BYTES:
        raise PydanticCustomError(
            "FIELD_INVALID",
            "内容只能由文字、整数、是否、空值、数组和以英文为键的对象组成，不超过 256 KiB /"
            " text, whole numbers, booleans, null, arrays and objects with ASCII keys only, up to 256 KiB",
        )
    ordered: dict[str, Any] = json.loads(canonical_content(content))
    return ordered


def _admitted(value: Any, depth: int) -> bool:
    match value:
        case None | bool():
            return True
        case int():
            return abs(value) < 2**53
        case str():
            return "\x00" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
        case list() | tuple():
            return depth > 0 and all(_admitted(one, depth - 1) for one in value)
        case dict():
            return depth > 0 and all(
                key.isascii() and key.isprintable() and _admitted(one, depth - 1)
                for key, one in value.items()
            )
        case _:
            return False


Content = Annotated[dict[str, JsonValue], AfterValidator(_plain)]
"""A plan or text as JSON: no fractions (money is yuan strings), so that its digest is the same everywhere."""


class Subject(Value):
    """Subject: the text that is proposed, voted on, posted, reviewed, filed and carried out."""

    kind: Code = Field(title="事项类型")
    id: Code = Field(title="事项编号", description="资产、方案或清单的编号")
    sha256: Sha256 = Field(title="内容摘要", description="content 规范化后的 SHA-256")
    content: Content = Field(title="事项内容")

    def must_be_genuine(self) -> None:
        """The digest is that of the content. PLAN_HASH_MISMATCH."""
        if digest_of(self.content) != self.sha256:
            raise refuse("PLAN_HASH_MISMATCH", missing=["subject.sha256"])
