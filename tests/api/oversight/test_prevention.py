"""What is cut small to stay below a threshold is seen, over HTTP (C5.4-04)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_titles import registered, write
from tests.api.bodies import VILLAGE, card, confirmation, transfer
from tests.api.disposals import parting
from tests.api.service import Service

WORTH = "99000.00"


async def sold(service: Service, on: str, price: str = WORTH) -> str:
    """An old machine of the village, sold on a day."""
    lines = [{"source": "FISCAL_DEV", "amount": WORTH, "allocatedOn": "2020-12-01"}]
    asset = await registered(service, card(originalValue=WORTH, fundingLines=lines))
    await write(service, asset, "transfers", {"transfer": transfer()}, "clerk")
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    taken = {"receiver": VILLAGE, "items": items, "occurredOn": "2021-08-02"}
    await write(service, asset, "transfers/T1/acceptances", taken, "clerk")
    await write(service, asset, "transfers/T1/completion", {"occurredOn": "2021-08-03"}, "clerk")
    owned = {"confirmation": confirmation(WORTH), "occurredOn": "2021-08-10"}
    await write(service, asset, "ownership-confirmations", owned, "office")
    idle = {"report": {"state": "IDLE", "reportedOn": "2022-02-01"}}
    await write(service, asset, "status-reports", idle, "clerk")
    proposal = {"disposal": "D1", "kind": "AUCTION", "reason": "长期闲置"}
    it = await parting(service, asset, proposal, "2022-02-02", "A14s")
    await write(service, asset, "disposals", it.body, "clerk")
    await it.take("DECISION")
    appraisal = {
        "method": "AGENCY", "value": price, "baseDate": "2022-02-10", "reportNo": "评-1",
        "agency": "资产评估公司", "agencyLicence": "资质001",
    }  # fmt: skip
    body: dict[str, Any] = {"appraisal": appraisal, "occurredOn": "2022-02-10"}
    await write(service, asset, "disposals/D1/appraisals", body, "clerk")
    publication = {
        "publishedOn": "2022-02-11", "channel": "BULLETIN_BOARD", "place": VILLAGE, "evidenceSha256": "a" * 64,
    }  # fmt: skip
    await write(service, asset, "disposals/D1/publications", {"publication": publication}, "clerk")
    approval = {
        "approver": "653022202000", "approverLevel": "TOWNSHIP", "documentNo": "乡批1号", "approvedOn": "2022-02-20",
    }  # fmt: skip
    await write(service, asset, "disposals/D1/approval", {"approval": approval}, "approver")
    sale = {"disposedOn": on, "price": price, "buyer": "买受人", "documentNo": "成交1"}
    await write(service, asset, "disposals/D1/execution", {"sale": sale}, "clerk")
    return asset


@pytest.mark.clause("C5.4-04")
async def test_three_disposals_just_under_the_threshold_in_thirty_days_are_seen(service: Service) -> None:
    """Shows three disposals of 99,000.00 by one village within 30 days as split; one that is 31 days away is not among them."""
    assets = [await sold(service, day) for day in ("2022-03-01", "2022-03-15", "2022-03-31")]
    alone = await sold(service, "2022-06-01")
    asked = {"rule": "SPLIT_DISPOSAL", "min_position": await service.head()}
    (row,) = [
        one
        for one in (await service.read("/v1/ledgers/anomalies", **asked))["rows"]
        if one["subject"] == VILLAGE
    ]
    assert (row["since"], row["cases"], row["evidence"]["sum"]) == ("2022-03-01", 3, "297000.00")
    assert sorted(row["evidence"]["assets"]) == sorted(assets)
    assert alone not in row["evidence"]["assets"]
