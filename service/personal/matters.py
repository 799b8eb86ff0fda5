"""Matters that still need a subject's data: as long as one of them runs, it is not forgotten."""

from __future__ import annotations

from typing import Protocol

from domain.household.asset import HouseholdAsset
from domain.income.plan import IncomePlan
from domain.income.relief import ReliefPlan
from domain.organization.person import Person
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.public_notice import PublicNotice
from domain.sealed import parts_of
from domain.values import Fen
from projections.departure.cases import PROJECTION as DEPARTURES, open_cases_of
from projections.household.benefits import assets_of
from projections.household.register import PROJECTION as HOUSEHOLDS
from service.commands.commands import CommandContext
from service.ledgers.queries import ledgers_at_head
from service.ledgers.source import Source


async def streams_of(source: Source, subject: str) -> list[str]:
    """The streams that are about a subject with a code, whether its data are sealed or not."""
    kind, _, code = subject.partition(".")
    if kind == "household":
        async with ledgers_at_head(source, HOUSEHOLDS.name) as (connection, _position):
            assets = await assets_of(connection, source.county, code)
        return [HouseholdAsset.stream_of(row["asset"]) for row in assets]
    return [Person.stream_of(code)] if kind == "person" else []


class AskingOfSubject(Source, Protocol):
    """A request about a subject: the county's ledgers, and the service that its log is read through."""

    @property
    def context(self) -> CommandContext:
        """The service that the log is read through."""


async def _unpaid(source: AskingOfSubject, household: str) -> list[str]:
    """What plans of income have for a household and was not paid yet, as `<stream>:<yuan>`, from the plans themselves."""
    return [
        *await _unpaid_by(source, IncomePlan, household),
        *await _unpaid_by(source, ReliefPlan, household),
    ]


async def _unpaid_by(
    source: AskingOfSubject, plans: type[IncomePlan | ReliefPlan], household: str
) -> list[str]:
    found, after = [], ""
    while streams := await source.context.store.streams_of(source.county, plans.KIND, after=after):
        for stream in streams:
            plan = await source.load(plans, stream.partition("-")[2])
            due = Fen(0) if plan is None else plan.unpaid_to(household)
            if due:
                found.append(f"{stream}:{due.yuan()}")
        after = streams[-1]
    return found


async def running_matters(
    source: AskingOfSubject, subject: str, key: str | None, places: list[str]
) -> tuple[str, ...]:
    """What still runs: a household's assets that are in the register (四(二)) and what plans have for it and was not paid
    (四(九)), a person's open handovers (四(十)), an
    objection that waits for its answer (三(五)). `key`: under which an objector's values stand, `places`: where.
    """
    kind, _, code = subject.partition(".")
    if kind == "household":
        async with ledgers_at_head(source, HOUSEHOLDS.name) as (connection, _position):
            assets = await assets_of(connection, source.county, code)
        kept = [HouseholdAsset.stream_of(row["asset"]) for row in assets if row["state"] != "CLOSED"]
        return (*kept, *await _unpaid(source, code))
    if kind == "person":
        async with ledgers_at_head(source, DEPARTURES.name) as (connection, _position):
            return tuple(await open_cases_of(connection, source.county, code))
    return tuple([one for place in places for one in await _open_objections(source, place, key)])


async def _open_objections(source: Source, stream: str, key: str | None) -> list[str]:
    kind, _, code = stream.partition("-")
    cls: type[ProcedureInstance | PublicNotice] = (
        ProcedureInstance if kind == ProcedureInstance.KIND else PublicNotice
    )
    found = await source.load(cls, code)
    if found is None:
        return []
    return [
        f"{stream}:{one.number}"
        for one in found.objections.values()
        if one.open and one.contact is not None and (parts := parts_of(one.contact)) and parts.key == key
    ]
