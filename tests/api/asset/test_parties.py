"""Who acts for whom over HTTP: an owner for its own part, the unit above on behalf and marked so, nobody for another owner."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_titles import SECOND, confirmed, refused, registered, shares, write
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, terms
from tests.api.contracts import decided
from tests.api.income.decided import account_of, line, plan
from tests.api.service import Service


async def shared(service: Service) -> str:
    """An asset that two villages own, 60 to 40 (C4.5-16)."""
    asset = await registered(service, card(projectScope="CROSS_VILLAGE"))
    lines = [
        {"township": TOWNSHIP, "village": village, "coveredPoorHouseholds": households}
        for village, households in ((VILLAGE, 60), (SECOND, 40))
    ]
    plan = {"plan": {"proposedBy": "COMMERCE", "lines": lines}, "occurredOn": "2021-07-01"}
    await write(service, asset, "quantification-plans", plan, "commerce")
    decision = {"decision": {"documentNo": "陶政函9号", "decidedOn": "2021-07-05", "reasons": "按方案"}}
    await write(service, asset, "county-decisions", decision, "county")
    parts = shares(**{f"v{VILLAGE}": "600000.00", f"v{SECOND}": "400000.00"})
    given = confirmation() | {"owners": parts, "incomeRightHolders": parts}
    await write(
        service,
        asset,
        "ownership-confirmations",
        {"confirmation": given, "occurredOn": "2021-07-10"},
        "approver",
    )
    return asset


def codes(answer: dict[str, Any]) -> set[str]:
    """What the answer warns of."""
    return {one["code"] for one in answer["warnings"]}


@pytest.mark.clause("C4.9-03", "C4.7-05")
async def test_one_owner_does_not_act_for_another(service: Service) -> None:
    """Refuses a contract in a co-owner's name and a plan over a co-owner's income."""
    asset = await shared(service)
    lease = terms(charterDocument="章程1号")
    body = await decided(service, asset, lease)
    assert await refused(service, asset, "leases", body, "quiet_village") == (
        403,
        "FORBIDDEN",
        [],
    )
    await write(service, asset, "leases", body, "village")
    receipt = {
        "receipt": "R1", "amount": "30000.00", "receivedOn": "2022-09-01", "contract": "L1", "voucherNo": "收-1",
    }  # fmt: skip
    await write(service, asset, "income-receipts", {"receipt": receipt}, "village")
    foreign = await service.post("/v1/income-plans", plan(VILLAGE, asset, line("18000.00")), "quiet_village")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")
    await account_of(service, SECOND, on="2021-09-01")
    own = await service.write("/v1/income-plans", plan(SECOND, asset, line("12000.00")), "quiet_village")
    assert own["resource"]["state"] == "PROPOSED"


@pytest.mark.clause("C4.7-04")
async def test_what_the_township_records_for_a_village_says_so(service: Service) -> None:
    """Marks a contract that the township entered for the village; not what the village did itself."""
    asset = await confirmed(service)
    lease = await write(service, asset, "leases", await decided(service, asset, terms()), "clerk")
    (mark,) = [one for one in lease["warnings"] if one["code"] == "RECORDED_ON_BEHALF"]
    assert (mark["params"]["unit"], mark["params"]["recorder"]) == (VILLAGE, TOWNSHIP)
    stored = (await service.read(f"/v1/assets/{asset}/events"))["events"][-1]
    assert "RECORDED_ON_BEHALF" in {one["code"] for one in stored["basis"]["warnings"]}
    itself = await confirmed(service)
    assert "RECORDED_ON_BEHALF" not in codes(
        await write(service, itself, "leases", await decided(service, itself, terms()), "village")
    )
    stranger = await refused(service, itself, "leases", {"terms": terms("L2")}, "neighbour")
    assert stranger[:2] == (403, "FORBIDDEN_JURISDICTION")


@pytest.mark.clause("C2-02")
@pytest.mark.parametrize("right", ["USE", "DISPOSAL"])
async def test_only_an_owner_gives_a_right_away(service: Service, right: str) -> None:
    """Refuses a right of use or disposal that the township gives to a company over a village's asset."""
    asset = await confirmed(service)
    given = {"right": right, "holder": "CO-1", "basisDocument": "乡1号", "since": "2021-08-10"}
    body = {"assignment": given, "occurredOn": "2021-08-10"}
    assert await refused(service, asset, "rights", body, "clerk") == (403, "FORBIDDEN", [])
    await write(service, asset, "rights", body, "village")


@pytest.mark.clause("C4.7-06", "C4.9-05")
async def test_a_village_s_plan_and_account_say_who_recorded_them(service: Service) -> None:
    """Marks a plan and a sub-account that the township enters for the village; a department is refused."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await decided(service, asset, terms()), "village")
    receipt = {
        "receipt": "R1", "amount": "30000.00", "receivedOn": "2022-09-01", "contract": "L1", "voucherNo": "收-1",
    }  # fmt: skip
    kept = await write(service, asset, "income-receipts", {"receipt": receipt}, "clerk")
    assert "RECORDED_ON_BEHALF" in codes(kept)
    account = f"/v1/organizations/{VILLAGE}/income-sub-account"
    opening = {
        "openedOn": "2022-09-02", "balance": "30000.00", "documentNo": "村账1号", "documentSha256": "a" * 64,
    }  # fmt: skip
    planned = plan(VILLAGE, asset, line("18000.00"))
    for path, body in ((account, {"opening": opening}), ("/v1/income-plans", planned)):
        foreign = await service.post(path, body, "commerce")
        assert (foreign.status_code, foreign.json()["code"]) == (403, "FORBIDDEN"), path
    assert "RECORDED_ON_BEHALF" in codes(await service.write(account, {"opening": opening}, "clerk"))
    proposed = await service.write("/v1/income-plans", planned, "clerk")
    (mark,) = [one for one in proposed["warnings"] if one["code"] == "RECORDED_ON_BEHALF"]
    assert (mark["params"]["unit"], mark["params"]["recorder"]) == (VILLAGE, TOWNSHIP)
    itself = f"/v1/income-plans/{proposed['id']}/withdrawal"
    assert "RECORDED_ON_BEHALF" not in codes(await service.write(itself, {"reason": "重新商议"}, "village"))
