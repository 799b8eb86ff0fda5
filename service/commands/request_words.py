"""Chinese words of what a request holds: titles of its fields, and what was asked for.

A refusal names a field as the API does (`card.fundingLines[0].amount`). The title stands at the field, in the model that
the route reads; the same name means something else in another request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.requests import Request

from domain.asset.facts.card import RegisterCard
from domain.funds.allocation import FundAllocationCard
from domain.household.card import HouseholdAssetCard
from domain.regulation.telling import Tell

_PART: Final = re.compile(r"([^.\[\]]+)|\[(\d*)\]")
_DEEPEST: Final = 8
"""Forms within forms; deeper ones are not described."""
_SEVERAL: Final = "、"

_CARDS: Final[Mapping[str, Any]] = {
    "/v1/assets": RegisterCard,
    "/v1/fund-allocations": FundAllocationCard,
    "/v1/household-assets": HouseholdAssetCard,
}
"""What corrections and the lines of many name the fields of, beside the request's own form."""

Path = tuple[str, ...]


def request_words(request: Request) -> Mapping[str, Tell]:
    """Words of the request that is answered, by kind of parameter; none where no route was found."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return {}
    summary = (route.summary or "").partition(_BOTH)[0]
    return {
        "field": lambda field: _called(_titles_of(route), field),
        "operation": lambda _: summary or None,
    }


_BOTH: Final = " / "
"""Between the Chinese and the English of what a route is for."""


def _titles_of(route: APIRoute) -> Mapping[Path, str]:
    """The title of every field, by its path without the numbers of a list's items. Made once for an operation."""
    operation = (route.path_format, *sorted(route.methods or ()))
    if operation not in _made:
        _made[operation] = dict(_titles(route))
    return _made[operation]


_made: Final[dict[tuple[str, ...], Mapping[Path, str]]] = {}


def _titles(route: APIRoute) -> Mapping[Path, str]:
    found: dict[Path, str] = {}
    for parameter in (
        *route.dependant.query_params,
        *route.dependant.path_params,
        *route.dependant.header_params,
    ):
        if parameter.field_info.title:
            found[parameter.alias,] = _in_chinese(parameter.field_info.title)
    asked = [parameter.field_info.annotation for parameter in route.dependant.query_params]
    if route.body_field is not None:
        asked.append(route.body_field.field_info.annotation)
    asked.extend(form for path, form in _CARDS.items() if route.path.startswith(path))
    for form in asked:
        if form is not None:
            schema = TypeAdapter(form).json_schema(by_alias=True)
            found = dict(_of_schema(schema, schema.get("$defs", {}), (), 0)) | found
    return found


def _of_schema(
    schema: Mapping[str, Any], forms: Mapping[str, Any], at: Path, depth: int
) -> Iterator[tuple[Path, str]]:
    if depth > _DEEPEST:
        return
    if "$ref" in schema:
        schema = forms.get(schema["$ref"].rpartition("/")[2], {})
    for name, one in schema.get("properties", {}).items():
        title = one.get("title")
        if title:
            yield (*at, name), _in_chinese(title)
        yield from _of_schema(one, forms, (*at, name), depth + 1)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _of_schema(one, forms, at, depth)
    for inside in ("items", "additionalProperties"):
        if isinstance(schema.get(inside), Mapping):
            yield from _of_schema(schema[inside], forms, at, depth + 1)


def _in_chinese(title: str) -> str:
    return title.partition(_BOTH)[0]


def _called(titles: Mapping[Path, str], fields: str) -> str | None:
    """The titles of fields that a sentence names together; None where none of them has one."""
    called = [_title(titles, field) for field in fields.split(_SEVERAL)]
    if not any(called):
        return None
    return _SEVERAL.join(title or field for title, field in zip(called, fields.split(_SEVERAL), strict=True))


def _title(titles: Mapping[Path, str], field: str) -> str | None:
    """The title of a field, else of what it stands in; with the number of the line."""
    parts = [name or number for name, number in _PART.findall(field)]
    path = tuple(name for name in parts if name and not name.isdigit())
    title = None
    for length in range(len(path), 0, -1):
        title = _by_the_end(titles, path[:length])
        if title is not None:
            break
    number = next((int(name) + 1 for name in reversed(parts) if name.isdigit()), None)
    return title if title is None or number is None else f"第 {number} 条的{title}"


def _by_the_end(titles: Mapping[Path, str], path: Path) -> str | None:
    """The title at a path, else the one of all that end like it, the longest end first."""
    for length in range(len(path), 0, -1):
        end = path[-length:]
        called = {one for known, one in titles.items() if known[-length:] == end}
        title = titles.get(end) or (called.pop() if len(called) == 1 else None)
        if title is not None:
            return title
    return None
