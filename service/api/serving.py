"""Runs the service in this process: database, migrations, founding, HTTP."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from domain.refusals import Refusal
from service import security_log
from service.api.app import ServiceParts, create_app
from service.api.http.connection import BOUNDS, BoundedConnection, ConnectionBounds, OpenConnections
from service.clock import ClockWatch, utc_now
from service.commands.commands import CommandContext
from service.commands.credentials import Credentials, NewCredential
from service.commands.founding import activate, found
from service.commands.policy_data import load_counties, not_served
from service.database.database import Database, open_database
from service.database.migrate import upgrade
from service.database.row_security import lay_what_is_missing
from service.database.server_check import answering
from service.exit_codes import CommandFailed, DatabaseUnavailable
from service.identity.oidc.issuer import Issuer
from service.identity.oidc.provider import Provider
from service.ledgers.clearing_up import KeptFor
from service.log.appending import LogError
from service.log.signing_keys import folder_of, require_whole
from service.memory import settle_memory
from service.paper.settled import bounds_of, place_of
from service.personal.keys import masters_of
from service.settings import Settings
from service.webhooks.dialling import Dialler

log = structlog.get_logger(__name__)

START_PATIENCES: Final = 6
"""How many times TAIZHANG_DATABASE_PATIENCE each part of a start may wait for the database."""
STOP_SECONDS: Final = 10.0
"""A stop that takes longer than this loses the database, and after as long again it is over."""
REQUESTS_SECONDS: Final = 5
"""How long requests that are under way at a stop may go on."""


@dataclass(slots=True)
class Running:
    """A service that answers requests at `url`."""

    app: FastAPI
    database: Database
    url: str
    bootstrap: NewCredential | None
    task: asyncio.Task[None]

    async def stopped(self) -> None:
        """Wait until the server ends, by itself or because the waiter is cancelled."""
        await asyncio.shield(self.task)


@asynccontextmanager
async def running(settings: Settings, *, host: str, port: int, county: str) -> AsyncIterator[Running]:
    """Serve until the block is left. Port 0 takes a free one; a taken port is one sentence."""
    counties = load_counties(settings)
    issuer = Issuer.from_settings(settings)
    bound = _listen(host, port)
    try:
        async with open_database(settings, exclusive=True, shares=True) as database:
            await upgrade(database.url)
            await lay_what_is_missing(database.pool)
            keys = folder_of(settings, database)
            security_log.keep_in(settings.security_log or _default_security_log(keys, database))
            patience = START_PATIENCES * settings.database_patience
            async with answering(database.described, patience, database.pool.terminate):
                await require_whole(database.pool, keys, settings.chosen_algorithms, counties.usable)
            parts = ServiceParts(
                pool=database.pool,
                regulations=counties.usable,
                invalid=counties.invalid,
                watch=ClockWatch(),
                keys=keys,
                masters=masters_of(settings, keys),
                sealing=settings.sealing,
                algorithms=settings.chosen_algorithms,
                dialler=Dialler(tuple(ip_network(one) for one in settings.webhook_networks)),
                provider=None if issuer is None else Provider(issuer),
                separate_administrators=settings.separate_administrators,
                papers=place_of(settings, database, keys),
                paper_bounds=bounds_of(settings),
                kept_for=KeptFor.from_settings(settings),
            )
            app = create_app(parts)
            server = http_server(app, settings.trusted_proxies)
            task = asyncio.create_task(server.serve(sockets=[bound]), name="http")
            try:
                await _until_started(server, task)
                async with answering(database.described, patience, database.pool.terminate):
                    await _prepare(app.state.context, list(counties.usable))
                    for served in counties.usable:
                        await app.state.erasure.settle(served)
                    await app.state.schema.differences()  # logged now, not only when somebody asks how we are
                    bootstrap = await Credentials(database.pool).bootstrap(county, utc_now())
                settle_memory()
                address = bound.getsockname()
                yield Running(app, database, f"http://{address[0]}:{address[1]}", bootstrap, task)
            finally:
                server.should_exit = True
                await _ended(task, database)
    finally:
        bound.close()
        security_log.stop()


def _default_security_log(keys: Path, database: Database) -> Path:
    """Where the security log is kept unless told: with the data, else beside the keys."""
    if database.data_folder is not None:
        return database.data_folder / "security-log"
    return keys.with_name("taizhang-security-log")


async def _ended(task: asyncio.Task[None], database: Database) -> None:
    """Wait until the server has stopped, but not for ever: what still waits for the database then loses it."""
    _, running_on = await asyncio.wait((task,), timeout=STOP_SECONDS)
    if running_on:
        log.warning("stop_took_too_long", seconds=STOP_SECONDS)
        database.pool.terminate()
        _, running_on = await asyncio.wait((task,), timeout=STOP_SECONDS / 2)
    if running_on:
        task.cancel()
        await asyncio.wait((task,), timeout=STOP_SECONDS / 2)
    if task.done() and not task.cancelled():
        task.result()


async def _prepare(context: CommandContext, counties: Sequence[str]) -> None:
    """Found each county, or put to use what its data brings new. Data that does not fit its log stops that county.

    `CommandFailed` when no county is left to serve.
    """
    in_force = context.in_force
    for county in counties:
        try:
            if not await found(context, county):
                await activate(context, county)
        except LogError as failure:
            raise DatabaseUnavailable(f"The log takes nothing: {failure}.") from failure
        except Refusal as refusal:
            in_force.stop(county, not_served(county, (in_force.wording(county).said(refusal).detail_zh,)))
    for county, reason in in_force.stopped.items():
        log.error("county_not_served", county=county, reason=reason.detail_zh)
    if set(in_force.stopped) >= set(in_force.counties):
        raise CommandFailed(
            "\n".join(f"{one.detail_en} ({one.detail_zh})" for one in in_force.stopped.values())
        )


def http_server(
    app: FastAPI, proxies: Sequence[str] = (), bounds: ConnectionBounds = BOUNDS
) -> uvicorn.Server:
    """The HTTP server of an application. What one of the proxies tells of an address is believed, of nobody else."""
    _allow_files(bounds.connections)
    others = OpenConnections(bounds, proxies)
    config = uvicorn.Config(
        app,
        http=partial(BoundedConnection, others),  # type: ignore[arg-type]  # called, never asked for its class
        ws="none",
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_keep_alive=bounds.idle_seconds,
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    return _QuietServer(config)


def _allow_files(connections: int) -> None:
    """Every connection is an open file; the system allows fewer at first than it lets a process ask for."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 500
    if allowed < wanted and (most == resource.RLIM_INFINITY or most > allowed):
        wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class _QuietServer(uvicorn.Server):
    """uvicorn without signal handlers of its own: whoever runs the service decides when it stops."""

    def install_signal_handlers(self) -> None:
        """Leave the process's signal handling as it is."""

    def capture_signals(self) -> _Nothing:  # type: ignore[override]  # a context manager, like the original
        """Leave the process's signal handling as it is."""
        return _Nothing()


class _Nothing:
    def __enter__(self) -> None:
        """Take nothing over."""

    def __exit__(self, *exception: object) -> None:
        """Restore nothing."""


async def _until_started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    while not server.started:
        if task.done():
            await task
            msg = "The HTTP server stopped before it had started."
            raise CommandFailed(msg)
        await asyncio.sleep(0.01)


async def until_ledgers_follow(app: FastAPI, timeout: float = 300.0) -> None:
    """Wait until every ledger has caught up with the log; `TimeoutError` otherwise."""
    context: CommandContext = app.state.context
    for county in await context.store.counties():
        head = await context.store.head(county)
        await app.state.projector.wait_for(county, None, head.position, timeout)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        msg = f"Cannot listen on {host}:{port}: {error.strerror}; choose another with --port (0 takes a free one)."
        raise CommandFailed(msg) from None
    return bound
