"""The directory: units, divisions, who held which post, guidance given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from pydantic import Field

from domain.values import Code, Value
from projections.engine.reading import Page
from projections.organization import directory, duties as unit_duties, on_behalf
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import row_model, typed_rows

_NAMES = (directory.PROJECTION.name,)


class OrganizationsFilters(Filters):
    """Filters of the directory of units."""

    PROJECTION: ClassVar[str] = directory.PROJECTION.name

    kind: Several = Field(default=(), title="单位类型", max_length=10)
    superior: Code | None = Field(default=None, title="上级主管单位")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Units."""
        return await directory.organization_page(at.connection, at.county, **self.filters(), **paging)


OrganizationRow = row_model("OrganizationRow", directory.ORGANIZATION)
DivisionRow = row_model("DivisionRow", directory.DIVISION)
TenureRow = row_model(
    "TenureRow",
    directory.TENURE,
    person_name=(str | None, Field(default=None, title="姓名")),
    organization_name=(str | None, Field(default=None, title="单位名称")),
)
GuidanceRow = row_model("GuidanceRow", unit_duties.GUIDANCE)


async def divisions(
    source: Source, *, level: str | None, parent: str | None, on: date | None, min_position: int = 0
) -> tuple[Value, ...]:
    """Divisions in order of code; with a day only those that existed then."""
    async with ledgers_now(source, _NAMES, min_position) as connection:
        found = await directory.divisions(connection, source.county, level=level, parent=parent, on=on)
    return typed_rows(found, DivisionRow)


async def tenures(
    source: Source, organization: str, *, post: str | None, on: date | None, min_position: int = 0
) -> tuple[Value, ...]:
    """Who held which post of the unit; with a day only those in office that day."""
    async with ledgers_now(source, _NAMES, min_position) as connection:
        found = await directory.tenures(
            connection, source.county, organization=organization, post=post, on=on
        )
    return typed_rows(found, TenureRow)


async def guidance_by(
    source: Source, organization: str, year: int | None, min_position: int = 0
) -> tuple[Value, ...]:
    """Guidance that a unit gave, of all years or one (C4.3-20)."""
    async with ledgers_now(source, (unit_duties.PROJECTION.name,), min_position) as connection:
        found = await unit_duties.guidance_given(connection, source.county, organization, year)
    return typed_rows(found, GuidanceRow)


# ---- what was recorded on behalf -----------------------------------------------------------------------------------


class OnBehalfFilters(Filters):
    """Filters of the ledger of what was recorded on behalf."""

    PROJECTION: ClassVar[str] = on_behalf.PROJECTION.name

    unit: Several = Field(default=(), title="被代为登记的单位", max_length=200)
    recorder: Several = Field(default=(), title="登记单位", max_length=200)
    township: Code | None = Field(default=None, title="所属乡镇", description="该乡镇各村的事项")
    confirmed: bool | None = Field(default=None, title="是否已确认")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """What one unit recorded for another, and whether the village's secretary confirmed it."""
        return await on_behalf.on_behalf_page(at.connection, at.county, **self.filters(), **paging)


OnBehalfRow = row_model(
    "OnBehalfRow",
    on_behalf.ON_BEHALF,
    confirmed_on=(date | None, Field(default=None, title="确认日期")),
    confirmed_by=(str | None, Field(default=None, title="确认人")),
)
