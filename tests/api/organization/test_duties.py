"""External entries, risks, herds, files, care, units' duties and worklists over HTTP (四(二)–四(六))."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.api.asset.test_asset_life import Life
from tests.api.bodies import OTHER_TOWNSHIP, TOWNSHIP, VILLAGE, card, confirmation, custody, road, transfer
from tests.api.inventory.test_stocktakes import fresh_village, line, opened
from tests.api.service import REGULATION, Service, new_code


async def registered(service: Service, body: dict[str, Any], on: str = "2021-07-15") -> Life:
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": body, "occurredOn": on})
    return Life(service, asset)


async def confirmed(service: Service, on: str = "2021-08-10") -> Life:
    """A village's production line."""
    life = await registered(service, card())
    await life.step("transfers", {"transfer": transfer()})
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    await life.step(
        "transfers/T1/acceptances", {"receiver": VILLAGE, "items": items, "occurredOn": "2021-08-02"}
    )
    await life.step("transfers/T1/completion", {"occurredOn": "2021-08-03"})
    await life.step("ownership-confirmations", {"confirmation": confirmation(), "occurredOn": on}, "office")
    return life


def asset_of(life: Life) -> str:
    return life.path.rpartition("/")[2]


async def entries(service: Service, life: Life, **filters: Any) -> dict[str, dict[str, Any]]:
    page = await service.read(
        "/v1/ledgers/external-entries", min_position=await service.head(), limit=1000, **filters
    )
    return {row["system"]: row for row in page["rows"] if row["asset"] == asset_of(life)}


def entry(system: str, ref_no: str | None, on: str = "2021-09-01") -> dict[str, Any]:
    return {"entry": {"system": system, "refNo": ref_no, "enteredOn": on}}


@pytest.mark.clause("C4.3-07", "C4.3-06")
async def test_an_obligation_is_open_until_its_number_is_recorded(service: Service) -> None:
    """Tracks every entry that is due from the confirmation on, until its reference number is recorded."""
    life = await confirmed(service)
    due = await entries(service, life, on="2021-09-09")
    assert {system: row["state"] for system, row in due.items()} == {
        "SYS_RURAL_COLLECTIVE": "OPEN",
        "SYS_SANZI": "OPEN",
    }
    first = due["SYS_RURAL_COLLECTIVE"]
    assert (first["dueOn"], first["overdue"], first["village"]) == ("2021-09-09", False, VILLAGE)
    assert (await entries(service, life, on="2021-09-10"))["SYS_SANZI"]["overdue"] is True
    for body, code in (
        (entry("SYS_STATE_ASSET", "R-1"), "EXTERNAL_SYSTEM_NOT_APPLICABLE"),
        (entry("SYS_SANZI", ""), "REF_REQUIRED"),
    ):
        answer = await service.post(f"{life.path}/external-entries", body, version=life.version)
        assert answer.json()["code"] == code
    await life.step("external-entries", entry("SYS_RURAL_COLLECTIVE", "R-1"))
    await life.step("external-entries", entry("SYS_SANZI", "R-2"), "village")
    closed = await entries(service, life, state="CLOSED", unit=VILLAGE)
    assert {system: row["refNo"] for system, row in closed.items()} == {
        "SYS_RURAL_COLLECTIVE": "R-1",
        "SYS_SANZI": "R-2",
    }
    assert closed["SYS_SANZI"]["recordedBy"] == VILLAGE
    assert await entries(service, life, unit="FINANCE") == {}


@pytest.mark.clause("C4.3-06", "C4.5-19")
async def test_the_finance_bureau_enters_for_the_owner(service: Service) -> None:
    """Lets the finance bureau record the state-asset entry for its owner, and puts it on both worklists."""
    life = await registered(service, road(fundsPaidTo="TOWNSHIP"))
    paper = {
        "owners": [{"party": TOWNSHIP, "amount": "450000.00"}],
        "ownerKind": "TOWNSHIP",
        "verificationBasis": "竣工验收",
    }
    await life.step("ownership-confirmations", {"confirmation": paper, "occurredOn": "2021-08-10"}, "office")
    head = await service.head()
    for unit in ("FINANCE", TOWNSHIP):
        waiting = await service.read(
            f"/v1/organizations/{unit}/worklist",
            on="2021-10-01",
            task="EXTERNAL_ENTRY",
            limit=1000,
            min_position=head,
        )
        mine = [one for one in waiting["tasks"] if one["subject"] == asset_of(life)]
        assert [(one["task"], one["dueOn"]) for one in mine] == [
            ("EXTERNAL_ENTRY:SYS_STATE_ASSET", "2021-09-09")
        ]
    await life.step("external-entries", entry("SYS_STATE_ASSET", "R-3"), "finance")
    assert (await entries(service, life))["SYS_STATE_ASSET"]["recordedBy"] == "FINANCE"


