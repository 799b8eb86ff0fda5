"""Masking of what leaves the service: values that whoever asks may not see give way to a mask (`***`).

What is personal says the schema of the answer, field by field (`domain.classification`); who sees it says one pure
function, asked with the codes that stand around the value: the units, divisions and persons that its row, form or
enclosing forms name. Items of a list are rows of their own: what one names does not open another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel
from pydantic.alias_generators import to_camel, to_snake

from domain.aggregate import DomainAggregate, DomainEvent
from domain.catalogue import EVENT_TYPES
from domain.classification import MASK, PERSONAL_OF_HOUSEHOLD, Classified, classified
from domain.recorded import RecordedEvent
from domain.refusals import refuse
from domain.values import Refers
from projections.engine.masking import masked as without_numbers
from projections.engine.meaning import Named
from projections.engine.rows import Row

if TYPE_CHECKING:
    from service.ledgers.filters import Filters
    from service.ledgers.source import Source

Codes = frozenset[str]
NOWHERE: Final[Codes] = frozenset()
Sees = Callable[[Classified, Codes], bool]
"""Whether somebody sees values of a classification around which these codes stand."""

OF_HOUSEHOLD: Final = "household/"
"""Stands before the code of a household among the codes around a value."""
_PLACES: Final = frozenset({"organization", "division"})
"""What a code may refer to that says whose a value is."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of a form, as far as masking is concerned with it."""

    mark: Classified | None
    names: bool
    """Whether its value is a code that says whose the form is: of a unit, a division, a household."""
    prefix: str
    """What is put before a household's code, which could be taken for that of a division."""
    inner: _Plan | None
    """What is to be masked in the form or forms that it holds."""
    one: bool
    """Whether it holds one form: that names for the whole as well."""


_Plan = Mapping[str, _Part]


def shown_to(sees: Sees, body: Any, model: Any) -> Any:
    """An answer of a schema, or a list of them, as it may be shown; the same object where nothing is masked."""
    plan = _plan(model)
    return body if plan is None else _masked(body, plan, NOWHERE, sees)


def bytes_shown_to(sees: Sees, body: bytes, model: Any) -> bytes:
    """The bytes of an answer, made anew only where its schema has anything to mask."""
    return body if _plan(model) is None else orjson.dumps(shown_to(sees, orjson.loads(body), model))


def event_shown_to(sees: Sees, event: RecordedEvent, around: Codes = NOWHERE) -> RecordedEvent:
    """An event as it may be shown. `around`: whose its aggregate is, beside what the event itself names."""
    plan = _plan(EVENT_TYPES[event.type])
    return event if plan is None else replace(event, data=_form(event.data, plan, around, sees))


def hidden_in(
    sees: Sees, event: type[DomainEvent], data: Mapping[str, Any], around: Codes
) -> set[Classified]:
    """What somebody may not see of an event's data."""
    plan = _plan(event)
    return set() if plan is None else set(_hidden(data, plan, around, sees))


def named_in(event: type[DomainEvent], data: Mapping[str, Any]) -> Codes:
    """The units, divisions and households that an event names."""
    return frozenset(_codes(data, _parts_of_event(event)))


def whose(aggregate: DomainAggregate) -> Codes:
    """The units, divisions and households that an aggregate names: around everything that its events say."""
    return frozenset(_codes(aggregate.view(), _parts_of_state(type(aggregate))))


def rows_shown_to(sees: Sees, rows: Iterable[Row], model: type[BaseModel]) -> list[Row]:
    """Rows of a ledger as they may be shown, before they are made into what the API or a spreadsheet shows."""
    plan = _plan(model)
    return list(rows) if plan is None else [_form(row, plan, NOWHERE, sees) for row in rows]


def must_not_choose_by_hidden(source: Source, query: Filters, model: type[BaseModel]) -> None:
    """FORBIDDEN_PERSONAL_DATA for rows chosen or ordered by values that whoever asks may not see: that would tell them.

    Several filters hold together, so that a place that is asked for stands around the values asked for.
    """
    plan, given = _plan(model), query.filters()
    sort = to_snake(getattr(query, "sort", None) or "").removeprefix("-")
    if plan is None:
        return
    codes: set[str] = set()
    for name, value in given.items():
        part = plan.get(name)
        if part is not None and part.names and (part.mark is None or isinstance(value, str)):
            codes.update(part.prefix + one for one in ((value,) if isinstance(value, str) else value))
    for name in (*given, sort):
        part = plan.get(name)
        if part is not None and part.mark is not None and not source.sees(part.mark, frozenset(codes)):
            raise refuse("FORBIDDEN_PERSONAL_DATA")


