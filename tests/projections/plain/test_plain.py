"""Ledgers against a second, plain model of each, on random histories: every row and every column.

The plain models are written from the regulation's words over an asset's (a case's, a village's) whole story and know
nothing of the handlers; a ledger that carries a count along, forgets a state or keeps one too long differs from them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from domain.recorded import RecordedEvent
from projections.catalogue import CATALOGUE
from projections.departure.custody import CUSTODY_LEDGER
from service.audit import verify
from service.log.codec import EventCodec
from tests.projections.contents import folded_rows
from tests.projections.history import COUNTY, VILLAGES, Log, RandomHistory, notice
from tests.projections.plain import (
    archive,
    asset,
    care,
    covers,
    departure,
    directory,
    duties,
    funds,
    household,
    income,
    income_accounts,
    income_plans,
    inventory,
    mentions,
    notices,
    oversight,
    procedures,
    proceeds,
    reliefs,
    representation,
    revitalisation,
    rewards,
    sealing,
    units,
    upkeep,
    welfare_posts,
)
from tests.projections.plain.custody import Calendar, Holder
from tests.projections.plain.lively import LivelyHistory
from tests.projections.plain.papers import PaperHistory
from tests.projections.plain.story import Table, streams

Model = Callable[[list[RecordedEvent]], dict[str, Table]]

MODELS: Final[dict[str, Model]] = {
    "asset_register": asset.tables,
    "household_register": household.tables,
    "income_ledger": income.tables,
    "departures": departure.tables,
    "ledger_seals": sealing.tables,
    "directory": directory.tables,
    "risk_board": duties.risks,
    "external_entries": duties.entries,
    "on_behalf": representation.tables,
    "risk_covers": covers.tables,
    "asset_timeline": mentions.tables,
}
OF_PAPERS: Final[dict[str, Model]] = {
    "fund_ledger": funds.tables,
    "unit_duties": units.tables,
    "oversight": oversight.tables,
    "inventories": inventory.tables,
    "procedures": procedures.tables,
    "notice_board": notices.tables,
    "asset_duties": care.tables,
    "revitalisation": revitalisation.tables,
    "paper_namings": archive.tables,
    "income_sub_accounts": income_accounts.tables,
    "income_plans": income_plans.tables,
    "maintenance_expenses": upkeep.expenses,
    "cost_guarantees": upkeep.guarantees,
    "incentives": rewards.tables,
    "proceeds_pool": proceeds.tables,
    "relief_plans": reliefs.tables,
    "public_welfare_posts": welfare_posts.tables,
}
"""The models that are asked on histories of paperwork."""

SEEDS: Final = range(4)
LENGTHS: Final = (700, 1100, 1500, 2000, 2500)
"""How much of a history has happened when the rows are compared: what was wrong for a while may be right at the end."""


@cache
def history(seed: int) -> list[RecordedEvent]:
    """Few assets that much happens to, and many departures; of odd seeds with more that overlaps and comes twice."""
    even = seed % 2 == 0
    return (RandomHistory(seed, alive=25, departures=0.03) if even else LivelyHistory(seed)).take(LENGTHS[-1])


@cache
def paperwork(seed: int) -> list[RecordedEvent]:
    """What units put on paper, much of it corrected, returned or paid in parts."""
    return PaperHistory(seed).take(LENGTHS[-1])


def test_every_ledger_has_a_plain_model() -> None:
    assert {*MODELS, *OF_PAPERS, "custody_ledger"} == set(CATALOGUE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", list(MODELS))
def test_a_ledger_has_the_rows_and_columns_of_the_plain_model(name: str, seed: int) -> None:
    for length in LENGTHS:
        _compare(name, MODELS[name], history(seed)[:length])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", list(OF_PAPERS))
def test_a_ledger_of_papers_has_the_rows_and_columns_of_the_plain_model(name: str, seed: int) -> None:
    for length in LENGTHS:
        _compare(name, OF_PAPERS[name], paperwork(seed)[:length])


def _compare(name: str, model: Model, events: list[RecordedEvent], *, whole: bool = True) -> None:
    ledger = folded_rows(events, COUNTY, CATALOGUE[name], clock=True)
    plain = model(events)
    assert set(ledger) == set(plain)
    for table, rows in ledger.items():
        assert rows or not whole, table
        key = next(one for one in CATALOGUE[name].tables if one.name == table).key
        due = sorted(plain[table], key=lambda row: tuple(row[part] for part in key))
        assert [[row[part] for part in key] for row in rows] == [[row[part] for part in key] for row in due]
        for row, other in zip(rows, due, strict=True):
            assert row == other, (
                table,
                {one: (row[one], other[one]) for one in row if row[one] != other.get(one)},
            )


@pytest.mark.parametrize("name", [*MODELS, *OF_PAPERS])
def test_a_ledger_agrees_with_the_plain_model_after_every_event_of_every_stream(name: str) -> None:
    """A row that is wrong for a while, and right again by the next event that names it, was wrong."""
    model = (MODELS | OF_PAPERS)[name]
    read = CATALOGUE[name].handlers
    kinds = {one.partition(".")[0] for one in read}
    compared = 0
    for seed in SEEDS:
        told = [
            one for one in (history if name in MODELS else paperwork)(seed) if one.type in read
        ]  # what the ledger does not read changes none of its rows
        for kind in kinds:
            for story in streams(told, kind).values():
                for length in range(1, len(story) + 1):
                    _compare(name, model, story[:length], whole=False)
                    compared += 1
    assert compared > 150


RARE: Final[dict[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "departures": [
        (
            "departure_case-DC-1",
            "departure_case.opened",
            {"notice": notice("P-0001", "P-0002"), "assets": ["A-1", "A-2"]},
        ),
        (
            "departure_case-DC-1",
            "departure_case.lines_reassigned",
            {"assets": ["A-1"], "incoming": "P-0003"},
        ),
        ("departure_case-DC-1", "departure_case.lines_accepted", {"assets": ["A-1"], "acceptedBy": "P-0003"}),
        ("departure_case-DC-1", "departure_case.lines_accepted", {"assets": ["A-2"], "acceptedBy": "P-0002"}),
        ("departure_case-DC-1", "departure_case.successor_named", {"successor": "P-0004"}),
    ],
    "directory": [
        (
            "person-P-0001",
            "person.registered",
            {"card": {"name": "某甲", "organization": VILLAGES[0]}},
        ),
        ("person-P-0001", "person.clearance_issued", {"clearance": {"certificateNo": "QZ-1"}}),
        ("person-P-0001", "person.clearance_issued", {"clearance": {"certificateNo": "QZ-2"}}),
        ("person-P-0001", "person.clearance_revoked", {"certificateNo": "QZ-1", "reason": "账外收入"}),
    ],
}
"""What seldom happens by chance: a successor named after a line that was given to another is accepted; a certificate
revoked after a later one was issued."""


@pytest.mark.parametrize("name", list(RARE))
def test_a_ledger_agrees_with_the_plain_model_in_what_seldom_happens(name: str) -> None:
    log = Log()
    events = [log.add(*one) for one in RARE[name]]
    for length in range(1, len(events) + 1):
        _compare(name, MODELS[name], events[:length], whole=False)


def entered_in_order(events: list[RecordedEvent]) -> list[RecordedEvent]:
    """The same events, those of an asset recorded in the order in which they happened."""
    found: list[RecordedEvent] = []
    for stream in dict.fromkeys(one.stream for one in events):
        told = [one for one in events if one.stream == stream]
        happened = told[:1] + sorted(told[1:], key=lambda one: one.occurred_on)
        in_time = happened if stream.startswith("asset-") else told
        found += [
            replace(one, position=at.position, version=at.version)
            for at, one in zip(told, in_time, strict=True)
        ]
    return sorted(found, key=lambda one: one.position)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_custody_ledger_says_of_every_day_and_place_of_the_log_what_the_calendar_says(seed: int) -> None:
    """Who has which duty: on each day on which anything changed and the days beside it; after each event; and by which case.

    The verifier, which works the same out from a pack's events, is asked as well. What was entered late stands in its place.
    """
    events = entered_in_order(history(seed))
    (rows,) = folded_rows(events, COUNTY, CATALOGUE["custody_ledger"]).values()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["asset"], []).append(row)
    told = streams(events, "asset")
    assert set(found) <= set(told)
    questions = 0
    for code, story in told.items():
        days = {one.occurred_on for one in story} | {row["since"] for row in found.get(code, [])}
        days |= {row["until"] for row in found.get(code, []) if row["until"]}
        calendar = Calendar(sorted({one + timedelta(days=n) for one in days for n in (-1, 0, 1)}))
        for event in story:
            calendar.hear(event)
        lines = [(Holder(*(row[part] for part in Holder._fields)), row) for row in found.get(code, [])]
        assert [row["line"] for _, row in lines] == list(range(1, len(lines) + 1))
        for on, page in calendar.pages.items():
            questions += bool(page)
            there = [
                one
                for one, row in lines
                if row["since"] <= on and (row["until"] is None or on < row["until"])
            ]
            assert set(there) == page, (code, on)
        for place, latest in calendar.told.items():
            there = [
                one
                for one, row in lines
                if row["since_position"] <= place
                and (row["until_position"] is None or place < row["until_position"])
            ]
            assert sorted(there, key=repr) == sorted(latest, key=repr), (code, place)
        verified = verify.duties_of([spelt(event) for event in story])
        for on, page in calendar.pages.items():
            there = [Holder(*one.who) for one in verified if one.since <= on.isoformat() < one.until]
            assert set(there) == page, (code, on, "by the verifier")
        now = {one: row["case_id"] for one, row in lines if row["until_position"] is None}
        assert now == calendar.cases, code
    assert questions > 500
    assert {row["county"] for row in rows} == {COUNTY}
    assert set(rows[0]) == set(CUSTODY_LEDGER.columns)


def spelt(event: RecordedEvent) -> dict[str, Any]:
    """An event as the verifier reads it."""
    day = event.occurred_on.isoformat()
    return {
        "type": event.type, "data": event.data, "occurredOn": day, "position": event.position, "version": event.version,
    }  # fmt: skip


def test_paperwork_is_made_of_events_as_the_domain_knows_them() -> None:
    codec = EventCodec()
    for event in paperwork(0):
        assert codec.domain_event(event).originator_version == event.version


def test_a_plain_model_knows_nothing_of_the_projections() -> None:
    """Expected rows come from the paper's words, never from the code that is tested."""
    for path in Path(__file__).parent.glob("*.py"):
        if path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert not [one for one in names if one.partition(".")[0] in {"projections", "service"}], (
                path.name
            )


def test_the_histories_have_what_the_models_tell_apart() -> None:
    """Several departures of one asset, contracts one after another, disputes, disposals withdrawn and carried out."""
    seen: set[str] = set()
    for seed in SEEDS:
        events = history(seed)
        seen |= {event.type for event in events}
        for story in streams(events, "asset").values():
            seen |= {
                f"{a.type.partition('.')[2]} after {b.type.partition('.')[2]}" for b, a in pairwise(story)
            }
    assert {
        "asset.disposal_closed", "asset.disposed", "asset.handed_over", "asset.transfer_refused", "asset.holdover_started",
        "asset.operating_contract_ended", "asset.title_dispute_opened", "household_asset.entrustment_ended",
        "departure_case.lines_reassigned", "departure_case.finding_raised",
    } <= seen  # fmt: skip
