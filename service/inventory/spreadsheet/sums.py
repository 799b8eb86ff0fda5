"""Sums that a ledger states: rows of totals (合计, 小计) held against the rows that they are about.

A total stands below its rows or above them, and is about all of them or about those of a section, a table or since
another total. It differs when none of these makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.values import Fen
    from service.inventory.spreadsheet.ledger import Skipped


class Sums:
    """Amounts by column, added up row by row, with the places where a part begins or ends."""

    def __init__(self) -> None:
        self._so_far: dict[str, int] = {}
        self._divisions: list[dict[str, int]] = [{}]
        self._stated: list[tuple[Skipped, Mapping[str, Fen], dict[str, int]]] = []

    def add(self, amounts: Mapping[str, Fen]) -> None:
        """Add a row."""
        for name, amount in amounts.items():
            self._so_far[name] = self._so_far.get(name, 0) + amount

    def divide(self) -> None:
        """Another part begins here."""
        self._divisions.append(dict(self._so_far))

    def state(self, row: Skipped, amounts: Mapping[str, Fen]) -> None:
        """A row of totals says these amounts."""
        self._stated.append((row, amounts, dict(self._so_far)))
        self.divide()

    def differing(self) -> list[Skipped]:
        """The rows of totals with an amount that no part makes. Asked after the last row."""
        self.divide()
        return [
            row
            for row, amounts, there in self._stated
            if any(not self._makes(name, there, amount) for name, amount in amounts.items())
        ]

    def _makes(self, name: str, there: dict[str, int], amount: int) -> bool:
        at = there.get(name, 0)
        return any(abs(at - division.get(name, 0)) == amount for division in self._divisions)
