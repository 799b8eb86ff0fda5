"""Deliveries in the database: written with the cursor, taken when due, ended by what came of them.

Whoever writes holds the endpoint's row, under the lease's epoch where he acts for the sender: so a delivery is never
made while its lane is being moved on, and a sender whose lease was taken over writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg

from service.webhooks.dialling import Answer
from service.webhooks.endpoints import SERVICE, WebhookEndpoint, note
from service.webhooks.messages import message_id
from service.webhooks.retries import PATIENCE, next_attempt

DeliveryState = Literal["PENDING", "DELIVERED", "DEAD"]

_FENCE: Final = """
SELECT true FROM webhook_endpoint
WHERE county = $1 AND endpoint = $2 AND epoch = $3 AND state = 'ACTIVE' FOR UPDATE"""

_ADVANCE: Final = """
UPDATE webhook_endpoint SET position = $4
WHERE county = $1 AND endpoint = $2 AND epoch = $3 AND state = 'ACTIVE' AND position < $4 RETURNING true"""

_INSERT: Final = """
INSERT INTO webhook_delivery (county, endpoint, position, type, lane, state, attempts, tries, created_at)
SELECT $1, $2, new.position, new.type, new.lane, 'PENDING', 0, 0, $6
FROM unnest($3::bigint[], $4::text[], $5::text[]) AS new (position, type, lane)
ON CONFLICT DO NOTHING"""

_PROMOTE: Final = """
UPDATE webhook_delivery d SET next_at = $4
FROM unnest($3::text[]) AS wanted (lane)
CROSS JOIN LATERAL (
    SELECT p.position FROM webhook_delivery p
    WHERE p.county = $1 AND p.endpoint = $2 AND p.lane = wanted.lane AND p.state = 'PENDING'
    ORDER BY p.position LIMIT 1
) AS foremost
WHERE d.county = $1 AND d.endpoint = $2 AND d.position = foremost.position AND d.next_at IS NULL"""
"""The first pending delivery of each lane becomes due; those behind it wait without a time of their own."""

_DUE: Final = """
SELECT position, lane, attempts FROM webhook_delivery
WHERE county = $1 AND endpoint = $2 AND state = 'PENDING' AND next_at <= $3 AND position <> ALL($4::bigint[])
ORDER BY next_at, position LIMIT $5"""

_ENDED: Final = """
UPDATE webhook_delivery SET state = $4, attempts = attempts + 1, tries = tries + 1, next_at = $5, ended_at = $6
WHERE county = $1 AND endpoint = $2 AND position = $3 AND state = 'PENDING' RETURNING tries"""

_ATTEMPT: Final = """
INSERT INTO webhook_attempt (county, endpoint, position, number, message, attempted_at, outcome, address, status,
    milliseconds, answer)
SELECT $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7, $8, $9, $10 FROM webhook_attempt
WHERE county = $1 AND endpoint = $2 AND position = $3"""

_AGAIN: Final = """
UPDATE webhook_delivery SET state = 'PENDING', attempts = 0, next_at = NULL, ended_at = NULL
WHERE county = $1 AND endpoint = $2 AND position = ANY($3::bigint[]) AND state = ANY($4::text[]) RETURNING position"""

_HOLD: Final = """
UPDATE webhook_delivery SET next_at = NULL
WHERE county = $1 AND endpoint = $2 AND lane = ANY($3::text[]) AND state = 'PENDING' AND attempts = 0"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that an endpoint is to get."""

    position: int
    type: str
    lane: str


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn it is; `attempts` of this round."""

    position: int
    lane: str
    attempts: int


class LeaseLost(Exception):  # noqa: N818  names what happened
    """The endpoint is another sender's by now, or was switched off."""


async def write(
    connection: Any, endpoint: WebhookEndpoint, wanted: Sequence[Wanted], upto: int, now: datetime
) -> None:
    """Deliveries of events up to a position, and the cursor, within the caller's transaction. `LeaseLost`."""
    if not await connection.fetchval(_ADVANCE, endpoint.county, endpoint.endpoint, endpoint.epoch, upto):
        raise LeaseLost(endpoint.endpoint)
    await _insert(connection, endpoint, wanted, now)
    await _promote(connection, endpoint, (one.lane for one in wanted), now)


async def due(
    pool: asyncpg.Pool, endpoint: WebhookEndpoint, now: datetime, under_way: Iterable[int], most: int
) -> list[Due]:
    """What is to be sent now, the longest overdue first, but for what is under way."""
    rows = await pool.fetch(_DUE, endpoint.county, endpoint.endpoint, now, list(under_way), most)
    return [Due(**dict(row)) for row in rows]


