"""The rows of one stream three ways: as the projector left them, folded anew from the log, and as of today."""

from __future__ import annotations

from typing import Any

from domain.aggregate import DomainAggregate
from projections.catalogue import CATALOGUE
from projections.engine.as_of import PastLedger
from projections.engine.events import EventReader
from projections.engine.projection import Projection
from projections.engine.refold import refold
from service.commands.kept_states import state_that_differs
from tests.api.service import COUNTY, Service


async def agrees(service: Service, cls: type[DomainAggregate], code: str, group: str, *names: str) -> None:
    """What is kept, replayed, shown live, folded anew and shown as of today is one."""
    context = service.app.state.context
    assert await state_that_differs(service.pool, context.store, COUNTY) is None
    loaded, replayed = await context.load(cls, COUNTY, code), await context.replay(cls, COUNTY, code)
    assert loaded.dump_state() == replayed.dump_state()
    await service.app.state.projector.wait_for(COUNTY, names, await service.head(), 20)
    for name in names:
        projection = CATALOGUE[name]
        live = await _rows(service.pool, projection, group, code)
        assert live, name
        assert live == await _anew(service, projection, cls.stream_of(code), group, code), name
        today = context.today()
        async with service.app.state.moments.at(COUNTY, [name], today, None) as past:
            assert live == await _rows(past.connection, projection, group, code), name


async def _rows(connection: Any, projection: Projection, group: str, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for table in projection.tables:
        if group in table.columns:
            query = f"SELECT * FROM {table.name} WHERE county = $1 AND {group} = $2 ORDER BY {', '.join(table.key)}"
            found += [dict(row) for row in await connection.fetch(query, COUNTY, code)]
    return found


async def _anew(
    service: Service, projection: Projection, stream: str, group: str, code: str
) -> list[dict[str, Any]]:
    reader = EventReader(service.app.state.context.codec.upcast)
    async with service.pool.acquire() as connection:
        past = PastLedger(projection, COUNTY, None)
        transaction = connection.transaction()
        await transaction.start()
        schema = await connection.fetchval("SELECT current_schema()")
        await past.create(connection, schema)
        lost = await refold(connection, projection, past.rows, [stream], reader, upto=await service.head())
        assert lost == []
        await past._write(connection)
        found = await _rows(connection, projection, group, code)
        await transaction.rollback()
        await connection.execute("RESET search_path")
        return found
