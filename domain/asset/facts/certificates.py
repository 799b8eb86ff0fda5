"""Certificates: the township's 确权书 to joint villages, and the title and real-estate certificates of the registrar.

A number is given once in a county. That an asset has no certificate blocks nothing (C4.3-09).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.values import BusinessDate, Code, Fen, Name, Text, Value


class OwnershipCertificate(Value):
    """The township's certificate of one joint village's share, fen (确权书, C4.5-06)."""

    village: Code = Field(title="所有权村")
    amount: Fen = Field(title="份额")
    number: Name = Field(title="确权书编号")
    issued_on: Annotated[FactDay, NotBefore("start")] = Field(title="发放日期")


class TitleCertificate(Value):
    """A certificate asked for at the natural-resources bureau: 产权证 of any asset, 不动产证 of real estate."""

    certificate: Code = Field(title="办证编号")
    kind: Literal["TITLE", "REAL_ESTATE"] = Field(
        title="证书种类", description="TITLE 产权证 / REAL_ESTATE 不动产证"
    )
    holder: Code = Field(title="权利人")
    applied_on: Annotated[FactDay, NotBefore("start")] = Field(title="申请日期")
    state: Literal["APPLIED", "ISSUED", "INELIGIBLE"] = Field(default="APPLIED", title="产权证办理状态")
    number: Name | None = Field(default=None, title="证书编号")
    decided_on: BusinessDate | None = Field(default=None, title="发证（答复）日期")
    reason: Text | None = Field(default=None, title="不符合条件的理由")

    def as_applied(self) -> TitleCertificate:
        """The application before any answer."""
        return self.model_copy(
            update={"state": "APPLIED", "number": None, "decided_on": None, "reason": None}
        )


class PropertyRegistration(Value):
    """The owner's share in the register of collective property (产权登记, C4.5-17)."""

    party: Code = Field(title="权利人")
    registration_no: Name = Field(title="产权登记号")
    registered_on: Annotated[FactDay, NotBefore("start")] = Field(title="登记日期")
