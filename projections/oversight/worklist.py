"""Duties due on a day, from all ledgers (履责待办): one line per duty that waits, with its clause and who answers.

Nothing is stored: a duty is due because of what the ledgers say and how many days the county gives (`Periods`), so the
same question asked for another day, or after a changed period, has its own answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.regulation.legal_clock import LegalClock
from projections.asset.external_entries import PLACED, SOURCE
from projections.engine.provisional import as_known
from projections.engine.reading import Conditions
from projections.engine.rows import Row
from projections.engine.writing import Connection
from projections.organization.directory import STANDING

LEDGERS: Final = (
    "asset_register",
    "asset_duties",
    "external_entries",
    "household_register",
    "directory",
    "notice_board",
    "departures",
    "revitalisation",
    "risk_covers",
    "income_plans",
    "proceeds_pool",
)
"""What the worklist is read from."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Days that the county gives for each duty."""

    status_report: int
    booking: int
    custody: int
    external_entry: int
    household_inspection: int
    entrusted_inspection: int
    escalation: int
    """Overdue for more than so many days, a duty is the superior unit's matter too (C5.2-01)."""
    contract_ending: int
    """A contract is shown so many days before its end (P21)."""
    income_unpaid: int | None = None
    """From a plan's proposal to its payment, where the county says so."""
    allocation_unused: int | None = None
    """From an allocation of proceeds to its use, where the county says so."""


_ASSETS: Final = "asset_register a JOIN asset_duty d ON d.county = a.county AND d.asset = a.asset"
_OWNERS: Final = (
    "CASE WHEN a.title = 'CONFIRMED' THEN ARRAY(SELECT o ->> 'party' FROM jsonb_array_elements(a.owners) o)"
    " ELSE ARRAY[a.implementer::text] END"
)
_LINE: Final = (
    "a.county, a.asset::text AS subject, a.asset_name::text AS name, a.village::text AS village, a.township::text"
    f" AS township, {_OWNERS} AS units"
)
_LINE_OF_CASE: Final = _LINE.replace(
    "a.asset::text AS subject", "r.revitalisation_case::text AS subject"
).replace(
    f"{_OWNERS} AS units",
    f"CASE WHEN r.state = 'CLOSED' THEN ARRAY[a.township::text] ELSE {_OWNERS} END AS units",
)
"""A case waits for the owners of its asset, and once it is closed for the township that looks."""
_PRESENT: Final = "a.disposed_on IS NULL AND a.scope = 'IN'"
_UNBOOKED: Final = (
    "EXISTS (SELECT FROM jsonb_array_elements(a.owners) o WHERE (a.bookings ->> (o ->> 'party'))::bigint"
    " IS DISTINCT FROM (o ->> 'amount')::bigint)"
)

_PLANS: Final = "income_plan p LEFT JOIN organization o ON o.county = p.county AND o.organization = p.village"
_LINE_OF_PLAN: Final = (
    "p.county, p.income_plan::text, o.name::text, p.village::text, o.superior::text, ARRAY[p.village::text]"
)
"""A plan waits for its village."""