@pytest.mark.clause("C4.5-12")
async def test_a_stocktake_opens_the_way_to_the_rural_collective_system(service: Service) -> None:
    """Takes the entry of a village's public-welfare asset once a stocktake of the log, complete, has seen it: refused with
    none, with one that nobody knows, and while it is under way.
    """
    village = await fresh_village(service)
    lamps = road(
        assetType="INFRA_OTHER", unitOfMeasure="盏", quantity="40", implementer=VILLAGE,
        implementerKind="VILLAGE", villageUse=True, location=village,
    )  # fmt: skip
    life = await registered(service, lamps)
    paper = {
        "owners": [{"party": VILLAGE, "amount": "450000.00"}],
        "ownerKind": "VILLAGE",
        "verificationBasis": "竣工验收",
    }
    await life.step("ownership-confirmations", {"confirmation": paper, "occurredOn": "2021-08-10"}, "office")

    async def entered() -> tuple[int, str | None]:
        body = entry("SYS_RURAL_COLLECTIVE", "R-4", "2022-02-01")
        answer = await service.post(f"{life.path}/external-entries", body, version=life.version)
        return answer.status_code, answer.json().get("code")

    assert await entered() == (409, "STOCKTAKE_REQUIRED")
    campaign = await opened(service, village)
    for named in ("ST-nobody", campaign):
        said = {"stocktaking": {"stocktake": named, "verifiedOn": "2022-01-05"}}
        told = await life.step("stocktakes", said)
        assert [one["code"] for one in told["warnings"]] == ["STOCKTAKE_BASIS_MISSING"], named
        assert await entered() == (409, "STOCKTAKE_REQUIRED"), named
    path = f"/v1/stocktakes/{campaign}"
    await service.write(f"{path}/lines", {"lines": [line(asset_of(life))]})
    assert await entered() == (409, "STOCKTAKE_REQUIRED")
    await service.write(f"{path}/completion", {}, "approver")
    life.version = (await service.read(life.path))["version"]
    assert await entered() == (201, None)
    rows = (
        await service.read(
            "/v1/ledgers/asset-duties", asset=asset_of(life), min_position=await service.head()
        )
    )["rows"]
    assert (rows[0]["stocktake"], rows[0]["verifiedOn"]) == (campaign, "2022-01-05")


@pytest.mark.clause("C0-01")
async def test_the_risk_board_counts_what_is_open_on_a_day(service: Service) -> None:
    """Shows open risks by village, township and county as they were on any day, whoever raised and cleared them."""
    life = await confirmed(service)

    async def board(by: str, on: str) -> dict[tuple[str, str], int]:
        rows = await service.read("/v1/ledgers/risks/board", by=by, on=on, min_position=await service.head())
        return {(row["place"], row["kind"]): row["assets"] for row in rows}

    places = {
        "county": "653022",
        "township": TOWNSHIP,
        "village": VILLAGE,
        "owner": VILLAGE,
        "implementer": "COMMERCE",
    }
    before = {by: await board(by, "2022-03-01") for by in places}
    await life.step("risks", {"kind": "WASTED", "reason": "设备闲置未用", "occurredOn": "2022-03-01"})
    for by, place in places.items():
        key = (place, "WASTED")
        assert (await board(by, "2022-03-01"))[key] == before[by].get(key, 0) + 1, by
        assert (await board(by, "2022-02-28")).get(key, 0) == before[by].get(key, 0)
    answer = await service.post(
        f"{life.path}/risks",
        {"kind": "WASTED", "reason": "再次", "occurredOn": "2022-03-02"},
        version=life.version,
    )
    assert answer.json()["code"] == "RISK_ALREADY_OPEN"
    answer = await service.post(
        f"{life.path}/risks",
        {"kind": "OTHER", "reason": "其他", "occurredOn": "2022-03-02"},
        version=life.version,
    )
    assert answer.json()["code"] == "UNKNOWN_RISK_KIND"
    await life.step("risks/WASTED/clearance", {"reason": "已启用", "occurredOn": "2022-04-01"})
    await life.step("status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-05-01"}})
    await life.step("status-reports", {"report": {"state": "IN_USE", "reportedOn": "2022-06-01"}})
    rows = (await service.read("/v1/ledgers/risks", asset=asset_of(life), min_position=await service.head()))[
        "rows"
    ]
    assert [(row["kind"], row["flaggedOn"], row["clearedOn"]) for row in rows] == [
        ("IDLE", "2022-05-01", "2022-06-01"),
        ("WASTED", "2022-03-01", "2022-04-01"),
    ]
    assert (await board("village", "2022-03-31")).get((VILLAGE, "WASTED")) == before["village"].get(
        (VILLAGE, "WASTED"), 0
    ) + 1
    on_day = await service.read("/v1/ledgers/risks", asset=asset_of(life), on="2022-05-15")
    assert [row["kind"] for row in on_day["rows"]] == ["IDLE"]


