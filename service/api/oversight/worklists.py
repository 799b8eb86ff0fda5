"""Worklists over HTTP: duties that wait on a day, of a unit or of the whole county."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Response

from service.api.http.reading import Read, Reading, get, routes
from service.api.organization.organizations import OrganizationPath
from service.commands.authorization import may, resource_of_units
from service.ledgers.questions.worklist import TaskQuery, Worklist, due_tasks
from service.ledgers.tables import value_shown

router = routes("/v1", "worklists 待办")


async def _tasks(read: Read, query: TaskQuery, unit: str | None) -> Response:
    """A worklist; the words of objections for those who answer them."""

    def may_answer(units: Sequence[str]) -> bool:
        return may(read.actor, "objection.read", resource_of_units(units))

    return read.answer(value_shown(await due_tasks(read, query, unit, may_answer)))


@get(router, "/ledgers/worklist", "全县待办", "ledger.read", response_model=Worklist)
async def read_county_worklist(read: Reading, query: Annotated[TaskQuery, Query()]) -> Response:
    """What waits anywhere in the county on a day, the oldest first, in pages."""
    return await _tasks(read, query, None)


@get(
    router,
    "/organizations/{organization}/worklist",
    "单位待办",
    "organization.read",
    response_model=Worklist,
)
async def read_unit_worklist(
    organization: OrganizationPath, read: Reading, query: Annotated[TaskQuery, Query()]
) -> Response:
    """What waits for the unit on a day, in pages: reports, upkeep, bookings, custody, entries, inspections, ledgers, managers."""
    return await _tasks(read, query, organization)
