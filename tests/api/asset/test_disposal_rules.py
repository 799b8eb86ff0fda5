"""Rules of a disposal over HTTP (四(十二)): no asset secures a debt, the result hangs where the asset belongs before it is approved."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.allocations import Use, decided_use, leading_group
from tests.api.asset.test_asset_life import Life
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, card, confirmation, custody, terms, transfer
from tests.api.contracts import decided
from tests.api.disposals import parting, put_forward
from tests.api.organization.test_duties import asset_of, confirmed
from tests.api.service import KEYS, Service, new_code

SEEN = "d" * 64


# ---- 严禁以扶贫资产提供抵押担保 (C4.12-06) ------------------------------------------------------------------------------


def encumbrance(kind: str = "PLEDGE", **facts: Any) -> dict[str, Any]:
    told = {"kind": kind, "creditor": "农村信用社", "debtor": "村集体", "amount": "50000.00"}
    return {"encumbrance": told | facts}


async def cases_of(service: Service, asset: str) -> list[dict[str, Any]]:
    page = await service.read(
        "/v1/ledgers/violations", "auditor", min_position=await service.head(), limit=1000
    )
    return [one for one in page["rows"] if asset in one["assets"]]


@pytest.mark.clause("C4.12-06")
@pytest.mark.parametrize("who", ["clerk", "village", "county", "office", "neighbour", "agriculture"])
async def test_an_encumbrance_is_refused_to_everybody_and_who_asked_is_on_record(
    service: Service, who: str
) -> None:
    """Refuses to let an asset secure a debt, to the county government too, and opens a case with who asked, once per request."""
    life = await confirmed(service)
    asset, before = asset_of(life), (await service.read(life.path))["resource"]
    key = new_code("K")
    for kind, times in (("PLEDGE", 2), ("MORTGAGE", 1), ("GUARANTEE", 1)):
        for _ in range(times):
            answer = await service.post(
                f"{life.path}/encumbrances", encumbrance(kind), who, key=f"{key}-{kind}"
            )
            refusal = answer.json()
            assert (answer.status_code, refusal["code"], refusal["clause"]) == (
                409,
                "COLLATERAL_PROHIBITED",
                "C4.12-06",
            )
            assert refusal.get("liftedBy") is None
    cases = await cases_of(service, asset)
    assert [one["kind"] for one in cases] == ["ILLEGAL_DISPOSAL"] * 3
    assert {one["unit"] for one in cases} == {KEYS[who][0]}
    case = await service.read(f"/v1/violations/{cases[0]['violationCase']}", "auditor")
    assert case["resource"]["state"] == "REPORTED" and asset in case["resource"]["violation"]["text"]
    assert (await service.read(life.path))["resource"] == before


async def test_an_exception_does_not_exist_for_an_encumbrance(service: Service) -> None:
    """Neither can the county government grant one, nor does a request take one."""
    life = await confirmed(service)
    grant = {
        "override": new_code("PO"),
        "overrideGrant": {
            "code": "COLLATERAL_PROHIBITED",
            "asset": asset_of(life),
            "documentNo": "陶政函〔2022〕30号",
            "documentSha256": "a" * 64,
            "reason": "村集体贷款",
            "grantedOn": "2022-03-01",
            "expiresOn": "2022-12-31",
        },
    }
    answer = await service.post("/v1/policy-overrides", grant, "county")
    assert (answer.status_code, answer.json()["code"]) == (409, "OVERRIDE_NOT_POSSIBLE")
    answer = await service.post(
        f"{life.path}/encumbrances", encumbrance() | {"overrides": ["PO-1"]}, "county"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "FIELD_UNKNOWN")


async def test_an_encumbrance_found_is_a_finding_and_no_right(service: Service) -> None:
    """An old mortgage is taken in as a report: the asset has no more rights than before."""
    life = await confirmed(service)
    report = {
        "kind": "ILLEGAL_DISPOSAL",
        "happenedOn": "2021-08-20",
        "unit": VILLAGE,
        "assets": [asset_of(life)],
        "text": "不动产登记簿上发现抵押登记",
    }
    await service.write("/v1/violations", {"violation": report}, "auditor")
    assert len(await cases_of(service, asset_of(life))) == 1
    assert (await service.read(life.path))["resource"]["rights"] == []


# ---- 评估结果公开 (C4.12-03) --------------------------------------------------------------------------------------------


def appraisal(value: str = "150000.00", **facts: Any) -> dict[str, Any]:
    told = {
        "method": "AGENCY",
        "value": value,
        "baseDate": "2023-05-10",
        "reportNo": "评-001",
        "agency": "资产评估公司",
        "agencyLicence": "资质001",
    }
    return {"appraisal": told | facts, "occurredOn": "2023-05-11"}


def publication(place: str = VILLAGE, on: str = "2023-05-15") -> dict[str, Any]:
    told = {"publishedOn": on, "channel": "BULLETIN_BOARD", "place": place, "evidenceSha256": SEEN}
    return {"publication": told}


async def proposed(service: Service, kind: str = "AUCTION", disposal: str = "D1") -> Life:
    """A village's production line, proposed for disposal."""
    life = await confirmed(service)
    proposal = {
        "disposal": disposal,
        "kind": kind,
        "reason": "长期闲置",
        "decisionDocument": "村代会〔2023〕3号",
    }
    await put_forward(service, life, proposal, "2023-05-01")
    return life


