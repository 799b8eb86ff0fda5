"""The final settlement of the works: the value of a confirmed asset corrected once, shares by their ratio, depreciation on."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.settlement import FinalSettlement
from domain.regulation.depreciation import DepreciationBasis, SettledCost
from domain.regulation.parameters import RegimeDepreciation
from domain.values import Fen
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    DEPARTMENT,
    OTHER_VILLAGE,
    VILLAGE,
    booking,
    certificate,
    confirmed,
    confirmed_jointly,
    confirmed_road,
    disposed,
    document,
    imported,
    in_use,
    line,
    occasion,
    proposed,
    registered,
    settled,
    share,
    workshop_card,
    yuan,
)

DAY = date(2022, 3, 20)


def filed(asset: Asset, *, kind: str = "FINAL_ACCOUNT") -> Asset:
    """The asset with its final account in the file since 10 March 2022."""
    paper = document(kind=kind, document="JS-1", title="竣工决算审核报告")
    asset.archive_document(paper, occasion(date(2022, 3, 10)))
    return settled(asset)


def settlement(value: str = "252000.00", **changes: Any) -> FinalSettlement:
    """The workshop of 240,000 yuan cost 252,000 by its final account of 15 March 2022."""
    given: dict[str, Any] = {
        "document": "JS-1",
        "settled_on": date(2022, 3, 15),
        "original_value": yuan(value),
        "funding_lines": (line(value),),
    }
    return FinalSettlement(**(given | changes))


def settle(asset: Asset, paper: FinalSettlement | None = None, on: date = DAY) -> None:
    """The settlement recorded on a day."""
    asset.record_final_settlement(paper or settlement(), occasion(on))


# ---- value and shares ----------------------------------------------------------------------------------------------


def test_the_value_follows_the_settlement_and_the_title_stays() -> None:
    asset = filed(confirmed())
    settle(asset)
    event = recorded(asset, Asset.FinalSettlementRecorded)
    assert (event.difference, event.card.original_value) == (yuan("12000.00"), yuan("252000.00"))
    assert event.owners == event.income_right_holders == (share(VILLAGE, "252000.00"),)
    assert (asset.title, asset.confirmed_on, asset.net_book_value) == (
        "CONFIRMED",
        date(2021, 9, 1),
        yuan("252000.00"),
    )
    known = asset.settled_value
    assert known is not None
    assert (known.since, known.value_before) == (DAY, yuan("240000.00"))


def test_each_owner_keeps_its_part_of_the_whole() -> None:
    """66,666.67 and 33,333.34 of 100,000.01 are 60,000.00 and 30,000.00 of 90,000.00, to the fen."""
    asset = filed(confirmed_jointly())
    lines = (line("45000.00", village=VILLAGE), line("45000.00", village=OTHER_VILLAGE))
    settle(asset, settlement("90000.00", funding_lines=lines))
    event = recorded(asset, Asset.FinalSettlementRecorded)
    assert event.difference == -yuan("10000.01")
    assert asset.owners == (share(VILLAGE, "60000.00"), share(OTHER_VILLAGE, "30000.00"))
    assert asset.income_right_holders == asset.owners


def test_a_road_without_income_right_has_none_after_it() -> None:
    asset = filed(confirmed_road())
    settle(asset, settlement("400000.00"))
    assert recorded(asset, Asset.FinalSettlementRecorded).income_right_holders == ()


def test_the_same_settlement_again_records_nothing_and_another_is_refused() -> None:
    asset = filed(confirmed())
    settle(asset)
    recorded(asset, Asset.FinalSettlementRecorded)
    settle(asset, on=date(2022, 4, 1))
    nothing(asset)
    with refused("ALREADY_SETTLED", asset) as refusal:
        settle(asset, settlement("253000.00"))
    assert refusal.value.params == {"document": "JS-1", "since": "2022-03-20"}


def test_a_share_of_nothing_is_refused() -> None:
    """One fen for two villages: the part of one of them would be nothing."""
    asset = filed(confirmed_jointly())
    with refused("AMOUNT_NOT_POSITIVE", asset):
        settle(asset, settlement("0.01"))


@pytest.mark.parametrize("value", ["0.00", "-1.00"])
def test_a_value_of_nothing_or_less_is_refused(value: str) -> None:
    asset = filed(confirmed())
    with refused("AMOUNT_NOT_POSITIVE", asset):
        settle(asset, settlement(value, funding_lines=(line("1.00"),)))


def test_money_that_does_not_make_the_value_is_refused() -> None:
    asset = filed(confirmed())
    with refused("FUNDING_SUM_MISMATCH", asset):
        settle(asset, settlement("252000.00", funding_lines=(line("251999.99"),)))


# ---- what it rests on ----------------------------------------------------------------------------------------------


def test_before_a_confirmation_there_is_nothing_to_settle_by() -> None:
    asset = filed(registered())
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        settle(asset)
    with refused("OWNERSHIP_NOT_CONFIRMED", asset):
        asset.record_final_settlement(settlement(), imported(DAY))
    unclear = filed(confirmed())
    unclear.flag_risk("TITLE_UNCLEAR", "两村争议", occasion(date(2022, 3, 11)))
    with refused("OWNERSHIP_NOT_CONFIRMED", settled(unclear), clause="C4.5-02"):
        settle(unclear)


def test_the_final_account_is_in_the_file_before() -> None:
    bare = confirmed()
    with refused("EVIDENCE_REQUIRED", bare, clause="C4.6-03"):
        settle(bare)
    other = filed(confirmed(), kind="CONTRACT")
    with refused("EVIDENCE_REQUIRED", other):
        settle(other)


def test_what_is_sold_or_about_to_be_is_not_settled() -> None:
    gone = disposed()
    with refused("ASSET_DISPOSED", gone):
        settle(gone, on=date(2022, 6, 1))
    going = proposed()
    with refused("DISPOSAL_IN_PROGRESS", going):
        settle(going, on=date(2022, 6, 1))


def test_money_that_another_rule_would_decide_on_leaves_the_value_to_a_new_title() -> None:
    """An investment that only paired aid paid for is the village's (R5); with poverty-alleviation funds in it the county decides (R2)."""
    card = workshop_card(equity_investment=True, funding_lines=(line("240000.00", "PAIRING_AID"),))
    asset = filed(confirmed(card))
    mixed = (line("200000.00", "PAIRING_AID"), line("52000.00"))
    with refused("STEP_OUT_OF_ORDER", asset, missing=["ownershipConfirmation"]):
        settle(asset, settlement(funding_lines=mixed))
    settle(asset, settlement(funding_lines=(line("252000.00", "PAIRING_AID"),)))


