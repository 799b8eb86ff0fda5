"""Reading personal values in plain: with a reason, and on record before anything is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, Literal

from domain.catalogue import AGGREGATE_KINDS, EVENT_TYPES
from domain.recorded import RecordedEvent
from domain.refusals import refuse
from domain.sealed import SealedForm, Token, parts_of
from service.commands.actor import Actor
from service.commands.commands import CommandContext
from service.ledgers.masking import Sees, named_in, whose
from service.log.codec import canonical
from service.log.readings import Reading, Readings
from service.personal.ciphers import tag, unseal
from service.personal.keys import PersonKeys, wrapping_now
from service.personal.marks import may_hold_sealed, values_in
from service.sealing_keys import SealingKeyMissing

SEALED_TYPES: Final = tuple(sorted(name for name, event in EVENT_TYPES.items() if may_hold_sealed(event)))
"""Events that may hold a sealed value."""


PlainState = Literal["OPEN", "RESTRICTED", "FORGOTTEN", "PLAINTEXT"]
"""Whether a value can be read; PLAINTEXT: it was recorded before values were sealed."""


@dataclass(frozen=True, slots=True)
class PlainValue:
    """One value of a stream's event, as whoever may reads it."""

    position: int
    occurred_on: date
    event: str
    field: str
    form: SealedForm
    state: PlainState
    subject: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class ReadingReason:
    """Why somebody reads."""

    reason: str
    document_no: str | None


@dataclass(frozen=True, slots=True)
class FoundSubject:
    """A subject that a value was recorded of, and where."""

    subject: str
    streams: tuple[str, ...]


