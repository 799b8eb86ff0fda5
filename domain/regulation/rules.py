"""The rules of one stretch of days: what the tables answer, ready for aggregates to ask.

Nothing here falls back on a default: a case no row covers is the refusal RULE_GAP, a code no table has CODE_UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from domain.refusals import Refusal, refuse
from domain.regulation import rows
from domain.regulation.funding import FundLine, GuidingDepartments, SourcedAmount, guides, source_of
from domain.regulation.ownership import (
    OwnershipAdvice,
    OwnershipFacts,
    RuleTried,
    advise,
    facts_in_words,
    first_failing,
    tried,
)
from domain.regulation.parameters import MeetingRule, Parameter, ParameterValues, RegimeDepreciation
from domain.regulation.rows import Row
from domain.regulation.wording import Wording
from domain.values import Fen

if TYPE_CHECKING:
    from domain.regulation.legal_clock import LegalClock

R = TypeVar("R", bound=Row)


class AssetFacts(Protocol):
    """Facts that the ownership table reads off a register card."""

    @property
    def asset_class(self) -> str:
        """Class code."""

    @property
    def asset_type(self) -> str:
        """Type code."""

    @property
    def project_scope(self) -> str:
        """Project scope code."""

    @property
    def implementer_kind(self) -> str:
        """Kind of the implementing unit."""

    @property
    def funds_paid_to(self) -> str | None:
        """Kind of unit the money was paid to."""

    @property
    def village_use(self) -> bool:
        """Whether a village uses it."""

    @property
    def equity_investment(self) -> bool:
        """Whether it was made by buying into something."""

    @property
    def funding_lines(self) -> Sequence[SourcedAmount]:
        """Where the money came from."""


class Rules:
    """The rules in force on the days from `since` to `until` (None: open); `first_day`: the county's first version's.

    `retroactive`: for days before the first version (stock of 2013–2021), judged by the first version; `since` is then
    that version's first day. `policy` is stored with every event: version, and the county's last own change that counts
    on these days, e.g. "653022/陶政办发〔2021〕15号#1+3"; without such a change nothing follows the version.
    """

    def __init__(
        self,
        *,
        county: str,
        first_day: date,
        since: date,
        until: date | None,
        retroactive: bool,
        tables: Mapping[str, tuple[Row, ...]],
        wording: Wording,
        amendment: int = 0,
    ) -> None:
        """Index the rows of `tables` that are in force on `since`. `wording`: how the county says refusals."""
        self.county = county
        self.first_day = first_day
        self.since = since
        self.until = until
        self.retroactive = retroactive
        self._typed: dict[tuple[str, type], tuple[Any, ...]] = {}
        self._tables = {
            name: tuple(row for row in table if row.in_force(since)) for name, table in tables.items()
        }
        self.version = self.table("policy.version", rows.PolicyVersion)[0]
        changed = f"+{amendment}" if amendment else ""
        self.policy = f"{county}/{self.version.document_no}#{self.version.number}{changed}"
        self._parameters = {row.id: row for row in self.table("parameters.parameter", Parameter)}
        self.parameters = cast("ParameterValues", {row.id: row.value for row in self._parameters.values()})
        """The values of P01–P37 by their numbers, each in its type."""
        self.wording = wording.ruled_by(self.parameters["P25"].in_principle_clauses)
        self._index_money()
        self._index_assets()
        self._index_procedures()
        self._index_terms()

    def __repr__(self) -> str:
        """For people reading a log."""
        return f"<Rules {self.policy} since {self.since}{' retroactive' if self.retroactive else ''}>"

    def _index_money(self) -> None:
        self._sources = {row.code: row for row in self.table("fund_sources.source", rows.FundSource)}
        self._parents = {row.code: row for row in self.table("fund_sources.parent", rows.FundParent)}
        self.donated_sources = frozenset(
            code
            for row in self._sources.values()
            if row.needs_flag is not None
            for code in (row.code, row.when_flag_false)
            if code is not None
        )
        """Sources of gifts: those that must say which way they took, and what they become."""
        self._guidance: dict[tuple[str, str | None], rows.GuidanceRule] = {
            (row.source, row.implementer_kind): row
            for row in self.table("fund_sources.guidance", rows.GuidanceRule)
        }

    def _index_assets(self) -> None:
        self._classes = {row.code: row for row in self.table("asset_types.class", rows.AssetClass)}
        self._subclasses = {
            row.code: row.asset_class for row in self.table("asset_types.subclass", rows.Subclass)
        }
        self._types = {row.code: row for row in self.table("asset_types.type", rows.AssetType)}
        self._lines = {
            row.type: row.department for row in self.table("asset_types.line_department", rows.LineDepartment)
        }
        self._units = {row.unit: row for row in self.table("units_of_measure.unit", rows.UnitOfMeasure)}
        self._ownership = sorted(
            self.table("ownership_rules.rule", rows.OwnershipRule), key=lambda row: row.order
        )
        self._regimes: dict[tuple[str, str, bool], rows.RegimeRow] = {
            (row.asset_class, row.owner_kind, row.entrusted): row
            for row in self.table("regimes.regime", rows.RegimeRow)
        }
        self._accounting: dict[str, rows.AccountingSystem] = {
            row.regime: row for row in self.table("regimes.accounting_system", rows.AccountingSystem)
        }
        self._postings = {row.code: row for row in self.table("regimes.posting", rows.PostingRule)}
        self._custody = sorted(self.table("custody.rule", rows.CustodyRule), key=lambda row: row.order)
        self._systems = {row.code: row for row in self.table("external_systems.system", rows.ExternalSystem)}
        self._obligations = self.table("external_systems.obligation", rows.ExternalObligation)

    def _index_procedures(self) -> None:
        self._chains = {row.code: row for row in self.table("chains.chain", rows.Chain)}
        self._routes: dict[tuple[str, str | None], rows.DisposalRoute] = {
            (row.owner_kind, row.asset_class): row
            for row in self.table("chains.disposal_route", rows.DisposalRoute)
        }
        self._modes = {row.code: row for row in self.table("operation_modes.mode", rows.OperationMode)}
        self._clauses = self.table("operation_modes.clause", rows.ContractClause)
        self._guards = self.table("lifecycle.guard", rows.Guard)

    def _index_terms(self) -> None:
        self._intervals = {row.code: row for row in self.table("intervals.interval", rows.Interval)}
        self._organizations = self.table("departments.organization", rows.NamedOrganization)
        self._terms: dict[str, tuple[rows.Term, ...]] = {}
        for term in self.table("vocabularies.term", rows.Term):
            self._terms[term.list] = (*self._terms.get(term.list, ()), term)
        self.risk_kinds = self.codes("RISK_KIND")
        self.income_uses = self.codes("INCOME_USE")
        self.single_holder_positions = self.codes("POSITION", "SINGLE")
        self.principal_positions = frozenset(
            term.code
            for term in self.terms("POSITION")
            if any(flag.startswith("PRINCIPAL_OF_") for flag in term.flags)
        )

    # ---- tables, parameters, words -----------------------------------------------------------------------------

    def table(self, name: str, row_class: type[R]) -> tuple[R, ...]:
        """The rows of a table in force, in file order; `name` as in `tables.TABLES`."""
        found = self._typed.get((name, row_class))
        if found is None:
            found = self._typed[name, row_class] = tuple(
                row for row in self._tables[name] if isinstance(row, row_class)
            )
        return cast("tuple[R, ...]", found)

    def parameter_row(self, parameter: str) -> Parameter:
        """The parameter with its name, anchor, clause and days."""
        return self._parameters[parameter]

    def within(self, duty: str) -> rows.Interval:
        """Within how many days a recurring duty falls due again. `KeyError` for a duty that has no interval."""
        return self._intervals[duty]

    def within_if_set(self, duty: str) -> int | None:
        """The days of a duty that a county may set and need not; None where it has not."""
        found = self._intervals.get(duty)
        return None if found is None else found.days

    def keepers_of(self, ledger: str) -> tuple[str, ...]:
        """Who keeps a ledger (T9): units and kinds of units; nobody where the county has no such ledger."""
        found = (row for row in self.table("ledgers.ledger", rows.LedgerRow) if row.code == ledger)
        return next((row.keepers for row in found), ())

    def terms(self, name: str) -> tuple[rows.Term, ...]:
        """A list of the regulation, in its order. `KeyError` for a list it does not have."""
        return self._terms[name]

    def codes(self, name: str, flag: str | None = None) -> frozenset[str]:
        """The codes of a list, all or those with a flag."""
        return frozenset(term.code for term in self._terms[name] if flag is None or flag in term.flags)

    def organizations(self) -> tuple[rows.NamedOrganization, ...]:
        """The organisations the regulation names."""
        return self._organizations

    @property
    def supervising_organs(self) -> frozenset[str]:
        """The organisations that supervise and inspect (五(四), C5.4-01)."""
        return frozenset(row.code for row in self.organizations() if row.supervises)

    @property
    def ledger_keepers(self) -> frozenset[str]:
        """The kinds of units that keep a ledger of all their assets and submit it (C4.3-10, T9)."""
        ledgers = self.table("ledgers.ledger", rows.LedgerRow)
        return frozenset(kind for row in ledgers if row.level == "UNIT" for kind in row.keepers)

    # ---- money (T1) --------------------------------------------------------------------------------------------

    def fund_source(self, code: str) -> rows.FundSource:
        """A fund source. Refused: FUND_SOURCE_UNKNOWN."""
        source = self._sources.get(code)
        if source is None:
            raise refuse("FUND_SOURCE_UNKNOWN", source=code)
        return source

    def check_fund_line(self, line: FundLine, index: int) -> rows.FundSource:
        """The source a line is stored under; `index` is its place among the lines, for the error message.

        Refused: FUND_SOURCE_UNKNOWN, FUND_SUBSOURCE_REQUIRED, DONATION_PATH_REQUIRED, FIELD_REQUIRED.
        """
        return source_of(line, index, self._sources, self._parents)

    @cached_property
    def provenance_sources(self) -> frozenset[str]:
        """Sources of money that comes from a disposed asset: a line of them names what it rests on (C4.12-07)."""
        return frozenset(code for code, row in self._sources.items() if row.provenance_required)

    def guiding_departments(
        self, lines: Iterable[SourcedAmount], implementer_kind: str | None = None
    ) -> GuidingDepartments:
        """Lead and co-guiding departments by the largest sum per department (C4.1-02..07, P18)."""
        return guides(lines, implementer_kind, self._guidance, self.parameters["P18"].tie_order)

    # ---- classes, types, units (T2) ----------------------------------------------------------------------------

    def asset_class(self, code: str) -> rows.AssetClass:
        """A class. Refused: CODE_UNKNOWN."""
        found = self._classes.get(code)
        if found is None:
            raise refuse("CODE_UNKNOWN", clause="C4.2-01", field="assetClass", value=code)
        return found

    def asset_type(self, code: str) -> rows.AssetType:
        """A type. Refused: CODE_UNKNOWN."""
        found = self._types.get(code)
        if found is None:
            raise refuse("CODE_UNKNOWN", clause="C4.2-01", field="assetType", value=code)
        return found

    def classify(self, asset_class: str, subclass: str | None, asset_type: str) -> rows.AssetType:
        """The type, if it belongs to that class and subclass.

        Refused: CODE_UNKNOWN, SUBCLASS_REQUIRED, TYPE_CLASS_MISMATCH.
        """
        wants_subclass = self.asset_class(asset_class).subclass_required
        found = self.asset_type(asset_type)
        if found.asset_class != asset_class:
            raise refuse(
                "TYPE_CLASS_MISMATCH", type=asset_type, expected=found.asset_class, given=asset_class
            )
        if subclass is None and (wants_subclass or found.subclass is not None):
            raise refuse("SUBCLASS_REQUIRED", missing=["subclass"], expected=found.subclass)
        if subclass is not None:
            self._must_be_of_class(subclass, asset_class)
        if subclass != found.subclass:
            raise refuse(
                "TYPE_CLASS_MISMATCH", type=asset_type, expected=found.subclass or asset_class, given=subclass
            )
        return found

    def _must_be_of_class(self, subclass: str, asset_class: str) -> None:
        home = self._subclasses.get(subclass)
        if home is None:
            raise refuse("CODE_UNKNOWN", clause="C4.2-01", field="subclass", value=subclass)
        if home != asset_class:
            raise refuse("TYPE_CLASS_MISMATCH", type=subclass, expected=home, given=asset_class)

    def card_items(
        self, step: Literal["REGISTRATION", "CONFIRMATION"], asset_type: str
    ) -> tuple[rows.CardItem, ...]:
        """The items of the register card that have to be filled in by that step for an asset of that type (T8)."""
        kinds = self.asset_type(asset_type).kinds
        return tuple(
            row
            for row in self.table("register_card.item", rows.CardItem)
            if row.mandatory_at == step and row.asked_of(kinds)
        )

    def depreciable(self, asset_type: str) -> bool:
        """Whether assets of that type are depreciated (P14)."""
        return not self.asset_type(asset_type).kinds.intersection(self.parameters["P14"].excluded)

    def line_department(self, asset_type: str) -> str:
        """The sector department of a type (C5.1-03). Refused: LINE_DEPT_UNMAPPED."""
        found = self.asset_type(asset_type)
        department = self._lines.get(found.code) or self._lines.get(found.parent or "")
        if department is None:
            raise refuse("LINE_DEPT_UNMAPPED", type=asset_type)
        return department

    def types_of(self, department: str) -> tuple[str, ...]:
        """The types of assets that a line department answers for (五(一))."""
        found = {
            code: self._lines.get(code, self._lines.get(row.parent or ""))
            for code, row in self._types.items()
        }
        return tuple(sorted(code for code, answering in found.items() if answering == department))

    def unit_of_measure(self, unit: str, asset_type: str | None = None) -> rows.UnitOfMeasure:
        """A unit of measure. Refused: CODE_UNKNOWN, with the usual units of the type if one is named."""
        found = self._units.get(unit)
        if found is None:
            usual = self.asset_type(asset_type).units if asset_type is not None else None
            raise refuse(
                "CODE_UNKNOWN", clause="C4.6-02", field="unitOfMeasure", value=unit, accepted=usual or None
            )
        return found

    @property
    def nominal_value(self) -> Fen | None:
        """What a gift without any evidence of its value is entered at (T8); None where the table says nothing."""
        for item in self.table("register_card.item", rows.CardItem):
            if item.nominal is not None:
                return Fen.from_yuan(item.nominal)
        return None

    # ---- ownership and regime (T3, T4, T10) --------------------------------------------------------------------

    def ownership(self, facts: OwnershipFacts) -> OwnershipAdvice:
        """Who owns it, who decides, what must have happened before. Refused: RULE_GAP when no row covers it."""
        return advise(facts, self._ownership)

    def ownership_of(self, card: AssetFacts, *, title_unclear: bool = False) -> OwnershipAdvice:
        """`ownership` of a register card."""
        return self.ownership(_facts_of(card, title_unclear))

    def ownership_tried(self, card: AssetFacts, *, title_unclear: bool = False) -> tuple[RuleTried, ...]:
        """The rows of T3 that were tried for a register card, each condition with the card's value."""
        return tried(_facts_of(card, title_unclear), self._ownership)

    def regime(self, asset_class: str, owner_kind: str, *, entrusted: bool = False) -> rows.RegimeRow:
        """Accounting regime and lead department; `entrusted` household assets have a row of their own."""
        found = self._regimes.get((asset_class, owner_kind, entrusted))
        if found is None:
            raise _gap("T4", assetClass=asset_class, ownerKind=owner_kind, entrusted=entrusted)
        return found

    def lead_department(self, asset_class: str, owner_kind: str | None) -> str | None:
        """The department that leads by class and owner (四(六)); of an owner that is not known yet, the one that leads whoever it is."""
        leads = {
            row.lead_department
            for (held, kind, _), row in self._regimes.items()
            if held == asset_class and owner_kind in {None, kind}
        }
        return next(iter(leads)) if len(leads) == 1 else None

    def accounting_system(self, regime: str) -> rows.AccountingSystem:
        """The book of rules behind a regime."""
        found = self._accounting.get(regime)
        if found is None:
            raise _gap("T4", regime=regime)
        return found

    def posting_rule(self, cause: str) -> rows.PostingRule:
        """Debit and credit of a cause on the income sub-account (C4.9-05). Refused: CODE_UNKNOWN."""
        found = self._postings.get(cause)
        if found is None:
            raise refuse("CODE_UNKNOWN", clause="C4.9-05", field="cause", value=cause)
        return found

    def external_system(self, code: str) -> rows.ExternalSystem:
        """A system outside. Refused: CODE_UNKNOWN."""
        found = self._systems.get(code)
        if found is None:
            raise refuse("CODE_UNKNOWN", clause="C4.3-06", field="system", value=code)
        return found

    def external_systems(
        self, asset_class: str, owner_kind: str, asset_type: str | None = None
    ) -> tuple[rows.ExternalObligation, ...]:
        """Where such an asset has to be entered. With a type, real-estate registration only if it is eligible."""
        eligible = asset_type is None or self.asset_type(asset_type).real_estate
        return tuple(
            row
            for row in self._obligations
            if (row.asset_class, row.owner_kind) == (asset_class, owner_kind)
            and (eligible or not row.real_estate_only)
        )

    def depreciation(self, regime: str) -> RegimeDepreciation:
        """How a regime depreciates (P14). RULE_GAP for one that does not."""
        for method in self.parameters["P14"].methods:
            if method.regime == regime:
                return method
        raise _gap("P14", regime=regime)

    def useful_life(self, asset_type: str, regime: str) -> tuple[int | None, int | None]:
        """The shortest and the longest useful life of a type in a regime, years; None where there is no bound (P14)."""
        methods = self.parameters["P14"].methods
        if not any(one.regime == regime and one.life_within_guide for one in methods):
            return None, None
        found = self.asset_type(asset_type)
        return found.life_years_from, found.life_years_to

    # ---- custody (T7) ------------------------------------------------------------------------------------------

    def custody(
        self,
        asset_class: str,
        project_scope: str | None,
        owner_kind: str,
        *,
        operator_present: bool,
        self_operated: bool,
        entrusted: bool = False,
    ) -> rows.CustodyRule:
        """Who keeps and who supervises it. Refused: RULE_GAP when no row covers it."""
        named = {
            "assetClass": asset_class,
            "projectScope": project_scope,
            "ownerKind": owner_kind,
            "operatorPresent": operator_present,
            "selfOperated": self_operated,
            "entrusted": entrusted,
        }
        for row in self._custody:
            if first_failing(row.conditions, named) is None:
                return row
        raise _gap("T7", **named)

    # ---- operation (T6) ----------------------------------------------------------------------------------------

    def operation_mode(self, mode: str) -> rows.OperationMode | None:
        """A way to operate, None for one the regulation does not know."""
        return self._modes.get(mode)

    def mode_allowed(self, asset_class: str, mode: str) -> bool:
        """Whether assets of that class may be operated that way (C3-03, C4.2-06)."""
        found = self._modes.get(mode)
        return found is not None and asset_class in found.asset_classes

    def contract_clauses(self, mode: str, project_scope: str | None) -> tuple[rows.ContractClause, ...]:
        """What a contract in that mode must settle for a project of that scope."""
        return tuple(
            row
            for row in self._clauses
            if mode in row.modes and (not row.scopes or project_scope in row.scopes)
        )

    # ---- procedures and meetings (T5, P10) ---------------------------------------------------------------------

    def chain(self, code: str) -> rows.Chain:
        """An approval chain. Refused: CODE_UNKNOWN."""
        found = self._chains.get(code)
        if found is None:
            raise refuse("CODE_UNKNOWN", field="chain", value=code)
        return found

    def facts_of(self, chain: str) -> Mapping[str, tuple[str, ...]]:
        """Steps of a chain that facts take → the types of these events; of a chain that is no more, none."""
        row = self._chains.get(chain)
        return {} if row is None else {step.code: step.facts for step in row.steps if step.act == "FACT"}

    def chains_of(
        self, fact: str, owner_kind: str | None, project_scope: str | None, *, to_be_revived: bool
    ) -> tuple[rows.Chain, ...]:
        """The chains that decide on a kind of fact for such an owner and scope; where one is meant for just these, that one alone."""
        open_to = {
            row.code: (row, step)
            for row in self._chains.values()
            for step in row.steps
            if fact in step.facts
            and step.applies(owner_kind, project_scope)
            and (to_be_revived or not row.revitalisation_only)
        }
        meant = {code for code, (_, step) in open_to.items() if step.only_for or step.only_scopes}
        return tuple(row for code, (row, _) in open_to.items() if not meant or code in meant)

    def disposal_chains(
        self,
        owner_kind: str | None,
        project_scope: str | None,
        asset_class: str,
        value: int,
        *,
        to_be_revived: bool,
    ) -> tuple[rows.Chain, ...]:
        """The chains by which such an owner disposes of such an asset of that value, fen; shorter ones below the limit alone."""
        major = self.is_major_disposal(value, owner_kind, asset_class)
        found = self.chains_of("asset.disposed", owner_kind, project_scope, to_be_revived=to_be_revived)
        return tuple(row for row in found if not (major and row.below_limit_only))

    def signers_of(self, chain: str, step: str) -> tuple[str, ...]:
        """The posts whose holders sign a step of a chain; of one that is no more, none."""
        row = self._chains.get(chain)
        return next((one.signed_by for one in row.steps if one.code == step), ()) if row is not None else ()

    def quorum(self, kind: str, matter: str = "COLLECTIVE") -> MeetingRule:
        """When such a meeting is valid and passes something; `quorum.judge` applies it. RULE_GAP for an unknown one."""
        for meeting in self.parameters["P10"].meetings:
            if (meeting.kind, meeting.matter) == (kind, matter):
                return meeting
        raise _gap("P10", kind=kind, matter=matter)

    @cached_property
    def clock(self) -> LegalClock:
        """The county's calendar: working days, and when periods end (P26)."""
        from domain.regulation.legal_clock import LegalClock

        return LegalClock(
            self.table("calendar.holiday", rows.Holiday),
            self.table("calendar.year", rows.CalendarYear),
            local=self.parameters["P26"].working_days == "NATIONAL_WITH_LOCAL_HOLIDAYS",
        )

    # ---- disposal (P01–P05) ------------------------------------------------------------------------------------

    def is_major_disposal(
        self, value: int, owner_kind: str | None = None, asset_class: str | None = None
    ) -> bool:
        """Whether a disposal value in fen reaches the limit, itself included: of its route, else of P01 (C4.12-04)."""
        route = self._route(owner_kind or "", asset_class)
        own = None if route is None else route.limit
        return value >= (self.parameters["P01"] if own is None else own)

    def _route(self, owner_kind: str, asset_class: str | None) -> rows.DisposalRoute | None:
        return self._routes.get((owner_kind, asset_class)) or self._routes.get((owner_kind, None))

    def disposal_value(
        self, *, appraised: int, net_book_value: int, original_value: int, expected_price: int
    ) -> Fen:
        """The value that the threshold looks at, fen (P02)."""
        basis = self.parameters["P02"]
        if basis == "ORIGINAL_VALUE":
            return Fen(original_value)
        if basis == "EXPECTED_PRICE":
            return Fen(expected_price)
        return Fen(max(appraised, net_book_value))

    def disposal_route(
        self, owner_kind: str, value: int, asset_class: str | None = None
    ) -> rows.DisposalRoute:
        """Levels and approver of a disposal of that value in fen; below the limit those of P04.

        The levels below the limit are those the proposal passes before it reaches the approver.
        """
        route = self._route(owner_kind, asset_class)
        if route is None:
            raise _gap("T5", ownerKind=owner_kind)
        if self.is_major_disposal(value, owner_kind, asset_class):
            return route
        small = self.parameters["P04"]
        approver = small.approvers.get(route.owner_kind)
        if approver is None:
            raise _gap("P04", ownerKind=owner_kind)
        passed = route.levels.index(approver) if approver in route.levels else len(route.levels)
        return route.model_copy(
            update={
                "levels": route.levels[:passed],
                "approver": approver,
                "filing": small.filings.get(route.owner_kind),
                "article": self.parameter_row("P04").article,
            }
        )

    # ---- life cycle (T11) --------------------------------------------------------------------------------------

    def guard(self, action: rows.Action, regions: Mapping[str, str]) -> rows.Guard | None:
        """The first guard that forbids the action while the regions are in these states, or None."""
        for row in self._guards:
            if row.forbids(action, regions.get(row.region)):
                return row
        return None


def _facts_of(card: AssetFacts, title_unclear: bool) -> OwnershipFacts:
    return OwnershipFacts(
        asset_class=card.asset_class,
        asset_type=card.asset_type,
        project_scope=card.project_scope,
        implementer_kind=card.implementer_kind,
        funds_paid_to=card.funds_paid_to,
        village_use=card.village_use,
        equity_investment=card.equity_investment,
        title_unclear=title_unclear,
        fund_sources=frozenset(line.source for line in card.funding_lines),
    )


def _gap(table: str, **facts: Any) -> Refusal:
    return refuse("RULE_GAP", table=table, facts=facts_in_words(facts))