@pytest.mark.clause("C1-01")
async def test_what_is_out_of_scope_is_in_no_total(service: Service) -> None:
    """Keeps what old money made for reference: in the register, and in no total, category, share or risk count."""
    old = [{"source": "FISCAL_DEV", "amount": "1000000.00", "allocatedOn": "2012-12-31"}]

    async def totals() -> tuple[Any, ...]:
        head = await service.head()
        read = [
            await service.read("/v1/ledgers/asset-register/totals", min_position=head),
            await service.read("/v1/ledgers/asset-register/owners", min_position=head),
            await service.read("/v1/ledgers/asset-register/categories", by="asset_type", min_position=head),
            await service.read("/v1/ledgers/risks/board", on="2022-06-01", min_position=head),
        ]
        return read[0]["managed"], *read[1:]

    before = await totals()
    life = await registered(service, card(fundingLines=old))
    await life.step("risks", {"kind": "DAMAGED", "reason": "破损", "occurredOn": "2022-05-01"})
    assert await totals() == before
    page = await service.read("/v1/ledgers/asset-register", asset=asset_of(life), scope="OUT")
    assert [row["asset"] for row in page["rows"]] == [asset_of(life)]
    answer = await service.post("/v1/assets", {"card": card(fundingLines=old, scope="IN")})
    assert (answer.status_code, answer.json()["code"]) == (409, "FUNDING_BEFORE_SCOPE_START")


@pytest.mark.clause("C4.2-04")
async def test_a_herd_s_ledger_row_is_of_its_day(service: Service) -> None:
    """Shows a herd's number of the day in the asset and in the register: 60 less two deaths is 58."""
    herd = card(
        assetType="LIVESTOCK_OPERATING", unitOfMeasure="头", quantity="60", usefulLifeYears=None,
        implementer=VILLAGE, implementerKind="VILLAGE",
    )  # fmt: skip
    del herd["usefulLifeYears"]
    life = await registered(service, herd)
    death = {"kind": "DEATH", "change": "-2", "happenedOn": "2021-09-01", "evidenceSha256": "ab" * 32}
    await life.step("herd-changes", {"herdChange": death})
    asset = asset_of(life)
    for day, quantity in (("2021-08-31", "60"), ("2021-09-01", "58")):
        assert (await service.read(life.path, as_of=day))["resource"]["quantity"] == quantity
        page = await service.read(
            "/v1/ledgers/asset-register", asset=asset, as_of=day, min_position=await service.head()
        )
        assert [row["quantity"] for row in page["rows"]] == [quantity]
    for change, code in (
        ({"evidenceSha256": None}, "EVIDENCE_REQUIRED"),
        ({"change": "-59"}, "QUANTITY_NEGATIVE"),
    ):
        answer = await service.post(
            f"{life.path}/herd-changes", {"herdChange": death | change}, version=life.version
        )
        assert answer.json()["code"] == code


