"""What secures a contract (四(八)): given for the asset, never by it; over when its last day is over."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.certificates import TitleCertificate
from domain.asset.facts.risk_cover import RiskCover, RiskCoverRelease
from tests.domain.saying import nothing, recorded, refused, warned
from tests.examples import CONTRACT, OTHER_VILLAGE, VILLAGE, leased, occasion, settled, yuan

ON = date(2021, 10, 10)


def cover(**changes: Any) -> RiskCover:
    told: dict[str, Any] = {
        "cover": "RC-1",
        "kind": "DEPOSIT",
        "provider": "甲合作社",
        "beneficiary": VILLAGE,
        "amount": yuan("20000.00"),
        "valid_from": date(2021, 10, 1),
        "valid_to": date(2023, 12, 31),
        "rule_ref": "克扶领发〔2020〕2号",
    }
    return RiskCover(**told | changes)


def covered() -> Asset:
    asset = leased()
    asset.add_risk_cover(CONTRACT, cover(), occasion(ON))
    return asset


def test_a_cover_is_recorded_with_its_contract_and_again_only_once() -> None:
    asset = covered()
    assert recorded(asset, Asset.RiskMitigationAdded).cover == cover()
    asset = settled(asset)
    asset.add_risk_cover(CONTRACT, cover(), occasion(ON))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.add_risk_cover(CONTRACT, cover(amount=yuan("1.00")), occasion(ON))


def test_collateral_that_is_an_asset_is_refused_by_whatever_name() -> None:
    """By the asset's code, by another's that the log knows, by the number of the asset's own certificate."""
    asset = leased()
    number = "新（2021）土地0001号"
    paper = TitleCertificate(
        certificate="Z-1", kind="TITLE", holder=VILLAGE, applied_on=ON, state="ISSUED", number=number
    )
    asset.title_certificates = {"Z-1": paper}
    for named in (asset.id, "A-OTHER", number):
        given = cover(kind="COLLATERAL_BY_OPERATOR", collateral=named)
        with refused("COLLATERAL_PROHIBITED", asset, clause="C4.8-01"):
            asset.add_risk_cover(CONTRACT, given, occasion(ON), of_assets=frozenset({"A-OTHER"}))


def test_a_cover_without_a_rule_or_past_its_last_day_is_warned_of() -> None:
    asset = leased()
    asset.add_risk_cover(CONTRACT, cover(rule_ref=None), occasion(ON))
    warned(recorded(asset, Asset.RiskMitigationAdded), "RISK_RULE_REF_MISSING")
    for day, late in ((date(2021, 10, 9), False), (date(2021, 10, 10), False), (date(2021, 10, 11), True)):
        asset = leased()
        asset.add_risk_cover(CONTRACT, cover(valid_to=date(2021, 10, 10)), occasion(day))
        event = recorded(asset, Asset.RiskMitigationAdded)
        assert bool(event.basis.warnings) is late
        if late:
            warned(event, "RISK_COVER_EXPIRED")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": yuan("0.00")}, "AMOUNT_NOT_POSITIVE"),
        ({"kind": "COLLATERAL_BY_OPERATOR"}, "FIELD_REQUIRED"),
        ({"beneficiary": OTHER_VILLAGE}, "FIELD_INVALID"),
    ],
)
def test_a_cover_that_secures_nothing_is_refused(changes: dict[str, Any], code: str) -> None:
    asset = leased()
    with refused(code, asset):
        asset.add_risk_cover(CONTRACT, cover(**changes), occasion(ON))


def test_a_cover_of_no_contract_or_of_an_ended_one_is_refused() -> None:
    asset = leased()
    with refused("NOT_FOUND", asset):
        asset.add_risk_cover("C-NONE", cover(), occasion(ON))
    asset.end_contract(CONTRACT, ON, "TERMINATED", "协商一致", occasion(ON))
    asset = settled(asset)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.add_risk_cover(CONTRACT, cover(), occasion(ON))


def test_a_cover_is_released_once_and_not_before_it_began() -> None:
    asset = settled(covered())
    given_back = RiskCoverRelease(released_on=date(2022, 1, 10), reason="退还保证金")
    with refused("NOT_FOUND", asset):
        asset.release_risk_cover("RC-9", given_back, occasion(date(2022, 1, 10)))
    with refused("DATE_ORDER", asset):
        early = RiskCoverRelease(released_on=date(2021, 9, 30), reason="退还保证金")
        asset.release_risk_cover("RC-1", early, occasion(date(2022, 1, 10)))
    asset.release_risk_cover("RC-1", given_back, occasion(date(2022, 1, 10)))
    assert recorded(asset, Asset.RiskMitigationReleased).release == given_back
    asset = settled(asset)
    other = RiskCoverRelease(released_on=date(2022, 1, 11), reason="退还保证金")
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.release_risk_cover("RC-1", other, occasion(date(2022, 1, 11)))
