"""Steps that are facts: taken by the fact itself, in its commit, and by nothing else – over every chain of the county."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from domain.catalogue import EVENT_TYPES
from domain.procedure.subject import digest_of
from tests.api.asset.test_titles import confirmed, registered, write
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, terms
from tests.api.contracts import Choice, decided as letting
from tests.api.income.decided import account_of, line, payment, plan
from tests.api.procedure.test_procedures import Running, elected, posting, representatives
from tests.api.service import Service

BY_HAND: dict[str, tuple[str, ...]] = {
    "A3": ("RECONCILE", "PUSH", "REPORT"),
    "A4": ("SEAL",),
    "A5": ("CERTIFICATES",),
    "A8": ("DISTRIBUTE",),
    "A9": ("SELECT", "CONTRACT"),
    "A10": ("CONTRACT",),
    "A11": ("PAY",),
    "A12": ("PAY",),
    "A13": ("CONTRACT",),
    "A14": ("PROPOSE", "APPRAISE", "PUBLISH", "FORWARD", "APPROVE", "DISPOSE", "PROCEEDS"),
    "A14s": ("PROPOSE", "APPRAISE", "PUBLISH", "FORWARD", "APPROVE", "DISPOSE", "PROCEEDS"),
    "A15": ("AUDIT", "COMPLETE", "CLEARANCE"),
    "A16": ("RECONCILE", "ACCEPT", "SEAL", "SIGN", "COMPLETE", "CLEARANCE"),
    "A17": ("RECEIVE", "ALLOCATE"),
    "A18": ("PAY",),
    "A19": ("APPOINT",),
}
"""What of the chains happens outside of the procedure, as the regulation has it: money, papers, contracts, handovers."""

OWN_RECORDS = {
    "A3": "fund_reconciliation",
    "A4": "joint_review",
    "A15": "departure_case",
    "A16": "departure_case",
    "A18": "cost_guarantee",
    "A19": "organization",
}
"""Chains that are led in a record of their own: its events take their steps, and no procedure stands beside it (`test_own_records`)."""

BEFORE_THE_TEXT = {"operator_selection.operator_selected"}
"""Facts that come before the text they are needed for: the procedure's opening takes their step (`test_operator_selections`)."""

KEYS = {
    VILLAGE: "village",
    TOWNSHIP: "approver",
    "AGRICULTURE": "agriculture",
    "FINANCE": "finance",
    "COUNTY_GOV": "county",
    "ASSET_OFFICE": "office",
}
ROLES = (
    ("VILLAGE", VILLAGE), ("OWNER", VILLAGE), ("TOWNSHIP", TOWNSHIP), ("IMPLEMENTER", TOWNSHIP),
    ("DEPARTMENT", "AGRICULTURE"), ("EVERY_UNIT", VILLAGE), ("LEAVER", VILLAGE), ("SUCCESSOR", VILLAGE),
    ("AUDITOR", TOWNSHIP), ("SUPERIOR", TOWNSHIP), ("LEADING_GROUP", "RURAL_REVITALIZATION"),
)  # fmt: skip


async def chains(service: Service) -> dict[str, dict[str, dict[str, Any]]]:
    """Chain → step → its row, as the county's table says today."""
    rows = (await service.read("/v1/regulation/tables/chains"))["rows"]
    return {row["code"]: {step["code"]: step for step in row["steps"]} for row in rows}


