"""The income sub-account of a village over HTTP (扶贫资产收益资金, C4.9-05): opened, posted to by hand, closed by the month."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import Field

from domain.income.account import (
    HandPosting,
    IncomeSubAccount,
    MonthClosing,
    PostingReversal,
    SubAccountOpening,
)
from domain.occasion import Occasion
from domain.organization.organization import Organization
from domain.values import Code
from service.api.http.reading import Reading, from_log, get, routes
from service.api.http.writing import Circumstances, Kind, Write, Writing
from service.api.organization.organizations import OrganizationPath, place_of, unit_of
from service.commands.authorization import Resource
from service.commands.commands import Work
from service.commands.views import view_model
from service.income.posting import posting_rule
from service.ledgers.questions.income import newest_income

router = routes("/v1/organizations", "income 收益")

PostingPath = Annotated[Code, Path(title="记账编号")]
IncomeSubAccountView = view_model(IncomeSubAccount, organization=Annotated[Code, Field(title="村集体")])


class OpenIncomeSubAccount(Circumstances):
    """Request body: open a village's income sub-account with what lies on it."""

    opening: SubAccountOpening = Field(title="设立情况")


class PostByHand(Circumstances):
    """Request body: post interest or a fee of the bank."""

    posting: HandPosting = Field(title="手工记账")


class ReversePosting(Circumstances):
    """Request body: take a posting by hand back."""

    reversal: PostingReversal = Field(title="冲销情况")


class CloseMonth(Circumstances):
    """Request body: close the books of a month."""

    closing: MonthClosing = Field(title="结账情况")


def account_view(it: IncomeSubAccount) -> dict[str, Any]:
    """A sub-account as every answer shows it."""
    return it.view() | {"organization": it.id}


async def _place(it: IncomeSubAccount, write: Write) -> Resource:
    return place_of(await unit_of(write.context, write.county, it.id, "organization"))


_ACCOUNTS = Kind(
    router,
    IncomeSubAccount,
    IncomeSubAccountView,
    lambda it, _: account_view(it),
    _place,
    parties=lambda it: (it.id,),
)
_ACCOUNT = "/{organization}/income-sub-account"


@_ACCOUNTS.post(_ACCOUNT, "设立收益资金明细科目", "income.keep_account", creates=True)
async def open_income_sub_account(
    organization: OrganizationPath, body: OpenIncomeSubAccount, write: Writing
) -> Response:
    """Open the sub-account of a village collective with its balance and the document behind it (C4.9-05).

    What is on record before the day of opening is in that balance.
    """

    async def open_account(at: Occasion, work: Work) -> IncomeSubAccount:
        unit = await work.get(Organization, organization)
        newest = await newest_income(write, organization)
        return IncomeSubAccount.open(unit.id, unit.card.kind, body.opening, at, newest=newest)

    async def scope() -> Resource:
        return place_of(await unit_of(write.context, write.county, organization, "organization"))

    return await write.create(
        _ACCOUNTS, body, open_account, scope=scope, on=body.opening.opened_on, party=organization
    )


@_ACCOUNTS.post(f"{_ACCOUNT}/postings", "收益资金手工记账", "income.keep_account")
async def post_by_hand(organization: OrganizationPath, body: PostByHand, write: Writing) -> Response:
    """Post interest or a fee of the bank; receipts and payments post by themselves (C4.9-05)."""
    posting = body.posting

    async def post(it: IncomeSubAccount, at: Occasion, work: Work) -> None:
        it.post_by_hand(posting, posting_rule(work, it, posting.cause, posting.posted_on), at)

    return await write.carry_out(_ACCOUNTS, organization, body, post, on=posting.posted_on)


@_ACCOUNTS.post(f"{_ACCOUNT}/postings/{{posting}}/reversal", "冲销收益资金记账", "income.keep_account")
async def reverse_posting(
    organization: OrganizationPath, posting: PostingPath, body: ReversePosting, write: Writing
) -> Response:
    """Take a posting by hand back, with its document (C4.9-05)."""
    return await write.decide(
        _ACCOUNTS, organization, body, lambda it, at: it.reverse(posting, body.reversal, at)
    )


@_ACCOUNTS.post(f"{_ACCOUNT}/closings", "收益资金结账", "income.keep_account")
async def close_month(organization: OrganizationPath, body: CloseMonth, write: Writing) -> Response:
    """Close the books of a month; what becomes known of it later stands in the next (C4.9-05)."""
    return await write.decide(
        _ACCOUNTS,
        organization,
        body,
        lambda it, at: it.close_month(body.closing, at),
        on=body.closing.closed_on,
    )


@get(router, _ACCOUNT, "查询收益资金明细科目", "income.read", response_model=from_log(IncomeSubAccountView))
async def read_income_sub_account(organization: OrganizationPath, read: Reading) -> Response:
    """A village's sub-account from the log."""
    return await read.aggregate(IncomeSubAccount, organization, account_view)
