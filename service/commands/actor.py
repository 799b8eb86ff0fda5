"""Actor of a command: a key of a unit, or a person who signed in for one, with roles and a scope of divisions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The sender of a command, as it is stored in every event it causes.

    `divisions` are code prefixes: "653022" is the whole county, "653022202" one township with its villages.
    """

    id: str
    kind: str
    county: str
    organization: str
    organization_kind: str
    roles: frozenset[str]
    divisions: tuple[str, ...]
    person: str | None = None
    """Who signed in; None for a key, which is a unit's."""

    def covers(self, division: str) -> bool:
        """Whether a division lies in this actor's scope. Codes are compared as prefixes without padding zeros."""
        return any(division.startswith(unpadded(prefix)) for prefix in self.divisions)

    def envelope(self) -> dict[str, str]:
        """What the log keeps of the actor."""
        kept = {"id": self.id, "kind": self.kind, "organization": self.organization}
        return kept if self.person is None else kept | {"person": self.person}


def unpadded(code: str) -> str:
    """A 12-digit division code without the zeros that pad it: 653022202000 → 653022202, 653022000000 → 653022."""
    if len(code) == 12 and code.isdigit():
        if code.endswith("000000"):
            return code[:6]
        if code.endswith("000"):
            return code[:9]
    return code
