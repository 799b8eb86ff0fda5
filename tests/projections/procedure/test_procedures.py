"""The procedures ledger says what the procedure itself says: what is done, and what waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from domain.aggregate import DomainEvent
from domain.procedure.plan import completed, due
from domain.procedure.procedure import ProcedureInstance
from projections.engine.masking import masked
from projections.procedure import notice_board, procedures
from service.log.codec import EventCodec
from tests import procedures as examples
from tests.examples import TOWNSHIP
from tests.procedures import by, on, sha
from tests.projections.folding import all_rows
from tests.projections.ledger_case import Given

CODEC = EventCodec()


def told(
    make: Callable[[], ProcedureInstance], monkeypatch: pytest.MonkeyPatch
) -> tuple[ProcedureInstance, Given]:
    """A procedure at a station of its life, and the ledgers that have its events."""
    ledger, board = Given(procedures.PROJECTION), Given(notice_board.PROJECTION)

    def deliver(one: ProcedureInstance) -> ProcedureInstance:
        for event in one.collect_events():
            new = CODEC.new_event(cast("DomainEvent", event))
            for given in (ledger, board):
                given.event(one.stream, new.type, new.data, new.occurred_on)
        return one

    monkeypatch.setattr(examples, "settled", deliver)
    return make(), ledger


@pytest.mark.parametrize(
    "make",
    [
        examples.joint_title,
        examples.posted,
        examples.hung,
        examples.filed,
        examples.ready_to_distribute,
        examples.inventory,
        lambda: examples.county_matter("A6"),
    ],
    ids=["opened", "posted", "hung", "filed", "ready", "inventory", "county"],
)
def test_the_worklist_is_what_is_due(
    make: Callable[[], ProcedureInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    procedure, given = told(make, monkeypatch)
    row = given.only(procedures.PROCEDURE)
    assert row["completed"] == list(completed(procedure.steps, procedure.done))
    assert (row["state"], row["subject_sha256"]) == (procedure.state, sha(procedure))
    waiting = {
        (task["step"], task["organization"]) for task in all_rows(given.rows, procedures.PROCEDURE_TASK)
    }
    pending = {
        (step, unit): filing.addressee
        for step, filings in procedure.filings.items()
        for unit, filing in filings.items()
        if filing.state == "PENDING"
    }
    assert waiting == {
        (step.code, pending.get((step.code, unit), unit))
        for step, units in due(procedure.steps, procedure.done)
        for unit in units
    }


def test_a_withdrawn_matter_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> ProcedureInstance:
        found = examples.hung()
        found.withdraw(by(TOWNSHIP), "不办了", on(2021, 7, 14))
        return examples.settled(found)

    _, given = told(make, monkeypatch)
    assert given.only(procedures.PROCEDURE)["state"] == "WITHDRAWN"
    assert list(all_rows(given.rows, procedures.PROCEDURE_TASK)) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13800000000", "电话***"),
        ("证号 65302219900101123X。", "证号 ***。"),
        ("138-0000 0000", "***"),
        ("１３８００００００００", "***"),
        ("2021-07-01 1200000.00 元，面积1200平方米", "2021-07-01 1200000.00 元，面积1200平方米"),
    ],
)
def test_long_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
