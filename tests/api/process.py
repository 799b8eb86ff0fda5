"""The service in a process of its own, for tests and benchmarks that need a real server on a real port.

`python -m tests.api.served_program DATABASE_URL [OPTIONS]` founds the county, makes one key that may do everything, prints one
line `{"url": …, "token": …}`, and serves until its standard input is closed. The server is the one that is delivered;
OPTIONS, a JSON object, may give `bounds` of its connections, `proxies`, bounds of its `exports`, how many seconds a
statement waits for a `lock` at least, and whether answers are held against the contract (`listening`; not where they are timed).
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop
from fastapi import FastAPI, Response

from domain.regulation import Regulation
from service.admission import RoomBounds
from service.api.app import ServiceParts, create_app
from service.api.http.connection import ConnectionBounds
from service.api.http.intake import IntakeRoute
from service.api.http.spool import BOUNDS, Spools
from service.api.serving import http_server
from service.clock import utc_now
from service.commands.authorization import Role
from service.commands.credentials import Credentials, KeySpec
from service.commands.founding import found
from service.memory import settle_memory
from service.paper.places import PaperFolder
from service.shares import TERMS
from service.terminal import configure_log
from tests import clock, contract
from tests.shares import bulkheads

COUNTY = "653022"


async def serve(
    database_url: str,
    keys: Path,
    bounds: ConnectionBounds,
    proxies: Sequence[str],
    exports: RoomBounds,
    lock: float,
) -> None:
    terms = {share: replace(one, lock=max(lock, one.lock)) for share, one in TERMS.items()}
    regulations = {COUNTY: Regulation.load(county=COUNTY)}
    with TemporaryDirectory(prefix="taizhang-kept-") as kept:
        masters, papers = Path(kept) / "masters", PaperFolder(Path(kept) / "papers")
        async with bulkheads(database_url, terms=terms) as pool:
            app = create_app(ServiceParts(pool, regulations, keys=keys, masters=masters, papers=papers))
            await _answer(app, bounds, proxies, exports)


async def _answer(
    app: FastAPI, bounds: ConnectionBounds, proxies: Sequence[str], exports: RoomBounds
) -> None:
    """Answer requests until the parent closes the standard input."""
    app.state.spools = Spools(exports)
    _mount_noop(app)
    listening = socket.create_server(("127.0.0.1", 0))
    server = http_server(app, proxies, bounds)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        if serving.done():
            serving.result()
            raise RuntimeError("the server did not start")
        await asyncio.sleep(0.01)
    await found(app.state.context, COUNTY)
    settle_memory()
    roles = list(Role)
    spec = KeySpec(COUNTY, "tests", "653022202000", "TOWNSHIP", roles, [COUNTY])
    made = await Credentials(app.state.pool).create(spec, utc_now())
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    print(json.dumps({"url": url, "token": made.token}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


def _mount_noop(app: FastAPI) -> None:
    """A route that does nothing, behind the same gate: what a command is measured against."""

    async def noop() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    app.router.add_api_route("/noop", noop, methods=["POST"], route_class_override=IntakeRoute)
    app.router.routes.insert(0, app.router.routes.pop())  # found at once, as the routes of assets are


@contextmanager
def served(database_url: str, **options: Any) -> Iterator[tuple[str, str]]:
    """(url, token) of the service running in another process on a database."""
    with killable(database_url, **options) as (url, token, _):
        yield url, token


@contextmanager
def killable(database_url: str, **options: Any) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """(url, token, process): the same for tests that look at the process, or end it before its time."""
    command = [sys.executable, "-m", "tests.api.served_program", database_url, json.dumps(options)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not start: exit {process.wait(10)}")
        ready = json.loads(line)
        yield ready["url"], ready["token"], process
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def main(database_url: str, given: str) -> None:
    """Serve that database with these OPTIONS until standard input is closed."""
    clock.install()
    options = json.loads(given)
    if options.get("listening", True):
        contract.install()
    configure_log("warning", as_json=False)  # to stderr: nobody reads a second line of our stdout
    with TemporaryDirectory(prefix="taizhang-keys-") as folder:
        bounds = ConnectionBounds(**options.get("bounds", {}))
        exports = replace(BOUNDS, **options.get("exports", {}))
        proxies, lock = options.get("proxies", ()), options.get("lock", 0.0)
        uvloop.run(serve(database_url, Path(folder), bounds, proxies, exports, lock))
