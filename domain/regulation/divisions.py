"""A county's divisions as its folder lists them: divisions.csv with code, name, level, parent_code."""

from __future__ import annotations

import csv
import re
from typing import Final

from domain.values import Value

DIVISIONS: Final = "divisions.csv"

COLUMNS: Final = ["code", "name", "level", "parent_code"]
_LEVELS: Final = frozenset({"county", "township", "state_farm", "farm_team", "village", "community"})
_CODE: Final = re.compile(r"[0-9]{12}", re.ASCII)


class DivisionRow(Value):
    """A division. `parent`: code of the one it lies in; None for the county itself."""

    code: str
    name: str
    level: str
    parent: str | None


def read_divisions(county: str, text: str, faults: list[str]) -> tuple[DivisionRow, ...]:
    """The rows of a divisions.csv, in file order; whatever is wrong with them is told in `faults`."""
    reader = csv.DictReader(text.splitlines())
    if reader.fieldnames != COLUMNS:
        faults.append(f"{DIVISIONS}：表头应为 {','.join(COLUMNS)}")
        return ()
    read = [
        DivisionRow(
            code=row["code"] or "",
            name=row["name"] or "",
            level=row["level"] or "",
            parent=row["parent_code"] or None,
        )
        for row in reader
    ]
    codes = {row.code for row in read}
    if len(codes) != len(read):
        faults.append(f"{DIVISIONS}：区划代码重复")
    if [row.code for row in read if row.level == "county"] != [f"{county}000000"]:
        faults.append(f"{DIVISIONS}：须有且只有一个县级区划 {county}000000")
    for row in read:
        told = f"{DIVISIONS}（{row.code}）"
        if not _CODE.fullmatch(row.code) or not row.code.startswith(county):
            faults.append(f"{told}：不是本县 {county} 的 12 位区划代码")
        if not row.name:
            faults.append(f"{told}：缺少名称")
        if row.level not in _LEVELS:
            faults.append(f"{told}：没有级别 {row.level}")
        if (row.parent is None) != (row.level == "county") or row.parent not in {None, *codes}:
            faults.append(f"{told}：上级区划 {row.parent} 不存在")
    return tuple(read)
