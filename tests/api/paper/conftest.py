"""A service with a document store in a folder of its own, on a real disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from service.paper.archive import PaperBounds
from service.paper.places import PaperFolder
from tests.api.paper.store import Store
from tests.api.service import Service, running

BOUNDS = PaperBounds(largest=2 << 20, unnamed=40)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module's papers lie."""
    return tmp_path_factory.mktemp("papers")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    module_database_url: str, store_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """The service with its document store."""
    keys = tmp_path_factory.mktemp("keys")
    place = PaperFolder(store_folder)
    async with running(module_database_url, keys, masters=keys, papers=place, paper_bounds=BOUNDS) as one:
        yield one


@pytest.fixture
def store(service: Service, store_folder: Path) -> Store:
    """The document store as tests use it."""
    return Store(service, store_folder)
