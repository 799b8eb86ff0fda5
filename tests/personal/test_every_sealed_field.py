"""Every sealed field, found by the marks: no body forgets a mark that an event has, no endpoint sees what is not sealed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from fastapi.routing import APIRoute
from pydantic import BaseModel

from domain.catalogue import EVENT_TYPES
from domain.classification import Classification, classified
from service.api.routers import ROUTERS
from service.personal.marks import mark_of, may_hold_sealed

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
OF_OTHERS = {"documentNo"}
"""Names of sealed fields that other forms have for what is nobody's: the number of any document."""


def forms(hint: Any) -> Iterator[type[BaseModel]]:
    """The classes of forms that a type holds."""
    if isinstance(hint, type) and get_origin(hint) is None:
        if issubclass(hint, BaseModel):
            yield hint
            for field in hint.model_fields.values():
                yield from forms(field.annotation)
        return
    for one in get_args(hint):
        yield from forms(one)


def bodies(route: APIRoute) -> list[type[BaseModel]]:
    """The classes of a route's body, and of the forms in it."""
    return [one for given in route.dependant.body_params for one in forms(given.field_info.annotation)]


def sealed(classes: Iterator[type[BaseModel]]) -> set[tuple[str, str]]:
    """(name, form) of the sealed fields of classes."""
    return {
        (field.alias or name, mark.form.value)
        for one in classes
        for name, field in one.model_fields.items()
        if (mark := mark_of(field)) is not None
    }


EVENT_FIELDS = sealed(form for event in EVENT_TYPES.values() for form in forms(event))


def test_what_is_sealed_is_what_the_issue_names_as_far_as_it_is_recorded() -> None:
    assert {
        ("householder", "NAME"),
        ("loanRef", "PAPER"),
        ("contact", "CONTACT"),
        ("documentNo", "PAPER"),
    } == EVENT_FIELDS


def test_a_field_of_an_event_that_is_classified_as_sealed_is_sealed() -> None:
    unsealed = {
        f"{form.__name__}.{name}"
        for event in EVENT_TYPES.values()
        for form in forms(event)
        for name, field in form.model_fields.items()
        if (how := classified(field)) is not None
        and (how.level is Classification.SEALED) != (mark_of(field) is not None)
    }
    assert unsealed == set()


def test_an_endpoint_whose_body_may_hold_a_sealed_value_stands_behind_the_sealing() -> None:
    holding = [route for route in ROUTES if any(map(may_hold_sealed, bodies(route)))]
    assert len(holding) >= 7
    assert [route.path for route in holding if not hasattr(route.endpoint, "__wrapped__")] == []


def test_a_body_marks_what_an_event_has_sealed_under_the_same_name() -> None:
    names = {name for name, _ in EVENT_FIELDS} - OF_OTHERS
    unmarked = {
        f"{form.__name__}.{name}"
        for route in ROUTES
        for form in bodies(route)
        for name, field in form.model_fields.items()
        if (field.alias or name) in names and mark_of(field) is None
    }
    assert unmarked == set()


def test_every_sealed_event_field_has_a_door_that_seals_it() -> None:
    at_the_door = sealed(form for route in ROUTES for form in bodies(route))
    assert at_the_door == EVENT_FIELDS
