"""The asset register (资产台账): one row per managed asset, and one per asset and party that has a share of it.

Village, township, department and county ledgers are questions to this one table (`register_questions`). Household
assets are never in it: they have a register of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Index

from domain.catalogue import EVENT_TYPES
from projections.engine.codes import (
    ACCOUNTING_SYSTEM,
    ASSET_CLASS,
    ASSET_TYPE,
    CONTRACT_STATE,
    DISPOSAL_KIND,
    DISPOSAL_STATE,
    DUTY,
    FUNDING_LINES,
    LEVEL,
    OPERATING_MODE,
    OPERATION_STATE,
    OWNERSHIP_RULE,
    POST,
    RISK_KIND,
    SHARES,
    SUBCLASS,
    TITLE_STATE,
    UNIT_KIND,
)
from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.meaning import (
    DAY,
    MONEY,
    PERSON_CODE,
    PLACE_CODE,
    PLAIN,
    UNIT_CODE,
    ByKey,
    Each,
    member,
    optional,
    parts,
    states,
    terms,
)
from projections.engine.places import places_of
from projections.engine.projection import Handler, Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    flag_column,
    json_column,
    ledger_table,
    money_column,
    position_column,
    quantity_column,
    text_column,
    whole_column,
)

_CONTRACT: Final = parts(
    mode=member("经营方式", OPERATING_MODE),
    state=member("合同状态", CONTRACT_STATE),
    operator=member("经营主体"),
    operatorName=member("经营主体名称"),
    part=optional("合同所及部分"),
    signer=member("签订单位", UNIT_CODE),
    startsOn=member("合同起始日期", DAY),
    endsOn=member("合同终止日期", DAY),
    endedOn=optional("实际终止日期", DAY),
    annualIncome=member("年收益", MONEY),
    importedFrom=optional("补录来源"),
)
_DISPOSAL: Final = parts(
    kind=member("处置方式", DISPOSAL_KIND),
    state=member("处置状态", DISPOSAL_STATE),
    proposedOn=member("提出日期", DAY),
    appraisedValue=optional("评估价值", MONEY),
    forwarded=optional("已报各级", Each(LEVEL)),
    approvalDocument=optional("批准文号"),
    disposedOn=optional("处置日期", DAY),
    price=optional("处置价格", MONEY),
    proceeds=optional("已收处置所得", MONEY),
)

REGISTER: Final = ledger_table(
    "asset_register",
    text_column("asset", "资产编号"),
    # the card, items 1–9
    text_column("asset_name", "资产名称"),
    text_column("asset_content", "资产内容"),
    code_column("asset_class", "类别：PUBLIC_WELFARE 公益类 / OPERATING 经营类", ASSET_CLASS),
    code_column("subclass", "子类", SUBCLASS, null=True),
    code_column("asset_type", "类型", ASSET_TYPE),
    day_column("construction_start", "开工时间", null=True),
    day_column("completion_date", "建设时间（完工时间）"),
    whole_column("completion_year", "完工年度"),
    whole_column("useful_life_years", "预计使用年限（年）", null=True),
    quantity_column("quantity", "数量"),
    text_column("unit_of_measure", "单位"),
    json_column("items", "清单", of=Each(PLAIN)),
    money_column("original_value", "原始价值"),
    json_column("funding_lines", "资金来源构成，金额为分", of=FUNDING_LINES, title="资金来源构成"),
    code_column("scope", "是否纳入管理范围：IN / OUT", states(IN="纳入", OUT="不纳入")),
    # where, by whom
    text_column("location", "所在地区划代码", of=PLACE_CODE),
    text_column("village", "所在村（12位）", of=PLACE_CODE, null=True),
    text_column("township", "所在乡镇（12位）", of=PLACE_CODE, null=True),
    text_column("project_code", "项目编号", null=True),
    text_column("project_name", "项目名称", null=True),
    code_column("project_scope", "项目范围", terms("PROJECT_SCOPE")),
    text_column("implementer", "项目实施单位", of=UNIT_CODE),
    code_column("implementer_kind", "实施单位类型", UNIT_KIND),
    text_column("remarks", "备注", null=True),
    # states, one column per region
    code_column(
        "registration", "登记状态：REGISTERED / BOOKED", states(REGISTERED="已登记", BOOKED="已入账")
    ),
    code_column("title", "权属状态：UNCONFIRMED / CONFIRMED / DISPUTED", TITLE_STATE),
    code_column("operation", "使用状况", OPERATION_STATE),
    code_column("contract", "合同状态：NONE / ACTIVE / HOLDOVER / EXPIRED / TERMINATED", CONTRACT_STATE),
    code_column(
        "custody",
        "管护状态：NONE / PROVISIONAL / ASSIGNED / IN_HANDOVER",
        states(NONE="未落实", PROVISIONAL="临时管护", ASSIGNED="已落实", IN_HANDOVER="交接中"),
    ),
    code_column("disposal", "处置状态", DISPOSAL_STATE),
    # rights, items 10–12
    json_column("owners", "所有权人及份额（分）", of=SHARES, title="所有权人及份额"),
    code_column("owner_kind", "所有权人类型", UNIT_KIND, null=True),
    code_column("ownership_rule", "确权依据规则", OWNERSHIP_RULE, null=True),
    code_column("regime", "会计制度", ACCOUNTING_SYSTEM, null=True),
    text_column(
        "user_right_holder",
        "使用权人：共有资产无经营主体又未指定的为空，由全体所有权人按份额享有",
        of=UNIT_CODE,
        null=True,
    ),
    json_column("income_right_holders", "收益权人及份额（分）", of=SHARES, title="收益权人及份额"),
    day_column("confirmed_on", "确权日期", null=True),
    day_column("settled_on", "按竣工决算调整价值的日期", null=True),
    whole_column("open_transfers", "未完成的资产移交件数"),
    # accounts
    flag_column("booked", "是否已入账"),
    money_column("booked_amount", "已入账金额"),
    json_column("bookings", "各单位入账金额（分）", of=ByKey(UNIT_CODE, MONEY), title="各单位入账金额"),
    money_column("accumulated_depreciation", "累计折旧"),
    whole_column("depreciated_through", "折旧计提至年度", null=True),
    money_column("net_book_value", "净值"),
    # operation and income, item 13
    text_column("operator", "经营主体", null=True),
    text_column("operator_name", "经营主体名称", null=True),
    code_column("operating_mode", "经营方式", OPERATING_MODE, null=True),
    text_column("contract_code", "现行合同编号", null=True),
    day_column("contract_starts_on", "合同起始日期", null=True),
    day_column("contract_ends_on", "合同终止日期", null=True),
    money_column("annual_income", "合同年收益", null=True),
    json_column("contracts", "全部合同及状态，金额为分", of=ByKey(PLAIN, _CONTRACT), title="全部合同及状态"),
    money_column("income_received", "累计收益"),
    money_column("income_distributed", "累计分配"),
    # custody
    flag_column("custody_provisional", "是否临时管护"),
    text_column("custodian", "管护主体", of=UNIT_CODE, null=True),
    text_column("responsible_unit", "管理责任单位", of=UNIT_CODE, null=True),
    text_column("first_responsible_unit", "管护第一责任人所在单位", of=UNIT_CODE, null=True),
    code_column("first_responsible_post", "管护第一责任人职务", POST, null=True),
    json_column(
        "duties",
        "具体责任人",
        of=Each(parts("LedgerDuty", duty=member("职责", DUTY), person=member("责任人", PERSON_CODE))),
    ),
    json_column(
        "supervision",
        "监管单位及第一监管责任人",
        of=Each(
            parts(
                "LedgerSupervision",
                supervisor=member("监管单位", UNIT_CODE),
                firstSupervisor=optional(
                    "第一监管责任人（职务）",
                    parts(
                        "LedgerPost",
                        organization=member("职务所在单位", UNIT_CODE),
                        position=member("职务", POST),
                    ),
                ),
            )
        ),
    ),
    json_column("open_cases", "未完成的离任交接", of=Each(PLAIN)),
    # condition
    day_column("in_use_since", "投入使用日期", null=True),
    day_column("last_status_on", "最近状况报告日期", null=True),
    day_column("last_maintenance_on", "最近养护日期", null=True),
    money_column("maintenance_cost", "累计养护费用"),
    json_column("open_risks", "未解除的风险及发现日期", of=ByKey(RISK_KIND, DAY)),
    # disposal, item 14
    json_column(
        "disposals", "全部处置程序及状态，金额为分", of=ByKey(PLAIN, _DISPOSAL), title="全部处置程序及状态"
    ),
    day_column("disposed_on", "处置日期", null=True),
    code_column("disposal_kind", "处置方式", DISPOSAL_KIND, null=True),
    money_column("disposal_price", "处置价款", null=True),
    money_column("disposal_proceeds", "处置所得"),
    # trail
    whole_column("documents", "存档资料件数"),
    whole_column("corrections", "更正次数"),
    whole_column("warnings", "提醒条数"),
    whole_column("findings", "历史数据检查发现条数"),
    json_column(
        "imported_history",
        "补录的历史事项：事件类型、日期、来源",
        of=Each(
            parts(
                "LedgerHistory",
                event=member("补录事件类型"),
                occurredOn=member("补录事项日期", DAY),
                source=member("补录来源"),
            )
        ),
        title="补录的历史事项",
    ),
    day_column("registered_on", "登记日期"),
    day_column("last_occurred_on", "最近业务日期"),
    whole_column("version", "资产事件版本"),
    position_column("first_position", "首个事件位置"),
    key=("asset",),
    group="asset",
    comment="资产台账：每项纳入登记的资产一行",
    indexes=(
        Index("asset_register_township_idx", "county", "township", "asset"),
        Index("asset_register_village_idx", "county", "village", "asset"),
        Index("asset_register_class_idx", "county", "asset_class", "asset_type", "asset"),
    ),
)

SHARE: Final = ledger_table(
    "asset_share",
    text_column("asset", "资产编号"),
    text_column("party", "权利人", of=UNIT_CODE),
    money_column("amount", "所有权份额"),
    money_column("income_amount", "收益权份额"),
    code_column("owner_kind", "所有权人类型", UNIT_KIND),
    key=("asset", "party"),
    group="asset",
    comment="资产份额：每项资产每个权利人一行，所有权份额之和等于原始价值",
    indexes=(Index("asset_share_party_idx", "county", "party", "asset"),),
)

_RUNNING: Final = {"ACTIVE": 2, "HOLDOVER": 1}
_TITLE_UNCLEAR: Final = "TITLE_UNCLEAR"


def _touch(event: LedgerEvent, rows: Rows) -> Row:
    """The asset's row, marked as touched by this event of its own stream."""
    row = rows.edit(REGISTER, event.id)
    row["position"] = event.position
    row["version"] = event.version
    occurred = event.day
    row["last_occurred_on"] = max(row["last_occurred_on"], occurred)
    basis = event.basis
    if basis.warnings:
        row["warnings"] += len(basis.warnings)
    if basis.findings:
        row["findings"] += len(basis.findings)
    if basis.provenance is not None:
        row["imported_history"] = [*row["imported_history"], *_imported(event)]
    return row


