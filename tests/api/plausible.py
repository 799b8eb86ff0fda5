"""Request bodies made from their models alone: valid in form, with nothing that has to mean anything.

Codes that name something (`Refers`) name what a founded county has, codes of tables (`Listed`) are the table's first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from fastapi import APIRouter
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.regulation.code_tables import CODE_TABLES
from domain.values import Fen, Listed, Refers
from service.api.routers import ROUTERS
from tests import contract
from tests.api.bodies import TOWNSHIP, VILLAGE
from tests.examples import regulation

DAY = date(2021, 8, 10)
Step = str | int
Place = tuple[Step, ...]
"""Where a field stands in a body: names as in the JSON, and places in lists."""


def write_routes() -> Iterator[tuple[str, type[BaseModel], str]]:
    """Every route that takes a body: path, the body's model, the action."""
    for router in ROUTERS:
        assert isinstance(router, APIRouter)
        for route in router.routes:
            if "POST" in getattr(route, "methods", ()):
                for parameter in route.dependant.body_params:  # type: ignore[attr-defined]
                    hint = parameter.field_info.annotation
                    if isinstance(hint, type) and issubclass(hint, BaseModel):
                        yield route.path, hint, (route.openapi_extra or {}).get("x-action", "")  # type: ignore[attr-defined]


def listed_fields(model: type[BaseModel]) -> Iterator[tuple[Place, Listed]]:
    """Every field below a model whose code stands in a table, with where it stands."""
    for at, _, metadata in leaves(model):
        yield from ((at, mark) for mark in metadata if isinstance(mark, Listed))


def leaves(model: type[BaseModel], at: Place = ()) -> Iterator[tuple[Place, Any, list[Any]]]:
    """Every field below a model that holds no model: where it stands, its bare type, what its type is marked with."""
    for name, field in model.model_fields.items():
        yield from _leaves(field.annotation, field.metadata, (*at, field.alias or name))


def _leaves(hint: Any, metadata: list[Any], at: Place) -> Iterator[tuple[Place, Any, list[Any]]]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _leaves(arguments[0], [*arguments[1:], *metadata], at)
    elif origin in {Union, UnionType}:
        for one in arguments:
            yield from _leaves(one, metadata, at)
    elif origin in {tuple, list}:
        yield from _leaves(arguments[0], [], (*at, 0))
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        yield from leaves(hint, at)
    elif hint is not type(None):
        yield at, hint, metadata


def body_of(model: type[BaseModel], along: Place = (), value: Any = None) -> dict[str, Any]:
    """A body with what the model requires, and everything on the way to `along`, which gets `value`."""
    body: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        alias = field.alias or name
        on_the_way = bool(along) and along[0] == alias
        if on_the_way or field.is_required():
            rest = along[1:] if on_the_way else ()
            body[alias] = _value(field.annotation, field.metadata, field, rest, value, given=on_the_way)
    return body


def _value(
    hint: Any, metadata: list[Any], field: FieldInfo | None, along: Place, value: Any, *, given: bool
) -> Any:
    if given and not along:
        return value
    for mark in metadata:
        if isinstance(mark, Refers):
            return {
                "person": "P-1",
                "asset": "A-1",
                "division": VILLAGE,
                "organization": TOWNSHIP,
                "procedure": "X-1",
                "disposal_series": "DB-1",
                "operator_selection": "OS-1",
            }[mark.kind]
        if isinstance(mark, Listed):
            return first_code(mark.table)
    for mark in metadata:
        pattern = getattr(mark, "pattern", None)
        if pattern is not None and hint is str:
            return _matching(pattern)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(arguments[0], list(arguments[1:]), field, along, value, given=given)
    if origin in {Union, UnionType}:
        one = next(
            (it for it in arguments if it is not type(None) and (not along or _holds(it, along[0]))),
            arguments[0],
        )
        return _value(one, [], field, along, value, given=given)
    if origin is Literal:
        return arguments[0]
    if origin in {tuple, list}:
        least = max((getattr(mark, "min_length", 0) or 0 for mark in metadata), default=0)
        inner = along[1:] if along else ()
        first = [_value(arguments[0], [], None, inner, value, given=given)] if given else []
        return first + [
            _value(arguments[0], [], None, (), None, given=False) for _ in range(least - len(first))
        ]
    if origin is dict:
        return {}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return body_of(hint, along if given else (), value)
    return _plain(hint, metadata)


def _holds(hint: Any, step: Step) -> bool:
    """Whether a member of a union has what stands at the step."""
    if isinstance(step, int):
        return get_origin(hint) in {tuple, list}
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _matching(pattern: str) -> str:
    """A text that fits one of the patterns in use."""
    choice = re.fullmatch(r"\^\(([A-Z_|]+)\)\$", pattern)
    made = (
        [choice[1].split("|")[0]]
        if choice
        else ["X-1", "a" * 64, "N2653022MA7799999X", "1", "2021", "2021-07"]
    )
    return next(one for one in made if re.search(pattern, one))


def _plain(hint: Any, metadata: list[Any]) -> Any:
    if hint is bool:
        return False
    if hint is Fen:
        return "1.00"
    if hint is date:
        return DAY.isoformat()
    if hint is Decimal:
        return "1"
    if hint is int:
        return max((getattr(mark, "ge", 1) or 1 for mark in metadata), default=1)
    if hint is str:
        return "文字"
    if isinstance(hint, type) and hasattr(hint, "__members__"):
        return next(iter(hint.__members__))
    msg = f"no example of {hint}"
    raise TypeError(msg)


def first_code(table: str) -> str:
    """A code that the county's table lists."""
    if table not in CODE_TABLES:
        return "X-1"
    known = CODE_TABLES[table]
    rows = known.rows(regulation().on(DAY))
    return str(getattr(rows[0], known.key)) if known.key else "X-1"


def first_version(path: str) -> int | None:
    """The version that a write on something new is based on, where the route heeds one (If-Match)."""
    described = contract.document()["paths"][path]["post"].get("parameters", ())
    return 1 if any(one["name"] == "If-Match" for one in described) else None
