"""An asset's history read from the log itself: as it is, as it was on a day, as it was known at a moment (D7), and what
lies between two of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import orjson
from pydantic import Field

from domain.aggregate import fold_stream
from domain.asset.asset import Asset
from domain.asset.facts.income import attainment
from domain.catalogue import EVENT_TYPES
from domain.periods import part_of_year
from domain.recorded import RecordedEvent
from domain.refusals import refuse
from domain.values import Code, Fen
from service.commands.commands import CommandContext
from service.commands.views import title_at, view_model
from service.log.codec import EventCodec

AssetView = view_model(
    Asset,
    asset=Annotated[Code, Field(title="资产编号")],
    net_book_value=Annotated[Fen, Field(title="账面净值")],
    accountable_parties=Annotated[tuple[Code, ...], Field(title="直接责任主体")],
    sanzi=Annotated[bool, Field(title="是否纳入农村“三资”管理")],
)
"""The schema of what is shown of an asset."""


@dataclass(slots=True)
class PastAsset:
    """A fold over some of an asset's events.

    `unplaced` are events whose business date lies before that of a fact they rest on: they cannot be shown at a day
    in between, and are named instead of guessed at.
    """

    asset: Asset | None = None
    events: list[RecordedEvent] = field(default_factory=list)
    unplaced: list[RecordedEvent] = field(default_factory=list)

    @property
    def version(self) -> int:
        """The last version that is in it; 0 without any."""
        return self.events[-1].version if self.events else 0

    @property
    def known(self) -> Asset:
        """The asset; NOT_FOUND when there was none then."""
        if self.asset is None:
            raise refuse("NOT_FOUND")
        return self.asset


def fold(
    codec: EventCodec, events: Iterable[RecordedEvent], *, as_of: date | None, known_at: datetime | None
) -> PastAsset:
    """Replay the events that had happened by `as_of` and were recorded by `known_at`."""
    told = [
        one
        for one in events
        if (as_of is None or one.occurred_on <= as_of) and (known_at is None or one.recorded_at <= known_at)
    ]
    made = fold_stream(map(codec.domain_event, told), whole=False)
    unplaced = {one.originator_version for one in made.unplaced}
    return PastAsset(
        made.aggregate,
        events=[one for one in told if one.version not in unplaced],
        unplaced=[one for one in told if one.version in unplaced],
    )


def view_of(asset: Asset) -> dict[str, Any]:
    """An asset as every answer shows it: its regions, and what follows from them."""
    return asset.view() | {
        "asset": asset.id,
        "netBookValue": asset.net_book_value.yuan(),
        "accountableParties": asset.accountable_parties,
        "sanzi": asset.sanzi,
    }


async def asset_history(
    context: CommandContext,
    county: str,
    asset: str,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> dict[str, Any]:
    """An asset as `GET /v1/assets/{asset}` and `taizhang history` show it; NOT_FOUND when there was none then."""
    if as_of is None and known_at is None:
        current = await context.load(Asset, county, asset)
        if current is None:
            raise refuse("NOT_FOUND", what=asset)
        return {"id": asset, "source": "log", "version": current.version, "resource": view_of(current)}
    return shown_at(asset, await asset_at(context, county, asset, as_of, known_at), as_of, known_at)


async def asset_at(
    context: CommandContext, county: str, asset: str, as_of: date | None, known_at: datetime | None
) -> PastAsset:
    """An asset as it was on a day, as it was known at a moment; NOT_FOUND when there was none then."""
    events = await context.store.read_stream(county, Asset.stream_of(asset))
    reading = fold(context.codec, events, as_of=as_of, known_at=known_at)
    if reading.asset is None:
        raise refuse("NOT_FOUND", what=asset)
    return reading


def shown_at(asset: str, reading: PastAsset, as_of: date | None, known_at: datetime | None) -> dict[str, Any]:
    """A past asset as `GET /v1/assets/{asset}` and `taizhang history` show it."""
    return {
        "id": asset,
        "source": "log",
        "version": reading.version,
        "asOf": as_of.isoformat() if as_of else None,
        "knownAt": known_at.isoformat() if known_at else None,
        "resource": view_of(reading.known),
        "unplaced": [{"position": one.position, "type": one.type} for one in reading.unplaced],
    }


When = tuple[date | None, datetime | None]
"""Business day and moment of knowledge; None: now."""


async def asset_changes(
    context: CommandContext, county: str, asset: str, was: When, now: When
) -> dict[str, Any]:
    """What differs between two moments of an asset, field by field, and the events that only one of them knows.

    NOT_FOUND for an asset that the log does not have; one that was not there yet at a moment has no fields then.
    """
    events = await context.store.read_stream(county, Asset.stream_of(asset))
    if not events:
        raise refuse("NOT_FOUND", what=asset)
    before, after = (fold(context.codec, events, as_of=one[0], known_at=one[1]) for one in (was, now))
    sides = [
        {} if side.asset is None else flattened(orjson.loads(orjson.dumps(view_of(side.asset))))
        for side in (before, after)
    ]
    known = [{one.position for one in side.events} for side in (before, after)]
    return {
        "asset": asset,
        "before": _side(was, before),
        "after": _side(now, after),
        "changes": [
            {
                "field": name,
                "title": title_at(AssetView, name),
                "before": sides[0].get(name),
                "after": sides[1].get(name),
            }
            for name in sorted(sides[0].keys() | sides[1].keys())
            if sides[0].get(name) != sides[1].get(name)
        ],
        "events": [
            {
                "position": one.position,
                "type": one.type,
                "title": EVENT_TYPES[one.type].TITLE,
                "occurredOn": one.occurred_on.isoformat(),
                "recordedAt": one.recorded_at.isoformat(),
                "knownTo": "AFTER" if one.position in known[1] else "BEFORE",
            }
            for one in events
            if one.position in known[0] ^ known[1]
        ],
    }


def _side(when: When, reading: PastAsset) -> dict[str, Any]:
    return {
        "asOf": when[0] and when[0].isoformat(),
        "knownAt": when[1] and when[1].isoformat(),
        "registered": reading.asset is not None,
        "version": reading.version,
        "unplaced": [{"position": one.position, "type": one.type} for one in reading.unplaced],
    }


def flattened(view: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Objects within objects as dotted names; lists are values of their own."""
    found: dict[str, Any] = {}
    for name, value in view.items():
        if isinstance(value, dict):
            found |= flattened(value, f"{above}{name}.")
        elif value is not None:
            found[above + name] = value
    return found


def attained(asset: Asset, events: Iterable[RecordedEvent], year: int) -> tuple[Fen, Fen, str | None]:
    """A year's target by the days on which contracts ran in it, what came in, and the percentage (C4.5-22); fen."""
    target = sum(
        part_of_year(one.terms.annual_income, year, one.terms.starts_on, one.last_day)
        for one in asset.contracts.values()
    )
    received = sum(
        recorded.data["receipt"]["amount"]
        for recorded in events
        if recorded.type == Asset.IncomeReceived.TOPIC
        and date.fromisoformat(recorded.data["receipt"]["receivedOn"]).year == year
    )
    return Fen(target), Fen(received), attainment(target, received)