def _imported(event: LedgerEvent) -> list[dict[str, str]]:
    """The mark of an event that came in as imported history; nothing for others."""
    source = event.basis.provenance
    if source is None:
        return []
    return [{"event": event.type, "occurredOn": event.occurred_on, "source": source}]


def _card(card: Mapping[str, Any], scope: str) -> Row:
    """Columns that come from the card."""
    village, township = places_of(card["location"])
    completed = day(card["completionDate"])
    get = card.get
    return {
        "asset_name": card["assetName"],
        "asset_content": card["assetContent"],
        "asset_class": card["assetClass"],
        "subclass": get("subclass"),
        "asset_type": card["assetType"],
        "construction_start": day_or_none(get("constructionStart")),
        "completion_date": completed,
        "completion_year": completed.year,
        "useful_life_years": get("usefulLifeYears"),
        "quantity": Decimal(card["quantity"]),
        "unit_of_measure": card["unitOfMeasure"],
        "items": get("items", []),
        "original_value": card["originalValue"],
        "funding_lines": get("fundingLines", []),
        "scope": scope,
        "location": card["location"],
        "village": village,
        "township": township,
        "project_code": get("projectCode"),
        "project_name": get("projectName"),
        "project_scope": get("projectScope", "SINGLE_VILLAGE"),
        "implementer": card["implementer"],
        "implementer_kind": card["implementerKind"],
        "remarks": get("remarks"),
    }


