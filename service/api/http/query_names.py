"""The query parameters a route declares, and the refusal of any other: a misspelt filter is never silently ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Final, Self, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from domain.refusals import refuse

_LISTS: Final = (tuple, list, set, frozenset)
_GARBLED: Final = "\N{REPLACEMENT CHARACTER}"
"""What stands for bytes that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class QueryNames:
    """Name of each query parameter of a route → whether it may be given several times."""

    declared: Mapping[str, bool]

    @classmethod
    def of(cls, route: APIRoute) -> Self:
        """What the route's own function, its dependencies and its description declare."""
        described = (route.openapi_extra or {}).get("parameters", ())
        names = {
            one["name"]: one["schema"].get("type") == "array" for one in described if one["in"] == "query"
        }
        return cls(names | dict(_of_function(route.dependant)))

    def check(self, request: Request) -> None:
        """FIELD_UNKNOWN with the nearest right name; FIELD_REPEATED; FIELD_INVALID for what is not UTF-8 or holds a NUL."""
        seen: set[str] = set()
        for name, value in request.query_params.multi_items():
            if name not in self.declared:
                raise self._unknown(name)
            if name in seen and not self.declared[name]:
                raise refuse("FIELD_REPEATED", field=name)
            if _GARBLED in value or "\0" in value:
                raise refuse("FIELD_INVALID", field=name, reason="不是有效的 UTF-8 / not UTF-8")
            seen.add(name)

    def _unknown(self, name: str) -> Exception:
        given = name[:60].replace("\0", "")
        near = get_close_matches(to_snake(given), self.declared, n=1, cutoff=0.6)
        accepted = "、".join(sorted(self.declared)) or None
        return refuse("FIELD_UNKNOWN", field=given, nearest=near[0] if near else None, accepted=accepted)


def _of_function(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Parameters of a function and of what it depends on; those of a model are its fields."""
    for parameter in dependant.query_params:
        type_ = parameter.field_info.annotation
        if isinstance(type_, type) and issubclass(type_, BaseModel):
            for name, field in type_.model_fields.items():
                yield field.alias or name, _is_list(field.annotation)
        else:
            yield parameter.alias, _is_list(type_)
    for inner in dependant.dependencies:
        yield from _of_function(inner)


def _is_list(annotation: Any) -> bool:
    """Whether a parameter of this type takes several values: a list, also an annotated or optional one."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return any(_is_list(one) for one in get_args(annotation))
    return origin in _LISTS
