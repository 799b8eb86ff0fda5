"""Compliance of a unit on a day: measures that its kind must have in place and lacks, by clause (C4.3-03 and
further).
"""

from __future__ import annotations

from datetime import date

from pydantic import Field

from domain.organization.duties import office_members
from domain.organization.organization import Organization
from domain.refusals import RegulationWarning, refuse
from domain.regulation import Rules
from domain.values import Value
from projections.asset import register as asset_register
from projections.engine.rows import Row
from projections.organization import directory, duties as unit_duties
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.warnings import WarningBody, warning_body


class ComplianceItem(Value):
    """One thing a unit of its kind must have in place."""

    clause: str = Field(title="条款")
    article: str | None = Field(title="本县条文")
    quote: str | None = Field(title="条文原文")
    item: str = Field(title="检查事项")
    fulfilled: bool = Field(title="是否落实")
    missing: tuple[str, ...] = Field(title="缺少的内容")
    warning: WarningBody | None = Field(default=None, title="提示")


class Compliance(Value):
    """The health check of a unit on a day."""

    organization: str = Field(title="单位编号")
    kind: str = Field(title="单位类型")
    on: date = Field(title="日期")
    score: int = Field(title="已落实项数")
    items: tuple[ComplianceItem, ...] = Field(title="各检查事项")


async def compliance_of(source: Source, organization: str, on: date, min_position: int = 0) -> Compliance:
    """The health check of a unit on a day; NOT_FOUND."""
    unit = await source.load(Organization, organization)
    if unit is None:
        raise refuse("NOT_FOUND", what=organization)
    names = [one.PROJECTION.name for one in (unit_duties, asset_register, directory)]
    async with ledgers_now(source, names, min_position) as connection:
        row = await unit_duties.standing(connection, source.county, organization, on)
    items = tuple(_items(unit, row, (await source.regulation()).on(on)))
    return Compliance(
        organization=unit.id,
        kind=unit.card.kind,
        on=on,
        score=sum(item.fulfilled for item in items),
        items=items,
    )


def _items(unit: Organization, row: Row, rules: Rules) -> list[ComplianceItem]:
    items: list[ComplianceItem] = []
    kind = unit.card.kind
    sectors = {one.code for one in rules.organizations() if one.sector}
    if kind in {"TOWNSHIP", "DEPARTMENT"}:
        items.append(_rules_item("C4.3-03", "UNIT_RULES", "SUPERVISION_RULE", row, rules))
        absent = [] if row["task_force"] else ["taskForce"]
        told = rules.wording.warning("TASK_FORCE_MISSING", organization=unit.id) if absent else None
        items.append(_item("C4.3-04", "TASK_FORCE", absent, told, rules))
    if unit.id in sectors:
        absent = [] if row["guidance_given"] else ["guidance"]
        items.append(_item("C4.3-20", "GUIDANCE_GIVEN", absent, None, rules))
    if kind == "ASSET_OFFICE":
        absent = [code for code in office_members(rules) if code not in row["office_members"]]
        items.append(_item("C4.3-05", "OFFICE_MEMBERS", absent, None, rules))
    if kind == "VILLAGE":
        absent = ["ASSET_MANAGER"] if row["assets"] and not row["managers"] else []
        told = rules.wording.warning("MANAGER_REQUIRED", village=unit.id) if absent else None
        items.append(_item("C4.3-22", "ASSET_MANAGER", absent, told, rules))
    if kind in {"TOWNSHIP", "DEPARTMENT", "VILLAGE"}:
        principals = sorted(rules.codes("POSITION", f"PRINCIPAL_OF_{kind}"))
        absent = [] if set(principals) & set(row["posts"]) else principals
        told = rules.wording.warning("PRINCIPAL_VACANT", organization=unit.id) if absent else None
        items.append(_item("C5.1-01", "PRINCIPAL", absent, told, rules))
        items.append(_rules_item("C5.3-02", "MANAGEMENT_RULES", "MANAGEMENT_RULE", row, rules))
        items.append(_rules_item("C5.5-01", "SUPPORTING_RULES", "SUPPORTING_RULE", row, rules))
    return items


def _rules_item(clause: str, item: str, kind: str, row: Row, rules: Rules) -> ComplianceItem:
    """The topics of a list on which the unit has no rule in force."""
    topics = [one.code for one in rules.terms(kind) if f"{kind}/{one.code}" not in row["topics"]]
    told = rules.wording.warning("UNIT_RULE_MISSING", clause=clause, topics=topics) if topics else None
    return _item(clause, item, topics, told, rules)


def _item(
    clause: str, item: str, missing: list[str], told: RegulationWarning | None, rules: Rules
) -> ComplianceItem:
    article = rules.wording.article(clause)
    return ComplianceItem(
        clause=clause,
        article=None if article is None else article.id,
        quote=None if article is None else article.quote,
        item=item,
        fulfilled=not missing,
        missing=tuple(missing),
        warning=warning_body(told),
    )
