"""The OpenAPI document: what FastAPI finds out by itself, and what it cannot know.

Every field has a Chinese title, so that generated clients and forms read well. Where a field's own definition has
none (fields of events and of aggregates' states), the title comes from the glossary below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.reading import ACTION, ProblemBody

CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")

TITLES: Final[dict[str, str]] = {
    "absentBefore": "变更前没有值的字段",
    "acceptedBy": "接收人",
    "accountableParties": "直接责任主体",
    "accumulated": "计提后累计折旧",
    "accumulatedDepreciation": "累计折旧",
    "acknowledged": "已确认的台账摘要",
    "addressee": "备案机关",
    "aggregatedOn": "汇总日期",
    "amount": "金额",
    "appraisal": "评估",
    "approval": "批准",
    "asset": "资产编号",
    "assetCount": "资产项数",
    "assets": "资产清单",
    "assignment": "权利",
    "attributions": "收益归属",
    "audit": "离任审计",
    "baseline": "期初清单",
    "basis": "依据",
    "batch": "批次编号",
    "booked": "各单位入账金额",
    "booking": "入账",
    "campaign": "盘点编号",
    "card": "登记内容",
    "case": "交接编号",
    "certificate": "证书",
    "chain": "流程",
    "changed": "变更的字段",
    "clause": "条款",
    "clauses": "条款",
    "clearedRisks": "解除的风险",
    "closedOn": "终止日期",
    "closing": "注销",
    "code": "代码",
    "collective": "集体经济组织",
    "collectives": "集体经济组织",
    "completedOn": "完成日期",
    "conditions": "接收条件",
    "confirmation": "确权",
    "confirmedOn": "确权日期",
    "consentDocument": "同意文号",
    "consentedBy": "同意的所有权人",
    "consentedOn": "同意日期",
    "contract": "合同编号",
    "contracts": "经营合同",
    "correctionProposals": "位置更正建议",
    "costShares": "费用分摊",
    "count": "项数",
    "countyDecision": "县人民政府决定",
    "countyDocumentNo": "县级文件文号",
    "custody": "管护",
    "damaged": "毁损资产",
    "decidedOn": "决定（答复）日期",
    "decision": "结论",
    "deliverer": "移交单位",
    "department": "部门",
    "depreciatedThrough": "折旧计提至年度",
    "detailEn": "说明（英文）",
    "detailZh": "说明（中文）",
    "determinations": "审定意见",
    "disposal": "处置编号",
    "disposals": "处置程序",
    "disposedOn": "处置日期",
    "dispute": "产权不明晰情况",
    "disputedBy": "提出异议人",
    "distribution": "收益分配",
    "document": "资料",
    "documentNo": "文号",
    "documents": "存档资料",
    "duty": "职责",
    "endedContracts": "随之终止的合同",
    "endedOn": "终止日期",
    "entrustment": "集中委托",
    "entry": "外部系统录入",
    "expiresOn": "有效期至",
    "externalDuties": "应录入的外部系统",
    "externalEntries": "外部系统录入",
    "filedOn": "备案日期",
    "filingDue": "待备案机关",
    "findings": "历史检查发现",
    "former": "原统一社会信用代码",
    "forwarded": "已上报的层级",
    "found": "在位项数",
    "grantedBy": "批准单位",
    "guidance": "管理指导",
    "herdChange": "存栏变动",
    "holders": "权利主体",
    "imported": "导入",
    "inUseSince": "投入使用日期",
    "incomeByHolder": "各收益权人结余",
    "incomeDistributed": "累计分配",
    "incomeReceived": "累计收益",
    "incomeRightHolders": "收益权人",
    "incoming": "接任人",
    "inspection": "检查情况",
    "issuedOn": "发证日期",
    "item": "移交项编号",
    "items": "明细",
    "jointShares": "联建份额",
    "kind": "种类",
    "lastInspectedOn": "最近检查日期",
    "lastInspection": "最近检查",
    "lastMaintenance": "最近养护",
    "lastMaintenanceOn": "最近养护日期",
    "lastReport": "最近状况报告",
    "lastStatusOn": "最近状况报告日期",
    "leadDepartment": "牵头部门",
    "level": "层级",
    "lines": "清单项",
    "listSha256": "清单摘要",
    "loss": "灭失",
    "losses": "灭失记录",
    "lost": "盘亏资产",
    "maintenance": "养护",
    "maintenancePlan": "养护计划",
    "member": "成员",
    "members": "成员单位",
    "missing": "盘亏资产",
    "moved": "移位",
    "name": "名称",
    "netBookValue": "净值",
    "note": "说明",
    "notice": "离任通知",
    "number": "编号",
    "officeMembers": "资产管理办公室成员单位",
    "old": "变更前的值",
    "openPoints": "尚缺的事项",
    "openedRisks": "标记的风险",
    "operation": "使用状况",
    "opinion": "意见",
    "organization": "单位",
    "outcome": "结果",
    "outgoing": "移交人",
    "overrides": "例外批准",
    "ownerKind": "所有权人类型",
    "owners": "所有权人",
    "ownershipCertificates": "确权书",
    "ownershipRule": "确权依据规则",
    "params": "参数",
    "party": "单位",
    "payments": "已支付的分配方案",
    "person": "人员编号",
    "plan": "方案",
    "policy": "政策版本",
    "position": "职务",
    "procedure": "程序编号",
    "proceeds": "处置收入",
    "progress": "进度",
    "propertyRegistrations": "产权登记",
    "proposal": "处置方案",
    "provenance": "导入来源",
    "publication": "公开",
    "push": "推送的台账",
    "quantificationPlan": "量化方案",
    "quantity": "数量",
    "reason": "原因",
    "receipt": "收款",
    "receipts": "收款记录",
    "receivedOn": "到账日期",
    "receiver": "接收单位",
    "regime": "会计制度",
    "registration": "产权登记",
    "registrationTasks": "待登记的盘盈",
    "registrations": "盘盈登记",
    "report": "使用状况报告",
    "request": "更正申请",
    "requests": "更正申请",
    "resolution": "处理结果",
    "result": "结果",
    "results": "盘点结果",
    "returns": "退回意见",
    "review": "审核意见",
    "rights": "权利",
    "risks": "未解除的风险",
    "role": "签字角色",
    "rows": "行数",
    "rule": "适用规则",
    "sale": "处置结果",
    "sanzi": "是否纳入农村“三资”管理",
    "scope": "是否纳入管理范围",
    "sealed": "封存清单摘要",
    "sha256": "摘要",
    "shares": "按份额分摊",
    "signature": "签字",
    "signatures": "签字",
    "signedOn": "签字日期",
    "since": "起始日期",
    "state": "状态",
    "stocktaking": "清产核资",
    "subjectSha256": "内容摘要",
    "submittedBy": "上报人",
    "successor": "接任者",
    "supervision": "监管",
    "supervisor": "监交人",
    "surplus": "盘盈编号",
    "surpluses": "盘盈",
    "taskForce": "资产管理专班",
    "tenures": "任职",
    "terms": "合同条款",
    "title": "权属状态或标题",
    "titleCertificates": "产权证",
    "titleDispute": "产权不明晰情况",
    "titleHolders": "权利主体",
    "titleProcedure": "确权程序",
    "transfer": "移交",
    "transfers": "资产移交",
    "unitRules": "监督管理制度",
    "until": "截止日期",
    "userRightHolder": "使用权人",
    "value": "价值",
    "voucherNo": "凭证号",
    "warnings": "提示",
    "year": "年度",
}
"""Chinese titles by field name, for fields whose own definition gives none."""


def entitle(schemas: dict[str, Any]) -> None:
    """Give every property of these object schemas a Chinese title, in place."""
    for name, field in properties(schemas):
        if not CHINESE.search(field.get("title", "")) and name in TITLES:
            field["title"] = TITLES[name]


def properties(schemas: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of these object schemas, with its name."""
    for schema in schemas.values():
        yield from schema.get("properties", {}).items()


def describe(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document["components"]["schemas"]
        schemas.setdefault(
            "ProblemBody",
            ProblemBody.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}"),
        )
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        entitle(schemas)
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "API 密钥 / API key"}
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["security"] = [{"key": []}] if ACTION in operation else []
        app.openapi_schema = document
    return app.openapi_schema
