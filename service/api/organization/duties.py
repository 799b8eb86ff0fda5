"""What units have in place, over HTTP: rules, task forces, the asset office, guidance; what they lack and what is due."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from domain.occasion import Occasion
from domain.organization.duties import GuidanceGiven, TaskForce, TaskForceMember, UnitRule, office_members
from domain.organization.organization import Organization
from domain.organization.roll import VillageRoll
from domain.refusals import RegulationWarning, refuse
from domain.regulation import Rules
from domain.values import BusinessDate, Code, Name, OrganizationCode, Value
from projections.asset import register as asset_register
from projections.engine.rows import Row
from projections.organization import directory, duties as unit_duties
from projections.oversight import worklist
from projections.oversight.worklist import Periods
from service.api.http.paging import MinPosition
from service.api.http.reading import Read, Reading, get, list_of, routes
from service.api.http.writing import Circumstances, WarningBody, Writing
from service.api.organization.organizations import OnDay, OrganizationPath, units_on
from service.commands.authorization import may, resource_of_units
from service.commands.commands import Work
from service.ledgers.parameters import Limit, YearNumber
from service.ledgers.tables import PROVISIONAL, row_model, rows_shown, shown as row_shown

router = routes("/v1/organizations", "organizations 单位")
units = units_on(router)


class AdoptUnitRule(Circumstances):
    """A rule document of the unit."""

    rule: UnitRule = Field(title="管理制度")


class EstablishTaskForce(Circumstances):
    """A task force with its roster."""

    task_force: TaskForce = Field(title="资产管理专班")


class ChangeTaskForceMember(Circumstances):
    """Request body: change a member of a task force."""

    member: TaskForceMember = Field(title="成员")


class NameOfficeMembers(Circumstances):
    """The member departments of the asset office."""

    members: tuple[OrganizationCode, ...] = Field(title="成员单位", min_length=1, max_length=50)
    document_no: Name = Field(title="文号")


class RecordGuidance(Circumstances):
    """Guidance given to another unit."""

    guidance: GuidanceGiven = Field(title="指导记录")


@units.post("/{organization}/rules", "制定管理制度", "organization.keep_duties")
async def adopt_unit_rule(organization: OrganizationPath, body: AdoptUnitRule, write: Writing) -> Response:
    """Record a unit's rule document: of supervision (C4.3-03), of management (C5.3-02), a supporting one (C5.5-01)."""
    return await write.decide(units, organization, body, lambda it, at: it.adopt_rule(body.rule, at))


class EnableIncentivePilot(Circumstances):
    """Request body: enable the incentive pilot by a document."""

    document_no: Name = Field(title="文号")


@units.post("/{organization}/incentive-pilot", "启用小型经营性资产激励试点", "organization.enable_pilot")
async def enable_incentive_pilot(
    organization: OrganizationPath, body: EnableIncentivePilot, write: Writing
) -> Response:
    """Begin the pilot of rewards from small operating assets; only with the unit's own rule on it (C5.5-01)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.enable_incentive_pilot(body.document_no, at)
    )


class RecordRoll(Circumstances):
    """Request body: record how many members and households a village's meetings count."""

    roll: VillageRoll = Field(title="应到人数登记")


@units.post("/{organization}/representatives", "登记村民（成员）代表和成员人数", "organization.record_roll")
async def record_roll(organization: OrganizationPath, body: RecordRoll, write: Writing) -> Response:
    """Record how many representatives, or members and households, may decide in a village (C3-02)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.record_roll(body.roll, at), on=body.roll.since
    )


@units.post("/{organization}/task-force", "成立资产管理专班", "organization.keep_duties")
async def establish_task_force(
    organization: OrganizationPath, body: EstablishTaskForce, write: Writing
) -> Response:
    """Record a unit's task force and its roster (C4.3-04)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.establish_task_force(body.task_force, at)
    )


@units.post("/{organization}/task-force/members", "专班成员变动", "organization.keep_duties")
async def change_task_force_member(
    organization: OrganizationPath, body: ChangeTaskForceMember, write: Writing
) -> Response:
    """Record a change of the task force's roster (C4.3-04): a fact."""
    return await write.decide(
        units, organization, body, lambda it, at: it.change_task_force_member(body.member, at)
    )


@units.post("/{organization}/office-members", "明确资产管理办公室成员单位", "organization.name_office")
async def name_office_members(
    organization: OrganizationPath, body: NameOfficeMembers, write: Writing
) -> Response:
    """Name the six member departments of the asset office (C4.3-05)."""
    return await write.decide(
        units, organization, body, lambda it, at: it.name_office_members(body.members, body.document_no, at)
    )


@units.post("/{organization}/guidance", "登记指导记录", "organization.guide")
async def record_guidance(organization: OrganizationPath, body: RecordGuidance, write: Writing) -> Response:
    """Record guidance that the unit gave to another one (C4.3-04, C4.3-20)."""
    given = body.guidance

    async def record(it: Organization, at: Occasion, work: Work) -> None:
        it.record_guidance(given, at)
        work.claim("guidance", f"{it.id}/{given.guidance}")

    return await write.carry_out(
        units, organization, body, record, on=min(given.given_on, write.context.today())
    )


