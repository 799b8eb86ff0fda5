"""The tables of a county that clients may read, under public names, and which codes each admits on a day.

A field of a request says by `domain.values.Listed` in which table its code stands. A table of this service's own is not
here: what roles a key can have and what a subject's text looks like is the same in every county.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from domain.regulation.not_in_effect import Waiting, waiting
from domain.regulation.rows import Row, Term
from domain.regulation.tables import TABLES

if TYPE_CHECKING:
    from domain.refusals import Refusal
    from domain.regulation.rules import Rules

_TERMS: Final = "vocabularies.term"


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A table under its public name.

    `source`: the table of the county's folder; `lists`: of the vocabulary, the lists it is made of. `refusal`, `clause`:
    how a code outside is refused, `param`: what the refusal's sentence calls it.
    """

    name: str
    zh: str
    source: str
    lists: tuple[str, ...] = ()
    refusal: str = "CODE_UNKNOWN"
    clause: str | None = None
    param: str | None = None

    @property
    def row_class(self) -> type[Row]:
        """The class of its rows."""
        return TABLES[self.source]

    @property
    def key(self) -> str:
        """The column that holds the code; "" for a table whose rows several columns name together."""
        if self.lists:
            return "code"
        columns = self.row_class.KEY
        return columns[0] if len(columns) == 1 else ""

    def rows(self, rules: Rules) -> tuple[Row, ...]:
        """Its rows in force, in the order of the county's file."""
        rows = rules.table(self.source, self.row_class)
        return tuple(
            row for row in rows if not self.lists or (isinstance(row, Term) and row.list in self.lists)
        )

    def codes(self, rules: Rules) -> frozenset[str]:
        """The codes of its rows in force; none for a table without a column of codes."""
        kept = _CODES.setdefault(rules, {})
        found = kept.get(self.name)
        if found is None:
            rows = self.rows(rules) if self.key else ()
            found = kept[self.name] = frozenset(str(getattr(row, self.key)) for row in rows)
        return found

    def waiting(self) -> tuple[Waiting, ...]:
        """What of it no decision reads yet."""
        return tuple(
            one
            for one in waiting()
            if one.table == self.source
            and (not self.lists or one.row is None or one.row.split(" ")[0] in self.lists)
        )

    def refused(self, field: str, value: str) -> Refusal:
        """The refusal of a code that it does not list. `field`: where the code stands in the body."""
        from domain.refusals import refuse

        told = {self.param: value} if self.param else {"field": field, "value": value}
        return refuse(self.refusal, clause=self.clause, listed_in=self.name, **told)


_CODES: Final[WeakKeyDictionary[Rules, dict[str, frozenset[str]]]] = WeakKeyDictionary()
"""Codes by table, of rules that are in use: every code of every body is looked for in them."""


