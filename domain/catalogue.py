"""Every aggregate and every event of the log, by the names they are stored under.

What is not listed here does not exist for the log: it is neither read nor written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.aggregate import DomainAggregate, DomainEvent, is_event
from domain.asset import Asset
from domain.departure_case import DepartureCase
from domain.fund_allocation import FundAllocation
from domain.fund_reconciliation import FundReconciliation
from domain.household_asset import HouseholdAsset
from domain.household_ledger import HouseholdLedger
from domain.inspection import Inspection
from domain.inventory_batch import InventoryBatch
from domain.joint_review import JointReview
from domain.ledger_seal import LedgerSeal
from domain.organization import Division, Organization
from domain.person import Person
from domain.policy import Policy
from domain.procedure import ProcedureInstance
from domain.public_notice import PublicNotice
from domain.stocktake import StocktakeCampaign
from domain.violation import ViolationCase

AGGREGATES: Final[tuple[type[DomainAggregate], ...]] = (
    Asset,
    DepartureCase,
    Division,
    FundAllocation,
    FundReconciliation,
    HouseholdAsset,
    HouseholdLedger,
    Inspection,
    InventoryBatch,
    JointReview,
    LedgerSeal,
    Organization,
    Person,
    Policy,
    ProcedureInstance,
    PublicNotice,
    StocktakeCampaign,
    ViolationCase,
)
"""All aggregates."""


def events_of(aggregate: type[DomainAggregate]) -> dict[str, type[DomainEvent]]:
    """An aggregate's events by their stored types; `TypeError` for one without a title or with a foreign type."""
    events: dict[str, type[DomainEvent]] = {}
    for name, event in vars(aggregate).items():
        if not is_event(event) or event is aggregate.Event:
            continue
        if not event.TOPIC.startswith(f"{aggregate.KIND}.") or not event.TITLE:
            msg = f"{aggregate.__name__}.{name} needs a TOPIC that starts with {aggregate.KIND!r} and a TITLE"
            raise TypeError(msg)
        if event.TOPIC in events:
            msg = f"{aggregate.__name__}: event type {event.TOPIC!r} is taken"
            raise TypeError(msg)
        events[event.TOPIC] = event
    return events


def by_kind(aggregates: Iterable[type[DomainAggregate]]) -> dict[str, type[DomainAggregate]]:
    """Aggregates by their kinds; `TypeError` for a kind that two of them have or one lacks."""
    kinds: dict[str, type[DomainAggregate]] = {}
    for aggregate in aggregates:
        if not aggregate.KIND or aggregate.KIND in kinds:
            msg = f"aggregate kind {aggregate.KIND!r} of {aggregate.__name__} is empty or taken"
            raise TypeError(msg)
        kinds[aggregate.KIND] = aggregate
    return kinds


AGGREGATE_KINDS: Final = by_kind(AGGREGATES)
"""Aggregate by kind, the part of a stream's name before the first hyphen."""

EVENT_TYPES: Final = {
    topic: event for aggregate in AGGREGATES for topic, event in events_of(aggregate).items()
}
"""Event class by its stored type, e.g. "asset.registered". Every type begins with its aggregate's kind and a dot."""
