"""Refusals as HTTP problems (RFC 9457), in Chinese or English: code, clause, what is missing, and the county's words.

Words are those of the county that the request is about: its sentence for the code, the number and words of its article
behind the clause. Before a request has named a county, those of the only county served, else the service's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from domain.refusals import Refusal, chinese_of, english_of, refuse, render
from domain.regulation.telling import Tell
from domain.regulation.wording import SERVICE, Wording
from domain.schema_faults import in_words
from domain.sealed import hidden
from service import metrics, security_log
from service.commands.request_words import request_words
from service.log.appending import (
    AppendMalformed,
    AppendRefused,
    ClaimTaken,
    ClockJumped,
    CommitterStopped,
    IdempotencyMismatch,
    LogBusy,
    LogDamaged,
    LogError,
    LogReadOnly,
    OutcomeUnknown,
    VersionConflict,
)

if TYPE_CHECKING:
    from service.commands.commands import CommandContext

MEDIA_TYPE: Final = "application/problem+json"
ACTOR: Final = "taizhang.actor"
"""Where a request's scope has who sends it, once that is known."""

_BY_NATURE: Final[dict[str, int]] = {
    "input": 422,
    "rule": 409,
    "access": 403,
    "absent": 404,
    "exists": 409,
    "stale": 412,
    "limit": 413,
    "fault": 503,
}
_BY_CODE: Final[dict[str, int]] = {
    "BODY_MALFORMED": 400,
    "BODY_REQUIRED": 400,
    "BODY_TOO_DEEP": 400,
    "HOST_INVALID": 400,
    "REQUEST_MALFORMED": 400,
    "CURSOR_INVALID": 400,
    "IDEMPOTENCY_KEY_REQUIRED": 400,
    "IDEMPOTENCY_KEY_MALFORMED": 400,
    "CREDENTIAL_REQUIRED": 401,
    "CREDENTIAL_INVALID": 401,
    "CREDENTIAL_EXPIRED": 401,
    "LOGIN_INCORRECT": 401,
    "SESSION_ENDED": 401,
    "SIGN_IN_FAILED": 401,
    "SIGN_IN_LOCKED": 429,
    "HEAD_TOO_LARGE": 431,
    "REQUEST_TOO_SLOW": 408,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "PAPER_TYPE_NOT_ALLOWED": 415,
    "PAPER_TYPE_OTHERWISE": 415,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "VERSION_REQUIRED": 428,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL": 500,
    "POSITION_NOT_REACHED": 503,
    "SERVICE_BUSY": 503,
}
"""Codes whose status is more particular than their nature's."""


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal: by its code where HTTP has a word of its own, else by its nature."""
    return _BY_CODE.get(refusal.code) or _BY_NATURE[refusal.nature]


def english(request: Request) -> bool:
    """Whether the client prefers English to Chinese; Chinese unless it says so."""
    weights = {"zh": 0.0, "en": 0.0}
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameter = part.partition(";")
        language = tag.strip().lower()[:2]
        if language in weights:
            weights[language] = max(weights[language], _weight(parameter))
    return weights["en"] > weights["zh"]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def problem_response(
    request: Request, refusal: Refusal, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    """The one refusal body of this service, in the client's language and the county's words; counted, and a denial noted."""
    metrics.REFUSALS.labels(refusal.code, str(status_of(refusal))).inc()
    if refusal.nature == "access" and refusal.code != "CREDENTIAL_REQUIRED":
        _note_denial(request, refusal)
    return Response(
        hidden(orjson.dumps(problem(request, refusal, **extra)).decode()),
        status_code=status_of(refusal),
        media_type=MEDIA_TYPE,
        headers={**_headers(refusal, in_english=english(request)), **(headers or {})},
    )


def _note_denial(request: Request, refusal: Refusal) -> None:
    """Who was denied what, without what stands in the path."""
    actor, route = request.scope.get(ACTOR), request.scope.get("route")
    security_log.record(
        "denied",
        code=refusal.code,
        actor=None if actor is None else actor.id,
        county=getattr(request.state, "county", None),
        address=None if request.client is None else request.client.host,
        method=request.method,
        route=getattr(route, "path", None),
    )


def speak_for(request: Request, county: str) -> None:
    """From now on the request is answered in this county's words."""
    request.state.county = county


def wording_of(request: Request) -> Wording:
    """The words of the county that the request is about."""
    context = cast("CommandContext | None", getattr(request.app.state, "context", None))
    if context is None:
        return SERVICE
    return context.in_force.wording(getattr(request.state, "county", None))


def problem(request: Request, refusal: Refusal, *, instance: str = "", **extra: Any) -> dict[str, Any]:
    """A refusal as an RFC 9457 object, in the client's language and the county's words."""
    where = instance or request.url.path
    if refusal.listed_in is not None:
        extra = {"table": _table_link(request, refusal.listed_in), **extra}
    return worded_problem(
        wording_of(request),
        refusal,
        in_english=english(request),
        instance=where,
        request=request_words(request),
        **extra,
    )


def _table_link(request: Request, table: str) -> str:
    """Where the codes stand that would have done, as of the business date of the request."""
    asked = {"county": getattr(request.state, "county", None), "on": getattr(request.state, "day", None)}
    query = urlencode({name: str(value) for name, value in asked.items() if value is not None})
    return f"/v1/regulation/tables/{table}" + (f"?{query}" if query else "")


