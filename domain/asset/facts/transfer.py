"""Transfer of an asset between units (资产移交, C4.5-20): a two-sided document, item by item.

Not the handover between persons (交接), which is `domain.departure.case`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from domain.bounds import FactDay, NotBefore
from domain.values import Code, Fen, Name, OrganizationCode, Text, Value


class TransferItem(Value):
    """One thing handed over: the asset itself, a part, a document."""

    item: Code = Field(title="移交项编号")
    name: Name = Field(title="移交项名称")


class ItemAcceptance(Value):
    """The receiver's word on an item; a defect may be accepted when both sides agree in writing."""

    item: Code = Field(title="移交项编号")
    result: Literal["ACCEPTED", "REFUSED", "ACCEPTED_WITH_DEFECT"] = Field(title="接收结果")
    note: Text | None = Field(default=None, title="接收说明")
    agreement_document: Name | None = Field(default=None, title="缺陷协议文号")


class RemainingFunds(Value):
    """Remainder of the project's money when the asset changes hands, fen; zero is said as zero."""

    amount: Fen = Field(title="结余金额")
    statement: Text = Field(title="结余资金说明")


class TransferOffer(Value):
    """The deliverer's part of a transfer: everything of a transfer that is not the receiver's to say."""

    transfer: Code = Field(title="移交编号")
    deliverer: OrganizationCode = Field(title="移交单位")
    receiver: OrganizationCode = Field(title="接收单位")
    initiated_on: Annotated[FactDay, NotBefore("start")] = Field(title="发起日期")
    items: tuple[TransferItem, ...] = Field(title="移交清单", min_length=1, max_length=5000)
    documents: tuple[Name, ...] = Field(default=(), title="移交资料", max_length=500)
    remaining_funds: RemainingFunds | None = Field(default=None, title="结余资金")
    witness: OrganizationCode | None = Field(default=None, title="监交单位")


class AssetTransfer(TransferOffer):
    """A transfer from one unit to another and where it stands."""

    accepted: dict[str, ItemAcceptance] = Field(default_factory=dict, title="接收情况")
    conditions: Text | None = Field(default=None, title="接收条件")
    refusal: Text | None = Field(default=None, title="拒收理由")
    state: Literal["INITIATED", "COMPLETED", "REFUSED"] = Field(default="INITIATED", title="移交状态")

    @classmethod
    def of(cls, offer: TransferOffer) -> AssetTransfer:
        """The transfer as the deliverer offered it, before any word of the receiver."""
        return cls(**{name: getattr(offer, name) for name in TransferOffer.model_fields})

    @property
    def open_items(self) -> list[str]:
        """Items not yet accepted: still to be looked at, refused, or a defect without a written agreement."""
        closed = {
            code
            for code, word in self.accepted.items()
            if word.result == "ACCEPTED"
            or (word.result == "ACCEPTED_WITH_DEFECT" and word.agreement_document is not None)
        }
        return [item.item for item in self.items if item.item not in closed]


def receivers(transfers: Iterable[AssetTransfer]) -> frozenset[str]:
    """Every unit that a completed transfer brought the asset to."""
    return frozenset(one.receiver for one in transfers if one.state == "COMPLETED")


def reached(transfers: Iterable[AssetTransfer], deliverer: str) -> frozenset[str]:
    """Every unit that the asset came to from `deliverer`, by one completed transfer or through several."""
    completed = [one for one in transfers if one.state == "COMPLETED"]
    known: set[str] = set()
    due = [deliverer]
    while due:
        giver = due.pop()
        for one in completed:
            if one.deliverer == giver and one.receiver not in known:
                known.add(one.receiver)
                due.append(one.receiver)
    return frozenset(known)
