"""The log: heads, events, streams, claims, idempotency; append-only by privilege and by trigger.

Where the migrating user may not create roles, the role `taizhang_writer` is left out with a notice: then the triggers
and the Merkle tree guard the log, and an administrator can create the role later and run `GRANTS` and `MEMBERSHIP` by
hand.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE log_head (
    county      text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    frontier    bytea NOT NULL,
    root        bytea NOT NULL,
    CONSTRAINT log_head_pkey PRIMARY KEY (county),
    CONSTRAINT log_head_county_check CHECK (county ~ '^[0-9]{6}$'),
    CONSTRAINT log_head_position_check CHECK (position >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE log_head IS
    'One row per county: the last position and the Merkle tree''s frontier and root; locked by every append';

CREATE TABLE event (
    county      text COLLATE "C" NOT NULL,
    position    bigint NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    version     integer NOT NULL,
    type        text COLLATE "C" NOT NULL,
    schema      integer NOT NULL,
    occurred_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    body        bytea NOT NULL,
    leaf        bytea NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (county, position),
    CONSTRAINT event_stream_version_key UNIQUE (county, stream, version),
    CONSTRAINT event_position_check CHECK (position > 0),
    CONSTRAINT event_version_check CHECK (version > 0),
    CONSTRAINT event_leaf_check CHECK (length(leaf) = 32)
);
CREATE INDEX event_type_position_idx ON event (county, type, position);
COMMENT ON TABLE event IS
    'The log. body: canonical JSON (RFC 8785), the only truth; leaf: its RFC 6962 leaf hash; the rest repeats the body';

CREATE TABLE stream (
    county      text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    version     integer NOT NULL,
    position    bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    state       bytea,
    state_code  text NOT NULL,
    CONSTRAINT stream_pkey PRIMARY KEY (county, stream)
) WITH (fillfactor = 80);
COMMENT ON TABLE stream IS
    'Last event of every stream, with the aggregate''s state after it: a cache written by code `state_code`';

CREATE TABLE claim (
    county   text COLLATE "C" NOT NULL,
    kind     text COLLATE "C" NOT NULL,
    key      text COLLATE "C" NOT NULL,
    stream   text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    CONSTRAINT claim_pkey PRIMARY KEY (county, kind, key)
);
COMMENT ON TABLE claim IS
    'Keys taken once and for ever, e.g. certificate numbers; also in the body of the event at `position`';

CREATE TABLE idempotency (
    county         text COLLATE "C" NOT NULL,
    scope          text COLLATE "C" NOT NULL,
    key            text COLLATE "C" NOT NULL,
    body_sha256    bytea NOT NULL,
    response       bytea,
    first_position bigint NOT NULL,
    last_position  bigint NOT NULL,
    recorded_at    timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (county, scope, key)
);
COMMENT ON TABLE idempotency IS
    'Answers already given, by the sender''s key, written in the transaction of their events';
"""

TRIGGERS = """
CREATE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What is recorded stays; a correction is an event of its own.';
END $$;

CREATE FUNCTION log_refuse_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.county <> OLD.county OR NEW.position < OLD.position OR NEW.recorded_at < OLD.recorded_at THEN
        RAISE EXCEPTION 'the head of log % only moves forward', OLD.county
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event
    FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER claim_no_change BEFORE UPDATE OR DELETE ON claim
    FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER claim_no_truncate BEFORE TRUNCATE ON claim
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER log_head_forward BEFORE UPDATE ON log_head
    FOR EACH ROW EXECUTE FUNCTION log_refuse_backwards();
CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head
    FOR EACH ROW EXECUTE FUNCTION log_refuse_change();
CREATE TRIGGER log_head_no_truncate BEFORE TRUNCATE ON log_head
    FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change();

-- ALWAYS: also for sessions that call themselves replicas.
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_change;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_truncate;
ALTER TABLE claim ENABLE ALWAYS TRIGGER claim_no_change;
ALTER TABLE claim ENABLE ALWAYS TRIGGER claim_no_truncate;
"""

ROLE = """
DO $$
BEGIN
    CREATE ROLE taizhang_writer NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server has it already
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role taizhang_writer not created: % may not create roles', current_user;
END $$;
"""

GRANTS = """
DO $$
DECLARE
    schema_name text := current_schema();
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer') THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO taizhang_writer', schema_name);
    GRANT SELECT, INSERT ON event, claim, idempotency TO taizhang_writer;
    GRANT SELECT, INSERT, UPDATE ON log_head, stream TO taizhang_writer;
END $$;
"""

MEMBERSHIP = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'taizhang_writer')
       AND NOT pg_has_role(current_user, 'taizhang_writer', 'MEMBER') THEN
        EXECUTE format('GRANT taizhang_writer TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role taizhang_writer not granted to %', current_user;
END $$;
"""


def upgrade() -> None:
    """Create the log; nothing exists before it."""
    connection = op.get_bind()
    for script in (TABLES, TRIGGERS, ROLE, GRANTS, MEMBERSHIP):
        for statement in _statements(script):
            connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Refused: no migration drops a county's history."""
    msg = "revision 0001 holds the log itself and is never taken back"
    raise RuntimeError(msg)


def _statements(script: str) -> list[str]:
    """The script's statements: the driver takes one at a time. Function bodies stay whole."""
    statements: list[str] = []
    lines: list[str] = []
    quoted = False
    for line in script.splitlines():
        lines.append(line)
        quoted ^= line.count("$$") % 2 == 1
        if not quoted and line.rstrip().endswith(";"):
            statements.append("\n".join(lines))
            lines = []
    return statements
