"""The detection of a day (C4.11-04, P13): looks at every asset of a jurisdiction and opens a case for each that is found.

What is found rests on the events alone, so that a ledger that lags hides nothing. It can be told again from its beginning:
an asset that has an open case gets no second one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from pydantic import Field

from domain.asset.asset import Asset
from domain.bounds import NotAfter
from domain.refusals import Refusal
from domain.revitalisation.case import RevitalisationCase
from domain.revitalisation.detection import Cause, DetectedCause, detected
from domain.values import BusinessDate, Code, Fen, Name, Value
from service.commands.authorization import may
from service.commands.commands import CommandContext, Result, Work, transact
from service.commands.history import fold
from service.commands.operations import Job, Work as LongWork, operation_id
from service.commands.places import resource_of
from service.log.appending import ClaimTaken
from service.revitalisation.opening import cases_of, open_case

DETECTION: Final = "revitalisation.detect"
"""The kind of long work."""
_AT_ONCE: Final = 200
_LISTED: Final = 1000
_ACTION: Final = "revitalisation.detect"


class DetectionOptions(Value):
    """For which day, and whether cases are opened."""

    on: Annotated[BusinessDate, NotAfter("today")] = Field(title="判断日期")
    dry_run: bool = Field(default=False, title="只查看不立项", strict=True)


class FoundAsset(Value):
    """An asset that is to be revitalised."""

    asset: Code = Field(title="资产编号")
    asset_name: Name = Field(title="资产名称")
    cause: Cause = Field(title="盘活原因")
    idle_days: int | None = Field(default=None, title="闲置天数")
    net: Fen | None = Field(default=None, title="最近年度净收益")
    case: Code | None = Field(default=None, title="事项编号", description="试查时为空")


@dataclass(frozen=True, slots=True)
class Detection:
    """Detection in a county's assets, with what it takes."""

    context: CommandContext
    job: Job

    async def run(self) -> dict[str, Any]:
        """The result of the operation: how many assets were looked at, what was found, which cases are open already."""
        options = DetectionOptions.model_validate(self.job.request)
        county, store = self.job.county, self.context.store
        looked = already = 0
        found: list[FoundAsset] = []
        after = ""
        while streams := await store.streams_of(county, Asset.KIND, after=after, limit=_AT_ONCE):
            await self.job.progress(looked, None)
            after = streams[-1]
            assets = await self.context.load_many(
                Asset, county, [stream.partition("-")[2] for stream in streams]
            )
            mine = [it for it in assets.values() if may(self.job.actor, _ACTION, resource_of(it))]
            looked += len(mine)
            events = await store.read_streams(county, [it.stream for it in mine])
            for it in mine:
                cause = self._cause(events[it.stream], options.on, None)
                last = None if cause is None else await self._last_case(it.id)
                if last is not None and last.over and last.closing is not None:
                    cause = self._cause(events[it.stream], options.on, last.closing.closed_on)
                if cause is None:
                    continue
                open_already = last is not None and not last.over
                case = (
                    None if options.dry_run or open_already else await self._opened(it.id, cause, options.on)
                )
                if open_already or (case is None and not options.dry_run):
                    already += 1
                else:
                    found.append(_found(it, cause, case))
        return {
            "on": options.on.isoformat(),
            "dryRun": options.dry_run,
            "looked": looked,
            "found": len(found),
            "alreadyOpen": already,
            "causes": dict(sorted(Counter(one.cause for one in found).items())),
            "assets": [
                one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found[:_LISTED]
            ],
            "assetsLeftOut": max(0, len(found) - _LISTED),
        }

    async def _last_case(self, asset: str) -> RevitalisationCase | None:
        """The asset's newest case, unless this very run opened it before it was interrupted."""
        cases = await cases_of(self.context, self.job.county, asset)
        if not cases or cases[-1] == case_code(self.job.operation, asset):
            return None
        return await self.context.load(RevitalisationCase, self.job.county, cases[-1])

    def _cause(self, events: list[Any], on: date, after: date | None) -> DetectedCause | None:
        reading = fold(self.context.codec, events, as_of=on, known_at=None)
        if reading.asset is None:
            return None
        rules = self.context.in_force.known(self.job.county).on(on)
        known = [self.context.codec.domain_event(one) for one in reading.events]
        return detected(reading.asset, known, on, rules.parameters["P13"], after)

    async def _opened(self, asset: str, cause: DetectedCause, on: date) -> str | None:
        """The code of the new case; None where the asset has one that is open, or is gone."""
        code = case_code(self.job.operation, asset)

        async def decide(work: Work) -> Result:
            at = self.context.occasion(work.county, on)
            it = await work.get(Asset, asset)
            await open_case(work, asset)
            made = RevitalisationCase.open(code, it, cause, at)
            work.add(made)
            return Result(made.id, made.version, {})

        try:
            await transact(self.context, self.job.actor, decide, correlation_id=self.job.operation)
        except ClaimTaken:
            return None
        except Refusal as refusal:
            if refusal.code not in {"ALREADY_EXISTS", "ASSET_DISPOSED"}:
                raise
            return code if await self._is_open(code) else None
        return code

    async def _is_open(self, code: str) -> bool:
        """Whether an earlier attempt of this very run opened it."""
        return await self.context.load(RevitalisationCase, self.job.county, code) is not None


def case_code(origin: str, asset: str) -> str:
    """The code of the case that an operation or request opens for an asset: the same again, the same code."""
    return operation_id(origin, asset, "RC")


def _found(asset: Asset, cause: DetectedCause, case: str | None) -> FoundAsset:
    return FoundAsset(
        asset=asset.id,
        asset_name=asset.card.asset_name,
        cause=cause.cause,
        idle_days=cause.idle_days,
        net=Fen(cause.years[-1].net) if cause.years else None,
        case=case,
    )


def detection_work(context: CommandContext) -> dict[str, LongWork]:
    """The kind of long work by its name."""

    async def work(job: Job) -> dict[str, Any]:
        return await Detection(context, job).run()

    return {DETECTION: work}
