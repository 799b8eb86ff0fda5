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

from domain.asset.asset import Asset
from domain.departure.case import Care, DepartureCase
from domain.departure.papers import (
    AssetReconciliationLine,
    AuditFinding,
    DepartureAudit,
    DepartureNotice,
    HandoverSignature,
    InterimCustodian,
    SealedPlace,
)
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import refuse
from domain.regulation.legal_clock import LegalClock
from domain.values import BusinessDate, Code, Name, Sha256, Text, Value
from service.api.asset.assets import must_speak_for
from service.api.asset.decisions import AssetCode
from service.api.http.care import care_for, in_duty_since
from service.api.http.differences import Changes, changes_shown, start_of
from service.api.http.provisional import dates_as_known
from service.api.http.reading import Endpoint, Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Write, Writing, post, view_model
from service.api.organization.organizations import place_of, unit_of
from service.api.sealing.seals import Cursor, Limit, sealing_of
from service.commands.authorization import authorize
from service.commands.commands import Result, Work

router = routes("/v1/departures", "departures 离任交接")

CaseCode = Annotated[Code, Path(title="交接编号")]
FindingCode = Annotated[Code, Path(title="问题编号")]

YIELD_EVERY: Final = 100
"""After so many assets of a completion other requests get their turn."""


class HandoverProgress(Value):
    """How far a case has come."""

    lines: int = Field(title="清单项数")
    open: int = Field(title="待接收")
    accepted: int = Field(title="已接收")
    disputed: int = Field(title="有异议")


DepartureView = view_model(
    DepartureCase,
    case=Annotated[Code, Field(title="交接编号")],
    progress=Annotated[HandoverProgress, Field(title="交接进度")],
    open_points=Annotated[tuple[str, ...], Field(title="尚缺的事项")],
)


