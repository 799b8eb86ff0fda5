"""A past moment folded in a process beside the event loop, which has so much memory and time and is then ended.

The process has a connection of its own: it reads the log, folds it into temporary tables as everybody does
(`projections.engine.as_of`) and sends these on as PostgreSQL writes them. Here they go into the temporary tables of the
connection that keeps the moment; nobody looks into the bytes. So the loop, which commands wait for, has next to nothing to do
with it. The process asks before each of its steps: while commands are under way they have most of the processors, here and
in the database (`service.pace`). What became of the folds is counted (`taizhang_past_folds`).
"""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection as Pipe
from time import perf_counter
from typing import Final

import asyncpg
import uvloop

from domain.refusals import refuse
from projections.catalogue import CATALOGUE
from projections.engine.as_of import PastLedger
from projections.engine.events import EventReader
from projections.engine.writing import Connection
from service.log.codec import EventCodec
from service.log.event_store import PAST_EVENTS, PAST_EVENTS_OF_STREAMS
from service.memory import collecting_paused
from service.metrics import PAST_FOLDS
from service.pace import turn_after
from service.processes import MEBIBYTE, Line, ProcessDied, bound_this_process, process_beside, serve_only

BATCH: Final = 500
"""Events that the process reads at a time: a step, which is not interrupted."""
PIECE: Final = MEBIBYTE // 4
"""Bytes of a table that are sent at a time."""
AGAIN_SECONDS: Final = 2
"""When to ask again where the process died: the next one begins anew."""
_NICE: Final = 19
"""Commands and questions of the present come first where there are fewer processors than work."""
_CONNECTING_SECONDS: Final = 10.0
_ENDING: Final = (
    MemoryError,
    asyncpg.PostgresConnectionError,
    EOFError,
    BrokenPipeError,
    ConnectionResetError,
)
_LOOK_FOR_US: Final = "SET client_connection_check_interval = 500"
"""The server gives up what it still does for a process that was killed; not every system can tell."""


@dataclass(frozen=True, slots=True)
class FoldBounds:
    """Bounds of folding one moment. A county of a million events needs a third of it."""

    memory: int = 1_024 * MEBIBYTE
    """Bytes beside what the process has at its start."""
    cpu_seconds: int = 300
    seconds: float = 600.0
    """By the clock on the wall, on a machine that has other things to do; waits for commands are not counted."""


BOUNDS: Final = FoldBounds()


@dataclass(frozen=True, slots=True)
class FoldOrder:
    """Order to fold: what, and where the log is."""

    url: str
    session: Mapping[str, str]
    schema: str
    county: str
    names: tuple[str, ...]
    """The ledgers."""
    on: date | None
    position: int
    streams: tuple[str, ...] | None = None
    """The part of the log that is folded; None: all of it."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The bytes of a table follow, until there are none."""

    ledger: int
    name: str


@dataclass(frozen=True, slots=True)
class _Step:
    """A step was taken; the next one waits for the word."""

    seconds: float


@dataclass(frozen=True, slots=True)
class _Folded:
    """Everything was sent; of each ledger the positions that have no place in it."""

    unplaced: tuple[frozenset[int], ...]


async def folded_beside(
    order: FoldOrder, connection: Connection, bounds: FoldBounds = BOUNDS
) -> list[PastLedger]:
    """The ledgers at the ordered moment, in temporary tables of this connection. PAST_LEDGER_INTERRUPTED when the process
    died or took too long; whoever is cancelled ends it.
    """
    outcome = "GIVEN_UP"
    try:
        async with process_beside("past", _work, order, bounds) as (_, line):
            async with asyncio.timeout(bounds.seconds) as deadline:
                ledgers = await _taken_over(line, order, connection, deadline)
        outcome = "DONE"
    except ProcessDied as death:
        outcome = "DIED"
        raise refuse("PAST_LEDGER_INTERRUPTED", seconds=AGAIN_SECONDS) from death
    except TimeoutError as late:
        if not deadline.expired():
            raise  # somebody else's, of the database for one
        outcome = "DIED"
        raise refuse("PAST_LEDGER_INTERRUPTED", seconds=AGAIN_SECONDS) from late
    finally:
        PAST_FOLDS.labels(outcome).inc()
    return ledgers


