"""Ledgers folded from whole streams, some at a time: their rows are in memory together, are written once, and are forgotten.

For what a rebuild begins with, where each group of rows is of one stream (`Projection.by_streams`). What other streams say of
a group is read first. Late events are folded by `refold`, as they are by position. How far it is, is the last stream by
name; what comes behind `upto` follows by position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from projections.engine.events import LedgerEvent, Undecodable
from projections.engine.projection import PoisonEvent, Projection
from projections.engine.refold import late_positions, late_streams, refold
from projections.engine.rows import Rows
from projections.engine.tables import SHADOW
from projections.engine.writing import records_of
from service.ledgers.projector import keys_of
from service.ledgers.rebuild.plan import Shadow, Streamed
from service.ledgers.rebuild.replay import Replay, cancelled

_READ: Final = """
SELECT position, body FROM event
WHERE county = $1 AND stream > $2 AND position <= $3 AND type = ANY($4::text[]) ORDER BY stream, version LIMIT $5"""
_FOREIGN: Final = """
SELECT position, body FROM event
WHERE county = $1 AND position <= $2 AND type = ANY($3::text[]) ORDER BY position"""

_BY_STREAM: Final = "SET enable_sort = off"
"""Let the server walk the key of streams; sorting the rest of the log for each part of it would take ever so long."""
_AS_BEFORE: Final = "RESET enable_sort"

_position = attrgetter("position")


async def replay_streams(replay: Replay, shadows: Sequence[Shadow], county: str, upto: int) -> None:
    """Bring shadows that have nothing of a county yet, or not all of its streams, to `upto`: those together that are equally far.

    If events cannot be applied: the lowest of them is raised, `PoisonEvent` or `Undecodable`, and nothing more is written.
    """
    begun: dict[Streamed, list[Shadow]] = {}
    for shadow in shadows:
        if shadow.projection.by_streams and county not in shadow.positions and upto:
            begun.setdefault(shadow.streamed.get(county, Streamed(upto, "")), []).append(shadow)
    for far, members in begun.items():
        await _Pass(replay, members, county, far).run()


class _Pass:
    """One pass over the streams of a county for some ledgers."""

    def __init__(self, replay: Replay, members: Sequence[Shadow], county: str, far: Streamed) -> None:
        self._replay, self._members, self._county = replay, members, county
        self._upto, self._last = far.upto, far.last
        self._types = sorted({name for shadow in members for name in shadow.projection.handlers})
        self._mine: dict[str, list[LedgerEvent]] = {shadow.projection.name: [] for shadow in members}
        self._readers = {
            name: [
                self._mine[shadow.projection.name].append
                for shadow in members
                if name in shadow.projection.handlers
            ]
            for name in self._types
        }
        self._said: dict[str, Mapping[str, Sequence[LedgerEvent]]] = {}
        """By ledger and aggregate, what other streams say of it."""
        self._lowest: PoisonEvent | Undecodable | None = None

    async def run(self) -> None:
        """Fold all of them, from the first that is not."""
        replay, county, upto = self._replay, self._county, self._upto
        await replay.copied()
        await replay.require_all(county, 0, upto)
        late = await late_positions(replay.work, county, 0, upto)
        for shadow in self._members:
            self._said[shadow.projection.name] = await self._foreign(shadow.projection)
        done = replay.done
        await replay.log.execute(_BY_STREAM)
        coming = asyncio.ensure_future(self._next(self._last))
        try:
            folded = 0
            while True:
                events, last = await coming
                if last is None:
                    break
                coming = asyncio.ensure_future(self._next(last))
                await asyncio.sleep(0)  # lets the next fetch out
                await self._fold(events, late)
                folded += len(events)
                replay.done = done + replay.share(self._members) * folded
                replay.tell("replaying")
                for shadow in self._members:
                    shadow.streamed[county] = Streamed(upto, last)
                if self._lowest is None:
                    await replay.keep_within_limits(self._members)
        finally:
            await cancelled(coming)
            await replay.log.execute(_AS_BEFORE)
        if self._lowest is not None:
            raise self._lowest
        for shadow in self._members:
            shadow.streamed.pop(county, None)
            shadow.positions[county] = upto
            shadow.events += upto
        replay.done = done + replay.share(self._members) * upto
        await replay.commit()

    async def _next(self, last: str) -> tuple[list[LedgerEvent], str | None]:
        """The events of the streams that follow one by name, about as many as go at a time, with the name of the last of them.
        None: there are no more.
        """
        most = max(1, min(self._replay.limits.streamed, self._replay.limits.rows))
        while True:
            rows = await self._replay.log.fetch(_READ, self._county, last, self._upto, self._types, most)
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
            return self._replay.reader.read_all(rows)
        except Undecodable:
            events = []
            for row in rows:
                try:
                    events += self._replay.reader.read_all([row])
                except Undecodable as error:
                    self._bad(error)
            return events

    async def _foreign(self, projection: Projection) -> Mapping[str, Sequence[LedgerEvent]]:
        if not projection.foreign:
            return {}
        types = sorted(projection.foreign_types)
        found: dict[str, list[LedgerEvent]] = {}
        rows = await self._replay.log.fetch(_FOREIGN, self._county, self._upto, types)
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
        for shadow in self._members:
            mine = self._mine[shadow.projection.name]
            if mine:
                await self._fold_in(shadow.projection, mine, behind)
                mine.clear()
            await asyncio.sleep(0)

    async def _fold_in(
        self, projection: Projection, events: list[LedgerEvent], behind: Iterable[LedgerEvent]
    ) -> None:
        replay = self._replay
        rows = projection.rows(self._county)
        anew = late_streams(projection, behind, {event.position for event in behind})
        told = [event for event in events if event.stream not in anew] if anew else events
        try:
            projection.take(self._with_foreign(projection, told, events), rows)
            if anew:
                await replay.begin()
                await refold(
                    replay.work, projection, rows, anew, replay.reader, upto=self._upto, schema=SHADOW
                )
        except PoisonEvent as error:
            self._bad(error)
            self._look_for_lower(projection, told)
        if self._lowest is None:
            await self._hand_over(rows)

    def _with_foreign(
        self, projection: Projection, told: Sequence[LedgerEvent], events: Sequence[LedgerEvent]
    ) -> Sequence[LedgerEvent]:
        """These events, and between them what other streams say of the aggregates that any of `events` is of."""
        if not projection.foreign:
            return told
        said, foreign = self._said[projection.name], projection.foreign_types
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
                await self._replay.gather(table.ledger, records_of(table.ledger, table.changed.values()))
            if table.appended:
                await self._replay.gather(table.ledger, table.appended)

    def _bad(self, error: PoisonEvent | Undecodable) -> None:
        if self._lowest is None or error.position < self._lowest.position:
            self._lowest = error

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
