"""What ledgers answer, on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import asyncpg
import pytest

from domain.regulation import Regulation
from projections.asset.income import income_by_holder_and_year, income_page, income_totals
from projections.asset.register import REGISTER
from projections.asset.register_questions import (
    DIMENSIONS,
    RegisterFilter,
    categorised,
    county_totals,
    register_page,
    register_totals,
    unit_totals,
)
from projections.asset.timeline import timeline
from projections.departure.cases import departure_page
from projections.departure.custody import custody_page, in_care, in_care_by_post, responsible_on
from projections.engine.reading import QuestionInvalid
from projections.household.register import household_page, household_totals
from projections.organization.directory import carried_on_by, divisions, organization_page, persons, tenures
from service.ledgers.projector import Projector
from service.ledgers.words import Words
from service.log.event_store import EventStore
from tests.examples import calendar
from tests.projections.contents import folded_rows
from tests.projections.history import (
    COUNTY,
    VILLAGES,
    Log,
    RandomHistory,
    append_all,
    card,
    confirmation,
    custody,
    defined,
    notice,
    receipt,
)

A, B, C = VILLAGES[:3]
WORDS = Words(Regulation.load(county=COUNTY))


class Ledgers:
    """A log and its ledgers."""

    def __init__(self, store: EventStore, projector: Projector, connection: Any) -> None:
        self.store, self.projector, self.connection = store, projector, connection
        self.log = Log()
        self._sent = 0

    async def settle(self) -> None:
        """Append what was added, and wait for the ledgers."""
        last = await append_all(self.store, self.log.events[self._sent :])
        self._sent = len(self.log.events)
        await self.projector.wait_for(COUNTY, None, last, 20)


@pytest.fixture
async def ledgers(pool: asyncpg.Pool, store: EventStore) -> AsyncIterator[Ledgers]:
    async with Projector(pool, store) as projector, pool.acquire() as connection:
        yield Ledgers(store, projector, connection)


class TestRegister:
    async def test_pages_by_any_column_show_every_row_once(self, ledgers: Ledgers) -> None:
        ledgers.log.events = RandomHistory(71).take(2500)
        await ledgers.settle()
        everything = await ledgers.connection.fetchval("SELECT count(*) FROM asset_register")
        for sort in set(REGISTER.columns) - REGISTER.json_columns:
            for descending in (False, True):
                seen: list[Any] = []
                cursor = None
                while True:
                    page = await register_page(
                        ledgers.connection, COUNTY, RegisterFilter(disposed=None), sort=sort, descending=descending,
                        limit=37, cursor=cursor,
                    )  # fmt: skip
                    seen += [(row[sort], row["asset"]) for row in page.rows]
                    cursor = page.next_cursor
                    if cursor is None:
                        break
                assert len({asset for _, asset in seen}) == len(seen) == everything, sort
                values = [value for value, _ in seen if value is not None]
                assert values == sorted(values, reverse=descending), sort
                assert all(value is None for value, _ in seen[len(values) :]), sort

    @pytest.mark.parametrize("sort", ["items", "no_such_column", "asset; DROP TABLE event"])
    async def test_a_sort_by_what_is_not_a_column_is_refused(self, ledgers: Ledgers, sort: str) -> None:
        with pytest.raises(QuestionInvalid) as caught:
            await register_page(ledgers.connection, COUNTY, sort=sort)
        assert (caught.value.field_name, caught.value.value) == ("sort", sort)

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "WyJhc3NldCJd",
            "W10",
            "bnVsbA",
            "WyJjb21wbGV0aW9uX2RhdGUiLGZhbHNlLCJ4IiwieSJd",
            "语",
            "=" * 9,
        ],
    )
    async def test_a_forged_cursor_is_refused(self, ledgers: Ledgers, cursor: str) -> None:
        with pytest.raises(QuestionInvalid):
            await register_page(ledgers.connection, COUNTY, sort="completion_date", cursor=cursor)

    async def test_a_cursor_belongs_to_its_sort(self, ledgers: Ledgers) -> None:
        for n in range(3):
            ledgers.log.add(f"asset-A{n}", "asset.registered", {"card": card(), "scope": "IN"})
        await ledgers.settle()
        page = await register_page(ledgers.connection, COUNTY, sort="asset_name", limit=1)
        with pytest.raises(QuestionInvalid):
            await register_page(ledgers.connection, COUNTY, sort="asset", cursor=page.next_cursor)
        with pytest.raises(QuestionInvalid):
            await register_page(
                ledgers.connection, COUNTY, sort="asset_name", descending=True, cursor=page.next_cursor
            )

    async def test_filters(self, ledgers: Ledgers) -> None:
        log = ledgers.log
        canal = card(
            100_00,
            A,
            "100%防渗渠_东",
            assetClass="PUBLIC_WELFARE",
            subclass="INFRASTRUCTURE",
            assetType="CANAL",
        )
        shop = card(200_00, B, "门面房", completionDate="2021-05-01")
        barn = card(
            300_00,
            C,
            "牛棚 Barn",
            fundingLines=[{"source": "SELF_RAISED", "amount": 300_00, "allocatedOn": "2012-01-01"}],
        )
        for asset, one, scope in (("1", canal, "IN"), ("2", shop, "IN"), ("3", barn, "OUT")):
            log.add(f"asset-{asset}", "asset.registered", {"card": one, "scope": scope})
        log.add("asset-1", "asset.ownership_confirmed", confirmation({A: 60_00, B: 40_00}))
        log.add("asset-2", "asset.ownership_confirmed", confirmation({"DEPT": 200_00}, "DEPARTMENT"))
        supervision = {"supervision": [{"supervisor": "DEPT"}]}
        log.add("asset-1", "asset.supervision_assigned", supervision)
        log.add("asset-3", "asset.risk_flagged", {"kind": "LOSS", "reason": "?"})
        await ledgers.settle()
        wanted: list[tuple[dict[str, Any], list[str]]] = [
            ({}, ["1", "2", "3"]),
            ({"village": A}, ["1"]),
            ({"village": [A, C]}, ["1", "3"]),
            ({"township": A[:9] + "000"}, ["1", "2", "3"]),
            ({"owner": B}, ["1"]),
            ({"owner": [B, "DEPT"]}, ["1", "2"]),
            ({"department": "DEPT"}, ["1", "2"]),
            ({"asset_class": "PUBLIC_WELFARE"}, ["1"]),
            ({"owner_kind": "DEPARTMENT"}, ["2"]),
            ({"title": "UNCONFIRMED"}, ["3"]),
            ({"fund_source": "SELF_RAISED"}, ["3"]),
            ({"completed_from": 2020}, ["2"]),
            ({"completed_to": 2019}, ["1", "3"]),
            ({"value_from": 200_00, "value_to": 200_00}, ["2"]),
            ({"name": "防渗 东"}, ["1"]),
            ({"name": "100%"}, ["1"]),
            ({"name": "%"}, ["1"]),
            ({"name": "_"}, ["1"]),
            ({"name": "barn"}, ["3"]),
            ({"scope": "OUT"}, ["3"]),
            ({"risk": "LOSS"}, ["3"]),
            ({"risk": "ANY"}, ["3"]),
            ({"risk": "IDLE"}, []),
            ({"disposed": True}, []),
        ]
        for conditions, assets in wanted:
            page = await register_page(ledgers.connection, COUNTY, RegisterFilter(**conditions))
            assert [row["asset"] for row in page.rows] == assets, conditions
            totals = await register_totals(ledgers.connection, COUNTY, RegisterFilter(**conditions))
            assert totals["assets"] == len(assets)
        (row,) = (await register_page(ledgers.connection, COUNTY, RegisterFilter(owner=B))).rows
        assert row["owner_share"] == 40_00
        shares = await ledgers.connection.fetch(
            "SELECT party FROM asset_share WHERE county = $1 AND asset = $2 ORDER BY party", COUNTY, "1"
        )
        assert [one["party"] for one in shares] == [A, B]
        with pytest.raises(QuestionInvalid):
            await register_page(ledgers.connection, COUNTY, RegisterFilter(value_from=2**70))

    async def test_a_stored_row_is_the_folded_row(self, ledgers: Ledgers) -> None:
        ledgers.log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
        await ledgers.settle()
        (folded,) = folded_rows(ledgers.log.events, COUNTY, ledgers.projector.projections["asset_register"])[
            "asset_register"
        ]
        of_one, of_two = RegisterFilter(asset="1"), RegisterFilter(asset="2")
        assert (await register_page(ledgers.connection, COUNTY, of_one)).rows == [folded]
        assert (await register_page(ledgers.connection, COUNTY, of_two)).rows == []
        assert (await register_page(ledgers.connection, "653023", of_one)).rows == []

    async def test_totals_count_each_asset_once_and_add_up_along_every_dimension(
        self, ledgers: Ledgers
    ) -> None:
        events = ledgers.log.events = RandomHistory(72).take(6000)
        await ledgers.settle()
        rows = folded_rows(events, COUNTY, ledgers.projector.projections["asset_register"])["asset_register"]
        managed = [row for row in rows if row["scope"] == "IN" and row["disposed_on"] is None]
        totals = await county_totals(ledgers.connection, COUNTY)
        value = sum(row["original_value"] for row in managed)
        assert (totals["managed"]["assets"], totals["managed"]["original_value"]) == (len(managed), value)
        assert totals["managed"]["net_book_value"] == sum(row["net_book_value"] for row in managed)
        assert totals["confirmed_shares"] + totals["unconfirmed"]["original_value"] == value
        assert totals["disposed"]["assets"] == sum(
            row["scope"] == "IN" and row["disposed_on"] is not None for row in rows
        )
        assert totals["out_of_scope"]["assets"] == sum(row["scope"] == "OUT" for row in rows)
        households = folded_rows(events, COUNTY, ledgers.projector.projections["household_register"])[
            "household_register"
        ]
        there = [row for row in households if row["state"] == "REGISTERED"]
        assert totals["household"] == {
            "assets": len(there),
            "original_value": sum(row["original_value"] for row in there),
        }
        units = await unit_totals(ledgers.connection, COUNTY)
        assert sum(unit["amount"] for unit in units) == totals["confirmed_shares"]
        for dimension in (*DIMENSIONS, "fund_source"):
            parts = await categorised(ledgers.connection, COUNTY, dimension)
            assert sum(part["original_value"] for part in parts) == value, dimension
        with pytest.raises(QuestionInvalid):
            await categorised(ledgers.connection, COUNTY, "asset_name")

    async def test_disposed_assets_stay_visible_when_asked_for(self, ledgers: Ledgers) -> None:
        ledgers.log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
        sale = {"disposedOn": "2022-06-01", "price": 0, "documentNo": "1"}
        facts = {"disposal": "X", "kind": "SCRAP", "sale": sale, "netBookValue": 0, "endedContracts": []}
        ledgers.log.add("asset-1", "asset.disposed", facts)
        await ledgers.settle()
        for disposed, count in ((False, 0), (True, 1), (None, 1)):
            assert (
                len((await register_page(ledgers.connection, COUNTY, RegisterFilter(disposed=disposed))).rows)
                == count
            )


async def test_household_ledger(ledgers: Ledgers) -> None:
    events = ledgers.log.events = RandomHistory(73).take(2000)
    await ledgers.settle()
    rows = folded_rows(events, COUNTY, ledgers.projector.projections["household_register"])[
        "household_register"
    ]
    page = await household_page(ledgers.connection, COUNTY, village=A, limit=1000)
    assert page.rows == [row for row in rows if row["village"] == A]
    totals = await household_totals(ledgers.connection, COUNTY, village=A)
    assert totals["assets"] + totals["closed_assets"] == len(page.rows)


class TestIncome:
    async def test_received_is_distributed_plus_balance_for_every_holder_and_year(
        self, ledgers: Ledgers
    ) -> None:
        ledgers.log.events = RandomHistory(74).take(5000)
        await ledgers.settle()
        totals = await income_totals(ledgers.connection, COUNTY)
        assert totals["received"] == totals["distributed"] + totals["balance"] > totals["balance"]
        years = await income_by_holder_and_year(ledgers.connection, COUNTY)
        assert sum(row["received"] - row["distributed"] for row in years) == totals["balance"]
        closing: dict[str | None, int] = {}
        for row in years:
            assert row["opening"] == closing.get(row["holder"], 0)
            assert row["opening"] + row["received"] - row["distributed"] == row["closing"]
            closing[row["holder"]] = row["closing"]
        for holder in {row["holder"] for row in years} - {None}:
            one = await income_totals(ledgers.connection, COUNTY, holder=holder)
            assert one["balance"] == closing[holder]

    async def test_lines_by_date_and_in_pages(self, ledgers: Ledgers) -> None:
        ledgers.log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
        for n, on in enumerate(("2021-01-01", "2021-06-01", "2021-12-31", "2022-01-01")):
            ledgers.log.add("asset-1", "asset.income_received", receipt(f"R{n}", 100, {A: 60, B: 40}, on))
        await ledgers.settle()
        page = await income_page(
            ledgers.connection, COUNTY, holder=A, since=date(2021, 6, 1), until=date(2021, 12, 31)
        )
        assert [(row["reference"], row["amount"]) for row in page.rows] == [("R1", 60), ("R2", 60)]
        first = await income_page(ledgers.connection, COUNTY, limit=3)
        rest = await income_page(ledgers.connection, COUNTY, limit=100, cursor=first.next_cursor)
        assert [row["reference"] for row in first.rows + rest.rows] == [f"R{n // 2}" for n in range(8)]


class TestCare:
    @pytest.fixture
    async def county(self, ledgers: Ledgers) -> Ledgers:
        log = ledgers.log
        old, new = "653022300000", "653022103000"
        log.add(f"organization-{old}", "organization.defined", defined("玉麦乡", kind="TOWNSHIP"))
        log.add(f"organization-{new}", "organization.defined", defined("玉麦镇", kind="TOWNSHIP"))
        gone = {"successor": new, "closedOn": "2021-06-01", "documentNo": "1"}
        log.add(f"organization-{old}", "organization.succeeded", gone)
        log.add(f"organization-{A}", "organization.defined", defined("第一村", kind="VILLAGE", superior=old))
        for person in ("P1", "P2", "P3", "P4"):
            log.add(
                f"person-{person}", "person.registered", {"card": {"name": f"某{person}", "organization": A}}
            )
        for unit, person, since, until in (
            (A, "P1", "2018-01-01", "2020-12-31"), (A, "P2", "2021-01-01", None),
            (old, "P3", "2018-01-01", "2021-05-31"), (new, "P4", "2021-06-01", None),
        ):  # fmt: skip
            post = {"position": "LEADER", "person": person}
            log.add(
                f"organization-{unit}",
                "organization.position_appointed",
                post | {"since": since, "documentNo": "1"},
            )
            if until is not None:
                log.add(
                    f"organization-{unit}",
                    "organization.position_ended",
                    post | {"until": until, "reason": "调动"},
                )
        log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
        log.add(
            "asset-1",
            "asset.custody_assigned",
            custody(A, {"P1": "MANAGER"}, post="LEADER"),
            date(2020, 1, 1),
        )
        first = {"organization": old, "position": "LEADER"}
        supervision = {"supervision": [{"supervisor": old, "firstSupervisor": first}]}
        log.add("asset-1", "asset.supervision_assigned", supervision, date(2020, 1, 1))
        handed = {"case": "D1", "duty": "MANAGER", "outgoing": "P1", "incoming": "P2", "supervisor": "P3"}
        log.add("asset-1", "asset.handed_over", handed, date(2021, 3, 1))
        await ledgers.settle()
        return ledgers

    @pytest.mark.parametrize(
        ("on", "manager", "leader", "supervisor", "held_in"),
        [
            ("2020-06-01", "P1", ["P1"], ["P3"], "653022300000"),
            ("2021-02-28", "P1", ["P2"], ["P3"], "653022300000"),
            ("2021-03-01", "P2", ["P2"], ["P3"], "653022300000"),
            ("2021-06-01", "P2", ["P2"], ["P4"], "653022103000"),
        ],
    )
    async def test_who_was_responsible_on_a_day(
        self, county: Ledgers, on: str, manager: str, leader: list[str], supervisor: list[str], held_in: str
    ) -> None:
        answer = await responsible_on(county.connection, COUNTY, "1", date.fromisoformat(on))
        assert [(one["person"], one["name"], one["duty"]) for one in answer["persons"]] == [
            (manager, f"某{manager}", "MANAGER")
        ]
        assert (answer["custodian"], answer["responsible_unit"]) == (A, A)
        assert [one["person"] for one in answer["first_responsible"]["holders"]] == leader
        (watching,) = answer["supervisors"]
        assert watching["supervisor"] == "653022300000"
        assert watching["first_supervisor"]["held_in"] == held_in
        assert [one["person"] for one in watching["first_supervisor"]["holders"]] == supervisor

    async def test_before_it_began_nobody_was(self, county: Ledgers) -> None:
        answer = await responsible_on(county.connection, COUNTY, "1", date(2019, 12, 31))
        assert (answer["persons"], answer["custodian"], answer["first_responsible"]) == ([], None, None)

    async def test_what_is_in_a_persons_care(self, county: Ledgers) -> None:
        connection = county.connection
        assert await in_care(connection, COUNTY, "P1") == []
        (line,) = await in_care(connection, COUNTY, "P2", duty="MANAGER")
        assert (line["asset"], line["asset_name"], line["case_id"]) == ("1", "防渗渠", "D1")
        assert await in_care(connection, COUNTY, "P2", duty="RESPONSIBLE") == []
        (line,) = await in_care(connection, COUNTY, "P1", on=date(2021, 2, 28))
        assert line["until"] == date(2021, 3, 1)
        (line,) = await in_care(connection, COUNTY, "P1", at_position=county.log.position - 1)
        assert line["person"] == "P1"
        posts = await in_care_by_post(connection, COUNTY, "P2", date(2021, 2, 1))
        assert [(one["duty"], one["in_post_since"]) for one in posts] == [
            ("FIRST_RESPONSIBLE", date(2021, 1, 1))
        ]
        assert (await custody_page(connection, COUNTY, unit=A, duty="CUSTODIAN")).rows[0]["asset"] == "1"
        history = await custody_page(connection, COUNTY, asset="1", duty="MANAGER", history=True)
        assert [one["person"] for one in history.rows] == ["P1", "P2"]

    async def test_directory(self, county: Ledgers) -> None:
        connection = county.connection
        assert [
            one["person"] for one in await tenures(connection, COUNTY, organization=A, on=date(2020, 12, 31))
        ] == ["P1"]
        assert [one["person_name"] for one in await tenures(connection, COUNTY, person="P4")] == ["某P4"]
        assert set(await persons(connection, COUNTY, ["P1", "NOBODY"])) == {"P1"}
        assert len((await organization_page(connection, COUNTY, kind="TOWNSHIP")).rows) == 2
        county.log.add(
            "division-X", "division.defined", defined("甲", level="village", validFrom="2001-01-01")
        )
        await county.settle()
        assert [
            one["name"] for one in await divisions(connection, COUNTY, level="village", on=date(2001, 1, 1))
        ] == ["甲"]
        assert await divisions(connection, COUNTY, on=date(2000, 12, 31)) == []

    async def test_a_chain_of_successors_that_bites_its_tail_ends(self, ledgers: Ledgers) -> None:
        for unit, successor in (("X", "Y"), ("Y", "Z"), ("Z", "X")):
            ledgers.log.add(f"organization-{unit}", "organization.defined", defined(unit, kind="COMPANY"))
            gone = {"successor": successor, "closedOn": "2021-01-01", "documentNo": "1"}
            ledgers.log.add(f"organization-{unit}", "organization.succeeded", gone)
        await ledgers.settle()
        assert await carried_on_by(ledgers.connection, COUNTY, ["X", "W"], date(2022, 1, 1)) == {
            "X": "Z",
            "W": "W",
        }
        assert await carried_on_by(ledgers.connection, COUNTY, ["X"], date(2020, 1, 1)) == {"X": "X"}


async def test_timeline(ledgers: Ledgers) -> None:
    log = ledgers.log
    log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
    log.add(
        "departure_case-D1",
        "departure_case.opened",
        {"notice": notice("P1"), "assets": ["1", "2"]},
        date(2021, 7, 1),
    )
    log.add("asset-1", "asset.put_into_use", {"inUseSince": "2021-01-01"}, date(2021, 8, 1))
    await ledgers.settle()
    decode = ledgers.store.codec.decode
    rows, following = await timeline(ledgers.connection, COUNTY, "1", decode=decode, word=WORDS.word, limit=2)
    assert [(row["position"], row["type"], row["title"]) for row in rows] == [
        (1, "asset.registered", "登记"), (2, "departure_case.opened", "启动离任交接"),
    ]  # fmt: skip
    assert rows[0]["summary"].startswith("防渗渠")
    assert rows[0]["data"]["card"]["originalValue"] == 100_000_00
    assert (rows[1]["data"]["assetCount"], "assets" in rows[1]["data"]) == (2, False)
    assert rows[0]["clauses"] == ["C4.6-02"]
    rows, following = await timeline(
        ledgers.connection, COUNTY, "1", decode=decode, word=WORDS.word, cursor=following
    )
    assert ([row["position"] for row in rows], following) == ([3], None)
    rows, _ = await timeline(
        ledgers.connection,
        COUNTY,
        "1",
        decode=decode,
        word=WORDS.word,
        descending=True,
        since=date(2021, 7, 1),
    )
    assert [row["position"] for row in rows] == [3, 2]
    rows, _ = await timeline(
        ledgers.connection, COUNTY, "1", decode=decode, word=WORDS.word, types=["asset.put_into_use"]
    )
    assert [row["position"] for row in rows] == [3]
    with pytest.raises(QuestionInvalid):
        await timeline(ledgers.connection, COUNTY, "1", decode=decode, word=WORDS.word, cursor="1;--")


async def test_a_timeline_ends_where_the_mentions_of_other_streams_do(ledgers: Ledgers) -> None:
    """Else who reads on from the last page would never see one that came into the ledger meanwhile."""
    log, connection = ledgers.log, ledgers.connection
    log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
    log.add("departure_case-D1", "departure_case.opened", {"notice": notice("P1"), "assets": ["1"]})
    log.add("asset-1", "asset.put_into_use", {"inUseSince": "2021-01-01"}, date(2021, 8, 1))
    await ledgers.settle()
    decode = ledgers.store.codec.decode
    for reached in (1, 2, 3):
        await connection.execute(
            "UPDATE projection_checkpoint SET position = $1, state = 'HALTED', epoch = epoch + 1, holder = NULL"
            " WHERE projection = 'asset_timeline'",
            reached,
        )
        rows, _ = await timeline(connection, COUNTY, "1", decode=decode, word=WORDS.word)
        assert [row["position"] for row in rows] == list(range(1, reached + 1))


async def test_a_timeline_is_one_asset_s_and_one_county_s(ledgers: Ledgers) -> None:
    log = ledgers.log
    log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
    log.add("asset-11", "asset.registered", {"card": card(), "scope": "IN"})
    log.add("departure_case-D1", "departure_case.opened", {"notice": notice("P1"), "assets": ["11"]})
    await ledgers.settle()
    decode = ledgers.store.codec.decode
    rows, _ = await timeline(ledgers.connection, COUNTY, "1", decode=decode, word=WORDS.word)
    assert [row["stream"] for row in rows] == ["asset-1"]
    rows, _ = await timeline(ledgers.connection, COUNTY, "11", decode=decode, word=WORDS.word)
    assert [row["stream"] for row in rows] == ["asset-11", "departure_case-D1"]


async def test_departures(ledgers: Ledgers) -> None:
    ledgers.log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
    ledgers.log.add(
        "departure_case-D1", "departure_case.opened", {"notice": notice("P1"), "assets": ["1", "2"]}
    )
    await ledgers.settle()
    (row,) = (await departure_page(ledgers.connection, COUNTY, calendar(), person="P1", state="OPEN")).rows
    assert (row["case_id"], row["missing"][0]) == ("D1", "lines:2")
    lines = await ledgers.connection.fetch(
        "SELECT asset, state FROM departure_line WHERE county = $1 AND case_id = $2 ORDER BY asset",
        COUNTY,
        "D1",
    )
    assert [tuple(line) for line in lines] == [("1", "OPEN"), ("2", "OPEN")]
