"""The shapes of the regulation's tables: one class per kind of row, as the TOML files hold them.

Every row names its article (clause id) and the days it is in force, both inclusive. `rule_gap` marks a row that the
regulation itself does not have: the county's reading of a silence, shown as such wherever the row decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from domain.values import Value

OwnerKind = Literal["DEPARTMENT", "TOWNSHIP", "VILLAGE", "FARM", "HOUSEHOLD"]
"""Who can own an asset."""

Decider = Literal["REGISTER", "REGISTRATION", "COUNTY_GOV", "TOWNSHIP_MEETING", "BASIS_ISSUER"]
"""Who decides on an owner: REGISTER and REGISTRATION mean that nobody does, the register or the rule does."""

CardField = Literal[
    "assetName",
    "assetContent",
    "assetClass",
    "completionDate",
    "usefulLifeYears",
    "quantity",
    "unitOfMeasure",
    "originalValue",
    "fundingLines",
    "owners",
    "userRightHolder",
    "incomeRightHolders",
    "incomeHistory",
    "disposalInfo",
]
"""The 14 items of the register card, as the API names them."""

Regime = Literal["STATE_ADMIN", "RURAL_COLLECTIVE", "NONE"]
"""The accounting rules an asset is kept under."""


class Row(Value):
    """A dated row. Rows with the same `key` are one rule over time: their days must neither overlap nor leave a gap."""

    KEY: ClassVar[tuple[str, ...]] = ()

    article: str
    also: tuple[str, ...] = ()
    law: str | None = None
    note: str | None = None
    rule_gap: bool = False
    in_force_from: date
    in_force_until: date | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What the row is about, whatever the day."""
        return tuple(getattr(self, name) for name in self.KEY)

    @property
    def articles(self) -> tuple[str, ...]:
        """All clauses behind the row, the leading one first."""
        return (self.article, *self.also)

    def in_force(self, on: date) -> bool:
        """Whether the row counts on that day."""
        return self.in_force_from <= on and (self.in_force_until is None or on <= self.in_force_until)


class Condition(Value):
    """One condition on a named fact. An unknown fact (None) never matches.

    is_in: the fact is one of these. equals: a yes-or-no fact. any_in, all_in: a fact that is a set has a member
    among these, or has only members among these; the empty set matches neither.
    """

    fact: str
    zh: str
    is_in: frozenset[str] | None = None
    equals: bool | None = None
    any_in: frozenset[str] | None = None
    all_in: frozenset[str] | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = (self.is_in, self.equals, self.any_in, self.all_in)
        if sum(test is not None for test in tests) != 1:
            msg = f"条件 {self.fact} 须且只能有 is_in、equals、any_in、all_in 之一"
            raise ValueError(msg)
        return self

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether the facts, named in camelCase, meet the condition."""
        value = facts.get(self.fact)
        if value is None:
            return False
        if self.is_in is not None:
            return value in self.is_in
        if self.equals is not None:
            return value is self.equals
        given = frozenset(value)
        if self.any_in is not None:
            return bool(given & self.any_in)
        return bool(given) and given <= (self.all_in or frozenset())


# ---- policy.toml --------------------------------------------------------------------------------------------------


class PolicyVersion(Row):
    """A version of the county's rules; versions follow one another without gap."""

    KEY: ClassVar[tuple[str, ...]] = ()

    number: int
    document_no: str
    title: str
    issued_on: date
    reason: str


class PolicyDocument(Row):
    """A text the rules rest on; not `available`: not published, known by its number only."""

    KEY: ClassVar[tuple[str, ...]] = ("document_no",)

    document_no: str
    title: str
    kind: Literal["STATE", "REGION", "PREFECTURE", "COUNTY", "LAW"]
    available: bool = True


# ---- fund_sources.toml (T1) ----------------------------------------------------------------------------------------


class FundSource(Row):
    """A code for a funding line.

    `needs_flag`: the line must say yes or no there; on no it is stored under `when_flag_false`.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    needs_flag: str | None = None
    when_flag_false: str | None = None
    provenance_required: bool = False
    document_required: bool = False


class FundParent(Row):
    """An item of the scope list that a funding line must name by a sub-source."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    sub_sources: tuple[str, ...]


class GuidanceRule(Row):
    """Which department guides assets made from a source; a row with an implementer kind goes before one without."""

    KEY: ClassVar[tuple[str, ...]] = ("source", "implementer_kind")

    source: str
    department: str
    implementer_kind: OwnerKind | None = None


# ---- asset_types.toml (T2), units_of_measure.toml --------------------------------------------------------------------


