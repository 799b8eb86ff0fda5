"""The role that questions are asked as, and row security under the tables that they are asked of.

Row security itself is laid after every migration, under every table of that day (`service.database.row_security`). Where
the migrating user may not create roles, the role is left out with a notice, and no row is left out either.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ROLE = """
DO $$
BEGIN
    CREATE ROLE taizhang_reader NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server has it already
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role taizhang_reader not created: % may not create roles', current_user;
END $$
"""

MEMBERSHIP = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_reader')
       AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT taizhang_reader TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role taizhang_reader not granted to %', current_user;
END $$
"""


def upgrade() -> None:
    """Create the role; what it sees is laid under the tables when all revisions have run."""
    for statement in (ROLE, MEMBERSHIP):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Nothing: the role is the server's, and other databases use it."""
