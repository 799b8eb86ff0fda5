"""A sealed ledger (台账封存): what a ledger said about a business day, as it was known at a place in the log.

A seal keeps no rows but what proves them: the log's position and tree root, and the digest of the ledger's canonical
rows. Deriving them again from the events known at that position gives the same digest; what is recorded later about
earlier days shows as a difference and changes no seal (C4.4-04, C4.5-01). A unit's annual seal is then what the unit
submits and the asset office collects (C4.3-11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import NotAfter
from domain.refusals import refuse
from domain.regulation import rows
from domain.values import BusinessDate, Code, Fen, Sha256, Value, total

if TYPE_CHECKING:
    from domain.occasion import Occasion

SealKind = Literal["COUNTY_MASTER", "CATEGORISED", "ASSET", "HOUSEHOLD"]

LEDGER_OF: Final[dict[str, str]] = {
    "ASSET": "UNIT_MASTER",
    "HOUSEHOLD": "HOUSEHOLD_FUND_ASSET",
    "COUNTY_MASTER": "COUNTY_MASTER",
    "CATEGORISED": "CATEGORISED",
}
"""The ledger of the regulation's list behind each kind of seal: it says who keeps it."""


class CategorySum(Value):
    """One value of one dimension of the categorised ledgers."""

    dimension: Code = Field(title="分类项")
    category: Code | None = Field(default=None, title="分类值", description="为空是尚无此项")
    assets: int = Field(title="资产项数")
    amount: Fen = Field(title="原始价值")


class LeftOut(Value):
    """Managed assets of the unit's place that its ledger leaves out, for they have no confirmed owner yet."""

    assets: int = Field(title="资产项数", ge=0)
    original_value: Fen = Field(title="原始价值合计")


class LedgerSnapshot(Value):
    """Snapshot of a ledger: what is sealed."""

    kind: SealKind = Field(title="台账种类")
    unit: Code = Field(title="单位", description="全县台账为县代码")
    year: int = Field(title="年度")
    as_of: Annotated[BusinessDate, NotAfter("today")] = Field(title="截止业务日期")
    position: int = Field(title="日志位置", description="截至此位置已知的事件")
    tree_root: Sha256 = Field(title="日志树根")
    root_hash: Sha256 = Field(title="台账摘要", description="规范行的 SHA-256")
    form: int = Field(title="规范行格式版本")
    rows: int = Field(title="行数")
    original_value: Fen = Field(title="原始价值合计", description="共有资产按本单位份额计")
    net_book_value: Fen = Field(title="净值合计", description="共有资产按本单位份额计")
    categories: tuple[CategorySum, ...] = Field(default=(), title="分类合计")
    left_out: LeftOut | None = Field(
        default=None, title="未列入的资产", description="所在地尚未确权的资产；早先的封存没有记载"
    )


class LedgerSeal(DomainAggregate):
    """One sealed ledger, its submission and collection."""

    TOPIC: ClassVar[str] = "ledger_seal"
    KIND: ClassVar[str] = "ledger_seal"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    snapshot: Annotated[LedgerSnapshot, Field(title="台账快照")]
    submitted_by: Annotated[str | None, Field(title="报送人")]
    collected_by: Annotated[str | None, Field(title="汇总人")]

    class Event(DomainAggregate.Event):
        """Root of the seal's events."""

    class Sealed(Event, CreatedEvent):
        """The ledger was sealed."""

        TOPIC: ClassVar[str] = "ledger_seal.sealed"
        TITLE: ClassVar[str] = "台账封存"
        snapshot: LedgerSnapshot = Field(title="台账快照")

    @staticmethod
    def id_of(kind: str, unit: str, year: int) -> str:
        """The seal of a unit's ledger of a year: there is one."""
        return f"{kind}:{unit}:{year}"

    @classmethod
    def seal(cls, snapshot: LedgerSnapshot, unit_kind: str, at: Occasion) -> LedgerSeal:
        """Seal a ledger of a unit of that kind.

        Refused: ORG_TYPE_NOT_ALLOWED for a unit that keeps no ledger, LEDGER_KIND_NOT_ALLOWED for one it does not
        keep, and LEDGER_NOT_BALANCED when the categories of any dimension do not add up.
        """
        check_keeper(snapshot.kind, unit_kind, at)
        for dimension in sorted({one.dimension for one in snapshot.categories}):
            summed = total(one.amount for one in snapshot.categories if one.dimension == dimension)
            at.require(
                summed == snapshot.original_value,
                "LEDGER_NOT_BALANCED",
                dimension=dimension,
                difference=Fen(summed - snapshot.original_value),
            )
        return cls.begin(
            cls.Sealed, cls.id_of(snapshot.kind, snapshot.unit, snapshot.year), at, snapshot=snapshot
        )

    @event(Sealed)
    def __init__(self, snapshot: LedgerSnapshot) -> None:
        self.snapshot = snapshot
        self.submitted_by = None
        self.collected_by = None

    class Submitted(Event):
        """The unit handed its ledger in."""

        TOPIC: ClassVar[str] = "ledger_seal.submitted"
        TITLE: ClassVar[str] = "报送台账"
        root_hash: Sha256 = Field(title="台账摘要")
        person: Code = Field(title="报送人")

    def submit(self, root_hash: str, person: str, at: Occasion) -> None:
        """Hand the ledger in: the one of the cut-off, proven by its digest (LEDGER_HASH_MISMATCH).

        Refused also: LEDGER_KIND_NOT_ALLOWED.
        """
        at.cite("C4.3-11")
        if self.snapshot.kind != "ASSET":
            raise refuse("LEDGER_KIND_NOT_ALLOWED", clause="C4.3-11", kind=self.snapshot.kind)
        if root_hash != self.snapshot.root_hash:
            raise refuse("LEDGER_HASH_MISMATCH")
        if self.submitted_by is None:
            self.record(self.Submitted, at, root_hash=root_hash, person=person)

    @event(Submitted)
    def _submitted(self, person: Code) -> None:
        self.submitted_by = person

    class Collected(Event):
        """The asset office took it into the county's ledger."""

        TOPIC: ClassVar[str] = "ledger_seal.collected"
        TITLE: ClassVar[str] = "汇总台账"
        person: Code = Field(title="汇总人")

    def collect(self, person: str, at: Occasion) -> None:
        """Take a submitted ledger into the county's. Refused: STEP_OUT_OF_ORDER."""
        at.cite("C4.3-11")
        if self.submitted_by is None:
            raise refuse(
                "STEP_OUT_OF_ORDER", clause="C4.3-11", step="collect", state="SEALED", missing=["submission"]
            )
        if self.collected_by is None:
            self.record(self.Collected, at, person=person)

    @event(Collected)
    def _collected(self, person: Code) -> None:
        self.collected_by = person


def check_keeper(kind: str, unit_kind: str, at: Occasion) -> None:
    """Whether units of that kind keep such a ledger: ORG_TYPE_NOT_ALLOWED, LEDGER_KIND_NOT_ALLOWED."""
    ledgers = {one.code: one for one in at.rules.table("ledgers.ledger", rows.LedgerRow)}
    ledger = ledgers[LEDGER_OF[kind]]
    at.cite(ledger.article)
    of_units = kind in {"ASSET", "HOUSEHOLD"}
    if of_units and unit_kind not in ledgers["UNIT_MASTER"].keepers:
        raise refuse("ORG_TYPE_NOT_ALLOWED", kind=unit_kind)
    if unit_kind not in ledger.keepers:
        raise refuse("LEDGER_KIND_NOT_ALLOWED", clause=ledger.article, kind=kind)
