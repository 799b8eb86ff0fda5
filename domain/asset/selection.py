"""Selection of an operator (选定经营主体, A9): announced, candidates heard, one chosen with the reason published (C4.7-05).

One candidate is enough, and a renewal with the sitting operator is a selection too. Bids are facts: papers that others
handed in, recorded for them. A contract names the selection it rests on, and so does the text that its owners vote on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.asset.facts.selection import (
    SELECTED,
    Bid,
    SelectedOperator,
    SelectionAnnouncement,
    SelectionChoice,
)
from domain.classification import UNIT
from domain.refusals import refuse
from domain.values import Text

if TYPE_CHECKING:
    from domain.asset.asset import Asset
    from domain.occasion import Occasion

SelectionState = Literal["OPEN", "SELECTED", "CANCELLED"]
"""公告中、已选定、已取消。"""


class OperatorSelection(DomainAggregate):
    """Course by which one owner came to the operator of one asset."""

    TOPIC: ClassVar[str] = "operator_selection"
    KIND: ClassVar[str] = "operator_selection"

    announcement: Annotated[SelectionAnnouncement, Field(title="选定公告")]
    bids: Annotated[dict[str, Bid], Field(title="各报名")]
    choice: Annotated[SelectionChoice | None, Field(title="选定结果")]
    state: Annotated[SelectionState, Field(title="选定状态")]

    class Event(DomainAggregate.Event):
        """Root of the selection's events."""

    class Opened(Event, CreatedEvent):
        """An owner has announced that an operator is looked for."""

        TOPIC: ClassVar[str] = "operator_selection.opened"
        TITLE: ClassVar[str] = "公告选定经营主体"
        announcement: SelectionAnnouncement = Field(title="选定公告")

    @classmethod
    def open(
        cls, selection: str, announcement: SelectionAnnouncement, asset: Asset, at: Occasion
    ) -> OperatorSelection:
        """Announce that an operator is looked for (C4.7-05). `asset`: as it is on the day.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED, DISPOSAL_IN_PROGRESS; SIGNER_NOT_OWNER;
        FIELD_INVALID for a way in which nobody is chosen; MODE_NOT_ALLOWED_FOR_CLASS.
        """
        at.cite("C4.7-05")
        asset.must_be_offered(announcement.owner, announcement.mode, at)
        return cls.begin(cls.Opened, selection, at, announcement=announcement)

    @event(Opened)
    def __init__(self, announcement: SelectionAnnouncement) -> None:
        self.announcement = announcement
        self.bids = {}
        self.choice = None
        self.state = "OPEN"

    @property
    def begun_on(self) -> date:
        """The day of the announcement."""
        return self.announcement.announced_on

    class BidReceived(Event):
        """A candidate has handed in its paper; of one who has no key somebody records it."""

        TOPIC: ClassVar[str] = "operator_selection.bid_received"
        TITLE: ClassVar[str] = "收到报名"
        FACT: ClassVar[bool] = True
        bid: Bid = Field(title="报名")

    def receive_bid(self, bid: Bid, at: Occasion) -> None:
        """Record a candidate's paper: a fact, also one that came too late to be chosen.

        Refused: ALREADY_EXISTS when the number stands for another bid.
        """
        at.cite("C4.7-05")
        known = self.now.bids.get(bid.bid)
        if known is None:
            self.record(self.BidReceived, at, bid=bid)
        elif known != bid:
            raise refuse("ALREADY_EXISTS", what=bid.bid)

    @event(BidReceived)
    def _bid_received(self, bid: Bid) -> None:
        self.bids = {**self.bids, bid.bid: bid}

    class OperatorSelected(Event):
        """One of the candidates is chosen, and the result is published with its reason."""

        TOPIC: ClassVar[str] = SELECTED
        TITLE: ClassVar[str] = "选定经营主体"
        choice: SelectionChoice = Field(title="选定结果")

    def select(self, choice: SelectionChoice, in_office: Collection[str], at: Occasion) -> None:
        """Choose one of the candidates, in the open (C4.7-05). `in_office`: persons who hold a post of the owners on the day.

        Warned of: CONFLICT_OF_INTEREST when the chosen one, or a relative it has declared, is one of these and did not
        keep out of it. Refused: STEP_OUT_OF_ORDER once chosen or cancelled; NOT_FOUND for no bid of the selection.
        """
        at.cite("C4.7-05")
        if choice == self.choice:
            return
        self._must_be_in({"OPEN"}, "result")
        bid = self.bids.get(choice.bid)
        if bid is None:
            raise refuse("NOT_FOUND", what=choice.bid)
        concerned = {bid.bidder.operator, *bid.relatives} & set(in_office)
        if concerned - set(choice.recused):
            at.warn("CONFLICT_OF_INTEREST", operator=bid.bidder.name)
        self.record(self.OperatorSelected, at, choice=choice)

    @event(OperatorSelected)
    def _operator_selected(self, choice: SelectionChoice) -> None:
        self.choice = choice
        self.state = "SELECTED"

    class Cancelled(Event):
        """The selection was given up: none was chosen, or the chosen one will not sign."""

        TOPIC: ClassVar[str] = "operator_selection.cancelled"
        TITLE: ClassVar[str] = "取消选定"
        reason: Annotated[Text, UNIT] = Field(title="取消选定的原因")

    def cancel(self, reason: str, at: Occasion) -> None:
        """Give the selection up: nothing is signed by it from then on; what is signed stays. STEP_OUT_OF_ORDER once it is."""
        at.cite("C4.7-05")
        self._must_be_in({"OPEN", "SELECTED"}, "cancellation")
        self.record(self.Cancelled, at, reason=reason)

    @event(Cancelled)
    def _cancelled(self) -> None:
        self.state = "CANCELLED"

    def _must_be_in(self, states: Collection[SelectionState], step: str) -> None:
        if self.state not in states:
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.7-05", step=step, state=self.state)

    @property
    def selected(self) -> SelectedOperator | None:
        """The result that contracts are held to; none before it is published or once the selection is cancelled."""
        if self.choice is None or self.state != "SELECTED":
            return None
        return SelectedOperator(
            selection=self.id,
            asset=self.announcement.asset,
            mode=self.announcement.mode,
            part=self.announcement.part,
            operator=self.bids[self.choice.bid].bidder.operator,
            published_on=self.choice.published_on,
            annual_income=self.bids[self.choice.bid].annual_income,
        )
