"""The course of an asset's life (T11), written down by hand: no decision moves a region in another way, over every event.

The command behind every stored event is put to assets at every station of a life. What it moves must stand in `COURSE`,
every line of `COURSE` must happen, and states and regions are those that a county's guards may name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from domain.asset.asset import Asset
from domain.asset.facts.ownership import TitleDispute
from domain.asset.facts.preemption import PreemptionAnswer, PreemptionOffer
from domain.catalogue import EVENT_TYPES
from domain.examination.commands import COMMANDS
from domain.refusals import Refusal
from domain.regulation import rows
from service.log.codec import EventCodec
from tests import examples
from tests.examples import CONTRACT, COUNTY, DISPOSAL, TOWNSHIP, approve, occasion, report, settled

LATE: Final = date(2027, 6, 30)
UNDER_WAY: Final = ("PROPOSED", "APPRAISED", "PUBLISHED", "FORWARDED", "APPROVED")
REPORTED: Final = ("IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST")

COURSE: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    ("REGISTRATION", "Booked", ("REGISTERED",), "BOOKED"),
    ("TITLE", "OwnershipProcedureStarted", ("UNCONFIRMED", "DISPUTED"), "IN_PROCEDURE"),
    ("TITLE", "OwnershipConfirmed", ("UNCONFIRMED", "IN_PROCEDURE", "DISPUTED"), "CONFIRMED"),
    ("TITLE", "TitleDisputeOpened", ("UNCONFIRMED", "IN_PROCEDURE", "CONFIRMED"), "DISPUTED"),
    ("TITLE", "RiskFlagged", ("CONFIRMED",), "DISPUTED"),
    ("OPERATION", "PutIntoUse", ("NOT_IN_USE", "IDLE", "DAMAGED", "LOST"), "IN_USE"),
    *(
        (
            "OPERATION",
            "OperationStatusReported",
            ("NOT_IN_USE", *(one for one in REPORTED if one != state)),
            state,
        )
        for state in REPORTED
    ),
    ("CONTRACT", "Leased", ("NONE", "EXPIRED", "TERMINATED"), "ACTIVE"),
    ("CONTRACT", "OperatingContractSigned", ("NONE", "EXPIRED", "TERMINATED"), "ACTIVE"),
    ("CONTRACT", "HoldoverStarted", ("ACTIVE",), "HOLDOVER"),
    ("CONTRACT", "OperatingContractEnded", ("ACTIVE", "HOLDOVER"), "EXPIRED"),
    ("CONTRACT", "OperatingContractEnded", ("ACTIVE", "HOLDOVER"), "TERMINATED"),
    ("CONTRACT", "Disposed", ("ACTIVE",), "TERMINATED"),
    ("CUSTODY", "CustodyAssigned", ("NONE",), "ASSIGNED"),
    ("DISPOSAL", "DisposalProposed", ("NONE", "REJECTED", "WITHDRAWN"), "PROPOSED"),
    ("DISPOSAL", "AppraisalRecorded", ("PROPOSED", "PUBLISHED", "FORWARDED", "APPROVED"), "APPRAISED"),
    ("DISPOSAL", "AppraisalPublished", ("APPRAISED",), "PUBLISHED"),
    ("DISPOSAL", "DisposalForwarded", ("PUBLISHED",), "FORWARDED"),
    ("DISPOSAL", "DisposalApproved", ("PUBLISHED", "FORWARDED"), "APPROVED"),
    ("DISPOSAL", "Disposed", ("APPROVED",), "DISPOSED"),
    ("DISPOSAL", "DisposalClosed", UNDER_WAY, "REJECTED"),
    ("DISPOSAL", "DisposalClosed", UNDER_WAY, "WITHDRAWN"),
)
"""Region, event, the states it leaves, the state it comes to. An event that is not here moves nothing."""

Move = tuple[str, str, str, str]
"""Region, event, state before, state after."""

MOVES: Final[frozenset[Move]] = frozenset(
    (region, event, before, after) for region, event, states, after in COURSE for before in states
)
BEGINNING: Final = {
    "REGISTRATION": "REGISTERED",
    "TITLE": "UNCONFIRMED",
    "OPERATION": "NOT_IN_USE",
    "CONTRACT": "NONE",
    "CUSTODY": "NONE",
    "DISPOSAL": "NONE",
}


# ---- stations of a life --------------------------------------------------------------------------------------------


def disputed() -> Asset:
    asset = examples.confirmed()
    asset.open_title_dispute(TitleDispute(opened_on=date(2021, 9, 5), reason="两村争议"), occasion())
    return settled(asset)


def decided_dispute() -> Asset:
    """Disputed and decided: only the confirmation is left."""
    asset = disputed()
    asset.issue_county_decision(examples.county_decision(decided_on=date(2021, 9, 6)), occasion())
    return settled(asset)


def in_procedure() -> Asset:
    asset = examples.planned()
    asset.start_ownership_procedure(examples.shown(asset), occasion(date(2021, 8, 21)))
    return settled(asset)


def in_procedure_certified() -> Asset:
    asset = in_procedure()
    for one in asset.planned_shares:
        paper = examples.certificate(one.party, one.amount.yuan())
        asset.issue_ownership_certificate(paper, examples.shown(asset), occasion(date(2021, 8, 21)))
    return settled(asset)


def disputed_plan() -> Asset:
    asset = examples.planned()
    asset.open_title_dispute(TitleDispute(opened_on=date(2021, 9, 5), reason="两村争议"), occasion())
    return settled(asset)


def reported(state: str, make: Callable[[], Asset]) -> Asset:
    asset = make()
    asset.report_status(report(state), occasion())
    return settled(asset)


def ended(outcome: Any) -> Asset:
    asset = examples.leased()
    last = asset.contracts[CONTRACT].terms.ends_on
    asset.end_contract(CONTRACT, last, outcome, "到期", occasion(last, today=LATE))
    return settled(asset)


def held_over() -> Asset:
    asset = examples.leased()
    after = date.fromordinal(asset.contracts[CONTRACT].terms.ends_on.toordinal() + 1)
    asset.start_holdover(CONTRACT, after, occasion(after, today=LATE))
    return settled(asset)


def closed(outcome: Any) -> Asset:
    asset = examples.proposed()
    asset.close_disposal(DISPOSAL, outcome, "不予处置", occasion(date(2022, 2, 10)))
    return settled(asset)


def approved_while_let() -> Asset:
    asset = examples.published(base=reported("IDLE", examples.leased))
    for level in ("TOWNSHIP", "AGRICULTURE"):
        asset.forward_disposal(DISPOSAL, level, "同意", occasion(date(2022, 3, 20)))
    approve(asset, occasion(date(2022, 4, 10)), examples.approval())
    return settled(asset)


def asked_first() -> Asset:
    """Let, its disposal approved, and offered to its lessee, who may buy first."""
    asset = approved_while_let()
    on = date(2022, 4, 11)
    offer = PreemptionOffer(
        offer="PO-1", holder="O-1", price=examples.yuan("150000.00"), conditions="一次付清", offered_on=on, evidence_sha256="d" * 64
    )  # fmt: skip
    asset.offer_preemption(DISPOSAL, offer, occasion(on))
    return settled(asset)


def waived_by_its_lessee() -> Asset:
    asset = asked_first()
    on = date(2022, 4, 11)
    answer = PreemptionAnswer(outcome="WAIVED", answered_on=on, evidence_sha256="d" * 64)
    asset.answer_preemption(DISPOSAL, "PO-1", answer, occasion(on))
    return settled(asset)


def small_sale() -> Asset:
    return examples.published(examples.in_house("50000.00"), reported("IDLE", small))


def small() -> Asset:
    """Worth little: the township approves its sale (P04)."""
    value = "60000.00"
    card = examples.workshop_card(original_value=examples.yuan(value), funding_lines=(examples.line(value),))
    owned = (examples.share(examples.VILLAGE, value),)
    return examples.confirmed(card, examples.confirmation(owners=owned, income_right_holders=owned))


def accounted() -> Asset:
    """Confirmed, and the final account of its works is in the file."""
    asset = examples.confirmed()
    paper = examples.document(kind="FINAL_ACCOUNT", document="JS-1")
    asset.archive_document(paper, occasion(date(2021, 9, 10)))
    return settled(asset)


def after(event: str, make: Callable[[], Asset]) -> Asset:
    """The asset with one stored event's command behind it."""
    asset = make()
    events, _ = moved(asset, stored()[event])
    assert events, event
    return asset


