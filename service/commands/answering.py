"""Persons who answered for an asset on a day, from the log: by name, as interim custodians, and by holding a post.

As it was known at a moment, where one is given: what was recorded later of posts, successors and interims does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import Field

from domain.aggregate import DomainAggregate, fold_stream
from domain.asset.asset import Asset
from domain.asset.facts.custody import PositionRef
from domain.classification import UNIT
from domain.departure.case import DepartureCase
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.values import Code, Value
from service.commands.commands import CommandContext
from service.ledgers.questions.departure import InterimBody, PostBody, PostHolder, SupervisorBody

_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)


class PersonAnswering(Value):
    """A named person's duty on the day."""

    person: Annotated[str, UNIT] = Field(title="人员编号")
    name: Annotated[str, UNIT] | None = Field(title="姓名")
    duty: Code = Field(title="职责")


class Answering(Value):
    """Persons who answered for an asset on a day; a post that nobody held is vacant."""

    on: date = Field(title="日期")
    persons: tuple[PersonAnswering, ...] = Field(title="当日具体责任人")
    interim: tuple[InterimBody, ...] = Field(title="当日临时管护人")
    first_responsible: PostBody | None = Field(title="管护第一责任人")
    supervisors: tuple[SupervisorBody, ...] = Field(title="当日监管单位")


@dataclass(slots=True)
class AnsweringReader:
    """Reading of the log by which it is found."""

    context: CommandContext
    county: str
    known_at: datetime | None
    _units: dict[str, Organization | None] = field(default_factory=dict)

    async def answering(self, it: Asset, on: date, cases: Iterable[str]) -> Answering:
        """`it`: the asset as of the day; `cases`: departure cases that may list it."""
        custody = it.custody
        first = None if custody is None else custody.first_responsible
        return Answering(
            on=on,
            persons=tuple(
                [
                    PersonAnswering(person=one.person, name=await self._name(one.person), duty=one.duty)
                    for one in (() if custody is None else custody.duties)
                ]
            ),
            interim=tuple([one for case in cases for one in await self._interim(case, it.id, on)]),
            first_responsible=None if first is None else await self._post(first, on),
            supervisors=tuple(
                [
                    SupervisorBody(
                        supervisor=one.supervisor,
                        first_supervisor=None
                        if one.first_supervisor is None
                        else await self._post(one.first_supervisor, on),
                    )
                    for one in it.supervision
                ]
            ),
        )

    async def _known(self, cls: type[_Aggregate], code: str) -> _Aggregate | None:
        """An aggregate with everything that was recorded by the moment."""
        if self.known_at is None:
            return await self.context.load(cls, self.county, code)
        events = await self.context.store.read_stream(self.county, cls.stream_of(code))
        told = [self.context.codec.domain_event(one) for one in events if one.recorded_at <= self.known_at]
        found = fold_stream(told, whole=False).aggregate if told else None
        return found if isinstance(found, cls) else None

    async def _name(self, person: str) -> str | None:
        found = await self._known(Person, person)
        return None if found is None else found.card.name

    async def _unit(self, code: str) -> Organization | None:
        if code not in self._units:
            self._units[code] = await self._known(Organization, code)
        return self._units[code]

    async def _post(self, post: PositionRef, on: date) -> PostBody:
        """The post in the unit that stood in its unit's place on the day, and who held it."""
        code, seen = post.organization, {post.organization}
        unit = await self._unit(code)
        while (
            unit is not None
            and unit.closed_on is not None
            and unit.closed_on <= on
            and unit.successor is not None
            and unit.successor not in seen
        ):
            code = unit.successor
            seen.add(code)
            unit = await self._unit(code)
        held = [] if unit is None else [one for one in unit.tenures if one.position == post.position]
        holders = tuple(
            [
                PostHolder(
                    person=one.person, name=await self._name(one.person), since=one.since, until=one.until
                )
                for one in held
                if one.covers(on)
            ]
        )
        return PostBody(
            organization=post.organization,
            held_in=code,
            post=post.position,
            holders=holders,
            vacant=not holders,
        )

    async def _interim(self, code: str, asset: str, on: date) -> list[InterimBody]:
        """The interim custodian of the day in a case, until it was taken over: the one that was appointed last for it."""
        case = await self._known(DepartureCase, code)
        if case is None or asset not in case.lines:
            return []
        of_day = [one for one in case.interims if one.since <= on <= one.until]
        return [
            InterimBody(
                person=one.person,
                name=await self._name(one.person),
                appointed_by=one.appointed_by,
                since=one.since,
                until=one.until,
                case_id=code,
            )
            for one in of_day[-1:]
        ]
