"""What goes into the log is canonical, what leaves the canonical subset is refused, what comes out is upcast."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar

import orjson
import pytest
import rfc8785
from eventsourcing.persistence import Notification
from hypothesis import given, strategies as st

from domain.aggregate import DomainEvent
from domain.occasion import Basis
from domain.organization.person import Person, PersonCard
from domain.recorded import RecordedEvent
from domain.values import Fen
from service.log.codec import EventCodec, UnknownEvent, canonical, claims_in, prepare, stamp
from service.log.event_store import AppendMalformed, Claim, NewEvent
from service.log.notifications import CountyMapper
from tests.examples import VILLAGE, occasion
from tests.log.commands import CODEC, COUNTY, DAY, command, noted, stream_append

EXACT = 2**53 - 1
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)

keys = st.text(st.characters(codec="ascii", exclude_characters="\x00"), max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-EXACT, EXACT), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=25,
)
objects = st.dictionaries(keys, values, max_size=6)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))


@given(values)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_canonical_bytes_come_back_and_do_not_change(value: Any) -> None:
    assert orjson.loads(canonical(value)) == value
    assert canonical(orjson.loads(canonical(value))) == canonical(value)


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        1.0,
        float("nan"),
        EXACT + 1,
        -EXACT - 1,
        10**30,
        "\ud800",
        "a\x00b",
        {"键": 1},
        {"a\x00": 1},
        {1: 2},
        {None: 2},
        b"bytes",
        date(2024, 1, 2),
        datetime(2024, 1, 2, tzinfo=UTC),
        {1, 2},
        Fen(5),
        object(),
        nested(40),
        nested(100_000),
    ],
    ids=range(20),
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_outside_the_subset_is_refused(value: Any, *, wrapped: bool) -> None:
    with pytest.raises(AppendMalformed):
        canonical({"inner": [{"deeper": value}]} if wrapped else value)


@pytest.mark.parametrize(
    "value", ["\\u0000", '\\"recordedAt":"', "\\\\u0000", EXACT, -EXACT, [], {}, "", nested(30)]
)
def test_what_only_looks_like_it_is_not(value: Any) -> None:
    assert canonical({"value": value}) == rfc8785.dumps({"value": value})


@given(objects, objects, texts, moments)
def test_the_stamp_fits_into_the_prepared_bytes_whatever_stands_around_it(
    data: dict[str, Any], basis: dict[str, Any], name: str, moment: datetime
) -> None:
    stream = "thing-" + "".join(char for char in name if char.isprintable())
    append = command(
        stream_append(stream, 4, NewEvent("thing.noted", 1, DAY, data, basis)), claims=[Claim("c", "1")]
    )
    (event,) = prepare(COUNTY, append)
    body = event.before + stamp(moment) + event.after
    envelope = {
        "actor": append.actor,
        "basis": basis,
        "causationId": None,
        "claims": [{"key": "1", "kind": "c"}],
        "commandId": "c-1",
        "correlationId": "w-1",
        "county": COUNTY,
        "data": data,
        "occurredOn": "2022-06-17",
        "recordedAt": stamp(moment).decode(),
        "schema": 1,
        "stream": stream,
        "type": "thing.noted",
        "version": 5,
    }
    assert body == rfc8785.dumps(envelope)
    assert CODEC.decode(COUNTY, 7, body) == RecordedEvent(
        county=COUNTY, position=7, stream=stream, version=5, type="thing.noted", schema=1, occurred_on=DAY,
        recorded_at=moment, actor=append.actor, command_id="c-1", correlation_id="w-1", causation_id=None,
        basis=basis, data=data,
    )  # fmt: skip


@pytest.mark.parametrize("name", ['x","recordedAt":"', "recordedAt", '"recordedAt":""'])
def test_a_text_that_imitates_the_stamp_s_place_is_not_taken_for_it(name: str) -> None:
    event = NewEvent(
        "thing.noted", 1, DAY, {"recordedAt": "", "deeper": {"recordedAt": name}}, {"recordedAt": name}
    )
    (prepared,) = prepare(COUNTY, command(stream_append(f"thing-{name}", 0, event)))
    decoded = CODEC.decode(COUNTY, 1, prepared.before + stamp(MOMENT) + prepared.after)
    assert (decoded.recorded_at, decoded.data, decoded.stream) == (MOMENT, event.data, f"thing-{name}")


def test_the_stamp_is_utc_and_always_equally_long() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert stamp(datetime(2024, 1, 2, 3, tzinfo=shanghai)) == b"2024-01-01T19:00:00.000000Z"
    assert len(stamp(datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))) == 27


def test_claims_stand_in_the_first_event_of_the_command_only() -> None:
    append = command(
        stream_append("thing-1", 0, noted(), noted()),
        stream_append("thing-2", 0),
        claims=[Claim("c", "甲"), Claim("d", "2")],
    )
    bodies = [event.before + stamp(MOMENT) + event.after for event in prepare(COUNTY, append)]
    assert [claims_in(body) for body in bodies] == [[("c", "甲"), ("d", "2")], [], []]


@pytest.mark.parametrize(
    ("schema", "data"),
    [(1, {"name": "棚"}), (2, {"title": "棚"}), (3, {"titles": ["棚"]})],
)
def test_old_data_is_brought_up_to_date(schema: int, data: dict[str, Any]) -> None:
    append = command(stream_append("thing-1", 0, NewEvent("thing.renamed", schema, DAY, data, {})))
    (event,) = prepare(COUNTY, append)
    decoded = CODEC.decode(COUNTY, 1, event.before + stamp(MOMENT) + event.after)
    assert (decoded.schema, decoded.data) == (3, {"titles": ["棚"]})


def test_data_of_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(UnknownEvent, match="schema 4"):
        CODEC.upcast("thing.renamed", 4, {})
    with pytest.raises(UnknownEvent, match="not known"):
        CODEC.upcast("thing.unheard", 1, {})


class Priced(DomainEvent):
    """Once `price` in yuan, then in fen, then with a currency."""

    TOPIC: ClassVar[str] = "thing.priced"
    class_version: ClassVar[int] = 3
    amount: Fen
    currency: str

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Yuan to fen."""
        state["amount"] = state.pop("price") * 100

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        """It was always this one."""
        state["currency"] = "CNY"