@pytest.mark.clause("C4.6-03")
async def test_the_file_says_what_it_lacks(service: Service) -> None:
    """Tells how complete an asset's file is and which kinds are missing."""
    life = await registered(service, card())
    for number, kind in enumerate(("PROJECT_APPROVAL", "CONTRACT", "ACCEPTANCE", "FINAL_ACCOUNT", "PHOTO")):
        document = {"kind": kind, "document": f"D-{number}", "sha256": "ab" * 32}
        await life.step("documents", {"document": document})
    told = await service.read(f"{life.path}/documents")
    assert (told["percent"], told["missing"]) == (71, ["PAYMENT_VOUCHER", "FUNDING_NOTICE"])


@pytest.mark.clause("C4.1-02", "C4.1-04")
async def test_a_department_finds_the_assets_it_guides(service: Service) -> None:
    """Lists the assets each department guides or co-guides, and marks where the regulation names none."""
    life = await registered(service, card())
    answer = await service.post("/v1/assets", {"card": card(guidingDepartment="FINANCE")})
    assert (answer.status_code, answer.json()["code"]) == (409, "GUIDING_DEPT_MISMATCH")
    for department in ("RURAL_REVITALIZATION", "DRC"):
        page = await service.read(
            "/v1/ledgers/asset-duties",
            guiding_department=department,
            limit=1000,
            min_position=await service.head(),
        )
        row = next(row for row in page["rows"] if row["asset"] == asset_of(life))
        assert (row["guidingDepartment"], row["coGuiding"], row["guidanceGap"]) == (
            "RURAL_REVITALIZATION",
            ["DRC"],
            False,
        )
    gap = card(fundingLines=[{"source": "SELF_RAISED", "amount": "1000000.00", "allocatedOn": "2020-12-01"}])
    other = await registered(service, gap)
    page = await service.read(
        "/v1/ledgers/asset-duties", guidance_gap=True, limit=1000, min_position=await service.head()
    )
    assert {row["asset"] for row in page["rows"]} >= {asset_of(other)}


@pytest.mark.clause("C4.3-12")
async def test_a_township_sees_what_lies_in_it_and_owns_what_is_its_own(service: Service) -> None:
    """Lists what lies in a township whoever owns it, counts as its own what it owns, and lets no other one edit it."""
    life = await registered(service, road(implementer="WATER", implementerKind="DEPARTMENT"))
    paper = {
        "owners": [{"party": "WATER", "amount": "450000.00"}],
        "ownerKind": "DEPARTMENT",
        "verificationBasis": "竣工验收",
    }
    await life.step("ownership-confirmations", {"confirmation": paper, "occurredOn": "2021-08-10"}, "office")
    head = await service.head()

    async def listed(**filters: str) -> bool:
        page = await service.read("/v1/ledgers/asset-register", limit=1000, min_position=head, **filters)
        return asset_of(life) in {row["asset"] for row in page["rows"]}

    assert await listed(township=TOWNSHIP)
    assert await listed(owner="WATER")
    assert not await listed(owner=TOWNSHIP)
    assert not await listed(township=OTHER_TOWNSHIP)
    report = {"report": {"state": "IDLE", "reportedOn": "2021-09-01"}}
    answer = await service.post(f"{life.path}/status-reports", report, "neighbour", version=life.version)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN_JURISDICTION")


# ---- what is due ---------------------------------------------------------------------------------------------------


async def due(service: Service, life: Life, on: str, unit: str = VILLAGE, **filters: Any) -> dict[str, str]:
    """What is overdue around an asset on a day: task → due day."""
    found = await service.read(
        f"/v1/organizations/{unit}/worklist", on=on, limit=1000, min_position=await service.head(), **filters
    )
    return {one["task"]: one["dueOn"] for one in found["tasks"] if one["subject"] == asset_of(life)}


