"""A year sealed at once: every ledger that every unit keeps, all at one place in the log (C4.5-01, C4.3-11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from domain.refusals import refuse
from domain.sealing.seal import LedgerSeal, LedgerSnapshot, SealKind, check_keeper
from projections.organization import directory
from service.commands.actor import Actor
from service.commands.commands import CommandContext, Result, Work, transact
from service.sealing.sealing import Sealing, unit_seals


@dataclass(frozen=True, slots=True)
class YearSealed:
    """Outcome of sealing a year."""

    as_of: date
    made: tuple[LedgerSnapshot, ...]
    existing: tuple[str, ...]
    """Seals that were there before, and stay as they are."""


async def seal_year(
    context: CommandContext,
    sealing: Sealing,
    actor: Actor,
    year: int,
    *,
    units: Sequence[str] = (),
    as_of: date | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> YearSealed:
    """Seal what is not sealed yet of the year's ledgers of these units (none named: of all), all or nothing.

    Units are those that there were on the cut-off day, and closed ones that still have something in their name: no
    asset may be missing from all ledgers. Refused: DATE_IN_FUTURE before the year is over, CODE_UNKNOWN
    for a unit there was not, ORG_TYPE_NOT_ALLOWED for a named one that keeps no ledger; `VersionConflict` when
    somebody else seals one of them meanwhile.
    """
    await context.in_force.catch_up(sealing.county)
    on = as_of or date(year, 12, 31)
    at = context.occasion(sealing.county, None)
    at.not_in_future(on, "asOf")
    kinds, closed = await _units(sealing, on)
    for unit in units:
        if unit not in kinds:
            raise refuse("CODE_UNKNOWN", field="unit", value=unit)
        check_keeper("ASSET", kinds[unit], at)
    wanted: dict[str, tuple[SealKind, str]] = {
        LedgerSeal.id_of(kind, unit, year): (kind, unit)
        for unit in sorted(set(units) or kinds)
        for kind in unit_seals(sealing.regulation, at.on, kinds[unit])
    }
    existing = await context.load_many(LedgerSeal, sealing.county, list(wanted))
    missing = [one for code, one in wanted.items() if code not in existing]
    derived = await sealing.snapshots(missing, year, on, progress) if missing else []
    made = tuple(one for one in derived if one.rows or one.unit not in closed)

    async def seal(work: Work) -> Result:
        for snapshot in made:
            at = context.occasion(sealing.county, None)
            work.add(LedgerSeal.seal(snapshot, kinds[snapshot.unit], at))
            work.note(at)
        return Result(str(year), len(made), {})

    if made:
        await transact(context, actor, seal)
    return YearSealed(on, made, tuple(existing))


async def _units(sealing: Sealing, on: date) -> tuple[dict[str, str], set[str]]:
    """The units that there had been by a day, from the log, and what each is; and which of them were closed."""
    async with sealing.moments.at(sealing.county, [directory.PROJECTION.name], on, None) as past:
        found = await directory.organizations(past.connection, sealing.county)
    closed = {row["organization"] for row in found if row["closed_on"] is not None and row["closed_on"] <= on}
    return {row["organization"]: row["kind"] for row in found}, closed
