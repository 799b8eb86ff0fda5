"""Questions have a home without HTTP: no module of the HTTP interface opens a connection or holds SQL.

That it imports no ledger, driver or SQLAlchemy is an import contract (pyproject.toml). Here is what imports do not show:
a connection taken from the pool that a request carries, a snapshot of ledgers, and text that a database is asked with.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_sql_names import texts

ROOT = Path(__file__).parents[2]
EXCEPTIONS = tomllib.loads(Path(__file__).with_name("asked_in_http.toml").read_text("utf-8"))["module"]
OF_A_CONNECTION = {
    *(
        "acquire",
        "transaction",
        "prepare",
        "cursor",
        "fetch",
        "fetchrow",
        "fetchval",
        "execute",
        "executemany",
    ),
    *("copy_records_to_table", "copy_from_query"),
}
OF_LEDGERS = {
    *("snapshot", "moment_of", "ledgers_at", "ledgers_at_head", "ledgers_now", "as_it_stands", "folded"),
}
"""What `service/ledgers/queries.py` opens."""
SQL = re.compile(r"\bSELECT\s|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bDELETE FROM\b|\bFROM \w+ WHERE\b")


def asks(source: str) -> Iterator[str]:
    """What a module does of what only questions do: the call, or the text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in OF_A_CONNECTION:
                yield node.func.attr
            if isinstance(node.func, ast.Name) and node.func.id in OF_LEDGERS:
                yield node.func.id
    yield from (text for text in texts(source) if SQL.search(text))


def test_no_module_of_the_interface_asks_the_database_itself() -> None:
    modules = sorted((ROOT / "service" / "api").rglob("*.py"))
    assert len(modules) > 60
    found = {
        str(path.relative_to(ROOT)): sorted(set(done))
        for path in modules
        if (done := list(asks(path.read_text("utf-8"))))
    }
    assert all(one["reason"] for one in EXCEPTIONS)
    assert found == {one["file"]: one["calls"] for one in EXCEPTIONS}


def test_names_of_what_opens_ledgers_are_those_that_are_there() -> None:
    tree = ast.parse((ROOT / "service" / "ledgers" / "queries.py").read_text("utf-8"))
    opening = {
        node.name
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef)
        and any(ast.unparse(one) == "asynccontextmanager" for one in node.decorator_list)
    }
    assert opening == OF_LEDGERS


def test_a_module_that_asks_is_found() -> None:
    source = '''
"""SELECT in a docstring is none."""
async def read_heads(read):
    async with read.pool.acquire() as connection:
        return await connection.fetch("SELECT county FROM log_head WHERE county = $1", read.county)
async def read_board(read):
    async with ledgers_now(read, NAMES) as connection:
        return await risk_board(connection)
TITLE = "choose from the list; FROM where, to where"
'''
    assert set(asks(source)) == {
        "acquire",
        "fetch",
        "ledgers_now",
        "SELECT county FROM log_head WHERE county = $1",
    }
