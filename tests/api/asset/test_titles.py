"""Titles over HTTP: advice, joint villages through their procedure, decisions, certificates, collectives, rights."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, road, terms, transfer
from tests.api.contracts import decided
from tests.api.service import Service, new_code
from tests.examples import yuan

SECOND, THIRD = "653022202209", "653022202210"
SHA = "ab" * 32


def joint(**changes: Any) -> dict[str, Any]:
    """A market that two villages built together."""
    lines = [
        {"source": "FISCAL_DEV", "amount": amount, "allocatedOn": "2020-12-01", "village": village}
        for village, amount in ((VILLAGE, "666666.67"), (SECOND, "333333.33"))
    ]
    return card(projectScope="JOINT_VILLAGE", fundingLines=lines) | changes


def shares(**parts: str) -> list[dict[str, str]]:
    """Shares by village, yuan."""
    return [{"party": party.removeprefix("v"), "amount": amount} for party, amount in parts.items()]


PARTS = shares(**{f"v{VILLAGE}": "666666.67", f"v{SECOND}": "333333.33"})


async def registered(service: Service, given: dict[str, Any]) -> str:
    """Registered on 18 June 2021: what the examples accept later was accepted a week before."""
    asset = new_code()
    if given["acceptance"]["acceptedOn"] > "2021-06-18":
        accepted = given["acceptance"] | {"acceptedOn": "2021-06-10"}
        given = given | {"completionDate": "2021-05-31", "acceptance": accepted}
    await service.write("/v1/assets", {"asset": asset, "card": given, "occurredOn": "2021-06-18"}, "office")
    return asset


async def write(service: Service, asset: str, noun: str, body: dict[str, Any], who: str) -> dict[str, Any]:
    """A write on the asset as it is now."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    return await service.write(f"/v1/assets/{asset}/{noun}", body, who, version=version)


async def refused(
    service: Service, asset: str, noun: str, body: dict[str, Any], who: str
) -> tuple[int, str, list[str]]:
    """A write that has to be refused: status, code, missing."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    answer = await service.post(f"/v1/assets/{asset}/{noun}", body, who, version=version)
    return answer.status_code, answer.json()["code"], answer.json().get("missing", [])


class Title:
    """A procedure over an asset's title, taken through A5 day by day."""

    def __init__(self, service: Service, asset: str) -> None:
        self.service, self.asset = service, asset
        self.people: dict[str, str] = {}

    async def signer(self, unit: str) -> dict[str, str]:
        if unit not in self.people:
            self.people[unit] = await self.service.person(unit)
        return {"organization": unit, "person": self.people[unit]}

    async def open(self, village: str = VILLAGE) -> str:
        content = {"asset": self.asset, "ownerKind": "VILLAGE", "owners": PARTS}
        draft = {"kind": "asset_title", "id": self.asset, "content": content}
        answer = await self.service.post("/v1/procedures/subjects/digest", draft, "approver")
        subject = answer.json()["subject"]
        self.digest = subject["sha256"]
        opening = {
            "chain": "A5",
            "title": "联建农贸市场确权",
            "subject": subject,
            "case": {"ownerKind": "VILLAGE", "projectScope": "JOINT_VILLAGE"},
            "parties": [
                {"role": role, "organization": unit}
                for role, unit in (
                    ("TOWNSHIP", TOWNSHIP),
                    ("PROJECT_VILLAGE", village),
                    ("VILLAGE", village),
                )
            ],
        }
        by = await self.signer(TOWNSHIP)
        body = {"opening": opening, "by": by, "occurredOn": "2021-06-20"}
        self.code = (await self.service.write("/v1/procedures", body, "approver"))["id"]
        return self.code

    async def act(self, noun: str, step: str, on: str, **facts: Any) -> None:
        body = {
            "step": step,
            "by": await self.signer(TOWNSHIP),
            "subjectSha256": self.digest,
            "occurredOn": on,
        }
        await self.service.write(f"/v1/procedures/{self.code}/{noun}", body | facts, "approver")

    async def completed(self) -> list[str]:
        """Its steps that are done."""
        return list((await self.service.read(f"/v1/procedures/{self.code}"))["resource"]["completedSteps"])

    async def meet_and_post(self) -> None:
        await self.act("steps", "SHARES", "2021-06-21")
        meeting = {
            "kind": "TOWNSHIP_MEETING",
            "heldOn": "2021-06-28",
            "place": "乡政府",
            "members": 9,
            "present": 9,
            "inFavour": 9,
            "concluded": True,
            "minutesSha256": SHA,
        }
        await self.act("meetings", "MEETING", "2021-06-28", meeting=meeting)
        for role, unit in (("PROJECT_VILLAGE", VILLAGE), ("TOWNSHIP", TOWNSHIP)):
            posting = {
                "place": {"role": role, "organization": unit},
                "location": "公示栏",
                "postedOn": "2021-07-01",
                "evidence": [SHA],
                "text": "联建市场份额",
            }
            await self.act("notices", "NOTICE", "2021-07-01", posting=posting)


