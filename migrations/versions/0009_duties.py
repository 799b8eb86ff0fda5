"""Ledgers of duties: external entries, risks, what is done and due around assets, what units have in place.

The household register says more than before; it is emptied, and the projector fills it from the log again.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE external_entry (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    system VARCHAR COLLATE "C" NOT NULL,
    holding VARCHAR COLLATE "C" NOT NULL,
    owners JSONB NOT NULL,
    entered_by JSONB NOT NULL,
    after_stocktake BOOLEAN NOT NULL,
    rule_gap BOOLEAN NOT NULL,
    opened_on DATE NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    ref_no VARCHAR COLLATE "C",
    entered_on DATE,
    recorded_by VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT external_entry_pkey PRIMARY KEY (county, asset, system)
);
CREATE INDEX external_entry_state_idx ON external_entry (county, state, system);
COMMENT ON TABLE external_entry IS '外部系统录入跟踪：每项资产每个系统一行';
COMMENT ON COLUMN external_entry.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN external_entry.asset IS '资产编号';
COMMENT ON COLUMN external_entry.system IS '系统';
COMMENT ON COLUMN external_entry.holding IS '资产类别：ASSET 扶贫资产 / HOUSEHOLD 到户资产';
COMMENT ON COLUMN external_entry.owners IS '所有权人';
COMMENT ON COLUMN external_entry.entered_by IS '录入单位';
COMMENT ON COLUMN external_entry.after_stocktake IS '是否须先清产核资';
COMMENT ON COLUMN external_entry.rule_gap IS '是否文件未明确';
COMMENT ON COLUMN external_entry.opened_on IS '应录入起始日期';
COMMENT ON COLUMN external_entry.state IS '状态：OPEN 未录入 / CLOSED 已录入 / LAPSED 不再需要';
COMMENT ON COLUMN external_entry.ref_no IS '回执编号';
COMMENT ON COLUMN external_entry.entered_on IS '录入日期';
COMMENT ON COLUMN external_entry.recorded_by IS '登记单位';
COMMENT ON COLUMN external_entry.position IS '最近更新本行的事件位置';
CREATE TABLE asset_risk (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    flagged_on DATE NOT NULL,
    reason VARCHAR COLLATE "C",
    cleared_on DATE,
    clearance VARCHAR COLLATE "C",
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_risk_pkey PRIMARY KEY (county, asset, kind, first_position)
);
CREATE INDEX asset_risk_kind_idx ON asset_risk (county, kind, cleared_on);
COMMENT ON TABLE asset_risk IS '资产风险：每次风险标记一行，含已解除的';
COMMENT ON COLUMN asset_risk.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_risk.asset IS '资产编号';
COMMENT ON COLUMN asset_risk.kind IS '风险种类：IDLE / WASTED / LOST / DAMAGED / TITLE_UNCLEAR';
COMMENT ON COLUMN asset_risk.flagged_on IS '发现日期';
COMMENT ON COLUMN asset_risk.reason IS '发现说明';
COMMENT ON COLUMN asset_risk.cleared_on IS '解除日期';
COMMENT ON COLUMN asset_risk.clearance IS '解除说明';
COMMENT ON COLUMN asset_risk.first_position IS '发现事件位置';
COMMENT ON COLUMN asset_risk.position IS '最近更新本行的事件位置';
CREATE TABLE asset_duty (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    accepted_on DATE,
    registered_on DATE NOT NULL,
    guiding_department VARCHAR COLLATE "C",
    co_guiding JSONB NOT NULL,
    guidance_gap BOOLEAN NOT NULL,
    document_kinds JSONB NOT NULL,
    stocktake VARCHAR COLLATE "C",
    verified_on DATE,
    custody_on DATE,
    maintenance_starts_on DATE,
    maintenance_interval_days INTEGER,
    maintenance_content VARCHAR COLLATE "C",
    maintained_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT asset_duty_pkey PRIMARY KEY (county, asset)
);
CREATE INDEX asset_duty_guiding_idx ON asset_duty (county, guiding_department, asset);
COMMENT ON TABLE asset_duty IS '资产履责台账：每项资产一行，验收、指导、存档、清产核资、管护、养护';
COMMENT ON COLUMN asset_duty.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_duty.asset IS '资产编号';
COMMENT ON COLUMN asset_duty.accepted_on IS '竣工验收日期';
COMMENT ON COLUMN asset_duty.registered_on IS '登记日期';
COMMENT ON COLUMN asset_duty.guiding_department IS '管理指导部门';
COMMENT ON COLUMN asset_duty.co_guiding IS '协同指导部门';
COMMENT ON COLUMN asset_duty.guidance_gap IS '管理指导部门是否文件未明确';
COMMENT ON COLUMN asset_duty.document_kinds IS '已存档的资料种类';
COMMENT ON COLUMN asset_duty.stocktake IS '清产核资编号';
COMMENT ON COLUMN asset_duty.verified_on IS '清产核资核实日期';
COMMENT ON COLUMN asset_duty.custody_on IS '落实管护日期';
COMMENT ON COLUMN asset_duty.maintenance_starts_on IS '养护计划起始日期';
COMMENT ON COLUMN asset_duty.maintenance_interval_days IS '养护间隔（天）';
COMMENT ON COLUMN asset_duty.maintenance_content IS '计划养护内容';
COMMENT ON COLUMN asset_duty.maintained_on IS '最近养护日期';
COMMENT ON COLUMN asset_duty.position IS '最近更新本行的事件位置';
CREATE TABLE unit_rule (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    topic VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    document_no VARCHAR COLLATE "C" NOT NULL,
    effective_from DATE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT unit_rule_pkey PRIMARY KEY (county, organization, topic, effective_from)
);
COMMENT ON TABLE unit_rule IS '单位监督管理制度：每个单位每个事项每个施行日期一行';
COMMENT ON COLUMN unit_rule.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN unit_rule.organization IS '单位编号';
COMMENT ON COLUMN unit_rule.topic IS '事项';
COMMENT ON COLUMN unit_rule.title IS '制度名称';
COMMENT ON COLUMN unit_rule.document_no IS '文号';
COMMENT ON COLUMN unit_rule.effective_from IS '施行日期';
COMMENT ON COLUMN unit_rule.position IS '最近更新本行的事件位置';
CREATE TABLE task_force (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    document_no VARCHAR COLLATE "C" NOT NULL,
    established_on DATE NOT NULL,
    members JSONB NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT task_force_pkey PRIMARY KEY (county, organization)
);
COMMENT ON TABLE task_force IS '资产管理专班';
COMMENT ON COLUMN task_force.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN task_force.organization IS '单位编号';
COMMENT ON COLUMN task_force.document_no IS '成立文号';
COMMENT ON COLUMN task_force.established_on IS '成立日期';
COMMENT ON COLUMN task_force.members IS '成员及任期';
COMMENT ON COLUMN task_force.position IS '最近更新本行的事件位置';
CREATE TABLE office_member (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    members JSONB NOT NULL,
    document_no VARCHAR COLLATE "C" NOT NULL,
    named_on DATE NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT office_member_pkey PRIMARY KEY (county, organization)
);
COMMENT ON TABLE office_member IS '资产管理办公室成员单位';
COMMENT ON COLUMN office_member.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN office_member.organization IS '单位编号';
COMMENT ON COLUMN office_member.members IS '成员单位';
COMMENT ON COLUMN office_member.document_no IS '文号';
COMMENT ON COLUMN office_member.named_on IS '明确日期';
COMMENT ON COLUMN office_member.position IS '最近更新本行的事件位置';
CREATE TABLE guidance_record (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    guidance VARCHAR COLLATE "C" NOT NULL,
    guided VARCHAR COLLATE "C" NOT NULL,
    topic VARCHAR COLLATE "C" NOT NULL,
    given_on DATE NOT NULL,
    follow_up VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT guidance_record_pkey PRIMARY KEY (county, organization, guidance)
);
COMMENT ON TABLE guidance_record IS '管理指导记录';
COMMENT ON COLUMN guidance_record.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN guidance_record.organization IS '指导单位';
COMMENT ON COLUMN guidance_record.guidance IS '指导记录编号';
COMMENT ON COLUMN guidance_record.guided IS '被指导单位';
COMMENT ON COLUMN guidance_record.topic IS '指导内容';
COMMENT ON COLUMN guidance_record.given_on IS '指导日期';
COMMENT ON COLUMN guidance_record.follow_up IS '后续要求';
COMMENT ON COLUMN guidance_record.position IS '最近更新本行的事件位置';
CREATE TABLE household_ledger (
    county VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C" NOT NULL,
    township VARCHAR COLLATE "C" NOT NULL,
    pushed_on DATE NOT NULL,
    pushed_rows INTEGER NOT NULL,
    sha256 VARCHAR COLLATE "C" NOT NULL,
    acknowledged_on DATE,
    open_requests JSONB NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT household_ledger_pkey PRIMARY KEY (county, village)
);
COMMENT ON TABLE household_ledger IS '到户资产台账的推送与确认：每村一行';
COMMENT ON COLUMN household_ledger.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN household_ledger.village IS '村';
COMMENT ON COLUMN household_ledger.township IS '推送单位';
COMMENT ON COLUMN household_ledger.pushed_on IS '推送日期';
COMMENT ON COLUMN household_ledger.pushed_rows IS '台账行数';
COMMENT ON COLUMN household_ledger.sha256 IS '台账摘要';
COMMENT ON COLUMN household_ledger.acknowledged_on IS '村确认日期';
COMMENT ON COLUMN household_ledger.open_requests IS '待处理的更正申请';
COMMENT ON COLUMN household_ledger.position IS '最近更新本行的事件位置';
"""

