"""Who answers for what: responsible persons of an asset on a day, what is in a person's care, and clearance."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from fastapi import Response
from pydantic import Field

from domain.occasion import Occasion
from domain.organization.person import Clearance as IssuedClearance, Formality, LeavingFact, Person
from domain.refusals import Refusal, refuse
from domain.values import LOG, Code, Fen, Value
from projections.asset import register as asset_register
from projections.departure import cases as departures, custody as custody_ledger
from projections.departure.clearance import COUNTED, SHOWN, hindrances, words
from projections.engine.reading import MAX_PAGE
from projections.organization import directory
from projections.procedure import procedures
from service.api.asset.decisions import AssetPath
from service.api.http.paging import MinPosition
from service.api.http.reading import ProblemBody, Read, Reading, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import OnDay, PersonPath, PersonView, place_of, unit_of, view_of
from service.commands import handover
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.problems import problem
from service.ledgers.held_to_events import row_that_differs
from service.ledgers.tables import PROVISIONAL, row_model, rows_shown, shown

router = routes("/v1", "care 管护责任")

_LEDGERS: Final = (
    custody_ledger.PROJECTION.name,
    asset_register.PROJECTION.name,
    directory.PROJECTION.name,
    departures.PROJECTION.name,
    procedures.PROJECTION.name,
)


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
    holders: tuple[PostHolder, ...] = Field(title="当日任职人", description="为空即空缺")


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


class ResponsiblePersons(Value):
    """Who was responsible for an asset on a day."""

    asset: str = Field(title="资产编号")
    on: date = Field(title="日期")
    persons: tuple[NamedPerson, ...] = Field(title="当日具体责任人")
    custodian: str | None = Field(title="管护主体")
    responsible_unit: str | None = Field(title="管理责任单位")
    provisional: bool = Field(title="是否临时管护")
    first_responsible: PostBody | None = Field(title="管护第一责任人")
    supervisors: tuple[SupervisorBody, ...] = Field(title="当日监管单位")


@get(router, "/assets/{asset}/responsible", "资产责任人", "asset.read", response_model=ResponsiblePersons)
async def read_responsible_persons(
    asset: AssetPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """Who was responsible for the asset on a day: named persons, units, and the holders of the posts (C4.10-02)."""
    await read.ledgers.reach(min_position, custody_ledger.PROJECTION.name, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        found = await custody_ledger.responsible_on(connection, read.county, asset, read.day(on))
    return read.answer(shown(found, ResponsiblePersons))


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
    """What is in a person's care."""

    person: str = Field(title="人员编号")
    on: date = Field(title="日期")
    assets: tuple[dict[str, Any], ...] = Field(title="具体负责的资产")
    by_post: tuple[dict[str, Any], ...] = Field(title="因职务负责的资产")