@pytest.mark.clause("C4.5-06")
async def test_joint_villages_own_after_meeting_notice_and_certificates(service: Service) -> None:
    """Over HTTP: shares, the township's procedure with both notices, certificates from 13 July on, confirmation, filing."""
    asset = await registered(service, joint())
    proposal = {"proposal": {"villages": [VILLAGE, SECOND]}, "occurredOn": "2021-06-20"}
    proposed = await write(service, asset, "joint-shares", proposal, "clerk")
    assert proposed["resource"]["jointShares"]["shares"] == PARTS
    title = Title(service, asset)
    await title.open()
    entered = {"procedure": title.code, "occurredOn": "2021-06-20"}
    assert (await write(service, asset, "ownership-procedures", entered, "clerk"))["resource"][
        "title"
    ] == "IN_PROCEDURE"
    await title.meet_and_post()
    first, second = (
        {
            "certificate": {
                "village": one["party"],
                "amount": one["amount"],
                "number": new_code("确权").replace("确权", "Q"),
                "issuedOn": "2021-07-13",
            },
            "procedure": title.code,
        }
        for one in PARTS
    )
    early = {**first, "certificate": first["certificate"] | {"issuedOn": "2021-07-12"}}
    assert await refused(service, asset, "ownership-certificates", early, "approver") == (
        409,
        "NOTICE_PERIOD_RUNNING",
        ["NOTICE"],
    )
    await title.act("notice-completions", "NOTICE", "2021-07-13")
    assert (await refused(service, asset, "ownership-certificates", early, "approver"))[1] == (
        "NOTICE_PERIOD_RUNNING"
    )
    assert (await refused(service, asset, "ownership-certificates", first, "county"))[1] == "ROLE_NOT_ALLOWED"
    assert (await refused(service, asset, "ownership-certificates", first, "neighbour"))[1] == "FORBIDDEN"
    ticked = {"step": "CERTIFICATES", "by": await title.signer(TOWNSHIP), "subjectSha256": title.digest}
    none_yet = await service.post(f"/v1/procedures/{title.code}/steps", ticked, "approver")
    assert (none_yet.status_code, none_yet.json()["code"]) == (409, "STEP_TAKEN_BY_FACT")
    half = await write(service, asset, "ownership-certificates", first, "approver")
    assert [one["type"] for one in half["events"]] == ["asset.ownership_certificate_issued"]
    assert "CERTIFICATES" not in await title.completed()
    taken = {**second, "certificate": second["certificate"] | {"number": first["certificate"]["number"]}}
    assert (await refused(service, asset, "ownership-certificates", taken, "approver"))[1] == (
        "CERT_NO_DUPLICATE"
    )
    given = confirmation() | {"owners": PARTS, "incomeRightHolders": PARTS, "procedure": title.code}
    body = {"confirmation": given, "occurredOn": "2021-07-14"}
    status, code, missing = await refused(service, asset, "ownership-confirmations", body, "approver")
    assert (status, code, missing) == (409, "STEP_OUT_OF_ORDER", [f"ownershipCertificates {SECOND}"])
    whole = await write(service, asset, "ownership-certificates", second, "approver")
    assert [one["type"] for one in whole["events"]] == [
        "asset.ownership_certificate_issued",
        "procedure.step_taken_by_fact",
    ]
    assert "CERTIFICATES" in await title.completed()
    done = await write(service, asset, "ownership-confirmations", body, "approver")
    assert done["resource"]["title"] == "CONFIRMED"
    assert "FILING_PENDING" in {one["code"] for one in done["warnings"]}
    assert done["resource"]["filingDue"] == "AGRICULTURE"
    assert done["resource"]["sanzi"] is True
    assert done["resource"]["accountableParties"] == [VILLAGE, SECOND]
    filing = {"procedure": title.code, "filedOn": "2021-07-20", "documentNo": "陶农备1号"}
    assert (await refused(service, asset, "ownership-filings", filing, "clerk"))[1:] == (
        "STEP_OUT_OF_ORDER",
        ["FILING"],
    )
    (waiting,) = await pending(service, asset)
    assert (waiting["filingDue"], waiting["filingSince"]) == ("AGRICULTURE", "2021-07-14")
    assert set(waiting["ownershipCertificates"]) == {VILLAGE, SECOND}
    board = {"asset": asset, "kind": "FILING_PENDING"}
    (gap,) = (await service.read("/v1/ledgers/data-quality", **board))["rows"]
    assert (gap["item"], gap["clause"], gap["units"]) == ("AGRICULTURE", "C4.5-06", [VILLAGE, SECOND])
    await title.act("filings", "FILING", "2021-07-20")
    filed = await write(service, asset, "ownership-filings", filing, "clerk")
    assert "filingDue" not in filed["resource"]
    assert await pending(service, asset) == []
    assert (await service.read("/v1/ledgers/data-quality", **board))["rows"] == []


