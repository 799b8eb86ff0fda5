"""Allowances: so many at once, then one every so many seconds. In memory, and bounded.

Nobody is shut out for an hour because an hour's share is used up: what was taken comes back one by one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

MOST_KEYS: Final = 10_000
"""Of more keys than these the ones not heard of for longest are forgotten, and begin anew."""


class Allowances:
    """One allowance per key (GCRA): `at_once` may be taken together, and one more every `every` seconds."""

    def __init__(self, at_once: int, every: float, most_keys: int = MOST_KEYS) -> None:
        self.every = every
        self._tolerance = (at_once - 1) * every
        self._most_keys = most_keys
        self._used_until: OrderedDict[str, float] = OrderedDict()
        """Key → the moment at which all that was taken has come back."""

    def wait(self, key: str, now: float) -> float:
        """Seconds until the key may take again; 0: now."""
        return max(0.0, self._used_until.get(key, now) - self._tolerance - now)

    def take(self, key: str, now: float) -> None:
        """Take one, whether it is due or not."""
        self._used_until[key] = max(self._used_until.get(key, now), now) + self.every
        self._used_until.move_to_end(key)
        if len(self._used_until) > self._most_keys:
            self._used_until.popitem(last=False)

    def give_back(self, key: str) -> None:
        """What was taken was not used."""
        if key in self._used_until:
            self._used_until[key] -= self.every

    def untouched(self, key: str, now: float) -> bool:
        """Whether nothing of the key's allowance is used."""
        return self._used_until.get(key, now) <= now
