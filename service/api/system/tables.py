"""The county's tables over HTTP: the codes that requests may carry, chains with their steps, roles, forms of subjects.

Needs no credential: it is what forms are made from. A refusal of a code that is in no table (`table` in the problem) links
here, as of the business date of the refused request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Union

from fastapi import APIRouter, Path, Request
from pydantic import Field, create_model
from pydantic.alias_generators import to_camel

from domain.asset.subject_forms import FORMS
from domain.procedure.plan import Act, act_of
from domain.refusals import refuse
from domain.regulation import Rules
from domain.regulation.code_tables import CODE_TABLES
from domain.regulation.not_in_effect import Waiting, waiting_of
from domain.regulation.parameters import TYPES
from domain.regulation.rows import Chain, ChainStep
from domain.values import Value
from domain.words import ROLE
from service.api.http.inline import pascal
from service.api.http.reading import context_of, county_of, routes
from service.api.system.policy import OnDay
from service.api.system.regulation import County
from service.commands.authorization import ACTIONS, Role

router: Final[APIRouter] = routes("/v1/regulation/tables", "regulation 规定")

OPERATIONS: Final[Mapping[Act, tuple[str, ...]]] = {
    "DO": ("complete_procedure_step",),
    "REVIEW": ("review_procedure",),
    "DETERMINE": ("determine_procedure",),
    "DECIDE": ("decide_procedure", "review_procedure"),
    "MEETING": ("hold_meeting",),
    "NOTICE": ("post_notice", "complete_notice"),
    "FILING": ("submit_filing", "answer_filing"),
    "FACT": (),
}
"""The operations by which each kind of step is taken; a decision is refused by a review that returns."""

RECORDING: Final[Mapping[str, str]] = {
    "asset.ownership_certificate_issued": "issue_ownership_certificate",
    "operator_selection.operator_selected": "select_operator",
    "asset.leased": "sign_contract",
    "asset.operating_contract_signed": "sign_contract",
    "asset.operating_contract_changed": "change_contract",
    "income_plan.executed": "execute_income_plan",
    "maintenance_expense.paid": "pay_maintenance",
    "incentive_plan.paid": "pay_incentive",
    "relief_plan.paid": "pay_relief",
    "asset.disposal_proposed": "propose_disposal",
    "asset.appraisal_recorded": "record_appraisal",
    "asset.appraisal_published": "publish_appraisal",
    "asset.disposal_forwarded": "forward_disposal",
    "asset.disposal_approved": "approve_disposal",
    "asset.disposed": "dispose_asset",
    "asset.disposal_proceeds_received": "receive_proceeds",
    "proceeds_pool.proceeds_received": "receive_proceeds",
    "proceeds_pool.proceeds_allocated": "allocate_proceeds",
    "fund_reconciliation.reconciled": "compare_funds",
    "fund_reconciliation.pushed": "push_fund_ledger",
    "fund_reconciliation.reported": "report_fund_reconciliation",
    "joint_review.ledgers_sealed": "seal_joint_review",
    "departure_case.reconciliation_completed": "complete_handover_reconciliation",
    "departure_case.audit_completed": "record_departure_audit",
    "departure_case.list_sealed": "seal_handover_list",
    "departure_case.lines_accepted": "accept_handover",
    "departure_case.signed": "sign_handover",
    "departure_case.completed": "complete_handover",
    "person.clearance_issued": "issue_clearance",
    "cost_guarantee.county_cost_covered": "pay_guarantee",
    "organization.bookkeeping_agent_appointed": "appoint_bookkeeping_agent",
}
"""Facts that take steps of chains, and the operation that records each."""

_ROLES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.ADMIN: (ROLE["ADMIN"], "keys and units of the county; no asset data"),
    Role.REGISTRAR: (ROLE["REGISTRAR"], "registers and maintains assets in its scope"),
    Role.APPROVER: (ROLE["APPROVER"], "reviews, determines and approves for its unit"),
    Role.PERSONNEL: (ROLE["PERSONNEL"], "appoints, asks for clearance, opens departures"),
    Role.OFFICE: (ROLE["OFFICE"], "policy parameters, county-wide import"),
    Role.AUDITOR: (ROLE["AUDITOR"], "reads everything, records audits"),
    Role.OPERATOR: (ROLE["OPERATOR"], "runs the service"),
    Role.READER: (ROLE["READER"], "reads ledgers"),
    Role.LOG_AUDITOR: (ROLE["LOG_AUDITOR"], "reads who was given access and who is signed in; gives none"),
}


class NotInEffectYet(Value):
    """Something in a table that no decision reads yet: whoever changes it changes nothing so far."""

    row: str | None = Field(title="所在行", description="为空表示整列")
    column: str | None = Field(title="所在列", description="为空表示整行")
    value: str | None = Field(title="其中的值")
    reason_zh: str = Field(title="启用时间（中文）")
    reason_en: str = Field(title="启用时间（英文）")


class TableBody(Value):
    """A table as it stands on a day."""

    county: str = Field(title="县")
    policy: str = Field(title="政策版本")
    on: date = Field(title="日期")
    title: str = Field(title="代码表名称")
    key: str | None = Field(title="代码所在列", description="请求字段填此列的值；为空时此表不供填写")
    not_in_effect: tuple[NotInEffectYet, ...] = Field(title="尚未生效的列")


class ChainStepEntry(ChainStep):
    """A step of a chain, and the operations that take it."""

    kind: Act = Field(title="环节种类")
    operations: tuple[str, ...] = Field(title="办理接口", description="本接口文件中的 operationId")


class ChainEntry(Chain):
    """An approval chain: who does what after what, and by which operation."""

    steps: tuple[ChainStepEntry, ...] = Field(title="流程环节", min_length=1)


class RoleEntry(Value):
    """Role of a key, as the table tells it."""

    code: Role = Field(title="角色代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    actions: tuple[str, ...] = Field(title="可办业务", description="各接口的 x-action")


class SubjectForm(Value):
    """A kind of subject whose text has a form of its own: procedures over it are read by decisions."""

    code: str = Field(title="事项类型代码")
    zh: str = Field(title="中文名称")
    en: str = Field(title="英文名称")
    chains: tuple[str, ...] = Field(title="所用流程")
    form: tuple[str, ...] = Field(title="内容字段", description="摘要由 digest_subject 接口计算")
    canonical_zh: str = Field(title="规范化方式（中文）")
    canonical_en: str = Field(title="规范化方式（英文）")


class TableEntry(Value):
    """A table that can be read."""

    table: str = Field(title="代码表编号")
    title: str = Field(title="代码表名称")
    href: str = Field(title="代码表地址")
    rows: int = Field(title="当日行数")
    not_in_effect: tuple[NotInEffectYet, ...] = Field(title="尚未生效的列")


class TablesBody(Value):
    """Every table that can be read, with the rows that it has on a day."""

    county: str = Field(title="县")
    policy: str = Field(title="政策版本")
    on: date = Field(title="日期")
    tables: tuple[TableEntry, ...] = Field(title="代码表目录")


_OWN_ROWS: Final[Mapping[str, type[Value]]] = {"chains": ChainEntry}
"""Tables whose rows are shown with more than the county's file has."""
_SERVICE_TABLES: Final[Mapping[str, tuple[str, type[Value]]]] = {
    "roles": ("密钥角色", RoleEntry),
    "subjects": ("事项内容的规范形式", SubjectForm),
}
"""Tables that are the same in every county: title and class of rows."""


