"""Contracts over HTTP: each rests on the procedure that decided on these very terms, and settles what the regulation wants settled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_parties import shared
from tests.api.asset.test_titles import SECOND, confirmed, refused, write
from tests.api.bodies import VILLAGE, custody, terms
from tests.api.contracts import Choice, decided
from tests.api.service import Service


@pytest.mark.clause("C4.11-01")
async def test_a_typed_number_is_no_decision(service: Service) -> None:
    """Refuses a contract without its procedure, whatever document number is typed; signs it by the village's vote."""
    asset = await confirmed(service)
    text = terms(decisionDocument="村代会〔2021〕2号")
    tried = await refused(service, asset, "leases", {"terms": text}, "village")
    assert tried == (409, "DECISION_REQUIRED", ["procedure"])
    historical = {"terms": text, "provenance": "村级档案"}
    tried = await refused(service, asset, "historical-contracts", historical, "office")
    assert tried == (409, "DECISION_REQUIRED", ["procedure"])
    signed = await write(service, asset, "leases", await decided(service, asset, text), "village")
    assert [one["type"] for one in signed["events"]] == ["asset.leased", "procedure.step_taken_by_fact"]
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]
    assert stored["data"]["procedure"].startswith("A9-")


@pytest.mark.clause("C4.11-01")
async def test_the_vote_comes_before_the_contract(service: Service) -> None:
    """Refuses a contract before the village voted, and by another text's vote."""
    asset = await confirmed(service)
    it = Choice(service, asset, terms())
    await it.open()
    body = {"terms": it.terms, "procedure": it.code}
    assert await refused(service, asset, "leases", body, "village") == (409, "DECISION_REQUIRED", ["MEETING"])
    await it.take("MEETING")
    dearer = {"terms": it.terms | {"annualIncome": "30000.01"}, "procedure": it.code}
    tried = await refused(service, asset, "leases", dearer, "village")
    assert tried == (409, "PLAN_HASH_MISMATCH", ["procedure"])
    await write(service, asset, "leases", body, "village")


@pytest.mark.clause("C4.11-01")
async def test_a_village_does_not_pass_for_a_department(service: Service) -> None:
    """Refuses a procedure opened as a department's, so that a paper would do where the village has to vote."""
    asset = await confirmed(service)
    it = Choice(service, asset, terms())
    await it.open(ownerKind="DEPARTMENT")
    await it.take("DECISION")
    tried = await refused(service, asset, "leases", {"terms": it.terms, "procedure": it.code}, "village")
    assert tried == (409, "DECISION_REQUIRED", ["MEETING"])


@pytest.mark.clause("C4.7-12", "C4.11-01")
async def test_what_lies_across_villages_is_let_by_all_its_owners_and_by_their_plan(service: Service) -> None:
    """Refuses the simple choice of an operator, and one owner's vote, for an asset across villages."""
    asset = await shared(service)
    text = terms(charterDocument="章程1号")
    simple = Choice(service, asset, text)
    await simple.open("A9")
    await simple.through()
    body = {"terms": simple.terms, "procedure": simple.code}
    assert await refused(service, asset, "leases", body, "village") == (409, "DECISION_REQUIRED", ["A10"])
    alone = Choice(service, asset, text)
    await alone.open(owners=[VILLAGE])
    await alone.through()
    body = {"terms": text, "procedure": alone.code}
    tried = await refused(service, asset, "leases", body, "village")
    assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", [SECOND])
    await write(service, asset, "leases", await decided(service, asset, text), "village")


CLAUSES = (
    "responsibility",
    "target",
    "income",
    "mode",
    "term",
    "incomeDistribution",
    "riskControl",
    "custody",
)


def without(key: str, **changes: Any) -> dict[str, Any]:
    """The lease without one of its clauses."""
    text = terms(**changes)
    return text | {"clauses": {name: one for name, one in text["clauses"].items() if name != key}}


@pytest.mark.clause("C4.11-02", "C4.7-03")
@pytest.mark.parametrize("mode", ["LEASED", "CONTRACTED", "ENTRUSTED", "JOINT_OPERATION", "EQUITY"])
async def test_a_contract_settles_what_the_regulation_names(service: Service, mode: str) -> None:
    """Refuses a contract of each mode that leaves out one of its eight clauses, risk control among them."""
    asset = await confirmed(service)
    for key in CLAUSES:
        body = await decided(service, asset, without(key, mode=mode))
        tried = await refused(service, asset, "leases", body, "village")
        assert tried == (409, "CONTRACT_CLAUSE_MISSING", [key])
    ruled = without("custody", mode=mode) | {"custodyRuleDocument": "村管护〔2021〕1号"}
    bare = ruled | {
        "clauses": {name: one for name, one in ruled["clauses"].items() if name != "rewardPenalty"}
    }
    await write(service, asset, "leases", await decided(service, asset, bare), "village")


