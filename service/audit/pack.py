"""The audit pack: everything about one person's tenure in one file that anyone can verify offline (C4.10-09).

The same log, person, period and keys give the same bytes, wherever and however often it is made: files in fixed order
with a fixed date, canonical JSON, no clock. `verify.py` says what each file is.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import tempfile
import zipfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

import asyncpg

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.classification import GUARDED
from domain.policy import Policy
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import refuse
from domain.regulation import Regulation
from projections.departure.custody import CUSTODY_LEDGER, PROJECTION as CUSTODY
from projections.engine.events import EventReader
from projections.engine.rows import Rows
from service.algorithms.digests import Digest
from service.audit import care, verify
from service.audit.care import Stretch, Units
from service.audit.closure import Closure, merged_units
from service.audit.examiners import Chunk, Judge, Stored, examiners
from service.audit.tables import Tables
from service.audit.trail import AssetTrail, TrailEvent, income_of, place
from service.audit.workbook import workbook_of
from service.audit.zipped import entry
from service.clock import county_day
from service.commands.commands import state_code
from service.ledgers.masking import NOWHERE, Sees, hidden_in, named_in
from service.log.checkpoints import Checkpoints, Made
from service.log.codec import stamp
from service.log.event_store import EventStore
from service.log.signed_note import Note
from service.log.tree import LogTree, load_tree
from service.memory import collecting_paused

_BATCH: Final = 500
"""Events between two looks at the network: a pack is made beside other requests."""
_STREAMS_AT_ONCE: Final = 100
"""Streams that are examined together."""
_PROCEDURE: Final = re.compile(rb'"procedure":"([A-Za-z0-9_.:-]+)"')
"""A procedure that an event names, in its canonical bytes; elsewhere in them the same words do no harm."""
_OF_STREAMS: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream = ANY($2::text[]) AND position <= $3 {} ORDER BY position"""
_LAST: Final = "SELECT recorded_at FROM event WHERE county = $1 AND position = $2"

_LISTS: Final = {"INCOME_USE": "use", "ARCHIVE_KIND": "paper", "DISPOSAL_KIND": "disposal"}
"""Vocabularies whose words the tables show, and what the verifier calls their kind."""

Progress = Callable[[str, int, int], None]
"""Called with (phase, done, total)."""


@dataclass(frozen=True, slots=True)
class PackRequest:
    """Order of a pack: a person's care, of one unit or all (None), between two days or the whole of it, as known
    when.
    """

    person: str
    unit: str | None = None
    first: date | None = None
    last: date | None = None
    known_at: datetime | None = None
    by: str | None = None
    """Who asked, in the words of whoever asked; nobody can verify it."""
    sees: Sees = field(default=lambda _mark, _codes: True, compare=False)
    """What of the personal data whoever asked may see; everything, for whoever has the log's own key at hand."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that was made."""

    path: Path
    sha256: str
    size: int
    """Events of the log it speaks of."""
    events: int
    assets: int
    first: date
    last: date


