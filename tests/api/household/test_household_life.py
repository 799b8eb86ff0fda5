"""Household assets over HTTP: their whole life, their village's ledger, their household's statement."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.api.income.decided import account_of, aid, line, paid_by_plan
from tests.api.income.welfare import post_of
from tests.api.organization.test_duties import confirmed
from tests.api.service import Service, new_code

QUIET_VILLAGE = "653022202209"
"""A village of the same township in which only the ledger's test has household assets."""


def cow(household: str = "H-0012", **changes: Any) -> dict[str, Any]:
    return {
        "assetName": "西门塔尔牛",
        "assetContent": "西门塔尔牛2头",
        "assetType": "LIVESTOCK",
        "household": household,
        "location": VILLAGE,
        "completionDate": "2019-05-20",
        "quantity": "2",
        "unitOfMeasure": "头",
        "originalValue": "20000.00",
        "fundingLines": [{"source": "FISCAL_DEV", "amount": "20000.00", "allocatedOn": "2019-03-01"}],
    } | changes


class HouseholdLife:
    """A household asset and the version it is at."""

    def __init__(self, service: Service, asset: str) -> None:
        self.service, self.asset, self.version = service, asset, 1
        self.path = f"/v1/household-assets/{asset}"

    async def step(self, noun: str, body: dict[str, Any], who: str = "clerk") -> dict[str, Any]:
        answer = await self.service.write(f"{self.path}/{noun}", body, who, version=self.version)
        self.version = answer["version"]
        return answer

    async def refused(self, noun: str, body: dict[str, Any], who: str = "clerk") -> str:
        answer = await self.service.post(f"{self.path}/{noun}", body, who, version=self.version)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])


async def entered(service: Service, **changes: Any) -> HouseholdLife:
    asset = new_code("H")
    body = {"asset": asset, "card": cow(**changes), "occurredOn": "2021-07-15"}
    await service.write("/v1/household-assets", body)
    return HouseholdLife(service, asset)


async def row_of(service: Service, life: HouseholdLife, village: str = VILLAGE) -> dict[str, Any]:
    page = await service.read(
        "/v1/ledgers/household-register",
        "clerk",
        village=village,
        limit=1000,
        min_position=await service.head(),
    )
    return next(row for row in page["rows"] if row["asset"] == life.asset)


@pytest.mark.clause("C4.2-06", "C4.6-09")
async def test_a_household_asset_lives_in_its_register_and_nowhere_else(service: Service) -> None:
    """Carries a household asset through everything the regulation allows and refuses to manage it."""
    life = await entered(service)
    await life.step(
        "household-confirmations", {"confirmation": {"confirmedOn": "2021-08-01", "documentNo": "乡确1号"}}
    )
    correction = {"changes": {"quantity": "3"}, "reason": "漏登", "documentNo": "更1号"}
    await life.step("registration-corrections", {"correction": correction})
    await life.step("documents", {"document": {"kind": "PHOTO", "document": "D-1", "sha256": "ab" * 32}})
    await life.step("losses", {"loss": {"kind": "DIED", "lostOn": "2021-09-01", "quantity": "1"}})
    row = await row_of(service, life)
    assert (row["quantity"], row["remaining"], row["confirmedOn"]) == ("3", "2", "2021-08-01")
    assert (row["leadDepartment"], row["documents"], row["corrections"]) == ("RURAL_REVITALIZATION", 1, 1)
    for noun, body in (
        ("depreciation", {"year": 2021}),
        ("use", {"inUseSince": "2021-08-01"}),
        ("risks", {"kind": "IDLE", "reason": "-"}),
    ):
        answer = await service.post(f"/v1/assets/{life.asset}/{noun}", body, version=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "HOUSEHOLD_REGISTER_ONLY")
    missing = await service.post("/v1/assets/none/use", {"inUseSince": "2021-08-01"}, version=1)
    assert missing.json()["code"] == "NOT_FOUND"
    closing = {"closing": {"closedOn": "2021-12-01", "reason": "出售", "documentNo": "销1号"}}
    await life.step("closing", closing)
    row = await row_of(service, life)
    assert (row["state"], row["closedOn"], row["closingReason"]) == ("CLOSED", "2021-12-01", "出售")
    loss = {"loss": {"kind": "DIED", "lostOn": "2021-12-01"}}
    assert await life.refused("losses", loss) == "STEP_OUT_OF_ORDER"
    await life.step("losses", {"loss": {"kind": "DIED", "lostOn": "2021-11-30", "quantity": "1"}})
    row = await row_of(service, life)  # it died while it was on the register, whenever that became known
    assert (row["state"], row["remaining"], row["closedOn"]) == ("CLOSED", "1", "2021-12-01")


