"""Tables beside the log for what is signed about it: keys, checkpoints with their signatures, and roots of blocks.

Nothing here is a source: roots are recomputed from the events' leaves, signatures can be made again. What must not get
lost is the private key, which is not in the database at all.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")

log_key: Final = Table(
    "log_key",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("name", _KEY, nullable=False),
    Column("kind", Text, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("retired_at", DateTime(timezone=True), nullable=True),
    PrimaryKeyConstraint("county", "name", "key_id", name="log_key_pkey"),
    comment="Public keys of checkpoints: the log's own (LOG) and of witnesses (WITNESS); retired ones stay",
)

checkpoint: Final = Table(
    "checkpoint",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("county", "size", name="checkpoint_pkey"),
    comment="What the log has said of itself at a size, word for word as it was signed",
)

checkpoint_signature: Final = Table(
    "checkpoint_signature",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("place", Integer, nullable=False),
    Column("name", _KEY, nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("line", Text, nullable=False),
    PrimaryKeyConstraint("county", "size", "name", "key_id", name="checkpoint_signature_pkey"),
    comment="Signatures under checkpoints; place 0: the log's own, 1: a witness's",
)

log_block: Final = Table(
    "log_block",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("block", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    PrimaryKeyConstraint("county", "block", name="log_block_pkey"),
    comment="Merkle roots of complete blocks of 256 events: a cache, so that proofs need not read all leaves",
)
