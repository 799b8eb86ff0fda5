"""What stands in the way of a leaver: every kind of entry, each on its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from projections.departure.cases import departure_page
from projections.departure.clearance import COUNTED, SHOWN, hindrances, words
from service.ledgers.projector import Projector
from service.log.event_store import EventStore
from tests.examples import calendar
from tests.projections.history import (
    COUNTY,
    VILLAGES,
    Log,
    append_all,
    card,
    confirmation,
    custody,
    defined,
    distribution,
    notice,
    receipt,
    terms,
)

PERSON = "P-1"
TODAY = date(2022, 7, 1)
SINCE = date(2021, 6, 17)
A = VILLAGES[0]
DISPUTE = {"openedOn": "2022-01-01", "reason": "界址不清", "claimants": []}
PROCEDURE = json.loads(Path("tests/domain/history/procedure.opened.1.json").read_text("utf-8"))["data"]


class Leaver:
    """A log in which one person has things in care."""

    def __init__(self, store: EventStore, projector: Projector, connection: Any) -> None:
        self.store, self.projector, self.connection = store, projector, connection
        self.log = Log()
        self._sent = 0

    def keeps(self, asset: str, *facts: tuple[str, dict[str, Any]]) -> None:
        """An asset in the person's care, and what is recorded of it."""
        stream = f"asset-{asset}"
        self.log.add(stream, "asset.registered", {"card": card(), "scope": "IN"})
        self.log.add(stream, "asset.ownership_confirmed", confirmation({A: 100_000_00}))
        self.log.add(stream, "asset.custody_assigned", custody(A, {PERSON: "MANAGER"}))
        for name, data in facts:
            self.log.add(stream, f"asset.{name}", data)

    async def asked(self) -> dict[str, Any]:
        last = await append_all(self.store, self.log.events[self._sent :])
        self._sent = len(self.log.events)
        await self.projector.wait_for(COUNTY, None, last, 20)
        return await hindrances(self.connection, COUNTY, calendar(), PERSON, TODAY, SINCE)

    async def of(self, *kinds: str) -> list[str]:
        """The entries of these kinds in words; the number of each kind is that of its entries."""
        found = await self.asked()
        for kind, count in found["counts"].items():
            entries = [item for item in found["items"] if item["kind"] == kind]
            if kind == "CASE":
                entries = list({item["case"]: item for item in entries}.values())
            assert count == len(entries), kind
        return [words(item) for item in found["items"] if item["kind"] in kinds]


@pytest.fixture
async def leaver(pool: asyncpg.Pool, store: EventStore) -> AsyncIterator[Leaver]:
    async with Projector(pool, store) as projector, pool.acquire() as connection:
        yield Leaver(store, projector, connection)


async def test_nothing(leaver: Leaver) -> None:
    leaver.log.add("asset-1", "asset.registered", {"card": card(), "scope": "IN"})
    found = await leaver.asked()
    assert (found["items"], set(found["counts"].values())) == ([], {0})


async def test_assets(leaver: Leaver) -> None:
    leaver.keeps("A-1")
    leaver.keeps("A-2")
    assert await leaver.of("ASSET") == ["asset:A-1", "asset:A-2"]


async def test_of_very_many_assets_only_the_first_are_looked_at(leaver: Leaver) -> None:
    """The answer stays no, the number stops at the bound, and it says that there are more."""
    for number in range(COUNTED):
        leaver.keeps(f"A-{number:05d}")
    found = await leaver.asked()
    assert (found["assets_in_care"], found["counted_all"]) == (COUNTED, True)
    leaver.keeps(f"A-{COUNTED:05d}")
    found = await leaver.asked()
    assert (found["assets_in_care"], found["counted_all"]) == (COUNTED, False)
    assert found["counts"]["ASSET"] == COUNTED
    assert len([item for item in found["items"] if item["kind"] == "ASSET"]) == SHOWN


