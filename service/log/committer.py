"""The one writer of a county's log in this process: it commits whatever is waiting as one transaction.

While one commit is under way the next commands are rendered to follow it; then all of them go into one statement that
moves the county's head only if it stands where this writer left it, and that fails as a whole unless every expected
version holds and every claim and key is free. Each command succeeds or fails on its own: when the statement failed, the
ones in conflict are found, answered and left out, and the rest is tried again. At most one command per stream, claim
and key goes into a batch.

Everything the statement checks can only change together with the head's position, and a statement that was sent over a
lost connection can never take effect once the head has moved.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Final

import asyncpg
import structlog

from service import metrics
from service.algorithms.chosen import ChosenAlgorithms, refused_digest
from service.algorithms.digests import DigestUnknown, digest_named
from service.clock import MOST_BEHIND_SECONDS, MOST_GAINED_SECONDS, ClockWatch
from service.database.schema import WRITER_ROLE
from service.database.trouble import in_words
from service.log.appending import (
    Append,
    AppendRefused,
    Claim,
    ClaimTaken,
    ClockJumped,
    CommitterStopped,
    Idempotency,
    IdempotencyMismatch,
    LogBusy,
    LogDamaged,
    LogError,
    LogReadOnly,
    LogUnavailable,
    OutcomeUnknown,
    Receipt,
    VersionConflict,
)
from service.log.batch import Batch, Command, CommandSelection, KnownHead, render
from service.log.codec import prepare
from service.log.commit_pace import CommitPace
from service.log.committed import Committed
from service.log.database_errors import DATABASE_ERRORS, Verdict, verdict_on
from service.log.merkle import Frontier

log = structlog.get_logger(__name__)

LARGE: Final = 1_000
"""Events of a command, or of a batch, from which on it is encoded beside the event loop: others are to be served too."""

_HEAD: Final = "SELECT position, recorded_at, frontier, digest FROM log_head WHERE county = $1"
_NEW_HEAD: Final = """
INSERT INTO log_head (county, position, recorded_at, frontier, root, digest) SELECT $1, 0, 'epoch', $2, $3, $4
WHERE NOT EXISTS (SELECT FROM event WHERE county = $1) AND NOT EXISTS (SELECT FROM stream WHERE county = $1)
ON CONFLICT (county) DO NOTHING"""
"""Only a log that has nothing begins at 0: a head that is missing beside events was taken away."""

_VERSIONS: Final = """
SELECT stream, version FROM stream WHERE county = $1 AND stream = ANY($2::text[])"""
_CLAIMS: Final = """
SELECT found.* FROM unnest($2::text[], $3::text[]) AS wanted (kind, key)
CROSS JOIN LATERAL (
    SELECT kind, key, stream, position FROM claim
    WHERE county = $1 AND claim.kind = wanted.kind AND claim.key = wanted.key LIMIT 1) AS found"""
_ANSWERS: Final = """
SELECT found.* FROM unnest($2::text[], $3::text[]) AS wanted (scope, key)
CROSS JOIN LATERAL (
    SELECT scope, key, body_sha256, response, first_position, last_position, recorded_at FROM idempotency
    WHERE county = $1 AND idempotency.scope = wanted.scope AND idempotency.key = wanted.key LIMIT 1) AS found"""
_EVENTS_OF: Final = """
SELECT stream, version, position, type FROM event
WHERE county = $1 AND position BETWEEN $2 AND $3 ORDER BY position"""
_LEAF: Final = "SELECT leaf FROM event WHERE county = $1 AND position = $2"

_SESSION: Final = """
SELECT set_config('lock_timeout', $1, false),
       set_config('statement_timeout', '300s', false),
       set_config('idle_in_transaction_session_timeout', '30s', false),
       set_config('synchronous_commit',
                  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                  ELSE current_setting('synchronous_commit') END, false),
       set_config('enable_seqscan', 'off', false),
       set_config('enable_bitmapscan', 'off', false),
       set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('jit', 'off', false),
       CASE WHEN has_parameter_privilege('log_min_error_statement', 'SET')
            THEN set_config('log_min_error_statement', 'panic', false) END,
       EXISTS (SELECT FROM pg_roles WHERE rolname = $2 AND pg_has_role(oid, 'MEMBER'))
