"""A rebuild's work shared by processes: ranges of streams, taken one after the other by whoever is free."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from service.ledgers.rebuild.plan import RebuildOutcome, RebuildProgress, Shadow, Streamed, StreamRange
from service.ledgers.rebuild.ranges import all_folded, divided, keep_ranges
from service.ledgers.rebuild.replay import Replay
from service.ledgers.rebuild.shadow_writer import cancelled
from service.ledgers.rebuild.streams import StreamFold, StreamsWanted, Unappliable

RANGES: Final = 8
"""Ranges for each process: as many as let all of them end at about the same time."""

Done = TypeVar("Done")


class Helper(Protocol):
    """Another process that works for a rebuild."""

    async def fold(
        self, wanted: StreamsWanted, one: StreamRange, folded: Callable[[int], None]
    ) -> Unappliable | None:
        """Fold a range; the lowest event that could not be applied, of all ranges that it folded of these streams."""

    async def finish(
        self, names: Sequence[str], progress: Callable[[RebuildProgress], None]
    ) -> list[RebuildOutcome]:
        """Bring the rebuild of some projections, which nobody holds, to its end."""


async def fold_streams(
    replay: Replay, shadows: Sequence[Shadow], county: str, upto: int, helpers: Sequence[Helper]
) -> None:
    """Bring shadows that have nothing of a county yet, or not all of its streams, to `upto`: those together that are equally far.

    If events cannot be applied: the lowest of them, in whatever range, is raised, `PoisonEvent` or `Undecodable`.
    """
    wanting = [one for one in shadows if one.projection.by_streams and county not in one.positions]
    if not wanting or not upto:
        return
    await replay.require_all(county, 0, upto)
    fresh = [one for one in wanting if county not in one.streamed]
    if fresh:
        processes = 1 + len(helpers)
        most = min(RANGES * processes, max(processes, upto // replay.limits.streamed))
        streamed = await divided(replay.log, county, upto, most)
        await replay.begin()
        await keep_ranges(
            replay.work,
            [one.projection.name for one in fresh],
            [one.epoch for one in fresh],
            county,
            streamed,
        )
        await replay.commit()
        for shadow in fresh:
            shadow.streamed[county] = streamed
    passes: dict[Streamed, list[Shadow]] = {}
    for shadow in wanting:
        passes.setdefault(shadow.streamed[county], []).append(shadow)
    for streamed, members in passes.items():
        await _fold(replay, members, county, streamed, helpers)


async def _fold(
    replay: Replay, members: Sequence[Shadow], county: str, streamed: Streamed, helpers: Sequence[Helper]
) -> None:
    waiting = deque(one for one in streamed.ranges if not one.done)
    done = replay.done

    def folded(events: int) -> None:
        replay.done += replay.share(members) * events
        replay.tell("replaying")

    wanted = StreamsWanted(county, streamed.upto, tuple((one.projection.name, one.epoch) for one in members))
    ours = StreamFold(
        replay.work,
        replay.log,
        wanted,
        {one.projection.name: one.projection for one in members},
        reader=replay.reader,
        limits=replay.limits,
        folded=folded,
    )

    async def here() -> Unappliable | None:
        while waiting:
            await ours.fold(waiting.popleft())
        return ours.lowest

    async def there(helper: Helper) -> Unappliable | None:
        lowest = None
        while waiting:
            lowest = await helper.fold(wanted, waiting.popleft(), folded)
        return lowest

    met = [one for one in await together([here(), *map(there, helpers)]) if one is not None]
    if met:
        raise min(met, key=lambda one: one.position)
    await replay.begin()
    await all_folded(replay.work, [one.projection.name for one in members], county)
    for shadow in members:
        shadow.streamed.pop(county)
        shadow.positions[county] = streamed.upto
        shadow.events += streamed.upto
    replay.done = done + replay.share(members) * streamed.upto
    await replay.commit()


async def together(work: Sequence[Awaitable[Done]]) -> list[Done]:
    """What all of them give; if one fails the others are cancelled, and have ended when its error is raised."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for one in tasks:
            await cancelled(one)
