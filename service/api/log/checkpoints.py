"""Signed statements of the log about itself; and proofs that events are in it and that it only grew."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, cast

from fastapi import Path, Query, Request, Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Text, Value
from service.api.http.reading import ACTION, Read, Reading, get, routes
from service.api.http.writing import IDEMPOTENCY_KEY, WRITE_PROBLEMS, Writing, answered
from service.ledgers.parameters import Place, Position
from service.log.checkpoints import Checkpoints, CheckpointWrong, NoCheckpoint
from service.log.signed_note import Checkpoint, Note, NoteInvalid, VerifierKey
from service.log.signing_keys import SigningKeyMissing
from service.log.tree import LogTreeWrong

router = routes("/v1", "checkpoints 检查点")

Size = Annotated[Position, Path(title="事件数")]
_Result = TypeVar("_Result")


class CheckpointBody(Value):
    """A checkpoint: so many events make this root. `note` is the whole text with its signatures (C2SP)."""

    origin: str = Field(title="日志名称")
    size: int = Field(title="事件数")
    root: str = Field(title="根", description="base64，RFC 6962")
    index_count: int = Field(title="索引项数")
    index_root: str = Field(title="索引根", description="base64")
    note: str = Field(title="签名文本")


class MakeCheckpoint(Value):
    """Which size to sign."""

    size: Place | None = Field(default=None, title="事件数", description="不填为日志末位置", strict=True)


class WitnessCheckpoint(Value):
    """A checkpoint with a witness's signature, and the witness's key as the witness told it."""

    note: str = Field(title="带见证签名的检查点", max_length=20_000)
    key: Text = Field(title="见证人公钥")


class LogKeyBody(Value):
    """A public key that signs checkpoints, or once did."""

    kind: Literal["LOG", "WITNESS"] = Field(title="种类", description="日志 / 见证人")
    key: str = Field(title="公钥", description="名称+编号+base64")
    fingerprint: str = Field(title="指纹", description="公钥的 SHA-256")
    made_at: datetime = Field(title="启用时间")
    retired_at: datetime | None = Field(default=None, title="停用时间")


class InclusionProof(Value):
    """Proof that an event stands at its position in the tree of this size."""

    position: int = Field(title="日志位置")
    size: int = Field(title="事件数")
    leaf: str = Field(title="叶", description="base64")
    root: str = Field(title="根", description="base64")
    proof: tuple[str, ...] = Field(title="证明", description="base64，RFC 6962 2.1.1")


class ConsistencyProof(Value):
    """Proof that the log of one size begins with the log of a smaller size."""

    old_size: int = Field(title="原事件数")
    size: int = Field(title="事件数")
    old_root: str = Field(title="原根", description="base64")
    root: str = Field(title="根", description="base64")
    proof: tuple[str, ...] = Field(title="证明", description="base64，RFC 6962 2.1.2")


def checkpoints_of(request: Request) -> Checkpoints:
    """The checkpoints of the running service; SIGNING_KEY_UNAVAILABLE where it has no folder for keys."""
    found = request.app.state.checkpoints
    if found is None:
        raise refuse("SIGNING_KEY_UNAVAILABLE")
    return cast("Checkpoints", found)


async def as_problem(work: Awaitable[_Result]) -> _Result:
    """What can be wrong about checkpoints, in the service's words."""
    try:
        return await work
    except NoCheckpoint as error:
        raise refuse("NOT_FOUND", what=str(error)) from error
    except SigningKeyMissing as error:
        raise refuse("SIGNING_KEY_UNAVAILABLE") from error
    except (CheckpointWrong, LogTreeWrong) as error:
        raise refuse("CHECKPOINT_CONFLICT", reason=f"树或签名不符 / {error}") from error
    except NoteInvalid as error:
        raise refuse(
            "FIELD_INVALID", field="note", reason=f"不是签名笔记的格式，或签名不符 / {error}"
        ) from error


def body_of(note: Note) -> dict[str, Any]:
    """A checkpoint as every answer shows it."""
    checkpoint = Checkpoint.parse(note.text)
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": _text(checkpoint.root),
        "indexCount": checkpoint.index_count,
        "indexRoot": _text(checkpoint.index_root),
        "note": str(note),
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@get(router, "/checkpoints/latest", "最新检查点", "checkpoint.read", response_model=CheckpointBody)
async def read_latest_checkpoint(read: Reading) -> Response:
    """The largest checkpoint that was signed; NOT_FOUND before the first one."""
    return read.answer(body_of(await as_problem(checkpoints_of(read.request).latest(read.county))))


@get(router, "/checkpoints/{size}", "查询检查点", "checkpoint.read", response_model=CheckpointBody)
async def read_checkpoint(size: Size, read: Reading) -> Response:
    """The checkpoint of a size as it was signed, with all signatures; NOT_FOUND if none was."""
    return read.answer(body_of(await as_problem(checkpoints_of(read.request).stored(read.county, size))))


