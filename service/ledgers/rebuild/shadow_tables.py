"""The shadow tables of a rebuild: made as the code describes them, keyed and indexed once they are filled."""

from __future__ import annotations

from typing import Any, Final

import asyncpg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import (
    AddConstraint,
    CreateColumn,
    CreateIndex,
    ExecutableDDLElement,
    SetColumnComment,
    SetTableComment,
)

from projections.engine.projection import Projection
from projections.engine.tables import SHADOW, LedgerTable, metadata as ledger_metadata
from service.database.row_security import laying
from service.database.schema import WRITER_ROLE
from service.ledgers.rebuild.plan import RebuildImpossible, Shadow

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


def shadow_name(ledger: LedgerTable) -> str:
    """The shadow of a table, with its schema."""
    return f"{SHADOW}.{ledger.name}"


async def exist(connection: Any, projection: Projection) -> bool:
    """Whether every shadow table of a projection is there."""
    for ledger in projection.tables:
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", shadow_name(ledger)):
            return False
    return True


async def create(connection: Any, projection: Projection) -> None:
    """Make a projection's shadow tables anew, empty; RebuildImpossible."""
    role = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", WRITER_ROLE)
    for ledger in projection.tables:
        try:
            await connection.execute(f"DROP TABLE IF EXISTS {shadow_name(ledger)}")
            for statement in _definition(ledger):
                await connection.execute(statement)
            if role:
                await connection.execute(
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON {shadow_name(ledger)} TO {WRITER_ROLE}"
                )
            await connection.execute(laying([shadow_name(ledger)]))
        except asyncpg.InsufficientPrivilegeError as error:
            raise RebuildImpossible(f"The database user may not make tables in {SHADOW}: {error}.") from error
    await connection.execute(
        "UPDATE projection_rebuild SET version = $2, positions = '{}', started_at = clock_timestamp()"
        " WHERE projection = $1",
        projection.name,
        projection.version,
    )
    await connection.execute("DELETE FROM projection_rebuild_range WHERE projection = $1", projection.name)


async def ensure_keys(connection: Any, shadow: Shadow) -> None:
    """Primary keys, as soon as rows have to be found again; bulk loading goes faster without."""
    if shadow.keyed:
        return
    for ledger in shadow.projection.tables:
        if not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p')",
            shadow_name(ledger),
        ):
            constraint = _in_shadow(ledger).primary_key
            await connection.execute(str(AddConstraint(constraint).compile(dialect=_DIALECT)))
    shadow.keyed = True


async def add_indexes(connection: Any, projection: Projection) -> None:
    """The indexes of the live tables."""
    for ledger in projection.tables:
        for index in sorted(_in_shadow(ledger).indexes, key=lambda one: str(one.name)):
            command = CreateIndex(index, if_not_exists=True)
            await connection.execute(str(command.compile(dialect=_DIALECT)))


async def drop(connection: Any, projection: Projection) -> None:
    """Drop a projection's shadow tables."""
    for ledger in projection.tables:
        await connection.execute(f"DROP TABLE {shadow_name(ledger)}")


def _definition(ledger: LedgerTable) -> list[str]:
    """Statements that make the shadow as the code describes the table, whatever the live one looks like. Its key and
    its indexes come later: loading goes faster without.
    """
    table = _in_shadow(ledger)
    columns = ", ".join(str(CreateColumn(column).compile(dialect=_DIALECT)) for column in table.columns)
    comments: list[ExecutableDDLElement] = [
        SetTableComment(table),
        *(SetColumnComment(one) for one in table.columns if one.comment),
    ]
    return [
        f"CREATE TABLE {shadow_name(ledger)} ({columns})",
        *(str(comment.compile(dialect=_DIALECT)) for comment in comments),
    ]


def _in_shadow(ledger: LedgerTable) -> Any:
    """The table as SQLAlchemy knows it, in the schema of shadows: for the DDL of its key and indexes."""
    metadata = type(ledger_metadata)()
    return ledger.table.to_metadata(metadata, schema=SHADOW)
