"""Subleases over HTTP (C4.11-03): with the consent of every owner, each recorded by its own key or for it and marked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_care_by_table import let_across_villages
from tests.api.asset.test_titles import SECOND, refused, write
from tests.api.bodies import VILLAGE
from tests.api.service import Service

SEEN = "d" * 64


def word(consent: str, owner: str, on: str = "2022-03-01", **changes: Any) -> dict[str, Any]:
    told = {"consent": consent, "owner": owner, "counterpart": "OP-9", "agreed": True, "decidedOn": on}
    return {"consent": told | {"documentNo": "村意1号", "documentSha256": SEEN} | changes}


def sublease(**changes: Any) -> dict[str, Any]:
    told = {
        "sublease": "ZZ-1", "operator": {"operator": "OP-9", "name": "杏干合作社"}, "documentNo": "转1号",
        "startsOn": "2022-03-01", "endsOn": "2022-12-31", "signedOn": "2022-03-01",
    }  # fmt: skip
    return {"sublease": told | changes}


@pytest.mark.clause("C4.11-03")
async def test_operator_lets_on_only_as_every_owner_agreed_before(service: Service) -> None:
    """Refuses a sublease without consent, with one owner's, with the other's of the day after; takes it with both of before, each its own word."""
    asset = await let_across_villages(service)
    consents, subleases = "leases/L1/consents", "leases/L1/subleases"
    lacking = (409, "OWNER_CONSENT_REQUIRED", ["consents"])
    assert await refused(service, asset, subleases, sublease(), "village") == lacking
    foreign = await refused(service, asset, consents, word("Y1", SECOND), "village")
    assert foreign[:2] == (403, "FORBIDDEN")
    stranger = await refused(service, asset, consents, word("Y1", "653022202210"), "clerk")
    assert stranger[:2] == (409, "SIGNER_NOT_OWNER")
    await write(service, asset, consents, word("Y1", VILLAGE), "village")
    alone = (409, "CO_OWNER_CONSENT_REQUIRED", [SECOND])
    assert await refused(service, asset, subleases, sublease(), "village") == alone
    marked = await write(service, asset, consents, word("Y2", SECOND, "2022-03-02"), "clerk")
    assert "RECORDED_ON_BEHALF" in {one["code"] for one in marked["warnings"]}
    late = await refused(service, asset, subleases, sublease(), "village")
    assert late[:2] == (409, "CONSENT_AFTER_FACT")
    done = await write(service, asset, subleases, sublease(signedOn="2022-03-02"), "village")
    assert done["resource"]["subleases"]["ZZ-1"]["operator"]["operator"] == "OP-9"
