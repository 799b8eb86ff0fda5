"""One running service per module of tests; every test makes its own assets in it."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.api.service import Service, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(module_database_url: str, signing_keys: Path | None) -> AsyncIterator[Service]:
    """The service; tests of a module share it, and its loop."""
    async with running(module_database_url, signing_keys) as one:
        yield one


@pytest.fixture(scope="module")
def signing_keys() -> Path | None:
    """Folder of the keys that sign checkpoints; a module that needs them has a fixture of its own."""
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Asynchronous tests here run on the loop of their module, where the service runs."""
    for item in items:
        if "tests/api/" not in str(item.path) or not isinstance(item, pytest.Function):
            continue
        if inspect.iscoroutinefunction(item.obj):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)
