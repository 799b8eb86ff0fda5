"""Bodies with personal values are sealed before their endpoint sees them, and answers show masks in the place of tokens.

An endpoint whose body can hold a sealed value is wrapped where it is declared; every other one is left as it is.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, cast, get_type_hints

from fastapi import Request, Response
from pydantic import BaseModel

from domain.aggregate import DomainAggregate
from domain.refusals import refuse
from service.commands.actor import Actor
from service.commands.problems import ACTOR
from service.personal.keys import KeyTaken
from service.personal.marks import may_hold_sealed, values_in
from service.personal.masks import Masks
from service.personal.sealing import AboutRequest, Sealer

if TYPE_CHECKING:
    from service.api.http.writing import Write

_BODY: Final = "body"
_WRITE: Final = "write"
_ATTEMPTS: Final = 3
"""How often a body is sealed anew because somebody else has made a person's key at the same moment."""


def sealing(
    endpoint: Callable[..., Awaitable[Response]], cls: type[DomainAggregate] | None = None
) -> Callable[..., Awaitable[Response]]:
    """The endpoint behind the sealing of its body; itself, where the body cannot hold a sealed value.

    `cls`: of the aggregate that the path names, whose card may say whose a value is.
    """
    hints = get_type_hints(endpoint, include_extras=True)
    body = hints.get(_BODY)
    if not (isinstance(body, type) and issubclass(body, BaseModel) and may_hold_sealed(body)):
        return endpoint
    signature = inspect.signature(endpoint)
    parameters = [
        one.replace(annotation=hints.get(one.name, one.annotation)) for one in signature.parameters.values()
    ]

    @wraps(endpoint)
    async def behind(**given: Any) -> Response:
        write: Write = given[_WRITE]
        codes = {name: value for name, value in given.items() if isinstance(value, str)}
        card = None if cls is None or not codes else _card(write, cls, next(iter(codes.values())))
        about = AboutRequest(write.mark(20), codes, card)
        for _ in range(_ATTEMPTS):
            form, sealed = await seal_body(write, given[_BODY], about)
            try:
                return await endpoint(**{**given, _BODY: form, _WRITE: sealed})
            except KeyTaken:
                continue
        raise refuse("SERVICE_BUSY", seconds=1)

    behind.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # FastAPI reads it
    return behind


def _card(write: Write, cls: type[DomainAggregate], code: str) -> Callable[[], Awaitable[Any]]:
    async def load() -> Any:
        found = await write.context.load(cls, write.county, code)
        if found is None:
            raise refuse("NOT_FOUND", what=code)
        return getattr(found, "card", None)

    return load


async def seal_body(write: Write, body: BaseModel, about: AboutRequest) -> tuple[BaseModel, Write]:
    """The body with tokens, and the write as it is told from others: by a digest of the tokens, never of the values.

    SEALING_UNAVAILABLE.
    """
    sealer = sealer_of(write.request)
    if sealer is None:
        if values_in(body):
            raise refuse("SEALING_UNAVAILABLE")
        return body, write
    form, pending = await sealer.seal(write.county, body, about, write.context.clock())
    if pending is None:
        return body, write
    target = f"{write.request.method} {write.request.url.path}?{write.request.url.query}\n"
    told = hashlib.sha256(target.encode() + form.model_dump_json(by_alias=True).encode()).digest()
    idempotency = replace(write.idempotency, body_sha256=told)
    return form, replace(write, idempotency=idempotency, pending=pending)


def sealer_of(request: Request) -> Sealer | None:
    """What seals requests; None without a folder of master keys."""
    return cast("Sealer | None", request.app.state.sealer)


def masks_of(request: Request) -> Masks:
    """The masks of the application that answers this request."""
    return cast("Masks", request.app.state.masks)


async def masked(request: Request, response: Response) -> Response:
    """The answer with masks in the place of tokens. Files keep theirs: a pack is proved by its ciphertext."""
    if response.media_type != "application/json" or not hasattr(response, "body"):
        return response
    actor: Actor | None = request.scope.get(ACTOR)
    body = await masks_of(request).rendered(bytes(response.body), None if actor is None else actor.county)
    if body is not response.body:
        response.body = body
        response.headers["content-length"] = str(len(body))
    return response
