"""Kept mappings (列对应): by which mapping each layout of ledgers was last imported, and who decided so.

They stand in the operations that imported by them, dry runs too, and are used again by the same unit; where it has none, the
asset office's is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import asyncpg
from pydantic import Field

from domain.classification import UNIT
from domain.values import Value
from service.inventory.spreadsheet.mapping import ColumnMapping

OPERATION: Final = "inventory.import"
"""Kind of the operations that import; their requests keep the mappings."""


class KeptMapping(Value):
    """A mapping with the layout that it was decided for."""

    layout: Annotated[str, UNIT] = Field(
        title="版式", description="表头从左到右的摘要，试导入结果中的 layout"
    )
    mapping: ColumnMapping = Field(title="所用的对应关系")
    unit: Annotated[str, UNIT] = Field(title="采用单位")
    file_name: Annotated[str, UNIT] = Field(title="当时的文件名")
    operation: Annotated[str, UNIT] = Field(title="导入任务编号")
    used_at: datetime = Field(title="采用时间")


async def kept_mappings(pool: asyncpg.Pool, county: str, organization: str) -> tuple[KeptMapping, ...]:
    """The mapping that the next import of each layout is read by unless it brings its own, in order of layouts."""
    records = await pool.fetch(
        "SELECT DISTINCT ON (result->>'layout') result->>'layout' AS layout, request->'mapping' AS mapping,"
        " actor->>'organization' AS unit, request->>'fileName' AS file_name, operation, finished_at AS used_at"
        " FROM operation WHERE county = $1 AND kind = $2 AND state = 'SUCCEEDED'"
        " AND jsonb_typeof(request->'mapping') = 'object' AND result->>'layout' IS NOT NULL"
        " AND actor->>'organization' IN ($3, 'ASSET_OFFICE')"
        " ORDER BY result->>'layout', (actor->>'organization' = $3) DESC, finished_at DESC",
        county,
        OPERATION,
        organization,
    )
    return tuple(
        KeptMapping(**dict(record) | {"mapping": ColumnMapping.model_validate_json(record["mapping"])})
        for record in records
    )
