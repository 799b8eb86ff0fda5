"""The entry of an asset in an owner's accounts (入账, C4.3-13)."""

from __future__ import annotations

from pydantic import Field

from domain.values import BusinessDate, Code, Fen, Name, Value


class Booking(Value):
    """Entry in an owner's accounts: the confirmed share, or the original value before confirmation (C4.3-13)."""

    party: Code = Field(title="入账单位")
    amount: Fen = Field(title="入账金额")
    voucher_no: Name = Field(title="记账凭证号")
    booked_on: BusinessDate = Field(title="入账日期")
