"""Departures (离任交接): a case over everything in a person's care, item by item or as a whole, signed and completed.

The list is never typed: it is what the custody ledger says is in the person's care, asked after the ledger has caught
up with the log. Completion records `HandedOver` on every asset in the same append: all of them or none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import Field

from domain.departure.case import DepartureCase
from domain.departure.papers import (
    ON_PAPER,
    AssetReconciliationLine,
    AuditFinding,
    DepartureAudit,
    DepartureNotice,
    HandoverSignature,
    InterimCustodian,
    SealedPlace,
    SigningDay,
    SigningRefusal,
)
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import refuse
from domain.regulation.legal_clock import LegalClock
from domain.values import (
    Code,
    Name,
    OrganizationCode,
    PaperSha256,
    PersonCode,
    Sha256,
    Text,
    Value,
    composed_code,
)
from service.api.asset.decisions import AssetPath
from service.api.http.provisional import dates_as_known
from service.api.http.reading import RULED, Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.api.sealing.seals import After, Most, sealing_of
from service.commands import handover
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.parties import require_of_unit, require_paper
from service.commands.views import view_model
from service.ledgers.differences import Changes, changes_shown, start_of
from service.ledgers.questions.asset.register import RegisterRow

router = routes("/v1/departures", "departures 离任交接")

CaseCode = Annotated[Code, Path(title="交接编号")]
FindingCode = Annotated[Code, Path(title="问题编号")]


class HandoverProgress(Value):
    """Progress of a case."""

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
    """Request body: open a departure case; the handover list is computed."""

    case: Code | None = Field(default=None, title="交接编号", description="不填由系统编号")
    notice: DepartureNotice = Field(title="离任通知")


class NameSuccessor(Circumstances):
    """Request body: name the incoming person."""

    successor: PersonCode = Field(title="接任人")


class AcceptHandover(Circumstances):
    """Request body: accept lines of the handover list."""

    accepted_by: Code = Field(title="接收人")


class DisputeHandoverLine(Circumstances):
    """Request body: dispute a line of the handover list."""

    disputed_by: Code = Field(title="提出异议人")
    reason: Text = Field(title="异议说明")


class RecordResolution(Circumstances):
    """Request body: resolve a dispute or difference by a document."""

    resolution: Text = Field(title="处理结果")
    document_no: Name = Field(title="处理依据文号")


class ReassignHandoverLines(Circumstances):
    """Request body: reassign lines to another incoming person."""

    assets: tuple[Code, ...] = Field(title="资产编号", min_length=1, max_length=5000)
    incoming: PersonCode = Field(title="接收人")


class ReconcileHandover(Circumstances):
    """Request body: record the reconciliation of books, assets and papers, asset by asset."""

    lines: tuple[AssetReconciliationLine, ...] = Field(default=(), title="核账情况", max_length=5000)
    others_agree: bool = Field(
        default=False, title="其余相符", description="清单其余未核账的资产账实相符、资料齐全", strict=True
    )


class OrderDepartureAudit(Circumstances):
    """Request body: order the departure audit."""

    auditor_organization: OrganizationCode = Field(title="审计单位")
    document_no: Name = Field(title="委托文号")


class RaiseAuditFinding(Circumstances):
    """Request body: raise an audit finding."""

    auditor_organization: OrganizationCode = Field(title="审计单位")
    finding: AuditFinding = Field(title="审计发现问题")


class AppointInterimCustodian(Circumstances):
    """Request body: appoint an interim custodian."""

    interim: InterimCustodian = Field(title="临时管护")


class RecordDepartureAudit(Circumstances):
    """Request body: record the departure audit."""

    audit: DepartureAudit = Field(title="离任审计")


class SignHandover(Circumstances):
    """Request body: sign the sealed handover list, as one of its three signers."""

    role: Literal["OUTGOING", "INCOMING", "SUPERVISOR"] = Field(
        title="签字角色", description="移交人 / 接收人 / 监交人"
    )
    person: PersonCode = Field(title="签字人")
    organization: Code = Field(title="签字人单位")
    signed_on: SigningDay = Field(title="签字日期")
    list_sha256: Sha256 = Field(title="清单摘要", description="封存时给出")
    paper_sha256: PaperSha256 | None = Field(default=None, title="纸质签字扫描件摘要", description=ON_PAPER)


class RecordSigningRefusal(Circumstances):
    """Request body: record that the leaver does not sign."""

    refusal: SigningRefusal = Field(title="移交人拒签情况")


async def _scope(case: DepartureCase, write: Write) -> Resource:
    """Those who handle departures of the unit the case is about."""
    return place_of(await _unit(case.notice, write))


async def _with_superior(case: DepartureCase, write: Write) -> Resource:
    """The superior unit may act as well."""
    unit = await _unit(case.notice, write)
    return place_of(unit, *((unit.card.superior,) if unit.card.superior is not None else ()))


async def _unit(notice: DepartureNotice, write: Write) -> Organization:
    return await unit_of(write.context, write.county, notice.organization, "notice.organization")


async def _of_the_parties(case: DepartureCase, write: Write) -> Resource:
    """The unit, its superior, and the units of those who take something over, wherever they are."""
    place = await _with_superior(case, write)
    persons = await write.context.load_many(Person, write.county, case.incoming())
    homes = tuple(one.card.organization for one in persons.values())
    return Resource(place.divisions, (*place.organizations, *homes))


async def _as_incoming(
    case: str,
    body: Circumstances,
    write: Write,
    person: str,
    decision: Callable[[DepartureCase, Occasion], object],
) -> Response:
    """What somebody who takes over says, by the credential of the own unit: SIGNER_OF_ANOTHER_UNIT, SIGNER_UNABLE."""

    async def say(it: DepartureCase, at: Occasion, work: Work) -> None:
        await require_of_unit(work, person, write.actor.organization, at.on)
        decision(it, at)

    return await write.carry_out(departures, case, body, say, scope=_of_the_parties)


departures = Kind(router, DepartureCase, DepartureView, lambda it, write: view_of(it, write.calendar), _scope)


@departures.post("", "启动离任交接", "departure.open")
async def open_departure(body: OpenDeparture, write: Writing) -> Response:
    """Open a case over everything in the person's care (C4.10-09, C4.10-10)."""
    notice = body.notice
    code = body.case or composed_code(notice.person, write.idempotency.body_sha256.hex()[:10])

    async def scope() -> Resource:
        return place_of(await _unit(notice, write))

    async def open_case(at: Occasion, _: Work) -> DepartureCase:
        care = await handover.care_for(write.ledgers, notice)
        await handover.hold_rows_to_events(write.ledgers, write.context, notice.person)
        last = await handover.last_taken_on(write.ledgers, notice)
        return DepartureCase.open(code, notice, care, at, last_taken_on=last)

    return await write.create(departures, body, open_case, scope=scope)


