"""Money is a string in yuan wherever a client writes it: no field takes fen, and none takes a bare number."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from domain.regulation.parameters import TYPES
from domain.values import Fen
from service.commands.views import title_at
from tests.api.plausible import Place, body_of, first_version, leaves, write_routes
from tests.api.service import KEYS, Service

COUNTS = {
    "abstained": "people",
    "after": "a position of the log",
    "against": "people",
    "concurrency": "deliveries at once",
    "count": "people, households or representatives",
    "coveredPoorHouseholds": "households",
    "households": "households",
    "entry": "a position of the log",
    "first": "a position of the log",
    "householdsPresent": "households",
    "inFavour": "people",
    "intervalDays": "days",
    "last": "a position of the log",
    "line": "a line of a plan",
    "members": "people",
    "overlapHours": "hours",
    "perSecond": "deliveries",
    "position": "a position of the log",
    "present": "people",
    "budgetYear": "a year",
    "score": "points or weight of a line",
    "size": "events of the log",
    "usefulLifeYears": "years",
    "year": "a year",
}
"""Fields of requests that are bare numbers, with what they count."""

MONEY_WORDS = re.compile("金额|价值|价款|投资额|租金|收入|费用|资金$|押金|净值|原值")

FIELDS = {
    f"{path} {'.'.join(map(str, place))}": (path, model, place, hint)
    for path, model, _ in write_routes()
    for place, hint, _ in leaves(model)
}
"""Every field of every request."""
MONEY = [
    pytest.param(path, model, place, id=name)
    for name, (path, model, place, hint) in FIELDS.items()
    if hint is Fen
]


def test_bare_numbers_are_counts_and_every_amount_is_money() -> None:
    numbers = {str(place[-1]) for _, _, place, hint in FIELDS.values() if hint in {int, float}}
    assert numbers == set(COUNTS)
    assert len(MONEY) > 30


def test_fields_whose_titles_speak_of_money_are_money_or_texts() -> None:
    said = {
        name: hint
        for name, (_, model, place, hint) in FIELDS.items()
        if MONEY_WORDS.search(title_at(model, ".".join(map(str, place))) or "")
    }
    assert {name for name, hint in said.items() if hint in {int, float}} == set()
    assert sum(hint is Fen for hint in said.values()) > 15


@pytest.mark.parametrize(("path", "model", "place"), MONEY)
async def test_amount_as_a_bare_number_is_refused(
    service: Service, path: str, model: Any, place: Place
) -> None:
    target = re.sub(r"\{[^}]+\}", "X-1", path.replace("{year}", "2021"))
    for who in KEYS:
        answer = await service.post(target, body_of(model, place, 100), who, version=first_version(path))
        if answer.json().get("code") not in {"ROLE_NOT_ALLOWED", "ROLE_READ_ONLY"}:
            break
    assert (answer.status_code, answer.json()["code"]) == (422, "AMOUNT_MALFORMED"), answer.text


@pytest.mark.parametrize(("path", "model", "place"), MONEY)
def test_amount_in_yuan_is_read_to_the_fen(path: str, model: Any, place: Place) -> None:
    found: Any = model.model_validate(body_of(model, place, "1234.5")).model_dump(mode="json", by_alias=True)
    for step in place:
        found = found[step]
    assert found == "1234.50"


@pytest.mark.parametrize("parameter", ["P01"])
def test_amount_of_a_parameter_as_a_bare_number_is_refused(parameter: str) -> None:
    with pytest.raises(ValidationError, match="金额须为以元为单位"):
        TYPES[parameter].validate_python(100)
