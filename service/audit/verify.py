#!/usr/bin/env python3
"""Verify an audit pack (审计包), a handover certificate (交接证明) or an exported log (日志导出) offline.

This one file, Python 3.10 or newer, nothing else.

    python3 verify.py FILE --key KEY [--witness KEY]… [--since CHECKPOINT [--proof JSON]] [--json]

KEY is what the log's owner told you by another way than the file: the verifier key (name+id+base64), the fingerprint
of the public key (64 hexadecimal digits), or a file that holds one of them. Without it everything is checked all the
same, but anybody could have signed: the answer is then not GOOD.

Exit codes: 0 good; 1 bad, with the first bad place; 2 cannot be read, or wrong arguments; 6 everything fits together,
but no key was named; 7 a pack of another version of the format; from 10 on an archive that no pack is, one code for
each kind: 10 no archive, 11 cut off, 12 bytes that belong to no file, 13 too many files, 14 a name no file has, 15 a
name twice, 16 encrypted, 17 another method, 18 zip64, 19 too large, 20 packed too tightly, 21 other sizes than said,
22 links or folders, 23 headers that do not fit.

What is checked of a pack, in this order: the bounds and form of the archive; the signatures; the digest of every file;
that every event is in the signed tree, byte for byte; that no event of the streams shown and no stream that names the
person is missing, by the signed index; that the figures of all ledgers follow from the events; that spreadsheet and
page are byte for byte what this program makes of them.

Take this file from a place you trust: the copy inside a pack is there for convenience, and a replaced one could say
anything. What cannot be seen here: events that were never recorded, and a log whose owner signed two different
histories; against the latter there are witnesses and earlier checkpoints to compare with (--since).
"""

from __future__ import annotations

import argparse
import base64
import gc
import hashlib
import json
import re
import struct
import sys
import unicodedata
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from html import escape, unescape
from io import BytesIO
from itertools import chain, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

FORMAT: Final = "taizhang-audit-pack/6"
EVENTS, PROOF, INDEX, INDEX_PROOF = "events.txt", "events.proof", "index.txt", "index.proof"
CHECKPOINT, TABLES_FILE, WORKBOOK, PAGE = "checkpoint.txt", "tables.json", "交接清册.xlsx", "说明.html"
EXAMINATION = "examination.json"
MANIFEST, SIGNATURE, KEYS, VERIFIER = "manifest.json", "manifest.sig", "keys.txt", "verify.py"
FILES: Final = (
    EVENTS,
    PROOF,
    INDEX,
    INDEX_PROOF,
    CHECKPOINT,
    KEYS,
    EXAMINATION,
    TABLES_FILE,
    WORKBOOK,
    PAGE,
    VERIFIER,
)
"""Files of a pack, in order; the manifest and its signature come last."""
PAGE_ROWS: Final = 1_000
"""Longest table that the page shows; longer ones are in the spreadsheet only."""
HEADER_ROW: Final = 4
"""Row of a sheet that holds the headers; the table starts below it."""

TABLES: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    "inventory": ("清册", (
        ("序号", "n"), ("资产编号", "t"), ("资产名称", "t"), ("类别", "t"), ("类型", "t"), ("所在地", "t"),
        ("数量", "t"), ("单位", "t"), ("原始价值", "m"), ("累计折旧", "m"), ("净值", "m"), ("权属", "t"),
        ("所有权人", "t"), ("使用状况", "t"), ("经营主体", "t"), ("管护主体", "t"), ("管理责任单位", "t"),
        ("在管期间", "t"), ("处置日期", "t"), ("资产内容", "t"), ("建设时间", "t"), ("使用年限", "t"), ("资金来源构成", "t"),
        ("使用权人", "t"), ("收益权人", "t"), ("权证号", "t"), ("移交资料", "n"), ("累计收益", "m"), ("累计分配", "m"),
        ("资产处置", "t"), ("备注", "t"), ("接收人", "t"), ("交接编号", "t"),
    )),
    "papers": ("移交资料", (
        ("资产编号", "t"), ("资料种类", "t"), ("编号", "t"), ("标题", "t"), ("日期", "t"), ("资料摘要", "t"),
    )),
    "balances": ("期初期末", (
        ("资产编号", "t"), ("资产名称", "t"),
        ("期初原值", "m"), ("期初折旧", "m"), ("期初净值", "m"), ("期初累计收益", "m"), ("期初累计分配", "m"),
        ("原值增减", "m"), ("折旧增减", "m"), ("净值增减", "m"), ("期内收益", "m"), ("期内分配", "m"),
        ("期末原值", "m"), ("期末折旧", "m"), ("期末净值", "m"), ("期末累计收益", "m"), ("期末累计分配", "m"),
        ("期初状况", "t"), ("期末状况", "t"), ("期内事项", "n"),
    )),
    "income": ("收支", (
        ("日志位置", "n"), ("资产编号", "t"), ("事项", "t"), ("收益权人", "t"), ("金额", "m"), ("日期", "t"),
        ("凭证号", "t"), ("收款或方案编号", "t"), ("合同", "t"), ("用途", "t"),
    )),
    "holders": ("收益余额", (
        ("收益权人", "t"), ("期初余额", "m"), ("期内收入", "m"), ("期内分配", "m"), ("期末余额", "m"),
    )),
    "contracts": ("合同", (
        ("资产编号", "t"), ("合同编号", "t"), ("经营方式", "t"), ("经营主体", "t"), ("起", "t"), ("止", "t"),
        ("年收益", "m"), ("期初状态", "t"), ("期末状态", "t"), ("终止日期", "t"), ("期内收款", "m"),
    )),
    "events": ("事项", (
        ("日志位置", "n"), ("资产编号", "t"), ("业务日期", "t"), ("记录时间", "t"), ("事项", "t"), ("事件", "t"),
        ("操作单位", "t"), ("条款", "t"), ("原值增减", "m"), ("折旧增减", "m"), ("收益增减", "m"), ("分配增减", "m"),
    )),
    "cases": ("离任交接", (
        ("交接编号", "t"), ("职责", "t"), ("单位", "t"), ("原因", "t"), ("离任日期", "t"), ("接任人", "t"),
        ("状态", "t"), ("清单项数", "n"), ("核账", "t"), ("审计报告", "t"), ("审计截止日", "t"), ("审计意见", "t"), ("清单摘要", "t"),
        ("审计问题", "n"), ("未处理问题", "n"), ("移交人签字", "t"), ("接收人签字", "t"), ("监交人签字", "t"), ("完成日期", "t"),
        ("通知文号", "t"), ("封存日期", "t"), ("摘要核对", "t"), ("临时管护", "t"), ("差异项数", "n"), ("未处理差异", "n"),
    )),
    "lines": ("交接清单", (
        ("序号", "n"), ("交接编号", "t"), ("资产编号", "t"), ("资产版本", "t"), ("接收人", "t"), ("状态", "t"), ("核账", "t"),
        ("补充", "t"),
    )),
    "interims": ("临时管护", (
        ("交接编号", "t"), ("移交人", "t"), ("单位", "t"), ("临时管护人", "t"), ("指定单位", "t"), ("起", "t"), ("止", "t"), ("盘点表", "t"),
    )),
    "differences": ("差异与处理", (
        ("交接编号", "t"), ("资产编号", "t"), ("种类", "t"), ("日期", "t"), ("内容", "t"), ("提出人", "t"), ("处理结果", "t"),
        ("处理文号", "t"), ("状态", "t"),
    )),
    "tally": ("发现汇总", (
        ("种类", "t"), ("代码", "t"), ("条款", "t"), ("条数", "n"), ("资产数", "n"), ("最早", "t"), ("最近", "t"), ("说明", "t"),
    )),
    "findings": ("检查发现", (
        ("日志位置", "n"), ("资产编号", "t"), ("业务日期", "t"), ("种类", "t"), ("代码", "t"), ("条款", "t"),
        ("说明", "t"), ("处理", "t"),
    )),
    "warnings": ("提醒", (
        ("日志位置", "n"), ("资产编号", "t"), ("业务日期", "t"), ("代码", "t"), ("条款", "t"), ("说明", "t"),
    )),
    "examination": ("重审", (
        ("日志位置", "n"), ("事件流", "t"), ("业务日期", "t"), ("事件", "t"), ("条款", "t"), ("代码", "t"), ("说明", "t"),
        ("来源", "t"), ("解除文号", "t"),
    )),
}  # fmt: skip
"""Table → what it is called, columns with header and kind: t text, n whole number, m money in fen."""

LABELS: Final = {
    "PUBLIC_WELFARE": "公益类", "OPERATING": "经营类", "UNCONFIRMED": "未确权", "IN_PROCEDURE": "确权中", "CONFIRMED": "已确权", "DISPUTED": "权属不清",
    "NOT_IN_USE": "未投入使用", "IN_USE": "在用", "PARTLY_USED": "部分使用", "IDLE": "闲置", "DAMAGED": "损毁", "LOST": "灭失",
    "ACTIVE": "履行中", "HOLDOVER": "到期继续使用", "EXPIRED": "到期终止", "TERMINATED": "提前终止",
    "MANAGER": "管理人员", "RESPONSIBLE": "责任人", "FIRST_RESPONSIBLE": "管护第一责任人", "SUPERVISOR": "第一监管责任人",
    "RECEIPT": "收益入账", "ATTRIBUTION": "确权后归属", "DISTRIBUTION": "收益分配", "OPEN": "办理中", "COMPLETED": "已完成",
    "TRANSFER": "调动", "RESIGN": "辞职", "RETIRE": "退休", "REMOVED": "免职", "DEATH": "死亡", "DETENTION": "被羁押",
    "OTHER": "其他", "FINDING": "检查发现", "WARNING": "提醒",
    "AUDIT_FINDING": "审计问题", "RECONCILED": "已完成",
}  # fmt: skip

WORDS: Final = {
    "disposal/AUCTION": "拍卖", "disposal/OTHER": "其他", "disposal/SCRAP": "报废", "disposal/TRANSFER": "转让",
    "event/asset.appraisal_published": "评估结果公开", "event/asset.appraisal_recorded": "资产评估", "event/asset.booked": "入账",
    "event/asset.county_decision_issued": "县人民政府确定权属", "event/asset.custody_assigned": "落实管护",
    "event/asset.depreciation_posted": "计提折旧", "event/asset.disposal_approved": "批准处置",
    "event/asset.disposal_closed": "终止处置", "event/asset.disposal_consent_recorded": "共有人同意处置",
    "event/asset.disposal_forwarded": "逐级上报", "event/asset.disposal_proceeds_received": "处置收入入账",
    "event/asset.disposal_proposed": "提出处置", "event/asset.disposed": "处置", "event/asset.document_archived": "资料存档",
    "event/asset.external_entry_recorded": "外部系统录入", "event/asset.final_settlement_recorded": "竣工决算调整",
    "event/asset.handed_over": "人员交接", "event/asset.herd_count_changed": "存栏变动",
    "event/asset.holdover_started": "合同到期继续使用", "event/asset.income_distributed": "收益分配",
    "event/asset.income_received": "收益入账", "event/asset.joint_shares_proposed": "界定联建份额", "event/asset.leased": "出租",
    "event/asset.maintenance_done": "养护维修", "event/asset.maintenance_planned": "养护计划",
    "event/asset.management_rule_adopted": "制定资产管理制度", "event/asset.operating_contract_changed": "变更经营合同",
    "event/asset.operating_contract_ended": "经营合同终止", "event/asset.operating_contract_signed": "签订经营合同",
    "event/asset.operation_status_reported": "使用状况报告", "event/asset.owner_consent_recorded": "登记所有权人意见",
    "event/asset.ownership_certificate_issued": "发放确权书", "event/asset.ownership_confirmed": "确权",
    "event/asset.ownership_filed": "确权备案", "event/asset.ownership_procedure_started": "启动确权程序",
    "event/asset.platform_authorisation_ended": "终止平台授权", "event/asset.platform_authorised": "授权平台公司",
    "event/asset.preemption_answered": "优先购买权人答复", "event/asset.preemption_offered": "通知优先购买权人",
    "event/asset.property_registered": "办理产权登记", "event/asset.put_into_use": "投入使用",
    "event/asset.quantification_plan_proposed": "提出量化方案", "event/asset.registered": "登记",
    "event/asset.registration_corrected": "登记更正", "event/asset.right_assigned": "明确权利",
    "event/asset.risk_cleared": "风险解除", "event/asset.risk_flagged": "风险标记",
    "event/asset.risk_mitigation_added": "增加风险保障", "event/asset.risk_mitigation_released": "解除风险保障",
    "event/asset.stocktake_recorded": "清产核资", "event/asset.sublet_recorded": "登记转租",
    "event/asset.supervision_assigned": "落实监管", "event/asset.title_certificate_applied": "申请办理产权证",
    "event/asset.title_certificate_ineligible": "不符合办证条件", "event/asset.title_certificate_issued": "颁发产权证",
    "event/asset.title_dispute_opened": "产权不明晰", "event/asset.transfer_completed": "资产移交完成",
    "event/asset.transfer_initiated": "发起资产移交", "event/asset.transfer_items_accepted": "移交项接收",
    "event/asset.transfer_refused": "拒收资产移交", "event/departure_case.audit_completed": "离任审计完成",
    "event/departure_case.audit_ordered": "委托离任审计", "event/departure_case.completed": "交接完成",
    "event/departure_case.difference_resolved": "核账差异处理", "event/departure_case.dispute_resolved": "异议处理",
    "event/departure_case.finding_raised": "审计发现问题", "event/departure_case.finding_resolved": "审计问题处理",
    "event/departure_case.interim_custodian_appointed": "指定临时管护人", "event/departure_case.line_disputed": "清单项有异议",
    "event/departure_case.lines_accepted": "接收清单项", "event/departure_case.lines_added": "补充交接清单",
    "event/departure_case.lines_reassigned": "另定接收人", "event/departure_case.list_sealed": "封存交接清单",
    "event/departure_case.opened": "启动离任交接", "event/departure_case.reconciliation_completed": "核账完成",
    "event/departure_case.reconciliation_recorded": "核账", "event/departure_case.signed": "签字",
    "event/departure_case.successor_named": "确定接任人", "event/division.defined": "设立区划",
    "event/division.succeeded": "区划变更", "event/fund_allocation.corrected": "资金拨付更正",
    "event/fund_allocation.recorded": "资金拨付登记", "event/fund_allocation.withdrawn": "资金拨付撤销",
    "event/fund_reconciliation.acknowledged": "确认资金台账", "event/fund_reconciliation.compiled": "资金梳理",
    "event/fund_reconciliation.pushed": "推送资金台账", "event/fund_reconciliation.reconciled": "资金核对",
    "event/fund_reconciliation.reported": "资金台账报县资产管理办公室", "event/household_asset.document_archived": "到户资产资料存档",
    "event/household_asset.entrusted": "集中委托", "event/household_asset.entrustment_ended": "集中委托结束",
    "event/household_asset.external_entry_recorded": "到户资产外部系统录入",
    "event/household_asset.household_confirmed": "确权到户", "event/household_asset.inspected": "到户资产检查",
    "event/household_asset.loss_recorded": "到户资产灭失登记", "event/household_asset.registered": "到户资产登记",
    "event/household_asset.registration_closed": "注销登记", "event/household_asset.registration_corrected": "到户资产登记更正",
    "event/household_ledger.acknowledged": "确认到户资产台账", "event/household_ledger.correction_requested": "申请更正到户资产台账",
    "event/household_ledger.pushed": "推送到户资产台账", "event/household_ledger.renewed": "再次推送到户资产台账",
    "event/inspection.finding_raised": "提出问题", "event/inspection.recorded": "监督检查",
    "event/inspection.rectification_ordered": "责令整改", "event/inspection.rectification_verified": "复查",
    "event/inventory_batch.aggregated": "清查批次汇总", "event/inventory_batch.assets_listed": "清查批次资产清单",
    "event/inventory_batch.determined": "清查批次审定", "event/inventory_batch.imported": "清查批次导入",
    "event/inventory_batch.returned": "清查批次退回", "event/inventory_batch.reviewed": "清查批次审核",
    "event/inventory_batch.submitted": "清查批次上报", "event/joint_review.exception_settled": "疑点处理",
    "event/joint_review.exceptions_raised": "项目与资产比对", "event/joint_review.ledgers_sealed": "封存总台账和分类台账",
    "event/joint_review.opened": "启动联合审查", "event/joint_review.signed": "联合审查会签",
    "event/ledger_seal.collected": "汇总台账", "event/ledger_seal.sealed": "台账封存", "event/ledger_seal.submitted": "报送台账",
    "event/organization.collective_registered": "登记集体经济组织", "event/organization.collective_replaced": "变更集体经济组织",
    "event/organization.defined": "设立单位", "event/organization.guidance_recorded": "指导记录",
    "event/organization.incentive_pilot_enabled": "启用小型经营性资产激励试点",
    "event/organization.office_members_named": "明确资产管理办公室成员单位", "event/organization.position_appointed": "任职",
    "event/organization.position_ended": "离任", "event/organization.rule_adopted": "制定监督管理制度",
    "event/organization.succeeded": "单位变更", "event/organization.task_force_established": "成立资产管理专班",
    "event/organization.task_force_member_changed": "专班成员变动", "event/person.clearance_issued": "签发移交证明",
    "event/person.clearance_revoked": "撤销移交证明", "event/person.formality_carried_out": "办理调动离岗手续",
    "event/person.leaving_recorded": "离任事实", "event/person.registered": "人员登记", "event/policy.adopted": "政策启用",
    "event/policy.parameter_changed": "政策参数调整", "event/policy.version_activated": "政策版本启用",
    "event/policy_override.granted": "例外批准", "event/policy_override.revoked": "撤销例外批准",
    "event/procedure.amended": "修改方案", "event/procedure.decision_issued": "决定（批复）",
    "event/procedure.determined": "审定", "event/procedure.filing_accepted": "备案通过",
    "event/procedure.filing_returned": "备案退回", "event/procedure.filing_submitted": "报送备案",
    "event/procedure.meeting_held": "会议决定", "event/procedure.notice_completed": "公示期满",
    "event/procedure.notice_posted": "张贴公示", "event/procedure.objection_filed": "提出异议",
    "event/procedure.objection_resolved": "处理异议", "event/procedure.opened": "启动程序", "event/procedure.reviewed": "审核",
    "event/procedure.step_completed": "完成步骤", "event/procedure.step_taken_by_fact": "事实完成环节",
    "event/procedure.suggestion_filed": "提出意见建议", "event/procedure.withdrawn": "撤回",
    "event/public_notice.objection_filed": "提出异议", "event/public_notice.objection_resolved": "处理异议",
    "event/public_notice.place_added": "增加公布地点", "event/public_notice.posted": "公布",
    "event/public_notice.suggestion_filed": "提出意见建议", "event/revitalisation_case.closed": "盘活办结",
    "event/revitalisation_case.extended": "盘活延期", "event/revitalisation_case.opened": "盘活立项",
    "event/revitalisation_case.plan_filed": "报送盘活方案", "event/revitalisation_case.reopened": "盘活事项重新办理",
    "event/revitalisation_case.verified": "盘活核实", "event/stocktake.baseline_listed": "盘点清单",
    "event/stocktake.completed": "盘点完成", "event/stocktake.lines_recorded": "盘点结果", "event/stocktake.opened": "盘点启动",
    "event/stocktake.surplus_recorded": "盘盈", "event/stocktake.surplus_registered": "盘盈登记",
    "event/violation_case.accountability_decided": "责任追究", "event/violation_case.established": "违规问题认定",
    "event/violation_case.reported": "违规问题登记", "mode/CONTRACTED": "承包", "mode/ENTRUSTED": "托管（委托经营）",
    "mode/EQUITY": "入股（股份合作）", "mode/JOINT_OPERATION": "合作经营", "mode/LEASED": "租赁", "mode/PLATFORM": "国有资产管理公司平台",
    "mode/RESTRUCTURED": "改制重组", "mode/SELF_OPERATED": "自主经营（直接经营）", "paper/ACCEPTANCE": "竣工验收资料",
    "paper/CONTRACT": "建设或采购合同", "paper/FINAL_ACCOUNT": "竣工决算", "paper/FUNDING_NOTICE": "资金下达文件",
    "paper/PAYMENT_VOUCHER": "支付凭证", "paper/PHOTO": "照片", "paper/PROJECT_APPROVAL": "项目批复", "source/AID_XJ": "援疆资金",
    "source/BORDER_PROSPERITY": "兴边富民资金", "source/DESIGNATED_AID": "定点帮扶资金", "source/DISPOSAL_PROCEEDS": "处置所得再安排资金",
    "source/DONATION_VILLAGE": "社会捐助资金（直接投入到村）", "source/FINANCIAL": "金融扶贫资金", "source/FISCAL_DEV": "各级财政专项扶贫发展资金",
    "source/FISCAL_ETHNIC_DEV": "各级财政专项少数民族发展资金", "source/FISCAL_STATE_FARM": "各级财政专项国有贫困农（牧）场扶贫资金",
    "source/FISCAL_WORK_RELIEF": "各级财政专项以工代赈资金", "source/GOV_BOND": "用于脱贫攻坚的地方政府债券资金",
    "source/INDUSTRY_AID": "行业帮扶资金", "source/INTEGRATED_AGRI": "涉农统筹整合财政资金", "source/OTHER": "其他资金（注明文件）",
    "source/OTHER_FISCAL": "其他财政资金", "source/PAIRING_AID": "结对帮扶资金", "source/REGION_COOP": "区内协作资金",
    "source/RELOCATION": "易地扶贫搬迁资金", "source/REVITALISED_STOCK": "清理盘活财政存量资金", "source/SELF_RAISED": "自筹资金",
    "source/SOCIAL_AID": "社会帮扶资金", "source/VILLAGE_INCOME": "村集体收入（乡、村两级集体资金）", "type/ARCH_SHED": "拱棚",
    "type/AREA_FACTORY": "片区工厂", "type/CELLAR": "菜窖", "type/COMPREHENSIVE_SERVICE": "综合服务设施", "type/COURTYARD": "庭院",
    "type/CULTURE": "文化设施", "type/DRAINAGE_SEWAGE": "排水治污", "type/ECOMMERCE": "电商服务设施", "type/EDUCATION": "教育设施",
    "type/EQUIPMENT": "相关设施设备", "type/FARM_MARKET": "农贸市场", "type/FLOOD_DIKE": "防洪坝", "type/FRUIT_TREE": "果树",
    "type/HEALTH": "卫生设施", "type/HOUSE": "房屋", "type/INDUSTRIAL_PARK": "产业园区", "type/INDUSTRY_BASE": "农林牧渔业产业基地",
    "type/INFRA_OTHER": "其他基础设施", "type/IRRIGATION": "农田水利", "type/IRRIGATION_OTHER": "其他农田水利设施",
    "type/LINED_CANAL": "防渗渠", "type/LIVESTOCK": "畜禽", "type/LIVESTOCK_OPERATING": "经营类畜禽",
    "type/MICROCREDIT_BIO": "小额信贷购置的生物性资产", "type/MICROCREDIT_MEANS": "小额信贷购置的生产资料", "type/NETWORK": "网络设施",
    "type/OPERATING_OTHER": "其他经营性资产", "type/PEN": "棚圈", "type/POWER": "电力设施", "type/PROCESSING": "生产加工设施设备",
    "type/PUBSERV_OTHER": "其他公共服务设施", "type/PV_PLANT": "光伏电站", "type/ROAD": "道路", "type/SATELLITE_FACTORY": "卫星工厂",
    "type/SHOP_BASE": "扶贫就业基地（商铺）", "type/SILO": "青贮窖", "type/SPORTS": "体育设施", "type/STOVE": "暖气炉",
    "type/SUPERMARKET": "惠民超市", "type/TOURISM": "旅游服务设施", "type/WATER_SAVING": "节水灌溉", "type/WATER_SUPPLY": "供水引水",
    "type/WORKSHOP": "扶贫车间", "use/AID_NO_LABOUR": "帮扶无劳动能力贫困人口", "use/COLLECTIVE_ECONOMY": "发展壮大村级集体经济",
    "use/HARDSHIP_RELIEF": "困难家庭帮扶", "use/INCENTIVE": "绩效激励", "use/MAINTENANCE": "资产管护", "use/OTHER": "其他用途",
    "use/PUBLIC_POST": "公益岗位", "use/PUBLIC_WELFARE": "公益事业",
}  # fmt: skip
"""What events, kinds of assets, ways of operating, uses of income, sources of funds, kinds of papers and of disposals are
called, as kind/code."""
OWN_WORDS: Final = ("type", "mode", "use", "source", "paper", "disposal")
"""Kinds of codes that a county may have of its own; what they are called then stands in the pack."""

