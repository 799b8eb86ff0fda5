"""State of a procedure as a proof: the argument a decision on an asset takes instead of the procedure itself."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from domain.values import BusinessDate, Code, Name, Sha256, Value


class ProcedureProof(Value):
    """Which steps of which chain are done for which text, and since when. Made by `ProcedureInstance.proof`."""

    procedure: Code = Field(title="程序编号")
    chain: Code = Field(title="流程")
    subject_kind: Code = Field(title="事项类型")
    subject: Code = Field(title="事项编号")
    subject_sha256: Sha256 = Field(title="内容摘要")
    completed: tuple[Code, ...] = Field(title="已完成步骤", description="按流程次序")
    completed_on: dict[str, BusinessDate] = Field(title="各步骤完成日期")
    units: dict[str, tuple[Code, ...]] = Field(default={}, title="各步骤办理单位")
    document_no: Name | None = Field(default=None, title="决定（批复）文号")
    policy: str = Field(title="政策版本", description="启动程序时的规则")

    def done_by(self, step: str, day: date) -> bool:
        """Whether a step was done on that day or before."""
        return step in self.completed_on and self.completed_on[step] <= day