class PlainReadings:
    """PlainReadings of one database's personal data, and their record."""

    def __init__(self, keys: PersonKeys, context: CommandContext, chain: Readings) -> None:
        self._keys = keys
        self._pool = keys.pool
        self._context = context
        self._chain = chain

    async def read(
        self,
        actor: Actor,
        sees: Sees,
        stream: str,
        fields: Sequence[str],
        why: ReadingReason,
        now: datetime,
    ) -> tuple[int, list[PlainValue]]:
        """The number of the record, and every value of the stream's events in the fields (all, if none is named).

        FORBIDDEN_PERSONAL_DATA for who sees none of them; NOT_FOUND where nothing sealed stands; SEALING_UNAVAILABLE.
        """
        held = await self._values(actor.county, stream, fields, sees)
        if not held:
            raise refuse("NOT_FOUND", what=stream)
        try:
            keys = await self._keys.named(
                actor.county, {parts.key for _, _, _, value in held if (parts := parts_of(value)) is not None}
            )
        except SealingKeyMissing as missing:
            raise refuse("SEALING_UNAVAILABLE", reason=str(missing)) from missing
        found = []
        for event, path, form, value in held:
            parts = parts_of(value)
            state: PlainState = "PLAINTEXT"
            subject: str | None = None
            plain: str | None = value
            if parts is not None:
                key = keys.get(parts.key)
                subject = None if key is None else key.subject
                state = "FORGOTTEN" if key is None else "RESTRICTED" if key.restricted else "OPEN"
                plain = (
                    unseal(key.secret, (actor.county, key.subject), value)
                    if key and state == "OPEN"
                    else None
                )
            found.append(
                PlainValue(event.position, event.occurred_on, event.type, path, form, state, subject, plain)
            )
        subjects = sorted({one.subject for one in found if one.subject is not None})
        shown = sorted({one.field for one in found})
        number = await self._record(actor, "READING", stream, subjects, shown, why, now)
        return number, found

    async def _values(
        self, county: str, stream: str, fields: Sequence[str], sees: Sees
    ) -> list[tuple[RecordedEvent, str, SealedForm, str]]:
        kind, _, code = stream.partition("-")
        cls = AGGREGATE_KINDS.get(kind)
        aggregate = None if cls is None else await self._context.load(cls, county, code)
        if aggregate is None:
            return []
        around, found, hidden = whose(aggregate), [], False
        for event in await self._context.store.read_stream(county, stream):
            if event.type not in SEALED_TYPES:
                continue
            codes = around | named_in(EVENT_TYPES[event.type], event.data)
            for where, value in values_in(self._context.codec.domain_event(event)):
                if fields and where.path.rpartition(".")[2] not in fields:
                    continue
                if where.classified is None or not sees(where.classified, codes):
                    hidden = True
                else:
                    found.append((event, where.path, where.mark.form, value))
        if hidden and not found:
            raise refuse("FORBIDDEN_PERSONAL_DATA")
        return found

    async def look_up(
        self, actor: Actor, form: SealedForm, value: str, why: ReadingReason, now: datetime
    ) -> tuple[int, list[FoundSubject]]:
        """The number of the record, and the subjects that the value was recorded of; restricted ones are not found.

        SEALING_UNAVAILABLE: by another master key nobody would be found.
        """
        try:
            name = await wrapping_now(self._pool, self._keys.masters, actor.county)
        except SealingKeyMissing as missing:
            raise refuse("SEALING_UNAVAILABLE", reason=str(missing)) from missing
        rows: list[Any] = []
        if name is not None:
            sought = tag(self._keys.masters.secret(name), actor.county, form, value)
            rows = await self._pool.fetch(
                "SELECT k.subject, array_agg(DISTINCT p.stream ORDER BY p.stream) AS streams FROM personal_lookup l"
                " JOIN personal_key k USING (county, key) JOIN personal_place p USING (county, key)"
                " WHERE l.county = $1 AND l.tag = $2 AND k.restricted_at IS NULL"
                " GROUP BY k.subject ORDER BY k.subject LIMIT 100",
                actor.county,
                sought,
            )
        found = [FoundSubject(row["subject"], tuple(row["streams"])) for row in rows]
        number = await self._record(
            actor, "LOOKUP", None, [one.subject for one in found], [form.value], why, now
        )
        return number, found

    async def _record(
        self,
        actor: Actor,
        kind: str,
        stream: str | None,
        subjects: Sequence[str],
        fields: Sequence[str],
        why: ReadingReason,
        now: datetime,
    ) -> int:
        """Put the reading on record, durably, before its answer is given; its digest goes into the chain of readings."""
        who = actor.person or actor.id
        told = (actor.organization, kind, stream, list(subjects), list(fields), why.reason, why.document_no)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE personal_reading IN SHARE ROW EXCLUSIVE MODE")
            number: int = await connection.fetchval(
                "INSERT INTO personal_reading (county, number, actor, organization, kind, stream, subjects, fields,"
                " reason, document_no, read_at) SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8,"
                " $9, $10 FROM personal_reading WHERE county = $1 RETURNING number",
                actor.county,
                who,
                *told,
                now,
            )
        digest = sha256(canonical([number, who, *told, now.isoformat()])).hexdigest()
        operation = "read_personal_data" if kind == "READING" else "look_up_personal_data"
        chained = Reading(
            now,
            actor.id,
            actor.organization,
            actor.person,
            operation,
            f"/v1/personal-data/readings/{number}",
            f"sha256={digest}",
            len(subjects),
        )
        await self._chain.record(actor.county, chained)
        return number

    async def recorded(self, county: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Who read what and why, in order."""
        rows = await self._pool.fetch(
            "SELECT number, actor, organization, kind, stream, subjects, fields, reason, document_no, read_at"
            " FROM personal_reading WHERE county = $1 AND number > $2 ORDER BY number LIMIT $3",
            county,
            after,
            limit,
        )
        return [dict(row) for row in rows]


async def plaintext_events(context: CommandContext, county: str, streams: Sequence[str]) -> int:
    """Events of some streams that hold a sealed field's value as it is: recorded before values were sealed."""
    found = 0
    for events in (await context.store.read_streams(county, streams)).values():
        found += sum(holds_plaintext(context, one) for one in events)
    return found


def holds_plaintext(context: CommandContext, event: RecordedEvent) -> bool:
    """Whether an event holds a sealed field's value as it is."""
    return event.type in SEALED_TYPES and any(
        type(value) is not Token and parts_of(value) is None
        for _, value in values_in(context.codec.domain_event(event))
    )
