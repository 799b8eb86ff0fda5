"""Which command an event is the outcome of, with what the event keeps of what the command was given.

One row for every event of an asset and of a procedure: the table is tested to be complete. `DERIVED` are events that
hold something the rules themselves fixed (for how long a notice hangs), so a draft of the rules fixes it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from domain.asset.facts.card import Correction
from domain.asset.facts.ownership import check_parties_of
from domain.asset.facts.title_plan import JointProposal
from domain.execution import Execution
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.records import ProcedureOpening

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.proof import ProcedureProof

Shown = Callable[[str], ProcedureInstance]
"""A procedure as it stood before the event; `NotJudged` when the log has none."""

Command = Callable[[Any, Any, "Occasion", Shown], DomainAggregate | None]
"""(state before, event, occasion, procedures) → the aggregate for a first event, else None."""


class NotJudged(Exception):  # noqa: N818 - says what could not be done, and why
    """A decision that cannot be put again: what it was given is neither in the event nor elsewhere in the log."""


def _corrected(it: Any, event: Any, at: Occasion, _: Shown) -> None:
    after = event.card.model_dump(mode="json", by_alias=True)
    it.correct_registration(
        Correction(
            changes={name: after.get(name) for name in event.changed},
            reason=event.reason,
            document_no=event.document_no,
            county_document_no=event.county_document_no,
        ),
        at,
    )


def _proof(it: Any, procedure: str, shown: Shown) -> ProcedureProof:
    found = shown(procedure)
    check_parties_of(found.parties, it.card)
    return found.proof()


def _confirmed(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    named = event.confirmation.procedure
    it.confirm_ownership(
        event.confirmation,
        at,
        proof=None if named is None else _proof(it, named, shown),
        holders=event.holders or (),
    )


def _certified(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    named = event.procedure
    it.issue_ownership_certificate(event.certificate, None if named is None else _proof(it, named, shown), at)


def _filed(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    it.file_ownership(event.filed_on, event.document_no, _proof(it, event.procedure, shown), at)


def _signed_contract(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    proof = None if event.procedure is None else shown(event.procedure).proof()
    it.sign_contract(event.terms, at, proof=proof, selected=event.selected)


def _proposed_disposal(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    proof = None if event.procedure is None else shown(event.procedure).proof()
    it.propose_disposal(event.proposal, at, proof=proof)


def _shown_of(it: Any, event: Any, shown: Shown) -> ProcedureProof | None:
    """What the procedure of the disposal that the event is about shows."""
    current = it.disposals.get(event.disposal)
    if current is None or current.procedure is None:
        return None
    return _proof(it, current.procedure, shown)


def _changed_contract(it: Any, event: Any, at: Occasion, shown: Shown) -> None:
    proof = None if event.procedure is None else shown(event.procedure).proof()
    it.change_contract(event.terms, at, proof=proof, selected=event.selected)


def _handed_over(it: Any, event: Any, at: Occasion, _: Shown) -> None:
    it.hand_over(
        case=event.case,
        duty=event.duty,
        outgoing=event.outgoing,
        incoming=event.incoming,
        supervisor=event.supervisor,
        at=at,
    )


def _proposed_shares(it: Any, event: Any, at: Occasion, _: Shown) -> None:
    it.propose_joint_shares(JointProposal(villages=tuple(one.party for one in event.plan.shares)), at)


def _accepted_items(it: Any, event: Any, at: Occasion, _: Shown) -> None:
    it.accept_transfer(event.transfer, event.receiver, event.items, at, conditions=event.conditions)


_ASSET: Final[dict[type[Any], Command]] = {
    Asset.Registered: lambda _it, e, at, _s: Asset.register(e.originator_id, e.card, at),
    Asset.RegistrationCorrected: _corrected,
    Asset.DocumentArchived: lambda it, e, at, _s: it.archive_document(e.document, at),
    Asset.Booked: lambda it, e, at, _s: it.book(e.booking, at),
    Asset.CustodyAssigned: lambda it, e, at, _s: it.assign_custody(e.custody, at),
    Asset.SupervisionAssigned: lambda it, e, at, _s: it.assign_supervision(e.supervision, at),
    Asset.HandedOver: _handed_over,
    Asset.DepreciationPosted: lambda it, e, at, _s: it.post_depreciation(e.year, at),
    Asset.Leased: _signed_contract,
    Asset.OperatingContractSigned: _signed_contract,
    Asset.OperatingContractChanged: _changed_contract,
    Asset.OperatingContractEnded: lambda it, e, at, _s: it.end_contract(
        e.contract, e.ended_on, e.outcome, e.reason, at
    ),
    Asset.HoldoverStarted: lambda it, e, at, _s: it.start_holdover(e.contract, e.since, at),
    Asset.RiskMitigationAdded: lambda it, e, at, _s: it.add_risk_cover(e.contract, e.cover, at),
    Asset.RiskMitigationReleased: lambda it, e, at, _s: it.release_risk_cover(e.cover, e.release, at),
    Asset.IncomeReceived: lambda it, e, at, _s: it.receive_income(e.receipt, at),
    Asset.IncomeDistributed: lambda it, e, at, _s: (
        it.distribute_income(e.distribution, at)
        if e.distribution.papers
        else it.pay_planned(e.distribution, at)
    ),
    Asset.DisposalProposed: _proposed_disposal,
    Asset.AppraisalRecorded: lambda it, e, at, s: it.record_appraisal(
        e.disposal, e.appraisal, at, proof=_shown_of(it, e, s)
    ),
    Asset.AppraisalPublished: lambda it, e, at, s: it.publish_appraisal(
        e.disposal, e.publication, at, proof=_shown_of(it, e, s)
    ),
    Asset.DisposalForwarded: lambda it, e, at, s: it.forward_disposal(
        e.disposal, e.level, e.opinion, at, proof=_shown_of(it, e, s), unit=e.unit
    ),
    Asset.DisposalApproved: lambda it, e, at, s: it.approve_disposal(
        e.disposal, e.approval, at, proof=_shown_of(it, e, s)
    ),
    Asset.DisposalConsentRecorded: lambda it, e, at, _s: it.consent_to_disposal(
        e.disposal, e.consent, "", at
    ),
    Asset.PreemptionOffered: lambda it, e, at, _s: it.offer_preemption(e.disposal, e.offer, at),
    Asset.PreemptionAnswered: lambda it, e, at, _s: it.answer_preemption(e.disposal, e.offer, e.answer, at),
    Asset.DisposalClosed: lambda it, e, at, _s: it.close_disposal(e.disposal, e.outcome, e.reason, at),
    Asset.Disposed: lambda it, e, at, s: it.dispose(e.disposal, e.sale, at, proof=_shown_of(it, e, s)),
    Asset.DisposalProceedsReceived: lambda it, e, at, _s: it.receive_proceeds(
        e.disposal, e.amount, e.received_on, e.voucher_no, at
    ),
    # use and condition
    Asset.PutIntoUse: lambda it, e, at, _s: it.put_into_use(e.in_use_since, at),
    Asset.OperationStatusReported: lambda it, e, at, _s: it.report_status(e.report, at),
    Asset.RiskFlagged: lambda it, e, at, _s: it.flag_risk(e.kind, e.reason, at),
    Asset.RiskCleared: lambda it, e, at, _s: it.clear_risk(e.kind, e.reason, at),
    Asset.MaintenancePlanned: lambda it, e, at, _s: it.plan_maintenance(e.plan, at),
    Asset.MaintenanceDone: lambda it, e, at, _s: it.maintain(e.maintenance, at),
    Asset.HerdCountChanged: lambda it, e, at, _s: it.change_herd_count(e.herd_change, at),
    Asset.ManagementRuleAdopted: lambda it, e, at, _s: it.adopt_management_rule(e.management_rule, at),
    Asset.StocktakeRecorded: lambda it, e, at, _s: it.record_stocktake(e.stocktaking, at),
    Asset.ExternalEntryRecorded: lambda it, e, at, _s: it.record_external_entry(e.entry, at),
    # rights and certificates
    Asset.RightAssigned: lambda it, e, at, _s: it.assign_right(e.assignment, at),
    Asset.PlatformAuthorised: lambda it, e, at, _s: it.authorise_platform(e.authorisation, "COMPANY", at),
    Asset.OwnerConsentRecorded: lambda it, e, at, _s: it.record_consent(e.consent, at),
    Asset.SubletRecorded: lambda it, e, at, _s: it.sublet(e.contract, e.sublease, at),
    Asset.PlatformAuthorisationEnded: lambda it, e, at, _s: it.end_platform(
        e.company, e.last_day, e.reason, at
    ),
    Asset.TitleCertificateApplied: lambda it, e, at, _s: it.apply_for_certificate(e.certificate, at),
    Asset.TitleCertificateIssued: lambda it, e, at, _s: it.issue_title_certificate(
        e.certificate, e.number, e.issued_on, at
    ),
    Asset.TitleCertificateIneligible: lambda it, e, at, _s: it.find_certificate_ineligible(
        e.certificate, e.reason, e.decided_on, at
    ),
    Asset.PropertyRegistered: lambda it, e, at, _s: it.register_property(e.registration, at),
    # title
    Asset.TransferInitiated: lambda it, e, at, _s: it.initiate_transfer(e.transfer, at),
    Asset.TransferItemsAccepted: _accepted_items,
    Asset.TransferRefused: lambda it, e, at, _s: it.refuse_transfer(e.transfer, e.receiver, e.reason, at),
    Asset.TransferCompleted: lambda it, e, at, _s: it.complete_transfer(e.transfer, at),
    Asset.JointSharesProposed: _proposed_shares,
    Asset.QuantificationPlanProposed: lambda it, e, at, _s: it.propose_quantification(e.plan, at),
    Asset.OwnershipProcedureStarted: lambda it, e, at, s: it.start_ownership_procedure(
        _proof(it, e.procedure, s), at
    ),
    Asset.CountyDecisionIssued: lambda it, e, at, _s: it.issue_county_decision(e.decision, at),
    Asset.TitleDisputeOpened: lambda it, e, at, _s: it.open_title_dispute(e.dispute, at),
    Asset.OwnershipCertificateIssued: _certified,
    Asset.OwnershipConfirmed: _confirmed,
    Asset.OwnershipFiled: _filed,
    Asset.FinalSettlementRecorded: lambda it, e, at, _s: it.record_final_settlement(e.settlement, at),
}


def _opened(_: Any, event: Any, at: Occasion, _shown: Shown) -> DomainAggregate:
    opening = ProcedureOpening(
        chain=event.chain,
        title=event.title,
        subject=event.subject,
        case=event.case,
        parties=event.parties,
    )
    return ProcedureInstance.open(event.originator_id, opening, event.by, at)


def _answered(it: Any, event: Any, at: Occasion, answer: str, reasons: str | None = None) -> None:
    it.answer_filing(event.step, event.filed_by, event.by, event.subject_sha256, answer, at, reasons=reasons)


def _resolved(it: Any, event: Any, at: Occasion, _: Shown) -> None:
    """The step is not in the event: it is the one the unit has a notice of."""
    steps = [step for step in it.postings if event.by.organization in it.step(step).actors]
    if not steps:
        message = "事件未记明异议所属的公示步骤"
        raise NotJudged(message)
    it.resolve_objection(steps[-1], event.number, event.by, event.outcome, event.answer, at)


_PROCEDURE: Final[dict[type[Any], Command]] = {
    ProcedureInstance.Opened: _opened,
    ProcedureInstance.Amended: lambda it, e, at, _s: it.amend(e.subject, e.by, e.reason, at),
    ProcedureInstance.Withdrawn: lambda it, e, at, _s: it.withdraw(e.by, e.reason, at),
    ProcedureInstance.StepCompleted: lambda it, e, at, _s: it.complete_step(
        e.step,
        e.by,
        e.subject_sha256,
        at,
        document_no=e.document_no,
        note=e.note,
        signed_by=[one.person for one in e.proposers or ()],
        posts={one.post: (one.person,) for one in e.proposers or ()},
    ),
    ProcedureInstance.StepTakenByFact: lambda it, e, at, _s: it.take_by_fact(
        e.fact,
        e.stream,
        e.fact_version,
        Execution(e.unit, it.subject.kind, it.subject.id, (e.subject_sha256,)),
        at,
    ),
    ProcedureInstance.Reviewed: lambda it, e, at, _s: it.review(
        e.step, e.by, e.subject_sha256, e.verdict, at, reasons=e.reasons
    ),
    ProcedureInstance.Determined: lambda it, e, at, _s: it.determine(
        e.step, e.by, e.subject_sha256, e.verdict, at, reasons=e.reasons
    ),
    ProcedureInstance.DecisionIssued: lambda it, e, at, _s: it.decide(
        e.step, e.by, e.subject_sha256, e.document_no, e.reasons, at
    ),
    ProcedureInstance.MeetingHeld: lambda it, e, at, _s: it.hold_meeting(
        e.step, e.by, e.subject_sha256, e.meeting, at, rolls=() if e.roll is None else (e.roll,)
    ),
    ProcedureInstance.NoticePosted: lambda it, e, at, _s: it.post_notice(
        e.step, e.by, e.subject_sha256, e.posted.posting, at
    ),
    ProcedureInstance.NoticeCompleted: lambda it, e, at, _s: it.complete_notice(
        e.step, e.by, e.subject_sha256, at
    ),
    ProcedureInstance.ObjectionFiled: lambda it, e, at, _s: it.file_objection(
        e.step, e.objection.text, e.objection.contact, at
    ),
    ProcedureInstance.SuggestionFiled: lambda it, e, at, _s: it.file_suggestion(e.text, e.contact, at),
    ProcedureInstance.ObjectionResolved: _resolved,
    ProcedureInstance.FilingSubmitted: lambda it, e, at, _s: it.submit_filing(
        e.step, e.by, e.subject_sha256, at
    ),
    ProcedureInstance.FilingAccepted: lambda it, e, at, _s: _answered(it, e, at, "ACCEPTED"),
    ProcedureInstance.FilingReturned: lambda it, e, at, _s: _answered(it, e, at, "RETURNED", e.reasons),
}

COMMANDS: Final[Mapping[str, Command]] = {
    event_class.TOPIC: command for event_class, command in {**_ASSET, **_PROCEDURE}.items()
}
"""Event type → its command."""

DERIVED: Final = frozenset({ProcedureInstance.NoticePosted.TOPIC})
"""Events that carry on as the examined rules would have made them."""
