"""Three ledgers are emptied and fill themselves from the log again.

The fund ledger now follows a corrected card of a household's asset, the notice board names every unit that pays from a plan,
and a rule that is written anew keeps the pilot that rests on it; rows of the versions before did not.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

LEDGERS = {
    "fund_ledger": ("fund_allocation", "fund_line", "fund_reconciliation"),
    "notice_board": ("public_notice", "notice_source", "notice_task"),
    "unit_duties": ("unit_rule", "task_force", "office_member", "guidance_record"),
}


def upgrade() -> None:
    """Empty them; without a checkpoint the projector begins at the log's first event."""
    _empty()


def downgrade() -> None:
    """The same: the versions before fill them in their own way."""
    _empty()


def _empty() -> None:
    for projection, tables in LEDGERS.items():
        op.execute(f"DELETE FROM projection_rebuild WHERE projection = '{projection}'")
        op.execute(f"DELETE FROM projection_checkpoint WHERE projection = '{projection}'")
        for table in tables:
            op.execute(f"DELETE FROM {table}")
