"""No rule without a reader: every field of the county's tables is read by the delivered code, or it is not there.

What a later decision will read stands in `not_in_effect.toml`, and nothing else does: the list may only shrink.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from domain.regulation import needed, parameters, rows
from domain.regulation.not_in_effect import Waiting, waiting
from domain.regulation.parameters import ParameterValues
from domain.regulation.tables import TABLES
from tests.architecture.readers import ROOT, Member, Readings, readings
from tests.examples import DAY, regulation

PACKAGES: Final = ("domain", "projections", "service")

SHAPES: Final = ("domain.regulation.rows", "domain.regulation.parameters", "domain.regulation.rules")
"""The tables' classes, and the class that asks them: what only a method reads counts once somebody calls the method."""

LOADING: Final = (
    "domain.trial",
    *(
        f"domain.regulation.{name}"
        for name in ("tables", "folder", "loading", "consistency", "amendments", "comparison", "divisions")
    ),
)
"""Code that reads, checks, tries and compares tables rules nothing by them."""

WORDS: Final = frozenset({"zh", "en", "short_zh", "note", "law", "anchor"})
"""Names and remarks for people, shown with their row."""

TABLE_CLASSES: Final = {
    name: found
    for module in (rows, parameters)
    for name, found in vars(module).items()
    if isinstance(found, type) and issubclass(found, rows.Row)
}


def ruling(member: Member) -> bool:
    """Whether a field is meant to rule: no words, and no key, which tells the rows of a table apart."""
    name, field = member
    row_class = TABLE_CLASSES.get(name)
    return field not in WORDS and not (row_class is not None and field in row_class.KEY)


PARAMETERS: Final = "parameters.parameter"
TERMS: Final = "vocabularies.term"
VALUES: Final[dict[str, Any]] = get_type_hints(ParameterValues)


def fields_of(value_class: Any) -> tuple[str, ...]:
    return tuple(getattr(value_class, "model_fields", ()))


def members(one: Waiting) -> Iterator[Member]:
    """The fields that an entry of the list says have no reader."""
    if one.table == PARAMETERS and one.field is None:
        assert one.row is not None
        yield "ParameterValues", one.row
        yield from ((VALUES[one.row].__name__, field) for field in fields_of(VALUES[one.row]))
    elif one.table == PARAMETERS:
        assert one.row is not None
        assert one.field in fields_of(VALUES[one.row])
        yield VALUES[one.row].__name__, one.field
    elif one.field is not None and one.value is None:
        yield TABLES[one.table].__name__, one.field


HANDED_ON: Final[frozenset[Member]] = frozenset({("SmallApprover", "filings")})
"""Read only to be put into a field that has no reader itself: the `filing` of a route."""


@cache
def packages_read() -> Readings:
    """The packages typed once, which takes its time: for the tables here, for members in `test_read_members`."""
    return readings(PACKAGES, SHAPES, without=LOADING)


def test_every_field_of_the_tables_is_read() -> None:
    unread = packages_read().unread()
    told = {member for one in waiting() for member in members(one)}
    assert {one for one in unread if ruling(one)} == told - HANDED_ON


def test_every_method_of_the_rules_is_called() -> None:
    """Otherwise a field could be read by what only a test calls; told by its name, which no other class has."""
    rules = ast.parse((ROOT / "domain/regulation/rules.py").read_text("utf-8"))
    (home,) = (one for one in rules.body if isinstance(one, ast.ClassDef) and one.name == "Rules")
    methods = {one.name for one in home.body if isinstance(one, ast.FunctionDef)}
    called = {
        node.attr for node in nodes("domain", "projections", "service") if isinstance(node, ast.Attribute)
    }
    assert {name for name in methods - called if not name.startswith("__")} == set()


# ---- lists, flags and actions --------------------------------------------------------------------------------------


def nodes(*packages: str) -> Iterator[ast.AST]:
    """Every node of the delivered code but that which loads tables."""
    loading = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in LOADING}
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path not in loading and path.name != "needed.py":
                yield from ast.walk(ast.parse(path.read_text("utf-8")))


