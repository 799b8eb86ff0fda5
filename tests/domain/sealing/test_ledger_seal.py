"""Seals: which unit keeps which ledger, what must balance, and what a unit hands in (C4.3-11, C4.4-04, C4.5-01)."""

from __future__ import annotations

from datetime import date
from typing import Any

from domain.sealing.seal import CategorySum, LedgerSeal, LedgerSnapshot
from tests.domain.saying import nothing, recorded, refused
from tests.examples import COUNTY, SHA, TOWNSHIP, occasion, settled, yuan


def snapshot(**changes: Any) -> LedgerSnapshot:
    given: dict[str, Any] = {
        "kind": "ASSET",
        "unit": TOWNSHIP,
        "year": 2021,
        "as_of": date(2021, 12, 31),
        "position": 400,
        "tree_root": "01" * 32,
        "root_hash": SHA,
        "form": 1,
        "rows": 3,
        "original_value": yuan("1000.00"),
        "net_book_value": yuan("900.00"),
    }
    return LedgerSnapshot(**(given | changes))


def category(dimension: str, amount: str) -> CategorySum:
    return CategorySum(dimension=dimension, category="X", assets=1, amount=yuan(amount))


def sealed(unit_kind: str = "TOWNSHIP", **changes: Any) -> LedgerSeal:
    return LedgerSeal.seal(snapshot(**changes), unit_kind, occasion(date(2022, 1, 5)))


def test_each_unit_seals_the_ledgers_it_keeps() -> None:
    for kind, unit_kinds in {
        "ASSET": ("VILLAGE", "TOWNSHIP", "DEPARTMENT", "FARM"),
        "HOUSEHOLD": ("VILLAGE", "TOWNSHIP"),
        "COUNTY_MASTER": ("ASSET_OFFICE",),
        "CATEGORISED": ("ASSET_OFFICE",),
    }.items():
        for unit_kind in unit_kinds:
            event = recorded(sealed(unit_kind, kind=kind), LedgerSeal.Sealed)
            assert event.snapshot.kind == kind


def test_a_department_keeps_no_household_ledger() -> None:
    with refused("LEDGER_KIND_NOT_ALLOWED", clause="C4.5-01"):
        sealed("DEPARTMENT", kind="HOUSEHOLD")
    with refused("LEDGER_KIND_NOT_ALLOWED"):
        sealed("TOWNSHIP", kind="COUNTY_MASTER")


def test_a_company_keeps_no_ledger_at_all() -> None:
    with refused("ORG_TYPE_NOT_ALLOWED"):
        sealed("COMPANY")


def test_a_day_that_has_not_come_cannot_be_sealed() -> None:
    with refused("DATE_IN_FUTURE"):
        sealed(as_of=date(2030, 12, 31))


def test_categories_that_do_not_add_up_are_not_sealed() -> None:
    good = (category("CLASS", "400.00"), category("CLASS", "600.00"), category("YEAR", "1000.00"))
    county = {"kind": "CATEGORISED", "unit": COUNTY, "unit_kind": "ASSET_OFFICE"}
    assert sealed(**county, categories=good).snapshot.categories == good
    with refused("LEDGER_NOT_BALANCED"):
        sealed(**county, categories=(*good, category("YEAR", "0.01")))


def test_a_unit_hands_in_the_ledger_of_the_cut_off() -> None:
    one = settled(sealed())
    with refused("STEP_OUT_OF_ORDER", one, missing=["submission"]):
        one.collect("P-9", occasion())
    with refused("LEDGER_HASH_MISMATCH", one):
        one.submit("ef" * 32, "P-1", occasion())
    one.submit(SHA, "P-1", occasion())
    recorded(one, LedgerSeal.Submitted)
    one.collect("P-9", occasion())
    recorded(one, LedgerSeal.Collected)
    one.submit(SHA, "P-1", occasion())
    one.collect("P-9", occasion())
    nothing(one)


def test_a_household_ledger_is_not_handed_in() -> None:
    one = settled(sealed(kind="HOUSEHOLD"))
    with refused("LEDGER_KIND_NOT_ALLOWED", one, clause="C4.3-11"):
        one.submit(SHA, "P-1", occasion())
