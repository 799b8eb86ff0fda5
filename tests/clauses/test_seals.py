"""四(三)、四(四)4: sealed ledgers that never change, handed in by every unit, and the joint review they rest on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from domain.sealing.joint_review import JointReview
from domain.sealing.seal import LedgerSeal
from projections.sealing.sealed_rows import derive, projection_of
from service.log.tree import load_tree
from tests.api.bodies import OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE, card, confirmation, road
from tests.api.service import COUNTY, REGULATION, Service, new_code, running
from tests.workbooks import row

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEADS, DEPARTMENTS = (
    next(one.all_of for one in REGULATION.on(date(2022, 1, 1)).chain("A4").steps if one.code == step)
    for step in ("OPEN", "SIGN")
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str) -> AsyncIterator[Service]:
    """One service for the module; every test seals a year of its own."""
    async with running(module_database_url) as one:
        yield one


async def owned(service: Service, village: str = VILLAGE, **changes: Any) -> str:
    """A production line that a village made and owns."""
    who = "clerk" if village == VILLAGE else "neighbour"
    built = {"implementer": village, "implementerKind": "VILLAGE", "fundsPaidTo": "VILLAGE"}
    given = card(location=village) | built | changes
    code = new_code()
    await service.write("/v1/assets", {"asset": code, "card": given, "occurredOn": "2021-07-15"}, who)
    title = confirmation(given["originalValue"], village)
    approver = "approver" if village == VILLAGE else "neighbour"
    path = f"/v1/assets/{code}/ownership-confirmations"
    body = {"confirmation": title, "occurredOn": "2021-07-20"}
    await service.write(path, body, approver, version=1)
    return code


async def seal(service: Service, kind: str, unit: str, year: int, who: str = "clerk") -> dict[str, Any]:
    answer = await service.write("/v1/seals", {"kind": kind, "unit": unit, "year": year}, who)
    return dict(answer["resource"]["snapshot"])


async def rederived(service: Service, code: str) -> tuple[str, str]:
    """The digest and the tree root that the log gives for a seal's day and position, from the first event on."""
    stored = await service.app.state.context.load(LedgerSeal, COUNTY, code)
    moments = service.app.state.moments
    await moments.aclose()  # nothing kept: folded anew
    sealed = stored.snapshot
    names = [projection_of(sealed.kind)]
    async with moments.at(COUNTY, names, sealed.as_of, sealed.position) as past:
        found = await derive(past.connection, COUNTY, sealed.kind, sealed.unit, sealed.as_of)
    async with service.pool.acquire() as connection:
        return found.root_hash, (await load_tree(connection, COUNTY, sealed.position)).root().hex()


@pytest.mark.clause("C4.4-04", "C4.5-01")
async def test_a_sealed_ledger_never_changes_and_later_facts_are_its_delta(service: Service) -> None:
    """Keeps position, tree root and digest of a sealed ledger; later corrections and backdated facts show as a delta."""
    asset = await owned(service)
    sealed = await seal(service, "ASSET", VILLAGE, 2021)
    code = f"ASSET:{VILLAGE}:2021"
    assert (sealed["rows"], sealed["originalValue"]) == (1, "1000000.00")
    assert await rederived(service, code) == (sealed["rootHash"], sealed["treeRoot"])
    delta = await service.read(f"/v1/seals/{code}/delta")
    assert (delta["unchanged"], delta["rows"]) == (True, [])

    changes = {"changes": {"assetName": "更名后的生产线"}, "reason": "笔误", "documentNo": "更正1号"}
    path = f"/v1/assets/{asset}/registration-corrections"
    await service.write(path, {"correction": changes, "occurredOn": "2021-08-01"}, version=2)
    backdated = await owned(service, originalValue="1000.00", fundingLines=lines("1000.00"))
    later = {"changes": {"remarks": "明年的事"}, "reason": "补记", "documentNo": "更正2号"}
    await service.write(path, {"correction": later, "occurredOn": "2022-02-01"}, version=3)

    assert await rederived(service, code) == (sealed["rootHash"], sealed["treeRoot"])
    stored = await service.read(f"/v1/seals/{code}")
    assert stored["resource"]["snapshot"] == sealed
    delta = await service.read(f"/v1/seals/{code}/delta")
    assert not delta["unchanged"]
    assert (delta["added"], delta["removed"], delta["changed"]) == (1, 0, 1)
    rows = {row["key"]["asset"]: row for row in delta["rows"]}
    assert (rows[asset]["fields"], rows[asset]["before"], rows[asset]["after"]) == (
        ["assetName"],
        {"assetName": "核桃加工生产线"},
        {"assetName": "更名后的生产线"},
    )
    assert rows[backdated]["change"] == "ADDED"
    assert rows[backdated]["after"]["shareValue"] == "1000.00"
    assert delta["sealed"]["rootHash"] == sealed["rootHash"]
    assert delta["present"]["originalValue"] == "1001000.00"
    one = await service.read(f"/v1/seals/{code}/delta", limit=1)
    two = await service.read(f"/v1/seals/{code}/delta", limit=1, cursor=one["nextCursor"])
    assert [row["key"]["asset"] for row in (*one["rows"], *two["rows"])] == sorted(rows)