_TASKS: Final = f"""
SELECT 'STATUS_REPORT' AS task, 'C3-08' AS clause, {_LINE},
       coalesce(a.last_status_on, a.in_use_since, a.registered_on) + $3::int AS due_on
FROM {_ASSETS} WHERE {_PRESENT}
UNION ALL
SELECT 'MAINTENANCE', 'C4.3-14', {_LINE},
       coalesce(d.maintained_on, d.maintenance_starts_on) + d.maintenance_interval_days
FROM {_ASSETS} WHERE a.disposed_on IS NULL AND d.maintenance_interval_days IS NOT NULL
UNION ALL
SELECT 'BOOKING', 'C4.5-15', {_LINE}, greatest(a.confirmed_on, a.settled_on) + $4::int
FROM {_ASSETS} WHERE {_PRESENT} AND a.title = 'CONFIRMED' AND {_UNBOOKED}
UNION ALL
SELECT 'CUSTODY', 'C4.10-02', {_LINE}, a.confirmed_on + $5::int
FROM {_ASSETS} WHERE {_PRESENT} AND a.title = 'CONFIRMED' AND d.custody_on IS NULL
UNION ALL
SELECT 'EXTERNAL_ENTRY:' || e.system, CASE e.holding WHEN 'HOUSEHOLD' THEN 'C4.3-08' ELSE 'C4.3-06' END,
       e.county, e.asset::text, {PLACED["asset_name"]}::text, {PLACED["village"]}::text,
       {PLACED["township"]}::text, ARRAY(SELECT jsonb_array_elements_text(e.entered_by)), e.opened_on + $6::int
FROM {SOURCE} WHERE e.state = 'OPEN'
UNION ALL
SELECT 'HOUSEHOLD_INSPECTION', CASE WHEN h.entrusted_on IS NULL THEN 'C4.5-21' ELSE 'C4.6-10' END,
       h.county, h.asset::text, h.asset_name::text, h.village::text, h.township::text,
       array_remove(ARRAY[h.inspecting_department::text, h.village::text], NULL),
       CASE WHEN h.entrusted_on IS NULL THEN coalesce(h.last_inspected_on, h.registered_on) + $7::int
            ELSE greatest(h.last_inspected_on, h.entrusted_on) + $8::int END
FROM household_register h WHERE h.state = 'REGISTERED'
UNION ALL
SELECT 'HOUSEHOLD_ABSENCE', 'C4.3-17', h.county, h.asset::text, h.asset_name::text, h.village::text,
       h.township::text, array_remove(ARRAY[h.lead_department::text], NULL), h.absent_since
FROM household_register h WHERE h.absent_since IS NOT NULL
UNION ALL
SELECT 'OBJECTION:' || p.key, 'C3-05', n.county, n.notice::text, n.title::text, NULL, NULL, ARRAY[n.unit::text],
       (p.value ->> 'dueOn')::date
FROM public_notice n CROSS JOIN jsonb_each(n.pending) p WHERE (p.value ->> 'filedOn')::date <= $2
UNION ALL
SELECT 'LEDGER_ACKNOWLEDGEMENT', 'C4.5-18', l.county, l.village::text, o.name::text, l.village::text, l.township::text,
       ARRAY[l.village::text], l.pushed_on
FROM household_ledger l LEFT JOIN organization o ON o.county = l.county AND o.organization = l.village
WHERE l.acknowledged_on IS NULL
UNION ALL
SELECT 'LEDGER_CORRECTION', 'C4.5-18', l.county, r ->> 'asset', r ->> 'content', l.village::text, l.township::text,
       ARRAY[l.township::text], l.pushed_on
FROM household_ledger l CROSS JOIN jsonb_array_elements(l.open_requests) r
UNION ALL
SELECT CASE r.state WHEN 'OPEN' THEN 'REVITALISATION_PLAN' WHEN 'PLANNED' THEN 'REVITALISATION'
            ELSE 'REVITALISATION_VERIFICATION' END, 'C4.11-04', {_LINE_OF_CASE},
       CASE r.state WHEN 'OPEN' THEN r.opened_on WHEN 'PLANNED' THEN r.deadline ELSE r.closed_on END
FROM revitalisation_case r JOIN asset_register a ON a.county = r.county AND a.asset = r.asset
WHERE r.state <> 'VERIFIED'
UNION ALL
SELECT 'RISK_COVER:' || c.cover, 'C4.8-01', {_LINE}, c.valid_to
FROM risk_cover c JOIN asset_register a ON a.county = c.county AND a.asset = c.asset
WHERE c.released_on IS NULL AND EXISTS (
    SELECT FROM jsonb_each(a.contracts) k WHERE k.key = c.contract AND k.value ->> 'state' IN ('ACTIVE', 'HOLDOVER'))
UNION ALL
SELECT 'CONTRACT_ENDING:' || k.key, 'C4.7-03', {_LINE}, (k.value ->> 'endsOn')::date
FROM asset_register a CROSS JOIN jsonb_each(a.contracts) k
WHERE a.contract = 'ACTIVE' AND a.disposed_on IS NULL AND k.value ->> 'state' = 'ACTIVE'
UNION ALL
SELECT 'PLAN_UNPAID', 'C4.9-03', {_LINE_OF_PLAN}, p.proposed_on + $11::int
FROM {_PLANS} WHERE p.state IN ('PROPOSED', 'PAYING')
UNION ALL
SELECT 'USE_UNPUBLISHED', 'C3-04', {_LINE_OF_PLAN}, p.last_paid_on
FROM {_PLANS} WHERE p.paid > 0 AND p.published_on IS NULL
UNION ALL
SELECT 'ALLOCATION_UNUSED', 'C4.12-07', u.county, u.allocation::text, u.project_name::text, NULL, NULL,
       ARRAY[u.allocator::text], u.allocated_on + $12::int
FROM proceeds_allocation u WHERE u.unused > 0
UNION ALL
SELECT 'ASSET_MANAGER', 'C4.3-22', a.county, a.village::text, max(o.name)::text, a.village::text,
       max(a.township)::text, ARRAY[a.village::text],
       greatest(min(a.registered_on), (SELECT max(t.until) + 1 FROM tenure t WHERE t.county = a.county
                AND t.organization = a.village AND t.post = 'ASSET_MANAGER'))
FROM asset_register a LEFT JOIN organization o ON o.county = a.county AND o.organization = a.village
WHERE a.village IS NOT NULL AND a.disposed_on IS NULL AND NOT EXISTS (
    SELECT FROM tenure t WHERE t.county = a.county AND t.organization = a.village AND t.post = 'ASSET_MANAGER'
    AND t.since <= $2 AND (t.until IS NULL OR t.until >= $2))
GROUP BY a.county, a.village
"""

