"""Operating contracts of an asset: terms, and the rules of 四(七) and 四(十一) that any contract must meet (T6)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from domain.bounds import FactDay, NotBefore
from domain.periods import years_after
from domain.refusals import refuse
from domain.values import (
    BusinessDate,
    Code,
    Fen,
    Listed,
    Name,
    OperatorSelectionCode,
    PersonCode,
    Quantity,
    Text,
    Value,
)

if TYPE_CHECKING:
    from domain.asset.facts.card import RegisterCard
    from domain.occasion import Occasion


class Operator(Value):
    """The unit or person that runs an asset (经营主体)."""

    operator: Code = Field(title="经营主体编号")
    name: Name = Field(title="经营主体名称")
    credit_code: Code | None = Field(default=None, title="统一社会信用代码")


_EXAMPLE: Final = {
    "responsibility": "承租方负责经营",
    "target": "年加工 200 吨",
    "income": "年租金三万元",
    "mode": "租赁",
    "term": "三年",
    "incomeDistribution": "归村集体",
    "riskControl": "保证金一万元",
    "custody": "承租方负责日常管护",
    "rewardPenalty": "逾期按日加收",
}


def _keys_and_texts(schema: dict[str, Any]) -> None:
    """Say what keys and what texts there are in the way that client generators read."""
    ((pattern, text),) = schema.pop("patternProperties").items()
    schema["additionalProperties"] = text
    schema["propertyNames"] = {"pattern": pattern}


class OperatingTarget(Value):
    """Target of an owner that runs an asset itself (经营目标): a figure, how much of it, in which time."""

    metric: Name = Field(title="目标指标", examples=["年加工核桃（吨）"])
    value: Quantity = Field(title="目标值")
    period: Name = Field(title="考核期间", examples=["每年"])


class OwnOperation(Value):
    """Own operation of an asset by its owner (直接经营): who answers for it, what is to be reached, what it is to bring."""

    responsible: PersonCode | None = Field(default=None, title="经营责任人")
    target: OperatingTarget | None = Field(default=None, title="经营目标")
    expected_income: Fen | None = Field(default=None, title="预期收益（年）")

    def missing(self) -> list[str]:
        """The clause keys of T6 that it leaves open (C4.7-02)."""
        stated = {"responsibility": self.responsible, "target": self.target, "income": self.expected_income}
        return [key for key, value in stated.items() if value is None]


def _in_order(clauses: dict[str, str]) -> dict[str, str]:
    """By key, as the log's canonical JSON has them: a state from the log and a state in memory are the same bytes."""
    return dict(sorted(clauses.items()))


class ContractText(Value):
    """Text of an operating contract that is decided on: mode, operator, term, the clauses it must settle, the money.

    `clauses` maps a clause key of T6 (responsibility, target, income, mode, term, incomeDistribution, riskControl,
    custody, rewardPenalty) to its text. `annual_income` is what the operator owes per year, in fen. `part` names the
    part of the asset that is let when not the whole.
    """

    contract: Code = Field(title="合同编号")
    mode: Annotated[Code, Listed("operation-modes")] = Field(title="经营方式")
    operator: Operator = Field(title="经营主体情况")
    starts_on: Annotated[BusinessDate, NotBefore("start")] = Field(title="起始日期")
    ends_on: Annotated[BusinessDate, NotBefore("starts_on", days=1, clause="C4.7-03")] = Field(
        title="终止日期"
    )
    signer: Code = Field(title="签约所有权人")
    clauses: Annotated[dict[Code, Text], AfterValidator(_in_order)] = Field(
        title="合同条款",
        description="必备条款见代码表 contract-clauses",
        max_length=30,
        examples=[_EXAMPLE],
        json_schema_extra=_keys_and_texts,
    )
    custody_rule_document: Name | None = Field(default=None, title="管护制度文号")
    annual_income: Fen = Field(title="年收益（租金、承包费等）")
    part: Name | None = Field(default=None, title="出租部位", description="整项资产留空")
    charter_document: Name | None = Field(default=None, title="章程文号", description="跨乡村资产必填")
    own_operation: OwnOperation | None = Field(default=None, title="直接经营事项", description="自主经营必填")
    selection: OperatorSelectionCode | None = Field(
        default=None,
        title="经营主体选定编号",
        description="选定该经营主体的公开选定，流程含选定环节的（A9）必填 / the selection of this operator",
    )


class ContractTerms(ContractText):
    """An operating contract as it is signed: its text, the day, and the paper of the decision."""

    signed_on: FactDay = Field(title="签订日期")
    decision_document: Name | None = Field(
        default=None, title="民主决策或审批文号", description="仅历史合同补录；现行合同由程序证明"
    )


def last_day_of(state: str, ends_on: date, ended_on: date | None) -> date | None:
    """The last day for which a contract in that state is owed income; None while the operator holds over.

    On the day of a termination the next operator may start, so that day is no longer this one's.
    """
    if state == "HOLDOVER":
        return None
    if state == "TERMINATED" and ended_on is not None:
        return ended_on - timedelta(days=1)
    return ended_on or ends_on


