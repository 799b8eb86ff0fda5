"""The ledgers: one table or more per projection, their checkpoints, and the schemas a rebuild works in.

Everything here can be rebuilt from the log. Shadow and previous tables live in schemas of their own, under the same
names: a swap moves tables between schemas and renames nothing. Where the migrating user may not create schemas,
rebuilds are refused until an administrator has created them; all else works.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE projection_checkpoint (
    county VARCHAR COLLATE "C" NOT NULL,
    projection VARCHAR COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    position BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    holder VARCHAR COLLATE "C",
    lease_until TIMESTAMP WITH TIME ZONE,
    state VARCHAR COLLATE "C" NOT NULL,
    error JSONB,
    rate INTEGER DEFAULT 0 NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT projection_checkpoint_pkey PRIMARY KEY (county, projection)
)
 WITH (fillfactor = 20);
COMMENT ON TABLE projection_checkpoint IS '各县各台账处理到哪一个事件，由谁处理';
COMMENT ON COLUMN projection_checkpoint.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN projection_checkpoint.projection IS '台账（投影）名称';
COMMENT ON COLUMN projection_checkpoint.version IS '写入这些行的投影版本';
COMMENT ON COLUMN projection_checkpoint.position IS '已处理到的事件位置；与台账行在同一事务中前移';
COMMENT ON COLUMN projection_checkpoint.epoch IS '任期：每次换手加一，旧任期不能再提交';
COMMENT ON COLUMN projection_checkpoint.holder IS '当前执行者';
COMMENT ON COLUMN projection_checkpoint.lease_until IS '租约到期时间';
COMMENT ON COLUMN projection_checkpoint.state IS 'RUNNING 运行 / HALTED 因错误事件停止';
COMMENT ON COLUMN projection_checkpoint.error IS '停止原因：位置、事件类型、说明';
COMMENT ON COLUMN projection_checkpoint.rate IS '前一批的处理速度（事件/秒）';
COMMENT ON COLUMN projection_checkpoint.updated_at IS '最近前移时间';

CREATE TABLE projection_rebuild (
    projection VARCHAR COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    positions JSONB NOT NULL,
    epoch BIGINT NOT NULL,
    holder VARCHAR COLLATE "C",
    lease_until TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT projection_rebuild_pkey PRIMARY KEY (projection)
);
COMMENT ON TABLE projection_rebuild IS '正在进行的台账重建；中断后从此处继续';
COMMENT ON COLUMN projection_rebuild.projection IS '台账（投影）名称';
COMMENT ON COLUMN projection_rebuild.version IS '正在重建的投影版本';
COMMENT ON COLUMN projection_rebuild.positions IS '各县影子表已处理到的事件位置';
COMMENT ON COLUMN projection_rebuild.epoch IS '任期：每次换手加一，旧任期不能再提交';
COMMENT ON COLUMN projection_rebuild.holder IS '执行者';
COMMENT ON COLUMN projection_rebuild.lease_until IS '租约到期时间';
COMMENT ON COLUMN projection_rebuild.started_at IS '开始时间';
COMMENT ON COLUMN projection_rebuild.updated_at IS '最近前移时间';

CREATE TABLE asset_register (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    asset_name VARCHAR COLLATE "C" NOT NULL,
    asset_content VARCHAR COLLATE "C" NOT NULL,
    asset_class VARCHAR COLLATE "C" NOT NULL,
    subclass VARCHAR COLLATE "C",
    asset_type VARCHAR COLLATE "C" NOT NULL,
    construction_start DATE,
    completion_date DATE NOT NULL,
    completion_year INTEGER NOT NULL,
    useful_life_years INTEGER,
    quantity NUMERIC(14, 3) NOT NULL,
    unit_of_measure VARCHAR COLLATE "C" NOT NULL,
    items JSONB NOT NULL,
    original_value BIGINT NOT NULL,
    funding_lines JSONB NOT NULL,
    scope VARCHAR COLLATE "C" NOT NULL,
    location VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C",
    township VARCHAR COLLATE "C",
    project_code VARCHAR COLLATE "C",
    project_name VARCHAR COLLATE "C",
    project_scope VARCHAR COLLATE "C" NOT NULL,
    implementer VARCHAR COLLATE "C" NOT NULL,
    implementer_kind VARCHAR COLLATE "C" NOT NULL,
    remarks VARCHAR COLLATE "C",
    registration VARCHAR COLLATE "C" NOT NULL,
    title VARCHAR COLLATE "C" NOT NULL,
    operation VARCHAR COLLATE "C" NOT NULL,
    contract VARCHAR COLLATE "C" NOT NULL,
    custody VARCHAR COLLATE "C" NOT NULL,
    disposal VARCHAR COLLATE "C" NOT NULL,
    owners JSONB NOT NULL,
    owner_kind VARCHAR COLLATE "C",
    ownership_rule VARCHAR COLLATE "C",
    regime VARCHAR COLLATE "C",
    user_right_holder VARCHAR COLLATE "C",
    income_right_holders JSONB NOT NULL,
    confirmed_on DATE,
    open_transfers INTEGER NOT NULL,
    booked BOOLEAN NOT NULL,
    booked_amount BIGINT NOT NULL,
    bookings JSONB NOT NULL,
    accumulated_depreciation BIGINT NOT NULL,
    depreciated_through INTEGER,
    net_book_value BIGINT NOT NULL,
    operator VARCHAR COLLATE "C",
    operator_name VARCHAR COLLATE "C",
    operating_mode VARCHAR COLLATE "C",
    contract_code VARCHAR COLLATE "C",
    contract_starts_on DATE,
    contract_ends_on DATE,
    annual_income BIGINT,
    contracts JSONB NOT NULL,
    income_received BIGINT NOT NULL,
    income_distributed BIGINT NOT NULL,
    custody_provisional BOOLEAN NOT NULL,
    custodian VARCHAR COLLATE "C",
    responsible_unit VARCHAR COLLATE "C",
    first_responsible_unit VARCHAR COLLATE "C",
    first_responsible_post VARCHAR COLLATE "C",
    duties JSONB NOT NULL,
    supervision JSONB NOT NULL,
    open_cases JSONB NOT NULL,
    in_use_since DATE,
    last_status_on DATE,
    last_maintenance_on DATE,
    maintenance_cost BIGINT NOT NULL,
    open_risks JSONB NOT NULL,
    disposals JSONB NOT NULL,
    disposed_on DATE,
    disposal_kind VARCHAR COLLATE "C",
    disposal_price BIGINT,
    disposal_proceeds BIGINT NOT NULL,
    documents INTEGER NOT NULL,
    corrections INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    registered_on DATE NOT NULL,
    last_occurred_on DATE NOT NULL,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_register_pkey PRIMARY KEY (county, asset)
);
CREATE INDEX asset_register_class_idx ON asset_register (county, asset_class, asset_type, asset);
CREATE INDEX asset_register_township_idx ON asset_register (county, township, asset);
CREATE INDEX asset_register_village_idx ON asset_register (county, village, asset);
COMMENT ON TABLE asset_register IS '资产台账：每项纳入登记的资产一行';
COMMENT ON COLUMN asset_register.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_register.asset IS '资产编号';
COMMENT ON COLUMN asset_register.asset_name IS '资产名称';
COMMENT ON COLUMN asset_register.asset_content IS '资产内容';
COMMENT ON COLUMN asset_register.asset_class IS '类别：PUBLIC_WELFARE 公益类 / OPERATING 经营类';
COMMENT ON COLUMN asset_register.subclass IS '子类';
COMMENT ON COLUMN asset_register.asset_type IS '类型';
COMMENT ON COLUMN asset_register.construction_start IS '开工时间';
COMMENT ON COLUMN asset_register.completion_date IS '建设时间（完工时间）';
COMMENT ON COLUMN asset_register.completion_year IS '完工年度';
COMMENT ON COLUMN asset_register.useful_life_years IS '预计使用年限（年）';
COMMENT ON COLUMN asset_register.quantity IS '数量';
COMMENT ON COLUMN asset_register.unit_of_measure IS '单位';
COMMENT ON COLUMN asset_register.items IS '清单';
COMMENT ON COLUMN asset_register.original_value IS '原始价值（分）';
COMMENT ON COLUMN asset_register.funding_lines IS '资金来源构成，金额为分';
COMMENT ON COLUMN asset_register.scope IS '是否纳入管理范围：IN / OUT';
COMMENT ON COLUMN asset_register.location IS '所在地区划代码';
COMMENT ON COLUMN asset_register.village IS '所在村（12位）';
COMMENT ON COLUMN asset_register.township IS '所在乡镇（12位）';
COMMENT ON COLUMN asset_register.project_code IS '项目编号';
COMMENT ON COLUMN asset_register.project_name IS '项目名称';
COMMENT ON COLUMN asset_register.project_scope IS '项目范围';
COMMENT ON COLUMN asset_register.implementer IS '项目实施单位';
COMMENT ON COLUMN asset_register.implementer_kind IS '实施单位类型';
COMMENT ON COLUMN asset_register.remarks IS '备注';
COMMENT ON COLUMN asset_register.registration IS '登记状态：REGISTERED / BOOKED';
COMMENT ON COLUMN asset_register.title IS '权属状态：UNCONFIRMED / CONFIRMED / DISPUTED';
COMMENT ON COLUMN asset_register.operation IS '使用状况';
COMMENT ON COLUMN asset_register.contract IS '合同状态：NONE / ACTIVE / HOLDOVER / EXPIRED / TERMINATED';
COMMENT ON COLUMN asset_register.custody IS '管护状态：NONE / PROVISIONAL / ASSIGNED / IN_HANDOVER';
COMMENT ON COLUMN asset_register.disposal IS '处置状态';
COMMENT ON COLUMN asset_register.owners IS '所有权人及份额（分）';
COMMENT ON COLUMN asset_register.owner_kind IS '所有权人类型';
COMMENT ON COLUMN asset_register.ownership_rule IS '确权依据规则';
COMMENT ON COLUMN asset_register.regime IS '会计制度';
COMMENT ON COLUMN asset_register.user_right_holder IS '使用权人';
COMMENT ON COLUMN asset_register.income_right_holders IS '收益权人及份额（分）';
COMMENT ON COLUMN asset_register.confirmed_on IS '确权日期';
COMMENT ON COLUMN asset_register.open_transfers IS '未完成的资产移交件数';
COMMENT ON COLUMN asset_register.booked IS '是否已入账';
COMMENT ON COLUMN asset_register.booked_amount IS '已入账金额（分）';
COMMENT ON COLUMN asset_register.bookings IS '各单位入账金额（分）';
COMMENT ON COLUMN asset_register.accumulated_depreciation IS '累计折旧（分）';
COMMENT ON COLUMN asset_register.depreciated_through IS '折旧计提至年度';
COMMENT ON COLUMN asset_register.net_book_value IS '净值（分）';
COMMENT ON COLUMN asset_register.operator IS '经营主体';
COMMENT ON COLUMN asset_register.operator_name IS '经营主体名称';
COMMENT ON COLUMN asset_register.operating_mode IS '经营方式';
COMMENT ON COLUMN asset_register.contract_code IS '现行合同编号';
COMMENT ON COLUMN asset_register.contract_starts_on IS '合同起始日期';
COMMENT ON COLUMN asset_register.contract_ends_on IS '合同终止日期';
COMMENT ON COLUMN asset_register.annual_income IS '合同年收益（分）';
COMMENT ON COLUMN asset_register.contracts IS '全部合同及状态，金额为分';
COMMENT ON COLUMN asset_register.income_received IS '累计收益（分）';
COMMENT ON COLUMN asset_register.income_distributed IS '累计分配（分）';
COMMENT ON COLUMN asset_register.custody_provisional IS '是否临时管护';
COMMENT ON COLUMN asset_register.custodian IS '管护主体';
COMMENT ON COLUMN asset_register.responsible_unit IS '管理责任单位';
COMMENT ON COLUMN asset_register.first_responsible_unit IS '管护第一责任人所在单位';
COMMENT ON COLUMN asset_register.first_responsible_post IS '管护第一责任人职务';
COMMENT ON COLUMN asset_register.duties IS '具体责任人';
COMMENT ON COLUMN asset_register.supervision IS '监管单位及第一监管责任人';
COMMENT ON COLUMN asset_register.open_cases IS '未完成的离任交接';
COMMENT ON COLUMN asset_register.in_use_since IS '投入使用日期';
COMMENT ON COLUMN asset_register.last_status_on IS '最近状况报告日期';
COMMENT ON COLUMN asset_register.last_maintenance_on IS '最近养护日期';
COMMENT ON COLUMN asset_register.maintenance_cost IS '累计养护费用（分）';
COMMENT ON COLUMN asset_register.open_risks IS '未解除的风险及发现日期';
COMMENT ON COLUMN asset_register.disposals IS '全部处置程序及状态，金额为分';
COMMENT ON COLUMN asset_register.disposed_on IS '处置日期';
COMMENT ON COLUMN asset_register.disposal_kind IS '处置方式';
COMMENT ON COLUMN asset_register.disposal_price IS '处置价款（分）';
COMMENT ON COLUMN asset_register.disposal_proceeds IS '处置所得（分）';
COMMENT ON COLUMN asset_register.documents IS '存档资料件数';
COMMENT ON COLUMN asset_register.corrections IS '更正次数';
COMMENT ON COLUMN asset_register.warnings IS '提醒条数';
COMMENT ON COLUMN asset_register.findings IS '历史数据检查发现条数';
COMMENT ON COLUMN asset_register.registered_on IS '登记日期';
COMMENT ON COLUMN asset_register.last_occurred_on IS '最近业务日期';
COMMENT ON COLUMN asset_register.version IS '资产事件版本';
COMMENT ON COLUMN asset_register.first_position IS '首个事件位置';
COMMENT ON COLUMN asset_register.position IS '最近更新本行的事件位置';

CREATE TABLE asset_share (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    party VARCHAR COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    income_amount BIGINT NOT NULL,
    owner_kind VARCHAR COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_share_pkey PRIMARY KEY (county, asset, party)
);
CREATE INDEX asset_share_party_idx ON asset_share (county, party, asset);
COMMENT ON TABLE asset_share IS '资产份额：每项资产每个权利人一行，所有权份额之和等于原始价值';
COMMENT ON COLUMN asset_share.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_share.asset IS '资产编号';
COMMENT ON COLUMN asset_share.party IS '权利人';
COMMENT ON COLUMN asset_share.amount IS '所有权份额（分）';
COMMENT ON COLUMN asset_share.income_amount IS '收益权份额（分）';
COMMENT ON COLUMN asset_share.owner_kind IS '所有权人类型';
COMMENT ON COLUMN asset_share.position IS '最近更新本行的事件位置';

CREATE TABLE asset_timeline (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    stream VARCHAR COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    type VARCHAR COLLATE "C" NOT NULL,
    occurred_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor VARCHAR COLLATE "C" NOT NULL,
    actor_organization VARCHAR COLLATE "C",
    warnings INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT asset_timeline_pkey PRIMARY KEY (county, asset, position)
);
CREATE INDEX asset_timeline_position_idx ON asset_timeline (county, position);
COMMENT ON TABLE asset_timeline IS '资产履历：每项资产每个事件一行；事件内容在日志中';
COMMENT ON COLUMN asset_timeline.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN asset_timeline.asset IS '资产编号';
COMMENT ON COLUMN asset_timeline.stream IS '事件流';
COMMENT ON COLUMN asset_timeline.version IS '流内版本';
COMMENT ON COLUMN asset_timeline.type IS '事件类型';
COMMENT ON COLUMN asset_timeline.occurred_on IS '业务日期';
COMMENT ON COLUMN asset_timeline.recorded_at IS '记录时间';
COMMENT ON COLUMN asset_timeline.actor IS '操作者';
COMMENT ON COLUMN asset_timeline.actor_organization IS '操作者单位';
COMMENT ON COLUMN asset_timeline.warnings IS '提醒条数';
COMMENT ON COLUMN asset_timeline.findings IS '历史数据检查发现条数';
COMMENT ON COLUMN asset_timeline.position IS '最近更新本行的事件位置';

CREATE TABLE division (
    county VARCHAR COLLATE "C" NOT NULL,
    division VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    level VARCHAR COLLATE "C" NOT NULL,
    parent VARCHAR COLLATE "C",
    valid_from DATE NOT NULL,
    successor VARCHAR COLLATE "C",
    closed_on DATE,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT division_pkey PRIMARY KEY (county, division)
);
CREATE INDEX division_parent_idx ON division (county, parent);
COMMENT ON TABLE division IS '行政区划及其沿革';
COMMENT ON COLUMN division.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN division.division IS '区划代码';
COMMENT ON COLUMN division.name IS '名称';
COMMENT ON COLUMN division.level IS '级别';
COMMENT ON COLUMN division.parent IS '上级区划';
COMMENT ON COLUMN division.valid_from IS '生效日期';
COMMENT ON COLUMN division.successor IS '后继区划';
COMMENT ON COLUMN division.closed_on IS '由后继区划取代的日期';
COMMENT ON COLUMN division.first_position IS '首个事件位置';
COMMENT ON COLUMN division.position IS '最近更新本行的事件位置';

CREATE TABLE organization (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    division VARCHAR COLLATE "C",
    superior VARCHAR COLLATE "C",
    valid_from DATE NOT NULL,
    successor VARCHAR COLLATE "C",
    closed_on DATE,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT organization_pkey PRIMARY KEY (county, organization)
);
COMMENT ON TABLE organization IS '单位及其沿革';
COMMENT ON COLUMN organization.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN organization.organization IS '单位编号';
COMMENT ON COLUMN organization.name IS '单位名称';
COMMENT ON COLUMN organization.kind IS '单位类型';
COMMENT ON COLUMN organization.division IS '所在区划';
COMMENT ON COLUMN organization.superior IS '上级主管单位';
COMMENT ON COLUMN organization.valid_from IS '生效日期';
COMMENT ON COLUMN organization.successor IS '后继单位';
COMMENT ON COLUMN organization.closed_on IS '由后继单位承接的日期';
COMMENT ON COLUMN organization.first_position IS '首个事件位置';
COMMENT ON COLUMN organization.position IS '最近更新本行的事件位置';

CREATE TABLE tenure (
    county VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    post VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    since DATE NOT NULL,
    until DATE,
    document_no VARCHAR COLLATE "C" NOT NULL,
    reason VARCHAR COLLATE "C",
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT tenure_pkey PRIMARY KEY (county, organization, post, person, since, first_position)
);
CREATE INDEX tenure_person_idx ON tenure (county, person);
COMMENT ON TABLE tenure IS '任职：某人在某单位某职务的起止日期';
COMMENT ON COLUMN tenure.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN tenure.organization IS '单位编号';
COMMENT ON COLUMN tenure.post IS '职务';
COMMENT ON COLUMN tenure.person IS '人员编号';
COMMENT ON COLUMN tenure.since IS '任职日期';
COMMENT ON COLUMN tenure.until IS '离任日期（含当日）';
COMMENT ON COLUMN tenure.document_no IS '任职文号';
COMMENT ON COLUMN tenure.reason IS '离任原因';
COMMENT ON COLUMN tenure.first_position IS '任职事件位置';
COMMENT ON COLUMN tenure.position IS '最近更新本行的事件位置';

CREATE TABLE person (
    county VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    name VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    clearance VARCHAR COLLATE "C",
    leaving VARCHAR COLLATE "C",
    left_on DATE,
    position BIGINT NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (county, person)
);
COMMENT ON TABLE person IS '人员';
COMMENT ON COLUMN person.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN person.person IS '人员编号';
COMMENT ON COLUMN person.name IS '姓名';
COMMENT ON COLUMN person.organization IS '所在单位';
COMMENT ON COLUMN person.clearance IS '有效的移交证明编号';
COMMENT ON COLUMN person.leaving IS '离任手续或事实';
COMMENT ON COLUMN person.left_on IS '办理或发生日期';
COMMENT ON COLUMN person.position IS '最近更新本行的事件位置';

CREATE TABLE custody_ledger (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    line INTEGER NOT NULL,
    duty VARCHAR COLLATE "C" NOT NULL,
    unit VARCHAR COLLATE "C",
    post_unit VARCHAR COLLATE "C",
    post VARCHAR COLLATE "C",
    person VARCHAR COLLATE "C",
    provisional BOOLEAN NOT NULL,
    since DATE NOT NULL,
    until DATE,
    since_position BIGINT NOT NULL,
    until_position BIGINT,
    case_id VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT custody_ledger_pkey PRIMARY KEY (county, asset, line)
);
CREATE INDEX custody_ledger_person_idx ON custody_ledger (county, person, asset);
CREATE INDEX custody_ledger_post_idx ON custody_ledger (county, post_unit, post, asset);
CREATE INDEX custody_ledger_unit_idx ON custody_ledger (county, unit, duty, asset);
COMMENT ON TABLE custody_ledger IS '管护台账：每项资产每段职责一行';
COMMENT ON COLUMN custody_ledger.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN custody_ledger.asset IS '资产编号';
COMMENT ON COLUMN custody_ledger.line IS '资产内行号';
COMMENT ON COLUMN custody_ledger.duty IS 'CUSTODIAN 管护主体 / RESPONSIBLE_UNIT 管理责任单位 / FIRST_RESPONSIBLE 管护第一责任人（职务） / MANAGER 管理人员 / RESPONSIBLE 责任人 / SUPERVISOR 监管单位';
COMMENT ON COLUMN custody_ledger.unit IS '单位';
COMMENT ON COLUMN custody_ledger.post_unit IS '职务所在单位';
COMMENT ON COLUMN custody_ledger.post IS '职务；监管单位行为第一监管责任人的职务';
COMMENT ON COLUMN custody_ledger.person IS '人员';
COMMENT ON COLUMN custody_ledger.provisional IS '是否临时管护';
COMMENT ON COLUMN custody_ledger.since IS '起始日期（含当日）';
COMMENT ON COLUMN custody_ledger.until IS '终止日期（不含当日）';
COMMENT ON COLUMN custody_ledger.since_position IS '起始事件位置';
COMMENT ON COLUMN custody_ledger.until_position IS '终止事件位置；空为现行';
COMMENT ON COLUMN custody_ledger.case_id IS '由哪一件离任交接接任';
COMMENT ON COLUMN custody_ledger.position IS '最近更新本行的事件位置';

CREATE TABLE departure_case (
    county VARCHAR COLLATE "C" NOT NULL,
    case_id VARCHAR COLLATE "C" NOT NULL,
    person VARCHAR COLLATE "C" NOT NULL,
    kind VARCHAR COLLATE "C" NOT NULL,
    organization VARCHAR COLLATE "C" NOT NULL,
    reason VARCHAR COLLATE "C" NOT NULL,
    departs_on DATE NOT NULL,
    successor VARCHAR COLLATE "C",
    document_no VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    lines INTEGER NOT NULL,
    open_lines INTEGER NOT NULL,
    accepted_lines INTEGER NOT NULL,
    disputed_lines INTEGER NOT NULL,
    incoming JSONB NOT NULL,
    reconciled_lines INTEGER NOT NULL,
    difference_lines INTEGER NOT NULL,
    reconciled BOOLEAN NOT NULL,
    audit_ordered VARCHAR COLLATE "C",
    audit_report VARCHAR COLLATE "C",
    audit_cut_off DATE,
    findings JSONB NOT NULL,
    open_findings INTEGER NOT NULL,
    interim VARCHAR COLLATE "C",
    interim_until DATE,
    sealed VARCHAR COLLATE "C",
    signatures JSONB NOT NULL,
    supervisor VARCHAR COLLATE "C",
    opened_on DATE NOT NULL,
    completed_on DATE,
    reopened INTEGER NOT NULL,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT departure_case_pkey PRIMARY KEY (county, case_id)
);
CREATE INDEX departure_case_person_idx ON departure_case (county, person);
COMMENT ON TABLE departure_case IS '离任交接：每件一行，含进度';
COMMENT ON COLUMN departure_case.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN departure_case.case_id IS '交接编号';
COMMENT ON COLUMN departure_case.person IS '离任人';
COMMENT ON COLUMN departure_case.kind IS '交接类型：RESPONSIBLE 责任人 / MANAGER 管理人员';
COMMENT ON COLUMN departure_case.organization IS '单位';
COMMENT ON COLUMN departure_case.reason IS '原因';
COMMENT ON COLUMN departure_case.departs_on IS '离任日期';
COMMENT ON COLUMN departure_case.successor IS '接任人';
COMMENT ON COLUMN departure_case.document_no IS '通知文号';
COMMENT ON COLUMN departure_case.state IS '状态：OPEN / COMPLETED';
COMMENT ON COLUMN departure_case.lines IS '清单项数';
COMMENT ON COLUMN departure_case.open_lines IS '待接收项数';
COMMENT ON COLUMN departure_case.accepted_lines IS '已接收项数';
COMMENT ON COLUMN departure_case.disputed_lines IS '有异议项数';
COMMENT ON COLUMN departure_case.incoming IS '接收人';
COMMENT ON COLUMN departure_case.reconciled_lines IS '已核账项数';
COMMENT ON COLUMN departure_case.difference_lines IS '核账差异未处理项数';
COMMENT ON COLUMN departure_case.reconciled IS '是否完成核账';
COMMENT ON COLUMN departure_case.audit_ordered IS '受托审计单位';
COMMENT ON COLUMN departure_case.audit_report IS '离任审计报告文号';
COMMENT ON COLUMN departure_case.audit_cut_off IS '审计截止日';
COMMENT ON COLUMN departure_case.findings IS '审计发现问题及处理状态';
COMMENT ON COLUMN departure_case.open_findings IS '未处理的审计问题数';
COMMENT ON COLUMN departure_case.interim IS '临时管护人';
COMMENT ON COLUMN departure_case.interim_until IS '临时管护截止日期（含当日）';
COMMENT ON COLUMN departure_case.sealed IS '封存清单摘要';
COMMENT ON COLUMN departure_case.signatures IS '已签字的角色、人员与日期';
COMMENT ON COLUMN departure_case.supervisor IS '监交人';
COMMENT ON COLUMN departure_case.opened_on IS '启动日期';
COMMENT ON COLUMN departure_case.completed_on IS '完成日期';
COMMENT ON COLUMN departure_case.reopened IS '因审计发现问题重新启动的次数';
COMMENT ON COLUMN departure_case.version IS '交接事件版本';
COMMENT ON COLUMN departure_case.first_position IS '首个事件位置';
COMMENT ON COLUMN departure_case.position IS '最近更新本行的事件位置';

CREATE TABLE departure_line (
    county VARCHAR COLLATE "C" NOT NULL,
    case_id VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    state VARCHAR COLLATE "C" NOT NULL,
    asset_version INTEGER,
    addendum BOOLEAN NOT NULL,
    incoming VARCHAR COLLATE "C",
    accepted_by VARCHAR COLLATE "C",
    reconciliation VARCHAR COLLATE "C",
    disputed_by VARCHAR COLLATE "C",
    dispute VARCHAR COLLATE "C",
    resolution VARCHAR COLLATE "C",
    resolution_document VARCHAR COLLATE "C",
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT departure_line_pkey PRIMARY KEY (county, case_id, asset)
);
CREATE INDEX departure_line_asset_idx ON departure_line (county, asset);
COMMENT ON TABLE departure_line IS '离任交接清单：每项资产一行';
COMMENT ON COLUMN departure_line.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN departure_line.case_id IS '交接编号';
COMMENT ON COLUMN departure_line.asset IS '资产编号';
COMMENT ON COLUMN departure_line.state IS '状态：OPEN / ACCEPTED / DISPUTED';
COMMENT ON COLUMN departure_line.asset_version IS '清单所列的资产版本';
COMMENT ON COLUMN departure_line.addendum IS '是否补充清单项';
COMMENT ON COLUMN departure_line.incoming IS '另行指定的接收人';
COMMENT ON COLUMN departure_line.accepted_by IS '接收人';
COMMENT ON COLUMN departure_line.reconciliation IS '核账：AGREES 相符 / DIFFERS 有差异 / RESOLVED 差异已处理';
COMMENT ON COLUMN departure_line.disputed_by IS '提出异议人';
COMMENT ON COLUMN departure_line.dispute IS '异议内容';
COMMENT ON COLUMN departure_line.resolution IS '异议处理结果';
COMMENT ON COLUMN departure_line.resolution_document IS '处理文号';
COMMENT ON COLUMN departure_line.first_position IS '列入清单的事件位置';
COMMENT ON COLUMN departure_line.position IS '最近更新本行的事件位置';

CREATE TABLE household_register (
    county VARCHAR COLLATE "C" NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    asset_name VARCHAR COLLATE "C" NOT NULL,
    asset_content VARCHAR COLLATE "C" NOT NULL,
    asset_type VARCHAR COLLATE "C" NOT NULL,
    household VARCHAR COLLATE "C",
    location VARCHAR COLLATE "C" NOT NULL,
    village VARCHAR COLLATE "C",
    township VARCHAR COLLATE "C",
    completion_date DATE NOT NULL,
    quantity NUMERIC(14, 3) NOT NULL,
    unit_of_measure VARCHAR COLLATE "C" NOT NULL,
    original_value BIGINT NOT NULL,
    funding_lines JSONB NOT NULL,
    project_code VARCHAR COLLATE "C",
    loan_ref VARCHAR COLLATE "C",
    state VARCHAR COLLATE "C" NOT NULL,
    inspections INTEGER NOT NULL,
    last_inspected_on DATE,
    last_condition VARCHAR COLLATE "C",
    absence_reason VARCHAR COLLATE "C",
    cooperated BOOLEAN,
    warnings INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    registered_on DATE NOT NULL,
    version INTEGER NOT NULL,
    first_position BIGINT NOT NULL,
    position BIGINT NOT NULL,
    CONSTRAINT household_register_pkey PRIMARY KEY (county, asset)
);
CREATE INDEX household_register_village_idx ON household_register (county, village, asset);
COMMENT ON TABLE household_register IS '到户类资产台账：每项到户资产一行，不计入县级管理资产总额';
COMMENT ON COLUMN household_register.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN household_register.asset IS '资产编号';
COMMENT ON COLUMN household_register.asset_name IS '资产名称';
COMMENT ON COLUMN household_register.asset_content IS '资产内容';
COMMENT ON COLUMN household_register.asset_type IS '类型';
COMMENT ON COLUMN household_register.household IS '户编号';
COMMENT ON COLUMN household_register.location IS '所在村代码';
COMMENT ON COLUMN household_register.village IS '所在村（12位）';
COMMENT ON COLUMN household_register.township IS '所在乡镇（12位）';
COMMENT ON COLUMN household_register.completion_date IS '建设（购置）时间';
COMMENT ON COLUMN household_register.quantity IS '数量';
COMMENT ON COLUMN household_register.unit_of_measure IS '单位';
COMMENT ON COLUMN household_register.original_value IS '原始价值（分）';
COMMENT ON COLUMN household_register.funding_lines IS '资金来源构成，金额为分';
COMMENT ON COLUMN household_register.project_code IS '项目编号';
COMMENT ON COLUMN household_register.loan_ref IS '小额信贷合同号';
COMMENT ON COLUMN household_register.state IS '状态：REGISTERED / CLOSED';
COMMENT ON COLUMN household_register.inspections IS '检查次数';
COMMENT ON COLUMN household_register.last_inspected_on IS '最近检查日期';
COMMENT ON COLUMN household_register.last_condition IS '最近检查状况';
COMMENT ON COLUMN household_register.absence_reason IS '资产不在的原因';
COMMENT ON COLUMN household_register.cooperated IS '最近检查农户是否配合';
COMMENT ON COLUMN household_register.warnings IS '提醒条数';
COMMENT ON COLUMN household_register.findings IS '历史数据检查发现条数';
COMMENT ON COLUMN household_register.registered_on IS '登记日期';
COMMENT ON COLUMN household_register.version IS '资产事件版本';
COMMENT ON COLUMN household_register.first_position IS '首个事件位置';
COMMENT ON COLUMN household_register.position IS '最近更新本行的事件位置';

CREATE TABLE income_ledger (
    county VARCHAR COLLATE "C" NOT NULL,
    line INTEGER NOT NULL,
    asset VARCHAR COLLATE "C" NOT NULL,
    entry VARCHAR COLLATE "C" NOT NULL,
    holder VARCHAR COLLATE "C",
    amount BIGINT NOT NULL,
    entered_on DATE NOT NULL,
    year INTEGER NOT NULL,
    voucher_no VARCHAR COLLATE "C",
    reference VARCHAR COLLATE "C",
    contract VARCHAR COLLATE "C",
    payer VARCHAR COLLATE "C",
    account_kind VARCHAR COLLATE "C",
    use VARCHAR COLLATE "C",
    purpose VARCHAR COLLATE "C",
    household VARCHAR COLLATE "C",
    position BIGINT NOT NULL,
    CONSTRAINT income_ledger_pkey PRIMARY KEY (county, position, line)
);
CREATE INDEX income_ledger_asset_idx ON income_ledger (county, asset, position);
CREATE INDEX income_ledger_holder_idx ON income_ledger (county, holder, entered_on);
COMMENT ON TABLE income_ledger IS '资产收益台账：每笔收款按收益权人一行，每项分配明细一行';
COMMENT ON COLUMN income_ledger.county IS '县级行政区划代码（6位）';
COMMENT ON COLUMN income_ledger.line IS '同一事件内的行号';
COMMENT ON COLUMN income_ledger.asset IS '资产编号';
COMMENT ON COLUMN income_ledger.entry IS 'RECEIPT 收益入账 / ATTRIBUTION 确权后归属 / DISTRIBUTION 收益分配';
COMMENT ON COLUMN income_ledger.holder IS '收益权人；未归属的收入为空';
COMMENT ON COLUMN income_ledger.amount IS '金额，收入为正、分配为负（分）';
COMMENT ON COLUMN income_ledger.entered_on IS '收款、归属或支付日期';
COMMENT ON COLUMN income_ledger.year IS '年度';
COMMENT ON COLUMN income_ledger.voucher_no IS '凭证号';
COMMENT ON COLUMN income_ledger.reference IS '收款编号或分配方案编号';
COMMENT ON COLUMN income_ledger.contract IS '经营合同';
COMMENT ON COLUMN income_ledger.payer IS '付款人';
COMMENT ON COLUMN income_ledger.account_kind IS '收款账户类型';
COMMENT ON COLUMN income_ledger.use IS '用途';
COMMENT ON COLUMN income_ledger.purpose IS '其他用途名称';
COMMENT ON COLUMN income_ledger.household IS '户编号';
COMMENT ON COLUMN income_ledger.position IS '最近更新本行的事件位置';
"""

