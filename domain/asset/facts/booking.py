"""The entry of an asset in an owner's accounts (入账, C4.3-13)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.values import Code, Fen, Name, Value


class Booking(Value):
    """Entry in an owner's accounts: the confirmed share, or the original value before confirmation (C4.3-13)."""

    party: Code = Field(title="入账单位")
    amount: Fen = Field(title="入账金额")
    voucher_no: Name = Field(title="记账凭证号")
    booked_on: Annotated[FactDay, NotBefore("start")] = Field(title="入账日期")
