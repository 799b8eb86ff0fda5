"""Classes, types, the register card and the asset's file (四(二), 四(六)¶2; T2, T8)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.card import Correction, Document, RegisterCard
from domain.asset.facts.upkeep import HerdChange, checklist
from domain.household.asset import HouseholdAsset
from domain.regulation import rows
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    ASSET,
    SHA,
    cow_card,
    disposed,
    herd_card,
    line,
    occasion,
    registered,
    regulation,
    road_card,
    workshop_card,
    yuan,
)

RULES = regulation().on(date(2021, 10, 1))


def register(card: RegisterCard) -> Asset:
    return Asset.register(ASSET, card, occasion())


def types_of(asset_class: str, subclass: str | None = None) -> dict[str, str | None]:
    table = RULES.table("asset_types.type", rows.AssetType)
    return {
        row.code: row.parent for row in table if (row.asset_class, row.subclass) == (asset_class, subclass)
    }


@pytest.mark.clause("C4.2-01")
def test_a_public_welfare_asset_says_its_subclass() -> None:
    """Requires one of the two subclasses of a public-welfare asset."""
    assert register(road_card()).card.subclass == "INFRASTRUCTURE"
    with refused("SUBCLASS_REQUIRED", missing=["subclass"]):
        register(road_card(subclass=None))


@pytest.mark.clause("C4.2-02")
def test_infrastructure_is_of_its_types() -> None:
    """Holds the named infrastructure types to the subclass infrastructure."""
    assert {code for code, parent in types_of("PUBLIC_WELFARE", "INFRASTRUCTURE").items() if not parent} == {
        "ROAD", "IRRIGATION", "WATER_SUPPLY", "DRAINAGE_SEWAGE", "POWER", "NETWORK", "INFRA_OTHER",
    }  # fmt: skip
    assert register(road_card(asset_type="LINED_CANAL")).card.asset_type == "LINED_CANAL"
    with refused("TYPE_CLASS_MISMATCH"):
        register(road_card(asset_type="LINED_CANAL", subclass="PUBLIC_SERVICE"))
    with refused("TYPE_CLASS_MISMATCH"):
        register(workshop_card(asset_type="LINED_CANAL"))


@pytest.mark.clause("C4.2-03")
def test_public_service_is_of_its_types() -> None:
    """Holds the named public-service types to their subclass; education and health open rule R1."""
    assert set(types_of("PUBLIC_WELFARE", "PUBLIC_SERVICE")) == {
        "EDUCATION", "CULTURE", "SPORTS", "HEALTH", "COMPREHENSIVE_SERVICE", "PUBSERV_OTHER",
    }  # fmt: skip
    clinic = road_card(
        asset_type="HEALTH", subclass="PUBLIC_SERVICE", unit_of_measure="座", quantity=Decimal(1)
    )
    assert register(clinic).card.subclass == "PUBLIC_SERVICE"
    assert RULES.ownership_of(clinic).rule == "R1"
    with refused("TYPE_CLASS_MISMATCH"):
        register(road_card(asset_type="HEALTH"))


@pytest.mark.clause("C4.2-04")
def test_operating_assets_are_of_their_types() -> None:
    """Knows the ten named operating types, their sub-types, and one for the rest."""
    named = types_of("OPERATING")
    assert {code for code, parent in named.items() if parent is None} == {
        "INDUSTRY_BASE", "PROCESSING", "WORKSHOP", "SHOP_BASE", "SUPERMARKET", "TOURISM", "FARM_MARKET",
        "LIVESTOCK_OPERATING", "ECOMMERCE", "PV_PLANT", "OPERATING_OTHER",
    }  # fmt: skip
    assert {code for code, parent in named.items() if parent == "WORKSHOP"} == {
        "INDUSTRIAL_PARK", "AREA_FACTORY", "SATELLITE_FACTORY",
    }  # fmt: skip


def change(kind: str = "DEATH", count: int = -2, **changes: Any) -> HerdChange:
    given: dict[str, Any] = {
        "kind": kind,
        "change": Decimal(count),
        "happened_on": date(2021, 9, 1),
        "evidence_sha256": SHA,
    }
    return HerdChange(**(given | changes))


@pytest.mark.clause("C4.2-04")
def test_a_herd_is_counted() -> None:
    """Counts a herd's births, purchases, sales and deaths; a death needs evidence and no herd falls below zero."""
    asset = registered(herd_card(quantity=Decimal(60)))
    asset.change_herd_count(change(), occasion())
    event = recorded(asset, Asset.HerdCountChanged)
    assert (event.quantity, asset.quantity, asset.card.quantity) == (Decimal(58), Decimal(58), Decimal(60))
    for kind, count in (("BIRTH", 5), ("PURCHASE", 3), ("SALE", -6), ("CULL", -10)):
        asset.change_herd_count(change(kind, count), occasion())
    assert asset.quantity == Decimal(50)
    asset.collect_events()
    with refused("QUANTITY_NEGATIVE", asset):
        asset.change_herd_count(change(count=-51), occasion())
    with refused("EVIDENCE_REQUIRED", asset, missing=["evidenceSha256"]):
        asset.change_herd_count(change(evidence_sha256=None), occasion())
    asset.change_herd_count(change("SALE", -1, evidence_sha256=None), occasion())
    with refused("DATE_IN_FUTURE"):
        asset.change_herd_count(change(happened_on=date(2031, 1, 1)), occasion())


