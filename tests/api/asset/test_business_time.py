"""What is entered late takes its place in business time: in the state, in every ledger, on past days, in a rebuild."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from projections.asset.register import REGISTER
from projections.catalogue import CATALOGUE
from projections.engine.as_of import PastLedger
from projections.engine.events import EventReader
from projections.engine.projection import Projection
from projections.engine.refold import refold
from service.audit.trail import AssetTrail, TrailEvent
from service.commands.history import view_of
from service.commands.kept_states import state_that_differs
from tests.api.bodies import VILLAGE, card, confirmation, road, terms
from tests.api.contracts import Choice, decided
from tests.api.disposals import parting
from tests.api.service import COUNTY, Service, new_code

OF_ASSETS = (
    "asset_register", "custody_ledger", "fund_ledger", "notice_board", "external_entries", "risk_board", "asset_duties",
)  # fmt: skip


async def enter(
    service: Service, asset: str, noun: str, body: dict[str, Any], who: str = "clerk"
) -> dict[str, Any]:
    """One more write on an asset, at whatever version it is."""
    version = (await service.read(f"/v1/assets/{asset}"))["version"]
    return await service.write(f"/v1/assets/{asset}/{noun}", body, who, version=version)


async def refused(
    service: Service, asset: str, noun: str, body: dict[str, Any], who: str = "clerk"
) -> dict[str, Any]:
    """A write that is refused, and has changed nothing."""
    before = await service.read(f"/v1/assets/{asset}")
    answer = await service.post(f"/v1/assets/{asset}/{noun}", body, who, version=before["version"])
    assert answer.status_code in {409, 422}, answer.text
    assert await service.read(f"/v1/assets/{asset}") == before
    return dict(answer.json())


async def owned(service: Service, **changes: Any) -> str:
    """A production line of 2021 that is the village's since 10 August 2021."""
    asset = new_code()
    made = card(implementer=VILLAGE, implementerKind="VILLAGE", fundsPaidTo="VILLAGE", **changes)
    await service.write("/v1/assets", {"asset": asset, "card": made, "occurredOn": "2021-07-15"})
    await enter(
        service,
        asset,
        "ownership-confirmations",
        {"confirmation": confirmation(), "occurredOn": "2021-08-10"},
        "office",
    )
    return asset


async def everything_agrees(service: Service, asset: str) -> dict[str, Any]:
    """The state that is kept, that is replayed and that is shown as of today are one; so are the rows of every ledger,
    live, folded anew from the log, as of today, and as a pack folds them. Gives the state.
    """
    context = service.app.state.context
    now = (await service.read(f"/v1/assets/{asset}"))["resource"]
    assert await state_that_differs(service.pool, context.store, COUNTY) is None
    replayed = await context.replay(Asset, COUNTY, asset)
    assert view_of(replayed) == view_of(await context.load(Asset, COUNTY, asset))
    past = await service.read(f"/v1/assets/{asset}", as_of=service.app.state.context.today().isoformat())
    assert past["resource"] == now
    assert past["unplaced"] == []
    head = await service.head()
    await service.app.state.projector.wait_for(COUNTY, OF_ASSETS, head, 20)
    (row,) = await service.pool.fetch("SELECT version FROM asset_register WHERE asset = $1", asset)
    assert row["version"] == (await service.read(f"/v1/assets/{asset}"))["version"]
    for name in OF_ASSETS:
        live = await rows_of(service, CATALOGUE[name], asset)
        assert live == await rows_anew(service, CATALOGUE[name], asset), name
        assert live == await rows_as_of(service, CATALOGUE[name], asset), name
    (kept,) = await service.pool.fetch("SELECT * FROM asset_register WHERE asset = $1", asset)
    packed = await row_of_a_pack(service, asset)
    read = {
        name: json.loads(kept[name]) if isinstance(one, list | dict) else kept[name]
        for name, one in packed.items()
    }
    assert read == packed
    return dict(now)


async def row_of_a_pack(service: Service, asset: str) -> dict[str, Any]:
    """The asset's row as a pack about all its days folds it from the log's bytes."""
    reader = EventReader(service.app.state.context.codec.upcast, TrailEvent)
    query = "SELECT position, body FROM event WHERE county = $1 AND stream = $2 ORDER BY position"
    stored = [tuple(row) for row in await service.pool.fetch(query, COUNTY, Asset.stream_of(asset))]
    trail = AssetTrail(COUNTY, asset, date(2000, 1, 1), service.app.state.context.today())
    for event in reader.read_all(stored):
        trail.feed(event)  # type: ignore[arg-type]  # of the shape the reader was made with
    trail.finish()
    if trail.late:
        trail.fold_again(reader.read_all(stored))  # type: ignore[arg-type]
    assert trail.closing is not None
    return {name: value for name, value in trail.closing.items() if name in REGISTER.columns}