_DEPARTURES: Final = """
SELECT 'DEPARTURE' AS task, 'C4.10-10' AS clause, d.county, d.case_id::text AS subject, p.name::text AS name,
       CASE WHEN o.kind = 'VILLAGE' THEN d.organization END AS village,
       CASE WHEN o.kind = 'VILLAGE' THEN o.superior ELSE d.organization END AS township,
       ARRAY[d.organization::text] AS units, d.due_on, d.reckoning IS NOT NULL AS provisional
FROM {cases} d LEFT JOIN person p ON p.county = d.county AND p.person = d.person
LEFT JOIN organization o ON o.county = d.county AND o.organization = d.organization
WHERE d.state = 'OPEN' AND d.due_on IS NOT NULL
"""
"""The only duty counted in working days: its day may be provisional."""
_CASE_COLUMNS: Final = ("county", "case_id", "person", "organization", "state", "due_on", "reckoning")

_NOW: Final = (
    "SELECT t.task, t.clause, t.county, t.subject, t.name, coalesce(v.unit, t.village) AS village,"
    " coalesce(w.unit, t.township) AS township, ARRAY(SELECT coalesce(here.unit, named.unit) FROM unnest(t.units)"
    " WITH ORDINALITY AS named (unit, place) LEFT JOIN standing here ON here.start = named.unit ORDER BY named.place) AS units,"
    " t.due_on, t.provisional FROM ({tasks}) t"
    " LEFT JOIN standing v ON v.start = t.village LEFT JOIN standing w ON w.start = t.township"
)
"""The tasks with the units that there are on that day: what waited for one that is no more waits for who carries on."""

_ESCALATED_TO: Final = (
    "CASE WHEN due_on + $9::int < $2 THEN ARRAY(SELECT DISTINCT s.superior::text FROM organization s"
    " WHERE s.county = $1 AND s.organization = ANY (units) AND s.superior IS NOT NULL ORDER BY 1)"
    " ELSE '{}'::text[] END"
)


@dataclass(frozen=True, slots=True)
class WantedDuties:
    """Which duties of a day are asked for, by what their lines say; what is None restricts nothing."""

    unit: str | None = None
    """What that unit answers for itself, what waits in the village or township that it is, and what was escalated to it."""
    task: Sequence[str] | None = None
    """Kinds: EXTERNAL_ENTRY for the entries in all systems, OBJECTION for all objections; or one with what follows its colon."""
    clause: Sequence[str] | None = None
    subject: Sequence[str] | None = None
    village: Sequence[str] | None = None
    township: Sequence[str] | None = None
    responsible: Sequence[str] | None = None
    escalated_to: str | None = None
    since: date | None = None
    until: date | None = None
    """Due before this day; without it before `on`: what is overdue."""
    overdue: bool | None = None
    provisional: bool | None = None


Place = tuple[date, str, str, int]
"""Where a line stands in the list: the day it is due, its task, its subject, its number among those."""


