"""The county's policy in the log: which versions of its rules were activated, and which parameters it changed itself.

The rules are data (`domain/regulation`); the log says since when the county works by them. A change of a parameter
begins today or later, so no decision that was made is ever judged again by another figure (C0-02, C4.3-19).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.refusals import refuse
from domain.regulation import Amendment, Regulation, RegulationInvalid
from domain.regulation.amendments import read_value, shown_value
from domain.values import BusinessDate, Name, Sha256, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class ActivatedVersion(Value):
    """A version of the county's rules that was put to use. `digest`: of the data that it came with."""

    number: int = Field(title="版本号", ge=1)
    document_no: Name = Field(title="文号")
    title: Name = Field(title="文件名称")
    in_force_from: BusinessDate = Field(title="生效日期")
    digest: Sha256 = Field(title="政策数据摘要")


class ParameterChange(Value):
    """A parameter that the county set itself. Values are written as in the parameter table: amounts in yuan."""

    number: int = Field(title="序号", ge=1)
    parameter: Name = Field(title="参数编号")
    old: Any = Field(title="原值")
    new: Any = Field(title="新值")
    document: Name = Field(title="依据文号")
    effective_from: BusinessDate = Field(title="生效日期")

    def amendment(self) -> Amendment:
        """The change as the rules take it."""
        return Amendment(
            number=self.number,
            parameter=self.parameter,
            value=read_value(self.parameter, self.new),
            in_force_from=self.effective_from,
            document=self.document,
        )


class HistoryCutOver(Value):
    """The last day on which imported history is entered: from the next one on the log is kept as things happen."""

    day: BusinessDate = Field(title="历史补录截止日", description="当日仍可补录，次日起关闭；今天或以后")
    document: Name = Field(title="依据文号")


class RequestedParameterChange(Value):
    """Value that a parameter shall have from a day on."""

    parameter: Name = Field(title="参数编号", description="P01–P37")
    value: Any = Field(title="新值", description="与参数表同形，金额为元、两位小数")
    document: Name = Field(title="依据文号")
    effective_from: BusinessDate = Field(title="生效日期", description="今天或以后")


def versions_of(regulation: Regulation) -> tuple[ActivatedVersion, ...]:
    """The versions in a county's data, the oldest first."""
    return tuple(
        ActivatedVersion(
            number=row.number,
            document_no=row.document_no,
            title=row.title,
            in_force_from=row.in_force_from,
            digest=regulation.digest,
        )
        for row in regulation.versions
    )


