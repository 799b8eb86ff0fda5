"""Check of a database server: whether a log can be kept on it; each fault is one sentence.

A connection pooler that hands out server sessions by the transaction (pgbouncer's `pool_mode = transaction`) is not: the
committer's session settings, its role and prepared statements belong to a session, and would reach somebody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from service.database.trouble import LOST, TROUBLE, in_words
from service.exit_codes import DatabaseUnavailable

OLDEST: Final = 15
_POOLER: Final = (
    "{where} is behind a connection pooler that {what}; connect to the server itself, or give Taizhang a pool of its own"
    " with pool_mode = session."
)
_SHARED: Final = "hands out sessions by the transaction (pgbouncer: pool_mode = transaction)"
_STRIPPED: Final = "refuses what a session is set to ({why})"
LEFT_TO_TOOLS: Final = 4
"""Connections that a service leaves to `taizhang` commands beside it."""
LEAST: Final = 4
"""Connections without which a service cannot work."""
_ABOUT: Final = """
SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS recovering, current_setting('transaction_read_only') AS read_only, current_user AS role,
    least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())) AS connections"""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """Facts of a database server that can be used."""

    version: str
    connections: int
    """Most connections that our role may have on it at once."""

    def fitting(self, wanted: int) -> int:
        """How many of the connections that are wanted a service may open; some stay for the tools."""
        return max(LEAST, min(wanted, self.connections - LEFT_TO_TOOLS))


@asynccontextmanager
async def answering(described: str, seconds: float, cut: Callable[[], object]) -> AsyncIterator[None]:
    """Whatever is asked of the database in the block is answered within `seconds`, or is one sentence.

    `cut` ends the connections that are waited for. Cancelling who waits would not do: the driver then asks the server to
    cancel, and waits for that.
    """
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        cut()

    alarm = asyncio.get_running_loop().call_later(seconds, expire)
    try:
        yield
    except Exception as failure:
        if expired:
            raise DatabaseUnavailable(
                f"{described} stopped answering; it said nothing for {seconds:g} s."
            ) from failure
        if isinstance(failure, (*LOST, TimeoutError)):
            raise DatabaseUnavailable(f"{described} stopped answering: {in_words(failure)}.") from failure
        raise
    finally:
        alarm.cancel()


async def check_server(url: str, described: str, patience: float, session: dict[str, str]) -> ServerFacts:
    """What the server is; `DatabaseUnavailable` says in one sentence why it cannot be used.

    `patience`: seconds for each step. `session`: the settings every connection asks for.
    """
    connection = await connect(url, described, patience, session)
    open_ones = [connection]

    def cut() -> None:
        for one in open_ones:
            one.terminate()

    async def another() -> asyncpg.Connection[Any]:
        open_ones.append(await connect(url, described, patience, session))
        return open_ones[-1]

    try:
        async with answering(described, patience, cut):
            await _refuse_pooler(connection, described, another)
            async with connection.transaction():
                about = await connection.fetchrow(_ABOUT)
            number = connection.get_server_version()
    except TROUBLE as failure:
        raise DatabaseUnavailable(
            f"The database {described} cannot be used: {in_words(failure)}."
        ) from failure
    finally:
        cut()
    assert about is not None  # noqa: S101 - a row without a FROM
    if number.major < OLDEST:
        raise DatabaseUnavailable(
            f"{described} is PostgreSQL {about['version']}; Taizhang needs {OLDEST} or newer."
        )
    if about["encoding"] != "UTF8":
        raise DatabaseUnavailable(
            f"The database {described} is encoded in {about['encoding']}; Taizhang needs UTF8."
        )
    if about["recovering"]:
        raise DatabaseUnavailable(
            f"{described} is a standby that only reads; connect to the primary server (several hosts in one URL:"
            " target_session_attrs=read-write)."
        )
    if about["read_only"] == "on":
        raise DatabaseUnavailable(
            f"{described} takes no writes from {about['role']} (default_transaction_read_only is on)."
        )
    if about["connections"] < LEAST + LEFT_TO_TOOLS:
        raise DatabaseUnavailable(
            f"{described} allows {about['role']} {about['connections']} connections; Taizhang needs"
            f" {LEAST + LEFT_TO_TOOLS}, {LEFT_TO_TOOLS} of them for commands beside the service."
        )
    return ServerFacts(about["version"], about["connections"])


async def connect(
    url: str, described: str, patience: float, session: dict[str, str]
) -> asyncpg.Connection[Any]:
    """A connection without prepared statements of its own, so that it can be asked through a pooler too."""
    try:
        return await asyncpg.connect(url, timeout=patience, server_settings=session, statement_cache_size=0)
    except asyncpg.InvalidPasswordError as wrong:
        why = f"The database server refuses the user or password of {described}"
        raise DatabaseUnavailable(f"{why}; see TAIZHANG_DATABASE_URL.") from wrong
    except asyncpg.InvalidAuthorizationSpecificationError as wrong:
        raise DatabaseUnavailable(f"The database server refuses the user of {described}: {wrong}.") from wrong
    except asyncpg.InvalidCatalogNameError as missing:
        raise DatabaseUnavailable(f"There is no database as {described} names it: {missing}.") from missing
    except asyncpg.InsufficientPrivilegeError as refused:
        raise DatabaseUnavailable(
            f"The user of {described} may not connect: {in_words(refused)}."
        ) from refused
    except asyncpg.TooManyConnectionsError as full:
        raise DatabaseUnavailable(
            f"{described} takes no more connections: {in_words(full)}; raise max_connections or lower"
            " TAIZHANG_DATABASE_CONNECTIONS."
        ) from full
    except asyncpg.TargetServerAttributeNotMatched as none:
        raise DatabaseUnavailable(
            f"None of the servers of {described} is the one asked for: {none}."
        ) from none
    except TimeoutError as late:
        raise DatabaseUnavailable(f"{described} did not answer within {patience:g} s.") from late
    except OSError as unreachable:
        why = unreachable.strerror or str(unreachable)
        raise DatabaseUnavailable(
            f"No database server can be reached at {described}: {why}."
        ) from unreachable
    except (*TROUBLE, ValueError) as failure:
        told = in_words(failure)
        if "unsupported startup parameter" in told:
            what = _STRIPPED.format(why=told)
            raise DatabaseUnavailable(_POOLER.format(where=described, what=what)) from failure
        raise DatabaseUnavailable(f"The database {described} cannot be used: {told}.") from failure


async def _refuse_pooler(
    connection: asyncpg.Connection[Any],
    described: str,
    another: Callable[[], Awaitable[asyncpg.Connection[Any]]],
) -> None:
    """Refuse a pooler that shares sessions. One that does not tells another process's id than the session has.

    In a pool of sessions a client keeps the server's process it has; in a pool of transactions another client's
    transaction gets it in between, or the next one of ours runs elsewhere.
    """
    async with connection.transaction():
        served_by = await connection.fetchval("SELECT pg_backend_pid()")
    if served_by == connection.get_server_pid():
        return
    other = await another()
    async with other.transaction():
        shared = served_by == await other.fetchval("SELECT pg_backend_pid()")
        if not shared:
            async with connection.transaction():
                shared = served_by != await connection.fetchval("SELECT pg_backend_pid()")
    if shared:
        raise DatabaseUnavailable(_POOLER.format(where=described, what=_SHARED))


def without_password(url: str) -> str:
    """The URL for people. It may name several hosts, each with a port: postgresql://u@h1:5432,h2:5432/db."""
    try:
        parts = urlsplit(url)
        user, at, hosts = parts.netloc.rpartition("@")
        for host in hosts.split(","):
            _require_port(host)
        parse_qsl(parts.query, errors="strict")
        unquote(parts.path, errors="strict")
    except ValueError as wrong:
        raise DatabaseUnavailable(f"TAIZHANG_DATABASE_URL is no URL: {wrong}.") from None
    query = "&".join(
        item for item in parts.query.split("&") if item and not item.lower().startswith("password")
    )
    return parts._replace(netloc=user.partition(":")[0] + at + hosts, query=query).geturl()


def _require_port(host: str) -> None:
    """Refuse what stands behind a host's colon and is no port."""
    bracketed, _, rest = host.rpartition("]")
    port = rest.partition(":")[2] if bracketed or ":" in rest else ""
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{port!r} is no port")
