"""What the figures should be: for each a bound on its value, or on its ratio to what it is compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True)
class Target:
    """`name` and `beside` are patterns of a row's name and of what it is compared with."""

    name: str
    of: Literal["value", "ratio"]
    least: float | None = None
    most: float | None = None
    beside: str = ""

    def fits(self, row: dict[str, Any]) -> bool:
        """Whether it is about this row."""
        return bool(
            re.search(self.name, row["name"]) and re.search(self.beside, row.get("compared_with") or "")
        )

    def met_by(self, row: dict[str, Any]) -> bool:
        """Whether the row's figure is within the bounds."""
        figure = row[self.of]
        return (self.least is None or figure >= self.least) and (self.most is None or figure <= self.most)

    def __str__(self) -> str:
        """For the table."""
        bound = f"≥ {self.least:,g}" if self.least is not None else f"≤ {self.most:,g}"
        return f"{bound} ×" if self.of == "ratio" else bound


TARGETS: Final = (
    Target(r"^append, 64 callers", "ratio", least=1.3, beside="pgbench"),
    Target(r"^append, 64 callers", "ratio", least=20, beside="library"),
    Target(r"^append, 1 callers", "ratio", least=1, beside="library"),
    Target(r"^bulk append", "ratio", least=0.4),
    Target(r"^append over 5,000 streams", "value", most=2),
    Target(r"^asset of 50 events, cached state", "value", most=0.15),
    Target(r"^HTTP (register|report) .*connections$", "ratio", least=0.35),
    Target(r"^HTTP register .*worker's processor time", "value", most=500),
    Target(r"^HTTP report .*worker's processor time", "value", most=400),
    Target(r"^rebuild of all .*(replay|swap)", "value", least=200_000),
    Target(r"^live: .*(median|percentile)", "value", most=100),
    Target(r"^append [0-9,]+ rows", "value", least=5_000),
    Target(r"^audit pack of 3[0-9][0-9] ", "value", most=1),
    Target(r"^audit pack of 5,", "value", most=10),
    Target(r"^events of .* proven", "value", least=100_000),
    Target(r"^offline verification of", "value", least=40_000),
    Target(r"verification of the whole log", "value", least=165_000),
    Target(r"^handover of 5,000 .*completion", "value", most=2),
    Target(r"^clearance .*99th", "value", most=10),
    Target(r"^writes beside", "ratio", least=0.7),
    Target(r"^health beside", "value", most=100),
    Target(r"^/docs.*first paint", "value", most=2),
    Target(r"as of", "ratio", most=2, beside="current"),
)


def judged(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its `target` (text) and whether it is `met`; None where nothing is asked of it."""
    target = next((one for one in TARGETS if one.fits(row)), None)
    return row | {
        "target": None if target is None else str(target),
        "met": None if target is None else target.met_by(row),
    }
