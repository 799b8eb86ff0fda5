"""A year's holidays as a county enters them (年度放假安排): `calendar-2027.toml` beside its tables, one file per year.

The file has the blocks of calendar.toml. What it says of its year stands instead of what the calendar had of it, also for
a county that otherwise works by the packaged tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from domain.regulation.legal_clock import announced_year

FILE: Final = re.compile(r"calendar-([0-9]{4})\.toml", re.ASCII)
_HOLIDAYS: Final = "calendar.holiday"
_YEARS: Final = "calendar.year"


def file_of(year: int) -> str:
    """The name of a year's file."""
    return f"calendar-{year}.toml"


def year_of(file: str) -> int | None:
    """The year of a file with such a name, else None."""
    match = FILE.fullmatch(file)
    return None if match is None else int(match.group(1))


def enter_year(tables: dict[str, Any], year: int, content: Mapping[str, Any], faults: list[str]) -> None:
    """Put a year's blocks in the place of what the tables have of it. Days of other years are told in `faults`."""
    holidays, years = content.get("holiday", []), content.get("year", [])
    if set(content) - {"holiday", "year"} or not _are_blocks(holidays) or not _are_blocks(years):
        faults.append(f"{file_of(year)}：只能有 [[year]] 和 [[holiday]] 块")
        return
    if [one.get("year") for one in years] != [year]:
        faults.append(f"{file_of(year)}：须有一个 [[year]] 块，其 year 为 {year}")
    for one in holidays:
        if {_year_of(one.get("first_day")), _year_of(one.get("last_day"))} != {year}:
            days = f"{one.get('first_day')} 至 {one.get('last_day')}"
            faults.append(
                f"{file_of(year)}：{days} 不属于 {year} 年的放假安排（上年 12 月 29 日至当年 12 月 28 日）"
            )
    kept = [one for one in _blocks(tables, _HOLIDAYS) if _year_of(one.get("first_day")) != year]
    tables[_HOLIDAYS] = [*kept, *holidays]
    tables[_YEARS] = [*(one for one in _blocks(tables, _YEARS) if one.get("year") != year), *years]


def _year_of(day: object) -> int | None:
    """The year whose announcement a day belongs to; None for what is no day."""
    return announced_year(day) if isinstance(day, date) else None


def _blocks(tables: Mapping[str, Any], name: str) -> Iterable[dict[str, Any]]:
    found = tables.get(name, [])
    return found if _are_blocks(found) else []


def _are_blocks(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
