"""Visibility of personal data: one table, one pure function, beside the table of rights (`authorization`).

Everything that leaves the service asks it (`service.ledgers.masking`): pages, exports, events, histories, packs. The
rows are written from the regulation; what no row allows is masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from domain.classification import Classification, Classified, DataSubject
from service.commands.actor import Actor
from service.commands.authorization import Role
from service.ledgers.masking import OF_HOUSEHOLD


class Reach(StrEnum):
    """Reach of a row: the persons whose data it opens."""

    COUNTY = "COUNTY"
    """Those of the whole county."""
    JURISDICTION = "JURISDICTION"
    """What lies in the credential's divisions, or belongs to its own unit."""
    UNIT = "UNIT"
    """What names the credential's own unit."""
    SELF = "SELF"
    """What is about the household itself that asks."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One row of the table: who sees data about a subject up to a level, and by which clause."""

    subject: DataSubject
    level: Classification
    """The highest level that is seen: SEALED includes PERSONAL."""
    roles: frozenset[Role]
    kinds: frozenset[str] | None
    """Kinds of organisation in which the roles count; None: any."""
    reach: Reach
    clause: str
    unit: str | None = None
    """The one unit in which the roles count; None: any of the kinds."""

    def counts(self, actor: Actor, mark: Classified) -> bool:
        """Whether this row is about such a value, and somebody's role counts in it."""
        return (
            mark.subject is self.subject
            and (mark.level is Classification.PERSONAL or self.level is Classification.SEALED)
            and not self.roles.isdisjoint(actor.roles)
            and (self.kinds is None or actor.organization_kind in self.kinds)
            and self.unit in {None, actor.organization}
        )

    def reaches(self, actor: Actor, codes: frozenset[str]) -> bool:
        """Whether it reaches what these codes stand around."""
        match self.reach:
            case Reach.COUNTY:
                return True
            case Reach.JURISDICTION:
                return actor.organization in codes or any(actor.covers(one) for one in codes if one.isdigit())
            case Reach.UNIT:
                return actor.organization in codes
            case Reach.SELF:
                return f"{OF_HOUSEHOLD}{actor.organization}" in codes


_CLERKS: Final = frozenset({Role.REGISTRAR, Role.APPROVER})
_AUDITORS: Final = frozenset({Role.AUDITOR})
_OFFICE: Final = frozenset({Role.OFFICE})
_PERSONNEL: Final = frozenset({Role.PERSONNEL})
_KEEPERS: Final = frozenset({"VILLAGE", "TOWNSHIP", "FARM", "COMPANY"})
"""Who keeps the ledgers in which households stand (C4.5-18), and the agents that keep books for them (C4.7-04)."""
_HANDING_OVER: Final = frozenset({"VILLAGE", "TOWNSHIP", "FARM", "COUNTY_GOV"})
"""Who carries a handover out or watches over it, in its own place and below; a department does in itself alone."""
_DEPARTMENTS: Final = frozenset({"DEPARTMENT"})
_THE_OFFICE: Final = frozenset({"ASSET_OFFICE"})
_P: Final = Classification.PERSONAL
_S: Final = Classification.SEALED

SIGHTS: Final[tuple[Sight, ...]] = (
    Sight(DataSubject.HOUSEHOLD, _S, frozenset({Role.READER}), frozenset({"HOUSEHOLD"}), Reach.SELF, "C3-07"),
    Sight(DataSubject.HOUSEHOLD, _S, _CLERKS, _KEEPERS, Reach.JURISDICTION, "C4.5-18"),
    Sight(DataSubject.HOUSEHOLD, _P, _CLERKS, _DEPARTMENTS, Reach.COUNTY, "C4.6-09", "RURAL_REVITALIZATION"),
    Sight(DataSubject.HOUSEHOLD, _P, _OFFICE, _THE_OFFICE, Reach.COUNTY, "C4.6-01"),
    Sight(DataSubject.HOUSEHOLD, _S, _AUDITORS, None, Reach.COUNTY, "C5.4-01"),
    Sight(DataSubject.OBJECTOR, _S, _CLERKS, None, Reach.JURISDICTION, "C3-05"),
    Sight(DataSubject.OBJECTOR, _S, _OFFICE, _THE_OFFICE, Reach.JURISDICTION, "C3-05"),
    Sight(DataSubject.OBJECTOR, _S, _AUDITORS, None, Reach.COUNTY, "C5.4-01"),
    Sight(DataSubject.LEAVER, _P, _CLERKS, _HANDING_OVER, Reach.JURISDICTION, "C4.10-11"),
    Sight(DataSubject.LEAVER, _P, _CLERKS, _DEPARTMENTS, Reach.UNIT, "C4.10-11"),
    Sight(DataSubject.LEAVER, _S, _PERSONNEL, None, Reach.JURISDICTION, "C4.10-11"),
    Sight(DataSubject.LEAVER, _S, _AUDITORS, None, Reach.COUNTY, "C5.4-01"),
    Sight(DataSubject.ANSWERABLE, _P, _OFFICE, _THE_OFFICE, Reach.COUNTY, "C5.4-02"),
    Sight(DataSubject.ANSWERABLE, _P, _PERSONNEL, None, Reach.COUNTY, "C5.4-02"),
    Sight(DataSubject.ANSWERABLE, _S, _AUDITORS, None, Reach.COUNTY, "C5.4-02"),
    Sight(DataSubject.PAYER, _P, _CLERKS, _KEEPERS, Reach.JURISDICTION, "C4.8-01"),
    Sight(DataSubject.PAYER, _P, _CLERKS, _DEPARTMENTS, Reach.UNIT, "C4.8-01"),
    Sight(DataSubject.PAYER, _P, _OFFICE, _THE_OFFICE, Reach.COUNTY, "C4.6-01"),
    Sight(DataSubject.PAYER, _S, _AUDITORS, None, Reach.COUNTY, "C5.4-01"),
)
"""Every right to see personal data. Whoever asks without a credential, or at the terminal, has none."""


def sees(actor: Actor | None, mark: Classified, codes: frozenset[str]) -> bool:
    """Whether somebody sees a value of a classification around which these codes stand (units, divisions, persons)."""
    if not mark.guarded:
        return True
    return actor is not None and any(row.reaches(actor, codes) for row in _that_count(actor, mark))


@lru_cache(maxsize=4096)
def _that_count(actor: Actor, mark: Classified) -> tuple[Sight, ...]:
    return tuple(row for row in SIGHTS if row.counts(actor, mark))
