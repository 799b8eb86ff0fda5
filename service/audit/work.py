"""Making an audit pack as long work: queued, watched, cancelled, its file kept with the operation."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from domain.refusals import refuse
from service.audit.pack import Packed, PackRequest, build
from service.commands.commands import CommandContext
from service.commands.operations import Job, Work
from service.commands.visibility import sees
from service.log.checkpoints import Checkpoints, CheckpointWrong
from service.log.signing_keys import SigningKeyMissing
from service.log.tree import LogTreeWrong

KIND: Final = "AUDIT_PACK"
FILE: Final = "pack.zip"
PAPERS: Final = "papers.zip"
_TELL_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class PapersBeside:
    """Number of papers that a pack's events name, and of those that lie beside it."""

    named: int
    there: int


PutBeside = Callable[[Job, CommandContext, Path, Path], Awaitable[PapersBeside]]
"""(order, service, pack, archive to write) → the papers that the pack's events name are in the archive."""


def pack_work(
    context: CommandContext, checkpoints: Checkpoints | None, put_beside: PutBeside | None = None
) -> Work:
    """The work of this service; SIGNING_KEY_UNAVAILABLE ends it where nothing can be signed, PAPERS_NOT_OFFERED where
    papers were asked for and none are kept.
    """

    async def work(job: Job) -> dict[str, Any]:
        if checkpoints is None:
            raise refuse("SIGNING_KEY_UNAVAILABLE")
        with tempfile.TemporaryDirectory(prefix="taizhang-pack-") as folder:
            packed = await _watched(job, context, checkpoints, Path(folder) / FILE)
            content = await asyncio.to_thread(packed.path.read_bytes)
            beside = await _papers(job, context, put_beside, packed.path) if job.request.get("papers") else {}
        await job.keep(FILE, "application/zip", content)
        return beside | {
            "sha256": packed.sha256,
            "bytes": len(content),
            "size": packed.size,
            "events": packed.events,
            "assets": packed.assets,
            "from": packed.first.isoformat(),
            "to": packed.last.isoformat(),
        }

    return work


async def _papers(
    job: Job, context: CommandContext, put_beside: PutBeside | None, pack: Path
) -> dict[str, Any]:
    """Keep the papers that the pack's events name beside it."""
    if put_beside is None:
        raise refuse("PAPERS_NOT_OFFERED")
    out = pack.with_name(PAPERS)
    found = await put_beside(job, context, pack, out)
    content = await asyncio.to_thread(out.read_bytes)
    await job.keep(PAPERS, "application/zip", content)
    digest = hashlib.sha256(content).hexdigest()
    return {"papers": {"sha256": digest, "bytes": len(content), "named": found.named, "there": found.there}}


async def _watched(job: Job, context: CommandContext, checkpoints: Checkpoints, out: Path) -> Packed:
    """Build the pack, telling how far it is; stops when it was cancelled."""
    at: list[int] = [0, 0]

    def progress(_phase: str, done: int, total: int) -> None:
        at[:] = [done, total]

    regulation = context.regulations[job.county]
    building = asyncio.create_task(
        build(
            context.store,
            job.pool,
            checkpoints,
            regulation,
            job.county,
            request_of(job),
            out,
            progress,
        )
    )
    try:
        while not building.done():
            await job.progress(at[0], at[1] or None)
            await asyncio.wait({building}, timeout=_TELL_SECONDS)
        return building.result()
    except SigningKeyMissing as error:
        raise refuse("SIGNING_KEY_UNAVAILABLE") from error
    except (CheckpointWrong, LogTreeWrong) as error:
        raise refuse("CHECKPOINT_CONFLICT", reason=f"树或签名不符 / {error}") from error
    finally:
        building.cancel()
        await asyncio.gather(building, return_exceptions=True)


def request_of(job: Job) -> PackRequest:
    """What the job was ordered of, and what whoever ordered it may see."""
    stored = job.request

    def day(name: str) -> date | None:
        return date.fromisoformat(stored[name]) if stored.get(name) else None

    known_at = stored.get("knownAt")
    return PackRequest(
        stored["person"],
        stored.get("unit"),
        day("from"),
        day("to"),
        datetime.fromisoformat(known_at) if known_at else None,
        f"{job.actor.organization} {job.actor.id}",
        partial(sees, job.actor),
    )
