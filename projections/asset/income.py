"""The income ledger (资产收益台账): what came in and whose it is, what was paid out and for what (四(九)).

Amounts are signed: receipts positive, distributions negative. Income from before the confirmation of ownership has no
holder; the confirmation attributes it by lines that move it from nobody to the holders and add up to nothing. For
every holder and every stretch of time: opening balance + received − distributed = closing balance.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Unpack

from sqlalchemy import Index

from domain.classification import PERSONAL_OF_HOUSEHOLD, PERSONAL_OF_PAYER
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE, states, terms
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    ledger_table,
    money_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection

ENTRY: Final = states(RECEIPT="收益入账", ATTRIBUTION="确权后归属", DISTRIBUTION="收益分配")

INCOME_LEDGER: Final = ledger_table(
    "income_ledger",
    whole_column("line", "同一事件内的行号"),
    text_column("asset", "资产编号"),
    code_column(
        "entry",
        "RECEIPT 收益入账 / ATTRIBUTION 确权后归属 / DISTRIBUTION 收益分配",
        ENTRY,
        title="收支",
    ),
    text_column("holder", "收益权人；未归属的收入为空", of=UNIT_CODE, null=True),
    money_column("amount", "金额，收入为正、分配为负"),
    day_column("entered_on", "收款、归属或支付日期"),
    whole_column("year", "年度"),
    text_column("voucher_no", "凭证号", null=True),
    text_column("reference", "收款编号或分配方案编号", null=True),
    text_column("contract", "经营合同", null=True),
    text_column("payer", "付款人", null=True, classified=PERSONAL_OF_PAYER),
    code_column(
        "account_kind",
        "收款账户类型",
        states(COLLECTIVE="集体账户", UNIT="单位账户", PERSONAL="个人账户"),
        null=True,
    ),
    code_column("use", "用途", terms("INCOME_USE", "PV_INCOME_USE"), null=True),
    text_column("purpose", "其他用途名称", null=True),
    text_column("household", "户编号", null=True, classified=PERSONAL_OF_HOUSEHOLD),
    text_column("imported_from", "历史补录来源；按程序办理的为空", null=True),
    key=("position", "line"),
    group=None,
    comment="资产收益台账：每笔收款按收益权人一行，每项分配明细一行",
    indexes=(
        Index("income_ledger_holder_idx", "county", "holder", "entered_on"),
        Index("income_ledger_asset_idx", "county", "asset", "position"),
    ),
)


def _received(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    receipt = data["receipt"]
    received_on = day(receipt["receivedOn"])
    parts: list[tuple[str | None, int]] = [
        (one["party"], one["amount"]) for one in data.get("attributions", ())
    ]
    for line, (holder, amount) in enumerate(parts or [(None, receipt["amount"])], 1):
        _add(
            event,
            rows,
            line,
            "RECEIPT",
            holder,
            amount,
            received_on,
            voucher_no=receipt["voucherNo"],
            reference=receipt["receipt"],
            contract=receipt.get("contract"),
            payer=receipt.get("payer"),
            account_kind=receipt.get("accountKind", "COLLECTIVE"),
        )


def _attributed(event: LedgerEvent, rows: Rows) -> None:
    shares = event.data.get("attributions", ())
    if not shares:
        return
    moved = -sum(share["amount"] for share in shares)
    parts: list[tuple[str | None, int]] = [(None, moved), *((one["party"], one["amount"]) for one in shares)]
    for line, (holder, amount) in enumerate(parts, 1):
        _add(event, rows, line, "ATTRIBUTION", holder, amount, event.day)


def _distributed(event: LedgerEvent, rows: Rows) -> None:
    paid = event.data["distribution"]
    paid_on = day(paid["paidOn"])
    for line, use in enumerate(paid["lines"], 1):
        _add(
            event,
            rows,
            line,
            "DISTRIBUTION",
            paid["holder"],
            -use["amount"],
            paid_on,
            voucher_no=paid["voucherNo"],
            reference=paid["plan"],
            use=use["use"],
            purpose=use.get("purpose"),
            household=use.get("household"),
        )


def _add(
    event: LedgerEvent,
    rows: Rows,
    line: int,
    entry: str,
    holder: str | None,
    amount: int,
    entered_on: date,
    *,
    voucher_no: str | None = None,
    reference: str | None = None,
    contract: str | None = None,
    payer: str | None = None,
    account_kind: str | None = None,
    use: str | None = None,
    purpose: str | None = None,
    household: str | None = None,
) -> None:
    """Add a line of the ledger."""
    rows.append(
        INCOME_LEDGER,
        line,
        event.id,
        entry,
        holder,
        amount,
        entered_on,
        entered_on.year,
        voucher_no,
        reference,
        contract,
        payer,
        account_kind,
        use,
        purpose,
        household,
        event.basis.provenance,
        event.position,
    )


def _keys(_event: LedgerEvent) -> tuple[tuple[LedgerTable, str], ...]:
    return ()


PROJECTION: Final = Projection(
    name="income_ledger",
    title="资产收益台账",
    version=2,
    aggregate="asset",
    tables=(INCOME_LEDGER,),
    handlers={
        "asset.income_received": _received,
        "asset.ownership_confirmed": _attributed,
        "asset.income_distributed": _distributed,
    },
    keys=_keys,
    weight=1,
)


def income_conditions(
    county: str,
    *,
    holder: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    contract: str | None = None,
    entry: str | None = None,
    use: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Conditions:
    """The filter as conditions on the ledger called `i`; what is None does not matter."""
    conditions = Conditions()
    conditions.equal("i.county", county)
    conditions.equal("i.holder", holder)
    conditions.equal("i.asset", asset)
    conditions.equal("i.contract", contract)
    conditions.equal("i.entry", entry)
    conditions.equal("i.use", use)
    conditions.between("i.entered_on", since, until)
    return conditions


async def income_page(
    connection: Connection,
    county: str,
    *,
    holder: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    contract: str | None = None,
    entry: str | None = None,
    use: str | None = None,
    since: date | None = None,
    until: date | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Lines of the ledger between two days (inclusive), sorted by any column."""
    return await page(
        connection,
        INCOME_LEDGER,
        income_conditions(
            county,
            holder=holder,
            asset=asset,
            contract=contract,
            entry=entry,
            use=use,
            since=since,
            until=until,
        ),
        source="income_ledger i",
        alias="i",
        columns=INCOME_LEDGER.columns,
        usually="position",
        **paging,
    )


