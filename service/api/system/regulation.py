"""Public reference data: a county's refusal codes, and the articles of its document in their own words.

Needs no credential: it is what clients render messages and forms from. A key shows whose county is meant.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from pydantic import Field

from domain.refusals import clauses
from domain.regulation import Regulation
from domain.regulation.articles import answered_by
from domain.values import Value
from service.api.http.reading import context_of, county_of, routes
from service.ledgers.parameters import CountyCode

router = routes("/v1/regulation", "regulation 规定")

County = Annotated[
    CountyCode | None, Query(title="县", description="县级行政区划代码；只服务一县或出示本县密钥时可不填")
]


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
    """An article of the county's document, with its words and the clauses it answers."""

    id: str = Field(title="条文编号", description="本县文件的编号")
    section: str = Field(title="所在章节")
    kind: str | None = Field(default=None, title="类别")
    title: str = Field(title="标题")
    quote: str = Field(title="原文")
    answers: tuple[str, ...] = Field(title="对应条款", description="各县通用的条款编号，拒绝与依据中所记")


class OpenClauseBody(Value):
    """A clause that no article of the county's document answers."""

    clause: str = Field(title="条款", description="各县通用的条款编号")
    title: str = Field(title="标题")
    not_in_document: bool = Field(title="本县文件未规定", description="为否时本县尚未说明")


class CodesBody(Value):
    """Every code of a county."""

    county: str = Field(title="县")
    codes: tuple[CodeBody, ...] = Field(title="代码表")


class ClausesBody(Value):
    """Every article of a county's document, and the clauses that none of them answers."""

    county: str = Field(title="县")
    document: str = Field(title="文号", description="现行版本的文件")
    clauses: tuple[ClauseBody, ...] = Field(title="条文")
    unanswered: tuple[OpenClauseBody, ...] = Field(title="没有对应条文的条款")


async def data_of(request: Request, county: str | None) -> Regulation:
    """The data of the county asked for (`county_of`)."""
    return context_of(request).regulations[await county_of(request, county)]


@router.get("/codes", summary="拒绝与提示代码")
async def read_codes(request: Request, county: County = None) -> CodesBody:
    """Every refusal and warning code, in both languages."""
    regulation = await data_of(request, county)
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
            for entry in regulation.wording.codes.values()
        ),
    )


@router.get("/clauses", summary="条文原文")
async def read_clauses(request: Request, county: County = None) -> ClausesBody:
    """Every article of the county's document in its own words, and what each answers."""
    regulation = await data_of(request, county)
    articles = regulation.articles
    return ClausesBody(
        county=regulation.county,
        document=regulation.on(context_of(request).today()).version.document_no,
        clauses=tuple(
            ClauseBody(
                id=one.id,
                section=one.section,
                kind=one.kind,
                title=one.title,
                quote=one.quote,
                answers=answered_by(one),
            )
            for one in articles.by_number.values()
        ),
        unanswered=tuple(
            OpenClauseBody(clause=key, title=clause.title, not_in_document=key in articles.not_in_document)
            for key, clause in clauses().items()
            if key not in articles.by_clause
        ),
    )
