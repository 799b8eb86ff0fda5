"""Forgetting: a person's key is destroyed, and so is every copy of it that any backup or archived log can bring back.

The keys in an old backup are wrapped by the master key of their day. So each forgetting makes a new master key, wraps
the keys of everybody else with it, lays a copy of those (the book) beside it, and destroys the old one. A backup from
before is restored with the book: it has everybody's key but that of who was forgotten.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, cast

import orjson

from service.personal.ciphers import unseal
from service.personal.keys import Findable, PersonKeys, opener, put_lookups, wrapped, wrapping_now

_ROWS: Final = """
SELECT key, subject, master, wrapped, made_at, restricted_at FROM personal_key WHERE county = $1 ORDER BY key"""
_Secrets = dict[str, tuple[str, bytes]]
"""Key → whose it is, and its bytes."""
_TABLES: Final = ("personal_lookup", "personal_place", "personal_key")


class Forgetter:
    """Destroys keys of one database under the master keys of one folder."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys
        self._pool = keys.pool
        self._masters = keys.masters

    async def forget(self, county: str, keys: Collection[str]) -> None:
        """Destroy keys; those that are gone already stay gone. `SealingKeyMissing`: nothing was changed."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE personal_key IN EXCLUSIVE MODE")
            found = await connection.fetch(
                "SELECT key FROM personal_key WHERE county = $1 AND key = ANY($2::text[])", county, list(keys)
            )
            if found:
                # In another folder nothing would be destroyed.
                await wrapping_now(connection, self._masters, county)
                for table in _TABLES:
                    await connection.execute(
                        f"DELETE FROM {table} WHERE county = $1 AND key = ANY($2::text[])", county, list(keys)
                    )
                await self._wrap_anew(connection, county)
        await self.settle(county, forgotten=True)

    async def _wrap_anew(self, connection: Any, county: str) -> None:
        """Wrap the keys that are left with a new master key, and make what they are found by from it."""
        secrets = await self._secrets(connection, county)
        name = self._masters.make_next(county)
        master = self._masters.secret(name)

        def anew() -> list[bytes]:
            return [wrapped(master, county, key, secret) for key, (_, secret) in secrets.items()]

        await connection.execute(
            "UPDATE personal_key SET master = $2, wrapped = new.wrapped"
            " FROM unnest($3::text[], $4::bytea[]) AS new (key, wrapped)"
            " WHERE personal_key.county = $1 AND personal_key.key = new.key",
            county,
            name,
            list(secrets),
            await asyncio.to_thread(anew),
        )
        await self._find_anew(connection, county, secrets, master)

    async def _secrets(self, connection: Any, county: str) -> _Secrets:
        rows = await connection.fetch(_ROWS, county)
        unwrap = opener(self._masters, county)
        return await asyncio.to_thread(lambda: {row["key"]: (row["subject"], unwrap(row)) for row in rows})

    async def _find_anew(self, connection: Any, county: str, secrets: _Secrets, master: bytes) -> None:
        """Make by what persons are found from a master key."""
        tokens = await connection.fetch("SELECT key, token FROM personal_lookup WHERE county = $1", county)

        def anew() -> list[Findable]:
            return [
                Findable(token, unseal(secrets[key][1], (county, secrets[key][0]), token))
                for key, token in tokens
                if key in secrets
            ]

        findable = await asyncio.to_thread(anew)
        await connection.execute("DELETE FROM personal_lookup WHERE county = $1", county)
        await put_lookups(connection, county, master, findable)

    async def settle(self, county: str, *, forgotten: bool = False) -> None:
        """Finish what a stop or a restore left undone.

        Keys under master keys that are gone came out of an old backup: those of the book take their place, and whom it
        does not know was forgotten. Then the book is written, and master keys that wrap nothing any more are destroyed.
        Without a book that can be opened nothing is done: a folder that is not there must not make anybody forgotten.
        `forgotten`: even where no key is left.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE personal_key IN EXCLUSIVE MODE")
            await self._adopt_book(connection, county)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE personal_key IN EXCLUSIVE MODE")
            rows = await connection.fetch(_ROWS, county)
            there, current = self._masters.names(county), self._masters.current(county)
            used = {row["master"] for row in rows}
            if current is None or not used <= set(there) or not (rows or forgotten):
                return
            _write(self._book(county), _entries(rows))
            if used <= {current}:
                for name in there:
                    if name != current:
                        self._masters.destroy(name)

    async def _adopt_book(self, connection: Any, county: str) -> None:
        """Take the book's keys where those in the database are wrapped by master keys that are gone."""
        rows = await connection.fetch(_ROWS, county)
        there, book = self._masters.names(county), self._read_book(county)
        lost = {row["key"] for row in rows if row["master"] not in there}
        if not lost or book is None or any(one["master"] not in there for one in book):
            return
        gone = sorted(lost - {one["key"] for one in book})
        for table in _TABLES:
            await connection.execute(
                f"DELETE FROM {table} WHERE county = $1 AND key = ANY($2::text[])", county, gone
            )
        given = [
            (county, one["key"], one["subject"], one["master"], base64.b64decode(one["wrapped"]))
            for one in book
        ]
        await connection.executemany(
            "UPDATE personal_key SET subject = $3, master = $4, wrapped = $5 WHERE county = $1 AND key = $2",
            given,
        )
        await connection.executemany(
            "INSERT INTO personal_key (county, key, subject, master, wrapped, made_at)"
            " VALUES ($1, $2, $3, $4, $5, now()) ON CONFLICT DO NOTHING",
            given,
        )
        current = self._masters.current(county)
        if current is not None:
            secrets = await self._secrets(connection, county)
            await self._find_anew(connection, county, secrets, self._masters.secret(current))

    def _book(self, county: str) -> Path:
        return self._masters.folder / f"{county}-personal.book"

    def _read_book(self, county: str) -> list[dict[str, str]] | None:
        path = self._book(county)
        return cast("list[dict[str, str]]", orjson.loads(path.read_bytes())) if path.is_file() else None


def _entries(rows: Sequence[Any]) -> list[dict[str, str]]:
    """Keys as the book has them: wrapped, as in the database."""
    return [
        {
            "key": row["key"],
            "subject": row["subject"],
            "master": row["master"],
            "wrapped": base64.b64encode(row["wrapped"]).decode(),
        }
        for row in rows
    ]


def _write(path: Path, entries: list[dict[str, str]]) -> None:
    """Put the book in the place of the one before, whole and on the disk."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(entries))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
