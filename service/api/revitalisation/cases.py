"""Revitalisation over HTTP (盘活, 四(十一)): the detection of a day, and each case from its opening to its verification."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.revitalisation.case import (
    DeadlineExtension,
    RevitalisationCase,
    RevitalisationClosing,
    RevitalisationDeclaration,
    RevitalisationPlan,
    RevitalisationVerification,
)
from domain.values import AssetCode, Code, Text
from service.api.http.reading import ACTION, Reading, from_log, get, list_of, routes
from service.api.http.writing import (
    IDEMPOTENCY_KEY,
    WRITE_PROBLEMS,
    Circumstances,
    Excepting,
    Kind,
    Write,
    Writing,
    answered,
)
from service.api.system.operations import OperationView, operations_of, shown
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.operations import operation_id
from service.commands.places import resource_of
from service.commands.views import view_model
from service.revitalisation.detection import DETECTION, DetectionOptions, case_code
from service.revitalisation.opening import cases_of, open_case, reopen_case

cases = routes("/v1/revitalisation-cases", "revitalisation 盘活")
detections = routes("/v1/revitalisation-detections", "revitalisation 盘活")

CasePath = Annotated[Code, Path(title="事项编号")]
RevitalisationCaseView = view_model(
    RevitalisationCase, revitalisation_case=Annotated[Code, Field(title="事项编号")]
)


class DeclareRevitalisation(Circumstances):
    """Request body: say that an asset is to be revitalised."""

    declared: RevitalisationDeclaration = Field(title="提出盘活")


class FileRevitalisationPlan(Excepting):
    """Request body: file what is to become of the asset."""

    plan: RevitalisationPlan = Field(title="盘活方案")


class ExtendRevitalisation(Circumstances):
    """Request body: put the deadline off."""

    extension: DeadlineExtension = Field(title="延期情况")


class CloseRevitalisation(Excepting):
    """Request body: close the case with its result and what proves it."""

    closing: RevitalisationClosing = Field(title="办结情况")


class VerifyRevitalisation(Circumstances):
    """Request body: what the township saw."""

    verification: RevitalisationVerification = Field(title="核实情况")


class ReopenRevitalisation(Circumstances):
    """Request body: go on with a case that was over."""

    reason: Text = Field(title="重新办理的理由")


class DetectRevitalisation(DetectionOptions):
    """Request body: look at the assets of the own jurisdiction for a day."""


def case_view(it: RevitalisationCase) -> dict[str, Any]:
    """A case as every answer shows it."""
    return it.view() | {"revitalisationCase": it.id}


async def _place(it: RevitalisationCase, write: Write) -> Resource:
    """A case lies where its asset does, and is the business of whoever owns or keeps it."""
    asset = await write.context.load(Asset, write.county, it.asset)
    if asset is None:
        raise refuse("NOT_FOUND", what=it.asset)
    return resource_of(asset)


_CASES = Kind(cases, RevitalisationCase, RevitalisationCaseView, lambda it, _: case_view(it), _place)


@_CASES.post("", "提出盘活", "revitalisation.handle")
async def declare_revitalisation(body: DeclareRevitalisation, write: Writing) -> Response:
    """Open a case because the unit that keeps or owns the asset says so (C4.11-04); one open case per asset."""
    declared = body.declared

    async def declare(at: Occasion, work: Work) -> RevitalisationCase:
        asset = await work.get(Asset, declared.asset)
        await open_case(work, declared.asset)
        code = case_code(write.mark(32), declared.asset)
        return RevitalisationCase.declare(code, asset, declared, at)

    async def scope() -> Resource:
        asset = await write.context.load(Asset, write.county, declared.asset)
        if asset is None:
            raise refuse("NOT_FOUND", what=declared.asset)
        return resource_of(asset)

    return await write.create(_CASES, body, declare, scope=scope, on=declared.declared_on)


@_CASES.post("/{revitalisation_case}/plan", "报送盘活方案", "revitalisation.handle")
async def file_revitalisation_plan(
    revitalisation_case: CasePath, body: FileRevitalisationPlan, write: Writing
) -> Response:
    """File outcome, deadline and person; for public-welfare assets only what C4.11-05 lists."""

    async def file(it: RevitalisationCase, at: Occasion, work: Work) -> None:
        it.file_plan(body.plan, await work.get(Asset, it.asset), at)

    return await write.carry_out(_CASES, revitalisation_case, body, file)


@_CASES.post("/{revitalisation_case}/extensions", "盘活延期", "revitalisation.handle")
async def extend_revitalisation(
    revitalisation_case: CasePath, body: ExtendRevitalisation, write: Writing
) -> Response:
    """Put the deadline of the plan off, by a document (C4.11-04)."""
    return await write.decide(
        _CASES, revitalisation_case, body, lambda it, at: it.extend_deadline(body.extension, at)
    )


@_CASES.post("/{revitalisation_case}/closing", "盘活办结", "revitalisation.handle")
async def close_revitalisation(
    revitalisation_case: CasePath, body: CloseRevitalisation, write: Writing
) -> Response:
    """Close a case with what proves its outcome in the log: contract and first income, renewed use, disposal."""

    async def close(it: RevitalisationCase, at: Occasion, work: Work) -> None:
        asset = await work.get(Asset, it.asset)
        events = await work.context.store.read_stream(work.county, asset.stream)
        received = frozenset(
            str(contract)
            for one in events
            if one.type == Asset.IncomeReceived.TOPIC
            and one.occurred_on <= at.on
            and (contract := one.data["receipt"].get("contract"))
        )
        it.close(body.closing, asset, received=received, unit=work.actor.organization, at=at)

    return await write.carry_out(_CASES, revitalisation_case, body, close, on=body.closing.closed_on)


@_CASES.post("/{revitalisation_case}/verification", "盘活核实", "revitalisation.verify")
async def verify_revitalisation(
    revitalisation_case: CasePath, body: VerifyRevitalisation, write: Writing
) -> Response:
    """Record that the township looked; what is not so goes on (C4.11-04)."""
    return await write.decide(
        _CASES,
        revitalisation_case,
        body,
        lambda it, at: it.verify(body.verification, write.actor.organization, at),
        on=body.verification.verified_on,
    )


@_CASES.post("/{revitalisation_case}/reopening", "盘活事项重新办理", "revitalisation.verify")
async def reopen_revitalisation(
    revitalisation_case: CasePath, body: ReopenRevitalisation, write: Writing
) -> Response:
    """Go on with a case that was over, because what was verified did not last (C4.11-04)."""

    async def reopen(it: RevitalisationCase, at: Occasion, work: Work) -> None:
        await reopen_case(work, it)
        it.reopen(body.reason, at)

    return await write.carry_out(_CASES, revitalisation_case, body, reopen)


@get(
    cases,
    "/{revitalisation_case}",
    "查询盘活事项",
    "revitalisation.read",
    response_model=from_log(RevitalisationCaseView),
)
async def read_revitalisation_case(revitalisation_case: CasePath, read: Reading) -> Response:
    """A case from the log."""
    return await read.aggregate(RevitalisationCase, revitalisation_case, case_view)


@get(
    cases,
    "",
    "查询资产的盘活事项",
    "revitalisation.read",
    response_model=list_of(RevitalisationCaseView),
)
async def list_revitalisation_cases(
    read: Reading, asset: Annotated[AssetCode, Query(title="资产编号")]
) -> Response:
    """The cases of one asset, the oldest first."""
    codes = await cases_of(read.context, read.county, asset)
    found = await read.context.load_many(RevitalisationCase, read.county, codes)
    return read.answer([case_view(one) for one in found.values()])


@detections.post(
    "",
    summary="排查应盘活资产",
    status_code=202,
    response_model=OperationView,
    response_class=Response,
    responses=answered(202, OperationView) | WRITE_PROBLEMS,
    openapi_extra={ACTION: "revitalisation.detect", "parameters": [IDEMPOTENCY_KEY]},
)
async def detect_revitalisation(body: DetectRevitalisation, write: Writing) -> Response:
    """Look at the assets of the own jurisdiction for a day and open a case for each that P13 finds (C4.11-04).

    The answer names the operation to watch; its result counts and lists what was found.
    """
    write.context.occasion(write.county, body.on)  # DATE_IN_FUTURE
    operation = operation_id(write.actor.id, write.idempotency.key, "RD")
    queued = await operations_of(write.request).submit(
        write.actor,
        DETECTION,
        operation,
        body.model_dump(mode="json", by_alias=True),
        digest=write.idempotency.body_sha256,
        one_at_a_time=True,
    )
    answer = write.answer(shown(queued))
    answer.status_code = 202
    answer.headers["Location"] = f"/v1/operations/{operation}"
    return answer