async def refused(service: Service, life: Life, noun: str, body: Any, who: str = "clerk") -> tuple[int, Any]:
    answer = await service.post(f"{life.path}/{noun}", body, who, version=life.version)
    return answer.status_code, answer.json()


@pytest.mark.clause("C4.12-03")
async def test_an_appraisal_result_hangs_at_the_owners_place_before_it_is_passed_on_or_approved(
    service: Service,
) -> None:
    """Refuses a result posted elsewhere, and forwarding and approval before it is posted; the day of posting is enough, no period runs."""
    life = await proposed(service)
    status, refusal = await refused(service, life, "disposals/D1/publications", publication())
    assert (status, refusal["code"]) == (409, "APPRAISAL_REQUIRED")
    await life.step("disposals/D1/appraisals", appraisal())
    for place in ("653022000000", OTHER_TOWNSHIP):
        status, refusal = await refused(service, life, "disposals/D1/publications", publication(place))
        assert (status, refusal["code"], refusal["clause"]) == (409, "NOTICE_PLACE_MISSING", "C4.12-03")
        assert refusal["missing"] == ["OWNER_LOCATION"]
    forwarding = {"level": "TOWNSHIP", "opinion": "同意", "occurredOn": "2023-05-15"}
    approval = {
        "approver": "COUNTY_GOV",
        "approverLevel": "COUNTY_GOV",
        "documentNo": "政函〔2023〕8号",
        "approvedOn": "2023-05-15",
    }
    for noun, body, who in (
        ("disposals/D1/forwardings", forwarding, "approver"),
        ("disposals/D1/approval", {"approval": approval}, "county"),
    ):
        status, refusal = await refused(service, life, noun, body, who)
        assert (status, refusal["code"], refusal["clause"]) == (409, "APPRAISAL_NOT_PUBLISHED", "C4.12-03")
    status, refusal = await refused(service, life, "disposals/D1/publications", publication(on="2023-05-09"))
    assert (status, refusal["code"]) == (422, "DATE_ORDER")
    await life.step("disposals/D1/publications", publication())
    await life.step("disposals/D1/forwardings", forwarding, "approver")
    await life.step("disposals/D1/forwardings", forwarding | {"level": "AGRICULTURE"}, "agriculture")
    await life.step("disposals/D1/approval", {"approval": approval}, "county")


async def test_a_result_that_is_appraised_anew_has_to_be_posted_anew(service: Service) -> None:
    life = await proposed(service)
    await life.step("disposals/D1/appraisals", appraisal())
    await life.step("disposals/D1/publications", publication())
    await life.step("disposals/D1/appraisals", appraisal("160000.00") | {"occurredOn": "2023-05-16"})
    forwarding = {"level": "TOWNSHIP", "opinion": "同意", "occurredOn": "2023-05-20"}
    status, refusal = await refused(service, life, "disposals/D1/forwardings", forwarding, "approver")
    assert (status, refusal["code"]) == (409, "APPRAISAL_NOT_PUBLISHED")


# ---- 风险防控 (C4.8-01, C4.8-02) ----------------------------------------------------------------------------------------


def cover(code: str = "RC1", **facts: Any) -> dict[str, Any]:
    told = {
        "cover": code,
        "kind": "DEPOSIT",
        "provider": "甲合作社",
        "beneficiary": VILLAGE,
        "amount": "20000.00",
        "validFrom": "2021-09-01",
        "validTo": "2023-12-31",
        "ruleRef": "克扶领发〔2020〕2号",
    }
    return {"cover": told | facts, "occurredOn": "2021-09-10"}


