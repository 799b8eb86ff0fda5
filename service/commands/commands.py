"""One command: load → decide → append. The only way anything gets into the log.

Before a decision the county's policy is brought up to what its log says, whoever changed it and in whichever process.

`transact` runs a decision on freshly loaded aggregates and appends what they recorded, all or nothing. A request
that was already done (same idempotency key) gets its first answer back, even if the state has moved on since.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import orjson
from pydantic import BaseModel

import domain
from domain.aggregate import DomainAggregate, DomainEvent, Late, fold_stream
from domain.catalogue import AGGREGATE_KINDS
from domain.occasion import LiftedRefusal, Occasion
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.policy import Policy
from domain.recorded import RecordedEvent
from domain.refusals import Refusal, RegulationWarning, refuse
from domain.regulation import Regulation
from domain.regulation.legal_clock import LegalClock
from service.clock import county_day
from service.commands.actor import Actor
from service.commands.later import hold_to_later
from service.commands.naming import named_in
from service.commands.policy_in_force import PolicyInForce
from service.log.appending import Append, Claim, Idempotency, Receipt, StreamAppend, VersionConflict
from service.log.codec import EventCodec
from service.log.event_store import EventStore, StreamHead

LIVING: Final[dict[str, type[DomainAggregate]]] = {cls.KIND: cls for cls in (Division, Organization, Person)}
"""What begins and ends: who is named has to be there on the day."""

_REPLAYED_AT_ONCE: Final = 500
"""Aggregates without a usable state that are read together: their events are in memory at once."""

_MOST_SHARED: Final = 2_000
"""Units, divisions and persons that are kept to be looked at."""

_ENCODED_HERE: Final = 200
"""Up to so many aggregates of one command are encoded on the event loop; more of them beside it."""

NOTHING_RECORDED: Final = "NOTHING_RECORDED"
"""What every answer to a command says from which no event came."""

_Aggregate = TypeVar("_Aggregate", bound=DomainAggregate)


class StaleVersion(Exception):  # noqa: N818  a state, not a mistake of the service
    """The asset has moved on since the client read it (If-Match does not match)."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a decision: the aggregate that answers for it, as the client will see it."""

    id: str
    version: int
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """Outcome of a command: the stored answer, and where in the log it stands.

    `receipt` is None when the decision had nothing to record; `body` then shows the present state.
    """

    body: bytes
    receipt: Receipt | None


@cache
def state_code() -> str:
    """Digest of the domain's source: a cached state written by other code is not read but replayed."""
    return source_digest(Path(domain.__file__).parent)


def source_digest(folder: Path) -> str:
    """16 hexadecimal digits over every file below `folder`, code and data, with its place; compiled files aside."""
    digest = hashlib.sha256()
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


