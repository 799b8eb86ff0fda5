"""Given these events, each ledger shows this."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.regulation import Regulation
from projections.asset import income as income_ledger, register as asset_register, timeline as asset_timeline
from projections.asset.income import INCOME_LEDGER
from projections.asset.register import REGISTER, SHARE
from projections.asset.summaries import summary
from projections.asset.timeline import BACKDATED, MENTION
from projections.catalogue import CATALOGUE
from projections.departure import cases as departures, custody as custody_ledger
from projections.departure.cases import DEPARTURE_CASE, DEPARTURE_LINE, missing_points
from projections.departure.custody import CUSTODY_LEDGER
from projections.engine.projection import PoisonEvent
from projections.engine.rows import NotLoaded
from projections.household import register as household_register
from projections.household.register import HOUSEHOLD_REGISTER
from projections.organization import directory
from projections.organization.directory import DIVISION, ORGANIZATION, PERSON, TENURE
from service.ledgers.words import Words
from tests.projections.folding import all_rows
from tests.projections.history import (
    BASIS,
    COUNTY,
    SHA,
    VILLAGES,
    WARNED,
    RandomHistory,
    card,
    confirmation,
    custody,
    defined,
    distribution,
    notice,
    receipt,
    terms,
)
from tests.projections.ledger_case import Given

A, B, C = VILLAGES[:3]
HISTORY = Path(__file__).parents[1] / "domain" / "history"
TOLD_BY_HAND = {
    "asset.platform_authorised",
    "asset.platform_authorisation_ended",
    "asset.disposal_consent_recorded",
    "asset.preemption_offered",
    "asset.preemption_answered",
    "asset.owner_consent_recorded",
    "asset.sublet_recorded",
}
WORDS = Words(Regulation.load(county=COUNTY))
ASSET = "asset-A1"


def registered(given: Given, asset: str = ASSET, value: int = 100_000_00, **changes: Any) -> None:
    given.event(asset, "asset.registered", {"card": card(value, **changes), "scope": "IN"})


class TestRegister:
    @pytest.fixture
    def given(self) -> Given:
        given = Given(asset_register.PROJECTION)
        registered(given)
        return given

    def test_a_registered_asset_is_a_row_with_its_card(self, given: Given) -> None:
        row = given.only(REGISTER)
        assert (row["county"], row["asset"], row["asset_name"]) == (COUNTY, "A1", "防渗渠")
        assert (row["quantity"], row["unit_of_measure"], row["original_value"]) == (
            Decimal("12.5"),
            "公里",
            100_000_00,
        )
        assert (row["completion_date"], row["completion_year"]) == (date(2019, 9, 30), 2019)
        assert (row["village"], row["township"]) == (A, A[:9] + "000")
        assert sum(line["amount"] for line in row["funding_lines"]) == row["original_value"]
        states = ("registration", "title", "operation", "contract", "custody", "disposal")
        assert [row[name] for name in states] == [
            "REGISTERED", "UNCONFIRMED", "NOT_IN_USE", "NONE", "NONE", "NONE",
        ]  # fmt: skip
        assert row["net_book_value"] == 100_000_00
        assert (row["first_position"], row["position"], row["version"]) == (1, 1, 1)

    def test_every_column_of_the_table_has_a_value_or_none(self, given: Given) -> None:
        assert set(given.only(REGISTER)) == set(REGISTER.columns)

    @pytest.mark.parametrize(
        ("location", "village", "township"),
        [
            (A, A, A[:9] + "000"),
            (A[:9] + "000", None, A[:9] + "000"),
            (A[:9], None, A[:9] + "000"),
            ("653022000000", None, None),
            ("653022", None, None),
            ("ELSEWHERE", None, None),
        ],
    )
    def test_a_location_lies_in_its_village_and_township(
        self, location: str, village: str | None, township: str | None
    ) -> None:
        given = Given(asset_register.PROJECTION)
        registered(given, location=location)
        row = given.only(REGISTER)
        assert (row["village"], row["township"]) == (village, township)

    def test_a_correction_shows_the_corrected_value_and_counts(self, given: Given) -> None:
        corrected = {
            "card": card(90_000_00, name="更正后"),
            "scope": "OUT",
            "changed": ["assetName"],
            "old": {},
            "reason": "笔误",
            "documentNo": "1",
        }
        given.event(ASSET, "asset.registration_corrected", corrected)
        row = given.only(REGISTER)
        assert (row["asset_name"], row["original_value"], row["net_book_value"], row["scope"], row["corrections"]) == (
            "更正后", 90_000_00, 90_000_00, "OUT", 1,
        )  # fmt: skip

    def test_confirmed_ownership_is_shares_that_sum_to_the_value(self, given: Given) -> None:
        given.event(
            ASSET,
            "asset.ownership_confirmed",
            confirmation({A: 60_000_00, B: 40_000_00}, income={A: 99_999_99, C: 1}),
        )
        row = given.only(REGISTER)
        assert (row["title"], row["owner_kind"], row["ownership_rule"], row["regime"], row["user_right_holder"]) == (
            "CONFIRMED", "VILLAGE", "R7", "RURAL_COLLECTIVE", None,
        )  # fmt: skip
        assert given.shown(SHARE, "party", "amount", "income_amount") == [
            (A, 60_000_00, 99_999_99), (B, 40_000_00, 0), (C, 0, 1),
        ]  # fmt: skip

    def test_a_disputed_title_can_be_confirmed_anew_and_replaces_the_shares(self, given: Given) -> None:
        given.event(ASSET, "asset.ownership_confirmed", confirmation({A: 60_000_00, B: 40_000_00}))
        given.event(ASSET, "asset.risk_flagged", {"kind": "TITLE_UNCLEAR", "reason": "争议"}, on="2022-01-01")
        row = given.only(REGISTER)
        assert (row["title"], row["open_risks"]) == ("DISPUTED", {"TITLE_UNCLEAR": "2022-01-01"})
        given.event(ASSET, "asset.ownership_confirmed", confirmation({C: 100_000_00}))
        assert given.shown(SHARE, "party", "amount") == [(C, 100_000_00)]
        assert (given.only(REGISTER)["title"], given.only(REGISTER)["open_risks"]) == ("CONFIRMED", {})

    def test_booking_sums_over_the_owners(self, given: Given) -> None:
        for party, amount in ((A, 60_000_00), (B, 40_000_00), (B, 40_000_00)):
            booking = {"party": party, "amount": amount, "voucherNo": "1", "bookedOn": "2021-07-01"}
            given.event(ASSET, "asset.booked", {"booking": booking})
        row = given.only(REGISTER)
        assert (row["registration"], row["booked"], row["booked_amount"]) == ("BOOKED", True, 100_000_00)

    def test_custody_handover_and_open_cases_move_the_custody_region(self, given: Given) -> None:
        given.event(
            ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}, post="LEADER", provisional=True)
        )
        assert given.only(REGISTER)["custody"] == "PROVISIONAL"
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}))
        assert given.only(REGISTER)["custody"] == "ASSIGNED"
        given.event(
            "departure_case-D1",
            "departure_case.opened",
            {"notice": notice("P1"), "assets": ["A1", "UNKNOWN"]},
        )
        row = given.only(REGISTER)
        assert (row["custody"], row["open_cases"], row["version"]) == ("IN_HANDOVER", ["D1"], 3)
        handed = {"case": "D1", "duty": "MANAGER", "outgoing": "P1", "incoming": "P2", "supervisor": "P3"}
        given.event(ASSET, "asset.handed_over", handed)
        row = given.only(REGISTER)
        assert (row["custody"], row["duties"], row["open_cases"]) == (
            "ASSIGNED", [{"person": "P2", "duty": "MANAGER"}], [],
        )  # fmt: skip

    def test_the_running_contract_is_shown_before_an_ended_one(self, given: Given) -> None:
        given.event(ASSET, "asset.ownership_confirmed", confirmation({A: 100_000_00}))
        given.event(ASSET, "asset.leased", terms("C1", ends="2029-12-31"))
        given.event(
            ASSET,
            "asset.operating_contract_signed",
            terms("C2", ends="2023-12-31", mode="CONTRACTED", part="二楼"),
        )
        assert given.only(REGISTER)["contract_code"] == "C1"
        ended = {"contract": "C1", "endedOn": "2022-01-01", "outcome": "TERMINATED", "reason": "协商"}
        given.event(ASSET, "asset.operating_contract_ended", ended)
        row = given.only(REGISTER)
        assert (row["contract"], row["contract_code"], row["operator"], row["user_right_holder"]) == (
            "ACTIVE", "C2", "OP-1", "OP-1",
        )  # fmt: skip
        given.event(ASSET, "asset.holdover_started", {"contract": "C2", "since": "2024-01-01"})
        assert given.only(REGISTER)["contract"] == "HOLDOVER"
        given.event(ASSET, "asset.operating_contract_ended", ended | {"contract": "C2", "outcome": "EXPIRED"})
        row = given.only(REGISTER)
        assert (row["contract"], row["operator"], row["annual_income"], row["user_right_holder"]) == (
            "TERMINATED", None, None, A,
        )  # fmt: skip

    def test_condition_risks_upkeep_and_depreciation(self, given: Given) -> None:
        report = {"state": "IDLE", "reportedOn": "2021-08-01"}
        facts = {"report": report, "openedRisks": ["IDLE"], "clearedRisks": []}
        given.event(ASSET, "asset.operation_status_reported", facts)
        assert (given.only(REGISTER)["operation"], given.only(REGISTER)["open_risks"]) == (
            "IDLE",
            {"IDLE": "2021-08-01"},
        )
        facts = {"report": report | {"state": "IN_USE"}, "openedRisks": [], "clearedRisks": ["IDLE"]}
        given.event(ASSET, "asset.operation_status_reported", facts)
        for _ in range(2):
            done = {"doneOn": "2021-09-01", "content": "清淤", "cost": 1_00}
            given.event(ASSET, "asset.maintenance_done", {"maintenance": done, "costShares": []})
        posted = {"year": 2021, "amount": 5_000_00, "accumulated": 5_000_00, "shares": []}
        given.event(ASSET, "asset.depreciation_posted", posted)
        row = given.only(REGISTER)
        assert (row["open_risks"], row["in_use_since"], row["maintenance_cost"]) == (
            {},
            date(2021, 8, 1),
            2_00,
        )
        assert (row["accumulated_depreciation"], row["net_book_value"], row["depreciated_through"]) == (
            5_000_00, 95_000_00, 2021,
        )  # fmt: skip

    def test_a_disposed_asset_stays_with_its_price_and_ends_its_contracts(self, given: Given) -> None:
        given.event(ASSET, "asset.leased", terms("C1"))
        proposal = {"disposal": "X", "kind": "AUCTION", "reason": "闲置"}
        given.event(ASSET, "asset.disposal_proposed", {"proposal": proposal}, on="2022-01-01")
        given.event(
            ASSET, "asset.disposal_forwarded", {"disposal": "X", "level": "TOWNSHIP", "opinion": "同意"}
        )
        appraisal = {"disposal": "X", "appraisal": {"value": 80_000_00}, "netBookValue": 100_000_00}
        given.event(ASSET, "asset.appraisal_recorded", appraisal)
        assert given.only(REGISTER)["disposals"]["X"]["forwarded"] == []
        sale = {"disposedOn": "2022-06-01", "price": 81_000_00, "documentNo": "1"}
        facts = {
            "disposal": "X",
            "kind": "AUCTION",
            "sale": sale,
            "netBookValue": 1,
            "endedContracts": ["C1"],
        }
        given.event(ASSET, "asset.disposed", facts)
        for voucher in ("1", "2"):
            proceeds = {
                "disposal": "X",
                "amount": 40_000_00,
                "receivedOn": "2022-06-02",
                "voucherNo": voucher,
            }
            given.event(ASSET, "asset.disposal_proceeds_received", proceeds)
        row = given.only(REGISTER)
        assert (row["disposal"], row["disposed_on"], row["disposal_price"], row["disposal_proceeds"]) == (
            "DISPOSED", date(2022, 6, 1), 81_000_00, 80_000_00,
        )  # fmt: skip
        assert (row["contract"], row["operator"]) == ("TERMINATED", None)
        given.event("departure_case-D9", "departure_case.opened", {"notice": notice("P1"), "assets": ["A1"]})
        assert given.only(REGISTER)["open_cases"] == []

    def test_warnings_and_findings_are_counted(self, given: Given) -> None:
        given.event(ASSET, "asset.put_into_use", {"inUseSince": "2021-01-01"}, basis=WARNED)
        assert (given.only(REGISTER)["warnings"], given.only(REGISTER)["findings"]) == (1, 0)


class TestHousehold:
    def test_a_household_asset_is_registered_inspected_and_closed(self) -> None:
        given = Given(household_register.PROJECTION)
        stream = "household_asset-H1"
        household = card(500_00, A) | {"household": "H-1", "assetType": "HOUSEHOLD_LIVESTOCK"}
        given.event(stream, "household_asset.registered", {"card": household})
        inspection = {"inspectedOn": "2022-01-01", "present": True, "condition": "良好"}
        given.event(stream, "household_asset.inspected", {"inspection": inspection})
        assert given.shown(HOUSEHOLD_REGISTER, "state", "inspections", "village") == [("REGISTERED", 1, A)]
        gone = inspection | {"present": False, "condition": "已死亡", "reason": "病死"}
        given.event(stream, "household_asset.inspected", {"inspection": gone})
        assert given.shown(HOUSEHOLD_REGISTER, "state", "inspections", "absence_reason") == [
            ("CLOSED", 2, "病死")
        ]
        assert set(given.only(HOUSEHOLD_REGISTER)) == set(HOUSEHOLD_REGISTER.columns)


class TestIncome:
    def test_receipts_by_holder_distributions_by_line_signed(self) -> None:
        given = Given(income_ledger.PROJECTION)
        given.event(
            ASSET, "asset.income_received", receipt("R1", 100_01, {A: 60_01, B: 40_00}, contract="C1")
        )
        given.event(ASSET, "asset.income_distributed", distribution("D1", A, [30_00, 20_00], on="2022-01-02"))
        assert given.shown(INCOME_LEDGER, "entry", "holder", "amount", "year", "reference") == [
            ("RECEIPT", A, 60_01, 2021, "R1"),
            ("RECEIPT", B, 40_00, 2021, "R1"),
            ("DISTRIBUTION", A, -30_00, 2022, "D1"),
            ("DISTRIBUTION", A, -20_00, 2022, "D1"),
        ]
        assert all(set(row) == set(INCOME_LEDGER.columns) for row in all_rows(given.rows, INCOME_LEDGER))

    def test_income_before_the_confirmation_waits_for_its_holder(self) -> None:
        given = Given(income_ledger.PROJECTION)
        given.event(ASSET, "asset.income_received", receipt("R1", 100_00, {}))
        assert given.shown(INCOME_LEDGER, "holder", "amount") == [(None, 100_00)]
        given.event(ASSET, "asset.ownership_confirmed", confirmation({A: 1}, attributed={A: 70_00, B: 30_00}))
        by_holder: dict[str | None, int] = {}
        for holder, amount in given.shown(INCOME_LEDGER, "holder", "amount"):
            by_holder[holder] = by_holder.get(holder, 0) + amount
        assert by_holder == {None: 0, A: 70_00, B: 30_00}


class TestCustody:
    @pytest.fixture
    def given(self) -> Given:
        return Given(custody_ledger.PROJECTION)

    @staticmethod
    def people(given: Given) -> list[Any]:
        return [
            (
                row["person"],
                str(row["since"]),
                row["until"] and str(row["until"]),
                row["until_position"] is None,
            )
            for row in given.shown(CUSTODY_LEDGER)
            if row["duty"] in custody_ledger.PERSONAL
        ]

    def test_custody_names_units_post_and_persons(self, given: Given) -> None:
        given.event(
            ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER", "P2": "RESPONSIBLE"}, post="LEADER")
        )
        assert given.shown(CUSTODY_LEDGER, "duty", "unit", "post", "person") == [
            ("CUSTODIAN", A, None, None),
            ("RESPONSIBLE_UNIT", A, None, None),
            ("FIRST_RESPONSIBLE", A, "LEADER", None),
            ("MANAGER", None, None, "P1"),
            ("RESPONSIBLE", None, None, "P2"),
        ]

    def test_a_new_assignment_ends_the_old_one_that_day_and_keeps_who_stays(self, given: Given) -> None:
        given.event(
            ASSET,
            "asset.custody_assigned",
            custody(A, {"P1": "MANAGER", "P2": "RESPONSIBLE"}),
            on="2021-01-01",
        )
        given.event(
            ASSET,
            "asset.custody_assigned",
            custody(A, {"P3": "MANAGER", "P2": "RESPONSIBLE"}),
            on="2022-01-01",
        )
        assert self.people(given) == [
            ("P1", "2021-01-01", "2022-01-01", False),
            ("P2", "2021-01-01", None, True),
            ("P3", "2022-01-01", None, True),
        ]

    def test_a_handover_passes_one_duty_on(self, given: Given) -> None:
        given.event(
            ASSET,
            "asset.custody_assigned",
            custody(A, {"P1": "MANAGER", "P2": "RESPONSIBLE"}),
            on="2021-01-01",
        )
        handed = {"case": "D1", "duty": "MANAGER", "outgoing": "P1", "incoming": "P9", "supervisor": "P3"}
        given.event(ASSET, "asset.handed_over", handed, on="2022-05-31")
        assert self.people(given) == [
            ("P1", "2021-01-01", "2022-05-31", False),
            ("P2", "2021-01-01", None, True),
            ("P9", "2022-05-31", None, True),
        ]
        assert given.shown(CUSTODY_LEDGER, "case_id")[-1] == "D1"

    def test_what_is_dated_back_cuts_short_what_was_recorded_before(self, given: Given) -> None:
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}), on="2021-01-01")
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P2": "MANAGER"}), on="2022-06-01")
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P3": "MANAGER"}), on="2022-03-01")
        assert self.people(given) == [
            ("P1", "2021-01-01", "2022-03-01", False),
            ("P2", "2022-06-01", "2022-06-01", False),  # never in force
            ("P3", "2022-03-01", None, True),
        ]

    def test_who_stays_by_a_later_assignment_has_the_duty_from_the_first_day(self, given: Given) -> None:
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}), on="2021-01-01")
        changed = custody(B, {"P2": "MANAGER"})
        given.event(ASSET, "asset.custody_assigned", changed, on="2022-03-01")
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P2": "MANAGER"}), on="2022-06-01")
        assert self.people(given) == [
            ("P1", "2021-01-01", "2022-03-01", False),
            ("P2", "2022-03-01", None, True),
        ]

    def test_supervision_is_a_set_of_its_own(self, given: Given) -> None:
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}))
        for units in ([A, B], [B, C]):
            supervision = [
                {"supervisor": unit, "firstSupervisor": {"organization": unit, "position": "L"}}
                for unit in units
            ]
            given.event(ASSET, "asset.supervision_assigned", {"supervision": supervision})
        now = [
            row["unit"]
            for row in given.shown(CUSTODY_LEDGER)
            if row["duty"] == "SUPERVISOR" and row["until"] is None
        ]
        assert now == [B, C]
        assert self.people(given)[0][3] is True

    def test_disposal_ends_every_duty(self, given: Given) -> None:
        given.event(ASSET, "asset.custody_assigned", custody(A, {"P1": "MANAGER"}), on="2021-01-01")
        sale = {"disposedOn": "2022-06-01", "price": 0, "documentNo": "1"}
        given.event(
            ASSET, "asset.disposed", {"disposal": "X", "kind": "SCRAP", "sale": sale, "endedContracts": []}
        )
        assert set(given.shown(CUSTODY_LEDGER, "until")) == {date(2022, 6, 1)}


class TestDirectory:
    def test_divisions_units_persons_and_tenures(self) -> None:
        given = Given(directory.PROJECTION)
        given.event(f"division-{A}", "division.defined", defined("玉麦乡", level="township"))
        gone = {"successor": B, "closedOn": "2019-01-01", "documentNo": "1"}
        given.event(f"division-{A}", "division.succeeded", gone)
        given.event(f"organization-{A}", "organization.defined", defined("玉麦乡政府", kind="TOWNSHIP"))
        given.event(f"organization-{A}", "organization.succeeded", gone)
        given.event("person-P1", "person.registered", {"card": {"name": "某甲", "organization": A}})
        taken = {"position": "LEADER", "person": "P1", "since": "2018-01-01", "documentNo": "1"}
        given.event(f"organization-{A}", "organization.position_appointed", taken)
        left = {"position": "LEADER", "person": "P1", "until": "2020-12-31", "reason": "调动"}
        given.event(f"organization-{A}", "organization.position_ended", left)
        given.event(f"organization-{A}", "organization.position_appointed", taken | {"since": "2022-01-01"})
        assert given.shown(DIVISION, "successor", "closed_on") == [(B, date(2019, 1, 1))]
        assert given.shown(ORGANIZATION, "name", "successor") == [("玉麦乡政府", B)]
        assert given.shown(PERSON, "person", "name") == [("P1", "某甲")]
        assert given.shown(TENURE, "post", "since", "until") == [
            ("LEADER", date(2018, 1, 1), date(2020, 12, 31)), ("LEADER", date(2022, 1, 1), None),
        ]  # fmt: skip
        with pytest.raises(PoisonEvent, match="does not hold"):
            given.event(f"organization-{A}", "organization.position_ended", left | {"person": "P2"})


class TestTimeline:
    def test_an_asset_is_mentioned_where_another_stream_names_it(self) -> None:
        given = Given(asset_timeline.PROJECTION)
        registered(given)
        given.event(
            "departure_case-D1", "departure_case.opened", {"notice": notice("P1"), "assets": ["A1", "A2"]}
        )
        disputed = {"asset": "A1", "disputedBy": "P2", "reason": "少一台"}
        given.event("departure_case-D1", "departure_case.line_disputed", disputed)
        given.event("departure_case-D1", "departure_case.list_sealed", {"listSha256": SHA, "count": 2})
        assert given.shown(MENTION, "asset", "position") == [("A1", 2), ("A1", 3), ("A2", 2)]

    @pytest.mark.parametrize(("days", "listed"), [(89, []), (90, []), (91, [("A1", 91)])])
    def test_an_event_entered_more_than_ninety_days_late_is_listed(
        self, days: int, listed: list[tuple[str, int]]
    ) -> None:
        given = Given(asset_timeline.PROJECTION)
        recorded = date(2022, 1, 1)  # the day on which the history's log records
        given.event(
            ASSET, "asset.registered", {"card": card(), "scope": "IN"}, recorded - timedelta(days=days)
        )
        assert given.shown(BACKDATED, "asset", "days") == listed

    def test_history_that_was_imported_is_not_listed_as_entered_late(self) -> None:
        given = Given(asset_timeline.PROJECTION)
        imported = BASIS | {"findings": WARNED["warnings"]}
        given.event(ASSET, "asset.registered", {"card": card(), "scope": "IN"}, "2019-01-01", basis=imported)
        assert given.shown(BACKDATED, "asset") == []

    def test_every_event_has_a_line_to_read(self) -> None:
        seen = set()
        for event in RandomHistory(2).take(20_000):
            if event.type in asset_timeline.HANDLERS and event.type not in seen:
                seen.add(event.type)
                assert summary(event.type, event.data, WORDS.word)
        assert set(asset_timeline.HANDLERS) - seen == TOLD_BY_HAND  # no history of assets has them
        for name in TOLD_BY_HAND:
            stored = json.loads((HISTORY / f"{name}.1.json").read_text("utf-8"))
            assert summary(name, stored["data"], WORDS.word)
        assert (
            summary("asset.registered", {"card": card()}, WORDS.word)
            == "防渗渠，12.5 公里，原值 100000.00 元"
        )

    @pytest.mark.parametrize(
        ("event_type", "data", "line"),
        [
            ("asset.operation_status_reported", {"report": {"state": "PARTLY_USED"}}, "部分使用"),
            ("asset.operation_status_reported", {"report": {"state": "LOST", "note": "洪水"}}, "灭失：洪水"),
            (
                "asset.herd_count_changed",
                {"herdChange": {"kind": "CULL", "change": "-3"}, "quantity": "17"},
                "淘汰 -3，现有 17",
            ),
            (
                "asset.right_assigned",
                {"assignment": {"right": "INCOME", "holder": "巴仁村"}},
                "收益权：巴仁村",
            ),
            (
                "asset.title_certificate_applied",
                {"certificate": {"kind": "REAL_ESTATE", "holder": "巴仁村"}},
                "巴仁村 申请不动产证",
            ),
            (
                "asset.operating_contract_ended",
                {"contract": "C1", "outcome": "TERMINATED", "endedOn": "2024-05-06"},
                "C1 提前终止（2024-05-06）",
            ),
            ("asset.disposal_closed", {"outcome": "REJECTED", "reason": "价低"}, "未获批准：价低"),
            ("asset.disposal_proposed", {"proposal": {"kind": "SCRAP", "reason": "锈蚀"}}, "报废：锈蚀"),
            ("asset.disposal_forwarded", {"level": "TOWNSHIP", "opinion": "同意"}, "乡（镇）：同意"),
            ("asset.disposed", {"kind": "AUCTION", "sale": {"price": 100}}, "拍卖，价款 1.00 元"),
            ("asset.risk_flagged", {"kind": "TITLE_UNCLEAR", "reason": "无证"}, "权属不清：无证"),
            ("household_asset.loss_recorded", {"loss": {"kind": "STOLEN"}, "quantity": "0"}, "被盗，现有 0"),
            (
                "asset.custody_assigned",
                {"custody": {"custodian": "巴仁村", "duties": [{"person": "P1", "duty": "RESPONSIBLE"}]}},
                "管护主体 巴仁村，P1（责任人）",
            ),
        ],
    )
    def test_a_line_tells_codes_in_the_words_of_their_list(
        self, event_type: str, data: dict[str, Any], line: str
    ) -> None:
        assert summary(event_type, data, WORDS.word) == line

    def test_a_line_tells_a_countys_own_code_in_the_countys_word(self) -> None:
        given = {"herdChange": {"kind": "GIFT", "change": "2"}, "quantity": "19"}
        assert summary("asset.herd_count_changed", given, WORDS.word) == "GIFT 2，现有 19"
        assert summary("asset.herd_count_changed", given, lambda _, code: {"GIFT": "受赠"}[code]).startswith(
            "受赠"
        )


class TestDepartures:
    @pytest.fixture
    def given(self) -> Given:
        given = Given(departures.PROJECTION)
        given.event(
            "departure_case-D1",
            "departure_case.opened",
            {"notice": notice("P1", kind="RESPONSIBLE"), "assets": ["A1", "A2"]},
        )
        return given

    def when(self, given: Given, fact: str, **data: Any) -> None:
        given.event("departure_case-D1", f"departure_case.{fact}", data)

    def counts(self, given: Given) -> tuple[int, int, int, int]:
        row = given.only(DEPARTURE_CASE)
        return row["lines"], row["open_lines"], row["accepted_lines"], row["disputed_lines"]

    def test_an_open_case_tells_what_is_missing(self, given: Given) -> None:
        assert missing_points(given.only(DEPARTURE_CASE)) == [
            "lines:2", "successor", "audit", "seal", "signature:OUTGOING", "signature:INCOMING", "signature:SUPERVISOR",
        ]  # fmt: skip

    def test_from_open_to_completed(self, given: Given) -> None:
        self.when(given, "successor_named", successor="P2")
        self.when(given, "lines_accepted", assets=["A1"], acceptedBy="P2")
        self.when(given, "line_disputed", asset="A2", disputedBy="P2", reason="少一台")
        assert self.counts(given) == (2, 0, 1, 1)
        self.when(given, "dispute_resolved", asset="A2", resolution="已补", documentNo="1")
        self.when(given, "lines_added", assets=["A3"])
        self.when(given, "lines_accepted", assets=["A2", "A3"], acceptedBy="P2")
        assert self.counts(given) == (3, 0, 3, 0)
        audit = {
            "auditor": "X",
            "auditorOganization": "Y",
            "cutOff": "2022-05-31",
            "opinion": "无",
            "reportNo": "审1",
        }
        self.when(given, "audit_completed", audit=audit)
        self.when(given, "list_sealed", listSha256=SHA, count=3)
        for role in ("OUTGOING", "INCOMING", "SUPERVISOR"):
            signature = {
                "role": role,
                "person": {"INCOMING": "P2"}.get(role, role),
                "organization": A,
                "signedOn": "2022-06-01",
                "listSha256": SHA,
            }
            self.when(given, "signed", signature=signature)
        assert missing_points(given.only(DEPARTURE_CASE)) == ["completion"]
        self.when(given, "completed", listSha256=SHA, successor="P2", supervisor="P3")
        row = given.only(DEPARTURE_CASE)
        assert missing_points(row) == []
        assert (row["state"], row["supervisor"], row["audit_report"]) == ("COMPLETED", "P3", "审1")
        assert given.shown(DEPARTURE_LINE, "asset", "state", "accepted_by") == [
            ("A1", "ACCEPTED", "P2"), ("A2", "ACCEPTED", "P2"), ("A3", "ACCEPTED", "P2"),
        ]  # fmt: skip

    def test_everyone_who_takes_over_signs(self, given: Given) -> None:
        self.when(given, "successor_named", successor="P2")
        self.when(given, "lines_reassigned", assets=["A2"], incoming="P3")
        row = given.only(DEPARTURE_CASE)
        assert row["incoming"] == ["P2", "P3"]
        assert missing_points(row)[-4:] == [
            "signature:OUTGOING", "signature:INCOMING:P2", "signature:INCOMING:P3", "signature:SUPERVISOR",
        ]  # fmt: skip

    def test_reconciliation_counts_what_is_compared_and_what_differs(self, given: Given) -> None:
        agrees = {"asset": "A1", "book": "AGREES", "physical": "FOUND", "documents": "COMPLETE"}
        differs = {"asset": "A2", "book": "AGREES", "physical": "MISSING", "documents": "COMPLETE"}
        counts = ("reconciled_lines", "difference_lines", "reconciled")
        self.when(given, "reconciliation_recorded", lines=[agrees, differs])
        assert [given.only(DEPARTURE_CASE)[name] for name in counts] == [2, 1, False]
        self.when(given, "reconciliation_recorded", lines=[differs])
        assert [given.only(DEPARTURE_CASE)[name] for name in counts] == [2, 1, False]
        self.when(given, "difference_resolved", asset="A2", resolution="已补", documentNo="1")
        self.when(given, "reconciliation_completed", count=2, differences=1)
        assert [given.only(DEPARTURE_CASE)[name] for name in counts] == [2, 0, True]
        self.when(given, "lines_added", assets=["A1"], versions=[9])
        assert given.only(DEPARTURE_CASE)["reconciled"] is True
        self.when(given, "lines_added", assets=["A3"], versions=[1])
        assert given.only(DEPARTURE_CASE)["reconciled"] is False

    def test_a_finding_reopens_a_completed_case(self, given: Given) -> None:
        self.when(given, "audit_ordered", auditorOrganization="AUDIT", documentNo="1")
        self.when(given, "completed", listSha256=SHA, supervisor="P3")
        finding = {"finding": "F1", "text": "账外收入", "documentNo": "审9号"}
        self.when(given, "finding_raised", finding=finding)
        row = given.only(DEPARTURE_CASE)
        assert (row["state"], row["reopened"], row["open_findings"]) == ("OPEN", 1, 1)
        assert "finding:F1" in missing_points(row)
        self.when(given, "finding_resolved", finding="F1", resolution="已追回", documentNo="改9号")
        row = given.only(DEPARTURE_CASE)
        assert (row["open_findings"], row["findings"]["F1"]["state"]) == (0, "RESOLVED")
        interim = {
            "person": "P9", "appointedBy": A, "since": "2022-01-01", "until": "2022-02-01", "inventoryNo": "盘1"
        }  # fmt: skip
        self.when(given, "interim_custodian_appointed", interim=interim)
        assert given.only(DEPARTURE_CASE)["interim"] == "P9"

    def test_another_successor_starts_over_and_breaks_the_seal(self, given: Given) -> None:
        self.when(given, "successor_named", successor="P2")
        self.when(given, "lines_accepted", assets=["A1", "A2"], acceptedBy="P2")
        self.when(given, "list_sealed", listSha256=SHA, count=2)
        self.when(given, "successor_named", successor="P3")
        assert self.counts(given) == (2, 2, 0, 0)
        assert given.only(DEPARTURE_CASE)["sealed"] is None


def contents(given: Given) -> Any:
    return deepcopy({ledger.name: given.shown(ledger) for ledger in given.projection.tables})


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_events_delivered_again_change_nothing(name: str) -> None:
    given = Given(CATALOGUE[name])
    events = RandomHistory(7).take(600)
    given.deliver(events)
    before = contents(given)
    given.deliver(events)
    given.deliver(events[-1:])
    given.deliver(events[:100])
    assert contents(given) == before


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_one_by_one_is_all_at_once(name: str) -> None:
    one_by_one, at_once = Given(CATALOGUE[name]), Given(CATALOGUE[name])
    events = RandomHistory(8).take(800)
    for event in events:
        one_by_one.deliver([event])
    at_once.deliver(events)
    assert contents(one_by_one) == contents(at_once)


def test_invariants_of_a_long_history() -> None:
    """Shares sum to the value; income received is distributed or left; depreciation and net value add up."""
    register, income = Given(asset_register.PROJECTION), Given(income_ledger.PROJECTION)
    events = RandomHistory(9).take(20_000)
    register.deliver(events)
    income.deliver(events)
    shares: dict[str, int] = {}
    for asset, amount in register.shown(SHARE, "asset", "amount"):
        shares[asset] = shares.get(asset, 0) + amount
    balances: dict[str, int] = {}
    for asset, amount in income.shown(INCOME_LEDGER, "asset", "amount"):
        balances[asset] = balances.get(asset, 0) + amount
    for row in register.shown(REGISTER):
        if row["confirmed_on"] is not None:
            assert shares[row["asset"]] == row["original_value"]
        assert row["income_received"] - row["income_distributed"] == balances.get(row["asset"], 0)
        assert row["net_book_value"] + row["accumulated_depreciation"] == row["original_value"]


def test_the_register_says_what_the_custody_ledger_says() -> None:
    register, ledger = Given(asset_register.PROJECTION), Given(custody_ledger.PROJECTION)
    events = RandomHistory(10).take(8000)
    register.deliver(events)
    ledger.deliver(events)
    present: dict[str, set[tuple[str, str]]] = {}
    for line in ledger.shown(CUSTODY_LEDGER):
        if line["until_position"] is None and line["duty"] in custody_ledger.PERSONAL:
            present.setdefault(line["asset"], set()).add((line["person"], line["duty"]))
    for row in register.shown(REGISTER):
        if row["disposed_on"] is None:
            assert {(one["person"], one["duty"]) for one in row["duties"]} == present.get(row["asset"], set())


def test_no_day_has_two_managers_who_replaced_each_other() -> None:
    ledger = Given(custody_ledger.PROJECTION)
    ledger.deliver(RandomHistory(11).take(8000))
    by_asset: dict[str, list[Any]] = {}
    for line in ledger.shown(CUSTODY_LEDGER):
        if line["duty"] == "CUSTODIAN":
            by_asset.setdefault(line["asset"], []).append(line)
    for lines in by_asset.values():
        spans = sorted(
            (line["since"], line["until"] or date.max) for line in lines if line["since"] != line["until"]
        )
        assert all(first[1] <= second[0] for first, second in pairwise(spans))


class TestRows:
    def test_what_was_not_announced_is_not_guessed(self) -> None:
        rows = asset_register.PROJECTION.rows(COUNTY)
        rows.tables[REGISTER.name].forget()
        with pytest.raises(NotLoaded):
            rows.find(REGISTER, "A1")
        with pytest.raises(NotLoaded):
            rows.edit(REGISTER, "A1")
        with pytest.raises(NotLoaded):
            rows.put(REGISTER, {"asset": "A1"})

    def test_rows_to_read_cannot_be_changed(self) -> None:
        given = Given(asset_register.PROJECTION)
        registered(given)
        row: Any = given.rows.find(REGISTER, "A1")
        with pytest.raises(TypeError):
            row["asset_name"] = "别的"

    def test_an_event_for_an_asset_nobody_registered_is_poison(self) -> None:
        given = Given(asset_register.PROJECTION)
        with pytest.raises(PoisonEvent) as caught:
            given.event(ASSET, "asset.put_into_use", {"inUseSince": "2021-01-01"})
        assert (caught.value.position, caught.value.event_type) == (1, "asset.put_into_use")

    def test_deleted_and_put_back_rows_are_told_apart_from_new_ones(self) -> None:
        given = Given(asset_register.PROJECTION)
        registered(given)
        table = given.rows.tables[SHARE.name]
        given.event(ASSET, "asset.ownership_confirmed", confirmation({A: 100_000_00}))
        assert table.new == {("A1", A)}
        table.changed, table.new = {}, set()
        given.event(ASSET, "asset.ownership_confirmed", confirmation({A: 100_000_00}))
        assert (list(table.changed), table.new) == ([("A1", A)], set())
