"""What holds for every amount, split, date, quantity and depreciation, not only for the ones that came to mind."""

from __future__ import annotations

import itertools
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from domain.regulation.depreciation import DepreciationBasis
from domain.regulation.parameters import RegimeDepreciation
from domain.values import (
    FIRST_DAY,
    LAST_DAY,
    LOG,
    MAX_FEN,
    BusinessDate,
    Fen,
    Quantity,
    shares_by_ratio,
    split_exactly,
    total,
)
from tests.examples import yuan

FEN: TypeAdapter[Fen] = TypeAdapter(Fen)
DATE: TypeAdapter[date] = TypeAdapter(BusinessDate)
QUANTITY: TypeAdapter[Decimal] = TypeAdapter(Quantity)

amounts = st.integers(-MAX_FEN, MAX_FEN)
weights = st.dictionaries(st.text("abcd0123", min_size=1, max_size=4), st.integers(0, 10**12), min_size=1)


@given(amounts)
def test_an_amount_comes_back_as_it_was_written(fen: int) -> None:
    text = Fen(fen).yuan()
    assert re.fullmatch(r"-?\d+\.\d{2}", text)
    assert yuan(text) == fen
    assert FEN.validate_python(text) == FEN.validate_python(fen, context=LOG) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("１００.00", "AMOUNT_MALFORMED"),
        ("١٠٠", "AMOUNT_MALFORMED"),
        ("10万元", "AMOUNT_MALFORMED"),
        ("1,000.00", "AMOUNT_MALFORMED"),
        ("1e18", "AMOUNT_MALFORMED"),
        ("NaN", "AMOUNT_MALFORMED"),
        ("+1", "AMOUNT_MALFORMED"),
        ("--1", "AMOUNT_MALFORMED"),
        ("01", "AMOUNT_MALFORMED"),
        (".5", "AMOUNT_MALFORMED"),
        (" 1", "AMOUNT_MALFORMED"),
        ("1\n", "AMOUNT_MALFORMED"),
        ("", "AMOUNT_MALFORMED"),
        (100, "AMOUNT_MALFORMED"),
        (1.5, "AMOUNT_MALFORMED"),
        (True, "AMOUNT_MALFORMED"),
        (None, "AMOUNT_MALFORMED"),
        ("0.005", "AMOUNT_PRECISION"),
        ("1.000", "AMOUNT_PRECISION"),
        ("1000000000000000000", "AMOUNT_OUT_OF_RANGE"),
        ("9" * 5000, "AMOUNT_OUT_OF_RANGE"),
        (Fen(MAX_FEN + 1).yuan(), "AMOUNT_OUT_OF_RANGE"),
        (Fen(-MAX_FEN - 1).yuan(), "AMOUNT_OUT_OF_RANGE"),
    ],
)
def test_what_is_no_plain_amount_is_refused(text: object, code: str) -> None:
    with pytest.raises(PydanticCustomError) as error:
        Fen.from_yuan(text)
    assert error.value.type == code


@given(amounts, weights)
def test_a_split_sums_exactly_and_is_off_by_less_than_a_fen(amount: int, ratio: dict[str, int]) -> None:
    whole = sum(ratio.values())
    if whole == 0:
        with pytest.raises(ValueError, match="zero"):
            split_exactly(amount, ratio)
        return
    parts = split_exactly(amount, ratio)
    assert sum(parts.values()) == amount
    assert set(parts) == set(ratio)
    assert all(abs(parts[code] * whole - amount * weight) < whole for code, weight in ratio.items())
    assert split_exactly(amount, dict(reversed(ratio.items()))) == parts


@given(st.integers(0, MAX_FEN), weights.filter(lambda ratio: sum(ratio.values()) > 0))
def test_shares_by_ratio_are_the_whole_in_order_of_parties(value: int, ratio: dict[str, int]) -> None:
    shares = shares_by_ratio(value, ratio)
    assert total(share.amount for share in shares) == value
    assert [share.party for share in shares] == sorted(ratio)


def test_equal_remainders_go_to_the_lower_code() -> None:
    assert split_exactly(2, {"c": 1, "a": 1, "b": 1}) == {"a": 1, "b": 1, "c": 0}


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_a_date_is_read_as_it_is_written(day: date) -> None:
    assert DATE.validate_python(day.isoformat()) == DATE.validate_python(day) == day


@pytest.mark.parametrize(
    "text",
    ["2021-02-29", "2021-6-17", "20210617", "2021/06/17", "2021-06-17T00:00:00", "２０２１-06-17", 0, None],
)
def test_what_is_no_day_is_refused(text: object) -> None:
    with pytest.raises(ValidationError, match="DATE_MALFORMED"):
        DATE.validate_python(text)


@given(st.decimals(-99_999_999_999, 99_999_999_999, places=3))
def test_a_quantity_keeps_its_three_decimals(value: Decimal) -> None:
    assert QUANTITY.validate_python(value) == value
    assert QUANTITY.validate_json(QUANTITY.dump_json(value)) == value


@pytest.mark.parametrize("text", ["1.0001", "1e3", "NaN", "Infinity", "１２", "1" * 12, "", 1.5, True])
def test_what_is_no_quantity_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        QUANTITY.validate_python(text)


@given(
    st.integers(1, 10**14),
    st.integers(1, 80),
    st.dates(date(1990, 1, 1), date(2030, 12, 31)),
    st.integers(0, 10_000),
    st.booleans(),
)
def test_a_life_s_depreciation_sums_to_what_is_depreciable(
    cost: int, life: int, since: date, residual: int, later: bool
) -> None:
    basis = DepreciationBasis(
        cost,
        life,
        since,
        RegimeDepreciation(
            regime="STATE_ADMIN", posted="YEARLY", residual_basis_points=residual, starts_next_month=later
        ),
    )
    years = range(since.year - 1, since.year + life + 2)
    course = [basis.accumulated_by_end_of(year) for year in years]
    assert course[0] == 0
    assert course[-1] == basis.depreciable <= cost
    assert course == sorted(course)
    posted = [after - before for before, after in itertools.pairwise(course)]
    assert sum(posted) == basis.depreciable
    assert basis.first_gap(posted_through=None, year=basis.first_year, accumulated=0) is None
