"""The occasion of one decision: the day it is about, the rules in force that day, and what was found on the way.

Aggregates ask the occasion to judge them. It either raises the refusal, lifts it by a document that the regulation
accepts for that, or, for facts and for history that is imported as it happened, notes it as a finding (D6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import Field

from domain.refusals import Refusal, RegulationWarning, refuse, refuse_by
from domain.regulation.legal_clock import Deadline, Reckoning
from domain.values import MAX_FEN, BusinessDate, Code, Fen, Name, Text, Value

if TYPE_CHECKING:
    from domain.regulation import Rules


class LiftedRefusal(Value):
    """Exception that lifted a refusal (P25), as a decision stores it: which one, for what, by which document.

    `override` and `subject` are missing in events of before exceptions were granted on record: there the document is a
    typed word, which lifts nothing when history is examined.
    """

    override: Code | None = Field(default=None, title="例外批准编号")
    subject: str | None = Field(default=None, title="所批准的事件流")
    code: Code = Field(title="所解除的拒绝代码")
    document_no: Name = Field(title="批准文号")
    reason: Text = Field(title="批准理由")
    granted_by: Name = Field(title="批准单位")
    expires_on: BusinessDate | None = Field(default=None, title="批准有效期至")


class Basis(Value):
    """Why a decision was allowed: stored in every event, never judged again on replay."""

    policy: str
    clauses: tuple[str, ...] = ()
    warnings: tuple[RegulationWarning, ...] = ()
    findings: tuple[RegulationWarning, ...] = ()
    overrides: tuple[LiftedRefusal, ...] = ()
    provenance: str | None = None


@dataclass(slots=True)
class Occasion:
    """`on`: business date; `today`: the county's date now; `provenance`: where imported history comes from."""

    on: date
    today: date
    rules: Rules
    overrides: Mapping[str, LiftedRefusal] = field(default_factory=dict)
    provenance: str | None = None
    given: dict[str, date] = field(default_factory=dict)
    """Days from outside the aggregate that bounds name (`given.name`, `domain.bounds`), put in by the use case."""
    noting: bool = False
    """Whether a broken rule is noted as a finding: a fact of the past happened all the same."""
    gathered: list[Refusal] | None = None
    """Where refusals are gathered instead of raised, to name all that is wrong at once: nothing is stored of such a trial."""
    standing: dict[str, str] = field(default_factory=dict)
    """What stands on that day in the place of units that are no more, by the code that the log has; put in by the use case."""
    _clauses: list[str] = field(default_factory=list)
    _warnings: list[RegulationWarning] = field(default_factory=list)
    _findings: list[RegulationWarning] = field(default_factory=list)
    _used: dict[str, LiftedRefusal] = field(default_factory=dict)

    def stands(self, unit: str) -> str:
        """The unit that stands in a unit's place on that day: itself, but where it has ended by then."""
        return self.standing.get(unit, unit)

    def cite(self, *clauses: str) -> None:
        """Name clauses that this decision rests on."""
        self._clauses.extend(clause for clause in clauses if clause not in self._clauses)

    def warn(self, code: str, **params: Any) -> None:
        """Return a warning with the answer, store it with the event, report it."""
        entry = self.rules.wording.warning(code, **params)
        if entry not in self._warnings:
            self._warnings.append(entry)

    def take_as_history(self, source: str) -> None:
        """Take what follows as imported history: what it breaks is noted, and every event of it is marked (HISTORY_IMPORTED)."""
        self.provenance = source
        self.warn("HISTORY_IMPORTED", source=source)

    def refuse(
        self, code: str, *, clause: str | None = None, missing: Iterable[str] = (), **params: Any
    ) -> None:
        """A rule of the regulation is broken: raise, or lift by its document, or note it for what happened all the same."""
        refusal = self.refusal(code, clause=clause, missing=missing, **params)
        override = self.overrides.get(code) if refusal.kind == "overridable" else None
        if override is not None and self._lifts(override):
            self._used[code] = override
            return
        if self.gathered is not None:
            self.gathered.append(refusal)
            return
        if self.provenance is None and not self.noting:
            raise refusal
        finding = refusal.as_warning()
        if finding not in self._findings:
            self._findings.append(finding)

    @contextmanager
    def judging(self) -> Iterator[None]:
        """One of several judgements that do not rest on each other: where refusals are gathered, the next one follows."""
        try:
            yield
        except Refusal as refusal:
            if self.gathered is None:
                raise
            self.gathered.append(refusal)

    def refusal(
        self, code: str, *, clause: str | None = None, missing: Iterable[str] = (), **params: Any
    ) -> Refusal:
        """A refusal by the county's own entry for the code."""
        return refuse_by(self.rules.wording.entry(code), clause=clause, missing=missing, **params)

    def _lifts(self, override: LiftedRefusal) -> bool:
        if override.override is None:
            return False
        if override.expires_on is None:
            return "EXPIRY" not in self.rules.parameters["P25"].requires
        return override.expires_on >= self.on

    def require(
        self,
        holds: object,
        code: str,
        *,
        clause: str | None = None,
        missing: Iterable[str] = (),
        **params: Any,
    ) -> None:
        """`refuse` unless `holds`."""
        if not holds:
            self.refuse(code, clause=clause, missing=missing, **params)

    def not_in_future(self, day: date, field_name: str) -> None:
        """Guard against a day in the future, DATE_IN_FUTURE; input error, so imported history gets it too."""
        if day > self.today:
            raise refuse(
                "DATE_IN_FUTURE", field=field_name, date=day.isoformat(), today=self.today.isoformat()
            )

    def due_after(self, working_days: int) -> Deadline:
        """The last of so many working days after this one (P19, P27), provisional where no calendar reaches it."""
        how = Reckoning(counted_from=self.on, days=working_days, counting="WORKING_DAYS")
        deadline = self.rules.clock.deadline(how)
        self.note_calendar(self.on, deadline.due_on)
        return deadline

    def note_calendar(self, first: date, last: date) -> None:
        """Report what the calendar lacks of the years that a date rests on, from one day to another, both included."""
        clock = self.rules.clock
        unannounced = clock.unannounced(first, last)
        for year in unannounced:
            self.warn("DATE_PROVISIONAL", date=last.isoformat(), year=year)
        for year in clock.unconfirmed(first, last):
            if year not in unannounced:
                self.warn("CALENDAR_YEAR_UNCONFIRMED", year=year)

    @staticmethod
    def in_range(amount: int, field_name: str) -> Fen:
        """A computed amount in fen; AMOUNT_OUT_OF_RANGE beyond what the log can carry, for imported history too."""
        if abs(amount) > MAX_FEN:
            raise refuse("AMOUNT_OUT_OF_RANGE", field=field_name)
        return Fen(amount)

    @property
    def first_cited(self) -> str | None:
        """The clause that the decision cited first: what a bare contradiction in it is said to break."""
        return self._clauses[0] if self._clauses else None

    @property
    def warnings(self) -> tuple[RegulationWarning, ...]:
        """Warnings so far, in the order they were found."""
        return tuple(self._warnings)

    @property
    def findings(self) -> tuple[RegulationWarning, ...]:
        """Breaches noted so far, in the order they were found."""
        return tuple(self._findings)

    def basis(self, stream: str) -> Basis:
        """What the next event of this decision stores. OVERRIDE_OTHER_SUBJECT: the exception was for another stream."""
        for override in self._used.values():
            if override.subject != stream:
                raise self.refusal(
                    "OVERRIDE_OTHER_SUBJECT", override=override.override, subject=override.subject
                )
        return Basis(
            policy=self.rules.policy,
            clauses=tuple(self._clauses),
            warnings=tuple(self._warnings),
            findings=tuple(self._findings),
            overrides=tuple(self._used.values()),
            provenance=self.provenance,
        )
