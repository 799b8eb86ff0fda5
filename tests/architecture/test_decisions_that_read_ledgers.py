"""What a decision is read from: rows of ledgers can be edited by whoever reaches the database, events cannot unseen.

Every operation that writes and looks into a ledger first stands in `decisions_that_read_ledgers.toml`: either what it reads is
held to the events (or folded from them), or there is a reason why that is not needed.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "service/api",
    "service/commands",
    "service/sealing",
    "service/inventory",
    "service/ledgers/questions",
)
LISTED = tomllib.loads(Path(__file__).with_name("decisions_that_read_ledgers.toml").read_text("utf-8"))
_READS = {
    "ledgers",
    "pool",
    "moments",
    "projector",
    "reach_head",
    "reach",
    "look",
    "folded",
    "as_it_stands",
    "snapshot",
    "ledgers_now",
    "ledgers_at_head",
    "ledger_at",
}
"""What one says to look into a ledger."""
_HOLDS = {"hold_to_events", "hold_rows_to_events", "moments", "folded"}
"""What one says to compare with the events, or to fold them."""
_WRITES = {"post", "delete", "put", "patch"}


@dataclass
class Function:
    """A function of a module: what it says and whom it calls."""

    place: str
    writes: bool = False
    says: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, place: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        found = cls(place)
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            found.writes |= isinstance(called, ast.Attribute) and called.attr in _WRITES
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute):
                found.says.add(inner.attr)
            elif isinstance(inner, ast.Name):
                found.says.add(inner.id)
        return found


def functions(sources: dict[str, str]) -> list[Function]:
    """Every function and method of these modules; a nested one belongs to the one around it."""
    found = []
    for path, source in sources.items():
        for node in ast.parse(source).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            found += [
                Function.of(f"{path}:{one.name}", one)
                for one in inside
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
    return found


def imported(sources: dict[str, str]) -> dict[str, set[str]]:
    """Module → itself and the modules that it takes names from."""
    found = {}
    for path, source in sources.items():
        found[path] = {path}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                base = node.module.replace(".", "/")
                found[path] |= {f"{base}.py", *(f"{base}/{one.name}.py" for one in node.names)}
    return found


def decisions(sources: dict[str, str]) -> dict[str, set[str]]:
    """Operations that write and read a ledger → by what they hold what they read to the events; empty: by nothing."""
    every, near = functions(sources), imported(sources)
    known: dict[tuple[str, str], Function] = {}
    for one in every:
        path, _, name = one.place.partition(":")
        if not one.writes and not path.startswith(_NO_LEDGERS):
            known[path, name] = one

    def reading(one: Function, seen: frozenset[str]) -> set[str]:
        """What a function says, with what those say that it names."""
        said = set(one.says)
        for path in near[one.place.partition(":")[0]]:
            for name in one.says:
                other = known.get((path, name))
                if other is not None and other.place not in seen:
                    said |= reading(other, seen | {other.place})
        return said

    found = {}
    for one in every:
        if one.writes and not one.place.startswith(_NO_LEDGERS):
            said = reading(one, frozenset({one.place}))
            if said & _READS:
                found[one.place] = said & _HOLDS
    return found


_NO_LEDGERS = (
    "service/commands/operations.py", "service/commands/credentials.py", "service/api/http/", "service/api/system/",
    "service/api/webhooks/", "service/api/serving.py", "service/api/app.py",
)  # fmt: skip
"""What has tables of its own, which are no ledgers: operations, keys, webhooks; and what serves."""


def sources() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
    }


def test_every_decision_that_reads_a_ledger_holds_it_to_the_events_or_is_listed() -> None:
    found = decisions(sources())
    for place, reason in LISTED["held"].items():
        word, colon, _ = reason.partition(": ")
        assert colon, f"{place} says by what it is held, and why"
        assert word in found.get(place, set()), f"{place} is held by {word} no longer"
    held = {place for place, holds in found.items() if holds}
    assert held == set(LISTED["held"]), "held to the events, or no longer"
    assert set(found) - held == set(LISTED["read"]), "read as they stand: with a reason each"
    assert all(len(reason) > 30 for part in ("held", "read") for reason in LISTED[part].values())


def test_a_decision_that_reads_one_is_found() -> None:
    planted = {
        "a.py": "async def _rows(write):\n    async with write.pool.acquire() as c:\n        return c\n"
        "@kind.post('/x')\nasync def decide(body, write):\n    return await _rows(write)\n"
        "@kind.post('/y')\nasync def hold(body, write):\n    await _rows(write)\n    await hold_to_events(write)\n"
        "@kind.post('/z')\nasync def plain(body, write):\n    return await write.decide(body)\n"
    }
    assert decisions(planted) == {"a.py:decide": set(), "a.py:hold": {"hold_to_events"}}
