"""Looks for a text in everything that a database keeps."""

from __future__ import annotations

import asyncpg


async def tables_with(pool: asyncpg.Pool, text: str) -> list[str]:
    """The tables in which a row holds the text, in whatever column: as it is, as bytes, or escaped in JSON."""
    names = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    escaped = text.encode("unicode_escape").decode()
    found = []
    for row in names:
        columns = await pool.fetch(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1",
            row["tablename"],
        )
        for name, kind in columns:
            column = f'"{name}"'
            if kind == "bytea":
                question = f"position($1::bytea in {column}) > 0 OR position($2::bytea in {column}) > 0"
                given: tuple[object, object] = (text.encode(), escaped.encode())
            else:
                question = f"strpos({column}::text, $1) > 0 OR strpos({column}::text, $2) > 0"
                given = (text, escaped)
            if await pool.fetchval(
                f'SELECT EXISTS (SELECT FROM "{row["tablename"]}" WHERE {question})', *given
            ):
                found.append(f"{row['tablename']}.{name}")
    return found