@dataclass(slots=True, kw_only=True)
class CareReading:
    """Reading of what was in a person's care, from the first `size` events of the log."""

    connection: Any
    county: str
    size: int
    reader: EventReader
    closure: Closure
    units: Units
    request: PackRequest
    custody: dict[str, Rows] = field(default_factory=dict)
    care: dict[str, list[Stretch]] = field(default_factory=dict)
    outside: tuple[int, int] = (0, 0)
    """Assets in the person's care that are not shown, and those that are shown for a part of it only."""
    first: date = date.min
    last: date = date.min
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who reads on the connection: ledgers are folded while events are examined."""

    async def events(
        self, streams: Sequence[str], types: Sequence[str] | None = None
    ) -> AsyncIterator[list[TrailEvent]]:
        """Events of streams in order of position, in batches."""
        async for rows in self.stored(streams, types):
            yield self.reader.read_all(rows)  # type: ignore[misc]  # of the shape the reader was made with

    async def stored(
        self, streams: Sequence[str], types: Sequence[str] | None = None
    ) -> AsyncIterator[list[tuple[int, bytes]]]:
        """(position, bytes) of streams in order of position, in batches."""
        condition = "" if types is None else "AND type = ANY($4::text[])"
        arguments = [] if types is None else [list(types)]
        async with self.one_at_a_time:
            cursor = await self.connection.cursor(
                _OF_STREAMS.format(condition), self.county, list(streams), self.size, *arguments
            )
            rows = await cursor.fetch(_BATCH)
        while rows:
            yield [tuple(row) for row in rows]
            async with self.one_at_a_time:
                rows = await cursor.fetch(_BATCH)


@dataclass(slots=True, kw_only=True)
class _Work(CareReading):
    """Work under way that the steps hand on to each other."""

    made: Made
    trails: dict[str, AssetTrail] = field(default_factory=dict)
    cases: dict[str, list[TrailEvent]] = field(default_factory=dict)
    """The person's own departure cases."""
    others_cases: dict[str, list[TrailEvent]] = field(default_factory=dict)
    """Cases of others that name the person."""
    procedures: dict[str, list[TrailEvent]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    recorded_at: str = ""
    """Of the last event that is shown."""


async def build(
    store: EventStore,
    pool: asyncpg.Pool,
    checkpoints: Checkpoints,
    regulation: Regulation,
    county: str,
    request: PackRequest,
    out: Path,
    progress: Progress = lambda _phase, _done, _total: None,
) -> Packed:
    """Make the pack and put it at `out`, whole or not at all. NOT_FOUND for a person the log does not know."""
    with collecting_paused():
        return await _built(store, pool, checkpoints, regulation, county, request, out, progress)


async def _built(
    store: EventStore,
    pool: asyncpg.Pool,
    checkpoints: Checkpoints,
    regulation: Regulation,
    county: str,
    request: PackRequest,
    out: Path,
    progress: Progress,
) -> Packed:
    progress("checkpoint", 0, 1)
    size = None if request.known_at is None else await _size_at(pool, county, request.known_at)
    made = await checkpoints.make(county, size)
    closure = Closure(made.index, request.person)
    known = [str(one.verifier) for one in await checkpoints.known_keys(county)]
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        reader = EventReader(store.codec.upcast, TrailEvent)
        work = _Work(
            connection=connection,
            county=county,
            size=made.checkpoint.size,
            reader=reader,
            closure=closure,
            units=Units(request.person),
            request=request,
            made=made,
        )
        await find_care(work)
        async with _examination(work, regulation, progress) as examined:
            await _fold(work, progress)
            await _name(work)
            tables = await asyncio.to_thread(_tables, work, regulation)
            with tempfile.TemporaryDirectory(prefix="taizhang-pack-", dir=out.parent) as folder:
                made_file = Path(folder) / "pack.zip"
                digest = made.checkpoint.digest
                zipped = _Zip(made_file, digest)
                with zipped.file:
                    await _write_log(work, zipped, known, progress)
                    tables["examination"] = await examined()
                    progress("tables", 0, 1)
                    words = own_words(regulation)
                    await asyncio.to_thread(_write_tables, work, zipped, tables, words)
                    manifest = _manifest(work, zipped, tables, regulation, words)
                    zipped.add(verify.MANIFEST, manifest)
                    signed = digest.marked(digest.of(manifest).hex())
                    text = f"{made.checkpoint.origin} audit pack\n{signed}\n"
                    zipped.add(verify.SIGNATURE, str(Note(text, (made.signer.sign(text),))).encode())
                sha256 = _digest(made_file)
                made_file.replace(out)
    progress("done", 1, 1)
    return Packed(out, sha256, work.size, zipped.events, len(tables["inventory"]), work.first, work.last)


async def _size_at(pool: asyncpg.Pool, county: str, moment: datetime) -> int:
    """How many events were recorded by a moment: recording times never decrease along the log."""
    async with pool.acquire() as connection:
        low, high = (
            0,
            await connection.fetchval("SELECT position FROM log_head WHERE county = $1", county) or 0,
        )
        while low < high:
            middle = (low + high + 1) // 2
            if await connection.fetchval(_LAST, county, middle) <= moment:
                low = middle
            else:
                high = middle - 1
    return low


# ---- what was in care ----------------------------------------------------------------------------------------------


async def find_care(work: CareReading) -> None:
    """Streams to be read, the person's care of every asset, and the period."""
    seen: list[TrailEvent] = []
    more = True
    read: set[str] = set()
    while more:
        fresh = [stream for stream in work.closure.of_kind("organization") if stream not in read]
        read.update(fresh)
        of_units = [event async for events in work.events(fresh) for event in events]
        seen += of_units
        for event in sorted(of_units, key=lambda one: (one.id, place(one))):  # of each unit as it happened
            work.units.take(event)
        more = work.closure.follow(work.units, merged_units(seen))
    ended: dict[int, date] = {}
    told: dict[str, list[TrailEvent]] = {}
    async for events in work.events(work.closure.of_kind("asset"), care.TYPES):
        for event in events:
            told.setdefault(event.id, []).append(event)
            ended[event.position] = care.closing_day(event)
    for asset, of_care in told.items():
        rows = work.custody[asset] = CUSTODY.rows(work.county)
        for event in sorted(of_care, key=place):
            CUSTODY.handlers[event.type](event, rows)
    whole_care: dict[str, list[Stretch]] = {}
    for asset in sorted(work.custody):
        lines = work.custody[asset].group(CUSTODY_LEDGER, asset)
        found = care.stretches(lines, work.request.person, work.units, work.request.unit, ended)
        if found:
            work.care[asset] = found
        whole = care.stretches(lines, work.request.person, work.units, None, ended)
        if whole:
            whole_care[asset] = whole
    work.custody = {}
    moment = await work.connection.fetchval(_LAST, work.county, work.size)
    _set_period(work, county_day(moment))
    asked = work.care
    work.care = {
        asset: parts
        for asset, found in asked.items()
        if (parts := [one for part in found if (one := part.within(work.first, work.last))])
    }
    end = care.END_OF_TIME if work.request.last is None else work.last
    work.outside = (
        len(whole_care.keys() - work.care.keys()),
        sum(
            _days(asked[asset]) != _days(whole_care[asset])
            or any(one.since < work.first or one.until > end for one in asked[asset])
            for asset in work.care
        ),
    )


def _days(stretches: list[Stretch]) -> list[tuple[date, date, str]]:
    return sorted((one.since, one.until, one.duty) for one in stretches)


def _set_period(work: CareReading, today: date) -> None:
    """The whole of the care, unless days were named; care that lasts counts up to the log's last day."""
    stretches = [one for found in work.care.values() for one in found]
    since = min((one.since for one in stretches), default=today)
    until = max((one.until for one in stretches), default=today)
    work.last = work.request.last or min(until, max(today, since))
    work.first = work.request.first or min(since, work.last)


async def _fold(work: _Work, progress: Progress) -> None:
    """Every event of every asset in care, through the tenure; and the person's departure cases."""
    streams = [Asset.stream_of(asset) for asset in work.care]
    total = sum(work.closure.index.values[f"stream/{stream}"]["version"] for stream in streams)
    done = 0
    work.trails = {asset: AssetTrail(work.county, asset, work.first, work.last) for asset in work.care}
    trails = work.trails
    async for events in work.events(streams):
        for event in events:
            trails[event.id].feed(event)
        done += len(events)
        progress("events", done, total)
    for trail in trails.values():
        trail.finish()
    late: dict[str, list[TrailEvent]] = {asset: [] for asset, trail in trails.items() if trail.late}
    async for events in work.events([Asset.stream_of(asset) for asset in late]):
        for event in events:
            late[event.id].append(event)
    for asset, again in late.items():
        trails[asset].fold_again(again)
    async for events in work.events(work.closure.of_kind("departure_case")):
        for event in events:
            work.cases.setdefault(event.id, []).append(event)
    async for events in work.events(work.closure.add_procedures(work.care)):
        for event in events:
            work.procedures.setdefault(event.id, []).append(event)
    person = work.request.person
    told = dict(sorted(work.cases.items()))
    work.cases = {case: one for case, one in told.items() if one[0].data["notice"]["person"] == person}
    work.others_cases = {case: one for case, one in told.items() if case not in work.cases}


# ---- names ---------------------------------------------------------------------------------------------------------


async def _name(work: _Work) -> None:
    """What the units, persons and places on the tables are called."""
    codes: set[str] = {work.request.person, *filter(None, [work.request.unit])}
    for trail in work.trails.values():
        row = trail.closing
        if row is not None:
            codes.update([row["location"], row["custodian"] or "", row["responsible_unit"] or ""])
            codes.update(one["party"] for one in (*row["owners"], *row["income_right_holders"]))
            codes.add(row["user_right_holder"] or "")
        codes.update(_titled(trail))
        codes.update(trail.income_before)
        for step in trail.steps:
            codes.update(holder for holder, _ in income_of(step.event))
            codes.add(step.event.actor.organization or "")
    for events in work.cases.values():
        for event in events:
            codes.update(_codes_of(event.data))
    for events in work.others_cases.values():
        interims = [one.data["interim"] for one in events if "interim" in one.data]
        if any(one["person"] == work.request.person for one in interims):
            notice = events[0].data["notice"]
            codes.update(
                (notice["person"], notice["organization"], *(one["appointedBy"] for one in interims))
            )
    for events in work.procedures.values():
        codes.update(event.actor.organization or "" for event in events)
    work.closure.add_names(codes)
    named = [
        stream for kind in ("organization", "person", "division") for stream in work.closure.of_kind(kind)
    ]
    types = ("organization.defined", "person.registered", "division.defined")
    async for found in work.events(named, types):
        # of a unit and a division with one code the later stream by name counts, as in the verifier
        for event in sorted(found, key=lambda one: one.stream):
            work.names[event.id] = event.data["card"]["name"]


def _titled(trail: AssetTrail) -> Iterable[str]:
    """Units whose certificates and registrations go with an asset."""
    for _, _, data in trail.papers:
        yield data.get("registration", {}).get("party", "")
        if isinstance(certificate := data.get("certificate"), dict):
            yield certificate.get("village", "")


def _codes_of(data: dict[str, Any]) -> Iterable[str]:
    notice, signature, interim = data.get("notice", {}), data.get("signature", {}), data.get("interim", {})
    return filter(
        None,
        [
            notice.get("organization"),
            notice.get("successor"),
            data.get("successor"),
            data.get("incoming"),
            data.get("disputedBy"),
            signature.get("person"),
            interim.get("person"),
            interim.get("appointedBy"),
            data.get("refusal", {}).get("supervisor"),
        ],
    )


# ---- examination ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _examination(
    work: _Work, regulation: Regulation, progress: Progress
) -> AsyncIterator[Callable[[], Awaitable[list[list[Any]]]]]:
    """Gives what waits for the rows. Of many assets others judge while the ledgers are folded here."""
    asked = asyncio.Event()
    examining = asyncio.create_task(_examine(work, regulation, progress, asked))

    async def rows() -> list[list[Any]]:
        asked.set()
        return await examining

    try:
        yield rows
    finally:
        examining.cancel()
        await asyncio.gather(examining, return_exceptions=True)


