"""Checks that the tables agree with one another, with the clauses and with the catalogue of codes.

A table that names something nobody defines would be a rule that never applies, or a refusal nobody can make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain as chained
from typing import Final, TypeVar, get_args

from domain.refusals import CodeEntry, clauses
from domain.regulation import needed, rows
from domain.regulation.articles import ARTICLES, Articles
from domain.regulation.ownership import OwnershipFacts
from domain.regulation.parameters import TYPES, Parameter
from domain.regulation.rows import Row

R = TypeVar("R", bound=Row)

_OWNER_KINDS: Final = frozenset(get_args(rows.OwnerKind))
_STEP_ROLES: Final = frozenset(
    {
        "APPROVER",
        "AUDITOR",
        "DEPARTMENT",
        "EVERY_UNIT",
        "FIRST_SECRETARY_COMMITTEES_TEAM",
        "IMPLEMENTER",
        "LEAVER",
        "LINE_DEPARTMENT",
        "OPERATOR",
        "OWNER",
        "PUBLIC",
        "ROUTE_FILING",
        "ROUTE",
        "SUCCESSOR",
        "SUPERIOR",
        "TOWNSHIP",
        "TWO_COMMITTEES",
        "VILLAGE",
    }
)
_CARE_ROLES: Final = frozenset(
    {
        "EACH_OWNER_VILLAGE",
        "GUIDING_DEPARTMENT",
        "HOUSEHOLD",
        "IMPLEMENTER",
        "LINE_DEPARTMENT",
        "OPERATOR",
        "OPERATOR_OR_OWNER",
        "OWNER",
        "TOWNSHIP",
        "VILLAGE",
    }
)
_CUSTODY_FACTS: Final = frozenset(
    {"assetClass", "projectScope", "ownerKind", "operatorPresent", "selfOperated", "entrusted"}
)
DUTIES_WITH_INTERVAL: Final = frozenset(
    {
        "STATUS_REPORT",
        "HOUSEHOLD_INSPECTION",
        "ENTRUSTED_INSPECTION",
        "EXTERNAL_ENTRY",
        "OBJECTION",
        "ESCALATION",
    }
)
"""Duties whose days are asked for by name; a county may have more."""
_OWNERSHIP_FACTS: Final = frozenset(OwnershipFacts(asset_class="-").named())


@dataclass(frozen=True)
class Book:
    """Everything of a county, read but not yet trusted."""

    tables: Mapping[str, tuple[Row, ...]]
    articles: Articles
    codes: Mapping[str, CodeEntry]
    lifts: frozenset[str]
    text: str

    @cached_property
    def refusing(self) -> frozenset[str]:
        """The codes that refuse; the others only warn."""
        return frozenset(code for code, entry in self.codes.items() if entry.kind != "warning")

    def table(self, name: str, row_class: type[R]) -> tuple[R, ...]:
        """The rows of a table, of all days."""
        return tuple(row for row in self.tables[name] if isinstance(row, row_class))

    def codes_of(self, name: str) -> frozenset[str]:
        """What a table defines: the `code` of its rows."""
        return frozenset(str(getattr(row, "code", "")) for row in self.tables[name])

    def on(self, day: date) -> Book:
        """The same with the rows in force on a day."""
        in_force = {
            name: tuple(row for row in table if row.in_force(day)) for name, table in self.tables.items()
        }
        return replace(self, tables=in_force)

    def terms(self, name: str) -> frozenset[str]:
        """The codes of a list."""
        return frozenset(row.code for row in self.table("vocabularies.term", rows.Term) if row.list == name)


def check(book: Book, starts: Sequence[date], faults: list[str]) -> None:
    """Tell everything that does not fit together in `faults`. `starts`: the first days of the stretches of days.

    What a row names must be there on every day the row is: each stretch is checked by itself. While the days of rows
    overlap or leave gaps (told in `faults` already), only what is wrong in every stretch is told.
    """
    days_sound = not faults
    told = _Told(faults)
    _check_articles(book, told)
    _check_codes(book, told)
    _check_versions(book, told)
    _check_parameters(book, told)
    _check_intervals(book, told)
    _check_stretches(book, starts, faults, days_sound=days_sound)


def _check_stretches(book: Book, starts: Sequence[date], faults: list[str], *, days_sound: bool) -> None:
    """References within each stretch of days; a fault of some stretches only says of which."""
    found: dict[str, list[date]] = {}
    for start in starts:
        of_stretch: list[str] = []
        _check_references(book.on(start), _Told(of_stretch))
        for fault in dict.fromkeys(of_stretch):
            found.setdefault(fault, []).append(start)
    for fault, days in found.items():
        if len(days) == len(starts):
            faults.append(fault)
        elif days_sound:
            faults.append(f"{fault}（{'、'.join(map(str, days))} 起）")


def _check_references(book: Book, told: _Told) -> None:
    _check_needed(book, told)
    _check_parameter_values(book, told)
    _check_funds(book, told)
    _check_types(book, told)
    _check_ownership(book, told)
    _check_regimes(book, told)
    _check_chains(book, told)
    _check_operation(book, told)
    _check_care(book, told)
    _check_systems(book, told)
    _check_lifecycle(book, told)
    _check_calendar(book, told)


class _Told:
    """Collects faults about references."""

    def __init__(self, faults: list[str]) -> None:
        self._faults = faults

    def say(self, place: str, fault: str) -> None:
        self._faults.append(f"{place}：{fault}")

    def known(self, place: str, what: str, named: Iterable[str | None], defined: Iterable[str]) -> None:
        """Every name must be defined; None names nothing."""
        defined = frozenset(defined)
        for name in named:
            if name is not None and name not in defined:
                self.say(place, f"没有这个{what} {name}")


def _check_articles(book: Book, told: _Told) -> None:
    for name, table in book.tables.items():
        for row in table:
            _check_named(f"{name}（{_key(row)}）", row.articles, book, told)
    text = "".join(book.text.split())
    for article in book.articles.by_number.values():
        if "".join(article.quote.split()) not in text:
            told.say(f"{ARTICLES}（{article.id}）", "引文不在文件原文中")


def _check_named(place: str, named: Iterable[str], book: Book, told: _Told) -> None:
    """Clauses that something rests on: a key of the service, or an article that answers one."""
    for name in named:
        if name in book.articles.by_number and name not in clauses():
            told.say(place, f"条文 {name} 没有写明它对应的要求（{ARTICLES} 的 answers）")
        elif name not in clauses():
            told.say(place, f"没有这个条款 {name}")


def _check_codes(book: Book, told: _Told) -> None:
    for entry in book.codes.values():
        place = f"codes（{entry.code}）"
        _check_named(place, (*entry.clauses, *entry.overridable_at), book, told)
        told.known(place, "批准文件", [entry.lifted_by], book.lifts)
        if not entry.clauses and entry.origin == "regulation":
            told.say(place, "缺少条款")
        if (entry.kind == "overridable") != (entry.lifted_by is not None):
            told.say(place, "可例外的代码须写明 lifted_by，其他代码不得写")


def _check_versions(book: Book, told: _Told) -> None:
    versions = sorted(book.table("policy.version", rows.PolicyVersion), key=lambda row: row.in_force_from)
    if not versions:
        told.say("policy.version", "没有政策版本")
        return
    if [row.number for row in versions] != list(range(1, len(versions) + 1)):
        told.say("policy.version", "版本号须从 1 起按生效日连续")
    if versions[-1].in_force_until is not None:
        told.say("policy.version", "最后一个版本不得有失效日")


def _check_parameters(book: Book, told: _Told) -> None:
    stretches: dict[str, list[Parameter]] = {}
    for row in book.table("parameters.parameter", Parameter):
        stretches.setdefault(row.id, []).append(row)
    first_day = min((row.in_force_from for row in book.tables["policy.version"]), default=date.max)
    for parameter in TYPES:
        found = stretches.get(parameter, [])
        if not found:
            told.say("parameters", f"缺少参数 {parameter}")
        elif min(row.in_force_from for row in found) > first_day:
            told.say("parameters", f"{parameter} 在第一个版本生效时没有规定")
        elif all(row.in_force_until is not None for row in found):
            told.say("parameters", f"{parameter} 到期后没有规定")
    for row in chained.from_iterable(stretches.values()):
        if row.id == "P25":
            _check_named(f"parameters（{row.id}）", row.value.in_principle_clauses, book, told)


def _check_needed(book: Book, told: _Told) -> None:
    """Rows that the service's code asks for by name."""
    lists = {row.list for row in book.table("vocabularies.term", rows.Term)}
    for name in sorted(needed.LISTS - lists):
        told.say("vocabularies.term", f"缺少代码表 {name}")
    for table, codes in needed.CODES.items():
        for code in sorted(codes - book.codes_of(table)):
            told.say(table, f"缺少 {code}")
    for chain in book.table("chains.chain", rows.Chain):
        steps = {step.code: step for step in chain.steps}
        for code, several in needed.STEPS.get(chain.code, {}).items():
            if code not in steps:
                told.say(f"chains.chain（{chain.code}）", f"缺少步骤 {code}")
            elif bool(steps[code].all_of) != several:
                told.say(
                    f"chains.chain（{chain.code} {code}）", f"须用 {'all_of' if several else 'by'} 写明单位"
                )


