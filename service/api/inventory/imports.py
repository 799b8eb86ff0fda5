"""Imports (清查批次): a clerk's spreadsheet as a batch, and the batch's way through review and determination (C4.4)."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.inventory.batch import InventoryBatch, Opinion
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, PersonCode, Value
from service.api.http.answers import headers
from service.api.http.intake import SHEETS, media_type
from service.api.http.reading import ACTION, BINARY, Reading, from_log, get, routes
from service.api.http.results import RejectedRow
from service.api.http.writing import (
    IDEMPOTENCY_KEY,
    WRITE_PROBLEMS,
    Circumstances,
    Kind,
    Write,
    Writing,
    answered,
)
from service.api.organization.organizations import unit_of
from service.api.system.operations import OperationView, operations_of, shown
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.history_door import through_door
from service.commands.operations import INPUT, StoredFile, operation_id
from service.commands.problems import from_pydantic
from service.commands.views import view_model
from service.inventory.importing import ImportOptions
from service.inventory.kept_mappings import OPERATION, KeptMapping, kept_mappings
from service.inventory.spreadsheet.mapping import ColumnMapping
from service.inventory.spreadsheet.report import MEDIA_TYPE, template
from service.inventory.work import REJECTED
from service.ledgers.parameters import Cursor, Limit, Position
from service.ledgers.questions.inventory import registered_assets

router = routes("/v1/imports", "imports 清查导入")

BatchCode = Annotated[Code, Path(title="批次编号")]
BatchView = view_model(
    InventoryBatch,
    batch=Annotated[Code, Field(title="批次编号")],
    asset_count=Annotated[int, Field(title="资产项数")],
)


def view_of(batch: InventoryBatch) -> dict[str, Any]:
    """A batch as every answer shows it; its assets are a list of their own."""
    view = batch.view()
    assets = view.pop("assets")
    return view | {"batch": batch.id, "assetCount": len(assets)}


class ImportQuery(BaseModel):
    """Query of an import: how the file in the body is to be read. Unknown parameters are refused, so that none is
    silently ignored.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Code = Field(title="填报单位")
    compiled_by: Code = Field(title="填报人")
    file_name: Name = Field(default="清查表", title="文件名")
    batch: Code | None = Field(default=None, title="批次编号", description="不填由系统编号")
    dry_run: bool = Field(default=False, title="试导入", description="只检查，不登记任何内容")
    partial: bool = Field(default=False, title="部分导入", description="有错误的行不登记，其余照常登记")
    occurred_on: BusinessDate | None = Field(default=None, title="业务日期")
    provenance: Name | None = Field(
        default=None,
        title="历史数据来源",
        description="限县资产管理办公室，且在历史补录截止日前：违反规定之处记为检查发现",
    )
    sheet: Name | None = Field(default=None, title="工作表", description="有多个清查表时必填")
    mapping: str | None = Field(
        default=None,
        title="列对应",
        description="JSON，写法见 docs/imports.md；不填用本单位（或县资产管理办公室）上次导入同一版式所用的，{} 为不用",
        max_length=20_000,
    )


@router.post(
    "",
    summary="导入清查表",
    status_code=202,
    response_model=OperationView,
    response_class=Response,
    responses=answered(202, OperationView) | WRITE_PROBLEMS,
    openapi_extra={
        ACTION: "inventory.import",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {
                name: {
                    "schema": {"type": "string", "format": "binary", "title": "清查表文件", "minLength": 1}
                }
                for name in sorted(SHEETS)
            },
        },
    },
)
async def import_file(write: Writing, query: Annotated[ImportQuery, Query()]) -> Response:
    """Import an .xlsx, .xls, .ods or .csv in the background (C4.4-00): nothing, everything, or with `partial` the good rows.

    The answer names the operation to watch; its id is also the batch's code unless one was given.
    """
    content = await write.request.body()
    if not content:
        raise refuse("BODY_REQUIRED")
    if query.provenance is not None:
        at = write.context.occasion(write.county, query.occurred_on)
        await through_door(write.context, write.actor, query.provenance, at)
    operation = operation_id(write.actor.id, write.idempotency.key, "B")
    mapping = _mapping(query.mapping) if query.mapping is not None else None
    options = ImportOptions(**query.model_dump() | {"batch": query.batch or operation, "mapping": mapping})
    queued = await operations_of(write.request).submit(
        write.actor,
        OPERATION,
        operation,
        options.model_dump(mode="json", by_alias=True),
        digest=write.idempotency.body_sha256,
        content=StoredFile(INPUT, media_type(write.request), content),
    )
    body = write.answer(shown(queued))
    body.status_code = 202
    body.headers["Location"] = f"/v1/operations/{operation}"
    return body


def _mapping(text: str) -> ColumnMapping:
    """The mapping of a request. FIELD_INVALID, FIELD_REQUIRED, FIELD_UNKNOWN by the field that is wrong."""
    try:
        return ColumnMapping.model_validate_json(text)
    except ValidationError as error:
        raise from_pydantic(error)[0] from error


@get(
    router,
    "/template.xlsx",
    "下载清查表模板",
    "inventory.read",
    response_class=Response,
    responses={
        200: {
            "description": "模板 / the template",
            "content": {MEDIA_TYPE: BINARY},
            **headers("Content-Disposition"),
        }
    },
)
async def read_import_template(read: Reading) -> Response:
    """An empty ledger with the headings that are read, and lists to choose from."""
    rules = (await read.regulation()).on(read.context.today())
    return Response(
        template(rules),
        media_type=MEDIA_TYPE,
        headers={"Content-Disposition": 'attachment; filename="template.xlsx"'},
    )