def own(projection: Projection) -> list[Any]:
    return [one for one in projection.tables if one.group == "asset"]


async def rows_of(
    service: Service, projection: Projection, asset: str, connection: Any = None
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for table in own(projection):
        query = f"SELECT * FROM {table.name} WHERE county = $1 AND asset = $2 ORDER BY {', '.join(table.key)}"
        found += [dict(row) for row in await (connection or service.pool).fetch(query, COUNTY, asset)]
    return found


async def rows_anew(service: Service, projection: Projection, asset: str) -> list[dict[str, Any]]:
    """Folded from the log alone, and written where nobody looks."""
    reader = EventReader(service.app.state.context.codec.upcast)
    async with service.pool.acquire() as connection:
        past = PastLedger(projection, COUNTY, None)
        transaction = connection.transaction()
        await transaction.start()
        schema = await connection.fetchval("SELECT current_schema()")
        await past.create(connection, schema)
        stream = Asset.stream_of(asset)
        unplaced = await refold(
            connection, projection, past.rows, [stream], reader, upto=await service.head()
        )
        assert unplaced == []
        await past._write(connection)
        found = await rows_of(service, projection, asset, connection)
        await transaction.rollback()
        await connection.execute("RESET search_path")
        return found


async def rows_as_of(service: Service, projection: Projection, asset: str) -> list[dict[str, Any]]:
    moments = service.app.state.moments
    async with moments.at(COUNTY, [projection.name], service.app.state.context.today(), None) as past:
        return await rows_of(service, projection, asset, past.connection)


async def test_a_report_of_2022_entered_after_one_of_2024_overrides_nothing(service: Service) -> None:
    asset = await owned(service)
    await enter(service, asset, "status-reports", {"report": {"state": "IN_USE", "reportedOn": "2024-03-01"}})
    await enter(service, asset, "status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-03-01"}})
    now = await everything_agrees(service, asset)
    assert (now["operation"], now["lastReport"]["reportedOn"], now["risks"]) == ("IN_USE", "2024-03-01", {})
    assert now["inUseSince"] == "2024-03-01"
    for day, state in (("2022-06-01", "IDLE"), ("2024-06-01", "IN_USE"), ("2022-02-01", "NOT_IN_USE")):
        then = await service.read(f"/v1/assets/{asset}", as_of=day)
        assert then["resource"]["operation"] == state, day
        page = await service.read("/v1/ledgers/asset-register", asset=asset, as_of=day)
        assert page["rows"][0]["operation"] == state, day
    idle = await service.read(f"/v1/assets/{asset}", as_of="2022-06-01")
    assert idle["resource"]["risks"] == {"IDLE": "2022-03-01"}


async def test_what_was_known_of_a_past_day_at_a_past_moment_never_changes(service: Service) -> None:
    asset = await owned(service)
    first = await enter(
        service, asset, "status-reports", {"report": {"state": "IN_USE", "reportedOn": "2023-03-01"}}
    )
    then = {"as_of": "2023-06-01", "known_at": first["recordedAt"]}
    before = await service.read(f"/v1/assets/{asset}", **then)
    await enter(
        service, asset, "status-reports", {"report": {"state": "DAMAGED", "reportedOn": "2023-04-01"}}
    )
    await enter(service, asset, "status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-04-01"}})
    assert await service.read(f"/v1/assets/{asset}", **then) == before
    assert (await service.read(f"/v1/assets/{asset}", as_of="2023-06-01"))["resource"][
        "operation"
    ] == "DAMAGED"
    await everything_agrees(service, asset)