async def test_running_contracts(leaver: Leaver) -> None:
    ended = {"contract": "C-2", "endedOn": "2022-01-31", "outcome": "EXPIRED"}
    leaver.keeps("A-1", ("leased", terms("C-1")))
    leaver.keeps("A-2", ("leased", terms("C-2")), ("operating_contract_ended", ended))
    assert await leaver.of("CONTRACT") == ["contract:A-1:C-1"]


async def test_balances_of_income(leaver: Leaver) -> None:
    leaver.keeps("A-1", ("income_received", receipt("R-1", 5_000_00, {A: 5_000_00})))
    leaver.keeps("A-2")
    found = await leaver.asked()
    (item,) = (item for item in found["items"] if item["kind"] == "BALANCE")
    assert (item["asset"], item["balance"]) == ("A-1", 5_000_00)


async def test_disputed_titles(leaver: Leaver) -> None:
    leaver.keeps("A-1", ("title_dispute_opened", {"dispute": DISPUTE}))
    assert await leaver.of("DISPUTE") == ["dispute:A-1"]


async def test_transfers_and_matters_of_the_procedures_ledger(leaver: Leaver) -> None:
    transfer = {"transfer": "T-1", "receiver": A, "movable": False, "initiatedOn": "2022-01-01", "items": []}
    leaver.keeps("A-1", ("transfer_initiated", {"transfer": transfer}))
    leaver.keeps("A-2")
    leaver.keeps("A-3")
    for number, asset in enumerate(("A-2", "A-3", "A-9"), start=1):
        data = {**PROCEDURE, "subject": {**PROCEDURE["subject"], "id": asset}}
        leaver.log.add(f"procedure-PR-{number}", "procedure.opened", data)
    withdrawn = {"by": PROCEDURE["by"], "reason": "撤回"}
    leaver.log.add("procedure-PR-2", "procedure.withdrawn", withdrawn)
    assert await leaver.of("PROCEDURE") == ["procedure:A-1:TRANSFER", "procedure:A-2:PR-1"]


async def test_lines_of_an_open_case_by_their_assets(leaver: Leaver) -> None:
    """One open line: refused with that asset. The disputed one comes first, with the dispute."""
    case = "departure_case-D-1"
    opened: dict[str, Any] = {
        "notice": notice(PERSON, "P-2"),
        "assets": ["A-1", "A-2", "A-3"],
        "dueOn": "2022-06-30",
    }
    leaver.log.add(case, "departure_case.opened", opened)
    leaver.log.add(case, "departure_case.lines_accepted", {"assets": ["A-1"], "acceptedBy": "P-2"})
    dispute = {"asset": "A-3", "disputedBy": "P-2", "reason": "少一台"}
    leaver.log.add(case, "departure_case.line_disputed", dispute)
    found = await leaver.asked()
    lines = [item for item in found["items"] if item["kind"] == "LINE"]
    assert [words(item) for item in lines] == ["line:D-1:A-3:DISPUTED", "line:D-1:A-2:OPEN"]
    assert (lines[0]["dispute"], found["counts"]["LINE"]) == ("少一台", 2)


async def test_a_case_past_its_day_is_overdue(leaver: Leaver) -> None:
    for number, due in enumerate(("2022-06-30", "2022-07-01", None), start=1):
        opened: dict[str, Any] = {"notice": notice(PERSON), "assets": [], "dueOn": due}
        leaver.log.add(
            f"departure_case-D-{number}",
            "departure_case.opened",
            {name: value for name, value in opened.items() if value is not None},
        )
    found = await leaver.asked()
    assert [(case["case"], case["overdue"]) for case in found["open_cases"]] == [
        ("D-1", True),
        ("D-2", False),
        ("D-3", False),
    ]
    late = await departure_page(leaver.connection, COUNTY, calendar(), on=TODAY, overdue=True)
    other = await departure_page(leaver.connection, COUNTY, calendar(), on=TODAY, overdue=False)
    assert [row["case_id"] for row in late.rows] == ["D-1"]
    assert [row["case_id"] for row in other.rows] == ["D-2", "D-3"]


