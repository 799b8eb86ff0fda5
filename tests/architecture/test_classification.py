"""No field without a classification: of events, ledgers, request bodies and answers.

Codes, amounts, days and states are a unit's by their type. Words are nothing by themselves: somebody has to say what they
are. Modules in which no field is about a person are listed with the reason, and may only become fewer.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.aggregate import ENVELOPE_FIELDS
from domain.catalogue import EVENT_TYPES
from domain.classification import classified
from projections.engine.tables import classified_as, metadata, title_of
from service.api.routers import ROUTERS

LISTED: Final = tomllib.loads(Path(__file__).with_name("unit_by_module.toml").read_text("utf-8"))
OF_PERSONS: Final = re.compile(
    "(?<!账)户编号|户主|农户编号|联系方式|电话|手机|身份证|住址|账号|付款人|离任原因|羁押|线索|原因不在|小额信贷"
)
"""What a field about a person is called: such a one is never a unit's by its module."""


def forms(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for one in get_args(hint):
        yield from forms(one)


def fields() -> dict[tuple[str, str, str], FieldInfo]:
    """Every field of an event, a body or an answer, by module, class and name."""
    todo: list[type[BaseModel]] = list(EVENT_TYPES.values())
    for route in (one for router in ROUTERS for one in router.routes):
        if isinstance(route, APIRoute):
            todo += forms(route.response_model)
            for parameter in route.dependant.body_params:
                todo += forms(parameter.field_info.annotation)
    found: dict[tuple[str, str, str], FieldInfo] = {}
    seen: set[type[BaseModel]] = set()
    while todo:
        model = todo.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in model.model_fields.items():
            if name not in ENVELOPE_FIELDS:
                found[model.__module__, model.__qualname__, name] = field
                todo += forms(field.annotation)
    return found


def test_every_field_is_classified_or_in_a_module_that_is_about_no_person() -> None:
    found = fields()
    assert len(found) > 2000
    without = defaultdict(list)
    for (module, model, name), field in found.items():
        if classified(field) is None:
            without[module].append(f"{model}.{name}")
    unlisted = {module: names for module, names in without.items() if module not in LISTED}
    assert unlisted == {}
    assert LISTED.keys() - without.keys() == set(), "no longer needed: strike them"
    assert all(LISTED.values())


def test_no_field_called_after_a_person_is_a_unit_s_by_default() -> None:
    wrong = {
        f"{module}.{model}.{name}"
        for (module, model, name), field in fields().items()
        if field.title
        and OF_PERSONS.search(field.title)
        and not ((mark := classified(field)) is not None and mark.guarded)
    }
    assert wrong == set()
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if OF_PERSONS.search(title_of(column)) and not classified_as(column).guarded
    }
    assert columns == set()
