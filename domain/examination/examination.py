"""History judged again: what the rules of an event's own day say of the decision that it records (D4, D6).

Events are folded one by one. Before each, the command that it is the outcome of is put to a copy of the state that it
met, on an occasion that notes every breach instead of refusing. Replay never judges and this never changes anything:
what is found is told, with the event it is about. What cannot be judged from the log is named with its reason; nothing
is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast

from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate, DomainEvent, fold_stream
from domain.asset.asset import Asset
from domain.examination.again import AGAIN, as_it_stands
from domain.examination.commands import COMMANDS, DERIVED, Command, NotJudged, Shown
from domain.occasion import Occasion
from domain.order import UNPLACED, Place, place_of, placed
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import Refusal, RegulationWarning
from domain.values import BusinessDate, Name, Text, Value

if TYPE_CHECKING:
    from domain.regulation import Rules

Source = Literal["EXAMINED", "STORED", "BOTH"]
"""Found now, stored with the event at its time, or both."""

KINDS: Final = (Asset.KIND, ProcedureInstance.KIND)
"""Aggregates whose decisions are judged again."""

_A = TypeVar("_A", bound=DomainAggregate)


class ExaminationFinding(Value):
    """A breach of a rule by one event, or a rule that a document lifted for it."""

    clause: str | None = Field(title="条款")
    code: str = Field(title="代码")
    detail_zh: Text = Field(title="说明")
    detail_en: Text = Field(title="英文说明")
    missing: tuple[str, ...] = Field(default=(), title="所缺")
    params: dict[str, Any] = Field(default_factory=dict, title="参数")
    source: Source = Field(title="来源", description="重审发现、当时记录、两者皆有")
    lifted_by: Name | None = Field(default=None, title="解除文号")
    position: int = Field(title="日志位置")
    stream: Name = Field(title="事件流")
    version: int = Field(title="版本")
    type: Name = Field(title="事件类型")
    title: Name = Field(title="事件名称")
    occurred_on: BusinessDate = Field(title="业务日期")
    policy: Name = Field(title="判定所用规则")
    provenance: Name | None = Field(default=None, title="导入来源")

    @property
    def breach(self) -> tuple[int, str, str | None]:
        """What makes two findings the same one."""
        return self.position, self.code, self.clause


class UnjudgedEvent(Value):
    """An event that could not be judged again, and why."""

    position: int = Field(title="日志位置")
    stream: Name = Field(title="事件流")
    type: Name = Field(title="事件类型")
    occurred_on: BusinessDate = Field(title="业务日期")
    reason: Text = Field(title="未判定原因")


@dataclass(slots=True)
class Examined:
    """Result of examining some streams. `events`: how many were looked at."""

    events: int = 0
    findings: list[ExaminationFinding] = field(default_factory=list)
    unjudged: list[UnjudgedEvent] = field(default_factory=list)

    def add(self, other: Examined) -> None:
        """Take in what came of another stream."""
        self.events += other.events
        self.findings += other.findings
        self.unjudged += other.unjudged


@dataclass(frozen=True, slots=True)
class Happened:
    """An event where it stands in the log. `recorded_on`: the county's date when it was recorded."""

    position: int
    recorded_on: date
    event: DomainEvent


RulesAt = Callable[[int, date], "Rules"]
"""(position, business date) → the rules that counted for an event there."""

Procedures = Mapping[str, "list[Happened]"]
"""The events of every procedure that an asset's events name."""


@dataclass(slots=True)
class _Hearing(Occasion):
    """An occasion that notes every breach, whether or not the event was imported."""

    lifted: dict[str, RegulationWarning] = field(default_factory=dict)

    def refuse(
        self, code: str, *, clause: str | None = None, missing: Iterable[str] = (), **params: Any
    ) -> None:
        """Note a broken rule, unless the event's own document lifts it."""
        refusal = self.refusal(code, clause=clause, missing=missing, **params)
        override = self.overrides.get(code) if refusal.kind == "overridable" else None
        if override is not None and self._lifts(override):
            self._used[code] = override
            self.lifted[code] = refusal.as_warning()
            return
        self.note(refusal)

    def note(self, refusal: Refusal) -> None:
        """Keep a refusal as a finding, once."""
        finding = self.rules.wording.said(refusal).as_warning()
        if finding not in self._findings:
            self._findings.append(finding)


def examine(
    stream: str,
    events: Iterable[Happened],
    rules: RulesAt,
    procedures: Procedures | None = None,
    days: tuple[date, date] = (date.min, date.max),
) -> Examined:
    """Judge the events of one stream, in the order of what happened (`domain.order`), by the rules that `rules` names for each.

    `days`: first and last business date of those to be judged; the others only make the state that these met.
    """
    examined = Examined()
    first, last = days
    state: DomainAggregate | None = None

    begun: Happened | None = None

    def take(one: Happened) -> bool:
        nonlocal state, begun
        try:
            ahead = _after(state, one.event)
            if first <= one.event.occurred_on <= last:
                begun = begun or one
                follows = _examined(examined, state, stream, one, rules, procedures or {})
                ahead = ahead if follows is one.event else _after(state, follows)
        except UNPLACED:
            return False
        state = ahead
        return True

    for one in placed(events, _place, take):
        within = first <= one.event.occurred_on <= last
        about = one if within else begun  # of before: said at the first that was judged without it
        if about is not None and one.event.occurred_on <= last:
            why = f"事件 {one.position} 无法依前序事件重放，其他事件按没有它判定"
            examined.unjudged.append(_unjudged(stream, about, why))
    return examined


def _after(state: DomainAggregate | None, event: DomainEvent) -> DomainAggregate | None:
    """The state that an event leaves; `state` itself stays as it is."""
    if state is None:
        return event.mutate(None)
    met = _copy(state)
    met.__dict__["_version"] = event.originator_version - 1
    return event.mutate(met)


