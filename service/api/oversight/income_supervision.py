"""Supervision of the income of operating assets over HTTP: by the bureau that leads it, by the department of each type (C4.9-01)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from domain.refusals import refuse
from domain.regulation import Rules
from domain.values import Code
from service.api.http.paging import AsOf, KnownAt, MinPosition
from service.api.http.reading import Read, Reading, get, routes
from service.commands.authorization import Role
from service.ledgers.parameters import Cursor, Limit
from service.ledgers.queries import LedgerMoment
from service.ledgers.questions.income_supervision import (
    LEDGER,
    IncomeSupervision,
    SupervisedBy,
    SupervisionFilters,
    supervised_income,
)
from service.ledgers.tables import value_shown

router = routes("/v1/ledgers", "income 收益")


def _department_seen(read: Read, rules: Rules, asked: str | None) -> str | None:
    """Department whose types whoever asks is shown: any for who supervises all of it, its own for a line department. FORBIDDEN."""
    actor = read.actor
    leads = actor.organization in rules.keepers_of(LEDGER) or Role.OFFICE in actor.roles
    if leads or (Role.AUDITOR in actor.roles and actor.organization in rules.supervising_organs):
        return asked
    if asked not in {None, actor.organization} or not rules.types_of(actor.organization):
        raise refuse("FORBIDDEN", action=asked or actor.organization, clause="C4.9-01")
    return actor.organization


@get(
    router, "/income-supervision", "经营类资产收益监督", "income.supervise", response_model=IncomeSupervision
)
async def read_income_supervision(
    read: Reading,
    by: Annotated[SupervisedBy, Query(title="列出方式", description="unit 收益权人 / asset 资产")] = "unit",
    department: Annotated[
        Code | None,
        Query(title="行业主管部门", description="只看其主管类型的资产；行业主管部门只能看本部门的"),
    ] = None,
    unit: Annotated[Code | None, Query(title="收益权人", description="按收益权人列出时")] = None,
    village: Annotated[Code | None, Query(title="资产所在村")] = None,
    township: Annotated[Code | None, Query(title="资产所在乡（镇）")] = None,
    asset: Annotated[Code | None, Query(title="资产编号")] = None,
    overdue: Annotated[bool | None, Query(title="是否有欠收")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    limit: Annotated[Limit, Query(title="每页行数")] = 100,
    cursor: Annotated[Cursor | None, Query(title="游标")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """What is due of the income of operating assets, came in, was paid out and lies idle, per unit or asset (C4.9-01).

    The bureau that leads the supervision, supervising organs and the asset office see the county's, a line department its types'.
    """
    rules = (await read.regulation()).on(read.day(as_of))
    seen = _department_seen(read, rules, department)
    filters = SupervisionFilters(by, seen, unit, village, township, asset, overdue, limit, cursor)
    found = await supervised_income(read, filters, LedgerMoment(as_of, known_at, min_position))
    return read.answer(value_shown(found))