try:  # faster where it is there; the answers are the same
    from orjson import OPT_SORT_KEYS, dumps as _dumps, loads
except ImportError:
    loads = json.loads  # type: ignore[assignment]

    def dumps(value: Any) -> bytes:
        """Canonical JSON: sorted, without blanks, UTF-8."""
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

else:

    def dumps(value: Any) -> bytes:
        """Canonical JSON: sorted, without blanks, UTF-8."""
        return _dumps(value, option=OPT_SORT_KEYS)


Row = list[Any]
Event = dict[str, Any]


class Bad(Exception):  # noqa: N818  says what the pack is
    """The first bad place."""

    def __init__(self, kind: str, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}")
        self.kind, self.place, self.detail = kind, place, detail


# ---- the archive ---------------------------------------------------------------------------------------------------

ARCHIVE_CODES: Final = {
    "not-an-archive": 10, "cut-off": 11, "surplus": 12, "too-many-files": 13, "file-name": 14, "name-twice": 15,
    "encrypted": 16, "method": 17, "zip64": 18, "too-large": 19, "ratio": 20, "size-is-another": 21, "not-a-file": 22,
    "header": 23,
}  # fmt: skip
"""What can be wrong with an archive before a word in it is believed, and the exit code of each."""
_MIB: Final = 1 << 20
MAX_ARCHIVE, MAX_TOTAL, MAX_FILES, MAX_NAME = 1024 * _MIB, 2048 * _MIB, 64, 255
"""Bytes of an archive, bytes of all its files together, how many they are, bytes of a name."""
MAX_RATIO, RATIO_FROM = 100, _MIB
"""A file of more than `RATIO_FROM` bytes is at most so many times as large as it is packed."""
_MAX_FILE: Final = 1024 * _MIB
_END: Final = struct.Struct("<4s4H2LH")
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_PIECE: Final = 4 * _MIB


class _ZippedFile:
    """A file of an archive, as the directory tells of it."""

    __slots__ = ("crc", "method", "name", "packed", "size", "start")

    def __init__(self, name: str, method: int, crc: int, packed: int, size: int) -> None:
        self.name, self.method, self.crc, self.packed, self.size, self.start = (
            name,
            method,
            crc,
            packed,
            size,
            0,
        )


class Archive:
    """A zip archive just as this service writes one: its files one after the other, the directory, and no other byte.

    Everything that can be known without unpacking is looked at first, so that no archive takes more memory or time than
    the bounds above; `limits`: bytes that a file of this name may have.
    """

    def __init__(self, source: Any, what: str, limits: dict[str, int], most: int = MAX_FILES) -> None:
        self.what, self.entries = what, dict[str, _ZippedFile]()
        self._most = most
        self._limits = limits
        self._file = source
        self._length = source.seek(0, 2)
        if self._length > MAX_ARCHIVE:
            raise self._bad("too-large", f"has {self._length} bytes, {MAX_ARCHIVE} are allowed (文件过大)")
        count, start, directory = self._directory()
        at = end = 0
        total = 0
        seen = set()
        for _ in range(count):
            entry, offset, raw, at = self._entry(directory, at)
            alike = unicodedata.normalize("NFKC", entry.name).casefold()
            if alike in seen:
                raise self._bad("name-twice", f"has {entry.name} twice, or only written otherwise (文件重名)")
            seen.add(alike)
            total += entry.size
            if total > MAX_TOTAL:
                raise self._bad("too-large", f"unpacks to more than {MAX_TOTAL} bytes (解压后过大)")
            if offset != end:
                raise self._bad(
                    "surplus", f"holds bytes before {entry.name} that belong to no file (含多余内容)"
                )
            end = self._place(entry, offset, raw, start)
            self.entries[entry.name] = entry
        if at != len(directory):
            raise self._bad("surplus", "has a longer directory than files (目录不符)")
        if end != start:
            raise self._bad("surplus", "holds bytes after its last file that belong to none (含多余内容)")

    def _bad(self, kind: str, detail: str) -> Bad:
        return Bad(kind, self.what, detail)

    def _bytes(self, start: int, count: int) -> bytes:
        self._file.seek(start)
        raw: bytes = self._file.read(count)
        if len(raw) != count:
            raise self._bad("cut-off", "ends too early (文件不完整)")
        return raw

    def _directory(self) -> tuple[int, int, bytes]:
        """How many files, where the directory begins, the directory."""
        at = self._length - _END.size
        last = self._bytes(at, _END.size) if at >= 0 else b""
        if not last.startswith(b"PK\x05\x06") or last[-2:] != b"\0\0":
            tail = self._bytes(max(0, self._length - 66_000), min(self._length, 66_000))
            if 0 <= tail.rfind(b"PK\x05\x06") <= len(tail) - _END.size:
                raise self._bad("surplus", "holds bytes after its end, or a comment (末尾含多余内容)")
            if self._length >= 4 and self._bytes(0, 4) in {b"PK\x03\x04", b"PK\x05\x06"}:
                raise self._bad("cut-off", "has lost its end (文件不完整)")
            raise self._bad("not-an-archive", "is no zip archive (不是压缩包)")
        _, disk, first_disk, here, count, length, start, _ = _END.unpack(last)
        if 0xFFFF in {disk, first_disk, here, count} or 0xFFFFFFFF in {length, start}:
            raise self._bad("zip64", "has the long form of its end, which no pack needs (不支持 zip64)")
        if at >= 20 and self._bytes(at - 20, 4) == b"PK\x06\x07":
            raise self._bad("zip64", "has the long form of its end, which no pack needs (不支持 zip64)")
        if disk or first_disk or here != count:
            raise self._bad("header", "says that it is one of several volumes (分卷压缩包)")
        if count > self._most:
            raise self._bad("too-many-files", f"has {count} files, {self._most} are allowed (文件过多)")
        if start + length > at:
            raise self._bad("cut-off", "says that its directory lies beyond its end (文件不完整)")
        if start + length < at:
            raise self._bad("surplus", "holds bytes before its files or after its directory (含多余内容)")
        if length > count * (_ENTRY.size + 66_000):
            raise self._bad("surplus", "has a longer directory than files (目录不符)")
        return count, start, self._bytes(start, length)

    def _entry(self, directory: bytes, at: int) -> tuple[_ZippedFile, int, tuple[int, ...], int]:
        """A file, where it stands, what its own header has to repeat, and where the next entry begins."""
        if len(directory) < at + _ENTRY.size or directory[at : at + 4] != b"PK\x01\x02":
            raise self._bad("header", "has a directory that cannot be read (目录损坏)")
        (
            _, made_by, needs, flags, method, time, day, crc, packed, size,
            of_name, of_extra, of_comment, disk, inside, attributes, offset,
        ) = _ENTRY.unpack_from(directory, at)  # fmt: skip
        at += _ENTRY.size
        raw, extra = directory[at : at + of_name], directory[at + of_name : at + of_name + of_extra]
        name = self._name(raw, flags)
        if flags & 0x2041:
            raise self._bad("encrypted", f"holds {name} encrypted (已加密)")
        if method not in {0, 8} or flags & ~0x800:
            raise self._bad(
                "method", f"holds {name} packed by method {method}, flags {flags:#x} (压缩方式不支持)"
            )
        if 0xFFFFFFFF in {packed, size, offset} or extra[:2] == b"\x01\0":
            raise self._bad("zip64", f"tells of {name} in the long form, which no pack needs (不支持 zip64)")
        kind = attributes >> 28
        if kind not in {0, 8} or attributes & 0x410 or name.endswith("/"):
            raise self._bad(
                "not-a-file", f"holds {name}, which is a link, a folder or a device (不是普通文件)"
            )
        if (
            of_extra or of_comment or disk or inside or made_by != 768 + needs or needs not in {20, 45}
            or (time, day, attributes) != (0, 33, 0o644 << 16) or (flags == 0) != name.isascii()
        ):  # fmt: skip
            raise self._bad("header", f"says of {name} what no pack says (目录项不符)")
        allowed = self._limits.get(name, _MAX_FILE)
        if max(size, packed) > allowed:
            raise self._bad("too-large", f"holds {name} of {size} bytes, {allowed} are allowed (文件过大)")
        if size > max(RATIO_FROM, MAX_RATIO * packed):
            raise self._bad("ratio", f"holds {name} of {packed} bytes that say they are {size} (压缩比过大)")
        if not method and packed != size:
            raise self._bad(
                "size-is-another", f"holds {name} unpacked, of {packed} and of {size} bytes (大小不符)"
            )
        entry = _ZippedFile(name, method, crc, packed, size)
        return entry, offset, (needs, flags, method, time, day), at + of_name + of_extra

    def _name(self, raw: bytes, flags: int) -> str:
        try:
            name = raw.decode("utf-8" if flags & 0x800 else "ascii")
        except UnicodeDecodeError:
            name = ""
        parts = name.removesuffix("/").split("/")
        if (
            len(raw) > MAX_NAME
            or {"", ".", ".."} & set(parts)
            or not name.isprintable()
            or re.search(r"[\\:]", name)
        ):
            raise self._bad(
                "file-name", f"holds a file named {raw[:60]!r}, which no file of a pack is (文件名不对)"
            )
        return name

    def _place(self, entry: _ZippedFile, offset: int, repeated: tuple[int, ...], end: int) -> int:
        """Where the bytes after a file begin; its own header says what the directory says."""
        name = entry.name.encode()
        if offset + _LOCAL.size + len(name) > end:
            raise self._bad("cut-off", f"says that {entry.name} lies beyond its end (文件不完整)")
        head = self._bytes(offset, min(_LOCAL.size + len(name) + 20, end - offset))
        sizes = (entry.packed, entry.size)
        short = _LOCAL.pack(b"PK\x03\x04", *repeated, entry.crc, *sizes, len(name), 0) + name
        long = _LOCAL.pack(b"PK\x03\x04", *repeated, entry.crc, 2**32 - 1, 2**32 - 1, len(name), 20) + name
        long += struct.pack("<2H2Q", 1, 16, entry.size, entry.packed)
        if head.startswith(short):
            entry.start = offset + len(short)
        elif head.startswith(long):  # as a file is written whose size was not known before
            entry.start = offset + len(long)
        elif head[_LOCAL.size + len(name) :][:2] == b"\x01\0" and head.startswith(b"PK\x03\x04"):
            raise self._bad("zip64", f"tells of {entry.name} in a long form that is wrong (zip64 信息不符)")
        else:
            raise self._bad(
                "header", f"says something else before {entry.name} than in its directory (文件头不符)"
            )
        if entry.start + entry.packed > end:
            raise self._bad("cut-off", f"says that {entry.name} lies beyond its end (文件不完整)")
        return entry.start + entry.packed

    def read(self, name: str) -> bytes:
        """One file, unpacked; never more bytes than it said it has."""
        entry = self.entries[name]
        raw = self._bytes(entry.start, entry.packed)
        if entry.method:
            opened = zlib.decompressobj(-15)
            try:
                raw = opened.decompress(raw, entry.size + 1)
            except zlib.error as error:
                raise Bad("digest", name, f"is damaged (文件损坏): {error}") from error
            if len(raw) != entry.size or not opened.eof or opened.unused_data:
                raise self._bad(
                    "size-is-another", f"holds {name}, which is not of {entry.size} bytes (大小不符)"
                )
        if zlib.crc32(raw) != entry.crc:
            raise Bad("digest", name, "is damaged (文件损坏)")
        return raw


# ---- digests -------------------------------------------------------------------------------------------------------


