"""The county's policy: which rules are in force on a day, and the parameters the county office sets itself.

Reading needs no credential: the document is public (C0-04), and so is what the county made of it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field

from domain.policy import HistoryCutOver, ParameterChange, Policy, RequestedParameterChange
from domain.regulation import Regulation, rows
from domain.regulation.amendments import shown_value
from domain.regulation.not_in_effect import waiting_of
from domain.regulation.parameters import TYPES
from domain.values import BusinessDate, Value
from service.api.http.reading import context_of, county_of, routes
from service.api.http.writing import Circumstances, Kind, Writing
from service.api.system.regulation import County
from service.commands.authorization import ANYWHERE
from service.commands.views import view_model

router = routes("/v1/policy", "policy 政策")

OnDay = Annotated[BusinessDate | None, Query(title="日期", description="不填为当日 / default: today")]
PolicyView = view_model(Policy)


class NotInEffect(Value):
    """Part of a parameter that no decision reads yet."""

    part: str | None = Field(title="值中的字段", description="为空表示整个参数")
    reason: str = Field(title="何时启用")


class ParameterBody(Value):
    """A parameter and the article it rests on. Not in effect: changing it changes no decision yet."""

    id: str = Field(title="参数编号")
    name: str = Field(title="名称")
    title: str = Field(title="中文名称")
    value: Any = Field(title="值", description="金额为元，两位小数")
    unit: str | None = Field(title="计量单位", description="元、日、工作日、年或万分之一；无单位时为空")
    in_effect: bool = Field(title="是否生效", description="尚未生效的参数，调整后不影响任何业务")
    not_in_effect: tuple[NotInEffect, ...] = Field(title="尚未生效的部分")
    anchor: str = Field(title="依据", description="条文、法律或本县文号")
    clause: str = Field(title="条款", description="各县通用的条款编号")
    article: str | None = Field(title="本县条文", description="本县文件的条文编号；没有对应条文时为空")
    in_force_from: date = Field(title="施行日期")
    in_force_until: date | None = Field(title="废止日期")


class ParametersBody(Value):
    """Every parameter in force on a day."""

    county: str = Field(title="县")
    policy: str = Field(title="政策版本")
    on: date = Field(title="日期")
    parameters: tuple[ParameterBody, ...] = Field(title="参数")


class VersionBody(Value):
    """A version of the county's rules."""

    number: int = Field(title="版本号")
    document_no: str = Field(title="文号")
    title: str = Field(title="文件名称")
    issued_on: date = Field(title="印发日期")
    reason: str = Field(title="启用原因")
    in_force_from: date = Field(title="生效日期")
    in_force_until: date | None = Field(title="失效日期")


class DocumentBody(Value):
    """A text the rules rest on."""

    document_no: str = Field(title="文号")
    title: str = Field(title="文件名称")
    kind: str = Field(title="层级")
    available: bool = Field(title="是否公开")


class PolicyBody(Value):
    """The rules in force on a day, and every version there is."""

    county: str = Field(title="县")
    name: str = Field(title="县名")
    on: date = Field(title="日期")
    policy: str = Field(title="政策版本", description="每个事件的依据中所记")
    retroactive: bool = Field(title="是否追溯", description="首个版本生效之前的业务按首个版本判断")
    digest: str = Field(title="政策数据摘要")
    versions: tuple[VersionBody, ...] = Field(title="各版本")
    documents: tuple[DocumentBody, ...] = Field(title="上位文件")


class ChangesBody(Value):
    """Every parameter the county changed itself, in order."""

    county: str = Field(title="县")
    changes: tuple[ParameterChange, ...] = Field(title="参数调整")


class ChangeParameter(Circumstances):
    """Request body: change a parameter from a day on."""

    change: RequestedParameterChange = Field(title="调整")


class DeclareHistoryCutOver(Circumstances):
    """Request body: declare the last day of imported history."""

    cut_over: HistoryCutOver = Field(title="历史补录截止")


class HistoryDoorBody(Value):
    """State of the door of imported history: open or closed, and its last day."""

    county: str = Field(title="县")
    open: bool = Field(title="是否开放", description="未宣布截止日的县开放；限县资产管理办公室")
    cut_over: HistoryCutOver | None = Field(title="历史补录截止")


