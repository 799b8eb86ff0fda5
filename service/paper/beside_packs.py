"""The papers of an audit pack, in an archive beside it: what the pack's events name and the document store keeps.

The digests stand in the pack's signed events, so the archive needs no signature of its own: the verifier takes each file by its
digest. Whoever may not see one of the papers gets none of them.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from domain.catalogue import EVENT_TYPES
from domain.classification import Classified
from domain.papers import papers_named
from domain.refusals import Refusal, refuse
from service.audit import verify
from service.audit.work import PapersBeside
from service.audit.zipped import entry
from service.commands.actor import Actor
from service.commands.commands import CommandContext
from service.commands.county_source import CountySource
from service.commands.operations import Job
from service.commands.visibility import sees
from service.ledgers.masking import Codes
from service.ledgers.moments import Moments
from service.ledgers.projector import Projector
from service.ledgers.source import LedgerSource
from service.paper.archive import Paper, PaperArchive
from service.paper.contents import ENDINGS
from service.paper.sealed import NotIntact
from service.paper.sight import AskingForPaper, seen

MOST_BYTES: Final = 256 << 20
"""Largest sum of the papers beside a pack: it is kept with the order until it is fetched."""
NOT_SEEN: Final = frozenset({"FORBIDDEN", "FORBIDDEN_PERSONAL_DATA", "ROLE_NOT_ALLOWED"})


@dataclass(frozen=True, slots=True)
class PacksPapers:
    """Papers of packs: from the store, for whom the ledgers say that they may see them."""

    archive: PaperArchive
    projector: Projector
    moments: Moments

    async def put_beside(self, job: Job, context: CommandContext, pack: Path, out: Path) -> PapersBeside:
        """Write the papers of an order's pack; the codes of `put_beside`."""
        asking = _Ordered(job.county, job.pool, self.moments, context, job.actor, self.projector)
        return await put_beside(asking, self.archive, pack, out)


@dataclass(frozen=True, slots=True)
class _Ordered(CountySource):
    """The county's ledgers as whoever ordered a pack sees them."""

    actor: Actor
    projector: Projector

    def sees(self, mark: Classified, codes: Codes) -> bool:
        """Whether whoever ordered it sees a value of a classification around which these codes stand."""
        return sees(self.actor, mark, codes)

    async def reach_head(self, *ledgers: str) -> int:
        """Wait until the ledgers have taken in everything that is in the log now."""
        source = LedgerSource(self.county, self.context.store, self.pool, self.projector)
        return await source.reach_head(*ledgers)


async def put_beside(asking: AskingForPaper, archive: PaperArchive, pack: Path, out: Path) -> PapersBeside:
    """Write the archive. FORBIDDEN_PERSONAL_DATA, with the digests; PACK_PAPERS_TOO_LARGE; PAPERS_UNAVAILABLE.

    What was never uploaded, is lost or was forgotten is left out: the verifier says of how many of them it has the content.
    """
    named = await asyncio.to_thread(lambda: sorted(set(_named_in(pack))))
    papers = [one for digest in named if (one := await _seen(asking, archive, digest)) is not None]
    total = sum(one.size for one in papers)
    if total > MOST_BYTES:
        raise refuse("PACK_PAPERS_TOO_LARGE", limit=MOST_BYTES >> 20, actual=(total >> 20) + 1)
    there = 0
    with zipfile.ZipFile(out, "w") as zipped:
        for paper in papers:
            content = await _content(archive, paper)
            if content is not None:
                there += 1
                name = f"{paper.sha256}.{ENDINGS[paper.media_type]}"
                await asyncio.to_thread(zipped.writestr, entry(name, zipfile.ZIP_STORED), content)
    return PapersBeside(len(named), there)


def _named_in(pack: Path) -> Iterator[str]:
    with zipfile.ZipFile(pack) as zipped:
        for line in zipped.read(verify.EVENTS).splitlines():
            event: dict[str, Any] = json.loads(line.partition(b" ")[2])
            for one in papers_named(EVENT_TYPES[event["type"]], event["data"]):
                yield one.sha256


async def _seen(asking: AskingForPaper, archive: PaperArchive, digest: str) -> Paper | None:
    try:
        paper = await seen(asking, archive, digest)
    except Refusal as refusal:
        if refusal.code in NOT_SEEN:
            raise refuse("FORBIDDEN_PERSONAL_DATA", missing=[digest]) from refusal
        if refusal.code == "PAPER_NOT_KEPT":
            return None
        raise
    return None if paper.state == "FORGOTTEN" else paper


async def _content(archive: PaperArchive, paper: Paper) -> bytes | None:
    """All of it, proved; None where it is not what was kept, which is noted."""
    try:
        return b"".join([piece async for piece in await archive.content(paper, 0, paper.size - 1)])
    except NotIntact as lost:
        if lost.state is not None:
            await archive.note(paper, lost.state)
        return None
