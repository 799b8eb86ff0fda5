"""The door of imported history (历史补录): the one way by which anything comes in without the procedure it rests on (D6).

It is open to the county asset office alone, until the last day that the county declared (`Policy.cut_over`), and marks what
came through it (HISTORY_IMPORTED, the basis' provenance). A county that declared no day has its door open: it is still
taking its old stock over, and only it knows when that is done.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from domain.occasion import Occasion
from domain.policy import Policy
from domain.refusals import Refusal
from service.commands.actor import Actor
from service.commands.authorization import authorize
from service.commands.commands import CommandContext

ENTER: Final = "history.enter"
"""The right to enter imported history."""


async def through_door(context: CommandContext, actor: Actor, source: str, at: Occasion) -> None:
    """Let imported history in, marked with its source. HISTORY_CLOSED after the cut-over; ROLE_NOT_ALLOWED, ROLE_READ_ONLY,
    FORBIDDEN_JURISDICTION for any other unit.

    The terminal's import is the asset office's: who has the machine has the database.
    """
    if actor.kind != "system":
        authorize(actor, ENTER)
    policy = await context.load(Policy, actor.county, actor.county)
    if policy is not None:
        policy.must_take_history(at)
    at.take_as_history(source)


def require_before_regulation(day: date, otherwise: Refusal, at: Occasion) -> None:
    """`otherwise` for what happened since the regulation's first day: since then it rests on a procedure."""
    if max(day, at.on) >= at.rules.first_day:
        raise otherwise