def _check_parameter_values(book: Book, told: _Told) -> None:
    organizations = book.codes_of("departments.organization")
    for row in book.table("parameters.parameter", Parameter):
        place = f"parameters（{row.id}）"
        match row.id:
            case "P04":
                named = (*row.value.approvers.values(), *row.value.filings.values())
                told.known(place, "单位", named, organizations | {"TOWNSHIP"})
            case "P12":
                told.known(place, "用途", row.value.exempt_uses, book.terms("INCOME_USE"))
            case "P18":
                told.known(place, "单位", row.value.tie_order, organizations)
            case "P23":
                told.known(place, "状态", row.value.operation_states, rows.REGIONS["OPERATION"])
                told.known(place, "风险", row.value.without_flags, book.terms("RISK_KIND"))
            case "P24":
                told.known(place, "单位", [row.value.allocator], {*organizations, "OWNER"})


def _check_funds(book: Book, told: _Told) -> None:
    sources = book.codes_of("fund_sources.source")
    guidance = book.table("fund_sources.guidance", rows.GuidanceRule)
    for row in guidance:
        place = f"fund_sources.guidance（{_key(row)}）"
        told.known(place, "资金来源", [row.source], sources)
        told.known(place, "单位", [row.department], book.codes_of("departments.organization"))
    guided = {row.source for row in guidance if row.implementer_kind is None}
    for source in book.table("fund_sources.source", rows.FundSource):
        place = f"fund_sources.source（{source.code}）"
        told.known(place, "资金来源", [source.when_flag_false], sources)
        if source.code not in guided:
            told.say(place, "没有管理指导部门")
    for parent in book.table("fund_sources.parent", rows.FundParent):
        told.known(f"fund_sources.parent（{parent.code}）", "资金来源", parent.sub_sources, sources)