@pytest.mark.clause("C3-08", "C4.5-15", "C4.10-02")
async def test_reports_bookings_and_custody_fall_due(service: Service) -> None:
    """Lists overdue status reports, bookings and custody of a day for the owner, its township and the county."""
    life = await confirmed(service)
    assert await due(service, life, "2021-09-09") == {}
    assert await due(service, life, "2021-09-10") == {
        "BOOKING": "2021-09-09",
        "CUSTODY": "2021-09-09",
        "EXTERNAL_ENTRY:SYS_RURAL_COLLECTIVE": "2021-09-09",
        "EXTERNAL_ENTRY:SYS_SANZI": "2021-09-09",
    }
    assert "BOOKING" in await due(service, life, "2021-09-10", TOWNSHIP)
    assert await due(service, life, "2021-09-10", OTHER_TOWNSHIP) == {}
    assert await due(service, life, "2021-08-15", until="2021-09-10") != {}
    booking = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记-001", "bookedOn": "2021-09-12"}
    await life.step("bookings", {"booking": booking})
    manager = await service.person(VILLAGE)
    answer = await life.step("custody", {"custody": custody(manager), "occurredOn": "2021-09-15"})
    assert [one["code"] for one in answer["warnings"]] == ["CUSTODY_OVERDUE"]
    left = await due(service, life, "2022-01-14")
    assert set(left) == {
        "EXTERNAL_ENTRY:SYS_RURAL_COLLECTIVE",
        "EXTERNAL_ENTRY:SYS_SANZI",
        "STATUS_REPORT",
    }
    assert left["STATUS_REPORT"] == "2022-01-13"  # 182 days after the registration
    await life.step("status-reports", {"report": {"state": "IN_USE", "reportedOn": "2022-01-20"}})
    assert "STATUS_REPORT" not in await due(service, life, "2022-07-21")
    assert "STATUS_REPORT" in await due(service, life, "2022-07-22")
    county = await service.read("/v1/ledgers/worklist", on="2022-07-22", task="STATUS_REPORT", limit=1000)
    told = next(one for one in county["tasks"] if one["subject"] == asset_of(life))
    assert (told["warning"]["code"], told["clause"]) == ("STATUS_REPORT_OVERDUE", "C3-08")


@pytest.mark.clause("C4.3-14")
async def test_upkeep_falls_due_by_its_interval(service: Service) -> None:
    """Lists upkeep that is overdue by its plan: 180 days after 1 January it is by 5 July."""
    life = await registered(service, road())
    plan = {"intervalDays": 180, "startsOn": "2021-01-01", "content": "路面养护"}
    await life.step("maintenance-plans", {"plan": plan})
    assert (await due(service, life, "2021-07-05", TOWNSHIP))["MAINTENANCE"] == "2021-06-30"
    done = {"doneOn": "2021-07-06", "content": "路面养护"}
    await life.step("maintenance", {"maintenance": done})
    assert "MAINTENANCE" not in await due(service, life, "2022-01-02", TOWNSHIP)
    assert (await due(service, life, "2022-01-03", TOWNSHIP))["MAINTENANCE"] == "2022-01-02"


@pytest.mark.clause("C4.6-02")
async def test_late_registrations_are_found(service: Service) -> None:
    """Lists assets that were registered more than 30 days after their acceptance (P31)."""
    in_time = await registered(service, card(), "2021-08-09")
    late = await registered(service, card(), "2021-08-10")
    page = await service.read(
        "/v1/ledgers/asset-duties", registered_late=True, limit=1000, min_position=await service.head()
    )
    found = {row["asset"] for row in page["rows"]}
    assert asset_of(late) in found
    assert asset_of(in_time) not in found


@pytest.mark.clause("C4.3-02", "C4.3-18")
async def test_care_is_advised_in_units(service: Service) -> None:
    """Advises custodian and supervisors of an asset in units, the owner always accountable."""
    life = await confirmed(service)
    advice = await service.read(f"{life.path}/care-advice", on="2021-09-01")
    assert (advice["accountable"], advice["supervisors"]) == ([VILLAGE], [TOWNSHIP])
    fresh = await registered(service, card())
    answer = await service.get(f"{fresh.path}/care-advice")
    assert (answer.status_code, answer.json()["code"]) == (409, "OWNERSHIP_NOT_CONFIRMED")
    for path in ("care-advice", "documents"):
        assert (await service.get(f"/v1/assets/none/{path}")).status_code == 404


# ---- units ---------------------------------------------------------------------------------------------------------


async def compliance(service: Service, unit: str, on: str = "2023-12-31") -> dict[str, dict[str, Any]]:
    told = await service.read(
        f"/v1/organizations/{unit}/compliance", on=on, min_position=await service.head()
    )
    return {item["clause"]: item for item in told["items"]}


