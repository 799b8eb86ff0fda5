"""Standing of a title's paper, held against the title as it stands: 确权书 and 产权证 (C4.5-06, C4.3-09)."""

from __future__ import annotations

from typing import Literal

from domain.asset.state import AssetState
from domain.values import Fen

TitlePaperDoubt = Literal[
    "DISPOSED", "UNCONFIRMED", "TITLE_UNCLEAR", "OTHER_OWNER", "SHARE_CHANGED", "REPLACED"
]
"""Why a paper no longer holds: the asset was disposed of, its title is not confirmed (yet), or is in doubt; another owns it;
the owner has another share; the owner was given a newer paper.
"""


def doubts_of_share(it: AssetState, holder: str, number: str, amount: Fen) -> tuple[TitlePaperDoubt, ...]:
    """What a township's certificate of a village's share (确权书) no longer says rightly; nothing: it holds."""
    doubts = doubts_of_title(it, holder)
    owned = {share.party: share.amount for share in it.owners}
    if holder in owned and owned[holder] != amount:
        doubts = (*doubts, "SHARE_CHANGED")
    newest = it.ownership_certificates.get(holder)
    if newest is not None and newest.number != number:
        doubts = (*doubts, "REPLACED")
    return doubts


def doubts_of_title(it: AssetState, holder: str) -> tuple[TitlePaperDoubt, ...]:
    """What a certificate of title no longer says rightly of its holder; nothing: it holds."""
    if it.disposed_on is not None:
        return ("DISPOSED",)
    if it.title == "DISPUTED":
        return ("TITLE_UNCLEAR",)
    if it.title != "CONFIRMED":
        return ("UNCONFIRMED",)
    return () if holder in it.accountable_parties else ("OTHER_OWNER",)
