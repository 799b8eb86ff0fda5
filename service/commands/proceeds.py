"""The pool of disposal proceeds in the commits that touch it: what came in, what was decided, what an asset's funding rests on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from domain.asset.asset import Asset
from domain.asset.facts.card import RegisterCard
from domain.funds.proceeds import ProceedsPool, ProceedsReceipt
from domain.occasion import Occasion
from domain.refusals import refuse
from domain.values import Fen, divided
from service.commands.commands import Work

if TYPE_CHECKING:
    from datetime import date


async def pool_of(work: Work, at: Occasion) -> ProceedsPool:
    """The county's pool, begun where there is none yet."""
    known = work.at_hand(ProceedsPool, work.county)
    if known is not None:
        return known
    if await work.context.knows(ProceedsPool, work.county, work.county):
        return await work.get(ProceedsPool, work.county)
    made = ProceedsPool.open(work.county, at)
    work.add(made)
    return made


async def receive(
    work: Work, it: Asset, disposal: str, amount: Fen, received_on: date, voucher_no: str, at: Occasion
) -> None:
    """Put what a disposal brought into the pool, with whose money it legally is (P24). Refused: AMOUNT_OUT_OF_RANGE."""
    owners = it.owners if at.rules.parameters["P24"].legal_owner_recorded else ()
    receipt = ProceedsReceipt(
        asset=it.id,
        disposal=disposal,
        voucher_no=voucher_no,
        amount=amount,
        received_on=received_on,
        legal_owners=divided(amount, owners),
    )
    (await pool_of(work, at)).receive(receipt, at)


async def rest_on_allocations(
    work: Work, asset: str, card: RegisterCard, at: Occasion, *, before: RegisterCard | None = None
) -> None:
    """Let the funding lines that come from proceeds rest on the allocations they name (C4.12-07).

    `before`: the card before a correction; lines of then that stay as they are were judged then.
    Refused: FIELD_REQUIRED for a line that names no allocation; NOT_FOUND for one there is not; FIELD_INVALID for an asset
    of origin that brought nothing in; PROCEEDS_POOL_INSUFFICIENT for more than is left of an allocation.
    """
    provenance = at.rules.provenance_sources
    known = () if before is None else before.funding_lines
    lines = [(index, one) for index, one in enumerate(card.funding_lines) if one.source in provenance]
    if all(one in known for _, one in lines) and len(lines) == sum(one.source in provenance for one in known):
        return
    due: Counter[str] = Counter()
    origins: dict[str, set[str | None]] = {}
    for index, one in lines:
        if one.allocation is None and one not in known:
            field = f"fundingLines[{index}].allocation"
            raise refuse("FIELD_REQUIRED", clause="C4.12-07", missing=[field], field=field)
        if one.allocation is not None:
            due[one.allocation] += one.amount
            origins.setdefault(one.allocation, set()).add(one.from_asset)
    proceeds = await pool_of(work, at)
    for code in [code for code, drawn in proceeds.drawn.items() if asset in drawn and code not in due]:
        proceeds.rest(code, asset, Fen(0), set(), at)
    for code, amount in due.items():
        proceeds.rest(code, asset, Fen(amount), origins[code], at)