@pytest.mark.clause("C4.3-03", "C4.3-04")
async def test_a_township_s_health_check_names_what_is_missing(service: Service) -> None:
    """Reports by clause which rules and which task force a township or department lacks on a day."""
    unit = f"/v1/organizations/{OTHER_TOWNSHIP}"
    before = await compliance(service, OTHER_TOWNSHIP)
    assert before["C4.3-04"]["warning"]["code"] == "TASK_FORCE_MISSING"
    for topic in ("OWNERSHIP", "USE", "OPERATION", "MAINTENANCE", "INCOME"):
        rule = {
            "topic": topic,
            "title": "管理办法",
            "documentNo": f"乡〔2021〕{topic}",
            "effectiveFrom": "2021-08-01",
        }
        await service.write(f"{unit}/rules", {"rule": rule}, "neighbour")
    after = (await compliance(service, OTHER_TOWNSHIP))["C4.3-03"]
    assert (after["missing"], after["warning"]["code"]) == (["DISPOSAL"], "UNIT_RULE_MISSING")
    assert len((await compliance(service, OTHER_TOWNSHIP, "2021-07-31"))["C4.3-03"]["missing"]) == 6
    rule = {"topic": "DISPOSAL", "title": "处置办法", "documentNo": "乡〔2021〕9号"}
    answer = await service.post(f"{unit}/rules", {"rule": rule}, "neighbour")
    assert (answer.status_code, answer.json()["code"]) == (422, "EFFECTIVE_DATE_REQUIRED")
    answer = await service.post(f"{unit}/rules", {"rule": rule | {"effectiveFrom": "2021-08-01"}}, "clerk")
    assert answer.json()["code"] == "FORBIDDEN_JURISDICTION"
    person = await service.person(OTHER_TOWNSHIP)
    member = {"person": person, "role": "组长", "since": "2021-08-01"}
    force = {"documentNo": "乡〔2021〕10号", "establishedOn": "2021-08-01", "members": [member]}
    await service.write(f"{unit}/task-force", {"taskForce": force}, "neighbour")
    assert (await compliance(service, OTHER_TOWNSHIP))["C4.3-04"]["fulfilled"] is True
    answer = await service.write(
        f"{unit}/task-force/members", {"member": member | {"until": "2022-12-31"}}, "neighbour"
    )
    assert [one["code"] for one in answer["warnings"]] == ["TASK_FORCE_MISSING"]
    assert (await compliance(service, OTHER_TOWNSHIP, "2022-12-31"))["C4.3-04"]["fulfilled"] is True
    assert (await compliance(service, OTHER_TOWNSHIP, "2023-01-01"))["C4.3-04"]["fulfilled"] is False
    unknown = {"taskForce": force | {"members": [member | {"person": "P-NOBODY"}]}}
    answer = await service.post(f"{unit}/task-force", unknown, "neighbour")
    assert answer.json()["code"] == "CODE_UNKNOWN"


@pytest.mark.clause("C4.3-05")
async def test_the_asset_office_needs_all_six(service: Service) -> None:
    """Refuses an asset office without one of its six members, and reports it incomplete until they are named."""
    six = ["FINANCE", "RURAL_REVITALIZATION", "DRC", "ETHNIC_AFFAIRS", "AGRICULTURE", "AUDIT"]
    unit = "/v1/organizations/ASSET_OFFICE"
    assert len((await compliance(service, "ASSET_OFFICE"))["C4.3-05"]["missing"]) == 6
    body = {"members": six[:-1], "documentNo": "陶政办发〔2021〕16号"}
    answer = await service.post(f"{unit}/office-members", body, "office")
    assert (answer.json()["code"], answer.json()["missing"]) == ("OFFICE_MEMBER_MISSING", ["AUDIT"])
    await service.write(f"{unit}/office-members", body | {"members": six}, "office")
    assert (await compliance(service, "ASSET_OFFICE"))["C4.3-05"]["fulfilled"] is True


