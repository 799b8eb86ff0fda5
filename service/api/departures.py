"""Departures (离任交接): a case over everything in a person's care, item by item or as a whole, signed and completed.

The list is never typed: it is what the custody ledger says is in the person's care, asked after the ledger has caught
up with the log. Completion records `HandedOver` on every asset in the same append: all of them or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Response
from pydantic import Field

from domain.asset import Asset
from domain.departure_case import Audit, DepartureCase, DepartureNotice, Signature
from domain.occasion import Occasion
from domain.organization import Organization
from domain.person import Person
from domain.values import BusinessDate, Code, Name, Sha256, Text, Value
from projections import custody_ledger
from service.api.asset_decisions import AssetCode
from service.api.assets import must_speak_for
from service.api.organizations import place_of, unit_of
from service.api.reading import Endpoint, Read, Reading, from_log, get, routes
from service.api.writing import Circumstances, Write, Writing, post, view_model
from service.authorization import authorize
from service.commands import Result, Work

router = routes("/v1/departures", "departures 离任交接")

CaseCode = Annotated[Code, Path(title="交接编号")]

YIELD_EVERY: Final = 100
"""After so many assets of a completion other requests get their turn."""


class Progress(Value):
    """How far a case has come."""

    lines: int = Field(title="清单项数")
    open: int = Field(title="待接收")
    accepted: int = Field(title="已接收")
    disputed: int = Field(title="有异议")


DepartureView = view_model(DepartureCase, case=Code, progress=Progress, open_points=tuple[str, ...])


def view_of(case: DepartureCase) -> dict[str, Any]:
    """A case as every answer shows it: its state, how far it has come, what is still open."""
    states = list(case.lines.values())
    progress = Progress(
        lines=len(states),
        open=states.count("OPEN"),
        accepted=states.count("ACCEPTED"),
        disputed=states.count("DISPUTED"),
    )
    return case.view() | {
        "case": case.id,
        "progress": progress.model_dump(by_alias=True),
        "openPoints": case.open_points(),
    }


class OpenDeparture(Circumstances):
    """A person leaves. The list of assets is computed."""

    case: Code | None = Field(default=None, title="交接编号", description="不填由系统编号")
    notice: DepartureNotice = Field(title="离任通知")


class NameSuccessor(Circumstances):
    """Who takes over."""

    successor: Code = Field(title="接任人")


class AcceptLine(Circumstances):
    """The successor accepts."""

    accepted_by: Code = Field(title="接收人")


class DisputeLine(Circumstances):
    """The successor does not find what the list says."""

    disputed_by: Code = Field(title="提出异议人")
    reason: Text = Field(title="异议说明")


class ResolveDispute(Circumstances):
    """How a dispute was settled."""

    resolution: Text = Field(title="处理结果")
    document_no: Name = Field(title="处理依据文号")


class RecordAudit(Circumstances):
    """The departure audit."""

    audit: Audit = Field(title="离任审计")


class Sign(Circumstances):
    """One of the three signatures under the sealed list."""

    role: Literal["OUTGOING", "INCOMING", "SUPERVISOR"] = Field(
        title="签字角色", description="移交人 / 接收人 / 监交人"
    )
    person: Code = Field(title="签字人")
    organization: Code = Field(title="签字人单位")
    signed_on: BusinessDate = Field(title="签字日期")
    list_sha256: Sha256 = Field(title="清单摘要", description="封存时给出")


def _post(path: str, summary: str, action: str) -> Callable[[Endpoint], Endpoint]:
    return post(router, path, summary, action, DepartureView)


@_post("", "启动离任交接", "departure.open")
async def open_departure(body: OpenDeparture, write: Writing) -> Response:
    """Open a case over everything in the person's care (C4.10-09, C4.10-10)."""
    notice = body.notice
    code = body.case or f"{notice.person}-{write.idempotency.body_sha256.hex()[:10]}"

    async def open_case(work: Work) -> Result:
        unit = await unit_of(work.context, work.county, notice.organization, "notice.organization")
        authorize(write.actor, write.action, place_of(unit))
        await work.require_known(
            Person, {"notice.person": notice.person, "notice.successor": notice.successor}
        )
        at = write.occasion(body)
        case = DepartureCase.open(code, notice, tuple(await _in_care(write, notice)), at)
        work.add(case)
        return _result(work, case, at)

    return await write.run(open_case)


