"""Feeds (事件订阅): a name under which a unit's system reads the log, with its filter and the position it has got to.

The consumer says what it has dealt with; until then the same events are given again. Nothing is sent and nothing is
copied: a feed is one row, and its events are the log's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg
import orjson

from domain.refusals import refuse
from service.webhooks.filters import EventFilter

MOST_FEEDS: Final = 50
"""Feeds of one unit."""


@dataclass(frozen=True, slots=True)
class EventFeed:
    """A feed as it stands: all up to `position` was acknowledged."""

    county: str
    organization: str
    feed: str
    label: str
    filters: EventFilter
    position: int
    created_at: datetime
    read_at: datetime | None = None
    acknowledged_at: datetime | None = None


_COLUMNS: Final = ", ".join(one.name for one in fields(EventFeed))
_OF_FEED: Final = " WHERE county = $1 AND organization = $2 AND feed = $3"


class Feeds:
    """The feeds of all units in one database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def create(self, feed: EventFeed) -> EventFeed:
        """Keep a new feed; the one there is where it says the same. FEED_EXISTS, FEED_TOO_MANY."""
        async with self._pool.acquire() as connection, connection.transaction():
            # Of two that come at once the second waits here, and then finds or counts the first.
            await connection.execute("LOCK TABLE event_feed IN SHARE ROW EXCLUSIVE MODE")
            row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM event_feed" + _OF_FEED, *_key(feed))
            if row is not None:
                there = _feed_of(row)
                if (there.label, there.filters) != (feed.label, feed.filters):
                    raise refuse("FEED_EXISTS", feed=feed.feed)
                return there
            count = "SELECT count(*) FROM event_feed WHERE county = $1 AND organization = $2"
            if await connection.fetchval(count, feed.county, feed.organization) >= MOST_FEEDS:
                raise refuse("FEED_TOO_MANY", most=MOST_FEEDS)
            await connection.execute(
                "INSERT INTO event_feed (county, organization, feed, label, filters, position, created_at)"
                " VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)",
                *_key(feed),
                feed.label,
                orjson.dumps(feed.filters.as_json()).decode(),
                feed.position,
                feed.created_at,
            )
        return feed

    async def get(self, county: str, organization: str, feed: str) -> EventFeed:
        """One feed of a unit; NOT_FOUND."""
        query = f"SELECT {_COLUMNS} FROM event_feed" + _OF_FEED
        row = await self._pool.fetchrow(query, county, organization, feed)
        if row is None:
            raise refuse("NOT_FOUND", what=feed)
        return _feed_of(row)

    async def of_unit(self, county: str, organization: str) -> Sequence[EventFeed]:
        """The feeds of a unit, by name."""
        query = f"SELECT {_COLUMNS} FROM event_feed WHERE county = $1 AND organization = $2 ORDER BY feed"
        return [_feed_of(row) for row in await self._pool.fetch(query, county, organization)]

    async def note_read(self, feed: EventFeed, now: datetime) -> None:
        """Note that it was read, so that a consumer that reads and never acknowledges can be told from one that is gone."""
        await self._pool.execute("UPDATE event_feed SET read_at = $4" + _OF_FEED, *_key(feed), now)

    async def acknowledge(self, feed: EventFeed, position: int, now: datetime) -> EventFeed:
        """Keep that all up to a position was dealt with. An older one than is kept changes nothing: it came late."""
        row = await self._pool.fetchrow(
            "UPDATE event_feed SET position = greatest(position, $4), acknowledged_at = $5"
            + _OF_FEED
            + f" RETURNING {_COLUMNS}",
            *_key(feed),
            position,
            now,
        )
        if row is None:
            raise refuse("NOT_FOUND", what=feed.feed)
        return _feed_of(row)

    async def remove(self, feed: EventFeed) -> None:
        """Forget it; the log is not touched."""
        await self._pool.execute("DELETE FROM event_feed" + _OF_FEED, *_key(feed))


def _key(feed: EventFeed) -> tuple[str, str, str]:
    return feed.county, feed.organization, feed.feed


def _feed_of(row: Any) -> EventFeed:
    stored = dict(row)
    return EventFeed(**stored | {"filters": EventFilter.from_json(orjson.loads(stored["filters"]))})
