"""Bounds of dates: what a day may not precede and may not follow, declared beside its field and held by one guard.

    ended_on: Annotated[FactDay, NotBefore("its.contracts[contract].terms.starts_on", clause="C4.3-15")]

A bound names an anchor, the day it is measured from:

- `today` is the county's date, `occurred_on` the business day of the decision;
- `start` is the day on which the aggregate's matter begins (`DomainAggregate.begun_on`);
- `its.a.b[field].c` is a day in the aggregate's state before the event, under the code that a field of the event holds;
- `given.name` is a day that the use case found elsewhere (`Occasion.given`), such as the first day of a duty;
- any other name is a field of the same form, or of one that holds it.

An anchor without a value bounds nothing. Whatever records an event passes the guard: a request, an import, the command
line. What has not happened yet is never recorded (DATE_IN_FUTURE); a form that contradicts itself is refused (DATE_ORDER);
what contradicts the record is refused too, and for imported history it becomes a finding (D6).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from domain.refusals import refuse
from domain.values import BusinessDate

if TYPE_CHECKING:
    from domain.occasion import Occasion


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of what a day may be. `days`: how far from the anchor at least. `clause`: else the decision's first."""

    anchor: str
    days: int = 0
    clause: str | None = None

    @property
    def shown(self) -> str:
        """The anchor as the OpenAPI lists it: `contracts[contract].terms.startsOn`, `startsOn + P1D`."""
        return said(self.anchor) + (f" + P{self.days}D" if self.days else "")

    def _listed(self, key: str, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = handler(schema)
        return {**made, key: [*made.get(key, ()), self.shown]}


@dataclass(frozen=True, slots=True)
class NotBefore(Bound):
    """The day is not before the anchor; with `days`, at least so many days after it."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The date's schema, with what it may not precede."""
        return self._listed("x-not-before", schema, handler)


@dataclass(frozen=True, slots=True)
class NotAfter(Bound):
    """The day is not after the anchor."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The date's schema, with what it may not follow."""
        return self._listed("x-not-after", schema, handler)


FactDay = Annotated[BusinessDate, NotAfter("occurred_on")]
"""The day of something that has happened: known by the business day, which is not ahead of today."""

NOW: Final = frozenset({"today", "occurred_on"})
"""Anchors that no fact lies behind: a day after today has not happened yet."""

_STEP: Final = re.compile(r"(\w+)(?:\[([\w, ]+)\])?")
_OUTSIDE: Final = ("its.", "given.")
_Frames = tuple[Mapping[str, Any], ...]
"""The forms a date stands in, the outermost (the event's fields) first."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A bounded day of an event: where it stands (`acceptance.acceptedOn`), the day, its bounds, the forms around it."""

    path: str
    day: date
    bounds: tuple[Bound, ...]
    frames: _Frames


Reader = Callable[[Any, str, _Frames], "Iterator[Dated]"]
"""Finds the bounded days in a value that stands at a path in forms."""


def hold(event: type[BaseModel], fields: Mapping[str, Any], state: Any, at: Occasion) -> None:
    """The guard: every bounded day of an event that is about to be recorded. DATE_IN_FUTURE, DATE_ORDER.

    `fields`: of the event; `state`: the aggregate before it, None where the event begins it.
    """
    for dated in dated_in(event, fields):
        for bound in dated.bounds:
            _hold(bound, dated, state, at)
    own = Dated("occurredOn", at.on, days_of(event, begins=state is None), (fields,))
    for bound in own.bounds:
        _hold(bound, own, state, at)


def hold_form(form: BaseModel, at: Occasion) -> None:
    """What can be said of a request before anything is loaded: days ahead of today, days that contradict one another.

    DATE_IN_FUTURE, DATE_ORDER.
    """
    for dated in dated_in(type(form), form.__dict__):
        for bound in dated.bounds:
            if (
                isinstance(bound, NotAfter) or bound.anchor not in NOW
            ):  # a term that is over already the decision says
                _hold(bound, dated, None, at)


def days_of(event: type[BaseModel], *, begins: bool) -> tuple[Bound, ...]:
    """The bounds of the business day of an event: those it declares (`DAY`), and its aggregate's start."""
    declared: tuple[Bound, ...] = getattr(event, "DAY", ())
    return declared if begins else (*declared, NotBefore("start"))


def dated_in(model: type[BaseModel], fields: Mapping[str, Any]) -> Iterator[Dated]:
    """Every bounded day among the fields of a model, forms in it and lists of forms included."""
    for name, alias, reader, is_form in _fields(model):
        if fields.get(name) is not None:
            yield from reader(fields[name], "" if is_form else alias, (fields,))


def said(anchor: str) -> str:
    """An anchor as people and the API write it."""
    steps = re.sub(r"^(its\.(card\.)?|given\.)", "", anchor)
    return re.sub(r"\w+", lambda word: to_camel(word[0]), steps)


def _hold(bound: Bound, dated: Dated, state: Any, at: Occasion) -> None:
    anchor = anchored(bound.anchor, dated.frames, state, at)
    if anchor is None:
        return
    before = isinstance(bound, NotBefore)
    if not before and bound.anchor in NOW:
        at.not_in_future(dated.day, dated.path)
    gap = (dated.day - anchor).days if before else (anchor - dated.day).days
    if gap >= bound.days:
        return
    name = said(bound.anchor)
    if "." in dated.path and not bound.anchor.startswith(_OUTSIDE) and bound.anchor not in {*NOW, "start"}:
        prefix = dated.path.rpartition(".")[0]
        name = f"{prefix}.{name}" if bound.anchor in dated.frames[-1] else name
    earlier, later = (name, dated.path) if before else (dated.path, name)
    first, last = (anchor, dated.day) if before else (dated.day, anchor)
    told: dict[str, Any] = {"earlier": earlier, "later": later, "earlierOn": first, "laterOn": last}
    clause = bound.clause or at.first_cited
    if bound.anchor.startswith(_OUTSIDE) or bound.anchor in {*NOW, "start"}:
        at.refuse("DATE_ORDER", clause=clause, **told)
    else:
        raise refuse("DATE_ORDER", clause=clause, **told)


def anchored(anchor: str, frames: _Frames, state: Any, at: Occasion) -> date | None:
    """The day an anchor stands for here; None where there is none."""
    match anchor.partition("."):
        case "today", _, _:
            return at.today
        case "occurred_on", _, _:
            return at.on
        case "start", _, _:
            begun: date | None = None if state is None else state.begun_on
            return begun
        case "its", _, path:
            return None if state is None else _walked(state, path, frames)
        case "given", _, name:
            return at.given.get(name)
        case name, _, _:
            found: date | None = _field(name, frames)
            return found


def _walked(value: Any, path: str, frames: _Frames) -> Any:
    for name, keys in _STEP.findall(path):
        value = getattr(value, name)
        if keys and value is not None:
            key = tuple(_field(one.strip(), frames) for one in keys.split(","))
            value = value.get(key if len(key) > 1 else key[0])
        if value is None:
            return None
    return value


def _field(name: str, frames: _Frames) -> Any:
    """The value of a field of the innermost form that has it."""
    for frame in reversed(frames):
        if name in frame:
            return frame[name]
    return None


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, str, Reader, bool], ...]:
    """The fields of a model that can hold a bounded day: name, alias, reader, whether it holds one form."""
    found = []
    for name, field in model.model_fields.items():
        reader = _reader(field.annotation, field.metadata)
        if reader is not None:
            found.append((name, field.alias or to_camel(name), reader, _is_form(field.annotation)))
    return tuple(found)


