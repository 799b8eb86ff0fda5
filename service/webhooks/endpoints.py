"""Endpoints: whose they are, what they want, whether they are on; their secrets and their history.

An endpoint belongs to the unit of the key that made it, and works only as long as that key might read the events itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg
import orjson

from domain.refusals import Refusal, refuse
from service.commands.actor import Actor
from service.commands.authorization import authorize_role
from service.sealing_keys import SealingKeyMissing, SealingKeys
from service.webhooks.filters import EventFilter
from service.webhooks.signing import KeyKind, SigningKey

EndpointState = Literal["UNVERIFIED", "ACTIVE", "DISABLED", "REMOVED"]
Ordering = Literal["ASSET", "ALL", "NONE"]
READS: Final = "event.read"
"""What the key behind an endpoint must be allowed to do."""
MOST_ENDPOINTS: Final = 50
"""Endpoints of one unit."""
SERVICE: Final = "service"
"""Who acts in the history when nobody asked."""

_COLUMNS: Final = """
county, endpoint, url, label, organization, credential, filters, ordering, concurrency, per_second, state, reason,
position, failing_since, created_at, epoch"""


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """An endpoint as it stands."""

    county: str
    endpoint: str
    url: str
    label: str
    organization: str
    credential: str
    filters: EventFilter
    ordering: Ordering
    concurrency: int
    per_second: int
    state: EndpointState
    reason: str | None
    position: int
    failing_since: datetime | None
    created_at: datetime
    epoch: int

    def lane(self, stream: str, position: int) -> str:
        """Deliveries of one lane go one after the other."""
        return {"ASSET": stream, "ALL": "*", "NONE": str(position)}[self.ordering]


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A live signing key of an endpoint, without what is secret in it."""

    secret: str
    kind: KeyKind
    public: str | None
    made_at: datetime
    retires_at: datetime | None


