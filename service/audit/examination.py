"""The log of a county examined: stream by stream, never all of it in memory (`domain.examination` judges).

Assets and procedures are judged again; other kinds of streams are counted and named as not examined. Rules are the
county's data with the parameters that its log had changed before each event; or a draft's newest rules for all days.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg

from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.examination.examination import (
    KINDS,
    ExaminationFinding,
    Examined,
    Happened,
    RulesAt,
    examine,
    only_under,
)
from domain.policy import Policy
from domain.procedure.procedure import ProcedureInstance
from domain.recorded import RecordedEvent
from domain.refusals import clauses, refuse
from domain.regulation import Regulation, RegulationInvalid, Rules
from domain.regulation.wording import SERVICE, Wording
from service.clock import county_day
from service.commands.procedures_named import procedures_in
from service.exit_codes import CommandFailed, ExitCode
from service.log.codec import EventCodec
from service.log.event_store import EventStore

_AT_ONCE: Final = 100
"""Streams read with one query."""
_SOME: Final = """
SELECT stream FROM stream
WHERE county = $1 AND stream > $2 AND starts_with(stream, $3) ORDER BY stream LIMIT $4"""
_EVENTS: Final = """
SELECT stream, position, body FROM event
WHERE county = $1 AND stream = ANY($2::text[]) ORDER BY stream, version"""
_COUNTS: Final = """
SELECT split_part(stream, '-', 1) AS kind, sum(version)::bigint AS events FROM stream
WHERE county = $1 GROUP BY 1 ORDER BY 1"""

Progress = Callable[[int, int], None]
"""Called with (events examined, events to be examined)."""


@dataclass(frozen=True, slots=True)
class ExaminationScope:
    """Scope of an examination: one asset with its procedures; what names a unit or a person; or, with nothing, the
    county.
    """

    asset: str | None = None
    named: str | None = None
    """Code of a unit or a person: streams whose events name it, in whatever part."""


@dataclass(slots=True)
class Report:
    """Report of an examination. `refused`: what only the draft would have refused; None when no draft was asked
    about.
    """

    own: Examined = field(default_factory=Examined)
    refused: list[ExaminationFinding] | None = None
    draft: str | None = None
    wording: Wording = SERVICE
    """How the county says clauses."""
    not_examined: dict[str, int] = field(default_factory=dict)
    """Kinds of streams that nobody judges again → how many events they have."""

    @property
    def findings(self) -> list[ExaminationFinding]:
        """What the question was: the findings, or with a draft what it would have refused."""
        return self.own.findings if self.refused is None else self.refused

    def by_clause(self) -> list[dict[str, Any]]:
        """How many findings each clause has, the most first; the clause by the county's article and in its words."""
        counted = Counter((one.clause, one.code) for one in self.findings)
        return [
            {"clause": clause, **self._named(clause), "code": code, "findings": number}
            for (clause, code), number in sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))
        ]

    def _named(self, clause: str | None) -> dict[str, str | None]:
        article = self.wording.article(clause)
        if article is not None:
            return {"article": article.id, "title": article.title, "quote": article.quote}
        known = None if clause is None else clauses().get(clause)
        return {"article": None, "title": None if known is None else known.title, "quote": None}

    def shown(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "events": self.own.events,
            "draft": self.draft,
            "clauses": self.by_clause(),
            "findings": [one.model_dump(mode="json", by_alias=True) for one in self.findings],
            "unjudged": [one.model_dump(mode="json", by_alias=True) for one in self.own.unjudged],
            "notExamined": self.not_examined,
        }


def draft_rules(policy: str, data: Regulation) -> Rules:
    """The newest rules of a draft folder, or a version of the county's own data by its number. `CommandFailed`."""
    if policy.isdecimal():
        for version in data.versions:
            if version.number == int(policy):
                return data.on(version.in_force_from)
        numbers = "、".join(str(version.number) for version in data.versions)
        message = f"There is no version {policy}; known: {numbers} (没有该政策版本)."
        raise CommandFailed(message, ExitCode.USAGE)
    folder = Path(policy)
    if not folder.is_dir():
        raise CommandFailed(f"{policy} is no folder and no version number (没有该文件夹).", ExitCode.USAGE)
    try:
        draft = Regulation.load(folder, data.county)
    except RegulationInvalid as invalid:
        raise CommandFailed(str(invalid)) from invalid
    return draft.on(draft.intervals[-1][0])


def happened(codec: EventCodec, events: Iterable[RecordedEvent]) -> list[Happened]:
    """Recorded events as the examination takes them."""
    return [Happened(one.position, county_day(one.recorded_at), codec.domain_event(one)) for one in events]


def rules_at(codec: EventCodec, data: Regulation, policy: Iterable[RecordedEvent]) -> RulesAt:
    """The county's data with every parameter change that its log held before an event. `policy`: that stream."""
    steps: list[tuple[int, Regulation]] = [(0, data)]
    state: Any = None
    for recorded in policy:
        event = codec.domain_event(recorded)
        state = event.mutate(state)
        if isinstance(event, Policy.ParameterChanged):
            steps.append((recorded.position, state.amend(data)))

    def at(position: int, day: date) -> Rules:
        known = next(regulation for since, regulation in reversed(steps) if since < position)
        return known.on(day)

    return at


