"""Consents and pre-emption of a disposal over HTTP (四(十二), P34, 民法典 301, 726, 727): each owner's own part, the lessee asked first."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.asset.test_disposal_decisions import approval, forwarding
from tests.api.asset.test_disposal_rules import appraisal, publication
from tests.api.asset.test_titles import confirmed, refused, registered, write
from tests.api.bodies import VILLAGE, road, terms
from tests.api.contracts import decided
from tests.api.disposals import Parting, parting
from tests.api.service import Service

ON = "2023-05-01"
SEEN = "d" * 64


def proposal(kind: str = "TRANSFER") -> dict[str, Any]:
    return {"disposal": "D1", "kind": kind, "reason": "长期闲置"}


def offer(code: str = "PO1", on: str = "2023-06-20", price: str | None = "150000.00") -> dict[str, Any]:
    told = {
        "offer": code,
        "holder": "OP-1",
        "conditions": "一次付清",
        "offeredOn": on,
        "evidenceSha256": SEEN,
    }
    return {"offer": told if price is None else told | {"price": price}}


def answer(outcome: str, on: str, code: str = "PO1") -> dict[str, Any]:
    return {"offer": code, "answer": {"outcome": outcome, "answeredOn": on, "evidenceSha256": SEEN}}


def sale(on: str, price: str = "150000.00", buyer: str = "买受人") -> dict[str, Any]:
    return {"sale": {"disposedOn": on, "price": price, "buyer": buyer, "documentNo": "成交1号"}}


async def approved(service: Service, kind: str = "TRANSFER", asset_type: str = "WORKSHOP") -> str:
    """A village's leased workshop of 150,000.00 yuan, approved to be disposed of on 2023-05-20."""
    asset = await confirmed(service, assetType=asset_type)
    await write(service, asset, "leases", await decided(service, asset, terms()), "village")
    it = await parting(service, asset, proposal(kind), ON)
    await write(service, asset, "disposals", it.body, "village")
    await it.take("DECISION")
    await to_the_county(service, asset)
    await write(service, asset, "disposals/D1/approval", approval(), "county")
    return asset


async def to_the_county(service: Service, asset: str) -> None:
    """Appraised, published and passed on by both levels."""
    await write(service, asset, "disposals/D1/appraisals", appraisal(), "village")
    await write(service, asset, "disposals/D1/publications", publication(), "village")
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        await write(service, asset, "disposals/D1/forwardings", forwarding(level), who)


OFFERS, ANSWERS = "disposals/D1/preemption-offers", "disposals/D1/preemption-answers"
EXECUTION = "disposals/D1/execution"


async def again(service: Service, asset: str, noun: str, body: dict[str, Any], who: str) -> tuple[int, int]:
    """What was recorded already, sent once more: the status, and how many events it made."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    told = await service.post(f"/v1/assets/{asset}/{noun}", body, who, version=version)
    return told.status_code, told.json()["eventCount"]


async def stopped(service: Service, asset: str, body: dict[str, Any]) -> tuple[str, str | None]:
    """The sale is refused for the lessee: the code, and until when as its words say."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    told = await service.post(f"/v1/assets/{asset}/{EXECUTION}", body, "village", version=version)
    assert told.status_code == 409, told.json()
    until = re.search(r"至 (\S+) 止", told.json()["detail"])
    return told.json()["code"], until and until[1]


@pytest.mark.clause("C4.12-05")
async def test_a_leased_house_is_offered_to_its_lessee_fifteen_days_before_it_is_sold(
    service: Service,
) -> None:
    """Refuses the sale without an offer, on the 14th and on the 15th day after it; takes it on the 16th."""
    asset = await approved(service)
    assert await stopped(service, asset, sale("2023-07-10")) == ("LESSEE_PREEMPTION_PENDING", None)
    await write(service, asset, OFFERS, offer(on="2023-06-20"), "village")
    held = (await service.read(f"/v1/assets/{asset}"))["resource"]["disposals"]["D1"]["offers"]["PO1"]
    assert held["dueOn"] == "2023-07-05"
    for day in ("2023-07-04", "2023-07-05"):
        assert await stopped(service, asset, sale(day)) == ("LESSEE_PREEMPTION_PENDING", "2023-07-05"), day
    await write(service, asset, EXECUTION, sale("2023-07-06"), "village")


@pytest.mark.clause("C4.12-05")
async def test_days_of_an_offer_that_end_on_a_rest_day_end_on_the_next_working_day(service: Service) -> None:
    """The fifteenth day is Saturday 8 July 2023: the answer may come on Monday the 10th, and the sale on the 11th."""
    asset = await approved(service)
    await write(service, asset, OFFERS, offer(on="2023-06-23"), "village")
    for day in ("2023-07-09", "2023-07-10"):
        assert await stopped(service, asset, sale(day)) == ("LESSEE_PREEMPTION_PENDING", "2023-07-10"), day
    await write(service, asset, EXECUTION, sale("2023-07-11"), "village")