def _is_form(hint: Any) -> bool:
    if get_origin(hint) in {Union, UnionType}:
        return any(_is_form(one) for one in get_args(hint))
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _reader(hint: Any, marks: Iterable[Any] = ()) -> Reader | None:
    """What finds bounded days in values of a type; None where there cannot be any."""
    bounds = tuple(mark for mark in marks if isinstance(mark, Bound))
    if bounds:
        return lambda value, path, frames: iter((Dated(path, value, bounds, frames),))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _reader(arguments[0], arguments[1:])
    if origin in {Union, UnionType}:
        return next((one for one in map(_reader, arguments) if one is not None), None)
    if origin in {tuple, list}:
        return _in_sequence(_reader(arguments[0]))
    if isinstance(hint, type) and issubclass(hint, BaseModel) and _fields(hint):
        return _of_form(hint)
    return None


def _of_form(model: type[BaseModel]) -> Reader:
    def read(value: Any, path: str, frames: _Frames) -> Iterator[Dated]:
        inner = (*frames, value.__dict__)
        for name, alias, reader, _ in _fields(model):
            if value.__dict__.get(name) is not None:
                yield from reader(value.__dict__[name], f"{path}.{alias}" if path else alias, inner)

    return read


def _in_sequence(item: Reader | None) -> Reader | None:
    if item is None:
        return None

    def read(value: Sequence[Any], path: str, frames: _Frames) -> Iterator[Dated]:
        for index, one in enumerate(value):
            yield from item(one, f"{path}[{index}]", frames)

    return read