def _check_types(book: Book, told: _Told) -> None:
    classes = {row.code: row for row in book.table("asset_types.class", rows.AssetClass)}
    subclasses = {row.code: row for row in book.table("asset_types.subclass", rows.Subclass)}
    types = {row.code: row for row in book.table("asset_types.type", rows.AssetType)}
    departments = book.table("asset_types.line_department", rows.LineDepartment)
    lines = {row.type for row in departments}
    units = {row.unit for row in book.table("units_of_measure.unit", rows.UnitOfMeasure)}
    for found in classes.values():
        told.known(f"asset_types.class（{found.code}）", "拒绝代码", [found.forbidden_code], book.refusing)
    for subclass in subclasses.values():
        told.known(f"asset_types.subclass（{subclass.code}）", "类别", [subclass.asset_class], classes)
    for row in types.values():
        place = f"asset_types.type（{row.code}）"
        told.known(place, "类别", [row.asset_class], classes)
        told.known(place, "单位", row.units, units)
        told.known(place, "上级类型", [row.parent], types)
        of_class = {code for code, one in subclasses.items() if one.asset_class == row.asset_class}
        told.known(place, "子类", [row.subclass], of_class)
        if row.subclass is None and row.asset_class in classes and classes[row.asset_class].subclass_required:
            told.say(place, "缺少子类")
        parent = types.get(row.parent) if row.parent is not None else None
        if parent is not None and (parent.asset_class, parent.subclass) != (row.asset_class, row.subclass):
            told.say(place, "与上级类型的类别不同")
        if row.code not in lines and row.parent not in lines:
            told.say(place, "没有行业主管部门（LINE_DEPT_UNMAPPED）")
    for department in departments:
        place = f"asset_types.line_department（{department.type}）"
        told.known(place, "类型", [department.type], types)
        told.known(place, "单位", [department.department], book.codes_of("departments.organization"))


