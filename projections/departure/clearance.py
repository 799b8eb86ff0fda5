"""Obstacles to a person's leaving (C4.10-11): asked of the ledgers, listed as little as possible.

Every entry has a `kind`: ASSET (in care by name), POST (first responsible by a post still held), TENURE (a post that was
left without a departure case), INTERIM (things of a case that the person looks after meanwhile), CASE (a departure case that is open, with the point that is missing and by when it was
due), LINE (an asset on its list that nobody has accepted, or that is disputed), and for assets in care CONTRACT
(running), PROCEDURE (transfer, disposal or another matter under way), BALANCE (income not distributed), DISPUTE (title).
Entries of a kind are cut after `SHOWN`. Of a person with more than `COUNTED` assets in care only that many are looked
at, and the answer says so: each of them is in the way, and a personnel office asks for every form.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from domain.regulation.legal_clock import LegalClock
from projections.departure.cases import departure_page
from projections.departure.custody import POSTS_HELD
from projections.engine.reading import MAX_PAGE
from projections.engine.rows import Row
from projections.engine.writing import Connection

SHOWN: Final = 100
"""How many entries of a kind are listed."""

COUNTED: Final = 500
"""How many assets in care are looked at, the first by their codes."""

_CARE: Final = (
    "FROM (SELECT DISTINCT asset FROM custody_ledger WHERE county = $1 AND person = $2 AND until_position IS NULL"
    f"  ORDER BY asset LIMIT {COUNTED + 1}) c"
    " LEFT JOIN asset_register r ON r.county = $1 AND r.asset = c.asset"
    " LEFT JOIN LATERAL (SELECT min(procedure) AS procedure FROM procedure_register"
    "  WHERE county = $1 AND subject = c.asset AND state = 'OPEN') p ON true"
)
_RUNNING: Final = "r.contract IN ('ACTIVE', 'HOLDOVER')"
_UNDER_WAY: Final = (
    "(r.open_transfers > 0 OR r.disposal IN ('PROPOSED', 'APPRAISED', 'PUBLISHED', 'FORWARDED', 'APPROVED')"
    " OR p.procedure IS NOT NULL)"
)
_BALANCE: Final = "r.income_received > r.income_distributed"
_DISPUTED: Final = "r.title = 'DISPUTED'"


async def hindrances(
    connection: Connection, county: str, clock: LegalClock, person: str, today: date, since: date
) -> Row:
    """All that is in the way: `items`, `counts` per kind, `assets_in_care`, `posts`, `open_cases`; `counted_all`: no
    asset was left out.

    `since`: tenures that ended before the regulation was in force need no case.
    """
    (record,) = await connection.fetch(
        f"SELECT count(*) AS asset, count(*) FILTER (WHERE {_RUNNING}) AS contract,"
        f" count(*) FILTER (WHERE {_UNDER_WAY}) AS procedure, count(*) FILTER (WHERE {_BALANCE}) AS balance,"
        f" count(*) FILTER (WHERE {_DISPUTED}) AS dispute {_CARE}",
        county,
        person,
    )
    counts = {name: min(number, COUNTED) for name, number in record.items()}
    items: list[Row] = []
    if counts["asset"]:
        items += await _assets(connection, county, person)
    if counts["contract"] or counts["procedure"] or counts["balance"] or counts["dispute"]:
        items += await _bound_up(connection, county, person)
    posts = await _posts(connection, county, person, today)
    tenures = await _tenures(connection, county, person, since)
    page = await departure_page(
        connection, county, clock, person=person, state="OPEN", on=today, limit=MAX_PAGE
    )
    cases = page.rows
    lines = await _lines(connection, county, [case["case_id"] for case in cases])
    items += [{"kind": "POST", "organization": unit, "post": post} for unit, post in posts]
    items += tenures
    interims = await _interims(connection, county, person, today)
    items += interims
    items += [
        {
            "kind": "CASE",
            "case": case["case_id"],
            "missing": point,
            "organization": case["organization"],
            "due_on": case["due_on"],
            "provisional": case["provisional"],
            "overdue": case["overdue"],
        }
        for case in cases
        for point in case["missing"]
    ]
    items += lines
    return {
        "items": items,
        "counts": {
            **{name.upper(): number for name, number in counts.items()},
            "POST": len(posts),
            "TENURE": len(tenures),
            "INTERIM": len(interims),
            "CASE": len(cases),
            "LINE": sum(case["lines"] - case["accepted_lines"] for case in cases),
        },
        "assets_in_care": counts["asset"],
        "counted_all": record["asset"] <= COUNTED,
        "posts": [f"{unit}/{post}" for unit, post in posts],
        "open_cases": [
            {name: case[key] for name, key in _CASE.items() if case[key] is not None} for case in cases
        ],
    }


_CASE: Final = {
    "case": "case_id",
    "missing": "missing",
    "due_on": "due_on",
    "provisional": "provisional",
    "overdue": "overdue",
}


async def _lines(connection: Connection, county: str, cases: list[str]) -> list[Row]:
    """Lines of open cases that are not accepted, the disputed ones first."""
    if not cases:
        return []
    records = await connection.fetch(
        "SELECT case_id, asset, state, dispute FROM departure_line WHERE county = $1 AND case_id = ANY ($2)"
        f" AND state <> 'ACCEPTED' ORDER BY state, case_id, asset LIMIT {SHOWN}",
        county,
        cases,
    )
    return [
        {"kind": "LINE", "case": one["case_id"], "asset": one["asset"], "state": one["state"]}
        | ({"dispute": one["dispute"]} if one["state"] == "DISPUTED" else {})
        for one in records
    ]


async def _assets(connection: Connection, county: str, person: str) -> list[Row]:
    records = await connection.fetch(
        f"SELECT c.asset, r.asset_name {_CARE} ORDER BY c.asset LIMIT {SHOWN}", county, person
    )
    return [{"kind": "ASSET", "asset": one["asset"], "name": one["asset_name"]} for one in records]


async def _bound_up(connection: Connection, county: str, person: str) -> list[Row]:
    """What the assets in care are bound up in."""
    records = await connection.fetch(
        f"SELECT c.asset, CASE WHEN {_RUNNING} THEN r.contract_code END AS contract,"
        f" CASE WHEN {_UNDER_WAY} THEN CASE WHEN r.open_transfers > 0 THEN 'TRANSFER'"
        "  ELSE coalesce(p.procedure, 'DISPOSAL') END END AS step,"
        f" CASE WHEN {_BALANCE} THEN r.income_received - r.income_distributed END AS balance,"
        f" CASE WHEN {_DISPUTED} THEN true END AS disputed {_CARE}"
        f" WHERE {_RUNNING} OR {_UNDER_WAY} OR {_BALANCE} OR {_DISPUTED} ORDER BY c.asset LIMIT {SHOWN}",
        county,
        person,
    )
    found: list[Row] = []
    for one in records:
        asset = one["asset"]
        if one["contract"] is not None:
            found.append({"kind": "CONTRACT", "asset": asset, "contract": one["contract"]})
        if one["step"] is not None:
            found.append({"kind": "PROCEDURE", "asset": asset, "procedure": one["step"]})
        if one["balance"] is not None:
            found.append({"kind": "BALANCE", "asset": asset, "balance": one["balance"]})
        if one["disputed"]:
            found.append({"kind": "DISPUTE", "asset": asset})
    return found


async def _posts(connection: Connection, county: str, person: str, today: date) -> list[tuple[str, str]]:
    """Posts held today that are first responsible for some asset or its first supervisor, or whose closed unit is carried on by theirs."""
    records = await connection.fetch(
        f"{POSTS_HELD} SELECT DISTINCT p.unit, p.post FROM post p WHERE EXISTS (SELECT FROM custody_ledger c"
        " WHERE c.county = $1 AND c.post_unit = p.unit AND c.post = p.post AND c.duty IN ('FIRST_RESPONSIBLE', 'SUPERVISOR')"
        " AND c.since <= $3 AND (c.until IS NULL OR c.until > $3)) ORDER BY 1, 2",
        county,
        person,
        today,
        None,
    )
    return [(one["unit"], one["post"]) for one in records]


async def _tenures(connection: Connection, county: str, person: str, since: date) -> list[Row]:
    """Posts that were left while they answered for assets, without a case of the responsible person."""
    records = await connection.fetch(
        "SELECT t.organization, t.post, t.until, count(DISTINCT c.asset) AS assets FROM tenure t JOIN custody_ledger c"
        " ON c.county = t.county AND c.post_unit = t.organization AND c.post = t.post"
        " AND c.duty IN ('FIRST_RESPONSIBLE', 'SUPERVISOR') AND c.since <= t.until AND (c.until IS NULL OR c.until > t.until)"
        " WHERE t.county = $1 AND t.person = $2 AND t.until >= $3 AND NOT EXISTS (SELECT 1 FROM departure_case d"
        "  WHERE d.county = t.county AND d.person = t.person AND d.organization = t.organization"
        "  AND d.kind = 'RESPONSIBLE' AND d.departs_on >= t.until)"
        " GROUP BY t.organization, t.post, t.until ORDER BY t.organization, t.post, t.until",
        county,
        person,
        since,
    )
    return [
        {
            "kind": "TENURE",
            "organization": one["organization"],
            "post": one["post"],
            "until": one["until"],
            "assets": one["assets"],
        }
        for one in records
    ]


async def _interims(connection: Connection, county: str, person: str, today: date) -> list[Row]:
    """Open cases whose things the person looks after today, until somebody takes over."""
    records = await connection.fetch(
        "SELECT case_id, organization, interim_until FROM departure_case WHERE county = $1 AND interim = $2"
        " AND state = 'OPEN' AND interim_until >= $3 ORDER BY case_id",
        county,
        person,
        today,
    )
    return [
        {
            "kind": "INTERIM",
            "case": one["case_id"],
            "organization": one["organization"],
            "until": one["interim_until"],
        }
        for one in records
    ]


def words(item: dict[str, Any]) -> str:
    """One entry as it stands in a refusal's list of what is missing."""
    match item["kind"]:
        case "ASSET" | "DISPUTE":
            return f"{item['kind'].lower()}:{item['asset']}"
        case "CONTRACT":
            return f"contract:{item['asset']}:{item['contract']}"
        case "PROCEDURE":
            return f"procedure:{item['asset']}:{item['procedure']}"
        case "BALANCE":
            return f"balance:{item['asset']}"
        case "POST":
            return f"post:{item['organization']}/{item['post']}"
        case "LINE":
            return f"line:{item['case']}:{item['asset']}:{item['state']}"
        case "TENURE":
            return f"tenure:{item['organization']}/{item['post']}:{item['until'].isoformat()}"
        case "INTERIM":
            return f"interim:{item['case']}"
        case _:
            return f"case:{item['case']}:{item['missing']}"
