"""Income of an asset: received and attributed by income right, paid out by an approved plan (四(九))."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.asset.facts.income import (
    IncomeDistribution,
    IncomeReceipt,
    check_distribution,
    check_receipt,
    credited,
    digest_of,
    due_by,
)
from domain.refusals import refuse
from domain.values import Fen, PartyShare, divided

if TYPE_CHECKING:
    from domain.occasion import Occasion
from domain.asset.state import AssetState


class AssetIncome(AssetState):
    """The part of `Asset` that knows what it earned and whose that is."""

    class IncomeReceived(AssetState.Event):
        """Money came in, and whose it is by income right, exact to the fen."""

        TOPIC: ClassVar[str] = "asset.income_received"
        TITLE: ClassVar[str] = "收益入账"
        FACT: ClassVar[bool] = True
        receipt: IncomeReceipt = Field(title="收款记录")
        attributions: tuple[PartyShare, ...] = Field(title="收益归属")

    def receive_income(self, receipt: IncomeReceipt, at: Occasion) -> None:
        """Record income, a fact: attributed to the income-right holders by their shares (C4.9-01, C4.9-02).

        What comes in before the confirmation waits for it: `OwnershipConfirmed` attributes it.

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; ALREADY_EXISTS when the receipt's
        number stands for another one; NOT_FOUND for a contract there is not; AMOUNT_NOT_POSITIVE;
        ACCOUNT_NOT_COLLECTIVE when it went to a person's account; AMOUNT_OUT_OF_RANGE when the sum is more than the
        log can carry.
        """
        self._allow("INCOME", at)
        digest = digest_of(receipt)
        if receipt.receipt in self.receipts:
            if self.receipts[receipt.receipt] == digest:
                return
            raise refuse("ALREADY_EXISTS", what=receipt.receipt)
        contract = self.contracts.get(receipt.contract) if receipt.contract is not None else None
        if receipt.contract is not None and contract is None:
            raise refuse("NOT_FOUND", what=receipt.contract)
        due = None if contract is None else due_by(contract, receipt.received_on)
        before = self.received_by_contract.get(receipt.contract or "", Fen(0))
        check_receipt(receipt, due=due, before=before, at=at)
        at.in_range(self.income_received + receipt.amount, "amount")
        holders = self.income_right_holders or self.owners
        self.record(self.IncomeReceived, at, receipt=receipt, attributions=divided(receipt.amount, holders))

    @event(IncomeReceived)
    def _income_received(self, receipt: IncomeReceipt, attributions: tuple[PartyShare, ...]) -> None:
        self.receipts = {**self.receipts, receipt.receipt: digest_of(receipt)}
        self.income_received = Fen(self.income_received + receipt.amount)
        self.income_by_holder = credited(self.income_by_holder, attributions)
        if receipt.contract is not None:
            before = self.received_by_contract.get(receipt.contract, 0)
            self.received_by_contract = {
                **self.received_by_contract,
                receipt.contract: Fen(before + receipt.amount),
            }

    class IncomeDistributed(AssetState.Event):
        """An approved plan was paid out."""

        TOPIC: ClassVar[str] = "asset.income_distributed"
        TITLE: ClassVar[str] = "收益分配"
        distribution: IncomeDistribution = Field(title="收益分配方案")

    def distribute_income(self, distribution: IncomeDistribution, at: Occasion) -> None:
        """Pay out an approved plan from one holder's income of this asset (C4.9-03, C4.9-05, C4.9-06).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; ALREADY_EXISTS when the voucher
        stands for another payment; NOT_INCOME_HOLDER for a unit without income of this asset; AMOUNT_NOT_POSITIVE;
        ATTRIBUTION_SUM_MISMATCH when the lines do not add up to the amount; USE_NOT_ALLOWED for a use the county's
        list does not have; FIELD_REQUIRED for another use without its name; INCOME_PLAN_NOT_READY without one of
        the plan's four papers; INSUFFICIENT_INCOME_BALANCE for more than the holder has; AMOUNT_OUT_OF_RANGE when
        the sum is more than the log can carry.
        """
        self._allow("DISTRIBUTE", at)
        key, digest = _payment_key(distribution), digest_of(distribution)
        if key in self.payments:
            if self.payments[key] == digest:
                return
            raise refuse("ALREADY_EXISTS", what=distribution.voucher_no)
        if distribution.holder not in self.income_by_holder:
            raise refuse("NOT_INCOME_HOLDER", holder=distribution.holder)
        check_distribution(distribution, balance=self.income_by_holder[distribution.holder], at=at)
        at.in_range(self.income_distributed + distribution.amount, "amount")
        self.record(self.IncomeDistributed, at, distribution=distribution)

    def plannable(self, holder: str, at: Occasion) -> Fen:
        """What a holder can plan with of this asset's income, fen (C4.9-02, C4.9-06).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; NOT_INCOME_HOLDER for a unit without
        income of this asset.
        """
        self._allow("INCOME_PLAN", at)
        if holder not in self.income_by_holder:
            raise refuse("NOT_INCOME_HOLDER", holder=holder)
        return self.income_by_holder[holder]

    def must_pay_rewards(self, village: str, at: Occasion) -> None:
        """Refuse rewards for managing what is no operating asset of the village's (C4.7-07).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; FIELD_INVALID.
        """
        self._allow("INCOME_PLAN", at)
        own = self.owner_kind == "VILLAGE" and village in {one.party for one in self.owners}
        if not own or self.card.asset_class != "OPERATING":
            raise refuse("FIELD_INVALID", clause="C4.7-07", field="plan.asset", value=self.id)

    def pay_planned(self, distribution: IncomeDistribution, at: Occasion) -> None:
        """Pay this asset's part of an income plan's instalment; the plan judged its text and its uses (C4.9-03, C4.9-05).

        Refused: by the life-cycle table ASSET_DISPOSED, OWNERSHIP_NOT_CONFIRMED; ALREADY_EXISTS when the voucher
        stands for another payment of the plan; NOT_INCOME_HOLDER; INSUFFICIENT_INCOME_BALANCE for more than the holder
        has of it; AMOUNT_OUT_OF_RANGE.
        """
        at.cite("C4.9-03", "C4.9-05")
        self._allow("DISTRIBUTE", at)
        if _payment_key(distribution) in self.payments:
            raise refuse("ALREADY_EXISTS", what=distribution.voucher_no)
        if distribution.holder not in self.income_by_holder:
            raise refuse("NOT_INCOME_HOLDER", holder=distribution.holder)
        balance = self.income_by_holder[distribution.holder]
        at.require(
            distribution.amount <= balance,
            "INSUFFICIENT_INCOME_BALANCE",
            amount=distribution.amount,
            balance=balance,
        )
        at.in_range(self.income_distributed + distribution.amount, "amount")
        self.record(self.IncomeDistributed, at, distribution=distribution)

    @event(IncomeDistributed)
    def _income_distributed(self, distribution: IncomeDistribution) -> None:
        self.payments = {**self.payments, _payment_key(distribution): digest_of(distribution)}
        self.income_distributed = Fen(self.income_distributed + distribution.amount)
        left = Fen(self.income_by_holder[distribution.holder] - distribution.amount)
        self.income_by_holder = {**self.income_by_holder, distribution.holder: left}


def _payment_key(distribution: IncomeDistribution) -> str:
    """A plan is paid from several holders' income, and in instalments: each under a voucher of its own."""
    return f"{distribution.plan}/{distribution.holder}/{distribution.voucher_no}"