@pytest.mark.clause("C4.12-05")
async def test_a_lessee_that_gives_it_up_in_writing_is_not_waited_for(service: Service) -> None:
    """Refuses the sale the day before the waiver, and at a fen less than was offered; takes it on the day of the waiver."""
    asset = await approved(service)
    await write(service, asset, OFFERS, offer(price="160000.00"), "village")
    await write(service, asset, ANSWERS, answer("WAIVED", "2023-06-25"), "clerk")
    assert (await stopped(service, asset, sale("2023-06-24", "160000.00")))[0] == "LESSEE_PREEMPTION_PENDING"
    assert (await stopped(service, asset, sale("2023-06-25", "159999.99")))[0] == "LESSEE_PREEMPTION_PENDING"
    await write(service, asset, EXECUTION, sale("2023-06-25", "160000.00"), "village")


@pytest.mark.clause("C4.12-05")
async def test_a_lessee_that_buys_is_the_buyer(service: Service) -> None:
    """Refuses the sale to anybody else, long after the days as well; an acceptance on the 16th day is too late and binds nobody."""
    asset = await approved(service)
    await write(service, asset, OFFERS, offer(on="2023-06-20"), "village")
    await write(service, asset, ANSWERS, answer("ACCEPTED", "2023-07-05"), "village")
    for day in ("2023-07-06", "2023-09-01"):
        assert (await stopped(service, asset, sale(day)))[0] == "LESSEE_PREEMPTION_PENDING", day
    await write(service, asset, EXECUTION, sale("2023-07-06", buyer="核桃合作社"), "village")
    late = await approved(service)
    await write(service, late, OFFERS, offer(on="2023-06-20"), "village")
    await write(service, late, ANSWERS, answer("ACCEPTED", "2023-07-06"), "village")
    await write(service, late, EXECUTION, sale("2023-07-06"), "village")


@pytest.mark.clause("C4.12-05")
async def test_a_lessee_is_told_of_an_auction_five_days_before_it(service: Service) -> None:
    """Refuses an auction without notice and on the fourth day after it; on the fifth it is held, whatever the price."""
    asset = await approved(service, "AUCTION")
    assert (await stopped(service, asset, sale("2023-06-25")))[0] == "LESSEE_PREEMPTION_PENDING"
    await write(service, asset, OFFERS, offer(on="2023-06-20", price=None), "village")
    assert (await stopped(service, asset, sale("2023-06-24")))[0] == "LESSEE_PREEMPTION_PENDING"
    await write(service, asset, EXECUTION, sale("2023-06-25"), "village")


async def test_only_a_lessee_of_a_house_is_asked_first(service: Service) -> None:
    """A leased production line is sold without an offer, and so is a workshop that nobody leases any more."""
    line = await approved(service, asset_type="PROCESSING")
    await write(service, line, EXECUTION, sale("2023-06-20"), "village")
    over = await approved(service)
    ending = {"endedOn": "2023-06-01", "outcome": "TERMINATED", "reason": "协商解除"}
    await write(service, over, "leases/L1/ending", ending, "village")
    tried = await refused(service, over, OFFERS, offer(), "village")
    assert tried[:2] == (422, "FIELD_INVALID")
    await write(service, over, EXECUTION, sale("2023-06-20"), "village")


@pytest.mark.parametrize(
    ("noun", "body", "status", "code"),
    [
        (OFFERS, offer(price=None), 422, "FIELD_REQUIRED"),
        (OFFERS, offer(price="-0.01"), 422, "AMOUNT_NOT_POSITIVE"),
        (OFFERS, {"offer": offer()["offer"] | {"holder": "OP-2"}}, 422, "FIELD_INVALID"),
        (OFFERS, offer(on="2023-04-30"), 404, "NOT_FOUND"),
        ("disposals/D9/preemption-offers", offer(), 404, "NOT_FOUND"),
        (ANSWERS, answer("WAIVED", "2023-06-25", "PO9"), 404, "NOT_FOUND"),
        (ANSWERS, answer("WAIVED", "2023-06-19"), 422, "DATE_ORDER"),
        (ANSWERS, answer("PERHAPS", "2023-06-25"), 422, "FIELD_INVALID"),
    ],
)
async def test_an_offer_or_answer_that_means_nothing_is_refused(
    service: Service, noun: str, body: dict[str, Any], status: int, code: str
) -> None:
    asset = await approved(service)
    await write(service, asset, OFFERS, offer(), "village")
    if noun == OFFERS:
        body = {"offer": body["offer"] | {"offer": "PO2"}}
    assert (await refused(service, asset, noun, body, "village"))[:2] == (status, code)