@pytest.mark.clause("C4.2-06")
async def test_household_assets_have_a_total_of_their_own(service: Service) -> None:
    """Keeps the household total beside the managed total and never inside it (P17)."""
    await entered(service)
    totals = await service.read("/v1/ledgers/asset-register/totals", min_position=await service.head())
    before = totals["managed"]["originalValue"], totals["household"]["originalValue"]
    await entered(service, originalValue="5000.00", fundingLines=[
        {"source": "FISCAL_DEV", "amount": "5000.00", "allocatedOn": "2019-03-01"}
    ])  # fmt: skip
    totals = await service.read("/v1/ledgers/asset-register/totals", min_position=await service.head())
    assert totals["managed"]["originalValue"] == before[0]
    assert float(totals["household"]["originalValue"]) == float(before[1]) + 5000


@pytest.mark.clause("C4.3-08")
async def test_two_entries_are_tracked_for_a_household_asset(service: Service) -> None:
    """Tracks two entries of a household asset; one reference number leaves the other one open."""
    life = await entered(service)
    body = {"entry": {"system": "SYS_XJ_BIGDATA", "refNo": "R-1", "enteredOn": "2021-08-01"}}
    await life.step("external-entries", body)

    async def states() -> dict[str, str]:
        page = await service.read(
            "/v1/ledgers/external-entries", holding="HOUSEHOLD", limit=1000, min_position=await service.head()
        )
        return {row["system"]: row["state"] for row in page["rows"] if row["asset"] == life.asset}

    assert await states() == {"SYS_RETURN_POVERTY_MONITOR": "OPEN", "SYS_XJ_BIGDATA": "CLOSED"}
    second = {"entry": body["entry"] | {"system": "SYS_RETURN_POVERTY_MONITOR"}}
    assert await life.refused("external-entries", second) == "EXTERNAL_ENTRY_PER_SYSTEM"
    closing = {"closing": {"closedOn": "2021-12-01", "reason": "出售", "documentNo": "销1号"}}
    await life.step("closing", closing)
    assert await states() == {"SYS_RETURN_POVERTY_MONITOR": "LAPSED", "SYS_XJ_BIGDATA": "CLOSED"}


@pytest.mark.clause("C4.3-17", "C4.5-21")
async def test_inspections_fall_due_every_year_and_an_absence_goes_to_the_bureau(service: Service) -> None:
    """Lists household assets not inspected for a year, and what an inspection found gone for the bureau to look into."""
    life = await entered(service)

    async def tasks(unit: str, on: str) -> dict[str, str]:
        found = await service.read(
            f"/v1/organizations/{unit}/worklist", on=on, limit=1000, min_position=await service.head()
        )
        return {one["task"]: one["dueOn"] for one in found["tasks"] if one["subject"] == life.asset}

    assert "HOUSEHOLD_INSPECTION" not in await tasks(VILLAGE, "2022-07-15")
    assert (await tasks(VILLAGE, "2022-07-16"))["HOUSEHOLD_INSPECTION"] == "2022-07-15"
    sold = {"inspectedOn": "2022-08-01", "present": False, "condition": "已售", "reason": "SOLD"}
    assert await life.refused("inspections", {"inspection": sold}, "neighbour") == "FORBIDDEN_JURISDICTION"
    await life.step("inspections", {"inspection": sold})
    assert (await row_of(service, life))["state"] == "CLOSED"
    bureau = await tasks("RURAL_REVITALIZATION", "2022-09-01")
    assert bureau["HOUSEHOLD_ABSENCE"] == "2022-08-01"
    assert "HOUSEHOLD_INSPECTION" not in bureau
    await life.step("losses", {"loss": {"kind": "SOLD", "lostOn": "2022-07-20"}})
    assert "HOUSEHOLD_ABSENCE" not in await tasks("RURAL_REVITALIZATION", "2022-09-01")


