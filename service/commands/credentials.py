"""Credentials: API keys and the one bootstrap token, hashed at rest.

Secrets are 256 random bits, so a plain SHA-256 is enough to store them by; nothing here is a password that a person
chose. The first start makes one bootstrap token and prints it once; it opens exactly one door, the creation of the
first administrator key, only from this machine, and is spent by it. While it is unspent, the service answers only
requests from this machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import Any, Final

import asyncpg
from sqlalchemy import ARRAY, Column, DateTime, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

from domain.refusals import refuse
from service import security_log
from service.commands.actor import Actor
from service.commands.authorization import Role

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")

credential: Final = Table(
    "credential",
    metadata,
    Column("id", _KEY, nullable=False, comment="公开的密钥编号"),
    Column("kind", Text, nullable=False, comment="api_key 或 bootstrap"),
    Column("county", _KEY, nullable=False, comment="所属县代码"),
    Column("secret_sha256", LargeBinary, nullable=False, comment="密钥摘要，原文不保存"),
    Column("label", Text, nullable=False, comment="用途说明"),
    Column("organization", Text, nullable=False, comment="单位"),
    Column("organization_kind", Text, nullable=False, comment="单位类型"),
    Column("roles", ARRAY(Text), nullable=False, comment="角色"),
    Column("divisions", ARRAY(Text), nullable=False, comment="区划范围（代码前缀）"),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="创建时间"),
    Column("expires_at", DateTime(timezone=True), nullable=True, comment="失效时间"),
    Column("revoked_at", DateTime(timezone=True), nullable=True, comment="吊销或用毕时间"),
    Column(
        "addresses",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="只应答这些地址或网段；空为不限",
    ),
    Column("replaces", _KEY, nullable=True, comment="所更换的密钥编号"),
    Column("last_used_at", DateTime(timezone=True), nullable=True, comment="最近使用时间，每分钟最多记一次"),
    Column("last_used_from", Text, nullable=True, comment="最近使用的地址"),
    PrimaryKeyConstraint("id", name="credential_pkey"),
    comment="访问凭证。不属于事件日志：凭证可以吊销、过期，日志只记录凭证编号",
)

CACHE_SECONDS: Final = 5.0
"""How long a looked-up key is trusted without asking the database again: the longest a revoked key still works."""
CACHE_ENTRIES: Final = 10_000

USED_EVERY: Final = timedelta(minutes=1)
"""How exactly it is kept when a key was last used."""
AUDITOR_DAYS: Final = 180
"""Longest life of a key, or grant, that may audit: an audit is a task with an end (C5.4-01)."""

LOOKED_UP_AT_ONCE: Final = 4
"""Connections that unknown tokens may take: a flood of them leaves the others to commands and questions."""

_RIGHTS: Final = "id, kind, county, organization, organization_kind, roles, divisions, expires_at"
_PREFIX: Final = {"api_key": "tzk", "bootstrap": "tzb"}
_TOKEN: Final = re.compile(r"(?P<id>tz[kb]_[0-9a-f]{12})\.[A-Za-z0-9_-]{43}", re.ASCII)
"""How every token looks that was ever made; another one need not be looked for."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential just made; `token` is shown once and never again."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class KeySpec:
    """Specification of a new key."""

    county: str
    label: str
    organization: str
    organization_kind: str
    roles: Sequence[str]
    divisions: Sequence[str]
    expires_at: datetime | None = None
    addresses: Sequence[str] = ()
    """Addresses or networks the key is good from; none: any."""
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    expires_at: datetime | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    last_used_at: datetime | None
    until: float


