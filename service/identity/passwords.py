"""Passwords of officials: argon2id, hashed beside the event loop, at most two at once (64 MiB each)."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError

from domain.refusals import refuse

SHORTEST: Final = 12
LONGEST: Final = 128
"""Characters of a password."""
AT_ONCE: Final = 2
WAIT_SECONDS: Final = 5.0
"""How long a sign-in waits for its turn at the hashing; then it is sent away."""

_Done = TypeVar("_Done")

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ2346789"
"""Letters and figures that are not mistaken for one another on paper."""


class Passwords:
    """Hashes passwords and compares them."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash that is kept of a password. SERVICE_BUSY."""
        return await self._in_thread(self._hasher.hash, normal(password))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether this is the password. For a login that does not exist (None) it takes as long and is False. SERVICE_BUSY."""
        if self._nobody is None:
            self._nobody = await self.hash(secrets.token_urlsafe(16))
        same = await self._in_thread(self._compare, kept or self._nobody, normal(password))
        return same and kept is not None

    def _compare(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False
        except VerificationError:  # what is kept is no hash: nobody gets in by it
            return False

    async def _in_thread(self, work: Callable[..., _Done], *arguments: str) -> _Done:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise refuse("SERVICE_BUSY") from None
        try:
            return await asyncio.to_thread(work, *arguments)
        finally:
            self._turns.release()


def normal(password: str) -> str:
    """A password as it is hashed: the same characters however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)


def initial() -> str:
    """A password to begin with: sixteen characters of 52, about 91 bits, to be changed at the first sign-in."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def must_be_strong(password: str, login: str) -> None:
    """PASSWORD_WEAK: too short or too long, of few different characters, or with the login in it."""
    said = normal(password)
    if not SHORTEST <= len(said) <= LONGEST or len(set(said)) < 6 or login.lower() in said.lower():
        raise refuse("PASSWORD_WEAK", shortest=SHORTEST)
