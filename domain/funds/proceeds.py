"""The pool of disposal proceeds (处置所得资金池, 四(十二), A17): what came in for disposed assets and what it is used for next.

The balance that decides is kept here: every receipt, every allocation and every funding line that rests on one passes the
pool in the same commit. Whose money it legally is stays on record beside who decides on its use (P24).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.asset.facts.texts import PROCEEDS_KIND, ProceedsUseContent
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.execution import Execution
from domain.procedure.subject import digest_of
from domain.refusals import refuse
from domain.values import Code, Fen, Name, PartyShare, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.procedure.proof import ProcedureProof

PROJECT: Final = "PROJECT"
"""The one use of proceeds that 四(十二) names: 继续安排用于扶贫项目建设."""


class ProceedsReceipt(Value):
    """Money that came in for a disposed asset, and whose it legally is."""

    asset: Code = Field(title="资产编号")
    disposal: Code = Field(title="处置编号")
    voucher_no: Annotated[Name, UNIT] = Field(title="记账凭证号")
    amount: Fen = Field(title="到账金额")
    received_on: FactDay = Field(title="到账日期")
    legal_owners: tuple[PartyShare, ...] = Field(title="资金的法定所有权人份额")

    @property
    def key(self) -> str:
        """What tells it from the others."""
        return f"{self.asset} {self.disposal} {self.voucher_no}"


class ProceedsAllocation(ProceedsUseContent):
    """Allocation of proceeds by the leading group: the text that it decided on, the day, and the paper of the decision."""

    allocated_on: FactDay = Field(title="安排日期")
    document_no: Annotated[Name, UNIT] = Field(title="决定文号")


def allocation_carried_out(allocation: ProceedsAllocation, allocator: str) -> Execution:
    """A use of proceeds that was decided on: the allocator's."""
    text = {name: getattr(allocation, name) for name in ProceedsUseContent.model_fields}
    content = ProceedsUseContent(**text)
    digest = digest_of(content.canonical())
    return Execution(allocator, PROCEEDS_KIND, allocation.allocation, (digest,))


class ProceedsReturn(Value):
    """Allocated money that comes back to the pool unused."""

    returned: Code = Field(title="退回编号")
    amount: Fen = Field(title="退回金额")
    returned_on: Annotated[
        FactDay, NotBefore("its.allocations[allocation].allocated_on", clause="C4.12-07")
    ] = Field(title="退回日期")
    reason: Annotated[Text, UNIT] = Field(title="退回原因")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号")


