"""The five rights over an asset (五权, C2-02): ownership, use, income, disposal, supervision; who holds each on a day.

The regulation names five rights and lists none (AMB-01); these are the ones its articles speak of. Ownership and income
come with the confirmation, use with the contract that runs; what is given beside that is an assignment with its paper
and its days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.asset.facts.contract import Contract
from domain.bounds import NotBefore
from domain.values import BusinessDate, Code, Fen, Name, PartyShare, Value

Right = Literal["OWNERSHIP", "USE", "INCOME", "DISPOSAL", "SUPERVISION"]


class RightAssignment(Value):
    """A right given to a holder by a document, from a day to a day inclusive (None: until further notice)."""

    right: Right = Field(
        title="权利",
        description="OWNERSHIP 所有权 / USE 使用权 / INCOME 收益权 / DISPOSAL 处置权 / SUPERVISION 监督权",
    )
    holder: Code = Field(title="权利人")
    basis_document: Name = Field(title="依据文号")
    since: Annotated[BusinessDate, NotBefore("start")] = Field(title="生效日期")
    until: Annotated[BusinessDate, NotBefore("since")] | None = Field(
        default=None, title="终止日期（含当日）"
    )

    def covers(self, day: date) -> bool:
        """Whether it holds on that day."""
        return self.since <= day and (self.until is None or day <= self.until)

    def meets(self, since: date, until: date | None) -> bool:
        """Whether it shares a day with that stretch."""
        return (self.until is None or since <= self.until) and (until is None or self.since <= until)


class RightHolder(Value):
    """Holder of a right on a day, and the paper or rule that gives it."""

    holder: Code = Field(title="权利人")
    share: Fen | None = Field(default=None, title="份额")
    basis: Name = Field(title="依据")


class RightsBundle(Value):
    """The five rights on one day. Disposal is the owner's, subject to approval (C4.12-06)."""

    on: BusinessDate = Field(title="日期")
    ownership: tuple[RightHolder, ...] = Field(title="所有权")
    use: tuple[RightHolder, ...] = Field(title="使用权")
    income: tuple[RightHolder, ...] = Field(title="收益权")
    disposal: tuple[RightHolder, ...] = Field(title="处置权", description="须经批准")
    supervision: tuple[RightHolder, ...] = Field(title="监督权")
    accountable_parties: tuple[Code, ...] = Field(title="直接责任主体", description="即所有权人")
    lead_department: Code | None = Field(
        title="牵头部门", description="按类别和所有权人（四（六））；确权前各种可能不一致时为空"
    )


def operators_between(contracts: Iterable[Contract], since: date, until: date | None) -> list[Contract]:
    """Contracts that put the asset into an operator's hands on some day of that stretch."""
    found = []
    for contract in contracts:
        ends = contract.ended_on if not contract.open else None
        last = ends or (None if contract.state == "HOLDOVER" else contract.terms.ends_on)
        if (until is None or contract.terms.starts_on <= until) and (last is None or since <= last):
            found.append(contract)
    return found


def held(shares: Iterable[PartyShare], basis: str) -> tuple[RightHolder, ...]:
    """Shares as holders of a right."""
    return tuple(RightHolder(holder=one.party, share=one.amount, basis=basis) for one in shares)


def assigned(assignments: Iterable[RightAssignment], right: Right, day: date) -> tuple[RightHolder, ...]:
    """Who was given a right for that day."""
    return tuple(
        RightHolder(holder=one.holder, basis=one.basis_document)
        for one in assignments
        if one.right == right and one.covers(day)
    )
