"""Nothing the domain can say goes unproven: every code it raises and every event it records is asserted somewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import domain
from domain.catalogue import AGGREGATES, events_of
from domain.refusals import catalogue
from domain.regulation import rows
from tests.examples import DAY, regulation

SOURCE = Path(domain.__file__).parent
TESTS = Path(__file__).parents[1]


def trees(folder: Path, *, without: str = "") -> Iterator[ast.AST]:
    """The parsed modules of a folder and its sub-folders."""
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder).parts[0] != without:
            yield ast.parse(path.read_text("utf-8"))


def raised() -> set[str]:
    """Every string of the domain's modules that is a code of the catalogue, and the codes its tables let it raise.

    What the modules of the tables themselves refuse is wrong data, and asserted with their loading.
    """
    known = catalogue()
    said = {
        node.value
        for tree in trees(SOURCE, without="regulation")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in known
    }
    assert len(said) > 100
    rules = regulation().on(DAY)
    guards = {row.refusal for row in rules.table("lifecycle.guard", rows.Guard)}
    steps = {
        step.refusal
        for row in rules.table("ownership_rules.rule", rows.OwnershipRule)
        for step in row.steps
        if step.refusal is not None
        and not (step.after_confirmation and known[step.refusal].kind != "warning")
    }
    return said | guards | steps


def asserted(names: set[str]) -> set[str]:
    """The first string among the arguments of every call of one of `names` in the tests."""
    found: set[str] = set()
    for tree in trees(TESTS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                texts = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
                found.update(text for text in texts if isinstance(text, str))
    return found


def test_every_code_the_domain_raises_is_asserted() -> None:
    assert raised() - asserted({"refused", "warned", "found", "said"}) == set()


def test_every_event_the_domain_records_is_asserted() -> None:
    proven: set[str] = set()
    for tree in trees(TESTS):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"recorded", "all_recorded"}
            ):
                proven.update(ast.unparse(arg) for arg in node.args[1:] if isinstance(arg, ast.Attribute))
    recorded = {f"{cls.__name__}.{event.__name__}" for cls in AGGREGATES for event in events_of(cls).values()}
    assert len(recorded) > 100
    assert recorded - proven == set()
