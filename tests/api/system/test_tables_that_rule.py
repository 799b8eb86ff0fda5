"""Columns of the county's tables over HTTP: what they forbid is refused, and a county that says otherwise is followed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, road, terms
from tests.api.contracts import Choice, decided
from tests.api.service import COUNTY, Service, new_code, running
from tests.examples import regulation_where

TOWN_ROAD = {
    "owners": [{"party": TOWNSHIP, "amount": "450000.00"}],
    "ownerKind": "TOWNSHIP",
    "verificationBasis": "竣工验收",
}
"""The township owns the road that it built: row R7, accounts of the state."""


async def registered(service: Service, given: dict[str, Any]) -> str:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": given, "occurredOn": "2021-07-15"}, "office")
    return f"/v1/assets/{asset}"


async def post(service: Service, path: str, body: dict[str, Any], who: str = "office") -> httpx.Response:
    """A write on the asset as it is now."""
    asset = "/".join(path.split("/")[:4])
    return await service.post(path, body, who, version=(await service.read(asset))["version"])


async def write(service: Service, path: str, body: dict[str, Any], who: str = "office") -> dict[str, Any]:
    answer = await post(service, path, body, who)
    assert answer.status_code == 201, f"{path}: {answer.status_code} {answer.text}"
    return dict(answer.json())


def said(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and clause of a refusal."""
    problem = answer.json()
    return answer.status_code, problem["code"], problem["clause"]


async def confirm(service: Service, asset: str, owned: dict[str, Any] = TOWN_ROAD) -> httpx.Response:
    body = {"confirmation": owned, "occurredOn": "2021-08-10"}
    return await post(service, f"{asset}/ownership-confirmations", body)


# ---- useful life (T8 5, P14): structures from 8 years, power equipment 20 to 30 -----------------------------------


@pytest.mark.clause("C4.6-02")
@pytest.mark.parametrize(
    ("asset_type", "years", "fits"),
    [
        ("ROAD", 7, False),
        ("ROAD", 8, True),
        ("ROAD", 9, True),
        ("POWER", 19, False),
        ("POWER", 20, True),
        ("POWER", 21, True),
        ("POWER", 29, True),
        ("POWER", 30, True),
        ("POWER", 31, False),
        ("NETWORK", 5, False),
        ("NETWORK", 6, True),
    ],
)
async def test_useful_life_of_a_state_asset_lies_within_the_guide(
    service: Service, asset_type: str, years: int, *, fits: bool
) -> None:
    """Refuses to confirm a state-accounted asset whose useful life is outside the accounting guide's years."""
    asset = await registered(service, road(assetType=asset_type, usefulLifeYears=years))
    answer = await confirm(service, asset)
    if fits:
        assert answer.status_code == 201, answer.text
        return
    assert said(answer) == (422, "USEFUL_LIFE_INVALID", "C4.6-02")
    assert answer.json()["missing"] == ["usefulLifeYears"]
    corrected = {"changes": {"usefulLifeYears": 20}, "reason": "年限填报有误", "documentNo": "更1号"}
    await write(
        service, f"{asset}/registration-corrections", {"correction": corrected, "occurredOn": "2021-08-01"}
    )
    assert (await confirm(service, asset)).status_code == 201


async def test_useful_life_of_a_confirmed_state_asset_is_not_corrected_out_of_the_guide(
    service: Service,
) -> None:
    asset = await registered(service, road())
    assert (await confirm(service, asset)).status_code == 201
    for years, status in ((7, 422), (8, 201)):
        corrected = {"changes": {"usefulLifeYears": years}, "reason": "年限填报有误", "documentNo": "更1号"}
        body = {"correction": corrected, "occurredOn": "2021-09-01"}
        answer = await post(service, f"{asset}/registration-corrections", body)
        assert answer.status_code == status, answer.text
    other = {"changes": {"assetName": "村组道路"}, "reason": "名称有误", "documentNo": "更2号"}
    await write(
        service, f"{asset}/registration-corrections", {"correction": other, "occurredOn": "2021-09-01"}
    )


async def test_useful_life_of_a_village_asset_is_not_bound_to_the_guide(service: Service) -> None:
    built = card(implementer=VILLAGE, implementerKind="VILLAGE", fundsPaidTo="VILLAGE", usefulLifeYears=3)
    asset = await registered(service, built)
    assert (await confirm(service, asset, confirmation())).status_code == 201


# ---- subclasses and units (T2) -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"subclass": "RAILWAYS"}, "CODE_UNKNOWN", "RAILWAYS"),
        ({"subclass": None}, "SUBCLASS_REQUIRED", "基础设施"),
        ({"subclass": "PUBLIC_SERVICE"}, "TYPE_CLASS_MISMATCH", "基础设施"),
        ({"unitOfMeasure": "里"}, "CODE_UNKNOWN", "没有“里”"),
    ],
)
async def test_card_naming_no_row_of_its_table_is_refused(
    service: Service, changes: dict[str, Any], code: str, told: str
) -> None:
    body = {"asset": new_code(), "card": road(**changes), "occurredOn": "2021-07-15"}
    answer = await service.post("/v1/assets", body, "office")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told in answer.json()["detail"]


async def test_subclass_of_another_class_is_refused_by_its_own_class(service: Service) -> None:
    body = {"asset": new_code(), "card": card(subclass="PUBLIC_SERVICE"), "occurredOn": "2021-07-15"}
    answer = await service.post("/v1/assets", body, "office")
    assert (answer.status_code, answer.json()["code"]) == (422, "TYPE_CLASS_MISMATCH")
    assert "公共服务类属于公益类，填报为经营类" in answer.json()["detail"]


