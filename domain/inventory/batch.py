"""An inventory batch (清查批次): the assets one file brought in, and how they are determined (chains A1 and A2).

A unit compiles (the import), submits; townships review what they and their villages compiled, departments their own;
the determining departments judge in parallel and all have to approve; then the asset office aggregates. A return by
the reviewer or by any department sends the batch back to the unit that compiled it, with reasons, and everything after
the compiling is done anew. Who does what after what, and who may not be the same person, stands in the dated chains.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.refusals import refuse
from domain.regulation.rows import Chain, ChainStep
from domain.values import Code, Name, PersonCode, Sha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion

LISTED_AT_ONCE: Final = 5_000
"""Most assets one event lists: an event has to stay small enough for the log."""

_CHAIN_OF: Final = {"VILLAGE": "A1", "TOWNSHIP": "A1", "FARM": "A1", "DEPARTMENT": "A2"}
_CLAUSE_OF: Final = {"A1": "C4.4-01", "A2": "C4.4-02"}


class InventoryImport(Value):
    """Import into a batch: the file by its digest, the unit and person that compiled it, and what became of its rows."""

    file_name: Name = Field(title="文件名")
    sha256: Sha256 = Field(title="文件摘要")
    unit: Code = Field(title="填报单位")
    unit_kind: Literal["VILLAGE", "TOWNSHIP", "FARM", "DEPARTMENT"] = Field(title="填报单位类型")
    compiled_by: Code = Field(title="填报人")
    rows: int = Field(title="资产行数", strict=True, ge=1)
    ok: int = Field(title="登记行数", strict=True, ge=0)
    rejected: int = Field(title="拒绝行数", strict=True, ge=0)


class Opinion(Value):
    """Opinion of a reviewer or a department on the batch. A return needs reasons."""

    organization: Code = Field(title="单位")
    person: PersonCode = Field(title="经办人")
    decision: Literal["APPROVE", "RETURN"] = Field(
        title="批次审核结论", description="APPROVE 通过 / RETURN 退回"
    )
    reasons: Text | None = Field(default=None, title="理由", description="退回必填")
    decided_on: FactDay = Field(title="日期")


class InventoryBatch(DomainAggregate):
    """One import and its determination."""

    TOPIC: ClassVar[str] = "inventory_batch"
    KIND: ClassVar[str] = "inventory_batch"

    imported: Annotated[InventoryImport, Field(title="导入内容")]
    assets: Annotated[tuple[Code, ...], Field(title="本批资产编号")]
    state: Annotated[
        Literal["COMPILED", "SUBMITTED", "REVIEWED", "RETURNED", "AGGREGATED"], Field(title="批次状态")
    ]
    submitted_by: Annotated[str | None, Field(title="上报人")]
    review: Annotated[Opinion | None, Field(title="审核意见")]
    determinations: Annotated[dict[str, Opinion], Field(title="各部门审定意见")]
    returns: Annotated[tuple[Opinion, ...], Field(title="退回意见")]
    aggregated_on: Annotated[date | None, Field(title="汇总日期")]

    class Event(DomainAggregate.Event):
        """Root of the batch's events."""

    class Imported(Event, CreatedEvent):
        """A file's rows were registered; the assets follow in the same commit."""

        TOPIC: ClassVar[str] = "inventory_batch.imported"
        TITLE: ClassVar[str] = "清查批次导入"
        imported: InventoryImport = Field(title="导入内容")

    @classmethod
    def compile(
        cls, batch: str, imported: InventoryImport, assets: tuple[str, ...], at: Occasion
    ) -> InventoryBatch:
        """Record an import with the assets it registered (C4.4-00). Refused: FIELD_INVALID."""
        if imported.ok != len(assets) or imported.ok + imported.rejected != imported.rows:
            raise refuse("FIELD_INVALID", clause="C4.4-00", field="rows", value=imported.rows)
        at.cite("C4.4-00", _CLAUSE_OF[_CHAIN_OF[imported.unit_kind]])
        made = cls.begin(cls.Imported, batch, at, imported=imported)
        for start in range(0, len(assets), LISTED_AT_ONCE):
            made.record(cls.AssetsListed, at, assets=assets[start : start + LISTED_AT_ONCE])
        return made

    @event(Imported)
    def __init__(self, imported: InventoryImport) -> None:
        self.imported = imported
        self.assets = ()
        self.state = "COMPILED"
        self.submitted_by = None
        self.review = None
        self.determinations = {}
        self.returns = ()
        self.aggregated_on = None

    class AssetsListed(Event):
        """Which assets the import registered, at most 5,000 an event."""

        TOPIC: ClassVar[str] = "inventory_batch.assets_listed"
        TITLE: ClassVar[str] = "清查批次资产清单"
        assets: tuple[Code, ...] = Field(title="本批资产编号")

    @event(AssetsListed)
    def _assets_listed(self, assets: tuple[Code, ...]) -> None:
        self.assets = (*self.assets, *assets)

    class Submitted(Event):
        """Sent up for review, the first time or after a return."""

        TOPIC: ClassVar[str] = "inventory_batch.submitted"
        TITLE: ClassVar[str] = "清查批次上报"
        person: Code = Field(title="上报人")

    def submit(self, person: str, at: Occasion) -> None:
        """Send the batch up for review (C4.4-01, C4.4-02). Refused: STEP_OUT_OF_ORDER."""
        at.cite(self._clause)
        if self.state == "SUBMITTED" and self.submitted_by == person:
            return
        self._must_be("submission", "COMPILED", "RETURNED")
        self.record(self.Submitted, at, person=person)

    @event(Submitted)
    def _submitted(self, person: str) -> None:
        self.state = "SUBMITTED"
        self.submitted_by = person

    class Reviewed(Event):
        """The township, or the department itself, has reviewed it."""

        TOPIC: ClassVar[str] = "inventory_batch.reviewed"
        TITLE: ClassVar[str] = "清查批次审核"
        opinion: Opinion = Field(title="审核意见")

    def give_review(self, opinion: Opinion, township: str | None, at: Occasion) -> None:
        """Review what was compiled (C4.4-01, C4.4-02). `township`: the unit that reviews a village's or its own batch.

        SEGREGATION_OF_DUTIES for who compiled or submitted it; STEP_OUT_OF_ORDER before it was submitted;
        FORBIDDEN for a unit that is not the reviewing one; FIELD_REQUIRED for a return without reasons.

        Refused also: CODE_UNKNOWN.
        """
        at.cite(self._clause)
        if opinion == self.review:
            return
        self._must_be("review", "SUBMITTED", missing=["submission"])
        self._check_opinion(opinion)
        reviewing = township if self.chain == "A1" else self.imported.unit
        if opinion.organization != reviewing:
            raise refuse("FORBIDDEN", clause=self._clause, organization=opinion.organization)
        self._another_person(opinion, self._step("REVIEW", at))
        self.record(self.Reviewed, at, opinion=opinion)
        self._return_if_asked(opinion, at)

    @event(Reviewed)
    def _reviewed(self, opinion: Opinion) -> None:
        self.review = opinion
        self.state = "REVIEWED"

    class Determined(Event):
        """One of the determining departments has decided."""

        TOPIC: ClassVar[str] = "inventory_batch.determined"
        TITLE: ClassVar[str] = "清查批次审定"
        department: Code = Field(title="审定部门")
        decision: Literal["APPROVE", "RETURN"] = Field(title="批次审定结论")
        opinion: Opinion = Field(title="审定意见")

    def determine(self, opinion: Opinion, at: Occasion) -> None:
        """One department's word; they decide side by side, in any order (C4.4-01, C4.4-02).

        STEP_OUT_OF_ORDER before the review; FORBIDDEN for a department that does not determine;
        SEGREGATION_OF_DUTIES when the department compiled the batch and the same person votes for it.

        Refused also: CODE_UNKNOWN, FIELD_REQUIRED.
        """
        at.cite(self._clause)
        step = self._step("DETERMINE", at)
        department = opinion.organization
        if self.determinations.get(department) == opinion:
            return
        self._must_be("determination", "REVIEWED", missing=list(step.needs))
        if department not in step.all_of:
            raise refuse("FORBIDDEN", clause=self._clause, organization=department)
        if department in self.determinations:
            raise refuse("STEP_OUT_OF_ORDER", clause=self._clause, step="determination", state="DETERMINED")
        self._check_opinion(opinion)
        self._another_person(opinion, step)
        self.record(self.Determined, at, department=department, decision=opinion.decision, opinion=opinion)
        self._return_if_asked(opinion, at)

    @event(Determined)
    def _determined(self, department: str, opinion: Opinion) -> None:
        self.determinations = {**self.determinations, department: opinion}

    class Returned(Event):
        """Sent back to the unit that compiled it; review and determinations are void."""

        TOPIC: ClassVar[str] = "inventory_batch.returned"
        TITLE: ClassVar[str] = "清查批次退回"
        opinion: Opinion = Field(title="退回审核意见")

    def _return_if_asked(self, opinion: Opinion, at: Occasion) -> None:
        if opinion.decision == "RETURN":
            self.record(self.Returned, at, opinion=opinion)

    @event(Returned)
    def _returned(self, opinion: Opinion) -> None:
        self.state = "RETURNED"
        self.review = None
        self.determinations = {}
        self.returns = (*self.returns, opinion)

    class Aggregated(Event):
        """Taken into the county's figures by the asset office."""

        TOPIC: ClassVar[str] = "inventory_batch.aggregated"
        TITLE: ClassVar[str] = "清查批次汇总"
        person: Code = Field(title="汇总人")

    def aggregate(self, person: str, at: Occasion) -> None:
        """Aggregate after every determining department has approved (C4.4-01). DETERMINATION_INCOMPLETE names the rest.

        Refused also: STEP_OUT_OF_ORDER, CODE_UNKNOWN.
        """
        at.cite(self._clause)
        if self.state == "AGGREGATED":
            return
        self._must_be("aggregation", "REVIEWED", missing=["REVIEW"])
        missing = self.undetermined(at)
        if missing:
            raise refuse("DETERMINATION_INCOMPLETE", missing=missing)
        self.record(self.Aggregated, at, person=person)

    @event(Aggregated)
    def _aggregated(self, occurred_on: date) -> None:
        self.state = "AGGREGATED"
        self.aggregated_on = occurred_on

    # ---- what others ask --------------------------------------------------------------------------------------

    @property
    def chain(self) -> str:
        """A1 for what villages and townships compile, A2 for departments."""
        return _CHAIN_OF[self.imported.unit_kind]

    def undetermined(self, at: Occasion) -> list[str]:
        """Departments that have not approved yet, in the chain's order. Refused: CODE_UNKNOWN."""
        return [one for one in self._step("DETERMINE", at).all_of if one not in self.determinations]

    def is_determined(self, at: Occasion) -> bool:
        """Whether all departments have approved: then it can be the basis of a confirmation (C4.5-02).

        Refused: CODE_UNKNOWN.
        """
        return self.state == "AGGREGATED" or (self.state == "REVIEWED" and not self.undetermined(at))

    # ---- checks -----------------------------------------------------------------------------------------------

    @property
    def _clause(self) -> str:
        return _CLAUSE_OF[self.chain]

    def _step(self, code: str, at: Occasion) -> ChainStep:
        chain: Chain = at.rules.chain(self.chain)
        return next(step for step in chain.steps if step.code == code)

    def _must_be(self, step: str, *states: str, missing: list[str] | None = None) -> None:
        if self.state not in states:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.4-01", step=step, state=self.state, missing=missing or ()
            )

    def _check_opinion(self, opinion: Opinion) -> None:
        if opinion.decision == "RETURN" and opinion.reasons is None:
            raise refuse("FIELD_REQUIRED", clause=self._clause, missing=["reasons"], field="reasons")

    def _another_person(self, opinion: Opinion, step: ChainStep) -> None:
        """The chain says which steps a person may not both take. Who submits has compiled."""
        did: dict[str, set[str | None]] = {
            "COMPILE": {self.imported.compiled_by, self.submitted_by},
            "REVIEW": {self.review.person if self.review is not None else None},
        }
        if any(opinion.person in did[other] for other in step.not_same_person_as):
            raise refuse("SEGREGATION_OF_DUTIES", clause="C4.4-02", person=opinion.person)