async def _examine(
    work: _Work, regulation: Regulation, progress: Progress, asked: asyncio.Event
) -> list[list[Any]]:
    """The tenure's events that break a rule of their day, of the assets in care and the procedures about them.

    This process begins to judge, and to tell how far it is, once somebody waits for the answer.
    """

    async def stored(streams: Sequence[str]) -> Stored:
        return [row async for rows in work.stored(streams) for row in rows]

    streams = [
        *(Asset.stream_of(asset) for asset in sorted(work.care)),
        *sorted(work.closure.add_procedures(work.care)),
    ]
    parts = deque(streams[at : at + _STREAMS_AT_ONCE] for at in range(0, len(streams), _STREAMS_AT_ONCE))
    found: list[list[Any]] = []
    done = 0

    async def run(judge: Judge) -> None:
        nonlocal done
        while parts:
            some = parts.popleft()
            events = await stored(some)
            named = {code.decode() for _, body in events for code in _PROCEDURE.findall(body)}
            shown = await stored(sorted(ProcedureInstance.stream_of(code) for code in named))
            found.extend(await judge(Chunk(events, shown, (work.first, work.last))))
            done += len(some)
            if asked.is_set():
                progress("examination", done, len(streams))

    async def help_out(judge: Judge) -> None:
        await asked.wait()
        await run(judge)

    policy = await stored([Policy.stream_of(work.county)])
    async with examiners(regulation, policy, len(streams)) as judges:
        runs = [help_out(judges.here)]
        if judges.beside is not None:
            runs += [run(judges.beside) for _ in range(2 * judges.processes)]  # one judged, one ready
        tasks = [asyncio.create_task(one) for one in runs]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(found)


