"""No rule without a reader: every field of the county's tables is read by the delivered code, or it is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from domain.regulation import parameters, rows
from tests.architecture.readers import Member, readings

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


def test_every_field_of_the_tables_is_read() -> None:
    unread = readings(("domain", "projections", "service"), SHAPES, without=LOADING).unread()
    assert {one for one in unread if ruling(one)} == OPEN


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
OPEN: Final = frozenset(
    (name, field)
    for name, fields in {
        "Aggregation": "any_of same_owner within_days",
        "AssetClass": "income_right managed",
        "ClockRule": "time_zone working_days",
        "CoOwnerConsent": "disposal_or_major_change share_preemption",
        "ContractWarnings": "warn_days",
        "DisposalRoute": "filing",
        "EqualCheck": "exempt_uses min_households refuses variation_below_basis_points",
        "ExternalObligation": "opened_by",
        "FilingRule": "silence",
        "FundSource": "listed parent",
        "GoodState": "operating_net_at_least",
        "GuidanceOfMixedFunds": "lead",
        "IncentiveCap": "inclusive share_basis_points",
        "MeetingSubstitution": "representatives_replace_assembly",
        "NamedOrganization": "determines",
        "NoticeDefaults": "appraisal_result_days soft_notice_days",
        "Objections": "upheld",
        "OverrideRule": "granted_at_least_by in_principle_clauses",
        "Parameter": "unit",
        "ParameterValues": "P03 P07 P11 P12 P13 P15 P17 P21 P22 P24 P26 P30 P33 P36",
        "PerformanceLimits": "idle_days loss_years yield_below_basis_points",
        "PolicyVersion": "issued_on",
        "ProceedsUse": "allocator legal_owner_recorded",
        "Region": "initial states terminal",
        "Rounding": "display split tie",
        "Transition": "from_states",
    }.items()
    for field in fields.split()
)
"""Still without a reader: may only shrink."""
