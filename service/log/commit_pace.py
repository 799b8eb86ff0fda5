"""Pace of commits: how many of the commands that wait the log's writer takes into its next transaction."""

from __future__ import annotations

import sys
from time import thread_time


class CommitPace:
    """Pace of the log's writer: whether it leaves half of the queue for the next transaction.

    Callers that are all answered at once come back all at once: then the database waits while they prepare, and they
    wait while it writes. Two halves taking turns keep both busy. That pays when preparing the whole queue takes
    longer than what a transaction costs beside its rows; on slow disks it does not, and one big transaction is best.
    """

    __slots__ = ("_command_cpu", "_fit", "_last_size", "_lockstep", "_sent_cpu")

    def __init__(self) -> None:
        self._command_cpu = 0.0
        """This thread's CPU seconds for each command, callers' included; a moving average."""
        self._fit: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
        """Fading sums over transactions for a straight line: 1, size, size², seconds, size × seconds."""
        self._sent_cpu = thread_time()
        self._last_size = 0
        self._lockstep = False
        """Nobody was waiting when the last transaction was answered."""

    def share(self, waiting: int) -> int:
        """How many of the commands that wait to take now."""
        uneven = self._lockstep or waiting > 2 * self._last_size
        if waiting > 1 and uneven and self._command_cpu * waiting > self._transaction():
            return (waiting + 1) // 2
        return waiting

    def most_to_follow(self) -> int:
        """How many commands may follow the transaction under way: where halves pay, a small one's stays small."""
        most = 2 * self._last_size
        return most if self._command_cpu * most > self._transaction() else sys.maxsize

    def sending(self, size: int) -> None:
        """A transaction of `size` commands is about to be sent."""
        now = thread_time()
        self._command_cpu += 0.1 * ((now - self._sent_cpu) / size - self._command_cpu)
        self._sent_cpu = now
        self._last_size = size

    def answered(self, seconds: float, waiting: int) -> None:
        """The transaction took `seconds`, and `waiting` commands have queued meanwhile."""
        size = self._last_size
        latest = (1.0, size, size * size, seconds, size * seconds)
        self._fit = tuple([0.98 * old + new for old, new in zip(self._fit, latest, strict=True)])
        self._lockstep = not waiting

    def _transaction(self) -> float:
        """Seconds of a transaction without rows, mostly the commit; 0 as long as all had the same size: try another."""
        count, sizes, squares, seconds, products = self._fit
        spread = count * squares - sizes * sizes
        if spread <= 0.01 * count * squares:
            return 0.0
        return (squares * seconds - sizes * products) / spread
