"""Rights of the public without a credential: read, and be heard. Bounded, so that nobody can drown the log.

Who speaks is not asked and not kept: an anonymous statement is stored as said by PUBLIC. Statements are counted per
sender's address, in this process's memory, in such a way that nobody can silence others: only what was stored counts,
an allowance comes back minute by minute, what is said about one notice does not use up what may be said about another,
and half of the whole service's allowance is kept for addresses that have not spoken yet.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Annotated, Any, ClassVar, Final, cast

from fastapi import APIRouter, Depends, Request

from domain.refusals import refuse
from service.api.http.addresses import sender_of
from service.api.http.allowance import Allowances
from service.api.http.intake import JSON, IntakeRoute, admitted, let_in
from service.api.http.reading import READ_PROBLEMS, Read, context_of, county_of
from service.api.http.writing import Write, idempotency_of
from service.commands.actor import Actor
from service.log.appending import Idempotency

MAX_PUBLIC_BYTES: Final = 8_192
"""Largest statement: 2,000 characters and what is around them."""

COUNTY_PARAMETER: Final = {
    "name": "county",
    "in": "query",
    "required": False,
    "description": "县级行政区划代码；只服务一县时可不填 / the county, where several are served",
    "schema": {"type": "string", "title": "县", "pattern": "^[0-9]{6}$"},
}
"""How the public says which county it means."""

_ALL: Final = "all"


class Hearing:
    """Record of who has spoken how often. A crowd behind one address (a village's line, a hall's terminal) has room."""

    def __init__(self, at_once: int = 100, service_at_once: int = 2_000) -> None:
        self._at_notice = Allowances(at_once, every=300.0)
        self._of_sender = Allowances(3 * at_once, every=60.0)
        self._of_all = Allowances(service_at_once, every=2.0)
        self._of_newcomers = Allowances(service_at_once, every=2.0)
        self._secret = secrets.token_bytes(32)

    def must_be_free(self, sender: str, notice: str, now: float) -> None:
        """TOO_MANY_REQUESTS when the sender, or everybody together, has to wait; it says for how long."""
        wait = max(self._at_notice.wait(f"{sender} {notice}", now), self._of_sender.wait(sender, now))
        general = self._general(sender, now)
        wait = max(wait, general.wait(_ALL, now))
        if wait > 0:
            raise refuse("TOO_MANY_REQUESTS", seconds=ceil(wait))

    @contextmanager
    def hearing(self, sender: str, notice: str, now: float) -> Iterator[Statement]:
        """Count one statement, which counts only if it is kept."""
        self.must_be_free(sender, notice, now)
        taken = [
            (self._general(sender, now), _ALL),
            (self._at_notice, f"{sender} {notice}"),
            (self._of_sender, sender),
        ]
        for allowances, key in taken:
            allowances.take(key, now)
        statement = Statement()
        try:
            yield statement
        finally:
            if not statement.kept:
                for allowances, key in taken:
                    allowances.give_back(key)

    def _general(self, sender: str, now: float) -> Allowances:
        """The allowance of everybody; when it is used up, who has not spoken yet has one more."""
        if self._of_all.wait(_ALL, now) > 0 and self._of_sender.untouched(sender, now):
            return self._of_newcomers
        return self._of_all

    def idempotency(self, request: Request, stated: Idempotency) -> Idempotency:
        """The request as its sender's own: address, content and key have to be the same for it to be the same.

        What stands in the log for the sender is a digest under a secret that is never stored: whose it is cannot be
        found out from it, and nobody gets another's answer, whatever key he sends.
        """
        told = f"{sender_of(request.scope)}\n".encode() + stated.body_sha256
        mark = hmac.new(self._secret, told, hashlib.sha256).hexdigest()
        return Idempotency(f"{stated.scope}-{mark}", stated.key, stated.body_sha256)


class Asking:
    """Allowance of an address for questions to what is looked up for the public: so many at once, then one every few
    seconds.
    """

    def __init__(self, at_once: int = 30, every: float = 2.0) -> None:
        self._of_sender = Allowances(at_once, every)

    def count(self, sender: str, now: float) -> None:
        """Count one question, whether anything is found or not; TOO_MANY_REQUESTS says how long to wait."""
        wait = self._of_sender.wait(sender, now)
        if wait > 0:
            raise refuse("TOO_MANY_REQUESTS", seconds=ceil(wait))
        self._of_sender.take(sender, now)


def asked_now(read: Read) -> None:
    """Count a question of the public; TOO_MANY_REQUESTS."""
    asking = cast("Asking", read.request.app.state.asking)
    asking.count(sender_of(read.request.scope), monotonic())


class Statement:
    """A statement that is being heard."""

    kept = False


def hearing_of(request: Request) -> Hearing:
    """The hearing of the application that answers this request."""
    return cast("Hearing", request.app.state.hearing)


async def public_of(request: Request) -> Actor:
    """Anybody, in the county asked for, that of the key shown, or the only one served here; the codes of `county_of`."""
    return Actor(
        id="public",
        kind="public",
        county=await county_of(request, request.query_params.get("county")),
        organization="PUBLIC",
        organization_kind="PUBLIC",
        roles=frozenset(),
        divisions=(),
    )


async def public_read(request: Request) -> Read:
    """Dependency of the public's read routes."""
    return Read(request, context_of(request), await public_of(request))


class StatementRoute(IntakeRoute):
    """A route that takes statements about something from anybody, once that something is found."""

    LIMITS: ClassVar[Mapping[str, int]] = {JSON: MAX_PUBLIC_BYTES}

    async def find(self, request: Request) -> None:
        """Find what the statement is about and whether its sender is heard now. NOT_FOUND, TOO_MANY_REQUESTS."""
        let_in(request, await public_of(request))
        await self.look_up(Read(request, context_of(request), admitted(request)))

    async def look_up(self, read: Read) -> None:
        """Look up what the statement is about; NOT_FOUND."""
        raise NotImplementedError


def statement_routes(prefix: str, tag: str, route: type[StatementRoute]) -> APIRouter:
    """A router of statements of the public."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=route, responses=READ_PROBLEMS)


async def public_write(request: Request) -> Write:
    """Dependency of the public's statements; the codes of `idempotency_of`."""
    actor = admitted(request)
    stated = idempotency_of(request, actor, await request.body())
    return Write(request, context_of(request), actor, hearing_of(request).idempotency(request, stated))


PublicReading = Annotated[Read, Depends(public_read)]
PublicWriting = Annotated[Write, Depends(public_write)]


def heard_now(write: Write, notice: str) -> Any:
    """Count the statement that `write` makes about a notice; TOO_MANY_REQUESTS."""
    return hearing_of(write.request).hearing(sender_of(write.request.scope), notice, monotonic())
