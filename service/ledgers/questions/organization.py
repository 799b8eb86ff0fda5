"""The directory of units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from domain.values import Code
from projections.engine.reading import Page
from projections.organization import directory
from service.ledgers.filters import Filters, Several, Standpoint
from service.ledgers.tables import row_model


class OrganizationsFilters(Filters):
    """Filters of the directory of units."""

    PROJECTION: ClassVar[str] = directory.PROJECTION.name

    kind: Several = Field(default=(), title="单位类型", max_length=10)
    superior: Code | None = Field(default=None, title="上级主管单位")

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Units."""
        return await directory.organization_page(at.connection, at.county, **self.filters(), **paging)


OrganizationRow = row_model("OrganizationRow", directory.ORGANIZATION)