STATIONS: Final[dict[str, Callable[[], Asset]]] = {
    **{
        name: getattr(examples, name)
        for name in (
            "registered", "transferred", "planned", "certified", "confirmed", "confirmed_road", "confirmed_jointly",
            "in_use", "in_care", "leased", "earning", "proposed", "appraised", "published", "forwarded", "approved",
            "disposed",
        )
    },
    **{
        one.__name__: one
        for one in (
            disputed, decided_dispute, in_procedure, in_procedure_certified, disputed_plan, held_over,
            approved_while_let, asked_first, waived_by_its_lessee, small_sale, accounted,
        )
    },
    **{f"contract {one}": partial(ended, one) for one in ("EXPIRED", "TERMINATED")},
    **{f"disposal {one}": partial(closed, one) for one in ("REJECTED", "WITHDRAWN")},
    **{
        f"{state} {make.__name__}": partial(reported, state, make)
        for state in REPORTED
        for make in (examples.registered, examples.in_use)
    },
    "herd": lambda: examples.confirmed(examples.herd_card()),
    "joint": lambda: examples.registered(examples.joint_card()),
    "cross": lambda: examples.registered(examples.workshop_card(project_scope="CROSS_VILLAGE")),
    "flagged": lambda: after("RiskFlagged", examples.confirmed),
    "applied": lambda: after("TitleCertificateApplied", examples.confirmed),
    "covered": lambda: after("RiskMitigationAdded", examples.leased),
    "offered": lambda: after("TransferInitiated", examples.registered),
    "consented": lambda: after("OwnerConsentRecorded", examples.leased),
    "authorised": lambda: after("PlatformAuthorised", examples.confirmed),
    "taken": lambda: after("TransferItemsAccepted", STATIONS["offered"]),
}  # fmt: skip


