"""The parameters P01–P37 (P15 and P17 were withdrawn): what the regulation leaves to a figure or a reading, each with its type.

Simple ones are plain values (fen, whole numbers, dates, words), structured ones are the classes here. Shares are basis
points (1/10000) or pairs (numerator, denominator); nothing is a float.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, TypedDict, get_type_hints

from pydantic import Field, TypeAdapter

from domain.regulation.rows import OwnerKind, Regime, Row, Yuan
from domain.values import Value

BasisPoints = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, gt=0)]
Fraction = tuple[Positive, Positive]
"""Numerator and denominator."""

ThresholdBasis = Literal["MAX_APPRAISED_NET_BOOK", "ORIGINAL_VALUE", "EXPECTED_PRICE"]
"""What the disposal value is."""


class Aggregation(Value):
    """P03: disposals counted together, so that a big one is not cut into small ones."""

    same_owner: bool
    any_of: tuple[Literal["BATCH", "SOURCE_PROJECT"], ...]
    within_days: Positive


class SmallApprover(Value):
    """P04: who approves below the threshold, by owner kind, and where that approval is filed."""

    approvers: dict[OwnerKind, str]
    filings: dict[OwnerKind, str] = Field(default_factory=dict)


class InHouseAppraisal(Value):
    """P05: appraisal without an agency."""

    allowed_below_threshold: bool
    min_signers: Count
    min_outside: Count


class NoticePeriod(Value):
    """P06: how the days of a public notice are counted."""

    days: Positive
    counting: Literal["CALENDAR_DAYS", "WORKING_DAYS"]
    posting_day_counts: bool
    rest_day_rolls: bool


class NoticeDefaults(Value):
    """P08: days of notices for which the text gives none."""

    income_plan_days: Count
    appraisal_result_days: Count
    soft_notice_days: Count


class Objections(Value):
    """P09: what an objection to a notice does."""

    open_blocks: bool
    dismissed: Literal["CONTINUE", "RESTART"]


class Presence(Value):
    """One way to reach the quorum: so many of the members or of the households. `strict`: more than, not at least."""

    of: Literal["MEMBERS", "HOUSEHOLDS"]
    fraction: Fraction
    strict: bool


class MeetingRule(Value):
    """Rule by which a meeting is valid and a proposal passed. Any one of `presence` is enough; none: nothing is
    asked.

    `counted_in`: votes in favour are measured against those PRESENT or against ALL members. `notice_days`: before it.
    """

    kind: Literal["REPRESENTATIVE_MEETING", "VILLAGER_ASSEMBLY"]
    matter: Literal["COLLECTIVE", "OTHER"]
    zh: str
    presence: tuple[Presence, ...] = ()
    counted_in: Literal["PRESENT", "ALL"]
    pass_fraction: Fraction
    pass_strict: bool
    notice_days: Count = 0
    law: str


class Quorums(Value):
    """P10: the meetings."""

    meetings: tuple[MeetingRule, ...] = Field(min_length=1)


class IncentiveCap(Value):
    """P11: incentives as a share of the year's net operating profit."""

    share_basis_points: BasisPoints
    inclusive: bool


class EqualCheck(Value):
    """P12: what counts as simple equal distribution."""

    min_households: Positive
    variation_below_basis_points: BasisPoints
    exempt_uses: tuple[str, ...]
    refuses: bool


class PerformanceLimits(Value):
    """P13: idle, low-yield, loss-making."""

    idle_days: Positive
    yield_below_basis_points: BasisPoints
    loss_years: Positive


class RegimeDepreciation(Value):
    """P14, one regime: posting rhythm, residual value in basis points of cost, month of the start.

    `life_within_guide`: the useful life lies within the years of the government accounting guide for the asset's type.
    """

    regime: Regime
    posted: Literal["MONTHLY", "YEARLY"]
    residual_basis_points: BasisPoints
    starts_next_month: bool
    life_within_guide: bool = False

    def full_from(self, year: int) -> date:
        """The first day on which a whole year can be posted: its December where months are posted, else its last day."""
        return date(year, 12, 1 if self.posted == "MONTHLY" else 31)


