"""Wrong keys are slowed down: who sends one after another waits for each answer, and for nothing else.

A key is looked up first, so that a good one is never held up by wrong ones from the same address (an office has one
address for all). Guessing is hopeless anyway, with 256 random bits; what is spared is the work and the log.
"""

from __future__ import annotations

import asyncio
from math import ceil
from time import monotonic
from typing import Final

import structlog

from domain.refusals import refuse
from service.api.http.allowance import Allowances

AT_ONCE: Final = 10
"""Wrong keys of one address that are answered without waiting: a script with yesterday's key, a typing error."""
EVERY: Final = 1.0
"""Seconds between the answers to further ones."""
LONGEST: Final = 5.0
"""Seconds that an answer is held back; who would have to wait longer is sent away."""

log = structlog.get_logger(__name__)


class WrongKeys:
    """Record of wrong keys by sender."""

    def __init__(self, at_once: int = AT_ONCE, every: float = EVERY, longest: float = LONGEST) -> None:
        self._allowances = Allowances(at_once, every)
        self._longest = longest

    def must_be_near(self, sender: str) -> None:
        """TOO_MANY_REQUESTS while the turn of a sender's next wrong one is too far off: what costs more than a look-up is not
        begun then.
        """
        wait = self._allowances.wait(sender, monotonic())
        if wait > self._longest:
            raise refuse("TOO_MANY_REQUESTS", seconds=ceil(wait))

    async def wait_for_turn(self, sender: str) -> None:
        """Wait until a wrong key of this sender may be answered; TOO_MANY_REQUESTS when that is too far off."""
        self.must_be_near(sender)
        now = monotonic()
        wait = self._allowances.wait(sender, now)
        self._allowances.take(sender, now)
        if wait > 0:
            log.warning("wrong_keys_slowed", sender=sender, seconds=round(wait, 1))
            await asyncio.sleep(wait)
