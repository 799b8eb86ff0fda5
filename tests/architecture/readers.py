"""Which code reads which field of the county's tables, by the types mypy gives to every expression.

A name alone tells nothing: `code`, `kind` and `days` are fields of many classes. This module is a plugin of mypy that is
asked at every `.field` whose owner is one of the tables' classes, so neither a namesake nor a test counts as a reader.
"""

from __future__ import annotations

import ast
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mypy.build import BuildResult, build
from mypy.config_parser import parse_config_file
from mypy.modulefinder import BuildSource
from mypy.nodes import IndexExpr, StrExpr
from mypy.options import Options
from mypy.plugin import AttributeContext, MethodContext, Plugin
from mypy.types import Type, TypedDictType, get_proper_type

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = ROOT / ".mypy_cache" / f"readers-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
"""Of the libraries' types; one for each worker, because it is written."""

Member = tuple[str, str]
"""Class and field or method, e.g. ("Interval", "days"); of a parameter ("ParameterValues", "P19")."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A class of the tables: its bases, its own fields, and the lines of its methods."""

    path: Path
    bases: tuple[str, ...]
    fields: tuple[str, ...]
    methods: dict[str, range]


@dataclass(slots=True)
class Readings:
    """Who reads what: code outside of the shapes, and inside of them which method."""

    shapes: dict[str, Shape]
    outside: set[Member] = field(default_factory=set)
    inside: dict[Member, set[Member]] = field(default_factory=dict)
    result: BuildResult | None = None
    """Every expression with its type, for who asks more of it."""

    def note(self, path: Path, line: int, owner: str, name: str) -> None:
        """A member is read at a line of a file."""
        member = (self._home(owner, name), name)
        if all(path != shape.path for shape in self.shapes.values()):
            self.outside.add(member)
        for home, shape in self.shapes.items():
            for method, lines in shape.methods.items():
                if path == shape.path and line in lines:
                    self.inside.setdefault((home, method), set()).add(member)

    def _home(self, owner: str, name: str) -> str:
        """The class that declares the member: the owner or one of its bases."""
        shape = self.shapes[owner]
        for base in shape.bases:
            if base in self.shapes and self._home(base, name) != base:
                return self._home(base, name)
            if base in self.shapes and name in self.shapes[base].fields:
                return base
        return owner

    def reached(self) -> set[Member]:
        """What code outside of the shapes comes to, by itself or through their methods."""
        found: set[Member] = set()
        new = {*self.outside, *(one for one in self.inside if one[1].startswith("__"))}
        while new:
            found |= new
            new = {one for method in new for one in self.inside.get(method, ())} - found
        return found

    def unread(self) -> set[Member]:
        """Fields that no code comes to."""
        every = {(name, one) for name, shape in self.shapes.items() for one in shape.fields}
        return every - self.reached()


def shapes_of(path: Path) -> Iterator[tuple[str, Shape]]:
    """The classes of a module with their own fields: what they annotate, unless it is of the class itself."""
    for home in ast.parse(path.read_text("utf-8")).body:
        if isinstance(home, ast.ClassDef):
            yield (
                home.name,
                Shape(
                    path=path,
                    bases=tuple(one.id for one in home.bases if isinstance(one, ast.Name)),
                    fields=tuple(
                        one.target.id
                        for one in home.body
                        if isinstance(one, ast.AnnAssign)
                        and isinstance(one.target, ast.Name)
                        and not ast.unparse(one.annotation).startswith("ClassVar")
                    ),
                    methods={
                        one.name: range(one.lineno, (one.end_lineno or one.lineno) + 1)
                        for one in home.body
                        if isinstance(one, ast.FunctionDef)
                    },
                ),
            )


_watching: dict[str, Callable[[str, int, str], None]] = {}
"""Module of shapes → who wants to know of a reading: file, line, "Class.member". Empty but during `readings`."""


class Watch(Plugin):
    """Tells of every member that is read off a class of a watched module, and changes no type."""

    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        """Fields and properties."""
        note = self._note(fullname)
        if note is None:
            return None

        def tell(seen: AttributeContext) -> Type:
            if not seen.is_lvalue:
                note(seen.api.path, seen.context.line)
            return seen.default_attr_type

        return tell

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Methods."""
        note = self._note(fullname)
        if note is None:
            return None

        def tell(seen: MethodContext) -> Type:
            note(seen.api.path, seen.context.line)
            return seen.default_return_type

        return tell

    @staticmethod
    def _note(fullname: str) -> Callable[[str, int], None] | None:
        module, _, member = fullname.rpartition(".")
        module, _, owner = module.rpartition(".")
        told = _watching.get(module)
        return None if told is None else lambda path, line: told(path, line, f"{owner}.{member}")


def plugin(_version: str) -> type[Plugin]:
    """What mypy asks a plugin module for."""
    return Watch


def readings(
    packages: Iterable[str],
    shapes: Iterable[str],
    *,
    root: Path = ROOT,
    without: Iterable[str] = (),
    cache: Path = CACHE,
) -> Readings:
    """Type the packages under `root` and collect who reads what off the modules `shapes`.

    `without`: modules whose reading does not count. Nothing of the packages is taken from the cache, because mypy asks a
    plugin only where it types anew; the libraries are.
    """
    packages = tuple(packages)
    of = {module: root.joinpath(*module.split(".")).with_suffix(".py") for module in (*shapes, *without)}
    found = Readings(dict(one for module in shapes for one in shapes_of(of[module])))
    left_out = {of[module] for module in without}

    def told(path: str, line: int, member: str) -> None:
        owner, _, name = member.partition(".")
        if (place := root / path) not in left_out and owner in found.shapes:
            found.note(place, line, owner, name)

    _watching.update(dict.fromkeys(shapes, told))
    try:
        result = typed(packages, root=root, cache=cache)
    finally:
        _watching.clear()
    found.outside.update(_keys(result, frozenset(shapes)))
    found.result = result
    return found


def typed(packages: Iterable[str], *, root: Path = ROOT, cache: Path = CACHE) -> BuildResult:
    """The packages under `root`, every expression with its type; nothing of them is taken from the cache."""
    for place in (place for package in packages for place in cache.glob(f"*/{package}*")):
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    result = build(_sources(root, packages), _options(root, cache))
    assert not result.errors, result.errors
    return result


def _sources(root: Path, packages: Iterable[str]) -> list[BuildSource]:
    files = [file for package in packages for file in sorted((root / package).rglob("*.py"))]
    return [BuildSource(str(file), _module(file.relative_to(root))) for file in files]


def _module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _options(root: Path, cache: Path) -> Options:
    options = Options()
    parse_config_file(options, lambda: None, str(ROOT / "pyproject.toml"), io.StringIO(), io.StringIO())
    options.plugins = [*options.plugins, __name__]
    options.mypy_path = [str(root)]
    options.cache_dir = str(cache)
    options.sqlite_cache = False
    options.incremental = options.export_types = options.preserve_asts = True
    return options


def _keys(result: BuildResult, shapes: frozenset[str]) -> Iterator[Member]:
    """Literal keys by which a dictionary of the shapes is asked."""
    for one in result.types:
        if isinstance(one, IndexExpr) and isinstance(one.index, StrExpr):
            base = get_proper_type(result.types.get(one.base))
            if isinstance(base, TypedDictType) and base.fallback.type.module_name in shapes:
                yield base.fallback.type.name, one.index.value
