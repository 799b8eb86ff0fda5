"""The register card, its corrections, the asset's file and its books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.asset.asset import Asset
from domain.asset.facts.card import Correction, RegisterCard
from domain.values import MAX_FEN, Fen
from tests.domain.saying import found, nothing, recorded, refused, warned
from tests.examples import (
    ASSET,
    OTHER_VILLAGE,
    SHA,
    VILLAGE,
    WORTH,
    acceptance,
    booking,
    confirmed,
    confirmed_jointly,
    disposed,
    document,
    earning,
    herd_card,
    imported,
    in_use,
    lamp_card,
    line,
    occasion,
    registered,
    road_card,
    workshop_card,
    yuan,
)


def register(card: RegisterCard, **at: Any) -> Asset:
    return Asset.register(ASSET, card, occasion(date(2021, 7, 1), **at))


def correction(**changes: Any) -> Correction:
    return Correction(changes=changes, reason="录入错误", document_no="乡更〔2021〕1号")


@pytest.mark.parametrize("card", [workshop_card(), road_card(), lamp_card(), herd_card()])
def test_a_completed_and_accepted_asset_is_registered(card: RegisterCard) -> None:
    asset = register(card)
    event = recorded(asset, Asset.Registered)
    assert (event.card, event.scope, event.occurred_on) == (card, "IN", date(2021, 7, 1))
    assert (asset.title, asset.operation, asset.custody) == ("UNCONFIRMED", "NOT_IN_USE", None)
    assert event.basis.policy == "653022/陶政办发〔2021〕15号#1"
    assert {"C4.6-02", "C4.3-01", "C4.1-01"} <= set(event.basis.clauses)


def test_an_asset_whose_money_is_all_older_than_the_scope_is_out_of_scope() -> None:
    card = workshop_card(funding_lines=(line(WORTH, allocated_on=date(2012, 12, 31)),))
    assert register(card).scope == "OUT"
    mixed = (line("1.00", allocated_on=date(2013, 1, 1)), line("239999.00", allocated_on=date(2012, 1, 1)))
    assert register(workshop_card(funding_lines=mixed)).scope == "IN"


@pytest.mark.parametrize(
    ("given", "stored"), [(True, "DONATION_VILLAGE"), (False, "SOCIAL_AID")], ids=["village", "elsewhere"]
)
def test_a_donation_is_stored_by_the_way_it_took(given: bool, stored: str) -> None:
    card = workshop_card(funding_lines=(line(WORTH, "DONATION_VILLAGE", direct_to_village=given),))
    assert register(card).card.funding_lines[0].source == stored


def test_household_assets_have_a_register_of_their_own() -> None:
    with refused("HOUSEHOLD_REGISTER_ONLY"):
        register(workshop_card(asset_class="HOUSEHOLD", asset_type="LIVESTOCK"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"asset_class": "NATURAL"}, "CODE_UNKNOWN"),
        ({"asset_type": "SPACESHIP"}, "CODE_UNKNOWN"),
        ({"unit_of_measure": "斤"}, "CODE_UNKNOWN"),
    ],
)
def test_codes_outside_the_tables_are_refused(changes: dict[str, Any], code: str) -> None:
    assert code == "CODE_UNKNOWN"
    with refused("CODE_UNKNOWN"):
        register(workshop_card(**changes))


def test_type_class_and_subclass_belong_together() -> None:
    with refused("TYPE_CLASS_MISMATCH"):
        register(workshop_card(asset_type="ROAD"))
    with refused("SUBCLASS_REQUIRED", missing=["subclass"]):
        register(road_card(subclass=None))
    with refused("TYPE_CLASS_MISMATCH"):
        register(road_card(subclass="PUBLIC_SERVICE"))


@pytest.mark.parametrize("quantity", ["0", "-1", "-0.001"])
def test_a_quantity_is_above_zero(quantity: str) -> None:
    with refused("QUANTITY_NOT_POSITIVE"):
        register(workshop_card(quantity=Decimal(quantity)))


def test_what_is_counted_in_pieces_comes_in_whole_ones() -> None:
    with refused("FIELD_INVALID"):
        register(lamp_card(quantity=Decimal("40.5")))


def test_a_lot_needs_its_item_list() -> None:
    card = lamp_card(unit_of_measure="批", quantity=Decimal(1))
    with refused("ITEM_LIST_REQUIRED", missing=["items"]):
        register(card)
    listed = card.model_copy(update={"items": ("路灯一", "路灯二")})
    assert register(listed).card.items == ("路灯一", "路灯二")


def test_what_is_depreciated_has_a_useful_life_and_a_herd_has_none() -> None:
    with refused("FIELD_REQUIRED", missing=["usefulLifeYears"]):
        register(workshop_card(useful_life_years=None))
    assert register(herd_card()).card.useful_life_years is None


@pytest.mark.parametrize("years", [0, -5])
def test_a_useful_life_is_at_least_a_year(years: int) -> None:
    with refused("USEFUL_LIFE_INVALID"):
        register(workshop_card(useful_life_years=years))


def test_nothing_on_the_card_lies_ahead() -> None:
    today = date(2020, 1, 1)
    ahead = date(2020, 1, 2)
    for card in (
        workshop_card(completion_date=ahead),
        workshop_card(acceptance=acceptance(accepted_on=ahead)),
        workshop_card(funding_lines=(line(WORTH, allocated_on=ahead),)),
    ):
        with refused("DATE_IN_FUTURE"):
            Asset.register(ASSET, card, occasion(today, today=today))


def test_work_begins_before_it_ends() -> None:
    with refused("DATE_ORDER"):
        register(workshop_card(construction_start=date(2019, 10, 1)))


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (None, ["acceptance"]),
        (acceptance(result="FAILED"), ["acceptance"]),
        (acceptance(accepted_on=None), ["acceptance.acceptedOn"]),
        (acceptance(document_no=None), ["acceptance.documentNo"]),
        (
            acceptance(result="LEGACY", accepted_on=None, document_no=None),
            ["acceptance.reason", "acceptance.jointReview"],
        ),
    ],
    ids=["none", "failed", "no day", "no document", "legacy without reason"],
)
def test_only_an_accepted_asset_is_registered(given: Any, missing: list[str]) -> None:
    with refused("ACCEPTANCE_REQUIRED", missing=missing, clause="C4.3-01"):
        register(workshop_card(acceptance=given))


def test_old_stock_may_say_why_it_has_no_acceptance() -> None:
    legacy = acceptance(
        result="LEGACY",
        accepted_on=None,
        document_no=None,
        reason="2014年资料遗失",
        joint_review="JR-2021",
    )
    assert register(workshop_card(acceptance=legacy)).card.acceptance == legacy


def test_an_asset_is_made_from_something() -> None:
    with refused("FUNDING_REQUIRED", missing=["fundingLines"]):
        register(workshop_card(funding_lines=()))


@pytest.mark.parametrize("off", ["0.01", "-0.01"])
def test_funding_sums_to_the_value_to_the_fen(off: str) -> None:
    wrong = Fen(yuan("200000.00") + yuan(off)).yuan()
    with refused("FUNDING_SUM_MISMATCH"):
        register(workshop_card(funding_lines=(line(wrong), line("40000.00", "AID_XJ"))))


@pytest.mark.parametrize(
    "changes",
    [
        {"funding_lines": (line("0.00"), line(WORTH))},
        {"funding_lines": (line("-1.00"), line("240001.00"))},
        {"original_value": Fen(0)},
    ],
)
def test_amounts_are_above_zero(changes: dict[str, Any]) -> None:
    with refused("AMOUNT_NOT_POSITIVE"):
        register(workshop_card(**changes))


def test_a_sum_beyond_what_the_log_carries_does_not_pass_for_the_value() -> None:
    huge = Fen(MAX_FEN).yuan()
    with refused("FUNDING_SUM_MISMATCH"):
        register(workshop_card(original_value=Fen(MAX_FEN), funding_lines=(line(huge), line(huge))))


def test_sources_are_those_of_the_table() -> None:
    with refused("FUND_SOURCE_UNKNOWN"):
        register(workshop_card(funding_lines=(line(WORTH, "LOTTERY"),)))
    with refused("FUND_SUBSOURCE_REQUIRED"):
        register(workshop_card(funding_lines=(line(WORTH, "FISCAL"),)))
    with refused("DONATION_PATH_REQUIRED"):
        register(workshop_card(funding_lines=(line(WORTH, "DONATION_VILLAGE"),)))
    with refused("FIELD_REQUIRED", missing=["fundingLines[0].documentNo"]):
        register(workshop_card(funding_lines=(line(WORTH, "OTHER"),)))
    with refused("FIELD_REQUIRED", missing=["fundingLines[0].fromAsset"]):
        register(workshop_card(funding_lines=(line(WORTH, "DISPOSAL_PROCEEDS"),)))


def test_imported_history_keeps_broken_rules_as_findings_and_input_errors_stay_errors() -> None:
    at = imported(date(2020, 5, 1))
    event = recorded(Asset.register(ASSET, workshop_card(acceptance=None), at), Asset.Registered)
    assert found(event, "ACCEPTANCE_REQUIRED") == {"missing": ["acceptance"]}
    assert event.basis.provenance == "2021年清查表"
    with refused("FUNDING_SUM_MISMATCH"):
        Asset.register(ASSET, workshop_card(original_value=yuan("1.00")), imported(date(2020, 5, 1)))


# ---- corrections ---------------------------------------------------------------------------------------------------


def test_a_correction_keeps_the_old_value_in_the_history() -> None:
    asset = registered()
    asset.correct_registration(correction(assetName="就业车间", quantity="610"), occasion())
    event = recorded(asset, Asset.RegistrationCorrected)
    assert event.changed == ("assetName", "quantity")
    assert event.old == {"assetName": "扶贫车间", "quantity": "600"}
    assert (asset.card.asset_name, asset.card.quantity) == ("就业车间", Decimal(610))


def test_a_correction_that_changes_nothing_records_nothing() -> None:
    asset = registered()
    asset.correct_registration(correction(assetName="扶贫车间"), occasion())
    nothing(asset)


def test_a_correction_is_judged_like_a_registration() -> None:
    asset = registered()
    with refused("FIELD_UNKNOWN", asset):
        asset.correct_registration(correction(colour="red"), occasion())
    with refused("QUANTITY_NOT_POSITIVE", asset):
        asset.correct_registration(correction(quantity="0"), occasion())
    with refused("AMOUNT_MALFORMED", asset):
        asset.correct_registration(correction(originalValue=240000), occasion())
    with refused("AMOUNT_PRECISION", asset):
        asset.correct_registration(correction(originalValue="1.005"), occasion())
    with refused("AMOUNT_OUT_OF_RANGE", asset):
        asset.correct_registration(correction(originalValue="9" * 20), occasion())
    with refused("DATE_MALFORMED", asset):
        asset.correct_registration(correction(completionDate="2019-02-30"), occasion())
    with refused("FIELD_INVALID", asset):
        asset.correct_registration(correction(assetName=""), occasion())
    with refused("FIELD_REQUIRED", asset):
        asset.correct_registration(correction(acceptance={}), occasion())


def test_what_a_confirmation_rests_on_stays_while_it_stands() -> None:
    asset = confirmed()
    half = [line("120000.00").model_dump(mode="json")]
    for change in (
        {"originalValue": "120000.00", "fundingLines": half},
        {"implementer": VILLAGE, "implementerKind": "FARM"},
    ):
        with refused("STEP_OUT_OF_ORDER", asset, missing=["ownershipConfirmation"]):
            asset.correct_registration(correction(**change), occasion())
    asset.correct_registration(correction(remarks="已挂牌"), occasion())
    assert recorded(asset, Asset.RegistrationCorrected).changed == ("remarks",)


def test_an_open_title_lets_the_value_be_corrected() -> None:
    asset = confirmed()
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    asset.collect_events()
    half = [line("120000.00").model_dump(mode="json")]
    asset.correct_registration(correction(originalValue="120000.00", fundingLines=half), occasion())
    assert recorded(asset, Asset.RegistrationCorrected).card.original_value == yuan("120000.00")


def test_a_value_below_what_is_depreciated_is_refused() -> None:
    asset = in_use()
    for year in (2020, 2021, 2022):
        asset.post_depreciation(year, occasion(date(2022, 12, 31)))
    asset.flag_risk("TITLE_UNCLEAR", "两村争议", occasion())
    asset.collect_events()
    one = [line("1.00").model_dump(mode="json")]
    with refused("FIELD_INVALID", asset):
        asset.correct_registration(correction(originalValue="1.00", fundingLines=one), occasion())


def test_what_is_disposed_of_is_corrected_only_with_a_county_document() -> None:
    asset = disposed()
    with refused("ASSET_DISPOSED", asset, missing=["countyDocumentNo"]):
        asset.correct_registration(correction(remarks="补记"), occasion(date(2022, 6, 1)))
    paper = correction(remarks="补记").model_copy(update={"county_document_no": "陶政函〔2022〕50号"})
    asset.correct_registration(paper, occasion(date(2022, 6, 1)))
    event = recorded(asset, Asset.RegistrationCorrected)
    assert event.county_document_no == "陶政函〔2022〕50号"


# ---- file and books ------------------------------------------------------------------------------------------------


def test_a_document_is_archived_once() -> None:
    asset = registered()
    asset.archive_document(document(), occasion())
    assert recorded(asset, Asset.DocumentArchived).document == document()
    asset.archive_document(document(), occasion())
    nothing(asset)


def test_a_document_can_be_renamed_and_never_replaced() -> None:
    asset = registered()
    asset.archive_document(document(), occasion())
    asset.archive_document(document(title="验收报告（扫描件）"), occasion())
    asset.collect_events()
    assert asset.documents["DOC-1"].title == "验收报告（扫描件）"
    with refused("DOCUMENT_IMMUTABLE", asset):
        asset.archive_document(document(sha256=SHA[::-1]), occasion())


def test_each_owner_books_its_share() -> None:
    asset = confirmed_jointly()
    asset.book(booking(amount=yuan("66666.67")), occasion())
    assert recorded(asset, Asset.Booked).booking.amount == yuan("66666.67")
    asset.book(booking(amount=yuan("66666.67"), voucher_no="记-2"), occasion())
    nothing(asset)
    with refused("BOOKED_AMOUNT_MISMATCH", asset):
        asset.book(booking(party=OTHER_VILLAGE, amount=yuan("33333.33")), occasion())
    with refused("BOOKED_AMOUNT_MISMATCH", asset):
        asset.book(booking(party="SOMEBODY", amount=yuan("33333.34")), occasion())
    assert asset.regions()["REGISTRATION"] == "BOOKED"


def test_before_the_confirmation_the_whole_value_is_booked() -> None:
    asset = registered()
    with refused("BOOKED_AMOUNT_MISMATCH", asset):
        asset.book(booking(amount=yuan("1.00")), occasion())
    asset.book(booking(), occasion())
    assert asset.booked == {VILLAGE: yuan(WORTH)}


def test_booking_refuses_zero_amount_and_future_date() -> None:
    asset = earning()
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.book(booking(amount=Fen(0)), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.book(booking(booked_on=date(2031, 1, 1)), occasion())


def test_a_card_outside_its_shape_is_no_card() -> None:
    with pytest.raises(ValidationError):
        workshop_card(implementer_kind="PERSON")
    with pytest.raises(ValidationError):
        RegisterCard.model_validate(workshop_card().model_dump() | {"colour": "red"})


def test_imported_history_marks_the_event_and_the_asset() -> None:
    """From the first event on, each event that came so; what goes through its procedure afterwards does not."""
    at = occasion(date(2019, 5, 1))
    at.take_as_history("2021年清查表")
    asset = Asset.register("A-9", workshop_card(), at)
    assert warned(recorded(asset, Asset.Registered), "HISTORY_IMPORTED") == {"source": "2021年清查表"}
    asset.flag_risk("IDLE", "闲置", occasion())
    assert [(one.event, one.occurred_on, one.source) for one in asset.imported_history] == [
        ("asset.registered", date(2019, 5, 1), "2021年清查表")
    ]
