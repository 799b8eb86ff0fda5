"""Ledgers folded from whole streams, some at a time: their rows are in memory together, are written once, and are forgotten.

For what a rebuild begins with, where each group of rows is of one stream (`Projection.by_streams`). What other streams say of
a group is read first. Late events are folded by `refold`, as they are by position. The streams of a county are divided into
ranges, each folded by one process; how far it is, is the last stream by name. What comes behind `upto` follows by position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from projections.engine.events import EventReader, LedgerEvent, Undecodable
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.refold import late_positions, late_streams, refold
from projections.engine.rows import Rows
from projections.engine.tables import SHADOW
from projections.engine.writing import records_of
from service.ledgers.projector import keys_of
from service.ledgers.rebuild.claims import advance_range, fence_range
from service.ledgers.rebuild.plan import HeldRange, RebuildLimits, StreamRange
from service.ledgers.rebuild.shadow_writer import ShadowWriter, cancelled

_READ: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream > $2 AND stream <= $6 AND position <= $3 AND type = ANY($4::text[])
ORDER BY stream, version LIMIT $5"""
_FOREIGN: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position <= $2 AND type = ANY($3::text[]) ORDER BY position"""

_BEYOND: Final = "\U0010ffff"
"""Behind every stream's name."""

_BY_STREAM: Final = "SET enable_sort = off"
"""Let the server walk the key of streams; sorting the rest of the log for each part of it would take ever so long."""
_AS_BEFORE: Final = "RESET enable_sort"

_position = attrgetter("position")

Unappliable = PoisonEvent | Undecodable
"""An event that some ledger cannot be made from."""


@dataclass(frozen=True, slots=True)
class StreamsWanted:
    """Streams that some ledgers are to be folded from: a county's, up to a position, in the terms of these rebuilds."""

    county: str
    upto: int
    epochs: tuple[tuple[str, int], ...]
    """By projection, the term of its rebuild."""


