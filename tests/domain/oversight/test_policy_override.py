"""Exceptions from rules of principle (P25): who grants them, for what, for how long."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.organization.organization import OrganizationCard
from domain.oversight.policy_override import OverrideGrant, OverrideRevocation, PolicyOverride
from tests.domain.saying import nothing, recorded, refused
from tests.examples import (
    ASSET,
    VILLAGE,
    confirmed_road,
    in_use,
    occasion,
    override,
    propose,
    regulation_with,
    settled,
    sign,
    terms,
)

GRANTED = date(2021, 9, 1)
WELL = "WELL_OPERATING_NOT_DISPOSABLE"


def unit(kind: str = "COUNTY_GOV") -> OrganizationCard:
    return OrganizationCard.model_validate(
        {"name": "陶县人民政府", "kind": kind, "validFrom": date(2018, 1, 1)}, by_alias=True
    )


def wanted(**changes: Any) -> OverrideGrant:
    given: dict[str, Any] = {
        "code": WELL,
        "asset": ASSET,
        "document_no": "陶政函〔2021〕30号",
        "document_sha256": "a" * 64,
        "reason": "整村搬迁，确需处置",
        "granted_on": GRANTED,
        "expires_on": date(2021, 12, 31),
    }
    return OverrideGrant(**(given | changes))


def grant(on: date = GRANTED, *, under: Any = None, by: str = "COUNTY_GOV", **changes: Any) -> PolicyOverride:
    kind = changes.pop("kind", "COUNTY_GOV")
    at = occasion(on, under=under)
    return PolicyOverride.grant("PO-1", wanted(**changes), (by, unit(kind)), {VILLAGE, "COMMERCE"}, at)


def test_county_government_grants_an_exception() -> None:
    made = grant()
    event = recorded(made, PolicyOverride.Granted)
    assert (event.override_grant, event.granted_by, event.basis.clauses) == (
        wanted(),
        "COUNTY_GOV",
        ("C4.12-01",),
    )


@pytest.mark.parametrize(
    "kind",
    ["LEADING_GROUP", "ASSET_OFFICE", "BODY", "DEPARTMENT", "TOWNSHIP", "FARM", "VILLAGE", "COMPANY"],
)
def test_unit_below_the_county_government_grants_nothing(kind: str) -> None:
    with refused("FORBIDDEN"):
        grant(kind=kind)


def test_unit_that_the_asset_belongs_to_does_not_except_itself() -> None:
    with refused("FORBIDDEN"):
        grant(by="COMMERCE")


@pytest.mark.parametrize("code", ["OWNERSHIP_NOT_CONFIRMED", "APPRAISAL_REQUIRED", "NO_SUCH_CODE"])
def test_exception_from_what_no_document_lifts_is_refused(code: str) -> None:
    with refused("OVERRIDE_NOT_POSSIBLE"):
        grant(code=code)


def test_exception_from_a_rule_that_the_county_took_out_of_its_principles_is_refused() -> None:
    strict = regulation_with(
        "P25",
        {
            "granted_at_least_by": "COUNTY",
            "requires": ["DOCUMENT", "REASON", "EXPIRY"],
            "in_principle_clauses": ["C4.5-13", "C4.7-07"],
        },
    )
    with refused("OVERRIDE_NOT_POSSIBLE"):
        grant(under=strict)


def test_exception_needs_an_end_where_the_county_asks_for_one() -> None:
    with refused("FIELD_REQUIRED"):
        grant(expires_on=None)
    loose = regulation_with(
        "P25",
        {
            "granted_at_least_by": "COUNTY",
            "requires": ["DOCUMENT", "REASON"],
            "in_principle_clauses": ["C4.12-01"],
        },
    )
    endless = grant(expires_on=None, under=loose)
    recorded(endless, PolicyOverride.Granted)
    assert endless.held_on(date(2090, 1, 1))


def test_exception_does_not_end_before_it_begins() -> None:
    recorded(grant(expires_on=GRANTED), PolicyOverride.Granted)
    with refused("DATE_ORDER"):
        grant(expires_on=date(2021, 8, 31))


def test_exception_is_not_granted_tomorrow() -> None:
    with refused("DATE_IN_FUTURE"):
        grant(granted_on=date(2099, 1, 1), expires_on=date(2099, 12, 31))


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2021, 8, 31), "OVERRIDE_NOT_IN_FORCE"),
        (date(2021, 9, 1), None),
        (date(2021, 12, 31), None),
        (date(2022, 1, 1), "OVERRIDE_NOT_IN_FORCE"),
    ],
)
def test_exception_holds_from_its_first_to_its_last_day(day: date, code: str | None) -> None:
    made = settled(grant())
    assert made.held_on(day) == (code is None)
    if code is None:
        assert (made.lifting(day).code, made.lifting(day).override) == (WELL, "PO-1")
    else:
        with refused("OVERRIDE_NOT_IN_FORCE"):
            made.lifting(day)


def test_revoked_exception_lifts_nothing_from_that_day_on() -> None:
    made = settled(grant())
    ended = OverrideRevocation(
        revoked_on=date(2021, 10, 1), document_no="陶政函〔2021〕41号", reason="情况变化"
    )
    made.revoke(ended, occasion(date(2021, 10, 1)))
    assert recorded(made, PolicyOverride.Revoked).revocation == ended
    assert made.lifting(date(2021, 9, 30)).override == "PO-1"
    with refused("OVERRIDE_REVOKED", made):
        made.lifting(date(2021, 10, 1))
    made.revoke(ended, occasion(date(2021, 10, 1)))
    nothing(made)
    with refused("OVERRIDE_REVOKED", made):
        made.revoke(ended.model_copy(update={"reason": "另一理由"}), occasion(date(2021, 10, 1)))


def test_exception_is_not_revoked_before_it_was_granted_nor_tomorrow() -> None:
    made = settled(grant())
    for day, code in ((date(2021, 8, 31), "DATE_ORDER"), (date(2099, 1, 1), "DATE_IN_FUTURE")):
        with refused(code, made):
            made.revoke(
                OverrideRevocation(revoked_on=day, document_no="文", reason="理由"), occasion(GRANTED)
            )


def test_exception_for_another_asset_lifts_nothing() -> None:
    asset = in_use()
    foreign = override(WELL, subject="asset-OTHER")
    with refused("OVERRIDE_OTHER_SUBJECT", asset):
        propose(asset, occasion(overrides=(foreign,)))


def test_exception_from_another_rule_lifts_nothing() -> None:
    road = confirmed_road()
    with refused("MODE_NOT_ALLOWED_FOR_CLASS", road):
        sign(road, terms(signer="TRANSPORT"), occasion(overrides=(override(WELL),)))
