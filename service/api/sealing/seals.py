"""Sealed ledgers over HTTP: seal, see what came since, hand in, collect (C4.3-11, C4.4-04, C4.5-01)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from domain.bounds import NotAfter
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.refusals import refuse
from domain.sealing.seal import LedgerSeal, LedgerSnapshot, SealKind, check_keeper
from domain.values import BusinessDate, Code, Fen, PersonCode, Sha256, Value
from service.api.http.paging import MinPosition
from service.api.http.reading import Read, Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.ledgers.differences import Changes, changes_shown, start_of
from service.ledgers.parameters import Cursor, Limit
from service.ledgers.questions.sealing import SEALED_ROWS, LedgerCollection, ledger_collection
from service.ledgers.tables import value_shown
from service.sealing.sealing import Sealing

router = routes("/v1/seals", "seals 台账封存")
ledgers = routes("/v1/ledgers", "ledgers 台账")

SealCode = Annotated[Code, Path(title="封存编号")]
LedgerSealView = view_model(LedgerSeal)


class SealLedger(Circumstances):
    """Request body: seal a unit's ledger of a year."""

    kind: SealKind = Field(title="台账种类")
    unit: Code = Field(title="单位")
    year: int = Field(title="年度", ge=2013, le=2200)
    as_of: Annotated[BusinessDate, NotAfter("today")] | None = Field(
        default=None, title="截止业务日期", description="不填为当年 12 月 31 日"
    )


class SubmitLedger(Circumstances):
    """Request body: submit a sealed ledger."""

    root_hash: Sha256 = Field(title="台账摘要", description="单位所持台账的摘要，须与封存的一致")
    person: PersonCode = Field(title="报送人")


class CollectLedger(Circumstances):
    """Request body: collect a submitted ledger."""

    person: PersonCode = Field(title="汇总人")


def sealing_of(read: Read) -> Sealing:
    """What it takes to derive ledgers for seals in the county of the credential."""
    return Sealing(read.pool, read.moments, read.context.in_force.known(read.county), read.county)


def seal_view(seal: LedgerSeal) -> dict[str, Any]:
    """A seal as every answer shows it."""
    return seal.view()


async def _keeper(seal: LedgerSeal, write: Write) -> Resource:
    """The unit whose ledger it is."""
    unit = await write.context.load(Organization, write.county, seal.snapshot.unit)
    return Resource(organizations=(seal.snapshot.unit,)) if unit is None else place_of(unit)


_SEALS = Kind(router, LedgerSeal, LedgerSealView, lambda it, _: seal_view(it), _keeper)


@_SEALS.post("", "封存单位台账", "ledger.seal")
async def seal_ledger(body: SealLedger, write: Writing) -> Response:
    """Seal a unit's ledger of a year: log position, tree root, digest and sums; the county's are sealed on a review."""

    async def keeper() -> Resource:
        return place_of(await unit_of(write.context, write.county, body.unit, "unit"))

    async def make(at: Occasion, _: Work) -> LedgerSeal:
        unit = await unit_of(write.context, write.county, body.unit, "unit")
        check_keeper(body.kind, unit.card.kind, at)
        if body.kind in {"COUNTY_MASTER", "CATEGORISED"}:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-04", step="seal", state="NONE", missing=["jointReview"]
            )
        code = LedgerSeal.id_of(body.kind, body.unit, body.year)
        if await write.context.knows(LedgerSeal, write.county, code):
            raise refuse("ALREADY_EXISTS", what=code)
        on = body.as_of or date(body.year, 12, 31)
        at.not_in_future(on, "asOf")
        (snapshot,) = await sealing_of(write).snapshots([(body.kind, body.unit)], body.year, on)
        return LedgerSeal.seal(snapshot, unit.card.kind, at)

    return await write.create(_SEALS, body, make, scope=keeper)


@_SEALS.post("/{seal}/submission", "报送台账", "ledger.submit")
async def submit_ledger(seal: SealCode, body: SubmitLedger, write: Writing) -> Response:
    """Hand a unit's sealed ledger in to the asset office, by its digest (LEDGER_HASH_MISMATCH)."""
    return await write.decide(_SEALS, seal, body, lambda it, at: it.submit(body.root_hash, body.person, at))


@_SEALS.post("/{seal}/collection", "汇总台账", "ledger.collect")
async def collect_ledger(seal: SealCode, body: CollectLedger, write: Writing) -> Response:
    """Take a submitted ledger into the county's."""
    return await write.decide(
        _SEALS,
        seal,
        body,
        lambda it, at: it.collect(body.person, at),
        scope=lambda _it, _write: Resource(),
    )


@get(router, "/{seal}", "查询台账封存", "ledger.read", response_model=from_log(LedgerSealView))
async def read_seal(seal: SealCode, read: Reading) -> Response:
    """A seal from the log."""
    return await read.aggregate(LedgerSeal, seal, seal_view)


