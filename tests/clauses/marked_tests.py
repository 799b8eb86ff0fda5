"""The tests that carry `@pytest.mark.clause(…)`, found by reading their source: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]

Testable = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class MarkedTest:
    """A test, the clauses it shows to work, and what the service does for them: its docstring's first line."""

    file: str
    name: str
    clauses: tuple[str, ...]
    says: str

    @property
    def place(self) -> str:
        """As pytest names it."""
        return f"{self.file}::{self.name}"


def marked_tests(folder: Path = TESTS) -> tuple[list[MarkedTest], list[str]]:
    """Every marked test under a folder, in the order of files and lines, and what is wrong with the marks."""
    found: list[MarkedTest] = []
    faults: list[str] = []
    for path in sorted(folder.rglob("test_*.py")):
        file = f"{folder.name}/{path.relative_to(folder)}"
        tree = ast.parse(path.read_text("utf-8"))
        for owners, test in _tests(tree, ()):
            marks = [mark for owner in (*owners, test) for mark in _marks(owner)]
            if not marks:
                continue
            name = "::".join(
                [*(owner.name for owner in owners if isinstance(owner, ast.ClassDef)), test.name]
            )
            found.append(
                MarkedTest(file, name, _clauses(marks, f"{file}::{name}", faults), _first_line(test))
            )
            faults.extend(_faults_of(test, found[-1]))
    return found, faults


def _tests(
    home: ast.Module | ast.ClassDef, owners: tuple[ast.Module | ast.ClassDef, ...]
) -> Iterator[tuple[tuple[ast.Module | ast.ClassDef, ...], Testable]]:
    """The test functions of a module or class, with the module and classes they stand in."""
    for node in home.body:
        if isinstance(node, Testable) and node.name.startswith("test"):
            yield (*owners, home), node
        elif isinstance(node, ast.ClassDef):
            yield from _tests(node, (*owners, home))


def _marks(owner: ast.Module | ast.ClassDef | Testable) -> Iterator[ast.Call]:
    """The clause marks in an owner's decorators, parametrised cases included, and in a `pytestmark` of its own."""
    sources: list[ast.AST] = [] if isinstance(owner, ast.Module) else list(owner.decorator_list)
    if not isinstance(owner, Testable):
        sources += [
            node.value
            for node in owner.body
            if isinstance(node, ast.Assign) and any(ast.unparse(one) == "pytestmark" for one in node.targets)
        ]
    for source in sources:
        for node in ast.walk(source):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.clause":
                yield node


def _clauses(marks: list[ast.Call], place: str, faults: list[str]) -> tuple[str, ...]:
    ids: list[str] = []
    for mark in marks:
        if not mark.args:
            faults.append(f"{place}: the mark names no clause")
        for argument in mark.args:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                ids.append(argument.value)
            else:
                faults.append(f"{place}: {ast.unparse(argument)} is not a clause id written out")
    return tuple(dict.fromkeys(ids))


def _first_line(test: Testable) -> str:
    return next(iter((ast.get_docstring(test) or "").splitlines()), "")


def _faults_of(test: Testable, marked: MarkedTest) -> Iterator[str]:
    if not marked.says:
        yield f"{marked.place}: no docstring says what the service does for {', '.join(marked.clauses)}"
    for decorator in test.decorator_list:
        told = ast.unparse(decorator)
        if told.startswith(("pytest.mark.skip", "pytest.mark.xfail")):
            yield f"{marked.place}: a test that is not run, or may fail, shows nothing ({told})"
