"""A departing official hands over what was in their care: everything, all at once, and is cleared only then."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.asset.asset import Asset
from service.identity.grants import GrantSpec
from service.log.tree import load_tree
from tests.api.asset.test_titles import confirmed, write
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, custody, road
from tests.api.departure.departing import (
    SCAN,
    SECOND_VILLAGE,
    TOWNSHIP_KEEPS,
    TOWNSHIP_OWNS,
    Departure,
    departure,
    kept_asset,
)
from tests.api.service import COUNTY, Service, new_code


async def test_the_whole_walk(service: Service) -> None:
    leaving = await departure(service)
    before = await leaving.clearance()
    assert (before["clear"], before["assetsInCare"], before["counts"]["ASSET"]) == (False, 3, 3)
    assert [item["asset"] for item in before["items"]] == leaving.assets
    assert before["refusal"]["code"] == "PERSON_HOLDS_ASSETS"
    assert before["refusal"]["quote"]

    case = await leaving.open()
    assert sorted(case["resource"]["lines"]) == leaving.assets
    early = await service.post(f"{leaving.path}/completion", {})
    assert early.status_code == 409

    first = leaving.assets[0]
    line = f"{leaving.path}/lines/{first}"
    await service.write(f"{line}/dispute", {"disputedBy": leaving.incoming, "reason": "铭牌缺失"}, "village")
    accept = {"acceptedBy": leaving.incoming}
    refused = await service.post(f"{line}/acceptance", accept, "village")
    assert (refused.status_code, refused.json()["code"]) == (409, "HANDOVER_DISPUTE_OPEN")
    await service.write(f"{line}/resolution", {"resolution": "补挂铭牌", "documentNo": "处理001"})
    await service.write(f"{line}/acceptance", accept, "village")
    unsealable = await service.post(f"{leaving.path}/seal", {})
    assert (unsealable.status_code, unsealable.json()["code"]) == (409, "HANDOVER_INCOMPLETE")
    assert unsealable.json()["missing"] == leaving.assets[1:]
    accepted = await service.write(f"{leaving.path}/acceptance", accept, "village")
    assert accepted["resource"]["progress"] == {"lines": 3, "open": 0, "accepted": 3, "disputed": 0}
    unreconciled = await service.post(f"{leaving.path}/seal", {})
    assert unreconciled.json()["missing"] == ["reconciliation"]
    await leaving.reconcile()
    await leaving.seal()
    await leaving.all_signatures()
    assert (await leaving.clearance())["clear"] is False

    done = await service.write(f"{leaving.path}/completion", {})
    assert done["eventCount"] == 4
    assert [event["type"] for event in done["events"]].count("asset.handed_over") == 3
    after = await leaving.clearance()
    assert (after["clear"], after["missing"], after.get("refusal")) == (True, [], None)
    care = await service.read(f"/v1/persons/{leaving.incoming}/care", min_position=done["position"])
    assert sorted(row["asset"] for row in care["assets"]) == leaving.assets
    ledger = await service.read(
        "/v1/ledgers/departures", person=leaving.outgoing, min_position=done["position"]
    )
    assert [(row["state"], row["missing"]) for row in ledger["rows"]] == [("COMPLETED", [])]
    assert [(row["lines"], row["acceptedLines"], row["openLines"]) for row in ledger["rows"]] == [(3, 3, 0)]
    again = await service.post(f"{leaving.path}/completion", {})
    assert again.status_code == 409


async def test_what_came_into_care_meanwhile_must_be_on_the_list(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open()
    late = await kept_asset(service, leaving.outgoing)
    await leaving.reconcile()
    await leaving.accept()
    refused = await service.post(f"{leaving.path}/seal", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "HANDOVER_LIST_INCOMPLETE")
    assert refused.json()["missing"] == [late]
    added = await service.write(f"{leaving.path}/lines", {})
    assert sorted(added["resource"]["lines"]) == sorted([*leaving.assets, late])
    assert added["resource"]["lines"][late]["addendum"] is True
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    later = await kept_asset(service, leaving.outgoing)
    await leaving.all_signatures()
    incomplete = await service.post(f"{leaving.path}/completion", {})
    assert (incomplete.status_code, incomplete.json()["missing"]) == (409, [later])


async def test_what_happens_to_an_asset_until_the_last_day_is_accepted_too(service: Service) -> None:
    leaving = await departure(service, 2)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    moved = leaving.assets[0]
    report = {"report": {"state": "DAMAGED", "reportedOn": "2023-01-31"}}
    await service.write(f"/v1/assets/{moved}/status-reports", report, version=3)
    refused = await service.post(f"{leaving.path}/completion", {})
    assert (refused.json()["code"], refused.json()["missing"]) == ("HANDOVER_LIST_INCOMPLETE", [moved])
    added = await service.write(f"{leaving.path}/lines", {})
    assert (added["resource"]["lines"][moved]["assetVersion"], added["resource"].get("sealed")) == (4, None)
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    assert (await service.write(f"{leaving.path}/completion", {}))["eventCount"] == 3


async def test_several_successors_share_the_list(service: Service) -> None:
    leaving = await departure(service, 2)
    await leaving.open()
    other = await service.person(VILLAGE)
    given = {"assets": leaving.assets[:1], "incoming": other}
    await service.write(f"{leaving.path}/reassignments", given)
    await leaving.reconcile()
    await leaving.accept()
    await service.write(f"{leaving.path}/acceptance", {"acceptedBy": other}, "village")
    await leaving.seal()
    await leaving.all_signatures()
    missing = (await service.post(f"{leaving.path}/completion", {})).json()["missing"]
    assert missing == [f"signature:INCOMING:{other}"]
    assert (await leaving.sign("INCOMING", other, VILLAGE)).status_code == 201
    done = await service.write(f"{leaving.path}/completion", {})
    for person, assets in ((other, leaving.assets[:1]), (leaving.incoming, leaving.assets[1:])):
        care = await service.read(f"/v1/persons/{person}/care", min_position=done["position"])
        assert [row["asset"] for row in care["assets"]] == assets


async def test_a_difference_of_book_and_thing_is_settled_first(service: Service) -> None:
    leaving = await departure(service, 2)
    await leaving.open()
    first = leaving.assets[0]
    line = {
        "asset": first,
        "book": "AGREES",
        "physical": "MISSING",
        "documents": "COMPLETE",
        "note": "未见实物",
    }
    await service.write(f"{leaving.path}/reconciliation", {"lines": [line], "othersAgree": True})
    refused = await service.post(f"{leaving.path}/reconciliation/completion", {})
    assert refused.json()["missing"] == [first]
    resolution = {"resolution": "按短缺报告处理", "documentNo": "短1号"}
    await service.write(f"{leaving.path}/reconciliation/{first}/resolution", resolution)
    done = await service.write(f"{leaving.path}/reconciliation/completion", {})
    assert done["resource"]["reconciled"] is True
    ledger = await service.read(
        "/v1/ledgers/departures", person=leaving.outgoing, min_position=done["position"]
    )
    row = ledger["rows"][0]
    assert (row["reconciledLines"], row["differenceLines"], row["reconciled"]) == (2, 0, True)


async def test_each_unit_has_a_case_of_its_own(service: Service) -> None:
    """A manager of two villages with only one handed over is not cleared (C4.10-11)."""
    leaving = await departure(service, 1)
    elsewhere = await kept_asset(service, leaving.outgoing, unit=SECOND_VILLAGE)
    case = await leaving.open()
    assert list(case["resource"]["lines"]) == leaving.assets
    await leaving.hand_over()
    state = await leaving.clearance()
    assert (state["clear"], state["missing"]) == (False, [f"asset:{elsewhere}"])


@pytest.mark.clause("C4.10-11")
async def test_three_posts_in_two_villages_are_three_handovers(service: Service) -> None:
    """Clears a person of several posts in several units only when every case is completed, each by its own road."""
    leaving = await departure(service, 1)
    leaver = leaving.outgoing
    kept = {
        ("MANAGER", VILLAGE): leaving.assets,
        ("RESPONSIBLE", VILLAGE): [await kept_asset(service, leaver, "RESPONSIBLE")],
        ("MANAGER", SECOND_VILLAGE): [await kept_asset(service, leaver, unit=SECOND_VILLAGE)],
    }
    cases: dict[tuple[str, str], Departure] = {}
    for (duty, unit), assets in kept.items():
        incoming = await service.person(unit)
        case = Departure(service, assets, leaver, incoming, leaving.supervisor)
        opened = await case.open(duty, organization=unit)
        assert list(opened["resource"]["lines"]) == assets
        cases[duty, unit] = case
    state = await leaving.clearance()
    assert (state["clear"], state["assetsInCare"], state["counts"]["CASE"]) == (False, 3, 3)
    assert {one["case"] for one in state["openCases"]} == {
        case.path.rpartition("/")[2] for case in cases.values()
    }
    for (duty, unit), case in cases.items():
        if duty == "MANAGER":
            await case.reconcile()
        await case.accept()
        await case.seal()
        for role, person, organization in (
            ("OUTGOING", leaver, unit),
            ("INCOMING", case.incoming, unit),
            ("SUPERVISOR", case.supervisor, TOWNSHIP),
        ):
            assert (await case.sign(role, person, organization)).status_code == 201
    for place in (("MANAGER", VILLAGE), ("MANAGER", SECOND_VILLAGE)):
        await service.write(f"{cases[place].path}/completion", {})
        assert (await leaving.clearance())["clear"] is False
    last = cases["RESPONSIBLE", VILLAGE]
    unaudited = await service.post(f"{last.path}/completion", {})
    assert unaudited.json()["code"] == "AUDIT_REQUIRED"
    refused = await service.post(f"/v1/clearances/{leaver}", {"issuedBy": "COUNTY_GOV"}, "personnel")
    assert (refused.status_code, refused.json()["code"]) == (409, "PERSON_HOLDS_ASSETS")
    ordered = {"auditorOrganization": "AUDIT", "documentNo": "审委3号"}
    await service.write(f"{last.path}/audit-order", ordered, "personnel")
    audit = {
        "auditor": await service.person("AUDIT"),
        "auditorOrganization": "AUDIT",
        "coversFrom": "2022-01-01",
        "cutOff": "2023-01-31",
        "opinion": "无保留意见",
        "reportNo": "审〔2023〕3号",
    }
    await service.write(f"{last.path}/audit", {"audit": audit}, "auditor")
    await service.write(f"{last.path}/completion", {})
    assert (await leaving.clearance())["clear"] is True
    issued = await service.write(f"/v1/clearances/{leaver}", {"issuedBy": "COUNTY_GOV"}, "personnel")
    (certificate,) = issued["resource"]["clearances"]
    assert len(certificate["cases"]) == 3


async def test_the_certificate_and_what_comes_after(service: Service) -> None:
    leaving = await departure(service, 1)
    person = f"/v1/persons/{leaving.outgoing}"
    clearance = f"/v1/clearances/{leaving.outgoing}"
    issuer = {"issuedBy": "COUNTY_GOV"}
    early = await service.post(clearance, issuer, "personnel")
    assert (early.status_code, early.json()["code"]) == (409, "PERSON_HOLDS_ASSETS")
    assert early.json()["missing"] == [f"asset:{leaving.assets[0]}"]
    await leaving.open()
    await leaving.hand_over()
    formality = {
        "kind": "TRANSFER",
        "carriedOutOn": service.app.state.context.today().isoformat(),  # the certificate's day, or after
        "documentNo": "调1号",
        "certificateNo": "QZ-0",
    }
    without = await service.post(f"{person}/formalities", {"formality": formality}, "personnel")
    assert (without.status_code, without.json()["code"]) == (409, "CLEARANCE_REQUIRED")
    issued = await service.write(clearance, issuer, "personnel")
    certificate = issued["resource"]["clearances"][0]
    assert certificate["cases"] == [leaving.path.rsplit("/", 1)[1]]
    assert (await leaving.clearance())["certificates"] == [certificate["certificateNo"]]
    finding = {"finding": "F-1", "text": "账外收入", "documentNo": "审〔2023〕9号"}
    found = {"auditorOrganization": "AUDIT", "finding": finding}
    reopened = await service.write(f"{leaving.path}/findings", found, "auditor")
    assert [event["type"] for event in reopened["events"]] == [
        "departure_case.finding_raised",
        "person.clearance_revoked",
    ]
    state = await leaving.clearance()
    assert (state["clear"], state["certificates"]) == (False, [])
    case = leaving.path.rsplit("/", 1)[1]
    assert state["missing"] == [f"case:{case}:finding:F-1"]
    formality |= {"certificateNo": certificate["certificateNo"]}
    blocked = await service.post(f"{person}/formalities", {"formality": formality}, "personnel")
    assert (blocked.status_code, blocked.json()["code"]) == (409, "HANDOVER_INCOMPLETE")
    settled = {"resolution": "已追回", "documentNo": "改1号"}
    await service.write(f"{leaving.path}/findings/F-1/resolution", settled)
    state = await leaving.clearance()
    assert (state["clear"], state["missing"]) == (False, [f"case:{case}:completion"])
    early = await service.post(clearance, issuer, "personnel")
    assert (early.status_code, early.json()["code"]) == (409, "HANDOVER_INCOMPLETE")
    again = await service.write(f"{leaving.path}/completion", {})
    assert [event["type"] for event in again["events"]] == ["departure_case.completed"]
    renewed = await service.write(clearance, issuer, "personnel")
    formality |= {"certificateNo": renewed["resource"]["clearances"][-1]["certificateNo"]}
    early = await service.post(
        f"{person}/formalities", {"formality": formality | {"carriedOutOn": "2023-02-10"}}, "personnel"
    )
    assert (early.status_code, early.json()["code"]) == (422, "DATE_ORDER"), early.text
    done = await service.write(f"{person}/formalities", {"formality": formality}, "personnel")
    assert done["resource"]["formalities"][0]["kind"] == "TRANSFER"


async def test_death_is_recorded_and_opens_cases_everywhere(service: Service) -> None:
    leaving = await departure(service, 1)
    await kept_asset(service, leaving.outgoing, "RESPONSIBLE")
    await kept_asset(service, leaving.outgoing, unit=SECOND_VILLAGE)
    fact = {"fact": {"kind": "DEATH", "happenedOn": "2023-01-31"}}
    done = await service.write(f"/v1/persons/{leaving.outgoing}/leaving-facts", fact, "personnel")
    assert sorted(event["type"] for event in done["events"]) == [
        *["departure_case.opened"] * 3,
        "person.leaving_recorded",
    ]
    state = await leaving.clearance()
    assert len(state["openCases"]) == 3
    case = next(one["case"] for one in state["openCases"] if f"{VILLAGE}-M" in one["case"])
    leaving.path = f"/v1/departures/{case}"
    interim = {
        "person": await service.person(TOWNSHIP),
        "appointedBy": TOWNSHIP,
        "since": "2023-02-01",
        "until": "2023-03-01",
        "inventoryNo": "盘1号",
    }
    appointed = await service.write(f"{leaving.path}/interim-custodian", {"interim": interim})
    assert appointed["resource"]["interim"]["person"] == interim["person"]
    kept = leaving.assets[0]

    async def in_between(on: str) -> list[tuple[str, str]]:
        told = await service.read(f"/v1/assets/{kept}/responsible", on=on, min_position=await service.head())
        return [(one["person"], one["appointedBy"]) for one in told["interim"]]

    named = [(interim["person"], TOWNSHIP)]
    assert [await in_between(on) for on in ("2023-01-31", "2023-02-01", "2023-03-01", "2023-03-02")] == [
        [],
        named,
        named,
        [],
    ]
    await service.write(f"{leaving.path}/successor", {"successor": leaving.incoming}, "personnel")
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    leaving.outgoing, left = interim["person"], leaving.outgoing
    assert (await leaving.sign("OUTGOING", interim["person"], TOWNSHIP)).status_code == 201
    assert (await leaving.sign("INCOMING", leaving.incoming, VILLAGE)).status_code == 201
    assert (await leaving.sign("SUPERVISOR", leaving.supervisor, TOWNSHIP)).status_code == 201
    await service.write(f"{leaving.path}/completion", {})
    leaving.outgoing = left
    assert (await leaving.clearance())["clear"] is False


async def test_person_with_the_longest_code_has_a_case_in_each_unit(service: Service) -> None:
    """Cases are called after the person, and have to be found by their name."""
    person = "P" * 64
    card = {"name": "张三", "organization": VILLAGE}
    await service.write("/v1/persons", {"person": person, "card": card}, "personnel")
    await kept_asset(service, person)
    await kept_asset(service, person, unit=SECOND_VILLAGE)
    fact = {"fact": {"kind": "DEATH", "happenedOn": "2023-01-31"}}
    await service.write(f"/v1/persons/{person}/leaving-facts", fact, "personnel")
    cleared = await service.read(f"/v1/clearances/{person}", "personnel")
    cases = {one["case"] for one in cleared["openCases"]}
    assert len(cases) == 2
    units = {
        (await service.read(f"/v1/departures/{case}"))["resource"]["notice"]["organization"] for case in cases
    }
    assert units == {VILLAGE, SECOND_VILLAGE}


async def test_a_responsible_person_is_audited_by_an_independent_unit(service: Service) -> None:
    leaving = await departure(service, 0)
    leaving.assets = [await kept_asset(service, leaving.outgoing, "RESPONSIBLE")]
    await leaving.open("RESPONSIBLE")
    ordered = {"auditorOrganization": "AUDIT", "documentNo": "审委1号"}
    await service.write(f"{leaving.path}/audit-order", ordered, "personnel")
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    refused = await service.post(f"{leaving.path}/completion", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "AUDIT_REQUIRED")
    audit = {
        "auditor": await service.person("AUDIT"),
        "auditorOrganization": "AUDIT",
        "cutOff": "2023-01-31",
        "opinion": "无保留意见",
        "reportNo": "审〔2023〕1号",
    }
    forged = await service.post(
        f"{leaving.path}/audit", {"audit": audit | {"auditorOrganization": VILLAGE}}, "auditor"
    )
    assert (forged.status_code, forged.json()["code"]) == (403, "FORBIDDEN")
    short = await service.post(
        f"{leaving.path}/audit", {"audit": audit | {"coversFrom": "2022-01-02"}}, "auditor"
    )
    assert (short.status_code, short.json()["missing"]) == (409, ["coversFrom:2022-01-01"])
    await service.write(f"{leaving.path}/audit", {"audit": audit | {"coversFrom": "2022-01-01"}}, "auditor")
    done = await service.write(f"{leaving.path}/completion", {})
    assert done["resource"]["state"] == "COMPLETED"


async def test_the_supervisor_belongs_to_the_superior_unit_and_signs_there(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    forged = await leaving.sign("SUPERVISOR", leaving.supervisor, "COUNTY_GOV")
    assert (forged.status_code, forged.json()["code"]) == (403, "FORBIDDEN")
    leaving.digest = "0" * 64
    assert (await leaving.sign("OUTGOING", leaving.outgoing, VILLAGE)).json()["code"] == "PLAN_HASH_MISMATCH"


async def signed_in(service: Service, person: str, unit: str) -> str:
    """The token of a person who signed in for a unit."""
    identities = service.app.state.identities
    now = service.app.state.context.clock()
    spec = GrantSpec(COUNTY, person, unit, ["REGISTRAR", "APPROVER", "PERSONNEL"], [], "〔2022〕1号")
    await identities.grants.give(spec, "tests", now)
    _, token = await identities.sessions.begin(COUNTY, person, unit, way="PASSWORD", address="-", now=now)
    return str(token)


async def test_whoever_signed_in_accepts_disputes_and_signs_for_himself_alone(service: Service) -> None:
    """Another clerk of the same village cannot do it in his name; a key of the village can, for it is the village's."""
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    other = await signed_in(service, await service.person(VILLAGE), VILLAGE)
    own = await signed_in(service, leaving.incoming, VILLAGE)
    line = f"{leaving.path}/lines/{leaving.assets[0]}"
    for path, body in (
        (f"{leaving.path}/acceptance", {"acceptedBy": leaving.incoming}),
        (f"{line}/acceptance", {"acceptedBy": leaving.incoming}),
        (f"{line}/dispute", {"disputedBy": leaving.incoming, "reason": "铭牌缺失"}),
    ):
        answer = await service.post(path, body, other)
        assert (answer.status_code, answer.json()["code"]) == (403, "SIGNER_IS_ANOTHER"), path
    await service.write(f"{line}/acceptance", {"acceptedBy": leaving.incoming}, own)
    await leaving.seal()
    forged = await leaving.sign("INCOMING", leaving.incoming, VILLAGE, who=other)
    assert (forged.status_code, forged.json()["code"]) == (403, "SIGNER_IS_ANOTHER")
    signed = await leaving.sign("INCOMING", leaving.incoming, VILLAGE, who=own, paper=None)
    assert signed.status_code == 201


