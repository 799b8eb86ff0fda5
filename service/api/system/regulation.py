"""Public reference data: refusal codes, and the regulation's clauses in its own words.

Needs no credential: it is what clients render messages and forms from.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from domain.refusals import catalogue, clauses, refuse
from domain.regulation import Regulation
from domain.values import Value
from service.api.http.reading import context_of, routes

router = routes("/v1/regulation", "regulation 规定")

County = Annotated[str | None, Query(title="县", description="县级行政区划代码；只服务一县时可不填")]


class CodeBody(Value):
    """A refusal or warning code."""

    code: str = Field(title="代码")
    kind: str = Field(title="性质", description="hard 拒绝 / overridable 凭批准文件可办 / warning 提示")
    nature: str = Field(title="类别")
    clauses: tuple[str, ...] = Field(title="条款")
    lifted_by: str | None = Field(title="可解除的文件")
    zh: str = Field(title="中文说明")
    en: str = Field(title="英文说明")


class ClauseBody(Value):
    """A clause, with its words."""

    id: str = Field(title="条款编号")
    section: str = Field(title="所在章节")
    kind: str = Field(title="类别")
    title: str = Field(title="标题")
    quote: str = Field(title="原文")


class CodesBody(Value):
    """Every code of a county."""

    county: str = Field(title="县")
    codes: tuple[CodeBody, ...] = Field(title="代码")


class ClausesBody(Value):
    """Every clause of a county's document."""

    county: str = Field(title="县")
    clauses: tuple[ClauseBody, ...] = Field(title="条款")


def data_of(request: Request, county: str | None) -> Regulation:
    """The county asked for, or the only one served here; COUNTY_UNKNOWN."""
    known = context_of(request).regulations
    code = county or next(iter(known))
    if code not in known or (county is None and len(known) > 1):
        raise refuse("COUNTY_UNKNOWN", county=code)
    return known[code]


@router.get("/codes", summary="拒绝与提示代码")
async def read_codes(request: Request, county: County = None) -> CodesBody:
    """Every refusal and warning code, in both languages."""
    regulation = data_of(request, county)
    return CodesBody(
        county=regulation.county,
        codes=tuple(
            CodeBody(
                code=entry.code,
                kind=entry.kind,
                nature=entry.nature,
                clauses=entry.clauses,
                lifted_by=entry.lifted_by,
                zh=entry.zh,
                en=entry.en,
            )
            for entry in catalogue().values()
        ),
    )


@router.get("/clauses", summary="条款原文")
async def read_clauses(request: Request, county: County = None) -> ClausesBody:
    """Every clause of the regulation in its own words."""
    regulation = data_of(request, county)
    return ClausesBody(
        county=regulation.county,
        clauses=tuple(
            ClauseBody(
                id=entry.id, section=entry.section, kind=entry.kind, title=entry.title, quote=entry.quote
            )
            for entry in clauses().values()
        ),
    )