@dataclass(slots=True)
class CommandContext:
    """Surroundings of a command in the running service: the log, the rules, the clock."""

    store: EventStore
    regulations: dict[str, Regulation]
    """Each county's data as it was loaded; what its log has changed since is in `in_force`."""
    clock: Callable[[], datetime]
    codec: EventCodec = field(default_factory=EventCodec)
    in_force: PolicyInForce = field(init=False)
    _known: set[tuple[str, str]] = field(default_factory=set)
    _shared: dict[tuple[str, str], tuple[StreamHead, DomainAggregate]] = field(default_factory=dict)
    """Aggregates that commands look at, with the state that they were made of."""

    def __post_init__(self) -> None:
        """Begin with the data alone."""
        self.in_force = PolicyInForce(self.regulations, self._policy)

    def today(self) -> date:
        """The county's date."""
        return county_day(self.clock())

    def calendar(self, county: str) -> LegalClock:
        """The county's calendar as it is known today. COUNTY_UNKNOWN."""
        return self.in_force.known(county).on(self.today()).clock

    def occasion(
        self,
        county: str,
        on: date | None,
        overrides: Iterable[LiftedRefusal] = (),
        provenance: str | None = None,
    ) -> Occasion:
        """The circumstances of one decision; without a business date it is today's."""
        today = self.today()
        day = on or today
        if day > today:
            raise refuse("DATE_IN_FUTURE", field="occurredOn", date=day.isoformat(), today=today.isoformat())
        return Occasion(
            on=day,
            today=today,
            rules=self.in_force.known(county).on(day),
            overrides={override.code: override for override in overrides},
            provenance=provenance,
        )

    async def _policy(self, county: str, version: int) -> Policy | None:
        """The county's policy if it has moved on from `version`, else None; from here on `current=True` is heard."""
        await self.store.catch_up(county)
        stream = Policy.stream_of(county)
        head = (await self.store.load_current(county, [stream])).get(stream)
        if head is None or head.version == version:
            return None
        return await self._revive(Policy, county, county, head)

    async def knows(self, cls: type[DomainAggregate], county: str, aggregate_id: str) -> bool:
        """Whether the log has this division, unit or person. Once known it stays known: nothing is ever removed."""
        key = (county, cls.stream_of(aggregate_id))
        if key not in self._known and await self.store.load(*key) is not None:
            self._known.add(key)
        return key in self._known

    async def load(self, cls: type[_Aggregate], county: str, aggregate_id: str) -> _Aggregate | None:
        """An aggregate as it is now: from its cached state, else by replay."""
        head = await self.store.load(county, cls.stream_of(aggregate_id))
        return None if head is None else await self._revive(cls, county, aggregate_id, head)

    async def load_many(
        self, cls: type[_Aggregate], county: str, ids: Sequence[str], *, current: bool = False
    ) -> dict[str, _Aggregate]:
        """Many aggregates by few reads, in the order given; those that do not exist are absent.

        `current`: as they were when the command caught up, or later (`PolicyInForce.catch_up`); else as they are now.
        """
        load = self.store.load_current if current else self.store.load_many
        heads = await load(county, [cls.stream_of(one) for one in ids])
        found: dict[str, _Aggregate] = {}
        uncached: list[str] = []
        for number, one in enumerate(dict.fromkeys(ids), 1):
            if number % _REPLAYED_AT_ONCE == 0:
                await asyncio.sleep(0)
            head = heads.get(cls.stream_of(one))
            if head is not None and head.state is not None and head.state_code == state_code():
                found[one] = cls.load_state(one, head.version, head.state)
            elif head is not None:
                uncached.append(one)
        for start in range(0, len(uncached), _REPLAYED_AT_ONCE):
            some = uncached[start : start + _REPLAYED_AT_ONCE]
            streams = await self.store.read_streams(county, [cls.stream_of(one) for one in some])
            for one in some:
                found[one] = self._folded(cls, one, streams.get(cls.stream_of(one), ()))
        return {one: found[one] for one in ids if one in found}

    async def to_look_at(
        self, cls: type[_Aggregate], county: str, ids: Sequence[str]
    ) -> dict[str, _Aggregate]:
        """Aggregates as `load_many` gives current ones, shared by all who look at them: nobody may change them."""
        heads = await self.store.load_current(county, [cls.stream_of(one) for one in ids])
        found: dict[str, _Aggregate] = {}
        for one in ids:
            stream = cls.stream_of(one)
            head, (of, shared) = heads.get(stream), self._shared.get((county, stream), (None, None))
            if head is None:
                continue
            if of is not head:
                shared = await self._revive(cls, county, one, head)
                if len(self._shared) >= _MOST_SHARED:
                    self._shared.clear()
                self._shared[county, stream] = head, shared
            found[one] = cast("_Aggregate", shared)
        return found

    async def carried_on(
        self, cls: type[DomainAggregate], county: str, code: str, day: date, *, current: bool = False
    ) -> tuple[str, ...]:
        """A unit or division and what stood in its place, one after the other, up to the day; itself first.

        The one way from what is written in the log to what there is on a day; nothing in the log is rewritten (AMB-24).
        """
        found: list[str] = []
        at: str | None = code
        while at is not None and at not in found:
            found.append(at)
            here: DomainAggregate | None
            if current:
                here = (await self.to_look_at(cls, county, (at,))).get(at)
            else:
                here = await self.load(cls, county, at)
            ended = here is not None and here.ended_on is not None and here.ended_on <= day
            at = here.follower if here is not None and ended else None
        return tuple(found)

    async def _revive(
        self, cls: type[_Aggregate], county: str, aggregate_id: str, head: StreamHead
    ) -> _Aggregate:
        if head.state is not None and head.state_code == state_code():
            return cls.load_state(aggregate_id, head.version, head.state)
        return await self.replay(cls, county, aggregate_id)

    async def replay(self, cls: type[_Aggregate], county: str, aggregate_id: str) -> _Aggregate:
        """An aggregate from its events alone, never from the cache."""
        events = await self.store.read_stream(county, cls.stream_of(aggregate_id))
        return self._folded(cls, aggregate_id, events)

    async def take_back(self, county: str, it: DomainAggregate, day: date | None) -> None:
        """Take an aggregate that was loaded as it is now to the state of a day before its newest event. None: it stays as it
        is, and has its events at hand for what is late.
        """
        events = await self.store.read_stream(county, it.stream, upto=it.version)
        it.stand_on(day, [self.codec.domain_event(one) for one in events])

    async def hold_to_events(self, county: str, it: DomainAggregate) -> None:
        """LEDGER_DIFFERS if an aggregate, as it was loaded, is not what its events make: a kept state can be edited."""
        if it.stands_on is not None:
            return  # it was folded from them
        fresh = await self.replay(type(it), county, it.id)
        if (fresh.version, fresh.dump_state()) != (it.version, it.dump_state()):
            raise refuse("LEDGER_DIFFERS", what=it.stream)

    def _folded(
        self,
        cls: type[_Aggregate],  # noqa: ARG002  says what comes out
        aggregate_id: str,
        events: Iterable[RecordedEvent],
    ) -> _Aggregate:
        """The aggregate that events made; NOT_FOUND without any."""
        aggregate: _Aggregate | None = fold_stream(map(self.codec.domain_event, events)).aggregate
        if aggregate is None:
            raise refuse("NOT_FOUND", what=aggregate_id)
        return aggregate


