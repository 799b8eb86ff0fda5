"""Consents and pre-emption of a disposal (四(十二), P34, 民法典 301, 726, 727)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.disposal import DisposalSale
from domain.asset.facts.preemption import DisposalConsent, PreemptionAnswer, PreemptionOffer
from domain.values import Fen
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    DISPOSAL,
    ROADS,
    VILLAGE,
    appraisal,
    approve,
    leased,
    occasion,
    proposal,
    propose,
    publication,
    registered,
    road_card,
    road_confirmation,
    settled,
    share,
    yuan,
)

SEEN = "d" * 64
OTHER = "COMMERCE"
THEN = date(2022, 6, 1)


def offered(**changes: Any) -> PreemptionOffer:
    told = {
        "offer": "PO-1",
        "holder": "O-1",
        "price": yuan("150000.00"),
        "conditions": "一次付清",
        "offered_on": date(2022, 5, 10),
        "evidence_sha256": SEEN,
    }
    return PreemptionOffer(**told | changes)


def answered(outcome: str = "WAIVED", on: date = date(2022, 5, 20)) -> PreemptionAnswer:
    return PreemptionAnswer.model_validate(
        {"outcome": outcome, "answered_on": on, "evidence_sha256": SEEN}, by_name=True
    )


def ready(kind: str = "TRANSFER") -> Asset:
    """A leased workshop of 110,000.00 yuan whose disposal is approved."""
    asset = leased()
    asset.flag_risk("IDLE", "停产", occasion(date(2022, 1, 20)))
    propose(asset, occasion(date(2022, 2, 1)), proposal(kind=kind))
    asset.record_appraisal(DISPOSAL, appraisal(), occasion(date(2022, 3, 5)))
    asset.publish_appraisal(DISPOSAL, publication(), occasion(date(2022, 3, 10)))
    for level in ("TOWNSHIP", "AGRICULTURE"):
        asset.forward_disposal(DISPOSAL, level, "同意", occasion(date(2022, 3, 20)))
    approve(asset, occasion(date(2022, 4, 10)))
    return settled(asset)


def sold(on: date, price: str = "150000.00", buyer: str | None = "买受人") -> DisposalSale:
    return DisposalSale(disposed_on=on, price=yuan(price), buyer=buyer, document_no="成交1号")


def sell(asset: Asset, on: date, price: str = "150000.00", buyer: str | None = "买受人") -> None:
    asset.dispose(DISPOSAL, sold(on, price, buyer), occasion(on))


def test_a_lessee_of_a_house_is_asked_before_it_is_sold() -> None:
    """The fifteenth day after 10 May 2022 is the 25th, a Wednesday."""
    asset = ready()
    with refused("LESSEE_PREEMPTION_PENDING", asset, missing=["preemptionOffer"]):
        sell(asset, THEN)
    asset.offer_preemption(DISPOSAL, offered(), occasion(THEN))
    made = recorded(asset, Asset.PreemptionOffered)
    assert (made.offer, made.due_on) == (offered(), date(2022, 5, 25))
    settled(asset)
    asset.offer_preemption(DISPOSAL, offered(), occasion(THEN))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.offer_preemption(DISPOSAL, offered(conditions="分期付款"), occasion(THEN))
    for day in (date(2022, 5, 24), date(2022, 5, 25)):
        with refused("LESSEE_PREEMPTION_PENDING", asset):
            sell(asset, day)
    with refused("LESSEE_PREEMPTION_PENDING", asset):
        sell(asset, date(2022, 5, 26), "149999.99")
    sell(asset, date(2022, 5, 26))
    recorded(asset, Asset.Disposed)


def test_an_answer_is_recorded_once_and_a_waiver_ends_the_waiting() -> None:
    asset = ready()
    asset.offer_preemption(DISPOSAL, offered(), occasion(THEN))
    settled(asset)
    asset.answer_preemption(DISPOSAL, "PO-1", answered(), occasion(THEN))
    assert recorded(asset, Asset.PreemptionAnswered).answer == answered()
    settled(asset)
    asset.answer_preemption(DISPOSAL, "PO-1", answered(), occasion(THEN))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.answer_preemption(DISPOSAL, "PO-1", answered("ACCEPTED"), occasion(THEN))
    with refused("NOT_FOUND", asset):
        asset.answer_preemption(DISPOSAL, "PO-2", answered(), occasion(THEN))
    with refused("LESSEE_PREEMPTION_PENDING", asset):
        sell(asset, date(2022, 5, 19))
    sell(asset, date(2022, 5, 20))


def test_who_accepts_in_time_is_the_buyer() -> None:
    for on, binds in ((date(2022, 5, 25), True), (date(2022, 5, 26), False)):
        asset = ready()
        asset.offer_preemption(DISPOSAL, offered(), occasion(THEN))
        asset.answer_preemption(DISPOSAL, "PO-1", answered("ACCEPTED", on), occasion(THEN))
        settled(asset)
        if binds:
            with refused("LESSEE_PREEMPTION_PENDING", asset):
                sell(asset, THEN)
            sell(asset, THEN, buyer="陶乡缝纫合作社")
        else:
            sell(asset, THEN)
        recorded(asset, Asset.Disposed)


def test_an_auction_is_told_five_days_before() -> None:
    asset = ready("AUCTION")
    with refused("LESSEE_PREEMPTION_PENDING", asset, missing=["preemptionOffer"]):
        sell(asset, THEN)
    asset.offer_preemption(DISPOSAL, offered(price=None), occasion(THEN))
    assert recorded(asset, Asset.PreemptionOffered).due_on is None
    settled(asset)
    with refused("LESSEE_PREEMPTION_PENDING", asset):
        sell(asset, date(2022, 5, 14))
    sell(asset, date(2022, 5, 15))


def test_what_nobody_buys_is_offered_to_nobody() -> None:
    asset = ready("SCRAP")
    sell(asset, THEN, "0.00", None)
    recorded(asset, Asset.Disposed)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"holder": "O-2"}, "FIELD_INVALID"),
        ({"price": None}, "FIELD_REQUIRED"),
        ({"price": Fen(-1)}, "AMOUNT_NOT_POSITIVE"),
    ],
)
def test_an_offer_that_means_nothing_is_refused(changes: dict[str, Any], code: str) -> None:
    asset = ready()
    with refused(code, asset):
        asset.offer_preemption(DISPOSAL, offered(**changes), occasion(THEN))
    with refused("NOT_FOUND", asset):
        asset.offer_preemption("D-9", offered(), occasion(THEN))


# ---- consents ----------------------------------------------------------------------------------------------------------


def consent(owner: str = ROADS, on: date = date(2022, 4, 1)) -> DisposalConsent:
    return DisposalConsent(owner=owner, consented_on=on, document_no="同意函1号", document_sha256=SEEN)


def test_a_village_consents_by_its_vote_and_a_stranger_not_at_all() -> None:
    asset = ready()
    with refused("DECISION_REQUIRED", asset, missing=["DECISION"]):
        asset.consent_to_disposal(DISPOSAL, consent(VILLAGE), "VILLAGE", occasion(THEN))
    with refused("FIELD_INVALID", asset):
        asset.consent_to_disposal(DISPOSAL, consent("FINANCE"), "DEPARTMENT", occasion(THEN))


def shared_clinic(first: str, second: str) -> Asset:
    """A clinic of two departments, on its way to the approval; the parts in yuan."""
    paper = road_confirmation(
        owners=(share(ROADS, first), share(OTHER, second)), reform_basis_document="卫改〔2020〕1号"
    )
    card = road_card(
        asset_type="HEALTH", subclass="PUBLIC_SERVICE", unit_of_measure="座", quantity=Decimal(1)
    )
    clinic = registered(card)
    clinic.confirm_ownership(paper, occasion(date(2021, 9, 1)))
    propose(clinic, occasion(date(2022, 2, 1)))
    clinic.record_appraisal(DISPOSAL, appraisal(), occasion(date(2022, 3, 5)))
    clinic.publish_appraisal(DISPOSAL, publication(), occasion(date(2022, 3, 10)))
    clinic.forward_disposal(DISPOSAL, "FINANCE", "同意", occasion(date(2022, 3, 20)))
    return settled(clinic)


@pytest.mark.parametrize(
    ("first", "second", "enough"),
    [
        ("239999.99", "120000.01", False),
        ("240000.00", "120000.00", True),
        ("240000.01", "119999.99", True),
    ],
)
def test_owners_that_do_not_vote_agree_each_by_its_own_paper(
    first: str, second: str, *, enough: bool
) -> None:
    """Two thirds of a clinic of 360,000.00 yuan are 240,000.00: a fen less is too little."""
    clinic = shared_clinic(first, second)
    with refused("CO_OWNER_CONSENT_REQUIRED", clinic, missing=sorted([OTHER, ROADS])):
        approve(clinic, occasion(date(2022, 4, 10)))
    clinic.consent_to_disposal(DISPOSAL, consent(), "DEPARTMENT", occasion(date(2022, 4, 1)))
    assert recorded(clinic, Asset.DisposalConsentRecorded).consent == consent()
    settled(clinic)
    clinic.consent_to_disposal(DISPOSAL, consent(), "DEPARTMENT", occasion(date(2022, 4, 1)))
    nothing(clinic)
    with refused("ALREADY_EXISTS", clinic):
        later = consent(on=date(2022, 4, 2))
        clinic.consent_to_disposal(DISPOSAL, later, "DEPARTMENT", occasion(date(2022, 4, 2)))
    if not enough:
        with refused("CO_OWNER_CONSENT_REQUIRED", clinic, missing=[OTHER]):
            approve(clinic, occasion(date(2022, 4, 10)))
        too_late = consent(OTHER, date(2022, 4, 11))
        clinic.consent_to_disposal(DISPOSAL, too_late, "DEPARTMENT", occasion(date(2022, 4, 11)))
        settled(clinic)
        with refused("CO_OWNER_CONSENT_REQUIRED", clinic, missing=[OTHER]):
            approve(clinic, occasion(date(2022, 4, 10)))
        return
    approve(clinic, occasion(date(2022, 4, 10)))
    recorded(clinic, Asset.DisposalApproved)