@pytest.mark.clause("C4.2-04")
@pytest.mark.parametrize(
    "wrong", [change("BIRTH", -1), change("DEATH", 1), change(count=0), change(change=Decimal("-0.5"))]
)
def test_a_count_says_what_it_is(wrong: HerdChange) -> None:
    """Refuses births that take away, deaths that add, and half animals."""
    with refused("FIELD_INVALID"):
        registered(herd_card()).change_herd_count(wrong, occasion())


@pytest.mark.clause("C4.2-04")
def test_only_a_herd_that_is_there_is_counted() -> None:
    """Counts herds and nothing else, and none that is disposed of."""
    with refused("FIELD_INVALID"):
        registered().change_herd_count(change(), occasion())
    with refused("CODE_UNKNOWN"):
        registered(herd_card()).change_herd_count(change("ESCAPE"), occasion())
    with refused("ASSET_DISPOSED"):
        disposed().change_herd_count(change(), occasion(date(2022, 6, 1)))


@pytest.mark.clause("C4.2-04", "C4.6-02")
def test_a_corrected_card_keeps_what_happened_to_the_herd() -> None:
    """Keeps births and deaths when the registered number is corrected."""
    asset = registered(herd_card())
    asset.change_herd_count(change(), occasion())
    correct(asset, quantity="32")
    assert asset.quantity == Decimal(30)
    asset.change_herd_count(change(count=-20), occasion())
    asset.collect_events()
    with refused("QUANTITY_NEGATIVE", asset):
        correct(asset, quantity="21")


@pytest.mark.clause("C4.2-05")
def test_household_assets_are_of_their_types_and_have_a_household() -> None:
    """Enters the named household types for a household; those bought on micro-credit name their loan."""
    assert set(types_of("HOUSEHOLD")) == {
        "HOUSE", "PEN", "COURTYARD", "SILO", "CELLAR", "LIVESTOCK", "ARCH_SHED", "STOVE", "FRUIT_TREE",
        "EQUIPMENT", "MICROCREDIT_MEANS", "MICROCREDIT_BIO",
    }  # fmt: skip
    HouseholdAsset.register("H-1", cow_card(), occasion())
    with refused("HOUSEHOLD_REQUIRED", missing=["household"]):
        HouseholdAsset.register("H-1", cow_card(household=None), occasion())
    for kind in ("MICROCREDIT_BIO", "MICROCREDIT_MEANS"):
        with refused("LOAN_REF_REQUIRED", missing=["loanRef"]):
            HouseholdAsset.register("H-1", cow_card(asset_type=kind), occasion())


# ---- the register card ---------------------------------------------------------------------------------------------


def correct(asset: Asset, **changes: Any) -> None:
    asset.correct_registration(
        Correction(changes=changes, reason="录入错误", document_no="乡更〔2021〕1号"), occasion()
    )


@pytest.mark.clause("C4.6-02")
def test_the_card_has_fourteen_items() -> None:
    """Keeps the fourteen items; those of registration are asked for, income and disposal are never typed."""
    items = RULES.table("register_card.item", rows.CardItem)
    assert [item.number for item in items] == list(range(1, 15))
    typed = {field.alias for field in RegisterCard.model_fields.values()}
    for item in items:
        if item.mandatory_at == "REGISTRATION":
            assert item.field in typed, item.field
        if item.derived:
            assert item.field not in typed, item.field


