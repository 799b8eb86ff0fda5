"""Objections (异议) as those see them who answer them, and as everybody else does.

Who answers an objection sees its own words, and how to reach whoever filed it, from the moment it is filed. Everybody
else with a credential sees it without contact and without the numbers by which a person could be known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from domain.classification import PERSONAL_OF_OBJECTOR, SEALED_OF_OBJECTOR
from domain.procedure.procedure import ProcedureInstance
from domain.procedure.public_notice import PublicNotice
from domain.refusals import refuse
from domain.values import OrganizationCode, Value
from projections.engine.masking import masked
from service.api.http.reading import Read
from service.commands.authorization import authorize, resource_of_units


class OpenObjection(Value):
    """An objection that waits for its answer, with what only those see who answer it."""

    number: int = Field(title="异议编号")
    step: str | None = Field(title="公示步骤", description="程序公示的步骤；公告为空")
    text: Annotated[str, PERSONAL_OF_OBJECTOR] = Field(title="异议内容", description="原文")
    contact: Annotated[str | None, SEALED_OF_OBJECTOR] = Field(
        default=None, title="联系方式", description="不公开"
    )
    filed_on: date = Field(title="提出日期")
    due_on: date | None = Field(default=None, title="答复期限")
    overdue: bool = Field(title="是否逾期")
    late: bool = Field(title="公示结束后提出")
    answer_at: str = Field(title="答复接口", description="向此路径 POST 答复")


class OpenObjections(Value):
    """The open objections to a notice, the oldest first."""

    notice: str = Field(title="公示编号")
    title: str = Field(title="标题")
    unit: OrganizationCode = Field(title="公示单位")
    objections: tuple[OpenObjection, ...] = Field(title="待答复的异议")


def objection_shown(objection: Mapping[str, Any]) -> dict[str, Any]:
    """An objection in the view of its procedure or announcement, for everybody who may see that."""
    shown = {name: value for name, value in objection.items() if name != "contact"}
    return shown | {name: masked(shown[name]) for name in ("text", "answer") if name in shown}


async def open_objections(read: Read, notice: Mapping[str, Any]) -> dict[str, Any]:
    """The objections to a notice (a row of the board) that wait; NOT_FOUND, FORBIDDEN_JURISDICTION."""
    authorize(read.actor, "objection.read", resource_of_units([notice["unit"]]))
    kind, _, identity = str(notice["source"]).partition("-")
    of_procedure = kind == ProcedureInstance.KIND
    found: ProcedureInstance | PublicNotice | None
    if of_procedure:
        found = await read.context.load(ProcedureInstance, read.county, identity)
    else:
        found = await read.context.load(PublicNotice, read.county, identity)
    if found is None:
        raise refuse("NOT_FOUND", what=notice["notice"])
    path = f"/v1/procedures/{identity}" if of_procedure else f"/v1/notices/{notice['notice']}"
    today = read.context.today()
    waiting = [one for one in found.objections.values() if one.open and str(one.number) in notice["pending"]]
    return {
        "notice": notice["notice"],
        "title": notice["title"],
        "unit": notice["unit"],
        "objections": [
            one.model_dump(
                mode="json", by_alias=True, exclude_none=True, exclude={"outcome", "answer", "resolved_on"}
            )
            | {
                "step": notice["step"] or None,
                "overdue": one.due_on is not None and one.due_on < today,
                "answerAt": f"{path}/objections/{one.number}/resolution",
            }
            for one in waiting
        ],
    }
