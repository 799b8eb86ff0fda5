"""Refusals of companies (四(七)): a bookkeeping agent decides nothing, a platform acts inside its scope and never disposes.

Either is told so instead of the bare want of a role, where the log says that it is one for the asset or the unit it acts on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from domain.asset.asset import Asset
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.refusals import Refusal, refuse
from service.commands.actor import Actor
from service.commands.commands import CommandContext, Work
from service.commands.parties import PartyStanding, standing_of

_OF_RIGHT: Final = frozenset({"ROLE_NOT_ALLOWED", "FORBIDDEN", "FORBIDDEN_JURISDICTION"})


async def said_to_company(
    context: CommandContext,
    actor: Actor,
    refusal: Refusal,
    *,
    action: str,
    asset: str | None = None,
    units: Collection[str] = (),
) -> Refusal:
    """The refusal of a sender without the right, said exactly to a company that is platform of the asset or agent of the units.

    PLATFORM_SCOPE_EXCEEDED, AGENT_NO_APPROVAL_RIGHT; else the refusal itself.
    """
    if actor.organization_kind != "COMPANY" or refusal.code not in _OF_RIGHT:
        return refusal
    today = context.today()
    concerned = list(units)
    if asset is not None:
        found = await context.load(Asset, actor.county, asset)
        if found is not None:
            if any(one.company == actor.organization and one.covers(today) for one in found.platforms):
                return refuse("PLATFORM_SCOPE_EXCEEDED", clause="C4.7-13", action=action)
            concerned += [one.party for one in found.owners]
    principals = await context.load_many(Organization, actor.county, concerned)
    if any(one.keeps_books(actor.organization, today) for one in principals.values()):
        return refuse("AGENT_NO_APPROVAL_RIGHT", clause="C4.7-04")
    return refusal


async def require_no_agent(work: Work, units: Collection[str], at: Occasion) -> None:
    """Refuse a bookkeeping agent what its principal decides itself: AGENT_NO_APPROVAL_RIGHT."""
    if work.actor.organization_kind != "COMPANY" or not units:
        return
    if await standing_of(work, units, at) is PartyStanding.RECORDER:
        raise refuse("AGENT_NO_APPROVAL_RIGHT", clause="C4.7-04")
