"""The transfers of an asset between units (C4.5-20): one unit offers, the other says item by item what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.transfer import AssetTransfer, ItemAcceptance, TransferOffer
from domain.asset.state import AssetState
from domain.refusals import refuse
from domain.values import Code, Text

if TYPE_CHECKING:
    from domain.occasion import Occasion


class AssetTransfers(AssetState):
    """The part of `Asset` that knows who offered it to whom."""

    class TransferInitiated(AssetState.Event):
        """One unit offers the asset and its papers to another."""

        TOPIC: ClassVar[str] = "asset.transfer_initiated"
        TITLE: ClassVar[str] = "发起资产移交"
        transfer: AssetTransfer = Field(title="移交内容")

    def initiate_transfer(self, offer: TransferOffer, at: Occasion) -> None:
        """Start a transfer between two units (C4.5-20).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; ALREADY_EXISTS when the number
        stands for another transfer; SAME_PARTY when a unit offers to itself; FIELD_INVALID when two items have one
        code; AMOUNT_NOT_POSITIVE for remaining funds below zero.
        """
        at.cite("C4.5-20")
        self._allow("TRANSFER", at)
        transfer = AssetTransfer.of(offer)
        known = self.transfers.get(transfer.transfer)
        if known is not None:
            if AssetTransfer.of(known) == transfer:
                return
            raise refuse("ALREADY_EXISTS", what=transfer.transfer)
        if transfer.deliverer == transfer.receiver:
            raise refuse("SAME_PARTY", party=transfer.receiver)
        codes = [item.item for item in transfer.items]
        if len(set(codes)) != len(codes):
            raise refuse("FIELD_INVALID", clause="C4.5-20", field="items[].item")
        if transfer.remaining_funds is not None and transfer.remaining_funds.amount < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.5-20", field="remainingFunds.amount")
        self.record(self.TransferInitiated, at, transfer=transfer)

    @event(TransferInitiated)
    def _transfer_initiated(self, transfer: AssetTransfer) -> None:
        self.transfers = {**self.transfers, transfer.transfer: transfer}

    class TransferItemsAccepted(AssetState.Event):
        """The receiver's word on items of a transfer: accepted, refused, or accepted with a written defect."""

        TOPIC: ClassVar[str] = "asset.transfer_items_accepted"
        TITLE: ClassVar[str] = "移交项接收"
        transfer: Code = Field(title="移交编号")
        receiver: Code = Field(title="接收单位")
        items: tuple[ItemAcceptance, ...] = Field(title="各移交项接收结果")
        conditions: Text | None = Field(default=None, title="接收条件")

    def accept_transfer(
        self,
        transfer: str,
        receiver: str,
        items: tuple[ItemAcceptance, ...],
        at: Occasion,
        *,
        conditions: str | None = None,
    ) -> None:
        """The receiving unit says item by item what it accepts, and under which conditions (C4.5-20).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND for a transfer or an
        item there is not; STEP_OUT_OF_ORDER when the transfer is closed; SAME_PARTY when the offering unit answers
        itself; FORBIDDEN_JURISDICTION when a third unit does.
        """
        at.cite("C4.5-20")
        current = self._transfer_received_by(transfer, receiver, at)
        known = {item.item for item in current.items}
        unknown = [item.item for item in items if item.item not in known]
        if unknown:
            raise refuse("NOT_FOUND", what=unknown)
        fresh = tuple(item for item in items if current.accepted.get(item.item) != item)
        if fresh or conditions not in {None, current.conditions}:
            self.record(
                self.TransferItemsAccepted,
                at,
                transfer=transfer,
                receiver=receiver,
                items=fresh,
                conditions=conditions,
            )

    @event(TransferItemsAccepted)
    def _transfer_items_accepted(
        self, transfer: Code, items: tuple[ItemAcceptance, ...], conditions: Text | None
    ) -> None:
        current = self.transfers[transfer]
        words = current.accepted | {item.item: item for item in items}
        told = {"accepted": words, "conditions": conditions or current.conditions}
        self.transfers = {**self.transfers, transfer: current.model_copy(update=told)}

    class TransferRefused(AssetState.Event):
        """The receiver does not take what is offered, as a whole."""

        TOPIC: ClassVar[str] = "asset.transfer_refused"
        TITLE: ClassVar[str] = "拒收资产移交"
        transfer: Code = Field(title="移交编号")
        receiver: Code = Field(title="接收单位")
        reason: Text = Field(title="拒收原因")

    def refuse_transfer(self, transfer: str, receiver: str, reason: str, at: Occasion) -> None:
        """The receiving unit refuses the whole transfer, with its reason (C4.5-20); a new one may be offered.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER when
        the transfer is closed; SAME_PARTY when the offering unit answers itself; FORBIDDEN_JURISDICTION when a
        third unit does.
        """
        at.cite("C4.5-20")
        known = self.transfers.get(transfer)
        if known is not None and (known.state, known.receiver, known.refusal) == (
            "REFUSED",
            receiver,
            reason,
        ):
            return
        self._transfer_received_by(transfer, receiver, at)
        self.record(self.TransferRefused, at, transfer=transfer, receiver=receiver, reason=reason)

    @event(TransferRefused)
    def _transfer_refused(self, transfer: Code, reason: Text) -> None:
        refused = self.transfers[transfer].model_copy(update={"state": "REFUSED", "refusal": reason})
        self.transfers = {**self.transfers, transfer: refused}

    class TransferCompleted(AssetState.Event):
        """Both sides are done: the receiver has the asset and its papers."""

        TOPIC: ClassVar[str] = "asset.transfer_completed"
        TITLE: ClassVar[str] = "资产移交完成"
        transfer: Code = Field(title="移交编号")
        deliverer: Code = Field(title="移交单位")
        receiver: Code = Field(title="接收单位")

    def complete_transfer(self, transfer: str, at: Occasion) -> None:
        """Close a transfer once every item is accepted (C4.5-20).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_FOUND; STEP_OUT_OF_ORDER when
        the transfer is closed; TRANSFER_ITEM_OPEN while the receiver has not accepted every item.
        """
        at.cite("C4.5-20")
        current = self._open_transfer(transfer, at)
        open_items = current.open_items
        at.require(not open_items, "TRANSFER_ITEM_OPEN", missing=open_items, items=open_items)
        self.record(
            self.TransferCompleted,
            at,
            transfer=transfer,
            deliverer=current.deliverer,
            receiver=at.stands(current.receiver),
        )

    @event(TransferCompleted)
    def _transfer_completed(self, transfer: Code, receiver: Code) -> None:
        done = self.transfers[transfer].model_copy(update={"state": "COMPLETED", "receiver": receiver})
        self.transfers = {**self.transfers, transfer: done}

    def _transfer_received_by(self, transfer: str, receiver: str, at: Occasion) -> AssetTransfer:
        """An open transfer, spoken of by its receiver; SAME_PARTY, FORBIDDEN_JURISDICTION for anybody else."""
        current = self._open_transfer(transfer, at)
        if receiver == current.deliverer:
            raise refuse("SAME_PARTY", party=receiver)
        if receiver != at.stands(current.receiver):
            raise refuse("FORBIDDEN_JURISDICTION", clause="C4.5-20", organization=receiver)
        return current

    def _open_transfer(self, transfer: str, at: Occasion) -> AssetTransfer:
        self._allow("TRANSFER", at)
        current = self.transfers.get(transfer)
        if current is None:
            raise refuse("NOT_FOUND", what=transfer)
        if current.state != "INITIATED":
            raise refuse("STEP_OUT_OF_ORDER", clause="C4.5-20", step="transfer", state=current.state)
        return current
