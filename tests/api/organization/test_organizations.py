"""Divisions, units, persons and posts over time."""

from __future__ import annotations

import pytest

from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE
from tests.api.service import Service, new_code


async def test_a_division_that_became_another_stays_in_the_history(service: Service) -> None:
    old, new = "653022900000", "653022901000"
    for code, name in ((old, "玉麦乡（旧）"), (new, "玉麦镇（新）")):
        card = {"name": name, "level": "township", "parent": "653022000000", "validFrom": "2013-01-01"}
        await service.write("/v1/divisions", {"division": code, "card": card}, "admin")
    succession = {"successor": new, "closedOn": "2020-01-01", "documentNo": "民政〔2020〕1号"}
    answer = await service.write(f"/v1/divisions/{old}/successor", succession, "admin")
    assert answer["resource"]["successor"] == new
    position = answer["position"]
    before = {
        row["division"] for row in await service.read("/v1/divisions", on="2019-12-31", min_position=position)
    }
    after = {row["division"] for row in await service.read("/v1/divisions", on="2020-01-01")}
    assert (old in before, old in after, new in after) == (True, False, True)
    assert (await service.read(f"/v1/divisions/{old}"))["resource"]["closedOn"] == "2020-01-01"


async def test_who_held_a_post_is_known_for_any_day(service: Service) -> None:
    first, second = await service.person(VILLAGE, "甲"), await service.person(VILLAGE, "乙")
    path = f"/v1/organizations/{VILLAGE}"
    post = {"position": "FIRST_SECRETARY", "documentNo": "任001"}
    await service.write(f"{path}/appointments", post | {"person": first, "since": "2020-01-01"}, "personnel")
    overlap = await service.post(
        f"{path}/appointments", post | {"person": second, "since": "2021-01-01"}, "personnel"
    )
    assert (overlap.status_code, overlap.json()["code"]) == (409, "TENURE_OVERLAP")
    ending = {"until": "2021-12-31", "reason": "轮换"}
    await service.write(f"{path}/appointments/FIRST_SECRETARY/{first}/ending", ending, "personnel")
    taken = await service.write(
        f"{path}/appointments", post | {"person": second, "since": "2022-01-01"}, "personnel"
    )
    for day, person in (("2021-12-31", first), ("2022-01-01", second)):
        rows = await service.read(
            f"{path}/tenures", position="FIRST_SECRETARY", on=day, min_position=taken["position"]
        )
        assert [row["person"] for row in rows] == [person]
    assert {row["personName"] for row in rows} == {"乙"}


async def test_a_township_appoints_in_its_own_villages_only(service: Service) -> None:
    person = await service.person(VILLAGE)
    body = {"position": "ASSET_MANAGER", "person": person, "since": "2022-01-01", "documentNo": "任001"}
    answer = await service.post(f"/v1/organizations/{VILLAGE}/appointments", body, "neighbour")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
    elsewhere = {"person": new_code("P"), "card": {"name": "丙", "organization": TOWNSHIP}}
    assert (await service.post("/v1/persons", elsewhere, "neighbour")).status_code == 403
    own = {"person": new_code("P"), "card": {"name": "丁", "organization": OTHER_TOWNSHIP}}
    assert (await service.post("/v1/persons", own, "neighbour")).status_code == 201


async def test_a_new_unit_hangs_on_known_ones(service: Service) -> None:
    card = {
        "name": "合作社",
        "kind": "COMPANY",
        "division": VILLAGE,
        "superior": TOWNSHIP,
        "validFrom": "2020-01-01",
    }
    code = new_code("ORG")
    await service.write("/v1/organizations", {"organization": code, "card": card}, "admin")
    for field, value in (("division", "653022999999"), ("superior", "NOBODY")):
        answer = await service.post(
            "/v1/organizations", {"organization": new_code("ORG"), "card": card | {field: value}}, "admin"
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "CODE_UNKNOWN")
    page = await service.read("/v1/organizations", kind="COMPANY", min_position=await service.head())
    assert code in {row["organization"] for row in page["rows"]}
    assert (await service.read(f"/v1/organizations/{code}"))["resource"]["card"]["superior"] == TOWNSHIP


@pytest.mark.clause("C4.3-05", "C4.3-10")
async def test_a_second_office_and_a_village_without_its_division_are_refused(service: Service) -> None:
    """Refuses a second asset office while one stands, and a village whose code is not that of its division."""
    card = {"name": "资产办", "kind": "ASSET_OFFICE", "superior": "COUNTY_GOV", "validFrom": "2021-01-01"}
    second = await service.post("/v1/organizations", {"organization": "OFFICE-2", "card": card}, "admin")
    assert (second.status_code, second.json()["code"]) == (409, "ALREADY_EXISTS")
    village = card | {"kind": "VILLAGE", "division": VILLAGE, "superior": TOWNSHIP}
    for code in (new_code("V"), "653022202201"):
        body = {"organization": code, "card": village}
        answer = await service.post("/v1/organizations", body, "admin")
        assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID"), code
    placeless = {"organization": VILLAGE, "card": village | {"division": None}}
    answer = await service.post("/v1/organizations", placeless, "admin")
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_INVALID")


async def test_an_unknown_person_or_unit_is_not_found(service: Service) -> None:
    for path in ("/v1/persons/none", "/v1/organizations/none", "/v1/divisions/none", "/v1/departures/none"):
        assert (await service.get(path)).status_code == 404