class AssetClass(Row):
    """A class of assets. `forbidden_code`: the refusal for anything but the register, where it is no managed class."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    subclass_required: bool
    forbidden_code: str | None = None


class Subclass(Row):
    """A subclass of a class."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    asset_class: str
    zh: str
    en: str


class AssetType(Row):
    """A named type of asset. `units`: the usual ones, no limit.

    `life_years_from`, `life_years_to`: the useful life by the government accounting guide, years, both included; it binds
    where the regime's method says so (P14).
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    asset_class: str
    subclass: str | None = None
    parent: str | None = None
    zh: str
    en: str
    units: tuple[str, ...]
    biological: bool = False
    land: bool = False
    real_estate: bool = False
    needs_loan_ref: bool = False
    life_years_from: int | None = Field(default=None, gt=0)
    life_years_to: int | None = Field(default=None, gt=0)

    @property
    def kinds(self) -> frozenset[str]:
        """What exceptions for kinds of asset name: its class, BIOLOGICAL, LAND."""
        marks = (("BIOLOGICAL", self.biological), ("LAND", self.land))
        return frozenset({self.asset_class, *(name for name, marked in marks if marked)})


class LineDepartment(Row):
    """The sector department of a type; a sub-type without a row follows its parent."""

    KEY: ClassVar[tuple[str, ...]] = ("type",)

    type: str
    department: str


class UnitOfMeasure(Row):
    """A unit of measure. `whole`: only whole numbers make sense; `needs_items`: only with a list of the items."""

    KEY: ClassVar[tuple[str, ...]] = ("unit",)

    unit: str
    en: str
    whole: bool = False
    needs_items: bool = False


# ---- ownership_rules.toml (T3) ---------------------------------------------------------------------------------------


class OwnershipStep(Value):
    """What must have happened before the confirmation, or is due after it. `unless`: not asked for when it holds."""

    code: str
    zh: str
    refusal: str | None = None
    after_confirmation: bool = False
    unless: Condition | None = None


class OwnershipSuggestion(Value):
    """The unit proposed to the decider when the implementer is of that kind."""

    implementer_kind: OwnerKind
    unit: str


class OwnershipRule(Row):
    """A row of T3: the first by `order` whose conditions all hold decides. No `owner_kind`: as decided."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    order: int
    code: str
    zh: str
    conditions: tuple[Condition, ...] = ()
    owner_kind: OwnerKind | None = None
    decider: Decider
    overridable: bool = False
    ordered: bool = True
    chain: str | None = None
    steps: tuple[OwnershipStep, ...] = ()
    suggestions: tuple[OwnershipSuggestion, ...] = ()


# ---- regimes.toml (T4) -----------------------------------------------------------------------------------------------


class RegimeRow(Row):
    """Lead department and accounting regime of a class and owner. `supervisors`: roles that watch as well."""

    KEY: ClassVar[tuple[str, ...]] = ("asset_class", "owner_kind", "entrusted")

    asset_class: str
    owner_kind: OwnerKind
    entrusted: bool = False
    lead_department: str
    regime: Regime
    supervisors: tuple[str, ...] = ()


class AccountingSystem(Row):
    """The book of rules behind a regime."""

    KEY: ClassVar[tuple[str, ...]] = ("regime",)

    regime: Regime
    zh: str


# ---- chains.toml (T5) ------------------------------------------------------------------------------------------------


class ChainNotice(Value):
    """A public notice. HARD blocks the steps that need it, SOFT is a task; `period`: the parameter with its days."""

    force: Literal["HARD", "SOFT"]
    period: str | None = None
    places: tuple[str, ...] = ()


class ChainFiling(Value):
    """A filing. OF_RECORD: submitted is done, a return reopens; RECHECK: must be accepted."""

    addressee: str
    effect: Literal["OF_RECORD", "RECHECK"]


class ChainStep(Value):
    """A step, due when every step in `needs` that applies to the case is done.

    `by`: an organisation or a role; `all_of`: each of these, in any order. `only_for`: owner kinds and `only_scopes`:
    project scopes it applies to, empty means all. `act`: what doing it means, where meeting, notice and filing do not
    say it already: DO something, REVIEW or DETERMINE (approve or return), DECIDE by a document. `refusal_when`: the
    refusal is said of a later step that finds this one LACKING, or of this one taken too EARLY.
    """

    code: str
    zh: str
    by: str | None = None
    all_of: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    not_same_person_as: tuple[str, ...] = ()
    meeting: Literal["REPRESENTATIVES", "TOWNSHIP"] | None = None
    notice: ChainNotice | None = None
    filing: ChainFiling | None = None
    only_for: tuple[OwnerKind, ...] = ()
    only_scopes: tuple[str, ...] = ()
    optional: bool = False
    act: Literal["DO", "REVIEW", "DETERMINE", "DECIDE"] = "DO"
    refusal: str | None = None
    refusal_when: Literal["LACKING", "EARLY"] | None = None