async def pending(service: Service, asset: str) -> list[dict[str, Any]]:
    """The asset's row of duties, if its title waits to be filed."""
    asked = {"asset": asset, "filing_pending": True, "min_position": await service.head()}
    return list((await service.read("/v1/ledgers/asset-duties", **asked))["rows"])


@pytest.mark.clause("C4.3-21", "C4.6-01")
async def test_each_owner_s_ledger_has_its_share_and_the_county_s_the_whole_once(service: Service) -> None:
    """A shared asset stands in each owner's own ledger with that owner's share, and in the county's once."""
    totals = await service.read("/v1/ledgers/asset-register/totals", min_position=await service.head())
    before = totals["managed"]["originalValue"]
    asset = await registered(service, card(projectScope="CROSS_VILLAGE"))
    lines = [
        {"township": TOWNSHIP, "village": village, "coveredPoorHouseholds": households}
        for village, households in ((VILLAGE, 60), (SECOND, 40))
    ]
    plan = {"plan": {"proposedBy": "COMMERCE", "lines": lines}, "occurredOn": "2021-07-01"}
    assert (await refused(service, asset, "quantification-plans", plan, "clerk"))[1] == "FORBIDDEN"
    await write(service, asset, "quantification-plans", plan, "commerce")
    decision = {"decision": {"documentNo": "陶政函9号", "decidedOn": "2021-07-05", "reasons": "按方案"}}
    assert (await refused(service, asset, "county-decisions", decision, "approver"))[1] == "ROLE_NOT_ALLOWED"
    parts = shares(**{f"v{VILLAGE}": "600000.00", f"v{SECOND}": "400000.00"})
    given = confirmation() | {"owners": parts, "incomeRightHolders": parts}
    body = {"confirmation": given, "occurredOn": "2021-07-10"}
    assert (await refused(service, asset, "ownership-confirmations", body, "approver"))[1:] == (
        "COUNTY_DECISION_REQUIRED",
        ["countyDecision"],
    )
    await write(service, asset, "county-decisions", decision, "county")
    done = await write(service, asset, "ownership-confirmations", body, "approver")
    found = await service.read(
        "/v1/ledgers/asset-register", owner=VILLAGE, asset=asset, min_position=done["position"]
    )
    (row,) = [one for one in found["rows"] if one["asset"] == asset]
    assert (row["ownerShare"], row["originalValue"]) == ("600000.00", "1000000.00")
    totals = await service.read("/v1/ledgers/asset-register/totals", min_position=done["position"])
    assert yuan(totals["managed"]["originalValue"]) - yuan(before) == yuan("1000000.00")


