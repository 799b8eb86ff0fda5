"""The table of rights written by hand from the regulation (`rights.toml`), and what it says of one cell."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

Reach = str
"""How a sender stands to what is acted upon: "own unit", "own township", "other township" or "county"."""

REACHES: Final[dict[str, frozenset[Reach]]] = {
    "unit": frozenset({"own unit"}),
    "place": frozenset({"own unit", "own township", "county"}),
    "county": frozenset({"own unit", "own township", "county", "other township"}),
}
"""What of the county each word of `where` opens."""


@dataclass(frozen=True)
class Right:
    """One operation's row: the clauses, the kinds of organisation per role, what of the county it reaches."""

    operation: str
    clauses: tuple[str, ...]
    kinds: dict[str, frozenset[str]]
    where: str
    unit: str | None
    speaks: str | None
    parties: bool
    """Whether it is an act of those whose subject it is: who covers the place without being above them is nobody there."""

    def allows(self, role: str, kind: str, reach: Reach) -> bool:
        """One cell of the table."""
        return kind in self.kinds.get(role, frozenset()) and reach in REACHES[self.where]

    def acts(self, role: str, kind: str, reach: Reach) -> bool:
        """Whether such a sender gets through where it is known whose the subject is."""
        return self.allows(role, kind, reach) and not (self.parties and reach == "county")


def _read() -> tuple[dict[str, Right], frozenset[str]]:
    written = tomllib.loads(Path(__file__).with_name("rights.toml").read_text("utf-8"))
    kinds: dict[str, list[str]] = written["kinds"]
    rights: dict[str, Right] = {}
    for row in written["right"]:
        for operation in row["operations"]:
            assert operation not in rights, f"{operation} is in two rows"
            rights[operation] = Right(
                operation,
                tuple(row["clause"]),
                {
                    role: frozenset(kinds[one] if isinstance(one, str) else one)
                    for role, one in row["roles"].items()
                },
                row["where"],
                row.get("unit"),
                row.get("speaks"),
                row.get("parties", False),
            )
    return rights, frozenset(kinds["ANY"])


RIGHTS, KINDS = _read()
"""The rights by operation ("POST /v1/assets"), and every kind of organisation."""

BY_PLACE: Final[list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("recorded_by_place.toml").read_text("utf-8")
)["recorded"]
"""Writes that whoever is in charge of a place may record, with the reason why they are nobody's own act."""

ROLES: Final = (
    "ADMIN",
    "REGISTRAR",
    "APPROVER",
    "PERSONNEL",
    "OFFICE",
    "AUDITOR",
    "OPERATOR",
    "READER",
    "LOG_AUDITOR",
)
"""Every role, as decision D10 names them."""
