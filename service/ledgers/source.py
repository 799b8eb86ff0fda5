"""The ledgers of one county as a command or a question reaches them: connections, and how far in the log they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeVar

import asyncpg

from domain.aggregate import DomainAggregate
from domain.classification import Classified
from domain.refusals import refuse
from domain.regulation import Regulation
from domain.regulation.legal_clock import LegalClock
from service.ledgers.masking import Codes
from service.ledgers.moments import Moments
from service.ledgers.projector import ProjectionHalted, Projector
from service.log.event_store import EventStore

LEDGER_SECONDS: Final = 5.0
"""How long a question waits for ledgers that are behind."""


_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)


class Source(Protocol):
    """Source of answers from a county's ledgers, for whoever asks: a request, or a command at the terminal."""

    @property
    def county(self) -> str:
        """The county whose ledgers are asked."""

    @property
    def pool(self) -> asyncpg.Pool:
        """Connections to their database."""

    @property
    def moments(self) -> Moments:
        """The ledgers at past moments."""

    @property
    def calendar(self) -> LegalClock:
        """The county's calendar, by which dates are shown."""

    @property
    def today(self) -> date:
        """The county's date."""

    def sees(self, mark: Classified, codes: Codes) -> bool:
        """Whether whoever asks sees a value of a classification around which these codes stand."""

    async def regulation(self) -> Regulation:
        """The county's regulation with every parameter that its log has changed by now."""

    async def load(self, cls: type[_Aggregate], aggregate_id: str) -> _Aggregate | None:
        """An aggregate as it is now, from the log."""

    async def reach(self, position: int, *ledgers: str) -> None:
        """Wait until the ledgers have taken in the log up to `position`, where anybody waits."""

    async def reach_head(self, *ledgers: str) -> int:
        """Wait until the ledgers have taken in all that is in the log, where anybody waits; gives that position."""


@dataclass(frozen=True, slots=True)
class LedgerSource:
    """One county's ledgers. Whoever reads them first says how far they have to be."""

    county: str
    store: EventStore
    pool: asyncpg.Pool
    projector: Projector

    async def reach(self, position: int, *ledgers: str) -> None:
        """Wait until the ledgers have taken in the log up to `position`.

        POSITION_UNKNOWN when the log does not reach that far, POSITION_NOT_REACHED when they do not get there in
        time, PROJECTION_HALTED when one stands still.
        """
        if position > self.store.committed(self.county).position:
            head = (await self.store.head(self.county)).position
            if position > head:
                raise refuse("POSITION_UNKNOWN", asked=position, head=head)
        try:
            await self.projector.wait_for(self.county, ledgers, position, LEDGER_SECONDS)
        except TimeoutError as error:
            raise refuse("POSITION_NOT_REACHED", asked=position) from error
        except ProjectionHalted as error:
            raise refuse("PROJECTION_HALTED", ledger=error.projection) from error

    async def reach_head(self, *ledgers: str) -> int:
        """Wait until the ledgers have taken in everything that is in the log now; gives that position."""
        head = await self.store.head(self.county)
        await self.reach(head.position, *ledgers)
        return head.position