class Policy(DomainAggregate):
    """A county's policy. Its id is the county's code; there is one in each county's log."""

    TOPIC: ClassVar[str] = "policy"
    KIND: ClassVar[str] = "policy"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    versions: Annotated[tuple[ActivatedVersion, ...], Field(title="启用的政策版本")]
    changes: Annotated[tuple[ParameterChange, ...], Field(title="参数调整")]
    cut_over: Annotated[HistoryCutOver | None, Field(title="历史补录截止")]

    class Event(DomainAggregate.Event):
        """Root of the policy's events."""

    class Adopted(Event, CreatedEvent):
        """The county works by these versions from now on."""

        TOPIC: ClassVar[str] = "policy.adopted"
        TITLE: ClassVar[str] = "政策启用"
        versions: tuple[ActivatedVersion, ...] = Field(title="启用的政策版本")

    @classmethod
    def adopt(cls, county: str, versions: Sequence[ActivatedVersion], at: Occasion) -> Policy:
        """Begin a county's policy with the versions its data has, the oldest first (C0-02)."""
        at.cite("C0-02")
        return cls.begin(cls.Adopted, county, at, versions=tuple(versions))

    @event(Adopted)
    def __init__(self, versions: tuple[ActivatedVersion, ...]) -> None:
        self.versions = versions
        self.changes = ()
        self.cut_over = None

    class VersionActivated(Event):
        """A further version of the rules was put to use."""

        TOPIC: ClassVar[str] = "policy.version_activated"
        TITLE: ClassVar[str] = "政策版本启用"
        version: ActivatedVersion = Field(title="启用的政策版本")

    def activate(self, version: ActivatedVersion, at: Occasion) -> None:
        """Put a further version to use; POLICY_VERSION_OUT_OF_ORDER unless it begins after the newest (C0-02)."""
        at.cite("C0-02")
        newest = self.versions[-1]
        if version.number <= newest.number or version.in_force_from <= newest.in_force_from:
            raise refuse(
                "POLICY_VERSION_OUT_OF_ORDER",
                given=f"#{version.number} {version.in_force_from}",
                newest=f"#{newest.number} {newest.in_force_from}",
            )
        self.record(self.VersionActivated, at, version=version)

    @event(VersionActivated)
    def _version_activated(self, version: ActivatedVersion) -> None:
        self.versions = (*self.versions, version)

    class ParameterChanged(Event):
        """The county office set a parameter."""

        TOPIC: ClassVar[str] = "policy.parameter_changed"
        TITLE: ClassVar[str] = "政策参数调整"
        change: ParameterChange = Field(title="参数调整内容")

    def change(self, wanted: RequestedParameterChange, data: Regulation, at: Occasion) -> None:
        """Set a parameter from a day on (C4.3-19).

        PARAMETER_RETROACTIVE for a day that is past, CODE_UNKNOWN, FIELD_INVALID. The value it has already on that
        day is no change.
        """
        at.cite("C4.3-19")
        if wanted.effective_from < at.today:
            raise refuse(
                "PARAMETER_RETROACTIVE",
                parameter=wanted.parameter,
                given=wanted.effective_from,
                today=at.today,
            )
        regulation = self.amend(data)
        value = read_value(wanted.parameter, wanted.value)
        old = regulation.on(wanted.effective_from).parameter_row(wanted.parameter).value
        if value == old:
            return
        change = ParameterChange(
            number=len(self.changes) + 1,
            parameter=wanted.parameter,
            old=shown_value(wanted.parameter, old),
            new=shown_value(wanted.parameter, value),
            document=wanted.document,
            effective_from=wanted.effective_from,
        )
        try:
            regulation.amended([change.amendment()])
        except RegulationInvalid as invalid:
            raise refuse("FIELD_INVALID", field="value", reason="；".join(invalid.faults[:3])) from invalid
        self.record(self.ParameterChanged, at, change=change)

    @event(ParameterChanged)
    def _parameter_changed(self, change: ParameterChange) -> None:
        self.changes = (*self.changes, change)

    class HistoryCutOverDeclared(Event):
        """The county office declared the last day of imported history."""

        TOPIC: ClassVar[str] = "policy.history_cut_over_declared"
        TITLE: ClassVar[str] = "宣布历史补录截止日"
        cut_over: HistoryCutOver = Field(title="历史补录截止")

    def declare_cut_over(self, cut_over: HistoryCutOver, at: Occasion) -> None:
        """Declare the last day of imported history, or another one while the declared one is not over (C4.3-19).

        HISTORY_CLOSED once it is over: what was closed is not opened again. CUT_OVER_RETROACTIVE for a day that is past.
        """
        at.cite("C4.3-19")
        self.must_take_history(at)
        if cut_over.day < at.today:
            raise at.refusal("CUT_OVER_RETROACTIVE", given=cut_over.day, today=at.today)
        if cut_over == self.cut_over:
            return
        self.record(self.HistoryCutOverDeclared, at, cut_over=cut_over)

    @event(HistoryCutOverDeclared)
    def _history_cut_over_declared(self, cut_over: HistoryCutOver) -> None:
        self.cut_over = cut_over

    def takes_history_on(self, today: date) -> bool:
        """Whether imported history is entered on a day; before a cut-over is declared it is."""
        return self.cut_over is None or today <= self.cut_over.day

    def must_take_history(self, at: Occasion) -> None:
        """HISTORY_CLOSED after the declared cut-over: by the day of entry, whatever day the item is about."""
        if not self.takes_history_on(at.today):
            raise at.refusal("HISTORY_CLOSED", cut_over=self.cut_over.day, document=self.cut_over.document)  # type: ignore[union-attr]  # a day is declared

    def amend(self, data: Regulation) -> Regulation:
        """The county's data with every change so far."""
        return data.amended([change.amendment() for change in self.changes])

    def is_known_to(self, regulation: Regulation) -> bool:
        """Whether a county's data has every version that was activated: what judges by less would judge wrongly."""
        return {one.number for one in self.versions} <= {row.number for row in regulation.versions}
