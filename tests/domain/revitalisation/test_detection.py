"""What is to be revitalised (C4.11-04, P13), by figures worked out by hand: 180 days, 3 % of 240,000.00, a year below zero."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from domain.aggregate import DomainEvent
from domain.asset.asset import Asset
from domain.revitalisation.detection import DetectedCause, detected, idle_since
from tests.examples import confirmed_road, in_use, maintenance, occasion, receipt, regulation, report, yuan

LIMITS = regulation().on(date(2021, 7, 1)).parameters["P13"]
TODAY = date(2024, 6, 1)


def reports(asset: Asset, *seen: tuple[str, date]) -> list[DomainEvent]:
    for state, on in seen:
        asset.report_status(report(state, on), occasion(on, today=TODAY))
    return list(asset.pending_events)


def found(asset: Asset, events: Sequence[DomainEvent], on: date, **given: Any) -> DetectedCause | None:
    return detected(asset, events, on, LIMITS, **given)


@pytest.mark.clause("C4.11-04")
@pytest.mark.parametrize(("days", "cause"), [(179, None), (180, "IDLE"), (181, "IDLE")])
def test_an_asset_that_lies_idle_for_180_days_is_found(days: int, cause: str | None) -> None:
    """Finds what lies idle for 180 days, earns under 3 % or loses money; opens one case each until it is verified."""
    asset = confirmed_road()
    events = reports(asset, ("IDLE", date(2022, 1, 1)))
    seen = found(asset, events, date(2022, 1, 1) + timedelta(days=days))
    assert (seen and seen.cause) == cause
    assert seen is None or (seen.idle_since, seen.idle_days) == (date(2022, 1, 1), days)


def test_idle_days_count_from_the_first_report_of_the_last_idle_stretch() -> None:
    asset = confirmed_road()
    events = reports(
        asset,
        ("IDLE", date(2022, 1, 1)),
        ("PARTLY_USED", date(2022, 3, 1)),
        ("IDLE", date(2022, 5, 1)),
        ("IDLE", date(2022, 8, 1)),
    )
    assert idle_since(events) == date(2022, 5, 1)
    assert found(asset, events, date(2022, 10, 27)) is None  # the 179th day
    assert found(asset, events, date(2022, 10, 28)) is not None


def test_order_of_typing_is_not_order_of_days() -> None:
    asset = confirmed_road()
    events = reports(
        asset, ("IDLE", date(2022, 5, 1)), ("IN_USE", date(2022, 3, 1)), ("IDLE", date(2022, 1, 1))
    )
    assert idle_since(events) == date(2022, 5, 1)


def test_what_is_reported_after_the_day_is_not_known_on_it() -> None:
    asset = confirmed_road()
    events = reports(asset, ("IDLE", date(2022, 1, 1)), ("IN_USE", date(2022, 6, 1)))
    assert found(asset, events, date(2022, 12, 1)) is None
    until_may = [event for event in events if event.occurred_on <= date(2022, 5, 31)]
    assert found(asset, events, date(2022, 7, 1), after=None) is None
    assert idle_since(until_may) == date(2022, 1, 1)


def earned(income: str, upkeep: str = "0.00", year: int = 2022) -> tuple[Asset, list[DomainEvent]]:
    """An operating asset of 240,000.00 yuan, in use since July 2020, with one year's money."""
    asset = in_use()
    if income != "0.00":
        asset.receive_income(
            receipt(amount=yuan(income), received_on=date(year, 9, 1), contract=None),
            occasion(date(year, 9, 1), today=TODAY),
        )
    if upkeep != "0.00":
        asset.maintain(
            maintenance(done_on=date(year, 10, 1), cost=yuan(upkeep)),
            occasion(date(year, 10, 1), today=TODAY),
        )
    return asset, list(asset.pending_events)


@pytest.mark.parametrize(
    ("income", "cause"),
    [("7199.99", "LOW_YIELD"), ("7200.00", None), ("7200.01", None), ("0.00", "LOW_YIELD")],
)
def test_less_than_three_percent_of_the_original_value_is_low_yield(income: str, cause: str | None) -> None:
    asset, events = earned(income)
    seen = found(asset, events, date(2023, 1, 1))
    assert (seen and seen.cause) == cause


@pytest.mark.parametrize(("upkeep", "cause"), [("9999.99", None), ("10000.00", None), ("10000.01", "LOSS")])
def test_a_year_below_zero_is_a_loss(upkeep: str, cause: str | None) -> None:
    asset, events = earned("10000.00", upkeep)
    seen = found(asset, events, date(2023, 1, 1))
    assert (seen and seen.cause) == cause
    assert seen is None or [(one.year, one.net) for one in seen.years] == [(2022, -1)]


def test_depreciation_counts_against_the_income() -> None:
    asset, events = earned("10000.00")
    assert found(asset, events, date(2023, 1, 1)) is None
    for year in (2020, 2021, 2022):
        asset.post_depreciation(year, occasion(date(year, 12, 31), today=TODAY))
    seen = found(asset, list(asset.pending_events), date(2023, 1, 1))
    # 240,000.00 × 95 % ÷ 20 years = 11,400.00 a year
    assert seen is not None and seen.cause == "LOSS"
    assert (seen.years[0].depreciation, seen.years[0].net) == (yuan("11400.00"), -yuan("1400.00"))


def test_a_year_that_is_not_over_or_was_not_worked_through_is_not_judged() -> None:
    asset, events = earned("0.00")
    assert found(asset, events, date(2020, 12, 31)) is None
    assert found(asset, events, date(2021, 12, 31)) is None  # in use since July 2020: 2020 is no whole year
    assert found(asset, events, date(2022, 1, 1)) is not None


def test_a_road_has_no_yield_but_may_lie_idle() -> None:
    road = confirmed_road()
    events = reports(road, ("IDLE", date(2022, 1, 1)))
    assert found(road, [], date(2023, 6, 1)) is None
    assert found(road, events, date(2022, 7, 1)) is not None


def test_what_a_closed_case_was_about_is_not_found_again() -> None:
    asset, events = earned("0.00")
    assert found(asset, events, date(2023, 2, 1), after=date(2022, 12, 31)) is None
    assert found(asset, events, date(2023, 2, 1), after=date(2022, 12, 30)) is not None
    idle = confirmed_road()
    seen = reports(idle, ("IDLE", date(2022, 1, 1)))
    assert found(idle, seen, date(2022, 8, 27), after=date(2022, 3, 1)) is None  # 179 days after the closing
    assert found(idle, seen, date(2022, 8, 28), after=date(2022, 3, 1)) is not None


def test_the_countys_own_limits_are_asked() -> None:
    asset = confirmed_road()
    events = reports(asset, ("IDLE", date(2022, 1, 1)))
    longer = LIMITS.model_copy(update={"idle_days": 365})
    assert detected(asset, events, date(2022, 12, 31), longer) is None  # 364 days
    assert detected(asset, events, date(2023, 1, 1), longer) is not None
