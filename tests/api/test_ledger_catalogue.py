"""Every ledger of the catalogue is asked over HTTP and at the terminal, with each of its filters, and says the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import asyncpg
import pytest

from domain.recorded import RecordedEvent
from domain.values import Fen
from service.api import ledgers as routes
from service.api.procedure import notices
from service.cli import ledger as command
from service.ledgers.catalogue import LEDGERS
from service.ledgers.ledger import Ledger
from service.log.event_store import EventStore
from service.terminal import Terminal as Called
from tests.api.service import COUNTY, Service, running
from tests.audit.test_audit_cli import Terminal
from tests.projections.history import VILLAGES, RandomHistory, append_all

DAY: Final = "2021-07-10"
TWO_DAYS: Final = {"from_as_of": "2021-06-20", "to_as_of": DAY}
NEEDED: Final = {
    "unit-ledger": {"organization": VILLAGES[0], "ledger": "VILLAGE_REGISTER"},
    "procedure-tasks": {"on": DAY},
    "notice-tasks": {"on": DAY},
}
"""What a ledger has to be asked with; a stocktake's lines with a stocktake of the log."""
Asked = tuple[tuple[str, str], ...]


@dataclass
class Answers:
    """What the HTTP interface answered: by ledger and what it was asked with."""

    bodies: dict[tuple[str, Asked], Any] = field(default_factory=dict)
    queries: dict[tuple[str, Asked], Any] = field(default_factory=dict)
    needed: dict[str, dict[str, str]] = field(default_factory=lambda: dict(NEEDED))


@dataclass
class Both:
    """One log asked in both ways."""

    http: Answers
    terminal: Terminal


def with_a_stocktake() -> list[RecordedEvent]:
    """The first history by chance in which something was counted and imported and somebody left, so that every ledger can be asked."""
    for seed in range(100):
        events = RandomHistory(seed, alive=60).take(910)
        if {"stocktake.opened", "departure_case.opened", "inventory_batch.imported"} <= {
            one.type for one in events
        }:
            return events
    raise AssertionError("no stocktake")


@pytest.fixture(scope="module")
def http(module_database_url: str) -> Iterator[Answers]:
    """Every ledger asked over HTTP: without filters, with each of them, and for what lies between two days."""
    answers = Answers()
    patch = pytest.MonkeyPatch()
    seen: list[Any] = []

    def recorded(answer: Any) -> Any:
        async def record(read: Any, ledger: Ledger, query: Any) -> Any:
            seen.append(query)
            return await answer(read, ledger, query)

        return record

    async def ask(service: Service, ledger: Ledger, asked: dict[str, str]) -> None:
        placed = {name: value for name, value in asked.items() if f"{{{name}}}" in ledger.path}
        path = ledger.path.format(**placed)
        rest = {name: value for name, value in asked.items() if name not in placed}
        county = {"county": COUNTY} if ledger.action is None else {}
        answer = await service.get(path, None if county else "auditor", **rest, **county, limit="1000")
        assert answer.status_code == 200, (ledger.name, asked, answer.text)
        key = (ledger.name, tuple(sorted(asked.items())))
        answers.bodies[key], answers.queries[key] = answer.json(), seen.pop()

    async def founded(*_: Any) -> bool:
        return False  # the random history has divisions and units of its own

    async def ask_all() -> None:
        async with (
            asyncpg.create_pool(module_database_url, min_size=1, max_size=4) as pool,
            EventStore(pool) as store,
        ):
            last = await append_all(store, with_a_stocktake())
        async with running(module_database_url) as service:
            await service.app.state.projector.wait_for(COUNTY, None, last, 60)
            for name, ledger in LEDGERS.items():
                if name == "stocktake-lines":
                    (campaign, *_) = answers.bodies["stocktakes", ()]["rows"]
                    answers.needed[name] = {"campaign": campaign["campaign"]}
                needed = answers.needed.get(name, {})
                await ask(service, ledger, needed)
                rows = answers.bodies[name, tuple(sorted(needed.items()))]["rows"]
                for one in ledger.own_filters().keys() - needed.keys():
                    await ask(service, ledger, needed | {one: value_of(ledger, one, rows)})

    patch.setattr("tests.api.service.found", founded)
    patch.setattr(routes, "answer", recorded(routes.answer))
    patch.setattr(notices, "answer", recorded(notices.answer))
    asyncio.run(ask_all())
    yield answers
    patch.undo()


