"""A ledger (台账) as the whole service knows it: its name, what it is asked, and what its rows are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.values import Value
from service.ledgers.filters import ChangesQuery, Filters, LedgerQuery, changes_query, page_query
from service.ledgers.sheets import SheetColumn, columns_of


@dataclass(frozen=True, slots=True)
class Ledger:
    """One entry of the catalogue. The HTTP interface, exports and the command line are made from it."""

    name: str
    """By which the command line knows it, `asset-register`."""
    title: str
    """What it is called in Chinese."""
    about: str
    """What it holds, in a sentence."""
    path: str
    """Where the HTTP interface has it; `{…}` are filters that stand in the path."""
    filters: type[Filters]
    row: type[Value]
    """The schema of its rows."""
    brief: tuple[str, ...]
    """Columns that fit on a terminal."""
    unit: str | None = None
    """The filter that a unit's code goes to; None where rows are of no unit."""
    action: str | None = "ledger.read"
    """Who may read it over HTTP; None: everybody."""
    ruled: bool = False
    """Whether a rule may forbid the question itself (409)."""
    operation: str | None = None
    """The operation's id over HTTP where it is not `read_` and the name."""
    changes_about: str = "What differs between two moments."
    """What the difference of two moments shows, in a sentence."""

    @property
    def query(self) -> type[LedgerQuery]:
        """What a page of it is asked with."""
        return page_query(self.filters)

    @property
    def changes(self) -> type[ChangesQuery] | None:
        """What the difference of two moments is asked with; None where two cannot be compared."""
        return changes_query(self.filters)

    @property
    def columns(self) -> list[SheetColumn]:
        """All its columns, as a spreadsheet has them."""
        return columns_of(self.row)

    @property
    def operation_id(self) -> str:
        """The operation's id over HTTP."""
        return self.operation or f"read_{self.name.replace('-', '_')}"

    def own_filters(self) -> dict[str, Any]:
        """Its filters, name → field, in the order in which they are declared."""
        return {
            name: field for name, field in self.query.model_fields.items() if name not in self.query.COMMON
        }
