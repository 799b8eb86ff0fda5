"""Records of a procedure's steps: who took which part, filings, returns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.procedure.plan import ProcedureCase, ProcedureParty
from domain.procedure.subject import Subject
from domain.regulation.legal_clock import Reckoning
from domain.values import BusinessDate, Code, Listed, Name, OrganizationCode, PersonCode, Text, Value

Verdict = Literal["APPROVED", "RETURNED"]


class Proposer(Value):
    """Holder of a post on a day who proposed a text."""

    post: Code = Field(title="职务")
    person: PersonCode = Field(title="人员编号")


class Signer(Value):
    """Person who takes a step for a unit."""

    organization: OrganizationCode = Field(title="单位")
    person: PersonCode = Field(title="经办人")


class ProcedureOpening(Value):
    """Opening of a procedure: chain, subject and case."""

    chain: Annotated[Code, Listed("chains")] = Field(title="流程", description="A1–A19")
    title: Name = Field(title="事项名称", description="公开发布，不得含个人信息")
    subject: Subject = Field(title="办理事项")
    case: ProcedureCase = Field(default_factory=ProcedureCase, title="情形")
    parties: tuple[ProcedureParty, ...] = Field(default=(), title="参与单位", max_length=200)


class StepRecord(Value):
    """One unit's part of a step. `own_matter`: it judged what it had itself submitted, by another person (AMB-23).

    Nobody took a step that a fact took; `fact` is then the fact's event type.
    """

    person: Code | None = Field(default=None, title="经办人")
    fact: Code | None = Field(default=None, title="完成环节的事实（事件类型）")
    on: BusinessDate = Field(title="日期")
    document_no: Name | None = Field(default=None, title="文号")
    own_matter: bool = Field(default=False, title="本单位提交的事项")


class Filing(Value):
    """A filing of one unit: PENDING until it is answered; silence is no answer (P27)."""

    addressee: Code = Field(title="备案机关")
    submitted_on: BusinessDate = Field(title="报送日期")
    due_on: BusinessDate | None = Field(default=None, title="答复期限")
    provisional: Reckoning | None = Field(default=None, title="暂定答复期限的计算依据")
    state: Literal["PENDING", "SUBMITTED", "ACCEPTED", "RETURNED"] = Field(title="备案状态")


class StepReturn(Value):
    """Why something has to be done again."""

    step: Code = Field(title="步骤")
    organization: Code = Field(title="退回单位")
    reasons: Text = Field(title="理由")
    on: BusinessDate = Field(title="日期")
