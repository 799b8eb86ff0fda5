"""The ledgers of duties, event by event, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from projections.asset import duties as asset_duties, external_entries, register as asset_register, risk_board
from projections.asset.duties import ASSET_DUTY
from projections.asset.external_entries import EXTERNAL_ENTRY
from projections.asset.risk_board import RISK
from projections.household import register as household_register
from projections.household.register import HOUSEHOLD_LEDGER, HOUSEHOLD_REGISTER
from projections.organization import duties as unit_duties
from projections.organization.duties import GUIDANCE, OFFICE_MEMBER, TASK_FORCE, UNIT_RULE
from tests.projections.duties_history import SHA, household_events, unit_events
from tests.projections.history import VILLAGES, card, confirmation, custody
from tests.projections.ledger_case import Given


def duty(system: str, **changes: Any) -> dict[str, Any]:
    return {"system": system, "enteredBy": ["FINANCE"], "afterStocktake": False, "ruleGap": False} | changes


def confirmed(given: Given, *systems: str, owner: str = VILLAGES[0], on: str = "2021-08-10") -> None:
    data = confirmation({owner: 100}) | {"externalDuties": [duty(one) for one in systems]}
    given.event("asset-A1", "asset.ownership_confirmed", data, on)


def entry(given: Given, system: str, ref_no: str = "R-1") -> None:
    data = {"entry": {"system": system, "refNo": ref_no, "enteredOn": "2021-09-01"}}
    given.event("asset-A1", "asset.external_entry_recorded", data)


class TestExternalEntries:
    @pytest.fixture
    def given(self) -> Given:
        return Given(external_entries.PROJECTION)

    def states(self, given: Given) -> dict[str, str]:
        return dict(given.shown(EXTERNAL_ENTRY, "system", "state"))

    def test_a_confirmation_opens_and_an_entry_closes(self, given: Given) -> None:
        confirmed(given, "SYS_A", "SYS_B")
        entry(given, "SYS_A")
        assert self.states(given) == {"SYS_A": "CLOSED", "SYS_B": "OPEN"}
        assert given.shown(EXTERNAL_ENTRY, "opened_on", "ref_no", "recorded_by") == [
            (date(2021, 8, 10), "R-1", "653022202000"),
            (date(2021, 8, 10), None, None),
        ]

    def test_a_confirmation_anew_lets_lapse_what_is_no_longer_due(self, given: Given) -> None:
        confirmed(given, "SYS_A", "SYS_B", "SYS_C")
        entry(given, "SYS_A")
        confirmed(given, "SYS_A", "SYS_C", "SYS_D", owner=VILLAGES[1], on="2022-01-01")
        assert self.states(given) == {"SYS_A": "CLOSED", "SYS_B": "LAPSED", "SYS_C": "OPEN", "SYS_D": "OPEN"}
        opened = dict(given.shown(EXTERNAL_ENTRY, "system", "opened_on"))
        assert (opened["SYS_A"], opened["SYS_C"]) == (date(2021, 8, 10), date(2022, 1, 1))
        confirmed(given, "SYS_B", on="2022-02-01")
        assert self.states(given)["SYS_B"] == "OPEN"

    def test_a_confirmation_of_before_says_nothing_and_opens_nothing(self, given: Given) -> None:
        data = confirmation({VILLAGES[0]: 100})
        del data["externalDuties"]
        given.event("asset-A1", "asset.ownership_confirmed", data)
        assert self.states(given) == {}

    def test_an_entry_nobody_asked_for_is_there_all_the_same(self, given: Given) -> None:
        entry(given, "SYS_X")
        assert self.states(given) == {"SYS_X": "CLOSED"}

    def test_what_is_gone_has_nothing_left_to_enter(self, given: Given) -> None:
        confirmed(given, "SYS_A", "SYS_B")
        entry(given, "SYS_A")
        sale = {"disposedOn": "2022-04-01", "price": 1, "documentNo": "处1号"}
        given.event("asset-A1", "asset.disposed", {"disposal": "X", "kind": "SCRAP", "sale": sale})
        assert self.states(given) == {"SYS_A": "CLOSED", "SYS_B": "LAPSED"}


class TestRisks:
    @pytest.fixture
    def given(self) -> Given:
        return Given(risk_board.PROJECTION)

    def spans(self, given: Given) -> list[Any]:
        return given.shown(RISK, "kind", "flagged_on", "cleared_on", "clearance")

    def flag(self, given: Given, kind: str, on: str) -> None:
        given.event("asset-A1", "asset.risk_flagged", {"kind": kind, "reason": "现场发现"}, on)

    def test_a_flag_is_a_span_and_the_next_one_another(self, given: Given) -> None:
        self.flag(given, "WASTED", "2022-01-01")
        given.event("asset-A1", "asset.risk_cleared", {"kind": "WASTED", "reason": "已整改"}, "2022-02-01")
        self.flag(given, "WASTED", "2022-03-01")
        assert self.spans(given) == [
            ("WASTED", date(2022, 1, 1), date(2022, 2, 1), "已整改"),
            ("WASTED", date(2022, 3, 1), None, None),
        ]

    def test_reports_flag_and_clear_on_their_own_day(self, given: Given) -> None:
        idle = {
            "report": {"state": "IDLE", "reportedOn": "2022-01-05", "note": "停产"},
            "openedRisks": ["IDLE"],
            "clearedRisks": [],
        }
        used = {
            "report": {"state": "IN_USE", "reportedOn": "2022-02-05"},
            "openedRisks": [],
            "clearedRisks": ["IDLE"],
        }
        given.event("asset-A1", "asset.operation_status_reported", idle, "2022-01-06")
        given.event("asset-A1", "asset.operation_status_reported", used, "2022-02-06")
        assert self.spans(given) == [("IDLE", date(2022, 1, 5), date(2022, 2, 5), "使用状况报告")]
        assert given.only(RISK)["reason"] == "停产"

    def test_a_confirmation_clears_the_unclear_title_and_nothing_else(self, given: Given) -> None:
        self.flag(given, "TITLE_UNCLEAR", "2022-01-01")
        self.flag(given, "DAMAGED", "2022-01-01")
        confirmed(given, on="2022-03-01")
        assert [(kind, cleared) for kind, _, cleared, _ in self.spans(given)] == [
            ("DAMAGED", None),
            ("TITLE_UNCLEAR", date(2022, 3, 1)),
        ]

    def test_a_disposal_clears_all_and_no_span_ends_before_it_began(self, given: Given) -> None:
        self.flag(given, "DAMAGED", "2022-06-01")
        sale = {"disposedOn": "2022-04-01", "price": 1, "documentNo": "处1号"}
        data = {"disposal": "X", "kind": "SCRAP", "sale": sale}
        given.event("asset-A1", "asset.disposed", data, "2022-04-01")
        assert self.spans(given) == [("DAMAGED", date(2022, 6, 1), date(2022, 6, 1), "处置")]


class TestDuties:
    @pytest.fixture
    def given(self) -> Given:
        given = Given(asset_duties.PROJECTION)
        guidance = {"lead": "DRC", "co": ["FINANCE"], "ruleGap": True}
        data = {"card": card(), "scope": "IN", "guidance": guidance}
        given.event("asset-A1", "asset.registered", data, "2021-07-01")
        return given

    def test_certificates_and_filing_are_followed_to_their_answer(self, given: Given) -> None:
        issued = {"village": VILLAGES[0], "amount": 100, "number": "确1号", "issuedOn": "2021-08-01"}
        given.event("asset-A1", "asset.ownership_certificate_issued", {"certificate": issued})
        holders = [{"party": VILLAGES[0], "kind": "COLLECTIVE", "uscc": "N1", "name": "股份经济合作社"}]
        data = confirmation({VILLAGES[0]: 100}) | {"holders": holders, "filingDue": "AGRICULTURE"}
        given.event("asset-A1", "asset.ownership_confirmed", data, "2021-08-10")
        row = given.only(ASSET_DUTY)
        assert row["ownership_certificates"] == {VILLAGES[0]: "确1号"}
        assert (row["title_holders"], row["filing_due"]) == (holders, "AGRICULTURE")
        assert row["filing_since"] == date(2021, 8, 10)
        filing = {"addressee": "AGRICULTURE", "procedure": "PR-1", "filedOn": "2021-08-20"}
        given.event("asset-A1", "asset.ownership_filed", filing)
        assert (row["filing_due"], row["filing_since"]) == (None, None)
        for code in ("Z-1", "Z-2"):
            asked = {"certificate": code, "kind": "TITLE", "holder": VILLAGES[0], "appliedOn": "2021-09-01"}
            given.event("asset-A1", "asset.title_certificate_applied", {"certificate": asked})
        answer = {"certificate": "Z-1", "number": "产权1号", "issuedOn": "2021-09-20"}
        given.event("asset-A1", "asset.title_certificate_issued", answer)
        refusal = {"certificate": "Z-2", "reason": "资料不全", "decidedOn": "2021-09-20"}
        given.event("asset-A1", "asset.title_certificate_ineligible", refusal)
        known = {"kind": "TITLE", "holder": VILLAGES[0]}
        assert row["title_certificates"] == {
            "Z-1": known | {"state": "ISSUED", "number": "产权1号"},
            "Z-2": known | {"state": "INELIGIBLE"},
        }

    def test_a_registration_brings_acceptance_and_guidance(self, given: Given) -> None:
        row = given.only(ASSET_DUTY)
        assert (row["accepted_on"], row["registered_on"]) == (date(2019, 10, 15), date(2021, 7, 1))
        assert (row["guiding_department"], row["co_guiding"], row["guidance_gap"]) == (
            "DRC",
            ["FINANCE"],
            True,
        )
        corrected = {
            "card": card(acceptance=None),
            "scope": "IN",
            "changed": [],
            "old": {},
            "reason": "-",
            "documentNo": "-",
        }
        given.event("asset-A1", "asset.registration_corrected", corrected)
        row = given.only(ASSET_DUTY)
        assert (row["accepted_on"], row["guiding_department"]) == (None, "DRC")

    def test_only_final_custody_counts_and_the_first_of_it(self, given: Given) -> None:
        given.event(
            "asset-A1", "asset.custody_assigned", custody(VILLAGES[0], {"P-1": "MANAGER"}, provisional=True)
        )
        assert given.only(ASSET_DUTY)["custody_on"] is None
        for day in ("2021-09-01", "2022-09-01"):
            given.event("asset-A1", "asset.custody_assigned", custody(VILLAGES[0], {"P-1": "MANAGER"}), day)
        assert given.only(ASSET_DUTY)["custody_on"] == date(2021, 9, 1)

    def test_upkeep_told_late_does_not_turn_the_clock_back(self, given: Given) -> None:
        plan = {"intervalDays": 180, "startsOn": "2021-01-01", "content": "清淤"}
        given.event("asset-A1", "asset.maintenance_planned", {"plan": plan})
        for day in ("2021-09-01", "2021-03-01"):
            done = {"doneOn": day, "content": "清淤", "cost": 0}
            given.event("asset-A1", "asset.maintenance_done", {"maintenance": done, "costShares": []})
        row = given.only(ASSET_DUTY)
        assert (row["maintained_on"], row["maintenance_interval_days"]) == (date(2021, 9, 1), 180)

    def test_a_kind_of_document_is_listed_once(self, given: Given) -> None:
        for number, kind in enumerate(("PHOTO", "CONTRACT", "PHOTO")):
            document = {"kind": kind, "document": f"D-{number}", "sha256": SHA}
            given.event("asset-A1", "asset.document_archived", {"document": document})
        assert given.only(ASSET_DUTY)["document_kinds"] == ["CONTRACT", "PHOTO"]


def test_a_corrected_register_row_keeps_births_and_deaths() -> None:
    given = Given(asset_register.PROJECTION)
    given.event("asset-A1", "asset.registered", {"card": card(quantity="60"), "scope": "IN"})
    death = {"kind": "DEATH", "change": "-2", "happenedOn": "2021-09-01", "evidenceSha256": SHA}
    given.event("asset-A1", "asset.herd_count_changed", {"herdChange": death, "quantity": "58"})
    corrected = {
        "scope": "IN",
        "changed": ["quantity"],
        "old": {"quantity": "60"},
        "reason": "-",
        "documentNo": "-",
    }
    given.event("asset-A1", "asset.registration_corrected", {"card": card(quantity="65")} | corrected)
    assert given.only(asset_register.REGISTER)["quantity"] == Decimal(63)


class TestHouseholds:
    @pytest.fixture
    def given(self) -> Given:
        given = Given(household_register.PROJECTION)
        data = {"card": self.card(), "leadDepartment": "RURAL_REVITALIZATION", "externalDuties": []}
        given.event("household_asset-H1", "household_asset.registered", data)
        return given

    def card(self, **changes: Any) -> dict[str, Any]:
        return {
            "assetName": "羊", "assetContent": "多浪羊", "assetType": "LIVESTOCK", "household": "H-1",
            "location": VILLAGES[0], "completionDate": "2019-05-01", "quantity": "10", "unitOfMeasure": "只",
            "originalValue": 500000, "fundingLines": [],
        } | changes  # fmt: skip

    def test_everything_that_happens_shows(self, given: Given) -> None:
        for kind, data in household_events(self.card(quantity="12")):
            given.event("household_asset-H1", kind, data)
        row = given.only(HOUSEHOLD_REGISTER)
        assert (row["quantity"], row["remaining"], row["documents"], row["corrections"]) == (12, 11, 1, 1)
        assert (row["confirmed_on"], row["entrustment"]) == (date(2021, 8, 1), None)
        assert (row["state"], row["closed_on"], row["closing_reason"]) == (
            "CLOSED",
            date(2022, 10, 1),
            "灭失",
        )

    def test_an_absence_waits_from_its_first_inspection_until_it_is_settled(self, given: Given) -> None:
        for day, present in (("2022-01-01", False), ("2022-03-01", False)):
            inspection = {"inspectedOn": day, "present": present, "condition": "不在"}
            given.event("household_asset-H1", "household_asset.inspected", {"inspection": inspection})
        row = given.only(HOUSEHOLD_REGISTER)
        assert (row["absent_since"], row["state"]) == (date(2022, 1, 1), "CLOSED")
        found = {"inspectedOn": "2022-04-01", "present": True, "condition": "良好"}
        given.event("household_asset-H1", "household_asset.inspected", {"inspection": found})
        row = given.only(HOUSEHOLD_REGISTER)
        assert (row["absent_since"], row["state"]) == (None, "REGISTERED")

    def test_a_ledger_pushed_again_waits_for_its_acknowledgement_again(self, given: Given) -> None:
        for stream, kind, data in unit_events(VILLAGES[0])[-4:]:
            given.event(stream, kind, data)
        row = given.only(HOUSEHOLD_LEDGER)
        assert (row["acknowledged_on"], row["open_requests"], row["pushed_rows"]) == (
            date(2021, 6, 17),
            [],
            1,
        )
        push = {"township": "T", "pushedOn": "2022-09-30", "rows": [], "sha256": SHA}
        given.event(f"household_ledger-{VILLAGES[0]}", "household_ledger.renewed", {"push": push})
        assert given.only(HOUSEHOLD_LEDGER)["acknowledged_on"] is None


def test_units_keep_what_they_adopt() -> None:
    given = Given(unit_duties.PROJECTION)
    for stream, kind, data in unit_events(VILLAGES[0])[:5]:
        given.event(stream, kind, data)
    newer = {"topic": "USE", "title": "新办法", "documentNo": "制2号", "effectiveFrom": "2022-08-01"}
    given.event(f"organization-{VILLAGES[0]}", "organization.rule_adopted", {"rule": newer})
    assert given.shown(UNIT_RULE, "effective_from") == [date(2021, 8, 1), date(2022, 8, 1)]
    assert [one["until"] for one in given.only(TASK_FORCE)["members"]] == ["2022-08-01"]
    assert len(given.only(OFFICE_MEMBER)["members"]) == 6
    assert given.shown(GUIDANCE, "guidance", "given_on") == [("G-1", date(2021, 9, 1))]
