"""Supervision over HTTP (五(四)): inspections with their findings, violations with who answers for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.occasion import Occasion
from domain.oversight.inspection import (
    Inspection,
    InspectionRecord,
    Rectification,
    RectificationVerification,
    SupervisionFinding,
)
from domain.oversight.violation import Accountability, Violation, ViolationCase, ViolationEstablishment
from domain.values import Code
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Writing
from service.commands.authorization import ANYWHERE, Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.commands.violations import answerable

inspections = routes("/v1/inspections", "oversight 监督检查")
violations = routes("/v1/violations", "oversight 监督检查")
ledgers = routes("/v1/ledgers", "ledgers 台账")

InspectionCode = Annotated[Code, Path(title="检查编号")]
CaseCode = Annotated[Code, Path(title="案件编号")]
InspectionView = view_model(
    Inspection,
    inspection=Annotated[Code, Field(title="检查编号")],
    open_findings=Annotated[tuple[Code, ...], Field(title="未整改的问题编号")],
)
ViolationView = view_model(ViolationCase, case=Annotated[Code, Field(title="案件编号")])


class RecordInspection(Circumstances):
    """An inspection of a unit."""

    inspection: Code | None = Field(default=None, title="检查编号", description="不填由系统编号")
    inspected: InspectionRecord = Field(title="监督检查情况")


class RaiseSupervisionFinding(Circumstances):
    """Request body: raise a finding of an inspection."""

    supervision_finding: SupervisionFinding = Field(title="检查发现的问题")


class OrderRectification(Circumstances):
    """Request body: order a rectification with its deadline."""

    rectification: Rectification = Field(title="责令整改内容")


class VerifyRectification(Circumstances):
    """Request body: verify a rectification."""

    verified: RectificationVerification = Field(title="复查情况")


class ReportViolation(Circumstances):
    """Request body: report a violation; who was responsible on the day is looked up and kept with it."""

    case: Code | None = Field(default=None, title="案件编号", description="不填由系统编号")
    violation: Violation = Field(title="违规问题")


class EstablishViolation(Circumstances):
    """Request body: establish a violation, or that there was none."""

    establishment: ViolationEstablishment = Field(title="认定结果")


class HoldToAccount(Circumstances):
    """Request body: hold a person to account for a violation."""

    accountability: Accountability = Field(title="责任追究内容")


def inspection_view(it: Inspection) -> dict[str, Any]:
    """An inspection as every answer shows it."""
    return it.view() | {"inspection": it.id, "openFindings": list(it.open_findings())}


def violation_view(it: ViolationCase) -> dict[str, Any]:
    """A case as every answer shows it."""
    return it.view() | {"case": it.id}


_INSPECTIONS = Kind(
    inspections, Inspection, InspectionView, lambda it, _: inspection_view(it), lambda _it, _write: ANYWHERE
)
_VIOLATIONS = Kind(
    violations, ViolationCase, ViolationView, lambda it, _: violation_view(it), lambda _it, _write: ANYWHERE
)


@_INSPECTIONS.post("", "登记监督检查", "oversight.inspect")
async def record_inspection(body: RecordInspection, write: Writing) -> Response:
    """Record that a supervising organ inspected a unit (C5.4-01)."""
    found = body.inspected
    code = body.inspection or f"IN-{write.mark(16)}"
    return await write.create(
        _INSPECTIONS,
        body,
        lambda at, _: Inspection.record_inspection(code, found, at),
        scope=Resource(organizations=(found.organ,)),
        on=found.inspected_on,
        unit=found.organ,
    )


def _organ(it: Inspection) -> str:
    """Steps of an inspection are of the organ that inspected, and of no other."""
    return it.inspected.organ


@_INSPECTIONS.post("/{inspection}/findings", "提出问题", "oversight.inspect")
async def raise_supervision_finding(
    inspection: InspectionCode, body: RaiseSupervisionFinding, write: Writing
) -> Response:
    """Raise a finding of the inspection (C5.4-01)."""
    return await write.decide(
        _INSPECTIONS,
        inspection,
        body,
        lambda it, at: it.raise_finding(body.supervision_finding, at),
        unit=_organ,
    )


@_INSPECTIONS.post("/{inspection}/rectifications", "责令整改", "oversight.inspect")
async def order_rectification(
    inspection: InspectionCode, body: OrderRectification, write: Writing
) -> Response:
    """Order what is to be mended, and until when (C5.4-01)."""
    return await write.decide(
        _INSPECTIONS,
        inspection,
        body,
        lambda it, at: it.order_rectification(body.rectification, at),
        unit=_organ,
    )


@_INSPECTIONS.post("/{inspection}/verifications", "复查整改", "oversight.inspect")
async def verify_rectification(
    inspection: InspectionCode, body: VerifyRectification, write: Writing
) -> Response:
    """Record what the organ saw when it looked again; what is not mended stays open (C5.4-01)."""
    return await write.decide(
        _INSPECTIONS,
        inspection,
        body,
        lambda it, at: it.verify_rectification(body.verified, at),
        on=body.verified.verified_on,
        unit=_organ,
    )


@get(inspections, "/{inspection}", "查询监督检查", "ledger.read", response_model=from_log(InspectionView))
async def read_inspection(inspection: InspectionCode, read: Reading) -> Response:
    """An inspection from the log."""
    return await read.aggregate(Inspection, inspection, inspection_view)


@_VIOLATIONS.post("", "登记违规问题", "violation.report")
async def report_violation(body: ReportViolation, write: Writing) -> Response:
    """Take a report of one of the eight violations in, with who was responsible on its day (C5.4-02)."""
    violation = body.violation
    code = body.case or f"VC-{write.mark(16)}"

    async def report(at: Occasion, work: Work) -> ViolationCase:
        persons = await answerable(violation, at, work, write.ledgers)
        return ViolationCase.report(code, violation, persons, at)

    return await write.create(_VIOLATIONS, body, report, scope=ANYWHERE)


@_VIOLATIONS.post("/{case}/establishment", "认定违规问题", "violation.decide")
async def establish_violation(case: CaseCode, body: EstablishViolation, write: Writing) -> Response:
    """Decide whether it is true (C5.4-02)."""
    decided = body.establishment
    return await write.decide(
        _VIOLATIONS,
        case,
        body,
        lambda it, at: it.establish(decided, at),
        on=decided.decided_on,
        unit=decided.decided_by,
    )


@_VIOLATIONS.post("/{case}/accountabilities", "责任追究", "violation.decide")
async def hold_to_account(case: CaseCode, body: HoldToAccount, write: Writing) -> Response:
    """Record what follows for a person, by the organ that may decide it (C5.4-02)."""
    decided = body.accountability
    return await write.decide(
        _VIOLATIONS,
        case,
        body,
        lambda it, at: it.hold_to_account(decided, at),
        on=decided.decided_on,
        unit=decided.decided_by,
    )


@get(violations, "/{case}", "查询违规问题", "violation.read", response_model=from_log(ViolationView))
async def read_violation(case: CaseCode, read: Reading) -> Response:
    """A case from the log."""
    return await read.aggregate(ViolationCase, case, violation_view)


# ---- ledgers -------------------------------------------------------------------------------------------------------