def _bodies() -> Iterator[tuple[str, type[TableBody]]]:
    """The schema of each table's answer; lists of the vocabulary share one."""
    lists = tuple(name for name, table in CODE_TABLES.items() if table.lists)
    terms = _body("TermsTable", lists, CODE_TABLES[lists[0]].row_class)
    for name, table in CODE_TABLES.items():
        yield name, terms if table.lists else _of_its_own(name, _OWN_ROWS.get(name, table.row_class))
    for name, (_, row) in _SERVICE_TABLES.items():
        yield name, _of_its_own(name, row)


def _of_its_own(name: str, row: type[Value]) -> type[TableBody]:
    return _body(f"{pascal(name)}Table", (name,), row)


def _body(schema: str, names: tuple[str, ...], row: type[Value]) -> type[TableBody]:
    return create_model(
        schema,
        __base__=TableBody,
        __doc__=row.__doc__,
        table=(Literal[names], Field(title="代码表编号")),  # type: ignore[arg-type]  # made from the registry
        rows=(tuple[row, ...], Field(title="行", description="当日有效的行")),  # type: ignore[valid-type]
    )


BODIES: Final[Mapping[str, type[TableBody]]] = dict(_bodies())
"""Every table and the schema of its answer."""

_ANY: Final[Any] = Union[tuple(dict.fromkeys(BODIES.values()))]  # noqa: UP007  made at run time
AnyTable: Final[Any] = Annotated[_ANY, Field(discriminator="table")]
"""The answer: the schema that its `table` names."""