@pytest.mark.clause("C4.3-10")
async def test_a_fresh_county_has_its_twenty_one_organisations(service: Service) -> None:
    """Founds a county with the 21 organisations the regulation binds, each once."""
    page = await service.read("/v1/organizations", kind="DEPARTMENT", limit=1000)
    rows = REGULATION.on(date(2021, 7, 1)).organizations()
    bound = {row.code for row in rows if row.kind in {"DEPARTMENT", "FARM_CENTER"}}
    there = [row["organization"] for row in page["rows"] if row["organization"] in bound]
    assert len(bound) == 21
    assert sorted(there) == sorted(bound)
    assert len({row["name"] for row in page["rows"]}) == len(page["rows"])


@pytest.mark.clause("C4.3-20")
async def test_guidance_counts_for_its_year(service: Service) -> None:
    """Counts guidance records per year: a department without any scores nothing for it."""
    unit = "/v1/organizations/COMMERCE"
    assert (await compliance(service, "COMMERCE", "2022-12-31"))["C4.3-20"]["fulfilled"] is False
    given = {"guidance": "G-1", "guided": TOWNSHIP, "topic": "车间资产管理", "givenOn": "2022-06-01"}
    await service.write(f"{unit}/guidance", {"guidance": given}, "finance")
    assert (await compliance(service, "COMMERCE", "2022-12-31"))["C4.3-20"]["fulfilled"] is True
    assert (await compliance(service, "COMMERCE", "2023-12-31"))["C4.3-20"]["fulfilled"] is False
    rows = await service.read(f"{unit}/guidance", year=2022)
    assert [(row["guidance"], row["guided"]) for row in rows] == [("G-1", TOWNSHIP)]
    assert await service.read(f"{unit}/guidance", year=2023) == []
    answer = await service.post(f"{unit}/guidance", {"guidance": given}, "finance")
    assert answer.status_code == 409


@pytest.mark.clause("C4.3-22")
async def test_a_village_with_assets_needs_a_manager(service: Service) -> None:
    """Reports a village that has assets and no acting manager, and keeps a task open until one is appointed."""
    await registered(service, card())
    unit = f"/v1/organizations/{VILLAGE}"

    async def lacking(on: str) -> list[str]:
        found = await service.read(
            f"/v1/organizations/{TOWNSHIP}/worklist",
            on=on,
            task="ASSET_MANAGER",
            min_position=await service.head(),
        )
        return [one["warning"]["code"] for one in found["tasks"] if one["subject"] == VILLAGE]

    assert (await compliance(service, VILLAGE))["C4.3-22"]["warning"]["code"] == "MANAGER_REQUIRED"
    assert await lacking("2023-12-31") == ["MANAGER_REQUIRED"]
    person = await service.person(VILLAGE)
    post = {"position": "ASSET_MANAGER", "person": person, "since": "2021-08-01", "documentNo": "任1号"}
    await service.write(f"{unit}/appointments", post, "personnel")
    assert (await compliance(service, VILLAGE))["C4.3-22"]["fulfilled"] is True
    assert await lacking("2023-12-31") == []
    answer = await service.write(
        f"{unit}/appointments/ASSET_MANAGER/{person}/ending",
        {"until": "2022-12-31", "reason": "离任"},
        "personnel",
    )
    assert [one["code"] for one in answer["warnings"]] == ["MANAGER_REQUIRED"]
    assert (await compliance(service, VILLAGE, "2022-12-31"))["C4.3-22"]["fulfilled"] is True
    assert await lacking("2023-01-02") == ["MANAGER_REQUIRED"]


async def test_a_unit_nobody_knows_has_no_compliance(service: Service) -> None:
    assert (await service.get("/v1/organizations/none/compliance")).status_code == 404


async def test_a_clearance_names_income_that_is_not_paid_out_yet(service: Service) -> None:
    life = await confirmed(service)
    person = await service.person(VILLAGE)
    await life.step("custody", {"custody": custody(person, "RESPONSIBLE"), "occurredOn": "2021-08-16"})
    receipt = {"receipt": "R-1", "amount": "3000.00", "receivedOn": "2022-09-01", "voucherNo": "收-1"}
    await life.step("income-receipts", {"receipt": receipt})
    told = await service.read(f"/v1/clearances/{person}", "personnel", min_position=await service.head())
    assert told["clear"] is False
    balances = [one["balance"] for one in told["items"] if one["kind"] == "BALANCE"]
    assert balances == ["3000.00"]
