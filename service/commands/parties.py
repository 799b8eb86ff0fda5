"""The parties of a matter (当事人): who acts for whom, by the credential of the unit the person is of.

A form says who accepts, disputes or signs; that it is so follows from the credential it came with and from what the log
knows of the person on that day.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import Refusal, refuse
from service.commands.commands import CommandContext, Work


async def require_of_unit(
    work: Work, person: str, unit: str, day: date, *, on_duty: str | None = None
) -> None:
    """The person is of the unit that acts on that day (SIGNER_OF_ANOTHER_UNIT), and can act (SIGNER_UNABLE).

    Who signed in says it of himself and of nobody else (SIGNER_IS_ANOTHER); a unit's key says it of its people.
    `on_duty`: a unit in which the matter itself says that the person has a duty.
    """
    if work.actor.person not in {None, person}:
        raise refuse("SIGNER_IS_ANOTHER", person=person)
    found = await work.get(Person, person)
    since = unable_since(found, day)
    if since is not None:
        raise refuse("SIGNER_UNABLE", person=person, since=since.isoformat())
    if unit == on_duty:
        return
    carried = await carried_on(work.context, work.county, found.card.organization, day)
    if not is_of(found, await work.get(Organization, unit), carried, day):
        raise refuse("SIGNER_OF_ANOTHER_UNIT", person=person, organization=unit)


def require_paper(work: Work, paper: str | None) -> None:
    """What a unit's key records of a person's signature stands on paper: its scan is named. SIGNATURE_PAPER_REQUIRED.

    Who signed in signs himself.
    """
    if work.actor.person is None and paper is None:
        raise refuse("SIGNATURE_PAPER_REQUIRED", missing=["paperSha256"])


class PartyStanding(StrEnum):
    """Standing (与事项的关系) of a credential to the units of which one acts."""

    ITSELF = "ITSELF"
    """It is of one of them, or of what stands in its place today."""
    RECORDER = "RECORDER"
    """It records for one: the unit above it, the asset office, or an agent that keeps its books."""
    STRANGER = "STRANGER"


async def standing_of(work: Work, units: Collection[str], at: Occasion) -> PartyStanding:
    """How the credential of the command stands to these units on today's day."""
    names = [(await work.carried_on(Organization, unit, at.today)) for unit in units]
    if any(work.actor.organization in carried for carried in names):
        return PartyStanding.ITSELF
    here = await work.context.load_many(Organization, work.county, [carried[-1] for carried in names])
    above = {one.card.superior for one in here.values()}
    agent = any(one.keeps_books(work.actor.organization, at.today) for one in here.values())
    if agent or work.actor.organization in above or work.actor.organization_kind == "ASSET_OFFICE":
        return PartyStanding.RECORDER
    return PartyStanding.STRANGER


async def require_party(work: Work, units: Collection[str], at: Occasion) -> None:
    """The credential is of one of these units, or records for one. FORBIDDEN for anybody else, whatever its key covers.

    Where there is nobody yet whose matter it is, there is nobody to ask for.
    """
    if units and await standing_of(work, units, at) is PartyStanding.STRANGER:
        raise refuse("FORBIDDEN", action="、".join(units))


async def record_for(work: Work, units: Collection[str], at: Occasion) -> Refusal | None:
    """What is recorded for one of these units is marked (RECORDED_ON_BEHALF); what the unit does itself is not.

    Gives FORBIDDEN for anybody else, a co-owner too: said once the decision itself has nothing against it, for what it
    says is more exact.
    """
    standing = await standing_of(work, units, at) if units else PartyStanding.ITSELF
    if standing is PartyStanding.STRANGER:
        return refuse("FORBIDDEN", action="、".join(units))
    if standing is PartyStanding.RECORDER:
        at.warn("RECORDED_ON_BEHALF", unit="、".join(units), recorder=work.actor.organization)
    return None


def unable_since(person: Person, day: date) -> date | None:
    """The day since which the person can do nothing any more (death, detention), if it has come."""
    return min(
        (
            one.happened_on
            for one in person.facts
            if one.kind in {"DEATH", "DETENTION"} and one.happened_on <= day
        ),
        default=None,
    )


def is_of(person: Person, unit: Organization, carried: Collection[str], day: date) -> bool:
    """Registered there or in what became of it by the day (`carried`), or in a post there on the day.

    Who was removed is of no unit any more, but by a post that began afterwards.
    """
    removed = max(
        (one.happened_on for one in person.facts if one.kind == "REMOVED" and one.happened_on <= day),
        default=None,
    )
    if removed is None and unit.id in carried:
        return True
    return any(
        one.person == person.id and one.covers(day) and (removed is None or one.since > removed)
        for one in unit.tenures
    )


async def carried_on(context: CommandContext, county: str, unit: str, day: date) -> set[str]:
    """A unit and those that carried its duties on, one after the other, up to the day."""
    return set(await context.carried_on(Organization, county, unit, day))