# ---- commands of every event ---------------------------------------------------------------------------------------


def stored() -> dict[str, Any]:
    """The stored event of each type of asset event."""
    codec = EventCodec()
    files = sorted((Path(__file__).parents[1] / "history").glob("asset.*.json"))
    events = [codec.domain_event(codec.decode(COUNTY, 1, file.read_bytes().rstrip(b"\n"))) for file in files]
    return {type(event).__name__: event for event in events}


def otherwise(event: Any, **changes: Any) -> Any:
    return event.model_copy(update=changes)


def commands() -> Iterator[Any]:
    """Every stored event, and others of its type where one type moves in several ways."""
    events = stored()
    yield from events.values()
    for state in REPORTED:
        on = date(2022, 6, 1)
        yield otherwise(events["OperationStatusReported"], report=report(state, on), occurred_on=on)
    yield otherwise(events["RiskFlagged"], kind="TITLE_UNCLEAR")
    dispute = TitleDispute(opened_on=date(2022, 6, 1), reason="两村争议")
    yield otherwise(events["TitleDisputeOpened"], dispute=dispute, occurred_on=date(2022, 6, 1))
    yield otherwise(events["PutIntoUse"], in_use_since=date(2021, 10, 2), occurred_on=date(2021, 10, 2))
    for kind, mode in (("Leased", "LEASED"), ("OperatingContractSigned", "CONTRACTED")):
        later = {"signed_on": LATE, "starts_on": LATE, "ends_on": date(2028, 6, 30)}
        terms = examples.terms(contract="C-9", mode=mode, **later)
        yield otherwise(events[kind], terms=terms, occurred_on=LATE)
    last = examples.terms().ends_on
    after = date.fromordinal(last.toordinal() + 1)
    yield otherwise(events["HoldoverStarted"], contract=CONTRACT, since=after, occurred_on=after)
    for outcome in ("EXPIRED", "TERMINATED"):
        yield otherwise(events["OperatingContractEnded"], outcome=outcome, ended_on=after, occurred_on=after)
    given_back = events["RiskMitigationReleased"]
    yield otherwise(given_back, occurred_on=given_back.release.released_on)
    late = date(2022, 4, 12)
    asked = events["PreemptionOffered"]
    lessee = {"offer": "PO-2", "holder": "O-1", "offered_on": late}
    yield otherwise(asked, offer=asked.offer.model_copy(update=lessee), occurred_on=late)
    said = events["PreemptionAnswered"]
    yield otherwise(said, answer=said.answer.model_copy(update={"answered_on": late}), occurred_on=late)
    yield otherwise(events["DisposalProposed"], proposal=examples.proposal(disposal="D-2"))
    yield otherwise(events["AppraisalRecorded"], appraisal=examples.appraisal("120000.00"))
    small = examples.approval(approver=TOWNSHIP, approver_level="TOWNSHIP")
    yield otherwise(events["DisposalApproved"], approval=small)
    for outcome in ("REJECTED", "WITHDRAWN"):
        yield otherwise(events["DisposalClosed"], outcome=outcome)
    asked = events["TitleCertificateApplied"].certificate.certificate
    yield otherwise(events["TitleCertificateIneligible"], certificate=asked)
    joint = examples.joint_confirmation()
    yield otherwise(events["OwnershipConfirmed"], confirmation=joint)
    for kind in ("OwnershipConfirmed", "OwnershipProcedureStarted"):
        yield otherwise(events[kind], occurred_on=date(2021, 9, 10))


