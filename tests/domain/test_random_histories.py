"""Random lives of one asset: whatever is asked in whatever order, some things always hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.aggregate import fold_stream
from domain.asset.asset import Asset
from domain.asset.facts.card import Correction
from domain.asset.facts.title_plan import JointProposal
from domain.refusals import Refusal
from domain.values import Fen
from tests.examples import (
    ASSET,
    CASE,
    DISPOSAL,
    MANAGER,
    OTHER_VILLAGE,
    OVERSEER,
    SUCCESSOR,
    TRANSFER,
    VILLAGE,
    accepted,
    appraisal,
    approval,
    approve,
    booking,
    certificate,
    county_decision,
    custody,
    distribution,
    document,
    joint_card,
    joint_confirmation,
    maintenance,
    occasion,
    propose,
    publication,
    receipt,
    report,
    sale,
    shown,
    sign,
    supervision,
    terms,
    transfer,
    use,
    yuan,
)
from tests.through_the_log import through_the_log

AFTER_DISPOSAL = (Asset.RegistrationCorrected, Asset.DisposalProceedsReceived)
amounts = st.integers(1, 10**9).map(Fen)


class Life(RuleBasedStateMachine):
    """One asset of two villages, its events, and a calendar that only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.day = date(2021, 8, 1)
        self.asset = Asset.register(
            ASSET, joint_card(implementer=VILLAGE, implementer_kind="VILLAGE"), self.at()
        )
        villages = JointProposal(villages=(VILLAGE, OTHER_VILLAGE))
        self.asset.propose_joint_shares(villages, self.at())
        self.events: list[Any] = list(self.asset.collect_events())
        self.posted = 0

    def at(self) -> Any:
        return occasion(self.day, today=date(2023, 6, 30))

    def attempt(self, act: Callable[[], None]) -> None:
        """Act; a refusal leaves everything as it was, and what was done is not done twice."""
        before = self.asset.dump_state()
        gone = self.asset.disposed_on is not None
        try:
            act()
        except Refusal:
            assert self.asset.dump_state() == before
            assert list(self.asset.collect_events()) == []
            return
        events = list(self.asset.collect_events())
        self.events += events
        if gone:
            assert all(isinstance(event, AFTER_DISPOSAL) for event in events)
        for event in events:
            self.sums_are_exact(event)
        after = self.asset.dump_state()
        with suppress(Refusal):  # a repeated decision may also be told that it was taken
            act()
        assert list(self.asset.collect_events()) == []
        assert self.asset.dump_state() == after

    def sums_are_exact(self, event: Any) -> None:
        """Whatever an event divides, it divides without rest."""
        if isinstance(event, Asset.IncomeReceived) and event.attributions:
            assert sum(one.amount for one in event.attributions) == event.receipt.amount
        if isinstance(event, Asset.MaintenanceDone) and event.cost_shares:
            assert sum(one.amount for one in event.cost_shares) == event.maintenance.cost
        if isinstance(event, Asset.DepreciationPosted):
            self.posted += event.amount
            assert sum(one.amount for one in event.shares) == event.amount
            assert self.posted == event.accumulated

    @rule(days=st.integers(0, 40))
    def time_passes(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), date(2023, 6, 1))

    @rule()
    def confirm(self) -> None:
        self.attempt(
            lambda: self.asset.confirm_ownership(
                joint_confirmation(), self.at(), proof=shown(self.asset, on=self.day)
            )
        )

    @rule(village=st.sampled_from([VILLAGE, OTHER_VILLAGE]))
    def certify(self, village: str) -> None:
        amount = {one.party: one.amount for one in self.asset.planned_shares}[village]
        paper = certificate(village, amount.yuan(), issued_on=self.day)
        proof = shown(self.asset, on=self.day)
        self.attempt(lambda: self.asset.issue_ownership_certificate(paper, proof, self.at()))

    @rule()
    def decide(self) -> None:
        paper = county_decision(decided_on=self.day)
        self.attempt(lambda: self.asset.issue_county_decision(paper, self.at()))

    @rule(state=st.sampled_from(["IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST"]))
    def look(self, state: str) -> None:
        self.attempt(lambda: self.asset.report_status(report(state, self.day), self.at()))

    @rule(kind=st.sampled_from(["WASTED", "IDLE", "TITLE_UNCLEAR"]), clear=st.booleans())
    def risk(self, kind: str, clear: bool) -> None:
        act = self.asset.clear_risk if clear else self.asset.flag_risk
        self.attempt(lambda: act(kind, "巡查", self.at()))

    @rule(cost=amounts)
    def maintain(self, cost: Fen) -> None:
        self.attempt(lambda: self.asset.maintain(maintenance(cost=cost, done_on=self.day), self.at()))

    @rule(year=st.integers(2019, 2023))
    def depreciate(self, year: int) -> None:
        self.attempt(lambda: self.asset.post_depreciation(year, self.at()))

    @rule(number=st.integers(1, 3), mode=st.sampled_from(["LEASED", "CONTRACTED"]))
    def let(self, number: int, mode: str) -> None:
        paper = terms(
            contract=f"C-{number}", mode=mode, starts_on=self.day, ends_on=self.day + timedelta(days=90)
        )
        self.attempt(lambda: sign(self.asset, paper, self.at()))

    @rule(number=st.integers(1, 3), stays=st.booleans())
    def end_contract(self, number: int, stays: bool) -> None:
        code = f"C-{number}"
        if stays:
            self.attempt(lambda: self.asset.start_holdover(code, self.day, self.at()))
        else:
            self.attempt(lambda: self.asset.end_contract(code, self.day, "TERMINATED", "收回", self.at()))

    @rule(number=st.integers(1, 5), amount=amounts)
    def receive(self, number: int, amount: Fen) -> None:
        paper = receipt(receipt=f"R-{number}", amount=amount, contract=None, received_on=self.day)
        self.attempt(lambda: self.asset.receive_income(paper, self.at()))

    @rule(number=st.integers(1, 5), amount=amounts, holder=st.sampled_from([VILLAGE, OTHER_VILLAGE]))
    def distribute(self, number: int, amount: Fen, holder: str) -> None:
        lines = (use(amount.yuan()),)
        plan = distribution(
            voucher_no=f"付-{number}", amount=amount, holder=holder, lines=lines, paid_on=self.day
        )
        self.attempt(lambda: self.asset.distribute_income(plan, self.at()))

    @rule(provisional=st.booleans())
    def keep(self, provisional: bool) -> None:
        self.attempt(lambda: self.asset.assign_custody(custody(provisional=provisional), self.at()))
        self.attempt(lambda: self.asset.assign_supervision(supervision(), self.at()))

    @rule()
    def hand_over(self) -> None:
        self.attempt(
            lambda: self.asset.hand_over(
                case=CASE,
                duty="MANAGER",
                outgoing=MANAGER,
                incoming=SUCCESSOR,
                supervisor=OVERSEER,
                at=self.at(),
            )
        )

    @rule(step=st.integers(0, 2))
    def transfer(self, step: int) -> None:
        acts: list[Callable[[], None]] = [
            lambda: self.asset.initiate_transfer(transfer(), self.at()),
            lambda: self.asset.accept_transfer(TRANSFER, VILLAGE, accepted(), self.at()),
            lambda: self.asset.complete_transfer(TRANSFER, self.at()),
        ]
        self.attempt(acts[step])

    @rule(name=st.sampled_from(["甲", "乙"]), county=st.booleans())
    def correct(self, name: str, county: bool) -> None:
        paper = Correction(
            changes={"assetName": name},
            reason="更正",
            document_no="更1号",
            county_document_no="县1号" if county else None,
        )
        self.attempt(lambda: self.asset.correct_registration(paper, self.at()))

    @rule()
    def file_and_book(self) -> None:
        self.attempt(lambda: self.asset.archive_document(document(), self.at()))
        self.attempt(lambda: self.asset.book(booking(amount=yuan("66666.67"), booked_on=self.day), self.at()))

    @rule(last=st.integers(1, 8))
    def dispose(self, last: int) -> None:
        """The way to a disposal, up to a step."""
        asset, at, day = self.asset, self.at, self.day
        steps: list[Callable[[], None]] = [
            lambda: propose(asset, at()),
            lambda: asset.record_appraisal(DISPOSAL, appraisal(base_date=day), at()),
            lambda: asset.publish_appraisal(DISPOSAL, publication(published_on=day), at()),
            lambda: asset.forward_disposal(DISPOSAL, "TOWNSHIP", "同意", at()),
            lambda: asset.forward_disposal(DISPOSAL, "AGRICULTURE", "同意", at()),
            lambda: approve(asset, at(), approval(approved_on=day)),
            lambda: asset.dispose(DISPOSAL, sale(disposed_on=day), at()),
            lambda: asset.receive_proceeds(DISPOSAL, Fen(11_000_000), day, "收-1", at()),
        ]
        for step in steps[:last]:
            self.attempt(step)

    @rule()
    def withdraw(self) -> None:
        self.attempt(lambda: self.asset.close_disposal(DISPOSAL, "WITHDRAWN", "暂缓", self.at()))

    @invariant()
    def money_is_all_there(self) -> None:
        asset = self.asset
        held = sum(asset.income_by_holder.values())
        assert all(amount >= 0 for amount in asset.income_by_holder.values())
        waiting = asset.income_received - asset.income_distributed - held
        assert waiting == 0 if asset.owners else waiting == asset.income_received
        if asset.owners:
            assert sum(one.amount for one in asset.owners) == asset.card.original_value
        assert 0 <= asset.accumulated_depreciation <= asset.card.original_value
        assert sum(one.amount for one in asset.card.funding_lines) == asset.card.original_value

    @invariant()
    def the_dumped_state_is_the_state(self) -> None:
        state = self.asset.dump_state()
        loaded = Asset.load_state(ASSET, self.asset.version, state)
        assert (loaded.dump_state(), loaded.version) == (state, len(self.events))

    def teardown(self) -> None:
        """Replaying what the log would hold gives the live state."""
        replayed: Any = fold_stream(through_the_log(event) for event in self.events).aggregate
        # the log sorts the keys of an object, so a contract's clauses may come back in another order
        assert json.loads(replayed.dump_state()) == json.loads(self.asset.dump_state())
        assert (replayed.version, replayed.regions()) == (self.asset.version, self.asset.regions())


def test_random_histories() -> None:
    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))
