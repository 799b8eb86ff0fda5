"""Sight of a paper: whoever may see the facts that name it, all of them; and a unit what it brought itself.

A digest is no secret, so naming somebody else's paper opens nothing: where one event guards it, it is guarded, and who names it in an
event that everybody sees has not opened it. Whoever uploaded the content had it, and may have it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from domain.catalogue import AGGREGATE_KINDS, EVENT_TYPES
from domain.classification import PERSONAL_OF_HOUSEHOLD, UNIT, Classified
from domain.papers import PaperField, paper_fields
from domain.refusals import refuse
from service.commands.actor import Actor
from service.commands.authorization import authorize_role, may
from service.commands.commands import CommandContext
from service.commands.key_units import HOUSEHOLD
from service.database.row_security import rows_of
from service.ledgers.masking import NOWHERE, Codes, named_in, whose
from service.ledgers.source import Source
from service.paper.archive import Paper, PaperArchive

LEDGER: Final = "paper_namings"
"""The ledger that says which events name which paper."""
UPLOAD: Final = "document.upload"
READ_BY: Final[dict[str, str]] = {
    "annual_result": "income.read",
    "asset": "asset.read",
    "departure_case": "departure.read",
    "household_asset": "household_asset.read",
    "cost_guarantee": "income.read",
    "income_plan": "income.read",
    "income_sub_account": "income.read",
    "inspection": "ledger.read",
    "operator_selection": "asset.read",
    "organization": "organization.read",
    "personal_subject": "personal_data.review",
    "policy_override": "policy_override.read",
    "procedure": "procedure.read",
    "public_notice": "procedure.read",
    "public_welfare_post": "income.read",
    "relief_plan": "income.read",
    "revitalisation_case": "revitalisation.read",
    "stocktake": "stocktake.read",
}
"""Kind of aggregate whose events name papers → the action by which those events are read."""
MOST_GUARDED: Final = 200
"""Of more guarded facts than these nobody is let through who has to be compared with each."""


class AskingForPaper(Source, Protocol):
    """A request for a paper: its actor, and the service that answers."""

    @property
    def actor(self) -> Actor:
        """Whoever asks."""

    @property
    def context(self) -> CommandContext:
        """The service that the log is read through."""


@dataclass(frozen=True, slots=True)
class Mention:
    """An event that names a paper."""

    position: int
    stream: str
    type: str
    field: str
    asset: str | None
    unit: str | None
    occurred_on: date
    recorded_at: datetime

    @property
    def kind(self) -> str:
        """The kind of aggregate that the event is of."""
        return self.stream.partition("-")[0]


_MENTIONS: Final = """
SELECT position, stream, type, field, asset, unit, occurred_on, recorded_at FROM paper_naming
WHERE county = $1 AND sha256 = $2 ORDER BY position, ordinal LIMIT $3
"""
_FACTS: Final = """
SELECT type, field, stream, min(position) AS position FROM paper_naming WHERE county = $1 AND sha256 = $2
GROUP BY type, field, stream ORDER BY 4
"""


async def mentions_of(source: Source, sha256: str, limit: int) -> list[Mention]:
    """The first events that name a paper."""
    async with rows_of(source.pool, source.county) as connection:
        rows = await connection.fetch(_MENTIONS, source.county, sha256, limit)
    return [Mention(**dict(row)) for row in rows]


def field_of(event_type: str, name: str) -> PaperField:
    """A field that names papers; one that this code does not know any more is taken for personal."""
    known = (one for one in paper_fields(EVENT_TYPES[event_type]) if one.name == name)
    return next(known, PaperField((name,), name, PERSONAL_OF_HOUSEHOLD))


async def seen(asking: AskingForPaper, archive: PaperArchive, sha256: str) -> Paper:
    """A paper that whoever asks may see.

    NOT_FOUND where no event names it and the unit did not bring it; FORBIDDEN for a unit's paper to who is no unit; ROLE_NOT_ALLOWED, FORBIDDEN_PERSONAL_DATA where a fact
    that names it is not for whoever asks; PAPER_NOT_KEPT where it is named and was never uploaded.
    """
    await asking.reach_head(LEDGER)
    brought = may_bring(asking.actor) and await archive.was_brought_by(
        asking.county, sha256, asking.actor.organization
    )
    if not brought:
        await _require_sight(asking, sha256)
    paper = await archive.find(asking.county, sha256)
    if paper is None:
        raise refuse("PAPER_NOT_KEPT")
    return paper


def may_bring(actor: Actor) -> bool:
    """Whether somebody may upload papers for the unit, and have back what it brought."""
    return may(actor, UPLOAD)


async def _require_sight(asking: AskingForPaper, sha256: str) -> None:
    async with rows_of(asking.pool, asking.county) as connection:
        facts = await connection.fetch(_FACTS, asking.county, sha256)
    if not facts:
        raise refuse("NOT_FOUND", what=sha256)
    guarded: list[tuple[Any, Classified]] = []
    for fact in facts:
        authorize_role(asking.actor, READ_BY[fact["stream"].partition("-")[0]])
        mark = field_of(fact["type"], fact["field"]).holds
        if mark == UNIT and asking.actor.organization_kind == HOUSEHOLD:
            raise refuse("FORBIDDEN", action="document.read")
        if mark != UNIT and not asking.sees(mark, NOWHERE):
            guarded.append((fact, mark))
    if len(guarded) > MOST_GUARDED:
        raise refuse("FORBIDDEN_PERSONAL_DATA")
    for fact, mark in guarded:
        if not asking.sees(mark, await _around(asking, fact["stream"], fact["position"])):
            raise refuse("FORBIDDEN_PERSONAL_DATA")


async def _around(asking: AskingForPaper, stream: str, position: int) -> Codes:
    """The units, divisions and households that a fact names, and those of its aggregate."""
    kind, _, code = stream.partition("-")
    store = asking.context.store
    (stored,) = await store.read_page(asking.county, after=position - 1, upto=position, limit=1)
    event = store.codec.decode(asking.county, *stored)
    aggregate = await asking.load(AGGREGATE_KINDS[kind], code)
    around = NOWHERE if aggregate is None else whose(aggregate)
    return around | named_in(EVENT_TYPES[event.type], event.data)
