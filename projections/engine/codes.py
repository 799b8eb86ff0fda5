"""The lists whose codes stand in columns of more than one ledger, or in the lines of a timeline."""

from __future__ import annotations

from typing import Final

from domain import words
from projections.engine.meaning import (
    DAY,
    FLAG,
    MONEY,
    UNIT_CODE,
    Codes,
    Each,
    member,
    optional,
    parts,
    states,
    table,
    terms,
)

ASSET_CLASS: Final = table("asset_types.class")
SUBCLASS: Final = table("asset_types.subclass")
ASSET_TYPE: Final = table("asset_types.type")
FUND_SOURCE: Final = table("fund_sources.source", "fund_sources.parent")
SYSTEM: Final = table("external_systems.system")
OPERATING_MODE: Final = table("operation_modes.mode")
CHAIN: Final = table("chains.chain")
OWNERSHIP_RULE: Final = table("ownership_rules.rule")
ACCOUNTING_SYSTEM: Final = table("regimes.accounting_system")

POST: Final = terms("POSITION")
RISK_KIND: Final = terms("RISK_KIND")
DISPOSAL_KIND: Final = terms("DISPOSAL_KIND")
DEPARTURE_REASON: Final = Codes(terms=("DEPARTURE_REASON",), words=(("DETENTION", "被羁押"),))
CERTIFICATE: Final = terms("CERTIFICATE")
HERD_CHANGE: Final = terms("HERD_CHANGE")
ARCHIVE_KIND: Final = terms("ARCHIVE_KIND")

UNIT_KIND: Final = states(**words.UNIT_KIND)
HOLDING: Final = states(ASSET="扶贫资产", HOUSEHOLD="到户资产")
DUTY: Final = states(MANAGER="管理人员", RESPONSIBLE="责任人")
RIGHT: Final = states(**words.RIGHT)
LOSS: Final = states(
    SOLD="出售", DIED="死亡", STOLEN="被盗", DISASTER="受灾", DAMAGED="损毁", OTHER="其他原因灭失"
)
CONTRACT_STATE: Final = states(**words.CONTRACT_STATE)
DISPOSAL_STATE: Final = states(**words.DISPOSAL_STATE)
TITLE_STATE: Final = states(**words.TITLE_STATE)
OPERATION_STATE: Final = states(**words.OPERATION_STATE)
DUTY_OF_CUSTODY: Final = states(
    CUSTODIAN="管护主体",
    RESPONSIBLE_UNIT="管理责任单位",
    FIRST_RESPONSIBLE="管护第一责任人",
    MANAGER="管理人员",
    RESPONSIBLE="责任人",
    SUPERVISOR="监管单位",
)
PLACE_ROLE: Final = states(**words.PLACE_ROLE)
LEVEL: Final = Codes(tables=("departments.organization",), words=(("TOWNSHIP", "乡（镇）"),))
"""A level on a disposal's way up: the township, or a department."""

FUNDING_LINES: Final = Each(
    parts(
        "LedgerFundingLine",
        source=member("资金来源", FUND_SOURCE),
        amount=member("金额", MONEY),
        allocatedOn=member("拨付日期", DAY),
        documentNo=optional("资金文号"),
        village=optional("受益村", UNIT_CODE),
        directToVillage=optional("是否直接到村", FLAG),
        fromAsset=optional("来源资产"),
    )
)
SHARES: Final = Each(parts("LedgerShare", party=member("权利人", UNIT_CODE), amount=member("金额", MONEY)))
