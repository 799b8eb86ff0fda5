"""What the public may do without a credential: read, and be heard. Bounded, so that nobody can drown the log.

Who speaks is not asked and not kept: an anonymous statement is stored as said by PUBLIC. Statements are counted per
sender's address and for the whole service within the last hour, in this process's memory.
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import Annotated, Final

from fastapi import Depends, Request

from domain.refusals import refuse
from service.api.http.reading import Read, context_of, county_asked
from service.api.http.writing import Write, idempotency_of
from service.commands.actor import Actor

MAX_PUBLIC_BYTES: Final = 8_192
"""Largest statement: 2,000 characters and what is around them."""
HOUR: Final = 3600.0
PER_SENDER: Final = 20
PER_SERVICE: Final = 2_000
"""Statements taken in within an hour, from one address and from all."""
_MOST_SENDERS: Final = 10_000

COUNTY_PARAMETER: Final = {
    "name": "county",
    "in": "query",
    "required": False,
    "description": "县级行政区划代码；只服务一县时可不填 / the county, where several are served",
    "schema": {"type": "string", "title": "县"},
}
"""How the public says which county it means."""


class Hearing:
    """How often who has spoken within the last hour."""

    def __init__(self, per_sender: int = PER_SENDER, per_service: int = PER_SERVICE) -> None:
        self.per_sender = per_sender
        self.per_service = per_service
        self._senders: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def admit(self, sender: str, now: float) -> None:
        """Count one statement. TOO_MANY_REQUESTS when the sender, or everybody together, has said enough."""
        if len(self._senders) >= _MOST_SENDERS:
            self._senders = {
                one: said for one, said in self._senders.items() if said and now - said[-1] < HOUR
            }
        said = self._senders.setdefault(sender, deque())
        for moments in (said, self._all):
            while moments and now - moments[0] >= HOUR:
                moments.popleft()
        if len(said) >= self.per_sender or len(self._all) >= self.per_service:
            raise refuse("TOO_MANY_REQUESTS")
        said.append(now)
        self._all.append(now)


def _public_of(request: Request) -> Actor:
    """Anybody, in the county asked for or the only one served here. COUNTY_UNKNOWN, COUNTY_REQUIRED."""
    return Actor(
        id="public",
        kind="public",
        county=county_asked(request, request.query_params.get("county")),
        organization="PUBLIC",
        organization_kind="PUBLIC",
        roles=frozenset(),
        divisions=(),
    )


async def public_read(request: Request) -> Read:
    """Dependency of the public's read routes."""
    return Read(request, context_of(request), _public_of(request))


async def public_write(request: Request) -> Write:
    """Dependency of the public's statements. BODY_TOO_LARGE, TOO_MANY_REQUESTS."""
    actor = _public_of(request)
    body = await request.body()
    if len(body) > MAX_PUBLIC_BYTES:
        raise refuse("BODY_TOO_LARGE", limit=MAX_PUBLIC_BYTES)
    idempotency = idempotency_of(request, actor, body)
    state = request.app.state
    if not hasattr(state, "hearing"):
        state.hearing = Hearing()
    sender = "-" if request.client is None else request.client.host
    state.hearing.admit(sender, monotonic())
    return Write(request, context_of(request), actor, idempotency)


PublicReading = Annotated[Read, Depends(public_read)]
PublicWriting = Annotated[Write, Depends(public_write)]
