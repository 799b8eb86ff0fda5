"""Papers of titles asked by their numbers: what a 确权书 or 产权证 says holds, or no longer does, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_business_time import disposed, enter
from tests.api.asset.test_settlements import LINES, NOUN, file, settlement
from tests.api.asset.test_titles import PARTS, SECOND, Title, confirmed, joint, registered, write
from tests.api.bodies import VILLAGE, confirmation
from tests.api.service import Service, new_code


async def asked(service: Service, number: str) -> dict[str, Any]:
    return await service.read("/v1/title-papers", number=number)


async def certified(service: Service) -> tuple[str, dict[str, Any], list[str]]:
    """A market of two villages with their certificates: the asset, what confirms it, and the certificates' numbers."""
    asset = await registered(service, joint())
    proposal = {"proposal": {"villages": [VILLAGE, SECOND]}, "occurredOn": "2021-06-20"}
    await write(service, asset, "joint-shares", proposal, "clerk")
    title = Title(service, asset)
    await title.open()
    entered = {"procedure": title.code, "occurredOn": "2021-06-20"}
    await write(service, asset, "ownership-procedures", entered, "clerk")
    await title.meet_and_post()
    await title.act("notice-completions", "NOTICE", "2021-07-13")
    numbers = []
    for one in PARTS:
        numbers.append(new_code().replace("A-", "确"))
        paper = {
            "village": one["party"],
            "amount": one["amount"],
            "number": numbers[-1],
            "issuedOn": "2021-07-13",
        }
        body = {"certificate": paper, "procedure": title.code}
        await write(service, asset, "ownership-certificates", body, "approver")
    given = confirmation() | {"owners": PARTS, "incomeRightHolders": PARTS, "procedure": title.code}
    return asset, {"confirmation": given, "occurredOn": "2021-07-14"}, numbers


@pytest.mark.clause("C4.5-06")
async def test_certificate_of_a_share_holds_from_the_confirmation_to_the_next_change(
    service: Service,
) -> None:
    """Says of a 确权书 by its number whether its share still is the village's: not before the title, not after a settlement or a dispute."""
    asset, confirming, (first, second) = await certified(service)
    assert (await asked(service, first))["doubts"] == ["UNCONFIRMED"]
    await write(service, asset, "ownership-confirmations", confirming, "approver")
    told = await asked(service, first)
    assert told == {
        "number": first, "kind": "OWNERSHIP", "asset": asset, "holder": VILLAGE, "amount": PARTS[0]["amount"],
        "issuedOn": "2021-07-13", "holds": True, "doubts": [],
    }  # fmt: skip
    await file(service, asset)
    lines = [line | {"village": where} for line, where in zip(LINES, (VILLAGE, SECOND), strict=True)]
    await enter(service, asset, NOUN, settlement(fundingLines=lines))
    for number in (first, second):
        told = await asked(service, number)
        assert (told["holds"], told["doubts"]) == (False, ["SHARE_CHANGED"])
    dispute = {"dispute": {"openedOn": "2022-04-01", "reason": "两村争议"}}
    await enter(service, asset, "title-disputes", dispute)
    assert (await asked(service, first))["doubts"] == ["TITLE_UNCLEAR", "SHARE_CHANGED"]


@pytest.mark.clause("C4.3-09")
async def test_certificate_of_title_holds_until_the_asset_is_disposed_of(service: Service) -> None:
    """Says of a 产权证 by its number that it holds while its holder owns the asset."""
    asset = await confirmed(service)
    number = new_code().replace("A-", "新")
    applied = {
        "certificate": {
            "certificate": "Z1",
            "kind": "TITLE",
            "holder": VILLAGE,
            "appliedOn": "2021-09-01",
        }
    }
    await enter(service, asset, "title-certificates", applied, "approver")
    issued = {"number": number, "issuedOn": "2021-09-20"}
    await enter(service, asset, "title-certificates/Z1/issue", issued, "approver")
    told = await asked(service, number)
    assert (told["kind"], told["holder"], told["holds"], told["issuedOn"]) == (
        "TITLE",
        VILLAGE,
        True,
        "2021-09-20",
    )
    assert "amount" not in told
    await disposed(service, asset)
    assert (await asked(service, number))["doubts"] == ["DISPOSED"]


async def test_number_that_was_never_given_is_not_found(service: Service) -> None:
    answer = await service.get("/v1/title-papers", number="确9999")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