@get(router, "/persons/{person}/care", "在管资产", "person.read", response_model=PersonCare)
async def read_person_care(
    person: PersonPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """What the person answers for on a day: by name, and by holding a post."""
    await read.ledgers.reach(min_position, custody_ledger.PROJECTION.name, directory.PROJECTION.name)
    async with read.pool.acquire() as connection:
        named = await custody_ledger.in_care(connection, read.county, person, on=on)
        by_post = await custody_ledger.in_care_by_post(connection, read.county, person, read.day(on))
    return read.answer(
        {
            "person": person,
            "on": read.day(on).isoformat(),
            "assets": rows_shown(named, InCareRow),
            "byPost": rows_shown(by_post, ByPostRow),
        }
    )


class OpenCase(Value):
    """A departure case that is not completed."""

    case: str = Field(title="交接编号")
    missing: tuple[str, ...] = Field(title="尚缺的事项")
    due_on: date | None = Field(default=None, title="移交期限")
    provisional: bool = Field(title="期限是否暂定", description=PROVISIONAL)
    overdue: bool = Field(title="是否逾期")


class Hindrance(Value):
    """One thing in the way."""

    kind: Literal[
        "ASSET", "POST", "TENURE", "CASE", "LINE", "CONTRACT", "PROCEDURE", "BALANCE", "DISPUTE"
    ] = Field(
        title="类别",
        description="资产 / 职务 / 未审计的任期 / 交接 / 清单项 / 合同 / 程序 / 收益结余 / 权属争议",
    )
    asset: str | None = Field(default=None, title="资产编号")
    name: str | None = Field(default=None, title="资产名称")
    organization: str | None = Field(default=None, title="单位")
    post: str | None = Field(default=None, title="职务")
    until: date | None = Field(default=None, title="离任日期")
    assets: int | None = Field(default=None, title="资产项数")
    case: str | None = Field(default=None, title="交接编号")
    missing: str | None = Field(default=None, title="尚缺的事项")
    contract: str | None = Field(default=None, title="合同编号")
    procedure: str | None = Field(default=None, title="进行中的程序")
    balance: Fen | None = Field(default=None, title="未分配收益")
    state: Literal["OPEN", "DISPUTED"] | None = Field(
        default=None, title="清单项状态", description="待接收 / 有异议"
    )
    dispute: str | None = Field(default=None, title="异议内容")
    due_on: date | None = Field(default=None, title="移交期限")
    provisional: bool | None = Field(default=None, title="期限是否暂定", description=PROVISIONAL)
    overdue: bool | None = Field(default=None, title="是否逾期")


class ClearanceState(Value):
    """Whether a person may leave: nothing in their care, no case open, no tenure left unaudited (C4.10-11)."""

    person: str = Field(title="人员编号")
    clear: bool = Field(title="可否办理手续")
    assets_in_care: int = Field(title="在管资产项数")
    counted_all: bool = Field(
        title="是否已全部计数", description=f"在管资产超过 {COUNTED} 项的，只核对前 {COUNTED} 项"
    )
    posts: tuple[str, ...] = Field(title="仍负第一责任的职务", description="单位/职务")
    open_cases: tuple[OpenCase, ...] = Field(title="未办结的交接")
    counts: dict[str, int] = Field(title="各类事项数")
    items: tuple[Hindrance, ...] = Field(title="不得办理的事项", description=f"每类至多列出 {SHOWN} 项")
    missing: tuple[str, ...] = Field(title="尚缺的事项")
    refusal: ProblemBody | None = Field(title="不得办理的依据")
    certificates: tuple[str, ...] = Field(title="有效的移交证明")
    position: int = Field(title="日志位置", description="核对到的日志位置")


@get(router, "/clearances/{person}", "离任手续核查", "clearance.read", response_model=ClearanceState)
async def read_clearance(person: PersonPath, read: Reading, min_position: MinPosition = 0) -> Response:
    """Whether the person may leave, checked against everything that is in the log now: yes, or all that is in the way.

    `min_position` can only ask for less than that, and is accepted so that every read takes it.
    """
    await read.ledgers.reach(min_position, *_LEDGERS)
    found, position = await _hindrances(read, person)
    known = await read.context.load(Person, read.county, person)
    if known is None:
        raise refuse("NOT_FOUND", what=person)
    refusal = _refusal(found)
    shown = [Hindrance.model_validate(item, context=LOG) for item in found["items"]]  # money is fen there
    return read.answer(
        {
            "person": person,
            "clear": refusal is None,
            "assetsInCare": found["assets_in_care"],
            "countedAll": found["counted_all"],
            "posts": found["posts"],
            "openCases": [
                OpenCase.model_validate(one).model_dump(mode="json", by_alias=True, exclude_none=True)
                for one in found["open_cases"]
            ],
            "counts": found["counts"],
            "items": [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in shown],
            "missing": list(_missing(found)),
            "refusal": refusal and problem(read.request, refusal, errors=[]),
            "certificates": [one.certificate_no for one in known.valid_clearances()],
            "position": position,
        }
    )


class IssueClearance(Circumstances):
    """Request body: issue a clearance; names the issuing unit."""

    issued_by: Code = Field(title="签发单位")


class CarryOutFormality(Circumstances):
    """Request body: carry out a formality of leaving: transfer, resignation or retirement."""

    formality: Formality = Field(title="离任手续内容")


class RecordLeavingFact(Circumstances):
    """Request body: record a leaving fact: removal, death or detention."""

    fact: LeavingFact = Field(title="离任事实内容")


async def _home(person: Person, write: Write) -> Resource:
    """Those who keep the personnel matters of the unit where the person is."""
    unit = await unit_of(write.context, write.county, person.card.organization, "person.organization")
    return place_of(unit)


people = Kind(router, Person, PersonView, lambda it, _: view_of(it), _home)


@people.post("/clearances/{person}", "签发移交证明", "clearance.issue")
async def issue_clearance(person: PersonPath, body: IssueClearance, write: Writing) -> Response:
    """Issue the certificate that everything was handed over; refused while anything is in the way (C4.10-11)."""
    number = f"QZ-{write.mark(16)}"

    async def issue(it: Person, at: Occasion, work: Work) -> None:
        found, position = await _hindrances(write, person)
        if (refusal := _refusal(found)) is not None:
            raise refusal
        await _hold_to_events(write, it)
        async with write.pool.acquire() as connection:
            cases = await departures.departure_page(
                connection, write.county, write.calendar, person=person, state="COMPLETED", limit=MAX_PAGE
            )
        work.claim("clearance_certificate", number)
        clearance = IssuedClearance(
            certificate_no=number,
            issued_on=at.on,
            issued_by=body.issued_by,
            position=position,
            cases=tuple(str(row["case_id"]) for row in cases.rows),
        )
        it.issue_clearance(clearance, (), at)

    return await write.carry_out(people, person, body, issue, unit=body.issued_by)


@people.post("/persons/{person}/formalities", "办理调动离岗手续", "person.carry_out_formality")
async def carry_out_formality(person: PersonPath, body: CarryOutFormality, write: Writing) -> Response:
    """Carry out a transfer, resignation or retirement: only with a valid certificate and nothing in the way (C4.10-11)."""

    async def carry_out(it: Person, at: Occasion, _: Work) -> None:
        found, _position = await _hindrances(write, person)
        in_care = found["assets_in_care"] + len(found["posts"])
        await _hold_to_events(write, it)
        it.carry_out(body.formality, _missing(found), in_care, at)

    return await write.carry_out(people, person, body, carry_out, on=body.formality.carried_out_on)


@people.post("/persons/{person}/leaving-facts", "离任事实", "person.record_leaving")
async def record_leaving_fact(person: PersonPath, body: RecordLeavingFact, write: Writing) -> Response:
    """Record a removal, a death or a detention: never refused, and it opens a case wherever something is in care."""
    fact = body.fact

    async def record(it: Person, at: Occasion, work: Work) -> None:
        it.record_leaving(fact, at)
        await handover.open_cases(
            write.ledgers,
            work,
            at,
            person,
            await handover.units_of_care(write.ledgers, person, at.today),
            reason=fact.kind,
            departs_on=fact.happened_on,
            document_no=fact.document_no,
            mark=write.mark(),
        )

    return await write.carry_out(people, person, body, record, on=fact.happened_on)


async def _hindrances(read: Read, person: str) -> tuple[dict[str, Any], int]:
    """All that is in the way, and the position of the log it was checked against."""
    position = await read.ledgers.reach_head(*_LEDGERS)
    since = (await read.context.in_force.catch_up(read.county)).first_day
    async with read.pool.acquire() as connection:
        found = await hindrances(connection, read.county, read.calendar, person, read.context.today(), since)
    return found, position


async def _hold_to_events(write: Write, it: Person) -> None:
    """LEDGER_DIFFERS if what the verdict was read from, rows or the person's kept state, is not what the events make."""
    fresh = await write.context.replay(Person, write.county, it.id)
    if (fresh.version, fresh.dump_state()) != (it.version, it.dump_state()):
        raise refuse("LEDGER_DIFFERS", what=it.stream)
    async with write.pool.acquire() as connection:
        wrong = await row_that_differs(connection, write.context.codec.upcast, write.county, it.id)
    if wrong is not None:
        raise refuse("LEDGER_DIFFERS", what=wrong)


def _missing(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(words(item) for item in found["items"])


def _refusal(found: dict[str, Any]) -> Refusal | None:
    """What stands in the way, as a refusal; None if nothing does."""
    missing = _missing(found)
    if found["assets_in_care"] or found["posts"]:
        count = f"{found['assets_in_care']}{'' if found['counted_all'] else '+'}"
        return refuse("PERSON_HOLDS_ASSETS", count=None if count == "0" else count, missing=missing)
    if missing:
        return refuse("HANDOVER_INCOMPLETE", clause="C4.10-11", missing=missing)
    return None
