"""Procedures and the public notice board: their ledgers, empty; the projections fill them from the log."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE procedure_register (
    county VARCHAR COLLATE "C" NOT NULL,
    procedure VARCHAR COLLATE "C" NOT NULL,
    chain VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C" NOT NULL,
    subject_kind VARCHAR COLLATE "C" NOT NULL,
    subject VARCHAR COLLATE "C" NOT NULL,
    subject_sha256 VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    steps JSONB NOT NULL,
    done JSONB NOT NULL,
    completed JSONB NOT NULL,
    filings JSONB NOT NULL,
    ends JSONB NOT NULL,
    open_objections INTEGER NOT NULL,
    objected_step VARCHAR COLLATE "C",
    document_no VARCHAR COLLATE "C",
    returned_by VARCHAR COLLATE "C",
    return_reasons VARCHAR COLLATE "C",
    opened_on DATE NOT NULL,
    closed_on DATE,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT procedure_register_pkey PRIMARY KEY (county, procedure)
);
CREATE INDEX procedure_register_subject_idx ON procedure_register (county, subject);
COMMENT ON TABLE procedure_register IS '程序：每件一行，含进度';
COMMENT ON COLUMN procedure_register.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN procedure_register.procedure IS '程序编号';
COMMENT ON COLUMN procedure_register.chain IS '流程';
COMMENT ON COLUMN procedure_register.title IS '事项名称';
COMMENT ON COLUMN procedure_register.unit IS '启动单位';
COMMENT ON COLUMN procedure_register.subject_kind IS '事项类型';
COMMENT ON COLUMN procedure_register.subject IS '事项编号';
COMMENT ON COLUMN procedure_register.subject_sha256 IS '内容摘要';
COMMENT ON COLUMN procedure_register.state IS '状态：OPEN / COMPLETED / WITHDRAWN';
COMMENT ON COLUMN procedure_register.steps IS '步骤及其先后、办理单位';
COMMENT ON COLUMN procedure_register.done IS '各步骤已办理的单位';
COMMENT ON COLUMN procedure_register.completed IS '已完成步骤';
COMMENT ON COLUMN procedure_register.filings IS '待答复的备案：步骤、报送单位、备案机关、期限';
COMMENT ON COLUMN procedure_register.ends IS '公示步骤的期满日';
COMMENT ON COLUMN procedure_register.open_objections IS '未处理的异议数';
COMMENT ON COLUMN procedure_register.objected_step IS '有未处理异议的公示步骤';
COMMENT ON COLUMN procedure_register.document_no IS '决定（批复）文号';
COMMENT ON COLUMN procedure_register.returned_by IS '最近退回单位';
COMMENT ON COLUMN procedure_register.return_reasons IS '最近退回理由';
COMMENT ON COLUMN procedure_register.opened_on IS '启动日期';
COMMENT ON COLUMN procedure_register.closed_on IS '办结或撤回日期';
COMMENT ON COLUMN procedure_register.version IS '程序事件版本';
COMMENT ON COLUMN procedure_register.first_position IS '首个事件位置';
COMMENT ON COLUMN procedure_register.position IS '最近更新本行的事件位置';

CREATE TABLE procedure_task (
    county VARCHAR COLLATE "C" NOT NULL,
    procedure VARCHAR COLLATE "C" NOT NULL,
    step VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    act VARCHAR COLLATE "C" NOT NULL,
    step_name VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    since DATE NOT NULL,
    ready_on DATE,
    due_on DATE,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT procedure_task_pkey PRIMARY KEY (county, procedure, step, organization, act)
);
CREATE INDEX procedure_task_organization_idx ON procedure_task (county, organization, since);
COMMENT ON TABLE procedure_task IS '程序待办：每个单位每项待办一行';
COMMENT ON COLUMN procedure_task.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN procedure_task.procedure IS '程序编号';
COMMENT ON COLUMN procedure_task.step IS '步骤';
COMMENT ON COLUMN procedure_task.organization IS '待办单位';
COMMENT ON COLUMN procedure_task.act IS '待办事项：TAKE 办理步骤 / ANSWER 答复备案 / RESOLVE 处理异议';
COMMENT ON COLUMN procedure_task.step_name IS '步骤名称';
COMMENT ON COLUMN procedure_task.title IS '事项名称';
COMMENT ON COLUMN procedure_task.since IS '待办起始日期';
COMMENT ON COLUMN procedure_task.ready_on IS '最早可办日期（公示期满次日）';
COMMENT ON COLUMN procedure_task.due_on IS '办理期限';
COMMENT ON COLUMN procedure_task.first_position IS '成为待办的事件位置';
COMMENT ON COLUMN procedure_task.position IS '最近更新本行的事件位置';

CREATE TABLE public_notice (
    county VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    step VARCHAR COLLATE "C" NOT NULL,
    notice VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    body VARCHAR COLLATE "C" NOT NULL,
    chain VARCHAR COLLATE "C",
    stage VARCHAR COLLATE "C",
    asset VARCHAR COLLATE "C",
    unit VARCHAR COLLATE "C" NOT NULL,
    places JSONB NOT NULL,
    posted_on DATE NOT NULL,
    ends_on DATE,
    state VARCHAR COLLATE "C" NOT NULL,
    round INTEGER NOT NULL,
    objections INTEGER NOT NULL,
    open_objections INTEGER NOT NULL,
    suggestions INTEGER NOT NULL,
    answers JSONB NOT NULL,
    pending JSONB NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT public_notice_pkey PRIMARY KEY (county, source, step)
);
CREATE UNIQUE INDEX public_notice_notice_idx ON public_notice (county, notice);
CREATE INDEX public_notice_posted_idx ON public_notice (county, posted_on);
COMMENT ON TABLE public_notice IS '公示公告栏：每项公示一行，可公开查询';
COMMENT ON COLUMN public_notice.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN public_notice.source IS '来源：程序或公告的事件流';
COMMENT ON COLUMN public_notice.step IS '程序的公示步骤；公告为空';
COMMENT ON COLUMN public_notice.notice IS '公示编号';
COMMENT ON COLUMN public_notice.kind IS 'PROCEDURE 程序公示 / ANNOUNCEMENT 公告公开';
COMMENT ON COLUMN public_notice.title IS '标题';
COMMENT ON COLUMN public_notice.body IS '公示内容，个人号码已隐去';
COMMENT ON COLUMN public_notice.chain IS '流程';
COMMENT ON COLUMN public_notice.stage IS '公告环节';
COMMENT ON COLUMN public_notice.asset IS '资产编号';
COMMENT ON COLUMN public_notice.unit IS '公示单位';
COMMENT ON COLUMN public_notice.places IS '公示地点与日期';
COMMENT ON COLUMN public_notice.posted_on IS '首次张贴日期';
COMMENT ON COLUMN public_notice.ends_on IS '公示期满日（24:00）';
COMMENT ON COLUMN public_notice.state IS 'OPEN 公示中 / COMPLETED 期满无异议 / RETURNED 退回重办 / WITHDRAWN 撤回 / PUBLISHED 已公开';
COMMENT ON COLUMN public_notice.round IS '第几次公示';
COMMENT ON COLUMN public_notice.objections IS '异议数';
COMMENT ON COLUMN public_notice.open_objections IS '未处理的异议数';
COMMENT ON COLUMN public_notice.suggestions IS '意见建议数';
COMMENT ON COLUMN public_notice.answers IS '已处理的异议及答复';
COMMENT ON COLUMN public_notice.pending IS '未答复异议的内容，不公开';
COMMENT ON COLUMN public_notice.first_position IS '首个事件位置';
COMMENT ON COLUMN public_notice.position IS '最近更新本行的事件位置';

CREATE TABLE notice_source (
    county VARCHAR COLLATE "C" NOT NULL,
    source VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    chain VARCHAR COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT notice_source_pkey PRIMARY KEY (county, source)
);
COMMENT ON TABLE notice_source IS '程序名称，供其公示使用';
COMMENT ON COLUMN notice_source.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN notice_source.source IS '程序的事件流';
COMMENT ON COLUMN notice_source.title IS '事项名称';
COMMENT ON COLUMN notice_source.chain IS '流程';
COMMENT ON COLUMN notice_source.position IS '最近更新本行的事件位置';

CREATE TABLE notice_task (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    stage VARCHAR COLLATE "C" NOT NULL,
    reference VARCHAR COLLATE "C" NOT NULL,
    units JSONB NOT NULL,
    since DATE NOT NULL,
    notice VARCHAR COLLATE "C",
    posted_on DATE,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT notice_task_pkey PRIMARY KEY (county, asset, stage, reference)
);
COMMENT ON TABLE notice_task IS '应公开事项：每项一行，公布前为待办（三(五)）';
COMMENT ON COLUMN notice_task.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN notice_task.asset IS '资产编号';
COMMENT ON COLUMN notice_task.stage IS '环节：OWNERSHIP 确权 / CONTRACT 经营合同 / INCOME_USE 收益使用';
COMMENT ON COLUMN notice_task.reference IS '合同或分配方案编号';
COMMENT ON COLUMN notice_task.units IS '应公布的单位';
COMMENT ON COLUMN notice_task.since IS '应公布起始日期';
COMMENT ON COLUMN notice_task.notice IS '已公布的公示编号';
COMMENT ON COLUMN notice_task.posted_on IS '公布日期';
COMMENT ON COLUMN notice_task.first_position IS '首个事件位置';
COMMENT ON COLUMN notice_task.position IS '最近更新本行的事件位置';
"""

TABLE_NAMES = (
    "procedure_register",
    "procedure_task",
    "public_notice",
    "notice_source",
    "notice_task",
)

GRANTS = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(TABLE_NAMES)} TO taizhang_writer;
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the ledgers, empty."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the ledgers; the log is not touched."""
    connection = op.get_bind()
    for name in TABLE_NAMES:
        connection.exec_driver_sql(f"DROP TABLE {name}")