# ---- modes for revitalisation (T6, C4.11-06) -----------------------------------------------------------------------


async def owned_line(service: Service) -> str:
    """A production line that its village has confirmed and uses."""
    built = card(implementer=VILLAGE, implementerKind="VILLAGE", fundsPaidTo="VILLAGE")
    asset = await registered(service, built)
    assert (await confirm(service, asset, confirmation())).status_code == 201
    await write(service, f"{asset}/use", {"inUseSince": "2021-08-15"}, "clerk")
    return asset


@pytest.mark.parametrize("state", ["IDLE", "PARTLY_USED"])
async def test_restructuring_is_for_assets_that_lie_idle(service: Service, state: str) -> None:
    """Refuses restructuring of an asset in full use, and opens it once the asset is reported idle."""
    asset = await owned_line(service)
    restructured = {"terms": terms(mode="RESTRUCTURED")}
    answer = await post(service, f"{asset}/leases", restructured, "clerk")
    assert said(answer) == (409, "MODE_ONLY_FOR_REVITALISATION", "C4.11-06")
    report = {"report": {"state": state, "reportedOn": "2021-08-20"}}
    await write(service, f"{asset}/status-reports", report, "clerk")
    await write(service, f"{asset}/leases", await decided(service, asset, restructured["terms"]), "clerk")


async def test_running_contract_is_not_changed_to_restructuring_without_need(service: Service) -> None:
    asset = await owned_line(service)
    contracted = await decided(service, asset, terms(mode="CONTRACTED"))
    await write(service, f"{asset}/leases", contracted, "clerk")
    it = Choice(service, asset.removeprefix("/v1/assets/"), terms(mode="RESTRUCTURED"))
    it.day = "2021-10-01"
    await it.open("A13")
    await it.through()
    changed = {"terms": it.terms, "procedure": it.code, "occurredOn": "2021-10-02"}
    answer = await post(service, f"{asset}/leases/L1/changes", changed, "clerk")
    assert said(answer) == (409, "MODE_ONLY_FOR_REVITALISATION", "C4.11-06")
    flagged = {"kind": "WASTED", "reason": "连续亏损", "occurredOn": "2021-10-01"}
    await write(service, f"{asset}/risks", flagged, "clerk")
    await write(service, f"{asset}/leases/L1/changes", changed, "clerk")


# ---- who supervises (五(四)) ---------------------------------------------------------------------------------------


@pytest.mark.clause("C5.4-01")
@pytest.mark.parametrize(
    ("organ", "kind", "refused"),
    [
        ("DISCIPLINE", "BODY", None),
        ("AUDIT", "DEPARTMENT", None),
        ("FINANCE", "DEPARTMENT", None),
        ("AGRICULTURE", "DEPARTMENT", None),
        ("RURAL_REVITALIZATION", "DEPARTMENT", None),
        ("WATER", "DEPARTMENT", "FORBIDDEN"),
        ("ASSET_OFFICE", "ASSET_OFFICE", "ROLE_NOT_ALLOWED"),
        (TOWNSHIP, "TOWNSHIP", "ROLE_NOT_ALLOWED"),
    ],
)
async def test_five_organs_inspect_and_no_other(
    service: Service, organ: str, kind: str, refused: str | None
) -> None:
    """Takes inspections from discipline, audit, finance, agriculture and rural revitalisation alone."""
    key = {
        "label": "检查",
        "organization": organ,
        "organizationKind": kind,
        "roles": ["AUDITOR"],
        "divisions": [COUNTY],
    }
    token = (await service.write("/v1/keys", key, "admin"))["token"]
    inspected = {
        "organ": organ,
        "inspector": await service.person(organ),
        "unit": VILLAGE,
        "inspectedOn": "2022-03-01",
        "subject": "专项检查",
    }
    answer = await service.post("/v1/inspections", {"inspected": inspected}, token)
    if refused is None:
        assert answer.status_code == 201, answer.text
    else:
        assert said(answer)[:2] == (403, refused)


async def test_organ_without_assets_owes_no_ledger(service: Service) -> None:
    discipline = await service.read("/v1/organizations/DISCIPLINE")
    assert discipline["resource"]["card"]["kind"] == "BODY"
    assert (await service.read("/v1/organizations/WATER"))["resource"]["card"]["kind"] == "DEPARTMENT"


# ---- a county that says otherwise ----------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lenient(module_database_url: str, service: Service) -> AsyncIterator[Service]:
    """The same county under rules that ask no useful life of public-welfare assets."""
    exempt = ("BIOLOGICAL", "LAND", "PUBLIC_WELFARE")
    changed = regulation_where("register_card.item", (5,), exempt=exempt)
    async with running(module_database_url, regulations={COUNTY: changed}) as one:
        yield one


async def test_item_of_the_card_is_asked_of_the_kinds_that_the_table_names(
    service: Service, lenient: Service
) -> None:
    body = {"card": road(usefulLifeYears=None), "occurredOn": "2021-07-15"}
    refusal = await service.post("/v1/assets", body | {"asset": new_code()}, "office")
    assert said(refusal) == (422, "FIELD_REQUIRED", "C4.6-02")
    assert refusal.json()["missing"] == ["usefulLifeYears"]
    await lenient.write("/v1/assets", body | {"asset": new_code()}, "office")
    lines = {"card": card(usefulLifeYears=None), "asset": new_code(), "occurredOn": "2021-07-15"}
    assert said(await lenient.post("/v1/assets", lines, "office")) == (422, "FIELD_REQUIRED", "C4.6-02")
