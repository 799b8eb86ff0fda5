"""Postings of facts about assets on the income sub-accounts of villages, in their own commit (C4.9-05)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from domain.asset.asset import Asset
from domain.income.account import IncomeSubAccount, first_day, month_of
from domain.income.payments import Instalment
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.regulation.rows import PostingRule
from domain.values import Fen
from service.commands.commands import Work


async def accounts_of(work: Work, holders: Iterable[str], at: Occasion) -> dict[str, IncomeSubAccount]:
    """The sub-accounts of those holders that are villages. INCOME_ACCOUNT_MISSING (warning) for a village without one."""
    parties = tuple(dict.fromkeys(holders))
    found = await work.context.load_many(IncomeSubAccount, work.county, parties)
    lacking = [one for one in parties if one not in found]
    for unit in (await work.context.load_many(Organization, work.county, lacking)).values():
        if unit.card.kind == "VILLAGE":
            at.warn("INCOME_ACCOUNT_MISSING", organization=unit.id)
    return await work.get_many(IncomeSubAccount, list(found))


async def post_income(work: Work, asset: Asset, at: Occasion) -> None:
    """Post what the asset's new events credit to villages: a receipt, or what waited for the confirmation of ownership.

    Only villages that keep a sub-account; the others are told to open one when the money comes in.
    """
    for event in asset.pending_events:
        if isinstance(event, Asset.IncomeReceived):
            receipt = event.receipt
            what, day, voucher = receipt.receipt, receipt.received_on, receipt.voucher_no
        elif isinstance(event, Asset.OwnershipConfirmed):
            what, day, voucher = asset.id, event.occurred_on, event.confirmation.county_decision or event.rule
        else:
            continue
        accounts = await accounts_of(work, [one.party for one in event.attributions], at)
        for share in event.attributions:
            if (account := accounts.get(share.party)) is not None and share.amount > 0:
                rule = posting_rule(work, account, "RECEIPT", day)
                account.enter(
                    rule,
                    occasion_of(work, day),
                    posting=what,
                    amount=Fen(share.amount),
                    day=day,
                    voucher_no=voucher,
                    asset=asset.id,
                )


class DatedPayment(Instalment, Protocol):
    """A payment with its day."""

    @property
    def paid_on(self) -> date:
        """Its day."""


def post_payment(
    work: Work, account: IncomeSubAccount, cause: str, payment: DatedPayment, asset: str | None = None
) -> None:
    """Post what was paid from a village's sub-account, on its own day, and note what that day warns of.

    Refused: as `IncomeSubAccount.enter`.
    """
    posted = occasion_of(work, payment.paid_on)
    account.enter(
        posting_rule(work, account, cause, payment.paid_on),
        posted,
        posting=payment.payment,
        amount=payment.amount,
        day=payment.paid_on,
        voucher_no=payment.voucher_no or "",
        asset=asset,
    )
    work.note(posted)


def posting_rule(work: Work, account: IncomeSubAccount, cause: str, day: date) -> PostingRule:
    """Debit and credit by the rules of the month in whose book it is entered."""
    month = account.book_month(day)
    booked = day if month == month_of(day) else first_day(month)
    return work.context.in_force.known(work.county).on(booked).posting_rule(cause)


def occasion_of(work: Work, day: date) -> Occasion:
    """The circumstances of a posting: those of its own day."""
    return work.context.occasion(work.county, day)
