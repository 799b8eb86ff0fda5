"""Every method, property and field of a class is read by the delivered code, by what mypy says whose it is.

`test_unused_names` looks at names alone, so a method counts as used where any other class has one of its name that is.
Here a reading counts for the class it is made on, for its bases and for the protocols it fulfils. Fields are those of
dataclasses: what Pydantic holds is sent and stored.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from mypy.build import BuildResult
from mypy.nodes import (
    Decorator,
    Expression,
    FuncDef,
    MemberExpr,
    MypyFile,
    OverloadedFuncDef,
    RefExpr,
    TypeInfo,
    Var,
)
from mypy.traverser import NameAndMemberCollector
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    LiteralType,
    Overloaded,
    TupleType,
    Type,
    TypedDictType,
    TypeType,
    TypeVarType,
    UnionType,
    get_proper_type,
)

from tests.architecture.readers import ROOT, typed
from tests.architecture.test_rule_data import PACKAGES, packages_read

READ_OTHERWISE: Final = tomllib.loads(
    Path(__file__).with_name("members_read_otherwise.toml").read_text("utf-8")
)["member"]
OURS: Final = {
    "property",
    "cached_property",
    "classmethod",
    "staticmethod",
    "asynccontextmanager",
    "contextmanager",
}
"""Decorators that leave it to our code to read the method; what another one marks is called by a framework."""


def trees_of(result: BuildResult, packages: Iterable[str]) -> dict[str, MypyFile]:
    """The modules of the packages."""
    names = frozenset(packages)
    return {
        name: state.tree
        for name, state in result.graph.items()
        if name.partition(".")[0] in names and state.tree is not None
    }


def classes_in(tree: MypyFile) -> Iterator[TypeInfo]:
    """The classes that a module defines, those within classes too."""

    def within(names: Any, home: str) -> Iterator[TypeInfo]:
        for symbol in names.values():
            node = symbol.node
            if isinstance(node, TypeInfo) and node.fullname.startswith(f"{home}."):
                yield node
                yield from within(node.names, node.fullname)

    return within(tree.names, tree.fullname)


def infos(of: Type | None) -> Iterator[TypeInfo | None]:
    """The classes that a type may be of; None: of any."""
    found = get_proper_type(of)
    match found:
        case Instance():
            yield found.type
        case UnionType() as union:
            for item in union.items:
                yield from infos(item)
        case TypeType():
            yield from infos(found.item)
        case CallableType() | Overloaded():
            yield found.type_object() if found.is_type_obj() else None
        case TupleType():
            yield found.partial_fallback.type
        case TypedDictType() | LiteralType():
            yield found.fallback.type
        case TypeVarType():
            yield from infos(found.upper_bound)
        case AnyType() | None:
            yield None


def stored(source: str) -> set[tuple[int, int, int, int]]:
    """Where a module writes to an attribute, rather than reading it."""
    return {
        (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }


def readings(result: BuildResult, trees: dict[str, MypyFile], root: Path) -> tuple[set[str], set[str]]:
    """Full names of members that are read, and names that are read of something whose class is not known."""
    members: set[str] = set()
    of_any: set[str] = set()
    for tree in trees.values():
        written = stored((root / tree.path).read_text("utf-8"))
        collector = NameAndMemberCollector()
        tree.accept(collector)
        for one in collector.member_exprs:
            if (one.line, one.column, one.end_line, one.end_column) not in written:
                for home in owners_of(one, result.types):
                    if home is None:
                        of_any.add(one.name)
                    else:
                        members.add(f"{home}.{one.name}")
    return members, of_any


def owners_of(one: MemberExpr, types: dict[Expression, Type]) -> Iterator[str | None]:
    """The classes that declare what is read; None: of something whose class is not known."""
    base = one.expr
    if isinstance(base, RefExpr) and isinstance(base.node, MypyFile):
        return
    named = [base.node] if isinstance(base, RefExpr) and isinstance(base.node, TypeInfo) else []
    for info in named or infos(types.get(base)):
        if info is None:
            yield None
        else:
            yield from (each.fullname for each in info.mro if one.name in each.names)


def members_of(info: TypeInfo) -> Iterator[str]:
    """Methods, properties and dataclass fields that somebody of us should read."""
    for name, symbol in info.names.items():
        node = symbol.node
        if name.startswith("__") or symbol.plugin_generated:
            continue
        if isinstance(node, Decorator):
            marked = {_name_of(one) for one in node.original_decorators}
            if marked <= OURS:
                yield name
        elif isinstance(node, FuncDef | OverloadedFuncDef) or (
            isinstance(node, Var) and "dataclass" in info.metadata and not node.is_classvar
        ):
            yield name


def _name_of(decorator: Expression) -> str:
    name = getattr(decorator, "name", None) or getattr(getattr(decorator, "callee", None), "name", "")
    return str(name)


def unread(result: BuildResult, packages: tuple[str, ...], root: Path) -> set[str]:
    """`module.Class.member` of everything that no code reads."""
    trees = trees_of(result, packages)
    members, of_any = readings(result, trees, root)
    classes = [info for tree in trees.values() for info in classes_in(tree)]
    protocols = [info for info in classes if info.is_protocol]
    found = set()
    for info in classes:
        if info.is_protocol or info.is_enum or info.typeddict_type is not None:
            continue
        has = {name for each in info.mro for name in each.names}
        fulfilled = [one for one in protocols if set(one.names) <= has]
        for name in members_of(info):
            homes = [each for each in (*info.mro, *fulfilled) if name in each.names]
            foreign = any(each.fullname.partition(".")[0] not in packages for each in homes)
            if (
                not foreign
                and name not in of_any
                and not any(f"{each.fullname}.{name}" in members for each in homes)
            ):
                found.add(f"{info.fullname}.{name}")
    return found


def test_every_member_is_read_by_the_delivered_code() -> None:
    assert all(one["read_by"] for one in READ_OTHERWISE)
    result = packages_read().result
    assert result is not None
    assert unread(result, PACKAGES, ROOT) == {one["name"] for one in READ_OTHERWISE}


def test_a_member_that_nobody_reads_is_found(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "module.py").write_text(
        "from dataclasses import dataclass\n"
        "from typing import Any, Protocol\n"
        "class Source(Protocol):\n"
        "    def ask(self) -> int: ...\n"
        "@dataclass\n"
        "class Page:\n"
        "    size: int\n"
        "    title: str\n"
        "    def ask(self) -> int:\n"
        "        return self.size\n"
        "    def rows(self) -> int:\n"
        "        return 1\n"
        "    @property\n"
        "    def lines(self) -> int:\n"
        "        return 2\n"
        "    def anything(self) -> int:\n"
        "        return 3\n"
        "@dataclass\n"
        "class Sheet:\n"
        "    title: str\n"
        "    def rows(self) -> int:\n"
        "        return 4\n"
        "def told(source: Source, sheet: Sheet, page: Page, what: Any) -> int:\n"
        "    page.title = sheet.title\n"
        "    return source.ask() + sheet.rows() + what.anything()\n"
        "def main() -> int:\n"
        "    return told(Page(1, ''), Sheet(''), Page(2, ''), None)\n"
    )
    result = typed(("package",), root=tmp_path, cache=tmp_path / "cache")
    assert unread(result, ("package",), tmp_path) == {
        "package.module.Page.rows",
        "package.module.Page.lines",
        "package.module.Page.title",
    }
