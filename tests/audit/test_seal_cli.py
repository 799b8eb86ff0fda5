"""`taizhang seal` at the terminal: a year's ledgers of every unit, once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from service.log.event_store import EventStore
from tests.audit.test_audit_cli import Terminal
from tests.projections.history import VILLAGES, RandomHistory, append_all


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    async def fill() -> None:
        async with (
            asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool,
            EventStore(pool) as store,
        ):
            await append_all(store, RandomHistory(5, alive=60).take(900))

    asyncio.run(fill())
    monkeypatch.setenv("TAIZHANG_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.terminal.configure_log", lambda *_: None)
    yield Terminal(tmp_path, capfd)


def total(seals: list[dict[str, Any]], name: str) -> int:
    return sum(int(one[name].replace(".", "")) for one in seals if one["kind"] == "ASSET")


def test_a_year_is_sealed_once_and_whole(terminal: Terminal) -> None:
    """Every unit's ledgers at one place in the log; parts of joint assets make the whole; again, nothing is left."""
    (village, *_) = VILLAGES
    one: Any = terminal.json("seal", "2021", "--unit", village)
    assert [(seal["kind"], seal["unit"]) for seal in one["made"]] == [
        ("ASSET", village),
        ("HOUSEHOLD", village),
    ]
    rest: Any = terminal.json("seal", "2021")
    mine = {f"ASSET:{village}:2021", f"HOUSEHOLD:{village}:2021"}
    assert mine <= set(rest["existing"])
    units = {seal["unit"] for seal in rest["made"]}
    assert set(VILLAGES) - {village} <= units  # the last was merged into another, and still owns assets
    assert village not in units
    assert len({(seal["position"], seal["treeRoot"]) for seal in rest["made"]}) == 1
    again: Any = terminal.json("seal", "2021")
    assert (again["made"], len(again["existing"])) == ([], len(rest["made"]) + len(rest["existing"]))
    assert again["asOf"] == "2021-12-31"

    # the county's sums, read off the register of the same day, are those of its units' parts
    managed = ("--where", "scope=IN", "--limit", "1000")
    whole: Any = terminal.json("ledger", "show", "asset-register", "--as-of", "2021-12-31", *managed)
    owned = [row for row in whole["rows"] if row["owners"]]
    sealed = one["made"] + rest["made"]
    assert any(seal["rows"] for seal in sealed)
    for name in ("originalValue", "netBookValue"):
        assert total(sealed, name) == sum(int(row[name].replace(".", "")) for row in owned)
    assert "sealed before" in terminal.run("seal", "2021")


def test_what_cannot_be_sealed_is_refused(terminal: Terminal) -> None:
    """A year that is not over, a unit that is not there, a day that is none."""
    assert "2199" in terminal.run("seal", "2199", code=1)
    assert "NOBODY" in terminal.run("seal", "2021", "--unit", "NOBODY", code=1)
    assert "COUNTY_GOV" not in terminal.run("seal", "2021", "--unit", VILLAGES[0])
    terminal.run("seal", "2021", "--as-of", "tomorrow", code=2)