class Shown:
    """A procedure that has come as far as the asset needs."""

    def __init__(self, asset: Asset, event: Any) -> None:
        self.asset, self.event = asset, event
        self.parties = ()

    def proof(self) -> Any:
        if hasattr(self.event, "terms"):
            return examples.decided(self.asset, self.event.terms)
        if hasattr(self.event, "proposal"):
            return examples.agreed(self.asset, self.event.proposal)
        if hasattr(self.event, "disposal"):
            return examples.agreed(self.asset, self.asset.disposals[self.event.disposal].proposal)
        at = occasion(date(2021, 9, 10))
        chain = self.asset.ownership_advice(at).chain
        steps = ("SHARES", "MEETING", "NOTICE", "CERTIFICATES", "FILING")
        return examples.shown(self.asset, *steps, **({} if chain is None else {"chain": chain}))


def moved(asset: Asset, event: Any) -> tuple[list[str], list[Move]]:
    """What the event's command records on the asset, and which regions that moves; nothing when it is refused."""
    before = asset.regions()
    at = occasion(max(event.occurred_on, asset.through), today=LATE)
    if {"terms", "proposal"} & type(event).model_fields.keys():
        event = otherwise(event, procedure="PR-9")
    if "selected" in type(event).model_fields:
        paper = event.terms.model_copy(update={"selection": f"OS-{event.terms.contract}"})
        event = otherwise(event, terms=paper, selected=examples.chosen(asset, paper))
    try:
        COMMANDS[event.TOPIC](asset, event, at, lambda _: Shown(asset, event))  # type: ignore[arg-type]
    except Refusal:
        return [], []
    recorded = [type(one).__name__ for one in asset.collect_events()]
    after = asset.regions()
    changed = [region for region in before if before[region] != after[region]]
    return recorded, [(region, "+".join(recorded), before[region], after[region]) for region in changed]


def test_a_life_goes_its_course_and_no_other() -> None:
    happened: set[Move] = set()
    recorded: set[str] = set()
    acts = [event for event in commands() if not isinstance(event, Asset.Registered)]
    for name, station in STATIONS.items():
        there = station()
        for event in acts:
            asset = Asset.load_state(there.id, there.version, there.dump_state())
            events, moves = moved(asset, event)
            assert set(moves) <= MOVES, (name, type(event).__name__)
            happened |= set(moves)
            recorded |= set(events)
    assert happened == MOVES
    every = {one.__name__ for topic, one in EVENT_TYPES.items() if topic.startswith("asset.")}
    assert every - recorded == {"Registered"}


def test_a_life_begins_registered_and_no_more() -> None:
    assert examples.registered().regions() == BEGINNING


def test_regions_and_states_of_the_course_are_those_that_guards_may_name() -> None:
    reached = {(region, state) for region, _, states, after in COURSE for state in (*states, after)}
    reached |= set(BEGINNING.items())
    assert reached == {(region, state) for region, states in rows.REGIONS.items() for state in states}