def _registered(event: LedgerEvent, rows: Rows) -> None:
    if rows.find(REGISTER, event.id) is not None:
        raise ValueError(f"asset {event.id} is registered already")
    data = event.data
    row = _card(data["card"], data["scope"])
    occurred = event.day
    row.update(
        asset=event.id,
        registration="REGISTERED",
        title="UNCONFIRMED",
        operation="NOT_IN_USE",
        contract="NONE",
        custody="NONE",
        disposal="NONE",
        owners=[],
        owner_kind=None,
        ownership_rule=None,
        regime=None,
        user_right_holder=None,
        income_right_holders=[],
        confirmed_on=None,
        settled_on=None,
        open_transfers=0,
        booked=False,
        booked_amount=0,
        bookings={},
        accumulated_depreciation=0,
        depreciated_through=None,
        net_book_value=row["original_value"],
        operator=None,
        operator_name=None,
        operating_mode=None,
        contract_code=None,
        contract_starts_on=None,
        contract_ends_on=None,
        annual_income=None,
        contracts={},
        income_received=0,
        income_distributed=0,
        custody_provisional=False,
        custodian=None,
        responsible_unit=None,
        first_responsible_unit=None,
        first_responsible_post=None,
        duties=[],
        supervision=[],
        open_cases=[],
        in_use_since=None,
        last_status_on=None,
        last_maintenance_on=None,
        maintenance_cost=0,
        open_risks={},
        disposals={},
        disposed_on=None,
        disposal_kind=None,
        disposal_price=None,
        disposal_proceeds=0,
        documents=0,
        corrections=0,
        warnings=len(event.basis.warnings),
        findings=len(event.basis.findings),
        imported_history=_imported(event),
        registered_on=occurred,
        last_occurred_on=occurred,
        version=event.version,
        first_position=event.position,
        position=event.position,
    )
    rows.put(REGISTER, row)


