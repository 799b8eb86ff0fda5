"""Keeps the endpoints up with the log while the service runs.

A sender takes endpoints under a lease with an epoch, as the projector does with ledgers: what is written under an
epoch that is over is not written. One task a county makes deliveries from the log; one task an endpoint sends them, so
an endpoint that is slow or dead holds up nobody else. Everything due is in the database: whoever takes an endpoint
over goes on from there, and what was under way is sent again under the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Final, Self

import asyncpg
import structlog

from service.commands.actor import Actor
from service.database.trouble import OUTAGE, TROUBLE
from service.ledgers.projector import holder_name
from service.log.codec import UnknownEvent
from service.log.event_store import EventStore
from service.sealing_keys import SealingKeyMissing
from service.shares import Share, working
from service.webhooks.deliveries import Due, LeaseLost, due, ended
from service.webhooks.dialling import TOTAL_SECONDS
from service.webhooks.endpoints import SERVICE, Endpoints, WebhookEndpoint, endpoint_of, standings
from service.webhooks.fan_out import fan_out
from service.webhooks.filters import Places
from service.webhooks.sending import Courier

LEASE_SECONDS: Final = 30.0
"""After this long without a sign of life another process may take an endpoint over."""
LOOK_SECONDS: Final = 1.0
"""How often keys are checked, and free endpoints and due deliveries looked for."""
POLL_SECONDS: Final = 0.2
"""How late another process's commit is noticed at most."""
CONNECTIONS: Final = 3
"""Connections that sending may take at once, however many endpoints there are: commands and questions have the others."""
MARGIN_SECONDS: Final = 2.0
"""Nothing is sent unless the lease lasts this much longer than an attempt can take."""

log = structlog.get_logger(__name__)

_CLAIM: Final = """
WITH free AS (
    SELECT county, endpoint FROM webhook_endpoint
    WHERE state = 'ACTIVE' AND (holder IS NULL OR lease_until < clock_timestamp()
        OR lease_until > clock_timestamp() + make_interval(secs => $2))
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_endpoint e
SET holder = $1, epoch = e.epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $2)
FROM free WHERE e.county = free.county AND e.endpoint = free.endpoint
RETURNING e.*"""

_RENEW: Final = """
UPDATE webhook_endpoint e SET lease_until = clock_timestamp() + make_interval(secs => $4)
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS mine (county, endpoint, epoch)
WHERE e.county = mine.county AND e.endpoint = mine.endpoint AND e.epoch = mine.epoch AND e.state = 'ACTIVE'
RETURNING e.county, e.endpoint"""

_RELEASE: Final = "UPDATE webhook_endpoint SET holder = NULL, lease_until = NULL WHERE holder = $1"

_WAITING: Final = """
SELECT DISTINCT d.county, d.endpoint FROM webhook_delivery d
JOIN unnest($1::text[], $2::text[]) AS mine (county, endpoint) ON mine.county = d.county AND mine.endpoint = d.endpoint
WHERE d.state = 'PENDING' AND d.next_at <= $3"""

_FIELDS: Final = tuple(WebhookEndpoint.__dataclass_fields__)


