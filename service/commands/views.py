"""View of an aggregate: the schema of its view, and the Chinese title of each field of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, create_model
from pydantic.fields import FieldInfo

from domain.aggregate import DomainAggregate
from domain.values import Value


@cache
def view_model(cls: type[DomainAggregate], **derived: Any) -> type[Value]:
    """The schema of an aggregate's `view()`, from its own attributes. Attributes without a value are left out."""
    hints = {
        name: hint
        for name, hint in get_type_hints(cls, include_extras=True).items()
        if name.islower() and not name.startswith("_")
    }
    fields: dict[str, Any] = {name: _maybe(hint) for name, hint in (hints | derived).items()}
    return create_model(f"{cls.__name__}View", __base__=Value, __doc__=cls.__doc__, **fields)


def _maybe(hint: Any) -> tuple[Any, Any]:
    """An attribute that may have no value: its type without its title, and a field that has the title."""
    bare, *about = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    titles = [one.title for one in about if isinstance(one, FieldInfo)]
    rest = tuple(one for one in about if not isinstance(one, FieldInfo))
    kept = Annotated[(bare, *rest)] if rest else bare
    return kept | None, Field(default=None, title=titles[-1] if titles else None)


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
