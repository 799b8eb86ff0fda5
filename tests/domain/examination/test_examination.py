"""History judged again: what is found in imported history, and that nothing is found in what was decided by commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

import tests.examples
import tests.procedures
from domain.aggregate import DomainAggregate
from domain.asset.asset import Asset
from domain.catalogue import EVENT_TYPES
from domain.examination.commands import COMMANDS
from domain.examination.examination import KINDS, Examined, Happened, examine, only_under
from domain.procedure.plan import ProcedureParty
from domain.procedure.procedure import ProcedureInstance
from domain.regulation import Amendment, Regulation
from domain.regulation.amendments import read_value, shown_value
from tests.domain.test_random_histories import Life
from tests.examples import (
    ASSET,
    DAY,
    DISPOSAL,
    TODAY,
    TOWNSHIP,
    VILLAGE,
    confirmation,
    distribution,
    imported,
    in_use,
    occasion,
    override,
    propose,
    receipt,
    regulation,
    sale,
    terms,
    workshop_card,
)
from tests.procedures import subject_of

EXPLAINED = "日志中此前没有程序"
"""Why an event of the examples may stay unjudged: their procedures are not in any log."""


def happened(events: list[Any]) -> list[Happened]:
    """Events as a log would hold them, recorded on the tests' day."""
    return [Happened(place, max(TODAY, one.occurred_on), one) for place, one in enumerate(events, 1)]


def examined(events: list[Any], rules: Regulation | None = None, **more: Any) -> Examined:
    """One stream's events by the packaged rules, or by others."""
    by = rules or regulation()
    kind = type(events[0]).TOPIC.partition(".")[0]
    return examine(f"{kind}-{ASSET}", happened(events), lambda _position, day: by.on(day), **more)


@pytest.fixture
def whole_life(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], DomainAggregate]], list[Any]]:
    """Every event of an aggregate that a maker of the examples makes, also those that it settles on the way."""

    def life(make: Callable[[], DomainAggregate]) -> list[Any]:
        monkeypatch.setattr(tests.examples, "settled", lambda it: it)
        monkeypatch.setattr(tests.procedures, "settled", lambda it: it)
        return list(make().collect_events())

    return life


def test_every_event_is_judged() -> None:
    """There is a command for every event of an asset and of a procedure, and for nothing else."""
    assert set(COMMANDS) == {name for name in EVENT_TYPES if name.partition(".")[0] in KINDS}


@pytest.mark.parametrize(
    "make",
    [
        "registered", "transferred", "planned", "certified", "confirmed", "confirmed_road", "confirmed_jointly",
        "in_care", "leased", "earning", "disposed",
    ],
)  # fmt: skip
def test_a_lawful_life_has_no_finding(make: str, whole_life: Any) -> None:
    events = whole_life(getattr(tests.examples, make))
    found = examined(events)
    assert found.events == len(events)
    assert found.findings == []
    assert [one for one in found.unjudged if EXPLAINED not in one.reason] == []


@pytest.mark.parametrize("make", ["hung", "ready_to_distribute", "inventory", "county_matter"])
def test_a_lawful_procedure_has_no_finding(make: str, whole_life: Any) -> None:
    found = examined(whole_life(getattr(tests.procedures, make)))
    assert (found.findings, found.unjudged) == ([], [])


def test_imported_illegal_history_is_found_by_clause_and_event() -> None:
    """Confirmed without transfer, leased too long, disposed of without appraisal and approval."""
    asset = Asset.register(ASSET, workshop_card(), imported(date(2019, 10, 31)))
    asset.confirm_ownership(confirmation(), imported())
    long = terms(signed_on=date(2019, 5, 1), starts_on=date(2019, 5, 1), ends_on=date(2049, 5, 1))
    asset.sign_contract(long, imported())
    asset.receive_income(receipt(received_on=date(2019, 12, 1)), imported(date(2019, 12, 1)))
    asset.distribute_income(distribution(paid_on=date(2019, 12, 5)), imported(date(2019, 12, 5)))
    asset.propose_disposal(tests.examples.proposal(), imported(date(2020, 1, 1)))
    asset.dispose(DISPOSAL, sale(disposed_on=date(2020, 2, 1)), imported(date(2020, 2, 1)))
    events: list[Any] = list(asset.collect_events())
    found = examined(events)
    assert [(one.type, one.code, one.clause) for one in found.findings] == [
        ("asset.ownership_confirmed", "TRANSFER_REQUIRED", "C4.5-14"),
        ("asset.leased", "LEASE_TERM_EXCEEDS_20Y", "C4.7-03"),
        ("asset.leased", "DECISION_REQUIRED", "C4.11-01"),
        ("asset.disposal_proposed", "DECISION_REQUIRED", "C4.12-02"),
        ("asset.disposed", "DECISION_REQUIRED", "C4.12-02"),
        ("asset.disposed", "DECISION_REQUIRED", "C4.12-05"),
        ("asset.disposed", "APPRAISAL_REQUIRED", "C4.12-02"),
        ("asset.disposed", "APPRAISAL_NOT_PUBLISHED", "C4.12-03"),
        ("asset.disposed", "APPROVAL_REQUIRED", "C4.12-02"),
        ("asset.disposed", "STEP_OUT_OF_ORDER", "C4.12-05"),
        ("asset.disposed", "LESSEE_PREEMPTION_PENDING", "C4.12-05"),
    ]
    for one in found.findings:
        assert one.source == "BOTH"
        assert one.clause is not None
        assert one.provenance == "2021年清查表"
        assert one.type == events[one.position - 1].TOPIC
    stored = [
        (place, each.code, each.clause)
        for place, event in enumerate(events, 1)
        for each in event.basis.findings
    ]
    assert [one.breach for one in found.findings] == stored


