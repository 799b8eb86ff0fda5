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
        ("١٣٨٠٠٠٠٠٠٠٠", "***"),
        ("电话（0908）5722222。", "电话***。"),
        ("(0908) 572 2222", "***"),
        ("(13800000000)", "(***)"),
        ("第106（13800000000）号", "第106（***）号"),
        ("+86(138)0000-0000", "+***"),
        ("138 - 0000 - 0000", "***"),
        ("138  0000  0000", "***"),
        ("138\r\n0000\r\n0000", "***"),
        ("138/0000/0000，138_0000_0000", "***，***"),
        ("138\u22120000\u20110000", "***"),
        ("138\u200b0000\u200b0000", "***"),
        ("1--3--8--0--0--0--0--0--0--0--0", "***"),
        ("一三八零零零零零零零零", "***"),
        ("幺三八〇〇1三八〇〇〇", "***"),
        ("①③⑧⓪⓪⓪⓪⓪⓪⓪⓪", "***"),
        ("653022 - 19800101 - 123x", "***"),
        ("1380-01-38-000 与 1990-12-12-345", "*** 与 ***"),
        ("2021.06.17-2021.07.01 每日", "2021.06.17-2021.07.01 每日"),
        ("2021-06-17 09:00—18:00", "2021-06-17 09:00—18:00"),
        ("2021/06/17 09:00 - 2021/07/01 18:00", "2021/06/17 09:00 - 2021/07/01 18:00"),
        ("资产第12、13、14、15、16、17号", "资产第12、13、14、15、16、17号"),
        ("共1,234,567,890.00元", "共1,234,567,890.00元"),
        ("一、二、三、四、五、六、七、八、九、十、十一组", "一、二、三、四、五、六、七、八、九、十、十一组"),
        ("二〇二一年六月十七日起，2019—2021年", "二〇二一年六月十七日起，2019—2021年"),
        ("2021-07-01 1200000.00 元，面积1200平方米", "2021-07-01 1200000.00 元，面积1200平方米"),
    ],
)
def test_long_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