class Contract(Value):
    """A contract in the life of an asset and where it stands."""

    terms: ContractTerms = Field(title="合同内容")
    state: Literal["ACTIVE", "HOLDOVER", "EXPIRED", "TERMINATED"] = Field(default="ACTIVE", title="合同状态")
    ended_on: BusinessDate | None = Field(default=None, title="合同终止日期")

    @property
    def open(self) -> bool:
        """Whether the operator still runs the asset under it."""
        return self.state in {"ACTIVE", "HOLDOVER"}

    @property
    def last_day(self) -> date | None:
        """The last day for which its income is due; None while the operator holds over."""
        return last_day_of(self.state, self.terms.ends_on, self.ended_on)

    def collides_with(self, terms: ContractTerms) -> bool:
        """Whether both would run the same part on the same day. An operator who holds over stays for an open time."""
        apart = self.terms.part is not None and terms.part is not None and self.terms.part != terms.part
        if apart or terms.ends_on < self.terms.starts_on:
            return False
        if self.ended_on is not None:
            return terms.starts_on < self.ended_on  # a new operator may start on the day the old one leaves
        return self.state == "HOLDOVER" or terms.starts_on <= self.terms.ends_on


def check_terms(
    terms: ContractTerms,
    card: RegisterCard,
    *,
    owners: frozenset[str],
    existing: Iterable[Contract],
    to_be_revived: bool,
    at: Occasion,
) -> None:
    """What any operating contract must settle (C4.7-03, C4.11-01, C4.11-02, C4.3-15; lease term by 民法典 705).

    `to_be_revived`: the asset lies idle or runs badly, so that modes meant for that are open to it (C4.11-06).

    Refused: AMOUNT_NOT_POSITIVE, CODE_UNKNOWN, MODE_NOT_ALLOWED_FOR_CLASS, MODE_ONLY_FOR_REVITALISATION,
    SIGNER_NOT_OWNER, CONTRACT_CLAUSE_MISSING, OPERATION_TERMS_MISSING, LEASE_TERM_EXCEEDS_20Y,
    CONTRACT_OVERLAP.
    """
    at.cite("C4.7-03", "C4.11-01", "C4.11-02", "C4.3-15")
    if terms.annual_income < 0:
        raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-03", field="annualIncome")
    mode = at.rules.operation_mode(terms.mode)
    if mode is None:
        raise refuse("CODE_UNKNOWN", clause="C4.7-03", field="mode", value=terms.mode)
    at.require(
        at.rules.mode_allowed(card.asset_class, terms.mode),
        "MODE_NOT_ALLOWED_FOR_CLASS",
        mode=terms.mode,
        assetClass=card.asset_class,
    )
    at.require(to_be_revived or not mode.revitalisation_only, "MODE_ONLY_FOR_REVITALISATION", mode=terms.mode)
    at.require(terms.signer in owners, "SIGNER_NOT_OWNER", signer=terms.signer)
    if mode.contract:
        missing = _unsettled(terms, card, at)
        at.require(not missing, "CONTRACT_CLAUSE_MISSING", missing=missing, clauses=missing)
    else:
        at.cite("C4.7-02")
        missing = _unstated(terms, card, at)
        at.require(not missing, "OPERATION_TERMS_MISSING", missing=missing)
        if terms.own_operation is not None and (terms.own_operation.expected_income or 0) < 0:
            raise refuse("AMOUNT_NOT_POSITIVE", clause="C4.7-02", field="ownOperation.expectedIncome")
    if mode.max_term_years is not None:
        at.require(
            terms.ends_on <= years_after(terms.starts_on, mode.max_term_years),
            "LEASE_TERM_EXCEEDS_20Y",
            startsOn=terms.starts_on,
            endsOn=terms.ends_on,
        )
    for other in existing:
        at.require(not other.collides_with(terms), "CONTRACT_OVERLAP", contract=other.terms.contract)


def _unstated(terms: ContractTerms, card: RegisterCard, at: Occasion) -> list[str]:
    """Keys of T6 that own operation leaves open: responsibility, target and income are stated as such, never as a text."""
    stated = OwnOperation() if terms.own_operation is None else terms.own_operation
    unstated = stated.missing()
    by_text = [
        key for key in _unsettled(terms, card, at) if key not in {"responsibility", "target", "income"}
    ]
    asked = [row.key_name for row in at.rules.contract_clauses(terms.mode, card.project_scope)]
    return [key for key in asked if key in unstated or key in by_text]


def _unsettled(terms: ContractTerms, card: RegisterCard, at: Occasion) -> list[str]:
    """Keys of T6 that neither a clause nor, where the table lets it, a document of its own settles."""
    documents = {"custody": terms.custody_rule_document, "charter": terms.charter_document}
    return [
        row.key_name
        for row in at.rules.contract_clauses(terms.mode, card.project_scope)
        if not (row.form != "DOCUMENT" and row.key_name in terms.clauses)
        and not (row.form != "CLAUSE" and documents.get(row.key_name) is not None)
    ]
