"""Entries in systems outside (四(三)县级, 四(五); T10)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.external_entry import ExternalEntry, Stocktaking
from domain.asset.facts.ownership import OwnershipConfirmation
from domain.household.asset import HouseholdAsset
from tests.domain.saying import found, nothing, recorded, refused
from tests.examples import (
    ROADS,
    TOWNSHIP,
    VILLAGE,
    confirmed,
    confirmed_road,
    cow_card,
    disposed,
    lamp_card,
    occasion,
    registered,
    road_card,
    settled,
    share,
)


def entry(system: str = "SYS_STATE_ASSET", **changes: Any) -> ExternalEntry:
    given: dict[str, Any] = {"system": system, "ref_no": f"{system}-0001", "entered_on": date(2021, 9, 20)}
    return ExternalEntry(**(given | changes))


def lamps() -> Asset:
    """A village's public-welfare asset."""
    paper = OwnershipConfirmation(
        owners=(share(VILLAGE, "80000.00"),), owner_kind="VILLAGE", verification_basis="陶清核〔2021〕3号"
    )
    return confirmed(lamp_card(), paper)


def systems(asset: Asset | HouseholdAsset) -> list[str]:
    return [duty.system for duty in asset.external_duties]


@pytest.mark.clause("C4.3-06")
def test_a_department_s_road_goes_into_the_state_asset_system() -> None:
    """Opens the state-asset entry with the confirmation, for owner and finance bureau; a number of it closes it."""
    asset = confirmed_road()
    (duty,) = asset.external_duties
    assert (duty.system, duty.entered_by) == ("SYS_STATE_ASSET", (ROADS, "FINANCE"))
    with refused("EXTERNAL_SYSTEM_NOT_APPLICABLE", asset):
        asset.record_external_entry(entry("SYS_RURAL_COLLECTIVE"), occasion())
    for blank in (None, "", "  "):
        with refused("REF_REQUIRED", asset, missing=["refNo"]):
            asset.record_external_entry(entry(ref_no=blank), occasion())
    asset.record_external_entry(entry(), occasion())
    assert recorded(asset, Asset.ExternalEntryRecorded).entry == entry()
    asset.record_external_entry(entry(), occasion())
    nothing(asset)


@pytest.mark.clause("C4.3-06")
def test_an_entry_is_one_fact_of_the_past() -> None:
    """Refuses an entry before the confirmation, in the future, in no known system, or a second one in the same."""
    with refused("OWNERSHIP_NOT_CONFIRMED", missing=["ownershipConfirmation"]):
        registered().record_external_entry(entry(), occasion())
    asset = confirmed_road()
    with refused("DATE_IN_FUTURE", asset):
        asset.record_external_entry(entry(entered_on=date(2031, 1, 1)), occasion())
    with refused("CODE_UNKNOWN", asset):
        asset.record_external_entry(entry("SYS_MARS"), occasion())
    asset.record_external_entry(entry(), occasion())
    asset.collect_events()
    with refused("ALREADY_EXISTS", asset):
        asset.record_external_entry(entry(ref_no="另一回执"), occasion())
    with refused("ASSET_DISPOSED"):
        disposed().record_external_entry(entry("SYS_SANZI"), occasion(date(2022, 6, 1)))


@pytest.mark.clause("C4.3-07")
def test_a_village_s_asset_goes_into_the_rural_collective_system() -> None:
    """Opens the rural-collective entry for village-owned assets of either class, for village and agriculture bureau."""
    workshop = confirmed()
    assert systems(workshop) == ["SYS_RURAL_COLLECTIVE", "SYS_SANZI", "SYS_REAL_ESTATE"]
    assert workshop.external_duties[0].entered_by == (VILLAGE, "AGRICULTURE")
    assert workshop.external_duties[1].entered_by == (VILLAGE, TOWNSHIP)
    assert systems(lamps()) == ["SYS_RURAL_COLLECTIVE", "SYS_SANZI"]
    workshop.record_external_entry(entry("SYS_RURAL_COLLECTIVE"), occasion())
    assert recorded(workshop, Asset.ExternalEntryRecorded).entry.system == "SYS_RURAL_COLLECTIVE"


