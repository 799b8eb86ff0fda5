"""An asset of 50 events made ready to decide: from its cached state, by our replay, by the library's own replay."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any, cast

from eventsourcing.domain import Aggregate, CanMutateAggregate, event
from eventsourcing.persistence import DatetimeAsISO, JSONTranscoder, Mapper, UUIDAsHex

from domain.aggregate import DomainEvent
from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.asset.facts.upkeep import StatusReport
from domain.occasion import Occasion
from domain.recorded import RecordedEvent
from domain.regulation import Regulation
from service.log.codec import EventCodec
from tests.api.bodies import road

EVENTS = 50


class Plain(Aggregate):
    """The library's own way: its event classes, its JSON, its replay. As many fields as a status report has."""

    @event("Registered")
    def __init__(self, card: dict[str, Any]) -> None:
        self.card = card
        self.state = "NOT_IN_USE"
        self.reported_on = ""
        self.note = ""

    @event("Reported")
    def report(self, state: str, reported_on: str, note: str) -> None:
        self.state, self.reported_on, self.note = state, reported_on, note


def _asset() -> Asset:
    rules = Regulation.load().on(date(2022, 1, 1))

    def on(day: date) -> Occasion:
        return Occasion(on=day, today=date(2024, 1, 1), rules=rules)

    asset = Asset.register("A", RegisterCard.model_validate(road()), on(date(2022, 1, 1)))
    for number in range(EVENTS - 1):
        day = date(2022, 2, 1 + number % 28)
        report = StatusReport(
            state="IDLE" if number % 2 else "IN_USE", reported_on=day, note=f"第 {number} 次"
        )
        asset.report_status(report, on(day))
    return asset


def _median(work: Callable[[], object], runs: int, times: int) -> tuple[float, list[float]]:
    """Milliseconds for one call: the median of `runs`, and all of them."""
    figures = []
    for _ in range(runs):
        started = perf_counter()
        for _ in range(times):
            work()
        figures.append((perf_counter() - started) / times * 1000)
    return statistics.median(figures), figures


async def run(url: str, *, runs: int = 5, times: int = 400) -> list[dict[str, Any]]:
    """All rows of the table. Needs no server: reading the stored bytes costs all three the same."""
    del url
    codec = EventCodec()
    asset = _asset()
    state, events = asset.dump_state(), asset.collect_events()
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    recorded = []
    for number, one in enumerate(cast("Sequence[DomainEvent]", events), start=1):
        new = codec.new_event(one)
        place = ("653022", number, asset.stream, number, new.type, new.schema, new.occurred_on, moment)
        recorded.append(RecordedEvent(*place, {}, "c", "c", None, new.basis, new.data))
    assert len(recorded) == EVENTS

    def replay() -> Asset:
        found: Any = None
        for one in recorded:
            found = codec.domain_event(one).mutate(found)
        return found  # type: ignore[no-any-return]

    assert replay().dump_state() == state

    plain = Plain(card=road())
    for number in range(EVENTS - 1):
        plain.report("IDLE", "2022-02-01", f"第 {number} 次")
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    mapper: Mapper[Any] = Mapper(transcoder)
    stored = [mapper.to_stored_event(one) for one in plain.collect_events()]

    def library() -> Any:
        found: Any = None
        for one in stored:
            found = cast("CanMutateAggregate[Any]", mapper.to_domain_event(one)).mutate(found)
        return found

    contestants: dict[str, Callable[[], object]] = {
        "cached state": lambda: Asset.load_state("A", EVENTS, state),
        "replay": replay,
        "library's replay of plain events": library,
    }
    medians = {name: _median(work, runs, times) for name, work in contestants.items()}
    against = medians["library's replay of plain events"][0]
    return [
        {
            "name": f"asset of {EVENTS} events, {name}",
            "value": round(median, 4),
            "unit": "ms",
            "compared_with": None if name.startswith("library") else "library's replay of plain events",
            "ratio": None if name.startswith("library") else round(against / median, 2),
            "runs": [round(one, 4) for one in figures],
        }
        for name, (median, figures) in medians.items()
    ]
