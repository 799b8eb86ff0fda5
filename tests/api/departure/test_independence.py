"""Leaving office cannot be got round: who audits, and for what first supervisors (第一监管责任人) answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, road
from tests.api.departure.departing import (
    QUIET_VILLAGE,
    SECOND_VILLAGE,
    TOWNSHIP_OWNS,
    Departure,
    departure,
    kept_asset,
)
from tests.api.service import Service, new_code

SECRETARY = "VILLAGE_PARTY_SECRETARY"


async def report(service: Service, auditor: str, **changes: Any) -> dict[str, Any]:
    """An audit by AUDIT up to the last day."""
    told = {
        "auditor": auditor,
        "auditorOrganization": "AUDIT",
        "cutOff": "2023-01-31",
        "opinion": "无保留意见",
        "reportNo": "审〔2023〕1号",
    }
    return {"audit": told | changes}


@pytest.mark.clause("C4.10-09")
async def test_the_auditor_is_of_the_auditing_unit_and_no_party(service: Service) -> None:
    """Refuses an auditor whom nobody knows, of another unit, and the successor; the cut-off before the duty began."""
    leaving = await departure(service, 0)
    leaving.assets = [await kept_asset(service, leaving.outgoing, "RESPONSIBLE")]
    leaving.incoming = await service.person("AUDIT")
    await leaving.open("RESPONSIBLE", departsOn="2022-02-15")
    path, auditor = f"{leaving.path}/audit", await service.person("AUDIT")
    for who, code in (
        ("P-nobody", (422, "CODE_UNKNOWN")),
        (await service.person(VILLAGE), (403, "SIGNER_OF_ANOTHER_UNIT")),
        (leaving.incoming, (409, "AUDITOR_NOT_INDEPENDENT")),
    ):
        answer = await service.post(path, await report(service, who), "auditor")
        assert (answer.status_code, answer.json()["code"]) == code, who
    before = await report(service, auditor, cutOff="2021-12-31", deltaReportNo="补1号")
    early = await service.post(path, before, "auditor")
    assert (early.status_code, early.json()["code"]) == (422, "DATE_ORDER")
    await service.write(path, await report(service, auditor), "auditor")


@pytest.mark.clause("C4.10-09")
async def test_nobody_has_left_nor_is_audited_before_the_last_duty_began(service: Service) -> None:
    """Refuses a departure, and a cut-off, on a day before the leaver took on what the case is about; that day itself is one."""
    leaving = await departure(service, 0)
    leaving.assets = [await kept_asset(service, leaving.outgoing, "RESPONSIBLE")]
    notice = {
        "person": leaving.outgoing,
        "kind": "RESPONSIBLE",
        "organization": VILLAGE,
        "reason": "TRANSFER",
        "departsOn": "2021-12-31",
        "successor": leaving.incoming,
    }
    early = await service.post("/v1/departures", {"notice": notice}, "personnel")
    assert (early.status_code, early.json()["code"], early.json()["clause"]) == (
        422,
        "DATE_ORDER",
        "C4.10-09",
    )
    await leaving.open("RESPONSIBLE", departsOn="2022-01-01")
    later = await kept_asset(service, leaving.outgoing, "RESPONSIBLE", on="2022-06-01")
    path, auditor = f"{leaving.path}/audit", await service.person("AUDIT")
    short = await service.post(path, await report(service, auditor, cutOff="2022-05-31"), "auditor")
    assert (short.status_code, short.json()["code"]) == (422, "DATE_ORDER")
    await service.write(path, await report(service, auditor, cutOff="2022-06-01"), "auditor")
    await service.write(f"{leaving.path}/lines", {})
    lines = (await service.read(leaving.path))["resource"]["lines"]
    assert set(lines) == {*leaving.assets, later}


@pytest.mark.clause("C4.10-09", "C4.10-06")
async def test_the_first_supervisor_is_audited_too(service: Service) -> None:
    """The end of a first supervisor's post opens a case over what it supervised: no clearance before its audit."""
    head = await service.person(VILLAGE)
    post = {"position": SECRETARY, "person": head, "since": "2022-01-01", "documentNo": "任001"}
    await service.write(f"/v1/organizations/{VILLAGE}/appointments", post, "personnel")
    asset = new_code()
    path = f"/v1/assets/{asset}"
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    confirmed = {"confirmation": TOWNSHIP_OWNS, "occurredOn": "2022-01-31"}
    await service.write(f"{path}/ownership-confirmations", confirmed, "office", version=1)
    watched = [{"supervisor": VILLAGE, "firstSupervisor": {"organization": VILLAGE, "position": SECRETARY}}]
    body = {"supervision": watched, "occurredOn": "2022-02-01"}
    await service.write(f"{path}/supervision", body, version=2)
    held = await service.read(f"/v1/clearances/{head}", "personnel")
    assert (held["clear"], held["posts"]) == (False, [f"{VILLAGE}/{SECRETARY}"])
    ending = {"until": "2023-01-31", "reason": "任期届满", "kind": "TRANSFER"}
    where = f"/v1/organizations/{VILLAGE}/appointments/{SECRETARY}/{head}/ending"
    ended = await service.write(where, ending, "personnel")
    assert [event["type"] for event in ended["events"]] == [
        "organization.position_ended",
        "departure_case.opened",
    ]
    state = await service.read(f"/v1/clearances/{head}", "personnel")
    assert (state["clear"], len(state["openCases"])) == (False, 1)
    successor = await service.person(VILLAGE)
    leaving = Departure(service, [asset], head, successor, await service.person(TOWNSHIP))
    leaving.path = f"/v1/departures/{state['openCases'][0]['case']}"
    case = (await service.read(leaving.path))["resource"]
    assert (case["notice"]["kind"], list(case["lines"])) == ("RESPONSIBLE", [asset])
    await service.write(f"{leaving.path}/successor", {"successor": successor}, "personnel")
    await leaving.accept()
    await leaving.seal()
    await leaving.all_signatures()
    without = await service.post(f"{leaving.path}/completion", {})
    assert (without.status_code, without.json()["code"]) == (409, "AUDIT_REQUIRED")
    assert (await leaving.clearance())["clear"] is False
    await service.write(
        f"{leaving.path}/audit", await report(service, await service.person("AUDIT")), "auditor"
    )
    done = await service.write(f"{leaving.path}/completion", {})
    assert [event["type"] for event in done["events"]] == ["departure_case.completed", "asset.handed_over"]
    assert (await leaving.clearance())["clear"] is True


