"""A village's roll: who records how many may decide, and when a roll cannot be (C3-02)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.organization.organization import Organization, OrganizationCard
from domain.organization.roll import VillageRoll, roll_on
from tests.domain.saying import nothing, recorded, refused
from tests.examples import SHA, VILLAGE, occasion, settled

SINCE = date(2021, 1, 15)


def unit(kind: str = "VILLAGE") -> Organization:
    card = OrganizationCard.model_validate(
        {"name": "巴仁村", "kind": kind, "division": VILLAGE, "validFrom": date(2018, 1, 1)}, by_alias=True
    )
    return settled(Organization.define(VILLAGE, card, occasion(date(2018, 1, 1))))


def roll(**changes: Any) -> VillageRoll:
    given: dict[str, Any] = {
        "body": "REPRESENTATIVES",
        "count": 35,
        "since": SINCE,
        "until": date(2026, 1, 14),
        "document_no": "选举结果1号",
        "document_sha256": SHA,
    }
    return VillageRoll(**(given | changes))


def test_election_of_representatives_is_recorded_once() -> None:
    village = unit()
    village.record_roll(roll(), occasion(SINCE))
    assert recorded(village, Organization.RepresentativesElected).roll == roll()
    village.record_roll(roll(), occasion(SINCE))
    nothing(village)
    assert roll_on(village.rolls, "REPRESENTATIVES", SINCE) == roll()
    assert roll_on(village.rolls, "MEMBERS", SINCE) is None


def test_members_are_counted_with_their_households() -> None:
    village = unit()
    with refused("FIELD_REQUIRED", village):
        village.record_roll(roll(body="MEMBERS", count=812), occasion(SINCE))
    with refused("FIELD_INVALID", village):
        village.record_roll(roll(households=230), occasion(SINCE))
    counted = roll(body="MEMBERS", count=812, households=230)
    village.record_roll(counted, occasion(SINCE))
    assert recorded(village, Organization.MembersCounted).roll == counted


@pytest.mark.parametrize(
    "kind", ["COUNTY_GOV", "ASSET_OFFICE", "BODY", "DEPARTMENT", "TOWNSHIP", "FARM", "COMPANY"]
)
def test_unit_that_is_no_village_has_no_roll(kind: str) -> None:
    other = unit(kind)
    with refused("ROLL_OF_VILLAGES_ONLY", other, clause="C3-02"):
        other.record_roll(roll(), occasion(SINCE))


def test_roll_does_not_end_before_it_begins_nor_begin_tomorrow() -> None:
    village = unit()
    with refused("DATE_ORDER", village):
        village.record_roll(roll(until=date(2021, 1, 14)), occasion(SINCE))
    with refused("DATE_IN_FUTURE", village):
        village.record_roll(roll(since=date(2099, 1, 1), until=date(2099, 1, 2)), occasion(SINCE))
    village.record_roll(roll(until=SINCE), occasion(SINCE))
    assert roll_on(village.rolls, "REPRESENTATIVES", date(2021, 1, 16)) is None
