"""The ledger of external entries is emptied and fills itself from the log again.

Its second version does not say whose a household asset is; rows of the first one named the household as an owner.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty it; without a checkpoint the projector begins at the log's first event."""
    _empty()


def downgrade() -> None:
    """The same: the version before fills it in its own way."""
    _empty()


def _empty() -> None:
    op.execute("DELETE FROM projection_rebuild WHERE projection = 'external_entries'")
    op.execute("DELETE FROM projection_checkpoint WHERE projection = 'external_entries'")
    op.execute("DELETE FROM external_entry")
