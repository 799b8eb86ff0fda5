"""Steps in random order: nothing is completed without what it needs, and another text is never taken."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.procedure import plan
from domain.procedure.notice import NoticePlace
from domain.procedure.plan import ProcedureParty
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import Refusal
from tests.examples import TOWNSHIP, VILLAGE
from tests.procedures import (
    PROCEDURE,
    by,
    carry_out,
    elected,
    on,
    opening,
    posting,
    representatives,
    subject,
    township_meeting,
    village_parties,
)

CHAINS = ("A1", "A5", "A6", "A8", "A11", "A14")
EXPECTED = {
    "STEP_OUT_OF_ORDER", "NOTICE_PLACE_MISSING", "NOTICE_PERIOD_RUNNING", "NOTICE_NOT_COMPLETED", "OBJECTION_OPEN",
    "INCOME_PLAN_NOT_READY", "FILING_NOT_ACCEPTED", "COUNTY_DECISION_REQUIRED", "DETERMINATION_INCOMPLETE",
    "APPRAISAL_REQUIRED", "APPRAISAL_NOT_PUBLISHED", "APPROVAL_REQUIRED", "DECISION_REQUIRED",
    "SEGREGATION_OF_DUTIES", "NOT_FOUND", "STEP_TAKEN_BY_FACT",
}  # fmt: skip


class Steps(RuleBasedStateMachine):
    """One procedure, whose units try anything on any day."""

    procedure: ProcedureInstance
    day: date
    versions: int

    @initialize(chain=st.sampled_from(CHAINS))
    def open(self, chain: str) -> None:
        self.day = date(2022, 3, 1)
        self.versions = 0
        case = plan.ProcedureCase(
            owner_kind="VILLAGE",
            project_scope="SINGLE_VILLAGE",
            asset_type="WORKSHOP",
            disposal_value="200000.00",
        )
        parties = village_parties(ProcedureParty(role="IMPLEMENTER", organization=TOWNSHIP))
        given = opening(chain, case=case, parties=parties)
        opener = VILLAGE if chain in {"A1", "A8", "A11", "A14"} else TOWNSHIP
        self.procedure = ProcedureInstance.open(PROCEDURE, given, by(opener), on(2022, 3, 1))

    @rule(days=st.sampled_from([0, 1, 5, 12]))
    def time_passes(self, days: int) -> None:
        self.day = min(self.day + timedelta(days=days), date(2024, 12, 1))

    @rule(data=st.data(), swapped=st.booleans())
    def somebody_acts(self, data: st.DataObject, swapped: bool) -> None:
        it = self.procedure
        step = data.draw(st.sampled_from(it.steps))
        signer = by(
            data.draw(st.sampled_from(step.actors)), data.draw(st.sampled_from(["P-1", "P-2", "P-3"]))
        )
        sha = "cd" * 32 if swapped else it.subject.sha256
        at = on(self.day.year, self.day.month, self.day.day)
        returns = data.draw(st.integers(0, 9)) == 0
        before = it.dump_state()
        try:
            match step.act:
                case "DO":
                    it.complete_step(step.code, signer, sha, at)
                case "FACT" if not at.rules.facts_of(it.chain)[step.code]:
                    it.complete_step(step.code, signer, sha, at)
                case "FACT":
                    carry_out(it, step.code, signer.organization, at, sha)
                case "MEETING":
                    make = township_meeting if step.meeting == "TOWNSHIP" else representatives
                    it.hold_meeting(step.code, signer, sha, make(self.day), at, rolls=elected())
                case "NOTICE" if data.draw(st.booleans()):
                    it.complete_notice(step.code, signer, sha, at)
                case "NOTICE":
                    places = step.notice.places if step.notice is not None else ()
                    place = data.draw(
                        st.sampled_from(places or (NoticePlace(role="VILLAGE", organization=VILLAGE),))
                    )
                    it.post_notice(
                        step.code, signer, sha, posting(place.role, place.organization, self.day), at
                    )
                case "FILING" if step.code in it.filings and data.draw(st.booleans()):
                    assert step.filing is not None
                    answerer = by(step.filing.addressee, "P-9")
                    answer = "RETURNED" if returns else "ACCEPTED"
                    it.answer_filing(
                        step.code, signer.organization, answerer, sha, answer, at, reasons="缺附件"
                    )
                case "FILING":
                    it.submit_filing(step.code, signer, sha, at)
                case "DECIDE" if not returns:
                    it.decide(step.code, signer, sha, "批1号", "同意", at)
                case "DETERMINE":
                    it.determine(
                        step.code, signer, sha, "RETURNED" if returns else "APPROVED", at, reasons="退回"
                    )
                case _:
                    it.review(
                        step.code, signer, sha, "RETURNED" if returns else "APPROVED", at, reasons="退回"
                    )
        except Refusal as refusal:
            assert it.dump_state() == before
            if not swapped:
                assert refusal.code in EXPECTED, refusal
        else:
            assert not swapped

    @rule(text=st.sampled_from(["份额不对", "有异议"]))
    def somebody_objects(self, text: str) -> None:
        for step in self.procedure.postings:
            self.procedure.file_objection(step, text, None, on(self.day.year, self.day.month, self.day.day))

    @rule(outcome=st.sampled_from(["UPHELD", "DISMISSED", "WITHDRAWN"]))
    def objections_are_answered(self, outcome: str) -> None:
        it = self.procedure
        for number, objection in list(it.objections.items()):
            for step in it.steps:
                if objection.open and step.act == "NOTICE" and it.objections[number].open:
                    at = on(self.day.year, self.day.month, self.day.day)
                    it.resolve_objection(step.code, int(number), by(step.actors[0]), outcome, "已核", at)  # type: ignore[arg-type]

    @rule()
    def the_text_is_amended(self) -> None:
        it = self.procedure
        if it.state != "OPEN":
            return
        self.versions += 1
        if self.versions % 4 == 0:  # rarely, or nothing would ever be completed
            opener = next(step.actors[0] for step in it.steps if not step.needs)
            at = on(self.day.year, self.day.month, self.day.day)
            it.amend(subject(more=str(self.versions)), by(opener), "更正", at)
            assert it.completed_steps == frozenset()

    @invariant()
    def nothing_is_done_without_what_it_needs(self) -> None:
        if not hasattr(self, "procedure"):
            return
        done = self.procedure.completed_steps
        roots = {step.code for step in self.procedure.steps if not step.needs}
        for step in self.procedure.steps:
            if step.code in done and self.procedure.last_return is None:
                assert plan.before(self.procedure.steps, step.code) <= done
            elif step.code in done:  # a return opens the beginning again and what rests on the returned step
                assert plan.before(self.procedure.steps, step.code) - roots <= done

    @invariant()
    def the_log_tells_the_same(self) -> None:
        if hasattr(self, "procedure"):
            it = self.procedure
            again = ProcedureInstance.load_state(it.id, it.version, it.dump_state())
            assert again.dump_state() == it.dump_state()
            assert again.proof() == it.proof()


TestSteps = Steps.TestCase
TestSteps.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