async def leased(service: Service) -> Life:
    life = await confirmed(service)
    await life.step("use", {"inUseSince": "2021-08-15"})
    manager = await service.person(VILLAGE)
    await life.step("custody", {"custody": custody(manager), "occurredOn": "2021-08-16"})
    await life.step("leases", await decided(service, asset_of(life), terms()))
    return life


COVERS = "leases/L1/risk-covers"


async def covers_of(service: Service, life: Life, on: str, **filters: Any) -> dict[str, Any]:
    page = await service.read(
        "/v1/ledgers/risk-covers",
        asset=asset_of(life),
        on=on,
        min_position=await service.head(),
        **filters,
    )
    return {one["cover"]: one for one in page["rows"]}


async def tasks_of(service: Service, life: Life, on: str) -> set[tuple[str, str]]:
    page = await service.read(
        f"/v1/organizations/{VILLAGE}/worklist", on=on, min_position=await service.head(), limit=1000
    )
    rows = [one for one in page["tasks"] if one["subject"] == asset_of(life)]
    return {(one["task"], one["dueOn"]) for one in rows if one["task"].startswith("RISK_COVER")}


@pytest.mark.clause("C4.8-01")
async def test_a_deposit_is_shown_with_the_contract_until_it_expires_and_its_end_is_a_task(
    service: Service,
) -> None:
    """Shows what secures a contract; its last day is covered, the next is not, and the end waits in the worklist until it is released."""
    life = await leased(service)
    answer = await life.step(COVERS, cover(), "village")
    assert answer["warnings"] == []
    held = (await service.read(life.path))["resource"]["riskCovers"]["RC1"]
    assert (held["contract"], held["cover"]["amount"], held["cover"]["kind"]) == ("L1", "20000.00", "DEPOSIT")
    for on, state in (("2023-12-30", "VALID"), ("2023-12-31", "VALID"), ("2024-01-01", "EXPIRED")):
        assert (await covers_of(service, life, on))["RC1"]["state"] == state
        assert bool(await covers_of(service, life, on, state="EXPIRED")) is (state == "EXPIRED")
        waits = set() if on < "2024-01-01" else {("RISK_COVER:RC1", "2023-12-31")}
        assert await tasks_of(service, life, on) == waits
    release = {"releasedOn": "2024-01-05", "reason": "退还保证金"}
    await life.step(f"{COVERS}/RC1/release", {"release": release})
    assert (await covers_of(service, life, "2024-01-05"))["RC1"]["state"] == "RELEASED"
    assert await tasks_of(service, life, "2024-01-05") == set()


@pytest.mark.clause("C4.8-01")
async def test_collateral_is_never_an_asset_whoever_gives_it_and_an_expired_cover_is_warned_of(
    service: Service,
) -> None:
    """Refuses collateral that is this asset, another unit's or a household's, from whoever it comes, and warns of a cover that is over."""
    life, other = await leased(service), await confirmed(service)
    for own in (asset_of(life), asset_of(other)):
        for provider in ("甲合作社", "村集体", "第三方公司"):
            body = cover(kind="COLLATERAL_BY_OPERATOR", collateral=own, provider=provider)
            status, refusal = await refused(service, life, COVERS, body)
            assert (status, refusal["code"]) == (409, "COLLATERAL_PROHIBITED")
    status, refusal = await refused(service, life, COVERS, cover(kind="COLLATERAL_BY_OPERATOR"))
    assert (status, refusal["code"]) == (422, "FIELD_REQUIRED")
    await life.step(COVERS, cover(kind="COLLATERAL_BY_OPERATOR", collateral="经营者自有厂房 房权证1号"))
    for on, code in (("2023-12-31", []), ("2024-01-01", ["RISK_COVER_EXPIRED"])):
        body = cover(f"RC-{on}", kind="INSURANCE", provider="保险公司") | {"occurredOn": on}
        answer = await life.step(COVERS, body, "village")
        assert [one["code"] for one in answer["warnings"]] == code


