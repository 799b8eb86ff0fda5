"""Use, condition, risks, upkeep and depreciation."""

from __future__ import annotations

from datetime import date

import pytest

from domain.asset.asset import Asset
from domain.values import Fen
from tests.domain.saying import found, nothing, recorded, refused, said
from tests.examples import (
    OTHER_VILLAGE,
    ROADS,
    VILLAGE,
    confirmed,
    confirmed_jointly,
    confirmed_road,
    disposed,
    herd_card,
    imported,
    in_use,
    maintenance,
    occasion,
    registered,
    report,
    yuan,
)

LATER = date(2022, 12, 31)


def test_an_asset_is_put_into_use_once() -> None:
    asset = registered()
    asset.put_into_use(date(2020, 7, 15), occasion())
    assert recorded(asset, Asset.PutIntoUse).in_use_since == date(2020, 7, 15)
    asset.put_into_use(date(2020, 7, 15), occasion())
    nothing(asset)
    with refused("STEP_OUT_OF_ORDER", asset, clause="C4.3-01"):
        asset.put_into_use(date(2020, 7, 16), occasion())


def test_use_follows_acceptance_and_is_not_ahead() -> None:
    asset = registered()
    with refused("DATE_ORDER", asset):
        asset.put_into_use(date(2019, 10, 14), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.put_into_use(date(2031, 1, 1), occasion())


def test_a_report_says_how_it_is() -> None:
    asset = registered()
    asset.report_status(report("PARTLY_USED"), occasion())
    event = recorded(asset, Asset.OperationStatusReported)
    assert (event.opened_risks, event.cleared_risks) == ((), ())
    assert (asset.operation, asset.in_use_since) == ("PARTLY_USED", report().reported_on)
    asset.report_status(report("PARTLY_USED"), occasion())
    nothing(asset)


def test_reports_open_and_clear_the_risks_they_show() -> None:
    asset = in_use()
    asset.report_status(report("IDLE"), occasion())
    assert recorded(asset, Asset.OperationStatusReported).opened_risks == ("IDLE",)
    asset.report_status(report("DAMAGED", date(2021, 11, 1)), occasion(date(2021, 11, 1)))
    event = recorded(asset, Asset.OperationStatusReported)
    assert (event.opened_risks, event.cleared_risks) == (("DAMAGED",), ("IDLE",))
    assert asset.risks == {"DAMAGED": date(2021, 11, 1)}
    asset.report_status(report("IN_USE", date(2021, 12, 1)), occasion(date(2021, 12, 1)))
    assert recorded(asset, Asset.OperationStatusReported).cleared_risks == ("DAMAGED",)


def test_a_report_is_not_of_tomorrow_nor_of_what_is_gone() -> None:
    with refused("DATE_IN_FUTURE"):
        registered().report_status(report(on=date(2031, 1, 1)), occasion())
    asset = disposed()
    with refused("ASSET_DISPOSED", asset):
        asset.report_status(report(on=date(2022, 6, 1)), occasion(date(2022, 6, 1)))


def test_a_risk_is_flagged_once_per_kind_and_cleared() -> None:
    asset = in_use()
    asset.flag_risk("WASTED", "电费过高", occasion())
    assert recorded(asset, Asset.RiskFlagged).kind == "WASTED"
    with refused("RISK_ALREADY_OPEN", asset):
        asset.flag_risk("WASTED", "再报", occasion())
    asset.clear_risk("WASTED", "已整改", occasion())
    assert recorded(asset, Asset.RiskCleared).reason == "已整改"
    assert asset.risks == {}
    with refused("NOT_FOUND", asset):
        asset.clear_risk("WASTED", "再清", occasion())


def test_there_are_five_kinds_of_risk() -> None:
    with refused("UNKNOWN_RISK_KIND"):
        registered().flag_risk("METEOR", "陨石", occasion())


def test_an_unclear_title_is_not_cleared_by_a_word() -> None:
    asset = confirmed()
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    asset.collect_events()
    with refused("COUNTY_DECISION_REQUIRED", asset):
        asset.clear_risk("TITLE_UNCLEAR", "已协商", occasion())


def test_upkeep_is_borne_by_the_owners_to_the_fen() -> None:
    asset = confirmed_jointly()
    asset.maintain(maintenance(cost=yuan("100.00")), occasion())
    event = recorded(asset, Asset.MaintenanceDone)
    assert [(one.party, one.amount) for one in event.cost_shares] == [
        (VILLAGE, yuan("66.67")),
        (OTHER_VILLAGE, yuan("33.33")),
    ]
    asset.maintain(maintenance(cost=yuan("100.00")), occasion())
    nothing(asset)


def test_upkeep_that_costs_has_a_voucher_and_is_of_the_past() -> None:
    asset = registered()
    with refused("VOUCHER_REQUIRED", asset, missing=["voucherNo"]):
        asset.maintain(maintenance(voucher_no=None), occasion())
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.maintain(maintenance(cost=Fen(-1)), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.maintain(maintenance(done_on=date(2031, 1, 1)), occasion())
    asset.maintain(maintenance(cost=Fen(0), voucher_no=None), occasion())
    assert recorded(asset, Asset.MaintenanceDone).cost_shares == ()


def test_imported_upkeep_without_a_voucher_is_a_finding() -> None:
    asset = registered()
    asset.maintain(maintenance(voucher_no=None), imported(date(2021, 9, 1)))
    assert found(recorded(asset, Asset.MaintenanceDone), "VOUCHER_REQUIRED") == {"missing": ["voucherNo"]}


def test_depreciation_is_posted_year_by_year() -> None:
    asset = in_use(date(2020, 7, 15))
    with refused("DEPRECIATION_YEAR_GAP", asset, missing=["2020"]):
        asset.post_depreciation(2021, occasion(LATER))
    asset.post_depreciation(2020, occasion(LATER))
    event = recorded(asset, Asset.DepreciationPosted)
    # 240000 yuan less 5 % over 20 years is 950 yuan a month; it starts in the month after July
    assert (event.amount, event.accumulated) == (yuan("4750.00"), yuan("4750.00"))
    assert [(one.party, one.amount) for one in event.shares] == [(VILLAGE, yuan("4750.00"))]
    asset.post_depreciation(2021, occasion(LATER))
    assert recorded(asset, Asset.DepreciationPosted).amount == yuan("11400.00")
    assert asset.net_book_value == yuan("223850.00")
    for year in (2021, 2020):
        at = occasion(LATER)
        asset.post_depreciation(year, at)
        told = said(at, "NOTHING_LEFT_TO_DEPRECIATE")
        assert (told["year"], told["through"]) == (year, 2021)
    nothing(asset)


def test_a_department_depreciates_from_the_month_of_use_and_to_nothing() -> None:
    asset = confirmed_road()
    asset.put_into_use(date(2020, 7, 15), occasion())
    asset.collect_events()
    asset.post_depreciation(2020, occasion(LATER))
    event = recorded(asset, Asset.DepreciationPosted)
    assert event.amount == yuan("18000.00")
    assert {one.party for one in event.shares} == {ROADS}


def test_a_year_before_the_use_has_nothing_to_post() -> None:
    asset = in_use(date(2020, 12, 15))
    asset.post_depreciation(2019, occasion(LATER))
    asset.post_depreciation(2020, occasion(LATER))
    nothing(asset)


def test_a_year_ahead_is_not_posted() -> None:
    asset = in_use()
    with refused("DATE_IN_FUTURE", asset):
        asset.post_depreciation(2024, occasion(LATER))


def test_what_is_not_used_or_not_owned_or_alive_is_not_depreciated() -> None:
    with refused("OWNERSHIP_NOT_CONFIRMED"):
        registered().post_depreciation(2021, occasion(LATER))
    with refused("STEP_OUT_OF_ORDER", missing=["putIntoUse"]):
        confirmed().post_depreciation(2021, occasion(LATER))
    herd = confirmed(herd_card())
    herd.put_into_use(date(2020, 7, 15), occasion())
    with refused("FIELD_INVALID", clause="C4.7-10"):
        herd.post_depreciation(2021, occasion(LATER))


@pytest.mark.parametrize("state", ["IDLE", "DAMAGED"])
def test_an_idle_asset_goes_on_losing_value(state: str) -> None:
    asset = in_use()
    asset.report_status(report(state), occasion())
    asset.collect_events()
    asset.post_depreciation(2020, occasion(LATER))
    recorded(asset, Asset.DepreciationPosted)


def test_imported_depreciation_of_an_unconfirmed_asset_is_still_impossible() -> None:
    asset = registered()
    with refused("STEP_OUT_OF_ORDER", asset, missing=["ownershipConfirmation"]):
        asset.post_depreciation(2021, imported(date(2021, 12, 31)))
