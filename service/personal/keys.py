"""The keys of persons: one of each, in the database, wrapped by a master key that lies outside it.

A key that was destroyed is in no row; that its row is in an old backup or an archived write-ahead log helps nobody,
because the master key that wrapped it was destroyed with it (`service.personal.forgetting`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from cryptography.exceptions import InvalidTag

from domain.personal.subject import PersonalSubject
from domain.sealed import SealedForm, Token, parts_of
from service.personal.ciphers import KEY_BYTES, tag
from service.sealing_keys import SealingKeyMissing, SealingKeys, opened_with, sealed_with
from service.settings import Settings

USE: Final = "personal"
"""The row of sealing keys that are master keys."""
MEND: Final = (
    "bring the folder of master keys back (TAIZHANG_MASTERS), or restart the service once after a restore"
)
"""What to do where no key of a person can be opened."""
FOUND_BY: Final = frozenset({SealedForm.NAME, SealedForm.PHONE, SealedForm.ID_NUMBER, SealedForm.CONTACT})
"""Forms by which a person can be looked up."""

_COLUMNS: Final = "key, subject, master, wrapped, restricted_at IS NOT NULL AS restricted"
_OF_SUBJECTS: Final = f"SELECT {_COLUMNS} FROM personal_key WHERE county = $1 AND subject = ANY($2::text[])"
_ANY: Final = "SELECT key, master, wrapped FROM personal_key WHERE county = $1 ORDER BY key LIMIT 1"
_FORGETTINGS: Final = "SELECT body FROM event WHERE county = $1 AND type = $2"
_LEFT: Final = "SELECT count(*) FROM personal_key WHERE county = $1 AND key = ANY($2::text[])"
_NAMED: Final = f"SELECT {_COLUMNS} FROM personal_key WHERE county = $1 AND key = ANY($2::text[])"


@dataclass(frozen=True, slots=True)
class PersonKey:
    """One person's key. `name` stands in tokens, `subject` says whose it is."""

    name: str
    subject: str
    secret: bytes
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Findable:
    """A value by which its person is to be found again."""

    token: Token
    value: str


class KeyTaken(Exception):  # noqa: N818  a state, not a mistake of the service
    """Another request has made or destroyed the person's key at the same moment: what is sealed has to be sealed anew."""


