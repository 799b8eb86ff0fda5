"""Household assets, divisions, organisations and persons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.household.asset import HouseholdAsset
from domain.organization.division import Division
from domain.organization.organization import Organization
from domain.organization.person import Person
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    MANAGER,
    SUCCESSOR,
    VILLAGE,
    cow_card,
    division,
    household_asset,
    inspection,
    line,
    occasion,
    organization,
    person,
    yuan,
)

SECRETARY = "VILLAGE_PARTY_SECRETARY"


def enter(**changes: Any) -> HouseholdAsset:
    return HouseholdAsset.register("H-1", cow_card(**changes), occasion())


def test_a_household_asset_is_registered() -> None:
    asset = enter()
    assert recorded(asset, HouseholdAsset.Registered).card == cow_card()
    assert asset.state == "REGISTERED"


def test_a_household_asset_is_a_household_s_and_of_a_household_s_kind() -> None:
    with refused("HOUSEHOLD_REQUIRED", missing=["household"]):
        enter(household=None)
    with refused("TYPE_CLASS_MISMATCH"):
        enter(asset_type="WORKSHOP")
    with refused("LOAN_REF_REQUIRED", missing=["loanRef"]):
        enter(asset_type="MICROCREDIT_BIO")
    assert enter(asset_type="MICROCREDIT_BIO", loan_ref="贷-1").card.loan_ref == "贷-1"


def test_a_household_asset_s_figures_are_judged_like_any_other() -> None:
    with refused("QUANTITY_NOT_POSITIVE"):
        enter(quantity=Decimal(0))
    with refused("CODE_UNKNOWN"):
        enter(unit_of_measure="斤")
    with refused("DATE_IN_FUTURE"):
        enter(completion_date=date(2031, 1, 1))
    with refused("FUNDING_SUM_MISMATCH"):
        enter(original_value=yuan("20000.01"))
    with refused("FUNDING_REQUIRED"):
        enter(funding_lines=())
    assert enter(funding_lines=(line("20000.00", "FINANCIAL"),)).card.funding_lines[0].source == "FINANCIAL"


def test_an_inspection_closes_the_row_of_what_is_gone_and_opens_it_again() -> None:
    asset = household_asset()
    gone = inspection(present=False, reason="死亡")
    asset.inspect(gone, occasion())
    assert recorded(asset, HouseholdAsset.Inspected).inspection == gone
    states: list[str] = [asset.state]
    asset.inspect(gone, occasion())
    nothing(asset)
    asset.inspect(inspection(), occasion())
    states.append(asset.state)
    assert states == ["CLOSED", "REGISTERED"]
    with refused("DATE_IN_FUTURE", asset):
        asset.inspect(inspection(inspected_on=date(2031, 1, 1)), occasion())


def test_a_division_and_a_unit_are_defined() -> None:
    place, unit = division(), organization()
    assert (place.name, unit.card.kind) == ("玉麦乡", "VILLAGE")
    fresh = Division.define("653022299", place.card, occasion())
    assert recorded(fresh, Division.Defined).card == place.card
    other = Organization.define(VILLAGE, unit.card, occasion())
    assert recorded(other, Organization.Defined).card == unit.card
    ahead = {"valid_from": date(2031, 1, 1)}
    with refused("DATE_IN_FUTURE"):
        Division.define("X", place.card.model_copy(update=ahead), occasion())
    with refused("FIELD_INVALID"):
        Organization.define("X", unit.card, occasion())
    office = unit.card.model_copy(update={"kind": "ASSET_OFFICE"})
    with refused("ALREADY_EXISTS"):
        Organization.define("OFFICE-2", office, occasion(), office="ASSET_OFFICE")
    assert recorded(Organization.define("OFFICE-1", office, occasion()), Organization.Defined).card == office
    with refused("DATE_IN_FUTURE"):
        Organization.define(VILLAGE, unit.card.model_copy(update=ahead), occasion())


@pytest.mark.parametrize("old", [division(), organization()], ids=["division", "organization"])
def test_what_became_another_names_its_successor(old: Division | Organization) -> None:
    day = date(2015, 6, 1)
    with refused("SAME_PARTY", old):
        old.be_succeeded(old.id, day, "文1号", occasion())
    with refused("DATE_ORDER", old):
        old.be_succeeded("653022103", date(1999, 1, 1), "文1号", occasion())
    with refused("DATE_IN_FUTURE", old):
        old.be_succeeded("653022103", date(2031, 1, 1), "文1号", occasion())
    old.be_succeeded("653022103", day, "文1号", occasion())
    if isinstance(old, Division):
        assert recorded(old, Division.Succeeded).successor == "653022103"
    else:
        assert recorded(old, Organization.Succeeded).successor == "653022103"
    old.be_succeeded("653022103", day, "文1号", occasion())
    nothing(old)
    with refused("STEP_OUT_OF_ORDER", old):
        old.be_succeeded("653022104", day, "文2号", occasion())


def test_nothing_is_recorded_of_a_unit_from_its_last_day_on_but_who_leaves_it() -> None:
    unit = organization()
    unit.appoint(SECRETARY, MANAGER, date(2015, 1, 1), "任1号", occasion(date(2015, 1, 1)))
    unit.be_succeeded("653022103", date(2016, 1, 1), "文1号", occasion(date(2016, 1, 1)))
    unit.collect_events()
    with refused("NOT_IN_EXISTENCE", unit):
        unit.appoint("ASSET_MANAGER", SUCCESSOR, date(2016, 1, 1), "任2号", occasion(date(2016, 1, 1)))
    unit.appoint("ASSET_MANAGER", SUCCESSOR, date(2015, 12, 31), "任2号", occasion(date(2015, 12, 31)))
    assert recorded(unit, Organization.PositionAppointed).since == date(2015, 12, 31)
    unit.end_position(SECRETARY, MANAGER, date(2016, 1, 31), "撤销", occasion(date(2016, 1, 31)))
    assert recorded(unit, Organization.PositionEnded).until == date(2016, 1, 31)


def appoint(unit: Organization, who: str, since: date, position: str = SECRETARY) -> None:
    unit.appoint(position, who, since, "任1号", occasion())


def test_a_post_is_taken() -> None:
    unit = organization()
    appoint(unit, MANAGER, date(2020, 1, 1))
    assert recorded(unit, Organization.PositionAppointed).person == MANAGER
    appoint(unit, MANAGER, date(2020, 1, 1))
    nothing(unit)
    assert unit.holders(SECRETARY, date(2020, 1, 1)) == [MANAGER]
    assert unit.holders(SECRETARY, date(2019, 12, 31)) == []
    with refused("DATE_IN_FUTURE"):
        appoint(organization(), SUCCESSOR, date(2031, 1, 1))


def test_a_principal_s_post_has_one_holder_at_a_time() -> None:
    unit = organization()
    appoint(unit, MANAGER, date(2020, 1, 1))
    unit.collect_events()
    with refused("TENURE_OVERLAP", unit):
        appoint(unit, SUCCESSOR, date(2021, 1, 1))
    with refused("TENURE_OVERLAP", unit):
        appoint(unit, MANAGER, date(2019, 1, 1))
    unit.end_position(SECRETARY, MANAGER, date(2020, 12, 31), "调任", occasion())
    appoint(unit, SUCCESSOR, date(2021, 1, 1))
    assert unit.holders(SECRETARY, date(2020, 12, 31)) == [MANAGER]
    assert unit.holders(SECRETARY, date(2021, 1, 1)) == [SUCCESSOR]


def test_other_posts_may_be_shared() -> None:
    unit = organization()
    appoint(unit, MANAGER, date(2020, 1, 1), "ASSET_MANAGER")
    appoint(unit, SUCCESSOR, date(2020, 1, 1), "ASSET_MANAGER")
    assert sorted(unit.holders("ASSET_MANAGER", date(2020, 1, 1))) == [MANAGER, SUCCESSOR]


def test_a_post_is_left() -> None:
    unit = organization()
    appoint(unit, MANAGER, date(2020, 1, 1))
    unit.collect_events()
    with refused("NOT_FOUND", unit):
        unit.end_position(SECRETARY, SUCCESSOR, date(2020, 12, 31), "调任", occasion())
    with refused("DATE_ORDER", unit):
        unit.end_position(SECRETARY, MANAGER, date(2019, 12, 31), "调任", occasion())
    with refused("DATE_IN_FUTURE", unit):
        unit.end_position(SECRETARY, MANAGER, date(2031, 1, 1), "调任", occasion())
    unit.end_position(SECRETARY, MANAGER, date(2020, 12, 31), "调任", occasion())
    event = recorded(unit, Organization.PositionEnded)
    assert warned(event, "PRINCIPAL_VACANT") == {"organization": VILLAGE}
    unit.end_position(SECRETARY, MANAGER, date(2020, 12, 31), "调任", occasion())
    nothing(unit)


def test_a_person_is_registered() -> None:
    card = person().card
    assert recorded(Person.register("P-9", card, occasion()), Person.Registered).card == card