class Credentials:
    """Makes, finds and revokes credentials. The database is asked at most every `CACHE_SECONDS` per key."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._known: dict[bytes, _Known] = {}
        """By the token's digest: secrets are not kept in memory longer than a request needs them."""
        self._lookups: dict[bytes, asyncio.Future[_Known]] = {}
        """Look-ups under way: whoever shows the same token meanwhile waits for the same one."""
        self._looking = asyncio.Semaphore(LOOKED_UP_AT_ONCE)
        self._changes = 0
        """How often a key was made, revoked or rotated here: what was read before is not trusted afterwards."""
        self._used: dict[str, datetime] = {}
        self._noting = asyncio.Semaphore(1)
        self._bootstrap_over = False
        self._pending_until = 0.0

    async def create(self, spec: KeySpec, now: datetime, *, spending: str | None = None) -> NewCredential:
        """Store a new API key and give its token.

        `spending` names the bootstrap token that pays for it, in the same transaction: of two that spend it at once
        the slower gets CREDENTIAL_INVALID and no key.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            if spending is not None:
                spent = await connection.fetchval(
                    "UPDATE credential SET revoked_at = $2"
                    " WHERE id = $1 AND kind = 'bootstrap' AND revoked_at IS NULL RETURNING id",
                    spending,
                    now,
                )
                if spent is None:
                    raise refuse("CREDENTIAL_INVALID")
            made = await _insert(connection, "api_key", spec, now)
        security_log.record(
            "key_granted",
            key=made.id,
            county=spec.county,
            organization=spec.organization,
            roles=sorted(map(str, spec.roles)),
            divisions=list(spec.divisions),
            spending=spending,
        )
        self._forget()
        self._pending_until = 0.0
        return made

    async def bootstrap(self, county: str, now: datetime) -> NewCredential | None:
        """On a fresh installation: the one bootstrap token. None when any credential was ever made."""
        spec = KeySpec(county, "首次启动", "-", "-", [Role.ADMIN], [county])
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE credential IN SHARE ROW EXCLUSIVE MODE")
            if await connection.fetchval("SELECT EXISTS (SELECT FROM credential)"):
                return None
            self._bootstrap_over = False
            return await _insert(connection, "bootstrap", spec, now)

    async def bootstrap_pending(self) -> bool:
        """Whether no key was made yet: a bootstrap token is unspent, or there is nothing at all.

        Once it is over it stays over: then the database is not asked again. Until then it is asked once a second.
        """
        if self._bootstrap_over or monotonic() < self._pending_until:
            return not self._bootstrap_over
        unspent = await self._pool.fetchval(
            "SELECT bool_or(kind = 'bootstrap' AND revoked_at IS NULL) FROM credential"
        )
        self._bootstrap_over = unspent is False
        self._pending_until = monotonic() + 1
        return not self._bootstrap_over

    async def revoke(self, county: str, identity: str, now: datetime) -> None:
        """Stop a key from working: here at once, in other processes within `CACHE_SECONDS`. NOT_FOUND."""
        done = await self._pool.fetchval(
            "UPDATE credential SET revoked_at = coalesce(revoked_at, $3) WHERE county = $1 AND id = $2 RETURNING id",
            county,
            identity,
            now,
        )
        self._forget()
        if done is None:
            raise refuse("NOT_FOUND", what=identity)
        security_log.record("key_revoked", key=identity, county=county)

    def _forget(self) -> None:
        self._known.clear()
        self._changes += 1

    async def of_county(self, county: str) -> list[dict[str, Any]]:
        """All credentials of a county in order of their making, without secrets."""
        rows = await self._pool.fetch(
            "SELECT id, kind, label, organization, organization_kind, roles, divisions, created_at, expires_at,"
            " revoked_at, addresses, replaces, last_used_at, last_used_from FROM credential WHERE county = $1 ORDER BY created_at, id",
            county,
        )
        return [dict(row) for row in rows]

    async def rotate(self, county: str, identity: str, overlap: timedelta, now: datetime) -> NewCredential:
        """A second key with the rights of the first, which ends when the overlap is over.

        NOT_FOUND; STEP_OUT_OF_ORDER while the key that replaces it already lives: two are live at once and not more.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT label, organization, organization_kind, roles, divisions, expires_at, addresses FROM credential"
                " WHERE county = $1 AND id = $2 AND kind = 'api_key' AND revoked_at IS NULL"
                " AND (expires_at IS NULL OR expires_at > $3) FOR UPDATE",
                county,
                identity,
                now,
            )
            if row is None:
                raise refuse("NOT_FOUND", what=identity)
            if await connection.fetchval(
                "SELECT EXISTS (SELECT FROM credential WHERE replaces = $1 AND revoked_at IS NULL)", identity
            ):
                raise refuse("STEP_OUT_OF_ORDER", step="rotation", state="ROTATED")
            spec = KeySpec(county=county, replaces=identity, **dict(row))
            made = await _insert(connection, "api_key", spec, now)
            await connection.execute(
                "UPDATE credential SET expires_at = least(expires_at, $2) WHERE id = $1",
                identity,
                now + overlap,
            )
        self._forget()
        security_log.record("key_rotated", key=made.id, replaces=identity, county=county)
        return made

    async def identify(self, token: str, now: datetime, address: str | None = None) -> Actor:
        """Who sends this token, from this address.

        CREDENTIAL_INVALID when unknown or revoked, CREDENTIAL_EXPIRED when too old, CREDENTIAL_ELSEWHERE from an
        address that the key is not for.
        """
        digest = _digest(token)
        known = self._known.get(digest)
        if known is None or known.until <= monotonic():
            known = await self._looked_up(token, digest)
        if known.expires_at is not None and known.expires_at <= now:
            raise refuse("CREDENTIAL_EXPIRED")
        if known.networks and not _lies_in(address, known.networks):
            raise refuse("CREDENTIAL_ELSEWHERE")
        await self._note_use(known, now, address)
        return known.actor

    async def is_live(self, county: str, identity: str, now: datetime) -> bool:
        """Whether a key of the county can be used."""
        return bool(
            await self._pool.fetchval(
                "SELECT true FROM credential WHERE county = $1 AND id = $2 AND kind = 'api_key'"
                " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)",
                county,
                identity,
                now,
            )
        )

    async def actor_of(self, county: str, identity: str, now: datetime) -> Actor:
        """The rights of a key by its id, for a system that is identified in another way. CREDENTIAL_INVALID, …_EXPIRED."""
        row = await self._pool.fetchrow(
            f"SELECT {_RIGHTS} FROM credential WHERE county = $1 AND id = $2 AND revoked_at IS NULL",
            county,
            identity,
        )
        if row is None:
            raise refuse("CREDENTIAL_INVALID")
        if row["expires_at"] is not None and row["expires_at"] <= now:
            raise refuse("CREDENTIAL_EXPIRED")
        return _actor(row)

    async def _looked_up(self, token: str, digest: bytes) -> _Known:
        """What the database knows of a token, asked once for all who show it at the same time."""
        under_way = self._lookups.get(digest)
        if under_way is None:
            under_way = self._lookups[digest] = asyncio.ensure_future(self._look_up(token, digest))
            under_way.add_done_callback(lambda done: self._looked(digest, done))
        return await asyncio.shield(under_way)

    def _looked(self, digest: bytes, done: asyncio.Future[_Known]) -> None:
        del self._lookups[digest]
        if not done.cancelled():
            done.exception()  # told to everybody who waited; nobody may be left

    async def _look_up(self, token: str, digest: bytes) -> _Known:
        self._known.pop(digest, None)
        shaped = _TOKEN.fullmatch(token)
        if shaped is None:
            raise refuse("CREDENTIAL_INVALID")
        async with self._looking:
            changes = self._changes
            row = await self._pool.fetchrow(
                f"SELECT {_RIGHTS}, secret_sha256, addresses, last_used_at FROM credential"
                " WHERE id = $1 AND revoked_at IS NULL",
                shaped["id"],
            )
            if row is None or not secrets.compare_digest(row["secret_sha256"], digest):
                raise refuse("CREDENTIAL_INVALID")
        if len(self._known) >= CACHE_ENTRIES:
            self._known.clear()
        networks = tuple(ip_network(one) for one in row["addresses"])
        known = _Known(
            _actor(row), row["expires_at"], networks, row["last_used_at"], monotonic() + CACHE_SECONDS
        )
        if changes == self._changes:
            self._known[digest] = known
        return known

    async def _note_use(self, known: _Known, now: datetime, address: str | None) -> None:
        """Keep when a key was last used: by one of those who use it, once in `USED_EVERY`, one key after the other, so
        that a connection is left to those who are looked up.
        """
        key = known.actor.id
        last = self._used.get(key, known.last_used_at)
        if last is not None and last + USED_EVERY > now:
            return
        if len(self._used) >= CACHE_ENTRIES:
            self._used.clear()
        self._used[key] = now
        async with self._noting:
            await self._pool.execute(
                "UPDATE credential SET last_used_at = $2, last_used_from = $3 WHERE id = $1",
                key,
                now,
                address,
            )


