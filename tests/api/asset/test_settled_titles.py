"""What is shown of a title that is settled: who uses and who leads, what is still missing, and what a seal leaves out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from projections.sealing.sealed_rows import derive, sealed_rows
from service.sealing.sealing import Sealing
from tests.api.asset.test_parties import shared
from tests.api.asset.test_titles import SECOND, confirmed, registered, write
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, road, terms
from tests.api.contracts import decided
from tests.api.oversight.test_policy_overrides import granted
from tests.api.service import COUNTY, Service


async def test_a_shared_asset_without_operator_is_used_by_all_its_owners(service: Service) -> None:
    """The first owner has no right of use before the others: before the contract, and after its end."""
    asset = await shared(service)
    path = f"/v1/assets/{asset}/rights"
    before = await service.read(path, on="2021-08-01")
    assert {one["holder"] for one in before["use"]} == {VILLAGE, SECOND}
    text = terms(charterDocument="章程1号")
    await write(service, asset, "leases", await decided(service, asset, text), "village")
    leased = await service.read(path, on="2022-01-01")
    assert [one["holder"] for one in leased["use"]] == ["OP-1"]
    ended = {"endedOn": "2022-06-30", "outcome": "TERMINATED", "reason": "双方协商"}
    await write(service, asset, "leases/L1/ending", ended, "village")
    after = await service.read(path, on="2022-07-01")
    assert {one["holder"] for one in after["use"]} == {VILLAGE, SECOND}


async def test_no_owner_of_a_shared_asset_is_its_user_in_state_register_and_seal(service: Service) -> None:
    """Nobody is named before a contract and after its end; the operator while it runs; the one owner of another asset always."""
    asset = await shared(service)

    async def said() -> tuple[Any, Any]:
        state = (await service.read(f"/v1/assets/{asset}"))["resource"].get("userRightHolder")
        head = await service.head()
        page = await service.read("/v1/ledgers/asset-register", asset=asset, min_position=head)
        return state, page["rows"][0]["userRightHolder"]

    assert await said() == (None, None)
    text = terms(charterDocument="章程1号")
    await write(service, asset, "leases", await decided(service, asset, text), "village")
    assert await said() == ("OP-1", "OP-1")
    ended = {"endedOn": "2022-06-30", "outcome": "TERMINATED", "reason": "双方协商"}
    await write(service, asset, "leases/L1/ending", ended, "village")
    assert await said() == (None, None)
    alone = await confirmed(service)
    sealed = await users_sealed(service, 2)
    assert (sealed[asset], sealed[alone]) == (None, VILLAGE)
    assert {one["kind"] for one in await gaps(service, asset)} & {"CARD_INCOMPLETE"} == set()


async def gaps(service: Service, asset: str) -> list[dict[str, Any]]:
    page = await service.read("/v1/ledgers/data-quality", asset=asset, min_position=await service.head())
    return list(page["rows"])


async def users_sealed(service: Service, form: int) -> dict[str, str | None]:
    """Who uses each of the village's assets by the rows that a seal of a form is made over."""
    await service.app.state.projector.wait_for(COUNTY, ("asset_register",), await service.head(), 20)
    what = sealed_rows("ASSET", COUNTY, VILLAGE, form)
    rows = await service.pool.fetch(what.sql, *what.parameters)
    return {row["asset"]: row["user_right_holder"] for row in rows}


async def test_a_seal_of_before_is_held_against_the_rows_it_was_made_over(service: Service) -> None:
    """In the first form the first owner of a shared asset uses it: nothing is changed since, and the digest is what it was."""
    asset = await shared(service)
    assert (await users_sealed(service, 1))[asset] == VILLAGE
    state = service.app.state
    sealing = Sealing(service.pool, state.moments, state.context.in_force.known(COUNTY), COUNTY)
    (now,) = await sealing.snapshots([("ASSET", VILLAGE)], 2021, date(2021, 12, 31))
    assert now.form == 2
    async with state.moments.at(COUNTY, ["asset_register"], now.as_of, now.position) as past:
        first = await derive(past.connection, COUNTY, "ASSET", VILLAGE, now.as_of, 1)
    assert first.root_hash != now.root_hash
    was = now.model_copy(update={"form": 1, "root_hash": first.root_hash})
    for sealed in (now, was):
        found, present = await sealing.delta(sealed, None, 10)
        assert (found.changes, present.root_hash) == ([], sealed.root_hash)


async def test_the_register_names_the_department_that_leads(service: Service) -> None:
    """By class and owner of the day's table (四(六)): finance for a township's road, agriculture for a village's production line."""
    line, way = await confirmed(service), await registered(service, road())
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    head = await service.head()
    for asset, lead in ((line, "AGRICULTURE"), (way, None)):
        page = await service.read("/v1/ledgers/asset-register", asset=asset, min_position=head)
        assert page["rows"][0]["leadDepartment"] == lead
    body = {"confirmation": owns, "occurredOn": "2021-08-10"}
    await write(service, way, "ownership-confirmations", body, "office")
    head = await service.head()
    page = await service.read("/v1/ledgers/asset-register", asset=way, min_position=head)
    assert page["rows"][0]["leadDepartment"] == "FINANCE"
    kept = await service.read(f"/v1/ledgers/kept/{TOWNSHIP}/TOWNSHIP_ASSET", limit=1000, min_position=head)
    assert {one["asset"]: one["leadDepartment"] for one in kept["rows"]}[way] == "FINANCE"


