"""The shapes of the regulation's tables: one class per kind of row, as the TOML files hold them.

Every row names its article (clause id) and the days it is in force, both inclusive. `rule_gap` marks a row that the
regulation itself does not have: the county's reading of a silence, shown as such wherever the row decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_serializer, model_validator

from domain.values import Fen, Value


def _fen(value: object) -> Fen:
    return value if isinstance(value, Fen) else Fen.from_yuan(value)


Yuan = Annotated[Fen, BeforeValidator(_fen)]
"""Fen, written as yuan in the files."""

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

    article: str = Field(title="依据条款")
    also: tuple[str, ...] = Field(default=(), title="其他依据条款")
    law: str | None = Field(default=None, title="依据的法律法规")
    note: str | None = Field(default=None, title="行注")
    rule_gap: bool = Field(default=False, title="是否为文件未明确之处")
    in_force_from: date = Field(title="生效日期")
    in_force_until: date | None = Field(default=None, title="失效日期")

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

    fact: str = Field(title="判断的事实")
    zh: str = Field(title="条件说明")
    is_in: frozenset[str] | None = Field(default=None, title="取值之一")
    equals: bool | None = Field(default=None, title="是否成立")
    any_in: frozenset[str] | None = Field(default=None, title="含有其一")
    all_in: frozenset[str] | None = Field(default=None, title="全部属于")

    @field_serializer("is_in", "any_in", "all_in")
    def _in_order(self, codes: frozenset[str] | None) -> list[str] | None:
        """The same answer from every process."""
        return None if codes is None else sorted(codes)

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

    number: int = Field(title="版本号")
    document_no: str = Field(title="文号")
    title: str = Field(title="文件名称")
    issued_on: date = Field(title="印发日期")
    reason: str = Field(title="启用原因")


class PolicyDocument(Row):
    """A text the rules rest on; not `available`: not published, known by its number only."""

    KEY: ClassVar[tuple[str, ...]] = ("document_no",)

    document_no: str = Field(title="文号")
    title: str = Field(title="文件名称")
    kind: Literal["STATE", "REGION", "PREFECTURE", "COUNTY", "LAW"] = Field(title="文件层级")
    available: bool = Field(default=True, title="是否公开")


# ---- fund_sources.toml (T1) ----------------------------------------------------------------------------------------


class FundSource(Row):
    """A code for a funding line.

    `needs_flag`: the line must say yes or no there; on no it is stored under `when_flag_false`.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="资金来源代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    needs_flag: str | None = Field(default=None, title="须另填的字段")
    when_flag_false: str | None = Field(default=None, title="答否时归入的来源")
    provenance_required: bool = Field(default=False, title="是否须注明来源资产")
    document_required: bool = Field(default=False, title="是否须注明文号")


class FundParent(Row):
    """An item of the scope list that a funding line must name by a sub-source."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="资金来源代码")
    zh: str = Field(title="中文名称")
    sub_sources: tuple[str, ...] = Field(title="下级来源")


class GuidanceRule(Row):
    """Which department guides assets made from a source; a row with an implementer kind goes before one without."""

    KEY: ClassVar[tuple[str, ...]] = ("source", "implementer_kind")

    source: str = Field(title="资金来源")
    department: str = Field(title="管理指导部门")
    implementer_kind: OwnerKind | None = Field(default=None, title="实施单位类型")


# ---- asset_types.toml (T2), units_of_measure.toml --------------------------------------------------------------------


class AssetClass(Row):
    """A class of assets. `forbidden_code`: the refusal for anything but the register, where it is no managed class."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="类别代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    subclass_required: bool = Field(title="是否须填子类")
    forbidden_code: str | None = Field(default=None, title="不得登记时的拒绝代码")


