"""Duties of a unit that manages assets: rules, a task force, an office, guidance given (四(三), 五).

Nothing here refuses a unit its assets: what is missing is reported, by clause, until it is there.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from domain.bounds import FactDay, NotBefore
from domain.refusals import refuse
from domain.values import (
    BusinessDate,
    Code,
    Listed,
    Name,
    OrganizationCode,
    PaperSha256,
    PersonCode,
    Text,
    Value,
)

if TYPE_CHECKING:
    from domain.occasion import Occasion
    from domain.regulation import Rules

ASSET_MANAGER = "ASSET_MANAGER"
"""The post of who manages the assets of a unit (资产管理人员)."""


def _blank_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


RuleKind = Literal["SUPERVISION_RULE", "MANAGEMENT_RULE", "SUPPORTING_RULE"]
"""The three lists of rules: six topics of supervision (C4.3-03), five of management (C5.3-02), seven that support them
(C5.5-01).
"""
_RULES_OF: Final[dict[RuleKind, str]] = {
    "SUPERVISION_RULE": "C4.3-03",
    "MANAGEMENT_RULE": "C5.3-02",
    "SUPPORTING_RULE": "C5.5-01",
}
INCENTIVE: Final = "SUPPORTING_RULE/SMALL_ASSET_INCENTIVE"
"""The rule that a pilot of rewarding small operating assets rests on (C5.5-01)."""


class UnitRule(Value):
    """A unit's own rule document on one topic of one of the three lists."""

    kind: RuleKind | None = Field(
        default=None,
        title="制度类别",
        description="SUPERVISION_RULE 监督管理六项（默认）/ MANAGEMENT_RULE 管理五项 / SUPPORTING_RULE 配套七项",
    )
    topic: Annotated[Code, Listed("unit-rule-topics")] = Field(
        title="制度事项", description="该类别所列事项，如 OWNERSHIP、ACCOUNTING、STOCKTAKE"
    )
    title: Name = Field(title="制度名称")
    document_no: Name = Field(title="文号")
    effective_from: Annotated[BusinessDate | None, BeforeValidator(_blank_is_none)] = Field(
        default=None, title="施行日期"
    )
    sha256: PaperSha256 | None = Field(default=None, title="文件摘要")

    @property
    def place(self) -> str:
        """What a newer rule takes the place of."""
        return self.topic if self.listed == "SUPERVISION_RULE" else f"{self.kind}/{self.topic}"

    @property
    def listed(self) -> RuleKind:
        """The list its topic is on; a rule that says nothing is one of supervision."""
        return self.kind or "SUPERVISION_RULE"


class TaskForceMember(Value):
    """A person on the task force, from a day to a day inclusive."""

    person: PersonCode = Field(title="人员编号")
    role: Name = Field(title="分工")
    since: FactDay = Field(title="开始日期")
    until: Annotated[BusinessDate, NotBefore("since")] | None = Field(
        default=None, title="结束日期（含当日）"
    )

    def covers(self, day: date) -> bool:
        """Whether the person serves on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


class TaskForce(Value):
    """A unit's asset management task force (资产管理专班, C4.3-04)."""

    document_no: Name = Field(title="成立文号")
    established_on: FactDay = Field(title="成立日期")
    members: tuple[TaskForceMember, ...] = Field(title="成员", min_length=1, max_length=100)

    def staffed(self, day: date) -> bool:
        """Whether anybody serves on that day."""
        return self.established_on <= day and any(one.covers(day) for one in self.members)

    def with_member(self, member: TaskForceMember) -> TaskForce:
        """The task force after a member joined, left or changed; a person serves once from a given day on."""
        kept = tuple(one for one in self.members if (one.person, one.since) != (member.person, member.since))
        return self.model_copy(update={"members": (*kept, member)})


class GuidanceGiven(Value):
    """A department or township guided another unit (C4.3-04, C4.3-20)."""

    guidance: Code = Field(title="指导记录编号")
    guided: OrganizationCode = Field(title="被指导单位")
    topic: Text = Field(title="指导内容")
    given_on: FactDay = Field(title="指导日期")
    follow_up: Text | None = Field(default=None, title="后续要求")


def check_unit_rule(rule: UnitRule, at: Occasion) -> None:
    """EFFECTIVE_DATE_REQUIRED for a rule that says not from when; CODE_UNKNOWN for a topic that its list has not."""
    clause = _RULES_OF[rule.listed]
    at.cite(clause)
    if rule.topic not in at.rules.codes(rule.listed):
        raise refuse(
            "CODE_UNKNOWN", clause=clause, listed_in="unit-rule-topics", field="topic", value=rule.topic
        )
    if rule.effective_from is None:
        raise refuse("EFFECTIVE_DATE_REQUIRED", missing=["effectiveFrom"])


def check_office(members: tuple[str, ...], at: Occasion) -> None:
    """The asset office has six member departments (C4.3-05): OFFICE_MEMBER_MISSING names those that are not there.

    Refused also: FIELD_INVALID.
    """
    at.cite("C4.3-05")
    wanted = office_members(at.rules)
    missing = [code for code in wanted if code not in members]
    at.require(not missing, "OFFICE_MEMBER_MISSING", missing=missing)
    strange = [code for code in members if code not in wanted]
    if strange or len(set(members)) != len(members):
        raise refuse("FIELD_INVALID", clause="C4.3-05", field="members", value="、".join(strange) or None)


def office_members(rules: Rules) -> tuple[str, ...]:
    """The departments that make up the asset office, in the order the regulation names organisations."""
    return tuple(row.code for row in rules.organizations() if row.office_member)


def must_keep_ledgers(kind: str, at: Occasion) -> None:
    """ORG_TYPE_NOT_ALLOWED for a unit of a kind that keeps and submits no ledger (C4.3-10, T9)."""
    at.cite("C4.3-10")
    at.require(kind in at.rules.ledger_keepers, "ORG_TYPE_NOT_ALLOWED", kind=kind)