SCHEMAS = """
DO $$
BEGIN
    CREATE SCHEMA IF NOT EXISTS ledger_shadow;
    CREATE SCHEMA IF NOT EXISTS ledger_previous;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'schemas ledger_shadow and ledger_previous not created: % may not create schemas', current_user;
END $$
"""

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON
            projection_checkpoint,
            projection_rebuild,
            asset_register,
            asset_share,
            asset_timeline,
            division,
            organization,
            tenure,
            person,
            custody_ledger,
            departure_case,
            departure_line,
            household_register,
            income_ledger
        TO taizhang_writer;
    END IF;
END $$
"""

TABLE_NAMES = (
    "projection_checkpoint",
    "projection_rebuild",
    "asset_register",
    "asset_share",
    "asset_timeline",
    "division",
    "organization",
    "tenure",
    "person",
    "custody_ledger",
    "departure_case",
    "departure_line",
    "household_register",
    "income_ledger",
)


def upgrade() -> None:
    """Create the ledgers, empty: the projections fill them from the log."""
    connection = op.get_bind()
    for statement in TABLES.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.exec_driver_sql(SCHEMAS)
    connection.exec_driver_sql(GRANTS)


def downgrade() -> None:
    """Drop the ledgers; the log is not touched."""
    connection = op.get_bind()
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS ledger_shadow, ledger_previous CASCADE")
    for name in TABLE_NAMES:
        connection.exec_driver_sql(f"DROP TABLE {name}")
