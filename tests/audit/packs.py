"""A log with a random history, packs made from it, and ways to change a pack as an outsider or as the log's owner."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from domain.recorded import RecordedEvent
from domain.regulation import Regulation
from service.algorithms.digests import SHA256
from service.audit import verify
from service.audit.pack import Packed, PackRequest, build
from service.audit.zipped import entry
from service.clock import utc_now
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from service.log.index import LogIndex, load_index
from service.log.merkle import Tree
from service.log.signed_note import Note, SignerKey
from tests.projections.history import COUNTY, Log as History, RandomHistory, append_all

LATE_EVENTS = importlib.import_module("migrations.versions.0022_late_events")
REGULATION = Regulation.load(county=COUNTY)
EVENTS = 2_400
PERSON = "P-0003"
PROCEDURES = 30
"""Assets a procedure is about: the first ones."""
Files = dict[str, bytes]
_OPENED = Path(__file__).parents[1] / "domain" / "history" / "procedure.opened.1.json"


def procedures(assets: list[str]) -> list[RecordedEvent]:
    """A procedure opened about each of these assets."""
    stored = json.loads(_OPENED.read_bytes())
    log = History()
    for asset in assets:
        data = stored["data"] | {"subject": stored["data"]["subject"] | {"id": asset}}
        log.add(f"procedure-about-{asset}", "procedure.opened", data, date(2021, 7, 5))
    return log.events


def post_in_a_merged_unit(random: RandomHistory, history: list[RecordedEvent]) -> RecordedEvent:
    """The person holds a post in a unit that another one was merged into."""
    merged = next(one for one in history if one.type == "organization.succeeded")
    taken = next(one for one in history if one.type == "organization.position_appointed")
    return random.add(f"organization-{merged.data['successor']}", taken.type, taken.data | {"person": PERSON})


@dataclass
class Log:
    """A log, its checkpoints, and where packs go."""

    pool: asyncpg.Pool
    store: EventStore
    checkpoints: Checkpoints
    folder: Path

    async def pack(self, name: str = "pack.zip", person: str = PERSON, **request: Any) -> Packed:
        """Make a pack."""
        asked = PackRequest(person, **request)
        out = self.folder / name
        return await build(self.store, self.pool, self.checkpoints, REGULATION, COUNTY, asked, out)

    async def insider(self) -> Insider:
        """Everything the log's owner has: bytes of all events, the index, the key."""
        made = await self.checkpoints.make(COUNTY)
        rows = await self.pool.fetch("SELECT position, stream, body FROM event ORDER BY position")
        async with self.pool.acquire() as connection, connection.transaction():
            index = await load_index(connection, COUNTY, len(rows))
        return Insider([row["body"] for row in rows], [row["stream"] for row in rows], index, made.signer)


@asynccontextmanager
async def log_with(
    url: str, folder: Path, events: int = EVENTS, random: RandomHistory | None = None
) -> AsyncIterator[Log]:
    """A log of a random history."""
    async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
        random = random or RandomHistory(5, alive=60, departures=0.01)
        history = random.take(events - PROCEDURES - 1)
        history.append(post_in_a_merged_unit(random, history))
        await append_all(store, history)
        assets = [one.aggregate_id for one in history if one.type == "asset.registered"]
        await append_all(store, procedures(assets[:PROCEDURES]))
        await pool.execute(
            LATE_EVENTS.FOUND
        )  # a third of the history is entered late; its maker does not say so
        keys = Checkpoints(pool, folder / "keys", utc_now)
        yield Log(pool, store, keys, folder)


def files_of(path: Path) -> Files:
    """A pack's files."""
    with zipfile.ZipFile(path) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def zipped(files: Files) -> io.BytesIO:
    """Files as a pack."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as pack:
        for name, content in files.items():
            pack.writestr(entry(name), content)
    out.seek(0)
    return out


def found(files: Files, pinned: str | None = None) -> verify.Bad | None:
    """What the verifier finds first; None if it finds nothing."""
    try:
        verify.verify(zipped(files), pinned)
    except verify.Bad as bad:
        return bad
    return None


@dataclass
class Insider:
    """The log's owner, who can sign whatever he likes."""

    bodies: list[bytes]
    streams: list[str]
    index: LogIndex
    key: SignerKey

    def resigned(self, files: Files) -> Files:
        """Digests put right and signed anew."""
        manifest = json.loads(files[verify.MANIFEST])
        manifest["files"] = {name: hashlib.sha256(files[name]).hexdigest() for name in verify.FILES}
        manifest["events"] = files[verify.EVENTS].count(b"\n")
        return self.with_manifest(files, manifest)

    def with_manifest(self, files: Files, manifest: dict[str, Any]) -> Files:
        """This manifest, signed."""
        raw = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        text = f"{self.key.name} audit pack\n{hashlib.sha256(raw).hexdigest()}\n"
        signature = str(Note(text, (self.key.sign(text),))).encode()
        return files | {verify.MANIFEST: raw, verify.SIGNATURE: signature}

    def with_events(self, files: Files, keep: Callable[[int, str], bool]) -> Files:
        """Only some of the events, with a good proof for those."""
        lines = [line for line in files[verify.EVENTS].split(b"\n") if line]
        kept = []
        for line in lines:
            position = int(line.partition(b" ")[0])
            if keep(position, self.streams[position - 1]):
                kept.append(line)
        places = [int(line.partition(b" ")[0]) - 1 for line in kept]
        proof = Tree(map(SHA256.leaf, self.bodies)).multi_proof(places)
        return files | {
            verify.EVENTS: b"".join(line + b"\n" for line in kept),
            verify.PROOF: b"".join(proof),
        }

    def with_index(self, files: Files, keep: Callable[[str], bool]) -> Files:
        """Only some entries of the index, with a good proof for those."""
        lines = [line for line in files[verify.INDEX].split(b"\n") if line]
        kept = [line for line in lines if keep(json.loads(line.partition(b" ")[2])[0])]
        places = [int(line.partition(b" ")[0]) for line in kept]
        return files | {
            verify.INDEX: b"".join(line + b"\n" for line in kept),
            verify.INDEX_PROOF: b"".join(self.index.tree().multi_proof(places)),
        }