# ---- files ---------------------------------------------------------------------------------------------------------


class _Zip:
    """A zip file whose bytes depend on its contents only."""

    def __init__(self, path: Path, digest: Digest) -> None:
        self.file = zipfile.ZipFile(path, "w")
        self.digest = digest
        self.digests: dict[str, str] = {}
        self.events = 0

    def add(self, name: str, content: bytes) -> None:
        """Add a file; what is compressed already is stored."""
        self.digests[name] = self.digest.of(content).hex()
        method = zipfile.ZIP_STORED if name == verify.WORKBOOK else zipfile.ZIP_DEFLATED
        self.file.writestr(entry(name, method), content, method, 6)


def _tables(work: _Work, regulation: Regulation) -> dict[str, list[list[Any]]]:
    tables = Tables(work.names, own_words(regulation) | verify.WORDS)
    for asset in sorted(work.trails):
        tables.add(work.trails[asset], work.care[asset])
    for case, events in work.cases.items():
        tables.add_case(case, events)
    for case, events in sorted((work.cases | work.others_cases).items()):
        tables.add_interims(case, events, work.request.person)
    for _, events in sorted(work.procedures.items()):
        asset = events[0].data["subject"]["id"]
        tables.add_procedure(asset, [one for one in events if work.first <= one.day <= work.last])
    return tables.close()


