"""Questions that a ledger takes: its filters, in what order and how much of it, at which moment, and between which
two.

A ledger's filters are one frozen class (`Filters`) that also asks its question of the database. What is common to all
ledgers is added to it (`page_query`, `changes_query`), and that is what the HTTP interface and the command line take.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_snake

from domain.regulation import Rules
from domain.regulation.legal_clock import LegalClock
from domain.values import BusinessDate, Code, Value
from projections.engine.differences import RowSelection
from projections.engine.part import About
from projections.engine.reading import Page
from projections.engine.rows import Row
from projections.engine.writing import Connection
from service.ledgers.parameters import Cursor, Limit, Moment, Position, SortField
from service.ledgers.source import Source

Several = tuple[Code, ...]
"""A filter that may be given several times: one of these."""


def about_any(aggregates: tuple[str, ...], *named: tuple[str, ...]) -> About | None:
    """About some aggregates, else about those that events name together with the first codes given; None: about anything."""
    if aggregates:
        return About(aggregates)
    return next((About(named=codes) for codes in named if codes), None)


@dataclass(slots=True)
class Standpoint:
    """From where one question is asked, all its pages: whose ledger, on which connection, on what day."""

    connection: Connection
    """It shows the ledger as it was at the moment asked about."""
    source: Source
    day: date
    """The business day asked about; today's where none was."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What a question works out once for all its pages and its sums, by a name of its own."""
    _rules: dict[date, Rules] = field(default_factory=dict)

    @property
    def county(self) -> str:
        """The county whose ledger is asked."""
        return self.source.county

    @property
    def calendar(self) -> LegalClock:
        """The calendar by which dates are shown."""
        return self.source.calendar

    async def rules(self, day: date) -> Rules:
        """The county's rules of a day, by its log as it was when they were first asked for."""
        if day not in self._rules:
            self._rules[day] = (await self.source.regulation()).on(day)
        return self._rules[day]


class Filters(BaseModel, ABC):
    """Filters of a ledger's rows. Unknown parameters are refused, so that no filter is silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    PROJECTION: ClassVar[str]
    BESIDE: ClassVar[tuple[str, ...]] = ()
    """Other ledgers that the question looks at."""
    TOTALS: ClassVar[type[Value] | None] = None
    """The schema of the ledger's counts and sums; None where it has none."""
    DATED: ClassVar[bool] = False
    """Whether the ledger is also known as of a business day, and as known at a moment (D7)."""
    COMMON: ClassVar[frozenset[str]] = frozenset()
    """Parameters that say when, in what order and how much, and choose no rows."""

    def filters(self) -> dict[str, Any]:
        """The ledger's own filters that were given."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name not in self.COMMON}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value is not None and value != ()
        }

    def about(self) -> About | None:
        """What all rows and sums asked for are about, so that of a past day no more has to be folded; None: anything."""
        return None

    async def settled(self, source: Source) -> Self:  # noqa: ARG002  for those that leave anything open
        """The same with what was left open filled in; the ledger's own refusals, before anything is read."""
        return self

    @abstractmethod
    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """The rows asked for."""

    async def totals(self, at: Standpoint) -> Row | None:  # noqa: ARG002  for those that have any
        """Counts and sums over everything the filters cover; None where the ledger has none."""
        return None

    async def heading(self, source: Source) -> str | None:  # noqa: ARG002  for those whose name depends on the question
        """What the ledger is called when it is printed; None: by its own name."""
        return None


class ComparedFilters(Filters, ABC):
    """Filters of a ledger of which two moments can be compared."""

    @abstractmethod
    def rows(self, county: str) -> RowSelection:
        """The rows to be compared."""


class LedgerQuery(Filters, ABC):
    """Query that every ledger takes."""

    COMMON: ClassVar[frozenset[str]] = frozenset(
        {"min_position", "sort", "limit", "cursor", "as_of", "known_at"}
    )

    min_position: Position = Field(default=0, title="最低日志位置", description="等待台账至少更新到此位置")
    sort: SortField | None = Field(default=None, title="排序", description="字段名；前加 - 为降序")
    limit: Limit = Field(default=100, title="每页行数")
    cursor: Cursor | None = Field(default=None, title="游标", description="上一页的 nextCursor")

    def paging(self) -> dict[str, Any]:
        """The arguments that all page questions share."""
        order: dict[str, Any] = {}
        if self.sort is not None:
            order = {"sort": to_snake(self.sort.removeprefix("-")), "descending": self.sort.startswith("-")}
        return {"limit": self.limit, "cursor": self.cursor, **order}


class DatedQuery(LedgerQuery, ABC):
    """Query of ledgers that are also known as of a business day, and as known at a moment (D7)."""

    as_of: BusinessDate | None = Field(
        default=None, title="业务日期", description="台账在该日的样子；不填为当前"
    )
    known_at: Moment | None = Field(
        default=None, title="知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )


class ChangesQuery(ComparedFilters, ABC):
    """Two moments of a ledger, and which rows of it."""

    COMMON: ClassVar[frozenset[str]] = frozenset(
        {"from_as_of", "from_known_at", "to_as_of", "to_known_at", "limit", "cursor"}
    )

    from_as_of: BusinessDate | None = Field(
        default=None, title="前一时点业务日期", description="台账在该日的样子；不填为当前"
    )
    from_known_at: Moment | None = Field(
        default=None, title="前一时点知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )
    to_as_of: BusinessDate | None = Field(
        default=None, title="后一时点业务日期", description="台账在该日的样子；不填为当前"
    )
    to_known_at: Moment | None = Field(
        default=None, title="后一时点知悉时间", description="截至该时刻已记录的事件；不填为现在"
    )
    limit: Limit = Field(default=100, title="每页行数")
    cursor: Cursor | None = Field(default=None, title="游标", description="上一页的 nextCursor")


def day_asked(query: Filters, source: Source) -> date:
    """The business day a question is about; today where it names none."""
    return (query.as_of if isinstance(query, DatedQuery) else None) or source.today


@cache
def page_query(filters: type[Filters]) -> type[LedgerQuery]:
    """A ledger's filters with order and amount, and with the moment where the ledger is known at past ones."""
    common: type[Filters] = DatedQuery if filters.DATED else LedgerQuery  # type: ignore[type-abstract]
    return cast("type[LedgerQuery]", _with(filters, common, "Query"))


@cache
def changes_query(filters: type[Filters]) -> type[ChangesQuery] | None:
    """A ledger's filters with two moments; None where two cannot be compared."""
    if not issubclass(filters, ComparedFilters):
        return None
    return cast("type[ChangesQuery]", _with(filters, ChangesQuery, "Changes"))  # type: ignore[type-abstract]


def _with(filters: type[Filters], common: type[Filters], ending: str) -> type:
    name = filters.__name__.removesuffix("Filters") + ending
    return create_model(
        name, __base__=(filters, common), __doc__=filters.__doc__, __module__=filters.__module__
    )
