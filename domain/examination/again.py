"""Commands that are put again only to see whether they are still possible once a late event lies before them.

What the rules of the day say of assets and procedures an examination judges anew (`domain.examination.commands`); of the
others nobody asks but this. What a command was given from elsewhere (what a procedure decided, what an asset is)
is taken as it was: only what the aggregate's own state says can have changed. An event without a row of its own is
recorded again as it stands: its dates and the end of its aggregate are held, which no row can be forgotten for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from domain.aggregate import ENVELOPE_FIELDS
from domain.asset.selection import OperatorSelection
from domain.funds.allocation import FundAllocation
from domain.household.asset import HouseholdAsset
from domain.household.priority import PriorityHouseholds
from domain.income.guarantee import CostGuarantee
from domain.income.plan import IncomePlan
from domain.income.relief import ReliefPlan
from domain.inventory.batch import InventoryBatch
from domain.inventory.stocktake import StocktakeCampaign
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.oversight.inspection import Inspection
from domain.oversight.violation import ViolationCase
from domain.procedure.public_notice import PublicNotice
from domain.revitalisation.case import RevitalisationCase

if TYPE_CHECKING:
    from domain.occasion import Occasion

Again = Callable[[Any, Any, "Occasion"], object]
"""(state before, event, occasion): the command that the event was the outcome of."""


def as_it_stands(it: Any, event: Any, at: Occasion) -> None:
    """Record the event again, with what it holds."""
    fields = {name: getattr(event, name) for name in type(event).model_fields if name not in ENVELOPE_FIELDS}
    it.record(type(event), at, **fields)


def _in(states: tuple[str, ...], step: str) -> Again:
    """A step of a matter that is in one of these states."""

    def put(it: Any, event: Any, at: Occasion) -> None:
        it._must_be(states, step, at)  # noqa: SLF001  the one guard that its own state answers
        as_it_stands(it, event, at)

    return put


_ORGANIZATION: Final[dict[type[Any], Again]] = {
    Division.Succeeded: lambda it, e, at: it.be_succeeded(e.successor, e.closed_on, e.document_no, at),
    Organization.Succeeded: lambda it, e, at: it.be_succeeded(e.successor, e.closed_on, e.document_no, at),
    Organization.PositionAppointed: lambda it, e, at: it.appoint(
        e.position, e.person, e.since, e.document_no, at
    ),
    Organization.PositionEnded: lambda it, e, at: it.end_position(
        e.position, e.person, e.until, e.reason, at
    ),
    Organization.IncentivePilotEnabled: lambda it, e, at: it.enable_incentive_pilot(e.document_no, at),
    Organization.TaskForceMemberChanged: lambda it, e, at: it.change_task_force_member(e.member, at),
    Organization.CollectiveRegistered: lambda it, e, at: it.register_collective(e.collective, at),
    Organization.CollectiveReplaced: lambda it, e, at: it.replace_collective(e.collective, e.document_no, at),
}

_OF_ASSETS: Final[dict[type[Any], Again]] = {
    FundAllocation.Withdrawn: lambda it, e, at: it.withdraw(e.reason, e.document_no, at),
    HouseholdAsset.HouseholdConfirmed: lambda it, e, at: it.confirm_to_household(e.confirmation, at),
    HouseholdAsset.DocumentArchived: lambda it, e, at: it.archive_document(e.document, at),
    HouseholdAsset.ExternalEntryRecorded: lambda it, e, at: it.record_external_entry(e.entry, at),
    HouseholdAsset.Inspected: lambda it, e, at: it.inspect(e.inspection, at),
    HouseholdAsset.LossRecorded: lambda it, e, at: it.record_loss(e.loss, at),
    HouseholdAsset.Entrusted: lambda it, e, at: it.entrust(e.entrustment, at),
    HouseholdAsset.EntrustmentEnded: lambda it, e, at: it.end_entrustment(e.ended_on, e.reason, at),
    HouseholdAsset.RegistrationClosed: lambda it, e, at: it.close_registration(e.closing, at),
    PriorityHouseholds.HouseholdTagged: lambda it, e, at: it.tag(e.tag, at),
    PriorityHouseholds.TagEnded: lambda it, e, at: it.end_tag(e.end, at),
    OperatorSelection.OperatorSelected: lambda it, e, at: it.select(e.choice, (), at),
    OperatorSelection.Cancelled: lambda it, e, at: it.cancel(e.reason, at),
    IncomePlan.Amended: _in(("PROPOSED",), "amendment"),
    IncomePlan.Withdrawn: lambda it, e, at: it.withdraw(e.reason, at),
    IncomePlan.Executed: _in(("PROPOSED", "PAYING", "PAID"), "execution"),
    IncomePlan.PaymentReturned: lambda it, e, at: it.take_back(e.back, at),
    IncomePlan.UsePublished: lambda it, e, at: it.publish_use(e.notice, at),
    ReliefPlan.Withdrawn: lambda it, e, at: it.withdraw(e.reason, at),
    ReliefPlan.Paid: _in(("PROPOSED", "PAYING", "PAID"), "payment"),
    ReliefPlan.UsePublished: lambda it, e, at: it.publish_use(e.notice, at),
    CostGuarantee.Verified: lambda it, e, at: it.verify(e.verification, e.township, at),
    CostGuarantee.FinanceGuaranteeApproved: lambda it, e, at: it.approve(e.approval, e.own_means, at),
    CostGuarantee.CountyCostCovered: lambda it, e, at: it.cover(e.payment, at),
    InventoryBatch.Submitted: lambda it, e, at: it.submit(e.person, at),
    InventoryBatch.Reviewed: lambda it, e, at: it.give_review(e.opinion, e.opinion.organization, at),
    InventoryBatch.Determined: lambda it, e, at: it.determine(e.opinion, at),
    InventoryBatch.Aggregated: lambda it, e, at: it.aggregate(e.person, at),
    StocktakeCampaign.LinesRecorded: lambda it, e, at: it.record_lines(e.lines, at),
    StocktakeCampaign.SurplusRecorded: lambda it, e, at: it.find_surplus(e.surplus, at),
    StocktakeCampaign.Completed: lambda it, _e, at: it.complete(at),
    StocktakeCampaign.SurplusRegistered: lambda it, e, at: it.register_surplus(e.surplus, e.asset, at),
    RevitalisationCase.PlanFiled: _in(("OPEN", "PLANNED"), "plan"),
    RevitalisationCase.Extended: lambda it, e, at: it.extend_deadline(e.extension, at),
    RevitalisationCase.Closed: _in(("PLANNED",), "closing"),
    RevitalisationCase.Verified: lambda it, e, at: it.verify(e.verification, "", at),
    RevitalisationCase.Reopened: lambda it, e, at: it.reopen(e.reason, at),
}

_OF_OVERSIGHT: Final[dict[type[Any], Again]] = {
    Inspection.FindingRaised: lambda it, e, at: it.raise_finding(e.supervision_finding, at),
    Inspection.RectificationOrdered: lambda it, e, at: it.order_rectification(e.rectification, at),
    Inspection.RectificationVerified: lambda it, e, at: it.verify_rectification(e.verified, at),
    ViolationCase.Established: lambda it, e, at: it.establish(e.establishment, at),
    ViolationCase.AccountabilityDecided: lambda it, e, at: it.hold_to_account(e.accountability, at),
    PublicNotice.ObjectionResolved: lambda it, e, at: it.resolve_objection(
        e.number, e.by, e.outcome, e.answer, at
    ),
}

AGAIN: Final[dict[str, Again]] = {
    event_class.TOPIC: put for event_class, put in {**_ORGANIZATION, **_OF_ASSETS, **_OF_OVERSIGHT}.items()
}
"""Event type → its command, for events of aggregates whose decisions are not judged anew."""
