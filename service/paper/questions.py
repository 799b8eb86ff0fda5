"""Lists of papers: those of an asset, with what is kept of them, and those that a unit has uploaded."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from pydantic import Field

from domain.catalogue import EVENT_TYPES
from domain.refusals import refuse
from domain.values import Sha256, Value
from service.database.row_security import rows_of
from service.ledgers.differences import cursor_of, start_of
from service.ledgers.source import Source
from service.paper.archive import PaperArchive
from service.paper.sealed import State
from service.paper.sight import LEDGER, field_of

_OF_ASSET: Final = """
SELECT n.position, n.ordinal, n.sha256, n.stream, n.type, n.field, n.unit, n.occurred_on, p.size, p.media_type, p.state
FROM paper_naming n LEFT JOIN paper p ON p.county = n.county AND p.sha256 = n.sha256
WHERE n.county = $1 AND n.asset = $2 AND (n.position, n.ordinal) > ($3, $4) ORDER BY n.position, n.ordinal LIMIT $5
"""
_OF_UNIT: Final = """
SELECT u.sha256, u.uploaded_at, p.size, p.media_type, p.state,
    EXISTS (SELECT FROM paper_naming n WHERE n.county = u.county AND n.sha256 = u.sha256) AS named
FROM paper_upload u JOIN paper p ON p.county = u.county AND p.sha256 = u.sha256
WHERE u.county = $1 AND u.organization = $2 AND u.sha256 > $3 ORDER BY u.sha256 LIMIT $4
"""


STATES: Final = "INTACT 完好 / MISSING 丢失 / ALTERED 被改动 / FORGOTTEN 已随主体遗忘"


class AssetDocument(Value):
    """A paper that an event of an asset names, and what is kept of it."""

    sha256: Sha256 = Field(title="资料摘要")
    position: int = Field(title="日志位置")
    stream: str = Field(title="事件流")
    type: str = Field(title="事件类型")
    title: str = Field(title="事件名称")
    field: str = Field(title="字段")
    field_title: str = Field(title="字段名称")
    unit: str | None = Field(title="登记单位")
    occurred_on: date = Field(title="业务日期")
    state: State | None = Field(title="存档状态", description=f"{STATES}；为空：尚未上传")
    size: int | None = Field(title="字节数")
    media_type: str | None = Field(title="内容类型")


class UploadedDocument(Value):
    """A paper that the unit has uploaded."""

    sha256: Sha256 = Field(title="资料摘要")
    uploaded_at: datetime = Field(title="上传时间")
    size: int = Field(title="字节数")
    media_type: str = Field(title="内容类型")
    state: State = Field(title="存档状态", description=STATES)
    named: bool = Field(title="是否已被登记引用")
    removed_after: datetime | None = Field(title="未引用即清除的时间", description="已被引用的为空")


async def papers_of_asset(
    source: Source, asset: str, limit: int, cursor: str | None
) -> tuple[list[AssetDocument], str | None]:
    """Papers that events name for an asset, in the order of the log, and the next cursor. CURSOR_INVALID."""
    await source.reach_head(LEDGER)
    start = start_of(cursor, (True, True)) or ("0", "-1")
    async with rows_of(source.pool, source.county) as connection:
        rows = await connection.fetch(
            _OF_ASSET, source.county, asset, _whole(start[0]), _whole(start[1]), limit
        )
    found = [
        AssetDocument(
            title=EVENT_TYPES[row["type"]].TITLE,
            field_title=field_of(row["type"], row["field"]).title,
            **{name: value for name, value in row.items() if name != "ordinal"},
        )
        for row in rows
    ]
    last = rows[-1] if len(rows) == limit else None
    return found, None if last is None else cursor_of((str(last["position"]), str(last["ordinal"])))


async def papers_of_unit(
    source: Source, archive: PaperArchive, unit: str, limit: int, cursor: str | None
) -> tuple[list[UploadedDocument], str | None]:
    """Papers that a unit has uploaded, in the order of their digests, and the next cursor. CURSOR_INVALID."""
    await source.reach_head(LEDGER)
    start = start_of(cursor, (True,)) or ("",)
    async with rows_of(source.pool, source.county) as connection:
        rows = await connection.fetch(_OF_UNIT, source.county, unit, str(start[0]), limit)
    kept_for = timedelta(days=archive.bounds.unnamed_days)
    found = [
        UploadedDocument(**dict(row), removed_after=None if row["named"] else row["uploaded_at"] + kept_for)
        for row in rows
    ]
    last = rows[-1]["sha256"] if len(rows) == limit else None
    return found, None if last is None else cursor_of((last,))


def _whole(text: object) -> int:
    try:
        return int(str(text))
    except ValueError as error:
        raise refuse("CURSOR_INVALID") from error