@pytest.mark.clause("C4.8-02")
async def test_a_cover_without_the_rule_it_follows_is_warned_of_and_listed(service: Service) -> None:
    """Warns of a measure that cites no rule, and lists those that do not."""
    life = await leased(service)
    answer = await life.step(COVERS, cover(ruleRef=None), "village")
    assert [one["code"] for one in answer["warnings"]] == ["RISK_RULE_REF_MISSING"]
    assert list(await covers_of(service, life, "2022-01-01", rule_missing=True)) == ["RC1"]
    await life.step(COVERS, cover("RC2"))
    assert list(await covers_of(service, life, "2022-01-01", rule_missing=False)) == ["RC2"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "0.00"}, 422, "AMOUNT_NOT_POSITIVE"),
        ({"beneficiary": "653022202201"}, 422, "FIELD_INVALID"),
        ({"validTo": "2021-08-31"}, 422, "DATE_ORDER"),
        ({"kind": "PLEDGE_OF_ASSET"}, 422, "FIELD_INVALID"),
    ],
)
async def test_a_cover_that_covers_nothing_is_refused(
    service: Service, changes: dict[str, Any], status: int, code: str
) -> None:
    life = await leased(service)
    told = await refused(service, life, COVERS, cover(**changes))
    assert (told[0], told[1]["code"]) == (status, code)
    told = await refused(service, life, "leases/L9/risk-covers", cover())
    assert (told[0], told[1]["code"]) == (404, "NOT_FOUND")


# ---- 10万元 and the sum of a series (C4.12-04, P01–P03) -----------------------------------------------------------------

SIGNERS = [
    {"person": "P-A", "outsideOwnerUnit": False},
    {"person": "P-B", "outsideOwnerUnit": False},
    {"person": "P-C", "outsideOwnerUnit": True},
]


def in_house(value: str, on: str = "2023-05-11") -> dict[str, Any]:
    told = {"method": "IN_HOUSE", "value": value, "baseDate": "2023-05-01", "reportNo": "内评1号"}
    return {"appraisal": told | {"signers": SIGNERS}, "occurredOn": on}


async def small(
    service: Service,
    project: str | None = None,
    worth: str = "50000.00",
    batch: str | None = None,
    on: str = "2023-05-01",
) -> Life:
    """A village's asset of little book value, proposed for disposal."""
    asset = new_code()
    lines = [{"source": "FISCAL_DEV", "amount": worth, "allocatedOn": "2020-12-01"}]
    facts = {"originalValue": worth, "fundingLines": lines}
    if project is not None:
        facts |= {"projectCode": project}
    await service.write("/v1/assets", {"asset": asset, "card": card(**facts), "occurredOn": "2021-07-15"})
    life = Life(service, asset)
    await life.step("transfers", {"transfer": transfer()})
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    accepted = {"receiver": VILLAGE, "items": items, "occurredOn": "2021-08-02"}
    await life.step("transfers/T1/acceptances", accepted)
    await life.step("transfers/T1/completion", {"occurredOn": "2021-08-03"})
    owned = [{"party": VILLAGE, "amount": worth}]
    body = confirmation() | {"owners": owned, "incomeRightHolders": owned}
    await life.step("ownership-confirmations", {"confirmation": body, "occurredOn": "2021-08-10"}, "office")
    proposal = {
        "disposal": "D1",
        "kind": "AUCTION",
        "reason": "闲置",
        "decisionDocument": "村代会〔2023〕3号",
    }
    if batch is not None:
        proposal |= {"batch": batch}
    await put_forward(service, life, proposal, on)
    return life


async def batch_of(service: Service) -> str:
    body = {"owner": VILLAGE, "name": "2023年第一批", "occurredOn": "2023-05-01"}
    return str((await service.write("/v1/disposal-batches", body))["id"])


@pytest.mark.clause("C4.12-04")
async def test_an_agency_appraises_from_100000_yuan_on_and_nobody_below_has_to(service: Service) -> None:
    """Takes an in-house appraisal of 99,999.99 yuan, refuses one of 100,000.00 and 100,000.01, by the net value too where that is higher."""
    for value, refused_ in (("99999.99", False), ("100000.00", True), ("100000.01", True)):
        life = await small(service)
        if not refused_:
            await life.step("disposals/D1/appraisals", in_house(value))
            continue
        status, refusal = await refused(service, life, "disposals/D1/appraisals", in_house(value))
        assert (status, refusal["code"], refusal["clause"]) == (409, "AGENCY_APPRAISAL_REQUIRED", "C4.12-04")
        await life.step("disposals/D1/appraisals", appraisal(value))
    life = await small(service, worth="500000.00")
    status, refusal = await refused(service, life, "disposals/D1/appraisals", in_house("0.00"))
    assert (status, refusal["code"]) == (409, "AGENCY_APPRAISAL_REQUIRED")


