"""Exceptions from rules of principle (P25): who grants one, and what a decision that names it may rest on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.asset.asset import Asset
from domain.occasion import LiftedRefusal, Occasion
from domain.organization.organization import Organization
from domain.oversight.policy_override import OverrideGrant, PolicyOverride
from service.commands.commands import CommandContext, Work

_CLAIM: Final = "policy_override"


async def exceptions(work: Work, numbers: Sequence[str], day: date) -> dict[str, LiftedRefusal]:
    """What named exceptions lift on a day, by the code they lift. NOT_FOUND, OVERRIDE_NOT_IN_FORCE,
    OVERRIDE_REVOKED.
    """
    granted = await work.get_many(PolicyOverride, numbers)
    lifting = [granted[number].lifting(day) for number in numbers]
    return {one.code: one for one in lifting}


async def grant(number: str, wanted: OverrideGrant, at: Occasion, work: Work) -> PolicyOverride:
    """A new exception, granted by the unit of the credential. Codes of `PolicyOverride.grant`.

    Refused: FORBIDDEN, OVERRIDE_NOT_POSSIBLE, FIELD_REQUIRED.
    """
    grantor = work.actor.organization
    unit = await work.get(Organization, grantor)
    asset = await work.get(Asset, wanted.asset)
    to_whose_good = frozenset(asset.units_concerned)
    made = PolicyOverride.grant(number, wanted, (grantor, unit.card), to_whose_good, at)
    work.claim(_CLAIM, f"{wanted.asset}/{number}")
    return made


async def granted_for(context: CommandContext, county: str, asset: str | None) -> list[PolicyOverride]:
    """Every exception of a county, or those for one asset, in the order in which they were granted."""
    claims = await context.store.claims(county, [_CLAIM])
    numbers = [
        number for of, _, number in (claim.key.partition("/") for claim in claims) if asset in {None, of}
    ]
    return list((await context.load_many(PolicyOverride, county, numbers)).values())
