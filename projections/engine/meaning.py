"""Meaning of a column's values: money, the code of a unit, the code of a list. It stands where the column is.

Whoever shows a ledger asks the column, never its name: `lines` are a count in one ledger and amounts in another, and
`NONE` is a state of a disposal here and an accounting system there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Meaning:
    """Meaning of a value. A value of this class itself is shown as it is: inside a list or an object a text."""


@dataclass(frozen=True, slots=True)
class Bare(Meaning):
    """A value inside a list or an object that is shown as it is and is no text."""

    of: Literal["day", "whole", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Money(Meaning):
    """An amount: fen in the ledgers, yuan outside."""


@dataclass(frozen=True, slots=True)
class Named(Meaning):
    """The code of a unit, a division or a person, which has a name in the directory. `kinds`: where to look, in order."""

    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Codes(Meaning):
    """A code of one list. The county's rules give the words (`tables`, `terms`), or for states of a ledger `words`.

    `tables` are tables of the regulation, `terms` lists of its vocabulary; of a code in several the first word counts.
    """

    tables: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    @property
    def own(self) -> dict[str, str]:
        """The words that the list itself gives, by code."""
        return dict(self.words)


@dataclass(frozen=True, slots=True)
class Each(Meaning):
    """A list of values that mean the same."""

    of: Meaning


@dataclass(frozen=True, slots=True)
class ByKey(Meaning):
    """An object whose names are codes: what these mean, and what stands under them."""

    key: Meaning
    of: Meaning


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: what it is called in Chinese, what it means, and whether it may be missing or null."""

    title: str
    of: Meaning
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Parts(Meaning):
    """An object with members of its own, in the order in which they are told.

    `name`: of its schema, where several ledgers have such objects.
    """

    of: tuple[tuple[str, Member], ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class OneOf(Meaning):
    """A value that means one of these; which of them, another column says."""

    of: tuple[Meaning, ...]


PLAIN: Final = Meaning()
DAY: Final = Bare("day")
WHOLE: Final = Bare("whole")
NUMBER: Final = Bare("number")
FLAG: Final = Bare("flag")
MONEY: Final = Money()
UNIT_CODE: Final = Named(("unit",))
PLACE_CODE: Final = Named(("place", "unit"))
PERSON_CODE: Final = Named(("person",))
UNIT_OR_PLACE_CODE: Final = Named(("unit", "place"))


def states(**words: str) -> Codes:
    """The states of a ledger's column: code → Chinese."""
    return Codes(words=tuple(words.items()))


def table(*names: str) -> Codes:
    """Codes of a table of the county's regulation."""
    return Codes(tables=names)


def terms(*lists: str) -> Codes:
    """Terms of a list of the county's vocabulary."""
    return Codes(terms=lists)


def member(title: str, of: Meaning = PLAIN) -> Member:
    """A member that every such object has."""
    return Member(title, of)


def optional(title: str, of: Meaning = PLAIN) -> Member:
    """A member that may be missing or null."""
    return Member(title, of, optional=True)


def parts(name: str | None = None, /, **members: Member) -> Parts:
    """An object with these members (names as in the JSON: camelCase), and maybe a schema's name."""
    return Parts(tuple(members.items()), name)
