"""Rights: one table, one pure function (D10).

An action is allowed by role, by the kind of organisation, and by where the resource lies. Reading is for every
credential of the county unless the table says otherwise. Separation of duties between persons (maker ≠ checker,
supervisor superior, auditor independent) is decided inside the aggregates, not here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.refusals import Refusal, refuse
from service.commands.actor import Actor


class Role(StrEnum):
    """Role of a credential."""

    ADMIN = "ADMIN"
    """Keys and organisations of the county; no asset data."""
    REGISTRAR = "REGISTRAR"
    """Clerk of a unit: registers and maintains the assets in its scope."""
    APPROVER = "APPROVER"
    """Reviews, determines and approves for its unit."""
    PERSONNEL = "PERSONNEL"
    """Appoints and dismisses, asks for clearance, opens departure cases."""
    OFFICE = "OFFICE"
    """County asset management office: policy parameters, county-wide import. Counts in the office itself and nowhere else."""
    AUDITOR = "AUDITOR"
    """Reads everything, records audits; never edits asset data (C5.4-01)."""
    OPERATOR = "OPERATOR"
    """Runs the service: projections, health."""
    READER = "READER"
    """Reads ledgers."""
    LOG_AUDITOR = "LOG_AUDITOR"
    """审计管理员: reads who was given access and who is signed in, gives none; beside OPERATOR (系统) and ADMIN (安全)."""


READ_ONLY: Final = frozenset({Role.AUDITOR, Role.READER, Role.OPERATOR, Role.LOG_AUDITOR})
"""Roles that never write asset data."""


class Scope(StrEnum):
    """Scope: how the resource's place limits an action."""

    COUNTY = "COUNTY"
    """Anywhere in the credential's county."""
    JURISDICTION = "JURISDICTION"
    """Only what lies in the credential's divisions, or belongs to its own organisation."""
    UNIT = "UNIT"
    """Only what the credential's own organisation says or does; whoever is above it does not speak for it."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of the table."""

    roles: frozenset[Role]
    scope: Scope = Scope.JURISDICTION
    kinds: frozenset[str] | None = None
    """Kinds of organisation in which the roles count; None: any. OFFICE counts in the asset office alone."""
    of_parties: bool = False
    """Whether it is an act of those whose subject it is (`Kind.parties`): its owners, the village whose income it is.

    They act themselves; the unit above records for them and is marked; nobody else does, whatever its key covers.
    """
    of_households: frozenset[Role] = frozenset()
    """Roles that count for a household, about itself, and for no unit."""

    def counts(self, role: str, kind: str) -> bool:
        """Whether one of the roles counts in a kind of organisation."""
        kinds = self.kinds_of(role)
        return kinds is None or kind in kinds

    def grants(self) -> list[str]:
        """Each grant that would do: a role, and the kinds of organisation in which it counts."""
        kinds = {role: self.kinds_of(role) for role in sorted(self.roles)}
        return [
            role if listed is None else f"{role}（{'、'.join(sorted(listed))}）"
            for role, listed in kinds.items()
        ]

    def kinds_of(self, role: str) -> frozenset[str] | None:
        """Kinds of organisation in which one of the roles counts; None: any."""
        if role in self.of_households:
            return frozenset({"HOUSEHOLD"})
        return frozenset({"ASSET_OFFICE"}) if role == Role.OFFICE else self.kinds


def _permission(
    *roles: Role, scope: Scope = Scope.JURISDICTION, kinds: frozenset[str] | None = None
) -> Permission:
    return Permission(frozenset(roles), scope, kinds)


def _of_parties(*roles: Role, kinds: frozenset[str]) -> Permission:
    return Permission(frozenset(roles), Scope.JURISDICTION, kinds, of_parties=True)


_EVERYONE: Final = Permission(frozenset(Role), Scope.COUNTY)

_OWNERS: Final = frozenset({"DEPARTMENT", "TOWNSHIP", "FARM", "VILLAGE"})
"""Units that own and keep ledgers (C4.3-10, C4.6-01); a farm is treated like a department (C0-03)."""
_KEEPERS: Final = _OWNERS | {"COMPANY"}
"""Who enters data: owners, and the agents that keep books for them (C4.7-04)."""
_TITLE: Final = _OWNERS | {"COUNTY_GOV"}
"""Who has a part in a title: owners, and the county government that decides."""
_ORGANS: Final = frozenset({"BODY", "DEPARTMENT"})
"""Supervising organs: 纪检, 审计, 财政, 农业农村, 乡村振兴 (C5.4-01)."""
_READERS: Final = _OWNERS | _ORGANS | {"COUNTY_GOV", "ASSET_OFFICE"}
"""Whose people may need personal data in plain for what the regulation asks of them; no company's."""
_DEPARTMENTS: Final = frozenset({"DEPARTMENT"})
DECISIONS: Final = frozenset({"asset.sign_contract"})
"""Actions open to companies that are decisions: a platform takes them inside its scope, a bookkeeping agent never (C4.7-04)."""

