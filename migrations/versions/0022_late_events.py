"""The log lists the events that lie before an older one of their stream in business time; ledgers of assets begin anew.

Ledgers are folded by business day from now on. Those of assets are emptied where it makes a difference, and fill
themselves again.
"""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE late_event (
    county   text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    stream   text COLLATE "C" NOT NULL,
    CONSTRAINT late_event_pkey PRIMARY KEY (county, position)
);
COMMENT ON TABLE late_event IS
    'Events whose business day lies before that of an older one of their stream, the first one aside';
"""

FOUND = """
INSERT INTO late_event (county, position, stream)
SELECT county, position, stream FROM (
    SELECT county, position, stream, version, occurred_on, max(occurred_on) FILTER (WHERE version > 1)
        OVER (PARTITION BY county, stream ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
    FROM event
) AS told WHERE version > 1 AND occurred_on < newest
"""

LEDGERS = {
    "asset_duties": (3, ("asset_duty",)),
    "asset_register": (2, ("asset_register", "asset_share")),
    "custody_ledger": (3, ("custody_ledger",)),
    "external_entries": (3, ("external_entry",)),
    "fund_ledger": (2, ("fund_allocation", "fund_line", "fund_reconciliation")),
    "notice_board": (3, ("notice_task", "notice_source", "public_notice")),
    "risk_board": (2, ("asset_risk",)),
}
"""Ledgers of assets whose rows depend on the order of events: their version from now on, and their tables."""

BEGIN_ANEW = "county IN (SELECT county FROM late_event WHERE stream LIKE 'asset-%')"
"""Counties whose ledgers may come out otherwise; where everything came in order they are what they were."""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT ON late_event TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Make the list, from the log. Where it holds assets, their ledgers fill themselves again from the first event."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(FOUND)
    connection.exec_driver_sql(GRANTS)
    _begin_anew(0)


def downgrade() -> None:
    """The version before fills them in its own way, and knows no list."""
    _begin_anew(-1)
    op.execute("DROP TABLE late_event")


def _begin_anew(step: int) -> None:
    for name, (version, tables) in LEDGERS.items():
        for table in tables:
            op.execute(f"DELETE FROM {table} WHERE {BEGIN_ANEW}")
        op.execute(f"DELETE FROM projection_rebuild WHERE projection = '{name}'")
        op.execute(f"DELETE FROM projection_checkpoint WHERE projection = '{name}' AND {BEGIN_ANEW}")
        op.execute(
            f"UPDATE projection_checkpoint SET version = {version + step}"
            f" WHERE projection = '{name}' AND version = {version - 1 - step}"
        )