def shown_parameters(regulation: Regulation, day: date) -> tuple[ParameterBody, ...]:
    """Every parameter in force on a day, in the order of their numbers."""
    return tuple(
        ParameterBody(
            id=row.id,
            name=row.name,
            title=row.zh,
            value=shown_value(row.id, row.value),
            unit=row.unit,
            in_effect=all(one.field is not None for one in waiting_of(row.id)),
            not_in_effect=tuple(NotInEffect(part=one.part, reason=one.zh) for one in waiting_of(row.id)),
            anchor=row.anchor,
            clause=row.article,
            article=regulation.article_id(row.article),
            in_force_from=row.in_force_from,
            in_force_until=row.in_force_until,
        )
        for row in map(regulation.on(day).parameter_row, TYPES)
    )


async def _in_force(request: Request, county: str | None) -> Regulation:
    """The county's regulation with everything its log has changed (`county_of`)."""
    return await context_of(request).in_force.catch_up(await county_of(request, county))


@router.get("", summary="现行政策")
async def read_policy(request: Request, county: County = None, on: OnDay = None) -> PolicyBody:
    """The rules in force on a day. A day before the first version is judged by that one."""
    regulation = await _in_force(request, county)
    day = on or context_of(request).today()
    rules = regulation.on(day)
    return PolicyBody(
        county=regulation.county,
        name=regulation.name,
        on=day,
        policy=rules.policy,
        retroactive=rules.retroactive,
        digest=regulation.digest,
        versions=tuple(
            VersionBody(
                number=row.number,
                document_no=row.document_no,
                title=row.title,
                issued_on=row.issued_on,
                reason=row.reason,
                in_force_from=row.in_force_from,
                in_force_until=row.in_force_until,
            )
            for row in regulation.versions
        ),
        documents=tuple(
            DocumentBody(document_no=row.document_no, title=row.title, kind=row.kind, available=row.available)
            for row in rules.table("policy.document", rows.PolicyDocument)
        ),
    )


@router.get("/parameters", summary="现行参数")
async def read_parameters(request: Request, county: County = None, on: OnDay = None) -> ParametersBody:
    """Every parameter in force on a day, with its article. A day before the first version is judged by that one."""
    regulation = await _in_force(request, county)
    day = on or context_of(request).today()
    return ParametersBody(
        county=regulation.county,
        policy=regulation.on(day).policy,
        on=day,
        parameters=shown_parameters(regulation, day),
    )


@router.get("/parameter-changes", summary="参数调整记录")
async def read_parameter_changes(request: Request, county: County = None) -> ChangesBody:
    """Every change the county made itself, from the log."""
    code = await county_of(request, county)
    policy = await context_of(request).load(Policy, code, code)
    return ChangesBody(county=code, changes=() if policy is None else policy.changes)


_POLICIES = Kind(router, Policy, PolicyView, lambda policy, _: policy.view(), lambda _it, _write: ANYWHERE)


@_POLICIES.post("/parameter-changes", "调整参数", "policy.change")
async def change_parameter(body: ChangeParameter, write: Writing) -> Response:
    """Set a parameter from today or a later day on (C4.3-19): the county asset management office alone does."""
    data = write.context.regulations[write.county]
    return await write.decide(_POLICIES, write.county, body, lambda it, at: it.change(body.change, data, at))


@router.get("/history-cut-over", summary="历史补录截止日")
async def read_history_cut_over(request: Request, county: County = None) -> HistoryDoorBody:
    """Until when the asset office enters imported history, from the log; open while no day is declared."""
    code = await county_of(request, county)
    context = context_of(request)
    policy = await context.load(Policy, code, code)
    is_open = policy is None or policy.takes_history_on(context.today())
    return HistoryDoorBody(county=code, open=is_open, cut_over=None if policy is None else policy.cut_over)


@_POLICIES.post("/history-cut-over", "宣布历史补录截止日", "policy.change")
async def declare_history_cut_over(body: DeclareHistoryCutOver, write: Writing) -> Response:
    """Declare the last day of imported history (C4.3-19): the county asset management office alone does; once over it stays closed."""
    return await write.decide(
        _POLICIES, write.county, body, lambda it, at: it.declare_cut_over(body.cut_over, at)
    )