def lines(amount: str) -> list[dict[str, Any]]:
    return [{"source": "FISCAL_DEV", "amount": amount, "allocatedOn": "2019-03-01"}]


@pytest.mark.clause("C4.5-01")
async def test_a_ledger_is_sealed_once_by_the_unit_that_keeps_it(service: Service) -> None:
    """Seals each unit's ledgers once a year: of the kinds it keeps, by itself or who is above it, after the year."""
    await seal(service, "HOUSEHOLD", VILLAGE, 2019)
    body = {"kind": "HOUSEHOLD", "unit": VILLAGE, "year": 2019}
    assert (await service.post("/v1/seals", body)).json()["code"] == "ALREADY_EXISTS"
    for changes, code in (
        ({"unit": "COMMERCE"}, "LEDGER_KIND_NOT_ALLOWED"),
        ({"unit": "COUNTY_GOV"}, "ORG_TYPE_NOT_ALLOWED"),
        ({"kind": "COUNTY_MASTER", "unit": TOWNSHIP}, "LEDGER_KIND_NOT_ALLOWED"),
        ({"kind": "CATEGORISED", "unit": "ASSET_OFFICE"}, "STEP_OUT_OF_ORDER"),
        ({"year": 2199}, "DATE_IN_FUTURE"),
        ({"unit": "NOBODY"}, "CODE_UNKNOWN"),
    ):
        answer = await service.post("/v1/seals", body | changes, "office")
        assert answer.json()["code"] == code, (changes, answer.text)
    elsewhere = {"kind": "ASSET", "unit": OTHER_VILLAGE, "year": 2019}
    assert (await service.post("/v1/seals", elsewhere)).json()["code"] == "FORBIDDEN_JURISDICTION"


