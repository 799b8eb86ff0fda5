"""One asset from registration to disposal, over HTTP, and what can be read of it afterwards."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest_asyncio

from service.commands.history import flattened
from tests.api.bodies import TOWNSHIP, VILLAGE, card, confirmation, custody, terms, transfer
from tests.api.contracts import decided
from tests.api.disposals import put_forward
from tests.api.income.decided import account_of, line, paid_by_plan
from tests.api.service import Service, new_code


class Life:
    """An asset and the version it is at."""

    def __init__(self, service: Service, asset: str) -> None:
        self.service = service
        self.path = f"/v1/assets/{asset}"
        self.version = 1
        self.types: list[str] = ["asset.registered"]

    async def step(self, noun: str, body: dict[str, Any], who: str = "clerk") -> dict[str, Any]:
        answer = await self.service.write(f"{self.path}/{noun}", body, who, version=self.version)
        own = [event["type"] for event in answer["events"] if event["type"].startswith("asset.")]
        assert answer["version"] == self.version + len(own)
        self.version = answer["version"]
        self.types += own
        return answer


async def lived(service: Service, asset: str) -> Life:
    """Everything from registration to proceeds."""
    await service.write("/v1/assets", {"asset": asset, "card": card(), "occurredOn": "2021-07-15"})
    life = Life(service, asset)
    manager = await service.person(VILLAGE)
    await life.step("transfers", {"transfer": transfer()})
    items = [{"item": "1", "result": "ACCEPTED"}, {"item": "2", "result": "ACCEPTED"}]
    await life.step(
        "transfers/T1/acceptances", {"receiver": VILLAGE, "items": items, "occurredOn": "2021-08-02"}
    )
    await life.step("transfers/T1/completion", {"occurredOn": "2021-08-03"})
    await life.step(
        "ownership-confirmations", {"confirmation": confirmation(), "occurredOn": "2021-08-10"}, "office"
    )
    booking = {"party": VILLAGE, "amount": "1000000.00", "voucherNo": "记-001", "bookedOn": "2021-08-12"}
    await life.step("bookings", {"booking": booking})
    await life.step("use", {"inUseSince": "2021-08-15"})
    await life.step("custody", {"custody": custody(manager), "occurredOn": "2021-08-16"})
    await life.step("supervision", {"supervision": [{"supervisor": TOWNSHIP}], "occurredOn": "2021-08-16"})
    await life.step("leases", await decided(service, asset, terms()))
    await account_of(service, VILLAGE, on="2021-09-02")
    receipt = {
        "receipt": "R1",
        "amount": "30000.00",
        "receivedOn": "2022-09-01",
        "contract": "L1",
        "voucherNo": "收-1",
    }
    await life.step("income-receipts", {"receipt": receipt})
    paid = await paid_by_plan(service, VILLAGE, asset, f"P-{asset}", line("20000.00"))
    life.version += 1
    life.types.append("asset.income_distributed")
    assert f"asset-{asset}" in {event["stream"] for event in paid["events"]}
    await life.step(
        "leases/L1/ending", {"endedOn": "2023-03-01", "outcome": "TERMINATED", "reason": "设备老化"}
    )
    await life.step("status-reports", {"report": {"state": "IDLE", "reportedOn": "2023-04-01"}})
    proposal = {
        "disposal": "D1",
        "kind": "AUCTION",
        "reason": "长期闲置",
        "decisionDocument": "村代会〔2023〕3号",
    }
    await put_forward(service, life, proposal, "2023-05-01")
    appraisal = {
        "method": "AGENCY",
        "value": "150000.00",
        "baseDate": "2023-05-10",
        "reportNo": "评-001",
        "agency": "资产评估公司",
        "agencyLicence": "资质001",
    }
    await life.step("disposals/D1/appraisals", {"appraisal": appraisal, "occurredOn": "2023-05-11"})
    evidence = hashlib.sha256(b"photo").hexdigest()
    publication = {
        "publishedOn": "2023-05-15",
        "channel": "BULLETIN_BOARD",
        "place": VILLAGE,
        "evidenceSha256": evidence,
    }
    await life.step("disposals/D1/publications", {"publication": publication})
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        body = {"level": level, "opinion": "同意", "occurredOn": "2023-06-01"}
        await life.step("disposals/D1/forwardings", body, who)
    approval = {
        "approver": "COUNTY_GOV",
        "approverLevel": "COUNTY_GOV",
        "documentNo": "政函〔2023〕8号",
        "approvedOn": "2023-06-20",
    }
    await life.step("disposals/D1/approval", {"approval": approval}, "county")
    sale = {"disposedOn": "2023-07-01", "price": "156000.00", "buyer": "买受人", "documentNo": "成交001"}
    await life.step("disposals/D1/execution", {"sale": sale})
    proceeds = {"amount": "156000.00", "receivedOn": "2023-07-05", "voucherNo": "收-2"}
    await life.step("disposals/D1/proceeds", proceeds)
    return life


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def life(service: Service) -> Life:
    """The walk, done once."""
    return await lived(service, new_code())


async def test_an_asset_goes_from_registration_to_disposal(life: Life, service: Service) -> None:
    now = await service.read(life.path)
    assert now["resource"]["disposedOn"] == "2023-07-01"
    assert now["resource"]["incomeByHolder"] == {VILLAGE: "10000.00"}
    assert now["version"] == life.version


async def test_its_events_are_read_in_order_with_money_in_yuan(life: Life, service: Service) -> None:
    events = (await service.read(f"{life.path}/events"))["events"]
    assert [event["type"] for event in events] == life.types
    assert [event["version"] for event in events] == list(range(1, life.version + 1))
    assert events[0]["data"]["card"]["originalValue"] == "1000000.00"
    assert events[0]["title"] == "登记"
    assert all(event["basis"]["policy"].startswith("653022") for event in events)


async def test_it_is_shown_as_it_was_on_a_day_and_as_it_was_known(life: Life, service: Service) -> None:
    then = await service.read(life.path, as_of="2022-01-01")
    assert "disposedOn" not in then["resource"]
    assert then["resource"]["contracts"]["L1"]["state"] == "ACTIVE"
    assert then["source"] == "log"
    before = await service.get(life.path, known_at="2020-01-01T00:00:00+08:00")
    assert before.status_code == 404
    known = await service.read(life.path, known_at="2999-01-01T00:00:00+08:00")
    assert known["resource"]["disposedOn"] == "2023-07-01"


async def test_two_moments_of_it_are_compared_with_the_events_between(life: Life, service: Service) -> None:
    path = f"{life.path}/changes"
    found = await service.read(path, from_as_of="2022-01-01", to_as_of="2023-06-30")
    then, later = [await service.read(life.path, as_of=day) for day in ("2022-01-01", "2023-06-30")]
    assert (found["before"]["version"], found["after"]["version"]) == (then["version"], later["version"])
    sides = [flattened(one["resource"]) for one in (then, later)]
    assert [one["field"] for one in found["changes"]] == sorted(
        name for name in sides[0].keys() | sides[1].keys() if sides[0].get(name) != sides[1].get(name)
    )
    for change in found["changes"]:
        assert (change["before"], change["after"]) == tuple(side.get(change["field"]) for side in sides)
        assert change["title"], change["field"]
    assert len(found["changes"]) > 3
    assert [one["type"] for one in found["events"]] == life.types[then["version"] : later["version"]]
    assert {one["knownTo"] for one in found["events"]} == {"AFTER"}
    back = await service.read(path, from_as_of="2023-06-30", to_as_of="2022-01-01")
    assert [(one["before"], one["after"]) for one in back["changes"]] == [
        (one["after"], one["before"]) for one in found["changes"]
    ]
    assert {one["knownTo"] for one in back["events"]} == {"BEFORE"}
    unborn = await service.read(path, from_known_at="2020-01-01T00:00:00+08:00")
    assert (unborn["before"]["registered"], unborn["after"]["version"]) == (False, life.version)
    name = next(one for one in unborn["changes"] if one["field"] == "card.assetName")
    assert (name["title"], name["before"], name["after"]) == ("资产名称", None, "核桃加工生产线")
    nothing = await service.get(path)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "FIELD_REQUIRED")
    absent = await service.get("/v1/assets/A-nobody/changes", from_as_of="2022-01-01")
    assert absent.status_code == 404


async def test_its_timeline_tells_the_whole_life(life: Life, service: Service) -> None:
    head = await service.head()
    asset = life.path.rsplit("/", 1)[1]
    told = await service.read(f"{life.path}/timeline", min_position=head, limit=5)
    seen = list(told["entries"])
    while told["nextCursor"]:
        told = await service.read(f"{life.path}/timeline", limit=5, cursor=told["nextCursor"])
        seen += told["entries"]
    assert [entry["type"] for entry in seen] == life.types
    assert all(entry["summary"] for entry in seen)
    assert told["asset"] == asset


async def test_the_ledgers_show_it_at_once(life: Life, service: Service) -> None:
    head = await service.head()
    asset = life.path.rsplit("/", 1)[1]
    page = await service.read("/v1/ledgers/asset-register", asset=asset, disposed="all", min_position=head)
    (row,) = page["rows"]
    assert (row["originalValue"], row["disposalPrice"], row["disposedOn"]) == (
        "1000000.00",
        "156000.00",
        "2023-07-01",
    )
    assert row["disposals"]["D1"]["appraisedValue"] == "150000.00"
    assert row["fundingLines"][0]["amount"] == "600000.00"
    assert page["position"] >= head
    income = await service.read("/v1/ledgers/income-ledger", asset=asset, min_position=head)
    assert [line["amount"] for line in income["rows"]] == ["30000.00", "-20000.00"]
    assert income["totals"] == {
        "lines": 2,
        "received": "30000.00",
        "distributed": "20000.00",
        "balance": "10000.00",
    }
    assert page["totals"] == {
        "assets": 1,
        "originalValue": "1000000.00",
        "accumulatedDepreciation": row["accumulatedDepreciation"],
        "netBookValue": row["netBookValue"],
        "incomeReceived": "30000.00",
        "incomeDistributed": "20000.00",
    }


async def test_who_was_responsible_is_answered_for_any_day(life: Life, service: Service) -> None:
    head = await service.head()
    during = await service.read(f"{life.path}/responsible", on="2022-01-01", min_position=head)
    assert during["custodian"] == VILLAGE
    assert [one["duty"] for one in during["persons"]] == ["MANAGER"]
    after = await service.read(f"{life.path}/responsible", on="2023-08-01", min_position=head)
    assert after["persons"] == []


async def test_nothing_follows_disposal_but_corrections_and_proceeds(life: Life, service: Service) -> None:
    body = {"report": {"state": "IN_USE", "reportedOn": "2023-08-01"}}
    answer = await service.post(f"{life.path}/status-reports", body, version=life.version)
    assert (answer.status_code, answer.json()["code"]) == (409, "ASSET_DISPOSED")


async def test_an_assets_history_is_examined(service: Service) -> None:
    """A life by commands has no finding; an asset that the log does not know cannot be examined."""
    life = await lived(service, new_code())
    told = await service.read(f"{life.path}/examination")
    chosen = (
        4 + 10
    )  # of two procedures: opened, chosen, voted on, signed; opened, voted on, and a step by each fact
    assert (told["events"], told["findings"], told["unjudged"]) == (life.version + chosen, [], [])
    assert (await service.get("/v1/assets/A-0/examination")).status_code == 404
