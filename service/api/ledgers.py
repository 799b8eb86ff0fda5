"""The routes of all ledgers, made from their catalogue: a page, an export, and the changes between two moments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import create_model

from service.api.http.paging import answer, page_of, page_or_export
from service.api.http.reading import RULED, Read, Reading, get, routes
from service.ledgers.catalogue import LEDGERS
from service.ledgers.differences import changes_body, changes_of
from service.ledgers.filters import ChangesQuery, LedgerQuery
from service.ledgers.ledger import Ledger

_TAGS: Final = {
    "ledgers": "ledgers 台账",
    "imports": "imports 清查导入",
    "stocktakes": "stocktakes 清查盘点",
    "organizations": "organizations 单位",
    "seals": "seals 台账封存",
    "joint-reviews": "seals 台账封存",
}
"""Under what a ledger's routes stand in the document, by where they lie."""
_OF_SUBJECTS: Final = {
    "risk-covers": "risk 风险防控",
    "maintenance": "upkeep 管护",
    "cost-guarantees": "upkeep 管护",
    "incentives": "incentives 激励",
    "proceeds-pool": "disposal 处置",
    "proceeds-allocations": "disposal 处置",
    "relief-plans": "relief 困难帮扶",
    "public-welfare-posts": "posts 公益岗位",
}
"""Ledgers that stand under their subject, whatever their path: the page of all ledgers is full."""
_PLACE: Final = re.compile(r"\{(\w+)\}")


def ledger_routers() -> Sequence[APIRouter]:
    """A router for each ledger that is read with a credential; what everybody may read has routes of its own."""
    return [_router(ledger) for ledger in LEDGERS.values() if ledger.action is not None]


def _router(ledger: Ledger) -> APIRouter:
    router = routes("", _OF_SUBJECTS.get(ledger.name) or _TAGS[ledger.path.split("/")[2]])
    action = str(ledger.action)
    page = page_of(ledger.row, ledger.filters.TOTALS)
    declared = page_or_export(page)
    if ledger.ruled:
        declared["responses"] |= RULED
    get(router, ledger.path, ledger.title, action, **declared)(_page_endpoint(ledger))
    if ledger.changes is not None:
        path, title = f"{ledger.path}/changes", f"{ledger.title}变动"
        body = changes_body(ledger.row, ledger.filters.TOTALS)
        get(router, path, title, action, response_model=body)(_changes_endpoint(ledger))
    return router


def _page_endpoint(ledger: Ledger) -> Any:
    """A function as FastAPI wants it: what stands in the path by name, the rest as the query's model."""
    placed = _PLACE.findall(ledger.path)
    parameters = _without(ledger.query, placed) if placed else ledger.query

    async def endpoint(read: Read, query: LedgerQuery, **place: str) -> Response:
        asked = query if not placed else _completed(ledger.query, query, place)
        return await answer(read, ledger, asked)

    fields = ledger.query.model_fields
    places = {
        name: Annotated[fields[name].annotation, *fields[name].metadata, Path(title=fields[name].title)]
        for name in placed
    }
    return _named(
        endpoint,
        ledger.operation_id,
        ledger.about,
        places | {"read": Reading, "query": Annotated[parameters, Query()]},
    )


def _changes_endpoint(ledger: Ledger) -> Any:
    async def endpoint(read: Read, query: ChangesQuery) -> Response:
        return read.answer(await changes_of(read, query, ledger.row))

    return _named(
        endpoint,
        f"{ledger.operation_id}_changes",
        ledger.changes_about,
        {"read": Reading, "query": Annotated[ledger.changes, Query()]},
    )


def _named(endpoint: Any, name: str, about: str, parameters: dict[str, Any]) -> Any:
    """The function under a name, with a sentence, and with parameters that are known only now."""
    endpoint.__name__ = endpoint.__qualname__ = name
    endpoint.__doc__ = about
    endpoint.__signature__ = Signature(
        [
            Parameter(one, Parameter.KEYWORD_ONLY, annotation=annotation)
            for one, annotation in parameters.items()
        ],
        return_annotation=Response,
    )
    return endpoint


def _without(query: type[LedgerQuery], placed: Sequence[str]) -> Any:
    """The query's model without the filters that stand in the path."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in query.model_fields.items() if name not in placed
    }
    return create_model(f"{query.__name__}Parameters", __config__=query.model_config, **fields)


def _completed(query: type[LedgerQuery], given: Any, place: dict[str, Any]) -> LedgerQuery:
    """The question of both, which were validated each as its field wants it."""
    values = {name: getattr(given, name) for name in given.model_fields_set} | place
    return query.model_construct(given.model_fields_set | place.keys(), **values)