@departures.post("/{case}/successor", "确定接任人", "departure.open")
async def name_successor(case: CaseCode, body: NameSuccessor, write: Writing) -> Response:
    """Name the incoming person; acceptances by the one named before are undone."""
    return await write.decide(departures, case, body, lambda it, at: it.name_successor(body.successor, at))


@departures.post("/{case}/lines", "补充交接清单", "departure.handle")
async def add_handover_lines(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Add what came into the person's care since the list was made, and what happened to assets on it since."""

    async def add(it: DepartureCase, at: Occasion, _: Work) -> None:
        care = await handover.care_of(write.ledgers, it)
        await handover.hold_to_events(write.ledgers, write.context, it)
        it.add_lines(care, at)

    return await write.carry_out(departures, case, body, add)


@departures.post("/{case}/lines/{asset}/acceptance", "接收清单项", "departure.handle")
async def accept_handover_line(
    case: CaseCode, asset: AssetPath, body: AcceptHandover, write: Writing
) -> Response:
    """Accept one asset as the successor (C4.10-10)."""
    return await _as_incoming(
        case, body, write, body.accepted_by, lambda it, at: it.accept((asset,), body.accepted_by, at)
    )


@departures.post("/{case}/lines/{asset}/dispute", "清单项有异议", "departure.handle")
async def dispute_handover_line(
    case: CaseCode, asset: AssetPath, body: DisputeHandoverLine, write: Writing
) -> Response:
    """Dispute one asset as the successor, with the reason (C4.10-10)."""
    return await _as_incoming(
        case,
        body,
        write,
        body.disputed_by,
        lambda it, at: it.dispute(asset, body.disputed_by, body.reason, at),
    )


@departures.post("/{case}/lines/{asset}/resolution", "异议处理", "departure.handle")
async def resolve_handover_dispute(
    case: CaseCode, asset: AssetPath, body: RecordResolution, write: Writing
) -> Response:
    """Settle a dispute by a document; the line is open again (C4.10-10)."""
    return await write.decide(
        departures,
        case,
        body,
        lambda it, at: it.resolve_dispute(asset, body.resolution, body.document_no, at),
    )


@departures.post("/{case}/acceptance", "整批接收", "departure.handle")
async def accept_handover(case: CaseCode, body: AcceptHandover, write: Writing) -> Response:
    """Accept every open line as the successor (C4.10-10)."""
    return await _as_incoming(
        case, body, write, body.accepted_by, lambda it, at: it.accept(None, body.accepted_by, at)
    )


@departures.post("/{case}/reassignments", "另定接收人", "departure.handle")
async def reassign_handover_lines(case: CaseCode, body: ReassignHandoverLines, write: Writing) -> Response:
    """Let somebody else than the successor take some assets over (C4.10-10)."""
    return await write.decide(
        departures, case, body, lambda it, at: it.reassign(body.assets, body.incoming, at)
    )


@departures.post("/{case}/reconciliation", "核账", "departure.handle")
async def reconcile_handover(case: CaseCode, body: ReconcileHandover, write: Writing) -> Response:
    """Compare book, thing and papers of assets on the list; with `othersAgree` the rest agrees (C4.10-10)."""
    return await write.decide(
        departures,
        case,
        body,
        lambda it, at: handover.reconcile(it, body.lines, others_agree=body.others_agree, at=at),
    )


@departures.post("/{case}/reconciliation/completion", "核账完成", "departure.handle")
async def complete_handover_reconciliation(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Close the reconciliation: every asset compared, every difference settled (C4.10-10)."""
    return await write.decide(departures, case, body, lambda it, at: it.complete_reconciliation(at))


@departures.post("/{case}/reconciliation/{asset}/resolution", "核账差异处理", "departure.handle")
async def resolve_reconciliation_difference(
    case: CaseCode, asset: AssetPath, body: RecordResolution, write: Writing
) -> Response:
    """Settle a difference between book, thing and papers by a document (C4.10-10)."""
    return await write.decide(
        departures,
        case,
        body,
        lambda it, at: it.resolve_difference(asset, body.resolution, body.document_no, at),
    )


@departures.post("/{case}/audit-order", "委托离任审计", "departure.open")
async def order_departure_audit(case: CaseCode, body: OrderDepartureAudit, write: Writing) -> Response:
    """Ask an independent unit for the audit (C4.10-09)."""
    return await write.decide(
        departures,
        case,
        body,
        lambda it, at: it.order_audit(body.auditor_organization, body.document_no, at),
    )


@departures.post("/{case}/audit", "离任审计", "departure.audit")
async def record_departure_audit(case: CaseCode, body: RecordDepartureAudit, write: Writing) -> Response:
    """Record the departure audit (C4.10-09) over the whole tenure: the auditing unit speaks for itself."""

    async def record(it: DepartureCase, at: Occasion, work: Work) -> None:
        await require_of_unit(work, body.audit.auditor, body.audit.auditor_organization, at.on)
        since = await handover.in_duty_since(write.ledgers, it.notice)
        await handover.hold_to_events(write.ledgers, write.context, it)
        last = await handover.last_taken_on(write.ledgers, it.notice)
        it.complete_audit(body.audit, at, in_duty_since=since, last_taken_on=last)

    return await write.carry_out(departures, case, body, record, unit=body.audit.auditor_organization)


@departures.post("/{case}/findings", "审计发现问题", "departure.audit")
async def raise_audit_finding(case: CaseCode, body: RaiseAuditFinding, write: Writing) -> Response:
    """Record a finding. One that comes after completion reopens the case and revokes the clearance (C4.10-11)."""

    async def find(it: DepartureCase, at: Occasion, work: Work) -> None:
        await handover.raise_finding(it, body.finding, body.auditor_organization, at, work)

    return await write.carry_out(departures, case, body, find, unit=body.auditor_organization)


@departures.post("/{case}/findings/{finding}/resolution", "审计问题处理", "departure.handle")
async def resolve_audit_finding(
    case: CaseCode, finding: FindingCode, body: RecordResolution, write: Writing
) -> Response:
    """Settle a finding by a document (C4.10-09)."""
    return await write.decide(
        departures,
        case,
        body,
        lambda it, at: it.resolve_finding(finding, body.resolution, body.document_no, at),
    )


@departures.post("/{case}/interim-custodian", "指定临时管护人", "departure.handle")
async def appoint_interim_custodian(
    case: CaseCode, body: AppointInterimCustodian, write: Writing
) -> Response:
    """The superior unit appoints an interim custodian (P37); it does not release the leaver."""

    async def appoint(it: DepartureCase, at: Occasion, _: Work) -> None:
        unit = await _unit(it.notice, write)
        it.appoint_interim(body.interim, superior=unit.card.superior, at=at)

    return await write.carry_out(
        departures, case, body, appoint, scope=_with_superior, unit=body.interim.appointed_by
    )


@departures.post("/{case}/seal", "封存交接清单", "departure.handle")
async def seal_handover_list(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Fix the list by its digest, complete and accepted (C4.10-10)."""

    async def seal(it: DepartureCase, at: Occasion, _: Work) -> None:
        care = await handover.care_of(write.ledgers, it)
        await handover.hold_to_events(write.ledgers, write.context, it)
        it.seal(care, at, await sealing_of(write).place(at.on))

    return await write.carry_out(departures, case, body, seal)


@departures.post("/{case}/signatures", "签字", "departure.handle")
async def sign_handover(case: CaseCode, body: SignHandover, write: Writing) -> Response:
    """Sign the sealed list (C4.10-10): each by the own sign-in, or on paper, which the signer's unit records with its scan."""
    signature = HandoverSignature(
        role=body.role,
        person=body.person,
        organization=body.organization,
        signed_on=body.signed_on,
        list_sha256=body.list_sha256,
        paper_sha256=body.paper_sha256,
    )

    async def put_name(it: DepartureCase, at: Occasion, work: Work) -> None:
        require_paper(work, body.paper_sha256)
        left = it.notice.organization if body.person == it.notice.person else None
        await require_of_unit(work, body.person, body.organization, body.signed_on, on_duty=left)
        unit = await _unit(it.notice, write)
        it.sign(signature, superior=unit.card.superior, at=at)

    return await write.carry_out(
        departures,
        case,
        body,
        put_name,
        on=body.signed_on,
        scope=_of_the_parties,
        unit=body.organization,
    )


@departures.post("/{case}/signing-refusal", "移交人拒签", "departure.handle")
async def record_signing_refusal(case: CaseCode, body: RecordSigningRefusal, write: Writing) -> Response:
    """Record that the leaver refuses to sign (C4.10-10): the supervisor of the superior unit, by its own credential.

    Then somebody of the leaver's unit signs in that place.
    """
    refusal = body.refusal

    async def put_down(it: DepartureCase, at: Occasion, work: Work) -> None:
        await require_of_unit(work, refusal.supervisor, refusal.organization, refusal.refused_on)
        unit = await _unit(it.notice, write)
        it.record_signing_refusal(refusal, superior=unit.card.superior, at=at)

    return await write.carry_out(
        departures,
        case,
        body,
        put_down,
        on=refusal.refused_on,
        scope=_with_superior,
        unit=refusal.organization,
    )


@departures.post("/{case}/completion", "完成交接", "departure.handle")
async def complete_handover(case: CaseCode, body: Circumstances, write: Writing) -> Response:
    """Complete the case; every asset on the list records `HandedOver` in the same append (C4.10-10, C4.10-11)."""

    async def hand_over(it: DepartureCase, at: Occasion, work: Work) -> None:
        await handover.complete(it, at, work, write.ledgers, write.context)

    return await write.carry_out(departures, case, body, hand_over)


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


@get(router, "/{case}/delta", "封存后的更正", "departure.read", response_model=ListDelta, responses=RULED)
async def read_handover_delta(
    case: CaseCode, read: Reading, cursor: After = None, limit: Most = 100
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
    return read.answer(body | changes_shown(delta, ("asset",), limit, RegisterRow, read.sees))


class ListStanding(Value):
    """A sealed handover list by its case, held against the log as it is now."""

    case: Code = Field(title="交接编号")
    holds: bool = Field(title="所载内容是否仍然成立")
    doubts: tuple[Literal["OTHER_DIGEST", "REPLACED", "REOPENED", "LATER_FACTS"], ...] = Field(
        title="清单不再成立的原因",
        description="摘要不是本交接封存过的 / 已另行封存 / 清单已重新打开 / 后来补记或更正了封存日以前的事实",
    )
    list_sha256: Sha256 = Field(title="清单摘要")
    position: int = Field(title="日志位置", description="核对到的日志位置")


@get(
    router, "/{case}/standing", "核验交接清单", "departure.read", response_model=ListStanding, responses=RULED
)
async def read_list_standing(
    case: CaseCode,
    read: Reading,
    digest: Annotated[
        Sha256 | None, Query(title="摘要", description="所持清单的摘要，不填为最近封存的")
    ] = None,
) -> Response:
    """Whether a list that was sealed and signed still holds: the last one of its case, nothing of its days recorded since (C4.10-10).

    STEP_OUT_OF_ORDER for a case that never sealed one, or before places in the log were kept.
    """
    seals = [
        one
        for one in await read.context.store.read_stream(read.county, DepartureCase.stream_of(case))
        if one.type == DepartureCase.ListSealed.TOPIC
    ]
    it = await read.context.load(DepartureCase, read.county, case)
    if it is None:
        raise refuse("NOT_FOUND", what=case)
    place = seals[-1].data.get("place") if seals else None
    if place is None:
        raise refuse(
            "STEP_OUT_OF_ORDER", clause="C4.10-10", step="standing", state=it.state, missing=["seal"]
        )
    last = seals[-1].data["listSha256"]
    asked = digest or last
    sealed = SealedPlace.model_validate(place)
    delta, position = await sealing_of(read).list_delta(sorted(it.lines), sealed, None, 1)
    doubts = {
        "OTHER_DIGEST": all(one.data["listSha256"] != asked for one in seals),
        "REPLACED": asked != last and any(one.data["listSha256"] == asked for one in seals),
        "REOPENED": it.sealed is None,
        "LATER_FACTS": bool(delta.added or delta.removed or delta.changed),
    }
    view = ListStanding(
        case=case,
        holds=not any(doubts.values()),
        doubts=tuple(name for name, so in doubts.items() if so),
        list_sha256=last,
        position=position,
    )
    return read.answer(view.model_dump(mode="json", by_alias=True))
