"""Codes by which command bodies name divisions, units, persons and assets: found by type, asked before the decision."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, Field

from domain.catalogue import AGGREGATE_KINDS
from domain.values import Code, Listed, OrganizationCode, PersonCode, Refers, Value
from service.api.routers import ROUTERS
from service.commands.naming import named_in

EXCEPTIONS = Path(__file__).with_name("unnamed_codes.toml")
CODE = next(one.pattern for one in get_args(Code)[1:] if getattr(one, "pattern", None))


class Line(Value):
    person: PersonCode


class Body(Value):
    unit: OrganizationCode | None = None
    lines: tuple[Line, ...] = ()
    by_role: dict[str, PersonCode] = Field(default_factory=dict)
    several: tuple[PersonCode, ...] = ()
    free: Code = "x"


def test_named_codes_are_found_at_every_depth_with_their_path() -> None:
    body = Body(
        unit="U", lines=(Line(person="A"), Line(person="B")), by_role={"HEAD": "C"}, several=("D",), free="E"
    )
    assert [(one.path, one.kind, one.code) for one in named_in(body)] == [
        ("unit", "organization", "U"),
        ("lines[0].person", "person", "A"),
        ("lines[1].person", "person", "B"),
        ("byRole.HEAD", "person", "C"),
        ("several[0]", "person", "D"),
    ]


def test_an_absent_code_names_nothing() -> None:
    assert list(named_in(Body())) == []


def test_a_path_can_begin_where_the_body_stands() -> None:
    assert [one.path for one in named_in(Line(person="A"), "card")] == ["card.person"]


def code_fields() -> dict[str, list[str]]:
    """`Model.field` of every code in a command body that stands in no table, with the kinds it names."""
    found: dict[str, list[str]] = {}
    seen: set[type[BaseModel]] = set()

    def look(hint: Any, metadata: list[Any], at: str) -> None:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            look(arguments[0], list(arguments[1:]), at)
        elif any(isinstance(one, Listed) for one in metadata):
            return
        elif hint is str and any(getattr(one, "pattern", None) == CODE for one in metadata):
            found[at] = [one.kind for one in metadata if isinstance(one, Refers)]
        elif origin in {Union, UnionType, tuple, list, dict}:
            for one in arguments:
                look(one, [], at)
        elif isinstance(hint, type) and issubclass(hint, BaseModel):
            walk(hint)

    def walk(model: type[BaseModel]) -> None:
        if model not in seen:
            seen.add(model)
            for name, field in model.model_fields.items():
                look(field.annotation, field.metadata, f"{model.__name__}.{name}")

    for body in bodies():
        walk(body)
    return found


def bodies() -> Iterator[type[BaseModel]]:
    for router in ROUTERS:
        for route in router.routes:
            if "POST" in getattr(route, "methods", ()):
                for parameter in route.dependant.body_params:
                    hint = parameter.field_info.annotation
                    if isinstance(hint, type) and issubclass(hint, BaseModel):
                        yield hint


def test_every_code_in_a_command_body_says_what_it_names_or_why_nothing_is_asked() -> None:
    excepted = tomllib.loads(EXCEPTIONS.read_text("utf-8"))
    listed = [field for group in excepted.values() for field in group["fields"]]
    assert len(listed) == len(set(listed))
    assert {field for field, kinds in code_fields().items() if not kinds} == set(listed)


def test_the_codes_that_are_believed_only_become_fewer() -> None:
    assert len(tomllib.loads(EXCEPTIONS.read_text("utf-8"))["open"]["fields"]) <= 19


@pytest.mark.parametrize("field", sorted(field for field, kinds in code_fields().items() if kinds))
def test_a_named_code_names_an_aggregate_of_the_catalogue(field: str) -> None:
    (kind,) = code_fields()[field]
    assert kind in AGGREGATE_KINDS
