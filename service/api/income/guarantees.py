"""Cost guarantees over HTTP (管护费用保障, A18): declared by village or township, verified, approved and paid by the county."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Path, Response
from pydantic import Field

from domain.asset.asset import Asset
from domain.income.guarantee import (
    CostGuarantee,
    GuaranteeApproval,
    GuaranteePayment,
    InabilityDeclaration,
    InabilityVerification,
)
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.procedure.subject import digest_of
from domain.values import Code
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.upkeep import own_means

router = routes("/v1/cost-guarantees", "upkeep 管护")

GuaranteePath = Annotated[Code, Path(title="保障编号")]
CostGuaranteeView = view_model(CostGuarantee, cost_guarantee=Annotated[Code, Field(title="保障编号")])

FINANCE: Final = "FINANCE"
"""Whose decision and money it is: the county's finance bureau's."""


class DeclareInability(Circumstances):
    """Request body: a unit cannot bear its part of an asset's upkeep."""

    declaration: InabilityDeclaration = Field(title="申报情况")


class VerifyInability(Circumstances):
    """Request body: what the township found."""

    verification: InabilityVerification = Field(title="无力承担核实情况")


class ApproveGuarantee(Circumstances):
    """Request body: the finance bureau stands in, in the budget of a year."""

    approval: GuaranteeApproval = Field(title="批准情况")


class PayGuarantee(Circumstances):
    """Request body: the county paid."""

    payment: GuaranteePayment = Field(title="支付情况")


def guarantee_view(it: CostGuarantee) -> dict[str, Any]:
    """A guarantee as every answer shows it."""
    return it.view() | {"costGuarantee": it.id}


def guarantee_code(declared: InabilityDeclaration) -> str:
    """The code of a guarantee: there is one for a unit's part of an asset's upkeep of a year."""
    one = {"unit": declared.unit, "asset": declared.asset, "year": declared.year}
    return f"CG-{declared.year}-{digest_of(one)[:32]}"


def township_of(it: CostGuarantee) -> str:
    """The township of the village that declared; of a township's own declaration that township."""
    return f"{it.declaration.unit[:9]}000"


async def _unit(write: Write, unit: str) -> Resource:
    return place_of(await unit_of(write.context, write.county, unit, "declaration.unit"))


async def _place(it: CostGuarantee, write: Write) -> Resource:
    """A guarantee is the business of its own unit and of whoever lies above."""
    return await _unit(write, it.declaration.unit)


_GUARANTEES = Kind(
    router,
    CostGuarantee,
    CostGuaranteeView,
    lambda it, _: guarantee_view(it),
    _place,
    parties=lambda it: (it.declaration.unit,),
)


@_GUARANTEES.post("", "申报无力承担管护费用", "income.plan")
async def declare_inability(body: DeclareInability, write: Writing) -> Response:
    """Declare that a village or township cannot bear its part of an asset's upkeep of a year (C4.7-11, C4.10-08)."""
    declared = body.declaration

    async def declare(at: Occasion, work: Work) -> CostGuarantee:
        unit = await work.get(Organization, declared.unit)
        asset = await work.get(Asset, declared.asset)
        return CostGuarantee.declare(guarantee_code(declared), declared, unit.card.kind, asset, at)

    async def scope() -> Resource:
        return await _unit(write, declared.unit)

    return await write.create(_GUARANTEES, body, declare, scope=scope, party=declared.unit)


@_GUARANTEES.post("/{cost_guarantee}/verification", "核实无力承担情况", "guarantee.verify")
async def verify_inability(cost_guarantee: GuaranteePath, body: VerifyInability, write: Writing) -> Response:
    """Record what the village's township found (C4.7-11); another township's key is refused."""
    return await write.decide(
        _GUARANTEES,
        cost_guarantee,
        body,
        lambda it, at: it.verify(body.verification, write.actor.organization, at),
        on=body.verification.verified_on,
        unit=township_of,
    )


@_GUARANTEES.post("/{cost_guarantee}/approval", "批准保障管护费用", "guarantee.approve")
async def approve_guarantee(
    cost_guarantee: GuaranteePath, body: ApproveGuarantee, write: Writing
) -> Response:
    """Approve what the unit's own means leave of its share, in the budget of a year (C4.7-11, C4.10-08)."""

    async def approve(it: CostGuarantee, at: Occasion, work: Work) -> None:
        it.approve(body.approval, await own_means(work, it.declaration.unit, at), at)

    return await write.carry_out(
        _GUARANTEES, cost_guarantee, body, approve, on=body.approval.approved_on, unit=FINANCE
    )


@_GUARANTEES.post("/{cost_guarantee}/payments", "支付保障费用", "guarantee.approve")
async def pay_guarantee(cost_guarantee: GuaranteePath, body: PayGuarantee, write: Writing) -> Response:
    """Pay of what was approved, by the finance bureau (C4.7-11)."""
    return await write.decide(
        _GUARANTEES,
        cost_guarantee,
        body,
        lambda it, at: it.cover(body.payment, at),
        on=body.payment.paid_on,
        unit=FINANCE,
    )


@get(
    router,
    "/{cost_guarantee}",
    "查询管护费用保障",
    "income.read",
    response_model=from_log(CostGuaranteeView),
)
async def read_cost_guarantee(cost_guarantee: GuaranteePath, read: Reading) -> Response:
    """A guarantee from the log."""
    return await read.aggregate(CostGuarantee, cost_guarantee, guarantee_view)
