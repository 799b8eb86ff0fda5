"""The custody ledger (管护台账): who had which duty for which asset, from when to when (四(十), T7).

A line runs on two axes. By business date it holds from `since` until the day before `until`: on the day of a handover
the incoming person has the duty. By the log it was the latest word from `since_position` until `until_position`.
What is recorded late and dated back takes effect from its date on: it cuts short what was recorded before it, so for
each day the last word counts. Duties tied to a post are lines without a person; who held the post is in `tenure`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Unpack

from sqlalchemy import Index

from projections.engine.codes import DUTY_OF_CUSTODY, POST
from projections.engine.events import LedgerEvent, day
from projections.engine.meaning import PERSON_CODE, UNIT_CODE
from projections.engine.projection import Projection
from projections.engine.reading import Conditions, Page, Paging, page, rows_of
from projections.engine.rows import Row, Rows
from projections.engine.tables import (
    LedgerTable,
    code_column,
    day_column,
    flag_column,
    ledger_table,
    position_column,
    text_column,
    whole_column,
)
from projections.engine.writing import Connection
from projections.organization.directory import carried_on, carried_on_by, persons

CUSTODY_LEDGER: Final = ledger_table(
    "custody_ledger",
    text_column("asset", "资产编号"),
    whole_column("line", "资产内行号"),
    code_column(
        "duty",
        "CUSTODIAN 管护主体 / RESPONSIBLE_UNIT 管理责任单位 / FIRST_RESPONSIBLE 管护第一责任人（职务） /"
        " MANAGER 管理人员 / RESPONSIBLE 责任人 / SUPERVISOR 监管单位",
        DUTY_OF_CUSTODY,
        title="职责",
    ),
    text_column("unit", "单位", of=UNIT_CODE, null=True),
    text_column("post_unit", "职务所在单位", of=UNIT_CODE, null=True),
    code_column("post", "职务；监管单位行为第一监管责任人的职务", POST, null=True),
    text_column("person", "人员", of=PERSON_CODE, null=True),
    flag_column("provisional", "是否临时管护"),
    day_column("since", "起始日期（含当日）"),
    day_column("until", "终止日期（不含当日）", null=True),
    position_column("since_position", "起始事件位置"),
    position_column("until_position", "终止事件位置；空为现行", null=True),
    text_column("case_id", "由哪一件离任交接接任", null=True),
    key=("asset", "line"),
    group="asset",
    comment="管护台账：每项资产每段职责一行",
    indexes=(
        Index("custody_ledger_person_idx", "county", "person", "asset"),
        Index("custody_ledger_unit_idx", "county", "unit", "duty", "asset"),
        Index("custody_ledger_post_idx", "county", "post_unit", "post", "asset"),
    ),
)

PERSONAL: Final = ("MANAGER", "RESPONSIBLE")
"""Duties of named persons: what a departure hands over."""
_OF_CUSTODY: Final = frozenset({"CUSTODIAN", "RESPONSIBLE_UNIT", "FIRST_RESPONSIBLE", *PERSONAL})
_OF_SUPERVISION: Final = frozenset({"SUPERVISOR"})


@dataclass(frozen=True, slots=True)
class _Holder:
    """One holder of a duty: unit, post or person."""

    duty: str
    unit: str | None = None
    post_unit: str | None = None
    post: str | None = None
    person: str | None = None
    provisional: bool = False

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> _Holder:
        return cls(
            line["duty"], line["unit"], line["post_unit"], line["post"], line["person"], line["provisional"]
        )


def _assign(event: LedgerEvent, rows: Rows, duties: frozenset[str], wanted: Iterable[_Holder]) -> None:
    """From the event's day on these holders have these duties, and nobody else."""
    on = event.day
    holders = list(dict.fromkeys(wanted))
    _cut_short(event, rows, on, lambda line: line["duty"] in duties)
    for line in rows.group(CUSTODY_LEDGER, event.id):
        if line["duty"] not in duties or line["until_position"] is not None:
            continue
        holder = _Holder.of(line)
        if holder not in holders:
            _close(event, rows, line)
            continue
        holders.remove(holder)
    for holder in holders:
        _open(event, rows, holder)


