"""Exceptions over HTTP (例外批准, P25): the county government grants, revokes, and everybody of the county reads them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import Field

from domain.oversight.policy_override import OverrideGrant, OverrideRevocation, PolicyOverride
from domain.values import BusinessDate, Code
from service.api.http.reading import Reading, from_log, get, list_of, routes
from service.api.http.writing import Circumstances, Kind, Writing
from service.commands.authorization import ANYWHERE
from service.commands.exceptions import grant, granted_for
from service.commands.views import view_model

router = routes("/v1/policy-overrides", "policy 政策")

OverridePath = Annotated[Code, Path(title="例外批准编号")]
PolicyOverrideView = view_model(
    PolicyOverride,
    override=Annotated[Code, Field(title="例外批准编号")],
    in_force=Annotated[bool, Field(title="当日是否有效")],
)


class GrantPolicyOverride(Circumstances):
    """An exception for one asset from one rule of principle."""

    override: Code | None = Field(default=None, title="例外批准编号", description="不填由系统编号")
    override_grant: OverrideGrant = Field(title="例外批准内容")


class RevokePolicyOverride(Circumstances):
    """The end of an exception before its time."""

    revocation: OverrideRevocation = Field(title="撤销情况")


def override_view(it: PolicyOverride, day: date) -> dict[str, Any]:
    """An exception as every answer shows it."""
    return it.view() | {"override": it.id, "inForce": it.held_on(day)}


_OVERRIDES = Kind(
    router,
    PolicyOverride,
    PolicyOverrideView,
    lambda it, write: override_view(it, write.context.today()),
    lambda _it, _write: ANYWHERE,
)


@_OVERRIDES.post("", "例外批准", "policy_override.grant")
async def grant_policy_override(body: GrantPolicyOverride, write: Writing) -> Response:
    """Except an asset from a rule that holds in principle, by the county government itself (P25)."""
    wanted = body.override_grant
    number = body.override or f"PO-{write.mark(16)}"
    return await write.create(
        _OVERRIDES,
        body,
        lambda at, work: grant(number, wanted, at, work),
        scope=ANYWHERE,
        on=wanted.granted_on,
    )


@_OVERRIDES.post("/{override}/revocation", "撤销例外批准", "policy_override.grant")
async def revoke_policy_override(
    override: OverridePath, body: RevokePolicyOverride, write: Writing
) -> Response:
    """Take an exception back from a day on; what was decided under it before stays (P25)."""
    revocation = body.revocation
    return await write.decide(
        _OVERRIDES, override, body, lambda it, at: it.revoke(revocation, at), on=revocation.revoked_on
    )


@get(
    router,
    "/{override}",
    "查询例外批准",
    "policy_override.read",
    response_model=from_log(PolicyOverrideView),
)
async def read_policy_override(override: OverridePath, read: Reading) -> Response:
    """An exception from the log."""
    today = read.context.today()
    return await read.aggregate(PolicyOverride, override, lambda it: override_view(it, today))


@get(router, "", "查询各项例外批准", "policy_override.read", response_model=list_of(PolicyOverrideView))
async def list_policy_overrides(
    read: Reading,
    asset: Annotated[Code | None, Query(title="资产编号")] = None,
    in_force_on: Annotated[BusinessDate | None, Query(title="有效日期", description="只列该日有效的")] = None,
) -> Response:
    """Exceptions in the order in which they were granted, of one asset or of all."""
    today = read.context.today()
    found = await granted_for(read.context, read.county, asset)
    return read.answer(
        [override_view(one, today) for one in found if in_force_on is None or one.held_on(in_force_on)]
    )