def _check_conditions(
    place: str, conditions: Iterable[rows.Condition], facts: frozenset[str], book: Book, told: _Told
) -> None:
    values = {
        "assetClass": book.codes_of("asset_types.class"),
        "assetType": book.codes_of("asset_types.type"),
        "projectScope": book.terms("PROJECT_SCOPE"),
        "implementerKind": _OWNER_KINDS,
        "fundsPaidTo": _OWNER_KINDS,
        "ownerKind": _OWNER_KINDS,
        "fundSources": book.codes_of("fund_sources.source"),
    }
    for condition in conditions:
        told.known(place, "事实", [condition.fact], facts)
        named = condition.is_in or condition.any_in or condition.all_in or frozenset()
        if condition.fact in values:
            told.known(place, f"{condition.fact} 取值", sorted(named), values[condition.fact])


def _check_orders(name: str, table: Iterable[rows.OwnershipRule | rows.CustodyRule], told: _Told) -> None:
    seen: dict[int, str] = {}
    for row in table:
        if seen.setdefault(row.order, row.code) != row.code:
            told.say(f"{name}（{row.code}）", f"次序 {row.order} 与 {seen[row.order]} 相同")


def _check_ownership(book: Book, told: _Told) -> None:
    table = book.table("ownership_rules.rule", rows.OwnershipRule)
    _check_orders("ownership_rules.rule", table, told)
    for row in table:
        place = f"ownership_rules.rule（{row.code}）"
        exceptions = [step.unless for step in row.steps if step.unless is not None]
        _check_conditions(place, (*row.conditions, *exceptions), _OWNERSHIP_FACTS, book, told)
        told.known(place, "流程", [row.chain], book.codes_of("chains.chain"))
        for step in row.steps:
            if step.after_confirmation:
                told.known(place, "代码", [step.refusal], book.codes)
            else:
                told.known(place, "拒绝代码", [step.refusal], book.refusing)
        told.known(
            place, "单位", [one.unit for one in row.suggestions], book.codes_of("departments.organization")
        )


def _check_regimes(book: Book, told: _Told) -> None:
    systems = {row.regime for row in book.table("regimes.accounting_system", rows.AccountingSystem)}
    organizations = book.codes_of("departments.organization")
    for row in book.table("regimes.regime", rows.RegimeRow):
        place = f"regimes.regime（{_key(row)}）"
        told.known(place, "类别", [row.asset_class], book.codes_of("asset_types.class"))
        told.known(place, "单位", [row.lead_department], organizations)
        told.known(place, "会计制度", [row.regime], systems)
        told.known(place, "监管单位", row.supervisors, organizations | _CARE_ROLES)


def _check_chains(book: Book, told: _Told) -> None:
    organizations = book.codes_of("departments.organization")
    for row in book.table("chains.chain", rows.Chain):
        before: set[str] = set()
        for step in row.steps:
            place = f"chains.chain（{row.code} {step.code}）"
            told.known(place, "在前的步骤", (*step.needs, *step.not_same_person_as), before)
            if step.code in before:
                told.say(place, "步骤重复")
            before.add(step.code)
            if (step.by is None) == (not step.all_of):
                told.say(place, "须且只能有 by 或 all_of 之一")
            if step.facts and step.act != "FACT":
                told.say(place, '写明 facts 的环节须为 act = "FACT"')
            told.known(place, "单位", [step.by], organizations | _STEP_ROLES)
            told.known(place, "单位", step.all_of, organizations | _STEP_ROLES)
            told.known(place, "项目范围", step.only_scopes, book.terms("PROJECT_SCOPE"))
            told.known(place, "拒绝代码", [step.refusal], book.refusing)
            if step.notice is not None:
                told.known(place, "参数", [step.notice.period], TYPES)
            if step.filing is not None:
                told.known(place, "单位", [step.filing.addressee], organizations | _STEP_ROLES)
    for route in book.table("chains.disposal_route", rows.DisposalRoute):
        named = (*route.levels, route.approver, route.filing)
        place = f"chains.disposal_route（{route.owner_kind}）"
        told.known(place, "单位", named, organizations | {"TOWNSHIP"})
        told.known(place, "类别", [route.asset_class], book.codes_of("asset_types.class"))


