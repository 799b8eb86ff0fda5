"""Tables of what auditors have read: a chain of its own beside the log, whose positions no reading moves."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

metadata: Final = MetaData()

_KEY: Final = Text(collation="C")

reading: Final = Table(
    "reading",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("number", BigInteger, nullable=False, comment="1, 2, 3 … without gaps"),
    Column("body", LargeBinary, nullable=False, comment="Who read what, when, how many: canonical JSON"),
    Column("hash", LargeBinary, nullable=False, comment="Digest of the hash before and the body"),
    PrimaryKeyConstraint("county", "number", name="reading_pkey"),
    comment="What auditors have read (查阅记录), each with the hash of all before it",
)

reading_head: Final = Table(
    "reading_head",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("county", name="reading_head_pkey"),
    comment="How far each county's readings go; whoever adds one holds its row",
)

reading_statement: Final = Table(
    "reading_statement",
    metadata,
    Column("county", _KEY, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("line", Text, nullable=False, comment="The log's signature under the text"),
    PrimaryKeyConstraint("county", "number", name="reading_statement_pkey"),
    comment="What was signed of the readings, with every checkpoint",
)