def _cut_short(
    event: LedgerEvent, rows: Rows, on: date, concerned: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Stretches that ended in the log and reach beyond the day end on it: of each day the last word counts."""
    for line in rows.group(CUSTODY_LEDGER, event.id):
        if line["until_position"] is not None and line["until"] > on and concerned(line):
            _change(event, rows, line, until=max(line["since"], on))


def _change(event: LedgerEvent, rows: Rows, line: Mapping[str, Any], **facts: Any) -> None:
    row = rows.edit(CUSTODY_LEDGER, event.id, line["line"])
    row.update(facts)
    row["position"] = event.position


def _close(event: LedgerEvent, rows: Rows, line: Mapping[str, Any], on: date | None = None) -> None:
    until = max(line["since"], on or event.day)
    _change(event, rows, line, until=until, until_position=event.position)


def _open(event: LedgerEvent, rows: Rows, holder: _Holder, case: str | None = None) -> None:
    rows.put(
        CUSTODY_LEDGER,
        {
            "asset": event.id,
            "line": len(rows.group(CUSTODY_LEDGER, event.id)) + 1,
            "duty": holder.duty,
            "unit": holder.unit,
            "post_unit": holder.post_unit,
            "post": holder.post,
            "person": holder.person,
            "provisional": holder.provisional,
            "since": event.day,
            "until": None,
            "since_position": event.position,
            "until_position": None,
            "case_id": case,
            "position": event.position,
        },
    )


def _custody_assigned(event: LedgerEvent, rows: Rows) -> None:
    custody = event.data["custody"]
    provisional = custody.get("provisional", False)
    first = custody.get("firstResponsible")
    holders = [
        _Holder("CUSTODIAN", custody["custodian"], provisional=provisional),
        _Holder("RESPONSIBLE_UNIT", custody["responsibleUnit"], provisional=provisional),
    ]
    if first is not None:
        unit = first["organization"]
        holders.append(_Holder("FIRST_RESPONSIBLE", unit, unit, first["position"], provisional=provisional))
    holders += [
        _Holder(one["duty"], person=one["person"], provisional=provisional)
        for one in custody.get("duties", ())
    ]
    _assign(event, rows, _OF_CUSTODY, holders)


def _supervision_assigned(event: LedgerEvent, rows: Rows) -> None:
    holders = []
    for one in event.data["supervision"]:
        first = one.get("firstSupervisor") or {}
        holders.append(
            _Holder("SUPERVISOR", one["supervisor"], first.get("organization"), first.get("position"))
        )
    _assign(event, rows, _OF_SUPERVISION, holders)


def _handed_over(event: LedgerEvent, rows: Rows) -> None:
    data = event.data
    if data["duty"] not in PERSONAL:
        return  # it goes with a post, and the post's holder is in `tenure`
    lines = [line for line in rows.group(CUSTODY_LEDGER, event.id) if line["until_position"] is None]
    custodian = next((line for line in lines if line["duty"] == "CUSTODIAN"), None)
    if custodian is None:
        return  # no custody, or it ended with the asset: there is no duty to pass on
    taken_on = False
    for line in lines:
        if line["duty"] != data["duty"]:
            continue
        if line["person"] == data["outgoing"]:
            _close(event, rows, line)
        elif line["person"] == data["incoming"]:
            taken_on = True
    if not taken_on:
        holder = _Holder(data["duty"], person=data["incoming"], provisional=custodian["provisional"])
        _open(event, rows, holder, data["case"])


def _disposed(event: LedgerEvent, rows: Rows) -> None:
    """Every duty ends with the disposal."""
    on = day(event.data["sale"]["disposedOn"])
    _cut_short(event, rows, on, lambda _: True)
    for line in rows.group(CUSTODY_LEDGER, event.id):
        if line["until_position"] is None:
            _close(event, rows, line, on)


def _keys(event: LedgerEvent) -> list[tuple[LedgerTable, str]]:
    return [(CUSTODY_LEDGER, event.id)]


PROJECTION: Final = Projection(
    name="custody_ledger",
    title="管护台账",
    version=3,
    aggregate="asset",
    tables=(CUSTODY_LEDGER,),
    handlers={
        "asset.custody_assigned": _custody_assigned,
        "asset.supervision_assigned": _supervision_assigned,
        "asset.handed_over": _handed_over,
        "asset.disposed": _disposed,
    },
    keys=_keys,
    weight=2,
)


def _in_force(conditions: Conditions, on: date | None, at_position: int | None) -> None:
    """Restrict lines to those that hold on a day, or were the latest word at a place in the log; else the present."""
    if on is not None:
        conditions.add("c.since <= {} AND (c.until IS NULL OR c.until > {})", on, on)
    if at_position is not None:
        conditions.add(
            "c.since_position <= {} AND (c.until_position IS NULL OR c.until_position > {})",
            at_position,
            at_position,
        )
    if on is None and at_position is None:
        conditions.parts.append("c.until_position IS NULL")


def custody_conditions(
    county: str,
    *,
    asset: str | list[str] | None = None,
    duty: str | list[str] | None = None,
    unit: str | list[str] | None = None,
    person: str | list[str] | None = None,
    on: date | None = None,
    at_position: int | None = None,
    history: bool = False,
) -> Conditions:
    """The filter as conditions on the ledger called `c`: present lines, those of a day, or all (`history`)."""
    conditions = Conditions()
    conditions.equal("c.county", county)
    conditions.equal("c.asset", asset)
    conditions.equal("c.duty", duty)
    conditions.equal("c.unit", unit)
    conditions.equal("c.person", person)
    if not history:
        _in_force(conditions, on, at_position)
    return conditions


async def custody_page(
    connection: Connection,
    county: str,
    *,
    asset: str | list[str] | None = None,
    duty: str | list[str] | None = None,
    unit: str | list[str] | None = None,
    person: str | list[str] | None = None,
    on: date | None = None,
    at_position: int | None = None,
    history: bool = False,
    **paging: Unpack[Paging],
) -> Page:
    """Lines of the ledger: the present ones, those of a day, or all there ever were (`history`)."""
    return await page(
        connection,
        CUSTODY_LEDGER,
        custody_conditions(
            county,
            asset=asset,
            duty=duty,
            unit=unit,
            person=person,
            on=on,
            at_position=at_position,
            history=history,
        ),
        source="custody_ledger c",
        alias="c",
        columns=CUSTODY_LEDGER.columns,
        usually="asset",
        **paging,
    )


async def in_care(
    connection: Connection,
    county: str,
    person: str,
    *,
    duty: str | None = None,
    unit: str | None = None,
    on: date | None = None,
    at_position: int | None = None,
) -> list[Row]:
    """What is in a named person's care (duty MANAGER or RESPONSIBLE, or both), now or on a day: lines with the asset's
    name, value (fen) and unit of responsibility, in order of asset. `unit`: only what that unit, or one it carries
    on, is responsible for.
    """
    conditions = Conditions()
    conditions.equal("c.county", county)
    conditions.equal("c.person", person)
    conditions.equal("c.duty", duty)
    _in_force(conditions, on, at_position)
    if unit is not None:
        conditions.add(
            "EXISTS (SELECT 1 FROM custody_ledger u WHERE u.county = c.county AND u.asset = c.asset AND"
            " u.duty = 'RESPONSIBLE_UNIT' AND u.until_position IS NULL AND u.unit = ANY ({}))",
            await carried_on(connection, county, unit),
        )
    columns = ", ".join(f"c.{name}" for name in CUSTODY_LEDGER.columns)
    records = await connection.fetch(
        f"SELECT {columns}, r.asset_name, r.original_value, r.responsible_unit, r.custodian FROM custody_ledger c"
        " LEFT JOIN asset_register r ON r.county = c.county AND r.asset = c.asset"
        f" WHERE {conditions.where} ORDER BY c.asset, c.duty, c.line",
        *conditions.parameters,
    )
    return rows_of(records, CUSTODY_LEDGER)


POSTS_HELD: Final = (
    "WITH RECURSIVE post AS (SELECT t.organization AS unit, t.post, t.since, t.until FROM tenure t"
    "  WHERE t.county = $1 AND t.person = $2 AND t.since <= $3 AND (t.until IS NULL OR t.until >= $3)"
    "   AND ($4::text IS NULL OR t.organization = $4)"
    " UNION SELECT o.organization, p.post, p.since, p.until FROM post p JOIN organization o"
    "  ON o.county = $1 AND o.successor = p.unit AND o.closed_on <= $3)"
)
"""Posts of person $2 in county $1 on day $3, of unit $4 or all, and those of closed units that theirs carry on."""


async def in_care_by_post(
    connection: Connection,
    county: str,
    person: str,
    on: date,
    *,
    unit: str | None = None,
    duty: str | None = None,
) -> list[Row]:
    """What a person answers for on a day by holding a post: first responsible for the custody (FIRST_RESPONSIBLE), or
    first supervisor (SUPERVISOR). Lines with the post's tenure, in order of asset. A post of a unit that carries on
    another's duties answers for that other's assets too.
    """
    columns = ", ".join(f"c.{name}" for name in CUSTODY_LEDGER.columns)
    records = await connection.fetch(
        f"{POSTS_HELD} SELECT {columns}, p.since AS in_post_since, p.until AS in_post_until FROM post p"
        " JOIN custody_ledger c ON c.county = $1 AND c.post_unit = p.unit AND c.post = p.post"
        " AND c.since <= $3 AND (c.until IS NULL OR c.until > $3)"
        " WHERE $5::text IS NULL OR c.duty = $5 ORDER BY c.asset, c.duty, c.line",
        county,
        person,
        on,
        unit,
        duty,
    )
    return rows_of(records, CUSTODY_LEDGER)


async def responsible_on(
    connection: Connection, county: str, asset: str, on: date, *, at_position: int | None = None
) -> Row:
    """Who was responsible for an asset on a day.

    `persons`: named persons with duty, name, since, until · `custodian`, `responsible_unit`: units ·
    `first_responsible`: the post, the unit that holds it on that day (a successor, if the unit was carried on by
    another) and its holders then · `supervisors`: supervising units, each with its first supervisor's post and
    holders. A post that nobody held is vacant.
    """
    conditions = Conditions()
    conditions.equal("c.county", county)
    conditions.equal("c.asset", asset)
    conditions.add("c.since <= {} AND (c.until IS NULL OR c.until > {})", on, on)
    if at_position is not None:
        conditions.add("c.since_position <= {}", at_position)
    records = await connection.fetch(
        f"SELECT {', '.join(CUSTODY_LEDGER.columns)} FROM custody_ledger c WHERE {conditions.where} ORDER BY line",
        *conditions.parameters,
    )
    lines = rows_of(records, CUSTODY_LEDGER)
    units = sorted({line["post_unit"] for line in lines if line["post_unit"] is not None})
    standing = await carried_on_by(connection, county, units, on)
    posts = {(standing[line["post_unit"]], line["post"]) for line in lines if line["post_unit"] is not None}
    holders = await _holders(connection, county, posts, on)
    names = await persons(
        connection, county, [line["person"] for line in lines if line["person"] is not None]
    )
    answer: Row = {
        "asset": asset,
        "on": on,
        "persons": [],
        "custodian": None,
        "responsible_unit": None,
        "provisional": False,
        "first_responsible": None,
        "supervisors": [],
    }
    for line in lines:
        post = None
        if line["post"] is not None:
            unit = standing[line["post_unit"]]
            held = holders.get((unit, line["post"]), [])
            post = {
                "organization": line["post_unit"],
                "held_in": unit,
                "post": line["post"],
                "holders": held,
                "vacant": not held,
            }
        if line["duty"] == "CUSTODIAN":
            answer["custodian"], answer["provisional"] = line["unit"], line["provisional"]
        elif line["duty"] == "RESPONSIBLE_UNIT":
            answer["responsible_unit"] = line["unit"]
        elif line["duty"] == "FIRST_RESPONSIBLE":
            answer["first_responsible"] = post
        elif line["duty"] == "SUPERVISOR":
            answer["supervisors"].append({"supervisor": line["unit"], "first_supervisor": post})
        else:
            answer["persons"].append(
                {
                    "person": line["person"],
                    "name": names.get(line["person"], {}).get("name"),
                    "duty": line["duty"],
                    "since": line["since"],
                    "until": line["until"],
                    "case_id": line["case_id"],
                }
            )
    return answer


async def _holders(
    connection: Connection, county: str, posts: set[tuple[str, str]], on: date
) -> dict[tuple[str, str], list[Row]]:
    ordered = sorted(posts)
    records = await connection.fetch(
        "SELECT t.organization, t.post, t.person, p.name, t.since, t.until FROM unnest($2::text[], $3::text[])"
        " AS wanted (organization, post) JOIN tenure t ON t.county = $1 AND t.organization = wanted.organization"
        " AND t.post = wanted.post AND t.since <= $4 AND (t.until IS NULL OR t.until >= $4)"
        " LEFT JOIN person p ON p.county = t.county AND p.person = t.person"
        " ORDER BY t.organization, t.post, t.since, t.person",
        county,
        [unit for unit, _ in ordered],
        [post for _, post in ordered],
        on,
    )
    found: dict[tuple[str, str], list[Row]] = {}
    for record in records:
        row = dict(record)
        found.setdefault((row.pop("organization"), row.pop("post")), []).append(row)
    return found