def _check_operation(book: Book, told: _Told) -> None:
    for mode in book.table("operation_modes.mode", rows.OperationMode):
        place = f"operation_modes.mode（{mode.code}）"
        told.known(place, "类别", mode.asset_classes, book.codes_of("asset_types.class"))
    for clause in book.table("operation_modes.clause", rows.ContractClause):
        place = f"operation_modes.clause（{clause.key_name}）"
        told.known(place, "经营方式", clause.modes, book.codes_of("operation_modes.mode"))
        told.known(place, "项目范围", clause.scopes, book.terms("PROJECT_SCOPE"))


def _check_care(book: Book, told: _Told) -> None:
    table = book.table("custody.rule", rows.CustodyRule)
    organizations = book.codes_of("departments.organization")
    _check_orders("custody.rule", table, told)
    for row in table:
        place = f"custody.rule（{row.code}）"
        _check_conditions(place, row.conditions, _CUSTODY_FACTS, book, told)
        told.known(place, "管护单位", (row.custodian, *row.supervisors), organizations | _CARE_ROLES)
        told.known(place, "提示代码", [row.warning], book.codes.keys() - book.refusing)
    for item in book.table("register_card.item", rows.CardItem):
        told.known(f"register_card.item（{item.number}）", "拒绝代码", [item.refusal], book.refusing)
    for ledger in book.table("ledgers.ledger", rows.LedgerRow):
        place = f"ledgers.ledger（{ledger.code}）"
        told.known(place, "单位", ledger.keepers, organizations | _OWNER_KINDS)


def _check_systems(book: Book, told: _Told) -> None:
    entered_by = book.codes_of("departments.organization") | {"OWNER", "TOWNSHIP"}
    for system in book.table("external_systems.system", rows.ExternalSystem):
        told.known(f"external_systems.system（{system.code}）", "单位", system.entered_by, entered_by)
    for row in book.table("external_systems.obligation", rows.ExternalObligation):
        place = f"external_systems.obligation（{_key(row)}）"
        told.known(place, "系统", [row.system], book.codes_of("external_systems.system"))
        told.known(place, "类别", [row.asset_class], book.codes_of("asset_types.class"))


def _check_intervals(book: Book, told: _Told) -> None:
    """Every duty that worklists ask for has its days, from the first version on and without end."""
    first_day = min((row.in_force_from for row in book.tables["policy.version"]), default=date.max)
    stretches: dict[str, list[rows.Interval]] = {}
    for row in book.table("intervals.interval", rows.Interval):
        stretches.setdefault(row.code, []).append(row)
    for code in sorted(DUTIES_WITH_INTERVAL):
        found = stretches.get(code, [])
        if not found or min(row.in_force_from for row in found) > first_day:
            told.say("intervals", f"{code} 在第一个版本生效时没有规定")
        elif all(row.in_force_until is not None for row in found):
            told.say("intervals", f"{code} 到期后没有规定")


def _check_lifecycle(book: Book, told: _Told) -> None:
    for guard in book.table("lifecycle.guard", rows.Guard):
        place = f"lifecycle.guard（{guard.code}）"
        told.known(place, "区域", [guard.region], rows.REGIONS)
        told.known(place, "状态", guard.states, rows.REGIONS.get(guard.region, ()))
        told.known(place, "拒绝代码", [guard.refusal], book.refusing)


def _key(row: Row) -> str:
    return "、".join(str(part) for part in row.key)


def _check_calendar(book: Book, told: _Told) -> None:
    """Make-up days are on weekends; a year entered as a whole has the holidays whose days the law fixes."""
    holidays = book.table("calendar.holiday", rows.Holiday)
    for row in holidays:
        if row.kind == "WORK" and any(day.weekday() < _SATURDAY for day in row.days()):
            told.say(f"calendar.holiday（{row.first_day}）", "调休上班日须为周六、周日")
    free = {day for row in holidays if row.kind == "REST" for day in row.days()}
    for year in book.table("calendar.year", rows.CalendarYear):
        lacking = [day for day in _fixed_days(year.year) if day not in free]
        if year.national and lacking:
            days = "、".join(day.isoformat() for day in lacking)
            told.say(f"calendar.year（{year.year}）", f"缺少法定节假日 {days}（全国年节及纪念日放假办法）")


_SATURDAY: Final = 5


def _fixed_days(year: int) -> tuple[date, ...]:
    """元旦、劳动节、国庆节: the days off that do not depend on the moon (国务院令第795号第二条)."""
    return tuple(date(year, month, day) for month, day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)))
