"""Who keeps an asset and who supervises it, over HTTP: the row of the custody table (T7) decides, and the post the person."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_titles import SECOND, confirmed, refused, registered, shares, write
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, custody, road, terms
from tests.api.contracts import decided
from tests.api.service import Service

SECRETARY = "VILLAGE_PARTY_SECRETARY"
ON = "2021-10-08"


def first(unit: str, post: str) -> dict[str, Any]:
    return {"organization": unit, "position": post}


def watched(*units: tuple[str, str | None]) -> dict[str, Any]:
    """Supervising units, each with the post that is first there."""
    return {
        "supervision": [
            {"supervisor": unit} | ({} if post is None else {"firstSupervisor": first(unit, post)})
            for unit, post in units
        ],
        "occurredOn": ON,
    }


async def townships_road(service: Service) -> str:
    """A road that the township owns since 10 July 2021."""
    asset = await registered(service, road())
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    body = {"confirmation": owns, "occurredOn": "2021-07-10"}
    await write(service, asset, "ownership-confirmations", body, "office")
    return asset


async def let_across_villages(service: Service) -> str:
    """A production line of two villages, built by a department and let to one operator."""
    asset = await registered(service, card(projectScope="CROSS_VILLAGE"))
    lines = [
        {"township": TOWNSHIP, "village": village, "coveredPoorHouseholds": households}
        for village, households in ((VILLAGE, 60), (SECOND, 40))
    ]
    plan = {"plan": {"proposedBy": "COMMERCE", "lines": lines}, "occurredOn": "2021-07-01"}
    await write(service, asset, "quantification-plans", plan, "commerce")
    decision = {"decision": {"documentNo": "陶政函9号", "decidedOn": "2021-07-05", "reasons": "按方案"}}
    await write(service, asset, "county-decisions", decision, "county")
    parts = shares(**{f"v{VILLAGE}": "600000.00", f"v{SECOND}": "400000.00"})
    given = confirmation() | {"owners": parts, "incomeRightHolders": parts}
    body = {"confirmation": given, "occurredOn": "2021-07-10"}
    await write(service, asset, "ownership-confirmations", body, "approver")
    lease = await decided(service, asset, terms(charterDocument="章程1号"))
    await write(service, asset, "leases", lease, "village")
    return asset


async def let(service: Service) -> str:
    """A production line of one village, let to an operator."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await decided(service, asset, terms()), "village")
    return asset


@pytest.mark.clause("C4.10-05")
async def test_public_welfare_asset_is_its_owners_whose_leader_is_first_responsible(service: Service) -> None:
    """Refuses a deputy, another unit's leader, nobody, and another custodian than the owner; whoever leads on a day answers on it."""
    asset = await townships_road(service)
    keeper = await service.person(TOWNSHIP)
    kept = custody(keeper) | {"custodian": TOWNSHIP, "responsibleUnit": TOWNSHIP}
    wrong = (409, "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL")
    for post in (
        first(TOWNSHIP, "DEPUTY_IN_CHARGE"),
        first(VILLAGE, SECRETARY),
        first("COMMERCE", "PRINCIPAL"),
        None,
    ):
        body = {
            "custody": kept | ({} if post is None else {"firstResponsible": post}),
            "occurredOn": "2021-07-11",
        }
        assert (await refused(service, asset, "custody", body, "clerk"))[:2] == wrong, post
    leader = first(TOWNSHIP, "PRINCIPAL")
    villages = {"custody": custody(keeper) | {"firstResponsible": leader}, "occurredOn": "2021-07-11"}
    assert await refused(service, asset, "custody", villages, "clerk") == (
        409,
        "CUSTODIAN_REQUIRED",
        [TOWNSHIP],
    )
    body = {"custody": kept | {"firstResponsible": leader}, "occurredOn": "2021-07-11"}
    await write(service, asset, "custody", body, "clerk")