def test_what_nobody_noted_at_the_time_is_found_now(whole_life: Any) -> None:
    """The same events with their findings struck out: the examination finds every one again, by itself."""
    asset = Asset.register(ASSET, workshop_card(), imported())
    asset.confirm_ownership(confirmation(), imported())
    events: list[Any] = list(asset.collect_events())
    struck = [
        one.model_copy(update={"basis": one.basis.model_copy(update={"findings": ()})}) for one in events
    ]
    again, before = examined(struck), examined(events)
    assert before.findings
    assert [one.breach for one in again.findings] == [one.breach for one in before.findings]
    assert {one.source for one in again.findings} == {"EXAMINED"}


def test_what_a_document_lifted_is_named_with_it() -> None:
    events: list[Any] = list(Asset.register(ASSET, workshop_card(), occasion(overrides=())).collect_events())
    lifted = override("OWNER_RULE_CONFLICT")
    basis = events[0].basis.model_copy(update={"overrides": (lifted,)})
    (finding,) = examined([events[0].model_copy(update={"basis": basis})]).findings
    assert (finding.code, finding.lifted_by) == ("OWNER_RULE_CONFLICT", lifted.document_no)


def test_exception_that_was_only_typed_lifts_nothing_when_history_is_examined(whole_life: Any) -> None:
    typed = override("WELL_OPERATING_NOT_DISPOSABLE")

    def proposed_although_it_runs_well() -> Asset:
        asset = in_use()
        propose(asset, occasion(overrides=(typed,)))
        return asset

    *before, shown = whole_life(proposed_although_it_runs_well)
    proposed = shown.model_copy(update={"procedure": None, "chain": None})  # as they were proposed then
    basis = proposed.basis.model_copy(
        update={"overrides": (typed.model_copy(update={"override": None, "subject": None}),)}
    )
    history = [*before, proposed.model_copy(update={"basis": basis})]
    assert [(one.code, one.lifted_by) for one in examined([*before, proposed]).findings] == [
        ("DECISION_REQUIRED", None),
        ("WELL_OPERATING_NOT_DISPOSABLE", typed.document_no),
    ]
    (finding,) = [one for one in examined(history).findings if one.code != "DECISION_REQUIRED"]
    assert (finding.code, finding.source, finding.lifted_by) == (
        "WELL_OPERATING_NOT_DISPOSABLE",
        "EXAMINED",
        None,
    )


def test_a_notice_that_was_taken_down_too_early_is_found(whole_life: Any) -> None:
    """Posted on 1 July, called complete on 5 July: the event after the postings is named."""

    def hurried() -> ProcedureInstance:
        procedure = tests.procedures.posted()
        at = tests.procedures.on(2021, 7, 5, provenance="2021年清查表")
        procedure.complete_notice(
            "NOTICE", tests.procedures.by(TOWNSHIP), tests.procedures.sha(procedure), at
        )
        return procedure

    events = whole_life(hurried)
    (finding,) = examined(events).findings
    assert (finding.type, finding.code) == ("procedure.notice_completed", "NOTICE_PERIOD_RUNNING")
    assert finding.position == len(events)