class Subclass(Row):
    """A subclass of a class."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="子类代码")
    asset_class: str = Field(title="类别")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")


class AssetType(Row):
    """A named type of asset. `units`: the usual ones, no limit.

    `life_years_from`, `life_years_to`: the useful life by the government accounting guide, years, both included; it binds
    where the regime's method says so (P14).
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="类型代码")
    asset_class: str = Field(title="类别")
    subclass: str | None = Field(default=None, title="子类")
    parent: str | None = Field(default=None, title="上级类型")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    units: tuple[str, ...] = Field(title="常用计量单位")
    biological: bool = Field(default=False, title="是否生物资产")
    land: bool = Field(default=False, title="是否土地类")
    real_estate: bool = Field(default=False, title="是否可办不动产登记")
    needs_loan_ref: bool = Field(default=False, title="是否须注明借款凭据")
    photovoltaic: bool = Field(default=False, title="收益是否按光伏规定分配")
    life_years_from: int | None = Field(default=None, gt=0, title="使用年限下限（年）")
    life_years_to: int | None = Field(default=None, gt=0, title="使用年限上限（年）")

    @property
    def kinds(self) -> frozenset[str]:
        """What exceptions for kinds of asset name: its class, BIOLOGICAL, LAND."""
        marks = (("BIOLOGICAL", self.biological), ("LAND", self.land))
        return frozenset({self.asset_class, *(name for name, marked in marks if marked)})


class LineDepartment(Row):
    """The sector department of a type; a sub-type without a row follows its parent."""

    KEY: ClassVar[tuple[str, ...]] = ("type",)

    type: str = Field(title="资产类型")
    department: str = Field(title="行业主管部门")


class UnitOfMeasure(Row):
    """A unit of measure. `whole`: only whole numbers make sense; `needs_items`: only with a list of the items."""

    KEY: ClassVar[tuple[str, ...]] = ("unit",)

    unit: str = Field(title="计量单位名称")
    en: str = Field(title="英文名称")
    whole: bool = Field(default=False, title="是否只能为整数")
    needs_items: bool = Field(default=False, title="是否须附清单")


# ---- ownership_rules.toml (T3) ---------------------------------------------------------------------------------------


class OwnershipStep(Value):
    """Step that must precede the confirmation, or is due after it. `unless`: not asked for when it holds."""

    code: str = Field(title="确权环节代码")
    zh: str = Field(title="环节名称")
    refusal: str | None = Field(default=None, title="拒绝代码")
    after_confirmation: bool = Field(default=False, title="是否确权后办理")
    unless: Condition | None = Field(default=None, title="免办条件")


class OwnershipSuggestion(Value):
    """The unit proposed to the decider when the implementer is of that kind."""

    implementer_kind: OwnerKind = Field(title="实施单位类型")
    unit: str = Field(title="建议的单位")


class OwnershipRule(Row):
    """A row of T3: the first by `order` whose conditions all hold decides. No `owner_kind`: as decided."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    order: int = Field(title="判断次序")
    code: str = Field(title="规则代码")
    zh: str = Field(title="中文名称")
    conditions: tuple[Condition, ...] = Field(default=(), title="适用条件")
    owner_kind: OwnerKind | None = Field(default=None, title="所有权人类型")
    decider: Decider = Field(title="确定机关")
    overridable: bool = Field(default=False, title="是否可由县级决定另行确定")
    ordered: bool = Field(default=True, title="环节是否依次办理")
    chain: str | None = Field(default=None, title="所用流程")
    steps: tuple[OwnershipStep, ...] = Field(default=(), title="确权环节")
    suggestions: tuple[OwnershipSuggestion, ...] = Field(default=(), title="建议的所有权人")


# ---- regimes.toml (T4) -----------------------------------------------------------------------------------------------


class RegimeRow(Row):
    """Lead department and accounting regime of a class and owner. `supervisors`: roles that watch as well."""

    KEY: ClassVar[tuple[str, ...]] = ("asset_class", "owner_kind", "entrusted")

    asset_class: str = Field(title="类别")
    owner_kind: OwnerKind = Field(title="所有权人类型")
    entrusted: bool = Field(default=False, title="是否受托管理")
    lead_department: str = Field(title="主管部门")
    regime: Regime = Field(title="会计制度")
    supervisors: tuple[str, ...] = Field(default=(), title="监督单位")


class AccountingSystem(Row):
    """The book of rules behind a regime."""

    KEY: ClassVar[tuple[str, ...]] = ("regime",)

    regime: Regime = Field(title="会计制度")
    zh: str = Field(title="中文名称")


class PostingRule(Row):
    """Entry of a cause on the income sub-account: debit and credit, and whether the balance grows by it.

    `by_hand`: no fact about an asset posts it by itself, so that it is entered by hand.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    debit: str = Field(title="借方科目")
    credit: str = Field(title="贷方科目")
    inward: bool = Field(title="是否增加余额")
    by_hand: bool = Field(default=False, title="是否手工记账")


