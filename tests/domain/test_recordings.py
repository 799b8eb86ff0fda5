"""Records on behalf: who confirms for a village what another unit recorded for it (C4.7-04)."""

from __future__ import annotations

from datetime import date

import pytest

from domain.organization.organization import Organization
from tests.domain.saying import recorded, refused
from tests.examples import MANAGER, SUCCESSOR, occasion, organization, settled

SECRETARY = "VILLAGE_PARTY_SECRETARY"
DAY = date(2021, 9, 20)


def led_by(person: str, until: date | None = None) -> Organization:
    """A village with its Party secretary since 2021."""
    village = organization()
    village.appoint(SECRETARY, person, date(2021, 1, 1), "任1号", occasion(date(2021, 1, 1)))
    if until is not None:
        village.end_position(SECRETARY, person, until, "调离", occasion(until))
    return settled(village)


@pytest.mark.clause("C4.7-04")
def test_the_secretary_of_the_day_confirms_and_nobody_else() -> None:
    """Confirms what was recorded on behalf by the village's secretary alone, who did not record it himself."""
    village = led_by(MANAGER)
    village.confirm_recording(7, MANAGER, None, occasion(DAY))
    said = recorded(village, Organization.RecordingConfirmed)
    assert (said.entry, said.secretary) == (7, MANAGER)
    for nobody in (None, SUCCESSOR):
        with refused("CONFIRMER_NOT_SECRETARY", village):
            village.confirm_recording(7, nobody, None, occasion(DAY))
    with refused("SAME_PERSON", village):
        village.confirm_recording(7, MANAGER, MANAGER, occasion(DAY))


@pytest.mark.parametrize(("on", "may"), [(date(2021, 9, 20), True), (date(2021, 9, 21), False)])
def test_a_secretary_confirms_up_to_the_last_day_in_office(on: date, may: bool) -> None:
    village = led_by(MANAGER, until=DAY)
    if may:
        village.confirm_recording(7, MANAGER, None, occasion(on))
        recorded(village, Organization.RecordingConfirmed)
    else:
        with refused("CONFIRMER_NOT_SECRETARY", village):
            village.confirm_recording(7, MANAGER, None, occasion(on))
