"""The directory (区划、单位、任职、人员): divisions and units over time, who held which post when.

Codes of the past stay: a unit that another one carries on (玉麦乡 → 玉麦镇) keeps its row and names its successor.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Unpack

from sqlalchemy import Index

from domain.classification import PERSONAL_OF_LEAVER
from projections.engine.codes import DEPARTURE_REASON, POST, UNIT_KIND
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import PERSON_CODE, PLACE_CODE, UNIT_CODE, states
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page, rows_of
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    ledger_table,
    position_column,
    text_column,
)
from projections.engine.writing import Connection

DIVISION: Final = ledger_table(
    "division",
    text_column("division", "区划代码", of=PLACE_CODE),
    text_column("name", "名称"),
    code_column(
        "level",
        "级别",
        states(
            county="县",
            township="乡（镇）",
            state_farm="农（牧）场",
            village="行政村",
            community="社区",
            farm_team="连队",
        ),
    ),
    text_column("parent", "上级区划", of=PLACE_CODE, null=True),
    day_column("valid_from", "生效日期"),
    text_column("successor", "后继区划", of=PLACE_CODE, null=True),
    day_column("closed_on", "由后继区划取代的日期", null=True),
    position_column("first_position", "首个事件位置"),
    key=("division",),
    group="division",
    comment="行政区划及其沿革",
    indexes=(Index("division_parent_idx", "county", "parent"),),
)

ORGANIZATION: Final = ledger_table(
    "organization",
    text_column("organization", "单位编号", of=UNIT_CODE),
    text_column("name", "单位名称"),
    code_column("kind", "单位类型", UNIT_KIND),
    text_column("division", "所在区划", of=PLACE_CODE, null=True),
    text_column("superior", "上级主管单位", of=UNIT_CODE, null=True),
    day_column("valid_from", "生效日期"),
    text_column("successor", "后继单位", of=UNIT_CODE, null=True),
    day_column("closed_on", "由后继单位承接的日期", null=True),
    position_column("first_position", "首个事件位置"),
    key=("organization",),
    group="organization",
    comment="单位及其沿革",
)

TENURE: Final = ledger_table(
    "tenure",
    text_column("organization", "单位编号", of=UNIT_CODE),
    code_column("post", "职务", POST),
    text_column("person", "人员编号", of=PERSON_CODE),
    day_column("since", "任职日期"),
    day_column("until", "离任日期（含当日）", null=True),
    text_column("document_no", "任职文号"),
    text_column("reason", "离任原因", null=True, classified=PERSONAL_OF_LEAVER),
    position_column("first_position", "任职事件位置"),
    key=("organization", "post", "person", "since", "first_position"),
    group="organization",
    comment="任职：某人在某单位某职务的起止日期",
    indexes=(Index("tenure_person_idx", "county", "person"),),
)

PERSON: Final = ledger_table(
    "person",
    text_column("person", "人员编号", of=PERSON_CODE),
    text_column("name", "姓名"),
    text_column("organization", "所在单位", of=UNIT_CODE),
    text_column("clearance", "有效的移交证明编号", null=True),
    code_column("leaving", "离任手续或事实", DEPARTURE_REASON, null=True),
    day_column("left_on", "办理或发生日期", null=True),
    key=("person",),
    group="person",
    comment="人员",
)


def _division_defined(event: LedgerEvent, rows: Rows) -> None:
    card = event.data["card"]
    rows.put(
        DIVISION,
        {
            "division": event.id,
            "name": card["name"],
            "level": card["level"],
            "parent": card.get("parent"),
            "valid_from": day(card["validFrom"]),
            "successor": None,
            "closed_on": None,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _organization_defined(event: LedgerEvent, rows: Rows) -> None:
    card = event.data["card"]
    rows.put(
        ORGANIZATION,
        {
            "organization": event.id,
            "name": card["name"],
            "kind": card["kind"],
            "division": card.get("division"),
            "superior": card.get("superior"),
            "valid_from": day(card["validFrom"]),
            "successor": None,
            "closed_on": None,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _division_succeeded(event: LedgerEvent, rows: Rows) -> None:
    _close(rows.edit(DIVISION, event.id), event)


def _organization_succeeded(event: LedgerEvent, rows: Rows) -> None:
    _close(rows.edit(ORGANIZATION, event.id), event)


def _collective_changed(event: LedgerEvent, rows: Rows) -> None:
    rows.edit(ORGANIZATION, event.id)["position"] = event.position


def _close(row: Row, event: LedgerEvent) -> None:
    row["successor"] = event.data["successor"]
    row["closed_on"] = day(event.data["closedOn"])
    row["position"] = event.position


def _appointed(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    rows.put(
        TENURE,
        {
            "organization": event.id,
            "post": data["position"],
            "person": data["person"],
            "since": day(data["since"]),
            "until": None,
            "document_no": data["documentNo"],
            "reason": None,
            "first_position": event.position,
            "position": event.position,
        },
    )


def _ended(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    running = [
        one
        for one in rows.group(TENURE, event.id)
        if one["post"] == data["position"] and one["person"] == data["person"] and one["until"] is None
    ]
    if not running:
        raise KeyError(f"{data['person']} does not hold {data['position']} in {event.id}")
    for one in running:  # like the aggregate: an end closes whatever of this post is open
        row = rows.edit(TENURE, event.id, (one["post"], one["person"], one["since"], one["first_position"]))
        row["until"] = day(data["until"])
        row["reason"] = data["reason"]
        row["position"] = event.position


def _person_registered(event: LedgerEvent, rows: Rows) -> None:
    card = event.data["card"]
    rows.put(
        PERSON,
        {
            "person": event.id,
            "name": card["name"],
            "organization": card["organization"],
            "clearance": None,
            "leaving": None,
            "left_on": None,
            "position": event.position,
        },
    )


def _clearance_issued(event: LedgerEvent, rows: Rows) -> None:
    person = rows.edit(PERSON, event.id)
    person["clearance"] = event.data["clearance"]["certificateNo"]
    person["position"] = event.position


def _clearance_revoked(event: LedgerEvent, rows: Rows) -> None:
    person = rows.edit(PERSON, event.id)
    if person["clearance"] == event.data["certificateNo"]:
        person["clearance"] = None
    person["position"] = event.position


def _formality_carried_out(event: LedgerEvent, rows: Rows) -> None:
    formality = event.data["formality"]
    _left(event, rows, formality["kind"], formality["carriedOutOn"])


def _leaving_recorded(event: LedgerEvent, rows: Rows) -> None:
    fact = event.data["fact"]
    _left(event, rows, fact["kind"], fact["happenedOn"])


def _left(event: LedgerEvent, rows: Rows, how: str, on: str) -> None:
    person = rows.edit(PERSON, event.id)
    person["leaving"], person["left_on"], person["position"] = how, day(on), event.position


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    kind, _, fact = event.type.partition(".")
    if kind == "division":
        return [(DIVISION, event.id)]
    if kind == "person":
        return [(PERSON, event.id)]
    return [(TENURE if fact.startswith("position_") else ORGANIZATION, event.id)]


PROJECTION: Final = Projection(
    name="directory",
    title="区划、单位、任职与人员",
    version=2,
    tables=(DIVISION, ORGANIZATION, TENURE, PERSON),
    handlers={
        "division.defined": _division_defined,
        "division.succeeded": _division_succeeded,
        "organization.defined": _organization_defined,
        "organization.succeeded": _organization_succeeded,
        "organization.collective_registered": _collective_changed,
        "organization.collective_replaced": _collective_changed,
        "organization.position_appointed": _appointed,
        "organization.position_ended": _ended,
        "person.registered": _person_registered,
        "person.clearance_issued": _clearance_issued,
        "person.clearance_revoked": _clearance_revoked,
        "person.formality_carried_out": _formality_carried_out,
        "person.leaving_recorded": _leaving_recorded,
    },
    keys=_keys,
    weight=1,
)


async def divisions(
    connection: Connection,
    county: str,
    *,
    level: str | None = None,
    parent: str | None = None,
    on: date | None = None,
) -> list[Row]:
    """Divisions in order of code; with a day only those that existed then."""
    conditions = Conditions()
    conditions.equal("county", county)
    conditions.equal("level", level)
    conditions.equal("parent", parent)
    if on is not None:
        conditions.add("valid_from <= {} AND (closed_on IS NULL OR closed_on > {})", on, on)
    records = await connection.fetch(
        f"SELECT {', '.join(DIVISION.columns)} FROM division WHERE {conditions.where} ORDER BY division",
        *conditions.parameters,
    )
    return rows_of(records, DIVISION)


async def organization_page(
    connection: Connection,
    county: str,
    *,
    kind: str | list[str] | None = None,
    superior: str | None = None,
    **paging: Unpack[Paging],
) -> Page:
    """Units."""
    conditions = Conditions()
    conditions.equal("o.county", county)
    conditions.equal("o.kind", kind)
    conditions.equal("o.superior", superior)
    return await page(
        connection,
        ORGANIZATION,
        conditions,
        source="organization o",
        alias="o",
        columns=ORGANIZATION.columns,
        usually="organization",
        **paging,
    )


async def tenures(
    connection: Connection,
    county: str,
    *,
    organization: str | None = None,
    post: str | None = None,
    person: str | None = None,
    on: date | None = None,
) -> list[Row]:
    """Who held which post, with the person's and the unit's name, in order of unit, post and start; with a day only
    those in office that day.
    """
    conditions = Conditions()
    conditions.equal("t.county", county)
    conditions.equal("t.organization", organization)
    conditions.equal("t.post", post)
    conditions.equal("t.person", person)
    if on is not None:
        conditions.add("t.since <= {} AND (t.until IS NULL OR t.until >= {})", on, on)
    columns = ", ".join(f"t.{name}" for name in TENURE.columns)
    records = await connection.fetch(
        f"SELECT {columns}, p.name AS person_name, o.name AS organization_name FROM tenure t"
        " LEFT JOIN person p ON p.county = t.county AND p.person = t.person"
        " LEFT JOIN organization o ON o.county = t.county AND o.organization = t.organization"
        f" WHERE {conditions.where} ORDER BY t.organization, t.post, t.since, t.first_position",
        *conditions.parameters,
    )
    return rows_of(records, TENURE)


async def persons(connection: Connection, county: str, codes: list[str]) -> dict[str, Row]:
    """Persons by code; those not known are absent."""
    records = await connection.fetch(
        f"SELECT {', '.join(PERSON.columns)} FROM person WHERE county = $1 AND person = ANY($2::text[])",
        county,
        codes,
    )
    return {record["person"]: dict(record) for record in records}


async def names(connection: Connection, county: str) -> dict[str, dict[str, str]]:
    """What all units, divisions and persons are called: `unit`, `place` or `person` → code → name."""
    records = await connection.fetch(
        "SELECT 'place' AS kind, division AS code, name FROM division WHERE county = $1"
        " UNION ALL SELECT 'person', person, name FROM person WHERE county = $1"
        " UNION ALL SELECT 'unit', organization, name FROM organization WHERE county = $1",
        county,
    )
    found: dict[str, dict[str, str]] = {}
    for record in records:
        found.setdefault(record["kind"], {})[record["code"]] = record["name"]
    return found


STANDING: Final = (
    "WITH RECURSIVE chain (start, unit, path) AS ("
    "SELECT organization::text, successor::text, ARRAY[organization::text, successor::text] FROM organization"
    " WHERE county = $1 AND closed_on <= $2 AND successor IS NOT NULL"
    " UNION ALL SELECT c.start, o.successor::text, c.path || o.successor::text FROM chain c"
    " JOIN organization o ON o.county = $1 AND o.organization = c.unit"
    " WHERE o.closed_on <= $2 AND o.successor IS NOT NULL AND o.successor <> ALL (c.path)),"
    " standing AS (SELECT DISTINCT ON (start) start, unit FROM chain ORDER BY start, cardinality(path) DESC)"
)
"""What begins a question of a county ($1) about a day ($2): `standing` has the unit in the place of each that is no more."""


async def carried_on_by(connection: Connection, county: str, codes: list[str], on: date) -> dict[str, str]:
    """The unit that stands in each unit's place on a day: itself, or its successor, or that one's, and so on. From
    `closed_on` on it is the successor. A chain that bites its tail ends where it would repeat.
    """
    records = await connection.fetch(
        "WITH RECURSIVE chain (start, unit, path) AS ("
        'SELECT code COLLATE "C", code COLLATE "C", ARRAY[code COLLATE "C"] FROM unnest($2::text[]) AS code'
        " UNION ALL"
        " SELECT c.start, o.successor::text, c.path || o.successor::text FROM chain c"
        " JOIN organization o ON o.county = $1 AND o.organization = c.unit"
        " WHERE o.closed_on <= $3 AND o.successor IS NOT NULL AND o.successor <> ALL (c.path))"
        " SELECT DISTINCT ON (start) start, unit FROM chain ORDER BY start, cardinality(path) DESC",
        county,
        codes,
        on,
    )
    return {record["start"]: record["unit"] for record in records}


async def carried_on(connection: Connection, county: str, unit: str) -> list[str]:
    """The unit and every unit whose duties it carries on: those it succeeded, and those that they succeeded."""
    records = await connection.fetch(
        "WITH RECURSIVE before (unit) AS ("
        'SELECT $2::text COLLATE "C"'
        " UNION SELECT o.organization::text FROM before b JOIN organization o"
        " ON o.county = $1 AND o.successor = b.unit)"
        " SELECT unit FROM before ORDER BY unit",
        county,
        unit,
    )
    return [record["unit"] for record in records]


async def organizations(connection: Connection, county: str) -> list[Row]:
    """Every unit, in order of code."""
    records = await connection.fetch(
        f"SELECT {', '.join(ORGANIZATION.columns)} FROM organization WHERE county = $1 ORDER BY organization",
        county,
    )
    return rows_of(records, ORGANIZATION)