@pytest.mark.clause("C4.3-11")
async def test_the_county_s_ledger_is_incomplete_until_every_unit_handed_in(service: Service) -> None:
    """Collects every unit's sealed ledger by its digest; while one is missing the county's is INCOMPLETE and names it."""
    path = "/v1/ledgers/collection"
    units = [
        one["organization"]
        for one in (await service.read(path, year=2020, min_position=await service.head()))["units"]
    ]
    assert {TOWNSHIP, OTHER_TOWNSHIP, "COMMERCE"} < set(units)
    person = await service.person(TOWNSHIP)
    admin = {"label": "x", "organizationKind": "DEPARTMENT", "roles": ["APPROVER"], "divisions": [COUNTY]}
    made = await service.post("/v1/keys", admin | {"organization": "FINANCE"}, "admin")
    everyone = made.json()["token"]
    for unit in units:
        if unit == OTHER_TOWNSHIP:
            continue
        sealed = await seal(service, "ASSET", unit, 2020, everyone)
        submission = {"rootHash": sealed["rootHash"], "person": person}
        await service.write(f"/v1/seals/ASSET:{unit}:2020/submission", submission, everyone)
    found = await service.read(path, year=2020, min_position=await service.head())
    assert (found["state"], found["missing"]) == ("INCOMPLETE", [OTHER_TOWNSHIP])

    sealed = await seal(service, "ASSET", OTHER_TOWNSHIP, 2020, "neighbour")
    mine = f"/v1/seals/ASSET:{OTHER_TOWNSHIP}:2020"
    collection = {"person": person}
    early = await service.post(f"{mine}/collection", collection, "office")
    assert early.json()["code"] == "STEP_OUT_OF_ORDER"
    wrong = await service.post(f"{mine}/submission", {"rootHash": "ab" * 32, "person": person}, "neighbour")
    assert (wrong.status_code, wrong.json()["code"]) == (412, "LEDGER_HASH_MISMATCH")
    other = await service.post(
        f"{mine}/submission", {"rootHash": sealed["rootHash"], "person": person}, "clerk"
    )
    assert other.status_code == 403
    await service.write(f"{mine}/submission", {"rootHash": sealed["rootHash"], "person": person}, "neighbour")
    done = await service.write(f"{mine}/collection", collection, "office")
    found = await service.read(path, year=2020, min_position=done["position"])
    assert (found["state"], found["missing"]) == ("COMPLETE", [])
    states = {one["organization"]: one["state"] for one in found["units"]}
    assert (states[OTHER_TOWNSHIP], states[TOWNSHIP]) == ("COLLECTED", "SUBMITTED")


class Reviewing:
    """A joint review and who takes part in it."""

    def __init__(self, service: Service, year: int) -> None:
        self.service = service
        self.year = year
        self.path = f"/v1/joint-reviews/JR-{year}"
        self.tokens: dict[str, str] = {}

    async def token(self, unit: str) -> str:
        """A key of a department."""
        if unit not in self.tokens:
            body = {
                "label": unit, "organization": unit, "organizationKind": "DEPARTMENT", "roles": ["APPROVER"],
                "divisions": [],
            }  # fmt: skip
            made = await self.service.post("/v1/keys", body, "admin")
            assert made.status_code == 201, made.text
            self.tokens[unit] = made.json()["token"]
        return self.tokens[unit]

    async def signature(self, department: str) -> dict[str, str]:
        person = await self.service.person(department)
        return {"department": department, "person": person, "signedOn": "2022-03-01"}

    async def open(self) -> None:
        leads = [await self.signature(one) for one in LEADS]
        body = {
            "review": f"JR-{self.year}", "year": self.year, "asOf": f"{self.year}-12-31", "leads": leads,
        }  # fmt: skip
        await self.service.write("/v1/joint-reviews", body, await self.token(LEADS[0]))

    async def check(self) -> dict[str, Any]:
        answer = await self.service.post(f"{self.path}/checks", {}, await self.token(LEADS[0]))
        assert answer.status_code in {200, 201}, answer.text
        return dict(answer.json()["resource"])

    async def sign(self, department: str) -> Any:
        body = {"signature": await self.signature(department)}
        return await self.service.post(f"{self.path}/signatures", body, await self.token(department))

    async def settle_all(self, names: list[str]) -> None:
        for name in names:
            body = {"exception": name, "settlement": {"reason": "已核实", "documentNo": "联审〔2022〕1号"}}
            await self.service.write(f"{self.path}/settlements", body, await self.token(LEADS[1]))


async def old_stock(service: Service, review: str | None, on: str = "2022-03-01") -> tuple[int, str | None]:
    """Registers, without its papers, what was completed before the regulation; on the word of a review."""
    legacy = {"result": "LEGACY", "reason": "2014年资料遗失", "jointReviewDocument": "陶联审〔2021〕3号"}
    if review is not None:
        legacy["jointReview"] = review
    body = {"asset": new_code(), "card": road(acceptance=legacy), "occurredOn": on}
    answer = await service.post("/v1/assets", body)
    return answer.status_code, answer.json().get("code")


