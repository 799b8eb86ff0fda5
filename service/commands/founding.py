"""Founding of a county, before its first asset: its divisions and the organisations the regulation binds (C0-03,
C4.3-10).

Read from the county's data folder and recorded once, in one commit; a second call finds it done, also one that looked
before the first had finished. Versions of the rules that come with later data are activated when a service starts with
them (C0-02).
"""

from __future__ import annotations

from datetime import date

from domain.aggregate import DomainAggregate
from domain.organization.division import Division, DivisionCard
from domain.organization.organization import Organization, OrganizationCard, OrganizationKind
from domain.policy import Policy, versions_of
from domain.regulation import rows
from domain.regulation.divisions import DivisionRow
from service.commands.actor import Actor
from service.commands.commands import ATTEMPTS, CommandContext, stream_append
from service.log.appending import Append, Claim, ClaimTaken, VersionConflict

FOUNDED_ON = date(2013, 1, 1)
"""Divisions and organisations are entered as of the day the regulation's scope begins (P16)."""


def system_actor(county: str, name: str) -> Actor:
    """The service itself as an actor, for what no credential asked for."""
    return Actor(name, "system", county, "-", "SYSTEM", frozenset(), (county,))


def divisions_of(context: CommandContext, county: str) -> tuple[DivisionRow, ...]:
    """The county's divisions."""
    return context.regulations[county].divisions


def organizations_of(context: CommandContext, county: str) -> tuple[rows.NamedOrganization, ...]:
    """The organisations that the county's regulation names."""
    return context.regulations[county].on(FOUNDED_ON).organizations()


async def found(context: CommandContext, county: str) -> bool:
    """Record divisions and organisations. False when the county has them already, or got them meanwhile."""
    if await is_founded(context, county):
        return False
    try:
        await _record_founding(context, county)
    except (VersionConflict, ClaimTaken):
        if not await is_founded(context, county):
            raise  # not another founding: something else has taken what a founding writes
        return False
    return True


async def is_founded(context: CommandContext, county: str) -> bool:
    """Whether the county's divisions and organisations are recorded."""
    return await context.store.load(county, Organization.stream_of("COUNTY_GOV")) is not None


async def _record_founding(context: CommandContext, county: str) -> None:
    at = context.occasion(county, FOUNDED_ON, provenance="设立：区划与单位数据")
    aggregates: list[DomainAggregate] = []
    for row in divisions_of(context, county):
        card = DivisionCard(name=row.name, level=row.level, parent=row.parent, valid_from=FOUNDED_ON)
        aggregates.append(Division.define(row.code, card, at))
    for code, organization in units_of(context, county).items():
        aggregates.append(Organization.define(code, organization, at))
    versions = versions_of(context.regulations[county])
    aggregates.append(Policy.adopt(county, versions, context.occasion(county, None)))
    await context.store.append(
        county,
        Append(
            command_id=f"founding-{county}",
            actor=system_actor(county, "founding").envelope(),
            correlation_id=f"founding-{county}",
            causation_id=None,
            streams=[stream_append(context, one) for one in aggregates],
            claims=(Claim("founding", county),),
        ),
    )


async def activate(context: CommandContext, county: str) -> bool:
    """Put the versions to use that the county's data has and its log has not. False when there are none, or another
    process put them to use meanwhile.

    POLICY_VERSION_OUT_OF_ORDER when one begins before the newest that is in use; POLICY_DATA_OUTDATED when the log
    is ahead of the data.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _activate_once(context, county)
        except VersionConflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returns or raises


async def _activate_once(context: CommandContext, county: str) -> bool:
    await context.in_force.catch_up(county)
    policy = await context.load(Policy, county, county)
    at = context.occasion(county, None)
    versions = versions_of(context.regulations[county])
    if policy is None:
        policy = Policy.adopt(county, versions, at)
    else:
        known = {one.number for one in policy.versions}
        for version in versions:
            if version.number not in known:
                policy.activate(version, at)
    if not policy.pending_events:
        return False
    command = f"activation-{county}-{versions[-1].number}"
    await context.store.append(
        county,
        Append(
            command_id=command,
            actor=system_actor(county, "founding").envelope(),
            correlation_id=command,
            causation_id=None,
            streams=[stream_append(context, policy)],
        ),
    )
    return True


def _kind_of(entry: rows.NamedOrganization) -> OrganizationKind:
    """Three bodies have a kind of their own, because rules name them; no other body keeps ledgers as departments do."""
    match entry.code:
        case "COUNTY_GOV" | "LEADING_GROUP" | "ASSET_OFFICE":
            return entry.code
        case _:
            return "BODY" if entry.kind == "BODY" else "DEPARTMENT"


def units_of(context: CommandContext, county: str) -> dict[str, OrganizationCard]:
    """The units that a county is founded with: those its regulation names, and one of every division."""
    units: dict[str, OrganizationCard] = {}
    for entry in organizations_of(context, county):
        units[entry.code] = OrganizationCard(
            name=entry.zh,
            kind=_kind_of(entry),
            division=f"{county}000000",
            superior=None if entry.code == "COUNTY_GOV" else "COUNTY_GOV",
            valid_from=FOUNDED_ON,
        )
    kinds = {"township": "TOWNSHIP", "state_farm": "FARM", "village": "VILLAGE"}
    for row in divisions_of(context, county):
        kind = kinds.get(row.level)
        if kind is None:
            continue
        superior = {"TOWNSHIP": "COUNTY_GOV", "FARM": "FARM_CENTER"}.get(kind, row.parent)
        name = {
            "VILLAGE": row.name.removesuffix("委会") + "村民委员会",
            "TOWNSHIP": row.name + "人民政府",
        }.get(kind, row.name)
        units[row.code] = OrganizationCard(
            name=name,
            kind=kind,
            division=row.code,
            superior=superior,
            valid_from=FOUNDED_ON,
        )
    return units
