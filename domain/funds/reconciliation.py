"""Fund reconciliation (资金核对, chain A3): one unit's allocations of one year against the assets made from them.

Finance compiles, compares with the unit, and only what agrees is pushed to the unit and reported to the asset office
(C4.4-03). The comparison itself is made from the ledgers; here it is judged, kept with the digest of the unit's fund
ledger, and acknowledged by that digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.refusals import refuse
from domain.values import Code, Fen, Name, Sha256, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion

Comparison = Literal["MATCHED", "FUND_WITHOUT_ASSET", "ASSET_WITHOUT_FUND", "AMOUNT_DIFFERS"]


class FundReconciliationLine(Value):
    """One source: allocated − non-asset spend − asset funding lines = difference, in fen."""

    source: Code = Field(title="资金来源")
    allocated: Fen = Field(title="拨付金额")
    non_asset: Fen = Field(title="不形成资产的支出")
    formed: Fen = Field(title="资产资金来源合计")

    @property
    def difference(self) -> Fen:
        """What is not explained."""
        return Fen(self.allocated - self.non_asset - self.formed)

    @property
    def comparison(self) -> Comparison:
        """How the two sides stand to each other."""
        if self.difference == 0:
            return "MATCHED"
        if self.formed == 0:
            return "FUND_WITHOUT_ASSET"
        return "ASSET_WITHOUT_FUND" if self.allocated == 0 else "AMOUNT_DIFFERS"


class FundReconciliation(DomainAggregate):
    """One unit's year."""

    TOPIC: ClassVar[str] = "fund_reconciliation"
    KIND: ClassVar[str] = "fund_reconciliation"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    unit: Annotated[str, Field(title="单位编号")]
    year: Annotated[int, Field(title="年度")]
    lines: Annotated[tuple[FundReconciliationLine, ...], Field(title="各资金来源核对")]
    result: Annotated[Literal["OPEN", "RECONCILED"], Field(title="核对结果")]
    ledger_sha256: Annotated[str | None, Field(title="资金台账摘要")]
    pushed: Annotated[str | None, Field(title="已推送的台账摘要")]
    reported: Annotated[str | None, Field(title="已报送的台账摘要")]
    acknowledged_by: Annotated[str | None, Field(title="台账确认人")]

    class Event(DomainAggregate.Event):
        """Root of the reconciliation's events."""

    class Compiled(Event, CreatedEvent):
        """Finance takes up a unit's year."""

        TOPIC: ClassVar[str] = "fund_reconciliation.compiled"
        TITLE: ClassVar[str] = "资金梳理"
        unit: Code = Field(title="单位编号")
        year: int = Field(title="年度")

    @staticmethod
    def id_of(unit: str, year: int) -> str:
        """The reconciliation of a unit's year."""
        return f"{unit}:{year}"

    @classmethod
    def compile(cls, unit: str, year: int, at: Occasion) -> FundReconciliation:
        """Take up a unit's year (A3)."""
        at.cite("C4.4-03")
        return cls.begin(cls.Compiled, cls.id_of(unit, year), at, unit=unit, year=year)

    @event(Compiled)
    def __init__(self, unit: Code, year: int) -> None:
        self.unit = unit
        self.year = year
        self.lines = ()
        self.result = "OPEN"
        self.ledger_sha256 = None
        self.pushed = None
        self.reported = None
        self.acknowledged_by = None

    class Reconciled(Event):
        """The two sides were compared. `position`: where in the log the ledgers stood."""

        TOPIC: ClassVar[str] = "fund_reconciliation.reconciled"
        TITLE: ClassVar[str] = "资金核对"
        lines: tuple[FundReconciliationLine, ...] = Field(title="各资金来源核对")
        result: Literal["OPEN", "RECONCILED"] = Field(title="核对结果")
        ledger_sha256: Sha256 = Field(title="资金台账摘要")
        position: int = Field(title="核对时的日志位置")

    def reconcile(
        self, lines: tuple[FundReconciliationLine, ...], ledger_sha256: str, position: int, at: Occasion
    ) -> None:
        """Record the comparison as the ledgers have it. Reconciled when every source agrees to the fen."""
        at.cite("C4.4-03")
        if (lines, ledger_sha256) == (self.lines, self.ledger_sha256):
            return
        self.record(
            self.Reconciled,
            at,
            lines=lines,
            result="RECONCILED" if all(line.difference == 0 for line in lines) else "OPEN",
            ledger_sha256=ledger_sha256,
            position=position,
        )

    @event(Reconciled)
    def _reconciled(
        self,
        lines: tuple[FundReconciliationLine, ...],
        result: Literal["OPEN", "RECONCILED"],
        ledger_sha256: Sha256,
    ) -> None:
        self.lines = lines
        self.result = result
        self.ledger_sha256 = ledger_sha256
        self.pushed = self.reported = self.acknowledged_by = None

    class Pushed(Event):
        """The fund ledger went to the unit."""

        TOPIC: ClassVar[str] = "fund_reconciliation.pushed"
        TITLE: ClassVar[str] = "推送资金台账"
        ledger_sha256: Sha256 = Field(title="资金台账摘要")

    def push(self, at: Occasion) -> None:
        """Send the unit its fund ledger; only a reconciled one (RECONCILIATION_OPEN)."""
        self._must_agree(at)
        if self.pushed is None:
            self.record(self.Pushed, at, ledger_sha256=self.ledger_sha256)

    @event(Pushed)
    def _pushed(self, ledger_sha256: Sha256) -> None:
        self.pushed = ledger_sha256

    class Reported(Event):
        """The fund ledger went to the asset office."""

        TOPIC: ClassVar[str] = "fund_reconciliation.reported"
        TITLE: ClassVar[str] = "资金台账报县资产管理办公室"
        ledger_sha256: Sha256 = Field(title="资金台账摘要")
        document_no: Name = Field(title="报送文号")

    def report(self, document_no: str, at: Occasion) -> None:
        """Report the reconciled fund ledger to the asset office. Refused: RECONCILIATION_OPEN."""
        self._must_agree(at)
        if self.reported is None:
            self.record(self.Reported, at, ledger_sha256=self.ledger_sha256, document_no=document_no)

    @event(Reported)
    def _reported(self, ledger_sha256: Sha256) -> None:
        self.reported = ledger_sha256

    def _must_agree(self, at: Occasion) -> None:
        at.cite("C4.4-03")
        off = total(abs(line.difference) for line in self.lines)
        at.require(self.result == "RECONCILED", "RECONCILIATION_OPEN", difference=off.yuan())

    class Acknowledged(Event):
        """The unit has the ledger that was pushed, and agrees."""

        TOPIC: ClassVar[str] = "fund_reconciliation.acknowledged"
        TITLE: ClassVar[str] = "确认资金台账"
        ledger_sha256: Sha256 = Field(title="资金台账摘要")
        person: Code = Field(title="台账确认人")

    def acknowledge(self, ledger_sha256: str, person: str, at: Occasion) -> None:
        """The unit confirms what it was sent, by its digest (LEDGER_HASH_MISMATCH for another one).

        Refused also: STEP_OUT_OF_ORDER.
        """
        at.cite("C4.4-03")
        if self.pushed is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-03", step="acknowledge", state=self.result, missing=["push"]
            )
        if ledger_sha256 != self.pushed:
            raise refuse("LEDGER_HASH_MISMATCH", clause="C4.4-03")
        if self.acknowledged_by is None:
            self.record(self.Acknowledged, at, ledger_sha256=ledger_sha256, person=person)

    @event(Acknowledged)
    def _acknowledged(self, person: Code) -> None:
        self.acknowledged_by = person
