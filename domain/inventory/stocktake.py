"""A stocktake (清查盘点, C2-03): what the register says is there, looked for piece by piece.

A campaign opens with a baseline, the assets the register held at a position of the log (or that earlier batches brought
in), fixed by its digest. Every asset of it is found, missing, moved or damaged; what stands there and is in no register
is a surplus. Completion needs a line for every asset of the baseline. Then every missing asset carries the risk LOST,
every surplus is a registration task, and every moved asset a proposal to correct its location.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.order import there
from domain.refusals import refuse
from domain.values import Code, Name, PaperSha256, Sha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

LISTED_AT_ONCE: Final = 5_000
"""Most assets one event lists."""


class StocktakeScope(Value):
    """Scope of a campaign: the whole county, a division with all below it, or what one unit is responsible for."""

    kind: Literal["COUNTY", "DIVISION", "UNIT"] = Field(title="范围种类", description="全县 / 区划 / 单位")
    code: Code | None = Field(default=None, title="区划或单位编号", description="全县不填")


class Baseline(Value):
    """The opening balance: from the register at a position of the log, or from earlier batches."""

    position: int = Field(title="日志位置", strict=True, ge=0)
    batches: tuple[Code, ...] = Field(default=(), title="来源批次", max_length=200)
    assets: int = Field(title="资产项数", strict=True, ge=0)
    sha256: Sha256 = Field(title="清单摘要", description="资产编号排序后逐行连接的 SHA-256")


class StocktakeLine(Value):
    """Result for one asset of the baseline. MISSING, MOVED and DAMAGED need evidence."""

    asset: Code = Field(title="资产编号")
    result: Literal["FOUND", "MISSING", "MOVED", "DAMAGED"] = Field(title="盘点结果")
    seen_on: FactDay = Field(title="盘点日期")
    location: Code | None = Field(default=None, title="现所在地", description="位置变动必填")
    evidence_sha256: PaperSha256 | None = Field(default=None, title="照片或凭证摘要")
    note: Text | None = Field(default=None, title="说明")


class Surplus(Value):
    """Something that stands there and is in no register: to be registered."""

    surplus: Code = Field(title="盘盈编号")
    name: Name = Field(title="名称")
    location: Code = Field(title="所在地")
    quantity: Name = Field(title="数量及单位")
    seen_on: FactDay = Field(title="盘点日期")
    evidence_sha256: PaperSha256 = Field(title="照片或凭证摘要")
    note: Text | None = Field(default=None, title="说明")


class CorrectionProposal(Value):
    """A location that the register should take over: carried out as a correction of the registration."""

    asset: Code = Field(title="资产编号")
    location: Code = Field(title="现所在地")


def digest_of(assets: Iterable[str]) -> str:
    """What fixes a baseline: the SHA-256 of the sorted codes, one a line."""
    return hashlib.sha256("\n".join(sorted(assets)).encode()).hexdigest()


class StocktakeCampaign(DomainAggregate):
    """One stocktake, from its baseline to its result."""

    TOPIC: ClassVar[str] = "stocktake"
    KIND: ClassVar[str] = "stocktake"

    title: Annotated[Name, Field(title="盘点名称")]
    scope: Annotated[StocktakeScope, Field(title="盘点范围")]
    baseline: Annotated[Baseline, Field(title="期初清单")]
    assets: Annotated[tuple[Code, ...], Field(title="盘点资产编号")]
    lines: Annotated[dict[str, StocktakeLine], Field(title="各资产盘点结果")]
    surpluses: Annotated[dict[str, Surplus], Field(title="盘盈")]
    registrations: Annotated[dict[str, str], Field(title="各盘盈登记的资产编号")]
    state: Annotated[Literal["OPEN", "COMPLETED"], Field(title="盘点状态")]
    completed_on: Annotated[date | None, Field(title="盘点完成日期")]

    class Event(DomainAggregate.Event):
        """Root of the stocktake's events."""

    class Opened(Event, CreatedEvent):
        """A stocktake begins with its baseline; the assets follow in the same commit."""

        TOPIC: ClassVar[str] = "stocktake.opened"
        TITLE: ClassVar[str] = "盘点启动"
        title: Name = Field(title="盘点名称")
        scope: StocktakeScope = Field(title="盘点范围")
        baseline: Baseline = Field(title="期初清单")

    @classmethod
    def open(
        cls,
        campaign: str,
        title: str,
        scope: StocktakeScope,
        assets: Iterable[str],
        at: Occasion,
        *,
        position: int,
        batches: tuple[str, ...] = (),
    ) -> StocktakeCampaign:
        """Open a campaign over these assets, as the log held them at `position` (C2-03). Refused: FIELD_REQUIRED."""
        at.cite("C2-03")
        if (scope.code is None) != (scope.kind == "COUNTY"):
            raise refuse("FIELD_REQUIRED", clause="C2-03", missing=["scope.code"], field="scope.code")
        listed = tuple(sorted(set(assets)))
        baseline = Baseline(position=position, batches=batches, assets=len(listed), sha256=digest_of(listed))
        made = cls.begin(cls.Opened, campaign, at, title=title, scope=scope, baseline=baseline)
        for start in range(0, len(listed), LISTED_AT_ONCE):
            made.record(cls.BaselineListed, at, assets=listed[start : start + LISTED_AT_ONCE])
        return made

    @event(Opened)
    def __init__(self, title: Name, scope: StocktakeScope, baseline: Baseline) -> None:
        self.title = title
        self.scope = scope
        self.baseline = baseline
        self.assets = ()
        self.lines = {}
        self.surpluses = {}
        self.registrations = {}
        self.state = "OPEN"
        self.completed_on = None

    class BaselineListed(Event):
        """Assets of the baseline, at most 5,000 an event."""

        TOPIC: ClassVar[str] = "stocktake.baseline_listed"
        TITLE: ClassVar[str] = "盘点清单"
        assets: tuple[Code, ...] = Field(title="盘点资产编号")

    @event(BaselineListed)
    def _baseline_listed(self, assets: tuple[Code, ...]) -> None:
        self.assets = (*self.assets, *assets)

    class LinesRecorded(Event):
        """Results for assets of the baseline; a later line on the same asset replaces the earlier one."""

        TOPIC: ClassVar[str] = "stocktake.lines_recorded"
        TITLE: ClassVar[str] = "盘点结果"
        lines: tuple[StocktakeLine, ...] = Field(title="盘点记录")

    def record_lines(self, lines: Iterable[StocktakeLine], at: Occasion) -> None:
        """Record what was looked at (C2-03). NOT_FOUND for an asset outside the baseline, EVIDENCE_REQUIRED where
        somebody else must be able to see it, BATCH_ITEM_DUPLICATE for an asset that stands there twice.

        Refused also: STEP_OUT_OF_ORDER, FIELD_REQUIRED.
        """
        at.cite("C2-03")
        self._must_be_open("line")
        given = tuple(lines)
        known = set(self.assets)
        twice = [code for code, times in Counter(line.asset for line in given).items() if times > 1]
        if twice:
            raise refuse("BATCH_ITEM_DUPLICATE", clause="C2-03", what="、".join(twice[:20]))
        for line in given:
            if line.asset not in known:
                raise refuse("NOT_FOUND", what=line.asset)
            if line.result == "MOVED" and line.location is None:
                raise refuse("FIELD_REQUIRED", clause="C2-03", missing=["location"], field="location")
            if line.result != "FOUND" and line.evidence_sha256 is None:
                raise refuse("EVIDENCE_REQUIRED", clause="C2-03", missing=["evidenceSha256"])
        news = tuple(line for line in given if self.lines.get(line.asset) != line)
        if news:
            self.record(self.LinesRecorded, at, lines=news)

    @event(LinesRecorded)
    def _lines_recorded(self, lines: tuple[StocktakeLine, ...]) -> None:
        self.lines = {**self.lines, **{line.asset: line for line in lines}}

    class SurplusRecorded(Event):
        """Something is there that no register knows."""

        TOPIC: ClassVar[str] = "stocktake.surplus_recorded"
        TITLE: ClassVar[str] = "盘盈"
        surplus: Surplus = Field(title="盘盈内容")

    def find_surplus(self, surplus: Surplus, at: Occasion) -> None:
        """Record a surplus (C2-03): a registration task once the campaign is complete.

        Refused: STEP_OUT_OF_ORDER, ALREADY_EXISTS.
        """
        at.cite("C2-03")
        if self.surpluses.get(surplus.surplus) == surplus:
            return
        self._must_be_open("surplus")
        if surplus.surplus in self.surpluses:
            raise refuse("ALREADY_EXISTS", what=surplus.surplus)
        self.record(self.SurplusRecorded, at, surplus=surplus)

    @event(SurplusRecorded)
    def _surplus_recorded(self, surplus: Surplus) -> None:
        self.surpluses = {**self.surpluses, surplus.surplus: surplus}

    class Completed(Event):
        """Everything was looked for; the result stands."""

        TOPIC: ClassVar[str] = "stocktake.completed"
        TITLE: ClassVar[str] = "盘点完成"
        found: int = Field(title="在位项数")
        missing: tuple[Code, ...] = Field(title="盘亏资产编号")
        moved: tuple[CorrectionProposal, ...] = Field(title="移位资产")
        damaged: tuple[Code, ...] = Field(title="毁损资产编号")
        surplus: tuple[Code, ...] = Field(title="盘盈项编号")

    def complete(self, at: Occasion) -> None:
        """Complete the campaign (C2-03). STOCKTAKE_INCOMPLETE while an asset of the baseline has no line."""
        at.cite("C2-03")
        if self.state == "COMPLETED":
            return
        left = self.unseen()
        if left:
            raise refuse("STOCKTAKE_INCOMPLETE", missing=left[:50], remaining=len(left))
        self.record(
            self.Completed,
            at,
            found=sum(line.result == "FOUND" for line in self.lines.values()),
            missing=self.with_result("MISSING"),
            moved=tuple(self.proposals()),
            damaged=self.with_result("DAMAGED"),
            surplus=tuple(sorted(self.surpluses)),
        )

    @event(Completed)
    def _completed(self, occurred_on: date) -> None:
        self.state = "COMPLETED"
        self.completed_on = occurred_on

    class SurplusRegistered(Event):
        """A registration task is done: the surplus is an asset of the register now."""

        TOPIC: ClassVar[str] = "stocktake.surplus_registered"
        TITLE: ClassVar[str] = "盘盈登记"
        surplus: Code = Field(title="盘盈编号")
        asset: Code = Field(title="资产编号")

    def register_surplus(self, surplus: str, asset: str, at: Occasion) -> None:
        """Close a registration task by the asset that was registered for it (C2-03).

        Refused: NOT_FOUND, ALREADY_EXISTS.
        """
        at.cite("C2-03")
        if surplus not in self.surpluses:
            raise refuse("NOT_FOUND", what=surplus)
        if self.registrations.get(surplus) == asset:
            return
        if surplus in self.registrations or asset in self.registrations.values():
            raise refuse("ALREADY_EXISTS", what=f"{surplus} {asset}")
        self.record(self.SurplusRegistered, at, surplus=surplus, asset=asset)

    @event(SurplusRegistered)
    def _surplus_registered(self, surplus: str, asset: str) -> None:
        there(self.surpluses.get(surplus))
        self.registrations = {**self.registrations, surplus: asset}

    # ---- what others ask --------------------------------------------------------------------------------------

    def unseen(self) -> list[str]:
        """Assets of the baseline without a line."""
        return [asset for asset in self.assets if asset not in self.lines]

    def with_result(self, result: str) -> tuple[str, ...]:
        """Assets with this result, sorted."""
        return tuple(sorted(line.asset for line in self.lines.values() if line.result == result))

    def proposals(self) -> list[CorrectionProposal]:
        """Locations the register should take over."""
        return [
            CorrectionProposal(asset=asset, location=self.lines[asset].location or "")
            for asset in self.with_result("MOVED")
        ]

    def tasks(self) -> list[str]:
        """Surpluses of a completed campaign that are not registered yet."""
        return sorted(set(self.surpluses) - set(self.registrations)) if self.state == "COMPLETED" else []

    def covers(self, asset: str) -> bool:
        """Whether the completed campaign saw this asset: then it can be the basis of a confirmation (C4.5-02)."""
        line = self.lines.get(asset)
        return self.state == "COMPLETED" and line is not None and line.result != "MISSING"

    def _must_be_open(self, step: str) -> None:
        if self.state != "OPEN":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.4-01", step=step, state=self.state)
