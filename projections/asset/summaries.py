"""One short Chinese line for every event: what happened, to be read in a list. Derived when shown, never stored.

Codes are told in the words of the lists that the ledgers' columns name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from domain.values import Fen
from projections.engine.codes import (
    CERTIFICATE,
    CONTRACT_STATE,
    DISPOSAL_KIND,
    DISPOSAL_STATE,
    DUTY,
    HERD_CHANGE,
    LEVEL,
    LOSS,
    OPERATION_STATE,
    RIGHT,
    RISK_KIND,
    SYSTEM,
)
from projections.engine.meaning import Codes

Data = Mapping[str, Any]

InWords = Callable[[Codes, str], str]
"""What a code of a list is called, in the county's words (a code that the list lacks: itself)."""


def _yuan(fen: int) -> str:
    return f"{Fen(fen).yuan()} 元"


def _of_card(data: Data) -> str:
    card = data["card"]
    return f"{card['assetName']}，{card['quantity']} {card['unitOfMeasure']}，原值 {_yuan(card['originalValue'])}"


def _of_terms(data: Data) -> str:
    terms = data["terms"]
    term = f"{terms['startsOn']} 至 {terms['endsOn']}"
    return f"{terms['operator']['name']}，{term}，年收益 {_yuan(terms['annualIncome'])}"


def _order(order: Data) -> str:
    return f"{order['documentNo']}：{order['reason']}"


def _shares(shares: Sequence[Data]) -> str:
    first = "、".join(f"{one['party']} {_yuan(one['amount'])}" for one in shares[:3])
    return first if len(shares) <= 3 else f"{first} 等 {len(shares)} 家"


def _confirmed(data: Data) -> str:
    return _shares(data["confirmation"]["owners"])


def _custody(data: Data, word: InWords) -> str:
    custody = data["custody"]
    people = "、".join(f"{one['person']}（{word(DUTY, one['duty'])}）" for one in custody.get("duties", ()))
    return f"管护主体 {custody['custodian']}" + (f"，{people}" if people else "")


def _supervision(data: Data) -> str:
    return "监管单位 " + "、".join(one["supervisor"] for one in data["supervision"])


def _handed_over(data: Data, word: InWords) -> str:
    duty = word(DUTY, data["duty"])
    return f"{duty}由 {data['outgoing']} 交给 {data['incoming']}，监交 {data['supervisor']}"


def _status(data: Data, word: InWords) -> str:
    report = data["report"]
    state, note = word(OPERATION_STATE, report["state"]), report.get("note")
    return f"{state}：{note}" if note else f"{state}"


def _maintenance(data: Data) -> str:
    done = data["maintenance"]
    return f"{done['content']}，费用 {_yuan(done.get('cost', 0))}"


def _depreciation(data: Data) -> str:
    return f"{data['year']} 年度 {_yuan(data['amount'])}，累计 {_yuan(data['accumulated'])}"


def _settled(data: Data) -> str:
    return f"决算 {_yuan(data['settlement']['originalValue'])}，差额 {_yuan(data['difference'])}"


def _distribution(data: Data) -> str:
    paid = data["distribution"]
    return f"{paid['holder']} 分配 {_yuan(paid['amount'])}，{len(paid['lines'])} 项"


def _income_plan(data: Data) -> str:
    content = data["content"]
    whole = sum(one["amount"] for one in content["lines"])
    return f"{content['year']} 年度 {_yuan(whole)}，到户 {_yuan(data['householdShare'])}，{len(content['lines'])} 项"


def _appraisal(data: Data) -> str:
    appraisal = data["appraisal"]
    by = appraisal.get("agency") or "内部评估"
    return f"评估价值 {_yuan(appraisal['value'])}（{by}）"


def _published(data: Data) -> str:
    publication = data["publication"]
    return f"{publication['publishedOn']} 在 {publication['place']} 公开"


def _disposed(data: Data, word: InWords) -> str:
    sale = data["sale"]
    return f"{word(DISPOSAL_KIND, data['kind'])}，价款 {_yuan(sale['price'])}"


def _transfer(data: Data) -> str:
    transfer = data["transfer"]
    return f"{transfer['deliverer']} 移交 {transfer['receiver']}，{len(transfer['items'])} 项"


def _herd(data: Data, word: InWords) -> str:
    change = data["herdChange"]
    return f"{word(HERD_CHANGE, change['kind'])} {change['change']}，现有 {data['quantity']}"


def _entry(data: Data, word: InWords) -> str:
    entry = data["entry"]
    return f"{word(SYSTEM, entry['system'])} 回执 {entry.get('refNo', '')}"


