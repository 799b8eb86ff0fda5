"""Series of disposals (P03): what one owner disposes of in one batch, or out of one project, adds up for the thresholds.

The sum that decides who appraises and who approves is kept here, and every step of a disposal that it decides passes it
in the same commit: two lots at once cannot both be the small one. It holds what was proposed, whatever became of the
asset since; a lot that was rejected or withdrawn counts no more.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.classification import UNIT
from domain.values import Code, Fen, Name, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.occasion import Occasion

SeriesBasis = Literal["BATCH", "SOURCE_PROJECT"]
"""同一批次、同一项目。"""


class DisposalLot(Value):
    """One disposal in a series: its asset, the value the thresholds look at, and when it was proposed."""

    asset: Code = Field(title="资产编号")
    disposal: Code = Field(title="处置编号")
    value: Fen = Field(title="处置价值")
    proposed_on: FactDay = Field(title="提出日期")

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return lot_key(self.asset, self.disposal)


class DisposalSeries(DomainAggregate):
    """The disposals of one owner that count together: a batch the owner opened, or those out of one project."""

    TOPIC: ClassVar[str] = "disposal_series"
    KIND: ClassVar[str] = "disposal_series"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    owner: Annotated[str, Field(title="批次所有权人")]
    counted_by: Annotated[SeriesBasis, Field(title="合并依据")]
    name: Annotated[str, Field(title="批次名称或项目编号")]
    lots: Annotated[dict[str, DisposalLot], Field(title="各项处置")]

    class Event(DomainAggregate.Event):
        """Root of the series' events."""

    class Opened(Event, CreatedEvent):
        """An owner opened a batch, or proposed the first disposal out of a project."""

        TOPIC: ClassVar[str] = "disposal_series.opened"
        TITLE: ClassVar[str] = "设立处置批次"
        owner: Code = Field(title="批次所有权人")
        counted_by: SeriesBasis = Field(title="合并依据")
        name: Annotated[Name, UNIT] = Field(title="批次名称或项目编号")

    @classmethod
    def open(
        cls, series: str, owner: str, counted_by: SeriesBasis, name: str, at: Occasion
    ) -> DisposalSeries:
        """Begin a series of an owner (C4.12-04, P03)."""
        at.cite("C4.12-04")
        return cls.begin(cls.Opened, series, at, owner=owner, counted_by=counted_by, name=name)

    @event(Opened)
    def __init__(self, owner: Code, counted_by: SeriesBasis, name: Name) -> None:
        self.owner = owner
        self.counted_by = counted_by
        self.name = name
        self.lots = {}

    class LotCounted(Event):
        """A disposal counts in the series, with the value it has now."""

        TOPIC: ClassVar[str] = "disposal_series.lot_counted"
        TITLE: ClassVar[str] = "计入处置批次"
        lot: DisposalLot = Field(title="处置")

    def count(self, lot: DisposalLot, at: Occasion) -> None:
        """Count a disposal, or its new value, in the series (C4.12-04, P03). Refused: AMOUNT_OUT_OF_RANGE."""
        at.cite("C4.12-04")
        if self.lots.get(lot.key) != lot:
            at.in_range(self.beside(lot.key, None, 0) + lot.value, "value")
            self.record(self.LotCounted, at, lot=lot)

    @event(LotCounted)
    def _lot_counted(self, lot: DisposalLot) -> None:
        self.lots = {**self.lots, lot.key: lot}

    class LotReleased(Event):
        """A disposal was rejected or withdrawn: it counts no more."""

        TOPIC: ClassVar[str] = "disposal_series.lot_released"
        TITLE: ClassVar[str] = "移出处置批次"
        asset: Code = Field(title="资产编号")
        disposal: Code = Field(title="处置编号")

    def release(self, asset: str, disposal: str, at: Occasion) -> None:
        """Leave a disposal out that was rejected or withdrawn (C4.12-04)."""
        at.cite("C4.12-04")
        if lot_key(asset, disposal) in self.lots:
            self.record(self.LotReleased, at, asset=asset, disposal=disposal)

    @event(LotReleased)
    def _lot_released(self, asset: Code, disposal: Code) -> None:
        gone = lot_key(asset, disposal)
        self.lots = {key: lot for key, lot in self.lots.items() if key != gone}

    def beside(self, key: str, day: date | None, within: int) -> int:
        """What the others add up to, fen: those proposed within so many days of the day, before it or after; all for None."""
        return sum(lot.value for lot in self.others(key, day, within))

    def others(self, key: str, day: date | None, within: int) -> list[DisposalLot]:
        """The others that count beside one."""
        return [
            lot
            for lot in self.lots.values()
            if lot.key != key and (day is None or abs((lot.proposed_on - day).days) <= within)
        ]


def lot_key(asset: str, disposal: str) -> str:
    """What tells a disposal of an asset from all others."""
    return f"{asset} {disposal}"


def sum_beside(series: Iterable[DisposalSeries], key: str, day: date, within: int) -> Fen:
    """What counts beside a disposal in all its series, fen: each lot once, by owner; the owner with the most decides."""
    by_owner: dict[str, dict[str, int]] = {}
    for one in series:
        lots = by_owner.setdefault(one.owner, {})
        lots.update({lot.key: lot.value for lot in one.others(key, day, within)})
    return Fen(max((sum(lots.values()) for lots in by_owner.values()), default=0))
