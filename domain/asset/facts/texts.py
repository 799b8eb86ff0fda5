"""Texts that procedures decide on and later facts carry out: a contract, a disposal, a use of its proceeds.

Each is a subject with a form, so that its digest can be worked out again from what is carried out.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from domain.asset.facts.contract import ContractTerms, ContractText
from domain.asset.facts.disposal import DisposalProposal
from domain.classification import UNIT
from domain.execution import Execution
from domain.procedure.subject import digest_of
from domain.values import Code, Fen, Name, Value

CONTRACT_KIND: Final = "operating_contract"
DISPOSAL_KIND: Final = "asset_disposal"
PROCEEDS_KIND: Final = "proceeds_allocation"


class ContractContent(Value):
    """Text of a procedure over an operating contract: the asset and the contract's text."""

    asset: Code = Field(title="资产编号")
    terms: ContractText = Field(title="合同内容")

    def canonical(self) -> dict[str, Any]:
        """The content as it is digested."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class DisposalContent(Value):
    """Text of a procedure over a disposal: which asset is to go in which way, and why."""

    asset: Code = Field(title="资产编号")
    proposal: DisposalProposal = Field(title="处置方案")

    def canonical(self) -> dict[str, Any]:
        """The content as it is digested: without the paper of the decision itself."""
        return {
            "asset": self.asset,
            "proposal": self.proposal.model_dump(
                mode="json", by_alias=True, exclude_none=True, exclude={"decision_document"}
            ),
        }


class ProceedsUseContent(Value):
    """Text of a procedure over disposal proceeds: how much of the pool goes to which project."""

    allocation: Code = Field(title="安排编号")
    use: Code = Field(title="用途", description="PROJECT 扶贫项目建设")
    project_code: Code = Field(title="项目编号")
    project_name: Annotated[Name, UNIT] = Field(title="项目名称")
    amount: Fen = Field(title="安排金额")

    def canonical(self) -> dict[str, Any]:
        """The content as it is digested."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def contract_carried_out(asset: str, terms: ContractTerms) -> Execution:
    """A contract that is signed: its signer's."""
    text = {name: getattr(terms, name) for name in ContractText.model_fields}
    content = ContractContent(asset=asset, terms=ContractText(**text))
    return Execution(terms.signer, CONTRACT_KIND, terms.contract, (digest_of(content.canonical()),))


def disposal_carried_out(asset: str, proposal: DisposalProposal, owner: str) -> Execution:
    """A disposal that goes its way: the owner's."""
    content = DisposalContent(asset=asset, proposal=proposal)
    return Execution(owner, DISPOSAL_KIND, proposal.disposal, (digest_of(content.canonical()),))
