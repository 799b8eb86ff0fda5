"""The ledger of income sub-accounts (收益资金明细账, C4.9-05): a line per posting, both sides of it, in the book of its month.

Amounts are signed: what raises the balance positive, what lowers it negative. The opening balance is the first line of a
village, so that for every stretch of months: opening + received − paid = closing, on either side.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Unpack

from sqlalchemy import Index

from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import UNIT_CODE, Codes
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
)
from projections.engine.writing import Connection

CAUSE: Final = Codes(
    tables=("regimes.posting",), words=(("OPENING", "期初余额"), ("REVERSAL", "冲销"), ("CLOSING", "结账"))
)
"""A cause of the county's posting rules, or what the account itself says."""

INCOME_POSTING: Final = ledger_table(
    "income_posting",
    text_column("organization", "村集体", of=UNIT_CODE),
    text_column("posting", "记账编号；期初余额和结账为空", null=True),
    code_column("cause", "记账事由", CAUSE),
    money_column("amount", "金额，增加为正、减少为负"),
    day_column("day", "发生日期"),
    text_column("month", "记账月份"),
    text_column("for_month", "补记的所属月份", null=True),
    text_column("debit", "借方科目", null=True),
    text_column("credit", "贷方科目", null=True),
    text_column("voucher_no", "凭证号、依据文号或结账说明"),
    text_column("asset", "资产编号", null=True),
    key=("position",),
    group=None,
    comment="收益资金明细账：期初余额、每笔记账、每次结账各一行",
    indexes=(Index("income_posting_organization_idx", "county", "organization", "month"),),
)


def _opened(event: LedgerEvent, rows: Rows) -> None:
    opening = event.data["opening"]
    opened_on = opening["openedOn"]
    amount, paper = opening["balance"], opening["documentNo"]
    _add(event, rows, None, "OPENING", amount, opened_on, opened_on[:7], None, None, None, paper, None)


def _posted(event: LedgerEvent, rows: Rows) -> None:
    entry = event.data["entry"]
    signed = entry["amount"] if entry["inward"] else -entry["amount"]
    _add(
        event,
        rows,
        entry["posting"],
        entry["cause"],
        signed,
        entry["day"],
        entry["month"],
        entry.get("forMonth"),
        entry["debit"],
        entry["credit"],
        entry["voucherNo"],
        entry.get("asset"),
    )


def _reversed(event: LedgerEvent, rows: Rows) -> None:
    entry = event.data["entry"]
    signed = -entry["amount"] if entry["inward"] else entry["amount"]
    _add(
        event,
        rows,
        entry["posting"],
        "REVERSAL",
        signed,
        entry["day"],
        entry["month"],
        entry.get("forMonth"),
        entry["credit"],
        entry["debit"],
        event.data["reversal"]["documentNo"],
        entry.get("asset"),
    )


def _closed(event: LedgerEvent, rows: Rows) -> None:
    closing = event.data["closing"]
    words = f"{closing['month']} 结账"
    _add(
        event, rows, None, "CLOSING", 0, closing["closedOn"], closing["month"], None, None, None, words, None
    )


def _add(
    event: LedgerEvent,
    rows: Rows,
    posting: str | None,
    cause: str,
    amount: int,
    happened_on: str,
    month: str,
    for_month: str | None,
    debit: str | None,
    credit: str | None,
    voucher_no: str,
    asset: str | None,
) -> None:
    """Add a line of the ledger, in the order of its columns."""
    what = (event.id, posting, cause, amount, day(happened_on))
    rows.append(INCOME_POSTING, *what, month, for_month, debit, credit, voucher_no, asset, event.position)


def _keys(_event: LedgerEvent) -> tuple[tuple[LedgerTable, str], ...]:
    return ()


PROJECTION: Final = Projection(
    name="income_sub_accounts",
    title="收益资金明细账",
    version=1,
    tables=(INCOME_POSTING,),
    handlers={
        "income_sub_account.opened": _opened,
        "income_sub_account.posted": _posted,
        "income_sub_account.posting_reversed": _reversed,
        "income_sub_account.period_closed": _closed,
    },
    keys=_keys,
)


def posting_conditions(
    county: str,
    *,
    organization: str | list[str] | None = None,
    cause: str | None = None,
    asset: str | list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Conditions:
    """The filter as conditions on the ledger called `p`; what is None does not matter."""
    conditions = Conditions()
    conditions.equal("p.county", county)
    conditions.equal("p.organization", organization)
    conditions.equal("p.cause", cause)
    conditions.equal("p.asset", asset)
    conditions.between("p.month", since, until)
    return conditions


async def posting_page(
    connection: Connection,
    county: str,
    *,
    organization: str | list[str] | None = None,
    cause: str | None = None,
    asset: str | list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Lines of the statement, in the order in which they were entered."""
    conditions = posting_conditions(
        county,
        organization=organization,
        cause=cause,
        asset=asset,
        since=since,
        until=until,
    )
    return await page(
        connection,
        INCOME_POSTING,
        conditions,
        source="income_posting p",
        alias="p",
        columns=INCOME_POSTING.columns,
        usually="position",
        **paging,
    )


async def statement_totals(
    connection: Connection,
    county: str,
    *,
    organization: str | list[str] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Row:
    """`opening`, `received`, `paid`, `closing` (fen) over the months asked for: opening + received − paid = closing."""
    conditions = posting_conditions(county, organization=organization, until=until)
    since = conditions.parameter(since or "")
    within = f"p.month >= {since} AND p.cause <> 'OPENING'"
    record = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE p.month >= " + since + ") AS lines,"
        f" coalesce(sum(p.amount) FILTER (WHERE NOT ({within})), 0)::bigint AS opening,"
        f" coalesce(sum(p.amount) FILTER (WHERE {within} AND p.amount > 0), 0)::bigint AS received,"
        f" coalesce(-sum(p.amount) FILTER (WHERE {within} AND p.amount < 0), 0)::bigint AS paid,"
        " coalesce(sum(p.amount), 0)::bigint AS closing"
        f" FROM income_posting p WHERE {conditions.where}",
        *conditions.parameters,
    )
    return dict(record)


async def newest_income(connection: Connection, county: str, organization: str) -> date | None:
    """The last day on which income or a use of it is on record for a village; None for none."""
    found = await connection.fetchval(
        "SELECT max(i.entered_on) FROM income_ledger i WHERE i.county = $1 AND i.holder = $2",
        county,
        organization,
    )
    return found if isinstance(found, date) else None