@pytest.mark.clause("C4.10-10")
async def test_what_a_unit_records_of_a_signature_stands_on_paper(service: Service) -> None:
    """Refuses a signature by a unit's key without the scan; with it the case says that it is on paper, by digest."""
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    bare = await leaving.sign("OUTGOING", leaving.outgoing, VILLAGE, paper=None)
    assert (bare.status_code, bare.json()["code"]) == (422, "SIGNATURE_PAPER_REQUIRED")
    on_paper = await leaving.sign("OUTGOING", leaving.outgoing, VILLAGE)
    assert on_paper.json()["resource"]["signatures"]["OUTGOING"]["paperSha256"] == SCAN
    own = await signed_in(service, leaving.incoming, VILLAGE)
    itself = await leaving.sign("INCOMING", leaving.incoming, VILLAGE, who=own, paper=None)
    signatures = itself.json()["resource"]["signatures"]
    assert signatures[f"INCOMING:{leaving.incoming}"].get("paperSha256") is None


@pytest.mark.clause("C4.10-10")
async def test_each_party_accepts_and_signs_by_the_credential_of_its_own_unit(service: Service) -> None:
    """Refuses acceptance, dispute and signature of a party by another unit's key, in another unit's name, before the seal."""
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    line = f"{leaving.path}/lines/{leaving.assets[0]}"
    for path, body in (
        (f"{leaving.path}/acceptance", {"acceptedBy": leaving.incoming}),
        (f"{line}/acceptance", {"acceptedBy": leaving.incoming}),
        (f"{line}/dispute", {"disputedBy": leaving.incoming, "reason": "铭牌缺失"}),
    ):
        answer = await service.post(path, body, "clerk")
        assert (answer.status_code, answer.json()["code"]) == (403, "SIGNER_OF_ANOTHER_UNIT"), path
    await leaving.accept()
    await leaving.seal()
    township_clerk = await service.person(TOWNSHIP)
    village_clerk = await service.person(VILLAGE)
    for role, person, unit, who, code in (
        ("OUTGOING", leaving.outgoing, VILLAGE, "clerk", "FORBIDDEN"),
        ("OUTGOING", leaving.outgoing, TOWNSHIP, "clerk", "SIGNER_OF_ANOTHER_UNIT"),
        ("INCOMING", leaving.incoming, VILLAGE, "clerk", "FORBIDDEN"),
        ("INCOMING", leaving.incoming, TOWNSHIP, "clerk", "SIGNER_OF_ANOTHER_UNIT"),
        ("SUPERVISOR", village_clerk, TOWNSHIP, "clerk", "SIGNER_OF_ANOTHER_UNIT"),
        ("SUPERVISOR", township_clerk, TOWNSHIP, "village", "FORBIDDEN"),
        ("SUPERVISOR", village_clerk, VILLAGE, "village", "SUPERVISOR_NOT_SUPERIOR"),
    ):
        answer = await leaving.sign(role, person, unit, who)
        assert answer.json()["code"] == code, (role, unit, who, answer.text)
    leaving.day = "2023-01-30"
    early = await leaving.sign("OUTGOING", leaving.outgoing, VILLAGE)
    assert (early.status_code, early.json()["code"]) == (422, "DATE_ORDER")
    leaving.day = "2023-01-31"
    await leaving.all_signatures()
    await service.write(f"{leaving.path}/completion", {})


