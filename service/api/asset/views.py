"""Questions to one asset: whose it should be and why, who holds its rights on a day, what its income attains."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.asset.facts.ownership import TitleEvidence
from domain.asset.facts.rights import RightsBundle
from domain.asset.ownership_advice import OwnershipAdvisory, SettledTitle, SuggestedOwner, advisory
from domain.examination.examination import ExaminationFinding, UnjudgedEvent
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import refuse
from domain.values import BusinessDate, Fen, Value
from service.api.asset.decisions import AssetPath
from service.api.http.intake import admission_of
from service.api.http.reading import ACTION, Read, Reading, get, routes
from service.audit.examination import ExaminationScope, Examiner
from service.commands.history import asset_changes, attained, fold
from service.commands.naming import require_listed
from service.ledgers.parameters import Moment
from service.shares import Share, working

router = routes("/v1/assets", "assets 资产")
advice = routes("/v1/ownership-advice", "assets 资产")

OnDay = Annotated[BusinessDate | None, Query(title="日期", description="不填为当日 / default: today")]
Year = Annotated[int, Query(title="年度", ge=2000, le=2200)]

UNREGISTERED: Final = "-"
"""In place of an asset's code where there is only a card."""


class AskOwnershipAdvice(Value):
    """A card that is not in the register, or not yet."""

    card: RegisterCard = Field(title="登记卡")
    title_unclear: bool = Field(default=False, title="产权不明晰", strict=True)
    on: BusinessDate | None = Field(default=None, title="日期", description="不填为当日")


class IncomeAttainment(Value):
    """A year's income of an operating asset against what its contracts promise; percent with two decimals."""

    asset: str = Field(title="资产编号")
    year: int = Field(title="年度")
    target: Fen = Field(title="目标收益")
    received: Fen = Field(title="实际收益")
    attainment: str | None = Field(title="完成率（%）", description="没有目标时为空")


class UnplacedEvent(Value):
    """An event whose business date lies before that of a fact it rests on."""

    position: int = Field(title="日志位置")
    type: str = Field(title="事件类型")


class AssetMoment(Value):
    """One of the two moments."""

    as_of: date | None = Field(title="业务日期", description="为空是当前")
    known_at: datetime | None = Field(title="知悉时间", description="为空是现在")
    registered: bool = Field(title="当时是否已登记")
    version: int = Field(title="版本")
    unplaced: tuple[UnplacedEvent, ...] = Field(title="无法归位的事件")


class FieldChange(Value):
    """A field that is not the same at both moments."""

    field: str = Field(title="字段", description="嵌套的字段以点分隔")
    title: str | None = Field(title="名称")
    before: Any = Field(title="变更前", description="为空即当时没有")
    after: Any = Field(title="变更后", description="为空即当时没有")


class EventBetween(Value):
    """An event that only one of the two moments knows."""

    position: int = Field(title="日志位置")
    type: str = Field(title="事件类型")
    title: str = Field(title="事件名称")
    occurred_on: date = Field(title="业务日期")
    recorded_at: datetime = Field(title="记录时间")
    known_to: Literal["BEFORE", "AFTER"] = Field(title="见于哪一时点")


class AssetChanges(Value):
    """An asset at two moments."""

    asset: str = Field(title="资产编号")
    before: AssetMoment = Field(title="前一时点")
    after: AssetMoment = Field(title="后一时点")
    changes: tuple[FieldChange, ...] = Field(title="变更前后内容")
    events: tuple[EventBetween, ...] = Field(title="两时点之间的事件")


FromAsOf = Annotated[BusinessDate | None, Query(title="前一时点业务日期", description="不填为当前")]
FromKnownAt = Annotated[Moment | None, Query(title="前一时点知悉时间", description="不填为现在")]
ToAsOf = Annotated[BusinessDate | None, Query(title="后一时点业务日期", description="不填为当前")]
ToKnownAt = Annotated[Moment | None, Query(title="后一时点知悉时间", description="不填为现在")]


@get(router, "/{asset}/changes", "资产两时点比较", "asset.read", response_model=AssetChanges)
async def read_asset_changes(
    asset: AssetPath,
    read: Reading,
    from_as_of: FromAsOf = None,
    from_known_at: FromKnownAt = None,
    to_as_of: ToAsOf = None,
    to_known_at: ToKnownAt = None,
) -> Response:
    """What differs between two moments of the asset, from the log, and by which events (D7); NOT_FOUND.

    FIELD_REQUIRED when no moment is named, for now and now are the same.
    """
    was, now = (from_as_of, from_known_at), (to_as_of, to_known_at)
    if was == now == (None, None):
        raise refuse("FIELD_REQUIRED", field="from_as_of、from_known_at、to_as_of、to_known_at")
    return read.answer(await asset_changes(read.context, read.county, asset, was, now))


class ClauseFindings(Value):
    """Number of findings of a clause."""

    clause: str | None = Field(title="条款")
    article: str | None = Field(title="本县条文")
    title: str | None = Field(title="条款标题")
    quote: str | None = Field(title="条文原文")
    code: str = Field(title="代码")
    findings: int = Field(title="发现件数")


