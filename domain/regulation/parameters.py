"""The parameters P01–P37: what the regulation leaves to a figure or a reading, each with its type.

Simple ones are plain values (fen, whole numbers, dates, words), structured ones are the classes here. Shares are basis
points (1/10000) or pairs (numerator, denominator); nothing is a float.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, PlainValidator, TypeAdapter

from domain.regulation.rows import OwnerKind, Regime, Row
from domain.values import Fen, Value


def _fen(value: object) -> Fen:
    return value if isinstance(value, Fen) else Fen.from_yuan(value)


Yuan = Annotated[Fen, PlainValidator(_fen)]
"""Fen, written as yuan in the files."""

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
    upheld: Literal["RETURN_TO_DECISION"]


class Presence(Value):
    """One way to reach the quorum: so many of the members or of the households. `strict`: more than, not at least."""

    of: Literal["MEMBERS", "HOUSEHOLDS"]
    fraction: Fraction
    strict: bool


class MeetingRule(Value):
    """When a meeting is valid and a proposal passed. Any one of `presence` is enough; none: nothing is asked.

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
    """P14, one regime: posting rhythm, residual value in basis points of cost, month of the start."""

    regime: Regime
    posted: Literal["MONTHLY", "YEARLY"]
    residual_basis_points: BasisPoints
    starts_next_month: bool


class Depreciation(Value):
    """P14: methods by regime, and what is not depreciated."""

    methods: tuple[RegimeDepreciation, ...]
    excluded: tuple[str, ...]


class Rounding(Value):
    """P15: how amounts are split and shown."""

    split: Literal["LARGEST_REMAINDER"]
    tie: Literal["LOWER_CODE"]
    display: Literal["HALF_UP"]


class GuidanceOfMixedFunds(Value):
    """P18: the lead among several guiding departments; ties go to the one named first."""

    lead: Literal["LARGEST_DEPARTMENT_SUM"]
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
    """P26: the county's time zone and working days."""

    time_zone: str
    working_days: Literal["NATIONAL_WITH_LOCAL_HOLIDAYS"]


class FilingRule(Value):
    """P27: what filing means."""

    recheck_working_days: Positive
    silence: Literal["PENDING", "ACCEPTED"]
    plain_filing: Literal["SUBMITTED_IS_DONE", "ACCEPTANCE_NEEDED"]


class MeetingSubstitution(Value):
    """P29: which meeting may stand in for which."""

    assembly_replaces_representatives: bool
    representatives_replace_assembly: bool


class EntryDelays(Value):
    """P31: days to register after acceptance, and to book after confirmation."""

    register_days: Count
    book_days: Count


class CoOwnerConsent(Value):
    """P34: the part of the shares that has to agree."""

    operator_or_mode_change: Fraction
    disposal_or_major_change: Fraction
    share_preemption: bool


TYPES: Final[dict[str, TypeAdapter[Any]]] = {
    "P01": TypeAdapter(Yuan),
    "P02": TypeAdapter(ThresholdBasis),
    "P03": TypeAdapter(Aggregation),
    "P04": TypeAdapter(SmallApprover),
    "P05": TypeAdapter(InHouseAppraisal),
    "P06": TypeAdapter(NoticePeriod),
    "P07": TypeAdapter(Literal["LATER_POSTING", "EACH_SEPARATELY"]),
    "P08": TypeAdapter(NoticeDefaults),
    "P09": TypeAdapter(Objections),
    "P10": TypeAdapter(Quorums),
    "P11": TypeAdapter(IncentiveCap),
    "P12": TypeAdapter(EqualCheck),
    "P13": TypeAdapter(PerformanceLimits),
    "P14": TypeAdapter(Depreciation),
    "P15": TypeAdapter(Rounding),
    "P16": TypeAdapter(date),
    "P17": TypeAdapter(Literal["SEPARATE_TOTAL"]),
    "P18": TypeAdapter(GuidanceOfMixedFunds),
    "P19": TypeAdapter(Positive),
    "P20": TypeAdapter(AuditValidity),
    "P21": TypeAdapter(ContractWarnings),
    "P22": TypeAdapter(BasisPoints),
    "P23": TypeAdapter(GoodState),
    "P24": TypeAdapter(ProceedsUse),
    "P25": TypeAdapter(OverrideRule),
    "P26": TypeAdapter(ClockRule),
    "P27": TypeAdapter(FilingRule),
    "P28": TypeAdapter(Literal["TAGGED_LINES_PRO_RATA", "EQUAL"]),
    "P29": TypeAdapter(MeetingSubstitution),
    "P30": TypeAdapter(Yuan),
    "P31": TypeAdapter(EntryDelays),
    "P32": TypeAdapter(Count),
    "P33": TypeAdapter(BasisPoints),
    "P34": TypeAdapter(CoOwnerConsent),
    "P35": TypeAdapter(Positive),
    "P36": TypeAdapter(Positive),
    "P37": TypeAdapter(Positive),
}
"""The type of each parameter's value; a file must hold every one of them and no other."""


class Parameter(Row):
    """A parameter over a stretch of days. `anchor`: what in the text or law it rests on; `value`: as `TYPES` says."""

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
