"""The Chinese title of a field, as it stands where the field is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


@cache
def title_at(model: type[BaseModel], path: str) -> str | None:
    """Title of the field at a dotted path of a shown model: `contracts.HT-1.state`. None where the path has no field.

    The keys of an object without named fields (a code, which may hold dots) and the places in a list have no title.
    """
    title: str | None = None
    inside: tuple[Any, ...] = (model,)
    for name in path.split("."):
        for one in inside:
            if isinstance(one, type) and issubclass(one, BaseModel):
                found = next((it for key, it in one.model_fields.items() if name in (it.alias, key)), None)
                if found is not None:
                    title, inside = found.title, tuple(_models(found.annotation))
                    break
    return title


def _models(hint: Any) -> Iterator[Any]:
    """The models that a field's type holds: itself, what may stand instead of it, values of a dict, items of a list."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from _models(arguments[0])
    elif origin in (Union, UnionType) or (
        isinstance(origin, type) and issubclass(origin, (Mapping, Sequence))
    ):
        for one in arguments:
            yield from _models(one)
    elif isinstance(hint, type):
        yield hint