@pytest.mark.clause("C3-06", "C4.5-03", "C4.3-09")
async def test_a_village_s_collective_holds_the_title_and_its_certificate(service: Service) -> None:
    """A village's owner is its registered collective; certificate numbers and collectives are the county's only ones."""
    unit = f"/v1/organizations/{VILLAGE}"
    mine = {"uscc": "N2653022MF12345676", "name": "某村股份经济合作社", "registeredOn": "2020-06-01"}
    await service.write(f"{unit}/collective", {"collective": mine}, "clerk")
    other = mine | {"uscc": "N2653022MF76543213"}
    again = await service.post(f"{unit}/collective", {"collective": other}, "clerk")
    assert (again.status_code, again.json()["code"]) == (409, "COLLECTIVE_DUPLICATE")
    elsewhere = await service.post(f"/v1/organizations/{SECOND}/collective", {"collective": mine}, "clerk")
    assert elsewhere.json()["code"] == "COLLECTIVE_DUPLICATE"
    stranger = await service.post(f"{unit}/collective", {"collective": other}, "neighbour")
    assert stranger.json()["code"] == "FORBIDDEN_JURISDICTION"
    assets = [await confirmed(service, assetType="WORKSHOP") for _ in range(2)]
    shown = (await service.read(f"/v1/assets/{assets[0]}"))["resource"]["titleHolders"]
    assert shown == [{"party": VILLAGE, "kind": "COLLECTIVE", "uscc": mine["uscc"], "name": mine["name"]}]
    number = new_code("CERT")
    for asset in assets:
        application = {
            "certificate": "Z-1",
            "kind": "REAL_ESTATE",
            "holder": VILLAGE,
            "appliedOn": "2021-09-01",
        }
        await write(service, asset, "title-certificates", {"certificate": application}, "clerk")
    issue = {"number": number, "issuedOn": "2021-09-10"}
    await write(service, assets[0], "title-certificates/Z-1/issue", issue, "clerk")
    assert (await refused(service, assets[1], "title-certificates/Z-1/issue", issue, "clerk"))[:2] == (
        409,
        "CERT_NO_DUPLICATE",
    )
    no = {"reason": "资料不全", "decidedOn": "2021-09-10"}
    await write(service, assets[1], "title-certificates/Z-1/ineligibility", no, "clerk")
    entry = {"party": VILLAGE, "registrationNo": "产登1号", "registeredOn": "2021-09-11"}
    await write(service, assets[1], "property-registrations", {"registration": entry}, "clerk")
    replaced = {"collective": other | {"registeredOn": "2022-01-01"}, "documentNo": "农登变1号"}
    answer = await service.write(f"{unit}/collective/replacement", replaced, "clerk")
    assert [one["uscc"] for one in answer["resource"]["collectives"]] == [mine["uscc"], other["uscc"]]


async def confirmed(service: Service, village: str = VILLAGE, **changes: Any) -> str:
    """The production line, the village's."""
    asset = await registered(service, card(**{"location": village} | changes))
    handed = transfer() | {"receiver": village}
    await write(service, asset, "transfers", {"transfer": handed}, "clerk")
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    taken = {"receiver": village, "items": items, "occurredOn": "2021-08-02"}
    await write(service, asset, "transfers/T1/acceptances", taken, "clerk")
    await write(service, asset, "transfers/T1/completion", {"occurredOn": "2021-08-03"}, "clerk")
    body = {"confirmation": confirmation(owner=village), "occurredOn": "2021-08-10"}
    await write(service, asset, "ownership-confirmations", body, "office")
    return asset