class StreamFold:
    """Fold of a county's streams for some ledgers, one range after the other, in one process.

    Having met an event that cannot be applied it writes nothing more, and looks through the rest for a lower one.
    """

    def __init__(
        self,
        work: Any,
        log: Any,
        wanted: StreamsWanted,
        projections: Mapping[str, Projection],
        *,
        reader: EventReader,
        limits: RebuildLimits,
        folded: Callable[[int], None],
    ) -> None:
        self._wanted, self._county, self._upto = wanted, wanted.county, wanted.upto
        self._folded = folded
        self._members = [projections[name] for name, _ in wanted.epochs]
        self._writer, self._log, self._reader = _RangeWriter(work, limits), log, reader
        self._types = sorted({name for one in self._members for name in one.handlers})
        self._mine: dict[str, list[LedgerEvent]] = {one.name: [] for one in self._members}
        self._readers = {
            name: [self._mine[one.name].append for one in self._members if name in one.handlers]
            for name in self._types
        }
        self._said: dict[str, Mapping[str, Sequence[LedgerEvent]]] | None = None
        """By ledger and aggregate, what other streams say of it."""
        self._late: frozenset[int] = frozenset()
        self._ends = _BEYOND
        self.lowest: Unappliable | None = None
        """The lowest event so far that cannot be applied."""

    async def fold(self, one: StreamRange) -> None:
        """Fold what is left of a range."""
        writer = self._writer
        if self._said is None:
            self._late = await late_positions(self._log, self._county, 0, self._upto)
            self._said = {member.name: await self._foreign(member) for member in self._members}
        self._ends = one.ends or _BEYOND
        writer.held = HeldRange(self._county, one.number, dict(self._wanted.epochs), one.last, one.last)
        await self._log.execute(_BY_STREAM)
        coming = asyncio.ensure_future(self._next(one.last))
        try:
            while True:
                events, last = await coming
                if last is None:
                    break
                coming = asyncio.ensure_future(self._next(last))
                await asyncio.sleep(0)  # lets the next fetch out
                await self._fold(events, self._late)
                self._folded(len(events))
                writer.held.reached = last
                if self.lowest is None and writer.due:
                    await writer.commit()
        finally:
            await cancelled(coming)
            await self._log.execute(_AS_BEFORE)
        if self.lowest is None:
            writer.held.done = True
            await writer.commit()

    async def _next(self, last: str) -> tuple[list[LedgerEvent], str | None]:
        """The events of the streams that follow one by name, about as many as go at a time, with the name of the last of them.
        None: there are no more.
        """
        most = max(1, min(self._writer.limits.streamed, self._writer.limits.rows))
        while True:
            rows = await self._log.fetch(_READ, self._county, last, self._upto, self._types, most, self._ends)
            events = self._decoded(rows)
            if not events:
                return [], None
            end = events[-1].stream
            if len(rows) < most:
                return events, end
            whole = len(events)
            while whole and events[whole - 1].stream == end:  # the rest of it may be yet to come
                whole -= 1
            if whole:
                return events[:whole], events[whole - 1].stream
            most *= 2

    def _decoded(self, rows: Sequence[Any]) -> list[LedgerEvent]:
        try:
            return self._reader.read_all(rows)
        except Undecodable:
            events = []
            for row in rows:
                try:
                    events += self._reader.read_all([row])
                except Undecodable as error:
                    self._bad(error)
            return events

    async def _foreign(self, projection: Projection) -> Mapping[str, Sequence[LedgerEvent]]:
        if not projection.foreign:
            return {}
        types = sorted(projection.foreign_types)
        found: dict[str, list[LedgerEvent]] = {}
        rows = await self._log.fetch(_FOREIGN, self._county, self._upto, types)
        for event in self._decoded(rows):
            try:
                groups = dict.fromkeys(group for _, group in keys_of(projection, [event]))
            except PoisonEvent as error:
                self._bad(error)
                continue
            for group in groups:
                found.setdefault(group, []).append(event)
        return found

    async def _fold(self, events: Sequence[LedgerEvent], late: frozenset[int]) -> None:
        """Fold some streams in every ledger that reads of them."""
        for event in events:
            for add in self._readers[event.type]:
                add(event)
        behind = [event for event in events if event.position in late] if late else ()
        for projection in self._members:
            mine = self._mine[projection.name]
            if mine:
                await self._fold_in(projection, mine, behind)
                mine.clear()
            await asyncio.sleep(0)

    async def _fold_in(
        self, projection: Projection, events: list[LedgerEvent], behind: Iterable[LedgerEvent]
    ) -> None:
        rows = projection.rows(self._county)
        anew = late_streams(projection, behind, {event.position for event in behind})
        told = [event for event in events if event.stream not in anew] if anew else events
        try:
            projection.take(self._with_foreign(projection, told, events), rows)
            if anew:
                await self._writer.begin()
                await refold(
                    self._writer.work, projection, rows, anew, self._reader, upto=self._upto, schema=SHADOW
                )
        except PoisonEvent as error:
            self._bad(error)
            self._look_for_lower(projection, told)
        if self.lowest is None:
            await self._hand_over(rows)

    def _with_foreign(
        self, projection: Projection, told: Sequence[LedgerEvent], events: Sequence[LedgerEvent]
    ) -> Sequence[LedgerEvent]:
        """These events, and between them what other streams say of the aggregates that any of `events` is of."""
        if not projection.foreign:
            return told
        said, foreign = (self._said or {})[projection.name], projection.foreign_types
        own = [event for event in told if event.type not in foreign]
        kind = f"{projection.aggregate}-"
        names = [
            stream.removeprefix(kind)
            for stream in {event.stream for event in events}
            if stream.startswith(kind)
        ]
        others = {event.position: event for one in names for event in said.get(one, ())}
        return sorted((*own, *others.values()), key=_position) if others else own

    async def _hand_over(self, rows: Rows) -> None:
        for table in rows.tables.values():
            if table.changed:
                await self._writer.gather(table.ledger, records_of(table.ledger, table.changed.values()))
            if table.appended:
                await self._writer.gather(table.ledger, table.appended)

    def _bad(self, error: Unappliable) -> None:
        if self.lowest is None or error.position < self.lowest.position:
            self.lowest = error

    def _look_for_lower(self, projection: Projection, events: Sequence[LedgerEvent]) -> None:
        """Where one event could not be applied others may not either, in other streams and before it in the log."""
        streams: dict[str, list[LedgerEvent]] = {}
        for event in events:
            streams.setdefault(event.stream, []).append(event)
        for one in streams.values():
            try:
                projection.take(self._with_foreign(projection, one, one), projection.rows(self._county))
            except PoisonEvent as error:
                self._bad(error)


class _RangeWriter(ShadowWriter):
    """Writer of streams into shadows that other processes write too: what fences it, and says how far it is, is the range."""

    held: HeldRange

    async def fence(self) -> None:
        await fence_range(self.work, self.held)

    async def advance(self) -> None:
        await advance_range(self.work, self.held)
