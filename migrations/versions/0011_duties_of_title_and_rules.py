"""What is done around assets also says who holds the title in law, which certificates there are, and what is to be filed.

The notice board also says until when objections are to be answered, a unit's rules are of three kinds. These ledgers are
emptied, and the projector fills them from the log again.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RESET = """
DELETE FROM projection_rebuild WHERE projection IN ('asset_duties', 'notice_board', 'unit_duties');
DELETE FROM projection_checkpoint WHERE projection IN ('asset_duties', 'notice_board', 'unit_duties');
DELETE FROM asset_duty;
DELETE FROM public_notice;
DELETE FROM notice_task;
DELETE FROM notice_source;
DELETE FROM unit_rule;
DELETE FROM task_force;
DELETE FROM office_member;
DELETE FROM guidance_record;
"""

COLUMNS = """
ALTER TABLE asset_duty
    ADD COLUMN title_holders JSONB NOT NULL,
    ADD COLUMN ownership_certificates JSONB NOT NULL,
    ADD COLUMN title_certificates JSONB NOT NULL,
    ADD COLUMN filing_due VARCHAR COLLATE "C",
    ADD COLUMN filing_since DATE,
    ADD COLUMN management_rules JSONB NOT NULL;
COMMENT ON TABLE asset_duty IS '资产履责台账：每项资产一行，验收、指导、存档、清产核资、证书、备案、管护、养护';
COMMENT ON COLUMN asset_duty.title_holders IS '法律上的权利主体（集体经济组织等）';
COMMENT ON COLUMN asset_duty.ownership_certificates IS '确权书：各村编号';
COMMENT ON COLUMN asset_duty.title_certificates IS '产权证、不动产证及办理状态';
COMMENT ON COLUMN asset_duty.filing_due IS '待备案单位';
COMMENT ON COLUMN asset_duty.filing_since IS '应备案起始日期';
COMMENT ON COLUMN asset_duty.management_rules IS '产权人的资产管理制度：文号及施行日期';
ALTER TABLE unit_rule
    ADD COLUMN kind VARCHAR COLLATE "C" NOT NULL,
    ADD COLUMN pilot_since DATE,
    DROP CONSTRAINT unit_rule_pkey,
    ADD CONSTRAINT unit_rule_pkey PRIMARY KEY (county, organization, kind, topic, effective_from);
COMMENT ON TABLE unit_rule IS '单位管理制度：每个单位每类每个事项每个施行日期一行';
COMMENT ON COLUMN unit_rule.kind IS '制度类别';
COMMENT ON COLUMN unit_rule.pilot_since IS '据此启用激励试点的日期';
"""

BEFORE = """
ALTER TABLE asset_duty
    DROP COLUMN title_holders,
    DROP COLUMN ownership_certificates,
    DROP COLUMN title_certificates,
    DROP COLUMN filing_due,
    DROP COLUMN filing_since,
    DROP COLUMN management_rules;
COMMENT ON TABLE asset_duty IS '资产履责台账：每项资产一行，验收、指导、存档、清产核资、管护、养护';
ALTER TABLE unit_rule
    DROP CONSTRAINT unit_rule_pkey,
    DROP COLUMN kind,
    DROP COLUMN pilot_since,
    ADD CONSTRAINT unit_rule_pkey PRIMARY KEY (county, organization, topic, effective_from);
COMMENT ON TABLE unit_rule IS '单位监督管理制度：每个单位每个事项每个施行日期一行';
"""


def upgrade() -> None:
    """Empty the ledgers, add the columns."""
    _run(RESET + COLUMNS)


def downgrade() -> None:
    """Empty them again: the rows are of the newer version."""
    _run(RESET + BEFORE)


def _run(script: str) -> None:
    for statement in filter(None, map(str.strip, script.split(";"))):
        op.execute(statement)