def _place(one: Happened) -> Place:
    event = one.event
    return place_of(event.originator_version, event.occurred_on, one.position)


def _examined(
    examined: Examined,
    state: DomainAggregate | None,
    stream: str,
    one: Happened,
    rules: RulesAt,
    procedures: Procedures,
) -> DomainEvent:
    """Judge one event; gives the event that history goes on with."""
    event = one.event
    at = _Hearing(
        on=event.occurred_on,
        today=max(one.recorded_on, event.occurred_on),
        rules=rules(one.position, event.occurred_on),
        overrides={override.code: override for override in event.basis.overrides},
        provenance=event.basis.provenance,
    )
    made: DomainEvent | None = None
    why = "按此前状态重做该决定，未得到同类事件"
    try:
        made = _judge(state, one, at, procedures)
    except NotJudged as unknown:
        why = str(unknown)
    except Refusal as refusal:
        at.note(refusal)
    if made is None and not at.findings:
        examined.unjudged.append(_unjudged(stream, one, why))
    examined.findings += _findings(stream, one, at)
    examined.events += 1
    return made if made is not None and event.TOPIC in DERIVED else event


def _unjudged(stream: str, one: Happened, reason: str) -> UnjudgedEvent:
    return UnjudgedEvent(
        position=one.position,
        stream=stream,
        type=one.event.TOPIC,
        occurred_on=one.event.occurred_on,
        reason=reason,
    )


def _judge(
    state: DomainAggregate | None,
    one: Happened,
    at: _Hearing,
    procedures: Procedures,
) -> DomainEvent | None:
    """Put the command to a copy of the state; gives the event it made, None when that is of another type."""
    event = one.event
    command = COMMANDS.get(event.TOPIC) or _again(event)
    if command is None:
        message = f"没有与 {event.TOPIC} 对应的决定"
        raise NotJudged(message)

    def shown(code: str) -> ProcedureInstance:
        known = [earlier for earlier in procedures.get(code, ()) if earlier.position < one.position]
        if not known:
            message = f"日志中此前没有程序 {code}"
            raise NotJudged(message)
        try:
            return cast("ProcedureInstance", fold(known))
        except UNPLACED as broken:
            message = f"程序 {code} 无法依其事件重放"
            raise NotJudged(message) from broken

    met = None if state is None else _copy(state)
    decided = command(met, event, at, shown)
    asked = decided if decided is not None else met
    made = list(asked.collect_events()) if asked is not None else []
    return next((new for new in made if isinstance(new, DomainEvent) and new.TOPIC == event.TOPIC), None)


def _again(event: DomainEvent) -> Command | None:
    """The command behind an event of an aggregate whose decisions nobody judges anew; None for what begins one."""
    if event.TOPIC.partition(".")[0] in KINDS or isinstance(event, CreatedEvent):
        return None
    put = AGAIN.get(event.TOPIC, as_it_stands)

    def command(it: Any, event: Any, at: Occasion, _: Shown) -> None:
        put(it, event, at)

    return command


def fold(events: Iterable[Happened]) -> DomainAggregate | None:
    """The state that events leave; nothing is judged."""
    found: DomainAggregate | None = fold_stream(one.event for one in events).aggregate
    return found


def _copy(state: _A) -> _A:
    """The state to try a command on. Mutators replace attributes and never change them, so a flat copy is enough."""
    copy = object.__new__(type(state))
    copy.__dict__.update(state.__dict__)
    copy.__dict__["_pending_events"] = []
    return copy


def _findings(stream: str, one: Happened, at: _Hearing) -> list[ExaminationFinding]:
    """What was found now and what was stored then, each breach once, and what an exception on record lifted."""
    basis = one.event.basis
    if not (at.findings or basis.findings or basis.overrides):
        return []
    stored = {(each.code, each.clause): each for each in basis.findings}
    now = {(each.code, each.clause): each for each in at.findings}
    found = [
        _finding(stream, one, at, each, "BOTH" if key in stored else "EXAMINED") for key, each in now.items()
    ]
    found += [_finding(stream, one, at, each, "STORED") for key, each in stored.items() if key not in now]
    for override in (each for each in basis.overrides if each.override is not None):
        lifted = at.lifted.get(override.code) or RegulationWarning(
            code=override.code, clause=None, detail_zh=override.reason, detail_en=override.reason, params={}
        )
        found.append(_finding(stream, one, at, lifted, "STORED", override.document_no))
    return found


def _finding(
    stream: str,
    one: Happened,
    at: Occasion,
    what: RegulationWarning,
    source: Source,
    lifted_by: str | None = None,
) -> ExaminationFinding:
    event = one.event
    return ExaminationFinding.model_construct(  # of parts that were validated each on its own
        clause=what.clause,
        code=what.code,
        detail_zh=what.detail_zh,
        detail_en=what.detail_en,
        missing=tuple(what.params.get("missing", ())),
        params={name: value for name, value in what.params.items() if name != "missing"},
        source=source,
        lifted_by=lifted_by,
        position=one.position,
        stream=stream,
        version=event.originator_version,
        type=event.TOPIC,
        title=event.TITLE,
        occurred_on=event.occurred_on,
        policy=event.basis.policy if source == "STORED" else at.rules.policy,
        provenance=event.basis.provenance,
    )


def only_under(draft: Examined, own: Examined) -> list[ExaminationFinding]:
    """What the draft would have refused and the rules of the day did not: breaches that were found under it alone."""
    known = {finding.breach for finding in own.findings if finding.lifted_by is None}
    return [
        finding for finding in draft.findings if finding.source == "EXAMINED" and finding.breach not in known
    ]