def texts() -> set[str]:
    return {
        node.value
        for node in nodes("domain", "projections", "service")
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def asked(flag: str, said: set[str]) -> bool:
    """Whether code names a flag, whole or by its beginning (`PRINCIPAL_OF_` and a kind, `CLASS_` and a class)."""
    return any(flag == text or (text.endswith("_") and flag.startswith(text)) for text in said)


WORDS_ONLY: Final = frozenset({"DEPARTURE_REASON", "DISPOSAL_KIND"})
"""Lists that give words to codes which the interface fixes."""


def test_every_list_and_flag_of_the_vocabularies_is_asked_for() -> None:
    """`needed.LISTS` is what code asks for by name, as a test of its own holds."""
    said = texts()
    terms = regulation().on(DAY).table(TERMS, rows.Term)
    lists = {term.list for term in terms}
    unread: set[tuple[str, str | None]] = {(name, None) for name in lists - needed.LISTS - WORDS_ONLY}
    for term in terms:
        if (term.list, None) not in unread:
            unread |= {(term.list, flag) for flag in term.flags if not asked(flag, said)}
    assert unread == {(one.row, one.value) for one in waiting() if one.table == TERMS}


def test_every_action_that_guards_may_name_is_asked_for() -> None:
    asked_for = {
        text.value
        for node in nodes("domain/asset")
        if isinstance(node, ast.Call | ast.FunctionDef)
        for text in (*_first_texts(node),)
    }
    guarded = {one.value for one in waiting() if one.table == "lifecycle.guard"}
    assert set(get_args(rows.Action)) - asked_for == guarded


def _first_texts(node: ast.Call | ast.FunctionDef) -> Iterator[ast.Constant]:
    """Texts in the arguments of `_allow` and `_open_disposal`, and in the latter's default."""
    wanted = {"_allow", "_open_disposal"}
    if isinstance(node, ast.FunctionDef):
        parts: list[ast.AST] = list(node.args.defaults) if node.name in wanted else []
    else:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else None
        parts = list(node.args) if called in wanted else []
    for part in parts:
        for one in ast.walk(part):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                yield one


# ---- the list ------------------------------------------------------------------------------------------------------

MOST: Final = frozenset(
    {
        "P04 filings", "P11", "P12", "P13", "P22", "P23 operating_net_at_least",
        "P25 granted_at_least_by", "P30", "P33", "P34 disposal_or_major_change", "P34 share_preemption", "P36",
        "chains.disposal_route filing",
        "lifecycle.guard actions OPERATE", "lifecycle.guard actions INCOME_PLAN",
        "PV_INCOME_USE", "HARDSHIP_CAUSE", "PRIORITY_HOUSEHOLD", "NOTICE_MEDIUM", "REVITALISATION_OUTCOME",
        "RISK_MEASURE", "AGENT_PRINCIPAL", "PLATFORM_SCOPE",
        "INCOME_USE flags CASH", "INCOME_USE flags WAGE", "INCOME_USE flags CHAIN_A11", "INCOME_USE flags CHAIN_A12",
    }
)  # fmt: skip
"""What stood in the list when it was made. Nothing is ever added."""


def test_what_is_not_in_effect_may_only_become_less() -> None:
    places = [one.place for one in waiting()]
    assert set(places) <= MOST
    assert len(places) == len(set(places))
    assert all(one.zh and one.en for one in waiting())


# ---- the reading of readers ----------------------------------------------------------------------------------------


def test_a_field_without_a_reader_is_found(tmp_path: Path) -> None:
    """A namesake is no reader, nor loading code, nor a method that nobody calls; a method that is called is one."""
    package = tmp_path / "county"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "shapes.py").write_text(SHAPED)
    (package / "loading.py").write_text(
        "from county.shapes import Duty\n\ndef load(row: Duty) -> int:\n    return row.loaded\n"
    )
    (package / "deciding.py").write_text(DECIDING)
    found = readings(
        ("county",),
        ("county.shapes",),
        root=tmp_path,
        without=("county.loading",),
        cache=tmp_path / "cache",
    )
    assert found.unread() == {("Duty", "loaded"), ("Duty", "namesake"), ("Duty", "idle"), ("Figures", "P2")}


SHAPED: Final = """
from typing import ClassVar, TypedDict

class Row:
    article: str

class Duty(Row):
    KEY: ClassVar[str] = "days"
    days: int
    loaded: int
    namesake: int
    idle: int
    called: int
    shown: int

    def nobody_calls(self) -> int:
        return self.idle

    def falls_due(self) -> int:
        return self._twice()

    def _twice(self) -> int:
        return self.called * 2

    @property
    def told(self) -> int:
        return self.shown

class Figures(TypedDict):
    P1: int
    P2: int
"""
DECIDING: Final = """
from county.shapes import Duty, Figures

class Other:
    namesake: int
    loaded: int

def decide(duties: list[Duty | None], other: Other, figures: Figures) -> int:
    due = sum(one.days for one in duties if one is not None and one.article)
    told = [one.told + one.falls_due() for one in duties if one is not None]
    return due + len(told) + other.namesake + other.loaded + figures["P1"]
"""
