"""What codes on ledgers are called in Chinese: the county's own tables first, then the states that ledgers have.

For spreadsheets and pages that people read. The API gives codes, with Chinese titles in its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.regulation import Regulation
from projections.oversight.data_quality import KINDS
from service.audit.verify import LABELS

_TABLES: Final = (
    "fund_sources.parent",
    "fund_sources.source",
    "asset_types.class",
    "asset_types.subclass",
    "asset_types.type",
    "operation_modes.mode",
    "external_systems.system",
    "departments.organization",
)
_LIST_OF: Final = {
    "use": "INCOME_USE",
    "disposal_kind": "DISPOSAL_KIND",
    "open_risks": "RISK_KIND",
    "risk": "RISK_KIND",
    "post": "POSITION",
    "first_responsible_post": "POSITION",
    "supervision": "POSITION",
    "project_scope": "PROJECT_SCOPE",
    "reason": "DEPARTURE_REASON",
    "certificates": "CERTIFICATE",
}
"""Columns whose codes are terms of one list; the same code means something else in another."""
_STATES: Final = {
    "REGISTERED": "已登记", "BOOKED": "已入账", "NONE": "无", "PROVISIONAL": "临时管护", "ASSIGNED": "已落实",
    "IN_HANDOVER": "移交中", "PROPOSED": "已提出", "APPRAISED": "已评估", "PUBLISHED": "已公示",
    "FORWARDED": "已上报", "APPROVED": "已批准", "DISPOSED": "已处置", "CLOSED": "已注销", "IN": "范围内",
    "OUT": "范围外", "VILLAGE": "村", "TOWNSHIP": "乡（镇）", "DEPARTMENT": "行业部门", "FARM": "农（牧）场",
    "CUSTODIAN": "管护主体", "RESPONSIBLE_UNIT": "管理责任单位", "SEALED": "已封存", "SUBMITTED": "已报送",
    "usefulLifeYears": "预计使用年限", "userRightHolder": "使用权人", "incomeRightHolders": "收益权人",
    "ASSET": "扶贫资产", "HOUSEHOLD": "到户资产", "COLLECTED": "已汇总", "MISSING": "缺", "FULFILLED": "已完成", "FILED": "已备案", "PENDING": "待办",
}  # fmt: skip


class Words:
    """Codes and their Chinese, of one county."""

    def __init__(self, regulation: Regulation) -> None:
        self._general: dict[str, str] = _STATES | KINDS
        for table in _TABLES:
            self._general.update({row.code: row.zh for row in regulation.rows[table]})  # type: ignore[attr-defined]
        for row in regulation.rows["regimes.accounting_system"]:
            self._general[row.regime] = row.zh  # type: ignore[attr-defined]
        self._general.update(LABELS)
        self._lists: dict[str, dict[str, str]] = {}
        for term in regulation.rows["vocabularies.term"]:
            self._lists.setdefault(term.list, {})[term.code] = term.zh  # type: ignore[attr-defined]

    def of(self, column: str) -> Mapping[str, str]:
        """Code → Chinese, for the codes of a ledger's column."""
        own = self._lists.get(_LIST_OF.get(column, ""), {})
        return self._general | own if own else self._general