@pytest.mark.clause("C4.7-12")
async def test_across_villages_a_contract_has_reward_penalty_and_charter(service: Service) -> None:
    """Refuses a contract across villages without rewards and penalties, and without a charter."""
    asset = await shared(service)
    chartered = {"charterDocument": "章程1号"}
    for text, key in ((without("rewardPenalty", **chartered), "rewardPenalty"), (terms(), "charter")):
        body = await decided(service, asset, text)
        tried = await refused(service, asset, "leases", body, "village")
        assert tried == (409, "CONTRACT_CLAUSE_MISSING", [key])


async def test_a_contract_of_before_the_regulation_comes_in_as_it_was(service: Service) -> None:
    """Signed on the last day before it, with its source: recorded, and what it lacks as findings; from its first day on by procedure."""
    asset = await confirmed(service)
    old = terms(signedOn="2021-06-16", startsOn="2021-06-17", endsOn="2024-06-16")
    body = {"terms": old, "provenance": "村级档案"}
    entered = await write(service, asset, "historical-contracts", body, "office")
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"]
    (event,) = [one for one in stored if one["type"] == "asset.leased"]
    assert "DECISION_REQUIRED" in {one["code"] for one in event["basis"]["findings"]}
    assert event["basis"]["provenance"] == "村级档案"
    assert entered["resource"]["contracts"]["L1"]["state"] == "ACTIVE"
    other = await confirmed(service)
    new = terms(signedOn="2021-06-17", startsOn="2021-06-18", endsOn="2024-06-17")
    body = {"terms": new, "provenance": "村级档案"}
    tried = await refused(service, other, "historical-contracts", body, "office")
    assert tried == (409, "DECISION_REQUIRED", ["procedure"])


@pytest.mark.clause("C4.7-02")
@pytest.mark.parametrize(
    ("field", "key"), [("responsible", "responsibility"), ("target", "target"), ("expectedIncome", "income")]
)
async def test_own_operation_states_responsibility_target_and_income(
    service: Service, field: str, key: str
) -> None:
    """Refuses own operation without a responsible person, a target or an expected income, whatever its texts say."""
    asset = await confirmed(service)
    person = await service.person(VILLAGE)
    own = {
        "responsible": person,
        "target": {"metric": "年加工核桃（吨）", "value": "200", "period": "每年"},
        "expectedIncome": "30000.00",
    }
    itself = {"operator": VILLAGE, "name": "村集体"}
    text = terms(mode="SELF_OPERATED", operator=itself)
    body = {"terms": text | {"ownOperation": {name: one for name, one in own.items() if name != field}}}
    tried = await refused(service, asset, "leases", body, "village")
    assert tried == (409, "OPERATION_TERMS_MISSING", [key])
    body = {"terms": text | {"ownOperation": own}}
    tried = await refused(service, asset, "leases", body, "village")
    assert tried == (409, "CUSTODIAN_REQUIRED", ["custody.duties"])
    kept = {"custody": custody(person), "occurredOn": "2021-08-16"}
    await write(service, asset, "custody", kept, "clerk")
    await write(service, asset, "leases", body, "village")


@pytest.mark.clause("C4.7-12")
async def test_a_plan_across_villages_is_proposed_by_every_filled_post(service: Service) -> None:
    """Refuses a plan without the signature of a filled post, the resident team's among them; a post nobody holds any more is not asked for."""
    asset = await shared(service)
    it = Choice(service, asset, terms("L9", charterDocument="章程1号"))
    await it.open(owners=[SECOND])
    posts = ("FIRST_SECRETARY", "VILLAGE_PARTY_SECRETARY", "VILLAGE_DIRECTOR", "RESIDENT_TEAM_LEADER")
    path, key = f"/v1/procedures/{it.code}/steps", await it.who(SECOND)

    async def proposed(*people: str) -> tuple[int, str, list[str]]:
        body = {
            "step": "PROPOSE",
            "by": await it.by(SECOND),
            "subjectSha256": it.sha256,
            "occurredOn": it.day,
        }
        answer = await service.post(path, body | {"signedBy": list(people)}, key)
        told = answer.json()
        return answer.status_code, told.get("code", ""), told.get("missing", [])

    assert await proposed() == (409, "PROPOSER_MISSING", list(posts))
    people = {post: await it.in_post(SECOND, post) for post in posts}
    for post in posts:
        others = [one for name, one in people.items() if name != post]
        assert await proposed(*others) == (409, "PROPOSER_MISSING", [post])
    stranger = await service.person(SECOND)
    assert (await proposed(*people.values(), stranger))[:2] == (422, "FIELD_INVALID")
    team = people.pop("RESIDENT_TEAM_LEADER")
    unit = f"/v1/organizations/{SECOND}/appointments/RESIDENT_TEAM_LEADER/{team}/ending"
    await service.write(unit, {"until": it.day, "reason": "轮换"}, "personnel")
    assert await proposed(*people.values()) == (409, "PROPOSER_MISSING", ["RESIDENT_TEAM_LEADER"])
    it.day = "2021-09-02"
    assert (await proposed(*people.values()))[0] == 201
    stored = (await service.read(f"/v1/procedures/{it.code}"))["resource"]
    assert stored["completedSteps"] == ["PROPOSE"]
