"""Sealing a request before anything is decided: personal values become tokens, and the decision sees nothing else.

The keys of persons who had none are made in memory, and stored with what they are found by just before the log's
append. A request that is refused leaves no trace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel

from domain.refusals import refuse
from domain.sealed import SealedField, Token
from service.log.appending import StreamAppend
from service.log.codec import canonical
from service.personal.ciphers import seal
from service.personal.keys import FOUND_BY, Findable, PersonKey, PersonKeys
from service.personal.marks import Where, replaced, values_in
from service.sealing_keys import SealingKeyMissing

_Form = TypeVar("_Form", bound=BaseModel)
OBJECTOR: Final = "objector"
"""Subjects without a code of their own."""
UNKNOWN: Final = "unknown"
"""Subjects that a request fails to name; what it says is refused, and is no plaintext until then."""


@dataclass(frozen=True, slots=True)
class AboutRequest:
    """Place beside the body where a request says whose values it holds."""

    mark: str
    """Of the request; the same when it is sent again."""
    path: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of its path."""
    card: Callable[[], Awaitable[Any]] | None = None
    """The card of the aggregate that it is about."""


@dataclass(frozen=True, slots=True)
class PendingKeys:
    """Keys and marks to be stored just before the append: new keys, where values stand, by what persons are found."""

    keys: PersonKeys
    county: str
    used: tuple[PersonKey, ...]
    fresh: tuple[PersonKey, ...]
    findable: tuple[Findable, ...]
    now: datetime

    async def keep(self, streams: Sequence[StreamAppend]) -> None:
        """Store it for the streams that are appended to. `KeyTaken`; SEALING_UNAVAILABLE."""
        told = {one.stream: canonical([event.data for event in one.events]) for one in streams}
        places = [
            (key.name, stream)
            for stream, said in told.items()
            for key in self.used
            if key.name.encode() in said
        ]
        try:
            known = tuple(one for one in self.used if one not in self.fresh)
            await self.keys.keep(self.county, known, self.fresh, places, self.findable, self.now)
        except SealingKeyMissing as missing:
            raise refuse("SEALING_UNAVAILABLE", reason=str(missing)) from missing


class _Place(NamedTuple):
    """One value that is to be sealed, and whose it is."""

    subject: str
    mark: SealedField
    value: str


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals requests of all counties."""

    keys: PersonKeys
    algorithm: str

    async def seal(
        self, county: str, form: _Form, about: AboutRequest, now: datetime
    ) -> tuple[_Form, PendingKeys | None]:
        """The form with tokens for values, and what is to be stored with it; None where nothing is sealed.

        SEALING_UNAVAILABLE; what `about.card` refuses.
        """
        found = values_in(form)
        if not found:
            return form, None
        card = None
        if about.card is not None and any(_named(where, about.path) is None for where, _ in found):
            card = await about.card()
        places = [_Place(_subject(where, about, card), where.mark, value) for where, value in found]
        subjects = {one.subject for one in places}
        try:
            known = await self.keys.of_subjects(county, subjects)
        except SealingKeyMissing as missing:
            raise refuse("SEALING_UNAVAILABLE", reason=str(missing)) from missing
        fresh = {one: self.keys.fresh(one) for one in subjects - known.keys()}
        keys = known | fresh
        tokens = iter([self._token(county, keys[one.subject], one) for one in places])
        findable: list[Findable] = []

        def put(where: Where, value: str) -> str:
            token = next(tokens)
            if where.mark.form in FOUND_BY:
                findable.append(Findable(token, value))
            return token

        sealed = replaced(form, put)
        used = tuple(keys[one] for one in sorted(subjects))
        return sealed, PendingKeys(self.keys, county, used, tuple(fresh.values()), tuple(findable), now)

    def _token(self, county: str, key: PersonKey, place: _Place) -> Token:
        bound = (county, key.subject)
        return seal(key.secret, bound, self.algorithm, place.mark.form, key.name, place.value)


def _named(where: Where, path: Mapping[str, Any]) -> str | None:
    """The code of whose value it is, as the request says it: beside the value, around it, in the path."""
    of = where.mark.of
    if of is None:
        return OBJECTOR
    for frame in reversed(where.frames):
        found = frame.get(of) if isinstance(frame, Mapping) else getattr(frame, of, None)
        if isinstance(found, str):
            return found
    named = path.get(of)
    return None if named is None else str(named)


def _subject(where: Where, about: AboutRequest, card: Any) -> str:
    of = where.mark.of
    if of is None:
        return f"{OBJECTOR}.{about.mark}"
    code = _named(where, about.path) or getattr(card, of, None)
    return f"{UNKNOWN}.{about.mark}" if code is None else f"{of}.{code}"