async def watched_by(service: Service, village: str) -> str:
    """A road that the village's Party secretary is the first supervisor of."""
    asset = new_code()
    path = f"/v1/assets/{asset}"
    await service.write("/v1/assets", {"asset": asset, "card": road()})
    confirmed = {"confirmation": TOWNSHIP_OWNS, "occurredOn": "2022-01-31"}
    await service.write(f"{path}/ownership-confirmations", confirmed, "office", version=1)
    first = {"organization": village, "position": SECRETARY}
    watched = [{"supervisor": village, "firstSupervisor": first}]
    await service.write(
        f"{path}/supervision", {"supervision": watched, "occurredOn": "2022-02-01"}, version=2
    )
    return asset


@pytest.mark.clause("C4.10-09", "C4.10-11")
@pytest.mark.parametrize(("village", "more"), [(SECOND_VILLAGE, 0), (QUIET_VILLAGE, 1)])
async def test_handover_first_and_end_of_post_afterwards_is_one_case(
    service: Service, village: str, more: int
) -> None:
    """A post that ends on the day of its handover opens no second case; what came to it since does."""
    head, successor = [await service.person(village) for _ in range(2)]
    posts = f"/v1/organizations/{village}/appointments"
    post = {"position": SECRETARY, "person": head, "since": "2022-01-01", "documentNo": "任001"}
    await service.write(posts, post, "personnel")
    asset = await watched_by(service, village)
    leaving = Departure(service, [asset], head, successor, await service.person(TOWNSHIP))
    await leaving.open("RESPONSIBLE", organization=village)
    await leaving.accept()
    await leaving.seal()
    for role, person, unit in (
        ("OUTGOING", head, village),
        ("INCOMING", successor, village),
        ("SUPERVISOR", leaving.supervisor, TOWNSHIP),
    ):
        assert (await leaving.sign(role, person, unit)).status_code == 201
    await service.write(
        f"{leaving.path}/audit", await report(service, await service.person("AUDIT")), "auditor"
    )
    await service.write(f"{leaving.path}/completion", {})
    since = [await watched_by(service, village) for _ in range(more)]
    ending = {"until": "2023-01-31", "reason": "任期届满", "kind": "TRANSFER"}
    ended = await service.write(f"{posts}/{SECRETARY}/{head}/ending", ending, "personnel")
    types = [event["type"] for event in ended["events"]]
    if not more:
        assert types == ["organization.position_ended"]
        assert (await leaving.clearance())["clear"] is True
        return
    assert types == ["organization.position_ended", "departure_case.opened"]
    (case,) = (await leaving.clearance())["openCases"]
    lines = (await service.read(f"/v1/departures/{case['case']}"))["resource"]["lines"]
    assert set(lines) == set(since)