class Chain(Row):
    """An approval chain: who does what after what."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    steps: tuple[ChainStep, ...] = Field(min_length=1)


class DisposalRoute(Row):
    """The levels between owner and approver, passed one by one. `filing`: where the approval is filed, if anywhere."""

    KEY: ClassVar[tuple[str, ...]] = ("owner_kind",)

    owner_kind: OwnerKind
    levels: tuple[str, ...]
    approver: str
    filing: str | None = None


# ---- operation_modes.toml (T6) ---------------------------------------------------------------------------------------


class OperationMode(Row):
    """A way to operate an asset.

    `contract`: needs an operating contract; `max_term_years`: its longest term by law; `custodian_required`: somebody
    is named for its daily custody before it starts (C4.3-16).
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    contract: bool
    asset_classes: tuple[str, ...]
    max_term_years: int | None = Field(default=None, gt=0)
    revitalisation_only: bool = False
    custodian_required: bool = False


class ContractClause(Row):
    """What a contract must settle in some modes; no `scopes`: for every project scope.

    CLAUSE: in the contract. CLAUSE_OR_RULE: or in a rule document linked to it. DOCUMENT: a document of its own.
    """

    KEY: ClassVar[tuple[str, ...]] = ("key_name",)

    key_name: str
    zh: str
    en: str
    modes: tuple[str, ...]
    scopes: tuple[str, ...] = ()
    form: Literal["CLAUSE", "CLAUSE_OR_RULE", "DOCUMENT"] = "CLAUSE"


# ---- custody.toml (T7) -----------------------------------------------------------------------------------------------


class CustodyRule(Row):
    """Who keeps and who supervises: the first by `order` whose conditions all hold decides.

    `first_responsible` (管护第一责任人) and `first_supervisor` (第一监管责任人) are different offices, never merged.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    order: int
    code: str
    zh: str
    conditions: tuple[Condition, ...] = ()
    custodian: str
    first_responsible: str | None = None
    supervisors: tuple[str, ...]
    first_supervisor: str | None = None
    cost_backstop: str | None = None
    warning: str | None = None


# ---- register_card.toml (T8), ledgers.toml (T9) ----------------------------------------------------------------------


class CardItem(Row):
    """One of the 14 items of the register card.

    `exempt`: kinds of asset it is not asked of; `derived`: comes from events, never typed; `nominal`: yuan to enter for a
    gift whose value nobody can show; `refusal`: said when it is missing.
    """

    KEY: ClassVar[tuple[str, ...]] = ("number",)

    number: int
    field: CardField
    zh: str
    en: str
    mandatory_at: Literal["REGISTRATION", "CONFIRMATION", "NEVER"]
    exempt: tuple[str, ...] = ()
    derived: bool = False
    nominal: str | None = None
    refusal: str | None = None

    def asked_of(self, kinds: frozenset[str]) -> bool:
        """Whether somebody has to fill it in for an asset of these kinds (`AssetType.kinds`)."""
        return not self.derived and not kinds.intersection(self.exempt)


class LedgerRow(Row):
    """A ledger the regulation wants and who keeps it."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    level: str
    keepers: tuple[str, ...]
    content: str
    period: str
    dimensions: tuple[str, ...] = ()
    collected_from: tuple[str, ...] = ()
    """Kinds of unit whose own ledgers it is collected from."""


# ---- intervals.toml --------------------------------------------------------------------------------------------------


class Interval(Row):
    """A duty that comes again, or waits no longer, after so many days. `anchor`: where the figure comes from."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    days: int = Field(ge=1)
    anchor: str


# ---- external_systems.toml (T10) -------------------------------------------------------------------------------------


class ExternalSystem(Row):
    """A system outside in which assets are entered. `entered_by`: OWNER or departments that may enter as well."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    entered_by: tuple[str, ...]


class ExternalObligation(Row):
    """Which assets go into a system. `requires`: what must be done before the entry."""

    KEY: ClassVar[tuple[str, ...]] = ("system", "asset_class", "owner_kind")

    system: str
    asset_class: str
    owner_kind: OwnerKind
    requires: tuple[str, ...] = ()
    real_estate_only: bool = False


# ---- lifecycle.toml (T11) --------------------------------------------------------------------------------------------


