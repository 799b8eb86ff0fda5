"""Which codes a decision can refuse with, found in the source: its own, and those of every function it calls.

A function's own codes are the texts of its body that are refusing codes of the catalogue, in constants of its module that
it uses too, and those that the county's tables let it raise (`row.refusal`). Calls are followed to any depth: by the name's
real value in the function's module, by the class for `self`, and by the method's name where only one class of the
domain has such a method. What a table decides by an action (`_allow("BOOK", …)`) is followed by that action.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, Final

import domain
import service.commands
from domain.aggregate import DomainAggregate
from domain.catalogue import AGGREGATES
from domain.occasion import Occasion
from domain.refusals import catalogue
from domain.regulation import rows
from tests.examples import DAY, regulation

REFUSING: Final = frozenset(code for code, entry in catalogue().items() if entry.kind != "warning")
COLUMNS: Final = {
    "domain.asset.facts.card": ("CardItem.refusal",),
    "domain.asset.facts.ownership": ("OwnershipStep.refusal", "CardItem.refusal"),
    "domain.procedure.course": ("PlannedStep.refusal",),
}
"""Where a row of a table says with which code is refused: modules, and the columns they read."""
COMMON: Final = frozenset({DomainAggregate.record, DomainAggregate.begin.__func__})  # type: ignore[attr-defined]
"""What every decision ends in; their docstrings name what any decision can be refused with."""
SPELLED: Final = re.compile(r"\b(?:[A-Z][A-Z_0-9]+[A-Z0-9]|[A-Z][A-Za-z]+\.(?:refusal|forbidden_code))\b")
"""A code, or the column of a table that holds one, as docstrings write them."""
NOT_FOLLOWED: Final = frozenset({"refuse", "refuse_by", "warn_by", "warning", "refusal", "require"})
"""What says a refusal, rather than decides on one."""


def modules(package: ModuleType) -> list[ModuleType]:
    """Every module of a package."""
    names = (one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    return [importlib.import_module(name) for name in names]


@dataclass(frozen=True, slots=True)
class Decision:
    """A public method of an aggregate or a function of the domain that is given an occasion, or a use case of
    `service.commands`.
    """

    name: str
    function: FunctionType
    owner: type | None

    @property
    def named(self) -> set[str]:
        """The codes and columns that its docstring names."""
        spelled = SPELLED.findall(inspect.getdoc(self.function) or "")
        return {one for one in spelled if one in REFUSING or "." in one}


def decisions() -> Iterator[Decision]:
    """Every decision of the domain, every check that decisions share, and every use case."""
    for cls in AGGREGATES:
        for name, value in inspect.getmembers(cls):
            function = bare(value)
            own = function is not None and function not in COMMON
            if name[0] != "_" and function is not None and own and _takes_occasion(function):
                yield Decision(f"{cls.__name__}.{name}", function, cls)
    for module in (*modules(domain), *modules(service.commands)):
        for name, value in vars(module).items():
            function = bare(value)
            own = name[0] != "_" and getattr(value, "__module__", "") == module.__name__
            ours = own and not isinstance(value, type) and function is not None
            if ours and function is not None and _takes_occasion(function):
                yield Decision(f"{module.__name__}.{name}", function, None)


def _takes_occasion(function: FunctionType) -> bool:
    return any(str(hint).endswith("Occasion") for hint in function.__annotations__.values())


def bare(value: Any) -> FunctionType | None:
    """The function behind a method or a plain function of this project; None for anything else."""
    function = inspect.unwrap(getattr(value, "__func__", value)) if callable(value) else None
    ours = isinstance(function, FunctionType) and function.__module__.startswith(("domain", "service"))
    return function if ours else None


@cache
def tree_of(function: FunctionType) -> ast.FunctionDef:
    """The function's source, without its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    return tree  # type: ignore[return-value]  # both kinds are walked alike


def raised_by(decision: Decision) -> dict[str, None]:
    """Every code the decision can refuse with, in the order of the source."""
    found: dict[str, None] = {}
    _collect(decision.function, decision.owner, found, set(), None)
    return found


