"""The series that a disposal counts in (P03): found, or begun with its first lot, and passed in the commit of each step."""

from __future__ import annotations

from typing import Final

from domain.asset.asset import Asset
from domain.asset.series import DisposalLot, DisposalSeries, lot_key, sum_beside
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import Fen
from service.commands.commands import Work

ALL_OWNERS: Final = "ALL"
"""In the place of an owner where a county counts the disposals of all owners together."""


async def series_of(work: Work, it: Asset, batch: str | None, at: Occasion) -> list[DisposalSeries]:
    """The series that a disposal of the asset counts in: its owners' project's, and the batch it is proposed in.

    Refused: FIELD_INVALID for a batch of another owner's.
    """
    counting = at.rules.parameters["P03"]
    counted = counting.any_of
    parties = {one.party for one in it.owners} if counting.same_owner else {ALL_OWNERS}
    found = []
    project = it.card.project_code
    if "SOURCE_PROJECT" in counted and project is not None:
        for owner in sorted(parties):
            code = project_series(owner, project)
            found.append(await _project(work, code, owner, project, at))
    if batch is not None and "BATCH" in counted:
        opened = work.at_hand(DisposalSeries, batch) or await work.get(DisposalSeries, batch)
        if opened.counted_by != "BATCH" or (counting.same_owner and opened.owner not in parties):
            raise refuse("FIELD_INVALID", clause="C4.12-04", field="proposal.batch", value=batch)
        found.append(opened)
    return found


async def _project(work: Work, code: str, owner: str, project: str, at: Occasion) -> DisposalSeries:
    known = work.at_hand(DisposalSeries, code)
    if known is not None:
        return known
    if await work.context.knows(DisposalSeries, work.county, code):
        return await work.get(DisposalSeries, code)
    made = DisposalSeries.open(code, owner, "SOURCE_PROJECT", project, at)
    work.add(made)
    return made


def project_series(owner: str, project: str) -> str:
    """The code of the series of an owner's project."""
    return f"{owner}:{project}"


async def beside(work: Work, it: Asset, disposal: str, at: Occasion) -> Fen:
    """What counts beside a disposal that is under way, fen; 0 for one that there is not. Refused: FIELD_INVALID."""
    current = it.disposals.get(disposal)
    if current is None or not current.open:
        return Fen(0)
    series = await series_of(work, it, current.proposal.batch, at)
    key = lot_key(it.id, disposal)
    day = next((one.lots[key].proposed_on for one in series if key in one.lots), at.on)
    return sum_beside(series, key, day, at.rules.parameters["P03"].within_days)


async def count(work: Work, it: Asset, disposal: str, at: Occasion) -> None:
    """Count the disposal in its series with the value that it has now; leave it out once it is rejected or withdrawn.

    Refused: FIELD_INVALID for a batch of another owner's, AMOUNT_OUT_OF_RANGE.
    """
    current = it.disposals[disposal]
    for series in await series_of(work, it, current.proposal.batch, at):
        known = series.lots.get(lot_key(it.id, disposal))
        if current.state in {"REJECTED", "WITHDRAWN"}:
            series.release(it.id, disposal, at)
            continue
        series.count(
            DisposalLot(
                asset=it.id,
                disposal=disposal,
                value=it.disposal_value(disposal, at),
                proposed_on=at.on if known is None else known.proposed_on,
            ),
            at,
        )
