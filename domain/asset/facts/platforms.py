"""A platform company (国有资产管理公司平台, 四(七)3): authorised for parts of an operating asset's management; the owner stays the owner."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.values import BusinessDate, Code, Listed, Name, OrganizationCode, Value

OPERATE = "OPERATE"
"""The scope inside which a platform signs operating contracts."""


class PlatformAuthorisation(Value):
    """Authorisation of a company for parts of an asset's management, from a day to a day inclusive."""

    company: OrganizationCode = Field(title="平台公司")
    scopes: tuple[Annotated[Code, Listed("platform-scopes")], ...] = Field(
        title="授权事项", description="所有权人交由平台公司办理的管理事项", min_length=1, max_length=4
    )
    since: FactDay = Field(title="授权起始日期")
    until: Annotated[BusinessDate, NotBefore("since")] = Field(title="授权截止日期（含当日）")
    document_no: Annotated[Name, UNIT] = Field(title="授权文号")

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.since <= day <= self.until

    def clashes_with(self, other: PlatformAuthorisation) -> bool:
        """Whether both give the same scope, or the same company two papers, on one day."""
        both_days = self.since <= other.until and other.since <= self.until
        return both_days and (self.company == other.company or not {*self.scopes}.isdisjoint(other.scopes))
