"""Bulk registration: many assets in one request, each on its own or all together.

`atomicity=item`: every line is a command of its own, so one bad line harms no other; lines run side by side and share
commits. `atomicity=all`: one command, one append: all lines are stored or none. Lines are numbered from 1 and are
idempotent by the request's key and their number.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Query, Response
from pydantic import Field, ValidationError

from domain.asset.asset import Asset
from domain.occasion import Occasion
from domain.refusals import Refusal, refuse
from domain.values import Value
from service.api.asset.assets import RegisterAsset, code_for, place_of, stand_guiding
from service.api.http.lines import BulkLine, lines_body, lines_of
from service.api.http.reading import ACTION, ProblemBody, refused_as, routes
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Write, Writing, answered
from service.commands.authorization import authorize
from service.commands.commands import Result, Work, transact
from service.commands.joint_reviews import require_approved
from service.commands.problems import from_log_error, from_pydantic, problem, problem_response
from service.commands.proceeds import rest_on_allocations
from service.ledgers.warnings import WarningBody
from service.log.appending import Idempotency, LogError

router = routes("/v1/assets", "assets 资产")

SIDE_BY_SIDE: Final = 64
"""Lines under way at once: enough to fill commits, few enough to leave room for other requests."""
YIELD_EVERY: Final = 50
"""After so many decisions of an all-or-nothing request other requests get their turn."""


class BulkItem(Value):
    """Outcome of one line."""

    line: int = Field(title="行号")
    status: int = Field(title="HTTP 状态", description="与单条请求的 HTTP 状态相同")
    id: str | None = Field(default=None, title="资产编号")
    version: int | None = Field(default=None, title="版本")
    position: int | None = Field(default=None, title="日志位置")
    warnings: tuple[WarningBody, ...] = Field(default=(), title="提示")
    problem: ProblemBody | None = Field(default=None, title="拒绝原因")


class BulkAnswer(Value):
    """Outcome of all lines."""

    items: tuple[BulkItem, ...] = Field(title="逐行结果")
    created: int = Field(title="登记项数")
    refused: int = Field(title="拒绝项数")
    position: int | None = Field(default=None, title="日志位置", description="全部登记完成时的日志位置")


class BulkRefusal(ProblemBody):
    """Refusal of a whole bulk: nothing was registered; BATCH_ROLLED_BACK names what is wrong with each line."""

    items: tuple[BulkItem, ...] = Field(default=(), title="逐行结果", description="有错误的行，最多 1000 行")


@router.post(
    "/bulk",
    summary="批量登记资产",
    response_model=BulkAnswer,
    response_class=Response,
    responses=answered(200, BulkAnswer)
    | WRITE_PROBLEMS
    | refused_as(409, "未登记任何资产 / nothing was registered", BulkRefusal),
    openapi_extra={
        ACTION: "asset.register",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": lines_body(RegisterAsset, "每行一条登记"),
    },
)
async def register_assets(
    write: Writing,
    atomicity: Annotated[
        Literal["item", "all"], Query(title="原子性", description="item 逐条登记；all 全部成功才登记")
    ] = "item",
) -> Response:
    """Register many assets, one per line (NDJSON) or array item, each as `POST /v1/assets` takes it."""
    lines = await lines_of(write.request)
    return await (_all_or_nothing if atomicity == "all" else _one_by_one)(write, lines)


async def registration(write: Write, work: Work, body: RegisterAsset, code: str) -> tuple[Asset, Occasion]:
    """One line decided as a registration of its own, put into `work`, with the occasion it was decided on."""
    await work.require_named(body)
    authorize(write.actor, write.action, place_of(body.card))
    at = write.occasion(body)
    await work.require_existing(body, at)
    await stand_guiding(body.card, at, work)
    await require_approved(work, body.card, at)
    asset = Asset.register(code, body.card, at)
    await rest_on_allocations(work, asset.id, body.card, at)
    work.add(asset)
    return asset, at


async def _one_by_one(write: Write, lines: list[BulkLine]) -> Response:
    items: dict[int, dict[str, Any]] = {}
    waiting = iter(lines)

    async def work_off() -> None:
        for line in waiting:
            items[line.number] = await _register(write, line)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(SIDE_BY_SIDE, len(lines))):
            group.create_task(work_off())
    return _answer([items[line.number] for line in lines])


def _key_of(write: Write, line: BulkLine) -> Idempotency:
    return Idempotency(write.actor.id, f"{write.idempotency.key}:{line.number}", line.digest())


async def _register(write: Write, line: BulkLine) -> dict[str, Any]:
    """One line as a command of its own; whatever is wrong with it becomes its result."""
    idempotency = _key_of(write, line)

    async def register(work: Work) -> Result:
        body = line.body(RegisterAsset)
        asset, at = await registration(write, work, body, body.asset or code_for(body.card, idempotency))
        work.note(at)
        return Result(asset.id, asset.version, {})

    try:
        outcome = await transact(write.context, write.actor, register, idempotency=idempotency)
    except (Refusal, LogError, ValidationError) as error:
        return refused_item(write, line, error)
    answer = orjson.loads(outcome.body)
    return {"line": line.number, "status": 201} | {
        name: answer[name] for name in ("id", "version", "position", "warnings")
    }


async def _all_or_nothing(write: Write, lines: list[BulkLine]) -> Response:
    refused: list[dict[str, Any]] = []

    async def register_all(work: Work) -> Result:
        refused.clear()
        items: list[dict[str, Any]] = []
        codes: set[str] = set()
        for done, line in enumerate(lines, start=1):
            try:
                body = line.body(RegisterAsset)
                code = body.asset or code_for(body.card, _key_of(write, line))
                if code in codes:
                    raise refuse("BATCH_ITEM_DUPLICATE", what=code)
                codes.add(code)
                asset, at = await registration(write, work, body, code)
                warnings = [one.model_dump(mode="json", by_alias=True) for one in at.warnings]
                items.append({"id": asset.id, "version": asset.version, "warnings": warnings})
            except (Refusal, ValidationError) as error:
                refused.append(refused_item(write, line, error))
            if done % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        if refused:
            raise refuse("BATCH_ROLLED_BACK", items=[one["line"] for one in refused[:50]])
        return Result(write.idempotency.key, 0, {"items": items})

    try:
        outcome = await transact(write.context, write.actor, register_all, idempotency=write.idempotency)
    except Refusal as refusal:
        if refusal.code != "BATCH_ROLLED_BACK":
            raise
        return problem_response(write.request, refusal, items=refused[:1000])
    answer = orjson.loads(outcome.body)
    first = answer["position"] - answer["eventCount"] + 1
    return _answer(
        [
            {"line": line.number, "status": 201, **item, "position": first + place}
            for place, (line, item) in enumerate(zip(lines, answer["resource"]["items"], strict=True))
        ]
    )


def refused_item(write: Write, line: BulkLine, error: Refusal | LogError | ValidationError) -> dict[str, Any]:
    """What a refused line is told: the problem a single request would get, with the line's number."""
    errors: list[dict[str, str]] = []
    if isinstance(error, ValidationError):
        refusal, errors = from_pydantic(error)
    elif isinstance(error, LogError):
        refusal = from_log_error(error)
    else:
        refusal = error
    body = problem(write.request, refusal, instance=f"{write.request.url.path}#{line.number}", errors=errors)
    return {"line": line.number, "status": body["status"], "problem": body}


def _answer(items: list[dict[str, Any]]) -> Response:
    positions = [item["position"] for item in items if "position" in item]
    body = {
        "items": items,
        "created": len(positions),
        "refused": len(items) - len(positions),
        "position": max(positions, default=None),
    }
    headers = {"Taizhang-Position": str(max(positions))} if positions else {}
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)
