"""Consents of owners (所有权人意见) where no meeting votes on a text, and what they are for: subleases, platform companies (四(十一), P34)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.asset.facts.contract import Operator
from domain.bounds import FactDay, NotBefore
from domain.classification import UNIT
from domain.values import BusinessDate, Code, Name, OrganizationCode, PaperSha256, Value

ConsentMatter = Literal["SUBLEASE", "PLATFORM"]
"""转租 / 授权平台公司。"""


class ConsentAnswer(Value):
    """One owner's answer: its own, on a paper of its own."""

    consent: Code = Field(title="所有权人意见编号")
    owner: OrganizationCode = Field(title="表态的所有权人")
    counterpart: Code = Field(title="次承租人或平台公司编号", description="同意交给谁 / whom it is given to")
    agreed: bool = Field(title="是否同意", strict=True)
    decided_on: FactDay = Field(title="表态日期")
    document_no: Annotated[Name, UNIT] = Field(title="表态文号")
    document_sha256: PaperSha256 = Field(title="表态文件摘要")


class OwnerConsent(ConsentAnswer):
    """An owner's answer with the matter that it is about."""

    matter: ConsentMatter = Field(title="表态事项")
    contract: Code | None = Field(default=None, title="所涉合同", description="转租填写")


class Sublease(Value):
    """A sublease: to whom the operator lets the asset on, and until when."""

    sublease: Code = Field(title="转租编号")
    operator: Operator = Field(title="次承租人情况")
    part: Annotated[Name | None, UNIT] = Field(default=None, title="转租部位", description="全部转租留空")
    starts_on: Annotated[BusinessDate, NotBefore("its.contracts[contract].terms.starts_on")] = Field(
        title="转租起始日期"
    )
    ends_on: Annotated[BusinessDate, NotBefore("starts_on")] = Field(title="转租截止日期")
    signed_on: FactDay = Field(title="转租签订日期")
    document_no: Annotated[Name, UNIT] = Field(title="转租合同号")


def agreed_by(
    consents: Iterable[OwnerConsent], matter: ConsentMatter, contract: str | None, counterpart: str
) -> dict[str, date]:
    """Owners that agree, each by its last word on the matter, and the day of it."""
    last: dict[str, OwnerConsent] = {}
    for one in consents:
        if (one.matter, one.contract, one.counterpart) == (matter, contract, counterpart):
            known = last.get(one.owner)
            if known is None or known.decided_on <= one.decided_on:
                last[one.owner] = one
    return {owner: one.decided_on for owner, one in last.items() if one.agreed}