@pytest.mark.clause("C4.10-10")
async def test_the_supervisor_records_who_refuses_to_sign_and_the_unit_stands_in(service: Service) -> None:
    """Refuses a stand-in's signature before, and a refusal by any other unit; then the unit signs and the case completes."""
    leaving = await departure(service, 1)
    await leaving.open()
    await leaving.reconcile()
    await leaving.accept()
    await leaving.seal()
    stand_in = await service.person(VILLAGE)
    before = await leaving.sign("OUTGOING", stand_in, VILLAGE)
    assert (before.status_code, before.json()["code"]) == (403, "FORBIDDEN")
    path = f"{leaving.path}/signing-refusal"
    said = {
        "supervisor": leaving.supervisor,
        "organization": TOWNSHIP,
        "refusedOn": leaving.day,
        "reason": "拒不到场",
        "listSha256": leaving.digest,
    }
    for who, changes, code in (
        ("village", {}, "FORBIDDEN"),
        ("village", {"organization": VILLAGE, "supervisor": stand_in}, "SUPERVISOR_NOT_SUPERIOR"),
        ("clerk", {"supervisor": stand_in}, "SIGNER_OF_ANOTHER_UNIT"),
        ("clerk", {"supervisor": "P-nobody"}, "CODE_UNKNOWN"),
        ("clerk", {"listSha256": "0" * 64}, "PLAN_HASH_MISMATCH"),
        ("clerk", {"refusedOn": "2023-01-30"}, "DATE_ORDER"),
    ):
        answer = await service.post(path, {"refusal": said | changes}, who)
        assert answer.json()["code"] == code, (who, changes, answer.text)
    await service.write(path, {"refusal": said}, "clerk")
    assert (await leaving.sign("OUTGOING", stand_in, VILLAGE)).status_code == 201
    assert (await leaving.sign("INCOMING", leaving.incoming, VILLAGE)).status_code == 201
    assert (await leaving.sign("SUPERVISOR", leaving.supervisor, TOWNSHIP)).status_code == 201
    done = await service.write(f"{leaving.path}/completion", {})
    assert done["resource"]["state"] == "COMPLETED"


@pytest.mark.clause("C4.10-11")
async def test_interim_custodians_in_turn_have_sixty_days_together(service: Service) -> None:
    """Refuses a second interim custodian whose days, with the first one's, are more than P37 allows."""
    leaving = await departure(service, 1)
    await leaving.open(reason="DEATH")
    path = f"{leaving.path}/interim-custodian"
    terms = (("2023-02-01", "2023-03-02"), ("2023-03-03", "2023-04-02"), ("2023-03-03", "2023-04-01"))
    told = []
    for since, until in terms:
        interim = {
            "person": await service.person(TOWNSHIP),
            "appointedBy": TOWNSHIP,
            "since": since,
            "until": until,
            "inventoryNo": "盘1号",
        }
        answer = await service.post(path, {"interim": interim}, "clerk")
        told.append((answer.status_code, answer.json().get("code")))
    assert told == [(201, None), (409, "INTERIM_TOO_LONG"), (201, None)]


async def test_personnel_of_one_township_record_nothing_about_another_s_people(service: Service) -> None:
    """A death in another township's village, a clearance, a formality: each by the personnel of the person's own place."""
    person = await service.person(VILLAGE)
    death = {"fact": {"kind": "DEATH", "happenedOn": "2022-01-31"}}
    for path, body in (
        (f"/v1/persons/{person}/leaving-facts", death),
        (f"/v1/clearances/{person}", {"issuedBy": OTHER_TOWNSHIP}),
    ):
        answer = await service.post(path, body, "neighbour")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_JURISDICTION"), path
    assert (await service.read(f"/v1/persons/{person}", "personnel"))["resource"]["facts"] == []


@pytest.mark.parametrize(
    ("unit", "kind", "code"),
    [
        ("U-nobody", "TOWNSHIP", "CODE_UNKNOWN"),
        ("U-nobody", "ASSET_OFFICE", "CODE_UNKNOWN"),
        (TOWNSHIP, "ASSET_OFFICE", "FIELD_INVALID"),
        (VILLAGE, "COUNTY_GOV", "FIELD_INVALID"),
    ],
)
async def test_a_key_is_of_a_unit_that_there_is_and_of_its_kind(
    service: Service, unit: str, kind: str, code: str
) -> None:
    spec = {"label": "x", "organization": unit, "organizationKind": kind, "roles": ["REGISTRAR"]}
    answer = await service.http.post(
        "/v1/keys", json=spec | {"divisions": [TOWNSHIP]}, headers=service.headers("admin")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, code)