@dataclass(slots=True)
class Work:
    """The aggregates one command works on. `county` is the actor's; nothing else can be reached from here."""

    context: CommandContext
    actor: Actor
    claims: list[Claim] = field(default_factory=list)
    warnings: list[RegulationWarning] = field(default_factory=list)
    stated: set[str] = field(default_factory=set)
    """Streams whose version the client named: a conflict on them is the client's to settle."""
    on: date | None = None
    """The business day that the command is about: what it decides on is loaded as it was then."""
    days: dict[str, date] | None = field(default_factory=dict)
    """Other days, by stream: those that a first attempt met on the way. None: everything is loaded as it is now."""
    noting: bool = False
    """Whether what is decided is a fact, and rules that the state of its day breaks are noted (D6)."""
    behind: bool = False
    """Whether something has later events than the day: then it was loaded as it was on the day."""
    _touched: dict[str, DomainAggregate] = field(default_factory=dict)

    @property
    def county(self) -> str:
        """The county of the credential."""
        return self.actor.county

    def at_hand(self, cls: type[_Aggregate], aggregate_id: str) -> _Aggregate | None:
        """The aggregate as this command has it already, with what it recorded; None where it was not touched yet."""
        return cast("_Aggregate | None", self._touched.get(cls.stream_of(aggregate_id)))

    async def get(self, cls: type[_Aggregate], aggregate_id: str, expected: int | None = None) -> _Aggregate:
        """Load an aggregate to decide on; NOT_FOUND, or `StaleVersion` if it is not at `expected`."""
        aggregate = (await self.get_many(cls, [aggregate_id]))[aggregate_id]
        if expected is not None:
            self.stated.add(aggregate.stream)
            if aggregate.version != expected:
                raise StaleVersion(aggregate.stream, expected, aggregate.version)
        return aggregate

    async def get_many(self, cls: type[_Aggregate], ids: Sequence[str]) -> dict[str, _Aggregate]:
        """Load many aggregates to decide on, in one read; NOT_FOUND names those that do not exist."""
        found = await self.context.load_many(cls, self.county, ids, current=True)
        absent = [one for one in ids if one not in found]
        if absent:
            raise refuse("NOT_FOUND", what="、".join(absent[:20]))
        for aggregate in found.values():
            day = self.on if self.days is None else self.days.get(aggregate.stream, self.on)
            late = aggregate.IN_BUSINESS_TIME and day is not None and day < aggregate.through
            if self.days is not None and day is not None and late:
                self.behind = True
                await self.context.take_back(self.county, aggregate, day)
            self._touched[aggregate.stream] = aggregate
        return found

    def add(self, aggregate: DomainAggregate) -> None:
        """Put a new aggregate in; ALREADY_EXISTS shows at the append."""
        self._touched[aggregate.stream] = aggregate

    async def require_named(self, body: BaseModel, path: str = "") -> None:
        """Every code in a body that names something (`domain.values.Refers`) names what is in the log. CODE_UNKNOWN."""
        for named in named_in(body, path):
            code = in_twelve_digits(named.code) if named.kind == Division.KIND else named.code
            if not await self.context.knows(AGGREGATE_KINDS[named.kind], self.county, code):
                raise refuse("CODE_UNKNOWN", field=named.path, value=code)

    async def require_existing(self, body: BaseModel, at: Occasion) -> None:
        """Every unit, division and person that a body names is there on the business day. NOT_IN_EXISTENCE.

        What the body says of the past (`Refers.ended`) may name what has ended since. A credential of a unit that is no
        more acts no more, on whatever day it says that something was.
        """
        named = [
            (one, in_twelve_digits(one.code) if one.kind == Division.KIND else one.code)
            for one in named_in(body)
            if one.kind in LIVING and not one.ended
        ]
        for kind, cls in LIVING.items():
            codes = [code for one, code in named if one.kind == kind]
            own = [self.actor.organization] if kind == Organization.KIND else []
            if not codes + own:
                continue
            found = await self.context.to_look_at(cls, self.county, codes + own)
            for one, code in named:
                if one.kind == kind and code in found:
                    found[code].must_exist(at, one.path)
            acting = found.get(self.actor.organization) if own else None
            if acting is not None and not acting.exists_on(at.today):
                raise at.refusal(
                    "NOT_IN_EXISTENCE",
                    what=acting.id,
                    field="Authorization",
                    date=at.today,
                    until=acting.ended_on,
                    successor=acting.follower,
                )

    async def stand(self, at: Occasion, units: Iterable[str]) -> None:
        """Tell a decision what stands on its day in the place of units that it may meet in the log or the tables."""
        for unit in units:
            last = (await self.carried_on(Organization, unit, at.on))[-1]
            if last != unit:
                at.standing[unit] = last

    async def carried_on(self, cls: type[DomainAggregate], code: str, day: date) -> tuple[str, ...]:
        """A unit or division and what stood in its place up to the day (`CommandContext.carried_on`)."""
        return await self.context.carried_on(cls, self.county, code, day, current=True)

    def claim(self, kind: str, key: str) -> None:
        """Take a key that nobody else in the county may have."""
        self.claims.append(Claim(kind, key))

    def note(self, at: Occasion) -> None:
        """Carry the decision's warnings into the answer; of a fact also what contradicts it."""
        said = (*at.warnings, *(at.findings if self.noting else ()))
        self.warnings.extend(warning for warning in said if warning not in self.warnings)

    async def settle(self) -> None:
        """Bring what was decided on the state of a past day back to now, with the new events in their places.

        LATER_FACT_CONFLICT where a later step was only possible without them; facts are recorded with that as a finding.
        """
        for aggregate in self._touched.values():
            if aggregate.stands_on is not None:
                if aggregate.late:
                    self.warnings += await hold_to_later(self.context, self.county, aggregate)
                aggregate.stand_on(None)

    async def appends(self) -> list[StreamAppend]:
        """What the aggregates recorded, ready for the log."""
        await self.settle()
        if len(self._touched) < _ENCODED_HERE:
            return self._appends()
        return await asyncio.to_thread(self._appends)

    def _appends(self) -> list[StreamAppend]:
        return [
            stream_append(self.context, aggregate)
            for aggregate in self._touched.values()
            if aggregate.pending_events
        ]