async def old_stock_in_a_ledger(service: Service, review: str | None, on: str = "2022-03-01") -> list[str]:
    """What is wrong with the one row of a dry-run ledger on the template: old stock, as its fourth note says."""
    answer = await service.get("/v1/imports/template.xlsx")
    book = openpyxl.load_workbook(BytesIO(answer.content))
    sheet = book["扶贫资产清查表"]
    headings = [str(cell.value) for cell in sheet[1]]
    given = row(1, 验收结论="历史资产", 验收日期="", 验收文号="") | {
        "原始价值（元）": 450000, "乡（镇）": TOWNSHIP, "无验收资料说明": "2014年资料遗失", "联合审查编号": review,
    }  # fmt: skip
    for name in set(given) & set(headings):
        sheet.cell(row=2, column=headings.index(name) + 1).value = given[name] or None
    filled = BytesIO()
    book.save(filled)
    person = await service.person(TOWNSHIP)
    options = {"unit": TOWNSHIP, "compiled_by": person, "occurred_on": on, "dry_run": True}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = service.headers("clerk", Idempotency_Key=new_code()) | {"Content-Type": kind}
    sent = await service.http.post("/v1/imports", params=options, content=filled.getvalue(), headers=headers)
    done = await service.read(sent.headers["Location"], "clerk", wait=20)
    assert done["state"] == "SUCCEEDED", done
    return [
        f"{reason['code']} {reason['heading']}"
        for one in done["result"]["refused"]
        for reason in one["reasons"]
    ]


@pytest.mark.clause("C4.4-04", "C4.4-05", "C4.3-01")
async def test_the_county_s_ledgers_are_sealed_on_a_review_that_seventeen_departments_signed(
    service: Service,
) -> None:
    """Seals master and categorised ledgers when seventeen departments signed: every dimension sums to the master.
    Old stock without papers comes in on the word of a review that all have signed: of none, or of one under way, it is refused.
    """
    assert await old_stock(service, None) == (409, "ACCEPTANCE_REQUIRED")
    assert await old_stock(service, "JR-2021") == (422, "CODE_UNKNOWN")
    await owned(service, OTHER_VILLAGE, originalValue="2000.00", fundingLines=lines("2000.00"))
    project = {
        "unit": TOWNSHIP, "source": "FISCAL_DEV", "allocatedOn": "2019-03-01", "amount": "5000.00",
        "documentNo": "陶财扶〔2019〕9号", "projectCode": "P-2019",
    }  # fmt: skip
    await service.write("/v1/fund-allocations", {"card": project}, "finance")
    review = Reviewing(service, 2021)
    await review.open()
    body = {"signature": await review.signature(DEPARTMENTS[0])}
    unchecked = await service.post(f"{review.path}/signatures", body, await review.token(DEPARTMENTS[0]))
    assert unchecked.json()["missing"] == ["exceptionChecks"]
    checked = await review.check()
    assert "PROJECT_WITHOUT_ASSET:P-2019" in checked["openExceptions"]
    blocked = await review.sign(DEPARTMENTS[0])
    assert (blocked.status_code, blocked.json()["code"]) == (409, "REVIEW_EXCEPTION_OPEN")
    await review.settle_all(checked["openExceptions"])
    foreign = await service.post(f"{review.path}/signatures", body, await review.token(DEPARTMENTS[1]))
    assert foreign.json()["code"] == "FORBIDDEN_JURISDICTION"
    for department in DEPARTMENTS[:-1]:
        assert (await review.sign(department)).status_code == 201
    assert await old_stock(service, "JR-2021") == (409, "ACCEPTANCE_REQUIRED")
    for named in (None, "JR-1999", "JR-2021"):
        assert await old_stock_in_a_ledger(service, named) == ["ACCEPTANCE_REQUIRED 联合审查编号"]
    early = await service.post(f"{review.path}/seal", {}, "office")
    assert (early.json()["code"], early.json()["missing"]) == ("STEP_OUT_OF_ORDER", [DEPARTMENTS[-1]])
    assert (await review.sign(DEPARTMENTS[-1])).json()["resource"]["state"] == "SIGNED"
    assert await old_stock(service, "JR-2021", "2022-02-28") == (409, "ACCEPTANCE_REQUIRED")
    assert await old_stock_in_a_ledger(service, "JR-2021", "2022-02-28") == [
        "ACCEPTANCE_REQUIRED 联合审查编号"
    ]
    assert await old_stock_in_a_ledger(service, "JR-2021") == []
    refused = await service.post(f"{review.path}/seal", {}, await review.token(LEADS[0]))
    assert refused.status_code == 403

    done = await service.write(f"{review.path}/seal", {}, "office")
    codes = [f"COUNTY_MASTER:{COUNTY}:2021", f"CATEGORISED:{COUNTY}:2021"]
    assert (done["resource"]["state"], done["resource"]["seals"]) == ("SEALED", codes)
    master, categorised = [
        (await service.read(f"/v1/seals/{code}"))["resource"]["snapshot"] for code in codes
    ]
    assert master["rows"] >= 1
    sums: dict[str, float] = {}
    for one in categorised["categories"]:
        sums[one["dimension"]] = sums.get(one["dimension"], 0) + float(one["amount"])
    assert set(sums) == {"CLASS", "SUBCLASS", "TYPE", "OWNER_LEVEL", "TOWNSHIP", "FUND_SOURCE", "YEAR"}
    assert set(sums.values()) == {float(master["originalValue"])}
    for code, sealed in zip(codes, (master, categorised), strict=True):
        assert await rederived(service, code) == (sealed["rootHash"], sealed["treeRoot"])
    rows = (await service.read("/v1/joint-reviews", year=2021, min_position=done["position"]))["rows"]
    assert [(row["review"], row["state"], len(row["signatures"])) for row in rows] == [
        ("JR-2021", "SEALED", 17)
    ]
    again = await service.post(f"{review.path}/seal", {}, "office")
    assert again.json()["code"] == "STEP_OUT_OF_ORDER"
    stored = await service.app.state.context.load(JointReview, COUNTY, "JR-2021")
    assert stored.seals == tuple(codes)
    assert await old_stock(service, "JR-2021") == (201, None)