@dataclass(slots=True)
class _HeldEndpoint:
    """An endpoint whose lease we have."""

    endpoint: WebhookEndpoint
    actor: Actor
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class WebhookSender:
    """All counties' endpoints. Use as `async with WebhookSender(…):`; the store must be running."""

    def __init__(
        self,
        store: EventStore,
        courier: Courier,
        places: Places,
        *,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.pool: asyncpg.Pool = courier.endpoints.pool
        self.store = store
        self.courier = courier
        self.endpoints: Endpoints = courier.endpoints
        self.clock: Callable[[], datetime] = courier.clock
        self.places = places
        self.lease_seconds = lease_seconds
        self.holder = holder_name()
        self._held: dict[tuple[str, str], _HeldEndpoint] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._leased_until = 0.0
        self._database = asyncio.Semaphore(CONNECTIONS)
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start sending."""
        with working(Share.WORK):
            self._watch = asyncio.create_task(self._look(), name="webhooks")
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Stop at once and give the leases back; what was under way is sent again by whoever comes next."""
        tasks = [self._watch, *self._followers.values(), *(one.task for one in self._held.values())]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(*TROUBLE):
            await self.pool.execute(_RELEASE, self.holder)

    def wake(self, county: str, endpoint: str) -> None:
        """Deliveries of an endpoint may be due."""
        held = self._held.get((county, endpoint))
        if held is not None:
            held.wake.set()

    # ---- leases -------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Keep the leases, take what is free, drop whose key may not read any more, wake whoever has something due."""
        renewed = 0.0
        while True:
            try:
                if self._held and monotonic() - renewed > min(LOOK_SECONDS, self.lease_seconds / 3):
                    await self._renew()
                    renewed = monotonic()
                await self._check_keys()
                await self._claim()
                await self._wake_waiting()
            except TROUBLE as error:
                OUTAGE.met("webhooks", error)
            except Exception:
                log.exception("webhook_endpoints_not_seen")
            await asyncio.sleep(min(LOOK_SECONDS, self.lease_seconds / 6))

    async def _renew(self) -> None:
        began = monotonic()
        held = list(self._held.values())
        rows = await self.pool.fetch(
            _RENEW,
            [one.endpoint.county for one in held],
            [one.endpoint.endpoint for one in held],
            [one.endpoint.epoch for one in held],
            self.lease_seconds,
        )
        self._leased_until = began + self.lease_seconds
        kept = {(row["county"], row["endpoint"]) for row in rows}
        for one in held:
            if (one.endpoint.county, one.endpoint.endpoint) not in kept:
                self._drop(one)

    async def _claim(self) -> None:
        began = monotonic()
        rows = await self.pool.fetch(_CLAIM, self.holder, self.lease_seconds)
        claimed = [endpoint_of({name: row[name] for name in _FIELDS}) for row in rows]
        found = await standings(self.pool, claimed, self.clock()) if claimed else []
        for endpoint, (actor, wrong) in zip(claimed, found, strict=True):
            if actor is None:
                await self._disable(endpoint, wrong)
                continue
            if not self._held:
                self._leased_until = began + self.lease_seconds
            held = self._held[endpoint.county, endpoint.endpoint] = _HeldEndpoint(endpoint, actor)
            held.task = asyncio.create_task(self._serve(held), name=f"webhook {endpoint.endpoint}")
            if endpoint.county not in self._followers:
                self._followers[endpoint.county] = asyncio.create_task(
                    self._follow(endpoint.county), name=f"webhooks {endpoint.county}"
                )

    async def _check_keys(self) -> None:
        """Whoever lost the right to read events gets none any more."""
        held_now = list(self._held.values())
        if not held_now:
            return
        found = await standings(self.pool, [one.endpoint for one in held_now], self.clock())
        for held, (actor, wrong) in zip(held_now, found, strict=True):
            if actor is None:
                self._drop(held)
                await self._disable(held.endpoint, wrong)

    async def _disable(self, endpoint: WebhookEndpoint, reason: str | None) -> None:
        log.warning(
            "webhook_endpoint_disabled", endpoint=endpoint.endpoint, county=endpoint.county, reason=reason
        )
        await self.endpoints.change_state(endpoint, "DISABLED", "DISABLED", SERVICE, self.clock(), reason)

    async def _wake_waiting(self) -> None:
        if not self._held:
            return
        rows = await self.pool.fetch(
            _WAITING, [one for one, _ in self._held], [one for _, one in self._held], self.clock()
        )
        for row in rows:
            self.wake(row["county"], row["endpoint"])

    def _drop(self, held: _HeldEndpoint) -> None:
        key = (held.endpoint.county, held.endpoint.endpoint)
        if self._held.get(key) is held:
            del self._held[key]
        if held.task is not None and held.task is not asyncio.current_task():
            held.task.cancel()

    # ---- from the log to deliveries -----------------------------------------------------------------------------

    async def _follow(self, county: str) -> None:
        committed = self.store.committed(county)
        while True:
            try:
                members = [one for one in self._held.values() if one.endpoint.county == county]
                head = (await self.store.head(county)).position if members else committed.position
                low = min((one.endpoint.position for one in members), default=head)
                if low >= head:
                    await committed.wait(low, POLL_SECONDS)
                    continue
                upto, waking = await fan_out(
                    self.pool,
                    self.store,
                    self.places,
                    [(one.endpoint, one.actor) for one in members],
                    head,
                    self.clock,
                )
                for one in members:
                    if one.endpoint.position == low:
                        one.endpoint = replace(one.endpoint, position=upto)
                    if one.endpoint.endpoint in waking:
                        one.wake.set()
            except TROUBLE as error:
                OUTAGE.met("webhooks", error)
                await asyncio.sleep(LOOK_SECONDS)
            except UnknownEvent as error:
                log.warning("webhooks_wait_for_newer_version", county=county, reason=str(error))
                await asyncio.sleep(LOOK_SECONDS)
            except Exception:
                log.exception("webhooks_failed", county=county)
                await asyncio.sleep(LOOK_SECONDS)

    # ---- sending ------------------------------------------------------------------------------------------------

    async def _serve(self, held: _HeldEndpoint) -> None:
        """Send what is due to one endpoint, as many side by side and as many a second as it takes."""
        under_way: dict[int, asyncio.Task[None]] = {}
        pace = _Turns(held.endpoint.per_second)
        try:
            while True:
                held.wake.clear()
                try:
                    free = held.endpoint.concurrency - len(under_way)
                    found: list[Due] = []
                    if free > 0:
                        async with self._database:
                            found = await due(self.pool, held.endpoint, self.clock(), under_way, free)
                except TROUBLE as error:
                    OUTAGE.met("webhooks", error)
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                for one in found:
                    await pace.turn()
                    under_way[one.position] = asyncio.create_task(self._send(held, one, under_way))
                if not found or len(under_way) >= held.endpoint.concurrency:
                    await held.wake.wait()
        finally:
            for task in under_way.values():
                task.cancel()

    async def _send(
        self, held: _HeldEndpoint, delivery: Due, under_way: dict[int, asyncio.Task[None]]
    ) -> None:
        endpoint = held.endpoint
        try:
            if self._leased_until - monotonic() < min(TOTAL_SECONDS + MARGIN_SECONDS, self.lease_seconds / 2):
                await asyncio.sleep(POLL_SECONDS)
                return
            began = self.clock()
            async with self._database:
                rows = await self.store.read_page(
                    endpoint.county, after=delivery.position - 1, upto=delivery.position, limit=1
                )
                event = self.store.codec.decode(endpoint.county, delivery.position, rows[0][1])
                headers, body = await self.courier.about(endpoint, event)
            answer = await self.courier.dialler.post(endpoint.url, headers, body)
            async with self._database:
                reason = await ended(self.pool, endpoint, delivery, answer, began, self.clock())
            if reason is not None:
                log.warning("webhook_endpoint_disabled", endpoint=endpoint.endpoint, reason=reason)
                self._drop(held)
        except LeaseLost:
            self._drop(held)
        except SealingKeyMissing as error:
            log.warning("webhook_not_signed", endpoint=endpoint.endpoint, reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)
        except TROUBLE as error:
            OUTAGE.met("webhooks", error)
            await asyncio.sleep(LOOK_SECONDS)
        except Exception:
            log.exception("webhook_not_sent", endpoint=endpoint.endpoint, position=delivery.position)
            await asyncio.sleep(LOOK_SECONDS)
        finally:
            under_way.pop(delivery.position, None)
            held.wake.set()


class _Turns:
    """So many turns a second, evenly."""

    def __init__(self, per_second: int) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = monotonic()
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self._next = max(now, self._next) + self._gap
