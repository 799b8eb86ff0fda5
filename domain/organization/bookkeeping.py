"""Bookkeeping agents (代理财务核算, 四(七)): a company keeps a principal's books; ownership, use, approval and supervision stay.

An agent is bought as a service; it enters what happened for its principal, from its first day to its last, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Listed, Name, OrganizationCode, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

_PRINCIPALS: Final[Mapping[str, frozenset[str]]] = {
    "VILLAGE": frozenset({"VILLAGE_COLLECTIVE"}),
    "COMPANY": frozenset({"COOPERATIVE", "STATE_INVESTMENT_COMPANY"}),
}
"""What each kind of unit can be as a principal: villages through their collectives, companies by what they are."""


class AgentEngagement(Value):
    """Engagement of a bookkeeping agent, from a day to a day inclusive, by the procurement that chose it."""

    agent: OrganizationCode = Field(title="代理记账机构")
    principal_kind: Annotated[Code, Listed("agent-principals", closed=False)] = Field(title="委托单位类型")
    since: FactDay = Field(title="代理起始日期")
    until: Annotated[BusinessDate, NotBefore("since")] = Field(title="代理截止日期（含当日）")
    procurement_no: Annotated[Name | None, UNIT] = Field(default=None, title="政府购买服务采购编号")

    def covers(self, day: date) -> bool:
        """Whether it keeps the books on a day."""
        return self.since <= day <= self.until


def check_engagement(
    engagement: AgentEngagement, *, principal: str, kind: str, agent_kind: str, at: Occasion
) -> None:
    """One of the three kinds of principals has bought the service of a company (C4.7-04, C4.7-14).

    Refused: AGENT_PRINCIPAL_NOT_ALLOWED, PROCUREMENT_REQUIRED, FIELD_INVALID for an agent that is no company or the principal itself.
    """
    at.cite("C4.7-04", "C4.7-14")
    allowed = _PRINCIPALS.get(kind, frozenset()) & at.rules.codes("AGENT_PRINCIPAL")
    at.require(
        engagement.principal_kind in allowed,
        "AGENT_PRINCIPAL_NOT_ALLOWED",
        clause="C4.7-14",
        kind=engagement.principal_kind,
    )
    at.require(
        engagement.procurement_no,
        "PROCUREMENT_REQUIRED",
        clause="C4.7-04",
        missing=["engagement.procurementNo"],
    )
    if agent_kind != "COMPANY" or engagement.agent == principal:
        raise refuse("FIELD_INVALID", clause="C4.7-04", field="engagement.agent", value=engagement.agent)
