"""Filter of an endpoint: types of events, places, units, assets, classes of assets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from domain.recorded import RecordedEvent
from service.commands.actor import unpadded

ASSET_KINDS: Final = frozenset({"asset", "household_asset"})


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Place of what an event is about."""

    divisions: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    asset_class: str | None = None


Places = Callable[[str, Sequence[RecordedEvent]], Awaitable[Mapping[str, EventPlace]]]
"""The places of the streams of a county's events, as they are now; by stream."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Each list that is not empty must fit; an empty one lets everything pass.

    `types`: names, or all of a kind (`asset.*`). `divisions`: codes, with all below them. `organizations`: who recorded
    it, or whose it is.
    """

    types: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    asset_classes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> EventFilter:
        """As it was stored."""
        return cls(**{name: tuple(listed) for name, listed in stored.items()})

    def as_json(self) -> dict[str, Any]:
        """To be stored."""
        return asdict(self)

    @property
    def needs_place(self) -> bool:
        """Whether one has to know where things lie."""
        return bool(self.divisions or self.organizations or self.asset_classes)

    def wants(self, event: RecordedEvent) -> bool:
        """The half that the event alone decides."""
        if self.types and event.type not in self.types and f"{event.kind}.*" not in self.types:
            return False
        return not self.assets or (event.kind in ASSET_KINDS and event.aggregate_id in self.assets)

    def fits(self, event: RecordedEvent, place: EventPlace) -> bool:
        """The other half."""
        units = {*place.organizations, str(event.actor.get("organization"))}
        return (
            (not self.divisions or any(_lies_in(one, self.divisions) for one in place.divisions))
            and (not self.organizations or not units.isdisjoint(self.organizations))
            and (not self.asset_classes or place.asset_class in self.asset_classes)
        )


def _lies_in(division: str, wanted: Sequence[str]) -> bool:
    return any(division.startswith(unpadded(one)) for one in wanted)
