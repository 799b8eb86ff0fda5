"""Which refusal comes first is the same for every command: codes that refer to nothing, then the aggregate, who may act,
and the decision. Walked over every write whose body names a unit, person, asset or division.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest

from service.commands.naming import NamedCode, named_in
from tests.api.http.test_examples import with_bodies
from tests.api.operations import Operation
from tests.api.plausible import write_routes
from tests.api.service import Service

OF_NOTHING: Final = {"division": "653022999999"}
"""A code that nothing has, by what it would name."""
NO_COMMANDS: Final = re.compile(r"/v1/(keys|officials|access-grants|identity-links|sessions|audit-packs)")
"""Writes that are no commands on the log: who is let in, what is ordered."""


def naming() -> Iterator[tuple[Operation, Any, NamedCode]]:
    """Writes with their examples, and the first code of the body that says what it refers to."""
    models = {path: model for path, model, _ in write_routes()}
    for operation, example in with_bodies():
        command = "Idempotency-Key" in operation.parameters("header")
        if command and operation.path in models and not NO_COMMANDS.match(operation.path):
            first = next(named_in(models[operation.path].model_validate(example)), None)
            if first is not None:
                yield operation, example, first


def with_code(body: Any, place: str, code: str) -> Any:
    """A copy of a body with another code at a place (`custody.duties[0].person`)."""
    changed = copy.deepcopy(body)
    *before, last = (int(one) if one.isdigit() else one for one in re.findall(r"[^.\[\]]+", place))
    inner = changed
    for step in before:
        inner = inner[step]
    inner[last] = code
    return changed


WRITES: Final = list(naming())


def test_most_commands_name_somebody() -> None:
    assert len(WRITES) > 50
    assert {"/v1/assets", "/v1/assets/{asset}/custody"} <= {one.path for one, _, _ in WRITES}, (
        "made, and there"
    )


@pytest.mark.parametrize(("operation", "example", "named"), WRITES, ids=[str(one) for one, _, _ in WRITES])
async def test_code_that_refers_to_nothing_is_refused_before_the_aggregate(
    service: Service, operation: Operation, example: Any, named: NamedCode
) -> None:
    """Nothing of what the path names is there, and who asks may act nowhere near: the body's code comes first all the same."""
    before = await service.head()
    nothing = OF_NOTHING.get(named.kind, "X-NOBODY")
    headers = service.headers(operation.who, Idempotency_Key=str(uuid.uuid4()))
    if "If-Match" in operation.parameters("header"):
        headers["If-Match"] = '"1"'
    answer = await service.http.post(
        operation.url(), json=with_code(example, named.path, nothing), headers=headers
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "CODE_UNKNOWN"), answer.text
    assert nothing in answer.json()["detail"]
    assert await service.head() == before