async def test_who_has_a_post_in_a_unit_signs_there_although_registered_elsewhere(service: Service) -> None:
    leaving = await departure(service, 1)
    leaving.incoming = await service.person(TOWNSHIP)
    post = {
        "position": "ASSET_MANAGER",
        "person": leaving.incoming,
        "since": "2023-01-31",
        "documentNo": "任1号",
    }
    await leaving.open()
    await leaving.reconcile()
    answer = await service.post(f"{leaving.path}/acceptance", {"acceptedBy": leaving.incoming}, "village")
    assert answer.json()["code"] == "SIGNER_OF_ANOTHER_UNIT"
    await service.write(f"/v1/organizations/{VILLAGE}/appointments", post, "personnel")
    before = {"acceptedBy": leaving.incoming, "occurredOn": "2023-01-30"}
    answer = await service.post(f"{leaving.path}/acceptance", before, "village")
    assert answer.json()["code"] == "SIGNER_OF_ANOTHER_UNIT"
    await service.write(f"{leaving.path}/acceptance", {**before, "occurredOn": "2023-01-31"}, "village")


async def test_who_has_died_signs_nothing(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    fact = {"fact": {"kind": "DEATH", "happenedOn": "2023-01-31"}}
    await service.write(f"/v1/persons/{leaving.incoming}/leaving-facts", fact, "personnel")
    answer = await leaving.sign("INCOMING", leaving.incoming, VILLAGE)
    assert (answer.status_code, answer.json()["code"]) == (409, "SIGNER_UNABLE")


async def test_who_was_removed_signs_the_own_handover_and_nothing_else(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open(reason="REMOVED")
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    fact = {"fact": {"kind": "REMOVED", "happenedOn": "2023-01-31"}}
    for person in (leaving.incoming, leaving.outgoing):
        await service.write(f"/v1/persons/{person}/leaving-facts", fact, "personnel")
    answer = await leaving.sign("INCOMING", leaving.incoming, VILLAGE)
    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNER_OF_ANOTHER_UNIT")
    assert (await leaving.sign("OUTGOING", leaving.outgoing, VILLAGE)).status_code == 201


async def test_successor_of_another_township_accepts_by_its_own_credential(service: Service) -> None:
    leaving = await departure(service, 1)
    leaving.incoming = await service.person(OTHER_TOWNSHIP)
    await leaving.open()
    await leaving.reconcile()
    taken = {"acceptedBy": leaving.incoming}
    answer = await service.post(f"{leaving.path}/acceptance", taken, "village")
    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNER_OF_ANOTHER_UNIT")
    await service.write(f"{leaving.path}/acceptance", taken, "neighbour")


async def test_another_township_cannot_touch_the_case(service: Service) -> None:
    leaving = await departure(service, 1)
    await leaving.open()
    answer = await service.post(f"{leaving.path}/acceptance", {"acceptedBy": leaving.incoming}, "neighbour")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")


async def test_persons_in_a_case_are_known(service: Service) -> None:
    leaving = await departure(service, 0)
    leaving.incoming = "P-NOBODY"
    with pytest.raises(AssertionError, match="CODE_UNKNOWN"):
        await leaving.open()
    answer = await service.get("/v1/clearances/P-NOBODY", "personnel")
    assert answer.status_code == 404


async def test_whoever_is_first_responsible_by_post_is_not_cleared(service: Service) -> None:
    head = await service.person(VILLAGE)
    post = {
        "position": "VILLAGE_PARTY_SECRETARY",
        "person": head,
        "since": "2022-01-01",
        "documentNo": "任001",
    }
    appointed = await service.post(f"/v1/organizations/{VILLAGE}/appointments", post, "personnel")
    assert appointed.status_code == 201, appointed.text
    asset = await confirmed(service)
    manager = await service.person(VILLAGE)
    first = {"firstResponsible": {"organization": VILLAGE, "position": "VILLAGE_PARTY_SECRETARY"}}
    kept = {"custody": custody(manager) | first, "occurredOn": "2022-02-01"}
    await write(service, asset, "custody", kept, "clerk")
    cleared = await service.read(f"/v1/clearances/{head}", "personnel")
    assert (cleared["clear"], cleared["posts"]) == (False, [f"{VILLAGE}/VILLAGE_PARTY_SECRETARY"])
    successor = await service.person(VILLAGE)
    ending = {"until": "2023-01-31", "reason": "任期届满", "kind": "TRANSFER"}
    ended = await service.write(
        f"/v1/organizations/{VILLAGE}/appointments/VILLAGE_PARTY_SECRETARY/{head}/ending", ending, "personnel"
    )
    assert [event["type"] for event in ended["events"]] == [
        "organization.position_ended",
        "departure_case.opened",
    ]
    state = await service.read(f"/v1/clearances/{head}", "personnel")
    assert (state["clear"], state["posts"], len(state["openCases"])) == (False, [], 1)
    leaving = Departure(service, [asset], head, successor, await service.person(TOWNSHIP))
    leaving.path = f"/v1/departures/{state['openCases'][0]['case']}"
    await service.write(f"{leaving.path}/successor", {"successor": successor}, "personnel")
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    audit = {
        "auditor": await service.person("AUDIT"),
        "auditorOrganization": "AUDIT",
        "cutOff": "2023-01-31",
        "opinion": "无保留意见",
        "reportNo": "审〔2023〕1号",
    }
    await service.write(f"{leaving.path}/audit", {"audit": audit}, "auditor")
    done = await service.write(f"{leaving.path}/completion", {})
    assert [event["type"] for event in done["events"]] == ["departure_case.completed", "asset.handed_over"]
    assert (await leaving.clearance())["clear"] is True


async def many(service: Service, count: int) -> None:
    """A handover of many assets: one append, all or nothing."""
    leaving = await departure(service, 0)
    codes = [new_code(f"B{number:05d}") for number in range(count)]
    lines = [{"asset": code, "card": road()} for code in codes]
    for start in range(0, count, 500):
        answer = await service.post("/v1/assets/bulk?atomicity=all", lines[start : start + 500])
        assert answer.status_code == 200, answer.text[:500]
    gate = asyncio.Semaphore(32)

    async def keep(code: str) -> None:
        async with gate:
            path = f"/v1/assets/{code}"
            await service.write(
                f"{path}/ownership-confirmations", {"confirmation": TOWNSHIP_OWNS}, "office", version=1
            )
            await service.write(
                f"{path}/custody", {"custody": custody(leaving.outgoing) | TOWNSHIP_KEEPS}, version=2
            )

    await asyncio.gather(*(keep(code) for code in codes))
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    before = await service.head()
    done = await service.write(f"{leaving.path}/completion", {})
    assert done["eventCount"] == count + 1
    assert await service.head() == before + count + 1
    assert (await leaving.clearance())["clear"] is True


async def test_many_assets_are_handed_over_in_one_append(service: Service) -> None:
    await many(service, 120)


@pytest.mark.soak
async def test_five_thousand_assets_are_handed_over_in_one_append(service: Service) -> None:
    await many(service, 5000)


async def test_what_happens_between_reading_and_append_is_not_handed_over_unseen(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reports on an asset between the completion's reading and its append: it is decided anew, and refused."""
    leaving = await departure(service, 2)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    meddled = []
    hand_over = Asset.hand_over

    def meddle(self: Asset, **facts: Any) -> None:
        meddled.append(self.id)
        hand_over(self, **facts)

    append = service.app.state.context.store.append

    async def late(county: str, command: Any) -> Any:
        if len(command.streams) == 3 and len(meddled) == 2:
            monkeypatch.setattr(service.app.state.context.store, "append", append)
            report = {"report": {"state": "DAMAGED", "reportedOn": "2022-06-01"}}
            await service.write(f"/v1/assets/{leaving.assets[0]}/status-reports", report, version=3)
        return await append(county, command)

    monkeypatch.setattr(Asset, "hand_over", meddle)
    monkeypatch.setattr(service.app.state.context.store, "append", late)
    refused = await service.post(f"{leaving.path}/completion", {})
    assert (refused.json()["code"], refused.json()["missing"]) == (
        "HANDOVER_LIST_INCOMPLETE",
        leaving.assets[:1],
    )
    versions = [(await service.read(f"/v1/assets/{asset}"))["version"] for asset in leaving.assets]
    assert versions == [4, 3]
    await service.write(f"{leaving.path}/lines", {})
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    assert (await service.write(f"{leaving.path}/completion", {}))["eventCount"] == 3


@pytest.mark.clause("C4.10-10")
async def test_a_later_correction_shows_as_a_delta_of_the_sealed_list(service: Service) -> None:
    """Seals the list with place and root of the log; a correction recorded afterwards changes neither, and is shown."""
    leaving = await departure(service, 2)
    leaving.day = service.app.state.context.today().isoformat()
    await leaving.open()
    path = f"{leaving.path}/delta"
    early = await service.get(path)
    assert (early.json()["code"], early.json()["missing"]) == ("STEP_OUT_OF_ORDER", ["seal"])
    await leaving.reconcile()
    await leaving.accept()
    before = await service.head()
    sealed = (await leaving.seal())["resource"]
    place = sealed["sealedPlace"]
    assert place["position"] == before
    async with service.pool.acquire() as connection:
        tree = await load_tree(connection, COUNTY, before)
    assert place["treeRoot"] == tree.root().hex()
    await leaving.all_signatures()
    await service.write(f"{leaving.path}/completion", {})
    clean = await service.read(path)
    assert (clean["unchanged"], clean["rows"], clean["sealed"]) == (True, [], place)
    first = leaving.assets[0]
    correction = {"changes": {"assetName": "更名后的村道"}, "reason": "笔误", "documentNo": "更正1号"}
    version = (await service.read(f"/v1/assets/{first}"))["version"]
    await service.write(
        f"/v1/assets/{first}/registration-corrections",
        {"correction": correction, "occurredOn": "2022-06-01"},
        version=version,
    )
    delta = await service.read(path)
    assert (delta["changed"], delta["unchanged"]) == (1, False)
    (row,) = delta["rows"]
    assert (row["key"], row["after"]["assetName"]) == ({"asset": first}, "更名后的村道")
    assert (delta["listSha256"], delta["sealed"]) == (sealed["sealed"], place)
    assert (await service.read(leaving.path))["resource"]["sealed"] == sealed["sealed"]