async def ended(
    pool: asyncpg.Pool,
    endpoint: WebhookEndpoint,
    delivery: Due,
    answer: Answer,
    began: datetime,
    now: datetime,
) -> str | None:
    """Write down what came of an attempt, and what follows; the reason if that switched the endpoint off. `LeaseLost`."""
    again = None if answer.delivered else next_attempt(delivery.attempts + 1, now, answer.retry_after)
    state: DeliveryState = "DELIVERED" if answer.delivered else "PENDING" if again else "DEAD"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")  # lost in a crash: it is sent again
        if not await connection.fetchval(_FENCE, endpoint.county, endpoint.endpoint, endpoint.epoch):
            raise LeaseLost(endpoint.endpoint)
        await connection.execute(
            _ENDED,
            endpoint.county,
            endpoint.endpoint,
            delivery.position,
            state,
            again,
            None if state == "PENDING" else now,
        )
        await attempted(connection, endpoint, delivery.position, answer, began)
        if state != "PENDING":
            await _promote(connection, endpoint, (delivery.lane,), now)
        since = await connection.fetchval(
            "UPDATE webhook_endpoint SET failing_since = CASE WHEN $3 THEN NULL ELSE coalesce(failing_since, $4) END"
            " WHERE county = $1 AND endpoint = $2 RETURNING failing_since",
            endpoint.county,
            endpoint.endpoint,
            answer.delivered,
            began,
        )
        reason = None
        if answer.status == 410:
            reason = "GONE"
        elif since is not None and now - since >= PATIENCE:
            reason = "FAILING"
        if reason is not None:
            await connection.execute(
                "UPDATE webhook_endpoint SET state = 'DISABLED', reason = $3, epoch = epoch + 1, holder = NULL,"
                " lease_until = NULL WHERE county = $1 AND endpoint = $2",
                endpoint.county,
                endpoint.endpoint,
                reason,
            )
            await note(connection, endpoint, now, "DISABLED", SERVICE, reason)
    return reason


async def attempted(
    connection: Any,
    endpoint: WebhookEndpoint,
    position: int,
    answer: Answer,
    began: datetime,
    message: str | None = None,
) -> None:
    """Put an attempt on record. Position 0: a test or a verification, whose message is not about an event."""
    await connection.execute(
        _ATTEMPT,
        endpoint.county,
        endpoint.endpoint,
        position,
        message or message_id(endpoint.county, position),
        began,
        answer.outcome,
        answer.address,
        answer.status,
        answer.milliseconds,
        answer.text,
    )


async def put_again(
    connection: Any,
    endpoint: WebhookEndpoint,
    wanted: Sequence[Wanted],
    states: Sequence[DeliveryState],
    now: datetime,
    *,
    missing: bool,
) -> int:
    """Make deliveries pending anew: those in one of the states, and with `missing` those that never were. How many.

    The caller's transaction holds the endpoint's row.
    """
    made = await _insert(connection, endpoint, wanted, now) if missing else 0
    positions = [one.position for one in wanted]
    again = await connection.fetch(_AGAIN, endpoint.county, endpoint.endpoint, positions, list(states))
    lanes = {one.lane for one in wanted}
    await connection.execute(_HOLD, endpoint.county, endpoint.endpoint, list(lanes))
    await _promote(connection, endpoint, lanes, now)
    return made + len(again)


async def page(
    pool: asyncpg.Pool,
    endpoint: WebhookEndpoint,
    *,
    states: Sequence[str],
    after: int,
    limit: int,
) -> Sequence[Any]:
    """Deliveries after a position with their last attempt, in order of position."""
    rows: Sequence[Any] = await pool.fetch(
        "SELECT d.position, d.type, d.state, d.tries, d.next_at, d.created_at, d.ended_at,"
        " a.outcome, a.status, a.attempted_at"
        " FROM webhook_delivery d LEFT JOIN LATERAL (SELECT t.outcome, t.status, t.attempted_at"
        " FROM webhook_attempt t WHERE t.county = d.county AND t.endpoint = d.endpoint AND t.position = d.position"
        " ORDER BY t.number DESC LIMIT 1) a ON true"
        " WHERE d.county = $1 AND d.endpoint = $2 AND d.position > $3 AND d.state = ANY($4::text[])"
        " ORDER BY d.position LIMIT $5",
        endpoint.county,
        endpoint.endpoint,
        after,
        list(states),
        limit,
    )
    return rows


async def attempts(pool: asyncpg.Pool, endpoint: WebhookEndpoint, position: int) -> Sequence[Any]:
    """Every attempt of a delivery, oldest first; of position 0 the last hundred tests and verifications."""
    rows: Sequence[Any] = await pool.fetch(
        "SELECT number, message, attempted_at, outcome, address, status, milliseconds, answer FROM webhook_attempt"
        " WHERE county = $1 AND endpoint = $2 AND position = $3 ORDER BY number DESC LIMIT 100",
        endpoint.county,
        endpoint.endpoint,
        position,
    )
    return rows[::-1]


async def counts(pool: asyncpg.Pool, county: str, endpoints: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many deliveries of each endpoint wait, and how many were given up."""
    rows = await pool.fetch(
        "SELECT endpoint, state, count(*) AS number FROM webhook_delivery"
        " WHERE county = $1 AND endpoint = ANY($2::text[]) AND state IN ('PENDING', 'DEAD') GROUP BY endpoint, state",
        county,
        list(endpoints),
    )
    found: dict[str, dict[str, int]] = {one: {"PENDING": 0, "DEAD": 0} for one in endpoints}
    for row in rows:
        found[row["endpoint"]][row["state"]] = row["number"]
    return found


async def _insert(connection: Any, endpoint: WebhookEndpoint, wanted: Sequence[Wanted], now: datetime) -> int:
    done: str = await connection.execute(
        _INSERT,
        endpoint.county,
        endpoint.endpoint,
        [one.position for one in wanted],
        [one.type for one in wanted],
        [one.lane for one in wanted],
        now,
    )
    return int(done.rpartition(" ")[2])


async def _promote(connection: Any, endpoint: WebhookEndpoint, lanes: Iterable[str], now: datetime) -> None:
    await connection.execute(_PROMOTE, endpoint.county, endpoint.endpoint, sorted(set(lanes)), now)
