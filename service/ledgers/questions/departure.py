"""Custody and departures: who has or had which duty, what is in whose care, which handovers are under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field

from domain.departure.case import DepartureCase
from domain.organization.person import Person
from domain.values import BusinessDate, Code, Fen, Value
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.differences import RowSelection, selection
from projections.engine.part import About
from projections.engine.reading import MAX_PAGE, Page
from projections.organization import directory
from service.database.row_security import rows_of
from service.ledgers.filters import ComparedFilters, Filters, Several, Standpoint, about_any
from service.ledgers.queries import ledgers_now
from service.ledgers.source import Source
from service.ledgers.tables import PROVISIONAL, row_model, typed, typed_rows

_CASES: Final = "SELECT case_id FROM departure_line WHERE county = $1 AND asset = $2 ORDER BY case_id"
"""The departure cases that have an asset on their lists."""
_OF_CARE = (custody_ledger.PROJECTION.name, directory.PROJECTION.name)


class CustodyFilters(ComparedFilters):
    """Filters of the custody ledger."""

    PROJECTION: ClassVar[str] = custody_ledger.PROJECTION.name
    DATED = True

    asset: Several = Field(default=(), title="资产编号", max_length=200)
    duty: Several = Field(default=(), title="职责", max_length=10)
    unit: Several = Field(default=(), title="单位", max_length=200)
    person: Several = Field(default=(), title="人员", max_length=200)
    on: BusinessDate | None = Field(default=None, title="日期", description="查询当日有效的职责")
    history: bool = Field(default=False, title="是否含历史", description="列出曾有的全部职责")

    def about(self) -> About | None:
        """Assets, or those of persons or units."""
        return about_any(self.asset, self.person, self.unit)

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Lines of the custody ledger: the present ones, those of a day, or all there ever were."""
        return await custody_ledger.custody_page(at.connection, at.county, **self.filters(), **paging)

    def rows(self, county: str) -> RowSelection:
        """Duties: those in force at each moment, unless `history` asks for all."""
        conditions = custody_ledger.custody_conditions(county, **self.filters())
        return selection(custody_ledger.CUSTODY_LEDGER, "c", conditions)


CustodyRow = row_model("CustodyLedgerRow", custody_ledger.CUSTODY_LEDGER)


class DeparturesFilters(Filters):
    """Filters of the departures ledger."""

    PROJECTION: ClassVar[str] = departures.PROJECTION.name

    person: Code | None = Field(default=None, title="离任人")
    organization: Several = Field(default=(), title="单位", max_length=200)
    kind: Literal["RESPONSIBLE", "MANAGER"] | None = Field(default=None, title="交接类型")
    state: Literal["OPEN", "COMPLETED"] | None = Field(default=None, title="状态")
    on: BusinessDate | None = Field(default=None, title="日期", description="按该日判断是否逾期，不填为当日")
    overdue: bool | None = Field(default=None, title="是否逾期")

    async def settled(self, source: Source) -> Self:
        """The same for a day: today's where none was given."""
        return self.model_copy(update={"on": self.on or source.today})

    async def page(self, at: Standpoint, paging: Mapping[str, Any]) -> Page:
        """Departure cases with what is still missing, and whether they are overdue."""
        return await departures.departure_page(
            at.connection, at.county, at.calendar, **self.filters(), **paging
        )


DepartureRow = row_model(
    "DepartureRow",
    departures.DEPARTURE_CASE,
    hidden=("reckoning",),
    provisional=(bool, Field(title="移交期限是否暂定", description=PROVISIONAL)),
    missing=(tuple[str, ...], Field(default=(), title="尚缺的事项")),
    overdue=(bool, Field(title="是否逾期")),
)


async def completed_cases(source: Source, person: str) -> tuple[str, ...]:
    """Departure cases of the person that are completed."""
    async with rows_of(source.pool, source.county) as connection:
        found = await departures.departure_page(
            connection, source.county, source.calendar, person=person, state="COMPLETED", limit=MAX_PAGE
        )
    return tuple(str(row["case_id"]) for row in found.rows)


# ---- who answers for what ------------------------------------------------------------------------------------------


class PostHolder(Value):
    """Somebody who held a post on the day."""

    person: str = Field(title="人员编号")
    name: str | None = Field(title="姓名")
    since: date = Field(title="任职日期")
    until: date | None = Field(title="离任日期（含当日）")


class PostBody(Value):
    """A post and who held it on the day."""

    organization: str = Field(title="职务所在单位")
    held_in: str = Field(title="当日承接单位")
    post: str = Field(title="职务")
    holders: tuple[PostHolder, ...] = Field(title="当日任职人")
    vacant: bool = Field(title="当日是否空缺")