async def opened(
    service: Service, chain: str, subject: dict[str, Any] | None = None, on: str = "2022-03-01"
) -> Running:
    """A procedure of a chain, opened by the first unit that begins it and has a key."""
    it = Running(service, chain)
    steps = (await chains(service))[chain]
    named = dict(ROLES)
    begin = [one for step in steps.values() for one in [step.get("by"), *step.get("allOf", ())] if one]
    units = [named.get({"TWO_COMMITTEES": "VILLAGE"}.get(one, one), one) for one in begin]
    units = [VILLAGE if one == "FIRST_SECRETARY_COMMITTEES_TEAM" else one for one in units]
    unit = next(one for one in units if one in KEYS)
    parties = [{"role": role, "organization": one} for role, one in ROLES]
    known = {"ownerKind": "VILLAGE", "projectScope": "SINGLE_VILLAGE", "assetType": "WORKSHOP"}
    known |= {"projectScope": "CROSS_VILLAGE"} if chain == "A10" else {}
    case = known | {"disposalValue": "50000.00" if chain == "A14s" else "150000.00"}
    more = {} if subject is None else {"subject": subject}
    await it.open(unit, KEYS[unit], on, parties=parties, case=case, **more)
    if subject is not None:
        it.digest = subject["sha256"]
    return it


async def digested(service: Service, kind: str, code: str, content: dict[str, Any]) -> dict[str, Any]:
    """A subject in the form of its kind, with its digest, as the service gives it out."""
    draft = {"kind": kind, "id": code, "content": content}
    answer = await service.post("/v1/procedures/subjects/digest", draft, "approver")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["subject"])


async def secretary(service: Service, village: str) -> str:
    """The village's secretary, who proposes for those whose posts nobody holds."""
    return await Choice(service, "", {"signedOn": "2022-03-01"}).in_post(village, "VILLAGE_PARTY_SECRETARY")


async def advanced(it: Running, on: date) -> date:
    """Everything that can be done without a fact is done, step by step; gives the day after it."""
    rows = (await chains(it.service))[it.chain]
    while True:
        shown = (await it.service.read(it.path))["resource"]
        todo = [
            (one["step"], unit)
            for one in shown["due"]
            for unit in one["units"]
            if rows[one["step"]]["kind"] != "FACT" and not rows[one["step"]].get("optional")
        ]
        if not todo:
            return on
        step, unit = todo[0]
        day, who = on.isoformat(), KEYS[unit]
        match rows[step]["kind"]:
            case "DO":
                signed = {"signedBy": [await secretary(it.service, unit)]} if rows[step]["signedBy"] else {}
                await it.act("steps", step, unit, who, day, **signed)
            case "MEETING":
                await elected(it.service)
                await it.act("meetings", step, unit, who, None, meeting=representatives(day))
            case "NOTICE":
                sheet = posting("OWNER_LOCATION", VILLAGE, day)
                await it.act("notices", step, unit, who, None, posting=sheet)
                on += timedelta(days=30)
                done = (await it.service.read(it.path))["resource"]["completedSteps"]
                if step not in done:
                    await it.act("notice-completions", step, unit, who, on.isoformat())
            case "REVIEW":
                await it.act("reviews", step, unit, who, day, verdict="APPROVED")
            case "DECIDE":
                await it.act("decisions", step, unit, who, day, documentNo="决1号", reasons="同意")
            case "FILING":
                waiting = shown["filings"].get(step, {}).get(unit)
                if waiting is None:
                    await it.act("filings", step, unit, who, day)
                else:
                    office = waiting["addressee"]
                    said = {"filedBy": unit, "answer": "ACCEPTED"}
                    await it.act("filing-answers", step, office, KEYS[office], day, **said)
            case kind:
                raise AssertionError(kind)
        on += timedelta(days=1)


@pytest.mark.clause("C4.5-06", "C4.7-05", "C4.9-03", "C4.9-09", "C4.10-04", "C4.12-05")
@pytest.mark.parametrize(
    "chain", [one for one in (*(f"A{number}" for number in range(1, 20)), "A14s") if one not in OWN_RECORDS]
)
async def test_no_fact_of_any_chain_is_ticked_off(service: Service, chain: str) -> None:
    """Refuses to tick off what has to happen: certificates, contracts, payments, disposals, proceeds, handovers, audits."""
    steps = (await chains(service))[chain]
    assert {code for code, step in steps.items() if step["kind"] == "FACT"} == set(BY_HAND.get(chain, ()))
    it = await opened(service, chain)
    unit = (await service.read(it.path))["resource"]["unit"]
    for step in BY_HAND.get(chain, ()):
        for noun, facts in (("steps", {}), ("reviews", {"verdict": "APPROVED"})):
            tried = await it.tried(noun, step, unit, KEYS[unit], "2022-03-02", **facts)
            assert tried == (409, "STEP_TAKEN_BY_FACT"), step