def words_of(regulation: Regulation) -> dict[str, str]:
    """What the codes on the tables are called: kind/code → Chinese."""
    words = {f"event/{name}": cls.TITLE for name, cls in EVENT_TYPES.items()}
    for row in regulation.rows["asset_types.type"]:
        words[f"type/{row.code}"] = row.zh  # type: ignore[attr-defined]  # rows of this table have both
    for row in regulation.rows["operation_modes.mode"]:
        words[f"mode/{row.code}"] = row.zh  # type: ignore[attr-defined]
    for row in regulation.rows["fund_sources.source"]:
        words[f"source/{row.code}"] = row.zh  # type: ignore[attr-defined]
    for row in regulation.rows["vocabularies.term"]:
        kind = _LISTS.get(row.list)  # type: ignore[attr-defined]
        if kind is not None:
            words[f"{kind}/{row.code}"] = row.zh  # type: ignore[attr-defined]
    return words


def own_words(regulation: Regulation) -> dict[str, str]:
    """What a county calls codes of its own; what all counties have is called as the verifier calls it."""
    return {
        name: word
        for name, word in words_of(regulation).items()
        if name not in verify.WORDS and name.partition("/")[0] in verify.OWN_WORDS
    }


async def _write_log(work: _Work, zipped: _Zip, keys: list[str], progress: Progress) -> None:
    """What the log says: events, proofs, index, checkpoint."""
    positions = await _write_events(work, zipped, progress)
    progress("proof", 0, 1)
    async with work.one_at_a_time:
        last = await work.connection.fetchval(_LAST, work.county, positions[-1])
        work.recorded_at = stamp(last).decode()
        tree = await load_tree(work.connection, work.county, work.size, positions=positions)
    await asyncio.to_thread(_write_proofs, work, zipped, keys, tree, positions)


def _write_proofs(work: _Work, zipped: _Zip, keys: list[str], tree: LogTree, positions: list[int]) -> None:
    zipped.add(verify.PROOF, b"".join(tree.multi_proof([position - 1 for position in positions])))
    index, places = work.made.index, work.closure.seal()
    lines = b"".join(b"%d %b\n" % (place, index.entries[place]) for place in places)
    zipped.add(verify.INDEX, lines)
    zipped.add(verify.INDEX_PROOF, b"".join(index.tree().multi_proof(places)))
    zipped.add(verify.CHECKPOINT, str(work.made.note).encode())
    zipped.add(verify.KEYS, "".join(f"{key}\n" for key in keys).encode())


