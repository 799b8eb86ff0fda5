"""Fixtures every test may use: a real PostgreSQL, fresh migrated databases, a pool; Hypothesis profiles."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from tests import clock, contract, postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from datetime import date

    from service.database.embedded import EmbeddedServer

settings.register_profile(
    "dev", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile(
    "ci", settings.get_profile("dev"), max_examples=100, derandomize=True, print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

_made: list[tempfile.TemporaryDirectory[str]] = []
"""The run's folder, in the process that made it."""


def pytest_configure(config: pytest.Config) -> None:
    clock.install()
    for name in list(os.environ):
        if name.startswith("TAIZHANG_") and not name.startswith("TAIZHANG_TEST_"):
            del os.environ[name]  # a developer's own settings must not reach the tests
    if not hasattr(config, "workerinput"):
        _made.append(tempfile.TemporaryDirectory(prefix="taizhang-tests-", ignore_cleanup_errors=True))
        Path(_made[0].name).chmod(0o711)  # as root the server runs as another user
        os.environ[postgres.FOLDER] = str(Path(_made[0].name) / "server")
    noted = f"contract-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    os.environ[contract.FILE] = str(Path(os.environ[postgres.FOLDER]).with_name(noted))
    contract.install()


def pytest_unconfigure() -> None:
    if _made:
        server = postgres.shared_server()
        if server.alive():  # a worker was killed before it could leave
            with server:
                pass
        _made.pop().cleanup()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """A test fails that was told anything over HTTP which the contract does not declare."""
    result = yield
    departures = contract.take_noted()
    if departures:
        pytest.fail("not as openapi/http-api.json declares:\n" + "\n".join(departures[:20]), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    """What a service answers while it is put away is no later test's fault."""
    result = yield
    contract.take_noted()
    return result


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedServer]:
    """The run's server; not durable."""
    with postgres.shared_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres_server: EmbeddedServer) -> str:
    """Name of a migrated database to make others from."""
    return postgres.migrated_template(postgres_server)


@pytest.fixture
def database_url(postgres_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """URL of a fresh migrated database of this test's own."""
    with postgres.fresh_database(postgres_server, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def today(request: pytest.FixtureRequest) -> Iterator[date]:
    """The day the module's tests run on; with `on_other_days` they run on each of several."""
    usual = clock.today()
    clock.set_today(getattr(request, "param", usual))
    yield clock.today()
    clock.set_today(usual)


@pytest.fixture(scope="module")
def module_database_url(
    postgres_server: EmbeddedServer, migrated_template: str, today: date
) -> Iterator[str]:
    """URL of a fresh migrated database the tests of one module share."""
    with postgres.fresh_database(postgres_server, migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_server: EmbeddedServer) -> Iterator[str]:
    """URL of a fresh database without any table."""
    with postgres.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to this test's database."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=10) as connections:
        yield connections
