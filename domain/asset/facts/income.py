"""Income of an asset: receipts, and the payment of approved distribution plans (四(九), chain A8)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from domain.asset.facts.contract import Contract
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD, PERSONAL_OF_PAYER, UNIT
from domain.periods import rent_due
from domain.refusals import refuse
from domain.values import LOG, Code, Fen, Listed, Name, PartyShare, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion


class IncomeReceipt(Value):
    """Money that came in for an asset, in fen, to the collective's own account."""

    receipt: Code = Field(title="收款编号")
    amount: Fen = Field(title="收款金额")
    received_on: Annotated[FactDay, NotBefore("start")] = Field(title="收款日期")
    contract: Code | None = Field(default=None, title="合同编号")
    payer: Annotated[Name | None, PERSONAL_OF_PAYER] = Field(default=None, title="付款人")
    account_kind: str = Field(
        default="COLLECTIVE", title="收款账户类型", pattern="^(COLLECTIVE|UNIT|PERSONAL)$"
    )
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")
    reason: Annotated[Name | None, UNIT] = Field(default=None, title="超出应收的说明")


class IncomeUse(Value):
    """One line of a distribution: what the money is for, and to whom when it is a household."""

    use: Annotated[Code, Listed("income-uses")] = Field(title="用途")
    amount: Fen = Field(title="金额")
    purpose: Annotated[Name | None, UNIT] = Field(default=None, title="其他用途名称")
    household: Annotated[Code | None, PERSONAL_OF_HOUSEHOLD] = Field(default=None, title="户编号")


class IncomeDistribution(Value):
    """A paid-out plan: the holder whose income it is, the lines, and the papers of the procedure (A8)."""

    plan: Code = Field(title="分配方案编号")
    holder: Code = Field(title="收益权人")
    amount: Fen = Field(title="分配总额")
    paid_on: Annotated[FactDay, NotBefore("start")] = Field(title="支付日期")
    voucher_no: Annotated[Name, UNIT] = Field(title="凭证号")
    lines: tuple[IncomeUse, ...] = Field(title="分配明细", min_length=1, max_length=5000)
    decision_document: Annotated[Name | None, UNIT] = Field(default=None, title="村民代表会议决议文号")
    notice_document: Annotated[Name | None, UNIT] = Field(default=None, title="公示凭证号")
    township_review: Annotated[Name | None, UNIT] = Field(default=None, title="乡镇审核文号")
    filing_document: Annotated[Name | None, UNIT] = Field(default=None, title="县级备案文号")

    @property
    def papers(self) -> tuple[str, ...]:
        """The papers that it names; what an income plan pays names none, its procedure is on record."""
        named = (self.decision_document, self.notice_document, self.township_review, self.filing_document)
        return tuple(one for one in named if one is not None)


def due_by(contract: Contract, day: date) -> Fen:
    """What is due under a contract by a day, fen: each of its years that has begun, the last by its days (`domain.periods`).

    Rent paid before it begins is the first year's; an operator who stays after the term owes on.
    """
    terms = contract.terms
    return rent_due(terms.annual_income, terms.starts_on, contract.last_day, day)


def check_receipt(receipt: IncomeReceipt, *, due: Fen | None, before: Fen, at: Occasion) -> None:
    """Money that came in must be positive, not in the future, and on the collective's account; more than due: a warning.

    `due`: by its contract up to the day, `before`: what came in under that before.

    Refused: AMOUNT_NOT_POSITIVE, ACCOUNT_NOT_COLLECTIVE.
    """
    at.cite("C4.9-01", "C4.9-02", "C4.9-05")
    if receipt.amount <= 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-02", field="amount")
    at.require(receipt.account_kind != "PERSONAL", "ACCOUNT_NOT_COLLECTIVE", account=receipt.account_kind)
    if due is not None and before + receipt.amount > due and receipt.reason is None:
        at.warn("INCOME_EXCEEDS_DUE", due=due, amount=Fen(before + receipt.amount))


def check_distribution(distribution: IncomeDistribution, *, balance: Fen, at: Occasion) -> None:
    """A plan is paid when its whole procedure is done, for allowed uses, from money that is there.

    Refused: AMOUNT_NOT_POSITIVE, ATTRIBUTION_SUM_MISMATCH, USE_NOT_ALLOWED, FIELD_REQUIRED,
    INCOME_PLAN_NOT_READY, INSUFFICIENT_INCOME_BALANCE.
    """
    at.cite("C4.9-03", "C4.9-05", "C4.9-06")
    if any(line.amount <= 0 for line in distribution.lines):
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.9-06", field="lines[].amount")
    if total(line.amount for line in distribution.lines) != distribution.amount:
        raise refuse("ATTRIBUTION_SUM_MISMATCH", clause="C4.9-06", field="lines", amount=distribution.amount)
    named = at.rules.codes("INCOME_USE", "NEEDS_NAME")
    for index, line in enumerate(distribution.lines):
        at.require(line.use in at.rules.income_uses, "USE_NOT_ALLOWED", use=line.use)
        if line.use in named:
            if line.purpose is None:
                field = f"lines[{index}].purpose"
                raise refuse("FIELD_REQUIRED", clause="C4.9-06", missing=[field], field=field)
            at.warn("USE_OTHER", purpose=line.purpose)
    steps = (
        ("decisionDocument", distribution.decision_document),
        ("noticeDocument", distribution.notice_document),
        ("townshipReview", distribution.township_review),
        ("filingDocument", distribution.filing_document),
    )
    missing = [name for name, document in steps if document is None]
    at.require(not missing, "INCOME_PLAN_NOT_READY", missing=missing)
    at.require(
        distribution.amount <= balance,
        "INSUFFICIENT_INCOME_BALANCE",
        amount=distribution.amount,
        balance=balance,
    )


def attainment(target: int, received: int) -> str | None:
    """How much of a year's target income came in, percent with two decimals, rounded half up; None without a target."""
    if target <= 0:
        return None
    hundredths = (received * 20_000 + target) // (2 * target)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def credited(balances: Mapping[str, Fen], shares: Iterable[PartyShare]) -> dict[str, Fen]:
    """The holders' balances in fen after each was credited its share."""
    after = dict(balances)
    for share in shares:
        after[share.party] = Fen(after.get(share.party, 0) + share.amount)
    return after


def digest_of(fact: IncomeReceipt | IncomeDistribution) -> str:
    """SHA-256 of a receipt or payment: the aggregate knows a repeated one by it without keeping its lines."""
    return hashlib.sha256(fact.model_dump_json(context=LOG).encode()).hexdigest()
