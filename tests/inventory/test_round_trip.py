"""Whatever a clerk writes in a cell's own type or as text, the same value is read: over many generated ledgers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, strategies as st

from domain.values import Fen
from service.inventory.spreadsheet.ledger import Reader
from tests.workbooks import HEADINGS, csv_of, ledger, row

FUNDS = ("各级财政专项扶贫发展资金（元）", "援疆资金（元）")
SOURCES = {"FISCAL_DEV": FUNDS[0], "AID_XJ": FUNDS[1]}

fen = st.integers(1, 10**12).map(Fen)
days = st.dates(date(2013, 1, 1), date(2022, 5, 31))
texts = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=20).map(
    lambda text: f"甲{text}乙"
)
quantities = st.decimals(Decimal("0.001"), Decimal(10**6), places=3)


@st.composite
def written(draw: st.DrawFn, amount: Fen, *, as_text: bool) -> Any:
    """An amount the way a clerk might write it."""
    plain = amount.yuan()
    if not as_text and draw(st.booleans()):
        return float(plain)
    whole, _, cents = plain.partition(".")
    form = draw(st.sampled_from(("plain", "full-width", "grouped", "unit")))
    match form:
        case "full-width":
            return plain.translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))
        case "grouped":
            return f"{int(whole):,}.{cents}" if not as_text or len(whole) < 4 else plain
        case "unit":
            return f"{plain}元"
        case _:
            return plain


@st.composite
def written_day(draw: st.DrawFn, day: date) -> Any:
    """A day the way a clerk might write it."""
    return draw(
        st.sampled_from(
            (
                day.isoformat(),
                f"{day.year}年{day.month}月{day.day}日",
                f"{day.year}.{day.month}.{day.day}",
                f"{day.year}/{day.month:02d}/{day.day:02d}",
                day.strftime("%Y%m%d"),
            )
        )
    )


@st.composite
def facts(draw: st.DrawFn, *, as_text: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """A row and what it says."""
    parts = draw(st.lists(fen, min_size=2, max_size=2))
    value, completed = Fen(sum(parts)), draw(days)
    allocated = completed - timedelta(days=draw(st.integers(0, 400)))
    name, quantity = draw(texts), draw(quantities)
    given = row(
        1,
        资产名称=name,
        数量=format(quantity, "f"),
        完工时间=draw(written_day(completed)),
        资金拨付时间=draw(written_day(allocated)),
    )
    given["原值（元）"] = draw(written(value, as_text=as_text))
    for heading, part in zip(FUNDS, parts, strict=True):
        given[heading] = draw(written(part, as_text=as_text))
    said = {
        "assetName": name,
        "quantity": quantity,
        "completionDate": completed,
        "originalValue": value,
        "funds": dict(zip(SOURCES, parts, strict=True)),
        "allocatedOn": {allocated},
    }
    return given, said


def read_back(reader: Reader, content: bytes) -> list[dict[str, Any]]:
    """What the ledger says, row by row."""
    found = reader.read(content)
    assert [fault for line in found.lines for fault in line.faults] == []
    assert found.skipped == []
    return [
        {name: line.card[name] for name in ("assetName", "quantity", "completionDate", "originalValue")}
        | {
            "funds": {one["source"]: one["amount"] for one in line.card["fundingLines"]},
            "allocatedOn": {one["allocatedOn"] for one in line.card["fundingLines"]},
        }
        for line in found.lines
    ]


@given(st.data())
def test_what_is_written_to_a_workbook_is_read(reader: Reader, data: st.DataObject) -> None:
    rows = data.draw(st.lists(facts(as_text=False), min_size=1, max_size=5))
    assert read_back(reader, ledger([given for given, _ in rows])) == [said for _, said in rows]


@given(st.data())
def test_what_is_written_as_delimited_text_is_read(reader: Reader, data: st.DataObject) -> None:
    rows = data.draw(st.lists(facts(as_text=True), min_size=1, max_size=5))
    encoding = data.draw(st.sampled_from(("utf-8", "utf-8-sig", "gb18030", "utf-16")))
    content = csv_of([given for given, _ in rows]).encode(encoding)
    assert read_back(reader, content) == [said for _, said in rows]


def test_columns_may_stand_in_any_order(reader: Reader) -> None:
    assert read_back(reader, ledger([row()], HEADINGS[::-1])) == read_back(reader, ledger([row()]))
