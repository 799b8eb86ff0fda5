"""What a procedure has shown so far: the argument a decision on an asset takes instead of the procedure itself."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import Field

from domain.refusals import refuse
from domain.values import BusinessDate, Code, Name, Sha256, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain.occasion import Occasion


class ProcedureProof(Value):
    """Which steps of which chain are done for which text, and since when. Made by `ProcedureInstance.proof`."""

    procedure: Code = Field(title="程序编号")
    chain: Code = Field(title="流程")
    subject_kind: Code = Field(title="事项类型")
    subject: Code = Field(title="事项编号")
    subject_sha256: Sha256 = Field(title="内容摘要")
    completed: tuple[Code, ...] = Field(title="已完成步骤", description="按流程次序")
    completed_on: dict[str, BusinessDate] = Field(title="各步骤完成日期")
    document_no: Name | None = Field(default=None, title="决定（批复）文号")
    policy: str = Field(title="政策版本", description="启动程序时的规则")

    def require(
        self,
        at: Occasion,
        *,
        chain: str,
        subject_sha256: str,
        steps: Iterable[str],
        clause: str | None = None,
    ) -> None:
        """Make sure of the chain, the text, and that these steps were done by the day of the decision.

        Refused: PLAN_HASH_MISMATCH (another chain or text), STEP_OUT_OF_ORDER with the steps that are missing.
        """
        if (self.chain, self.subject_sha256) != (chain, subject_sha256):
            raise refuse("PLAN_HASH_MISMATCH", missing=["procedure"])
        missing = [step for step in steps if not self.done_by(step, at.on)]
        at.require(not missing, "STEP_OUT_OF_ORDER", clause=clause, missing=missing)

    def done_by(self, step: str, day: date) -> bool:
        """Whether a step was done on that day or before."""
        return step in self.completed_on and self.completed_on[step] <= day
