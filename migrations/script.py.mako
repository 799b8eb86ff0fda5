"""${message}

Revision: ${up_revision}, after ${down_revision | comma,n}
"""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """What changes, and which rows and periods it touches."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """How to go back."""
    ${downgrades if downgrades else "pass"}
