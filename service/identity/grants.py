"""Grants: in which unit a person may take which roles. A grant alone gives nothing: the person is of the unit that day."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from domain.refusals import refuse
from service import security_log
from service.commands.authorization import Role

ADMINISTRATORS: Final = (Role.OPERATOR, Role.ADMIN, Role.LOG_AUDITOR)
"""系统管理员, 安全管理员, 审计管理员 (GB/T 22239): who runs the service, who gives access, who looks at both."""

_SHOWN: Final = "access_grant, person, organization, roles, divisions, document_no, granted_at, granted_by, ends_at, revoked_at"


@dataclass(frozen=True, slots=True)
class GrantSpec:
    """Grant: to whom, for which unit, on what paper, until when."""

    county: str
    person: str
    organization: str
    roles: Sequence[str]
    divisions: Sequence[str]
    document_no: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """Sum of a person's live grants for a unit."""

    roles: frozenset[str]
    divisions: tuple[str, ...]
    ends_at: datetime | None
    """When the first of them ends."""


class Grants:
    """The grants of a service."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def give(self, spec: GrantSpec, by: str, now: datetime) -> str:
        """Record a grant; its number."""
        made = f"tzg_{secrets.token_hex(6)}"
        await self._pool.execute(
            "INSERT INTO access_grant (county, access_grant, person, organization, roles, divisions, document_no,"
            " granted_at, granted_by, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            spec.county, made, spec.person, spec.organization, [str(role) for role in spec.roles],
            list(spec.divisions), spec.document_no, now, by, spec.ends_at,
        )  # fmt: skip
        security_log.record(
            "access_granted",
            grant=made,
            county=spec.county,
            person=spec.person,
            organization=spec.organization,
            roles=sorted(map(str, spec.roles)),
            by=by,
        )
        return made

    async def revoke(self, county: str, grant: str, by: str, now: datetime) -> None:
        """Take a grant back: in every process within `CACHE_SECONDS`. NOT_FOUND."""
        done = await self._pool.fetchval(
            "UPDATE access_grant SET revoked_at = coalesce(revoked_at, $3) WHERE county = $1 AND access_grant = $2"
            " RETURNING true",
            county,
            grant,
            now,
        )
        if done is None:
            raise refuse("NOT_FOUND", what=grant)
        security_log.record("access_revoked", grant=grant, county=county, by=by)

    async def of_county(self, county: str, person: str | None = None) -> list[dict[str, Any]]:
        """All grants, or those of one person, in the order they were given."""
        rows = await self._pool.fetch(
            f"SELECT {_SHOWN} FROM access_grant WHERE county = $1 AND ($2::text IS NULL OR person = $2)"
            " ORDER BY granted_at, access_grant",
            county,
            person,
        )
        return [dict(row) for row in rows]

    async def live(self, county: str, person: str, now: datetime) -> dict[str, Granted]:
        """By unit: what the person was granted and still has."""
        rows = await self._pool.fetch(
            "SELECT organization, roles, divisions, ends_at FROM access_grant"
            " WHERE county = $1 AND person = $2 AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $3)"
            " ORDER BY access_grant",
            county,
            person,
            now,
        )
        found: dict[str, Granted] = {}
        for row in rows:
            before = found.get(row["organization"], Granted(frozenset(), (), None))
            ends = [one for one in (before.ends_at, row["ends_at"]) if one is not None]
            found[row["organization"]] = Granted(
                before.roles | set(row["roles"]),
                tuple(dict.fromkeys((*before.divisions, *row["divisions"]))),
                min(ends, default=None),
            )
        return found


def administrators_among(roles: Iterable[str]) -> tuple[Role, ...]:
    """Which of the three administrators these roles make somebody; more than one should not be the same person."""
    held = set(roles)
    return tuple(role for role in ADMINISTRATORS if role in held)