class ProceedsPool(DomainAggregate):
    """The county's pool; its code is that of the county."""

    TOPIC: ClassVar[str] = "proceeds_pool"
    KIND: ClassVar[str] = "proceeds_pool"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    receipts: Annotated[dict[str, ProceedsReceipt], Field(title="各笔所得")]
    allocations: Annotated[dict[str, ProceedsAllocation], Field(title="各项安排")]
    returned: Annotated[dict[str, dict[str, Fen]], Field(title="各项安排的退回")]
    drawn: Annotated[dict[str, dict[str, Fen]], Field(title="各项安排已形成资产的资金")]
    balance: Annotated[Fen, Field(title="余额")]

    class Event(DomainAggregate.Event):
        """Root of the pool's events."""

    class Opened(Event, CreatedEvent):
        """The first proceeds of the county are about to come in."""

        TOPIC: ClassVar[str] = "proceeds_pool.opened"
        TITLE: ClassVar[str] = "设立处置所得资金池"

    @classmethod
    def open(cls, county: str, at: Occasion) -> ProceedsPool:
        """Begin the county's pool (C4.12-07)."""
        at.cite("C4.12-07")
        return cls.begin(cls.Opened, county, at)

    @event(Opened)
    def __init__(self) -> None:
        self.receipts = {}
        self.allocations = {}
        self.returned = {}
        self.drawn = {}
        self.balance = Fen(0)

    # ---- coming in ---------------------------------------------------------------------------------------------

    class ProceedsReceived(Event):
        """Proceeds of a disposal came in; 0.00 is on record too."""

        TOPIC: ClassVar[str] = "proceeds_pool.proceeds_received"
        TITLE: ClassVar[str] = "处置所得进入资金池"
        FACT: ClassVar[bool] = True
        receipt: ProceedsReceipt = Field(title="所得")

        def carries_out(self, it: ProceedsPool) -> None:  # noqa: ARG002  nothing is decided before it
            """No text: whatever is decided on later rests on it."""
            return

    def receive(self, receipt: ProceedsReceipt, at: Occasion) -> None:
        """Take in what a disposal brought: a fact, once per voucher (C4.12-07). Refused: AMOUNT_OUT_OF_RANGE."""
        at.cite("C4.12-07")
        if receipt.key not in self.receipts:
            at.in_range(self.balance + receipt.amount, "amount")
            self.record(self.ProceedsReceived, at, receipt=receipt)

    @event(ProceedsReceived)
    def _proceeds_received(self, receipt: ProceedsReceipt) -> None:
        self.receipts = {**self.receipts, receipt.key: receipt}
        self.balance = Fen(self.balance + receipt.amount)

    # ---- going out ---------------------------------------------------------------------------------------------

    class ProceedsAllocated(Event):
        """The leading group decided on the use of proceeds."""

        TOPIC: ClassVar[str] = "proceeds_pool.proceeds_allocated"
        TITLE: ClassVar[str] = "安排处置所得"
        allocation: ProceedsAllocation = Field(title="安排内容")
        allocator: Code = Field(title="决定单位")
        procedure: Code | None = Field(default=None, title="所依据的程序")

        def carries_out(self, it: ProceedsPool) -> Execution:  # noqa: ARG002  it says it itself
            """The use that was decided on."""
            return allocation_carried_out(self.allocation, self.allocator)

    def allocate(
        self,
        allocation: ProceedsAllocation,
        allocator: str,
        kind: str,
        at: Occasion,
        *,
        proof: ProcedureProof | None = None,
    ) -> None:
        """Put proceeds to the use that was decided on (C4.12-07, A17, P24). `allocator`, `kind`: the unit that decides.

        `proof`: of the procedure over this very use.

        Refused: PROCEEDS_ALLOCATOR_NOT_ALLOWED for another unit than P24 names; AMOUNT_NOT_POSITIVE; ALREADY_EXISTS;
        PROCEEDS_USE_NOT_ALLOWED for anything but a project; PROCEEDS_POOL_INSUFFICIENT for more than had come in by the
        day and is not allocated; DECISION_REQUIRED without a procedure of such a chain that has come so far by that day;
        PLAN_HASH_MISMATCH for one over another use.
        """
        at.cite("C4.12-07")
        self._must_decide(allocator, kind, at)
        known = self.allocations.get(allocation.allocation)
        if known is not None:
            if known == allocation:
                return
            raise refuse("ALREADY_EXISTS", what=allocation.allocation)
        if allocation.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-07", field="allocation.amount")
        at.require(
            allocation.use == PROJECT, "PROCEEDS_USE_NOT_ALLOWED", clause="C4.12-07", use=allocation.use
        )
        balance = self.available(allocation.allocated_on)
        at.require(
            allocation.amount <= balance,
            "PROCEEDS_POOL_INSUFFICIENT",
            clause="C4.12-07",
            balance=balance,
            amount=allocation.amount,
        )
        self._must_be_decided(allocation, allocator, proof, at)
        procedure = None if proof is None else proof.procedure
        self.record(
            self.ProceedsAllocated, at, allocation=allocation, allocator=allocator, procedure=procedure
        )

    @event(ProceedsAllocated)
    def _proceeds_allocated(self, allocation: ProceedsAllocation) -> None:
        self.allocations = {**self.allocations, allocation.allocation: allocation}
        self.balance = Fen(self.balance - allocation.amount)

    class AllocationReturned(Event):
        """Allocated money came back unused."""

        TOPIC: ClassVar[str] = "proceeds_pool.allocation_returned"
        TITLE: ClassVar[str] = "退回处置所得安排"
        allocation: Code = Field(title="安排编号")
        back: ProceedsReturn = Field(title="退回情况")

    def give_back(
        self, allocation: str, back: ProceedsReturn, allocator: str, kind: str, at: Occasion
    ) -> None:
        """Put allocated money back into the pool (C4.12-07).

        Refused: PROCEEDS_ALLOCATOR_NOT_ALLOWED; NOT_FOUND; AMOUNT_NOT_POSITIVE; ALREADY_EXISTS when the number stands for another return;
        PROCEEDS_POOL_INSUFFICIENT for more than is left of the allocation.
        """
        at.cite("C4.12-07")
        self._must_decide(allocator, kind, at)
        self._must_know(allocation)
        if back.amount <= 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.12-07", field="back.amount")
        known = self.returned.get(allocation, {}).get(back.returned)
        if known is not None:
            if known == back.amount:
                return
            raise refuse("ALREADY_EXISTS", what=back.returned)
        self._must_be_left(allocation, back.amount, at)
        self.record(self.AllocationReturned, at, allocation=allocation, back=back)

    @event(AllocationReturned)
    def _allocation_returned(self, allocation: Code, back: ProceedsReturn) -> None:
        of_it = {**self.returned.get(allocation, {}), back.returned: back.amount}
        self.returned = {**self.returned, allocation: of_it}
        self.balance = Fen(self.balance + back.amount)

    class FundingLinked(Event):
        """A new asset's funding line rests on an allocation."""

        TOPIC: ClassVar[str] = "proceeds_pool.funding_linked"
        TITLE: ClassVar[str] = "处置所得形成资产"
        allocation: Code = Field(title="安排编号")
        asset: Code = Field(title="资产编号")
        amount: Fen = Field(title="该资产使用的金额合计")

    def rest(self, allocation: str, asset: str, amount: Fen, origins: set[str | None], at: Occasion) -> None:
        """Let an asset's funding rest on an allocation, never on more than is left of it (C4.12-07).

        `amount`: all that the asset has from it now; `origins`: the disposed assets that its lines name.

        Refused: NOT_FOUND for an allocation there is not; FIELD_INVALID for an asset of origin that brought nothing in;
        PROCEEDS_POOL_INSUFFICIENT for more than is left of the allocation.
        """
        at.cite("C4.12-07")
        self._must_know(allocation)
        strange = sorted(str(one) for one in origins - {one.asset for one in self.receipts.values()})
        if strange:
            raise refuse(
                "FIELD_INVALID", clause="C4.12-07", field="fundingLines[].fromAsset", value=strange[0]
            )
        so_far = self.drawn.get(allocation, {}).get(asset, Fen(0))
        if amount == so_far:
            return
        self._must_be_left(allocation, Fen(amount - so_far), at)
        self.record(self.FundingLinked, at, allocation=allocation, asset=asset, amount=amount)

    @event(FundingLinked)
    def _funding_linked(self, allocation: Code, asset: Code, amount: Fen) -> None:
        self.drawn = {**self.drawn, allocation: {**self.drawn.get(allocation, {}), asset: amount}}

    # ---- what follows ------------------------------------------------------------------------------------------

    def available(self, day: date) -> Fen:
        """What had come in by a day less all that is allocated, whenever that was, fen."""
        later = sum(one.amount for one in self.receipts.values() if one.received_on > day)
        return Fen(self.balance - later)

    @property
    def _legal_owners(self) -> set[str]:
        return {share.party for one in self.receipts.values() for share in one.legal_owners}

    def _must_decide(self, allocator: str, kind: str, at: Occasion) -> None:
        """The leading group and nobody else; in a county whose owners keep their proceeds, one of these (P24)."""
        rule = at.rules.parameters["P24"].allocator
        decides = allocator in self._legal_owners if rule == "OWNER" else kind == rule
        at.require(decides, "PROCEEDS_ALLOCATOR_NOT_ALLOWED", clause="C4.12-07", allocator=allocator)

    def _must_be_decided(
        self, allocation: ProceedsAllocation, allocator: str, proof: ProcedureProof | None, at: Occasion
    ) -> None:
        """The procedure over this very use has come to the allocation, by the rows of a chain that leads to one."""
        if proof is None:
            at.refuse("DECISION_REQUIRED", clause="C4.12-07", missing=["procedure"])
            return
        digests = allocation_carried_out(allocation, allocator).digests
        at.require(
            proof.subject_sha256 in digests, "PLAN_HASH_MISMATCH", clause="C4.12-07", missing=["procedure"]
        )
        chains = at.rules.chains_of(self.ProceedsAllocated.TOPIC, None, None, to_be_revived=False)
        chain = next((one for one in chains if one.code == proof.chain), None)
        if chain is None:
            at.refuse("DECISION_REQUIRED", clause="C4.12-07", missing=[one.code for one in chains])
            return
        steps = chain.leading_to(self.ProceedsAllocated.TOPIC, None, None)
        missing = [one.code for one in steps if not proof.done_by(one.code, allocation.allocated_on)]
        at.require(not missing, "DECISION_REQUIRED", clause="C4.12-07", missing=missing)

    def _must_know(self, allocation: str) -> None:
        if allocation not in self.allocations:
            raise refuse("NOT_FOUND", what=allocation)

    def _must_be_left(self, allocation: str, amount: Fen, at: Occasion) -> None:
        used = sum(self.drawn.get(allocation, {}).values()) + sum(self.returned.get(allocation, {}).values())
        left = Fen(self.allocations[allocation].amount - used)
        at.require(
            amount <= left, "PROCEEDS_POOL_INSUFFICIENT", clause="C4.12-07", balance=left, amount=amount
        )
