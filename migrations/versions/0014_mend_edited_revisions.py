"""Databases that ran an earlier form of 0002 or 0011 get what those revisions were given afterwards.

0002 was edited three times and 0011 once after databases had run them. Where columns are missing, the ledgers of those
tables are emptied and the projector fills them from the log again. Everywhere else nothing is done.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from alembic import op
from sqlalchemy import text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


class Ledger(NamedTuple):
    """A projection, its tables, and the columns that an earlier form of their revision did not have."""

    projection: str
    tables: tuple[str, ...]
    added: dict[str, dict[str, str]]


LEDGERS: Final = (
    Ledger(
        "directory",
        ("division", "organization", "tenure", "person"),
        {
            "person": {
                "clearance": 'VARCHAR COLLATE "C"',
                "leaving": 'VARCHAR COLLATE "C"',
                "left_on": "DATE",
            }
        },
    ),
    Ledger(
        "departures",
        ("departure_case", "departure_line"),
        {
            "departure_case": {
                "incoming": "JSONB NOT NULL",
                "reconciled_lines": "INTEGER NOT NULL",
                "difference_lines": "INTEGER NOT NULL",
                "reconciled": "BOOLEAN NOT NULL",
                "audit_ordered": 'VARCHAR COLLATE "C"',
                "findings": "JSONB NOT NULL",
                "open_findings": "INTEGER NOT NULL",
                "interim": 'VARCHAR COLLATE "C"',
                "interim_until": "DATE",
                "reopened": "INTEGER NOT NULL",
            },
            "departure_line": {
                "asset_version": "INTEGER",
                "addendum": "BOOLEAN NOT NULL",
                "incoming": 'VARCHAR COLLATE "C"',
                "reconciliation": 'VARCHAR COLLATE "C"',
            },
        },
    ),
    Ledger(
        "asset_duties",
        ("asset_duty",),
        {"asset_duty": {"management_rules": "JSONB NOT NULL"}},
    ),
    Ledger(
        "unit_duties",
        ("unit_rule", "task_force", "office_member", "guidance_record"),
        {"unit_rule": {"kind": 'VARCHAR COLLATE "C" NOT NULL', "pilot_since": "DATE"}},
    ),
)

UNIT_RULE_KEY: Final = "county, organization, kind, topic, effective_from"

ALWAYS: Final = (
    # The first form of 0002 wanted a voucher and a reference of every entry; attributions have neither.
    "ALTER TABLE income_ledger ALTER COLUMN voucher_no DROP NOT NULL, ALTER COLUMN reference DROP NOT NULL",
    "COMMENT ON COLUMN income_ledger.entry IS 'RECEIPT 收益入账 / ATTRIBUTION 确权后归属 / DISTRIBUTION 收益分配'",
    "COMMENT ON COLUMN income_ledger.entered_on IS '收款、归属或支付日期'",
    "COMMENT ON COLUMN projection_checkpoint.rate IS '前一批的处理速度（事件/秒）'",
    "COMMENT ON COLUMN person.clearance IS '有效的移交证明编号'",
    "COMMENT ON COLUMN person.leaving IS '离任手续或事实'",
    "COMMENT ON COLUMN person.left_on IS '办理或发生日期'",
    "COMMENT ON COLUMN departure_case.incoming IS '接收人'",
    "COMMENT ON COLUMN departure_case.reconciled_lines IS '已核账项数'",
    "COMMENT ON COLUMN departure_case.difference_lines IS '核账差异未处理项数'",
    "COMMENT ON COLUMN departure_case.reconciled IS '是否完成核账'",
    "COMMENT ON COLUMN departure_case.audit_ordered IS '受托审计单位'",
    "COMMENT ON COLUMN departure_case.findings IS '审计发现问题及处理状态'",
    "COMMENT ON COLUMN departure_case.open_findings IS '未处理的审计问题数'",
    "COMMENT ON COLUMN departure_case.interim IS '临时管护人'",
    "COMMENT ON COLUMN departure_case.interim_until IS '临时管护截止日期（含当日）'",
    "COMMENT ON COLUMN departure_case.reopened IS '因审计发现问题重新启动的次数'",
    "COMMENT ON COLUMN departure_line.asset_version IS '清单所列的资产版本'",
    "COMMENT ON COLUMN departure_line.addendum IS '是否补充清单项'",
    "COMMENT ON COLUMN departure_line.incoming IS '另行指定的接收人'",
    "COMMENT ON COLUMN departure_line.reconciliation IS '核账：AGREES 相符 / DIFFERS 有差异 / RESOLVED 差异已处理'",
    "COMMENT ON COLUMN asset_duty.management_rules IS '产权人的资产管理制度：文号及施行日期'",
    "COMMENT ON TABLE unit_rule IS '单位管理制度：每个单位每类每个事项每个施行日期一行'",
    "COMMENT ON COLUMN unit_rule.kind IS '制度类别'",
    "COMMENT ON COLUMN unit_rule.pilot_since IS '据此启用激励试点的日期'",
)


def upgrade() -> None:
    """Add what is missing; a database that ran the present forms stays as it is."""
    connection = op.get_bind()
    for ledger in LEDGERS:
        missing = {
            table: [name for name in columns if name not in _columns(connection, table)]
            for table, columns in ledger.added.items()
        }
        if any(missing.values()):
            _empty(ledger)
        for table, names in missing.items():
            for name in names:
                op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {ledger.added[table][name]}")
        if "kind" in missing.get("unit_rule", ()):
            op.execute(
                "ALTER TABLE unit_rule DROP CONSTRAINT IF EXISTS unit_rule_pkey,"
                f" ADD CONSTRAINT unit_rule_pkey PRIMARY KEY ({UNIT_RULE_KEY})"
            )
    for statement in ALWAYS:
        op.execute(statement)


def downgrade() -> None:
    """Nothing: the columns belong to 0002 and 0011."""


def _columns(connection: Any, table: str) -> set[str]:
    found = connection.execute(
        text(
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped"
        ),
        {"name": table},
    )
    return {row.attname for row in found}


def _empty(ledger: Ledger) -> None:
    """The rows are of another form; without a checkpoint the projector begins at the log's first event."""
    op.execute(f"DELETE FROM projection_rebuild WHERE projection = '{ledger.projection}'")
    op.execute(f"DELETE FROM projection_checkpoint WHERE projection = '{ledger.projection}'")
    for table in ledger.tables:
        op.execute(f"DELETE FROM {table}")