@pytest.mark.clause("C4.12-04")
@pytest.mark.parametrize("together", ["batch", "project"])
async def test_lots_of_one_batch_or_project_count_together(service: Service, together: str) -> None:
    """Adds up what one owner disposes of in a batch or out of a project: two lots of 60,000.00 want an agency, and the county government."""
    batch = await batch_of(service) if together == "batch" else None
    project = new_code("PRJ") if together == "project" else None
    first = await small(service, project, batch=batch)
    await first.step("disposals/D1/appraisals", in_house("60000.00"))
    second = await small(service, project, batch=batch)
    for value in ("50000.00", "60000.00"):
        status, refusal = await refused(service, second, "disposals/D1/appraisals", in_house(value))
        assert (status, refusal["code"]) == (409, "AGENCY_APPRAISAL_REQUIRED"), value
    await second.step("disposals/D1/appraisals", appraisal("60000.00"))
    for life in (first, second):
        await life.step("disposals/D1/publications", publication())
    status, refusal = await refused(
        service, first, "disposals/D1/approval", {"approval": township_approval()}, "approver"
    )
    assert (status, refusal["code"]) == (409, "AGENCY_APPRAISAL_REQUIRED")
    forwarding = {"level": "TOWNSHIP", "opinion": "同意", "occurredOn": "2023-05-16"}
    await second.step("disposals/D1/forwardings", forwarding, "approver")
    await second.step("disposals/D1/forwardings", forwarding | {"level": "AGRICULTURE"}, "agriculture")
    status, refusal = await refused(
        service, second, "disposals/D1/approval", {"approval": township_approval()}, "approver"
    )
    assert (status, refusal["code"]) == (409, "APPROVAL_LEVEL_TOO_LOW")
    approval = township_approval() | {"approver": "COUNTY_GOV", "approverLevel": "COUNTY_GOV"}
    await second.step("disposals/D1/approval", {"approval": approval}, "county")


def township_approval() -> dict[str, Any]:
    told = {"approver": TOWNSHIP, "approverLevel": "TOWNSHIP", "documentNo": "镇函1号"}
    return told | {"approvedOn": "2023-05-20"}


async def test_a_lot_just_below_what_is_left_of_the_threshold_is_small(service: Service) -> None:
    """50,000.00 of net value stands beside: 49,999.99 are too little to count, 50,000.00 are not."""
    for value, enough in (("49999.99", True), ("50000.00", False)):
        project = new_code("PRJ")
        await small(service, project)
        life = await small(service, project, worth="40000.00")
        if enough:
            await life.step("disposals/D1/appraisals", in_house(value))
            continue
        status, refusal = await refused(service, life, "disposals/D1/appraisals", in_house(value))
        assert (status, refusal["code"]) == (409, "AGENCY_APPRAISAL_REQUIRED")


async def test_what_is_another_owners_long_ago_or_withdrawn_does_not_count(service: Service) -> None:
    """365 days apart count together, 366 do not; a lot that is withdrawn counts no more."""
    for on, counts in (("2022-05-01", True), ("2022-04-30", False)):
        project = new_code("PRJ")
        await small(service, project, on=on)
        life = await small(service, project)
        if counts:
            status, refusal = await refused(service, life, "disposals/D1/appraisals", in_house("60000.00"))
            assert (status, refusal["code"]) == (409, "AGENCY_APPRAISAL_REQUIRED")
        else:
            await life.step("disposals/D1/appraisals", in_house("60000.00"))
    project = new_code("PRJ")
    other, life = await small(service, project), await small(service, project)
    status, _ = await refused(service, life, "disposals/D1/appraisals", in_house("60000.00"))
    assert status == 409
    closing = {"outcome": "WITHDRAWN", "reason": "不再处置", "occurredOn": "2023-05-02"}
    await other.step("disposals/D1/closing", closing)
    await life.step("disposals/D1/appraisals", in_house("60000.00"))


async def test_a_batch_is_its_owners_and_its_lots_are_shown(service: Service) -> None:
    batch = await batch_of(service)
    life = await small(service, batch=batch)
    shown = (await service.read(f"/v1/disposal-batches/{batch}"))["resource"]
    (lot,) = shown["lots"].values()
    assert (lot["asset"], lot["value"], shown["owner"]) == (asset_of(life), "50000.00", VILLAGE)
    body = {"owner": "653022202201", "name": "他村", "occurredOn": "2023-05-01"}
    foreign = (await service.write("/v1/disposal-batches", body, "second_village"))["id"]
    other = await confirmed(service)
    proposal = {
        "disposal": "D1",
        "kind": "SCRAP",
        "reason": "报废",
        "decisionDocument": "村代会〔2023〕3号",
        "batch": foreign,
    }
    it = await parting(service, other.path, proposal, "2023-05-01")
    told = await refused(service, other, "disposals", it.body)
    assert (told[0], told[1]["code"]) == (422, "FIELD_INVALID")
    told = await refused(
        service, other, "disposals", {"proposal": proposal | {"batch": "DB-NONE"}, "occurredOn": "2023-05-01"}
    )
    assert (told[0], told[1]["code"]) == (422, "CODE_UNKNOWN")