def _write_tables(
    work: _Work, zipped: _Zip, tables: dict[str, list[list[Any]]], words: dict[str, str]
) -> None:
    """What people read; it needs no database any more."""
    zipped.add(verify.EXAMINATION, verify.dumps(tables["examination"]))
    zipped.add(verify.TABLES_FILE, verify.dumps(tables))
    head = _head(work, words)
    summary = verify.summary_of(head, work.names, tables, work.outside)
    zipped.add(verify.WORKBOOK, workbook_of(summary, tables))
    zipped.add(verify.PAGE, verify.page_of(summary, tables, narrow=verify.narrow(head["asked"])).encode())
    zipped.add(verify.VERIFIER, verifier_source())


class _Guard:
    """Refuses a pack of which whoever asked may not see all: its bytes are proved, and cannot be masked."""

    def __init__(self, sees: Sees) -> None:
        self._sees = sees
        self._open = all(sees(mark, NOWHERE) for mark in GUARDED)
        self._around: dict[str, frozenset[str]] = {}
        """Stream → the units, divisions and households that its events name."""

    def look(self, reader: EventReader, rows: Sequence[tuple[int, bytes]]) -> None:
        """FORBIDDEN_PERSONAL_DATA, with what is missing."""
        if self._open:
            return
        for event in reader.read_all(rows):
            kind = EVENT_TYPES[event.type]
            around = self._around.get(event.stream, NOWHERE) | named_in(kind, event.data)
            self._around[event.stream] = around
            hidden = hidden_in(self._sees, kind, event.data, around)
            if hidden:
                missing = sorted(f"{one.subject} {one.level}" for one in hidden)
                raise refuse("FORBIDDEN_PERSONAL_DATA", missing=missing)


async def _write_events(work: _Work, zipped: _Zip, progress: Progress) -> list[int]:
    """The events' bytes as the log has them, each after its position."""
    streams = sorted(work.closure.streams)
    total = sum(work.closure.index.values[f"stream/{stream}"]["version"] for stream in streams)
    positions: list[int] = []
    guard = _Guard(work.request.sees)
    digest = zipped.digest.begin()
    info = entry(verify.EVENTS)
    info._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001  `open` has no parameter for it
    with zipped.file.open(info, "w", force_zip64=True) as file:
        async for rows in work.stored(streams):
            guard.look(work.reader, rows)
            part = b"".join(b"%d %b\n" % row for row in rows)
            digest.update(part)
            file.write(part)
            positions.extend(position for position, _ in rows)
            progress("bytes", len(positions), total)
    zipped.digests[verify.EVENTS] = digest.hexdigest()
    zipped.events = len(positions)
    return positions


def verifier_source() -> bytes:
    """The verifier that goes into the pack: this installation's own."""
    return (resources.files("service.audit") / "verify.py").read_bytes()


def _head(work: _Work, words: dict[str, str]) -> dict[str, Any]:
    """Head of the manifest: whose care, of which log, what was asked for, and words that the verifier does not have."""
    asked = work.request
    return {
        "request": {
            "person": asked.person,
            "unit": asked.unit,
            "from": work.first.isoformat(),
            "to": work.last.isoformat(),
        },
        "asked": {
            "unit": asked.unit,
            "from": asked.first.isoformat() if asked.first else None,
            "to": asked.last.isoformat() if asked.last else None,
            "knownAt": stamp(asked.known_at).decode() if asked.known_at else None,
            "by": asked.by,
        },
        "log": {
            "origin": work.made.checkpoint.origin,
            "size": work.size,
            "recordedAt": work.recorded_at,
        },
        "words": words,
    }


def _manifest(
    work: _Work,
    zipped: _Zip,
    tables: dict[str, list[list[Any]]],
    regulation: Regulation,
    words: dict[str, str],
) -> bytes:
    return verify.dumps(
        _head(work, words)
        | {
            "format": verify.FORMAT,
            "events": zipped.events,
            "assets": len(tables["inventory"]),
            "files": zipped.digests,
            "said": {
                "version": metadata.version("taizhang"),
                "domain": state_code(),
                "county": regulation.county,
                "rules": regulation.digest,
            },
        }
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