ACTIONS: Final[dict[str, Permission]] = {
    "asset.advise": _permission(Role.REGISTRAR, Role.OFFICE, scope=Scope.COUNTY),
    "asset.register": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "asset.correct": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "asset.archive_document": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "asset.book": _of_parties(Role.REGISTRAR, kinds=_KEEPERS),
    "asset.settle_value": _of_parties(Role.REGISTRAR, kinds=_OWNERS),
    "asset.confirm_ownership": _permission(Role.APPROVER, Role.OFFICE, kinds=_TITLE),
    "asset.propose_title": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "asset.decide_title": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"COUNTY_GOV"})),
    "asset.certify_share": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"TOWNSHIP"})),
    "asset.dispute_title": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, kinds=_TITLE),
    "asset.certify_title": _of_parties(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "asset.assign_right": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "asset.transfer": _permission(Role.REGISTRAR, kinds=_OWNERS),
    "asset.assign_custody": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "asset.report_status": _permission(Role.REGISTRAR, Role.APPROVER),
    "asset.enter_externally": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "asset.maintain": _permission(Role.REGISTRAR),
    "asset.depreciate": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "asset.contract": _of_parties(Role.REGISTRAR, kinds=_OWNERS),
    "asset.sign_contract": _of_parties(Role.REGISTRAR, kinds=_KEEPERS),
    "asset.authorise_platform": _of_parties(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "asset.income": _of_parties(Role.REGISTRAR, kinds=_KEEPERS),
    "asset.propose_disposal": _of_parties(Role.REGISTRAR, kinds=_OWNERS),
    "asset.forward_disposal": _permission(Role.APPROVER, kinds=frozenset({"TOWNSHIP", "DEPARTMENT"})),
    "asset.approve_disposal": _permission(
        Role.APPROVER, kinds=frozenset({"TOWNSHIP", "DEPARTMENT", "COUNTY_GOV"})
    ),
    "asset.close_disposal": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_TITLE),
    "asset.dispose": _of_parties(Role.REGISTRAR, kinds=_OWNERS),
    "asset.encumber": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, scope=Scope.COUNTY),
    "asset.read": _EVERYONE,
    "household_asset.register": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "household_asset.inspect": _permission(Role.REGISTRAR, Role.APPROVER),
    "household_asset.keep": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "household_asset.enter_externally": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "household_asset.confirm": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, kinds=_TITLE),
    "household_asset.entrust": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "household_ledger.push": _permission(Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=_OWNERS),
    "household_ledger.answer": _permission(
        Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"VILLAGE"})
    ),
    "household.tag": _of_parties(Role.REGISTRAR, kinds=_OWNERS),
    "household.read": _permission(Role.READER, Role.AUDITOR, scope=Scope.COUNTY),
    "household_asset.read": _EVERYONE,
    "personal_data.read": Permission(
        frozenset({Role.REGISTRAR, Role.APPROVER, Role.OFFICE, Role.PERSONNEL, Role.AUDITOR, Role.READER}),
        Scope.COUNTY,
        _READERS,
        of_households=frozenset({Role.READER}),
    ),
    "personal_data.look_up": _permission(Role.OFFICE, Role.AUDITOR, scope=Scope.COUNTY, kinds=_READERS),
    "personal_data.govern": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "personal_data.hold": _permission(Role.AUDITOR, scope=Scope.COUNTY, kinds=_ORGANS),
    "personal_data.review": _permission(Role.OFFICE, Role.AUDITOR, Role.LOG_AUDITOR, scope=Scope.COUNTY),
    "division.define": _permission(Role.ADMIN, scope=Scope.COUNTY),
    "division.read": _EVERYONE,
    "organization.define": _permission(Role.ADMIN, scope=Scope.COUNTY),
    "organization.appoint": _permission(Role.PERSONNEL, Role.ADMIN),
    "organization.keep_duties": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "organization.record_roll": _permission(Role.REGISTRAR, Role.APPROVER, kinds=frozenset({"TOWNSHIP"})),
    "organization.confirm_recording": _permission(
        Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"VILLAGE"})
    ),
    "organization.appoint_agent": _permission(
        Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=_KEEPERS
    ),
    "organization.enable_pilot": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "organization.name_office": _permission(Role.OFFICE, scope=Scope.UNIT),
    "organization.guide": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "organization.register_collective": _permission(Role.REGISTRAR, Role.APPROVER, Role.ADMIN),
    "organization.read": _EVERYONE,
    "person.register": _permission(Role.PERSONNEL, Role.ADMIN),
    "person.read": _EVERYONE,
    "person.carry_out_formality": _permission(Role.PERSONNEL),
    "person.record_leaving": _permission(Role.PERSONNEL),
    "departure.open": _permission(Role.PERSONNEL),
    "departure.handle": _permission(Role.REGISTRAR, Role.APPROVER, Role.PERSONNEL),
    "departure.audit": _permission(Role.AUDITOR, scope=Scope.UNIT),
    "departure.read": _EVERYONE,
    "oversight.inspect": _permission(Role.AUDITOR, scope=Scope.UNIT, kinds=_ORGANS),
    "violation.report": _permission(Role.AUDITOR, scope=Scope.COUNTY, kinds=_ORGANS),
    "violation.decide": _permission(Role.AUDITOR, scope=Scope.UNIT, kinds=_ORGANS),
    "violation.read": _permission(Role.AUDITOR, Role.OFFICE, Role.PERSONNEL, scope=Scope.COUNTY),
    "clearance.read": _permission(Role.PERSONNEL, Role.AUDITOR, Role.OFFICE, Role.ADMIN, scope=Scope.COUNTY),
    "clearance.issue": _permission(Role.PERSONNEL),
    "procedure.open": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, scope=Scope.UNIT),
    "procedure.act": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, scope=Scope.UNIT),
    "procedure.object": _permission(
        Role.REGISTRAR, Role.APPROVER, Role.OFFICE, Role.PERSONNEL, scope=Scope.COUNTY
    ),
    "procedure.read": _EVERYONE,
    "objection.read": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, Role.AUDITOR),
    "revitalisation.detect": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "revitalisation.handle": _permission(Role.REGISTRAR, Role.APPROVER),
    "revitalisation.verify": _permission(Role.APPROVER, kinds=frozenset({"TOWNSHIP", "FARM"})),
    "revitalisation.read": _EVERYONE,
    "history.enter": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "income.keep_account": _of_parties(Role.REGISTRAR, kinds=_KEEPERS),
    "income.plan": _of_parties(Role.REGISTRAR, kinds=_KEEPERS),
    "income.read": _EVERYONE,
    "income.supervise": _permission(
        Role.REGISTRAR,
        Role.APPROVER,
        Role.OFFICE,
        Role.AUDITOR,
        Role.READER,
        scope=Scope.COUNTY,
        kinds=_ORGANS,
    ),
    "guarantee.verify": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"TOWNSHIP"})),
    "guarantee.approve": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "inventory.import": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "inventory.submit": _permission(Role.REGISTRAR, Role.OFFICE, kinds=_KEEPERS),
    "inventory.review": _permission(
        Role.APPROVER, scope=Scope.UNIT, kinds=frozenset({"TOWNSHIP", "DEPARTMENT", "FARM"})
    ),
    "inventory.determine": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "inventory.aggregate": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "inventory.read": _EVERYONE,
    "stocktake.open": _permission(Role.OFFICE, Role.APPROVER, Role.REGISTRAR),
    "stocktake.record": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "stocktake.complete": _permission(Role.APPROVER, Role.OFFICE),
    "stocktake.read": _EVERYONE,
    "operation.read": Permission(frozenset(Role)),
    "operation.cancel": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, Role.ADMIN),
    "notice.post": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "notice.keep": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE, scope=Scope.UNIT),
    "ledger.read": _EVERYONE,
    "ledger.seal": _permission(Role.REGISTRAR, Role.APPROVER, Role.OFFICE),
    "ledger.submit": _permission(Role.REGISTRAR, Role.APPROVER, kinds=_OWNERS),
    "ledger.collect": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "joint_review.lead": _permission(Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "joint_review.sign": _permission(Role.APPROVER, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "joint_review.seal": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "fund.record": _permission(Role.REGISTRAR, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "fund.reconcile": _permission(Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=_DEPARTMENTS),
    "fund.acknowledge": _permission(Role.REGISTRAR, Role.APPROVER, scope=Scope.UNIT, kinds=_OWNERS),
    "fund.read": _EVERYONE,
    "proceeds.allocate": _permission(Role.REGISTRAR, Role.APPROVER, scope=Scope.COUNTY),
    "event.read": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "feed.read": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "feed.manage": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "webhook.read": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "webhook.manage": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "audit.pack": _permission(Role.AUDITOR, Role.OFFICE, Role.PERSONNEL, scope=Scope.COUNTY),
    "checkpoint.read": _EVERYONE,
    "checkpoint.make": _permission(Role.AUDITOR, Role.OFFICE, Role.OPERATOR, Role.ADMIN, scope=Scope.COUNTY),
    "checkpoint.witness": _permission(Role.OFFICE, Role.ADMIN, scope=Scope.COUNTY),
    "policy.change": _permission(Role.OFFICE, scope=Scope.COUNTY),
    "policy_override.grant": _permission(Role.APPROVER, scope=Scope.COUNTY, kinds=frozenset({"COUNTY_GOV"})),
    "policy_override.read": _EVERYONE,
    "key.create": _permission(Role.ADMIN, scope=Scope.COUNTY),
    "key.read": _permission(Role.ADMIN, Role.LOG_AUDITOR, scope=Scope.COUNTY),
    "key.revoke": _permission(Role.ADMIN, scope=Scope.COUNTY),
    "access.grant": _permission(Role.ADMIN, scope=Scope.COUNTY),
    "access.read": _permission(Role.ADMIN, Role.LOG_AUDITOR, scope=Scope.COUNTY),
    "reading.read": _permission(Role.LOG_AUDITOR, scope=Scope.COUNTY),
    "document.upload": _permission(
        Role.REGISTRAR, Role.APPROVER, Role.OFFICE, Role.AUDITOR, scope=Scope.COUNTY
    ),
    "document.read": _EVERYONE,
    "access.matrix": _EVERYONE,
    "session.own": _EVERYONE,
}
"""Every action of the service; each route that needs a credential names one of them."""


@dataclass(frozen=True, slots=True)
class Right:
    """One cell of the matrix: a role's right to an action."""

    action: str
    role: Role
    kinds: tuple[str, ...] | None
    """Kinds of organisation in which it counts; None: any."""
    scope: Scope


def rights() -> tuple[Right, ...]:
    """The matrix role × kind of organisation × scope × action, as it is printed."""
    found = []
    for action, permission in sorted(ACTIONS.items()):
        for role in sorted(permission.roles):
            kinds = permission.kinds_of(role)
            found.append(
                Right(action, role, None if kinds is None else tuple(sorted(kinds)), permission.scope)
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Resource:
    """Resource that is acted upon: where it lies and to whom it belongs."""

    divisions: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()


def resource_of_units(units: Iterable[str]) -> Resource:
    """What belongs to units. The code of a village or township is that of its division."""
    listed = tuple(units)
    return Resource(divisions=tuple(unit for unit in listed if unit.isdigit()), organizations=listed)


ANYWHERE: Final = Resource()
"""A resource without a place of its own, for actions of scope COUNTY."""


def authorize(actor: Actor, action: str, resource: Resource = ANYWHERE) -> None:
    """Let the action pass, or refuse with ROLE_NOT_ALLOWED, ROLE_READ_ONLY or FORBIDDEN_JURISDICTION (C4.3-12)."""
    permission = authorize_role(actor, action)
    if (
        permission.scope is Scope.COUNTY
        or actor.organization in resource.organizations
        or (
            permission.scope is Scope.JURISDICTION
            and any(actor.covers(division) for division in resource.divisions)
        )
    ):
        return
    raise refuse(
        "FORBIDDEN_JURISDICTION",
        organization=actor.organization,
        place="、".join(resource.divisions or resource.organizations),
    )


def may(actor: Actor, action: str, resource: Resource = ANYWHERE) -> bool:
    """Whether `authorize` would let it pass: for parts of an answer that not everybody sees."""
    try:
        authorize(actor, action, resource)
    except Refusal:
        return False
    return True


def authorize_role(actor: Actor, action: str) -> Permission:
    """The half of `authorize` that needs no resource: asked before anything is read. Gives the action's row."""
    permission = ACTIONS[action]
    if any(permission.counts(role, actor.organization_kind) for role in actor.roles & permission.roles):
        return permission
    code = (
        "ROLE_READ_ONLY"
        if actor.roles <= READ_ONLY and not permission.roles & READ_ONLY
        else "ROLE_NOT_ALLOWED"
    )
    raise refuse(code, role="、".join(sorted(actor.roles)), action=action, missing=permission.grants())


def speak_for(actor: Actor, unit: str | None = None, level: str | None = None) -> None:
    """Whoever acts is of the unit that has to act itself. FORBIDDEN.

    `level`: of an approval chain, a unit (FINANCE, COUNTY_GOV) or a kind of units (TOWNSHIP).
    """
    if unit is not None and unit != actor.organization:
        raise refuse("FORBIDDEN", action=unit)
    if level is not None and level not in {actor.organization, actor.organization_kind}:
        raise refuse("FORBIDDEN", action=level)
