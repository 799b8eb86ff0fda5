"""The household ledger of a village (到户资产台账): built by the township, pushed to the village, acknowledged there.

The rows are the township's: a village that finds one wrong asks for its correction and never edits it (C4.5-18).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from eventsourcing.domain import event
from pydantic import Field

from domain.aggregate import CreatedEvent, DomainAggregate
from domain.bounds import FactDay
from domain.classification import PERSONAL_OF_HOUSEHOLD
from domain.organization.duties import must_keep_ledgers
from domain.refusals import refuse
from domain.values import Code, Sha256, Text, Value

if TYPE_CHECKING:
    from domain.occasion import Occasion


class PushedRow(Value):
    """A row of the ledger: the asset, how far its history went, and the digest of what the row said."""

    asset: Code = Field(title="到户资产编号")
    version: int = Field(title="资产事件版本")
    sha256: Sha256 = Field(title="行摘要")


class HouseholdLedgerPush(Value):
    """A ledger as it was pushed. `sha256` is the digest over its rows in order of asset code."""

    township: Code = Field(title="推送单位")
    pushed_on: FactDay = Field(title="推送日期")
    rows: tuple[PushedRow, ...] = Field(title="台账行", max_length=20_000)
    sha256: Sha256 = Field(title="台账摘要")


class CorrectionRequest(Value):
    """Request of a village to correct a row of the pushed ledger."""

    request: Code = Field(title="更正申请编号")
    asset: Code = Field(title="到户资产编号")
    content: Annotated[Text, PERSONAL_OF_HOUSEHOLD] = Field(title="申请更正的内容")


class HouseholdLedger(DomainAggregate):
    """One village's household ledger; its id is the village's code."""

    TOPIC: ClassVar[str] = "household_ledger"
    KIND: ClassVar[str] = "household_ledger"
    IN_BUSINESS_TIME: ClassVar[bool] = False

    push: Annotated[HouseholdLedgerPush, Field(title="推送的到户台账")]
    acknowledged: Annotated[str | None, Field(title="已确认的台账摘要")]
    requests: Annotated[dict[str, CorrectionRequest], Field(title="更正申请")]

    class Event(DomainAggregate.Event):
        """Root of the ledger's events."""

    class Pushed(Event, CreatedEvent):
        """The township pushed the village's first ledger."""

        TOPIC: ClassVar[str] = "household_ledger.pushed"
        TITLE: ClassVar[str] = "推送到户资产台账"
        push: HouseholdLedgerPush = Field(title="推送的到户台账")

    class Renewed(Event):
        """The township pushed the ledger as it stands now; the village has to acknowledge it anew."""

        TOPIC: ClassVar[str] = "household_ledger.renewed"
        TITLE: ClassVar[str] = "再次推送到户资产台账"
        push: HouseholdLedgerPush = Field(title="推送的到户台账")

    @classmethod
    def push_first(cls, village: str, push: HouseholdLedgerPush, kind: str, at: Occasion) -> HouseholdLedger:
        """Push a village's ledger for the first time; `kind` is the pushing unit's (C4.5-18).

        Refused: ORG_TYPE_NOT_ALLOWED, FIELD_INVALID.
        """
        _check_push(push, kind, at)
        return cls.begin(cls.Pushed, village, at, push=push)

    def renew(self, push: HouseholdLedgerPush, kind: str, at: Occasion) -> None:
        """Push the ledger as it is now. The same rows again record nothing.

        Refused: ORG_TYPE_NOT_ALLOWED, FIELD_INVALID.
        """
        _check_push(push, kind, at)
        if push.sha256 != self.push.sha256:
            self.record(self.Renewed, at, push=push)

    @event(Pushed)
    def __init__(self, push: HouseholdLedgerPush) -> None:
        self.push = push
        self.acknowledged = None
        self.requests = {}

    @event(Renewed)
    def _renewed(self, push: HouseholdLedgerPush) -> None:
        self.push = push
        self.acknowledged = None
        self.requests = {}

    class Acknowledged(Event):
        """The village has the same rows."""

        TOPIC: ClassVar[str] = "household_ledger.acknowledged"
        TITLE: ClassVar[str] = "确认到户资产台账"
        sha256: Sha256 = Field(title="到户台账摘要")
        rows: int = Field(title="台账行数")

    def acknowledge(self, sha256: str, at: Occasion) -> None:
        """The village confirms what it got: LEDGER_HASH_MISMATCH unless that is what was pushed (C4.5-18)."""
        at.cite("C4.5-18")
        if sha256 != self.push.sha256:
            raise refuse("LEDGER_HASH_MISMATCH")
        if self.acknowledged != sha256:
            self.record(self.Acknowledged, at, sha256=sha256, rows=len(self.push.rows))

    @event(Acknowledged)
    def _acknowledged(self, sha256: Sha256) -> None:
        self.acknowledged = sha256

    class CorrectionRequested(Event):
        """The village asks the township to correct a row."""

        TOPIC: ClassVar[str] = "household_ledger.correction_requested"
        TITLE: ClassVar[str] = "申请更正到户资产台账"
        request: CorrectionRequest = Field(title="更正申请内容")

    def request_correction(self, request: CorrectionRequest, at: Occasion) -> None:
        """File what is wrong with a row; open until the township pushes the ledger again.

        Refused: ALREADY_EXISTS, NOT_FOUND.
        """
        at.cite("C4.5-18")
        known = self.requests.get(request.request)
        if known == request:
            return
        if known is not None:
            raise refuse("ALREADY_EXISTS", what=request.request)
        if not self.holds(request.asset):
            raise refuse("NOT_FOUND", what=request.asset)
        self.record(self.CorrectionRequested, at, request=request)

    @event(CorrectionRequested)
    def _correction_requested(self, request: CorrectionRequest) -> None:
        self.requests = {**self.requests, request.request: request}

    def holds(self, asset: str) -> bool:
        """Whether the asset has a row in the ledger as it was pushed."""
        return any(row.asset == asset for row in self.push.rows)

    def must_not_edit(self, asset: str) -> None:
        """ROW_OWNED_BY_TOWNSHIP for a village that would edit a row that was pushed to it."""
        if self.holds(asset):
            raise refuse("ROW_OWNED_BY_TOWNSHIP")


def _check_push(push: HouseholdLedgerPush, kind: str, at: Occasion) -> None:
    at.cite("C4.5-18")
    must_keep_ledgers(kind, at)
    assets = [row.asset for row in push.rows]
    if assets != sorted(set(assets)):
        raise refuse("FIELD_INVALID", clause="C4.5-18", field="rows")
