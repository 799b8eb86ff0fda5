"""The kept list of planted bugs: each a text of one file, what stands there instead, and the tests that should see it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).with_name("mutants.toml")


@dataclass(frozen=True)
class Mutant:
    """One planted bug."""

    name: str
    kind: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def matches(self, words: str) -> bool:
        """Whether it is one of those asked for: a part of its name, kind or file."""
        return any(words in one for one in (self.name, self.kind, self.file))

    def planted_in(self, text: str) -> str:
        """The file's text with the bug. `ValueError` unless the text to replace occurs exactly once."""
        if text.count(self.find) != 1:
            msg = f"{self.name}: found {text.count(self.find)} times in {self.file}: {self.find!r}"
            raise ValueError(msg)
        return text.replace(self.find, self.replace)


def mutants() -> list[Mutant]:
    """All of the list, in its order. The tests of a group are those of its mutants that name none of their own."""
    found = []
    for group in tomllib.loads(LIST.read_text("utf-8"))["group"]:
        for one in group["mutant"]:
            found.append(
                Mutant(
                    one["what"],
                    group["kind"],
                    one.get("file", group.get("file", "")),
                    one["find"],
                    one["replace"],
                    tuple(one.get("tests", group["tests"])),
                )
            )
    return found