def test_a_confirmation_by_a_notice_that_was_not_over_is_found(whole_life: Any) -> None:
    """The confirmation is judged by what its procedure had shown before it, whatever the procedure shows later."""
    asset = whole_life(tests.examples.confirmed_jointly)
    procedure = ProcedureInstance.open(
        "A5-2021-01",
        tests.procedures.opening(
            "A5",
            subject=subject_of("asset-title", ASSET, {"of": "another text"}),
            parties=(
                ProcedureParty(role="TOWNSHIP", organization=TOWNSHIP),
                ProcedureParty(role="VILLAGE", organization=VILLAGE),
                ProcedureParty(role="PROJECT_VILLAGE", organization=VILLAGE),
            ),
        ),
        tests.procedures.by(TOWNSHIP),
        tests.procedures.on(2021, 6, 28),
    )
    opened = [Happened(0, TODAY, one) for one in procedure.collect_events()]  # type: ignore[arg-type]
    found = examined(asset, procedures={"A5-2021-01": opened})
    assert ("asset.ownership_confirmed", "PLAN_HASH_MISMATCH") in {
        (one.type, one.code) for one in found.findings
    }
    assert found.unjudged == []
    later = [Happened(1_000, TODAY, one.event) for one in opened]
    unjudged = examined(asset, procedures={"A5-2021-01": later}).unjudged
    assert "asset.ownership_confirmed" in {one.type for one in unjudged if EXPLAINED in one.reason}


def longer_notice() -> Regulation:
    """A draft: the notice of a title hangs for fifteen days."""
    now = shown_value("P06", regulation().on(DAY).parameters["P06"])
    value = read_value("P06", now | {"days": 15})
    return regulation().amended([Amendment(1, "P06", value, regulation().first_day, "草案")])


def test_a_draft_with_a_longer_notice_refuses_exactly_the_notices_that_were_too_short(
    whole_life: Any,
) -> None:
    def noticed() -> ProcedureInstance:
        return tests.procedures.hung()

    events = whole_life(noticed)
    own, draft = examined(events), examined(events, longer_notice())
    (finding,) = only_under(draft, own)
    assert (finding.type, finding.code) == ("procedure.notice_completed", "NOTICE_PERIOD_RUNNING")
    assert only_under(examined(events), own) == []


def test_an_examination_changes_nothing(whole_life: Any) -> None:
    """The state that events leave is the same whether they are examined or only replayed."""
    events = whole_life(tests.examples.disposed)
    before = [one.model_dump_json() for one in events]
    replayed: Any = None
    for one in events:
        replayed = one.mutate(replayed)
    state = replayed.dump_state()
    examined(events)
    assert [one.model_dump_json() for one in events] == before
    assert replayed.dump_state() == state


class ExaminedLife(Life):
    """A random life by commands, examined at its end."""

    def teardown(self) -> None:
        """Under its own rules it has no finding that was not stored at the time."""
        found = examined(self.events)
        assert [one for one in found.findings if one.source == "EXAMINED"] == []
        assert [one for one in found.unjudged if EXPLAINED not in one.reason] == []


def test_what_was_decided_by_commands_has_no_new_finding() -> None:
    run_state_machine_as_test(
        ExaminedLife, settings=settings(max_examples=15, stateful_step_count=30, deadline=None)
    )


def test_only_events_of_the_days_asked_about_are_judged() -> None:
    """Those before make the state that they met, whatever was wrong with them."""
    asset = Asset.register(ASSET, workshop_card(), imported())
    asset.confirm_ownership(confirmation(), imported())
    long = terms(signed_on=date(2019, 5, 1), starts_on=date(2019, 5, 1), ends_on=date(2049, 5, 1))
    asset.sign_contract(long, imported(date(2019, 5, 2)))
    events = list(asset.collect_events())
    whole = examined(events).findings
    assert {one.occurred_on for one in whole} > {date(2019, 5, 2)}
    days = date(2019, 5, 2), date(2019, 12, 31)
    of_days = examined(events, days=days)
    assert of_days.findings == [one for one in whole if one.occurred_on == date(2019, 5, 2)]
    assert of_days.events == 1


def test_what_broke_before_the_days_asked_about_is_said_in_them() -> None:
    """What has no place is said although it lies outside; what follows is judged without it."""
    asset = Asset.register(ASSET, workshop_card(), imported())
    asset.confirm_ownership(confirmation(), imported())
    asset.sign_contract(terms(), imported(date(2021, 7, 1)))
    asset.end_contract(
        terms().contract, terms().starts_on, "TERMINATED", "毁约", imported(date(2021, 10, 25))
    )
    asset.flag_risk("TITLE_UNCLEAR", "群众反映", imported(date(2021, 11, 1)))
    registered, confirmed, _, ended, flagged = asset.collect_events()
    without_the_contract = [
        one.model_copy(update={"originator_version": place})
        for place, one in enumerate([registered, confirmed, ended, flagged], 1)
    ]
    found = examined(without_the_contract, days=(date(2021, 11, 1), date(2021, 11, 30)))
    assert (found.events, found.findings) == (1, [])
    (one,) = found.unjudged
    assert (one.position, one.occurred_on) == (4, date(2021, 11, 1))
    assert "事件 3 " in one.reason
