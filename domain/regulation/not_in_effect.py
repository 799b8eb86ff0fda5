"""Rows of a county's tables that no decision reads yet (尚未生效): one packaged list, the same for every county.

Whoever edits such a field changes nothing so far, so wherever the rules are shown or checked it is said. A test compares the
list with the code: what has no reader stands in it, what stands in it has none.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic.alias_generators import to_camel

from domain.values import Value


class Waiting(Value):
    """Something without a reader: a row, or a field of it, or one value in that field. `zh`, `en`: what will read it."""

    table: str
    row: str | None = None
    field: str | None = None
    value: str | None = None
    zh: str
    en: str

    @property
    def part(self) -> str | None:
        """The part of a parameter's value, as the API names it; None for the whole of it."""
        return None if self.field is None else to_camel(self.field)

    @property
    def place(self) -> str:
        """Where it stands, as people write it: "P03", "P23 operating_net_at_least", "chains.disposal_route filing"."""
        named = self.row if self.row is not None else self.table
        return " ".join(part for part in (named, self.field, self.value) if part is not None)


class WaitingFile(Value):
    """not_in_effect.toml: `[[waiting]]` blocks."""

    waiting: tuple[Waiting, ...]


@cache
def waiting() -> tuple[Waiting, ...]:
    """Everything without a reader. Read once."""
    source = resources.files("domain").joinpath("regulation", "data", "not_in_effect.toml")
    return WaitingFile.model_validate(
        tomllib.loads(source.read_text("utf-8")), by_alias=False, by_name=True
    ).waiting


def waiting_of(parameter: str) -> tuple[Waiting, ...]:
    """What of a parameter has no reader: the whole of it (without `field`), or parts of its value."""
    return tuple(one for one in waiting() if one.table == "parameters.parameter" and one.row == parameter)
