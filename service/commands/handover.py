"""The handover of a leaving person (离任交接): what is in care, cases opened over it, and what a case changes elsewhere.

Nobody types the list of a departure: it is computed here, each asset at its version. The ledgers are read at or after
the log's head as it was when the question came; what is recorded later is caught by the versions at the append.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.asset.asset import Asset
from domain.asset.facts.custody import DUTIES_OF_POSTS
from domain.departure.case import Care, DepartureCase
from domain.departure.papers import AssetReconciliationLine, AuditFinding, DepartureNotice, LeavingReason
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import refuse
from domain.values import composed_code
from projections.asset import register as asset_register
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.writing import Connection
from projections.organization import directory
from service.commands.commands import CommandContext, Work
from service.database.row_security import rows_of
from service.ledgers.held_to_events import row_that_differs
from service.ledgers.source import LedgerSource

_YIELD_EVERY: Final = 100
"""After so many assets of a completion other requests get their turn."""

_LEDGERS: Final = (
    custody_ledger.PROJECTION.name,
    asset_register.PROJECTION.name,
    directory.PROJECTION.name,
    departures.PROJECTION.name,
)


async def care_for(ledgers: LedgerSource, notice: DepartureNotice, *, by_post: bool = True) -> Care:
    """Assets that the person answers for by this duty in this unit: asset → version.

    A responsible person also answers for what the posts held in the unit on the day of leaving were first responsible
    for, or the first supervisor of (C4.10-05 … -07). `by_post=False` leaves these out: they were handed over already.
    """
    await ledgers.reach_head(*_LEDGERS)
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        return await _care(connection, ledgers.county, notice, by_post=by_post)


async def _care(connection: Connection, county: str, notice: DepartureNotice, *, by_post: bool) -> Care:
    lines = await custody_ledger.in_care(
        connection, county, notice.person, duty=notice.kind, unit=notice.organization
    )
    if notice.kind == "RESPONSIBLE" and by_post:
        lines += await custody_ledger.in_care_by_post(
            connection,
            county,
            notice.person,
            notice.departs_on,
            unit=notice.organization,
        )
    records = await connection.fetch(
        "SELECT asset, version FROM asset_register WHERE county = $1 AND asset = ANY ($2)",
        county,
        sorted({line["asset"] for line in lines}),
    )
    return {str(record["asset"]): int(record["version"]) for record in records}


async def hold_to_events(ledgers: LedgerSource, context: CommandContext, it: Person | DepartureCase) -> None:
    """LEDGER_DIFFERS if what a decision about a leaving person is read from is not what the events make: the rows of that
    person's care, posts and cases, or the kept state of the aggregate that decides. Ask once the ledgers have been read.
    """
    await context.hold_to_events(ledgers.county, it)
    await hold_rows_to_events(ledgers, context, it.id if isinstance(it, Person) else it.notice.person)


async def hold_rows_to_events(ledgers: LedgerSource, context: CommandContext, person: str) -> None:
    """LEDGER_DIFFERS if a row about the person's care, posts and cases is not what the events make."""
    async with ledgers.pool.acquire() as connection:
        wrong = await row_that_differs(connection, context.codec.upcast, ledgers.county, person)
    if wrong is not None:
        raise refuse("LEDGER_DIFFERS", what=wrong)


async def in_duty_since(ledgers: LedgerSource, notice: DepartureNotice) -> date | None:
    """The first day of the person's duty in the unit: by a post, or by name for an asset; None if there is none."""
    await ledgers.reach_head(*_LEDGERS)
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        found = await connection.fetchval(
            "SELECT min(since) FROM (SELECT since FROM tenure WHERE county = $1 AND person = $2"
            " AND organization = ANY ($3) UNION ALL SELECT since FROM custody_ledger WHERE county = $1"
            " AND person = $2 AND duty = 'RESPONSIBLE') days",
            ledgers.county,
            notice.person,
            await directory.carried_on(connection, ledgers.county, notice.organization),
        )
        return found if isinstance(found, date) else None


