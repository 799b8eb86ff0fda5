"""Times of retries: at once, then ever later for three days, then not any more."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

DELAYS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Before the first attempt, the second …: 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h."""
JITTER: Final = 0.2
"""A delay is lengthened or shortened by up to a fifth, so that what failed together does not come back together."""
LONGEST_WISH: Final = timedelta(hours=24)
"""A subscriber's Retry-After counts up to so much."""
PATIENCE: Final = timedelta(days=5)
"""An endpoint at which everything failed for so long is disabled."""


def next_attempt(
    failed: int, now: datetime, retry_after: str | None, chance: Callable[[], float] = random.random
) -> datetime | None:
    """When to try again after `failed` attempts of this round; None: not any more.

    Retry-After can only make it later than the schedule, by a day at most. `chance` gives numbers in [0, 1).
    """
    if failed >= len(DELAYS):
        return None
    delay = DELAYS[failed] * (1 + JITTER * (2 * chance() - 1))
    return now + max(delay, min(_wished(retry_after, now), LONGEST_WISH))


def _wished(retry_after: str | None, now: datetime) -> timedelta:
    """What Retry-After asks for, seconds or a date; zero if it says nothing one can read."""
    if retry_after is None:
        return timedelta()
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WISH)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    return moment.replace(tzinfo=moment.tzinfo or UTC) - now
