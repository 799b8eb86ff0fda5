"""Every aggregate and every event of the log, by the names they are stored under.

What is not listed here does not exist for the log: it is neither read nor written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.aggregate import DomainAggregate, DomainEvent, is_event
from domain.asset.asset import Asset
from domain.asset.selection import OperatorSelection
from domain.asset.series import DisposalSeries
from domain.departure.case import DepartureCase
from domain.funds.allocation import FundAllocation
from domain.funds.proceeds import ProceedsPool
from domain.funds.reconciliation import FundReconciliation
from domain.household.asset import HouseholdAsset
from domain.household.priority import PriorityHouseholds
from domain.household.push import HouseholdLedger
from domain.income.account import IncomeSubAccount
from domain.income.guarantee import CostGuarantee
from domain.income.incentive import IncentivePlan
from domain.income.maintenance import MaintenanceExpense
from domain.income.plan import IncomePlan
from domain.income.post import PublicWelfarePost
from domain.income.relief import ReliefPlan
from domain.income.result import AnnualResult
from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.oversight.inspection import Inspection
from domain.oversight.policy_override import PolicyOverride
from domain.oversight.violation import ViolationCase
from domain.personal.subject import PersonalSubject
from domain.policy import Policy
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.public_notice import PublicNotice
from domain.revitalisation.case import RevitalisationCase
from domain.sealing.joint_review import JointReview
from domain.sealing.seal import LedgerSeal

AGGREGATES: Final[tuple[type[DomainAggregate], ...]] = (
    AnnualResult,
    Asset,
    DepartureCase,
    DisposalSeries,
    Division,
    FundAllocation,
    FundReconciliation,
    HouseholdAsset,
    HouseholdLedger,
    IncentivePlan,
    IncomePlan,
    MaintenanceExpense,
    PublicWelfarePost,
    ReliefPlan,
    CostGuarantee,
    IncomeSubAccount,
    Inspection,
    InventoryBatch,
    JointReview,
    LedgerSeal,
    OperatorSelection,
    Organization,
    Person,
    PersonalSubject,
    Policy,
    PolicyOverride,
    PriorityHouseholds,
    ProcedureInstance,
    ProceedsPool,
    PublicNotice,
    RevitalisationCase,
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