def in_twelve_digits(division: str) -> str:
    """A 6- or 9-digit division code in the 12 digits under which divisions are recorded."""
    return division.ljust(12, "0") if len(division) in {6, 9} else division


def stream_append(context: CommandContext, aggregate: DomainAggregate) -> StreamAppend:
    """What one aggregate recorded, ready for the log, with its state after it."""
    return encoded(context.codec, aggregate)


def encoded(codec: EventCodec, aggregate: DomainAggregate) -> StreamAppend:
    """`stream_append` where there is no context."""
    events = cast("Sequence[DomainEvent]", aggregate.collect_events())
    return StreamAppend(
        stream=aggregate.stream,
        expected_version=aggregate.version - len(events),
        events=[codec.new_event(event, late=event.originator_version in aggregate.late) for event in events],
        state=aggregate.dump_state(),
        state_code=state_code(),
    )


Before = Callable[[Sequence[StreamAppend]], Awaitable[None]]
"""Stores beside the log what has to be there before these streams are appended to."""

Decision = Callable[[Work], Awaitable[Result]]
"""Works on the aggregates and says what the client will see. May run again when somebody else was faster."""

ATTEMPTS: Final = 20
"""How often a decision is made anew on fresh aggregates before the conflict is given to the client."""


async def transact(
    context: CommandContext,
    actor: Actor,
    decide: Decision,
    *,
    idempotency: Idempotency | None = None,
    command_id: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
    before: Before | None = None,
) -> CommandOutcome:
    """Run one command to its end. `before`: what has to be stored beside the log before it is appended to.

    Raises what the decision raises (`Refusal`), `StaleVersion` when the client's version is old, `VersionConflict`
    when somebody else was faster, `ClaimTaken` when a key is taken; then nothing was stored. Before any of these is
    raised for a request with an idempotency key, the log is asked whether that request was already done.
    """
    identity = command_id or str(uuid.uuid4())
    origin = _Origin(identity, correlation_id or identity, causation_id, idempotency, before)
    days: dict[str, date] = {}
    noting = False
    for attempt in range(1, ATTEMPTS + 1):
        work = Work(context, actor, days=days, noting=noting)
        try:
            await context.in_force.catch_up(actor.county)
            return await _attempt(work, decide, origin)
        except Late as late:  # found only where the event was to be recorded: again, on the state of its day
            if attempt == ATTEMPTS or late.day >= days.get(late.stream, date.max):
                raise
            days[late.stream] = late.day
        except (Refusal, StaleVersion, VersionConflict) as error:
            if isinstance(error, Refusal) and work.behind and not noting:
                noting = await _happened_all_the_same(context, actor, decide)
                if noting:
                    continue
            if idempotency is not None and (
                earlier := await context.store.replayed(actor.county, idempotency)
            ):
                return CommandOutcome(earlier.response or b"", earlier)
            if not isinstance(error, VersionConflict) or error.expected == 0 or error.stream in work.stated:
                raise
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returns or raises


