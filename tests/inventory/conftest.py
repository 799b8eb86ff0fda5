"""A reader that knows the county's divisions and units."""

from __future__ import annotations

from datetime import date

import pytest

from domain.regulation import rows
from service.commands.founding import FOUNDED_ON
from service.inventory.spreadsheet.ledger import Reader
from service.inventory.spreadsheet.names import DirectoryUnit, Names, Place
from tests.examples import regulation

ON = date(2022, 6, 1)


def places() -> list[Place]:
    """The county's divisions, and one that another has succeeded."""
    found = [Place(row.code, row.name, row.level, row.parent, FOUNDED_ON) for row in regulation().divisions]
    old = Place(
        "653022202299", "旧村委会", "village", "653022202000", FOUNDED_ON, date(2020, 1, 1), "653022202208"
    )
    return [*found, old]


def units() -> list[DirectoryUnit]:
    """Departments, a township and a village."""
    organizations = regulation().on(ON).table("departments.organization", rows.NamedOrganization)
    return [
        *(DirectoryUnit(row.code, row.zh, "DEPARTMENT", row.short_zh) for row in organizations),
        DirectoryUnit("653022202000", "巴仁乡人民政府", "TOWNSHIP"),
        DirectoryUnit("653022202208", "某村村民委员会", "VILLAGE"),
    ]


@pytest.fixture(scope="session")
def reader() -> Reader:
    """Reads ledgers of the county on a day of 2022."""
    return Reader(regulation().on(ON), Names(places(), units(), ON))
