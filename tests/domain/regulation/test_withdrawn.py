"""Folders and changes of earlier versions: what never ruled anything is read over, the rest means the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from domain.policy import ParameterChange
from domain.regulation import Regulation
from domain.regulation.parameters import typed

Spoil = Callable[[str, str, str], None]


def test_what_never_ruled_anything_is_read_over(folder: Path, spoil: Spoil) -> None:
    """A folder that says what earlier versions asked for keeps working, and means the same."""
    before = Regulation.load(folder)
    assert before.read_over == ()
    spoil(
        "asset_types.toml",
        "subclass_required = true",
        "managed = true\nincome_right = false\nsubclass_required = true",
    )
    spoil("departments.toml", "sector = true", "determines = true\nsector = true")
    spoil("external_systems.toml", 'system = "SYS_SANZI"', 'opened_by = "CONFIRMATION"\nsystem = "SYS_SANZI"')
    spoil("fund_sources.toml", 'code = "OTHER"', 'listed = false\nparent = "其他"\ncode = "OTHER"')
    spoil(
        "lifecycle.toml", '"CHANGE_CONTRACT", "INCOME_PLAN"', '"CHANGE_CONTRACT", "REGISTER", "INCOME_PLAN"'
    )
    for old, new in OLD_PARTS:
        spoil("parameters.toml", old, new)
    with (folder / "653022" / "parameters.toml").open("a", encoding="utf-8") as parameters:
        for parameter, value in (("P15", '{ tie = "LOWER_CODE" }'), ("P17", '"SEPARATE_TOTAL"')):
            parameters.write(f'\n[[parameter]]\nid = "{parameter}"\nvalue = {value}\n')
    with (folder / "653022" / "lifecycle.toml").open("a", encoding="utf-8") as lifecycle:
        lifecycle.write('\n[[region]]\ncode = "TITLE"\n\n[[transition]]\nregion = "TITLE"\n')
    (folder / "653022" / "labels.toml").write_text('[[label]]\ncode = "ASSET"\n', "utf-8")
    after = Regulation.load(folder)
    assert set(after.read_over) == {
        "asset_types.class managed", "asset_types.class income_right", "departments.organization determines",
        "external_systems.obligation opened_by", "fund_sources.source listed", "fund_sources.source parent",
        "lifecycle.guard actions REGISTER", "[[lifecycle.region]]", "[[lifecycle.transition]]", "labels.toml",
        "P09 upheld", "P15", "P17", "P18 lead", "P26 time_zone", "P27 silence",
        "P29 representatives_replace_assembly",
    }  # fmt: skip
    assert after.rows == before.rows


OLD_PARTS = (
    ('dismissed = "CONTINUE"', 'dismissed = "CONTINUE", upheld = "RETURN_TO_DECISION"'),
    ("{ tie_order", '{ lead = "LARGEST_DEPARTMENT_SUM", tie_order'),
    ("{ working_days", '{ time_zone = "Asia/Shanghai", working_days'),
    ("plain_filing", 'silence = "PENDING", plain_filing'),
    (
        "assembly_replaces_representatives = true",
        "assembly_replaces_representatives = true, representatives_replace_assembly = false",
    ),
)
"""Parts of values that could have one meaning only."""


GONE = {"upheld", "lead", "timeZone", "silence", "representativesReplaceAssembly"}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("P09", {"openBlocks": False, "dismissed": "RESTART", "upheld": "RETURN_TO_DECISION"}),
        ("P18", {"lead": "LARGEST_DEPARTMENT_SUM", "tieOrder": ["FINANCE"]}),
        ("P26", {"timeZone": "Asia/Shanghai", "workingDays": "NATIONAL"}),
        ("P27", {"recheckWorkingDays": 5, "silence": "PENDING", "plainFiling": "SUBMITTED_IS_DONE"}),
        ("P29", {"assemblyReplacesRepresentatives": False, "representativesReplaceAssembly": False}),
    ],
)
def test_a_change_in_the_log_that_says_what_is_withdrawn_is_still_read(
    regulation: Regulation, parameter: str, value: Any
) -> None:
    change = ParameterChange(
        number=1, parameter=parameter, old=None, new=value, document="陶政办发〔2026〕3号",
        effective_from=date(2026, 1, 1),
    )  # fmt: skip
    changed = regulation.amended([change.amendment()])
    assert changed.on(date(2026, 1, 1)).parameter_row(parameter).value == typed(
        parameter, {to_snake(name): part for name, part in value.items() if name not in GONE}
    )
