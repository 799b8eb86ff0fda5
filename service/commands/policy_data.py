"""The policy data of the counties this installation serves: packaged, or folders of the operator's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.refusals import Refusal, refuse
from domain.regulation import Regulation, RegulationInvalid
from domain.trial import Trial, try_out
from service.exit_codes import CommandFailed
from service.settings import Settings

_COUNTY: Final = re.compile(r"[0-9]{6}", re.ASCII)
_TOLD: Final = 3
"""Faults of a folder that a refusal names; `taizhang policy check` names all."""


@dataclass(frozen=True, slots=True)
class Counties:
    """The data of every county that belongs here, and of those whose data cannot be used what is wrong with it."""

    usable: dict[str, Regulation]
    invalid: dict[str, RegulationInvalid]


def is_county(code: str) -> bool:
    """Whether a text is a county's code: six digits."""
    return _COUNTY.fullmatch(code) is not None


def counties_in(folder: Path) -> list[str]:
    """Codes of the counties that have a folder there, in order; whether they can be used shows when they are read."""
    return sorted(place.name for place in folder.iterdir() if is_county(place.name) and place.is_dir())


def counties_of(settings: Settings) -> list[str]:
    """The counties of this installation: the settings' county first, then those in `TAIZHANG_POLICY_DIR`."""
    own = [] if settings.policy_dir is None else counties_in(settings.policy_dir)
    return list(dict.fromkeys((settings.county, *own)))


def load_regulation(settings: Settings, county: str | None = None) -> Regulation:
    """One county's data, the settings' county unless one is named; `CommandFailed` tells everything that is wrong."""
    try:
        return Regulation.load(settings.policy_dir, county or settings.county)
    except RegulationInvalid as invalid:
        raise CommandFailed(str(invalid)) from invalid


def load_counties(settings: Settings) -> Counties:
    """The data of every county of this installation, tried dry. `CommandFailed` when none of it can be used."""
    found = Counties({}, {})
    for county in counties_of(settings):
        try:
            found.usable[county], _ = read_county(settings.policy_dir, county)
        except RegulationInvalid as invalid:
            found.invalid[county] = invalid
    if not found.usable:
        raise CommandFailed("\n".join(str(invalid) for invalid in found.invalid.values()))
    return found


def read_county(root: Path | None, county: str) -> tuple[Regulation, Trial]:
    """A county's data, read, checked and tried. `RegulationInvalid` tells everything that is wrong with it."""
    regulation = Regulation.load(root, county)
    trial = try_out(regulation)
    if trial.faults:
        raise RegulationInvalid(county, trial.faults)
    return regulation, trial


def not_served(county: str, faults: tuple[str, ...]) -> Refusal:
    """What whoever asks about a county is told whose data cannot be used."""
    told = "；".join(faults[:_TOLD])
    return refuse("POLICY_DATA_INVALID", county=county, count=len(faults), faults=told)
