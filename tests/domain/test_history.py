"""Golden history: one stored event per type and version, as the log holds it.

The files under `history/` are what was once written; they are added to and never edited. A changed event class gets a
new version, an upcast, and one more file. If a test here fails, the class has broken what the log holds.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from domain.aggregate import CreatedEvent, DomainEvent
from domain.catalogue import AGGREGATE_KINDS, EVENT_TYPES
from domain.values import Fen
from service.log.codec import EventCodec, canonical
from tests.through_the_log import through_the_log

COUNTY = "653022"
FOLDER = Path(__file__).parent / "history"
FILES = sorted(FOLDER.glob("*.json"))
CODEC = EventCodec()


def test_every_type_and_version_has_its_stored_event() -> None:
    wanted = {
        f"{event_type}.{version}.json"
        for event_type, event in EVENT_TYPES.items()
        for version in range(1, event.class_version + 1)
    }
    assert {path.name for path in FILES} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_event_is_canonical_and_reads_both_ways(path: Path) -> None:
    body = path.read_bytes().rstrip(b"\n")
    stored = orjson.loads(body)
    assert canonical(stored) == body
    assert path.name == f"{stored['type']}.{stored['schema']}.json"
    recorded = CODEC.decode(COUNTY, 1, body)
    event = CODEC.domain_event(recorded)
    assert type(event) is EVENT_TYPES[stored["type"]]
    assert recorded.schema == type(event).class_version
    again = CODEC.new_event(event)
    assert again.occurred_on == date.fromisoformat(stored["occurredOn"])
    assert (again.data, again.basis) == (recorded.data, recorded.basis)
    if stored["schema"] == type(event).class_version:
        assert again.data == stored["data"]
    assert through_the_log(event) == event


@pytest.mark.parametrize("kind", sorted(AGGREGATE_KINDS))
def test_a_life_begins_with_its_first_event(kind: str) -> None:
    (first,) = (
        one
        for one in EVENT_TYPES.values()
        if one.TOPIC.startswith(f"{kind}.") and issubclass(one, CreatedEvent)
    )
    body = (FOLDER / f"{first.TOPIC}.1.json").read_bytes().rstrip(b"\n")
    aggregate: Any = CODEC.domain_event(CODEC.decode(COUNTY, 1, body)).mutate(None)
    assert type(aggregate) is AGGREGATE_KINDS[kind]
    assert (
        type(aggregate).load_state(aggregate.id, 1, aggregate.dump_state()).dump_state()
        == aggregate.dump_state()
    )


class Weighed(DomainEvent):
    """An invented event whose second version counts grams instead of kilograms and names the scale."""

    TOPIC: ClassVar[str] = "herd.weighed"
    TITLE: ClassVar[str] = "称重"
    class_version: ClassVar[int] = 2
    grams: int
    scale: str | None = None
    price: Fen

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Kilograms to grams."""
        state["grams"] = state.pop("kilograms") * 1000


def test_an_event_of_an_older_version_is_read_as_the_newest() -> None:
    codec = EventCodec({"herd.weighed": Weighed})
    stored = orjson.loads((FOLDER / "asset.registered.1.json").read_bytes())
    read = []
    for schema, data in ((1, {"kilograms": 3, "price": 100}), (2, {"grams": 3000, "price": 100})):
        body = canonical(
            stored | {"stream": "herd-1", "type": "herd.weighed", "schema": schema, "data": data}
        )
        recorded = codec.decode(COUNTY, 1, body)
        assert (recorded.schema, recorded.data) == (2, {"grams": 3000, "price": 100})
        read.append(codec.domain_event(recorded))
    assert read[0] == read[1]
    assert isinstance(read[0], Weighed)
    assert read[0].price == Fen(100)
