"""四(十)¶4: the audit of what was in a responsible person's care, over the whole of the tenure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest

from domain.regulation import Regulation
from service.audit import verify
from service.audit.pack import PackRequest, build
from service.clock import utc_now
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from tests.audit.packs import Log, files_of
from tests.projections.history import (
    COUNTY,
    VILLAGES,
    Log as History,
    append_all,
    card,
    confirmation,
    custody,
    receipt,
)

ASSETS = 312
LEADER, NEXT = "P-L", "P-N"
FIRST, LAST = date(2019, 5, 1), date(2021, 9, 30)
UNIT, POST = VILLAGES[0], "PRINCIPAL"


def history() -> History:
    """A leader in office from 2019-05-01 to 2021-09-30, 312 assets of the unit, one of another; then the next leader."""
    log = History()
    log.add(
        f"organization-{UNIT}",
        "organization.defined",
        {"card": {"name": "第一村", "validFrom": "2000-01-01"}},
    )
    for person in (LEADER, NEXT):
        log.add(f"person-{person}", "person.registered", {"card": {"name": "某某", "organization": UNIT}})
    post = {"position": POST, "person": LEADER}
    stream = f"organization-{UNIT}"
    taken = post | {"since": FIRST.isoformat(), "documentNo": "任1号"}
    log.add(stream, "organization.position_appointed", taken, FIRST)
    for number in range(ASSETS + 1):
        life(log, number)
    left = post | {"until": LAST.isoformat(), "reason": "调动"}
    log.add(stream, "organization.position_ended", left, LAST)
    after = {"position": POST, "person": NEXT, "since": "2021-10-01", "documentNo": "任2号"}
    log.add(stream, "organization.position_appointed", after, date(2021, 10, 1))
    return log


def life(log: History, number: int) -> None:
    """Registered before the tenure, income in it and after it; the last asset is another unit's."""
    unit = UNIT if number < ASSETS else VILLAGES[1]
    asset, value = f"{unit}-{number:06d}", 100_000_00
    stream = f"asset-{asset}"
    log.add(stream, "asset.registered", {"card": card(value, unit), "scope": "IN"}, date(2018, 3, 1))
    log.add(stream, "asset.ownership_confirmed", confirmation({unit: value}), date(2018, 6, 1))
    kept = custody(unit, {"P-K": "MANAGER"}, post=POST)
    log.add(stream, "asset.custody_assigned", kept, date(2018, 7, 1))
    for year in (2018, 2019, 2020, 2021, 2022):
        paid = receipt(f"R-{number}-{year}", 1_000_00, {unit: 1_000_00}, f"{year}-11-20")
        log.add(stream, "asset.income_received", paid, date(year, 11, 20))
    report = {"state": "IN_USE", "reportedOn": "2021-09-30"}
    log.add(
        stream,
        "asset.operation_status_reported",
        {"report": report, "openedRisks": [], "clearedRisks": []},
        LAST,
    )


@asynccontextmanager
async def log_of(url: str, folder: Path) -> AsyncIterator[Log]:
    async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool, EventStore(pool) as store:
        await append_all(store, history().events)
        yield Log(pool, store, Checkpoints(pool, folder / "keys", utc_now), folder)


@pytest.mark.clause("C4.10-09")
async def test_the_audit_has_every_event_of_the_tenure_and_both_ledgers(
    database_url: str, tmp_path: Path
) -> None:
    """Packs what was in a leaver's care: all events of the tenure, opening and closing ledger, delta and proof, the same bytes every time."""
    async with log_of(database_url, tmp_path) as log:
        packed = await log.pack("one.zip", person=LEADER)
        assert (packed.assets, packed.first, packed.last) == (ASSETS, FIRST, LAST)
        tables = json.loads(files_of(packed.path)[verify.TABLES_FILE])
        due = await log.pool.fetch(
            "SELECT position FROM event WHERE stream LIKE $1 AND occurred_on BETWEEN $2 AND $3 ORDER BY position",
            f"asset-{UNIT}-%",
            FIRST,
            LAST,
        )
        assert [row[0] for row in tables["events"]] == [row["position"] for row in due]
        assert len(due) == ASSETS * 3
        *rows, total = tables["balances"]
        assert len(rows) == ASSETS
        for row in rows:
            opening, change, closing = row[2:7], row[7:12], row[12:17]
            assert opening == [100_000_00, 0, 100_000_00, 1_000_00, 0]
            assert change == [0, 0, 0, 2_000_00, 0]
            assert closing == [100_000_00, 0, 100_000_00, 3_000_00, 0]
        assert total[2 + 8] == ASSETS * 2_000_00
        key = (await log.checkpoints.known_keys(COUNTY))[0].verifier
        assert verify.verify(packed.path, str(key))["pinned"]
        again = await build(
            log.store,
            log.pool,
            log.checkpoints,
            Regulation.load(county=COUNTY),
            COUNTY,
            PackRequest(LEADER),
            tmp_path / "two.zip",
        )
        assert again.path.read_bytes() == packed.path.read_bytes()
        following = await log.pack("next.zip", person=NEXT)
        assert following.first == LAST + timedelta(days=1)
        opening_then = json.loads(files_of(following.path)[verify.TABLES_FILE])["balances"][-1][2:7]
        assert opening_then == total[12:17], "what one leaves is what the next takes over"
