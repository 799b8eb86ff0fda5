"""Household assets: registered, looked after, entrusted, their ledger pushed and acknowledged (四(二), 四(三), 四(五)3, 四(六)3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.asset.facts.external_entry import ExternalEntry
from domain.household.asset import HouseholdAsset
from domain.household.card import (
    Entrustment,
    HouseholdAssetClosing,
    HouseholdConfirmation,
    HouseholdCorrection,
    Loss,
)
from domain.household.push import CorrectionRequest, HouseholdLedger, HouseholdLedgerPush, PushedRow
from domain.values import Fen
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    SHA,
    TOWNSHIP,
    VILLAGE,
    cow_card,
    document,
    household_asset,
    inspection,
    occasion,
    settled,
    yuan,
)


def correction(**changes: Any) -> HouseholdCorrection:
    return HouseholdCorrection(changes=changes, reason="录入错误", document_no="乡更〔2021〕9号")


def loss(**changes: Any) -> Loss:
    given: dict[str, Any] = {"kind": "DIED", "lost_on": date(2021, 9, 1), "evidence_sha256": SHA}
    return Loss(**(given | changes))


def entrustment(**changes: Any) -> Entrustment:
    given: dict[str, Any] = {
        "entrustment": "E-2021-1",
        "operator": "COOP-1",
        "operator_name": "陶乡养殖合作社",
        "agreement_no": "托字〔2021〕1号",
        "starts_on": date(2021, 9, 1),
        "ends_on": date(2024, 8, 31),
        "yearly_return": yuan("1200.00"),
        "consent_document": "同意书-012",
    }
    return Entrustment(**(given | changes))


def closed() -> HouseholdAsset:
    asset = household_asset()
    paper = HouseholdAssetClosing(
        closed_on=date(2021, 9, 30), reason="牛已自然死亡", document_no="乡销〔2021〕1号"
    )
    asset.close_registration(paper, occasion())
    return settled(asset)


# ---- what is done with one -----------------------------------------------------------------------------------------


@pytest.mark.clause("C4.2-06")
def test_the_regulation_lists_what_is_done_with_a_household_asset() -> None:
    """Allows the nine things the regulation lists for household assets and refuses everything else."""
    asset = household_asset()
    listed = occasion().rules.codes("HOUSEHOLD_ACTION")
    assert listed == {
        "REGISTER", "CONFIRM_TO_HOUSEHOLD", "CORRECT", "ARCHIVE", "EXTERNAL_ENTRY", "INSPECT", "RECORD_LOSS",
        "ENTRUST", "CLOSE",
    }  # fmt: skip
    for action in listed:
        asset.must_allow(action, occasion())
    for action in ("CONFIRM_OWNERSHIP", "CONTRACT", "INCOME_PLAN", "DEPRECIATE", "DISPOSE", "CUSTODY"):
        with refused("HOUSEHOLD_REGISTER_ONLY", asset):
            asset.must_allow(action, occasion())


@pytest.mark.clause("C4.6-09")
def test_it_is_confirmed_to_its_household_in_the_register_alone() -> None:
    """Confirms a household asset to its household under the rural revitalisation bureau; it is never depreciated."""
    asset = household_asset()
    paper = HouseholdConfirmation(confirmed_on=date(2021, 8, 1), document_no="乡确〔2021〕8号")
    asset.confirm_to_household(paper, occasion())
    assert recorded(asset, HouseholdAsset.HouseholdConfirmed).confirmation == paper
    asset.confirm_to_household(paper, occasion())
    nothing(asset)
    assert asset.lead_department == "RURAL_REVITALIZATION"
    with refused("HOUSEHOLD_REGISTER_ONLY", asset):
        asset.must_allow("DEPRECIATE", occasion())
    with refused("DATE_IN_FUTURE", asset):
        ahead = HouseholdConfirmation(confirmed_on=date(2031, 1, 1), document_no="乡确〔2031〕1号")
        asset.confirm_to_household(ahead, occasion())


@pytest.mark.clause("C4.2-06")
def test_its_card_is_corrected_like_any_other() -> None:
    """Corrects a household asset's card by the same rules as its registration, keeping the old values."""
    asset = household_asset()
    asset.correct_registration(correction(quantity="3", projectCode="X2019"), occasion())
    event = recorded(asset, HouseholdAsset.RegistrationCorrected)
    assert (event.changed, event.old) == (("projectCode", "quantity"), {"quantity": "2"})
    assert (event.absent_before, asset.quantity) == (("projectCode",), Decimal(3))
    asset.correct_registration(correction(quantity="3"), occasion())
    nothing(asset)
    for changes, code in (({"household": None}, "HOUSEHOLD_REQUIRED"), ({"colour": "red"}, "FIELD_UNKNOWN")):
        with refused(code, asset):
            asset.correct_registration(correction(**changes), occasion())
    with refused("FUNDING_SUM_MISMATCH", asset):
        asset.correct_registration(correction(originalValue="1.00"), occasion())
    with refused("AMOUNT_PRECISION", asset):
        asset.correct_registration(correction(originalValue="1.001"), occasion())


