"""Sources of money, and the department that guides the asset because of them (四(一), matrix T1, P18)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.refusals import refuse
from domain.regulation.rows import FundParent, FundSource, GuidanceRule


class SourcedAmount(Protocol):
    """An amount in fen with the code of its source."""

    @property
    def source(self) -> str:
        """Code of the fund source."""

    @property
    def amount(self) -> int:
        """Fen."""


class FundLine(SourcedAmount, Protocol):
    """A funding line as the register card has it."""

    @property
    def direct_to_village(self) -> bool | None:
        """Whether a donation was paid directly to the village."""

    @property
    def document_no(self) -> str | None:
        """The document behind the money."""

    @property
    def from_asset(self) -> str | None:
        """The asset whose disposal the money comes from."""


@dataclass(frozen=True, slots=True)
class GuidingDepartments:
    """The lead and the co-guiding departments, in order of their sums. `rule_gap`: the text names one of them not."""

    lead: str
    co: tuple[str, ...]
    rule_gap: bool
    articles: tuple[str, ...]


def source_of(
    line: FundLine, index: int, sources: Mapping[str, FundSource], parents: Mapping[str, FundParent]
) -> FundSource:
    """The source a line is stored under.

    Refused: FUND_SUBSOURCE_REQUIRED, FUND_SOURCE_UNKNOWN, DONATION_PATH_REQUIRED, FIELD_REQUIRED (a document or the
    asset the money comes from).
    """
    source = sources.get(line.source)
    if source is None:
        parent = parents.get(line.source)
        if parent is not None:
            raise refuse(
                "FUND_SUBSOURCE_REQUIRED",
                clause=parent.article,
                missing=[f"fundingLines[{index}].source"],
                subsources=parent.sub_sources,
            )
        raise refuse("FUND_SOURCE_UNKNOWN", source=line.source)
    if source.needs_flag is not None:
        if line.direct_to_village is None:
            raise refuse(
                "DONATION_PATH_REQUIRED",
                clause=source.article,
                missing=[f"fundingLines[{index}].{source.needs_flag}"],
            )
        if not line.direct_to_village and source.when_flag_false is not None:
            source = sources[source.when_flag_false]
    if source.document_required and line.document_no is None:
        _missing(index, "documentNo", source)
    if source.provenance_required and line.from_asset is None:
        _missing(index, "fromAsset", source)
    return source


def _missing(index: int, name: str, source: FundSource) -> None:
    field = f"fundingLines[{index}].{name}"
    raise refuse("FIELD_REQUIRED", clause=source.article, missing=[field], field=field)


def guides(
    lines: Iterable[SourcedAmount],
    implementer_kind: str | None,
    guidance: Mapping[tuple[str, str | None], GuidanceRule],
    tie_order: tuple[str, ...],
) -> GuidingDepartments:
    """The department with the largest sum over its sources leads; a tie goes to the one named first (P18)."""
    sums: dict[str, int] = {}
    articles: dict[str, None] = {}
    rule_gap = False
    for line in lines:
        if (line.source, None) not in guidance and (line.source, implementer_kind) not in guidance:
            raise refuse("FUND_SOURCE_UNKNOWN", source=line.source)
        row = guidance.get((line.source, implementer_kind)) or guidance[line.source, None]
        department = row.department
        sums[department] = sums.get(department, 0) + int(line.amount)
        articles[row.article] = None
        rule_gap = rule_gap or row.rule_gap
    if not sums:
        raise refuse("FUNDING_REQUIRED", missing=["fundingLines"])
    rank = {department: place for place, department in enumerate(tie_order)}
    for department in sums:
        rank.setdefault(department, len(rank))
    lead, *co = sorted(sums, key=lambda department: (-sums[department], rank[department]))
    return GuidingDepartments(lead=lead, co=tuple(co), rule_gap=rule_gap, articles=tuple(articles))
