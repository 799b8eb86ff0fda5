"""Imported history in the life of an asset (历史补录): what came in without the procedure that it would rest on today (D6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.classification import UNIT
from domain.values import BusinessDate, Value


class ImportedHistory(Value):
    """A part of an asset's record that came in as imported history: which event, of what day, from where."""

    event: Annotated[str, UNIT] = Field(title="补录事件类型")
    occurred_on: BusinessDate = Field(title="补录事项日期")
    source: Annotated[str, UNIT] = Field(title="补录来源")
