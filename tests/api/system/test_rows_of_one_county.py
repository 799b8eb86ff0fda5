"""A ledger's page over HTTP whose SQL has lost its county still shows the credential's county alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from projections.engine.reading import Conditions
from tests.api.two_counties import Both, both


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counties(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Both]:
    data: Path = tmp_path_factory.mktemp("data")
    async with both(module_database_url, data, tmp_path_factory.mktemp("keys")) as found:
        yield found


async def test_page_without_its_county_shows_rows_of_the_credentials_county(
    counties: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = counties
    await here.registered("ZC-HERE")
    await there.registered("ZC-THERE")
    assert (await here.listed(), await there.listed()) == ({"ZC-HERE"}, {"ZC-THERE"})
    equal, dropped = Conditions.equal, []

    def without_county(conditions: Conditions, column: str, value: Any) -> None:
        if column.rpartition(".")[2] == "county":
            dropped.append(column)
        else:
            equal(conditions, column, value)

    monkeypatch.setattr(Conditions, "equal", without_county)
    assert (await here.listed(), await there.listed()) == ({"ZC-HERE"}, {"ZC-THERE"})
    assert len(dropped) >= 4, "the pages and their sums"
    page = await here.service.read("/v1/ledgers/asset-register", limit=1000)
    assert page["totals"]["assets"] == 1