async def income_totals(
    connection: Connection,
    county: str,
    *,
    holder: str | list[str] | None = None,
    asset: str | list[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Row:
    """`received`, `distributed` and `balance` (fen) of what the filter covers: received = distributed + balance."""
    conditions = income_conditions(county, holder=holder, asset=asset, since=since, until=until)
    record = await connection.fetchrow(
        "SELECT count(*) AS lines,"
        " coalesce(sum(i.amount) FILTER (WHERE i.entry <> 'DISTRIBUTION'), 0)::bigint AS received,"
        " coalesce(-sum(i.amount) FILTER (WHERE i.entry = 'DISTRIBUTION'), 0)::bigint AS distributed,"
        " coalesce(sum(i.amount), 0)::bigint AS balance"
        f" FROM income_ledger i WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


async def income_by_holder_and_year(
    connection: Connection, county: str, *, holder: str | list[str] | None = None
) -> list[Row]:
    """Per holder and year: `opening`, `received`, `distributed`, `closing` (fen), in that order of holders and years.
    Income without a holder comes last, with holder None.
    """
    conditions = Conditions()
    conditions.equal("i.county", county)
    conditions.equal("i.holder", holder)
    records = await connection.fetch(
        "WITH yearly AS ("
        "SELECT i.holder, i.year,"
        " coalesce(sum(i.amount) FILTER (WHERE i.entry <> 'DISTRIBUTION'), 0)::bigint AS received,"
        " coalesce(-sum(i.amount) FILTER (WHERE i.entry = 'DISTRIBUTION'), 0)::bigint AS distributed"
        f" FROM income_ledger i WHERE {conditions.where} GROUP BY i.holder, i.year)"
        " SELECT holder, year,"
        " (sum(received - distributed) OVER w - received + distributed)::bigint AS opening, received, distributed,"
        " (sum(received - distributed) OVER w)::bigint AS closing"
        " FROM yearly WINDOW w AS (PARTITION BY holder ORDER BY year) ORDER BY holder NULLS LAST, year",
        *conditions.parameters,
    )
    return [dict(record) for record in records]