def sm3(content: bytes) -> bytes:
    """SM3 (GB/T 32905-2016) of some bytes: slow, and the same everywhere."""
    state = list(_SM3_START)
    padded = content + b"\x80" + bytes((55 - len(content)) % 64) + (8 * len(content)).to_bytes(8, "big")
    for start in range(0, len(padded), 64):
        words = list(struct.unpack_from(">16L", padded, start))
        for j in range(16, 68):
            x = words[j - 16] ^ words[j - 9] ^ _rotated(words[j - 3], 15)
            x ^= _rotated(x, 15) ^ _rotated(x, 23)
            words.append(x ^ _rotated(words[j - 13], 7) ^ words[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            turned = _rotated(a, 12)
            first = _rotated((turned + e + _SM3_TURNS[j]) & _WORD, 7)
            if j < 16:
                left, right = a ^ b ^ c, e ^ f ^ g
            else:
                left, right = a & b | a & c | b & c, e & f | ~e & _WORD & g
            left = (left + d + (first ^ turned) + (words[j] ^ words[j + 4])) & _WORD
            right = (right + h + first + words[j]) & _WORD
            a, b, c, d = left, a, _rotated(b, 9), c
            e, f, g, h = right ^ _rotated(right, 9) ^ _rotated(right, 17), e, _rotated(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905
    return struct.pack(">8L", *state)


_WORD: Final = 0xFFFFFFFF


def _rotated(word: int, by: int) -> int:
    return (word << by | word >> 32 - by) & _WORD


_SM3_START: Final = (
    0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
)  # fmt: skip
_SM3_TURNS: Final = tuple(_rotated(0x79CC4519 if j < 16 else 0x7A879D8A, j % 32) for j in range(64))


class TreeDigest:
    """A hash function by its name, and what trees are made of with it (RFC 6962, 2.1)."""

    def __init__(self, name: str, of: Any) -> None:
        self.name, self.of = name, of

    def leaf(self, entry: bytes) -> bytes:
        """Hash of an entry."""
        hashed: bytes = self.of(b"\x00" + entry)
        return hashed

    def node(self, left: bytes, right: bytes) -> bytes:
        """Hash of an inner node."""
        hashed: bytes = self.of(b"\x01" + left + right)
        return hashed

    def marked(self, content: bytes) -> str:
        """The hash of some bytes as signed texts write it: with the digest's name, where that is not SHA-256."""
        hexadecimal: str = self.of(content).hex()
        return hexadecimal if self is SHA256 else f"{self.name}:{hexadecimal}"


def _of_hashlib(name: str) -> Any:
    return lambda content: hashlib.new(name, content).digest()


SHA256: Final = TreeDigest("sha256", lambda content: hashlib.sha256(content).digest())
SM3: Final = TreeDigest("sm3", _of_hashlib("sm3") if "sm3" in hashlib.algorithms_available else sm3)
DIGESTS: Final = {one.name: one for one in (SHA256, SM3)}
"""A log has one of these from its first event on; what is signed of it names it, where it is not SHA-256."""


# ---- Ed25519 (RFC 8032) --------------------------------------------------------------------------------------------

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    """Sum of two points in extended coordinates."""
    p, q = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    r, s = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = q - p, s - r, s + r, q + p
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


def _point(encoded: bytes) -> _Point | None:
    """The point that 32 bytes stand for; None if there is none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


_BASE: Final = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is this public key's (32 bytes) for the message."""
    key, half = _point(public), _point(signature[:32]) if len(signature) == 64 else None
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or half is None or _BASE is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left, right = (
        _times(scalar, _BASE),
        _add(half, _times(int.from_bytes(digest, "little") % _L, key)),
    )
    return not (
        (left[0] * right[2] - right[0] * left[2]) % _P or (left[1] * right[2] - right[1] * left[2]) % _P
    )


# ---- signed notes (C2SP) -------------------------------------------------------------------------------------------


LOG_KEY, WITNESS_KEY = b"\x01", b"\x04"
"""Kinds of keys, in the first byte of their base64: Ed25519 of a log, Ed25519 of a witness that also says when."""
_KINDS: Final = {LOG_KEY: (32, ed25519_verifies), WITNESS_KEY: (32, ed25519_verifies)}
"""Kind → bytes of its public key, and what verifies its signatures."""


class Key:
    """A public key as its owner writes it: name+id+base64(kind, key)."""

    def __init__(self, line: str) -> None:
        self.line = line.strip()
        self.name, key_id, encoded = self.line.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        self.kind, self.public = raw[:1], raw[1:]
        self.key_id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.key_id.hex() != key_id:
            raise ValueError("not a verifier key")
        length, self._verifies = _KINDS.get(self.kind, (-1, ed25519_verifies))
        if len(self.public) != length:
            raise ValueError(f"a key of kind {raw[:1].hex()}, which this program does not know (算法未知)")
        self.fingerprint = hashlib.sha256(self.public).hexdigest()

    def signed(self, text: str, signatures: Iterable[tuple[str, bytes]]) -> bool:
        """Whether one of the signatures under a text is this key's."""
        for name, content in signatures:
            if name != self.name or content[:4] != self.key_id:
                continue
            message, rest = text.encode(), content[4:]
            if self.kind == WITNESS_KEY:
                message = f"cosignature/v1\ntime {int.from_bytes(rest[:8], 'big')}\n{text}".encode()
                rest = rest[8:]
            if self._verifies(self.public, message, rest):
                return True
        return False


def read_note(raw: bytes, file: str) -> tuple[str, list[tuple[str, bytes]]]:
    """A note's text and its signatures (name, key id + signature)."""
    try:
        text, _, below = raw.decode().rpartition("\n\n")
        signatures = []
        for line in below.removesuffix("\n").split("\n"):
            name, encoded = line.removeprefix("— ").split(" ")
            signatures.append((name, base64.b64decode(encoded, validate=True)))
    except ValueError as error:
        raise Bad("note", file, "not a signed note (签名格式不对)") from error
    spelt = "".join(f"— {name} {base64.b64encode(content).decode()}\n" for name, content in signatures)
    if spelt != below:
        raise Bad("note", file, "its signature lines are spelt otherwise (签名行写法不一致)")
    return text + "\n", signatures


# ---- Merkle trees (RFC 6962) ---------------------------------------------------------------------------------------


def root_of(
    leaves: Sequence[bytes], places: Sequence[int], size: int, beside: Iterator[bytes], digest: TreeDigest
) -> bytes:
    """Root of a tree of `size` from some leaves and, from left to right, the roots of the subtrees without them."""
    of = digest.of

    def fold(start: int, end: int, low: int, high: int) -> bytes:
        if low == high:
            return next(beside)
        count = end - start
        if count == 1:
            return leaves[low]
        if high - low == count and count & (count - 1) == 0:  # a full subtree: level by level, without asking
            level = leaves[low:high]
            while len(level) > 1:
                level = [of(b"\x01" + a + b) for a, b in zip(level[::2], level[1::2])]  # noqa: B905
            return level[0]
        middle = start + (1 << (count - 1).bit_length() - 1)
        cut = bisect_left(places, middle, low, high)
        return digest.node(fold(start, middle, low, cut), fold(middle, end, cut, high))

    return fold(0, size, 0, len(leaves))


def check_proof(
    entries: Sequence[bytes],
    places: Sequence[int],
    size: int,
    proof: bytes,
    root: bytes,
    file: str,
    digest: TreeDigest,
) -> None:
    """Every entry stands at its place in the tree of this root."""
    if not places or places[0] < 0 or places[-1] >= size:
        raise Bad("proof", file, "places outside the tree (位置超出范围)")
    for first, second in pairwise(places):
        if first >= second:
            raise Bad("order", f"{file}, {second + 1}", "out of order or repeated (次序不对或重复)")
    beside = iter([proof[start : start + 32] for start in range(0, len(proof), 32)])
    try:
        made = root_of([digest.leaf(entry) for entry in entries], places, size, beside, digest)
    except StopIteration:
        made = b""
    if made != root or next(beside, None) is not None:
        raise Bad(
            "proof", file, "entries and proof do not make the signed root: bytes were changed,"
            " dropped or exchanged (内容与已签名的根不符)",
        )  # fmt: skip


# ---- what was in whose care ----------------------------------------------------------------------------------------

_FOREVER: Final = "9999-12-31"
_NAMED: Final = ("MANAGER", "RESPONSIBLE")
_CUSTODY: Final = ("CUSTODIAN", "RESPONSIBLE_UNIT", "FIRST_RESPONSIBLE", *_NAMED)


def _day_before(day: str) -> str:
    return (date.fromisoformat(day) - timedelta(days=1)).isoformat()


class DutyPeriod:
    """One holder of one duty for one asset: from `since` until the day before `until`; `open`: the latest word.

    `ended`: the day of the event that ended it, which may lie before it began: then it was taken back.
    """

    __slots__ = ("ended", "open", "since", "until", "who")

    def __init__(self, who: tuple[Any, ...], since: str) -> None:
        self.who, self.since, self.until, self.open, self.ended = who, since, _FOREVER, True, _FOREVER

    def close(self, day: str) -> None:
        """Ends, not before it began."""
        self.until, self.open, self.ended = max(self.since, day), False, day

    def last(self) -> str:
        """The last day; of what was received and handed on within one day, that day. Before `since`: taken back."""
        if self.open:
            return self.until
        return self.since if self.until == self.since == self.ended else _day_before(self.until)


def duties_of(events: Sequence[Event]) -> list[DutyPeriod]:
    """All duties for one asset. `who` is (duty, unit, unit of the post, post, person, provisional)."""
    duties: list[DutyPeriod] = []

    def assign(kinds: Sequence[str], wanted: list[tuple[Any, ...]], day: str) -> None:
        wanted = list(dict.fromkeys(wanted))
        for one in duties:
            if one.who[0] not in kinds:
                continue
            if not one.open:
                if one.until > day:
                    one.close(day)
            elif one.who in wanted:
                wanted.remove(one.who)
                one.since = min(one.since, day)
            else:
                one.close(day)
        duties.extend(DutyPeriod(who, day) for who in wanted)

    for event in sorted(events, key=happened):
        kind, data, day = event["type"], event["data"], event["occurredOn"]
        if kind == "asset.custody_assigned":
            custody = data["custody"]
            trial, first = custody.get("provisional", False), custody.get("firstResponsible")
            wanted: list[tuple[Any, ...]] = [
                ("CUSTODIAN", custody["custodian"], None, None, None, trial),
                ("RESPONSIBLE_UNIT", custody["responsibleUnit"], None, None, None, trial),
            ]
            if first:
                unit = first["organization"]
                wanted.append(("FIRST_RESPONSIBLE", unit, unit, first["position"], None, trial))
            wanted += [
                (one["duty"], None, None, None, one["person"], trial) for one in custody.get("duties", ())
            ]
            assign(_CUSTODY, wanted, day)
        elif kind == "asset.supervision_assigned":
            wanted = []
            for one in data["supervision"]:
                first = one.get("firstSupervisor") or {}
                post = first.get("organization"), first.get("position")
                wanted.append(("SUPERVISOR", one["supervisor"], *post, None, False))
            assign(("SUPERVISOR",), wanted, day)
        elif kind == "asset.handed_over" and data["duty"] in _NAMED:
            present = [one for one in duties if one.open]
            custodian = next((one for one in present if one.who[0] == "CUSTODIAN"), None)
            if custodian is None:
                continue
            for one in duties:
                passed_on = (one.who[0], one.who[4]) == (data["duty"], data["outgoing"])
                if passed_on and not one.open and one.until > day:
                    one.close(day)
            taken = False
            for one in present:
                if one.who[0] == data["duty"] and one.who[4] == data["outgoing"]:
                    one.close(day)
                elif one.who[0] == data["duty"] and one.who[4] == data["incoming"]:
                    taken, one.since = True, min(one.since, day)
            if not taken:
                duties.append(
                    DutyPeriod((data["duty"], None, None, None, data["incoming"], custodian.who[5]), day)
                )
        elif kind == "asset.disposed":
            for one in duties:
                if one.open or one.until > data["sale"]["disposedOn"]:
                    one.close(data["sale"]["disposedOn"])
    return duties


class Posts:
    """Posts a person held, and which unit carried on which."""

    def __init__(self, person: str, organizations: Iterable[tuple[str, Sequence[Event]]]) -> None:
        self.tenures: list[list[str]] = []
        self.successor: dict[str, tuple[str, str]] = {}
        for unit, events in organizations:
            for event in sorted(events, key=happened):
                data = event["data"]
                if event["type"] == "organization.succeeded":
                    self.successor[unit] = (data["successor"], data["closedOn"])
                elif event["type"] == "organization.position_appointed" and data["person"] == person:
                    self.tenures.append([unit, data["position"], data["since"], _FOREVER])
                elif event["type"] == "organization.position_ended" and data["person"] == person:
                    for one in self.tenures:
                        if (one[0], one[1], one[3]) == (unit, data["position"], _FOREVER):
                            one[3] = data["until"]

    def held(self, unit: str, post: str) -> list[tuple[str, str]]:
        """Days on which the person held a unit's post, there or in the unit that carried it on."""
        found, seen, since = [], set(), "0001-01-01"
        while unit not in seen:
            seen.add(unit)
            following, closed = self.successor.get(unit, ("", _FOREVER))
            last = _day_before(closed) if following else _FOREVER
            for its, its_post, first, end in self.tenures:
                if (its, its_post) == (unit, post) and max(first, since) <= min(end, last):
                    found.append((max(first, since), min(end, last)))
            if not following:
                break
            unit, since = following, max(since, closed)
        return found


def care_of(
    events: Sequence[Event], person: str, posts: Posts, unit: str | None
) -> list[tuple[str, str, str]]:
    """A person's care of one asset: (first day, last day, duty)."""
    duties = [(one, last) for one in duties_of(events) if (last := one.last()) >= one.since]
    found = set()
    for one, last in duties:
        kind, _, post_unit, post, who, _ = one.who
        if kind in _NAMED and who == person:
            spans = [(one.since, last)]
            if unit is not None:
                spans = [
                    (max(one.since, other.since), min(last, its_last))
                    for other, its_last in duties
                    if other.who[:2] == ("RESPONSIBLE_UNIT", unit)
                ]
        elif kind in {"FIRST_RESPONSIBLE", "SUPERVISOR"} and post and unit in {None, post_unit}:
            spans = [
                (max(one.since, since), min(last, until)) for since, until in posts.held(post_unit, post)
            ]
        else:
            continue
        found |= {(since, until, kind) for since, until in spans if since <= until}
    return sorted(found)


# ---- what the ledgers say ------------------------------------------------------------------------------------------


class AssetFigures:
    """One asset's figures, folded from its events."""

    def __init__(self) -> None:
        self.card: dict[str, Any] | None = None
        self.title, self.operation = "UNCONFIRMED", "NOT_IN_USE"
        self.owners: list[dict[str, Any]] = []
        self.depreciation = self.received = self.distributed = 0
        self.contracts: dict[str, dict[str, Any]] = {}
        self.custodian = self.responsible_unit = None
        self.disposed_on = self.disposal = ""
        self.price = 0
        self.user: str | None = None
        self.income_holders: list[dict[str, Any]] = []
        self.born = Decimal(0)

    def can_take(self, event: Event) -> bool:
        """Whether the contracts that an event is about are here."""
        kind, data = event["type"].partition(".")[2], event["data"]
        if kind == "registered":
            return True
        if kind == "operating_contract_changed":
            return data["terms"]["contract"] in self.contracts
        if kind in {"operating_contract_ended", "holdover_started"}:
            return data["contract"] in self.contracts
        if kind == "disposed":
            return all(one in self.contracts for one in data.get("endedContracts", ()))
        return self.card is not None

    def take(self, event: Event) -> None:
        """Apply one event; what rests on something that is not here yet has no effect."""
        kind, data = event["type"].partition(".")[2], event["data"]
        if kind == "registered":
            self.card = data["card"]
        elif self.card is None:
            return
        elif kind == "registration_corrected":
            self.card = data["card"]
        elif kind == "final_settlement_recorded":
            self.card, self.owners = data["card"], data["owners"]
            self.income_holders = data.get("incomeRightHolders", [])
        elif kind == "ownership_confirmed":
            confirmed = data["confirmation"]
            self.title, self.owners = "CONFIRMED", confirmed["owners"]
            self.income_holders = confirmed.get("incomeRightHolders", [])
            if not self._operated():
                self.user = confirmed.get("userRightHolder") or self._using_owner()
        elif kind == "ownership_procedure_started":
            self.title = "IN_PROCEDURE"
        elif kind == "title_dispute_opened":
            self.title = "DISPUTED"
        elif kind == "risk_flagged":
            if data["kind"] == "TITLE_UNCLEAR" and self.title == "CONFIRMED":
                self.title = "DISPUTED"
        elif kind == "custody_assigned":
            custody = data["custody"]
            self.custodian, self.responsible_unit = custody["custodian"], custody["responsibleUnit"]
        elif kind == "put_into_use":
            self.operation = "IN_USE"
        elif kind == "operation_status_reported":
            self.operation = data["report"]["state"]
        elif kind == "herd_count_changed":
            self.born += Decimal(data["herdChange"]["change"])
        elif kind == "depreciation_posted":
            self.depreciation = data["accumulated"]
        elif kind in {"leased", "operating_contract_signed"}:
            self.contracts[data["terms"]["contract"]] = {
                "terms": data["terms"],
                "state": "ACTIVE",
                "ended": "",
            }
            self.user = data["terms"]["operator"]["operator"]
        elif kind == "operating_contract_changed":
            known = self.contracts.get(data["terms"]["contract"])
            if known is not None:
                known.update(terms=data["terms"], ended="")
                self.user = data["terms"]["operator"]["operator"]
        elif kind == "operating_contract_ended":
            if data["contract"] in self.contracts:
                self._end(data["contract"], data["outcome"], data["endedOn"])
                if not self._operated():
                    self.user = self._using_owner()
        elif kind == "holdover_started":
            self._end(data["contract"], "HOLDOVER", None)
        elif kind == "income_received":
            self.received += data["receipt"]["amount"]
        elif kind == "income_distributed":
            self.distributed += data["distribution"]["amount"]
        elif kind == "disposed":
            self.disposed_on = data["sale"]["disposedOn"]
            self.disposal, self.price = data["kind"], data["sale"]["price"]
            for code in data.get("endedContracts", ()):
                self._end(code, "TERMINATED", data["sale"]["disposedOn"])

    def _using_owner(self) -> str | None:
        """The owner that uses it while nobody else does; of several none is that before the others."""
        return str(self.owners[0]["party"]) if len(self.owners) == 1 else None

    def _operated(self) -> bool:
        """Whether a contract is in force or held over."""
        return any(one["state"] in {"ACTIVE", "HOLDOVER"} for one in self.contracts.values())

    def _end(self, code: str, state: str, day: str | None) -> None:
        known = self.contracts.get(code)
        if known is not None:
            known["state"] = state
            if day is not None:
                known["ended"] = day

    def figures(self) -> tuple[int, int, int, int, int]:
        """Original value, depreciation, net value, income received, income distributed; a disposed one has no value."""
        if self.card is None:
            return 0, 0, 0, 0, 0
        value, worn = (0, 0) if self.disposed_on else (self.card["originalValue"], self.depreciation)
        return value, worn, value - worn, self.received, self.distributed

    def quantity(self) -> str:
        """How many there are: those of the card, and those that came since."""
        carded = self.card["quantity"] if self.card is not None else 0
        return format((Decimal(carded) + self.born).normalize(), "f")

    def operator(self) -> str:
        """Who runs it: the contract that is in force, or held over, and ends last."""
        rank = {"ACTIVE": 2, "HOLDOVER": 1}
        running = [
            (rank[one["state"]], one["terms"]["endsOn"], code)
            for code, one in self.contracts.items()
            if one["state"] in rank
        ]
        return str(self.contracts[max(running)[2]]["terms"]["operator"]["name"]) if running else ""


def happened(event: Event) -> tuple[bool, str, int]:
    """Where an event of a stream stands: its first, then by business day, and on one day as they were recorded."""
    return event["version"] > 1, event["occurredOn"], event["position"]


def fold(events: Iterable[Event]) -> AssetFigures:
    """An asset from its events, as they happened. One that rests on a later day's waits, and comes right behind that."""
    asset = AssetFigures()
    waiting: list[Event] = []
    for event in sorted(events, key=happened):
        if not asset.can_take(event):
            waiting.append(event)
            continue
        asset.take(event)
        while (ready := next((one for one in waiting if asset.can_take(one)), None)) is not None:
            waiting.remove(ready)
            asset.take(ready)
    return asset


class Ledgers:
    """All tables of a pack, made anew from its events."""

    def __init__(self, manifest: dict[str, Any], streams: dict[str, list[Event]]) -> None:
        request = manifest["request"]
        self.person, self.unit = request["person"], request["unit"]
        self.first, self.last = request["from"], request["to"]
        self.asked_last = manifest["asked"]["to"]
        self.streams = streams
        self.words: dict[str, str] = WORDS | manifest["words"]
        self.names = {
            name.partition("-")[2]: events[0]["data"]["card"]["name"]
            for name, events in streams.items()
            if events[0]["type"] in {"person.registered", "organization.defined", "division.defined"}
        }
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.totals = [0] * 15
        self.assets: set[str] = set()
        """Assets that were in care."""
        self.care: dict[str, list[tuple[str, str, str]]] = {}
        """Stream of an asset → its care within the period and unit asked about."""
        self.spans: list[tuple[str, str]] = []
        """First and last days of the care that was asked about, in whatever period."""
        self.gone = self.cut = 0
        self.holders: dict[str, list[int]] = {}
        self.taken: dict[str, list[tuple[str, str]]] = {}
        """Asset → (case, who takes it over)."""

    def outside(self) -> tuple[int, int]:
        """Assets in the person's care that are not shown, and those that are shown for a part of it only."""
        return self.gone, self.cut

    def _care(self, events: list[Event], posts: Posts) -> list[tuple[str, str, str]]:
        """The care of an asset within the period and unit asked about; what lies outside is counted."""
        whole = care_of(events, self.person, posts, None)
        asked = whole if self.unit is None else care_of(events, self.person, posts, self.unit)
        self.spans += [(since, until) for since, until, _ in asked]
        care = [
            (max(since, self.first), min(until, self.last), duty)
            for since, until, duty in asked
            if max(since, self.first) <= min(until, self.last)
        ]
        end = _FOREVER if self.asked_last is None else self.last
        if not care:
            self.gone += bool(whole)
        elif asked != whole or any(since < self.first or until > end for since, until, _ in asked):
            self.cut += 1
        return care

    def find(self) -> None:
        """Which assets were in care, and when: what else has to be in the pack follows from that alone."""
        posts = Posts(self.person, ((n.partition("-")[2], e) for n, e in self._of("organization")))
        self.care = {stream: self._care(events, posts) for stream, events in self._of("asset")}
        self.assets = {stream.partition("-")[2] for stream, care in self.care.items() if care}

    def make(self) -> dict[str, list[Row]]:
        """Every table, row by row, once it is known what was in care (`find`)."""
        for stream, events in self._of("asset"):
            care = self.care.get(stream)
            if care:
                self._asset(stream.partition("-")[2], events, sorted(care))
        if self.tables["balances"]:
            count = sum(row[-1] for row in self.tables["balances"])
            self.tables["balances"].append(["合计", "", *self.totals, "", "", count])
        for holder in sorted(self.holders):
            opening, received, distributed = self.holders[holder]
            row = [self._named(holder), opening, received, distributed, opening + received - distributed]
            self.tables["holders"].append(row)
        for stream, events in self._of("departure_case"):
            case = stream.partition("-")[2]
            if events[0]["data"]["notice"]["person"] == self.person:
                self.tables["cases"].append(self._case(case, events))
            self._interims(case, events)
        self._procedures()
        for row in self.tables["inventory"]:
            row[-2:] = takers(self.taken.get(str(row[1]), ()))
        for table in ("income", "events", "warnings"):
            self.tables[table].sort(key=lambda row: row[0])
        self.tables["findings"].sort(key=lambda row: (weight_of(row), row[0]))
        self.tables["tally"] = tally_of(self.tables["findings"], self.tables["warnings"])
        return self.tables

    def _interims(self, case: str, events: list[Event]) -> None:
        """Who looked after a leaver's things meanwhile: after this person's, or this person after another's."""
        notice = events[0]["data"]["notice"]
        for event in events:
            if event["type"] == "departure_case.interim_custodian_appointed":
                one = event["data"]["interim"]
                if self.person in {notice["person"], one["person"]}:
                    self.tables["interims"].append([
                        case, self._named(notice["person"]), self._named(notice["organization"]), self._named(one["person"]),
                        self._named(one["appointedBy"]), one["since"], one["until"], one["inventoryNo"],
                    ])  # fmt: skip

    def _procedures(self) -> None:
        """What procedures about these assets did during the period; they change no figure."""
        for _, events in self._of("procedure"):
            asset = events[0]["data"]["subject"]["id"]
            if asset in self.assets:
                for event in events:
                    if self.first <= event["occurredOn"] <= self.last:
                        self._event(asset, event, [0, 0, 0, 0, 0])

    def _of(self, kind: str) -> list[tuple[str, list[Event]]]:
        return sorted(item for item in self.streams.items() if item[0].startswith(f"{kind}-"))

    def _named(self, code: str | None) -> str:
        if not code:
            return ""
        return f"{self.names[code]}（{code}）" if code in self.names else code

    @staticmethod
    def _word(code: str | None) -> str:
        return LABELS.get(code, code) if code else ""

    def _term(self, kind: str, code: str) -> str:
        return self.words.get(f"{kind}/{code}", code)

    def _asset(self, code: str, events: list[Event], care: list[tuple[str, str, str]]) -> None:
        in_order = sorted(events, key=happened)
        before = [one for one in in_order if one["occurredOn"] < self.first]
        during = [one for one in in_order if self.first <= one["occurredOn"] <= self.last]
        opening = fold(before)
        closing, steps = self._walk(before, during)
        if closing.card is None:
            return
        for event, step in zip(during, steps, strict=True):
            self._event(code, event, step)
        start, end = opening.figures(), closing.figures()
        change = [b - a for a, b in zip(start, end, strict=True)]
        figures = [*start, *change, *end]
        self.totals = [a + b for a, b in zip(self.totals, figures, strict=True)]
        card = closing.card
        spans = "；".join(f"{self._word(duty)} {since} 至 {until}" for since, until, duty in care)
        papers = self._papers(code, events)
        numbers = "；".join(row[2] for row in papers if not row[5])
        built = f"{card['constructionStart']} 至 " if "constructionStart" in card else ""
        life = card.get("usefulLifeYears")
        called = {
            one["terms"]["operator"]["operator"]: one["terms"]["operator"]["name"]
            for one in closing.contracts.values()
        }
        user = closing.user or ""
        shared = self._shares(closing.owners) if not user else ""
        funds: dict[str, int] = {}
        for line in card.get("fundingLines", []):
            funds[line["source"]] = funds.get(line["source"], 0) + line["amount"]
        disposal = closing.disposed_on and (
            f"{self._term('disposal', closing.disposal)} {closing.disposed_on} 价款 {yuan(closing.price)}元"
        )
        self.tables["inventory"].append([
            len(self.tables["inventory"]) + 1, code, card["assetName"], self._word(card["assetClass"]),
            self._term("type", card["assetType"]), self._named(card["location"]), closing.quantity(), card["unitOfMeasure"],
            *end[:3], self._word(closing.title), self._shares(closing.owners), self._word(closing.operation), closing.operator(),
            self._named(closing.custodian), self._named(closing.responsible_unit), spans, closing.disposed_on,
            card["assetContent"], built + card["completionDate"], "" if life is None else f"{life} 年",
            "；".join(f"{self._term('source', source)} {yuan(amount)}元" for source, amount in funds.items()),
            shared or (self._named(user) if user in self.names or user not in called else f"{called[user]}（{user}）"),
            self._shares(closing.income_holders), numbers, len(papers), *end[3:], disposal, card.get("remarks") or "", "", "",
        ])  # fmt: skip
        was = self._word(opening.operation) if opening.card is not None else ""
        row = [code, card["assetName"], *figures, was, self._word(closing.operation), len(during)]
        self.tables["balances"].append(row)
        self._contracts(code, opening, closing, during)
        for event in before:
            for holder, amount in income_lines(event):
                self.holders.setdefault(holder, [0, 0, 0])[0] += amount

    def _shares(self, shares: list[dict[str, Any]]) -> str:
        """Parties; of several how much is whose."""
        several = len(shares) > 1
        return "；".join(
            self._named(one["party"]) + (f" {yuan(one['amount'])}元" if several else "") for one in shares
        )

    def _papers(self, code: str, events: list[Event]) -> list[Row]:
        """Papers that go with the asset: archived documents with their digest, certificates with their number."""
        found: list[Row] = []
        for event in events:
            kind, data, day = event["type"].partition(".")[2], event["data"], event["occurredOn"]
            if day > self.last:
                continue
            if kind == "document_archived":
                one = data["document"]
                row = [
                    self._term("paper", one["kind"]),
                    one["document"],
                    one.get("title") or "",
                    day,
                    one["sha256"],
                ]
            elif kind == "title_certificate_issued":
                row = ["产权证", data["number"], "", data["issuedOn"], ""]
            elif kind == "ownership_certificate_issued":
                one = data["certificate"]
                row = ["确权书", one["number"], self._named(one["village"]), one["issuedOn"], ""]
            elif kind == "property_registered":
                one = data["registration"]
                row = ["产权登记", one["registrationNo"], self._named(one["party"]), one["registeredOn"], ""]
            else:
                continue
            found.append([code, *row])
        self.tables["papers"] += found
        return found

    @staticmethod
    def _walk(before: list[Event], during: list[Event]) -> tuple[AssetFigures, list[list[int]]]:
        """The closing state, and what each event of the period changed, given all that came before the period."""
        steps = []
        places = [one["position"] for one in (*before, *during)]
        plainly = places == sorted(places)
        asset = fold(before)
        start = asset.figures()
        for count, event in enumerate(during, 1):
            if plainly:
                asset.take(event)
            else:
                asset = fold([*before, *during[:count]])
            now = asset.figures()
            steps.append([b - a for a, b in zip(start, now, strict=True)])
            start = now
        return asset, steps

    def _event(self, code: str, event: Event, step: list[int]) -> None:
        position, day, basis = event["position"], event["occurredOn"], event["basis"]
        self.tables["events"].append([
            position, code, day, event["recordedAt"], self._term("event", event["type"]), event["type"],
            self._named(event["actor"].get("organization")) or event["actor"]["id"],
            " ".join(basis.get("clauses", ())), step[0], step[1], step[3], step[4],
        ])  # fmt: skip
        for one in basis.get("findings", ()):
            row = [position, code, day, self._word("FINDING"), one["code"], one.get("clause") or ""]
            self.tables["findings"].append([*row, one["detailZh"], ""])
        for one in basis.get("warnings", ()):
            row = [position, code, day, one["code"], one.get("clause") or "", one["detailZh"]]
            self.tables["warnings"].append(row)
        data = event["data"]
        if event["type"] == "asset.income_received":
            paid = data["receipt"]
            entry, papers = "RECEIPT", [paid["receivedOn"], paid["voucherNo"], paid["receipt"]]
            papers += [paid.get("contract", ""), ""]
        elif event["type"] == "asset.income_distributed":
            paid = data["distribution"]
            for use in paid["lines"]:
                row = [
                    position,
                    code,
                    self._word("DISTRIBUTION"),
                    self._named(paid["holder"]),
                    -use["amount"],
                ]
                row += [paid["paidOn"], paid["voucherNo"], paid["plan"], "", self._term("use", use["use"])]
                self.tables["income"].append(row)
            entry, papers = "", []
        elif event["type"] == "asset.ownership_confirmed":
            entry, papers = "ATTRIBUTION", [day, "", "", "", ""]
        else:
            return
        for holder, amount in income_lines(event):
            balance = self.holders.setdefault(holder, [0, 0, 0])
            balance[1 if event["type"] != "asset.income_distributed" else 2] += (
                abs(amount) if not entry else amount
            )
            if entry:
                self.tables["income"].append(
                    [position, code, self._word(entry), self._named(holder), amount, *papers]
                )

    def _contracts(
        self, code: str, opening: AssetFigures, closing: AssetFigures, during: list[Event]
    ) -> None:
        for contract in sorted(closing.contracts):
            known, before = closing.contracts[contract], opening.contracts.get(contract)
            terms = known["terms"]
            received = sum(
                one["data"]["receipt"]["amount"]
                for one in during
                if one["type"] == "asset.income_received"
                and one["data"]["receipt"].get("contract") == contract
            )
            self.tables["contracts"].append([
                code, contract, self._term("mode", terms["mode"]), terms["operator"]["name"], terms["startsOn"],
                terms["endsOn"], terms["annualIncome"], self._word(before["state"]) if before else "",
                self._word(known["state"]), known["ended"], received,
            ])  # fmt: skip

    def _case(self, case: str, events: list[Event]) -> Row:
        notice: dict[str, Any] = events[0]["data"]["notice"]
        successor, sealed, sealed_on, completed, interim = notice.get("successor"), "", "", "", ""
        reconciled = ""
        audit: dict[str, str] = {}
        signatures: dict[str, str] = {}
        found: dict[str, Row] = {}
        lines: dict[str, ListedLine] = {}
        differences: list[Row] = []
        _list_lines(lines, events[0]["data"], addendum=False)
        for event in events[1:]:
            kind, data, day = event["type"].partition(".")[2], event["data"], event["occurredOn"]
            if kind in {"lines_added", "lines_reassigned", "successor_named", "line_disputed"}:
                sealed, sealed_on, signatures = "", "", {}  # what was sealed is open again
            if kind == "successor_named":
                successor = data["successor"]
                for line in lines.values():
                    if line.incoming is None:
                        line.state = "待接收"
            elif kind == "lines_added":
                if not lines.keys() >= set(data["assets"]):
                    reconciled = ""
                _list_lines(lines, data, addendum=True)
            elif kind == "lines_reassigned":
                for asset in data["assets"]:
                    lines[asset].incoming, lines[asset].state = data["incoming"], "待接收"
            elif kind == "lines_accepted":
                for asset in data["assets"]:
                    lines[asset].state = "已接收"
            elif kind == "line_disputed":
                lines[data["asset"]].state = "有异议"
                row = [case, data["asset"], "清单异议", day, data["reason"], self._named(data["disputedBy"])]
                differences.append([*row, "", "", "未处理"])
            elif kind == "reconciliation_recorded":
                reconciled = ""
                for one in data["lines"]:
                    _settle(differences, one["asset"], "核账差异", "已重新核账")
                    lines[one["asset"]].compared = "相符"
                    if told := _difference(one):
                        lines[one["asset"]].compared = "有差异"
                        differences.append([case, one["asset"], "核账差异", day, told, "", "", "", "未处理"])
            elif kind == "difference_resolved":
                lines[data["asset"]].compared = "差异已处理"
                _settle(differences, data["asset"], "核账差异", "已处理", data)
            elif kind == "dispute_resolved":
                lines[data["asset"]].state = "待接收"
                _settle(differences, data["asset"], "清单异议", "已处理", data)
            elif kind == "reconciliation_completed":
                reconciled = "RECONCILED"
            elif kind == "interim_custodian_appointed":
                one = data["interim"]
                interim = f"{self._named(one['person'])} {one['since']} 至 {one['until']}，{self._named(one['appointedBy'])}指定"
                interim += f"，盘点表 {one['inventoryNo']}"
            elif kind == "audit_completed":
                audit = data["audit"]
            elif kind == "finding_raised":
                one, completed = data["finding"], ""
                row = [event["position"], one.get("asset") or "", day, self._word("AUDIT_FINDING")]
                found[one["finding"]] = [*row, one["finding"], one.get("clause") or "", one["text"], "未处理"]
            elif kind == "finding_resolved":
                found[data["finding"]][7] = f"已处理：{data['resolution']}（{data['documentNo']}）"
            elif kind == "list_sealed":
                sealed, sealed_on, signatures = data["listSha256"], day, {}
            elif kind == "signed":
                one = data["signature"]
                place = f"INCOMING:{one['person']}" if one["role"] == "INCOMING" else one["role"]
                signatures[place] = f"{self._named(one['person'])} {one['signedOn']}"
            elif kind == "completed":
                completed = day
        self.tables["findings"] += found.values()
        self.tables["differences"] += differences
        listed = [(asset, line, line.incoming or successor) for asset, line in sorted(lines.items())]
        for number, (asset, line, who) in enumerate(listed, 1):
            self.taken.setdefault(asset, []).append((case, self._named(who)))
            version = "" if line.version is None else str(line.version)
            added = "补充" if line.addendum else ""
            self.tables["lines"].append(
                [number, case, asset, version, self._named(who), line.state, line.compared, added]
            )
        content = [
            case, notice["person"], notice["kind"], notice["organization"],
            [[asset, line.version, who] for asset, line, who in listed],
        ]  # fmt: skip
        digest = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        agrees = sealed and ("相符" if hashlib.sha256(digest).hexdigest() == sealed else "与清单内容不符")
        incoming = {who for _, _, who in listed} if listed else {successor}
        taking = "；".join(self._named(one) for one in sorted(one for one in incoming if one))
        taken = "；".join(text for place, text in sorted(signatures.items()) if place.startswith("INCOMING"))
        return [
            case, self._word(notice["kind"]), self._named(notice["organization"]), self._word(notice["reason"]),
            notice["departsOn"], taking, self._word("COMPLETED" if completed else "OPEN"), len(lines),
            self._word(reconciled), audit.get("reportNo", ""), audit.get("cutOff", ""), audit.get("opinion", ""), sealed,
            len(found), sum(row[7] == "未处理" for row in found.values()), signatures.get("OUTGOING", ""), taken,
            signatures.get("SUPERVISOR", ""), completed, notice.get("documentNo") or "", sealed_on, agrees, interim,
            len(differences), sum(row[8] == "未处理" for row in differences),
        ]  # fmt: skip


class ListedLine:
    """One asset of a handover list: its version, who takes it over, how far that has come."""

    __slots__ = ("addendum", "compared", "incoming", "state", "version")

    def __init__(self, version: int | None, incoming: str | None, *, addendum: bool, compared: str) -> None:
        self.version, self.incoming, self.addendum, self.compared = version, incoming, addendum, compared
        self.state = "待接收"


def _list_lines(lines: dict[str, ListedLine], data: dict[str, Any], *, addendum: bool) -> None:
    """Put assets on the list; one that is on it already is listed anew, for the same taker."""
    versions = data.get("versions") or [None] * len(data["assets"])
    for asset, version in zip(data["assets"], versions, strict=True):
        before = lines.get(asset)
        lines[asset] = ListedLine(
            version,
            before.incoming if before else None,
            addendum=addendum,
            compared=before.compared if before else "",
        )


def _difference(line: dict[str, str]) -> str:
    """What a reconciled line is not as it should be in; "" for one that agrees."""
    words = {"DIFFERS": "账面不符", "MISSING": "实物缺失", "DAMAGED": "实物损坏", "INCOMPLETE": "资料不全"}
    told = [words[line[part]] for part in ("book", "physical", "documents") if line[part] in words]
    return "、".join(told) + (f"：{line['note']}" if told and line.get("note") else "")


def _settle(rows: list[Row], asset: str, kind: str, state: str, data: dict[str, str] | None = None) -> None:
    """Close what is open of an asset."""
    for row in rows:
        if row[1:3] == [asset, kind] and row[8] == "未处理":
            row[8] = state
            if data is not None:
                row[6:8] = data["resolution"], data["documentNo"]


def takers(taken: Iterable[tuple[str, str]]) -> list[str]:
    """Who takes an asset over, and by which cases."""
    listed = list(taken)
    return [
        "；".join(dict.fromkeys(who for _, who in listed if who)),
        "；".join(dict.fromkeys(case for case, _ in listed)),
    ]


def weight_of(finding: Row) -> int:
    """What comes first: what an auditor found and nobody has settled, what history was found to be, what is settled."""
    return 0 if finding[7] == "未处理" else 2 if finding[7] else 1


def tally_of(findings: list[Row], warnings: list[Row]) -> list[Row]:
    """Findings and reminders by kind, the heavy ones first, and of one weight the frequent ones."""
    groups: dict[tuple[int, str, str, str], list[Row]] = {}
    for row in findings:
        weight = weight_of(row)
        kind = [f"{row[3]}（未处理）", str(row[3]), f"{row[3]}（已处理）"][weight]
        code, clause = (row[4], row[5]) if weight == 1 else ("", "")
        groups.setdefault((weight, kind, code, clause), []).append([row[1], row[2], row[6]])
    for row in warnings:
        groups.setdefault((3, LABELS["WARNING"], row[3], row[4]), []).append([row[1], row[2], row[5]])
    rows = []
    for (weight, kind, code, clause), group in groups.items():
        days = [day for _, day, _ in group]
        count, assets = len(group), len({asset for asset, _, _ in group if asset})
        rows.append((weight, -count, [kind, code, clause, count, assets, min(days), max(days), group[0][2]]))
    return [row for _, _, row in sorted(rows)]


def income_lines(event: Event) -> list[tuple[str, int]]:
    """Holders of the income that an event gives or takes, with amounts; "" while it has no holder."""
    data = event["data"]
    shares = [(one["party"], one["amount"]) for one in data.get("attributions", ())]
    if event["type"] == "asset.income_received":
        return shares or [("", data["receipt"]["amount"])]
    if event["type"] == "asset.ownership_confirmed" and shares:
        return [("", -sum(amount for _, amount in shares)), *shares]
    if event["type"] == "asset.income_distributed":
        return [(data["distribution"]["holder"], -data["distribution"]["amount"])]
    return []


@lru_cache(maxsize=1 << 16)
def yuan(fen: int) -> str:
    """Yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


# ---- the spreadsheet and the page ----------------------------------------------------------------------------------
# Both are made here, for the pack and for whoever verifies it: they are compared byte for byte. Sheets and the tables of
# the page are views: some columns of a table, as many as are legible on A4 across.

TITLE: Final = "扶贫资产离任交接清册"
PAPER_UNITS: Final = 148
"""So many digits of 10 pt stand side by side on A4 across."""
COVER: Final = "封面"
_Columns = tuple[tuple[str, int], ...]
SHEETS: Final[tuple[tuple[str, str, _Columns], ...]] = (
    ("清册", "inventory", (
        ("序号", 5), ("资产编号", 25), ("资产名称", 20), ("类别", 7), ("数量", 8), ("单位", 7), ("原始价值", 15), ("累计折旧", 14),
        ("净值", 15), ("使用状况", 9), ("接收人", 14), ("备注", 9),
    )),
    ("登记事项", "inventory", (
        ("序号", 5), ("资产编号", 25), ("资产内容", 24), ("类型", 11), ("建设时间", 14), ("使用年限", 9), ("资金来源构成", 26),
        ("所有权人", 18), ("使用权人", 16),
    )),
    ("权益与处置", "inventory", (
        ("序号", 5), ("资产编号", 25), ("收益权人", 20), ("权属", 8), ("权证号", 22), ("累计收益", 16), ("累计分配", 16),
        ("资产处置", 18), ("所在地", 18),
    )),
    ("管护", "inventory", (
        ("序号", 5), ("资产编号", 25), ("经营主体", 18), ("管护主体", 20), ("管理责任单位", 20), ("在管期间", 33), ("移交资料", 9),
        ("交接编号", 18),
    )),
    ("交接清单", "lines", (
        ("序号", 6), ("交接编号", 22), ("资产编号", 26), ("资产版本", 9), ("接收人", 30), ("状态", 10), ("核账", 14), ("补充", 8),
    )),
    ("临时管护", "interims", (
        ("交接编号", 24), ("移交人", 18), ("单位", 22), ("临时管护人", 18), ("指定单位", 22), ("起", 11), ("止", 11), ("盘点表", 18),
    )),
    ("差异与处理", "differences", (
        ("交接编号", 14), ("资产编号", 25), ("种类", 10), ("日期", 11), ("内容", 28), ("提出人", 16), ("处理结果", 22),
        ("处理文号", 13), ("状态", 9),
    )),
    ("移交资料", "papers", (
        ("资产编号", 25), ("资料种类", 14), ("编号", 22), ("标题", 30), ("日期", 11), ("资料摘要", 36),
    )),
    ("发现汇总", "tally", (
        ("种类", 12), ("条数", 8), ("资产数", 8), ("最早", 11), ("最近", 11), ("说明", 62), ("条款", 11), ("代码", 22),
    )),
    ("检查发现", "findings", (
        ("种类", 10), ("资产编号", 25), ("业务日期", 11), ("说明", 44), ("处理", 22), ("条款", 11), ("代码", 16), ("日志位置", 9),
    )),
    ("期初期末", "balances", (
        ("资产编号", 25), ("资产名称", 24), ("期初原值", 16), ("期初折旧", 16), ("期初净值", 16), ("期末原值", 16), ("期末折旧", 16),
        ("期末净值", 16),
    )),
    ("期内变动", "balances", (
        ("资产编号", 25), ("原值增减", 16), ("折旧增减", 16), ("净值增减", 16), ("期内收益", 16), ("期内分配", 16), ("期初状况", 12),
        ("期末状况", 12), ("期内事项", 9),
    )),
    ("累计收益", "balances", (
        ("资产编号", 25), ("资产名称", 30), ("期初累计收益", 18), ("期初累计分配", 18), ("期末累计收益", 18), ("期末累计分配", 18),
    )),
    ("收益余额", "holders", (
        ("收益权人", 44), ("期初余额", 18), ("期内收入", 18), ("期内分配", 18), ("期末余额", 18),
    )),
    ("收支", "income", (
        ("日志位置", 9), ("资产编号", 25), ("事项", 11), ("收益权人", 20), ("金额", 16), ("日期", 11), ("凭证号", 12),
        ("收款或方案编号", 15), ("合同", 14), ("用途", 14),
    )),
    ("合同", "contracts", (
        ("资产编号", 25), ("合同编号", 14), ("经营方式", 10), ("经营主体", 16), ("起", 11), ("止", 11), ("年收益", 14),
        ("期初状态", 9), ("期末状态", 9), ("终止日期", 11), ("期内收款", 16),
    )),
    ("事项", "events", (
        ("日志位置", 9), ("业务日期", 11), ("记录日期", 11), ("资产编号", 25), ("事项", 14), ("操作单位", 15), ("原值增减", 14),
        ("折旧增减", 13), ("收益增减", 13), ("分配增减", 13), ("条款", 10),
    )),
    ("重审", "examination", (
        ("业务日期", 11), ("事件", 15), ("事件流", 25), ("说明", 36), ("条款", 11), ("代码", 15), ("来源", 11), ("解除文号", 14),
        ("日志位置", 9),
    )),
    ("提醒", "warnings", (
        ("资产编号", 25), ("业务日期", 11), ("说明", 66), ("条款", 11), ("代码", 22), ("日志位置", 9),
    )),
)  # fmt: skip
"""Sheets after the cover, in order: title, table, columns with the width they have where amounts and codes are short."""
_DERIVED: Final = {"记录日期": "记录时间"}
"""Columns that show the day, in the county, of a moment."""
_ONE_LINE: Final = {
    "资产编号", "日期", "业务日期", "记录日期", "起", "止", "终止日期", "最早", "最近",
}  # fmt: skip
"""Texts that never wrap; one that is too long is printed smaller."""
_SHORT: Final = {
    "所有权人", "使用权人", "收益权人", "所在地", "管护主体", "管理责任单位", "操作单位", "接收人",
}  # fmt: skip
"""Columns with names that stand without their code, unless two are called the same; the list that is sealed keeps them."""
_CODED: Final = re.compile("([^；，（）]+)（([A-Za-z0-9][A-Za-z0-9_.:-]*)）")
_DATE: Final = "　　　　年　　月　　日"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET_XML: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FONT: Final = '<font>{}<sz val="{}"/><name val="宋体"/><charset val="134"/></font>'
_XF: Final = '<xf numFmtId="{}" fontId="{}" fillId="{}" borderId="{}" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment {}/></xf>'
_FORMS: Final = {
    "plain": (0, 0, 0, 0, 'vertical="center"'),
    "title": (0, 1, 0, 0, 'horizontal="center" vertical="center"'),
    "sheet": (0, 2, 0, 0, 'vertical="center"'),
    "note": (0, 3, 0, 0, 'vertical="center" wrapText="1"'),
    "head": (0, 4, 2, 1, 'horizontal="center" vertical="center" wrapText="1"'),
    "wrapped": (49, 0, 0, 1, 'vertical="center" wrapText="1"'),
    "text": (49, 0, 0, 1, 'horizontal="center" vertical="center" shrinkToFit="1"'),
    "count": (1, 0, 0, 1, 'horizontal="center" vertical="center" shrinkToFit="1"'),
    "money": (4, 0, 0, 1, 'horizontal="right" vertical="center" shrinkToFit="1"'),
    "total": (49, 4, 2, 1, 'vertical="center" shrinkToFit="1"'),
    "total-money": (4, 4, 2, 1, 'horizontal="right" vertical="center" shrinkToFit="1"'),
    "label": (49, 0, 2, 1, 'horizontal="center" vertical="center" wrapText="1"'),
    "value": (49, 0, 0, 1, 'vertical="center" wrapText="1"'),
    "sum": (49, 0, 0, 1, 'horizontal="right" vertical="center" shrinkToFit="1"'),
    "case": (49, 2, 2, 1, 'vertical="center"'),
    "sign": (49, 0, 0, 1, 'vertical="bottom" wrapText="1"'),
    "below": (0, 5, 0, 0, 'vertical="center"'),
}  # fmt: skip
"""How cells look: number format, font, fill, border, alignment."""
_FORM: Final = {name: number for number, name in enumerate(_FORMS)}
_STYLE_SHEET: Final = "".join([
    f'{_XML}<styleSheet xmlns="{_SHEET_XML}">', '<fonts count="6">',
    *(_FONT.format(b, size) for b, size in (("", 10), ("<b/>", 18), ("<b/>", 12), ("", 9), ("<b/>", 10), ("", 12))), "</fonts>",
    '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>',
    '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF4"/><bgColor indexed="64"/></patternFill></fill></fills>',
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border><border>',
    *(f'<{side} style="thin"><color auto="1"/></{side}>' for side in ("left", "right", "top", "bottom")),
    "<diagonal/></border></borders>",
    f'<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="{len(_FORMS)}">',
    *(_XF.format(*form) for form in _FORMS.values()),
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
])  # fmt: skip
_FORM_OF: Final = {"n": "count", "m": "money"}
Line = list[tuple[str, int, str]]
"""A row of the cover: cells with text, how many of the six columns they take, form."""


@lru_cache(maxsize=1 << 14)
def breadth(text: str) -> int:
    """How many digits stand side by side where this text stands: a Chinese character takes two."""
    return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))


def grouped(fen: int) -> str:
    """Yuan with two decimals, thousands apart."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


@lru_cache(maxsize=1 << 12)
def _county_day(hour: str) -> str:
    """The day in the county of a moment, given to the hour (UTC)."""
    return (datetime.strptime(hour, "%Y-%m-%dT%H") + _COUNTY_TIME).date().isoformat()  # noqa: DTZ007


def marks_of(tables: dict[str, list[Row]]) -> list[str]:
    """Case numbers and digests of the sealed lists, as every sheet carries them."""
    cases = [f"交接编号 {row[0]}　封存清单摘要（SHA-256）{row[12] or '尚未封存'}" for row in tables["cases"]]
    if not cases:
        return ["尚未启动离任交接：无交接编号，无封存清单"]
    return cases if len(cases) <= 4 else [*cases[:3], f"另有 {len(cases) - 3} 件离任交接，见{COVER}"]


def cover_of(summary: Sequence[Sequence[str]], tables: dict[str, list[Row]]) -> list[list[Line]]:
    """The cover, a page for each case: whose list, what it comes to, facts of the case and where to sign."""
    inventory = tables["inventory"]
    lines: list[Line] = [
        [(TITLE, 6, "title")],
        [("\n".join(_marks("清册", tables)), 6, "note")],
        *_packed([(name, value) for name, value in summary]),
    ]
    pages = [lines]
    if not tables["cases"]:
        lines.append([(marks_of(tables)[0], 6, "case")])
        lines += _signing("移交人", "", []), _signing("接收人", "", []), _signing("监交人", "", [])
        lines.append(_where())
    values = {row[1]: row[8:11] for row in inventory}
    for row in tables["cases"]:
        case = dict(zip((name for name, _ in TABLES["cases"][1]), row))  # noqa: B905
        listed = [(line[2], line[4]) for line in tables["lines"] if line[1] == row[0]]
        shown = sum(asset in values for asset, _ in listed)
        if row is not tables["cases"][0]:
            lines = []
            pages.append(lines)
        lines.append([(f"交接编号 {case['交接编号']}　{case['职责']}离任交接　{case['状态']}", 6, "case")])
        lines += _packed([
            ("移交单位", case["单位"]),
            ("事由", case["原因"] + (f"（{case['通知文号']}）" if case["通知文号"] else "")),
            ("离任日期", case["离任日期"]),
            ("清单项数", f"{len(listed)} 项" + (f"，其中 {shown} 项列入本清册" if shown != len(listed) else "")),
            ("封存日期", case["封存日期"] or "尚未封存"), ("完成日期", case["完成日期"] or "尚未完成"),
            ("清单摘要", case["清单摘要"] or "尚未封存"), ("摘要核对", case["摘要核对"] or "尚未封存"),
            ("核账", case["核账"] or "未完成"),
            ("核账差异与异议", f"{case['差异项数']} 项，未处理 {case['未处理差异']} 项"),
            ("审计问题", f"{case['审计问题']} 项，未处理 {case['未处理问题']} 项"),
            ("审计报告", case["审计报告"] or "无"), ("审计截止日", case["审计截止日"] or "无"),
            ("审计意见", case["审计意见"] or "无"), ("临时管护", case["临时管护"] or "无"),
        ])  # fmt: skip
        lines.append(
            [("接收人", 2, "label"), ("项数", 1, "label"), ("原始价值", 2, "label"), ("净值", 1, "label")]
        )
        takers_: dict[str, list[int]] = {}
        for asset, who in listed:
            sums = takers_.setdefault(who or "尚未确定", [0, 0, 0])
            value, _, net = values.get(asset, (0, 0, 0))
            sums[:] = [sums[0] + 1, sums[1] + value, sums[2] + net]
        totals = [sum(column) for column in zip(*takers_.values())] or [0, 0, 0]  # noqa: B905
        for who, (count, value, net) in [*sorted(takers_.items()), ("合计", totals)]:
            lines.append([
                (who, 2, "label" if who == "合计" else "value"), (str(count), 1, "sum"), (grouped(value), 2, "sum"),
                (grouped(net), 1, "sum"),
            ])  # fmt: skip
        signed = [one for one in case["接收人签字"].split("；") if one]
        lines.append(_signing("移交人", case["移交人签字"], []))
        for who in sorted(takers_) or ["尚未确定"]:
            done = next((one for one in signed if one.rpartition(" ")[0] == who), "")
            lines.append(_signing("接收人", done, [] if who == "尚未确定" else [who]))
        lines += [_signing("监交人", case["监交人签字"], []), _where()]
    return pages


def _packed(pairs: Sequence[tuple[str, str]]) -> list[Line]:
    """Names and values side by side, as many as there is room for."""
    lines: list[Line] = []
    room = 0
    for name, value in pairs:
        need = (
            2
            if breadth(value) <= _COVER[1] - 1
            else 4
            if breadth(value) <= 2 * _COVER[1] + _COVER[0] - 2
            else 6
        )
        if need > room:
            if room:
                lines[-1][-1] = (lines[-1][-1][0], lines[-1][-1][1] + room, "value")
            lines.append([])
            room = 6
        lines[-1] += [(name, 1, "label"), (value, need - 1, "value")]
        room -= need
    if room:
        lines[-1][-1] = (lines[-1][-1][0], lines[-1][-1][1] + room, "value")
    return lines


def _signing(role: str, done: str, who: list[str]) -> Line:
    """Where somebody signs and seals; a signature that the log has is told."""
    told = f"系统签字：{done}" if done else "、".join(who)
    return [
        (f"{role}（签字）", 1, "label"), (told, 1, "sign"), (f"{role[:2]}单位（盖章）", 1, "label"), ("", 1, "sign"),
        ("日期", 1, "label"), (_DATE, 1, "sign"),
    ]  # fmt: skip


def _where() -> Line:
    return [("交接地点", 1, "label"), ("", 3, "sign"), ("交接日期", 1, "label"), (_DATE, 1, "sign")]


_COVER: Final = (17, 32)
"""Widths of the cover's columns: names and values by turns."""
_TEXT_LINE: Final = 12.5
"""Height of a line of 10 pt, in points."""


def column_letters(index: int) -> str:
    """A, B … Z, AA …"""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def workbook_parts(
    summary: Sequence[Sequence[str]], tables: dict[str, list[Row]]
) -> Iterator[tuple[str, bytes]]:
    """Every part of the spreadsheet, in order: the cover that is signed, then a sheet for each view, ready to print."""
    count = range(1, len(SHEETS) + 2)
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for n in count
    )
    cover = cover_of(summary, tables)
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{sheets}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": _workbook_xml(sum(map(len, cover)), tables),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in count
        )
        + f'<Relationship Id="rId{len(count) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    }
    for name, text in texts.items():
        yield name, (_XML + text).encode()
    yield "xl/styles.xml", _STYLE_SHEET.encode()
    yield "xl/worksheets/sheet1.xml", _cover_xml(cover).encode()
    for number, (title, _, _) in enumerate(SHEETS, 2):
        yield f"xl/worksheets/sheet{number}.xml", sheet_xml(title, summary, tables)


def _workbook_xml(cover: int, tables: dict[str, list[Row]]) -> str:
    named = [
        f'<definedName name="_xlnm.Print_Area" localSheetId="0">{COVER}!$A$1:$F${cover}</definedName>',
        f'<definedName name="_xlnm.Print_Titles" localSheetId="0">{COVER}!$1:$2</definedName>',
    ]
    for place, (title, key, columns) in enumerate(SHEETS, 1):
        last, end = column_letters(len(columns) - 1), HEADER_ROW + len(tables[key])
        if title not in _SIGNED and tables[key]:
            cells = f"{title}!$A${HEADER_ROW}:${last}${end}"
            named.append(
                f'<definedName name="_xlnm._FilterDatabase" localSheetId="{place}" hidden="1">{cells}</definedName>'
            )
        end += 1 if _summed(title) or not tables[key] else 0
        end += 4 if title in _SIGNED else 0
        named.append(
            f'<definedName name="_xlnm.Print_Area" localSheetId="{place}">{title}!$A$1:${last}${end}</definedName>'
            f'<definedName name="_xlnm.Print_Titles" localSheetId="{place}">{title}!$1:${HEADER_ROW}</definedName>'
        )
    sheets = "".join(
        f'<sheet name="{title}" sheetId="{n}" r:id="rId{n}"/>'
        for n, title in enumerate((COVER, *(one[0] for one in SHEETS)), 1)
    )
    return (
        f'<workbook xmlns="{_SHEET_XML}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets><definedNames>{''.join(named)}</definedNames></workbook>"
    )


_SIGNED: Final = {"清册"}
"""Sheets that are signed below the last row."""
_BELOW: Final = ("移交人（签字、盖章）：", "接收人（签字、盖章）：", "监交人（签字、盖章）：")
_PAGE_XML: Final = (
    '<printOptions horizontalCentered="1"/>'
    '<pageMargins left="0.39" right="0.39" top="0.45" bottom="0.55" header="0.2" footer="0.3"/>'
    '<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>'
    "<headerFooter><oddFooter>&amp;L{}&amp;C第 &amp;P 页　共 &amp;N 页"
    "&amp;R移交人　　　　　接收人　　　　　监交人　　　　　</oddFooter></headerFooter>"
)


def _summed(title: str) -> list[bool]:
    """Of which columns a view has the sum below; the balances have it among their rows."""
    key, columns = next((key, columns) for one, key, columns in SHEETS if one == title)
    kinds = dict(TABLES[key][1])
    summed = [kinds.get(name) == "m" for name, _ in columns]
    return summed if any(summed) and key != "balances" else []


def _row_xml(number: int, cells: Iterable[str], height: float | None = None) -> str:
    tall = f' ht="{height:g}" customHeight="1"' if height else ""
    return f'<row r="{number}"{tall}>{"".join(cells)}</row>'


def _cell_xml(column: int, row: int, form: str, text: str) -> str:
    if not text:
        return f'<c r="{column_letters(column)}{row}" s="{_FORM[form]}"/>'
    escaped = escape(text, quote=False).replace("\n", "&#10;")
    return (
        f'<c r="{column_letters(column)}{row}" s="{_FORM[form]}" t="inlineStr"><is><t xml:space="preserve">'
        f"{escaped}</t></is></c>"
    )


def _lines_in(text: str, width: int) -> int:
    """How many lines a text takes in a column; a line may end a little early."""
    if "\n" not in text:
        return -(-breadth(text) // max(1, width - 2)) or 1
    return sum(max(1, -(-breadth(line) // max(1, width - 2))) for line in text.split("\n"))


_MOST_LINES: Final = 30
"""Lines that a row of a sheet holds: it has 409 pt at most."""


def _cut(text: str, width: int) -> str:
    """As much of an escaped text as fits on one row, and where the whole of it stands."""
    kept = " ".join(unescape(text).split())[: width * (_MOST_LINES - 4) // 2]
    return escape(f"{kept}……（未完，全文见 {TABLES_FILE}）", quote=False)


def _cover_xml(cover: list[list[Line]]) -> str:
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{_COVER[(n + 1) % 2]}" customWidth="1"/>' for n in range(1, 7)
    )
    rows, merged = [], []
    for number, line in enumerate((line for page in cover for line in page), 1):
        cells, at, tall = [], 0, 1
        for text, span, form in line:
            cells.append(_cell_xml(at, number, form, text))
            cells += [_cell_xml(at + n, number, form, "") for n in range(1, span)]
            if span > 1:
                merged.append(
                    f'<mergeCell ref="{column_letters(at)}{number}:{column_letters(at + span - 1)}{number}"/>'
                )
            tall = max(
                tall, 1 if form == "sum" else _lines_in(text, sum(_COVER[(at + n) % 2] for n in range(span)))
            )
            at += span
        least = {"title": 28, "case": 20, "sign": 33}.get(line[-1][2], 16.5)
        rows.append(_row_xml(number, cells, min(409, max(least, 4 + _TEXT_LINE * tall))))
    ends = [sum(map(len, cover[:n])) for n in range(1, len(cover))]
    breaks = [f'<brk id="{end}" max="16383" man="1"/>' for end in ends]
    return "".join([
        f'{_XML}<worksheet xmlns="{_SHEET_XML}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
        '<sheetViews><sheetView showGridLines="0" tabSelected="1" workbookViewId="0"/></sheetViews>',
        f'<sheetFormatPr defaultRowHeight="18"/><cols>{widths}</cols><sheetData>', *rows, "</sheetData>",
        f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>', _PAGE_XML.format(COVER),
        f'<rowBreaks count="{len(breaks)}" manualBreakCount="{len(breaks)}">{"".join(breaks)}</rowBreaks>' if breaks else "",
        "</worksheet>",
    ])  # fmt: skip


def sheet_xml(title: str, summary: Sequence[Sequence[str]], tables: dict[str, list[Row]]) -> bytes:
    """A view's sheet: title, whose list, case numbers and digests, headers (all repeated on every page), rows, sums."""
    key, columns = next((key, columns) for one, key, columns in SHEETS if one == title)
    rows = tables[key]
    last = column_letters(len(columns) - 1)
    broad, folded = _widths(title, rows)
    width = sum(broad)
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{one}" customWidth="1"/>' for n, one in enumerate(broad, 1)
    )
    frozen = f'<pane ySplit="{HEADER_ROW}" topLeftCell="A{HEADER_ROW + 1}" activePane="bottomLeft" state="frozen"/>'
    subtitle, marks = subtitle_of(summary), "\n".join(_marks(title, tables))
    head = [
        _row_xml(1, [_cell_xml(0, 1, "sheet", f"{TITLE}·{title}")], 20),
        *(
            _row_xml(n, [_cell_xml(0, n, "note", text)], 3 + 12 * _lines_in(text, width))
            for n, text in ((2, subtitle), (3, marks))
        ),
        _row_xml(
            HEADER_ROW,
            [_cell_xml(n, HEADER_ROW, "head", name) for n, (name, _) in enumerate(columns)],
            5 + _TEXT_LINE * max(_lines_in(name, one + 1) for (name, _), one in zip(columns, broad)),  # noqa: B905
        ),
    ]
    merged = [f"A{n}:{last}{n}" for n in (1, 2, 3)]
    end, below, at = "", [], HEADER_ROW + len(rows) + 1
    if summed := _summed(title):
        below.append(_total_row(at, title, rows, summed))
        at += 1
    elif not rows:
        below.append(_row_xml(at, [_cell_xml(0, at, "plain", "无")]))
    if title in _SIGNED:
        step = len(columns) // len(_BELOW)
        for number, texts in ((at + 1, _BELOW), (at + 3, [f"日期：{_DATE}"] * len(_BELOW))):
            cells = [_cell_xml(n * step, number, "below", text) for n, text in enumerate(texts)]
            below.append(_row_xml(number, cells, 20))
    elif rows:
        end = f'<autoFilter ref="A{HEADER_ROW}:{last}{HEADER_ROW + len(rows)}"/>'
    merges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    before = [
        f'{_XML}<worksheet xmlns="{_SHEET_XML}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
        f'<sheetViews><sheetView workbookViewId="0">{frozen}</sheetView></sheetViews>',
        f'<sheetFormatPr defaultRowHeight="{4 + _TEXT_LINE:g}" customHeight="1"/><cols>{widths}</cols><sheetData>',
        *head,
    ]
    after = [
        *below,
        f'</sheetData>{end}<mergeCells count="{len(merged)}">{merges}</mergeCells>{_PAGE_XML.format(title)}</worksheet>',
    ]
    made = BytesIO()  # row by row: of a million rows there is one copy
    for part in chain(before, sheet_rows(title, rows, [(n, broad[n]) for n in folded]), after):
        made.write(part.encode())
    return made.getvalue()


def _marks(title: str, tables: dict[str, list[Row]]) -> list[str]:
    """What stands above the headers of a view."""
    key = next(key for one, key, _ in SHEETS if one == title)
    count = len(tables[key]) - (key == "balances" and bool(tables[key]))
    *others, last = marks_of(tables)
    return [
        *others,
        f"{last}　共 {count} {'项' if key in {'inventory', 'balances', 'lines'} else '条'}　金额单位：元",
    ]


def _total_row(number: int, title: str, rows: Sequence[Row], summed: list[bool]) -> str:
    cells = []
    for column, text in enumerate(_totals(title, rows, summed)):
        if summed[column] and text:
            value = f'<c r="{column_letters(column)}{number}" s="{_FORM["total-money"]}"><v>{text}</v></c>'
            cells.append(value)
        else:
            cells.append(_cell_xml(column, number, "total", text))
    return _row_xml(number, cells)


def _totals(title: str, rows: Sequence[Row], summed: list[bool]) -> list[str]:
    """The last row of a view: how many, and the sums in yuan."""
    picked = _picked(title)
    texts = [yuan(sum(row[place] for row in rows)) if money else "" for place, money in zip(picked, summed)]  # noqa: B905
    place = next((n for n, (name, _) in enumerate(_columns(title)) if name == "资产编号"), 0)
    texts[place] = f"合计　{len(rows)} 行"
    return texts


def _columns(title: str) -> _Columns:
    return next(columns for one, _, columns in SHEETS if one == title)


def _picked(title: str) -> list[int]:
    """Places of a view's columns among those of its table."""
    key, columns = next((key, columns) for one, key, columns in SHEETS if one == title)
    names = [name for name, _ in TABLES[key][1]]
    return [names.index(_DERIVED.get(name, name)) for name, _ in columns]


def _widths(title: str, rows: Sequence[Row]) -> tuple[list[int], list[int]]:
    """Widths of a view's columns: amounts and asset codes take what they need on one line, texts share the rest, none
    of them with more than its longest takes. And which of them hold texts of several lines.
    """
    columns, kinds, picked, called = _columns(title), _kinds(title), _picked(title), _called(title, rows)
    widths = [width for _, width in columns]
    needs: dict[int, int] = {}
    for n, ((name, _), kind, place) in enumerate(zip(columns, kinds, picked)):  # noqa: B905
        if kind == "m":
            values = [row[place] for row in rows] or [0]
            high, low = max(values), min(values)
            most = max(high, -low, abs(sum(values)))
            widths[n] = max(11, len(grouped(-most if low < 0 else most)) + 2)
        elif name == "资产编号":
            widths[n] = min(40, max(12, max((len(row[place]) for row in rows), default=0) + 2))
        elif kind == "w":
            texts = {row[place] for row in rows}
            longest = max((_broadest(called.get(one, one)) for one in texts), default=0)
            needs[n] = max(longest, breadth(name)) + 3
    rest = PAPER_UNITS - sum(width for n, width in enumerate(widths) if n not in needs)
    while needs:
        whole = sum(widths[n] for n in needs)
        modest = [n for n, need in needs.items() if need <= widths[n] * rest // whole]
        for n in modest:
            widths[n] = needs.pop(n)
            rest -= widths[n]
        if not modest:
            for n in needs:
                widths[n] = max(6, widths[n] * rest // whole)
            break
    spare = max(0, PAPER_UNITS - sum(widths)) // len(widths)
    return [width + spare for width in widths], list(needs)


def _broadest(text: str) -> int:
    """Its breadth; one with line breaks is never broad enough."""
    return breadth(text) if "\n" not in text else 10_000


def _called(title: str, rows: Sequence[Row]) -> dict[str, str]:
    """What stands for names with codes in the columns of a view that show names only."""
    if title == "交接清单":
        return {}
    places = [place for place, (name, _) in zip(_picked(title), _columns(title)) if name in _SHORT]  # noqa: B905
    return _shortened({row[place] for row in rows for place in places})


def sheet_rows(title: str, rows: Sequence[Row], folded: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Rows of a view as its sheet writes them; `folded`: columns with texts of several lines, and their widths."""
    kinds = _kinds(title)
    parts = ['<row r="{r}"{h}>']
    for index, kind in enumerate(kinds):
        form = _FORM[_FORM_OF.get(kind, "wrapped" if kind == "w" else "text")]
        content = "><v>{}</v></c>" if kind in "nm" else ' t="inlineStr"><is><t>{}</t></is></c>'
        parts.append(f'<c r="{column_letters(index)}{{r}}" s="{form}"{content}')
    template = "".join([*parts, "</row>"])
    heights = [f' ht="{4 + _TEXT_LINE * lines:g}" customHeight="1"' for lines in range(_MOST_LINES + 1)]
    heights[1] = ""
    for number, cells in enumerate(_texts(title, rows), HEADER_ROW + 1):
        lines = 1
        for place, width in folded:
            text = cells[place]
            if 2 * len(text) > width - 2 or "\n" in text:
                taken = _lines_in(text, width)
                if taken > _MOST_LINES:
                    cells[place], taken = _cut(text, width - 2), _MOST_LINES
                lines = max(lines, taken)
        yield template.format(*cells, r=number, h=heights[lines])


def _kinds(title: str) -> list[str]:
    """Kinds of a view's cells: n number, m money, w text that wraps, t text that does not."""
    key, columns = next((key, columns) for one, key, columns in SHEETS if one == title)
    kinds = dict(TABLES[key][1])
    found = [kinds[_DERIVED.get(name, name)] for name, _ in columns]
    return ["w" if kind == "t" and name not in _ONE_LINE else kind for kind, (name, _) in zip(found, columns)]  # noqa: B905


def _texts(title: str, rows: Sequence[Row], money: Any = None) -> Iterator[list[str]]:
    """Cells as XML and HTML write them: escaped, money in yuan."""
    spelt, kinds, columns = money or yuan, _kinds(title), _columns(title)
    pick = itemgetter(*_picked(title))
    amounts = [n for n, kind in enumerate(kinds) if kind == "m"]
    counts = [n for n, kind in enumerate(kinds) if kind == "n"]
    derived = [n for n, (name, _) in enumerate(columns) if name in _DERIVED]
    called = _called(title, rows)
    short = [n for n, (name, _) in enumerate(columns) if called and name in _SHORT]
    for row in rows:
        cells = list(pick(row))
        for place in amounts:
            cells[place] = spelt(cells[place])
        for place in counts:
            cells[place] = str(cells[place])
        for place in short:
            cells[place] = called[cells[place]]
        for place in derived:
            cells[place] = _county_day(cells[place][:13])
        whole = "".join(cells)
        if "&" in whole or "<" in whole or ">" in whole:
            cells = [escape(cell, quote=False) for cell in cells]
        yield cells


def _shortened(texts: set[str]) -> dict[str, str]:
    """Text → the same without the codes behind names, where a name stands for one code only."""
    codes: dict[str, set[str]] = {}
    for text in texts:
        for name, code in _CODED.findall(text):
            codes.setdefault(name, set()).add(code)
    return {
        text: _CODED.sub(lambda found: found[1] if len(codes[found[1]]) == 1 else found[0], text)
        for text in texts
    }


def html_table(title: str, tables: dict[str, list[Row]]) -> str:
    """A view as the page shows it; on paper its head is repeated on every sheet."""
    key, columns = next((key, columns) for one, key, columns in SHEETS if one == title)
    rows, kinds = tables[key], _kinds(title)
    broad, _ = _widths(title, rows)
    widths = "".join(f'<col style="width:{width * 100 // sum(broad)}%">' for width in broad)
    marks = "<br>".join(escape(one) for one in _marks(title, tables))
    head = "".join(f"<th>{name}</th>" for name, _ in columns)
    template = "<tr>" + "".join(f'<td class="{kind}">{{}}</td>' for kind in kinds) + "</tr>\n"
    body = "".join(template.format(*cells) for cells in _texts(title, rows, grouped))
    if summed := _summed(title):
        sums = _totals(title, rows, summed)
        sums = [
            grouped(round(Decimal(one) * 100)) if money and one else one
            for one, money in zip(sums, summed, strict=False)
        ]
        cells = "".join(f'<td class="{kind}">{one}</td>' for kind, one in zip(kinds, sums))  # noqa: B905
        body += f'<tr class="total">{cells}</tr>\n'
    return (
        f'<table id="{title}"><colgroup>{widths}</colgroup><thead><tr><td class="marks" colspan="{len(columns)}">{marks}</td></tr>'
        f"<tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    )


def html_cover(cover: list[list[Line]]) -> str:
    """The cover as the page shows it; every case begins a sheet of paper."""
    widths = "".join(f'<col style="width:{100 * one / sum(_COVER) / 3:.1f}%">' for one in _COVER) * 3
    pages = []
    for page in cover:
        rows = []
        for line in page:
            if line[0][2] == "title":
                continue
            cells = []
            for text, span, form in line:
                tag, told = "th" if form == "label" else "td", escape(text).replace("\n", "<br>")
                cells.append(f'<{tag} class="{form}" colspan="{span}">{told}</{tag}>')
            rows.append(f"<tr>{''.join(cells)}</tr>\n")
        pages.append(f'<table class="cover"><colgroup>{widths}</colgroup>{"".join(rows)}</table>')
    return "\n".join(pages)


_STYLE: Final = """
body{font:15px/1.5 "Noto Sans CJK SC","Microsoft YaHei","SimSun",sans-serif;margin:1.5rem auto;max-width:92rem;padding:0 1rem;color:#111}
h1{font-size:1.7rem;text-align:center}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid #8a97a5}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:13px;line-height:1.35;width:100%}
th,td{border:1px solid #8a97a5;padding:.25rem .4rem;text-align:left;vertical-align:middle}
th{background:#e8eef4;text-align:center}td.m,td.n,td.sum{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.t{white-space:nowrap}td.w{overflow-wrap:anywhere;min-width:3.2em}td.marks,td.note{border:0;padding:.1rem 0;font-size:12px;word-break:break-all}
tr.total td{background:#e8eef4;font-weight:bold}th{word-break:keep-all}.cover{table-layout:fixed;min-width:60rem}.cover+.cover{margin-top:2rem}
.cover td,.cover th{height:1.5rem;overflow-wrap:anywhere}.cover th{font-weight:normal}
.cover td.case{font-weight:bold;background:#e8eef4}.cover td.sign{height:3.2rem;vertical-align:bottom}
.signs{display:flex;gap:2rem;margin:1.6rem 0;break-inside:avoid}.signs span{flex:1;line-height:3}
code{background:#eef2f6;padding:0 .3em}.narrow{border:2px solid #a33;padding:.5rem .8rem;font-weight:bold}
@page{size:A4 landscape;margin:11mm 10mm 14mm;@bottom-left{content:"扶贫资产离任交接清册";font-size:9pt}
@bottom-center{content:"第 " counter(page) " 页　共 " counter(pages) " 页";font-size:9pt}
@bottom-right{content:"移交人　　　　　接收人　　　　　监交人　　　　　";font-size:9pt}}
@media print{body{margin:0;padding:0;max-width:none;font-size:10pt}table{font-size:9pt}td.marks,td.note{font-size:8.5pt}.wide{overflow:visible}
th,td{padding:.6mm 1mm}h1{font-size:18pt;margin:0}h2{font-size:12pt;margin:5mm 0 1mm;break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}
.cover{break-after:page;min-width:0}.cover td,.cover th{height:4.6mm;padding:.4mm 1mm}.cover td.sign{height:11mm}}
"""
_HOW: Final = """
<h2>如何核验</h2>
<p>本审计包可脱离系统核验，无需联网：<code>python3 verify.py 审计包.zip --key 公钥</code>。公钥（或其指纹）应由台账管理单位
另行告知，不取自包内；<code>verify.py</code> 也应取自可信来源。核验内容：签名、每个文件的摘要、每条事件确在已签名的日志中且
未被改动、未遗漏任何一条、各表数字均由事件得出、本页与电子表格逐字节与核验程序自行生成的一致。任何改动都会指出第一处不符的位置。</p>
<p>能证明的：所列事件是日志在上述位置时的全部相关事件，逐字未改。不能证明的：从未记录的事；签名人是否另有一份不同的日志
（可与以前留存的检查点或见证人签名比对）；请求人是谁、规则与程序的版本（由签名人声明）。</p>
<p>“重审”表由台账在制作本包时，按各事件业务日期当日有效的规则（版本与摘要见 <code>manifest.json</code>）重新判定得出。核验程序不重新判定，
只核对该表与签名时的摘要一致，且每一行都对应包内的一条事件；列为“未判定”的，是日志不足以判定的事件。</p>
"""


def page_of(summary: Sequence[Sequence[str]], tables: dict[str, list[Row]], *, narrow: bool) -> str:
    """The whole page: what an official reads without any program; self-contained, no script, nothing loaded."""
    warning = "本包只回答上列“请求范围”，不是其全部在管情况。"
    parts = [
        f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{TITLE}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{TITLE}</h1>",
        *([f'<p class="narrow">{warning}</p>'] if narrow else []),
        f'<div class="wide">{html_cover(cover_of(summary, tables))}</div>',
    ]
    for title, key, _ in SHEETS:
        rows = tables[key]
        parts.append(f"<h2>{title}（{len(rows)} 行）</h2>")
        if len(rows) > PAGE_ROWS:
            parts.append(f"<p>行数较多，见电子表格《交接清册》中的“{title}”表。</p>")
        elif rows:
            parts.append(f'<div class="wide">{html_table(title, tables)}</div>')
        if title in _SIGNED:
            parts.append(
                f'<p class="signs">{"".join(f"<span>{one}<br>日期：{_DATE}</span>" for one in _BELOW)}</p>'
            )
    parts.append(f"{_HOW}</body></html>\n")
    return "\n".join(parts)


def check_workbook(raw: bytes, summary: Sequence[Sequence[str]], tables: dict[str, list[Row]]) -> None:
    """The spreadsheet has the parts that are due, and each of them is the one that is made here."""
    book = Archive(BytesIO(raw), WORKBOOK, {})
    made = dict.fromkeys(book.entries)
    order = []
    for name, due in workbook_parts(summary, tables):
        order.append(name)
        if name not in made:
            raise Bad("workbook", f"{WORKBOOK} {name}", "is missing (缺少部件)")
        del made[name]
        if (said := book.read(name)) != due:
            raise _differs("workbook", f"{WORKBOOK} {name}", said, due)
    for name in made:
        raise Bad("workbook", f"{WORKBOOK} {name}", "is a part too many (多出部件)")
    if list(book.entries) != order:
        raise Bad("workbook", WORKBOOK, "has its parts in another order (部件次序不符)")


def check_page(
    raw: bytes, summary: Sequence[Sequence[str]], tables: dict[str, list[Row]], *, narrow: bool
) -> None:
    """The page is the one that is made here."""
    page = page_of(summary, tables, narrow=narrow).encode()
    if raw != page:
        raise _differs("page", PAGE, raw, page)


def _differs(kind: str, file: str, said: bytes, due: bytes) -> Bad:
    """Where two files part: the cell of a sheet, else the line."""
    block = next(
        (n for n in range(0, len(due), 65536) if said[n : n + 65536] != due[n : n + 65536]), len(due)
    )
    pairs = zip(said[block : block + 65536], due[block : block + 65536])  # noqa: B905
    at = block + next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(said), len(due)) - block)
    lines = due.count(b"\n", 0, at) + 1
    cells = re.findall(rb'<c r="([A-Z]+[0-9]+)"', due[max(0, at - 5_000) : at])
    sheet = re.search(r"sheet([0-9]+)\.xml$", file)
    place = f"{file}, line {lines}"
    if cells and sheet:
        title = (COVER, *(one[0] for one in SHEETS))[int(sheet[1]) - 1]
        place = f"{WORKBOOK} {title}!{cells[-1].decode()}"
    start = max(0, at - 20)
    there, wanted = (text[start : at + 40].decode("utf-8", "replace") for text in (said, due))
    return Bad(kind, place, f"says …{there!r}, the events say …{wanted!r} (与事件不符)")


def narrow(asked: dict[str, Any]) -> bool:
    """Whether a pack was asked for less than all there was in a person's care."""
    return any(asked[name] is not None for name in ("unit", "from", "to", "knownAt"))


def summary_of(
    manifest: dict[str, Any], names: dict[str, str], tables: dict[str, list[Row]], outside: tuple[int, int]
) -> list[list[str]]:
    """What stands at the top of the page. `outside`: assets in care that are not shown, or not for all the time."""
    request, asked, log = manifest["request"], manifest["asked"], manifest["log"]
    total: Row = tables["balances"][-1] if tables["balances"] else ["", *[0] * 19]

    def named(code: str) -> str:
        return f"{names[code]}（{code}）" if code in names else code

    wanted = [f"仅单位 {named(asked['unit'])}"] if asked["unit"] is not None else []
    if asked["from"] is not None or asked["to"] is not None:
        wanted.append(f"仅 {asked['from'] or '最早'} 至 {asked['to'] or '最后'}")
    if asked["knownAt"] is not None:
        wanted.append(f"仅截至 {asked['knownAt']} 已记录的事件")
    gone, cut = outside
    return [
        ["人员", named(request["person"])],
        ["单位", named(request["unit"]) if request["unit"] is not None else "全部"],
        ["期间", f"{request['from']} 至 {request['to']}"],
        ["请求范围", "；".join(wanted) or "该人员全部在管情况"],
        ["请求人", asked["by"] or "未说明"],
        ["范围之外", f"另有 {gone} 项在管资产未列入，{cut} 项只列入部分在管时间" if gone or cut else "无"],
        ["数据截至", f"日志位置 {log['size']}；包内最后一条事件记录于 {log['recordedAt']}"],
        ["资产项数", str(len(tables["inventory"]))],
        ["期初原值/净值", f"{grouped(total[2])} / {grouped(total[4])}"],
        ["期末原值/净值", f"{grouped(total[12])} / {grouped(total[14])}"],
        ["期内收益/分配", f"{grouped(total[10])} / {grouped(total[11])}"],
        ["期内事项", str(len(tables["events"]))],
        ["未处理审计问题", str(sum(weight_of(row) == 0 for row in tables["findings"]))],
        [
            "检查发现/提醒",
            f"{sum(weight_of(row) == 1 for row in tables['findings'])} / {len(tables['warnings'])}",
        ],
    ]


def subtitle_of(summary: Sequence[Sequence[str]]) -> str:
    """What stands on every sheet below its title: whose list, of what, and what lies outside of it."""
    said = {one[0]: one[1] for one in summary}
    names = ("人员", "单位", "期间", "请求范围", *(["范围之外"] if said["范围之外"] != "无" else []))
    return "　".join(f"{name}：{said[name]}" for name in names)


# ---- the pack ------------------------------------------------------------------------------------------------------

_LIMITS: Final = {
    MANIFEST: _MIB, SIGNATURE: _MIB // 16, CHECKPOINT: _MIB // 16, KEYS: _MIB // 4, VERIFIER: _MIB, PAGE: 64 * _MIB,
}  # fmt: skip
_RECORDED: Final = re.compile(
    rb'"recordedAt":"([^"]*)","schema":\d+,"stream":"(?:[^"\\]|\\.)*","type":"[^"]*","version":\d+\}\Z'
)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHAPE: Final = {
    "format": str, "events": int, "assets": int,
    "files": dict, "words": dict, "request": dict, "asked": dict, "log": dict, "said": dict,
}  # fmt: skip
"""What a manifest holds. `said` is what the signer says and nobody can verify from the pack."""
_FIELDS: Final[dict[str, dict[str, tuple[type, ...]]]] = {
    "request": {"person": (str,), "unit": (str, type(None)), "from": (str,), "to": (str,)},
    "asked": {
        "unit": (str, type(None)), "from": (str, type(None)), "to": (str, type(None)),
        "knownAt": (str, type(None)), "by": (str, type(None)),
    },
    "log": {"origin": (str,), "size": (int,), "recordedAt": (str,)},
    "said": {"version": (str,), "domain": (str,), "county": (str,), "rules": (str,)},
}  # fmt: skip


class Pack:
    """A pack, opened: its files are there and no others, its manifest has the shape of one."""

    def __init__(self, file: Any) -> None:
        self.zip = Archive(file, "the archive", _LIMITS)
        names = list(self.zip.entries)
        if MANIFEST not in names:
            raise Bad("files", MANIFEST, "is missing (缺少文件)")
        self.raw_manifest = self.read(MANIFEST)
        try:
            manifest: Any = json.loads(self.raw_manifest)
        except (ValueError, RecursionError) as error:
            raise Bad("manifest", MANIFEST, "not JSON") from error
        said = manifest.get("format") if isinstance(manifest, dict) else None
        if said != FORMAT and re.fullmatch(r"taizhang-audit-pack/[0-9]{1,4}", str(said)):
            raise Bad(
                "format", MANIFEST, f"is of format {said}, this program verifies {FORMAT}: use the verifier of its own"
                " version, which lies in it and whose digest its maker publishes (版本不同，请用相应版本的核验程序)",
            )  # fmt: skip
        wanted = [*FILES, MANIFEST, SIGNATURE]
        for name in wanted:
            if name not in names:
                raise Bad("files", name, "is missing (缺少文件)")
        if names != wanted:
            extra = sorted(set(names) - set(wanted))
            raise Bad(
                "files",
                extra[0] if extra else "zip",
                "a file too many, or in another order (多出文件或次序不对)",
            )
        self.manifest = self._shaped(manifest)

    def _shaped(self, manifest: Any) -> dict[str, Any]:
        """The manifest, once it has exactly the fields of one."""
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise Bad("manifest", MANIFEST, f"not of format {FORMAT} (版本不符)")
        fit = {name: type(value) for name, value in manifest.items()} == _SHAPE and all(
            manifest[part].keys() == kinds.keys()
            and all(type(manifest[part][name]) in of for name, of in kinds.items())
            for part, kinds in _FIELDS.items()
        )
        days = (
            [(manifest.get(part) or {}).get(end) for part in ("request", "asked") for end in ("from", "to")]
            if fit
            else []
        )
        if not fit or not all(day is None or _DAY.fullmatch(day) for day in days):
            raise Bad("manifest", MANIFEST, "has not the fields of one (字段不符)")
        if dumps(manifest) != self.raw_manifest:
            raise Bad("manifest", MANIFEST, "is spelt otherwise than it is written (写法不一致)")
        return manifest

    def read(self, name: str) -> bytes:
        """One file."""
        return self.zip.read(name)


def verify(
    path: Any,
    pinned: str | None = None,
    witnesses: Sequence[str] = (),
    say: Any = lambda _: None,
    since: Since | None = None,
    papers: Any = None,
) -> dict[str, Any]:
    """Verify a pack, and the archive of `papers` beside it; what was found. `Bad` names the first bad place.

    `good` only with a key that was named: without it everything may fit together, and anybody could have made it.
    """
    if isinstance(path, (str, Path)):
        with Path(path).open("rb") as opened:
            return verify(opened, pinned, witnesses, say, since, papers)
    collecting = gc.isenabled()
    gc.disable()  # nothing here is cyclic, and walking a million small objects again and again takes half the time
    try:
        return _verified(Pack(path), pinned, witnesses, say, since, papers)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Bad("shape", "the pack", f"holds what no pack holds (内容不合格式): {error!r}"[:300]) from error
    finally:
        if collecting:
            gc.enable()


PROVEN: Final = "proven"
"""The stage at which nothing is left to prove of the events: signatures, digests, tree, completeness. What follows is whether
the ledgers, the spreadsheet and the page say what these events make.
"""
PROVEN_WORDS: Final = (
    "PROVEN 事件已证实: every event is the one that was signed, none that belongs here is left out (签名、摘要、完整性均已核验);"
    " ledgers, spreadsheet and page follow (台账、表格、页面核验中)"
)
_ONLY_MADE: Final = (
    " The events are proven; what is wrong is what was made of them (事件已证实，问题在由事件生成的内容)."
)


_PAPER: Final = re.compile(r"([0-9a-f]{64})\.[a-z]{3,4}")
_DIGEST: Final = re.compile(rb'"([0-9a-f]{64})"')
MAX_PAPERS: Final = 60_000


def check_papers(file: Any, bodies: Iterable[bytes]) -> int:
    """How many papers lie in an archive beside a pack: each is what its name says, and an event of the pack names it."""
    named = {found.decode() for body in bodies for found in _DIGEST.findall(body)}
    archive = Archive(file, "the archive of papers", {}, MAX_PAPERS)
    for name in archive.entries:
        called = _PAPER.fullmatch(name)
        if called is None:
            raise Bad("files", name, "is no paper of a pack (不是审计包所附资料)")
        if called[1] not in named:
            raise Bad("files", name, "is named by no event of the pack (审计包的事件未引用)")
        if hashlib.sha256(archive.read(name)).hexdigest() != called[1]:
            raise Bad("digest", name, "is not the paper that the events name (与事件所引用的资料不同)")
    return len(archive.entries)


def _verified(
    pack: Pack,
    pinned: str | None,
    witnesses: Sequence[str],
    say: Any,
    since: Since | None,
    papers: Any = None,
) -> dict[str, Any]:
    say("signatures")
    text, key, keys = _signatures(pack, pinned, witnesses)
    origin, size, root, index_count, index_root, digest = checkpoint_of(text, CHECKPOINT)
    if since is not None:
        since.check(origin, size, root, keys, digest)
    say("digests")
    if pack.manifest["files"].keys() != set(FILES):
        raise Bad("manifest", MANIFEST, "names other files than those of a pack (文件不符)")
    for name in FILES:
        if digest.of(pack.read(name)).hex() != pack.manifest["files"][name]:
            raise Bad("digest", name, "is not the file that was signed (与签名时不同)")
    say("events")
    bodies, positions = _lines(pack.read(EVENTS), EVENTS)
    check_proof(bodies, [one - 1 for one in positions], size, pack.read(PROOF), root, EVENTS, digest)
    there = None if papers is None else check_papers(papers, bodies)
    say("index")
    entries, places = _lines(pack.read(INDEX), INDEX)
    check_proof(entries, places, index_count, pack.read(INDEX_PROOF), index_root, INDEX, digest)
    index = Index(entries, places, index_count)
    streams = _streams(bodies, positions, index)
    request = pack.manifest["request"]
    _complete(request, streams, index)
    _check_words(pack.manifest["words"])
    ledgers = Ledgers(pack.manifest, streams)
    ledgers.find()
    for asset in sorted(ledgers.assets):
        for stream in index.streams(f"asset/{asset}"):
            if stream not in streams:
                raise Bad("missing", stream, f"is about {asset}, and is not in the pack (缺少事件流)")
    _check_request(pack.manifest, ledgers, streams, origin, size, bodies)
    say(PROVEN)
    tables = ledgers.make()
    tables["examination"] = _examination(pack.read(EXAMINATION), bodies, positions, request)
    _compare(pack.read(TABLES_FILE), tables)
    if pack.manifest["assets"] != len(tables["inventory"]):
        raise Bad("manifest", MANIFEST, "counts other assets than are shown (数量不符)")
    say("spreadsheet")
    outside = ledgers.outside()
    summary = summary_of(pack.manifest, ledgers.names, tables, outside)
    check_workbook(pack.read(WORKBOOK), summary, tables)
    check_page(pack.read(PAGE), summary, tables, narrow=narrow(pack.manifest["asked"]))
    return {
        "verdict": "GOOD" if pinned is not None else UNPINNED, "good": pinned is not None, "kind": "audit pack",
        PROVEN: pinned is not None, "consistent": True,
        "digest": digest.name, "log": origin, "size": size, "root": base64.b64encode(root).decode(), "events": len(bodies),
        "streams": len(streams), "assets": len(tables["inventory"]), "person": request["person"],
        "unit": request["unit"], "from": request["from"], "to": request["to"],
        "asked": pack.manifest["asked"], "narrow": narrow(pack.manifest["asked"]),
        "outside": {"assets": outside[0], "partly": outside[1]}, "summary": summary,
        "findings": len(tables["findings"]), "ownWords": sorted(pack.manifest["words"]), "said": pack.manifest["said"],
        "key": key.line, "fingerprint": key.fingerprint, "pinned": pinned is not None,
        "witnesses": len(witnesses), "since": None if since is None else since.size,
        "sameVerifier": pack.read(VERIFIER) == Path(__file__).read_bytes(),
        "verifier": pack.manifest["files"][VERIFIER], "papers": there,
    }  # fmt: skip


UNPINNED: Final = "SIGNER UNKNOWN"
"""The word where no key was named: everything fits together, but nobody has said whose key it is."""


class Since:
    """An earlier checkpoint that somebody kept, and the proof (RFC 6962) that a log only grew since."""

    def __init__(self, note: bytes, proof: bytes | None) -> None:
        self.text, self.signatures = read_note(note, "the earlier checkpoint")
        self.origin, self.size, self.root, *_, self.digest = checkpoint_of(
            self.text, "the earlier checkpoint"
        )
        self.proof: list[bytes] | None = None
        if proof is not None:
            try:
                told = json.loads(proof)
                self.proof = [base64.b64decode(one, validate=True) for one in told["proof"]]
            except (ValueError, LookupError, TypeError, RecursionError) as error:
                raise Bad(
                    "since", "the proof", 'is no JSON with a list "proof" of hashes in base64'
                ) from error

    def check(self, origin: str, size: int, root: bytes, keys: Sequence[Key], digest: TreeDigest) -> None:
        """Check that the log of this checkpoint begins with the earlier one's, or the other way round."""
        place = "the earlier checkpoint"
        if self.origin != origin:
            raise Bad("since", place, f"is of {self.origin}, not of {origin} (不是同一日志)")
        if not any(one.kind == LOG_KEY and one.signed(self.text, self.signatures) for one in keys):
            raise Bad("since", place, "is not signed by a key of this log (签名不符)")
        if self.digest is not digest and self.size:
            raise Bad("since", place, f"is of {self.digest.name}, this of {digest.name} (摘要算法不同)")
        if self.size == size:
            if self.root != root:
                raise Bad(
                    "since",
                    place,
                    "says something else of the same size: the log has two histories (历史不一致)",
                )
            return
        if self.proof is None:
            raise Bad(
                "since", place, f"is of {self.size} events, this of {size}: give --proof, from"
                f" GET /v1/log/proofs/consistency?old_size={min(size, self.size)}&size={max(size, self.size)} (缺少一致性证明)",
            )  # fmt: skip
        (old, old_root), (new, new_root) = sorted([(self.size, self.root), (size, root)])
        if not consistent(old, old_root, new, new_root, self.proof, digest):
            raise Bad("since", place, "is not what this log began with: its past was changed (历史被改动)")


def consistent(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes], digest: TreeDigest
) -> bool:
    """Whether a tree (`size`, `root`) begins with another (`old_size`, `old_root`), by a proof (RFC 9162, 2.1.4.2)."""
    if old_size == 0:
        return not proof and old_root == digest.of(b"")
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes or old_size >= size:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = hashes[0]
    for beside in hashes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before, after = digest.node(beside, before), digest.node(beside, after)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            after = digest.node(after, beside)
        position, last = position >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, root)


def checkpoint_of(text: str, file: str) -> tuple[str, int, bytes, int, bytes, TreeDigest]:
    """Log, size, root, entries of the index and its root, the digest, from a checkpoint's text; `Bad` for any other
    spelling. A text that names no digest is about a log of SHA-256.
    """
    *lines, end = text.split("\n")
    found = re.fullmatch(r"index (0|[1-9][0-9]{0,17}) (\S+)", lines[3]) if len(lines) in {4, 5} else None
    if found is None or end or not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
        raise Bad("note", file, "is not a checkpoint (格式不对)")
    named = re.fullmatch(r"digest ([a-z0-9]{1,32})", lines[4]) if len(lines) == 5 else None
    if len(lines) == 5 and (named is None or named[1] == SHA256.name):
        raise Bad("note", file, "is not a checkpoint (格式不对)")
    digest = SHA256 if named is None else DIGESTS.get(named[1])
    if digest is None:
        raise Bad("note", file, f"is of a digest that this program does not know (摘要算法未知): {lines[4]}")
    roots = []
    for encoded in (lines[2], found[2]):
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raw = b""
        if len(raw) != 32 or base64.b64encode(raw).decode() != encoded:
            raise Bad("note", file, "is not a checkpoint (格式不对)")
        roots.append(raw)
    return lines[0], int(lines[1]), roots[0], int(found[1]), roots[1], digest


def _check_words(words: dict[str, Any]) -> None:
    """A pack brings words of its own only for what this program has no word for."""
    for name, word in words.items():
        kind = name.partition("/")[0]
        if name in WORDS or kind not in OWN_WORDS or not isinstance(word, str):
            raise Bad(
                "manifest", f"{MANIFEST} words {name}", "is called otherwise than it is called (名称不符)"
            )


def _examination(raw: bytes, bodies: list[bytes], positions: list[int], request: dict[str, Any]) -> list[Row]:
    """What history was found to be when the pack was made. It is not judged again here, for that takes the rules; it is
    held to its digest, and every row to an event of the pack, its stream and its day.
    """
    kinds = [kind for _, kind in TABLES["examination"][1]]
    try:
        rows: list[Row] = json.loads(raw)
        if dumps(rows) != raw:
            raise Bad("figures", EXAMINATION, "is spelt otherwise than it is written (写法不一致)")
        for number, row in enumerate(rows, 1):
            if [type(value) for value in row] != [int if kind == "n" else str for kind in kinds]:
                raise Bad("figures", f"{EXAMINATION}, row {number}", "is no row of this table (行不对)")
            place = bisect_left(positions, row[0])
            event = loads(bodies[place]) if positions[place : place + 1] == [row[0]] else {}
            said = [event.get("stream"), event.get("occurredOn"), WORDS.get(f"event/{event.get('type')}")]
            if said != row[1:4] or not request["from"] <= row[2] <= request["to"]:
                raise Bad("figures", f"{EXAMINATION}, row {number}", "is about no such event (没有这条事件)")
    except (ValueError, TypeError) as error:
        raise Bad("figures", EXAMINATION, f"cannot be read: {error}") from error
    return rows


def _signatures(pack: Pack, pinned: str | None, witnesses: Sequence[str]) -> tuple[str, Key, list[Key]]:
    """The text of the signed checkpoint, the key behind it, and all keys of this log."""
    text, signatures = read_note(pack.read(CHECKPOINT), CHECKPOINT)
    manifest_text, manifest_signatures = read_note(pack.read(SIGNATURE), SIGNATURE)
    try:
        listed = [Key(line) for line in pack.read(KEYS).decode().splitlines()]
    except ValueError as error:
        raise Bad("keys", KEYS, f"holds a line that is no key (不是公钥): {error}") from error
    known = [one for one in listed if one.kind == LOG_KEY]
    good = signers(known, pinned, text, signatures, CHECKPOINT)
    for witness in witnesses:
        named = Key(witness)
        if named.kind != WITNESS_KEY:
            raise Bad(
                "witness", CHECKPOINT, f"{witness} is the key of a log, not of a witness (不是见证人公钥)"
            )
        if not named.signed(text, signatures):
            raise Bad("witness", CHECKPOINT, f"is not signed by the witness {witness} (缺少见证签名)")
    origin, *_, digest = checkpoint_of(text, CHECKPOINT)
    if manifest_text != f"{origin} audit pack\n{digest.marked(pack.raw_manifest)}\n":
        raise Bad("digest", MANIFEST, "is not the manifest that was signed (清单与签名时不同)")
    for one in good:
        if one.signed(manifest_text, manifest_signatures):
            return text, one, [one, *known]
    raise Bad("signature", MANIFEST, "is not signed by the key of the checkpoint (清单签名不符)")


def signers(
    known: Sequence[Key], pinned: str | None, text: str, signatures: list[tuple[str, bytes]], file: str
) -> list[Key]:
    """Which of the keys signed a checkpoint: the one that was named, else those that came with it."""
    keys = list(known)
    if pinned is not None:
        if re.fullmatch(r"[0-9a-fA-F]{64}", pinned.strip()):
            keys = [one for one in keys if one.fingerprint == pinned.strip().lower()]
        else:
            keys = [Key(pinned)]
    for one in keys:
        if one.kind != LOG_KEY:
            raise Bad(
                "signature", file, "the key you named is a witness's, not a log's (所指定的是见证人公钥)"
            )
    good = [one for one in keys if one.name == text.partition("\n")[0] and one.signed(text, signatures)]
    if not good:
        whose = "the key you named (所指定的公钥)" if pinned is not None else "a key that came with it"
        raise Bad(
            "signature", file, f"is not signed by {whose}; it is signed by {[n for n, _ in signatures]}"
        )
    return good


def _lines(raw: bytes, file: str) -> tuple[list[bytes], list[int]]:
    """Entries and the numbers in front of them."""
    entries: list[bytes] = []
    numbers: list[int] = []
    lines = raw.split(b"\n")
    if lines.pop() != b"":
        raise Bad("order", file, "is cut off (文件不完整)")
    for line in lines:
        number, blank, entry = line.partition(b" ")
        if not blank or not number.isdigit():
            raise Bad("order", f"{file}, line {len(entries) + 1}", "has no number (缺少位置)")
        entries.append(entry)
        numbers.append(int(number))
    return entries, numbers


def _streams(bodies: list[bytes], positions: list[int], index: Index) -> dict[str, list[Event]]:
    """Events by stream; every stream is whole, from its first event to the last there was."""
    heads = {key.partition("/")[2]: value for key, value in index.known.items() if key.startswith("stream/")}
    streams: dict[str, list[Event]] = {}
    for position, body in zip(positions, bodies, strict=True):
        event: Event = loads(body)
        event["position"] = position
        whole = streams.setdefault(event["stream"], [])
        whole.append(event)
        if event["version"] != len(whole):
            raise Bad(
                "missing", f"event {position}", f"is version {event['version']} of {event['stream']},"
                f" {len(whole)} was due: an event before it is missing (缺少事件)",
            )  # fmt: skip
    for stream, events in streams.items():
        head = heads.get(stream)
        if head is None:
            raise Bad("missing", f"index of {stream}", "does not say how many events there are (缺少索引)")
        if head != {"position": events[-1]["position"], "version": len(events)}:
            raise Bad(
                "missing", f"event {head['position']}", f"the last of {stream} (version {head['version']}) is missing"
                " (缺少末尾事件)",
            )  # fmt: skip
    for named in heads:
        if named not in streams:
            raise Bad("missing", named, "the index has it, its events are missing (缺少事件)")
    return streams


class Index:
    """The entries of the index that the pack shows, and where in the whole they stand."""

    def __init__(self, entries: Sequence[bytes], places: Sequence[int], count: int) -> None:
        self.count, self.places = count, places
        listed = [loads(entry) for entry in entries]
        self.known: dict[str, Any] = dict(listed)
        self.keys = [key.encode() for key, _ in listed]

    def streams(self, key: str) -> list[str]:
        """Streams under a key; none if the two entries around its place show that the index does not have it."""
        if key in self.known:
            return list(self.known[key])
        at = bisect_left(self.keys, key.encode())
        before = self.places[at - 1] if at else -1
        after = self.places[at] if at < len(self.places) else self.count
        if after - before != 1:
            raise Bad("missing", f"{INDEX} {key}", "the index entry is missing (缺少索引)")
        return []


def _complete(request: dict[str, Any], streams: dict[str, list[Event]], index: Index) -> None:
    """Every stream that names the person, or a post the person held, is here: by the signed index."""
    person = request["person"]
    needed = index.streams(f"person/{person}")
    pending: list[tuple[str, str]] = []
    for stream in needed:
        pending += [
            (stream.partition("-")[2], event["data"]["position"])
            for event in streams.get(stream, ())
            if event["type"] == "organization.position_appointed" and event["data"]["person"] == person
        ]
    seen = set()
    while pending:
        unit, post = pending.pop()
        if (unit, post) in seen:
            continue
        seen.add((unit, post))
        needed += index.streams(f"post/{unit}/{post}")
        merged = index.streams(f"unit/{unit}")
        needed += merged
        pending += [
            (stream.partition("-")[2], post)
            for stream in merged
            if any(
                one["type"] == "organization.succeeded" and one["data"]["successor"] == unit
                for one in streams.get(stream, ())
            )
        ]
    for stream in needed:
        if stream not in streams:
            raise Bad(
                "missing", stream, f"names {person} or a post of theirs, and is not in the pack (缺少事件流)"
            )


def _check_request(
    manifest: dict[str, Any], ledgers: Ledgers, streams: dict[str, list[Event]], origin: str, size: int,
    bodies: list[bytes],
) -> None:  # fmt: skip
    """What the manifest says of itself is what the checkpoint and the events say, and what was asked for."""
    log, request, asked = manifest["log"], manifest["request"], manifest["asked"]
    if (log["origin"], log["size"]) != (origin, size):
        raise Bad("manifest", MANIFEST, "is about another log or size than the checkpoint (与检查点不符)")
    if manifest["events"] != len(bodies) or f"person-{request['person']}" not in streams:
        raise Bad("manifest", MANIFEST, "counts other events, or the person is unknown (数量不符)")
    if not request["from"] <= request["to"]:
        raise Bad("manifest", MANIFEST, "the period ends before it begins (期间不对)")
    recorded = _RECORDED.search(bodies[-1])
    if recorded is None or recorded[1].decode() != log["recordedAt"]:
        raise Bad("manifest", MANIFEST, "the last event was recorded at another moment (时刻不符)")
    if asked["knownAt"] is not None and asked["knownAt"] < log["recordedAt"]:
        raise Bad(
            "manifest", MANIFEST, "holds events recorded after what was asked for (含所问时刻之后的事件)"
        )
    if asked["unit"] != request["unit"] or any(
        asked[end] not in {None, request[end]} for end in ("from", "to")
    ):
        raise Bad("manifest", MANIFEST, "answers another question than was asked (与请求不符)")
    recorded_at = datetime.strptime(log["recordedAt"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007  days are counted here
    today = (recorded_at + _COUNTY_TIME).date().isoformat()
    since, until = (
        min((one[0] for one in ledgers.spans), default=""),
        max((one[1] for one in ledgers.spans), default=""),
    )
    if asked["to"] is None and not min(until, max(today, since)) <= request["to"] <= (until or _FOREVER):
        raise Bad("manifest", MANIFEST, "the period ends on another day than the care does (期间不对)")
    if asked["from"] is None and since and request["from"] != min(since, request["to"]):
        raise Bad("manifest", MANIFEST, "the period begins on another day than the care does (期间不对)")


_COUNTY_TIME: Final = timedelta(hours=8)


def _compare(raw: bytes, made: dict[str, list[Row]]) -> None:
    if raw == dumps(made):
        return
    said = json.loads(raw)
    for key, (title, columns) in TABLES.items():
        rows = said.get(key, [])
        for number, (claimed, due) in enumerate(zip(rows, made[key]), 1):  # noqa: B905  lengths are compared below
            if claimed != due:
                at = next((i for i, (a, b) in enumerate(zip(claimed, due)) if a != b), 0)  # noqa: B905
                raise Bad(
                    "figures", f"{TABLES_FILE} {title}, row {number}, {columns[at][0]}",
                    f"says {claimed[at]!r}, the events say {due[at]!r} (与事件不符)",
                )  # fmt: skip
        if len(rows) != len(made[key]):
            raise Bad(
                "figures", f"{TABLES_FILE} {title}", f"{len(rows)} rows, the events make {len(made[key])}"
            )
    raise Bad(
        "figures", TABLES_FILE, "holds more than the tables, or is spelt otherwise (多出内容或写法不一致)"
    )


def regular(file: Path) -> Path:
    """The file, if it can be gone through more than once; OSError for a pipe, which would be waited for without end."""
    if file.exists() and not file.is_file():
        raise OSError(f"{file} is no regular file (不是普通文件)")
    return file


def small_file(name: str) -> bytes:
    """A key, checkpoint or proof; ValueError for what is too large to be one."""
    with Path(name).open("rb") as opened:
        content = opened.read(_MIB + 1)
    if len(content) > _MIB:
        raise ValueError(f"{name} is larger than 1 MiB (文件过大)")
    return content


def key_from(text: str) -> str:
    """A key or fingerprint, given as such or as the name of a file that holds it."""
    if "+" not in text and not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        lines = small_file(text).decode("utf-8").split()
        text = lines[0] if lines else ""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        Key(text)
    return text


# ---- a certificate of clearance ------------------------------------------------------------------------------------

CERTIFICATE: Final = " clearance certificate"
"""How the first line of a handover certificate ends."""
_CERTIFIED: Final[dict[str, type]] = {
    "cases": list, "certificateNo": str, "issuedBy": str, "issuedOn": str, "name": str, "person": str,
    "position": int, "root": str,
}  # fmt: skip


def verify_certificate(raw: bytes, pinned: str | None, since: Since | None = None) -> dict[str, Any]:
    """Whether a handover certificate (交接证明) is what a log's key signed; `Bad` says why not.

    `since`: a checkpoint of the same log; the certificate's place and root have to belong to its history. Without a
    whole key nothing can be verified, for a certificate brings none.
    """
    text, signatures = read_note(raw, "the certificate")
    first, _, content = text.partition("\n")
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Bad("certificate", "the certificate", "is not two lines (不是交接证明)") from error
    digest = DIGESTS.get(told.get("digest", SHA256.name)) if isinstance(told, dict) else None
    shaped = digest is not None and {name: type(value) for name, value in told.items()} == (
        _CERTIFIED if digest is SHA256 and "digest" not in told else _CERTIFIED | {"digest": str}
    )
    if not shaped or text != f"{first}\n{dumps(told).decode()}\n" or not first.endswith(CERTIFICATE):
        raise Bad("certificate", "the certificate", "has not the form of one (不是交接证明)")
    said = {"kind": "certificate", "log": first.removesuffix(CERTIFICATE), "digest": SHA256.name, **told}
    number, mark = quote(told["certificateNo"], safe=""), DIGESTS[said["digest"]].of(text.encode()).hex()
    said["ask"] = f"/v1/clearance-certificates/{number}/standing?digest={mark}"
    if pinned is None:
        return {"verdict": UNPINNED, "good": False, "pinned": False, **said}
    if re.fullmatch(r"[0-9a-fA-F]{64}", pinned):
        raise Bad(
            "signature", "the certificate", "is verified with a whole key, not a fingerprint (须给出完整公钥)"
        )
    key = Key(pinned)
    if key.kind != LOG_KEY:
        raise Bad("signature", "the certificate", "the key you named is a witness's (所指定的是见证人公钥)")
    if key.name != said["log"] or not key.signed(text, signatures):
        raise Bad("signature", "the certificate", "is not what the key you named signed (签名不符)")
    if since is not None:
        since.check(
            key.name, told["position"], base64.b64decode(told["root"]), [key], DIGESTS[said["digest"]]
        )
    return {
        "verdict": "GOOD", "good": True, "pinned": True, **said, "key": key.line, "fingerprint": key.fingerprint,
        "since": None if since is None else since.size,
    }  # fmt: skip


# ---- a whole log ---------------------------------------------------------------------------------------------------

LOG_FORMAT: Final = b"taizhang-log/1"
"""First line of an exported log: a checkpoint follows, a line of how many events, and each event after its position."""


def verify_log(
    file: Any, pinned: str | None, witnesses: Sequence[str] = (), since: Since | None = None
) -> dict[str, Any]:
    """Recompute tree and index of an exported log (日志导出) from its bytes, and compare with its signed checkpoint.

    `since`: an earlier checkpoint; the events make its root and its index at its size too. Memory: the index, and a few
    hashes of the tree.
    """
    if file.readline(_LINE).rstrip(b"\n") != LOG_FORMAT:
        raise Bad("log", "line 1", f"is not {LOG_FORMAT.decode()} (不是日志导出)")
    note, key_lines, count = _log_head(file)
    text, signatures = read_note(note, "the checkpoint")
    origin, size, root, index_count, index_root, digest = checkpoint_of(text, "the checkpoint")
    known = [one for one in map(Key, key_lines) if one.kind == LOG_KEY]
    good = signers(known, pinned, text, signatures, "the checkpoint")
    for witness in witnesses:
        named = Key(witness)
        if named.kind != WITNESS_KEY or not named.signed(text, signatures):
            raise Bad("witness", "the checkpoint", f"is not signed by the witness {witness} (缺少见证签名)")
    if count != size:
        raise Bad("log", "the log", f"holds {count} events, its checkpoint says {size} (数量不符)")
    if since is not None and since.size > size:
        raise Bad(
            "since", "the earlier checkpoint", f"is of {since.size} events; the log has {size} (日志变短)"
        )
    peaks: list[tuple[int, bytes]] = []
    heads: dict[str, dict[str, int]] = {}
    named_in: dict[str, set[str]] = {}
    for position in range(1, size + 1):
        line = file.readline(_LINE)
        number, _, body = line.removesuffix(b"\n").partition(b" ")
        if not line.endswith(b"\n") or number != b"%d" % position:
            raise Bad("log", f"event {position}", "is missing, too long or cut off (缺少事件或次序不对)")
        _grow(peaks, digest.leaf(body), digest)
        _index_event(body, position, heads, named_in)
        if since is not None and since.size == position:
            _compare_roots(since.text, digest, peaks, heads, named_in, "the earlier checkpoint", "since")
    if file.readline(1):
        raise Bad("log", "the log", "holds more than its events (含多余内容)")
    _compare_roots(text, digest, peaks, heads, named_in, "the checkpoint", "proof")
    if since is not None:
        since.check(origin, since.size, since.root, [*good, *known], digest)
    return {
        "verdict": "GOOD" if pinned is not None else UNPINNED, "good": pinned is not None, "kind": "log",
        "digest": digest.name, "log": origin, "size": size, "root": base64.b64encode(root).decode(), "indexCount": index_count,
        "indexRoot": base64.b64encode(index_root).decode(), "streams": len(heads), "key": good[0].line,
        "fingerprint": good[0].fingerprint, "pinned": pinned is not None, "witnesses": len(witnesses),
        "since": None if since is None else since.size,
    }  # fmt: skip


_LINE: Final = 16 * _MIB
"""Longest line of an exported log, in bytes."""


def _log_head(file: Any) -> tuple[bytes, list[str], int]:
    """The note, the keys and how many events follow."""
    note, keys = b"", list[str]()
    for _ in range(1_000):
        line = file.readline(_MIB)
        words = line.split()
        if words[:1] == [b"key"] and len(words) == 2:
            keys.append(words[1].decode())
        elif words[:1] == [b"events"] and len(words) == 2 and re.fullmatch(rb"[0-9]{1,18}", words[1]):
            return note, keys, int(words[1])
        elif keys or not line:
            break
        else:
            note += line
    raise Bad("log", "its head", "does not say how many events follow (日志导出不完整)")


def _grow(peaks: list[tuple[int, bytes]], leaf: bytes, digest: TreeDigest) -> None:
    """Add a leaf to the roots of the full subtrees from left to right."""
    size, node = 1, leaf
    while peaks and peaks[-1][0] == size:
        node = digest.node(peaks.pop()[1], node)
        size *= 2
    peaks.append((size, node))


def _top(peaks: Sequence[tuple[int, bytes]], digest: TreeDigest) -> bytes:
    root: bytes = peaks[-1][1] if peaks else digest.of(b"")
    for _, peak in reversed(peaks[:-1]):
        root = digest.node(peak, root)
    return root


def _compare_roots(
    text: str, digest: TreeDigest, peaks: list[tuple[int, bytes]], heads: dict[str, dict[str, int]],
    named_in: dict[str, set[str]], file: str, kind: str,
) -> None:  # fmt: skip
    _, size, root, index_count, index_root, said = checkpoint_of(text, file)
    if said is not digest:
        raise Bad(kind, file, f"is of {said.name}, the log of {digest.name} (摘要算法不同)")
    if _top(peaks, digest) != root:
        raise Bad(kind, file, f"says another root than the first {size} events make (根与事件不符)")
    values: dict[str, Any] = {f"stream/{name}": head for name, head in heads.items()}
    values |= {key: sorted(streams) for key, streams in named_in.items()}
    entries: list[tuple[int, bytes]] = []
    for name in sorted(values, key=str.encode):
        _grow(entries, digest.leaf(dumps([name, values[name]])), digest)
    if (len(values), _top(entries, digest)) != (index_count, index_root):
        raise Bad(kind, file, f"says another index than the first {size} events make (索引与事件不符)")


def _index_event(
    body: bytes, position: int, heads: dict[str, dict[str, int]], named_in: dict[str, set[str]]
) -> None:
    """What an event adds to the index."""
    event = loads(body)
    stream, kind, data = event["stream"], event["type"], event["data"]
    head = heads.setdefault(stream, {"position": position, "version": 0})
    head["position"], head["version"] = position, head["version"] + 1
    if event["version"] != head["version"]:
        raise Bad("log", f"event {position}", f"is version {event['version']} of {stream} (版本不符)")
    for key in names_in(kind, stream, data):
        named_in.setdefault(key, set()).add(stream)


def names_in(kind: str, stream: str, data: dict[str, Any]) -> list[str]:
    """Keys of the index under which an event puts its stream."""
    own = stream.partition("-")[2]
    posts: list[dict[str, Any]] = []
    if kind == "asset.custody_assigned":
        posts = [data["custody"]["firstResponsible"]] if "firstResponsible" in data["custody"] else []
        named = [f"person/{duty['person']}" for duty in data["custody"].get("duties", ())]
    elif kind == "asset.supervision_assigned":
        posts = [one["firstSupervisor"] for one in data["supervision"] if "firstSupervisor" in one]
        named = []
    elif kind == "departure_case.opened":
        named = [f"person/{data['notice'][who]}" for who in ("person", "successor") if who in data["notice"]]
    elif kind == "organization.position_appointed":
        named = [f"person/{data['person']}", f"post/{own}/{data['position']}"]
    else:
        named = {
            "asset.handed_over": lambda: [f"person/{data['outgoing']}", f"person/{data['incoming']}"],
            "departure_case.successor_named": lambda: [f"person/{data['successor']}"],
            "departure_case.lines_reassigned": lambda: [f"person/{data['incoming']}"],
            "departure_case.interim_custodian_appointed": lambda: [f"person/{data['interim']['person']}"],
            "procedure.opened": lambda: [f"asset/{data['subject']['id']}"],
            "organization.succeeded": lambda: [f"unit/{data['successor']}"],
            "organization.defined": lambda: [f"unit/{own}"],
            "person.registered": lambda: [f"person/{own}"],
        }.get(kind, list)()
    return named + [f"post/{one['organization']}/{one['position']}" for one in posts]


# ---- the command line ----------------------------------------------------------------------------------------------

UNPINNED_CODE, FORMAT_CODE = 6, 7


def code_of(bad: Bad) -> int:
    """The exit code of what was found."""
    return FORMAT_CODE if bad.kind == "format" else ARCHIVE_CODES.get(bad.kind, 1)


def verify_file(
    file: Path,
    pinned: str | None,
    witnesses: Sequence[str] = (),
    since: Since | None = None,
    papers: Path | None = None,
    say: Any = lambda _: None,
) -> dict[str, Any]:
    """Verify whatever this is: a pack, a certificate, an exported log. OSError if it cannot be read. `say` hears the stages
    of a pack.
    """
    with regular(file).open("rb") as opened:
        start = opened.read(1_000)
        opened.seek(0)
        first = start.partition(b"\n")[0]
        try:
            if first == LOG_FORMAT:
                return verify_log(opened, pinned, witnesses, since)
            if first.endswith(CERTIFICATE.encode()):
                return verify_certificate(opened.read(_MIB), pinned, since)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise Bad(
                "shape", str(file), f"holds what it cannot hold (内容不合格式): {error!r}"[:300]
            ) from error
        if papers is None:
            return verify(opened, pinned, witnesses, say, since=since)
        with regular(papers).open("rb") as beside:
            return verify(opened, pinned, witnesses, say, since=since, papers=beside)


def plain(text: str) -> str:
    """Text as a terminal shows it and does nothing else: no control characters but line ends."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)


def report(result: dict[str, Any]) -> str:
    """What was found, for people."""
    word = "GOOD 核验通过" if result["good"] else f"{UNPINNED} 签名人未经确认"
    lines = []
    if result["kind"] == "certificate":
        lines.append(
            f"{word}: {result['certificateNo']}，{result['name']}（{result['person']}），{result['issuedBy']}"
            f" {result['issuedOn']} 签发; {result['log']} at {result['position']}\n"
            "Whether it was revoked since, only the service knows (是否已撤销须在线核验):"
            f" GET {result['ask']}"
        )
    elif result["kind"] == "log":
        lines.append(
            f"{word}: {result['log']}, {result['size']} events, {result['streams']} streams; tree and index recomputed"
        )
    else:
        limits = "，仅就所问范围 (only what was asked)" if result["narrow"] else ""
        lines.append(
            f"{word}{limits}: {result['person']} {result['from']} – {result['to']}, {result['assets']} assets,"
            f" {result['events']} events of {result['log']} at {result['size']}"
        )
        lines += [f"{name}：{value}" for name, value in result["summary"][:7]]
        if result["papers"] is not None:
            lines.append(
                f"papers (所附资料): {result['papers']}, each as the events name it (均与事件所引用的一致)"
            )
        if result["ownWords"]:
            lines.append(f"words of the county's own (本县自定名称): {', '.join(result['ownWords'])}")
        said = "，".join(f"{name} {value}" for name, value in result["said"].items())
        lines.append(f"said by the signer, not verified (签名人声明，未核验): {said}")
    if result["pinned"]:
        lines.append("signed by the key you named (与所指定公钥一致)")
    elif "fingerprint" in result:
        lines.append(
            f"key {result['fingerprint']}, NOT PINNED: anybody could have made it (未指定公钥): name it with --key"
        )
    else:
        lines.append(
            "NOT PINNED: nothing was verified, name the log's whole key with --key (未指定公钥，未核验签名)"
        )
    if result.get("witnesses"):
        lines.append(f"witnesses (见证): {result['witnesses']}")
    if result.get("since") is not None:
        lines.append(
            f"one history with the checkpoint of {result['since']} events (与所留存的检查点历史一致)"
        )
    if not result.get("sameVerifier", True):
        lines.append(
            f"the pack holds another version of this verifier (包内核验程序版本不同): {result['verifier']}"
        )
    return plain("\n".join(lines))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Verify an audit pack, a handover certificate or an exported log offline (离线核验)."
    )
    parser.add_argument("file", help="pack (zip), certificate or exported log")
    parser.add_argument("--key", help="verifier key, fingerprint, or file with one of them")
    parser.add_argument(
        "--witness", action="append", default=[], help="key of a witness that must have signed"
    )
    parser.add_argument(
        "--since", help="a checkpoint kept from earlier (or later): the log must be one with it"
    )
    parser.add_argument("--proof", help="proof of consistency with it, JSON; not needed for an exported log")
    parser.add_argument("--papers", help="the archive of papers that came with the pack (所附资料)")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    given = parser.parse_args(arguments)
    pinned: str | None = None
    stages: list[str] = []

    def say(stage: str) -> None:
        stages.append(stage)
        if stage == PROVEN and pinned is not None and not given.json:
            print(PROVEN_WORDS, flush=True)

    try:
        pinned = key_from(given.key) if given.key else None
        proof = small_file(given.proof) if given.proof else None
        since = Since(small_file(given.since), proof) if given.since else None
        papers = Path(given.papers) if given.papers else None
        result = verify_file(
            Path(given.file), pinned, [key_from(one) for one in given.witness], since, papers, say
        )
    except Bad as bad:
        proven = PROVEN in stages and pinned is not None
        found = {"good": False, "verdict": "BAD", "kind": bad.kind, "place": bad.place, "detail": bad.detail}
        if proven:
            found[PROVEN] = True
        words = f"BAD 核验不通过: {bad}{_ONLY_MADE if proven else ''}"
        print(json.dumps(found, ensure_ascii=False) if given.json else plain(words))
        return code_of(bad)
    except (OSError, ValueError) as error:
        print(plain(f"cannot verify (无法核验): {error}"), file=sys.stderr)
        return 2
    print(json.dumps(result, ensure_ascii=False) if given.json else report(result))
    return 0 if result["good"] else UNPINNED_CODE


if __name__ == "__main__":
    sys.exit(main())