def _collect(
    function: FunctionType, owner: type | None, found: dict[str, None], seen: set[Any], action: str | None
) -> None:
    if (function, action) in seen or function in COMMON:
        return
    seen.add((function, action))
    for node in _in_order(tree_of(function)):
        if isinstance(node, ast.Constant):
            found.update(_codes_in(node.value))
        elif isinstance(node, ast.Name) and node.id.isupper():
            found.update(_codes_in(function.__globals__.get(node.id)))
        elif isinstance(node, ast.Attribute) and node.attr == "refusal":
            found.update(_by_table(function, action))
        elif isinstance(node, ast.Attribute) and node.attr == "forbidden_code":
            found["AssetClass.forbidden_code"] = None
        elif isinstance(node, ast.Call):
            for called, on in _called(node, function, owner):
                _collect(
                    called, on or owner, found, seen, _action(node) if called.__name__ == "_allow" else None
                )


def _in_order(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        yield child
        yield from _in_order(child)


def _codes_in(value: Any) -> dict[str, None]:
    """The refusing codes in a constant of the source, whatever it is made of."""
    if isinstance(value, str):
        return {value: None} if value in REFUSING else {}
    if isinstance(value, dict):
        return _codes_in([*value.keys(), *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return {code: None for one in value for code in _codes_in(one)}
    return {}


def _action(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _by_table(function: FunctionType, action: str | None) -> dict[str, None]:
    """The codes of the guards that stop an action; of other tables the column, which a docstring names instead of its codes."""
    module = function.__module__
    if module == "domain.asset.state":
        states = {state for states in rows.REGIONS.values() for state in states}
        guards = regulation().on(DAY).table("lifecycle.guard", rows.Guard)
        return {
            row.refusal: None
            for row in guards
            if action is None or any(row.forbids(action, state) for state in states)  # type: ignore[arg-type]
        }
    return dict.fromkeys(COLUMNS.get(module, ()))


def _called(
    node: ast.Call, function: FunctionType, owner: type | None
) -> Iterator[tuple[FunctionType, type | None]]:
    match node.func:
        case ast.Name(id=name):
            value = function.__globals__.get(name)
            called = bare(value)
            if called is not None and name not in NOT_FOLLOWED and not isinstance(value, type):
                yield called, None
        case ast.Attribute(value=on, attr=name) if name not in NOT_FOLLOWED:
            yield from _method(on, name, function, owner)


def _method(
    on: ast.expr, name: str, function: FunctionType, owner: type | None
) -> Iterator[tuple[FunctionType, type | None]]:
    if isinstance(on, ast.Name):
        if on.id in {"self", "cls"} and owner is not None:
            called = bare(inspect.getattr_static(owner, name, None))
            called = called or _property(owner, name)
            if called is not None:
                yield called, owner
            return
        if on.id == "at" and hasattr(Occasion, name):
            called = bare(inspect.getattr_static(Occasion, name))
            if called is not None:
                yield called, Occasion
            return
        value = function.__globals__.get(on.id)
        if isinstance(value, ModuleType | type):
            called = bare(getattr(value, name, None))
            if called is not None:
                yield called, value if isinstance(value, type) else None
            return
    homes = methods().get(name, ())
    hinted = str(function.__annotations__.get(on.id, "")) if isinstance(on, ast.Name) else ""
    fitting = [home for home in homes if home[1].__name__ == hinted] or homes
    if len(fitting) == 1:
        yield fitting[0]


def _property(owner: type, name: str) -> FunctionType | None:
    value = inspect.getattr_static(owner, name, None)
    return bare(value.fget) if isinstance(value, property) and value.fget is not None else None


@cache
def methods() -> dict[str, tuple[tuple[FunctionType, type], ...]]:
    """Method name → the classes of the domain that define it."""
    found: dict[str, dict[FunctionType, type]] = {}
    for module in modules(domain):
        for cls in vars(module).values():
            if isinstance(cls, type) and cls.__module__ == module.__name__:
                for name, value in vars(cls).items():
                    function = bare(value)
                    if function is not None:
                        found.setdefault(name, {})[function] = cls
    return {name: tuple(homes.items()) for name, homes in found.items()}
