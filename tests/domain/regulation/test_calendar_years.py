"""A year's holidays entered by a county in a file of their own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from domain.regulation import Regulation, RegulationInvalid
from tests import second_county
from tests.examples import COUNTY

YEAR = """
[[year]]
year = 2050
national = true
local = true
note = "国办发明电〔2049〕7号"
article = "C4.5-06"
in_force_from = 2021-06-17
"""
FIXED = (("2050-01-01", "2050-01-03"), ("2050-05-01", "2050-05-03"), ("2050-10-01", "2050-10-07"))
"""元旦、劳动节、国庆节."""


def holiday(first: str, last: str, kind: str = "REST") -> str:
    return (
        f'[[holiday]]\nfirst_day = {first}\nlast_day = {last}\nzh = "放假"\nkind = "{kind}"\n'
        'article = "C4.5-06"\nin_force_from = 2021-06-17\n'
    )


def write(folder: Path, *holidays: str, year: str = YEAR, county: str = COUNTY, name: int = 2050) -> Path:
    """Enter the year in a county's folder, with the fixed holidays and more."""
    place = folder / county
    place.mkdir(exist_ok=True)
    content = year + "".join(holiday(*one) for one in FIXED) + "".join(holidays)
    (place / f"calendar-{name}.toml").write_text(content, "utf-8")
    return folder


def faults(folder: Path, county: str = COUNTY) -> str:
    with pytest.raises(RegulationInvalid) as invalid:
        Regulation.load(folder, county)
    return "\n".join(invalid.value.faults)


def test_a_county_of_the_packaged_rules_enters_a_year_by_one_file(tmp_path: Path) -> None:
    before = Regulation.load(county=COUNTY)
    after = Regulation.load(write(tmp_path, holiday("2050-01-08", "2050-01-08", "WORK")), COUNTY)
    day = date(2050, 1, 2)
    assert not before.on(day).clock.has_year(2050)
    calendar = after.on(day).clock
    assert calendar.has_year(2050)
    assert calendar.unconfirmed(day, day) == ()
    assert [calendar.is_working(date(2050, 1, one)) for one in (3, 4, 8, 9)] == [False, True, True, False]
    assert after.digest != before.digest
    assert [one.number for one in after.versions] == [one.number for one in before.versions]
    assert after.intervals == before.intervals


def test_a_county_with_rules_of_its_own_enters_a_year_in_its_folder(tmp_path: Path) -> None:
    second_county.write_second_county(tmp_path)
    write(tmp_path, county=second_county.COUNTY)
    day = date(2050, 1, 2)
    assert Regulation.load(tmp_path, second_county.COUNTY).on(day).clock.has_year(2050)
    assert not Regulation.load(tmp_path, COUNTY).on(day).clock.has_year(2050)


def test_a_county_based_on_another_has_the_years_that_one_entered(tmp_path: Path) -> None:
    second_county.write_second_county(tmp_path)
    write(tmp_path)
    assert Regulation.load(tmp_path, second_county.COUNTY).on(date(2050, 1, 2)).clock.has_year(2050)


def test_a_year_s_file_stands_instead_of_what_the_calendar_had_of_it(tmp_path: Path) -> None:
    """The packaged calendar has 肉孜节 2025 from 29 to 31 March; the county's file moves it, and keeps 2023 as it is."""
    known = Regulation.load(county=COUNTY).on(date(2025, 1, 1)).clock
    assert not known.is_working(date(2025, 3, 31))
    place = tmp_path / COUNTY
    place.mkdir()
    local = YEAR.replace("2050", "2025").replace("national = true\n", "")
    moved = holiday("2025-04-01", "2025-04-02")
    (place / "calendar-2025.toml").write_text(local + moved, "utf-8")
    calendar = Regulation.load(tmp_path, COUNTY).on(date(2025, 1, 1)).clock
    assert [calendar.is_working(date(2025, *one)) for one in ((3, 31), (4, 1))] == [True, False]
    assert not calendar.is_working(date(2023, 4, 21))


def test_the_end_of_december_is_entered_with_the_year_it_leads_to(tmp_path: Path) -> None:
    """New Year 2008: 30 and 31 December 2007 off, 29 December worked. A later file keeps an earlier one's days."""
    write(tmp_path, holiday("2049-12-30", "2049-12-31"))
    calendar = Regulation.load(tmp_path, COUNTY).on(date(2049, 1, 1)).clock
    assert [calendar.is_working(date(2049, 12, one)) for one in (29, 30, 31)] == [True, False, False]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (holiday("2050-12-29", "2050-12-29"), "不属于 2050 年的放假安排"),
        (holiday("2049-12-28", "2049-12-29"), "不属于 2050 年的放假安排"),
        (holiday("2051-01-01", "2051-01-01"), "不属于 2050 年的放假安排"),
        (holiday("2050-01-07", "2050-01-07", "WORK"), "调休上班日须为周六、周日"),
        (holiday("2050-06-01", "2050-07-03"), "超过一个月"),
        (holiday("2050-06-02", "2050-06-01"), "早于第一天"),
        ("[[feast]]\nzh = 'x'\n", "只能有"),
    ],
)  # fmt: skip
def test_a_mistyped_year_is_told(tmp_path: Path, more: str, fault: str) -> None:
    assert fault in faults(write(tmp_path, more))


def test_the_last_days_that_belong_to_the_year_are_taken(tmp_path: Path) -> None:
    write(tmp_path, holiday("2049-12-29", "2049-12-29"), holiday("2050-12-28", "2050-12-28"), holiday("2050-06-01", "2050-07-02"))  # fmt: skip
    assert Regulation.load(tmp_path, COUNTY).on(date(2050, 1, 1)).clock.has_year(2050)


def test_a_year_without_a_statutory_holiday_is_told(tmp_path: Path) -> None:
    place = tmp_path / COUNTY
    place.mkdir()
    text = YEAR + "".join(holiday(*one) for one in FIXED[:2])
    (place / "calendar-2050.toml").write_text(text, "utf-8")
    told = faults(tmp_path)
    assert "缺少法定节假日 2050-10-01、2050-10-02、2050-10-03" in told
    assert "2050-01-01" not in told


def test_a_file_is_of_the_year_it_is_named_after(tmp_path: Path) -> None:
    assert "其 year 为 2051" in faults(write(tmp_path, name=2051))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    place = tmp_path / COUNTY
    place.mkdir()
    (place / "calendar-2050.toml").write_text("[[year", "utf-8")
    assert "calendar-2050.toml 无法读取" in faults(tmp_path)