@dataclass(slots=True)
class Examiner:
    """Reads a county's streams from the log and has them judged."""

    store: EventStore
    pool: asyncpg.Pool
    county: str
    data: Regulation
    draft: Rules | None = None
    progress: Progress = lambda _done, _total: None

    async def run(self, scope: ExaminationScope) -> Report:
        """Examine a scope. NOT_FOUND for an asset the log does not know."""
        changes = await self.store.read_stream(self.county, Policy.stream_of(self.county))
        rules = rules_at(self.store.codec, self.data, changes)
        report = Report(refused=None if self.draft is None else [], wording=self.data.wording)
        if self.draft is not None:
            report.draft = self.draft.policy
        if scope.asset is not None:
            await self._one(scope.asset, rules, report)
            return report
        async with self.pool.acquire() as connection:
            counts = {row["kind"]: row["events"] for row in await connection.fetch(_COUNTS, self.county)}
        total = sum(counts.get(kind, 0) for kind in KINDS)
        report.not_examined = {kind: number for kind, number in counts.items() if kind not in KINDS}
        read = 0
        for kind in KINDS:
            async for streams in self._streams(kind, scope.named):
                for stream, events in streams.items():
                    read += len(events)
                    if scope.named is None or any(one.named for one in events):
                        await self._judge(stream, [one.event for one in events], rules, report)
                self.progress(read, total)
        return report

    async def _one(self, asset: str, rules: RulesAt, report: Report) -> None:
        events = await self.store.read_stream(self.county, Asset.stream_of(asset))
        if not events:
            raise refuse("NOT_FOUND", what=asset)
        await self._judge(Asset.stream_of(asset), events, rules, report)
        for code in procedures_in(events):
            stream = ProcedureInstance.stream_of(code)
            found = await self.store.read_stream(self.county, stream)
            if found:
                await self._judge(stream, found, rules, report)

    async def _judge(self, stream: str, events: list[RecordedEvent], rules: RulesAt, report: Report) -> None:
        procedures = {
            code: happened(
                self.store.codec, await self.store.read_stream(self.county, ProcedureInstance.stream_of(code))
            )
            for code in (procedures_in(events) if events[0].kind == Asset.KIND else ())
        }
        own = await asyncio.to_thread(examine, stream, happened(self.store.codec, events), rules, procedures)
        report.own.add(own)
        if self.draft is not None and report.refused is not None:
            by = self.draft
            drafted = examine(
                stream, happened(self.store.codec, events), lambda _position, _day: by, procedures
            )
            report.refused += only_under(drafted, own)

    async def _streams(self, kind: str, named: str | None) -> AsyncIterator[dict[str, list[_Read]]]:
        """A kind's streams with their events, some at a time."""
        sought = None if named is None else f'"{named}"'.encode()
        last = ""
        while True:
            async with self.pool.acquire() as connection:
                rows = await connection.fetch(_SOME, self.county, last, f"{kind}-", _AT_ONCE)
                names = [row["stream"] for row in rows]
                if not names:
                    return
                events = await connection.fetch(_EVENTS, self.county, names)
            found: dict[str, list[_Read]] = {}
            for stream, position, body in events:
                recorded = self.store.codec.decode(self.county, position, body)
                known = sought is not None and sought in body
                found.setdefault(stream, []).append(_Read(recorded, known))
            yield found
            last = names[-1]


@dataclass(frozen=True, slots=True)
class _Read:
    """An event as it was read, and whether it names who was asked about."""

    event: RecordedEvent
    named: bool


SOURCES: Final = {"EXAMINED": "重审发现", "STORED": "当时记录", "BOTH": "当时记录，重审亦有"}
"""Where a finding comes from, in words."""


def examined_rows(
    codec: EventCodec,
    rules: RulesAt,
    streams: Mapping[str, list[RecordedEvent]],
    procedures: Mapping[str, list[RecordedEvent]],
    days: tuple[date, date],
) -> list[list[Any]]:
    """Rows of a pack's table: what was found, and what was not judged, in events of these days."""
    shown = {stream.partition("-")[2]: happened(codec, events) for stream, events in procedures.items()}
    rows: list[list[Any]] = []
    for stream, events in streams.items():
        examined = examine(stream, happened(codec, events), rules, shown, days)
        rows += [
            [
                one.position, stream, one.occurred_on.isoformat(), one.title, one.clause or "", one.code,
                one.detail_zh, SOURCES[one.source], one.lifted_by or "",
            ]
            for one in examined.findings
        ]  # fmt: skip
        rows += [
            [
                one.position, stream, one.occurred_on.isoformat(), EVENT_TYPES[one.type].TITLE, "", "", one.reason,
                "未判定", "",
            ]
            for one in examined.unjudged
        ]  # fmt: skip
    return rows
