"""Consent and pre-emption in a disposal: what co-owners agreed to, what was offered to whom has to be asked first.

A lessee of a house has the right to buy it on the same terms when it is sold (民法典 726–728). How long an answer is waited
for, and how long before an auction notice is given, are intervals of the county.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.regulation.legal_clock import Reckoning
from domain.values import BusinessDate, Code, Fen, Name, OrganizationCode, PaperSha256, Text, Value

if TYPE_CHECKING:
    from domain.asset.facts.contract import Contract
    from domain.asset.facts.disposal import Disposal, DisposalSale
    from domain.occasion import Occasion

ANSWER: Final = "LESSEE_PREEMPTION"
"""The interval within which a lessee answers an offer (民法典 726)."""
AUCTION_NOTICE: Final = "LESSEE_AUCTION_NOTICE"
"""The interval before an auction at which a lessee is told of it (民法典 727)."""


class DisposalConsent(Value):
    """Consent of a co-owner that has no vote of its own in the procedure: the paper on which it agreed."""

    owner: OrganizationCode = Field(title="同意处置的所有权人")
    consented_on: Annotated[FactDay, NotBefore("start")] = Field(title="同意处置日期")
    document_no: Annotated[Name, UNIT] = Field(title="同意处置文号")
    document_sha256: PaperSha256 = Field(title="同意处置文件摘要")


class PreemptionOffer(Value):
    """Offer of the asset to who may buy it before others. Before an auction the notice of it: without a price.

    `holder`: of a lessee the operator's code in its contract.
    """

    offer: Code = Field(title="优先购买通知编号")
    holder: Code = Field(title="优先购买权人", description="承租人在合同中的经营主体编号")
    price: Fen | None = Field(default=None, title="通知的价款", description="拍卖前的通知留空")
    conditions: Annotated[Text, UNIT] = Field(title="转让条件")
    offered_on: Annotated[FactDay, NotBefore("start")] = Field(title="通知送达日期")
    evidence_sha256: PaperSha256 = Field(title="送达凭证摘要")


class PreemptionAnswer(Value):
    """Answer to an offer: it is bought on these terms, or given up in writing."""

    outcome: Literal["ACCEPTED", "WAIVED"] = Field(
        title="答复方式", description="ACCEPTED 购买 / WAIVED 书面放弃"
    )
    answered_on: Annotated[
        FactDay, NotBefore("its.disposals[disposal].offers[offer].offer.offered_on", clause="C4.12-05")
    ] = Field(title="答复日期")
    evidence_sha256: PaperSha256 = Field(title="答复文件摘要")


class OfferedPreemption(Value):
    """An offer on record, the last day for its answer as known then, and the answer."""

    offer: PreemptionOffer = Field(title="优先购买通知")
    due_on: BusinessDate | None = Field(default=None, title="答复期限届满日")
    answer: PreemptionAnswer | None = Field(default=None, title="优先购买答复情况")

    @property
    def accepted(self) -> bool:
        """Whether it is bought: said within the days; what is said later is too late (视为放弃)."""
        said = self.answer
        in_time = said is not None and (self.due_on is None or said.answered_on <= self.due_on)
        return said is not None and said.outcome == "ACCEPTED" and in_time

    def settled(self, day: date) -> bool:
        """Whether on that day nobody has to be waited for: it was given up, or the days for the answer are over."""
        said = self.answer
        given_up = said is not None and said.outcome == "WAIVED" and said.answered_on <= day
        return given_up or self.due_on is None or day > self.due_on


def lessees(contracts: Mapping[str, Contract], day: date) -> dict[str, str]:
    """Lessees on a day: code → name. Of leases alone: who contracts or is entrusted has no such right."""
    there = (one for one in contracts.values() if one.open and one.terms.mode == "LEASED")
    return {
        one.terms.operator.operator: one.terms.operator.name for one in there if one.terms.signed_on <= day
    }


def answer_due(offered_on: date, at: Occasion) -> date | None:
    """The last day for an answer to an offer of that day; None where the county sets none."""
    days = at.rules.within_if_set(ANSWER)
    if days is None:
        return None
    how = Reckoning(counted_from=offered_on, days=days, counting="CALENDAR_DAYS")
    deadline = at.rules.clock.deadline(how)
    at.note_calendar(offered_on, deadline.due_on)
    return deadline.due_on


def check_preemption(
    disposal: Disposal, sale: DisposalSale, contracts: Mapping[str, Contract], at: Occasion
) -> None:
    """Every lessee of a house that is sold was asked first and gave it up, or bought it (民法典 726, 727).

    An offer counts for a sale at its price or more: at a lower one it is offered again.

    Refused: LESSEE_PREEMPTION_PENDING.
    """
    if sale.buyer is None or at.rules.within_if_set(ANSWER) is None:
        return
    holders = lessees(contracts, sale.disposed_on)
    auction = disposal.proposal.kind == "AUCTION"
    taken = [one.offer.holder for one in disposal.offers.values() if one.accepted]
    if not auction and any(holders.get(one) == sale.buyer for one in taken):
        return
    for holder in sorted(holders):
        made = [one for one in disposal.offers.values() if one.offer.holder == holder]
        asked = _in_time_for_auction(made, sale, at) if auction else _asked_first(made, sale)
        if not asked:
            dues = [one.due_on for one in made if not auction and one.due_on is not None]
            at.refuse(
                "LESSEE_PREEMPTION_PENDING",
                clause="C4.12-05",
                missing=[] if dues else ["preemptionOffer"],
                holder=holder,
                until=max(dues, default=None),
            )


def _asked_first(made: Iterable[OfferedPreemption], sale: DisposalSale) -> bool:
    """Whether one was offered it at no more than it is sold for, and does not want it."""
    offers = [one for one in made if one.offer.price is not None and one.offer.price <= sale.price]
    return any(one.settled(sale.disposed_on) for one in offers) and not any(one.accepted for one in made)


def _in_time_for_auction(made: Iterable[OfferedPreemption], sale: DisposalSale, at: Occasion) -> bool:
    """Whether one was told of the auction so many days before it; who does not bid has given it up."""
    days = at.rules.within_if_set(AUCTION_NOTICE) or 0
    return any(one.offer.offered_on + timedelta(days=days) <= sale.disposed_on for one in made)
