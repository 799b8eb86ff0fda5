"""What is unlikely is held back until it is confirmed: one step inside each bound passes, one step beyond does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domain.asset.facts.card import RegisterCard
from service.inventory.plausibility import UnitValues, unlikely, values_per_unit
from service.inventory.spreadsheet.ledger import Reader
from tests.examples import regulation, yuan
from tests.inventory.conftest import ON
from tests.workbooks import HEADINGS, ledger, row

ROAD = ("ROAD", "公里")


def told(
    reader: Reader, registered: UnitValues | None = None, own: UnitValues | None = None, **changes: Any
) -> list[str]:
    """Fields of a good row that are unlikely; its value is its one fund."""
    value = changes.get("原值（元）", 450000)
    given = row(1, **{"各级财政专项扶贫发展资金（元）": value, "援疆资金（元）": ""} | changes)
    (line,) = reader.read(ledger([given])).lines
    assert line.faults == []
    card = RegisterCard.model_validate(line.card)
    kind = regulation().on(ON).asset_type(card.asset_type)
    return [name for name, _ in unlikely(card, kind, registered or {}, own or {})]


def test_good_row_is_likely(reader: Reader) -> None:
    assert told(reader) == []


@pytest.mark.parametrize(
    ("value", "quantity", "unit", "kind", "life", "wrong"),
    [
        # A kilometre of road costs 3,000 to 20,000,000 yuan.
        (45, 1.5, "公里", "道路", 15, True),
        (4499.99, 1.5, "公里", "道路", 15, True),
        (4500, 1.5, "公里", "道路", 15, False),
        (30_000_000, 1.5, "公里", "道路", 15, False),
        (30_000_001.5, 1.5, "公里", "道路", 15, True),
        # 350 sheep for 350,000 yuan, for 35, for 3,500 million.
        (350_000, 350, "只", "经营类畜禽", "", False),
        (35, 350, "只", "经营类畜禽", "", True),
        (3_500_000_000, 350, "只", "经营类畜禽", "", True),
        # A building has no upper bound, and costs 5,000 yuan at least.
        (4_999.99, 1, "栋", "教育设施", 20, True),
        (5_000, 1, "栋", "教育设施", 20, False),
    ],
)
def test_value_of_a_unit_is_held_against_what_one_usually_costs(
    reader: Reader, value: float, quantity: float, unit: str, kind: str, life: object, *, wrong: bool
) -> None:
    given = {"原值（元）": value, "数量": quantity, "单位": unit, "资产类型": kind, "预计使用年限": life}
    assert told(reader, **given) == (["originalValue"] if wrong else [])


@pytest.mark.parametrize(
    ("count", "median", "wrong"),
    [
        (5, "30000000.00", False),  # 300,000 yuan a kilometre is its hundredth
        (5, "30000100.00", True),
        (4, "30000100.00", False),
        (5, "3000.00", False),
        (5, "2999.99", True),
    ],
)
def test_value_of_a_unit_is_held_against_the_county_s_own_spread(
    reader: Reader, count: int, median: str, *, wrong: bool
) -> None:
    spread = {ROAD: (count, yuan(median))}
    assert told(reader, registered=spread) == (["originalValue"] if wrong else [])
    assert told(reader, own=spread) == (["originalValue"] if wrong else [])
    other = {("ROAD", "米"): (count, yuan(median))}
    assert told(reader, registered=other) == []


def test_register_s_spread_comes_before_the_ledger_s_own(reader: Reader) -> None:
    slipped, right = {ROAD: (9, yuan("30.00"))}, {ROAD: (9, yuan("300000.00"))}
    assert told(reader, registered=right, own=slipped) == []
    assert told(reader, registered=slipped, own=right) == ["originalValue"]


@pytest.mark.parametrize(
    ("kind", "unit", "years", "wrong"),
    [
        ("道路", "公里", 7, True),
        ("道路", "公里", 8, False),
        ("道路", "公里", 70, False),
        ("道路", "公里", 71, True),
        ("光伏电站", "千瓦", 19, True),
        ("光伏电站", "千瓦", 20, False),
        ("光伏电站", "千瓦", 30, False),
        ("光伏电站", "千瓦", 31, True),
    ],
)
def test_life_is_held_against_the_type_s(
    reader: Reader, kind: str, unit: str, years: int, *, wrong: bool
) -> None:
    given = {"资产类型": kind, "单位": unit, "预计使用年限": years, "数量": 100, "原值（元）": 800000}
    assert told(reader, **given) == (["usefulLifeYears"] if wrong else [])


@pytest.mark.parametrize(
    ("completed", "allocated", "wrong"),
    [
        ("2019-08-15", "2013-12-31", ["allocatedOn"]),
        ("2019-08-15", "2014-01-01", []),
        ("2016-08-15", "2019-12-31", []),
        ("2016-08-15", "2020-01-01", ["allocatedOn"]),
        ("1979-12-31", "1979-01-01", ["completionDate"]),
        ("1980-01-01", "1980-01-01", []),
    ],
)
def test_days_are_held_against_each_other(
    reader: Reader, completed: str, allocated: str, wrong: list[str]
) -> None:
    assert told(reader, 完工时间=completed, 资金拨付时间=allocated) == wrong


def test_spread_of_a_ledger_is_the_median_by_type_and_unit(reader: Reader) -> None:
    rows = [row(number, **{"原值（元）": 100_000 * number, "数量": 2}) for number in (1, 2, 9)]
    found = values_per_unit(line.card for line in reader.read(ledger(rows)).lines)
    assert found == {ROAD: (3, yuan("100000.00"))}
    assert values_per_unit([{"quantity": Decimal(0), "originalValue": 1}, {}]) == {}


def test_column_that_confirms_is_read(reader: Reader) -> None:
    headings = [*HEADINGS, "数值核对"]
    found = reader.read(ledger([row(1) | {"数值核对": "是"}, row(2)], headings)).lines
    assert [(line.confirmed, line.faults) for line in found] == [(True, []), (False, [])]
    assert "confirmed" not in found[0].card