class Depreciation(Value):
    """P14: methods by regime, and what is not depreciated."""

    methods: tuple[RegimeDepreciation, ...]
    excluded: tuple[str, ...]


class GuidanceOfMixedFunds(Value):
    """P18: the lead among several guiding departments; ties go to the one named first."""

    tie_order: tuple[str, ...]


class AuditValidity(Value):
    """P20: how far before a departure an audit may end, and whether the days between need a report."""

    days_before_departure: Count
    delta_report_required: bool


class ContractWarnings(Value):
    """P21: days before the end of a contract on which it is reported."""

    warn_days: tuple[Positive, ...]


class GoodState(Value):
    """P23: what a well-operating asset is."""

    operation_states: tuple[str, ...]
    without_flags: tuple[str, ...]
    operating_net_at_least: Yuan


class ProceedsUse(Value):
    """P24: who decides on disposal proceeds: an organisation, or OWNER when they stay with who owned the asset."""

    allocator: str
    legal_owner_recorded: bool


class OverrideRule(Value):
    """P25: who grants an exception from an 原则上 clause, and what the document must state."""

    granted_at_least_by: Literal["COUNTY"]
    requires: tuple[Literal["DOCUMENT", "REASON", "EXPIRY"], ...]
    in_principle_clauses: tuple[str, ...]


class ClockRule(Value):
    """P26: working days: the national calendar alone, or with the holidays of the region as well."""

    working_days: Literal["NATIONAL_WITH_LOCAL_HOLIDAYS", "NATIONAL"]


class FilingRule(Value):
    """P27: what filing means."""

    recheck_working_days: Positive
    plain_filing: Literal["SUBMITTED_IS_DONE", "ACCEPTANCE_NEEDED"]


class MeetingSubstitution(Value):
    """P29: which meeting may stand in for which."""

    assembly_replaces_representatives: bool


class EntryDelays(Value):
    """P31: days to register after acceptance, and to book after confirmation."""

    register_days: Count
    book_days: Count


class CoOwnerConsent(Value):
    """P34: the part of the shares that has to agree."""

    operator_or_mode_change: Fraction
    disposal_or_major_change: Fraction
    share_preemption: bool


class ParameterValues(TypedDict):
    """The parameters in force on a day, each in its type; a county's file must hold every one of them and no other."""

    P01: Yuan
    P02: ThresholdBasis
    P03: Aggregation
    P04: SmallApprover
    P05: InHouseAppraisal
    P06: NoticePeriod
    P07: Literal["LATER_POSTING", "EACH_SEPARATELY"]
    P08: NoticeDefaults
    P09: Objections
    P10: Quorums
    P11: IncentiveCap
    P12: EqualCheck
    P13: PerformanceLimits
    P14: Depreciation
    P16: date
    P18: GuidanceOfMixedFunds
    P19: Positive
    P20: AuditValidity
    P21: ContractWarnings
    P22: BasisPoints
    P23: GoodState
    P24: ProceedsUse
    P25: OverrideRule
    P26: ClockRule
    P27: FilingRule
    P28: Literal["TAGGED_LINES_PRO_RATA", "EQUAL"]
    P29: MeetingSubstitution
    P30: Yuan
    P31: EntryDelays
    P32: Count
    P33: BasisPoints
    P34: CoOwnerConsent
    P35: Positive
    P36: Positive
    P37: Positive


TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    name: TypeAdapter(hint) for name, hint in get_type_hints(ParameterValues, include_extras=True).items()
}
"""What reads and writes each parameter's value, in the order of their numbers."""


class Parameter(Row):
    """A parameter over a stretch of days. `anchor`: what in the text or law it rests on; `value`: as
    `ParameterValues` says.
    """

    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    name: str
    zh: str
    unit: Literal["YUAN", "DAYS", "WORKING_DAYS", "YEARS", "BASIS_POINTS"] | None = None
    anchor: str
    value: Any


def typed(parameter: str, value: Any) -> Any:
    """A parameter's value in its type. `KeyError` for an unknown parameter, `ValidationError` for a misfit."""
    return TYPES[parameter].validate_python(value, by_alias=False, by_name=True)