def test_a_value_below_what_is_written_off_is_refused_and_one_as_high_is_not() -> None:
    """A department's road of 360,000 yuan over ten years, used since January 2021: 36,000 a year."""
    asset = confirmed_road()
    asset.put_into_use(date(2021, 1, 10), occasion(date(2021, 9, 10)))
    asset.post_depreciation(2021, occasion(date(2021, 12, 31)))
    assert asset.accumulated_depreciation == yuan("36000.00")
    asset = filed(settled(asset))
    with refused("FIELD_INVALID", asset):
        settle(asset, settlement("35999.99"))
    settle(asset, settlement("36000.00"))
    assert asset.net_book_value == 0


def test_the_day_of_the_settlement_lies_between_completion_and_the_business_day() -> None:
    asset = filed(confirmed())
    with refused("DATE_ORDER", asset):
        settle(asset, settlement(settled_on=date(2019, 9, 29)))
    with refused("DATE_ORDER", asset):
        settle(asset, settlement(settled_on=date(2022, 3, 21)))
    settle(asset, settlement(settled_on=date(2019, 9, 30)))
    recorded(asset, Asset.FinalSettlementRecorded)


# ---- books and depreciation ----------------------------------------------------------------------------------------


def test_an_owner_books_the_settled_share_and_no_other() -> None:
    asset = filed(confirmed())
    asset.book(booking(), occasion(date(2021, 9, 30)))
    asset.collect_events()
    settle(asset)
    asset.collect_events()
    assert asset.booked == {VILLAGE: yuan("240000.00")}
    old, new = (booking(amount=yuan(value), booked_on=DAY) for value in ("240000.00", "252000.00"))
    with refused("BOOKED_AMOUNT_MISMATCH", asset):
        asset.book(old, occasion(DAY))
    asset.book(new, occasion(DAY))
    assert asset.booked == {VILLAGE: yuan("252000.00")}