async def test_an_owner_is_a_unit_of_the_kind_that_is_said(service: Service) -> None:
    asset = await registered(service, road())
    owners = [{"party": VILLAGE, "amount": "450000.00"}]
    given = {"owners": owners, "ownerKind": "TOWNSHIP"}
    body = {"confirmation": given, "occurredOn": "2021-08-10"}
    assert (await refused(service, asset, "ownership-confirmations", body, "office"))[1] == (
        "OWNER_TYPE_NOT_ALLOWED"
    )
    given["owners"] = [{"party": "NOBODY", "amount": "450000.00"}]
    assert (await refused(service, asset, "ownership-confirmations", body, "office"))[1] == "CODE_UNKNOWN"
    given["owners"], given["procedure"] = owners, "NO-SUCH"
    given["ownerKind"] = "VILLAGE"
    assert (await refused(service, asset, "ownership-confirmations", body, "office"))[1] == "NOT_FOUND"


async def test_a_procedure_of_another_place_proves_nothing(service: Service) -> None:
    asset = await registered(service, joint())
    await write(service, asset, "joint-shares", {"proposal": {"villages": [VILLAGE, SECOND]}}, "clerk")
    title = Title(service, asset)
    await title.open(village=SECOND)
    status, code, missing = await refused(
        service, asset, "ownership-procedures", {"procedure": title.code}, "clerk"
    )
    assert (status, code, missing) == (409, "NOTICE_PLACE_MISSING", [VILLAGE])


@pytest.mark.clause("C4.5-20")
async def test_the_receiver_may_refuse_a_transfer(service: Service) -> None:
    """The receiving unit refuses a whole transfer with its reason; nobody else does."""
    asset = await registered(service, card())
    await write(service, asset, "transfers", {"transfer": transfer()}, "clerk")
    no = {"receiver": VILLAGE, "reason": "型号不符"}
    assert (await refused(service, asset, "transfers/T1/refusal", no, "neighbour"))[1] == (
        "FORBIDDEN_JURISDICTION"
    )
    done = await write(service, asset, "transfers/T1/refusal", no, "clerk")
    assert done["resource"]["transfers"]["T1"]["state"] == "REFUSED"


@pytest.mark.clause("C2-02", "C4.5-08")
async def test_the_rights_of_a_day_are_those_of_that_day(service: Service) -> None:
    """The bundle is read as of a day: nobody's before the title, the operator's use while the contract runs."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await decided(service, asset, terms()), "clerk")
    right = {"right": "SUPERVISION", "holder": TOWNSHIP, "basisDocument": "乡监1号", "since": "2021-08-10"}
    await write(service, asset, "rights", {"assignment": right, "occurredOn": "2021-08-10"}, "clerk")
    path = f"/v1/assets/{asset}/rights"
    before = await service.read(path, on="2021-07-01")
    assert (before["ownership"], before["accountableParties"]) == ([], [])
    owned = await service.read(path, on="2021-08-20")
    assert [one["holder"] for one in owned["use"]] == [VILLAGE]
    leased = await service.read(path, on="2022-01-01")
    assert [one["holder"] for one in leased["use"]] == ["OP-1"]
    assert [one["holder"] for one in leased["supervision"]] == [TOWNSHIP]
    assert leased["accountableParties"] == [VILLAGE]
    overlap = {"right": "OWNERSHIP", "holder": SECOND, "basisDocument": "文", "since": "2021-08-10"}
    assert (await refused(service, asset, "rights", {"assignment": overlap}, "clerk"))[1] == "RIGHT_OVERLAP"
    nobody = await service.get(f"/v1/assets/{new_code()}/rights")
    assert nobody.status_code == 404


@pytest.mark.clause("C4.5-22")
async def test_income_is_held_against_its_target(service: Service) -> None:
    """A year's income of an operating asset is shown beside the target of its contracts, as a percentage."""
    asset = await confirmed(service)
    await write(service, asset, "leases", await decided(service, asset, terms()), "clerk")
    receipt = {
        "receipt": "R1",
        "amount": "12000.00",
        "receivedOn": "2022-09-01",
        "contract": "L1",
        "voucherNo": "收1",
    }
    await write(service, asset, "income-receipts", {"receipt": receipt}, "clerk")
    found = await service.read(f"/v1/assets/{asset}/income-attainment", year="2022")
    assert (found["target"], found["received"], found["attainment"]) == ("30000.00", "12000.00", "40.00")
    empty = await service.read(f"/v1/assets/{asset}/income-attainment", year="2020")
    assert (empty["target"], empty["attainment"]) == ("0.00", None)