async def _happened_all_the_same(context: CommandContext, actor: Actor, decide: Decision) -> bool:
    """Whether what the state of its day refuses is a fact that the record as it is now has room for.

    DATE_ORDER where that record says so: it names both days, which what is not there yet on a day cannot.
    """
    try:
        await decide(Work(context, actor, days=None))
    except Late as late:
        return late.fact
    except Refusal as refusal:
        if refusal.code == "DATE_ORDER":
            raise
    return False


@dataclass(frozen=True, slots=True)
class _Origin:
    """Origin of a command as its events tell it."""

    command_id: str
    correlation_id: str
    causation_id: str | None
    idempotency: Idempotency | None
    before: Before | None


async def _attempt(work: Work, decide: Decision, origin: _Origin) -> CommandOutcome:
    result = await decide(work)
    start = _answer_start(result, work.warnings)
    streams = await work.appends()
    if not streams:
        earlier = None
        if origin.idempotency is not None:
            earlier = await work.context.store.replayed(work.county, origin.idempotency)
        nothing = work.context.in_force.wording(work.county).warning(NOTHING_RECORDED)
        start = _answer_start(result, [*work.warnings, nothing])
        return CommandOutcome((earlier and earlier.response) or start + _answer_end(None), earlier)
    if origin.before is not None:
        await origin.before(streams)
    receipt = await work.context.store.append(
        work.county,
        Append(
            command_id=origin.command_id,
            actor=work.actor.envelope(),
            correlation_id=origin.correlation_id,
            causation_id=origin.causation_id,
            streams=streams,
            claims=tuple(work.claims),
            idempotency=origin.idempotency,
            respond=lambda stored: start + _answer_end(stored),
        ),
    )
    return CommandOutcome(receipt.response or b"", receipt)


def _answer_start(result: Result, warnings: Sequence[RegulationWarning]) -> bytes:
    """The part of the answer that is known before the append: the resource after the command, and warnings."""
    body = {
        "id": result.id,
        "version": result.version,
        "resource": result.resource,
        "warnings": [warning.model_dump(mode="json", by_alias=True) for warning in warnings],
    }
    return orjson.dumps(body)[:-1]


def _answer_end(receipt: Receipt | None) -> bytes:
    """The rest: the events where they stand in the log, and the position readers may wait for."""
    if receipt is None:
        return b',"events":[],"eventCount":0}'
    body = {
        "events": [
            {"stream": stream, "version": version, "position": position, "type": event_type}
            for stream, version, position, event_type in receipt.events[:1000]
        ],
        "eventCount": len(receipt.events),
        "position": receipt.last_position,
        "recordedAt": receipt.recorded_at.isoformat(),
    }
    return b"," + orjson.dumps(body)[1:]