@pytest.mark.clause("C4.2-06", "C4.6-03")
def test_its_documents_are_archived_and_never_replaced() -> None:
    """Archives documents of household assets by digest."""
    asset = household_asset()
    asset.archive_document(document(), occasion())
    assert recorded(asset, HouseholdAsset.DocumentArchived).document == document()
    asset.archive_document(document(), occasion())
    nothing(asset)
    with refused("DOCUMENT_IMMUTABLE", asset):
        asset.archive_document(document(sha256=SHA[::-1]), occasion())


@pytest.mark.clause("C4.2-06")
def test_a_loss_takes_what_is_gone_and_closes_the_row_when_nothing_is_left() -> None:
    """Records the loss of a household asset or a part of it; nothing left closes its row."""
    asset = household_asset()
    asset.record_loss(loss(quantity=Decimal(1)), occasion())
    event = recorded(asset, HouseholdAsset.LossRecorded)
    assert (event.quantity, asset.quantity, asset.state) == (Decimal(1), Decimal(1), "REGISTERED")
    asset.record_loss(loss(quantity=Decimal(1)), occasion())
    nothing(asset)
    with refused("QUANTITY_NEGATIVE", asset):
        asset.record_loss(loss(quantity=Decimal(2)), occasion())
    with refused("QUANTITY_NOT_POSITIVE", asset):
        asset.record_loss(loss(quantity=Decimal(0)), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.record_loss(loss(lost_on=date(2031, 1, 1)), occasion())
    asset.record_loss(loss(kind="SOLD"), occasion())
    assert (asset.quantity, str(asset.state)) == (Decimal(0), "CLOSED")
    asset.inspect(inspection(present=True), occasion())
    assert str(asset.state) == "CLOSED"


@pytest.mark.clause("C4.2-06")
def test_a_closed_row_is_only_corrected_and_documented() -> None:
    """Closes a registration by a paper; afterwards it is corrected and documented and nothing else."""
    asset = household_asset()
    paper = HouseholdAssetClosing(
        closed_on=date(2021, 9, 30), reason="牛已自然死亡", document_no="乡销〔2021〕1号"
    )
    asset.close_registration(paper, occasion())
    assert recorded(asset, HouseholdAsset.RegistrationClosed).closing == paper
    asset.close_registration(paper, occasion())
    nothing(asset)
    again = closed()
    again.archive_document(document(), occasion())
    again.correct_registration(correction(projectCode="X2019"), occasion())
    assert again.card.project_code == "X2019"
    again.collect_events()
    for act in (
        lambda: again.record_loss(loss(), occasion()),
        lambda: again.entrust(entrustment(), occasion()),
        lambda: again.record_external_entry(
            ExternalEntry(system="SYS_XJ_BIGDATA", ref_no="R-1", entered_on=date(2021, 9, 1)), occasion()
        ),
    ):
        with refused("STEP_OUT_OF_ORDER", again):
            act()
    with refused("DATE_IN_FUTURE"):
        household_asset().close_registration(
            paper.model_copy(update={"closed_on": date(2031, 1, 1)}), occasion()
        )


@pytest.mark.clause("C4.2-06")
def test_all_household_assets_are_register_only_not_just_those_on_credit() -> None:
    """Reads the bracket of 四(二) for all household assets, micro-credit or not (AMB-29, AMB-04)."""
    for card in (
        cow_card(),
        cow_card(asset_type="MICROCREDIT_BIO", loan_ref="贷-1"),
        cow_card(asset_type="PEN"),
    ):
        asset = HouseholdAsset.register("H-1", card, occasion())
        with refused("HOUSEHOLD_REGISTER_ONLY"):
            asset.must_allow("CONTRACT", occasion())


# ---- inspections ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.3-17", "C4.5-21")
def test_an_inspection_that_finds_it_sold_closes_the_row() -> None:
    """Records inspections with the household's cooperation; an asset that is not there closes its row."""
    asset = household_asset()
    sold = inspection(present=False, reason="SOLD", cooperated=False, inspector=TOWNSHIP)
    asset.inspect(sold, occasion())
    event = recorded(asset, HouseholdAsset.Inspected)
    assert (event.inspection, asset.state) == (sold, "CLOSED")
    asset.inspect(inspection(inspected_on=date(2021, 10, 1)), occasion())
    assert str(asset.state) == "REGISTERED"


# ---- entrustment ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("C4.6-10")
def test_it_is_entrusted_with_the_household_s_consent() -> None:
    """Entrusts a household asset to an operator only with its household's consent."""
    asset = household_asset()
    with refused(
        "HOUSEHOLD_CONSENT_REQUIRED", asset, missing=[asset.id]
    ):  # a finding of it is read by everybody
        asset.entrust(entrustment(consent_document=None), occasion())
    asset.entrust(entrustment(), occasion())
    assert recorded(asset, HouseholdAsset.Entrusted).entrustment == entrustment()
    asset.entrust(entrustment(), occasion())
    nothing(asset)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.entrust(entrustment(entrustment="E-2"), occasion())
    asset.end_entrustment(date(2022, 9, 1), "合作社解散", occasion(date(2022, 9, 1)))
    assert recorded(asset, HouseholdAsset.EntrustmentEnded).entrustment == "E-2021-1"
    assert asset.entrustment is None
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.end_entrustment(date(2022, 9, 1), "合作社解散", occasion(date(2022, 9, 1)))


@pytest.mark.clause("C4.6-10")
def test_an_entrustment_is_in_order() -> None:
    """Refuses an entrustment without a term, with a negative return, of the future, or of what is gone."""
    asset = household_asset()
    with refused("DATE_ORDER", asset):
        asset.entrust(entrustment(ends_on=date(2021, 9, 1)), occasion())
    with refused("AMOUNT_NOT_POSITIVE", asset):
        asset.entrust(entrustment(yearly_return=Fen(-1)), occasion())
    with refused("DATE_IN_FUTURE", asset):
        asset.entrust(entrustment(starts_on=date(2031, 1, 1), ends_on=date(2032, 1, 1)), occasion())
    asset.record_loss(loss(), occasion())
    asset.collect_events()
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.entrust(entrustment(), occasion())
    held = household_asset()
    held.entrust(entrustment(), occasion())
    held.collect_events()
    with refused("DATE_ORDER", held):
        held.end_entrustment(date(2021, 8, 31), "提前收回", occasion())
    with refused("DATE_IN_FUTURE", held):
        held.end_entrustment(date(2031, 1, 1), "到期", occasion())


# ---- the ledger of a village ---------------------------------------------------------------------------------------


def push(*assets: str, **changes: Any) -> HouseholdLedgerPush:
    given: dict[str, Any] = {
        "township": TOWNSHIP,
        "pushed_on": date(2021, 9, 30),
        "rows": tuple(PushedRow(asset=one, version=1, sha256=SHA) for one in assets or ("H-1", "H-2")),
        "sha256": SHA,
    }
    return HouseholdLedgerPush(**(given | changes))


def pushed() -> HouseholdLedger:
    return settled(HouseholdLedger.push_first(VILLAGE, push(), "TOWNSHIP", occasion()))


@pytest.mark.clause("C4.5-18")
def test_the_township_pushes_and_the_village_acknowledges_the_same_rows() -> None:
    """Pushes the township's household ledger to the village, which acknowledges exactly the rows it got."""
    ledger = HouseholdLedger.push_first(VILLAGE, push(), "TOWNSHIP", occasion())
    assert recorded(ledger, HouseholdLedger.Pushed).push == push()
    with refused("LEDGER_HASH_MISMATCH", ledger):
        ledger.acknowledge(SHA[::-1], occasion())
    ledger.acknowledge(SHA, occasion())
    assert recorded(ledger, HouseholdLedger.Acknowledged).rows == 2
    ledger.acknowledge(SHA, occasion())
    nothing(ledger)
    ledger.renew(push(), "TOWNSHIP", occasion())
    nothing(ledger)
    more = push("H-1", "H-2", "H-3", sha256=SHA[::-1])
    ledger.renew(more, "TOWNSHIP", occasion())
    assert recorded(ledger, HouseholdLedger.Renewed).push == more
    assert ledger.acknowledged is None


@pytest.mark.clause("C4.5-18")
def test_a_push_is_of_the_past_and_of_each_asset_once() -> None:
    """Refuses a push that lies ahead or names an asset twice."""
    with refused("DATE_IN_FUTURE"):
        HouseholdLedger.push_first(VILLAGE, push(pushed_on=date(2031, 1, 1)), "TOWNSHIP", occasion())
    with refused("FIELD_INVALID"):
        HouseholdLedger.push_first(VILLAGE, push("H-1", "H-1"), "TOWNSHIP", occasion())


@pytest.mark.clause("C4.3-10", "C4.5-18")
def test_only_units_that_keep_ledgers_push_one() -> None:
    """Takes ledgers from departments, townships, villages and farms only."""
    for kind in ("DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM"):
        HouseholdLedger.push_first(VILLAGE, push(), kind, occasion())
    for kind in ("COMPANY", "COUNTY_GOV", "LEADING_GROUP", "ASSET_OFFICE"):
        with refused("ORG_TYPE_NOT_ALLOWED"):
            HouseholdLedger.push_first(VILLAGE, push(), kind, occasion())


@pytest.mark.clause("C4.5-18")
def test_the_village_asks_for_a_correction_and_never_edits() -> None:
    """Lets a village ask for the correction of a pushed row and never edit it."""
    ledger = pushed()
    with refused("ROW_OWNED_BY_TOWNSHIP", ledger):
        ledger.must_not_edit("H-1")
    ledger.must_not_edit("H-9")
    asked = CorrectionRequest(request="C-1", asset="H-1", content="数量应为1头")
    ledger.request_correction(asked, occasion())
    assert recorded(ledger, HouseholdLedger.CorrectionRequested).request == asked
    ledger.request_correction(asked, occasion())
    nothing(ledger)
    with refused("ALREADY_EXISTS", ledger):
        ledger.request_correction(asked.model_copy(update={"content": "另有错误"}), occasion())
    with refused("NOT_FOUND", ledger):
        ledger.request_correction(CorrectionRequest(request="C-2", asset="H-9", content="-"), occasion())
    ledger.renew(push(sha256=SHA[::-1]), "TOWNSHIP", occasion())
    assert ledger.requests == {}
