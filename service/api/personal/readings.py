"""Personal data in plain over HTTP: by whoever has the right to, with a reason, and on record (D11)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, cast

from fastapi import Query, Request
from pydantic import Field, StringConstraints

from domain.refusals import refuse
from domain.sealed import SealedForm
from domain.values import Name, Text, Value
from service.api.http.reading import ACTION, Reading, get, routes
from service.ledgers.parameters import Position
from service.personal.readings import PlainReadings, ReadingReason

router = routes("/v1/personal-data", "personal-data 个人信息")

StreamName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}-[A-Za-z0-9_.:-]{1,160}$")]
"""An event stream: `household_asset-H-1`."""
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]
"""The last name of a sealed field: `householder`."""


class ReadPersonalData(Value):
    """Which values somebody wants to read in plain, and why."""

    stream: StreamName = Field(
        title="事件流",
        description="household_asset-<编号>、person-<编号> 等",
        examples=["household_asset-H-1"],
    )
    fields: tuple[FieldName, ...] = Field(
        default=(), title="字段", description="如 householder；不填为全部", max_length=20
    )
    reason: Text = Field(title="查看理由", description="记录在案，不得含个人信息")
    document_no: Name | None = Field(default=None, title="依据文号")


class PlainValueBody(Value):
    """One value in plain, where it can be read."""

    position: int = Field(title="日志位置")
    occurred_on: date = Field(title="业务日期")
    event: str = Field(title="事件类型")
    field: str = Field(title="字段")
    form: SealedForm = Field(title="内容种类")
    state: Literal["OPEN", "RESTRICTED", "FORGOTTEN", "PLAINTEXT"] = Field(
        title="状态", description="可读 / 限制处理 / 已遗忘 / 密封启用前的明文"
    )
    subject: str | None = Field(title="个人信息主体")
    value: str | None = Field(title="原文")


class PersonalReading(Value):
    """Reading of personal values, and the number under which that is on record."""

    reading: int = Field(title="查看记录编号")
    values: tuple[PlainValueBody, ...] = Field(title="各项原文")


class LookUpPersonalData(Value):
    """Whom a value was recorded of, and why somebody wants to know."""

    form: Literal[SealedForm.NAME, SealedForm.PHONE, SealedForm.ID_NUMBER, SealedForm.CONTACT] = Field(
        title="内容种类"
    )
    value: Name = Field(title="要查找的内容", description="全部内容，不记录")
    reason: Text = Field(title="查找理由", description="记录在案，不得含个人信息")
    document_no: Name | None = Field(default=None, title="依据文号")


class FoundSubjectBody(Value):
    """A subject that the value was recorded of."""

    subject: str = Field(title="个人信息主体")
    streams: tuple[str, ...] = Field(title="所在事件流")


class PersonalLookup(Value):
    """Persons that a look-up found, and the number under which it is on record."""

    reading: int = Field(title="查看记录编号")
    subjects: tuple[FoundSubjectBody, ...] = Field(
        title="找到的主体", description="限制处理的不列，最多 100 个"
    )


class PersonalReadingRecord(Value):
    """One reading or look-up on record."""

    number: int = Field(title="查看记录编号")
    actor: str = Field(title="查看者")
    organization: str = Field(title="查看者单位")
    kind: Literal["READING", "LOOKUP"] = Field(title="查看方式", description="查看原文 / 按内容查找")
    stream: str | None = Field(title="事件流")
    subjects: tuple[str, ...] = Field(title="所涉主体")
    fields: tuple[str, ...] = Field(title="字段")
    reason: str = Field(title="理由")
    document_no: str | None = Field(title="依据文号")
    read_at: datetime = Field(title="查看时间")


def readings_of(request: Request) -> PlainReadings:
    """The readings of the application that answers this request. SEALING_UNAVAILABLE without master keys."""
    found = cast("PlainReadings | None", request.app.state.personal_readings)
    if found is None:
        raise refuse("SEALING_UNAVAILABLE")
    return found


@router.post(
    "/readings",
    summary="查看个人信息原文",
    status_code=201,
    response_model=PersonalReading,
    openapi_extra={ACTION: "personal_data.read"},
)
async def read_personal_data(body: ReadPersonalData, read: Reading) -> PersonalReading:
    """Read sealed values in plain; who, what and why is on record before the answer (C3-07). Not repeatable.

    What is not seen behind a mask is not read here either: FORBIDDEN_PERSONAL_DATA. NOT_FOUND; SEALING_UNAVAILABLE.
    """
    why = ReadingReason(body.reason, body.document_no)
    number, found = await readings_of(read.request).read(
        read.actor, read.sees, body.stream, body.fields, why, read.context.clock()
    )
    values = tuple(
        PlainValueBody(
            position=one.position,
            occurred_on=one.occurred_on,
            event=one.event,
            field=one.field,
            form=one.form,
            state=one.state,
            subject=one.subject,
            value=one.value,
        )
        for one in found
    )
    return PersonalReading(reading=number, values=values)


@router.post(
    "/lookups",
    summary="按内容查找个人信息主体",
    status_code=201,
    response_model=PersonalLookup,
    openapi_extra={ACTION: "personal_data.look_up"},
)
async def look_up_personal_data(body: LookUpPersonalData, read: Reading) -> PersonalLookup:
    """Find whom a name or a telephone number was recorded of, by a keyed hash (C3-07). On record, not repeatable.

    SEALING_UNAVAILABLE.
    """
    why = ReadingReason(body.reason, body.document_no)
    number, found = await readings_of(read.request).look_up(
        read.actor, body.form, body.value, why, read.context.clock()
    )
    subjects = tuple(FoundSubjectBody(subject=one.subject, streams=one.streams) for one in found)
    return PersonalLookup(reading=number, subjects=subjects)


@get(
    router,
    "/readings",
    "查看个人信息的记录",
    "personal_data.review",
    response_model=tuple[PersonalReadingRecord, ...],
)
async def list_personal_readings(
    read: Reading,
    after: Annotated[Position, Query(title="起点", description="返回编号大于此值的记录")] = 0,
    limit: Annotated[int, Query(title="条数", ge=1, le=1000)] = 100,
) -> tuple[PersonalReadingRecord, ...]:
    """Who read or looked up which personal data, and why, in order."""
    rows = await readings_of(read.request).recorded(read.county, after, limit)
    return tuple(PersonalReadingRecord.model_validate(row) for row in rows)