async def test_of_two_lots_appraised_at_once_one_is_not_the_small_one(service: Service) -> None:
    """Both would pass alone: the series lets one through, whichever comes first."""
    for _ in range(5):
        project = new_code("PRJ")
        both = [await small(service, project, worth="10000.00") for _ in range(2)]
        answers = await asyncio.gather(
            *(refused(service, life, "disposals/D1/appraisals", in_house("60000.00")) for life in both)
        )
        assert sorted(status for status, _ in answers) == [201, 409]


# ---- 处置所得 (C4.12-07, A17, P24) ---------------------------------------------------------------------------------------


async def pool(service: Service) -> dict[str, Any]:
    answer = await service.get("/v1/proceeds")
    return dict(answer.json()["resource"]) if answer.status_code == 200 else {"balance": "0.00"}


def fen(amount: str) -> int:
    yuan, _, rest = amount.partition(".")
    return int(yuan) * 100 + int(rest)


async def sold(service: Service, price: str = "150000.00", kind: str = "AUCTION") -> Life:
    """A village's production line that was disposed of on 2023-07-01; nothing has come in yet."""
    life = await proposed(service, kind)
    await life.step("disposals/D1/appraisals", appraisal(price))
    await life.step("disposals/D1/publications", publication())
    forwarding = {"level": "TOWNSHIP", "opinion": "同意", "occurredOn": "2023-06-01"}
    await life.step("disposals/D1/forwardings", forwarding, "approver")
    await life.step("disposals/D1/forwardings", forwarding | {"level": "AGRICULTURE"}, "agriculture")
    approval = township_approval() | {"approver": "COUNTY_GOV", "approverLevel": "COUNTY_GOV"}
    approval |= {"approvedOn": "2023-06-20"}
    await life.step("disposals/D1/approval", {"approval": approval}, "county")
    sale = {"disposedOn": "2023-07-01", "price": price, "buyer": "买受人", "documentNo": "成交001"}
    if kind == "SCRAP":
        told = await refused(service, life, "disposals/D1/execution", {"sale": sale | {"price": "1.00"}})
        assert (told[0], told[1]["code"]) == (409, "PRICE_BELOW_APPRAISAL")
        sale = {name: value for name, value in sale.items() if name != "buyer"} | {"price": "0.00"}
    await life.step("disposals/D1/execution", {"sale": sale})
    return life


async def received(service: Service, life: Life, amount: str = "150000.00") -> None:
    body = {"amount": amount, "receivedOn": "2023-07-05", "voucherNo": "收-2"}
    await life.step("disposals/D1/proceeds", body)


def allocation(amount: str, code: str | None = None, **facts: Any) -> dict[str, Any]:
    told = {
        "allocation": code or new_code("PA"),
        "use": "PROJECT",
        "projectCode": "X20230009",
        "projectName": "蔬菜大棚项目",
        "amount": amount,
        "allocatedOn": "2023-08-01",
        "documentNo": "领导小组〔2023〕5号",
    }
    return {"allocation": told | facts}


async def allocate(service: Service, body: dict[str, Any], who: str = "leading") -> tuple[int, Any]:
    """Put money to a use that the leading group decided on."""
    await leading_group(service)
    if "procedure" not in body:
        body = await decided_use(service, body["allocation"])
    answer = await service.post("/v1/proceeds/allocations", body, who)
    return answer.status_code, answer.json()


async def emptied(service: Service) -> None:
    """Nothing is left in the pool from other tests."""
    left = (await pool(service))["balance"]
    if fen(left):
        assert (await allocate(service, allocation(left)))[0] == 201


