"""Warnings (提示) as answers show them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from domain.refusals import RegulationWarning
from domain.values import Value


class WarningBody(Value):
    """A warning: the command succeeded, this is reported."""

    code: str = Field(title="提示代码")
    clause: str | None = Field(default=None, title="条款")
    detail_zh: str = Field(title="说明（中文）")
    detail_en: str = Field(title="说明（英文）")
    params: dict[str, Any] = Field(default_factory=dict, title="参数")


def warning_body(warning: RegulationWarning | None) -> WarningBody | None:
    """A warning of the regulation as an answer shows it."""
    return None if warning is None else WarningBody.model_validate(warning.model_dump())