@pytest.mark.clause("C4.5-12")
def test_a_village_s_public_asset_is_verified_before_it_is_entered() -> None:
    """Wants the stocktake of a village's public-welfare asset before its entry in the rural-collective system."""
    asset = lamps()
    assert asset.external_duties[0].after_stocktake
    with refused("STOCKTAKE_REQUIRED", asset, missing=["stocktake"]):
        asset.record_external_entry(entry("SYS_RURAL_COLLECTIVE"), occasion())
    stocktaking = Stocktaking(stocktake="ST-2021", verified_on=date(2021, 9, 10))
    asset.record_stocktake(stocktaking, occasion())
    assert recorded(asset, Asset.StocktakeRecorded).stocktaking == stocktaking
    asset.record_stocktake(stocktaking, occasion())
    nothing(asset)
    with refused("DATE_IN_FUTURE", asset):
        asset.record_stocktake(stocktaking.model_copy(update={"verified_on": date(2031, 1, 1)}), occasion())
    asset.record_external_entry(entry("SYS_RURAL_COLLECTIVE"), occasion())
    assert asset.external_entries.keys() == {"SYS_RURAL_COLLECTIVE"}


@pytest.mark.clause("C4.5-12")
def test_imported_history_keeps_a_missing_stocktake_as_a_finding() -> None:
    """Records an old entry that was made without a stocktake as it happened, as a finding."""
    asset = lamps()
    asset.record_external_entry(
        entry("SYS_RURAL_COLLECTIVE"), occasion(date(2021, 9, 20), provenance="2021年清查表")
    )
    event = recorded(asset, Asset.ExternalEntryRecorded)
    assert found(event, "STOCKTAKE_REQUIRED") == {"missing": ["stocktake"]}


@pytest.mark.clause("C4.5-19")
def test_a_township_s_public_asset_goes_into_the_state_asset_system() -> None:
    """Opens the state-asset entry for a township's public-welfare asset and takes no entry elsewhere."""
    asset = registered(road_card(implementer=TOWNSHIP, implementer_kind="TOWNSHIP", funds_paid_to="TOWNSHIP"))
    paper = OwnershipConfirmation(
        owners=(share(TOWNSHIP, "360000.00"),), owner_kind="TOWNSHIP", verification_basis="陶清核〔2021〕3号"
    )
    asset.confirm_ownership(paper, occasion())
    settled(asset)
    assert systems(asset) == ["SYS_STATE_ASSET"]
    with refused("EXTERNAL_SYSTEM_NOT_APPLICABLE", asset):
        asset.record_external_entry(entry("SYS_SANZI"), occasion())


@pytest.mark.clause("C4.3-08")
def test_a_household_asset_is_entered_in_two_systems_each_by_its_own_number() -> None:
    """Opens two entries with a household asset's registration; one number closes one of them and never both."""
    asset = HouseholdAsset.register("H-1", cow_card(), occasion())
    assert recorded(asset, HouseholdAsset.Registered).lead_department == "RURAL_REVITALIZATION"
    assert systems(asset) == ["SYS_RETURN_POVERTY_MONITOR", "SYS_XJ_BIGDATA"]
    asset.record_external_entry(entry("SYS_XJ_BIGDATA", ref_no="R-1"), occasion())
    assert recorded(asset, HouseholdAsset.ExternalEntryRecorded).entry.ref_no == "R-1"
    with refused("EXTERNAL_ENTRY_PER_SYSTEM", asset):
        asset.record_external_entry(entry("SYS_RETURN_POVERTY_MONITOR", ref_no="R-1"), occasion())
    asset.record_external_entry(entry("SYS_RETURN_POVERTY_MONITOR", ref_no="R-2"), occasion())
    assert len(asset.external_entries) == 2