@pytest.mark.clause("C4.10-06")
async def test_village_secretary_is_the_first_supervisor_of_what_one_village_lets(service: Service) -> None:
    """Refuses the village director, another post and nobody as first supervisor, and any custodian but the operator."""
    asset = await let(service)
    wrong = (409, "FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY")
    for post in ("VILLAGE_DIRECTOR", "ASSET_MANAGER", "PRINCIPAL", None):
        body = watched((VILLAGE, post))
        assert (await refused(service, asset, "supervision", body, "clerk"))[:2] == wrong, post
    deputy = watched((VILLAGE, SECRETARY), (TOWNSHIP, "DEPUTY_IN_CHARGE"))
    assert (await refused(service, asset, "supervision", deputy, "clerk"))[:2] == (
        409,
        "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL",
    )
    await write(
        service, asset, "supervision", watched((VILLAGE, SECRETARY), (TOWNSHIP, "PRINCIPAL")), "clerk"
    )
    keeper = {"custody": custody(await service.person(VILLAGE)), "occurredOn": ON}
    assert await refused(service, asset, "custody", keeper, "clerk") == (409, "CUSTODIAN_REQUIRED", ["OP-1"])
    operator = {"custody": keeper["custody"] | {"custodian": "OP-1"}, "occurredOn": ON}
    await write(service, asset, "custody", operator, "clerk")


@pytest.mark.clause("C4.10-07")
async def test_implementer_and_every_owner_village_supervise_across_villages(service: Service) -> None:
    """Refuses a part of the set, and a supervisor whose leader is not first; takes implementer and every owner village."""
    asset = await let_across_villages(service)
    everybody = (("COMMERCE", "PRINCIPAL"), (VILLAGE, SECRETARY), (SECOND, SECRETARY))
    for left in everybody:
        part = watched(*(one for one in everybody if one != left))
        told = await refused(service, asset, "supervision", part, "clerk")
        assert told == (409, "SUPERVISOR_SET_INCOMPLETE", [left[0]])
    alone = await refused(service, asset, "supervision", watched(everybody[0]), "clerk")
    assert alone == (409, "SUPERVISOR_SET_INCOMPLETE", [VILLAGE, SECOND])
    for index, code in (
        (0, "FIRST_RESPONSIBLE_MUST_BE_PRINCIPAL"),
        (2, "FIRST_SUPERVISOR_MUST_BE_PARTY_SECRETARY"),
    ):
        for post in ("DEPUTY_IN_CHARGE", None):
            given = [*everybody[:index], (everybody[index][0], post), *everybody[index + 1 :]]
            assert (await refused(service, asset, "supervision", watched(*given), "clerk"))[:2] == (
                409,
                code,
            ), post
    done = await write(service, asset, "supervision", watched(*everybody), "clerk")
    assert [one["firstSupervisor"]["position"] for one in done["resource"]["supervision"]] == [
        "PRINCIPAL",
        SECRETARY,
        SECRETARY,
    ]


async def departments_road(service: Service, department: str) -> str:
    """A road that a department built and owns."""
    built = {"implementer": department, "implementerKind": "DEPARTMENT", "fundsPaidTo": "DEPARTMENT"}
    asset = await registered(service, road(**built))
    owns = confirmation("450000.00", department) | {"ownerKind": "DEPARTMENT", "incomeRightHolders": []}
    body = {"confirmation": owns, "occurredOn": "2021-07-10"}
    await write(service, asset, "ownership-confirmations", body, "office")
    return asset


@pytest.mark.clause("C4.10-01")
async def test_department_or_the_township_of_the_place_is_the_body_of_upkeep(service: Service) -> None:
    """Names the township where it lies as the body that maintains a village's asset, and the department for its own."""
    village = await confirmed(service)
    advice = await service.read(f"/v1/assets/{village}/care-advice", on=ON)
    assert (advice["maintenanceBody"], "C4.10-01" in advice["clauses"]) == ([TOWNSHIP], True)
    asset = await departments_road(service, "TRANSPORT")
    advice = await service.read(f"/v1/assets/{asset}/care-advice", on=ON)
    assert advice["maintenanceBody"] == ["TRANSPORT"]


@pytest.mark.clause("C4.7-08")
async def test_village_books_its_confirmed_share_to_the_fen(service: Service) -> None:
    """Refuses a village that books a fen more or less than its confirmed share, and takes the share."""
    asset = await let_across_villages(service)
    booked = {"party": VILLAGE, "voucherNo": "记-1", "bookedOn": ON}
    for amount in ("599999.99", "600000.01", "1000000.00", "400000.00"):
        body = {"booking": booked | {"amount": amount}}
        told = await refused(service, asset, "bookings", body, "village")
        assert told[:2] == (409, "BOOKED_AMOUNT_MISMATCH"), amount
    await write(service, asset, "bookings", {"booking": booked | {"amount": "600000.00"}}, "village")
    asked = {"owner": VILLAGE, "asset": asset, "min_position": await service.head()}
    (row,) = (await service.read("/v1/ledgers/asset-register", **asked))["rows"]
    assert (row["ownerShare"], row["assetClass"]) == ("600000.00", "OPERATING")