@pytest.mark.clause("C4.12-07")
async def test_proceeds_are_allocated_by_the_leading_group_alone_to_a_project_and_never_more_than_there_is(
    service: Service,
) -> None:
    """Refuses an allocation by a village, a township or the county government, for an office, and of 150,000.01 of 150,000.00 yuan."""
    life = await sold(service)
    await emptied(service)
    await received(service, life)
    for who in ("village", "clerk", "county", "finance"):
        status, refusal = await allocate(service, allocation("1000.00"), who)
        assert (status, refusal["code"], refusal["clause"]) == (
            403,
            "PROCEEDS_ALLOCATOR_NOT_ALLOWED",
            "C4.12-07",
        ), who
    status, refusal = await allocate(service, allocation("1000.00", use="OFFICE"))
    assert (status, refusal["code"]) == (409, "PROCEEDS_USE_NOT_ALLOWED")
    for amount, code in (("150000.01", "PROCEEDS_POOL_INSUFFICIENT"), ("0.00", "AMOUNT_NOT_POSITIVE")):
        status, refusal = await allocate(service, allocation(amount))
        assert refusal["code"] == code
    before = allocation("150000.00", allocatedOn="2023-07-04") | {
        "procedure": None
    }  # nothing to decide on yet
    status, refusal = await allocate(service, before)
    assert (status, refusal["code"]) == (409, "PROCEEDS_POOL_INSUFFICIENT")
    assert (await pool(service))["balance"] == "150000.00"
    assert (await allocate(service, allocation("149999.99")))[0] == 201
    status, refusal = await allocate(service, allocation("0.02"))
    assert (status, refusal["code"]) == (409, "PROCEEDS_POOL_INSUFFICIENT")
    assert (await allocate(service, allocation("0.01")))[0] == 201
    now = await pool(service)
    assert now["balance"] == "0.00"
    receipt = now["receipts"][f"{asset_of(life)} D1 收-2"]
    assert receipt["legalOwners"] == [{"party": VILLAGE, "amount": "150000.00"}]


@pytest.mark.clause("C4.12-07")
async def test_proceeds_go_to_the_use_that_the_leading_group_decided_on_and_to_no_other(
    service: Service,
) -> None:
    """Refuses an allocation without its A17 procedure, before the decision, and a fen or a word beside its text; the receipt and the allocation take their steps."""
    life = await sold(service)
    await emptied(service)
    await received(service, life)
    told = allocation("1000.00")["allocation"]
    status, refusal = await allocate(service, {"allocation": told, "procedure": None})
    assert (status, refusal["code"], refusal["missing"]) == (409, "DECISION_REQUIRED", ["procedure"])
    it = Use(service, told)
    await it.open()
    status, refusal = await allocate(service, it.body)
    assert (status, refusal["code"]) == (409, "DECISION_REQUIRED")
    assert refusal["missing"] == ["RECEIVE", "DECISION"]
    for unit, who in (("FINANCE", "finance"), ("COUNTY_GOV", "county")):
        assert (await it.decide(unit, who))[1]["code"] == "FORBIDDEN", unit
    assert (await it.decide())[0] == 201
    for changed in ({"amount": "1000.01"}, {"projectName": "蔬菜大棚项目一"}, {"projectCode": "X20230010"}):
        status, refusal = await allocate(service, it.body | {"allocation": told | changed})
        assert (status, refusal["code"], refusal["clause"]) == (409, "PLAN_HASH_MISMATCH", "C4.12-07")
    other = Use(service, allocation("1000.00")["allocation"])
    await other.open()
    assert (await allocate(service, it.body | {"procedure": other.code}))[1]["code"] == "PLAN_HASH_MISMATCH"
    dropped = Use(service, told)
    await dropped.open()
    assert (await dropped.decide())[0] == 201
    by = {"organization": VILLAGE, "person": await service.person(VILLAGE)}
    gone = {"by": by, "reason": "不办了", "occurredOn": "2023-08-01"}
    await service.write(f"{dropped.path}/withdrawal", gone, "village")
    assert (await allocate(service, dropped.body))[1]["code"] == "STEP_OUT_OF_ORDER"
    status, answer = await allocate(service, it.body)
    assert status == 201
    assert {one["type"] for one in answer["events"]} == {
        "proceeds_pool.proceeds_allocated",
        "procedure.step_taken_by_fact",
    }
    done = (await service.read(it.path))["resource"]["done"]
    assert {step: {unit: one.get("fact") for unit, one in units.items()} for step, units in done.items()} == {
        "RECEIVE": {VILLAGE: "proceeds_pool.proceeds_received"},
        "DECISION": {"LEADING_GROUP": None},
        "ALLOCATE": {"FINANCE": "proceeds_pool.proceeds_allocated"},
    }
    status, answer = await allocate(service, it.body)
    assert (status, answer["eventCount"]) == (200, 0)


