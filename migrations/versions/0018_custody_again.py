"""The custody ledger is emptied and fills itself from the log again.

Its second version ends on the day of a handover what who leaves had had on later days; rows of the first one did not.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty it; without a checkpoint the projector begins at the log's first event."""
    _empty()


def downgrade() -> None:
    """The same: the version before fills it in its own way."""
    _empty()


def _empty() -> None:
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'custody_ledger'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'custody_ledger'")
    op.execute("DELETE FROM custody_ledger")
