"""Operations (任务): long work that a request began, watched, waited for and cancelled by its id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import Path, Query, Request, Response
from pydantic import Field

from domain.values import Code, Value
from service.api.http.answers import headers
from service.api.http.reading import BINARY, Read, Reading, get, routes
from service.api.http.results import OperationProblem, OperationResult
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.audit.work import KIND as AUDIT_PACK
from service.commands.authorization import Resource, authorize
from service.commands.operations import Operation, Operations
from service.ledgers.sheets import MEDIA_TYPE as SPREADSHEET

router = routes("/v1/operations", "operations 任务")

OperationCode = Annotated[Code, Path(title="任务编号")]
FileName = Annotated[str, Path(title="文件名", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
MOST_SECONDS = 30.0
"""Longest wait of one request."""


class OperationFile(Value):
    """A file that an operation made."""

    name: str = Field(title="文件名")
    url: str = Field(title="下载路径")


class OperationView(Value):
    """An operation as it stands."""

    operation: str = Field(title="任务编号")
    kind: str = Field(title="任务类型")
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] = Field(title="作业状态")
    done: int = Field(title="已完成数")
    total: int | None = Field(default=None, title="总数")
    attempts: int = Field(title="第几次执行", description="服务中断后会重新执行")
    cancel_requested: bool = Field(title="是否已要求取消")
    created_at: datetime = Field(title="提交时间")
    started_at: datetime | None = Field(default=None, title="开始时间")
    finished_at: datetime | None = Field(default=None, title="结束时间")
    result: OperationResult | None = Field(
        default=None, title="任务结果", description="按任务类型：导入、审计包、重新推送、闲置低效资产识别"
    )
    problem: OperationProblem | None = Field(default=None, title="失败原因")
    files: tuple[OperationFile, ...] = Field(default=(), title="文件")


def operations_of(request: Request) -> Operations:
    """The queue of the running service."""
    return cast("Operations", request.app.state.operations)


def shown(operation: Operation) -> dict[str, Any]:
    """An operation as every answer shows it."""
    view = OperationView(
        operation=operation.operation,
        kind=operation.kind,
        state=operation.state,
        done=operation.done,
        total=operation.total,
        attempts=operation.attempts,
        cancel_requested=operation.cancel_requested,
        created_at=operation.created_at,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
        problem=None if operation.problem is None else OperationProblem.model_validate(operation.problem),
        files=tuple(
            OperationFile(name=name, url=f"/v1/operations/{operation.operation}/files/{name}")
            for name in operation.files
        ),
    )
    told = view.model_dump(mode="json", by_alias=True, exclude_none=True)
    return told if operation.result is None else told | {"result": operation.result}


async def _own(read: Read, operation: str, *, action: str, wait: float = 0) -> Operation:
    """The operation, if it is the actor's unit's or the actor answers for the whole county."""
    found = await operations_of(read.request).wait(read.county, operation, wait)
    whose = Resource(divisions=(read.county, found.organization), organizations=(found.organization,))
    authorize(read.actor, action, whose)
    return found


@get(router, "/{operation}", "查询任务", "operation.read", response_model=OperationView)
async def read_operation(
    operation: OperationCode,
    read: Reading,
    wait: Annotated[
        float, Query(title="等待秒数", description="任务结束或到时即答", ge=0, le=MOST_SECONDS)
    ] = 0.0,
) -> Response:
    """An operation as it stands, or as soon as it has ended."""
    return read.answer(shown(await _own(read, operation, action="operation.read", wait=wait)))


@get(
    router,
    "/{operation}/files/{name}",
    "下载任务文件",
    "operation.read",
    response_class=Response,
    responses={
        200: {
            "description": "文件 / the file",
            "content": dict.fromkeys(("application/x-ndjson", "application/zip", SPREADSHEET), BINARY),
            **headers("Content-Disposition"),
        }
    },
)
async def read_operation_file(operation: OperationCode, name: FileName, read: Reading) -> Response:
    """A file that the operation made."""
    found = await _own(read, operation, action="operation.read")
    if found.kind == AUDIT_PACK:
        read.must_be_made_for(found.ordered_by)
    stored = await operations_of(read.request).file(read.county, operation, name)
    return Response(
        stored.content,
        media_type=stored.media_type,
        headers={"Content-Disposition": f'attachment; filename="{operation}-{name}"'},
    )


@router.post(
    "/{operation}/cancellation",
    summary="取消任务",
    status_code=202,
    response_model=OperationView,
    response_class=Response,
    responses=answered(202, OperationView) | WRITE_PROBLEMS,
    openapi_extra={"x-action": "operation.cancel", "parameters": [IDEMPOTENCY_KEY]},
)
async def cancel_operation(operation: OperationCode, write: Writing) -> Response:
    """Ask an operation to stop. What it has stored by then stays stored; an import stores only at its very end."""
    await _own(write, operation, action="operation.cancel")
    found = await operations_of(write.request).cancel(write.county, operation)
    answer = write.answer(shown(found))
    answer.status_code = 202
    return answer