@pytest.mark.clause("C4.6-07")
async def test_the_department_that_leads_is_shown_for_every_asset(service: Service) -> None:
    """Shows the lead department by class and owner, and before the title where the rule leaves no doubt of it."""
    asset = await confirmed(service)
    told = await service.read(f"/v1/assets/{asset}/rights")
    assert told["leadDepartment"] == "AGRICULTURE"
    waiting = await registered(service, card())
    early = await service.read(f"/v1/assets/{waiting}/rights")
    assert (early["ownership"], early["leadDepartment"]) == ([], "AGRICULTURE")


async def test_the_adviser_knows_a_settled_title(service: Service) -> None:
    """Nothing is missing before a title that is confirmed, and the owners are the confirmed ones; before it there is none."""
    asset = await registered(service, card())
    waiting = await service.read(f"/v1/assets/{asset}/ownership-advice")
    assert waiting["settled"] is None
    assert any(one["missing"] for one in waiting["steps"])
    settled = await confirmed(service)
    told = await service.read(f"/v1/assets/{settled}/ownership-advice")
    assert (told["settled"]["confirmedOn"], told["settled"]["agrees"]) == ("2021-08-10", True)
    assert [one["party"] for one in told["settled"]["owners"]] == [VILLAGE]
    assert [one["owner"] for one in told["owners"]] == [VILLAGE]
    assert all(one["missing"] is None for one in told["steps"])


async def test_title_that_an_exception_settled_is_said_to_differ_from_the_rule(service: Service) -> None:
    """The rule points at the village that uses it (原则, C4.5-13); the county let the township have it."""
    asset = await registered(service, road(villageUse=True))
    exception = await granted(service, asset, code="OWNER_RULE_CONFLICT")
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    body = {"confirmation": owns, "occurredOn": "2022-03-10", "overrides": [exception]}
    await write(service, asset, "ownership-confirmations", body, "office")
    told = await service.read(f"/v1/assets/{asset}/ownership-advice")
    assert (told["ownerKind"], told["settled"]["agrees"]) == ("VILLAGE", False)
    assert [one["owner"] for one in told["owners"]] == [TOWNSHIP]


async def test_paper_that_a_title_was_confirmed_by_is_not_missed_afterwards(service: Service) -> None:
    """A clinic goes by the paper of the reform (C4.5-04), which the confirmation names: before it is missing, after it is not."""
    clinic = {
        "assetType": "HEALTH",
        "subclass": "PUBLIC_SERVICE",
        "assetContent": "村卫生室",
        "quantity": "1",
    }
    asset = await registered(service, road(**clinic, unitOfMeasure="座"))
    path = f"/v1/assets/{asset}/ownership-advice"
    assert [one["missing"] for one in (await service.read(path))["steps"]] == ["reformBasisDocument"]
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    body = {"confirmation": owns | {"reformBasisDocument": "卫改〔2020〕1号"}, "occurredOn": "2021-08-10"}
    await write(service, asset, "ownership-confirmations", body, "office")
    told = await service.read(path)
    assert [one["missing"] for one in told["steps"]] == [None]
    assert (told["settled"]["ownerKind"], told["settled"]["agrees"]) == ("TOWNSHIP", True)


async def test_a_seal_says_what_it_leaves_out(service: Service) -> None:
    """An asset of the village without a confirmed owner is in no unit's ledger: it is counted beside it, and not in it."""
    quiet = "653022202201"
    asset = await registered(service, card(location=quiet))
    await confirmed(service, quiet)
    body = {"kind": "ASSET", "unit": quiet, "year": 2021}
    made = await service.write("/v1/seals", body, "clerk")
    sealed = made["resource"]["snapshot"]
    assert (sealed["rows"], sealed["leftOut"]) == (1, {"assets": 1, "originalValue": "1000000.00"})
    shown = await service.read(f"/v1/seals/{made['id']}")
    assert shown["resource"]["snapshot"]["leftOut"]["assets"] == 1
    neighbour = body | {"unit": SECOND}
    other = (await service.write("/v1/seals", neighbour, "clerk"))["resource"]["snapshot"]
    assert other["leftOut"] == {"assets": 0, "originalValue": "0.00"}, asset


async def test_a_command_from_which_nothing_comes_says_so(service: Service) -> None:
    """The same document again is no event: the answer is 200 and says why."""
    asset = await registered(service, card())
    paper = {"document": {"kind": "ACCEPTANCE", "document": "D1", "sha256": "0" * 64}}
    await write(service, asset, "documents", paper, "clerk")
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    again = await service.post(f"/v1/assets/{asset}/documents", paper, version=version)
    assert (again.status_code, again.json()["eventCount"]) == (200, 0)
    assert [one["code"] for one in again.json()["warnings"]] == ["NOTHING_RECORDED"]
