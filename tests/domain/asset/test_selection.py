"""Selections of operators (C4.7-05): announced, bids heard, one chosen with its reason; and the contract that names it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.contract import ContractTerms, Operator
from domain.asset.facts.selection import Bid, SelectionAnnouncement, SelectionChoice
from domain.asset.selection import OperatorSelection
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import (
    ASSET,
    MANAGER,
    OTHER_VILLAGE,
    SHA,
    VILLAGE,
    chosen,
    confirmed,
    confirmed_road,
    decided,
    disposed,
    in_care,
    occasion,
    proposed,
    registered,
    settled,
    sign,
    terms,
    yuan,
)

OPENED = date(2021, 8, 25)
HEARD = date(2021, 8, 28)
PUBLISHED = date(2021, 9, 1)
SIGNED = date(2021, 9, 20)


def announcement(**changes: Any) -> SelectionAnnouncement:
    given: dict[str, Any] = {
        "asset": ASSET, "owner": VILLAGE, "mode": "LEASED", "conditions": "年租金不低于一万元",
        "announced_on": OPENED, "announcement_sha256": SHA,
    }  # fmt: skip
    return SelectionAnnouncement(**(given | changes))


def bid(code: str = "B-1", **changes: Any) -> Bid:
    given: dict[str, Any] = {
        "bid": code, "bidder": Operator(operator="O-1", name="陶乡缝纫合作社"), "annual_income": yuan("12000.00"),
        "received_on": HEARD, "document_sha256": SHA,
    }  # fmt: skip
    return Bid(**(given | changes))


def choice(**changes: Any) -> SelectionChoice:
    given: dict[str, Any] = {
        "bid": "B-1", "reason": "报价最高", "published_on": PUBLISHED, "evidence_sha256": SHA,
    }  # fmt: skip
    return SelectionChoice(**(given | changes))


def opened(**changes: Any) -> OperatorSelection:
    it = OperatorSelection.open("OS-C-1", announcement(**changes), confirmed(), occasion(OPENED))
    assert recorded(it, OperatorSelection.Opened).announcement == announcement(**changes)
    return settled(it)


def heard(**changes: Any) -> OperatorSelection:
    it = opened()
    it.receive_bid(bid(**changes), occasion(HEARD))
    recorded(it, OperatorSelection.BidReceived)
    return settled(it)


def select(it: OperatorSelection, in_office: tuple[str, ...] = (), **changes: Any) -> None:
    it.select(choice(**changes), in_office, occasion(PUBLISHED))


def test_one_candidate_is_enough_and_the_reason_is_kept() -> None:
    it = heard()
    assert it.selected is None
    select(it)
    event = recorded(it, OperatorSelection.OperatorSelected)
    assert (event.choice, event.basis.warnings, it.state) == (choice(), (), "SELECTED")
    assert it.selected == chosen(confirmed(), terms(), published_on=PUBLISHED, annual_income=yuan("12000.00"))
    select(it)
    nothing(it)


def test_an_owner_offers_its_asset_as_the_table_lets_it() -> None:
    for asset, changes, code in (
        (confirmed(), {"owner": OTHER_VILLAGE}, "SIGNER_NOT_OWNER"),
        (confirmed(), {"mode": "SELF_OPERATED"}, "FIELD_INVALID"),
        (confirmed_road(), {"owner": "TRANSPORT"}, "MODE_NOT_ALLOWED_FOR_CLASS"),
        (registered(), {}, "OWNERSHIP_NOT_CONFIRMED"),
        (proposed(), {}, "DISPOSAL_IN_PROGRESS"),
        (disposed(), {}, "ASSET_DISPOSED"),
    ):
        with refused(code):
            OperatorSelection.open("OS-1", announcement(**changes), asset, occasion(date(2022, 12, 1)))


def test_bids_are_facts_until_and_after_the_choice() -> None:
    it = heard()
    it.receive_bid(bid(), occasion(HEARD))
    nothing(it)
    with refused("ALREADY_EXISTS", it):
        it.receive_bid(bid(annual_income=yuan("12000.01")), occasion(HEARD))
    select(it)
    recorded(it, OperatorSelection.OperatorSelected)
    it.receive_bid(bid("B-2", received_on=SIGNED), occasion(SIGNED))
    recorded(it, OperatorSelection.BidReceived)
    with refused("DATE_ORDER", it):
        it.receive_bid(bid("B-3", received_on=date(2021, 8, 24)), occasion(SIGNED))


def test_who_is_chosen_has_bid_by_the_day_of_the_result() -> None:
    it = heard()
    with refused("NOT_FOUND", it):
        select(it, bid="B-2")
    with refused("DATE_ORDER", it):
        select(it, published_on=date(2021, 8, 27))
    select(it, published_on=HEARD)
    recorded(it, OperatorSelection.OperatorSelected)


def test_a_choice_is_made_once_and_not_after_the_cancellation() -> None:
    it = heard()
    it.receive_bid(bid("B-2"), occasion(HEARD))
    select(it)
    settled(it)
    with refused("STEP_OUT_OF_ORDER", it):
        select(it, bid="B-2")
    it.cancel("不再签约", occasion(PUBLISHED))
    recorded(it, OperatorSelection.Cancelled)
    assert it.selected is None
    with refused("STEP_OUT_OF_ORDER", it):
        it.cancel("不再签约", occasion(PUBLISHED))
    other = heard()
    other.cancel("无人报名", occasion(HEARD))
    settled(other)
    with refused("STEP_OUT_OF_ORDER", other):
        select(other)


@pytest.mark.parametrize("declared", [True, False])
def test_who_is_in_office_or_related_to_it_is_warned_of_unless_recused(declared: bool) -> None:
    """By what the log has: a candidate who holds a post of the owner, and the relatives in office that it declared."""
    it = (
        heard(relatives=(MANAGER,))
        if declared
        else heard(bidder=Operator(operator=MANAGER, name="陶乡缝纫合作社"))
    )
    select(it, (MANAGER, "P-9"))
    told = warned(recorded(it, OperatorSelection.OperatorSelected), "CONFLICT_OF_INTEREST")
    assert told == {"operator": "陶乡缝纫合作社"}
    for in_office, recused in (((MANAGER, "P-9"), (MANAGER,)), (("P-9",), ())):
        quiet = heard(relatives=(MANAGER,))
        select(quiet, in_office, recused=recused)
        assert recorded(quiet, OperatorSelection.OperatorSelected).basis.warnings == ()


def test_a_contract_is_with_the_one_whom_its_selection_chose_for_just_this() -> None:
    asset, paper = in_care(), terms()
    others: list[dict[str, Any]] = [
        {"operator": "O-2"},
        {"asset": "A-2"},
        {"mode": "CONTRACTED"},
        {"part": "东厢"},
        {"selection": "OS-2"},
        {"published_on": date(2021, 9, 21)},
    ]
    names = ("operator", "asset", "mode", "part", "selection", "selection")
    for other, name in zip(others, names, strict=True):
        field = name if name == "asset" else f"terms.{name}"
        with refused("OPERATOR_NOT_SELECTED", asset, missing=[field], clause="C4.7-05"):
            signed(asset, paper, **other)
    with refused("OPERATOR_NOT_SELECTED", asset, missing=["terms.selection"]):
        asset.sign_contract(paper, occasion(SIGNED), proof=decided(asset, paper))
    signed(asset, paper, published_on=SIGNED)
    event = recorded(asset, Asset.Leased)
    assert event.selected == chosen(asset, paper, published_on=SIGNED)


def test_a_selection_leads_to_one_contract() -> None:
    asset = in_care()
    first, second = (terms(contract=one, part=one, selection="OS-1") for one in ("C-1", "C-2"))
    sign(asset, first, occasion(SIGNED))
    settled(asset)
    with refused("OPERATOR_NOT_SELECTED", asset, missing=["terms.selection"]):
        signed(asset, second)
    signed(asset, second.model_copy(update={"selection": "OS-2"}))
    recorded(asset, Asset.Leased)


def signed(it: Asset, paper: ContractTerms, **selected: Any) -> None:
    result = chosen(it, paper).model_copy(update=selected)
    it.sign_contract(paper, occasion(SIGNED), proof=decided(it, paper), selected=result)


def test_contract_brings_no_less_than_the_chosen_bid_offered() -> None:
    asset, paper = in_care(), terms()
    with refused("RENT_BELOW_BID", asset, missing=["terms.annualIncome"], clause="C4.7-05"):
        signed(asset, paper, annual_income=yuan("12000.01"))
    signed(asset, paper, annual_income=yuan("12000.00"))
    recorded(asset, Asset.Leased)
    it = heard(annual_income=yuan("12000.01"))
    select(it)
    assert it.selected is not None
    assert it.selected.annual_income == yuan("12000.01")