RESET = """
DELETE FROM projection_rebuild WHERE projection = 'household_register';
DELETE FROM projection_checkpoint WHERE projection = 'household_register';
DELETE FROM household_register;
"""

HOUSEHOLD = """
ALTER TABLE household_register
    ADD COLUMN remaining NUMERIC(14, 3) NOT NULL,
    ADD COLUMN lead_department VARCHAR COLLATE "C",
    ADD COLUMN confirmed_on DATE,
    ADD COLUMN entrustment VARCHAR COLLATE "C",
    ADD COLUMN operator VARCHAR COLLATE "C",
    ADD COLUMN entrusted_on DATE,
    ADD COLUMN entrusted_until DATE,
    ADD COLUMN yearly_return BIGINT,
    ADD COLUMN inspecting_department VARCHAR COLLATE "C",
    ADD COLUMN absent_since DATE,
    ADD COLUMN closed_on DATE,
    ADD COLUMN closing_reason VARCHAR COLLATE "C",
    ADD COLUMN documents INTEGER NOT NULL,
    ADD COLUMN corrections INTEGER NOT NULL;
COMMENT ON COLUMN household_register.remaining IS '现有数量';
COMMENT ON COLUMN household_register.lead_department IS '牵头部门';
COMMENT ON COLUMN household_register.confirmed_on IS '确权到户日期';
COMMENT ON COLUMN household_register.entrustment IS '集中委托编号';
COMMENT ON COLUMN household_register.operator IS '受托经营主体';
COMMENT ON COLUMN household_register.entrusted_on IS '委托起始日期';
COMMENT ON COLUMN household_register.entrusted_until IS '委托终止日期';
COMMENT ON COLUMN household_register.yearly_return IS '委托年收益（分）';
COMMENT ON COLUMN household_register.inspecting_department IS '监督检查部门';
COMMENT ON COLUMN household_register.absent_since IS '检查发现不在、待核实的日期';
COMMENT ON COLUMN household_register.closed_on IS '注销日期';
COMMENT ON COLUMN household_register.closing_reason IS '注销原因';
COMMENT ON COLUMN household_register.documents IS '存档资料件数';
COMMENT ON COLUMN household_register.corrections IS '更正次数';
"""

