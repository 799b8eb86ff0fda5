"""Who exists on that day: units, divisions and persons that a request names, units that act, and what passes to a successor."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from domain.values import Refers
from tests.api.asset.test_scores import village_line
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, card, confirmation, road, transfer
from tests.api.operations import CODE_OF
from tests.api.plausible import Place, body_of, first_version, leaves, write_routes
from tests.api.service import KEYS, Service, new_code

SECOND = "653022202201"
ON = "2021-08-10"
LIVING = {"division": "653022299000", "organization": "UNIT-299", "person": "P-299"}
"""Codes of what is not there on `ON`, by kind; each with a suffix for how."""
EXCEPTIONS = Path(__file__).parents[2] / "commands" / "ended_codes.toml"


def references(*, ended: bool) -> Iterator[tuple[str, Any, Place, str]]:
    """Every field of a request that names a unit, a division or a person: path, body, place, kind."""
    for path, model, _ in write_routes():
        for place, _, marks in leaves(model):
            for mark in marks:
                if isinstance(mark, Refers) and mark.kind in LIVING and mark.ended is ended:
                    yield path, model, place, mark.kind


UNMADE = {
    "/v1/divisions": "its body cannot be made up: the code is the county's",
    "/v1/policy/parameter-changes": "its body cannot be made up: the value has the shape of its parameter",
    "/v1/ownership-advice": "asks what would be; nothing is recorded",
    "/v1/officials": "an account, not an event: it has no business day, and what its person may do is asked at every sign-in",
    "/v1/keys": "a key, not an event: it has no business day; what nobody defined is refused in `tests/api/system/test_access.py`",
    "/v1/access-grants": "a grant, not an event: it has no business day, and holds by the post of the day it is used",
}
"""Routes that are not walked, each with a reason."""
STRICT = [
    pytest.param(path, model, place, kind, id=f"{path} {'.'.join(map(str, place))}")
    for path, model, place, kind in references(ended=False)
    if path not in UNMADE
]


def test_codes_that_may_have_ended_stand_in_the_file() -> None:
    listed = {
        field for part in tomllib.loads(EXCEPTIONS.read_text("utf-8")).values() for field in part["fields"]
    }
    found = {str(place[-1]) for _, _, place, _ in references(ended=True)}
    assert found == {
        re.sub(r"_(\w)", lambda one: one[1].upper(), field.partition(".")[2]) for field in listed
    }
    assert len(listed) <= 6
    assert len(STRICT) > 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gone(service: Service) -> dict[str, list[str]]:
    """By kind, what was closed or dead before the day, and what is entered from a later day on."""
    card_ = {"name": "张三", "organization": TOWNSHIP}
    await service.post("/v1/persons", {"person": "P-1", "card": card_}, "personnel")
    await service.post("/v1/persons", {"person": "P-299", "card": card_}, "personnel")
    await service.post("/v1/assets", {"asset": "A-1", "card": road(), "occurredOn": "2020-02-01"})
    fact = {"kind": "DEATH", "happenedOn": "2021-01-01"}
    await service.write("/v1/persons/P-299/leaving-facts", {"fact": fact}, "personnel")
    unit = {"name": "某局", "kind": "DEPARTMENT", "superior": "COUNTY_GOV", "validFrom": "2014-01-01"}
    for code, begins in (("UNIT-299", "2014-01-01"), ("UNIT-300", "2021-09-01")):
        await service.write(
            "/v1/organizations", {"organization": code, "card": unit | {"validFrom": begins}}, "admin"
        )
    ended = {"successor": "FINANCE", "closedOn": "2021-01-01", "documentNo": "编办1号"}
    await service.write("/v1/organizations/UNIT-299/successor", ended, "admin")
    place = {"name": "某镇", "level": "township", "parent": "653022000000"}
    for code, begins in (("653022299000", "2014-01-01"), ("653022298000", "2021-09-01")):
        await service.write(
            "/v1/divisions", {"division": code, "card": place | {"validFrom": begins}}, "admin"
        )
    ended = {"successor": TOWNSHIP, "closedOn": "2021-01-01", "documentNo": "民政1号"}
    await service.write("/v1/divisions/653022299000/successor", ended, "admin")
    return {
        "division": ["653022299000", "653022298000"],
        "organization": ["UNIT-299", "UNIT-300"],
        "person": ["P-299"],
    }


def sensible(body: Any) -> Any:
    """A made-up body without a number that does not add up."""
    if isinstance(body, dict):
        return {name: "N2653022MF12345676" if name == "uscc" else sensible(one) for name, one in body.items()}
    return [sensible(one) for one in body] if isinstance(body, list) else body


@pytest.mark.parametrize(("path", "model", "place", "kind"), STRICT)
async def test_what_is_not_there_on_the_day_is_not_named(
    service: Service, gone: dict[str, list[str]], path: str, model: Any, place: Place, kind: str
) -> None:
    """Unknown, closed or dead before the day, not yet there: every request, every field."""
    target = re.sub(r"\{(\w+)\}", lambda found: CODE_OF.get(found[1], "X-1"), path)
    dated = "on" if "on" in model.model_fields else "occurredOn"
    for code, refusal in [("653022999999" if kind != "person" else "NOBODY", (422, "CODE_UNKNOWN"))] + [
        (one, (409, "NOT_IN_EXISTENCE")) for one in gone[kind]
    ]:
        if kind == "organization" and "village" in str(place[-1]) and not code.isdigit():
            continue  # a village's code is twelve digits
        body = sensible(body_of(model, place, code)) | {dated: ON}
        for who in KEYS:
            answer = await service.post(target, body, who, version=first_version(path))
            if answer.json().get("code") not in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}:
                break
        assert (answer.status_code, answer.json()["code"]) == refusal, (code, answer.text)


async def test_the_dead_are_appointed_to_nothing(service: Service) -> None:
    person = await service.person(VILLAGE)
    fact = {"kind": "DEATH", "happenedOn": "2023-05-01"}
    await service.write(f"/v1/persons/{person}/leaving-facts", {"fact": fact}, "personnel")
    path = f"/v1/organizations/{VILLAGE}/appointments"
    body = {"position": "ASSET_MANAGER", "person": person, "since": "2024-01-01", "documentNo": "任1号"}
    late = await service.post(path, body, "personnel")
    assert (late.status_code, late.json()["code"]) == (409, "NOT_IN_EXISTENCE")
    assert "2023-05-02 起已不存在" in late.json()["detail"]
    await service.write(path, body | {"since": "2023-05-01"}, "personnel")


async def test_after_a_merger_the_successor_acts_and_the_closed_unit_does_not(service: Service) -> None:
    """A village is merged while an asset is on its way to it, and with tasks of its own."""
    waiting, moving = new_code(), new_code()
    for asset, given in (
        (waiting, village_line(location=SECOND) | {"implementer": SECOND}),
        (moving, card()),
    ):
        await service.write(
            "/v1/assets", {"asset": asset, "card": given, "occurredOn": "2021-07-15"}, "office"
        )
    title = {"confirmation": confirmation(owner=SECOND), "occurredOn": "2021-07-20"}
    await service.write(f"/v1/assets/{waiting}/ownership-confirmations", title, "office", version=1)
    offered = {"transfer": transfer() | {"receiver": SECOND}}
    await service.write(f"/v1/assets/{moving}/transfers", offered, "clerk", version=1)
    ended = {"successor": VILLAGE, "closedOn": "2022-01-01", "documentNo": "民政〔2022〕1号"}
    await service.write(f"/v1/organizations/{SECOND}/successor", ended, "admin")
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    path = f"/v1/assets/{moving}/transfers/T1"
    closed = await service.post(
        f"{path}/acceptances", {"receiver": SECOND, "items": items}, "second_village", version=2
    )
    assert (closed.status_code, closed.json()["code"]) == (409, "NOT_IN_EXISTENCE")
    assert f"（{VILLAGE}）承接" in closed.json()["detail"]
    stranger = await service.post(
        f"{path}/acceptances", {"receiver": OTHER_TOWNSHIP, "items": items}, "neighbour", version=2
    )
    assert stranger.json()["code"] == "FORBIDDEN_JURISDICTION"
    await service.write(f"{path}/acceptances", {"receiver": VILLAGE, "items": items}, "village", version=2)
    done = await service.write(f"{path}/completion", {}, "clerk", version=3)
    assert done["resource"]["transfers"]["T1"]["receiver"] == VILLAGE
    head = await service.head()
    for on, unit, other in (("2021-12-31", SECOND, VILLAGE), ("2022-01-01", VILLAGE, SECOND)):
        for asked, expected in ((unit, [[unit]]), (other, [])):
            page = await service.read(
                f"/v1/organizations/{asked}/worklist",
                on=on,
                task="BOOKING",
                until="2022-12-31",
                min_position=head,
            )
            assert [one["units"] for one in page["tasks"] if one["subject"] == waiting] == expected, (
                on,
                asked,
            )


async def test_what_a_merged_department_guided_its_successor_guides(service: Service) -> None:
    async def guided(on: str) -> tuple[str, str]:
        asset = new_code()
        body = {"asset": asset, "card": card(), "occurredOn": on}
        return asset, (await service.write("/v1/assets", body, "office"))["resource"]["guidance"]["lead"]

    before, lead = await guided("2021-07-15")
    unit = {"name": "合并后的局", "kind": "DEPARTMENT", "superior": "COUNTY_GOV", "validFrom": "2021-10-01"}
    await service.write("/v1/organizations", {"organization": "MERGED", "card": unit}, "admin")
    ended = {"successor": "MERGED", "closedOn": "2021-10-01", "documentNo": "编办2号"}
    await service.write(f"/v1/organizations/{lead}/successor", ended, "admin")
    assert (await guided("2021-09-30"))[1] == lead
    after, merged = await guided("2021-10-01")
    assert merged == "MERGED"
    filed = {"asset": new_code(), "card": card(guidingDepartment="MERGED"), "occurredOn": "2021-10-01"}
    await service.write("/v1/assets", filed, "office")
    page = await service.read(
        "/v1/ledgers/asset-duties", guiding_department="MERGED", min_position=await service.head(), limit=100
    )
    assert {before, after} <= {row["asset"] for row in page["rows"]}


async def test_nothing_is_recorded_of_a_unit_after_its_end(service: Service) -> None:
    code = new_code("ORG")
    unit = {
        "name": "某公司",
        "kind": "COMPANY",
        "division": TOWNSHIP,
        "superior": TOWNSHIP,
        "validFrom": "2020-01-01",
    }
    await service.write("/v1/organizations", {"organization": code, "card": unit}, "admin")
    person = await service.person(TOWNSHIP)
    post = {"position": "ASSET_MANAGER", "person": person, "since": "2020-02-01", "documentNo": "任1号"}
    await service.write(f"/v1/organizations/{code}/appointments", post, "personnel")
    ended = {"successor": TOWNSHIP, "closedOn": "2022-01-01", "documentNo": "文1号"}
    await service.write(f"/v1/organizations/{code}/successor", ended, "admin")
    for since, status in (("2022-01-01", 409), ("2021-12-31", 201)):
        other = post | {"person": await service.person(TOWNSHIP), "since": since}
        answer = await service.post(f"/v1/organizations/{code}/appointments", other, "personnel")
        assert answer.status_code == status, answer.text
    left = {"until": "2022-01-31", "reason": "单位撤销", "kind": "OTHER"}
    path = f"/v1/organizations/{code}/appointments/ASSET_MANAGER/{person}/ending"
    await service.write(path, left, "personnel")