@router.post(
    "/checkpoints",
    summary="签署检查点",
    status_code=201,
    response_model=CheckpointBody,
    response_class=Response,
    responses=answered(201, CheckpointBody) | WRITE_PROBLEMS,
    openapi_extra={ACTION: "checkpoint.make", "parameters": [IDEMPOTENCY_KEY]},
)
async def make_checkpoint(body: MakeCheckpoint, write: Writing) -> Response:
    """Sign what the log is now, or was at a size. The same size is the same checkpoint."""
    made = await as_problem(checkpoints_of(write.request).make(write.county, body.size))
    checkpoint = body_of(made.note)
    answer = write.answer(checkpoint)
    answer.status_code = 201
    answer.headers["Location"] = f"/v1/checkpoints/{checkpoint['size']}"
    return answer


@router.post(
    "/checkpoints/{size}/witnesses",
    summary="登记见证签名",
    status_code=201,
    response_model=CheckpointBody,
    response_class=Response,
    responses=answered(201, CheckpointBody) | WRITE_PROBLEMS,
    openapi_extra={ACTION: "checkpoint.witness", "parameters": [IDEMPOTENCY_KEY]},
)
async def witness_checkpoint(size: Size, body: WitnessCheckpoint, write: Writing) -> Response:
    """Keep another party's signature beside a checkpoint; packs carry it from then on."""

    async def keep() -> Note:
        note, key = Note.parse(body.note), VerifierKey.parse(body.key)
        if Checkpoint.parse(note.text).size != size:
            raise NoteInvalid(f"the note is not about {size} events")
        log = checkpoints_of(write.request)
        await log.witness(write.county, note, key)
        return await log.stored(write.county, size)

    answer = write.answer(body_of(await as_problem(keep())))
    answer.status_code = 201
    return answer


@get(
    router,
    "/log/keys",
    "检查点公钥",
    "checkpoint.read",
    response_model=tuple[LogKeyBody, ...],
)
async def read_log_keys(read: Reading) -> Response:
    """Public keys of the log and of its witnesses, retired ones too."""
    known = await checkpoints_of(read.request).known_keys(read.county)
    return read.answer(
        [
            LogKeyBody(
                kind=cast("Literal['LOG', 'WITNESS']", one.kind),
                key=str(one.verifier),
                fingerprint=one.verifier.fingerprint,
                made_at=one.made_at,
                retired_at=one.retired_at,
            ).model_dump(mode="json", by_alias=True, exclude_none=True)
            for one in known
        ]
    )


async def inclusion_proofs(read: Read, size: int, positions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Proofs that the events at these positions are in the log of a size; behind it there are none. POSITION_UNKNOWN."""
    size = await _size(read, size)
    within = tuple(one for one in positions if one <= size)
    tree = await as_problem(checkpoints_of(read.request).tree(read.county, size, positions=within))
    return {
        position: {
            "position": position,
            "size": size,
            "leaf": _text(tree.node(0, position - 1)),
            "root": _text(tree.root()),
            "proof": [_text(one) for one in tree.inclusion_proof(position - 1)],
        }
        for position in within
    }


@get(
    router,
    "/log/proofs/inclusion",
    "事件存在证明",
    "checkpoint.read",
    response_model=InclusionProof,
)
async def prove_inclusion(
    read: Reading,
    position: Annotated[Place, Query(title="日志位置")],
    size: Annotated[Place | None, Query(title="事件数", description="不填为日志末位置")] = None,
) -> Response:
    """Proof that the event at a position is in the log of a size. Compare the leaf with SHA-256(0x00 ‖ event bytes)."""
    size = await _size(read, size)
    if position > size:
        raise refuse("POSITION_UNKNOWN", asked=position, head=size)
    return read.answer((await inclusion_proofs(read, size, (position,)))[position])


@get(
    router,
    "/log/proofs/consistency",
    "日志一致性证明",
    "checkpoint.read",
    response_model=ConsistencyProof,
)
async def prove_consistency(
    read: Reading,
    old_size: Annotated[Position, Query(title="原事件数")],
    size: Annotated[Position | None, Query(title="事件数", description="不填为日志末位置")] = None,
) -> Response:
    """Proof that the log of a size begins with the log of a smaller one: nothing of it was changed since."""
    size = await _size(read, size)
    if old_size > size:
        raise refuse("POSITION_UNKNOWN", asked=old_size, head=size)
    tree = await as_problem(
        checkpoints_of(read.request).tree(read.county, size, sizes=(old_size,), recomputed=True)
    )
    body = {
        "oldSize": old_size,
        "size": size,
        "oldRoot": _text(tree.root(old_size)),
        "root": _text(tree.root()),
        "proof": [_text(one) for one in tree.consistency_proof(old_size)],
    }
    return read.answer(body)


async def _size(read: Read, size: int | None) -> int:
    head = (await read.context.store.head(read.county)).position
    if size is not None and size > head:
        raise refuse("POSITION_UNKNOWN", asked=size, head=head)
    return head if size is None else size
