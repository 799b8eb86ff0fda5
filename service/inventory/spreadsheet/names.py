"""Divisions and units by the names clerks write, on a day: codes, official names, and names without their suffix.

A name that fits two divisions or two units is refused with both; a division that has become another is refused with
its successor. Nothing is mapped silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.refusals import Refusal, refuse
from service.inventory.spreadsheet.suggestions import Likeness
from service.inventory.spreadsheet.words import heading, plain

_VILLAGE_SUFFIXES: Final = ("村民委员会", "社区居委会", "村委会", "居委会", "委会", "社区", "村")
_VILLAGES: Final = frozenset({"village", "community", "farm_team"})


@dataclass(frozen=True, slots=True)
class Place:
    """A division as the directory has it."""

    code: str
    name: str
    level: str
    parent: str | None
    valid_from: date
    closed_on: date | None = None
    successor: str | None = None

    def in_force(self, on: date) -> bool:
        """Whether it exists on a day."""
        return self.valid_from <= on and (self.closed_on is None or on < self.closed_on)


@dataclass(frozen=True, slots=True)
class DirectoryUnit:
    """An organisation as the directory has it. `short`: what the regulation calls it for short."""

    code: str
    name: str
    kind: str
    short: str | None = None


class Names:
    """Names and the codes they stand for on one day."""

    def __init__(self, places: Iterable[Place], units: Iterable[DirectoryUnit], on: date) -> None:
        self._on = on
        self._likeness = Likeness()
        self._places = {place.code: place for place in places}
        self._villages: dict[str, list[Place]] = {}
        self._townships: dict[str, list[Place]] = {}
        for place in self._places.values():
            if place.level in _VILLAGES:
                self._villages.setdefault(village_key(place.name), []).append(place)
            else:
                self._townships.setdefault(plain(place.name), []).append(place)
        county = next((plain(place.name) for place in self._places.values() if place.level == "county"), "")
        self._units = {unit.code: unit for unit in units}
        self._by_name: dict[str, list[DirectoryUnit]] = {}
        for unit in self._units.values():
            for name in _unit_names(unit, county):
                self._by_name.setdefault(name, []).append(unit)

    def township(self, text: str, field: str) -> Place:
        """A township or state farm by name or code."""
        found = self._coded(text) or self._townships.get(plain(text), [])
        return self._one(found, text, field)

    def place(self, text: str, township: Place | None, field: str) -> Place:
        """A village by name or code, or a township by its full name. CODE_UNKNOWN, CELL_AMBIGUOUS, FIELD_INVALID."""
        found = self._coded(text)
        if not found:
            found = self._villages.get(village_key(text), []) or self._townships.get(plain(text), [])
        if not found:
            found = self._within(plain(text))
        if township is not None:
            inside = [one for one in found if township.code in {one.parent, one.code}]
            if found and not inside:
                reason = f"不在{township.name} / not in that township"
                raise refuse("FIELD_INVALID", field=field, value=text, reason=reason)
            found = inside
        return self._one(found, text, field)

    def unit(self, text: str, field: str) -> DirectoryUnit:
        """A unit by code, official name or short name. CODE_UNKNOWN, CELL_AMBIGUOUS."""
        by_code = self._units.get(text)
        found = [by_code] if by_code is not None else self._by_name.get(plain(text), [])
        if len(found) > 1:
            reason = "、".join(f"{one.name} {one.code}" for one in found[:5])
            raise refuse("CELL_AMBIGUOUS", field=field, value=text, reason=reason)
        if not found:
            within = [
                unit for place in self._within(text) if (unit := self._units.get(place.code)) is not None
            ]
            if len(within) == 1:
                return within[0]
            like = [self._by_name[name][0] for name in self._likeness.of("unit", plain(text), self._by_name)]
            raise _unknown(text, field, [(unit.name, unit.code) for unit in like])
        return found[0]

    def knows_place(self, text: str) -> bool:
        """Whether a village or a township goes by this name or code."""
        return bool(
            self._coded(text) or self._villages.get(village_key(text)) or self._townships.get(plain(text))
        )

    def knows_unit(self, text: str) -> bool:
        """Whether a unit goes by this name or code."""
        return text in self._units or plain(text) in self._by_name

    def _coded(self, text: str) -> list[Place]:
        place = self._places.get(text.ljust(12, "0") if len(text) in {6, 9} and text.isdigit() else text)
        return [place] if place is not None else []

    def _within(self, text: str) -> list[Place]:
        """A township's full name followed by one of its villages."""
        return [
            village
            for name, townships in self._townships.items()
            if text.startswith(name) and len(text) > len(name)
            for village in self._villages.get(village_key(text[len(name) :]), [])
            if village.parent in {township.code for township in townships}
        ]

    def _one(self, found: list[Place], text: str, field: str) -> Place:
        if not found:
            known = {**self._villages, **self._townships}
            like = [known[name][0] for name in self._likeness.of("place", village_key(text), known)]
            raise _unknown(text, field, [(place.name, place.code) for place in like])
        there = [place for place in found if place.in_force(self._on)]
        if not there:
            reason = f"已由 {found[0].successor} 承接 / succeeded by it" if found[0].successor else "尚未设立"
            raise refuse("FIELD_INVALID", field=field, value=text, reason=reason)
        if len(there) > 1:
            reason = "、".join(f"{place.name} {place.code}" for place in there[:5])
            raise refuse("CELL_AMBIGUOUS", field=field, value=text, reason=reason)
        return there[0]


def village_key(name: str) -> str:
    """A village's name without what every village's name ends in."""
    key = plain(name)
    for suffix in _VILLAGE_SUFFIXES:
        if key.endswith(suffix) and len(key) > len(suffix):
            return key.removesuffix(suffix)
    return key


def _unknown(text: str, field: str, like: Sequence[tuple[str, str]]) -> Refusal:
    suggested = [f"{name}（{code}）" for name, code in dict.fromkeys(like)]
    return refuse("CODE_UNKNOWN", field=field, value=text, suggested=suggested or None)


def _unit_names(unit: DirectoryUnit, county: str) -> set[str]:
    name = plain(unit.name)
    base = name.removesuffix("人民政府")
    names = {name, name.removeprefix("县"), base}
    if unit.kind == "TOWNSHIP":
        names.add(base + "政府")
    if county:
        names |= {county + name.removeprefix("县"), county + base}
    if unit.short is not None:
        names.add(plain(unit.short))
    if unit.kind == "VILLAGE":
        names |= {village_key(unit.name) + suffix for suffix in ("村", "村委会", "村民委员会")}
    return {one for one in names if one}


def fund_sources(official: Mapping[str, str], words: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fund sources by every name they go by: `official` (code → name) and (source, name) of the vocabulary.

    `ValueError` for a name of two sources: the county's data and the vocabulary contradict each other.
    """
    found: dict[str, str] = {}
    pairs = [*((code, name) for code, name in official.items()), *words]
    for code, name in pairs:
        for key in {plain(name), heading(name), heading(name).removeprefix("各级"), plain(code)}:
            if found.setdefault(key, code) != code:
                msg = f"{name!r} stands for {found[key]} and {code}"
                raise ValueError(msg)
    return found