class Endpoints:
    """Endpoints of all counties in one database; secrets are sealed with the keys of one folder."""

    def __init__(self, pool: asyncpg.Pool, keys: SealingKeys) -> None:
        self.pool = pool
        self.keys = keys

    async def create(self, endpoint: WebhookEndpoint, now: datetime) -> dict[KeyKind, str]:
        """Keep a new endpoint with a key of each kind; what its owner is shown of them, this once.

        Empty when it is there already: asked again with the same idempotency key. WEBHOOK_TOO_MANY,
        WEBHOOK_KEY_UNAVAILABLE.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            # Of two that come at once the second waits here, and then counts the first.
            await connection.execute("LOCK TABLE webhook_endpoint IN SHARE ROW EXCLUSIVE MODE")
            held = await connection.fetchval(
                "SELECT count(*) FROM webhook_endpoint"
                " WHERE county = $1 AND organization = $2 AND state <> 'REMOVED' AND endpoint <> $3",
                endpoint.county,
                endpoint.organization,
                endpoint.endpoint,
            )
            if held >= MOST_ENDPOINTS:
                raise refuse("WEBHOOK_TOO_MANY", most=MOST_ENDPOINTS)
            made = await connection.fetchval(
                "INSERT INTO webhook_endpoint (county, endpoint, url, label, organization, credential, filters,"
                " ordering, concurrency, per_second, state, position, created_at, epoch)"
                " VALUES ($1,$2,$3,$4,$5,$6,$7::jsonb,$8,$9,$10,'UNVERIFIED',$11,$12,0)"
                " ON CONFLICT DO NOTHING RETURNING true",
                endpoint.county,
                endpoint.endpoint,
                endpoint.url,
                endpoint.label,
                endpoint.organization,
                endpoint.credential,
                orjson.dumps(endpoint.filters.as_json()).decode(),
                endpoint.ordering,
                endpoint.concurrency,
                endpoint.per_second,
                endpoint.position,
                now,
            )
            if not made:
                return {}
            shown: dict[KeyKind, str] = {}
            for kind in ("HMAC", "ED25519"):
                key = await self._add_key(connection, endpoint, f"{kind}-1", kind, now)
                shown[key.kind] = key.shown
            await note(connection, endpoint, now, "CREATED", endpoint.credential, endpoint.url)
        return shown

    async def change(self, changed: WebhookEndpoint, actor: str, now: datetime, *, verified: bool) -> None:
        """Keep what was changed of an endpoint, on record. Not `verified`: it has to pass the verification anew."""
        async with self.pool.acquire() as connection, connection.transaction():
            await _lock(connection, changed)
            await connection.execute(
                "UPDATE webhook_endpoint SET url = $3, label = $4, filters = $5::jsonb, concurrency = $6,"
                " per_second = $7, state = CASE WHEN $8 THEN state ELSE 'UNVERIFIED' END,"
                " reason = CASE WHEN $8 THEN reason END, holder = NULL, lease_until = NULL, epoch = epoch + 1"
                " WHERE county = $1 AND endpoint = $2",
                changed.county,
                changed.endpoint,
                changed.url,
                changed.label,
                orjson.dumps(changed.filters.as_json()).decode(),
                changed.concurrency,
                changed.per_second,
                verified,
            )
            await note(connection, changed, now, "CHANGED", actor, changed.url)

    async def rotate(
        self,
        endpoint: WebhookEndpoint,
        kind: KeyKind,
        secret: str,
        overlap: timedelta,
        actor: str,
        now: datetime,
    ) -> str | None:
        """Make the next key; the one before goes on signing beside it for `overlap`, older ones end now.

        What the owner is shown of the new one; None when this rotation was done before.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            await _lock(connection, endpoint)
            if await connection.fetchval(
                "SELECT true FROM webhook_secret WHERE county = $1 AND endpoint = $2 AND secret = $3",
                endpoint.county,
                endpoint.endpoint,
                secret,
            ):
                return None
            await connection.execute(
                "UPDATE webhook_secret SET retires_at = CASE WHEN retires_at IS NULL THEN $4 ELSE $5 END"
                " WHERE county = $1 AND endpoint = $2 AND kind = $3 AND (retires_at IS NULL OR retires_at > $5)",
                endpoint.county,
                endpoint.endpoint,
                kind,
                now + overlap,
                now,
            )
            key = await self._add_key(connection, endpoint, secret, kind, now)
            await note(connection, endpoint, now, "ROTATED", actor, kind)
        return key.shown

    async def _add_key(
        self, connection: Any, endpoint: WebhookEndpoint, secret: str, kind: KeyKind, now: datetime
    ) -> SigningKey:
        key = SigningKey.fresh(kind)
        try:
            name, sealed = self.keys.seal(endpoint.county, f"{endpoint.endpoint}/{secret}", key.private)
        except (SealingKeyMissing, OSError) as error:
            raise refuse("WEBHOOK_KEY_UNAVAILABLE") from error
        await connection.execute(
            "INSERT INTO webhook_secret (county, endpoint, secret, kind, sealing_key, sealed, public, made_at)"
            " VALUES ($1,$2,$3,$4,$5,$6,$7,$8)",
            endpoint.county,
            endpoint.endpoint,
            secret,
            kind,
            name,
            sealed,
            key.shown if kind == "ED25519" else None,
            now,
        )
        return key

    async def signing_keys(self, county: str, endpoint: str, now: datetime) -> list[SigningKey]:
        """The live keys of an endpoint, newest first; `SealingKeyMissing`."""
        rows = await self.pool.fetch(
            "SELECT secret, kind, sealing_key, sealed FROM webhook_secret"
            " WHERE county = $1 AND endpoint = $2 AND (retires_at IS NULL OR retires_at > $3)"
            " ORDER BY made_at DESC, secret",
            county,
            endpoint,
            now,
        )
        return [
            SigningKey(
                row["kind"],
                self.keys.open(county, f"{endpoint}/{row['secret']}", row["sealing_key"], row["sealed"]),
            )
            for row in rows
        ]

    async def known_secrets(self, county: str, endpoint: str, now: datetime) -> list[KnownSecret]:
        """What may be shown of the live keys."""
        rows = await self.pool.fetch(
            "SELECT secret, kind, public, made_at, retires_at FROM webhook_secret"
            " WHERE county = $1 AND endpoint = $2 AND (retires_at IS NULL OR retires_at > $3)"
            " ORDER BY made_at DESC, secret",
            county,
            endpoint,
            now,
        )
        return [KnownSecret(**dict(row)) for row in rows]

    async def reseal(self, county: str) -> tuple[str, int]:
        """Make the next sealing key and seal every secret with it; its name, and how many there were."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE webhook_secret IN SHARE ROW EXCLUSIVE MODE")
            rows = await connection.fetch(
                "SELECT endpoint, secret, sealing_key, sealed FROM webhook_secret WHERE county = $1", county
            )
            name = self.keys.make_next(county)
            for row in rows:
                place = f"{row['endpoint']}/{row['secret']}"
                private = self.keys.open(county, place, row["sealing_key"], row["sealed"])
                name, sealed = self.keys.seal(county, place, private)
                await connection.execute(
                    "UPDATE webhook_secret SET sealing_key = $4, sealed = $5"
                    " WHERE county = $1 AND endpoint = $2 AND secret = $3",
                    county,
                    row["endpoint"],
                    row["secret"],
                    name,
                    sealed,
                )
        return name, len(rows)

    async def get(self, county: str, endpoint: str) -> WebhookEndpoint:
        """One endpoint; NOT_FOUND, also for one that was removed."""
        row = await self.pool.fetchrow(
            f"SELECT {_COLUMNS} FROM webhook_endpoint"
            " WHERE county = $1 AND endpoint = $2 AND state <> 'REMOVED'",
            county,
            endpoint,
        )
        if row is None:
            raise refuse("NOT_FOUND", what=endpoint)
        return endpoint_of(row)

    async def of_county(self, county: str, organization: str | None = None) -> list[WebhookEndpoint]:
        """Endpoints of a unit, or of all units, oldest first."""
        rows = await self.pool.fetch(
            f"SELECT {_COLUMNS} FROM webhook_endpoint WHERE county = $1 AND state <> 'REMOVED'"
            " AND ($2::text IS NULL OR organization = $2) ORDER BY created_at, endpoint",
            county,
            organization,
        )
        return [endpoint_of(row) for row in rows]

    async def history(self, county: str, endpoint: str) -> Sequence[Any]:
        """What was done with an endpoint, oldest first."""
        rows: Sequence[Any] = await self.pool.fetch(
            "SELECT happened_at, act, actor, detail FROM webhook_history"
            " WHERE county = $1 AND endpoint = $2 ORDER BY number",
            county,
            endpoint,
        )
        return rows

    async def change_state(
        self,
        endpoint: WebhookEndpoint,
        state: EndpointState,
        act: str,
        actor: str,
        now: datetime,
        reason: str | None = None,
        credential: str | None = None,
    ) -> None:
        """Switch it on or off, with the reason, on record. `credential`: the key that answers for it from now on."""
        async with self.pool.acquire() as connection, connection.transaction():
            await _lock(connection, endpoint)
            await connection.execute(
                "UPDATE webhook_endpoint SET state = $3, reason = $4, failing_since = NULL,"
                " credential = coalesce($5, credential), holder = NULL, lease_until = NULL, epoch = epoch + 1"
                " WHERE county = $1 AND endpoint = $2",
                endpoint.county,
                endpoint.endpoint,
                state,
                reason,
                credential,
            )
            if state == "REMOVED":
                await connection.execute(
                    "DELETE FROM webhook_secret WHERE county = $1 AND endpoint = $2",
                    endpoint.county,
                    endpoint.endpoint,
                )
            await note(connection, endpoint, now, act, actor, reason)


def endpoint_of(row: Any) -> WebhookEndpoint:
    """An endpoint from its row."""
    stored = dict(row)
    return WebhookEndpoint(**stored | {"filters": EventFilter.from_json(orjson.loads(stored["filters"]))})


async def note(
    connection: Any, endpoint: WebhookEndpoint, now: datetime, act: str, actor: str, detail: str | None
) -> None:
    """Put on record what was done; whoever calls holds the endpoint's row."""
    await connection.execute(
        "INSERT INTO webhook_history (county, endpoint, number, happened_at, act, actor, detail)"
        " SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6 FROM webhook_history"
        " WHERE county = $1 AND endpoint = $2",
        endpoint.county,
        endpoint.endpoint,
        now,
        act,
        actor,
        detail,
    )


