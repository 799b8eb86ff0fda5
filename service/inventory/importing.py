"""Import of a clerk's ledger as an inventory batch (C4.4-00): read, judge every row, register all or none or the good.

One import is one append: the batch, its assets and the digest of file and sheet as a claim, all of them or nothing,
whatever dies on the way. Asset codes follow from that digest and the row, and the batch's code is the caller's, so an import
that is told to run again finds what it did. A dry run does all of it but the append.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, Literal, cast

import asyncpg
from pydantic import Field

from domain.inventory.batch import InventoryBatch, InventoryImport
from domain.organization.organization import Organization
from domain.organization.person import Person
from domain.refusals import refuse
from domain.regulation import Rules, rows
from domain.values import BusinessDate, Code, Name, Value
from projections.asset.register_questions import look_alikes, unit_values
from projections.organization import directory
from service.commands.actor import Actor
from service.commands.authorization import Resource, authorize
from service.commands.commands import CommandContext, stream_append
from service.commands.founding import FOUNDED_ON, divisions_of, is_founded, units_of
from service.commands.history_door import through_door
from service.commands.joint_reviews import signed_reviews
from service.inventory.beside import BOUNDS, SheetBounds, judged_beside
from service.inventory.judged import JudgedSheet, RegisterAnswer, RegisterQuestion, SheetOrder
from service.inventory.kept_mappings import kept_mappings
from service.inventory.row_check import look_alike
from service.inventory.spreadsheet.mapping import ColumnMapping
from service.inventory.spreadsheet.names import DirectoryUnit, Names, Place
from service.ledgers.projector import Projector
from service.log.appending import Append, Claim, ClaimTaken, Receipt, VersionConflict

LEDGER_SECONDS: Final = 60.0
"""How long an import waits for the ledgers it compares with."""
CLAIM: Final = "inventory_file"
"""Kind of the claim on a sheet of a file."""

_COMPILING_KINDS: Final = frozenset({"VILLAGE", "TOWNSHIP", "FARM", "DEPARTMENT"})

Progress = Callable[[int, int | None], Awaitable[None]]
"""Told how many rows are done of how many, and twice a second that it is going on."""


class ImportOptions(Value):
    """Options of an import: unit, day and manner."""

    batch: Code = Field(title="批次编号")
    file_name: Name = Field(title="文件名")
    unit: Code | None = Field(default=None, title="填报单位", description="试导入可不填")
    compiled_by: Code | None = Field(default=None, title="填报人", description="试导入可不填")
    dry_run: bool = Field(default=False, title="试导入", description="只检查，不登记")
    partial: bool = Field(default=False, title="部分导入", description="有错误的行不登记，其余照常登记")
    occurred_on: BusinessDate | None = Field(default=None, title="业务日期")
    provenance: Name | None = Field(
        default=None, title="历史数据来源", description="填写后违反规定之处记为检查发现，不拒绝"
    )
    sheet: Name | None = Field(default=None, title="工作表")
    mapping: ColumnMapping | None = Field(default=None, title="列对应")


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """Outcome of an import. `rejected`: all rejected rows as JSON lines; `report`: the same as a workbook."""

    result: dict[str, Any]
    rejected: bytes
    report: bytes | None


@dataclass(frozen=True, slots=True)
class Compiler:
    """The unit that compiled a ledger, and the person who did."""

    unit: str
    kind: Literal["VILLAGE", "TOWNSHIP", "FARM", "DEPARTMENT"]
    person: str


@dataclass(slots=True)
class Stages:
    """Seconds per stage, for the rate that people are told."""

    read: float = 0.0
    judge: float = 0.0
    append: float = 0.0

    def as_json(self) -> dict[str, int]:
        """Whole milliseconds."""
        return {name: round(getattr(self, name) * 1000) for name in ("read", "judge", "append")}


@dataclass(slots=True)
class Importer:
    """Imports files into the log of a running service."""

    context: CommandContext
    pool: asyncpg.Pool
    projector: Projector
    bounds: SheetBounds = BOUNDS
    stages: Stages = field(default_factory=Stages)

    async def run(
        self,
        actor: Actor,
        options: ImportOptions,
        content: bytes,
        progress: Progress,
        *,
        resumed: bool = False,
    ) -> ImportOutcome:
        """Import one file. `resumed`: this import was begun before, and may have stored its batch.

        BATCH_ALREADY_IMPORTED for a sheet that is in; the refusals of reading; FIELD_REQUIRED without unit or person,
        which only a dry run may leave out; CODE_UNKNOWN for an unknown one; FORBIDDEN_JURISDICTION for a unit that is not
        the actor's.
        """
        county = actor.county
        sha256 = hashlib.sha256(content).hexdigest()
        done = await self._done_before(county, options, sha256, resumed=resumed)
        if done is not None:
            return done
        compiler = await self._compiler(actor, options)
        await self._caught_up(county)
        judged = await self._judged(actor, options, content, sha256, progress)
        await self._refuse_imported(county, judged.source)
        self.stages.read = judged.result["milliseconds"]["read"] / 1000
        self.stages.judge = judged.result["milliseconds"]["judge"] / 1000
        receipt = None
        if judged.streams and compiler is not None:
            started = perf_counter()
            receipt = await self._append(
                actor, options, _import_of(options, compiler, sha256, judged), judged
            )
            self.stages.append = perf_counter() - started
        result = judged.result | {
            "batch": options.batch if receipt is not None else None,
            "dryRun": options.dry_run,
            "partial": options.partial,
            "registered": judged.ok if receipt is not None else 0,
            "position": receipt.last_position if receipt is not None else None,
            "milliseconds": self.stages.as_json(),
        }
        return ImportOutcome(result, judged.lines, judged.report)

    # ---- before -------------------------------------------------------------------------------------------------

    async def _done_before(
        self, county: str, options: ImportOptions, sha256: str, *, resumed: bool
    ) -> ImportOutcome | None:
        """The outcome of an import that stored its batch and was interrupted before it could say so. For any other:
        BATCH_ALREADY_IMPORTED, ALREADY_EXISTS for a batch's code that is taken.
        """
        batch = await self.context.load(InventoryBatch, county, options.batch)
        if resumed and batch is not None and batch.imported.sha256 == sha256 and not options.dry_run:
            imported = batch.imported
            return ImportOutcome(
                {
                    "batch": options.batch,
                    "sha256": sha256,
                    "rows": imported.rows,
                    "ok": imported.ok,
                    "rejected": imported.rejected,
                    "registered": imported.ok,
                    "dryRun": False,
                    "partial": options.partial,
                    "resumed": True,
                },
                b"",
                None,
            )
        await self._refuse_imported(county, sha256)  # as earlier versions claimed a file, whatever its sheet
        if batch is not None and batch.imported.sha256 == sha256:
            raise refuse("BATCH_ALREADY_IMPORTED", batch=options.batch)
        if batch is not None:
            raise refuse("ALREADY_EXISTS", what=options.batch)
        return None

    async def _refuse_imported(self, county: str, source: str) -> None:
        taken = await self.pool.fetchval(
            "SELECT stream FROM claim WHERE county = $1 AND kind = $2 AND key = $3", county, CLAIM, source
        )
        if taken is not None:
            raise refuse("BATCH_ALREADY_IMPORTED", batch=taken.partition("-")[2])

    async def _compiler(self, actor: Actor, options: ImportOptions) -> Compiler | None:
        """Who compiled the ledger; a dry run need not say so, and of a county that is not founded nobody is known."""
        if options.dry_run and (
            options.unit is None
            or options.compiled_by is None
            or not await is_founded(self.context, actor.county)
        ):
            return None
        named = {"unit": options.unit, "compiledBy": options.compiled_by}
        if options.unit is None or options.compiled_by is None:
            missing = [name for name, value in named.items() if value is None]
            raise refuse("FIELD_REQUIRED", missing=missing, field=missing[0])
        unit = await self.context.load(Organization, actor.county, options.unit)
        if unit is None or unit.card.kind not in _COMPILING_KINDS:
            raise refuse("CODE_UNKNOWN", field="unit", value=options.unit)
        if not await self.context.knows(Person, actor.county, options.compiled_by):
            raise refuse("CODE_UNKNOWN", field="compiledBy", value=options.compiled_by)
        if actor.kind != "system":
            where = (unit.card.division,) if unit.card.division and unit.card.kind != "DEPARTMENT" else ()
            authorize(actor, "inventory.import", Resource(divisions=where, organizations=(options.unit,)))
        kind = cast("Literal['VILLAGE', 'TOWNSHIP', 'FARM', 'DEPARTMENT']", unit.card.kind)
        return Compiler(options.unit, kind, options.compiled_by)

    async def _caught_up(self, county: str) -> None:
        head = await self.context.store.head(county)
        ledgers = ("asset_register", "directory")
        await self.projector.wait_for(county, ledgers, head.position, LEDGER_SECONDS)

    async def _names(self, county: str, rules: Rules, options: ImportOptions) -> Names:
        short = {
            row.code: row.short_zh for row in rules.table("departments.organization", rows.NamedOrganization)
        }
        async with self.pool.acquire() as connection:
            divisions = await directory.divisions(connection, county)
            organizations = await directory.organizations(connection, county)
        places = [
            Place(
                row["division"],
                row["name"],
                row["level"],
                row["parent"],
                row["valid_from"],
                row["closed_on"],
                row["successor"],
            )
            for row in divisions
        ]
        units = [(row["organization"], row["name"], row["kind"]) for row in organizations]
        if not units and options.dry_run:  # not founded yet: a dry run records nothing, the founding neither
            places = [
                Place(row.code, row.name, row.level, row.parent, FOUNDED_ON)
                for row in divisions_of(self.context, county)
            ]
            units = [(code, card.name, card.kind) for code, card in units_of(self.context, county).items()]
        compiling = [one for one in units if one[2] in _COMPILING_KINDS]
        return Names(
            places,
            [DirectoryUnit(code, name, kind, short.get(code)) for code, name, kind in compiling],
            options.occurred_on or self.context.today(),
        )

    async def _kept(self, actor: Actor) -> dict[str, ColumnMapping]:
        """The mapping that each layout was last imported by (dry runs too): by the actor's unit, else by the office."""
        found = await kept_mappings(self.pool, actor.county, actor.organization)
        return {kept.layout: kept.mapping for kept in found}

    # ---- judging ------------------------------------------------------------------------------------------------

    async def _judged(
        self, actor: Actor, options: ImportOptions, content: bytes, sha256: str, progress: Progress
    ) -> JudgedSheet:
        county = actor.county
        at = self.context.occasion(county, options.occurred_on)
        if options.provenance is not None:
            await through_door(self.context, actor, options.provenance, at)
        order = SheetOrder(
            content=content,
            sha256=sha256,
            sheet=options.sheet,
            actor=actor,
            regulation=self.context.in_force.known(county),
            wording=self.context.in_force.wording(county),
            names=await self._names(county, at.rules, options),
            mapping=options.mapping,
            kept=await self._kept(actor),
            on=at.on,
            today=at.today,
            provenance=options.provenance,
            registers=None if options.dry_run else "PART" if options.partial else "WHOLE",
        )

        async def answer(question: RegisterQuestion) -> RegisterAnswer:
            async with self.pool.acquire() as connection:
                known = await look_alikes(connection, county, question.places)
                usual = await unit_values(connection, county, question.types)
            streams = [f"asset-{code}" for code in question.codes]
            there = await self.context.store.load_many(county, streams) if streams else {}
            return RegisterAnswer(
                {look_alike(*one[1:]): one[0] for one in known},
                frozenset(stream.partition("-")[2] for stream in there),
                await signed_reviews(self.context, county, question.reviews),
                usual,
            )

        return await judged_beside(order, answer, progress, self.bounds)

    # ---- storing ------------------------------------------------------------------------------------------------

    async def _append(
        self, actor: Actor, options: ImportOptions, imported: InventoryImport, judged: JudgedSheet
    ) -> Receipt:
        at = self.context.occasion(actor.county, options.occurred_on)
        batch = stream_append(
            self.context, InventoryBatch.compile(options.batch, imported, judged.assets, at)
        )
        try:
            return await self.context.store.append(
                actor.county,
                Append(
                    command_id=f"import-{options.batch}",
                    actor=actor.envelope(),
                    correlation_id=f"import-{options.batch}",
                    causation_id=None,
                    streams=(batch, *judged.streams),
                    claims=(Claim(CLAIM, judged.source),),
                ),
            )
        except ClaimTaken as error:
            raise refuse("BATCH_ALREADY_IMPORTED", batch=error.stream.partition("-")[2]) from error
        except (
            VersionConflict
        ) as error:  # somebody sent the same file, or took one of the codes, since the rows were judged
            await self._refuse_imported(actor.county, judged.source)
            raise refuse("ALREADY_EXISTS", what=error.stream.partition("-")[2]) from error


def _import_of(
    options: ImportOptions, compiler: Compiler, sha256: str, judged: JudgedSheet
) -> InventoryImport:
    return InventoryImport(
        file_name=options.file_name,
        sha256=sha256,
        unit=compiler.unit,
        unit_kind=compiler.kind,
        compiled_by=compiler.person,
        rows=judged.rows,
        ok=judged.ok,
        rejected=judged.rejected,
    )
