"""Dates of commands and events: each says what it may not precede and may not follow, or why it does not; one guard holds it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel

from domain.aggregate import ENVELOPE_FIELDS
from domain.bounds import NOW, Bound, NotAfter, NotBefore, anchored, days_of, hold
from domain.catalogue import AGGREGATES, events_of
from domain.occasion import Occasion
from domain.refusals import Refusal
from tests.api.plausible import write_routes
from tests.examples import DAY, regulation

EXCEPTIONS = Path(__file__).with_name("unbounded_dates.toml")
GIVEN = {"in_duty_since", "year_over_on"}
"""What use cases find out for bounds (`Occasion.given`)."""
Where = tuple[type[BaseModel], ...]
"""The forms a date stands in, the outermost first."""


def dates_of(hint: Any, marks: tuple[Any, ...] = ()) -> Iterator[tuple[Bound, ...] | type[BaseModel]]:
    """What a type holds: its bounds for a date, and the forms in it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        yield from dates_of(arguments[0], (*arguments[1:], *marks))
    elif origin in {Union, UnionType}:
        for one in arguments:
            yield from dates_of(one, marks)
    elif origin in {tuple, list}:
        yield from dates_of(arguments[0])
    elif origin is dict:
        yield from dates_of(arguments[1])
    elif hint is date:
        yield tuple(one for one in marks if isinstance(one, Bound))
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint


def walk(model: type[BaseModel], around: Where = ()) -> Iterator[tuple[Where, str, tuple[Bound, ...]]]:
    """Every date below a model: the forms it stands in, its name, its bounds."""
    within = (*around, model)
    for name, field in model.model_fields.items():
        if name in ENVELOPE_FIELDS and issubclass(model, tuple(one.Event for one in AGGREGATES)):
            continue
        for found in dates_of(field.annotation, tuple(field.metadata)):
            if isinstance(found, tuple):
                yield within, name, found
            elif found not in around:
                yield from walk(found, within)


def forms() -> Iterator[tuple[type[BaseModel], Any]]:
    """Every body of a command, and every event with its aggregate."""
    for _, model, _ in write_routes():
        yield model, None
    for aggregate in AGGREGATES:
        for event in events_of(aggregate).values():
            yield event, aggregate


def named(within: Where, name: str) -> str:
    return f"{within[-1].__qualname__}.{name}"


def unbounded() -> set[str]:
    return {named(within, name) for form, _ in forms() for within, name, bounds in walk(form) if not bounds}


def reasons() -> dict[str, str]:
    """`Model.field` → why nothing bounds it."""
    parts = tomllib.loads(EXCEPTIONS.read_text("utf-8"))
    return {field: part["reason"] for part in parts.values() for field in part["fields"]}


def test_every_date_of_every_command_and_event_names_a_bound_or_a_written_reason() -> None:
    assert unbounded() == set(reasons())


def test_exceptions_are_few_and_may_only_shrink() -> None:
    assert len(reasons()) <= 28
    assert all(len(reason) > 20 for reason in reasons().values())


BOUNDS = [
    pytest.param(aggregate, event, within, name, bound, id=f"{event.TOPIC}-{name}-{bound.shown}")
    for event, aggregate in forms()
    if aggregate is not None
    for within, name, bounds in walk(event)
    for bound in bounds
] + [
    pytest.param(aggregate, event, (event,), "occurred_on", bound, id=f"{event.TOPIC}-day-{bound.shown}")
    for event, aggregate in forms()
    if aggregate is not None
    for bound in days_of(event, begins=False)
]
"""Every bound of every event."""


@pytest.mark.parametrize(("aggregate", "event", "within", "name", "bound"), BOUNDS)
def test_every_anchor_is_a_day(aggregate: Any, event: Any, within: Where, name: str, bound: Bound) -> None:
    """A name that stands for nothing would bound nothing, in silence."""
    kind, _, path = bound.anchor.partition(".")
    if bound.anchor in NOW:
        return
    if kind == "given":
        assert path in GIVEN
    elif kind == "its" or bound.anchor == "start":
        for step in (path or "begun_on").split("."):
            attribute, _, keys = step.partition("[")
            aggregate = _of(aggregate, attribute, keyed=bool(keys))
            for key in filter(None, keys.removesuffix("]").split(", ")):
                assert any(key in form.model_fields for form in within), key
        assert aggregate is date
    else:
        (holder,) = [form for form in within[::-1] if bound.anchor in form.model_fields][:1]
        assert any(isinstance(one, tuple) for one in dates_of(holder.model_fields[bound.anchor].annotation))


def _of(cls: type, attribute: str, *, keyed: bool) -> Any:
    """The type of an attribute or property, without None; of its values where a key follows."""
    found = getattr(cls, attribute, None)
    if isinstance(found, property):
        hint = get_type_hints(found.fget)["return"]
    else:
        hint = get_type_hints(cls)[attribute]
    options = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = options
    if keyed:
        assert get_origin(hint) is dict, attribute
        hint = get_args(hint)[1]
    return hint