async def test_every_fact_that_takes_a_step_is_an_event_that_says_what_it_carries_out(
    service: Service,
) -> None:
    silent = set()
    for chain, steps in (await chains(service)).items():
        if chain in OWN_RECORDS:
            continue
        for step in steps.values():
            if step["kind"] == "FACT" and not step["facts"]:
                silent.add(chain)
            for fact in step["facts"]:
                assert step["operations"], fact
                if fact in BEFORE_THE_TEXT:
                    continue
                said = EVENT_TYPES[fact].carries_out
                assert said.__qualname__ == f"{EVENT_TYPES[fact].__qualname__}.carries_out"
    assert silent == set()


# ---- the facts, one by one ---------------------------------------------------------------------------------------------


@dataclass
class Matter:
    """What a chain decides on, and the facts that carry it out: step → noun below the asset, body for a day, by whom."""

    asset: str
    subject: dict[str, Any]
    other: dict[str, Any]
    """Another text for the same thing."""
    facts: dict[str, tuple[str, dict[str, Any], str]]
    """Step → where below the asset it is recorded, the body, the field of the body that holds its day."""


async def across(service: Service) -> str:
    """A production line across villages that has come to one village (C4.5-16)."""
    asset = await registered(service, card(projectScope="CROSS_VILLAGE"))
    lines = [{"township": TOWNSHIP, "village": VILLAGE, "coveredPoorHouseholds": 60}]
    plan = {"plan": {"proposedBy": "COMMERCE", "lines": lines}, "occurredOn": "2021-07-01"}
    await write(service, asset, "quantification-plans", plan, "commerce")
    decision = {"decision": {"documentNo": "陶政函9号", "decidedOn": "2021-07-05", "reasons": "按方案"}}
    await write(service, asset, "county-decisions", decision, "county")
    body = {"confirmation": confirmation(), "occurredOn": "2021-07-10"}
    await write(service, asset, "ownership-confirmations", body, "approver")
    return asset


async def plan_matter(service: Service) -> Matter:
    """A lease of what lies across villages."""
    return await contract_matter(service, await across(service), charterDocument="章程1号")


async def revival_matter(service: Service) -> Matter:
    """A lease of what lies idle."""
    asset = await confirmed(service)
    idle = {"report": {"state": "IDLE", "reportedOn": "2022-02-01"}}
    await write(service, asset, "status-reports", idle, "clerk")
    return await contract_matter(service, asset)


async def contract_matter(service: Service, asset: str = "", **changes: Any) -> Matter:
    """A lease of a village's production line."""
    asset = asset or await confirmed(service)
    text = terms("L1", signedOn="2022-06-01", startsOn="2022-06-02", endsOn="2024-06-01", **changes)
    choice = Choice(service, asset, text)
    choice.day, choice.owners = "2022-03-01", [VILLAGE]
    text["selection"] = await choice.select()
    told = {name: value for name, value in text.items() if name not in {"signedOn", "decisionDocument"}}
    subject = await digested(service, "operating_contract", "L1", {"asset": asset, "terms": told})
    cheap = {"asset": asset, "terms": told | {"annualIncome": "3000.00"}}
    other = await digested(service, "operating_contract", "L1", cheap)
    return Matter(asset, subject, other, {"CONTRACT": ("leases", {"terms": text}, "terms.signedOn")})


