"""Standing of a person for a unit at a moment: what was granted, as long as the log knows the person to be of the
unit.
"""

from __future__ import annotations

from datetime import datetime

from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import Refusal, refuse
from service.clock import county_day
from service.commands.actor import Actor
from service.commands.commands import CommandContext
from service.commands.parties import carried_on, is_of, unable_since
from service.identity.grants import Grants


class Standing:
    """Judges who a person is today."""

    def __init__(self, context: CommandContext, grants: Grants) -> None:
        self._context = context
        self._grants = grants

    async def of(self, county: str, person: str, organization: str, now: datetime) -> Actor:
        """The person, acting for the unit with what was granted.

        GRANT_MISSING for whoever has no live grant for the unit; GRANT_SUSPENDED while the log does not know the person to
        be of the unit (another home unit and no post there on the day, removed, dead, detained, the unit closed).
        """
        granted = (await self._grants.live(county, person, now)).get(organization)
        found = await self._context.load(Person, county, person)
        unit = await self._context.load(Organization, county, organization)
        if granted is None or found is None or unit is None:
            raise refuse("GRANT_MISSING", organization=organization)
        day = county_day(now)
        carried = await carried_on(self._context, county, found.card.organization, day)
        closed = unit.closed_on is not None and unit.closed_on <= day
        if closed or unable_since(found, day) is not None or not is_of(found, unit, carried, day):
            raise refuse("GRANT_SUSPENDED", person=person, organization=organization)
        return Actor(
            id=person,
            kind="person",
            county=county,
            organization=organization,
            organization_kind=unit.card.kind,
            roles=granted.roles,
            divisions=granted.divisions,
            person=person,
        )

    async def units(self, county: str, person: str, now: datetime) -> list[Actor]:
        """For which units the person may act now, each as it would be; in the order of their codes."""
        found: list[Actor] = []
        for organization in sorted(await self._grants.live(county, person, now)):
            try:
                found.append(await self.of(county, person, organization, now))
            except Refusal:  # granted once, and no longer of that unit
                continue
        return found

    async def only(self, county: str, person: str, organization: str | None, now: datetime) -> str:
        """The unit to begin with: the one asked for, or the only one there is.

        GRANT_MISSING for none at all, UNIT_REQUIRED with their codes for several; the codes of `of`.
        """
        units = [actor.organization for actor in await self.units(county, person, now)]
        if organization is None and not units:
            granted = sorted(await self._grants.live(county, person, now))
            if not granted:
                raise refuse("GRANT_MISSING")
            organization = granted[0]  # to be told why it gives nothing
        if organization is not None:
            return (await self.of(county, person, organization, now)).organization
        if len(units) > 1:
            raise refuse("UNIT_REQUIRED", missing=["organization"], units=units)
        return units[0]
