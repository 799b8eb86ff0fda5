"""Level and parents of a division code: 6 digits for the county, 9 for a township, 12 for a village."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def places_of(location: str) -> tuple[str | None, str | None]:
    """(village, township) of a location, both as 12-digit codes; None where the code does not reach that far.

    A township's own code is its first nine digits with three zeros; the county's own code names neither.
    """
    if not location.isdigit() or len(location) not in {9, 12} or location[6:9] == "000":
        return None, None
    township = location[:9] + "000"
    return (location if len(location) == 12 and location != township else None), township
