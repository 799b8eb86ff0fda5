"""Subleases (C4.11-03): an operator lets the asset on as the owners agreed before, each by its own word, with the part that P34 wants."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.consents import OwnerConsent, Sublease
from domain.asset.facts.contract import Operator
from tests.domain.saying import nothing, recorded, refused
from tests.examples import CONTRACT, OTHER_VILLAGE, SHA, VILLAGE, leased, occasion, settled, share

SIGNED = date(2022, 3, 1)


def word(consent: str = "YJ-1", owner: str = VILLAGE, **changes: Any) -> OwnerConsent:
    given: dict[str, Any] = {
        "consent": consent, "owner": owner, "counterpart": "O-2", "agreed": True, "decided_on": SIGNED,
        "document_no": "村意1号", "document_sha256": SHA, "matter": "SUBLEASE", "contract": CONTRACT,
    }  # fmt: skip
    return OwnerConsent(**(given | changes))


def sublease(code: str = "ZZ-1", **changes: Any) -> Sublease:
    given: dict[str, Any] = {
        "sublease": code, "operator": Operator(operator="O-2", name="杏干合作社"), "document_no": "转1号",
        "starts_on": date(2022, 3, 1), "ends_on": date(2023, 2, 28), "signed_on": SIGNED,
    }  # fmt: skip
    return Sublease(**(given | changes))


def agree(asset: Asset, *words: OwnerConsent) -> Asset:
    for one in words:
        asset.record_consent(one, occasion(one.decided_on))
    return settled(asset)


def let_jointly() -> Asset:
    """A leased asset of two villages, half each."""
    asset = leased()
    half = asset.card.original_value.yuan().partition(".")[0]
    parts = int(half) // 2
    asset.owners = (share(VILLAGE, f"{parts}.00"), share(OTHER_VILLAGE, f"{int(half) - parts}.00"))
    return asset


def test_asset_is_let_on_with_the_owner_s_consent_of_before() -> None:
    asset = leased()
    with refused("OWNER_CONSENT_REQUIRED", asset, missing=["consents"], clause="C4.11-03"):
        asset.sublet(CONTRACT, sublease(), occasion(SIGNED))
    asset.record_consent(word(), occasion(SIGNED))
    assert recorded(asset, Asset.OwnerConsentRecorded).consent == word()
    asset.record_consent(word(), occasion(SIGNED))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.record_consent(word(agreed=False), occasion(SIGNED))
    asset.sublet(CONTRACT, sublease(), occasion(SIGNED))
    assert recorded(asset, Asset.SubletRecorded).consented_by == (VILLAGE,)
    asset.sublet(CONTRACT, sublease(), occasion(SIGNED))
    nothing(asset)
    with refused("ALREADY_EXISTS", asset):
        asset.sublet(CONTRACT, sublease(document_no="转2号"), occasion(SIGNED))


@pytest.mark.parametrize(
    "other",
    [{"counterpart": "O-3"}, {"contract": None}, {"matter": "PLATFORM"}, {"agreed": False}],
)
def test_consent_to_something_else_is_none(other: dict[str, Any]) -> None:
    asset = agree(leased(), word(**other))
    with refused("OWNER_CONSENT_REQUIRED", asset):
        asset.sublet(CONTRACT, sublease(), occasion(SIGNED))


def test_owner_s_last_word_counts() -> None:
    asset = agree(
        leased(), word(decided_on=date(2022, 2, 1)), word("YJ-2", agreed=False, decided_on=date(2022, 2, 2))
    )
    with refused("OWNER_CONSENT_REQUIRED", asset):
        asset.sublet(CONTRACT, sublease(), occasion(SIGNED))


def test_consent_of_the_day_after_comes_after_the_fact() -> None:
    asset = agree(leased(), word(decided_on=date(2022, 3, 2)))
    with refused("CONSENT_AFTER_FACT", asset):
        asset.sublet(CONTRACT, sublease(), occasion(date(2022, 3, 2)))


def test_every_owner_agrees_to_a_sublease_of_a_shared_asset() -> None:
    asset = agree(let_jointly(), word())
    with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=[OTHER_VILLAGE]):
        asset.sublet(CONTRACT, sublease(), occasion(SIGNED))
    agree(asset, word("YJ-2", OTHER_VILLAGE))
    asset.sublet(CONTRACT, sublease(), occasion(SIGNED))
    assert recorded(asset, Asset.SubletRecorded).consented_by == tuple(sorted((VILLAGE, OTHER_VILLAGE)))


def test_sublease_is_of_a_running_contract_and_no_longer_than_it() -> None:
    asset = agree(leased(), word())
    with refused("NOT_FOUND", asset):
        asset.sublet("C-9", sublease(), occasion(SIGNED))
    with refused("NOT_FOUND", asset):
        asset.record_consent(word("YJ-2", contract="C-9"), occasion(SIGNED))
    with refused("SIGNER_NOT_OWNER", asset):
        asset.record_consent(word("YJ-2", "653022202299"), occasion(SIGNED))
    with refused("DATE_ORDER", asset):
        asset.sublet(CONTRACT, sublease(ends_on=date(2026, 10, 1)), occasion(SIGNED))
    with refused("DATE_ORDER", asset):
        asset.sublet(CONTRACT, sublease(starts_on=date(2021, 9, 30)), occasion(SIGNED))
    asset.sublet(CONTRACT, sublease(ends_on=date(2026, 9, 30)), occasion(SIGNED))
    recorded(asset, Asset.SubletRecorded)
    asset.end_contract(CONTRACT, date(2022, 6, 1), "TERMINATED", "收回", occasion(date(2022, 6, 1)))
    settled(asset)
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.sublet(CONTRACT, sublease("ZZ-2"), occasion(date(2022, 6, 1)))
