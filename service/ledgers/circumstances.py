"""Under what circumstances an event was recorded, as answers show it: who sent the command, and what it was allowed by."""

from __future__ import annotations

from pydantic import Field

from domain.occasion import LiftedRefusal
from domain.values import Value
from service.ledgers.warnings import WarningBody


class EventActor(Value):
    """Sender of the command: a key or a person who signed in, and the unit."""

    id: str = Field(title="操作者编号")
    kind: str = Field(title="操作者类型")
    organization: str | None = Field(default=None, title="单位")
    person: str | None = Field(default=None, title="登录人员")


class EventBasis(Value):
    """Why the decision was allowed; what a decision had none of is left out."""

    policy: str = Field(title="政策版本")
    clauses: tuple[str, ...] = Field(default=(), title="依据条款")
    warnings: tuple[WarningBody, ...] = Field(default=(), title="提示")
    findings: tuple[WarningBody, ...] = Field(default=(), title="历史检查发现")
    overrides: tuple[LiftedRefusal, ...] = Field(default=(), title="例外批准")
    provenance: str | None = Field(default=None, title="导入来源")
