"""Timing of Python's search for cycles of objects that nobody uses any more.

Looking costs time in proportion to everything that is alive. A request, an event and a ledger's row are freed by
counting references; hardly anything here makes a cycle.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


def settle_memory() -> None:
    """Tell the collector that what is loaded stays, and to look for cycles among new objects less often.

    A request makes thousands of objects and hardly a cycle; looking at all of them again and again cost a fifth of
    every command (docs/decisions/0007).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class _Pauses:
    """Pauses of the collector in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._was_on = True

    def begin(self) -> None:
        with self._lock:
            if self._count == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0 and self._was_on:
                gc.enable()


_PAUSES: Final = _Pauses()


@contextmanager
def collecting_paused() -> Iterator[None]:
    """No looking for cycles meanwhile: for work that makes millions of objects and no cycles, a quarter of its time.

    Pauses of several threads and tasks may overlap; the last that ends lets the collector look again.
    """
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()
