"""Measures that units have in place (单位履责台账): rules, task forces, the asset office, guidance given (四(三)).

What a unit lacks on a day is told by `standing`; who manages a village's assets comes from the directory.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from domain.organization.duties import INCENTIVE
from projections.engine.events import LedgerEvent, day, day_or_none
from projections.engine.meaning import (
    DAY,
    PERSON_CODE,
    UNIT_CODE,
    Each,
    member,
    optional,
    parts,
    states,
    terms,
)
from projections.engine.projection import Projection
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    json_column,
    ledger_table,
    text_column,
)
from projections.engine.writing import Connection, of_record

UNIT_RULE: Final = ledger_table(
    "unit_rule",
    text_column("organization", "单位编号", of=UNIT_CODE),
    code_column(
        "kind",
        "制度类别",
        states(SUPERVISION_RULE="监督管理制度", MANAGEMENT_RULE="资产管理制度", SUPPORTING_RULE="配套制度"),
    ),
    code_column("topic", "事项", terms("SUPERVISION_RULE", "MANAGEMENT_RULE", "SUPPORTING_RULE")),
    text_column("title", "制度名称"),
    text_column("document_no", "文号"),
    day_column("effective_from", "施行日期"),
    day_column("pilot_since", "据此启用激励试点的日期", null=True),
    key=("organization", "kind", "topic", "effective_from"),
    group="organization",
    comment="单位管理制度：每个单位每类每个事项每个施行日期一行",
)

TASK_FORCE: Final = ledger_table(
    "task_force",
    text_column("organization", "单位编号", of=UNIT_CODE),
    text_column("document_no", "成立文号"),
    day_column("established_on", "成立日期"),
    json_column(
        "members",
        "成员及任期",
        of=Each(
            parts(
                person=member("人员编号", PERSON_CODE),
                role=member("专班职务"),
                since=member("起始日期", DAY),
                until=optional("终止日期", DAY),
            )
        ),
    ),
    key=("organization",),
    group="organization",
    comment="资产管理专班",
)

OFFICE_MEMBER: Final = ledger_table(
    "office_member",
    text_column("organization", "单位编号", of=UNIT_CODE),
    json_column("members", "成员单位", of=Each(UNIT_CODE)),
    text_column("document_no", "文号"),
    day_column("named_on", "明确日期"),
    key=("organization",),
    group="organization",
    comment="资产管理办公室成员单位",
)

GUIDANCE: Final = ledger_table(
    "guidance_record",
    text_column("organization", "指导单位", of=UNIT_CODE),
    text_column("guidance", "指导记录编号"),
    text_column("guided", "被指导单位", of=UNIT_CODE),
    text_column("topic", "指导内容"),
    day_column("given_on", "指导日期"),
    text_column("follow_up", "后续要求", null=True),
    key=("organization", "guidance"),
    group="organization",
    comment="管理指导记录",
)


def _rule_adopted(event: LedgerEvent, rows: Rows) -> None:
    """A rule, or the same one with another title or number: a pilot that rests on it goes on."""
    rule = event.data["rule"]
    kind, effective_from = rule.get("kind", "SUPERVISION_RULE"), day(rule["effectiveFrom"])
    place = (kind, rule["topic"], effective_from)
    known = [
        row["pilot_since"]
        for row in rows.group(UNIT_RULE, event.id)
        if (row["kind"], row["topic"], row["effective_from"]) == place
    ]
    rows.put(
        UNIT_RULE,
        {
            "organization": event.id,
            "kind": kind,
            "topic": rule["topic"],
            "title": rule["title"],
            "document_no": rule["documentNo"],
            "effective_from": effective_from,
            "pilot_since": known[0] if known else None,
            "position": event.position,
        },
    )


def _pilot_enabled(event: LedgerEvent, rows: Rows) -> None:
    """Noted at the rule that was in force; imported history may have begun without one."""
    known = [
        row["effective_from"]
        for row in rows.group(UNIT_RULE, event.id)
        if f"{row['kind']}/{row['topic']}" == INCENTIVE and row["effective_from"] <= event.day
    ]
    if known:
        row = rows.edit(UNIT_RULE, event.id, (*INCENTIVE.split("/"), max(known)))
        row["pilot_since"] = event.day
        row["position"] = event.position


def _established(event: LedgerEvent, rows: Rows) -> None:
    task_force = event.data["taskForce"]
    rows.put(
        TASK_FORCE,
        {
            "organization": event.id,
            "document_no": task_force["documentNo"],
            "established_on": day(task_force["establishedOn"]),
            "members": task_force["members"],
            "position": event.position,
        },
    )


def _member_changed(event: LedgerEvent, rows: Rows) -> None:
    row = rows.edit(TASK_FORCE, event.id)
    member = event.data["member"]
    term = (member["person"], member["since"])
    kept = [one for one in row["members"] if (one["person"], one["since"]) != term]
    row["members"] = [*kept, member]
    row["position"] = event.position


def _office_named(event: LedgerEvent, rows: Rows) -> None:
    rows.put(
        OFFICE_MEMBER,
        {
            "organization": event.id,
            "members": event.data["members"],
            "document_no": event.data["documentNo"],
            "named_on": event.day,
            "position": event.position,
        },
    )


def _guided(event: LedgerEvent, rows: Rows) -> None:
    guidance = event.data["guidance"]
    rows.put(
        GUIDANCE,
        {
            "organization": event.id,
            "guidance": guidance["guidance"],
            "guided": guidance["guided"],
            "topic": guidance["topic"],
            "given_on": day(guidance["givenOn"]),
            "follow_up": guidance.get("followUp"),
            "position": event.position,
        },
    )


_TABLES: Final[dict[str, LedgerTable]] = {
    "organization.rule_adopted": UNIT_RULE,
    "organization.incentive_pilot_enabled": UNIT_RULE,
    "organization.task_force_established": TASK_FORCE,
    "organization.task_force_member_changed": TASK_FORCE,
    "organization.office_members_named": OFFICE_MEMBER,
    "organization.guidance_recorded": GUIDANCE,
}


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(_TABLES[event.type], event.id)]


PROJECTION: Final = Projection(
    name="unit_duties",
    title="单位履责台账",
    version=4,
    tables=(UNIT_RULE, TASK_FORCE, OFFICE_MEMBER, GUIDANCE),
    handlers={
        "organization.rule_adopted": _rule_adopted,
        "organization.incentive_pilot_enabled": _pilot_enabled,
        "organization.task_force_established": _established,
        "organization.task_force_member_changed": _member_changed,
        "organization.office_members_named": _office_named,
        "organization.guidance_recorded": _guided,
    },
    keys=_keys,
    weight=1,
)


async def standing(connection: Connection, county: str, organization: str, on: date) -> Row:
    """What a unit has on a day: rules in force as KIND/TOPIC, posts that somebody holds, whether its task force is
    staffed, the asset office's members, guidance given in the year, assets of the village, and who manages them.
    """
    record = await connection.fetchrow(
        "SELECT"
        " coalesce((SELECT array_agg(DISTINCT r.kind || '/' || r.topic) FROM unit_rule r WHERE r.county = $1"
        "  AND r.organization = $2 AND r.effective_from <= $3), '{}') AS topics,"
        " coalesce((SELECT array_agg(DISTINCT t.post::text) FROM tenure t WHERE t.county = $1 AND t.organization = $2"
        "  AND t.since <= $3 AND (t.until IS NULL OR t.until >= $3)), '{}') AS posts,"
        " (SELECT count(*) FROM guidance_record g WHERE g.county = $1 AND g.organization = $2"
        "  AND g.given_on BETWEEN make_date(extract(year FROM $3::date)::int, 1, 1) AND $3) AS guidance_given,"
        " (SELECT count(*) FROM asset_register a WHERE a.county = $1 AND a.village = $2"
        "  AND a.disposed_on IS NULL) AS assets,"
        " coalesce((SELECT array_agg(t.person::text) FROM tenure t WHERE t.county = $1 AND t.organization = $2"
        "  AND t.post = 'ASSET_MANAGER' AND t.since <= $3 AND (t.until IS NULL OR t.until >= $3)), '{}') AS managers",
        county,
        organization,
        on,
    )
    force = await connection.fetchrow(
        "SELECT established_on, members FROM task_force WHERE county = $1 AND organization = $2",
        county,
        organization,
    )
    office = await connection.fetchrow(
        "SELECT members FROM office_member WHERE county = $1 AND organization = $2", county, organization
    )
    row = dict(record)
    row["task_force"] = force is not None and _staffed(of_record(force, TASK_FORCE.json_columns), on)
    row["office_members"] = [] if office is None else of_record(office, OFFICE_MEMBER.json_columns)["members"]
    return row


def _staffed(task_force: Row, on: date) -> bool:
    def serves(member: dict[str, Any]) -> bool:
        until = day_or_none(member.get("until"))
        return day(member["since"]) <= on and (until is None or on <= until)

    return task_force["established_on"] <= on and any(serves(one) for one in task_force["members"])


async def guidance_given(
    connection: Connection, county: str, organization: str, year: int | None
) -> list[Row]:
    """Guidance that a unit gave, of all years or one, in order of day."""
    records = await connection.fetch(
        "SELECT organization, guidance, guided, topic, given_on, follow_up, position FROM guidance_record"
        " WHERE county = $1 AND organization = $2 AND ($3::int IS NULL OR extract(year FROM given_on) = $3)"
        " ORDER BY given_on, guidance",
        county,
        organization,
        year,
    )
    return [dict(record) for record in records]
