"""Days that may be stated: those of a calendar with two ends."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.values import LOG, BusinessDate

DAY = TypeAdapter(BusinessDate)


@pytest.mark.parametrize("day", ["1900-01-01", "2999-12-31"])
def test_a_day_at_either_end_of_the_calendar_may_be_stated(day: str) -> None:
    assert DAY.validate_python(day).isoformat() == day


def refused(code: str, day: str) -> None:
    with pytest.raises(ValidationError) as error:
        DAY.validate_python(day)
    assert [one["type"] for one in error.value.errors()] == [code]


@pytest.mark.parametrize("day", ["1899-12-31", "3000-01-01", "0001-01-01", "9999-12-31"])
def test_a_day_beyond_the_calendar_is_out_of_range_unless_the_log_holds_it(day: str) -> None:
    refused("DATE_OUT_OF_RANGE", day)
    assert DAY.validate_python(day, context=LOG).isoformat() == day
