"""Routes that are answered without FastAPI's way from the request to the endpoint, by its own declarations.

An endpoint that takes codes of its path, one JSON body and what is made of the request alone needs none of what FastAPI
looks up for others at each request. The same fields check the same values. Whatever they refuse is put before FastAPI
again, which says why; whatever is declared otherwise goes its way from the beginning.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_OTHERS: Final = (
    "query_params",
    "header_params",
    "cookie_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "parent_oauth_scopes",
    "concurrency",
)
"""What a plain endpoint does not ask for."""


def plain(route: APIRoute, handler: Handler) -> Handler:
    """The handler of a route, past FastAPI where its endpoint is plain; else the one that FastAPI made."""
    if not is_plain(route):
        return handler
    dependant = route.dependant
    endpoint: Any = dependant.call
    made = [(one.name or "", one.request_param_name or "", one.call) for one in dependant.dependencies]
    codes = [(one.name, one.alias, one.validate) for one in dependant.path_params]
    body = dependant.body_params[0] if dependant.body_params else None
    itself = dependant.request_param_name

    async def handle(request: Request) -> Response:
        values: dict[str, Any] = {}
        for name, parameter, make in made:
            values[name] = await make(**{parameter: request})  # type: ignore[misc]  # plain: there is one, and it waits
        given = request.path_params
        for name, alias, validate in codes:
            values[name], errors = validate(given[alias], {}, loc=("path", alias))
            if errors:
                return await handler(request)
        if body is not None:
            values[body.name], errors = body.validate(await request.json(), {}, loc=("body",))
            if errors:
                return await handler(request)
        if itself is not None:
            values[itself] = request
        answer: Response = await endpoint(**values)
        return answer

    return handle


def is_plain(route: APIRoute) -> bool:
    """Whether the endpoint takes codes of the path, at most one body that is a model, and what is made of the request alone,
    and makes its response itself.
    """
    dependant = route.dependant
    return (
        route.response_class is Response
        and _asks_for_no_more(dependant)
        and all(_made_of_the_request(one) for one in dependant.dependencies)
        and _body_is_a_model(route)
    )


def _asks_for_no_more(dependant: Dependant) -> bool:
    return inspect.iscoroutinefunction(dependant.call) and not any(getattr(dependant, one) for one in _OTHERS)


def _made_of_the_request(one: Dependant) -> bool:
    return bool(
        one.name
        and one.request_param_name
        and _asks_for_no_more(one)
        and not (one.path_params or one.body_params or one.dependencies)
    )


def _body_is_a_model(route: APIRoute) -> bool:
    fields = route.dependant.body_params
    if not fields:
        return True
    one = fields[0]
    kind = one.field_info.annotation
    return (
        len(fields) == 1
        and not isinstance(one.field_info, Form)
        and getattr(one.field_info, "embed", None) is None
        and one.field_info.is_required()
        and isinstance(kind, type)
        and issubclass(kind, BaseModel)
    )
