"""The lists whose codes stand in columns of more than one ledger, or in the lines of a timeline."""

from __future__ import annotations

from typing import Final

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

UNIT_KIND: Final = states(
    VILLAGE="村",
    TOWNSHIP="乡（镇）",
    DEPARTMENT="行业部门",
    FARM="农（牧）场",
    COMPANY="企业",
    HOUSEHOLD="农户",
    COUNTY_GOV="县人民政府",
    LEADING_GROUP="领导小组",
    ASSET_OFFICE="资产管理办公室",
)
HOLDING: Final = states(ASSET="扶贫资产", HOUSEHOLD="到户资产")
DUTY: Final = states(MANAGER="管理人员", RESPONSIBLE="责任人")
RIGHT: Final = states(
    OWNERSHIP="所有权", USE="使用权", INCOME="收益权", DISPOSAL="处置权", SUPERVISION="监督权"
)
LOSS: Final = states(
    SOLD="出售", DIED="死亡", STOLEN="被盗", DISASTER="受灾", DAMAGED="损毁", OTHER="其他原因灭失"
)
CONTRACT_STATE: Final = states(
    NONE="无合同", ACTIVE="履行中", HOLDOVER="到期继续使用", EXPIRED="到期终止", TERMINATED="提前终止"
)
DISPOSAL_STATE: Final = states(
    NONE="未处置",
    PROPOSED="已提出",
    APPRAISED="已评估",
    PUBLISHED="已公开评估结果",
    FORWARDED="已上报",
    APPROVED="已批准",
    DISPOSED="已处置",
    REJECTED="未获批准",
    WITHDRAWN="已撤回",
)
TITLE_STATE: Final = states(
    UNCONFIRMED="未确权", IN_PROCEDURE="确权中", CONFIRMED="已确权", DISPUTED="权属不清"
)
OPERATION_STATE: Final = states(
    NOT_IN_USE="未投入使用",
    IN_USE="在用",
    PARTLY_USED="部分使用",
    IDLE="闲置",
    DAMAGED="损毁",
    LOST="灭失",
)
DUTY_OF_CUSTODY: Final = states(
    CUSTODIAN="管护主体",
    RESPONSIBLE_UNIT="管理责任单位",
    FIRST_RESPONSIBLE="管护第一责任人",
    MANAGER="管理人员",
    RESPONSIBLE="责任人",
    SUPERVISOR="监管单位",
)
PLACE_ROLE: Final = states(PROJECT_VILLAGE="项目所在村", TOWNSHIP="乡（镇）", OWNER_LOCATION="资产归属地")
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
