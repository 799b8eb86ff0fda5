"""A household's own statement of what it has of the assets (C3-07): for itself and for auditors, nobody else."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from domain.refusals import refuse
from domain.values import Code
from service.api.http.paging import MinPosition
from service.api.http.reading import Reading, get, routes
from service.commands.authorization import Role
from service.ledgers.parameters import YearNumber
from service.ledgers.questions.household import BenefitStatement, benefit_statement
from service.ledgers.tables import value_shown

router = routes("/v1/households", "households 农户")

HouseholdCode = Annotated[Code, Path(title="户编号")]


@get(router, "/{household}/benefits", "农户受益明细", "household.read", response_model=BenefitStatement)
async def read_household_benefits(
    household: HouseholdCode,
    read: Reading,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """All that was paid to the household and what it owns (C3-07). FORBIDDEN_PERSONAL_DATA for anybody else's."""
    if read.actor.organization != household and Role.AUDITOR not in read.actor.roles:
        raise refuse("FORBIDDEN_PERSONAL_DATA")
    return read.answer(value_shown(await benefit_statement(read, household, year, min_position)))