async def disposed(service: Service, asset: str) -> None:
    """Sold on 1 July 2023."""
    proposal = {
        "disposal": "D1",
        "kind": "AUCTION",
        "reason": "长期闲置",
        "decisionDocument": "村代会〔2023〕3号",
    }
    await enter(service, asset, "status-reports", {"report": {"state": "IDLE", "reportedOn": "2023-04-01"}})
    it = await parting(service, asset, proposal, "2023-05-01")
    await enter(service, asset, "disposals", it.body)
    await it.take("DECISION")
    appraisal = {
        "method": "AGENCY", "value": "150000.00", "baseDate": "2023-05-10", "reportNo": "评-001",
        "agency": "资产评估公司", "agencyLicence": "资质001",
    }  # fmt: skip
    await enter(
        service, asset, "disposals/D1/appraisals", {"appraisal": appraisal, "occurredOn": "2023-05-11"}
    )
    publication = {
        "publishedOn": "2023-05-15", "channel": "BULLETIN_BOARD", "place": VILLAGE, "evidenceSha256": "a" * 64,
    }  # fmt: skip
    await enter(service, asset, "disposals/D1/publications", {"publication": publication})
    for level, who in (("TOWNSHIP", "approver"), ("AGRICULTURE", "agriculture")):
        body = {"level": level, "opinion": "同意", "occurredOn": "2023-06-01"}
        await enter(service, asset, "disposals/D1/forwardings", body, who)
    approval = {
        "approver": "COUNTY_GOV", "approverLevel": "COUNTY_GOV", "documentNo": "政函〔2023〕8号", "approvedOn": "2023-06-20",
    }  # fmt: skip
    await enter(service, asset, "disposals/D1/approval", {"approval": approval}, "county")
    sale = {"disposedOn": "2023-07-01", "price": "156000.00", "buyer": "买受人", "documentNo": "成交001"}
    await enter(service, asset, "disposals/D1/execution", {"sale": sale})


async def test_rent_paid_before_the_disposal_is_recorded_after_it(service: Service) -> None:
    asset = await owned(service)
    await enter(service, asset, "leases", await decided(service, asset, terms()))
    await disposed(service, asset)
    receipt = {
        "receipt": "R1",
        "amount": "30000.00",
        "receivedOn": "2022-09-01",
        "contract": "L1",
        "voucherNo": "收-1",
    }
    await enter(service, asset, "income-receipts", {"receipt": receipt})
    now = await everything_agrees(service, asset)
    assert (now["incomeReceived"], now["incomeByHolder"]) == ("30000.00", {VILLAGE: "30000.00"})
    assert now["contracts"]["L1"]["state"] == "TERMINATED"
    late = {**receipt, "receipt": "R2", "voucherNo": "收-2", "receivedOn": "2023-08-01"}
    assert (await refused(service, asset, "income-receipts", {"receipt": late}))["code"] == "ASSET_DISPOSED"


async def test_a_decision_that_makes_a_later_one_impossible_is_refused_with_its_name(
    service: Service,
) -> None:
    """A lease of 2021 to 2024 is on record: another of 2020, entered later, cannot run into it."""
    asset = await owned(service)
    later = await enter(
        service,
        asset,
        "leases",
        await decided(service, asset, terms("L2", signedOn="2022-09-01", startsOn="2022-09-02")),
    )
    body = await refused(service, asset, "leases", await decided(service, asset, terms("L1")))
    assert body["code"] == "LATER_FACT_CONFLICT", body
    (place,) = [one["position"] for one in later["events"] if one["type"] == "asset.leased"]
    for told in ("asset.leased", "2022-09-01", f"日志位置 {place}", "CONTRACT_OVERLAP"):
        assert told in body["detail"]
    await everything_agrees(service, asset)


async def test_a_decision_is_judged_on_the_state_of_its_own_day(service: Service) -> None:
    """Confirmed on 10 August 2021: a lease of the week before is none of an owner's."""
    asset = await owned(service)
    early = terms(signedOn="2021-08-01", startsOn="2021-08-02", endsOn="2021-08-20")
    assert (await refused(service, asset, "leases", {"terms": early}))["code"] == "OWNERSHIP_NOT_CONFIRMED"


async def test_a_fact_that_contradicts_a_later_step_is_recorded_with_a_finding(service: Service) -> None:
    """A lease that ended in 2022 was changed in 2023: the end is a fact all the same."""
    asset = await owned(service)
    await enter(service, asset, "leases", await decided(service, asset, terms()))
    dearer = Choice(service, asset.removeprefix("/v1/assets/"), terms(annualIncome="36000.00"))
    dearer.day = "2023-01-05"
    await dearer.open()
    await dearer.through()
    change = {"terms": dearer.terms, "procedure": dearer.code, "occurredOn": "2023-01-10"}
    await enter(service, asset, "leases/L1/changes", change)
    ending = {"endedOn": "2022-06-30", "outcome": "TERMINATED", "reason": "提前退租"}
    await enter(service, asset, "leases/L1/ending", ending)
    now = await everything_agrees(service, asset)
    assert now["contracts"]["L1"]["state"] == "TERMINATED"
    events = (await service.read(f"/v1/assets/{asset}/events"))["events"]
    (finding,) = events[-1]["basis"]["findings"]
    assert finding["code"] == "LATER_FACT_CONFLICT"
    assert finding["params"]["type"] == "asset.operating_contract_changed"
    board = await service.read("/v1/ledgers/data-quality", asset=asset, min_position=await service.head())
    assert "HISTORY_FINDING" in {row["kind"] for row in board["rows"]}