def view_of(case: DepartureCase, calendar: LegalClock) -> dict[str, Any]:
    """A case as every answer shows it: its state, how far it has come, what is still open."""
    states = [line.state for line in case.lines.values()]
    progress = HandoverProgress(
        lines=len(states),
        open=states.count("OPEN"),
        accepted=states.count("ACCEPTED"),
        disputed=states.count("DISPUTED"),
    )
    return dates_as_known(case.view(), calendar) | {
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


class AcceptHandover(Circumstances):
    """The successor accepts."""

    accepted_by: Code = Field(title="接收人")


class DisputeHandoverLine(Circumstances):
    """The successor does not find what the list says."""

    disputed_by: Code = Field(title="提出异议人")
    reason: Text = Field(title="异议说明")


class RecordResolution(Circumstances):
    """How a dispute was settled."""

    resolution: Text = Field(title="处理结果")
    document_no: Name = Field(title="处理依据文号")


class ReassignHandoverLines(Circumstances):
    """Another successor for some of the list."""

    assets: tuple[Code, ...] = Field(title="资产编号", min_length=1, max_length=5000)
    incoming: Code = Field(title="接收人")


class ReconcileHandover(Circumstances):
    """Book, thing and papers compared, asset by asset."""

    lines: tuple[AssetReconciliationLine, ...] = Field(default=(), title="核账情况", max_length=5000)
    others_agree: bool = Field(
        default=False, title="其余相符", description="清单其余未核账的资产账实相符、资料齐全"
    )


class OrderDepartureAudit(Circumstances):
    """An auditor is asked for."""

    auditor_organization: Code = Field(title="审计单位")
    document_no: Name = Field(title="委托文号")


class RaiseAuditFinding(Circumstances):
    """Something an auditor found."""

    auditor_organization: Code = Field(title="审计单位")
    finding: AuditFinding = Field(title="审计发现问题")


class AppointInterimCustodian(Circumstances):
    """Who looks after things until the successor does."""

    interim: InterimCustodian = Field(title="临时管护")


class RecordDepartureAudit(Circumstances):
    """The departure audit."""

    audit: DepartureAudit = Field(title="离任审计")


class SignHandover(Circumstances):
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
        case = DepartureCase.open(code, notice, await care_for(write, notice), at)
        work.add(case)
        return _result(work, case, at)

    return await write.run(open_case)


@_post("/{case}/successor", "确定接任人", "departure.open")
async def name_successor(case: CaseCode, body: NameSuccessor, write: Writing) -> Response:
    """Name the incoming person; acceptances by the one named before are undone."""

    async def name(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        await work.require_known(Person, {"successor": body.successor})
        at = write.occasion(body)
        found.name_successor(body.successor, at)
        return _result(work, found, at)

    return await write.run(name)


@_post("/{case}/lines", "补充交接清单", "departure.handle")
async def add_handover_lines(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Add what came into the person's care since the list was made, and what happened to assets on it since."""

    async def add(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.add_lines(await _care(write, found), at)
        return _result(work, found, at)

    return await write.run(add)


@_post("/{case}/lines/{asset}/acceptance", "接收清单项", "departure.handle")
async def accept_handover_line(
    case: CaseCode, asset: AssetCode, body: AcceptHandover, write: Writing
) -> Response:
    """Accept one asset as the successor (C4.10-10)."""
    return await _decide(write, case, body, lambda it, at: it.accept((asset,), body.accepted_by, at))


@_post("/{case}/lines/{asset}/dispute", "清单项有异议", "departure.handle")
async def dispute_handover_line(
    case: CaseCode, asset: AssetCode, body: DisputeHandoverLine, write: Writing
) -> Response:
    """Dispute one asset as the successor, with the reason (C4.10-10)."""
    return await _decide(
        write, case, body, lambda it, at: it.dispute(asset, body.disputed_by, body.reason, at)
    )


@_post("/{case}/lines/{asset}/resolution", "异议处理", "departure.handle")
async def resolve_handover_dispute(
    case: CaseCode, asset: AssetCode, body: RecordResolution, write: Writing
) -> Response:
    """Settle a dispute by a document; the line is open again (C4.10-10)."""
    return await _decide(
        write, case, body, lambda it, at: it.resolve_dispute(asset, body.resolution, body.document_no, at)
    )


@_post("/{case}/acceptance", "整批接收", "departure.handle")
async def accept_handover(case: CaseCode, body: AcceptHandover, write: Writing) -> Response:
    """Accept every open line as the successor (C4.10-10)."""
    return await _decide(write, case, body, lambda it, at: it.accept(None, body.accepted_by, at))


@_post("/{case}/reassignments", "另定接收人", "departure.handle")
async def reassign_handover_lines(case: CaseCode, body: ReassignHandoverLines, write: Writing) -> Response:
    """Let somebody else than the successor take some assets over (C4.10-10)."""

    async def give(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        await work.require_known(Person, {"incoming": body.incoming})
        at = write.occasion(body)
        found.reassign(body.assets, body.incoming, at)
        return _result(work, found, at)

    return await write.run(give)


@_post("/{case}/reconciliation", "核账", "departure.handle")
async def reconcile_handover(case: CaseCode, body: ReconcileHandover, write: Writing) -> Response:
    """Compare book, thing and papers of assets on the list; with `othersAgree` the rest agrees (C4.10-10)."""

    def compare(it: DepartureCase, at: Occasion) -> None:
        named = {line.asset for line in body.lines} | set(it.reconciliation)
        rest = [code for code in sorted(it.lines) if code not in named] if body.others_agree else []
        agreeing = (
            AssetReconciliationLine(asset=code, book="AGREES", physical="FOUND", documents="COMPLETE")
            for code in rest
        )
        lines = (*body.lines, *agreeing)
        if lines:
            it.reconcile(lines, at)

    return await _decide(write, case, body, compare)


@_post("/{case}/reconciliation/completion", "核账完成", "departure.handle")
async def complete_handover_reconciliation(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Close the reconciliation: every asset compared, every difference settled (C4.10-10)."""
    return await _decide(write, case, body, lambda it, at: it.complete_reconciliation(at))


@_post("/{case}/reconciliation/{asset}/resolution", "核账差异处理", "departure.handle")
async def resolve_reconciliation_difference(
    case: CaseCode, asset: AssetCode, body: RecordResolution, write: Writing
) -> Response:
    """Settle a difference between book, thing and papers by a document (C4.10-10)."""
    return await _decide(
        write, case, body, lambda it, at: it.resolve_difference(asset, body.resolution, body.document_no, at)
    )


@_post("/{case}/audit-order", "委托离任审计", "departure.open")
async def order_departure_audit(case: CaseCode, body: OrderDepartureAudit, write: Writing) -> Response:
    """Ask an independent unit for the audit (C4.10-09)."""

    async def order(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        await work.require_known(Organization, {"auditorOrganization": body.auditor_organization})
        at = write.occasion(body)
        found.order_audit(body.auditor_organization, body.document_no, at)
        return _result(work, found, at)

    return await write.run(order)


@_post("/{case}/audit", "离任审计", "departure.audit")
async def record_departure_audit(case: CaseCode, body: RecordDepartureAudit, write: Writing) -> Response:
    """Record the departure audit (C4.10-09) over the whole tenure: the auditing unit speaks for itself."""
    must_speak_for(write.actor, body.audit.auditor_organization, kind_counts=False)

    async def record(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.complete_audit(body.audit, at, in_duty_since=await in_duty_since(write, found.notice))
        return _result(work, found, at)

    return await write.run(record)


@_post("/{case}/findings", "审计发现问题", "departure.audit")
async def raise_audit_finding(case: CaseCode, body: RaiseAuditFinding, write: Writing) -> Response:
    """Record a finding. One that comes after completion reopens the case and revokes the clearance (C4.10-11)."""
    must_speak_for(write.actor, body.auditor_organization, kind_counts=False)

    async def find(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        was_completed = found.state == "COMPLETED"
        found.raise_finding(body.finding, body.auditor_organization, at)
        if was_completed:
            person = await work.get(Person, found.notice.person)
            person.revoke_clearances(f"{case}：{body.finding.text}"[:500], at)
        return _result(work, found, at)

    return await write.run(find)


@_post("/{case}/findings/{finding}/resolution", "审计问题处理", "departure.handle")
async def resolve_audit_finding(
    case: CaseCode, finding: FindingCode, body: RecordResolution, write: Writing
) -> Response:
    """Settle a finding by a document (C4.10-09)."""
    return await _decide(
        write, case, body, lambda it, at: it.resolve_finding(finding, body.resolution, body.document_no, at)
    )


@_post("/{case}/interim-custodian", "指定临时管护人", "departure.handle")
async def appoint_interim_custodian(
    case: CaseCode, body: AppointInterimCustodian, write: Writing
) -> Response:
    """The superior unit appoints an interim custodian (P37); it does not release the leaver."""
    must_speak_for(write.actor, body.interim.appointed_by, kind_counts=False)

    async def appoint(work: Work) -> Result:
        found, unit = await _case(write, work, case, with_superior=True)
        await work.require_known(Person, {"interim.person": body.interim.person})
        at = write.occasion(body)
        found.appoint_interim(body.interim, superior=unit.card.superior, at=at)
        return _result(work, found, at)

    return await write.run(appoint)


@_post("/{case}/seal", "封存交接清单", "departure.handle")
async def seal_handover_list(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Fix the list by its digest, complete and accepted (C4.10-10)."""

    async def seal(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.seal(await _care(write, found), at, await sealing_of(write).place(at.on))
        return _result(work, found, at)

    return await write.run(seal)


@_post("/{case}/signatures", "签字", "departure.handle")
async def sign_handover(case: CaseCode, body: SignHandover, write: Writing) -> Response:
    """Sign the sealed list (C4.10-10). The supervisor's signature comes from the supervisor's own unit."""
    if body.role == "SUPERVISOR":
        must_speak_for(write.actor, body.organization, kind_counts=False)
    signature = HandoverSignature(
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
async def complete_handover(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Complete the case; every asset on the list records `HandedOver` in the same append (C4.10-10, C4.10-11)."""

    async def hand_over(work: Work) -> Result:
        found, _ = await _case(write, work, case)
        at = write.occasion(body)
        found.complete(await _care(write, found), at)
        assets = await work.get_many(Asset, sorted(found.lines))
        for done, asset in enumerate(assets.values(), start=1):
            duty = _duty_of(asset, found)
            if duty is not None:
                asset.hand_over(
                    case=found.id,
                    duty=duty,
                    outgoing=found.notice.person,
                    incoming=str(found.incoming_of(asset.id)),
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
    return await read.aggregate(DepartureCase, case, lambda found: view_of(found, read.calendar))


class ListDelta(Changes):
    """A handover's sealed list against what is known now about the same assets and days."""

    case: Code = Field(title="交接编号")
    list_sha256: Sha256 = Field(title="清单摘要")
    sealed: SealedPlace = Field(title="清单封存所据日志")
    unchanged: bool = Field(title="封存后是否没有更正")
    position: int = Field(title="日志位置", description="比对到的日志位置")


@get(router, "/{case}/delta", "封存后的更正", "departure.read", response_model=ListDelta)
async def read_handover_delta(
    case: CaseCode, read: Reading, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """What was recorded after the seal about the list's assets up to its day; the sealed list never changes (C4.10-10)."""
    found = await read.context.load(DepartureCase, read.county, case)
    if found is None:
        raise refuse("NOT_FOUND", what=case)
    place = found.sealed_place
    if found.sealed is None or place is None:
        raise refuse(
            "STEP_OUT_OF_ORDER", clause="C4.10-10", step="delta", state=found.state, missing=["seal"]
        )
    delta, position = await sealing_of(read).list_delta(sorted(found.lines), place, start_of(cursor), limit)
    body = {
        "case": case,
        "listSha256": found.sealed,
        "sealed": place.model_dump(mode="json", by_alias=True),
        "unchanged": not (delta.added or delta.removed or delta.changed),
        "position": position,
    }
    return read.answer(body | changes_shown(delta, ("asset",), limit))


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
    return Result(case.id, case.version, view_of(case, work.context.calendar(work.county)))


async def _care(write: Write, case: DepartureCase) -> Care:
    """What the case is about now. What went with a post was handed over by the first completion."""
    return await care_for(write, case.notice, by_post=not case.reopened)


def _duty_of(asset: Asset, case: DepartureCase) -> str | None:
    """The duty that the asset itself says is the leaving person's, or that went with the post.

    None for one that was disposed of, passed on by another case, or handed over before the case was reopened.
    """
    person, kind = case.notice.person, case.notice.kind
    if asset.in_care_of(person, kind):
        return kind
    if kind == "RESPONSIBLE" and not case.reopened and asset.in_care_of(person, "FIRST_RESPONSIBLE"):
        return "FIRST_RESPONSIBLE"
    return None
