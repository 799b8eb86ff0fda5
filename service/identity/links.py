"""Links: which person of the county somebody is whom the identity provider names, and with which key's rights a system comes."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Literal

import asyncpg

from domain.refusals import refuse
from service import security_log

LinkKind = Literal["PERSON", "KEY"]


class Links:
    """The links of a service."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(
        self,
        county: str,
        issuer: str,
        subject: str,
        *,
        kind: LinkKind,
        target: str,
        by: str,
        now: datetime,
    ) -> str:
        """Link a subject of the provider to a person or a key; its number. ALREADY_EXISTS for a subject that is linked."""
        made = f"tzl_{secrets.token_hex(6)}"
        done = await self._pool.fetchval(
            "INSERT INTO identity_link (county, link, issuer, subject, kind, target, linked_at, linked_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (issuer, subject) DO NOTHING RETURNING link",
            county, made, issuer, subject, kind, target, now, by,
        )  # fmt: skip
        if done is None:
            raise refuse("ALREADY_EXISTS", what=subject)
        security_log.record("identity_linked", link=made, county=county, kind=kind, target=target, by=by)
        return made

    async def remove(self, county: str, link: str, by: str) -> None:
        """Take a link away. NOT_FOUND."""
        done = await self._pool.fetchval(
            "DELETE FROM identity_link WHERE county = $1 AND link = $2 RETURNING true", county, link
        )
        if done is None:
            raise refuse("NOT_FOUND", what=link)
        security_log.record("identity_unlinked", link=link, county=county, by=by)

    async def of_county(self, county: str) -> list[dict[str, Any]]:
        """All links in the order they were made."""
        rows = await self._pool.fetch(
            "SELECT link, issuer, subject, kind, target, linked_at, linked_by FROM identity_link"
            " WHERE county = $1 ORDER BY linked_at, link",
            county,
        )
        return [dict(row) for row in rows]

    async def target(self, issuer: str, subject: str, kind: LinkKind) -> tuple[str, str]:
        """County and person, or county and key, of a subject. IDENTITY_UNKNOWN for one that nobody linked."""
        row = await self._pool.fetchrow(
            "SELECT county, target FROM identity_link WHERE issuer = $1 AND subject = $2 AND kind = $3",
            issuer,
            subject,
            kind,
        )
        if row is None:
            security_log.record("identity_unknown", issuer=issuer)
            raise refuse("IDENTITY_UNKNOWN")
        return row["county"], row["target"]
