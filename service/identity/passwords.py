"""Passwords of officials: argon2id, hashed beside the event loop, at most two at once (64 MiB each), for one sender one.

Who tries many waits behind nobody but himself: the other turn is for whoever else comes.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError

from domain.refusals import refuse
from service.admission import RoomBounds, WaitingRoom

SHORTEST: Final = 12
LONGEST: Final = 128
"""Characters of a password."""
TURNS: Final = RoomBounds(
    at_once=2, per_key=1, waiting=32, waiting_per_key=8, wait_seconds=5.0, again_seconds=2
)
"""Turns at the hashing. An office that begins its day behind one address has eight in line."""

_Done = TypeVar("_Done")

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ2346789"
"""Letters and figures that are not mistaken for one another on paper."""


class Passwords:
    """Hashes passwords and compares them."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
        self._turns = WaitingRoom(TURNS)
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        """The hash that is kept of a password. SERVICE_BUSY, TOO_MANY_REQUESTS."""
        return await self._in_thread(self._hasher.hash, normal(password))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether this is the password. For a login that does not exist (None) it takes as long and is False. SERVICE_BUSY,
        TOO_MANY_REQUESTS.
        """
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
        async with self._turns.place():
            return await asyncio.to_thread(work, *arguments)


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
