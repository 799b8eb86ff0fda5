"""Plan, progress and outcome of a rebuild."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from projections.engine.projection import Projection
from projections.engine.rows import Rows

SHOWN_DIFFERENCES: Final = 10
"""Differences that an outcome tells in words."""


class RebuildUnderWay(Exception):  # noqa: N818  names a state, like its siblings
    """Somebody else is rebuilding this ledger."""

    def __init__(self, projection: str, holder: str | None) -> None:
        super().__init__(f"{projection} is being rebuilt by {holder or 'somebody else'}")


class RebuildImpossible(Exception):  # noqa: N818  names a state, like its siblings
    """The database does not let it, in one sentence."""


class RebuildFailed(Exception):  # noqa: N818  names a state, like its siblings
    """A process of the rebuild ended with this."""


@dataclass(frozen=True, slots=True)
class RebuildLimits:
    """Limits of a rebuild: how much stays in memory, and how often the work so far is made safe."""

    rows: int = 120_000
    """Rows kept; beyond, they are written and forgotten (about 4 KB each in the widest ledger)."""
    streamed: int = 4_000
    """Events of whole streams that are folded at a time, about: their rows are in memory together."""
    appended: int = 20_000
    """Rows that the tables cannot hold yet, gathered before they are copied in."""
    shared: int = 50_000
    """Events of a log from which on more than one process is worth its start."""
    seconds: float = 30.0
    """After how long the work so far is committed: at most this much is lost to a kill."""


@dataclass(slots=True)
class RebuildProgress:
    """Progress of a rebuild: events over all its ledgers' common passes."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class RebuildOutcome:
    """Outcome of one ledger's rebuild."""

    projection: str
    positions: dict[str, int]
    """By county: the position up to which the new tables show the log."""
    rows: int
    digests: dict[str, str]
    """By county, at the position of the comparison."""
    equal: bool | None
    """Whether live and rebuilt rows were the same at the same position; None: nothing to compare with."""
    differences: list[str]
    """The first ones, in words."""
    swapped: bool
    events: int
    replay_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamRange:
    """Streams of a county that are folded one after the other by one process, in the order of their names."""

    number: int
    last: str
    """The last one that is folded and written; at first the last of the range before."""
    ends: str | None
    """The last of the range; None: it goes to the end of the log."""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Streamed:
    """Progress of a fold by streams: events up to a position, and how far each range of streams is."""

    upto: int
    ranges: tuple[StreamRange, ...]


@dataclass(slots=True)
class HeldRange:
    """Hold on a range for some projections: what is written is fenced by it, and how far that is is noted at it."""

    county: str
    number: int
    epochs: dict[str, int]
    """By projection, the term of its rebuild."""
    last: str
    """The last stream that is written."""
    reached: str
    """The last stream that is folded."""
    done: bool = False


@dataclass(slots=True)
class Shadow:
    """One projection's shadow: how far it is in each county, and the rows in memory."""

    projection: Projection
    epoch: int
    positions: dict[str, int]
    fresh: bool
    streamed: dict[str, Streamed] = field(default_factory=dict)
    """By county, where streams are being folded one after the other; the position follows when all are."""
    keyed: bool = False
    rows: dict[str, Rows] = field(default_factory=dict)
    events: int = 0

    def rows_of(self, county: str) -> Rows:
        """The rows in memory; complete if the shadow was empty when we began."""
        found = self.rows.get(county)
        if found is None:
            found = self.rows[county] = self.projection.rows(county)
            if not (self.fresh and county not in self.positions):
                for table in found.tables.values():
                    table.forget()
        return found

    def forget(self) -> None:
        """Forget everything in memory, which cannot be trusted any more."""
        self.rows.clear()
        self.fresh = False


def in_groups(projections: Iterable[Projection], count: int) -> list[list[Projection]]:
    """Projections spread over at most `count` groups of about equal weight."""
    groups: list[list[Projection]] = [[] for _ in range(count)]
    for projection in sorted(projections, key=lambda one: -one.weight):
        min(groups, key=lambda group: sum(one.weight for one in group)).append(projection)
    return [group for group in groups if group]