REGIONS: Final[Mapping[str, frozenset[str]]] = {
    "REGISTRATION": frozenset({"REGISTERED", "BOOKED"}),
    "TITLE": frozenset({"UNCONFIRMED", "IN_PROCEDURE", "CONFIRMED", "DISPUTED"}),
    "OPERATION": frozenset({"NOT_IN_USE", "IN_USE", "PARTLY_USED", "IDLE", "DAMAGED", "LOST"}),
    "CONTRACT": frozenset({"NONE", "ACTIVE", "HOLDOVER", "EXPIRED", "TERMINATED"}),
    "CUSTODY": frozenset({"NONE", "ASSIGNED"}),
    "DISPOSAL": frozenset(
        {
            "NONE",
            "PROPOSED",
            "APPRAISED",
            "PUBLISHED",
            "FORWARDED",
            "APPROVED",
            "DISPOSED",
            "REJECTED",
            "WITHDRAWN",
        }
    ),
}
"""The regions of an asset's life, which lie beside each other, and the states that each can be in (T11)."""

Action = Literal[
    "ARCHIVE",
    "BOOK",
    "CHANGE_CONTRACT",
    "CHANGE_SHARES",
    "CLOSE_DISPOSAL",
    "CONFIRM_OWNERSHIP",
    "CONTRACT",
    "CORRECT",
    "CUSTODY",
    "DEPRECIATE",
    "DISPOSE",
    "DISTRIBUTE",
    "END_CONTRACT",
    "EXTERNAL_ENTRY",
    "INCOME",
    "INCOME_PLAN",
    "MAINTENANCE",
    "OPERATE",
    "PROCEEDS",
    "PROPOSE_DISPOSAL",
    "PROVISIONAL_CUSTODY",
    "RISK",
    "STATUS_REPORT",
    "SUPERVISION",
    "TITLE_CERTIFICATE",
    "TITLE_DECISION",
    "TRANSFER",
]
"""What is done with an asset: every decision asks the guards for one of these."""


class Guard(Row):
    """While the region is in one of `states`, `actions` are refused, or every action but the `allowed` ones."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    region: str
    states: tuple[str, ...]
    actions: tuple[Action, ...] = ()
    allowed: tuple[Action, ...] = ()
    refusal: str

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if bool(self.actions) == bool(self.allowed):
            msg = f"守卫 {self.code} 须且只能有 actions 或 allowed 之一"
            raise ValueError(msg)
        return self

    def forbids(self, action: Action, state: str | None) -> bool:
        """Whether the action is refused while the region is in that state."""
        if state not in self.states:
            return False
        return action in self.actions if self.actions else action not in self.allowed


# ---- departments.toml, vocabularies.toml -----------------------------------------------------------------------------


class NamedOrganization(Row):
    """An organisation the regulation names.

    `kind`: a BODY keeps no ledger of assets; `sector`: one of the 17 sector departments; `office_member`: sits in the
    asset office; `supervises`: one of the five supervisors.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str
    zh: str
    en: str
    short_zh: str
    kind: Literal["DEPARTMENT", "FARM_CENTER", "BODY"]
    sector: bool = False
    office_member: bool = False
    supervises: bool = False


class Term(Row):
    """A code of one of the regulation's lists; what its flags mean is said at the list."""

    KEY: ClassVar[tuple[str, ...]] = ("list", "code")

    list: str
    code: str
    zh: str
    en: str
    flags: tuple[str, ...] = ()


# ---- calendar.toml (P26) ---------------------------------------------------------------------------------------------


_LONGEST: Final = timedelta(days=31)
"""No holiday is longer: a longer one is a mistyped year."""


class Holiday(Row):
    """Days off, or make-up working days on a weekend, that the national calendar does not have; both ends included."""

    KEY: ClassVar[tuple[str, ...]] = ("first_day",)

    first_day: date
    last_day: date
    zh: str
    kind: Literal["REST", "WORK"] = "REST"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            msg = f"{self.zh} 的最后一天 {self.last_day} 早于第一天 {self.first_day}"
            raise ValueError(msg)
        if self.last_day - self.first_day > _LONGEST:
            msg = f"{self.zh} 从 {self.first_day} 到 {self.last_day} 超过一个月"
            raise ValueError(msg)
        return self

    def days(self) -> tuple[date, ...]:
        """Its days, both ends included."""
        count = (self.last_day - self.first_day).days + 1
        return tuple(self.first_day + timedelta(days=number) for number in range(count))


class CalendarYear(Row):
    """What the file holds of a year: all `local` holidays as announced; all `national` ones as well."""

    KEY: ClassVar[tuple[str, ...]] = ("year",)

    year: int
    local: bool = False
    national: bool = False