def recorded(name: str) -> dict[str, Any]:
    """What such an event of an asset holds, as it was recorded once."""
    text = Path(f"tests/domain/history/asset.{name}.1.json").read_text("utf-8")
    return dict(json.loads(text)["data"])


async def test_a_contract_held_over_runs(leaver: Leaver) -> None:
    """Its term is over and the operator stays: somebody has to hand that over (C4.10-11)."""
    held = {"contract": "C-1", "since": "2022-02-01"}
    leaver.keeps("A-1", ("leased", terms("C-1", ends="2022-01-31")), ("holdover_started", held))
    assert await leaver.of("CONTRACT") == ["contract:A-1:C-1"]


async def test_every_state_of_a_disposal_under_way_is_in_the_way(leaver: Leaver) -> None:
    """Proposed, appraised, published, forwarded, approved; rejected and withdrawn no more."""
    steps = [
        (name, recorded(name))
        for name in (
            "disposal_proposed",
            "appraisal_recorded",
            "appraisal_published",
            "disposal_forwarded",
            "disposal_approved",
        )
    ]
    for number in range(1, len(steps) + 1):
        leaver.keeps(f"A-{number}", *steps[:number])
    closed = ("disposal_closed", recorded("disposal_closed"))
    leaver.keeps("A-6", *steps[:3], closed)
    assert await leaver.of("PROCEDURE") == [f"procedure:A-{number}:DISPOSAL" for number in range(1, 6)]


@pytest.mark.parametrize(("paid", "left"), [(4_999_99, 1), (5_000_00, None)])
async def test_one_fen_of_income_is_in_the_way(leaver: Leaver, paid: int, left: int | None) -> None:
    """Undistributed income to the fen: 0.01 yuan keeps the leaver, nothing left does not."""
    received = ("income_received", receipt("R-1", 5_000_00, {A: 5_000_00}))
    leaver.keeps("A-1", received, ("income_distributed", distribution("PL-1", A, [paid])))
    found = await leaver.asked()
    balances = [item["balance"] for item in found["items"] if item["kind"] == "BALANCE"]
    assert balances == ([] if left is None else [left])


@pytest.mark.parametrize(
    ("kind", "departs_on", "excused"),
    [
        ("RESPONSIBLE", "2022-03-31", True),
        ("RESPONSIBLE", "2022-04-01", True),
        ("RESPONSIBLE", "2022-03-30", False),
        ("MANAGER", "2022-03-31", False),
    ],
)
async def test_only_a_case_of_that_tenure_excuses_it(
    leaver: Leaver, kind: str, departs_on: str, excused: bool
) -> None:
    """Who was first responsible until 31 March needs a case of the responsible person for that day or later (C4.10-09)."""
    stream = f"organization-{A}"
    leaver.log.add(stream, "organization.defined", defined("某村", kind="VILLAGE"))
    post = {"position": "LEADER", "person": PERSON}
    leaver.log.add(
        stream, "organization.position_appointed", post | {"since": "2020-01-01", "documentNo": "1"}
    )
    leaver.log.add("asset-A-1", "asset.registered", {"card": card(), "scope": "IN"})
    leaver.log.add(
        "asset-A-1", "asset.custody_assigned", custody(A, {"P-9": "MANAGER"}, post="LEADER"), date(2021, 1, 1)
    )
    left = post | {"until": "2022-03-31", "reason": "调动"}
    leaver.log.add(stream, "organization.position_ended", left, date(2022, 3, 31))
    given = notice(PERSON, kind=kind) | {"departsOn": departs_on}
    leaver.log.add(
        "departure_case-D-1",
        "departure_case.opened",
        {"notice": given, "assets": [], "dueOn": "2022-06-30"},
    )
    assert await leaver.of("TENURE") == ([] if excused else [f"tenure:{A}/LEADER:2022-03-31"])