def _registration_corrected(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    registered, there = Decimal(data["old"].get("quantity", data["card"]["quantity"])), row["quantity"]
    row.update(_card(data["card"], data["scope"]))
    row["quantity"] = there + row["quantity"] - registered
    row["net_book_value"] = row["original_value"] - row["accumulated_depreciation"]
    row["corrections"] += 1


def _final_settlement(event: LedgerEvent, rows: Rows) -> None:
    """The value of then, and the same parts of it: what was booked and written off stays."""
    row = _touch(event, rows)
    data = event.data
    there = row["quantity"]
    row.update(_card(data["card"], data["scope"]))
    row["quantity"] = there
    row["net_book_value"] = data["card"]["originalValue"] - row["accumulated_depreciation"]
    row["settled_on"] = event.day
    row["owners"], row["income_right_holders"] = data["owners"], data["incomeRightHolders"]
    if row["owner_kind"] is not None:  # shares are those of a confirmed title
        _put_shares(event, rows, row["owners"], row["income_right_holders"], row["owner_kind"])


def _document_archived(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["documents"] += 1


def _booked(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    booking = event.data["booking"]
    row["bookings"] = {**row["bookings"], booking["party"]: booking["amount"]}
    row["booked_amount"] = sum(row["bookings"].values())
    row["booked"] = True
    row["registration"] = "BOOKED"


def _touched(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)


def _herd_count_changed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(
        event, rows
    )  # by the change, not the count: at a past day earlier changes may not be known yet
    row["quantity"] = row["quantity"] + Decimal(event.data["herdChange"]["change"])


def _transfer_initiated(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["open_transfers"] += 1


def _transfer_closed(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["open_transfers"] -= 1


def _ownership_confirmed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    confirmation = data["confirmation"]
    owners, holders = confirmation["owners"], confirmation.get("incomeRightHolders", [])
    row["title"] = "CONFIRMED"
    row["owners"] = owners
    row["owner_kind"] = confirmation["ownerKind"]
    row["ownership_rule"] = data["rule"]
    row["regime"] = data["regime"]
    if not _operated(row):
        row["user_right_holder"] = confirmation.get("userRightHolder") or _using_owner(row)
    row["income_right_holders"] = holders
    row["confirmed_on"] = event.day
    row["open_risks"] = _without(row["open_risks"], (_TITLE_UNCLEAR,))
    _put_shares(event, rows, owners, holders, confirmation["ownerKind"])


def _put_shares(
    event: LedgerEvent,
    rows: Rows,
    owners: Sequence[Mapping[str, Any]],
    holders: Sequence[Mapping[str, Any]],
    owner_kind: str,
) -> None:
    """Who has a share of the asset now: each party a row, what it owns and what income is its."""
    for share in rows.group(SHARE, event.id):
        rows.delete(SHARE, event.id, share["party"])
    amounts = {share["party"]: [share["amount"], 0] for share in owners}
    for share in holders:
        amounts.setdefault(share["party"], [0, 0])[1] = share["amount"]
    for party, (amount, income_amount) in amounts.items():
        rows.put(
            SHARE,
            {
                "asset": event.id,
                "party": party,
                "amount": amount,
                "income_amount": income_amount,
                "owner_kind": owner_kind,
                "position": event.position,
            },
        )


def _procedure_started(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["title"] = "IN_PROCEDURE"


def _dispute_opened(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    row["title"] = "DISPUTED"
    row["open_risks"] = {**row["open_risks"], _TITLE_UNCLEAR: event.data["dispute"]["openedOn"]}


def _without(risks: Mapping[str, str], kinds: Sequence[str]) -> dict[str, str]:
    return {kind: since for kind, since in risks.items() if kind not in kinds}


def _custody_region(row: Row) -> str:
    if row["open_cases"]:
        return "IN_HANDOVER"
    if row["custodian"] is None:
        return "NONE"
    return "PROVISIONAL" if row["custody_provisional"] else "ASSIGNED"


def _custody_assigned(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    custody = event.data["custody"]
    first = custody.get("firstResponsible") or {}
    row["custodian"] = custody["custodian"]
    row["responsible_unit"] = custody["responsibleUnit"]
    row["first_responsible_unit"] = first.get("organization")
    row["first_responsible_post"] = first.get("position")
    row["duties"] = custody.get("duties", [])
    row["custody_provisional"] = custody.get("provisional", False)
    row["custody"] = _custody_region(row)


def _supervision_assigned(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["supervision"] = event.data["supervision"]


def _handed_over(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    if row["custodian"] is not None:
        kept = [
            one for one in row["duties"] if (one["person"], one["duty"]) != (data["outgoing"], data["duty"])
        ]
        successor = {"person": data["incoming"], "duty": data["duty"]}
        row["duties"] = kept if successor in kept else [*kept, successor]
    row["open_cases"] = [case for case in row["open_cases"] if case != data["case"]]
    row["custody"] = _custody_region(row)


def _case_covers(event: LedgerEvent, rows: Rows) -> None:
    """A departure case took assets on its list."""
    for asset in event.data["assets"]:
        known = rows.find(REGISTER, asset)
        if known is None or known["disposed_on"] is not None:
            continue  # the list may name what is not in the register, or is nobody's care any more
        row = rows.edit(REGISTER, asset)
        row["position"] = event.position
        if event.id not in row["open_cases"]:
            row["open_cases"] = [*row["open_cases"], event.id]
        row["custody"] = _custody_region(row)


def _put_into_use(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    row["operation"] = "IN_USE"
    row["in_use_since"] = day(event.data["inUseSince"])


def _status_reported(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    report = data["report"]
    reported_on = report["reportedOn"]
    row["operation"] = report["state"]
    row["last_status_on"] = day(reported_on)
    if row["in_use_since"] is None and report["state"] in {"IN_USE", "PARTLY_USED"}:
        row["in_use_since"] = day(reported_on)
    opened, cleared = risks_of(data, row["open_risks"])
    if opened or cleared:
        row["open_risks"] = _without(row["open_risks"], cleared) | dict.fromkeys(opened, reported_on)


def risks_of(data: Mapping[str, Any], known: Collection[str]) -> tuple[list[str], list[str]]:
    """The flags that a status report opens and clears where these are open: the event's own words, where it says no more."""
    kinds = data.get("statusRisks")
    if kinds is None:
        return data.get("openedRisks", []), data.get("clearedRisks", [])
    state = data["report"]["state"]
    opened = [kind for kind in kinds if kind == state and kind not in known]
    return opened, [kind for kind in kinds if kind != state and kind in known]


def _risk_flagged(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    kind = event.data["kind"]
    row["open_risks"] = {**row["open_risks"], kind: event.occurred_on}
    if kind == _TITLE_UNCLEAR and row["title"] == "CONFIRMED":
        row["title"] = "DISPUTED"


def _risk_cleared(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    row["open_risks"] = _without(row["open_risks"], (event.data["kind"],))


def _maintenance_done(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    maintenance = event.data["maintenance"]
    row["last_maintenance_on"] = day(maintenance["doneOn"])
    row["maintenance_cost"] += maintenance.get("cost", 0)


def _depreciation_posted(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    row["accumulated_depreciation"] = data["accumulated"]
    row["depreciated_through"] = data["year"]
    row["net_book_value"] = row["original_value"] - data["accumulated"]


def _contract_signed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    _set_contract(row, event.data["terms"], "ACTIVE", event.basis.provenance)


def _contract_changed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    terms = event.data["terms"]
    was = row["contracts"][terms["contract"]]
    _set_contract(row, terms, was["state"], was.get("importedFrom"))


def _set_contract(row: Row, terms: Mapping[str, Any], state: str, imported_from: str | None) -> None:
    operator = terms["operator"]
    contract = {
        "operator": operator["operator"],
        "operatorName": operator["name"],
        "mode": terms["mode"],
        "startsOn": terms["startsOn"],
        "endsOn": terms["endsOn"],
        "annualIncome": terms["annualIncome"],
        "signer": terms["signer"],
        "part": terms.get("part"),
        "state": state,
        "endedOn": None,
    }
    if imported_from is not None:
        contract["importedFrom"] = imported_from
    row["contracts"] = {**row["contracts"], terms["contract"]: contract}
    row["user_right_holder"] = operator["operator"]
    _show_contract(row)


def _show_contract(row: Row) -> None:
    """Show the contract that counts: a running one before an ended one, then the one that ends last."""
    contracts = row["contracts"]
    code = max(
        contracts, key=lambda one: (_RUNNING.get(contracts[one]["state"], 0), contracts[one]["endsOn"], one)
    )
    contract = contracts[code]
    running = contract["state"] in _RUNNING
    row["contract"] = contract["state"]
    row["contract_code"] = code
    row["contract_starts_on"] = day(contract["startsOn"])
    row["contract_ends_on"] = day(contract["endsOn"])
    row["operator"] = contract["operator"] if running else None
    row["operator_name"] = contract["operatorName"] if running else None
    row["operating_mode"] = contract["mode"] if running else None
    row["annual_income"] = contract["annualIncome"] if running else None


def _using_owner(row: Row) -> str | None:
    """The owner that uses it while nobody else does; of several none is that before the others."""
    return row["owners"][0]["party"] if len(row["owners"]) == 1 else None


def _operated(row: Row) -> bool:
    """Whether an operator runs it under a contract."""
    return any(one["state"] in _RUNNING for one in row["contracts"].values())


def _contract_ended(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    _move_contract(row, data["contract"], state=data["outcome"], endedOn=data["endedOn"])
    if not _operated(row):
        row["user_right_holder"] = _using_owner(row)


def _holdover_started(event: LedgerEvent, rows: Rows) -> None:
    _move_contract(_touch(event, rows), event.data["contract"], state="HOLDOVER")


def _move_contract(row: Row, code: str, **facts: str) -> None:
    row["contracts"] = {**row["contracts"], code: {**row["contracts"][code], **facts}}
    _show_contract(row)


def _income_received(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["income_received"] += event.data["receipt"]["amount"]


def _income_distributed(event: LedgerEvent, rows: Rows) -> None:
    _touch(event, rows)["income_distributed"] += event.data["distribution"]["amount"]


def _set_disposal(row: Row, code: str, **facts: Any) -> None:
    row["disposals"] = {**row["disposals"], code: {**row["disposals"].get(code, {}), **facts}}
    if "state" in facts:
        row["disposal"] = facts["state"]


def _disposal_proposed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    proposal = event.data["proposal"]
    _set_disposal(
        row, proposal["disposal"], kind=proposal["kind"], state="PROPOSED", proposedOn=event.occurred_on
    )


def _appraisal_recorded(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    facts = {"appraisedValue": data["appraisal"]["value"], "forwarded": [], "approvalDocument": None}
    _set_disposal(_touch(event, rows), data["disposal"], state="APPRAISED", **facts)


def _appraisal_published(event: LedgerEvent, rows: Rows) -> None:
    _set_disposal(_touch(event, rows), event.data["disposal"], state="PUBLISHED")


def _disposal_forwarded(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    row = _touch(event, rows)
    levels = row["disposals"][data["disposal"]].get("forwarded", [])
    _set_disposal(row, data["disposal"], state="FORWARDED", forwarded=[*levels, data["level"]])


def _disposal_approved(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    facts = {"approvalDocument": data["approval"]["documentNo"]}
    if not data.get("awaiting"):  # else another approver has to approve as well
        facts["state"] = "APPROVED"
    _set_disposal(_touch(event, rows), data["disposal"], **facts)


def _disposal_closed(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    _set_disposal(_touch(event, rows), data["disposal"], state=data["outcome"])


def _disposed(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    sale = data["sale"]
    _set_disposal(row, data["disposal"], state="DISPOSED", disposedOn=sale["disposedOn"], price=sale["price"])
    row["disposed_on"] = day(sale["disposedOn"])
    row["disposal_kind"] = data["kind"]
    row["disposal_price"] = sale["price"]
    row["open_risks"] = {}
    for code in data.get("endedContracts", ()):
        _move_contract(row, code, state="TERMINATED", endedOn=sale["disposedOn"])
    row["open_cases"] = []  # a handover that is under way goes on without it
    row["custody"] = _custody_region(row)


def _proceeds_received(event: LedgerEvent, rows: Rows) -> None:
    row = _touch(event, rows)
    data = event.data
    row["disposal_proceeds"] += data["amount"]
    known = row["disposals"][data["disposal"]].get("proceeds", 0)
    _set_disposal(row, data["disposal"], proceeds=known + data["amount"])


HANDLERS: Final[Mapping[str, Handler]] = {
    **{one: _touched for one in EVENT_TYPES if one.startswith("asset.")},
    "asset.registered": _registered,
    "asset.registration_corrected": _registration_corrected,
    "asset.final_settlement_recorded": _final_settlement,
    "asset.document_archived": _document_archived,
    "asset.booked": _booked,
    "asset.herd_count_changed": _herd_count_changed,
    "asset.transfer_initiated": _transfer_initiated,
    "asset.transfer_refused": _transfer_closed,
    "asset.transfer_completed": _transfer_closed,
    "asset.ownership_procedure_started": _procedure_started,
    "asset.title_dispute_opened": _dispute_opened,
    "asset.ownership_confirmed": _ownership_confirmed,
    "asset.custody_assigned": _custody_assigned,
    "asset.supervision_assigned": _supervision_assigned,
    "asset.handed_over": _handed_over,
    "asset.put_into_use": _put_into_use,
    "asset.operation_status_reported": _status_reported,
    "asset.risk_flagged": _risk_flagged,
    "asset.risk_cleared": _risk_cleared,
    "asset.maintenance_done": _maintenance_done,
    "asset.depreciation_posted": _depreciation_posted,
    "asset.leased": _contract_signed,
    "asset.operating_contract_signed": _contract_signed,
    "asset.operating_contract_changed": _contract_changed,
    "asset.operating_contract_ended": _contract_ended,
    "asset.holdover_started": _holdover_started,
    "asset.income_received": _income_received,
    "asset.income_distributed": _income_distributed,
    "asset.disposal_proposed": _disposal_proposed,
    "asset.appraisal_recorded": _appraisal_recorded,
    "asset.appraisal_published": _appraisal_published,
    "asset.disposal_forwarded": _disposal_forwarded,
    "asset.disposal_approved": _disposal_approved,
    "asset.disposal_closed": _disposal_closed,
    "asset.disposed": _disposed,
    "asset.disposal_proceeds_received": _proceeds_received,
    "departure_case.opened": _case_covers,
    "departure_case.lines_added": _case_covers,
}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    if event.type.startswith("departure_case."):
        return [(REGISTER, asset) for asset in event.data["assets"]]
    if event.type in {"asset.ownership_confirmed", "asset.final_settlement_recorded"}:
        return [(REGISTER, event.id), (SHARE, event.id)]
    return [(REGISTER, event.id)]


PROJECTION: Final = Projection(
    name="asset_register",
    title="资产台账",
    version=5,
    tables=(REGISTER, SHARE),
    handlers=HANDLERS,
    keys=_keys,
    weight=6,
    aggregate="asset",
    foreign={REGISTER: frozenset({"departure_case.opened", "departure_case.lines_added"})},
    foreign_first=True,
)
