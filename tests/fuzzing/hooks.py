"""What schemathesis is told about a county: who may ask, which codes there are, at which version an aggregate stands.

The tool loads it (`SCHEMATHESIS_HOOKS`). Without it nearly every made-up request ends at a code that nothing has or at a key
that may not. What is of no right form is left as it was made up: only values that a schema takes are put in place of others.
"""

from __future__ import annotations

import json
import os
import re
from itertools import count
from typing import Any, Final
from zlib import crc32

import schemathesis
from schemathesis import AuthContext, HookContext, Response
from schemathesis.core.failures import Failure

from service.commands.authorization import ACTIONS
from tests.api.service import KEYS
from tests.examples import MANAGER, VILLAGE
from tests.rights.bodies import KNOWN, NAMES_A_PERSON, NAMES_A_UNIT
from tests.rights.county import codes_in

TOKENS: Final[dict[str, str]] = json.loads(os.environ["TAIZHANG_TEST_TOKENS"])
VERSION: Final = re.compile(r'(?:W/)?"?[0-9]{1,9}"?')
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
KEPT: Final = 5
"""Of so many values one stays as it was made up: a code that nothing has, a version that is none."""
STRANGERS: Final = 8
"""Of so many requests one comes with the next key, whether it may or not."""
REFUSED_THOUGH_VALID: Final = {
    "BODY_REQUIRED": "a file has one byte at the least (minLength), which the tool does not heed in what is binary",
    "PAPER_TYPE_NOT_ALLOWED": "what a paper is, its content says: no schema says which",
    "CURSOR_INVALID": "a cursor is what the page before gave: no schema says which",
}
"""Refusals with 400 of what the document allows, by their codes, with the reason."""
ANSWERED_BY_THE_LINE: Final = {
    "/v1/assets/bulk": "one line that is not taken leaves the others as they are: it is answered in the body",
}
"""Operations that answer with 200 what they refuse, with the reason."""

LONGEST_WAIT: Final = 0.1
"""Seconds that the tool may wait for events; the document allows more, so more is no fault."""
TAKEN_FOR_A_CODE: Final = {
    "/v1/assets/bulk": "GET asks for an asset of that code",
    "/v1/fund-allocations/bulk": "GET asks for an allocation of that code",
    "/v1/personal-data/lookups": "GET asks for a subject of that code",
}
"""Paths that are also those of one thing with that code, so that another method is answered about it."""

OF_WHOEVER_MADE_IT: Final = {
    "/v1/feeds/{feed}": "a feed is there for the unit that made it, and keys take turns",
    "/v1/webhook-endpoints/{endpoint}": "an endpoint is there for the unit that made it, and keys take turns",
}
"""Things that another unit is told nothing of, with the reason."""

_turn = count()
_versions: dict[str, str] = {}
"""Aggregate → the ETag that it was last answered with."""


# ---- codes that the county has


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Nobody waits for events; examples name what the county has."""
    del context
    for path, methods in raw_schema["paths"].items():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and (known := codes_in(path).get(parameter["name"])):
                    parameter["example"] = known
                elif parameter["name"] == "wait":
                    parameter["schema"]["maximum"] = LONGEST_WAIT
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    content["example"] = put_known(content["example"])


@schemathesis.hook
def map_path_parameters(context: HookContext, path_parameters: dict[str, Any] | None) -> dict[str, Any]:
    """Paths to what the county has."""
    assert context.operation is not None
    known = codes_in(context.operation.path)
    return {
        name: known.get(name, value) if replaced(name, value) else value
        for name, value in (path_parameters or {}).items()
    }


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Bodies about what the county has."""
    del context
    return put_known(body)


def put_known(value: Any, name: str = "") -> Any:
    """A body in which fields that name something name what there is."""
    if isinstance(value, dict):
        return {one: put_known(inner, one) for one, inner in value.items()}
    if isinstance(value, list):
        return [put_known(inner, name) for inner in value]
    return (known_by_name(name) or value) if replaced(name, value) else value


def replaced(name: str, value: Any) -> bool:
    """Whether a known code stands in for this one."""
    return (
        isinstance(value, str)
        and CODE.fullmatch(value) is not None
        and crc32(f"{name}{value}".encode()) % KEPT != 0
    )


def known_by_name(name: str) -> str | None:
    """What the county has for a field of this name."""
    if name in NAMES_A_PERSON:
        return MANAGER
    if name in NAMES_A_UNIT:
        return VILLAGE
    known = KNOWN.get(name)
    return known[0] if isinstance(known, list) else known


# ---- keys


@schemathesis.auth(refresh_interval=None)
class KeysInTurns:
    """The keys that may do what is asked, in turns; now and then one that may not."""

    def get(self, case: Any, context: AuthContext) -> str:
        del context
        turn = next(_turn)
        action = case.operation.definition.raw.get("x-action")
        admitted = [name for name in KEYS if may(name, action)]
        names = list(KEYS) if turn % STRANGERS == 0 or not admitted else admitted
        return TOKENS[names[turn % len(names)]]

    def set(self, case: Any, data: str, context: AuthContext) -> None:
        del context
        case.headers["Authorization"] = f"Bearer {data}"


def may(name: str, action: str | None) -> bool:
    """Whether that key's role may do it."""
    if action is None:
        return True
    _, kind, roles, _ = KEYS[name]
    permission = ACTIONS[action]
    return bool(set(roles) & permission.roles) and (permission.kinds is None or kind in permission.kinds)


# ---- versions


@schemathesis.hook
def before_call(context: HookContext, case: Any, kwargs: dict[str, Any]) -> None:
    """Name the version that the aggregate is at, where one is named."""
    del context, kwargs
    named = (case.headers or {}).get("If-Match")
    if isinstance(named, str) and VERSION.fullmatch(named) and replaced("If-Match", f"v{named.strip('W/')}"):
        case.headers["If-Match"] = _versions.get(aggregate(case), '"1"')


@schemathesis.hook
def after_call(context: HookContext, case: Any, response: Response) -> None:
    """Keep the version that was answered."""
    del context
    if tag := response.headers.get("etag"):
        _versions[aggregate(case)] = tag[0]


def aggregate(case: Any) -> str:
    """The path of the aggregate that is asked about."""
    return "/".join(case.formatted_path.split("/")[:4])


# ---- what is no fault


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Any, response: Response) -> bool:
    """Whether a failure stands: refusals that no schema can foretell do not."""
    del context
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData" and case.operation.path in ANSWERED_BY_THE_LINE:
        return all(line["status"] < 400 for line in response.json()["items"])
    if (
        kind == "AcceptedNegativeData"
        and "`wait`" in failure.message
        and "greater than maximum" in failure.message
    ):
        return False
    if kind == "EnsureResourceAvailability" and case.operation.path in OF_WHOEVER_MADE_IT:
        return False
    if (
        kind in {"UnsupportedMethodResponse", "AllowHeaderMismatch"}
        and case.operation.path in TAKEN_FOR_A_CODE
    ):
        return False
    if kind != "RejectedPositiveData":
        return True
    return response.json().get("code") not in REFUSED_THOUGH_VALID