async def _taken_over(
    line: Line, order: FoldOrder, connection: Connection, deadline: asyncio.Timeout
) -> list[PastLedger]:
    ledgers = [PastLedger(CATALOGUE[name], order.county, order.on) for name in order.names]
    for ledger in ledgers:
        await ledger.create(connection, order.schema, keyed=False)
    while True:
        match await line.hear():
            case None:
                pass
            case _Step() as step:
                due = deadline.when()
                deadline.reschedule(None)  # what commands take of its time is not counted
                waited = await turn_after(step.seconds)
                deadline.reschedule(None if due is None else due + waited)
                await line.say(None)
            case _Table(number, name):
                table = ledgers[number].rows.tables[name].ledger
                await connection.copy_to_table(
                    name, source=_pieces(line), columns=table.columns, format="binary"
                )
            case _Folded(unplaced):
                for ledger, lost in zip(ledgers, unplaced, strict=True):
                    await ledger.taken_over(connection, order.position, lost)
                return ledgers
            case BaseException() as error:
                raise error
            case other:
                raise RuntimeError(f"the process that folds past moments failed: {other}")


async def _pieces(line: Line) -> AsyncIterator[bytes]:
    while True:
        piece = await line.hear()
        if piece == b"":
            return
        if piece is not None:
            yield piece


# ---- in the process of its own -------------------------------------------------------------------------------------


def _work(theirs: Pipe, order: FoldOrder, bounds: FoldBounds) -> None:
    serve_only()
    bound_this_process(bounds.memory, bounds.cpu_seconds, MEBIBYTE)
    os.nice(_NICE)
    with closing(theirs):
        try:
            with collecting_paused():
                uvloop.run(_fold(theirs, order))
        except BaseException as error:  # noqa: BLE001  told to the parent, which raises it
            if _ends_here(error):
                return
            told = isinstance(error, (asyncpg.PostgresError, OSError))  # the database's, as everywhere
            theirs.send(error if told else traceback.format_exc())


def _ends_here(error: BaseException | None) -> bool:
    """Whether the process ends as if it had been killed: out of memory (which libraries dress as errors of their own), cut
    off in the middle, or nobody listens any more.
    """
    while error is not None:
        if isinstance(error, _ENDING):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Steps:
    """The steps of this process, each taken when the service says so."""

    def __init__(self, theirs: Pipe) -> None:
        self._theirs = theirs
        self._began = perf_counter()

    def next(self) -> None:
        """Wait until the next step may be taken; the service's end means ours."""
        self._theirs.send(_Step(perf_counter() - self._began))
        self._theirs.recv()
        self._began = perf_counter()


async def _fold(theirs: Pipe, order: FoldOrder) -> None:
    connection = await asyncpg.connect(
        order.url, timeout=_CONNECTING_SECONDS, server_settings=dict(order.session)
    )
    with suppress(asyncpg.PostgresError):
        await connection.execute(_LOOK_FOR_US)
    reader = EventReader(EventCodec().upcast)
    steps = _Steps(theirs)
    unplaced = []
    for number, name in enumerate(order.names):
        ledger = PastLedger(CATALOGUE[name], order.county, order.on)
        await ledger.create(connection, order.schema)
        await ledger.grow(connection, reader, _events(connection, order, ledger, steps), order.position)
        for table in ledger.projection.tables:
            steps.next()
            theirs.send(_Table(number, table.name))
            await _send(theirs, connection, table.name, table.columns)
        unplaced.append(ledger.unplaced_positions)
    theirs.send(_Folded(tuple(unplaced)))


async def _events(
    connection: Connection, order: FoldOrder, ledger: PastLedger, steps: _Steps
) -> AsyncIterator[Sequence[tuple[int, bytes]]]:
    after, more = 0, [list(ledger.projection.handlers), order.on or date.max]
    query = PAST_EVENTS
    if order.streams is not None:
        query, more = PAST_EVENTS_OF_STREAMS, [*more, list(order.streams)]
    while rows := await connection.fetch(query, order.county, after, order.position, BATCH, *more):
        after = rows[-1][0]
        yield rows
        steps.next()


async def _send(theirs: Pipe, connection: Connection, name: str, columns: Sequence[str]) -> None:
    held = bytearray()

    async def take(piece: bytes) -> None:
        held.extend(piece)
        if len(held) >= PIECE:
            theirs.send(bytes(held))
            held.clear()

    await connection.copy_from_table(name, output=take, columns=columns, format="binary")
    if held:
        theirs.send(bytes(held))
    theirs.send(b"")
