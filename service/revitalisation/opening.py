"""At most one open case per asset: cases of an asset are numbered, and the next number is free once the last is over."""

from __future__ import annotations

from typing import Final

from domain.refusals import refuse
from domain.revitalisation.case import RevitalisationCase
from service.commands.commands import CommandContext, Work

_CLAIM: Final = "revitalisation_case"


async def cases_of(context: CommandContext, county: str, asset: str) -> list[str]:
    """Codes of an asset's cases, the oldest first."""
    found: list[str] = []
    while stream := await context.store.claimed(county, _CLAIM, _key(asset, len(found) + 1)):
        found.append(stream.partition("-")[2])
    return found


async def open_case(work: Work, asset: str) -> None:
    """Take the asset's next number for a new case. ALREADY_EXISTS while its last case is not over (C4.11-04).

    Two requests at once take the same number, and the log lets one of them have it.
    """
    cases = await cases_of(work.context, work.county, asset)
    if cases:
        last = await work.get(RevitalisationCase, cases[-1])
        if not last.over:
            raise refuse("ALREADY_EXISTS", clause="C4.11-04", what=last.id)
    work.claim(_CLAIM, _key(asset, len(cases) + 1))


async def reopen_case(work: Work, case: RevitalisationCase) -> None:
    """A case goes on only where no later one of its asset was opened. ALREADY_EXISTS."""
    cases = await cases_of(work.context, work.county, case.asset)
    if cases and cases[-1] != case.id:
        raise refuse("ALREADY_EXISTS", clause="C4.11-04", what=cases[-1])


def _key(asset: str, number: int) -> str:
    return f"{asset}/{number}"
