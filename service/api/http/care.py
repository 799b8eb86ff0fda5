"""What is in a leaving person's care, asked of the ledgers once they have caught up with the log.

Nobody types the list of a departure: it is computed here, each asset at its version. The ledgers are read at or after
the log's head as it was when the question came; what is recorded later is caught by the versions at the append.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.departure.case import Care, DepartureCase
from domain.departure.papers import DepartureNotice, LeavingReason
from domain.occasion import Occasion
from projections.asset import register as asset_register
from projections.departure import cases as departures, custody as custody_ledger
from projections.engine.writing import Connection
from projections.organization import directory
from service.api.http.reading import Read
from service.commands.commands import Work

_LEDGERS: Final = (
    custody_ledger.PROJECTION.name,
    asset_register.PROJECTION.name,
    directory.PROJECTION.name,
    departures.PROJECTION.name,
)


async def care_for(read: Read, notice: DepartureNotice, *, by_post: bool = True) -> Care:
    """Assets that the person answers for by this duty in this unit: asset → version.

    A responsible person also answers for what the posts held in the unit on the day of leaving were first responsible
    for. `by_post=False` leaves these out: they were handed over already.
    """
    await read.reach_head(*_LEDGERS)
    async with read.pool.acquire() as connection:
        return await _care(connection, read.county, notice, by_post=by_post)


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
            duty="FIRST_RESPONSIBLE",
        )
    records = await connection.fetch(
        "SELECT asset, version FROM asset_register WHERE county = $1 AND asset = ANY ($2)",
        county,
        sorted({line["asset"] for line in lines}),
    )
    return {str(record["asset"]): int(record["version"]) for record in records}


async def in_duty_since(read: Read, notice: DepartureNotice) -> date | None:
    """The first day of the person's duty in the unit: by a post, or by name for an asset; None if there is none."""
    await read.reach_head(*_LEDGERS)
    async with read.pool.acquire() as connection:
        found = await connection.fetchval(
            "SELECT min(since) FROM (SELECT since FROM tenure WHERE county = $1 AND person = $2"
            " AND organization = ANY ($3) UNION ALL SELECT since FROM custody_ledger WHERE county = $1"
            " AND person = $2 AND duty = 'RESPONSIBLE') days",
            read.county,
            notice.person,
            await directory.carried_on(connection, read.county, notice.organization),
        )
        return found if isinstance(found, date) else None


async def units_of_care(read: Read, person: str) -> list[tuple[str, str]]:
    """Where the person has something in care and no case is open for it: (unit, MANAGER or RESPONSIBLE)."""
    await read.reach_head(*_LEDGERS)
    async with read.pool.acquire() as connection:
        named = await connection.fetch(
            "SELECT DISTINCT u.unit, c.duty FROM custody_ledger c JOIN custody_ledger u ON u.county = c.county"
            " AND u.asset = c.asset AND u.duty = 'RESPONSIBLE_UNIT' AND u.until_position IS NULL"
            " WHERE c.county = $1 AND c.person = $2 AND c.until_position IS NULL",
            read.county,
            person,
        )
        today = read.context.today()
        by_post = await custody_ledger.in_care_by_post(
            connection, read.county, person, today, duty="FIRST_RESPONSIBLE"
        )
        wanted = {(str(record["unit"]), str(record["duty"])) for record in named}
        wanted |= {(str(line["post_unit"]), "RESPONSIBLE") for line in by_post}
        standing = await directory.carried_on_by(
            connection, read.county, sorted({unit for unit, _ in wanted}), today
        )
        wanted = {(standing[unit], duty) for unit, duty in wanted}
        cases = await connection.fetch(
            "SELECT organization, kind FROM departure_case WHERE county = $1 AND person = $2 AND state = 'OPEN'",
            read.county,
            person,
        )
    return sorted(wanted - {(record["organization"], record["kind"]) for record in cases})


async def open_cases(
    read: Read,
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

    `mark` makes the codes: the same request gives the same.
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
        care = await care_for(read, notice)
        if care:
            code = f"{person}-{unit}-{kind[0]}-{mark}"[:64]
            work.add(DepartureCase.open(code, notice, care, at))
            opened.append(code)
    return opened
