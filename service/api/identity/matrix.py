"""The table of rights over HTTP: which role may do what, in which kind of organisation, and how far it reaches."""

from __future__ import annotations

from pydantic import Field

from domain.values import Value
from service.api.http.reading import Reading, get, routes
from service.commands.authorization import Role, Scope, rights

router = routes("/v1/access", "identity 身份")


class RightBody(Value):
    """One role's right to one action."""

    action: str = Field(title="事项")
    role: Role = Field(title="角色")
    organization_kinds: tuple[str, ...] | None = Field(title="单位类型", description="为空：不限")
    scope: Scope = Field(
        title="范围", description="COUNTY 全县 / JURISDICTION 本单位及所辖区划 / UNIT 仅本单位"
    )


@get(router, "/matrix", "权限表", "access.matrix", response_model=tuple[RightBody, ...])
async def read_matrix(read: Reading) -> tuple[RightBody, ...]:  # noqa: ARG001  it is the same for everybody
    """Every right there is: role × kind of organisation × scope × action."""
    return tuple(
        RightBody(action=right.action, role=right.role, organization_kinds=right.kinds, scope=right.scope)
        for right in rights()
    )