# ---- chains.toml (T5) ------------------------------------------------------------------------------------------------

OwnRecord = Literal["fund_reconciliation", "joint_review", "departure_case", "cost_guarantee", "organization"]
"""Kinds of records in which a chain's matter is led without a procedure: 资金核对、联合审查、离任交接、管护费用保障、单位。"""


class ChainNotice(Value):
    """A public notice. HARD blocks the steps that need it, SOFT is a task; `period`: the parameter with its days."""

    force: Literal["HARD", "SOFT"] = Field(title="公示要求")
    period: str | None = Field(default=None, title="公示期参数")
    places: tuple[str, ...] = Field(default=(), title="公示地点类型")


class ChainFiling(Value):
    """A filing. OF_RECORD: submitted is done, a return reopens; RECHECK: must be accepted."""

    addressee: str = Field(title="备案机关")
    effect: Literal["OF_RECORD", "RECHECK"] = Field(title="备案效力")


class ChainStep(Value):
    """A step, due when every step in `needs` that applies to the case is done.

    `by`: an organisation or a role; `all_of`: each of these, in any order. `only_for`: owner kinds and `only_scopes`:
    project scopes it applies to, empty means all. `act`: what doing it means, where meeting, notice and filing do not
    say it already: DO something, REVIEW or DETERMINE (approve or return), DECIDE by a document; FACT: something of which
    the log has an event of its own, and that takes the step. `facts`: types of these events, none where the service has
    no command that names the procedure for it. `refusal_when`: the refusal is said of a later step that finds this one
    LACKING, or of this one taken too EARLY.
    """

    code: str = Field(title="环节代码")
    zh: str = Field(title="环节名称")
    by: str | None = Field(default=None, title="办理单位或角色")
    all_of: tuple[str, ...] = Field(default=(), title="须逐一办理的单位或角色")
    signed_by: tuple[str, ...] = Field(default=(), title="须签署的职务")
    needs: tuple[str, ...] = Field(default=(), title="前置环节")
    not_same_person_as: tuple[str, ...] = Field(default=(), title="不得由同一人办理的环节")
    meeting: Literal["REPRESENTATIVES", "TOWNSHIP"] | None = Field(default=None, title="会议种类")
    matter: Literal["COLLECTIVE", "OTHER"] = Field(default="COLLECTIVE", title="会议事项性质")
    notice: ChainNotice | None = Field(default=None, title="公示规定")
    filing: ChainFiling | None = Field(default=None, title="备案规定")
    only_for: tuple[OwnerKind, ...] = Field(default=(), title="适用的所有权人类型")
    only_scopes: tuple[str, ...] = Field(default=(), title="适用的项目范围")
    optional: bool = Field(default=False, title="是否可省略")
    act: Literal["DO", "REVIEW", "DETERMINE", "DECIDE", "FACT"] = Field(default="DO", title="办理方式")
    facts: tuple[str, ...] = Field(default=(), title="完成本环节的事实（事件类型）")
    refusal: str | None = Field(default=None, title="拒绝代码")
    refusal_when: Literal["LACKING", "EARLY"] | None = Field(default=None, title="拒绝条件")

    def applies(self, owner_kind: str | None, project_scope: str | None) -> bool:
        """Whether it is asked of such an owner and of an asset of such a project."""
        return (not self.only_for or owner_kind in self.only_for) and (
            not self.only_scopes or project_scope in self.only_scopes
        )

    @property
    def decides(self) -> bool:
        """Whether it is somebody's decision: a vote, or a numbered document."""
        return self.meeting is not None or self.act == "DECIDE"


class Chain(Row):
    """An approval chain: who does what after what.

    `revitalisation_only`: for what lies idle or runs badly; `below_limit_only`: for disposals below the limit.
    `own_record`: the kind of record of its own in which the matter is led: a procedure beside it would be a second truth.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="流程代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    steps: tuple[ChainStep, ...] = Field(min_length=1, title="流程环节")
    revitalisation_only: bool = Field(default=False, title="是否只用于盘活")
    below_limit_only: bool = Field(default=False, title="是否只用于限额以下的处置")
    own_record: OwnRecord | None = Field(
        default=None, title="专门的办理记录", description="填写的不另行启动程序"
    )

    def taken_by(self, fact: str) -> ChainStep | None:
        """The step that a kind of fact takes, if the chain has one."""
        return next((step for step in self.steps if fact in step.facts), None)

    def leading_to(
        self, fact: str, owner_kind: str | None, project_scope: str | None
    ) -> tuple[ChainStep, ...]:
        """The steps that have to be done before a kind of fact for such an owner and scope, in the chain's order."""
        by_code = {step.code: step for step in self.steps}
        waiting = [code for step in self.steps if fact in step.facts for code in step.needs]
        found: set[str] = set()
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(by_code[code].needs)
        return tuple(
            step for step in self.steps if step.code in found and step.applies(owner_kind, project_scope)
        )


