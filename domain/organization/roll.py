"""A village's roll (应到人数): how many representatives, or members and households, may decide there on a day (C3-02, P10).

The township records it from the election or the register, so that no meeting says of itself how many could have come.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.refusals import refuse
from domain.values import BusinessDate, Name, PersonalPaperSha256, Value

if TYPE_CHECKING:
    from collections.abc import Iterable


RollBody = Literal["REPRESENTATIVES", "MEMBERS"]


class VillageRoll(Value):
    """Roll of those who may decide, from a day to a day inclusive: elected representatives, or all members and their
    households.
    """

    body: RollBody = Field(
        title="议事主体", description="REPRESENTATIVES 村民（成员）代表 / MEMBERS 村民（成员）"
    )
    count: int = Field(title="人数", ge=1, le=1_000_000, strict=True)
    households: int | None = Field(
        default=None, title="户数", ge=1, le=1_000_000, strict=True, description="MEMBERS 必填"
    )
    since: FactDay = Field(title="起始日期")
    until: Annotated[BusinessDate, NotBefore("since")] = Field(title="截止日期（含当日）")
    document_no: Name = Field(title="选举结果或名册文号")
    document_sha256: PersonalPaperSha256 = Field(title="选举结果或名册摘要")

    def check(self) -> None:
        """Refused: FIELD_REQUIRED and FIELD_INVALID for households that lack or do not belong."""
        if self.body == "MEMBERS" and self.households is None:
            raise refuse("FIELD_REQUIRED", field="roll.households")
        if self.body == "REPRESENTATIVES" and self.households is not None:
            raise refuse("FIELD_INVALID", field="roll.households")


def roll_on(rolls: Iterable[VillageRoll], body: str, day: date) -> VillageRoll | None:
    """The roll in force on a day: the one that began last and, of those, the one recorded last."""
    found: VillageRoll | None = None
    for one in rolls:
        if one.body == body and one.since <= day <= one.until and (found is None or one.since >= found.since):
            found = one
    return found
