"""Violations (违规问题): who answered for what happened, found in the ledgers and in the log (C5.4-02)."""

from __future__ import annotations

from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.oversight.violation import AnswerablePerson, Violation
from projections.asset import register as asset_register
from projections.departure import custody as custody_ledger
from projections.organization import directory
from service.commands.commands import Work
from service.database.row_security import rows_of
from service.ledgers.source import LedgerSource

LEDGERS = (
    asset_register.PROJECTION.name,
    custody_ledger.PROJECTION.name,
    directory.PROJECTION.name,
)


async def answerable(
    violation: Violation, at: Occasion, work: Work, ledgers: LedgerSource
) -> tuple[AnswerablePerson, ...]:
    """Who answered for the assets by name and by post on the day, and who led the unit."""
    await ledgers.reach_head(*LEDGERS)
    found: dict[AnswerablePerson, None] = {}
    day = violation.happened_on
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        for asset in violation.assets:
            care = await custody_ledger.responsible_on(connection, ledgers.county, asset, day)
            for one in care["persons"]:
                found[AnswerablePerson(person=one["person"], duty=one["duty"], asset=asset)] = None
            posts = [("FIRST_RESPONSIBLE", care["first_responsible"])]
            posts += [("SUPERVISOR", one["first_supervisor"]) for one in care["supervisors"]]
            for duty, post_ in posts:
                for holder in post_["holders"] if post_ is not None else ():
                    found[
                        AnswerablePerson(
                            person=holder["person"],
                            duty=duty,
                            asset=asset,
                            organization=post_["held_in"],
                            post=post_["post"],
                        )
                    ] = None
    unit = await work.context.load(Organization, ledgers.county, violation.unit)
    for position in sorted(at.rules.principal_positions):
        for person in unit.holders(position, day) if unit is not None else ():
            found[
                AnswerablePerson(person=person, duty="PRINCIPAL", organization=violation.unit, post=position)
            ] = None
    return tuple(found)
