"""Each county's regulation with the parameters it changed itself, as its log has them now.

A decision asks `catch_up` first: whatever the log held when it asked is in what it is judged by, whichever process
wrote it. Requests that ask at the same time share one look at the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from domain.policy import Policy
from domain.refusals import Refusal, refuse
from domain.regulation import Regulation
from domain.regulation.wording import SERVICE, Wording
from service.shares import Share, working

Load = Callable[[str, int], Awaitable[Policy | None]]
"""(county, version) → the county's policy, None when it is still at that version or has not begun."""


@dataclass(slots=True)
class _KnownCounty:
    """A county as far as it is known. `looking` is under way; `next` begins after it, and who asks now waits for
    that.
    """

    regulation: Regulation
    version: int = 0
    looking: asyncio.Task[None] | None = None
    next: asyncio.Task[None] | None = None


class PolicyInForce:
    """The counties' regulations. `data` is what was loaded at the start; it is never changed here."""

    def __init__(self, data: Mapping[str, Regulation], load: Load) -> None:
        self._data = data
        self._load = load
        self._counties: dict[str, _KnownCounty] = {}
        self._stopped: dict[str, Refusal] = {}

    @property
    def counties(self) -> tuple[str, ...]:
        """Every county that belongs here, stopped ones too."""
        return tuple(dict.fromkeys((*self._data, *self._stopped)))

    @property
    def stopped(self) -> Mapping[str, Refusal]:
        """The counties that are not served, and what everybody who asks about them is told."""
        return self._stopped

    def stop(self, county: str, reason: Refusal) -> None:
        """Serve a county no more, whose rules nobody should be judged by. The others go on."""
        self._stopped[county] = reason

    def require(self, county: str) -> None:
        """Refuse for the reason the county is stopped, if it is."""
        reason = self._stopped.get(county)
        if reason is not None:
            raise reason.fresh()

    def known(self, county: str) -> Regulation:
        """The regulation as of the last look; COUNTY_UNKNOWN, and what a stopped county is stopped for."""
        return self._county(county).regulation

    def wording(self, county: str | None = None) -> Wording:
        """How a county says things; without one that is known, the only county served, else the service's own words."""
        known = self._data.get(county or "")
        if known is None and county is None and len(self.counties) == 1:
            known = next(iter(self._data.values()), None)
        return SERVICE if known is None else known.wording

    async def catch_up(self, county: str) -> Regulation:
        """The regulation with everything the log holds now. COUNTY_UNKNOWN, POLICY_DATA_OUTDATED."""
        known = self._county(county)
        if known.next is None:
            with working(Share.COMMANDS):  # commands wait for it, whoever asked first
                known.next = asyncio.create_task(self._look_after(known.looking, county, known))
            known.next.add_done_callback(_take_exception)
        await asyncio.shield(known.next)
        return known.regulation

    def _county(self, county: str) -> _KnownCounty:
        self.require(county)
        known = self._counties.get(county)
        if known is None:
            if county not in self._data:
                raise refuse("COUNTY_UNKNOWN", county=county)
            known = self._counties[county] = _KnownCounty(self._data[county])
        return known

    async def _look_after(self, earlier: asyncio.Task[None] | None, county: str, known: _KnownCounty) -> None:
        if earlier is not None:
            await asyncio.wait((earlier,))
        known.looking, known.next = known.next, None
        policy = await self._load(county, known.version)
        if policy is None:
            return
        data = self._data[county]
        if not policy.is_known_to(data):
            raise refuse(
                "POLICY_DATA_OUTDATED", newest=policy.versions[-1].number, given=data.versions[-1].number
            )
        known.regulation = policy.amend(data)
        known.version = policy.version


def _take_exception(task: asyncio.Task[None]) -> None:
    """A look whose askers have all gone may fail unheard."""
    if not task.cancelled():
        task.exception()