def _masked(value: Any, plan: _Plan, around: Codes, sees: Sees) -> Any:
    if isinstance(value, Mapping):
        return _form(value, plan, around, sees)
    if isinstance(value, list | tuple):
        return [_masked(one, plan, around, sees) for one in value]
    return value


def _form(form: Mapping[str, Any], plan: _Plan, around: Codes, sees: Sees) -> dict[str, Any]:
    codes = around.union(_codes(form, plan))
    found = dict(form)
    for name, value in form.items():
        part = plan.get(name)
        if part is None or value is None:
            continue
        if part.mark is not None:
            if not sees(part.mark, codes):
                found[name] = without_numbers(value) if part.mark.words else MASK
        elif part.inner is not None:
            found[name] = _masked(value, part.inner, codes, sees)
    return found


def _hidden(value: Any, plan: _Plan, around: Codes, sees: Sees) -> Iterator[Classified]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _hidden(one, plan, around, sees)
    elif isinstance(value, Mapping):
        codes = around.union(_codes(value, plan))
        for name, one in value.items():
            part = plan.get(name)
            if part is None or one is None:
                continue
            if part.mark is not None and not sees(part.mark, codes):
                yield part.mark
            elif part.mark is None and part.inner is not None:
                yield from _hidden(one, part.inner, codes, sees)


def _codes(form: Mapping[str, Any], plan: _Plan) -> Iterator[str]:
    for name, value in form.items():
        part = plan.get(name)
        if part is None or value is None:
            continue
        if part.names:
            yield part.prefix + str(value)
        elif part.one and part.inner is not None and isinstance(value, Mapping):
            yield from _codes(value, part.inner)


@cache
def _plan(hint: Any) -> _Plan | None:
    """What is to be masked in forms of a type, by the names of their fields inside and outside; None: nothing."""
    plan: dict[str, _Part] = {}
    for form in _forms(hint):
        plan |= _parts(form, ())
    return plan if _guards(plan) else None


def _guards(plan: _Plan) -> bool:
    return any(
        part.mark is not None or (part.inner is not None and _guards(part.inner)) for part in plan.values()
    )


def _parts(model: type[BaseModel], outer: tuple[type[BaseModel], ...]) -> _Plan:
    plan: dict[str, _Part] = {}
    for name, field in model.model_fields.items():
        mark = classified(field)
        guarded = mark if mark is not None and mark.guarded else None
        inner: dict[str, _Part] = {}
        for form in _forms(field.annotation):
            if form not in (*outer, model):  # a form within itself would have no end
                inner |= _parts(form, (*outer, model))
        household = name == "household" and mark == PERSONAL_OF_HOUSEHOLD
        names = household or _says_whose(field.annotation, field.metadata)
        if guarded is not None or inner or names:
            prefix = OF_HOUSEHOLD if household else ""
            part = _Part(guarded, names, prefix, inner or None, not _many(field.annotation))
            plan |= dict.fromkeys((name, field.alias or name, field.serialization_alias or name), part)
    return plan


@cache
def _parts_of_event(event: type[DomainEvent]) -> _Plan:
    return _parts(event, ())


@cache
def _parts_of_state(aggregate: type[DomainAggregate]) -> _Plan:
    """The attributes of an aggregate that name somebody, as its view calls them."""
    plan: dict[str, _Part] = {}
    for name, hint in get_type_hints(aggregate, include_extras=True).items():
        inner: dict[str, _Part] = {}
        for form in _forms(hint):
            inner |= _parts(form, ())
        plan[to_camel(name)] = _Part(None, _says_whose(hint, ()), "", inner or None, not _many(hint))
    return plan


def _says_whose(hint: Any, marks: Sequence[Any]) -> bool:
    if any(isinstance(one, Named) or (isinstance(one, Refers) and one.kind in _PLACES) for one in marks):
        return True
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _says_whose(arguments[0], arguments[1:])
    return origin in {Union, UnionType} and any(_says_whose(one, ()) for one in arguments)


def _many(hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _many(arguments[0])
    if origin in {Union, UnionType}:
        return any(map(_many, arguments))
    return origin in {tuple, list, dict}


def _forms(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for one in get_args(hint):
        yield from _forms(one)
