"""Platform companies (C4.7-13): authorised for parts of an operating asset's management, never twice for the same part of a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.asset.facts.consents import OwnerConsent
from domain.asset.facts.platforms import PlatformAuthorisation
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    OTHER_VILLAGE,
    SHA,
    VILLAGE,
    confirmed,
    confirmed_jointly,
    confirmed_road,
    disposed,
    occasion,
    registered,
    settled,
    sign,
    terms,
    yuan,
)

DAY = date(2021, 10, 1)


def paper(*scopes: str, **changes: Any) -> PlatformAuthorisation:
    told: dict[str, Any] = {"company": "GZ-1", "scopes": scopes or ("OPERATE",), "since": DAY}
    return PlatformAuthorisation(
        **(told | {"until": date(2022, 9, 30), "document_no": "陶国资1号"} | changes)
    )


def authorised(*scopes: str, **changes: Any) -> Asset:
    asset, given = confirmed(), paper(*scopes, **changes)
    asset.authorise_platform(given, "COMPANY", occasion(given.since))
    return settled(asset)


def test_owner_authorises_a_company_and_stays_the_owner() -> None:
    asset = confirmed()
    before = asset.owners
    asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    assert recorded(asset, Asset.PlatformAuthorised).authorisation == paper()
    asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    nothing(asset)
    assert (asset.owners, asset.user_right_holder) == (before, VILLAGE)


def test_scope_is_one_of_the_four_that_the_clause_names() -> None:
    """四(七)3：运营、维护、资产收益分配和日常监管。"""
    for scope in ("OPERATE", "MAINTAIN", "DISTRIBUTE", "SUPERVISE"):
        assert authorised(scope).platforms == (paper(scope),)
    asset = confirmed()
    with refused("CODE_UNKNOWN", asset):
        asset.authorise_platform(paper("OPERATE", "SELL"), "COMPANY", occasion(DAY))


def test_only_operating_assets_with_a_title_have_a_platform() -> None:
    for asset, code in (
        (confirmed_road(), "MODE_NOT_ALLOWED_FOR_CLASS"),
        (registered(), "OWNERSHIP_NOT_CONFIRMED"),
        (disposed(), "ASSET_DISPOSED"),
    ):
        with refused(code, asset):
            asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    asset = confirmed()
    for kind, company in (("DEPARTMENT", "GZ-1"), ("COMPANY", VILLAGE)):
        with refused("FIELD_INVALID", asset, clause="C4.7-13"):
            asset.authorise_platform(paper(company=company), kind, occasion(DAY))


@pytest.mark.parametrize(
    ("scopes", "changes", "clashes"),
    [
        (("OPERATE", "SUPERVISE"), {"company": "GZ-2"}, True),
        (("SUPERVISE",), {"company": "GZ-2"}, False),
        (("SUPERVISE",), {}, True),
        (("OPERATE",), {"since": date(2022, 9, 30), "until": date(2023, 1, 1)}, True),
        (("OPERATE",), {"since": date(2022, 10, 1), "until": date(2023, 1, 1)}, False),
    ],
)
def test_part_of_a_day_is_given_to_one_company(
    scopes: tuple[str, ...], changes: dict[str, Any], clashes: bool
) -> None:
    asset = authorised()
    later = occasion(date(2022, 10, 1))
    if clashes:
        with refused("ALREADY_EXISTS", asset, clause="C4.7-13"):
            asset.authorise_platform(paper(*scopes, **changes), "COMPANY", later)
    else:
        asset.authorise_platform(paper(*scopes, **changes), "COMPANY", later)
        recorded(asset, Asset.PlatformAuthorised)


def test_co_owners_agree_to_the_platform_by_consents_on_record() -> None:
    asset = confirmed_jointly()
    parties = [one.party for one in asset.owners]

    def agree(owner: str, day: date = DAY, **changes: Any) -> None:
        given: dict[str, Any] = {
            "consent": f"YJ-{owner}-{day}-{changes}", "owner": owner, "counterpart": "GZ-1", "agreed": True, "decided_on": day,
            "document_no": "村意1号", "document_sha256": SHA, "matter": "PLATFORM",
        }  # fmt: skip
        consent = OwnerConsent(**(given | changes | {"consent": f"YJ-{len(asset.consents)}"}))
        asset.record_consent(consent, occasion(DAY))
        assert recorded(asset, Asset.OwnerConsentRecorded).consent == consent
        asset.record_consent(consent, occasion(DAY))
        nothing(asset)

    with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=sorted(parties)):
        asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    agree(parties[0])
    for other in parties[1:]:
        agree(other, counterpart="GZ-2")
        agree(other, agreed=False)
    with refused("CO_OWNER_CONSENT_REQUIRED", asset, missing=sorted(parties[1:])):
        asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    for other in parties[1:]:
        agree(other)
    asset.authorise_platform(paper(), "COMPANY", occasion(DAY))
    assert recorded(asset, Asset.PlatformAuthorised).consented_by == tuple(sorted(parties))


def test_platform_signs_from_its_first_day_to_its_last_inside_its_scope() -> None:
    text = terms(signer="GZ-1", annual_income=yuan("30000.00"))
    for scope, code in (("MAINTAIN", "PLATFORM_SCOPE_EXCEEDED"), ("OPERATE", None)):
        asset = authorised(scope)
        if code is not None:
            with refused("PLATFORM_SCOPE_EXCEEDED", asset, clause="C4.7-13"):
                sign(asset, text, occasion(DAY))
        else:
            sign(asset, text, occasion(DAY))
            signed = recorded(asset, Asset.Leased)
            assert signed.carries_out(asset).unit == VILLAGE
    ended = authorised(since=date(2021, 9, 1), until=date(2021, 9, 30))
    with refused("SIGNER_NOT_OWNER", ended):
        sign(ended, text, occasion(DAY))
    with refused("SIGNER_NOT_OWNER"):
        sign(authorised(company="GZ-2"), text, occasion(DAY))


def test_authorisation_ends_before_its_time_once() -> None:
    asset = authorised()
    last = date(2022, 1, 31)
    with refused("NOT_FOUND", asset):
        asset.end_platform(OTHER_VILLAGE, last, "撤回", occasion(last))
    asset.end_platform("GZ-1", last, "撤回", occasion(last))
    assert recorded(asset, Asset.PlatformAuthorisationEnded).last_day == last
    with refused("STEP_OUT_OF_ORDER", asset):
        asset.end_platform("GZ-1", last, "撤回", occasion(last))
    with refused("NOT_FOUND", asset):
        asset.end_platform("GZ-1", date(2022, 2, 1), "撤回", occasion(date(2022, 2, 1)))