class DisposalRoute(Row):
    """The levels between owner and approver, passed one by one, from a limit on.

    `asset_class`: for assets of that class alone, before the row for all; `limit`: the value from which it is taken, where
    it is not that of P01; `filing`: where the approval is filed, if anywhere.
    """

    KEY: ClassVar[tuple[str, ...]] = ("owner_kind", "asset_class")

    owner_kind: OwnerKind = Field(title="所有权人类型")
    asset_class: str | None = Field(default=None, title="适用类别")
    limit: Yuan | None = Field(default=None, title="重大处置限额（含本数）")
    levels: tuple[str, ...] = Field(title="上报层级（逐级）")
    approver: str = Field(title="批准机关")
    filing: str | None = Field(default=None, title="批准后备案机关")


# ---- operation_modes.toml (T6) ---------------------------------------------------------------------------------------


class OperationMode(Row):
    """A way to operate an asset.

    `contract`: needs an operating contract; `max_term_years`: its longest term by law; `custodian_required`: somebody
    is named for its daily custody before it starts (C4.3-16).
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="经营方式代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    contract: bool = Field(title="是否须签合同")
    asset_classes: tuple[str, ...] = Field(title="适用类别")
    max_term_years: int | None = Field(default=None, gt=0, title="最长期限（年）")
    revitalisation_only: bool = Field(default=False, title="是否只用于盘活")
    custodian_required: bool = Field(default=False, title="是否须先明确管护人")


class ContractClause(Row):
    """Clause that a contract must settle in some modes; no `scopes`: for every project scope.

    CLAUSE: in the contract. CLAUSE_OR_RULE: or in a rule document linked to it. DOCUMENT: a document of its own.
    """

    KEY: ClassVar[tuple[str, ...]] = ("key_name",)

    key_name: str = Field(title="条款键名")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    modes: tuple[str, ...] = Field(title="适用的经营方式")
    scopes: tuple[str, ...] = Field(default=(), title="适用的项目范围")
    form: Literal["CLAUSE", "CLAUSE_OR_RULE", "DOCUMENT"] = Field(default="CLAUSE", title="约定形式")


# ---- custody.toml (T7) -----------------------------------------------------------------------------------------------


class CustodyRule(Row):
    """Row of the custody table: the first by `order` whose conditions all hold decides.

    `first_responsible` (管护第一责任人) and `first_supervisor` (第一监管责任人) are different offices, never merged.
    """

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    order: int = Field(title="判断次序")
    code: str = Field(title="规则代码")
    zh: str = Field(title="中文名称")
    conditions: tuple[Condition, ...] = Field(default=(), title="适用条件")
    custodian: str = Field(title="管护主体类型")
    first_responsible: str | None = Field(default=None, title="管护第一责任人职务")
    supervisors: tuple[str, ...] = Field(title="监督单位")
    first_supervisor: str | None = Field(default=None, title="第一监管责任人职务")
    cost_backstop: str | None = Field(default=None, title="管护费用兜底单位")
    warning: str | None = Field(default=None, title="提示代码")


# ---- register_card.toml (T8), ledgers.toml (T9) ----------------------------------------------------------------------


class CardItem(Row):
    """One of the 14 items of the register card.

    `exempt`: kinds of asset it is not asked of; `derived`: comes from events, never typed; `nominal`: yuan to enter for a
    gift whose value nobody can show; `refusal`: said when it is missing.
    """

    KEY: ClassVar[tuple[str, ...]] = ("number",)

    number: int = Field(title="登记卡项号")
    field: CardField = Field(title="登记卡字段")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    mandatory_at: Literal["REGISTRATION", "CONFIRMATION", "NEVER"] = Field(title="必填时点")
    exempt: tuple[str, ...] = Field(default=(), title="免填的资产")
    derived: bool = Field(default=False, title="是否由系统得出")
    nominal: str | None = Field(default=None, title="名义金额（元）")
    refusal: str | None = Field(default=None, title="拒绝代码")

    def asked_of(self, kinds: frozenset[str]) -> bool:
        """Whether somebody has to fill it in for an asset of these kinds (`AssetType.kinds`)."""
        return not self.derived and not kinds.intersection(self.exempt)


class LedgerRow(Row):
    """A ledger the regulation wants and who keeps it."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="台账代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    level: str = Field(title="台账层级")
    keepers: tuple[str, ...] = Field(title="建账单位类型")
    content: str = Field(title="台账内容")
    period: str = Field(title="报送周期")
    dimensions: tuple[str, ...] = Field(default=(), title="分类维度")
    collected_from: tuple[str, ...] = Field(default=(), title="汇总自")
    """Kinds of unit whose own ledgers it is collected from."""