async def income_matter(service: Service) -> Matter:
    """20,000 yuan of the rent for the collective economy."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await letting(service, asset, terms()), "clerk")
    receipt = {
        "receipt": "R1", "amount": "30000.00", "receivedOn": "2022-02-01", "contract": "L1", "voucherNo": "收-1",
    }  # fmt: skip
    await account_of(service, VILLAGE, on="2021-12-01")
    await write(service, asset, "income-receipts", {"receipt": receipt}, "clerk")
    proposal = plan(VILLAGE, asset, line("20000.00")) | {"occurredOn": "2022-02-02"}
    told = await service.write("/v1/income-plans", proposal)
    subject = told["resource"]["subject"]
    content = subject["content"] | {"purposeStatement": "另一文本"}
    other = subject | {"content": content, "sha256": digest_of(content)}
    paid = {"payment": payment(asset, "2022-09-01", (1, "20000.00"))}
    path = f"/v1/income-plans/{told['id']}/execution"
    return Matter(asset, subject, other, {"DISTRIBUTE": (path, paid, "payment.paidOn")})


async def upkeep_matter(service: Service) -> Matter:
    """Works for 20,000 yuan on a village's production line."""
    asset = await confirmed(service)
    await account_of(service, VILLAGE, on="2021-12-01")
    lines = [{"work": "更换设备轴承", "amount": "20000.00"}]
    works = {"village": VILLAGE, "asset": asset, "lines": lines}
    told = await service.write("/v1/maintenance-expenses", {"expense": works, "occurredOn": "2022-02-02"})
    subject = told["resource"]["subject"]
    content = subject["content"] | {"cost": "20000.01"}
    other = subject | {"content": content, "sha256": digest_of(content)}
    paid = {"payment": asset, "amount": "20000.00", "paidOn": "2022-09-01", "voucherNo": "付-1"}
    path = f"/v1/maintenance-expenses/{told['id']}/payments"
    return Matter(asset, subject, other, {"PAY": (path, {"payment": paid}, "payment.paidOn")})


async def relief_matter(service: Service) -> Matter:
    """Help of 2,000 yuan for a village's household that fell ill."""
    await account_of(service, VILLAGE, on="2021-12-01")
    line = {"household": "H-1", "cause": "ILLNESS", "circumstances": "住院", "amount": "2000.00"}
    plan = {"village": VILLAGE, "lines": [line | {"evidenceSha256": "c" * 64}]}
    told = await service.write("/v1/relief-plans", {"plan": plan, "occurredOn": "2022-02-02"})
    subject = told["resource"]["subject"]
    content = subject["content"] | {"amount": "2000.01"}
    other = subject | {"content": content, "sha256": digest_of(content)}
    paid = {"payment": payment(told["id"], "2022-09-01", (1, "2000.00"))}
    path = f"/v1/relief-plans/{told['id']}/payments"
    return Matter("", subject, other, {"PAY": (path, paid, "payment.paidOn")})


def dated(body: dict[str, Any], field: str, on: date) -> dict[str, Any]:
    """The body with the fact's day."""
    first, _, rest = field.partition(".")
    return body | {first: dated(body[first], rest, on) if rest else on.isoformat()}


async def told(service: Service, asset: str, noun: str, body: dict[str, Any]) -> tuple[int, str]:
    """The status of a write on the asset as it is now, and the code if it was refused."""
    if noun.startswith("/"):
        answer = await service.post(noun, body, "clerk")
    else:
        version = (await service.read(f"/v1/assets/{asset}"))["version"]
        answer = await service.post(f"/v1/assets/{asset}/{noun}", body, "clerk", version=version)
    return answer.status_code, answer.json().get("code", "")


async def done_in(service: Service, it: Running) -> list[str]:
    """The steps that the procedure has behind it."""
    return list((await service.read(it.path))["resource"]["completedSteps"])