PRICED = EventCodec({"thing.priced": Priced})


@pytest.mark.parametrize(
    ("schema", "data"), [(1, {"price": 12}), (2, {"amount": 1200}), (3, {"amount": 1200, "currency": "CNY"})]
)
def test_replay_and_projections_see_the_same_upcast_event(schema: int, data: dict[str, Any]) -> None:
    append = command(
        stream_append("thing-1", 6, NewEvent("thing.priced", schema, DAY, data, {"policy": "p1"}))
    )
    (event,) = prepare(COUNTY, append)
    recorded = PRICED.decode(COUNTY, 9, event.before + stamp(MOMENT) + event.after)
    assert recorded.data == {"amount": 1200, "currency": "CNY"}
    expected = Priced(
        originator_id="1",
        originator_version=7,
        timestamp=datetime(2022, 6, 17, tzinfo=UTC),
        occurred_on=DAY,
        basis=Basis(policy="p1"),
        amount=Fen(1200),
        currency="CNY",
    )
    assert PRICED.domain_event(recorded) == expected
    notification = Notification(
        id=9, originator_id="thing-1", originator_version=7, topic="thing.priced",
        state=event.before + stamp(MOMENT) + event.after,
    )  # fmt: skip
    assert CountyMapper(PRICED, COUNTY).to_domain_event(notification) == expected


def test_an_aggregate_comes_back_from_its_recorded_events() -> None:
    person = Person.register("P-1", PersonCard(name="阿依古丽", organization=VILLAGE), occasion())
    codec = EventCodec()
    (event,) = person.collect_events()
    new = codec.new_event(event)  # type: ignore[arg-type]
    assert (new.type, new.schema, new.data) == (
        "person.registered",
        1,
        {"card": {"name": "阿依古丽", "organization": VILLAGE}},
    )
    (prepared,) = prepare(COUNTY, command(stream_append(person.stream, 0, new)))
    recorded = codec.decode(COUNTY, 1, prepared.before + stamp(MOMENT) + prepared.after)
    replayed: Any = codec.domain_event(recorded).mutate(None)
    assert isinstance(replayed, Person)
    assert (replayed.id, replayed.version, replayed.card) == ("P-1", 1, person.card)
