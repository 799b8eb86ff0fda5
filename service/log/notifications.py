"""A county's log as the `eventsourcing` library's notification log, for those who follow it with the library's means.

`CountyLog` is an `Application` that can be subscribed to, selected from and projected, and not written:

    with ProjectionRunner(
        application_class=CountyLog,
        projection_class=…,
        view_class=…,
        env={"TAIZHANG_DATABASE_URL": "postgresql://…", "TAIZHANG_COUNTY": "653022"},
    ) as runner:
        runner.run_forever()

A notification's id is the event's position, its topic the stored type, its state the log's own bytes. Its originator
is the stream: an id alone is not unique between kinds of aggregate. The follower reads the database itself, so it is
trusted as the service is; what an API key may see is no question here.

The library is synchronous and follows in threads; the driver is asynchronous and lives on an event loop of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Final, Never, TypeVar, cast

import orjson
from anyio.from_thread import BlockingPortal, start_blocking_portal
from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    JSONTranscoder,
    Mapper,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType

from service.database.database import open_database
from service.database.trouble import TROUBLE, in_words
from service.log.codec import EventCodec
from service.log.event_store import EventStore
from service.settings import PREFIX, Settings

PAGE: Final = 500
"""Notifications fetched at once; the library's own subscriptions take as many."""
_WAIT_SECONDS: Final = 0.5
"""How long a follower waits for news before it looks whether it was stopped."""

_Answer = TypeVar("_Answer")


def _read_only() -> Never:
    msg = "a county's log is only followed from here; what writes to it are the service's commands"
    raise ProgrammingError(msg)


class CountyRecorder(ApplicationRecorder):
    """One county's log, as far as following needs it."""

    def __init__(self, portal: BlockingPortal, store: EventStore, county: str) -> None:
        self._portal = portal
        self._store = store
        self.county = county

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """At most `limit` events from position `start` to `stop`, of all types or of `topics`, in order."""
        after = 0 if start is None else start - int(inclusive_of_start)
        return self._ask(self._page, after, stop, tuple(topics), limit)

    def max_notification_id(self) -> int | None:
        """The last position; None if nothing is recorded."""
        return self._ask(self._store.head, self.county).position or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> CountySubscription:
        """All events after position `gt`, and those that will be recorded."""
        return CountySubscription(self, gt, topics)

    def news(self, after: int, topics: Sequence[str]) -> tuple[Sequence[Notification], int]:
        """A page of what follows position `after`, and up to where that is all there is of `topics`.

        Waits a moment when nothing follows. `OperationalError` if the log ends before `after`: then it is not the log
        that was followed so far, or an older copy of it.
        """
        return self._ask(self._news, after, tuple(topics))

    async def _news(self, after: int, topics: tuple[str, ...]) -> tuple[Sequence[Notification], int]:
        with contextlib.suppress(TimeoutError):
            await self._store.wait_for(self.county, after + 1, _WAIT_SECONDS)
        end = (await self._store.head(self.county)).position
        if end < after:
            msg = f"the log of {self.county} ends at {end} and was followed up to {after}: it is not the same log"
            raise OperationalError(msg)
        page = await self._page(after, end, topics, PAGE)
        return page, page[-1].id if len(page) == PAGE else end

    async def _page(
        self, after: int, upto: int | None, topics: tuple[str, ...], limit: int
    ) -> Sequence[Notification]:
        rows = await self._store.read_page(
            self.county, after=after, upto=upto, types=topics or None, limit=limit
        )
        return [_notification(position, body) for position, body in rows]

    def _ask(self, question: Callable[..., Awaitable[_Answer]], *arguments: Any) -> _Answer:
        """Have the event loop answer; the database's troubles become the library's."""
        try:
            return self._portal.call(question, *arguments)
        except TROUBLE as trouble:
            raise OperationalError(in_words(trouble)) from trouble

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Never:  # noqa: ARG002
        """Refused: the log is written by commands."""
        _read_only()

    def select_events(self, originator_id: object, **kwargs: Any) -> Never:  # noqa: ARG002
        """Refused: aggregates are loaded by commands, from their cached state."""
        _read_only()


def _notification(position: int, body: bytes) -> Notification:
    envelope = orjson.loads(body)
    return Notification(
        id=position,
        originator_id=envelope["stream"],
        originator_version=envelope["version"],
        topic=envelope["type"],
        state=body,
    )


class CountySubscription(Subscription[CountyRecorder]):
    """Events in the order of their positions, first those recorded, then each as it is; ends when it is stopped."""

    def __init__(self, recorder: CountyRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._seen = gt or 0
        self._page: Iterator[Notification] = iter(())

    def __next__(self) -> Notification:
        """The next event; waits until there is one."""
        while not self._has_been_stopped:
            for notification in self._page:
                return notification
            page, self._seen = self._recorder.news(self._seen, self._topics)
            self._page = iter(page)
        raise StopIteration


class CountyMapper(Mapper[str]):
    """Notifications to domain events, upcast on the way, by the log's own codec."""

    def __init__(self, codec: EventCodec, county: str) -> None:
        super().__init__(JSONTranscoder())  # the library asks for one; canonical JSON needs no transcodings
        self._codec = codec
        self._county = county

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        """The domain event that a notification tells of; `UnknownEvent` if a newer version of the service wrote it."""
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        return self._codec.domain_event(self._codec.decode(self._county, position, stored_event.state))

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> Never:  # noqa: ARG002
        """Refused: the log is written by commands."""
        _read_only()


class CountyFactory(InfrastructureFactory[TrackingRecorder]):
    """Opens the database that the environment's TAIZHANG_ settings choose; `close()` closes it."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        settings = _settings(self.env)
        with contextlib.ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            database = stack.enter_context(portal.wrap_async_context_manager(open_database(settings)))
            self._recorder = CountyRecorder(
                portal, EventStore(database.pool, algorithms=settings.chosen_algorithms), settings.county
            )
            self._opened = stack.pop_all()

    def close(self) -> None:
        """Give the database back. A second time does nothing."""
        self._opened.close()

    def application_recorder(self) -> CountyRecorder:
        """The county's log."""
        return self._recorder

    def aggregate_recorder(self, purpose: str = "events") -> CountyRecorder:  # noqa: ARG002
        """The same: there is one log."""
        return self._recorder

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> Never:  # noqa: ARG002
        """Refused: a follower keeps its place in its own database."""
        _read_only()

    def process_recorder(self) -> Never:
        """Refused, as `tracking_recorder` is."""
        _read_only()


def _settings(env: Environment) -> Settings:
    named = {name: env.get(f"{PREFIX}{name.upper()}") for name in Settings.model_fields}
    return Settings.model_validate({name: value for name, value in named.items() if value})


class CountyLog(Application[str]):
    """A county's log as an application of the library, to read only; trackings name it `county-653022`."""

    def __init__(self, env: EnvType | None = None) -> None:
        super().__init__(env)
        self.name = f"county-{self.county_recorder.county}"

    @property
    def county_recorder(self) -> CountyRecorder:
        """The county's log."""
        return cast("CountyRecorder", self.recorder)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[TrackingRecorder]:
        """The county's own, whatever PERSISTENCE_MODULE says: that is for the follower's view."""
        return CountyFactory(env)

    def construct_mapper(self) -> CountyMapper:
        """The log's codec in the library's shape."""
        recorder = cast("CountyFactory", self.factory).application_recorder()
        return CountyMapper(EventCodec(), recorder.county)