@pytest.mark.clause("C4.6-10")
async def test_many_households_entrust_at_once_or_not_at_all(service: Service) -> None:
    """Entrusts many households' assets at once, all with consent or none; the first inspection is due in 182 days."""
    lives = [await entered(service, household=f"H-{number:04d}") for number in range(101, 121)]
    code = new_code("E")
    body: dict[str, Any] = {
        "entrustment": code,
        "operator": "COOP-1",
        "operatorName": "陶乡养殖合作社",
        "agreementNo": "托字1号",
        "startsOn": "2021-09-01",
        "endsOn": "2024-08-31",
        "assets": [
            {"asset": life.asset, "consentDocument": f"同意-{n}", "yearlyReturn": "1200.00"}
            for n, life in enumerate(lives)
        ],
    }
    silent = body | {"assets": [*body["assets"][:-1], {"asset": lives[-1].asset, "yearlyReturn": "1200.00"}]}
    head = await service.head()
    answer = await service.post("/v1/household-entrustments", silent)
    assert (answer.json()["code"], answer.json()["missing"]) == ("HOUSEHOLD_CONSENT_REQUIRED", ["H-0120"])
    assert await service.head() == head
    answer = await service.post("/v1/household-entrustments", body, "neighbour")
    assert answer.json()["code"] == "FORBIDDEN_JURISDICTION"
    done = await service.write("/v1/household-entrustments", body)
    assert done["eventCount"] == 20
    row = await row_of(service, lives[0])
    assert (row["entrustment"], row["yearlyReturn"]) == (code, "1200.00")
    assert row["inspectingDepartment"] == "ANIMAL_HUSBANDRY"
    found = await service.read(
        "/v1/organizations/ANIMAL_HUSBANDRY/worklist",
        on="2021-09-01",
        until="2022-03-03",
        task="HOUSEHOLD_INSPECTION",
        limit=1000,
        min_position=await service.head(),
    )
    mine = {one["subject"]: one["dueOn"] for one in found["tasks"]}
    assert {mine[life.asset] for life in lives} == {"2022-03-02"}  # 182 days after 1 September
    again = await service.post("/v1/household-entrustments", body | {"assets": [
        {"asset": (await entered(service)).asset, "consentDocument": "同意", "yearlyReturn": "1.00"}
    ]})  # fmt: skip
    assert again.status_code == 409
    ending = {"assets": [life.asset for life in lives], "endedOn": "2022-09-01", "reason": "合作社解散"}
    await service.write(f"/v1/household-entrustments/{code}/ending", ending)
    assert (await row_of(service, lives[0]))["entrustment"] is None
    answer = await service.post(f"/v1/household-entrustments/{code}/ending", ending)
    assert answer.status_code == 404


