"""Tables of the log. `county` (GB/T 2260 code) is the first column of every key: a county can move to its own server.

`event` is the log; all else here can be rebuilt from it, or only answers retries (`idempotency`). Append-only is kept
three times over: by the privileges of the role `taizhang_writer`, by triggers (migration 0001), and by the Merkle
tree, which finds what the other two could not prevent.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")
"""Text compared byte by byte: fast, and an upgrade of the system's collations cannot corrupt an index."""

log_head: Final = Table(
    "log_head",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("digest", _KEY, nullable=False, server_default="sha256"),
    PrimaryKeyConstraint("county", name="log_head_pkey"),
    comment="One row per county: the last position and the Merkle tree's frontier and root; locked by every append",
)

event: Final = Table(
    "event",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stream", _KEY, nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", _KEY, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("occurred_on", Date, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    PrimaryKeyConstraint("county", "position", name="event_pkey"),
    UniqueConstraint("county", "stream", "version", name="event_stream_version_key"),
    Index("event_type_position_idx", "county", "type", "position"),
    comment=(
        "The log. body: canonical JSON (RFC 8785), the only truth; leaf: its RFC 6962 leaf hash; "
        "the rest repeats the body"
    ),
)

stream: Final = Table(
    "stream",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("stream", _KEY, nullable=False),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("state", LargeBinary, nullable=True),
    Column("state_code", Text, nullable=False),
    PrimaryKeyConstraint("county", "stream", name="stream_pkey"),
    comment="Last event of every stream, with the aggregate's state after it: a cache written by code `state_code`",
)

claim: Final = Table(
    "claim",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("kind", _KEY, nullable=False),
    Column("key", _KEY, nullable=False),
    Column("stream", _KEY, nullable=False),
    Column("position", BigInteger, nullable=False),
    PrimaryKeyConstraint("county", "kind", "key", name="claim_pkey"),
    comment="Keys taken once and for ever, e.g. certificate numbers; also in the body of the event at `position`",
)

late_event: Final = Table(
    "late_event",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("stream", _KEY, nullable=False),
    PrimaryKeyConstraint("county", "position", name="late_event_pkey"),
    comment="Events whose business day lies before that of an older one of their stream, the first one aside",
)

idempotency: Final = Table(
    "idempotency",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("scope", _KEY, nullable=False),
    Column("key", _KEY, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=True),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("county", "scope", "key", name="idempotency_pkey"),
    comment="Answers already given, by the sender's key, written in the transaction of their events",
)