class NamedPerson(Value):
    """A named person's duty."""

    person: str = Field(title="人员编号")
    name: str | None = Field(title="姓名")
    duty: str = Field(title="职责")
    since: date = Field(title="起始日期")
    until: date | None = Field(title="终止日期（不含当日）")
    case_id: str | None = Field(title="经由的交接")


class InterimBody(Value):
    """Interim custodian while nobody has taken over yet; the leaver is not released by it (P37)."""

    person: str = Field(title="临时管护人")
    name: str | None = Field(title="姓名")
    appointed_by: str = Field(title="指定单位")
    since: date = Field(title="起始日期")
    until: date = Field(title="截止日期（含当日）")
    case_id: str = Field(title="所属交接")


class SupervisorBody(Value):
    """A supervising unit."""

    supervisor: str = Field(title="监管单位")
    first_supervisor: PostBody | None = Field(title="第一监管责任人")


class ResponsiblePersons(Value):
    """Persons responsible for an asset on a day."""

    asset: str = Field(title="资产编号")
    on: date = Field(title="日期")
    persons: tuple[NamedPerson, ...] = Field(title="当日具体责任人")
    interim: tuple[InterimBody, ...] = Field(title="当日临时管护人", description="接任人接收前指定的")
    custodian: str | None = Field(title="管护主体")
    responsible_unit: str | None = Field(title="管理责任单位")
    provisional: bool = Field(title="是否临时管护")
    first_responsible: PostBody | None = Field(title="管护第一责任人")
    supervisors: tuple[SupervisorBody, ...] = Field(title="当日监管单位")


async def cases_listing(source: Source, asset: str, min_position: int) -> list[str]:
    """The departure cases that have an asset on their lists, by what was recorded up to a position at least."""
    async with ledgers_now(source, (departures.PROJECTION.name,), min_position) as connection:
        return [str(one["case_id"]) for one in await connection.fetch(_CASES, source.county, asset)]


async def responsible_persons(
    source: Source, asset: str, on: date, min_position: int = 0
) -> ResponsiblePersons:
    """Who was responsible for the asset on a day: named persons, interim custodians, units, and the holders of the posts
    (C4.10-02).
    """
    async with ledgers_now(source, (*_OF_CARE, departures.PROJECTION.name), min_position) as connection:
        found = await custody_ledger.responsible_on(connection, source.county, asset, on)
        listed = await connection.fetch(_CASES, source.county, asset)
    taken_over = {one["case_id"] for one in found["persons"]}
    cases = [one["case_id"] for one in listed if one["case_id"] not in taken_over]
    return typed(found | {"interim": await _interims(source, cases, on)}, ResponsiblePersons)


async def _interims(source: Source, cases: Sequence[str], on: date) -> list[dict[str, Any]]:
    """The interim custodians of a day in departure cases: of each the one that was appointed last for it."""
    found = []
    for code in cases:
        case = await source.load(DepartureCase, code)
        of_day = [] if case is None else [one for one in case.interims if one.since <= on <= one.until]
        for one in of_day[-1:]:
            person = await source.load(Person, one.person)
            found.append(
                {
                    "person": one.person,
                    "name": None if person is None else person.card.name,
                    "appointed_by": one.appointed_by,
                    "since": one.since,
                    "until": one.until,
                    "case_id": code,
                }
            )
    return found


InCareRow = row_model(
    "InCareRow",
    custody_ledger.CUSTODY_LEDGER,
    asset_name=(str | None, Field(title="资产名称")),
    original_value=(Fen | None, Field(title="原始价值")),
    responsible_unit=(str | None, Field(title="管理责任单位")),
    custodian=(str | None, Field(title="管护主体")),
)
ByPostRow = row_model(
    "InCareByPostRow",
    custody_ledger.CUSTODY_LEDGER,
    in_post_since=(date, Field(title="任职日期")),
    in_post_until=(date | None, Field(title="离任日期（含当日）")),
)


class PersonCare(Value):
    """Assets in a person's care."""

    person: str = Field(title="人员编号")
    on: date = Field(title="日期")
    assets: tuple[InCareRow, ...] = Field(title="具体负责的资产")  # type: ignore[valid-type]  # made at run time
    by_post: tuple[ByPostRow, ...] = Field(title="因职务负责的资产")  # type: ignore[valid-type]


async def care_of_person(source: Source, person: str, on: date | None, min_position: int = 0) -> PersonCare:
    """What the person answers for on a day: by name (without a day: now), and by holding a post."""
    day = on or source.today
    async with ledgers_now(source, _OF_CARE, min_position) as connection:
        named = await custody_ledger.in_care(connection, source.county, person, on=on)
        by_post = await custody_ledger.in_care_by_post(connection, source.county, person, day)
    return PersonCare(
        person=person,
        on=day,
        assets=typed_rows(named, InCareRow),
        by_post=typed_rows(by_post, ByPostRow),
    )