# ---- what came since -----------------------------------------------------------------------------------------------


class SealedSide(Value):
    """One side of a delta report."""

    position: int = Field(title="日志位置")
    root_hash: Sha256 = Field(title="台账摘要")
    tree_root: Sha256 = Field(title="日志树根")
    rows: int = Field(title="行数")
    original_value: Fen = Field(title="原始价值合计")
    net_book_value: Fen = Field(title="净值合计")


class SealDelta(Changes):
    """A seal against what is known now about the same day."""

    seal: Code = Field(title="封存编号")
    as_of: BusinessDate = Field(title="截止业务日期")
    unchanged: bool = Field(title="封存后是否没有更正")
    sealed: SealedSide = Field(title="封存时的台账")
    present: SealedSide = Field(title="现在")


After = Annotated[Cursor | None, Query(title="游标")]
Most = Annotated[Limit, Query(title="每页行数")]


@get(router, "/{seal}/delta", "封存后的更正", "ledger.read", response_model=SealDelta)
async def read_seal_delta(seal: SealCode, read: Reading, cursor: After = None, limit: Most = 100) -> Response:
    """What was recorded after the seal about the days it covers; the sealed ledger itself never changes (C4.4-04)."""
    found = await read.context.load(LedgerSeal, read.county, seal)
    if found is None:
        raise refuse("NOT_FOUND", what=seal)
    sealed = found.snapshot
    delta, present = await sealing_of(read).delta(sealed, start_of(cursor), limit)
    body = {
        "seal": seal,
        "asOf": sealed.as_of.isoformat(),
        "unchanged": present.root_hash == sealed.root_hash,
        "sealed": _side(sealed),
        "present": _side(present),
    }
    return read.answer(body | changes_shown(delta, ("asset",), limit, SEALED_ROWS[sealed.kind], read.sees))


def _side(snapshot: LedgerSnapshot) -> dict[str, Any]:
    shown_fields = snapshot.model_dump(mode="json", by_alias=True)
    return {
        name: shown_fields[name]
        for name in ("position", "rootHash", "treeRoot", "rows", "originalValue", "netBookValue")
    }


# ---- whether it still holds ----------------------------------------------------------------------------------------


class SealStanding(Value):
    """A sealed ledger by its number, held against the log as it is now."""

    seal: Code = Field(title="封存编号")
    holds: bool = Field(title="所载内容是否仍然成立")
    doubts: tuple[Literal["LATER_FACTS", "LOG_DIFFERS", "OTHER_DIGEST"], ...] = Field(
        title="封存不再成立的原因",
        description="后来补记或更正了截止日以前的事实 / 日志与封存时不符 / 摘要不是本次封存的",
    )
    added: int = Field(title="新增行数")
    removed: int = Field(title="减少行数")
    changed: int = Field(title="变动行数")
    root_hash: Sha256 = Field(title="台账摘要")
    position: int = Field(title="日志位置", description="核对到的日志位置")


@get(router, "/{seal}/standing", "按编号核验台账封存", "ledger.read", response_model=SealStanding)
async def read_seal_standing(
    seal: SealCode,
    read: Reading,
    digest: Annotated[Sha256 | None, Query(title="摘要", description="所持台账的摘要")] = None,
) -> Response:
    """Whether a sealed ledger still says what the log says of its day, and why not; the rows are in its delta (C4.4-04)."""
    found = await read.context.load(LedgerSeal, read.county, seal)
    if found is None:
        raise refuse("NOT_FOUND", what=seal)
    sealed = found.snapshot
    sealing = sealing_of(read)
    delta, present = await sealing.delta(sealed, None, 1)
    doubts = {
        "OTHER_DIGEST": digest not in {None, sealed.root_hash},
        "LATER_FACTS": present.root_hash != sealed.root_hash,
        "LOG_DIFFERS": not await sealing.has_root(sealed.position, sealed.tree_root),
    }
    view = SealStanding(
        seal=seal,
        holds=not any(doubts.values()),
        doubts=tuple(name for name, so in doubts.items() if so),
        added=delta.added,
        removed=delta.removed,
        changed=delta.changed,
        root_hash=sealed.root_hash,
        position=present.position,
    )
    return read.answer(view.model_dump(mode="json", by_alias=True))


# ---- collection ----------------------------------------------------------------------------------------------------


@get(ledgers, "/collection", "台账报送汇总", "ledger.read", response_model=LedgerCollection)
async def read_ledger_collection(
    read: Reading,
    year: Annotated[int, Query(title="年度", ge=2013, le=2200)],
    min_position: MinPosition = 0,
) -> Response:
    """Which units handed in their ledger of a year; INCOMPLETE names those that did not (C4.3-11)."""
    return read.answer(value_shown(await ledger_collection(read, year, min_position)))