class Examination(Value):
    """An asset's history judged again: findings with clause and event, and what could not be judged."""

    asset: str = Field(title="资产编号")
    events: int = Field(title="已重审事件数")
    clauses: tuple[ClauseFindings, ...] = Field(title="各条款发现")
    findings: tuple[ExaminationFinding, ...] = Field(title="发现")
    unjudged: tuple[UnjudgedEvent, ...] = Field(title="未判定")


@get(router, "/{asset}/examination", "历史重审", "asset.read", response_model=Examination)
async def read_asset_examination(asset: AssetPath, read: Reading) -> Response:
    """The asset's events, imported ones too, and its procedures' by the rules of each event's own day; NOT_FOUND.
    One at a time for a key: TOO_MANY_REQUESTS.
    """
    examiner = Examiner(read.context.store, read.pool, read.county, read.context.regulations[read.county])
    async with admission_of(read.request).examinations.place():
        with working(Share.WORK):
            report = await examiner.run(ExaminationScope(asset=asset))
    told = {name: report.shown()[name] for name in ("events", "clauses", "findings", "unjudged")}
    return read.answer({"asset": asset} | told)


@get(router, "/{asset}/ownership-advice", "确权建议", "asset.read", response_model=OwnershipAdvisory)
async def read_ownership_advice(asset: AssetPath, read: Reading, on: OnDay = None) -> Response:
    """Which rule decides over the asset and why, whose it should be, what is still missing (C4.5-02)."""
    found = await _asset(read, asset)
    await read.regulation()
    at = read.context.occasion(read.county, on)
    proof = None
    if found.title_procedure is not None:
        procedure = await read.context.load(ProcedureInstance, read.county, found.title_procedure.procedure)
        proof = procedure.proof() if procedure is not None and procedure.withdrawn is None else None
    unclear = found.title_unclear
    settled = None
    if found.title == "CONFIRMED" and not unclear:
        settled = SettledTitle(
            confirmed_on=found.confirmed_on,
            rule=found.ownership_rule,
            owner_kind=found.owner_kind,
            owners=found.owners,
            agrees=True,
        )
    told = advisory(found.card, at, found.title_evidence(proof), title_unclear=unclear, settled=settled)
    return _answer(read, await _named(read, told, at))


@advice.post(
    "",
    summary="确权建议（未登记）",
    response_model=OwnershipAdvisory,
    openapi_extra={ACTION: "asset.advise"},
)
async def ask_ownership_advice(body: AskOwnershipAdvice, read: Reading) -> Response:
    """The same for a card that is not in the register: a question, nothing is recorded."""
    await read.regulation()
    at = read.context.occasion(read.county, body.on)
    read.request.state.day = at.on
    require_listed(body, at.rules)
    told = advisory(body.card, at, TitleEvidence(asset=UNREGISTERED), title_unclear=body.title_unclear)
    return _answer(read, await _named(read, told, at))


@get(router, "/{asset}/rights", "五权", "asset.read", response_model=RightsBundle)
async def read_asset_rights(asset: AssetPath, read: Reading, on: OnDay = None) -> Response:
    """Who holds ownership, use, income, disposal and supervision on a day (C2-02), by what had happened by then."""
    day = read.day(on)
    events = await read.context.store.read_stream(read.county, Asset.stream_of(asset))
    found = fold(read.context.codec, events, as_of=day, known_at=None).asset
    if found is None:
        raise refuse("NOT_FOUND", what=asset)
    rules = (await read.regulation()).on(day)
    return _answer(read, found.rights_on(day, rules))


@get(router, "/{asset}/income-attainment", "收益目标完成情况", "asset.read", response_model=IncomeAttainment)
async def read_income_attainment(asset: AssetPath, read: Reading, year: Year) -> Response:
    """A year's income against the target of the contracts that ran in it (C4.5-22)."""
    found = await _asset(read, asset)
    events = await read.context.store.read_stream(read.county, Asset.stream_of(asset))
    target, received, percent = attained(found, events, year)
    return _answer(
        read, IncomeAttainment(asset=asset, year=year, target=target, received=received, attainment=percent)
    )


async def _asset(read: Read, asset: str) -> Asset:
    found = await read.context.load(Asset, read.county, asset)
    if found is None:
        raise refuse("NOT_FOUND", what=asset)
    return found


async def _named(read: Read, told: OwnershipAdvisory, at: Occasion) -> OwnershipAdvisory:
    """The advice with the names of the units it suggests, a village by its collective where it has one."""
    units = await read.context.load_many(Organization, read.county, [one.owner for one in told.owners])
    return told.model_copy(
        update={"owners": tuple(_with_name(one, units.get(one.owner), at.on) for one in told.owners)}
    )


def _with_name(suggested: SuggestedOwner, unit: Organization | None, on: date) -> SuggestedOwner:
    if unit is None:
        return suggested
    collective = unit.collective_on(on)
    if collective is None:
        return suggested.model_copy(update={"name": unit.card.name})
    return suggested.model_copy(update={"name": collective.name, "uscc": collective.uscc})


def _answer(read: Read, body: Value) -> Response:
    return read.answer(body.model_dump(mode="json", by_alias=True))