class AnyKey(dict[Any, Any]):
    """Holds one thing under whatever key is asked for."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def get(self, _key: Any, _default: Any = None) -> Any:
        return self.value


def state_with(anchor: str, day: date) -> Any:
    """An aggregate that knows one day, and no other."""
    if anchor == "start":
        return Nothing(begun_on=day)
    value: Any = day
    for step in reversed(anchor.removeprefix("its.").split(".")):
        attribute, bracket, _ = step.partition("[")
        value = Nothing(**{attribute: AnyKey(value) if bracket else value})
    return value


class Nothing(SimpleNamespace):
    """Has whatever it was given, and of everything else nothing."""

    def __getattr__(self, _name: str) -> None:
        return None


def fields_of(within: Where, days: Mapping[str, date]) -> dict[str, Any]:
    """The fields of an event whose innermost form holds these days; a day that an outer form has stands there."""
    inner = {name: day for name, day in days.items() if name in within[-1].model_fields}
    outer = {name: day for name, day in days.items() if name not in inner}
    value: Any = within[-1].model_construct(**inner)
    for form, part in zip(within[-2::-1], within[:0:-1], strict=True):
        (field,) = [
            name
            for name, one in form.model_fields.items()
            if part in list(dates_of(one.annotation, tuple(one.metadata)))
        ][:1]
        several = get_origin(form.model_fields[field].annotation) is tuple
        here = {name: day for name, day in outer.items() if name in form.model_fields}
        value = form.model_construct(**{field: (value,) if several else value}, **here)
    return dict(value.__dict__)


def occasion(on: date, today: date, provenance: str | None = None, **found: date) -> Occasion:
    return Occasion(on=on, today=today, rules=regulation().on(DAY), provenance=provenance, given=dict(found))


@pytest.mark.parametrize(("aggregate", "event", "within", "name", "bound"), BOUNDS)
@given(n=st.dates(date(1950, 1, 1), date(2900, 1, 1)), step=st.sampled_from([-1, 0, 1]))
@settings(max_examples=9, deadline=None)
def test_both_edges_of_every_bound(
    aggregate: Any, event: Any, within: Where, name: str, bound: Bound, n: date, step: int
) -> None:
    """n − 1, n and n + 1 around the anchor's day, for a decision and for imported history."""
    own = name == "occurred_on"
    day = n + timedelta(days=step + (bound.days if isinstance(bound, NotBefore) else 0))
    held = step >= 0 if isinstance(bound, NotBefore) else step <= 0
    form = bound.anchor not in NOW and any(bound.anchor in one.model_fields for one in within)
    today = n if bound.anchor in NOW else date(2999, 1, 1)
    on = day if own else n if bound.anchor == "occurred_on" else today
    fields = {} if own else fields_of(within, {name: day} | ({bound.anchor: n} if form else {}))
    outside = bound.anchor == "start" or bound.anchor.startswith("its.")
    state = state_with(bound.anchor, n) if outside else None
    known = {bound.anchor.removeprefix("given."): n} if bound.anchor.startswith("given.") else {}

    def recorded(provenance: str | None) -> tuple[str, ...]:
        at = occasion(on, today, provenance, **known)
        hold(event, fields, state, at)
        return tuple(one.code for one in at.findings)

    if held:
        assert recorded(None) == recorded("清查表") == ()
        return
    ahead = isinstance(bound, NotAfter) and bound.anchor in NOW
    with pytest.raises(Refusal) as refusal:
        recorded(None)
    assert refusal.value.code == ("DATE_IN_FUTURE" if ahead else "DATE_ORDER")
    if ahead or form:
        with pytest.raises(Refusal):
            recorded("清查表")
    else:
        assert recorded("清查表") == ("DATE_ORDER",)


def test_a_fact_of_after_the_business_day_is_out_of_order_and_not_ahead() -> None:
    """`occurred_on` bounds from both sides of today: before it a contradiction, after it what has not happened."""
    from domain.asset.asset import Asset

    fields = {"in_use_since": date(2022, 1, 2)}
    for today, code in ((date(2022, 1, 3), "DATE_ORDER"), (date(2022, 1, 1), "DATE_IN_FUTURE")):
        with pytest.raises(Refusal) as refusal:
            hold(Asset.PutIntoUse, fields, None, occasion(date(2022, 1, 1), today))
        assert refusal.value.code == code


def test_an_anchor_without_a_value_bounds_nothing() -> None:
    at = occasion(DAY, DAY)
    assert anchored("its.a.b", (), SimpleNamespace(a=None), at) is None
    assert anchored("nothing", ({"other": DAY},), None, at) is None
    assert anchored("given.in_duty_since", (), None, at) is None