MATTERS = {
    "A8": income_matter,
    "A9": contract_matter,
    "A10": plan_matter,
    "A11": relief_matter,
    "A12": upkeep_matter,
    "A13": revival_matter,
}
EARLY = {
    "CONTRACT": {"DECISION_REQUIRED", "STEP_OUT_OF_ORDER", "PROPOSER_MISSING"},
    "DISTRIBUTE": {"INCOME_PLAN_NOT_READY"},
    "PAY": {"STEP_OUT_OF_ORDER"},
}
"""What an unfinished chain says of the fact: the code of the row that is lacking, of the row itself, or the order."""


def test_every_chain_with_facts_is_walked() -> None:
    """Others are walked where they are decided: titles, disposals, uses of proceeds (`test_titles`, `test_disposal_decisions`, `test_disposal_rules`)."""
    assert set(BY_HAND) - set(OWN_RECORDS) == {"A5", "A14", "A14s", "A17", *MATTERS}


@pytest.mark.clause("C4.7-05", "C4.9-03", "C4.12-05", "C3-02")
@pytest.mark.parametrize("chain", MATTERS)
async def test_a_fact_takes_its_step_in_its_own_commit(service: Service, chain: str) -> None:
    """Refuses a fact before its chain is complete, by another text, for a withdrawn or another matter's procedure."""
    matter = await MATTERS[chain](service)
    it = await opened(service, chain, matter.subject)
    swapped = await opened(service, chain, matter.other)
    dropped = await opened(service, chain, matter.subject)
    strange = await opened(service, "A1")
    ready = await advanced(dropped, date(2022, 3, 2))
    gone = {"by": await dropped.signer(VILLAGE), "reason": "不办了", "occurredOn": ready.isoformat()}
    await service.write(f"{dropped.path}/withdrawal", gone, "village")
    on = date(2022, 3, 2)
    for step, (noun, body, field) in matter.facts.items():
        early = dated(body | {"procedure": code_of(it)}, field, on)
        status, code = await told(service, matter.asset, noun, early)
        assert (status, code in EARLY[step]) == (409, True), (step, code)
        on = await advanced(it, on)
        told_then = dated(body, field, on)
        for other, refused in (
            (swapped, "PLAN_HASH_MISMATCH"),
            (strange, "PLAN_HASH_MISMATCH"),
            (dropped, "STEP_OUT_OF_ORDER"),
        ):
            tried = await told(service, matter.asset, noun, told_then | {"procedure": code_of(other)})
            assert tried == (409, refused), (step, other.chain)
        tried = await told(service, matter.asset, noun, told_then | {"procedure": "PR-nobody"})
        assert tried == (422, "CODE_UNKNOWN")
        assert step not in await done_in(service, it)
        final = told_then | {"procedure": code_of(it)}
        if noun.startswith("/"):
            answer = await service.write(noun, final, "clerk")
        else:
            answer = await write(service, matter.asset, noun, final, "clerk")
        types = [one["type"] for one in answer["events"]]
        assert types.count("procedure.step_taken_by_fact") == 1
        positions = [one["position"] for one in answer["events"]]
        assert positions == list(range(positions[0], positions[0] + len(positions)))
        assert step in await done_in(service, it)
        taken = (await service.read(it.path))["resource"]["done"][step]
        assert {unit: one["fact"] for unit, one in taken.items()} == {VILLAGE: answer["events"][0]["type"]}


def code_of(it: Running) -> str:
    """The procedure's code."""
    return it.path.rsplit("/", 1)[1]


async def test_another_asset_s_procedure_is_not_carried_out(service: Service) -> None:
    matter, elsewhere = [await contract_matter(service) for _ in range(2)]
    it = await opened(service, "A9", elsewhere.subject)
    on = await advanced(it, date(2022, 3, 2))
    noun, body, field = matter.facts["CONTRACT"]
    tried = await told(service, matter.asset, noun, dated(body, field, on) | {"procedure": code_of(it)})
    assert tried == (409, "PLAN_HASH_MISMATCH")
    assert (await service.read(f"/v1/assets/{matter.asset}"))["resource"]["contracts"] == {}