async def _lock(connection: Any, endpoint: WebhookEndpoint) -> None:
    await connection.execute(
        "SELECT FROM webhook_endpoint WHERE county = $1 AND endpoint = $2 FOR UPDATE",
        endpoint.county,
        endpoint.endpoint,
    )


async def standings(
    pool: asyncpg.Pool, endpoints: Sequence[WebhookEndpoint], now: datetime
) -> list[tuple[Actor | None, str | None]]:
    """Who the key of each endpoint is now, or why it may not read events any more."""
    rows = await pool.fetch(
        "SELECT id, kind, county, organization, organization_kind, roles, divisions, expires_at, revoked_at"
        " FROM credential WHERE id = ANY($1::text[])",
        list({one.credential for one in endpoints}),
    )
    known = {row["id"]: row for row in rows}
    return [_standing(one, known.get(one.credential), now) for one in endpoints]


def _standing(endpoint: WebhookEndpoint, row: Any, now: datetime) -> tuple[Actor | None, str | None]:
    """KEY_REVOKED, KEY_EXPIRED; KEY_RESTRICTED: it may not read events, or is another unit's."""
    if row is None or row["revoked_at"] is not None:
        return None, "KEY_REVOKED"
    if row["expires_at"] is not None and row["expires_at"] <= now:
        return None, "KEY_EXPIRED"
    actor = Actor(
        id=row["id"],
        kind=row["kind"],
        county=row["county"],
        organization=row["organization"],
        organization_kind=row["organization_kind"],
        roles=frozenset(row["roles"]),
        divisions=tuple(row["divisions"]),
    )
    try:
        authorize_role(actor, READS)
    except Refusal:
        return None, "KEY_RESTRICTED"
    same = (actor.county, actor.organization) == (endpoint.county, endpoint.organization)
    return (actor, None) if same else (None, "KEY_RESTRICTED")
