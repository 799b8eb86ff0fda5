"""The ledgers of everything that is folded by business day begin anew where something late makes a difference.

The register of households begins anew everywhere: what is known to be lost is no longer looked for.
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LEDGERS = {
    "directory": (2, ("division", "organization", "tenure", "person")),
    "external_entries": (4, ("external_entry",)),
    "fund_ledger": (3, ("fund_allocation", "fund_line", "fund_reconciliation")),
    "income_plans": (2, ("income_plan",)),
    "inventories": (2, ("inventory_batch", "inventory_asset", "stocktake", "stocktake_line")),
    "notice_board": (4, ("notice_task", "notice_source", "public_notice")),
    "oversight": (2, ("supervision_finding", "violation_case")),
    "procedures": (2, ("procedure_register", "procedure_task")),
    "revitalisation": (2, ("revitalisation_case",)),
    "unit_duties": (4, ("unit_rule", "task_force", "office_member", "guidance_record")),
}
"""Ledgers whose rows depend on the order of events: their version from now on, and their tables."""

EVERYWHERE = {"household_register": (3, ("household_register", "household_ledger"))}
"""Ledgers of which other rows come out of the same events."""

BEGIN_ANEW = "county IN (SELECT county FROM late_event WHERE stream NOT LIKE 'asset-%')"
"""Counties whose ledgers may come out otherwise; where everything came in order they are what they were."""


def upgrade() -> None:
    """They fill themselves again from the first event."""
    _begin_anew(0)


def downgrade() -> None:
    """The version before fills them in its own way."""
    _begin_anew(-1)


def _begin_anew(step: int) -> None:
    for name, (version, tables) in {**LEDGERS, **EVERYWHERE}.items():
        where = "TRUE" if name in EVERYWHERE else BEGIN_ANEW
        for table in tables:
            op.execute(f"DELETE FROM {table} WHERE {where}")
        op.execute(f"DELETE FROM projection_rebuild WHERE projection = '{name}'")
        op.execute(f"DELETE FROM projection_checkpoint WHERE projection = '{name}' AND {where}")
        op.execute(
            f"UPDATE projection_checkpoint SET version = {version + step}"
            f" WHERE projection = '{name}' AND version = {version - 1 - step}"
        )
