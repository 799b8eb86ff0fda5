"""What a question to a ledger costs in the service's own processor time: SQL by hand beside SQLAlchemy Core.

    python -m tests.benchmarks --only questions

The register's page (`register_page`) as it is; as a `select()` that is compiled anew for every question; as one that is
looked up in SQLAlchemy's cache of compiled statements, by a function that is not public; and executed by SQLAlchemy.
Figures are microseconds of processor time of the asking process, the best of five rounds; answers are compared first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import Select, literal, select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import LRUCache

from projections.asset.register import REGISTER, SHARE
from projections.asset.register_questions import RegisterFilter, register_page
from projections.engine.reading import rows_of
from projections.engine.rows import Row
from service.database import migrate
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.projections.history import COUNTY, VILLAGES, Log, append_all, card, confirmation

DATABASE: Final = "bench_questions"
ASSETS: Final = 2_000
ROUNDS: Final = 5
ASKED: Final = 60
PAGES: Final = (1, 100)
VILLAGE: Final = VILLAGES[0]
FILTERS: Final = {
    "all": RegisterFilter(),
    "village, two classes": RegisterFilter(village=VILLAGE, asset_class=["OPERATING", "PUBLIC_WELFARE"]),
    "owner": RegisterFilter(owner=VILLAGE),
    "years, value, words": RegisterFilter(completed_from=2010, completed_to=2030, value_from=1, name="防渗"),
}
_REGISTER: Final = REGISTER.table.alias("r")
_SHARE: Final = SHARE.table.alias("s")
_DIALECT: Final = PGDialect_asyncpg()
_COMPILED: Final[Any] = LRUCache(500)

Asked = Callable[[], Awaitable[list[Row]]]


def statement(where: RegisterFilter, limit: int) -> Select[Any]:
    """The page's question in SQLAlchemy's words, for what the filters above ask."""
    r, s = _REGISTER.c, _SHARE.c
    shared = (s.county == r.county, s.asset == r.asset)
    asked: list[Any] = [_REGISTER]
    found = select(*asked).where(r.county == COUNTY, r.disposed_on.is_(None))
    if where.village is not None:
        found = found.where(r.village == where.village)
    if where.asset_class is not None:
        found = found.where(r.asset_class.in_(where.asset_class))
    if where.owner is not None:
        part = select(literal(1)).select_from(_SHARE).where(*shared, s.party == where.owner, s.amount > 0)
        amount = select(s.amount).where(*shared, s.party == where.owner).scalar_subquery()
        found = found.where(part.exists()).add_columns(amount.label("owner_share"))
    if where.completed_from is not None:
        found = found.where(r.completion_year.between(where.completed_from, where.completed_to))
    if where.value_from is not None:
        found = found.where(r.original_value >= where.value_from)
    for word in (where.name or "").split():
        found = found.where(r.asset_name.icontains(word, autoescape=True))
    return found.order_by(r.asset).limit(limit + 1)


def compiled_anew(where: RegisterFilter, limit: int) -> tuple[str, list[Any]]:
    """Text and parameters for asyncpg by SQLAlchemy's public means."""
    found = statement(where, limit).compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return found.string, [found.params[name] for name in found.positiontup or ()]


def compiled_once(where: RegisterFilter, limit: int) -> tuple[str, list[Any]]:
    """The same from the cache that SQLAlchemy's own connections use; lists are spelled out afterwards."""
    compiled: Any
    asked: Any = statement(where, limit)
    compiled, extracted, *_ = asked._compile_w_cache(_DIALECT, compiled_cache=_COMPILED, column_keys=[])
    given = compiled.construct_params(extracted_parameters=extracted)
    if not compiled.post_compile_params:
        return compiled.string, [given[name] for name in compiled.positiontup]
    expanded = compiled._process_parameters_for_postcompile(parameters=given)
    given = {**given, **expanded.additional_parameters}
    return expanded.statement, [given[name] for name in expanded.positiontup]


async def run(url: str) -> list[dict[str, Any]]:
    """Measure on a server; a database of its own is made and dropped."""
    admin = await asyncpg.connect(url)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
        ours = urlunsplit(urlsplit(url)._replace(path=f"/{DATABASE}"))
        await migrate.upgrade(ours)
        async with asyncpg.create_pool(ours, min_size=2, max_size=8) as pool, EventStore(pool) as store:
            last = await append_all(store, _county().events)
            async with Projector(pool, store) as projector:
                await projector.wait_for(COUNTY, None, last, 600)
            await pool.execute("VACUUM ANALYZE")
        return await _measured(ours)
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.close()


def _county() -> Log:
    log = Log()
    for number in range(ASSETS):
        stream = f"asset-{VILLAGE}-{number:06d}"
        log.add(stream, "asset.registered", {"card": card(), "scope": "IN"})
        log.add(stream, "asset.ownership_confirmed", confirmation({VILLAGE: 100_000_00}))
    return log


async def _measured(url: str) -> list[dict[str, Any]]:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_size=1)
    ours = await connect()
    results: list[dict[str, Any]] = []
    try:
        async with engine.connect() as theirs:
            for name, where in FILTERS.items():
                for limit in PAGES:
                    results += await _compared(f"{name}, {limit} rows", _ways(ours, theirs, where, limit))
    finally:
        await ours.close()
        await engine.dispose()
    return results


def _ways(ours: Any, theirs: Any, where: RegisterFilter, limit: int) -> dict[str, Asked]:
    async def by_hand() -> list[Row]:
        return (await register_page(ours, COUNTY, where, limit=limit)).rows

    async def anew() -> list[Row]:
        query, given = compiled_anew(where, limit)
        return rows_of((await ours.fetch(query, *given))[:limit], REGISTER)

    async def once() -> list[Row]:
        query, given = compiled_once(where, limit)
        return rows_of((await ours.fetch(query, *given))[:limit], REGISTER)

    async def executed() -> list[Row]:
        found = await theirs.execute(statement(where, limit))
        return [dict(row) for row in found.mappings().fetchmany(limit)]

    return {"by hand": by_hand, "compiled anew": anew, "compiled once": once, "SQLAlchemy": executed}


async def _compared(name: str, ways: dict[str, Asked]) -> list[dict[str, Any]]:
    answers = [await ask() for ask in ways.values()]
    if not answers[0] or any(answer != answers[0] for answer in answers):
        raise AssertionError(f"{name}: the answers differ or are empty")
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for way, ask in ways.items():
            best[way] = min(best[way], await _processor_time(ask))
    first = {"value": best.pop("by hand"), "unit": "µs"}
    return [{"name": f"{name}: by hand", **first}] + [
        {
            "name": f"{name}: {way}",
            "value": value,
            "unit": "µs",
            "ratio": value / first["value"],
            "compared_with": f"by hand: {first['value']:.0f} µs",
        }
        for way, value in best.items()
    ]


async def _processor_time(ask: Asked) -> float:
    started = time.process_time()
    for _ in range(ASKED):
        await ask()
    return (time.process_time() - started) / ASKED * 1e6


if __name__ == "__main__":
    import sys

    for row in asyncio.run(run(sys.argv[1])):
        print(row)