@_post("/{case}/successor", "确定接任人", "departure.open")
async def name_successor(case: CaseCode, body: NameSuccessor, write: Writing) -> Response:
    """Name the incoming person; acceptances so far are undone."""

    async def name(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        await work.require_known(Person, {"successor": body.successor})
        at = write.occasion(body)
        found.name_successor(body.successor, at)
        return _result(work, found, at)

    return await write.run(name)


@_post("/{case}/lines", "补充交接清单", "departure.handle")
async def add_lines(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Add what came into the person's care since the list was made."""

    async def add(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.add_lines(tuple(await _in_care(write, found.notice)), at)
        return _result(work, found, at)

    return await write.run(add)


@_post("/{case}/lines/{asset}/acceptance", "接收清单项", "departure.handle")
async def accept_line(case: CaseCode, asset: AssetCode, body: AcceptLine, write: Writing) -> Response:
    """Accept one asset as the successor (C4.10-10)."""
    return await _decide(write, case, body, lambda it, at: it.accept((asset,), body.accepted_by, at))


@_post("/{case}/lines/{asset}/dispute", "清单项有异议", "departure.handle")
async def dispute_line(case: CaseCode, asset: AssetCode, body: DisputeLine, write: Writing) -> Response:
    """Dispute one asset as the successor, with the reason (C4.10-10)."""
    return await _decide(
        write, case, body, lambda it, at: it.dispute(asset, body.disputed_by, body.reason, at)
    )


@_post("/{case}/lines/{asset}/resolution", "异议处理", "departure.handle")
async def resolve_dispute(case: CaseCode, asset: AssetCode, body: ResolveDispute, write: Writing) -> Response:
    """Settle a dispute by a document; the line is open again (C4.10-10)."""
    return await _decide(
        write, case, body, lambda it, at: it.resolve_dispute(asset, body.resolution, body.document_no, at)
    )


@_post("/{case}/acceptance", "整批接收", "departure.handle")
async def accept_batch(case: CaseCode, body: AcceptLine, write: Writing) -> Response:
    """Accept every open line as the successor (C4.10-10)."""
    return await _decide(write, case, body, lambda it, at: it.accept(None, body.accepted_by, at))


@_post("/{case}/audit", "离任审计", "departure.audit")
async def record_audit(case: CaseCode, body: RecordAudit, write: Writing) -> Response:
    """Record the departure audit (C4.10-09): the auditing unit speaks for itself."""
    must_speak_for(write.actor, body.audit.auditor_organization, kind_counts=False)
    return await _decide(write, case, body, lambda it, at: it.complete_audit(body.audit, at))


@_post("/{case}/seal", "封存交接清单", "departure.handle")
async def seal_list(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Fix the list by its digest, complete and accepted (C4.10-10)."""

    async def seal(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.seal(frozenset(await _in_care(write, found.notice)), at)
        return _result(work, found, at)

    return await write.run(seal)


@_post("/{case}/signatures", "签字", "departure.handle")
async def sign(case: CaseCode, body: Sign, write: Writing) -> Response:
    """Sign the sealed list (C4.10-10). The supervisor's signature comes from the supervisor's own unit."""
    if body.role == "SUPERVISOR":
        must_speak_for(write.actor, body.organization, kind_counts=False)
    signature = Signature(
        role=body.role,
        person=body.person,
        organization=body.organization,
        signed_on=body.signed_on,
        list_sha256=body.list_sha256,
    )

    async def put_name(work: Work) -> Result:
        found, unit = await _case(write, work, case, with_superior=True)
        await work.require_known(Person, {"person": body.person})
        at = write.occasion(body, body.signed_on)
        found.sign(signature, superior=unit.card.superior, at=at)
        return _result(work, found, at)

    return await write.run(put_name)


@_post("/{case}/completion", "完成交接", "departure.handle")
async def complete(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Complete the case; every asset on the list records `HandedOver` in the same append (C4.10-10, C4.10-11)."""

    async def hand_over(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.complete(frozenset(await _in_care(write, found.notice)), at)
        assets = await work.get_many(Asset, sorted(found.lines))
        for done, asset in enumerate(assets.values(), start=1):
            if _answers_for(asset, found.notice):
                asset.hand_over(
                    case=found.id,
                    duty=found.notice.kind,
                    outgoing=found.notice.person,
                    incoming=str(found.successor),
                    supervisor=found.signatures["SUPERVISOR"].person,
                    at=at,
                )
            if done % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return _result(work, found, at)

    return await write.run(hand_over)


@get(router, "/{case}", "查询离任交接", "departure.read", response_model=from_log(DepartureView))
async def read_departure(case: CaseCode, read: Reading) -> Response:
    """A case from the log: its list, how far it has come, what is still open."""
    return await read.aggregate(DepartureCase, case, view_of)


# ---- what the routes share -----------------------------------------------------------------------------------------


async def _decide(
    write: Write, case: str, body: Circumstances, decide: Callable[[DepartureCase, Occasion], None]
) -> Response:
    """One decision on one case, by those who handle the unit's departures."""

    async def work_on(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        decide(found, at)
        return _result(work, found, at)

    return await write.run(work_on)


async def _case(
    write: Write, work: Work, case: str, *, with_superior: bool = False
) -> tuple[DepartureCase, Organization]:
    """The case and the unit it is about, once the actor may act on them."""
    found = await work.get(DepartureCase, case, write.expected_version(required=False))
    unit = await unit_of(work.context, work.county, found.notice.organization, "notice.organization")
    superior = (unit.card.superior,) if with_superior and unit.card.superior is not None else ()
    authorize(write.actor, write.action, place_of(unit, *superior))
    return found, unit


def _result(work: Work, case: DepartureCase, at: Occasion) -> Result:
    work.note(at)
    return Result(case.id, case.version, view_of(case))


async def _in_care(read: Read, notice: DepartureNotice) -> list[str]:
    """What the person answers for by this duty, as of everything that is in the log now: asset codes in order."""
    await read.reach_head(custody_ledger.PROJECTION.name)
    async with read.pool.acquire() as connection:
        lines = await custody_ledger.in_care(connection, read.county, notice.person, duty=notice.kind)
    return sorted({str(line["asset"]) for line in lines})


def _answers_for(asset: Asset, notice: DepartureNotice) -> bool:
    """Whether the asset itself says that the duty is the leaving person's.

    One that was disposed of, or passed on by another case, has nothing left to hand over.
    """
    if asset.disposed_on is not None or asset.custody is None:
        return False
    return any((duty.person, duty.duty) == (notice.person, notice.kind) for duty in asset.custody.duties)