@pytest.mark.clause("C4.6-02")
def test_an_item_that_cannot_be_is_refused() -> None:
    """Refuses a life of no years, a completion that lies ahead and a quantity of nothing."""
    with refused("FIELD_REQUIRED", missing=["usefulLifeYears"]):
        register(workshop_card(useful_life_years=None))
    with refused("USEFUL_LIFE_INVALID"):
        register(workshop_card(useful_life_years=0))
    with refused("DATE_IN_FUTURE"):
        register(workshop_card(completion_date=date(2031, 1, 1)))
    with refused("QUANTITY_NOT_POSITIVE"):
        register(workshop_card(quantity=Decimal(0)))
    with refused("AMOUNT_PRECISION"):
        correct(registered(), originalValue="1.005")
    assert register(herd_card()).card.useful_life_years is None


@pytest.mark.clause("C4.6-02")
def test_a_correction_keeps_what_was_there_and_what_was_not() -> None:
    """Keeps the old value of every corrected field, and says which ones had none."""
    asset = registered()
    correct(asset, assetName="就业车间", remarks="已挂牌")
    event = recorded(asset, Asset.RegistrationCorrected)
    assert event.changed == ("assetName", "remarks")
    assert event.old == {"assetName": "扶贫车间"}
    assert event.absent_before == ("remarks",)
    correct(asset, remarks=None)
    event = recorded(asset, Asset.RegistrationCorrected)
    assert (event.changed, event.old, event.absent_before) == (("remarks",), {"remarks": "已挂牌"}, None)
    assert asset.card.remarks is None


@pytest.mark.clause("C4.6-02")
def test_a_filed_figure_alone_corrects_nothing() -> None:
    """Compares a filed scope or guiding department and records nothing when it is what follows anyway."""
    asset = registered()
    correct(asset, scope="IN", guidingDepartment="RURAL_REVITALIZATION")
    nothing(asset)
    with refused("GUIDING_DEPT_MISMATCH", asset):
        correct(asset, guidingDepartment="DRC")


@pytest.mark.clause("C4.6-02")
def test_a_gift_without_a_price_is_worth_one_yuan_with_a_reason() -> None:
    """Enters a gift without any evidence of value at the nominal amount, as one line and with a reason."""
    gift: dict[str, Any] = {
        "original_value": yuan("1.00"),
        "funding_lines": (line("1.00", "DONATION_VILLAGE", direct_to_village=True),),
    }
    reason = {"nominal_value_reason": "企业捐赠设备一台，无发票和评估资料"}
    assert register(workshop_card(**gift, **reason)).card.original_value == yuan("1.00")
    with refused("FIELD_REQUIRED", missing=["nominalValueReason"]):
        register(workshop_card(**gift))
    with refused("FIELD_INVALID"):
        register(workshop_card(**reason))
    fiscal = {"original_value": yuan("1.00"), "funding_lines": (line("1.00"),)}
    with refused("FIELD_INVALID"):
        register(workshop_card(**fiscal, **reason))
    halves = tuple(line("0.50", "DONATION_VILLAGE", direct_to_village=True) for _ in range(2))
    with refused("FIELD_INVALID"):
        register(workshop_card(original_value=yuan("1.00"), funding_lines=halves, **reason))


# ---- the file ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.6-03")
def test_the_file_is_as_complete_as_its_checklist_says() -> None:
    """Names the kinds of documents a file lacks and how complete it is: five of seven is 71 %."""
    five = ("PROJECT_APPROVAL", "CONTRACT", "ACCEPTANCE", "FINAL_ACCOUNT", "PAYMENT_VOUCHER")
    asset = registered()
    for number, kind in enumerate((*five, "ACCEPTANCE")):
        asset.archive_document(Document(kind=kind, document=f"D-{number}", sha256=SHA), occasion())
    found = checklist("OPERATING", (one.kind for one in asset.documents.values()), RULES)
    assert (found.percent, found.missing) == (71, ("PHOTO", "FUNDING_NOTICE"))
    assert checklist("PUBLIC_WELFARE", (), RULES).percent == 0
    assert checklist("HOUSEHOLD", (), RULES).percent == 100


@pytest.mark.clause("C4.6-03")
def test_an_archived_document_is_never_replaced() -> None:
    """Keeps every archived document by its digest and refuses other bytes under its id."""
    asset = registered()
    asset.archive_document(Document(kind="PHOTO", document="D-1", sha256=SHA), occasion())
    asset.collect_events()
    with refused("DOCUMENT_IMMUTABLE", asset):
        asset.archive_document(Document(kind="PHOTO", document="D-1", sha256=SHA[::-1]), occasion())