@pytest.fixture
def both(
    http: Answers,
    module_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Both:
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", module_database_url)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    return Both(http, Terminal(tmp_path, capfd))


def value_of(ledger: Ledger, name: str, rows: list[dict[str, Any]]) -> str:
    """Something to filter by: what a row has under that name, else whatever fits the type."""
    kind = leaf_of(ledger.own_filters()[name].annotation)
    column = "".join(part.title() if at else part for at, part in enumerate(name.split("_")))
    found = next((row[column] for row in rows if isinstance(row.get(column), str)), None)
    if get_origin(kind) is Literal:
        return str(found if found in get_args(kind) else get_args(kind)[-1])
    return {bool: "true", date: DAY, Fen: "1000.00", int: "2021"}.get(kind) or str(found or "X-404")


def leaf_of(hint: Any) -> Any:
    """The type of a filter's one value."""
    if get_origin(hint) in {Literal, None}:
        return hint
    if get_origin(hint) is Annotated:
        return leaf_of(get_args(hint)[0])
    return next(leaf_of(one) for one in get_args(hint) if one not in {NoneType, Ellipsis})


def test_terminal_asks_with_each_filter_what_http_asks(both: Both) -> None:
    """The question is the same object, field by field, so the rows are the same."""
    asked = both.http.queries.items()
    assert len(asked) > 140
    for (name, filters), over_http in asked:
        which = LEDGERS[name]
        where = [f"{one}={value}" for one, value in filters]
        taken = command._filters(which, None, None, where)
        at_terminal = command._question(Called(), which.query, taken | {"limit": 1000})
        assert at_terminal.model_dump() == over_http.model_dump(), (name, filters)
        assert type(over_http) is which.query


HIDDEN: dict[str, set[str]] = {
    "household-register": {
        "household", "assetContent", "loanRef", "closingReason", "lastCondition", "absenceReason",
    },
    "income-ledger": {"household", "payer"},
    "departures": {"reason", "documentNo"},
    "violations": {"answerable", "accountabilities"},
}  # fmt: skip
"""What the terminal does not show: who sits there has no role by which it could be personal data's keeper."""


def masked_at_terminal(ledger: str, row: dict[str, Any]) -> dict[str, Any]:
    hidden = HIDDEN.get(ledger, set())
    return {name: "***" if name in hidden and value is not None else value for name, value in row.items()}


def test_rows_and_sums_at_the_terminal_are_those_over_http(both: Both) -> None:
    """Without filters, and with the first filter that leaves some rows out and keeps some."""
    narrowed = 0
    for name in LEDGERS:
        needed = tuple(sorted(both.http.needed.get(name, {}).items()))
        whole = both.http.bodies[name, needed]
        some = next(
            (
                filters
                for (of, filters), body in both.http.bodies.items()
                if of == name
                and 0 < len(body["rows"]) < len(whole["rows"])
                and not {one for one, _ in filters} & HIDDEN.get(name, set())
            ),
            None,
        )
        narrowed += some is not None
        for filters in {needed, some} - {None}:
            where = [part for one, value in filters or () for part in ("--where", f"{one}={value}")]
            told: Any = both.terminal.json("ledger", "show", name, *where, "--limit", "1000")
            over_http = both.http.bodies[name, filters or ()]
            expected = [masked_at_terminal(name, row) for row in over_http["rows"]]
            assert told["rows"] == expected, (name, filters)
            assert told["totals"] == over_http["totals"], (name, filters)
    assert narrowed > 8, "hardly any filter chooses anything in this log"


def test_nearly_every_ledger_has_rows_in_this_log(both: Both) -> None:
    """So that what is compared above is more than empty lists; no procedure of this log waits for anybody."""
    empty = {
        name
        for name in LEDGERS
        if not both.http.bodies[name, tuple(sorted(both.http.needed.get(name, {}).items()))]["rows"]
    }
    assert empty == {"procedure-tasks"}


def test_changes_have_the_same_filters_as_the_ledger() -> None:
    compared = [one for one in LEDGERS.values() if one.changes is not None]
    assert [one.name for one in compared] == [
        "asset-register",
        "household-register",
        "income-ledger",
        "custody-ledger",
    ]
    for one in compared:
        assert one.changes is not None
        assert {
            name: info.annotation
            for name, info in one.changes.model_fields.items()
            if name not in one.changes.COMMON
        } == {name: info.annotation for name, info in one.own_filters().items()}


def test_filter_of_a_unit_and_brief_columns_are_of_the_ledger() -> None:
    for one in LEDGERS.values():
        assert one.unit is None or one.unit in one.own_filters(), one.name
        assert set(one.brief) <= {column.name for column in one.columns}, one.name


def test_question_cannot_be_changed_after_it_was_asked() -> None:
    query = LEDGERS["risks"].query.model_validate({"kind": ["R1"]})
    with pytest.raises(ValueError, match="frozen"):
        query.kind = ()  # type: ignore[attr-defined]
    assert json.loads(query.model_dump_json())["kind"] == ["R1"]