async def last_taken_on(ledgers: LedgerSource, notice: DepartureNotice) -> date | None:
    """The day on which a responsible person took on the last of what is in the own care by name in the unit; None where
    nothing is, and for a manager, who is not audited.
    """
    if notice.kind != "RESPONSIBLE":
        return None
    await ledgers.reach_head(*_LEDGERS)
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        lines = await custody_ledger.in_care(
            connection, ledgers.county, notice.person, duty=notice.kind, unit=notice.organization
        )
    return max((line["since"] for line in lines), default=None)


async def units_of_care(ledgers: LedgerSource, person: str, today: date) -> list[tuple[str, str]]:
    """Where the person has something in care today and no case is open for it: (unit, MANAGER or RESPONSIBLE)."""
    await ledgers.reach_head(*_LEDGERS)
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        named = await connection.fetch(
            "SELECT DISTINCT u.unit, c.duty FROM custody_ledger c JOIN custody_ledger u ON u.county = c.county"
            " AND u.asset = c.asset AND u.duty = 'RESPONSIBLE_UNIT' AND u.until_position IS NULL"
            " WHERE c.county = $1 AND c.person = $2 AND c.until_position IS NULL",
            ledgers.county,
            person,
        )
        by_post = await custody_ledger.in_care_by_post(connection, ledgers.county, person, today)
        wanted = {(str(record["unit"]), str(record["duty"])) for record in named}
        wanted |= {(str(line["post_unit"]), "RESPONSIBLE") for line in by_post}
        standing = await directory.carried_on_by(
            connection, ledgers.county, sorted({unit for unit, _ in wanted}), today
        )
        wanted = {(standing[unit], duty) for unit, duty in wanted}
        cases = await connection.fetch(
            "SELECT organization, kind FROM departure_case WHERE county = $1 AND person = $2 AND state = 'OPEN'",
            ledgers.county,
            person,
        )
    return sorted(wanted - {(record["organization"], record["kind"]) for record in cases})


async def open_cases(
    ledgers: LedgerSource,
    work: Work,
    at: Occasion,
    person: str,
    units: Sequence[tuple[str, str]],
    *,
    reason: LeavingReason,
    departs_on: date,
    document_no: str | None,
    mark: str,
) -> list[str]:
    """Open a case for every unit and duty in which the person has something in care; gives their codes.

    What went with a post and was handed over before the post ended, which is the regulation's own order, is not handed
    over twice.

    `mark` makes the codes: the same request gives the same.

    Refused: SAME_PERSON, DATE_ORDER.
    """
    opened = []
    for unit, kind in units:
        notice = DepartureNotice.model_validate(
            {
                "person": person,
                "kind": kind,
                "organization": unit,
                "reason": reason,
                "departs_on": departs_on,
                "document_no": document_no,
            }
        )
        care = await _still_to_hand_over(ledgers, notice)
        if care:
            code = composed_code(person, unit, kind[0], mark)
            work.add(DepartureCase.open(code, notice, care, at))
            opened.append(code)
    return opened


async def _still_to_hand_over(ledgers: LedgerSource, notice: DepartureNotice) -> Care:
    """What is in care, without what went with a post and was handed over by a completed case up to the same day or later."""
    care = await care_for(ledgers, notice)
    named = await care_for(ledgers, notice, by_post=False)
    async with rows_of(ledgers.pool, ledgers.county) as connection:
        records = await connection.fetch(
            "SELECT DISTINCT l.asset FROM departure_case d JOIN departure_line l"
            " ON l.county = d.county AND l.case_id = d.case_id WHERE d.county = $1 AND d.person = $2"
            " AND d.organization = $3 AND d.kind = $4 AND d.state = 'COMPLETED' AND d.departs_on >= $5",
            ledgers.county,
            notice.person,
            notice.organization,
            notice.kind,
            notice.departs_on,
        )
    handed_over = {str(record["asset"]) for record in records}
    return {asset: version for asset, version in care.items() if asset in named or asset not in handed_over}


