"""Kind of sender that a key is for. Rights hang on it, so it is looked up in the log and not believed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import asyncpg

from domain.organization.organization import Organization
from domain.refusals import refuse
from service.commands.authorization import Role
from service.commands.commands import CommandContext

HOUSEHOLD: Final = "HOUSEHOLD"
"""In place of a kind of unit: a household that asks for its own statement."""


async def kind_of_sender(
    context: CommandContext, county: str, organization: str, stated: str | None, roles: Collection[str]
) -> str:
    """The kind of the unit a key is to act for. CODE_UNKNOWN for a unit that nobody defined, FIELD_INVALID where another
    kind was stated.

    A household is no unit of the log: its key only reads, and only what is its own (C3-07).
    """
    unit = await context.load(Organization, county, organization)
    if unit is None and stated == HOUSEHOLD:
        if set(roles) != {Role.READER}:
            raise refuse("FIELD_INVALID", field="roles", reason="农户只能查阅 / a household only reads")
        return HOUSEHOLD
    if unit is None:
        raise refuse("CODE_UNKNOWN", field="organization", value=organization)
    if stated not in {None, unit.card.kind}:
        raise refuse("FIELD_INVALID", field="organizationKind", value=stated)
    return unit.card.kind


async def kept_contradictions(pool: asyncpg.Pool, context: CommandContext, county: str) -> list[str]:
    """Keys in use whose kind is not that of their unit, in words: they were made when the kind was believed."""
    keys = await pool.fetch(
        "SELECT id, organization, organization_kind AS kind FROM credential WHERE county = $1 AND kind = 'api_key'"
        " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id",
        county,
    )
    units = await context.load_many(Organization, county, [one["organization"] for one in keys])
    found = []
    for one in keys:
        unit = units.get(one["organization"])
        if unit is not None and unit.card.kind != one["kind"]:
            found.append(f"{one['id']} acts as {one['kind']} for {unit.id}, which is {unit.card.kind}")
        elif unit is None and one["kind"] != HOUSEHOLD:
            found.append(f"{one['id']} acts as {one['kind']} for {one['organization']}, which nobody defined")
    return found