GuidanceRow = row_model("GuidanceRow", unit_duties.GUIDANCE)


@get(router, "/{organization}/guidance", "指导记录", "organization.read", response_model=list_of(GuidanceRow))
async def list_guidance(
    organization: OrganizationPath,
    read: Reading,
    year: Annotated[YearNumber | None, Query(title="年度")] = None,
    min_position: MinPosition = 0,
) -> Response:
    """Guidance the unit gave, of all years or one (C4.3-20)."""
    await read.ledgers.reach(min_position, unit_duties.PROJECTION.name)
    async with read.pool.acquire() as connection:
        rows = await unit_duties.guidance_given(
            connection, read.county, organization=organization, guided=None, year=year
        )
    return read.answer(rows_shown(rows, GuidanceRow))


# ---- what is missing -----------------------------------------------------------------------------------------------


class ComplianceItem(Value):
    """One thing a unit of its kind must have in place."""

    clause: str = Field(title="条款")
    article: str | None = Field(title="本县条文")
    quote: str | None = Field(title="条文原文")
    item: str = Field(title="检查事项")
    fulfilled: bool = Field(title="是否落实")
    missing: tuple[str, ...] = Field(title="缺少的内容")
    warning: WarningBody | None = Field(default=None, title="提示")


class Compliance(Value):
    """The health check of a unit on a day."""

    organization: str = Field(title="单位编号")
    kind: str = Field(title="单位类型")
    on: date = Field(title="日期")
    score: int = Field(title="已落实项数")
    items: tuple[ComplianceItem, ...] = Field(title="各检查事项")


@get(router, "/{organization}/compliance", "单位履责检查", "organization.read", response_model=Compliance)
async def read_compliance(
    organization: OrganizationPath, read: Reading, on: OnDay = None, min_position: MinPosition = 0
) -> Response:
    """What the unit must have in place and lacks on a day, by clause (C4.3-03 and further)."""
    unit = await read.context.load(Organization, read.county, organization)
    if unit is None:
        raise refuse("NOT_FOUND", what=organization)
    names = [one.PROJECTION.name for one in (unit_duties, asset_register, directory)]
    await read.ledgers.reach(min_position, *names)
    day = read.day(on)
    rules = (await read.regulation()).on(day)
    async with read.pool.acquire() as connection:
        row = await unit_duties.standing(connection, read.county, organization, day)
    items = _items(unit, row, rules)
    return read.answer(
        {
            "organization": unit.id,
            "kind": unit.card.kind,
            "on": day.isoformat(),
            "score": sum(item["fulfilled"] for item in items),
            "items": items,
        }
    )


def _items(unit: Organization, row: Row, rules: Rules) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    kind = unit.card.kind
    sectors = {one.code for one in rules.organizations() if one.sector}
    if kind in {"TOWNSHIP", "DEPARTMENT"}:
        items.append(_rules_item("C4.3-03", "UNIT_RULES", "SUPERVISION_RULE", row, rules))
        told = (
            [] if row["task_force"] else [rules.wording.warning("TASK_FORCE_MISSING", organization=unit.id)]
        )
        items.append(_item("C4.3-04", "TASK_FORCE", [] if row["task_force"] else ["taskForce"], told, rules))
    if unit.id in sectors:
        items.append(
            _item("C4.3-20", "GUIDANCE_GIVEN", [] if row["guidance_given"] else ["guidance"], [], rules)
        )
    if kind == "ASSET_OFFICE":
        absent = [code for code in office_members(rules) if code not in row["office_members"]]
        items.append(_item("C4.3-05", "OFFICE_MEMBERS", absent, [], rules))
    if kind == "VILLAGE":
        lacking = bool(row["assets"]) and not row["managers"]
        told = [rules.wording.warning("MANAGER_REQUIRED", village=unit.id)] if lacking else []
        items.append(_item("C4.3-22", "ASSET_MANAGER", ["ASSET_MANAGER"] if lacking else [], told, rules))
    if kind in {"TOWNSHIP", "DEPARTMENT", "VILLAGE"}:
        principals = sorted(rules.codes("POSITION", f"PRINCIPAL_OF_{kind}"))
        vacant = bool(principals) and not set(principals) & set(row["posts"])
        told = [rules.wording.warning("PRINCIPAL_VACANT", organization=unit.id)] if vacant else []
        items.append(_item("C5.1-01", "PRINCIPAL", principals if vacant else [], told, rules))
        items.append(_rules_item("C5.3-02", "MANAGEMENT_RULES", "MANAGEMENT_RULE", row, rules))
        items.append(_rules_item("C5.5-01", "SUPPORTING_RULES", "SUPPORTING_RULE", row, rules))
    return items


def _rules_item(clause: str, item: str, kind: str, row: Row, rules: Rules) -> dict[str, Any]:
    """The topics of a list on which the unit has no rule in force."""
    topics = [one.code for one in rules.terms(kind) if f"{kind}/{one.code}" not in row["topics"]]
    told = [rules.wording.warning("UNIT_RULE_MISSING", clause=clause, topics=topics)] if topics else []
    return _item(clause, item, topics, told, rules)


