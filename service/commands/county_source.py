"""A county's ledgers as a command at the terminal asks them: no request, and nobody who brings them forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import asyncpg

from domain.aggregate import DomainAggregate
from domain.classification import Classified
from domain.regulation import Regulation
from domain.regulation.legal_clock import LegalClock
from service.commands.commands import CommandContext
from service.commands.visibility import sees
from service.ledgers.masking import Codes
from service.ledgers.moments import Moments

_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)


@dataclass(frozen=True, slots=True)
class CountySource:
    """A `Source` without HTTP."""

    county: str
    pool: asyncpg.Pool
    moments: Moments
    context: CommandContext

    @property
    def calendar(self) -> LegalClock:
        """The county's calendar, by which dates are shown."""
        return self.context.calendar(self.county)

    @property
    def today(self) -> date:
        """The county's date."""
        return self.context.today()

    def sees(self, mark: Classified, codes: Codes) -> bool:
        """False for what is personal: who sits at the terminal has no role."""
        return sees(None, mark, codes)

    async def regulation(self) -> Regulation:
        """The county's regulation with every parameter that its log has changed by now."""
        return await self.context.in_force.catch_up(self.county)

    async def load(self, cls: type[_Aggregate], aggregate_id: str) -> _Aggregate | None:
        """An aggregate as it is now, from the log."""
        return await self.context.load(cls, self.county, aggregate_id)

    async def reach(self, position: int, *ledgers: str) -> None:
        """Wait for nothing: no process here brings ledgers forward; how far they are is said with the answer."""

    async def reach_head(self, *ledgers: str) -> int:  # noqa: ARG002  nobody brings them forward
        """How far the log is; nothing is waited for."""
        return (await self.context.store.head(self.county)).position