class KeptMappings(Value):
    """The mappings by which the next import of each layout is read."""

    mappings: tuple[KeptMapping, ...] = Field(title="留用的列对应")


@get(router, "/mappings", "查询留用的列对应", "inventory.read", response_model=KeptMappings)
async def read_import_mappings(read: Reading) -> Response:
    """By which mapping the unit's next import of each layout is read: its own last one, else the asset office's.

    An import that brings a mapping is read by that one instead, and a successful one, dry runs too, is kept from then on.
    """
    found = await kept_mappings(read.pool, read.county, read.actor.organization)
    return read.answer(KeptMappings(mappings=found).model_dump(mode="json", by_alias=True))


@get(router, "/{batch}", "查询清查批次", "inventory.read", response_model=from_log(BatchView))
async def read_batch(batch: BatchCode, read: Reading) -> Response:
    """A batch from the log."""
    return await read.aggregate(InventoryBatch, batch, view_of)


class BatchRows(Value):
    """A batch's rows: registered ones by page, and all that were rejected."""

    batch: str = Field(title="批次编号")
    registered: tuple[str, ...] = Field(title="登记的资产")
    next_cursor: str | None = Field(title="下一页游标")
    rejected: tuple[RejectedRow, ...] = Field(title="未登记的行", description="仅第一页给出")


class RowsQuery(BaseModel):
    """A page of a batch's rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = Field(default=100, title="每页行数")
    cursor: Cursor | None = Field(default=None, title="游标")
    min_position: Position = Field(default=0, title="最低日志位置")


@get(router, "/{batch}/rows", "清查批次明细", "inventory.read", response_model=BatchRows)
async def read_batch_rows(batch: BatchCode, read: Reading, query: Annotated[RowsQuery, Query()]) -> Response:
    """What became of a batch's rows: the assets in the file's order, and the rejected rows with their reasons."""
    registered, following = await registered_assets(read, batch, query.limit, query.cursor)
    rejected = b""
    if query.cursor is None:
        rejected = await operations_of(read.request).file_of(
            read.county, OPERATION, {"batch": batch}, REJECTED
        )
    return read.answer(
        {
            "batch": batch,
            "registered": registered,
            "nextCursor": following,
            "rejected": [orjson.loads(line) for line in rejected.splitlines()],
        }
    )


# ---- review and determination ---------------------------------------------------------------------------------------


class SubmitBatch(Circumstances):
    """Request body: submit an inventory batch."""

    person: PersonCode = Field(title="上报人")


class GiveBatchOpinion(Circumstances):
    """Request body: give an opinion on an inventory batch."""

    opinion: Opinion = Field(title="审核（审定）意见")


class AggregateBatch(Circumstances):
    """Request body: aggregate an inventory batch into the county's figures."""

    person: PersonCode = Field(title="汇总人")


def _own(it: InventoryBatch, _: Write) -> Resource:
    """The unit that compiled the batch, or who answers for its place."""
    unit = it.imported.unit
    return Resource(divisions=(unit,) if unit.isdigit() else (), organizations=(unit,))


def _reviewer(it: InventoryBatch, write: Write) -> Resource:
    """Whoever may judge a batch of that place."""
    place = _own(it, write)
    return Resource(divisions=place.divisions, organizations=(*place.organizations, write.actor.organization))


_BATCHES = Kind(router, InventoryBatch, BatchView, lambda it, _: view_of(it), _reviewer)


@_BATCHES.post("/{batch}/submission", "上报清查批次", "inventory.submit")
async def submit_batch(batch: BatchCode, body: SubmitBatch, write: Writing) -> Response:
    """Send the batch up for review, the first time or after a return (C4.4-01, C4.4-02)."""
    return await write.decide(_BATCHES, batch, body, lambda it, at: it.submit(body.person, at), scope=_own)


@_BATCHES.post("/{batch}/review", "审核清查批次", "inventory.review")
async def review_batch(batch: BatchCode, body: GiveBatchOpinion, write: Writing) -> Response:
    """The township's review of a village's batch or its own, a department's of its own, by another person."""
    opinion = body.opinion

    async def review(it: InventoryBatch, at: Occasion, _: Work) -> None:
        unit = await unit_of(write.context, write.county, it.imported.unit, "unit")
        township = unit.card.superior if unit.card.kind == "VILLAGE" else unit.id
        it.give_review(opinion, township, at)

    return await write.carry_out(
        _BATCHES, batch, body, review, on=opinion.decided_on, unit=opinion.organization
    )


@_BATCHES.post("/{batch}/determinations", "审定清查批次", "inventory.determine")
async def determine_batch(batch: BatchCode, body: GiveBatchOpinion, write: Writing) -> Response:
    """One of the four departments' word; they decide side by side, and one return sends the batch back."""
    opinion = body.opinion
    return await write.decide(
        _BATCHES,
        batch,
        body,
        lambda it, at: it.determine(opinion, at),
        on=opinion.decided_on,
        unit=opinion.organization,
    )


@_BATCHES.post("/{batch}/aggregation", "汇总清查批次", "inventory.aggregate")
async def aggregate_batch(batch: BatchCode, body: AggregateBatch, write: Writing) -> Response:
    """The asset office takes the batch into the county's figures once all four have approved (C4.4-01)."""
    return await write.decide(_BATCHES, batch, body, lambda it, at: it.aggregate(body.person, at))