@pytest.mark.clause("C4.12-07")
async def test_the_leading_group_decides_on_money_that_has_come_in(service: Service) -> None:
    """Refuses the decision before anything of that owner came in, and on the day before it did; on the day itself it is made."""
    life = await sold(service)
    await received(service, life)
    none = Use(service, allocation("1.00")["allocation"], "653022202201")
    await none.open()
    assert (await none.decide())[1]["code"] == "STEP_OUT_OF_ORDER"
    early = Use(service, allocation("1.00", allocatedOn="2023-07-05")["allocation"])
    await early.open(on="2021-07-20")
    first = min(
        one["receivedOn"]
        for one in (await pool(service))["receipts"].values()
        if one["legalOwners"] and one["legalOwners"][0]["party"] == VILLAGE
    )
    before = (date.fromisoformat(first) - timedelta(days=1)).isoformat()
    assert (await early.decide(on=before))[1]["code"] == "STEP_OUT_OF_ORDER"
    assert (await early.decide(on=first))[0] == 201


async def test_scrap_without_value_is_in_the_pool_as_0_yuan(service: Service) -> None:
    life = await sold(service, kind="SCRAP")
    await received(service, life, "0.00")
    receipts = (await pool(service))["receipts"]
    assert receipts[f"{asset_of(life)} D1 收-2"]["amount"] == "0.00"


async def test_of_two_allocations_at_once_one_is_refused_where_both_are_too_much(service: Service) -> None:
    life = await sold(service)
    await emptied(service)
    for number in range(10):
        body = {"amount": "100.00", "receivedOn": "2023-07-05", "voucherNo": f"收-{number}"}
        await life.step("disposals/D1/proceeds", body)
        answers = await asyncio.gather(*(allocate(service, allocation("100.00")) for _ in range(2)))
        assert sorted(status for status, _ in answers) == [201, 409]
        assert (await pool(service))["balance"] == "0.00"


@pytest.mark.clause("C4.12-07")
async def test_a_funding_line_of_proceeds_rests_on_an_allocation_and_never_exceeds_it(
    service: Service,
) -> None:
    """Refuses a line of proceeds without an allocation, of an asset that was never disposed of, and a fen above what is left."""
    life, kept = await sold(service), await confirmed(service)
    await emptied(service)
    await received(service, life)
    code = new_code("PA")
    assert (await allocate(service, allocation("150000.00", code)))[0] == 201

    async def register(amount: str, asset: str | None = None, **facts: Any) -> tuple[int, Any, str]:
        line = {"source": "DISPOSAL_PROCEEDS", "amount": amount, "allocatedOn": "2023-08-02"}
        line |= {"fromAsset": asset_of(life), "allocation": code} | facts
        told = card(
            originalValue=amount,
            fundingLines=[{name: value for name, value in line.items() if value is not None}],
            completionDate="2023-10-01",
            acceptance={"result": "PASSED", "acceptedOn": "2023-10-02", "documentNo": "验字009"},
        )
        made = asset or new_code()
        answer = await service.post("/v1/assets", {"asset": made, "card": told, "occurredOn": "2023-10-05"})
        return answer.status_code, answer.json(), made

    for facts, status, refused_with in (
        ({"allocation": None}, 422, "FIELD_REQUIRED"),
        ({"allocation": "PA-NONE"}, 404, "NOT_FOUND"),
        ({"fromAsset": asset_of(kept)}, 422, "FIELD_INVALID"),
        ({"fromAsset": "A-NOBODY"}, 422, "FIELD_INVALID"),
    ):
        told = await register("1000.00", **facts)
        assert (told[0], told[1]["code"]) == (status, refused_with), facts
    assert (await register("150000.01"))[1]["code"] == "PROCEEDS_POOL_INSUFFICIENT"
    assert (await register("100000.00"))[0] == 201
    assert (await register("50000.01"))[1]["code"] == "PROCEEDS_POOL_INSUFFICIENT"
    back = {"returned": "R1", "amount": "50000.01", "returnedOn": "2023-09-01", "reason": "结余"}
    back |= {"documentNo": "结算1号"}
    path = f"/v1/proceeds/allocations/{code}/returns"
    answer = await service.post(path, {"back": back}, "leading")
    assert answer.json()["code"] == "PROCEEDS_POOL_INSUFFICIENT"
    answer = await service.post(path, {"back": back | {"amount": "20000.00"}}, "village")
    assert answer.json()["code"] == "PROCEEDS_ALLOCATOR_NOT_ALLOWED"
    await service.write(path, {"back": back | {"amount": "20000.00"}}, "leading")
    assert (await pool(service))["balance"] == "20000.00"
    assert (await register("30000.01"))[1]["code"] == "PROCEEDS_POOL_INSUFFICIENT"
    status, _, made = await register("30000.00")
    assert status == 201
    assert (await pool(service))["drawn"][code][made] == "30000.00"
