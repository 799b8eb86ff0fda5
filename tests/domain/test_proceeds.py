"""The pool of disposal proceeds and the series of disposals: the sums that decide, a fen below, at and above."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.asset.series import DisposalLot, DisposalSeries, lot_key, sum_beside
from domain.funds.proceeds import (
    ProceedsAllocation,
    ProceedsPool,
    ProceedsReceipt,
    ProceedsReturn,
    allocation_carried_out,
)
from domain.occasion import Occasion
from domain.procedure.proof import ProcedureProof
from domain.values import PartyShare
from tests.domain.saying import nothing, recorded, refused
from tests.examples import OTHER_VILLAGE, VILLAGE, occasion, regulation_with, settled, yuan

DAY = date(2022, 6, 1)
GROUP = ("LEADING_GROUP", "LEADING_GROUP")


def receipt(amount: str = "150000.00", on: date = DAY, voucher: str = "收-1") -> ProceedsReceipt:
    return ProceedsReceipt(
        asset="A-1",
        disposal="D-1",
        voucher_no=voucher,
        amount=yuan(amount),
        received_on=on,
        legal_owners=(PartyShare(party=VILLAGE, amount=yuan(amount)),),
    )


def allocation(amount: str, **changes: Any) -> ProceedsAllocation:
    told: dict[str, Any] = {
        "allocation": "PA-1",
        "use": "PROJECT",
        "project_code": "X20220001",
        "project_name": "蔬菜大棚项目",
        "amount": yuan(amount),
        "allocated_on": DAY,
        "document_no": "领导小组〔2022〕5号",
    }
    return ProceedsAllocation(**told | changes)


def proof(told: ProceedsAllocation, on: date = DAY, **changes: Any) -> ProcedureProof:
    """What an A17 procedure over that use shows once the leading group has decided."""
    digest = allocation_carried_out(told, "LEADING_GROUP").digests[0]
    shown: dict[str, Any] = {
        "procedure": "PR-1",
        "chain": "A17",
        "subject_kind": "proceeds_allocation",
        "subject": told.allocation,
        "subject_sha256": digest,
        "completed": ("RECEIVE", "DECISION"),
        "completed_on": {"RECEIVE": on, "DECISION": on},
        "policy": "653022",
    }
    return ProcedureProof(**shown | changes)


def allocate(pool: ProceedsPool, told: ProceedsAllocation, unit: str, kind: str, at: Occasion) -> None:
    """Put money to a use that was decided on."""
    pool.allocate(told, unit, kind, at, proof=proof(told))


def back(amount: str) -> ProceedsReturn:
    return ProceedsReturn(
        returned="R-1", amount=yuan(amount), returned_on=DAY, reason="结余", document_no="结算1号"
    )


def filled(amount: str = "150000.00") -> ProceedsPool:
    pool = ProceedsPool.open("653022", occasion(DAY))
    recorded(pool, ProceedsPool.Opened)
    pool.receive(receipt(amount), occasion(DAY))
    assert recorded(pool, ProceedsPool.ProceedsReceived).receipt == receipt(amount)
    return settled(pool)


def allocated(amount: str = "150000.00") -> ProceedsPool:
    pool = filled()
    allocate(pool, allocation(amount), *GROUP, occasion(DAY))
    assert recorded(pool, ProceedsPool.ProceedsAllocated).allocator == "LEADING_GROUP"
    return settled(pool)


def test_the_same_voucher_is_received_once() -> None:
    pool = filled()
    pool.receive(receipt(), occasion(DAY))
    nothing(pool)
    assert pool.balance == yuan("150000.00")


def test_the_balance_is_allocated_to_the_fen_and_not_one_more() -> None:
    for amount, enough in (("149999.99", True), ("150000.00", True), ("150000.01", False)):
        pool = filled()
        if enough:
            allocate(pool, allocation(amount), *GROUP, occasion(DAY))
            assert pool.balance == yuan("150000.00") - yuan(amount)
            continue
        with refused("PROCEEDS_POOL_INSUFFICIENT", pool, clause="C4.12-07"):
            allocate(pool, allocation(amount), *GROUP, occasion(DAY))


def test_what_comes_in_later_is_not_allocated_before() -> None:
    pool = filled()
    pool.receive(receipt("1.00", date(2022, 6, 2), "收-2"), occasion(date(2022, 6, 2)))
    pool = settled(pool)
    with refused("PROCEEDS_POOL_INSUFFICIENT", pool):
        allocate(pool, allocation("150000.01"), *GROUP, occasion(DAY))


def test_only_the_leading_group_decides_and_only_on_projects() -> None:
    pool = filled()
    for unit, kind in ((VILLAGE, "VILLAGE"), ("COUNTY_GOV", "COUNTY_GOV"), ("FINANCE", "DEPARTMENT")):
        with refused("PROCEEDS_ALLOCATOR_NOT_ALLOWED", pool):
            allocate(pool, allocation("1.00"), unit, kind, occasion(DAY))
    for use in ("OFFICE", "WAGES", "project"):
        with refused("PROCEEDS_USE_NOT_ALLOWED", pool):
            allocate(pool, allocation("1.00", use=use), *GROUP, occasion(DAY))
    with refused("AMOUNT_NOT_POSITIVE", pool):
        allocate(pool, allocation("0.00"), *GROUP, occasion(DAY))


def test_an_allocation_is_made_once_and_its_number_stands_for_no_other() -> None:
    pool = allocated("1.00")
    allocate(pool, allocation("1.00"), *GROUP, occasion(DAY))
    nothing(pool)
    with refused("ALREADY_EXISTS", pool):
        allocate(pool, allocation("2.00"), *GROUP, occasion(DAY))


def test_a_use_is_the_one_that_was_decided_on_and_not_before_that_day() -> None:
    """DECISION_REQUIRED without a procedure, before its steps, by another chain; PLAN_HASH_MISMATCH a fen beside the text."""
    pool, told = filled(), allocation("1.00")
    unready = {
        ("procedure",): None,
        ("RECEIVE", "DECISION"): proof(told, completed_on={}),
        ("DECISION",): proof(told, completed_on={"RECEIVE": DAY, "DECISION": date(2022, 6, 2)}),
        ("A17",): proof(told, chain="A12"),
    }
    for missing, shown in unready.items():
        with refused("DECISION_REQUIRED", pool, clause="C4.12-07", missing=[*missing]):
            pool.allocate(told, *GROUP, occasion(DAY), proof=shown)
    for other in (allocation("1.01"), allocation("1.00", project_name="蔬菜大棚项目一")):
        with refused("PLAN_HASH_MISMATCH", pool, clause="C4.12-07"):
            pool.allocate(told, *GROUP, occasion(DAY), proof=proof(other))
    later = allocation("1.00", document_no="领导小组〔2022〕6号")  # the paper is no part of the text
    pool.allocate(later, *GROUP, occasion(DAY), proof=proof(told))
    assert recorded(pool, ProceedsPool.ProceedsAllocated).procedure == "PR-1"


def test_where_owners_keep_their_proceeds_one_of_them_decides() -> None:
    county = regulation_with("P24", {"allocator": "OWNER", "legal_owner_recorded": True})
    pool = filled()
    with refused("PROCEEDS_ALLOCATOR_NOT_ALLOWED", pool):
        allocate(pool, allocation("1.00"), OTHER_VILLAGE, "VILLAGE", occasion(DAY, under=county))
    allocate(pool, allocation("1.00"), VILLAGE, "VILLAGE", occasion(DAY, under=county))
    assert pool.balance == yuan("149999.00")


def test_what_assets_rest_on_and_what_comes_back_never_exceed_the_allocation() -> None:
    pool = allocated()
    with refused("NOT_FOUND", pool):
        pool.rest("PA-9", "A-2", yuan("1.00"), {"A-1"}, occasion(DAY))
    with refused("FIELD_INVALID", pool):
        pool.rest("PA-1", "A-2", yuan("1.00"), {"A-3"}, occasion(DAY))
    pool.rest("PA-1", "A-2", yuan("100000.00"), {"A-1"}, occasion(DAY))
    assert recorded(pool, ProceedsPool.FundingLinked).asset == "A-2"
    pool.rest("PA-1", "A-2", yuan("100000.00"), {"A-1"}, occasion(DAY))
    nothing(pool)
    with refused("PROCEEDS_POOL_INSUFFICIENT", pool):
        pool.rest("PA-1", "A-3", yuan("50000.01"), {"A-1"}, occasion(DAY))
    with refused("PROCEEDS_POOL_INSUFFICIENT", pool):
        pool.give_back("PA-1", back("50000.01"), *GROUP, occasion(DAY))
    with refused("PROCEEDS_ALLOCATOR_NOT_ALLOWED", pool):
        pool.give_back("PA-1", back("1.00"), VILLAGE, "VILLAGE", occasion(DAY))
    pool.give_back("PA-1", back("50000.00"), *GROUP, occasion(DAY))
    assert recorded(pool, ProceedsPool.AllocationReturned).back == back("50000.00")
    assert pool.balance == yuan("50000.00")
    with refused("ALREADY_EXISTS", pool):
        pool.give_back("PA-1", back("1.00"), *GROUP, occasion(DAY))
    with refused("PROCEEDS_POOL_INSUFFICIENT", pool):
        pool.rest("PA-1", "A-3", yuan("0.01"), {"A-1"}, occasion(DAY))


# ---- the series (P03) ------------------------------------------------------------------------------------------------


def lot(asset: str, amount: str, on: date = DAY) -> DisposalLot:
    return DisposalLot(asset=asset, disposal="D-1", value=yuan(amount), proposed_on=on)


def series(code: str, owner: str, *lots: DisposalLot) -> DisposalSeries:
    made = DisposalSeries.open(code, owner, "BATCH", "第一批", occasion(DAY))
    recorded(made, DisposalSeries.Opened)
    for one in lots:
        made.count(one, occasion(DAY))
        assert recorded(made, DisposalSeries.LotCounted).lot == one
    return settled(made)


def test_a_lot_counts_once_beside_others_of_its_owner_within_the_days() -> None:
    batch = series("DB-1", VILLAGE, lot("A-1", "60000.00"), lot("A-2", "50000.00", date(2021, 6, 1)))
    project = series("P-1", VILLAGE, lot("A-1", "60000.00"), lot("A-3", "1.00"))
    others = series("DB-2", OTHER_VILLAGE, lot("A-1", "60000.00"), lot("A-4", "7.00"))
    own = lot_key("A-1", "D-1")
    assert sum_beside([batch], own, DAY, 365) == yuan("50000.00")
    assert sum_beside([batch], own, DAY, 364) == 0
    assert sum_beside([batch, project], own, DAY, 365) == yuan("50001.00")
    assert sum_beside([batch, project, others], own, DAY, 365) == yuan("50001.00")
    assert sum_beside([batch, project], lot_key("A-9", "D-1"), DAY, 365) == yuan("110001.00")


def test_a_new_value_takes_the_place_of_the_old_and_a_lot_given_up_counts_no_more() -> None:
    made = series("DB-1", VILLAGE, lot("A-1", "60000.00"))
    made.count(lot("A-1", "60000.00"), occasion(DAY))
    nothing(made)
    made.count(lot("A-1", "70000.00"), occasion(DAY))
    recorded(made, DisposalSeries.LotCounted)
    other = lot_key("A-2", "D-1")
    assert made.beside(other, DAY, 365) == yuan("70000.00")
    made.release("A-1", "D-1", occasion(DAY))
    assert recorded(made, DisposalSeries.LotReleased).asset == "A-1"
    assert made.beside(other, DAY, 365) == 0
