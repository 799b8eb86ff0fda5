"""The regulation as a dated policy: versions, parameters that only the office sets, and words for every refusal (前言、四(三))."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.policy import ActivatedVersion, Policy, RequestedParameterChange, versions_of
from domain.procedure.procedure import ProcedureInstance
from domain.refusals import catalogue, refuse
from tests.domain.saying import recorded, refused
from tests.examples import COUNTY, TODAY, VILLAGE, occasion, regulation
from tests.procedures import by, elected, income_plan, on, representatives, sha

LAST_OF_THE_OLD = date(2025, 4, 30)
FIRST_OF_THE_NEW = date(2025, 5, 1)


def adopted() -> Policy:
    policy = Policy.adopt(COUNTY, versions_of(regulation()), occasion())
    policy.collect_events()
    return policy


@pytest.mark.clause("C0-02")
def test_a_decision_is_judged_by_the_version_of_its_own_day() -> None:
    """Judges every decision by the policy version of its business date, stores which it was, and activates versions only in order."""
    for held_on, code in ((LAST_OF_THE_OLD, None), (FIRST_OF_THE_NEW, "NOT_PASSED")):
        plan = income_plan()
        at = on(held_on.year, held_on.month, held_on.day)
        meeting = representatives(
            held_on
        )  # 24 of 35 are there and 13 agree: enough of those present, not of all
        if code is None:
            plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), meeting, at, rolls=elected())
            assert recorded(plan, ProcedureInstance.MeetingHeld).basis.policy.endswith("#1")
            continue
        with refused(code, plan):
            plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), meeting, at, rolls=elected())
        enough = representatives(held_on, in_favour=24, against=0)
        plan.hold_meeting("DECISION", by(VILLAGE), sha(plan), enough, at, rolls=elected())
        assert recorded(plan, ProcedureInstance.MeetingHeld).basis.policy.endswith("#2")


@pytest.mark.clause("C0-02")
def test_an_older_version_cannot_follow_a_newer_one() -> None:
    """Refuses to activate a version that begins no later than the newest."""
    policy = adopted()
    older = ActivatedVersion(
        number=3,
        document_no="陶政办发〔2026〕1号",
        title="修订",
        in_force_from=FIRST_OF_THE_NEW,
        digest="ab" * 32,
    )
    with refused("POLICY_VERSION_OUT_OF_ORDER", policy, clause="C0-02"):
        policy.activate(older, occasion())
    policy.activate(older.model_copy(update={"in_force_from": date(2027, 1, 1)}), occasion())
    assert recorded(policy, Policy.VersionActivated).version.number == 3


@pytest.mark.clause("C0-04")
@pytest.mark.parametrize(
    "code",
    sorted(one.code for one in catalogue().values() if one.origin == "regulation" and one.kind != "warning"),
)
def test_every_refusal_names_its_clause_and_quotes_it(code: str) -> None:
    """Publishes clauses and codes for everybody, and names in every refusal of the regulation its clause and the clause's words."""
    entry, text, wording = catalogue()[code], "".join(regulation().text.split()), regulation().wording
    assert entry.clauses
    for clause in entry.clauses:
        said = wording.said(refuse(code, clause=clause, missing=["something"]))
        assert said.clause == clause
        assert said.quote == regulation().articles.by_number[clause].quote
        assert said.missing == ("something",)
        assert "".join(said.quote.split()) in text


@pytest.mark.clause("C4.3-19")
def test_the_office_sets_parameters_for_the_days_to_come() -> None:
    """Lets the asset office alone set parameters, from a day on that is not past; what was judged before stays judged."""
    policy = adopted()
    value = {"idleDays": 365, "yieldBelowBasisPoints": 300, "lossYears": 1}
    wanted = RequestedParameterChange(
        parameter="P13",
        value=value,
        document="陶政办发〔2023〕7号",
        effective_from=TODAY + timedelta(days=30),
    )
    past = wanted.model_copy(update={"effective_from": TODAY - timedelta(days=1)})
    with refused("PARAMETER_RETROACTIVE", policy, clause="C4.3-19"):
        policy.change(past, regulation(), occasion(TODAY))
    policy.change(wanted, regulation(), occasion(TODAY))
    assert recorded(policy, Policy.ParameterChanged).change.number == 1
    changed = policy.amend(regulation())
    before, after = changed.on(TODAY + timedelta(days=29)), changed.on(TODAY + timedelta(days=30))
    assert (before.parameters["P13"].idle_days, after.parameters["P13"].idle_days) == (180, 365)