HOUSEHOLD_BEFORE = """
ALTER TABLE household_register
    DROP COLUMN remaining,
    DROP COLUMN lead_department,
    DROP COLUMN confirmed_on,
    DROP COLUMN entrustment,
    DROP COLUMN operator,
    DROP COLUMN entrusted_on,
    DROP COLUMN entrusted_until,
    DROP COLUMN yearly_return,
    DROP COLUMN inspecting_department,
    DROP COLUMN absent_since,
    DROP COLUMN closed_on,
    DROP COLUMN closing_reason,
    DROP COLUMN documents,
    DROP COLUMN corrections;
"""

TABLE_NAMES = (
    "external_entry",
    "asset_risk",
    "asset_duty",
    "unit_rule",
    "task_force",
    "office_member",
    "guidance_record",
    "household_ledger",
)

GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(TABLE_NAMES)} TO taizhang_writer;
    END IF;
END $$
"""


def _run(script: str) -> None:
    connection = op.get_bind()
    for statement in script.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def upgrade() -> None:
    """Create the ledgers, empty, and widen the household register."""
    _run(TABLES)
    _run(RESET)
    _run(HOUSEHOLD)
    op.get_bind().exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the ledgers and what the household register said in addition; the log is not touched."""
    for name in TABLE_NAMES:
        op.get_bind().exec_driver_sql(f"DROP TABLE {name}")
    _run(RESET)
    _run(HOUSEHOLD_BEFORE)