def _item(
    clause: str, item: str, missing: list[str], told: list[RegulationWarning], rules: Rules
) -> dict[str, Any]:
    article = rules.wording.article(clause)
    return {
        "clause": clause,
        "article": None if article is None else article.id,
        "quote": None if article is None else article.quote,
        "item": item,
        "fulfilled": not missing,
        "missing": missing,
        "warning": told[0].model_dump(mode="json", by_alias=True) if told else None,
    }


# ---- what is due ---------------------------------------------------------------------------------------------------


class TaskBody(Value):
    """One duty that waits."""

    task: str = Field(title="待办事项")
    clause: str = Field(title="条款")
    subject: str = Field(title="资产或单位编号")
    name: str | None = Field(title="名称")
    words: str | None = Field(
        default=None,
        title="异议内容",
        description="仅有权答复者可见；原文和联系方式见 /v1/notices/{notice}/objections",
    )
    village: str | None = Field(title="所在村")
    township: str | None = Field(title="所在乡镇")
    units: tuple[str, ...] = Field(title="责任单位")
    due_on: date = Field(title="到期日")
    provisional: bool = Field(title="到期日是否暂定", description=PROVISIONAL)
    overdue: bool = Field(title="是否逾期")
    escalated_to: tuple[str, ...] = Field(title="已报上级单位", description="逾期超过规定天数的")
    warning: WarningBody | None = Field(default=None, title="提示")


class Worklist(Value):
    """What waits, the oldest first."""

    on: date = Field(title="日期")
    waiting: int = Field(title="待办总数", description="含未列出的")
    tasks: tuple[TaskBody, ...] = Field(title="待办")


def periods_of(rules: Rules) -> Periods:
    """The days the county gives for each duty, by the rules of a day."""
    delays = rules.parameters["P31"]
    return Periods(
        status_report=rules.within("STATUS_REPORT").days,
        booking=delays.book_days,
        custody=rules.parameters["P32"],
        external_entry=rules.within("EXTERNAL_ENTRY").days,
        household_inspection=rules.within("HOUSEHOLD_INSPECTION").days,
        entrusted_inspection=rules.within("ENTRUSTED_INSPECTION").days,
        escalation=rules.within("ESCALATION").days,
    )


TaskKind = Annotated[
    Code | None, Query(title="事项", description="如 STATUS_REPORT、EXTERNAL_ENTRY、OBJECTION；不填为全部")
]
Until = Annotated[
    BusinessDate | None,
    Query(title="到期日前", description="列出此日前到期的；不填只列已逾期的。未答复的异议自提出之日起列出"),
]
Most = Annotated[Limit, Query(title="最多行数")]


async def tasks_answer(
    read: Read, unit: str | None, on: date | None, task: str | None, until: date | None, limit: int
) -> Response:
    """The worklist of a unit, or of the whole county."""
    day = read.day(on)
    rules = (await read.regulation()).on(day)
    async with read.pool.acquire() as connection:
        rows = await worklist.tasks_due(
            connection,
            read.county,
            day,
            periods_of(rules),
            read.calendar,
            unit=unit,
            task=task,
            until=until,
            limit=limit,
        )
        objected = {row["subject"]: row["units"] for row in rows if row["task"].startswith("OBJECTION:")}
        seen = [
            notice
            for notice, units in objected.items()
            if may(read.actor, "objection.read", resource_of_units(units))
        ]
        words = await worklist.objection_words(connection, read.county, seen) if seen else {}
    waiting = rows[0]["waiting"] if rows else 0
    told = [_task(row, rules) | {"words": words.get((row["task"], row["subject"]))} for row in rows]
    return read.answer({"on": day.isoformat(), "waiting": waiting, "tasks": told})


def _task(row: Row, rules: Rules) -> dict[str, Any]:
    shown = row_shown({name: value for name, value in row.items() if name != "waiting"}, TaskBody)
    told = None
    if row["overdue"]:
        match row["task"]:
            case "STATUS_REPORT":
                told = rules.wording.warning("STATUS_REPORT_OVERDUE")
            case "CUSTODY":
                told = rules.wording.warning("CUSTODY_OVERDUE", due=row["due_on"])
            case "ASSET_MANAGER":
                told = rules.wording.warning("MANAGER_REQUIRED", village=row["subject"])
    return shown | {"warning": None if told is None else told.model_dump(mode="json", by_alias=True)}


@get(router, "/{organization}/worklist", "单位待办", "organization.read", response_model=Worklist)
async def read_unit_worklist(
    organization: OrganizationPath,
    read: Reading,
    on: OnDay = None,
    task: TaskKind = None,
    until: Until = None,
    limit: Most = 200,
    min_position: MinPosition = 0,
) -> Response:
    """What waits for the unit on a day: reports, upkeep, bookings, custody, entries, inspections, ledgers, managers."""
    await read.ledgers.reach(min_position, *worklist.LEDGERS)
    return await tasks_answer(read, organization, on, task, until, limit)