@pytest.mark.clause("C4.5-07")
async def test_a_dispute_is_settled_by_the_county_alone(service: Service) -> None:
    """A disputed title is confirmed again on the county government's decision and on nothing else."""
    asset = await confirmed(service)
    dispute = {"dispute": {"openedOn": "2021-09-01", "reason": "两村争议", "claimants": [VILLAGE, SECOND]}}
    disputed = await write(service, asset, "title-disputes", dispute, "clerk")
    assert disputed["resource"]["title"] == "DISPUTED"
    owners = [{"party": SECOND, "amount": "1000000.00"}]
    given = confirmation() | {"owners": owners, "incomeRightHolders": owners}
    body = {"confirmation": given, "occurredOn": "2021-10-01"}
    assert (await refused(service, asset, "ownership-confirmations", body, "approver"))[1] == (
        "COUNTY_DECISION_REQUIRED"
    )
    told = await service.read(f"/v1/assets/{asset}/ownership-advice", on="2021-10-01")
    assert (told["rule"], told["decider"], told["steps"][0]["done"]) == ("R10a", "COUNTY_GOV", False)
    decision = {
        "decision": {
            "documentNo": "陶政函11号",
            "decidedOn": "2021-09-20",
            "reasons": "按历史资料",
            "ownerKind": "VILLAGE",
            "owners": owners,
        }
    }
    await write(service, asset, "county-decisions", decision, "county")
    told = await service.read(f"/v1/assets/{asset}/ownership-advice", on="2021-10-01")
    assert (told["owners"][0]["owner"], told["steps"][0]["done"]) == (SECOND, True)
    done = await write(service, asset, "ownership-confirmations", body, "approver")
    assert (done["resource"]["title"], done["resource"]["ownershipRule"]) == ("CONFIRMED", "R10a")


# ---- advice --------------------------------------------------------------------------------------------------------

OP, PW = {}, {"assetClass": "PUBLIC_WELFARE", "subclass": "INFRASTRUCTURE", "assetType": "ROAD"}
DEPT = {"implementer": "TRANSPORT", "implementerKind": "DEPARTMENT", "fundsPaidTo": "DEPARTMENT"}
TOWN = {"implementer": TOWNSHIP, "implementerKind": "TOWNSHIP", "fundsPaidTo": "TOWNSHIP"}
OWN = {"implementer": VILLAGE, "implementerKind": "VILLAGE", "fundsPaidTo": "VILLAGE"}
FARM = {"implementer": "653022400000", "implementerKind": "FARM"}
CLINIC = {"assetClass": "PUBLIC_WELFARE", "subclass": "PUBLIC_SERVICE", "assetType": "HEALTH"}


def funded(source: str, **more: Any) -> dict[str, Any]:
    """All the money from one source."""
    line = {"source": source, "amount": "1000000.00", "allocatedOn": "2020-12-01"} | more
    return {"fundingLines": [line]}


