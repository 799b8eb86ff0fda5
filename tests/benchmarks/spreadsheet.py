"""How fast a clerk's ledger gets into the log: 50,000 rows of 19 columns, two files of 25,000, each one append.

    python -m tests.benchmarks --only spreadsheet

`cells` is the workbook to a grid of cells (unpacking and hostile-file checks included), beside openpyxl, the usual
reader, on the same bytes. `read` is the workbook to typed rows, `judge` every row by the rules of
the regulation and against the register, `append` what has to be stored durably once all rows are known to be good:
the aggregates' events and states, the Merkle tree, the claim on the file, one commit. `whole` is all of it and the
wait for the ledgers, which take in the first file before the second is compared with them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import openpyxl

from domain.organization.person import Person, PersonCard
from domain.regulation import Regulation
from service.clock import utc_now
from service.commands.commands import CommandContext, stream_append
from service.commands.founding import found, system_actor
from service.database import migrate
from service.inventory.importing import Importer, ImportOptions
from service.inventory.spreadsheet.grid import grids_of
from service.ledgers.projector import Projector
from service.log.appending import Append
from service.log.event_store import EventStore
from tests.workbooks import TOWNSHIP, ledger, row

COUNTY: Final = "653022"
ROWS: Final = 50_000
FILES: Final = 2
TARGET: Final = 5_000
DATABASE: Final = "bench_spreadsheet"


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        try:
            return await _imports(ours)
        finally:
            await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    finally:
        await admin.close()


async def _imports(url: str) -> list[dict[str, Any]]:
    each = ROWS // FILES
    files = [
        ledger([row(number, 项目名称=f"第{file}批") for number in range(each)])
        for file in range(1, FILES + 1)
    ]
    seconds = {"read": 0.0, "judge": 0.0, "append": 0.0, "whole": 0.0}
    async with asyncpg.create_pool(url, min_size=2, max_size=8) as pool:
        async with EventStore(pool) as store, Projector(pool, store) as projector:
            context = CommandContext(
                store=store, regulations={COUNTY: Regulation.load(county=COUNTY)}, clock=utc_now
            )
            await found(context, COUNTY)
            await _person(context)
            for number, content in enumerate(files):
                importer = Importer(context, pool, projector)
                options = ImportOptions(
                    batch=f"B-{number}", file_name="台账.xlsx", unit=TOWNSHIP, compiled_by="P-1"
                )
                begun = time.perf_counter()
                outcome = await importer.run(system_actor(COUNTY, "bench"), options, content, _quiet)
                seconds["whole"] += time.perf_counter() - begun
                assert outcome.result["registered"] == each, outcome.result
                for name in ("read", "judge", "append"):
                    seconds[name] += getattr(importer.stages, name)
    figures: list[dict[str, Any]] = [
        {"name": f"{name} {ROWS:,} rows", "value": ROWS / spent, "unit": "rows/s"}
        for name, spent in seconds.items()
    ]
    figures[2] |= {"ratio": ROWS / seconds["append"] / TARGET, "compared_with": f"target {TARGET:,} rows/s"}
    ours, usual = _seconds(grids_of, files[0]), _seconds(_openpyxl, files[0])
    told = {"ratio": usual / ours, "compared_with": f"openpyxl {each / usual:,.0f} rows/s"}
    return [{"name": f"cells of {each:,} rows", "value": each / ours, "unit": "rows/s"} | told, *figures]


async def _person(context: CommandContext) -> None:
    """Who compiled the files."""
    card = PersonCard(name="样例", organization=TOWNSHIP)
    person = Person.register("P-1", card, context.occasion(COUNTY, None))
    await context.store.append(
        COUNTY,
        Append(
            command_id="bench-person",
            actor=system_actor(COUNTY, "bench").envelope(),
            correlation_id="bench-person",
            causation_id=None,
            streams=[stream_append(context, person)],
        ),
    )


async def _quiet(_done: int, _total: int | None) -> None:
    """Nobody watches."""


def _seconds(read: Callable[[bytes], object], content: bytes) -> float:
    begun = time.perf_counter()
    read(content)
    return time.perf_counter() - begun


def _openpyxl(content: bytes) -> int:
    """How many rows openpyxl finds, cell by cell."""
    book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
