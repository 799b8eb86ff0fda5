"""Advice on the keeper and the supervisor of an asset by the custody table (T7), in units instead of roles (四(三),
四(十)).

Custody and supervision are assigned by people, as the row says; where the row is a gap of the text, as they see fit.
Where not even one supervising unit can be derived, custody is refused (C4.3-02).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from domain.values import Code, Value

if TYPE_CHECKING:
    from domain.asset.facts.card import RegisterCard
    from domain.asset.guidance import Guidance
    from domain.occasion import Occasion


class CareAdvice(Value):
    """The custody table's answer for one asset: the row, and the units its roles stand for today."""

    rule: str = Field(title="适用规则")
    custodians: tuple[Code, ...] = Field(title="管护主体")
    first_responsible: str | None = Field(default=None, title="管护第一责任人（角色）")
    supervisors: tuple[Code, ...] = Field(title="监管单位")
    required: tuple[Code, ...] = Field(
        default=(),
        title="必须列入的监管单位",
        description="有第一监管责任人的资产，本规则所列监管单位缺一不可",
    )
    first_supervisor: str | None = Field(default=None, title="第一监管责任人（角色）")
    accountable: tuple[Code, ...] = Field(title="直接责任主体", description="始终为所有权人")
    maintenance_body: tuple[Code, ...] = Field(
        title="维护管理主体", description="行业部门所有的为该部门，其余为所在乡（镇）"
    )
    cost_backstop: str | None = Field(default=None, title="管护费用兜底")
    warning: str | None = Field(default=None, title="提示代码")
    rule_gap: bool = Field(default=False, title="文件未明确")
    clauses: tuple[str, ...] = Field(title="依据条款")


def advise_care(
    card: RegisterCard,
    *,
    owner_kind: str,
    owners: tuple[str, ...],
    operator: str | None,
    self_operated: bool,
    guidance: Guidance | None,
    at: Occasion,
) -> CareAdvice:
    """The advice for a confirmed asset. Refused: RULE_GAP when no row of the table covers it.

    Refused also: CODE_UNKNOWN, LINE_DEPT_UNMAPPED.
    """
    row = at.rules.custody(
        card.asset_class,
        card.project_scope,
        owner_kind,
        operator_present=operator is not None,
        self_operated=self_operated,
    )
    township = f"{card.location[:9]}000"
    running = () if operator is None else (operator,)
    units: dict[str, tuple[str, ...]] = {
        "OWNER": owners,
        "EACH_OWNER_VILLAGE": owners,
        "OPERATOR": running,
        "OPERATOR_OR_OWNER": running or owners,
        "IMPLEMENTER": (card.implementer,),
        "TOWNSHIP": (township,),
        "VILLAGE": (card.location,),
        "GUIDING_DEPARTMENT": () if guidance is None else (guidance.lead,),
    }

    def named(*roles: str) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for role in roles:
            known = (at.rules.line_department(card.asset_type),) if role == "LINE_DEPARTMENT" else None
            found.update(dict.fromkeys(known or units.get(role, (role,))))
        return tuple(found)

    supervisors = row.supervisors
    clauses = row.articles
    if (
        owner_kind == "VILLAGE"
    ):  # the township answers for what its villages own, whatever the row says (C4.3-18)
        supervisors, clauses = (*supervisors, "TOWNSHIP"), (*clauses, "C4.3-18")
    return CareAdvice(
        rule=row.code,
        custodians=named(row.custodian),
        first_responsible=row.first_responsible,
        supervisors=named(*supervisors),
        first_supervisor=row.first_supervisor,
        required=named(*row.supervisors) if row.first_supervisor and not row.rule_gap else (),
        accountable=owners,
        maintenance_body=owners if owner_kind == "DEPARTMENT" else (township,),
        cost_backstop=row.cost_backstop,
        warning=row.warning,
        rule_gap=row.rule_gap,
        clauses=tuple(dict.fromkeys((*clauses, "C4.10-01"))),
    )