VECTORS: list[tuple[int, dict[str, Any], str, list[str]]] = [
    (1, PW | DEPT, "R6", ["TRANSPORT"]),
    (2, PW | TOWN, "R7", [TOWNSHIP]),
    (3, PW | TOWN | {"fundsPaidTo": "DEPARTMENT"}, "R10b", []),
    (4, PW | OWN | funded("PAIRING_AID"), "R8", [VILLAGE]),
    (5, PW | OWN | funded("FISCAL_DEV"), "R10b", []),
    (6, PW | DEPT | {"villageUse": True}, "R9", [VILLAGE]),
    (7, OP | DEPT, "R5", [VILLAGE]),
    (8, OP | DEPT | {"projectScope": "CROSS_VILLAGE"}, "R4", []),
    (9, OP | TOWN | joint(), "R3", [VILLAGE, SECOND]),
    (10, OP | {"equityInvestment": True} | funded("FISCAL_DEV"), "R2", []),
    (11, CLINIC | DEPT | {"villageUse": True}, "R1", []),
    (12, {"assetClass": "HOUSEHOLD", "assetType": "HOUSE"}, "R0", []),
    (13, PW | DEPT | {"projectScope": "CROSS_VILLAGE"}, "R6", ["TRANSPORT"]),
    (14, OP | OWN | {"projectScope": "CROSS_VILLAGE"}, "R10b", []),
    (15, PW | OWN | funded("DONATION_VILLAGE", directToVillage=True), "R8", [VILLAGE]),
    (16, PW | OWN | {"villageUse": True}, "R9", [VILLAGE]),
    (17, PW | FARM, "R10b", ["FARM_CENTER"]),
]


@pytest.mark.clause(
    "C4.5-04", "C4.5-05", "C4.5-09", "C4.5-10", "C4.5-11", "C4.5-13", "C4.5-14", "C4.5-16", "C4.6-04"
)
@pytest.mark.parametrize(
    ("given", "rule", "owners"), [one[1:] for one in VECTORS], ids=[str(one[0]) for one in VECTORS]
)
async def test_the_adviser_shows_the_rule_and_whose_it_should_be(
    service: Service, given: dict[str, Any], rule: str, owners: list[str]
) -> None:
    """For any card the adviser shows the matching row, why each row before it did not match, and the owner it suggests."""
    answer = await service.http.post(
        "/v1/ownership-advice", json={"card": card(**given)}, headers=service.headers("clerk")
    )
    told = answer.json()
    assert answer.status_code == 200, answer.text
    assert (told["rule"], [one["owner"] for one in told["owners"]]) == (rule, owners)
    *before, last = told["tried"]
    assert (last["rule"], last["matched"]) == (rule, True)
    for row in before:
        assert not row["matched"]
        assert any(not one["holds"] for one in row["conditions"])
    assert told["regimes"]
    assert all(one["name"] for one in told["owners"])


@pytest.mark.clause("C3-01", "C4.6-07")
async def test_the_adviser_tells_regime_lead_and_what_is_missing(service: Service) -> None:
    """The advice names the regime, lead department and systems that follow from the owner, and the steps still open."""
    asset = await registered(service, card())
    path = f"/v1/assets/{asset}/ownership-advice"
    told = await service.read(path)
    (step,) = told["steps"]
    assert (step["step"], step["done"], step["missing"], step["refusal"]) == (
        "TRANSFER",
        False,
        "transfer",
        "TRANSFER_REQUIRED",
    )
    (regime,) = told["regimes"]
    assert (regime["regime"], regime["leadDepartment"]) == ("RURAL_COLLECTIVE", "AGRICULTURE")
    assert {"SYS_RURAL_COLLECTIVE", "SYS_SANZI"} <= {one["system"] for one in regime["externalSystems"]}
    farm = card(implementer="653022400000", implementerKind="FARM")
    answer = await service.http.post(
        "/v1/ownership-advice", json={"card": farm}, headers=service.headers("clerk")
    )
    by_kind = {one["ownerKind"]: one["regime"] for one in answer.json()["regimes"]}
    assert by_kind["TOWNSHIP"] == "RURAL_COLLECTIVE"
    assert by_kind["DEPARTMENT"] == by_kind["FARM"] == "STATE_ADMIN"
    gone = await service.get(f"/v1/assets/{new_code()}/ownership-advice")
    assert gone.status_code == 404