def _tables() -> Iterator[CodeTable]:
    yield CodeTable("asset-classes", "资产类别", "asset_types.class", clause="C4.2-01")
    yield CodeTable("asset-subclasses", "资产子类", "asset_types.subclass", clause="C4.2-01")
    yield CodeTable("asset-types", "资产类型", "asset_types.type", clause="C4.2-01")
    yield CodeTable("line-departments", "资产类型的行业主管部门", "asset_types.line_department")
    yield CodeTable(
        "fund-sources", "资金来源", "fund_sources.source", refusal="FUND_SOURCE_UNKNOWN", param="source"
    )
    yield CodeTable("fund-source-groups", "须按下级来源填报的资金来源", "fund_sources.parent")
    yield CodeTable("guidance-rules", "管理指导部门的确定", "fund_sources.guidance")
    yield CodeTable("units-of-measure", "计量单位", "units_of_measure.unit", clause="C4.6-02")
    yield CodeTable("ownership-rules", "权属界定规则", "ownership_rules.rule")
    yield CodeTable("regimes", "主管部门与会计制度", "regimes.regime")
    yield CodeTable("accounting-systems", "会计制度", "regimes.accounting_system")
    yield CodeTable("posting-rules", "收益资金记账规则", "regimes.posting", clause="C4.9-05")
    yield CodeTable("chains", "办理流程", "chains.chain")
    yield CodeTable("disposal-routes", "处置的上报层级与批准机关", "chains.disposal_route", clause="C4.12-05")
    yield CodeTable("operation-modes", "经营方式", "operation_modes.mode", clause="C4.7-03")
    yield CodeTable("contract-clauses", "合同必备条款", "operation_modes.clause")
    yield CodeTable("custody-rules", "管护责任的确定", "custody.rule")
    yield CodeTable("card-items", "登记卡项目", "register_card.item")
    yield CodeTable("ledgers", "台账", "ledgers.ledger")
    yield CodeTable("intervals", "定期职责的间隔", "intervals.interval")
    yield CodeTable("external-systems", "外部系统", "external_systems.system", clause="C4.3-06")
    yield CodeTable("external-obligations", "须录入外部系统的资产", "external_systems.obligation")
    yield CodeTable("life-cycle-guards", "资产状态对业务的限制", "lifecycle.guard")
    yield CodeTable("organizations", "文件所列单位", "departments.organization")
    yield CodeTable("holidays", "本县节假日与调休", "calendar.holiday")
    yield CodeTable("calendar-years", "已录入的年度日历", "calendar.year")
    yield CodeTable("policy-versions", "政策版本", "policy.version")
    yield CodeTable("policy-documents", "上位文件", "policy.document")
    yield _list("risk-kinds", "风险种类", "RISK_KIND", refusal="UNKNOWN_RISK_KIND", param="kind")
    yield _list("income-uses", "收益用途", "INCOME_USE", refusal="USE_NOT_ALLOWED", param="use")
    yield _list("pv-income-uses", "光伏收益用途", "PV_INCOME_USE")
    yield _list("hardship-causes", "致困原因", "HARDSHIP_CAUSE")
    yield _list("priority-households", "重点关注户", "PRIORITY_HOUSEHOLD")
    yield _list("violations", "违规问题", "VIOLATION", refusal="VIOLATION_CODE_UNKNOWN", param="kind")
    yield _list("unit-rule-topics", "单位制度事项", "SUPERVISION_RULE", "MANAGEMENT_RULE", "SUPPORTING_RULE")
    yield _list("positions", "职务", "POSITION")
    yield _list("disposal-kinds", "处置方式", "DISPOSAL_KIND")
    yield _list("notice-media", "公开方式", "NOTICE_MEDIUM")
    yield _list("revitalisation-outcomes", "盘活方式", "REVITALISATION_OUTCOME")
    yield _list("risk-measures", "合同风险防范措施", "RISK_MEASURE")
    yield _list("certificates", "权属证书", "CERTIFICATE")
    yield _list("archive-kinds", "存档资料", "ARCHIVE_KIND")
    yield _list("herd-changes", "牲畜数量变动原因", "HERD_CHANGE", clause="C4.2-04")
    yield _list("household-actions", "到户资产可办业务", "HOUSEHOLD_ACTION")
    yield _list("departure-reasons", "离任原因", "DEPARTURE_REASON")
    yield _list("agent-principals", "可委托记账的单位", "AGENT_PRINCIPAL")
    yield _list("platform-scopes", "平台公司授权事项", "PLATFORM_SCOPE")
    yield _list("project-scopes", "项目范围", "PROJECT_SCOPE")
    yield _list("funds-outside-finance", "不经财政拨付的资金来源", "FUND_OUTSIDE_FINANCE")


def _list(
    name: str,
    zh: str,
    *lists: str,
    refusal: str = "CODE_UNKNOWN",
    clause: str | None = None,
    param: str | None = None,
) -> CodeTable:
    return CodeTable(name, zh, _TERMS, lists, refusal=refusal, clause=clause, param=param)


CODE_TABLES: Final[Mapping[str, CodeTable]] = {table.name: table for table in _tables()}
"""Every table by its public name; the parameters have an address of their own (`/v1/policy/parameters`)."""

_OTHERWISE: Final[Mapping[str, str]] = {"fund-sources": "fund-source-groups"}
"""Tables beside which another says why its codes do not do: the decision tells which sub-source to name."""


def admits(table: CodeTable, code: str, rules: Rules) -> bool:
    """Whether the code may stand in a field of this table, as far as the table says."""
    if code in table.codes(rules):
        return True
    beside = _OTHERWISE.get(table.name)
    return beside is not None and code in CODE_TABLES[beside].codes(rules)