class PersonKeys:
    """The keys of all counties' persons in one database, under the master keys of one folder."""

    def __init__(self, pool: asyncpg.Pool, masters: SealingKeys) -> None:
        self.pool = pool
        self.masters = masters

    @staticmethod
    def fresh(subject: str) -> PersonKey:
        """A new key, which is kept by nobody yet."""
        return PersonKey(secrets.token_hex(10), subject, secrets.token_bytes(KEY_BYTES))

    async def of_subjects(self, county: str, subjects: Collection[str]) -> dict[str, PersonKey]:
        """Keys by subject; who has none is absent. `SealingKeyMissing`."""
        found = await self._read(_OF_SUBJECTS, county, subjects)
        return {one.subject: one for one in found}

    async def named(self, county: str, names: Collection[str]) -> dict[str, PersonKey]:
        """Keys by name; those that are destroyed are absent. `SealingKeyMissing`."""
        return {one.name: one for one in await self._read(_NAMED, county, names)}

    async def _read(self, query: str, county: str, wanted: Collection[str]) -> list[PersonKey]:
        if not wanted:
            return []
        try:
            return self._unwrapped(county, await self.pool.fetch(query, county, list(wanted)))
        except SealingKeyMissing:  # the master key was changed between the row and the file
            return self._unwrapped(county, await self.pool.fetch(query, county, list(wanted)))

    def _unwrapped(self, county: str, rows: Iterable[Any]) -> list[PersonKey]:
        opening = opener(self.masters, county)
        return [PersonKey(row["key"], row["subject"], opening(row), row["restricted"]) for row in rows]

    async def keep(
        self,
        county: str,
        known: Iterable[PersonKey],
        fresh: Iterable[PersonKey],
        places: Iterable[tuple[str, str]],
        findable: Iterable[Findable],
        now: datetime,
    ) -> None:
        """Keep new keys, where values under a key stand (key, stream), and by what persons are found.

        Twice is once: a command may be tried again. `KeyTaken` when somebody else was faster, or has destroyed a `known` one;
        `SealingKeyMissing`.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            # Whoever changes the master key keeps everybody else out: the one read now is good until this is stored.
            await connection.execute("LOCK TABLE personal_key IN ROW EXCLUSIVE MODE")
            names = [one.name for one in known]
            if names and await connection.fetchval(_LEFT, county, names) != len(names):
                raise KeyTaken
            name = await wrapping_now(connection, self.masters, county) or self.masters.make_next(county)
            master = self.masters.secret(name)
            try:
                await connection.executemany(
                    "INSERT INTO personal_key (county, key, subject, master, wrapped, made_at)"
                    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (county, key) DO NOTHING",
                    [
                        (
                            county,
                            one.name,
                            one.subject,
                            name,
                            wrapped(master, county, one.name, one.secret),
                            now,
                        )
                        for one in fresh
                    ],
                )
            except asyncpg.UniqueViolationError:
                raise KeyTaken from None
            await connection.executemany(
                "INSERT INTO personal_place (county, key, stream) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [(county, *one) for one in places],
            )
            await put_lookups(connection, county, master, findable)


async def wrapping_now(connection: Any, masters: SealingKeys, county: str) -> str | None:
    """The master key that wraps from now on; None where the county never had one, and its first is to be made.

    `SealingKeyMissing`: it had one, and the folder is gone or another county's or database's. A key made then would divide
    the county's data into what one folder opens and what the other does.
    """
    row = await connection.fetchrow(_ANY, county)
    if row is not None:
        opener(masters, county)(row)
    name = masters.current(county)
    if name is None:
        for body in await connection.fetch(_FORGETTINGS, county, PersonalSubject.Erased.TOPIC):
            if orjson.loads(body["body"])["data"]["forgetting"].get("key") is not None:
                raise SealingKeyMissing(
                    f"{masters.folder} holds no master key, and keys of persons were made under one"
                )
    return name


def masters_of(settings: Settings, keys: Path) -> Path:
    """Where the master keys are: TAIZHANG_MASTERS, else beside the folder of the log's keys, which is backed up."""
    return settings.masters or keys.with_name(f"{keys.name}-masters")


def place_of(key: str) -> str:
    """Where a person's key stands, as its wrapping is bound to it."""
    return f"personal_key/{key}"


def wrapped(master: bytes, county: str, key: str, secret: bytes) -> bytes:
    """A person's key as the database has it."""
    return sealed_with(master, county, place_of(key), secret)


def opener(masters: SealingKeys, county: str) -> Callable[[Any], bytes]:
    """What unwraps rows of keys, each master key read once. `SealingKeyMissing`."""
    known: dict[str, bytes] = {}

    def unwrap(row: Any) -> bytes:
        name = row["master"]
        if name not in known:
            known[name] = masters.secret(name)
        try:
            return opened_with(known[name], county, place_of(row["key"]), row["wrapped"])
        except InvalidTag:
            raise SealingKeyMissing(f"{name} does not open the key {row['key']}") from None

    return unwrap


async def put_lookups(connection: Any, county: str, master: bytes, findable: Iterable[Findable]) -> None:
    """Write by what persons are found."""
    rows = []
    for one in findable:
        parts = parts_of(one.token)
        if parts is not None and parts.form in FOUND_BY:
            rows.append((county, tag(master, county, parts.form, one.value), parts.key, one.token))
    await connection.executemany(
        "INSERT INTO personal_lookup (county, tag, key, token) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (county, tag, key) DO UPDATE SET token = excluded.token",
        rows,
    )
