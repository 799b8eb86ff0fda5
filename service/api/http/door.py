"""The front door: what holds for every request before anybody looks at it, and for every answer, errors included.

A request names one host. While no key was made, nobody outside this machine is answered, but for liveness. Every answer
says that it is not to be stored, not to be guessed at, and that where it was read is nobody's business.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.refusals import Refusal, refuse
from service import metrics
from service.api.http.addresses import is_local
from service.commands.problems import problem_response
from service.database.trouble import TROUBLE
from service.shares import Share, working

SAFE_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every answer."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_NAMES: Final = frozenset(name for name, _ in SAFE_HEADERS)

HEALTH: Final = "/health/"
LIVENESS: Final = "/health/live"
"""The one path that answers from elsewhere before the first key was made."""

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z._-]{1,253})(?::[0-9]{1,5})?")


class FrontDoor:
    """ASGI application around the service: the outermost one, so that answers of its error handlers pass it too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse who may not come in; HOST_INVALID, BOOTSTRAP_LOOPBACK_ONLY, DATABASE_UNAVAILABLE."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        safely = _safe(send, scope["method"])
        with working(_share(scope)):
            refusal = _host_refused(scope) or await _closed_to(scope)
            if refusal is None:
                await self._app(scope, receive, safely)
            else:
                await problem_response(Request(scope), refusal)(scope, receive, safely)


def _share(scope: Scope) -> Share:
    """Share of connections that a request takes, unless it turns out to be about a past moment or a whole ledger."""
    if scope["path"].startswith(HEALTH):
        return Share.HEALTH
    return Share.QUESTIONS if scope["method"] in {"GET", "HEAD"} else Share.COMMANDS


def _safe(send: Send, method: str) -> Send:
    counted = method if method in _METHODS else "other"

    async def send_safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            metrics.RESPONSES.labels(counted, str(message["status"])).inc()
            others = [one for one in message.get("headers", ()) if one[0].lower() not in _SAFE_NAMES]
            message = {**message, "headers": [*others, *SAFE_HEADERS]}
        await send(message)

    return send_safely


def _host_refused(scope: Scope) -> Refusal | None:
    """RFC 9112 3.2: a request has one Host, and it is one."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) == 1 and _HOST.fullmatch(hosts[0]):
        return None
    return refuse("HOST_INVALID")


async def _closed_to(scope: Scope) -> Refusal | None:
    """Why the sender is not let in yet: there is no key, so that nobody can be known."""
    if is_local(scope) or scope["path"] == LIVENESS:
        return None
    credentials: Any = scope["app"].state.credentials
    try:
        pending = await credentials.bootstrap_pending()
    except TROUBLE:
        return refuse("DATABASE_UNAVAILABLE")
    return refuse("BOOTSTRAP_LOOPBACK_ONLY") if pending else None