@pytest.mark.clause("C4.5-18", "C4.5-01")
async def test_the_village_s_ledger_is_the_township_s(service: Service) -> None:
    """Pushes the township's rows to the village, which acknowledges the same digest and cannot edit them."""
    lives = [await entered(service, location=QUIET_VILLAGE, household=f"H-{n}") for n in range(12)]
    body = {"village": QUIET_VILLAGE, "pushedOn": "2021-09-30"}
    for who in ("village", "neighbour", "finance"):
        answer = await service.post("/v1/household-ledgers", body, who)
        assert answer.json()["code"] == "FORBIDDEN_JURISDICTION", who
    pushed = (await service.write("/v1/household-ledgers", body))["resource"]["push"]
    assert [row["asset"] for row in pushed["rows"]] == sorted(life.asset for life in lives)
    path = f"/v1/household-ledgers/{QUIET_VILLAGE}"
    seen = await service.read(path)
    assert (seen["sha256"], seen["currentSha256"], seen["changed"]) == (pushed["sha256"],) * 2 + ([],)
    assert seen["acknowledged"] is False
    answer = await service.post(f"{path}/acknowledgement", {"sha256": "cd" * 32}, "quiet_village")
    assert answer.json()["code"] == "LEDGER_HASH_MISMATCH"
    answer = await service.post(f"{path}/acknowledgement", {"sha256": seen["sha256"]}, "clerk")
    assert answer.json()["code"] == "ROLE_NOT_ALLOWED"  # only a village says what a village acknowledges
    answer = await service.post(f"{path}/acknowledgement", {"sha256": seen["sha256"]}, "village")
    assert answer.json()["code"] == "FORBIDDEN_JURISDICTION"
    waiting = await service.read(
        f"/v1/organizations/{QUIET_VILLAGE}/worklist", on="2021-10-01", task="LEDGER_ACKNOWLEDGEMENT",
        min_position=await service.head(),
    )  # fmt: skip
    assert [one["dueOn"] for one in waiting["tasks"]] == ["2021-09-30"]
    await service.write(f"{path}/acknowledgement", {"sha256": seen["sha256"]}, "quiet_village")
    assert (await service.read(path))["acknowledged"] is True
    correction = {"correction": {"changes": {"quantity": "1"}, "reason": "-", "documentNo": "-"}}
    assert (
        await lives[0].refused("registration-corrections", correction, "quiet_village")
        == "ROW_OWNED_BY_TOWNSHIP"
    )
    asked = {"request": {"request": "C-1", "asset": lives[0].asset, "content": "应为1头"}}
    await service.write(f"{path}/correction-requests", asked, "quiet_village")
    waiting = await service.read(
        f"/v1/organizations/{TOWNSHIP}/worklist", "clerk", on="2021-10-01", task="LEDGER_CORRECTION",
        min_position=await service.head(),
    )  # fmt: skip
    assert [(one["subject"], one["name"]) for one in waiting["tasks"]] == [(lives[0].asset, "应为1头")]
    await lives[0].step("registration-corrections", correction)
    assert (await service.read(path))["changed"] == [lives[0].asset]
    await service.write("/v1/household-ledgers", body)
    again = await service.read(path)
    assert (again["acknowledged"], again["requests"], again["changed"]) == (False, [], [])
    listed = await service.read("/v1/household-ledgers", township=TOWNSHIP, min_position=await service.head())
    assert [(row["village"], row["pushedRows"], row["acknowledgedOn"]) for row in listed] == [
        (QUIET_VILLAGE, 12, None)
    ]
    assert (await service.get(f"/v1/household-ledgers/{OTHER_VILLAGE}")).status_code == 404


@pytest.mark.clause("C3-07")
async def test_a_household_sees_what_it_got_and_nobody_else_s(service: Service) -> None:
    """Shows a household everything it was paid and owns; to others but auditors it is refused."""
    life = await confirmed(service)
    await entered(service)
    await account_of(service, VILLAGE, on="2021-09-01")
    receipt = {"receipt": "R-H", "amount": "3000.00", "receivedOn": "2022-09-01", "voucherNo": "收-H"}
    await life.step("income-receipts", {"receipt": receipt})
    asset = life.path.rpartition("/")[2]
    post = await post_of(service, VILLAGE, "H-0012", wage="2400.00", months=("2022-07",))
    wage = line("2400.00", "PUBLIC_POST", household="H-0012", post=post, months=["2022-07"])
    lines = aid("H-0012", "500.00", 5), wage
    plan = (await paid_by_plan(service, VILLAGE, asset, "P-H", *lines, on="2022-12-20"))["id"]
    path = "/v1/households/H-0012/benefits"
    statement = await service.read(path, "household", min_position=await service.head())
    assert [(one["asset"], one["plan"], one["use"], one["amount"]) for one in statement["benefits"]] == [
        (asset, plan, "AID_NO_LABOUR", "500.00"),
        (asset, plan, "PUBLIC_POST", "2400.00"),
    ]
    assert statement["received"] == "2900.00"
    assert {one["assetName"] for one in statement["assets"]} == {"西门塔尔牛"}
    assert (await service.read(path, "household", year=2021))["benefits"] == []
    assert (await service.get(path, "auditor")).status_code == 200
    for who, whose in (("reader", "H-0012"), ("household", "H-0013")):
        answer = await service.get(f"/v1/households/{whose}/benefits", who)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_PERSONAL_DATA")