"""
"""The committer's session. An acknowledged write is durable even where the server's default says otherwise. The plan
settings, and the checks written as subqueries for one row each, pin lookups by the whole key: a plan that was made
while the tables were empty must not outlive their growth. A conflict is an error by design: the server's log need not
repeat the whole statement."""


@dataclass(frozen=True, slots=True)
class CommitterLimits:
    """Bounds of one committer; the defaults suit a county's service."""

    batch_commands: int = 512
    batch_events: int = 4_096
    """Aim for one transaction; a single larger command still goes in whole."""
    batch_bytes: int = 8_388_608
    queue_commands: int = 10_000
    queue_bytes: int = 268_435_456
    scan_commands: int = 4_096
    """How far down the queue commands are looked for that fit into the batch."""
    answer_seconds: float = 30.0
    """A command that could not be tried or settled for so long is answered with an error."""
    lock_seconds: float = 5.0
    misses_before_lock: int = 3
    """So often another process may be faster; then the head is locked first, so that nobody starves."""
    idle_seconds: float = 10.0
    """After so long without work the connection goes back to the pool."""


@dataclass(slots=True)
class Committer:
    """See the module. `append` is what callers use; `start` and `stop` are the store's."""

    county: str
    pool: asyncpg.Pool
    clock: Callable[[], datetime]
    limits: CommitterLimits
    committed: Committed
    watch: ClockWatch | None = None
    """Refuses a clock that jumped; None: the clock is believed whatever it says."""
    algorithms: ChosenAlgorithms = field(default_factory=ChosenAlgorithms)
    """What the log begins with, and has to be kept with."""
    _clock_told: float | None = None
    """When it was last told that the clock is wrong."""
    _queue: deque[Command] = field(default_factory=deque)
    _queued_bytes: int = 0
    _in_flight: list[Command] = field(default_factory=list)
    _base: KnownHead | None = None
    """The head that the transaction under way leads to: what arrives meanwhile is rendered to follow it."""
    _draft: Batch | None = None
    _drafted: CommandSelection | None = None
    """The next transaction's commands: those in `_draft`, and those they have overtaken."""
    _sent: bool = False
    """Whether a statement with the commands in flight may have reached the server."""
    _arrival: asyncio.Future[None] | None = None
    _pace: CommitPace = field(default_factory=CommitPace)
    _failures: int = 0
    _head: KnownHead | None = None
    _connection: Any = None
    _stopping: bool = False
    _task: asyncio.Task[None] | None = None

    # What callers use

    async def append(self, append: Append) -> Receipt:
        """Queue a command and wait for its answer. See `EventStore.append`."""
        if self.watch is not None and self.watch.jumped:
            self._tell("clock_jumped", gained_seconds=round(self.watch.gained), most=MOST_GAINED_SECONDS)
            raise ClockJumped(f"the clock jumped {self.watch.gained:.0f} s ahead")
        if sum(len(stream.events) for stream in append.streams) < LARGE:
            events = prepare(self.county, append)
        else:
            events = await asyncio.to_thread(prepare, self.county, append)
        if self._stopping or self._task is None:
            msg = f"the committer of {self.county} is not running"
            raise CommitterStopped(msg)
        command = Command(append, events, asyncio.get_running_loop().create_future())
        waiting, size = len(self._queue), self._queued_bytes
        if self._drafted is not None:
            waiting, size = waiting + len(self._drafted), size + self._drafted.size
        if waiting >= self.limits.queue_commands or (
            waiting and size + command.size > self.limits.queue_bytes
        ):
            msg = f"{waiting} commands are waiting for the log of {self.county}"
            raise LogBusy(msg)
        if self._queue or not self._drafts(command):
            self._queue.append(command)
            self._queued_bytes += command.size
            self._wake()
        return await command.future

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._supervise(), name=f"committer {self.county}")

    async def stop(self) -> None:
        """Commit what is queued, then end; after `answer_seconds` answer the rest with an error."""
        self._stopping = True
        self._wake()
        task = self._task
        if task is None:
            return
        _, unfinished = await asyncio.wait((task,), timeout=self.limits.answer_seconds)
        if unfinished:
            task.cancel()
            await asyncio.wait((task,))

    def _compare_clock(self, head: KnownHead) -> None:
        """Say so when the log's last moment lies ahead: what is recorded now gets that moment."""
        behind = (head.recorded_at - self.clock()).total_seconds()
        if behind > MOST_BEHIND_SECONDS:
            self._tell(
                "clock_behind_log", behind_seconds=round(behind), recorded_at=head.recorded_at.isoformat()
            )

    def _tell(self, what: str, **more: Any) -> None:
        """One line a minute."""
        if self._clock_told is None or monotonic() - self._clock_told > 60:
            self._clock_told = monotonic()
            log.error(what, county=self.county, **more)

    # Supervision

    async def _supervise(self) -> None:
        """Run until stopped. A failure of ours answers every waiting caller and begins anew."""
        try:
            while True:
                try:
                    await self._work()
                except Exception as error:  # whatever it is, nobody may wait for ever
                    self._failures += 1
                    metrics.FAILURES.labels(self.county).inc()
                    damaged = isinstance(error, LogDamaged)
                    log.error(  # noqa: TRY400  what the tables say is told without a trace
                        "committer_failed", county=self.county, reason=str(error), exc_info=not damaged
                    )
                    self._answer_all(error)
                    await self._drop_connection()
                    await asyncio.sleep(min(1.0, 0.01 * 2 ** min(self._failures, 10)))
                else:
                    return
        finally:
            self._stopping = True
            self._answer_all(None)
            await self._return_connection()

    def _answer_all(self, cause: Exception | None) -> None:
        reason = f"the committer of {self.county} {'failed' if cause else 'stopped'}"
        for command in self._in_flight:
            outcome: LogError = CommitterStopped(reason)
            if isinstance(cause, LogDamaged):
                outcome = LogDamaged(str(cause))
            elif self._sent:
                outcome = OutcomeUnknown(command.append.command_id)
            outcome.__cause__ = cause
            command.answer(outcome)
        self._in_flight, self._sent = [], False
        self._abandon_draft()
        for command in self._queue:
            command.answer(CommitterStopped(reason))
        self._queue.clear()
        self._queued_bytes = 0
        self._head = None

    async def _work(self) -> None:
        while True:
            prepared, drafted = self._draft, self._drafted
            self._draft = self._drafted = None
            if drafted is not None:
                if any(command.future.done() for command in drafted.commands):
                    prepared = None  # callers have gone away before anything was sent
                batch = [command for command in drafted.commands if not command.future.done()]
                overtaken = drafted.overtaken
            elif self._queue:
                batch, overtaken = self._pick()
            elif self._stopping:
                return
            else:
                await self._await_arrival()
                continue
            self._in_flight = batch + overtaken
            if batch:
                await self._settle(batch, overtaken, prepared)
            else:
                self._requeue(overtaken)
            self._in_flight, self._sent = [], False

    async def _await_arrival(self) -> None:
        loop = asyncio.get_running_loop()
        arrival = self._arrival = loop.create_future()
        alarm = None if self._connection is None else loop.call_later(self.limits.idle_seconds, self._wake)
        try:
            await arrival
        finally:
            if alarm is not None:
                alarm.cancel()
        if not self._queue and not self._stopping:
            await self._return_connection()  # the alarm: nothing has come for long

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _pick(self) -> tuple[list[Command], list[Command]]:
        """Take from the queue what fits into one transaction, and what would but for one of those (overtaken)."""
        picked = self._selection(self._pace.share(len(self._queue)))
        while self._queue:
            command = self._queue[0]
            if not command.future.done():  # else its caller has gone away before anything was tried
                if not picked.has_room_for(command):
                    break
                picked.offer(command)
            self._leave_queue()
        return picked.commands, picked.overtaken

    def _selection(self, most: int) -> CommandSelection:
        limits = self.limits
        most = min(limits.batch_commands, most)
        return CommandSelection(most, limits.batch_events, limits.batch_bytes, limits.scan_commands)

    def _drafts(self, command: Command) -> bool:
        """Render a command to follow the transaction under way; False when it has to queue."""
        if self._base is None or len(command.events) >= LARGE:
            return False
        if self._drafted is None or self._draft is None:
            self._draft = Batch(self.county, self._base, self.clock())
            self._drafted = self._selection(self._pace.most_to_follow())
        if not self._drafted.has_room_for(command):
            return False
        if self._drafted.offer(command):
            self._draft.add(command)
            self._draft.answer_failed()
        return True

    def _draft_waiting(self) -> None:
        """Render what was left in the queue while the transaction that left it there is under way."""
        while self._queue:
            if not self._queue[0].future.done() and not self._drafts(self._queue[0]):
                return
            self._leave_queue()

    def _abandon_draft(self) -> None:
        """The transaction under way did not come to what the draft was to follow: its commands queue again."""
        drafted, self._base, self._draft, self._drafted = self._drafted, None, None, None
        if drafted is not None:
            self._requeue(sorted(drafted.commands + drafted.overtaken, key=lambda one: one.arrived))

    def _leave_queue(self) -> None:
        self._queued_bytes -= self._queue.popleft().size

    def _requeue(self, commands: Sequence[Command]) -> None:
        """Put commands back at the front, in their order."""
        waiting = [command for command in commands if not command.future.done()]
        self._queue.extendleft(reversed(waiting))
        self._queued_bytes += sum(command.size for command in waiting)

    # One batch, until every command in it is answered or back in the queue

    async def _settle(
        self, commands: list[Command], overtaken: list[Command], prepared: Batch | None = None
    ) -> None:
        doubtful: Batch | None = None  # sent, and then the connection broke: it may be stored
        pause = 0.01
        misses = 0
        while True:
            batch = doubtful
            lock = None
            try:
                connection = await self._connect()
                if misses >= self.limits.misses_before_lock:
                    lock = connection.transaction()
                    await lock.start()
                    head = await self._read_head(connection, lock=True)
                else:
                    head = self._head or await self._read_head(connection)
                if batch is not None and head.position != batch.head.position:
                    if await self._is_stored(connection, batch):
                        if lock is not None:
                            await lock.rollback()
                        break
                    batch = doubtful = None  # and never will be: the head has gone past it
                if batch is None:
                    self._sent = False
                    self._compare_clock(head)
                    if prepared is not None and prepared.head is head:
                        batch = prepared
                    else:
                        batch = await self._rendered(head, commands)
                    prepared = None
                if not batch.commands:
                    if lock is not None:
                        await lock.rollback()
                    self._requeue(overtaken)
                    return
                self._sent = True
                moved, refused = await self._send(connection, batch)
                if lock is not None:
                    await (lock.rollback() if refused else lock.commit())
                if moved:
                    break
                self._abandon_draft()
                metrics.CONFLICTS.labels(self.county).inc()
                if refused is not None:
                    self._sent, doubtful = False, None
                    if await self._part_conflicts(connection, batch.commands, overtaken):
                        return
                if (
                    await self._read_head(connection)
                ).position == batch.head.position and refused is not None:
                    raise refused
                # The head has moved: another process was faster, or, if in doubt, it was this batch itself.
                misses += 1
            except DATABASE_ERRORS as error:
                self._abandon_draft()
                verdict = verdict_on(error)
                if verdict is Verdict.LOST or lock is not None:
                    await self._drop_connection()
                if verdict is Verdict.LOST:
                    doubtful = batch if self._sent else None
                elif verdict is Verdict.ROWS:
                    doubtful = None
                if await self._gave_up(error, verdict, commands, overtaken, doubtful=doubtful is not None):
                    return
                await asyncio.sleep(pause)
                pause = min(1.0, pause * 2)
        self._acknowledge(batch)
        if overtaken:
            await self._follow(batch, overtaken)

    async def _rendered(self, head: KnownHead, commands: Sequence[Command]) -> Batch:
        """A batch of these commands; a large one is laid out beside the event loop. Nothing is drafted meanwhile."""
        if sum(len(command.events) for command in commands) < LARGE:
            batch = render(self.county, head, self.clock(), commands)
        else:
            batch = await asyncio.to_thread(render, self.county, head, self.clock(), commands)
        batch.answer_failed()
        return batch

    async def _send(self, connection: Any, batch: Batch) -> tuple[bool, asyncpg.PostgresError | None]:
        """Whether the batch is stored; if not, the error with which the database refused one of its commands."""
        self._pace.sending(len(batch.commands))
        statement, arguments = batch.statement()
        self._base = batch.next_head
        asyncio.get_running_loop().call_soon(self._draft_waiting)
        started = monotonic()
        try:
            moved = await connection.fetchval(statement, *arguments)
        except (asyncpg.UniqueViolationError, asyncpg.DivisionByZeroError) as error:
            return False, error
        finally:
            self._base = None
        self._pace.answered(monotonic() - started, len(self._queue) + (self._drafted is not None))
        return moved is not None, None

    async def _gave_up(
        self,
        error: Exception,
        verdict: Verdict,
        commands: list[Command],
        overtaken: list[Command],
        *,
        doubtful: bool,
    ) -> bool:
        """Answer who has to be answered after a database error; True if nothing of the batch is left to try."""
        if verdict is Verdict.ROWS:
            if len(commands) == 1:
                sqlstate = getattr(error, "sqlstate", None)
                commands[0].answer(AppendRefused(commands[0].append.command_id, sqlstate, str(error)))
            else:
                for command in commands:  # one of them is to blame; its neighbours are not
                    await self._settle([command], [])
            self._requeue(overtaken)
            return True
        if self.pool.is_closing() and verdict is Verdict.LOST:
            verdict = Verdict.REFUSED
        if doubtful:
            if (
                verdict is not Verdict.REFUSED
                and monotonic() - commands[0].arrived < self.limits.answer_seconds
            ):
                return False
            for command in commands:
                unknown = OutcomeUnknown(command.append.command_id)
                unknown.__cause__ = error
                command.answer(unknown)
            self._requeue(overtaken)
            return True
        if verdict in (Verdict.READ_ONLY, Verdict.REFUSED):
            kind = LogReadOnly if verdict is Verdict.READ_ONLY else LogUnavailable
            _fail(commands, kind, error)
            self._requeue(overtaken)
            return True
        overdue = monotonic() - self.limits.answer_seconds
        late = [command for command in (*commands, *self._queue) if command.arrived <= overdue]
        _fail(late, LogUnavailable, error)
        if any(not command.future.done() for command in commands):
            return False
        self._requeue(overtaken)
        return True

    def _acknowledge(self, batch: Batch) -> None:
        self._head = batch.next_head
        self._sent = False
        metrics.BATCH_COMMANDS.labels(self.county).observe(len(batch.commands))
        metrics.EVENTS.labels(self.county).inc(batch.next_head.position - batch.head.position)
        seconds, now = metrics.APPEND_SECONDS.labels(self.county), monotonic()
        self.committed.publish(batch.next_head.position)
        for command, receipt in zip(batch.commands, batch.receipts, strict=True):
            command.answer(receipt)
            seconds.observe(now - command.arrived)

    async def _follow(self, batch: Batch, overtaken: list[Command]) -> None:
        """Answer at once the commands that the batch has settled: same key, or a version or claim now gone."""
        answered: dict[tuple[str, str], tuple[Idempotency, Receipt]] = {}
        versions: dict[str, int] = {}
        claims: dict[Claim, tuple[str, int]] = {}
        for command, receipt in zip(batch.commands, batch.receipts, strict=True):
            append = command.append
            if append.idempotency is not None:
                answered[append.idempotency.scope, append.idempotency.key] = append.idempotency, receipt
            versions.update(
                (stream.stream, stream.expected_version + len(stream.events)) for stream in append.streams
            )
            claims.update(
                (claim, (append.streams[0].stream, receipt.first_position)) for claim in append.claims
            )
        suspects: list[Command] = []
        for command in overtaken:
            key = command.append.idempotency
            if key is not None and (key.scope, key.key) in answered:
                command.answer(replay(key, *answered[key.scope, key.key]))
            elif (conflict := _conflict(command, versions, claims)) is not None:
                if key is None:
                    command.answer(conflict)
                else:  # perhaps another process has stored this very request: its answer comes before the conflict
                    suspects.append(command)
        if suspects:
            try:
                connection = await self._connect()
                for command, outcome in await self._judged(connection, suspects):
                    command.answer(outcome)
            except DATABASE_ERRORS:
                await self._drop_connection()  # they stay in the queue and are judged when they are tried
        self._requeue(overtaken)

    async def _part_conflicts(
        self, connection: Any, commands: list[Command], overtaken: list[Command]
    ) -> bool:
        """One of the commands was refused: answer those in conflict, requeue the others; False if there are none."""
        judged = await self._judged(connection, [*commands, *overtaken])
        if not {id(command) for command, _ in judged} & {id(command) for command in commands}:
            return False
        for command, outcome in judged:
            command.answer(outcome)
        self._requeue([*commands, *overtaken])
        return True

    async def _judged(
        self, connection: Any, commands: Sequence[Command]
    ) -> list[tuple[Command, Receipt | BaseException]]:
        """Commands that cannot be stored, with their answers, as the database stands.

        Keys are read last: a version found stale with the command's own key not yet there was made stale by others.
        """
        names = list({name for command in commands for name in _expected(command)})
        versions = dict.fromkeys(names, 0)
        versions.update((row[0], row[1]) for row in await connection.fetch(_VERSIONS, self.county, names))
        wanted = list({claim for command in commands for claim in command.append.claims})
        claims: dict[Claim, tuple[str, int]] = {}
        if wanted:
            rows = await connection.fetch(
                _CLAIMS, self.county, [claim.kind for claim in wanted], [claim.key for claim in wanted]
            )
            claims = {Claim(row["kind"], row["key"]): (row["stream"], row["position"]) for row in rows}
        keys = {
            (key.scope, key.key): key
            for command in commands
            if (key := command.append.idempotency) is not None
        }
        answers = await stored_answers(connection, self.county, list(keys.values())) if keys else {}
        judged: list[tuple[Command, Receipt | BaseException]] = []
        for command in commands:
            key = command.append.idempotency
            if key is not None and (key.scope, key.key) in answers:
                judged.append((command, replay(key, *answers[key.scope, key.key])))
            elif (conflict := _conflict(command, versions, claims)) is not None:
                judged.append((command, conflict))
        return judged

    # The connection

    async def _connect(self) -> Any:
        if self._connection is not None:
            return self._connection
        connection: Any = await self.pool.acquire(timeout=self.limits.lock_seconds)
        try:
            row = await connection.fetchrow(
                _SESSION, f"{int(self.limits.lock_seconds * 1000)}ms", WRITER_ROLE
            )
            if row[-1]:
                await connection.execute(f"SET ROLE {WRITER_ROLE}")
        except BaseException:
            await self._discard(connection)
            raise
        self._connection = connection
        return connection

    async def _return_connection(self) -> None:
        """Give the connection back to the pool as it came."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.execute("RESET ROLE")
            await self.pool.release(connection)
        except DATABASE_ERRORS:
            await self._discard(connection)

    async def _drop_connection(self) -> None:
        """Close a connection that failed. What the server makes of its last statement is found out by the head."""
        connection, self._connection = self._connection, None
        self._head = None
        if connection is not None:
            await self._discard(connection)

    async def _discard(self, connection: Any) -> None:
        # A connection whose loss the pool has noticed first is detached: then there is nothing to close.
        with suppress(asyncpg.InterfaceError):
            connection.terminate()
        await self.pool.release(connection)

    async def _read_head(self, connection: Any, *, lock: bool = False) -> KnownHead:
        query = _HEAD + " FOR UPDATE" if lock else _HEAD
        row = await connection.fetchrow(query, self.county)
        if row is None:
            digest = self.algorithms.for_new(self.county).digest
            empty = Frontier(digest=digest)
            await connection.execute(_NEW_HEAD, self.county, empty.to_bytes(), empty.root(), digest.name)
            row = await connection.fetchrow(query, self.county)
            if row is None:
                raise LogDamaged(f"log {self.county}: the head row is missing, but there are events")
        try:
            digest = digest_named(row["digest"])
        except DigestUnknown as error:
            raise LogDamaged(f"log {self.county}: {error}") from error
        if (refused := refused_digest(self.algorithms, self.county, digest)) is not None:
            raise LogDamaged(f"log {self.county}: {refused}")
        head = KnownHead(row["position"], row["recorded_at"], Frontier.from_bytes(row["frontier"], digest))
        if head.frontier.size != head.position:
            raise LogDamaged(
                f"log {self.county}: the head is at {head.position}, its tree has {head.frontier.size} leaves"
            )
        self._head = head
        self.committed.publish(head.position)
        return head

    async def _is_stored(self, connection: Any, batch: Batch) -> bool:
        leaf = await connection.fetchval(_LEAF, self.county, batch.head.position + 1)
        return bool(leaf == batch.first_leaf)


def _fail(commands: Iterable[Command], kind: type[LogUnavailable], cause: Exception) -> None:
    for command in commands:
        failure = kind(f"command {command.append.command_id} is not stored: {in_words(cause)}")
        failure.__cause__ = cause
        command.answer(failure)


def _expected(command: Command) -> dict[str, int]:
    return {stream.stream: stream.expected_version for stream in command.append.streams}


def _conflict(
    command: Command, versions: Mapping[str, int], claims: Mapping[Claim, tuple[str, int]]
) -> VersionConflict | ClaimTaken | None:
    """What keeps `command` out where these versions and claims hold; streams not named are as expected."""
    for stream, expected in _expected(command).items():
        actual = versions.get(stream, expected)
        if actual != expected:
            return VersionConflict(stream, expected, actual)
    for claim in command.append.claims:
        if claim in claims:
            return ClaimTaken(claim.kind, claim.key, *claims[claim])
    return None


def replay(key: Idempotency, stored: Idempotency, receipt: Receipt) -> Receipt | IdempotencyMismatch:
    """The answer to a request whose key was used: the first one's, if it was the same request."""
    if key.body_sha256 != stored.body_sha256:
        return IdempotencyMismatch(key.key)
    return Receipt(
        receipt.first_position,
        receipt.last_position,
        receipt.recorded_at,
        receipt.events,
        receipt.response,
        replayed=True,
    )


async def stored_answers(
    connection: Any, county: str, keys: Sequence[Idempotency]
) -> dict[tuple[str, str], tuple[Idempotency, Receipt]]:
    """What was stored under these keys: (scope, key) → the request's digest and its receipt."""
    rows = await connection.fetch(_ANSWERS, county, [key.scope for key in keys], [key.key for key in keys])
    answers: dict[tuple[str, str], tuple[Idempotency, Receipt]] = {}
    for row in rows:
        first, last = row["first_position"], row["last_position"]
        events: Any = tuple(tuple(event) for event in await connection.fetch(_EVENTS_OF, county, first, last))
        answers[row["scope"], row["key"]] = (
            Idempotency(row["scope"], row["key"], row["body_sha256"]),
            Receipt(first, last, row["recorded_at"], events, row["response"]),
        )
    return answers
