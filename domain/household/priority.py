"""The priority households of a village (重点关注户): which of the four tags a household bears, from which day to which (C4.9-08).

The tags come from the county's monitoring of falling back into poverty; a plan of income is held against those of its day.
Attention is asked for, not a payment: a household that is left out with its reason is in order.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay, NotBefore
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT
from domain.order import there
from domain.refusals import refuse
from domain.values import BusinessDate, Code, Listed, Name, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

PriorityKind = Annotated[Code, Listed("priority-households")]
"""One of the four kinds of C4.9-08."""


class PriorityTag(Value):
    """A household's tag, as the monitoring gave it."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    kind: PriorityKind = Field(title="重点关注户类别")
    since: FactDay = Field(title="标注日期")
    source: Annotated[Name, UNIT] = Field(title="来源系统或单位", description="如全国防返贫监测信息系统")
    document_no: Annotated[Name, UNIT] = Field(title="依据文号或批次号")


class PriorityTagEnd(Value):
    """The end of a household's tag: the last day on which it bears it, and why."""

    household: Annotated[Code, PERSONAL_OF_HOUSEHOLD] = Field(title="户编号")
    kind: PriorityKind = Field(title="重点关注户类别")
    until: FactDay = Field(title="解除日期（含当日）")
    reason: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="解除原因")


class PriorityStretch(PriorityTag):
    """A tag with its end, where it has one."""

    until: Annotated[BusinessDate | None, NotBefore("since")] = Field(
        default=None, title="解除日期（含当日）"
    )

    def holds_on(self, day: date) -> bool:
        """Whether the household bears it on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


class PriorityHouseholds(DomainAggregate):
    """One village's priority households; its id is the village's code."""

    TOPIC: ClassVar[str] = "priority_households"
    KIND: ClassVar[str] = "priority_households"

    tags: Annotated[tuple[PriorityStretch, ...], Field(title="重点关注户标签")]

    class Event(DomainAggregate.Event):
        """Root of the roll's events."""

    class Opened(Event, CreatedEvent):
        """The village's first priority household is about to be recorded."""

        TOPIC: ClassVar[str] = "priority_households.opened"
        TITLE: ClassVar[str] = "建立重点关注户名册"

    @classmethod
    def open(cls, village: str, at: Occasion) -> PriorityHouseholds:
        """Begin a village's roll, on which nobody stands."""
        at.cite("C4.9-08")
        return cls.begin(cls.Opened, village, at)

    @event(Opened)
    def __init__(self) -> None:
        self.tags = ()

    def tagged_on(self, day: date) -> frozenset[str]:
        """The households that bear any tag on a day."""
        return frozenset(one.household for one in self.tags if one.holds_on(day))

    class HouseholdTagged(Event):
        """A household became one to look after first."""

        TOPIC: ClassVar[str] = "priority_households.household_tagged"
        TITLE: ClassVar[str] = "标注重点关注户"
        FACT: ClassVar[bool] = True
        tag: PriorityTag = Field(title="重点关注户标签")

    def tag(self, tag: PriorityTag, at: Occasion) -> None:
        """Record a household's tag (C4.9-08). The same again records nothing.

        Refused: CODE_UNKNOWN for a kind that the regulation does not name, ALREADY_EXISTS while the household bears that tag.
        """
        at.cite("C4.9-08")
        if tag.kind not in at.rules.codes("PRIORITY_HOUSEHOLD"):
            raise refuse("CODE_UNKNOWN", clause="C4.9-08", field="tag.kind", value=tag.kind)
        if any(one == PriorityStretch(**tag.model_dump(), until=one.until) for one in self.tags):
            return
        if self._borne(tag.household, tag.kind, tag.since) is not None:
            raise refuse("ALREADY_EXISTS", what=f"{tag.household} {tag.kind}")
        self.record(self.HouseholdTagged, at, tag=tag)

    @event(HouseholdTagged)
    def _household_tagged(self, tag: PriorityTag) -> None:
        self.tags = (*self.tags, PriorityStretch(**tag.model_dump()))

    class TagEnded(Event):
        """A household is no longer one to look after first for that reason."""

        TOPIC: ClassVar[str] = "priority_households.tag_ended"
        TITLE: ClassVar[str] = "解除重点关注户"
        FACT: ClassVar[bool] = True
        end: PriorityTagEnd = Field(title="解除重点关注情况")

    def end_tag(self, end: PriorityTagEnd, at: Occasion) -> None:
        """Record the end of a household's tag (C4.9-08). The same again records nothing.

        Refused: NOT_FOUND for a tag that it does not bear on that day.
        """
        at.cite("C4.9-08")
        borne = self._borne(end.household, end.kind, end.until)
        if borne is None:
            raise refuse("NOT_FOUND", what=f"{end.household} {end.kind}")
        if borne.until is None:
            self.record(self.TagEnded, at, end=end)

    @event(TagEnded)
    def _tag_ended(self, end: PriorityTagEnd) -> None:
        borne = there(self._borne(end.household, end.kind, end.until))
        self.tags = tuple(
            one if one is not borne else one.model_copy(update={"until": end.until}) for one in self.tags
        )

    def _borne(self, household: str, kind: str, day: date) -> PriorityStretch | None:
        """The tag of that kind that a household bears on a day."""
        found = [one for one in self.tags if (one.household, one.kind) == (household, kind)]
        return next((one for one in found if one.holds_on(day)), None)
