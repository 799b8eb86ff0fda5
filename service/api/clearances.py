"""Who answers for what: responsible persons of an asset on a day, what is in a person's care, and clearance."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from fastapi import Response
from pydantic import Field

from domain.refusals import refuse
from domain.values import Value
from projections import custody_ledger, departures, directory
from projections.reading import MAX_PAGE
from projections.writing import Connection
from service.api.asset_decisions import AssetCode
from service.api.organizations import OnDay, PersonCode
from service.api.paging import MinPosition
from service.api.reading import ProblemBody, Read, Reading, get, routes
from service.api.tables import nested, rows_shown
from service.problems import english, problem

router = routes("/v1", "care 管护责任")

SHOWN: Final = 100
"""How many assets an answer lists; their count is always the whole."""


class PostBody(Value):
    """A post and who held it on the day."""

    organization: str = Field(title="职务所在单位")
    held_in: str = Field(title="当日承接单位")
    post: str = Field(title="职务")
    holders: tuple[dict[str, Any], ...] = Field(title="当日任职人", description="为空即空缺")


class NamedPerson(Value):
    """A named person's duty."""

    person: str = Field(title="人员编号")
    name: str | None = Field(title="姓名")
    duty: str = Field(title="职责")
    since: date = Field(title="起始日期")
    until: date | None = Field(title="终止日期（不含当日）")
    case_id: str | None = Field(title="经由的交接")


class SupervisorBody(Value):
    """A supervising unit."""

    supervisor: str = Field(title="监管单位")
    first_supervisor: PostBody | None = Field(title="第一监管责任人")


class Responsible(Value):
    """Who was responsible for an asset on a day."""

    asset: str = Field(title="资产编号")
    on: date = Field(title="日期")
    persons: tuple[NamedPerson, ...] = Field(title="具体责任人")
    custodian: str | None = Field(title="管护主体")
    responsible_unit: str | None = Field(title="管理责任单位")
    provisional: bool = Field(title="是否临时管护")
    first_responsible: PostBody | None = Field(title="管护第一责任人")
    supervisors: tuple[SupervisorBody, ...] = Field(title="监管单位")


@get(router, "/assets/{asset}/responsible", "资产责任人", "asset.read", response_model=Responsible)
async def read_responsible(
    asset: AssetCode, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """Who was responsible for the asset on a day: named persons, units, and the holders of the posts (四(十))."""
    await read.reach(min_position, custody_ledger.PROJECTION.name, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        found = await custody_ledger.responsible_on(connection, read.county, asset, read.day(on))
    return read.answer(nested(found))


class Care(Value):
    """What is in a person's care."""

    person: str = Field(title="人员编号")
    on: date = Field(title="日期")
    assets: tuple[dict[str, Any], ...] = Field(title="具体负责的资产")
    by_post: tuple[dict[str, Any], ...] = Field(title="因职务负责的资产")


@get(router, "/persons/{person}/care", "在管资产", "person.read", response_model=Care)
async def read_care(
    person: PersonCode, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """What the person answers for on a day: by name, and by holding a post."""
    await read.reach(min_position, custody_ledger.PROJECTION.name, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        named = await custody_ledger.in_care(connection, read.county, person, on=on)
        by_post = await custody_ledger.in_care_by_post(connection, read.county, person, read.day(on))
    return read.answer(
        {
            "person": person,
            "on": read.day(on).isoformat(),
            "assets": rows_shown(named),
            "byPost": rows_shown(by_post),
        }
    )


class OpenCase(Value):
    """A departure case that is not completed."""

    case: str = Field(title="交接编号")
    missing: tuple[str, ...] = Field(title="尚缺的事项")


class Clearance(Value):
    """Whether a person may leave: nothing in their care, no case open (C4.10-11)."""

    person: str = Field(title="人员编号")
    clear: bool = Field(title="可否办理手续")
    assets_in_care: int = Field(title="在管资产项数")
    assets: tuple[str, ...] = Field(title="在管资产", description=f"至多列出 {SHOWN} 项")
    posts: tuple[str, ...] = Field(title="仍负第一责任的职务", description="单位/职务")
    open_cases: tuple[OpenCase, ...] = Field(title="未办结的交接")
    missing: tuple[str, ...] = Field(title="尚缺的事项")
    refusal: ProblemBody | None = Field(title="不得办理的依据")
    position: int = Field(title="日志位置", description="核对到的日志位置")


@get(router, "/clearances/{person}", "离任手续核查", "clearance.read", response_model=Clearance)
async def read_clearance(person: PersonCode, read: Reading, min_position: MinPosition = 0) -> Response:
    """Whether the person may leave, checked against everything that is in the log now: yes, or all that is in the way.

    `min_position` can only ask for less than that, and is accepted so that every read takes it.
    """
    ledgers = (custody_ledger.PROJECTION.name, directory.PROJECTION.name, departures.PROJECTION.name)
    await read.reach(min_position, *ledgers)
    position = await read.reach_head(*ledgers)
    async with read.pool.acquire() as connection:
        body = await _clearance(connection, read, person)
    return read.answer(body | {"position": position})


async def _clearance(connection: Connection, read: Read, person: str) -> dict[str, Any]:
    today = read.context.today()
    if not await directory.persons(connection, read.county, [person]):
        raise refuse("NOT_FOUND", what=person)
    assets = sorted({row["asset"] for row in await custody_ledger.in_care(connection, read.county, person)})
    by_post = await custody_ledger.in_care_by_post(connection, read.county, person, today)
    posts = sorted(
        {f"{row['post_unit']}/{row['post']}" for row in by_post if row["duty"] == "FIRST_RESPONSIBLE"}
    )
    cases = await departures.departure_page(
        connection, read.county, person=person, state="OPEN", limit=MAX_PAGE
    )
    missing = [
        *(f"asset:{asset}" for asset in assets[:SHOWN]),
        *(f"post:{post}" for post in posts),
        *(f"case:{case['case_id']}:{point}" for case in cases.rows for point in case["missing"]),
    ]
    refusal = None
    if assets or posts:
        refusal = refuse("PERSON_HOLDS_ASSETS", count=len(assets) or None, missing=missing[:SHOWN])
    elif cases.rows:
        refusal = refuse("HANDOVER_INCOMPLETE", clause="C4.10-11", missing=missing[:SHOWN])
    return {
        "person": person,
        "clear": refusal is None,
        "assetsInCare": len(assets),
        "assets": assets[:SHOWN],
        "posts": posts,
        "openCases": [{"case": case["case_id"], "missing": case["missing"]} for case in cases.rows],
        "missing": missing,
        "refusal": refusal
        and problem(refusal, in_english=english(read.request), instance=read.request.url.path, errors=[]),
    }