async def open_cases_of_post(
    ledgers: LedgerSource,
    work: Work,
    at: Occasion,
    person: str,
    unit: Organization,
    position: str,
    *,
    reason: LeavingReason,
    departs_on: date,
    mark: str,
) -> None:
    """Cases that the end of a post opens in its unit: by a principal's post over everything, by a manager's over what he keeps.

    Refused: SAME_PERSON, DATE_ORDER.
    """
    units = [one for one in await units_of_care(ledgers, person, at.today) if one[0] == unit.id]
    if position not in at.rules.principal_positions:
        units = [one for one in units if one[1] == "MANAGER" and position == "ASSET_MANAGER"]
    await open_cases(
        ledgers, work, at, person, units, reason=reason, departs_on=departs_on, document_no=None, mark=mark
    )


async def care_of(ledgers: LedgerSource, case: DepartureCase) -> Care:
    """What a case is about now. What went with a post was handed over by the first completion."""
    return await care_for(ledgers, case.notice, by_post=not case.reopened)


async def complete(
    case: DepartureCase, at: Occasion, work: Work, ledgers: LedgerSource, context: CommandContext
) -> None:
    """Complete a case: every asset on its list records `HandedOver` in the same commit (C4.10-10, C4.10-11).

    Refused: LEDGER_DIFFERS, STEP_OUT_OF_ORDER, HANDOVER_LIST_INCOMPLETE, HANDOVER_DISPUTE_OPEN, HANDOVER_INCOMPLETE, AUDIT_REQUIRED,
    SAME_PERSON.
    """
    care = await care_of(ledgers, case)
    await hold_to_events(ledgers, context, case)
    case.complete(care, at)
    assets = await work.get_many(Asset, sorted(case.lines))
    for done, asset in enumerate(assets.values(), start=1):
        duty = duty_handed_over(asset, case)
        if duty is not None:
            asset.hand_over(
                case=case.id,
                duty=duty,
                outgoing=case.notice.person,
                incoming=str(case.incoming_of(asset.id)),
                supervisor=case.signatures["SUPERVISOR"].person,
                at=at,
            )
        if done % _YIELD_EVERY == 0:
            await asyncio.sleep(0)


def duty_handed_over(asset: Asset, case: DepartureCase) -> str | None:
    """The duty that the asset itself says is the leaving person's, or that went with the post.

    None for one that was disposed of, passed on by another case, or handed over before the case was reopened.
    """
    person, kind = case.notice.person, case.notice.kind
    if asset.in_care_of(person, kind):
        return kind
    if kind == "RESPONSIBLE" and not case.reopened:
        return next((duty for duty in DUTIES_OF_POSTS if asset.in_care_of(person, duty)), None)
    return None


async def raise_finding(
    case: DepartureCase, finding: AuditFinding, auditor: str, at: Occasion, work: Work
) -> None:
    """Record an audit finding; one that comes after completion also revokes the clearances given on it (C4.10-11).

    Refused: AUDITOR_NOT_INDEPENDENT, ALREADY_EXISTS.
    """
    was_completed = case.state == "COMPLETED"
    case.raise_finding(finding, auditor, at)
    if was_completed:
        person = await work.get(Person, case.notice.person)
        person.revoke_clearances(f"{case.id}：{finding.text}"[:500], at)


def reconcile(
    case: DepartureCase, lines: Sequence[AssetReconciliationLine], *, others_agree: bool, at: Occasion
) -> None:
    """Compare book, thing and papers; `others_agree`: so do those of the list that were not compared (C4.10-10).

    Refused: STEP_OUT_OF_ORDER, NOT_FOUND, FIELD_INVALID, FIELD_REQUIRED.
    """
    compared = {line.asset for line in lines} | set(case.reconciliation)
    rest = [code for code in sorted(case.lines) if code not in compared] if others_agree else []
    agreeing = (
        AssetReconciliationLine(asset=code, book="AGREES", physical="FOUND", documents="COMPLETE")
        for code in rest
    )
    all_lines = (*lines, *agreeing)
    if all_lines:
        case.reconcile(all_lines, at)