async def test_an_offer_and_an_answer_are_recorded_once(service: Service) -> None:
    """The same again records nothing; another under its number is refused; a stranger records neither."""
    asset = await approved(service)
    for noun, body, other in (
        (OFFERS, offer(), offer(price="150000.01")),
        (ANSWERS, answer("WAIVED", "2023-06-25"), answer("ACCEPTED", "2023-06-25")),
    ):
        assert (await refused(service, asset, noun, body, "second_village"))[0] == 403
        await write(service, asset, noun, body, "village")
        assert await again(service, asset, noun, body, "village") == (200, 0)
        assert (await refused(service, asset, noun, other, "village"))[:2] == (409, "ALREADY_EXISTS")


# ---- 共有人同意 (P34) -----------------------------------------------------------------------------------------------------


def consent(owner: str, on: str = "2023-05-12") -> dict[str, Any]:
    told = {"owner": owner, "consentedOn": on, "documentNo": "同意函1号", "documentSha256": SEEN}
    return {"consent": told}


CONSENTS = "disposals/D1/consents"


class OfOffices(Parting):
    """The procedure over what two departments own, each with a key of its own."""

    async def who(self, unit: str) -> str:
        return unit.lower()


async def of_two_offices(service: Service, first: str, second: str) -> str:
    """A clinic of FINANCE and COMMERCE, passed on by the former; the parts in yuan."""
    clinic = {"assetType": "HEALTH", "subclass": "PUBLIC_SERVICE", "assetContent": "卫生室", "quantity": "1"}
    asset = await registered(service, road(**clinic, unitOfMeasure="座"))
    owners = [{"party": "FINANCE", "amount": first}, {"party": "COMMERCE", "amount": second}]
    owned = {"owners": owners, "ownerKind": "DEPARTMENT", "verificationBasis": "竣工验收"}
    owned |= {"reformBasisDocument": "卫改〔2020〕1号"}
    body = {"confirmation": owned, "occurredOn": "2021-08-10"}
    await write(service, asset, "ownership-confirmations", body, "office")
    it = OfOffices(service, asset, proposal("SCRAP"), ON)
    await it.open()
    await write(service, asset, "disposals", it.body, "commerce")
    await write(service, asset, "disposals/D1/appraisals", appraisal(), "commerce")
    hung = publication()["publication"] | {"place": VILLAGE}
    await write(service, asset, "disposals/D1/publications", {"publication": hung}, "commerce")
    await write(service, asset, "disposals/D1/forwardings", forwarding("FINANCE"), "finance")
    return asset


@pytest.mark.clause("C4.12-05")
@pytest.mark.parametrize(
    ("first", "second", "enough"),
    [
        ("299999.99", "150000.01", False),
        ("300000.00", "150000.00", True),
        ("300000.01", "149999.99", True),
    ],
)
async def test_owners_that_do_not_vote_consent_each_by_its_own_key(
    service: Service, first: str, second: str, *, enough: bool
) -> None:
    """Refuses the approval of a clinic of 450,000.00 yuan on less than two thirds, a consent in another owner's name, and a stranger's."""
    asset = await of_two_offices(service, first, second)
    tried = await refused(service, asset, "disposals/D1/approval", approval(), "county")
    assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", ["COMMERCE", "FINANCE"])
    assert (await refused(service, asset, CONSENTS, consent("FINANCE"), "commerce"))[:2] == (403, "FORBIDDEN")
    tried = await refused(service, asset, CONSENTS, consent("AGRICULTURE"), "commerce")
    assert tried[:2] == (422, "FIELD_INVALID")
    own = await write(service, asset, CONSENTS, consent("FINANCE"), "finance")
    assert own["warnings"] == []
    assert await again(service, asset, CONSENTS, consent("FINANCE"), "finance") == (200, 0)
    other = consent("FINANCE", "2023-05-13")
    assert (await refused(service, asset, CONSENTS, other, "finance"))[1] == "ALREADY_EXISTS"
    if not enough:
        tried = await refused(service, asset, "disposals/D1/approval", approval(), "county")
        assert tried == (409, "CO_OWNER_CONSENT_REQUIRED", ["COMMERCE"])
        await write(service, asset, CONSENTS, consent("COMMERCE"), "commerce")
    await write(service, asset, "disposals/D1/approval", approval(), "county")


@pytest.mark.clause("C4.12-05")
async def test_a_village_consents_by_its_vote_alone(service: Service) -> None:
    """Refuses a village's paper in the place of its vote in the procedure."""
    asset = await confirmed(service)
    it = await parting(service, asset, proposal(), ON)
    await write(service, asset, "disposals", it.body, "village")
    tried = await refused(service, asset, CONSENTS, consent(VILLAGE), "village")
    assert tried == (409, "DECISION_REQUIRED", ["DECISION"])
