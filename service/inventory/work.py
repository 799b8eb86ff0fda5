"""The kinds of long work this service knows, each with the function that does it."""

from __future__ import annotations

from typing import Any

import asyncpg

from service.commands.commands import CommandContext
from service.commands.operations import Job, Work
from service.inventory.importing import Importer, ImportOptions
from service.inventory.kept_mappings import OPERATION
from service.inventory.spreadsheet.report import MEDIA_TYPE
from service.ledgers.projector import Projector

REJECTED = "rejected.ndjson"
"""An import's rejected rows, a JSON object a line."""
REPORT = "rejected.xlsx"
"""The same as a workbook to be corrected and imported."""


def work_kinds(context: CommandContext, pool: asyncpg.Pool, projector: Projector) -> dict[str, Work]:
    """Every kind by its name."""

    async def import_spreadsheet(job: Job) -> dict[str, Any]:
        options = ImportOptions.model_validate(job.request)
        importer = Importer(context, pool, projector)
        outcome = await importer.run(job.actor, options, await job.file(), job.progress, resumed=job.resumed)
        if outcome.rejected:
            await job.keep(REJECTED, "application/x-ndjson", outcome.rejected)
        if outcome.report is not None:
            await job.keep(REPORT, MEDIA_TYPE, outcome.report)
        return outcome.result

    return {OPERATION: import_spreadsheet}