def _revitalisation(data: Data) -> str:
    found = data["detected"]
    if found.get("idleSince"):
        return f"自 {found['idleSince']} 起闲置 {found['idleDays']} 天"
    if found.get("years"):
        year = found["years"][-1]
        net = year["income"] - year["upkeep"] - year["depreciation"]
        return f"{year['year']} 年到账 {_yuan(year['income'])}，净收益 {_yuan(net)}"
    return str(data.get("reason") or "")


_SUMMARIES: Final[dict[str, Callable[[Data], str]]] = {
    "asset.registered": _of_card,
    "asset.registration_corrected": lambda data: f"更正 {'、'.join(data['changed'])}：{data['reason']}",
    "asset.document_archived": lambda data: data["document"].get("title") or data["document"]["document"],
    "asset.booked": lambda data: f"{data['booking']['party']} 入账 {_yuan(data['booking']['amount'])}",
    "asset.transfer_initiated": _transfer,
    "asset.transfer_items_accepted": lambda data: f"{data['receiver']} 答复 {len(data['items'])} 项",
    "asset.transfer_refused": lambda data: f"{data['receiver']} 拒收：{data['reason']}",
    "asset.transfer_completed": lambda data: f"{data['deliverer']} 已移交 {data['receiver']}",
    "asset.joint_shares_proposed": lambda data: f"按投资比例：{_shares(data['plan']['shares'])}",
    "asset.quantification_plan_proposed": lambda data: (
        f"{data['plan']['proposedBy']} 提出，量化到 {len(data['plan']['lines'])} 村"
    ),
    "asset.ownership_procedure_started": lambda data: f"程序 {data['procedure']}（{data['chain']}）",
    "asset.county_decision_issued": lambda data: (
        f"{data['decision'].get('documentNo', '县人民政府决定')}：{data['decision']['reasons']}"
    ),
    "asset.title_dispute_opened": lambda data: data["dispute"]["reason"],
    "asset.ownership_certificate_issued": lambda data: (
        f"{data['certificate']['village']} {_yuan(data['certificate']['amount'])}，{data['certificate']['number']}"
    ),
    "asset.ownership_confirmed": _confirmed,
    "asset.ownership_filed": lambda data: f"已报 {data['addressee']} 备案",
    "asset.final_settlement_recorded": _settled,
    "asset.title_certificate_issued": lambda data: data["number"],
    "asset.title_certificate_ineligible": lambda data: data["reason"],
    "asset.property_registered": lambda data: (
        f"{data['registration']['party']} {data['registration']['registrationNo']}"
    ),
    "asset.supervision_assigned": _supervision,
    "asset.put_into_use": lambda data: f"自 {data['inUseSince']} 起使用",
    "asset.maintenance_done": _maintenance,
    "asset.depreciation_posted": _depreciation,
    "asset.leased": _of_terms,
    "asset.operating_contract_signed": _of_terms,
    "asset.operating_contract_changed": _of_terms,
    "asset.risk_mitigation_added": lambda data: (
        f"{data['contract']} 增加风险保障 {data['cover']['cover']}（至 {data['cover']['validTo']}）"
    ),
    "asset.risk_mitigation_released": lambda data: (
        f"解除风险保障 {data['cover']}（{data['release']['releasedOn']}）：{data['release']['reason']}"
    ),
    "asset.holdover_started": lambda data: f"{data['contract']} 自 {data['since']} 起继续使用",
    "asset.income_received": lambda data: (
        f"收款 {_yuan(data['receipt']['amount'])}，凭证 {data['receipt']['voucherNo']}"
    ),
    "asset.income_distributed": _distribution,
    "asset.appraisal_recorded": _appraisal,
    "asset.appraisal_published": _published,
    "asset.disposal_approved": lambda data: (
        f"{data['approval']['approver']} {data['approval']['documentNo']}"
    ),
    "asset.disposal_proceeds_received": lambda data: (
        f"到账 {_yuan(data['amount'])}，凭证 {data['voucherNo']}"
    ),
    "asset.management_rule_adopted": lambda data: data["managementRule"]["title"],
    "asset.stocktake_recorded": lambda data: f"{data['stocktaking']['stocktake']} 已核实",
    "asset.maintenance_planned": lambda data: (
        f"每 {data['plan']['intervalDays']} 天：{data['plan']['content']}"
    ),
    "household_asset.registered": _of_card,
    "household_asset.household_confirmed": lambda data: f"确权到户 {data['confirmation']['documentNo']}",
    "household_asset.registration_corrected": lambda data: (
        f"更正 {'、'.join(data['changed'])}：{data['reason']}"
    ),
    "household_asset.document_archived": lambda data: (
        data["document"].get("title") or data["document"]["document"]
    ),
    "household_asset.entrusted": lambda data: (
        f"委托 {data['entrustment']['operatorName']}，年收益 {_yuan(data['entrustment']['yearlyReturn'])}"
    ),
    "household_asset.entrustment_ended": lambda data: f"{data['entrustment']} 结束：{data['reason']}",
    "household_asset.registration_closed": lambda data: f"注销：{data['closing']['reason']}",
    "household_asset.inspected": lambda data: data["inspection"]["condition"],
    "policy_override.granted": lambda data: (
        f"{data['overrideGrant']['documentNo']}：{data['overrideGrant']['code']}，"
        f"{data['overrideGrant']['reason']}"
    ),
    "policy_override.revoked": lambda data: (
        f"{data['revocation']['documentNo']}：{data['revocation']['reason']}"
    ),
    "revitalisation_case.opened": _revitalisation,
    "revitalisation_case.plan_filed": lambda data: (
        f"{data['plan']['deadline']} 前：{data['plan']['measures']}"
    ),
    "revitalisation_case.extended": lambda data: (
        f"延至 {data['extension']['deadline']}：{data['extension']['reason']}"
    ),
    "revitalisation_case.closed": lambda data: data["closing"]["result"],
    "revitalisation_case.verified": lambda data: (
        "属实" if data["verification"]["confirmed"] else "不属实，继续办理"
    ),
    "revitalisation_case.reopened": lambda data: data["reason"],
    "personal_subject.restricted": lambda data: _order(data["order"]),
    "personal_subject.restriction_lifted": lambda data: _order(data["order"]),
    "personal_subject.hold_placed": lambda data: f"{data['hold']['documentNo']}：{data['hold']['reason']}",
    "personal_subject.hold_released": lambda data: f"{data['hold']}，{_order(data['order'])}",
    "personal_subject.erased": lambda data: _order(data["forgetting"]["order"]),
    "priority_households.opened": lambda _data: "重点关注户名册",
    "priority_households.household_tagged": lambda data: (
        f"{data['tag']['since']} 起，{data['tag']['source']}（{data['tag']['documentNo']}）"
    ),
    "priority_households.tag_ended": lambda data: f"至 {data['end']['until']}",
    "income_plan.proposed": _income_plan,
    "income_plan.amended": lambda data: f"{_income_plan(data)}：{data['reason']}",
    "income_plan.withdrawn": lambda data: data["reason"],
    "income_plan.executed": lambda data: (
        f"支付 {_yuan(data['payment']['amount'])}，凭证 {data['payment']['voucherNo']}，程序 {data['procedure']}"
    ),
    "income_plan.payment_returned": lambda data: (
        f"银行退回 {_yuan(data['back']['amount'])}，凭证 {data['back']['voucherNo']}"
    ),
    "income_plan.use_published": lambda data: (
        f"{data['notice']['publishedOn']} 在 {data['notice']['place']} 公布"
    ),
    "asset.disposal_consent_recorded": lambda data: (
        f"{data['consent']['owner']}同意处置（{data['consent']['documentNo']}）"
    ),
    "asset.preemption_offered": lambda data: f"{data['offer']['holder']}：{data['offer']['conditions']}",
    "asset.preemption_answered": lambda data: (
        "购买" if data["answer"]["outcome"] == "ACCEPTED" else "放弃优先购买"
    ),
    "proceeds_pool.opened": lambda _data: "县级资金池",
    "proceeds_pool.proceeds_received": lambda data: (
        f"{data['receipt']['asset']} 处置所得 {_yuan(data['receipt']['amount'])}（{data['receipt']['receivedOn']}）"
    ),
    "proceeds_pool.proceeds_allocated": lambda data: (
        f"{data['allocation']['projectName']} {_yuan(data['allocation']['amount'])}"
        f"（{data['allocation']['documentNo']}）"
    ),
    "proceeds_pool.allocation_returned": lambda data: (
        f"{data['allocation']} 退回 {_yuan(data['back']['amount'])}：{data['back']['reason']}"
    ),
    "proceeds_pool.funding_linked": lambda data: (
        f"{data['allocation']} 形成资产 {data['asset']} {_yuan(data['amount'])}"
    ),
    "disposal_series.opened": lambda data: data["name"],
    "disposal_series.lot_counted": lambda data: (
        f"{data['lot']['asset']} 处置 {data['lot']['disposal']} {_yuan(data['lot']['value'])}"
    ),
    "disposal_series.lot_released": lambda data: f"{data['asset']} 处置 {data['disposal']}",
    "operator_selection.opened": lambda data: (
        f"{data['announcement']['asset']} 公开选定经营主体：{data['announcement']['conditions']}"
    ),
    "operator_selection.bid_received": lambda data: (
        f"{data['bid']['bidder']['name']} 报名（{data['bid']['receivedOn']}）"
    ),
    "operator_selection.operator_selected": lambda data: (
        f"选定报名 {data['choice']['bid']}：{data['choice']['reason']}"
    ),
    "operator_selection.cancelled": lambda data: data["reason"],
    "maintenance_expense.proposed": lambda data: (
        f"{data['asset']} 维修维护 {_yuan(data['cost'])}，本村承担 {_yuan(data['share'])}"
    ),
    "maintenance_expense.paid": lambda data: (
        f"支付 {_yuan(data['payment']['amount'])}，凭证 {data['payment']['voucherNo']}，程序 {data['procedure']}"
    ),
    "cost_guarantee.inability_declared": lambda data: (
        f"{data['declaration']['unit']} 应承担 {_yuan(data['share'])}：{data['declaration']['reason']}"
    ),
    "cost_guarantee.verified": lambda data: f"{data['township']}：{data['verification']['finding']}",
    "cost_guarantee.finance_guarantee_approved": lambda data: (
        f"列入 {data['approval']['budgetYear']} 年度预算 {_yuan(data['approval']['amount'])}"
        f"，{data['approval']['documentNo']}"
    ),
    "cost_guarantee.county_cost_covered": lambda data: (
        f"县财政支付 {_yuan(data['payment']['amount'])}，凭证 {data['payment']['voucherNo']}"
    ),
    "asset.owner_consent_recorded": lambda data: (
        f"{data['consent']['owner']} {'同意' if data['consent']['agreed'] else '不同意'}"
        f" {data['consent']['counterpart']}（{data['consent']['documentNo']}）"
    ),
    "asset.sublet_recorded": lambda data: (
        f"{data['contract']} 转租给 {data['sublease']['operator']['name']}"
        f"（{data['sublease']['startsOn']} 至 {data['sublease']['endsOn']}）"
    ),
    "asset.platform_authorised": lambda data: (
        f"{data['authorisation']['company']}：{'、'.join(data['authorisation']['scopes'])}"
        f"（{data['authorisation']['documentNo']}）"
    ),
    "asset.platform_authorisation_ended": lambda data: f"{data['company']}：{data['reason']}",
    "incentive_plan.proposed": lambda data: (
        f"{data['content']['asset']} {data['content']['year']} 年度激励"
        f" {_yuan(sum(one['amount'] for one in data['content']['lines']))}"
    ),
    "incentive_plan.paid": lambda data: (
        f"支付 {_yuan(data['payment']['amount'])}，凭证 {data['payment']['voucherNo']}，程序 {data['procedure']}"
    ),
    "incentive_plan.clawback_required": lambda data: f"应追回 {_yuan(data['dueBack'])}",
    "incentive_plan.clawback_received": lambda data: (
        f"追回 {_yuan(data['receipt']['amount'])}，凭证 {data['receipt']['voucherNo']}"
    ),
    "relief_plan.proposed": lambda data: (
        f"帮扶 {len({one['household'] for one in data['content']['lines']})} 户"
        f" {_yuan(sum(one['amount'] for one in data['content']['lines']))}"
    ),
    "relief_plan.withdrawn": lambda _data: "撤回",
    "relief_plan.paid": lambda data: (
        f"支付 {_yuan(data['payment']['amount'])}，凭证 {data['payment']['voucherNo']}，程序 {data['procedure']}"
    ),
    "relief_plan.use_published": lambda data: (
        f"{data['notice']['publishedOn']} 在 {data['notice']['place']} 公布"
    ),
    "public_welfare_post.created": lambda data: (
        f"{data['content']['name']} 月工资 {_yuan(data['content']['monthlyWage'])}"
    ),
    "public_welfare_post.holder_appointed": lambda data: (
        f"{data['holder']['since']} 至 {data['holder']['until']}，月工资 {_yuan(data['holder']['wage'])}"
    ),
    "public_welfare_post.holder_released": lambda data: f"{data['release']['lastDay']} 离岗",
    "public_welfare_post.month_assessed": lambda data: (
        f"{data['assessment']['month']} 应发 {_yuan(data['assessment']['wage'])}"
    ),
    "public_welfare_post.wage_paid": lambda data: (
        f"{data['wage']['plan']} 发放 {_yuan(data['wage']['amount'])}"
    ),
    "annual_result.determined": lambda data: (
        f"{data['statement']['year']} 年度净利润 {_yuan(data['statement']['netProfit'])}"
        f"，激励上限 {_yuan(data['cap'])}"
    ),
    "annual_result.restated": lambda data: (
        f"更正为 {_yuan(data['restatement']['netProfit'])}：{data['restatement']['reason']}"
    ),
    "annual_result.incentive_counted": lambda data: (
        f"{data['plan']} {_yuan(data['amount'])}，累计 {_yuan(data['used'])}"
    ),
    "annual_result.incentive_returned": lambda data: (
        f"{data['plan']} 追回 {_yuan(data['amount'])}，尚应追回 {_yuan(data['dueBack'])}"
    ),
    "income_sub_account.opened": lambda data: f"期初余额 {_yuan(data['opening']['balance'])}",
    "income_sub_account.posted": lambda data: (
        f"{data['entry']['month']}：{data['entry']['credit'] if data['entry']['inward'] else data['entry']['debit']}"
        f" {_yuan(data['entry']['amount'])}，凭证 {data['entry']['voucherNo']}"
    ),
    "income_sub_account.posting_reversed": lambda data: (
        f"{data['entry']['posting']} {_yuan(data['entry']['amount'])}：{data['reversal']['reason']}"
    ),
    "income_sub_account.period_closed": lambda data: (
        f"{data['closing']['month']} 月末余额 {_yuan(data['balance'])}"
    ),
    "departure_case.opened": lambda data: f"{data['notice']['person']} 离任，清单 {len(data['assets'])} 项",
    "departure_case.lines_added": lambda data: f"补充 {len(data['assets'])} 项",
    "departure_case.lines_accepted": lambda data: f"{data['acceptedBy']} 接收 {len(data['assets'])} 项",
    "departure_case.line_disputed": lambda data: f"{data['asset']}：{data['reason']}",
    "departure_case.dispute_resolved": lambda data: f"{data['asset']}：{data['resolution']}",
    "departure_case.lines_reassigned": lambda data: f"{len(data['assets'])} 项改由 {data['incoming']} 接收",
    "departure_case.reconciliation_recorded": lambda data: f"核账 {len(data['lines'])} 项",
    "departure_case.difference_resolved": lambda data: f"{data['asset']}：{data['resolution']}",
    "departure_case.finding_raised": lambda data: str(data["finding"]["text"]),
    "departure_case.signing_refused": lambda data: f"移交人拒签，监交人 {data['refusal']['supervisor']} 登记",
}
_IN_WORDS: Final[dict[str, Callable[[Data, InWords], str]]] = {
    "asset.right_assigned": lambda data, word: (
        f"{word(RIGHT, data['assignment']['right'])}：{data['assignment']['holder']}"
    ),
    "asset.title_certificate_applied": lambda data, word: (
        f"{data['certificate']['holder']} 申请{word(CERTIFICATE, data['certificate']['kind'])}"
    ),
    "asset.custody_assigned": _custody,
    "asset.handed_over": _handed_over,
    "asset.operation_status_reported": _status,
    "asset.risk_flagged": lambda data, word: f"{word(RISK_KIND, data['kind'])}：{data['reason']}",
    "asset.risk_cleared": lambda data, word: f"{word(RISK_KIND, data['kind'])}：{data['reason']}",
    "asset.operating_contract_ended": lambda data, word: (
        f"{data['contract']} {word(CONTRACT_STATE, data['outcome'])}（{data['endedOn']}）"
    ),
    "asset.disposal_proposed": lambda data, word: (
        f"{word(DISPOSAL_KIND, data['proposal']['kind'])}：{data['proposal']['reason']}"
    ),
    "asset.disposal_forwarded": lambda data, word: f"{word(LEVEL, data['level'])}：{data['opinion']}",
    "asset.disposal_closed": lambda data, word: f"{word(DISPOSAL_STATE, data['outcome'])}：{data['reason']}",
    "asset.disposed": _disposed,
    "asset.herd_count_changed": _herd,
    "asset.external_entry_recorded": _entry,
    "household_asset.external_entry_recorded": _entry,
    "household_asset.loss_recorded": lambda data, word: (
        f"{word(LOSS, data['loss']['kind'])}，现有 {data['quantity']}"
    ),
}
"""Of events that name a code of a list."""


def summary(event_type: str, data: Data, word: InWords) -> str:
    """The line for an event; empty for a type that has none."""
    if event_type in _IN_WORDS:
        return _IN_WORDS[event_type](data, word)
    build = _SUMMARIES.get(event_type)
    return "" if build is None else build(data)
