"""Officials who sign in with a login, a password and a second factor: the way in where no identity provider is at hand.

There is no default account and no account without a second factor. A new or reset one has a password and a second
factor that are shown once; the password is changed at the first sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from domain.refusals import Refusal, refuse
from service import security_log
from service.identity import second_factor
from service.identity.lock_out import LockOut
from service.identity.passwords import Passwords, initial, must_be_strong
from service.sealing_keys import SealingKeys

_SHOWN: Final = "official, person, login, created_at, created_by, last_used_at, disabled_at"


@dataclass(frozen=True, slots=True)
class FirstSecrets:
    """First secrets that an official is handed on paper: shown once, kept nowhere."""

    official: str
    login: str
    password: str
    second_factor: str
    second_factor_address: str


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """Attempt to sign in, as somebody types it. `new_password`: asked for as long as the password is an initial one."""

    login: str
    password: str
    code: str
    new_password: str | None = None


class Officials:
    """The local accounts of a service."""

    def __init__(self, pool: asyncpg.Pool, keys: SealingKeys, passwords: Passwords) -> None:
        self._pool = pool
        self._keys = keys
        self.passwords = passwords
        self._lock_out = LockOut(pool)

    async def create(self, county: str, person: str, login: str, by: str, now: datetime) -> FirstSecrets:
        """An account for a person. LOGIN_TAKEN for a login that another account has or had."""
        made, sealed = self._first(county, f"tzo_{secrets.token_hex(6)}", login)
        done = await self._pool.fetchval(
            "INSERT INTO official (county, official, person, login, password_hash, password_initial, sealing_key,"
            " second_factor, last_step, created_at, created_by) VALUES ($1, $2, $3, $4, $5, true, $6, $7, 0, $8, $9)"
            " ON CONFLICT (county, login) DO NOTHING RETURNING official",
            county, made.official, person, login, await self.passwords.hash(made.password), *sealed, now, by,
        )  # fmt: skip
        if done is None:
            raise refuse("LOGIN_TAKEN", login=login)
        security_log.record("official_created", official=made.official, person=person, county=county, by=by)
        return made

    async def reset(self, county: str, official: str, by: str, now: datetime) -> FirstSecrets:
        """New first secrets for who lost them; the old ones and all sessions end. NOT_FOUND."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(
                "SELECT login, person FROM official WHERE county = $1 AND official = $2 AND disabled_at IS NULL FOR UPDATE",
                county,
                official,
            )
            if row is None:
                raise refuse("NOT_FOUND", what=official)
            made, sealed = self._first(county, official, row["login"])
            await connection.execute(
                "UPDATE official SET password_hash = $3, password_initial = true, sealing_key = $4,"
                " second_factor = $5, last_step = 0 WHERE county = $1 AND official = $2",
                county, official, await self.passwords.hash(made.password), *sealed,
            )  # fmt: skip
            await _end_sessions(connection, county, row["person"], now)
        security_log.record("official_reset", official=official, county=county, by=by)
        return made

    async def disable(self, county: str, official: str, by: str, now: datetime) -> None:
        """Close an account for good, with the sessions of its person. NOT_FOUND."""
        async with self._pool.acquire() as connection, connection.transaction():
            person = await connection.fetchval(
                "UPDATE official SET disabled_at = coalesce(disabled_at, $3) WHERE county = $1 AND official = $2"
                " RETURNING person",
                county,
                official,
                now,
            )
            if person is None:
                raise refuse("NOT_FOUND", what=official)
            await _end_sessions(connection, county, person, now)
        security_log.record("official_disabled", official=official, county=county, by=by)

    async def of_county(self, county: str) -> list[dict[str, Any]]:
        """All accounts in order of their making, without secrets."""
        rows = await self._pool.fetch(
            f"SELECT {_SHOWN} FROM official WHERE county = $1 ORDER BY created_at, official", county
        )
        return [dict(row) for row in rows]

    async def admit(self, county: str, given: LoginAttempt, address: str, now: datetime) -> str:
        """The person who comes in.

        LOGIN_INCORRECT for an unknown login, a wrong password and a wrong or used code alike; SIGN_IN_LOCKED after too many
        of them; PASSWORD_CHANGE_REQUIRED while the password is the initial one and no new one came with it;
        PASSWORD_WEAK for a new one that is easily guessed.
        """
        login = given.login.lower()
        await self._lock_out.attempt(county, login, address, now)
        row = await self._pool.fetchrow(
            "SELECT official, person, password_hash, password_initial, sealing_key, second_factor, last_step"
            " FROM official WHERE county = $1 AND login = $2 AND disabled_at IS NULL",
            county,
            login,
        )
        fits = await self.passwords.fits(given.password, None if row is None else row["password_hash"])
        step = None if row is None or not fits else self._step(county, row, given.code, now)
        if row is None or step is None:
            raise _failed(county, address)
        if row["password_initial"] and given.new_password is None:
            await self._lock_out.succeed(county, login, address)
            raise refuse("PASSWORD_CHANGE_REQUIRED")
        changed = None if given.new_password is None else await self._changed(given, login)
        if not await self._come_in(
            county, row, step, changed, now
        ):  # the same code came in at the same moment
            raise _failed(county, address)
        await self._lock_out.succeed(county, login, address)
        return str(row["person"])

    async def _changed(self, given: LoginAttempt, login: str) -> str:
        new = given.new_password or ""
        must_be_strong(new, login)
        if new == given.password:
            raise refuse("PASSWORD_CHANGE_REQUIRED")
        return await self.passwords.hash(new)

    async def _come_in(
        self, county: str, row: asyncpg.Record, step: int, changed: str | None, now: datetime
    ) -> bool:
        done = await self._pool.fetchval(
            "UPDATE official SET last_step = $3, last_used_at = $4, password_hash = coalesce($5, password_hash),"
            " password_initial = password_initial AND $5::text IS NULL"
            " WHERE county = $1 AND official = $2 AND last_step < $3 AND disabled_at IS NULL AND password_hash = $6"
            " RETURNING true",
            county, row["official"], step, now, changed, row["password_hash"],
        )  # fmt: skip
        return done is True

    def _step(self, county: str, row: asyncpg.Record, code: str, now: datetime) -> int | None:
        secret = self._keys.open(county, row["official"], row["sealing_key"], row["second_factor"]).decode()
        return second_factor.step_of(secret, code, row["last_step"], now)

    def _first(self, county: str, official: str, login: str) -> tuple[FirstSecrets, tuple[str, bytes]]:
        """The secrets to hand over, and the second one as it is kept."""
        secret = second_factor.new_secret()
        made = FirstSecrets(
            official, login, initial(), secret, second_factor.address_of(secret, login, county)
        )
        return made, self._keys.seal(county, official, secret.encode())


async def _end_sessions(connection: Any, county: str, person: str, now: datetime) -> None:
    await connection.execute(
        "UPDATE session SET ended_at = $3 WHERE county = $1 AND person = $2 AND ended_at IS NULL",
        county,
        person,
        now,
    )


def _failed(county: str, address: str) -> Refusal:
    """What is told of anything wrong: always the same."""
    security_log.record("sign_in_failed", county=county, address=address)
    return refuse("LOGIN_INCORRECT")