async def tasks_due(
    connection: Connection,
    county: str,
    on: date,
    periods: Periods,
    clock: LegalClock,
    wanted: WantedDuties,
    *,
    after: Place | None = None,
    limit: int = 1000,
) -> tuple[list[Row], int]:
    """What is due, the oldest first, at most `limit` lines after a place in the list, and how many lines there are in all.

    Objections wait from the day they are filed, whenever their answer is due: a notice stands still until then. A contract
    is shown some days before the day it ends.
    What was a unit's that is no more is its who carries on its duties. `escalated_to`: the superiors of the units of a
    duty that is overdue for long; `provisional`: whether the due date is, by the calendar; `number`: see `Place`.
    """
    cases = await as_known(connection, county, "departure_case", _CASE_COLUMNS, clock, due_on="k.due")
    tasks = f"SELECT t.*, false AS provisional FROM ({_TASKS}) t UNION ALL {_DEPARTURES.format(cases=cases)}"
    lengths = (
        periods.status_report,
        periods.booking,
        periods.custody,
        periods.external_entry,
        periods.household_inspection,
        periods.entrusted_inspection,
        periods.escalation,
        periods.contract_ending,
        periods.income_unpaid,
        periods.allocation_unused,
    )
    chosen = Conditions([county, on, *lengths])
    _choose(chosen, wanted, on)
    placed = "true"
    if after is not None:
        places = ", ".join(
            f"{chosen.parameter(value)}::{kind}" for value, kind in zip(after, _PLACE_TYPES, strict=True)
        )
        placed = f"(due_on, task, subject, number) > ({places})"
    records = await connection.fetch(
        f"{STANDING}, found AS MATERIALIZED (SELECT *, due_on < $2 AS overdue,"
        " row_number() OVER (PARTITION BY due_on, task, subject ORDER BY name) AS number"
        f" FROM ({_NOW.format(tasks=tasks)}) tasks WHERE county = $1 AND {chosen.where})"
        f" SELECT listed.*, {_ESCALATED_TO} AS escalated_to, counted.waiting"
        " FROM (SELECT count(*) AS waiting FROM found) counted LEFT JOIN LATERAL"
        " (SELECT task, clause, subject, name, village, township, units, due_on, provisional, overdue, number"
        f" FROM found WHERE {placed} ORDER BY due_on, task, subject, number LIMIT {chosen.parameter(limit)}) listed"
        " ON true ORDER BY due_on, task, subject, number",
        *chosen.parameters,
    )
    rows = [dict(record) for record in records]
    waiting = rows[0]["waiting"]
    return [row for row in rows if row["task"] is not None], waiting


_PLACE_TYPES: Final = ("date", "text", "text", "bigint")


def _choose(chosen: Conditions, wanted: WantedDuties, on: date) -> None:
    chosen.add(
        "(due_on - CASE WHEN task LIKE 'CONTRACT_ENDING:%' THEN $10::int + 1 ELSE 0 END < {}"
        " OR task LIKE 'OBJECTION:%')",
        wanted.until or on,
    )
    chosen.between("due_on", wanted.since, None)
    if wanted.task is not None:
        chosen.add("(task = ANY ({}) OR split_part(task, ':', 1) = ANY ({}))", wanted.task, wanted.task)
    chosen.equal("clause", wanted.clause)
    chosen.equal("subject", wanted.subject)
    chosen.equal("village", wanted.village)
    chosen.equal("township", wanted.township)
    if wanted.overdue is not None:
        chosen.parts.append("due_on < $2" if wanted.overdue else "due_on >= $2")
    chosen.equal("provisional", wanted.provisional)
    if wanted.responsible is not None:
        chosen.add("units && {}::text[]", wanted.responsible)
    if wanted.escalated_to is not None:
        chosen.parts.append(f"{chosen.parameter(wanted.escalated_to)}::text = ANY ({_ESCALATED_TO})")
    if wanted.unit is not None:
        unit = chosen.parameter(wanted.unit)
        chosen.parts.append(
            f"({unit}::text = ANY (units) OR village = {unit} OR township = {unit}"
            f" OR {unit} = ANY ({_ESCALATED_TO}))"
        )


async def objection_words(
    connection: Connection, county: str, notices: Iterable[str]
) -> dict[tuple[str, str], str]:
    """What the open objections to notices say, by their task and subject; numbers of persons are masked."""
    records = await connection.fetch(
        "SELECT n.notice, 'OBJECTION:' || p.key AS task, p.value ->> 'text' AS text"
        " FROM public_notice n CROSS JOIN jsonb_each(n.pending) p WHERE n.county = $1 AND n.notice = ANY($2::text[])",
        county,
        list(notices),
    )
    return {(record["task"], record["notice"]): record["text"] for record in records}
