"""A county's rules tried dry: the packaged ones pass every step; tables that fail somewhere are told, never a traceback."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.asset.asset import Asset
from domain.regulation import Regulation, rows
from domain.trial import try_out


def changed(
    regulation: Regulation, table: str, *, only: Any = lambda row: True, **changes: Any
) -> Regulation:
    """The regulation with the rows of a table that `only` picks changed; nothing checks what comes out."""
    made = regulation.amended([])
    tables = dict(regulation.rows)
    tables[table] = tuple(
        row.model_copy(update=changes) if only(row) else row for row in regulation.rows[table]
    )
    fresh = object.__new__(type(made))
    fresh.__dict__.update(made.__dict__)
    fresh.rows, fresh._rules = tables, {}
    return fresh


def without(regulation: Regulation, table: str, only: Any) -> Regulation:
    """The regulation without the rows of a table that `only` picks."""
    fresh = changed(regulation, table)
    fresh.rows = {**fresh.rows, table: tuple(row for row in regulation.rows[table] if not only(row))}
    return fresh


@pytest.fixture(scope="module")
def regulation() -> Regulation:
    return Regulation.load()


def test_the_packaged_county_passes_every_step(regulation: Regulation) -> None:
    """Three stretches of days, two classes built by four kinds of unit, each to its end; every chain laid out."""
    trial = try_out(regulation)
    assert (trial.faults, trial.refusals) == ([], [])
    rules = regulation.on(date(2022, 1, 1))
    modes = len(rules.table("operation_modes.mode", rows.OperationMode))
    chains = len(rules.table("chains.chain", rows.Chain))
    households = sum(
        one.asset_class == "HOUSEHOLD" for one in rules.table("asset_types.type", rows.AssetType)
    )
    of_stretch = 2 * 4 * 5 + 4 * modes + households + chains
    assert trial.steps >= len(regulation.intervals) * of_stretch


def test_a_life_ends_with_the_disposal(regulation: Regulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried is the service's own way: every asset is confirmed, let and disposed of by its own decisions."""
    recorded: list[str] = []
    record = Asset.record
    monkeypatch.setattr(
        Asset,
        "record",
        lambda self, event, at, **told: (recorded.append(event.TOPIC), record(self, event, at, **told))[1],
    )
    try_out(regulation)
    lives = len(regulation.intervals) * 2 * 4
    for topic in (
        "asset.ownership_confirmed",
        "asset.custody_assigned",
        "asset.disposal_approved",
        "asset.disposed",
    ):
        assert recorded.count(topic) == lives, topic
    assert recorded.count("asset.leased") == lives // 2


@pytest.mark.parametrize(
    ("table", "only", "told"),
    [
        ("disposal_route", lambda row: row.owner_kind == "VILLAGE", "处置：RULE_GAP"),
        ("regime", lambda row: row.owner_kind == "DEPARTMENT", "确权：RULE_GAP"),
    ],
)
def test_a_row_that_every_asset_needs_is_missed_in_words(
    regulation: Regulation, table: str, only: Any, told: str
) -> None:
    file = {"disposal_route": "chains", "regime": "regimes"}[table]
    faults = try_out(without(regulation, f"{file}.{table}", only)).faults
    assert faults
    assert any(told in fault for fault in faults)
    assert all("起试办（" in fault for fault in faults)


def test_what_a_table_breaks_is_told_with_its_step(regulation: Regulation) -> None:
    """Days that are no number: the step that counts them says so, on every stretch, and nothing is raised."""
    broken = changed(regulation, "parameters.parameter", value="错", only=lambda row: row.id == "P35")
    faults = try_out(broken).faults
    assert len(faults) == len(regulation.intervals) * 2 * 4
    assert all("）处置：出错 TypeError：" in fault for fault in faults)


def test_what_the_county_s_rules_would_refuse_is_told_and_is_no_fault(regulation: Regulation) -> None:
    """Nobody may hold the asset it built: an asset is let all the same in no mode of its class."""
    strict = changed(
        regulation, "operation_modes.mode", max_term_years=0, only=lambda row: row.code == "LEASED"
    )
    trial = try_out(strict)
    assert trial.faults == []
    assert {one.code for one in trial.refusals} == {"LEASE_TERM_EXCEEDS_20Y"}
    assert all("以 LEASED 经营" in one.place for one in trial.refusals)
