"""Which assets are to be revitalised (长期闲置、效益差甚至亏损, C4.11-04, P13): judged from what an asset's own events say.

Nothing is asked of whoever runs the detection: idle days come from status reports, yield and loss from receipts, upkeep
and depreciation on record.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from domain.aggregate import DomainEvent
from domain.asset.asset import Asset
from domain.bounds import FactDay
from domain.values import Fen, Value

if TYPE_CHECKING:
    from domain.regulation.parameters import PerformanceLimits

Cause = Literal["IDLE", "LOW_YIELD", "LOSS", "DECLARED"]
"""闲置、低效、亏损，或由单位自行提出。"""

_IN_BASIS_POINTS = 10_000


class YearResult(Value):
    """An asset's result in a calendar year, in fen: income received less upkeep and depreciation on record."""

    year: int = Field(title="年度")
    income: Fen = Field(title="到账收益")
    upkeep: Fen = Field(title="养护支出")
    depreciation: Fen = Field(title="计提折旧")

    @property
    def net(self) -> int:
        """Income less upkeep and depreciation, fen; below zero it is a loss."""
        return self.income - self.upkeep - self.depreciation


class DetectedCause(Value):
    """Why an asset is to be revitalised, with the figures that say so."""

    cause: Cause = Field(title="盘活原因", description="闲置 / 低效 / 亏损 / 自行提出")
    idle_since: FactDay | None = Field(default=None, title="闲置起始日期")
    idle_days: int | None = Field(default=None, title="闲置天数")
    original_value: Fen | None = Field(default=None, title="原始价值")
    years: tuple[YearResult, ...] = Field(default=(), title="各年度收支", max_length=20)


def detected(
    asset: Asset,
    events: Iterable[DomainEvent],
    on: date,
    limits: PerformanceLimits,
    after: date | None = None,
) -> DetectedCause | None:
    """Why the asset is to be revitalised on a day, None where nothing says so: idleness before loss before low yield.

    `asset`: as it was on that day; `events`: its events about days up to it. An asset that is disposed of or outside the
    managed scope is not looked at; yield and loss are asked of operating assets alone, over whole calendar years before
    the day during all of which the asset was in use. `after`: a case of before was closed on that day, and what it was
    about is not found again: idle days count from it, and years that were over by then are not looked at.
    """
    if asset.disposed_on is not None or asset.scope != "IN":
        return None
    known = [event for event in events if event.occurred_on <= on]
    since = idle_since(known)
    if since is not None and after is not None:
        since = max(since, after)
    if since is not None and (on - since).days >= limits.idle_days:
        return DetectedCause(cause="IDLE", idle_since=since, idle_days=(on - since).days)
    if asset.card.asset_class != "OPERATING" or asset.in_use_since is None:
        return None
    worked = [
        year for year in range(asset.in_use_since.year, on.year) if asset.in_use_since <= date(year, 1, 1)
    ]
    results = [result_of(known, year) for year in worked if after is None or date(year, 12, 31) > after]
    last = tuple(results[-limits.loss_years :])
    if len(last) == limits.loss_years and all(result.net < 0 for result in last):
        return DetectedCause(cause="LOSS", original_value=asset.card.original_value, years=last)
    if (
        results
        and results[-1].income * _IN_BASIS_POINTS
        < limits.yield_below_basis_points * asset.card.original_value
    ):
        return DetectedCause(
            cause="LOW_YIELD", original_value=asset.card.original_value, years=(results[-1],)
        )
    return None


def idle_since(events: Iterable[DomainEvent]) -> date | None:
    """The first day of the stretch in which every report says idle, None where the last says something else."""
    said: list[tuple[date, bool]] = []
    for event in events:
        if isinstance(event, Asset.OperationStatusReported):
            said.append((event.report.reported_on, event.report.state == "IDLE"))
        elif isinstance(event, Asset.PutIntoUse):
            said.append((event.in_use_since, False))
    since: date | None = None
    for day, idle in sorted(said, key=lambda one: one[0]):
        since = (since or day) if idle else None
    return since


def result_of(events: Iterable[DomainEvent], year: int) -> YearResult:
    """What came in and went out in a year by what is on record."""
    income = upkeep = depreciation = 0
    for event in events:
        if isinstance(event, Asset.IncomeReceived) and event.receipt.received_on.year == year:
            income += event.receipt.amount
        elif isinstance(event, Asset.MaintenanceDone) and event.maintenance.done_on.year == year:
            upkeep += event.maintenance.cost
        elif isinstance(event, Asset.DepreciationPosted) and event.year == year:
            depreciation += event.amount
    return YearResult(year=year, income=Fen(income), upkeep=Fen(upkeep), depreciation=Fen(depreciation))
