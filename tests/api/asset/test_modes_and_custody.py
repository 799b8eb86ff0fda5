"""What is let, and who looks after it, over HTTP: modes by class, named persons, not before the title."""

from __future__ import annotations

import pytest

from tests.api.asset.test_titles import confirmed, refused, registered, write
from tests.api.bodies import TOWNSHIP, VILLAGE, confirmation, custody, road, terms
from tests.api.contracts import decided
from tests.api.service import Service


@pytest.mark.clause("C3-03")
@pytest.mark.parametrize("mode", ["LEASED", "CONTRACTED", "ENTRUSTED", "JOINT_OPERATION", "EQUITY"])
async def test_public_welfare_assets_are_not_let(service: Service, mode: str) -> None:
    """Refuses every mode of operation for a public-welfare asset (a road); a production line is let."""
    asset = await registered(service, road())
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    await write(
        service,
        asset,
        "ownership-confirmations",
        {"confirmation": owns, "occurredOn": "2021-07-10"},
        "office",
    )
    lease = terms(mode=mode, signer=TOWNSHIP)
    assert (await refused(service, asset, "leases", {"terms": lease}, "clerk"))[:2] == (
        409,
        "MODE_NOT_ALLOWED_FOR_CLASS",
    )
    if mode == "LEASED":
        asset = await confirmed(service)
        await write(service, asset, "leases", await decided(service, asset, terms()), "village")


@pytest.mark.clause("C4.10-02")
async def test_custody_names_a_person_and_waits_for_the_title(service: Service) -> None:
    """Refuses final custody before the confirmation, and custody of a unit without a named person."""
    asset = await registered(service, road())
    leader = {"organization": TOWNSHIP, "position": "PRINCIPAL"}
    kept = custody(await service.person(VILLAGE)) | {"custodian": TOWNSHIP, "firstResponsible": leader}
    body = {"custody": kept, "occurredOn": "2021-07-09"}
    assert (await refused(service, asset, "custody", body, "clerk"))[:2] == (409, "OWNERSHIP_NOT_CONFIRMED")
    provisional = {"custody": kept | {"provisional": True}, "occurredOn": "2021-07-09"}
    await write(service, asset, "custody", provisional, "clerk")
    owns = confirmation("450000.00", TOWNSHIP) | {"ownerKind": "TOWNSHIP", "incomeRightHolders": []}
    await write(
        service,
        asset,
        "ownership-confirmations",
        {"confirmation": owns, "occurredOn": "2021-07-10"},
        "office",
    )
    nobody = {"custody": kept | {"duties": []}, "occurredOn": "2021-07-10"}
    assert await refused(service, asset, "custody", nobody, "clerk") == (
        409,
        "RESPONSIBLE_PERSON_REQUIRED",
        ["duties"],
    )
    await write(service, asset, "custody", body | {"occurredOn": "2021-07-10"}, "clerk")
