"""The policy data of the counties this installation serves: packaged, or folders of the operator's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from domain.regulation import Regulation, RegulationInvalid
from domain.regulation.tables import POLICY
from service.exit_codes import CommandFailed
from service.settings import Settings

_COUNTY: Final = re.compile(r"[0-9]{6}", re.ASCII)


def counties_in(folder: Path) -> list[str]:
    """Codes of the counties that have a folder there, in order."""
    return sorted(
        place.name
        for place in folder.iterdir()
        if _COUNTY.fullmatch(place.name) and (place / POLICY).is_file()
    )


def load_regulation(settings: Settings, county: str | None = None) -> Regulation:
    """One county's data, the settings' county unless one is named; `CommandFailed` tells everything that is wrong."""
    try:
        return Regulation.load(settings.policy_dir, county or settings.county)
    except RegulationInvalid as invalid:
        raise CommandFailed(str(invalid)) from invalid


def load_regulations(settings: Settings) -> dict[str, Regulation]:
    """The data of every county served: the settings' county first, then those in `TAIZHANG_POLICY_DIR`."""
    own = [] if settings.policy_dir is None else counties_in(settings.policy_dir)
    return {county: load_regulation(settings, county) for county in dict.fromkeys((settings.county, *own))}
