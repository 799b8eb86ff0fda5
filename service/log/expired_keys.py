"""Idempotency keys that are older than they are promised to be: forgotten with their answers, the largest rows beside the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

_AT_ONCE: Final = 2000

_FORGET: Final = """
DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency WHERE recorded_at < clock_timestamp() - $1::interval LIMIT $2))"""


async def forget_expired_keys(connection: Any, keep: timedelta) -> int:
    """Delete the keys of all counties that are older, some at a time so that no append waits; how many they were."""
    forgotten = 0
    while True:
        status: str = await connection.execute(_FORGET, keep, _AT_ONCE)
        count = int(status.rsplit(maxsplit=1)[-1])
        forgotten += count
        if count < _AT_ONCE:
            return forgotten
