"""Databases that earlier versions of the service wrote; README.md says how each was made."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Final

import asyncpg

FOLDER: Final = Path(__file__).parent
SUFFIX: Final = ".sql.xz"
COUNTIES: Final = sorted(file.name.removesuffix(SUFFIX) for file in FOLDER.glob(f"*{SUFFIX}"))
"""Names: the schema's revision, the commit whose code wrote it, the commit that was started on it afterwards."""

_ROLE: Final = """
DO $$ BEGIN CREATE ROLE taizhang_writer NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""


async def restore(url: str, county: str) -> None:
    """Put an earlier version's database into the empty one at `url`."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_ROLE)  # one for the whole server, so no database's dump makes it
        await connection.execute(lzma.decompress((FOLDER / f"{county}{SUFFIX}").read_bytes()).decode())
    finally:
        await connection.close()