@router.get("", summary="代码表目录")
async def list_code_tables(request: Request, county: County = None, on: OnDay = None) -> TablesBody:
    """Every table in force on a day: code lists, rules, chains, roles. A day before the first version is judged by that one."""
    rules, day = await _rules(request, county, on)
    query = f"?on={day}&county={rules.county}"
    parameters = tuple(one for parameter in TYPES for one in waiting_of(parameter))
    listed = [
        TableEntry(
            table=name,
            title=_title(name),
            href=f"/v1/regulation/tables/{name}{query}",
            rows=len(_rows(name, rules)),
            not_in_effect=_not_in_effect(CODE_TABLES[name].waiting()) if name in CODE_TABLES else (),
        )
        for name in BODIES
    ]
    listed.append(
        TableEntry(
            table="parameters",
            title="参数",
            href=f"/v1/policy/parameters{query}",
            rows=len(TYPES),
            not_in_effect=_not_in_effect(parameters),
        )
    )
    return TablesBody(county=rules.county, policy=rules.policy, on=day, tables=tuple(listed))


@router.get("/{table}", summary="代码表", response_model=AnyTable)
async def read_code_table(
    request: Request,
    table: Annotated[str, Path(title="代码表编号", json_schema_extra={"enum": sorted(BODIES)})],
    county: County = None,
    on: OnDay = None,
) -> TableBody:
    """A table as it stands on a day, with the article behind each row. NOT_FOUND for a table that there is not."""
    rules, day = await _rules(request, county, on)
    if table not in BODIES:
        raise refuse("NOT_FOUND", what=table)
    known = CODE_TABLES.get(table)
    body: dict[str, Any] = {
        "county": rules.county,
        "policy": rules.policy,
        "on": day,
        "table": table,
        "title": _title(table),
        "key": (to_camel(known.key) or None) if known else "code",
        "not_in_effect": _not_in_effect(known.waiting()) if known else (),
        "rows": _rows(table, rules),
    }
    return BODIES[table](**body)


async def _rules(request: Request, county: str | None, on: date | None) -> tuple[Rules, date]:
    """The county's rules of the day asked about, today when none is named, and that day."""
    context = context_of(request)
    code = await county_of(request, county)
    day = on or context.today()
    return (await context.in_force.catch_up(code)).on(day), day


def _title(name: str) -> str:
    return CODE_TABLES[name].zh if name in CODE_TABLES else _SERVICE_TABLES[name][0]


def _rows(name: str, rules: Rules) -> tuple[Value, ...]:
    if name == "roles":
        return tuple(_role(role) for role in Role)
    if name == "subjects":
        return tuple(
            SubjectForm(
                code=form.kind,
                zh=form.zh,
                en=form.en,
                chains=form.chains(rules),
                form=form.fields,
                canonical_zh=form.canonical_zh,
                canonical_en=form.canonical_en,
            )
            for form in FORMS.values()
        )
    return tuple(_chain(row) if isinstance(row, Chain) else row for row in CODE_TABLES[name].rows(rules))


def _role(role: Role) -> RoleEntry:
    zh, en = _ROLES[role]
    actions = tuple(sorted(name for name, row in ACTIONS.items() if role in row.roles))
    return RoleEntry(code=role, zh=zh, en=en, actions=actions)


def _chain(row: Chain) -> ChainEntry:
    fields: dict[str, Any] = {name: getattr(row, name) for name in Chain.model_fields if name != "steps"}
    steps = tuple(
        ChainStepEntry(
            **{name: getattr(step, name) for name in ChainStep.model_fields},
            kind=act_of(step),
            operations=OPERATIONS[act_of(step)] or tuple(dict.fromkeys(RECORDING[one] for one in step.facts)),
        )
        for step in row.steps
    )
    return ChainEntry(**fields, steps=steps)


def _not_in_effect(found: tuple[Waiting, ...]) -> tuple[NotInEffectYet, ...]:
    return tuple(
        NotInEffectYet(row=one.row, column=one.part, value=one.value, reason_zh=one.zh, reason_en=one.en)
        for one in found
    )
