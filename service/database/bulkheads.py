"""The connections of a service in shares (`service.shares`): what is slow in one of them never takes another's."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import asyncpg

from service.shares import TERMS, Share, Terms, at_work, shared_out

if TYPE_CHECKING:
    from asyncpg.pool import PoolAcquireContext

    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Pool = asyncpg.Pool


class NoConnectionFree(TimeoutError):  # noqa: N818  names a state, like its siblings
    """Every connection of a share is taken, and none came back in time."""

    def __init__(self, share: Share) -> None:
        super().__init__(f"every connection for {share} is taken")
        self.share = share


class SharePool(Pool):
    """The connections of one share. Who waits for one longer than the share's terms allow gets `NoConnectionFree`."""

    def __init__(
        self, share: Share, url: str, size: int, terms: Terms, session: Mapping[str, str], patience: float
    ) -> None:
        limits = {
            "lock_timeout": str(round(terms.lock * 1000)),
            "statement_timeout": str(round(terms.statement * 1000)),
        }
        super().__init__(
            url,
            min_size=min(1, size),
            max_size=size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            timeout=patience,
            server_settings={**session, **limits},
        )
        self.share = share
        self.wait = terms.wait
        self.url = url
        self.settings = {**session, **limits}
        """What is said to the server of each connection, for whoever opens one beside these."""

    async def _acquire(self, timeout: float | None) -> Any:
        try:
            return await super()._acquire(self.wait if timeout is None else timeout)  # type: ignore[misc]
        except TimeoutError as late:
            if self.get_idle_size() or self.get_size() < self.get_max_size():
                raise  # there was room: it is the database that does not answer
            raise NoConnectionFree(self.share) from late


class Bulkheads(Pool):
    """All shares as one pool: a connection comes from the share that whoever asks is working for.

    Give connections back by leaving the block, or take a share by `of` and give them back to it.
    """

    def __init__(self, pools: Mapping[Share, SharePool]) -> None:
        self._pools = pools

    def of(self, share: Share) -> SharePool:
        """The connections of one share, whoever asks."""
        return self._pools[share]

    def shares(self) -> list[tuple[str, Pool]]:
        """Each share's name and its connections."""
        return [(str(share), pool) for share, pool in self._pools.items()]

    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext[Any]:
        """A connection of the share in whose name this is done; `NoConnectionFree`."""
        return self._pools[at_work()].acquire(timeout=timeout)

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ARG002  as the original
        """A connection goes back to the share it came from, which only the share's own pool can do."""
        raise TypeError("give it back to the share it came from")

    def get_max_size(self) -> int:
        """Connections of all shares together."""
        return sum(pool.get_max_size() for pool in self._pools.values())

    def get_size(self) -> int:
        """Connections that are open."""
        return sum(pool.get_size() for pool in self._pools.values())

    def get_idle_size(self) -> int:
        """Connections that are open and free."""
        return sum(pool.get_idle_size() for pool in self._pools.values())

    def is_closing(self) -> bool:
        """Whether connections are being closed."""
        return any(pool.is_closing() for pool in self._pools.values())

    def terminate(self) -> None:
        """Cut every connection."""
        for pool in self._pools.values():
            pool.terminate()

    async def close(self) -> None:
        """Close every share in good order."""
        for pool in self._pools.values():
            await pool.close()


def share_of(pool: Pool, share: Share) -> Pool:
    """One share of a service's connections; of a pool without shares, as the tools have, the pool."""
    return pool.of(share) if isinstance(pool, Bulkheads) else pool


def shares_of(pool: Pool) -> list[tuple[str, Pool]]:
    """The connections of a service by the name of their share; those of a pool without shares are `all`."""
    return pool.shares() if isinstance(pool, Bulkheads) else [("all", pool)]


async def open_shares(
    url: str,
    connections: int,
    *,
    session: Mapping[str, str],
    patience: float = 10.0,
    terms: Mapping[Share, Terms] = TERMS,
) -> Bulkheads:
    """So many connections, shared out. What is open is closed again if one share cannot be opened."""
    async with AsyncExitStack() as opened:
        pools = {}
        for share, size in shared_out(connections).items():
            pools[share] = await SharePool(share, url, size, terms[share], session, patience)
            opened.callback(pools[share].terminate)
        opened.pop_all()
    return Bulkheads(pools)