def end_of(roles: Iterable[str], asked: datetime | None, now: datetime) -> datetime | None:
    """When a new key or grant with these roles ends: as asked; one that may audit after `AUDITOR_DAYS` at the latest.

    FIELD_INVALID for an end that has passed, or is too far off for an auditor.
    """
    latest = now + timedelta(days=AUDITOR_DAYS) if Role.AUDITOR in set(roles) else None
    if asked is None:
        return latest
    if asked <= now or (latest is not None and asked > latest):
        raise refuse("FIELD_INVALID", field="expiresAt", value=asked.isoformat())
    return asked


def _lies_in(address: str | None, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        at = ip_address(address or "")
    except ValueError:
        return False
    return any(at.version == network.version and at in network for network in networks)


def _actor(row: asyncpg.Record) -> Actor:
    return Actor(
        id=row["id"],
        kind=row["kind"],
        county=row["county"],
        organization=row["organization"],
        organization_kind=row["organization_kind"],
        roles=frozenset(row["roles"]),
        divisions=tuple(row["divisions"]),
    )


async def _insert(connection: Any, kind: str, spec: KeySpec, now: datetime) -> NewCredential:
    identity = f"{_PREFIX[kind]}_{secrets.token_hex(6)}"
    token = f"{identity}.{secrets.token_urlsafe(32)}"
    await connection.execute(
        "INSERT INTO credential (id, kind, county, secret_sha256, label, organization, organization_kind,"
        " roles, divisions, created_at, expires_at, addresses, replaces)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        identity,
        kind,
        spec.county,
        _digest(token),
        spec.label,
        spec.organization,
        spec.organization_kind,
        [str(role) for role in spec.roles],
        list(spec.divisions),
        now,
        spec.expires_at,
        list(spec.addresses),
        spec.replaces,
    )
    return NewCredential(identity, token)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