# ---- intervals.toml --------------------------------------------------------------------------------------------------


class Interval(Row):
    """A duty that comes again, or waits no longer, after so many days. `anchor`: where the figure comes from."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="职责代码")
    zh: str = Field(title="中文名称")
    days: int = Field(ge=1, title="间隔天数")
    anchor: str = Field(title="间隔依据")


# ---- external_systems.toml (T10) -------------------------------------------------------------------------------------


class ExternalSystem(Row):
    """A system outside in which assets are entered. `entered_by`: OWNER or departments that may enter as well."""

    KEY: ClassVar[tuple[str, ...]] = ("code",)

    code: str = Field(title="系统代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    entered_by: tuple[str, ...] = Field(title="录入单位")


class ExternalObligation(Row):
    """Which assets go into a system. `requires`: what must be done before the entry."""

    KEY: ClassVar[tuple[str, ...]] = ("system", "asset_class", "owner_kind")

    system: str = Field(title="系统")
    asset_class: str = Field(title="类别")
    owner_kind: OwnerKind = Field(title="所有权人类型")
    requires: tuple[str, ...] = Field(default=(), title="录入前须完成的事项")
    real_estate_only: bool = Field(default=False, title="是否只限可办不动产登记的资产")


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

    code: str = Field(title="限制代码")
    zh: str = Field(title="中文名称")
    region: str = Field(title="状态区域")
    states: tuple[str, ...] = Field(title="所处状态")
    actions: tuple[Action, ...] = Field(default=(), title="不得办理的业务")
    allowed: tuple[Action, ...] = Field(default=(), title="仅可办理的业务")
    refusal: str = Field(title="拒绝代码")

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

    code: str = Field(title="单位编号")
    zh: str = Field(title="单位全称")
    en: str = Field(title="英文名称")
    short_zh: str = Field(title="单位简称")
    kind: Literal["DEPARTMENT", "FARM_CENTER", "BODY"] = Field(title="单位性质")
    sector: bool = Field(default=False, title="是否行业部门")
    office_member: bool = Field(default=False, title="是否资产办成员单位")
    supervises: bool = Field(default=False, title="是否监督检查单位")


class Term(Row):
    """A code of one of the regulation's lists; what its flags mean is said at the list."""

    KEY: ClassVar[tuple[str, ...]] = ("list", "code")

    list: str = Field(title="所属代码表")
    code: str = Field(title="代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    flags: tuple[str, ...] = Field(default=(), title="代码标记")


# ---- calendar.toml (P26) ---------------------------------------------------------------------------------------------


_LONGEST: Final = timedelta(days=31)
"""No holiday is longer: a longer one is a mistyped year."""


class Holiday(Row):
    """Days off, or make-up working days on a weekend, that the national calendar does not have; both ends included."""

    KEY: ClassVar[tuple[str, ...]] = ("first_day",)

    first_day: date = Field(title="首日")
    last_day: date = Field(title="末日")
    zh: str = Field(title="节假日名称")
    kind: Literal["REST", "WORK"] = Field(default="REST", title="放假或上班")

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
    """The file's days of one year: all `local` holidays as announced; all `national` ones as well."""

    KEY: ClassVar[tuple[str, ...]] = ("year",)

    year: int = Field(title="日历年度")
    local: bool = Field(default=False, title="本县节假日是否已录全")
    national: bool = Field(default=False, title="全国节假日是否已录全")
