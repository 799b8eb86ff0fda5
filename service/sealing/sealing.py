"""Seals made and checked: a ledger derived from the log at a moment, with the tree root that the log had there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import asyncpg

from domain.departure.papers import SealedPlace
from domain.regulation import Regulation, rows
from domain.sealing.seal import LEDGER_OF, CategorySum, LedgerSnapshot, LeftOut, SealKind
from domain.values import Fen
from projections.asset import register as asset_register
from projections.asset.register_questions import MANAGED, RegisterFilter
from projections.engine.differences import Difference, Key, difference, selection
from projections.engine.writing import Connection
from projections.sealing.sealed_rows import FORM, categories, derive, projection_of, sealed_rows
from service.ledgers.moments import Moments
from service.log.tree import LogTreeWrong, load_tree

_HEAD: Final = "SELECT position FROM log_head WHERE county = $1"
_LEFT_OUT: Final = (
    "SELECT count(*) AS assets, coalesce(sum(r.original_value), 0)::bigint AS original_value FROM asset_register r"
    f" WHERE r.county = $1 AND $2 IN (r.village, r.township, r.implementer) AND {MANAGED} AND r.confirmed_on IS NULL"
)
_OF_THE_HANDOVER: Final = frozenset({"custody", "duties", "open_cases"})
UNIT_KINDS: tuple[SealKind, ...] = ("ASSET", "HOUSEHOLD")
"""What a unit seals every year; the county's are sealed on the joint review."""


@dataclass(frozen=True, slots=True)
class Sealing:
    """Derivation of a seal, with what it takes."""

    pool: asyncpg.Pool
    moments: Moments
    regulation: Regulation
    county: str

    async def snapshots(
        self,
        wanted: list[tuple[SealKind, str]],
        year: int,
        on: date,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[LedgerSnapshot]:
        """The ledgers of (kind, unit) as of a day, as known now: all at one place in the log.

        `progress` is told how many of how many are derived.
        """
        names = sorted({projection_of(kind) for kind, _ in wanted})
        made: list[LedgerSnapshot] = []
        async with self.moments.at(self.county, names, on, None) as past:
            root = await self.root(past.position)
            for kind, unit in wanted:
                found = await derive(past.connection, self.county, kind, unit, on)
                sums: tuple[CategorySum, ...] = ()
                if kind == "CATEGORISED":
                    sums = tuple(
                        CategorySum(**row | {"amount": Fen(row["amount"])})
                        for row in await categories(past.connection, self.county, self._dimensions(on))
                    )
                made.append(
                    LedgerSnapshot(
                        kind=kind,
                        unit=unit,
                        year=year,
                        as_of=on,
                        position=past.position,
                        tree_root=root,
                        root_hash=found.root_hash,
                        form=FORM,
                        rows=found.rows,
                        original_value=Fen(found.original_value),
                        net_book_value=Fen(found.net_book_value),
                        categories=sums,
                        left_out=await self._left_out(past.connection, kind, unit),
                    )
                )
                if progress is not None:
                    progress(len(made), len(wanted))
        return made

    async def _left_out(self, connection: Connection, kind: SealKind, unit: str) -> LeftOut | None:
        """What of the unit's place has no owner yet, and so is in no unit's ledger; None where a ledger leaves nothing out."""
        if kind != "ASSET":
            return None
        found = await connection.fetchrow(_LEFT_OUT, self.county, unit)
        return LeftOut(assets=found["assets"], original_value=Fen(found["original_value"]))

    async def delta(
        self, sealed: LedgerSnapshot, start: Key | None, limit: int
    ) -> tuple[Difference, LedgerSnapshot]:
        """What was recorded since about the sealed days: the difference, and what the ledger would be now."""
        names, on = [projection_of(sealed.kind)], sealed.as_of
        what = sealed_rows(sealed.kind, self.county, sealed.unit, sealed.form)
        async with (  # the earlier moment first: see `order_of`
            self.moments.at(self.county, names, on, sealed.position) as was,
            self.moments.at(self.county, names, on, None) as now,
        ):
            found = await difference(was.connection, now.connection, what, start=start, limit=limit)
            today = await derive(now.connection, self.county, sealed.kind, sealed.unit, on, sealed.form)
            root = await self.root(now.position)
        present = sealed.model_copy(
            update={
                "position": now.position,
                "tree_root": root,
                "root_hash": today.root_hash,
                "rows": today.rows,
                "original_value": Fen(today.original_value),
                "net_book_value": Fen(today.net_book_value),
            }
        )
        return found, present

    async def place(self, on: date) -> SealedPlace:
        """What a list that is sealed now rests on."""
        async with self.pool.acquire() as connection:
            position = await connection.fetchval(_HEAD, self.county) or 0
        return SealedPlace(as_of=on, position=position, tree_root=await self.root(position))

    async def list_delta(
        self, assets: Sequence[str], sealed: SealedPlace, start: Key | None, limit: int
    ) -> tuple[Difference, int]:
        """What was recorded since about a sealed list's assets and days, and up to which position; not that the
        handover itself put them into other hands.
        """
        register = asset_register.PROJECTION.name
        conditions = RegisterFilter(asset=list(assets), disposed=None).conditions(self.county)
        what = selection(asset_register.REGISTER, "r", conditions, leave_out=_OF_THE_HANDOVER)
        async with (  # the earlier moment first: see `order_of`
            self.moments.at(self.county, [register], sealed.as_of, sealed.position) as was,
            self.moments.at(self.county, [register], sealed.as_of, None) as now,
        ):
            found = await difference(was.connection, now.connection, what, start=start, limit=limit)
            return found, now.position

    async def root(self, position: int) -> str:
        """The root of the log's tree at a position."""
        async with self.pool.acquire() as connection:
            return (await load_tree(connection, self.county, position)).root().hex()

    async def has_root(self, position: int, root: str) -> bool:
        """Whether the log's tree has that root at a position; a log whose events make no tree has not."""
        try:
            return await self.root(position) == root
        except LogTreeWrong:
            return False

    def _dimensions(self, on: date) -> tuple[str, ...]:
        ledgers = self.regulation.on(on).table("ledgers.ledger", rows.LedgerRow)
        return next(one.dimensions for one in ledgers if one.code == "CATEGORISED")


def unit_seals(regulation: Regulation, on: date, unit_kind: str) -> tuple[SealKind, ...]:
    """The ledgers that units of this kind seal every year."""
    ledgers = {one.code: one for one in regulation.on(on).table("ledgers.ledger", rows.LedgerRow)}
    return tuple(kind for kind in UNIT_KINDS if unit_kind in ledgers[LEDGER_OF[kind]].keepers)