async def test_events_of_one_day_stand_in_the_order_in_which_they_were_recorded(service: Service) -> None:
    asset = await owned(service)
    await enter(service, asset, "status-reports", {"report": {"state": "IN_USE", "reportedOn": "2024-03-01"}})
    await enter(service, asset, "status-reports", {"report": {"state": "IDLE", "reportedOn": "2022-03-01"}})
    await enter(
        service, asset, "status-reports", {"report": {"state": "DAMAGED", "reportedOn": "2022-03-01"}}
    )
    then = await service.read(f"/v1/assets/{asset}", as_of="2022-03-01")
    assert then["resource"]["operation"] == "DAMAGED"
    await everything_agrees(service, asset)


async def test_facts_of_before_the_registration_stand_behind_it(service: Service) -> None:
    """Registered on paper in 2022, in use since 2020: what happened before is known of it all the same."""
    asset = new_code()
    await service.write("/v1/assets", {"asset": asset, "card": road(), "occurredOn": "2022-07-01"})
    await enter(service, asset, "status-reports", {"report": {"state": "IN_USE", "reportedOn": "2020-05-01"}})
    now = await everything_agrees(service, asset)
    assert now["operation"] == "IN_USE"
    answer = await service.get(f"/v1/assets/{asset}", as_of="2020-06-01")
    assert answer.status_code == 404


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_order_of_entry_makes_no_difference(service: Service, order: tuple[int, ...]) -> None:
    asset = await owned(service)
    reports = [
        {"state": "IDLE", "reportedOn": "2022-03-01"},
        {"state": "IN_USE", "reportedOn": "2023-03-01"},
        {"state": "IDLE", "reportedOn": "2024-03-01"},
    ]
    for number in order:
        await enter(service, asset, "status-reports", {"report": reports[number]})
    now = await everything_agrees(service, asset)
    assert (now["operation"], now["risks"], now["inUseSince"]) == (
        "IDLE",
        {"IDLE": "2024-03-01"},
        "2023-03-01",
    )


async def test_target_of_a_year_is_that_of_the_days_on_which_contracts_ran(service: Service) -> None:
    """36,500 yuan a year from July to December 2021: 184 of 365 days, 18,400 yuan. Two in turn are one after the other."""
    asset = await owned(service)
    given = {
        "signedOn": "2022-06-20",
        "startsOn": "2022-07-01",
        "endsOn": "2022-12-31",
        "annualIncome": "36500.00",
    }
    await enter(service, asset, "leases", await decided(service, asset, terms("L1", **given)))

    async def target(year: str) -> str:
        found = await service.read(f"/v1/assets/{asset}/income-attainment", year=year)
        return str(found["target"])

    assert [await target(year) for year in ("2021", "2022", "2023")] == ["0.00", "18400.00", "0.00"]
    await enter(
        service,
        asset,
        "leases/L1/ending",
        {"endedOn": "2022-10-01", "outcome": "TERMINATED", "reason": "退租"},
    )
    assert await target("2022") == "9200.00"  # July to September: 92 days
    following = {
        "signedOn": "2022-10-01",
        "startsOn": "2022-10-01",
        "endsOn": "2023-09-30",
        "annualIncome": "73000.00",
    }
    await enter(service, asset, "leases", await decided(service, asset, terms("L2", **following)))
    assert await target("2022") == "27600.00"  # 9,200, and 92 days at 200 a day
    assert await target("2023") == "54600.00"  # January to September: 273 days


async def test_correction_for_an_earlier_day_than_another_would_be_undone_and_is_refused(
    service: Service,
) -> None:
    """A correction says the whole card from its day on; it is entered for the day of the other, or after."""
    asset = await owned(service)
    first = {"changes": {"assetName": "二号生产线"}, "reason": "笔误", "documentNo": "更正1"}
    await enter(service, asset, "registration-corrections", {"correction": first, "occurredOn": "2024-01-10"})
    second = {"changes": {"remarks": "含烘干房"}, "reason": "笔误", "documentNo": "更正2"}
    early = {"correction": second, "occurredOn": "2023-01-10"}
    assert (await refused(service, asset, "registration-corrections", early))["code"] == "LATER_FACT_CONFLICT"
    await enter(service, asset, "registration-corrections", early | {"occurredOn": "2024-01-10"})
    now = await everything_agrees(service, asset)
    assert (now["card"]["assetName"], now["card"]["remarks"]) == ("二号生产线", "含烘干房")
