"""What it costs to read a stored event, as ledgers do and as commands do.

    python -m tests.benchmarks --only reading

One stored event of every type there is (the golden history), many times over, in microseconds of processor time for
each; the best of seven rounds. No database is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson

from projections.engine.events import EventReader
from service.log.codec import EventCodec

COUNTY: Final = "653022"
HISTORY: Final = Path(__file__).parents[1] / "domain" / "history"
TIMES: Final = 30
ROUNDS: Final = 7


async def run(url: str) -> list[dict[str, Any]]:
    """Measure."""
    bodies = list(
        enumerate((path.read_bytes().rstrip(b"\n") for path in sorted(HISTORY.glob("*.json")) * TIMES), 1)
    )
    codec = EventCodec()
    reader = EventReader(codec.upcast)
    whole = _processor_time(lambda: [orjson.loads(body) for _, body in bodies], len(bodies))
    ways: dict[str, Callable[[], object]] = {
        "for a ledger, data left raw": lambda: reader.read_all(bodies),
        "for a ledger, with its data": lambda: [event.data for event in reader.read_all(bodies)],
        "as a recorded event": lambda: [codec.decode(COUNTY, *one) for one in bodies],
        "as a domain event": lambda: [codec.domain_event(codec.decode(COUNTY, *one)) for one in bodies],
    }
    results: list[dict[str, Any]] = [{"name": "read an event: orjson.loads", "value": whole, "unit": "µs"}]
    for name, way in ways.items():
        value = _processor_time(way, len(bodies))
        results.append(
            {
                "name": f"read an event {name}",
                "value": value,
                "unit": "µs",
                "ratio": value / whole,
                "compared_with": f"orjson.loads: {whole:.1f} µs",
            }
        )
    return results


def _processor_time(way: Callable[[], object], events: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        way()
        best = min(best, time.process_time() - started)
    return best / events * 1e6