@pytest.mark.clause("C4.4-05")
async def test_what_came_after_the_signatures_is_checked_before_the_seal(service: Service) -> None:
    """Sets projects against assets once more before sealing: money without an asset found since blocks the seal."""
    review = Reviewing(service, 2020)
    await review.open()
    await review.settle_all((await review.check())["openExceptions"])
    for department in DEPARTMENTS:
        assert (await review.sign(department)).status_code == 201
    project = {
        "unit": TOWNSHIP, "source": "FISCAL_DEV", "allocatedOn": "2020-03-01", "amount": "7000.00",
        "documentNo": "陶财扶〔2020〕9号", "projectCode": "P-2020",
    }  # fmt: skip
    await service.write("/v1/fund-allocations", {"card": project}, "finance")
    refused = await service.post(f"{review.path}/seal", {}, "office")
    assert refused.json()["code"] == "REVIEW_EXCEPTION_OPEN"
    assert "P-2020" in refused.json()["detail"]
    page = await service.read("/v1/seals", year=2020, kind="COUNTY_MASTER", min_position=await service.head())
    assert page["rows"] == []
    hide = "UPDATE fund_allocation SET state = $1 WHERE project_code = 'P-2020'"
    await service.pool.execute(hide, "WITHDRAWN")  # by somebody with the database: the row says otherwise
    try:
        again = await service.post(f"{review.path}/seal", {}, "office")
    finally:
        await service.pool.execute(hide, "RECORDED")
    assert again.json()["code"] == "REVIEW_EXCEPTION_OPEN", "what is sealed is read from the log"


@pytest.mark.clause("C4.6-01", "C4.3-21")
async def test_the_villages_ledgers_sum_to_their_part_of_the_township_s_territory(service: Service) -> None:
    """Sealed village ledgers hold each village's shares, and sum to what villages own in the territorial ledger."""
    await owned(service)
    sealed = await seal(service, "ASSET", VILLAGE, 2022)
    page = await service.read("/v1/ledgers/asset-register", township=TOWNSHIP, as_of="2022-12-31", limit=1000)
    shares = [owner["amount"] for row in page["rows"] for owner in row["owners"] if owner["party"] == VILLAGE]
    assert sum(round(float(one) * 100) for one in shares) == round(float(sealed["originalValue"]) * 100)