def test_a_village_s_asset_is_written_off_from_the_month_after_the_settlement_at_the_new_value() -> None:
    """240,000 yuan less 5 % over 240 months from August 2020: 950 a month; 20 months to March 2022 are 19,000.

    Then 252,000 less 5 % is 239,400, of which 220,400 fall on 220 months: 1,001.81 and the rest; nine of them in 2022.
    """
    asset = filed(in_use())
    asset.post_depreciation(2020, occasion(date(2022, 3, 10)))
    asset.post_depreciation(2021, occasion(date(2022, 3, 10)))
    assert asset.accumulated_depreciation == yuan("16150.00")
    asset.collect_events()
    settle(asset)
    asset.collect_events()
    assert asset.accumulated_depreciation == yuan("16150.00")
    asset.post_depreciation(2022, occasion(date(2022, 12, 31)))
    event = recorded(asset, Asset.DepreciationPosted)
    assert event.accumulated == Fen(1_900_000 + 22_040_000 * 9 // 220)
    assert event.amount == event.accumulated - yuan("16150.00")


def course(basis: DepreciationBasis) -> list[int]:
    return [basis.accumulated_by_end_of(year) for year in range(2019, 2026)]


def test_depreciation_goes_on_over_the_rest_of_the_life() -> None:
    """2,400 fen over 24 months: 100 a month. Settled in November 2020, ten months are written off and fourteen are left."""
    method = RegimeDepreciation(
        regime="STATE_ADMIN", posted="MONTHLY", residual_basis_points=0, starts_next_month=False
    )
    plain = DepreciationBasis(2_400, 2, date(2020, 1, 15), method)
    assert course(plain) == [0, 1_200, 2_400, 2_400, 2_400, 2_400, 2_400]
    up, down, level = (
        DepreciationBasis(2_400, 2, date(2020, 1, 15), method, SettledCost(cost, date(2020, 11, 1)))
        for cost in (3_800, 1_000, 2_400)
    )
    assert course(level) == course(plain)
    assert course(up) == [0, 1_000 + 2_800 * 2 // 14, 3_800, 3_800, 3_800, 3_800, 3_800]
    assert course(down) == [0, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]
    early = DepreciationBasis(2_400, 2, date(2020, 1, 15), method, SettledCost(1_200, date(2019, 5, 1)))
    assert course(early) == [0, 600, 1_200, 1_200, 1_200, 1_200, 1_200]
    late = DepreciationBasis(2_400, 2, date(2020, 1, 15), method, SettledCost(2_500, date(2023, 2, 1)))
    assert course(late) == [0, 1_200, 2_400, 2_400, 2_500, 2_500, 2_500]


def test_certificates_and_papers_of_the_department_stay_as_they_were_given() -> None:
    asset = filed(confirmed_jointly())
    before = dict(asset.ownership_certificates)
    settle(asset, settlement("90000.00"))
    assert asset.ownership_certificates == before
    assert before[VILLAGE].amount == certificate().amount
    assert asset.card.implementer == DEPARTMENT
