"""The sealed fields of a form, found by their marks: whoever adds one only marks it, and no endpoint remembers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from domain.classification import Classified, classified
from domain.sealed import ChangesOf, SealedField, Token, parts_of

Frames = tuple[Any, ...]
"""The forms around a value, the outermost first."""


class Where(NamedTuple):
    """Place of a sealed value: `card.householder`, with its marks, in these forms."""

    path: str
    mark: SealedField
    classified: Classified | None
    frames: Frames


Replace = Callable[[Where, str], str]
"""What stands in a value's place; it may be the value itself."""
_Step = Callable[[Any, str, Frames, Replace], Any]


def replaced(form: BaseModel, replace: Replace, path: str = "", frames: Frames = ()) -> Any:
    """A form with every sealed value replaced, tokens too; the same one where nothing is."""
    around = (*frames, form)
    changes = {}
    for name, alias, step in _steps(type(form)):
        value = getattr(form, name)
        after = step(value, f"{path}.{alias}" if path else alias, around, replace)
        if after is not value:
            changes[name] = after
    return form.model_copy(update=changes) if changes else form


def values_in(form: BaseModel) -> list[tuple[Where, str]]:
    """Every value of a form's sealed fields: tokens, and what was recorded before they were sealed."""
    found: list[tuple[Where, str]] = []

    def look(where: Where, value: str) -> str:
        found.append((where, value))
        return value

    replaced(form, look)
    return found


@cache
def may_hold_sealed(model: type[BaseModel]) -> bool:
    """Whether a form of this class can hold a sealed value."""
    return bool(_steps(model))


@cache
def _steps(model: type[BaseModel]) -> tuple[tuple[str, str, _Step], ...]:
    found = ((name, field.alias or name, _of_field(field)) for name, field in model.model_fields.items())
    return tuple((name, alias, step) for name, alias, step in found if step is not None)


def mark_of(field: FieldInfo) -> SealedField | None:
    """A field's own mark."""
    return next((one for one in _metadata(field) if isinstance(one, SealedField)), None)


def _metadata(field: FieldInfo) -> Iterable[Any]:
    yield from field.metadata
    for hint in (field.annotation, *get_args(field.annotation)):
        if get_origin(hint) is Annotated:
            yield from get_args(hint)[1:]


def _of_field(field: FieldInfo) -> _Step | None:
    mark = mark_of(field)
    if mark is not None:
        return _value(mark, classified(field))
    changes = next((one for one in _metadata(field) if isinstance(one, ChangesOf)), None)
    if changes is not None:
        return _changes(changes.form)
    return _of_type(field.annotation)


def _value(mark: SealedField, how: Classified | None) -> _Step:
    def step(value: Any, path: str, frames: Frames, replace: Replace) -> Any:
        return None if value is None else replace(Where(path, mark, how, frames), value)

    return step


def _changes(form: type[BaseModel]) -> _Step:
    """New values of a form's fields. What does not fit its field stays: the decision refuses it and says why."""
    marked = {
        field.alias or name: (mark, classified(field), TypeAdapter[Any](field.rebuild_annotation()))
        for name, field in form.model_fields.items()
        if (mark := mark_of(field)) is not None
    }

    def step(value: Mapping[str, Any], path: str, frames: Frames, replace: Replace) -> Any:
        after = dict(value)
        for name in sorted(marked.keys() & value.keys()):
            mark, how, adapter = marked[name]
            kept = isinstance(value[name], str) and parts_of(value[name]) is not None
            try:  # what the log keeps of an earlier value is a token that has become a text again
                judged = adapter.validate_python(Token(value[name]) if kept else value[name])
            except ValidationError:
                continue
            if judged is not None:
                after[name] = replace(Where(f"{path}.{name}", mark, how, (*frames, value)), judged)
        return after if any(after[name] is not value[name] for name in after) else value

    return step if marked else _nothing


def _nothing(value: Any, _path: str, _frames: Frames, _replace: Replace) -> Any:
    return value


def _of_type(hint: Any) -> _Step | None:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _of_type(arguments[0])
    if origin in {Union, UnionType}:
        return _in_any([step for one in arguments if (step := _of_type(one)) is not None])
    if origin in {tuple, list}:
        return _in_each(_of_type(arguments[0])) if arguments else None
    if origin is dict:
        return _in_values(_of_type(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, BaseModel) and may_hold_sealed(hint):
        return _in_form(hint)
    return None


def _in_form(model: type[BaseModel]) -> _Step:
    def step(value: Any, path: str, frames: Frames, replace: Replace) -> Any:
        return replaced(value, replace, path, frames) if isinstance(value, model) else value

    return step


def _in_any(steps: list[_Step]) -> _Step | None:
    def step(value: Any, path: str, frames: Frames, replace: Replace) -> Any:
        for one in steps:
            value = one(value, path, frames, replace)
        return value

    return step if steps else None


def _in_each(item: _Step | None) -> _Step | None:
    if item is None:
        return None

    def step(value: Any, path: str, frames: Frames, replace: Replace) -> Any:
        if not isinstance(value, tuple | list):
            return value
        after = [item(one, f"{path}[{number}]", frames, replace) for number, one in enumerate(value)]
        same = all(new is old for new, old in zip(after, value, strict=True))
        return value if same else type(value)(after)

    return step


def _in_values(item: _Step | None) -> _Step | None:
    if item is None:
        return None

    def step(value: Any, path: str, frames: Frames, replace: Replace) -> Any:
        if not isinstance(value, Mapping):
            return value
        after = {name: item(one, f"{path}.{name}", frames, replace) for name, one in value.items()}
        return value if all(after[name] is value[name] for name in after) else after

    return step
