"""How long an audit pack takes, how much memory, and how fast packs and the whole log are verified.

    python -m tests.benchmarks --only pack

One county: 5,000 assets of 20 events each; one manager has 312 of them in care, another all. Packs are made as
`taizhang audit pack` makes them, checkpoint, index, spreadsheet and page included, and verified by the file inside.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from domain.recorded import RecordedEvent
from domain.regulation import Regulation
from service.audit.pack import PackRequest, build
from service.audit.verify import PROVEN as STAGE, UNPINNED_CODE, verify
from service.clock import utc_now
from service.database import migrate
from service.log.checkpoints import Checkpoints
from service.log.event_store import EventStore
from tests.projections.history import (
    COUNTY,
    VILLAGES,
    Log,
    append_all,
    card,
    confirmation,
    custody,
    distribution,
    receipt,
    terms,
)

DATABASE: Final = "bench_pack"
ASSETS: Final = int(os.environ.get("TAIZHANG_BENCH_PACK_ASSETS", "5000"))
FEW: Final = 312
FEW_MANAGER, MANAGER = "P-312", "P-ALL"
RUNS: Final = 5
VERIFIED: Final = 40_000.0
PROVEN: Final = 100_000.0
LOG: Final = 165_000.0


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        with tempfile.TemporaryDirectory(prefix="taizhang-bench-pack-") as folder:
            async with (
                asyncpg.create_pool(ours, min_size=2, max_size=8) as pool,
                EventStore(pool) as store,
            ):
                await append_all(store, county_events())
                await pool.execute("VACUUM ANALYZE event")
                return [*await _packs(pool, store, Path(folder)), *await _log(store)]
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.close()


def county_events() -> list[RecordedEvent]:
    """The county's whole history."""
    log = Log()
    village = VILLAGES[0]
    card_ = {"name": "第一村", "validFrom": "2000-01-01", "kind": "VILLAGE"}
    log.add(f"organization-{village}", "organization.defined", {"card": card_})
    for person in (FEW_MANAGER, MANAGER):
        log.add(f"person-{person}", "person.registered", {"card": {"name": "某某", "organization": village}})
    for number in range(ASSETS):
        life(log, number, village)
    return log.events


def life(log: Log, number: int, village: str) -> None:
    """Twenty events of one asset."""
    asset = f"{village}-{number:06d}"
    stream, value = f"asset-{asset}", 100_000_00 + number
    persons = {MANAGER: "RESPONSIBLE"} | ({FEW_MANAGER: "MANAGER"} if number % (ASSETS // FEW) == 0 else {})
    shares = {village: value}
    day = date(2019, 5, 1)
    status = [
        {
            "report": {"state": "IN_USE", "reportedOn": f"20{year}-06-20"},
            "openedRisks": [],
            "clearedRisks": [],
        }
        for year in (20, 21, 22)
    ]
    kept = {"doneOn": "2021-06-01", "content": "清淤", "cost": 1_200_00, "voucherNo": "记-2"}
    booking = {"party": village, "amount": value, "voucherNo": "记-1", "bookedOn": "2021-07-01"}
    facts: list[tuple[str, dict[str, Any]]] = [
        ("registered", {"card": card(value, village, f"第{number}号资产"), "scope": "IN"}),
        ("put_into_use", {"inUseSince": "2019-10-20"}),
        ("ownership_confirmed", confirmation(shares)),
        ("booked", {"booking": booking}),
        ("custody_assigned", custody(village, persons, post="PARTY_SECRETARY")),
        ("supervision_assigned", {"supervision": [{"supervisor": "653022202000"}]}),
        ("leased", terms(f"C-{number}")),
        *(("operation_status_reported", one) for one in status),
        *(("maintenance_done", {"maintenance": kept, "costShares": []}) for _ in range(2)),
        *(
            ("depreciation_posted", {"year": year, "amount": 100_00, "accumulated": n * 100_00, "shares": []})
            for n, year in enumerate((2019, 2020, 2021), 1)
        ),
        *(("income_received", receipt(f"R-{number}-{n}", 5_000_00, {village: 5_000_00})) for n in range(3)),
        *(
            ("income_distributed", distribution(f"D-{number}-{n}", village, [2_000_00, 500_00]))
            for n in range(2)
        ),
    ]
    for place, (name, data) in enumerate(facts):
        log.add(stream, f"asset.{name}", data, day + timedelta(days=place * 40))


async def _packs(pool: asyncpg.Pool, store: EventStore, folder: Path) -> list[dict[str, Any]]:
    checkpoints = Checkpoints(pool, folder / "keys", utc_now)
    regulation = Regulation.load(county=COUNTY)
    results = []
    for person, count, target in ((FEW_MANAGER, FEW, 1.0), (MANAGER, ASSETS, 10.0)):
        out = folder / f"{person}.zip"
        times = []
        for _ in range(RUNS if count == FEW else 3):
            started = time.perf_counter()
            packed = await build(store, pool, checkpoints, regulation, COUNTY, PackRequest(person), out)
            times.append(time.perf_counter() - started)
        assert packed.assets >= count, packed
        what = f"{packed.assets:,} assets, {packed.events:,} events of {packed.size:,}"
        results.append(_row(f"audit pack of {what}", times, "s", target, better="less"))
        if count == ASSETS:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            results.append(_row("the same: peak memory of the process, log and all", [peak], "MB", None))
        proven = [_proven(out) for _ in range(3)]
        results.append(
            _row(f"events of {what}, proven", [packed.events / one for one in proven], "events/s", PROVEN)
        )
        seconds = [_verified(out) for _ in range(3)]
        results.append(
            _row(
                f"offline verification of {what}",
                [packed.events / one for one in seconds],
                "events/s",
                VERIFIED,
            )
        )
    return results


def _verified(pack: Path) -> float:
    """Seconds of `python verify.py`, start of the interpreter included."""
    verifier = Path(sys.modules["service.audit.verify"].__file__ or "")
    started = time.perf_counter()
    run = subprocess.run([sys.executable, "-I", str(verifier), str(pack)], check=False, capture_output=True)
    taken = time.perf_counter() - started
    assert run.returncode == UNPINNED_CODE, run.stdout  # everything fits together; no key is named here
    return taken


def _proven(pack: Path) -> float:
    """Seconds of processor time until nothing is left to prove of the events."""
    began = time.process_time()
    reached: list[float] = []
    verify(pack, say=lambda stage: reached.append(time.process_time() - began) if stage == STAGE else None)
    return reached[0]


async def _log(store: EventStore) -> list[dict[str, Any]]:
    rates = []
    for _ in range(3):
        started = time.perf_counter()
        verification = await store.verify(COUNTY)
        rates.append(verification.position / (time.perf_counter() - started))
        assert verification.problem is None
    return [_row(f"verification of the whole log, {verification.position:,} events", rates, "events/s", LOG)]


def _row(
    name: str, runs: list[float], unit: str, target: float | None, *, better: str = "more"
) -> dict[str, Any]:
    value = statistics.median(runs)
    ratio = None if target is None else target / value if better == "less" else value / target
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "compared_with": None if target is None else f"target {target:,.0f}",
        "ratio": ratio,
        "runs": runs,
    }