def worded_problem(
    wording: Wording,
    refusal: Refusal,
    *,
    in_english: bool = False,
    instance: str = "",
    request: Mapping[str, Tell] = MappingProxyType({}),
    **extra: Any,
) -> dict[str, Any]:
    """A refusal as an RFC 9457 object: `title` is the code's sentence, `detail` this occurrence's.

    `request`: words of the request that is answered (`service.commands.request_words`).
    """
    said = wording.said(refusal, request)
    return {
        "type": f"urn:taizhang:problem:{said.code}",
        "title": render(said.entry.en if in_english else said.entry.zh, {}, ""),
        "status": status_of(said),
        "code": said.code,
        "clause": said.clause,
        "article": None if said.article is None else said.article.id,
        "quote": said.quote,
        "detail": said.detail_en if in_english else said.detail_zh,
        "missing": list(said.missing),
        **({"field": said.params["field"]} if "field" in said.params else {}),
        "liftedBy": said.lifted_by,
        "instance": instance,
        **{name: _one_language(value, english=in_english) for name, value in extra.items()},
    }


def _one_language(value: Any, *, english: bool) -> Any:
    """A list of errors with each message in the language that is answered in; anything else as it is."""
    if not isinstance(value, list):
        return value
    half = english_of if english else chinese_of
    return [{**one, "message": half(one["message"])} if "message" in one else one for one in value]


def _headers(refusal: Refusal, *, in_english: bool) -> dict[str, str]:
    headers = {
        "Content-Language": "en" if in_english else "zh-CN",
        "Vary": "Accept-Language",
    }
    status = status_of(refusal)
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="taizhang"'
    if status in {429, 503}:
        headers["Retry-After"] = str(refusal.params.get("seconds", 1))
    return headers


_OWN_TYPES: Final = frozenset(
    {
        "AMOUNT_MALFORMED",
        "AMOUNT_OUT_OF_RANGE",
        "AMOUNT_PRECISION",
        "CURSOR_INVALID",
        "DATE_MALFORMED",
        "DATE_OUT_OF_RANGE",
        "FIELD_INVALID",
    }
)
_CODES: Final = {"missing": "FIELD_REQUIRED", "extra_forbidden": "FIELD_UNKNOWN"}
_PLACES: Final = frozenset({"body", "query", "path", "header"})


def from_validation(errors: Sequence[Any]) -> tuple[Refusal, list[dict[str, str]]]:
    """Input that does not fit its schema: the refusal of its first error, and a list of all (at most 50), in both languages."""
    listed = [
        {
            "field": _field(error["loc"]),
            "code": error["type"]
            if error["type"] in _OWN_TYPES
            else _CODES.get(error["type"], "FIELD_INVALID"),
            "message": in_words(error),
        }
        for error in errors[:50]
    ]
    if [tuple(error["loc"]) for error in errors] == [("body",)] and listed[0]["code"] == "FIELD_REQUIRED":
        return refuse("BODY_REQUIRED"), []
    missing = tuple(one["field"] for one in listed if one["code"] == "FIELD_REQUIRED")
    if missing:
        return refuse("FIELD_REQUIRED", missing=missing, field="、".join(missing)), listed
    first = listed[0]
    return refuse(first["code"], field=first["field"] or "-", reason=first["message"]), listed


def _field(location: Sequence[str | int]) -> str:
    parts = location[1:] if location and location[0] in _PLACES else location
    return ".".join(str(part) for part in parts)


def from_pydantic(error: ValidationError) -> tuple[Refusal, list[dict[str, str]]]:
    """`from_validation` for a model that was validated by hand."""
    return from_validation(error.errors(include_url=False, include_input=False))


def at_field(field: str, error: ValidationError) -> Refusal:
    """The refusal for a value that was validated by hand and stands in a field of the body."""
    errors = error.errors(include_url=False, include_input=False)
    return from_validation([{**one, "loc": (field, *one["loc"])} for one in errors])[0]


_LOG_ERRORS: Final[dict[type[LogError], str]] = {
    ClockJumped: "CLOCK_JUMPED",
    IdempotencyMismatch: "IDEMPOTENCY_KEY_REUSED",
    LogBusy: "SERVICE_BUSY",
    LogReadOnly: "LOG_READ_ONLY",
    LogDamaged: "LOG_DAMAGED",
    CommitterStopped: "SERVICE_STOPPING",
}


def from_log_error(error: LogError) -> Refusal:
    """Why the log did not store a command, as a refusal."""
    match error:
        case VersionConflict():
            if error.expected == 0:
                return refuse("ALREADY_EXISTS", what=error.stream.partition("-")[2])
            return refuse("VERSION_STALE", expected=error.expected, actual=error.actual)
        case ClaimTaken():
            if error.kind == "certificate":
                return refuse("CERT_NO_DUPLICATE", number=error.key)
            if error.kind == "collective":
                return refuse("COLLECTIVE_DUPLICATE", existing=error.key)
            return refuse("VALUE_TAKEN", kind=error.kind, value=error.key)
        case AppendMalformed() | AppendRefused():
            return refuse("FIELD_INVALID", field="-", reason=f"内容不能写入日志 / {str(error)[:200]}")
        case OutcomeUnknown():
            return refuse("OUTCOME_UNKNOWN", command=error.command_id)
        case _:
            return refuse(_LOG_ERRORS.get(type(error), "DATABASE_UNAVAILABLE"))
