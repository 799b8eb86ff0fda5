"""A county written over HTTP, followed by the `eventsourcing` library's own projection runner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.application import Section
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import OperationalError, ProgrammingError, Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder

from domain.asset.asset import Asset
from domain.organization.person import Person, PersonCard
from service.exit_codes import DatabaseUnavailable
from service.log.notifications import PAGE, CountyLog
from tests.api.bodies import VILLAGE, card
from tests.api.service import COUNTY, Service, new_code


class Counts(SQLiteTrackingRecorder):
    """How often each type of event happened, kept in one transaction with the position of the last one."""

    def construct_create_table_statements(self) -> list[str]:
        table = "CREATE TABLE IF NOT EXISTS counts (topic TEXT PRIMARY KEY, times INTEGER, first INTEGER)"
        return [*super().construct_create_table_statements(), table]

    def count(self, topic: str, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO counts VALUES (?, 1, ?) ON CONFLICT (topic) DO UPDATE SET times = times + 1",
                (topic, tracking.notification_id),
            )

    def times(self) -> dict[str, int]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT topic, times FROM counts")
            return {row["topic"]: row["times"] for row in cursor.fetchall()}


class Counting(Projection[Counts]):
    """Counts the events of a county."""

    name = "counting"

    @singledispatchmethod
    def process_event(self, domain_event: DomainEventProtocol[str], tracking: Tracking) -> None:
        self.view.count(type(domain_event).TOPIC, tracking)


class CountingRegistrations(Counting):
    """Counts the values registered, of assets alone."""

    name = "registrations"
    topics = ("asset.registered",)

    @singledispatchmethod
    def process_event(self, domain_event: DomainEventProtocol[str], tracking: Tracking) -> None:
        raise AssertionError(domain_event)

    @process_event.register
    def registered(self, domain_event: Asset.Registered, tracking: Tracking) -> None:
        self.view.count(f"{int(domain_event.card.original_value)} {domain_event.originator_id}", tracking)


@pytest.fixture
def environment(module_database_url: str, tmp_path: Path) -> dict[str, str]:
    """The county's log, and a view of the follower's own, in SQLite."""
    return {
        "TAIZHANG_DATABASE_URL": module_database_url,
        "TAIZHANG_COUNTY": COUNTY,
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(tmp_path / "view.sqlite"),
        "SINGLE_ROW_TRACKING": "yes",
    }


@contextmanager
def following(
    environment: dict[str, str], projection: type[Projection[Counts]] = Counting
) -> Iterator[ProjectionRunner[CountyLog, Counts]]:
    """A runner of the library."""
    with ProjectionRunner(
        application_class=CountyLog, projection_class=projection, view_class=Counts, env=environment
    ) as runner:
        yield runner


async def written(service: Service) -> dict[str, int]:
    """Type → how many events of it the API shows."""
    found: dict[str, int] = {}
    page = await service.read("/v1/events", "auditor", limit=1000)
    assert len(page["events"]) == await service.head() < 1000
    for one in page["events"]:
        found[one["type"]] = found.get(one["type"], 0) + 1
    return found


async def register(service: Service) -> str:
    """A new asset."""
    code = new_code()
    await service.write("/v1/assets", {"asset": code, "card": card(), "occurredOn": "2021-07-15"})
    return code


async def test_a_projection_of_the_library_counts_what_was_written_and_what_is_being_written(
    service: Service, environment: dict[str, str]
) -> None:
    await register(service)
    with following(environment) as runner:
        await asyncio.to_thread(runner.wait, await service.head(), 10)
        assert runner.view.times() == await written(service)
        await register(service)
        await service.person(VILLAGE)
        await asyncio.to_thread(runner.wait, await service.head(), 10)
        times = runner.view.times()
    assert times == await written(service)
    assert times["asset.registered"] >= 2
    assert sum(times.values()) == await service.head()


async def test_a_projection_of_the_library_goes_on_where_its_tracking_ends(
    service: Service, environment: dict[str, str]
) -> None:
    await register(service)
    with following(environment) as runner:
        await asyncio.to_thread(runner.wait, await service.head(), 10)
        stopped_at = await service.head()
        assert runner.view.max_tracking_id(f"county-{COUNTY}") == stopped_at
    await service.person(VILLAGE)
    await register(service)
    with following(environment) as runner:
        await asyncio.to_thread(runner.wait, await service.head(), 10)
        assert runner.view.times() == await written(service)
        assert runner.view.max_tracking_id(f"county-{COUNTY}") == await service.head() == stopped_at + 2


async def test_a_projection_of_the_library_sees_typed_events_of_its_topics_alone(
    service: Service, environment: dict[str, str]
) -> None:
    codes = [await register(service) for _ in range(3)]
    await service.person(VILLAGE)
    with following(environment, CountingRegistrations) as runner:
        registered = await service.head() - 1
        await asyncio.to_thread(runner.wait, registered, 10)
        late = await register(service)
        await asyncio.to_thread(runner.wait, registered + 2, 10)
        times = runner.view.times()
    assert {f"100000000 {code}" for code in (*codes, late)} <= times.keys()
    assert set(times.values()) == {1}


def selected(log: CountyLog, *arguments: Any, **options: Any) -> list[int]:
    """Positions of the notifications that a selection gives."""
    return [one.id for one in log.recorder.select_notifications(*arguments, **options)]


async def test_notifications_are_selected_by_position_and_topic(
    service: Service, environment: dict[str, str]
) -> None:
    await register(service)
    last = await service.head()
    assert last > PAGE // 10

    def look(log: CountyLog) -> None:
        assert log.recorder.max_notification_id() == last
        assert selected(log, None, 3) == selected(log, 0, 3) == selected(log, 1, 3) == [1, 2, 3]
        assert selected(log, 1, 3, inclusive_of_start=False) == [2, 3, 4]
        assert selected(log, 4, 9, 6) == [4, 5, 6]
        assert selected(log, last, 5) == [last]
        assert selected(log, last, 5, inclusive_of_start=False) == selected(log, last + 1, 5) == []
        assert selected(log, 1, 9, topics=["asset.registered"])[-1] == last
        assert selected(log, 1, 9, topics=["asset.unheard_of"]) == []
        section: Section = log.notification_log["1,10"]
        assert [one.id for one in section.items] == list(range(1, 11))
        assert (section.id, section.next_id) == ("1,10", "11,20")

    with CountyLog(environment) as log:
        await asyncio.to_thread(look, log)


async def test_a_notification_is_the_logs_own_bytes_and_becomes_the_domain_event(
    service: Service, environment: dict[str, str]
) -> None:
    code = await service.person(VILLAGE, "阿依古丽")
    last = await service.head()
    with CountyLog(environment) as log:
        (one,) = await asyncio.to_thread(log.recorder.select_notifications, last, 1)
        event = log.mapper.to_domain_event(one)
    (stored,) = await service.app.state.context.store.read_page(COUNTY, after=last - 1)
    assert (one.id, one.state) == stored
    assert (one.topic, one.originator_id, one.originator_version) == (
        "person.registered",
        f"person-{code}",
        1,
    )
    assert isinstance(event, Person.Registered)
    assert (event.originator_id, event.card.name) == (code, "阿依古丽")


async def test_nothing_is_written_through_the_library(service: Service, environment: dict[str, str]) -> None:
    context = service.app.state.context
    known = await service.person(VILLAGE)
    before = await service.head()
    card = PersonCard(name="阿依古丽", organization=VILLAGE)
    new = Person.register(new_code("P"), card, context.occasion(COUNTY, None))
    with CountyLog(environment) as log:
        for write in (
            lambda: log.save(new),
            lambda: log.recorder.insert_events([]),
            lambda: log.recorder.select_events(f"person-{known}"),
            lambda: log.repository.get(f"person-{known}"),
            log.factory.process_recorder,
            log.factory.tracking_recorder,
        ):
            with pytest.raises(ProgrammingError, match="only followed from here"):
                write()
    assert await service.head() == before


async def test_a_follower_that_is_ahead_of_the_log_is_told(
    service: Service, environment: dict[str, str]
) -> None:
    """A database restored from an older copy: positions would be given out a second time."""
    head = await service.head()
    with following(environment) as runner:
        await asyncio.to_thread(runner.wait, head, 10)
        runner.view.insert_tracking(Tracking(f"county-{COUNTY}", head + 1))
    with (
        pytest.raises(OperationalError, match=f"ends at {head} and was followed up to {head + 1}"),
        following(environment) as runner,
    ):
        await asyncio.to_thread(runner.run_forever, 10)


async def test_a_database_that_is_not_there_is_told(environment: dict[str, str]) -> None:
    nowhere = {"TAIZHANG_DATABASE_URL": environment["TAIZHANG_DATABASE_URL"] + "_gone"}
    with pytest.raises(DatabaseUnavailable, match="No database server can be reached"):
        CountyLog(environment | nowhere)
