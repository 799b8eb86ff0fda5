"""Restriction and forgetting beside the log, and the places of a subject's data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from domain.personal.subject import PersonalSubject
from service.commands.commands import CommandContext
from service.personal.forgetting import Forgetter
from service.personal.keys import MEND, KeyTaken, PersonKeys, wrapping_now
from service.personal.readings import plaintext_events
from service.sealing_keys import SealingKeyMissing

ForgetPapers = Callable[[str, Sequence[str]], Awaitable[None]]
"""(county, digests) → their contents are removed."""

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The key under which a subject's values stand, None without one, and the streams that hold them."""

    key: str | None
    streams: tuple[str, ...]

    @property
    def sealed(self) -> bool:
        """Whether something stands under the key."""
        return bool(self.streams)


class Erasure:
    """Restricts and forgets, for one running service."""

    def __init__(self, keys: PersonKeys, context: CommandContext, forget_papers: ForgetPapers | None) -> None:
        """`forget_papers`: removes contents from the document store; None where there is none."""
        self._keys = keys
        self._forget_papers = forget_papers
        self._context = context
        self._forgetting = Forgetter(keys)

    async def whereabouts(self, county: str, subject: str) -> Whereabouts:
        """Where a subject's values stand."""
        row = await self._keys.pool.fetchrow(
            "SELECT k.key, array_remove(array_agg(p.stream ORDER BY p.stream), NULL) AS streams FROM personal_key k"
            " LEFT JOIN personal_place p USING (county, key)"
            " WHERE k.county = $1 AND k.subject = $2 GROUP BY k.key",
            county,
            subject,
        )
        return Whereabouts(None, ()) if row is None else Whereabouts(row["key"], tuple(row["streams"]))

    async def carry_out(self, county: str, subject: str) -> None:
        """Do to a subject's keys what the log has decided about them; twice is once.

        `SealingKeyMissing`: a forgetting was decided and could not be carried out.
        """
        decided = await self._context.load(PersonalSubject, county, subject)
        if decided is None:
            return
        if decided.destroyed:
            await self._forgetting.forget(county, decided.destroyed)
        if decided.papers_destroyed and self._forget_papers is not None:
            await self._forget_papers(county, sorted(decided.papers_destroyed))
        await self._restrict(county, subject, restricted=decided.restriction is not None)

    async def _restrict(self, county: str, subject: str, *, restricted: bool) -> None:
        """Note that nothing may be read under a subject's key, be it one that nothing is sealed under yet, or that it may."""
        now = self._context.clock()
        if restricted:
            with suppress(KeyTaken):  # it has one
                await self._keys.keep(county, (), (self._keys.fresh(subject),), (), (), now)
        await self._keys.pool.execute(
            "UPDATE personal_key SET restricted_at = CASE WHEN $3 THEN coalesce(restricted_at, $4) END"
            " WHERE county = $1 AND subject = $2",
            county,
            subject,
            restricted,
            now,
        )

    async def settle(self, county: str) -> None:
        """Finish what a stop or a restore left undone: decisions that are in the log, and the book."""
        await self._forgetting.settle(county)
        await self._say_whose_masters(county)
        after = ""
        while streams := await self._context.store.streams_of(county, PersonalSubject.KIND, after=after):
            for stream in streams:
                subject = stream.removeprefix(f"{PersonalSubject.KIND}-")
                try:
                    await self.carry_out(county, subject)
                except SealingKeyMissing as missing:
                    # The service starts all the same, and doctor says what is wrong.
                    log.warning("personal_decision_not_carried_out", county=county, reason=str(missing))
            after = streams[-1]

    async def _say_whose_masters(self, county: str) -> None:
        """Say at the start, and not only when somebody writes, that no personal data can be taken in."""
        try:
            await wrapping_now(self._keys.pool, self._keys.masters, county)
        except SealingKeyMissing as missing:
            log.warning("personal_data_not_taken_in", county=county, reason=str(missing), mend=MEND)

    async def plaintext_events(self, county: str, streams: Sequence[str]) -> int:
        """Events of some streams that hold a sealed field's value as it is."""
        return await plaintext_events(self._context, county, streams)
