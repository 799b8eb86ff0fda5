"""Custody and supervision of an asset (四(十), matrix T7). Custody and supervision are never merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic import Field

from domain.refusals import refuse
from domain.values import Code, Name, PersonCode, PostCode, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


DUTIES_OF_POSTS: Final = ("FIRST_RESPONSIBLE", "SUPERVISOR")
"""Duties that go with a post: 管护第一责任人, 第一监管责任人. Whoever holds the post on a day has them on that day."""


class Duty(Value):
    """A named person's duty for an asset. MANAGER (管理人员) keeps it, RESPONSIBLE (责任人) answers for it."""

    person: PersonCode = Field(title="人员编号")
    duty: str = Field(title="职责", pattern="^(MANAGER|RESPONSIBLE)$")


class PositionRef(Value):
    """A post in a unit, e.g. the principal leader: whoever holds it on a day has the duty that day."""

    organization: Code = Field(title="单位")
    position: PostCode = Field(title="职务")


class Custody(Value):
    """Custodian, the post that is first responsible, and the named persons."""

    custodian: Code = Field(title="管护主体", description="单位或经营主体编号")
    responsible_unit: Code = Field(title="管理责任单位")
    first_responsible: PositionRef | None = Field(default=None, title="管护第一责任人（职务）")
    duties: tuple[Duty, ...] = Field(default=(), title="具体责任人", max_length=50)
    rule_document: Name | None = Field(default=None, title="管护制度文号")
    provisional: bool = Field(default=False, title="是否临时管护", strict=True)


def check_duties(before: Custody | None, after: Custody, at: Occasion) -> None:
    """Custody needs named persons, and nobody's duty ends by a new assignment: that takes a departure case (C4.10-10).

    Provisional custody, from before the confirmation, is replaced freely, but never replaces a final one.

    Refused: RESPONSIBLE_PERSON_REQUIRED, FIELD_INVALID, HANDOVER_INCOMPLETE, STEP_OUT_OF_ORDER.
    """
    at.require(after.duties, "RESPONSIBLE_PERSON_REQUIRED", missing=["duties"])
    if len(set(after.duties)) != len(after.duties):
        raise refuse("FIELD_INVALID", clause="C4.10-02", field="duties")
    if before is None or before.provisional:
        return
    leaving = sorted({duty.person for duty in before.duties if duty not in after.duties})
    at.require(not leaving, "HANDOVER_INCOMPLETE", clause="C4.10-10", missing=leaving)
    at.require(
        not after.provisional,
        "STEP_OUT_OF_ORDER",
        clause="C4.10-02",
        step="provisionalCustody",
        state="ASSIGNED",
    )


class Supervision(Value):
    """A supervising unit and its first supervisor by post."""

    supervisor: Code = Field(title="监管单位")
    first_supervisor: PositionRef | None = Field(default=None, title="第一监管责任人（职务）")
