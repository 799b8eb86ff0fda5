"""Which refusal comes first is the same for every command: codes that refer to nothing, then the aggregate, who may act,
and the decision. Walked over every write that names a unit, person, asset or division in its body.
"""

from __future__ import annotations

import copy
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from domain.catalogue import AGGREGATE_KINDS
from service.commands.naming import named_in
from tests.api.http.test_examples import with_bodies
from tests.api.operations import Operation
from tests.api.plausible import write_routes
from tests.api.service import Service

NOBODY = {"division": "653022999999"}
"""A code that nothing has, by what it would name."""
PUBLIC = re.compile(r"^POST /v1/(keys|officials|access-grants|identity-links|sessions)")
"""What is no command on the log: who may be let in."""


def bodies() -> dict[str, type[BaseModel]]:
    """Operation → the model of its body."""
    return {}


def naming() -> Iterator[tuple[Operation, dict[str, Any], str]]:
    """Each write with an example whose first code that refers to something refers to nothing: operation, body, its place."""
