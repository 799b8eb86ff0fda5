"""Rules of a disposal over HTTP (四(十二)): no asset secures a debt, the result hangs where the asset belongs before it is approved."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, custody, terms
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
    await life.step("disposals", {"proposal": proposal, "occurredOn": "2023-05-01"})
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
    await life.step("leases", {"terms": terms()})
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
        "/v1/ledgers/worklist", on=on, min_position=await service.head(), limit=1000, township=TOWNSHIP
    )
    rows = [one for one in page["rows"] if one["subject"] == asset_of(life)]
    return {(one["task"], one["dueOn"]) for one in rows if one["task"].startswith("RISK_COVER")}


@pytest.mark.clause("C4.8-01")
async def test_a_deposit_is_shown_with_the_contract_until_it_expires_and_its_end_is_a_task(
    service: Service,
) -> None:
    """Shows what secures a contract; its last day is covered, the next is not, and the end waits in the worklist until it is released."""
    life = await leased(service)
    answer = await life.step(COVERS, cover())
    assert answer["warnings"] == []
    held = (await service.read(life.path))["resource"]["riskCovers"]["RC1"]
    assert (held["contract"], held["cover"]["amount"], held["cover"]["kind"]) == ("L1", "20000.00", "DEPOSIT")
    for on, state in (("2023-12-30", "VALID"), ("2023-12-31", "VALID"), ("2024-01-01", "EXPIRED")):
        assert (await covers_of(service, life, on))["RC1"]["state"] == state
        assert bool(await covers_of(service, life, on, state="EXPIRED")) is (state == "EXPIRED")
        assert await tasks_of(service, life, on) == {("RISK_COVER:RC1", "2023-12-31")}
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
        answer = await life.step(COVERS, body)
        assert [one["code"] for one in answer["warnings"]] == code


@pytest.mark.clause("C4.8-02")
async def test_a_cover_without_the_rule_it_follows_is_warned_of_and_listed(service: Service) -> None:
    """Warns of a measure that cites no rule, and lists those that do not."""
    life = await leased(service)
    answer = await life.step(COVERS, cover(ruleRef=None))
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
